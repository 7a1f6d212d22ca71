/* import_value.c - what a cell means: dates and numbers as they stand in the sheet, names of dictionary
 * items and records by what the user said they mean, each looked up once for the whole file. */
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "record/find.h"
#include "record/import_run.h"
#include "record/zone.h"
#include "text/keys.h"

enum { MEMO_MAX = 20000, LISTED_MAX = 300 };

struct memo { /* one text of one field */
    const char *field, *text;
    struct berth_val v;
    bool ok;
    int64_t rows;
};
struct value_memo {
    struct arena *a;
    struct map by; /* "field\x1ftext" -> struct memo * */
    struct memo **list;
    size_t n, cap;
};

struct value_memo *import_memo_new(void)
{
    struct value_memo *m = mem_alloc(sizeof(*m));

    m->a = arena_new();
    return m;
}

void import_memo_free(struct value_memo **m)
{
    if (*m == NULL)
        return;
    map_free(&(*m)->by);
    arena_free(&(*m)->a);
    free((*m)->list);
    free(*m);
    *m = NULL;
}

/* What the user said a text means: a key or an id; null: nothing. */
static const json_t *said(const struct run *r, const struct field *f, const char *text, size_t n)
{
    const json_t *of = json_object_get(r->values, f->name);

    return of == NULL ? NULL : json_object_getn(of, text, n);
}

static bool work_out(struct run *r, struct berth_ctx *c, const struct field *f, const char *text, size_t n,
                     struct berth_val *out)
{
    const json_t *v = said(r, f, text, n);

    if (v == NULL)
        return val_from_text(c, f, text, n, out);
    if ((f->flags & BERTH_MANY) && !json_is_null(v)) {
        json_t *list = json_pack("[O]", v);
        bool ok = val_from_json(c, f, list, out);

        json_decref(list);
        return ok;
    }
    return val_from_json(c, f, v, out);
}

static struct memo *remember(struct value_memo *m, const struct field *f, const char *key, const char *text, size_t n,
                             struct berth_val v, bool ok)
{
    struct memo *e = arena_alloc(m->a, sizeof(*e));

    if (ok && field_is_text(f) && !val_is_nil(v))
        v.s = arena_strndup(m->a, v.s, (size_t)v.len);
    *e = (struct memo){arena_strdup(m->a, f->name), arena_strndup(m->a, text, n), v, ok, 0};
    map_put(&m->by, arena_strdup(m->a, key), e);
    if (m->n == m->cap) {
        m->cap = m->cap == 0 ? 64 : m->cap * 2;
        m->list = mem_realloc(m->list, m->cap * sizeof(struct memo *));
    }
    m->list[m->n++] = e;
    return e;
}

/* One word: f holds one value. */
static bool named(struct run *r, struct berth_ctx *c, const struct field *f, const char *text, size_t n, struct berth_val *out)
{
    char key[400];
    struct memo *e;
    bool ok;

    if (strlen(f->name) + n + 2 > sizeof(key))
        return work_out(r, c, f, text, n, out);
    snprintf(key, sizeof(key), "%s\x1f%.*s", f->name, (int)n, text);
    e = map_get(&r->memo->by, key);
    if (e == NULL) {
        ok = work_out(r, c, f, text, n, out);
        if (r->memo->n >= MEMO_MAX)
            return ok;
        e = remember(r->memo, f, key, text, n, *out, ok);
    } else if (!e->ok) {
        work_out(r, c, f, text, n, out); /* says why */
    }
    e->rows++;
    *out = e->v;
    return e->ok;
}

struct words {
    struct run *r;
    bool ok;
};

/* All words of a cell are looked at, for the user to say what they mean; the first that is not known is told of the row. */
static bool one_of_many(struct berth_ctx *c, const struct field *one, const char *s, size_t n, void *arg, struct berth_val *out)
{
    struct words *w = arg;
    struct berth_ctx before = *c;
    bool ok;

    if (!w->ok)
        ctx_clear(c);
    ok = named(w->r, c, one, s, n, out);
    if (!ok)
        *out = berth_nil();
    if (!w->ok)
        *c = before;
    w->ok = w->ok && ok;
    return true;
}

static bool many_named(struct run *r, struct berth_ctx *c, const struct field *f, const struct sheet_cell *cell, struct berth_val *out)
{
    struct words w = {r, true};

    if (said(r, f, cell->text, cell->len) != NULL) /* of the whole cell, as mappings of before know it */
        return work_out(r, c, f, cell->text, cell->len, out);
    return val_many_from_text(c, f, cell->text, cell->len, one_of_many, &w, out) && w.ok;
}

static bool is_number(const struct field *f)
{
    return f->type == BERTH_MONEY || f->type == BERTH_REAL || f->type == BERTH_INT;
}

/* If what is shown means a number here (a percentage, another currency do not), it is the number itself: 1234.5 may be shown as 1235. */
static bool number_value(struct berth_ctx *c, const struct field *f, const struct sheet_cell *cell, struct berth_val *out)
{
    char text[40];

    if (!val_from_text(c, f, cell->text, cell->len, out))
        return false;
    if (f->type == BERTH_INT || cell->v.number < -1e15 || cell->v.number > 1e15)
        return true;
    snprintf(text, sizeof(text), f->type == BERTH_MONEY ? "%.4f" : "%.15g", cell->v.number);
    return val_from_text(c, f, text, strlen(text), out);
}

/* Lines of a cell that go into a field of one line: several numbers and addresses, else one text. */
static bool one_line(struct berth_ctx *c, const struct field *f, const struct sheet_cell *cell, struct berth_val *out)
{
    bool several = f->type == BERTH_PHONE || f->type == BERTH_EMAIL;
    struct buf b = BUF_INIT;
    bool ok;

    for (const char *s = cell->text, *end; *s != '\0'; s = end + strspn(end, "\r\n\t")) {
        end = s + strcspn(s, "\r\n\t");
        buf_addf(&b, "%s%.*s", b.len == 0 || end == s ? "" : several ? "; " : " ", (int)(end - s), s);
    }
    ok = val_from_text(c, f, arena_strndup(c->a, buf_str(&b), b.len), b.len, out);
    buf_free(&b);
    return ok;
}

/* What people write where a number, a day or an address is not known: dashes, and these, folded. */
static bool says_nothing(const struct field *f, const struct sheet_cell *cell)
{
    static const char *const words[] = {"na", "none", "无", "没有", "暂无", "khong", "khongco", "chuaco"};
    struct text_keys keys = TEXT_KEYS_INIT;
    bool nothing;

    if (field_is_text(f) ? f->type != BERTH_PHONE && f->type != BERTH_EMAIL && f->type != BERTH_URL : f->type == BERTH_BOOL)
        return false;
    if (cell->type != SHEET_TEXT || cell->len > 16 || strpbrk(cell->text, "0123456789@") != NULL)
        return false;
    text_keys_of(&keys, TEXT_KEY_CODE, cell->text, cell->len, NULL);
    nothing = keys.n == 0;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && !nothing; i++)
        nothing = strcmp(text_key(&keys, 0), words[i]) == 0;
    text_keys_free(&keys);
    return nothing;
}

bool import_value(struct run *r, struct berth_ctx *c, const struct field *f, const struct sheet_cell *cell,
                  struct berth_val *out)
{
    if (cell->type == SHEET_DATE || cell->type == SHEET_DATETIME) {
        int64_t rest = cell->type == SHEET_DATE ? 0 : (cell->v.ms % WHEN_DAY + WHEN_DAY) % WHEN_DAY; /* before 1970, too */
        int64_t day = cell->type == SHEET_DATE ? cell->v.days : (cell->v.ms - rest) / WHEN_DAY;

        if (f->type == BERTH_DATE || f->type == BERTH_TIME) {
            *out = (struct berth_val){(int32_t)f->type, 0, {.i = f->type == BERTH_DATE
                ? day : zone_midnight(c->st->company.zone, day) + rest}};
            return true;
        }
    }
    if (cell->type == SHEET_ERROR) {
        ctx_invalid(c, f->name, "err.cell", "value", cell->text, NULL);
        return false;
    }
    *out = berth_nil();
    if (f->type != BERTH_REF && f->type != BERTH_FILE && says_nothing(f, cell))
        return true;
    if (f->type == BERTH_PICK || f->type == BERTH_REF)
        return f->flags & BERTH_MANY ? many_named(r, c, f, cell, out) : named(r, c, f, cell->text, cell->len, out);
    if (cell->type == SHEET_NUMBER && is_number(f))
        return number_value(c, f, cell, out);
    if (field_is_text(f) && f->type != BERTH_LONG && f->type != BERTH_JSON && cell->text[strcspn(cell->text, "\r\n\t")] != '\0')
        return one_line(c, f, cell, out);
    return val_from_text(c, f, cell->text, cell->len, out);
}

/* ---- the list for people --------------------------------------------------------------------------- */
static int unknown_first(const void *a, const void *b)
{
    const struct memo *x = *(struct memo *const *)a, *y = *(struct memo *const *)b;

    if (x->ok != y->ok)
        return x->ok ? 1 : -1;
    return (x->rows < y->rows) - (x->rows > y->rows);
}

/* [{"field":"country","value":"大陆","rows":312,"to":"CN","title":"China"}]: to is null where the text
 * means nothing known. */
json_t *import_memo_json(const struct value_memo *m, struct berth_ctx *c, const struct table *t)
{
    json_t *list = json_array();

    if (m->n > 0)
        qsort(m->list, m->n, sizeof(struct memo *), unknown_first);
    for (size_t i = 0; i < m->n && i < LISTED_MAX; i++) {
        const struct memo *e = m->list[i];
        const struct field *f = model_field(t, e->field);
        struct field one = f == NULL ? (struct field){0} : *f;
        json_t *to = json_null(), *o;

        one.flags &= ~(uint32_t)BERTH_MANY;
        if (e->ok && f != NULL && !val_is_nil(e->v))
            to = field_is_text(&one) ? json_string(e->v.s) : json_integer(e->v.i);
        o = json_pack("{s:s, s:s, s:I, s:o, s:b, s:s?}", "field", e->field, "value", e->text, "rows",
                      (json_int_t)e->rows, "to", to, "known", e->ok, "title",
                      e->ok && f != NULL && !val_is_nil(e->v) ? val_text(c, &one, e->v) : NULL);
        json_array_append_new(list, o);
    }
    return list;
}
