/* bulk.c - changing many records step by step. */
#include "record/bulk.h"

#include <stdlib.h>
#include <string.h>

#include "record/action.h"
#include "record/commit.h"
#include "record/find.h"
#include "record/offer.h"
#include "record/save.h"
#include "record/view.h"

enum { STEP = 200, IDS_MAX = 100000, ERRORS_MAX = 100 };

bool bulk_deletes(const json_t *body)
{
    return json_is_true(json_object_get(body, "delete")) && json_object_get(body, "patch") == NULL &&
           !json_is_string(json_object_get(body, "action"));
}

int64_t bulk_start(struct berth_ctx *c, const struct table *t, const json_t *body)
{
    const json_t *ids = json_object_get(body, "ids"), *patch = json_object_get(body, "patch");
    const json_t *q = json_object_get(body, "q"), *view = json_object_get(body, "view");
    struct view_use use;
    const struct where *w;
    json_t *args;
    int64_t id;

    if (!json_is_object(body) || (!json_is_array(ids) && json_object_get(body, "filter") == NULL && q == NULL && view == NULL) ||
        json_array_size(ids) > IDS_MAX || (q != NULL && !json_is_string(q)) ||
        (view != NULL && !json_is_string(view)) || (!json_is_object(patch) && !json_is_true(json_object_get(body, "delete")) &&
         !json_is_string(json_object_get(body, "action"))))
        return ctx_fail(c, BERTH_INVALID, "bad_request", "err.bulk");
    if (!where_json(c, t, json_object_get(body, "filter"), &w) || !view_use(c, t, json_string_value(view), &use))
        return 0;
    if (!perm_may(c->who, t, bulk_deletes(body) ? DO_DELETE : DO_READ))
        return ctx_fail(c, BERTH_DENIED, "denied", "err.denied"), 0;
    args = json_deep_copy(body);
    json_object_set_new(args, "table", json_string(t->name));
    id = job_add(c, "bulk", args, (int64_t)json_array_size(ids));
    json_decref(args);
    return id;
}

struct chunk {
    const char *table;
    int64_t ids[STEP];
    size_t n;
    struct job *j;
};

struct one {
    struct job *j;
    const struct table *t;
    int64_t id;
};

static int change_one(struct berth_ctx *c, void *arg)
{
    struct one *o = arg;
    const json_t *args = o->j->args, *patch = json_object_get(args, "patch");
    const char *action = json_string_value(json_object_get(args, "action")), *key;
    struct berth_row *r;
    json_t *v;

    if (action != NULL) {
        const struct action *a = action_find(o->t, action);

        return a == NULL ? ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found")
                         : action_run(c, a, o->id, json_object_get(args, "form"), &r);
    }
    r = save_load(c, o->t, o->id);
    if (r == NULL)
        return c->rc;
    if (patch == NULL)
        return row_drop(c, r);
    json_object_foreach ((json_t *)patch, key, v)
        row_set_json(r, key, v);
    return c->rc == BERTH_OK && offer_check_row(r) ? row_save(c, r) : (int)c->rc;
}

static void count(json_t *result, const char *key)
{
    json_object_set_new(result, key, json_integer(json_integer_value(json_object_get(result, key)) + 1));
}

void bulk_tell(struct job *j, struct berth_ctx *c, int64_t id, bool done)
{
    json_t *errors = json_object_get(j->result, "errors"), *e;
    struct buf b = BUF_INIT;

    j->done++;
    count(j->result, done ? c->waits != 0 ? "waits" : "done" : "failed");
    c->waits = 0;
    if (done)
        return;
    if (errors == NULL)
        json_object_set_new(j->result, "errors", errors = json_array());
    if (json_array_size(errors) < ERRORS_MAX) {
        ctx_error_json(c, &b);
        e = json_loadb(b.s, b.len, 0, NULL);
        json_object_set_new(e, "id", json_integer(id));
        json_array_append_new(errors, e);
        buf_free(&b);
    }
    ctx_clear(c);
}

int64_t bulk_since(struct db_conn *conn)
{
    struct db_stmt *s = db_prepare(conn, "SELECT coalesce(max(seq), 0) FROM history");
    int64_t seq = db_step(s) == DB_ROW ? db_col_int(s, 0) : -1;

    db_reset(s);
    return seq;
}

static int step(struct berth_ctx *c, void *arg)
{
    struct chunk *k = arg;
    struct job *j = k->j;
    const struct table *t = model_table(c->m, k->table);
    int64_t until;

    c->allow_duplicates = true;
    for (size_t i = 0; i < k->n; i++) {
        struct one o = {j, t, k->ids[i]};

        bulk_tell(j, c, k->ids[i], t != NULL && save_step(c, change_one, &o) == BERTH_OK);
    }
    json_object_set_new(j->result, "last", json_integer(k->ids[k->n - 1]));
    json_object_set_new(j->result, "until", json_integer(until = bulk_since(c->conn)));
    return until < 0 ? ctx_db(c, DB_ERROR, "read how far the history goes") : 0; /* undoing would not know what was changed */
}

static const struct where *asked(struct job *j, struct berth_ctx *c, const struct table *t)
{
    const struct where *filter;
    struct view_use use;

    if (!where_json(c, t, json_object_get(j->args, "filter"), &filter) ||
        !view_use(c, t, json_string_value(json_object_get(j->args, "view")), &use))
        return NULL;
    return where_and(c, use.where, filter);
}

/* How many there will be, for the progress; beyond what is counted it stays unknown. */
static void expect(struct job *j, const char *table)
{
    struct arena *a = arena_new();
    struct berth_ctx c;
    const struct table *t;
    int64_t n;

    job_ctx(j, &c, j->conn, a);
    if (c.rc == BERTH_OK && (t = model_table(c.m, table)) != NULL) {
        n = find_count(&c, t, asked(j, &c, t), json_string_value(json_object_get(j->args, "q")));
        j->total = n > COUNT_MAX ? 0 : n;
    }
    db_settle(j->conn);
    arena_free(&a);
}

/* The next ids behind the last one done, in order of id. */
static int next_ids(struct job *j, struct chunk *k, size_t *at)
{
    const json_t *ids = json_object_get(j->args, "ids");
    struct berth_ctx c;
    struct arena *a;
    struct buf page = BUF_INIT;
    json_t *doc, *row;
    size_t i;

    k->n = 0;
    if (ids != NULL) {
        while (k->n < STEP && *at < json_array_size(ids))
            k->ids[k->n++] = json_integer_value(json_array_get(ids, (*at)++));
        return 0;
    }
    a = arena_new();
    job_ctx(j, &c, j->conn, a);
    const struct table *t = model_table(c.m, k->table);
    struct page p = {.t = t, .search = json_string_value(json_object_get(j->args, "q")), .fields = "id"};
    const struct where *last;
    json_t *behind = json_pack("[s,s,I]", "id", ">", (json_int_t)json_integer_value(json_object_get(j->result, "last")));

    if (t != NULL && where_json(&c, t, behind, &last)) {
        p.q.where = where_and(&c, asked(j, &c, t), last);
        p.q.limit = STEP;
        p.q.sort[0] = (struct where_sort){&t->fields[F_ID], false};
        p.q.nsort = 1;
        if (c.rc == BERTH_OK && find_page(&c, &p, &page) == BERTH_OK && (doc = json_loadb(page.s, page.len, 0, NULL)) != NULL) {
            json_array_foreach (json_object_get(doc, "rows"), i, row)
                k->ids[k->n++] = json_integer_value(json_object_get(row, "id"));
            json_decref(doc);
        }
    }
    json_decref(behind);
    buf_free(&page);
    i = c.rc == BERTH_OK;
    arena_free(&a);
    return i ? 0 : -1;
}

int bulk_run(struct job *j, struct buf *err)
{
    struct chunk *k = arena_alloc(j->a, sizeof(*k));
    size_t at = (size_t)j->done; /* with a list of ids: where the last run ended */
    int64_t since;

    k->j = j;
    k->table = json_string_value(json_object_get(j->args, "table"));
    if (json_object_get(j->result, "done") == NULL) {
        if ((since = bulk_since(j->conn)) < 0) {
            buf_puts(err, "the history could not be read");
            return -1;
        }
        json_object_set_new(j->result, "done", json_integer(0));
        json_object_set_new(j->result, "failed", json_integer(0));
        json_object_set_new(j->result, "since", json_integer(since));
        db_settle(j->conn);
        if (json_object_get(j->args, "ids") == NULL)
            expect(j, k->table);
    }
    while (!j->cancelled) {
        if (next_ids(j, k, &at) < 0) {
            buf_puts(err, "the records could not be listed");
            return -1;
        }
        if (k->n == 0)
            return 0;
        if (commit_run(&(struct commit){.st = j->st, .job = j, .what = "job", .body = step, .arg = k, .err = err}) != 0)
            return -1;
    }
    return 0;
}
