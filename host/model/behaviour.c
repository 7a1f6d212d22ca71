/* behaviour.c - what can be done with tables: actions, views, hooks; and the rules, permissions,
 * settings, routes and timers of plugins. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/every.h"
#include "model/build.h"

enum { ACTION_FLAGS = (1 << 4) - 1 };

static const char *full_name(struct build *b, const char *plugin, const char *name)
{
    return strchr(name, '.') != NULL ? name : arena_fmt(b->a, "%s.%s", plugin, name);
}

/* "*" leaves out BERTH_BARE tables: they never pass through the record layer. */
struct table *on_next(struct build *b, const char *on, size_t *at)
{
    while (*at < b->m->ntables) {
        struct table *t = &b->tables[(*at)++];

        if (strcmp(on, t->name) == 0 || (strcmp(on, "*") == 0 && (t->flags & BERTH_BARE) == 0) ||
            (strcmp(on, "@pooled") == 0 && (t->flags & BERTH_POOLED) != 0))
            return t;
    }
    return NULL;
}

/* Tells about an `on` that can mean nothing; a table that is off is only noted. */
static void check_on(struct build *b, const char *plugin, const char *what, const char *on)
{
    const struct table *t = map_get(&b->m->table_by_name, on);

    if (t != NULL && (t->flags & BERTH_BARE) != 0)
        problem(b, plugin, on, NULL, "%s: is BERTH_BARE and has none", what);
    else if (t == NULL && on[0] == '@' && strcmp(on, "@pooled") != 0)
        problem(b, plugin, NULL, NULL, "%s: \"%s\" is unknown; there is \"@pooled\"", what, on);
    else if (t == NULL && on[0] != '@' && strcmp(on, "*") != 0)
        note(b, plugin, NULL, NULL, "%s: no enabled plugin has a table %s", what, on);
}

/* ---- permissions ------------------------------------------------------------------ */

void build_perms(struct build *b)
{
    struct model *m = b->m;
    struct perm *perms;
    size_t room = 0;

    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_perm, d, m->plugins[i]->perms, name)
            room++;
    perms = arena_alloc(b->a, (room + 1) * sizeof(*perms));
    m->perms = perms;
    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_perm, d, m->plugins[i]->perms, name) {
            struct perm *p = &perms[m->nperms];

            if (!name_check(b, m->plugins[i]->name, NULL, "permission's", d->name))
                continue;
            *p = (struct perm){full_name(b, m->plugins[i]->name, d->name), d->roles};
            m->nperms++;
            if (map_put(&m->perm_by_name, p->full, p) != NULL)
                problem(b, m->plugins[i]->name, NULL, NULL, "permission %s is declared twice",
                        p->full);
        }
}

/* NULL stays NULL; a short name is the plugin's own. */
static const char *perm_of(struct build *b, const char *plugin, const char *what, const char *perm)
{
    const char *full;

    if (perm == NULL)
        return NULL;
    full = full_name(b, plugin, perm);
    if (map_get(&b->m->perm_by_name, full) == NULL)
        problem(b, plugin, NULL, NULL,
                "%s asks for permission %s, which no plugin declares: add "
                "it to .perms",
                what, full);
    return full;
}

/* ---- rules, settings, timers, routes -------------------------------------------------- */

static bool rule_default_fits(const struct berth_rule *d)
{
    char *end;

    if (d->def == NULL || d->returns == BERTH_TEXT)
        return true;
    if (d->returns == BERTH_BOOL)
        return strcmp(d->def, "true") == 0 || strcmp(d->def, "false") == 0;
    if (d->returns == BERTH_INT || d->returns == BERTH_REF)
        (void)strtoll(d->def, &end, 10);
    else if (d->returns == BERTH_REAL || d->returns == BERTH_MONEY)
        (void)strtod(d->def, &end);
    else
        return true;
    return *d->def != '\0' && *end == '\0';
}

/* "release_days" of (lead) and "release" of (lead, pool), asked by record/due.c. */
static void find_release(struct build *b, const char *plugin, const char *name, const struct rule *r)
{
    size_t n = r->args == NULL ? 0 : strcspn(r->args, ", ");
    struct table *t = n == 0 ? NULL : map_getn(&b->m->table_by_name, r->args, n);

    if (t == NULL || (t->flags & BERTH_POOLED) == 0 || strcmp(t->plugin, plugin) != 0 ||
        strncmp(name, "release", 7) != 0)
        return;
    if (r->returns == BERTH_JSON)
        t->release = r;
    else if (r->returns == BERTH_INT)
        t->release_days = r;
}

static void check_rule(struct build *b, const char *plugin, const struct berth_rule *d)
{
    char **args = names_split(b->a, d->args, NULL);

    if (d->returns <= BERTH_NULL || d->returns >= BERTH_ROW)
        problem(b, plugin, NULL, NULL, "rule %s does not say what it returns: set .returns",
                d->name);
    else if (!rule_default_fits(d))
        problem(b, plugin, NULL, NULL, "rule %s: the default \"%s\" is not of type %s", d->name,
                d->def, model_type_name(d->returns));
    for (size_t i = 0; args[i] != NULL; i++)
        if (!name_is_plain(args[i]))
            problem(b, plugin, NULL, NULL, "rule %s: \"%s\" is no name for an argument", d->name,
                    args[i]);
}

void build_rules(struct build *b)
{
    struct model *m = b->m;
    struct rule *rules;
    size_t room = 0;

    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_rule, d, m->plugins[i]->rules, name)
            room++;
    rules = arena_alloc(b->a, (room + 1) * sizeof(*rules));
    m->rules = rules;
    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_rule, d, m->plugins[i]->rules, name) {
            const char *plugin = m->plugins[i]->name;
            struct rule *r = &rules[m->nrules];

            if (!name_check(b, plugin, NULL, "rule's", d->name))
                continue;
            check_rule(b, plugin, d);
            *r = (struct rule){full_name(b, plugin, d->name), plugin, d->args, d->def, d->returns};
            m->nrules++;
            if (map_put(&m->rule_by_name, r->full, r) != NULL)
                problem(b, plugin, NULL, NULL, "rule %s is declared twice", r->full);
            find_release(b, plugin, d->name, r);
        }
}

void build_settings(struct build *b)
{
    struct model *m = b->m;
    struct field *all;
    size_t room = 0;

    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_field, d, m->plugins[i]->settings, name)
            room++;
    all = arena_alloc(b->a, (room + 1) * sizeof(*all));
    m->settings = all;
    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_field, d, m->plugins[i]->settings, name) {
            const char *plugin = m->plugins[i]->name;
            struct field *f = &all[m->nsettings];
            struct berth_field full = *d;

            if (!name_check(b, plugin, NULL, "setting's", d->name))
                continue;
            full.name = full_name(b, plugin, d->name);
            *f = field_from(b, &full, plugin);
            f->at = (int)m->nsettings++;
            field_link(b, f, NULL);
            if (map_put(&m->setting_by_name, f->name, f) != NULL)
                problem(b, plugin, NULL, NULL, "setting %s is declared twice", f->name);
        }
}

void build_timers(struct build *b)
{
    struct model *m = b->m;
    struct timer *timers;
    size_t room = 0;

    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_timer, d, m->plugins[i]->timers, name)
            room++;
    timers = arena_alloc(b->a, (room + 1) * sizeof(*timers));
    m->timers = timers;
    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_timer, d, m->plugins[i]->timers, name) {
            const char *plugin = m->plugins[i]->name;
            struct timer t = {full_name(b, plugin, d->name), d->every, plugin, d->run, d->attempts > 0 ? d->attempts : TIMER_ATTEMPTS,
                              TIMER_WAIT};
            struct every every;

            if (!name_check(b, plugin, NULL, "timer's", d->name))
                continue;
            for (size_t k = 0; k < m->ntimers; k++)
                if (strcmp(timers[k].full, t.full) == 0)
                    problem(b, plugin, NULL, NULL, "timer %s is declared twice", t.full);
            if (!every_parse(d->every, &every))
                problem(b, plugin, NULL, NULL,
                        "timer %s: \"%s\" is no interval; write \"10m\", \"1h\", \"daily 02:00\" or as cron \"0 8 * * mon-fri\"",
                        t.full, d->every != NULL ? d->every : "");
            if (d->wait != NULL && (!every_parse(d->wait, &every) || (t.wait = every.period) == 0))
                problem(b, plugin, NULL, NULL, "timer %s waits \"%s\", which is no interval: write \"30s\" or \"5m\"", t.full, d->wait);
            if (d->run == NULL)
                problem(b, plugin, NULL, NULL, "timer %s has no function: set .run", t.full);
            timers[m->ntimers++] = t;
        }
}

static bool method_known(const char *method)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (strcmp(methods[i], method) == 0)
            return true;
    return false;
}

static void check_route(struct build *b, const struct route *r)
{
    const char *what = arena_fmt(b->a, "route %s %s", r->method, r->path != NULL ? r->path : "");

    if (!method_known(r->method))
        problem(b, r->plugin, NULL, NULL, "%s: the method must be GET, POST, PUT, PATCH or DELETE",
                what);
    if (r->run == NULL)
        problem(b, r->plugin, NULL, NULL, "%s has no function: set .run", what);
    if ((r->flags & ~(uint32_t)BERTH_OPEN) != 0)
        problem(b, r->plugin, NULL, NULL, "%s has flags this host does not know", what);
    if (r->path == NULL || r->path[0] != '/' || r->path[1] == '_' || r->path[1] == '\0') {
        problem(b, r->plugin, NULL, NULL,
                "%s: the path must begin with / and a name of yours, e.g. \"/%s/incoming\"", what,
                r->plugin);
        return;
    }
    if (map_getn(&b->m->table_by_name, r->path + 1, strcspn(r->path + 1, "/")) != NULL)
        problem(b, r->plugin, NULL, NULL,
                "%s: the first part of the path is a table, whose addresses are the host's", what);
    for (size_t i = 0; i < b->m->nroutes; i++)
        if (strcmp(b->m->routes[i].method, r->method) == 0 &&
            strcmp(b->m->routes[i].path, r->path) == 0)
            problem(b, r->plugin, NULL, NULL, "%s belongs to plugin %s already", what,
                    b->m->routes[i].plugin);
}

void build_routes(struct build *b)
{
    struct model *m = b->m;
    struct route *routes;
    size_t room = 0;

    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_route, d, m->plugins[i]->routes, method)
            room++;
    routes = arena_alloc(b->a, (room + 1) * sizeof(*routes));
    m->routes = routes;
    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_route, d, m->plugins[i]->routes, method) {
            struct route r = {d->method, d->path, NULL, m->plugins[i]->name, d->flags, d->run};

            r.perm = perm_of(b, r.plugin, arena_fmt(b->a, "route %s", d->path), d->perm);
            check_route(b, &r);
            if (r.path != NULL)
                routes[m->nroutes++] = r;
        }
}

/* ---- actions ------------------------------------------------------------------------ */

const struct field *form_fields(struct build *b, const char *plugin, const char *what, const char *self,
                                const struct berth_field *form, size_t *n_r)
{
    struct field *fields;
    size_t room = 0;

    *n_r = 0;
    EACH (berth_field, d, form, name)
        room++;
    fields = arena_alloc(b->a, (room + 1) * sizeof(*fields));
    EACH (berth_field, d, form, name) {
        struct field *f = &fields[*n_r];

        if (!name_check(b, plugin, what, "form field's", d->name))
            continue;
        *f = field_from(b, d, plugin);
        if (f->type == BERTH_REF && f->of != NULL && strcmp(f->of, "@self") == 0 && self != NULL)
            f->of = self;
        f->at = (int)(*n_r)++;
        field_link(b, f, what);
    }
    return fields;
}

static void check_action(struct build *b, const struct action *x)
{
    const char *what = arena_fmt(b->a, "action %s", x->name);

    if (x->run == NULL)
        problem(b, x->plugin, x->table->name, NULL, "%s has no function: set .run", what);
    if ((x->flags & ~(uint32_t)ACTION_FLAGS) != 0)
        problem(b, x->plugin, x->table->name, NULL, "%s has flags this host does not know", what);
    filter_check(b, x->table, x->plugin, arena_fmt(b->a, ".when of %s", what), x->when);
    for (size_t i = 0; i < x->table->nactions; i++)
        if (strcmp(x->table->actions[i]->name, x->name) == 0)
            problem(b, x->plugin, x->table->name, NULL, "%s is declared by plugin %s already", what,
                    x->table->actions[i]->plugin);
}

static size_t actions_in_all(const struct model *m)
{
    size_t n = 0;

    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_action, d, m->plugins[i]->actions, on)
            n++;
    return n;
}

/* By .order; then what the table's own plugin offers comes before what others add. */
static bool stands_before(const struct table *t, const struct action *x, const struct action *y)
{
    if (x->order != y->order)
        return x->order < y->order;
    return strcmp(x->plugin, t->plugin) == 0 && strcmp(y->plugin, t->plugin) != 0;
}

static void add_action(struct build *b, struct table *t, const char *plugin, const char *perm,
                       const struct berth_action *d)
{
    struct action *x = arena_alloc(b->a, sizeof(*x));
    const struct action **all = (const struct action **)t->actions;

    if (all == NULL)
        all = arena_alloc(b->a, actions_in_all(b->m) * sizeof(*all));
    *x = (struct action){.full = full_name(b, plugin, d->name),
                         .name = d->name,
                         .perm = perm,
                         .when = d->when,
                         .icon = d->icon,
                         .table = t,
                         .flags = d->flags,
                         .plugin = plugin,
                         .run = d->run,
                         .order = d->order};
    x->form = form_fields(b, plugin, t->name, t->name, d->form, &x->nform);
    t->actions = all;
    check_action(b, x);
    size_t place = t->nactions++;

    for (; place > 0 && stands_before(t, x, all[place - 1]); place--)
        all[place] = all[place - 1];
    all[place] = x;
}

void build_actions(struct build *b)
{
    for (size_t i = 0; i < b->m->nplugins; i++) {
        const char *plugin = b->m->plugins[i]->name;

        EACH (berth_action, d, b->m->plugins[i]->actions, on) {
            const char *what = arena_fmt(b->a, "action %s", d->name != NULL ? d->name : "");
            const char *perm = perm_of(b, plugin, what, d->perm);
            size_t at = 0;

            check_on(b, plugin, what, d->on);
            if (!name_check(b, plugin, NULL, "action's", d->name))
                continue;
            for (struct table *t; (t = on_next(b, d->on, &at)) != NULL;)
                add_action(b, t, plugin, perm, d);
        }
    }
}

/* ---- views -------------------------------------------------------------------------- */

static void check_columns(struct build *b, const struct view *v, const char *what, const char *list)
{
    char **names = names_split(b->a, list, NULL);

    for (size_t i = 0; names[i] != NULL; i++) {
        const char *name = names[i] + (names[i][0] == '-');

        if (map_getn(&v->table->by_name, name, strcspn(name, ".")) == NULL)
            problem(b, v->plugin, v->table->name, NULL,
                    "view %s: .%s names \"%s\", which is none of its fields", v->name, what, name);
    }
}

static void check_view(struct build *b, const struct view *v)
{
    check_columns(b, v, "columns", v->columns);
    check_columns(b, v, "sort", v->sort);
    check_columns(b, v, "by", v->by);
    check_columns(b, v, "from", v->from);
    check_columns(b, v, "to", v->to);
    filter_check(b, v->table, v->plugin, arena_fmt(b->a, ".where of view %s", v->name), v->where);
    if (v->look == BERTH_AS_BOARD && v->by == NULL)
        problem(b, v->plugin, v->table->name, NULL,
                "view %s is a board: set .by to its columns' field", v->name);
    if (v->look == BERTH_AS_CALENDAR && v->from == NULL)
        problem(b, v->plugin, v->table->name, NULL, "view %s is a calendar: set .from", v->name);
    for (size_t i = 0; i < v->table->nviews; i++)
        if (strcmp(v->table->views[i]->name, v->name) == 0)
            problem(b, v->plugin, v->table->name, NULL, "view %s is declared by plugin %s already",
                    v->name, v->table->views[i]->plugin);
}

static size_t views_in_all(const struct model *m)
{
    size_t n = 0;

    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_view, d, m->plugins[i]->views, on)
            n++;
    return n;
}

static void add_view(struct build *b, struct table *t, const char *plugin,
                     const struct berth_view *d)
{
    struct view *v = arena_alloc(b->a, sizeof(*v));
    const struct view **all = (const struct view **)t->views;

    if (all == NULL)
        all = arena_alloc(b->a, views_in_all(b->m) * sizeof(*all));
    *v = (struct view){d->name, plugin,  d->columns, d->where, d->sort,
                       d->by,   d->from, d->to,      t,        d->look};
    t->views = all;
    check_view(b, v);
    all[t->nviews++] = v;
}

void build_views(struct build *b)
{
    for (size_t i = 0; i < b->m->nplugins; i++) {
        const char *plugin = b->m->plugins[i]->name;

        EACH (berth_view, d, b->m->plugins[i]->views, on) {
            size_t at = 0;

            check_on(b, plugin, arena_fmt(b->a, "view %s", d->name != NULL ? d->name : ""), d->on);
            if (!name_check(b, plugin, NULL, "view's", d->name))
                continue;
            for (struct table *t; (t = on_next(b, d->on, &at)) != NULL;)
                add_view(b, t, plugin, d);
        }
    }
}

/* ---- hooks -------------------------------------------------------------------------- */

static const char *hook_problem(const struct berth_hook *d)
{
    const uint32_t when = BERTH_BEFORE | BERTH_AFTER | BERTH_DONE;
    const uint32_t what = BERTH_INSERT | BERTH_UPDATE | BERTH_DELETE;

    if (d->run == NULL)
        return "has no function: set .run";
    if ((d->when & ~(when | what | BERTH_EVENT)) != 0)
        return "has bits in .when that this host does not know";
    if ((d->when & BERTH_EVENT) != 0)
        return (d->when & what) != 0 ? "mixes BERTH_EVENT with record events" : NULL;
    if ((d->when & when) == 0)
        return "does not say when: BERTH_BEFORE, BERTH_AFTER or BERTH_DONE";
    if ((d->when & what) == 0)
        return "does not say on what: BERTH_INSERT, BERTH_UPDATE or BERTH_DELETE";
    return NULL;
}

/* Behind those of the same order that came before. */
static void hook_insert(const struct hook **all, size_t *n, const struct hook *h)
{
    size_t i = (*n)++;

    for (; i > 0 && all[i - 1]->order > h->order; i--)
        all[i] = all[i - 1];
    all[i] = h;
}

static void spread_hook(struct build *b, const struct hook *h, size_t room)
{
    size_t at = 0;

    for (struct table *t; (t = on_next(b, h->on, &at)) != NULL;) {
        if (t->hooks == NULL)
            t->hooks = arena_alloc(b->a, room * sizeof(*t->hooks));
        hook_insert((const struct hook **)t->hooks, &t->nhooks, h);
    }
}

void build_hooks(struct build *b)
{
    struct model *m = b->m;
    const struct hook **events;
    size_t room = 0;

    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_hook, d, m->plugins[i]->hooks, on)
            room++;
    events = arena_alloc(b->a, (room + 1) * sizeof(*events));
    m->event_hooks = events;
    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_hook, d, m->plugins[i]->hooks, on) {
            const char *plugin = m->plugins[i]->name, *why = hook_problem(d);
            struct hook *h = arena_alloc(b->a, sizeof(*h));

            *h = (struct hook){d->when, d->on, plugin, d->order, d->run};
            if (why != NULL)
                problem(b, plugin, NULL, NULL, "the hook on \"%s\" %s", d->on, why);
            if ((d->when & BERTH_EVENT) != 0) {
                hook_insert(events, &m->nevent_hooks, h);
            } else {
                check_on(b, plugin, "a hook", d->on);
                spread_hook(b, h, room);
            }
        }
}
