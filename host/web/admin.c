/* admin.c - what administrators ask of the running host: timers, scripts, state. */
#include <string.h>

#include "base/when.h"
#include "lua/script.h"
#include "record/timer.h"
#include "web/app.h"

/* ---- timers ------------------------------------------------------------------------------------- */
static int timers(struct call *k)
{
    return timer_list_json(&k->c, &k->req->out);
}

static int timer_runs(struct call *k)
{
    int64_t before = call_number(k, "after", 0, 0, INT64_MAX), limit = call_number(k, "limit", 50, 1, 500);

    return k->c.rc != BERTH_OK ? (int)k->c.rc : timer_runs_json(&k->c, k->name, before, (int)limit, &k->req->out);
}

static int timer_now(struct call *k)
{
    struct json j = call_json(k);
    size_t n;
    const struct timer *all = timer_list(k->app->st, k->req->arena, &n);
    int turns;

    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i].full, k->name) == 0 && (turns = timer_run(k->app->st, &all[i], k->user)) != BERTH_NOT_FOUND) {
            if (turns < 0)
                return ctx_fail(&k->c, turns == BERTH_BUSY ? BERTH_BUSY : BERTH_BROKEN, NULL, NULL);
            json_open(&j, '{');
            json_number(&j, "turns", turns);
            json_close(&j, '}');
            return k->c.rc;
        }
    return ctx_fail(&k->c, BERTH_NOT_FOUND, "not_found", "err.not_found");
}

/* ---- scripts -------------------------------------------------------------------------------------- */
static void problems(struct call *k, struct json *j)
{
    size_t n;
    struct script_problem *p = scripts_problems(k->app->scripts, k->req->arena, &n);

    json_key(j, "problems");
    json_open(j, '[');
    for (size_t i = 0; i < n; i++) {
        json_open(j, '{');
        json_text(j, "file", p[i].file);
        json_id(j, "line", p[i].line > 0 ? p[i].line : 0);
        json_text(j, "message", p[i].message);
        json_flag(j, "running", p[i].at_run);
        json_flag(j, "stopped", p[i].stopped);
        json_number(j, "times", (int64_t)p[i].times);
        json_time(j, "at", p[i].at);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static int scripts(struct call *k)
{
    struct json j = call_json(k);
    size_t n;
    struct script_info *s = scripts_list(k->app->scripts, k->req->arena, &n);

    json_open(&j, '{');
    json_key(&j, "scripts");
    json_open(&j, '[');
    for (size_t i = 0; i < n; i++) {
        json_open(&j, '{');
        json_text(&j, "file", s[i].file);
        json_text(&j, "about", s[i].about);
        json_flag(&j, "older", s[i].older);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    problems(k, &j);
    json_close(&j, '}');
    return k->c.rc;
}

static int scripts_again(struct call *k)
{
    scripts_reload(k->app->scripts, k->c.m);
    return scripts(k);
}

/* ---- state ------------------------------------------------------------------------------------------ */
static int health(struct call *k)
{
    struct json j = call_json(k);

    json_open(&j, '{');
    json_flag(&j, "ok", true);
    json_text(&j, "version", k->app->version);
    json_close(&j, '}');
    return k->c.rc;
}

static int state(struct call *k)
{
    struct json j = call_json(k);
    struct http_stats h;
    struct db_stats d;

    http_stats(http_of(k->req), &h);
    db_stats(k->app->st->db, &d);
    const struct {
        const char *key;
        int64_t v;
    } numbers[] = {{"requests", (int64_t)h.requests}, {"answers_2xx", (int64_t)h.answers[2]},
                   {"answers_4xx", (int64_t)h.answers[4]}, {"answers_5xx", (int64_t)h.answers[5]},
                   {"refused", (int64_t)h.refused}, {"pooled", (int64_t)h.pooled},
                   {"connections", h.connections}, {"in_flight", h.in_flight}, {"queued", h.queued},
                   {"writes", d.bodies}, {"commits", d.commits}, {"commits_failed", d.commits_failed},
                   {"checkpoints", d.checkpoints}, {"log_bytes", d.log_bytes}};

    json_open(&j, '{');
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        json_key(&j, numbers[i].key);
        json_int(&j, numbers[i].v);
    }
    json_text(&j, "left_out", k->app->left_out);
    json_key(&j, "plugins");
    json_open(&j, '[');
    for (size_t i = 0; i < k->c.m->nplugins; i++) {
        json_open(&j, '{');
        json_text(&j, "name", k->c.m->plugins[i]->name);
        json_text(&j, "version", k->c.m->plugins[i]->version);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    return k->c.rc;
}

const struct route_entry routes_admin[] = {
    {"GET", "/api/_health", R_PUBLIC, health},
    {"GET", "/api/_state", R_ADMIN, state},
    {"GET", "/api/_timer", R_ADMIN | R_INSIDE, timers},
    {"POST", "/api/_timer/{name}", R_ADMIN | R_SLOW, timer_now},
    {"GET", "/api/_timer/{name}/runs", R_ADMIN | R_INSIDE, timer_runs, TAKES("after", "limit")},
    {"GET", "/api/_script", R_ADMIN, scripts},
    {"POST", "/api/_script/_reload", R_ADMIN | R_SLOW, scripts_again},
    {0},
};
