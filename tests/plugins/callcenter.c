/* callcenter - routes of a plugin: who is calling, a note of the call, what has to be approved. */
#include <berth.h>

static int who(struct berth_ctx *c)
{
    struct berth_val city = host->param(c, "city");

    if (city.type == BERTH_NULL)
        return host->error(c, BERTH_INVALID, "city", "err.required");
    return host->reply_rows(c, host->find(c, "lead", "city = ? order by name limit 5", &city, 1));
}

static int incoming(struct berth_ctx *c)
{
    struct berth_val phone = host->param(c, "phone"), answered = host->param(c, "answered");
    struct berth_row *lead = host->next(host->find(c, "lead", "phone = ? limit 1", &phone, 1));

    if (lead == NULL)
        return host->error(c, BERTH_NOT_FOUND, NULL, "err.not_found");
    if (answered.i == 0)
        return host->reply(c, 202, "{\"missed\":true}");
    host->set(lead, "suppliers", berth_s(host->fmt(c, "called by user %lld", (long long)host->user(c))));
    return host->save(c, lead) == BERTH_OK ? host->reply_row(c, lead) : host->rc(c);
}

/* Asks for approval of the lead once and tells how it stands. */
static int callback(struct berth_ctx *c)
{
    struct berth_row *lead = host->load(c, "lead", host->param(c, "lead").i);
    const char *state = host->approval(c, lead, "callcenter.callback");

    if (lead != NULL && state == NULL)
        host->ask(c, lead, "callcenter.callback", "may I call back?");
    host->json_open(c, NULL, '{');
    host->json(c, "before", state == NULL ? berth_nil() : berth_s(state));
    host->json(c, "now", lead == NULL ? berth_nil() : berth_s(host->approval(c, lead, NULL)));
    return host->json_close(c);
}

BERTH_PLUGIN(.name = "callcenter", .version = "1.0.0", .needs = "leads",
    .perms = BERTH_LIST_OF(berth_perm, {"answer", "manager"}),
    .approvals = BERTH_LIST_OF(berth_approval, {"lead", "callback", .steps = "superior"}),
    .routes = BERTH_LIST_OF(berth_route, {"GET", "/callcenter/city", NULL, who},
                                         {"POST", "/callcenter/incoming", "answer", incoming},
                                         {"POST", "/callcenter/callback", NULL, callback}))
