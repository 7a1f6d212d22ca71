/* job_route.c - each turn is a call of the route, as whoever queued the job, in a transaction of its own that keeps the
 * progress, too: the route is given "args" and how far it came, and answers how far it is now. */
#include "record/job_route.h"

#include <string.h>

#include "record/commit.h"

enum { TURNS = 8 }; /* of one that others wait behind */

static const struct route *route_of(const struct model *m, const char *path)
{
    const struct route *r = model_route(m, "POST", path);

    return r != NULL && !(r->flags & BERTH_OPEN) ? r : NULL;
}

int64_t job_route_start(struct berth_ctx *c, const json_t *body)
{
    const json_t *path = json_object_get(body, "path"), *args = json_object_get(body, "args");
    const struct route *r = route_of(c->m, json_string_value(path));
    json_t *keep;
    int64_t id;

    if (r == NULL)
        return ctx_invalid(c, "path", path == NULL ? "err.required" : "err.ref", NULL), 0;
    if (args != NULL && !json_is_null(args) && !json_is_object(args))
        return ctx_invalid(c, "args", "err.json", NULL), 0;
    if (r->perm != NULL && !perm_has(c->who, r->perm))
        return ctx_fail(c, BERTH_DENIED, "denied", "err.denied"), 0;
    keep = json_pack("{s:O,s:o}", "path", path, "args", json_is_object(args) ? json_deep_copy(args) : json_object());
    id = job_add(c, "route", keep, 0);
    json_decref(keep);
    return id;
}

struct turn {
    struct job *j;
    bool more;
};

static int turn(struct berth_ctx *c, void *arg)
{
    struct turn *t = arg;
    struct job *j = t->j;
    json_t *args = json_deep_copy(json_object_get(j->args, "args")), *said = NULL;
    const char *text = NULL;

    json_object_set_new(args, "done", json_integer(j->done));
    json_object_set_new(args, "total", json_integer(j->total));
    json_object_set(args, "result", j->result); /* what it said last */
    if (c->st->call != NULL)
        text = c->st->call(c, arena_fmt(c->a, "POST %s", json_string_value(json_object_get(j->args, "path"))), args);
    json_decref(args);
    if (text == NULL)
        return c->rc != BERTH_OK ? (int)c->rc : ctx_fail(c, BERTH_BROKEN, "broken", "err.broken");
    said = json_loads(text, 0, NULL);
    t->more = json_is_true(json_object_get(said, "more"));
    if (json_is_integer(json_object_get(said, "done")))
        j->done = json_integer_value(json_object_get(said, "done"));
    if (json_is_integer(json_object_get(said, "total")))
        j->total = json_integer_value(json_object_get(said, "total"));
    if (json_is_object(json_object_get(said, "result"))) {
        json_decref(j->result);
        j->result = json_incref(json_object_get(said, "result"));
    }
    json_decref(said);
    return c->rc;
}

/* One that is undone leaves the progress where it was: the end of the job writes it once more. */
static int take_turn(struct turn *t, struct buf *err)
{
    struct job *j = t->j;
    int64_t done = j->done, total = j->total;
    json_t *result = json_incref(j->result);
    int rc = commit_run(&(struct commit){.st = j->st, .job = j, .what = "job", .body = turn, .arg = t, .err = err});

    if (rc != 0) {
        json_decref(j->result);
        j->result = json_incref(result);
        j->done = done;
        j->total = total;
    }
    json_decref(result);
    return rc;
}

int job_route_run(struct job *j, struct buf *err)
{
    struct turn t = {.j = j, .more = true};

    for (int n = 1; t.more && !j->cancelled && !j->aside; n++) {
        if (take_turn(&t, err) != 0)
            return -1;
        j->aside = t.more && n >= TURNS && job_others_wait(j);
    }
    return 0;
}
