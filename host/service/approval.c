/* approval.c - the state machine: asking step by step, deciding, ending, and what then happens to the record. */
#include <string.h>

#include "record/find.h"
#include "record/save.h"
#include "record/superior.h"
#include "record/workday.h"
#include "service/alert.h"
#include "service/approval_in.h"

/* ---- the record ------------------------------------------------------------------------------------ */
/* Saves what the engine itself changes: nothing of it waits again, and no scope is in its way. */
static int save_own(struct berth_ctx *c, struct berth_row *r, const char *op)
{
    bool all = c->all, approved = c->approved;
    const char *before = c->op;

    c->all = c->approved = true;
    c->op = op;
    row_save(c, r);
    c->op = before;
    c->all = all;
    c->approved = approved;
    return c->rc;
}

struct note_param {
    const char *note;
};

static struct berth_val note_param(void *arg, const char *name)
{
    const struct note_param *p = arg;

    return strcmp(name, "note") == 0 && p->note != NULL ? berth_s(p->note) : berth_nil();
}

/* A fresh copy to change. */
static struct berth_row *now(struct berth_ctx *c, const struct approval *a)
{
    struct berth_row *old = a->t == NULL ? NULL : find_raw(c, a->t, a->rec), *r;

    if (old == NULL)
        return NULL;
    r = row_copy(old);
    r->old = old;
    return r;
}

/* The field of the record that tells how its approval stands.  Hooks on it read who decided, and the note. */
static int tell_state(struct berth_ctx *c, struct approval *a, const char *word, const char *note)
{
    const struct field *f = a->t == NULL || a->plan.state == NULL ? NULL : model_field(a->t, a->plan.state);
    struct berth_row *r = f == NULL ? NULL : now(c, a);
    struct berth_val (*param)(void *, const char *) = c->param;
    void *arg = c->param_arg;
    struct note_param mine = {note};

    if (r == NULL || f->dict == NULL || (word != NULL && map_get(&f->dict->by_key, word) == NULL))
        return c->rc;
    row_set(r, f->name, word == NULL ? (f->def == NULL ? berth_nil() : berth_s(f->def)) : berth_s(word));
    c->param = note_param;
    c->param_arg = &mine;
    save_own(c, r, "approval");
    c->param = param;
    c->param_arg = arg;
    a->row = find_raw(c, a->t, a->rec);
    return c->rc;
}

static int trace(struct berth_ctx *c, const struct approval *a, const char *op, const char *note)
{
    return a->row == NULL || a->rec == 0
               ? (int)c->rc
               : history_note(c, a->row, op, note != NULL ? arena_fmt(c->a, "%s: %s", a->plan.flow, note) : a->plan.flow);
}

/* What was put aside happens now, as whoever asked; as the one who decided when they are gone. */
static int apply(struct berth_ctx *c, struct approval *a)
{
    json_t *held = a->held == NULL ? NULL : json_loads(a->held, 0, NULL);
    const char *name = json_string_value(json_object_get(held, "action"));
    const struct action *action = name == NULL || a->t == NULL ? NULL : action_find(a->t, name);
    const struct who *me = c->who, *asker = a->by == 0 ? NULL : who_get(c->st, c->conn, c->m, a->by);
    bool all = c->all, approved = c->approved;
    struct berth_row *r;

    if (held == NULL)
        return c->rc;
    if (a->row == NULL) { /* gone for good, or its plugin is off */
        json_decref(held);
        return ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    }
    c->who = asker != NULL ? asker : me;
    c->all = c->approved = true;
    if (name != NULL && action == NULL)
        ctx_fail(c, BERTH_CONFLICT, "conflict", "err.approval_action");
    else if (action != NULL)
        action_run(c, action, a->rec, json_object_get(held, "form"), &r);
    else if (json_object_get(held, "make") != NULL) {
        r = row_copy(a->row);
        if (row_save(c, r) == BERTH_OK && approval_made(c, a, row_id(r)) == BERTH_OK)
            trace(c, a, "approval_approved", c->note);
    } else if (json_object_get(held, "restore") != NULL)
        row_restore(c, a->t, a->rec);
    else if (json_object_get(held, "delete") != NULL)
        row_drop(c, now(c, a));
    else if ((r = approval_wanted(c, a)) != NULL) {
        r->old = a->row;
        row_save(c, r);
    }
    c->who = me;
    c->all = all;
    c->approved = approved;
    json_decref(held);
    return c->rc;
}

/* ---- telling --------------------------------------------------------------------------------------------- */
/* What is not in its table has no page to go to: it is named. */
const char *approval_called(struct berth_ctx *c, const struct approval *a)
{
    return a->there || a->row == NULL ? a->plan.flow : arena_fmt(c->a, "%s – %s", a->plan.flow, row_title(a->row));
}

/* Who asked hears what became of it. */
static int tell_asker(struct berth_ctx *c, const struct approval *a, const char *word, const char *note)
{
    if (c->rc != BERTH_OK || a->by == 0)
        return c->rc;
    return alert_raise(
        c, &(struct berth_alert){.text = arena_fmt(c->a, "alert.approval_%s", word),
                                 .about = a->there ? a->row : NULL,
                                 .people = &a->by,
                                 .npeople = 1,
                                 .severity = BERTH_IMPORTANT,
                                 .args = (const char *const[]){"flow", approval_called(c, a), "note", note == NULL ? "" : note, NULL}});
}

/* ---- asking --------------------------------------------------------------------------------------------- */
static const char *user_name(struct berth_ctx *c, int64_t user)
{
    return user == 0 ? "" : find_title(c, model_table(c->m, "user"), user);
}

static int ask_one(struct berth_ctx *c, const struct approval *a, int64_t user, int64_t of_user)
{
    int64_t id = ask_add(c, a, user, of_user);

    if (id == 0 || sight_give(c, a, user) != BERTH_OK)
        return c->rc;
    alert_raise(c, &(struct berth_alert){.text = "alert.approval_asked", .about = a->there ? a->row : NULL, .people = &user, .npeople = 1,
                .severity = BERTH_IMPORTANT, .key = arena_fmt(c->a, "approval:%lld", (long long)id),
                .args = (const char *const[]){"flow", approval_called(c, a), "who", user_name(c, a->by), NULL}});
    return c->rc == BERTH_OK && a->plan.mail ? approval_mail(c, a, id, user) : (int)c->rc;
}

static int end_ask(struct berth_ctx *c, const struct approval *a, const struct ask *k, const char *state)
{
    if (ask_end(c, k, state) == BERTH_OK && sight_end(c, a, k->user) == BERTH_OK)
        alert_over(c, arena_fmt(c->a, "approval:%lld", (long long)k->id));
    return c->rc;
}

static int end_asks(struct berth_ctx *c, const struct approval *a, const char *state)
{
    size_t n;
    struct ask *k = asks_of(c, a, true, &n);

    for (size_t i = 0; i < n && c->rc == BERTH_OK; i++)
        end_ask(c, a, &k[i], state);
    return c->rc;
}

/* The first step from there that is needed and has somebody to ask; past the last one it is approved. */
int approval_next(struct berth_ctx *c, struct approval *a, int from)
{
    struct berth_row *wanted = approval_wanted(c, a);

    for (int i = from; i < (int)a->plan.n && c->rc == BERTH_OK; i++) {
        const struct step *s = &a->plan.steps[i];
        struct ids people;

        if (!step_needed(c, a, s, wanted))
            continue;
        people = step_people(c, a, s);
        if (people.n == 0 && !s->skip)
            people = approval_admins(c, a);
        if (people.n == 0 && !s->skip)
            return ctx_fail(c, BERTH_CONFLICT, "conflict", "err.approval_nobody");
        a->step = i;
        if (people.n == 0) {
            act_add(c, a, "skipped", NULL, 0, 0, NULL);
            continue;
        }
        a->due = s->hours > 0 ? workday_hours(c->st, c->conn, c->now, s->hours) : 0;
        for (size_t k = 0; k < people.n && c->rc == BERTH_OK; k++)
            ask_one(c, a, people.v[k], 0);
        return c->rc == BERTH_OK ? approval_keep(c, a) : (int)c->rc;
    }
    return c->rc == BERTH_OK ? approval_finish(c, a, "approved") : (int)c->rc;
}

int64_t approval_begin(struct berth_ctx *c, const struct flow *f, const struct berth_row *r, const char *held, const char *note)
{
    struct approval a = {.tbl = store_table_no(c->st, r->t), .rec = row_id(r), .flow_id = f->id, .t = r->t, .held = held,
                         .by = c->who != NULL ? c->who->id : row_int(r, r->t->at_owner), .plan = plan_of_flow(c, f)};

    if (c->rc == BERTH_OK && a.rec != 0 && approval_running(c, a.tbl, a.rec, f->id) != NULL)
        return ctx_fail(c, BERTH_CONFLICT, "waiting", "err.approval_waits"), 0;
    a.row = find_raw(c, r->t, row_id(r));
    a.there = a.row != NULL;
    if (a.row == NULL) /* out of the recycle bin */
        a.row = row_copy(r);
    if (c->rc != BERTH_OK || a.row == NULL || approval_add(c, &a) == 0)
        return 0;
    act_add(c, &a, "asked", note, 0, 0, NULL);
    trace(c, &a, "approval_asked", note);
    if (c->rc == BERTH_OK && tell_state(c, &a, "requested", note) == BERTH_OK)
        approval_next(c, &a, 0);
    if (c->rc == BERTH_OK)
        c->waits = a.ended == 0 ? a.id : 0;
    return c->rc == BERTH_OK ? a.id : 0;
}

int approval_restart(struct berth_ctx *c, struct approval *a)
{
    a->state = "open";
    if (end_asks(c, a, "over") == BERTH_OK && tell_state(c, a, "requested", NULL) == BERTH_OK)
        approval_next(c, a, 0);
    return c->rc;
}

int64_t approval_ask(struct berth_ctx *c, struct berth_row *r, const char *name, const char *note)
{
    const struct flow *f = flow_named(c, r->t, name);

    if (c->rc != BERTH_OK)
        return 0;
    if (!perm_row(c, r, DO_UPDATE))
        return ctx_fail(c, BERTH_DENIED, "denied", "err.denied"), 0;
    if (f == NULL || f->starts != FLOW_ASK || !flow_holds(c, f->applies_to, r))
        return ctx_fail(c, BERTH_CONFLICT, "conflict", "err.not_now"), 0;
    return approval_begin(c, f, r, NULL, note);
}

/* ---- ending -------------------------------------------------------------------------------------------------- */
int approval_finish(struct berth_ctx *c, struct approval *a, const char *state)
{
    bool approved = strcmp(state, "approved") == 0;
    const char *note = c->note;

    end_asks(c, a, "over");
    sight_end(c, a, 0);
    a->state = state;
    a->ended = c->now;
    a->due = 0;
    if (c->rc != BERTH_OK || approval_keep(c, a) != BERTH_OK)
        return c->rc;
    trace(c, a, arena_fmt(c->a, "approval_%s", state), note);
    tell_state(c, a, strcmp(state, "withdrawn") == 0 ? NULL : state, note);
    if (c->rc == BERTH_OK && approved)
        apply(c, a);
    if (a->t != NULL)
        a->there = find_raw(c, a->t, a->rec) != NULL;
    if (c->rc == BERTH_OK && a->row != NULL && (c->who == NULL || c->who->id != a->by))
        tell_asker(c, a, state, note);
    return c->rc;
}

int approval_pass_on(struct berth_ctx *c, struct approval *a, const struct ask *k, int64_t to, const char *state)
{
    if (end_ask(c, a, k, state) == BERTH_OK)
        ask_one(c, a, to, k->user);
    return c->rc;
}

/* ---- deciding --------------------------------------------------------------------------------------------------- */
bool approval_mine(struct berth_ctx *c, int64_t user)
{
    for (size_t i = 0; c->who != NULL && i < c->who->naway; i++)
        if (c->who->away[i].user == user)
            return true;
    return c->who != NULL && c->who->id == user;
}

bool approval_own(struct berth_ctx *c, const struct approval *a)
{
    return !a->plan.own && (c->who->id == a->by || (a->row != NULL && row_int(a->row, a->row->t->at_owner) == c->who->id));
}

/* Of what is asked now, the user's own, else that of somebody for whom they stand in. */
static const struct ask *my_ask(struct berth_ctx *c, const struct approval *a, const struct approval_deed *d)
{
    size_t n;
    const struct ask *list = asks_of(c, a, true, &n), *found = NULL;

    for (size_t i = 0; i < n; i++)
        if ((d->ask == 0 || d->ask == list[i].id) && approval_mine(c, list[i].user) && (found == NULL || list[i].user == c->who->id))
            found = &list[i];
    return found;
}

static bool step_is_over(struct berth_ctx *c, const struct approval *a)
{
    size_t n;

    asks_of(c, a, true, &n);
    return n == 0 || !a->plan.steps[a->step].all;
}

/* What the step has its approvers fill in, and nothing else. */
static int fill(struct berth_ctx *c, struct approval *a, const json_t *values)
{
    const char *fills = a->plan.steps[a->step].fills;
    struct berth_row *r = json_object_size(values) == 0 ? NULL : now(c, a);
    const char *name;
    json_t *v;

    json_object_foreach (r == NULL ? NULL : (json_t *)values, name, v) {
        const struct field *f = model_field(r->t, name);
        const char *at = fills == NULL ? NULL : strstr(fills, name);
        struct berth_val val;

        while (at != NULL && ((at > fills && strchr(", ", at[-1]) == NULL) || strchr(", ", at[strlen(name)]) == NULL))
            at = strstr(at + 1, name);
        if (f == NULL || at == NULL)
            ctx_invalid(c, name, "err.unknown_field", "name", name, NULL);
        else if (val_from_json(c, f, v, &val))
            row_set(r, name, val);
    }
    if (r == NULL || c->rc != BERTH_OK || save_own(c, r, "approval") != BERTH_OK)
        return c->rc;
    a->row = find_raw(c, a->t, a->rec);
    return c->rc;
}

/* Nobody approves over an empty field that the step asks for. */
static int check_filled(struct berth_ctx *c, const struct approval *a)
{
    const char *s = a->plan.steps[a->step].fills;

    while (s != NULL && *s != '\0' && a->row != NULL) {
        size_t n = strcspn(s, ", ");
        const char *name = arena_strndup(c->a, s, n);
        const struct field *f = n == 0 ? NULL : model_field(a->row->t, name);

        if (f != NULL && val_is_nil(a->row->v[f->at]))
            ctx_invalid(c, name, "err.required", NULL);
        s += n + strspn(s + n, ", ");
    }
    return c->rc;
}

static int approve(struct berth_ctx *c, struct approval *a, const struct ask *k, const struct approval_deed *d)
{
    if (fill(c, a, d->values) != BERTH_OK || check_filled(c, a) != BERTH_OK || end_ask(c, a, k, "approved") != BERTH_OK)
        return c->rc;
    trace(c, a, "approval_step", a->plan.steps[a->step].name);
    if (!step_is_over(c, a))
        return c->rc;
    return end_asks(c, a, "over") == BERTH_OK ? approval_next(c, a, a->step + 1) : (int)c->rc;
}

static int reject(struct berth_ctx *c, struct approval *a, const struct ask *k, const struct approval_deed *d)
{
    if (d->note == NULL || *d->note == '\0')
        return ctx_invalid(c, "note", "err.required", NULL);
    return end_ask(c, a, k, "rejected") == BERTH_OK ? approval_finish(c, a, "rejected") : (int)c->rc;
}

/* To an earlier step, which is asked anew; or to who asked, who changes the record and asks again, or gives up. */
static int give_back(struct berth_ctx *c, struct approval *a, const struct ask *k, const struct approval_deed *d)
{
    if (d->step < 0 || d->step > a->step)
        return ctx_invalid(c, "step", "err.approval_step", NULL);
    if (end_ask(c, a, k, "returned") != BERTH_OK || end_asks(c, a, "over") != BERTH_OK)
        return c->rc;
    if (d->step > 0)
        return approval_next(c, a, d->step - 1);
    a->state = "returned";
    a->due = 0;
    trace(c, a, "approval_returned", d->note);
    tell_asker(c, a, "returned", d->note);
    return c->rc == BERTH_OK ? approval_keep(c, a) : (int)c->rc;
}

static bool can_ask(struct berth_ctx *c, const struct approval *a, int64_t user)
{
    size_t n;
    const struct ask *list = asks_of(c, a, true, &n);

    for (size_t i = 0; i < n; i++)
        if (list[i].user == user)
            return ctx_invalid(c, "user", "err.approval_asked", NULL) == BERTH_OK;
    return may_decide(c, a, user) || ctx_invalid(c, "user", "err.approval_user", NULL) == BERTH_OK;
}

/* A signer before or behind is a step of their own; beside, everybody of the step has to. */
static int add_signer(struct berth_ctx *c, struct approval *a, const struct approval_deed *d)
{
    struct plan *p = &a->plan;
    const char *where = d->where == NULL ? "with" : d->where;
    bool before = strcmp(where, "before") == 0;
    int at = a->step + !before;

    if (!can_ask(c, a, d->user))
        return c->rc;
    if (strcmp(where, "with") == 0) {
        p->steps[a->step].all = true;
        return ask_one(c, a, d->user, 0) == BERTH_OK ? approval_keep(c, a) : (int)c->rc;
    }
    if (!before && strcmp(where, "after") != 0)
        return ctx_invalid(c, "where", "err.choice", "value", where, NULL);
    if (p->n >= 100)
        return ctx_fail(c, BERTH_CONFLICT, "conflict", "err.not_now");
    memmove(&p->steps[at + 1], &p->steps[at], (p->n++ - (size_t)at) * sizeof(*p->steps));
    p->steps[at] = (struct step){.name = user_name(c, d->user), .who = "people", .added = true, .late = p->steps[a->step + before].late,
                                 .hours = p->steps[a->step + before].hours};
    p->steps[at].people = (struct ids){arena_alloc(c->a, sizeof(int64_t)), 1};
    p->steps[at].people.v[0] = d->user;
    if (!before)
        return approval_keep(c, a);
    return end_asks(c, a, "over") == BERTH_OK ? approval_next(c, a, a->step) : (int)c->rc;
}

static int delegate(struct berth_ctx *c, struct approval *a, const struct ask *k, const struct approval_deed *d)
{
    return can_ask(c, a, d->user) ? approval_pass_on(c, a, k, d->user, "delegated") : (int)c->rc;
}

/* ---- what people do ----------------------------------------------------------------------------------------------- */
static int as_asker(struct berth_ctx *c, struct approval *a, const struct approval_deed *d)
{
    bool again = strcmp(d->op, "resubmit") == 0;

    if (c->who->id != a->by)
        return ctx_fail(c, BERTH_DENIED, "denied", "err.approval_asker");
    if (again && strcmp(a->state, "returned") != 0)
        return ctx_fail(c, BERTH_CONFLICT, "conflict", "err.not_now");
    act_add(c, a, again ? "resubmitted" : "withdrawn", d->note, 0, 0, NULL);
    if (!again)
        return approval_finish(c, a, "withdrawn");
    trace(c, a, "approval_asked", d->note);
    return approval_restart(c, a);
}

static int as_asked(struct berth_ctx *c, struct approval *a, const struct approval_deed *d)
{
    static const struct {
        const char *op, *told;
        int (*run)(struct berth_ctx *, struct approval *, const struct ask *, const struct approval_deed *);
    } deeds[] = {{"approve", "approved", approve},
                 {"reject", "rejected", reject},
                 {"return", "returned", give_back},
                 {"delegate", "delegated", delegate}};
    const struct ask *k = strcmp(a->state, "open") == 0 ? my_ask(c, a, d) : NULL;
    int64_t for_user = k == NULL || k->user == c->who->id ? 0 : k->user;
    const char *via = d->link ? "link" : NULL;

    if (k == NULL)
        return ctx_fail(c, BERTH_DENIED, "denied", "err.approval_not_asked");
    if (approval_own(c, a))
        return ctx_fail(c, BERTH_DENIED, "denied", "err.approval_own");
    if (strcmp(d->op, "add") == 0)
        return act_add(c, a, "added", d->note, for_user, d->user, via) == BERTH_OK ? add_signer(c, a, d) : (int)c->rc;
    for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
        if (strcmp(deeds[i].op, d->op) == 0)
            return act_add(c, a, deeds[i].told, d->note, for_user, d->user, via) == BERTH_OK ? deeds[i].run(c, a, k, d) : (int)c->rc;
    return ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
}

bool approval_known(struct berth_ctx *c, const struct approval *a)
{
    size_t n;
    const struct ask *k = asks_of(c, a, false, &n);

    for (size_t i = 0; i < n; i++)
        if (approval_mine(c, k[i].user))
            return true;
    return a->by == c->who->id || (a->row != NULL && perm_row(c, a->row, DO_READ));
}

int approval_do(struct berth_ctx *c, int64_t id, const struct approval_deed *d)
{
    struct approval *a = approval_load(c, id);
    const char *note = c->note;

    if (a == NULL || a->row == NULL || !approval_known(c, a))
        return ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    if (a->ended != 0)
        return ctx_fail(c, BERTH_CONFLICT, "conflict", "err.approval_over");
    c->note = d->note != NULL && *d->note != '\0' ? d->note : NULL;
    if (strcmp(d->op, "withdraw") == 0 || strcmp(d->op, "resubmit") == 0)
        as_asker(c, a, d);
    else
        as_asked(c, a, d);
    c->note = note;
    return c->rc;
}

int approval_left(struct berth_ctx *c, int64_t user)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT DISTINCT approval_id FROM approval_ask WHERE user_id = ? AND state = 'open'");
    struct ids ids;

    db_bind_int(s, 1, user);
    ids = find_ids(c, s);
    for (size_t i = 0; i < ids.n && c->rc == BERTH_OK; i++) {
        struct approval *a = approval_load(c, ids.v[i]);
        int64_t up = superior_of(c, user);
        const struct ask *k;
        size_t n;

        if (a == NULL)
            return c->rc;
        k = asks_of(c, a, true, &n);
        if (up == 0 || !may_decide(c, a, up)) {
            struct ids admins = approval_admins(c, a);

            up = admins.n > 0 && admins.v[0] != user ? admins.v[0] : admins.n > 1 ? admins.v[1] : 0;
        }
        for (size_t m = 0; m < n && up != 0; m++)
            if (k[m].user == user && act_add(c, a, "escalated", NULL, user, up, NULL) == BERTH_OK)
                approval_pass_on(c, a, &k[m], up, "escalated");
    }
    return c->rc;
}
