/* import_undo.c - taking a whole import back: updates get their old values, new records go, and what
 * somebody has worked on since stays and is named.
 *
 * Each slice strikes out what it has taken back in the same transaction, so that a job that was cut off
 * goes on with the rest. */
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "record/asof.h"
#include "record/find.h"
#include "record/hangs.h"
#include "record/import_run.h"
#include "record/import_undo.h"
#include "record/save.h"

enum { IDS_MAX = 1000 };

bool undo_over(const struct undo *u)
{
    return import_slice_over(u->j->st, u->begun);
}

static int run_sql(struct berth_ctx *c, const char *sql, int64_t a, int64_t b, const char *x, const char *y)
{
    struct db_stmt *s = db_prepare(c->conn, sql);
    int rc;

    db_bind_int(s, 1, a);
    db_bind_int(s, 2, b);
    if (x != NULL)
        db_bind_text(s, 3, x, -1);
    if (y != NULL)
        db_bind_text(s, 4, y, -1);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "take an import back") : BERTH_OK;
}

/* ---- updates ------------------------------------------------------------------------------------------ */
struct change {
    int64_t row, record, version; /* version: the record's after the import */
    json_t *was;
};

static void left_at(struct undo *u, int64_t record, int64_t version)
{
    if (!import_set_put(&u->left, record, (uint32_t)version))
        import_set_set(&u->left, record, (uint32_t)version);
}

/* The versions that earlier tries left behind, where another row of the file may have changed the record before. */
static int read_left(struct undo *u, struct db_conn *conn)
{
    struct db_stmt *s =
        db_prepare(conn, "SELECT record_id, key FROM import_row WHERE import_id = ? AND outcome = 'undone' AND key IS NOT NULL"
                         " ORDER BY row DESC");
    int rc;

    db_bind_int(s, 1, u->import);
    while ((rc = db_step(s)) == DB_ROW)
        left_at(u, db_col_int(s, 0), strtoll(db_col_text(s, 1, NULL), NULL, 10));
    db_reset(s);
    return rc < 0 ? -1 : 0;
}

struct revert {
    const struct table *t;
    struct change *x;
    const struct undo *u;
};

int undo_put_back(struct berth_ctx *c, struct berth_row *r, const json_t *was)
{
    const char *key;
    json_t *v;

    json_object_foreach ((json_t *)was, key, v) {
        const struct field *f = model_field(r->t, key);

        if (f != NULL && f->at != F_VERSION)
            r->v[f->at] = val_kept(c, f, v);
    }
    c->undo = c->allow_duplicates = true;
    row_save(c, r);
    c->undo = c->allow_duplicates = false;
    return c->rc;
}

static int revert_one(struct berth_ctx *c, void *arg)
{
    struct revert *a = arg;
    struct berth_row *r = save_load(c, a->t, a->x->record);

    if (r == NULL)
        return c->rc;
    if (row_int(r, F_VERSION) != import_set_get(&a->u->left, a->x->record) && !undo_untouched(c, a->u, r, a->x->version))
        return ctx_fail(c, BERTH_CONFLICT, "conflict", "import.changed_since");
    undo_put_back(c, r, a->x->was);
    a->x->version = row_int(r, F_VERSION);
    return c->rc;
}

/* The last ones of rows from..to - 1.  What has been taken back stays in the table: who goes on looks below it. */
static size_t next_changes(struct berth_ctx *c, struct undo *u, int64_t from, int64_t to, struct change *out, size_t max)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT row, record_id, detail FROM import_row WHERE import_id = ? AND row >= ? AND row < ? AND"
                                            " outcome = 'updated' ORDER BY row DESC");
    size_t n = 0;

    db_bind_int(s, 1, u->import);
    db_bind_int(s, 2, from);
    db_bind_int(s, 3, to);
    while (n < max && db_step(s) == DB_ROW) {
        json_t *detail = json_loads(db_col_text(s, 2, NULL), 0, NULL);
        json_t *was = json_object_get(detail, "was");

        out[n++] = (struct change){db_col_int(s, 0), db_col_int(s, 1),
                                   json_integer_value(json_object_get(was, "version")) + 1, json_incref(was)};
        json_decref(detail);
    }
    db_reset(s);
    return n;
}

/* Why it stays; NULL: it is gone for good.  Out of the recycle bin it may come back, and is then taken back like the others. */
static const char *why_kept(struct berth_ctx *c, const struct table *t, int64_t record)
{
    if (c->rc != BERTH_NOT_FOUND)
        return ctx_text(c, c->key == NULL ? "import.changed_since" : c->key, c->args);
    ctx_clear(c);
    return row_of_bin(c, t, record) != NULL ? ctx_text(c, "import.binned_since", NULL) : NULL;
}

static int one_change(struct berth_ctx *c, struct undo *u, const struct table *t, struct change *x)
{
    struct revert a = {t, x, u};

    if (x->was != NULL && save_step(c, revert_one, &a) == BERTH_OK) {
        u->restored++;
        left_at(u, x->record, x->version);
        return run_sql(c, "UPDATE import_row SET outcome = 'undone', key = ?3 WHERE import_id = ?1 AND row = ?2", u->import,
                       x->row, arena_fmt(c->a, "%lld", (long long)x->version), NULL);
    }
    if (c->rc == BERTH_BROKEN || c->rc == BERTH_FULL)
        return c->rc;
    const char *why = why_kept(c, t, x->record);

    ctx_clear(c);
    u->kept += why != NULL;
    u->gone += why == NULL;
    return run_sql(c, "UPDATE import_row SET outcome = ?3, message = ?4 WHERE import_id = ?1 AND row = ?2", u->import, x->row,
                   why == NULL ? "undone" : "kept", why == NULL ? ctx_text(c, "import.gone_since", NULL) : why);
}

static int undo_changes(struct berth_ctx *c, struct undo *u, const struct table *t)
{
    struct change x[UNDO_SLICE_ROWS];
    size_t n = next_changes(c, u, 0, u->below, x, UNDO_SLICE_ROWS), at = 0;

    u->more = n > 0;
    if (n == 0)
        u->below = 0;
    for (; at < n && c->rc == BERTH_OK && (at == 0 || !undo_over(u)); at++) {
        u->below = x[at].row;
        one_change(c, u, t, &x[at]);
    }
    for (size_t i = 0; i < n; i++)
        json_decref(x[i].was);
    return c->rc;
}

int undo_row_change(struct berth_ctx *c, struct undo *u, int64_t row, int64_t *version)
{
    const struct table *t = model_table(c->m, u->table);
    int64_t restored = u->restored;
    struct change x;

    if (next_changes(c, u, row, row + 1, &x, 1) == 0)
        return c->rc;
    one_change(c, u, t, &x);
    json_decref(x.was);
    *version = u->restored > restored ? x.version : 0;
    return c->rc;
}

/* ---- new records ---------------------------------------------------------------------------------------- */
static int by_id(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Numbers of records that a query of two bounds names. */
static void add_ids(struct berth_ctx *c, struct ids *out, const char *sql, int64_t from, int64_t to)
{
    struct db_stmt *s = db_prepare(c->conn, sql);

    db_bind_int(s, 1, from);
    db_bind_int(s, 2, to);
    while (out->n < (size_t)IDS_MAX * 64 && db_step(s) == DB_ROW)
        out->v[out->n++] = db_col_int(s, 0);
    db_reset(s);
}

/* Parts that a record got while it was made (a deal its first stage) go with it; those that came or changed since do not. */
static const char *parts_since(struct berth_ctx *c, const struct table *t, const struct field *f)
{
    return arena_fmt(
        c->a,
        "SELECT DISTINCT d.%s FROM %s d JOIN %s r ON r.id = d.%s WHERE d.%s >= ? AND d.%s <= ? AND (d.created_at <> r.created_at"
        " OR d.updated_at <> d.created_at)",
        f->name, f->table->sql, t->sql, f->name, f->name, f->name);
}

/* Whom it was shared with while it was made (a deal's project team), and what hooks hung on it then, goes with it, too. */
static const char *hung_since(struct berth_ctx *c, const struct table *t, const char *hung)
{
    const char *since = strcmp(hung, "record_tag") == 0 ? "" : " AND h.at <> r.created_at"; /* tags do not say when */

    return arena_fmt(c->a, "SELECT DISTINCT h.rec FROM %s h JOIN %s r ON r.id = h.rec WHERE h.tbl = %lld AND h.rec >= ? AND h.rec <= ?%s",
                     hung, t->sql, (long long)store_table_no(c->st, t), since);
}

static void add_hung_since(struct berth_ctx *c, struct ids *out, const struct table *t, int64_t from, int64_t to)
{
    for (const char *const *hung = hangs_tables; *hung != NULL; hung++)
        add_ids(c, out, hung_since(c, t, *hung), from, to);
}

struct ids undo_hung_since(struct berth_ctx *c, const struct table *t, int64_t from, int64_t to)
{
    struct ids out = {.v = arena_alloc(c->a, IDS_MAX * 64 * sizeof(int64_t))};

    add_hung_since(c, &out, t, from, to);
    qsort(out.v, out.n, sizeof(out.v[0]), by_id);
    return out;
}

bool undo_changed_since(struct berth_ctx *c, const struct berth_row *r)
{
    return row_int(r, F_VERSION) != 1 && row_int(r, F_UPDATED_AT) != row_int(r, F_CREATED_AT) && !record_is_again(c, r, 1);
}

struct ids undo_hung_on(struct berth_ctx *c, const struct table *t, int64_t from, int64_t to)
{
    struct ids out = {.v = arena_alloc(c->a, IDS_MAX * 64 * sizeof(int64_t))};

    for (const char *const *hung = hangs_tables; *hung != NULL; hung++)
        add_ids(c, &out, arena_fmt(c->a, "SELECT DISTINCT rec FROM %s WHERE tbl = %lld AND rec >= ? AND rec <= ?", *hung,
                                   (long long)store_table_no(c->st, t)), from, to);
    qsort(out.v, out.n, sizeof(out.v[0]), by_id);
    return out;
}

/* Which of the records from..to others point at, or something was hung on, in order. */
struct ids undo_pointed_at(struct berth_ctx *c, const struct table *t, int64_t from, int64_t to)
{
    struct ids out = {.v = arena_alloc(c->a, IDS_MAX * 64 * sizeof(int64_t))};

    for (size_t i = 0; i < c->m->ntables; i++)
        for (int k = 0; k < c->m->tables[i].nfields; k++) {
            const struct field *f = &c->m->tables[i].fields[k];

            if (f->ref != t || (f->flags & BERTH_MANY) || f->table == NULL)
                continue;
            add_ids(c, &out, f == c->m->tables[i].parent ? parts_since(c, t, f)
                                 : arena_fmt(c->a, "SELECT DISTINCT %s FROM %s WHERE %s >= ? AND %s <= ?", f->name, c->m->tables[i].sql,
                                             f->name, f->name), from, to);
        }
    add_hung_since(c, &out, t, from, to);
    qsort(out.v, out.n, sizeof(out.v[0]), by_id);
    return out;
}

int undo_unmake(struct berth_ctx *c, struct berth_row *r, const struct ids *pointed, const struct ids *hung)
{
    const struct table *t = r->t;
    int64_t id = row_id(r);

    if (ids_have(pointed, id))
        return ctx_fail(c, BERTH_CONFLICT, "conflict", "import.used_since");
    return row_unmake(c, r) == BERTH_OK && ids_have(hung, id) && c->st->services.gone != NULL ? c->st->services.gone(c, t, id) : (int)c->rc;
}

struct unmake {
    const struct table *t;
    int64_t id;
    const struct ids *pointed, *hung;
    bool aloud; /* what its hooks did was not put back: they are called once more */
};

static int unmake_one(struct berth_ctx *c, void *arg)
{
    const struct unmake *a = arg;
    struct berth_row *r = find_raw(c, a->t, a->id);

    if (r == NULL)
        return ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    if (undo_changed_since(c, r))
        return ctx_fail(c, BERTH_CONFLICT, "conflict", "import.changed_since");
    c->aloud = a->aloud;
    undo_unmake(c, r, a->pointed, a->hung);
    c->aloud = false;
    return c->rc;
}

/* What was told of a new row. */
static int drop_line(struct berth_ctx *c, struct undo *u, int64_t row)
{
    return run_sql(c, "DELETE FROM import_row WHERE import_id = ?1 AND row = ?2 AND outcome = 'new'", u->import, row, NULL, NULL);
}

static int one_record(struct berth_ctx *c, struct undo *u, const struct unmake *a, int64_t row)
{
    const char *why;

    if (save_step(c, unmake_one, (void *)a) == BERTH_OK) {
        u->undone++;
        return drop_line(c, u, row);
    }
    if (c->rc == BERTH_BROKEN || c->rc == BERTH_FULL)
        return c->rc;
    why = why_kept(c, a->t, a->id);
    ctx_clear(c);
    u->gone += why == NULL;
    if (why == NULL)
        return c->rc;
    u->kept++;
    drop_line(c, u, row);
    struct db_stmt *s = db_prepare(c->conn, "INSERT INTO import_row (import_id, row, outcome, record_id, message) VALUES"
                                            " (?, ?, 'kept', ?, ?)");
    int rc;

    db_bind_int(s, 1, u->import);
    db_bind_int(s, 2, row);
    db_bind_int(s, 3, a->id);
    db_bind_text(s, 4, why, -1);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "tell what was kept") : BERTH_OK;
}

struct part {
    int64_t seq, first_id;
    json_t *numbers;
};

static bool last_part(struct berth_ctx *c, struct undo *u, struct part *p)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT seq, first_id, numbers FROM import_part WHERE import_id = ? ORDER BY seq"
                                            " DESC LIMIT 1");
    bool found;

    db_bind_int(s, 1, u->import);
    found = db_step(s) == DB_ROW;
    if (found)
        *p = (struct part){db_col_int(s, 0), db_col_int(s, 1), json_loads(db_col_text(s, 2, NULL), 0, NULL)};
    db_reset(s);
    return found;
}

static int keep_rest(struct berth_ctx *c, const struct part *p, size_t n)
{
    char *text;
    int rc;

    if (n == 0)
        return run_sql(c, "DELETE FROM import_part WHERE seq = ?1 AND ?2 = ?2", p->seq, 0, NULL, NULL);
    while (json_array_size(p->numbers) > n)
        json_array_remove(p->numbers, json_array_size(p->numbers) - 1);
    text = json_dumps(p->numbers, JSON_COMPACT);
    rc = run_sql(c, "UPDATE import_part SET numbers = ?3 WHERE seq = ?1 AND ?2 = ?2", p->seq, 0, text, NULL);
    free(text);
    return rc;
}

/* Of what is due on records that are gone nobody is told. */
void undo_forget_alerts(struct berth_ctx *c, const struct table *t, int64_t from, int64_t to)
{
    struct db_stmt *s = db_prepare(c->conn, arena_fmt(c->a,
                                                      "DELETE FROM alert WHERE tbl = ? AND rec >= ? AND rec < ? AND NOT EXISTS (SELECT 1"
                                                      " FROM %s r WHERE r.id = alert.rec)",
                                                      t->sql));
    int rc;

    db_bind_int(s, 1, store_table_no(c->st, t));
    db_bind_int(s, 2, from);
    db_bind_int(s, 3, to);
    rc = db_step(s);
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "take alerts away");
}

/* The last records of the last part: ids go backwards. */
static int undo_records(struct berth_ctx *c, struct undo *u, const struct table *t)
{
    struct part p;
    size_t n, least;

    u->more = last_part(c, u, &p);
    if (!u->more)
        return c->rc;
    n = json_array_size(p.numbers);
    least = n > IDS_MAX ? n - IDS_MAX : 0;
    struct ids pointed = undo_pointed_at(c, t, p.first_id + (int64_t)least, p.first_id + (int64_t)n);
    struct ids hung = undo_hung_on(c, t, p.first_id + (int64_t)least, p.first_id + (int64_t)n);
    struct ids kept = undo_touch_kept(c, u, p.first_id + (int64_t)least, p.first_id + (int64_t)n);

    for (bool first = true; n > least && c->rc == BERTH_OK && (first || !undo_over(u)); first = false) {
        int64_t id = p.first_id + (int64_t)--n;
        struct unmake a = {t, id, &pointed, &hung, !u->noted || ids_have(&kept, id)};

        one_record(c, u, &a, json_integer_value(json_array_get(p.numbers, n)));
    }
    undo_forget_alerts(c, t, p.first_id + (int64_t)n, p.first_id + (int64_t)json_array_size(p.numbers));
    keep_rest(c, &p, n);
    json_decref(p.numbers);
    return c->rc;
}

/* ---- the job ---------------------------------------------------------------------------------------------- */
static void count(struct undo *u)
{
    json_t *result = u->j->result;

    json_object_set_new(result, "undone", json_integer(u->undone));
    json_object_set_new(result, "restored", json_integer(u->restored));
    json_object_set_new(result, "others", json_integer(u->others));
    json_object_set_new(result, "kept", json_integer(u->kept));
    json_object_set_new(result, "gone", json_integer(u->gone));
    u->j->done = u->undone + u->restored + u->others + u->kept + u->gone;
}

/* When, and what came of it: what stayed is offered again. */
static int mark_undone(struct berth_ctx *c, const struct undo *u)
{
    char *result = json_dumps(u->j->result, JSON_COMPACT);
    int rc = run_sql(c, "UPDATE import SET undone_at = ?1, result = ?3 WHERE id = ?2", c->now, u->import, result, NULL);

    free(result);
    return rc;
}

struct slice {
    struct undo *u;
    struct berth_ctx ctx; /* what it wants done waits for the commit */
    struct arena *a;
};

static int slice_body(struct job *j, struct db_conn *w, void *arg)
{
    struct slice *x = arg;
    struct berth_ctx *c = &x->ctx;
    const struct table *t;

    x->u->begun = when_monotonic();
    job_ctx(j, c, w, x->a);
    c->writing = c->quiet = c->all = true;
    c->op = "import_undo";
    t = model_table(c->m, x->u->table);
    if (c->rc != BERTH_OK || t == NULL)
        return -1;
    undo_touches(c, x->u, false);
    if (c->rc == BERTH_OK && !x->u->more)
        undo_changes(c, x->u, t);
    if (c->rc == BERTH_OK && !x->u->more)
        undo_records(c, x->u, t);
    if (c->rc == BERTH_OK && !x->u->more)
        undo_touches(c, x->u, true);
    if (c->rc == BERTH_OK && !x->u->more)
        undo_touches_end(c, x->u);
    count(x->u);
    if (c->rc == BERTH_OK && !x->u->more)
        mark_undone(c, x->u);
    return c->rc != BERTH_OK ? -1 : 0;
}

static int64_t kept_number(const json_t *result, const char *key)
{
    return json_integer_value(json_object_get(result, key));
}

int import_undo_run(struct job *j, struct buf *err)
{
    struct undo u = {.j = j, .import = json_integer_value(json_object_get(j->args, "import")), .more = true, .below = INT64_MAX};
    struct berth_ctx c;
    const struct table *t;
    const char *name, *path;
    int rc = 0;

    j->locale = json_string_value(json_object_get(j->args, "locale"));
    job_ctx(j, &c, j->conn, j->a);
    if (!import_file(&c, u.import, &t, &name, &path)) {
        buf_puts(err, ctx_text(&c, "err.not_found", NULL));
        return -1;
    }
    u.table = t->name;
    u.noted = json_is_true(json_object_get(j->args, "noted"));
    u.undone = kept_number(j->result, "undone");
    u.restored = kept_number(j->result, "restored");
    u.others = kept_number(j->result, "others");
    u.kept = kept_number(j->result, "kept");
    u.gone = kept_number(j->result, "gone");
    rc = read_left(&u, j->conn);
    if (rc != 0) /* without them what was changed by the import alone would be called changed since */
        buf_puts(err, "what was taken back before could not be read");
    while (rc == 0 && u.more && !j->cancelled) {
        struct slice x = {.u = &u, .a = arena_new()};

        rc = job_step(j, slice_body, &x);

        if (rc == 0) {
            x.ctx.conn = j->conn;
            ctx_run_done(&x.ctx);
        }
        arena_free(&x.a);
        if (rc != 0)
            buf_puts(err, "a step could not be saved");
    }
    import_set_free(&u.left);
    return rc == 0 ? 0 : -1;
}

/* ---- asking for it ------------------------------------------------------------------------------------------ */
/* New records that stayed become parts again, one each. */
static int keep_again(struct berth_ctx *c, int64_t id)
{
    run_sql(c, "INSERT INTO import_part (import_id, batch, first_id, numbers) SELECT import_id, row, record_id, '[' || row || ']'"
               " FROM import_row WHERE import_id = ?1 AND ?2 = ?2 AND outcome = 'kept' AND detail IS NULL ORDER BY row", id, 0,
            NULL, NULL);
    return run_sql(c, "DELETE FROM import_row WHERE import_id = ?1 AND ?2 = ?2 AND outcome = 'kept' AND detail IS NULL", id, 0,
                   NULL, NULL);
}

int64_t import_undo(struct berth_ctx *c, int64_t id)
{
    struct db_stmt *s;
    const struct table *t;
    const char *name, *path;
    json_t *result = NULL, *args;
    bool ended = false;
    int64_t job, total;

    if (!import_file(c, id, &t, &name, &path))
        return 0;
    s = db_prepare(c->conn, "SELECT j.result, j.state, i.undone_at FROM import i JOIN job j ON j.id = i.job_id WHERE i.id = ?");
    db_bind_int(s, 1, id);
    if (db_step(s) == DB_ROW) {
        const char *text = db_col_text(s, 0, NULL), *state = db_col_text(s, 1, NULL);

        result = text == NULL ? NULL : json_loads(text, 0, NULL);
        ended = strcmp(state, "queued") != 0 && strcmp(state, "running") != 0;
    }
    db_reset(s);
    total = kept_number(result, "new") + kept_number(result, "updated");
    if (result == NULL || json_is_true(json_object_get(result, "dry")) || !ended)
        ctx_fail(c, BERTH_CONFLICT, "conflict", result == NULL || ended ? "err.import_nothing" : "err.import_runs");
    json_decref(result);
    if (c->rc != BERTH_OK)
        return 0;
    /* what stayed the last time is tried again */
    run_sql(c, "UPDATE import_row SET outcome = 'updated' WHERE import_id = ?1 AND ?2 = ?2 AND outcome = 'kept' AND detail IS NOT"
               " NULL", id, 0, NULL, NULL);
    keep_again(c, id);
    undo_touches_again(c, id);
    args = json_pack("{s:I, s:s, s:b}", "import", (json_int_t)id, "locale", c->locale, "noted", undo_touch_noted(c, id));
    job = job_add(c, "import_undo", args, total);
    json_decref(args);
    return job;
}
