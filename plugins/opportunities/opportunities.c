/* opportunities - deals on their way through pipelines of the company's own, competitors, cooperation with
 * peers and agents, targets.  Topics for other plugins: "opportunities.won" and "opportunities.lost" with the
 * deal.  It listens to "leads.convert" and "leads.return". */
#include "opportunities.h"

#define SHOWN (BERTH_LIST | BERTH_FILTER)
#define ENDED "status in ('won', 'lost')"

static const struct berth_field pipeline_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST},
    {"department_ids", BERTH_REF, BERTH_LIST | BERTH_MANY, "department"},
    {"active", BERTH_BOOL, BERTH_LIST | BERTH_FILTER, .def = "true"},
    {"note", BERTH_LONG, 0, .max = 2000},
    BERTH_NAMES(60),
    {0},
};
static const struct berth_field stage_fields[] = {
    {"pipeline_id", BERTH_REF, BERTH_REQUIRED, "pipeline"},
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, .max = 60},
    {"place", BERTH_INT, BERTH_REQUIRED | BERTH_LIST | BERTH_INDEX, .def = "1", .max = 1000, .min = "0"},
    {"percent", BERTH_INT, BERTH_REQUIRED | BERTH_LIST, .def = "10", .max = 100, .min = "0"},
    {"state", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST, "stage_state", "open"},
    {"color", BERTH_PICK, BERTH_LIST, "base.color", "blue"},
    {"norm_days", BERTH_INT, BERTH_LIST, .def = "0", .max = 3650, .min = "0"},
    {"needs", BERTH_TEXT, BERTH_LIST, "@fields opportunity", .max = 300},
    {"back", BERTH_PICK, BERTH_LIST, "stage_back", "allowed"},
    {"guide", BERTH_LONG, 0, .max = 5000},
    BERTH_NAMES(60),
    {0},
};

static const struct berth_field deal_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_SEARCH | SHOWN},
    {"number", BERTH_TEXT, BERTH_UNIQUE | BERTH_SEARCH | BERTH_FILTER, .def = "@next", .max = 40},
    {"customer_id", BERTH_REF, SHOWN | BERTH_INDEX | BERTH_BELONGS, "customer"},
    {"contact_id", BERTH_REF, BERTH_INDEX | BERTH_BELONGS, "contact"},
    {"lead_id", BERTH_REF, BERTH_LOCKED | BERTH_INDEX | BERTH_BELONGS, "lead"},
    {"pipeline_id", BERTH_REF, BERTH_FILTER, "pipeline"},
    {"stage_id", BERTH_REF, SHOWN | BERTH_INDEX, "stage", .where = "pipeline_id = @pipeline_id"},
    {"status", BERTH_PICK, BERTH_LOCKED | SHOWN, "status", "open"},
    {"kind", BERTH_PICK, BERTH_FILTER, "kind"},
    {"is_key", BERTH_BOOL, BERTH_FILTER, .def = "false"},
    {"supplier", BERTH_TEXT, BERTH_SEARCH | BERTH_FILTER}, /* whom they ship with now */
    {"next_step", BERTH_TEXT, BERTH_LIST, .max = 300},
    {"next_action_on", BERTH_DATE, SHOWN | BERTH_INDEX},

    {"amount", BERTH_MONEY, BERTH_FILTER, "@currency", .group = "worth", .min = "0"},
    {"profit", BERTH_MONEY, BERTH_FILTER, "@currency", .group = "worth"},
    {"currency", BERTH_PICK, BERTH_FILTER, "currency", .group = "worth"},
    {"rate", BERTH_REAL, 0, .def = "1", .group = "worth", .min = "0.000001"},
    {"base_amount", BERTH_MONEY, BERTH_LOCKED | SHOWN | BERTH_INDEX, .group = "worth"},
    {"base_profit", BERTH_MONEY, BERTH_LOCKED | BERTH_FILTER, .group = "worth"},
    {"percent", BERTH_INT, BERTH_LOCKED | BERTH_FILTER, .group = "worth", .max = 100},
    {"weighted", BERTH_MONEY, BERTH_LOCKED | BERTH_LIST, .group = "worth"},

    {"mode", BERTH_PICK, BERTH_FILTER, "mode", .group = "cargo"},
    {"direction", BERTH_PICK, BERTH_FILTER, "direction", .group = "cargo"},
    {"pol", BERTH_TEXT, BERTH_SEARCH | BERTH_FILTER, .group = "cargo", .max = 100},
    {"pod", BERTH_TEXT, BERTH_SEARCH | BERTH_FILTER, .group = "cargo", .max = 100},
    {"goods", BERTH_TEXT, BERTH_SEARCH, .group = "cargo", .max = 300},
    {"volume", BERTH_TEXT, 0, .group = "cargo", .max = 100},
    {"teu", BERTH_REAL, BERTH_FILTER, .group = "cargo", .min = "0"},
    {"ready_on", BERTH_DATE, BERTH_FILTER | BERTH_INDEX, .group = "cargo"},

    {"close_on", BERTH_DATE, SHOWN | BERTH_INDEX, .group = "dates"},
    {"quote_due_on", BERTH_DATE, 0, .group = "dates"},
    {"decision_on", BERTH_DATE, BERTH_FILTER, .group = "dates"},
    {"start_on", BERTH_DATE, 0, .group = "dates"},
    {"stage_since", BERTH_TIME, BERTH_LOCKED | BERTH_FILTER, .group = "dates"},
    {"touched_at", BERTH_TIME, BERTH_LOCKED | BERTH_FILTER, .group = "dates"},
    {"idle", BERTH_BOOL, BERTH_LOCKED | BERTH_FILTER, .def = "false", .group = "dates"},

    {"decider_id", BERTH_REF, 0, "contact", .group = "people"},
    {"team", BERTH_REF, BERTH_MANY | BERTH_FILTER, "user", .group = "people"},

    {"closed_on", BERTH_DATE, BERTH_LOCKED | BERTH_FILTER | BERTH_INDEX, .group = "closing"},
    {"won_reason", BERTH_PICK, BERTH_FILTER, "won_reason", .group = "closing", .when = "status = 'won'"},
    {"lost_reason", BERTH_PICK, BERTH_REQUIRED | BERTH_FILTER, "lost_reason", .group = "closing", .when = "status = 'lost'"},
    {"lost_to", BERTH_REF, BERTH_FILTER | BERTH_INDEX | BERTH_LISTED, "competitor", .group = "closing", .when = "status = 'lost'"}, /* belonged to it, everybody would read the deal there */
    {"close_note", BERTH_LONG, 0, .group = "closing", .max = 5000},
    {"notes", BERTH_LONG, BERTH_SEARCH, .group = "closing", .max = 10000},
    {0},
};

bool deal_asks(const char *name)
{
    const struct berth_field *f = deal_fields;

    while (f->name != NULL && strcmp(f->name, name) != 0)
        f++;
    return f->name != NULL && !(f->flags & BERTH_LOCKED);
}

#define OF_DEAL {"opportunity_id", BERTH_REF, BERTH_REQUIRED, "opportunity"}
static const struct berth_field log_fields[] = {
    OF_DEAL,
    {"pipeline_id", BERTH_REF, BERTH_LOCKED | BERTH_FILTER, "pipeline"},
    {"stage_id", BERTH_REF, BERTH_LOCKED | BERTH_LIST, "stage"},
    {"percent", BERTH_INT, BERTH_LOCKED | BERTH_LIST, .max = 100},
    {"amount", BERTH_MONEY, BERTH_LOCKED | BERTH_LIST},
    {"from_at", BERTH_TIME, BERTH_LOCKED | BERTH_LIST},
    {"to_at", BERTH_TIME, BERTH_LOCKED | BERTH_LIST},
    {"hours", BERTH_REAL, BERTH_LOCKED | BERTH_LIST},
    {"onward", BERTH_BOOL, BERTH_LOCKED | BERTH_LIST}, /* it ended on a later stage, and not lost */
    {"owner_id", BERTH_REF, BERTH_LOCKED, "user"},
    {0},
};
static const struct berth_field strategy_fields[] = {
    OF_DEAL,
    {"contact_id", BERTH_REF, BERTH_LIST, "contact"},
    {"person", BERTH_TEXT, BERTH_LIST, .max = 100},
    {"role", BERTH_PICK, BERTH_LIST, "role"},
    {"influence", BERTH_PICK, BERTH_LIST, "influence"},
    {"attitude", BERTH_PICK, BERTH_LIST, "attitude"},
    {"next_move", BERTH_TEXT, BERTH_LIST, .max = 500},
    {0},
};
static const struct berth_field rival_fields[] = {
    {"opportunity_id", BERTH_REF, BERTH_REQUIRED | BERTH_LIST, "opportunity"},
    {"competitor_id", BERTH_REF, BERTH_REQUIRED | BERTH_LIST | BERTH_INDEX | BERTH_BELONGS, "competitor"},
    {"standing", BERTH_PICK, BERTH_LIST, "standing"},
    {"price", BERTH_MONEY, BERTH_LIST, .min = "0"},
    {"strengths", BERTH_LONG, BERTH_LIST, .max = 5000},
    {"weaknesses", BERTH_LONG, BERTH_LIST, .max = 5000},
    {"playbook", BERTH_LONG, 0, .max = 20000},
    {"won_on", BERTH_DATE, BERTH_LOCKED | BERTH_LIST}, /* this and what follows: of a deal that was won, for figures */
    {"owner_id", BERTH_REF, BERTH_LOCKED, "user"},
    {"base_amount", BERTH_MONEY, BERTH_LOCKED},
    {"base_profit", BERTH_MONEY, BERTH_LOCKED},
    {"mode", BERTH_PICK, BERTH_LOCKED, "mode"},
    {0},
};

static const struct berth_field competitor_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_SEARCH | SHOWN | BERTH_INDEX | BERTH_DUPLICATE, "company"},
    {"customer_id", BERTH_REF, BERTH_INDEX, "customer"},
    {"website", BERTH_URL, 0},
    {"profile", BERTH_LONG, BERTH_SEARCH, .max = 10000},
    {"products", BERTH_TEXT, BERTH_SEARCH, .max = 500},
    {"services", BERTH_PICK, SHOWN | BERTH_MANY, "mode"},
    {"price_level", BERTH_PICK, SHOWN, "price_level"},
    {"threat", BERTH_PICK, SHOWN, "influence"},
    {"strengths", BERTH_LONG, 0, .max = 5000},
    {"weaknesses", BERTH_LONG, 0, .max = 5000},
    {"playbook", BERTH_LONG, BERTH_SEARCH, .max = 20000},
    {"notes", BERTH_LONG, 0, .max = 5000},
    {0},
};
static const struct berth_field news_fields[] = {
    {"competitor_id", BERTH_REF, BERTH_REQUIRED, "competitor"},
    {"on_day", BERTH_DATE, BERTH_LIST, .def = "@today"},
    {"title", BERTH_TEXT, BERTH_REQUIRED | BERTH_LIST, .max = 300},
    {"url", BERTH_URL, BERTH_LIST},
    {"note", BERTH_LONG, 0, .max = 5000},
    {0},
};

static const struct berth_field cooperation_fields[] = {
    {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_SEARCH | BERTH_LIST | BERTH_FILTER},
    {"partner_id", BERTH_REF, SHOWN | BERTH_INDEX | BERTH_BELONGS, "customer"},
    {"kind", BERTH_PICK, BERTH_REQUIRED | SHOWN, "partner", "agent"},
    {"stage", BERTH_PICK, BERTH_REQUIRED | SHOWN, "cooperation", "found"},
    {"country", BERTH_PICK, SHOWN, "base.country"},
    {"ports", BERTH_TEXT, BERTH_SEARCH | BERTH_FILTER, .max = 300},
    {"network", BERTH_TEXT, BERTH_FILTER, .max = 100},
    {"next_action_on", BERTH_DATE, SHOWN | BERTH_INDEX},
    {"agreement_no", BERTH_TEXT, BERTH_SEARCH, .group = "agreement", .max = 60},
    {"from_on", BERTH_DATE, 0, .group = "agreement"},
    {"to_on", BERTH_DATE, BERTH_FILTER, .group = "agreement"},
    {"terms", BERTH_LONG, 0, .group = "agreement", .max = 5000},
    {"given_teu", BERTH_REAL, BERTH_LOCKED | BERTH_LIST, .group = "reciprocity"},
    {"received_teu", BERTH_REAL, BERTH_LOCKED | BERTH_LIST, .group = "reciprocity"},
    {"balance_teu", BERTH_REAL, BERTH_LOCKED | BERTH_FILTER, .group = "reciprocity"},
    {"given_profit", BERTH_MONEY, BERTH_LOCKED, .group = "reciprocity"},
    {"received_profit", BERTH_MONEY, BERTH_LOCKED, .group = "reciprocity"},
    {"notes", BERTH_LONG, 0, .max = 5000},
    {0},
};
static const struct berth_field figure_fields[] = {
    {"cooperation_id", BERTH_REF, BERTH_REQUIRED, "cooperation"},
    {"month_on", BERTH_DATE, BERTH_REQUIRED | BERTH_LIST},
    {"given_teu", BERTH_REAL, BERTH_LIST, .def = "0", .min = "0"},
    {"received_teu", BERTH_REAL, BERTH_LIST, .def = "0", .min = "0"},
    {"given_profit", BERTH_MONEY, BERTH_LIST, .def = "0"},
    {"received_profit", BERTH_MONEY, BERTH_LIST, .def = "0"},
    {0},
};

static const struct berth_field target_fields[] = {
    {"scope", BERTH_PICK, BERTH_REQUIRED | SHOWN, "target_scope", "person"},
    {"department_id", BERTH_REF, BERTH_REQUIRED | SHOWN, "department", .when = "scope = 'team'"},
    {"metric", BERTH_PICK, BERTH_REQUIRED | SHOWN, "metric", "amount"},
    {"period", BERTH_PICK, BERTH_REQUIRED | SHOWN, "period", "month"},
    {"from_on", BERTH_DATE, BERTH_REQUIRED | SHOWN | BERTH_INDEX},
    {"to_on", BERTH_DATE, BERTH_LIST},
    {"value", BERTH_REAL, BERTH_REQUIRED | BERTH_LIST, .min = "0"},
    {"note", BERTH_TEXT, 0, .max = 500},
    {0},
};

#define WORK (BERTH_OWNED | BERTH_CUSTOM | BERTH_HISTORY | BERTH_BIN)
#define PART (BERTH_DETAIL | BERTH_HIDDEN)
static const struct berth_table tables[] = {
    {"opportunity", deal_fields,
     BERTH_KEYS(
         {"owner_id, status, stage_id, base_amount, weighted"}, {"status, pipeline_id, stage_id, owner_id, base_amount, weighted"},
         {"status, close_on, id, owner_id, base_amount, base_profit, weighted, teu"},
         {"status, closed_on, id, owner_id, base_amount, base_profit, weighted, teu, won_reason, lost_reason, lost_to, mode, direction"},
         {"is_key, status, close_on"}, {"status"}, {"idle"}, {"created_at"}, {"updated_at"}),
     WORK, .title = "name", .icon = "star", .nav = "sales 20", .step = "next_action_on, log, next_step", .step_when = "status = 'open'",
     .taken = "lead: customer_id, contact_id, lead_id", .taken_when = "status in ('open', 'on_hold')",
     .rights = "sales: own create import; manager: tree create delete import export"},
    {"deal_contact", strategy_fields, .flags = PART, .title = "person", .icon = "user"},
    {"deal_competitor", rival_fields,
     BERTH_KEYS({"competitor_id, opportunity_id", BERTH_ONCE},
                {"won_on, competitor_id, owner_id, base_amount, base_profit, opportunity_id"},
                {"competitor_id, won_on, mode, base_amount, base_profit, opportunity_id"}),
     PART, .version = 1, .upgrade = rivals_upgrade, .title = "competitor_id", .icon = "flag"},
    {"stage_log", log_fields, BERTH_KEYS({"pipeline_id, stage_id, onward, hours, opportunity_id, owner_id, from_at"}),
     .flags = PART, /* the funnel's */
     .version = 1, .upgrade = stage_log_upgrade, .title = "stage_id", .icon = "history",
     .rights = "sales: all read; manager: all read"}, /* kept by code only; of the deals that one sees */
    {"competitor", competitor_fields, .flags = BERTH_HISTORY | BERTH_BIN, .title = "name", .icon = "flag", .nav = "sales 25",
     .rights = "sales: all read create; manager: all create delete import export"},
    {"competitor_news", news_fields, .flags = PART, .title = "title", .icon = "globe"},
    {"cooperation", cooperation_fields, .flags = WORK, .title = "name", .icon = "swap", .nav = "customers 55", .step = "next_action_on",
     .step_when = "stage not in ('paused', 'ended')", .rights = "sales: own create; manager: tree create delete export"},
    {"cooperation_figure", figure_fields, BERTH_KEYS({"cooperation_id, month_on", BERTH_UNIQUE}), PART, .title = "month_on",
     .icon = "chart"},
    {"sales_target", target_fields, .flags = BERTH_OWNED | BERTH_HISTORY, .title = "metric", .icon = "target", .nav = "sales 28",
     .rights = "sales: own read; manager: tree create delete"},
    {"pipeline", pipeline_fields, .flags = BERTH_ADMIN | BERTH_HISTORY, .title = "name", .icon = "columns",
     .rights = "sales: all read; manager: all read", .known = "name"},
    {"stage", stage_fields, .flags = PART | BERTH_ADMIN | BERTH_HISTORY, .title = "name", .icon = "list", .board = "place, color",
     .known = "pipeline_id, name"},
    {0},
};

static const struct berth_dict dicts[] = {
    {"stage_state", "open:blue, won:green, lost:gray"},
    {"stage_back", "allowed, manager, never"},
    {"status", "open:blue, on_hold:amber, won:green, lost:gray"},
    {"kind", "one_off, contract, project, trial, renewal", .open = 1},
    {"currency", "CNY, USD, VND, EUR, HKD, TWD, JPY, GBP, SGD", .open = 1},
    {"mode", "sea_fcl:blue, sea_lcl:teal, air:violet, rail:amber, truck:amber, express:pink, customs:gray, warehouse:gray, logistics:green",
     .open = 1},
    {"direction", "export:blue, import:violet, cross:teal, domestic:gray"},
    {"won_reason", "price, service, relation, speed, route, other", .open = 1},
    {"lost_reason", "price, transit_time, no_space, credit_terms, service, relation, cancelled, no_answer, other", .open = 1},
    {"role", "decides:red, influences:amber, buys:blue, uses:teal, filters:gray, pays:violet, supports:green", .open = 1},
    {"influence", "high:red, medium:amber, low:gray"},
    {"attitude", "champion:green, positive:teal, neutral:gray, against:red", .open = 1},
    {"standing", "ahead:red, level:amber, behind:green, out:gray"},
    {"price_level", "low:green, medium:gray, high:red"},
    {"partner", "peer:blue, agent:pink", .open = 1},
    {"cooperation", "found:gray, contacted:blue, negotiating:violet, trial:amber, agreed:green, paused:gray, ended:red"},
    {"closed_by", "owner, reason, rival, mode, direction"},
    {"target_scope", "person, team, company"},
    {"metric", "amount, profit, teu, count"},
    {"period", "month, quarter, year"},
    {0},
};

static const struct berth_tile tiles[] = {
    {"opportunity", "due", BERTH_TODO, .view = "due", .by = "next_action_on", .order = 14},
    {"opportunity", "closing", BERTH_TODO, .view = "mine", .where = "close_on < @today", .by = "close_on", .order = 20},
    {"opportunity", "open_amount", BERTH_KPI, .view = "mine", .sum = "base_amount", .roles = "sales", .order = -37},
    {"opportunity", "team_amount", BERTH_KPI, .view = "team", .sum = "base_amount", .roles = "manager", .order = -37},
    {"opportunity", "won_month", BERTH_KPI, .view = "won", .where = "closed_on >= @month", .sum = "base_amount", .roles = "manager",
     .order = -35},
    {"opportunity", "by_stage", BERTH_FUNNEL, .view = "board", .by = "stage_id", .sum = "base_amount", .roles = "sales, manager",
     .order = 15},
    {"opportunity", "won_by_month", BERTH_BARS, .view = "won", .by = "closed_on:month", .sum = "base_amount", .roles = "manager",
     .order = 30},
    {"opportunity", "lost_why", BERTH_PIE, .view = "lost", .by = "lost_reason", .order = 40},
    {"opportunity", "next", BERTH_TABLE, .view = "mine", .columns = "name, base_amount, close_on", .roles = "sales", .order = 35},
    {0},
};

static const struct berth_report reports[] = {
    {"funnel", "filter", "/opportunities/funnel", .nav = "sales 21", .rows = "stages",
     .charts = "funnel stage count; bar stage amount weighted",
     .form = BERTH_FIELDS({"pipeline", BERTH_REF, 0, "pipeline"}, {"user", BERTH_REF, 0, "user"},
                          {"department", BERTH_REF, 0, "department"}, {"from", BERTH_DATE}, {"to", BERTH_DATE}),
     .columns = BERTH_FIELDS({"stage", BERTH_REF, 0, "stage"}, {"percent", BERTH_INT}, {"count", BERTH_INT}, {"amount", BERTH_MONEY},
                             {"weighted", BERTH_MONEY}, {"entered", BERTH_INT}, {"days", BERTH_REAL}, {"conversion", BERTH_REAL, 0, "%"})},
    {"forecast", "chart", "/opportunities/forecast", .nav = "sales 22", .rows = "targets", .charts = "bar name wanted won forecast",
     .form = BERTH_FIELDS({"on", BERTH_DATE}),
     .columns = BERTH_FIELDS({"name", BERTH_TEXT}, {"metric", BERTH_PICK, 0, "metric"}, {"period", BERTH_PICK, 0, "period"},
                             {"to_on", BERTH_DATE}, {"wanted", BERTH_REAL}, {"won", BERTH_REAL}, {"open", BERTH_REAL},
                             {"forecast", BERTH_REAL}, {"reached", BERTH_REAL, 0, "%"})},
    {"closed", "target", "/opportunities/closed", .nav = "sales 23", .charts = "bar name won lost",
     .form = BERTH_FIELDS({"by", BERTH_PICK, 0, "closed_by"}, {"user", BERTH_REF, 0, "user"}, {"department", BERTH_REF, 0, "department"},
                          {"from", BERTH_DATE}, {"to", BERTH_DATE}),
     .columns = BERTH_FIELDS({"name", BERTH_TEXT}, {"won", BERTH_INT}, {"lost", BERTH_INT}, {"ratio", BERTH_REAL, 0, "%"},
                             {"won_amount", BERTH_MONEY}, {"won_profit", BERTH_MONEY}, {"lost_amount", BERTH_MONEY})},
    {"against", "flag", "/opportunities/against", .on = "competitor",
     .columns = BERTH_FIELDS({"name", BERTH_TEXT}, {"won", BERTH_INT}, {"lost", BERTH_INT}, {"ratio", BERTH_REAL, 0, "%"},
                             {"won_amount", BERTH_MONEY}, {"won_profit", BERTH_MONEY}, {"lost_amount", BERTH_MONEY})},
    {"similar", "copy", "/opportunities/similar", .on = "opportunity",
     .columns = BERTH_FIELDS({"name", BERTH_TEXT}, {"customer_id", BERTH_REF, 0, "customer"}, {"base_amount", BERTH_MONEY},
                             {"base_profit", BERTH_MONEY}, {"pod", BERTH_TEXT}, {"closed_on", BERTH_DATE},
                             {"won_reason", BERTH_PICK, 0, "won_reason"})},
    {0},
};

static int open(struct berth_ctx *c, void **state)
{
    static struct state s; /* the run over idle deals is one at a time */

    *state = &s;
    return stages_seed(c);
}

#define SAVED (BERTH_INSERT | BERTH_UPDATE)
BERTH_PLUGIN(.name = "opportunities", .version = "0.1.0", .needs = "base", .caps = BERTH_CAP_ALL_ROWS, .tables = tables, .dicts = dicts,
             .tiles = tiles, .reports = reports, .open = open,
             .perms = BERTH_LIST_OF(berth_perm, {"reopen", "manager"}, {"roll_back", "manager"}),
             .actions = BERTH_LIST_OF(
                 berth_action,
                 {"opportunity", "move", .when = "status = 'open'", .flags = BERTH_BULK | BERTH_EDITS, .icon = "next", .run = deal_move,
                  .form = BERTH_FIELDS({"stage_id", BERTH_REF, BERTH_REQUIRED, "stage", .where = "pipeline_id = @pipeline_id"})},
                 {"opportunity", "win", .when = "status in ('open', 'on_hold')", .flags = BERTH_EDITS, .icon = "check", .run = deal_win,
                  .form = BERTH_FIELDS({"won_reason", BERTH_PICK, 0, "won_reason"}, {"close_note", BERTH_LONG, .max = 5000})},
                 {"opportunity", "lose", .when = "status in ('open', 'on_hold')", .flags = BERTH_EDITS, .icon = "x", .run = deal_lose,
                  .form = BERTH_FIELDS({"lost_reason", BERTH_PICK, BERTH_REQUIRED, "lost_reason"}, {"lost_to", BERTH_REF, 0, "competitor"},
                                       {"close_note", BERTH_LONG, .max = 5000})},
                 {"opportunity", "hold", .when = "status = 'open'", .flags = BERTH_EDITS, .icon = "off", .run = deal_hold},
                 {"opportunity", "resume", .when = "status = 'on_hold'", .flags = BERTH_EDITS, .icon = "next", .run = deal_resume},
                 {"opportunity", "reopen", "reopen", .when = ENDED, .flags = BERTH_EDITS, .icon = "undo", .run = deal_reopen,
                  .form = BERTH_FIELDS({"note", BERTH_LONG, BERTH_REQUIRED, .max = 1000})}),
             .views = BERTH_LIST_OF(
                 berth_view,
                 {"opportunity", "mine", BERTH_AS_LIST, .where = "owner_id = @me and status in ('open', 'on_hold')", .sort = "close_on"},
                 {"opportunity", "board", BERTH_AS_BOARD, .where = "status = 'open'", .by = "stage_id",
                  .columns = "name, customer_id, base_amount, weighted, close_on, owner_id"},
                 {"opportunity", "team", BERTH_AS_LIST, .where = "owner_id in @team and status in ('open', 'on_hold')", .sort = "close_on"},
                 {"opportunity", "key", BERTH_AS_LIST, .where = "is_key = true and status in ('open', 'on_hold')", .sort = "close_on"},
                 {"opportunity", "due", BERTH_AS_LIST, .where = "owner_id = @me and status = 'open' and next_action_on <= @today",
                  .sort = "next_action_on"},
                 {"opportunity", "idle", BERTH_AS_LIST, .where = "idle = true and status = 'open'"},
                 {"opportunity", "calendar", BERTH_AS_CALENDAR, .where = "status = 'open'", .by = "status", .from = "close_on"},
                 {"opportunity", "won", BERTH_AS_LIST, .where = "status = 'won'", .sort = "-closed_on",
                  .columns = "name, customer_id, base_amount, base_profit, mode, pod, closed_on, won_reason, owner_id"},
                 {"opportunity", "lost", BERTH_AS_LIST, .where = "status = 'lost'", .sort = "-closed_on",
                  .columns = "name, customer_id, base_amount, lost_reason, lost_to, closed_on, owner_id"},
                 {"opportunity", "all", BERTH_AS_LIST}, {"cooperation", "mine", BERTH_AS_LIST, .where = "owner_id = @me"},
                 {"cooperation", "board", BERTH_AS_BOARD, .by = "stage"}, {"cooperation", "all", BERTH_AS_LIST},
                 {"competitor", "all", BERTH_AS_LIST, .sort = "name"}, {"stage", "all", BERTH_AS_LIST, .sort = "place"},
                 {"sales_target", "now", BERTH_AS_LIST, .where = "from_on <= @today and to_on >= @today"},
                 {"sales_target", "all", BERTH_AS_LIST, .sort = "-from_on"}),
             .routes = BERTH_LIST_OF(berth_route, {"GET", "/opportunities/funnel", .run = funnel},
                                     {"GET", "/opportunities/forecast", .run = forecast}, {"GET", "/opportunities/closed", .run = closed},
                                     {"GET", "/opportunities/against", .run = won_against},
                                     {"GET", "/opportunities/similar", .run = similar}),
             .hooks = BERTH_LIST_OF(
                 berth_hook, {BERTH_BEFORE | SAVED, "opportunity", deal_check}, {BERTH_BEFORE | SAVED, "opportunity", team_check},
                 {BERTH_AFTER | SAVED, "opportunity", deal_saved}, {BERTH_AFTER | SAVED, "opportunity", team_saved},
                 {BERTH_AFTER | SAVED, "opportunity", rivals_follow}, {BERTH_BEFORE | BERTH_INSERT, "deal_contact", part_known},
                 {BERTH_BEFORE | BERTH_INSERT, "deal_competitor", part_known}, {BERTH_BEFORE | SAVED, "deal_competitor", rival_check},
                 {BERTH_BEFORE | SAVED, "stage", stage_check}, {BERTH_BEFORE | BERTH_DELETE, "stage", stage_drop},
                 {BERTH_BEFORE | SAVED, "sales_target", target_check}, {BERTH_BEFORE | SAVED, "cooperation_figure", figure_check},
                 {BERTH_AFTER | SAVED | BERTH_DELETE, "cooperation_figure", figure_saved},
                 {BERTH_EVENT, "leads.convert", on_lead_converts, 10}, {BERTH_EVENT, "leads.return", on_lead_returns, -10}),
             .timers = BERTH_LIST_OF(berth_timer, {"idle", "daily 03:30", deal_idle_all}))
