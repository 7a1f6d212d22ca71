/* action.c - actions: offered, checked, run. */
#include "record/action.h"

#include <string.h>

#include "record/condition.h"
#include "record/find.h"
#include "record/flow.h"
#include "record/hangs.h"
#include "record/hook.h"
#include "record/offer.h"
#include "record/save.h"

struct form {
    const struct action *a;
    struct berth_val *v;
};

struct run {
    const struct action *a;
    struct berth_row *row;
    struct acting *acting;
};

const struct action *action_find(const struct table *t, const char *name)
{
    for (size_t i = 0; i < t->nactions; i++)
        if (strcmp(t->actions[i]->name, name) == 0)
            return t->actions[i];
    return NULL;
}

static bool allowed(struct berth_ctx *c, const struct action *a, const struct berth_row *r)
{
    if (a->perm != NULL && !perm_has(c->who, a->perm))
        return false;
    return (a->flags & BERTH_SEEN) || perm_row(c, r, DO_UPDATE);
}

bool action_offered(struct berth_ctx *c, const struct action *a, const struct berth_row *r)
{
    return allowed(c, a, r) && where_holds(c, a->when, r);
}

static struct berth_val form_param(void *arg, const char *name)
{
    const struct form *f = arg;

    for (size_t i = 0; i < f->a->nform; i++)
        if (strcmp(f->a->form[i].name, name) == 0)
            return f->v[i];
    return berth_nil();
}

/* What the form's references may name, for the record as the form would have it. */
static void check_offers(struct berth_ctx *c, const struct form *form, const struct berth_row *row)
{
    struct berth_row *about = row_copy(row);

    for (size_t i = 0; i < form->a->nform; i++) {
        const struct field *own = model_field(row->t, form->a->form[i].name);

        if (own != NULL && own->type == form->a->form[i].type && !val_is_nil(form->v[i]))
            about->v[own->at] = form->v[i];
    }
    for (size_t i = 0; i < form->a->nform; i++) {
        offer_check(c, &form->a->form[i], form->v[i], about);
        if (form->a->form[i].type == BERTH_FILE && !val_is_nil(form->v[i]) && !hangs_file(c, row, form->v[i].i))
            ctx_invalid(c, form->a->form[i].name, "err.ref", NULL);
    }
}

static bool read_form(struct berth_ctx *c, const struct action *a, const json_t *json, struct form *out)
{
    const char *key;
    json_t *v;

    *out = (struct form){a, arena_alloc(c->a, (a->nform + 1) * sizeof(*out->v))};
    json_object_foreach ((json_t *)json, key, v) {
        size_t i = 0;

        while (i < a->nform && strcmp(a->form[i].name, key) != 0)
            i++;
        if (i == a->nform)
            ctx_invalid(c, key, "err.unknown_field", "name", key, NULL);
        else if (val_from_json(c, &a->form[i], v, &out->v[i]) && val_in_range(c, &a->form[i], out->v[i]) && a->form[i].type == BERTH_REF &&
                 !val_is_nil(out->v[i]) && !(a->form[i].flags & BERTH_MANY) && a->form[i].ref != NULL &&
                 !find_exists(c, a->form[i].ref, out->v[i].i))
            ctx_invalid(c, key, "err.ref", NULL);
    }
    for (size_t i = 0; i < a->nform; i++)
        if (val_is_nil(out->v[i])) {
            /* what is given as empty is empty */
            if (a->form[i].def != NULL && a->form[i].def[0] != '@' && json_object_get(json, a->form[i].name) == NULL)
                val_from_text(c, &a->form[i], a->form[i].def, strlen(a->form[i].def), &out->v[i]);
            else if (a->form[i].flags & BERTH_REQUIRED)
                ctx_invalid(c, a->form[i].name, "err.required", NULL);
        }
    return c->rc == BERTH_OK;
}

static int call(struct berth_ctx *c, void *arg)
{
    struct run *k = arg;

    return k->a->run(c, k->row);
}

/* Free text of the form that says why, for the history. */
static const char *reason(struct form *f)
{
    for (size_t i = 0; i < f->a->nform; i++)
        if (strcmp(f->a->form[i].name, "reason") == 0 || strcmp(f->a->form[i].name, "note") == 0)
            return type_is_text((enum berth_type)f->v[i].type) ? f->v[i].s : NULL;
    return NULL;
}

/* With all that the plugin does in it. */
static int run_step(struct berth_ctx *c, void *arg)
{
    struct run *k = arg;
    struct acting *outer = c->acting;

    c->acting = k->acting;
    hook_call(c, k->a->plugin, call, k);
    c->acting = outer;
    return c->rc;
}

/* Where something may have to be approved first: the action itself, or what it does to the record.  Then nothing of it
 * has happened, and it waits as a whole. */
static int run_guarded(struct berth_ctx *c, struct run *k)
{
    if (c->st->services.acting == NULL || c->approved || !flow_guards(c, k->row->t))
        return run_step(c, k);
    if (c->st->services.acting(c, k->acting) != BERTH_OK || k->acting->flow != NULL)
        return c->rc;
    save_step(c, run_step, k);
    if (k->acting->flow == NULL)
        return c->rc;
    ctx_clear(c);
    return c->st->services.acting(c, k->acting);
}

int action_run(struct berth_ctx *c, const struct action *a, int64_t id, const json_t *json,
               struct berth_row **row_r)
{
    struct berth_row *row = save_load(c, a->table, id);
    struct acting acting = {a, row, json, NULL};
    struct run k = {a, row, &acting};
    struct form form;

    *row_r = NULL;
    if (row == NULL)
        return c->rc;
    if (!allowed(c, a, row))
        return ctx_fail(c, BERTH_DENIED, "denied", "err.denied");
    if (!where_holds(c, a->when, row))
        return ctx_fail(c, BERTH_CONFLICT, "conflict", "err.not_now");
    if ((a->flags & BERTH_EDITS) && flow_check_lock(c, row) != BERTH_OK)
        return c->rc;
    if (!read_form(c, a, json, &form))
        return c->rc;
    check_offers(c, &form, row);
    if (c->rc != BERTH_OK)
        return c->rc;
    c->param = form_param;
    c->param_arg = &form;
    c->op = a->name;
    c->note = reason(&form);
    c->seen = (a->flags & BERTH_SEEN) != 0;
    run_guarded(c, &k);
    c->seen = false;
    c->op = "update";
    c->note = NULL;
    c->param = NULL;
    if (c->rc == BERTH_OK)
        *row_r = find_raw(c, a->table, id);
    return c->rc;
}

int action_inside(struct berth_ctx *c, const struct action *a, int64_t id, const json_t *form, struct berth_row **row_r)
{
    struct berth_ctx before = *c; /* we may be inside another action */
    struct berth_row *after;

    action_run(c, a, id, form, row_r != NULL ? row_r : &after);
    ctx_resume(c, &before);
    return c->rc;
}
