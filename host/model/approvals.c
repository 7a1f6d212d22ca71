/* approvals.c - flows of approval that plugins declare: read, and checked against the tables. */
#include "model/approvals.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "model/build.h"

/* The next word of *s; NULL at the end of it. */
static const char *word(struct arena *a, const char **s)
{
    size_t n;
    const char *w;

    *s += strspn(*s, " ");
    n = strcspn(*s, " ");
    w = n == 0 ? NULL : arena_strndup(a, *s, n);
    *s += n;
    return w;
}

static bool one_of(const char *word, const char *const *all)
{
    while (word != NULL && *all != NULL && strcmp(word, *all) != 0)
        all++;
    return word != NULL && *all != NULL;
}

bool approval_start_read(struct arena *a, const char *text, struct approval_start *out)
{
    static const char *const starts[] = {"ask", "create", "change", "action", "delete", "restore", NULL};
    const char *is;

    *out = (struct approval_start){.starts = word(a, &text)};
    out->what = word(a, &text); /* of its own: members are initialized in no order */
    is = word(a, &text);
    if (is != NULL)
        out->value = word(a, &text);
    if (!one_of(out->starts, starts) || word(a, &text) != NULL)
        return false;
    if (is != NULL && (strcmp(is, "=") != 0 || out->value == NULL || strcmp(out->starts, "change") != 0))
        return false;
    return strcmp(out->starts, "change") == 0 || (out->what != NULL) == (strcmp(out->starts, "action") == 0);
}

bool approval_step_read(struct arena *a, const char **text, struct approval_step *out)
{
    static const char *const alone[] = {"superior", "head", NULL}, *const with_name[] = {"role", "perm", "field", NULL};
    size_t n = strcspn(*text, ";");
    const char *s = arena_strndup(a, *text, n), *w;

    *text = (*text)[n] == ';' ? *text + n + 1 : NULL;
    *out = (struct approval_step){.who = word(a, &s)};
    if (one_of(out->who, with_name) ? (out->name = word(a, &s)) == NULL : !one_of(out->who, alone))
        return false;
    while ((w = word(a, &s)) != NULL)
        if (strcmp(w, "all") == 0)
            out->all = true;
        else if (out->name == NULL && isdigit((unsigned char)*w) && w[strspn(w, "0123456789")] == '\0' && strlen(w) < 3)
            out->level = atoi(w);
        else
            return false;
    return true;
}

/* ---- against the tables ------------------------------------------------------------------------- */
static bool has_field(const struct table *t, const char *name)
{
    return map_get(&t->by_name, name) != NULL;
}

static bool has_action(const struct table *t, const char *name)
{
    for (size_t i = 0; i < t->nactions; i++)
        if (strcmp(t->actions[i]->name, name) == 0)
            return true;
    return false;
}

static bool has_keys(const struct table *t, const char *field)
{
    static const char *const keys[] = {"requested", "approved", "rejected"};
    const struct field *f = map_get(&t->by_name, field);

    for (size_t i = 0; i < 3; i++)
        if (f == NULL || f->dict == NULL || map_get(&f->dict->by_key, keys[i]) == NULL)
            return false;
    return true;
}

static void check_start(struct build *b, const char *plugin, const struct table *t, const struct berth_approval *d)
{
    struct approval_start s;

    if (d->starts == NULL)
        return;
    if (!approval_start_read(b->a, d->starts, &s))
        problem(
            b, plugin, t->name, NULL,
            "approval %s starts \"%s\"; write \"ask\", \"create\", \"change\", \"change FIELD\", \"change FIELD = VALUE\", \"action NAME\", \"delete\" or \"restore\"",
            d->name, d->starts);
    else if (strcmp(s.starts, "change") == 0 && s.what != NULL && !has_field(t, s.what))
        problem(b, plugin, t->name, NULL, "approval %s: .starts names \"%s\", which is none of its fields", d->name, s.what);
    else if (strcmp(s.starts, "action") == 0 && !has_action(t, s.what))
        problem(b, plugin, t->name, NULL, "approval %s: .starts names \"%s\", which is none of its actions", d->name, s.what);
}

static void check_steps(struct build *b, const char *plugin, const struct table *t, const struct berth_approval *d)
{
    if (d->steps == NULL)
        problem(b, plugin, t->name, NULL, "approval %s asks nobody: set .steps", d->name);
    for (const char *text = d->steps; text != NULL;) {
        const char *from = text;
        struct approval_step s;

        if (!approval_step_read(b->a, &text, &s))
            problem(
                b, plugin, t->name, NULL,
                "approval %s: \"%.*s\" is no step; write \"superior\", \"head 2\", \"role manager all\", \"perm NAME\" or \"field NAME\"",
                d->name, (int)strcspn(from, ";"), from);
        else if (strcmp(s.who, "field") == 0 && !has_field(t, s.name))
            problem(b, plugin, t->name, NULL, "approval %s: a step names \"%s\", which is none of its fields", d->name, s.name);
        else if (strcmp(s.who, "perm") == 0 && map_get(&b->m->perm_by_name, s.name) == NULL)
            problem(b, plugin, t->name, NULL, "approval %s: a step asks for permission %s, which no plugin declares: add it to .perms",
                    d->name, s.name);
    }
}

static void check(struct build *b, const char *plugin, const struct berth_approval *d)
{
    static const char *const locks[] = {"all", "restart", "none", NULL};
    const struct table *t = map_get(&b->m->table_by_name, d->on);

    if (!name_check(b, plugin, d->on, "approval's", d->name))
        return;
    if (t == NULL) {
        note(b, plugin, NULL, NULL, "approval %s: no enabled plugin has a table %s", d->name, d->on);
        return;
    }
    check_start(b, plugin, t, d);
    check_steps(b, plugin, t, d);
    if (d->state != NULL && !has_keys(t, d->state))
        problem(b, plugin, t->name, NULL, "approval %s: .state must be a choice with the keys requested, approved and rejected", d->name);
    if (d->locks != NULL && !one_of(d->locks, locks))
        problem(b, plugin, t->name, NULL, "approval %s: .locks is \"%s\"; there are \"all\", \"restart\" and \"none\"", d->name, d->locks);
}

void build_approvals(struct build *b)
{
    for (size_t i = 0; i < b->m->nplugins; i++)
        EACH (berth_approval, d, b->m->plugins[i]->approvals, on)
            check(b, b->m->plugins[i]->name, d);
}
