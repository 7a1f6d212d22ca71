/* save.c - the one way records are written. */
#include "record/save.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"
#include "record/ahead.h"
#include "record/audit.h"
#include "record/changed.h"
#include "record/condition.h"
#include "record/custom.h"
#include "record/due.h"
#include "record/dup.h"
#include "record/find.h"
#include "record/flow.h"
#include "record/hook.h"
#include "record/order.h"
#include "record/seal.h"
#include "record/search.h"
#include "record/titles.h"

/* ---- rights and ownership ------------------------------------------------------- */
static bool may_give(struct berth_ctx *c, const struct table *t, int64_t owner, int64_t pool)
{
    enum scope s;

    if (c->who == NULL || c->all || c->seen || owner == c->who->id)
        return true;
    s = c->who->rights[t->at].scope[DO_UPDATE];
    if (s == SCOPE_ALL)
        return true;
    if (owner != 0)
        return s != SCOPE_NONE && ids_have(c->who->rights[t->at].owners[DO_UPDATE], owner);
    return pool != 0 && s != SCOPE_NONE && ids_have(c->who->rights[t->at].pools[DO_UPDATE], pool);
}

static int denied(struct berth_ctx *c)
{
    return ctx_fail(c, BERTH_DENIED, "denied", "err.denied");
}

static int check_rights(struct berth_ctx *c, const struct berth_row *r)
{
    const struct table *t = r->t;

    if (c->who == NULL || c->all)
        return BERTH_OK;
    if (r->old == NULL) {
        if (!perm_may(c->who, t, DO_CREATE))
            return denied(c);
    } else if (!c->seen && !perm_row(c, r->old, DO_UPDATE)) {
        return perm_row(c, r->old, DO_READ) ? denied(c)
                                            : ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    }
    return BERTH_OK;
}

static const struct standin *stands_in(struct berth_ctx *c, const struct berth_row *r, enum deed deed)
{
    const struct who *w = c->who;

    if (w == NULL || w->self == NULL || c->all)
        return NULL;
    if (deed != DO_CREATE)
        return perm_for(c, r, deed);
    for (size_t i = 0; !perm_may(w->self, r->t, DO_CREATE) && i < w->naway; i++)
        if (perm_may(w->away[i].who, r->t, DO_CREATE))
            return &w->away[i];
    return NULL;
}

/* What is done in the place of somebody who is away. */
static int note_standin(struct berth_ctx *c, const struct berth_row *r, enum deed deed)
{
    const struct standin *s = stands_in(c, r, deed);
    const char *what = deed == DO_CREATE ? "create" : deed == DO_DELETE ? "delete" : c->op;

    return s == NULL ? (int)c->rc
                     : audit_add(c, "deputy", arena_fmt(c->a, "%s %lld %s for user %lld (%s)", r->t->name, (long long)row_id(r),
                                                        what, (long long)s->user, s->name));
}

/* What lies in a pool is had by claiming it or being handed it, within caps and locks; an edit that names an owner is no way around. */
static bool takes_out(struct berth_ctx *c, const struct berth_row *r)
{
    const struct table *t = r->t;

    return t->at_pool >= 0 && r->old != NULL && row_int(r->old, t->at_owner) == 0 && row_int(r, t->at_owner) != 0 && !c->seen && !c->all &&
           c->who->rights[t->at].scope[DO_UPDATE] != SCOPE_ALL;
}

/* Who is named as the new owner may hold no more by that than by having it handed over. */
static bool receives(struct berth_ctx *c, const struct berth_row *r)
{
    return r->t->at_pool >= 0 && r->old != NULL && row_int(r, r->t->at_owner) != 0 && !c->seen && !c->all && !c->undo && !c->as_it_was;
}

/* A pool of leads takes no customers. */
static bool pool_fits(struct berth_ctx *c, const struct table *t, int64_t pool)
{
    struct berth_row *p = find_raw(c, model_table(c->m, "pool"), pool);
    struct berth_val on = row_get(p, "on_table");

    return !val_is_nil(on) && strcmp(on.s, t->name) == 0;
}

/* Whoever has a record only because it was shared works on it and leaves it with its owner. */
static bool gives_anothers(struct berth_ctx *c, const struct berth_row *r)
{
    bool all = c->all, guest;

    if (r->old == NULL || c->seen)
        return false;
    c->all = false; /* nor does an action that sees all rows give it away */
    guest = perm_guest(c, r->old, DO_UPDATE);
    c->all = all;
    return guest;
}

/* After the hooks: who the record belongs to now must be within the user's reach too. */
static int check_giving(struct berth_ctx *c, struct berth_row *r)
{
    const struct table *t = r->t;

    if (c->who == NULL)
        return BERTH_OK;
    if (t->parent != NULL && t->parent->ref != NULL &&
        (r->old == NULL || !val_equal(r->old->v[t->parent->at], r->v[t->parent->at])) &&
        !perm_row(c, r, DO_UPDATE))
        return denied(c);
    if (t->at_owner < 0)
        return BERTH_OK;
    int64_t owner = row_int(r, t->at_owner), pool = row_int(r, t->at_pool);

    if (pool != 0 && (r->old == NULL || row_int(r->old, t->at_pool) != pool) && !pool_fits(c, t, pool)) {
        ctx_invalid(c, t->fields[t->at_pool].name, "err.ref", NULL);
        return c->rc;
    }
    bool same = r->old != NULL && row_int(r->old, t->at_owner) == owner &&
                (owner != 0 || row_int(r->old, t->at_pool) == pool);

    if (!same && takes_out(c, r)) {
        ctx_invalid(c, t->fields[t->at_owner].name, "err.from_pool", NULL);
        return c->rc;
    }
    if (!same && (!may_give(c, t, owner, pool) || gives_anothers(c, r))) {
        ctx_invalid(c, t->fields[t->at_owner].name, "err.owner", NULL);
        return c->rc;
    }
    return !same && receives(c, r) ? hook_emit(c, "pools.receiving", r) : BERTH_OK;
}

/* New records belong to whoever makes them, unless they go to a pool. */
static void default_owner(struct berth_ctx *c, struct berth_row *r)
{
    const struct table *t = r->t;

    if (t->at_owner < 0 || c->who == NULL || !val_is_nil(r->v[t->at_owner]))
        return;
    if (t->at_pool >= 0 && !val_is_nil(r->v[t->at_pool]))
        return;
    r->v[t->at_owner] = (struct berth_val){BERTH_REF, 0, {.i = c->who->id}};
}

static void stamp(struct berth_row *r, int at, enum berth_type type, int64_t v)
{
    if (at >= 0)
        r->v[at] = v == 0 ? berth_nil() : (struct berth_val){(int32_t)type, 0, {.i = v}};
}

/* Whatever changed the owner, the record tells since when it has been whose. */
static void stamp_owner(struct berth_ctx *c, struct berth_row *r)
{
    const struct table *t = r->t;

    if (t->at_pool < 0 || c->as_it_was || c->undo)
        return;
    int64_t now = row_int(r, t->at_owner), before = r->old == NULL ? -1 : row_int(r->old, t->at_owner);

    if (now == before)
        return;
    if (before > 0) {
        stamp(r, t->at_prev_owner, BERTH_REF, before);
        r->v[t->at_locked] = (struct berth_val){BERTH_BOOL, 0, {.i = 0}}; /* the new owner did not lock it */
    }
    if (now != 0) {
        stamp(r, t->at_claimed_at, BERTH_TIME, c->now);
        stamp(r, t->at_touched_at, BERTH_TIME, c->now);
        stamp(r, t->at_pooled_at, BERTH_TIME, 0);
    } else {
        stamp(r, t->at_claimed_at, BERTH_TIME, 0);
        stamp(r, t->at_pooled_at, BERTH_TIME, c->now);
    }
}

/* What the user wrote with it, else what the rule says that took it back. */
static const char *why(struct berth_ctx *c, const struct berth_row *r)
{
    return c->note != NULL ? c->note : due_reason(r);
}

static int log_owner(struct berth_ctx *c, const struct berth_row *r)
{
    const struct table *t = r->t;
    int64_t now = row_int(r, t->at_owner), before = r->old == NULL ? 0 : row_int(r->old, t->at_owner);
    struct db_stmt *s;
    int rc;

    if ((t->at_pool < 0 && c->batch == 0) || now == before || r->old == NULL)
        return BERTH_OK;
    s = db_prepare(c->conn, "INSERT INTO owner_log (tbl, rec, from_user, to_user, at, by, op, reason, pool_id, since, batch)"
                            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    db_bind_int(s, 1, store_table_no(c->st, t));
    db_bind_int(s, 2, row_id(r));
    if (before != 0)
        db_bind_int(s, 3, before);
    if (now != 0)
        db_bind_int(s, 4, now);
    db_bind_int(s, 5, c->now);
    if (c->who != NULL)
        db_bind_int(s, 6, c->who->id);
    db_bind_text(s, 7, c->op, -1);
    db_bind_text(s, 8, why(c, r), -1);
    if (row_int(r, t->at_pool) != 0)
        db_bind_int(s, 9, row_int(r, t->at_pool));
    if (before != 0)
        db_bind_int(s, 10, row_int(r->old, t->at_claimed_at));
    if (c->batch != 0)
        db_bind_int(s, 11, c->batch);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "log an owner") : BERTH_OK;
}

/* ---- history --------------------------------------------------------------------- */
static int history_put(struct berth_ctx *c, const struct berth_row *r, const char *op, const char *changes,
                       const char *note)
{
    int rc;

    if (!(r->t->flags & BERTH_HISTORY) || c->rc != BERTH_OK)
        return c->rc;
    const struct db_value v[] = {db_int(store_table_no(c->st, r->t)), db_int(row_id(r)), db_int(c->now),
                                 c->who == NULL ? db_text(NULL) : db_int(c->who->id), db_text(op), db_text(changes), db_text(note)};

    rc =
        db_add_row(c->conn, &(struct db_row){"history (tbl, rec, at, by, op, changes, note)", sizeof(v) / sizeof(v[0]), 1, v, false, NULL});
    seal_wanted(c->st);
    return rc < 0 ? ctx_db(c, rc, "write history") : BERTH_OK;
}

int history_note(struct berth_ctx *c, const struct berth_row *r, const char *op, const char *text)
{
    return history_put(c, r, op, NULL, text);
}

/* When it falls back follows from the rest. */
static bool told(const struct field *f)
{
    return f->at >= F_DECLARED && !(f->flags & BERTH_SECRET) && !due_field(f);
}

static int history_changes(struct berth_ctx *c, const struct berth_row *r)
{
    struct buf b = BUF_INIT;
    struct json j = json_to(&b);
    bool any = false;

    json_open(&j, '[');
    for (int i = F_DECLARED; i < r->t->nfields; i++) {
        const struct field *f = &r->t->fields[i];

        if (!told(f) || val_equal(r->v[i], r->old->v[i]))
            continue;
        any = true;
        changed_json(&j, f, r->old->v[i], r->v[i]);
    }
    json_close(&j, ']');
    if (any)
        history_put(c, r, c->op, buf_str(&b), why(c, r));
    buf_free(&b);
    return c->rc;
}

/* A part of the configuration goes into no bin: what it was stands in its history. */
static int history_delete(struct berth_ctx *c, const struct berth_row *r)
{
    struct buf b = BUF_INIT;
    struct json j = json_to(&b);

    json_open(&j, '[');
    for (int i = F_DECLARED; r->t->known != NULL && i < r->t->nfields; i++) {
        const struct field *f = &r->t->fields[i];

        if (!told(f) || val_is_nil(r->v[i]))
            continue;
        changed_json(&j, f, r->v[i], berth_nil());
    }
    json_close(&j, ']');
    history_put(c, r, "delete", r->t->known == NULL ? NULL : buf_str(&b), c->note);
    buf_free(&b);
    return c->rc;
}

/* ---- writing the row -------------------------------------------------------------- */
/* The database names the columns of the index that refused; people get their field. */
static int unique_clash(struct berth_ctx *c, const struct table *t)
{
    const char *at = db_clash(c->conn);
    const char *dot = at == NULL ? NULL : strchr(at, '.');
    char name[64];

    if (dot != NULL && strcspn(dot + 1, ", ") < sizeof(name)) {
        snprintf(name, sizeof(name), "%.*s", (int)strcspn(dot + 1, ", "), dot + 1);
        if (model_field(t, name) != NULL)
            ctx_invalid(c, name, "err.unique", NULL);
    }
    if (c->rc == BERTH_INVALID) { /* one field's problem, but a conflict all the same */
        c->rc = BERTH_CONFLICT;
        c->code = "unique";
        c->key = "err.unique";
    }
    return ctx_fail(c, BERTH_CONFLICT, "unique", "err.unique");
}

static int written(struct berth_ctx *c, const struct table *t, int rc)
{
    if (rc == DB_UNIQUE)
        return unique_clash(c, t);
    return rc < 0 ? ctx_db(c, rc, "save a record") : BERTH_OK;
}

static int run_write(struct berth_ctx *c, const struct table *t, struct db_stmt *s)
{
    int rc = db_step(s);

    db_reset(s);
    return written(c, t, rc);
}

static void give_number(struct berth_ctx *c, struct berth_row *r)
{
    const struct field *f = r->t->number;

    if (f != NULL && val_is_nil(r->v[f->at]))
        custom_next_number(c, r, f);
}

static void stamp_new(struct berth_ctx *c, struct berth_row *r)
{
    int64_t by = c->who == NULL ? 0 : c->who->id;

    give_number(c, r);
    stamp(r, F_CREATED_AT, BERTH_TIME, row_int(r, F_CREATED_AT) != 0 ? row_int(r, F_CREATED_AT) : c->now);
    if (val_is_nil(r->v[F_CREATED_BY]))
        stamp(r, F_CREATED_BY, BERTH_REF, by);
    if (!c->exact) {
        stamp(r, F_UPDATED_AT, BERTH_TIME, c->now);
        stamp(r, F_UPDATED_BY, BERTH_REF, by);
    }
    if (!c->exact || row_int(r, F_VERSION) == 0)
        r->v[F_VERSION] = (struct berth_val){BERTH_INT, 0, {.i = row_int(r, F_VERSION) + 1}};
}

static struct berth_val stored(const struct berth_row *r, int column)
{
    return column < r->t->nfields ? r->v[column] : order_of(r, &r->t->fields[column]);
}

/* Back from the recycle bin, or set aside for an import. */
static int insert_with_id(struct berth_ctx *c, struct berth_row *r)
{
    const struct table *t = r->t;
    struct db_stmt *s = db_prepare(c->conn, t->insert_whole);

    for (int i = 0; i < t->ncolumns; i++)
        val_bind(s, i + 1, &t->fields[i], stored(r, i));
    return run_write(c, t, s);
}

static int insert(struct berth_ctx *c, struct berth_row *r)
{
    const struct table *t = r->t;
    struct db_value *v;
    int64_t id;

    stamp_new(c, r);
    if (row_id(r) != 0)
        return insert_with_id(c, r);
    v = arena_alloc(c->a, (size_t)t->ncolumns * sizeof(*v));
    for (int i = 1; i < t->ncolumns; i++)
        v[i] = val_stored(&t->fields[i], stored(r, i));
    if (written(c, t, db_add_row(c->conn, &(struct db_row){t->into, t->ncolumns - 1, 1, v + 1, t->unique, &id})) == BERTH_OK)
        r->v[F_ID] = (struct berth_val){BERTH_INT, 0, {.i = id}};
    return c->rc;
}

/* Whether an update writes this column: a text with what it is sorted by. */
static bool writes(const struct berth_row *r, int column)
{
    int at = column < r->t->nfields ? column : r->t->fields[column].orders->at;

    return !val_equal(r->v[at], r->old->v[at]);
}

static bool differs(const struct berth_row *r)
{
    int i = F_DECLARED;

    while (i < r->t->nfields && val_equal(r->v[i], r->old->v[i]))
        i++;
    return i < r->t->nfields;
}

static int update(struct berth_ctx *c, struct berth_row *r, bool *changed)
{
    const struct table *t = r->t;
    struct buf sql = BUF_INIT;
    struct db_stmt *s;
    int n = 1;

    *changed = differs(r);
    if (!*changed)
        return BERTH_OK;
    r->v[F_VERSION].i = r->old->v[F_VERSION].i + 1;
    if (!c->undo && !c->exact) {
        stamp(r, F_UPDATED_AT, BERTH_TIME, c->now);
        stamp(r, F_UPDATED_BY, BERTH_REF, c->who == NULL ? 0 : c->who->id);
    }
    buf_addf(&sql, "UPDATE %s SET ", t->sql);
    for (int i = F_VERSION; i < t->ncolumns; i++)
        if (writes(r, i))
            buf_addf(&sql, "%s%s = ?", sql.s[sql.len - 1] == '?' ? ", " : "", t->fields[i].name);
    buf_puts(&sql, " WHERE id = ?");
    s = db_prepare(c->conn, buf_str(&sql));
    buf_free(&sql);
    for (int i = F_VERSION; i < t->ncolumns; i++)
        if (writes(r, i))
            val_bind(s, n++, &t->fields[i], i < t->nfields ? r->v[i] : order_of(r, &t->fields[i]));
    db_bind_int(s, n, row_id(r));
    return run_write(c, t, s);
}

/* ---- duplicates ------------------------------------------------------------------- */
static int followed(struct berth_ctx *c, struct berth_row *r, uint32_t deed)
{
    return c->rc == BERTH_OK && c->follow != NULL ? c->follow(c, c->follow_arg, r, deed) : (int)c->rc;
}

/* What an administrator blocks stays blocked; what is only told is told with the answer. */
static int judge(struct berth_ctx *c)
{
    for (const struct ctx_match *m = c->matches; m != NULL; m = m->next)
        if (m->blocks)
            return ctx_fail(c, BERTH_CONFLICT, "duplicate", "err.duplicate_blocked");
    for (const struct ctx_match *m = c->matches; m != NULL && !c->allow_duplicates; m = m->next)
        if (m->warns)
            return ctx_fail(c, BERTH_CONFLICT, "duplicate", "err.duplicate");
    return c->rc;
}

static enum dup_when occasion(const struct berth_ctx *c, const struct berth_row *r)
{
    if (c->succeeds[0] != NULL || (c->op != NULL && strcmp(c->op, "convert") == 0))
        return DUP_CONVERT;
    return r->old == NULL ? DUP_CREATE : DUP_EDIT;
}

/* Those that are looked for. */
static const struct dup_keys *fresh_of(struct berth_ctx *c, const struct dup_keys *old, const struct dup_keys *now, enum dup_when when)
{
    struct dup_keys *fresh;

    if (old == NULL && !c->allow_duplicates)
        return now;
    fresh = arena_alloc(c->a, sizeof(*fresh));
    for (size_t i = 0; i < now->n; i++)
        if (dup_key_in(old, now->k[i].hash) == NULL && (!c->allow_duplicates || now->k[i].way->act[when] == DUP_BLOCK))
            fresh->k[fresh->n++] = now->k[i];
    return fresh;
}

static int check_duplicates(struct berth_ctx *c, const struct berth_row *r, const struct dup_keys **old,
                            const struct dup_keys **now)
{
    const struct dup_keys *ahead = ahead_keys(r), *fresh;
    enum dup_when when = occasion(c, r);

    *now = ahead != NULL ? ahead : dup_keys_new(r);
    *old = r->old == NULL ? NULL : dup_keys_new(r->old);
    if (c->who == NULL)
        return BERTH_OK;
    fresh = fresh_of(c, *old, *now, when);
    c->matches = ahead != NULL && ahead_alone(r, fresh) ? NULL : dup_find(c, r->t, fresh, row_id(r), when);
    return judge(c);
}

static void dup_grew(struct berth_ctx *c, void *arg)
{
    (void)arg;
    atomic_fetch_add(&c->st->dup_gen, 1);
}

/* ---- after commit ------------------------------------------------------------------ */
struct done {
    uint32_t deed;
    struct berth_row *row, *old;
};

static void run_done(struct berth_ctx *c, void *arg)
{
    struct done *d = arg;

    hook_run(c, BERTH_DONE, d->deed, d->row, d->old);
}

static void tell_browsers(struct berth_ctx *c, void *arg)
{
    c->st->events.send(c->st->events.hub, arg);
}

/* Of bulk work browsers hear once, of the whole table. */
static bool told_already(const struct berth_ctx *c, const struct table *t)
{
    int n = 0;

    for (const struct ctx_done *d = c->done; d != NULL && n < 8; d = d->next, n++)
        if (d->run == tell_browsers && ((const struct event *)d->arg)->id == 0 &&
            strcmp(((const struct event *)d->arg)->table, t->name) == 0)
            return true;
    return false;
}

static void later(struct berth_ctx *c, uint32_t deed, struct berth_row *r)
{
    struct done *d;

    custom_touched(c, r, deed);
    titles_touched(c, deed == BERTH_DELETE ? r : r->old, deed == BERTH_DELETE ? NULL : r);
    if (c->st->events.send != NULL && !(c->quiet && told_already(c, r->t))) {
        struct event *e = arena_alloc(c->a, sizeof(*e));

        *e = (struct event){.kind = EVENT_CHANGED, .table = r->t->name, .id = deed == BERTH_DELETE || c->quiet ? 0 : row_id(r)};
        ctx_after_commit(c, tell_browsers, e);
    }
    if (!hook_any(c, BERTH_DONE, deed, r->t))
        return;
    d = arena_alloc(c->a, sizeof(*d));
    *d = (struct done){deed, r, (struct berth_row *)r->old};
    ctx_after_commit(c, run_done, d);
}

/* Whether the row is the first that is written and nobody refuses it afterwards. */
static bool is_sure(struct berth_ctx *c, const struct berth_row *r, uint32_t deed)
{
    const struct field *number = r->old == NULL ? r->t->number : NULL;

    return (number == NULL || !val_is_nil(r->v[number->at])) && !custom_follows(r->t) && !flow_guards(c, r->t) &&
           !hook_any(c, BERTH_AFTER, deed, r->t) && (c->who == NULL || c->who->self == NULL);
}

/* ---- the public ways ---------------------------------------------------------------- */
struct berth_row *save_load(struct berth_ctx *c, const struct table *t, int64_t id)
{
    struct berth_row *old = find_one(c, t, id), *r;

    if (old == NULL)
        return NULL;
    r = row_copy(old);
    r->old = old;
    return r;
}

bool save_version(struct berth_ctx *c, const struct berth_row *r, int64_t version)
{
    if (version == 0 || r == NULL || version == r->old->v[F_VERSION].i)
        return c->rc == BERTH_OK;
    c->current = (struct berth_row *)r->old;
    ctx_fail(c, BERTH_CONFLICT, "stale", "err.stale");
    return false;
}

/* What has to be approved first is not saved yet; before the hooks, who act on what is, and behind them, who may
 * change more. */
static bool waits_first(struct berth_ctx *c, const struct table *t)
{
    if (c->rc != BERTH_OK || c->approved || c->undo || c->exact || c->st->services.saving == NULL || !flow_guards(c, t))
        return false;
    /* what the host itself keeps in its tables (who begins, `berth user`) nobody edits, and is the way out of a lock-out */
    return !flow_makes_later(t) || c->who != NULL || c->outside;
}

/* What is put aside as a whole is as it should be already: what is wrong is told to who asks, not to who approves. */
static bool makes_later(struct berth_ctx *c, struct berth_row *r)
{
    return flow_makes_later(r->t) && waits_first(c, r->t) && c->st->services.makes(c, r);
}

/* A file is no form: which of its records has to be approved first is told, and nobody is asked. */
static int check_waits(struct berth_ctx *c, struct berth_row *r)
{
    return flow_makes_later(r->t) && waits_first(c, r->t) && c->st->services.would_wait(c, r) && c->rc == BERTH_OK
               ? ctx_fail(c, BERTH_CONFLICT, "waiting", "err.approval_by_itself") : (int)c->rc;
}

static int check_ahead(struct berth_ctx *c, struct berth_row *r)
{
    return flow_makes_later(r->t) && waits_first(c, r->t) && row_check(r) ? custom_check(c, r) : (int)c->rc;
}

static int put_aside(struct berth_ctx *c, struct berth_row *r)
{
    return waits_first(c, r->t) ? c->st->services.saving(c, r) : (int)c->rc;
}

int row_save(struct berth_ctx *c, struct berth_row *r)
{
    uint32_t deed = r->old == NULL ? BERTH_INSERT : BERTH_UPDATE;
    const struct dup_keys *old_keys = NULL, *keys = NULL; /* where they are others now */
    bool changed = true, only = c->only;

    if (c->rc != BERTH_OK)
        return c->rc;
    assert(c->writing);
    c->only = false; /* what hooks save is not all */
    if (check_rights(c, r) != BERTH_OK)
        return c->rc;
    if (deed == BERTH_INSERT) {
        row_defaults(r);
        default_owner(c, r);
    }
    stamp_owner(c, r);
    if (check_ahead(c, r) != BERTH_OK || put_aside(c, r) != BERTH_OK ||
        hook_run(c, BERTH_BEFORE, deed, r, (struct berth_row *)r->old) != BERTH_OK || put_aside(c, r) != BERTH_OK || !row_check(r) ||
        check_giving(c, r) != BERTH_OK || custom_check(c, r) != BERTH_OK)
        return c->rc;
    due_stamp(c, r);
    if (dup_any(c, r->t) && (r->old == NULL || !dup_same(r->old, r)) && check_duplicates(c, r, &old_keys, &keys) != BERTH_OK)
        return c->rc;
    if (deed == BERTH_INSERT && makes_later(c, r))
        return c->rc;
    if (only && is_sure(c, r, deed))
        db_sure(c->conn);
    if ((deed == BERTH_INSERT ? insert(c, r) : update(c, r, &changed)) != BERTH_OK)
        return c->rc;
    if (!changed) /* but perhaps something was put aside */
        return r->held != NULL ? c->st->services.held(c, r) : (int)c->rc;
    followed(c, r, deed);
    if (keys != NULL && c->rc == BERTH_OK)
        ctx_after_commit(c, dup_grew, NULL);
    if (keys != NULL)
        dup_put(c, r->t, row_id(r), old_keys, keys);
    search_put(c, r->old, r);
    if (r->old != NULL)
        history_changes(c, r);
    else if (!c->quiet)
        history_put(c, r, "create", NULL, NULL);
    log_owner(c, r);
    note_standin(c, r->old == NULL ? r : r->old, r->old == NULL ? DO_CREATE : DO_UPDATE);
    if (c->rc == BERTH_OK && c->st->services.saved != NULL)
        c->st->services.saved(c, r);
    if (c->rc == BERTH_OK && r->held != NULL)
        c->st->services.held(c, r);
    if (c->rc == BERTH_OK)
        hook_run(c, BERTH_AFTER, deed, r, (struct berth_row *)r->old);
    if (c->rc != BERTH_OK)
        return c->rc;
    later(c, deed, r);
    r->old = row_copy(r); /* a later save of the same row starts from here */
    return c->rc;
}

int save_foresee(struct berth_ctx *c, struct berth_row *r, bool *changed)
{
    if (check_rights(c, r) != BERTH_OK)
        return c->rc;
    if (r->old == NULL)
        default_owner(c, r);
    if (row_check(r) && check_giving(c, r) == BERTH_OK && custom_check(c, r) == BERTH_OK &&
        (r->old != NULL || check_waits(c, r) == BERTH_OK))
        *changed = r->old == NULL || differs(r);
    return c->rc;
}

/* ---- adding what was checked ------------------------------------------------------------ */
int row_add_begin(struct berth_ctx *c, struct berth_row *r)
{
    bool hooked = hook_any(c, BERTH_BEFORE, BERTH_INSERT, r->t);

    assert(c->writing);
    default_owner(c, r);
    stamp_owner(c, r);
    if (put_aside(c, r) != BERTH_OK)
        return c->rc;
    if (hooked && (hook_run(c, BERTH_BEFORE, BERTH_INSERT, r, NULL) != BERTH_OK || put_aside(c, r) != BERTH_OK || !row_check(r)))
        return c->rc;
    if (check_giving(c, r) != BERTH_OK || custom_check(c, r) != BERTH_OK)
        return c->rc;
    due_stamp(c, r);
    return check_waits(c, r);
}

struct added { /* rows to be put in together, and the columns of which any of them has something: most have nothing */
    struct berth_row **rows;
    size_t n;
    int *column, columns;
};

static struct db_value stored_of(void *arg, size_t row, int column)
{
    const struct added *a = arg;
    int at = a->column[column];

    return val_stored(&a->rows[row]->t->fields[at], stored(a->rows[row], at));
}

static bool any_has(const struct added *a, int column)
{
    const struct table *t = a->rows[0]->t;
    int at = column < t->nfields ? column : t->fields[column].orders->at;
    size_t i = 0;

    while (i < a->n && val_is_nil(a->rows[i]->v[at]))
        i++;
    return i < a->n;
}

/* "lead (version, name)" */
static const char *choose_columns(struct berth_ctx *c, const struct table *t, struct added *a)
{
    struct buf into = BUF_INIT;
    const char *s;

    a->column = arena_alloc(c->a, (size_t)t->ncolumns * sizeof(*a->column));
    for (int i = F_ID + 1; i < t->ncolumns; i++)
        if (any_has(a, i)) {
            buf_puts(&into, a->columns == 0 ? t->sql : ", ");
            buf_puts(&into, a->columns == 0 ? " (" : "");
            buf_puts(&into, t->fields[i].name);
            a->column[a->columns++] = i;
        }
    buf_putc(&into, ')');
    s = arena_strndup(c->a, into.s, into.len);
    buf_free(&into);
    return s;
}

int row_add_all(struct berth_ctx *c, struct berth_row **rows, size_t n)
{
    const struct table *t = rows[0]->t;
    struct added a = {.rows = rows, .n = n};
    const char *into;
    int64_t id;

    for (size_t i = 0; i < n; i++)
        stamp_new(c, rows[i]);
    if (c->rc != BERTH_OK)
        return c->rc;
    into = choose_columns(c, t, &a);
    if (written(c, t, db_insert_rows(c->conn, &(struct db_rows){into, a.columns, n, stored_of, &a})) != BERTH_OK)
        return c->rc;
    id = db_last_id(c->conn) - (int64_t)n;
    for (size_t i = 0; i < n; i++)
        rows[i]->v[F_ID] = (struct berth_val){BERTH_INT, 0, {.i = ++id}};
    return c->rc;
}

int row_add_end(struct berth_ctx *c, struct berth_row *r, bool noted)
{
    if (!noted)
        search_put(c, NULL, r);
    if (c->rc == BERTH_OK && r->held != NULL)
        c->st->services.held(c, r);
    if (c->rc == BERTH_OK && c->st->services.imported != NULL)
        c->st->services.imported(c, r);
    if (c->rc == BERTH_OK && hook_any(c, BERTH_AFTER, BERTH_INSERT, r->t))
        hook_run(c, BERTH_AFTER, BERTH_INSERT, r, NULL);
    if (c->rc == BERTH_OK)
        later(c, BERTH_INSERT, r);
    return c->rc;
}

int row_add(struct berth_ctx *c, struct berth_row *r, bool noted)
{
    return row_add_begin(c, r) == BERTH_OK && insert(c, r) == BERTH_OK ? row_add_end(c, r, noted) : (int)c->rc;
}

/* ---- deleting ------------------------------------------------------------------------ */
const char *row_dump(struct berth_ctx *c, const struct berth_row *r)
{
    struct buf b = BUF_INIT;
    struct json j = json_to(&b);
    const char *s;

    json_open(&j, '{');
    for (int i = 0; i < r->t->nfields; i++) {
        if (val_is_nil(r->v[i]))
            continue;
        json_key_raw(&j, r->t->fields[i].json_key, r->t->fields[i].json_key_len);
        if (field_is_text(&r->t->fields[i]))
            json_strn(&j, r->v[i].s, (size_t)r->v[i].len);
        else if (r->v[i].type == BERTH_REAL)
            json_double(&j, r->v[i].d);
        else
            json_int(&j, r->v[i].i);
    }
    json_close(&j, '}');
    s = arena_strndup(c->a, b.s, b.len);
    buf_free(&b);
    return s;
}

static int to_bin(struct berth_ctx *c, const struct berth_row *r, int64_t batch)
{
    struct db_stmt *s = db_prepare(c->conn,
        "INSERT INTO bin (deleted_at, on_table, record_id, title, owner_id, pool_id, data, batch, deleted_by)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    int64_t owner = row_int(r, r->t->at_owner), pool = row_int(r, r->t->at_pool);
    int rc;

    db_bind_int(s, 1, c->now);
    db_bind_text(s, 2, r->t->name, -1);
    db_bind_int(s, 3, row_id(r));
    db_bind_text(s, 4, row_title(r), -1);
    if (owner != 0)
        db_bind_int(s, 5, owner);
    if (pool != 0)
        db_bind_int(s, 6, pool);
    db_bind_text(s, 7, row_dump(c, r), -1);
    db_bind_int(s, 8, batch);
    if (c->who != NULL)
        db_bind_int(s, 9, c->who->id);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "move to the recycle bin") : BERTH_OK;
}

static int erase(struct berth_ctx *c, struct berth_row *r, int64_t batch);

static int erase_details(struct berth_ctx *c, const struct berth_row *r, int64_t batch)
{
    for (size_t i = 0; i < c->m->ntables && c->rc == BERTH_OK; i++) {
        const struct table *d = &c->m->tables[i];
        int64_t id = 0;

        if (d->parent == NULL || d->parent->ref != r->t)
            continue;
        do { /* one by one: hooks may delete others */
            struct db_stmt *s = db_prepare(c->conn, arena_fmt(c->a, "SELECT id FROM %s WHERE %s = ? LIMIT 1",
                                                              d->sql, d->parent->name));
            struct berth_row *row;

            db_bind_int(s, 1, row_id(r));
            id = db_one_int(s);
            row = id == 0 ? NULL : find_raw(c, d, id);
            if (row != NULL)
                erase(c, row, batch);
        } while (id != 0 && c->rc == BERTH_OK);
    }
    return c->rc;
}

/* What hooks save about it, sums of what is left, is new even while something is undone. */
static void after_drop(struct berth_ctx *c, struct berth_row *r)
{
    bool undo = c->undo;

    c->undo = undo && !c->aloud;
    hook_run(c, BERTH_AFTER, BERTH_DELETE, r, r);
    c->undo = undo;
}

static int erase(struct berth_ctx *c, struct berth_row *r, int64_t batch)
{
    const struct table *t = r->t;
    struct db_stmt *s;

    if (c->st->services.dropping != NULL && flow_guards(c, t) && c->st->services.dropping(c, r) != BERTH_OK)
        return c->rc;
    if (hook_run(c, BERTH_BEFORE, BERTH_DELETE, r, r) != BERTH_OK || erase_details(c, r, batch) != BERTH_OK ||
        followed(c, r, BERTH_DELETE) != BERTH_OK)
        return c->rc;
    if (!c->undo && ((t->flags & BERTH_BIN) || t->parent != NULL))
        to_bin(c, r, batch);
    if (dup_any(c, t))
        dup_put(c, t, row_id(r), dup_keys_new(r), NULL);
    search_put(c, r, NULL);
    if (!c->undo)
        history_delete(c, r);
    s = db_prepare(c->conn, arena_fmt(c->a, "DELETE FROM %s WHERE id = ?", t->sql));
    db_bind_int(s, 1, row_id(r));
    if (c->rc == BERTH_OK)
        run_write(c, t, s);
    if (c->rc == BERTH_OK && !(t->flags & BERTH_BIN) && t->parent == NULL && c->st->services.gone != NULL)
        c->st->services.gone(c, t, row_id(r));
    if (c->rc == BERTH_OK)
        after_drop(c, r);
    if (c->rc == BERTH_OK)
        later(c, BERTH_DELETE, r);
    return c->rc;
}

/* Above the number of every batch that still has records in the bin: a batch's number is at most
 * that of its first entry. */
static int64_t new_batch(struct berth_ctx *c)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT coalesce(max(seq), 0) + 1 FROM bin");
    int64_t batch = 0;
    int rc = db_step(s);

    if (rc == DB_ROW)
        batch = db_col_int(s, 0);
    else
        ctx_db(c, rc, "number a deletion");
    db_reset(s);
    return batch;
}

static int drop(struct berth_ctx *c, struct berth_row *r, bool may_wait)
{
    struct berth_row *now = r->old != NULL ? row_copy(r->old) : r;

    if (c->rc != BERTH_OK)
        return c->rc;
    assert(c->writing);
    if (!c->seen && !perm_row(c, now, DO_DELETE))
        return denied(c);
    if (custom_check_drop(c, now) != BERTH_OK || note_standin(c, now, DO_DELETE) != BERTH_OK)
        return c->rc;
    if (may_wait && waits_first(c, now->t) && c->st->services.drops(c, now))
        return c->rc;
    return erase(c, now, new_batch(c));
}

int row_drop(struct berth_ctx *c, struct berth_row *r)
{
    return drop(c, r, true);
}

int row_drop_now(struct berth_ctx *c, struct berth_row *r)
{
    return drop(c, r, false);
}

int row_unmake(struct berth_ctx *c, struct berth_row *r)
{
    int rc;

    assert(c->writing);
    c->undo = true;
    rc = erase(c, r, 0);
    c->undo = false;
    return rc;
}

int save_outside(struct berth_ctx *c, struct berth_row *r, int (*run)(struct berth_ctx *, struct berth_row *))
{
    bool before = c->outside;

    c->outside = true;
    run(c, r);
    c->outside = before;
    return c->rc;
}

/* ---- the recycle bin ------------------------------------------------------------------ */
json_t *val_keep(const struct field *f, struct berth_val v)
{
    if (val_is_nil(v))
        return json_null();
    if (field_is_text(f))
        return json_stringn(v.s, (size_t)v.len);
    return v.type == BERTH_REAL ? json_real(v.d) : json_integer(v.i);
}

struct berth_val val_kept(struct berth_ctx *c, const struct field *f, const json_t *v)
{
    if (field_is_text(f) && json_is_string(v))
        return (struct berth_val){(f->flags & BERTH_MANY) ? BERTH_TEXT : (int32_t)f->type,
                                  (int32_t)json_string_length(v),
                                  {.s = arena_strndup(c->a, json_string_value(v), json_string_length(v))}};
    if (f->type == BERTH_REAL && json_is_number(v))
        return (struct berth_val){BERTH_REAL, 0, {.d = json_number_value(v)}};
    if (!field_is_text(f) && json_is_integer(v))
        return (struct berth_val){(int32_t)f->type, 0, {.i = json_integer_value(v)}};
    return berth_nil();
}

struct berth_row *row_undump(struct berth_ctx *c, const struct table *t, const char *data)
{
    json_t *j = json_loads(data, 0, NULL), *v;
    struct berth_row *r = row_new(c, t);
    const char *key;

    json_object_foreach (j, key, v) {
        const struct field *f = model_field(t, key);

        if (f != NULL)
            r->v[f->at] = val_kept(c, f, v);
    }
    json_decref(j);
    return r;
}

static int put_back(struct berth_ctx *c, struct berth_row *r)
{
    if (custom_check_back(c, r) != BERTH_OK || insert(c, r) != BERTH_OK)
        return c->rc;
    if (dup_any(c, r->t)) {
        ctx_after_commit(c, dup_grew, NULL);
        dup_put(c, r->t, row_id(r), NULL, dup_keys_new(r));
    }
    search_put_back(c, r);
    /* no hooks: what they did when the record was made, they did */
    if (!c->undo)
        history_put(c, r, "restore", NULL, NULL);
    custom_touched(c, r, BERTH_INSERT);
    return c->rc;
}

int row_remake(struct berth_ctx *c, struct berth_row *r)
{
    bool exact = c->exact;
    struct db_stmt *s;

    c->undo = c->exact = true;
    put_back(c, r);
    c->undo = false;
    c->exact = exact;
    s = db_prepare(c->conn, "DELETE FROM bin WHERE on_table = ? AND record_id = ?");
    db_bind_text(s, 1, r->t->name, -1);
    db_bind_int(s, 2, row_id(r));
    if (c->rc == BERTH_OK && db_step(s) < 0)
        ctx_db(c, DB_ERROR, "empty the bin");
    db_reset(s);
    return c->rc;
}

static struct berth_row *in_bin(struct berth_ctx *c, const struct table *t, int64_t id, int64_t *batch)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT batch, data FROM bin WHERE on_table = ? AND record_id = ?"
                                            " ORDER BY seq DESC LIMIT 1");
    struct berth_row *r = NULL;
    int rc;

    db_bind_text(s, 1, t->name, -1);
    db_bind_int(s, 2, id);
    if ((rc = db_step(s)) == DB_ROW) {
        *batch = db_col_int(s, 0);
        r = row_undump(c, t, db_col_text(s, 1, NULL));
    }
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "look into the recycle bin");
    return r;
}

struct berth_row *row_of_bin(struct berth_ctx *c, const struct table *t, int64_t id)
{
    int64_t batch;

    return in_bin(c, t, id, &batch);
}

int row_restore(struct berth_ctx *c, const struct table *t, int64_t id)
{
    int64_t batch = 0;
    struct db_stmt *s;
    struct berth_row *r = in_bin(c, t, id, &batch);

    if (r == NULL || !perm_row(c, r, DO_READ))
        return ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    if (!perm_row(c, r, DO_DELETE))
        return denied(c);
    if (!c->as_it_was && waits_first(c, t) && c->st->services.restores(c, r))
        return c->rc;
    /* last in, first out: parents were put in behind their details */
    for (int64_t bin = 0; c->rc == BERTH_OK;) {
        const struct table *of;

        s = db_prepare(c->conn, "SELECT seq, on_table, data FROM bin WHERE batch = ? ORDER BY seq DESC LIMIT 1");
        db_bind_int(s, 1, batch);
        bin = db_step(s) == DB_ROW ? db_col_int(s, 0) : 0;
        of = bin == 0 ? NULL : model_table(c->m, db_col_text(s, 1, NULL));
        r = of == NULL ? NULL : row_undump(c, of, db_col_text(s, 2, NULL));
        db_reset(s);
        if (bin == 0)
            break;
        if (r == NULL)
            return ctx_fail(c, BERTH_CONFLICT, "conflict", "err.restore_plugin");
        put_back(c, r);
        s = db_prepare(c->conn, "DELETE FROM bin WHERE seq = ?");
        db_bind_int(s, 1, bin);
        if (db_step(s) < 0)
            ctx_db(c, DB_ERROR, "empty the bin");
        db_reset(s);
    }
    return c->rc;
}

/* As a filter finds it: what pools hide is empty, as it is in lists. */
static const struct berth_row *as_found(const struct berth_row *r)
{
    struct berth_row *found = row_copy(r);

    perm_hide(found, r);
    return found;
}

enum { BIN_LOOKED_MAX = 4000 }; /* records looked at in one request */

int bin_page(struct berth_ctx *c, const struct table *t, const struct where *w, int64_t before, int limit, const char *fields,
             struct buf *out)
{
    struct json j = json_to(out);
    struct berth_row **rows = arena_alloc(c->a, (size_t)(limit + 1) * sizeof(struct berth_row *));
    const struct field *const *of;
    int64_t next = 0;
    int n = 0, looked = 0, rc = DB_DONE;
    struct db_stmt *s;

    if (!perm_may(c->who, t, DO_READ))
        return denied(c);
    of = find_fields(c, t, fields);
    if (c->rc != BERTH_OK)
        return c->rc;
    s = db_prepare(c->conn, "SELECT seq, data FROM bin WHERE on_table = ? AND seq < ? ORDER BY seq DESC");
    db_bind_text(s, 1, t->name, -1);
    db_bind_int(s, 2, before > 0 ? before : INT64_MAX);
    while (n < limit && looked < BIN_LOOKED_MAX && (rc = db_step(s)) == DB_ROW) {
        struct berth_row *r = row_undump(c, t, db_col_text(s, 1, NULL));

        looked++;
        next = db_col_int(s, 0);
        if (perm_row(c, r, DO_READ) && (w == NULL || where_eval(c, w, as_found(r))))
            rows[n++] = r;
    }
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "read the recycle bin");
    if (c->rc != BERTH_OK)
        return c->rc;
    json_open(&j, '{');
    json_key(&j, "rows");
    json_open(&j, '[');
    for (int i = 0; i < n; i++)
        row_json_of(&j, rows[i], of);
    json_close(&j, ']');
    titles_of_fields(c, &j, rows, (size_t)n, of);
    json_text(&j, "next", rc == DB_ROW ? arena_fmt(c->a, "%lld", (long long)next) : NULL);
    json_close(&j, '}');
    return c->rc;
}

/* ---- steps ------------------------------------------------------------------------------ */
int save_step(struct berth_ctx *c, int (*body)(struct berth_ctx *, void *), void *arg)
{
    struct ctx_done **done = &c->done;
    int rc;

    if (c->rc != BERTH_OK)
        return c->rc;
    while (*done != NULL)
        done = &(*done)->next;
    if (db_exec(c->conn, "SAVEPOINT step") < 0)
        return ctx_fail(c, BERTH_BROKEN, "broken", "err.broken");
    rc = body(c, arg);
    if (rc == BERTH_OK && c->rc == BERTH_OK) {
        db_exec(c->conn, "RELEASE step");
        return BERTH_OK;
    }
    db_exec(c->conn, "ROLLBACK TO step");
    db_exec(c->conn, "RELEASE step");
    *done = NULL; /* what the failed body wanted done after the commit */
    return c->rc != BERTH_OK ? c->rc : rc;
}
