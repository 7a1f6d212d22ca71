/* report.c - daily, weekly and monthly work reports; what can be counted is counted. */
#include "activities.h"

/* ---- what can be counted --------------------------------------------------------------------- */
static const struct {
    const char *name;  /* of a field of work_report, and of a metric of personal targets */
    const char *table; /* it may be off */
    const char *where, *by;
} counted[] = {
    {"calls", "activity", "kind = 'call' and status = 'done'", "start_at"},
    {"visits", "activity", "kind in ('visit', 'received', 'meeting') and status = 'done'",
     "start_at"},
    {"messages", "activity", "kind in ('email', 'message') and status = 'done'", "start_at"},
    {"tasks_done", "task", "status = 'done'", "done_at"},
    {"new_leads", "lead", NULL, "created_at"},
    {"new_customers", "customer", NULL, "created_at"},
    {"new_opportunities", "opportunity", NULL, "created_at"}};
enum { COUNTED = sizeof(counted) / sizeof(counted[0]) };

static int64_t count(struct berth_ctx *c, size_t i, int64_t user, int64_t from, int64_t to)
{
    if (!host->has(c, counted[i].table))
        return 0;
    return host->count(c, counted[i].table,
                       host->fmt(c, "owner_id = ? and %s >= ? and %s < ?%s%s", counted[i].by,
                                 counted[i].by, counted[i].where == NULL ? "" : " and ",
                                 counted[i].where == NULL ? "" : counted[i].where),
                       BERTH_ARGS(berth_i(user), berth_i(from), berth_i(to)));
}

int64_t work_count(struct berth_ctx *c, const char *metric, int64_t user, int64_t from_day,
                   int64_t to_day)
{
    for (size_t i = 0; i < COUNTED; i++)
        if (strcmp(counted[i].name, metric) == 0)
            return count(c, i, user, host->midnight(c, from_day), host->midnight(c, to_day + 1));
    return 0;
}

/* ---- saving ---------------------------------------------------------------------------------- */
/* The days that a period has, from its first on. */
static int64_t last_day(const struct berth_row *r)
{
    int64_t from = berth_number(r, "from_on");

    return berth_says(r, "kind", "monthly") ? host->months(from, 1) - 1 : from + (berth_says(r, "kind", "weekly") ? 6 : 0);
}

/* A new one begins with the words of the department's template, else of everybody's. */
static void from_template(struct berth_ctx *c, struct berth_row *r)
{
    static const char *const words[] = {"done", "plan", "problems"};
    struct berth_row *owner = host->ref(c, r, "owner_id"), *t = NULL;

    if (owner != NULL && !berth_is_empty(owner, "department_id"))
        t = host->next(
            host->find(c, "report_template", "kind = ? and department_id = ? order by id limit 1",
                       BERTH_ARGS(host->get(r, "kind"), host->get(owner, "department_id"))));
    if (t == NULL)
        t = host->next(host->find(c, "report_template",
                                  "kind = ? and department_id empty order by id limit 1",
                                  BERTH_ARGS(host->get(r, "kind"))));
    for (size_t i = 0; t != NULL && i < sizeof(words) / sizeof(words[0]); i++)
        if (berth_is_empty(r, words[i]))
            host->set(r, words[i], host->get(t, words[i]));
}

int report_check(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_row *r = ev->row;

    if (berth_is_empty(r, "from_on"))
        host->set(r, "from_on", berth_i(host->today(c)));
    if (berth_is_empty(r, "to_on"))
        host->set(r, "to_on", berth_i(last_day(r)));
    if (berth_number(r, "to_on") < berth_number(r, "from_on"))
        return host->error(c, BERTH_INVALID, "to_on", "activities.err.end");
    if (ev->old == NULL)
        from_template(c, r);
    if (berth_says(r, "status", "draft") || ev->old == NULL || berth_says(ev->old, "status", "draft"))
        for (size_t i = 0; i < COUNTED; i++)
            host->set(
                r, counted[i].name,
                berth_i(count(c, i, berth_number(r, "owner_id"), host->midnight(c, berth_number(r, "from_on")),
                              host->midnight(c, berth_number(r, "to_on") + 1))));
    return host->rc(c);
}

int target_check(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_row *t = ev->row;

    if (berth_is_empty(t, "to_on"))
        host->set(t, "to_on", berth_i(last_day(t)));
    if (berth_number(t, "to_on") < berth_number(t, "from_on"))
        return host->error(c, BERTH_INVALID, "to_on", "activities.err.end");
    return host->rc(c);
}

/* ---- its course ------------------------------------------------------------------------------ */
int report_submit(struct berth_ctx *c, struct berth_row *r)
{
    host->set(r, "status", berth_s("submitted"));
    host->set(r, "submitted_at", berth_i(host->now(c)));
    return host->save(c, r);
}

/* The superior's word on it. */
int report_read(struct berth_ctx *c, struct berth_row *r)
{
    if (berth_number(r, "owner_id") == host->user(c))
        return host->error(c, BERTH_DENIED, NULL, "activities.err.own_report");
    host->set(r, "status", berth_s("read"));
    host->set(r, "reader_id", berth_i(host->user(c)));
    host->set(r, "comment", host->param(c, "note"));
    return host->save(c, r);
}
