/* test_sheet_format.c - what is seen of a number (LibreOffice judges many more in tests/sheet), and
 * the store of texts. */
#include "sheet_test.h"

#include <string.h>

#include "sheet/numfmt.h"
#include "sheet/texts.h"

static void shows(const char *code, double v, const char *expected, enum sheet_type type)
{
    struct arena *a = arena_new();
    struct buf out = BUF_INIT;
    struct sheet_cell c;

    numfmt_show(numfmt_new(a, code), v, NULL, false, &out, &c);
    assert_string_equal(buf_str(&out), expected);
    assert_int_equal(c.type, type);
    buf_free(&out);
    arena_free(&a);
}

static void long_integers_are_never_exponents(void **state)
{
    (void)state;
    shows("General", 13800138000, "13800138000", SHEET_NUMBER);
    shows("0.00E+00", 13800138000, "13800138000", SHEET_NUMBER);
    shows("General", 123456789012345678.0, "123456789012346000", SHEET_NUMBER);
    shows("General", 1e20, "100000000000000000000", SHEET_NUMBER);
    shows("General", 9007199254740991, "9007199254740991", SHEET_NUMBER);
}

static void fractions_are_plain_decimals(void **state)
{
    (void)state;
    shows("General", 0.1 + 0.2, "0.3", SHEET_NUMBER);
    shows("General", -0.000012345, "-0.000012345", SHEET_NUMBER);
    shows("General", 1.5e-11, "0.000000000015", SHEET_NUMBER);
    shows("# ?/?", 0.25, "0.25", SHEET_NUMBER);
}

static void codes_with_leading_zeros_keep_them(void **state)
{
    (void)state;
    shows("000000", 518, "000518", SHEET_NUMBER);
    shows("000-0000-0000", 13800138000, "138-0013-8000", SHEET_NUMBER);
    shows("000-0000-0000", 2088888888, "020-8888-8888", SHEET_NUMBER);
}

static void halves_round_up_as_in_excel(void **state)
{
    (void)state;
    shows("0.00", 1.005, "1.01", SHEET_NUMBER);
    shows("0", 2.5, "3", SHEET_NUMBER);
    shows("0.0", 9.96, "10.0", SHEET_NUMBER);
    shows("0%", 0.995, "100%", SHEET_NUMBER);
    shows("0.00", -0.001, "0.00", SHEET_NUMBER);
}

static void sections_are_chosen_by_sign_or_condition(void **state)
{
    (void)state;
    shows("0;(0);\"-\"", -5, "(5)", SHEET_NUMBER);
    shows("0;(0);\"-\"", 0, "-", SHEET_NUMBER);
    shows("[>=100]\"many\";[<0]\"minus\" 0;0", 150, "many", SHEET_NUMBER);
    shows("[>=100]\"many\";[<0]\"minus\" 0;0", -7, "minus 7", SHEET_NUMBER);
    shows("[>=100]\"many\";[<0]\"minus\" 0;0", 7, "7", SHEET_NUMBER);
    shows("0;@", -5, "-5", SHEET_NUMBER);
}

static void chinese_dates_show_as_written(void **state)
{
    (void)state;
    shows("yyyy\"年\"m\"月\"d\"日\"", 46348, "2026年11月22日", SHEET_DATE);
    shows("[$-804]yyyy年mm月dd日", 46348, "2026年11月22日", SHEET_DATE);
    shows("yyyy年m月d日 aaaa", 46348, "2026年11月22日 星期日", SHEET_DATE);
    shows("aaa", 46349, "一", SHEET_DATE);
    shows("上午/下午h时mm分", 46348.6875, "下午4时30分", SHEET_TIME);
    shows(numfmt_builtin(31), 46348, "2026年11月22日", SHEET_DATE);
    shows(numfmt_builtin(14), 46348, "2026-11-22", SHEET_DATE);
    shows(numfmt_builtin(163), 46348, "46348", SHEET_NUMBER);
}

static void m_is_minutes_beside_hours_or_seconds(void **state)
{
    (void)state;
    shows("yyyy-m-d h:m:s", 46348.25 + 61.0 / 86400, "2026-11-22 6:1:1", SHEET_DATETIME);
    shows("mm:ss", 0.25 + 61.0 / 86400, "01:01", SHEET_TIME);
    shows("m/d", 46348, "11/22", SHEET_DATE);
    shows("[h]:mm", 2.5, "60:00", SHEET_TIME);
}

static void words_with_date_letters_are_no_dates(void **state)
{
    (void)state;
    shows("0 \"days\"", 5, "5 days", SHEET_NUMBER);
    shows("[Red]0", 5, "5", SHEET_NUMBER);
    shows("[$USD-409] 0", 5, "USD 5", SHEET_NUMBER);
    shows("0\\d", 5, "5d", SHEET_NUMBER);
    shows("General", 5, "5", SHEET_NUMBER);
}

static void times_next_to_midnight_do_not_become_24(void **state)
{
    (void)state;
    shows("yyyy-mm-dd hh:mm:ss", 46348.999999, "2026-11-23 00:00:00", SHEET_DATETIME);
    shows("yyyy-mm-dd hh:mm", 46348.9999, "2026-11-22 23:59", SHEET_DATETIME);
}

static void what_is_no_date_shows_as_a_number(void **state)
{
    (void)state;
    shows("yyyy-mm-dd", -1, "-1", SHEET_NUMBER);
    shows("yyyy-mm-dd", 1e9, "1000000000", SHEET_NUMBER);
    shows("yyyy-mm-dd", 0, "0", SHEET_NUMBER);
}

/* Found by fuzzing: the section that is given up had no tokens to copy. */
static void broken_formats_show_plain_numbers(void **state)
{
    char long_code[1000];

    (void)state;
    memset(long_code, 'y', sizeof(long_code));
    for (size_t i = 1; i < sizeof(long_code); i += 2)
        long_code[i] = '-';
    long_code[sizeof(long_code) - 1] = '\0';
    shows("[h", 5, "5", SHEET_NUMBER);
    shows("0[h", 5, "5", SHEET_NUMBER);
    shows(long_code, 5, "5", SHEET_NUMBER);
    shows("", 5, "", SHEET_NUMBER);
    shows("\"", 5, "", SHEET_NUMBER);
    shows("0\\", 5, "5", SHEET_NUMBER);
}

static void put_texts(struct texts *t, int n)
{
    struct sheet_error err = {0};
    char text[400];

    for (int i = 0; i < n; i++) {
        int len = snprintf(text, sizeof(text), "%d:%0*d", i, i % 300, i);

        assert_int_equal(texts_add(t, text, (size_t)len, &err), 0);
    }
}

static void texts_come_back_from_memory_and_from_a_file(void **state)
{
    struct sheet_limits limits = sheet_limits_default;
    struct sheet_error err = {0};
    struct buf out = BUF_INIT;
    enum { N = 20000 };
    char expected[400];

    (void)state;
    for (int round = 0; round < 2; round++) {
        struct texts *t = texts_new(&limits, "/tmp");

        put_texts(t, N);
        for (int i = 0; i < N; i++) {
            int at = (int)((int64_t)i * 7919 % N);

            snprintf(expected, sizeof(expected), "%d:%0*d", at, at % 300, at);
            buf_clear(&out);
            assert_int_equal(texts_get(t, (uint64_t)at, &out, &err), 1);
            assert_string_equal(out.s, expected);
        }
        assert_int_equal(texts_get(t, N, &out, &err), 0);
        texts_free(&t);
        limits.string_memory = 1000;
    }
    buf_free(&out);
}

static void texts_have_limits(void **state)
{
    struct sheet_limits limits = sheet_limits_default;
    struct sheet_error err = {0};

    (void)state;
    limits.strings = 2;
    struct texts *t = texts_new(&limits, "/tmp");

    put_texts(t, 2);
    assert_int_equal(texts_add(t, "x", 1, &err), -1);
    assert_int_equal(err.code, SHEET_E_STRINGS);
    texts_free(&t);
    limits = sheet_limits_default;
    limits.string_bytes = 10;
    t = texts_new(&limits, "/tmp");
    assert_int_equal(texts_add(t, "12345678901", 11, &err), -1);
    assert_int_equal(err.code, SHEET_E_STRING_BYTES);
    texts_free(&t);
    limits = sheet_limits_default;
    limits.string_memory = 10;
    t = texts_new(&limits, "/nowhere");
    assert_int_equal(texts_add(t, "12345678901", 11, &err), -1);
    assert_int_equal(err.code, SHEET_E_TEMP);
    texts_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_integers_are_never_exponents),
        cmocka_unit_test(fractions_are_plain_decimals),
        cmocka_unit_test(codes_with_leading_zeros_keep_them),
        cmocka_unit_test(halves_round_up_as_in_excel),
        cmocka_unit_test(sections_are_chosen_by_sign_or_condition),
        cmocka_unit_test(chinese_dates_show_as_written),
        cmocka_unit_test(m_is_minutes_beside_hours_or_seconds),
        cmocka_unit_test(words_with_date_letters_are_no_dates),
        cmocka_unit_test(times_next_to_midnight_do_not_become_24),
        cmocka_unit_test(what_is_no_date_shows_as_a_number),
        cmocka_unit_test(broken_formats_show_plain_numbers),
        cmocka_unit_test(texts_come_back_from_memory_and_from_a_file),
        cmocka_unit_test(texts_have_limits),
    };

    return cmocka_run_group_tests_name("sheet_format", tests, NULL, NULL);
}
