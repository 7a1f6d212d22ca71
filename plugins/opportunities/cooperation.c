/* cooperation.c - peers and agents abroad: who gives whom how much ("SALES LEAD"). */
#include "opportunities.h"

/* The cooperation carries the sums of its figures. */
static int take(struct berth_ctx *c, const struct berth_total *t, void *arg)
{
    struct berth_row *r = arg;

    host->set(r, "given_teu", t->sum[0]);
    host->set(r, "received_teu", t->sum[1]);
    host->set(r, "given_profit", t->sum[2]);
    host->set(r, "received_profit", t->sum[3]);
    host->set(r, "balance_teu", (struct berth_val){BERTH_REAL, 0, {.d = t->sum[1].d - t->sum[0].d}});
    return host->rc(c);
}

int figure_saved(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_row *r = host->ref(c, ev->row, "cooperation_id");

    if (r == NULL)
        return host->rc(c);
    host->totals(c, "cooperation_figure", "cooperation_id = ?", BERTH_ARGS(host->get(r, "id")), "cooperation_id",
                 "given_teu,received_teu,given_profit,received_profit", take, r);
    return host->save(c, r);
}
