/* ext.c - plugins' own routes: webhooks and feeds that are no table and no action.
 * GET reads; every other method runs on the writer, inside a transaction, like an action. */
#include <stdlib.h>
#include <string.h>

#include "record/hook.h"
#include "web/app.h"

static struct berth_val text_val(struct berth_ctx *c, const char *s)
{
    return s == NULL ? berth_nil() : berth_s(arena_strdup(c->a, s));
}

/* host->param(): the body's member of that name, else the query's.  Who only asks says everything in text, from inside, too. */
static struct berth_val param(void *arg, const char *name)
{
    struct call *k = arg;
    const json_t *v = k->req->method == HTTP_GET ? NULL : json_object_get(k->body, name);

    if (json_is_integer(v))
        return berth_i(json_integer_value(v));
    if (json_is_boolean(v))
        return (struct berth_val){BERTH_BOOL, 0, {.i = json_is_true(v)}};
    if (json_is_real(v))
        return (struct berth_val){BERTH_REAL, 0, {.d = json_real_value(v)}};
    if (json_is_string(v))
        return text_val(&k->c, json_string_value(v));
    if (v != NULL && !json_is_null(v)) {
        char *raw = json_dumps(v, JSON_COMPACT);
        struct berth_val out = text_val(&k->c, raw);

        free(raw);
        return out;
    }
    return text_val(&k->c, http_query(k->req, name));
}

static void reply(void *arg, int status, struct buf *json)
{
    struct call *k = arg;

    k->req->status = status;
    buf_clear(&k->req->out);
    buf_add(&k->req->out, buf_str(json), json->len);
}

static int call_plugin(struct berth_ctx *c, void *arg)
{
    return ((const struct route *)arg)->run(c);
}

bool ext_may(const struct call *k)
{
    return k->plugin_route == NULL || k->plugin_route->perm == NULL || perm_has(k->c.who, k->plugin_route->perm);
}

static int run(struct call *k)
{
    const struct route *r = k->plugin_route;

    if (!ext_may(k))
        return ctx_fail(&k->c, BERTH_DENIED, "denied", "err.denied");
    if (k->c.who == NULL && !k->inside)
        k->c.who = perm_nobody(k->req->arena, k->c.m);
    k->c.param = param;
    k->c.param_arg = k;
    k->c.reply = reply;
    k->c.reply_arg = k;
    return hook_call(&k->c, r->plugin, call_plugin, (void *)r);
}

/* by BERTH_OPEN and whether it writes */
#define ENTRY(method, flags) {method, "", flags, run, TAKES("*")}
static const struct route_entry entries[2][2] = {{ENTRY("GET", R_INSIDE), ENTRY("POST", R_WRITE | R_INSIDE)},
                                                 {ENTRY("GET", R_PUBLIC), ENTRY("POST", R_PUBLIC | R_WRITE)}};
#undef ENTRY

const struct route_entry *ext_find(struct call *k, bool *known)
{
    const char *path = k->req->path + strlen("/api");
    const char *method = http_method_name(k->req->method == HTTP_HEAD ? HTTP_GET : k->req->method);

    for (size_t i = 0; i < k->c.m->nroutes; i++) {
        const struct route *r = &k->c.m->routes[i];

        if (strcmp(r->path, path) != 0)
            continue;
        *known = true;
        if (strcmp(r->method, method) == 0) {
            k->plugin_route = r;
            return &entries[(r->flags & BERTH_OPEN) != 0][strcmp(r->method, "GET") != 0];
        }
    }
    return NULL;
}
