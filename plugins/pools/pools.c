/* pools - records without an owner lie in pools: members claim them within caps, owners let them go
 * or hand them on.  Serves every BERTH_POOLED table; the tables `pool` and `pool_member` are base's.
 *
 * A topic for other plugins: "pools.release" with a record lets it fall back to its pool. */
#include <berth.h>

struct claim { /* what is asked under BERTH_CAP_ALL_ROWS */
    struct berth_row *row;
    int64_t user, pool;
    bool may;
    int64_t today, held;
};

static int64_t number(const struct berth_row *r, const char *field)
{
    return host->get(r, field).i;
}

static int refuse(struct berth_ctx *c, const char *key)
{
    return host->error(c, BERTH_CONFLICT, NULL, key);
}

/* ---- claiming ---------------------------------------------------------------------- */
static bool is_member(struct berth_ctx *c, int64_t pool, int64_t user)
{
    struct berth_row *u = host->load(c, "user", user);

    return host->count(c, "pool_member", "pool_id = ? and user_id = ?", BERTH_ARGS(berth_i(pool), berth_i(user))) > 0 ||
           (number(u, "department_id") != 0 &&
            host->count(c, "pool_member", "pool_id = ? and department_id = ?",
                        BERTH_ARGS(berth_i(pool), berth_i(number(u, "department_id")))) > 0) ||
           number(u, "admin") != 0;
}

static int64_t held(struct berth_ctx *c, const struct berth_row *row, int64_t user)
{
    return host->count(c, host->table(row), "owner_id = ?", BERTH_ARGS(berth_i(user)));
}

static int check_claim(struct berth_ctx *c, void *arg)
{
    struct claim *k = arg;
    struct berth_row *pool = host->load(c, "pool", k->pool);
    int64_t day_cap = number(pool, "day_cap"), hold_cap = number(pool, "hold_cap"), now = host->now(c);
    int64_t lock = number(pool, "lock_days") * BERTH_DAY, protect = number(pool, "protect_days") * BERTH_DAY;

    if (number(pool, "active") == 0)
        return refuse(c, "pools.err.closed");
    if (!is_member(c, k->pool, k->user))
        return host->error(c, BERTH_DENIED, NULL, "pools.err.member");
    if (number(k->row, "prev_owner_id") == k->user && number(k->row, "pooled_at") + lock > now)
        return refuse(c, "pools.err.locked");
    if (number(k->row, "created_at") + protect > now)
        return refuse(c, "pools.err.protected");
    if (hold_cap > 0 && held(c, k->row, k->user) >= hold_cap)
        return refuse(c, "pools.err.hold_cap");
    if (day_cap > 0 && host->count(c, "owner_log", "to_user = ? and pool_id = ? and from_user empty and at >= @today",
                                   BERTH_ARGS(berth_i(k->user), berth_i(k->pool))) >= day_cap)
        return refuse(c, "pools.err.day_cap");
    return host->rc(c);
}

static int claim(struct berth_ctx *c, struct berth_row *row)
{
    struct claim k = {.row = row, .user = host->user(c), .pool = number(row, "pool_id")};

    if (number(row, "owner_id") != 0)
        return refuse(c, "pools.err.taken");
    if (k.pool == 0)
        return refuse(c, "pools.err.no_pool");
    if (host->all_rows(c, check_claim, &k) != BERTH_OK || host->emit(c, "pools.claiming", row) != BERTH_OK)
        return host->rc(c);
    host->set(row, "owner_id", berth_i(k.user));
    return host->save(c, row);
}

/* ---- letting go ----------------------------------------------------------------------- */
static int64_t some_pool(struct berth_ctx *c, const struct berth_row *row)
{
    struct berth_rows *pools = host->find(c, "pool", "on_table = ? and active = true order by id limit 1",
                                          BERTH_ARGS(berth_s(host->table(row))));
    struct berth_row *pool = host->next(pools);

    return pool == NULL ? 0 : number(pool, "id");
}

static int save(struct berth_ctx *c, void *arg)
{
    return host->save(c, arg);
}

static int let_go(struct berth_ctx *c, struct berth_row *row, int64_t pool, const char *reason)
{
    if (pool == 0)
        pool = number(row, "pool_id");
    if (pool == 0)
        pool = some_pool(c, row);
    if (pool == 0)
        return refuse(c, "pools.err.no_pool");
    host->set(row, "owner_id", berth_nil());
    host->set(row, "pool_id", berth_i(pool));
    host->set(row, "pool_reason", berth_s(reason));
    /* the user may not see the pool that it goes to */
    return host->all_rows(c, save, row);
}

static int release(struct berth_ctx *c, struct berth_row *row)
{
    struct berth_val reason = host->param(c, "pool_reason");

    if (number(row, "owner_id") == 0)
        return refuse(c, "pools.err.in_pool");
    return let_go(c, row, host->param(c, "pool_id").i, reason.type == BERTH_NULL ? "manual" : reason.s);
}

static int on_release(struct berth_ctx *c, struct berth_event *ev)
{
    return let_go(c, ev->row, 0, host->user(c) == 0 ? "rule" : "left");
}

/* ---- handing on ------------------------------------------------------------------------ */
static int check_receiver(struct berth_ctx *c, void *arg)
{
    struct claim *k = arg;
    struct berth_row *user = host->load(c, "user", k->user), *pool;

    if (number(user, "active") == 0)
        return host->error(c, BERTH_INVALID, "to_id", "pools.err.left");
    pool = k->pool == 0 ? NULL : host->load(c, "pool", k->pool);
    if (pool != NULL && number(pool, "hold_cap") > 0 && held(c, k->row, k->user) >= number(pool, "hold_cap"))
        return host->error(c, BERTH_INVALID, "to_id", "pools.err.their_cap");
    return host->rc(c);
}

static int give(struct berth_ctx *c, struct berth_row *row, int64_t to)
{
    host->set(row, "owner_id", berth_i(to));
    host->set(row, "pool_reason", berth_nil());
    return host->all_rows(c, save, row);
}

static int transfer(struct berth_ctx *c, struct berth_row *row)
{
    int64_t to = host->param(c, "to_id").i;
    struct claim k = {.row = row, .user = to, .pool = number(row, "pool_id")};

    if (to == number(row, "owner_id"))
        return host->error(c, BERTH_INVALID, "to_id", "pools.err.same");
    /* out of a pool on its terms only, whoever hands it out and to whom */
    if (host->all_rows(c, check_receiver, &k) != BERTH_OK ||
        (number(row, "owner_id") == 0 && host->all_rows(c, check_claim, &k) != BERTH_OK))
        return host->rc(c);
    return give(c, row, to);
}

/* This record for one of a colleague's; both change hands or neither. */
static int swap(struct berth_ctx *c, struct berth_row *row)
{
    struct berth_val with = host->param(c, "with_id");
    struct berth_row *other;
    int64_t mine, theirs;

    other = host->load(c, host->table(row), with.i);
    mine = number(row, "owner_id");
    theirs = number(other, "owner_id");
    if (mine == 0 || theirs == 0 || mine == theirs)
        return host->error(c, BERTH_INVALID, "with_id", "pools.err.swap");
    return give(c, row, theirs) == BERTH_OK ? give(c, other, mine) : host->rc(c);
}

BERTH_PLUGIN(.name = "pools", .version = "0.1.0", .needs = "base", .caps = BERTH_CAP_ALL_ROWS,
    .perms = BERTH_LIST_OF(berth_perm, {"claim", "sales, manager"}, {"swap", "manager"}),
    .actions = BERTH_LIST_OF(berth_action,
        {"@pooled", "claim", "claim", .when = "owner_id empty", .flags = BERTH_BULK | BERTH_SEEN, .icon = "hand",
         .run = claim},
        {"@pooled", "release", .when = "owner_id not empty", .flags = BERTH_BULK, .icon = "undo", .run = release,
         .form = BERTH_FIELDS({"pool_reason", BERTH_PICK, 0, "base.pool_reason"},
                              {"pool_id", BERTH_REF, 0, "pool"},
                              {"note", BERTH_LONG, .max = 1000})},
        {"@pooled", "transfer", .flags = BERTH_BULK, .icon = "user-plus", .run = transfer,
         .form = BERTH_FIELDS({"to_id", BERTH_REF, BERTH_REQUIRED, "user"},
                              {"note", BERTH_LONG, .max = 1000})},
        {"@pooled", "swap", "swap", .when = "owner_id not empty", .icon = "swap", .run = swap,
         .form = BERTH_FIELDS({"with_id", BERTH_REF, BERTH_REQUIRED, "@self"},
                              {"note", BERTH_LONG, .max = 1000})}),
    .hooks = BERTH_LIST_OF(berth_hook, {BERTH_EVENT, "pools.release", on_release}))
