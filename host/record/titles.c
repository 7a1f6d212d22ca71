/* titles.c - titles of the records that others point at, and their cache.
 *
 * What is remembered is a title and whose the record is, so that every reader is still asked for the right to
 * see it.  An entry holds until a commit changes a title or an owner in its table: changes are numbered, a
 * request takes the latest number before it reads anything, and what it read counts for as long as its table
 * has not changed since that number.  A snapshot older than a change can thus never pass for newer.  Inside a
 * transaction that writes the cache is left alone. */
#include "record/titles.h"

#include <stdlib.h>
#include <string.h>

/* A power of two; each id has one place, and the newer entry takes it. */
enum { PLACES = 4096, LONGEST = 400 };

struct entry {
    const struct table *t; /* NULL: free.  A new model has new tables, so that old entries find nobody */
    int64_t id, owner, pool;
    uint64_t read_at;
    char *json; /* "7":"title" */
    size_t len;
};

struct titles_cache {
    pthread_rwlock_t lock;
    _Atomic uint64_t now;
    uint64_t *changed_at; /* by table->at */
    size_t tables;
    struct entry place[PLACES];
};

struct titles_wanted {
    const struct table *t;
    int64_t *id;
    size_t n, cap;
    struct titles_wanted *next;
};

struct titles_cache *titles_cache_new(size_t tables)
{
    struct titles_cache *tc = mem_alloc(sizeof(*tc));

    pthread_rwlock_init(&tc->lock, NULL);
    tc->changed_at = mem_alloc(tables * sizeof(*tc->changed_at));
    tc->tables = tables;
    return tc;
}

void titles_cache_free(struct titles_cache **tc)
{
    for (size_t i = 0; i < PLACES; i++)
        free((*tc)->place[i].json);
    free((*tc)->changed_at);
    pthread_rwlock_destroy(&(*tc)->lock);
    free(*tc);
    *tc = NULL;
}

uint64_t titles_now(const struct titles_cache *tc)
{
    return tc == NULL ? 0 : atomic_load(&tc->now);
}

/* ---- what changes them ----------------------------------------------------------- */
static void changed(struct berth_ctx *c, void *arg)
{
    struct titles_cache *tc = c->st->titles;
    const struct table *t = arg;

    pthread_rwlock_wrlock(&tc->lock);
    tc->changed_at[t->at] = atomic_fetch_add(&tc->now, 1) + 1;
    pthread_rwlock_unlock(&tc->lock);
}

static bool same(const struct berth_row *a, const struct berth_row *b, int at)
{
    return at < 0 || val_equal(a->v[at], b->v[at]);
}

void titles_touched(struct berth_ctx *c, const struct berth_row *old, const struct berth_row *now)
{
    const struct table *t = old == NULL ? now->t : old->t;

    if (c->st->titles == NULL || t->title == NULL || (size_t)t->at >= c->st->titles->tables || old == NULL)
        return; /* what is new was nowhere remembered */
    if (now != NULL && same(old, now, t->title->at) && same(old, now, t->at_owner) && same(old, now, t->at_pool))
        return;
    ctx_after_commit(c, changed, (void *)(uintptr_t)t);
}

/* ---- the cache ------------------------------------------------------------------- */
/* Titles that are the same for everybody, of tables where owner and pool say who may see a record. */
static bool kept(const struct berth_ctx *c, const struct table *t)
{
    return c->st->titles != NULL && !c->writing && (size_t)t->at < c->st->titles->tables && t->title->type != BERTH_PICK &&
           field_is_text(t->title) && !t->translated && !(t->title->flags & BERTH_MANY) && (t->parent == NULL || t->parent->ref == NULL);
}

static struct entry *place_of(struct titles_cache *tc, const struct table *t, int64_t id)
{
    return &tc->place[((uint64_t)id * 31 + (uint64_t)t->at * 7919) & (PLACES - 1)];
}

/* Writes what is remembered; the ids that are not are left in id[0..]: their number. */
static size_t write_known(struct berth_ctx *c, struct json *j, const struct table *t, int64_t *id, size_t n)
{
    struct titles_cache *tc = c->st->titles;
    size_t missing = 0;

    pthread_rwlock_rdlock(&tc->lock);
    for (size_t i = 0; i < n; i++) {
        const struct entry *e = place_of(tc, t, id[i]);

        if (e->t != t || e->id != id[i] || e->read_at < tc->changed_at[t->at])
            id[missing++] = id[i];
        else if (perm_owned(c, t, e->id, e->owner, e->pool, DO_READ))
            json_raw(j, e->json, e->len);
    }
    pthread_rwlock_unlock(&tc->lock);
    return missing;
}

static void keep(struct berth_ctx *c, struct entry e, const struct buf *json)
{
    struct titles_cache *tc = c->st->titles;
    struct entry *at = place_of(tc, e.t, e.id);

    if (json->len > LONGEST)
        return;
    e.read_at = c->titles_at;
    e.len = json->len;
    e.json = mem_strdup(buf_str(json));
    pthread_rwlock_wrlock(&tc->lock);
    if (at->t != e.t || at->id != e.id || at->read_at <= e.read_at) {
        char *old = at->json;

        *at = e;
        e.json = old;
    }
    pthread_rwlock_unlock(&tc->lock);
    free(e.json);
}

const char *title_sql(struct berth_ctx *c, const struct table *t, const char *prefix)
{
    const struct field *said = t->translated ? model_said(t, c->locale) : NULL;

    return said == NULL ? arena_fmt(c->a, "%s%s", prefix, t->title->name)
                        : arena_fmt(c->a, "coalesce(nullif(%s%s, ''), %s%s)", prefix, said->name, prefix, t->title->name);
}

/* ---- reading --------------------------------------------------------------------- */
/* Up to `most` titles with one statement; what is not bound is NULL and finds nothing.  Where the cache is of
 * no use the statement itself asks for the right to see them. */
static struct db_stmt *select_titles(struct berth_ctx *c, const struct table *t, const int64_t *id, size_t n, size_t most)
{
    struct buf sql = BUF_INIT;
    struct db_stmt *s;

    buf_addf(&sql, "SELECT t.id, %s", title_sql(c, t, "t."));
    if (t->at_owner >= 0)
        buf_addf(&sql, ", t.%s", t->fields[t->at_owner].name);
    if (t->at_pool >= 0)
        buf_addf(&sql, ", t.%s", t->fields[t->at_pool].name);
    buf_addf(&sql, " FROM %s t WHERE t.id IN (?", t->sql);
    for (size_t i = 1; i < most; i++)
        buf_puts(&sql, ",?");
    buf_putc(&sql, ')');
    if (!kept(c, t)) {
        buf_puts(&sql, " AND ");
        perm_where_one(c, t, DO_READ, "t.", &sql);
    }
    s = db_prepare(c->conn, buf_str(&sql));
    buf_free(&sql);
    for (size_t i = 0; i < n; i++)
        db_bind_int(s, (int)i + 1, id[i]);
    return s;
}

static void read_titles(struct berth_ctx *c, struct json *j, const struct table *t, const int64_t *id, size_t n, size_t most)
{
    struct db_stmt *s = select_titles(c, t, id, n, most);
    struct buf one = BUF_INIT;
    bool keeps = kept(c, t);
    int rc;

    while ((rc = db_step(s)) == DB_ROW) {
        struct entry e = {.t = t, .id = db_col_int(s, 0)};

        if (t->at_owner >= 0)
            e.owner = db_col_int(s, 2);
        if (t->at_pool >= 0)
            e.pool = db_col_int(s, 3);
        const char *title = val_text(c, t->title, val_read(c, t->title, s, 1));

        buf_clear(&one);
        buf_addf(&one, "\"%lld\":", (long long)e.id);
        json_quote(&one, title, strlen(title));
        if (!keeps || perm_owned(c, t, e.id, e.owner, e.pool, DO_READ))
            json_raw(j, one.s, one.len);
        if (keeps)
            keep(c, e, &one);
    }
    db_reset(s);
    buf_free(&one);
    if (rc < 0)
        ctx_db(c, rc, "read titles");
}

static void table_json(struct berth_ctx *c, struct json *j, const struct titles_wanted *w)
{
    enum { FEW = 8, MANY = 64 }; /* two statements a table instead of one for each number of ids */
    size_t left = kept(c, w->t) ? write_known(c, j, w->t, w->id, w->n) : w->n;

    for (size_t at = 0, n; at < left; at += n) {
        n = left - at > MANY ? MANY : left - at;
        read_titles(c, j, w->t, w->id + at, n, n <= FEW ? FEW : MANY);
    }
}

void titles_json(struct berth_ctx *c, struct json *j, const struct titles_wanted *w)
{
    json_key(j, "refs");
    json_open(j, '{');
    for (; w != NULL; w = w->next) {
        if (w->t->title == NULL)
            continue;
        json_key(j, w->t->name);
        json_open(j, '{');
        if (w->t->title->type != BERTH_REF)
            table_json(c, j, w);
        json_close(j, '}');
    }
    json_close(j, '}');
}

/* ---- what is wanted --------------------------------------------------------------- */
static void want(struct berth_ctx *c, struct titles_wanted **all, const struct table *t, int64_t id)
{
    struct titles_wanted *w = *all;

    if (t == NULL || id <= 0)
        return;
    while (w != NULL && w->t != t)
        w = w->next;
    if (w == NULL) {
        w = arena_alloc(c->a, sizeof(*w));
        w->t = t;
        w->next = *all;
        *all = w;
    }
    for (size_t i = w->n; i-- > 0;)
        if (w->id[i] == id)
            return;
    if (w->n == w->cap) {
        int64_t *more;

        w->cap = w->cap == 0 ? 16 : w->cap * 2;
        more = arena_alloc(c->a, w->cap * sizeof(*more));
        if (w->n > 0)
            memcpy(more, w->id, w->n * sizeof(*more));
        w->id = more;
    }
    w->id[w->n++] = id;
}

void titles_want(struct berth_ctx *c, struct titles_wanted **w, const struct field *f, struct berth_val v)
{
    if (f->type != BERTH_REF || val_is_nil(v))
        return;
    if (!(f->flags & BERTH_MANY)) {
        want(c, w, f->ref, v.i);
        return;
    }
    for (const char *s = v.s; s != NULL && *s == '|' && s[1] != '\0'; s = strchr(s + 1, '|'))
        want(c, w, f->ref, strtoll(s + 1, NULL, 10));
}

static void want_of(struct berth_ctx *c, struct titles_wanted **w, const struct berth_row *r, const struct field *f)
{
    if (f->type == BERTH_REF && !val_is_nil(r->v[f->at]) && perm_field_of(r, f) >= ACCESS_READ)
        titles_want(c, w, f, r->v[f->at]);
}

void titles_of_fields(struct berth_ctx *c, struct json *j, struct berth_row *const *rows, size_t n, const struct field *const *of)
{
    struct titles_wanted *w = NULL;

    for (size_t r = 0; r < n; r++) {
        for (int i = 0; of == NULL && i < rows[r]->t->nfields; i++)
            want_of(c, &w, rows[r], &rows[r]->t->fields[i]);
        for (size_t i = 0; of != NULL && of[i] != NULL; i++)
            want_of(c, &w, rows[r], of[i]);
    }
    titles_json(c, j, w);
}

void titles_of_rows(struct berth_ctx *c, struct json *j, struct berth_row *const *rows, size_t n)
{
    titles_of_fields(c, j, rows, n, NULL);
}
