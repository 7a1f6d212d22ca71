/* timer.h - plugins' timers: each due time runs once, on the writer, in short turns. */
#ifndef BERTH_TIMER_H
#define BERTH_TIMER_H

#include "record/ctx.h"

struct timers;

/* When a timer that last ran at `last` (ms; 0 never) is due next; -1 when `every` is malformed. */
int64_t timer_next(const char *every, int64_t last, int64_t now, const char *zone);
/* Runs one timer to its end now; the number of turns, or a negative berth_rc. */
int timer_run(struct store *st, const struct timer *t);

struct timers *timers_start(struct store *st);
void timers_stop(struct timers **timers);

#endif
