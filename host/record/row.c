/* row.c - values in and out: JSON, database columns, text for people; and what must hold. */
#include "record/row.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "base/when.h"
#include "record/condition.h"
#include "record/find.h"
#include "record/hangs.h"
#include "record/told.h"
#include "record/where.h"
#include "record/zone.h"
#include "text/written.h"

enum { MANY_MAX = 100 }; /* values of a field that holds several */

/* ---- rows --------------------------------------------------------------------- */
struct berth_row *row_new(struct berth_ctx *c, const struct table *t)
{
    struct berth_row *r = arena_alloc(c->a, sizeof(*r));

    r->c = c;
    r->t = t;
    r->v = arena_alloc(c->a, (size_t)t->nfields * sizeof(*r->v));
    return r;
}

struct berth_row *row_copy(const struct berth_row *from)
{
    struct berth_row *r = row_new(from->c, from->t);

    memcpy(r->v, from->v, (size_t)from->t->nfields * sizeof(*r->v));
    return r;
}

bool val_equal(struct berth_val a, struct berth_val b)
{
    if (a.type == BERTH_NULL || b.type == BERTH_NULL)
        return a.type == b.type;
    if (a.type == BERTH_REAL || b.type == BERTH_REAL)
        return a.type == b.type && !(a.d < b.d) && !(a.d > b.d);
    if (a.len != 0 || b.len != 0)
        return a.len == b.len && memcmp(a.s, b.s, (size_t)a.len) == 0;
    return a.i == b.i;
}

/* Text values keep len > 0; empty text is nil everywhere. */
static struct berth_val text_val(struct berth_ctx *c, const struct field *f, const char *s, size_t n)
{
    if (n == 0)
        return berth_nil();
    return (struct berth_val){(f->flags & BERTH_MANY) ? BERTH_TEXT : (int32_t)f->type, (int32_t)n,
                              {.s = arena_strndup(c->a, s, n)}};
}

static struct berth_val int_val(const struct field *f, int64_t i)
{
    return (struct berth_val){(int32_t)f->type, 0, {.i = i}};
}

void row_defaults(struct berth_row *r)
{
    for (int i = F_DECLARED; i < r->t->nfields; i++) {
        const struct field *f = &r->t->fields[i];
        struct berth_val v = berth_nil();

        if (f->def == NULL || !val_is_nil(r->v[i]) || i == r->t->at_owner)
            continue; /* the owner is decided when it is saved: pools have a say */
        if (strcmp(f->def, "@now") == 0)
            v = int_val(f, r->c->now);
        else if (strcmp(f->def, "@today") == 0)
            v = int_val(f, where_today(r->c));
        else if (strcmp(f->def, "@user") == 0)
            v = r->c->who == NULL ? berth_nil() : int_val(f, r->c->who->id);
        else if (f->def[0] != '@')
            val_from_text(r->c, f, f->def, strlen(f->def), &v);
        r->v[i] = v; /* @next is given at the insert, inside the transaction */
    }
}

struct berth_val row_get(const struct berth_row *r, const char *field)
{
    const struct field *f = r == NULL ? NULL : model_field(r->t, field);

    return f == NULL ? berth_nil() : r->v[f->at];
}

void row_set(struct berth_row *r, const char *field, struct berth_val v)
{
    const struct field *f = r == NULL ? NULL : model_field(r->t, field);

    if (r == NULL || r->c->rc != BERTH_OK)
        return;
    if (f == NULL) {
        ctx_invalid(r->c, field, "err.unknown_field", "name", field, NULL);
        return;
    }
    if (v.type == BERTH_NULL) {
        r->v[f->at] = berth_nil();
    } else if (field_is_text(f)) {
        if (v.type > BERTH_URL && v.type != BERTH_PICK && v.type != BERTH_JSON)
            ctx_invalid(r->c, field, "err.text", NULL);
        else
            r->v[f->at] = text_val(r->c, f, v.s, v.len < 0 ? strlen(v.s) : (size_t)v.len);
    } else if (f->type == BERTH_REAL) {
        double d = v.type == BERTH_REAL ? v.d : (double)v.i;

        r->v[f->at] = (struct berth_val){BERTH_REAL, 0, {.d = d}};
    } else if (v.type == BERTH_REAL || type_is_text((enum berth_type)v.type)) {
        ctx_invalid(r->c, field, "err.number", NULL);
    } else {
        r->v[f->at] = f->type == BERTH_REF && v.i == 0 ? berth_nil() : int_val(f, v.i);
    }
}

/* ---- from people -------------------------------------------------------------- */
static bool bad(struct berth_ctx *c, const struct field *f, const char *key)
{
    ctx_invalid(c, f->name, key, NULL);
    return false;
}

static size_t utf8_chars(const char *s, size_t n)
{
    size_t chars = 0;

    for (size_t i = 0; i < n; i++)
        chars += ((unsigned char)s[i] & 0xc0) != 0x80;
    return chars;
}

static bool space(unsigned char ch)
{
    return ch == ' ' || (ch >= '\t' && ch <= '\r');
}

/* Trims, including the ideographic and the no-break space. */
static void trim(const char **s, size_t *n)
{
    for (;;) {
        if (*n > 0 && space((unsigned char)**s))
            (*s)++, (*n)--;
        else if (*n >= 3 && memcmp(*s, "\xe3\x80\x80", 3) == 0)
            *s += 3, *n -= 3;
        else if (*n >= 2 && memcmp(*s, "\xc2\xa0", 2) == 0)
            *s += 2, *n -= 2;
        else
            break;
    }
    for (;;) {
        if (*n > 0 && space((unsigned char)(*s)[*n - 1]))
            (*n)--;
        else if (*n >= 3 && memcmp(*s + *n - 3, "\xe3\x80\x80", 3) == 0)
            *n -= 3;
        else if (*n >= 2 && memcmp(*s + *n - 2, "\xc2\xa0", 2) == 0)
            *n -= 2;
        else
            break;
    }
}

static bool email_ok(const char *s, size_t n)
{
    const char *at = memchr(s, '@', n);

    if (at == NULL || at == s || memchr(at + 1, '@', n - (size_t)(at + 1 - s)) != NULL)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] <= ' ' || strchr(",;<>()\"", s[i]) != NULL)
            return false;
    size_t domain = n - (size_t)(at + 1 - s);
    const char *dot = memchr(at + 1, '.', domain);

    return dot != NULL && dot != at + 1 && s[n - 1] != '.';
}

/* Several addresses may stand in one cell, parted by ; or , or space. */
static bool emails_ok(const char *s, size_t n)
{
    size_t i = 0;
    bool any = false;

    while (i < n) {
        size_t from;

        while (i < n && (s[i] == ';' || s[i] == ',' || s[i] == ' ' || s[i] == '/'))
            i++;
        for (from = i; i < n && s[i] != ';' && s[i] != ',' && s[i] != ' ' && s[i] != '/'; i++) {
        }
        if (i > from) {
            /* full-width forms are typed with Chinese input methods; comparing folds them */
            if ((unsigned char)s[from] < 0x80 && !email_ok(s + from, i - from))
                return false;
            any = true;
        }
    }
    return any;
}

static bool phone_ok(const char *s, size_t n)
{
    size_t digits = 0;

    for (size_t i = 0; i < n; i++) {
        if (s[i] >= '0' && s[i] <= '9')
            digits++;
        else if (i + 2 < n && memcmp(s + i, "\xef\xbc", 2) == 0 &&
                 (unsigned char)s[i + 2] >= 0x90 && (unsigned char)s[i + 2] <= 0x99)
            digits++; /* full width 0-9 */
    }
    return digits >= 3;
}

static bool url_ok(const char *s, size_t n)
{
    const char *colon = memchr(s, ':', n);

    if (memchr(s, ' ', n) != NULL)
        return false;
    if (colon == NULL || memchr(s, '.', (size_t)(colon - s)) != NULL)
        return memchr(s, '.', n) != NULL; /* www.example.com[:8080] */
    return strncasecmp(s, "http://", 7) == 0 || strncasecmp(s, "https://", 8) == 0;
}

static bool take_text(struct berth_ctx *c, const struct field *f, const char *s, size_t n,
                      struct berth_val *out)
{
    char limit[16];

    trim(&s, &n);
    *out = berth_nil();
    if (n == 0)
        return true;
    for (size_t i = 0; i < n; i++) {
        unsigned char ch = (unsigned char)s[i];

        if (ch == 0x7f || (ch < 0x20 && (f->type != BERTH_LONG || (ch != '\n' && ch != '\t' && ch != '\r')) &&
                           f->type != BERTH_JSON))
            return bad(c, f, "err.control");
    }
    if (utf8_chars(s, n) > (size_t)f->max) {
        snprintf(limit, sizeof(limit), "%d", f->max);
        ctx_invalid(c, f->name, "err.too_long", "max", limit, NULL);
        return false;
    }
    if (f->type == BERTH_EMAIL && !emails_ok(s, n))
        return bad(c, f, "err.email");
    if (f->type == BERTH_PHONE && !phone_ok(s, n))
        return bad(c, f, "err.phone");
    if (f->type == BERTH_URL && !url_ok(s, n))
        return bad(c, f, "err.url");
    *out = text_val(c, f, s, n);
    return true;
}

static bool take_int(struct berth_ctx *c, const struct field *f, int64_t i, struct berth_val *out)
{
    if (f->type == BERTH_REF || f->type == BERTH_FILE) {
        if (i <= 0)
            return bad(c, f, "err.ref");
    }
    *out = int_val(f, i);
    return true;
}

static bool pick_known(const struct field *f, const char *key, size_t n)
{
    return f->dict != NULL && map_getn(&f->dict->by_key, key, n) != NULL;
}

/* How what stands in a cell is to be taken. */
static struct written writer(const struct berth_ctx *c)
{
    int year, month, day;

    when_civil(c->now / WHEN_DAY, &year, &month, &day);
    return (struct written){c->st->company.country, c->locale == NULL ? "" : c->locale, year};
}

static const char *day_text(struct berth_ctx *c, int64_t days)
{
    char text[WHEN_DATE_MAX];

    when_date_format(days, text);
    return arena_strdup(c->a, text);
}

/* A day, and the second of it or -1. */
static bool sheet_day(struct berth_ctx *c, const struct field *f, const char *s, size_t n, struct written_day *day)
{
    struct written how = writer(c);
    const char *wrong = written_date(&how, s, n, day);

    if (wrong == NULL)
        return true;
    if (f->type == BERTH_TIME && strcmp(wrong, "err.date") == 0)
        wrong = "err.time";
    ctx_invalid(c, f->name, wrong, "day", day_text(c, day->days), "other", day_text(c, day->or_days), NULL);
    return false;
}

static bool take_date(struct berth_ctx *c, const struct field *f, const char *s, size_t n, struct berth_val *out)
{
    struct written_day day;
    int64_t at;

    if (!when_date_parse(s, n, &day.days)) {
        /* a moment is the day that clocks show here; programs write days as midnight of UTC */
        if (when_time_parse(s, n, &at))
            day.days = at % WHEN_DAY == 0 ? at / WHEN_DAY : zone_day(c->st->company.zone, at);
        else if (!sheet_day(c, f, s, n, &day))
            return false;
    }
    *out = int_val(f, day.days);
    return true;
}

/* Without a zone on the company's clocks; without a time of day the day's beginning. */
static bool take_time(struct berth_ctx *c, const struct field *f, const char *s, size_t n, struct berth_val *out)
{
    const char *zone = c->st->company.zone;
    struct written_day day;
    int64_t ms;

    if (!when_time_parse(s, n, &ms)) {
        if (!sheet_day(c, f, s, n, &day))
            return false;
        ms = day.second < 0 ? zone_midnight(zone, day.days) : zone_at(zone, day.days, day.second / 60) + day.second % 60 * INT64_C(1000);
    }
    *out = int_val(f, ms);
    return true;
}

/* The currency that the amounts are in anyway may stand at either end. */
static void drop_currency(const struct berth_ctx *c, const struct field *f, const char **s, size_t *n)
{
    static const struct {
        const char *code, *sign[4];
    } all[] = {{"CNY", {"¥", "￥", "元", "RMB"}}, {"VND", {"₫", "đồng", "VNĐ", "đ"}}, {"USD", {"$", "US$"}}, {"EUR", {"€"}},
               {"JPY", {"¥", "￥", "円"}},        {"GBP", {"£"}},      {"HKD", {"HK$"}},      {"TWD", {"NT$", "元"}}};
    const char *code = f->of != NULL && f->of[0] != '@' ? f->of : c->st->company.currency;
    const char *signs[5] = {code};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (strcmp(all[i].code, code) == 0)
            memcpy(signs + 1, all[i].sign, sizeof(all[i].sign));
    for (size_t i = 0; i < 5 && signs[i] != NULL; i++) {
        size_t len = strlen(signs[i]);

        if (*n <= len)
            continue;
        if (memcmp(*s, signs[i], len) == 0)
            *s += len, *n -= len;
        else if (memcmp(*s + *n - len, signs[i], len) == 0)
            *n -= len;
        else
            continue;
        trim(s, n);
        return;
    }
}

/* As programs write it. */
static bool sheet_number(struct berth_ctx *c, const struct field *f, const char *s, size_t n, char out[WRITTEN_NUMBER_MAX])
{
    struct written how = writer(c);
    const char *wrong;

    if (f->type == BERTH_MONEY)
        drop_currency(c, f, &s, &n);
    wrong = written_number(&how, f->type == BERTH_REAL ? WRITTEN_REAL : f->type == BERTH_INT ? WRITTEN_WHOLE : WRITTEN_AMOUNT, s, n, out);
    return wrong == NULL || bad(c, f, f->type == BERTH_MONEY && strcmp(wrong, "err.number") == 0 ? "err.money" : wrong);
}

static bool take_number(struct berth_ctx *c, const struct field *f, const char *s, size_t n, struct berth_val *out)
{
    char num[WRITTEN_NUMBER_MAX], *end;
    int64_t i;

    if (!sheet_number(c, f, s, n, num))
        return false;
    if (f->type == BERTH_MONEY) {
        *out = int_val(f, 0);
        return money_parse(num, strlen(num), &out->i) || bad(c, f, "err.money");
    }
    if (f->type == BERTH_REAL) {
        *out = (struct berth_val){BERTH_REAL, 0, {.d = strtod(num, &end)}};
        return (*end == '\0' && isfinite(out->d)) || bad(c, f, "err.number");
    }
    errno = 0;
    i = strtoll(num, &end, 10);
    if (*end == '.' && strspn(end + 1, "0") == strlen(end + 1))
        end += strlen(end);
    return errno == ERANGE || *end != '\0' ? bad(c, f, "err.number") : take_int(c, f, i, out);
}

static bool take_bool(struct berth_ctx *c, const struct field *f, const char *s, size_t n,
                      struct berth_val *out)
{
    static const struct {
        const char *word;
        bool v;
    } words[] = {{"1", true},   {"0", false},  {"true", true}, {"false", false}, {"yes", true},
                 {"no", false}, {"y", true},   {"n", false},   {"x", true},      {"是", true},
                 {"否", false}, {"有", true},  {"无", false},  {"無", false},    {"có", true},
                 {"không", false}, {"√", true}, {"✓", true}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strlen(words[i].word) == n && strncasecmp(words[i].word, s, n) == 0) {
            *out = int_val(f, words[i].v);
            return true;
        }
    return bad(c, f, "err.bool");
}

/* A dictionary item by key or by its label in any language. */
static const char *pick_by_text(struct berth_ctx *c, const struct field *f, const char *s, size_t n)
{
    if (f->dict == NULL)
        return NULL;
    for (size_t i = 0; i < f->dict->n; i++) {
        const struct dict_item *it = &f->dict->items[i];

        if (strlen(it->key) == n && strncasecmp(it->key, s, n) == 0)
            return it->key;
    }
    for (size_t i = 0; i < f->dict->n; i++) {
        const char *key = arena_fmt(c->a, "%s.%s", f->dict->name, f->dict->items[i].key);

        for (const char *const *loc = labels_locales; *loc != NULL; loc++) {
            const char *text = labels_find(c->st->labels, *loc, key);

            if (text != NULL && strlen(text) == n && strncasecmp(text, s, n) == 0)
                return f->dict->items[i].key;
        }
    }
    return NULL;
}

static bool too_many(struct berth_ctx *c, const struct field *f)
{
    ctx_invalid(c, f->name, "err.too_many", "max", arena_fmt(c->a, "%d", MANY_MAX), NULL);
    return false;
}

static void many_add(struct buf *b, const char *s, size_t n)
{
    if (b->len == 0)
        buf_putc(b, '|');
    buf_add(b, s, n);
    buf_putc(b, '|');
}

/* The bytes of the separator that stands here between values of a cell, or 0. */
static size_t separator(const char *s, size_t n)
{
    static const char *const wide[] = {"、", "，", "；"};

    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
        if (n >= strlen(wide[i]) && memcmp(s, wide[i], strlen(wide[i])) == 0)
            return strlen(wide[i]);
    return strchr(",;|/\n", *s) != NULL ? 1 : 0;
}

static size_t next_separator(const char *s, size_t n)
{
    size_t i = 0;

    while (i < n && separator(s + i, n - i) == 0)
        i++;
    return i;
}

/* The labels of a dictionary that hold separators themselves, and a NULL. */
static const char *const *labels_parted(struct berth_ctx *c, const struct dict *d)
{
    size_t locales = 0, n = 0;
    const char **out;

    while (labels_locales[locales] != NULL)
        locales++;
    out = arena_alloc(c->a, ((d == NULL ? 0 : d->n) * locales + 1) * sizeof(*out));
    for (size_t i = 0; d != NULL && i < d->n; i++) {
        const char *key = arena_fmt(c->a, "%s.%s", d->name, d->items[i].key);

        for (const char *const *loc = labels_locales; *loc != NULL; loc++) {
            const char *text = labels_find(c->st->labels, *loc, key);

            if (text != NULL && text[next_separator(text, strlen(text))] != '\0')
                out[n++] = text;
        }
    }
    out[n] = NULL;
    return out;
}

/* Where the value that begins here ends: of the labels that hold separators the longest one counts. */
static size_t value_end(const char *const *parted, const char *s, size_t n)
{
    size_t end = next_separator(s, n);

    for (; *parted != NULL; parted++) {
        const char *text = s;
        size_t left = n, len = strlen(*parted), to;

        trim(&text, &left);
        if (left < len || strncasecmp(text, *parted, len) != 0)
            continue;
        text += len;
        to = (size_t)(text - s) + next_separator(text, left - len);
        left = to - (size_t)(text - s);
        trim(&text, &left);
        if (left == 0 && to > end)
            end = to;
    }
    return end;
}

bool val_many_from_text(struct berth_ctx *c, const struct field *f, const char *s, size_t n, val_from_part *value, void *arg,
                        struct berth_val *out)
{
    struct field one = *f;
    const char *const *parted = labels_parted(c, f->dict);
    struct buf b = BUF_INIT;
    bool ok = true;
    size_t i = 0, values = 0;

    one.flags &= ~(uint32_t)BERTH_MANY;
    while (ok && i < n) {
        const char *part;
        size_t len;
        struct berth_val v;

        for (size_t gap; i < n && (gap = separator(s + i, n - i)) > 0;)
            i += gap;
        part = s + i;
        len = value_end(parted, part, n - i);
        i += len;
        trim(&part, &len);
        if (len == 0)
            continue;
        if (++values > MANY_MAX) {
            ok = too_many(c, f);
            break;
        }
        ok = value(c, &one, part, len, arg, &v);
        if (ok && !val_is_nil(v)) {
            const char *key = v.type == BERTH_REF ? arena_fmt(c->a, "%lld", (long long)v.i) : v.s;

            many_add(&b, key, strlen(key));
        }
    }
    *out = b.len == 0 ? berth_nil() : text_val(c, f, buf_str(&b), b.len);
    buf_free(&b);
    return ok;
}

static bool part_from_text(struct berth_ctx *c, const struct field *one, const char *s, size_t n, void *arg, struct berth_val *out)
{
    (void)arg;
    return val_from_text(c, one, s, n, out);
}

bool val_from_text(struct berth_ctx *c, const struct field *f, const char *s, size_t n,
                   struct berth_val *out)
{
    int64_t i;

    *out = berth_nil();
    trim(&s, &n);
    if (n == 0)
        return true;
    if (f->flags & BERTH_MANY)
        return val_many_from_text(c, f, s, n, part_from_text, NULL, out);
    switch (f->type) {
    case BERTH_TEXT:
    case BERTH_LONG:
    case BERTH_PHONE:
    case BERTH_EMAIL:
    case BERTH_URL:
        return take_text(c, f, s, n, out);
    case BERTH_JSON: {
        json_t *j = json_loadb(s, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);

        if (j == NULL)
            return bad(c, f, "err.json");
        json_decref(j);
        *out = text_val(c, f, s, n);
        return true;
    }
    case BERTH_PICK: {
        const char *key = pick_by_text(c, f, s, n);

        if (key == NULL) {
            ctx_invalid(c, f->name, "err.choice", "value", arena_strndup(c->a, s, n), NULL);
            return false;
        }
        *out = text_val(c, f, key, strlen(key));
        return true;
    }
    case BERTH_INT:
    case BERTH_REAL:
    case BERTH_MONEY:
        return take_number(c, f, s, n, out);
    case BERTH_BOOL:
        return take_bool(c, f, s, n, out);
    case BERTH_DATE:
        return take_date(c, f, s, n, out);
    case BERTH_TIME:
        return take_time(c, f, s, n, out);
    case BERTH_REF:
    case BERTH_FILE:
        i = find_ref_by_text(c, f, s, n);
        if (i == 0) {
            ctx_invalid(c, f->name, "err.ref_name", "value", arena_strndup(c->a, s, n), NULL);
            return false;
        }
        return take_int(c, f, i, out);
    case BERTH_NULL:
    case BERTH_ROW:
        break;
    }
    return bad(c, f, "err.text");
}

static bool many_from_json(struct berth_ctx *c, const struct field *f, const json_t *v,
                           struct berth_val *out)
{
    struct field one = *f;
    struct buf b = BUF_INIT;
    bool ok = true;
    size_t i;
    json_t *item;

    one.flags &= ~(uint32_t)BERTH_MANY;
    if (!json_is_array(v))
        return bad(c, f, "err.list");
    if (json_array_size(v) > MANY_MAX)
        return too_many(c, f);
    json_array_foreach (v, i, item) {
        struct berth_val x;

        if (!val_from_json(c, &one, item, &x)) {
            ok = false;
            break;
        }
        if (val_is_nil(x))
            continue;
        const char *key = x.type == BERTH_REF ? arena_fmt(c->a, "%lld", (long long)x.i) : x.s;

        many_add(&b, key, strlen(key));
    }
    *out = text_val(c, f, buf_str(&b), b.len);
    buf_free(&b);
    return ok;
}

/* Of a type that is written as a string. */
static bool val_from_string(struct berth_ctx *c, const struct field *f, const char *s, size_t n, struct berth_val *out)
{
    *out = berth_nil();
    if (memchr(s, '\0', n) != NULL)
        return bad(c, f, "err.control");
    if (f->type == BERTH_PICK) {
        if (n == 0)
            return true;
        if (!pick_known(f, s, n)) {
            ctx_invalid(c, f->name, "err.choice", "value", s, NULL);
            return false;
        }
        *out = text_val(c, f, s, n);
        return true;
    }
    if (f->type == BERTH_MONEY || type_is_text(f->type)) {
        int64_t i;

        if (f->type != BERTH_MONEY)
            return take_text(c, f, s, n, out);
        if (n == 0)
            return true;
        if (!money_parse(s, n, &i))
            return bad(c, f, "err.money");
        *out = int_val(f, i);
        return true;
    }
    if (n == 0)
        return true;
    int64_t i;

    if (f->type == BERTH_DATE ? !when_date_parse(s, n, &i) : !when_time_parse(s, n, &i))
        return bad(c, f, f->type == BERTH_DATE ? "err.date" : "err.time");
    *out = int_val(f, i);
    return true;
}

bool val_from_json(struct berth_ctx *c, const struct field *f, const json_t *v, struct berth_val *out)
{
    *out = berth_nil();
    if (json_is_null(v))
        return true;
    if (f->flags & BERTH_MANY)
        return many_from_json(c, f, v, out);
    switch (f->type) {
    case BERTH_BOOL:
        if (!json_is_boolean(v))
            return bad(c, f, "err.bool");
        *out = int_val(f, json_is_true(v));
        return true;
    case BERTH_INT:
    case BERTH_REF:
    case BERTH_FILE:
        if (!json_is_integer(v))
            return bad(c, f, f->type == BERTH_INT ? "err.number" : "err.ref");
        return take_int(c, f, json_integer_value(v), out);
    case BERTH_REAL:
        if (!json_is_number(v))
            return bad(c, f, "err.number");
        *out = (struct berth_val){BERTH_REAL, 0, {.d = json_number_value(v)}};
        return true;
    case BERTH_MONEY:
        if (json_is_integer(v)) {
            int64_t i;

            if (__builtin_mul_overflow((int64_t)json_integer_value(v), MONEY_UNIT, &i))
                return bad(c, f, "err.money");
            *out = int_val(f, i);
            return true;
        }
        break;
    case BERTH_JSON: {
        char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
        bool ok = text != NULL && strlen(text) <= 1 << 20;

        if (ok)
            *out = text_val(c, f, text, strlen(text));
        free(text);
        return ok ? true : bad(c, f, "err.json");
    }
    default:
        break;
    }
    return json_is_string(v) ? val_from_string(c, f, json_string_value(v), json_string_length(v), out)
                             : bad(c, f, f->type == BERTH_MONEY ? "err.money" : "err.text");
}

bool row_set_json(struct berth_row *r, const char *name, const json_t *v)
{
    const struct field *f = model_field(r->t, name);
    enum access access = f == NULL || (f->flags & BERTH_SECRET) ? ACCESS_NONE
                         : r->old == NULL                       ? perm_field(r->c->who, f)
                                                                : perm_field_of(r->old, f);

    if (access == ACCESS_NONE) {
        ctx_invalid(r->c, name, "err.unknown_field", "name", name, NULL);
        return false;
    }
    if (f->at < F_DECLARED || (f->flags & BERTH_LOCKED) || access != ACCESS_WRITE) {
        struct berth_val same;

        /* sending back what was read is no harm; of a masked value that is the mask, not the value */
        if (access == ACCESS_MASK && !val_is_nil(r->v[f->at])) {
            const char *s = json_string_value(v);

            if (s != NULL && strcmp(s, "***") == 0)
                return true;
        } else if (val_from_json(r->c, f, v, &same) && val_equal(same, r->v[f->at]))
            return true;
        ctx_invalid(r->c, name, "err.locked", NULL);
        return false;
    }
    return val_from_json(r->c, f, v, &r->v[f->at]);
}

/* What row_set_json() lets pass without a look at what was there before. */
static bool open_to(const struct berth_row *r, const struct field *f)
{
    return r->old == NULL && f->at >= F_DECLARED && !(f->flags & (BERTH_SECRET | BERTH_LOCKED | BERTH_MANY)) &&
           type_is_text(f->type) && f->type != BERTH_JSON && perm_field(r->c->who, f) == ACCESS_WRITE;
}

bool row_set_plain(struct berth_row *r, const char *name, const char *s, size_t n)
{
    const struct field *f = model_field(r->t, name);

    if (f == NULL || !open_to(r, f))
        return false;
    val_from_string(r->c, f, s, n, &r->v[f->at]);
    return true;
}

/* ---- what must hold ------------------------------------------------------------ */
static bool bad_choice(struct berth_ctx *c, const struct field *f, const char *s, size_t n)
{
    ctx_invalid(c, f->name, "err.choice", "value", arena_strndup(c->a, s, n), NULL);
    return false;
}

static bool check_pick(struct berth_row *r, const struct field *f, const struct berth_val *v)
{
    const char *s = v->s, *end = v->s + v->len;

    if (r->old != NULL && val_equal(r->old->v[f->at], *v))
        return true; /* an item that was retired since stays until changed */
    if (!(f->flags & BERTH_MANY))
        return pick_known(f, v->s, (size_t)v->len) ? true : bad_choice(r->c, f, v->s, (size_t)v->len);
    for (s++; s < end;) {
        const char *bar = memchr(s, '|', (size_t)(end - s));

        if (bar == NULL)
            break;
        if (f->type == BERTH_PICK && !pick_known(f, s, (size_t)(bar - s)))
            return bad_choice(r->c, f, s, (size_t)(bar - s));
        s = bar + 1;
    }
    return true;
}

/* What a list of references gained must be there for the user. */
static bool check_many(struct berth_row *r, const struct field *f, const struct berth_val *v)
{
    const char *was = r->old == NULL || val_is_nil(r->old->v[f->at]) ? "" : r->old->v[f->at].s;

    for (const char *s = v->s; f->ref != NULL && *s == '|' && s[1] != '\0'; s = strchrnul(s + 1, '|')) {
        int64_t id = strtoll(s + 1, NULL, 10);

        if (strstr(was, arena_fmt(r->c->a, "|%lld|", (long long)id)) == NULL && !find_exists(r->c, f->ref, id))
            return bad(r->c, f, "err.ref");
    }
    return true;
}

bool val_in_range(struct berth_ctx *c, const struct field *f, struct berth_val v)
{
    double d = f->type == BERTH_REAL ? v.d : (double)v.i / (f->type == BERTH_MONEY ? MONEY_UNIT : 1);

    if (val_is_nil(v) || !field_is_number(f))
        return true;
    if (f->min != NULL && d < f->least)
        ctx_invalid(c, f->name, "err.too_small", "min", f->min, NULL);
    else if (f->max > 0 && d > f->max)
        ctx_invalid(c, f->name, "err.too_large", "max", arena_fmt(c->a, "%d", f->max), NULL);
    else
        return true;
    return false;
}

int64_t row_like(const struct berth_row *r, const struct index *ix)
{
    struct berth_ctx *c = r->c;
    struct buf sql = BUF_INIT;
    struct db_stmt *s;

    buf_addf(&sql, "SELECT id FROM %s WHERE id <> ?", r->t->sql);
    for (size_t i = 0; i < ix->n; i++)
        buf_addf(&sql, " AND %s = ?", ix->on[i]->name); /* empty values do not clash */
    s = db_prepare(c->conn, buf_str(&sql));
    db_bind_int(s, 1, row_id(r));
    for (size_t i = 0; i < ix->n; i++)
        val_bind(s, (int)i + 2, ix->on[i], r->v[ix->on[i]->at]);
    buf_free(&sql);
    return db_one_int(s);
}

static bool moved(const struct berth_row *r, const struct index *ix)
{
    bool same = r->old != NULL;

    for (size_t i = 0; same && i < ix->n; i++)
        same = val_equal(r->v[ix->on[i]->at], r->old->v[ix->on[i]->at]);
    return !same;
}

/* What is put back was let in once; what hooks and rules do about it is new. */
static bool puts_back(const struct berth_ctx *c)
{
    return c->undo || (c->as_it_was && c->depth == 0 && c->automating == NULL);
}

bool row_check(struct berth_row *r)
{
    struct berth_ctx *c = r->c;

    for (int i = F_DECLARED; i < r->t->nfields; i++) {
        const struct field *f = &r->t->fields[i];
        const struct berth_val *v = &r->v[i];

        if (val_is_nil(*v)) {
            if ((f->flags & BERTH_REQUIRED) && !(f->def != NULL && strcmp(f->def, "@next") == 0) &&
                (f->when == NULL || where_holds(c, f->when, r)))
                bad(c, f, "err.required");
            continue;
        }
        if (!puts_back(c) && (r->old == NULL || !val_equal(r->old->v[i], *v)))
            val_in_range(c, f, *v);
        if (f->type == BERTH_PICK)
            check_pick(r, f, v);
        else if (f->type == BERTH_REF && (f->flags & BERTH_MANY))
            check_many(r, f, v);
        else if (f->type == BERTH_FILE && !(f->flags & BERTH_LOCKED) && (r->old == NULL || !val_equal(r->old->v[i], *v)) &&
                 !hangs_file(c, r, v->i))
            bad(c, f, "err.ref"); /* it is attached to the record first */
        else if (f->type == BERTH_REF && !(f->flags & BERTH_MANY) && f->ref != NULL &&
                 (r->old == NULL || !val_equal(r->old->v[i], *v)) && !find_exists(c, f->ref, v->i))
            bad(c, f, "err.ref");
    }
    for (size_t i = 0; i < r->t->nindexes; i++)
        if (r->t->indexes[i].once && !puts_back(c) && moved(r, &r->t->indexes[i]) && row_like(r, &r->t->indexes[i]) != 0)
            bad(c, r->t->indexes[i].on[0], "err.unique");
    return c->rc == BERTH_OK;
}

/* ---- out ----------------------------------------------------------------------- */
static void many_json(struct json *j, const struct field *f, struct berth_val v)
{
    const char *s = v.s + 1, *end = v.s + v.len;

    json_open(j, '[');
    while (v.type != BERTH_NULL && s < end) {
        const char *bar = memchr(s, '|', (size_t)(end - s));

        if (bar == NULL)
            break;
        if (f->type == BERTH_REF)
            json_int(j, strtoll(s, NULL, 10)); /* a column may hold what an earlier field of its name left */
        else
            json_strn(j, s, (size_t)(bar - s));
        s = bar + 1;
    }
    json_close(j, ']');
}

/* text[0] is left for a quote, and there is room for one behind it. */
static void quoted(struct json *j, char *text, size_t n)
{
    text[0] = text[n + 1] = '"';
    json_raw(j, text, n + 2);
}

void val_json(struct json *j, const struct field *f, struct berth_val v)
{
    char text[WHEN_TIME_MAX + MONEY_MAX];

    if (f->flags & BERTH_MANY) {
        many_json(j, f, v);
        return;
    }
    if (val_is_nil(v)) {
        json_nil(j);
        return;
    }
    switch (f->type) {
    case BERTH_BOOL:
        json_bool(j, v.i != 0);
        break;
    case BERTH_INT:
    case BERTH_REF:
    case BERTH_FILE:
        json_int(j, v.i);
        break;
    case BERTH_REAL:
        json_double(j, v.d);
        break;
    case BERTH_MONEY:
        money_format(v.i, text + 1);
        quoted(j, text, strlen(text + 1));
        break;
    case BERTH_DATE:
        when_date_format(v.i, text + 1);
        quoted(j, text, strlen(text + 1));
        break;
    case BERTH_TIME:
        quoted(j, text, when_time_format(v.i, text + 1));
        break;
    case BERTH_JSON:
        json_raw(j, v.s, (size_t)v.len);
        break;
    default:
        json_strn(j, v.s, (size_t)v.len);
    }
}

/* all: it is known that the reader may write every field. */
static void field_json(struct json *j, const struct berth_row *r, const struct field *f, bool all)
{
    enum access a = (f->flags & BERTH_SECRET) ? ACCESS_NONE : all ? ACCESS_WRITE : perm_field_of(r, f);
    struct berth_val v = r->v[f->at];

    if (a == ACCESS_NONE)
        return;
    if (val_is_nil(v) && !(f->flags & BERTH_MANY)) { /* most of them */
        json_raw(j, f->json_key, f->json_key_len + strlen("null"));
        return;
    }
    json_key_raw(j, f->json_key, f->json_key_len);
    if (a == ACCESS_MASK && !val_is_nil(v))
        json_str(j, "***");
    else if (told_in(f) && !val_is_nil(v))
        json_str(j, told_text(r->c, v.s));
    else
        val_json(j, f, v);
}

void row_json_of(struct json *j, const struct berth_row *r, const struct field *const *of)
{
    bool all = perm_fields_all(r);

    json_open(j, '{');
    for (int i = 0; of == NULL && i < r->t->nfields; i++)
        field_json(j, r, &r->t->fields[i], all);
    for (; of != NULL && *of != NULL; of++)
        field_json(j, r, *of, all);
    json_close(j, '}');
}

void row_json(struct json *j, const struct berth_row *r)
{
    row_json_of(j, r, NULL);
}

const char *val_text(struct berth_ctx *c, const struct field *f, struct berth_val v)
{
    char *text = arena_alloc(c->a, WHEN_TIME_MAX + MONEY_MAX);

    if (val_is_nil(v))
        return "";
    switch (f->type) {
    case BERTH_BOOL:
        return ctx_text(c, v.i != 0 ? "yes" : "no", NULL);
    case BERTH_INT:
    case BERTH_FILE:
        return arena_fmt(c->a, "%lld", (long long)v.i);
    case BERTH_REF:
        return (f->flags & BERTH_MANY) ? v.s : find_title(c, f->ref, v.i);
    case BERTH_REAL:
        return arena_fmt(c->a, "%.15g", v.d);
    case BERTH_MONEY:
        money_format(v.i, text);
        return text;
    case BERTH_DATE:
        when_date_format(v.i, text);
        return text;
    case BERTH_TIME:
        when_time_format(v.i, text);
        return text;
    case BERTH_PICK:
        if (f->dict != NULL && !(f->flags & BERTH_MANY))
            return labels_get(c->st->labels, c->locale, arena_fmt(c->a, "%s.%s", f->dict->name, v.s));
        return v.s;
    default:
        return told_in(f) ? told_text(c, v.s) : v.s;
    }
}

const char *row_title(const struct berth_row *r)
{
    const struct field *said = r->t->translated ? model_said(r->t, r->c->locale) : NULL;
    const struct field *f = said == NULL || val_is_nil(r->v[said->at]) ? r->t->title : said;
    const char *s = f == NULL ? "" : val_text(r->c, f, r->v[f->at]);

    return *s != '\0' ? s : arena_fmt(r->c->a, "#%lld", (long long)row_id(r));
}

/* ---- database ------------------------------------------------------------------ */
const char *row_columns(struct berth_ctx *c, const struct table *t, const char *prefix)
{
    struct buf b = BUF_INIT;
    const char *s;

    for (int i = 0; i < t->nfields; i++) {
        buf_puts(&b, i > 0 ? ", " : "");
        buf_puts(&b, prefix);
        buf_puts(&b, t->fields[i].name);
    }
    s = arena_strndup(c->a, buf_str(&b), b.len);
    buf_free(&b);
    return s;
}

struct berth_val val_read(struct berth_ctx *c, const struct field *f, struct db_stmt *s, int col)
{
    const struct db_value v = db_col(s, col);

    return val_of(c, f, &v, s, col);
}

struct berth_val val_of(struct berth_ctx *c, const struct field *f, const struct db_value *v, struct db_stmt *s, int col)
{
    if (v->type == DB_T_NULL)
        return berth_nil();
    if (field_is_text(f)) {
        size_t len = v->len;
        const char *text = v->type == DB_T_TEXT ? v->s : db_col_text(s, col, &len); /* else left by an earlier field of its name */

        return text_val(c, f, text, len);
    }
    if (f->type == BERTH_REAL)
        return (struct berth_val){BERTH_REAL, 0, {.d = v->type == DB_T_REAL ? v->d : db_col_real(s, col)}};
    return int_val(f, v->type == DB_T_INT ? v->i : db_col_int(s, col));
}

struct berth_row *row_read(struct berth_ctx *c, const struct table *t, struct db_stmt *s)
{
    struct berth_row *r = row_new(c, t);

    for (int i = 0; i < t->nfields; i++)
        r->v[i] = val_read(c, &t->fields[i], s, i);
    return r;
}

struct berth_row *row_read_some(struct berth_ctx *c, const struct table *t, struct db_stmt *s, const int *place, int n)
{
    struct berth_row *r = row_new(c, t);

    for (int i = 0; i < n; i++)
        r->v[place[i]] = val_read(c, &t->fields[place[i]], s, i);
    return r;
}

struct db_value val_stored(const struct field *f, struct berth_val v)
{
    if (val_is_nil(v))
        return (struct db_value){.type = DB_T_NULL};
    if (f->orders != NULL)
        return (struct db_value){.type = DB_T_BLOB, .len = (size_t)v.len, .s = v.s};
    if (field_is_text(f))
        return (struct db_value){.type = DB_T_TEXT, .len = v.len < 0 ? strlen(v.s) : (size_t)v.len, .s = v.s};
    if (f->type == BERTH_REAL)
        return (struct db_value){.type = DB_T_REAL, .d = v.d};
    return (struct db_value){.type = DB_T_INT, .i = v.i};
}

void val_bind(struct db_stmt *s, int i, const struct field *f, struct berth_val v)
{
    const struct db_value x = val_stored(f, v);

    switch (x.type) {
    case DB_T_NULL:
        db_bind_null(s, i);
        break;
    case DB_T_INT:
        db_bind_int(s, i, x.i);
        break;
    case DB_T_REAL:
        db_bind_real(s, i, x.d);
        break;
    case DB_T_TEXT:
        db_bind_text(s, i, x.s, (int64_t)x.len);
        break;
    case DB_T_BLOB:
        db_bind_blob(s, i, x.s, x.len);
        break;
    }
}
