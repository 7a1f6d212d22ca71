/* test_db_pages.c - the page cache of readers, asked as SQLite asks it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "db/sqlite.h"

enum { EXTRA = 128, MAX = 256, LEAF = 13, INNER = 5 };

static int given_cache(void **state)
{
    sqlite3_pcache *c = sq_pages_new(SQ_PAGE, EXTRA);

    sq_pages.xCachesize(c, MAX);
    *state = c;
    return 0;
}

static int remove_cache(void **state)
{
    sq_pages.xDestroy(*state);
    return 0;
}

/* A page's content is its number, behind what says which kind it is. */
static sqlite3_pcache_page *use(sqlite3_pcache *c, unsigned key, char kind)
{
    sqlite3_pcache_page *p = sq_pages.xFetch(c, key, 2);
    char *bytes = p->pBuf;

    if (*(void **)p->pExtra == NULL) { /* new: read from the file */
        memset(bytes, 0, SQ_PAGE);
        bytes[0] = kind;
        memcpy(bytes + SQ_PAGE - sizeof(key), &key, sizeof(key));
        memset(p->pExtra, 1, EXTRA);
    }
    return p;
}

static void read_once(sqlite3_pcache *c, unsigned key, char kind)
{
    sq_pages.xUnpin(c, use(c, key, kind), 0);
}

static bool is_there(sqlite3_pcache *c, unsigned key)
{
    sqlite3_pcache_page *p = sq_pages.xFetch(c, key, 0);
    unsigned is = 0;

    if (p == NULL)
        return false;
    memcpy(&is, (char *)p->pBuf + SQ_PAGE - sizeof(is), sizeof(is));
    assert_int_equal(is, key);
    sq_pages.xUnpin(c, p, 0);
    return true;
}

static void what_is_used_again_outlives_what_is_read_once(void **state)
{
    sqlite3_pcache *c = *state;

    read_once(c, 2, INNER);
    read_once(c, 3, LEAF);
    read_once(c, 3, LEAF);
    read_once(c, 4, LEAF);
    for (unsigned i = 0; i < 10000; i++)
        read_once(c, 1000 + i, LEAF);
    assert_true(is_there(c, 2));
    assert_true(is_there(c, 3));
    assert_false(is_there(c, 4));
    assert_true(sq_pages.xPagecount(c) <= MAX);
}

static void what_comes_back_soon_is_kept(void **state)
{
    sqlite3_pcache *c = *state;

    for (int round = 0; round < 2; round++) /* more than wait in line, fewer than are remembered */
        for (unsigned i = 0; i < 200; i++)
            read_once(c, 1000 + i, LEAF);
    for (unsigned i = 0; i < 10000; i++)
        read_once(c, 5000 + i, LEAF);
    for (unsigned i = 10; i < 190; i++)
        assert_true(is_there(c, 1000 + i));
    assert_true(sq_pages.xPagecount(c) <= MAX);
}

static void of_what_is_kept_the_longest_unused_goes_first(void **state)
{
    sqlite3_pcache *c = *state;

    for (unsigned i = 0; i < 1000; i++) {
        read_once(c, 100, INNER);
        read_once(c, 1000 + i, INNER);
    }
    assert_true(is_there(c, 100));
    assert_true(is_there(c, 1999));
    assert_false(is_there(c, 1000));
    assert_true(sq_pages.xPagecount(c) <= MAX);
}

static void a_page_in_use_stays_where_it_is(void **state)
{
    sqlite3_pcache *c = *state;
    sqlite3_pcache_page *held[2 * MAX];

    for (unsigned i = 0; i < 2 * MAX; i++) /* more than there is room for */
        held[i] = use(c, 1 + i, LEAF);
    assert_int_equal(sq_pages.xPagecount(c), 2 * MAX);
    for (unsigned i = 0; i < 1000; i++)
        read_once(c, 10000 + i, LEAF);
    for (unsigned i = 0; i < 2 * MAX; i++) {
        assert_ptr_equal(sq_pages.xFetch(c, 1 + i, 0), held[i]);
        sq_pages.xUnpin(c, held[i], i % 2 == 0);
    }
    for (unsigned i = 0; i < 2 * MAX; i += 2) /* was not to be kept */
        assert_false(is_there(c, 1 + i));
}

static void pages_behind_the_end_are_gone_and_come_back_new(void **state)
{
    sqlite3_pcache *c = *state;

    for (unsigned i = 1; i <= 100; i++)
        read_once(c, i, INNER);
    sq_pages.xTruncate(c, 41);
    assert_int_equal(sq_pages.xPagecount(c), 40);
    assert_true(is_there(c, 40));
    assert_false(is_there(c, 41));
    assert_null(*(void **)sq_pages.xFetch(c, 41, 2)->pExtra);
}

static void a_page_goes_by_its_new_number(void **state)
{
    sqlite3_pcache *c = *state;
    sqlite3_pcache_page *p = use(c, 7, INNER);

    sq_pages.xRekey(c, p, 7, 519);
    assert_null(sq_pages.xFetch(c, 7, 0));
    assert_ptr_equal(sq_pages.xFetch(c, 519, 0), p);
    sq_pages.xUnpin(c, p, 0);
}

static void a_cache_with_room_for_nothing_holds_what_is_in_use(void **state)
{
    sqlite3_pcache *c = *state;
    sqlite3_pcache_page *held;

    sq_pages.xCachesize(c, 0);
    held = use(c, 1, LEAF);
    for (unsigned i = 2; i < 100; i++)
        read_once(c, i, i % 2 == 0 ? INNER : LEAF);
    assert_ptr_equal(sq_pages.xFetch(c, 1, 0), held);
    sq_pages.xUnpin(c, held, 0);
    assert_true(sq_pages.xPagecount(c) <= 3);
}

static void memory_can_be_given_back(void **state)
{
    sqlite3_pcache *c = *state;
    sqlite3_pcache_page *held;

    for (unsigned i = 1; i <= 300; i++)
        read_once(c, i, i % 2 == 0 ? INNER : LEAF);
    held = use(c, 1000, LEAF);
    sq_pages.xShrink(c);
    assert_int_equal(sq_pages.xPagecount(c), 1);
    assert_ptr_equal(sq_pages.xFetch(c, 1000, 0), held);
    sq_pages.xUnpin(c, held, 0);
    read_once(c, 2, INNER);
    assert_true(is_there(c, 2));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, given_cache, remove_cache)
    const struct CMUnitTest tests[] = {
        TEST(what_is_used_again_outlives_what_is_read_once),
        TEST(what_comes_back_soon_is_kept),
        TEST(of_what_is_kept_the_longest_unused_goes_first),
        TEST(a_page_in_use_stays_where_it_is),
        TEST(pages_behind_the_end_are_gone_and_come_back_new),
        TEST(a_page_goes_by_its_new_number),
        TEST(a_cache_with_room_for_nothing_holds_what_is_in_use),
        TEST(memory_can_be_given_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
