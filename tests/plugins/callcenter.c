/* callcenter - routes of a plugin: who is calling, a note of the call, what has to be approved, what
 * else the host does for a record. */
#include <unistd.h>

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

/* Notes the call on the lead, keeps its record as a file in two versions, and gives the lead back. */
static int keep_call(struct berth_ctx *c)
{
    struct berth_row *lead = host->load(c, "lead", host->param(c, "lead").i);
    long long id = lead == NULL ? 0 : (long long)berth_number(lead, "id");
    int64_t first, second;
    const char *notes;
    size_t n;

    host->call(c, host->fmt(c, "POST /lead/%lld/_note", id), BERTH_ARGS(berth_s("text"), host->param(c, "text")));
    notes = host->call(c, host->fmt(c, "GET /lead/%lld/_timeline", id),
                       BERTH_ARGS(berth_s("kinds"), berth_s("note"), berth_s("limit"), berth_i(1)));
    first = host->attach(c, lead, "call.txt", "they spoke", 10, 0);
    second = host->attach(c, lead, "call.txt", "they spoke long", 15, first);
    host->act(c, lead, "release", BERTH_ARGS(berth_s("pool_reason"), berth_s("no_interest")));
    lead = host->load(c, "lead", (int64_t)id);
    host->json_open(c, NULL, '{');
    host->json(c, "note", host->json_at(c, notes, "entries.0.text"));
    host->json(c, "nothing", host->json_at(c, notes, "entries.0.no.such"));
    host->json(c, "no_number", host->json_at(c, notes, "entries.text"));
    host->json(c, "file", berth_i(second));
    host->json(c, "bytes", berth_s((const char *)host->file(c, second, &n)));
    host->json(c, "owner", lead == NULL ? berth_nil() : host->get(lead, "owner_id"));
    return host->json_close(c);
}

/* Calls what the body says and tells the answer. */
static int any_call(struct berth_ctx *c)
{
    const char *said = host->call(c, host->param(c, "what").s, BERTH_ARGS(berth_s("text"), host->param(c, "text")));

    return said == NULL ? host->rc(c) : host->reply(c, 200, *said == '\0' ? "null" : said);
}

/* A turn of a job: two leads of the city get a supplier; "stuck" fails before anything is kept, "slow" never ends. */
static int recount(struct berth_ctx *c)
{
    struct berth_val city = host->param(c, "city"), slow = host->param(c, "slow");
    int64_t done = host->param(c, "done").i, all = host->count(c, "lead", "city = ?", &city, 1);
    struct berth_rows *rows = host->find(c, "lead", "city = ? and suppliers empty order by id limit 2", &city, 1);

    for (struct berth_row *lead; (lead = host->next(rows)) != NULL; done++) {
        host->set(lead, "suppliers", berth_s(host->fmt(c, "counted by %lld", (long long)host->user(c))));
        host->save(c, lead);
        if (berth_says(lead, "name", "Stuck Lines"))
            return host->error(c, BERTH_INVALID, "city", "err.required");
    }
    host->json_open(c, NULL, '{');
    host->json(c, "done", berth_i(done));
    host->json(c, "total", berth_i(all));
    host->json(c, "more", (struct berth_val){BERTH_BOOL, 0, {.i = done < all || slow.i != 0}});
    return host->json_close(c);
}

/* Queues it from C. */
static int recount_later(struct berth_ctx *c)
{
    const char *args = host->fmt(c, "{\"city\":\"%s\"}", host->param(c, "city").s);
    const char *said = host->call(c, "POST /_job", BERTH_ARGS(berth_s("path"), berth_s("/callcenter/recount"), berth_s("args"),
                                                              ((struct berth_val){BERTH_JSON, -1, {.s = args}})));

    return said == NULL ? host->rc(c) : host->reply(c, 202, said);
}

/* Takes that file away and lasts until it is there again. */
static int hold(struct berth_ctx *c)
{
    const char *file = host->param(c, "file").s;

    unlink(file);
    while (access(file, F_OK) != 0)
        usleep(1000);
    return host->reply(c, 200, "{\"held\":true}");
}

BERTH_PLUGIN(.name = "callcenter", .version = "1.0.0", .needs = "leads",
    .perms = BERTH_LIST_OF(berth_perm, {"answer", "manager"}),
    .approvals = BERTH_LIST_OF(berth_approval, {"lead", "callback", .steps = "superior"}),
    .routes = BERTH_LIST_OF(berth_route, {"GET", "/callcenter/city", NULL, who},
                                         {"POST", "/callcenter/incoming", "answer", incoming},
                                         {"POST", "/callcenter/callback", NULL, callback},
                                         {"POST", "/callcenter/keep", NULL, keep_call},
                                         {"POST", "/callcenter/recount", "answer", recount},
                                         {"POST", "/callcenter/recount_later", NULL, recount_later},
                                         {"POST", "/callcenter/hold", NULL, hold},
                                         {"GET", "/callcenter/any", NULL, any_call},
                                         {"POST", "/callcenter/any", NULL, any_call}))
