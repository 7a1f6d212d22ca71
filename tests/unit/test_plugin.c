/* test_plugin.c - plugins load in order; one that cannot is told apart before it does harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "model/model.h"
#include "plugin/plugin.h"

static const struct berth_api api = {.size = sizeof(api)};
static const char *const path[] = {TEST_PLUGINS, BERTH_PLUGINS, NULL};

struct call {
    struct plugin_wanted w;
    struct plugin_set set;
    struct buf err;
};

static int load(struct call *c, const char *const *names)
{
    size_t n = 0;

    while (names[n] != NULL)
        n++;
    c->w.names = (struct conf_list){names, n};
    c->w.path = (struct conf_list){path, 2};
    buf_clear(&c->err);
    return plugin_load_all(&c->w, &api, &c->set, &c->err);
}

#define LOAD(c, ...) load(c, (const char *const[]){__VA_ARGS__, NULL})

static void done(struct call *c)
{
    if (c->set.arena != NULL)
        plugin_set_free(&c->set);
    buf_free(&c->err);
}

static void told(const char *name, const char *what)
{
    struct call c = {.err = BUF_INIT};
    int rc = LOAD(&c, "good", name);

    if (rc != -1 || strstr(buf_str(&c.err), what) == NULL)
        fail_msg("%s: expected \"%s\", got %d:\n%s", name, what, rc, buf_str(&c.err));
    done(&c);
}

static void plugins_load_after_those_they_need(void **state)
{
    struct call c = {.err = BUF_INIT};

    (void)state;
    if (LOAD(&c, "needs_good", "good", "needs_good") != 0)
        fail_msg("%s", c.err.s);
    assert_int_equal(c.set.n, 3);
    assert_string_equal(c.set.plugins[0].name, "base");
    assert_string_equal(c.set.plugins[1].name, "good");
    assert_string_equal(c.set.plugins[2].name, "needs_good");
    assert_string_equal(c.set.plugins[2].needs[0], "good");
    assert_string_equal(c.set.plugins[1].dir, TEST_PLUGINS);
    assert_ptr_equal(c.set.descs[1], c.set.plugins[1].desc);
    assert_string_equal(c.set.left_out, "");
    done(&c);
}

static void what_is_loaded_makes_a_model(void **state)
{
    struct call c = {.err = BUF_INIT};
    struct model *m;

    (void)state;
    assert_int_equal(LOAD(&c, "good"), 0);
    m = model_build(c.set.descs, c.set.n, NULL, &c.err);
    if (m == NULL)
        fail_msg("%s", c.err.s);
    assert_string_equal(model_table(m, "thing")->indexes[0].name, "ix_thing_name_size");
    assert_int_equal(model_table(m, "thing")->actions[0]->nform, 1);
    assert_non_null(model_table(m, "thing")->hooks[0]->run);
    model_free(&m);
    done(&c);
    assert_int_equal(LOAD(&c, "good", "clash"), 0);
    assert_null(model_build(c.set.descs, c.set.n, NULL, &c.err));
    assert_non_null(
        strstr(c.err.s, "plugin clash, table thing: plugin good has a table of that name"));
    done(&c);
}

static void wrong_plugins_are_refused_with_a_reason(void **state)
{
    (void)state;
    told("needs_newer",
         "plugin needs_newer needs good >= 1.11; " TEST_PLUGINS "/good.so is version 1.10");
    told("needs_missing", "plugin needs_missing needs nowhere, which is not enabled");
    told("needs_what", "cannot understand \"good < 2\" in .needs");
    told("asks_power", "write grant.asks_power = sql net in berth.conf");
    told("misnamed", "misnamed.so: is plugin other by its .name");
    told("no_end", "plugin no_end: entry 2 of .dicts has no .name");
    told("wrong_magic", "has no BERTH_MAGIC");
    told("newer", "install a newer Berth, or build the plugin with -DBERTH_ABI_TARGET=");
    told("other_major", "build it with this host's berth.h");
    told("odd_sizes", "sizes this berth.h never had");
    told("no_entry", "exports no berth_plugin_entry");
    told("unresolved", "calls no_such_function, which neither the host nor");
    told("unresolved", "calls nor_this_one, which neither the host nor");
    told("exports_sqlite", "exports sqlite3_open, which is the host's");
    told("calls_sqlite", "calls sqlite3_open of the host's own library");
    told("not_there", "plugin not_there: there is no not_there/not_there.so in plugin_path");
    told("../good", "there is no ../good");
}

static void a_circle_of_needs_is_named(void **state)
{
    struct call c = {.err = BUF_INIT};

    (void)state;
    assert_int_equal(LOAD(&c, "circle_a", "circle_b"), -1);
    assert_non_null(strstr(c.err.s, "in a circle: circle_a -> circle_b -> circle_a"));
    done(&c);
}

static void powers_are_granted_by_the_operator(void **state)
{
    static const struct conf_pair some[] = {{"asks_power", "sql"}};
    static const struct conf_pair all[] = {{"other", "net"}, {"asks_power", "net, sql"}};
    static const struct conf_pair wrong[] = {{"asks_power", "root"}};
    struct call c = {.err = BUF_INIT};

    (void)state;
    c.w.grant = (struct conf_pairs){some, 1};
    assert_int_equal(LOAD(&c, "asks_power"), -1);
    c.w.grant = (struct conf_pairs){wrong, 1};
    assert_int_equal(LOAD(&c, "asks_power"), -1);
    assert_non_null(strstr(c.err.s, "there are the powers sql, net and all_rows"));
    c.w.grant = (struct conf_pairs){all, 2};
    assert_int_equal(LOAD(&c, "asks_power"), 0);
    done(&c);
    c = (struct call){.w = {.trust = true}};
    assert_int_equal(LOAD(&c, "asks_power"), 0);
    done(&c);
}

static void a_plugin_left_out_takes_along_those_that_need_it(void **state)
{
    static const char *const skip[] = {"good"};
    struct call c = {.err = BUF_INIT};

    (void)state;
    c.w.skip = (struct conf_list){skip, 1};
    if (LOAD(&c, "good", "needs_good", "crash") != 0)
        fail_msg("%s", c.err.s);
    assert_int_equal(c.set.n, 1);
    assert_string_equal(c.set.left_out, "plugin good is left out after crashes\n"
                                        "plugin needs_good is left out because it needs good\n"
                                        "plugin crash is left out because it needs good");
    done(&c);
}

static void needs_may_be_loaded_along(void **state)
{
    struct call c = {.w = {.with_needs = true}};

    (void)state;
    assert_int_equal(LOAD(&c, "needs_good"), 0);
    assert_int_equal(c.set.n, 3);
    done(&c);
    assert_int_equal(LOAD(&c, "needs_missing"), -1);
    assert_non_null(strstr(c.err.s, "plugin nowhere, needed by needs_missing: there is no"));
    done(&c);
}

static void all_wrong_plugins_are_told_at_once(void **state)
{
    struct call c = {.err = BUF_INIT};

    (void)state;
    assert_int_equal(LOAD(&c, "wrong_magic", "newer", "no_entry"), -1);
    assert_non_null(strstr(c.err.s, "wrong_magic.so"));
    assert_non_null(strstr(c.err.s, "newer.so"));
    assert_non_null(strstr(c.err.s, "no_entry.so"));
    done(&c);
}

/* ---- damaged files ------------------------------------------------------------------- */

static char *contents(const char *name, size_t *n_r)
{
    FILE *f = fopen(name, "rb");
    char *bytes;

    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *n_r = (size_t)ftell(f);
    rewind(f);
    bytes = malloc(*n_r);
    assert_int_equal(fread(bytes, 1, *n_r, f), *n_r);
    fclose(f);
    return bytes;
}

static void given_file(const char *name, const char *bytes, size_t n)
{
    FILE *f = fopen(name, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void refused(const char *name, const char *what)
{
    struct buf err = BUF_INIT;
    int rc = plugin_file_check(name, &err);

    if (rc != -1 || strstr(buf_str(&err), what) == NULL)
        fail_msg("expected \"%s\", got %d: %s", what, rc, buf_str(&err));
    buf_free(&err);
}

static void damaged_files_are_refused_before_they_are_loaded(void **state)
{
    char dir[] = "/tmp/berth-plugin-XXXXXX", name[80];
    size_t n;
    char *bytes = contents(TEST_PLUGINS "/good.so", &n);

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(name, sizeof(name), "%s/damaged.so", dir);
    given_file(name, "", 0);
    refused(name, "is empty");
    given_file(name, "#!/bin/sh\n", 10);
    refused(name, "is no shared object");
    given_file(name, bytes, 40);
    refused(name, "is no shared object");
    given_file(name, bytes, n / 2);
    refused(name, "is cut short");
    bytes[4] = 1;
    given_file(name, bytes, n);
    refused(name, "is built for 32-bit machines");
    bytes[4] = 2;
    bytes[18] ^= 0x7f;
    given_file(name, bytes, n);
    refused(name, "another kind of processor");
    bytes[18] ^= 0x7f;
    bytes[16] = 1;
    given_file(name, bytes, n);
    refused(name, "link it with -shared");
    bytes[16] = 3;
    given_file(name, bytes, n);
    assert_int_equal(chmod(name, 0666), 0);
    refused(name, "may be changed by everyone");
    refused(dir, "is no file");
    refused("/nowhere/a.so", "cannot be read");
    unlink(name);
    rmdir(dir);
    free(bytes);
}

/* Whatever bytes there are, the check answers; what it lets pass is not loaded here. */
static void no_damage_makes_the_check_crash(void **state)
{
    char dir[] = "/tmp/berth-plugin-XXXXXX", name[80];
    size_t n;
    char *bytes = contents(TEST_PLUGINS "/good.so", &n);
    struct buf err = BUF_INIT;
    uint32_t seed = 20261122;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(name, sizeof(name), "%s/damaged.so", dir);
    for (int round = 0; round < 1000; round++) {
        size_t at, where = round % 2 == 0 ? 64 : n;
        char was;

        seed = seed * 1664525 + 1013904223;
        at = (seed >> 4) % where;
        if (round % 3 == 0) /* the section headers lie at the end */
            at = n - 1 - (seed >> 4) % 2048;
        was = bytes[at];
        bytes[at] = (char)(seed >> 24);
        given_file(name, bytes, n);
        buf_clear(&err);
        (void)plugin_file_check(name, &err);
        bytes[at] = was;
    }
    buf_free(&err);
    unlink(name);
    rmdir(dir);
    free(bytes);
}

static void versions_compare_by_number(void **state)
{
    (void)state;
    assert_int_equal(plugin_version_compare("1.10", "1.9"), 1);
    assert_int_equal(plugin_version_compare("1.2", "1.2.0"), 0);
    assert_int_equal(plugin_version_compare("1.2", "1.2.1"), -1);
    assert_int_equal(plugin_version_compare("2", "10"), -1);
    assert_int_equal(plugin_version_compare("", "0"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plugins_load_after_those_they_need),
        cmocka_unit_test(what_is_loaded_makes_a_model),
        cmocka_unit_test(wrong_plugins_are_refused_with_a_reason),
        cmocka_unit_test(a_circle_of_needs_is_named),
        cmocka_unit_test(powers_are_granted_by_the_operator),
        cmocka_unit_test(a_plugin_left_out_takes_along_those_that_need_it),
        cmocka_unit_test(needs_may_be_loaded_along),
        cmocka_unit_test(all_wrong_plugins_are_told_at_once),
        cmocka_unit_test(damaged_files_are_refused_before_they_are_loaded),
        cmocka_unit_test(no_damage_makes_the_check_crash),
        cmocka_unit_test(versions_compare_by_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
