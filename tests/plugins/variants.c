/* variants.c - plugins that are as they should be, and plugins each wrong in one way.  meson
 * builds it once for each VARIANT_...; the plugin is called as the variant. */
#include <berth.h>

#if defined(VARIANT_good)

static int grow(struct berth_ctx *c, struct berth_row *row)
{
    host->set(row, "size", berth_i(host->get(row, "size").i + 1));
    return host->save(c, row);
}

static int watch(struct berth_ctx *c, struct berth_event *ev)
{
    if (host->get(ev->row, "size").i > 100)
        return host->error(c, BERTH_INVALID, "size", "good.err.size");
    return BERTH_OK;
}

BERTH_PLUGIN(.name = "good", .version = "1.10", .needs = "base",
             .tables = BERTH_LIST_OF(berth_table,
                                     {"thing",
                                      BERTH_FIELDS({"name", BERTH_TEXT, BERTH_REQUIRED},
                                                   {"size", BERTH_INT, 0, .def = "0"}),
                                      BERTH_KEYS({"name, size"}), .title = "name"}),
             .actions = BERTH_LIST_OF(berth_action, {"thing", "grow", .run = grow,
                                                     .form = BERTH_FIELDS({"by", BERTH_INT})}),
             .hooks = BERTH_LIST_OF(berth_hook, {BERTH_BEFORE | BERTH_UPDATE, "thing", watch}))

#elif defined(VARIANT_clash) /* the table of another plugin */

BERTH_PLUGIN(.name = "clash", .version = "1", .needs = "good",
             .tables = BERTH_LIST_OF(berth_table,
                                     {"thing", BERTH_FIELDS({"name", BERTH_TEXT}), .title = "name"}))

#elif defined(VARIANT_needs_good)
BERTH_PLUGIN(.name = "needs_good", .version = "1", .needs = "good >= 1.9, base")
#elif defined(VARIANT_needs_newer)
BERTH_PLUGIN(.name = "needs_newer", .version = "1", .needs = "good >= 1.11")
#elif defined(VARIANT_needs_missing)
BERTH_PLUGIN(.name = "needs_missing", .version = "1", .needs = "nowhere")
#elif defined(VARIANT_needs_what)
BERTH_PLUGIN(.name = "needs_what", .version = "1", .needs = "good < 2")
#elif defined(VARIANT_circle_a)
BERTH_PLUGIN(.name = "circle_a", .version = "1", .needs = "circle_b")
#elif defined(VARIANT_circle_b)
BERTH_PLUGIN(.name = "circle_b", .version = "1", .needs = "circle_a")
#elif defined(VARIANT_asks_power)
BERTH_PLUGIN(.name = "asks_power", .version = "1", .caps = BERTH_CAP_SQL | BERTH_CAP_NET)
#elif defined(VARIANT_misnamed)
BERTH_PLUGIN(.name = "other", .version = "1")

#elif defined(VARIANT_no_end) /* a list whose entry has no name */

BERTH_PLUGIN(.name = "no_end", .version = "1",
             .dicts = BERTH_LIST_OF(berth_dict, {"kind", "a, b"}, {NULL, "c"}, {"more", "d"}))

#elif defined(VARIANT_wrong_magic) || defined(VARIANT_newer) || defined(VARIANT_other_major) ||    \
    defined(VARIANT_odd_sizes)

BERTH_EXPORT const struct berth_plugin *berth_plugin_entry(const struct berth_api *api);
const struct berth_plugin *berth_plugin_entry(const struct berth_api *api)
{
    static const struct berth_plugin p = {
#if defined(VARIANT_wrong_magic)
        .magic = 1,
#else
        .magic = BERTH_MAGIC,
#endif
#if defined(VARIANT_newer)
        .abi_minor = BERTH_ABI_MINOR + 1,
#endif
#if defined(VARIANT_other_major)
        .abi_major = BERTH_ABI_MAJOR + 1,
#endif
        .size = sizeof(p),
        .stride = {1, 2, 3},
        .name = "odd",
    };

    (void)api;
    return &p;
}

#elif defined(VARIANT_no_entry)

int something_else(void);
BERTH_EXPORT int something_else(void)
{
    return 0;
}

#elif defined(VARIANT_unresolved)

int no_such_function(void);
int nor_this_one(void);
static int tick(struct berth_ctx *c)
{
    (void)c;
    return no_such_function() + nor_this_one();
}
BERTH_PLUGIN(.name = "unresolved", .version = "1",
             .timers = BERTH_LIST_OF(berth_timer, {"tick", "1h", tick}))

#elif defined(VARIANT_exports_sqlite)

int sqlite3_open(const char *name, void **db);
BERTH_EXPORT int sqlite3_open(const char *name, void **db)
{
    (void)name, (void)db;
    return 1;
}
BERTH_PLUGIN(.name = "exports_sqlite", .version = "1")

#elif defined(VARIANT_calls_sqlite)

int sqlite3_open(const char *name, void **db);
static int tick(struct berth_ctx *c)
{
    (void)c;
    return sqlite3_open("berth.db", NULL);
}
BERTH_PLUGIN(.name = "calls_sqlite", .version = "1",
             .timers = BERTH_LIST_OF(berth_timer, {"tick", "1h", tick}))

#elif defined(VARIANT_crash) /* when asked to; tests of the supervisor use it too */

static int crash(struct berth_ctx *c, struct berth_row *row)
{
    (void)c, (void)row;
    __builtin_trap();
}
BERTH_PLUGIN(.name = "crash", .version = "1", .needs = "good",
             .actions = BERTH_LIST_OF(berth_action, {"thing", "crash", .run = crash}))

#elif defined(VARIANT_crash_on_load)

__attribute__((constructor)) static void crash(void)
{
    __builtin_trap();
}
BERTH_PLUGIN(.name = "crash_on_load", .version = "1")

#endif
