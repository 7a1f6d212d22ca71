/* remind.h - fields that declare reminders (.remind): what comes due becomes an alert of whoever owns
 * the record then. */
#ifndef BERTH_REMIND_DUE_H
#define BERTH_REMIND_DUE_H

#include "record/row.h"

/* All that came due since it last looked, however long ago; each once.  From a thread of its own, which
 * lends its reader. */
void remind_due(struct store *st, struct db_conn *reader);
/* A record was saved: a date that lies in what was looked at already is told at once. */
int remind_saved(struct berth_ctx *c, const struct berth_row *r);

#endif
