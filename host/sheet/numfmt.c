/* numfmt.c - Excel's number formats.
 *
 * A format has up to four sections: positive;negative;zero;text.  A section is compiled to tokens
 * once and walked for each number.  Left out on purpose: fractions and exponents show as plain
 * numbers (an import wants the phone number, not 1.38E+10), colours and fill characters are
 * dropped, [DBNum] shows Arabic digits, and the day-first or month-first forms that Excel takes
 * from the reader's own computer (format 14 and 22) show as 2026-11-22. */
#include "sheet/numfmt.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/when.h"

enum {
    MAX_SECTIONS = 4,
    MAX_TOKENS = 96, /* Excel allows 255 characters a format; longer ones show as General */
    MAX_DECIMALS = 30
};

enum token_kind {
    T_LITERAL,
    T_DIGIT, /* 0 # ? */
    T_POINT,
    T_PERCENT,
    T_GENERAL,
    T_YEAR,
    T_MONTH,
    T_DAY,
    T_WEEKDAY, /* aaa aaaa: in Chinese */
    T_HOUR,
    T_MINUTE,
    T_SECOND,
    T_FRACTION, /* of a second */
    T_HALF      /* AM/PM */
};

struct token {
    enum token_kind kind;
    char digit;    /* DIGIT: which of 0 # ? */
    bool elapsed;  /* [h] [m] [s]: the whole duration in that unit */
    uint8_t count; /* how many letters or digits */
    const char *s; /* LITERAL */
    uint16_t len;
};

enum section_kind { S_NUMBER, S_GENERAL, S_DATE };

struct section {
    enum section_kind kind;
    char op[3]; /* condition: "<" "<=" ">" ">=" "=" "<>"; "" none */
    double than;
    bool has_day, has_clock, has_half, has_fraction, has_second, has_elapsed, thousands;
    uint8_t before, after;  /* digits around the point */
    uint8_t percent, scale; /* times 100; thousands cut off */
    uint8_t len;
    struct token *t;
};

struct numfmt {
    size_t len;
    struct section s[];
};

/* ---- Compiling ----------------------------------------------------------------------------- */

struct compile {
    struct section *s;
    const char *p; /* what to read next */
    bool broken;   /* not understood or too long */
    bool text;     /* the section holds an @ */
};

static struct token *add(struct compile *c, enum token_kind kind)
{
    if (c->s->len == MAX_TOKENS) {
        c->broken = true;
        return &c->s->t[0];
    }
    struct token *t = &c->s->t[c->s->len++];

    *t = (struct token){.kind = kind};
    return t;
}

static void add_literal(struct compile *c, const char *s, size_t len)
{
    struct token *last = c->s->len > 0 ? &c->s->t[c->s->len - 1] : NULL;

    if (last != NULL && last->kind == T_LITERAL && last->s + last->len == s) {
        last->len = (uint16_t)(last->len + len);
        return;
    }
    struct token *t = add(c, T_LITERAL);

    t->s = s;
    t->len = (uint16_t)len;
}

static size_t char_len(const char *s)
{
    size_t n = s[0] != '\0';

    while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80)
        n++;
    return n;
}

/* [Red] [$-804] [$¥-804] [h] [<=100] */
static void bracket(struct compile *c)
{
    const char *in = c->p + 1, *end = strchr(in, ']');
    size_t len;

    if (end == NULL) {
        c->broken = true;
        return;
    }
    c->p = end + 1;
    len = (size_t)(end - in);
    if (in[0] == '$') {
        add_literal(c, in + 1, strcspn(in + 1, "-]"));
    } else if (len > 0 && strchr("<>=", in[0]) != NULL) {
        size_t op = strspn(in, "<>=");

        memcpy(c->s->op, in, op < 3 ? op : 2);
        c->s->than = strtod(in + op, NULL);
    } else if (len > 0 && strspn(in, "hH") == len) {
        *add(c, T_HOUR) = (struct token){.kind = T_HOUR, .elapsed = true, .count = (uint8_t)len};
    } else if (len > 0 && strspn(in, "mM") == len) {
        *add(c, T_MINUTE) =
            (struct token){.kind = T_MINUTE, .elapsed = true, .count = (uint8_t)len};
    } else if (len > 0 && strspn(in, "sS") == len) {
        *add(c, T_SECOND) =
            (struct token){.kind = T_SECOND, .elapsed = true, .count = (uint8_t)len};
    }
}

static const struct {
    const char *text;
    enum token_kind kind;
} words[] = {
    {"General", T_GENERAL}, {"G/通用格式", T_GENERAL}, {"AM/PM", T_HALF},
    {"A/P", T_HALF},        {"上午/下午", T_HALF},
};

static bool word(struct compile *c)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        size_t len = strlen(words[i].text);

        if (strncasecmp(c->p, words[i].text, len) != 0)
            continue;
        struct token *t = add(c, words[i].kind);

        t->s = words[i].text;
        t->len = (uint16_t)len;
        c->p += len;
        return true;
    }
    return false;
}

static bool letters(struct compile *c)
{
    static const struct {
        char letter;
        enum token_kind kind;
    } kinds[] = {
        {'y', T_YEAR},    {'e', T_YEAR}, {'m', T_MONTH},  {'d', T_DAY},
        {'a', T_WEEKDAY}, {'h', T_HOUR}, {'s', T_SECOND},
    };
    int letter = tolower((unsigned char)*c->p);
    size_t n = 1;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (kinds[i].letter != letter)
            continue;
        while (tolower((unsigned char)c->p[n]) == letter)
            n++;
        if (letter == 'a' && n < 3)
            return false;
        struct token *t = add(c, kinds[i].kind);

        t->count = (uint8_t)(letter == 'e' ? 4 : n < 200 ? n : 200);
        c->p += n;
        return true;
    }
    return false;
}

/* One thing that stands the same in date and number sections: quoted, escaped, bracketed text. */
static bool common(struct compile *c)
{
    const char *p = c->p;
    const char *end;

    switch (*p) {
    case '[':
        bracket(c);
        return true;
    case '"':
        end = strchr(p + 1, '"');
        if (end == NULL)
            end = p + strlen(p);
        add_literal(c, p + 1, (size_t)(end - p - 1));
        c->p = *end != '\0' ? end + 1 : end;
        return true;
    case '\\':
        add_literal(c, p + 1, char_len(p + 1));
        c->p = p + 1 + char_len(p + 1);
        return true;
    case '_': /* as wide as the next character */
        add_literal(c, " ", 1);
        c->p = p + 1 + char_len(p + 1);
        return true;
    case '*': /* fill with the next character */
        c->p = p + 1 + char_len(p + 1);
        return true;
    }
    return word(c);
}

static void date_token(struct compile *c)
{
    const char *p = c->p;

    if (letters(c))
        return;
    if (p[0] == '.' && p[1] == '0') {
        size_t n = strspn(p + 1, "0");

        add(c, T_FRACTION)->count = (uint8_t)(n < 3 ? n : 3);
        c->s->has_fraction = true;
        c->p = p + 1 + n;
        return;
    }
    c->p += char_len(p);
    if (strchr("gGbB@", *p) == NULL)
        add_literal(c, p, char_len(p));
}

static void number_token(struct compile *c)
{
    const char *p = c->p;

    c->p += char_len(p);
    switch (*p) {
    case '0':
    case '#':
    case '?':
        add(c, T_DIGIT)->digit = *p;
        return;
    case '.':
        add(c, T_POINT);
        return;
    case '%':
        add(c, T_PERCENT);
        return;
    case ',': /* settled by number_shape() */
        add(c, T_LITERAL)->s = ",";
        return;
    case '@':
        add(c, T_GENERAL);
        c->text = true;
        return;
    }
    if ((*p == 'E' || *p == 'e') && (p[1] == '+' || p[1] == '-'))
        c->s->kind = S_GENERAL;
    if (*p == '/' && c->s->len > 0 && c->s->t[c->s->len - 1].kind == T_DIGIT)
        c->s->kind = S_GENERAL;
    add_literal(c, p, char_len(p));
}

/* Counts digits and settles what each comma means: between digits, thousands; behind the last, a
 * factor of a thousand; else itself. */
static void number_shape(struct section *s)
{
    int last = -1, first = -1;
    bool point = false;

    for (int i = 0; i < s->len; i++) {
        if (s->t[i].kind == T_DIGIT) {
            *(point ? &s->after : &s->before) += 1;
            first = first < 0 ? i : first;
            last = i;
        }
        point = point || s->t[i].kind == T_POINT;
        s->percent = (uint8_t)(s->percent + (s->t[i].kind == T_PERCENT));
    }
    for (int i = 0; i < s->len; i++) {
        struct token *t = &s->t[i];

        if (t->kind != T_LITERAL || t->len != 0 || t->s == NULL || t->s[0] != ',')
            continue;
        if (first >= 0 && i > first && i < last)
            s->thousands = true;
        else if (last >= 0 && i > last)
            s->scale++;
        else
            t->len = 1;
    }
    if (s->after > MAX_DECIMALS)
        s->kind = S_GENERAL;
}

/* m and mm are minutes behind hours or before seconds. */
static void date_shape(struct section *s)
{
    struct token *before = NULL;

    for (int i = 0; i < s->len; i++) {
        struct token *t = &s->t[i];

        if (t->kind == T_LITERAL || t->kind == T_HALF)
            continue;
        if (t->kind == T_MONTH && t->count <= 2 && before != NULL && before->kind == T_HOUR)
            t->kind = T_MINUTE;
        if (t->kind == T_SECOND && before != NULL && before->kind == T_MONTH && before->count <= 2)
            before->kind = T_MINUTE;
        before = t;
    }
    for (int i = 0; i < s->len; i++) {
        enum token_kind k = s->t[i].kind;

        s->has_day |= k == T_YEAR || k == T_MONTH || k == T_DAY || k == T_WEEKDAY;
        s->has_clock |= k == T_HOUR || k == T_MINUTE || k == T_SECOND;
        s->has_half |= k == T_HALF;
        s->has_second |= k == T_SECOND;
        s->has_elapsed |= s->t[i].elapsed;
    }
}

/* Does the section up to ; hold a date letter outside quotes and brackets, or [h]? */
static bool is_date(const char *p)
{
    for (; *p != '\0' && *p != ';'; p++) {
        if (*p == '"') {
            p = strchr(p + 1, '"');
            if (p == NULL)
                return false;
        } else if (*p == '\\' || *p == '_' || *p == '*') {
            if (*++p == '\0')
                return false;
        } else if (*p == '[') {
            size_t n = strspn(p + 1, "hHmMsS");

            if (n > 0 && p[1 + n] == ']')
                return true;
            p = strchr(p, ']');
            if (p == NULL)
                return false;
        } else if (strncasecmp(p, "General", 7) == 0) {
            p += 6;
        } else if (strchr("yYmMdDhHsS", *p) != NULL || strncasecmp(p, "aaa", 3) == 0) {
            return true;
        }
    }
    return false;
}

static bool compile_section(struct compile *c)
{
    bool date = is_date(c->p);

    c->text = false;
    c->s->kind = date ? S_DATE : S_NUMBER;
    while (*c->p != '\0' && *c->p != ';' && !c->broken)
        if (!common(c))
            (date ? date_token : number_token)(c);
    if (date)
        date_shape(c->s);
    else
        number_shape(c->s);
    return !c->broken;
}

const struct numfmt *numfmt_new(struct arena *a, const char *code)
{
    struct section s[MAX_SECTIONS] = {0};
    struct token t[MAX_SECTIONS][MAX_TOKENS];
    struct compile c = {.p = arena_strdup(a, code)};
    size_t n = 0;

    do {
        c.p += n > 0;
        c.s = &s[n];
        c.s->t = t[n];
        if (!compile_section(&c)) {
            n = 1;
            s[0] = (struct section){.kind = S_GENERAL, .t = t[0]};
            break;
        }
        n++;
    } while (*c.p == ';' && n < MAX_SECTIONS);
    if (n > 3 || (n > 1 && c.text))
        n--; /* the section for text */
    struct numfmt *f = arena_alloc(a, sizeof(*f) + n * sizeof(*s));

    f->len = n;
    for (size_t i = 0; i < n; i++) {
        f->s[i] = s[i];
        f->s[i].t = arena_alloc(a, s[i].len * sizeof(struct token));
        memcpy(f->s[i].t, s[i].t, s[i].len * sizeof(struct token));
    }
    return f;
}

/* ---- Formats every workbook has ------------------------------------------------------------- */

/* 27-36 and 50-58 are those of a Chinese Excel. */
static const char *const builtin[] = {
    [0] = "General",
    [1] = "0",
    [2] = "0.00",
    [3] = "#,##0",
    [4] = "#,##0.00",
    [5] = "$#,##0;-$#,##0",
    [6] = "$#,##0;-$#,##0",
    [7] = "$#,##0.00;-$#,##0.00",
    [8] = "$#,##0.00;-$#,##0.00",
    [9] = "0%",
    [10] = "0.00%",
    [11] = "0.00E+00",
    [12] = "# ?/?",
    [13] = "# ?\?/??",
    [14] = "yyyy-mm-dd",
    [15] = "d-mmm-yy",
    [16] = "d-mmm",
    [17] = "mmm-yy",
    [18] = "h:mm AM/PM",
    [19] = "h:mm:ss AM/PM",
    [20] = "h:mm",
    [21] = "h:mm:ss",
    [22] = "yyyy-mm-dd hh:mm",
    [27] = "yyyy年m月",
    [28] = "m月d日",
    [29] = "m月d日",
    [30] = "m-d-yy",
    [31] = "yyyy年m月d日",
    [32] = "h时mm分",
    [33] = "h时mm分ss秒",
    [34] = "上午/下午h时mm分",
    [35] = "上午/下午h时mm分ss秒",
    [36] = "yyyy年m月",
    [37] = "#,##0;-#,##0",
    [38] = "#,##0;-#,##0",
    [39] = "#,##0.00;-#,##0.00",
    [40] = "#,##0.00;-#,##0.00",
    [41] = "#,##0;-#,##0;-",
    [42] = "$#,##0;-$#,##0;$-",
    [43] = "#,##0.00;-#,##0.00;-",
    [44] = "$#,##0.00;-$#,##0.00;$-",
    [45] = "mm:ss",
    [46] = "[h]:mm:ss",
    [47] = "mm:ss.0",
    [48] = "0.0E+0",
    [49] = "@",
    [50] = "yyyy年m月",
    [51] = "m月d日",
    [52] = "yyyy年m月",
    [53] = "m月d日",
    [54] = "m月d日",
    [55] = "上午/下午h时mm分",
    [56] = "上午/下午h时mm分ss秒",
    [57] = "yyyy年m月",
    [58] = "m月d日",
};

const char *numfmt_builtin(unsigned id)
{
    const char *code = id < sizeof(builtin) / sizeof(*builtin) ? builtin[id] : NULL;

    return code != NULL ? code : "General";
}

/* ---- Numbers ------------------------------------------------------------------------------- */

/* The 15 digits that Excel works with: v = 0.d0d1d2... * 10^point. */
struct decimal {
    char d[16];
    int point;
};

static struct decimal to_decimal(double v)
{
    struct decimal r;
    char s[40];

    snprintf(s, sizeof(s), "%.14e", fabs(v)); /* d.dddddddddddddde+xx */
    r.d[0] = s[0];
    memcpy(r.d + 1, s + 2, 14);
    r.d[15] = '\0';
    r.point = v == 0 ? 1 : atoi(s + 17) + 1;
    return r;
}

/* Rounds half up at `places` behind the point. */
static void round_decimal(struct decimal *r, int places)
{
    int keep = r->point + places;

    if (keep >= 15)
        return;
    if (keep < 0 || (keep == 0 && r->d[0] < '5')) {
        memset(r->d, '0', 15);
        r->point = 1;
        return;
    }
    bool up = r->d[keep] >= '5';
    int i = keep - 1;

    memset(r->d + keep, '0', (size_t)(15 - keep));
    while (up && i >= 0) {
        up = r->d[i] == '9';
        r->d[i] = up ? '0' : (char)(r->d[i] + 1);
        i--;
    }
    if (up) { /* 9.99 -> 10.0 */
        memmove(r->d + 1, r->d, 14);
        r->d[0] = '1';
        r->point++;
    }
}

static bool is_zero(const struct decimal *r)
{
    return strspn(r->d, "0") == 15;
}

/* The digit at 10^place: place 0 is the last before the point. */
static char digit_at(const struct decimal *r, int place)
{
    int i = r->point - 1 - place;

    return i >= 0 && i < 15 ? r->d[i] : '0';
}

static int int_digits(const struct decimal *r)
{
    return r->point > 0 && !is_zero(r) ? r->point : 0;
}

void numfmt_general(double v, struct buf *out)
{
    if (v == floor(v) && fabs(v) <= 9007199254740992.0) { /* 2^53: exact */
        buf_addf(out, "%lld", (long long)v);
        return;
    }
    if (!isfinite(v) || fabs(v) >= 1e21 || fabs(v) < 1e-12) {
        buf_addf(out, "%.15g", v);
        return;
    }
    struct decimal r = to_decimal(v);
    int last = 14;

    while (last > 0 && r.d[last] == '0')
        last--;
    buf_puts(out, v < 0 ? "-" : "");
    for (int place = r.point > 0 ? r.point - 1 : 0; place >= 0; place--)
        buf_putc(out, digit_at(&r, place));
    if (last >= r.point)
        buf_putc(out, '.');
    for (int place = -1; place >= r.point - 1 - last; place--)
        buf_putc(out, digit_at(&r, place));
}

static void put_int_digit(struct buf *out, const struct section *s, const struct decimal *r,
                          int place, char kind)
{
    if (place >= int_digits(r) && kind == '#')
        return;
    if (place >= int_digits(r) && kind == '?') {
        buf_putc(out, ' ');
        return;
    }
    buf_putc(out, digit_at(r, place));
    if (s->thousands && place > 0 && place % 3 == 0)
        buf_putc(out, ',');
}

static void put_number(struct buf *out, const struct section *s, const struct decimal *r)
{
    int place = s->before, after = s->after;
    bool behind = false, first = true;

    /* #s at the end show only what is there */
    for (int i = s->len - 1; i >= 0 && after > 0; i--)
        if (s->t[i].kind == T_DIGIT) {
            if (s->t[i].digit == '0' || digit_at(r, -after) != '0')
                break;
            after--;
        }
    for (int i = 0; i < s->len; i++) {
        const struct token *t = &s->t[i];

        if (t->kind == T_LITERAL)
            buf_add(out, t->s, t->len);
        else if (t->kind == T_PERCENT)
            buf_putc(out, '%');
        else if (t->kind == T_POINT) {
            if (s->before == 0 && int_digits(r) > 0)
                for (int p = int_digits(r) - 1; p >= 0; p--)
                    put_int_digit(out, s, r, p, '0');
            behind = true;
            place = 0;
            if (after > 0)
                buf_putc(out, '.');
        } else if (t->kind == T_DIGIT && behind) {
            if (--place >= -after)
                buf_putc(out, digit_at(r, place));
            else if (t->digit == '?')
                buf_putc(out, ' ');
        } else if (t->kind == T_DIGIT) {
            place--;
            for (int p = int_digits(r) - 1; first && p > place; p--)
                put_int_digit(out, s, r, p, '0');
            first = false;
            put_int_digit(out, s, r, place, t->digit);
        }
    }
}

static bool plain_integer(const char *raw)
{
    if (raw == NULL)
        return false;
    raw += *raw == '-';
    return strlen(raw) > 15 && raw[strspn(raw, "0123456789")] == '\0';
}

static void general(const struct section *s, double v, const char *raw, struct buf *out)
{
    bool shown = false;

    for (int i = 0; i < s->len && s->kind == S_NUMBER; i++) {
        if (s->t[i].kind == T_LITERAL)
            buf_add(out, s->t[i].s, s->t[i].len);
        if (s->t[i].kind == T_GENERAL && !shown) {
            numfmt_general(v, out);
            shown = true;
        }
    }
    if (!shown && plain_integer(raw))
        buf_puts(out, raw);
    else if (!shown)
        numfmt_general(v, out);
}

static bool has_general(const struct section *s)
{
    for (int i = 0; i < s->len; i++)
        if (s->t[i].kind == T_GENERAL)
            return true;
    return false;
}

static void show_number(const struct section *s, double v, const char *raw, struct buf *out)
{
    if (s->kind == S_GENERAL || (has_general(s) && s->len == 1)) {
        general(&(struct section){.kind = S_GENERAL}, v, raw, out);
        return;
    }
    if (has_general(s)) {
        general(s, v, NULL, out);
        return;
    }
    double scaled = v * pow(100, s->percent) / pow(1000, s->scale);

    if (fabs(scaled) >= 1e15 || !isfinite(scaled)) {
        general(&(struct section){.kind = S_GENERAL}, v, raw, out);
        return;
    }
    struct decimal r = to_decimal(scaled);

    round_decimal(&r, s->after);
    if (v < 0 && !is_zero(&r) && s->before + s->after > 0)
        buf_putc(out, '-');
    put_number(out, s, &r);
}

/* ---- Dates --------------------------------------------------------------------------------- */

/* Excel counts a 29 February 1900 that never was, so its days before March 1900 are one less. */
static int64_t serial_day(int64_t serial, bool base1904)
{
    if (base1904)
        return serial - 24107;
    return serial < 61 ? serial - 25568 : serial - 25569;
}

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
static const char *const weekdays_zh[] = {"日", "一", "二", "三", "四", "五", "六"};

struct moment {
    int year, month, day, weekday;
    int64_t ms;    /* of the day */
    int64_t total; /* ms since day 0: for [h] */
};

static void put_padded(struct buf *out, int64_t v, int width)
{
    buf_addf(out, "%0*lld", width, (long long)v);
}

static void put_name(struct buf *out, const char *name, int count)
{
    buf_add(out, name, count == 3 ? 3 : count == 5 ? 1 : strlen(name));
}

static void put_half(struct buf *out, const struct token *t, int64_t hour)
{
    const char *slash = memchr(t->s, '/', t->len);

    if (hour < 12)
        buf_add(out, t->s, (size_t)(slash - t->s));
    else
        buf_puts(out, slash + 1);
}

static void put_date_token(struct buf *out, const struct section *s, const struct token *t,
                           const struct moment *m)
{
    int64_t hour = m->ms / 3600000, v;
    int width = t->count >= 2 ? 2 : 1;

    switch (t->kind) {
    case T_YEAR:
        put_padded(out, t->count <= 2 ? m->year % 100 : m->year, t->count <= 2 ? 2 : 4);
        return;
    case T_MONTH:
        if (t->count >= 3)
            put_name(out, months[m->month - 1], t->count);
        else
            put_padded(out, m->month, width);
        return;
    case T_DAY:
        if (t->count >= 3)
            put_name(out, weekdays[m->weekday], t->count);
        else
            put_padded(out, m->day, width);
        return;
    case T_WEEKDAY:
        buf_puts(out, t->count >= 4 ? "星期" : "");
        buf_puts(out, weekdays_zh[m->weekday]);
        return;
    case T_HOUR:
        v = t->elapsed ? m->total / 3600000 : s->has_half ? (hour + 11) % 12 + 1 : hour;
        put_padded(out, v, width);
        return;
    case T_MINUTE:
        put_padded(out, t->elapsed ? m->total / 60000 : m->ms / 60000 % 60, width);
        return;
    case T_SECOND:
        put_padded(out, t->elapsed ? m->total / 1000 : m->ms / 1000 % 60, width);
        return;
    case T_FRACTION:
        buf_putc(out, '.');
        v = m->ms % 1000;
        put_padded(out, t->count == 1 ? v / 100 : t->count == 2 ? v / 10 : v, t->count);
        return;
    case T_HALF:
        put_half(out, t, hour);
        return;
    default:
        buf_add(out, t->s, t->len);
    }
}

/* The moment to the millisecond; shown seconds are rounded, as Excel does. */
static int64_t serial_ms(double v, const struct section *s)
{
    int64_t ms = llround(v * (double)WHEN_DAY);

    if (s->has_second && !s->has_fraction)
        ms = (ms + 500) / 1000 * 1000;
    return ms;
}

/* False when v is no date: the number is to be shown. */
static bool show_date(const struct section *s, double v, bool base1904, struct buf *out,
                      struct sheet_cell *c)
{
    static const struct section clock = {.has_second = true};

    if (!(v >= 0 && v < 2958466)) /* up to 9999-12-31 */
        return false;
    int64_t ms = serial_ms(v, s), serial = ms / WHEN_DAY;
    struct moment m = {.ms = ms % WHEN_DAY, .total = ms};
    bool timed = !s->has_day || (s->has_clock && serial == 0 && !base1904);

    if (!timed && serial == 0 && !base1904)
        return false; /* Excel shows "1900-01-00" */
    int64_t days = serial_day(serial, base1904), exact = llround(v * (double)WHEN_DAY);

    when_civil(days, &m.year, &m.month, &m.day);
    m.weekday = (int)(((days + 4) % 7 + 7) % 7);
    if (timed && s->has_day) { /* a time of day in a cell that could show a date */
        ms = serial_ms(v, &clock);
        buf_addf(out, "%02d:%02d:%02d", (int)(ms / 3600000), (int)(ms / 60000 % 60),
                 (int)(ms / 1000 % 60));
    } else {
        for (int i = 0; i < s->len; i++)
            put_date_token(out, s, &s->t[i], &m);
    }
    c->type = timed ? SHEET_TIME : s->has_clock ? SHEET_DATETIME : SHEET_DATE;
    if (timed)
        c->v.ms = exact;
    else if (s->has_clock)
        c->v.ms = days * WHEN_DAY + exact - serial * WHEN_DAY;
    else
        c->v.days = days;
    return true;
}

/* ---- Choosing the section -------------------------------------------------------------------- */

static bool holds(const struct section *s, double v)
{
    switch (s->op[0]) {
    case '<':
        return s->op[1] == '=' ? v <= s->than : s->op[1] == '>' ? v != s->than : v < s->than;
    case '>':
        return s->op[1] == '=' ? v >= s->than : v > s->than;
    case '=':
        return v == s->than;
    }
    return false;
}

static const struct section *choose(const struct numfmt *f, double v)
{
    if (f->s[0].op[0] != '\0') {
        for (size_t i = 0; i < f->len; i++)
            if (f->s[i].op[0] == '\0' || holds(&f->s[i], v))
                return &f->s[i];
        return &f->s[f->len - 1];
    }
    if (v < 0 && f->len > 1)
        return &f->s[1];
    if (v == 0 && f->len > 2)
        return &f->s[2];
    return &f->s[0];
}

void numfmt_show(const struct numfmt *f, double v, const char *raw, bool base1904, struct buf *out,
                 struct sheet_cell *c)
{
    const struct section *s = choose(f, v);
    /* A section for negative numbers only brings its own sign, if it wants one. */
    bool negative =
        f->s[0].op[0] != '\0' ? s->op[0] == '<' && s->op[1] != '>' && s->than <= 0 : s == &f->s[1];

    c->type = SHEET_NUMBER;
    c->v.number = v;
    if (s->kind == S_DATE && show_date(s, v, base1904, out, c))
        return;
    if (s->kind == S_DATE)
        numfmt_general(v, out);
    else
        show_number(s, negative ? fabs(v) : v, raw, out);
}
