/* config.c - the configuration as one file: taken home, looked at, applied; and what was changed in it. */
#include "lua/script_file.h"
#include "record/audit.h"
#include "web/app.h"

static int take_home(struct call *k)
{
    if (config_write(&k->c, k->app->version, script_config_out, k->app->scripts, &k->req->out) != BERTH_OK)
        return k->c.rc;
    audit_later(k->app->st, call_whose(k), "export", "configuration", http_peer(k->req));
    http_set(k->req, "Content-Disposition", "attachment; filename=\"berth-config.json\"");
    return k->c.rc;
}

static int left(struct call *k)
{
    struct json j = call_json(k);

    json_open(&j, '{');
    json_key(&j, "left");
    config_left(&k->c, &j);
    json_close(&j, '}');
    return k->c.rc;
}

enum { LOG_PAGE = 50 };

static int log_page(struct call *k)
{
    int64_t before = call_number(k, "after", 0, 0, INT64_MAX);

    return k->c.rc != BERTH_OK ? (int)k->c.rc : config_log(&k->c, before, LOG_PAGE, &k->req->out);
}

/* ---- applying ---------------------------------------------------------------------------------------- */
static int apply_body(struct call *k, void *arg)
{
    const struct config_task *t = arg;

    config_apply(&k->c, arg);
    if (k->once != NULL)
        k->once->nothing = t->dry || t->count[CONFIG_CONFLICT] > 0;
    return k->c.rc;
}

/* The plan; when it was to be applied and was not, with an error besides. */
static void answer(struct call *k, const struct config_task *t)
{
    struct json j = call_json(k);
    int64_t n = t->count[CONFIG_CONFLICT];

    if (t->dry || n == 0) {
        config_plan_json(&k->c, &j, t);
        return;
    }
    k->req->status = 422;
    json_open(&j, '{');
    json_key(&j, "error");
    json_open(&j, '{');
    json_text(&j, "code", "config");
    json_text(&j, "message",
              ctx_text(&k->c, "err.config_refused", (const char *const[]){"n", arena_fmt(k->req->arena, "%lld", (long long)n), NULL}));
    json_text(&j, "request", k->req->id);
    json_close(&j, '}');
    json_key(&j, "plan");
    config_plan_json(&k->c, &j, t);
    json_close(&j, '}');
}

static int apply(struct call *k)
{
    struct script_config scripts = {k->app->scripts, k->app->edit_scripts};
    struct config_task t = {.file = call_object(k),
                            .dry = call_number(k, "dry", 0, 0, 1) != 0,
                            .remove = call_number(k, "remove", 0, 0, 1) != 0,
                            .scripts = script_config_in,
                            .scripts_arg = &scripts};

    if (k->c.rc != BERTH_OK || call_write(k, apply_body, &t) != BERTH_OK)
        return k->c.rc;
    if (!t.dry && t.count[CONFIG_CONFLICT] == 0)
        scripts_reload(k->app->scripts, atomic_load(&k->app->st->model));
    answer(k, &t);
    return k->c.rc;
}

const struct route_entry routes_config[] = {
    {"GET", "/api/_config", R_ADMIN | R_SLOW, take_home, .about = "what this installation was set up with, as one file"},
    {"POST", "/api/_config", R_ADMIN | R_SLOW | R_LARGE, apply, TAKES("dry", "remove"),
     .about = "such a file: ?dry=1 tells what it would do, ?remove=1 takes away what it does not name"},
    {"GET", "/api/_config/history", R_ADMIN | R_SLOW, log_page, TAKES("after"),
     .about = "what was changed in the configuration, newest first"},
    {"GET", "/api/_config/left", R_ADMIN | R_SLOW, left, .about = "what is no part of that file because it names records"},
    {0},
};
