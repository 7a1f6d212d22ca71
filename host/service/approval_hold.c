/* approval_hold.c - what a save, an action or a deletion meets where something has to be approved first: it is put aside,
 * refused while something waits, or begins the waiting anew. */
#include <stdlib.h>
#include <string.h>

#include "record/find.h"
#include "record/save.h"
#include "service/approval_in.h"

/* What of one save waits, field by field. */
struct hold {
    const struct flow *flow;
    const struct field *field; /* NULL: the record as it is */
    struct berth_val v;        /* of the field, as it is to become */
    struct hold *next;
};

static bool by_a_person(const struct berth_ctx *c)
{
    return c->who != NULL && !c->all;
}

/* ---- while something waits -------------------------------------------------------------------------- */
/* What the host itself stamps (since when it is whose, when it falls back) is no edit. */
static bool of_people(const struct field *f)
{
    return f->at >= F_DECLARED && (f->plugin != NULL || f->custom);
}

static bool edited(const struct berth_row *r)
{
    for (int i = F_DECLARED; r->old != NULL && i < r->t->nfields; i++)
        if (of_people(&r->t->fields[i]) && !val_equal(r->v[i], r->old->v[i]))
            return true;
    return r->old == NULL;
}

/* The running approval of the record or of what it is a detail of, with these consequences for edits. */
static struct approval *waiting(struct berth_ctx *c, const struct berth_row *r, enum flow_lock locks)
{
    for (int depth = 0; depth < 5 && r != NULL; depth++) {
        struct approval *a = row_id(r) == 0 ? NULL : approval_running(c, store_table_no(c->st, r->t), row_id(r), 0);

        if (a != NULL && a->plan.locks == locks && strcmp(a->state, "open") == 0)
            return a;
        r = r->t->parent == NULL || r->t->parent->ref == NULL ? NULL : find_raw(c, r->t->parent->ref, row_int(r, r->t->parent->at));
    }
    return NULL;
}

const char *approval_locks(struct berth_ctx *c, const struct berth_row *r)
{
    const struct approval *a = flow_guards(c, r->t) ? waiting(c, r, FLOW_LOCKS) : NULL;

    return a == NULL ? NULL : flow_said(c, a->plan.flow, &a->plan.said);
}

int approval_saved(struct berth_ctx *c, const struct berth_row *r)
{
    struct approval *a;

    if (strcmp(r->t->name, "user") == 0 && r->old != NULL && row_get(r->old, "active").i != 0 && row_get(r, "active").i == 0)
        return approval_left(c, row_id(r));
    if (c->approved || !by_a_person(c) || !flow_guards(c, r->t) || !edited(r) || (a = waiting(c, r, FLOW_RESTARTS)) == NULL)
        return c->rc;
    return act_add(c, a, "restarted", NULL, 0, 0, NULL) == BERTH_OK ? approval_restart(c, a) : (int)c->rc;
}

/* ---- putting aside -------------------------------------------------------------------------------------- */
/* Whether somebody would have to be asked at all. */
static bool needed(struct berth_ctx *c, const struct flow *f, const struct berth_row *wanted)
{
    struct approval a = {.plan = plan_of_flow(c, f)};

    for (size_t i = 0; i < a.plan.n; i++)
        if (step_needed(c, &a, &a.plan.steps[i], wanted))
            return true;
    return false;
}

static void put(struct berth_ctx *c, struct berth_row *r, const struct flow *f, const struct field *field)
{
    struct hold *h = arena_alloc(c->a, sizeof(*h));

    *h = (struct hold){f, field, field == NULL ? berth_nil() : r->v[field->at], r->held};
    r->held = h;
}

static struct hold *hold_of(const struct berth_row *r, const struct flow *f)
{
    struct hold *h = r->held;

    while (h != NULL && h->flow != f)
        h = h->next;
    return h;
}

static bool triggers(struct berth_ctx *c, const struct flow *f, const struct berth_row *r, const struct berth_row *before)
{
    struct berth_val v, value;

    if (f->field == NULL)
        return r->old != NULL && edited(r) && (hold_of(r, f) != NULL || (flow_holds(c, f->applies_to, r) && needed(c, f, r)));
    v = r->v[f->field->at];
    if (val_equal(v, before->v[f->field->at]))
        return false;
    if (f->value != NULL && (!val_from_text(c, f->field, f->value, strlen(f->value), &value) || !val_equal(v, value))) {
        ctx_clear(c); /* a value that no longer fits its field is not reached */
        return false;
    }
    return flow_holds(c, f->applies_to, r) && needed(c, f, r);
}

/* A new record is made, and waits as it is; hooks may have changed what decides. */
static void put_create(struct berth_ctx *c, struct berth_row *r, const struct flow *f)
{
    struct hold **at = (struct hold **)&r->held;
    bool wanted = flow_holds(c, f->applies_to, r) && needed(c, f, r);

    if (wanted && hold_of(r, f) == NULL)
        put(c, r, f, NULL);
    while (!wanted && *at != NULL)
        if ((*at)->flow == f)
            *at = (*at)->next;
        else
            at = &(*at)->next;
}

/* What an action does to its record waits as the whole action. */
static bool of_action(struct berth_ctx *c, const struct berth_row *r, const struct flow *f)
{
    struct acting *x = c->acting;

    if (x == NULL || row_id(r) == 0 || x->row->t != r->t || row_id(x->row) != row_id(r))
        return false;
    x->flow = f;
    ctx_fail(c, BERTH_CONFLICT, "waiting", "err.approval_waits");
    return true;
}

/* Since when it is whose was stamped already, and is taken back with the owner. */
static void put_field(struct berth_ctx *c, struct berth_row *r, const struct flow *f, const struct field *field,
                      const struct berth_row *before)
{
    const struct table *t = r->t;
    const int stamps[] = {t->at_prev_owner, t->at_claimed_at, t->at_touched_at, t->at_pooled_at};

    put(c, r, f, field);
    r->v[field->at] = before->v[field->at];
    for (size_t i = 0; field->at == t->at_owner && r->old != NULL && i < sizeof(stamps) / sizeof(stamps[0]); i++)
        if (stamps[i] >= 0)
            r->v[stamps[i]] = before->v[stamps[i]];
}

static void put_change(struct berth_ctx *c, struct berth_row *r, const struct flow *f, const struct berth_row *before)
{
    if (f->field != NULL)
        put_field(c, r, f, f->field, before);
    for (int i = F_DECLARED; f->field == NULL && i < r->t->nfields; i++)
        if (of_people(&r->t->fields[i]) && !val_equal(r->v[i], before->v[i]))
            put_field(c, r, f, &r->t->fields[i], before);
}

int approval_saving(struct berth_ctx *c, struct berth_row *r)
{
    struct berth_row *begun = NULL;
    const struct berth_row *before = r->old;

    if (edited(r) && flow_check_lock(c, r) != BERTH_OK)
        return c->rc;
    if (before == NULL) {
        begun = row_new(c, r->t);
        row_defaults(begun);
        if (r->t->at_owner >= 0 && c->who != NULL && !val_is_nil(r->v[r->t->at_owner])) /* one's own from the start */
            begun->v[r->t->at_owner] = (struct berth_val){BERTH_REF, 0, {.i = c->who->id}};
        before = begun;
    }
    for (const struct flow *const *f = flow_list(c, r->t); *f != NULL && c->rc == BERTH_OK; f++) {
        if ((*f)->starts == FLOW_CREATE && r->old == NULL && !flow_makes_later(r->t))
            put_create(c, r, *f);
        if ((*f)->starts != FLOW_CHANGE || !triggers(c, *f, r, before) || of_action(c, r, *f))
            continue;
        if (r->old != NULL && approval_running(c, store_table_no(c->st, r->t), row_id(r), (*f)->id) != NULL)
            return ctx_fail(c, BERTH_CONFLICT, "waiting", "err.approval_waits");
        put_change(c, r, *f, before);
    }
    return c->rc;
}

/* What is kept of it; o is given up. */
static const char *kept(struct berth_ctx *c, json_t *o)
{
    char *raw = json_dumps(o, JSON_COMPACT);
    const char *text = arena_strdup(c->a, raw);

    free(raw);
    json_decref(o);
    return text;
}

/* All that waits by the flow of h. */
static const char *held_text(struct berth_ctx *c, const struct hold *h)
{
    const struct flow *f = h->flow;
    json_t *o, *set;

    if (h->field == NULL)
        return NULL;
    o = json_pack("{s:{}}", "set");
    set = json_object_get(o, "set");
    for (; h != NULL; h = h->next)
        if (h->flow == f)
            json_object_set_new(set, h->field->name, val_keep(h->field, h->v));
    return kept(c, o);
}

/* The row in hand is what the database has now. */
static void again(struct berth_ctx *c, struct berth_row *r)
{
    const struct berth_row *now = find_raw(c, r->t, row_id(r));

    if (now != NULL)
        memcpy(r->v, now->v, (size_t)r->t->nfields * sizeof(*r->v));
}

int approval_held(struct berth_ctx *c, struct berth_row *r)
{
    struct hold *h = r->held;

    r->held = NULL;
    for (const struct flow *const *f = flow_list(c, r->t); *f != NULL && c->rc == BERTH_OK; f++) {
        const struct hold *of = h;

        while (of != NULL && of->flow != *f)
            of = of->next;
        if (of != NULL)
            approval_begin(c, *f, r, held_text(c, of), c->note);
    }
    if (c->rc == BERTH_OK)
        again(c, r);
    return c->rc;
}

/* ---- actions and deletions ------------------------------------------------------------------------------- */
static int begin_action(struct berth_ctx *c, struct acting *x)
{
    json_t *form = x->form == NULL ? NULL : json_deep_copy(x->form), *o = json_pack("{s:s}", "action", x->a->name);

    if (form != NULL)
        json_object_set_new(o, "form", form);
    approval_begin(c, x->flow, x->row, kept(c, o), c->note);
    return c->rc;
}

int approval_acting(struct berth_ctx *c, struct acting *x)
{
    const struct flow *const *f = flow_list(c, x->row->t);

    while (x->flow == NULL && *f != NULL) {
        if ((*f)->starts == FLOW_ACTION && (*f)->action != NULL && strcmp((*f)->action, x->a->name) == 0 &&
            flow_holds(c, (*f)->applies_to, x->row) && needed(c, *f, x->row))
            x->flow = *f;
        f++;
    }
    return x->flow == NULL || c->rc != BERTH_OK ? (int)c->rc : begin_action(c, x);
}

/* The flow that a record has to pass before it goes (or comes back), NULL: it need not. */
static const struct flow *flow_before(struct berth_ctx *c, const struct berth_row *r, enum flow_start what)
{
    for (const struct flow *const *f = flow_list(c, r->t); *f != NULL && c->rc == BERTH_OK; f++)
        if ((*f)->starts == what && flow_holds(c, (*f)->applies_to, r) && needed(c, *f, r))
            return *f;
    return NULL;
}

/* What it was called stands with what waits: the record is gone when it is read later. */
static bool begin_gone(struct berth_ctx *c, const struct flow *f, const struct berth_row *r, const char *what)
{
    approval_begin(c, f, r, kept(c, json_pack("{s:s}", what, row_title(r))), c->note);
    return true;
}

/* Nobody had to be asked: the row in hand becomes what was made. */
static void made_at_once(struct berth_ctx *c, struct berth_row *r, int64_t approval)
{
    const struct approval *a = c->rc == BERTH_OK && c->waits == 0 ? approval_load(c, approval) : NULL;

    if (a != NULL && a->there)
        memcpy(r->v, a->row->v, (size_t)r->t->nfields * sizeof(*r->v));
}

/* The host's own records count as soon as they are there: a new one is put aside as a whole. */
bool approval_makes(struct berth_ctx *c, struct berth_row *r)
{
    const struct flow *f = flow_before(c, r, FLOW_CREATE);

    if (f == NULL || c->rc != BERTH_OK)
        return c->rc != BERTH_OK;
    made_at_once(c, r, approval_begin(c, f, r, kept(c, json_pack("{s:o}", "make", json_loads(row_dump(c, r), 0, NULL))), c->note));
    return true;
}

bool approval_would_wait(struct berth_ctx *c, const struct berth_row *r)
{
    return flow_before(c, r, FLOW_CREATE) != NULL;
}

bool approval_drops(struct berth_ctx *c, struct berth_row *r)
{
    const struct flow *f = flow_before(c, r, FLOW_DELETE);

    if (f == NULL || c->rc != BERTH_OK)
        return c->rc != BERTH_OK;
    if (of_action(c, r, f))
        return true;
    if (by_a_person(c) && approval_locks(c, r) != NULL)
        return ctx_fail(c, BERTH_CONFLICT, "waiting", "err.approval_drop") != BERTH_OK;
    return begin_gone(c, f, r, "delete");
}

bool approval_restores(struct berth_ctx *c, struct berth_row *r)
{
    const struct flow *f = flow_before(c, r, FLOW_RESTORE);

    return f == NULL || c->rc != BERTH_OK ? c->rc != BERTH_OK : begin_gone(c, f, r, "restore");
}

/* A deletion that gets here waits for nothing any more; one of details, or by merging, may have to. */
static int check_drop(struct berth_ctx *c, const struct berth_row *r)
{
    const struct flow *f = c->approved || c->undo || c->exact ? NULL : flow_before(c, r, FLOW_DELETE);

    if (f == NULL || c->rc != BERTH_OK)
        return c->rc;
    c->args[0] = "title";
    c->args[1] = row_title(r);
    c->args[2] = "flow";
    c->args[3] = flow_said(c, f->name, &f->said);
    c->args[4] = NULL;
    return ctx_fail(c, BERTH_CONFLICT, "waiting", "err.approval_drop_first");
}

int approval_dropping(struct berth_ctx *c, struct berth_row *r)
{
    struct approval *a;

    if (!c->undo && by_a_person(c) && approval_locks(c, r) != NULL)
        return ctx_fail(c, BERTH_CONFLICT, "waiting", "err.approval_drop");
    if (check_drop(c, r) != BERTH_OK)
        return c->rc;
    while (c->rc == BERTH_OK && (a = approval_running(c, store_table_no(c->st, r->t), row_id(r), 0)) != NULL)
        if (act_add(c, a, "withdrawn", NULL, 0, 0, NULL) == BERTH_OK)
            approval_finish(c, a, "withdrawn");
    if (c->rc == BERTH_OK)
        again(c, r);
    return c->rc;
}

int approval_gone(struct berth_ctx *c, const struct table *t, int64_t id)
{
    struct approval *a;

    while (c->rc == BERTH_OK && flow_guards(c, t) && (a = approval_running(c, store_table_no(c->st, t), id, 0)) != NULL && a->row == NULL)
        if (act_add(c, a, "withdrawn", NULL, 0, 0, NULL) == BERTH_OK)
            approval_finish(c, a, "withdrawn");
    return c->rc;
}
