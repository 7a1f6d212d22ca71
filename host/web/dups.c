/* dups.c - duplicates over HTTP: whether a company is taken, likely duplicates, merging and splitting. */
#include <string.h>
#include <time.h>

#include "base/often.h"
#include "base/when.h"
#include "record/audit.h"
#include "record/dup.h"
#include "record/dup_group.h"
#include "record/find.h"
#include "record/merge.h"
#include "record/taken.h"
#include "record/titles.h"
#include "web/app.h"

/* ---- taken? ----------------------------------------------------------------------------------- */
enum { TAKEN_MS = 80 }; /* every answer comes after as long */

static void ask_field(struct call *k, struct berth_row *r, struct buf *told, const char *name, const char *value)
{
    const struct field *f = model_field(r->t, name);

    if (f == NULL || !dup_ways(&k->c, r->t)->used[f->at] || !field_is_text(f) || (f->flags & BERTH_SECRET)) {
        call_bad(k, name);
        return;
    }
    buf_addf(told, " %s=%s", name, value);
    row_set(r, name, berth_s(value));
}

static struct berth_row *asked_row(struct call *k, const char *table, struct buf *told)
{
    const struct table *t = table == NULL ? NULL : model_table(k->c.m, table);
    struct berth_row *r;
    const char *key;
    json_t *v;

    if (t == NULL || !dup_any(&k->c, t)) {
        call_bad(k, "table");
        return NULL;
    }
    r = row_new(&k->c, t);
    buf_puts(told, t->name);
    for (size_t i = 0; i < k->req->nargs && k->c.rc == BERTH_OK; i++)
        if (strcmp(k->req->args[i].name, "table") != 0 && strcmp(k->req->args[i].name, "locale") != 0)
            ask_field(k, r, told, k->req->args[i].name, http_query(k->req, k->req->args[i].name));
    json_object_foreach (k->body, key, v)
        if (strcmp(key, "table") != 0 && json_is_string(v))
            ask_field(k, r, told, key, json_string_value(v));
    return k->c.rc == BERTH_OK ? r : NULL;
}

static void wait_until(int64_t ms)
{
    int64_t left = ms - when_monotonic();

    if (left > 0)
        nanosleep(&(struct timespec){left / 1000, (left % 1000) * 1000000}, NULL);
}

static int taken(struct call *k)
{
    static struct often asked = OFTEN(20);
    int64_t until = when_monotonic() + TAKEN_MS;
    const char *table = call_string(k, "table") != NULL ? call_string(k, "table") : http_query(k->req, "table");
    struct buf told = BUF_INIT;
    struct berth_row *r;
    int wait = 0;

    if (!perm_has(k->c.who, "base.ask_taken"))
        return ctx_fail(&k->c, BERTH_DENIED, "denied", "err.denied");
    if (!often_may(&asked, call_whose(k), store_now(k->app->st), &wait))
        return call_slow_down(k, wait);
    if ((r = asked_row(k, table, &told)) != NULL) {
        audit_later(k->app->st, call_whose(k), "taken", buf_str(&told), http_peer(k->req));
        taken_json(&k->c, r, &k->req->out);
        wait_until(until);
    }
    buf_free(&told);
    return k->c.rc;
}

/* ---- merging and splitting ---------------------------------------------------------------------- */
static int kept(struct call *k)
{
    struct json j = call_json(k);

    json_open(&j, '{');
    call_record(k, &j, k->row);
    json_close(&j, '}');
    return k->c.rc;
}

static int merge(struct call *k)
{
    const json_t *body = call_object(k);

    k->row = body == NULL || !call_fields(k) ? NULL : merge_run(&k->c, k->t, k->id, body);
    if (k->row != NULL)
        k->answer = kept;
    return k->c.rc;
}

static int split(struct call *k)
{
    k->row = call_fields(k) ? merge_split(&k->c, k->t, k->id) : NULL;
    if (k->row != NULL)
        k->answer = kept;
    return k->c.rc;
}

/* ---- likely duplicates ----------------------------------------------------------------------------- */
static int groups_find(struct call *k)
{
    return call_job(k, dup_groups_start(&k->c, k->t), NULL, 0);
}

static int groups(struct call *k)
{
    int64_t after = call_number(k, "after", 0, 0, INT64_MAX), limit = call_number(k, "limit", 20, 1, 100);

    return k->c.rc != BERTH_OK ? (int)k->c.rc : dup_groups_page(&k->c, k->t, after, (int)limit, &k->req->out);
}

const struct route_entry routes_dups[] = {
    {"GET", "/api/_taken", R_SLOW, taken, TAKES("*")},
    {"POST", "/api/_taken", R_SLOW, taken, TAKES("table")},
    {"GET", "/api/_duplicates/{table}", R_INSIDE, groups, TAKES("after", "limit")},
    {"POST", "/api/_duplicates/{table}", R_WRITE | R_INSIDE, groups_find},
    {"POST", "/api/{table}/{id}/_merge", R_WRITE | R_INSIDE, merge, TAKES("fields")},
    {"POST", "/api/{table}/{id}/_split", R_WRITE | R_INSIDE, split, TAKES("fields")},
    {0},
};
