/* plan.c - plans of steps: "new customer in 30 days" becomes a task for each step, due as many days
 * from today. */
#include "activities.h"

static int start(struct berth_ctx *c, struct berth_row *on, int64_t plan)
{
    static const char *const taken[] = {"subject", "purpose", "goal"};
    struct berth_rows *steps =
        host->find(c, "task_plan_step", "plan_id = ? order by after_days, id limit 200",
                   BERTH_ARGS(berth_i(plan)));

    for (struct berth_row *s; (s = host->next(steps)) != NULL && host->rc(c) == BERTH_OK;) {
        struct berth_row *t = host->make(c, "task");

        for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
            host->set(t, taken[i], host->get(s, taken[i]));
        host->set(t, host->fmt(c, "%s_id", host->table(on)), host->get(on, "id"));
        host->set(t, "plan_id", berth_i(plan));
        host->set(t, "due_on", berth_i(host->today(c) + berth_number(s, "after_days")));
        if (berth_number(on, "owner_id") != 0)
            host->set(t, "owner_id", host->get(on, "owner_id"));
        host->save(c, t);
    }
    return host->rc(c);
}

int plan_start(struct berth_ctx *c, struct berth_row *on)
{
    return start(c, on, host->param(c, "plan_id").i);
}

/* ---- by rule: something became of a customer ------------------------------------------------- */
static const char *said(const char *topic) /* "opportunities.won": "won" */
{
    return strchr(topic, '.') + 1;
}

struct beginning {
    struct berth_row *on;
    const char *plan;
};

/* Once for each customer: what was begun is not begun again. */
static int begin(struct berth_ctx *c, void *arg)
{
    const struct beginning *b = arg;
    struct berth_row *plan =
        host->next(host->find(c, "task_plan", "code = ? limit 1", BERTH_ARGS(berth_s(b->plan))));

    if (plan == NULL || host->count(c, "task", "customer_id = ? and plan_id = ?",
                                    BERTH_ARGS(host->get(b->on, "id"), host->get(plan, "id"))) > 0)
        return host->rc(c);
    return start(c, b->on, berth_number(plan, "id"));
}

int plan_by_rule(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_row *customer = host->ref(c, ev->row, "customer_id");
    struct beginning b = {.on = customer};
    struct berth_val answer;

    if (customer == NULL)
        return host->rc(c);
    answer = host->rule(c, "activities.plan", BERTH_ARGS(berth_s(said(ev->on)), berth_r(customer)));
    if (answer.type == BERTH_NULL || *answer.s == '\0')
        return host->rc(c);
    b.plan = answer.s;
    return host->all_rows(c, begin, &b);
}
