/* span.c - periods of days by name. */
#include "record/span.h"

#include <stdlib.h>
#include <string.h>

#include "base/when.h"

enum { DAYS_MAX = 40000 };

static int64_t floor_div(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((-a + b - 1) / b);
}

static int64_t month_begin(int64_t day, int months, int by)
{
    int year, month, d;
    int64_t n;

    when_civil(day, &year, &month, &d);
    n = ((int64_t)year * 12 + month - 1) / months * months + (int64_t)by * months;
    return when_days((int)floor_div(n, 12), (int)(n - floor_div(n, 12) * 12) + 1, 1);
}

int64_t span_begin(enum span_unit unit, int64_t day, int by)
{
    switch (unit) {
    case SPAN_WEEK: /* 1970-01-01 was a Thursday */
        return floor_div(day + 3, 7) * 7 - 3 + (int64_t)by * 7;
    case SPAN_MONTH:
        return month_begin(day, 1, by);
    case SPAN_QUARTER:
        return month_begin(day, 3, by);
    case SPAN_YEAR:
        return month_begin(day, 12, by);
    default:
        return day + by;
    }
}

enum span_unit span_unit(const char *name)
{
    static const char *const names[SPAN_UNITS] = {"day", "week", "month", "quarter", "year"};
    int u = 0;

    while (u < SPAN_UNITS && strcmp(names[u], name) != 0)
        u++;
    return (enum span_unit)u;
}

/* "30d" behind a prefix; -1 when it is none. */
static int64_t days_of(const char *s)
{
    char *end;
    long long n = strtoll(s, &end, 10);

    return end == s || strcmp(end, "d") != 0 || n < -DAYS_MAX || n > DAYS_MAX ? DAYS_MAX + 1 : n;
}

bool span_named(const char *name, int64_t today, int64_t *from, int64_t *to)
{
    static const struct {
        const char *prefix;
        int by;
    } around[] = {{"@last_", -1}, {"@this_", 0}, {"@next_", 1}};
    static const struct {
        const char *name;
        int by;
    } single[] = {{"@yesterday", -1}, {"@today", 0}, {"@tomorrow", 1}};
    int64_t n;

    for (int i = 0; i < 3; i++)
        if (strcmp(single[i].name, name) == 0) {
            *from = *to = today + single[i].by;
            return true;
        }
    if (strncmp(name, "@today", 6) == 0 && (name[6] == '+' || name[6] == '-') && (n = days_of(name + 6)) <= DAYS_MAX) {
        *from = *to = today + n;
        return true;
    }
    for (int i = 0; i < 3; i++) {
        size_t len = strlen(around[i].prefix);
        enum span_unit unit;

        if (strncmp(name, around[i].prefix, len) != 0)
            continue;
        if ((unit = span_unit(name + len)) != SPAN_UNITS && unit != SPAN_DAY) {
            *from = span_begin(unit, today, around[i].by);
            *to = span_begin(unit, today, around[i].by + 1) - 1;
            return true;
        }
        n = days_of(name + len);
        if (around[i].by == 0 || n < 0 || n > DAYS_MAX)
            return false;
        *from = around[i].by < 0 ? today - n : today;
        *to = around[i].by < 0 ? today : today + n;
        return true;
    }
    return false;
}
