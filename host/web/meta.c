/* meta.c - what the web UI is drawn from: navigation, tables, fields, views, actions. */
#include <stdlib.h>
#include <string.h>

#include "lua/script.h"
#include "record/find.h"
#include "record/layout.h"
#include "record/offer.h"
#include "record/told.h"
#include "record/view.h"
#include "record/where.h"
#include "web/app.h"
#include "web/pages.h"

static const char *label(struct call *k, const char *key)
{
    return labels_get(k->app->st->labels, k->c.locale, key);
}

static const char *label_or(struct call *k, const char *key, const char *otherwise)
{
    const char *s = labels_find(k->app->st->labels, k->c.locale, key);

    return s != NULL ? s : otherwise;
}

static const char *fmt2(struct call *k, const char *fmt, const char *a, const char *b)
{
    struct buf out = BUF_INIT;
    const char *s;

    for (; *fmt != '\0'; fmt++) {
        if (*fmt == '$') {
            buf_puts(&out, a);
            a = b;
        } else {
            buf_putc(&out, *fmt);
        }
    }
    s = arena_strdup(k->req->arena, buf_str(&out));
    buf_free(&out);
    return s;
}

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
        json_key(j, "login");
        json_str(j, db_col_text(s, 0, NULL));
        json_key(j, "password");
        json_str(j, "berth-demo");
        json_key(j, "name");
        json_str(j, db_col_text(s, 1, NULL));
        json_key(j, "role");
        json_str(j, db_col_text(s, 2, NULL));
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
    for (size_t i = 0; (name = labels_added(k->app->st->labels, i, &title)) != NULL; i++) {
        json_key(j, name);
        json_str(j, title);
    }
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
        json_str(j, label(k, key));
    }
    json_close(j, '}');
    map_free(&keys);
}

static int public_info(struct call *k)
{
    struct json j = call_json(k);

    json_open(&j, '{');
    json_key(&j, "setup");
    json_bool(&j, session_setup_open(k->app->st, k->c.conn));
    json_key(&j, "company");
    json_str(&j, k->app->st->company.name);
    json_key(&j, "version");
    json_str(&j, k->app->version);
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
        x->all[x->n++] = (struct stop){arena_fmt(x->k->req->arena, "/r/%.*s/%s", (int)strcspn(r->name, "."), r->name, strchr(r->name, '.') + 1), NULL,
                                       arena_strdup(x->k->req->arena, reports_title(x->k, &r->title, r->name)),
                                       r->icon == NULL ? "chart" : arena_strdup(x->k->req->arena, r->icon),
                                       arena_strndup(x->k->req->arena, r->nav, n), atoi(r->nav + n) * 100 + 99, 0};
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
            all[n++] = (struct stop){arena_fmt(k->req->arena, "/t/%s", t->name), t->name, label(k, fmt2(k, "$.*", t->name, "")),
                                     t->icon, admin ? "admin" : t->nav, (admin ? ADMIN_FROM : t->nav_at * 100) + (int)(i % 100), 0};
    }
    for (size_t i = 0; i < k->c.m->nreports; i++) {
        const struct report *r = &k->c.m->reports[i];

        if (r->nav != NULL && r->on == NULL && meta_report_open(k, r))
            all[n++] = (struct stop){arena_fmt(k->req->arena, "/r/%s/%s", r->plugin, r->name), NULL,
                                     label(k, fmt2(k, "$.report.$", r->plugin, r->name)), r->d->icon, r->nav, r->nav_at * 100 + 99, 0};
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

static void nav(struct call *k, struct json *j)
{
    struct stop *all = arena_alloc(k->req->arena, (k->c.m->ntables + k->c.m->nreports + STOP_REPORTS + STOP_PAGES + 1) * sizeof(*all));
    size_t n = stops(k, all);

    json_key(j, "nav");
    json_open(j, '[');
    for (size_t i = 0; i < n; i++) {
        json_open(j, '{');
        json_key(j, "to");
        json_str(j, all[i].to);
        json_key(j, "table");
        json_str(j, all[i].table);
        json_key(j, "label");
        json_str(j, all[i].label);
        json_key(j, "icon");
        json_str(j, all[i].icon);
        json_key(j, "group");
        json_str(j, all[i].group);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_key(j, "groups");
    json_open(j, '[');
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && strcmp(all[i].group, all[i - 1].group) == 0)
            continue;
        json_open(j, '{');
        json_key(j, "name");
        json_str(j, all[i].group);
        json_key(j, "label");
        json_str(j, label(k, fmt2(k, "nav.$", all[i].group, "")));
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
    json_key(&j, "name");
    json_str(&j, co->name);
    json_key(&j, "country");
    json_str(&j, co->country);
    json_key(&j, "currency");
    json_str(&j, co->currency);
    json_key(&j, "zone");
    json_str(&j, co->zone);
    json_close(&j, '}');
    json_key(&j, "version");
    json_str(&j, k->app->version);
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
    if (w->admin && k->app->left_out != NULL && *k->app->left_out != '\0') {
        json_key(&j, "left_out");
        json_str(&j, k->app->left_out);
    }
    json_close(&j, '}');
    return k->c.rc;
}

/* ---- one table ----------------------------------------------------------------------------------- */
static const char *type_name(enum berth_type t)
{
    static const char *const names[] = {
        [BERTH_NULL] = "null", [BERTH_TEXT] = "text",   [BERTH_LONG] = "long", [BERTH_PHONE] = "phone",
        [BERTH_EMAIL] = "email", [BERTH_URL] = "url",   [BERTH_INT] = "int",   [BERTH_REAL] = "real",
        [BERTH_BOOL] = "bool", [BERTH_MONEY] = "money", [BERTH_DATE] = "date", [BERTH_TIME] = "time",
        [BERTH_PICK] = "pick", [BERTH_REF] = "ref",     [BERTH_FILE] = "file", [BERTH_JSON] = "json",
        [BERTH_ROW] = "row"};

    return names[t];
}

static void strings(struct json *j, const char *list)
{
    json_open(j, '[');
    while (*list != '\0') {
        size_t n = strcspn(list, "|");

        json_strn(j, list, n);
        list += n + (list[n] == '|');
    }
    json_close(j, ']');
}

static const char *filter_ops(const struct field *f)
{
    if (f->type == BERTH_JSON || (f->flags & BERTH_SECRET))
        return "";
    if (f->flags & BERTH_MANY)
        return "in|not in|empty|not empty";
    if (f->type == BERTH_PICK || f->type == BERTH_REF)
        return "=|!=|in|not in|empty|not empty";
    if (f->type == BERTH_BOOL)
        return "=";
    if (f->type == BERTH_FILE)
        return "empty|not empty";
    if (field_is_text(f))
        return "~|^|=|!=|empty|not empty";
    return "within|=|!=|<|<=|>|>=|empty|not empty";
}

/* What the table, or every table, calls it. */
static const char *label_on(struct call *k, const char *what)
{
    return labels_on(k->app->st->labels, k->c.locale, k->t->name, what);
}

static const char *label_on_or(struct call *k, const char *kind, const char *name)
{
    const char *s = label_on(k, fmt2(k, "$$", kind, name));

    return s != NULL ? s : name;
}

/* A form's field has a label of its own, "lead.action.transfer.to_id", or that of the table's field. */
static const char *field_label(struct call *k, const struct field *f, const char *on, const char *scope)
{
    const char *s = labels_on(k->app->st->labels, k->c.locale, on, fmt2(k, "$$", scope, f->name));

    return s != NULL ? s : labels_field(k->app->st->labels, k->c.locale, on, f->name);
}

static void options(struct call *k, struct json *j, const struct field *f)
{
    json_key(j, "options");
    json_open(j, '[');
    for (size_t i = 0; i < f->dict->n; i++) {
        const struct dict_item *it = &f->dict->items[i];

        json_open(j, '{');
        json_key(j, "value");
        json_str(j, it->key);
        json_key(j, "label");
        json_str(j, label_or(k, fmt2(k, "$.$", f->dict->name, it->key), it->key));
        json_key(j, "color");
        json_str(j, it->color);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void option(struct json *j, const char *value, const char *text)
{
    json_open(j, '{');
    json_key(j, "value");
    json_str(j, value);
    json_key(j, "label");
    json_str(j, text);
    json_close(j, '}');
}

static void field_options(struct call *k, struct json *j, struct map *seen, const struct table *t, bool dates)
{
    for (int i = F_DECLARED; i < t->nfields; i++) {
        const struct field *f = &t->fields[i];

        if ((dates && f->type != BERTH_DATE && f->type != BERTH_TIME) || (f->flags & BERTH_SECRET) || map_get(seen, f->name) != NULL)
            continue;
        map_put(seen, f->name, seen);
        option(j, f->name, labels_field(k->app->st->labels, k->c.locale, t->name, f->name));
    }
}

/* What a text may name: tables, or fields of pooled tables, each once; which of them the record decides. */
static void names(struct call *k, struct json *j, const struct field *f)
{
    bool tables = strcmp(f->of, "@table") == 0, pooled = strcmp(f->of, "@pooled") == 0;
    struct map seen = {0};

    json_key(j, "options");
    json_open(j, '[');
    for (size_t i = 0; i < k->c.m->ntables; i++) {
        const struct table *t = &k->c.m->tables[i];

        if (tables ? (t->flags & (BERTH_BARE | BERTH_HIDDEN)) || !perm_may(k->c.who, t, DO_READ) : !(t->flags & BERTH_POOLED))
            continue;
        if (tables || pooled)
            option(j, t->name, label(k, fmt2(k, "$.*", t->name, "")));
        else
            field_options(k, j, &seen, t, strcmp(f->of, "@date") == 0);
    }
    json_close(j, ']');
    map_free(&seen);
}

static void flag(struct json *j, const char *key, bool v)
{
    json_key(j, key);
    json_bool(j, v);
}

/* The number that a reference holds says nothing to people. */
static bool sortable(const struct field *f)
{
    return f->at == F_ID || f->at == F_CREATED_AT || f->at == F_UPDATED_AT ||
           (f->type != BERTH_REF && (f->flags & (BERTH_INDEX | BERTH_UNIQUE)));
}

/* What a board by a reference to these records shows of them: all, in this order and these colours; of parts of
 * something, those of what is in use. */
static void board_of(struct json *j, const struct table *t)
{
    json_key(j, "board");
    json_open(j, '{');
    json_key(j, "title");
    json_str(j, t->title == NULL ? "id" : t->title->name);
    json_key(j, "place");
    json_str(j, t->board_place->name);
    json_key(j, "color");
    json_str(j, t->board_color == NULL ? NULL : t->board_color->name);
    json_key(j, "parent");
    json_str(j, t->parent == NULL ? NULL : t->parent->name);
    json_close(j, '}');
}

void meta_plain(struct call *k, struct json *j, const struct field *f, const char *name)
{
    json_open(j, '{');
    json_key(j, "name");
    json_str(j, f->name);
    json_key(j, "type");
    json_str(j, f->type == BERTH_TIME ? "text" : type_name(f->type));
    json_key(j, "label");
    json_str(j, name);
    json_key(j, "help");
    json_nil(j);
    json_key(j, "group");
    json_str(j, "basic");
    flag(j, "required", false);
    flag(j, "readonly", false);
    flag(j, "many", false);
    json_key(j, "of");
    json_str(j, f->type == BERTH_MONEY && f->of == NULL ? k->app->st->company.currency : f->of);
    if (f->type == BERTH_PICK && f->dict != NULL)
        options(k, j, f);
    json_close(j, '}');
}

void meta_field(struct call *k, struct json *j, const struct field *f, const char *on, const char *scope, bool form)
{
    enum access a = form ? ACCESS_WRITE : perm_field(k->c.who, f);
    bool own = !form && f->at < F_DECLARED;
    const struct layout *l = !form && f->table == k->t ? k->layout : NULL;

    json_open(j, '{');
    json_key(j, "name");
    json_str(j, f->name);
    json_key(j, "type");
    json_str(j, type_name(f->type));
    json_key(j, "label");
    json_str(j, field_label(k, f, on, scope));
    json_key(j, "help");
    json_str(j, labels_on(k->app->st->labels, k->c.locale, on, fmt2(k, "$$?", scope, f->name)));
    json_key(j, "group");
    json_str(j, own ? "record" : l != NULL && l->group[f->at] != NULL ? l->group[f->at] : f->group == NULL ? "basic" : f->group);
    if (l != NULL && l->hidden[f->at])
        flag(j, "hidden", true);
    flag(j, "required", !own && (f->flags & BERTH_REQUIRED) && !(f->def != NULL && f->def[0] == '@'));
    flag(j, "readonly", own || (f->flags & BERTH_LOCKED) || a != ACCESS_WRITE);
    flag(j, "custom", f->custom);
    json_key(j, "max");
    if (f->max > 0)
        json_int(j, f->max);
    else
        json_nil(j);
    json_key(j, "default");
    if (f->def != NULL && f->def[0] != '@') {
        struct berth_val v;

        val_from_text(&k->c, f, f->def, strlen(f->def), &v);
        val_json(j, f, v);
    } else {
        json_nil(j);
    }
    flag(j, "unique", f->flags & BERTH_UNIQUE);
    if (f->flags & BERTH_DUE)
        flag(j, "due", true);
    flag(j, "many", f->flags & BERTH_MANY);
    flag(j, "list", !own && (f->flags & BERTH_LIST));
    flag(j, "sort", sortable(f) && !form);
    flag(j, "search", f->flags & BERTH_SEARCH);
    flag(j, "duplicate", f->flags & BERTH_DUPLICATE);
    json_key(j, "filter");
    strings(j, form || a < ACCESS_READ ? "" : filter_ops(f));
    json_key(j, "of");
    json_str(j, f->type == BERTH_MONEY && f->of == NULL ? k->app->st->company.currency : f->of);
    if (f->when != NULL && f->table != NULL) {
        json_key(j, "when");
        offer_json(&k->c, j, f->table, f->when);
    }
    if (f->where != NULL && f->ref != NULL) {
        json_key(j, "where");
        offer_json(&k->c, j, f->ref, f->where);
    }
    if (f->type == BERTH_REF && f->ref != NULL && f->ref->board_place != NULL && perm_may(k->c.who, f->ref, DO_READ))
        board_of(j, f->ref);
    if (f->type == BERTH_PICK && f->dict != NULL)
        options(k, j, f);
    if (f->type == BERTH_TEXT && f->of != NULL && f->of[0] == '@' && !told_in(f))
        names(k, j, f);
    json_close(j, '}');
}

static bool shown(struct call *k, const struct field *f)
{
    if (f->type == BERTH_REF && f->ref == NULL)
        return false; /* its plugin is off */
    return !(f->flags & BERTH_SECRET) && perm_field(k->c.who, f) != ACCESS_NONE;
}

static void group_json(struct call *k, struct json *j, const char *name, const char *text, int columns)
{
    json_open(j, '{');
    json_key(j, "name");
    json_str(j, name);
    json_key(j, "label");
    json_str(j, text != NULL ? text : label_on_or(k, "group.", name));
    if (columns > 0) {
        json_key(j, "columns");
        json_int(j, columns);
    }
    json_close(j, '}');
}

static void groups(struct call *k, struct json *j, const struct layout *l)
{
    const char *seen[64];
    size_t n = 0;

    json_key(j, "groups");
    json_open(j, '[');
    for (size_t i = 0; l != NULL && i < l->ngroups && n < 64; i++) {
        seen[n++] = l->groups[i].name;
        group_json(k, j, l->groups[i].name, l->groups[i].label, l->groups[i].columns);
    }
    for (int i = F_DECLARED; i <= k->t->nfields; i++) {
        const char *name = i == k->t->nfields ? "record" : k->t->fields[i].group;
        size_t s = 0;

        if (name == NULL)
            name = "basic";
        while (s < n && strcmp(seen[s], name) != 0)
            s++;
        if (s < n || n == 64 || (i < k->t->nfields && (!shown(k, &k->t->fields[i]) || (l != NULL && l->group[i] != NULL))))
            continue;
        seen[n++] = name;
        group_json(k, j, name, NULL, 0);
    }
    json_close(j, ']');
}

static void columns(struct call *k, struct json *j, const char *list)
{
    json_key(j, "columns");
    json_open(j, '[');
    if (list == NULL) {
        for (int i = 0; i < k->t->nfields; i++)
            if ((k->t->fields[i].flags & BERTH_LIST) && shown(k, &k->t->fields[i]))
                json_str(j, k->t->fields[i].name);
    }
    while (list != NULL && *list != '\0') {
        size_t n;
        const struct field *f;

        list += strspn(list, ", ");
        n = strcspn(list, ", ");
        f = n == 0 ? NULL : map_getn(&k->t->by_name, list, n);
        if (f != NULL && shown(k, f))
            json_str(j, f->name);
        list += n;
    }
    json_close(j, ']');
}

struct looks { /* a table's views, and what the user said of them */
    const struct saved_view *saved;
    const struct view_mark *marks;
};

static const struct view_mark *mark_of(const struct looks *l, const char *name)
{
    const struct view_mark *m = l->marks;

    while (m != NULL && strcmp(m->view, name) != 0)
        m = m->next;
    return m;
}

static void view_head(struct json *j, const struct looks *l, const char *name, const char *text, const char *look, bool pinned)
{
    const struct view_mark *m = mark_of(l, name);

    json_key(j, "name");
    json_str(j, name);
    json_key(j, "label");
    json_str(j, text);
    json_key(j, "look");
    json_str(j, look);
    flag(j, "pinned", m == NULL ? pinned : m->pinned);
    flag(j, "default", m != NULL && m->first);
}

static void view_by(struct json *j, const char *by, const char *from, const char *to)
{
    json_key(j, "by");
    json_str(j, by);
    json_key(j, "from");
    json_str(j, from);
    json_key(j, "to");
    json_str(j, to);
}

static void view_json(struct call *k, struct json *j, const struct looks *l, const struct view *v)
{
    static const char *const looks[] = {"list", "board", "calendar", "tree", "graph"};

    json_open(j, '{');
    view_head(j, l, v->name, label_on_or(k, "view.", v->name), looks[v->look], true);
    columns(k, j, v->columns);
    json_words(j, "sort", v->sort);
    view_by(j, v->by, v->from, v->to);
    json_close(j, '}');
}

static void raw(struct json *j, const char *key, const char *text)
{
    json_key(j, key);
    if (text == NULL || *text == '\0')
        json_nil(j);
    else
        json_raw(j, text, strlen(text));
}

static void saved_json(struct call *k, struct json *j, const struct looks *l, const struct saved_view *v)
{
    json_open(j, '{');
    view_head(j, l, arena_fmt(k->req->arena, "%lld", (long long)v->id), v->name, v->look == NULL ? "list" : v->look, v->mine);
    columns(k, j, v->columns == NULL || *v->columns == '\0' ? NULL : v->columns);
    json_words(j, "sort", v->sort);
    view_by(j, v->by, v->from, v->to);
    json_words(j, "sums", v->sums);
    raw(j, "widths", v->widths);
    raw(j, "filter", v->filter);
    json_key(j, "base");
    json_str(j, v->base);
    json_key(j, "saved");
    json_open(j, '{');
    json_key(j, "id");
    json_int(j, v->id);
    json_key(j, "version");
    json_int(j, v->version);
    flag(j, "mine", v->mine);
    json_key(j, "audience");
    json_str(j, v->audience);
    json_key(j, "owner");
    json_str(j, v->owner);
    json_key(j, "department");
    json_int(j, v->department);
    json_key(j, "role");
    json_int(j, v->role);
    json_close(j, '}');
    json_close(j, '}');
}

static void views(struct call *k, struct json *j)
{
    static const struct view all = {.name = "all"};
    const struct looks l = {view_saved(&k->c, k->t), view_marks(&k->c, k->t)};

    json_key(j, "views");
    json_open(j, '[');
    for (size_t i = 0; i < k->t->nviews; i++)
        view_json(k, j, &l, k->t->views[i]);
    if (k->t->nviews == 0)
        view_json(k, j, &l, &all);
    for (const struct saved_view *v = l.saved; v != NULL; v = v->next)
        saved_json(k, j, &l, v);
    json_close(j, ']');
}

static void actions(struct call *k, struct json *j)
{
    json_key(j, "actions");
    json_open(j, '[');
    for (size_t i = 0; i < k->t->nactions; i++) {
        const struct action *a = k->t->actions[i];
        const char *scope = fmt2(k, "action.$.", a->name, "");

        if (a->perm != NULL && !perm_has(k->c.who, a->perm))
            continue;
        json_open(j, '{');
        json_key(j, "name");
        json_str(j, a->name);
        json_key(j, "label");
        json_str(j, label_on_or(k, "action.", a->name));
        flag(j, "bulk", a->flags & BERTH_BULK);
        flag(j, "danger", a->flags & BERTH_DANGER);
        json_key(j, "icon");
        json_str(j, a->icon);
        json_key(j, "form");
        json_open(j, '[');
        for (size_t f = 0; f < a->nform; f++)
            if (a->form[f].type != BERTH_REF || a->form[f].ref != NULL) /* NULL: its plugin is off */
                meta_field(k, j, &a->form[f], k->t->name, scope, true);
        json_close(j, ']');
        json_close(j, '}');
    }
    json_close(j, ']');
}

static bool belongs(const struct table *t, const struct field *f, const struct table *to)
{
    return (f == t->parent || (f->flags & BERTH_BELONGS)) && f->ref == to;
}

/* "Relations"; where several references lead there, which of them: "Relations · To". */
static const char *detail_label(struct call *k, const struct table *t, const struct field *f)
{
    const char *name = label(k, fmt2(k, "$.*", t->name, ""));
    int n = 0;

    for (int i = 0; i < t->nfields; i++)
        n += belongs(t, &t->fields[i], f->ref);
    return n < 2 ? name : arena_fmt(k->req->arena, "%s · %s", name, label(k, fmt2(k, "$.$", t->name, f->name)));
}

/* What belongs to a record of table `to`; through: the field of this table that names that record. */
static void details_of(struct call *k, struct json *j, const struct table *to, const struct field *through)
{
    for (size_t i = 0; i < k->c.m->ntables; i++) {
        const struct table *t = &k->c.m->tables[i];

        for (int n = 0; n < t->nfields && perm_may(k->c.who, t, DO_READ); n++) {
            const struct field *f = &t->fields[n];

            if (!belongs(t, f, to) || (through != NULL && t == k->t) || !shown(k, f))
                continue;
            json_open(j, '{');
            json_key(j, "table");
            json_str(j, t->name);
            json_key(j, "label");
            json_str(j, detail_label(k, t, f));
            json_key(j, "by");
            json_str(j, f->name);
            json_key(j, "through");
            json_str(j, through == NULL ? NULL : through->name);
            json_close(j, '}');
        }
    }
}

static void details(struct call *k, struct json *j)
{
    json_key(j, "details");
    json_open(j, '[');
    details_of(k, j, k->t, NULL);
    for (int i = 0; i < k->t->nfields; i++)
        if ((k->t->fields[i].flags & BERTH_AROUND) && k->t->fields[i].ref != NULL && shown(k, &k->t->fields[i]))
            details_of(k, j, k->t->fields[i].ref, &k->t->fields[i]);
    json_close(j, ']');
}

static void step(struct call *k, struct json *j)
{
    const struct table *t = k->t;

    json_key(j, "step");
    if (t->step_on == NULL || !shown(k, t->step_on)) {
        json_nil(j);
        return;
    }
    json_open(j, '{');
    json_key(j, "on");
    json_str(j, t->step_on->name);
    json_key(j, "what");
    json_str(j, t->step_what == NULL || !shown(k, t->step_what) ? NULL : t->step_what->name);
    json_key(j, "act");
    json_str(j, t->step_act == NULL ? NULL : t->step_act->name);
    json_close(j, '}');
}

static void reports_on(struct call *k, struct json *j)
{
    json_key(j, "reports");
    json_open(j, '[');
    for (size_t i = 0; i < k->c.m->nreports; i++)
        if (k->c.m->reports[i].on == k->t && meta_report_open(k, &k->c.m->reports[i]))
            json_str(j, k->c.m->reports[i].full);
    json_close(j, ']');
}

static int table_meta(struct call *k)
{
    const struct table *t = k->t;
    const struct layout *l;
    struct json j = call_json(k);

    if (!perm_may(k->c.who, t, DO_READ))
        return ctx_fail(&k->c, BERTH_DENIED, "denied", "err.denied");
    http_etag(k->req, arena_fmt(k->req->arena, "\"%llx-%llx-%llx-%p-%lld-%s\"", (unsigned long long)k->app->meta_tag,
                                (unsigned long long)k->c.who->gen, (unsigned long long)atomic_load(&k->app->st->view_gen), (const void *)k->c.m, (long long)k->user, k->c.locale));
    http_set(k->req, "Cache-Control", "no-cache, private");
    l = k->layout = layout_of(&k->c, t);
    json_open(&j, '{');
    json_key(&j, "table");
    json_str(&j, t->name);
    json_key(&j, "plugin");
    json_str(&j, t->plugin);
    json_key(&j, "label");
    json_str(&j, label(k, fmt2(k, "$.*", t->name, "")));
    json_key(&j, "one");
    json_str(&j, label(k, t->name));
    json_key(&j, "title");
    json_str(&j, t->title == NULL ? "id" : t->title->name);
    json_key(&j, "icon");
    json_str(&j, t->icon);
    json_key(&j, "rights");
    json_open(&j, '{');
    flag(&j, "create", perm_may(k->c.who, t, DO_CREATE));
    flag(&j, "update", perm_may(k->c.who, t, DO_UPDATE));
    flag(&j, "delete", perm_may(k->c.who, t, DO_DELETE));
    flag(&j, "import", perm_may(k->c.who, t, DO_IMPORT));
    flag(&j, "export", perm_may(k->c.who, t, DO_EXPORT));
    json_close(&j, '}');
    json_key(&j, "is");
    json_open(&j, '{');
    flag(&j, "owned", t->flags & BERTH_OWNED);
    flag(&j, "pooled", t->flags & BERTH_POOLED);
    flag(&j, "history", t->flags & BERTH_HISTORY);
    flag(&j, "bin", t->flags & BERTH_BIN);
    flag(&j, "custom", t->flags & BERTH_CUSTOM);
    json_close(&j, '}');
    json_key(&j, "fields");
    json_open(&j, '[');
    for (size_t i = 0; l != NULL && i < l->norder; i++)
        if (shown(k, l->order[i]))
            meta_field(k, &j, l->order[i], t->name, "", false);
    for (int i = 0; i < t->nfields; i++)
        if (shown(k, &t->fields[i]) && (l == NULL || l->group[i] == NULL))
            meta_field(k, &j, &t->fields[i], t->name, "", false);
    json_close(&j, ']');
    groups(k, &j, l);
    views(k, &j);
    actions(k, &j);
    details(k, &j);
    step(k, &j);
    reports_on(k, &j);
    json_close(&j, '}');
    return k->c.rc;
}

const struct route_entry routes_meta[] = {
    {"GET", "/api/_public", R_PUBLIC, public_info},
    {"GET", "/api/_start", 0, start},
    {"GET", "/api/_meta/{table}", 0, table_meta},
    {0},
};
