/* test_text.c - folding, UTF-8 checks, trimming, counting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "text/collate.h"
#include "text/fold.h"
#include "text/utf8.h"
#include "text/valid.h"

static void assert_folds(const char *in, const char *want)
{
    struct buf out = BUF_INIT;

    text_fold(&out, in, strlen(in));
    assert_string_equal(buf_str(&out), want);
    assert_int_equal(out.len, strlen(want));
    buf_free(&out);
}

static void width_case_and_script_do_not_matter(void **state)
{
    (void)state;
    assert_folds("ABC xyz 019 [@`{", "abc xyz 019 [@`{");
    assert_folds("ＡＢＣ　ｃｏ．，ｌｔｄ（１２）", "abc co.,ltd(12)");
    assert_folds("深圳市華中物流（集團）有限公司", "深圳市华中物流(集团)有限公司");
    assert_folds("臺灣國際貿易進出口實業", "台湾国际贸易进出口实业");
    assert_folds("ｶﾞｽ", "ガス");
    assert_folds("Straße ÆØÅ Łódź", "strasse aeoa lodz");
    assert_folds("㈜ ① ﬁ ㎏ ½", "(주) 1 fi kg 1/2");
}

static void vietnamese_loses_its_tones_and_the_bar_of_d(void **state)
{
    (void)state;
    assert_folds("CÔNG TY CỔ PHẦN Đà Nẵng Thủy Sản ƯƠ", "cong ty co phan da nang thuy san uo");
    assert_folds("Hu\xcc\x80ng \xc6\xa1\xcc\x81", "hung o"); /* marks that stand apart */
}

static void blanks_and_controls_become_blanks_and_joiners_vanish(void **state)
{
    (void)state;
    assert_folds("a\tb\nc\x7f"
                 "d\xc2\xa0"
                 "e\xe3\x80\x80"
                 "f",
                 "a b c d e f");
    assert_folds("zero\xe2\x80\x8bwidth\xc2\xad \xef\xbb\xbfmark", "zerowidth mark");
    assert_folds("a longer line\twith\x01 controls\r\n", "a longer line with  controls  ");
}

static void letters_that_combine_are_composed(void **state)
{
    (void)state;
    assert_folds("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab국", "한국"); /* jamo */
    assert_folds("か\xe3\x82\x99", "が");
    assert_folds("ไทย น้ำ", "ไทย น้\xe0\xb9\x8d\xe0\xb8\xb2"); /* NFKC spells SARA AM as two */
}

static void malformed_bytes_become_replacements(void **state)
{
    (void)state;
    assert_folds("A\xff"
                 "B\xe6\xb7",
                 "a\xef\xbf\xbd"
                 "b\xef\xbf\xbd\xef\xbf\xbd");
}

/* Every character alone, and random strings of all kinds. */
static void folding_twice_changes_nothing(void **state)
{
    struct buf once = BUF_INIT, twice = BUF_INIT;
    unsigned seed = 1;

    (void)state;
    for (uint32_t i = 0; i < 0x30000 + 100000; i++) {
        char s[200];
        size_t n = 0;

        if (i < 0x30000)
            n = i >= 0xd800 && i < 0xe000 ? 0 : utf8_put(s, i);
        else
            for (int k = rand_r(&seed) % 40; k > 0; k--) {
                uint32_t c = (uint32_t)rand_r(&seed);

                c = c & 1   ? (c >> 8) % 0x80
                    : c & 2 ? 0x300 + (c >> 8) % 0x1000
                            : (c >> 8) % 0x30000;
                n += utf8_put(s + n, c >= 0xd800 && c < 0xe000 ? ' ' : c);
            }
        buf_clear(&once);
        buf_clear(&twice);
        text_fold(&once, s, n);
        text_fold(&twice, buf_str(&once), once.len);
        if (once.len != twice.len || memcmp(buf_str(&once), buf_str(&twice), once.len) != 0)
            fail_msg("U+%04X: '%s' folds again to '%s'", i, buf_str(&once), buf_str(&twice));
        assert_true(text_valid(buf_str(&once), once.len));
    }
    buf_free(&once);
    buf_free(&twice);
}

static void folding_appends_and_takes_long_text(void **state)
{
    struct buf out = BUF_INIT;
    size_t n = 300000;
    char *s = malloc(n);

    (void)state;
    assert_non_null(s);
    for (size_t i = 0; i < n; i += 3)
        memcpy(s + i, "\xef\xb7\xba", 3); /* one character that becomes eighteen */
    buf_puts(&out, "x");
    text_fold(&out, s, n);
    assert_true(out.len == 1 + n / 3 * 33);
    assert_int_equal(out.s[0], 'x');
    free(s);
    buf_free(&out);
}

static void utf8_is_checked_strictly(void **state)
{
    static const char *const bad[] = {
        "\xff",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xed\xa0\x80",
        "\x80",
        "\xf4\x90\x80\x80",
        "\xf0\x80\x80\x80",
        "\xe6\xb7",
        "\xf8\x88\x80\x80\x80",
        "12345678\xe6",
        "\xc3(",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(text_valid(bad[i], strlen(bad[i])));
    assert_true(text_valid("\0a", 2));
    const char *good = "深圳 Đà Nẵng \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf";

    assert_true(text_valid(good, strlen(good)));
    assert_true(text_valid_start("ab\xe6\xb7", 4));
    assert_true(text_valid_start("ab\xf0\x9f\x98", 5));
    assert_false(text_valid_start("ab\xe6"
                                  "b",
                                  4));
    assert_false(text_valid_start("\xed\xa0", 2));
    assert_false(text_valid_start("\xf4\x90", 2));
    assert_false(text_valid_start("\xff", 1));
}

static void trimming_takes_every_kind_of_blank(void **state)
{
    static const char *const cases[] = {
        "abc",
        "  abc\r\n",
        "\xe3\x80\x80"
        "abc\xc2\xa0",
        "\xef\xbb\xbf"
        "abc\xe2\x80\x8b\t ",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *s = cases[i];
        size_t len = strlen(s);

        text_trim(&s, &len);
        assert_int_equal(len, 3);
        assert_memory_equal(s, "abc", 3);
    }
    const char *blank = " \xe3\x80\x80 ";
    size_t len = strlen(blank);

    text_trim(&blank, &len);
    assert_int_equal(len, 0);
    const char *han = "深 圳";

    len = strlen(han);
    text_trim(&han, &len);
    assert_int_equal(len, 7);
}

static void a_limit_never_cuts_a_character(void **state)
{
    (void)state;
    assert_int_equal(text_count("深圳ab\xf0\x9f\x98\x80", 12), 5);
    assert_int_equal(text_limit("深圳ab", 8, 2), 6);
    assert_int_equal(text_limit("深圳ab", 8, 4), 8);
    assert_int_equal(text_limit("深圳ab", 8, 100), 8);
    assert_int_equal(text_limit("深圳ab", 8, 0), 0);
    assert_int_equal(text_limit("ae\xcc\x81z", 5, 2), 1); /* e and its accent go together */
    assert_int_equal(text_limit("ae\xcc\x81z", 5, 3), 4);
}

static void assert_order(const char *locale, const char *const *texts)
{
    struct text_collator *c = text_collator_new(locale);
    struct buf before = BUF_INIT, key = BUF_INIT;

    for (size_t i = 0; texts[i] != NULL; i++) {
        buf_clear(&key);
        text_sort_key(c, &key, texts[i], strlen(texts[i]));
        assert_null(memchr(key.s, 0, key.len));
        if (i > 0 && strcmp(before.s, key.s) >= 0)
            fail_msg("%s: '%s' is not before '%s'", locale, texts[i - 1], texts[i]);
        buf_clear(&before);
        buf_add(&before, key.s, key.len);
    }
    buf_free(&before);
    buf_free(&key);
    text_collator_free(&c);
    assert_null(c);
}

static void each_language_has_its_order(void **state)
{
    (void)state;
    assert_order("zh-CN", (const char *const[]){"2", "10", "安徽", "北京", "重庆", "深圳", "中山",
                                                "abc", "ABC", NULL});
    assert_order("zh-TW", (const char *const[]){"一", "丁", "三", "王", "陳", "臺", NULL});
    assert_order("vi",
                 (const char *const[]){"", "An", "Ăn", "Ân", "Bình", "Dung", "Đạt", "Em", NULL});
    assert_order("xx-nowhere", (const char *const[]){"a", "B", "c9", "c10", NULL});
}

static void a_long_text_has_a_sort_key(void **state)
{
    struct text_collator *c = text_collator_new("zh-CN");
    struct buf s = BUF_INIT, key = BUF_INIT;

    (void)state;
    for (int i = 0; i < 3000; i++)
        buf_puts(&s, "深圳 Đà");
    text_sort_key(c, &key, s.s, s.len);
    assert_true(key.len > 3000);
    assert_true(text_collate_version() != 0);
    buf_free(&s);
    buf_free(&key);
    text_collator_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(width_case_and_script_do_not_matter),
        cmocka_unit_test(vietnamese_loses_its_tones_and_the_bar_of_d),
        cmocka_unit_test(blanks_and_controls_become_blanks_and_joiners_vanish),
        cmocka_unit_test(letters_that_combine_are_composed),
        cmocka_unit_test(malformed_bytes_become_replacements),
        cmocka_unit_test(folding_twice_changes_nothing),
        cmocka_unit_test(folding_appends_and_takes_long_text),
        cmocka_unit_test(utf8_is_checked_strictly),
        cmocka_unit_test(trimming_takes_every_kind_of_blank),
        cmocka_unit_test(a_limit_never_cuts_a_character),
        cmocka_unit_test(each_language_has_its_order),
        cmocka_unit_test(a_long_text_has_a_sort_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
