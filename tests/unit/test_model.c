/* test_model.c - what becomes of declarations, and what is said about wrong ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "model/model.h"

static int run(struct berth_ctx *c, struct berth_row *r)
{
    (void)c, (void)r;
    return 0;
}

static int first(struct berth_ctx *c, struct berth_event *ev)
{
    (void)c, (void)ev;
    return 0;
}

static int second(struct berth_ctx *c, struct berth_event *ev)
{
    (void)c, (void)ev;
    return 0;
}

static int tick(struct berth_ctx *c)
{
    (void)c;
    return 0;
}

#define LIST(t, ...) BERTH_LIST_OF(berth_##t, __VA_ARGS__)

static const struct berth_plugin base = {
    .name = "base",
    .tables = LIST(
        table, {"user", BERTH_FIELDS({"name", BERTH_TEXT}, {"active", BERTH_BOOL}), .title = "name"},
        {"pool", BERTH_FIELDS({"name", BERTH_TEXT}, {"on_table", BERTH_TEXT}, {"active", BERTH_BOOL}), .title = "name"},
        {"log",
         BERTH_FIELDS({"seq", BERTH_INT, .def = "@seq"}, {"tbl", BERTH_INT}, {"rec", BERTH_INT}),
         BERTH_KEYS({"seq"}, {"tbl, rec, seq"}), BERTH_BARE}),
    .dicts =
        LIST(dict, {"pool_reason", "manual, rule, left"}, {"country", "CN, VN, US", .open = 1}),
    .hooks = LIST(hook, {BERTH_AFTER | BERTH_INSERT, "*", second, .order = 10}),
};

static const struct berth_plugin leads = {
    .name = "leads",
    .tables = LIST(
        table,
        {"lead",
         BERTH_FIELDS(
             {"name", BERTH_TEXT, BERTH_REQUIRED | BERTH_SEARCH | BERTH_DUPLICATE, "company"},
             {"phone", BERTH_PHONE, BERTH_DUPLICATE}, {"mobile", BERTH_PHONE, BERTH_DUPLICATE},
             {"fax", BERTH_PHONE, BERTH_DUPLICATE, "fax"},
             {"email", BERTH_EMAIL, BERTH_DUPLICATE | BERTH_UNIQUE},
             {"tax_code", BERTH_TEXT, BERTH_DUPLICATE, "code"},
             {"number", BERTH_TEXT, .def = "@next"}, {"country", BERTH_PICK, 0, "base.country"},
             {"lanes", BERTH_PICK, BERTH_MANY, "lane"},
             {"status", BERTH_PICK, BERTH_INDEX, "status", "open"},
             {"reason", BERTH_LONG, .when = "status = 'lost' and name not empty"},
             {"campaign_id", BERTH_REF, 0, "campaign"}),
         BERTH_KEYS({"owner_id, status"}), BERTH_OWNED | BERTH_POOLED | BERTH_CUSTOM,
         .title = "name"},
        {"call", BERTH_FIELDS({"lead_id", BERTH_REF, BERTH_REQUIRED, "lead"}, {"text", BERTH_LONG}),
         .flags = BERTH_DETAIL, .title = "text"}),
    .dicts = LIST(dict, {"status", "open:blue, won:green, lost"}, {"lane", "CN-US, CN-EU"}),
    .settings = BERTH_FIELDS({"keep_days", BERTH_INT, .def = "30"}),
    .perms = LIST(perm, {"claim", "sales"}),
    .rules = LIST(rule, {"release_days", BERTH_INT, "lead, user", "30"}),
    .actions = LIST(action, {"@pooled", "claim", "claim", .when = "owner_id empty", .run = run,
                             .form = BERTH_FIELDS({"why", BERTH_PICK, 0, "base.pool_reason"})}),
    .views = LIST(view,
                  {"lead", "mine", BERTH_AS_LIST, "name, phone, campaign_id.name",
                   "owner_id = @me and status in ('open', 'won') order by id desc", "-created_at"}),
    .routes = LIST(route, {"POST", "/leads/incoming", NULL, tick}),
    .hooks = LIST(hook, {BERTH_BEFORE | BERTH_UPDATE, "lead", first},
                  {BERTH_EVENT, "leads.released", first, .order = 2},
                  {BERTH_EVENT, "leads.released", second, .order = 1}),
    .timers = LIST(timer, {"release", "daily 02:00", tick}),
};

static struct model *build(const struct berth_plugin *third, const struct model_extra *extra,
                           struct buf *err)
{
    const struct berth_plugin *const all[] = {&base, &leads, third};

    buf_clear(err);
    return model_build(all, third != NULL ? 3 : 2, extra, err);
}

static struct model *good(const struct berth_plugin *third, const struct model_extra *extra)
{
    struct buf err = BUF_INIT;
    struct model *m = build(third, extra, &err);

    if (m == NULL)
        print_error("%s\n", buf_str(&err));
    assert_non_null(m);
    buf_free(&err);
    return m;
}

/* Builds with a third plugin of one wrong thing and expects to be told it. */
static void told(const struct berth_plugin *third, const char *what)
{
    struct buf err = BUF_INIT;
    struct model *m = build(third, NULL, &err);

    if (m != NULL || strstr(buf_str(&err), what) == NULL)
        print_error("expected \"%s\" in:\n%s\n", what, buf_str(&err));
    assert_null(m);
    assert_non_null(strstr(buf_str(&err), what));
    buf_free(&err);
}

static void told_field(struct berth_field f, const char *what)
{
    const struct berth_field fields[] = {{"name", BERTH_TEXT}, f, {0}};
    const struct berth_table tables[] = {{"thing", fields, .title = "name"}, {0}};
    const struct berth_plugin p = {.name = "third", .tables = tables};

    told(&p, what);
}

static void told_table(struct berth_table t, const char *what)
{
    const struct berth_table tables[] = {t, {0}};
    const struct berth_plugin p = {.name = "third", .tables = tables};

    told(&p, what);
}

static void columns_of_the_host_come_first(void **state)
{
    static const char *const names[] = {"id",          "version",    "created_at", "created_by",
                                        "updated_at",  "updated_by", "owner_id",   "pool_id",
                                        "pooled_at",   "claimed_at", "touched_at", "prev_owner_id",
                                        "pool_reason", "is_locked",  "due_at",     "due_pool_id",
                                        "due_why",     "remind_at",  "name"};
    struct model *m = good(NULL, NULL);
    const struct table *lead = model_table(m, "lead"), *user = model_table(m, "user");

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_string_equal(lead->fields[i].name, names[i]);
        assert_int_equal(lead->fields[i].at, i);
        assert_ptr_equal(model_field(lead, names[i]), &lead->fields[i]);
        assert_ptr_equal(lead->fields[i].table, lead);
    }
    assert_string_equal(user->fields[F_DECLARED].name, "name");
    assert_int_equal(user->at_owner, -1);
    assert_int_equal(user->at_pool, -1);
    assert_int_equal(lead->at_owner, F_DECLARED);
    assert_int_equal(lead->at_prev_owner, F_DECLARED + 5);
    assert_string_equal(lead->fields[lead->at_country].name, "country");
    assert_string_equal(user->sql, "\"user\"");
    assert_string_equal(lead->sql, "lead");
    assert_string_equal(model_field(lead, "phone")->json_key, "\"phone\":null");
    assert_string_equal(model_table(m, "log")->fields[0].name, "seq");
    model_free(&m);
}

static void names_are_resolved_to_what_they_mean(void **state)
{
    struct model *m = good(NULL, NULL);
    const struct table *lead = model_table(m, "lead"), *call = model_table(m, "call");

    (void)state;
    assert_ptr_equal(model_field(lead, "status")->dict, model_dict(m, "leads.status"));
    assert_string_equal(model_field(lead, "status")->of, "leads.status");
    assert_ptr_equal(model_field(lead, "country")->dict, model_dict(m, "base.country"));
    assert_ptr_equal(model_field(lead, "owner_id")->ref, model_table(m, "user"));
    assert_null(model_field(lead, "campaign_id")->ref);
    assert_non_null(strstr(m->notes, "campaign"));
    assert_ptr_equal(lead->title, model_field(lead, "name"));
    assert_ptr_equal(lead->number, model_field(lead, "number"));
    assert_ptr_equal(call->parent, model_field(call, "lead_id"));
    assert_true(lead->searched && lead->duplicates);
    assert_false(call->searched || call->duplicates);
    assert_int_equal(model_field(lead, "name")->max, 200);
    assert_int_equal(model_field(lead, "reason")->max, 20000);
    assert_int_equal(model_rule(m, "leads.release_days")->returns, BERTH_INT);
    assert_string_equal(model_perm(m, "leads.claim")->roles, "sales");
    assert_string_equal(model_setting(m, "leads.keep_days")->def, "30");
    assert_string_equal(m->timers[0].full, "leads.release");
    assert_string_equal(m->routes[0].plugin, "leads");
    model_free(&m);
}

static void duplicate_keys_are_grouped_by_what_is_compared(void **state)
{
    static const struct {
        const char *field, *group;
        enum key_kind kind;
    } expected[] = {
        {"name", "name", KEY_COMPANY},  {"phone", "phone", KEY_PHONE},
        {"mobile", "phone", KEY_PHONE}, {"fax", "fax", KEY_PHONE},
        {"email", "email", KEY_EMAIL},  {"tax_code", "tax_code", KEY_CODE},
    };
    struct model *m = good(NULL, NULL);

    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        const struct field *f = model_field(model_table(m, "lead"), expected[i].field);

        assert_int_equal(f->key_kind, expected[i].kind);
        assert_string_equal(f->key_group, expected[i].group);
    }
    assert_int_equal(model_field(model_table(m, "lead"), "status")->key_kind, KEY_NONE);
    model_free(&m);
}

static void indexes_follow_flags_and_keys(void **state)
{
    static const char *const names[] = {"ix_lead_owner_id_status", "ix_lead_owner_id",
                                        "ix_lead_pool_id", "ix_lead_due_at", "ix_lead_remind_at",
                                        "ix_lead_name__order", "ux_lead_email", "ix_lead_status"};
    struct model *m = good(NULL, NULL);
    const struct table *lead = model_table(m, "lead"), *log = model_table(m, "log");

    (void)state;
    assert_int_equal(lead->nindexes, 8);
    for (size_t i = 0; i < lead->nindexes; i++)
        assert_string_equal(lead->indexes[i].name, names[i]);
    assert_true(lead->indexes[6].unique);
    assert_true(lead->indexes[2].sparse && lead->indexes[4].sparse); /* pool_id and remind_at, empty in a new record */
    assert_false(lead->indexes[1].sparse || lead->indexes[3].sparse);
    assert_int_equal(lead->indexes[0].n, 2);
    assert_string_equal(model_table(m, "call")->indexes[0].name, "ix_call_lead_id");
    assert_string_equal(log->indexes[0].on[0]->name, "seq");
    assert_false(log->fields[0].column_null);
    assert_int_equal(log->nindexes, 2);
    model_free(&m);
}

static void a_text_that_lists_sort_has_a_column_of_keys(void **state)
{
    const struct berth_plugin p = {
        .name = "third",
        .tables = LIST(table, {"port",
                               BERTH_FIELDS({"name", BERTH_TEXT}, {"code", BERTH_TEXT, BERTH_UNIQUE}, {"city", BERTH_TEXT, BERTH_INDEX},
                                            {"why", BERTH_TEXT, BERTH_INDEX | BERTH_LOCKED}, {"mail", BERTH_EMAIL, BERTH_INDEX},
                                            {"about", BERTH_TEXT}, {"no", BERTH_TEXT, BERTH_INDEX, .def = "@next"}),
                               BERTH_KEYS({"code, city"}), .title = "name"})};
    static const char *const indexes[] = {"ix_port_code_city__order", "ix_port_name__order", "ux_port_code", "ix_port_city__order",
                                          "ix_port_why", "ix_port_mail", "ix_port_no"};
    struct model *m = good(&p, NULL);
    const struct table *port = model_table(m, "port");

    (void)state;
    assert_int_equal(port->ncolumns, port->nfields + 2);
    assert_ptr_equal(model_field(port, "name")->order, &port->fields[port->nfields]);
    assert_ptr_equal(model_field(port, "city")->order->orders, model_field(port, "city"));
    assert_null(model_field(port, "code")->order);
    assert_null(model_field(port, "name__order")); /* nobody reads or writes it */
    assert_null(strstr(port->select_one, "__order"));
    assert_non_null(strstr(port->into, ", name__order, city__order)"));
    assert_int_equal(port->nindexes, sizeof(indexes) / sizeof(indexes[0]));
    for (size_t i = 0; i < port->nindexes; i++)
        assert_string_equal(port->indexes[i].name, indexes[i]);
    model_free(&m);
    told_field((struct berth_field){"name__order", BERTH_TEXT}, "is what name is sorted by: rename it");
}

static void an_action_on_pooled_stands_on_every_pooled_table(void **state)
{
    struct model *m = good(NULL, NULL);
    const struct table *lead = model_table(m, "lead");

    (void)state;
    assert_int_equal(lead->nactions, 1);
    assert_string_equal(lead->actions[0]->full, "leads.claim");
    assert_string_equal(lead->actions[0]->perm, "leads.claim");
    assert_int_equal(lead->actions[0]->nform, 1);
    assert_non_null(lead->actions[0]->form[0].dict);
    assert_int_equal(model_table(m, "user")->nactions, 0);
    assert_string_equal(lead->views[0]->name, "mine");
    model_free(&m);
}

static void hooks_run_by_order_then_by_load_order(void **state)
{
    struct model *m = good(NULL, NULL);
    const struct table *lead = model_table(m, "lead");

    (void)state;
    assert_int_equal(lead->nhooks, 2);
    assert_ptr_equal(lead->hooks[0]->run, first); /* order 0, though loaded later */
    assert_ptr_equal(lead->hooks[1]->run, second);
    assert_int_equal(model_table(m, "user")->nhooks, 1);
    assert_int_equal(model_table(m, "log")->nhooks, 0);
    assert_int_equal(m->nevent_hooks, 2);
    assert_ptr_equal(m->event_hooks[0]->run, second);
    model_free(&m);
}

static void another_plugin_may_extend_a_table(void **state)
{
    const struct berth_plugin more = {
        .name = "more",
        .tables = LIST(table, {"lead", BERTH_FIELDS({"score", BERTH_INT, BERTH_INDEX}),
                               BERTH_KEYS({"status, score"}), BERTH_EXTEND})};
    struct model *m = good(&more, NULL);
    const struct table *lead = model_table(m, "lead");

    (void)state;
    assert_string_equal(lead->plugin, "leads");
    assert_string_equal(model_field(lead, "score")->plugin, "more");
    assert_int_equal(model_field(lead, "score")->at, lead->nfields - 1);
    assert_string_equal(lead->indexes[1].name, "ix_lead_status_score");
    assert_string_equal(lead->indexes[lead->nindexes - 1].name, "ix_lead_score");
    model_free(&m);
}

static void custom_fields_and_items_are_part_of_the_model(void **state)
{
    char name[] = "x_port", port[] = "PORT";
    const struct model_custom_field fields[] = {
        {"lead", name, NULL, NULL, BERTH_TEXT, BERTH_SEARCH | BERTH_SECRET, 0},
        {"off", "x_any", NULL, NULL, BERTH_TEXT, 0, 0},
        {"lead", "x_old", "gone.kind", NULL, BERTH_PICK, 0, 0},
    };
    const struct model_custom_item items[] = {
        {"base.country", port, "red", 0, false}, {"base.country", "VN", NULL, 1, false},
        {"base.country", "US", NULL, 0, true},   {"leads.status", "new", NULL, 0, false},
        {"off.kind", "a", NULL, 0, false},
    };
    const struct model_extra extra = {fields, 3, items, 5};
    struct model *m = good(NULL, &extra);
    const struct dict *country = model_dict(m, "base.country");
    const struct field *f;

    (void)state;
    name[2] = port[0] = '?'; /* the model keeps copies */
    f = model_field(model_table(m, "lead"), "x_port");
    assert_true(f->custom);
    assert_null(f->plugin);
    assert_int_equal(f->flags, BERTH_SEARCH);
    assert_int_equal(model_field(model_table(m, "lead"), "x_old")->type, BERTH_TEXT);
    assert_int_equal(country->n, 4);
    assert_string_equal(country->items[0].key, "VN");
    assert_string_equal(country->items[1].key, "CN");
    assert_true(country->items[2].hidden);
    assert_string_equal(country->items[3].key, "PORT");
    assert_true(country->items[3].custom);
    assert_string_equal(country->items[3].color, "red");
    assert_non_null(map_get(&country->by_key, "PORT"));
    assert_int_equal(model_dict(m, "leads.status")->n, 3); /* closed */
    model_free(&m);
}

static void a_custom_field_must_begin_with_x(void **state)
{
    struct buf err = BUF_INIT;
    struct model_custom_field f = {"lead", "port", NULL, NULL, BERTH_TEXT, 0, 0};
    const struct model_extra extra = {&f, 1, NULL, 0};

    (void)state;
    assert_null(build(NULL, &extra, &err));
    assert_non_null(strstr(err.s, "does not begin with x_"));
    f.name = "x_port";
    f.table = "call";
    assert_null(build(NULL, &extra, &err));
    assert_non_null(strstr(err.s, "table call, field x_port: fields cannot be added"));
    buf_free(&err);
}

static void wrong_fields_are_told(void **state)
{
    (void)state;
    told_field((struct berth_field){"Phone", BERTH_TEXT},
               "table thing, field Phone: the name must");
    told_field((struct berth_field){"select", BERTH_TEXT}, "reserved word");
    told_field((struct berth_field){"user", BERTH_TEXT}, "reserved word");
    told_field((struct berth_field){"x_a", BERTH_TEXT}, "begins with x_");
    told_field((struct berth_field){"version", BERTH_TEXT},
               "is already a column of the host's own");
    told_field((struct berth_field){"name", BERTH_TEXT}, "is already a column of plugin third");
    told_field((struct berth_field){"a"}, "has no type");
    told_field((struct berth_field){"a", BERTH_ROW}, "has no type");
    told_field((struct berth_field){"a", BERTH_INT, BERTH_SPARSE}, "BERTH_SPARSE goes with BERTH_INDEX");
    told_field((struct berth_field){"a", BERTH_EMAIL, BERTH_INDEX | BERTH_SPARSE}, "BERTH_SPARSE goes with BERTH_INDEX");
    told_field((struct berth_field){"a", BERTH_INT, BERTH_INDEX | BERTH_UNIQUE | BERTH_SPARSE}, "BERTH_SPARSE goes with BERTH_INDEX");
    told_field((struct berth_field){"a", BERTH_PICK}, "a pick names its dictionary");
    told_field((struct berth_field){"a", BERTH_PICK, 0, "kind"},
               "declare it in .dicts of plugin third");
    told_field((struct berth_field){"a", BERTH_PICK, 0, "cargo.kind"}, "needs plugin cargo");
    told_field((struct berth_field){"a", BERTH_PICK, 0, "base.country", "XX"}, "default \"XX\"");
    told_field((struct berth_field){"a", BERTH_REF}, "set .of");
    told_field((struct berth_field){"a", BERTH_REF, 0, "log"}, "have no id");
    told_field((struct berth_field){"a", BERTH_TEXT, 0, "firm"}, "no way of comparing");
    told_field((struct berth_field){"a", BERTH_INT, BERTH_DUPLICATE}, "BERTH_DUPLICATE compares");
    told_field((struct berth_field){"a", BERTH_INT, BERTH_SEARCH}, "BERTH_SEARCH is for");
    told_field((struct berth_field){"a", BERTH_TEXT, BERTH_MANY}, "BERTH_MANY is for");
    told_field((struct berth_field){"a", BERTH_TEXT, .min = "0"}, ".min is for numbers");
    told_field((struct berth_field){"a", BERTH_INT, .min = "1e3"}, "is not a number such as");
    told_field((struct berth_field){"a", BERTH_MONEY, .min = "-"}, "is not a number such as");
    told_field((struct berth_field){"a", BERTH_MONEY, .of = "@nosuch"}, "which is no choice of one among its fields");
    told_field((struct berth_field){"a", BERTH_MONEY, .of = "@a"}, "which is no choice of one among its fields");
    told_field((struct berth_field){"a", BERTH_REAL, .min = ".5"}, "is not a number such as"); /* it is told as JSON */
    told_field((struct berth_field){"a", BERTH_REAL, .min = "-.5"}, "is not a number such as");
    told_field((struct berth_field){"a", BERTH_REAL, .min = "5."}, "is not a number such as");
    told_field((struct berth_field){"a", BERTH_INT, .min = "007"}, "is not a number such as");
    told_field((struct berth_field){"a", BERTH_INT, .min = ""}, "is not a number such as");
    told_field((struct berth_field){"a", BERTH_REAL, .min = "6", .max = 5}, ".min is more than .max");
    told_field((struct berth_field){"a", BERTH_TEXT, BERTH_SECRET | BERTH_LIST}, "BERTH_SECRET");
    told_field((struct berth_field){"a", BERTH_TEXT, 1 << 20}, "flags this host does not know");
    told_field((struct berth_field){"a", BERTH_INT, .def = "ten"},
               "\"ten\" is not a value of type int");
    told_field((struct berth_field){"a", BERTH_INT, .def = "@seq"}, "is for the one field");
    told_field((struct berth_field){"a", BERTH_DATE, .def = "2026-02-30"},
               "not a value of type date");
    told_field((struct berth_field){"a", BERTH_TEXT, .when = "colour = 'red'"}, ".when of a names");
    told_field((struct berth_field){"a", BERTH_TEXT, .where = "active = true"}, ".where says which records");
    told_field((struct berth_field){"a", BERTH_REF, 0, "user", .where = "colour = 'red'"}, ".where of a names");
    told_field((struct berth_field){"a", BERTH_REF, 0, "user", .where = "name = @colour"}, ".where names @colour");
}

static void wrong_tables_are_told(void **state)
{
    const struct berth_field *name = BERTH_FIELDS({"name", BERTH_TEXT});

    (void)state;
    told_table((struct berth_table){"thing", name}, "has no title");
    told_table((struct berth_table){"thing", name, .title = "label"}, "title \"label\" is none");
    told_table((struct berth_table){"Thing", name, .title = "name"}, "table Thing: the name must");
    told_table((struct berth_table){"order", name, .title = "name"}, "reserved word");
    told_table((struct berth_table){"search_a", name, .title = "name"}, "begins with search_");
    told_table((struct berth_table){"lead", name, .title = "name"},
               "plugin third, table lead: plugin leads has a table of that name already");
    told_table((struct berth_table){"thing", name, .title = "name", .flags = BERTH_DETAIL},
               "BERTH_DETAIL without a required reference");
    told_table((struct berth_table){"thing", name, .title = "name", .flags = BERTH_POOLED},
               "needs BERTH_OWNED");
    told_table((struct berth_table){"thing", name, .flags = BERTH_BARE}, "without a key");
    told_table((struct berth_table){"thing", name, BERTH_KEYS({"name"}), BERTH_BARE | BERTH_BIN},
               "BERTH_BARE goes with");
    told_table((struct berth_table){"thing", name, BERTH_KEYS({"name, size"}), .title = "name"},
               "names size, which is none");
    told_table((struct berth_table){"thing", name, .title = "name", .rights = "sales"},
               "has no colon");
    told_table((struct berth_table){"thing", name, .title = "name", .taken = "lead"}, "not a table and references");
    told_table((struct berth_table){"thing", name, .title = "name", .taken = "lead: name"}, "no such reference");
    told_table((struct berth_table){"thing", name, .title = "name", .taken = "gone: lead_id"}, "no such reference");
    told_table(
        (struct berth_table){"thing", name, .title = "name", .rights = "sales: own; x: rule"},
        "\"rule\" is no right");
    told_table((struct berth_table){"nothing_there", name, .flags = BERTH_EXTEND},
               "a table that does not exist");
    told_table(
        (struct berth_table){"lead", BERTH_FIELDS({"phone", BERTH_TEXT}), .flags = BERTH_EXTEND},
        "field phone: is already a column of plugin leads");
}

static void wrong_behaviour_is_told(void **state)
{
    (void)state;
    told(&(struct berth_plugin){.name = "Third"}, "plugin's name \"Third\"");
    told(&(struct berth_plugin){.name = "leads"}, "is loaded twice");
    told(&(struct berth_plugin){.name = "third", .dicts = LIST(dict, {"kind", "a:mauve"})},
         "\"mauve\" is no colour");
    told(&(struct berth_plugin){.name = "third", .dicts = LIST(dict, {"kind", "a, a"})}, "twice");
    told(&(struct berth_plugin){.name = "third", .perms = LIST(perm, {"a"}, {"a"})},
         "permission third.a is declared twice");
    told(&(struct berth_plugin){.name = "third",
                                .rules = LIST(rule, {"a", BERTH_INT}, {"a", BERTH_INT})},
         "rule third.a is declared twice");
    told(&(struct berth_plugin){.name = "third", .rules = LIST(rule, {"a", BERTH_INT, "b", "x"})},
         "the default \"x\" is not of type int");
    told(&(struct berth_plugin){.name = "third", .timers = LIST(timer, {"a", "often", tick})},
         "\"often\" is no interval");
    told(&(struct berth_plugin){.name = "third",
                                .timers = LIST(timer, {"a", "1h", tick}, {"a", "2h", tick})},
         "timer third.a is declared twice");
    told(&(struct berth_plugin){.name = "third",
                                .routes = LIST(route, {"POST", "/leads/incoming", NULL, tick})},
         "belongs to plugin leads already");
    told(&(struct berth_plugin){.name = "third",
                                .routes = LIST(route, {"GET", "/lead/x", NULL, tick})},
         "is a table, whose addresses are the host's");
    told(&(struct berth_plugin){.name = "third",
                                .actions = LIST(action, {"lead", "claim", .run = run})},
         "action claim is declared by plugin leads already");
    told(&(struct berth_plugin){.name = "third",
                                .actions = LIST(action, {"lead", "win", "third.win", .run = run})},
         "permission third.win, which no plugin declares");
    told(
        &(struct berth_plugin){.name = "third",
                               .actions = LIST(action, {"lead", "win", .when = "won", .run = run})},
        ".when of action win names \"won\"");
    told(&(struct berth_plugin){.name = "third",
                                .views = LIST(view, {"lead", "all", .columns = "name, colour"})},
         "names \"colour\"");
    told(
        &(struct berth_plugin){.name = "third", .views = LIST(view, {"lead", "b", BERTH_AS_BOARD})},
        "is a board: set .by");
    told(
        &(struct berth_plugin){.name = "third", .hooks = LIST(hook, {BERTH_BEFORE, "lead", first})},
        "does not say on what");
    told(&(struct berth_plugin){.name = "third",
                                .hooks = LIST(hook, {BERTH_AFTER | BERTH_INSERT, "@all", first})},
         "\"@all\" is unknown");
}

static void a_declared_approval_that_cannot_work_is_told(void **state)
{
    static const struct {
        struct berth_approval d;
        const char *told;
    } cases[] = {
        {{"lead", "big"}, "asks nobody"},
        {{"lead", "big", .starts = "edit", .steps = "superior"}, "starts \"edit\""},
        {{"lead", "big", .starts = "create status", .steps = "superior"}, "starts \"create status\""},
        {{"lead", "big", .starts = "change colour", .steps = "superior"}, ".starts names \"colour\""},
        {{"lead", "big", .starts = "change status is won", .steps = "superior"}, "starts \"change status is won\""},
        {{"lead", "big", .starts = "action fly", .steps = "superior"}, "none of its actions"},
        {{"lead", "big", .steps = "superior; boss 2"}, "\" boss 2\" is no step"},
        {{"lead", "big", .steps = "head two"}, "\"head two\" is no step"},
        {{"lead", "big", .steps = "role"}, "\"role\" is no step"},
        {{"lead", "big", .steps = "field chief"}, "a step names \"chief\""},
        {{"lead", "big", .steps = "perm third.sign"}, "permission third.sign, which no plugin declares"},
        {{"lead", "big", .steps = "superior", .state = "status"}, "the keys requested, approved and rejected"},
        {{"lead", "big", .steps = "superior", .locks = "some"}, ".locks is \"some\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        told(&(struct berth_plugin){.name = "third", .approvals = (const struct berth_approval[]){cases[i].d, {0}}}, cases[i].told);
}

static void all_problems_are_told_at_once(void **state)
{
    const struct berth_plugin p = {
        .name = "third",
        .tables = LIST(table, {"thing", BERTH_FIELDS({"A", BERTH_TEXT}, {"b", BERTH_PICK})})};
    struct buf err = BUF_INIT;
    int lines = 1;

    (void)state;
    assert_null(build(&p, NULL, &err));
    for (size_t i = 0; i < err.len; i++)
        lines += err.s[i] == '\n';
    assert_int_equal(lines, 3);
    buf_free(&err);
}

static void a_long_index_name_stays_unlike_others(void **state)
{
    const struct berth_plugin p = {
        .name = "third",
        .tables =
            LIST(table, {"a_table_with_quite_a_long_name_to_it",
                         BERTH_FIELDS({"a_field_with_a_long_name_one", BERTH_TEXT, BERTH_INDEX},
                                      {"a_field_with_a_long_name_two", BERTH_TEXT, BERTH_INDEX}),
                         .title = "id"})};
    struct model *m = good(&p, NULL);
    const struct table *t = model_table(m, "a_table_with_quite_a_long_name_to_it");

    (void)state;
    assert_int_equal(strlen(t->indexes[0].name), 60);
    assert_string_not_equal(t->indexes[0].name, t->indexes[1].name);
    model_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_of_the_host_come_first),
        cmocka_unit_test(names_are_resolved_to_what_they_mean),
        cmocka_unit_test(duplicate_keys_are_grouped_by_what_is_compared),
        cmocka_unit_test(indexes_follow_flags_and_keys),
        cmocka_unit_test(a_text_that_lists_sort_has_a_column_of_keys),
        cmocka_unit_test(an_action_on_pooled_stands_on_every_pooled_table),
        cmocka_unit_test(hooks_run_by_order_then_by_load_order),
        cmocka_unit_test(another_plugin_may_extend_a_table),
        cmocka_unit_test(custom_fields_and_items_are_part_of_the_model),
        cmocka_unit_test(a_custom_field_must_begin_with_x),
        cmocka_unit_test(wrong_fields_are_told),
        cmocka_unit_test(wrong_tables_are_told),
        cmocka_unit_test(wrong_behaviour_is_told),
        cmocka_unit_test(a_declared_approval_that_cannot_work_is_told),
        cmocka_unit_test(all_problems_are_told_at_once),
        cmocka_unit_test(a_long_index_name_stays_unlike_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
