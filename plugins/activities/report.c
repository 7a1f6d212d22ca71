/* report.c - daily, weekly and monthly work reports; what can be counted is counted. */
#include "activities.h"

struct span {
    int64_t user, from, to; /* ms */
};

static int64_t acts(struct berth_ctx *c, const struct span *s, const char *kinds)
{
    return host->count(c, "activity", host->fmt(c, "owner_id = ? and start_at >= ? and start_at < ? and status = 'done' and "
                       "kind in (%s)", kinds), BERTH_ARGS(berth_i(s->user), berth_i(s->from), berth_i(s->to)));
}

/* New ones of a table that may be off. */
static int64_t made(struct berth_ctx *c, const struct span *s, const char *table)
{
    if (!host->has(c, table))
        return 0;
    return host->count(c, table, "owner_id = ? and created_at >= ? and created_at < ?",
                       BERTH_ARGS(berth_i(s->user), berth_i(s->from), berth_i(s->to)));
}

static void count(struct berth_ctx *c, struct berth_row *r, const struct span *s)
{
    host->set(r, "calls", berth_i(acts(c, s, "'call'")));
    host->set(r, "visits", berth_i(acts(c, s, "'visit', 'received', 'meeting'")));
    host->set(r, "messages", berth_i(acts(c, s, "'email', 'message'")));
    host->set(r, "new_leads", berth_i(made(c, s, "lead")));
    host->set(r, "new_customers", berth_i(made(c, s, "customer")));
    host->set(r, "new_opportunities", berth_i(made(c, s, "opportunity")));
    host->set(r, "tasks_done", berth_i(host->count(c, "task", "owner_id = ? and done_at >= ? and done_at < ?",
                                                   BERTH_ARGS(berth_i(s->user), berth_i(s->from), berth_i(s->to)))));
}

int report_check(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_row *r = ev->row;
    struct span s = {.user = number(r, "owner_id")};

    if (is_empty(r, "from_on"))
        host->set(r, "from_on", berth_i(host->today(c)));
    if (is_empty(r, "to_on"))
        host->set(r, "to_on", berth_i(number(r, "from_on") + (says(r, "kind", "weekly") ? 6 : says(r, "kind", "monthly") ? 30 : 0)));
    if (number(r, "to_on") < number(r, "from_on"))
        return host->error(c, BERTH_INVALID, "to_on", "activities.err.end");
    if (says(r, "status", "draft") || ev->old == NULL || says(ev->old, "status", "draft")) {
        s.from = host->midnight(c, number(r, "from_on"));
        s.to = host->midnight(c, number(r, "to_on") + 1);
        count(c, r, &s);
    }
    return host->rc(c);
}

int report_submit(struct berth_ctx *c, struct berth_row *r)
{
    host->set(r, "status", berth_s("submitted"));
    host->set(r, "submitted_at", berth_i(host->now(c)));
    return host->save(c, r);
}

/* The superior's word on it. */
int report_read(struct berth_ctx *c, struct berth_row *r)
{
    if (number(r, "owner_id") == host->user(c))
        return host->error(c, BERTH_DENIED, NULL, "activities.err.own_report");
    host->set(r, "status", berth_s("read"));
    host->set(r, "reader_id", berth_i(host->user(c)));
    host->set(r, "comment", host->param(c, "note"));
    return host->save(c, r);
}
