/* handover.c - moving what somebody owned who left, and giving it back. */
#include "record/handover.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"
#include "record/audit.h"
#include "record/commit.h"
#include "record/find.h"
#include "record/changed.h"
#include "record/hook.h"
#include "record/save.h"

enum { SLICE = 200 };

/* ---- beginning -------------------------------------------------------------------------------------- */
/* asked: on request, so that whoever asked has to be allowed to, up to its end. */
static int64_t queue_job(struct berth_ctx *c, int64_t user, int64_t handover, bool undo, bool asked)
{
    json_t *args = json_pack("{s:I,s:I,s:b,s:b}", "user", (json_int_t)user, "handover", (json_int_t)handover, "undo", undo, "asked", asked);
    int64_t job = job_add(c, "handover", args, 0);

    json_decref(args);
    return job;
}

static int queue(struct berth_ctx *c, int64_t user, int64_t handover, bool undo)
{
    queue_job(c, user, handover, undo, undo);
    return c->rc;
}

static int64_t open_handover(struct berth_ctx *c, int64_t user)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT id FROM handover WHERE user_id = ? AND state = 'open' ORDER BY id DESC LIMIT 1");

    db_bind_int(s, 1, user);
    return db_one_int(s);
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
    const char *tables; /* "lead, customer"; "" all */
    int64_t ids[SLICE]; /* records, or entries of owner_log */
    const struct table *t;
    size_t n;
    int64_t last;
    const char *counter, *state; /* of the handover; state: at the end */
    bool asked, refused;         /* whoever asked may no longer: it ends where it is */
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

static bool among(const struct moving *k, int64_t user)
{
    for (size_t i = 0; i < k->nto; i++)
        if (k->to[i] == user)
            return true;
    return false;
}

/* What belongs to something that was handed over goes to the same person; the rest in turn. */
static int64_t heir_of(struct berth_ctx *c, struct moving *k, const struct berth_row *r)
{
    for (int i = 0; r->t->belongs && i < r->t->nfields; i++) {
        const struct field *f = &r->t->fields[i];
        const struct berth_row *up = (f->flags & BERTH_BELONGS) && f->ref != NULL && f->ref->at_owner >= 0 && r->v[i].i != 0
                                         ? find_raw(c, f->ref, r->v[i].i) : NULL;

        if (up != NULL && among(k, row_int(up, up->t->at_owner)))
            return row_int(up, up->t->at_owner);
    }
    return k->to[k->turn++ % k->nto];
}

static int move_one(struct berth_ctx *c, void *arg)
{
    struct one *o = arg;
    struct moving *k = o->k;
    struct berth_row *r = save_load(c, k->t, o->id);

    if (r == NULL || row_int(r, k->t->at_owner) != k->user)
        return c->rc;
    if (k->nto > 0) {
        row_set(r, "owner_id", berth_i(heir_of(c, k, r)));
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

/* In each piece: who started it may have become somebody else's colleague. */
static bool still_may(struct berth_ctx *c, struct moving *k)
{
    k->refused = k->refused || (k->asked && !handover_may(c, k->user));
    return !k->refused;
}

static int move_slice(struct berth_ctx *c, void *arg)
{
    struct moving *k = arg;

    if (!still_may(c, k))
        return 0;
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
    json_t *list = NULL;

    db_bind_int(s, 1, store_table_no(c->st, r->t));
    db_bind_int(s, 2, row_id(r));
    db_bind_int(s, 3, at);
    if (db_step(s) == DB_ROW && !db_col_is_null(s, 0))
        list = changed_items(db_col_text(s, 0, NULL));
    db_reset(s);
    changed_undo(c, r, list);
    json_decref(list);
}

/* Only what nobody has had in hand since. */
static int give_back(struct berth_ctx *c, void *arg)
{
    struct one *o = arg;
    struct db_stmt *s = db_prepare(
        c->conn, "SELECT l.tbl, l.rec, l.from_user, l.at, coalesce(l.to_user, 0), (SELECT name FROM model_table WHERE id = l.tbl)"
                 " FROM owner_log l WHERE l.seq = ? AND NOT EXISTS (SELECT 1 FROM owner_log n"
                 " WHERE n.tbl = l.tbl AND n.rec = l.rec AND n.seq > l.seq)");
    const struct table *t = NULL;
    struct berth_row *r = NULL;
    int64_t from = 0, at = 0, to = 0;

    db_bind_int(s, 1, o->id);
    if (db_step(s) == DB_ROW) {
        t = model_table(c->m, db_col_text(s, 5, NULL));
        to = db_col_int(s, 4);
        from = db_col_int(s, 2);
        at = db_col_int(s, 3);
        o->id = db_col_int(s, 1);
    }
    db_reset(s);
    r = t == NULL ? NULL : find_raw(c, t, o->id);
    if (r == NULL || row_int(r, t->at_owner) != to)
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

    if (!still_may(c, k))
        return 0;
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
/* How many there are; negative: they could not be read. */
static int next_ids(struct moving *k, const char *sql, int64_t a, struct buf *err)
{
    struct db_stmt *s = db_prepare(k->j->conn, sql);
    int rc = DB_ROW;

    db_bind_int(s, 1, a);
    db_bind_int(s, 2, k->last);
    db_bind_int(s, 3, SLICE);
    for (k->n = 0; k->n < SLICE && (rc = db_step(s)) == DB_ROW;)
        k->ids[k->n++] = db_col_int(s, 0);
    db_reset(s);
    if (rc >= 0)
        return (int)k->n;
    buf_puts(err, "the records could not be listed");
    return -1;
}

static int end_body(struct berth_ctx *c, void *arg)
{
    struct moving *k = arg;
    struct berth_row *h = find_raw(c, model_table(c->m, "handover"), k->handover);
    json_t *result = k->j->result;
    int64_t told = json_integer_value(json_object_get(result, "told")); /* by this job, which was cancelled and goes on */

    if (h == NULL)
        return c->rc;
    h->old = row_copy(h);
    c->all = true;
    row_set(h, "state", berth_s(k->state));
    row_set(h, k->counter, berth_i(row_get(h, k->counter).i + k->j->done - told)); /* an undo before may have been cancelled */
    json_object_set_new(result, "told", json_integer(k->j->done));
    return row_save(c, h);
}

static void read_handover(struct moving *k, struct berth_ctx *c)
{
    struct berth_row *h = find_raw(c, model_table(c->m, "handover"), k->handover);
    struct berth_val to = row_get(h, "to_ids");

    k->pool = row_get(h, "pool_id").i;
    k->tables = val_is_nil(row_get(h, "tables")) ? "" : arena_strdup(k->j->a, row_get(h, "tables").s);
    for (const char *p = val_is_nil(to) ? "" : to.s; *p == '|' && p[1] != '\0' && k->nto < 100; p = strchr(p + 1, '|'))
        k->to[k->nto++] = strtoll(p + 1, NULL, 10);
}

static int write(struct moving *k, int (*body)(struct berth_ctx *, void *), struct buf *err)
{
    return commit_run(&(struct commit){.st = k->j->st, .job = k->j, .what = "handover", .body = body, .arg = k, .err = err});
}

/* What the host keeps for itself, and what is somebody's very own, stays. */
static bool is_owned(const struct table *t)
{
    return t->at_owner >= 0 && !(t->flags & (BERTH_BARE | BERTH_PERSONAL)) && strcmp(t->plugin, "base") != 0;
}

static bool is_named(const char *list, const char *name)
{
    size_t n = strlen(name);

    for (const char *s = list; (s = strstr(s, name)) != NULL; s += n)
        if ((s == list || s[-1] == ' ') && (s[n] == ',' || s[n] == '\0'))
            return true;
    return *list == '\0';
}

/* What has no pool needs a successor. */
static bool moves(const struct moving *k, const struct table *t)
{
    return is_owned(t) && (t->at_pool >= 0 || k->nto > 0) && is_named(k->tables, t->name);
}

static int move_table(struct moving *k, struct berth_ctx *c, struct buf *err)
{
    const char *sql = arena_fmt(c->a, "SELECT id FROM %s WHERE owner_id = ? AND id > ? ORDER BY id LIMIT ?", k->t->sql);

    int n = 0;

    k->last = 0;
    while (!k->j->cancelled && !k->refused && (n = next_ids(k, sql, k->user, err)) > 0)
        if (write(k, move_slice, err) != 0)
            return -1;
    return n < 0 ? -1 : 0;
}

/* First what has pools: other things belong to those and go with them. */
static int each_table(struct moving *k, struct berth_ctx *c, struct buf *err)
{
    for (int pooled = 1; pooled >= 0; pooled--)
        for (size_t i = 0; i < c->m->ntables; i++) {
            k->t = &c->m->tables[i];
            if ((k->t->at_pool >= 0) == pooled && moves(k, k->t) && move_table(k, c, err) != 0)
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

    *k = (struct moving){.j = j, .asked = json_is_true(json_object_get(j->args, "asked")), .user = json_integer_value(json_object_get(j->args, "user")),
                         .handover = json_integer_value(json_object_get(j->args, "handover")),
                         .counter = undo ? "back" : "moved", .state = undo ? "undone" : "done"};
    job_ctx(j, &c, j->conn, a);
    if (!undo) {
        read_handover(k, &c);
        rc = each_table(k, &c, err);
    }
    while (undo && rc == 0 && !j->cancelled && !k->refused) {
        rc = next_ids(k, "SELECT seq FROM owner_log WHERE batch = ? AND seq > ? ORDER BY seq LIMIT ?", k->handover, err);
        if (rc <= 0)
            break;
        rc = write(k, back_slice, err);
    }
    if (undo && (j->cancelled || k->refused)) /* the rest may yet be given back */
        k->state = "done";
    if (rc == 0 && !j->stops) /* also where it was cancelled: what went is undone like all of it */
        rc = write(k, end_body, err);
    if (rc == 0 && k->refused) {
        buf_puts(err, ctx_text(&c, "err.denied", NULL));
        j->attempts = 1; /* another try would be refused, too */
        rc = -1;
    }
    arena_free(&a);
    return rc == 0 ? 0 : -1;
}

/* ---- on request -------------------------------------------------------------------------------------------- */
bool handover_may(struct berth_ctx *c, int64_t user)
{
    return c->who == NULL || c->who->admin || (user != c->who->id && ids_have(&c->who->users[SCOPE_TEAM], user));
}

static int64_t number(struct berth_ctx *c, const char *sql, int64_t arg)
{
    struct db_stmt *s = db_prepare(c->conn, sql);
    db_bind_int(s, 1, arg);
    return db_one_int(s);
}

static void past_json(struct berth_ctx *c, struct json *j, int64_t user)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT id, created_at, state, coalesce(moved, 0), coalesce(back, 0), coalesce(created_by, 0)"
                                            " FROM handover WHERE user_id = ? ORDER BY id DESC LIMIT 5");
    char at[WHEN_TIME_MAX];

    db_bind_int(s, 1, user);
    json_open(j, '[');
    while (db_step(s) == DB_ROW) {
        bool mine = c->who == NULL || c->who->admin || db_col_int(s, 5) == c->who->id;

        when_time_format(db_col_int(s, 1), at);
        json_open(j, '{');
        json_number(j, "id", db_col_int(s, 0));
        json_text(j, "at", at);
        json_text(j, "state", db_col_text(s, 2, NULL));
        json_number(j, "moved", db_col_int(s, 3));
        json_number(j, "back", db_col_int(s, 4));
        json_flag(j, "undo", mine && strcmp(db_col_text(s, 2, NULL), "done") == 0 && db_col_int(s, 1) > c->now - BERTH_DAY);
        json_close(j, '}');
    }
    json_close(j, ']');
    db_reset(s);
}

int handover_preview(struct berth_ctx *c, int64_t user, struct buf *out)
{
    struct berth_row *u = find_raw(c, c->m->users, user);
    struct json j = json_to(out);

    if (u == NULL || !handover_may(c, user))
        return ctx_fail(c, u == NULL ? BERTH_NOT_FOUND : BERTH_DENIED, u == NULL ? "not_found" : "denied",
                        u == NULL ? "err.not_found" : "err.denied");
    json_open(&j, '{');
    json_number(&j, "user", user);
    json_text(&j, "name", row_title(u));
    json_key(&j, "tables");
    json_open(&j, '[');
    for (size_t i = 0; i < c->m->ntables; i++) {
        const struct table *t = &c->m->tables[i];
        int64_t n = !is_owned(t) ? 0 : number(c, arena_fmt(c->a, "SELECT count(*) FROM %s WHERE owner_id = ?", t->sql), user);

        if (n == 0)
            continue;
        json_open(&j, '{');
        json_text(&j, "table", t->name);
        json_text(&j, "label", labels_get(c->st->labels, c->locale, arena_fmt(c->a, "%s.*", t->name)));
        json_number(&j, "count", n);
        json_flag(&j, "pooled", t->at_pool >= 0);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_number(&j, "subordinates", number(c, "SELECT count(*) FROM \"user\" WHERE manager_id = ? AND active = 1", user));
    json_number(&j, "departments", number(c, "SELECT count(*) FROM department WHERE leader_id = ?", user));
    json_key(&j, "past");
    past_json(c, &j, user);
    json_close(&j, '}');
    return c->rc;
}

/* "|3|7|" of those who may get it. */
static const char *successors(struct berth_ctx *c, int64_t user, const json_t *list)
{
    struct buf b = BUF_INIT;
    const char *text;
    json_t *v;
    size_t i;

    json_array_foreach (list, i, v) {
        struct berth_row *u = json_is_integer(v) ? find_raw(c, c->m->users, json_integer_value(v)) : NULL;

        if (u == NULL || row_get(u, "active").i == 0 || row_id(u) == user)
            ctx_invalid(c, "to", "err.ref", NULL);
        else if (c->who != NULL && !c->who->admin && !ids_have(&c->who->users[SCOPE_TREE], row_id(u)))
            ctx_invalid(c, "to", "err.owner", NULL);
        else
            buf_addf(&b, "%s%lld|", b.len == 0 ? "|" : "", (long long)row_id(u));
    }
    text = b.len == 0 ? NULL : arena_strndup(c->a, b.s, b.len);
    buf_free(&b);
    return text;
}

static const char *names_of(struct berth_ctx *c, const json_t *list)
{
    struct buf b = BUF_INIT;
    const char *text;
    json_t *v;
    size_t i;

    json_array_foreach (list, i, v) {
        const struct table *t = json_is_string(v) ? model_table(c->m, json_string_value(v)) : NULL;

        if (t == NULL || !is_owned(t))
            ctx_invalid(c, "tables", "err.ref", NULL);
        else
            buf_addf(&b, "%s%s", b.len == 0 ? "" : ", ", t->name);
    }
    text = b.len == 0 ? NULL : arena_strndup(c->a, b.s, b.len);
    buf_free(&b);
    return text;
}

int64_t handover_give(struct berth_ctx *c, int64_t user, const json_t *body, int64_t *handover_r)
{
    const json_t *to = json_object_get(body, "to"), *pool = json_object_get(body, "pool_id");
    const char *heirs = successors(c, user, to), *tables = names_of(c, json_object_get(body, "tables"));
    const char *note = json_string_value(json_object_get(body, "note"));
    struct berth_row *h;
    bool all = c->all;

    if (c->rc == BERTH_OK && find_raw(c, c->m->users, user) == NULL)
        ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    if (c->rc == BERTH_OK && !handover_may(c, user))
        ctx_fail(c, BERTH_DENIED, "denied", "err.denied");
    if (c->rc == BERTH_OK && json_array_size(to) > 100)
        ctx_invalid(c, "to", "err.list", NULL);
    if (c->rc == BERTH_OK && heirs == NULL && !json_is_integer(pool))
        ctx_invalid(c, "to", "err.required", NULL);
    if (c->rc != BERTH_OK)
        return 0;
    h = row_new(c, model_table(c->m, "handover"));
    row_set(h, "user_id", berth_i(user));
    row_set(h, "to_ids", heirs == NULL ? berth_nil() : berth_s(heirs));
    row_set(h, "pool_id", json_is_integer(pool) ? berth_i(json_integer_value(pool)) : berth_nil());
    row_set(h, "tables", tables == NULL ? berth_nil() : berth_s(tables));
    row_set(h, "note", note == NULL ? berth_nil() : berth_s(note));
    c->all = true;
    row_save(c, h);
    c->all = all;
    if (c->rc != BERTH_OK)
        return 0;
    *handover_r = row_id(h);
    audit_add(c, "handover", arena_fmt(c->a, "%lld: of user %lld to %s%s", (long long)*handover_r, (long long)user,
                                       heirs == NULL ? "a pool" : heirs, tables == NULL ? "" : arena_fmt(c->a, ": %s", tables)));
    return queue_job(c, user, *handover_r, false, true);
}

int64_t handover_undo(struct berth_ctx *c, int64_t handover)
{
    struct berth_row *h = find_raw(c, model_table(c->m, "handover"), handover);
    bool all = c->all;

    if (h == NULL ||
        (c->who != NULL && !c->who->admin && (row_int(h, F_CREATED_BY) != c->who->id || !handover_may(c, row_get(h, "user_id").i))))
        return ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found"), 0;
    if (strcmp(row_get(h, "state").s, "done") != 0 || row_int(h, F_CREATED_AT) <= c->now - BERTH_DAY)
        return ctx_fail(c, BERTH_CONFLICT, "conflict", "err.handover_late"), 0;
    h->old = row_copy(h);
    row_set(h, "state", berth_s("undoing"));
    c->all = true;
    row_save(c, h); /* which queues the job */
    c->all = all;
    return c->rc == BERTH_OK ? number(c, "SELECT max(id) FROM job WHERE kind = 'handover' AND id > ?", 0) : 0;
}
