/* due.c - the release run: what is due falls back, and reminders are told, soonest first.  The host keeps
 * when that is in each record, under an index, so a run costs what it does and not what there is. */
#include "pools.h"

#include <stdio.h>

/* One turn, during which others wait.  What could not be done stays at the head of the index and is
 * passed over for the rest of the run. */
enum { TURN = 200, STUCK_MAX = 1000 };

struct turn {
    int64_t stuck[STUCK_MAX];
    size_t nstuck;
};

static bool is_stuck(const struct turn *t, int64_t id)
{
    for (size_t i = 0; i < t->nstuck; i++)
        if (t->stuck[i] == id)
            return true;
    return false;
}

/* ---- one record ------------------------------------------------------------------------------- */
/* Asked again, so that nothing is let go by a rule that is out of date. */
static int fall(struct berth_ctx *c, void *arg)
{
    struct berth_row *row = arg;
    struct berth_due due;

    if (host->due(c, row, &due) != BERTH_OK)
        return host->rc(c);
    if (due.at == 0 || due.at > host->now(c))
        return host->save(c, row);
    if (pools_let_go(c, row, due.pool_id, "rule") != BERTH_OK)
        return host->rc(c);
    return host->emit(c, "pools.fell", row);
}

enum { PEOPLE_MAX = 20 };

/* Who stands above: the superior, else who leads the department, or the one above it where that is the owner. */
static int64_t above(struct berth_ctx *c, const struct berth_row *owner)
{
    struct berth_row *d = host->ref(c, owner, "department_id");
    int64_t who = berth_number(owner, "manager_id");

    for (int i = 0; who == 0 && d != NULL && i < LEVELS; i++) {
        who = berth_number(d, "leader_id");
        if (who == berth_number(owner, "id"))
            who = 0;
        d = host->ref(c, d, "parent_id");
    }
    return who;
}

/* The owner, who stands above them, or who looks after the pool. */
static size_t people(struct berth_ctx *c, const struct berth_row *row, uint32_t to, int64_t pool, int64_t out[PEOPLE_MAX])
{
    struct berth_row *owner = host->ref(c, row, "owner_id"), *m;
    struct berth_rows *admins;
    size_t n = 0;

    if (to != BERTH_TO_ADMINS) {
        out[0] = to == BERTH_TO_OWNER ? berth_number(owner, "id") : above(c, owner);
        return out[0] != 0;
    }
    admins = host->find(c, "pool_member", "pool_id = ? and admin = true and user_id not empty limit 20", BERTH_ARGS(berth_i(pool)));
    while (n < PEOPLE_MAX && (m = host->next(admins)) != NULL)
        out[n++] = berth_number(m, "user_id");
    return n;
}

static int tell(struct berth_ctx *c, struct berth_row *row, const struct berth_due *due, const struct berth_remind *r)
{
    static const char *const op[] = {"remind", "remind_manager", "remind_admins"};
    const char *days = host->fmt(c, "%lld", (long long)((due->at - host->now(c) + BERTH_DAY - 1) / BERTH_DAY));
    const char *why = r->text != NULL ? r->text : due->why != NULL ? due->why : "";
    const char *const args[] = {"days", days, "why", why, "owner", host->get(host->ref(c, row, "owner_id"), "name").s, NULL};
    int64_t who[PEOPLE_MAX];
    size_t n = people(c, row, r->to, due->pool_id, who);

    if (n == 0)
        return host->rc(c);
    host->note(c, row, op[r->to], why);
    return berth_alert(c,
        .text = r->to == BERTH_TO_OWNER ? "pools.alert.soon" : "pools.alert.theirs", .args = args, .about = row,
        .key = host->fmt(c, "pools.soon:%s:%lld:%lld:%u", host->table(row), (long long)berth_number(row, "id"), (long long)r->at, r->to),
        .people = who, .npeople = n, .severity = r->high ? BERTH_URGENT : BERTH_IMPORTANT);
}

static int remind(struct berth_ctx *c, void *arg)
{
    struct berth_row *row = arg;
    struct berth_due due;

    if (host->due(c, row, &due) != BERTH_OK || host->save(c, row) != BERTH_OK)
        return host->rc(c);
    for (size_t i = 0; i < due.nremind; i++)
        tell(c, row, &due, &due.remind[i]);
    return due.nremind > 0 ? host->emit(c, "pools.remind", row) : host->rc(c);
}

/* ---- the run -------------------------------------------------------------------------------------- */
/* Whether there is more. */
static bool take(struct berth_ctx *c, struct turn *t, const char *table, const char *column,
                 int (*body)(struct berth_ctx *, void *))
{
    struct berth_rows *rows = host->find(c, table, host->fmt(c, "%s <= ? order by %s limit %zu", column, column, TURN + t->nstuck),
                                         BERTH_ARGS(berth_i(host->now(c))));
    int n = 0;

    for (struct berth_row *row; (row = host->next(rows)) != NULL; n++) {
        int64_t id = berth_number(row, "id");

        if (is_stuck(t, id) || host->step(c, body, row) == BERTH_OK)
            continue;
        host->log(c, BERTH_WARN, "%s %lld: could not be let go or reminded of", table, (long long)id);
        if (t->nstuck < STUCK_MAX)
            t->stuck[t->nstuck++] = id;
    }
    return n >= TURN && t->nstuck < STUCK_MAX;
}

int pools_release_due(struct berth_ctx *c)
{
    static struct turn t; /* the run is one at a time */
    bool more = false;

    for (const char *const *table = host->tables(c, BERTH_POOLED); *table != NULL; table++) {
        more = take(c, &t, *table, "due_at", fall) || more;
        more = take(c, &t, *table, "remind_at", remind) || more;
    }
    if (!more)
        t.nstuck = 0;
    return host->rc(c) != BERTH_OK ? host->rc(c) : more;
}
