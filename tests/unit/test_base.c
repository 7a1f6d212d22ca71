/* test_base.c - dates, money, JSON, arenas, maps and sorting. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/background.h"
#include "base/every.h"
#include "base/json.h"
#include "base/map.h"
#include "base/money.h"
#include "base/sort.h"
#include "base/when.h"

static void a_date_survives_the_round_trip(void **state)
{
    (void)state;
    for (int64_t d = when_days(1, 1, 1); d <= when_days(9999, 12, 31); d += 97) {
        char text[WHEN_DATE_MAX];
        int64_t back = 0;

        when_date_format(d, text);
        assert_true(when_date_parse(text, strlen(text), &back));
        assert_int_equal(back, d);
    }
}

static void an_impossible_date_is_refused(void **state)
{
    static const char *const bad[] = {"2026-02-29", "2026-13-01", "2026-00-10", "2026-04-31",
                                      "2026-1-01",  "26-01-01",   "0000-01-01", "2026/01/01"};
    int64_t d;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(when_date_parse(bad[i], strlen(bad[i]), &d));
    assert_true(when_date_parse("2024-02-29", 10, &d));
}

static void a_time_keeps_its_offset_and_milliseconds(void **state)
{
    char text[WHEN_TIME_MAX];
    int64_t t = 0, u = 0;

    (void)state;
    assert_true(when_time_parse("2026-11-22T09:33:57.120+08:00", 29, &t));
    assert_true(when_time_parse("2026-11-22T01:33:57.12Z", 23, &u));
    assert_int_equal(t, u);
    when_time_format(t, text);
    assert_string_equal(text, "2026-11-22T01:33:57.120Z");
    when_time_format(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    for (int again = 0; again < 2; again++) { /* what was written last is remembered */
        assert_int_equal(when_time_format(t, text), 24);
        assert_string_equal(text, "2026-11-22T01:33:57.120Z");
    }
    when_time_format(INT64_C(253402300800000), text); /* the year 10000 */
    assert_string_equal(text, "10000-01-01T00:00:00.000Z");
    when_time_format(t + 1, text);
    assert_string_equal(text, "2026-11-22T01:33:57.121Z");
    assert_false(when_time_parse("2026-11-22T09:33:57", 19, &t));
    assert_false(when_time_parse("2026-11-22T25:00Z", 17, &t));
}

static void each_failure_doubles_the_wait_up_to_six_hours(void **state)
{
    (void)state;
    assert_int_equal(when_doubled(60000, 0), 60000);
    assert_int_equal(when_doubled(60000, 3), 8 * 60000);
    assert_int_equal(when_doubled(60000, 9), WHEN_WAIT_MAX);
    assert_int_equal(when_doubled(1, INT64_MAX), WHEN_WAIT_MAX);
    assert_int_equal(when_doubled(WHEN_DAY, 0), WHEN_WAIT_MAX);
}

static void money_is_exact(void **state)
{
    static const struct {
        const char *in;
        int64_t v;
        const char *out;
    } cases[] = {
        {"0", 0, "0.00"},           {"1234.5", 12345000, "1234.50"},
        {"-0.0001", -1, "-0.0001"}, {"0.1", 1000, "0.10"},
        {"1.234", 12340, "1.2340"}, {"-1.5", -15000, "-1.50"},
        {"922337203685477.5807", INT64_MAX, "922337203685477.5807"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[MONEY_MAX];
        int64_t v = 0;

        assert_true(money_parse(cases[i].in, strlen(cases[i].in), &v));
        assert_int_equal(v, cases[i].v);
        money_format(v, text);
        assert_string_equal(text, cases[i].out);
    }
}

static void money_refuses_what_it_cannot_hold(void **state)
{
    static const char *const bad[] = {"", "-", ".", "1e5", "1,5", "0.00001", "1..2", "922337203685477.5808"};
    int64_t v;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(money_parse(bad[i], strlen(bad[i]), &v));
}

static void json_escapes_what_it_must(void **state)
{
    struct buf b = BUF_INIT;
    struct json j = json_to(&b);

    (void)state;
    json_open(&j, '{');
    json_key(&j, "a");
    json_str(&j, "q\"\\\n\x01 越南 \xff");
    json_key(&j, "b");
    json_open(&j, '[');
    json_int(&j, INT64_MIN);
    json_double(&j, 0.1);
    json_bool(&j, true);
    json_nil(&j);
    json_close(&j, ']');
    json_close(&j, '}');
    assert_string_equal(
        b.s, "{\"a\":\"q\\\"\\\\\\n\\u0001 越南 \\ufffd\",\"b\":[-9223372036854775808,0.1,true,null]}");
    buf_free(&b);
}

static void a_member_with_a_ready_made_key_is_one_written_in_two_steps(void **state)
{
    static const char *const keys[] = {"\"a\":", "\"phone\":", "\"created_at\":", "\"a_key_that_is_longer_than_sixteen\":"};
    struct buf quick = BUF_INIT, slow = BUF_INIT;
    struct json q = json_to(&quick), s = json_to(&slow);
    int64_t v = 1;

    (void)state;
    for (int i = 0; i < 400; i++) {
        const char *key = keys[i % 4];
        size_t len = strlen(key);
        int64_t n = i % 3 == 0 ? -v : v;
        char number[32], time[WHEN_TIME_MAX];

        snprintf(number, sizeof(number), "%lld", (long long)n);
        when_time_format(n % 4000000000000, time);
        json_member_int(&q, key, len, n);
        json_member_time(&q, key, len, n % 4000000000000);
        json_member_strn(&q, key, len, "深\"圳", 7);
        json_member_raw(&q, key, len, "null", 4);
        json_key_raw(&s, key, len);
        json_raw(&s, number, strlen(number));
        json_key_raw(&s, key, len);
        json_str(&s, time);
        json_key_raw(&s, key, len);
        json_str(&s, "深\"圳");
        json_key_raw(&s, key, len);
        json_nil(&s);
        v = i % 64 < 62 ? (int64_t)((uint64_t)v * 2 - (uint64_t)(i % 2)) : i % 5;
    }
    assert_string_equal(quick.s, slow.s);
    buf_free(&quick);
    buf_free(&slow);
}

/* The rule of RFC 3629, byte by byte: how many at s are one character; 0: none. */
static size_t one_character(const unsigned char *s, size_t n)
{
    static const unsigned char least[] = {0, 0, 0xc2, 0xe0, 0xf0}, most[] = {0, 0x7f, 0xdf, 0xef, 0xf4};

    if (s[0] < 0x80)
        return 1;
    for (size_t len = 2; len <= 4; len++) {
        bool fits = s[0] >= least[len] && s[0] <= most[len] && n >= len;

        for (size_t i = 1; fits && i < len; i++)
            fits = s[i] >= 0x80 && s[i] <= 0xbf;
        if (fits)
            return (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
                           (s[0] == 0xf4 && s[1] > 0x8f)
                       ? 0
                       : len;
    }
    return 0;
}

static void quote_slowly(struct buf *out, const unsigned char *s, size_t n)
{
    buf_putc(out, '"');
    for (size_t i = 0, len; i < n; i += len == 0 ? 1 : len) {
        len = one_character(s + i, n - i);
        if (len == 0)
            buf_puts(out, "\\ufffd");
        else if (len > 1)
            buf_add(out, (const char *)s + i, len);
        else if (s[i] == '"' || s[i] == '\\')
            buf_addf(out, "\\%c", s[i]);
        else if (s[i] == '\n')
            buf_puts(out, "\\n");
        else if (s[i] < 0x20)
            buf_addf(out, "\\u%04x", s[i]);
        else if (s[i] == 0x7f)
            buf_puts(out, "\\u007f");
        else
            buf_putc(out, (char)s[i]);
    }
    buf_putc(out, '"');
}

static void json_quotes_several_bytes_at_a_time_as_one_by_one(void **state)
{
    static const char *const parts[] = {"a",
                                        "z9 ",
                                        "深圳市",
                                        "\xe6\xb7\xb1\xed\xa0\x80",
                                        "\xe6\xb7\xb1\xe6\xb7x",
                                        "abcdefgh",
                                        "0755-200",
                                        "\"",
                                        "\\",
                                        "\n",
                                        "\x01",
                                        "\x7f",
                                        "ô",
                                        "越",
                                        "\xef\xbc\xa1",
                                        "\xe0\xa4\xb9",
                                        "\xe0\x80\xaf",
                                        "\xed\x95\x9c",
                                        "\xed\xa0\x80",
                                        "𠮷",
                                        "\xf4\x90\x80\x80",
                                        "\xe6\xb7",
                                        "\xb7",
                                        "\xff"};
    struct buf text = BUF_INIT, quick = BUF_INIT, slow = BUF_INIT;
    uint64_t r = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        buf_clear(&text);
        buf_clear(&quick);
        buf_clear(&slow);
        for (int i = 0; i < round % 9; i++) {
            r = r * UINT64_C(6364136223846793005) + 1442695040888963407;
            buf_puts(&text, parts[(r >> 33) % (sizeof(parts) / sizeof(parts[0]))]);
        }
        json_quote(&quick, buf_str(&text), text.len);
        quote_slowly(&slow, (const unsigned char *)buf_str(&text), text.len);
        assert_string_equal(quick.s, slow.s);
    }
    buf_free(&text);
    buf_free(&quick);
    buf_free(&slow);
}

static void an_arena_holds_small_and_large(void **state)
{
    struct arena *a = arena_new();
    char *big;

    (void)state;
    for (int i = 0; i < 10000; i++) {
        char *s = arena_fmt(a, "row %d", i);

        assert_int_equal((uintptr_t)s % sizeof(void *), 0);
    }
    big = arena_alloc(a, 1 << 20);
    assert_int_equal(big[(1 << 20) - 1], 0);
    arena_reset(a);
    assert_int_equal(arena_used(a), 0);
    assert_string_equal(arena_strndup(a, "berth", 3), "ber");
    arena_free(&a);
    assert_null(a);
}

static void a_map_finds_each_key_again(void **state)
{
    struct arena *a = arena_new();
    struct map m = {0};

    (void)state;
    assert_null(map_get(&m, "x"));
    for (intptr_t i = 1; i <= 1000; i++)
        assert_null(map_put(&m, arena_fmt(a, "k%d", (int)i), (void *)i));
    for (intptr_t i = 1; i <= 1000; i++)
        assert_ptr_equal(map_get(&m, arena_fmt(a, "k%d", (int)i)), (void *)i);
    assert_ptr_equal(map_getn(&m, "k12345", 3), (void *)12);
    assert_null(map_get(&m, "k"));
    map_free(&m);
    arena_free(&a);
}

static void an_arena_used_again_gives_what_it_had(void **state)
{
    struct arena *a = arena_new();

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 20000; i++) {
            char *zero = arena_alloc(a, 24);

            for (int k = 0; k < 24; k++)
                assert_int_equal(zero[k], 0);
            memset(zero, 0xAA, 24);
        }
        assert_true(arena_used(a) >= 20000 * 24);
        arena_alloc(a, 1 << 20);
        arena_again(a);
        assert_int_equal(arena_used(a), 0);
    }
    arena_reset(a);
    assert_string_equal(arena_strdup(a, "berth"), "berth");
    arena_free(&a);
}

/* Hashes of all sizes, many of them equal; what belongs to each stays with it. */
static void pairs_come_out_in_order_with_what_belongs_to_them(void **state)
{
    enum { N = 50000 };
    struct sort_pair *p = mem_alloc(N * sizeof(*p));

    (void)state;
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < N; i++) {
            uint64_t h = (uint64_t)(i + round) * UINT64_C(0x9E3779B97F4A7C15);

            h = round == 0   ? h
                : round == 1 ? h % 100
                : round == 2 ? UINT64_MAX - h % 70000
                             : (uint64_t)(i % 2 == 0 ? INT64_MIN : INT64_MAX);
            p[i] = (struct sort_pair){(int64_t)h, (int64_t)(h ^ 42)};
        }
        sort_pairs(p, N);
        for (int i = 0; i < N; i++) {
            assert_int_equal(p[i].of, p[i].key ^ 42);
            assert_true(i == 0 || p[i - 1].key <= p[i].key);
        }
    }
    sort_pairs(p, 1);
    sort_pairs(p, 0);
    free(p);
}

static void intervals_and_lines_of_cron_are_understood(void **state)
{
    static const char *const bad[] = {"",
                                      "1",
                                      "h",
                                      "0m",
                                      "-1h",
                                      "1w",
                                      "daily",
                                      "daily 24:00",
                                      "daily 2:00",
                                      "daily 02:60",
                                      "1h ",
                                      "10 m",
                                      "200000s",
                                      "* * * *",
                                      "60 * * * *",
                                      "* 24 * * *",
                                      "* * 0 * *",
                                      "* * 32 * *",
                                      "* * * 13 *",
                                      "* * * * 8",
                                      "5-1 * * * *",
                                      "*/0 * * * *",
                                      "1, * * * *",
                                      "* * * * mon-xyz",
                                      "* * * * * never",
                                      "0 0 1,L * *",
                                      "* * * * * workdays x",
                                      "a * * * *",
                                      NULL};
    static const char *const good[] = {
        "0 8 * * mon-fri", "*/15 * * * *", "5/20 8-18/2 1,15 * *", "0 9 L * * next_workday", "0 0 29 feb 0", "0\t0  1 JAN-Dec/3 Sun", NULL};
    struct every e;

    (void)state;
    for (size_t i = 0; bad[i] != NULL; i++)
        if (every_parse(bad[i], &e))
            fail_msg("\"%s\" is taken for something", bad[i]);
    assert_false(every_parse(NULL, &e));
    for (size_t i = 0; good[i] != NULL; i++)
        if (!every_parse(good[i], &e))
            fail_msg("\"%s\" is not understood", good[i]);
    assert_true(every_parse("10m", &e) && e.period == 600000);
    assert_true(every_parse("daily 02:30", &e) && e.period == 0 && e.hours == 4 && e.minutes == UINT64_C(1) << 30);
    assert_true(every_parse("*/20 8-18/5 * * *", &e));
    assert_true(e.minutes == (UINT64_C(1) | UINT64_C(1) << 20 | UINT64_C(1) << 40) && e.hours == (1 << 8 | 1 << 13 | 1 << 18));
}

static int64_t days_of(const char *cron, int64_t from, int64_t to)
{
    struct every e;
    int64_t n = 0;

    assert_true(every_parse(cron, &e));
    for (int64_t d = from; d < to; d++)
        n += every_on_day(&e, d);
    return n;
}

static void days_are_counted_as_cron_does(void **state)
{
    int64_t from = when_days(2027, 1, 1), to = when_days(2028, 1, 1);

    (void)state;
    assert_int_equal(days_of("0 8 * * *", from, to), 365);
    assert_int_equal(days_of("0 8 * * mon-fri", from, to), 261);
    assert_int_equal(days_of("0 8 * * 0", from, to), 52);
    assert_int_equal(days_of("0 8 * * 7", from, to), 52);
    assert_int_equal(days_of("0 8 13 * fri", from, to), 64); /* 53 Fridays and 12 thirteenths, one of them a Friday */
    assert_int_equal(days_of("0 8 31 * *", from, to), 7);
    assert_int_equal(days_of("0 8 L * *", from, to), 12);
    assert_int_equal(days_of("0 8 29 feb *", from, when_days(2037, 1, 1)), 3);
    assert_int_equal(days_of("0 8 30 2 *", from, to), 0);
}

/* ---- background ---- */
struct rounds {
    struct background b;
    atomic_int n;
};

static void *count_rounds(void *arg)
{
    struct rounds *r = arg;

    while (background_rest(&r->b, 3600000))
        atomic_fetch_add(&r->n, 1);
    return NULL;
}

static void a_thread_in_the_background_wakes_and_ends_when_told(void **state)
{
    struct rounds r = {0};

    (void)state;
    background_wake(&r.b); /* not there yet: nothing happens */
    assert_int_equal(background_start(&r.b, count_rounds, &r), 0);
    for (int i = 1; i <= 3; i++) {
        background_wake(&r.b);
        while (atomic_load(&r.n) < i)
            sched_yield();
    }
    background_stop(&r.b); /* an hour early */
    assert_int_equal(atomic_load(&r.n), 3);
    background_stop(&r.b);
    background_wake(&r.b);
}

static void *end_behind_the_other(void *arg)
{
    struct background *b = arg; /* the first of two */

    while (background_rest(b, 3600000))
        continue;
    while (!background_stopping(b + 1))
        sched_yield();
    return NULL;
}

static void *rest_on(void *arg)
{
    while (background_rest(arg, 3600000))
        continue;
    return NULL;
}

static void threads_are_asked_to_end_before_one_is_waited_for(void **state)
{
    struct background b[2] = {0};

    (void)state;
    background_ask(&b[0]); /* never started: nothing happens */
    assert_int_equal(background_start(&b[1], rest_on, &b[1]), 0);
    assert_int_equal(background_start(&b[0], end_behind_the_other, &b[0]), 0);
    background_ask(&b[0]);
    background_ask(&b[1]);
    background_stop(&b[0]); /* hangs where the other is asked only behind it */
    background_stop(&b[1]);
    assert_true(background_stopping(&b[0]) && background_stopping(&b[1]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_date_survives_the_round_trip),
        cmocka_unit_test(an_impossible_date_is_refused),
        cmocka_unit_test(a_time_keeps_its_offset_and_milliseconds),
        cmocka_unit_test(each_failure_doubles_the_wait_up_to_six_hours),
        cmocka_unit_test(money_is_exact),
        cmocka_unit_test(money_refuses_what_it_cannot_hold),
        cmocka_unit_test(json_escapes_what_it_must),
        cmocka_unit_test(a_member_with_a_ready_made_key_is_one_written_in_two_steps),
        cmocka_unit_test(json_quotes_several_bytes_at_a_time_as_one_by_one),
        cmocka_unit_test(an_arena_holds_small_and_large),
        cmocka_unit_test(an_arena_used_again_gives_what_it_had),
        cmocka_unit_test(a_map_finds_each_key_again),
        cmocka_unit_test(intervals_and_lines_of_cron_are_understood),
        cmocka_unit_test(days_are_counted_as_cron_does),
        cmocka_unit_test(a_thread_in_the_background_wakes_and_ends_when_told),
        cmocka_unit_test(threads_are_asked_to_end_before_one_is_waited_for),
        cmocka_unit_test(pairs_come_out_in_order_with_what_belongs_to_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
