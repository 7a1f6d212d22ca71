/* audit.h - who signed in, was turned away, changed rights, took data out: rows of table `audit`,
 * which nobody can change or take away over any channel. */
#ifndef BERTH_AUDIT_H
#define BERTH_AUDIT_H

#include "record/row.h"

/* On the writer, with the request's own changes: both are there or neither.  By c's user. */
int audit_add(struct berth_ctx *c, const char *what, const char *detail);
int audit_as(struct berth_ctx *c, int64_t user, const char *what, const char *detail);
/* A row of a table about rights was made, changed or taken away. */
int audit_row(struct berth_ctx *c, const struct berth_row *r, uint32_t deed);

/* What changes nothing else (a wrong password, a denial): written behind other people's requests.
 * Never waits; beyond AUDIT_WAITING of them the log alone tells. */
enum { AUDIT_WAITING = 1000 };
void audit_later(struct store *st, int64_t user, const char *what, const char *detail, const char *ip);

#endif
