/* handover.c - moving what somebody owned who left, and giving it back. */
#include "record/handover.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "record/commit.h"
#include "record/find.h"
#include "record/hook.h"
#include "record/save.h"

enum { SLICE = 200 };

/* ---- beginning -------------------------------------------------------------------------------------- */
static int queue(struct berth_ctx *c, int64_t user, int64_t handover, bool undo)
{
    json_t *args = json_pack("{s:I,s:I,s:b}", "user", (json_int_t)user, "handover", (json_int_t)handover, "undo", undo);

    job_add(c, "handover", args, 0);
    json_decref(args);
    return c->rc;
}

static int64_t open_handover(struct berth_ctx *c, int64_t user)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT id FROM handover WHERE user_id = ? AND state = 'open' ORDER BY id DESC LIMIT 1");
    int64_t id;

    db_bind_int(s, 1, user);
    id = db_step(s) == DB_ROW ? db_col_int(s, 0) : 0;
    db_reset(s);
    return id;
}

/* Nobody said where to: back to the pools it came from. */
static int64_t new_handover(struct berth_ctx *c, int64_t user)
{
    struct berth_row *h = row_new(c, model_table(c->m, "handover"));
    bool all = c->all;

    row_set(h, "user_id", berth_i(user));
    c->all = true;
    row_save(c, h);
    c->all = all;
    return row_id(h);
}

int handover_begin(struct berth_ctx *c, const struct berth_row *user)
{
    int64_t id = row_id(user), handover = open_handover(c, id);

    if (handover == 0 && find_raw(c, user->t, id) != NULL)
        handover = new_handover(c, id);
    return c->rc == BERTH_OK ? queue(c, id, handover, false) : (int)c->rc;
}

int handover_saved(struct berth_ctx *c, const struct berth_row *r)
{
    struct berth_val now = row_get(r, "state"), was = r->old == NULL ? berth_nil() : row_get(r->old, "state");
    bool begins = !val_is_nil(now) && strcmp(now.s, "undoing") == 0 && !val_equal(now, was);

    return begins ? queue(c, row_get(r, "user_id").i, row_id(r), true) : (int)c->rc;
}

/* ---- moving ------------------------------------------------------------------------------------------- */
struct moving {
    struct job *j;
    int64_t user, handover;
    int64_t to[100];
    size_t nto, turn;
    int64_t pool;
    int64_t ids[SLICE]; /* records, or entries of owner_log */
    const struct table *t;
    size_t n;
    int64_t last;
    const char *counter, *state; /* of the handover; state: at the end */
};

static bool pool_is_of(struct berth_ctx *c, int64_t pool, const struct table *t)
{
    struct berth_row *p = find_raw(c, model_table(c->m, "pool"), pool);
    struct berth_val on = row_get(p, "on_table");

    return p != NULL && !val_is_nil(on) && strcmp(on.s, t->name) == 0;
}

struct one {
    struct moving *k;
    int64_t id;
};

static int move_one(struct berth_ctx *c, void *arg)
{
    struct one *o = arg;
    struct moving *k = o->k;
    struct berth_row *r = save_load(c, k->t, o->id);

    if (r == NULL || row_int(r, k->t->at_owner) != k->user)
        return c->rc;
    row_set(r, "is_locked", (struct berth_val){BERTH_BOOL, 0, {.i = 0}});
    if (k->nto > 0) {
        row_set(r, "owner_id", berth_i(k->to[k->turn++ % k->nto]));
        return row_save(c, r);
    }
    if (k->pool != 0 && pool_is_of(c, k->pool, k->t)) {
        row_set(r, "owner_id", berth_nil());
        row_set(r, "pool_id", berth_i(k->pool));
        row_set(r, "pool_reason", berth_s("left"));
        return row_save(c, r);
    }
    return hook_emit(c, "pools.release", r); /* the plugin pools knows where to */
}

static void set_up(struct berth_ctx *c, struct moving *k, const char *op)
{
    c->all = true;
    c->op = op;
    c->batch = k->handover;
    c->allow_duplicates = true;
}

static int move_slice(struct berth_ctx *c, void *arg)
{
    struct moving *k = arg;

    set_up(c, k, "handover");
    for (size_t i = 0; i < k->n; i++) {
        struct one o = {k, k->ids[i]};

        k->last = k->ids[i];
        if (save_step(c, move_one, &o) == BERTH_OK) {
            k->j->done++;
            continue;
        }
        log_warn("handover", "%s %lld stays: %s", k->t->name, (long long)k->ids[i],
                 ctx_text(c, c->key == NULL ? "err.broken" : c->key, c->args));
        ctx_clear(c);
    }
    return 0;
}

/* ---- giving back ------------------------------------------------------------------------------------------ */
/* What the handover's entry in the history changed, as it was before. */
static void restore_fields(struct berth_ctx *c, struct berth_row *r, int64_t at)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT changes FROM history WHERE tbl = ? AND rec = ? AND at = ? AND op = 'handover'"
                                            " ORDER BY seq DESC LIMIT 1");
    json_t *list = NULL, *item;
    size_t i;

    db_bind_int(s, 1, store_table_no(c->st, r->t));
    db_bind_int(s, 2, row_id(r));
    db_bind_int(s, 3, at);
    if (db_step(s) == DB_ROW && !db_col_is_null(s, 0))
        list = json_loads(db_col_text(s, 0, NULL), 0, NULL);
    db_reset(s);
    json_array_foreach (list, i, item) {
        const char *name = json_string_value(json_object_get(item, "field"));
        const struct field *f = name == NULL ? NULL : model_field(r->t, name);

        if (f != NULL)
            val_from_json(c, f, json_object_get(item, "from"), &r->v[f->at]);
    }
    json_decref(list);
}

/* Only what nobody has had in hand since. */
static int give_back(struct berth_ctx *c, void *arg)
{
    struct one *o = arg;
    struct db_stmt *s = db_prepare(c->conn, "SELECT l.tbl, l.rec, l.from_user, l.at, (SELECT name FROM model_table WHERE id = l.tbl)"
                                            " FROM owner_log l WHERE l.seq = ? AND NOT EXISTS (SELECT 1 FROM owner_log n"
                                            " WHERE n.tbl = l.tbl AND n.rec = l.rec AND n.seq > l.seq)");
    const struct table *t = NULL;
    struct berth_row *r = NULL;
    int64_t from = 0, at = 0;

    db_bind_int(s, 1, o->id);
    if (db_step(s) == DB_ROW) {
        t = model_table(c->m, db_col_text(s, 4, NULL));
        from = db_col_int(s, 2);
        at = db_col_int(s, 3);
        o->id = db_col_int(s, 1);
    }
    db_reset(s);
    r = t == NULL ? NULL : find_raw(c, t, o->id);
    if (r == NULL)
        return c->rc;
    r->old = row_copy(r);
    restore_fields(c, r, at);
    row_set(r, "owner_id", berth_i(from));
    o->k->j->done++;
    return row_save(c, r);
}

static int back_slice(struct berth_ctx *c, void *arg)
{
    struct moving *k = arg;

    set_up(c, k, "handover_undo");
    c->batch = 0;
    c->as_it_was = true;
    for (size_t i = 0; i < k->n; i++) {
        struct one o = {k, k->ids[i]};
        int64_t done = k->j->done;

        k->last = k->ids[i];
        if (save_step(c, give_back, &o) != BERTH_OK) {
            k->j->done = done;
            ctx_clear(c);
        }
    }
    return 0;
}

/* ---- the job ------------------------------------------------------------------------------------------------ */
static bool next_ids(struct moving *k, const char *sql, int64_t a)
{
    struct db_stmt *s = db_prepare(k->j->conn, sql);

    db_bind_int(s, 1, a);
    db_bind_int(s, 2, k->last);
    db_bind_int(s, 3, SLICE);
    for (k->n = 0; k->n < SLICE && db_step(s) == DB_ROW;)
        k->ids[k->n++] = db_col_int(s, 0);
    db_reset(s);
    return k->n > 0;
}

static int end_body(struct berth_ctx *c, void *arg)
{
    struct moving *k = arg;
    struct berth_row *h = find_raw(c, model_table(c->m, "handover"), k->handover);

    if (h == NULL)
        return c->rc;
    h->old = row_copy(h);
    c->all = true;
    row_set(h, "state", berth_s(k->state));
    row_set(h, k->counter, berth_i(k->j->done));
    return row_save(c, h);
}

static void read_handover(struct moving *k, struct berth_ctx *c)
{
    struct berth_row *h = find_raw(c, model_table(c->m, "handover"), k->handover);
    struct berth_val to = row_get(h, "to_ids");

    k->pool = row_get(h, "pool_id").i;
    for (const char *p = val_is_nil(to) ? "" : to.s; *p == '|' && p[1] != '\0' && k->nto < 100; p = strchr(p + 1, '|'))
        k->to[k->nto++] = strtoll(p + 1, NULL, 10);
}

static int write(struct moving *k, int (*body)(struct berth_ctx *, void *), struct buf *err)
{
    return commit_run(&(struct commit){.st = k->j->st, .job = k->j, .what = "handover", .body = body, .arg = k, .err = err});
}

static int each_table(struct moving *k, struct berth_ctx *c, struct buf *err)
{
    for (size_t i = 0; i < c->m->ntables; i++) {
        k->t = &c->m->tables[i];
        k->last = 0;
        if (k->t->at_pool < 0)
            continue;
        const char *sql = arena_fmt(c->a, "SELECT id FROM %s WHERE owner_id = ? AND id > ? ORDER BY id LIMIT ?", k->t->sql);

        while (!k->j->cancelled && next_ids(k, sql, k->user))
            if (write(k, move_slice, err) != 0)
                return -1;
    }
    return 0;
}

int handover_run(struct job *j, struct buf *err)
{
    struct moving *k = arena_alloc(j->a, sizeof(*k));
    bool undo = json_is_true(json_object_get(j->args, "undo"));
    struct arena *a = arena_new();
    struct berth_ctx c;
    int rc = 0;

    *k = (struct moving){.j = j, .user = json_integer_value(json_object_get(j->args, "user")),
                         .handover = json_integer_value(json_object_get(j->args, "handover")),
                         .counter = undo ? "back" : "moved", .state = undo ? "undone" : "done"};
    job_ctx(j, &c, j->conn, a);
    if (!undo) {
        read_handover(k, &c);
        rc = each_table(k, &c, err);
    }
    while (undo && rc == 0 && !j->cancelled &&
           next_ids(k, "SELECT seq FROM owner_log WHERE batch = ? AND seq > ? ORDER BY seq LIMIT ?", k->handover))
        rc = write(k, back_slice, err);
    if (rc == 0 && !j->cancelled)
        rc = write(k, end_body, err);
    arena_free(&a);
    return rc == 0 ? 0 : -1;
}
