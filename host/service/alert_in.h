/* alert_in.h - what the alert*.c files share; nobody else includes it. */
#ifndef BERTH_ALERT_IN_H
#define BERTH_ALERT_IN_H

#include "service/alert.h"

struct alert_row {
    int64_t user, tbl, rec, due_at, of_user;
    const char *key, *text, *args;
    int severity, escalate;
};
int alert_put(struct berth_ctx *c, const struct alert_row *r);
const char *alert_text(struct berth_ctx *c, const char *key, const char *args);
/* Whether the ctx's user may see what an alert is about; true when it is about nothing. */
bool alert_visible(struct berth_ctx *c, int64_t tbl, int64_t rec);

#endif
