/* rivals.c - competitors on the deal.  Of a deal that was won each carries what figures ask for, so that adding up
 * against whom we won is one walk over an index. */
#include "opportunities.h"

static const char *const copied[][2] = {{"won_on", "closed_on"}, {"owner_id", "owner_id"}, {"base_amount", "base_amount"},
                                        {"base_profit", "base_profit"}, {"mode", "mode"}};

static void copy(struct berth_row *rival, const struct berth_row *deal)
{
    bool won = deal != NULL && berth_says(deal, "status", "won");

    for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++)
        host->set(rival, copied[i][0], won ? host->get(deal, copied[i][1]) : berth_nil());
}

int rival_check(struct berth_ctx *c, struct berth_event *ev)
{
    copy(ev->row, host->ref(c, ev->row, "opportunity_id"));
    return host->rc(c);
}

static int follow(struct berth_ctx *c, void *deal)
{
    struct berth_rows *rows = host->find(c, "deal_competitor", "opportunity_id = ?", BERTH_ARGS(host->get(deal, "id")));

    for (struct berth_row *r; (r = host->next(rows)) != NULL && host->rc(c) == BERTH_OK;)
        host->save(c, r); /* rival_check copies */
    return host->rc(c);
}

int rivals_follow(struct berth_ctx *c, struct berth_event *ev)
{
    bool won = berth_says(ev->row, "status", "won") || (ev->old != NULL && berth_says(ev->old, "status", "won"));

    return ev->old != NULL && won ? host->all_rows(c, follow, ev->row) : host->rc(c);
}

/* Those on deals that were won before it was kept. */
int rivals_upgrade(struct berth_ctx *c, uint32_t from)
{
    int64_t done = 0;

    for (bool more = from == 0; more && host->rc(c) == BERTH_OK;) {
        struct berth_rows *rows = host->find(c, "deal_competitor", "id > ? order by id limit 500", BERTH_ARGS(berth_i(done)));

        more = false;
        for (struct berth_row *r; (r = host->next(rows)) != NULL && host->rc(c) == BERTH_OK; more = true) {
            struct berth_row *deal = host->ref(c, r, "opportunity_id");

            done = berth_number(r, "id");
            if (deal != NULL && berth_says(deal, "status", "won"))
                host->save(c, r);
        }
    }
    return host->rc(c);
}
