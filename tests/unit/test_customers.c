/* test_customers.c - codes, days to remember, decisions and grades of customers, in the fake host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "customers.c"
#include <fakehost.h>

static int set_up(void **state)
{
    *state = fake_new(berth_plugin_entry);
    return 0;
}

static int tear_down(void **state)
{
    fake_free((struct fake **)state);
    return 0;
}

static int save_with(struct fake *f, const char *country, const char *field, const char *code)
{
    struct berth_row *r = host->make(fake_ctx(f), "customer");

    host->set(r, "name", berth_s("x"));
    host->set(r, "country", berth_s(country));
    host->set(r, field, berth_s(code));
    int rc = fake_save(f, r);

    fake_clear(f);
    return rc;
}

static void a_code_with_one_wrong_sign_is_refused(void **state)
{
    static const char *const good[][3] = {{"CN", "credit_code", "91440300708461136T"},
                                          {"CN", "credit_code", "91350100M000100Y43"},
                                          {"VN", "tax_code", "0100109106"},
                                          {"VN", "tax_code", "0300942001"},
                                          {"TW", "tax_code", "04595257"}};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        char code[20];
        size_t n = strlen(good[i][2]);

        assert_int_equal(save_with(*state, good[i][0], good[i][1], good[i][2]), BERTH_OK);
        for (size_t at = 0; at < n; at++) {
            snprintf(code, sizeof(code), "%s", good[i][2]);
            code[at] = code[at] == '7' ? '8' : '7';
            if (strcmp(good[i][0], "TW") != 0) /* its check finds not every one */
                assert_int_equal(save_with(*state, good[i][0], good[i][1], code), BERTH_INVALID);
        }
    }
}

static void a_code_is_kept_as_it_is_printed(void **state)
{
    struct fake *f = *state;
    struct berth_row *r = host->make(fake_ctx(f), "customer");

    host->set(r, "name", berth_s("x"));
    host->set(r, "country", berth_s("VN"));
    host->set(r, "tax_code", berth_s("0100109106 001"));
    assert_int_equal(fake_save(f, r), BERTH_OK);
    assert_string_equal(fake_text(r, "tax_code"), "0100109106-001");
}

static void a_day_of_the_year_comes_again(void **state)
{
    const int64_t y2026 = 20454, y2028 = 21184; /* 1 January */

    (void)state;
    assert_int_equal(care_next(y2026, y2026), y2026);               /* today counts */
    assert_int_equal(care_next(y2026, y2026 + 1), y2026 + 365);     /* tomorrow it is next year's */
    assert_int_equal(care_next(y2028 + 59, y2026), y2026 + 59);     /* 29 February: 1 March in 2026 */
    assert_int_equal(care_next(y2028 + 59, y2028), y2028 + 59);     /* and itself in 2028 */
    assert_int_equal(care_next(y2026 + 59, y2028), y2028 + 60);     /* 1 March stays 1 March */
    assert_int_equal(care_next(-3654, y2026), y2026 + 364);         /* 31 December 1959 */
}

static void who_decided_stands_beside_the_decision(void **state)
{
    struct fake *f = *state;
    struct berth_row *r = fake_given(f, "customer", "name", berth_s("x"), "approval", berth_s("requested"), "owner_id", berth_i(1));

    fake_user(f, 2);
    host->set(r, "approval", berth_s("approved"));
    assert_int_equal(host->save(fake_ctx(f), r), BERTH_OK);
    assert_int_equal(fake_int(fake_stored(f, "customer", fake_int(r, "id")), "approved_by"), 2);
}

static void a_grade_set_by_hand_stays(void **state)
{
    struct fake *f = *state;
    struct berth_row *r = fake_given(f, "customer", "name", berth_s("x"), "activity", berth_s("low"), "activity_fixed", berth_i(1));
    struct berth_row *free_ = fake_given(f, "customer", "name", berth_s("y"), "activity", berth_s("low"), "activity_fixed", berth_i(0));

    fake_rule(f, "customers.activity", berth_s("high"));
    assert_int_equal(fake_open(f), BERTH_OK);
    assert_int_equal(fake_timer(f, "appraise"), BERTH_OK);
    assert_string_equal(fake_text(fake_stored(f, "customer", fake_int(r, "id")), "activity"), "low");
    assert_string_equal(fake_text(fake_stored(f, "customer", fake_int(free_, "id")), "activity"), "high");
}

static void a_relation_has_one_party_at_each_end(void **state)
{
    struct fake *f = *state;
    struct berth_row *r = host->make(fake_ctx(f), "party_relation");

    host->set(r, "kind", berth_s("partner"));
    host->set(r, "from_customer_id", berth_i(1));
    assert_int_equal(fake_save(f, r), BERTH_INVALID);
    assert_string_equal(fake_error_field(f), "to_customer_id");
    fake_clear(f);
    host->set(r, "to_customer_id", berth_i(1));
    assert_int_equal(fake_save(f, r), BERTH_INVALID);
    assert_string_equal(fake_error_key(f), "customers.err.relation_self");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {TEST(a_code_with_one_wrong_sign_is_refused), TEST(a_code_is_kept_as_it_is_printed),
                                       TEST(a_day_of_the_year_comes_again), TEST(who_decided_stands_beside_the_decision),
                                       TEST(a_grade_set_by_hand_stays), TEST(a_relation_has_one_party_at_each_end)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
