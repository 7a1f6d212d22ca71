/* cooperation.c - peers and agents abroad: who gives whom how much ("SALES LEAD"). */
#include "opportunities.h"

#include <time.h>

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

/* One row a month, whichever day of it was typed. */
int figure_check(struct berth_ctx *c, struct berth_event *ev)
{
    int64_t day = berth_number(ev->row, "month_on");
    time_t at = (time_t)(day * (BERTH_DAY / 1000));
    struct tm month;

    if (!berth_is_empty(ev->row, "month_on") && gmtime_r(&at, &month) != NULL)
        host->set(ev->row, "month_on", berth_i(day - month.tm_mday + 1));
    return host->rc(c);
}

int figure_saved(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_row *r = host->ref(c, ev->row, "cooperation_id");

    if (r == NULL)
        return host->rc(c);
    take(c, &(struct berth_total){.sum = {{BERTH_REAL}, {BERTH_REAL}, {BERTH_MONEY}, {BERTH_MONEY}}}, r); /* of no figures */
    host->totals(c, "cooperation_figure", "cooperation_id = ?", BERTH_ARGS(host->get(r, "id")), "cooperation_id",
                 "given_teu,received_teu,given_profit,received_profit", take, r);
    return host->save(c, r);
}
