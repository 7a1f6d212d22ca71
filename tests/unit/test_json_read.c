/* test_json_read.c - the JSON of requests is read as jansson reads it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/json_read.h"

static json_t *plain(const char *s, size_t n)
{
    char *exactly = malloc(n == 0 ? 1 : n); /* so that a look behind its end is seen */
    json_t *v;

    memcpy(exactly, s, n);
    v = json_read_plain(exactly, n);
    free(exactly);
    return v;
}

/* Whatever is read at all, jansson reads as the same. */
static bool reads(const char *s, size_t n)
{
    json_t *ours = plain(s, n), *theirs = json_loadb(s, n, JSON_REJECT_DUPLICATES, NULL);
    bool read = ours != NULL;

    assert_true(!read || json_equal(ours, theirs));
    json_decref(ours);
    json_decref(theirs);
    return read;
}

static void plain_json_is_read(void **state)
{
    static const char *const texts[] = {
        "{}", "[]", " { } ", "\t[\r\n]\n", "{\"name\":\"深圳市测试贸易有限公司\",\"n\":12,\"on\":true,\"off\":false,\"no\":null}",
        "{\"a\":[1,2,[3,{\"b\":-4}]],\"\":\"\",\"c\" : \"x\" }", "[0,-1,999999999999999999,-999999999999999999]",
        "[\"\x7f\",\"\xc2\x80\",\"\xed\x9f\xbf\",\"\xef\xbf\xbd\",\"\xf4\x8f\xbf\xbf\"]", "[-0]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_true(reads(texts[i], strlen(texts[i])));
}

static void what_is_not_plain_is_left_to_jansson(void **state)
{
    static const char *const texts[] = {
        "", " ", "1", "\"a\"", "null", "{", "[", "[1", "[1,", "[1,]", "[,1]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}",
        "{\"a\":1,\"a\":2}", "{\"a\" 1}", "[1 2]", "[1]]", "[1] x", "[01]", "[-]", "[1.5]", "[1e3]", "[1234567890123456789]", "[tru]", "[nul", "[truex]",
        "[\"\\n\"]", "[\"\n\"]", "[\"\x1f\"]", "[\"a]", "[\"\x80\"]", "[\"\xc0\x80\"]", "[\"\xe4\xb8\"]", "[\"\xed\xa0\x80\"]", "[\"\xf4\x90\x80\x80\"]",
        "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", "[+1]", "['a']", "[1]\x0b", "\xef\xbb\xbf[]",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_false(reads(texts[i], strlen(texts[i])));
    assert_false(reads("[1]\0", 4));
    assert_false(reads("[\"\0\"]", 5));
}

static void of_damaged_json_nothing_is_read_that_jansson_refuses(void **state)
{
    static const char text[] = "{\"name\":\"深圳 Ltd\",\"n\":[12,-3,{\"on\":true}],\"no\":null}";
    static const char bytes[] = "\"\\{}[],:0a- \x80\xe4\x01";
    char damaged[sizeof(text)];

    (void)state;
    for (size_t at = 0; at < sizeof(text) - 1; at++) {
        reads(text, at); /* cut off */
        for (size_t k = 0; k < sizeof(bytes); k++) {
            memcpy(damaged, text, sizeof(text));
            damaged[at] = bytes[k];
            reads(damaged, sizeof(text) - 1);
        }
    }
}

static void what_jansson_reads_is_read(void **state)
{
    static const char odd[] = "{\"a\":\"\\u6df1\",\"b\":1.5}", twice[] = "{\"a\":1,\"a\":2}";
    json_error_t err;
    json_t *v = json_read(odd, sizeof(odd) - 1, &err);

    (void)state;
    assert_string_equal(json_string_value(json_object_get(v, "a")), "深");
    json_decref(v);
    assert_null(json_read(twice, sizeof(twice) - 1, &err));
    assert_non_null(strstr(err.text, "duplicate"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_json_is_read),
        cmocka_unit_test(what_is_not_plain_is_left_to_jansson),
        cmocka_unit_test(of_damaged_json_nothing_is_read_that_jansson_refuses),
        cmocka_unit_test(what_jansson_reads_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
