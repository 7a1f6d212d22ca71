/* frozen.c - fixture: a plugin built with the berth.h of interface 0.1 beside it; says all it can. */
#include "berth.h"

static int upgrade(struct berth_ctx *c, uint32_t from)
{
    (void)c;
    return 100 + (int)from;
}
static int act(struct berth_ctx *c, struct berth_row *row)
{
    return host->save(c, row);
}
static int serve(struct berth_ctx *c)
{
    return host->reply(c, 200, "{}");
}
static int listen_to(struct berth_ctx *c, struct berth_event *ev)
{
    return ev->old == NULL ? host->rc(c) : BERTH_OK;
}
static int tick(struct berth_ctx *c)
{
    return (int)host->now(c);
}
static int open_it(struct berth_ctx *c, void **state)
{
    *state = c;
    return BERTH_OK;
}
static void close_it(void *state)
{
    (void)state;
}

BERTH_PLUGIN(
    .name = "frozen", .version = "1.2.3", .needs = "base", .caps = BERTH_CAP_NET,
    .tables = BERTH_LIST_OF(berth_table,
                            {"frozen_one",
                             BERTH_FIELDS({"name", BERTH_TEXT, BERTH_REQUIRED, "company", "x", "group1",
                                           "was1", "size > 1", 77},
                                          {"size", BERTH_INT}),
                             BERTH_KEYS({"name, size", BERTH_UNIQUE}), BERTH_OWNED | BERTH_PUBLIC, 5,
                             "name", "box", "sales: own create", upgrade}),
    .dicts = BERTH_LIST_OF(berth_dict, {"kind", "a:red, b", 1}),
    .settings = BERTH_FIELDS({"days", BERTH_INT, 0, NULL, "3"}),
    .perms = BERTH_LIST_OF(berth_perm, {"may", "sales"}),
    .rules = BERTH_LIST_OF(berth_rule, {"days", BERTH_INT, "frozen_one, user", "4"}),
    .actions = BERTH_LIST_OF(berth_action,
                             {"frozen_one", "act", "may", BERTH_FIELDS({"why", BERTH_LONG}),
                              "size > 0", BERTH_BULK, "hand", act}),
    .views = BERTH_LIST_OF(berth_view, {"frozen_one", "all", BERTH_AS_BOARD, "name", "size > 0",
                                        "-name", "size", "created_at", "updated_at"}),
    .routes = BERTH_LIST_OF(berth_route, {"GET", "/frozen/it", "may", serve}),
    .hooks = BERTH_LIST_OF(berth_hook,
                           {BERTH_AFTER | BERTH_INSERT, "frozen_one", listen_to, 9}),
    .timers = BERTH_LIST_OF(berth_timer, {"tick", "1h", tick}), .open = open_it, .close = close_it)
