/* dicts.c - dictionaries: declared keys with colours, and what administrators added to them. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "model/build.h"

static const char *const colors[] = {"gray", "blue",   "green", "amber",
                                     "red",  "violet", "teal",  "pink"};

static bool color_known(const char *color)
{
    for (size_t i = 0; i < sizeof(colors) / sizeof(colors[0]); i++)
        if (strcmp(color, colors[i]) == 0)
            return true;
    return false;
}

/* Keys are codes ("CN", "zh-CN", "won"), never texts for people: those are labels. */
static bool key_ok(const char *key)
{
    size_t n = strlen(key);

    for (const char *p = key; *p != '\0'; p++)
        if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
            return false;
    return n > 0 && n <= 40;
}

static struct dict_item *item_find(struct dict_item *items, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(items[i].key, key) == 0)
            return &items[i];
    return NULL;
}

static size_t declared_items(struct build *b, const char *full, const char *plugin, char **keys,
                             struct dict_item *items)
{
    size_t n = 0;

    for (size_t i = 0; keys[i] != NULL; i++) {
        char *colon = strchr(keys[i], ':');
        const char *color = "gray";

        if (colon != NULL) {
            *colon = '\0';
            color = colon + 1;
        }
        if (!key_ok(keys[i]))
            problem(b, plugin, NULL, NULL,
                    "dictionary %s: the key \"%s\" may hold only letters, digits, - and _", full,
                    keys[i]);
        else if (!color_known(color))
            problem(b, plugin, NULL, NULL,
                    "dictionary %s: \"%s\" is no colour; choose gray, blue, green, amber, red, "
                    "violet, teal or pink",
                    full, color);
        else if (item_find(items, n, keys[i]) != NULL)
            problem(b, plugin, NULL, NULL, "dictionary %s: the key \"%s\" stands there twice", full,
                    keys[i]);
        else
            items[n++] = (struct dict_item){.key = keys[i], .color = color};
    }
    return n;
}

struct placed {
    struct dict_item item;
    int64_t place;
    size_t was;
};

static int by_place(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;

    if (x->place != y->place)
        return x->place < y->place ? -1 : 1;
    return x->was < y->was ? -1 : 1;
}

/* Administrators' items laid over the declared ones, then put in order. */
static size_t custom_items(struct build *b, const struct dict *d, struct dict_item *items, size_t n)
{
    size_t room = n + b->extra->nitems;
    struct placed *all = arena_alloc(b->a, (room + 1) * sizeof(*all));
    int64_t *place = arena_alloc(b->a, (room + 1) * sizeof(*place));

    for (size_t i = 0; i < n; i++)
        place[i] = ((int64_t)i + 1) * 2;
    for (size_t i = 0; i < b->extra->nitems; i++) {
        const struct model_custom_item *x = &b->extra->items[i];
        struct dict_item *item;

        if (strcmp(x->dict, d->name) != 0 || !key_ok(x->key))
            continue;
        item = item_find(items, n, x->key);
        if (item == NULL) {
            if (!d->open && !x->firm)
                continue;
            place[n] = INT64_MAX;
            item = &items[n++];
            *item = (struct dict_item){.key = arena_strdup(b->a, x->key), .color = "gray"};
            item->custom = true;
        }
        if (x->color != NULL && color_known(x->color))
            item->color = arena_strdup(b->a, x->color);
        item->hidden = x->hidden;
        if (x->place > 0 && x->place < INT32_MAX)
            place[item - items] = x->place * 2 - 1;
    }
    for (size_t i = 0; i < n; i++)
        all[i] = (struct placed){items[i], place[i], i};
    qsort(all, n, sizeof(*all), by_place);
    for (size_t i = 0; i < n; i++)
        items[i] = all[i].item;
    return n;
}

static void dict_add(struct build *b, struct dict *d, const char *plugin,
                     const struct berth_dict *from)
{
    size_t n = 0;
    char **keys = names_split(b->a, from->keys, &n);
    struct dict_item *items;

    *d = (struct dict){.name = arena_fmt(b->a, "%s.%s", plugin, from->name),
                       .plugin = plugin,
                       .open = from->open != 0};
    items = arena_alloc(b->a, (n + b->extra->nitems + 1) * sizeof(*items));
    d->n = declared_items(b, d->name, plugin, keys, items);
    d->n = custom_items(b, d, items, d->n);
    d->items = items;
    for (size_t i = 0; i < d->n; i++)
        map_put(&d->by_key, items[i].key, &items[i]);
    if (n == 0 && !d->open)
        problem(b, plugin, NULL, NULL, "dictionary %s has no keys: declare some or set .open = 1",
                d->name);
}

void build_dicts(struct build *b)
{
    struct model *m = b->m;
    struct dict *dicts;
    size_t room = 0;

    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_dict, d, m->plugins[i]->dicts, name)
            room++;
    dicts = arena_alloc(b->a, (room + 1) * sizeof(*dicts));
    m->dicts = dicts;
    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_dict, d, m->plugins[i]->dicts, name) {
            struct dict *to = &dicts[m->ndicts];

            if (!name_check(b, m->plugins[i]->name, NULL, "dictionary's", d->name))
                continue;
            m->ndicts++;
            dict_add(b, to, m->plugins[i]->name, d);
            if (map_put(&m->dict_by_name, to->name, to) != NULL)
                problem(b, to->plugin, NULL, NULL, "dictionary %s is declared twice", to->name);
        }
}
