/* model.c - builds a model, looks things up in it. */
#include "model/model.h"

#include <string.h>

#include "model/build.h"

/* Names of paths, files and settings that are not a plugin's. */
static const char *const plugin_taken[] = {"host", "pool", "rule", "lua"};

static void check_plugins(struct build *b)
{
    const struct model *m = b->m;

    for (size_t i = 0; i < m->nplugins; i++) {
        const char *name = m->plugins[i]->name;

        if (!name_check(b, NULL, NULL, "plugin's", name))
            continue;
        for (size_t k = 0; k < sizeof(plugin_taken) / sizeof(plugin_taken[0]); k++)
            if (strcmp(name, plugin_taken[k]) == 0)
                problem(b, name, NULL, NULL, "the host keeps that name for itself: choose another");
        for (size_t k = 0; k < i; k++)
            if (strcmp(m->plugins[k]->name, name) == 0)
                problem(b, name, NULL, NULL, "is loaded twice");
    }
}

static void copy_words(struct build *b)
{
    struct model_word *words = arena_alloc(b->a, (b->extra->nwords + 1) * sizeof(*words));

    for (size_t i = 0; i < b->extra->nwords; i++)
        words[i] = (struct model_word){b->extra->words[i].locale, arena_strdup(b->a, b->extra->words[i].key),
                                       arena_strdup(b->a, b->extra->words[i].text)};
    b->m->words = words;
    b->m->nwords = b->extra->nwords;
}

struct model *model_build(const struct berth_plugin *const *plugins, size_t n,
                          const struct model_extra *extra, struct buf *err)
{
    static const struct model_extra none;
    struct arena *a = arena_new();
    struct model *m = arena_alloc(a, sizeof(*m));
    const struct berth_plugin **copy = arena_alloc(a, (n + 1) * sizeof(*copy));
    struct build b = {.a = a, .m = m, .extra = extra != NULL ? extra : &none, .err = err};

    if (n > 0)
        memcpy(copy, plugins, n * sizeof(*copy));
    m->arena = a;
    m->plugins = copy;
    m->nplugins = n;
    copy_words(&b);
    check_plugins(&b);
    if (b.problems == 0) {
        build_dicts(&b);
        build_tables(&b);
        build_perms(&b);
        build_rules(&b);
        build_settings(&b);
        build_routes(&b);
        build_timers(&b);
        build_actions(&b);
        build_views(&b);
        build_hooks(&b);
        build_places(&b);
        build_tiles(&b);
        build_reports(&b);
        build_approvals(&b);
    }
    m->notes = arena_strdup(a, buf_str(&b.notes));
    buf_free(&b.notes);
    if (b.problems > 0)
        model_free(&m);
    return m;
}

void model_free(struct model **mp)
{
    struct model *m = *mp;
    struct arena *a;

    if (m == NULL)
        return;
    for (size_t i = 0; i < m->ntables; i++)
        map_free((struct map *)&m->tables[i].by_name);
    for (size_t i = 0; i < m->ndicts; i++)
        map_free((struct map *)&m->dicts[i].by_key);
    map_free(&m->table_by_name);
    map_free(&m->dict_by_name);
    map_free(&m->rule_by_name);
    map_free(&m->perm_by_name);
    map_free(&m->setting_by_name);
    a = m->arena;
    arena_free(&a);
    *mp = NULL;
}

const struct table *model_table(const struct model *m, const char *name)
{
    return map_get(&m->table_by_name, name);
}

const struct field *model_field(const struct table *t, const char *name)
{
    return map_get(&t->by_name, name);
}

bool index_has(const struct index *ix, const struct field *f)
{
    for (size_t i = 0; i < ix->n; i++)
        if (ix->on[i] == f)
            return true;
    return false;
}

const struct route *model_route(const struct model *m, const char *method, const char *path)
{
    for (size_t i = 0; path != NULL && i < m->nroutes; i++)
        if (strcmp(m->routes[i].path, path) == 0 && strcmp(m->routes[i].method, method) == 0)
            return &m->routes[i];
    return NULL;
}

const struct dict *model_dict(const struct model *m, const char *full)
{
    return map_get(&m->dict_by_name, full);
}

const struct rule *model_rule(const struct model *m, const char *full)
{
    return map_get(&m->rule_by_name, full);
}

const struct perm *model_perm(const struct model *m, const char *full)
{
    return map_get(&m->perm_by_name, full);
}

const struct field *model_setting(const struct model *m, const char *full)
{
    return map_get(&m->setting_by_name, full);
}
