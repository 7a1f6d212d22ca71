/* approval_page.c - approvals as people see them: what waits for them, what they asked for, what happened to a record. */
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "record/find.h"
#include "record/save.h"
#include "service/approval_in.h"

/* ---- parts --------------------------------------------------------------------------------------------- */
/* Everybody who is signed in may read what colleagues are called. */
static void person_json(struct berth_ctx *c, struct json *j, const char *key, int64_t user)
{
    json_id(j, key, user);
    json_text(j, arena_fmt(c->a, "%s_name", key), user == 0 ? NULL : find_title(c, model_table(c->m, "user"), user));
}

/* What is to change, of what the reader may see. */
static void held_json(struct berth_ctx *c, struct json *j, const struct approval *a)
{
    json_t *held = a->held == NULL ? NULL : json_loads(a->held, 0, NULL), *v;
    json_t *make = json_object_get(held, "make");
    const char *action = json_string_value(json_object_get(held, "action")), *name;

    json_text(j, "action", action);
    json_text(j, "action_label",
              action == NULL || a->t == NULL ? NULL
                                             : labels_on(c->st->labels, c->locale, a->t->name, arena_fmt(c->a, "action.%s", action)));
    json_text(j, "does",
              make != NULL                               ? "create"
              : json_object_get(held, "delete") != NULL  ? "delete"
              : json_object_get(held, "restore") != NULL ? "restore"
                                                         : NULL);
    json_key(j, "changes");
    json_open(j, '[');
    json_object_foreach (a->row == NULL ? NULL : make != NULL ? make : json_object_get(held, "set"), name, v) {
        const struct field *f = model_field(a->row->t, name);
        struct berth_val from = f == NULL || make != NULL ? berth_nil() : a->row->v[f->at];

        if (f == NULL || f->at < F_DECLARED || (f->flags & BERTH_SECRET) || perm_field_of(a->row, f) < ACCESS_READ)
            continue;
        json_open(j, '{');
        json_text(j, "field", f->name);
        json_text(j, "label", labels_field(c->st->labels, c->locale, a->row->t->name, f->name));
        json_text(j, "type", model_type_name(f->type));
        json_text(j, "unit", f->type != BERTH_MONEY ? NULL : f->of != NULL ? f->of : c->st->company.currency);
        json_key(j, "from");
        val_json(j, f, from);
        json_key(j, "to");
        val_json(j, f, val_kept(c, f, v));
        json_text(j, "from_text", val_text(c, f, from));
        json_text(j, "to_text", val_text(c, f, val_kept(c, f, v)));
        json_close(j, '}');
    }
    json_close(j, ']');
    json_decref(held);
}

static bool seen(struct berth_ctx *c, const struct approval *a)
{
    return a->row != NULL && perm_row(c, a->row, DO_READ);
}

/* What was deleted for good stands only here; of tables that are open as a whole or not at all. */
static const char *title_gone(struct berth_ctx *c, const struct approval *a)
{
    json_t *held = a->held == NULL || a->row != NULL || a->t == NULL || flow_shows(a->t) || !perm_may(c->who, a->t, DO_READ)
                       ? NULL
                       : json_loads(a->held, 0, NULL);
    const char *title = json_string_value(json_object_get(held, json_object_get(held, "delete") != NULL ? "delete" : "restore"));

    title = title == NULL ? NULL : arena_strdup(c->a, title);
    json_decref(held);
    return title;
}

/* What a list shows; the record's title only where it may be seen (after deciding it may not any more). */
static void head_json(struct berth_ctx *c, struct json *j, const struct approval *a)
{
    bool see = seen(c, a);

    json_id(j, "id", a->id);
    json_text(j, "flow", flow_said(c, a->plan.flow, &a->plan.said));
    json_text(j, "state", a->state);
    json_text(j, "table", a->t == NULL ? NULL : a->t->name);
    json_id(j, "record", see && a->there ? a->rec : 0);
    json_text(j, "title", see ? row_title(a->row) : title_gone(c, a));
    person_json(c, j, "by", a->by);
    json_time(j, "at", a->at);
    json_time(j, "due_at", a->due);
    json_time(j, "ended_at", a->ended);
    json_id(j, "step", a->ended != 0 || strcmp(a->state, "returned") == 0 ? 0 : a->step + 1);
    json_text(j, "step_name", a->plan.n == 0 ? NULL : flow_said(c, a->plan.steps[a->step].name, &a->plan.steps[a->step].said));
    if (see)
        held_json(c, j, a);
}

static void ask_json(struct berth_ctx *c, struct json *j, const struct ask *k)
{
    json_open(j, '{');
    person_json(c, j, "user", k->user);
    person_json(c, j, "of_user", k->of_user);
    person_json(c, j, "done_by", k->done_by);
    json_text(j, "state", k->state);
    json_time(j, "at", k->at);
    json_time(j, "ended_at", k->ended);
    json_close(j, '}');
}

static void steps_json(struct berth_ctx *c, struct json *j, const struct approval *a)
{
    size_t n;
    const struct ask *k = asks_of(c, a, false, &n);

    json_key(j, "steps");
    json_open(j, '[');
    for (size_t i = 0; i < a->plan.n; i++) {
        const struct step *s = &a->plan.steps[i];

        json_open(j, '{');
        json_text(j, "name", flow_said(c, s->name, &s->said));
        json_text(j, "who", s->who);
        json_text(j, "mode", s->all ? "all" : "any");
        json_key(j, "asks");
        json_open(j, '[');
        for (size_t m = 0; m < n; m++)
            if (k[m].step == (int)i)
                ask_json(c, j, &k[m]);
        json_close(j, ']');
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void acts_json(struct berth_ctx *c, struct json *j, const struct approval *a)
{
    struct db_stmt *s =
        db_prepare(c->conn, "SELECT at, coalesce(by, 0), coalesce(for_user, 0), coalesce(whom, 0), op, step, note, via FROM approval_act"
                            " WHERE approval_id = ? ORDER BY id");

    json_key(j, "acts");
    json_open(j, '[');
    db_bind_int(s, 1, a->id);
    while (db_step(s) == DB_ROW) {
        json_open(j, '{');
        json_time(j, "at", db_col_int(s, 0));
        person_json(c, j, "by", db_col_int(s, 1));
        person_json(c, j, "for_user", db_col_int(s, 2));
        person_json(c, j, "whom", db_col_int(s, 3));
        json_text(j, "op", db_col_text(s, 4, NULL));
        json_id(j, "step", db_col_int(s, 5) + 1);
        json_text(j, "note", db_col_is_null(s, 6) ? NULL : db_col_text(s, 6, NULL));
        json_text(j, "via", db_col_is_null(s, 7) ? NULL : db_col_text(s, 7, NULL));
        json_close(j, '}');
    }
    json_close(j, ']');
    db_reset(s);
}

/* What the reader may do with it now, and what the step has them fill in. */
static void may_json(struct berth_ctx *c, struct json *j, const struct approval *a)
{
    static const char *const asked[] = {"approve", "reject", "return", "delegate", "add"};
    size_t n;
    const struct ask *k = asks_of(c, a, true, &n);
    bool mine = false;

    for (size_t i = 0; i < n; i++)
        mine = mine || approval_mine(c, k[i].user);
    mine = mine && !approval_own(c, a) && strcmp(a->state, "open") == 0;
    json_key(j, "may");
    json_open(j, '[');
    for (size_t i = 0; mine && i < sizeof(asked) / sizeof(asked[0]); i++)
        json_str(j, asked[i]);
    if (a->ended == 0 && a->by == c->who->id)
        json_str(j, "withdraw");
    if (strcmp(a->state, "returned") == 0 && a->by == c->who->id)
        json_str(j, "resubmit");
    json_close(j, ']');
    json_text(j, "fills", mine ? a->plan.steps[a->step].fills : NULL);
}

static void whole_json(struct berth_ctx *c, struct json *j, const struct approval *a)
{
    json_open(j, '{');
    head_json(c, j, a);
    steps_json(c, j, a);
    acts_json(c, j, a);
    may_json(c, j, a);
    json_close(j, '}');
}

/* ---- boxes ------------------------------------------------------------------------------------------------- */
/* The reader and those for whom they stand in, as SQL has a list. */
static const char *whose(struct berth_ctx *c)
{
    const char *s = arena_fmt(c->a, "%lld", (long long)c->who->id);

    for (size_t i = 0; i < c->who->naway; i++)
        s = arena_fmt(c->a, "%s, %lld", s, (long long)c->who->away[i].user);
    return s;
}

static struct db_stmt *select_box(struct berth_ctx *c, const char *box)
{
    if (strcmp(box, "mine") == 0)
        return db_prepare(c->conn, arena_fmt(c->a, "SELECT id, id, by FROM approval WHERE by = %lld AND id < ? ORDER BY id DESC LIMIT ?",
                                             (long long)c->who->id));
    if (strcmp(box, "decided") == 0)
        return db_prepare(
            c->conn,
            arena_fmt(c->a, "SELECT id, approval_id, user_id FROM approval_ask WHERE done_by = %lld AND id < ? ORDER BY id DESC LIMIT ?",
                      (long long)c->who->id));
    return db_prepare(c->conn,
                      arena_fmt(c->a,
                                "SELECT id, approval_id, user_id FROM approval_ask WHERE user_id IN (%s) AND state = 'open' AND id < ?"
                                " ORDER BY id DESC LIMIT ?",
                                whose(c)));
}

int approval_box(struct berth_ctx *c, const char *box, int64_t before, int limit, struct buf *out)
{
    struct json j = json_to(out);
    struct db_stmt *s = select_box(c, box);
    struct {
        int64_t key, id, user;
    } *found = arena_alloc(c->a, (size_t)limit * sizeof(*found));
    int n = 0, rc = DB_DONE;

    db_bind_int(s, 1, before > 0 ? before : INT64_MAX);
    db_bind_int(s, 2, limit);
    for (; n < limit && (rc = db_step(s)) == DB_ROW; n++) {
        found[n].key = db_col_int(s, 0);
        found[n].id = db_col_int(s, 1);
        found[n].user = db_col_int(s, 2);
    }
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "read approvals");
    json_open(&j, '{');
    json_key(&j, "approvals");
    json_open(&j, '[');
    for (int i = 0; i < n; i++) {
        const struct approval *a = approval_load(c, found[i].id);

        if (a == NULL)
            continue;
        json_open(&j, '{');
        head_json(c, &j, a);
        person_json(c, &j, "for_user", strcmp(box, "todo") == 0 && found[i].user != c->who->id ? found[i].user : 0);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_id(&j, "next", n == limit ? found[n - 1].key : 0);
    json_number(&j, "waiting", approval_waiting(c));
    json_close(&j, '}');
    return c->rc;
}

int64_t approval_waiting(struct berth_ctx *c)
{
    struct db_stmt *s = db_prepare(
        c->conn, arena_fmt(c->a, "SELECT count(*) FROM (SELECT 1 FROM approval_ask WHERE user_id IN (%s) AND state = 'open' LIMIT %d) x",
                           whose(c), APPROVAL_BADGE));
    int64_t n = db_step(s) == DB_ROW ? db_col_int(s, 0) : 0;

    db_reset(s);
    return n;
}

/* ---- a record's ----------------------------------------------------------------------------------------------- */
enum { PAST = 20 }; /* of a record */

int approval_of_record(struct berth_ctx *c, const struct berth_row *r, struct buf *out)
{
    struct json j = json_to(out);
    struct db_stmt *s = db_prepare(c->conn, "SELECT id FROM approval WHERE tbl = ? AND rec = ? ORDER BY id DESC LIMIT ?");
    struct ids ids;

    db_bind_int(s, 1, store_table_no(c->st, r->t));
    db_bind_int(s, 2, row_id(r));
    db_bind_int(s, 3, PAST);
    ids = find_ids(c, s);
    json_open(&j, '{');
    json_key(&j, "approvals");
    json_open(&j, '[');
    for (size_t i = 0; i < ids.n; i++) {
        const struct approval *a = approval_load(c, ids.v[i]);

        if (a != NULL)
            whole_json(c, &j, a);
    }
    json_close(&j, ']');
    json_key(&j, "flows"); /* that may be asked for now */
    json_open(&j, '[');
    for (const struct flow *const *f = flow_list(c, r->t); *f != NULL && perm_row(c, r, DO_UPDATE); f++)
        if ((*f)->starts == FLOW_ASK && flow_holds(c, (*f)->applies_to, r) &&
            approval_running(c, store_table_no(c->st, r->t), row_id(r), (*f)->id) == NULL)
            json_str(&j, flow_said(c, (*f)->name, &(*f)->said));
    json_close(&j, ']');
    json_close(&j, '}');
    return c->rc;
}

int approval_one(struct berth_ctx *c, int64_t id, struct buf *out)
{
    struct json j = json_to(out);
    struct approval *a = approval_load(c, id);

    if (a == NULL || !approval_known(c, a))
        return ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    whole_json(c, &j, a);
    return c->rc;
}

const char *approval_state(struct berth_ctx *c, const struct berth_row *r, const char *name)
{
    const struct flow *f = name == NULL ? NULL : flow_named(c, r->t, name);
    struct db_stmt *s =
        db_prepare(c->conn, "SELECT state FROM approval WHERE tbl = ?1 AND rec = ?2 AND (?3 = 0 OR flow_id = ?3) ORDER BY id DESC LIMIT 1");
    const char *state = NULL;

    db_bind_int(s, 1, store_table_no(c->st, r->t));
    db_bind_int(s, 2, row_id(r));
    db_bind_int(s, 3, f == NULL ? 0 : f->id);
    if (db_step(s) == DB_ROW && (name == NULL || f != NULL))
        state = arena_strdup(c->a, db_col_text(s, 0, NULL));
    db_reset(s);
    return state;
}
