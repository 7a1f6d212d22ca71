/* reindex.c - makes search indexes and duplicate keys anew. */
#include "record/reindex.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "record/dup.h"
#include "record/dup_recent.h"
#include "record/find.h"
#include "record/search.h"

/* Raise when text/tokens.c or text/keys.c make something else of the same text. */
enum { TOKENS_VERSION = 4, KEYS_VERSION = 1 };
enum { CHUNK = 1000 }; /* rows in one commit */

/* One table; made from what was read of model_table.  The shapes say what an index is made from. */
struct work {
    struct store *st;
    const struct table *t;
    const char *searched, *compared; /* as they should be; "" when there is nothing to make */
    bool search, keys;               /* what to make anew */
    int64_t after;                   /* the id that was come to */
    size_t n;                        /* rows of the last chunk */
    struct work *next;
};

/* "1 name,phone"; "" when no field has the flag. */
static const char *shape(struct arena *a, const struct table *t, uint32_t flag, const char *version)
{
    struct buf out = BUF_INIT;
    const char *kept;

    for (int i = 0; i < t->nfields; i++) {
        const struct field *f = &t->fields[i];

        if ((f->flags & flag) == 0)
            continue;
        buf_addf(&out, "%s%s", out.len == 0 ? version : ",", f->name);
        if (flag == BERTH_DUPLICATE)
            buf_addf(&out, "/%d/%s", f->key_kind, f->key_group);
    }
    kept = arena_strdup(a, buf_str(&out));
    buf_free(&out);
    return kept;
}

static bool differs(const char *wanted, const char *there)
{
    return strcmp(wanted, there != NULL ? there : "") != 0;
}

/* What the search index, and what the duplicate keys, of a table are made from. */
static const char *searched_shape(struct arena *a, const struct table *t)
{
    return shape(a, t, BERTH_SEARCH, arena_fmt(a, "%d ", TOKENS_VERSION));
}

static const char *compared_shape(struct arena *a, const struct store *st, const struct table *t)
{
    return shape(a, t, BERTH_DUPLICATE, arena_fmt(a, "%d %s ", KEYS_VERSION, st->company.country));
}

static struct work *stale_tables(struct store *st, struct arena *a, struct db_conn *conn)
{
    const struct model *m = atomic_load(&st->model);
    struct db_stmt *s =
        db_prepare(conn, "SELECT name, searched, compared FROM model_table ORDER BY id");
    struct work *list = NULL, **end = &list;

    while (db_step(s) == DB_ROW) {
        const struct table *t = model_table(m, db_col_text(s, 0, NULL));
        struct work *w = arena_alloc(a, sizeof(*w));

        if (t == NULL || (t->flags & BERTH_BARE) != 0)
            continue;
        *w = (struct work){.st = st, .t = t};
        w->searched = searched_shape(a, t);
        w->compared = compared_shape(a, st, t);
        w->search = differs(w->searched, db_col_text(s, 1, NULL));
        w->keys = differs(w->compared, db_col_text(s, 2, NULL));
        if (w->search || w->keys) {
            *end = w;
            end = &w->next;
        }
    }
    db_reset(s);
    return list;
}

/* ---- on the writer ----------------------------------------------------------------- */

/* Noted as one range, which the indexer works off beside everybody's work, also over a restart. */
static int tokens_anew(struct db_conn *conn, const char *index, const struct table *t)
{
    struct buf sql = BUF_INIT;
    struct db_stmt *s;
    int64_t first, last;
    int rc = db_fts_clear(conn, index);

    if (rc < 0)
        return rc;
    buf_addf(&sql, "SELECT min(id), max(id) FROM %s", t->sql);
    s = db_prepare(conn, buf_str(&sql));
    rc = db_step(s);
    first = rc == DB_ROW ? db_col_int(s, 0) : 0;
    last = rc == DB_ROW ? db_col_int(s, 1) : 0;
    db_reset(s);
    buf_free(&sql);
    if (rc < 0 || last == 0) /* ids are given from 1 on */
        return rc;
    log_info("search", "the search index of %s is made anew", t->name);
    return db_fts_put_range(conn, index, first, last);
}

static int finish(struct db_conn *conn, const struct work *w)
{
    struct db_stmt *s = db_prepare(conn, "UPDATE model_table SET searched = ?, compared = ? WHERE name = ?");
    int rc;

    db_bind_text(s, 1, w->searched, -1);
    db_bind_text(s, 2, w->compared, -1);
    db_bind_text(s, 3, w->t->name, -1);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? rc : 0;
}

static int clear(struct db_conn *conn, void *arg)
{
    const struct work *w = arg;
    struct arena *a = arena_new();
    struct db_stmt *s;
    int rc = 0;

    if (w->search && w->t->searched)
        rc = tokens_anew(conn, migrate_search_name(a, w->t), w->t);
    if (w->keys && rc >= 0) {
        s = db_prepare(conn, "DELETE FROM dup_key WHERE tbl = ?");
        db_bind_int(s, 1, store_table_no(w->st, w->t));
        rc = db_step(s);
        db_reset(s);
        if (rc >= 0)
            rc = dup_recent_clear(conn, store_table_no(w->st, w->t));
    }
    arena_free(&a);
    if (rc < 0)
        return rc;
    return w->keys ? 0 : finish(conn, w);
}

static void put_keys(struct berth_ctx *c, const struct work *w, struct berth_row *const *rows)
{
    struct dup_entry *all;
    struct dup_keys *keys;
    size_t n = 0;

    if (!w->keys || !dup_any(c, w->t))
        return;
    all = arena_alloc(c->a, (w->n * DUP_KEYS + 1) * sizeof(*all));
    keys = arena_alloc(c->a, sizeof(*keys));
    for (size_t i = 0; i < w->n; i++) {
        dup_keys_of(rows[i], keys);
        for (size_t k = 0; k < keys->n; k++)
            all[n++] = (struct dup_entry){keys->k[k].hash, row_id(rows[i])};
    }
    dup_put_sorted(c, w->t, all, n);
}

/* The rows are read before any is put: a statement is one's own only until the next is prepared. */
static size_t read_rows(struct berth_ctx *c, const struct work *w, struct berth_row *rows[CHUNK])
{
    struct db_stmt *s = db_prepare(
        c->conn, arena_fmt(c->a, "SELECT %s FROM %s t WHERE t.id > ? ORDER BY t.id LIMIT %d",
                           row_columns(c, w->t, "t."), w->t->sql, CHUNK));
    size_t n = 0;

    db_bind_int(s, 1, w->after);
    while (n < CHUNK && db_step(s) == DB_ROW)
        rows[n++] = row_read(c, w->t, s);
    db_reset(s);
    return n;
}

static int chunk(struct db_conn *conn, void *arg)
{
    struct work *w = arg;
    struct arena *a = arena_new();
    struct berth_row *rows[CHUNK];
    struct berth_ctx c;
    int rc;

    ctx_init(&c, w->st, conn, a, NULL, NULL);
    c.writing = true;
    w->n = read_rows(&c, w, rows);
    put_keys(&c, w, rows);
    if (w->n > 0)
        w->after = row_id(rows[w->n - 1]);
    rc = c.rc;
    arena_free(&a);
    return rc;
}

static int last_body(struct db_conn *conn, void *arg)
{
    return finish(conn, arg);
}

/* ------------------------------------------------------------------------------------ */

static int make_anew(struct store *st, struct work *w)
{
    int rc = db_write(st->db, clear, w);

    if (rc != 0 || !w->keys)
        return rc;
    do
        rc = db_write(st->db, chunk, w);
    while (rc == 0 && w->n == CHUNK);
    if (rc == 0)
        log_info("search", "made the duplicate keys of %s anew", w->t->name);
    return rc == 0 ? db_write(st->db, last_body, w) : rc;
}

int reindex_stale(struct store *st, struct buf *err)
{
    struct db_conn *conn = db_reader(st->db, err);
    struct arena *a = arena_new();
    struct work *list = conn != NULL ? stale_tables(st, a, conn) : NULL;
    int rc = conn != NULL ? 0 : -1;

    db_conn_close(&conn);
    for (struct work *w = list; w != NULL && rc == 0; w = w->next) {
        rc = make_anew(st, w);
        if (rc != 0)
            buf_addf(err, "make the search index of %s anew: error %d", w->t->name, rc);
    }
    arena_free(&a);
    return rc == 0 ? 0 : -1;
}

/* ---- rules that changed --------------------------------------------------------------- */

/* Keys that no rule makes of their record any more.  The place reached: hash, table, record. */
struct sweep {
    struct work *w;
    int64_t at[3];
    size_t n;
};

static bool makes(struct berth_ctx *c, const struct work *w, int64_t rec, int64_t hash)
{
    struct dup_keys *keys = arena_alloc(c->a, sizeof(*keys));
    struct berth_row *r = find_raw(c, w->t, rec);

    if (r == NULL || !dup_any(c, w->t))
        return false;
    dup_keys_of(r, keys);
    for (size_t i = 0; i < keys->n; i++)
        if (keys->k[i].hash == hash)
            return true;
    return false;
}

static int sweep_chunk(struct db_conn *conn, void *arg)
{
    struct sweep *k = arg;
    int64_t tbl = store_table_no(k->w->st, k->w->t), (*all)[3];
    struct arena *a = arena_new();
    struct berth_ctx c;
    struct db_stmt *s;
    int rc;

    ctx_init(&c, k->w->st, conn, a, NULL, NULL);
    c.writing = true;
    all = arena_alloc(a, CHUNK * sizeof(*all));
    s = db_prepare(conn, "SELECT hash, tbl, rec FROM dup_key WHERE (hash, tbl, rec) > (?, ?, ?) ORDER BY hash, tbl, rec LIMIT ?");
    for (int i = 0; i < 3; i++)
        db_bind_int(s, i + 1, k->at[i]);
    db_bind_int(s, 4, CHUNK);
    for (k->n = 0; k->n < CHUNK && (rc = db_step(s)) == DB_ROW; k->n++)
        for (int i = 0; i < 3; i++)
            all[k->n][i] = db_col_int(s, i);
    db_reset(s);
    for (size_t i = 0; i < k->n && c.rc == BERTH_OK; i++) {
        if (all[i][1] != tbl || makes(&c, k->w, all[i][2], all[i][0]))
            continue;
        s = db_prepare(conn, "DELETE FROM dup_key WHERE hash = ? AND tbl = ? AND rec = ?");
        for (int j = 0; j < 3; j++)
            db_bind_int(s, j + 1, all[i][j]);
        rc = db_step(s);
        db_reset(s);
        if (rc < 0)
            ctx_db(&c, rc, "drop a duplicate key");
    }
    if (k->n > 0)
        memcpy(k->at, all[k->n - 1], sizeof(k->at));
    rc = c.rc;
    arena_free(&a);
    return rc;
}

static int sweep_keys(struct job *j, struct work *w)
{
    struct sweep k = {w, {INT64_MIN, 0, 0}, 0};
    int rc;

    do {
        rc = db_write_low(j->st->db, sweep_chunk, &k);
        if (rc == 0)
            rc = job_progress(j);
    } while (rc == 0 && k.n == CHUNK && !j->cancelled);
    return rc;
}

int rekey_run(struct job *j, struct buf *err)
{
    struct store *st = j->st;
    struct work w = {.st = st, .keys = true, .after = json_integer_value(json_object_get(j->result, "last"))};
    int rc = 0;

    dup_rules_read_again(st); /* whoever was faster than those who are told behind the commit */
    do {
        w.t = model_table(atomic_load(&st->model), json_string_value(json_object_get(j->args, "table")));
        if (w.t == NULL || (w.t->flags & BERTH_BARE))
            return 0;
        rc = db_write_low(st->db, chunk, &w);
        dup_recent_move(st->recent);
        atomic_fetch_add(&st->dup_gen, 1);
        if (rc != 0)
            break; /* nothing of it is in the database: the next try goes over it again */
        j->done += (int64_t)w.n;
        json_object_set_new(j->result, "last", json_integer(w.after));
        rc = job_progress(j);
    } while (rc == 0 && w.n == CHUNK && !j->cancelled);
    if (rc == 0 && !j->cancelled)
        rc = sweep_keys(j, &w);
    if (rc != 0)
        buf_addf(err, "make the duplicate keys anew: error %d", rc);
    return rc == 0 ? 0 : -1;
}

/* ---- fields added while the host runs ------------------------------------------------ */

/* Whether all that has the flag now had it before, or is a new column; and the other way round. */
static bool only_added(const struct table *was, const struct table *now, const struct plan *plan,
                       uint32_t flag)
{
    for (int i = 0; i < now->nfields; i++) {
        const struct field *f = &now->fields[i], *before = model_field(was, f->name);

        if ((f->flags & flag) != 0 && (before == NULL || (before->flags & flag) == 0) &&
            !plan_adds(plan, now, f->name))
            return false;
    }
    for (int i = 0; i < was->nfields; i++) {
        const struct field *f = &was->fields[i], *after = model_field(now, f->name);

        if ((f->flags & flag) != 0 && (after == NULL || (after->flags & flag) == 0))
            return false;
    }
    return true;
}

static int rename_shape(struct berth_ctx *c, const struct table *t, const char *sql,
                        const char *from, const char *to)
{
    struct db_stmt *s;
    int rc;

    if (strcmp(from, to) == 0)
        return 0;
    s = db_prepare(c->conn, sql);
    db_bind_text(s, 1, to, -1);
    db_bind_text(s, 2, t->name, -1);
    db_bind_text(s, 3, from, -1);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "note what the search index is made from") : 0;
}

int reindex_added(struct berth_ctx *c, const struct model *was, const struct model *now,
                  const struct plan *plan)
{
    for (size_t i = 0; i < now->ntables && c->rc == BERTH_OK; i++) {
        const struct table *t = &now->tables[i], *old = model_table(was, t->name);

        if (old == NULL)
            continue;
        if (only_added(old, t, plan, BERTH_SEARCH))
            rename_shape(c, t,
                         "UPDATE model_table SET searched = ?"
                         " WHERE name = ? AND coalesce(searched, '') = ?",
                         searched_shape(c->a, old), searched_shape(c->a, t));
        if (only_added(old, t, plan, BERTH_DUPLICATE))
            rename_shape(c, t,
                         "UPDATE model_table SET compared = ?"
                         " WHERE name = ? AND coalesce(compared, '') = ?",
                         compared_shape(c->a, c->st, old), compared_shape(c->a, c->st, t));
    }
    return c->rc;
}
