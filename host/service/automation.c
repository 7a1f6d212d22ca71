/* automation.c - which rules a save sets off, and running one. */
#include <string.h>

#include "base/log.h"
#include "base/when.h"
#include "record/find.h"
#include "record/flow.h"
#include "record/save.h"
#include "service/automation_in.h"

enum { RULES = 100 }; /* of one event and table */

/* ---- reading ---------------------------------------------------------------------------------------- */
static const char *text(const struct berth_row *r, const char *field)
{
    struct berth_val v = row_get(r, field);

    return val_is_nil(v) || v.len == 0 ? NULL : v.s;
}

static struct automation *read_one(struct berth_ctx *c, const struct berth_row *r)
{
    struct automation *a = arena_alloc(c->a, sizeof(*a));
    const char *on = text(r, "on_table"), *field = text(r, "field");

    *a = (struct automation){.id = row_id(r), .name = text(r, "name"), .event = text(r, "event"), .value = text(r, "value"),
                             .applies_to = text(r, "applies_to"), .t = on == NULL ? NULL : model_table(c->m, on),
                             .days = (int)row_get(r, "days").i};
    a->field = a->t == NULL || field == NULL ? NULL : model_field(a->t, field);
    return a->t == NULL || (field != NULL && a->field == NULL) ? NULL : a; /* what it is about is off or gone */
}

struct automation **automations_of(struct berth_ctx *c, const struct table *t, const char *events)
{
    const struct table *rules = model_table(c->m, "automation");
    struct automation **list = arena_alloc(c->a, (RULES + 1) * sizeof(*list)), *one;
    struct db_stmt *s;
    size_t n = 0;

    if (rules == NULL)
        return list;
    s = db_prepare(
        c->conn, arena_fmt(c->a, "SELECT %s FROM automation WHERE active = 1 AND event IN (%s)%s ORDER BY coalesce(place, 0), id LIMIT %d",
                           rules->columns, events, t == NULL ? "" : " AND on_table = ?", RULES));
    if (t != NULL)
        db_bind_text(s, 1, t->name, -1);
    while (s != NULL && db_step(s) == DB_ROW)
        if ((one = read_one(c, row_read(c, rules, s))) != NULL)
            list[n++] = one;
    db_reset(s);
    return list;
}

/* ---- running ------------------------------------------------------------------------------------------ */
struct run {
    const struct automation *a;
    int64_t rec;
};

static int steps(struct berth_ctx *c, void *arg)
{
    const struct run *k = arg;
    const struct table *t = model_table(c->m, "automation_step");
    struct db_stmt *s = db_prepare(
        c->conn, arena_fmt(c->a, "SELECT %s FROM automation_step WHERE automation_id = ? ORDER BY coalesce(place, 0), id LIMIT %d",
                           t->columns, RULES));
    struct berth_row **rows = arena_alloc(c->a, RULES * sizeof(struct berth_row *));
    size_t n = 0;

    db_bind_int(s, 1, k->a->id);
    while (n < RULES && db_step(s) == DB_ROW)
        rows[n++] = row_read(c, t, s);
    db_reset(s);
    for (size_t i = 0; i < n && c->rc == BERTH_OK; i++)
        automation_do(c, k->a, rows[i], k->rec);
    return c->rc;
}

static const char *reason(struct berth_ctx *c)
{
    const char *what = ctx_text(c, c->key == NULL ? "err.broken" : c->key, c->args);

    return c->problems == NULL ? what : arena_fmt(c->a, "%s: %s", c->problems->field, ctx_text(c, c->problems->key, c->problems->args));
}

static void failed(struct berth_ctx *c, const struct automation *a, int64_t rec)
{
    const char *why = reason(c);
    struct berth_row *r;

    log_warn("automation", "\"%s\" failed for %s %lld: %s", a->name, a->t->name, (long long)rec, why);
    ctx_clear(c);
    if ((r = find_raw(c, a->t, rec)) != NULL)
        history_note(c, r, "automation_failed", arena_fmt(c->a, "%s: %s", a->name, why));
}

/* What changed the record says so itself; an alert, a mail and what was made elsewhere are told here. */
static void told(struct berth_ctx *c, const struct automation *a, const struct berth_row *before)
{
    struct berth_row *r = find_raw(c, a->t, before->v[F_ID].i);

    if (r != NULL && r->v[F_VERSION].i == before->v[F_VERSION].i)
        history_note(c, r, "automation", a->name);
}

static bool runs_already(const struct berth_ctx *c, const struct automation *a, int64_t rec)
{
    for (const struct automating *k = c->automating; k != NULL; k = k->outer)
        if (k->rule == a->id && k->rec == rec)
            return true;
    return false;
}

void automation_run(struct berth_ctx *c, const struct automation *a, int64_t rec)
{
    struct automating me = {a->id, rec, c->automating};
    struct run k = {a, rec};
    const struct who *who = c->who;
    const char *op = c->op, *note = c->note;
    bool all = c->all, approved = c->approved;
    int64_t waits = c->waits;
    struct berth_row *r;

    if (c->rc != BERTH_OK || runs_already(c, a, rec) || (r = find_raw(c, a->t, rec)) == NULL || !flow_holds(c, a->applies_to, r))
        return;
    c->automating = &me;
    c->who = NULL; /* the company's rule, not somebody's deed */
    c->approved = false;
    c->op = "automation";
    c->note = a->name;
    if (save_step(c, steps, &k) != BERTH_OK)
        failed(c, a, rec);
    else
        told(c, a, r);
    c->automating = me.outer;
    c->who = who;
    c->op = op;
    c->note = note;
    c->all = all;
    c->approved = approved;
    c->waits = waits;
}

/* ---- what a save sets off ----------------------------------------------------------------------------------- */
static bool watched(const struct automation *a, const struct berth_row *r)
{
    for (int i = F_DECLARED; i < r->t->nfields; i++)
        if ((a->field == NULL ? r->t->fields[i].plugin != NULL || r->t->fields[i].custom : i == a->field->at) &&
            !val_equal(r->v[i], r->old->v[i]))
            return true;
    return false;
}

static bool reached(struct berth_ctx *c, const struct automation *a, const struct berth_row *r)
{
    struct berth_val v;
    int at = a->field->at;

    if (a->value == NULL || (r->old != NULL && val_equal(r->v[at], r->old->v[at])))
        return false;
    if (val_from_text(c, a->field, a->value, strlen(a->value), &v))
        return val_equal(v, r->v[at]);
    ctx_clear(c); /* the value is none of the field's any more */
    return false;
}

/* A day that was set so near that the look for those that come near would pass it over. */
static bool near_already(struct berth_ctx *c, const struct automation *a, const struct berth_row *r)
{
    int at = a->field->at;
    int64_t v = row_int(r, at), unit = a->field->type == BERTH_DATE ? 1 : WHEN_DAY,
            now = a->field->type == BERTH_DATE ? where_today(c) : c->now;

    return !val_is_nil(r->v[at]) && (r->old == NULL || !val_equal(r->v[at], r->old->v[at])) && v >= now && v <= now + a->days * unit;
}

static bool set_off(struct berth_ctx *c, const struct automation *a, const struct berth_row *r)
{
    if (strcmp(a->event, "created") == 0)
        return r->old == NULL;
    if (strcmp(a->event, "changed") == 0)
        return r->old != NULL && watched(a, r);
    if (a->field == NULL)
        return false;
    return strcmp(a->event, "reached") == 0 ? reached(c, a, r) : near_already(c, a, r);
}

int automation_saved(struct berth_ctx *c, const struct berth_row *r)
{
    struct automation **list;
    bool any = false;

    if (c->undo || c->exact || !flow_automates(c, r->t))
        return c->rc;
    list = automations_of(c, r->t, "'created', 'changed', 'reached', 'near'");
    for (; *list != NULL && c->rc == BERTH_OK; list++)
        if (set_off(c, *list, r)) {
            automation_run(c, *list, row_id(r));
            any = true;
        }
    if (any && c->rc == BERTH_OK) { /* the row in hand is what the database has now */
        const struct berth_row *now = find_raw(c, r->t, row_id(r));

        if (now != NULL)
            memcpy(r->v, now->v, (size_t)r->t->nfields * sizeof(*r->v));
    }
    return c->rc;
}

int automation_imported(struct berth_ctx *c, const struct berth_row *r)
{
    struct automation **list;

    if (!flow_automates(c, r->t))
        return c->rc;
    list = automations_of(c, r->t, "'created', 'reached', 'near'");
    for (; *list != NULL && c->rc == BERTH_OK; list++) {
        struct db_stmt *s;

        if (!set_off(c, *list, r))
            continue;
        s = db_prepare(c->conn, "INSERT INTO automation_todo (automation_id, rec) VALUES (?, ?)");
        db_bind_int(s, 1, (*list)->id);
        db_bind_int(s, 2, row_id(r));
        if (db_step(s) < 0)
            ctx_db(c, DB_ERROR, "leave something to do");
        db_reset(s);
    }
    return c->rc;
}
