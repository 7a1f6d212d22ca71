/* contact.c - people at companies, and what may be kept about them with their consent only. */
#include "customers.h"

#include <stdlib.h>

int contact_check(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_row *p = ev->row, *company = host->ref(c, p, "customer_id"), *up = host->ref(c, p, "superior_id");

    if (company != NULL && (ev->old == NULL || berth_number(ev->old, "customer_id") != berth_number(p, "customer_id")))
        host->set(p, "owner_id", host->get(company, "owner_id"));
    for (int depth = 0; up != NULL && depth < 20; depth++, up = host->ref(c, up, "superior_id"))
        if (berth_number(up, "id") == berth_number(p, "id") && berth_number(p, "id") != 0)
            return host->error(c, BERTH_INVALID, "superior_id", "customers.err.circle");
    host->set(p, "birthday_next", berth_is_empty(p, "birthday") ? berth_nil()
                                                          : berth_i(care_next(berth_number(p, "birthday"), host->today(c))));
    return host->rc(c);
}

/* "Also works at" is said of other companies than the contact's own; what became theirs by a merge stays. */
int link_check(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_row *l = ev->row, *contact = host->ref(c, l, "contact_id");
    bool chosen = ev->old == NULL || berth_number(ev->old, "customer_id") != berth_number(l, "customer_id");

    if (chosen && contact != NULL && berth_number(contact, "customer_id") == berth_number(l, "customer_id"))
        return host->error(c, BERTH_INVALID, "customer_id", "customers.err.link_own");
    if (!berth_is_empty(l, "since_on") && !berth_is_empty(l, "until_on") && berth_number(l, "until_on") < berth_number(l, "since_on"))
        return host->error(c, BERTH_INVALID, "until_on", "customers.err.contract");
    return host->rc(c);
}

/* ---- the personal pack: off unless the company turned it on, kept with consent, erased for good ------ */
int private_check(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_row *x = ev->row, *contact = host->ref(c, x, "contact_id");

    if (host->setting(c, "customers.personal_data").i == 0)
        return host->error(c, BERTH_INVALID, NULL, "customers.err.personal_off");
    if (berth_number(x, "consent") == 0)
        return host->error(c, BERTH_INVALID, "consent", "customers.err.consent");
    if (berth_is_empty(x, "consent_on"))
        host->set(x, "consent_on", berth_i(host->today(c)));
    if (contact != NULL)
        host->set(x, "owner_id", host->get(contact, "owner_id"));
    return host->rc(c);
}

static int erase(struct berth_ctx *c, void *contact)
{
    struct berth_rows *rows = host->find(c, "contact_private", "contact_id = ?", BERTH_ARGS(host->get(contact, "id")));

    for (struct berth_row *x; (x = host->next(rows)) != NULL;)
        host->drop(c, x); /* the table has neither history nor bin: this is the end of it */
    return host->rc(c);
}

int contact_erase(struct berth_ctx *c, struct berth_row *contact)
{
    if (host->all_rows(c, erase, contact) != BERTH_OK)
        return host->rc(c);
    return host->note(c, contact, "erase", NULL);
}

/* ---- who decides there ------------------------------------------------------------------------------- */
/* "3, 7": who belongs to another company and works at this one, too. */
static const char *from_elsewhere(struct berth_ctx *c, const struct berth_row *company)
{
    struct berth_rows *links = host->find(c, "contact_link", "customer_id = ? and (until_on empty or until_on >= @today) limit 100",
                                          BERTH_ARGS(host->get(company, "id")));
    const char *ids = "0";

    for (struct berth_row *l; (l = host->next(links)) != NULL;)
        ids = host->fmt(c, "%s, %lld", ids, (long long)berth_number(l, "contact_id"));
    return ids;
}

/* What somebody is at this company. */
static struct berth_val position_at(struct berth_ctx *c, const struct berth_row *p, const struct berth_row *company)
{
    struct berth_row *link = berth_number(p, "customer_id") == berth_number(company, "id")
                                 ? NULL
                                 : host->next(host->find(c, "contact_link", "contact_id = ? and customer_id = ?",
                                                         BERTH_ARGS(host->get(p, "id"), host->get(company, "id"))));

    return host->get(link == NULL ? p : link, "position");
}

static void tell_people(struct berth_ctx *c, const struct berth_row *company, struct berth_rows *people)
{
    static const char *const told[] = {"name", "role", "influence", "attitude", "duties"};

    for (struct berth_row *p; (p = host->next(people)) != NULL;) {
        struct berth_row *up = host->ref(c, p, "superior_id");

        host->json_open(c, NULL, '{');
        for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
            host->json(c, told[i], host->get(p, told[i]));
        host->json(c, "position", position_at(c, p, company));
        host->json(c, "superior", up != NULL ? host->get(up, "name") : host->get(p, "superior_name"));
        host->json_close(c);
    }
}

/* GET /api/customers/buying?id=7: the people of a company by their influence, then as they report to each other.  Its own are
 * asked for by the company alone: who reads it reads them. */
int buying_map(struct berth_ctx *c)
{
    static const char *const ranks[] = {"influence = 'high'", "influence = 'medium'", "influence = 'low'", "influence empty"};
    struct berth_val id = host->param(c, "id");
    struct berth_row *company = host->load(c, "customer",
                                           id.type == BERTH_INT    ? id.i
                                           : id.type == BERTH_NULL ? 0
                                                                   : strtoll(id.s, NULL, 10));
    const char *others;

    if (company == NULL)
        return host->rc(c);
    others = from_elsewhere(c, company);
    host->json_open(c, NULL, '{');
    host->json_open(c, "rows", '[');
    for (size_t k = 0; k < sizeof(ranks) / sizeof(ranks[0]); k++) {
        tell_people(c, company,
                    host->find(c, "contact",
                               host->fmt(c, "customer_id = ? and has_left <> true and %s order by superior_id, id limit 100", ranks[k]),
                               BERTH_ARGS(host->get(company, "id"))));
        tell_people(
            c, company,
            host->find(c, "contact",
                       host->fmt(c, "id in (%s) and customer_id <> ? and has_left <> true and %s order by superior_id, id limit 100",
                                 others, ranks[k]),
                       BERTH_ARGS(host->get(company, "id"))));
    }
    host->json_close(c);
    return host->json_close(c);
}
