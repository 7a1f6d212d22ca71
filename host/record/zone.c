/* zone.c - day boundaries through ICU's calendars, cached per thread. */
#include "record/zone.h"

#include <pthread.h>
#include <string.h>
#include <unicode/ucal.h>
#include <unicode/ustring.h>

#include "base/when.h"

static pthread_key_t at_exit;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void close_calendar(void *cal)
{
    ucal_close(cal);
}

static void make_key(void)
{
    pthread_key_create(&at_exit, close_calendar);
}

static UCalendar *calendar(const char *zone)
{
    static _Thread_local UCalendar *cal;
    static _Thread_local char name[64];
    UErrorCode e = U_ZERO_ERROR;
    UChar id[64];

    if (cal != NULL && strcmp(name, zone) == 0)
        return cal;
    if (cal != NULL)
        ucal_close(cal);
    u_uastrncpy(id, zone, 63);
    id[63] = 0;
    cal = ucal_open(id, -1, "en", UCAL_GREGORIAN, &e);
    if (cal != NULL) {
        ucal_setAttribute(cal, UCAL_REPEATED_WALL_TIME, UCAL_WALLTIME_FIRST);
        ucal_setAttribute(cal, UCAL_SKIPPED_WALL_TIME, UCAL_WALLTIME_NEXT_VALID);
    }
    pthread_once(&once, make_key);
    pthread_setspecific(at_exit, cal);
    strncpy(name, zone, sizeof(name) - 1);
    return cal;
}

int64_t zone_offset(const char *zone, int64_t ms)
{
    UCalendar *cal = calendar(zone);
    UErrorCode e = U_ZERO_ERROR;

    if (cal == NULL)
        return 0;
    ucal_setMillis(cal, (double)ms, &e);
    return ucal_get(cal, UCAL_ZONE_OFFSET, &e) + ucal_get(cal, UCAL_DST_OFFSET, &e);
}

/* Beyond a hundred million years nobody keeps a calendar; closer than that nothing overflows. */
#define FAR INT64_C(4000000000000000000)

static int64_t within(int64_t v, int64_t far)
{
    return v > far ? far : v < -far ? -far : v;
}

int64_t zone_day(const char *zone, int64_t ms)
{
    ms = within(ms, FAR);

    int64_t local = ms + zone_offset(zone, ms);

    return local >= 0 ? local / WHEN_DAY : -((-local + WHEN_DAY - 1) / WHEN_DAY);
}

int64_t zone_midnight(const char *zone, int64_t day)
{
    day = within(day, FAR / WHEN_DAY);

    int64_t guess = day * WHEN_DAY - zone_offset(zone, day * WHEN_DAY);

    return day * WHEN_DAY - zone_offset(zone, guess);
}

int64_t zone_at(const char *zone, int64_t day, int minute)
{
    UCalendar *cal = calendar(zone);
    UErrorCode e = U_ZERO_ERROR;
    int y, m, d;

    if (cal == NULL)
        return day * WHEN_DAY + minute * INT64_C(60000);
    when_civil(day, &y, &m, &d);
    ucal_clear(cal);
    ucal_setDateTime(cal, y, m - 1, d, minute / 60, minute % 60, 0, &e);
    return (int64_t)ucal_getMillis(cal, &e);
}

const char *zone_text(struct arena *a, const char *zone, int64_t ms)
{
    int64_t day = zone_day(zone, ms), minute = (ms - zone_midnight(zone, day)) / 60000;
    char date[WHEN_DATE_MAX];

    when_date_format((int32_t)day, date);
    return arena_fmt(a, "%s %02d:%02d", date, (int)(minute / 60), (int)(minute % 60));
}
