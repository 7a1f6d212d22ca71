/* bulk_undo.c - taking a change of many records back: what a job changed by the history, what it deleted by the recycle bin. */
#include <string.h>

#include "record/bulk.h"
#include "record/commit.h"
#include "record/find.h"
#include "record/changed.h"
#include "record/save.h"

enum { STEP = 200 };

/* The job that is taken back. */
struct past {
    const char *table;
    json_t *args;
    int64_t user, since, until, began, ended, done; /* its changes stand behind since in the history, up to until */
    bool deleted;
};

static bool read_past(struct berth_ctx *c, int64_t job, struct past *p)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT args, result, coalesce(user_id, 0), coalesce(started_at, 0), coalesce(ended_at, 0)"
                                            " FROM job WHERE id = ? AND kind = 'bulk' AND state IN ('done', 'cancelled', 'failed')");
    json_t *result = NULL;

    *p = (struct past){0};
    db_bind_int(s, 1, job);
    if (db_step(s) == DB_ROW) {
        p->args = json_loads(db_col_text(s, 0, NULL), 0, NULL);
        result = db_col_is_null(s, 1) ? NULL : json_loads(db_col_text(s, 1, NULL), 0, NULL);
        p->user = db_col_int(s, 2);
        p->began = db_col_int(s, 3);
        p->ended = db_col_int(s, 4);
    }
    db_reset(s);
    if (json_is_string(json_object_get(p->args, "table")))
        p->table = arena_strdup(c->a, json_string_value(json_object_get(p->args, "table")));
    p->deleted = bulk_deletes(p->args);
    p->since = json_is_integer(json_object_get(result, "since")) ? json_integer_value(json_object_get(result, "since")) : -1;
    p->until = json_is_integer(json_object_get(result, "until")) ? json_integer_value(json_object_get(result, "until")) : INT64_MAX;
    p->done = json_integer_value(json_object_get(result, "done"));
    json_decref(result);
    return p->table != NULL;
}

int64_t bulk_undo(struct berth_ctx *c, int64_t job)
{
    struct past p;
    bool known = read_past(c, job, &p) && c->who != NULL && p.user == c->who->id;
    const struct table *t = known ? model_table(c->m, p.table) : NULL;
    bool can = t != NULL && p.since >= 0 && !json_is_string(json_object_get(p.args, "action")) &&
               (t->flags & (p.deleted ? BERTH_BIN : BERTH_HISTORY)) != 0;
    json_t *args;
    int64_t id = 0;

    if (!known) {
        ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    } else if (!can) {
        ctx_fail(c, BERTH_CONFLICT, "conflict", "err.bulk_undo");
    } else {
        args = json_pack("{s:s,s:I}", "table", p.table, "job", (json_int_t)job);
        id = job_add(c, "bulk_undo", args, p.done);
        json_decref(args);
    }
    json_decref(p.args);
    return id;
}

/* ---- the next ones ---------------------------------------------------------------------------------------- */
struct chunk {
    struct job *j;
    struct past past;
    int64_t tbl; /* its number in the history */
    struct {
        int64_t seq, id, at; /* seq: of the history or of the bin */
    } of[STEP];
    size_t n;
};

static int64_t kept(const struct job *j, const char *key)
{
    return json_integer_value(json_object_get(j->result, key));
}

/* Whoever started it did no more to this table meanwhile than a hand can; change_back() looks at what it was.  tbl + 0: the
 * entries stand close together, which the table's index would read and sort all of its history for, each time. */
static const char in_history[] =
    "SELECT seq, rec, at FROM history WHERE seq > ?1 AND seq <= ?6 AND tbl + 0 = ?2 AND by = ?3 AND at <= ?4 AND op = 'update'"
    " ORDER BY seq LIMIT ?5";
static const char in_bin[] =
    "SELECT seq, record_id, deleted_at FROM bin WHERE on_table = ?2 AND deleted_by = ?3 AND deleted_at <= ?4 AND deleted_at >= ?6 AND"
    " (deleted_at > ?6 OR seq > ?1) ORDER BY deleted_at, seq LIMIT ?5";

static int next_ones(struct job *j, struct chunk *k)
{
    struct past *p = &k->past;
    struct db_stmt *s = db_prepare(j->conn, p->deleted ? in_bin : in_history);
    int64_t last = kept(j, "last"), at = kept(j, "at");
    int rc = DB_ROW;

    db_bind_int(s, 1, last != 0 || p->deleted ? last : p->since);
    if (p->deleted)
        db_bind_text(s, 2, p->table, -1);
    else
        db_bind_int(s, 2, k->tbl);
    db_bind_int(s, 3, p->user);
    db_bind_int(s, 4, p->ended);
    db_bind_int(s, 5, STEP);
    db_bind_int(s, 6, !p->deleted ? p->until : at != 0 ? at : p->began);
    for (k->n = 0; k->n < STEP && (rc = db_step(s)) == DB_ROW; k->n++) {
        k->of[k->n].seq = db_col_int(s, 0);
        k->of[k->n].id = db_col_int(s, 1);
        k->of[k->n].at = db_col_int(s, 2);
    }
    db_reset(s);
    db_settle(j->conn);
    return rc < 0 ? -1 : 0;
}

/* ---- one of them ------------------------------------------------------------------------------------------- */
struct one {
    const struct chunk *k;
    const struct table *t;
    int64_t seq, id;
    bool other; /* not what the job did: left alone without a word */
};

static bool touches(const json_t *changes, const json_t *those)
{
    const json_t *x, *y;
    size_t i, k;

    json_array_foreach (changes, i, x)
        json_array_foreach (those, k, y) {
            const char *a = changed_of(x).field, *b = changed_of(y).field;

            if (a != NULL && b != NULL && strcmp(a, b) == 0)
                return true;
        }
    return false;
}

/* Nothing came behind the entry but what hooks and rules did to other fields in the same go. */
static bool is_latest(struct berth_ctx *c, const struct one *o, int64_t at, const json_t *changes)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT at, changes FROM history WHERE tbl = ? AND rec = ? AND seq > ? ORDER BY seq");
    bool latest = true;
    int rc = DB_DONE;

    db_bind_int(s, 1, o->k->tbl);
    db_bind_int(s, 2, o->id);
    db_bind_int(s, 3, o->seq);
    while (latest && (rc = db_step(s)) == DB_ROW) {
        json_t *later = changed_items(db_col_is_null(s, 1) ? NULL : db_col_text(s, 1, NULL));

        latest = db_col_int(s, 0) == at && !touches(later, changes);
        json_decref(later);
    }
    db_reset(s);
    return latest && rc >= 0;
}

/* The entry's changes, when it is one of the job's. */
static json_t *changes_of(struct berth_ctx *c, const struct one *o, bool *latest)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT changes, at FROM history WHERE seq = ?");
    const json_t *patch = json_object_get(o->k->past.args, "patch"), *item;
    json_t *all = NULL;
    bool ours = false;
    int64_t at = 0;
    size_t i;

    db_bind_int(s, 1, o->seq);
    if (db_step(s) == DB_ROW && !db_col_is_null(s, 0)) {
        all = changed_items(db_col_text(s, 0, NULL));
        at = db_col_int(s, 1);
    }
    db_reset(s);
    json_array_foreach (all, i, item) {
        const struct changed x = changed_of(item);

        ours = ours || (x.field != NULL && json_object_get(patch, x.field) != NULL);
    }
    if (!ours) {
        json_decref(all);
        return NULL;
    }
    *latest = is_latest(c, o, at, all);
    return all;
}

static int change_back(struct berth_ctx *c, void *arg)
{
    struct one *o = arg;
    bool latest = false;
    json_t *all = changes_of(c, o, &latest);
    struct berth_row *r;

    if (all == NULL) {
        o->other = true;
        return BERTH_OK;
    }
    r = latest ? save_load(c, o->t, o->id) : NULL;
    if (!latest || (r != NULL && !changed_undo(c, r, all) && c->rc == BERTH_OK))
        ctx_fail(c, BERTH_CONFLICT, "conflict", "import.changed_since");
    json_decref(all);
    return r == NULL ? (int)c->rc : row_save(c, r);
}

static int bring_back(struct berth_ctx *c, void *arg)
{
    struct one *o = arg;

    o->other = find_raw(c, o->t, o->id) != NULL; /* it came back with another one */
    ctx_clear(c);
    return o->other ? BERTH_OK : row_restore(c, o->t, o->id);
}

static int step(struct berth_ctx *c, void *arg)
{
    struct chunk *k = arg;
    struct job *j = k->j;
    const struct table *t = model_table(c->m, k->past.table);

    c->allow_duplicates = c->as_it_was = true;
    for (size_t i = 0; i < k->n && t != NULL; i++) {
        struct one o = {k, t, k->of[i].seq, k->of[i].id, false};
        bool done = save_step(c, k->past.deleted ? bring_back : change_back, &o) == BERTH_OK;

        if (!o.other)
            bulk_tell(j, c, o.id, done);
    }
    json_object_set_new(j->result, "last", json_integer(k->of[k->n - 1].seq));
    json_object_set_new(j->result, "at", json_integer(k->of[k->n - 1].at));
    return 0;
}

int bulk_undo_run(struct job *j, struct buf *err)
{
    struct chunk *k = arena_alloc(j->a, sizeof(*k));
    struct arena *a = arena_new();
    struct berth_ctx c;
    int rc = 0;

    k->j = j;
    job_ctx(j, &c, j->conn, a);
    if (c.rc != BERTH_OK || !read_past(&c, json_integer_value(json_object_get(j->args, "job")), &k->past)) {
        buf_puts(err, "what is to be taken back is not known any more");
        j->attempts = 1; /* nor will it be */
        rc = -1;
    } else if (model_table(c.m, k->past.table) != NULL) {
        k->tbl = store_table_no(j->st, model_table(c.m, k->past.table));
    }
    db_settle(j->conn);
    if (json_object_get(j->result, "done") == NULL) {
        json_object_set_new(j->result, "done", json_integer(0));
        json_object_set_new(j->result, "failed", json_integer(0));
    }
    while (rc == 0 && !j->cancelled) {
        if (next_ones(j, k) < 0) {
            buf_puts(err, "the changes that are to be taken back could not be read");
            rc = -1;
            break;
        }
        if (k->n == 0)
            break;
        rc = commit_run(&(struct commit){.st = j->st, .job = j, .what = "job", .body = step, .arg = k, .err = err});
    }
    json_decref(k->past.args);
    arena_free(&a);
    return rc == 0 ? 0 : -1;
}
