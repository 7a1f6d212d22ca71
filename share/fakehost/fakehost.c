/* fakehost.c - a host in memory; see fakehost.h.  Everything is kept until fake_free(). */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "fakehost.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FAKE_START INT64_C(1767225600000) /* 2026-01-01T00:00Z */

struct cell {
    const char *name;
    struct berth_val v;
    struct cell *next;
};
struct berth_row {
    struct fake *f;
    const char *table;
    struct cell *cells;
    int64_t id; /* 0: not stored yet */
    struct berth_row *next;
};
struct berth_rows {
    struct berth_row **at;
    size_t n, i;
};
struct berth_ctx {
    struct fake *f;
    int rc;
    const char *key, *field;
};
struct named {
    const char *name;
    struct berth_val v;
    struct berth_val (*run)(const struct berth_val *args, size_t n);
    int count;
    struct named *next;
};
struct file { /* attached */
    struct file *next;
    int64_t id;
    const char *bytes;
    size_t n;
};
struct asked { /* for approval */
    struct asked *next;
    const char *table, *flow, *state;
    int64_t id;
};
struct shared { /* a record with somebody */
    struct shared *next;
    const char *table;
    int64_t rec;
    struct berth_share is;
};
struct block {
    struct block *next;
    max_align_t data[];
};
struct fake {
    struct berth_ctx ctx;
    const struct berth_plugin *plugin;
    void *state;
    int64_t user, now, last_id;
    struct berth_row *stored; /* newest first */
    struct named *params, *settings, *rules, *perms, *topics, *lines;
    const char *noted, *reply;
    const char *json, *brackets; /* an answer put together piece by piece; what closes it */
    int status, alerts;
    struct asked *asked; /* newest first */
    struct shared *shared; /* newest first */
    struct file *files;
    struct named *calls; /* what was called, and what a test says it answers */
    struct block *blocks;
};

/* ---- memory -------------------------------------------------------------------- */

static void *take(struct fake *f, size_t n)
{
    struct block *b = calloc(1, sizeof(*b) + n);

    if (b == NULL)
        abort();
    b->next = f->blocks;
    f->blocks = b;
    return b->data;
}

static char *copy(struct fake *f, const char *s, size_t n)
{
    char *to = take(f, n + 1);

    memcpy(to, s, n);
    return to;
}

static char *vprint(struct fake *f, const char *fmt, va_list ap)
{
    va_list again;
    char *s;
    int n;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    s = take(f, (size_t)n + 1);
    vsnprintf(s, (size_t)n + 1, fmt, ap);
    return s;
}

static char *print(struct fake *f, const char *fmt, ...) BERTH_PRINTF(2, 3);
static char *print(struct fake *f, const char *fmt, ...)
{
    va_list ap;
    char *s;

    va_start(ap, fmt);
    s = vprint(f, fmt, ap);
    va_end(ap);
    return s;
}

/* ---- values -------------------------------------------------------------------- */

static bool is_text(struct berth_val v)
{
    return (v.type >= BERTH_TEXT && v.type <= BERTH_URL) || v.type == BERTH_PICK ||
           v.type == BERTH_JSON;
}

static struct berth_val keep(struct fake *f, struct berth_val v)
{
    if (is_text(v) && v.s == NULL)
        return berth_nil();
    if (is_text(v)) {
        v.len = v.len < 0 ? (int32_t)strlen(v.s) : v.len;
        v.s = copy(f, v.s, (size_t)v.len);
    }
    return v;
}

static bool is_empty(struct berth_val v)
{
    return v.type == BERTH_NULL || (is_text(v) && *v.s == '\0');
}

static double number_of(struct berth_val v)
{
    return v.type == BERTH_REAL ? v.d : (double)v.i;
}

static int compare(struct berth_val a, struct berth_val b)
{
    if (is_text(a) && is_text(b))
        return strcmp(a.s, b.s);
    if (is_text(a) || is_text(b))
        return is_text(a) ? 1 : -1;
    return number_of(a) < number_of(b) ? -1 : number_of(a) > number_of(b);
}

/* A value written as text in a declaration. */
static struct berth_val literal(struct fake *f, enum berth_type type, const char *text)
{
    struct berth_val v = {.type = (int32_t)type};

    if (text == NULL)
        return berth_nil();
    if (strcmp(text, "@now") == 0)
        return (struct berth_val){BERTH_TIME, 0, {.i = f->now}};
    if (strcmp(text, "@today") == 0)
        return (struct berth_val){BERTH_DATE, 0, {.i = f->now / BERTH_DAY}};
    if (strcmp(text, "@user") == 0 || strcmp(text, "@me") == 0)
        return (struct berth_val){BERTH_REF, 0, {.i = f->user}};
    if (strcmp(text, "@next") == 0)
        return keep(f, berth_s(print(f, "N%05d", (int)f->last_id + 1)));
    if (is_text(v)) {
        v.len = -1;
        v.s = text;
        return keep(f, v);
    }
    if (type == BERTH_BOOL)
        v.i = strcmp(text, "true") == 0;
    else if (type == BERTH_REAL)
        v.d = strtod(text, NULL);
    else if (type == BERTH_MONEY)
        v.i = (int64_t)(strtod(text, NULL) * 10000 + (text[0] == '-' ? -0.5 : 0.5));
    else
        v.i = strtoll(text, NULL, 10);
    return v;
}

static struct named *find_named(struct named *list, const char *name)
{
    while (list != NULL && strcmp(list->name, name) != 0)
        list = list->next;
    return list;
}

static struct named *put_named(struct fake *f, struct named **list, const char *name)
{
    struct named *n = find_named(*list, name);

    if (n == NULL) {
        n = take(f, sizeof(*n));
        n->name = copy(f, name, strlen(name));
        n->next = *list;
        *list = n;
    }
    return n;
}

/* ---- records ------------------------------------------------------------------- */

static struct cell *cell(const struct berth_row *r, const char *name)
{
    struct cell *c = r->cells;

    while (c != NULL && strcmp(c->name, name) != 0)
        c = c->next;
    return c;
}

static struct berth_val row_get(const struct berth_row *r, const char *name)
{
    const struct cell *c = r != NULL ? cell(r, name) : NULL;

    if (r != NULL && strcmp(name, "id") == 0)
        return (struct berth_val){BERTH_INT, 0, {.i = r->id}};
    return c != NULL ? c->v : berth_nil();
}

static void row_set(struct berth_row *r, const char *name, struct berth_val v)
{
    struct cell *c;

    if (r == NULL)
        return;
    c = cell(r, name);
    if (c == NULL) {
        c = take(r->f, sizeof(*c));
        c->name = copy(r->f, name, strlen(name));
        c->next = r->cells;
        r->cells = c;
    }
    c->v = keep(r->f, v);
}

static struct berth_row *row_copy(const struct berth_row *from)
{
    struct berth_row *r = take(from->f, sizeof(*r));

    r->f = from->f;
    r->table = from->table;
    r->id = from->id;
    for (const struct cell *c = from->cells; c != NULL; c = c->next)
        row_set(r, c->name, c->v);
    return r;
}

static struct berth_row *stored(struct fake *f, const char *table, int64_t id)
{
    struct berth_row *r = f->stored;

    while (r != NULL && (r->id != id || strcmp(r->table, table) != 0))
        r = r->next;
    return r;
}

static const struct berth_table *table_of(const struct fake *f, const char *name)
{
    const struct berth_table *t = f->plugin != NULL ? f->plugin->tables : NULL;

    while (t != NULL && t->name != NULL && strcmp(t->name, name) != 0)
        t++;
    return t != NULL && t->name != NULL ? t : NULL;
}

/* ---- filters: "a = ? and (b empty or c in ('x', 'y')) order by -d limit 10" ------- */

struct filter {
    struct fake *f;
    const char *p;
    const struct berth_val *args;
    size_t nargs, arg;
    const struct berth_row *row;
    const char *wrong;
};

static void blanks(struct filter *x)
{
    while (isspace((unsigned char)*x->p))
        x->p++;
}

/* Takes the word or sign when it is next. */
static bool next_is(struct filter *x, const char *what)
{
    size_t n = strlen(what);

    blanks(x);
    if (strncasecmp(x->p, what, n) != 0 ||
        (isalpha((unsigned char)what[0]) && (isalnum((unsigned char)x->p[n]) || x->p[n] == '_')))
        return false;
    x->p += n;
    return true;
}

static char *name_next(struct filter *x)
{
    const char *from;

    blanks(x);
    from = x->p;
    while (isalnum((unsigned char)*x->p) || *x->p == '_' || *x->p == '.' || *x->p == '@')
        x->p++;
    if (x->p == from)
        x->wrong = from;
    return copy(x->f, from, (size_t)(x->p - from));
}

static struct berth_val value_next(struct filter *x)
{
    const char *from;
    char *end, *name;
    int64_t i;

    blanks(x);
    if (*x->p == '?') {
        x->p++;
        return x->arg < x->nargs ? x->args[x->arg++] : berth_nil();
    }
    if (*x->p == '\'') {
        from = ++x->p;
        x->p += strcspn(x->p, "'");
        name = copy(x->f, from, (size_t)(x->p - from));
        x->p += *x->p == '\'';
        return berth_s(name);
    }
    if (*x->p == '@')
        return literal(x->f, BERTH_INT, name_next(x));
    if (next_is(x, "true"))
        return (struct berth_val){BERTH_BOOL, 0, {.i = 1}};
    if (next_is(x, "false"))
        return (struct berth_val){BERTH_BOOL, 0, {.i = 0}};
    i = strtoll(x->p, &end, 10);
    if (end == x->p)
        x->wrong = x->p;
    x->p = end;
    return berth_i(i);
}

static bool in_list(struct filter *x, struct berth_val v)
{
    bool found = false;

    if (!next_is(x, "("))
        x->wrong = x->p;
    do {
        struct berth_val w = value_next(x);

        found = found || (!is_empty(v) && compare(v, w) == 0);
    } while (x->wrong == NULL && next_is(x, ","));
    if (!next_is(x, ")"))
        x->wrong = x->p;
    return found;
}

static bool holds(struct berth_val v, const char *op, struct berth_val w)
{
    int c;

    if (is_empty(v) || is_empty(w))
        return strcmp(op, "=") == 0 && is_empty(v) && is_empty(w);
    if (*op == '~')
        return is_text(v) && is_text(w) && strcasestr(v.s, w.s) != NULL;
    c = compare(v, w);
    if (strcmp(op, "=") == 0)
        return c == 0;
    if (strcmp(op, "<>") == 0 || strcmp(op, "!=") == 0)
        return c != 0;
    if (strcmp(op, "<=") == 0 || strcmp(op, ">=") == 0)
        return c == 0 || (c < 0) == (*op == '<');
    return *op == '<' ? c < 0 : c > 0;
}

static bool condition(struct filter *x)
{
    static const char *const ops[] = {"<>", "!=", "<=", ">=", "=", "<", ">", "~"};
    struct berth_val v = row_get(x->row, name_next(x));

    if (next_is(x, "empty"))
        return is_empty(v);
    if (next_is(x, "in"))
        return in_list(x, v);
    if (next_is(x, "not")) {
        if (next_is(x, "empty"))
            return !is_empty(v);
        if (next_is(x, "in"))
            return !in_list(x, v);
    }
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        if (next_is(x, ops[i]))
            return holds(v, ops[i], value_next(x));
    x->wrong = x->p;
    return false;
}

static bool either(struct filter *x);

static bool one(struct filter *x)
{
    bool yes;

    if (next_is(x, "not"))
        return !one(x);
    if (!next_is(x, "("))
        return condition(x);
    yes = either(x);
    if (!next_is(x, ")"))
        x->wrong = x->p;
    return yes;
}

static bool both(struct filter *x)
{
    bool yes = one(x);

    while (x->wrong == NULL && next_is(x, "and"))
        yes = one(x) && yes; /* the text is read to its end whatever comes out */
    return yes;
}

static bool either(struct filter *x)
{
    bool yes = both(x);

    while (x->wrong == NULL && next_is(x, "or"))
        yes = both(x) || yes;
    return yes;
}

static void sort_rows(struct filter *x, struct berth_rows *rows)
{
    bool down = next_is(x, "-");
    char *by = name_next(x);

    down = next_is(x, "desc") || down;
    (void)next_is(x, "asc");
    for (size_t i = 1; i < rows->n; i++)
        for (size_t k = i; k > 0; k--) {
            int c = compare(row_get(rows->at[k - 1], by), row_get(rows->at[k], by));
            struct berth_row *r = rows->at[k];

            if (down ? c >= 0 : c <= 0)
                break;
            rows->at[k] = rows->at[k - 1];
            rows->at[k - 1] = r;
        }
}

static size_t rows_of(const struct fake *f, const char *table)
{
    size_t n = 0;

    for (const struct berth_row *r = f->stored; r != NULL; r = r->next)
        n += strcmp(r->table, table) == 0;
    return n;
}

static int fail(struct berth_ctx *c, enum berth_rc rc, const char *field, const char *key);

/* Rows that match, oldest first, as copies; also reads "order by" and "limit". */
static struct berth_rows *select_rows(struct berth_ctx *c, const char *table, const char *where,
                                      const struct berth_val *args, size_t n)
{
    struct fake *f = c->f;
    struct berth_rows *rows = take(f, sizeof(*rows));
    size_t total = rows_of(f, table), at = total;
    struct berth_row **all = take(f, (total + 1) * sizeof(struct berth_row *));
    struct filter x = {.f = f, .p = "", .args = args, .nargs = n};

    for (struct berth_row *r = f->stored; r != NULL; r = r->next)
        if (strcmp(r->table, table) == 0)
            all[--at] = r;
    rows->at = take(f, (total + 1) * sizeof(struct berth_row *));
    for (size_t i = 0; i < total || i == 0; i++) {
        bool yes;

        x = (struct filter){.f = f, .p = where != NULL ? where : "", .args = args, .nargs = n};
        x.row = total > 0 ? all[i] : NULL;
        yes = *x.p == '\0' || strncasecmp(x.p, "order ", 6) == 0 ||
              strncasecmp(x.p, "limit ", 6) == 0 || either(&x);
        if (yes && total > 0)
            rows->at[rows->n++] = row_copy(all[i]);
    }
    if (next_is(&x, "order") && next_is(&x, "by"))
        do
            sort_rows(&x, rows);
        while (next_is(&x, ","));
    if (next_is(&x, "limit")) {
        size_t limit = (size_t)value_next(&x).i;

        rows->n = rows->n < limit ? rows->n : limit;
    }
    blanks(&x);
    if (x.wrong != NULL || *x.p != '\0') {
        fprintf(stderr, "fakehost: cannot understand \"%s\" from \"%s\" on\n", where,
                x.wrong != NULL ? x.wrong : x.p);
        fail(c, BERTH_BROKEN, NULL, "fakehost.filter");
        rows->n = 0;
    }
    return rows;
}

/* ---- hooks --------------------------------------------------------------------- */

static bool hook_is_on(const struct fake *f, const char *on, const char *table)
{
    const struct berth_table *t = table_of(f, table);

    return strcmp(on, table) == 0 || strcmp(on, "*") == 0 ||
           (strcmp(on, "@pooled") == 0 && t != NULL && (t->flags & BERTH_POOLED) != 0);
}

/* Lower .order first, ties as declared. */
static int run_hooks(struct berth_ctx *c, uint32_t when, const char *on, struct berth_row *row,
                     struct berth_row *old)
{
    const struct berth_hook *all = c->f->plugin->hooks;
    struct berth_event ev = {when, on, row, old};
    int64_t done = INT64_MIN;

    while (all != NULL && c->rc == BERTH_OK) {
        int64_t next = INT64_MAX;

        for (const struct berth_hook *h = all; h->on != NULL; h++)
            if (h->order > done && h->order < next)
                next = h->order;
        if (next == INT64_MAX)
            break;
        for (const struct berth_hook *h = all; h->on != NULL && c->rc == BERTH_OK; h++) {
            bool fits = (when & BERTH_EVENT) != 0
                            ? (h->when & BERTH_EVENT) != 0 && strcmp(h->on, on) == 0
                            : (h->when & when) == when && hook_is_on(c->f, h->on, on);
            int rc = h->order == next && fits ? h->run(c, &ev) : BERTH_OK;

            if (rc != BERTH_OK && c->rc == BERTH_OK)
                c->rc = rc;
        }
        done = next;
    }
    return c->rc;
}

/* ---- the functions plugins call --------------------------------------------------- */

static void api_log(struct berth_ctx *c, enum berth_level level, const char *fmt, ...)
{
    va_list ap;
    char *line;

    (void)level;
    va_start(ap, fmt);
    line = vprint(c->f, fmt, ap);
    va_end(ap);
    put_named(c->f, &c->f->lines, line)->count++;
}

static int fail(struct berth_ctx *c, enum berth_rc rc, const char *field, const char *key)
{
    if (c->rc == BERTH_OK) {
        c->rc = rc;
        c->key = copy(c->f, key, strlen(key));
        c->field = field != NULL ? copy(c->f, field, strlen(field)) : "";
    }
    return c->rc;
}

static int api_rc(struct berth_ctx *c)
{
    return c->rc;
}

static void *api_alloc(struct berth_ctx *c, size_t n)
{
    return take(c->f, n);
}

static char *api_fmt(struct berth_ctx *c, const char *fmt, ...)
{
    va_list ap;
    char *s;

    va_start(ap, fmt);
    s = vprint(c->f, fmt, ap);
    va_end(ap);
    return s;
}

static void *api_state(struct berth_ctx *c)
{
    return c->f->state;
}

static int64_t api_now(struct berth_ctx *c)
{
    return c->f->now;
}

static struct berth_row *api_make(struct berth_ctx *c, const char *table)
{
    const struct berth_table *t = table_of(c->f, table);
    struct berth_row *r = take(c->f, sizeof(*r));

    if (c->rc != BERTH_OK)
        return NULL;
    r->f = c->f;
    r->table = copy(c->f, table, strlen(table));
    for (const struct berth_field *d = t != NULL ? t->fields : NULL; d != NULL && d->name != NULL;
         d++)
        if (d->def != NULL)
            row_set(r, d->name, literal(c->f, d->type, d->def));
    return r;
}

static struct berth_row *api_load(struct berth_ctx *c, const char *table, int64_t id)
{
    struct berth_row *r = c->rc == BERTH_OK ? stored(c->f, table, id) : NULL;

    if (r == NULL)
        fail(c, BERTH_NOT_FOUND, NULL, "err.not_found");
    return r != NULL ? row_copy(r) : NULL;
}

static struct berth_rows *api_find(struct berth_ctx *c, const char *table, const char *where,
                                   const struct berth_val *args, size_t n)
{
    return c->rc == BERTH_OK ? select_rows(c, table, where, args, n) : NULL;
}

/* Capitals of plain letters only; the host knows the rest. */
static const char *api_fold(struct berth_ctx *c, const char *text)
{
    char *s = take(c->f, strlen(text) + 1);

    for (size_t i = 0; text[i] != '\0'; i++)
        s[i] = (char)tolower((unsigned char)text[i]);
    return s;
}

/* Rows whose title has the text in it, oldest first. */
static struct berth_rows *api_search(struct berth_ctx *c, const char *table, const char *text, int32_t most)
{
    const struct berth_table *t = table_of(c->f, table);
    struct berth_rows *all = c->rc == BERTH_OK && t != NULL ? select_rows(c, table, NULL, NULL, 0) : NULL;
    size_t n = 0;

    for (size_t i = 0; all != NULL && i < all->n && n < (size_t)most; i++) {
        struct berth_val v = t->title == NULL ? berth_nil() : row_get(all->at[i], t->title);

        if (v.type != BERTH_NULL && strstr(api_fold(c, v.s), api_fold(c, text)) != NULL)
            all->at[n++] = all->at[i];
    }
    if (all != NULL)
        all->n = n;
    return all;
}

static struct berth_row *api_next(struct berth_rows *rows)
{
    return rows != NULL && rows->i < rows->n ? rows->at[rows->i++] : NULL;
}

static int64_t api_count(struct berth_ctx *c, const char *table, const char *where,
                         const struct berth_val *args, size_t n)
{
    return c->rc == BERTH_OK ? (int64_t)select_rows(c, table, where, args, n)->n : 0;
}

static const char *api_table(const struct berth_row *r)
{
    return r->table;
}

static void store(struct berth_row *r)
{
    struct fake *f = r->f;
    struct berth_row *there = stored(f, r->table, r->id);
    struct berth_row *copied = row_copy(r);

    if (there != NULL) {
        there->cells = copied->cells;
        return;
    }
    copied->next = f->stored;
    f->stored = copied;
}

static void unstore(struct fake *f, const struct berth_row *r)
{
    for (struct berth_row **at = &f->stored; *at != NULL; at = &(*at)->next)
        if ((*at)->id == r->id && strcmp((*at)->table, r->table) == 0) {
            *at = (*at)->next;
            return;
        }
}

static int check_required(struct berth_ctx *c, struct berth_row *r)
{
    const struct berth_table *t = table_of(c->f, r->table);

    for (const struct berth_field *d = t != NULL ? t->fields : NULL; d != NULL && d->name != NULL;
         d++)
        if ((d->flags & BERTH_REQUIRED) != 0 && d->when == NULL && is_empty(row_get(r, d->name)))
            return fail(c, BERTH_INVALID, d->name, "err.required");
    return c->rc;
}

static int api_save(struct berth_ctx *c, struct berth_row *r)
{
    struct berth_row *there = r != NULL && r->id != 0 ? stored(c->f, r->table, r->id) : NULL;
    struct berth_row *old = there != NULL ? row_copy(there) : NULL;
    uint32_t what = old != NULL ? BERTH_UPDATE : BERTH_INSERT;

    if (c->rc != BERTH_OK || r == NULL)
        return c->rc;
    if (r->id != 0 && (old == NULL || row_get(old, "version").i != row_get(r, "version").i))
        return fail(c, BERTH_CONFLICT, NULL, "err.stale");
    if (run_hooks(c, BERTH_BEFORE | what, r->table, r, old) < 0 || check_required(c, r) < 0)
        return c->rc;
    if (r->id == 0) {
        r->id = ++c->f->last_id;
        row_set(r, "created_at", (struct berth_val){BERTH_TIME, 0, {.i = c->f->now}});
    }
    row_set(r, "updated_at", (struct berth_val){BERTH_TIME, 0, {.i = c->f->now}});
    row_set(r, "version", berth_i(row_get(r, "version").i + 1));
    store(r);
    if (run_hooks(c, BERTH_AFTER | what, r->table, r, old) < 0) {
        unstore(c->f, r);
        if (old != NULL)
            store(old);
        return c->rc;
    }
    return run_hooks(c, BERTH_DONE | what, r->table, r, old);
}

static int api_drop(struct berth_ctx *c, struct berth_row *r)
{
    if (c->rc != BERTH_OK || r == NULL)
        return c->rc;
    if (run_hooks(c, BERTH_BEFORE | BERTH_DELETE, r->table, r, r) < 0)
        return c->rc;
    unstore(c->f, r);
    if (run_hooks(c, BERTH_AFTER | BERTH_DELETE, r->table, r, r) < 0) {
        store(r);
        return c->rc;
    }
    return run_hooks(c, BERTH_DONE | BERTH_DELETE, r->table, r, r);
}

static int api_step(struct berth_ctx *c, int (*body)(struct berth_ctx *, void *), void *arg)
{
    struct berth_row *before = NULL, **end = &before;
    int rc;

    if (c->rc != BERTH_OK)
        return c->rc;
    for (const struct berth_row *r = c->f->stored; r != NULL; r = r->next) {
        *end = row_copy(r);
        end = &(*end)->next;
    }
    rc = body(c, arg);
    if (rc == BERTH_OK)
        rc = c->rc;
    if (rc != BERTH_OK)
        c->f->stored = before;
    c->rc = BERTH_OK;
    c->key = c->field = "";
    return rc;
}

static struct berth_rows *api_sql(struct berth_ctx *c, const char *sql,
                                  const struct berth_val *args, size_t n)
{
    (void)args, (void)n;
    fprintf(stderr, "fakehost: has no SQL: %s\n", sql);
    fail(c, BERTH_BROKEN, NULL, "fakehost.sql");
    return NULL;
}

/* The plugin's own declaration of a full name, "rates.days". */
static const char *own_name(const struct fake *f, const char *full)
{
    size_t n = strlen(f->plugin->name);

    return strncmp(full, f->plugin->name, n) == 0 && full[n] == '.' ? full + n + 1 : "";
}

static struct berth_val api_rule(struct berth_ctx *c, const char *name,
                                 const struct berth_val *args, size_t n)
{
    const struct named *said = find_named(c->f->rules, name);

    if (c->rc != BERTH_OK)
        return berth_nil();
    if (said != NULL)
        return said->run != NULL ? said->run(args, n) : said->v;
    for (const struct berth_rule *d = c->f->plugin->rules; d != NULL && d->name != NULL; d++)
        if (strcmp(d->name, own_name(c->f, name)) == 0)
            return literal(c->f, d->returns, d->def);
    fail(c, BERTH_BROKEN, NULL, "fakehost.rule");
    fprintf(stderr, "fakehost: there is no rule %s\n", name);
    return berth_nil();
}

static struct berth_val api_setting(struct berth_ctx *c, const char *name)
{
    const struct named *said = find_named(c->f->settings, name);

    if (said != NULL)
        return said->v;
    for (const struct berth_field *d = c->f->plugin->settings; d != NULL && d->name != NULL; d++)
        if (strcmp(d->name, own_name(c->f, name)) == 0)
            return literal(c->f, d->type, d->def);
    return berth_nil();
}

static int64_t api_user(struct berth_ctx *c)
{
    return c->f->user;
}

static bool api_can(struct berth_ctx *c, const char *perm)
{
    const struct named *said = find_named(c->f->perms, perm);

    return said == NULL || said->v.i != 0;
}

static const char *api_tr(struct berth_ctx *c, const char *key)
{
    return copy(c->f, key, strlen(key));
}

static int api_emit(struct berth_ctx *c, const char *topic, struct berth_row *row)
{
    if (c->rc != BERTH_OK)
        return c->rc;
    put_named(c->f, &c->f->topics, topic)->count++;
    return run_hooks(c, BERTH_EVENT, topic, row, NULL);
}

static int api_note(struct berth_ctx *c, struct berth_row *row, const char *op, const char *text)
{
    (void)row;
    c->f->noted = print(c->f, "%s: %s", op, text != NULL ? text : "");
    return c->rc;
}

static struct berth_val api_param(struct berth_ctx *c, const char *name)
{
    const struct named *said = find_named(c->f->params, name);

    return said != NULL ? said->v : berth_nil();
}

static int api_reply(struct berth_ctx *c, int status, const char *json)
{
    c->f->status = status;
    c->f->reply = json != NULL ? copy(c->f, json, strlen(json)) : "";
    return c->rc;
}

static int api_reply_row(struct berth_ctx *c, struct berth_row *row)
{
    return api_reply(
        c, 200, print(c->f, "{\"row\":{\"id\":%lld}}", row != NULL ? (long long)row->id : 0LL));
}

static int api_reply_rows(struct berth_ctx *c, struct berth_rows *rows)
{
    return api_reply(c, 200, print(c->f, "{\"rows\":%zu}", rows != NULL ? rows->n : 0));
}

static const char *const *api_tables(struct berth_ctx *c, uint32_t flags)
{
    const struct berth_table *t = c->f->plugin != NULL ? c->f->plugin->tables : NULL;
    size_t n = 0;
    const char **names;

    for (; t != NULL && t[n].name != NULL; n++)
        ;
    names = take(c->f, (n + 1) * sizeof(*names));
    n = 0;
    for (; t != NULL && t->name != NULL; t++)
        if ((t->flags & flags) == flags)
            names[n++] = t->name;
    return names;
}

/* No rules are asked here: what the test has put into the record holds. */
static int api_due(struct berth_ctx *c, struct berth_row *r, struct berth_due *out)
{
    *out = (struct berth_due){.at = row_get(r, "due_at").i, .pool_id = row_get(r, "due_pool_id").i};
    return c->rc;
}

static int api_all_rows(struct berth_ctx *c, int (*body)(struct berth_ctx *, void *), void *arg)
{
    return c->rc != BERTH_OK ? c->rc : body(c, arg);
}

static int api_alert(struct berth_ctx *c, const struct berth_alert *a, size_t size)
{
    (void)size;
    if (c->rc == BERTH_OK)
        c->f->alerts++;
    return c->rc != BERTH_OK || a->text != NULL ? (int)c->rc : fail(c, BERTH_BROKEN, NULL, "err.broken");
}

static int api_send(struct berth_ctx *c, const char *channel, const char *to, const char *subject, const char *text,
                    const struct berth_row *about)
{
    (void)subject;
    (void)about;
    if (c->rc == BERTH_OK && (channel == NULL || to == NULL || text == NULL))
        return fail(c, BERTH_INVALID, channel == NULL ? "channel" : to == NULL ? "to" : "text", "err.required");
    return c->rc;
}

static int api_alert_over(struct berth_ctx *c, const char *key)
{
    (void)key;
    return c->rc;
}

/* The newest of the record in that flow; NULL: in any. */
static struct asked *asked_of(const struct fake *f, const struct berth_row *r, const char *flow)
{
    for (struct asked *a = f->asked; a != NULL; a = a->next)
        if (strcmp(a->table, r->table) == 0 && a->id == row_get(r, "id").i && (flow == NULL || strcmp(a->flow, flow) == 0))
            return a;
    return NULL;
}

static int api_ask(struct berth_ctx *c, struct berth_row *r, const char *flow, const char *note)
{
    struct asked *a = r == NULL || c->rc != BERTH_OK ? NULL : asked_of(c->f, r, flow);

    (void)note;
    if (r == NULL || c->rc != BERTH_OK)
        return c->rc;
    if (a != NULL && (strcmp(a->state, "open") == 0 || strcmp(a->state, "returned") == 0))
        return fail(c, BERTH_CONFLICT, NULL, "err.approval_waits");
    a = take(c->f, sizeof(*a));
    *a = (struct asked){c->f->asked, print(c->f, "%s", r->table), print(c->f, "%s", flow == NULL ? "" : flow), "open", row_get(r, "id").i};
    c->f->asked = a;
    return c->rc;
}

static const char *api_approval(struct berth_ctx *c, const struct berth_row *r, const char *flow)
{
    const struct asked *a = r == NULL || c->rc != BERTH_OK ? NULL : asked_of(c->f, r, flow);

    return a == NULL ? NULL : a->state;
}

/* The plugin's own action, as fake_action(); another plugin's does nothing. */
static int api_act(struct berth_ctx *c, const struct berth_row *r, const char *action, const struct berth_val *args, size_t n)
{
    struct named *before = c->f->params;

    if (r == NULL || c->rc != BERTH_OK)
        return c->rc;
    for (size_t i = 0; i + 1 < n; i += 2)
        fake_param(c->f, args[i].s, args[i + 1]);
    for (const struct berth_action *d = c->f->plugin->actions; d != NULL && d->on != NULL; d++)
        if (strcmp(d->name, action) == 0 && (strcmp(d->on, r->table) == 0 || strcmp(d->on, "@pooled") == 0))
            d->run(c, api_load(c, r->table, row_get(r, "id").i));
    c->f->params = before;
    return c->rc;
}

static const char *api_call(struct berth_ctx *c, const char *what, const struct berth_val *args, size_t n)
{
    struct named *said = put_named(c->f, &c->f->calls, what);

    (void)args, (void)n;
    if (c->rc != BERTH_OK)
        return NULL;
    said->count++;
    return said->v.type == BERTH_NULL ? "" : said->v.s;
}

/* JSON as the host writes it: no blanks between values.  Behind the value that begins at s. */
static const char *json_past(const char *s)
{
    for (int depth = 0; *s != '\0'; s++) {
        if (depth == 0 && strchr(",]}", *s) != NULL)
            return s;
        depth += (*s == '{' || *s == '[') - (*s == '}' || *s == ']');
        if (*s == '"')
            while (*++s != '"' && *s != '\0')
                s += *s == '\\' && s[1] != '\0';
    }
    return s;
}

/* The member or element of that name; "" when there is none. */
static const char *json_member(const char *s, const char *name, size_t n)
{
    bool list = *s == '[';
    long left = strtol(name, NULL, 10);

    if (*s != '[' && *s != '{')
        return "";
    for (s++; *s != '\0' && *s != ']' && *s != '}'; s += *s == ',') {
        const char *value = list ? s : strchr(s, ':') + 1;

        if (list ? left-- == 0 : strncmp(s + 1, name, n) == 0 && s[n + 1] == '"')
            return value;
        s = json_past(value);
    }
    return "";
}

static struct berth_val api_json_at(struct berth_ctx *c, const char *json, const char *path)
{
    const char *s = json == NULL ? "" : json;

    for (size_t n; *path != '\0'; path += n + (path[n] == '.')) {
        n = strcspn(path, ".");
        s = json_member(s, path, n);
    }
    if (*s == '\0' || *s == 'n')
        return berth_nil();
    if (*s == '"')
        return keep(c->f, (struct berth_val){BERTH_TEXT, (int32_t)(json_past(s) - s - 2), {.s = s + 1}});
    if (*s == 't' || *s == 'f')
        return (struct berth_val){BERTH_BOOL, 0, {.i = *s == 't'}};
    if (*s == '{' || *s == '[')
        return keep(c->f, (struct berth_val){BERTH_JSON, (int32_t)(json_past(s) - s), {.s = s}});
    return berth_i(strtoll(s, NULL, 10));
}

static int64_t api_attach(struct berth_ctx *c, const struct berth_row *r, const char *name, const void *bytes, size_t n, int64_t replaces)
{
    struct file *x;

    (void)replaces;
    if (r == NULL || c->rc != BERTH_OK)
        return 0;
    if (name == NULL || *name == '\0' || n == 0)
        return fail(c, BERTH_INVALID, "name", "err.required"), 0;
    x = take(c->f, sizeof(*x));
    *x = (struct file){c->f->files, ++c->f->last_id, copy(c->f, bytes, n), n};
    c->f->files = x;
    return x->id;
}

static const void *api_file(struct berth_ctx *c, int64_t id, size_t *n)
{
    const struct file *x = c->f->files;

    while (x != NULL && x->id != id)
        x = x->next;
    *n = x == NULL ? 0 : x->n;
    if (x == NULL)
        fail(c, BERTH_NOT_FOUND, NULL, "err.not_found");
    return x == NULL ? NULL : x->bytes;
}

/* Everybody may share here; whom it is for is not looked at. */
static int64_t api_share(struct berth_ctx *c, const struct berth_row *r, const struct berth_share *s, size_t size)
{
    struct shared *x;

    if (r == NULL || c->rc != BERTH_OK)
        return 0;
    x = take(c->f, sizeof(*x));
    memcpy(&x->is, s, size < sizeof(x->is) ? size : sizeof(x->is));
    if ((x->is.user_id != 0) + (x->is.department_id != 0) + (x->is.role_id != 0) != 1)
        return fail(c, BERTH_INVALID, "user_id", "err.required"), 0;
    x->is.id = ++c->f->last_id;
    x->is.by = c->f->user;
    x->is.at = c->f->now;
    x->is.part = x->is.part == NULL ? NULL : print(c->f, "%s", x->is.part);
    x->table = r->table;
    x->rec = row_get(r, "id").i;
    x->next = c->f->shared;
    c->f->shared = x;
    return x->is.id;
}

static int api_unshare(struct berth_ctx *c, int64_t id)
{
    struct shared **x = &c->f->shared;

    while (*x != NULL && (*x)->is.id != id)
        x = &(*x)->next;
    if (c->rc != BERTH_OK || *x == NULL)
        return c->rc != BERTH_OK ? c->rc : fail(c, BERTH_NOT_FOUND, NULL, "err.not_found");
    *x = (*x)->next;
    return BERTH_OK;
}

static const struct berth_shares *api_shares(struct berth_ctx *c, const struct berth_row *r)
{
    struct berth_shares *all = take(c->f, sizeof(*all));
    const struct berth_share **of;
    size_t n = 0;

    for (struct shared *x = c->f->shared; x != NULL; x = x->next)
        n++;
    of = take(c->f, (n + 1) * sizeof(*of));
    *all = (struct berth_shares){.may = true, .left = 200 - (int32_t)n, .of = of};
    n = 0;
    for (int team = 1; team >= 0; team--)
        for (struct shared *x = c->f->shared; x != NULL; x = x->next)
            if (r != NULL && x->is.team == (team == 1) && strcmp(x->table, r->table) == 0 && x->rec == row_get(r, "id").i)
                of[n++] = &x->is;
    return r == NULL || c->rc != BERTH_OK ? NULL : all;
}

static int api_carry(struct berth_ctx *c, const struct berth_row *from, const struct berth_row *to)
{
    (void)from, (void)to;
    return c->rc;
}

static int api_carry_back(struct berth_ctx *c, const struct berth_row *from)
{
    (void)from;
    return c->rc;
}

static bool api_has(struct berth_ctx *c, const char *table)
{
    return table_of(c->f, table) != NULL;
}

static struct berth_row *api_ref(struct berth_ctx *c, const struct berth_row *r, const char *field)
{
    const struct berth_table *t = r == NULL ? NULL : table_of(c->f, r->table);

    for (const struct berth_field *d = t != NULL ? t->fields : NULL; d != NULL && d->name != NULL; d++)
        if (strcmp(d->name, field) == 0 && d->type == BERTH_REF && stored(c->f, d->of, row_get(r, field).i) != NULL)
            return api_load(c, d->of, row_get(r, field).i);
    return NULL;
}

static int64_t api_today(struct berth_ctx *c)
{
    return c->f->now / BERTH_DAY;
}

/* No holidays here: Monday to Friday. */
static int64_t api_workday(struct berth_ctx *c, const char *country, int64_t day, int32_t n)
{
    int step = n < 0 ? -1 : 1;

    (void)c;
    (void)country;
    for (int32_t left = n < 0 ? -n : n;;) {
        bool works = (day + 3) % 7 < 5;

        if (left == 0 && (works || n != 0))
            return day;
        day += step;
        left -= left > 0 && (day + 3) % 7 < 5;
    }
}

static bool leap(int y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

/* Months since 1970 and the day of the month; walks from year to year, a test's host may be slow. */
static int month_of(int64_t day, int *dom)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int y = 1970, m = 0;

    while (day < 0)
        day += leap(--y) ? 366 : 365;
    while (day >= (leap(y) ? 366 : 365))
        day -= leap(y++) ? 366 : 365;
    for (int n; day >= (n = lengths[m] + (m == 1 && leap(y))); m++)
        day -= n;
    *dom = (int)day + 1;
    return (y - 1970) * 12 + m;
}

static int64_t api_months(int64_t day, int32_t n)
{
    int dom, at, want = month_of(day, &dom) + n;

    for (int64_t to = day + (int64_t)n * 31 + (n >= 0 ? 1 : 32);; to--)
        if (month_of(to, &at) < want || (month_of(to, &at) == want && at <= dom))
            return to;
}

static int64_t api_midnight(struct berth_ctx *c, int64_t day)
{
    (void)c;
    return day * BERTH_DAY;
}

static int api_as_user(struct berth_ctx *c, int64_t user, int (*body)(struct berth_ctx *, void *), void *arg)
{
    int64_t before = c->f->user;
    int rc;

    c->f->user = user;
    rc = body(c, arg);
    c->f->user = before;
    return rc;
}

static const char *api_secret(struct berth_ctx *c)
{
    return print(c->f, "secret-%025lld", (long long)++c->f->last_id);
}

static const char *api_hash(struct berth_ctx *c, const char *text)
{
    return print(c->f, "hash of %s", text);
}

static int api_reply_text(struct berth_ctx *c, int status, const char *mime, const char *text)
{
    (void)mime;
    return api_reply(c, status, text);
}

/* Like the host's but for the forms of dates and money. */
static void json_piece(struct berth_ctx *c, const char *name, const char *text)
{
    struct fake *f = c->f;
    const char *before = f->json == NULL ? "" : f->json;
    size_t n = strlen(before);
    const char *comma = n == 0 || before[n - 1] == '{' || before[n - 1] == '[' || *text == '}' || *text == ']' ? "" : ",";

    f->json = name == NULL ? print(f, "%s%s%s", before, comma, text) : print(f, "%s%s\"%s\":%s", before, comma, name, text);
}

static void api_json_open(struct berth_ctx *c, const char *name, char bracket)
{
    struct fake *f = c->f;

    f->brackets = print(f, "%s%c", f->brackets == NULL ? "" : f->brackets, bracket == '{' ? '}' : ']');
    json_piece(c, name, bracket == '{' ? "{" : "[");
}

static void api_json(struct berth_ctx *c, const char *name, struct berth_val v)
{
    if (v.type == BERTH_NULL)
        json_piece(c, name, "null");
    else if (v.type == BERTH_REAL)
        json_piece(c, name, print(c->f, "%.15g", v.d));
    else if (v.type == BERTH_BOOL)
        json_piece(c, name, v.i != 0 ? "true" : "false");
    else if (v.type == BERTH_TEXT || v.type == BERTH_LONG || v.type == BERTH_PICK || v.type == BERTH_PHONE || v.type == BERTH_EMAIL ||
             v.type == BERTH_URL)
        json_piece(c, name, print(c->f, "\"%s\"", v.s));
    else
        json_piece(c, name, print(c->f, "%lld", (long long)v.i));
}

static int api_json_close(struct berth_ctx *c)
{
    struct fake *f = c->f;
    size_t n = f->brackets == NULL ? 0 : strlen(f->brackets);

    if (n == 0)
        return fail(c, BERTH_BROKEN, NULL, "fakehost.json");
    json_piece(c, NULL, (const char[]){f->brackets[n - 1], '\0'});
    f->brackets = copy(f, f->brackets, n - 1);
    return n == 1 ? api_reply(c, 200, f->json) : c->rc;
}

static int api_mail(struct berth_ctx *c, const struct berth_row *about, int64_t template_id, const char *to, const char *locale)
{
    (void)about, (void)template_id, (void)locale;
    fprintf(stderr, "fakehost: sends no mail to %s\n", to == NULL ? "the record's address" : to);
    return c->rc;
}

static int api_totals(struct berth_ctx *c, const char *table, const char *where, const struct berth_val *args, size_t n,
                      const char *group, const char *sum,
                      int (*each)(struct berth_ctx *, const struct berth_total *, void *), void *arg)
{
    (void)args, (void)n, (void)group, (void)sum, (void)each, (void)arg;
    fprintf(stderr, "fakehost: adds nothing up: %s %s\n", table, where);
    return fail(c, BERTH_BROKEN, NULL, "fakehost.totals");
}

static void api_succeeds(struct berth_ctx *c, const struct berth_row *r)
{
    (void)c, (void)r;
}

static const struct berth_api fake_api = {
    .size = sizeof(struct berth_api),
    .abi_major = BERTH_ABI_MAJOR,
    .abi_minor = BERTH_ABI_MINOR,
    .log = api_log,
    .error = fail,
    .rc = api_rc,
    .alloc = api_alloc,
    .fmt = api_fmt,
    .state = api_state,
    .now = api_now,
    .make = api_make,
    .load = api_load,
    .find = api_find,
    .next = api_next,
    .count = api_count,
    .table = api_table,
    .get = row_get,
    .set = row_set,
    .save = api_save,
    .drop = api_drop,
    .step = api_step,
    .sql = api_sql,
    .rule = api_rule,
    .setting = api_setting,
    .user = api_user,
    .can = api_can,
    .tr = api_tr,
    .emit = api_emit,
    .note = api_note,
    .param = api_param,
    .reply = api_reply,
    .reply_row = api_reply_row,
    .reply_rows = api_reply_rows,
    .all_rows = api_all_rows,
    .alert = api_alert,
    .alert_over = api_alert_over,
    .send = api_send,
    .has = api_has,
    .ref = api_ref,
    .today = api_today,
    .midnight = api_midnight,
    .workday = api_workday,
    .as_user = api_as_user,
    .secret = api_secret,
    .hash = api_hash,
    .reply_text = api_reply_text,
    .tables = api_tables,
    .due = api_due,
    .totals = api_totals,
    .json_open = api_json_open,
    .json = api_json,
    .json_close = api_json_close,
    .mail = api_mail,
    .succeeds = api_succeeds,
    .ask = api_ask,
    .approval = api_approval,
    .act = api_act,
    .call = api_call,
    .json_at = api_json_at,
    .attach = api_attach,
    .file = api_file,
    .search = api_search,
    .fold = api_fold,
    .share = api_share,
    .unshare = api_unshare,
    .shares = api_shares,
    .months = api_months,
    .carry = api_carry,
    .carry_back = api_carry_back,
};

/* ---- the functions tests call ------------------------------------------------------ */

struct fake *fake_new(const struct berth_plugin *(*entry)(const struct berth_api *))
{
    struct fake *f = calloc(1, sizeof(*f));

    if (f == NULL)
        abort();
    f->plugin = entry(&fake_api);
    f->user = 1;
    f->now = FAKE_START;
    f->ctx.f = f;
    f->noted = "";
    fake_clear(f);
    return f;
}

void fake_free(struct fake **fp)
{
    struct fake *f = *fp;

    if (f == NULL)
        return;
    if (f->state != NULL && f->plugin->close != NULL)
        f->plugin->close(f->state);
    while (f->blocks != NULL) {
        struct block *next = f->blocks->next;

        free(f->blocks);
        f->blocks = next;
    }
    free(f);
    *fp = NULL;
}

void fake_answer(struct fake *f, const char *what, const char *json)
{
    put_named(f, &f->calls, what)->v = keep(f, berth_s(json));
}

int fake_called(struct fake *f, const char *what)
{
    const struct named *said = find_named(f->calls, what);

    return said == NULL ? 0 : said->count;
}

void fake_decide(struct fake *f, const struct berth_row *r, const char *flow, const char *state)
{
    struct asked *a = asked_of(f, r, flow);

    if (a != NULL)
        a->state = print(f, "%s", state);
}

int fake_alerts(const struct fake *f)
{
    return f->alerts;
}

struct berth_ctx *fake_ctx(struct fake *f)
{
    return &f->ctx;
}

void fake_clear(struct fake *f)
{
    f->ctx.rc = BERTH_OK;
    f->ctx.key = f->ctx.field = "";
    f->params = NULL;
    f->status = 0;
    f->reply = "";
}

void fake_user(struct fake *f, int64_t id)
{
    f->user = id;
}

void fake_now(struct fake *f, int64_t ms)
{
    f->now = ms;
}

void fake_may(struct fake *f, const char *perm, bool may)
{
    put_named(f, &f->perms, perm)->v = berth_i(may);
}

void fake_param(struct fake *f, const char *name, struct berth_val v)
{
    put_named(f, &f->params, name)->v = keep(f, v);
}

void fake_setting(struct fake *f, const char *name, struct berth_val v)
{
    put_named(f, &f->settings, name)->v = keep(f, v);
}

void fake_rule(struct fake *f, const char *name, struct berth_val v)
{
    put_named(f, &f->rules, name)->v = keep(f, v);
}

void fake_rule_run(struct fake *f, const char *name,
                   struct berth_val (*run)(const struct berth_val *args, size_t n))
{
    put_named(f, &f->rules, name)->run = run;
}

struct berth_row *fake_given_(struct fake *f, const char *table, ...)
{
    struct berth_row *r = api_make(&(struct berth_ctx){.f = f, .key = "", .field = ""}, table);
    va_list ap;

    va_start(ap, table);
    for (const char *name; (name = va_arg(ap, const char *)) != NULL;)
        row_set(r, name, va_arg(ap, struct berth_val));
    va_end(ap);
    r->id = ++f->last_id;
    row_set(r, "version", berth_i(1));
    store(r);
    return r;
}

struct berth_row *fake_stored(struct fake *f, const char *table, int64_t id)
{
    return stored(f, table, id);
}

int64_t fake_int(const struct berth_row *r, const char *field)
{
    return row_get(r, field).i;
}

const char *fake_text(const struct berth_row *r, const char *field)
{
    struct berth_val v = row_get(r, field);

    return is_text(v) ? v.s : "";
}

int fake_action(struct fake *f, const char *on, const char *name, struct berth_row *row)
{
    for (const struct berth_action *d = f->plugin->actions; d != NULL && d->on != NULL; d++)
        if (strcmp(d->name, name) == 0 && hook_is_on(f, d->on, on)) {
            int rc = d->run(&f->ctx, row);

            return rc != BERTH_OK ? rc : f->ctx.rc;
        }
    return BERTH_NOT_FOUND;
}

int fake_timer(struct fake *f, const char *name)
{
    for (const struct berth_timer *d = f->plugin->timers; d != NULL && d->name != NULL; d++)
        if (strcmp(d->name, name) == 0) {
            int64_t user = f->user;
            int rc;

            f->user = 0;
            rc = d->run(&f->ctx);
            f->user = user;
            return rc != BERTH_OK ? rc : f->ctx.rc;
        }
    return BERTH_NOT_FOUND;
}

int fake_route(struct fake *f, const char *method, const char *path)
{
    for (const struct berth_route *d = f->plugin->routes; d != NULL && d->method != NULL; d++)
        if (strcmp(d->method, method) == 0 && strcmp(d->path, path) == 0) {
            int rc = d->run(&f->ctx);

            return rc != BERTH_OK ? rc : f->ctx.rc;
        }
    return BERTH_NOT_FOUND;
}

int fake_save(struct fake *f, struct berth_row *row)
{
    return api_save(&f->ctx, row);
}

int fake_drop(struct fake *f, struct berth_row *row)
{
    return api_drop(&f->ctx, row);
}

int fake_event(struct fake *f, const char *topic, struct berth_row *row)
{
    return run_hooks(&f->ctx, BERTH_EVENT, topic, row, NULL);
}

int fake_open(struct fake *f)
{
    return f->plugin->open != NULL ? f->plugin->open(&f->ctx, &f->state) : BERTH_OK;
}

const char *fake_error_key(struct fake *f)
{
    return f->ctx.key;
}

const char *fake_error_field(struct fake *f)
{
    return f->ctx.field;
}

int fake_emitted(struct fake *f, const char *topic)
{
    const struct named *said = find_named(f->topics, topic);

    return said != NULL ? said->count : 0;
}

const char *fake_noted(struct fake *f)
{
    return f->noted;
}

int fake_replied(struct fake *f)
{
    return f->status;
}

const char *fake_reply(struct fake *f)
{
    return f->reply;
}

int fake_logged(struct fake *f, const char *part)
{
    int n = 0;

    for (const struct named *line = f->lines; line != NULL; line = line->next)
        n += strstr(line->name, part) != NULL ? line->count : 0;
    return n;
}
