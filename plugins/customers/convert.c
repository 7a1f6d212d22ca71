/* convert.c - companies and people that come from leads, and go again when the lead is taken back. */
#include "customers.h"

static bool wants(struct berth_ctx *c, const char *what)
{
    struct berth_val into = host->param(c, "into"); /* "|customer|contact|" */

    return into.type != BERTH_NULL && strstr(into.s, host->fmt(c, "|%s|", what)) != NULL;
}

struct same {
    const char *to, *from;
};

/* Choices are taken where this plugin's dictionary has them too. */
static void take(struct berth_row *to, const struct berth_row *lead, const struct same *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!berth_is_empty(lead, list[i].from))
            host->set(to, list[i].to, host->get(lead, list[i].from));
}

static int make_company(struct berth_ctx *c, struct berth_row *lead)
{
    static const struct same same[] = {
        {"name", "name"}, {"phone", "phone"}, {"fax", "fax"}, {"email", "email"}, {"website", "website"}, {"country", "country"},
        {"province", "province"}, {"city", "city"}, {"address", "address"}, {"direction", "direction"}, {"lanes", "lanes"},
        {"industry", "industry"}, {"source", "source"}, {"goods", "commodity"}, {"monthly_volume", "monthly_volume"},
        {"next_action_on", "next_action_on"}, {"notes", "notes"}, {"owner_id", "owner_id"}, {"lead_id", "id"}};
    struct berth_row *r = host->make(c, "customer");

    take(r, lead, same, sizeof(same) / sizeof(same[0]));
    host->set(r, "lifecycle", berth_s("prospect"));
    if (host->save(c, r) != BERTH_OK)
        return host->rc(c);
    if (!berth_is_empty(lead, "suppliers")) {
        struct berth_row *need = host->make(c, "customer_need");

        host->set(need, "customer_id", host->get(r, "id"));
        host->set(need, "service", berth_s("other"));
        host->set(need, "supplier", berth_s(host->fmt(c, "%.190s", host->get(lead, "suppliers").s)));
        host->save(c, need);
    }
    host->set(lead, "customer_id", host->get(r, "id"));
    return host->rc(c);
}

static int make_person(struct berth_ctx *c, struct berth_row *lead)
{
    static const struct same same[] = {{"position", "position"}, {"phone", "phone"}, {"mobile", "mobile"}, {"email", "email"},
                                       {"wechat", "wechat"}, {"zalo", "zalo"}, {"whatsapp", "whatsapp"}, {"customer_id", "customer_id"},
                                       {"owner_id", "owner_id"}};
    struct berth_row *p, *company = host->ref(c, lead, "customer_id");

    if (berth_is_empty(lead, "contact"))
        return host->rc(c); /* nobody is known there yet */
    if (company == NULL)
        return host->error(c, BERTH_INVALID, "customer_id", "customers.err.no_company");
    host->succeeds(c, company); /* the company has the lead's numbers too */
    p = host->make(c, "contact");
    take(p, lead, same, sizeof(same) / sizeof(same[0]));
    host->set(p, "name", host->get(lead, "contact"));
    host->set(p, "is_main", berth_i(1));
    if (host->save(c, p) == BERTH_OK)
        host->set(lead, "contact_id", host->get(p, "id"));
    return host->rc(c);
}

int on_lead_converts(struct berth_ctx *c, struct berth_event *ev)
{
    if (wants(c, "customer") && berth_is_empty(ev->row, "customer_id"))
        make_company(c, ev->row);
    if (host->rc(c) == BERTH_OK && wants(c, "contact"))
        make_person(c, ev->row);
    return host->rc(c);
}

static int drop_row(struct berth_ctx *c, void *row)
{
    return host->drop(c, row);
}

/* Whoever may take the lead back need not have the right to delete customers.  What the lead became goes to the recycle bin, unless others have come to it meanwhile. */
int on_lead_returns(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_row *lead = ev->row, *p = host->ref(c, lead, "contact_id"), *company = host->ref(c, lead, "customer_id");

    host->set(lead, "contact_id", berth_nil());
    if (p != NULL)
        host->all_rows(c, drop_row, p);
    if (company == NULL || berth_number(company, "lead_id") != berth_number(lead, "id"))
        return host->rc(c);
    if (host->has(c, "opportunity") &&
        host->count(c, "opportunity", "customer_id = ?", BERTH_ARGS(host->get(company, "id"))) > 0)
        return host->error(c, BERTH_CONFLICT, NULL, "customers.err.has_deals");
    host->set(lead, "customer_id", berth_nil());
    return host->all_rows(c, drop_row, company); /* refused while it has people */
}
