/* customer.c - companies: what must hold, activity and lifecycle. */
#include "customers.h"

#include <time.h>

enum { TURN = 500, TURN_MS = 50 };

/* ---- what must hold --------------------------------------------------------------------- */
/* A group has no circles. */
static int check_parent(struct berth_ctx *c, struct berth_row *r)
{
    struct berth_row *up = host->ref(c, r, "parent_id");

    for (int depth = 0; up != NULL && depth < 20; depth++, up = host->ref(c, up, "parent_id"))
        if (berth_number(up, "id") == berth_number(r, "id") && berth_number(r, "id") != 0)
            return host->error(c, BERTH_INVALID, "parent_id", "customers.err.circle");
    return host->rc(c);
}

static bool becomes(const struct berth_event *ev, const char *field, const char *key)
{
    return berth_says(ev->row, field, key) && (ev->old == NULL || !berth_says(ev->old, field, key));
}

/* Who decided on it, when, and what they said stands beside the decision. */
static void keep_decision(struct berth_ctx *c, struct berth_event *ev)
{
    if (becomes(ev, "approval", "approved") || becomes(ev, "approval", "rejected")) {
        host->set(ev->row, "approved_by", berth_i(host->user(c)));
        host->set(ev->row, "approved_at", berth_i(host->now(c)));
    }
    if (ev->old != NULL && !berth_says(ev->old, "approval", host->get(ev->row, "approval").s) && host->param(c, "note").type != BERTH_NULL)
        host->set(ev->row, "approval_note", host->param(c, "note"));
}

int customer_check(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_row *r = ev->row;

    keep_decision(c, ev);
    if (codes_check(c, r) != BERTH_OK || check_parent(c, r) != BERTH_OK)
        return host->rc(c);
    if (becomes(ev, "lifecycle", "customer") && !berth_says(r, "approval", "approved") &&
        host->setting(c, "customers.approve_first").i != 0)
        return host->error(c, BERTH_INVALID, "lifecycle", "customers.err.approve_first");
    if (!berth_is_empty(r, "contract_to") && berth_number(r, "contract_to") < berth_number(r, "contract_from"))
        return host->error(c, BERTH_INVALID, "contract_to", "customers.err.contract");
    if (ev->old == NULL || !berth_says(ev->old, "lifecycle", host->get(r, "lifecycle").s)) /* by rule, by hand, on the board */
        host->set(r, "churned", berth_i(berth_says(r, "lifecycle", "dormant") || berth_says(r, "lifecycle", "lost")));
    if (berth_number(r, "is_hard") != 0 && berth_is_empty(r, "hard_since"))
        host->set(r, "hard_since", berth_i(host->today(c)));
    else if (berth_number(r, "is_hard") == 0 && !berth_is_empty(r, "hard_since"))
        host->set(r, "hard_since", berth_nil());
    return host->rc(c);
}

/* Contacts go where their company goes. */
int customer_saved(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_val owner = host->get(ev->row, "owner_id");
    struct berth_rows *contacts;

    if (ev->old == NULL || berth_number(ev->old, "owner_id") == owner.i)
        return BERTH_OK;
    contacts = host->find(c, "contact", "customer_id = ? limit 1000", BERTH_ARGS(host->get(ev->row, "id")));
    for (struct berth_row *p; (p = host->next(contacts)) != NULL && host->rc(c) == BERTH_OK;) {
        host->set(p, "owner_id", owner);
        host->all_rows(c, save_row, p);
    }
    return host->rc(c);
}

int customer_drop(struct berth_ctx *c, struct berth_event *ev)
{
    if (host->count(c, "contact", "customer_id = ?", BERTH_ARGS(host->get(ev->row, "id"))) > 0)
        return host->error(c, BERTH_CONFLICT, NULL, "customers.err.has_contacts");
    return host->rc(c);
}

/* ---- activity and lifecycle, by the company's rules ----------------------------------------- */
/* Sets what the rules say; false when nothing changed. */
static bool appraise(struct berth_ctx *c, struct berth_row *r)
{
    struct berth_val grade = berth_nil(), life = host->rule(c, "customers.lifecycle", BERTH_ARGS(berth_r(r)));
    bool changed = false;

    if (berth_number(r, "activity_fixed") == 0)
        grade = host->rule(c, "customers.activity", BERTH_ARGS(berth_r(r)));
    if (grade.type != BERTH_NULL && grade.s[0] != '\0' && !berth_says(r, "activity", grade.s)) {
        host->set(r, "activity", berth_s(grade.s));
        changed = true;
    }
    if (life.type != BERTH_NULL && life.s[0] != '\0' && !berth_says(r, "lifecycle", life.s)) {
        host->set(r, "lifecycle", berth_s(life.s));
        changed = true;
    }
    return changed;
}

int on_work_done(struct berth_ctx *c, struct berth_event *ev)
{
    if (strcmp(host->table(ev->row), "customer") == 0)
        appraise(c, ev->row); /* whoever tells of the work saves it */
    return host->rc(c);
}

static int64_t clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* In turns, behind other people's requests. */
int customer_appraise_all(struct berth_ctx *c)
{
    struct state *s = host->state(c);
    struct berth_rows *rows = host->find(c, "customer", "id > ? order by id limit 500", BERTH_ARGS(berth_i(s->appraised)));
    int64_t end = clock_ms() + TURN_MS;
    int n = 0;

    for (struct berth_row *r; (r = host->next(rows)) != NULL; n++) {
        if (clock_ms() > end)
            return 1;
        s->appraised = berth_number(r, "id");
        if (appraise(c, r) && host->step(c, save_row, r) != BERTH_OK)
            host->log(c, BERTH_WARN, "customer %lld could not be appraised", (long long)s->appraised);
    }
    if (n == TURN)
        return 1;
    s->appraised = 0;
    return host->rc(c);
}

/* A deal makes a customer; the setting that wants approval first was asked when it was closed. */
int on_deal_won(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_row *r = host->ref(c, ev->row, "customer_id");

    if (r == NULL)
        return host->rc(c);
    if (berth_is_empty(r, "first_deal_on"))
        host->set(r, "first_deal_on", berth_i(host->today(c)));
    host->set(r, "last_deal_on", berth_i(host->today(c)));
    host->set(r, "lifecycle", berth_s("customer"));
    return host->all_rows(c, save_row, r);
}
