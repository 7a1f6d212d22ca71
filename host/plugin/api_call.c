/* api_call.c - actions, REST's services, files and shares, as plugins call them. */
#include "plugin/api_call.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "record/action.h"
#include "record/row.h"
#include "record/share.h"
#include "service/file.h"
#include "service/give.h"

static int misuse(struct berth_ctx *c, const char *what)
{
    log_error("plugin", "%s %s", c->plugin, what);
    return ctx_fail(c, BERTH_BROKEN, "broken", "err.broken");
}

/* Names and values in turn as a JSON object, in the form that REST takes; NULL fails the ctx. */
static json_t *object(struct berth_ctx *c, const struct berth_val *args, size_t n)
{
    struct buf b = BUF_INIT;
    struct json j = json_to(&b);
    json_t *o = NULL;
    bool fits = n % 2 == 0;

    json_open(&j, '{');
    for (size_t i = 0; fits && i + 1 < n; i += 2) {
        struct field as = {.type = (enum berth_type)args[i + 1].type};
        struct berth_val v = args[i + 1];

        fits = args[i].type == BERTH_TEXT && args[i].s != NULL && v.type != BERTH_ROW;
        if (!fits)
            break;
        if (v.len < 0 && type_is_text(as.type))
            v.len = v.s == NULL ? 0 : (int32_t)strlen(v.s);
        json_key(&j, args[i].s);
        if (v.type == BERTH_NULL || (type_is_text(as.type) && v.s == NULL))
            json_nil(&j);
        else
            val_json(&j, &as, v);
    }
    json_close(&j, '}');
    if (fits)
        o = json_loadb(b.s, b.len, JSON_REJECT_DUPLICATES, NULL);
    buf_free(&b);
    if (o == NULL)
        misuse(c, "hands over arguments that are not names and values in turn");
    return o;
}

int api_act(struct berth_ctx *c, const struct berth_row *r, const char *name, const struct berth_val *args, size_t n)
{
    const struct action *a = r == NULL || name == NULL ? NULL : action_find(r->t, name);
    json_t *form;

    if (r == NULL || c->rc != BERTH_OK)
        return c->rc;
    if (a == NULL || !c->writing)
        return misuse(c, a == NULL ? arena_fmt(c->a, "runs the action %s, which %s has not", name == NULL ? "(null)" : name, r->t->name)
                                   : "runs an action outside a write transaction");
    form = object(c, args, n);
    if (form != NULL)
        action_inside(c, a, row_id(r), form, NULL);
    json_decref(form);
    return c->rc;
}

const char *api_call(struct berth_ctx *c, const char *what, const struct berth_val *args, size_t n)
{
    json_t *body = c->rc != BERTH_OK ? NULL : object(c, args, n);
    const char *answer = NULL;

    if (body != NULL && c->st->call != NULL && what != NULL)
        answer = c->st->call(c, what, body);
    else if (body != NULL)
        misuse(c, "calls a service where no server runs");
    json_decref(body);
    return answer;
}

/* NULL: it is no number. */
static const json_t *element(const json_t *list, const char *name)
{
    bool number = *name != '\0' && strlen(name) < 10 && name[strspn(name, "0123456789")] == '\0';

    return number ? json_array_get(list, strtoul(name, NULL, 10)) : NULL;
}

struct berth_val api_json_at(struct berth_ctx *c, const char *text, const char *path)
{
    json_t *all = text == NULL ? NULL : json_loads(text, JSON_DECODE_ANY, NULL);
    const json_t *at = all;
    struct berth_val v = berth_nil();
    char *raw;

    while (at != NULL && *path != '\0') {
        size_t n = strcspn(path, ".");
        const char *name = arena_strndup(c->a, path, n);

        at = json_is_array(at) ? element(at, name) : json_object_get(at, name);
        path += n + (path[n] == '.');
    }
    if (json_is_string(at)) {
        v = berth_s(arena_strdup(c->a, json_string_value(at)));
        v.len = (int32_t)strlen(v.s);
    } else if (json_is_integer(at)) {
        v = berth_i(json_integer_value(at));
    } else if (json_is_real(at)) {
        v = (struct berth_val){BERTH_REAL, 0, {.d = json_real_value(at)}};
    } else if (json_is_boolean(at)) {
        v = (struct berth_val){BERTH_BOOL, 0, {.i = json_is_true(at)}};
    } else if ((json_is_object(at) || json_is_array(at)) && (raw = json_dumps(at, JSON_COMPACT)) != NULL) {
        v = (struct berth_val){BERTH_JSON, (int32_t)strlen(raw), {.s = arena_strdup(c->a, raw)}};
        free(raw);
    }
    json_decref(all);
    return v;
}

int64_t api_attach(struct berth_ctx *c, const struct berth_row *r, const char *name, const void *bytes, size_t n, int64_t replaces)
{
    if (r == NULL || c->rc != BERTH_OK)
        return 0;
    if (!c->writing)
        return misuse(c, "attaches a file outside a write transaction"), 0;
    return file_attach(c, r, name, bytes, n, replaces);
}

const void *api_file(struct berth_ctx *c, int64_t id, size_t *n)
{
    *n = 0;
    return c->rc != BERTH_OK ? NULL : file_read(c, id, n);
}

/* A plugin built with an older header hands over a shorter struct. */
int64_t api_share(struct berth_ctx *c, const struct berth_row *r, const struct berth_share *s, size_t size)
{
    struct berth_share mine = {0};

    if (r == NULL || c->rc != BERTH_OK)
        return 0;
    memcpy(&mine, s, size < sizeof(mine) ? size : sizeof(mine));
    if (!c->writing || row_id(r) == 0)
        return misuse(c, c->writing ? "shares a record that is not saved" : "shares a record outside a write transaction"), 0;
    return give_share(c, r, &mine);
}

int api_unshare(struct berth_ctx *c, int64_t id)
{
    if (c->rc == BERTH_OK && !c->writing)
        return misuse(c, "takes a share back outside a write transaction");
    return c->rc == BERTH_OK ? share_drop(c, id) : (int)c->rc;
}

const struct berth_shares *api_shares(struct berth_ctx *c, const struct berth_row *r)
{
    return r == NULL || c->rc != BERTH_OK ? NULL : share_all(c, r);
}
