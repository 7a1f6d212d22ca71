/* test_api_json.c - answers that a plugin's route puts together piece by piece. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "plugin/api_json.h"

static char sent[200];

static int reply(struct berth_ctx *c, int status, struct buf *json)
{
    assert_int_equal(status, 200);
    strcpy(sent, buf_str(json));
    return c->rc;
}

static struct berth_ctx begin(void)
{
    sent[0] = '\0';
    return (struct berth_ctx){.a = arena_new(), .plugin = "test"};
}

static void test_members_and_elements(void **state)
{
    struct berth_ctx c = begin();

    (void)state;
    api_json_open(&c, NULL, '{');
    api_json(&c, "text", berth_s("a \"b\"\n"));
    api_json_open(&c, "list", '[');
    api_json(&c, NULL, berth_i(-3));
    api_json(&c, NULL, berth_nil());
    api_json(&c, NULL, (struct berth_val){BERTH_MONEY, 0, {.i = 12345600}});
    assert_int_equal(api_json_close(&c, reply), BERTH_OK);
    api_json(&c, "day", (struct berth_val){BERTH_DATE, 0, {.i = 365}});
    api_json(&c, "yes", (struct berth_val){BERTH_BOOL, 0, {.i = 1}});
    assert_string_equal(sent, "");
    assert_int_equal(api_json_close(&c, reply), BERTH_OK);
    assert_string_equal(sent, "{\"text\":\"a \\\"b\\\"\\n\",\"list\":[-3,null,\"1234.56\"],\"day\":\"1971-01-01\",\"yes\":true}");
    arena_free(&c.a);
}

static void test_sums_that_stopped_say_so(void **state)
{
    struct berth_ctx c = begin();

    (void)state;
    c.cut = true;
    api_json_open(&c, NULL, '{');
    api_json_open(&c, "rows", '[');
    api_json_close(&c, reply);
    api_json_close(&c, reply);
    assert_string_equal(sent, "{\"rows\":[],\"exact\":false}");
    arena_free(&c.a);
}

static void test_misuse_is_refused(void **state)
{
    static const struct {
        const char *name;
        char bracket; /* the outer one */
    } wrong[] = {{NULL, '{'}, {"x", '['}};

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct berth_ctx c = begin();

        api_json_open(&c, NULL, wrong[i].bracket);
        api_json(&c, wrong[i].name, berth_i(1));
        assert_int_equal(c.rc, BERTH_BROKEN);
        assert_int_equal(api_json_close(&c, reply), BERTH_BROKEN);
        assert_string_equal(sent, "");
        arena_free(&c.a);
    }
    struct berth_ctx c = begin();

    assert_int_equal(api_json_close(&c, reply), BERTH_BROKEN);
    arena_free(&c.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_members_and_elements), cmocka_unit_test(test_sums_that_stopped_say_so),
                                       cmocka_unit_test(test_misuse_is_refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
