/* timer.h - what runs at its times: timers of plugins and of scripts.
 *
 * A timer's row (table `timer`) keeps up to which due time all is done, and the run that is under
 * way; a run (table `timer_run`) is one due time.  A run's turns are transactions that change run
 * and row together with what the timer does, so that each due time is run once, whatever happens to
 * clock and process; a run that was cut off goes on behind its last turn.  One that fails is tried
 * again, later and later. */
#ifndef BERTH_TIMER_H
#define BERTH_TIMER_H

#include "record/ctx.h"

struct timers;

/* All there are, those of scripts behind those of plugins; in the arena. */
const struct timer *timer_list(struct store *st, struct arena *a, size_t *n);
/* When something is to be done next for a timer, ms; 0: never.  On a connection of the caller's. */
int64_t timer_next(struct store *st, struct db_conn *conn, const struct timer *t);
/* Runs what is due of a timer at `now`, if anything is. */
void timer_due(struct store *st, struct db_conn *conn, const struct timer *t, int64_t now);
/* Runs it to its end now, besides its due times, for that user (0: the host); the number of turns,
 * or a negative berth_rc: it failed (BERTH_BUSY: another is under way). */
int timer_run(struct store *st, const struct timer *t, int64_t user);

struct timers *timers_start(struct store *st);
void timers_stop(struct timers **timers);

/* timer_log.c: the history of runs.  Runs that ended before the days of base.run_days are
 * forgotten. */
void timer_prune(struct store *st);
/* At the start: runs that were cut off and that no due time asks for have failed. */
void timer_cut_off(struct store *st);
/* {"timers":[{"name":…,"label":…,"every":…,"next":…,"last":{run}}…]} */
int timer_list_json(struct berth_ctx *c, struct buf *out);
/* {"runs":[…],"next":id or null}, newest first; before: an id, 0: from the newest. */
int timer_runs_json(struct berth_ctx *c, const char *name, int64_t before, int limit,
                    struct buf *out);

#endif
