/* span.h - periods of days by name, "@this_week" or "@last_30d", and the beginnings of periods. */
#ifndef BERTH_SPAN_H
#define BERTH_SPAN_H

#include <stdbool.h>
#include <stdint.h>

enum span_unit { SPAN_DAY, SPAN_WEEK, SPAN_MONTH, SPAN_QUARTER, SPAN_YEAR, SPAN_UNITS };

/* The period with that day in it, by periods later: its first day.  Weeks begin on Monday. */
int64_t span_begin(enum span_unit unit, int64_t day, int by);
/* "day", "week" ...; SPAN_UNITS when it is none. */
enum span_unit span_unit(const char *name);

/* @yesterday @today @tomorrow, @last_ @this_ @next_ with week, month, quarter or year, @last_30d (30
 * days back and today), @next_7d, @today+7d: first and last day, counted from today.  False: no period. */
bool span_named(const char *name, int64_t today, int64_t *from, int64_t *to);

#endif
