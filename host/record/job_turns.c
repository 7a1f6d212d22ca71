/* job_turns.c - each turn is a call of a route or of a script's function, as whoever queued the job, in a transaction of
 * its own that keeps the progress, too: it is given "args" and how far it came, and says how far it is now. */
#include "record/job_turns.h"

#include <string.h>

#include "record/commit.h"

enum { TURNS = 8 }; /* of one that others wait behind */

/* ---- queueing ------------------------------------------------------------------------------------- */
static const struct route *route_of(const struct model *m, const char *path)
{
    const struct route *r = model_route(m, "POST", path);

    return r != NULL && !(r->flags & BERTH_OPEN) ? r : NULL;
}

static const struct script_job *script_job(struct store *st, struct arena *a, const char *name)
{
    size_t n = 0;
    const struct script_job *all = st->scripts.jobs == NULL ? NULL : st->scripts.jobs(a, &n);

    for (size_t i = 0; name != NULL && i < n; i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    return NULL;
}

static bool may_start(const struct berth_ctx *c, const struct script_job *s)
{
    return c->who == NULL || c->who->admin || (s->right != NULL && perm_has(c->who, s->right));
}

static int64_t add(struct berth_ctx *c, const char *kind, const char *key, const char *what, const json_t *args)
{
    json_t *keep = json_pack("{s:s,s:o}", key, what, "args", json_is_object(args) ? json_deep_copy(args) : json_object());
    int64_t id = job_add(c, kind, keep, 0);

    json_decref(keep);
    return id;
}

/* What is not given is as the script declares it. */
static int64_t add_script(struct berth_ctx *c, const struct script_job *s, const json_t *args)
{
    json_t *all = json_is_object(args) ? json_deep_copy(args) : json_object(), *declared = json_loads(s->args, 0, NULL), *one;
    int64_t id;
    size_t i;

    json_array_foreach (declared, i, one) {
        const char *name = json_string_value(json_object_get(one, "name"));

        if (json_object_get(all, name) == NULL && json_is_string(json_object_get(one, "default")))
            json_object_set(all, name, json_object_get(one, "default"));
    }
    id = add(c, "script", "script", s->name, all);
    json_decref(declared);
    json_decref(all);
    return id;
}

int64_t job_turns_start(struct berth_ctx *c, const json_t *body)
{
    const json_t *path = json_object_get(body, "path"), *script = json_object_get(body, "script"), *args = json_object_get(body, "args");
    const struct script_job *s = script_job(c->st, c->a, json_string_value(script));
    const struct route *r = script != NULL ? NULL : route_of(c->m, json_string_value(path));

    if (r == NULL && s == NULL)
        return ctx_invalid(c, script != NULL ? "script" : "path", script == NULL && path == NULL ? "err.required" : "err.ref", NULL), 0;
    if (args != NULL && !json_is_null(args) && !json_is_object(args))
        return ctx_invalid(c, "args", "err.json", NULL), 0;
    if (s != NULL ? !may_start(c, s) : r->perm != NULL && !perm_has(c->who, r->perm))
        return ctx_fail(c, BERTH_DENIED, "denied", "err.denied"), 0;
    return s != NULL ? add_script(c, s, args) : add(c, "route", "path", json_string_value(path), args);
}

int64_t job_script_start(struct berth_ctx *c, const char *name, const json_t *args)
{
    const struct script_job *s = script_job(c->st, c->a, name);

    return s == NULL ? (ctx_invalid(c, "script", "err.ref", NULL), 0) : add_script(c, s, args);
}

int job_scripts_json(struct berth_ctx *c, struct buf *out)
{
    struct json j = json_to(out);
    size_t n = 0;
    const struct script_job *all = c->st->scripts.jobs == NULL ? NULL : c->st->scripts.jobs(c->a, &n);

    json_open(&j, '{');
    json_key(&j, "jobs");
    json_open(&j, '[');
    for (size_t i = 0; i < n; i++) {
        if (!may_start(c, &all[i]))
            continue;
        json_open(&j, '{');
        json_text(&j, "script", all[i].name);
        json_text(&j, "label", all[i].about);
        json_text(&j, "right", all[i].right);
        json_text(&j, "on", all[i].on);
        json_key(&j, "args");
        json_raw(&j, all[i].args, strlen(all[i].args));
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    return c->rc;
}

/* ---- running ---------------------------------------------------------------------------------------- */
struct turn {
    struct job *j;
    bool more;
};

/* What a turn said of how far it is. */
static void heard(struct job *j, const json_t *said)
{
    if (json_is_integer(json_object_get(said, "done")))
        j->done = json_integer_value(json_object_get(said, "done"));
    if (json_is_integer(json_object_get(said, "total")))
        j->total = json_integer_value(json_object_get(said, "total"));
    if (json_is_object(json_object_get(said, "result"))) {
        json_decref(j->result);
        j->result = json_incref(json_object_get(said, "result"));
    }
}

static void tell(const struct job *j, json_t *what)
{
    json_object_set_new(what, "done", json_integer(j->done));
    json_object_set_new(what, "total", json_integer(j->total));
    json_object_set(what, "result", j->result); /* what it said last */
}

static int route_turn(struct berth_ctx *c, void *arg)
{
    struct turn *t = arg;
    struct job *j = t->j;
    json_t *args = json_deep_copy(json_object_get(j->args, "args")), *said = NULL;
    const char *text = NULL;

    tell(j, args);
    if (c->st->call != NULL)
        text = c->st->call(c, arena_fmt(c->a, "POST %s", json_string_value(json_object_get(j->args, "path"))), args);
    json_decref(args);
    if (text == NULL)
        return c->rc != BERTH_OK ? (int)c->rc : ctx_fail(c, BERTH_BROKEN, "broken", "err.broken");
    said = json_loads(text, 0, NULL);
    t->more = json_is_true(json_object_get(said, "more"));
    heard(j, said);
    json_decref(said);
    return c->rc;
}

static int script_turn(struct berth_ctx *c, void *arg)
{
    struct turn *t = arg;
    struct job *j = t->j;
    json_t *x = json_pack("{s:I,s:O}", "id", (json_int_t)j->id, "args", json_object_get(j->args, "args"));

    tell(j, x);
    t->more = c->st->scripts.job(c, json_string_value(json_object_get(j->args, "script")), x) > 0;
    if (c->rc == BERTH_OK)
        heard(j, x);
    json_decref(x);
    return c->rc;
}

static int run(struct job *j, int (*turn)(struct berth_ctx *, void *), struct buf *err)
{
    struct turn t = {.j = j, .more = true};

    for (int n = 1; t.more && !j->cancelled && !j->aside; n++) {
        if (commit_run(&(struct commit){.st = j->st, .job = j, .what = "job", .body = turn, .arg = &t, .err = err}) != 0)
            return -1;
        j->aside = t.more && n >= TURNS && job_others_wait(j);
    }
    return 0;
}

int job_route_run(struct job *j, struct buf *err)
{
    return run(j, route_turn, err);
}

int job_script_run(struct job *j, struct buf *err)
{
    const char *name = json_string_value(json_object_get(j->args, "script"));
    const struct script_job *s = script_job(j->st, j->a, name);

    if (s == NULL) { /* taken away meanwhile, or its file is wrong now: that may be put right */
        buf_addf(err, "no script has a job '%s'", name);
        return -1;
    }
    j->attempts = s->attempts;
    j->wait = s->wait;
    return run(j, script_turn, err);
}
