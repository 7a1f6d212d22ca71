/* when.h - dates and times as the database keeps them.
 * A date is days since 1970-01-01; a time is milliseconds since 1970-01-01T00:00Z (UTC).
 * Calendar arithmetic follows Howard Hinnant's "chrono-compatible low-level date algorithms". */
#ifndef BERTH_WHEN_H
#define BERTH_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WHEN_DATE_MAX = 16, WHEN_TIME_MAX = 32 };
#define WHEN_DAY INT64_C(86400000)

/* How long to wait after one more failure behind `times` others: `first`, and twice as long each time. */
#define WHEN_WAIT_MAX (6 * INT64_C(3600000))
int64_t when_doubled(int64_t first, int64_t times);

int64_t when_now(void);       /* wall clock, ms */
int64_t when_monotonic(void); /* for deadlines and durations, ms; never jumps */
int64_t when_about(void);     /* the same some milliseconds ago, for a fraction of its time: where seconds are counted */

int64_t when_days(int year, int month, int day);
void when_civil(int64_t days, int *year, int *month, int *day);
/* The same day n months on, or that month's last: 31 January + 1 is 28 February.  Years stay within what a date can say
 * when n does (within 120,000). */
int64_t when_months(int64_t day, int64_t n);

/* "2026-11-22"; years 0001-9999, calendar-checked. */
bool when_date_parse(const char *s, size_t len, int64_t *days_r);
void when_date_format(int64_t days, char out[WHEN_DATE_MAX]);
/* "2026-11-22T01:33:57.123Z"; also accepts a missing fraction or seconds, a space for T, and an
 * offset such as +08:00 in place of Z.  A time without zone is refused. */
bool when_time_parse(const char *s, size_t len, int64_t *ms_r);
size_t when_time_format(int64_t ms, char out[WHEN_TIME_MAX]); /* its length */

#endif
