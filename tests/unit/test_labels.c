/* test_labels.c - texts in four languages; the catalogue of the base plugin is complete. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "model/labels.h"
#include "model/model.h"

/* plugins/base, linked in */
const struct berth_plugin *berth_plugin_entry(const struct berth_api *api);

static void given_file(const char *dir, const char *name, const char *text)
{
    char path[128];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static int given_folder(void **state)
{
    char *dir = strdup("/tmp/berth-labels-XXXXXX");

    assert_non_null(mkdtemp(dir));
    given_file(dir, "en.json",
               "{\"lead\": \"Lead\", \"lead.phone\": \"Phone\", \"*.id\": \"No.\"}");
    given_file(dir, "vi.json", "{\"lead.phone\": \"Điện thoại\"}");
    *state = dir;
    return 0;
}

static int folder_removed(void **state)
{
    char command[80];

    snprintf(command, sizeof(command), "rm -r %s", (char *)*state);
    free(*state);
    return system(command);
}

static void a_text_missing_in_a_language_is_english(void **state)
{
    struct labels *l = labels_new();
    struct buf err = BUF_INIT;

    assert_int_equal(labels_load(l, *state, &err), 0);
    assert_string_equal(labels_get(l, "vi", "lead.phone"), "Điện thoại");
    assert_string_equal(labels_get(l, "vi", "lead"), "Lead");
    assert_string_equal(labels_get(l, "vi", "lead.fax"), "lead.fax");
    assert_null(labels_find(l, "vi", "lead.fax"));
    assert_string_equal(labels_get(l, "vi-VN,zh;q=0.5", "lead.phone"), "Điện thoại");
    assert_string_equal(labels_get(l, NULL, "lead.phone"), "Phone");
    assert_string_equal(labels_field(l, "vi", "lead", "id"), "No.");
    assert_string_equal(labels_field(l, "vi", "lead", "x_port"), "x_port");
    assert_false(labels_has(l, "vi", "lead"));
    labels_free(&l);
}

static void what_administrators_declared_wins_over_the_file_until_it_is_declared_otherwise(void **state)
{
    static const struct model_word first[] = {{"en", "lead.phone", "Telephone"}, {"en", "lead.x_port", "Port"}, {"fr", "lead", "Prospect"}},
                                   then[] = {{"vi", "lead.x_port", "Cảng"}};
    struct labels *l = labels_new();
    struct buf err = BUF_INIT;

    assert_int_equal(labels_load(l, *state, &err), 0);
    labels_declared(l, first, 3);
    assert_string_equal(labels_get(l, "en", "lead.phone"), "Telephone");
    assert_string_equal(labels_get(l, "zh-CN", "lead.x_port"), "Port");
    assert_string_equal(labels_get(l, "en", "lead"), "Lead");
    labels_declared(l, then, 1);
    assert_string_equal(labels_get(l, "en", "lead.phone"), "Phone");
    assert_string_equal(labels_get(l, "vi", "lead.x_port"), "Cảng");
    assert_string_equal(labels_get(l, "en", "lead.x_port"), "Cảng"); /* named in no other language */
    labels_free(&l);
}

static void a_broken_file_is_named_with_its_line(void **state)
{
    static const char *const bad[] = {"{\n\"a\": \n}", "[]", "{\"a\": 1}",
                                      "{\"a\": \"1\", \"a\": \"2\"}"};
    struct labels *l = labels_new();
    struct buf err = BUF_INIT;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        given_file(*state, "zh-TW.json", bad[i]);
        buf_clear(&err);
        assert_int_equal(labels_load(l, *state, &err), -1);
        assert_non_null(strstr(err.s, "/zh-TW.json"));
        if (i == 0)
            assert_non_null(strstr(err.s, "zh-TW.json:3:"));
    }
    buf_clear(&err);
    assert_int_equal(labels_load(l, "/nowhere", &err), -1);
    buf_free(&err);
    labels_free(&l);
}

static void the_nearest_language_is_chosen(void **state)
{
    static const struct {
        const char *wanted, *chosen;
    } cases[] = {
        {"zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"},
        {"zh-HK", "zh-TW"},
        {"zh-Hant-CN", "zh-TW"},
        {"zh_TW.UTF-8", "zh-TW"},
        {"zh", "zh-CN"},
        {"zh-Hans-TW", "zh-CN"},
        {"fr-FR, vi;q=0.3", "vi"},
        {"vietnamese", "en"},
        {"en;q=0.2, vi;q=0.7", "vi"},
        {"", "en"},
        {NULL, "en"},
        {"*", "en"},
        {";;;,,,q=", "en"},
        {"VI-vn", "vi"},
        {"zh;q=0, en;q=0.1", "en"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(labels_locale(NULL, cases[i].wanted), cases[i].chosen);
}

static void names_in_braces_are_filled_in(void **state)
{
    static const char *const pairs[] = {"n", "3", "name", "{n}", NULL};
    struct buf out = BUF_INIT;

    (void)state;
    labels_fill(&out, "{n} of {name}: {other} { {n", pairs);
    assert_string_equal(out.s, "3 of {n}: {other} { {n");
    buf_free(&out);
}

static void a_text_with_braces_needs_no_values(void **state)
{
    struct buf out = BUF_INIT;

    (void)state;
    labels_fill(&out, "size {L}", NULL);
    assert_string_equal(buf_str(&out), "size {L}");
    buf_free(&out);
}

static void the_base_plugin_has_a_text_for_everything(void **state)
{
    const struct berth_plugin *base = berth_plugin_entry(NULL);
    struct labels *l = labels_new();
    struct buf err = BUF_INIT, out = BUF_INIT;
    struct model *m = model_build(&base, 1, NULL, &err);

    (void)state;
    if (labels_load(l, BASE_I18N, &err) != 0)
        fail_msg("%s", err.s);
    if (labels_missing(l, m, NULL, &out) != 0)
        fail_msg("missing in plugins/base/i18n:\n%s", out.s);
    labels_free(&l);
    model_free(&m);
}

int main(void)
{
#define WITH_FOLDER(t) cmocka_unit_test_setup_teardown(t, given_folder, folder_removed)
    const struct CMUnitTest tests[] = {
        WITH_FOLDER(a_text_missing_in_a_language_is_english),
        WITH_FOLDER(what_administrators_declared_wins_over_the_file_until_it_is_declared_otherwise),
        WITH_FOLDER(a_broken_file_is_named_with_its_line),
        cmocka_unit_test(the_nearest_language_is_chosen),
        cmocka_unit_test(names_in_braces_are_filled_in),
        cmocka_unit_test(a_text_with_braces_needs_no_values),
        cmocka_unit_test(the_base_plugin_has_a_text_for_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
