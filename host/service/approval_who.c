/* approval_who.c - whom a step asks, and whether it is needed. */
#include <string.h>

#include "record/find.h"
#include "record/hook.h"
#include "record/save.h"
#include "record/superior.h"
#include "service/approval_in.h"

/* ---- may they ---------------------------------------------------------------------------------------- */
static bool sees(struct berth_ctx *c, const struct approval *a, const struct who *w)
{
    const struct who *me = c->who;
    bool all = c->all, yes;

    c->who = w;
    c->all = false;
    yes = perm_row(c, a->row, DO_READ) && !w->rights[a->row->t->at].public_only;
    c->who = me;
    c->all = all;
    return yes;
}

static bool asks_for_self(const struct approval *a, int64_t user)
{
    return !a->plan.own && (user == a->by || (a->row != NULL && user == row_int(a->row, a->row->t->at_owner)));
}

bool may_decide(struct berth_ctx *c, const struct approval *a, int64_t user)
{
    const struct who *w;

    if (user == 0 || asks_for_self(a, user) || (w = who_committed(c, user)) == NULL)
        return false;
    return a->row != NULL && (flow_shows(a->row->t) || sees(c, a, w));
}

/* ---- whom -------------------------------------------------------------------------------------------- */
static void add(struct berth_ctx *c, struct ids *to, int64_t id)
{
    for (size_t i = 0; i < to->n; i++)
        if (to->v[i] == id)
            return;
    find_add_id(c, to, id);
}

/* Of many, those who see the record by their own rights; when none does, all of them. */
static struct ids nearest(struct berth_ctx *c, const struct approval *a, const struct ids *all)
{
    struct ids near = {0};

    for (size_t i = 0; i < all->n; i++) {
        const struct who *w = who_committed(c, all->v[i]);

        if (w != NULL && a->row != NULL && sees(c, a, w))
            add(c, &near, all->v[i]);
    }
    return near.n > 0 ? near : *all;
}

static struct ids of_query(struct berth_ctx *c, const struct approval *a, const char *sql, const char *text, int64_t id)
{
    struct db_stmt *s = db_prepare(c->conn, sql);
    struct ids all;
    struct ids fit = {0};

    if (text != NULL)
        db_bind_text(s, 1, text, -1);
    else if (id != 0)
        db_bind_int(s, 1, id);
    all = find_ids(c, s);
    for (size_t i = 0; i < all.n; i++)
        if (may_decide(c, a, all.v[i]))
            add(c, &fit, all.v[i]);
    return nearest(c, a, &fit);
}

/* The next above who may decide: somebody who asks does not answer themselves. */
static int64_t superior(struct berth_ctx *c, const struct approval *a, int level)
{
    int64_t up = a->by;

    for (int i = 0; i < 20 && (up = superior_of(c, up)) != 0 && up != a->by; i++)
        if (may_decide(c, a, up) && --level <= 0)
            return up;
    return 0;
}

static int64_t head(struct berth_ctx *c, const struct approval *a, int level)
{
    int64_t up;

    for (int i = 1; i < 20 && (up = head_of(c, a->by, i)) != 0; i++)
        if (may_decide(c, a, up) && --level <= 0)
            return up;
    return 0;
}

struct ids step_people(struct berth_ctx *c, const struct approval *a, const struct step *s)
{
    struct ids out = {0};
    const struct field *f;
    int64_t one = 0;

    if (strcmp(s->who, "role") == 0)
        return of_query(c, a, "SELECT r.user_id FROM user_role r JOIN \"user\" u ON u.id = r.user_id WHERE r.role_id = ? AND u.active = 1"
                              " ORDER BY r.user_id", NULL, s->role);
    if (strcmp(s->who, "perm") == 0)
        return of_query(c, a, "SELECT DISTINCT r.user_id FROM role_perm p JOIN user_role r ON r.role_id = p.role_id JOIN \"user\" u ON"
                              " u.id = r.user_id WHERE p.perm = ? AND u.active = 1 ORDER BY r.user_id", s->perm, 0);
    if (strcmp(s->who, "people") == 0) {
        for (size_t i = 0; i < s->people.n; i++)
            if (may_decide(c, a, s->people.v[i]))
                add(c, &out, s->people.v[i]);
        return out;
    }
    if (strcmp(s->who, "superior") == 0)
        one = superior(c, a, s->level);
    else if (strcmp(s->who, "head") == 0)
        one = head(c, a, s->level);
    else if (s->field != NULL && a->row != NULL && (f = model_field(a->row->t, s->field)) != NULL && f->type == BERTH_REF &&
             !(f->flags & BERTH_MANY))
        one = may_decide(c, a, row_int(a->row, f->at)) ? row_int(a->row, f->at) : 0;
    if (one != 0)
        add(c, &out, one);
    return out;
}

struct ids approval_admins(struct berth_ctx *c, const struct approval *a)
{
    return of_query(c, a, "SELECT id FROM \"user\" WHERE admin = 1 AND active = 1 ORDER BY id", NULL, 0);
}

/* ---- is it needed -------------------------------------------------------------------------------------- */
struct berth_row *approval_wanted(struct berth_ctx *c, const struct approval *a)
{
    struct berth_row *r = a->row == NULL ? NULL : row_copy(a->row);
    json_t *held = a->held == NULL ? NULL : json_loads(a->held, 0, NULL), *v;
    const char *name;

    json_object_foreach (r == NULL ? NULL : json_object_get(held, "set"), name, v) {
        const struct field *f = model_field(r->t, name);

        if (f != NULL)
            r->v[f->at] = val_kept(c, f, v);
    }
    json_decref(held);
    return r;
}

bool step_needed(struct berth_ctx *c, const struct approval *a, const struct step *s, const struct berth_row *wanted)
{
    const struct rule *rule = model_rule(c->m, "base.approval_step");
    struct berth_val yes;

    if (s->added || wanted == NULL)
        return true;
    if (!flow_holds(c, s->applies_to, wanted))
        return false;
    if (rule == NULL)
        return true;
    yes = rule_ask(c, rule, BERTH_ARGS(berth_r((struct berth_row *)wanted), berth_s(a->plan.flow), berth_s(s->name)));
    return val_is_nil(yes) || yes.i != 0;
}
