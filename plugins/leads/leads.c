/* leads - companies nobody has qualified yet; what is not worked falls back to the pool. */
#include "leads.h"

#include <string.h>

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
    if (strcmp(host->table(ev->row), "lead") == 0 && berth_says(ev->row, "status", "new"))
        host->set(ev->row, "status", berth_s("contacted"));
    return host->rc(c);
}

/* ---- what it is --------------------------------------------------------------------------------- */
#define SHOWN (BERTH_LIST | BERTH_FILTER)

static const struct berth_field lead_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_SEARCH | BERTH_LIST | BERTH_FILTER | BERTH_INDEX | BERTH_DUPLICATE,
     "company", .max = 200},
    {"status", BERTH_PICK, BERTH_REQUIRED | SHOWN, "status", "new"},
    {"rating", BERTH_PICK, SHOWN, "rating"},
    {"is_key", BERTH_BOOL, BERTH_FILTER, .def = "false"},
    {"next_action_on", BERTH_DATE, SHOWN | BERTH_INDEX | BERTH_SPARSE, .remind = "0d"},
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
    {"customer_id", BERTH_REF, BERTH_LOCKED | BERTH_FILTER | BERTH_INDEX | BERTH_SPARSE | BERTH_BELONGS, "customer", .group = "converted"},
    {"contact_id", BERTH_REF, BERTH_LOCKED, "contact", .group = "converted"},
    {"opportunity_id", BERTH_REF, BERTH_LOCKED, "opportunity", .group = "converted"},
    {"converted_at", BERTH_TIME, BERTH_LOCKED | BERTH_FILTER, .group = "converted"},
    {"was_status", BERTH_PICK, BERTH_LOCKED, "status", .group = "converted"},
    {0},
};

static const struct berth_table tables[] = {
    {"lead", lead_fields, BERTH_KEYS({"created_at"}, {"updated_at"}), .title = "name", .icon = "target", .kept = "status = 'converted'",
     .nav = "sales 10", .step = "next_action_on, log", .step_when = "status not in ('converted', 'lost')",
     .flags = BERTH_OWNED | BERTH_POOLED | BERTH_CUSTOM | BERTH_HISTORY | BERTH_BIN,
     .rights = "sales: own create import; manager: tree create delete import export"},
    {0},
};

static const struct berth_dict dicts[] = {
    {"status", "new:blue, contacted:teal, qualified:violet, converted:green, lost:gray"},
    {"into", "customer:green, contact:teal, opportunity:violet"},
    {"rating", "hot:red, warm:amber, cold:blue"},
    {"source", "exhibition, website, referral, cold_call, directory, customs_data, agent, other", .open = 1},
    {"industry", "electronics, machinery, textile, furniture, food, chemical, hardware, toys, auto, medical, "
                 "logistics, other", .open = 1},
    {"direction", "export:blue, import:violet, both:teal, domestic:gray"},
    {"lane", "us_west, us_east, europe, mediterranean, japan_korea, southeast_asia, india_pakistan, middle_east, "
             "africa, latin_america, australia, russia", .open = 1},
    {0},
};

static const struct berth_tile tiles[] = {
    {"lead", "due", BERTH_TODO, .view = "due", .where = "status not in ('converted', 'lost')", .by = "next_action_on", .order = 10},
    {"lead", "mine", BERTH_KPI, .view = "mine", .roles = "sales, manager", .order = -40},
    {"lead", "new", BERTH_KPI, .view = "mine", .where = "created_at >= @month", .roles = "sales", .order = -39},
    {"lead", "pool", BERTH_KPI, .view = "pool", .roles = "sales, manager", .order = -38},
    {"lead", "by_status", BERTH_FUNNEL, .view = "mine", .by = "status", .roles = "sales", .order = 20, .width = 6},
    {"lead", "team_by_owner", BERTH_BARS, .view = "team", .by = "owner_id", .roles = "manager", .order = 20},
    {"lead", "by_source", BERTH_PIE, .by = "source", .roles = "manager", .order = 25},
    {"lead", "by_month", BERTH_LINE, .by = "created_at:month", .order = 30},
    {"lead", "hot", BERTH_TABLE, .view = "mine", .where = "rating = 'hot'", .columns = "name, phone, next_action_on", .sort = "-id",
     .roles = "sales", .order = 40},
    {0},
};

BERTH_PLUGIN(.name = "leads", .version = "0.1.0", .needs = "base, pools", .tables = tables, .dicts = dicts, .tiles = tiles,
             .rules = BERTH_LIST_OF(berth_rule, {"release_days", BERTH_INT, "lead", "30"}, {"release", BERTH_JSON, "lead, pool"},
                                    {"may_claim", BERTH_BOOL, "lead, user_id", "true"}),
             .actions = BERTH_LIST_OF(berth_action,
                                      {"lead", "convert", .when = "status <> 'converted' and owner_id not empty", .flags = BERTH_EDITS,
                                       .icon = "check", .order = -10, .run = lead_convert,
                                       .form = BERTH_FIELDS({"into", BERTH_PICK, BERTH_REQUIRED | BERTH_MANY, "into",
                                                             "customer, contact, opportunity"},
                                                            {"customer_id", BERTH_REF, 0, "customer"}, {"opportunity_name", BERTH_TEXT})},
                                      {"lead", "unconvert", .when = "status = 'converted' and converted_at not empty", .flags = BERTH_EDITS,
                                       .icon = "undo", .run = lead_return}),
             .views = BERTH_LIST_OF(
                 berth_view,
                 {"lead", "mine", BERTH_AS_LIST, .where = "owner_id = @me",
                  .columns = "name, status, rating, next_action_on, due_at, contact, phone, email, country, city, touched_at"},
                 {"lead", "due", BERTH_AS_LIST, .where = "owner_id = @me and next_action_on <= @today", .sort = "next_action_on"},
                 {"lead", "pool", BERTH_AS_LIST, .where = "owner_id empty",
                  .columns = "name, city, country, rating, direction, pool_id, pooled_at, prev_owner_id"},
                 {"lead", "team", BERTH_AS_LIST, .where = "owner_id in @team",
                  .columns = "name, status, rating, owner_id, due_at, contact, phone, city, next_action_on, touched_at"},
                 {"lead", "all", BERTH_AS_LIST}, {"lead", "board", BERTH_AS_BOARD, .by = "status", .from = "next_action_on"},
                 {"lead", "calendar", BERTH_AS_CALENDAR, .from = "next_action_on", .by = "status"}),
             .hooks = BERTH_LIST_OF(berth_hook, {BERTH_EVENT, "activities.done", on_done}, {BERTH_EVENT, "pools.claiming", on_claiming}))
