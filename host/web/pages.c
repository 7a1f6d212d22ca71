/* pages.c - pages that plugins bring themselves: reading, telling, serving. */
#include "web/pages.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

struct page {
    const char *plugin, *id, *tag, *module, *icon, *perm;
    int64_t sdk;
};

struct pages {
    struct arena *arena;
    struct folder {
        const char *plugin;
        struct static_dir *files;
    } *folders;
    size_t nfolders;
    struct page *list;
    size_t n, room;
};

enum { PAGES_MAX = 200 };

static bool plain(const char *s, const char *also)
{
    if (s == NULL || *s < 'a' || *s > 'z' || strlen(s) > 60)
        return false;
    for (; *s != '\0'; s++)
        if (!(*s >= 'a' && *s <= 'z') && !(*s >= '0' && *s <= '9') && strchr(also, *s) == NULL)
            return false;
    return true;
}

static const char *word(struct pages *p, const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s == NULL ? NULL : arena_strdup(p->arena, s);
}

static void add_page(struct pages *p, const char *plugin, const char *dir, const json_t *o)
{
    struct page g = {plugin, word(p, o, "id"), word(p, o, "tag"), word(p, o, "module"), word(p, o, "icon"), word(p, o, "perm"), 1};
    size_t n = strlen(plugin);

    if (json_is_integer(json_object_get(o, "sdk")))
        g.sdk = json_integer_value(json_object_get(o, "sdk"));
    if (!plain(g.id, "_") || !plain(g.tag, "_-") || strncmp(g.tag, plugin, n) != 0 || g.tag[n] != '-')
        log_warn("plugin", "%s/pages.json: a page needs an id, and a tag that begins with %s-", dir, plugin);
    else if (!plain(g.module, "_-.") || access(arena_fmt(p->arena, "%s/%s", dir, g.module), R_OK) < 0)
        log_warn("plugin", "%s/pages.json: page %s: there is no module %s", dir, g.id, g.module == NULL ? "" : g.module);
    else if (p->n < PAGES_MAX)
        p->list[p->n++] = g;
}

static void open_one(struct pages *p, const struct plugin *plugin)
{
    const char *dir = arena_fmt(p->arena, "%s/ui", plugin->dir), *name = arena_strdup(p->arena, plugin->name);
    const char *file = arena_fmt(p->arena, "%s/pages.json", dir);
    struct buf err = BUF_INIT;
    struct static_dir *files;
    json_error_t e;
    json_t *all;

    if (access(file, F_OK) < 0)
        return;
    all = json_load_file(file, JSON_REJECT_DUPLICATES, &e);
    if (!json_is_array(all)) {
        log_warn("plugin", "%s:%d: %s", file, e.line, all == NULL ? e.text : "a list of pages is expected");
    } else if ((files = static_open(dir, NULL, &err)) == NULL) {
        log_warn("plugin", "%s", buf_str(&err));
    } else {
        p->folders[p->nfolders++] = (struct folder){name, files};
        for (size_t i = 0; i < json_array_size(all); i++)
            add_page(p, name, dir, json_array_get(all, i));
    }
    json_decref(all);
    buf_free(&err);
}

struct pages *pages_open(const struct plugin *plugins, size_t n)
{
    struct pages *p = mem_alloc(sizeof(*p));

    p->arena = arena_new();
    p->folders = arena_alloc(p->arena, (n + 1) * sizeof(*p->folders));
    p->list = arena_alloc(p->arena, PAGES_MAX * sizeof(*p->list));
    for (size_t i = 0; i < n; i++)
        open_one(p, &plugins[i]);
    return p;
}

void pages_close(struct pages **at)
{
    struct pages *p = *at;

    if (p == NULL)
        return;
    for (size_t i = 0; i < p->nfolders; i++)
        static_close(&p->folders[i].files);
    arena_free(&p->arena);
    free(p);
    *at = NULL;
}

void pages_json(struct call *k, struct json *j)
{
    const struct pages *p = k->app->pages;

    json_key(j, "pages");
    json_open(j, '[');
    for (size_t i = 0; p != NULL && i < p->n; i++) {
        const struct page *g = &p->list[i];
        const char *url = arena_fmt(k->req->arena, "/plugins/%s/%s?v=%llx", g->plugin, g->module, (unsigned long long)k->app->meta_tag);
        const char *key = arena_fmt(k->req->arena, "%s.page.%s", g->plugin, g->id);
        const char *const members[][2] = {{"plugin", g->plugin}, {"id", g->id}, {"tag", g->tag}, {"module", url}, {"icon", g->icon},
                                          {"label", labels_get(k->app->st->labels, k->c.locale, key)}};

        if (g->perm != NULL && !perm_has(k->c.who, g->perm))
            continue;
        json_open(j, '{');
        for (size_t m = 0; m < sizeof(members) / sizeof(members[0]); m++) {
            json_key(j, members[m][0]);
            json_str(j, members[m][1]);
        }
        json_number(j, "sdk", g->sdk);
        json_close(j, '}');
    }
    json_close(j, ']');
}

bool pages_at(struct call *k, size_t i, const char **plugin, const char **to, const char **label, const char **icon)
{
    const struct pages *p = k->app->pages;
    const struct page *g = p == NULL || i >= p->n ? NULL : &p->list[i];

    if (g == NULL)
        return false;
    *plugin = g->plugin;
    *icon = g->icon;
    *to = g->perm == NULL || perm_has(k->c.who, g->perm) ? arena_fmt(k->req->arena, "/p/%s/%s", g->plugin, g->id) : NULL;
    *label = labels_get(k->app->st->labels, k->c.locale, arena_fmt(k->req->arena, "%s.page.%s", g->plugin, g->id));
    return true;
}

bool pages_serve(const struct pages *p, struct http_req *req)
{
    const char *path = req->path, *name, *rest;

    if (p == NULL || strncmp(path, "/plugins/", 9) != 0)
        return false;
    name = path + 9;
    rest = strchr(name, '/');
    for (size_t i = 0; rest != NULL && strchr(rest, '.') != NULL && i < p->nfolders; i++) {
        size_t n = strlen(p->folders[i].plugin);

        if ((size_t)(rest - name) != n || strncmp(p->folders[i].plugin, name, n) != 0)
            continue;
        req->path = rest;
        static_serve(p->folders[i].files, req);
        req->path = path;
        return true;
    }
    http_fail(req, 404, "not_found", "There is nothing at this address.");
    return true;
}
