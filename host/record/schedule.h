/* schedule.h - when a struct every is due, on the company's clock and by its working calendar. */
#ifndef BERTH_SCHEDULE_H
#define BERTH_SCHEDULE_H

#include "base/every.h"
#include "record/store.h"

/* The first time behind `after`, ms; 0: never again (the 30th of February).
 *
 * When clocks go forward, what was due in the hour that is skipped is due right behind it, once.
 * When they go back, what has an hour is due in the first of the two; what is due every hour, in
 * both. */
int64_t schedule_next(struct store *st, struct db_conn *conn, const struct every *e, int64_t after);

#endif
