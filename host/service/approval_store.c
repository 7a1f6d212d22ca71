/* approval_store.c - approvals, who is asked and what they did, as rows. */
#include <stdlib.h>
#include <string.h>

#include "record/find.h"
#include "record/save.h"
#include "service/approval_in.h"

#define ASK "id, user_id, coalesce(of_user, 0), at, coalesce(ended_at, 0), coalesce(done_by, 0), step, state"

static void bind_id(struct db_stmt *s, int at, int64_t id)
{
    if (id != 0)
        db_bind_int(s, at, id);
}

static const char *text_at(struct berth_ctx *c, struct db_stmt *s, int at)
{
    return db_col_is_null(s, at) ? NULL : arena_strdup(c->a, db_col_text(s, at, NULL));
}

/* ---- steps ------------------------------------------------------------------------------------------ */
static void add_person(struct berth_ctx *c, struct ids *s, int64_t id)
{
    int64_t *more = arena_alloc(c->a, (s->n + 1) * sizeof(*more));

    if (s->n > 0)
        memcpy(more, s->v, s->n * sizeof(*more));
    more[s->n++] = id;
    s->v = more;
}

static const char *text(const struct berth_row *r, const char *field)
{
    struct berth_val v = row_get(r, field);

    return val_is_nil(v) || v.len == 0 ? NULL : v.s;
}

static struct step step_of_row(struct berth_ctx *c, const struct berth_row *r)
{
    const char *mode = text(r, "mode"), *nobody = text(r, "nobody"), *people = text(r, "user_ids");
    struct step s = {.name = text(r, "name"),
                     .said = flow_names(r),
                     .who = text(r, "who"),
                     .field = text(r, "field"),
                     .perm = text(r, "perm"),
                     .applies_to = text(r, "applies_to"),
                     .fills = text(r, "fills"),
                     .late = text(r, "late"),
                     .role = row_get(r, "role_id").i,
                     .level = (int)row_get(r, "level").i,
                     .hours = (int)row_get(r, "hours").i,
                     .all = mode != NULL && strcmp(mode, "all") == 0,
                     .skip = nobody != NULL && strcmp(nobody, "skip") == 0};

    for (const char *p = people; p != NULL && *p != '\0'; p += strcspn(p + 1, "|") + 1) /* "|7|9|" */
        if (strtoll(p + 1, NULL, 10) > 0)
            add_person(c, &s.people, strtoll(p + 1, NULL, 10));
    return s;
}

struct plan plan_of_flow(struct berth_ctx *c, const struct flow *f)
{
    const struct table *t = model_table(c->m, "approval_step");
    struct plan p = {.flow = f->name,
                     .said = f->said,
                     .state = f->state == NULL ? NULL : f->state->name,
                     .locks = f->locks,
                     .own = f->own,
                     .mail = f->mail};
    struct db_stmt *s = db_prepare(c->conn, arena_fmt(c->a, "SELECT %s FROM %s WHERE flow_id = ? ORDER BY coalesce(place, 0), id LIMIT 100",
                                                      t->columns, t->sql));
    int rc;

    p.steps = arena_alloc(c->a, 100 * sizeof(*p.steps));
    db_bind_int(s, 1, f->id);
    while ((rc = db_step(s)) == DB_ROW)
        p.steps[p.n++] = step_of_row(c, row_read(c, t, s));
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "read the steps of an approval");
    return p;
}

/* The members that are texts and the ones that are numbers, by their names in the kept JSON. */
static const struct {
    const char *name;
    size_t at;
} texts[] = {{"name", offsetof(struct step, name)},   {"who", offsetof(struct step, who)},
             {"field", offsetof(struct step, field)}, {"perm", offsetof(struct step, perm)},
             {"applies_to", offsetof(struct step, applies_to)}, {"fills", offsetof(struct step, fills)},
             {"late", offsetof(struct step, late)}};
enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };

static void said_json(struct json *j, const struct said *said)
{
    json_key(j, "said");
    json_open(j, '{');
    for (int i = 0; i < LABELS_LOCALES; i++)
        if (said->in[i] != NULL) {
            json_key(j, labels_locales[i]);
            json_str(j, said->in[i]);
        }
    json_close(j, '}');
}

static void step_json(struct json *j, const struct step *s)
{
    json_open(j, '{');
    said_json(j, &s->said);
    for (int i = 0; i < TEXTS; i++) {
        const char *const *v = (const void *)((const char *)s + texts[i].at);

        if (*v == NULL)
            continue;
        json_key(j, texts[i].name);
        json_str(j, *v);
    }
    json_number(j, "role", s->role);
    json_number(j, "level", s->level);
    json_number(j, "hours", s->hours);
    json_number(j, "flags", s->all + 2 * s->skip + 4 * s->added);
    json_key(j, "people");
    json_open(j, '[');
    for (size_t i = 0; i < s->people.n; i++)
        json_int(j, s->people.v[i]);
    json_close(j, ']');
    json_close(j, '}');
}

static const char *plan_text(struct berth_ctx *c, const struct plan *p)
{
    struct buf b = BUF_INIT;
    struct json j = json_to(&b);
    const char *out;

    json_open(&j, '{');
    json_text(&j, "flow", p->flow);
    said_json(&j, &p->said);
    json_text(&j, "state", p->state);
    json_number(&j, "locks", p->locks);
    json_flag(&j, "own", p->own);
    json_flag(&j, "mail", p->mail);
    json_key(&j, "steps");
    json_open(&j, '[');
    for (size_t i = 0; i < p->n; i++)
        step_json(&j, &p->steps[i]);
    json_close(&j, ']');
    json_close(&j, '}');
    out = arena_strdup(c->a, buf_str(&b));
    buf_free(&b);
    return out;
}

static int64_t number(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static const char *kept(struct berth_ctx *c, const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s == NULL ? NULL : arena_strdup(c->a, s);
}

static struct said said_kept(struct berth_ctx *c, const json_t *o)
{
    struct said out;

    for (int i = 0; i < LABELS_LOCALES; i++)
        out.in[i] = kept(c, json_object_get(o, "said"), labels_locales[i]);
    return out;
}

static struct plan plan_read(struct berth_ctx *c, const char *text_)
{
    json_t *o = json_loads(text_, 0, NULL), *one, *id;
    struct plan p = {.flow = kept(c, o, "flow"),
                     .said = said_kept(c, o),
                     .state = kept(c, o, "state"),
                     .locks = (enum flow_lock)number(o, "locks"),
                     .own = json_is_true(json_object_get(o, "own")),
                     .mail = json_is_true(json_object_get(o, "mail"))};
    const json_t *list = json_object_get(o, "steps");
    size_t i, k;

    p.steps = arena_alloc(c->a, (json_array_size(list) + 2) * sizeof(*p.steps)); /* one may be added */
    json_array_foreach (list, i, one) {
        struct step *s = &p.steps[p.n++];
        int64_t flags = number(one, "flags");

        *s = (struct step){.said = said_kept(c, one), .role = number(one, "role"), .level = (int)number(one, "level"), .hours = (int)number(one, "hours"),
                           .all = flags & 1, .skip = (flags & 2) != 0, .added = (flags & 4) != 0};
        for (int f = 0; f < TEXTS; f++)
            *(const char **)(void *)((char *)s + texts[f].at) = kept(c, one, texts[f].name);
        json_array_foreach (json_object_get(one, "people"), k, id)
            add_person(c, &s->people, json_integer_value(id));
    }
    json_decref(o);
    return p;
}

/* ---- approvals -------------------------------------------------------------------------------------- */
int64_t approval_add(struct berth_ctx *c, struct approval *a)
{
    struct db_stmt *s = db_prepare(c->conn, "INSERT INTO approval (tbl, rec, flow_id, by, at, state, plan, held, step)"
                                            " VALUES (?, ?, ?, ?, ?, 'open', ?, ?, 0)");

    a->state = "open";
    a->at = c->now;
    db_bind_int(s, 1, a->tbl);
    db_bind_int(s, 2, a->rec);
    db_bind_int(s, 3, a->flow_id);
    bind_id(s, 4, a->by);
    db_bind_int(s, 5, a->at);
    db_bind_text(s, 6, plan_text(c, &a->plan), -1);
    db_bind_text(s, 7, a->held, -1);
    a->id = ctx_write(c, s, "keep an approval") == BERTH_OK ? db_last_id(c->conn) : 0;
    return a->id;
}

int approval_keep(struct berth_ctx *c, const struct approval *a)
{
    struct db_stmt *s = db_prepare(c->conn, "UPDATE approval SET state = ?, plan = ?, step = ?, due_at = ?, ended_at = ? WHERE id = ?");

    db_bind_text(s, 1, a->state, -1);
    db_bind_text(s, 2, plan_text(c, &a->plan), -1);
    db_bind_int(s, 3, a->step);
    bind_id(s, 4, a->due);
    bind_id(s, 5, a->ended);
    db_bind_int(s, 6, a->id);
    return ctx_write(c, s, "keep an approval");
}

/* One that is made when it is approved. */
static struct berth_row *row_to_make(struct berth_ctx *c, const struct approval *a)
{
    json_t *held = a->held == NULL ? NULL : json_loads(a->held, 0, NULL), *make = json_object_get(held, "make");
    char *raw = make == NULL ? NULL : json_dumps(make, JSON_COMPACT);
    struct berth_row *r = raw == NULL ? NULL : row_undump(c, a->t, raw);

    free(raw);
    json_decref(held);
    return r;
}

int approval_made(struct berth_ctx *c, struct approval *a, int64_t rec)
{
    struct db_stmt *s = db_prepare(c->conn, "UPDATE approval SET rec = ? WHERE id = ?");

    a->rec = rec;
    db_bind_int(s, 1, rec);
    db_bind_int(s, 2, a->id);
    return ctx_write(c, s, "keep an approval");
}

struct approval *approval_load(struct berth_ctx *c, int64_t id)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT id, tbl, rec, flow_id, coalesce(by, 0), at, coalesce(due_at, 0), coalesce(ended_at, 0),"
                                            " step, state, held, plan FROM approval WHERE id = ?");
    struct approval *a = NULL;
    const char *plan = NULL;
    int rc;

    db_bind_int(s, 1, id);
    if ((rc = db_step(s)) == DB_ROW) {
        a = arena_alloc(c->a, sizeof(*a));
        *a = (struct approval){.id = db_col_int(s, 0), .tbl = db_col_int(s, 1), .rec = db_col_int(s, 2), .flow_id = db_col_int(s, 3),
                               .by = db_col_int(s, 4), .at = db_col_int(s, 5), .due = db_col_int(s, 6), .ended = db_col_int(s, 7),
                               .step = (int)db_col_int(s, 8), .state = text_at(c, s, 9), .held = text_at(c, s, 10)};
        plan = text_at(c, s, 11);
    }
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "read an approval");
    if (a == NULL)
        return NULL;
    a->plan = plan_read(c, plan);
    a->t = store_table_of(c->st, c->m, a->tbl);
    a->row = a->t == NULL ? NULL : find_raw(c, a->t, a->rec);
    a->there = a->row != NULL;
    if (a->t != NULL && a->rec == 0)
        a->row = row_to_make(c, a);
    else if (a->t != NULL && !a->there)
        a->row = row_of_bin(c, a->t, a->rec);
    return a;
}

struct approval *approval_running(struct berth_ctx *c, int64_t tbl, int64_t rec, int64_t flow)
{
    struct db_stmt *s =
        db_prepare(c->conn, flow == 0 ? "SELECT id FROM approval WHERE tbl = ? AND rec = ? AND ended_at IS NULL ORDER BY id DESC LIMIT 1"
                                      : "SELECT id FROM approval WHERE tbl = ? AND rec = ? AND ended_at IS NULL AND flow_id = ?"
                                        " ORDER BY id DESC LIMIT 1");
    struct ids ids;

    db_bind_int(s, 1, tbl);
    db_bind_int(s, 2, rec);
    if (flow != 0)
        db_bind_int(s, 3, flow);
    ids = find_ids(c, s);
    return ids.n == 0 ? NULL : approval_load(c, ids.v[0]);
}

/* "?,?,?": as many as a power of two, so that few statements do for lists of any length. */
static const char *places(struct berth_ctx *c, size_t n, size_t *many)
{
    char *out;

    for (*many = 16; *many < n; *many *= 2)
        continue;
    out = arena_alloc(c->a, *many * 2);
    for (size_t i = 0; i < *many; i++) {
        out[2 * i] = '?';
        out[2 * i + 1] = i + 1 < *many ? ',' : '\0';
    }
    return out;
}

void approval_locked(struct berth_ctx *c, const struct table *t, const int64_t *id, size_t n, const char **flow)
{
    size_t many;
    const char *list = places(c, n, &many);
    struct db_stmt *s = db_prepare(
        c->conn,
        arena_fmt(c->a, "SELECT rec, state, plan FROM approval WHERE tbl = ? AND ended_at IS NULL AND rec IN (%s) ORDER BY id", list));
    int rc;

    db_bind_int(s, 1, store_table_no(c->st, t));
    for (size_t i = 0; i < many; i++)
        db_bind_int(s, (int)i + 2, id[i < n ? i : n - 1]);
    while ((rc = db_step(s)) == DB_ROW) { /* the latest of a record counts */
        struct plan p = plan_read(c, text_at(c, s, 2));
        bool locks = p.locks == FLOW_LOCKS && strcmp(db_col_text(s, 1, NULL), "open") == 0;

        for (size_t i = 0; i < n; i++)
            if (id[i] == db_col_int(s, 0))
                flow[i] = locks ? flow_said(c, p.flow, &p.said) : NULL;
    }
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "read what is locked");
}

/* ---- who is asked --------------------------------------------------------------------------------------- */
int64_t ask_add(struct berth_ctx *c, const struct approval *a, int64_t user, int64_t of_user)
{
    struct db_stmt *s =
        db_prepare(c->conn, "INSERT INTO approval_ask (approval_id, step, user_id, of_user, state, at) VALUES (?, ?, ?, ?, 'open', ?)");

    db_bind_int(s, 1, a->id);
    db_bind_int(s, 2, a->step);
    db_bind_int(s, 3, user);
    bind_id(s, 4, of_user);
    db_bind_int(s, 5, c->now);
    return ctx_write(c, s, "keep an approval") == BERTH_OK ? db_last_id(c->conn) : 0;
}

int ask_end(struct berth_ctx *c, const struct ask *k, const char *state)
{
    struct db_stmt *s =
        db_prepare(c->conn, "UPDATE approval_ask SET state = ?, ended_at = ?, done_by = ?, secret = NULL WHERE id = ? AND state = 'open'");

    db_bind_text(s, 1, state, -1);
    db_bind_int(s, 2, c->now);
    if (c->who != NULL && strcmp(state, "over") != 0 && strcmp(state, "escalated") != 0)
        db_bind_int(s, 3, c->who->id);
    db_bind_int(s, 4, k->id);
    return ctx_write(c, s, "keep an approval");
}

static struct db_stmt *select_asks(struct berth_ctx *c, const struct approval *a, bool open)
{
    struct db_stmt *s =
        db_prepare(c->conn, open ? "SELECT " ASK " FROM approval_ask WHERE approval_id = ? AND step = ? AND state = 'open' ORDER BY id"
                                 : "SELECT " ASK " FROM approval_ask WHERE approval_id = ? ORDER BY id");

    db_bind_int(s, 1, a->id);
    if (open)
        db_bind_int(s, 2, a->step);
    return s;
}

struct ask *asks_of(struct berth_ctx *c, const struct approval *a, bool open, size_t *n)
{
    struct db_stmt *s = select_asks(c, a, open);
    struct ask *list = NULL;
    size_t cap = 0;
    int rc;

    for (*n = 0; (rc = db_step(s)) == DB_ROW; (*n)++) {
        if (*n == cap) {
            struct ask *more = arena_alloc(c->a, (cap = cap == 0 ? 8 : 2 * cap) * sizeof(*more));

            if (*n > 0)
                memcpy(more, list, *n * sizeof(*more));
            list = more;
        }
        list[*n] = (struct ask){db_col_int(s, 0), db_col_int(s, 1), db_col_int(s, 2), db_col_int(s, 3), db_col_int(s, 4),
                                db_col_int(s, 5), (int)db_col_int(s, 6), text_at(c, s, 7)};
    }
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "read who is asked");
    return list;
}

int act_add(struct berth_ctx *c, const struct approval *a, const char *op, const char *note, int64_t for_user, int64_t whom,
            const char *via)
{
    struct db_stmt *s = db_prepare(c->conn, "INSERT INTO approval_act (approval_id, at, by, for_user, op, step, note, whom, via)"
                                            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");

    db_bind_int(s, 1, a->id);
    db_bind_int(s, 2, c->now);
    if (c->who != NULL)
        db_bind_int(s, 3, c->who->id);
    bind_id(s, 4, for_user);
    db_bind_text(s, 5, op, -1);
    db_bind_int(s, 6, a->step);
    db_bind_text(s, 7, note, -1);
    bind_id(s, 8, whom);
    db_bind_text(s, 9, via, -1);
    return ctx_write(c, s, "keep an approval");
}

/* ---- seeing the record ------------------------------------------------------------------------------------ */
/* Details are seen with what they hang on. */
static const struct berth_row *holder(struct berth_ctx *c, const struct berth_row *r)
{
    for (int depth = 0; r != NULL && depth < 4 && r->t->parent != NULL && r->t->parent->ref != NULL; depth++)
        r = find_raw(c, r->t->parent->ref, row_int(r, r->t->parent->at));
    return r;
}

int sight_give(struct berth_ctx *c, const struct approval *a, int64_t user)
{
    const struct berth_row *r = holder(c, a->row);
    struct db_stmt *s;

    if (r == NULL || r->t->at_owner < 0 || row_id(r) == 0)
        return c->rc;
    s = db_prepare(c->conn,
                   "INSERT INTO record_share (kind, tbl, rec, user_id, access, part, at) VALUES ('approval', ?, ?, ?, 'read', ?, ?)");
    db_bind_int(s, 1, store_table_no(c->st, r->t));
    db_bind_int(s, 2, row_id(r));
    db_bind_int(s, 3, user);
    db_bind_text(s, 4, arena_fmt(c->a, "%lld", (long long)a->id), -1);
    db_bind_int(s, 5, c->now);
    perm_changed(c);
    return ctx_write(c, s, "keep an approval");
}

int sight_end(struct berth_ctx *c, const struct approval *a, int64_t user)
{
    const struct berth_row *r = holder(c, a->row);
    struct db_stmt *s;

    if (r == NULL && a->row != NULL)
        return c->rc;
    s = db_prepare(c->conn,
                   "DELETE FROM record_share WHERE kind = 'approval' AND tbl = ?1 AND rec = ?2 AND part = ?3 AND (?4 = 0 OR user_id = ?4)");
    db_bind_int(s, 1, r == NULL ? a->tbl : store_table_no(c->st, r->t)); /* what is gone for good is no detail any more */
    db_bind_int(s, 2, r == NULL ? a->rec : row_id(r));
    db_bind_text(s, 3, arena_fmt(c->a, "%lld", (long long)a->id), -1);
    db_bind_int(s, 4, user);
    perm_changed(c);
    return ctx_write(c, s, "keep an approval");
}
