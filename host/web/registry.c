/* registry.c - everything that is declared, with its names for people: what the screens of the
 * administration and the script editor are drawn from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "record/flow.h"
#include "record/row.h"
#include "text/fold.h"
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
    json_flag(j, "approval", flow_refuses(t) == NULL); /* whether its records may have to be approved */
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
        if (f->min != NULL) {
            json_key(j, "min");
            json_raw(j, f->min, strlen(f->min));
        }
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
        json_text(&j, "about", call_about(k, m->plugins[i]->name));
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

/* ---- texts found by what they say, for whoever says it otherwise ------------------------------ */
enum { EQUAL, BEGINS, HOLDS, ALONGSIDE, NOT };
struct found {
    const char *key;
    int how;
};
struct hunt {
    struct call *k;
    const char *q; /* folded */
    struct buf folded;
};

static const char *locale_no(struct call *k, size_t i)
{
    const char *title;

    return i < 4 ? labels_locales[i] : labels_added(k->app->st->labels, i - 4, &title);
}

/* What a text belongs to, "Leads": the table or plugin its key begins with; NULL: no one's alone. */
static const char *belongs(struct call *k, const char *locale, const char *key)
{
    const char *of = arena_strndup(k->req->arena, key, strcspn(key, ".?"));
    const char *many = labels_find(k->app->st->labels, locale, arena_fmt(k->req->arena, "%s.*", of));

    return many != NULL ? many : labels_find(k->app->st->labels, locale, of);
}

static bool each_word(const char *in, const char *q)
{
    char word[128];
    size_t n;

    for (q += strspn(q, " "); *q != '\0'; q += n + strspn(q + n, " ")) {
        n = strcspn(q, " ");
        snprintf(word, sizeof(word), "%.*s", (int)n, q);
        if (strstr(in, word) == NULL)
            return false;
    }
    return true;
}

static int fits(struct hunt *h, const char *locale, const char *key, const char *text)
{
    const char *of = belongs(h->k, locale, key);
    const char *said, *at;
    size_t begin;

    if (text == NULL)
        return NOT;
    buf_clear(&h->folded);
    if (of != NULL) {
        text_fold(&h->folded, of, strlen(of));
        buf_putc(&h->folded, ' ');
    }
    begin = h->folded.len;
    text_fold(&h->folded, text, strlen(text));
    said = h->folded.s + begin;
    at = strstr(said, h->q);
    if (at != NULL)
        return at > said ? HOLDS : strcmp(said, h->q) == 0 ? EQUAL : BEGINS;
    return each_word(h->folded.s, h->q) ? ALONGSIDE : NOT;
}

/* By what stands there now, in any language, what stood there before, and the key. */
static int best_fit(struct hunt *h, const char *key)
{
    const struct labels *l = h->k->app->st->labels;
    int best = *h->q == '\0' ? EQUAL : strstr(key, h->q) != NULL ? HOLDS : NOT;
    const char *locale;

    for (size_t i = 0; best > EQUAL && (locale = locale_no(h->k, i)) != NULL; i++) {
        const char *text = labels_has(l, locale, key) ? labels_get(l, locale, key) : NULL, *before = labels_built(l, locale, key);
        int how = fits(h, locale, key, text), then = before == text ? NOT : fits(h, locale, key, before);

        best = how < best ? how : best;
        best = then < best ? then : best;
    }
    return best;
}

static int in_order(const void *x, const void *y)
{
    const struct found *a = x, *b = y;

    return a->how != b->how ? a->how - b->how : strcmp(a->key, b->key);
}

static void found_json(struct call *k, struct json *j, const char *key)
{
    const struct labels *l = k->app->st->labels;
    const char *locale;

    json_open(j, '{');
    json_text(j, "word", key);
    json_text(j, "of", belongs(k, k->c.locale, key));
    json_key(j, "texts");
    json_open(j, '{');
    for (size_t i = 0; (locale = locale_no(k, i)) != NULL; i++)
        if (labels_built(l, locale, key) != NULL)
            json_text(j, locale, labels_built(l, locale, key));
    json_close(j, '}');
    json_close(j, '}');
}

static int wordings(struct call *k)
{
    struct hunt h = {.k = k, .folded = BUF_INIT};
    struct map keys = {0};
    struct buf q = BUF_INIT;
    struct found *found;
    const char *asked = http_query(k->req, "q"), *locale;
    size_t n = 0, after, end;
    struct json j = call_json(k);

    after = (size_t)call_number(k, "after", 0, 0, 1000000);
    end = after + (size_t)call_number(k, "limit", 50, 1, 200);
    if (k->c.rc != BERTH_OK)
        return k->c.rc;
    if (asked != NULL)
        text_fold(&q, asked, strlen(asked));
    h.q = q.s == NULL ? "" : q.s;
    for (size_t i = 0; (locale = locale_no(k, i)) != NULL; i++)
        labels_each(k->app->st->labels, locale, "", take_key, &keys);
    found = arena_alloc(k->req->arena, (keys.len + 1) * sizeof(*found));
    for (size_t i = 0; i < keys.cap; i++) {
        const char *key = keys.slots[i].key;

        /* not what else sheets call a column, and what the pages say they have themselves */
        if (key == NULL || strchr(key, '~') != NULL || strncmp(key, "ui.", 3) == 0)
            continue;
        found[n] = (struct found){key, best_fit(&h, key)};
        n += found[n].how != NOT;
    }
    map_free(&keys);
    buf_free(&h.folded);
    buf_free(&q);
    qsort(found, n, sizeof(*found), in_order);
    json_open(&j, '{');
    list(&j, "rows");
    for (size_t i = after; i < n && i < end; i++)
        found_json(k, &j, found[i].key);
    json_close(&j, ']');
    if (end < n)
        json_text(&j, "next", arena_fmt(k->req->arena, "%zu", end));
    else
        json_text(&j, "next", NULL);
    json_close(&j, '}');
    return k->c.rc;
}

const struct route_entry routes_registry[] = {
    {"GET", "/api/_registry", R_ADMIN, registry,
     .about = "tables, fields, dictionaries, permissions and rules with their names for people"},
    {"GET", "/api/_texts", R_ADMIN, texts, .about = "every text of a language, to make another of it"},
    {"GET", "/api/_wordings", R_ADMIN | R_SLOW, wordings, TAKES("q", "after", "limit"),
     .about = "texts found by what they say in any language, with what they belong to"},
    {0},
};
