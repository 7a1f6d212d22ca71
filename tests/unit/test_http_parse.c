/* test_http_parse.c - what is refused, decoded and chosen in a request, without sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/http_parse.h"

static int arena_up(void **state)
{
    *state = arena_new();
    return 0;
}

static int arena_down(void **state)
{
    struct arena *a = *state;

    arena_free(&a);
    return 0;
}

/* The status a target is refused with, 0 when it is fine. */
static int target_status(struct arena *a, const char *target)
{
    const char *path, *query;
    const struct http_refusal *no = http_target_parse(a, target, &path, &query);

    return no == NULL ? 0 : no->status;
}

static void path_is_decoded_once(void **state)
{
    const char *path, *query;

    assert_null(http_target_parse(*state, "/a%20b/%25%34%31?x=%41", &path, &query));
    assert_string_equal(path, "/a b/%41");
    assert_string_equal(query, "x=%41");
}

static void path_that_two_readers_could_take_differently_is_refused(void **state)
{
    static const char *const bad[] = {
        "",     "x",    "http://a/b", "*",       "//a",           "/a//b",  "/a/..",   "/../a",
        "/./a", "/a/.", "/%2e",       "/%2E%2e", "/%2f",          "/a%2Fb", "/a\\b",   "/a%5Cb",
        "/%00", "/%0a", "/%",         "/%4",     "/%4g",          "/%ff",   "/%c0%ae", "/%ed%a0%80",
        "/a b", "/a#b", "/\x7f",      "/%7f",    "/%f5%80%80%80",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (target_status(*state, bad[i]) != 400)
            fail_msg("accepted: %s", bad[i]);
}

static void ordinary_path_is_accepted(void **state)
{
    static const char *const good[] = {
        "/",
        "/a/",
        "/a.b/..c/d..",
        "/.well-known/x",
        "/%E8%B4%A7%E4%BB%A3",
        "/a?b=..//%2f",
        "/a~b!$&'()*+,;=:@",
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        if (target_status(*state, good[i]) != 0)
            fail_msg("refused: %s", good[i]);
}

static int query_status(struct arena *a, const char *query, size_t *n)
{
    const struct http_pair *args;
    const struct http_refusal *no = http_query_parse(a, query, HTTP_ARGS_MAX, &args, n);

    return no == NULL ? 0 : no->status;
}

static void query_is_split_and_decoded(void **state)
{
    const struct http_pair *args;
    size_t n;

    assert_null(http_query_parse(*state, "a=1+2&b=%26%3D&&c&d=x=y", 10, &args, &n));
    assert_int_equal(n, 4);
    assert_string_equal(args[0].value, "1 2");
    assert_string_equal(args[1].value, "&=");
    assert_string_equal(args[2].name, "c");
    assert_string_equal(args[2].value, "");
    assert_string_equal(args[3].value, "x=y");
}

static void query_with_repeated_or_broken_keys_is_refused(void **state)
{
    static const char *const bad[] = {"a=1&a=2", "a&%61=1", "=1", "a=%", "a=%zz", "a=%00", "%ff=1"};
    size_t n;

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (query_status(*state, bad[i], &n) != 400)
            fail_msg("accepted: %s", bad[i]);
    assert_int_equal(query_status(*state, "", &n), 0);
    assert_int_equal(n, 0);
}

static void query_with_more_than_the_allowed_keys_is_refused(void **state)
{
    struct buf q = BUF_INIT;
    size_t n;

    for (int i = 0; i < HTTP_ARGS_MAX; i++)
        buf_addf(&q, "%sk%d=1", i > 0 ? "&" : "", i);
    assert_int_equal(query_status(*state, q.s, &n), 0);
    assert_int_equal(n, HTTP_ARGS_MAX);
    buf_puts(&q, "&more");
    assert_int_equal(query_status(*state, q.s, &n), 400);
    buf_free(&q);
}

/* 0: fine, 1: not complete, else the status. */
static int scan(struct arena *a, const char *head, size_t n, size_t max)
{
    bool complete;
    char *exact = malloc(n); /* so that a sanitizer sees a read past the end */
    const struct http_refusal *no;

    memcpy(exact, head, n);
    no = http_head_scan(a, exact, n, max, &complete);
    free(exact);
    if (no != NULL)
        return no->status;
    return complete ? 0 : 1;
}

static void head_is_incomplete_at_every_byte_until_the_last(void **state)
{
    static const char head[] =
        "\r\nPOST /a?b=1 HTTP/1.1\r\nHost: x\r\nX-Y: z\r\nContent-Length: 3\r\n\r\n";

    for (size_t n = 1; n < sizeof(head) - 1; n++)
        assert_int_equal(scan(*state, head, n, 8192), 1);
    assert_int_equal(scan(*state, head, sizeof(head) - 1, 8192), 0);
}

static void head_without_end_is_refused_when_the_room_is_full(void **state)
{
    static const char line[] = "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                      fields[] = "GET / HTTP/1.1\r\nX: aaaaaaaaaaaa";

    assert_int_equal(scan(*state, line, sizeof(line) - 1, sizeof(line) - 1), 414);
    assert_int_equal(scan(*state, fields, sizeof(fields) - 1, sizeof(fields) - 1), 431);
}

static void what_cannot_become_http_is_refused_at_its_first_byte(void **state)
{
    assert_int_equal(scan(*state, "\x16\x03\x01", 3, 8192), 400);
    assert_int_equal(scan(*state, " GET", 4, 8192), 400);
    assert_int_equal(scan(*state, "\0", 1, 8192), 400);
}

static void mutilated_heads_never_read_out_of_bounds(void **state)
{
    static const char head[] = "POST /a?b=1&c=%20 HTTP/1.1\r\nHost: x\r\nX-Y: z\r\nContent-Length: "
                               "3\r\nExpect: 100-continue\r\n\r\n";
    static const char bytes[] = "\0\r\n :%?/\xff\x7f&=";
    char copy[sizeof(head)];

    for (size_t i = 0; i < sizeof(head) - 1; i++)
        for (size_t b = 0; b < sizeof(bytes) - 1; b++) {
            memcpy(copy, head, sizeof(head));
            copy[i] = bytes[b];
            scan(*state, copy, sizeof(head) - 1, 8192);
            scan(*state, copy, i + 1, 8192);
            arena_reset(*state);
        }
}

static void utf8_is_checked_strictly(void **state)
{
    (void)state;
    assert_true(http_utf8_valid("货代 é \xf0\x9f\x9a\xa2", strlen("货代 é \xf0\x9f\x9a\xa2")));
    assert_false(http_utf8_valid("\xc3", 1));
    assert_false(http_utf8_valid("\xe8\xb4", 2));
    assert_false(http_utf8_valid("\xc1\x81", 2));
    assert_false(http_utf8_valid("\xe0\x80\xaf", 3));
    assert_false(http_utf8_valid("\xed\xa0\x80", 3));
    assert_false(http_utf8_valid("\xf4\x90\x80\x80", 4));
    assert_false(http_utf8_valid("\x80", 1));
}

static void cookie_is_found_by_its_whole_name(void **state)
{
    const char *all = "xsid=1; sid=abc=; __Host-s=2;sid2=3";

    assert_string_equal(http_cookie_find(*state, all, "sid"), "abc=");
    assert_string_equal(http_cookie_find(*state, all, "__Host-s"), "2");
    assert_string_equal(http_cookie_find(*state, all, "sid2"), "3");
    assert_null(http_cookie_find(*state, all, "si"));
    assert_null(http_cookie_find(*state, "", "sid"));
}

static void coding_is_accepted_unless_its_quality_is_zero(void **state)
{
    (void)state;
    assert_true(http_accepts("gzip, br", "gzip"));
    assert_true(http_accepts("deflate,GZIP;q=0.001", "gzip"));
    assert_true(http_accepts("br;q=1.0", "br"));
    assert_false(http_accepts("gzip;q=0", "gzip"));
    assert_false(http_accepts("gzip; q=0.000, br", "gzip"));
    assert_false(http_accepts("xgzip", "gzip"));
    assert_false(http_accepts("", "gzip"));
    assert_false(http_accepts(NULL, "gzip"));
}

static void tag_matches_weakly_and_in_lists(void **state)
{
    (void)state;
    assert_true(http_tag_matches("\"a\"", "\"a\""));
    assert_true(http_tag_matches("W/\"a\"", "\"a\""));
    assert_true(http_tag_matches("\"a\"", "W/\"a\""));
    assert_true(http_tag_matches("\"x,y\" , W/\"a\"", "\"a\""));
    assert_true(http_tag_matches("*", "\"a\""));
    assert_false(http_tag_matches("\"ab\"", "\"a\""));
    assert_false(http_tag_matches("\"a", "\"a\""));
    assert_false(http_tag_matches("\"", "\"a\""));
    assert_false(http_tag_matches("", "\"a\""));
}

static void range_is_cut_to_the_file(void **state)
{
    uint64_t first, len;

    (void)state;
    assert_int_equal(http_range_parse("bytes=2-5", 10, &first, &len), HTTP_RANGE_ONE);
    assert_int_equal(first, 2);
    assert_int_equal(len, 4);
    assert_int_equal(http_range_parse("bytes=8-99", 10, &first, &len), HTTP_RANGE_ONE);
    assert_int_equal(len, 2);
    assert_int_equal(http_range_parse("bytes=-3", 10, &first, &len), HTTP_RANGE_ONE);
    assert_int_equal(first, 7);
    assert_int_equal(http_range_parse("bytes=10-", 10, &first, &len), HTTP_RANGE_BAD);
    assert_int_equal(http_range_parse("bytes=-0", 10, &first, &len), HTTP_RANGE_BAD);
    assert_int_equal(http_range_parse("bytes=0-", 0, &first, &len), HTTP_RANGE_BAD);
    assert_int_equal(http_range_parse("bytes=5-2", 10, &first, &len), HTTP_RANGE_NONE);
    assert_int_equal(http_range_parse("bytes=1-2,4-5", 10, &first, &len), HTTP_RANGE_NONE);
    assert_int_equal(http_range_parse("bytes=99999999999999999999-", 10, &first, &len),
                     HTTP_RANGE_NONE);
    assert_int_equal(http_range_parse("rows=1-2", 10, &first, &len), HTTP_RANGE_NONE);
}

static void date_is_written_as_http_wants_it(void **state)
{
    char date[32];

    (void)state;
    http_date(1795311237, date);
    assert_string_equal(date, "Sun, 22 Nov 2026 01:33:57 GMT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_is_decoded_once),
        cmocka_unit_test(path_that_two_readers_could_take_differently_is_refused),
        cmocka_unit_test(ordinary_path_is_accepted),
        cmocka_unit_test(query_is_split_and_decoded),
        cmocka_unit_test(query_with_repeated_or_broken_keys_is_refused),
        cmocka_unit_test(query_with_more_than_the_allowed_keys_is_refused),
        cmocka_unit_test(head_is_incomplete_at_every_byte_until_the_last),
        cmocka_unit_test(head_without_end_is_refused_when_the_room_is_full),
        cmocka_unit_test(what_cannot_become_http_is_refused_at_its_first_byte),
        cmocka_unit_test(mutilated_heads_never_read_out_of_bounds),
        cmocka_unit_test(utf8_is_checked_strictly),
        cmocka_unit_test(cookie_is_found_by_its_whole_name),
        cmocka_unit_test(coding_is_accepted_unless_its_quality_is_zero),
        cmocka_unit_test(tag_matches_weakly_and_in_lists),
        cmocka_unit_test(range_is_cut_to_the_file),
        cmocka_unit_test(date_is_written_as_http_wants_it),
    };

    return cmocka_run_group_tests(tests, arena_up, arena_down);
}
