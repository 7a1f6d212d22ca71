/* every.c - reading when something is due again and again. */
#include "base/every.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/when.h"

struct part { /* one of cron's five */
    int least, most;
    const char *names; /* three letters each, from .least on */
};

static const struct part parts[] = {
    {0, 59, ""},
    {0, 23, ""},
    {1, 31, ""},
    {1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
    {1, 7, "montuewedthufrisatsun"},
};
enum { MINUTE, HOUR, DOM, MONTH, DOW, PARTS };

static bool number(const char **s, const struct part *p, int *out)
{
    const char *start = *s;

    for (int i = 0; p->names[i] != '\0'; i += 3)
        if (strncasecmp(*s, p->names + i, 3) == 0) {
            *out = p->least + i / 3;
            *s += 3;
            return true;
        }
    *out = 0;
    while (isdigit((unsigned char)**s) && *s - start < 5)
        *out = *out * 10 + *(*s)++ - '0';
    return *s > start;
}

/* One piece of a list: "5", "1-5", "*", and each with a step behind it. */
static bool piece(const char **s, const struct part *p, uint64_t *bits)
{
    int from = p->least, to = p->most, step = 1;
    bool sunday = p == &parts[DOW]; /* 0 as well as 7 */

    if (**s == '*') {
        (*s)++;
    } else {
        if (!number(s, p, &from))
            return false;
        to = from;
        if (**s == '-') {
            (*s)++;
            if (!number(s, p, &to))
                return false;
        } else if (**s == '/') {
            to = p->most;
        }
    }
    if (**s == '/') {
        (*s)++;
        if (!number(s, &parts[MINUTE], &step) || step < 1)
            return false;
    }
    if ((from < p->least && !(sunday && from == 0)) || to > p->most || from > to)
        return false;
    for (int i = from; i <= to; i += step)
        *bits |= UINT64_C(1) << (sunday && i == 0 ? 7 : i);
    return true;
}

static bool list(const char *s, const struct part *p, uint64_t *bits)
{
    while (piece(&s, p, bits)) {
        if (*s == '\0')
            return true;
        if (*s++ != ',')
            return false;
    }
    return false;
}

/* The next word, cut out of *s into word; false when there is none or it is too long. */
static bool next_word(const char **s, char word[64])
{
    size_t n;

    *s += strspn(*s, " \t");
    n = strcspn(*s, " \t");
    if (n == 0 || n >= 64)
        return false;
    memcpy(word, *s, n);
    word[n] = '\0';
    *s += n;
    return true;
}

static bool cron(const char *s, struct every *e)
{
    uint64_t bits[PARTS] = {0};
    char word[64];

    for (int i = 0; i < PARTS; i++) {
        if (!next_word(&s, word))
            return false;
        if (i == DOM && strcasecmp(word, "l") == 0) {
            e->last_dom = true;
            continue;
        }
        if (!list(word, &parts[i], &bits[i]))
            return false;
        if (i == DOM)
            e->any_dom = word[0] == '*';
        if (i == DOW)
            e->any_dow = word[0] == '*';
    }
    e->minutes = bits[MINUTE];
    e->hours = (uint32_t)bits[HOUR];
    e->doms = (uint32_t)bits[DOM];
    e->months = (uint32_t)bits[MONTH];
    e->dows = (uint32_t)bits[DOW];
    if (next_word(&s, word)) {
        if (strcmp(word, "workdays") != 0 && strcmp(word, "next_workday") != 0)
            return false;
        e->days = word[0] == 'w' ? EVERY_WORKDAY : EVERY_NEXT_WORKDAY;
    }
    return s[strspn(s, " \t")] == '\0';
}

/* "02:00" */
static bool daily(const char *s, struct every *e)
{
    int h, m;

    if (strlen(s) != 5 || !isdigit((unsigned char)s[0]) || !isdigit((unsigned char)s[1]) ||
        s[2] != ':' || !isdigit((unsigned char)s[3]) || !isdigit((unsigned char)s[4]))
        return false;
    h = (s[0] - '0') * 10 + s[1] - '0';
    m = (s[3] - '0') * 10 + s[4] - '0';
    *e = (struct every){.minutes = UINT64_C(1) << (m & 63),
                        .hours = UINT32_C(1) << (h & 31),
                        .doms = ~UINT32_C(0),
                        .months = ~UINT32_C(0),
                        .dows = ~UINT32_C(0),
                        .any_dom = true,
                        .any_dow = true};
    return h < 24 && m < 60;
}

/* "10m" */
static bool interval(const char *s, struct every *e)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', WHEN_DAY}};
    int64_t n = 0;
    const char *p = s;

    while (isdigit((unsigned char)*p) && p - s < 6)
        n = n * 10 + *p++ - '0';
    for (size_t i = 0; p > s && i < sizeof(units) / sizeof(units[0]); i++)
        if (units[i].unit == *p && p[1] == '\0')
            e->period = n <= 100000 ? n * units[i].ms : 0;
    return e->period > 0;
}

bool every_parse(const char *text, struct every *out)
{
    *out = (struct every){0};
    if (text == NULL)
        return false;
    if (strncmp(text, "daily ", 6) == 0)
        return daily(text + 6, out);
    return strpbrk(text, " \t") == NULL ? interval(text, out) : cron(text, out);
}

bool every_on_day(const struct every *e, int64_t day)
{
    int y, m, d, dow = (int)(((day + 3) % 7 + 7) % 7) + 1;
    bool by_dom, by_dow = (e->dows >> dow & 1) != 0;

    when_civil(day, &y, &m, &d);
    if ((e->months >> m & 1) == 0)
        return false;
    by_dom = (e->doms >> d & 1) != 0;
    if (e->last_dom) {
        int y2, m2, d2;

        when_civil(day + 1, &y2, &m2, &d2);
        by_dom = d2 == 1;
    }
    if (e->any_dom || e->any_dow)
        return by_dom && by_dow;
    return by_dom || by_dow;
}
