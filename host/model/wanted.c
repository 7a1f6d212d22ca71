/* wanted.c - which texts declarations want. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "model/labels.h"
#include "model/model.h"

struct want {
    const char *plugin;
    void (*each)(void *arg, const char *key);
    void *arg;
};

static bool theirs(const struct want *w, const char *plugin)
{
    return plugin != NULL && (w->plugin == NULL || strcmp(w->plugin, plugin) == 0);
}

static void key(const struct want *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void key(const struct want *w, const char *fmt, ...)
{
    struct buf k = BUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    buf_addv(&k, fmt, ap);
    va_end(ap);
    w->each(w->arg, buf_str(&k));
    buf_free(&k);
}

static bool group_before(const struct table *t, const struct field *f)
{
    for (const struct field *g = t->fields; g < f; g++)
        if (g->group != NULL && strcmp(g->group, f->group) == 0)
            return true;
    return false;
}

/* Groups of the navigation that the host has texts for itself. */
static bool own_group(const char *nav)
{
    static const char *const groups[] = {"sales", "customers", "work", "other"};

    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        if (strcmp(groups[i], nav) == 0)
            return true;
    return false;
}

static void table_keys(const struct want *w, const struct table *t)
{
    if (theirs(w, t->plugin)) {
        key(w, "%s", t->name);
        key(w, "%s.*", t->name);
    }
    for (int i = 0; i < t->nfields; i++) {
        const struct field *f = &t->fields[i];

        if (!theirs(w, f->plugin))
            continue;
        key(w, "%s.%s", t->name, f->name);
        if (f->group != NULL && !group_before(t, f))
            key(w, "%s.group.%s", t->name, f->group);
    }
    for (size_t i = 0; i < t->nviews; i++)
        if (theirs(w, t->views[i]->plugin))
            key(w, "%s.view.%s", t->name, t->views[i]->name);
    if (theirs(w, t->plugin) && !own_group(t->nav))
        key(w, "nav.%s", t->nav);
}

static void home_keys(const struct want *w, const struct model *m)
{
    for (size_t i = 0; i < m->ntiles; i++)
        if (theirs(w, m->tiles[i].plugin))
            key(w, "%s.tile.%s", m->tiles[i].plugin, m->tiles[i].name);
    for (size_t i = 0; i < m->nreports; i++) {
        const struct report *x = &m->reports[i];

        if (!theirs(w, x->plugin))
            continue;
        key(w, "%s.report.%s", x->plugin, x->name);
        for (size_t k = 0; k < x->nform; k++)
            key(w, "%s.report.%s.%s", x->plugin, x->name, x->form[k].name);
        for (size_t k = 0; k < x->ncolumns; k++)
            key(w, "%s.report.%s.%s", x->plugin, x->name, x->columns[k].name);
    }
}

/* A label for one table beats the one for all: "lead.action.claim", "*.action.claim". */
static void action_keys(const struct want *w, const struct berth_plugin *p)
{
    for (const struct berth_action *x = p->actions; x != NULL && x->on != NULL; x++) {
        const char *on = x->on[0] == '@' ? "*" : x->on;

        key(w, "%s.action.%s", on, x->name);
        for (const struct berth_field *f = x->form; f != NULL && f->name != NULL; f++)
            key(w, "%s.action.%s.%s", on, x->name, f->name);
    }
}

void labels_wanted(const struct model *m, const char *plugin,
                   void (*each)(void *arg, const char *key), void *arg)
{
    struct want w = {plugin, each, arg};

    for (size_t i = 0; i < m->nplugins; i++)
        if (theirs(&w, m->plugins[i]->name)) {
            key(&w, "%s", m->plugins[i]->name);
            action_keys(&w, m->plugins[i]);
            for (const struct berth_approval *x = m->plugins[i]->approvals; x != NULL && x->on != NULL; x++)
                key(&w, "%s.approval_flow.%s", x->on, x->name);
        }
    for (size_t i = 0; i < m->ntables; i++)
        if ((m->tables[i].flags & BERTH_BARE) == 0)
            table_keys(&w, &m->tables[i]);
    home_keys(&w, m);
    for (size_t i = 0; i < m->ndicts; i++)
        for (size_t k = 0; k < m->dicts[i].n; k++)
            if (theirs(&w, m->dicts[i].plugin) && !m->dicts[i].items[k].custom)
                key(&w, "%s.%s", m->dicts[i].name, m->dicts[i].items[k].key);
    for (size_t i = 0; i < m->nsettings; i++)
        if (theirs(&w, m->settings[i].plugin))
            key(&w, "%s.setting.%s", m->settings[i].plugin, strchr(m->settings[i].name, '.') + 1);
    for (size_t i = 0; i < m->ntimers; i++)
        if (theirs(&w, m->timers[i].plugin))
            key(&w, "%s.timer.%s", m->timers[i].plugin, strchr(m->timers[i].full, '.') + 1);
    for (size_t i = 0; i < m->nperms; i++) {
        const char *full = m->perms[i].full;
        size_t len = strcspn(full, ".");

        if (plugin == NULL || (strncmp(plugin, full, len) == 0 && plugin[len] == '\0'))
            key(&w, "%.*s.perm.%s", (int)len, full, full + len + 1);
    }
}

struct missing {
    const struct labels *labels;
    struct buf *out;
    size_t n;
};

static void look_for(void *arg, const char *k)
{
    struct missing *x = arg;

    for (size_t i = 0; labels_locales[i] != NULL; i++)
        if (!labels_has(x->labels, labels_locales[i], k)) {
            buf_addf(x->out, "%s: %s\n", labels_locales[i], k);
            x->n++;
        }
}

size_t labels_missing(const struct labels *l, const struct model *m, const char *plugin,
                      struct buf *out)
{
    struct missing x = {l, out, 0};

    labels_wanted(m, plugin, look_for, &x);
    return x.n;
}
