/* test_conf.c - the option table: precedence, units, what is refused and how it is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/conf.h"

static char folder[] = "/tmp/berth-conf-XXXXXX";
static char file[64];

static int given_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL || chdir(folder) != 0)
        return -1;
    snprintf(file, sizeof(file), "%s/berth.conf", folder);
    return 0;
}

static int without_folder(void **state)
{
    (void)state;
    unlink(file);
    return rmdir(folder);
}

static void given_file(const char *text)
{
    FILE *f = fopen(file, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void assert_refused(const char *text, const char *message)
{
    struct conf *c = conf_new();
    struct buf err = BUF_INIT;

    given_file(text);
    assert_int_equal(conf_load(c, "berth.conf", &err), -1);
    assert_string_equal(err.s, message);
    buf_free(&err);
    conf_free(&c);
}

static struct conf *given_conf(const char *text)
{
    struct conf *c = conf_new();
    struct buf err = BUF_INIT;

    given_file(text);
    if (conf_load(c, NULL, &err) < 0)
        fail_msg("%s", err.s);
    return c;
}

static const char *origin(const struct conf *c, const char *name)
{
    return conf_origin(c, conf_find(name, NULL));
}

static void command_line_beats_environment_beats_file_beats_default(void **state)
{
    struct conf *c = conf_new();
    struct buf err = BUF_INIT;

    (void)state;
    given_file("listen = 127.0.0.1:1\ndata = /tmp/f\nlog_level = warn\n");
    setenv("BERTH_LISTEN", "127.0.0.1:2", 1);
    setenv("BERTH_DATA", "/tmp/e", 1);
    conf_argument(c, "listen", "127.0.0.1:3");
    assert_int_equal(conf_load(c, NULL, &err), 0);
    unsetenv("BERTH_LISTEN");
    unsetenv("BERTH_DATA");

    assert_string_equal(c->listen, "127.0.0.1:3");
    assert_string_equal(origin(c, "listen"), "--listen");
    assert_string_equal(c->data, "/tmp/e");
    assert_string_equal(origin(c, "data"), "BERTH_DATA");
    assert_string_equal(c->log_level, "warn");
    assert_string_equal(origin(c, "log_level"), "berth.conf:3");
    assert_string_equal(c->currency, "CNY");
    assert_string_equal(origin(c, "currency"), "default");
    assert_string_equal(c->database, "sqlite:/tmp/e/berth.db");
    conf_free(&c);
}

static void values_have_units_comments_and_quotes(void **state)
{
    struct conf *c = given_conf("# a comment\n"
                                "upload_max = 3M   # another\n"
                                "  request_timeout=1500ms\n"
                                "session_idle = 2d\n"
                                "company = \"Nine # Seas\"\n"
                                "plugins = base, leads  freight\n"
                                "plugin_path = /a:b\n"
                                "demo = on\n"
                                "grant.leads = sql\n"
                                "grant.freight = sql, net\n");

    (void)state;
    assert_int_equal(c->upload_max, 3 << 20);
    assert_int_equal(c->request_timeout, 1500);
    assert_int_equal(c->session_idle, INT64_C(2) * 86400000);
    assert_string_equal(c->company, "Nine # Seas");
    assert_int_equal(c->plugins.n, 3);
    assert_true(conf_has(&c->plugins, "freight"));
    assert_string_equal(c->plugin_path.at[1], "b");
    assert_true(c->demo);
    assert_string_equal(conf_pair(&c->grant, "freight"), "sql, net");
    assert_null(conf_pair(&c->grant, "base"));
    conf_free(&c);
}

static void paths_in_a_file_start_from_its_folder(void **state)
{
    struct conf *c = conf_new();
    struct buf err = BUF_INIT;
    char expected[96];

    (void)state;
    given_file("data = there\n");
    assert_int_equal(conf_load(c, file, &err), 0);
    snprintf(expected, sizeof(expected), "%s/there", folder);
    assert_string_equal(c->data, expected);
    conf_free(&c);
}

static void mistakes_are_told_with_file_and_line(void **state)
{
    (void)state;
    assert_refused("\nlissten = x\n",
                   "berth.conf:2: unknown option \"lissten\"; did you mean \"listen\"?");
    assert_refused("frobnicate = 1\n", "berth.conf:1: unknown option \"frobnicate\"");
    assert_refused("grant = sql\n",
                   "berth.conf:1: unknown option \"grant\"; did you mean \"grant.PLUGIN\"?");
    assert_refused("listen\n", "berth.conf:1: \"listen\" is not of the form key = value");
    assert_refused("data = a\n\ndata = b\n", "berth.conf:3: data is already set at berth.conf:1");
    assert_refused(
        "request_timeout = 30\n",
        "berth.conf:1: request_timeout: \"30\" is not a time such as 100ms, 30s, 10m, 12h or 7d");
    assert_refused("upload_max = 1.5M\n",
                   "berth.conf:1: upload_max: \"1.5M\" is not a size such as 512K, 50M or 2G");
    assert_refused(
        "upload_max = 999999999999G\n",
        "berth.conf:1: upload_max: \"999999999999G\" is not a size such as 512K, 50M or 2G");
    assert_refused("max_connections = 5\n",
                   "berth.conf:1: max_connections: 5 is not between 10 and 1000000");
    assert_refused("log_level = loud\n",
                   "berth.conf:1: log_level: \"loud\" is not one of: debug info warn error");
    assert_refused("demo = perhaps\n", "berth.conf:1: demo: \"perhaps\" is neither yes nor no");
}

static void a_named_file_must_exist(void **state)
{
    struct conf *c = conf_new();
    struct buf err = BUF_INIT;

    (void)state;
    assert_int_equal(conf_load(c, "nowhere.conf", &err), -1);
    assert_string_equal(err.s, "cannot read nowhere.conf: No such file or directory");
    buf_free(&err);
    conf_free(&c);
}

static void foreign_variables_of_the_environment_are_left_alone(void **state)
{
    struct conf *c;

    (void)state;
    setenv("BERTH_SERVICE_PORT", "tcp://10.0.0.1:80", 1);
    setenv("BERTH_GRANT_LEADS", "net", 1);
    c = given_conf("");
    assert_string_equal(conf_pair(&c->grant, "leads"), "net");
    unsetenv("BERTH_SERVICE_PORT");
    unsetenv("BERTH_GRANT_LEADS");
    conf_free(&c);
}

static void every_default_is_shown_as_it_is_written(void **state)
{
    struct conf *c = given_conf("");

    (void)state;
    for (const struct conf_option *o = conf_options; o->name != NULL; o++) {
        struct buf shown = BUF_INIT;

        conf_show(c, o, &shown);
        if (strchr("@s", *o->def) == NULL)
            assert_string_equal(buf_str(&shown), o->def);
        buf_free(&shown);
    }
    conf_free(&c);
}

static void passwords_are_not_shown(void **state)
{
    struct conf *c = given_conf("database = postgresql://berth:s3:cr@t@db/berth\n");
    struct buf shown = BUF_INIT;

    (void)state;
    conf_show(c, conf_find("database", NULL), &shown);
    assert_string_equal(shown.s, "postgresql://berth:***@db/berth");
    buf_free(&shown);
    conf_free(&c);
}

static void reload_changes_live_options_only_and_nothing_on_an_error(void **state)
{
    struct conf *c = given_conf("log_level = info\nlisten = *:1\n");
    struct buf err = BUF_INIT;

    (void)state;
    given_file("log_level = debug\nlisten = *:2\nrequest_timeout = 7s\n");
    assert_int_equal(conf_reload(c, &err), 0);
    assert_string_equal(c->log_level, "debug");
    assert_string_equal(c->listen, "*:1");
    assert_int_equal(c->request_timeout, 7000);

    given_file("log_level = error\nnonsense = 1\n");
    assert_int_equal(conf_reload(c, &err), -1);
    assert_string_equal(c->log_level, "debug");
    buf_free(&err);
    conf_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_line_beats_environment_beats_file_beats_default),
        cmocka_unit_test(values_have_units_comments_and_quotes),
        cmocka_unit_test(paths_in_a_file_start_from_its_folder),
        cmocka_unit_test(mistakes_are_told_with_file_and_line),
        cmocka_unit_test(a_named_file_must_exist),
        cmocka_unit_test(foreign_variables_of_the_environment_are_left_alone),
        cmocka_unit_test(every_default_is_shown_as_it_is_written),
        cmocka_unit_test(passwords_are_not_shown),
        cmocka_unit_test(reload_changes_live_options_only_and_nothing_on_an_error),
    };

    return cmocka_run_group_tests(tests, given_folder, without_folder);
}
