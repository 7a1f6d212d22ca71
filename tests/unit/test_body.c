/* test_body.c - a body is what jansson makes of it, however it was read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "web/body.h"

static void same(const char *s, size_t n)
{
    char *exact = malloc(n > 0 ? n : 1); /* what is read behind it is found out */
    json_error_t e;
    json_t *wanted, *got;

    memcpy(exact, s, n);
    wanted = json_loadb(exact, n, JSON_REJECT_DUPLICATES, &e);
    got = body_read(exact, n, &e);
    if ((wanted == NULL) != (got == NULL) || (got != NULL && !json_equal(wanted, got)))
        fail_msg("read differently: %.*s", (int)n, s);
    json_decref(wanted);
    json_decref(got);
    free(exact);
}

static const char *const bodies[] = {
    "{}", "{ }", "[]", "[1]", "1", "\"x\"", "", " ", "{", "}", "null",
    "{\"name\":\"深圳市测试贸易有限公司\",\"phone\":\"0755-81234567\",\"is_key\":true,\"n\":0,\"none\":null,\"no\":false}",
    " {\r\n\t\"a\" : \"b\" , \"c\" : -12 } \n", "{\"\":\"\"}", "{\"a\":\"\"}",
    "{\"a\":1,\"a\":2}", "{\"a\":1,}", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{\"a\":1}}", "{\"a\":1}x", "{\"a\":1",
    "{\"a\":\"x}", "{\"a\":\"x\\\"y\"}", "{\"a\\u0041\":1}", "{\"a\":\"\\u4e2d\"}", "{\"a\":\"\\ud83d\\ude00\"}", "{\"a\":\"\\q\"}",
    "{\"a\":\"\t\"}", "{\"a\":\"\x7f\"}", "{\"a\":\"\xff\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"\xc0\x80\":1}", "{\"a\":1}\xc3",
    "{\"a\":-}", "{\"a\":-0}", "{\"a\":00}", "{\"a\":01}", "{\"a\":+1}", "{\"a\":--1}", "{\"a\":- 1}", "{\"a\":1.5}", "{\"a\":1e3}", "{\"a\":1E3}", "{\"a\":.5}",
    "{\"a\":123456789012345678}", "{\"a\":1234567890123456789}", "{\"a\":9223372036854775807}", "{\"a\":9223372036854775808}",
    "{\"a\":-9223372036854775808}", "{\"a\":12345678901234567890123}", "{\"a\":true1}", "{\"a\":tru}", "{\"a\":truee}", "{\"a\":nul}", "{\"a\":True}",
    "{\"a\":1 }", "{\"a\":1\n,\"b\":2}", "{\"a\":{}}", "{\"a\":[1,2]}", "{\"a\":\"x\" \"y\"}", "{\"a\":\"x\"\"b\":1}", "{\"a\" :\"x\"}", "/**/{}", "{\"a\":NaN}",
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_what_jansson_makes_of_it),
        cmocka_unit_test(a_broken_body_is_as_broken_as_jansson_finds_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
