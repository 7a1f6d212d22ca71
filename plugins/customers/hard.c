/* hard.c - customers that their salesperson cannot win: each month's list for the manager, who hands each on, leaves
 * it where it is or gives it up.  What nobody decided stays on the list, so none is forgotten. */
#include "customers.h"

#include <time.h>

enum { TURN = 200 };

/* ---- the month's list --------------------------------------------------------------------- */
/* Who decides: the salesperson's manager, else the leader of the department, else of one above. */
static int64_t superior(struct berth_ctx *c, struct berth_row *user)
{
    int64_t id = user == NULL ? 0 : berth_number(user, "id");
    struct berth_row *department = host->ref(c, user, "department_id");

    if (user == NULL || berth_number(user, "manager_id") != 0)
        return user == NULL ? 0 : berth_number(user, "manager_id");
    for (int depth = 0; department != NULL && depth < 20; depth++, department = host->ref(c, department, "parent_id"))
        if (berth_number(department, "leader_id") != 0 && berth_number(department, "leader_id") != id)
            return berth_number(department, "leader_id");
    return id;
}

/* The first of this month. */
static int64_t month(struct berth_ctx *c)
{
    time_t at = (time_t)(host->today(c) * 86400);
    struct tm tm;

    gmtime_r(&at, &tm);
    return host->today(c) - tm.tm_mday + 1;
}

static int list_one(struct berth_ctx *c, void *customer)
{
    static const char *const taken[] = {"lifecycle", "level", "touched_at"};
    struct berth_row *r = customer, *h = host->make(c, "hard_case");
    int64_t boss = superior(c, host->ref(c, r, "owner_id"));

    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        host->set(h, taken[i], host->get(r, taken[i]));
    host->set(h, "customer_id", host->get(r, "id"));
    host->set(h, "from_id", host->get(r, "owner_id"));
    host->set(h, "reason", host->get(r, "hard_reason"));
    host->set(h, "since_on", host->get(r, "hard_since"));
    host->set(h, "month_on", berth_i(month(c)));
    host->set(h, "owner_id", berth_i(boss));
    if (host->save(c, h) == BERTH_OK && boss != 0)
        berth_alert(c, .text = "customers.alert.hard", .about = h, .people = &boss, .npeople = 1,
                    .key = host->fmt(c, "customers.hard:%lld:%lld", (long long)boss, (long long)month(c)));
    return host->rc(c);
}

/* Every morning: whoever is hard and on nobody's list comes onto this month's; once a month each. */
int hard_list(struct berth_ctx *c)
{
    struct state *s = host->state(c);
    struct berth_rows *rows = host->find(c, "customer", "id > ? and is_hard = true and owner_id not empty order by id limit 200",
                                         BERTH_ARGS(berth_i(s->listed)));
    int n = 0;

    for (struct berth_row *r; (r = host->next(rows)) != NULL; n++) {
        s->listed = berth_number(r, "id");
        if (host->count(c, "hard_case", "customer_id = ? and (decision = 'open' or month_on = ?)",
                        BERTH_ARGS(berth_i(s->listed), (struct berth_val){BERTH_DATE, 0, {.i = month(c)}})) == 0 &&
            host->step(c, list_one, r) != BERTH_OK)
            host->log(c, BERTH_WARN, "customer %lld could not be put on the list of hard ones", (long long)s->listed);
    }
    if (n == TURN)
        return 1;
    s->listed = 0;
    return host->rc(c);
}

/* ---- the manager decides ---------------------------------------------------------------------- */
static int decide(struct berth_ctx *c, struct berth_row *h, const char *decision)
{
    host->set(h, "decision", berth_s(decision));
    host->set(h, "decided_at", berth_i(host->now(c)));
    host->set(h, "note", host->param(c, "note"));
    return host->save(c, h);
}

static struct berth_row *no_longer_hard(struct berth_ctx *c, struct berth_row *h)
{
    struct berth_row *r = host->load(c, "customer", berth_number(h, "customer_id"));

    if (r != NULL) {
        host->set(r, "is_hard", berth_i(0));
        host->set(r, "hard_reason", berth_nil());
    }
    return r;
}

/* To somebody else, on the terms on which customers change hands. */
int hard_hand_over(struct berth_ctx *c, struct berth_row *h)
{
    struct berth_row *r = no_longer_hard(c, h);
    int64_t to = host->param(c, "to_id").i;

    if (r == NULL)
        return host->rc(c);
    if (to == berth_number(r, "owner_id"))
        return host->error(c, BERTH_INVALID, "to_id", "customers.err.same_owner");
    host->set(r, "owner_id", berth_i(to));
    if (host->emit(c, "pools.receiving", r) != BERTH_OK || host->all_rows(c, save_row, r) != BERTH_OK)
        return host->rc(c);
    host->set(h, "to_id", berth_i(to));
    return decide(c, h, "handed");
}

/* Its salesperson tries again. */
int hard_keep(struct berth_ctx *c, struct berth_row *h)
{
    struct berth_row *r = no_longer_hard(c, h);

    return r == NULL || host->save(c, r) != BERTH_OK ? host->rc(c) : decide(c, h, "kept");
}

/* Lost, and back in the pool. */
int hard_give_up(struct berth_ctx *c, struct berth_row *h)
{
    struct berth_row *r = no_longer_hard(c, h);

    if (r == NULL)
        return host->rc(c);
    host->set(r, "lifecycle", berth_s("lost"));
    return host->emit(c, "pools.release", r) != BERTH_OK ? host->rc(c) : decide(c, h, "dropped");
}
