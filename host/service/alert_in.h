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
/* Nobody needs to tell this person of that. */
bool alert_muted(const struct alert_pref *p, const char *text);
/* By which ways, besides here, the person wants to hear of it; to NULL: their own mail address. */
void alert_ways(struct berth_ctx *c, const struct alert_pref *p, const char *text, int severity,
                void (*each)(struct berth_ctx *c, void *arg, const char *channel, const char *to), void *arg);
const char *alert_text(struct berth_ctx *c, const char *key, const char *args);
/* Whether the ctx's user may see what an alert is about; true when it is about nothing. */
bool alert_visible(struct berth_ctx *c, int64_t tbl, int64_t rec);

#endif
