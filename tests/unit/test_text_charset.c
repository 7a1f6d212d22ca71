/* test_text_charset.c - guessing encodings from short samples, decoding in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <iconv.h>
#include <cmocka.h>

#include "text/charset.h"
#include "text/valid.h"

static size_t encode(const char *name, const char *utf8, char *to, size_t cap)
{
    iconv_t how = iconv_open(name, "UTF-8");
    char *in = (char *)(uintptr_t)utf8, *out = to;
    size_t in_left = strlen(utf8), out_left = cap;

    assert_true(how != (iconv_t)-1);
    if (iconv(how, &in, &in_left, &out, &out_left) == (size_t)-1)
        fail_msg("'%s' has no form in %s", utf8, name);
    iconv_close(how);
    return (size_t)(out - to);
}

/* Each sample, encoded as iconv_name, must be guessed as `name` and come back. */
static void check_samples(const char *iconv_name, const char *name, const char *const *samples)
{
    for (; *samples != NULL; samples++) {
        char bytes[1024];
        size_t len = encode(iconv_name, *samples, bytes, sizeof(bytes));
        const char *guess = text_charset_guess(bytes, len);
        struct buf out = BUF_INIT, err = BUF_INIT;

        if (strcmp(guess, name) != 0)
            fail_msg("'%s' in %s was taken for %s", *samples, iconv_name, guess);
        assert_int_equal(text_to_utf8(&out, guess, bytes, len, &err), 0);
        assert_string_equal(buf_str(&out), *samples);
        buf_free(&out);
        buf_free(&err);
    }
}

static const char *const simplified[] = {
    "深圳市华中物流有限公司",
    "公司名称,电话,传真,邮箱\n",
    "姓名,手机",
    "联系人",
    "广东",
    "华为",
    "上海",
    "联通",
    "客户名称",
    "电话",
    "张伟,13800138000,北京市朝阳区",
    "宁波春鹏顺新能源有限责任公司,0574-21240186\r\n青岛远航国际货运代理",
    "name,phone\n厦门金龙,0592-1234567\n",
    "备注：客户很满意，下周回访。",
    "义乌市恒久玩具礼品有限公司",
    "佛山 照明电器",
    NULL,
};

static const char *const traditional[] = {
    "臺灣國際物流股份有限公司",
    "公司名稱,電話,傳真,郵箱\n",
    "姓名,手機",
    "聯絡人",
    "臺北",
    "高雄",
    "香港貿易發展局",
    "電話",
    "客戶名稱",
    "陳大文,0912345678,新北市板橋區",
    "長榮海運股份有限公司,02-25057766\r\n陽明海運",
    "name,phone\n鴻海精密工業,02-22683466\n",
    "備註：客戶很滿意，下週回訪。",
    "遠東紡織有限公司",
    NULL,
};

static const char *const western[] = {
    "Müller GmbH",
    "Café de Paris",
    "Société Générale, Genève",
    "São Paulo; João",
    "Peña & Núñez",
    "name;city\nJürgen Weiß;Köln\n",
    "Tromsø",
    "Ångström",
    "80 €",
    "Crème brûlée – déjà vu",
    NULL,
};

static const char *const vietnamese[] = {
    "Công ty TNHH Vận tải Hải Phòng",
    "Tên công ty,Điện thoại,Địa chỉ\n",
    "Nguyễn Văn Hùng",
    "Thành phố Hồ Chí Minh",
    "Đà Nẵng",
    "Trần Thị Hương, Hà Nội",
    NULL,
};

static void a_short_gbk_text_is_recognised(void **state)
{
    (void)state;
    check_samples("GBK", "GB18030", simplified);
    check_samples("GB18030", "GB18030", simplified);
}

static void a_short_big5_text_is_recognised(void **state)
{
    (void)state;
    check_samples("BIG5", "Big5", traditional);
}

static void utf8_is_recognised_in_every_language(void **state)
{
    (void)state;
    check_samples("UTF-8", "UTF-8", simplified);
    check_samples("UTF-8", "UTF-8", traditional);
    check_samples("UTF-8", "UTF-8", western);
    check_samples("UTF-8", "UTF-8", vietnamese);
}

/* 么 and 贸 of GBK are ô and ó: they stood in "kh么ng c贸". */
static void a_few_accents_within_words_are_no_chinese(void **state)
{
    static const char *const samples[] = {"name,phone\nABC,không có\n", "C\xc3\xb4ng ty ABC\nCông ty XYZ\nCông ty 123\n", "Café Olé\n",
                                          NULL};

    (void)state;
    check_samples("UTF-8", "UTF-8", samples);
}

static void utf16_is_recognised_without_a_mark(void **state)
{
    static const char *const samples[] = {"name,phone\n张伟,13800138000\n",
                                          "公司名称,电话\r\n",
                                          "深圳市华中物流有限公司",
                                          "Công ty, Đà Nẵng",
                                          "臺灣國際物流",
                                          NULL};

    (void)state;
    check_samples("UTF-16LE", "UTF-16LE", samples);
    check_samples("UTF-16BE", "UTF-16BE", samples);
}

static void western_text_is_windows_1252(void **state)
{
    (void)state;
    check_samples("WINDOWS-1252", "windows-1252", western);
}

/* iconv writes windows-1258 only from text whose tone marks stand apart, so the bytes are here. */
static void vietnamese_of_windows_1258_gets_whole_letters(void **state)
{
    static const struct {
        const char *bytes, *text;
    } samples[] = {
        {"C\xf4ng ty TNHH V\xe2\xf2n ta\xd2i Ha\xd2i Pho\xccng", "Công ty TNHH Vận tải Hải Phòng"},
        {"Nguy\xea\xden V\xe3n H\xf9ng", "Nguyễn Văn Hùng"},
        {"Tha\xccnh ph\xf4\xec H\xf4\xcc Ch\xed Minh", "Thành phố Hồ Chí Minh"},
        {"\xd0\xe0 N\xe3\xdeng", "Đà Nẵng"},
        {"Ti\xea\xecng Anh", "Tiếng Anh"},
        {"T\xean c\xf4ng ty,\xd0i\xea\xf2n thoa\xf2i\n", "Tên công ty,Điện thoại\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        struct buf out = BUF_INIT, err = BUF_INIT;
        size_t len = strlen(samples[i].bytes);

        assert_string_equal(text_charset_guess(samples[i].bytes, len), "windows-1258");
        assert_int_equal(text_to_utf8(&out, NULL, samples[i].bytes, len, &err), 0);
        assert_string_equal(buf_str(&out), samples[i].text);
        buf_free(&out);
    }
}

static void a_byte_order_mark_decides_and_is_dropped(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *name;
    } marked[] = {
        {"\xef\xbb\xbfname", 7, "UTF-8"},
        {"\xff\xfen\0a\0m\0e\0", 10, "UTF-16LE"},
        {"\xfe\xff\0n\0a\0m\0e", 10, "UTF-16BE"},
        {"\x84\x31\x95\x33name", 8, "GB18030"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(marked) / sizeof(marked[0]); i++) {
        struct buf out = BUF_INIT, err = BUF_INIT;

        assert_string_equal(text_charset_guess(marked[i].bytes, marked[i].len), marked[i].name);
        assert_int_equal(text_to_utf8(&out, NULL, marked[i].bytes, marked[i].len, &err), 0);
        assert_string_equal(buf_str(&out), "name");
        buf_free(&out);
    }
}

static void a_sample_cut_inside_a_character_is_still_utf8(void **state)
{
    const char *s = "深圳市华中物流";

    (void)state;
    for (size_t len = 3; len <= strlen(s); len++)
        assert_string_equal(text_charset_guess(s, len), "UTF-8");
}

static void a_file_with_one_bad_byte_stays_utf8(void **state)
{
    const char *s = "深圳市华中物流有限公司,\xff,电话,传真,广东省东莞市";

    (void)state;
    assert_string_equal(text_charset_guess(s, strlen(s)), "UTF-8");
}

static void nothing_and_ascii_are_utf8(void **state)
{
    (void)state;
    assert_string_equal(text_charset_guess("", 0), "UTF-8");
    assert_string_equal(text_charset_guess("name,phone\n", 11), "UTF-8");
}

/* Any cutting of the input gives the same output. */
static void decoding_in_pieces_equals_decoding_at_once(void **state)
{
    static const char *const names[] = {"UTF-8", "UTF-16LE", "UTF-16BE", "GB18030", "UTF-32LE"};
    const char *text = "name,电话\n深圳市华中物流 𠮷野家 😀 Đà Nẵng,0755-1\r\n";

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char bytes[1024];
        size_t len = encode(names[i], text, bytes, sizeof(bytes));

        for (size_t step = 1; step < 9; step++) {
            struct buf out = BUF_INIT, err = BUF_INIT;
            struct text_decoder *d = text_decoder_new(names[i], &err);

            for (size_t at = 0; at < len; at += step)
                text_decoder_feed(d, bytes + at, len - at < step ? len - at : step, &out);
            text_decoder_flush(d, &out);
            assert_int_equal(text_decoder_bad(d), 0);
            assert_string_equal(buf_str(&out), text);
            text_decoder_free(&d);
            assert_null(d);
            buf_free(&out);
        }
    }
}

static void what_is_malformed_becomes_a_counted_replacement(void **state)
{
    static const struct {
        const char *name, *bytes, *text;
        int64_t bad;
    } cases[] = {
        {"UTF-8",
         "a\xff"
         "b",
         "a\xef\xbf\xbd"
         "b",
         1},
        {"UTF-8", "\xe6\xb7", "\xef\xbf\xbd", 1},
        {"UTF-8", "\xe6\xe6\xb7\xb1z", "\xef\xbf\xbd深z", 1},
        {"UTF-8", "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 3},
        {"GB18030", "a\xc9", "a\xef\xbf\xbd", 1},
        {"UTF-16LE", "a", "\xef\xbf\xbd", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t step = 1; step < 5; step++) {
            struct buf out = BUF_INIT, err = BUF_INIT;
            struct text_decoder *d = text_decoder_new(cases[i].name, &err);
            size_t len = strlen(cases[i].bytes);

            for (size_t at = 0; at < len; at += step)
                text_decoder_feed(d, cases[i].bytes + at, len - at < step ? len - at : step, &out);
            text_decoder_flush(d, &out);
            assert_string_equal(buf_str(&out), cases[i].text);
            assert_int_equal(text_decoder_bad(d), cases[i].bad);
            text_decoder_free(&d);
            buf_free(&out);
        }
}

/* Random bytes through every decoder: the output is valid UTF-8 whatever comes in. */
static void any_bytes_become_valid_utf8(void **state)
{
    unsigned seed = 7;

    (void)state;
    for (int round = 0; round < 300; round++) {
        char bytes[300];
        size_t len = (size_t)(rand_r(&seed) % 300);

        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)(rand_r(&seed) >> 7);
        text_charset_guess(bytes, len);
        for (const char *const *name = text_charset_names; *name != NULL; name++) {
            struct buf out = BUF_INIT, err = BUF_INIT;

            assert_int_equal(text_to_utf8(&out, *name, bytes, len, &err), 0);
            assert_true(text_valid(buf_str(&out), out.len));
            buf_free(&out);
        }
    }
}

static void names_are_taken_as_people_write_them(void **state)
{
    static const char *const names[] = {"gbk",    "GB2312",       "cp936",  "utf8",     "BIG5",
                                        "latin1", "Windows-1258", "UTF-16", "shift_jis"};
    struct buf err = BUF_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct text_decoder *d = text_decoder_new(names[i], &err);

        assert_non_null(d);
        text_decoder_free(&d);
    }
    assert_int_equal(err.len, 0);
    assert_null(text_decoder_new("klingon-8", &err));
    assert_string_equal(buf_str(&err), "cannot read character set 'klingon-8': unknown name");
    buf_clear(&err);
    assert_null(text_decoder_new("", &err));
    buf_free(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_gbk_text_is_recognised),
        cmocka_unit_test(a_short_big5_text_is_recognised),
        cmocka_unit_test(utf8_is_recognised_in_every_language),
        cmocka_unit_test(a_few_accents_within_words_are_no_chinese),
        cmocka_unit_test(utf16_is_recognised_without_a_mark),
        cmocka_unit_test(western_text_is_windows_1252),
        cmocka_unit_test(vietnamese_of_windows_1258_gets_whole_letters),
        cmocka_unit_test(a_byte_order_mark_decides_and_is_dropped),
        cmocka_unit_test(a_sample_cut_inside_a_character_is_still_utf8),
        cmocka_unit_test(a_file_with_one_bad_byte_stays_utf8),
        cmocka_unit_test(nothing_and_ascii_are_utf8),
        cmocka_unit_test(decoding_in_pieces_equals_decoding_at_once),
        cmocka_unit_test(what_is_malformed_becomes_a_counted_replacement),
        cmocka_unit_test(any_bytes_become_valid_utf8),
        cmocka_unit_test(names_are_taken_as_people_write_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
