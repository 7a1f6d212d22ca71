/* test_alert.c - alerts fire once, whatever happens to the clock. */
#include "site_test.h"

#include "base/when.h"
#include "record/commit.h"
#include "service/alert.h"

#define START INT64_C(1767290400000) /* 2026-01-02 02:00 in Shanghai */
#define HOUR INT64_C(3600000)

static int64_t user;

static int open_site(void **state)
{
    (void)state;
    if (site_up(0) < 0)
        return -1;
    sql("INSERT INTO \"user\" (version, created_at, updated_at, name, login, active) VALUES (1, 0, 0, 'Reader', 'reader', 1)");
    user = number("SELECT id FROM \"user\" WHERE login = 'reader'");
    return 0;
}

static int raise_body(struct berth_ctx *c, void *arg)
{
    return alert_raise(c, arg);
}

static void told(const char *key, int64_t due)
{
    struct berth_alert a = {.text = "alert.own", .key = key, .people = &user, .npeople = 1, .due_at = due};
    struct commit k = {.st = &site.st, .what = "test", .body = raise_body, .arg = &a};

    assert_int_equal(commit_run(&k), 0);
}

/* The clock shows that, and the thread looks. */
static void look(int64_t now)
{
    atomic_store(&site.st.clock, now);
    alert_due(&site.st, conn);
}

static int64_t fired(void)
{
    return number("SELECT count(*) FROM alert WHERE fired_at IS NOT NULL");
}

static void a_clock_set_back_fires_nothing_twice_and_loses_nothing(void **state)
{
    int64_t first;

    (void)state;
    atomic_store(&site.st.clock, START);
    told("one", START + HOUR);
    told("two", START + 3 * HOUR);
    look(START + HOUR - 1);
    assert_int_equal(fired(), 0);
    look(START + HOUR + 1);
    assert_int_equal(fired(), 1);
    first = number("SELECT fired_at FROM alert WHERE key = 'one'");
    look(START - 20 * WHEN_DAY); /* back: nothing waits longer for it, nothing comes again */
    look(START + HOUR + 1);
    look(START + 2 * HOUR);
    assert_int_equal(fired(), 1);
    assert_int_equal(number("SELECT fired_at FROM alert WHERE key = 'one'"), first);
    look(START + 3 * HOUR);
    assert_int_equal(fired(), 2);
}

static void a_clock_that_was_astray_fires_what_it_passed_once(void **state)
{
    (void)state;
    sql("DELETE FROM alert");
    atomic_store(&site.st.clock, START);
    told("near", START + HOUR);
    told("far", START + 40 * WHEN_DAY);
    look(START + 20 * WHEN_DAY); /* twenty days ahead ... */
    assert_int_equal(fired(), 1);
    look(START + HOUR); /* ... and put right */
    told("near", START + HOUR); /* the same again */
    look(START + 2 * HOUR);
    look(START + 20 * WHEN_DAY);
    assert_int_equal(fired(), 1);
    look(START + 40 * WHEN_DAY);
    assert_int_equal(fired(), 2);
    assert_int_equal(number("SELECT count(*) FROM alert"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_set_back_fires_nothing_twice_and_loses_nothing),
        cmocka_unit_test(a_clock_that_was_astray_fires_what_it_passed_once),
    };

    return cmocka_run_group_tests(tests, open_site, close_site);
}
