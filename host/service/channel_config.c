/* channel_config.c - channels in the configuration's file: switched on or off, their settings, and which secrets they need;
 * never what these are.  One that is named and not there is awaited: null among the settings, told to administrators. */
#include <stdlib.h>
#include <string.h>

#include "record/audit.h"
#include "record/config.h"
#include "service/alert.h"
#include "service/channel.h"
#include "service/outbox.h"

static const char section[] = "channels";

/* ---- writing --------------------------------------------------------------------------------------- */
static bool is_secret(const json_t *declared, const char *name)
{
    const json_t *one;
    size_t i;

    json_array_foreach (declared, i, one)
        if (strcmp(json_string_value(json_object_get(one, "name")), name) == 0)
            return json_is_true(json_object_get(one, "secret"));
    return true; /* no longer declared: nobody knows, so it stays */
}

/* As it stands in the file; NULL: nothing was ever set.  The caller's. */
static json_t *as_told(const struct script_channel *d, const struct channel *ch)
{
    json_t *declared = json_loads(d->settings, 0, NULL), *settings = json_object(), *secrets = json_array(), *v, *out = NULL, *one;
    const char *name;
    size_t i;

    json_object_foreach (ch->set, name, v)
        if (!is_secret(declared, name))
            json_object_set(settings, name, v);
    json_array_foreach (declared, i, one)
        if (json_is_true(json_object_get(one, "secret")) &&
            json_object_get(ch->set, json_string_value(json_object_get(one, "name"))) != NULL)
            json_array_append(secrets, json_object_get(one, "name"));
    if (ch->active || json_object_size(settings) > 0 || json_array_size(secrets) > 0)
        out = json_pack("{s:s,s:b,s:O,s:O}", "name", d->name, "active", (int)ch->active, "settings", settings, "secrets", secrets);
    json_decref(declared);
    json_decref(settings);
    json_decref(secrets);
    return out;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct script_channel *)a)->name, ((const struct script_channel *)b)->name);
}

static struct script_channel *all_declared(struct berth_ctx *c, size_t *n)
{
    const struct script_channel *all = c->st->scripts.channels == NULL ? NULL : c->st->scripts.channels(c->a, n);
    struct script_channel *sorted = arena_alloc(c->a, (*n + 1) * sizeof(*sorted));

    if (*n > 0) {
        memcpy(sorted, all, *n * sizeof(*sorted));
        qsort(sorted, *n, sizeof(*sorted), by_name);
    }
    return sorted;
}

int channel_config_out(struct berth_ctx *c, struct json *j)
{
    size_t n = 0;
    const struct script_channel *d = all_declared(c, &n);

    buf_puts(j->out, "\n");
    json_key(j, section);
    json_open(j, '[');
    for (size_t i = 0; i < n; i++) {
        struct channel ch = channel_load(c->conn, d[i].name);
        json_t *told = as_told(&d[i], &ch);
        char *text = told == NULL ? NULL : json_dumps(told, JSON_COMPACT | JSON_SORT_KEYS);

        if (text != NULL) {
            buf_puts(j->out, "\n");
            json_raw(j, text, strlen(text));
        }
        free(text);
        json_decref(told);
        channel_drop(&ch);
    }
    json_close(j, ']');
    return c->rc;
}

/* ---- reading --------------------------------------------------------------------------------------- */
struct reading {
    struct berth_ctx *c;
    struct config_task *k;
    const char *name; /* of the channel */
    struct config_change change[64];
    size_t nchanges;
};

static void refuse(const struct reading *r, const char *field, const char *key)
{
    const char *args[] = {"name", field == NULL ? "" : field, NULL};

    config_tell(r->c, r->k, &(struct config_line){CONFIG_CONFLICT, section, r->name, field, ctx_text(r->c, key, args), NULL, 0});
}

static const char *text_of(struct berth_ctx *c, const json_t *v)
{
    char *text = v == NULL ? NULL : json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
    const char *out = text == NULL ? "null" : arena_strdup(c->a, text);

    free(text);
    return out;
}

static void changed(struct reading *r, const char *field, const json_t *from, const json_t *to)
{
    if (r->nchanges < sizeof(r->change) / sizeof(*r->change) && (from == NULL || to == NULL || !json_equal(from, to)))
        r->change[r->nchanges++] = (struct config_change){arena_strdup(r->c->a, field), text_of(r->c, from), text_of(r->c, to)};
}

/* What the file's row makes of the channel; false: it is refused. */
static bool take(struct reading *r, const json_t *row, const struct script_channel *d, struct channel *ch)
{
    json_t *declared = json_loads(d->settings, 0, NULL), *given = json_object_get(row, "settings"),
           *secrets = json_object_get(row, "secrets");
    json_t *on = json_object_get(row, "active"), *put = json_object(), *one, *v, *was = json_boolean(ch->active);
    int64_t before = r->k->count[CONFIG_CONFLICT];
    const char *name;
    size_t i;

    if (!json_is_boolean(on))
        refuse(r, "active", "err.required");
    if (!json_is_object(given))
        refuse(r, "settings", "err.json");
    if (!json_is_array(secrets))
        refuse(r, "secrets", "err.config_list");
    json_object_foreach (given, name, v)
        if (is_secret(declared, name) || !json_is_string(v)) /* a secret in a file is one no longer */
            refuse(r, arena_strdup(r->c->a, name), "err.unknown_field");
        else
            json_object_set(put, name, v);
    json_array_foreach (declared, i, one) { /* what the file does not name is as declared */
        name = json_string_value(json_object_get(one, "name"));
        v = json_object_get(ch->set, name);
        if (!json_is_true(json_object_get(one, "secret"))) {
            if (v != NULL || json_object_get(put, name) != NULL)
                changed(r, name, v, json_object_get(put, name));
        } else if (v != NULL)
            json_object_set(put, name, v);
    }
    json_array_foreach (secrets, i, one) {
        if (!json_is_string(one) || !is_secret(declared, json_string_value(one)))
            refuse(r, "secrets", "err.unknown_field");
        else if (json_object_get(put, json_string_value(one)) == NULL) {
            json_object_set_new(put, json_string_value(one), json_null());
            v = json_string(ctx_text(r->c, "config.awaited", NULL));
            changed(r, json_string_value(one), NULL, v);
            json_decref(v);
        }
    }
    changed(r, "active", was, on);
    json_decref(was);
    json_decref(declared);
    json_decref(ch->set);
    ch->set = put;
    ch->active = json_is_true(on);
    return r->k->count[CONFIG_CONFLICT] == before;
}

static const struct script_channel *named(const struct script_channel *d, size_t n, const char *name)
{
    for (size_t i = 0; name != NULL && i < n; i++)
        if (strcmp(d[i].name, name) == 0)
            return &d[i];
    return NULL;
}

static void take_row(struct reading *r, const json_t *row, const struct script_channel *d, size_t n)
{
    const struct script_channel *one;
    struct channel ch;

    r->name = json_string_value(json_object_get(row, "name"));
    r->nchanges = 0;
    if ((one = named(d, n, r->name)) == NULL) { /* an adaptor that comes in the same file is there from the second time on */
        r->name = r->name == NULL ? "" : r->name;
        refuse(r, "name", "err.config_channel");
        return;
    }
    ch = channel_load(r->c->conn, r->name);
    if (take(r, row, one, &ch)) {
        config_tell(r->c, r->k,
                    &(struct config_line){!ch.there         ? CONFIG_ADD
                                          : r->nchanges > 0 ? CONFIG_CHANGE
                                                            : CONFIG_SAME,
                                          section, r->name, NULL, NULL,
                                          memcpy(arena_alloc(r->c->a, sizeof(r->change)), r->change, sizeof(r->change)), r->nchanges});
        if (!ch.there || r->nchanges > 0) {
            channel_keep(r->c, r->name, &ch);
            audit_add(r->c, "channel", arena_fmt(r->c->a, "%s: from a configuration", r->name));
        }
    }
    channel_drop(&ch);
}

static void beyond(struct reading *r, const json_t *rows, const struct script_channel *d, size_t n)
{
    for (size_t i = 0; i < n && r->c->rc == BERTH_OK; i++) {
        struct channel ch = channel_load(r->c->conn, d[i].name);
        json_t *told = as_told(&d[i], &ch), *row;
        bool there = false;
        size_t k;

        json_array_foreach (rows, k, row) {
            const char *name = json_string_value(json_object_get(row, "name"));

            there = there || (name != NULL && strcmp(d[i].name, name) == 0);
        }
        if (told != NULL && !there) {
            config_tell(r->c, r->k,
                        &(struct config_line){r->k->remove ? CONFIG_REMOVE : CONFIG_ONLY_HERE, section, d[i].name, NULL, NULL, NULL, 0});
            if (r->k->remove) {
                json_object_clear(ch.set);
                ch.active = false;
                channel_keep(r->c, d[i].name, &ch);
                audit_add(r->c, "channel", arena_fmt(r->c->a, "%s: removed, a configuration does not name it", d[i].name));
            }
        }
        json_decref(told);
        channel_drop(&ch);
    }
}

int channel_config_in(struct berth_ctx *c, struct config_task *k, const json_t *rows)
{
    struct reading r = {.c = c, .k = k, .name = ""};
    size_t n = 0, i;
    const struct script_channel *d = all_declared(c, &n);
    const json_t *row;

    if (!json_is_array(rows)) {
        refuse(&r, NULL, "err.config_list");
        return c->rc;
    }
    json_array_foreach (rows, i, row) {
        if (c->rc != BERTH_OK)
            break;
        take_row(&r, row, d, n);
    }
    beyond(&r, rows, d, n);
    return c->rc;
}
