/* workday.c - which days are worked. */
#include "record/workday.h"

#include <string.h>

#include "record/zone.h"

enum { FAR = 3660 }; /* days without work after which it is given up */

/* What the table says of the day; false when it says nothing. */
static bool exception(struct db_conn *conn, const char *country, int64_t day, bool *works)
{
    struct db_stmt *s = db_prepare(
        conn, "SELECT works FROM day_off WHERE on_day = ?1 AND (country = ?2 OR country IS NULL)"
              " ORDER BY country IS NULL LIMIT 1");
    bool found;

    db_bind_int(s, 1, day);
    db_bind_text(s, 2, country, -1);
    found = db_step(s) == DB_ROW;
    *works = found && db_col_int(s, 0) != 0;
    db_reset(s);
    return found;
}

static bool in_week(struct db_conn *conn, const char *country, int64_t day)
{
    static const char *const names[] = {"|mon|", "|tue|", "|wed|", "|thu|",
                                        "|fri|", "|sat|", "|sun|"};
    int dow = (int)(((day + 3) % 7 + 7) % 7);
    struct db_stmt *s = db_prepare(conn, "SELECT days FROM work_week WHERE country = ?1 OR country "
                                         "IS NULL ORDER BY country IS NULL LIMIT 1");
    bool works;

    db_bind_text(s, 1, country, -1);
    if (db_step(s) == DB_ROW)
        works = !db_col_is_null(s, 0) && strstr(db_col_text(s, 0, NULL), names[dow]) != NULL;
    else
        works = dow < 5;
    db_reset(s);
    return works;
}

bool workday_is(struct store *st, struct db_conn *conn, const char *country, int64_t day)
{
    bool works;

    if (country == NULL || *country == '\0')
        country = st->company.country;
    return exception(conn, country, day, &works) ? works : in_week(conn, country, day);
}

int64_t workday_after(struct store *st, struct db_conn *conn, const char *country, int64_t day,
                      int64_t n)
{
    int step = n < 0 ? -1 : 1;
    int64_t left = n < 0 ? -n : n, at = day;

    if (n == 0) {
        while (at < day + FAR && !workday_is(st, conn, country, at))
            at++;
        return at < day + FAR ? at : day;
    }
    for (int64_t off = 0; left > 0; off++) {
        if (off == FAR)
            return day;
        at += step;
        if (workday_is(st, conn, country, at)) {
            left--;
            off = -1;
        }
    }
    return at;
}

int64_t workday_hours(struct store *st, struct db_conn *conn, int64_t from, int64_t hours)
{
    const char *zone = st->company.zone;
    int64_t left = hours * INT64_C(3600000), day = zone_day(zone, from), at = from, works, end;

    for (;; day = works + 1, at = end) {
        works = workday_after(st, conn, NULL, day, 0);
        if (works > day)
            at = zone_midnight(zone, works);
        end = zone_midnight(zone, works + 1);
        if (left <= end - at)
            return at + left;
        left -= end - at;
    }
}
