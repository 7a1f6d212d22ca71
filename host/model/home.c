/* home.c - what plugins say about finding one's way: places in the navigation, next steps, tiles of the
 * home page, report pages. */
#include <stdlib.h>
#include <string.h>

#include "model/build.h"

/* ---- navigation and next steps ------------------------------------------------------ */

/* "sales 10" */
static const char *place(struct build *b, const char *plugin, const char *what, const char *nav, int *at_r)
{
    size_t len = nav == NULL ? 0 : strcspn(nav, " ");
    const char *group;
    char *end;

    if (nav == NULL)
        return NULL;
    group = arena_strndup(b->a, nav, len);
    *at_r = (int)strtol(nav + len, &end, 10);
    if (!name_is_plain(group) || end == nav + len || *end != '\0')
        problem(b, plugin, what, NULL, ".nav \"%s\" is not a group and a place: write \"sales 10\"", nav);
    return group;
}

static const struct action *action_named(const struct table *t, const char *name)
{
    for (size_t i = 0; i < t->nactions; i++)
        if (strcmp(t->actions[i]->name, name) == 0)
            return t->actions[i];
    return NULL;
}

/* An action whose plugin is off is left out. */
static void find_step(struct build *b, struct table *t, const char *step, const char *when)
{
    size_t n;
    char **part = names_split(b->a, step, &n);

    if (step == NULL)
        return;
    t->step_on = n == 0 ? NULL : map_get(&t->by_name, part[0]);
    t->step_act = n < 2 ? NULL : action_named(t, part[1]);
    t->step_what = n < 3 ? NULL : map_get(&t->by_name, part[2]);
    if (t->step_on == NULL || (t->step_on->type != BERTH_DATE && t->step_on->type != BERTH_TIME))
        problem(b, t->plugin, t->name, NULL, ".step \"%s\" does not begin with one of its days: correct it", step);
    t->step_when = when;
    filter_check(b, t, t->plugin, ".step_when", when);
    if (n > 2 && t->step_what == NULL)
        problem(b, t->plugin, t->name, NULL, ".step names \"%s\", which is none of its fields", part[2]);
}

static void find_line(struct build *b, struct table *t, const char *path)
{
    t->line = model_route(b->m, "GET", path);
    if (path != NULL && t->line == NULL)
        problem(b, t->plugin, t->name, NULL, ".line \"%s\" is no GET route of a plugin: declare it", path);
}

/* "lead: customer_id, contact_id"; tables whose plugins are off are left out. */
static void find_taken(struct build *b, struct table *t, const char *taken, const char *when)
{
    const char *colon = taken == NULL ? NULL : strchr(taken, ':');
    const struct field **by;
    size_t n, refs = 0;
    char **name;

    if (taken == NULL)
        return;
    name = names_split(b->a, colon == NULL ? "" : colon + 1, &n);
    by = arena_alloc(b->m->arena, (n + 1) * sizeof(*by));
    if (n == 0)
        problem(b, t->plugin, t->name, NULL, ".taken \"%s\" is not a table and references: write \"lead: customer_id\"", taken);
    for (size_t i = 0; i < n; i++) {
        const struct field *f = map_get(&t->by_name, name[i]);

        if (f == NULL || f->type != BERTH_REF || (f->flags & BERTH_MANY) != 0)
            problem(b, t->plugin, t->name, name[i], ".taken names no such reference: correct it");
        else if (f->ref != NULL)
            by[refs++] = f;
    }
    t->taken_of = colon == NULL ? NULL : map_getn(&b->m->table_by_name, taken, (size_t)(colon - taken));
    t->taken_by = by;
    t->taken_when = when;
    filter_check(b, t, t->plugin, ".taken_when", when);
}

void build_places(struct build *b)
{
    for (size_t i = 0; i < b->m->nplugins; i++)
        EACH (berth_table, d, b->m->plugins[i]->tables, name) {
            struct table *t = map_get(&b->m->table_by_name, d->name);

            if (t == NULL || (d->flags & BERTH_EXTEND) != 0)
                continue;
            t->nav_at = 10000;
            t->nav = place(b, t->plugin, t->name, d->nav, &t->nav_at);
            if (t->nav == NULL)
                t->nav = "other";
            find_step(b, t, d->step, d->step_when);
            find_line(b, t, d->line);
            find_taken(b, t, d->taken, d->taken_when);
        }
}

/* ---- tiles -------------------------------------------------------------------------- */

static void check_names(struct build *b, const struct tile *x, const char *what, const char *list)
{
    char **names = names_split(b->a, list, NULL);

    for (size_t i = 0; names[i] != NULL; i++) {
        const char *name = names[i] + (names[i][0] == '-');

        if (map_getn(&x->table->by_name, name, strcspn(name, ":")) == NULL)
            problem(b, x->plugin, x->table->name, NULL, "tile %s: .%s names \"%s\", which is none of its fields",
                    x->name, what, name);
    }
}

static void check_tile(struct build *b, const struct tile *x)
{
    const struct berth_tile *d = x->d;
    bool grouped = d->kind >= BERTH_BARS && d->kind <= BERTH_FUNNEL, found = d->view == NULL;

    check_names(b, x, "by", d->by);
    check_names(b, x, "sum", d->sum);
    check_names(b, x, "columns", d->columns);
    check_names(b, x, "sort", d->sort);
    filter_check(b, x->table, x->plugin, arena_fmt(b->a, ".where of tile %s", x->name), d->where);
    for (size_t i = 0; i < x->table->nviews && !found; i++)
        found = strcmp(x->table->views[i]->name, d->view) == 0;
    if (!found)
        problem(b, x->plugin, x->table->name, NULL, "tile %s: there is no view \"%s\"", x->name, d->view);
    if ((unsigned)d->kind > BERTH_TODO)
        problem(b, x->plugin, x->table->name, NULL, "tile %s is of a kind this host does not know", x->name);
    if ((grouped || d->kind == BERTH_TODO) && d->by == NULL)
        problem(b, x->plugin, x->table->name, NULL, "tile %s does not say by what: set .by", x->name);
    if (d->width < 0 || d->width > 12)
        problem(b, x->plugin, x->table->name, NULL, "tile %s: .width is 1 to 12 columns", x->name);
}

static int by_order(const void *a, const void *b)
{
    const struct tile *x = a, *y = b;

    if (x->d->order != y->d->order)
        return x->d->order < y->d->order ? -1 : 1;
    return strcmp(x->full, y->full);
}

void build_tiles(struct build *b)
{
    struct model *m = b->m;
    struct tile *tiles;
    size_t room = 0;

    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_tile, d, m->plugins[i]->tiles, on)
            room++;
    tiles = arena_alloc(b->a, (room + 1) * sizeof(*tiles));
    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_tile, d, m->plugins[i]->tiles, on) {
            const char *plugin = m->plugins[i]->name;
            const struct table *t = map_get(&m->table_by_name, d->on);
            struct tile *x = &tiles[m->ntiles];

            if (!name_check(b, plugin, NULL, "tile's", d->name))
                continue;
            if (t == NULL || (t->flags & BERTH_BARE) != 0) {
                note(b, plugin, NULL, NULL, "tile %s: no enabled plugin has a table %s", d->name, d->on);
                continue;
            }
            *x = (struct tile){arena_fmt(b->a, "%s.%s", plugin, d->name), d->name, plugin, t, d};
            check_tile(b, x);
            for (size_t k = 0; k < m->ntiles; k++)
                if (strcmp(tiles[k].full, x->full) == 0)
                    problem(b, plugin, NULL, NULL, "tile %s is declared twice", x->full);
            m->ntiles++;
        }
    qsort(tiles, m->ntiles, sizeof(*tiles), by_order);
    m->tiles = tiles;
}

/* ---- reports ------------------------------------------------------------------------ */

static bool is_column(const struct report *x, const char *name, size_t len)
{
    for (size_t i = 0; i < x->ncolumns; i++)
        if (strlen(x->columns[i].name) == len && memcmp(x->columns[i].name, name, len) == 0)
            return true;
    return false;
}

static bool is_chart(const char *name, size_t len)
{
    static const char *const kinds[] = {"bar", "line", "pie", "funnel"};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strlen(kinds[i]) == len && memcmp(kinds[i], name, len) == 0)
            return true;
    return false;
}

/* "funnel name count; bar name amount weighted" */
static void check_charts(struct build *b, const struct report *x)
{
    const char *p = x->d->charts;
    size_t word = 0;

    while (p != NULL && *p != '\0') {
        size_t len = strcspn(p, " ;");

        if (len > 0 && !(word == 0 ? is_chart(p, len) : is_column(x, p, len)))
            problem(b, x->plugin, NULL, NULL, "report %s: .charts names \"%.*s\", which is no %s", x->name, (int)len, p,
                    word == 0 ? "kind of chart (bar, line, pie, funnel)" : "column of it");
        word += len > 0;
        p += len;
        if (*p == ';')
            word = 0;
        p += *p != '\0';
    }
}

void build_reports(struct build *b)
{
    struct model *m = b->m;
    struct report *reports;
    size_t room = 0;

    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_report, d, m->plugins[i]->reports, name)
            room++;
    reports = arena_alloc(b->a, (room + 1) * sizeof(*reports));
    m->reports = reports;
    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_report, d, m->plugins[i]->reports, name) {
            const char *plugin = m->plugins[i]->name;
            struct report *x = &reports[m->nreports];

            if (!name_check(b, plugin, NULL, "report's", d->name))
                continue;
            *x = (struct report){arena_fmt(b->a, "%s.%s", plugin, d->name), d->name, plugin, NULL, 10000,
                                 d->on == NULL ? NULL : map_get(&m->table_by_name, d->on), model_route(m, "GET", d->path), .d = d};
            x->nav = place(b, plugin, NULL, d->nav, &x->nav_at);
            x->form = form_fields(b, plugin, x->full, NULL, d->form, &x->nform);
            x->columns = form_fields(b, plugin, x->full, NULL, d->columns, &x->ncolumns);
            if (x->route == NULL)
                problem(b, plugin, NULL, NULL, "report %s: the plugin has no route GET %s", d->name,
                        d->path == NULL ? "(set .path)" : d->path);
            if (x->ncolumns == 0)
                problem(b, plugin, NULL, NULL, "report %s has no columns: set .columns", d->name);
            check_charts(b, x);
            m->nreports++;
        }
}

/* ---- looking them up ---------------------------------------------------------------- */

const struct tile *model_tile(const struct model *m, const char *full)
{
    for (size_t i = 0; i < m->ntiles; i++)
        if (strcmp(m->tiles[i].full, full) == 0)
            return &m->tiles[i];
    return NULL;
}

const struct report *model_report(const struct model *m, const char *full)
{
    for (size_t i = 0; i < m->nreports; i++)
        if (strcmp(m->reports[i].full, full) == 0)
            return &m->reports[i];
    return NULL;
}
