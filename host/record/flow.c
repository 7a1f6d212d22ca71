/* flow.c - reads what has to be approved; keeps one plan for all who ask. */
#include "record/flow.h"

#include <stdlib.h>
#include <string.h>

#include "record/audit.h"
#include "record/condition.h"
#include "record/custom.h"
#include "record/find.h"
#include "record/cached.h"

struct flow_plan {
    struct cached kept;
    struct of_table {
        const struct flow **flows; /* NULL behind the last */
        size_t n;
        bool guarded, automated;
    } *tables; /* by table->at */
};

/* ---- reading ------------------------------------------------------------------------------------- */
static const char *text(const struct berth_row *r, const char *field)
{
    struct berth_val v = row_get(r, field);

    return val_is_nil(v) || v.len == 0 ? NULL : v.s;
}

struct said flow_names(const struct berth_row *r)
{
    struct said out = {0};

    for (int i = 0; i < LABELS_LOCALES; i++) {
        const struct field *f = model_said(r->t, labels_locales[i]);

        out.in[i] = f == NULL ? NULL : text(r, f->name);
    }
    return out;
}

const char *flow_said(const struct berth_ctx *c, const char *name, const struct said *said)
{
    for (int i = 0; i < LABELS_LOCALES; i++)
        if (said->in[i] != NULL && c->locale != NULL && strcmp(labels_locales[i], c->locale) == 0)
            return said->in[i];
    return name;
}

static int place_of(const char *word, const char *const *words)
{
    int i = 0;

    while (words[i] != NULL && (word == NULL || strcmp(words[i], word) != 0))
        i++;
    return words[i] == NULL ? 0 : i;
}

static const char *const starts[] = {"ask", "create", "change", "action", "delete", "restore", NULL};
static const char *const locks[] = {"all", "restart", "none", NULL};

static void read_flow(struct berth_ctx *c, struct flow_plan *p, const struct berth_row *r)
{
    const char *on = text(r, "on_table"), *field = text(r, "field"), *state = text(r, "state_field");
    const struct table *t = on == NULL ? NULL : model_table(c->m, on);
    struct of_table *of = t == NULL ? NULL : &p->tables[t->at];
    struct flow *f = arena_alloc(c->a, sizeof(*f));
    const struct flow **more;

    if (t == NULL)
        return;
    of->guarded = true;
    *f = (struct flow){.id = row_id(r), .name = text(r, "name"), .said = flow_names(r), .t = t, .starts = (enum flow_start)place_of(text(r, "starts"), starts),
                       .field = field == NULL ? NULL : model_field(t, field), .value = text(r, "value"), .action = text(r, "action"),
                       .applies_to = text(r, "applies_to"), .locks = (enum flow_lock)place_of(text(r, "locks"), locks),
                       .state = state == NULL ? NULL : model_field(t, state), .own = row_get(r, "own").i != 0,
                       .mail = row_get(r, "mail").i != 0};
    if (row_get(r, "active").i == 0 || (f->starts == FLOW_CHANGE && field != NULL && f->field == NULL)) /* its field is gone */
        return;
    more = arena_alloc(c->a, (of->n + 2) * sizeof(*more));
    if (of->n > 0)
        memcpy(more, of->flows, of->n * sizeof(*more));
    more[of->n++] = f;
    of->flows = more;
}

static void read_flows(struct berth_ctx *c, struct flow_plan *p)
{
    const struct table *t = model_table(c->m, "approval_flow");
    struct db_stmt *s;
    int rc;

    if (t == NULL)
        return;
    s = db_prepare(c->conn, arena_fmt(c->a, "SELECT %s FROM %s ORDER BY coalesce(place, 0), id", t->columns, t->sql));
    while ((rc = db_step(s)) == DB_ROW)
        read_flow(c, p, row_read(c, t, s));
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "read flows of approval");
}

static void read_automated(struct berth_ctx *c, struct flow_plan *p)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT DISTINCT on_table FROM automation WHERE active = 1");

    while (s != NULL && db_step(s) == DB_ROW) {
        const struct table *t = model_table(c->m, db_col_text(s, 0, NULL));

        if (t != NULL)
            p->tables[t->at].automated = true;
    }
    db_reset(s);
}

/* What still waits under a flow that is gone is guarded, too; and details with what they hang on. */
static void read_guarded(struct berth_ctx *c, struct flow_plan *p)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT DISTINCT tbl FROM approval WHERE ended_at IS NULL");

    while (s != NULL && db_step(s) == DB_ROW) {
        const struct table *t = store_table_of(c->st, c->m, db_col_int(s, 0));

        if (t != NULL)
            p->tables[t->at].guarded = true;
    }
    db_reset(s);
    for (int depth = 0; depth < 4; depth++)
        for (size_t i = 0; i < c->m->ntables; i++) {
            const struct field *up = c->m->tables[i].parent;

            if (up != NULL && up->ref != NULL && p->tables[up->ref->at].guarded)
                p->tables[i].guarded = true;
        }
}

static void read_plan(struct berth_ctx *c, void *plan)
{
    struct flow_plan *p = plan;

    p->tables = arena_alloc(c->a, c->m->ntables * sizeof(*p->tables));
    read_flows(c, p);
    if (model_table(c->m, "approval") != NULL)
        read_guarded(c, p);
    if (model_table(c->m, "automation") != NULL)
        read_automated(c, p);
}

/* NULL: they could not be read, and the ctx has failed. */
static const struct of_table *plan_of(struct berth_ctx *c, const struct table *t)
{
    static struct cached_kind kind = {"the flows of approval", sizeof(struct flow_plan), read_plan, NULL, PTHREAD_MUTEX_INITIALIZER};
    const struct flow_plan *p = cached_get(c, &c->st->flows, &kind);

    return p == NULL ? NULL : &p->tables[t->at];
}

void flow_changed(struct berth_ctx *c)
{
    cached_changed(c, &c->st->flows);
}

/* ---- asking ---------------------------------------------------------------------------------------- */
const struct flow *const *flow_list(struct berth_ctx *c, const struct table *t)
{
    static const struct flow *const none[] = {NULL};
    const struct of_table *of = plan_of(c, t);

    return of == NULL || of->n == 0 ? none : of->flows;
}

bool flow_guards(struct berth_ctx *c, const struct table *t)
{
    const struct of_table *of = (t->flags & BERTH_BARE) != 0 ? NULL : plan_of(c, t);

    return of != NULL && of->guarded;
}

int flow_check_lock(struct berth_ctx *c, const struct berth_row *r)
{
    bool by_a_person = c->who != NULL && !c->all && !c->approved;
    const char *flow = by_a_person && c->st->services.locks != NULL ? c->st->services.locks(c, r) : NULL;

    if (flow == NULL)
        return c->rc;
    c->args[0] = "flow";
    c->args[1] = flow;
    c->args[2] = NULL;
    return ctx_fail(c, BERTH_CONFLICT, "waiting", "err.approval_locked");
}

bool flow_automates(struct berth_ctx *c, const struct table *t)
{
    const struct of_table *of = plan_of(c, t);

    return of != NULL && of->automated;
}

/* "customers.deal" -> what it was called when it was installed: its label in the company's language. */
static const char *installed_as(struct berth_ctx *c, const struct table *t, const char *name)
{
    const char *dot = strchr(name, '.');

    return dot == NULL ? name : labels_get(c->st->labels, c->st->company.locale, arena_fmt(c->a, "%s.approval_flow.%s", t->name, dot + 1));
}

static bool is_called(const struct flow *f, const char *name)
{
    bool yes = strcmp(f->name, name) == 0;

    for (int i = 0; i < LABELS_LOCALES && !yes; i++)
        yes = f->said.in[i] != NULL && strcmp(f->said.in[i], name) == 0;
    return yes;
}

const struct flow *flow_named(struct berth_ctx *c, const struct table *t, const char *name)
{
    const char *called = name == NULL ? NULL : installed_as(c, t, name);

    for (const struct flow *const *f = flow_list(c, t); *f != NULL; f++)
        if (called == NULL ? (*f)->starts == FLOW_ASK : is_called(*f, called))
            return *f;
    return NULL;
}

bool flow_holds(struct berth_ctx *c, const char *filter, const struct berth_row *r)
{
    json_t *j = filter == NULL ? NULL : json_loads(filter, 0, NULL);
    struct berth_ctx plain;
    const struct where *w = NULL;
    bool holds;

    if (j == NULL)
        return true;
    ctx_init(&plain, c->st, c->conn, c->a, NULL, c->locale); /* no field is out of its reach */
    plain.m = c->m;
    plain.now = c->now;
    holds = !where_json(&plain, r->t, j, &w) || w == NULL || where_eval(&plain, w, r);
    json_decref(j);
    return holds;
}

/* ---- what must hold of the rows ---------------------------------------------------------------------- */
const struct table *flow_table(struct berth_ctx *c, const struct berth_row *r)
{
    const char *on = r == NULL ? NULL : text(r, "on_table");
    const struct table *t = on == NULL ? NULL : model_table(c->m, on);

    return t == NULL || (t->flags & (BERTH_BARE | BERTH_PERSONAL)) || strcmp(t->plugin, "base") == 0 ? NULL : t;
}

const struct field *flow_field(struct berth_ctx *c, const struct berth_row *r, const struct table *t, const char *column)
{
    const char *name = text(r, column);
    const struct field *f = name == NULL ? NULL : model_field(t, name);

    if (name != NULL && (f == NULL || f->at < F_DECLARED || (f->flags & BERTH_SECRET)))
        ctx_invalid(c, column, "err.unknown_field", "name", name, NULL);
    return f;
}

static bool has_key(const struct field *f, const char *key)
{
    return f->dict != NULL && map_get(&f->dict->by_key, key) != NULL;
}

void flow_value(struct berth_ctx *c, const struct berth_row *r, const struct field *f)
{
    const char *value = text(r, "value");
    struct field as;
    struct berth_val v;

    if (f == NULL || value == NULL)
        return;
    as = *f;
    as.name = "value"; /* a problem is told beside what was typed */
    val_from_text(c, &as, value, strlen(value), &v);
}

static bool people_write(const struct table *t)
{
    for (int i = F_DECLARED; i < t->nfields; i++)
        if (!(t->fields[i].flags & (BERTH_LOCKED | BERTH_SECRET)))
            return true;
    return false;
}

const char *flow_refuses(const struct table *t)
{
    if (strcmp(t->name, "approval_flow") == 0 || strcmp(t->name, "approval_step") == 0)
        return "err.approval_itself";
    if (strcmp(t->name, "api_token") == 0 || strcmp(t->name, "session") == 0)
        return "err.approval_sign_in";
    return (t->flags & BERTH_BARE) || !people_write(t) ? "err.approval_written" : NULL;
}

bool flow_makes_later(const struct table *t)
{
    return strcmp(t->plugin, "base") == 0;
}

/* The table that a flow is about, which can be nearly any. */
static const struct table *flow_about(struct berth_ctx *c, const struct berth_row *r)
{
    const char *on = r == NULL ? NULL : text(r, "on_table");

    return on == NULL ? NULL : model_table(c->m, on);
}

int flow_check(struct berth_ctx *c, struct berth_row *r)
{
    const struct table *t = flow_about(c, r);
    const char *start = text(r, "starts"), *action = text(r, "action"), *why = t == NULL ? "err.approval_table" : flow_refuses(t);
    const struct field *f;
    bool found = action == NULL;

    if (why != NULL)
        return ctx_invalid(c, "on_table", why, NULL);
    if (start != NULL && strcmp(start, "restore") == 0 && !(t->flags & BERTH_BIN))
        ctx_invalid(c, "starts", "err.bin_table", NULL);
    if (start != NULL && strcmp(start, "change") == 0) {
        flow_value(c, r, flow_field(c, r, t, "field"));
        if (text(r, "value") != NULL && text(r, "field") == NULL)
            ctx_invalid(c, "field", "err.required", NULL);
    }
    if (start != NULL && strcmp(start, "action") == 0) {
        for (size_t i = 0; i < t->nactions; i++)
            found = found || strcmp(t->actions[i]->name, action) == 0;
        if (!found)
            ctx_invalid(c, "action", "err.no_action", "name", action, NULL);
    }
    f = flow_field(c, r, t, "state_field");
    if (f != NULL && !(has_key(f, "requested") && has_key(f, "approved") && has_key(f, "rejected")))
        ctx_invalid(c, "state_field", "err.approval_state", NULL);
    return custom_filter(c, t, r, "applies_to");
}

bool flow_shows(const struct table *t)
{
    for (int depth = 0; depth < 4 && t->parent != NULL && t->parent->ref != NULL; depth++)
        t = t->parent->ref;
    return t->at_owner >= 0 && !(t->flags & (BERTH_PUBLIC | BERTH_PERSONAL));
}

/* Whoever is named is not asked about what they cannot be shown: that is said here, and not when it waits for nobody. */
static void check_people(struct berth_ctx *c, const struct berth_row *r, const struct table *t)
{
    const char *people = flow_shows(t) ? NULL : text(r, "user_ids");

    for (const char *p = people; p != NULL && *p != '\0'; p += strcspn(p + 1, "|") + 1) { /* "|7|9|" */
        int64_t id = strtoll(p + 1, NULL, 10);
        const struct who *w = id > 0 ? who_committed(c, id) : NULL;

        if (w != NULL && (!perm_may(w, t, DO_READ) || w->rights[t->at].public_only))
            ctx_invalid(c, "user_ids", "err.approval_unseen", "name", w->name, NULL);
    }
}

static void check_fills(struct berth_ctx *c, const struct berth_row *r, const struct table *t)
{
    for (const char *s = text(r, "fills"); s != NULL && *s != '\0';) {
        size_t n = strcspn(s, ", ");
        const char *name = arena_strndup(c->a, s, n);
        const struct field *f = model_field(t, name);

        if (n > 0 && (f == NULL || f->at < F_DECLARED || (f->flags & BERTH_SECRET)))
            ctx_invalid(c, "fills", "err.unknown_field", "name", name, NULL);
        s += n + strspn(s + n, ", ");
    }
}

int flow_step_check(struct berth_ctx *c, struct berth_row *r)
{
    struct berth_row *flow = find_raw(c, model_table(c->m, "approval_flow"), row_get(r, "flow_id").i);
    const struct table *t = flow_about(c, flow);
    const char *who = text(r, "who"), *perm = text(r, "perm");
    const struct field *f;

    if (t == NULL)
        return c->rc;
    if (who != NULL && strcmp(who, "field") == 0 && (f = flow_field(c, r, t, "field")) != NULL &&
        (f->type != BERTH_REF || f->ref == NULL || strcmp(f->ref->name, "user") != 0))
        ctx_invalid(c, "field", "err.approval_person", NULL);
    if (who != NULL && strcmp(who, "perm") == 0 && perm != NULL && model_perm(c->m, perm) == NULL)
        ctx_invalid(c, "perm", "err.choice", "value", perm, NULL);
    if (who != NULL && strcmp(who, "people") == 0)
        check_people(c, r, t);
    check_fills(c, r, t);
    return custom_filter(c, t, r, "applies_to");
}

int flow_saved(struct berth_ctx *c, struct berth_row *r, uint32_t deed)
{
    flow_changed(c);
    return audit_row(c, r, deed);
}
