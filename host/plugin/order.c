/* order.c - loads all plugins that are wanted, those that are needed before those that need them.
 */
#include <ctype.h>
#include <libgen.h>
#include <string.h>

#include "plugin/plugin.h"

enum { PLUGINS_MAX = 500 };
enum mark { UNSEEN, VISITING, PLACED, LEFT_OUT };

struct node {
    struct plugin p;
    struct need *needs;
    size_t nneeds;
    enum mark mark;
};
struct need {
    const char *name, *least; /* least: a version, or NULL */
};
struct loading {
    const struct plugin_wanted *w;
    const struct berth_api *api;
    struct arena *a;
    struct node *nodes;
    size_t n;
    struct plugin *placed;
    size_t nplaced;
    struct buf *err, left_out;
    bool failed;
};

static void complain(struct loading *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void complain(struct loading *l, const char *fmt, ...)
{
    va_list ap;

    if (l->err->len > 0)
        buf_putc(l->err, '\n');
    va_start(ap, fmt);
    buf_addv(l->err, fmt, ap);
    va_end(ap);
    l->failed = true;
}

static struct node *find(struct loading *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->nodes[i].p.name, name) == 0)
            return &l->nodes[i];
    return NULL;
}

/* "customers >= 1.2" */
static bool need_parse(struct arena *a, const char *s, size_t len, struct need *out)
{
    char *text = arena_strndup(a, s, len), *rest, *name = strtok_r(text, " ", &rest);
    char *op = strtok_r(NULL, " ", &rest), *version = strtok_r(NULL, " ", &rest);

    if (name == NULL || (op != NULL && strcmp(op, ">=") != 0) || (op != NULL && version == NULL) ||
        strtok_r(NULL, " ", &rest) != NULL)
        return false;
    for (const char *p = version; p != NULL && *p != '\0'; p++)
        if (!isdigit((unsigned char)*p) && *p != '.')
            return false;
    *out = (struct need){name, version};
    return true;
}

static void read_needs(struct loading *l, struct node *node)
{
    const char *list = node->p.desc->needs != NULL ? node->p.desc->needs : "";
    const char **names;
    size_t room = 1;

    for (const char *p = list; *p != '\0'; p++)
        room += *p == ',';
    node->needs = arena_alloc(l->a, room * sizeof(*node->needs));
    names = arena_alloc(l->a, (room + 1) * sizeof(*names));
    while (*list != '\0') {
        size_t len = strcspn(list, ",");

        if (strspn(list, " ") < len) {
            if (need_parse(l->a, list, len, &node->needs[node->nneeds]))
                names[node->nneeds] = node->needs[node->nneeds].name, node->nneeds++;
            else
                complain(l,
                         "plugin %s: cannot understand \"%.*s\" in .needs; write \"name >= 1.2\"",
                         node->p.name, (int)len, list);
        }
        list += len + (list[len] == ',');
    }
    node->p.needs = names;
}

static const char *granted(const struct plugin_wanted *w, const char *name)
{
    for (size_t i = 0; i < w->grant.n; i++)
        if (strcmp(w->grant.at[i].name, name) == 0)
            return w->grant.at[i].value;
    return "";
}

static void check_powers(struct loading *l, const struct berth_plugin *p)
{
    const char *words = granted(l->w, p->name);
    struct buf asked = BUF_INIT;
    uint32_t caps = 0;

    if (!plugin_caps_parse(words, &caps))
        complain(l, "grant.%s = %s: there are the powers sql, net and all_rows", p->name, words);
    if ((p->caps & ~(uint32_t)(BERTH_CAP_SQL | BERTH_CAP_NET | BERTH_CAP_ALL_ROWS)) != 0) {
        complain(l, "plugin %s: asks for powers this host does not know", p->name);
    } else if ((p->caps & ~caps) != 0 && !l->w->trust) {
        plugin_caps_format(&asked, p->caps);
        complain(l,
                 "plugin %s: asks for powers it was not granted; if you trust it, write "
                 "grant.%s = %s in berth.conf",
                 p->name, p->name, asked.s);
        buf_free(&asked);
    }
}

static void add(struct loading *l, const char *name, const char *for_whom)
{
    struct plugin p = {.name = name};
    struct node *node;

    if (find(l, name) != NULL || l->n == PLUGINS_MAX)
        return;
    p.path = plugin_find(l->a, &l->w->path, name);
    if (p.path == NULL) {
        complain(l, "plugin %s%s%s: there is no %s/%s.so in plugin_path", name,
                 for_whom != NULL ? ", needed by " : "", for_whom != NULL ? for_whom : "", name,
                 name);
        return;
    }
    p.desc = plugin_load(l->a, p.path, l->api, l->err);
    if (p.desc == NULL) {
        l->failed = true;
        return;
    }
    p.dir = dirname(arena_strdup(l->a, p.path));
    if (strcmp(p.desc->name, name) != 0) {
        complain(l, "%s: is plugin %s by its .name; name the file so", p.path, p.desc->name);
        return;
    }
    check_powers(l, p.desc);
    node = &l->nodes[l->n++];
    node->p = p;
    read_needs(l, node);
    for (size_t i = 0; l->w->with_needs && i < node->nneeds; i++)
        add(l, node->needs[i].name, name);
}

static bool named_before(const struct conf_list *names, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(names->at[k], names->at[i]) == 0)
            return true;
    return false;
}

static bool skipped(const struct loading *l, const char *name)
{
    for (size_t i = 0; i < l->w->skip.n; i++)
        if (strcmp(l->w->skip.at[i], name) == 0)
            return true;
    return false;
}

static void leave_out(struct loading *l, const char *name, const char *because_of)
{
    if (l->left_out.len > 0)
        buf_putc(&l->left_out, '\n');
    if (because_of != NULL)
        buf_addf(&l->left_out, "plugin %s is left out because it needs %s", name, because_of);
    else
        buf_addf(&l->left_out, "plugin %s is left out after crashes", name);
}

/* ---- order ------------------------------------------------------------------------- */

static void place(struct loading *l, struct node *node, const char *chain);

/* False when the node has to be left out with what it needs. */
static bool place_need(struct loading *l, struct node *node, const struct need *need,
                       const char *chain)
{
    struct node *other = find(l, need->name);

    if (other == NULL && skipped(l, need->name)) {
        leave_out(l, node->p.name, need->name);
        return false;
    }
    if (other == NULL) {
        complain(l, "plugin %s needs %s, which is not enabled; add it to plugins in berth.conf",
                 node->p.name, need->name);
        return true;
    }
    place(l, other, chain);
    if (other->mark == LEFT_OUT) {
        leave_out(l, node->p.name, need->name);
        return false;
    }
    if (need->least != NULL &&
        plugin_version_compare(other->p.desc->version != NULL ? other->p.desc->version : "0",
                               need->least) < 0)
        complain(l, "plugin %s needs %s >= %s; %s is version %s", node->p.name, need->name,
                 need->least, other->p.path,
                 other->p.desc->version != NULL ? other->p.desc->version : "0");
    return true;
}

static void place(struct loading *l, struct node *node, const char *chain)
{
    chain = arena_fmt(l->a, "%s%s%s", chain, *chain != '\0' ? " -> " : "", node->p.name);
    if (node->mark == VISITING)
        complain(l, "plugins need each other in a circle: %s", chain);
    if (node->mark != UNSEEN)
        return;
    node->mark = VISITING;
    for (size_t i = 0; i < node->nneeds; i++)
        if (!place_need(l, node, &node->needs[i], chain)) {
            node->mark = LEFT_OUT;
            return;
        }
    node->mark = PLACED;
    l->placed[l->nplaced++] = node->p;
}

static void finish(struct loading *l, struct plugin_set *set)
{
    const struct berth_plugin **descs = arena_alloc(l->a, (l->nplaced + 1) * sizeof(*descs));

    for (size_t i = 0; i < l->nplaced; i++)
        descs[i] = l->placed[i].desc;
    *set = (struct plugin_set){.arena = l->a,
                               .plugins = l->placed,
                               .descs = descs,
                               .n = l->nplaced,
                               .left_out = arena_strdup(l->a, buf_str(&l->left_out))};
}

int plugin_load_all(const struct plugin_wanted *w, const struct berth_api *api,
                    struct plugin_set *set_r, struct buf *err)
{
    struct loading l = {.w = w, .api = api, .a = arena_new(), .err = err};

    l.nodes = arena_alloc(l.a, PLUGINS_MAX * sizeof(*l.nodes));
    l.placed = arena_alloc(l.a, PLUGINS_MAX * sizeof(*l.placed));
    add(&l, "base", NULL);
    for (size_t i = 0; i < w->names.n; i++) {
        if (named_before(&w->names, i))
            continue;
        if (!skipped(&l, w->names.at[i]))
            add(&l, w->names.at[i], NULL);
        else if (strcmp(w->names.at[i], "base") != 0)
            leave_out(&l, w->names.at[i], NULL);
    }
    for (size_t i = 0; i < l.n && !l.failed; i++)
        place(&l, &l.nodes[i], "");
    finish(&l, set_r);
    buf_free(&l.left_out);
    if (l.failed)
        plugin_set_free(set_r);
    return l.failed ? -1 : 0;
}

void plugin_set_free(struct plugin_set *set)
{
    arena_free(&set->arena);
    *set = (struct plugin_set){0};
}
