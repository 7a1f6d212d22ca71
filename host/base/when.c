/* when.c - dates and times, parsed and printed without the C library's locale or zone. */
#include "base/when.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t clock_ms(clockid_t id)
{
    struct timespec t;

    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t when_now(void)
{
    return clock_ms(CLOCK_REALTIME);
}

int64_t when_monotonic(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

int64_t when_about(void)
{
    return clock_ms(CLOCK_MONOTONIC_COARSE);
}

int64_t when_doubled(int64_t first, int64_t times)
{
    while (times-- > 0 && first < WHEN_WAIT_MAX)
        first *= 2;
    return first < WHEN_WAIT_MAX ? first : WHEN_WAIT_MAX;
}

int64_t when_days(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

    return era * 146097 + doe - 719468;
}

void when_civil(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;

    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

int64_t when_months(int64_t day, int64_t n)
{
    int64_t month, length;
    int y, m, d;

    when_civil(day, &y, &m, &d);
    month = (int64_t)y * 12 + m - 1 + n;
    y = (int)(month >= 0 ? month / 12 : (month - 11) / 12);
    m = (int)(month - (int64_t)y * 12) + 1;
    length = when_days(m == 12 ? y + 1 : y, m == 12 ? 1 : m + 1, 1) - when_days(y, m, 1);
    return when_days(y, m, d > length ? (int)length : d);
}

/* Reads exactly n digits. */
static bool digits(const char *s, int n, int *out)
{
    *out = 0;
    for (int i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        *out = *out * 10 + (s[i] - '0');
    }
    return true;
}

bool when_date_parse(const char *s, size_t len, int64_t *days_r)
{
    int y, m, d, y2, m2, d2;

    if (len != 10 || s[4] != '-' || s[7] != '-' || !digits(s, 4, &y) || !digits(s + 5, 2, &m) ||
        !digits(s + 8, 2, &d) || y < 1 || m < 1 || m > 12 || d < 1)
        return false;
    *days_r = when_days(y, m, d);
    when_civil(*days_r, &y2, &m2, &d2);
    return y == y2 && m == m2 && d == d2;
}

/* Two digits behind `at`, then the mark; a list of 50 rows writes 1,500 digits, too many for printf. */
static char *put_two(char *at, int v, char mark)
{
    at[0] = (char)('0' + v / 10);
    at[1] = (char)('0' + v % 10);
    at[2] = mark;
    return at + 3;
}

static char *put_year(char *at, int y)
{
    put_two(at, y / 100, ' ');
    return put_two(at + 2, y % 100, '-');
}

void when_date_format(int64_t days, char out[WHEN_DATE_MAX])
{
    int y, m, d;

    when_civil(days, &y, &m, &d);
    if (y < 0 || y > 9999) {
        snprintf(out, WHEN_DATE_MAX, "%04d-%02u-%02u", y, (unsigned)m % 100u, (unsigned)d % 100u);
        return;
    }
    put_two(put_two(put_year(out, y), m, '-'), d, '\0');
}

/* "Z", "+08:00" or "-0330" at s; the offset in minutes. */
static bool zone(const char *s, size_t len, int *minutes)
{
    int h, m;

    *minutes = 0;
    if (len == 1 && (s[0] == 'Z' || s[0] == 'z'))
        return true;
    if (len != 5 && len != 6)
        return false;
    if ((s[0] != '+' && s[0] != '-') || (len == 6 && s[3] != ':') || !digits(s + 1, 2, &h) ||
        !digits(s + len - 2, 2, &m) || h > 14 || m > 59)
        return false;
    *minutes = (s[0] == '-' ? -1 : 1) * (h * 60 + m);
    return true;
}

bool when_time_parse(const char *s, size_t len, int64_t *ms_r)
{
    int64_t days;
    int h, mi, sec = 0, ms = 0, off;
    size_t i = 16;

    if (len < 17 || !when_date_parse(s, 10, &days) || (s[10] != 'T' && s[10] != ' ') ||
        s[13] != ':' || !digits(s + 11, 2, &h) || !digits(s + 14, 2, &mi) || h > 23 || mi > 59)
        return false;
    if (len >= 20 && s[16] == ':') {
        if (!digits(s + 17, 2, &sec) || sec > 59)
            return false;
        i = 19;
        if (s[i] == '.') {
            int scale = 100;

            for (i++; i < len && s[i] >= '0' && s[i] <= '9'; i++, scale /= 10)
                ms += (s[i] - '0') * scale;
        }
    }
    if (i >= len || !zone(s + i, len - i, &off))
        return false;
    *ms_r = days * WHEN_DAY + ((h * 60 + mi - off) * 60 + sec) * INT64_C(1000) + ms;
    return true;
}

/* What a list shows happened on few days, and much of it at once. */
size_t when_time_format(int64_t ms, char out[WHEN_TIME_MAX])
{
    enum { LENGTH = sizeof("2026-11-22T08:00:00.000Z") - 1 };
    static _Thread_local struct {
        int64_t ms, days;
        char text[LENGTH + 1]; /* "" at first */
    } last;
    int64_t days = ms / WHEN_DAY, rest = ms % WHEN_DAY;
    int y, m, d;

    if (last.ms == ms && last.text[0] != '\0') {
        memcpy(out, last.text, sizeof(last.text));
        return LENGTH;
    }
    if (rest < 0) {
        rest += WHEN_DAY;
        days--;
    }
    if (last.days != days || last.text[0] == '\0') {
        when_civil(days, &y, &m, &d);
        last.text[0] = '\0';
        if (y >= 0 && y <= 9999)
            when_date_format(last.days = days, last.text);
    }
    if (last.text[0] != '\0') {
        int t = (int)rest, ms_ = t % 1000, s = t / 1000;
        char *to = last.text + 11;

        last.ms = ms;
        last.text[10] = 'T';
        to = put_two(put_two(put_two(to, s / 3600, ':'), s / 60 % 60, ':'), s % 60, '.');
        *to = (char)('0' + ms_ / 100);
        *put_two(to + 1, ms_ % 100, 'Z') = '\0';
        memcpy(out, last.text, sizeof(last.text));
        return LENGTH;
    }
    return (size_t)snprintf(out, WHEN_TIME_MAX, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", y, m, d,
             (int)(rest / 3600000), (int)(rest / 60000 % 60), (int)(rest / 1000 % 60),
             (int)(rest % 1000));
}
