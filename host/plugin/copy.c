/* copy.c - brings a plugin's descriptors into the sizes of this host.
 *
 * Members are only ever appended and zero always means "as before".  A plugin built with an older
 * berth.h has shorter structs, which are filled up with zeros; one built with a newer berth.h for
 * this host (BERTH_ABI_TARGET) has longer ones, which must be zero where this host ends. */
#include <string.h>

#include "plugin/copy.h"

enum { LIST_MAX = 10000 }; /* entries; a list that is longer has lost its end */
enum { SIZE_MAX_SANE = 4096 };

/* In the order of stride[]. */
enum {
    S_TABLE,
    S_FIELD,
    S_KEY,
    S_DICT,
    S_PERM,
    S_RULE,
    S_ACTION,
    S_VIEW,
    S_ROUTE,
    S_HOOK,
    S_TIMER,
    S_TILE, /* from here on in stride2[] */
    S_REPORT,
    S_APPROVAL
};

static const struct {
    const char *member; /* as plugin authors write it */
    size_t size;        /* here */
    size_t name;        /* where the member stands that must not be NULL */
    const char *name_called;
} kinds[] = {
    [S_TABLE] = {"tables", sizeof(struct berth_table), offsetof(struct berth_table, name), "name"},
    [S_FIELD] = {"fields", sizeof(struct berth_field), offsetof(struct berth_field, name), "name"},
    [S_KEY] = {"keys", sizeof(struct berth_key), offsetof(struct berth_key, on), "on"},
    [S_DICT] = {"dicts", sizeof(struct berth_dict), offsetof(struct berth_dict, name), "name"},
    [S_PERM] = {"perms", sizeof(struct berth_perm), offsetof(struct berth_perm, name), "name"},
    [S_RULE] = {"rules", sizeof(struct berth_rule), offsetof(struct berth_rule, name), "name"},
    [S_ACTION] = {"actions", sizeof(struct berth_action), offsetof(struct berth_action, on), "on"},
    [S_VIEW] = {"views", sizeof(struct berth_view), offsetof(struct berth_view, on), "on"},
    [S_ROUTE] = {"routes", sizeof(struct berth_route), offsetof(struct berth_route, method),
                 "method"},
    [S_HOOK] = {"hooks", sizeof(struct berth_hook), offsetof(struct berth_hook, on), "on"},
    [S_TIMER] = {"timers", sizeof(struct berth_timer), offsetof(struct berth_timer, name), "name"},
    [S_TILE] = {"tiles", sizeof(struct berth_tile), offsetof(struct berth_tile, on), "on"},
    [S_REPORT] = {"reports", sizeof(struct berth_report), offsetof(struct berth_report, name), "name"},
    [S_APPROVAL] = {"approvals", sizeof(struct berth_approval), offsetof(struct berth_approval, on), "on"},
};

struct copying {
    struct arena *a;
    const struct berth_plugin *from;
    struct buf *err;
    bool failed;
};

static void complain(struct copying *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void complain(struct copying *c, const char *fmt, ...)
{
    va_list ap;

    if (c->err->len > 0)
        buf_putc(c->err, '\n');
    buf_addf(c->err, "plugin %s: ", c->from->name);
    va_start(ap, fmt);
    buf_addv(c->err, fmt, ap);
    va_end(ap);
    c->failed = true;
}

static size_t stride_of(const struct berth_plugin *p, size_t kind)
{
    return kind < S_TILE ? p->stride[kind] : p->stride2[kind - S_TILE];
}

static bool is_zero(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != 0)
            return false;
    return true;
}

static size_t list_len(struct copying *c, const char *list, int kind)
{
    size_t stride = stride_of(c->from, (size_t)kind), n = 0;

    while (n < LIST_MAX && !is_zero(list + n * stride, stride)) {
        const char *name;

        memcpy(&name, list + n * stride + kinds[kind].name, sizeof(name));
        if (name == NULL)
            complain(c, "entry %zu of .%s has no .%s", n + 1, kinds[kind].member,
                     kinds[kind].name_called);
        n++;
    }
    if (n == LIST_MAX)
        complain(c, "the list .%s does not end with {0}", kinds[kind].member);
    return n;
}

/* NULL stays NULL. */
static void *copy_list(struct copying *c, const void *list, int kind, size_t *n_r)
{
    size_t stride = stride_of(c->from, (size_t)kind), size = kinds[kind].size, n;
    char *to;

    *n_r = 0;
    if (list == NULL)
        return NULL;
    n = list_len(c, list, kind);
    if (c->failed)
        return NULL;
    to = arena_alloc(c->a, (n + 1) * size);
    for (size_t i = 0; i < n; i++) {
        const char *from = (const char *)list + i * stride;

        memcpy(to + i * size, from, stride < size ? stride : size);
        if (stride > size && !is_zero(from + size, stride - size))
            complain(c,
                     "entry %zu of .%s says more than this host understands; install a newer "
                     "Berth",
                     i + 1, kinds[kind].member);
    }
    *n_r = n;
    return to;
}

static const struct berth_table *copy_tables(struct copying *c)
{
    size_t n, ignored;
    struct berth_table *t = copy_list(c, c->from->tables, S_TABLE, &n);

    for (size_t i = 0; i < n; i++) {
        t[i].fields = copy_list(c, t[i].fields, S_FIELD, &ignored);
        t[i].keys = copy_list(c, t[i].keys, S_KEY, &ignored);
    }
    return t;
}

static const struct berth_action *copy_actions(struct copying *c)
{
    size_t n, ignored;
    struct berth_action *x = copy_list(c, c->from->actions, S_ACTION, &n);

    for (size_t i = 0; i < n; i++)
        x[i].form = copy_list(c, x[i].form, S_FIELD, &ignored);
    return x;
}

static const struct berth_report *copy_reports(struct copying *c)
{
    size_t n, ignored;
    struct berth_report *x = copy_list(c, c->from->reports, S_REPORT, &n);

    for (size_t i = 0; i < n; i++) {
        x[i].form = copy_list(c, x[i].form, S_FIELD, &ignored);
        x[i].columns = copy_list(c, x[i].columns, S_FIELD, &ignored);
    }
    return x;
}

/* Kinds of lists that came later have no size in older plugins. */
static bool sizes_ok(const struct berth_plugin *p)
{
    size_t known = p->size <= offsetof(struct berth_plugin, tiles)       ? S_TILE
                   : p->size <= offsetof(struct berth_plugin, approvals) ? S_APPROVAL
                                                                         : sizeof(kinds) / sizeof(kinds[0]);

    if (p->size < offsetof(struct berth_plugin, tables) || p->size > SIZE_MAX_SANE)
        return false;
    for (size_t i = 0; i < known; i++)
        if (stride_of(p, i) > SIZE_MAX_SANE || stride_of(p, i) < kinds[i].name + sizeof(char *))
            return false;
    return true;
}

const struct berth_plugin *plugin_copy(struct arena *a, const struct berth_plugin *from,
                                       struct buf *err)
{
    struct berth_plugin *to = arena_alloc(a, sizeof(*to));
    struct copying c = {.a = a, .from = from, .err = err};
    size_t n;

    if (!sizes_ok(from)) {
        complain(&c, "its structs have sizes this berth.h never had; build it again");
        return NULL;
    }
    memcpy(to, from, from->size < sizeof(*to) ? from->size : sizeof(*to));
    if (from->size > sizeof(*to) &&
        !is_zero((const char *)from + sizeof(*to), from->size - sizeof(*to)))
        complain(&c, "declares more than this host understands; install a newer Berth");
    c.from = to; /* whose stride[] and lists are still the plugin's */
    struct berth_plugin lists = *to;
    lists.tables = copy_tables(&c);
    lists.actions = copy_actions(&c);
    lists.dicts = copy_list(&c, to->dicts, S_DICT, &n);
    lists.settings = copy_list(&c, to->settings, S_FIELD, &n);
    lists.perms = copy_list(&c, to->perms, S_PERM, &n);
    lists.rules = copy_list(&c, to->rules, S_RULE, &n);
    lists.views = copy_list(&c, to->views, S_VIEW, &n);
    lists.routes = copy_list(&c, to->routes, S_ROUTE, &n);
    lists.hooks = copy_list(&c, to->hooks, S_HOOK, &n);
    lists.timers = copy_list(&c, to->timers, S_TIMER, &n);
    lists.tiles = copy_list(&c, to->tiles, S_TILE, &n);
    lists.reports = copy_reports(&c);
    lists.approvals = copy_list(&c, to->approvals, S_APPROVAL, &n);
    *to = lists;
    return c.failed ? NULL : to;
}
