/* meta.c - what the web UI draws a table from: fields, groups, views, actions, what hangs on its records. */
#include <stdlib.h>
#include <string.h>

#include "lua/script.h"
#include "record/find.h"
#include "record/import.h"
#include "record/layout.h"
#include "record/offer.h"
#include "record/told.h"
#include "record/view.h"
#include "record/where.h"
#include "web/app.h"
#include "web/pages.h"

/* ---- one table ----------------------------------------------------------------------------------- */
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
    const char *s = label_on(k, call_fmt(k, "$$", kind, name));

    return s != NULL ? s : name;
}

/* A form's field has a label of its own, "lead.action.transfer.to_id", or that of the table's field. */
static const char *field_label(struct call *k, const struct field *f, const char *on, const char *scope)
{
    const char *s = labels_on(k->app->st->labels, k->c.locale, on, call_fmt(k, "$$", scope, f->name));

    return s != NULL ? s : labels_field(k->app->st->labels, k->c.locale, on, f->name);
}

static void options(struct call *k, struct json *j, const struct field *f)
{
    json_key(j, "options");
    json_open(j, '[');
    for (size_t i = 0; i < f->dict->n; i++) {
        const struct dict_item *it = &f->dict->items[i];

        json_open(j, '{');
        json_text(j, "value", it->key);
        json_text(j, "label", call_label_or(k, call_fmt(k, "$.$", f->dict->name, it->key), it->key));
        json_text(j, "color", it->color);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void option(struct json *j, const char *value, const char *text)
{
    json_open(j, '{');
    json_text(j, "value", value);
    json_text(j, "label", text);
    json_close(j, '}');
}

static void field_options(struct call *k, struct json *j, struct map *seen, const struct table *t, bool dates, bool filled)
{
    for (int i = F_DECLARED; i < t->nfields; i++) {
        const struct field *f = &t->fields[i];

        if (filled && ((f->flags & BERTH_LOCKED) || f->plugin == NULL || f->custom || perm_field(k->c.who, f) < ACCESS_READ))
            continue;
        if ((dates && f->type != BERTH_DATE && f->type != BERTH_TIME) || (f->flags & BERTH_SECRET) || map_get(seen, f->name) != NULL)
            continue;
        map_put(seen, f->name, seen);
        option(j, f->name, labels_field(k->app->st->labels, k->c.locale, t->name, f->name));
    }
}

/* What a text may name: tables, the fields of one that people fill in, or fields of pooled tables, each once; which of these the record decides. */
static void names(struct call *k, struct json *j, const struct field *f)
{
    bool tables = strcmp(f->of, "@table") == 0, pooled = strcmp(f->of, "@pooled") == 0;
    const struct table *one = strncmp(f->of, "@fields ", 8) == 0 ? model_table(k->c.m, f->of + 8) : NULL;
    struct map seen = {0};

    json_key(j, "options");
    json_open(j, '[');
    if (one != NULL)
        field_options(k, j, &seen, one, false, true);
    for (size_t i = 0; one == NULL && i < k->c.m->ntables; i++) {
        const struct table *t = &k->c.m->tables[i];

        if (tables ? (t->flags & (BERTH_BARE | BERTH_HIDDEN)) || !perm_may(k->c.who, t, DO_READ) : !(t->flags & BERTH_POOLED))
            continue;
        if (tables || pooled)
            option(j, t->name, call_label(k, call_fmt(k, "$.*", t->name, "")));
        else
            field_options(k, j, &seen, t, strcmp(f->of, "@date") == 0, false);
    }
    json_close(j, ']');
    map_free(&seen);
}

/* The number that a reference holds says nothing to people. */
static bool sortable(const struct field *f)
{
    return f->at == F_ID || f->at == F_CREATED_AT || f->at == F_UPDATED_AT ||
           f->order != NULL || (f->type != BERTH_REF && (f->flags & (BERTH_INDEX | BERTH_UNIQUE)));
}

/* Where the title stands in the reader's language, when it does at all. */
static const char *said(struct call *k, const struct table *t)
{
    const struct field *f = t->translated ? model_said(t, k->c.locale) : NULL;

    return f == NULL || perm_field(k->c.who, f) < ACCESS_READ ? NULL : f->name;
}

/* What a board by a reference to these records shows of them: all, in this order and these colours; of parts of
 * something, those of what is in use. */
static void board_of(struct call *k, struct json *j, const struct table *t)
{
    json_key(j, "board");
    json_open(j, '{');
    json_text(j, "title", t->title == NULL ? "id" : t->title->name);
    json_text(j, "said", said(k, t));
    json_text(j, "place", t->board_place->name);
    json_text(j, "color", t->board_color == NULL ? NULL : t->board_color->name);
    json_text(j, "parent", t->parent == NULL ? NULL : t->parent->name);
    json_close(j, '}');
}

void meta_plain(struct call *k, struct json *j, const struct field *f, const char *name)
{
    json_open(j, '{');
    json_text(j, "name", f->name);
    json_text(j, "type", f->type == BERTH_TIME ? "text" : model_type_name(f->type));
    json_text(j, "label", name);
    json_key(j, "help");
    json_nil(j);
    json_text(j, "group", "basic");
    json_flag(j, "required", false);
    json_flag(j, "readonly", false);
    json_flag(j, "many", false);
    json_text(j, "of", f->type == BERTH_MONEY && f->of == NULL ? k->app->st->company.currency : f->of);
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
    json_text(j, "name", f->name);
    json_text(j, "type", model_type_name(f->type));
    json_text(j, "label", field_label(k, f, on, scope));
    json_text(j, "help", labels_on(k->app->st->labels, k->c.locale, on, call_fmt(k, "$$?", scope, f->name)));
    json_text(j, "group", own ? "record" : l != NULL && l->group[f->at] != NULL ? l->group[f->at] : f->group == NULL ? "basic" : f->group);
    if (l != NULL && l->hidden[f->at])
        json_flag(j, "hidden", true);
    json_flag(j, "required", !own && (f->flags & BERTH_REQUIRED) && !(f->def != NULL && f->def[0] == '@'));
    json_flag(j, "readonly", own || (f->flags & BERTH_LOCKED) || a != ACCESS_WRITE);
    json_flag(j, "custom", f->custom);
    json_id(j, "max", f->max > 0 ? f->max : 0);
    if (f->min != NULL) {
        json_key(j, "min");
        json_raw(j, f->min, strlen(f->min));
    }
    json_key(j, "default");
    if (f->def != NULL && f->def[0] != '@') {
        struct berth_val v;

        val_from_text(&k->c, f, f->def, strlen(f->def), &v);
        val_json(j, f, v);
    } else {
        json_nil(j);
    }
    json_flag(j, "unique", f->flags & BERTH_UNIQUE);
    if (f->flags & BERTH_DUE)
        json_flag(j, "due", true);
    json_flag(j, "many", f->flags & BERTH_MANY);
    json_flag(j, "list", !own && (f->flags & BERTH_LIST));
    json_flag(j, "sort", sortable(f) && !form);
    json_flag(j, "search", f->flags & BERTH_SEARCH);
    json_flag(j, "duplicate", f->flags & BERTH_DUPLICATE);
    json_key(j, "filter");
    strings(j, form || a < ACCESS_READ ? "" : filter_ops(f));
    json_text(j, "of", f->type == BERTH_MONEY && f->of == NULL ? k->app->st->company.currency : f->of);
    if (f->when != NULL && f->table != NULL) {
        json_key(j, "when");
        offer_json(&k->c, j, f->table, f->when);
    }
    if (f->where != NULL && f->ref != NULL) {
        json_key(j, "where");
        offer_json(&k->c, j, f->ref, f->where);
    }
    if (f->type == BERTH_REF && f->ref != NULL && f->ref->board_place != NULL && perm_may(k->c.who, f->ref, DO_READ))
        board_of(k, j, f->ref);
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
    json_text(j, "name", name);
    json_text(j, "label", text != NULL ? text : label_on_or(k, "group.", name));
    if (columns > 0)
        json_number(j, "columns", columns);
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

    json_text(j, "name", name);
    json_text(j, "label", text);
    json_text(j, "look", look);
    json_flag(j, "pinned", m == NULL ? pinned : m->pinned);
    json_flag(j, "default", m != NULL && m->first);
}

static void view_by(struct json *j, const char *by, const char *from, const char *to)
{
    json_text(j, "by", by);
    json_text(j, "from", from);
    json_text(j, "to", to);
}

static void view_json(struct call *k, struct json *j, const struct looks *l, const struct view *v)
{
    static const char *const looks[] = {"list", "board", "calendar", "tree", "graph"};

    json_open(j, '{');
    view_head(j, l, v->name, label_on_or(k, "view.", v->name), looks[v->look], true);
    columns(k, j, v->columns);
    json_words(j, "sort", v->sort);
    view_by(j, v->by, v->from, v->to);
    json_flag(j, "own", v->where != NULL && strcmp(v->where, "owner_id = @me") == 0);
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
    json_text(j, "base", v->base);
    json_key(j, "saved");
    json_open(j, '{');
    json_number(j, "id", v->id);
    json_number(j, "version", v->version);
    json_flag(j, "mine", v->mine);
    json_text(j, "audience", v->audience);
    json_text(j, "owner", v->owner);
    json_number(j, "department", v->department);
    json_number(j, "role", v->role);
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
        const char *scope = call_fmt(k, "action.$.", a->name, "");

        if (a->perm != NULL && !perm_has(k->c.who, a->perm))
            continue;
        json_open(j, '{');
        json_text(j, "name", a->name);
        json_text(j, "label", label_on_or(k, "action.", a->name));
        json_flag(j, "bulk", a->flags & BERTH_BULK);
        json_flag(j, "danger", a->flags & BERTH_DANGER);
        json_text(j, "icon", a->icon);
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

static bool on_page(const struct table *t, const struct field *f, const struct table *to)
{
    return (f == t->parent || (f->flags & (BERTH_BELONGS | BERTH_LISTED))) && f->ref == to;
}

/* "Relations"; where several references lead there, or what stands there does not belong there, by which: "Relations · To". */
static const char *detail_label(struct call *k, const struct table *t, const struct field *f)
{
    const char *name = call_label(k, call_fmt(k, "$.*", t->name, ""));
    int n = (f->flags & BERTH_LISTED) ? 1 : 0;

    for (int i = 0; i < t->nfields; i++)
        n += on_page(t, &t->fields[i], f->ref);
    return n < 2 ? name : arena_fmt(k->req->arena, "%s · %s", name, call_label(k, call_fmt(k, "$.$", t->name, f->name)));
}

/* What stands on the page of a record of table `to`; through: the field of this table that names that record. */
static void details_of(struct call *k, struct json *j, const struct table *to, const struct field *through)
{
    for (size_t i = 0; i < k->c.m->ntables; i++) {
        const struct table *t = &k->c.m->tables[i];

        for (int n = 0; n < t->nfields && perm_may(k->c.who, t, DO_READ); n++) {
            const struct field *f = &t->fields[n];

            if (!on_page(t, f, to) || (through != NULL && t == k->t) || !shown(k, f))
                continue;
            json_open(j, '{');
            json_text(j, "table", t->name);
            json_text(j, "label", detail_label(k, t, f));
            json_text(j, "by", f->name);
            json_text(j, "through", through == NULL ? NULL : through->name);
            json_flag(j, "part", f == t->parent);
            json_flag(j, "listed", f->flags & BERTH_LISTED); /* it does not belong there: nothing is added there */
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
    json_text(j, "on", t->step_on->name);
    json_text(j, "what", t->step_what == NULL || !shown(k, t->step_what) ? NULL : t->step_what->name);
    json_text(j, "act", t->step_act == NULL ? NULL : t->step_act->name);
    json_close(j, '}');
}

const char *meta_line(struct call *k, const char *table)
{
    const struct table *t = table == NULL ? NULL : model_table(k->c.m, table);

    return t == NULL || t->line == NULL || !perm_may(k->c.who, t, DO_CREATE) ? NULL : call_label(k, call_fmt(k, "$.line", t->name, ""));
}

static void line(struct call *k, struct json *j)
{
    const struct table *t = k->t;
    const char *label = meta_line(k, t->name);

    json_key(j, "line");
    if (label == NULL) {
        json_nil(j);
        return;
    }
    json_open(j, '{');
    json_text(j, "path", t->line->path + 1);
    json_text(j, "label", label);
    json_text(j, "example", labels_on(k->app->st->labels, k->c.locale, t->name, "line?"));
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
                                (unsigned long long)k->c.who->gen, (unsigned long long)atomic_load(&k->app->st->view_gen),
                                (const void *)k->c.m, (long long)k->user, k->c.locale));
    http_set(k->req, "Cache-Control", "no-cache, private");
    l = k->layout = layout_of(&k->c, t);
    json_open(&j, '{');
    json_text(&j, "table", t->name);
    json_text(&j, "plugin", t->plugin);
    json_text(&j, "label", call_label(k, call_fmt(k, "$.*", t->name, "")));
    json_text(&j, "one", call_label(k, t->name));
    json_text(&j, "title", t->title == NULL ? "id" : t->title->name);
    if (said(k, t) != NULL)
        json_text(&j, "said", said(k, t));
    json_text(&j, "icon", t->icon);
    json_key(&j, "rights");
    json_open(&j, '{');
    json_flag(&j, "create", perm_may(k->c.who, t, DO_CREATE));
    json_flag(&j, "update", perm_may(k->c.who, t, DO_UPDATE));
    json_flag(&j, "delete", perm_may(k->c.who, t, DO_DELETE));
    json_flag(&j, "import", import_may(&k->c, t));
    json_flag(&j, "export", perm_may(k->c.who, t, DO_EXPORT));
    json_close(&j, '}');
    json_key(&j, "is");
    json_open(&j, '{');
    json_flag(&j, "owned", t->flags & BERTH_OWNED);
    json_flag(&j, "pooled", t->flags & BERTH_POOLED);
    json_flag(&j, "history", t->flags & BERTH_HISTORY);
    json_flag(&j, "bin", t->flags & BERTH_BIN);
    json_flag(&j, "custom", t->flags & BERTH_CUSTOM);
    json_flag(&j, "public", t->flags & BERTH_PUBLIC);
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
    line(k, &j);
    reports_on(k, &j);
    json_close(&j, '}');
    return k->c.rc;
}

const struct route_entry routes_meta[] = {
    {"GET", "/api/_meta/{table}", 0, table_meta},
    {0},
};
