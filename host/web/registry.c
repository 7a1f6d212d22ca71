/* registry.c - everything that is declared, with its names for people: what the screens of the
 * administration and the script editor are drawn from. */
#include <string.h>

#include "record/row.h"
#include "web/app.h"

static const char *label(struct call *k, const char *key)
{
    return labels_get(k->app->st->labels, k->c.locale, key);
}

static void list(struct json *j, const char *key)
{
    json_key(j, key);
    json_open(j, '[');
}

static void field_json(struct call *k, struct json *j, const struct field *f)
{
    json_open(j, '{');
    json_text(j, "name", f->name);
    json_text(j, "label", labels_field(k->app->st->labels, k->c.locale, f->table->name, f->name));
    json_text(j, "type", model_type_name(f->type));
    json_text(j, "of", f->of);
    json_text(j, "group", f->at < F_DECLARED ? "record" : f->group == NULL ? "basic" : f->group);
    json_flag(j, "own", f->at < F_DECLARED);
    json_flag(j, "custom", f->custom);
    json_flag(j, "many", f->flags & BERTH_MANY);
    json_flag(j, "required", f->flags & BERTH_REQUIRED);
    json_flag(j, "locked", f->flags & BERTH_LOCKED);
    json_flag(j, "number", f->def != NULL && strcmp(f->def, "@next") == 0);
    json_close(j, '}');
}

static void table_json(struct call *k, struct json *j, const struct table *t)
{
    static const struct {
        const char *key;
        uint32_t flag;
    } is[] = {{"owned", BERTH_OWNED}, {"pooled", BERTH_POOLED}, {"detail", BERTH_DETAIL}, {"admin", BERTH_ADMIN},
              {"hidden", BERTH_HIDDEN}, {"public", BERTH_PUBLIC}, {"personal", BERTH_PERSONAL}, {"custom", BERTH_CUSTOM}};

    json_open(j, '{');
    json_text(j, "name", t->name);
    json_text(j, "label", label(k, arena_fmt(k->req->arena, "%s.*", t->name)));
    json_text(j, "one", label(k, t->name));
    json_text(j, "plugin", t->plugin);
    json_text(j, "icon", t->icon);
    json_text(j, "parent", t->parent == NULL || t->parent->ref == NULL ? NULL : t->parent->ref->name);
    for (size_t i = 0; i < sizeof(is) / sizeof(is[0]); i++)
        json_flag(j, is[i].key, t->flags & is[i].flag);
    list(j, "fields");
    for (int i = 0; i < t->nfields; i++)
        if (!(t->fields[i].flags & BERTH_SECRET))
            field_json(k, j, &t->fields[i]);
    json_close(j, ']');
    json_close(j, '}');
}

static void items(struct call *k, struct json *j, const struct dict *d)
{
    for (size_t i = 0; i < d->n; i++) {
        const char *key = arena_fmt(k->req->arena, "%s.%s", d->name, d->items[i].key);
        const char *words = labels_find(k->app->st->labels, k->c.locale, key);

        json_open(j, '{');
        json_text(j, "value", d->items[i].key);
        json_text(j, "label", words == NULL ? d->items[i].key : words);
        json_text(j, "color", d->items[i].color);
        json_flag(j, "custom", d->items[i].custom);
        json_flag(j, "hidden", d->items[i].hidden);
        json_close(j, '}');
    }
}

static void dict_json(struct call *k, struct json *j, const struct dict *d)
{
    json_open(j, '{');
    json_text(j, "name", d->name);
    json_text(j, "plugin", d->plugin);
    json_flag(j, "open", d->open);
    list(j, "items");
    items(k, j, d);
    json_close(j, ']');
    json_close(j, '}');
}

static void rules(struct call *k, struct json *j)
{
    list(j, "rules");
    for (size_t i = 0; i < k->c.m->nrules; i++) {
        const struct rule *r = &k->c.m->rules[i];

        json_open(j, '{');
        json_text(j, "name", r->full);
        json_text(j, "plugin", r->plugin);
        json_text(j, "args", r->args);
        json_text(j, "returns", model_type_name(r->returns));
        json_text(j, "default", r->def);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void perms(struct call *k, struct json *j)
{
    list(j, "perms");
    for (size_t i = 0; i < k->c.m->nperms; i++) {
        const char *full = k->c.m->perms[i].full, *dot = strchr(full, '.');
        const char *plugin = arena_strndup(k->req->arena, full, (size_t)(dot - full));

        json_open(j, '{');
        json_text(j, "name", full);
        json_text(j, "plugin", plugin);
        json_text(j, "label", label(k, arena_fmt(k->req->arena, "%s.perm.%s", plugin, dot + 1)));
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void settings(struct call *k, struct json *j)
{
    list(j, "settings");
    for (size_t i = 0; i < k->c.m->nsettings; i++) {
        const struct field *f = &k->c.m->settings[i];
        const char *dot = strchr(f->name, '.'), *plugin = arena_strndup(k->req->arena, f->name, (size_t)(dot - f->name));
        struct berth_val v = berth_nil();

        json_open(j, '{');
        json_text(j, "name", f->name);
        json_text(j, "plugin", plugin);
        json_text(j, "label", label(k, arena_fmt(k->req->arena, "%s.setting.%s", plugin, dot + 1)));
        json_text(j, "help", labels_find(k->app->st->labels, k->c.locale, arena_fmt(k->req->arena, "%s.setting.%s?", plugin, dot + 1)));
        json_text(j, "type", model_type_name(f->type));
        json_text(j, "of", f->of);
        json_number(j, "max", f->max);
        if (f->def != NULL && f->def[0] != '@')
            val_from_text(&k->c, f, f->def, strlen(f->def), &v);
        json_key(j, "default");
        val_json(j, f, v);
        if (f->dict != NULL) {
            list(j, "options");
            items(k, j, f->dict);
            json_close(j, ']');
        }
        json_close(j, '}');
    }
    json_close(j, ']');
}

static int registry(struct call *k)
{
    struct json j = call_json(k);
    const struct model *m = k->c.m;

    json_open(&j, '{');
    list(&j, "plugins");
    for (size_t i = 0; i < m->nplugins; i++) {
        json_open(&j, '{');
        json_text(&j, "name", m->plugins[i]->name);
        json_text(&j, "label", label(k, m->plugins[i]->name));
        json_close(&j, '}');
    }
    json_close(&j, ']');
    list(&j, "tables");
    for (size_t i = 0; i < m->ntables; i++)
        if (!(m->tables[i].flags & BERTH_BARE))
            table_json(k, &j, &m->tables[i]);
    json_close(&j, ']');
    list(&j, "dicts");
    for (size_t i = 0; i < m->ndicts; i++)
        dict_json(k, &j, &m->dicts[i]);
    json_close(&j, ']');
    perms(k, &j);
    rules(k, &j);
    settings(k, &j);
    json_close(&j, '}');
    return k->c.rc;
}

/* ---- every text of a language, for whoever makes another ------------------------------------- */
static void take_key(void *arg, const char *key)
{
    map_put(arg, key, arg);
}

static int texts(struct call *k)
{
    const char *locale = k->c.locale == NULL ? "en" : k->c.locale;
    struct json j = call_json(k);
    struct map keys = {0};

    labels_each(k->app->st->labels, locale, "", take_key, &keys);
    json_open(&j, '{');
    for (size_t i = 0; i < keys.cap; i++)
        if (keys.slots[i].key != NULL && labels_has(k->app->st->labels, locale, keys.slots[i].key)) {
            json_key(&j, keys.slots[i].key);
            json_str(&j, labels_get(k->app->st->labels, locale, keys.slots[i].key));
        }
    json_close(&j, '}');
    map_free(&keys);
    return k->c.rc;
}

const struct route_entry routes_registry[] = {
    {"GET", "/api/_registry", R_ADMIN, registry, .about = "tables, fields, dictionaries, permissions and rules with their names for people"},
    {"GET", "/api/_texts", R_ADMIN, texts, .about = "every text of a language (?locale=), to make another of it"},
    {0},
};
