/* schedule.c - finding the next time at which something is due. */
#include "record/schedule.h"

#include "base/when.h"
#include "record/workday.h"
#include "record/zone.h"

enum {
    MINUTE_MS = 60000,
    DAYS_AHEAD = 366 * 8 + 40 /* the 29th of February may be eight years away */
};

static bool runs_on(struct store *st, struct db_conn *conn, const struct every *e, int64_t day)
{
    bool due = every_on_day(e, day);

    if (e->days == EVERY_DAY || (e->days == EVERY_WORKDAY && !due))
        return due;
    if (!workday_is(st, conn, NULL, day))
        return false;
    /* what fell on the days off right before */
    for (int64_t d = day - 1;
         !due && e->days == EVERY_NEXT_WORKDAY && d > day - 60 && !workday_is(st, conn, NULL, d);
         d--)
        due = every_on_day(e, d);
    return due;
}

/* What has an hour: by the clock on the wall. */
static int64_t by_wall(const char *zone, const struct every *e, int64_t day, int64_t after)
{
    for (int h = 0; h < 24; h++)
        for (int m = 0; m < 60 && (e->hours >> h & 1); m++)
            if (e->minutes >> m & 1) {
                int64_t at = zone_at(zone, day, h * 60 + m);

                if (at > after)
                    return at;
            }
    return 0;
}

/* What is due in every hour: minute by minute through the day as it passes. */
static int64_t by_minute(const char *zone, const struct every *e, int64_t day, int64_t after)
{
    int64_t end = zone_midnight(zone, day + 1), at = zone_midnight(zone, day);

    if (at <= after)
        at += ((after - at) / MINUTE_MS + 1) * MINUTE_MS;
    for (; at < end; at += MINUTE_MS)
        if (e->minutes >> ((at + zone_offset(zone, at)) / MINUTE_MS % 60) & 1)
            return at;
    return 0;
}

int64_t schedule_next(struct store *st, struct db_conn *conn, const struct every *e, int64_t after)
{
    const char *zone = st->company.zone;
    int64_t first = zone_day(zone, after), at = 0;

    if (e->period > 0)
        return after + e->period;
    for (int64_t day = first; at == 0 && day < first + DAYS_AHEAD; day++)
        if (runs_on(st, conn, e, day))
            at = (e->hours == EVERY_HOURS ? by_minute : by_wall)(zone, e, day, after);
    return at;
}
