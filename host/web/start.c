/* start.c - what the web UI asks first: before signing in, and in one call after it: who this is, the navigation, words. */
#include <stdlib.h>
#include <string.h>

#include "lua/script.h"
#include "record/import.h"
#include "record/perm.h"
#include "web/app.h"
#include "web/pages.h"

/* ---- before signing in ---------------------------------------------------------------------- */
static void demo_users(struct call *k, struct json *j)
{
    struct db_stmt *s;

    json_key(j, "demo");
    json_open(j, '[');
    s = db_prepare(k->c.conn, "SELECT login, name, coalesce(position, '') FROM \"user\" WHERE active = 1 AND login LIKE 'demo%'"
                              " ORDER BY id LIMIT 10");
    while (db_step(s) == DB_ROW) {
        json_open(j, '{');
        json_text(j, "login", db_col_text(s, 0, NULL));
        json_text(j, "password", "berth-demo");
        json_text(j, "name", db_col_text(s, 1, NULL));
        json_text(j, "role", db_col_text(s, 2, NULL));
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void locales(struct call *k, struct json *j)
{
    const char *name, *title;

    json_key(j, "locales");
    json_open(j, '[');
    for (const char *const *l = labels_locales; *l != NULL; l++)
        json_str(j, *l);
    for (size_t i = 0; (name = labels_added(k->app->st->labels, i, &title)) != NULL; i++)
        json_str(j, name);
    json_close(j, ']');
    json_key(j, "languages"); /* those that came as files, by their own names */
    json_open(j, '{');
    for (size_t i = 0; (name = labels_added(k->app->st->labels, i, &title)) != NULL; i++)
        json_text(j, name, title);
    json_close(j, '}');
}

/* What the web UI itself says instead: by administrators, or by a language's file. */
static void take_word(void *arg, const char *key)
{
    map_put(arg, key, arg);
}

static void words_instead(struct call *k, struct json *j)
{
    const char *locale = k->c.locale == NULL ? "en" : k->c.locale;
    struct map keys = {0};

    labels_each(k->app->st->labels, locale, "ui.", take_word, &keys);
    json_key(j, "words");
    json_open(j, '{');
    for (size_t i = 0; i < keys.cap; i++) {
        const char *key = keys.slots[i].key;

        if (key == NULL || !labels_has(k->app->st->labels, locale, key))
            continue;
        json_key(j, key + strlen("ui."));
        json_str(j, call_label(k, key));
    }
    json_close(j, '}');
    map_free(&keys);
}

static int public_info(struct call *k)
{
    struct json j = call_json(k);

    json_open(&j, '{');
    json_flag(&j, "setup", session_setup_open(k->app->st, k->c.conn));
    json_text(&j, "company", k->app->st->company.name);
    json_text(&j, "version", k->app->version);
    locales(k, &j);
    words_instead(k, &j);
    if (k->app->demo)
        demo_users(k, &j);
    json_close(&j, '}');
    return k->c.rc;
}

/* ---- one call after it ------------------------------------------------------------------------ */
static bool in_nav(const struct who *w, const struct table *t)
{
    if ((t->flags & (BERTH_BARE | BERTH_HIDDEN | BERTH_DETAIL)) || !perm_may(w, t, DO_READ))
        return false;
    return !(t->flags & BERTH_ADMIN) || w->admin || !w->rights[t->at].public_only;
}

bool meta_report_open(struct call *k, const struct report *r)
{
    return (r->route->perm == NULL || perm_has(k->c.who, r->route->perm)) &&
           (r->on == NULL || perm_may(k->c.who, r->on, DO_READ));
}

enum { STOP_PAGES = 50, STOP_REPORTS = 100 }; /* of plugins and scripts, in the navigation */

struct stop { /* of the navigation: a table or a report */
    const char *to, *table, *label, *icon, *group;
    int at, group_at; /* the group's: of its first */
};

static int by_place(const void *a, const void *b)
{
    const struct stop *x = a, *y = b;

    return x->group_at != y->group_at ? (x->group_at < y->group_at ? -1 : 1) : x->at != y->at ? (x->at < y->at ? -1 : 1) : 0;
}

struct report_stops {
    struct call *k;
    struct stop *all;
    size_t n, most;
};

/* "sales 60" */
static void report_stop(void *arg, const struct script_report *r)
{
    struct report_stops *x = arg;
    size_t n = r->nav == NULL ? 0 : strcspn(r->nav, " ");

    if (n > 0 && x->n < x->most && reports_may(x->k, r))
        x->all[x->n++] =
            (struct stop){arena_fmt(x->k->req->arena, "/r/%.*s/%s", (int)strcspn(r->name, "."), r->name, strchr(r->name, '.') + 1),
                          NULL,
                          arena_strdup(x->k->req->arena, reports_title(x->k, &r->title, r->name)),
                          r->icon == NULL ? "chart" : arena_strdup(x->k->req->arena, r->icon),
                          arena_strndup(x->k->req->arena, r->nav, n),
                          atoi(r->nav + n) * 100 + 99,
                          0};
}

/* A page that a plugin brings stands beside the plugin's first table. */
static size_t page_stops(struct call *k, struct stop *all, size_t n)
{
    const char *plugin, *to, *text, *icon;
    size_t tables = n;

    for (size_t i = 0; i < STOP_PAGES && pages_at(k, i, &plugin, &to, &text, &icon); i++)
        for (size_t m = 0; to != NULL && m < tables; m++) {
            const struct table *t = all[m].table == NULL ? NULL : model_table(k->c.m, all[m].table);

            if (t == NULL || (t->flags & BERTH_ADMIN) || strcmp(t->plugin, plugin) != 0)
                continue;
            all[n++] = (struct stop){to, NULL, text, icon, all[m].group, all[m].at, 0};
            break;
        }
    return n;
}

/* What is for administrators stands at the end, as declared. */
static size_t stops(struct call *k, struct stop *all)
{
    enum { ADMIN_FROM = 1000000 };
    size_t n = 0;

    for (size_t i = 0; i < k->c.m->ntables; i++) {
        const struct table *t = &k->c.m->tables[i];
        bool admin = (t->flags & BERTH_ADMIN) != 0;

        if (in_nav(k->c.who, t))
            all[n++] = (struct stop){arena_fmt(k->req->arena, "/t/%s", t->name), t->name, call_label(k, call_fmt(k, "$.*", t->name, "")),
                                     t->icon, admin ? "admin" : t->nav, (admin ? ADMIN_FROM : t->nav_at * 100) + (int)(i % 100), 0};
    }
    for (size_t i = 0; i < k->c.m->nreports; i++) {
        const struct report *r = &k->c.m->reports[i];

        if (r->nav != NULL && r->on == NULL && meta_report_open(k, r))
            all[n++] = (struct stop){arena_fmt(k->req->arena, "/r/%s/%s", r->plugin, r->name),
                                     NULL,
                                     call_label(k, call_fmt(k, "$.report.$", r->plugin, r->name)),
                                     r->d->icon,
                                     r->nav,
                                     r->nav_at * 100 + 99,
                                     0};
    }

    struct report_stops x = {k, all, n, n + STOP_REPORTS};

    scripts_reports(k->app->scripts, NULL, report_stop, &x);
    n = x.n;
    n = page_stops(k, all, n);
    for (size_t i = 0; i < n; i++) {
        all[i].group_at = all[i].at;
        for (size_t m = 0; m < n; m++)
            if (strcmp(all[m].group, all[i].group) == 0 && all[m].at < all[i].group_at)
                all[i].group_at = all[m].at;
    }
    qsort(all, n, sizeof(*all), by_place);
    return n;
}

/* What administrators set there: in words, and the fields that there are. */
static void set_up(struct call *k, struct json *j, const struct table *t)
{
    json_text(j, "about", call_about(k, t->name));
    json_key(j, "fields");
    json_open(j, '[');
    for (int i = F_DECLARED; i < t->nfields; i++)
        if (!(t->fields[i].flags & (BERTH_LOCKED | BERTH_SECRET)) && perm_field(k->c.who, &t->fields[i]) != ACCESS_NONE)
            json_str(j, labels_field(k->app->st->labels, k->c.locale, t->name, t->fields[i].name));
    json_close(j, ']');
}

static void nav(struct call *k, struct json *j)
{
    struct stop *all = arena_alloc(k->req->arena, (k->c.m->ntables + k->c.m->nreports + STOP_REPORTS + STOP_PAGES + 1) * sizeof(*all));
    size_t n = stops(k, all);

    json_key(j, "nav");
    json_open(j, '[');
    for (size_t i = 0; i < n; i++) {
        const struct table *t = all[i].table == NULL ? NULL : model_table(k->c.m, all[i].table);

        json_open(j, '{');
        json_text(j, "to", all[i].to);
        json_text(j, "table", all[i].table);
        json_text(j, "label", all[i].label);
        json_text(j, "icon", all[i].icon);
        json_text(j, "group", all[i].group);
        if (t != NULL) { /* what may be offered from anywhere */
            json_flag(j, "create", perm_may(k->c.who, t, DO_CREATE));
            json_flag(j, "import", import_may(&k->c, t));
            if (t->flags & BERTH_ADMIN)
                set_up(k, j, t);
        }
        if (meta_line(k, all[i].table) != NULL)
            json_text(j, "line", meta_line(k, all[i].table));
        json_close(j, '}');
    }
    json_close(j, ']');
    json_key(j, "groups");
    json_open(j, '[');
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && strcmp(all[i].group, all[i - 1].group) == 0)
            continue;
        json_open(j, '{');
        json_text(j, "name", all[i].group);
        json_text(j, "label", call_label(k, call_fmt(k, "nav.$", all[i].group, "")));
        json_close(j, '}');
    }
    json_close(j, ']');
}

static int start(struct call *k)
{
    const struct who *w = k->c.who;
    const struct company *co = &k->app->st->company;
    struct json j = call_json(k);

    json_open(&j, '{');
    json_key(&j, "user");
    call_user(k, &j, w);
    if (k->viewer != 0)
        call_viewer(k, &j);
    json_key(&j, "company");
    json_open(&j, '{');
    json_text(&j, "name", co->name);
    json_text(&j, "country", co->country);
    json_text(&j, "currency", co->currency);
    json_text(&j, "zone", co->zone);
    json_close(&j, '}');
    json_text(&j, "version", k->app->version);
    locales(k, &j);
    nav(k, &j);
    words_instead(k, &j);
    pages_json(k, &j);
    json_key(&j, "perms");
    json_open(&j, '[');
    for (size_t i = 0; i < k->c.m->nperms; i++)
        if (perm_has(w, k->c.m->perms[i].full))
            json_str(&j, k->c.m->perms[i].full);
    json_close(&j, ']');
    if (w->admin && k->app->left_out != NULL && *k->app->left_out != '\0')
        json_text(&j, "left_out", k->app->left_out);
    json_close(&j, '}');
    return k->c.rc;
}

const struct route_entry routes_start[] = {
    {"GET", "/api/_public", R_PUBLIC, public_info},
    {"GET", "/api/_start", 0, start},
    {0},
};
