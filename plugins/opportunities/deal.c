/* deal.c - one opportunity: what it is worth, how it ends, whether it idles, where it came from. */
#include "opportunities.h"

#include <time.h>

enum { TURN = 500, TURN_MS = 50 };

/* ---- worth --------------------------------------------------------------------------------- */
/* Money is whole ten-thousandths; a rate is what one unit of the deal's currency is in the company's. */
static struct berth_val times(struct berth_val money, double factor)
{
    double v = (double)money.i * factor;

    if (money.type == BERTH_NULL)
        return money;
    return (struct berth_val){BERTH_MONEY, 0, {.i = (int64_t)(v < 0 ? v - 0.5 : v + 0.5)}};
}

static int weigh(struct berth_ctx *c, struct berth_row *r)
{
    struct berth_val rate = host->get(r, "rate");

    host->set(r, "base_amount", times(host->get(r, "amount"), rate.type == BERTH_NULL ? 1 : rate.d));
    host->set(r, "base_profit", times(host->get(r, "profit"), rate.type == BERTH_NULL ? 1 : rate.d));
    host->set(r, "weighted", times(host->get(r, "base_amount"), (double)berth_number(r, "percent") / 100));
    return host->rc(c);
}

/* Why and to whom it was lost or why it was won, of an end that is undone. */
static void forget_end(struct berth_row *r)
{
    static const char *const of[][2] = {{"won_reason", "won"}, {"lost_reason", "lost"}, {"lost_to", "lost"}};

    for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
        if (!berth_says(r, "status", of[i][1]))
            host->set(r, of[i][0], berth_nil());
}

int deal_check(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_row *r = ev->row, *stage, *contact = host->ref(c, r, "contact_id");
    const char *was = ev->old == NULL || berth_is_empty(ev->old, "status") ? "open" : host->get(ev->old, "status").s;
    bool moved = ev->old == NULL || berth_number(ev->old, "stage_id") != berth_number(r, "stage_id");

    if (contact != NULL && berth_is_empty(r, "customer_id"))
        host->set(r, "customer_id", host->get(contact, "customer_id"));
    stage = stage_enter(c, r, ev->old);
    if (stage == NULL)
        return host->rc(c);
    host->set(r, "percent", host->get(stage, "percent"));
    if (moved || berth_is_empty(r, "status"))
        host->set(r, "status", host->get(stage, "state"));
    if (moved)
        forget_end(r);
    if (berth_says(r, "status", "won") || berth_says(r, "status", "lost")) {
        if (strcmp(was, host->get(r, "status").s) != 0 || berth_is_empty(r, "closed_on"))
            host->set(r, "closed_on", berth_i(host->today(c)));
    } else {
        host->set(r, "closed_on", berth_nil());
    }
    return weigh(c, r);
}

int deal_saved(struct berth_ctx *c, struct berth_event *ev)
{
    static const char *const ends[] = {"won", "lost"};

    if (stage_logged(c, ev) != BERTH_OK)
        return host->rc(c);
    for (size_t i = 0; i < 2; i++)
        if (berth_says(ev->row, "status", ends[i]) && (ev->old == NULL || !berth_says(ev->old, "status", ends[i])))
            host->emit(c, host->fmt(c, "opportunities.%s", ends[i]), ev->row);
    return host->rc(c);
}

/* ---- actions ------------------------------------------------------------------------------- */
int deal_move(struct berth_ctx *c, struct berth_row *r)
{
    host->set(r, "stage_id", host->param(c, "stage_id"));
    return host->save(c, r);
}

static int end(struct berth_ctx *c, struct berth_row *r, const char *state)
{
    static const char *const taken[] = {"won_reason", "lost_reason", "lost_to", "close_note"};
    struct berth_row *stage = stage_of_state(c, berth_number(r, "pipeline_id"), state);

    if (stage == NULL)
        return host->error(c, BERTH_CONFLICT, NULL, "opportunities.err.no_end");
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        if (host->param(c, taken[i]).type != BERTH_NULL)
            host->set(r, taken[i], host->param(c, taken[i]));
    host->set(r, "stage_id", host->get(stage, "id"));
    return host->save(c, r);
}

int deal_win(struct berth_ctx *c, struct berth_row *r)
{
    return end(c, r, "won");
}

int deal_lose(struct berth_ctx *c, struct berth_row *r)
{
    return end(c, r, "lost");
}

/* Back to where it stood before it ended. */
int deal_reopen(struct berth_ctx *c, struct berth_row *r)
{
    struct berth_rows *lines = host->find(c, "stage_log", "opportunity_id = ? order by id desc limit 50", BERTH_ARGS(host->get(r, "id")));

    for (struct berth_row *l; (l = host->next(lines)) != NULL;) {
        struct berth_row *stage = host->ref(c, l, "stage_id");

        if (stage != NULL && berth_says(stage, "state", "open")) {
            host->set(r, "stage_id", host->get(stage, "id"));
            return host->save(c, r);
        }
    }
    host->set(r, "stage_id", berth_nil()); /* the pipeline's first */
    return host->save(c, r);
}

int deal_hold(struct berth_ctx *c, struct berth_row *r)
{
    host->set(r, "status", berth_s("on_hold"));
    return host->save(c, r);
}

int deal_resume(struct berth_ctx *c, struct berth_row *r)
{
    host->set(r, "status", berth_s("open"));
    return host->save(c, r);
}

/* ---- people and competitors on the deal ------------------------------------------------------- */
/* What is known of them elsewhere stands there at once, to be changed for this deal. */
int part_known(struct berth_ctx *c, struct berth_event *ev)
{
    static const char *const known[][3] = {{"contact_id", "person", "name"},
                                           {"contact_id", "role", "role"},
                                           {"contact_id", "influence", "influence"},
                                           {"contact_id", "attitude", "attitude"},
                                           {"competitor_id", "strengths", "strengths"},
                                           {"competitor_id", "weaknesses", "weaknesses"},
                                           {"competitor_id", "playbook", "playbook"}};
    bool rival = strcmp(ev->on, "deal_competitor") == 0;
    struct berth_row *of = host->ref(c, ev->row, rival ? "competitor_id" : "contact_id");

    for (size_t i = 0; of != NULL && i < sizeof(known) / sizeof(known[0]); i++)
        if ((strcmp(known[i][0], "competitor_id") == 0) == rival && berth_is_empty(ev->row, known[i][1]) &&
            !berth_is_empty(of, known[i][2]))
            host->set(ev->row, known[i][1], host->get(of, known[i][2]));
    return host->rc(c);
}

/* ---- idling: longer on a stage than its norm ------------------------------------------------- */
static int64_t clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static int mark(struct berth_ctx *c, void *arg)
{
    struct berth_row *r = arg;

    host->set(r, "idle", berth_i(1));
    host->save(c, r);
    berth_alert(
        c, .text = "opportunities.alert.idle", .about = r,
        .key = host->fmt(c, "opportunities.idle:%lld:%lld", (long long)berth_number(r, "id"), (long long)berth_number(r, "stage_since")));
    return host->rc(c);
}

int deal_idle_all(struct berth_ctx *c)
{
    struct state *s = host->state(c);
    struct berth_rows *rows = host->find(c, "opportunity", "id > ? and status = 'open' and idle = false order by id limit 500",
                                         BERTH_ARGS(berth_i(s->looked)));
    int64_t end_at = clock_ms() + TURN_MS;
    int n = 0;

    for (struct berth_row *r; (r = host->next(rows)) != NULL; n++) {
        struct berth_row *stage = host->ref(c, r, "stage_id");
        int64_t norm = stage == NULL ? 0 : berth_number(stage, "norm_days");

        if (clock_ms() > end_at)
            return 1;
        s->looked = berth_number(r, "id");
        if (norm > 0 && berth_number(r, "stage_since") + norm * BERTH_DAY < host->now(c) && host->step(c, mark, r) != BERTH_OK)
            host->log(c, BERTH_WARN, "opportunity %lld could not be marked", (long long)s->looked);
    }
    if (n == TURN)
        return 1;
    s->looked = 0;
    return host->rc(c);
}

/* ---- from a lead ------------------------------------------------------------------------------ */
static bool wants(struct berth_ctx *c, const char *what)
{
    struct berth_val into = host->param(c, "into"); /* "|customer|opportunity|" */

    return into.type != BERTH_NULL && strstr(into.s, host->fmt(c, "|%s|", what)) != NULL;
}

/* "leads.convert": behind customers, so that the deal knows its customer. */
int on_lead_converts(struct berth_ctx *c, struct berth_event *ev)
{
    static const char *const same[][2] = {{"direction", "direction"}, {"goods", "commodity"}, {"volume", "monthly_volume"},
                                          {"next_action_on", "next_action_on"}, {"is_key", "is_key"}};
    struct berth_row *lead = ev->row, *deal;
    struct berth_val name = host->param(c, "opportunity_name");

    if (!wants(c, "opportunity"))
        return host->rc(c);
    deal = host->make(c, "opportunity");
    host->set(deal, "name", name.type != BERTH_NULL ? name : host->get(lead, "name"));
    host->set(deal, "lead_id", host->get(lead, "id"));
    host->set(deal, "customer_id", host->get(lead, "customer_id"));
    host->set(deal, "contact_id", host->get(lead, "contact_id"));
    host->set(deal, "owner_id", host->get(lead, "owner_id"));
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        if (!berth_is_empty(lead, same[i][1]))
            host->set(deal, same[i][0], host->get(lead, same[i][1]));
    if (!berth_is_empty(lead, "suppliers"))
        host->set(deal, "supplier", berth_s(host->fmt(c, "%.190s", host->get(lead, "suppliers").s)));
    if (host->save(c, deal) == BERTH_OK)
        host->set(lead, "opportunity_id", host->get(deal, "id"));
    return host->rc(c);
}

static int drop_row(struct berth_ctx *c, void *row)
{
    return host->drop(c, row);
}

/* "leads.return": before customers, which a deal would hold. */
int on_lead_returns(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_row *deal = host->ref(c, ev->row, "opportunity_id");

    if (deal == NULL)
        return host->rc(c);
    if (!berth_says(deal, "status", "open"))
        return host->error(c, BERTH_CONFLICT, NULL, "opportunities.err.return_closed");
    host->all_rows(c, drop_row, deal); /* who may take the lead back need not have the right to delete */
    host->set(ev->row, "opportunity_id", berth_nil());
    return host->rc(c);
}
