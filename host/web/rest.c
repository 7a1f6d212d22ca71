/* rest.c - every table over HTTP, from its declaration alone.  The contract: share/doc/rest.md. */
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "record/action.h"
#include "record/asof.h"
#include "record/ahead.h"
#include "record/bulk.h"
#include "record/condition.h"
#include "record/find.h"
#include "record/flow.h"
#include "record/hits.h"
#include "record/history.h"
#include "record/merge.h"
#include "record/offer.h"
#include "record/save.h"
#include "record/titles.h"
#include "record/pool_view.h"
#include "service/approval.h"
#include "web/app.h"
#include "web/body.h"

/* ---- reading ------------------------------------------------------------------------------- */
/* Refuses what this kind of list has not. */
static bool without(struct call *k, const char *const *params)
{
    for (; *params != NULL; params++)
        if (http_query(k->req, *params) != NULL)
            return call_bad(k, *params), false;
    return true;
}

/* As it was then: by falling id, uncounted. */
static int list_at(struct call *k, const char *at, const struct page *p)
{
    static const char *const not_then[] = {"bin", "count", "marks", "can", NULL};
    const char *sort = http_query(k->req, "sort"), *search;
    const struct where *w;
    int64_t ms;

    if (!without(k, not_then))
        return k->c.rc;
    if (sort != NULL && strcmp(sort, "-id") != 0)
        return call_bad(k, "sort");
    if (!asof_moment(&k->c, k->t, at, &ms) || !call_question(k, &w, &search, &sort))
        return k->c.rc;
    w = where_and(&k->c, w, asof_search(&k->c, k->t, search));
    return k->c.rc != BERTH_OK
               ? (int)k->c.rc
               : asof_page(&k->c, k->t, w, ms, p->after == NULL ? 0 : strtoll(p->after, NULL, 10), p->q.limit, p->fields, &k->req->out);
}

/* What lies in the recycle bin: the latest first, uncounted. */
static int list_bin(struct call *k, const struct page *p)
{
    static const char *const not_there[] = {"sort", "count", "marks", "can", NULL};
    const char *search, *sort;
    const struct where *w;

    if (!without(k, not_there) || !call_question(k, &w, &search, &sort))
        return k->c.rc;
    w = where_and(&k->c, w, asof_search(&k->c, k->t, search));
    return k->c.rc != BERTH_OK
               ? (int)k->c.rc
               : bin_page(&k->c, k->t, w, p->after == NULL ? 0 : strtoll(p->after, NULL, 10), (int)p->q.limit, p->fields, &k->req->out);
}

static int list(struct call *k)
{
    struct page p = {.t = k->t, .fields = http_query(k->req, "fields"), .after = http_query(k->req, "after")};
    const char *sort;

    p.q.limit = call_number(k, "limit", 50, 1, 500);
    p.count = call_number(k, "count", 0, 0, 1) != 0;
    p.marks = call_number(k, "marks", 0, 0, 1) != 0;
    p.can = call_number(k, "can", 0, 0, 1) != 0;
    if (k->c.rc != BERTH_OK)
        return k->c.rc;
    if (http_query(k->req, "at") != NULL)
        return list_at(k, http_query(k->req, "at"), &p);
    if (call_number(k, "bin", 0, 0, 1) != 0)
        return list_bin(k, &p);
    if (!call_question(k, &p.q.where, &p.search, &sort) || !where_sort(&k->c, k->t, sort, &p.q))
        return k->c.rc;
    return find_page(&k->c, &p, &k->req->out);
}

static int count_view(struct call *k, void *row)
{
    return pool_view_count(&k->c, row);
}

/* Where opening a record is counted, the count is written first, on a pool thread.  Programs inside open nothing. */
struct berth_row *call_opened(struct call *k)
{
    struct berth_row *r = find_one(&k->c, k->t, k->id);

    if (r != NULL && k->viewer == 0 && !k->inside && pool_view_counts(&k->c, r)) {
        if (!k->req->pooled)
            ctx_fail(&k->c, (enum berth_rc)CTX_OVERRUN, NULL, NULL);
        else
            call_write(k, count_view, r);
    }
    return k->c.rc == BERTH_OK ? r : NULL;
}

/* What its pool keeps back until somebody claims it. */
static void hidden_json(struct json *j, const struct berth_row *r)
{
    static const char *const hangs[] = {[HANGS_FILES] = "@files", [HANGS_NOTES] = "@notes"};

    json_key(j, "hidden");
    json_open(j, '[');
    for (int i = F_DECLARED; i < r->t->nfields; i++)
        if (!(r->t->fields[i].flags & BERTH_SECRET) && perm_field_of(r, &r->t->fields[i]) < perm_field(r->c->who, &r->t->fields[i]))
            json_str(j, r->t->fields[i].name);
    for (int h = HANGS_FILES; h <= HANGS_NOTES; h++)
        if (!perm_hangs(r, (enum hangs)h))
            json_str(j, hangs[h]);
    json_close(j, ']');
}

/* Names of the actions that are offered and have all of these flags. */
static void actions_json(struct call *k, struct json *j, const char *key, const struct berth_row *r, uint32_t flags)
{
    json_key(j, key);
    json_open(j, '[');
    for (size_t i = 0; i < k->t->nactions; i++)
        if ((k->t->actions[i]->flags & flags) == flags && action_offered(&k->c, k->t->actions[i], r))
            json_str(j, k->t->actions[i]->name);
    json_close(j, ']');
}

bool call_fields(struct call *k)
{
    const char *named = http_query(k->req, "fields");

    if (named != NULL && (perm_may(k->c.who, k->t, DO_READ) || perm_may(k->c.who, k->t, DO_CREATE))) /* else there is no answer */
        k->fields = find_fields(&k->c, k->t, named);
    return k->c.rc == BERTH_OK;
}

void call_record(struct call *k, struct json *j, struct berth_row *r)
{
    k->shown = row_id(r);
    json_key(j, "row");
    row_json_of(j, r, k->fields);
    titles_of_fields(&k->c, j, &r, 1, k->fields);
}

static void row_answer(struct call *k, struct berth_row *r, bool with_can)
{
    struct json j = call_json(k);
    const char *lock;

    json_open(&j, '{');
    call_record(k, &j, r);
    if (k->matches != NULL) {
        k->c.matches = k->matches;
        json_key(&j, "duplicates");
        ctx_matches_json(&k->c, &j);
    }
    if (with_can && perm_veiled(r))
        hidden_json(&j, r);
    if (k->c.waits != 0) { /* something of it was put aside */
        json_key(&j, "approval");
        json_int(&j, k->c.waits);
    }
    if (with_can) {
        json_key(&j, "can");
        json_open(&j, '{');
        json_flag(&j, "update", perm_row(&k->c, r, DO_UPDATE));
        json_flag(&j, "delete", perm_row(&k->c, r, DO_DELETE));
        json_key(&j, "approval"); /* whether there may be something to tell of */
        json_bool(&j, flow_guards(&k->c, k->t));
        lock = approval_locks(&k->c, r);
        json_text(&j, "locked", lock); /* the approval that has to be over before anybody edits it */
        if (lock != NULL)
            actions_json(k, &j, "held", r, BERTH_EDITS);
        if (k->t->step_on != NULL) { /* whether its next step still waits */
            json_key(&j, "step");
            json_bool(&j, where_holds(&k->c, k->t->step_when, r));
        }
        actions_json(k, &j, "actions", r, 0);
        json_close(&j, '}');
    }
    json_close(&j, '}');
}

/* Not there any more: whoever may see where it went is told. */
static int went(struct call *k)
{
    int64_t into = k->c.rc == BERTH_NOT_FOUND ? merge_into(&k->c, k->t, k->id) : 0;
    struct berth_row *r;

    if (into == 0)
        return k->c.rc;
    ctx_clear(&k->c);
    r = find_one(&k->c, k->t, into);
    if (r == NULL)
        return k->c.rc;
    k->c.into = into;
    return ctx_fail(&k->c, BERTH_NOT_FOUND, "merged", "err.merged");
}

/* ?at=2026-11-22T08:00:00Z: as it was then; nothing can be done with it. */
static int one_at(struct call *k, const char *at)
{
    struct berth_row *r;
    int64_t ms;

    if (!call_fields(k) || !asof_moment(&k->c, k->t, at, &ms))
        return k->c.rc;
    r = call_opened(k);
    r = r == NULL ? NULL : record_at(&k->c, r, ms);
    if (r != NULL)
        row_answer(k, r, false);
    return k->c.rc;
}

static int one(struct call *k)
{
    const char *at = http_query(k->req, "at");
    struct berth_row *r;

    if (at != NULL)
        return one_at(k, at);
    if (!call_fields(k))
        return k->c.rc;
    r = call_opened(k);
    if (r == NULL)
        return went(k);
    row_answer(k, r, true);
    if (!k->inside) {
        http_etag(k->req, arena_fmt(k->req->arena, "\"%lld\"", (long long)row_int(r, F_VERSION)));
        http_set(k->req, "Cache-Control", "no-store"); /* what can be done with it changes without its version */
    }
    return k->c.rc;
}

static int history(struct call *k)
{
    int64_t after = call_number(k, "after", 0, 0, INT64_MAX), limit = call_number(k, "limit", 50, 1, 200);
    struct berth_row *r = call_opened(k);

    return r == NULL ? (int)k->c.rc : history_page(&k->c, r, after, (int)limit, &k->req->out);
}

/* ---- writing ------------------------------------------------------------------------------- */
static bool is_meant(const char *key)
{
    return strcmp(key, "version") != 0 && strcmp(key, "id") != 0;
}

static void take(struct call *k, struct berth_row *r, const json_t *fields)
{
    const char *key;
    json_t *v;

    json_object_foreach ((json_t *)fields, key, v)
        if (is_meant(key))
            row_set_json(r, key, v);
    if (k->c.rc == BERTH_OK)
        offer_check_row(r);
}

static void take_given(struct call *k, struct berth_row *r)
{
    for (size_t i = 0; i < k->ngiven; i++) {
        const struct body_member *m = &k->given[i];
        json_t *v;

        if (!is_meant(m->key) || (m->type == JSON_STRING && row_set_plain(r, m->key, m->s, m->n)))
            continue;
        v = body_json(m);
        row_set_json(r, m->key, v);
        json_decref(v);
    }
    if (k->c.rc == BERTH_OK)
        offer_check_row(r);
}

static void allow_duplicates(struct call *k)
{
    const char *s = http_query(k->req, "duplicates");

    k->c.allow_duplicates = s != NULL && strcmp(s, "allow") == 0;
}

static int saved(struct call *k)
{
    row_answer(k, k->row, false);
    return k->c.rc;
}

/* What the answer behind the commit needs of the transaction. */
static void saved_now(struct call *k, int (*answer)(struct call *))
{
    k->matches = k->c.matches;
    k->answer = answer;
}

static int made(struct call *k)
{
    call_made(k, row_id(k->row));
    return saved(k);
}

static struct berth_row *new_row(struct call *k)
{
    const json_t *fields = k->given == NULL ? call_object(k) : NULL;
    struct berth_row *r = row_new(&k->c, k->t);

    if (k->c.rc == BERTH_OK && !perm_may(k->c.who, k->t, DO_CREATE))
        ctx_fail(&k->c, BERTH_DENIED, "denied", "err.denied");
    if (k->c.rc != BERTH_OK || !call_fields(k))
        return r;
    if (k->given != NULL)
        take_given(k, r);
    else
        take(k, r, fields);
    return r;
}

static int create_ahead(struct call *k)
{
    k->row = new_row(k);
    k->row_who = k->c.who;
    return k->c.rc == BERTH_OK ? ahead_of_save(k->row) : k->c.rc;
}

/* All of it waits: 202 and the approval's number. */
static int put_off(struct call *k)
{
    struct json j = call_json(k);

    k->req->status = 202;
    json_open(&j, '{');
    json_id(&j, "approval", k->c.waits);
    json_close(&j, '}');
    return k->c.rc;
}

static int create(struct call *k)
{
    allow_duplicates(k);
    if (k->row == NULL || k->row->t != k->t || k->row_who != k->c.who) /* model or rights are others by now */
        k->row = new_row(k);
    k->c.only = true;
    if (row_save(&k->c, k->row) != BERTH_OK)
        return k->c.rc;
    if (row_id(k->row) == 0)
        return put_off(k);
    saved_now(k, made);
    return k->c.rc;
}

/* If-Match: "3", or "version":3 in the body. */
static int64_t seen_version(struct call *k)
{
    const char *match = http_header(k->req, "If-Match");
    const json_t *v = json_object_get(k->body, "version");

    char *end;

    if (match != NULL && match[0] == '"' && match[1] >= '1' && match[1] <= '9') {
        int64_t version = strtoll(match + 1, &end, 10);

        if (strcmp(end, "\"") == 0)
            return version;
    }
    if (match != NULL && strcmp(match, "*") == 0)
        return 0;
    if (json_is_integer(v) && json_integer_value(v) > 0)
        return json_integer_value(v);
    ctx_fail(&k->c, BERTH_INVALID, "bad_request", "err.no_version");
    return 0;
}

static int update(struct call *k)
{
    const json_t *fields = call_object(k);
    struct berth_row *r;

    if (fields == NULL || !call_fields(k))
        return k->c.rc;
    int64_t version = seen_version(k);

    if (k->c.rc != BERTH_OK)
        return k->c.rc;
    r = save_load(&k->c, k->t, k->id);
    allow_duplicates(k);
    if (r == NULL)
        return k->c.rc;
    if (!perm_row(&k->c, r, DO_UPDATE))
        return ctx_fail(&k->c, BERTH_DENIED, "denied", "err.denied");
    if (!save_version(&k->c, r, version)) {
        char *mine = json_dumps(fields, JSON_COMPACT);

        k->c.mine = arena_strdup(k->c.a, mine);
        free(mine);
        return k->c.rc;
    }
    take(k, r, fields);
    k->row = r;
    k->c.only = true;
    if (row_save(&k->c, r) == BERTH_OK)
        saved_now(k, saved);
    return k->c.rc;
}

static int drop(struct call *k)
{
    struct berth_row *r = save_load(&k->c, k->t, k->id);

    if (r == NULL || row_drop(&k->c, r) != BERTH_OK)
        return k->c.rc;
    if (k->c.waits != 0 && find_raw(&k->c, k->t, k->id) != NULL)
        return put_off(k);
    k->req->status = 204;
    return k->c.rc;
}

static int restore(struct call *k)
{
    struct berth_row *r;

    if (!call_fields(k) || row_restore(&k->c, k->t, k->id) != BERTH_OK)
        return k->c.rc;
    if (k->c.waits != 0 && find_raw(&k->c, k->t, k->id) == NULL)
        return put_off(k);
    if ((r = find_one(&k->c, k->t, k->id)) == NULL)
        return k->c.rc;
    row_answer(k, r, false);
    return k->c.rc;
}

/* ---- actions --------------------------------------------------------------------------------- */
static const struct action *action_of(struct call *k)
{
    const struct action *a = action_find(k->t, k->name);

    if (a == NULL)
        ctx_fail(&k->c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    return a;
}

static int action_one(struct call *k)
{
    const struct action *a = action_of(k);
    struct berth_row *r;

    allow_duplicates(k);
    if (a == NULL || !call_fields(k) || action_run(&k->c, a, k->id, k->body, &r) != BERTH_OK)
        return k->c.rc;
    if (r != NULL && perm_row(&k->c, r, DO_READ)) {
        row_answer(k, r, true);
    } else { /* handed away: the user no longer sees it */
        struct json j = call_json(k);

        json_open(&j, '{');
        json_key(&j, "row");
        json_nil(&j);
        json_close(&j, '}');
    }
    return k->c.rc;
}

struct step {
    struct call *k;
    const struct action *a;
    const json_t *form;
    int64_t id;
};

static int action_step(struct berth_ctx *c, void *arg)
{
    struct step *s = arg;
    struct berth_row *r;

    return action_run(c, s->a, s->id, s->form, &r);
}

enum { SELECTION_MAX = 200 };

static int action_many(struct call *k)
{
    const struct action *a = action_of(k);
    const json_t *ids = json_object_get(k->body, "ids"), *form = json_object_get(k->body, "form");
    struct json j = call_json(k);
    int64_t done = 0;
    struct buf failed = BUF_INIT;
    struct json f = json_to(&failed);
    size_t i;
    json_t *id;

    if (a == NULL)
        return k->c.rc;
    if (!json_is_array(ids) || json_array_size(ids) == 0 || json_array_size(ids) > SELECTION_MAX)
        return ctx_fail(&k->c, BERTH_INVALID, "bad_request", "err.selection");
    if (!(a->flags & BERTH_BULK) && json_array_size(ids) > 1)
        return ctx_fail(&k->c, BERTH_INVALID, "bad_request", "err.one_only");
    json_array_foreach (ids, i, id) {
        struct step s = {k, a, form, json_integer_value(id)};

        if (save_step(&k->c, action_step, &s) == BERTH_OK) {
            done++;
            continue;
        }
        struct buf one_error = BUF_INIT;

        ctx_error_json(&k->c, &one_error); /* {"error":{...}} */
        json_open(&f, '{');
        json_number(&f, "id", s.id);
        json_key(&f, "error");
        json_raw(&f, one_error.s + 9, one_error.len - 10);
        json_close(&f, '}');
        buf_free(&one_error);
        ctx_clear(&k->c);
    }
    json_open(&j, '{');
    json_number(&j, "done", done);
    json_key(&j, "failed");
    json_open(&j, '[');
    if (failed.len > 0)
        json_raw(&j, failed.s, failed.len);
    json_close(&j, ']');
    json_close(&j, '}');
    buf_free(&failed);
    return k->c.rc;
}

static int bulk(struct call *k)
{
    return call_job(k, bulk_start(&k->c, k->t, k->body), NULL, 0);
}

/* ---- across tables ------------------------------------------------------------------------------ */
enum { SEARCH_TABLE_MS = 200 }; /* one table may take so long; it takes 5 */

static int search(struct call *k)
{
    const char *q = http_query(k->req, "q");
    int64_t most = call_number(k, "limit", 8, 1, HITS_MOST);

    if (k->c.rc != BERTH_OK)
        return k->c.rc;
    return hits_json(&k->c, q != NULL ? q : "", http_query(k->req, "tables"), (int)most, SEARCH_TABLE_MS,
                     k->req->deadline, &k->req->out);
}

const struct route_entry routes_rest[] = {
    {"GET", "/api/_search", R_SLOW, search, TAKES("q", "tables", "limit")},
    {"GET", "/api/{table}", R_INSIDE, list,
     TAKES("view", "tile", "filter", "q", "sort", "fields", "limit", "after", "count", "bin", "marks", "can", "at")},
    {"POST", "/api/{table}", R_WRITE | R_PLAIN, create, create_ahead, TAKES("duplicates", "fields")},
    {"GET", "/api/{table}/{id}", R_INSIDE, one, TAKES("fields", "at")},
    {"PATCH", "/api/{table}/{id}", R_WRITE, update, TAKES("duplicates", "fields")},
    {"DELETE", "/api/{table}/{id}", R_WRITE, drop},
    {"GET", "/api/{table}/{id}/_history", R_INSIDE, history, TAKES("after", "limit")},
    {"POST", "/api/{table}/{id}/_restore", R_WRITE | R_INSIDE, restore, TAKES("fields")},
    {"POST", "/api/{table}/_bulk", R_WRITE | R_INSIDE, bulk},
    {"POST", "/api/{table}/{id}/{name}", R_WRITE, action_one, TAKES("duplicates", "fields")},
    {"POST", "/api/{table}/{name}", R_WRITE, action_many},
    {0},
};
