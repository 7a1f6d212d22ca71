/* pools - records without an owner lie in pools: members claim them within caps, owners let them go
 * or hand them on, and what is due falls back.  Serves every BERTH_POOLED table; the tables `pool`,
 * `pool_member`, `pool_rule`, `hold_limit` and `handover` are base's, due_at and its like the host's.
 *
 * Topics for other plugins: "pools.release" with a record lets it fall back to its pool;
 * "pools.receiving" with a record whose new owner is set refuses it where he may not hold it;
 * "pools.claiming" may refuse a claim; "pools.remind" and "pools.fell" tell of what happened. */
#include "pools.h"

int pools_refuse(struct berth_ctx *c, const char *key)
{
    return host->error(c, BERTH_CONFLICT, NULL, key);
}

static int save(struct berth_ctx *c, void *arg)
{
    return host->save(c, arg);
}

/* ---- letting go ----------------------------------------------------------------------- */
static int64_t some_pool(struct berth_ctx *c, const struct berth_row *row)
{
    struct berth_rows *pools = host->find(c, "pool", "on_table = ? and active = true order by id limit 1",
                                          BERTH_ARGS(berth_s(host->table(row))));
    struct berth_row *pool = host->next(pools);

    return pool == NULL ? 0 : berth_number(pool, "id");
}

/* A pool that is closed or gone takes nothing. */
static int64_t open_pool(struct berth_ctx *c, int64_t pool)
{
    return host->count(c, "pool", "id = ? and active = true", BERTH_ARGS(berth_i(pool))) > 0 ? pool : 0;
}

int pools_let_go(struct berth_ctx *c, struct berth_row *row, int64_t pool, const char *reason)
{
    if (pool == 0)
        pool = open_pool(c, berth_number(row, "pool_id"));
    if (pool == 0)
        pool = some_pool(c, row);
    if (pool == 0)
        return pools_refuse(c, "pools.err.no_pool");
    host->set(row, "owner_id", berth_nil());
    host->set(row, "pool_id", berth_i(pool));
    host->set(row, "pool_reason", berth_s(reason));
    /* the user may not see the pool that it goes to */
    return host->all_rows(c, save, row);
}

static int release(struct berth_ctx *c, struct berth_row *row)
{
    struct berth_val reason = host->param(c, "pool_reason");

    if (berth_number(row, "owner_id") == 0)
        return pools_refuse(c, "pools.err.in_pool");
    return pools_let_go(c, row, host->param(c, "pool_id").i, reason.type == BERTH_NULL ? "manual" : reason.s);
}

static int on_release(struct berth_ctx *c, struct berth_event *ev)
{
    return pools_let_go(c, ev->row, 0, host->user(c) == 0 ? "rule" : "left");
}

static int on_receiving(struct berth_ctx *c, struct berth_event *ev)
{
    return pools_may_receive(c, ev->row, berth_number(ev->row, "owner_id"),
                             host->param(c, "to_id").type == BERTH_NULL ? "owner_id" : "to_id");
}

/* From pool to pool; since when it has been without an owner stays. */
static int move(struct berth_ctx *c, struct berth_row *row)
{
    struct berth_val to = host->param(c, "pool_id");

    if (!host->can(c, "pools.move") && !pools_is_admin(c, berth_number(row, "pool_id")))
        return host->error(c, BERTH_DENIED, NULL, "err.denied");
    host->set(row, "pool_id", to);
    host->set(row, "pool_reason", berth_s("moved"));
    return host->all_rows(c, save, row);
}

/* ---- handing on ------------------------------------------------------------------------ */
static int give(struct berth_ctx *c, struct berth_row *row, int64_t to)
{
    host->set(row, "owner_id", berth_i(to));
    host->set(row, "pool_reason", berth_nil());
    return host->all_rows(c, save, row);
}

static int transfer(struct berth_ctx *c, struct berth_row *row)
{
    int64_t to = host->param(c, "to_id").i;

    if (to == berth_number(row, "owner_id"))
        return host->error(c, BERTH_INVALID, "to_id", "pools.err.same");
    /* out of a pool on its terms only, whoever hands it out and to whom */
    if (pools_may_receive(c, row, to, "to_id") != BERTH_OK ||
        (berth_number(row, "owner_id") == 0 && pools_may_claim(c, row, to) != BERTH_OK))
        return host->rc(c);
    return give(c, row, to);
}

/* This record for one of a colleague's; both change hands or neither. */
static int swap(struct berth_ctx *c, struct berth_row *row)
{
    struct berth_row *other = host->load(c, host->table(row), host->param(c, "with_id").i);
    int64_t mine = berth_number(row, "owner_id"), theirs = berth_number(other, "owner_id");

    if (mine == 0 || theirs == 0 || mine == theirs)
        return host->error(c, BERTH_INVALID, "with_id", "pools.err.swap");
    return give(c, row, theirs) == BERTH_OK ? give(c, other, mine) : host->rc(c);
}

/* ---- leaving the company ------------------------------------------------------------------ */
/* The host moves what they held, in slices, once the user is no longer active. */
static int leave(struct berth_ctx *c, struct berth_row *user)
{
    struct berth_row *h = host->make(c, "handover");

    host->set(h, "user_id", host->get(user, "id"));
    host->set(h, "to_ids", host->param(c, "to_ids"));
    host->set(h, "pool_id", host->param(c, "pool_id"));
    host->set(h, "note", host->param(c, "note"));
    if (host->all_rows(c, save, h) != BERTH_OK)
        return host->rc(c);
    host->set(user, "active", (struct berth_val){BERTH_BOOL, 0, {.i = 0}});
    return host->save(c, user);
}

static int come_back(struct berth_ctx *c, struct berth_row *user)
{
    struct berth_row *h = host->next(host->find(c, "handover", "user_id = ? and state in ('open', 'done') order by id desc limit 1",
                                                BERTH_ARGS(host->get(user, "id"))));

    host->set(user, "active", (struct berth_val){BERTH_BOOL, 0, {.i = 1}});
    if (host->save(c, user) != BERTH_OK || h == NULL)
        return host->rc(c);
    host->set(h, "state", berth_s("undoing"));
    return host->all_rows(c, save, h);
}

#define NOTE {"note", BERTH_LONG, .max = 1000}
#define OPEN_POOL "pool", .where = "on_table = '@self' and active = true"
#define AT_WORK "user", .where = "active = true"

BERTH_PLUGIN(
        .name = "pools", .version = "0.2.0", .needs = "base", .caps = BERTH_CAP_ALL_ROWS,
        .perms = BERTH_LIST_OF(berth_perm, {"claim", "sales, manager"}, {"swap", "manager"}, {"move", "manager"}, {"whatif", "manager"}),
        .actions = BERTH_LIST_OF(
            berth_action,
            {"@pooled", "claim", "claim", .when = "owner_id empty", .flags = BERTH_BULK | BERTH_SEEN, .icon = "hand", .run = pools_claim},
            {"@pooled", "release", .when = "owner_id not empty", .flags = BERTH_BULK, .icon = "undo", .run = release,
             .form = BERTH_FIELDS({"pool_reason", BERTH_PICK, 0, "base.pool_reason"}, {"pool_id", BERTH_REF, 0, OPEN_POOL}, NOTE)},
            {"@pooled", "transfer", .flags = BERTH_BULK, .icon = "user-plus", .run = transfer,
             .form = BERTH_FIELDS({"to_id", BERTH_REF, BERTH_REQUIRED, AT_WORK}, NOTE)},
            {"@pooled", "move", .when = "owner_id empty", .flags = BERTH_BULK | BERTH_SEEN, .icon = "folder", .run = move,
             .form = BERTH_FIELDS({"pool_id", BERTH_REF, BERTH_REQUIRED, OPEN_POOL}, NOTE)},
            {"@pooled", "lock", .when = "owner_id not empty and is_locked <> true", .flags = BERTH_BULK, .icon = "lock", .run = pools_lock},
            {"@pooled", "unlock", .when = "owner_id not empty and is_locked = true", .flags = BERTH_BULK, .icon = "unlock",
             .run = pools_unlock},
            {"@pooled", "swap", "swap", .when = "owner_id not empty", .icon = "swap", .run = swap,
             .form = BERTH_FIELDS({"with_id", BERTH_REF, BERTH_REQUIRED, "@self"}, NOTE)},
            {"user", "leave", .when = "active = true", .flags = BERTH_DANGER, .icon = "logout", .run = leave,
             .form = BERTH_FIELDS({"to_ids", BERTH_REF, BERTH_MANY, AT_WORK}, {"pool_id", BERTH_REF, 0, "pool", .where = "active = true"},
                                  NOTE)},
            {"user", "come_back", .when = "active = false", .flags = BERTH_DANGER, .icon = "undo", .run = come_back}),
        .hooks = BERTH_LIST_OF(berth_hook, {BERTH_EVENT, "pools.release", on_release}, {BERTH_EVENT, "pools.receiving", on_receiving}),
        .timers = BERTH_LIST_OF(berth_timer, {"release", "20s", pools_release_due}))
