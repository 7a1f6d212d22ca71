/* inside.c - plugins and scripts call REST's services from inside: host->call(), berth.call().  The same handlers, with the
 * rights of the ctx, in its transaction. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "web/app.h"

static struct app *app; /* one a process */

static int misuse(struct berth_ctx *c, const char *what, const char *why)
{
    log_error("plugin", "%s calls \"%s\", %s", c->plugin == NULL ? "a script" : c->plugin, what, why);
    return ctx_fail(c, BERTH_BROKEN, "broken", "err.broken");
}

static const char *param_text(struct arena *a, const json_t *v)
{
    char *raw;
    const char *text;

    if (json_is_string(v))
        return arena_strdup(a, json_string_value(v));
    if (json_is_boolean(v))
        return json_is_true(v) ? "1" : "0";
    raw = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
    text = arena_strdup(a, raw == NULL ? "" : raw);
    free(raw);
    return text;
}

/* Members as parameters of the address, too: whichever of them the handler reads. */
static void set_params(struct http_req *req, json_t *args)
{
    struct http_pair *pairs = arena_alloc(req->arena, (json_object_size(args) + 1) * sizeof(*pairs));
    const char *name;
    json_t *v;

    json_object_foreach (args, name, v)
        if (!json_is_null(v))
            pairs[req->nargs++] = (struct http_pair){arena_strdup(req->arena, name), param_text(req->arena, v)};
    req->args = pairs;
}

static int run(struct call *k, const char *what)
{
    bool known;

    k->route = app_route(k, &known);
    if (k->route == NULL || !(k->route->flags & R_INSIDE))
        return misuse(&k->c, what, k->route == NULL ? "which does not exist" : "which is for people alone");
    if (k->req->method != HTTP_GET && !k->c.writing)
        return misuse(&k->c, what, "where nothing may be written");
    if ((k->route->flags & R_MINE) && k->c.who == NULL)
        return misuse(&k->c, what, "which is somebody's own, as nobody");
    if ((k->route->flags & R_ADMIN) && k->c.who != NULL && !k->c.who->admin)
        return ctx_fail(&k->c, BERTH_DENIED, "denied", "err.denied");
    if (strstr(k->route->path, "{table}") != NULL && (k->t == NULL || (k->t->flags & BERTH_BARE)))
        return ctx_fail(&k->c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    if (k->req->method == HTTP_GET && !app_takes(k)) /* otherwise they are the body's members, too */
        return k->c.rc;
    return k->route->run(k) != BERTH_OK || k->answer == NULL ? (int)k->c.rc : k->answer(k);
}

/* The call lives as long as the ctx: records that were loaded for it point to its own, also behind the commit. */
static const char *call(struct berth_ctx *c, const char *what, json_t *args)
{
    size_t n = strcspn(what, " ");
    struct http_req *req = arena_alloc(c->a, sizeof(*req));
    struct call *k = arena_alloc(c->a, sizeof(*k));
    struct berth_ctx before = *c;
    const char *answer = NULL;
    int rc;

    if (c->rc != BERTH_OK)
        return NULL;
    *req = (struct http_req){.arena = c->a, .id = c->request == NULL ? "-" : c->request, .deadline = INT64_MAX, .body_fd = -1};
    *k = (struct call){.app = app, .req = req, .body = args, .user = c->who == NULL ? 0 : c->who->id, .inside = true};
    while (req->method < HTTP_METHODS &&
           (strlen(http_method_name(req->method)) != n || strncmp(http_method_name(req->method), what, n) != 0))
        req->method++;
    if (req->method == HTTP_METHODS || strncmp(what + n, " /", 2) != 0) {
        misuse(c, what, "which is no method and address");
        return NULL;
    }
    req->path = arena_fmt(c->a, "/api%s", what + n + 1);
    set_params(req, args);
    k->c = *c;
    k->c.problems_end = &k->c.problems; /* there are none yet */
    k->c.answer = NULL; /* what is being put together is the caller's */
    rc = run(k, what);
    if (rc != BERTH_OK)
        ctx_fail(&k->c, (enum berth_rc)rc, NULL, NULL);
    k->body = NULL; /* the caller's */
    *c = k->c;
    ctx_resume(c, &before);
    if (c->rc == BERTH_OK)
        answer = arena_strndup(c->a, buf_str(&req->out), req->out.len);
    buf_free(&req->out);
    return answer;
}

void inside_ready(struct app *a)
{
    app = a;
    a->st->call = call;
}
