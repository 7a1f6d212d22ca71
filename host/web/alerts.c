/* alerts.c - the alert centre over HTTP. */
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "record/find.h"
#include "service/alert.h"
#include "web/app.h"

static const char text_max[] = "500";

static int list(struct call *k)
{
    const char *state = http_query(k->req, "state");
    int64_t after = call_number(k, "after", 0, 0, INT64_MAX), limit = call_number(k, "limit", 30, 1, 200);

    if (state == NULL)
        state = "open";
    if (strcmp(state, "open") != 0 && strcmp(state, "waiting") != 0 && strcmp(state, "done") != 0)
        return call_bad(k, "state");
    return k->c.rc != BERTH_OK ? (int)k->c.rc : alert_page(&k->c, state, after, (int)limit, &k->req->out);
}

static int done(struct call *k)
{
    return alert_turn(&k->c, k->id, "done", 0);
}

static int again(struct call *k)
{
    return alert_turn(&k->c, k->id, "open", 0);
}

/* {"until":"2026-…Z"} or {"minutes":30}: a time to come, within a year. */
static bool when_to(struct call *k, const json_t *o, const char *name, int64_t *out)
{
    const json_t *until = json_object_get(o, name), *minutes = json_object_get(o, "minutes");

    *out = 0;
    if (json_is_integer(minutes))
        *out = k->c.now + json_integer_value(minutes) % 1000000 * 60000;
    else if (!json_is_string(until) || !when_time_parse(json_string_value(until), json_string_length(until), out))
        ctx_invalid(&k->c, name, "err.time", NULL);
    if (k->c.rc == BERTH_OK && (*out <= k->c.now || *out > k->c.now + 366 * WHEN_DAY))
        ctx_invalid(&k->c, name, "err.to_come", NULL);
    return k->c.rc == BERTH_OK;
}

static int snooze(struct call *k)
{
    const json_t *o = call_object(k);
    int64_t until;

    return o == NULL || !when_to(k, o, "until", &until) ? (int)k->c.rc : alert_turn(&k->c, k->id, "waiting", until);
}

static int all_done(struct call *k)
{
    return alert_all_done(&k->c);
}

static int prefs(struct call *k)
{
    return alert_pref_json(&k->c, &k->req->out);
}

static int prefs_put(struct call *k)
{
    const json_t *o = call_object(k);

    if (o != NULL && alert_pref_put(&k->c, o) == BERTH_OK)
        alert_pref_json(&k->c, &k->req->out);
    return k->c.rc;
}

/* Somebody reminds himself, or a colleague who may see the record, of it. */
static int remind(struct call *k)
{
    const json_t *o = call_object(k), *people = json_object_get(o, "people"), *one;
    const json_t *text = json_object_get(o, "text");
    struct berth_row *r = o == NULL ? NULL : find_one(&k->c, k->t, k->id);
    struct berth_alert a = {.text = "alert.own", .about = r, .npeople = 1, .severity = BERTH_IMPORTANT};
    int64_t ids[20] = {k->user};
    size_t i;

    if (r == NULL || !when_to(k, o, "due_at", &a.due_at))
        return k->c.rc;
    if (!json_is_string(text) || json_string_length(text) == 0)
        return ctx_invalid(&k->c, "text", "err.required", NULL);
    if (json_string_length(text) > (size_t)atoi(text_max))
        return ctx_invalid(&k->c, "text", "err.too_long", "max", text_max, NULL);
    json_array_foreach (people, i, one) {
        if (i == sizeof(ids) / sizeof(ids[0]) || !find_exists(&k->c, k->c.m->users, json_integer_value(one)))
            return ctx_invalid(&k->c, "people", "err.ref", NULL);
        ids[i] = json_integer_value(one);
        a.npeople = i + 1;
    }
    a.people = ids;
    a.args = (const char *const[]){"text", json_string_value(text), NULL};
    if (alert_raise(&k->c, &a) == BERTH_OK)
        k->req->status = 204;
    return k->c.rc;
}

const struct route_entry routes_alerts[] = {
    {"GET", "/api/_alert", R_INSIDE | R_MINE, list, TAKES("state", "after", "limit")},
    {"POST", "/api/_alert/{id}/done", R_WRITE | R_INSIDE | R_MINE, done},
    {"POST", "/api/_alert/{id}/open", R_WRITE | R_INSIDE | R_MINE, again},
    {"POST", "/api/_alert/{id}/snooze", R_WRITE | R_INSIDE | R_MINE, snooze},
    {"POST", "/api/_alert/_done", R_WRITE | R_INSIDE | R_MINE, all_done},
    {"GET", "/api/_alert/_prefs", R_INSIDE | R_MINE, prefs},
    {"PUT", "/api/_alert/_prefs", R_WRITE | R_INSIDE | R_MINE, prefs_put},
    {"POST", "/api/{table}/{id}/_alert", R_WRITE | R_INSIDE | R_MINE, remind},
    {0},
};
