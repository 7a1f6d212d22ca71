/* test_timer.c - timers: each due time once, whatever happens to clock and process; clocks that change, days off. */
#include "site_test.h"

#include <sys/stat.h>

#include "base/when.h"
#include "record/schedule.h"
#include "record/timer.h"
#include "record/workday.h"
#include "record/zone.h"

#define HOUR INT64_C(3600000)
#define MINUTE INT64_C(60000)

static int open_site(void **state)
{
    (void)state;
    return site_up(0);
}

/* ---- small things ------------------------------------------------------------------------------- */
static void zone(const char *name)
{
    snprintf(site.st.company.zone, sizeof(site.st.company.zone), "%s", name);
}

static int64_t at(const char *time)
{
    int64_t ms;

    assert_true(when_time_parse(time, strlen(time), &ms));
    return ms;
}

static void assert_next(const char *cron, const char *after, const char *expected)
{
    char text[WHEN_TIME_MAX];
    struct every e;
    int64_t next;

    assert_true(every_parse(cron, &e));
    next = schedule_next(&site.st, conn, &e, at(after));
    when_time_format(next, text);
    assert_string_equal(text, expected);
}

/* ---- when ----------------------------------------------------------------------------------------- */
static void a_line_of_cron_is_read_on_the_companys_clock(void **state)
{
    (void)state;
    zone("Asia/Shanghai");
    assert_next("30 8 * * mon-fri", "2026-11-27T00:30:00Z", "2026-11-30T00:30:00.000Z"); /* Friday's is just over */
    assert_next("daily 02:00", "2026-11-27T17:59:59.999Z", "2026-11-27T18:00:00.000Z");
    assert_next("*/15 * * * *", "2026-11-27T00:07:00Z", "2026-11-27T00:15:00.000Z");
    assert_next("0 9 29 feb *", "2096-03-01T00:00:00Z", "2104-02-29T01:00:00.000Z");
    assert_next("0 9 30 feb *", "2026-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z");
    assert_next("10m", "2026-11-27T00:07:00Z", "2026-11-27T00:17:00.000Z");
}

static void clocks_that_go_forward_skip_nothing_and_those_that_go_back_repeat_nothing(void **state)
{
    (void)state;
    zone("Europe/Berlin"); /* 29 March 2026, 02:00 -> 03:00; 25 October, 03:00 -> 02:00 */
    assert_next("30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00.000Z"); /* there is no 02:30: at 03:00 */
    assert_next("30 2 * * *", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00.000Z");
    assert_next("15,30 2 * * *", "2026-03-29T01:00:00Z", "2026-03-30T00:15:00.000Z"); /* both were at 03:00, once */
    assert_next("30 2 * * *", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00.000Z"); /* the first 02:30 */
    assert_next("30 2 * * *", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00.000Z"); /* and not the second */
    assert_next("30 * * * *", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00.000Z"); /* every hour: in both */
    assert_next("0 0 * * *", "2026-10-24T23:00:00Z", "2026-10-25T23:00:00.000Z");
    zone("Australia/Lord_Howe"); /* half an hour only */
    assert_next("15 2 * * *", "2026-10-03T00:00:00Z", "2026-10-03T15:30:00.000Z");
    zone("Asia/Shanghai");
}

static void assert_hours(const char *from, int64_t hours, const char *expected)
{
    char text[WHEN_TIME_MAX];

    when_time_format(workday_hours(&site.st, conn, at(from), hours), text);
    assert_string_equal(text, expected);
}

static void days_off_and_days_worked_instead_move_what_is_due(void **state)
{
    int64_t friday = when_days(2026, 2, 13);

    (void)state;
    sql("INSERT INTO work_week (version, created_at, updated_at, country, days) VALUES (1, 0, 0, 'VN', '|mon|tue|wed|thu|fri|sat|')");
    sql("INSERT INTO day_off (version, created_at, updated_at, on_day, name, works, country) VALUES (1, 0, 0, 20500, 'x', 0, NULL)");
    for (int64_t d = friday + 3; d <= friday + 10; d++) /* spring festival; a Saturday is worked for it */
        sql("INSERT INTO day_off (version, created_at, updated_at, on_day, name, works, country) VALUES (1, 0, 0, %lld, 'f', 0, 'CN')",
            (long long)d);
    sql("INSERT INTO day_off (version, created_at, updated_at, on_day, name, works, country) VALUES (1, 0, 0, 20498, 'worked', 1, 'CN')"); /* Saturday 2026-02-14 */
    assert_int_equal(friday, 20497);
    assert_true(workday_is(&site.st, conn, NULL, friday));
    assert_true(workday_is(&site.st, conn, "CN", friday + 1) && workday_is(&site.st, conn, "VN", friday + 1));
    assert_false(workday_is(&site.st, conn, "DE", friday + 1) || workday_is(&site.st, conn, "CN", friday + 2));
    assert_true(workday_is(&site.st, conn, "VN", friday + 4)); /* the festival is China's */
    assert_false(workday_is(&site.st, conn, "VN", 20500)); /* everybody's */
    assert_int_equal(workday_after(&site.st, conn, NULL, friday, 1), friday + 1);
    assert_int_equal(workday_after(&site.st, conn, NULL, friday, 2), friday + 11);
    assert_int_equal(workday_after(&site.st, conn, NULL, friday + 2, 0), friday + 11);
    assert_int_equal(workday_after(&site.st, conn, NULL, friday + 11, -2), friday);
    assert_int_equal(workday_after(&site.st, conn, NULL, friday, 0), friday);
    assert_hours("2026-02-13T02:00:00Z", 5, "2026-02-13T07:00:00.000Z");
    assert_hours("2026-02-13T10:00:00Z", 24, "2026-02-14T10:00:00.000Z"); /* the Saturday is worked */
    assert_hours("2026-02-14T10:00:00Z", 24, "2026-02-24T10:00:00.000Z"); /* the festival is over */
    assert_hours("2026-02-17T03:00:00Z", 1, "2026-02-23T17:00:00.000Z"); /* begins with the next working day, in Shanghai */
    assert_next("0 8 * * * workdays", "2026-02-14T12:00:00Z", "2026-02-24T00:00:00.000Z");
    assert_next("0 8 * * tue workdays", "2026-02-14T12:00:00Z", "2026-02-24T00:00:00.000Z");
    assert_next("0 8 16 * * workdays", "2026-02-14T12:00:00Z", "2026-03-16T00:00:00.000Z");
    assert_next("0 8 16 * * next_workday", "2026-02-14T12:00:00Z", "2026-02-24T00:00:00.000Z");
    assert_next("0 8 13 * * next_workday", "2026-02-12T12:00:00Z", "2026-02-13T00:00:00.000Z"); /* it is one itself */
    sql("INSERT INTO work_week (version, created_at, updated_at, country, days) VALUES (1, 0, 0, 'XX', '')");
    assert_int_equal(workday_after(&site.st, conn, "XX", friday, 3), friday); /* nobody ever works */
    sql("DELETE FROM day_off");
    sql("DELETE FROM work_week");
}

/* ---- once -------------------------------------------------------------------------------------------- */
static int runs, fail_next, more_next;

static int count_run(struct berth_ctx *c)
{
    (void)c;
    if (fail_next > 0) {
        fail_next--;
        return BERTH_BROKEN;
    }
    if (more_next > 0) {
        more_next--;
        return 1;
    }
    runs++;
    return 0;
}

static const struct timer daily = {"pools.test", "daily 02:00", "pools", count_run, 3, 60000, NULL};

static void look(const struct timer *t, int64_t now)
{
    atomic_store(&site.st.clock, now);
    timer_due(&site.st, conn, t, now);
    db_settle(conn);
}

static void begin_again(int64_t now)
{
    sql("DELETE FROM timer");
    sql("DELETE FROM timer_run");
    runs = fail_next = more_next = 0;
    look(&daily, now);
    assert_int_equal(runs, 0); /* its first time is still to come */
}

#define TWO INT64_C(1767290400000) /* 2026-01-02 02:00 in Shanghai */

static void a_due_time_is_run_once_however_often_it_is_looked_at(void **state)
{
    (void)state;
    begin_again(TWO - HOUR);
    for (int64_t t = TWO - HOUR; t < TWO + 3 * WHEN_DAY; t += 7 * MINUTE)
        look(&daily, t);
    assert_int_equal(runs, 3); /* two, and those of the two days behind it; the fourth is seven minutes away */
    assert_int_equal(number("SELECT count(*) FROM timer_run WHERE state = 'done' AND missed = 0 AND tries = 1"), 3);
    assert_int_equal(number("SELECT min(due_at) FROM timer_run"), TWO);
}

static void what_was_missed_is_made_up_for_by_one_run(void **state)
{
    (void)state;
    begin_again(TWO - HOUR);
    look(&daily, TWO + 5 * WHEN_DAY + HOUR);
    look(&daily, TWO + 5 * WHEN_DAY + 2 * HOUR);
    assert_int_equal(runs, 1);
    assert_int_equal(number("SELECT missed FROM timer_run"), 5);
    assert_int_equal(number("SELECT due_at FROM timer_run"), TWO + 5 * WHEN_DAY);
}

static void a_clock_set_back_runs_nothing_twice_and_one_that_was_astray_silences_nothing(void **state)
{
    (void)state;
    begin_again(TWO - HOUR);
    look(&daily, TWO + MINUTE);
    look(&daily, TWO - HOUR); /* back by an hour: the same two o'clock comes again */
    look(&daily, TWO + MINUTE);
    assert_int_equal(runs, 1);
    look(&daily, TWO + 20 * WHEN_DAY + HOUR); /* twenty days ahead ... */
    assert_int_equal(runs, 2);
    look(&daily, TWO + HOUR); /* ... and put right */
    for (int64_t t = TWO + 2 * HOUR; t < TWO + 22 * WHEN_DAY - MINUTE; t += 6 * HOUR)
        look(&daily, t);
    assert_int_equal(number("SELECT count(*) FROM timer_run"), 22);
    assert_int_equal(runs, 22); /* a day each, the one that was done already left out */
    assert_int_equal(number("SELECT count(DISTINCT due_at) FROM timer_run"), 22);
}

static void a_run_that_fails_is_tried_again_later_and_later_and_then_has_failed(void **state)
{
    (void)state;
    begin_again(TWO - HOUR);
    fail_next = 2;
    look(&daily, TWO);
    assert_int_equal(number("SELECT count(*) FROM timer_run WHERE state = 'waiting' AND tries = 2 AND error IS NOT NULL"), 1);
    assert_int_equal(number("SELECT run_at FROM timer"), TWO + MINUTE);
    look(&daily, TWO + MINUTE - 1);
    assert_int_equal(fail_next, 1); /* not yet */
    look(&daily, TWO + MINUTE);
    assert_int_equal(number("SELECT run_at FROM timer"), TWO + 3 * MINUTE);
    look(&daily, TWO + 3 * MINUTE);
    assert_int_equal(runs, 1);
    assert_int_equal(number("SELECT count(*) FROM timer_run WHERE state = 'done' AND tries = 3 AND error IS NULL"), 1);

    fail_next = 3;
    for (int i = 0; i < 10; i++)
        look(&daily, TWO + WHEN_DAY + i * 5 * MINUTE);
    assert_int_equal(runs, 1);
    assert_int_equal(number("SELECT count(*) FROM timer_run WHERE state = 'failed' AND tries = 3"), 1);
    look(&daily, TWO + 2 * WHEN_DAY); /* the next day is a new one */
    assert_int_equal(runs, 2);
}

static void a_run_cut_off_between_its_turns_goes_on_as_the_same_run(void **state)
{
    (void)state;
    begin_again(TWO - HOUR);
    more_next = 2;
    fail_next = 0;
    look(&daily, TWO);
    assert_int_equal(number("SELECT turns FROM timer_run"), 3);
    assert_int_equal(runs, 1);
    /* as a crash behind the first turn leaves it */
    sql("UPDATE timer_run SET state = 'running', ended_at = NULL, turns = 1");
    sql("UPDATE timer SET since = 0, run_id = (SELECT id FROM timer_run), run_at = 0");
    look(&daily, TWO + MINUTE);
    look(&daily, TWO + 2 * MINUTE);
    assert_int_equal(runs, 2);
    assert_int_equal(number("SELECT count(*) FROM timer_run WHERE state = 'done' AND turns = 2"), 1);
    assert_int_equal(number("SELECT count(*) FROM timer_run"), 1);
}

static void an_interval_begins_at_once_and_keeps_its_pace(void **state)
{
    const struct timer often = {"pools.often", "10m", "pools", count_run, 3, 60000, NULL};

    (void)state;
    begin_again(TWO);
    look(&often, TWO);
    assert_int_equal(runs, 1);
    for (int64_t t = TWO; t <= TWO + HOUR; t += 1000)
        look(&often, t);
    assert_int_equal(runs, 7);
    look(&often, TWO - HOUR); /* set back: it goes on from there */
    look(&often, TWO - HOUR + 10 * MINUTE);
    assert_int_equal(runs, 8);
}

static void runs_are_forgotten_after_their_days_but_not_where_the_timer_stands(void **state)
{
    (void)state;
    begin_again(TWO - HOUR);
    look(&daily, TWO);
    atomic_store(&site.st.clock, TWO + 13 * WHEN_DAY);
    timer_prune(&site.st);
    assert_int_equal(number("SELECT count(*) FROM timer_run"), 1);
    atomic_store(&site.st.clock, TWO + 15 * WHEN_DAY);
    timer_prune(&site.st);
    assert_int_equal(number("SELECT count(*) FROM timer_run"), 0);
    look(&daily, TWO + HOUR);
    assert_int_equal(runs, 1);
}

static void somebody_may_run_it_besides(void **state)
{
    (void)state;
    begin_again(TWO - HOUR);
    assert_int_equal(timer_run(&site.st, &daily, 1), 1);
    assert_int_equal(timer_run(&site.st, &daily, 1), 1);
    assert_int_equal(number("SELECT count(*) FROM timer_run WHERE due_at IS NULL AND by = 1 AND state = 'done'"), 2);
    fail_next = 1;
    assert_true(timer_run(&site.st, &daily, 1) < 0);
    assert_int_equal(number("SELECT count(*) FROM timer_run WHERE state = 'failed'"), 1);
    look(&daily, TWO);
    assert_int_equal(runs, 3);
}

static int there_for; /* turns */

static int count_script(struct berth_ctx *c, const char *full)
{
    (void)full;
    return there_for-- > 0 ? count_run(c) : BERTH_NOT_FOUND;
}

static void a_script_taken_away_before_its_turn_has_not_run(void **state)
{
    static const struct timer scripted = {"script.test", "daily 02:00", NULL, NULL, 3, 60000, NULL};

    (void)state;
    begin_again(TWO - HOUR);
    look(&scripted, TWO - HOUR);
    site.st.scripts.timer = count_script;
    there_for = 0;
    look(&scripted, TWO);
    assert_int_equal(timer_run(&site.st, &scripted, 1), BERTH_NOT_FOUND);
    assert_int_equal(number("SELECT count(*) FROM timer_run"), 0);
    there_for = 1; /* it comes back */
    look(&scripted, TWO + MINUTE);
    assert_int_equal(runs, 1);
    assert_int_equal(number("SELECT count(*) FROM timer_run WHERE state = 'done'"), 1);

    more_next = 9;
    there_for = 5; /* between two turns: the run waits for it */
    look(&scripted, TWO + WHEN_DAY);
    assert_int_equal(number("SELECT count(*) FROM timer_run WHERE state = 'running' AND turns = 5"), 1);
    there_for = 100;
    look(&scripted, TWO + WHEN_DAY + MINUTE);
    assert_int_equal(number("SELECT count(*) FROM timer_run WHERE state = 'done' AND turns = 10"), 1);
    assert_int_equal(number("SELECT count(*) FROM timer_run"), 2);

    more_next = 9;
    there_for = 5;
    assert_int_equal(timer_run(&site.st, &scripted, 1), BERTH_NOT_FOUND);
    assert_int_equal(number("SELECT count(*) FROM timer_run WHERE state = 'failed' AND turns = 5 AND due_at IS NULL"), 1);
    site.st.scripts.timer = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_of_cron_is_read_on_the_companys_clock),
        cmocka_unit_test(clocks_that_go_forward_skip_nothing_and_those_that_go_back_repeat_nothing),
        cmocka_unit_test(days_off_and_days_worked_instead_move_what_is_due),
        cmocka_unit_test(a_due_time_is_run_once_however_often_it_is_looked_at),
        cmocka_unit_test(what_was_missed_is_made_up_for_by_one_run),
        cmocka_unit_test(a_clock_set_back_runs_nothing_twice_and_one_that_was_astray_silences_nothing),
        cmocka_unit_test(a_run_that_fails_is_tried_again_later_and_later_and_then_has_failed),
        cmocka_unit_test(a_run_cut_off_between_its_turns_goes_on_as_the_same_run),
        cmocka_unit_test(an_interval_begins_at_once_and_keeps_its_pace),
        cmocka_unit_test(runs_are_forgotten_after_their_days_but_not_where_the_timer_stands),
        cmocka_unit_test(somebody_may_run_it_besides),
        cmocka_unit_test(a_script_taken_away_before_its_turn_has_not_run),
    };

    return cmocka_run_group_tests(tests, open_site, close_site);
}
