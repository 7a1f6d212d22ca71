/* line_words.c - days, times and durations as people write them in four languages. */
#include "line.h"

#include <ctype.h>
#include <stdlib.h>

/* ---- words ------------------------------------------------------------------------------------ */
static int32_t letter(const char *s, size_t *len)
{
    unsigned char a = (unsigned char)s[0];
    size_t n = a < 0x80 ? 1 : a < 0xe0 ? 2 : a < 0xf0 ? 3 : 4;
    int32_t v = n == 1 ? a : a & (0x7f >> n);

    for (size_t i = 1; i < n; i++) {
        if (((unsigned char)s[i] & 0xc0) != 0x80)
            return *len = i, 0xfffd;
        v = v << 6 | (s[i] & 0x3f);
    }
    return *len = n, v;
}

enum kind { BLANK, LETTER, DIGIT, WIDE, MARK };
static enum kind kind_of(int32_t c)
{
    if (c == ' ' || c == '\t' || c == '\r' || c == 0xa0 || c == 0x3000)
        return BLANK;
    if ((c >= '0' && c <= '9') || (c >= 0xff10 && c <= 0xff19))
        return DIGIT;
    if ((c >= 0x3400 && c <= 0x9fff) || (c >= 0xf900 && c <= 0xfaff) || c >= 0x20000)
        return WIDE;
    if ((c < 0x80 && isalpha(c)) || (c >= 0xc0 && c < 0x2000 && c != 0xd7 && c != 0xf7))
        return LETTER;
    return MARK;
}

/* A dot behind "Mr" or "Co", or inside a number, ends nothing. */
static bool ends(const struct line *l, const struct word *mark)
{
    const struct word *before = mark - 1;
    const char *next = l->text + mark->to;

    if (strcmp(mark->is, ".") == 0)
        return mark > l->w && !isdigit((unsigned char)*next) &&
               line_match(l, (size_t)(before - l->w), "mr|mrs|ms|dr|co|ltd|corp|inc|tp|st|no") == 0;
    return *mark->is == '\n' || strstr(",;!?。、", mark->is) != NULL;
}

void line_cut(struct line *l, struct berth_ctx *c, const char *text)
{
    size_t at = 0, len;
    int part = 0;

    *l = (struct line){.c = c, .text = text};
    while (text[at] != '\0' && l->n < LINE_WORDS) {
        struct word *w = &l->w[l->n];
        enum kind k = kind_of(letter(text + at, &len));

        *w = (struct word){.from = at, .wide = k == WIDE, .digits = k == DIGIT, .mark = k == MARK, .part = part};
        w->glued = (k == LETTER || k == DIGIT) && l->n > 0 && w[-1].to == at && !w[-1].wide && !w[-1].mark;
        at += len;
        while ((k == LETTER || k == DIGIT) && text[at] != '\0' && kind_of(letter(text + at, &len)) == k)
            at += len;
        if (k == BLANK)
            continue;
        w->to = at;
        w->is = host->fold(c, line_text(l, l->n, l->n + 1));
        if (text[w->from] == '\n')
            w->is = "\n";
        l->n++;
        if (k == MARK && ends(l, w))
            part++;
    }
}

const char *line_text(const struct line *l, size_t from, size_t to)
{
    return host->fmt(l->c, "%.*s", (int)(l->w[to - 1].to - l->w[from].from), l->text + l->w[from].from);
}

static size_t match_one(const struct line *l, size_t i, const char *p, const char *end)
{
    size_t k = i;

    while (p < end) {
        size_t len;

        if (*p == ' ') {
            p++;
            continue;
        }
        if (k == l->n || l->w[k].taken || l->w[k].part != l->w[i].part)
            return 0;
        len = strlen(l->w[k].is);
        if (len == 0 || (size_t)(end - p) < len || memcmp(p, l->w[k].is, len) != 0)
            return 0;
        if (!l->w[k].wide && p + len < end && isalpha((unsigned char)p[len]))
            return 0; /* it only begins so */
        p += len;
        k++;
    }
    return k - i;
}

bool line_apart(const struct line *l, size_t i)
{
    return i >= l->n || !l->w[i].glued;
}

/* The n words from i on, if they are whole. */
static size_t whole(const struct line *l, size_t i, size_t n)
{
    return line_apart(l, i) && line_apart(l, i + n) ? n : 0;
}

/* line_match(), of words that may be glued: the "min" of 30min. */
static size_t match(const struct line *l, size_t i, const char *words)
{
    size_t most = 0;

    for (const char *p = words; *p != '\0';) {
        size_t len = strcspn(p, "|"), n = match_one(l, i, p, p + len);

        if (n > most)
            most = n;
        p += len + (p[len] == '|');
    }
    return most;
}

size_t line_match(const struct line *l, size_t i, const char *words)
{
    return whole(l, i, match(l, i, words));
}

struct found *line_found(struct line *l, const char *field, size_t from, size_t to)
{
    if (l->nfound == LINE_FOUND)
        return NULL;
    for (size_t i = from; i < to; i++)
        l->w[i].taken = true;
    l->found[l->nfound] = (struct found){.field = field, .from = from, .to = to};
    return &l->found[l->nfound++];
}

static bool number(const struct line *l, size_t i, int64_t least, int64_t most, int64_t *v)
{
    if (i >= l->n || !l->w[i].digits || l->w[i].taken || strlen(l->w[i].is) > 4)
        return false;
    *v = strtoll(l->w[i].is, NULL, 10);
    return *v >= least && *v <= most;
}

/* ---- durations --------------------------------------------------------------------------------- */
static size_t duration(const struct line *l, size_t i, int64_t *minutes)
{
    static const struct {
        int64_t minutes;
        const char *words;
    } said[] = {{30, "half an hour|half hour|半小时|半个小时|半个钟头|nua tieng|nua gio"},
                {60, "an hour|one hour|一小时|一个小时|一个钟头|mot tieng|mot gio"},
                {90, "一个半小时|1个半小时|mot tieng ruoi|1 tieng ruoi|1 gio ruoi|one and a half hours"},
                {120, "two hours|两小时|两个小时|两个钟头|hai tieng|hai gio"}};
    int64_t n, part = 0;
    size_t at = i + 1, unit;

    for (size_t k = 0; k < sizeof(said) / sizeof(said[0]); k++)
        if ((unit = match(l, i, said[k].words)) > 0)
            return *minutes = said[k].minutes, unit;
    if (!number(l, i, 0, 9999, &n))
        return 0;
    if (match(l, at, ".") > 0 && number(l, at + 1, 0, 9, &part))
        at += 2;
    if ((unit = match(l, at, "min|mins|minute|minutes|phut|分钟|'")) > 0)
        return *minutes = n, at + unit - i;
    if ((unit = match(l, at, "h|hr|hrs|hour|hours|tieng|gio|小时|个小时|个钟头")) > 0 && n <= 12) {
        *minutes = n * 60 + part * 6;
        if (number(l, at + unit, 1, 59, &n)) {
            size_t more = match(l, at + unit + 1, "min|mins|minutes|phut|分钟|分");

            *minutes += n;
            unit += 1 + more;
        }
        return at + unit - i;
    }
    return 0;
}

size_t line_duration(const struct line *l, size_t i, int64_t *minutes)
{
    return whole(l, i, duration(l, i, minutes));
}

/* ---- times of the day ---------------------------------------------------------------------------- */
#define AT "at|luc|vao luc"
#define MORNING "am|上午|早上|凌晨|sang"
#define LATER "pm|下午|晚上|傍晚|chieu|toi"

static size_t clock_time(const struct line *l, size_t i, int64_t *minutes)
{
    size_t said = match(l, i, AT), at = i + said, early = match(l, at, MORNING), late = match(l, at, LATER), unit;
    int64_t h, m = 0;
    bool sure = said > 0 || early > 0 || late > 0;

    at += early + late;
    if (!number(l, at, 0, 24, &h))
        return 0;
    at++;
    if (match(l, at, ":") > 0 && number(l, at + 1, 0, 59, &m)) {
        at += 2;
        sure = true;
    } else if ((unit = match(l, at, "点半|点 30")) > 0) {
        at += unit;
        m = 30;
        sure = true;
    } else if ((unit = match(l, at, "点")) > 0) {
        at += unit;
        if (number(l, at, 0, 59, &m))
            at += 1 + match(l, at + 1, "分");
        sure = true;
    } else if ((unit = match(l, at, "h|gio")) > 0) { /* "2h" is how long, "9h30" is when */
        at += unit;
        sure = sure || h >= 7;
        if (number(l, at, 0, 59, &m))
            at++;
    }
    if (early + late == 0) {
        early = match(l, at, MORNING);
        late = match(l, at, LATER);
        at += early + late;
        sure = sure || early + late > 0;
    }
    if (!sure)
        return 0;
    if (late > 0 && h < 12)
        h += 12;
    *minutes = h * 60 + m;
    return at - i;
}

size_t line_clock(const struct line *l, size_t i, int64_t *minutes)
{
    return whole(l, i, clock_time(l, i, minutes));
}

/* ---- days ------------------------------------------------------------------------------------------ */
static const char *const weekdays[7] = {"monday|周一|星期一|礼拜一|thu hai|thu 2", "tuesday|周二|星期二|礼拜二|thu ba|thu 3",
                                        "wednesday|周三|星期三|礼拜三|thu tu|thu 4", "thursday|周四|星期四|礼拜四|thu nam|thu 5",
                                        "friday|周五|星期五|礼拜五|thu sau|thu 6", "saturday|周六|星期六|礼拜六|thu bay|thu 7",
                                        "sunday|周日|周天|星期日|星期天|礼拜天|chu nhat"};
static const char *const short_names[7] = {"mon", "tue|tues", "wed", "thurs|thur", "fri", "sat", "sun"};
static const char *const months[12] = {"january|jan", "february|feb", "march|mar", "april|apr", "may", "june|jun", "july|jul",
                                       "august|aug", "september|sep|sept", "october|oct", "november|nov", "december|dec"};

static size_t near_day(const struct line *l, size_t i, int64_t *day)
{
    static const struct {
        int days;
        const char *words;
    } said[] = {{0, "today|this morning|this afternoon|just now|今天|今日|今早|刚才|刚刚|hom nay|sang nay|chieu nay|vua xong"},
                {-1, "yesterday|yesterday morning|yesterday afternoon|last night|昨天|昨日|昨晚|hom qua|sang qua|chieu qua"},
                {-2, "the day before yesterday|day before yesterday|前天|hom kia"},
                {1, "tomorrow|tomorrow morning|tomorrow afternoon|明天|明日|明早|ngay mai|sang mai|chieu mai"},
                {2, "the day after tomorrow|day after tomorrow|后天|ngay kia|ngay mot"}};
    int64_t today = host->today(l->c), n;
    size_t in = match(l, i, "in|sau"), unit;

    for (size_t k = 0; k < sizeof(said) / sizeof(said[0]); k++)
        if ((unit = match(l, i, said[k].words)) > 0)
            return *day = today + said[k].days, unit;
    if (number(l, i + in, 1, 366, &n)) {
        if ((unit = match(l, i + in + 1, "days ago|day ago|天前|ngay truoc")) > 0)
            return *day = today - n, in + 1 + unit;
        if ((unit = match(l, i + in + 1, "天后|天之后|ngay nua|ngay sau")) > 0 ||
            (in > 0 && (unit = match(l, i + in + 1, "days|day|ngay")) > 0))
            return *day = today + n, in + 1 + unit;
    }
    return 0;
}

static size_t weekday(const struct line *l, size_t i, bool ahead, int64_t *day)
{
    int64_t today = host->today(l->c), monday = today - (today + 3) % 7; /* day 0 was a Thursday */
    size_t next = match(l, i, "next|下|下个"), last = match(l, i, "last|上|上个"), this_ = match(l, i, "this|这|本|这个");
    size_t on = match(l, i, "on|by|before|until"), at = i + next + last + this_ + on, n, more;

    for (int64_t d = 0; d < 7; d++) {
        if ((n = match(l, at, weekdays[d])) == 0 && (next + last + this_ + on == 0 || (n = match(l, at, short_names[d])) == 0))
            continue;
        if (next == 0 && (more = match(l, at + n, "tuan sau|tuan toi|next week")) > 0)
            next = more, n += more;
        else if (last == 0 && (more = match(l, at + n, "tuan truoc|truoc|last week")) > 0)
            last = more, n += more;
        else if ((more = match(l, at + n, "tuan nay|nay")) > 0)
            this_ = more, n += more;
        if (next > 0)
            *day = monday + 7 + d;
        else if (last > 0)
            *day = monday - 7 + d;
        else if (this_ > 0)
            *day = monday + d;
        else if (ahead)
            *day = monday + d > today ? monday + d : monday + d + 7;
        else
            *day = monday + d <= today ? monday + d : monday + d - 7;
        return at + n - i;
    }
    if ((n = match(l, i, "next week|下周|下星期|下个星期|tuan sau|tuan toi")) > 0)
        return *day = monday + 7, n;
    return 0;
}

/* Without a year the next one, or the nearest. */
static bool date(const struct line *l, bool ahead, int64_t y, int64_t m, int64_t d, int64_t *day)
{
    int64_t today = host->today(l->c), this_year, month, dom;

    if (m < 1 || m > 12 || d < 1 || d > 31)
        return false;
    if (y != 0) {
        *day = to_days(y < 100 ? 2000 + y : y, m, d);
        return true;
    }
    from_days(today, &this_year, &month, &dom);
    *day = to_days(this_year, m, d);
    if (ahead ? *day < today : *day < today - 183)
        *day = to_days(this_year + 1, m, d);
    else if (!ahead && *day > today + 182)
        *day = to_days(this_year - 1, m, d);
    return true;
}

static bool is_chinese(const struct line *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->w[i].wide)
            return true;
    return false;
}

static size_t written_day(const struct line *l, size_t i, bool ahead, int64_t *day)
{
    size_t on = match(l, i, "on|ngay|by"), at = i + on, n;
    int64_t a, b, c = 0;

    for (int64_t m = 1; m <= 12; m++) {
        if ((n = match(l, at, months[m - 1])) > 0 && number(l, at + n, 1, 31, &a) && date(l, ahead, 0, m, a, day))
            return at + n + 1 - i;
        if (number(l, at, 1, 31, &a) && (n = match(l, at + 1, months[m - 1])) > 0 && date(l, ahead, 0, m, a, day))
            return at + 1 + n - i;
    }
    if (number(l, at, 1900, 2100, &a) && match(l, at + 1, "-|/|年|.") > 0 && number(l, at + 2, 1, 12, &b) &&
        match(l, at + 3, "-|/|月|.") > 0 && number(l, at + 4, 1, 31, &c) && date(l, ahead, a, b, c, day))
        return at + 5 + match(l, at + 5, "日|号") - i;
    if (number(l, at, 1, 12, &a) && match(l, at + 1, "月") > 0 && number(l, at + 2, 1, 31, &b) && date(l, ahead, 0, a, b, day))
        return at + 3 + match(l, at + 3, "日|号") - i;
    if (number(l, at, 1, 31, &a) && match(l, at + 1, "/|thang") > 0 && number(l, at + 2, 1, 31, &b)) {
        bool year = match(l, at + 3, "/|nam") > 0 && number(l, at + 4, 1, 2100, &c);

        if (b > 12 || (is_chinese(l) && a <= 12)) { /* month first */
            int64_t swap = a;

            a = b;
            b = swap;
        }
        if (date(l, ahead, year ? c : 0, b, a, day))
            return at + (year ? 5 : 3) - i;
    }
    return 0;
}

size_t line_day(const struct line *l, size_t i, bool ahead, int64_t *day)
{
    size_t n;

    if ((n = near_day(l, i, day)) == 0 && (n = weekday(l, i, ahead, day)) == 0)
        n = written_day(l, i, ahead, day);
    return whole(l, i, n);
}
