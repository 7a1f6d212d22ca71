/* order.c - makes and keeps the keys that lists of texts are sorted by. */
#include "record/order.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "record/commit.h"
#include "record/setting.h"
#include "text/collate.h"

/* Raise when text_sort_key() makes something else of the same text. */
enum { ORDER_VERSION = 1 };
enum { CHUNK = 500, CHUNK_MS = 8 }; /* rows read for one commit, and its time */
enum { FEW = 2000 };                /* rows of a table that get their keys at once */

struct order {
    pthread_mutex_t lock;
    /* Choices are counted where they are made, on the writer, and followed behind their commits, in whatever order those
     * who made them get to it. */
    _Atomic(uint64_t) choices, followed;
    char locale[16];
    _Atomic(struct text_collator *) by; /* opened for the first text */
    struct old {
        struct text_collator *by;
        struct old *next;
    } *old; /* somebody may be at it still; they are few */
    atomic_bool settled;
};

struct order *order_new(const char *locale)
{
    struct order *o = mem_alloc(sizeof(*o));

    *o = (struct order){0};
    pthread_mutex_init(&o->lock, NULL);
    snprintf(o->locale, sizeof(o->locale), "%s", locale);
    return o;
}

void order_free(struct order **o)
{
    struct text_collator *by = atomic_load(&(*o)->by);

    if (by != NULL)
        text_collator_free(&by);
    for (struct old *x = (*o)->old, *next; x != NULL; x = next) {
        next = x->next;
        text_collator_free(&x->by);
        free(x);
    }
    pthread_mutex_destroy(&(*o)->lock);
    free(*o);
    *o = NULL;
}

static void follow(struct order *o, uint64_t choice, const char *locale)
{
    bool other;

    pthread_mutex_lock(&o->lock);
    other = choice >= o->followed && strcmp(o->locale, locale) != 0;
    if (other || choice > o->followed)
        atomic_store(&o->settled, false);
    if (other) {
        struct old *old = mem_alloc(sizeof(*old));

        snprintf(o->locale, sizeof(o->locale), "%s", locale);
        *old = (struct old){atomic_exchange(&o->by, NULL), o->old};
        o->old = old;
    }
    if (choice > o->followed)
        o->followed = choice; /* whoever reads it before they make a key is at worst too careful */
    pthread_mutex_unlock(&o->lock);
}

static void settle_if(struct order *o, uint64_t followed)
{
    pthread_mutex_lock(&o->lock);
    if (o->followed == followed)
        atomic_store(&o->settled, true);
    pthread_mutex_unlock(&o->lock);
}

static struct text_collator *collator(struct order *o)
{
    struct text_collator *by = atomic_load_explicit(&o->by, memory_order_acquire);

    if (by != NULL)
        return by;
    pthread_mutex_lock(&o->lock);
    by = atomic_load(&o->by);
    if (by == NULL) {
        by = text_collator_new(o->locale);
        atomic_store(&o->by, by);
    }
    pthread_mutex_unlock(&o->lock);
    return by;
}

/* ---- keys -------------------------------------------------------------------------- */
struct berth_val order_key(struct berth_ctx *c, struct berth_val text)
{
    struct buf b = BUF_INIT;
    struct berth_val key;

    if (text.type == BERTH_NULL)
        return text;
    text_sort_key(collator(c->st->order), &b, text.s, text.len < 0 ? strlen(text.s) : (size_t)text.len);
    key = (struct berth_val){VAL_KEY, (int32_t)b.len, {.s = arena_strndup(c->a, b.s, b.len)}};
    buf_free(&b);
    return key;
}

struct berth_val order_of(const struct berth_row *r, const struct field *column)
{
    struct berth_val text = r->v[column->orders->at];
    const struct order_made *made = r->made == NULL ? NULL : &r->made[column->at - r->t->nfields];

    if (made != NULL && !val_is_nil(text) && made->of == text.s && made->followed == r->c->st->order->followed)
        return made->key;
    return order_key(r->c, text);
}

struct order_made order_ahead(struct berth_ctx *c, struct berth_val text)
{
    uint64_t followed = c->st->order->followed;

    return (struct order_made){order_key(c, text), text.s, followed};
}

struct berth_val order_read(struct berth_ctx *c, struct db_stmt *s, int col)
{
    size_t n;
    const char *bytes = db_col_blob(s, col, &n);

    return bytes == NULL ? berth_nil() : (struct berth_val){VAL_KEY, (int32_t)n, {.s = arena_strndup(c->a, bytes, n)}};
}

bool order_settled(const struct store *st)
{
    return atomic_load_explicit(&st->order->settled, memory_order_relaxed);
}

/* ---- what the keys of a table are made from ------------------------------------------ */
/* "1 zh-CN 48010000 name,contact"; "" when nothing is sorted by a key. */
static const char *shape(struct arena *a, struct order *o, const struct table *t)
{
    struct buf b = BUF_INIT;
    const char *s;

    pthread_mutex_lock(&o->lock);
    for (int i = t->nfields; i < t->ncolumns; i++) {
        if (b.len == 0)
            buf_addf(&b, "%d %s %x ", ORDER_VERSION, o->locale, text_collate_version());
        buf_addf(&b, "%s%s", i > t->nfields ? "," : "", t->fields[i].orders->name);
    }
    pthread_mutex_unlock(&o->lock);
    s = arena_strndup(a, buf_str(&b), b.len);
    buf_free(&b);
    return s;
}

static bool text_without_key(struct db_conn *conn, struct arena *a, const struct table *t)
{
    bool any = false;

    for (int i = t->nfields; i < t->ncolumns && !any; i++) {
        struct db_stmt *s;

        if (t->fields[i].orders->column_null) /* many may be empty, and have none */
            continue;
        s = db_prepare(conn, arena_fmt(a, "SELECT 1 FROM %s WHERE %s IS NULL LIMIT 1", t->sql, t->fields[i].name));
        any = db_step(s) == DB_ROW;
        db_reset(s);
    }
    return any;
}

/* Whoever writes rows with SQL of their own (an installation) leaves them without keys. */
static bool is_stale(struct db_conn *conn, struct arena *a, struct store *st, const struct table *t)
{
    struct db_stmt *s;
    bool same;

    s = db_prepare(conn, "SELECT coalesce(ordered, '') FROM model_table WHERE name = ?");
    db_bind_text(s, 1, t->name, -1);
    same = db_step(s) == DB_ROW ? strcmp(db_col_text(s, 0, NULL), shape(a, st->order, t)) == 0 : t->ncolumns == t->nfields;
    db_reset(s);
    return !same || text_without_key(conn, a, t);
}

static const struct table *first_stale(struct db_conn *conn, struct arena *a, struct store *st, const struct model *m)
{
    for (size_t i = 0; i < m->ntables; i++)
        if (is_stale(conn, a, st, &m->tables[i]))
            return &m->tables[i];
    return NULL;
}

static int mark(struct berth_ctx *c, const struct table *t, const char *as)
{
    struct db_stmt *s = db_prepare(c->conn, "UPDATE model_table SET ordered = ? WHERE name = ?");
    int rc;

    db_bind_text(s, 1, as, -1);
    db_bind_text(s, 2, t->name, -1);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "note what lists are sorted by") : BERTH_OK;
}

/* ---- making them anew, on the writer ------------------------------------------------------ */
struct keyed { /* a row with its texts and the keys it has */
    int64_t id;
    struct berth_val *v;
};

static int put_keys(struct berth_ctx *c, const struct table *t, const struct keyed *k)
{
    int n = t->ncolumns - t->nfields, at = 1, rc;
    struct buf sql = BUF_INIT;
    struct db_stmt *s;
    bool same = true;

    for (int i = 0; i < n; i++) {
        struct berth_val key = order_key(c, k->v[i]);

        same = same && val_equal(key, k->v[n + i]);
        k->v[n + i] = key;
    }
    if (same)
        return c->rc;
    buf_addf(&sql, "UPDATE %s SET ", t->sql);
    for (int i = 0; i < n; i++)
        buf_addf(&sql, "%s%s = ?", i > 0 ? ", " : "", t->fields[t->nfields + i].name);
    buf_puts(&sql, " WHERE id = ?");
    s = db_prepare(c->conn, buf_str(&sql));
    buf_free(&sql);
    for (int i = 0; i < n; i++)
        val_bind(s, at++, &t->fields[t->nfields + i], k->v[n + i]);
    db_bind_int(s, at, k->id);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "make the keys of a list anew") : BERTH_OK;
}

/* The rows are read before any is written: a statement is one's own only until the next is prepared. */
static size_t read_rows(struct berth_ctx *c, const struct table *t, int64_t after, struct keyed *k, size_t most)
{
    int n = t->ncolumns - t->nfields;
    struct buf sql = BUF_INIT;
    struct db_stmt *s;
    size_t rows = 0;

    buf_puts(&sql, "SELECT id");
    for (int i = 0; i < n; i++)
        buf_addf(&sql, ", %s", t->fields[t->nfields + i].orders->name);
    for (int i = 0; i < n; i++)
        buf_addf(&sql, ", %s", t->fields[t->nfields + i].name);
    buf_addf(&sql, " FROM %s WHERE id > ? ORDER BY id LIMIT ?", t->sql);
    s = db_prepare(c->conn, buf_str(&sql));
    buf_free(&sql);
    db_bind_int(s, 1, after);
    db_bind_int(s, 2, (int64_t)most);
    while (db_step(s) == DB_ROW) {
        k[rows].id = db_col_int(s, 0);
        k[rows].v = arena_alloc(c->a, 2 * (size_t)n * sizeof(*k->v));
        for (int i = 0; i < n; i++) {
            k[rows].v[i] = val_read(c, t->fields[t->nfields + i].orders, s, 1 + i);
            k[rows].v[n + i] = order_read(c, s, 1 + n + i);
        }
        rows++;
    }
    db_reset(s);
    return rows;
}

struct walk {
    const struct table *t;
    const char *shape; /* when it began */
    uint64_t followed; /* then */
    int64_t after, rows;
    size_t most;
    bool hurried, through;
};

/* All rows have keys of one order: no other was chosen since, not even one that was taken back. */
static int through(struct berth_ctx *c, const struct walk *w)
{
    return w->followed == c->st->order->choices ? mark(c, w->t, w->shape) : (int)c->rc;
}

static int chunk(struct berth_ctx *c, void *arg)
{
    struct walk *w = arg;
    struct keyed *k = arena_alloc(c->a, w->most * sizeof(*k));
    int64_t until = when_monotonic() + CHUNK_MS;
    size_t n = read_rows(c, w->t, w->after, k, w->most), i = 0;

    while (i < n && c->rc == BERTH_OK && (i == 0 || !w->hurried || when_monotonic() < until)) {
        put_keys(c, w->t, &k[i]);
        w->after = k[i++].id;
    }
    w->rows += (int64_t)i;
    w->through = i == n && n < w->most;
    return w->through && c->rc == BERTH_OK ? through(c, w) : (int)c->rc;
}

/* ---- the job --------------------------------------------------------------------------------- */
static bool job_waits(struct berth_ctx *c)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT 1 FROM job WHERE kind = 'reorder' AND state = 'queued' LIMIT 1");
    bool yes = db_step(s) == DB_ROW;

    db_reset(s);
    return yes;
}

static void unsettle(struct berth_ctx *c, void *arg)
{
    (void)arg;
    atomic_store(&c->st->order->settled, false);
}

static int queue_job(struct berth_ctx *c)
{
    json_t *args;

    if (job_waits(c)) /* one that runs began with what was true then */
        return c->rc;
    args = json_object();
    job_add(c, "reorder", args, 0);
    json_decref(args);
    return c->rc;
}

static const char *locale_of(struct berth_ctx *c, struct berth_val setting)
{
    return val_is_nil(setting) ? c->st->company.locale : setting.s;
}

int order_follow(struct berth_ctx *c)
{
    struct order *o = c->st->order;

    follow(o, o->choices, locale_of(c, setting_get(c, "base.sorting")));
    return c->rc;
}

static int follow_body(struct berth_ctx *c, void *arg)
{
    (void)arg;
    return order_follow(c);
}

struct choice {
    uint64_t n;
    const char *locale;
};

static void chosen(struct berth_ctx *c, void *arg)
{
    const struct choice *k = arg;

    follow(c->st->order, k->n, k->locale);
}

int order_chosen(struct berth_ctx *c, struct berth_val locale)
{
    struct choice *k = arena_alloc(c->a, sizeof(*k));
    int rc;

    *k = (struct choice){atomic_fetch_add(&c->st->order->choices, 1) + 1, locale_of(c, locale)};
    ctx_after_commit(c, chosen, k);
    rc = db_exec(c->conn, "UPDATE model_table SET ordered = NULL"); /* this one may be taken back before its job runs */
    return rc < 0 ? ctx_db(c, rc, "note that lists are sorted anew") : queue_job(c);
}

/* The next table to walk; NULL: all is done, or it failed. */
static const struct table *begin(struct job *j, struct walk *w, int *rc, struct buf *err)
{
    struct order *o = j->st->order;

    *rc = commit_run(&(struct commit){.st = j->st, .what = "reorder", .low = true, .body = follow_body, .err = err});
    *w = (struct walk){.followed = o->followed, .most = CHUNK, .hurried = true};
    w->t = *rc == 0 ? first_stale(j->conn, j->a, j->st, atomic_load(&j->st->model)) : NULL;
    if (w->t != NULL) {
        atomic_store(&o->settled, false);
        w->shape = shape(j->a, o, w->t);
    } else if (*rc == 0) {
        settle_if(o, w->followed);
    }
    return w->t;
}

/* A table that was cut off is walked from its first row again: the keys it got are right, or another order came between. */
int order_run(struct job *j, struct buf *err)
{
    struct walk w;
    int rc = 0;

    while (rc == 0 && !j->cancelled && begin(j, &w, &rc, err) != NULL)
        do {
            rc = commit_run(&(struct commit){.st = j->st, .what = "reorder", .low = true, .body = chunk, .arg = &w, .err = err});
            if (rc == 0) {
                j->done += w.rows;
                rc = job_progress(j);
            }
            w.rows = 0;
        } while (rc == 0 && !w.through && !j->cancelled);
    return rc == 0 ? 0 : -1;
}

/* ---- at the start, and with another model -------------------------------------------------- */
static bool has_few(struct berth_ctx *c, const struct table *t)
{
    struct db_stmt *s = db_prepare(c->conn, arena_fmt(c->a, "SELECT 1 FROM %s LIMIT 1 OFFSET %d", t->sql, FEW));
    bool few = db_step(s) == DB_DONE;

    db_reset(s);
    return few;
}

static void settle(struct berth_ctx *c, void *arg)
{
    settle_if(c->st->order, *(const uint64_t *)arg);
}

/* Texts that are newly sorted are new columns, empty in every row. */
static bool only_added(struct berth_ctx *c, const struct table *t, const struct model *was, const struct plan *plan)
{
    const struct table *before = was == NULL ? NULL : model_table(was, t->name);

    if (before == NULL || is_stale(c->conn, c->a, c->st, before))
        return false;
    for (int i = t->nfields; i < t->ncolumns; i++) {
        const struct field *f = model_field(before, t->fields[i].orders->name);

        if ((f == NULL || f->order == NULL) && !plan_adds(plan, t, t->fields[i].orders->name))
            return false;
    }
    return true;
}

int order_look(struct berth_ctx *c, const struct model *was, const struct model *m, const struct plan *plan)
{
    uint64_t *followed = arena_alloc(c->a, sizeof(*followed));
    bool stale = false;

    *followed = c->st->order->followed;
    for (size_t i = 0; i < m->ntables && c->rc == BERTH_OK; i++) {
        const struct table *t = &m->tables[i];
        struct walk w = {.t = t, .shape = shape(c->a, c->st->order, t), .followed = *followed, .most = FEW + 1};

        if (!is_stale(c->conn, c->a, c->st, t))
            continue;
        if (*followed != c->st->order->choices)
            stale = true; /* another order was chosen just now */
        else if (t->ncolumns == t->nfields || only_added(c, t, was, plan))
            through(c, &w);
        else if (has_few(c, t))
            chunk(c, &w);
        else
            stale = true;
    }
    ctx_after_commit(c, stale ? unsettle : settle, followed);
    return stale ? queue_job(c) : (int)c->rc;
}
