/* recycle.c - the job that computes due_at anew when rules have changed. */
#include "record/recycle.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "record/commit.h"
#include "record/due.h"
#include "record/find.h"
#include "record/row.h"

enum { SLICE = 5000, PART = 500 }; /* records looked at, and written at a time */

/* ---- what the records were last computed by ------------------------------------------------------------ */
static const char *setting_name(struct berth_ctx *c, const struct table *t)
{
    return arena_fmt(c->a, "recycle.%s", t->name);
}

static const char *mark_of(struct berth_ctx *c, const struct due_plan *p, const struct table *t)
{
    return arena_fmt(c->a, "%016llx", (unsigned long long)due_plan_hash(p, t));
}

static bool has_mark(struct berth_ctx *c, const struct table *t, const char *mark)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT value FROM setting WHERE name = ?");
    bool same;

    db_bind_text(s, 1, setting_name(c, t), -1);
    same = db_step(s) == DB_ROW && !db_col_is_null(s, 0) && strcmp(db_col_text(s, 0, NULL), mark) == 0;
    db_reset(s);
    return same;
}

static bool is_queued(struct berth_ctx *c, const char *mark)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT args FROM job WHERE state IN ('queued', 'running') AND kind = 'recycle'");
    bool found = false;

    while (!found && db_step(s) == DB_ROW)
        found = strstr(db_col_text(s, 0, NULL), mark) != NULL;
    db_reset(s);
    return found;
}

int64_t recycle_job(struct berth_ctx *c, const struct table *t)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT id, args FROM job WHERE state IN ('queued', 'running') AND kind = 'recycle'");
    const char *name = arena_fmt(c->a, "\"table\":\"%s\"", t->name);
    int64_t id = 0;

    while (id == 0 && db_step(s) == DB_ROW)
        id = strstr(db_col_text(s, 1, NULL), name) != NULL ? db_col_int(s, 0) : 0;
    db_reset(s);
    return id;
}

static int queue_body(struct berth_ctx *c, void *arg)
{
    const struct table *t = arg;
    const struct due_plan *p = due_plan(c);
    json_t *args;

    if (p == NULL)
        return c->rc;
    args = json_pack("{s:s,s:s}", "table", t->name, "mark", mark_of(c, p, t));
    job_add(c, "recycle", args, 0);
    json_decref(args);
    return c->rc;
}

void recycle_look(struct store *st, struct db_conn *conn)
{
    static const struct due_plan *seen; /* one thread looks */
    struct arena *a = arena_new();
    const struct due_plan *p;
    struct berth_ctx c;

    ctx_init(&c, st, conn, a, NULL, NULL);
    p = due_plan(&c);
    for (size_t i = 0; p != NULL && p != seen && i < c.m->ntables; i++) {
        const struct table *t = &c.m->tables[i];

        if (t->at_due >= 0 && !has_mark(&c, t, mark_of(&c, p, t)) && !is_queued(&c, mark_of(&c, p, t)))
            commit_run(&(struct commit){.st = st, .what = "recycle", .low = true, .body = queue_body, .arg = (void *)t});
    }
    if (p != NULL)
        seen = p;
    arena_free(&a);
}

/* ---- the job --------------------------------------------------------------------------------------------- */
struct slice {
    struct job *j;
    const struct table *t;
    int64_t *ids; /* those that change */
    size_t n, at;
    int64_t last, looked;
    const char *mark; /* NULL: not the end yet */
};

static bool differs(const struct recycle_scan *s, const struct due *d)
{
    const struct table *t = s->row->t;
    struct berth_val why = s->row->v[t->at_due + 2];

    return row_int(s->row, t->at_due) != d->at || row_int(s->row, t->at_due + 1) != d->pool ||
           strcmp(val_is_nil(why) ? "" : why.s, d->why == NULL ? "" : d->why) != 0;
}

/* Which of the next records change; -1 on an error. */
static int look(struct berth_ctx *c, struct slice *k)
{
    struct due_asking asking = {.c = c, .plan = due_plan(c), .t = k->t};
    struct recycle_scan s;
    int64_t from = k->last;
    bool again;
    int rc;

    if (asking.plan == NULL)
        return -1;
    do {
        recycle_scan_open(&s, &asking, arena_fmt(c->a, "id > ? AND owner_id IS NOT NULL ORDER BY id LIMIT %d", SLICE));
        db_bind_int(s.s, 1, from);
        k->n = k->at = 0;
        k->looked = 0;
        while ((rc = recycle_scan_next(&s)) == DB_ROW) {
            struct due_answer *a;
            struct due d;

            if (!recycle_scan_ask(&s, &a))
                break;
            d = due_of(&asking, s.row, a);
            k->last = row_id(s.row);
            k->looked++;
            if (differs(&s, &d) || a->nremind > 0)
                k->ids[k->n++] = row_id(s.row);
        }
        again = recycle_scan_stale(&s);
        recycle_scan_close(&s);
    } while (again && c->rc == BERTH_OK);
    return rc < 0 || c->rc != BERTH_OK ? -1 : 0;
}

/* Asked once more under the writer, which sees what people did meanwhile.  No history and no new
 * version: nobody edited it. */
static int write_one(struct berth_ctx *c, const struct table *t, int64_t id)
{
    struct berth_row *r = find_raw(c, t, id), *old;
    struct db_stmt *s;
    bool changed = false;
    int rc;

    if (r == NULL)
        return c->rc;
    old = row_copy(r);
    due_stamp(c, r);
    for (int i = 0; i < 4; i++)
        changed = changed || !val_equal(old->v[t->at_due + i], r->v[t->at_due + i]);
    if (!changed || c->rc != BERTH_OK)
        return c->rc;
    s = db_prepare(c->conn, arena_fmt(c->a, "UPDATE %s SET due_at = ?, due_pool_id = ?, due_why = ?, remind_at = ? WHERE id = ?", t->sql));
    for (int i = 0; i < 4; i++)
        val_bind(s, i + 1, &t->fields[t->at_due + i], r->v[t->at_due + i]);
    db_bind_int(s, 5, id);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "keep when it falls back") : BERTH_OK;
}

static int keep_mark(struct berth_ctx *c, const struct table *t, const char *mark)
{
    struct db_stmt *s = db_prepare(c->conn, "DELETE FROM setting WHERE name = ?");

    db_bind_text(s, 1, setting_name(c, t), -1);
    if (ctx_write(c, s, "note by what records were computed") != BERTH_OK)
        return c->rc;
    s = db_prepare(c->conn, "INSERT INTO setting (version, created_at, updated_at, name, value) VALUES (1, ?1, ?1, ?2, ?3)");
    db_bind_int(s, 1, c->now);
    db_bind_text(s, 2, setting_name(c, t), -1);
    db_bind_text(s, 3, mark, -1);
    return ctx_write(c, s, "note by what records were computed");
}

static int write_part(struct berth_ctx *c, void *arg)
{
    struct slice *k = arg;
    size_t end = k->at + PART < k->n ? k->at + PART : k->n;

    for (; k->at < end && c->rc == BERTH_OK; k->at++)
        write_one(c, k->t, k->ids[k->at]);
    if (k->at == k->n) {
        k->j->done += k->looked;
        json_object_set_new(k->j->result, "last", json_integer(k->last));
    }
    if (k->mark != NULL)
        keep_mark(c, k->t, k->mark);
    return c->rc;
}

static int64_t count(struct berth_ctx *c, const struct table *t)
{
    struct db_stmt *s = db_prepare(c->conn, arena_fmt(c->a, "SELECT count(*) FROM %s WHERE owner_id IS NOT NULL", t->sql));
    int64_t n = db_step(s) == DB_ROW ? db_col_int(s, 0) : 0;

    db_reset(s);
    return n;
}

int recycle_run(struct job *j, struct buf *err)
{
    struct slice k = {.j = j, .ids = mem_alloc(SLICE * sizeof(int64_t)), .looked = 1};
    const char *mark = json_string_value(json_object_get(j->args, "mark"));
    int rc = 0;

    k.last = json_integer_value(json_object_get(j->result, "last"));
    for (bool end = false; rc == 0 && !end && !j->cancelled;) {
        struct arena *a = arena_new();
        struct berth_ctx c;

        job_ctx(j, &c, j->conn, a);
        k.t = model_table(c.m, json_string_value(json_object_get(j->args, "table")));
        if (k.t == NULL || k.t->at_due < 0 || due_plan(&c) == NULL || strcmp(mark_of(&c, due_plan(&c), k.t), mark) != 0) {
            end = true; /* another change came: another job does it */
        } else {
            if (j->total == 0)
                j->total = count(&c, k.t);
            rc = look(&c, &k);
            end = k.looked == 0;
            k.mark = end ? mark : NULL;
            do
                rc = rc == 0
                         ? commit_run(&(struct commit){.st = j->st, .job = j, .what = "recycle", .body = write_part, .arg = &k, .err = err})
                         : rc;
            while (rc == 0 && k.at < k.n);
        }
        db_settle(j->conn);
        arena_free(&a);
    }
    free(k.ids);
    if (rc != 0 && err->len == 0)
        buf_puts(err, "the records could not be read");
    return rc == 0 ? 0 : -1;
}
