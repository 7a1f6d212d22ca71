/* leads - companies nobody has qualified yet; what is not worked falls back to the pool. */
#include <berth.h>
#include <string.h>
#include <time.h>

struct state {
    int64_t after; /* the release run's place: the id it has come to */
};

/* One turn of the release run, during which others wait: leads looked at, and for how long however slow
 * the company's rule is. */
enum { TURN = 500, TURN_MS = 50 };

/* ---- the rule about claiming ------------------------------------------------------------ */
static int on_claiming(struct berth_ctx *c, struct berth_event *ev)
{
    if (host->rule(c, "leads.may_claim", BERTH_ARGS(berth_r(ev->row), berth_i(host->user(c)))).i == 0)
        return host->error(c, BERTH_CONFLICT, NULL, "leads.err.rule");
    return host->rc(c);
}

/* ---- contacts: the only thing that counts as work on a lead (plugin activities) -------------- */
static int on_done(struct berth_ctx *c, struct berth_event *ev)
{
    if (strcmp(host->table(ev->row), "lead") == 0 && strcmp(host->get(ev->row, "status").s, "new") == 0)
        host->set(ev->row, "status", berth_s("contacted"));
    return host->rc(c);
}

/* ---- falling back ------------------------------------------------------------------------------ */
static bool is_due(struct berth_ctx *c, const struct berth_row *lead)
{
    int64_t days = host->rule(c, "leads.release_days", BERTH_ARGS(berth_r((struct berth_row *)lead))).i;

    int64_t since = host->get(lead, "touched_at").i;

    if (since == 0) /* never touched: then since it was made */
        since = host->get(lead, "created_at").i;
    return days > 0 && since + days * BERTH_DAY <= host->now(c);
}

static int let_go(struct berth_ctx *c, void *lead)
{
    return host->emit(c, "pools.release", lead);
}

static int64_t clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static int release_stale(struct berth_ctx *c)
{
    struct state *s = host->state(c);
    struct berth_rows *rows = host->find(c, "lead", "id > ? and owner_id not empty and status not in ('converted') "
                                         "order by id limit 500", BERTH_ARGS(berth_i(s->after)));
    int64_t end = clock_ms() + TURN_MS;
    int n = 0;

    for (struct berth_row *lead; (lead = host->next(rows)) != NULL; n++) {
        if (clock_ms() > end)
            return 1;
        s->after = host->get(lead, "id").i;
        if (is_due(c, lead) && host->step(c, let_go, lead) != BERTH_OK)
            host->log(c, BERTH_WARN, "lead %lld could not be released", (long long)s->after);
    }
    if (n == TURN)
        return 1; /* more: again, after other people's requests */
    s->after = 0;
    return host->rc(c);
}

static int on_user_left(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_rows *rows = host->find(c, "lead", "owner_id = ?", BERTH_ARGS(host->get(ev->row, "id")));

    for (struct berth_row *lead; (lead = host->next(rows)) != NULL;)
        host->emit(c, "pools.release", lead);
    return host->rc(c);
}

static int open(struct berth_ctx *c, void **state)
{
    static struct state s; /* the release run is one at a time */

    (void)c;
    *state = &s;
    return BERTH_OK;
}

/* ---- what it is --------------------------------------------------------------------------------- */
#define SHOWN (BERTH_LIST | BERTH_FILTER)

static const struct berth_field lead_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_SEARCH | BERTH_LIST | BERTH_FILTER | BERTH_INDEX | BERTH_DUPLICATE,
     "company", .max = 200},
    {"status", BERTH_PICK, BERTH_REQUIRED | SHOWN, "status", "new"},
    {"rating", BERTH_PICK, SHOWN, "rating"},
    {"is_key", BERTH_BOOL, BERTH_FILTER, .def = "false"},
    {"next_action_on", BERTH_DATE, SHOWN | BERTH_INDEX},
    {"contact", BERTH_TEXT, BERTH_SEARCH | BERTH_LIST, .group = "contact", .max = 100},
    {"position", BERTH_TEXT, 0, .group = "contact", .max = 100},
    {"phone", BERTH_PHONE, BERTH_SEARCH | BERTH_LIST | BERTH_DUPLICATE, .group = "contact", .max = 100},
    {"mobile", BERTH_PHONE, BERTH_SEARCH | BERTH_DUPLICATE, .group = "contact", .max = 100},
    {"fax", BERTH_PHONE, BERTH_SEARCH | BERTH_DUPLICATE, "fax", .group = "contact", .max = 100},
    {"email", BERTH_EMAIL, BERTH_SEARCH | BERTH_LIST | BERTH_DUPLICATE, .group = "contact", .max = 200},
    {"website", BERTH_URL, BERTH_SEARCH, .group = "contact"},
    {"wechat", BERTH_TEXT, BERTH_SEARCH, .group = "contact", .max = 64},
    {"zalo", BERTH_TEXT, BERTH_SEARCH, .group = "contact", .max = 64},
    {"whatsapp", BERTH_TEXT, BERTH_SEARCH, .group = "contact", .max = 64},
    {"country", BERTH_PICK, SHOWN, "base.country", .group = "place"},
    {"province", BERTH_TEXT, BERTH_FILTER, .group = "place", .max = 100},
    {"city", BERTH_TEXT, BERTH_SEARCH | SHOWN, .group = "place", .max = 100},
    {"address", BERTH_TEXT, 0, .group = "place", .max = 300},
    {"source", BERTH_PICK, BERTH_FILTER, "source", .group = "business"},
    {"industry", BERTH_PICK, BERTH_FILTER, "industry", .group = "business"},
    {"direction", BERTH_PICK, BERTH_FILTER, "direction", .group = "business"},
    {"lanes", BERTH_PICK, BERTH_FILTER | BERTH_MANY, "lane", .group = "business"},
    {"suppliers", BERTH_TEXT, BERTH_SEARCH | BERTH_FILTER, .group = "business", .max = 300},
    {"commodity", BERTH_TEXT, BERTH_FILTER, .group = "business", .max = 200},
    {"monthly_volume", BERTH_TEXT, 0, .group = "business", .max = 100},
    {"notes", BERTH_LONG, 0, .group = "business", .max = 5000},
    {0},
};

static const struct berth_table tables[] = {
    {"lead", lead_fields, .title = "name", .icon = "target",
     .flags = BERTH_OWNED | BERTH_POOLED | BERTH_CUSTOM | BERTH_HISTORY | BERTH_BIN,
     .rights = "sales: own create import; manager: tree create delete import export"},
    {0},
};

static const struct berth_dict dicts[] = {
    {"status", "new:blue, contacted:teal, qualified:violet, converted:green, lost:gray"},
    {"rating", "hot:red, warm:amber, cold:blue"},
    {"source", "exhibition, website, referral, cold_call, directory, customs_data, agent, other", .open = 1},
    {"industry", "electronics, machinery, textile, furniture, food, chemical, hardware, toys, auto, medical, "
                 "logistics, other", .open = 1},
    {"direction", "export:blue, import:violet, both:teal, domestic:gray"},
    {"lane", "us_west, us_east, europe, mediterranean, japan_korea, southeast_asia, india_pakistan, middle_east, "
             "africa, latin_america, australia, russia", .open = 1},
    {0},
};

BERTH_PLUGIN(.name = "leads", .version = "0.1.0", .needs = "base, pools", .tables = tables, .dicts = dicts, .open = open,
    .rules = BERTH_LIST_OF(berth_rule, {"release_days", BERTH_INT, "lead", "30"},
                                       {"may_claim", BERTH_BOOL, "lead, user_id", "true"}),
    .views = BERTH_LIST_OF(berth_view,
        {"lead", "mine", BERTH_AS_LIST, .where = "owner_id = @me"},
        {"lead", "due", BERTH_AS_LIST, .where = "owner_id = @me and next_action_on <= @today", .sort = "next_action_on"},
        {"lead", "pool", BERTH_AS_LIST, .where = "owner_id empty",
         .columns = "name, city, country, rating, direction, pool_id, pooled_at, prev_owner_id"},
        {"lead", "team", BERTH_AS_LIST, .where = "owner_id in @team",
         .columns = "name, status, rating, owner_id, contact, phone, city, next_action_on, touched_at"},
        {"lead", "all", BERTH_AS_LIST},
        {"lead", "board", BERTH_AS_BOARD, .by = "status"}),
    .hooks = BERTH_LIST_OF(berth_hook, {BERTH_EVENT, "activities.done", on_done},
                                       {BERTH_EVENT, "pools.claiming", on_claiming},
                                       {BERTH_EVENT, "base.user_left", on_user_left}),
    .timers = BERTH_LIST_OF(berth_timer, {"release", "1h", release_stale}))
