/* every.h - when something is due again and again: "10m", "daily 02:00", or a line of cron's.
 *
 *     30 8 * * mon-fri            minute, hour, day of the month, month, day of the week
 *     0 9 1,15 jan-jun/2 *        lists, ranges, steps; names of months and days; 7 is Sunday, too
 *     0 18 L * *                  L: the last day of the month
 *     0 8 * * * workdays          only on working days
 *     0 8 1 * * next_workday      what falls on a day off is made up for on the next working day
 *
 * As everywhere with cron, when day of the month and day of the week are both given, either will
 * do. */
#ifndef BERTH_EVERY_H
#define BERTH_EVERY_H

#include <stdbool.h>
#include <stdint.h>

enum every_days { EVERY_DAY, EVERY_WORKDAY, EVERY_NEXT_WORKDAY };

struct every {
    int64_t period; /* ms: an interval, and the rest does not count; 0: by the clock on the wall */
    uint64_t minutes;
    uint32_t hours, doms, months, dows; /* a bit each; dows: Monday is bit 1, Sunday bit 7 */
    bool any_dom, any_dow, last_dom;
    enum every_days days;
};

enum { EVERY_HOURS = (1 << 24) - 1 }; /* of .hours: all of them */

bool every_parse(const char *text, struct every *out);
/* Whether it is due on this day (since 1970-01-01), working day or not. */
bool every_on_day(const struct every *e, int64_t day);

#endif
