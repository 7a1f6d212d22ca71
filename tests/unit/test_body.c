/* test_body.c - a body is what jansson makes of it, however it was read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "web/body.h"

/* NULL: it is not plain. */
static json_t *as_list(const char *s, size_t n)
{
    struct arena *a = arena_new();
    size_t count;
    const struct body_member *m = body_plain(a, s, n, &count);
    json_t *all = m == NULL ? NULL : json_object();

    for (size_t i = 0; m != NULL && i < count; i++) {
        assert_int_equal(strlen(m[i].key), m[i].key_len);
        assert_null(json_object_get(all, m[i].key));
        assert_int_equal(json_object_set_new(all, m[i].key, body_json(&m[i])), 0);
    }
    arena_free(&a);
    return all;
}

static void same(const char *s, size_t n)
{
    char *exact = malloc(n > 0 ? n : 1); /* what is read behind it is found out */
    json_error_t e;
    json_t *wanted, *got, *listed = NULL;

    memcpy(exact, s, n);
    wanted = json_loadb(exact, n, JSON_REJECT_DUPLICATES, &e);
    got = body_read(exact, n, &e);
    listed = as_list(exact, n);
    if (listed != NULL && !json_equal(wanted, listed))
        fail_msg("listed differently: %.*s", (int)n, s);
    if ((wanted == NULL) != (got == NULL) || (got != NULL && !json_equal(wanted, got)))
        fail_msg("read differently: %.*s", (int)n, s);
    json_decref(wanted);
    json_decref(got);
    json_decref(listed);
    free(exact);
}

static const char *const bodies[] = {
    "{}",
    "{ }",
    "[]",
    "[1]",
    "1",
    "\"x\"",
    "",
    " ",
    "{",
    "}",
    "null",
    "{\"name\":\"深圳市测试贸易有限公司\",\"phone\":\"0755-81234567\",\"is_key\":true,\"n\":0,\"none\":null,\"no\":false}",
    " {\r\n\t\"a\" : \"b\" , \"c\" : -12 } \n",
    "{\"\":\"\"}",
    "{\"a\":\"\"}",
    "{\"a\":1,\"a\":2}",
    "{\"a\":1,}",
    "{,}",
    "{\"a\"}",
    "{\"a\":}",
    "{\"a\" 1}",
    "{\"a\":1 \"b\":2}",
    "{\"a\":1}}",
    "{\"a\":1}x",
    "{\"a\":1",
    "{\"a\":\"x}",
    "{\"a\":\"x\\\"y\"}",
    "{\"a\\u0041\":1}",
    "{\"a\":\"\\u4e2d\"}",
    "{\"a\":\"\\ud83d\\ude00\"}",
    "{\"a\":\"\\q\"}",
    "{\"a\":\"\t\"}",
    "{\"a\":\"\x7f\"}",
    "{\"a\":\"\xff\"}",
    "{\"a\":\"\xed\xa0\x80\"}",
    "{\"\xc0\x80\":1}",
    "{\"a\":1}\xc3",
    "{\"a\":-}",
    "{\"a\":-0}",
    "{\"a\":00}",
    "{\"a\":01}",
    "{\"a\":+1}",
    "{\"a\":--1}",
    "{\"a\":- 1}",
    "{\"a\":1.5}",
    "{\"a\":1e3}",
    "{\"a\":1E3}",
    "{\"a\":.5}",
    "{\"a\":123456789012345678}",
    "{\"a\":1234567890123456789}",
    "{\"a\":9223372036854775807}",
    "{\"a\":9223372036854775808}",
    "{\"a\":-9223372036854775808}",
    "{\"a\":12345678901234567890123}",
    "{\"a\":true1}",
    "{\"a\":tru}",
    "{\"a\":truee}",
    "{\"a\":nul}",
    "{\"a\":True}",
    "{\"a\":1 }",
    "{\"a\":1\n,\"b\":2}",
    "{\"a\":{}}",
    "{\"a\":[1,2]}",
    "{\"a\":\"x\" \"y\"}",
    "{\"a\":\"x\"\"b\":1}",
    "{\"a\" :\"x\"}",
    "/**/{}",
    "{\"a\":NaN}",
};

static void a_body_is_what_jansson_makes_of_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        same(bodies[i], strlen(bodies[i]));
    same("{\"a\":1}\0", 8);
    same("{\"a\0b\":1}", 9);
    same("{\"a\":\"x\0y\"}", 11);
    same("{\0\"a\":1}", 8);
}

/* Every body cut off everywhere, and with every byte of it replaced by those that mean something. */
static void a_broken_body_is_as_broken_as_jansson_finds_it(void **state)
{
    static const char bytes[] = {'"', '\\', '{', '}', ':', ',', ' ', '0', '9', '-', '.', 'e', 't', '\0', '\x1f', '\x80', '\xe4'};
    char text[256];

    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        for (size_t at = 0, n = strlen(bodies[i]); at < n; at++) {
            same(bodies[i], at);
            for (size_t b = 0; b < sizeof(bytes); b++) {
                memcpy(text, bodies[i], n);
                text[at] = bytes[b];
                same(text, n);
            }
        }
}

static void most_bodies_are_a_list(void **state)
{
    char many[1024] = "{\"f0\":0";
    json_t *all = as_list(bodies[11], strlen(bodies[11]));

    (void)state;
    assert_int_equal(json_object_size(all), 6);
    json_decref(all);
    assert_null(as_list("{\"a\":[1]}", 9));
    for (int i = 1; i <= BODY_PLAIN_MAX; i++)
        snprintf(many + strlen(many), sizeof(many) - strlen(many), ",\"f%d\":%d", i, i);
    strcat(many, "}");
    assert_null(as_list(many, strlen(many)));
    same(many, strlen(many));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_what_jansson_makes_of_it),
        cmocka_unit_test(a_broken_body_is_as_broken_as_jansson_finds_it),
        cmocka_unit_test(most_bodies_are_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
