/* test_demo.c - the demo is the same at whatever moment it is made: counted in days from that day, and nothing done lies ahead. */
#include "site_test.h"

#include "base/when.h"
#include "cli/demo.h"

/* A Sunday noon in Shanghai; a Monday just behind midnight and just before the next; the end of a year; ends of months, in a leap year and not. */
static const char *const moments[] = {"2026-11-29T04:00:00Z", "2026-11-29T16:09:00Z", "2026-11-30T15:55:00Z", "2026-12-31T15:59:59Z",
                                      "2026-12-31T16:00:00Z", "2027-01-30T22:00:00Z", "2027-02-28T18:00:00Z", "2028-02-29T03:00:00Z"};

static const struct column {
    const char *table, *name;
    bool time; /* else a day */
} columns[] = {
    {"lead", "created_at", true},          {"lead", "touched_at", true},         {"lead", "next_action_on", false},
    {"customer", "created_at", true},      {"activity", "start_at", true},       {"activity", "end_at", true},
    {"opportunity", "created_at", true},   {"opportunity", "stage_since", true}, {"opportunity", "closed_on", false},
    {"stage_log", "from_at", true},        {"task", "due_on", false},            {"task", "done_at", true},
    {"work_report", "submitted_at", true}, {"announcement", "from_on", false},   {"whereabouts", "start_at", true}};

static const char *const done[][2] = {
    {"activity", "start_at"},    {"activity", "arrived_at"},  {"activity", "created_at"},  {"invitation", "answered_at"},
    {"task", "done_at"},         {"hard_case", "decided_at"}, {"customer", "approved_at"}, {"work_report", "submitted_at"},
    {"lead", "touched_at"},      {"lead", "created_at"},      {"stage_log", "from_at"},    {"opportunity", "created_at"}};

/* How many rows lie on which day from today on: "-2:5 -1:7 0:3". */
static void count_days(struct buf *out, const struct column *k, int64_t today)
{
    struct buf text = BUF_INIT;
    struct db_stmt *s;

    buf_addf(&text, "SELECT %s%s%s - %lld AS day, count(*) FROM %s WHERE %s IS NOT NULL GROUP BY day ORDER BY day", k->time ? "(" : "",
             k->name, k->time ? " + 28800000) / 86400000" : "", (long long)today, k->table, k->name);
    buf_addf(out, "%s.%s", k->table, k->name);
    for (s = db_prepare(conn, buf_str(&text)); db_step(s) == DB_ROW;)
        buf_addf(out, " %lld:%lld", (long long)db_col_int(s, 0), (long long)db_col_int(s, 1));
    db_reset(s);
    db_settle(conn);
    buf_addf(out, "\n");
    buf_free(&text);
}

static void begin(const char *moment, int64_t *now)
{
    struct buf err = BUF_INIT;

    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    assert_true(when_time_parse(moment, strlen(moment), now));
    assert_int_equal(site_up(*now), 0);
    if (demo_load(&site, &err) < 0)
        fail_msg("%s", buf_str(&err));
    buf_free(&err);
}

static void it_is_the_same_at_whatever_moment_it_is_made(void **state)
{
    struct buf first = BUF_INIT;

    for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
        struct buf days = BUF_INIT;
        int64_t now;

        begin(moments[i], &now);
        for (size_t k = 0; k < sizeof(columns) / sizeof(columns[0]); k++)
            count_days(&days, &columns[k], (now + 28800000) / WHEN_DAY);
        for (size_t k = 0; k < sizeof(done) / sizeof(done[0]); k++)
            if (number("SELECT count(*) FROM %s WHERE %s > %lld%s", done[k][0], done[k][1], (long long)now,
                       k == 0 ? " AND status = 'done'" : "") > 0)
                fail_msg("made at %s, %s.%s lies ahead", moments[i], done[k][0], done[k][1]);
        assert_true(number("SELECT count(*) FROM activity WHERE status = 'done'") > 200);
        assert_int_equal(number("SELECT count(*) FROM hard_case WHERE (decided_at + 28800000) / 86400000 < month_on"), 0);
        if (i == 0)
            buf_addf(&first, "%s", buf_str(&days));
        else if (strcmp(buf_str(&first), buf_str(&days)) != 0)
            fail_msg("made at %s:\n%s\nand at %s:\n%s", moments[0], buf_str(&first), moments[i], buf_str(&days));
        buf_free(&days);
        assert_int_equal(close_site(state), 0);
    }
    buf_free(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_is_the_same_at_whatever_moment_it_is_made)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
