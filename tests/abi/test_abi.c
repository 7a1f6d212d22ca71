/* test_abi.c - plugins built with an older berth.h load, and say what they said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "model/model.h"
#include "plugin/copy.h"
#include "plugin/plugin.h"

static int api_save(struct berth_ctx *c, struct berth_row *row)
{
    return c == NULL && row == NULL ? 42 : 0;
}

static const struct berth_api api = {.size = sizeof(api), .save = api_save};

static void a_plugin_of_interface_0_1_says_what_it_said(void **state)
{
    struct arena *a = arena_new();
    struct buf err = BUF_INIT;
    const struct berth_plugin *p = plugin_load(a, FROZEN, &api, &err);

    (void)state;
    if (p == NULL)
        fail_msg("%s", buf_str(&err));
    assert_string_equal(p->name, "frozen");
    assert_string_equal(p->version, "1.2.3");
    assert_string_equal(p->needs, "base");
    assert_int_equal(p->caps, BERTH_CAP_NET);
    assert_non_null(p->open);
    assert_non_null(p->close);

    const struct berth_table *t = &p->tables[0];
    assert_string_equal(t->name, "frozen_one");
    assert_int_equal(t->flags, BERTH_OWNED | BERTH_PUBLIC);
    assert_int_equal(t->version, 5);
    assert_string_equal(t->title, "name");
    assert_string_equal(t->icon, "box");
    assert_string_equal(t->rights, "sales: own create");
    assert_int_equal(t->upgrade(NULL, 3), 103);
    assert_null(p->tables[1].name);

    const struct berth_field *f = &t->fields[0];
    assert_int_equal(f->type, BERTH_TEXT);
    assert_int_equal(f->flags, BERTH_REQUIRED);
    assert_string_equal(f->of, "company");
    assert_string_equal(f->def, "x");
    assert_string_equal(f->group, "group1");
    assert_string_equal(f->was, "was1");
    assert_string_equal(f->when, "size > 1");
    assert_int_equal(f->max, 77);
    assert_string_equal(t->fields[1].name, "size");
    assert_null(t->fields[2].name);
    assert_int_equal(t->keys[0].flags, BERTH_UNIQUE);

    assert_int_equal(p->dicts[0].open, 1);
    assert_string_equal(p->settings[0].def, "3");
    assert_string_equal(p->perms[0].roles, "sales");
    assert_string_equal(p->rules[0].def, "4");
    assert_string_equal(p->actions[0].perm, "may");
    assert_string_equal(p->actions[0].form[0].name, "why");
    assert_int_equal(p->actions[0].flags, BERTH_BULK);
    assert_int_equal(p->actions[0].run(NULL, NULL), 42); /* through the host's table */
    assert_string_equal(p->views[0].to, "updated_at");
    assert_string_equal(p->routes[0].path, "/frozen/it");
    assert_int_equal(p->hooks[0].order, 9);
    assert_int_equal(p->hooks[0].when, BERTH_AFTER | BERTH_INSERT);
    assert_string_equal(p->timers[0].every, "1h");
    arena_free(&a);
    buf_free(&err);
}

/* The structs as they might have been before their last members were appended. */
struct old_field {
    const char *name;
    enum berth_type type;
    uint32_t flags;
    const char *of;
};
struct old_table {
    const char *name;
    const struct old_field *fields;
    const struct berth_key *keys;
    uint32_t flags, version;
    const char *title;
};
struct old_hook {
    uint32_t when;
    const char *on;
    int (*run)(struct berth_ctx *, struct berth_event *);
};

static int watch(struct berth_ctx *c, struct berth_event *ev)
{
    (void)c, (void)ev;
    return 7;
}

static void shorter_structs_are_filled_up_with_zeros(void **state)
{
    static const struct old_field fields[] = {{"name", BERTH_TEXT, BERTH_LIST, "company"},
                                              {"size", BERTH_INT, 0, NULL},
                                              {NULL, 0, 0, NULL}};
    static const struct old_table tables[] = {{"one", fields, NULL, 0, 1, "name"},
                                              {"two", fields, NULL, 0, 2, "size"},
                                              {NULL, NULL, NULL, 0, 0, NULL}};
    static const struct old_hook hooks[] = {{BERTH_BEFORE | BERTH_INSERT, "one", watch},
                                            {BERTH_BEFORE | BERTH_INSERT, "two", watch},
                                            {0, NULL, NULL}};
    const struct berth_plugin old = {
        .magic = BERTH_MAGIC,
        .size = offsetof(struct berth_plugin, timers), /* and what follows is not there */
        .stride = {sizeof(struct old_table), sizeof(struct old_field), sizeof(struct berth_key),
                   sizeof(struct berth_dict), sizeof(struct berth_perm), sizeof(struct berth_rule),
                   sizeof(struct berth_action), sizeof(struct berth_view),
                   sizeof(struct berth_route), sizeof(struct old_hook), sizeof(struct berth_timer)},
        .name = "old",
        .tables = (const void *)tables,
        .hooks = (const void *)hooks,
        .timers = (const void *)"must not be looked at",
    };
    struct arena *a = arena_new();
    struct buf err = BUF_INIT;
    const struct berth_plugin *p = plugin_copy(a, &old, &err);

    (void)state;
    if (p == NULL)
        fail_msg("%s", buf_str(&err));
    assert_string_equal(p->tables[1].name, "two");
    assert_string_equal(p->tables[1].title, "size");
    assert_null(p->tables[1].icon);
    assert_null(p->tables[1].rights);
    assert_null(p->tables[1].upgrade);
    assert_string_equal(p->tables[0].fields[1].name, "size");
    assert_string_equal(p->tables[0].fields[0].of, "company");
    assert_int_equal(p->tables[0].fields[1].max, 0);
    assert_null(p->tables[0].fields[2].name);
    assert_int_equal(p->hooks[1].run(NULL, NULL), 7);
    assert_int_equal(p->hooks[1].order, 0);
    assert_null(p->hooks[2].on);
    assert_null(p->timers);

    struct model *m = model_build(&p, 1, NULL, &err);
    assert_non_null(m);
    assert_int_equal(model_field(model_table(m, "one"), "name")->max, 200);
    model_free(&m);
    arena_free(&a);
    buf_free(&err);
}

/* A dictionary as a newer berth.h might have it. */
struct new_dict {
    struct berth_dict now;
    const char *later;
};

static struct berth_plugin newer(const struct new_dict *dicts)
{
    return (struct berth_plugin){.magic = BERTH_MAGIC,
                                 .size = sizeof(struct berth_plugin),
                                 .stride = {sizeof(struct berth_table), sizeof(struct berth_field),
                                            sizeof(struct berth_key), sizeof(struct new_dict),
                                            sizeof(struct berth_perm), sizeof(struct berth_rule),
                                            sizeof(struct berth_action), sizeof(struct berth_view),
                                            sizeof(struct berth_route), sizeof(struct berth_hook),
                                            sizeof(struct berth_timer)},
                                 .stride2 = {sizeof(struct berth_tile), sizeof(struct berth_report), sizeof(struct berth_approval)},
                                 .name = "newer",
                                 .dicts = (const void *)dicts};
}

static void longer_structs_may_say_nothing_this_host_does_not_know(void **state)
{
    const struct new_dict silent[] = {
        {{"one", "a", 0}, NULL}, {{"two", "b", 1}, NULL}, {{0}, NULL}};
    const struct new_dict says[] = {{{"one", "a", 0}, NULL}, {{"two", "b", 1}, "x"}, {{0}, NULL}};
    struct berth_plugin p = newer(silent), q = newer(says);
    struct arena *a = arena_new();
    struct buf err = BUF_INIT;
    const struct berth_plugin *copied = plugin_copy(a, &p, &err);

    (void)state;
    assert_non_null(copied);
    assert_string_equal(copied->dicts[1].keys, "b");
    assert_null(copied->dicts[2].name);
    assert_null(plugin_copy(a, &q, &err));
    assert_non_null(strstr(err.s, "entry 2 of .dicts says more than this host understands"));
    arena_free(&a);
    buf_free(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plugin_of_interface_0_1_says_what_it_said),
        cmocka_unit_test(shorter_structs_are_filled_up_with_zeros),
        cmocka_unit_test(longer_structs_may_say_nothing_this_host_does_not_know),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
