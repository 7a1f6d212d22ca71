/* alert.h - the alert centre: what people are to hear of, when, and what they did about it.
 *
 * An alert is one row for one person.  It waits until run_at, fires (state open) and is done.  All of
 * that is the row's own state, changed in transactions: nothing fires twice, whatever the clock or
 * the process does. */
#ifndef BERTH_ALERT_H
#define BERTH_ALERT_H

#include "record/row.h"

/* On the writer. */
int alert_raise(struct berth_ctx *c, const struct berth_alert *a);
int alert_admins(struct berth_ctx *c, struct berth_alert a); /* for all administrators, important */
int alert_over(struct berth_ctx *c, const char *key);

/* The user's own, newest first: {"alerts":[…],"refs":…,"next":…,"open":n}; state: "open", "waiting"
 * or "done".  What they may no longer see is left out. */
int alert_page(struct berth_ctx *c, const char *state, int64_t before, int limit, struct buf *out);
/* Open ones, for the badge: at most ALERT_BADGE. */
enum { ALERT_BADGE = 100 };
int64_t alert_open(struct berth_ctx *c);
/* "done", "open", or "waiting" until then.  BERTH_NOT_FOUND for somebody else's. */
int alert_turn(struct berth_ctx *c, int64_t id, const char *state, int64_t until);
int alert_all_done(struct berth_ctx *c);

struct alert_pref {
    const char *mail; /* "never", "urgent", "all" */
    int quiet_from, quiet_to; /* minutes of the day; the same: no quiet hours */
    const char *muted;        /* JSON list of texts; NULL: none */
    const char *ways;         /* JSON: {"telegram":{"to","when"}}; NULL: none */
    const char *kinds;        /* JSON: {"pools.alert.soon":["mail","telegram"]}; NULL: none */
};
void alert_pref(struct berth_ctx *c, int64_t user, struct alert_pref *out);
/* The address that the user gave for a channel; NULL: none. */
const char *alert_address(struct berth_ctx *c, const char *channel);
int alert_pref_put(struct berth_ctx *c, const json_t *fields);
int alert_pref_json(struct berth_ctx *c, struct buf *out);

/* What is due now happens: one turn, on the writer.  How many rows it took; < 0 failed. */
enum { ALERT_TURN = 500 };
int alert_fire(struct berth_ctx *c);

/* All that is due, in turns; from a thread of its own, which lends its reader. */
void alert_due(struct store *st, struct db_conn *reader);

#endif
