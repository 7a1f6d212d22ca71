/* pool_view.c - the daily cap on opening what lies in a pool. */
#include "record/pool_view.h"

#include "record/due_plan.h"
#include "record/where.h"

static int64_t ask(struct berth_ctx *c, const char *sql, const int64_t *args, int n)
{
    struct db_stmt *s = db_prepare(c->conn, sql);

    for (int i = 0; i < n; i++)
        db_bind_int(s, i + 1, args[i]);
    return db_one_int(s);
}

static int64_t cap_of(struct berth_ctx *c, const struct berth_row *r)
{
    const struct due_plan *plan = r->t->at_pool < 0 || row_int(r, r->t->at_owner) != 0 ? NULL : due_plan(c);
    const struct due_pool *pool = plan == NULL ? NULL : due_pool_of(plan, r->t, row_int(r, r->t->at_pool));

    return pool == NULL ? 0 : pool->view_cap;
}

bool pool_view_counts(struct berth_ctx *c, const struct berth_row *r)
{
    int64_t pool = row_int(r, r->t->at_pool);

    if (c->who == NULL || c->who->admin || cap_of(c, r) == 0 ||
        ask(c, "SELECT count(*) FROM pool_member WHERE user_id = ? AND pool_id = ? AND admin = 1",
            (const int64_t[]){c->who->id, pool}, 2) > 0)
        return false;
    return ask(c, "SELECT count(*) FROM pool_view WHERE user_id = ? AND pool_id = ? AND day = ? AND rec = ?",
               (const int64_t[]){c->who->id, pool, where_today(c), row_id(r)}, 4) == 0;
}

int pool_view_count(struct berth_ctx *c, const struct berth_row *r)
{
    const int64_t args[] = {c->who->id, row_int(r, r->t->at_pool), where_today(c), row_id(r)};
    struct db_stmt *s;
    int rc;

    if (!pool_view_counts(c, r))
        return c->rc;
    if (ask(c, "SELECT count(*) FROM pool_view WHERE user_id = ? AND pool_id = ? AND day = ?", args, 3) >= cap_of(c, r))
        return ctx_fail(c, BERTH_CONFLICT, "conflict", "err.view_cap");
    s = db_prepare(c->conn, "INSERT INTO pool_view (user_id, pool_id, day, rec) VALUES (?, ?, ?, ?)");
    for (int i = 0; i < 4; i++)
        db_bind_int(s, i + 1, args[i]);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "count a view") : BERTH_OK;
}
