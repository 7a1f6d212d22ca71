/* convert.c - a qualified lead becomes a customer, a contact person, an opportunity; and back within a day.
 *
 * The plugins that have these tables listen to "leads.convert" and "leads.return" with the lead: each reads what
 * it is to make from the form, makes it, and writes its id into the lead.  "leads.converted" and "leads.returned"
 * follow with the saved lead, for those whose records go along. */
#include "leads.h"

static bool came_to_something(const struct berth_row *lead)
{
    static const char *const ids[] = {"customer_id", "contact_id", "opportunity_id"};

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        if (host->get(lead, ids[i]).i != 0)
            return true;
    return false;
}

/* Files, notes, tags and followers go to what the lead is looked for as from now on. */
static int carry(struct berth_ctx *c, struct berth_row *lead)
{
    static const char *const ids[] = {"customer_id", "opportunity_id", "contact_id"};

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        struct berth_row *to = host->ref(c, lead, ids[i]);

        if (to != NULL)
            return host->carry(c, lead, to);
    }
    return host->rc(c);
}

int lead_convert(struct berth_ctx *c, struct berth_row *lead)
{
    if (host->param(c, "customer_id").type != BERTH_NULL)
        host->set(lead, "customer_id", host->param(c, "customer_id"));
    host->succeeds(c, lead);
    if (host->emit(c, "leads.convert", lead) != BERTH_OK)
        return host->rc(c);
    if (!came_to_something(lead))
        return host->error(c, BERTH_INVALID, "into", "leads.err.into");
    host->set(lead, "was_status", host->get(lead, "status"));
    host->set(lead, "status", berth_s("converted"));
    host->set(lead, "converted_at", berth_i(host->now(c)));
    if (host->save(c, lead) != BERTH_OK || carry(c, lead) != BERTH_OK)
        return host->rc(c);
    return host->emit(c, "leads.converted", lead);
}

int lead_return(struct berth_ctx *c, struct berth_row *lead)
{
    struct berth_val was = host->get(lead, "was_status");

    if (host->get(lead, "converted_at").i + BERTH_DAY < host->now(c))
        return host->error(c, BERTH_CONFLICT, NULL, "leads.err.too_late");
    if (host->carry_back(c, lead) != BERTH_OK || host->emit(c, "leads.returning", lead) != BERTH_OK ||
        host->emit(c, "leads.return", lead) != BERTH_OK)
        return host->rc(c);
    host->set(lead, "customer_id", berth_nil()); /* one that was there before stays where it is */
    host->set(lead, "status", was.type == BERTH_NULL ? berth_s("qualified") : was);
    host->set(lead, "converted_at", berth_nil());
    host->set(lead, "was_status", berth_nil());
    return host->save(c, lead);
}
