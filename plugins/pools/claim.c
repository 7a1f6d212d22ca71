/* claim.c - taking out of a pool and keeping: members, caps, locks, protection. */
#include "pools.h"

struct asked { /* under BERTH_CAP_ALL_ROWS */
    struct berth_row *row;
    int64_t user, pool;
    const char *field; /* whose fault it is in the form; NULL: the user's own claim */
    bool yes;
};

/* ---- members ---------------------------------------------------------------------------- */
static bool has_department(struct berth_ctx *c, int64_t pool, struct berth_val department)
{
    return department.type != BERTH_NULL &&
           host->count(c, "pool_member", "pool_id = ? and department_id = ?", BERTH_ARGS(berth_i(pool), department)) > 0;
}

static bool by_department(struct berth_ctx *c, int64_t pool, const struct berth_row *user)
{
    struct berth_rows *more = host->find(c, "user_department", "user_id = ? limit 100", BERTH_ARGS(host->get(user, "id")));
    bool yes = has_department(c, pool, host->get(user, "department_id"));

    for (struct berth_row *d; !yes && (d = host->next(more)) != NULL;)
        yes = has_department(c, pool, host->get(d, "department_id"));
    return yes;
}

static bool is_member(struct berth_ctx *c, int64_t pool, const struct berth_row *user)
{
    return host->count(c, "pool_member", "pool_id = ? and user_id = ?",
                       BERTH_ARGS(berth_i(pool), host->get(user, "id"))) > 0 ||
           by_department(c, pool, user) ||
           berth_number(user, "admin") != 0;
}

static int ask_admin(struct berth_ctx *c, void *arg)
{
    struct asked *k = arg;

    k->yes = host->count(c, "pool_member", "pool_id = ? and user_id = ? and admin = true",
                         BERTH_ARGS(berth_i(k->pool), berth_i(k->user))) > 0;
    return host->rc(c);
}

bool pools_is_admin(struct berth_ctx *c, int64_t pool)
{
    struct asked k = {.pool = pool, .user = host->user(c)};

    host->all_rows(c, ask_admin, &k);
    return k.yes;
}

/* ---- how many one may hold ----------------------------------------------------------------- */
static struct berth_row *limit_where(struct berth_ctx *c, const char *table, const char *where, int64_t id)
{
    return host->next(host->find(c, "hold_limit", host->fmt(c, "on_table = ? and %s limit 1", where),
                                 BERTH_ARGS(berth_s(table), berth_i(id))));
}

/* Theirs, else that of the closest department, else everybody's; NULL: none. */
static struct berth_row *limit_of(struct berth_ctx *c, const char *table, const struct berth_row *user)
{
    struct berth_row *limit = limit_where(c, table, "user_id = ?", berth_number(user, "id"));
    int64_t department = berth_number(user, "department_id");

    for (int i = 0; limit == NULL && department != 0 && i < LEVELS; i++) {
        limit = limit_where(c, table, "department_id = ?", department);
        department = berth_number(host->load(c, "department", department), "parent_id");
    }
    return limit != NULL ? limit : limit_where(c, table, "user_id empty and department_id empty and id > ?", 0);
}

static int64_t held(struct berth_ctx *c, const char *table, int64_t user, struct berth_val uncounted)
{
    if (uncounted.type == BERTH_NULL)
        return host->count(c, table, "owner_id = ?", BERTH_ARGS(berth_i(user)));
    return host->count(c, table, host->fmt(c, "{\"and\":[[\"owner_id\",\"=\",%lld],{\"not\":%s}]}", (long long)user, uncounted.s),
                       BERTH_NOARGS);
}

static int too_many(struct berth_ctx *c, const struct asked *k)
{
    return k->field == NULL ? pools_refuse(c, "pools.err.hold_cap")
                            : host->error(c, BERTH_INVALID, k->field, "pools.err.their_cap");
}

static int check_held(struct berth_ctx *c, const struct asked *k, const struct berth_row *user)
{
    const char *table = host->table(k->row);
    struct berth_row *pool = k->pool == 0 ? NULL : host->load(c, "pool", k->pool);
    struct berth_row *limit = limit_of(c, table, user);
    int64_t cap = berth_number(pool, "hold_cap"), own = berth_number(limit, "hold_cap");

    if (cap > 0 && held(c, table, k->user, berth_nil()) >= cap)
        return too_many(c, k);
    if (own > 0 && held(c, table, k->user, host->get(limit, "uncounted")) >= own)
        return too_many(c, k);
    return host->rc(c);
}

/* ---- claiming ---------------------------------------------------------------------------------- */
static int check_claim(struct berth_ctx *c, void *arg)
{
    struct asked *k = arg;
    struct berth_row *pool = host->load(c, "pool", k->pool), *user = host->load(c, "user", k->user);
    int64_t now = host->now(c), pooled = berth_number(k->row, "pooled_at"), day_cap = berth_number(pool, "day_cap");

    if (berth_number(pool, "active") == 0)
        return pools_refuse(c, "pools.err.closed");
    if (!is_member(c, k->pool, user))
        return host->error(c, BERTH_DENIED, NULL, "pools.err.member");
    if (berth_number(k->row, "prev_owner_id") == k->user && pooled + berth_number(pool, "lock_days") * BERTH_DAY > now)
        return pools_refuse(c, "pools.err.locked");
    ask_admin(c, k);
    if (!k->yes && pooled + berth_number(pool, "protect_days") * BERTH_DAY > now)
        return pools_refuse(c, "pools.err.protected");
    if (check_held(c, k, user) != BERTH_OK)
        return host->rc(c);
    if (day_cap > 0 && host->count(c, "owner_log", "to_user = ? and pool_id = ? and from_user empty and at >= @today",
                                   BERTH_ARGS(berth_i(k->user), berth_i(k->pool))) >= day_cap)
        return pools_refuse(c, "pools.err.day_cap");
    return host->rc(c);
}

int pools_may_claim(struct berth_ctx *c, struct berth_row *row, int64_t user)
{
    struct asked k = {.row = row, .user = user, .pool = berth_number(row, "pool_id")};

    if (k.pool == 0)
        return pools_refuse(c, "pools.err.no_pool");
    return host->all_rows(c, check_claim, &k);
}

int pools_claim(struct berth_ctx *c, struct berth_row *row)
{
    if (berth_number(row, "owner_id") != 0)
        return pools_refuse(c, "pools.err.taken");
    if (pools_may_claim(c, row, host->user(c)) != BERTH_OK || host->emit(c, "pools.claiming", row) != BERTH_OK)
        return host->rc(c);
    host->set(row, "owner_id", berth_i(host->user(c)));
    return host->save(c, row);
}

static int check_receiver(struct berth_ctx *c, void *arg)
{
    struct asked *k = arg;
    struct berth_row *user = host->load(c, "user", k->user);

    if (berth_number(user, "active") == 0)
        return host->error(c, BERTH_INVALID, k->field, "pools.err.left");
    return check_held(c, k, user);
}

int pools_may_receive(struct berth_ctx *c, struct berth_row *row, int64_t user, const char *field)
{
    struct asked k = {.row = row, .user = user, .pool = berth_number(row, "pool_id"), .field = field};

    return host->all_rows(c, check_receiver, &k);
}

/* ---- keeping: what is locked does not fall back -------------------------------------------------- */
static int check_locked(struct berth_ctx *c, void *arg)
{
    struct asked *k = arg;
    const char *table = host->table(k->row);
    int64_t cap = berth_number(limit_of(c, table, host->load(c, "user", k->user)), "lock_cap");

    if (cap > 0 && host->count(c, table, "owner_id = ? and is_locked = true", BERTH_ARGS(berth_i(k->user))) >= cap)
        return pools_refuse(c, "pools.err.lock_cap");
    return host->rc(c);
}

static int set_locked(struct berth_ctx *c, struct berth_row *row, bool locked)
{
    host->set(row, "is_locked", (struct berth_val){BERTH_BOOL, 0, {.i = locked}});
    return host->save(c, row);
}

int pools_lock(struct berth_ctx *c, struct berth_row *row)
{
    struct asked k = {.row = row, .user = berth_number(row, "owner_id")};

    return host->all_rows(c, check_locked, &k) == BERTH_OK ? set_locked(c, row, true) : host->rc(c);
}

int pools_unlock(struct berth_ctx *c, struct berth_row *row)
{
    return set_locked(c, row, false);
}
