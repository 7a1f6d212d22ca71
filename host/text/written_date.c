/* written_date.c - dates and times of day as people write them. */
#include <string.h>

#include "base/buf.h"
#include "base/when.h"
#include "text/fold.h"
#include "text/written.h"

enum { TEXT_MAX = 120, TWO_DIGITS_AHEAD = 20, REPUBLIC = 1911, EXCEL_DAY = 25569 };

/* ---- what decides -------------------------------------------------------------------------------------- */
/* The order of day and month before a year.  A country that is not named writes the day first; those that write the
 * year first use both with it behind, and 3/5/2026 is read by who reads it, or refused. */
enum order { DAY_FIRST, MONTH_FIRST, EITHER_FIRST };

static const struct {
    enum order order;
    const char *countries;
} orders[] = {
    {MONTH_FIRST, "US PH PR GU AS VI MP UM"},
    {EITHER_FIRST, "CN TW JP KR KP MN HU LT CA"},
};

enum part { PLAIN, YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, PARTS };

/* Words, folded (text/fold.h), the longest that stands at a place. */
enum word_kind {
    OF_BEFORE, /* the number before it is that part, and one that follows a clock's part is the next */
    OF_BEHIND, /* the number behind it is */
    IS_MONTH,
    IS_WEEKDAY, /* 0: Sunday; the date has to agree */
    HALF_BEFORE, /* a clock: the first hour of 24 that it stands beside; 0: of the morning */
    HALF_BEHIND,
    OF_REPUBLIC,
    DAY_IS_NEXT, /* and before the month, whatever the company's country writes */
    NOTHING,
};

static const struct word {
    const char *words;
    enum word_kind kind;
    int v;
} words[] = {
    {"年", OF_BEFORE, YEAR},
    {"月", OF_BEFORE, MONTH},
    {"日|号", OF_BEFORE, DAY},
    {"时|点|h|gio", OF_BEFORE, HOUR},
    {"分|phut|ph", OF_BEFORE, MINUTE},
    {"秒|giay", OF_BEFORE, SECOND},
    {"nam", OF_BEHIND, YEAR},
    {"thang|thg", OF_BEHIND, MONTH},
    {"ngay", DAY_IS_NEXT, 0},
    {"民国|中华民国", OF_REPUBLIC, 0},
    {"jan|january|thang mot|thang gieng", IS_MONTH, 1},
    {"feb|february|thang hai", IS_MONTH, 2},
    {"mar|march|thang ba", IS_MONTH, 3},
    {"apr|april|thang tu", IS_MONTH, 4},
    {"may|thang nam", IS_MONTH, 5},
    {"jun|june|thang sau", IS_MONTH, 6},
    {"jul|july|thang bay", IS_MONTH, 7},
    {"aug|august|thang tam", IS_MONTH, 8},
    {"sep|sept|september|thang chin", IS_MONTH, 9},
    {"oct|october|thang muoi", IS_MONTH, 10},
    {"nov|november|thang muoi mot", IS_MONTH, 11},
    {"dec|december|thang muoi hai|thang chap", IS_MONTH, 12},
    {"sun|sunday|chu nhat|星期日|星期天|周日|周天|礼拜日|礼拜天|(日)", IS_WEEKDAY, 0},
    {"mon|monday|thu hai|thu 2|星期一|周一|礼拜一|一", IS_WEEKDAY, 1},
    {"tue|tues|tuesday|thu ba|thu 3|星期二|周二|礼拜二|二", IS_WEEKDAY, 2},
    {"wed|wednesday|thu tu|thu 4|星期三|周三|礼拜三|三", IS_WEEKDAY, 3},
    {"thu|thur|thurs|thursday|thu nam|thu 5|星期四|周四|礼拜四|四", IS_WEEKDAY, 4},
    {"fri|friday|thu sau|thu 6|星期五|周五|礼拜五|五", IS_WEEKDAY, 5},
    {"sat|saturday|thu bay|thu 7|星期六|周六|礼拜六|六", IS_WEEKDAY, 6},
    {"am|a.m.|sa|sang", HALF_BEHIND, 0},
    {"pm|p.m.|ch|chieu", HALF_BEHIND, 12},
    {"toi", HALF_BEHIND, 13}, /* twelve at night begins another day, and which one nobody says */
    {"上午|凌晨|早上|早晨|清晨", HALF_BEFORE, 0},
    {"中午", HALF_BEFORE, 11},
    {"下午", HALF_BEFORE, 12},
    {"晚上|傍晚", HALF_BEFORE, 13},
    {"st|nd|rd|th|of|the|at|t|luc", NOTHING, 0},
};

/* ---- what stands there ------------------------------------------------------------------------------------ */
struct number {
    int v, digits;
    enum part part;
    bool by_name; /* a month's */
};

struct found {
    struct number date[4]; /* plain, and of a date's parts, in their order */
    int n;
    int clock[PARTS]; /* by part; -1: not there */
    int half, weekday; /* -1: not told */
    bool republic, day_first, comma;
};

/* Latin letters are words only whole; han characters follow each other without a gap. */
static bool ends_word(const char *word, size_t n, const char *next)
{
    char last = word[n - 1];

    return !(last >= 'a' && last <= 'z' && *next >= 'a' && *next <= 'z') && !(last >= '0' && last <= '9' && *next >= '0' && *next <= '9');
}

static const struct word *word_at(const char *s, size_t *len)
{
    const struct word *best = NULL;

    *len = 0;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        for (const char *w = words[i].words, *next; *w != '\0'; w = next) {
            size_t n = strcspn(w, "|");

            next = w + n + (w[n] == '|');
            if (n > *len && strncmp(s, w, n) == 0 && ends_word(w, n, s + n)) {
                *len = n;
                best = &words[i];
            }
        }
    return best;
}

static bool set_clock(struct found *f, enum part part, int v)
{
    if (f->clock[part] >= 0)
        return false;
    f->clock[part] = v;
    return true;
}

static bool add_date(struct found *f, struct number x)
{
    if (f->n == 4)
        return false;
    f->date[f->n++] = x;
    return true;
}

/* Where the reading stands. */
struct place {
    int before;     /* part of the number right before, or -1 */
    enum part next; /* what the number behind is */
    bool must;      /* there has to be one */
    char mark;      /* stands since the last number or word */
};

static void expect(struct place *at, enum part next, bool must)
{
    at->next = next;
    at->must = must;
}

/* The number right before is that part, if nothing has said so yet. */
static bool was(struct found *f, struct place *at, enum part part)
{
    struct number *last = f->n > 0 ? &f->date[f->n - 1] : NULL;

    if (at->before == (int)part)
        return true;
    if (last == NULL || at->before != PLAIN)
        return false;
    if (part < HOUR) {
        last->part = part;
        return true;
    }
    f->n--;
    return last->digits <= 2 && set_clock(f, part, last->v);
}

static bool take_word(struct found *f, const struct word *w, struct place *at)
{
    bool ok = !at->must;

    switch (w->kind) {
    case OF_BEFORE:
        ok = ok && was(f, at, (enum part)w->v);
        expect(at, w->v == HOUR || w->v == MINUTE ? (enum part)(w->v + 1) : PLAIN, false);
        break;
    case OF_BEHIND:
        expect(at, (enum part)w->v, true);
        break;
    case OF_REPUBLIC:
        f->republic = true;
        expect(at, YEAR, true);
        break;
    case IS_MONTH:
        ok = ok && add_date(f, (struct number){w->v, 0, MONTH, true});
        break;
    case IS_WEEKDAY:
        f->weekday = w->v;
        break;
    case HALF_BEHIND:
        ok = ok && (at->before != PLAIN || f->clock[HOUR] >= 0 || was(f, at, HOUR)); /* 3 PM */
        /* fall through */
    case HALF_BEFORE:
        ok = ok && f->half < 0;
        f->half = w->v;
        break;
    case DAY_IS_NEXT:
        f->day_first = true;
        break;
    case NOTHING:
        break;
    }
    at->before = -1;
    at->mark = '\0';
    return ok;
}

/* 15:05:09 */
static bool take_colon(struct found *f, struct place *at)
{
    enum part part = f->clock[HOUR] < 0 || f->clock[MINUTE] < 0 ? HOUR : MINUTE;
    bool ok = at->before < 0 ? at->next == part + 1 && !at->must : was(f, at, part); /* 14h:30 */

    expect(at, part + 1, true);
    at->before = -1;
    return ok;
}

static bool take_number(struct found *f, const char **s, struct place *at)
{
    struct number x = {0, 0, at->next, false};

    for (; **s >= '0' && **s <= '9'; (*s)++, x.digits++) {
        if (x.digits == 8)
            return false;
        x.v = x.v * 10 + (**s - '0');
    }
    *at = (struct place){.before = (int)x.part};
    if (x.part < HOUR)
        return add_date(f, x);
    if (x.part == SECOND && **s == '.')
        *s += 1 + strspn(*s + 1, "0123456789");
    return x.digits <= 2 && set_clock(f, x.part, x.v);
}

static bool take_mark(struct found *f, char mark, struct place *at)
{
    if (at->mark != '\0' || at->must || strchr("-/.,", mark) == NULL)
        return false;
    f->comma = f->comma || (mark == ',' && at->before == PLAIN && f->n < 3);
    *at = (struct place){.before = -1, .mark = mark};
    return true;
}

/* All numbers and what they are said to be; false: something else stands there, too. */
static bool take_apart(const char *s, struct found *f)
{
    struct place at = {.before = -1, .mark = '-'}; /* none may lead */

    *f = (struct found){.half = -1, .weekday = -1};
    memset(f->clock, -1, sizeof(f->clock));
    while (*s != '\0') {
        size_t len;
        const struct word *w = word_at(s, &len);
        bool ok = true;

        if (w != NULL)
            ok = take_word(f, w, &at), s += len;
        else if (*s >= '0' && *s <= '9')
            ok = take_number(f, &s, &at);
        else if (*s == ':')
            ok = take_colon(f, &at), s++;
        else if (strchr(" ()", *s) == NULL)
            ok = take_mark(f, *s++, &at);
        else if (s++, !at.must)
            at.next = PLAIN;
        if (!ok)
            return false;
    }
    return at.mark == '\0' && !at.must;
}

/* ---- what it means ------------------------------------------------------------------------------------------ */
static enum order order_of(const struct written *how, const struct found *f)
{
    enum order order = DAY_FIRST;

    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
        if (written_in(how, orders[i].countries))
            order = orders[i].order;
    return f->day_first || (order == EITHER_FIRST && strcmp(how->language, "vi") == 0) ? DAY_FIRST : order;
}

static bool in_taiwan(const struct written *how)
{
    return strcmp(how->country, "TW") == 0 || strcmp(how->language, "zh-TW") == 0;
}

/* False: there is no such day. */
static bool day_of(int y, int m, int d, int64_t *days)
{
    int y2, m2, d2;

    if (y < 1 || y > 9999 || m < 1 || m > 12 || d < 1 || d > 31)
        return false;
    *days = when_days(y, m, d);
    when_civil(*days, &y2, &m2, &d2);
    return y == y2 && m == m2 && d == d2;
}

static const char *day(int y, int m, int d, int64_t *days)
{
    if (day_of(y, m, d, days))
        return NULL;
    return y >= 1 && y <= 9999 && m >= 1 && m <= 12 && d >= 1 && d <= 31 ? "err.date_none" : "err.date";
}

/* A year of three digits can only be one of the Republic (Taiwan's; 100 is 2011): no list is of the year 115. */
static bool of_republic(const struct number *x)
{
    return x->digits == 3 && x->v >= 100 && x->v < 200;
}

/* A year that is known to be one: 2026, 115; 26 where no other number may be the year. */
static const char *year(const struct written *how, const struct found *f, const struct number *x, int *y)
{
    *y = x->v;
    if (f->republic || of_republic(x)) {
        *y += REPUBLIC;
        return x->digits <= 3 && x->v > 0 ? NULL : "err.date";
    }
    if (x->digits == 4)
        return NULL;
    if (x->digits != 2)
        return "err.date";
    if (in_taiwan(how))
        return "err.date_year"; /* 75年 is 1986 there */
    *y += 2000;
    if (*y > how->year + TWO_DIGITS_AHEAD)
        *y -= 100;
    return NULL;
}

/* 46086, as a sheet keeps days; 20260305; 1150305, as offices in Taiwan write. */
static const char *one_number(const struct written *how, const struct number *x, struct written_day *out)
{
    if (x->digits == 8)
        return day(x->v / 10000, x->v / 100 % 100, x->v % 100, &out->days);
    if (x->digits == 7 && x->v < 2000000 && in_taiwan(how))
        return day(x->v / 10000 + REPUBLIC, x->v / 100 % 100, x->v % 100, &out->days);
    out->days = x->v - EXCEL_DAY;
    return x->digits == 5 ? "err.date_serial" : "err.date";
}

/* 2026/3/5, 115.3.5, 5/3/2026: nothing says which is which but their places. */
static const char *by_places(const struct written *how, const struct found *f, struct written_day *out)
{
    const struct number *x = f->date;
    enum order order = order_of(how, f);
    bool swaps;
    int y;

    if (f->comma)
        return "err.date";
    if (f->republic || x[0].digits > 2) {
        const char *wrong = year(how, f, &x[0], &y);

        return wrong != NULL ? wrong : day(y, x[1].v, x[2].v, &out->days);
    }
    if (x[2].digits != 4)
        return x[2].digits == 2 || x[2].digits == 1 ? "err.date_year" : "err.date";
    y = x[2].v;
    swaps = day_of(y, x[0].v, x[1].v, &out->or_days);
    if (order == MONTH_FIRST) {
        if (swaps) {
            out->days = out->or_days;
            return NULL;
        }
        return day_of(y, x[1].v, x[0].v, &out->days) ? "err.date_swap" : day(y, x[0].v, x[1].v, &out->days);
    }
    if (!day_of(y, x[1].v, x[0].v, &out->days)) {
        out->days = out->or_days;
        return !swaps ? day(y, x[1].v, x[0].v, &out->days) : order == EITHER_FIRST ? NULL : "err.date_swap";
    }
    return order == EITHER_FIRST && swaps && out->days != out->or_days ? "err.date_order" : NULL;
}

/* At least one part is named: 3月, March, năm 2026. */
static const char *by_names(const struct written *how, const struct found *f, struct written_day *out)
{
    const struct number *part[PARTS] = {NULL}, *plain[2] = {NULL};
    const char *wrong;
    int plains = 0, y;

    for (int i = 0; i < f->n; i++) {
        const struct number *x = &f->date[i];

        if (x->part == PLAIN ? plains == 2 : part[x->part] != NULL)
            return "err.date";
        if (x->part == PLAIN)
            plain[plains++] = x;
        else
            part[x->part] = x;
    }
    if (f->n < 3)
        return "err.date_part";
    if (part[MONTH] == NULL) { /* năm 2026, and no month */
        return "err.date";
    } else if (plains == 2) {
        bool first = plain[0]->digits > 2;

        if (!first && plain[1]->digits < 3 && !part[MONTH]->by_name)
            return "err.date_year";
        part[YEAR] = plain[!first];
        part[DAY] = plain[first];
    } else if (part[YEAR] == NULL) {
        if (plain[0]->digits < 3)
            return "err.date_year";
        part[YEAR] = plain[0];
    } else if (part[DAY] == NULL) {
        part[DAY] = plain[0];
    }
    wrong = year(how, f, part[YEAR], &y);
    return wrong != NULL ? wrong : part[DAY]->digits > 2 ? "err.date" : day(y, part[MONTH]->v, part[DAY]->v, &out->days);
}

/* 3:05 PM, 下午3点; a clock of 24 hours may say the half as well. */
static bool clock_of(const struct found *f, int *second)
{
    int h = f->clock[HOUR], m = f->clock[MINUTE] < 0 ? 0 : f->clock[MINUTE], s = f->clock[SECOND] < 0 ? 0 : f->clock[SECOND];

    *second = -1;
    if (h < 0)
        return f->half < 0 && f->clock[MINUTE] < 0 && f->clock[SECOND] < 0;
    if (f->clock[MINUTE] < 0 && f->clock[SECOND] >= 0)
        return false;
    if (f->half == 0 && h >= 12)
        h = h == 12 ? 0 : 24; /* 15:05 AM is none */
    if (h < 12 && h < f->half)
        h += 12;
    if (h < f->half)
        h = 24; /* nor is 12:30 in the evening */
    *second = (h * 60 + m) * 60 + s;
    return h < 24 && m < 60 && s < 60;
}

const char *written_date(const struct written *how, const char *s, size_t n, struct written_day *out)
{
    struct buf folded = BUF_INIT;
    struct found f;
    const char *wrong = "err.date";
    bool named = false, plain;

    *out = (struct written_day){.second = -1};
    if (n == 0 || n > TEXT_MAX || memchr(s, '\0', n) != NULL)
        return wrong;
    text_fold(&folded, s, n);
    plain = take_apart(buf_str(&folded), &f) && clock_of(&f, &out->second);
    buf_free(&folded);
    for (int i = 0; i < f.n; i++)
        named = named || (f.date[i].part != PLAIN && !(i == 0 && f.republic));
    if (!plain || f.n == 0 || f.n > 3)
        return wrong;
    wrong = named      ? by_names(how, &f, out)
            : f.n == 3 ? by_places(how, &f, out)
            : f.n == 1 ? one_number(how, &f.date[0], out)
                       : "err.date_part";
    if (wrong == NULL && f.weekday >= 0 && ((out->days + 4) % 7 + 7) % 7 != f.weekday)
        return "err.date_weekday";
    return wrong;
}
