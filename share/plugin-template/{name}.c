/* {{name}} - one sentence on what this plugin is for. */
#include <berth.h>

/* A new item without a due date gets one; scripts/rules/{{name}}.days.lua may say in how many days. */
static int set_due(struct berth_ctx *c, struct berth_event *ev)
{
    int64_t days;

    if (host->get(ev->row, "due_on").type != BERTH_NULL)
        return BERTH_OK;
    days = host->rule(c, "{{name}}.days", BERTH_ARGS(berth_r(ev->row))).i;
    host->set(ev->row, "due_on",
              (struct berth_val){BERTH_DATE, 0, {.i = host->now(c) / BERTH_DAY + days}});
    return host->rc(c);
}

static int finish(struct berth_ctx *c, struct berth_row *item)
{
    host->set(item, "status", berth_s("done"));
    host->set(item, "done_at", (struct berth_val){BERTH_TIME, 0, {.i = host->now(c)}});
    host->note(c, item, "finish", host->param(c, "remark").s);
    return host->save(c, item);
}

BERTH_PLUGIN(.name = "{{name}}", .version = "0.1.0", .needs = "base",
    .tables = BERTH_LIST_OF(berth_table,
        {"{{name}}_item", .title = "name", .icon = "box",
         .flags = BERTH_OWNED | BERTH_CUSTOM | BERTH_HISTORY | BERTH_BIN,
         .rights = "sales: own create; manager: tree create delete import export",
         .fields = BERTH_FIELDS(
            {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_SEARCH | BERTH_LIST},
            {"status", BERTH_PICK, BERTH_REQUIRED | BERTH_LIST | BERTH_FILTER, "status", "open"},
            {"due_on", BERTH_DATE, BERTH_LIST | BERTH_FILTER | BERTH_INDEX},
            {"done_at", BERTH_TIME, BERTH_LOCKED},
            {"remarks", BERTH_LONG})}),
    .dicts = BERTH_LIST_OF(berth_dict, {"status", "open:blue, done:green", .open = 1}),
    .rules = BERTH_LIST_OF(berth_rule, {"days", BERTH_INT, "{{name}}_item", "14"}),
    .actions = BERTH_LIST_OF(berth_action,
        {"{{name}}_item", "finish", .when = "status = 'open'", .flags = BERTH_BULK, .icon = "check",
         .form = BERTH_FIELDS({"remark", BERTH_LONG}), .run = finish}),
    .views = BERTH_LIST_OF(berth_view,
        {"{{name}}_item", "open", .where = "status = 'open'", .sort = "due_on"}),
    .hooks = BERTH_LIST_OF(berth_hook, {BERTH_BEFORE | BERTH_INSERT, "{{name}}_item", set_due}))
