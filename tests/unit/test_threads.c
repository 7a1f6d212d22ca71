/* test_threads.c - a site that changes and ends beside its own threads.  What they do to each other is seen by the build that looks
 * for races. */
#include "site_test.h"

#include <time.h>

#include "record/dup_filter.h"

static int open_site(void **state)
{
    (void)state;
    return site_up(0);
}

static void a_site_ends_beside_a_filter_that_is_being_built(void **state)
{
    (void)state;
    for (long us = 0; us <= 6400; us += 400) {
        struct buf err = BUF_INIT;

        assert_true(dup_filter_coming(site.st.filter, SIZE_MAX, 0));
        nanosleep(&(struct timespec){0, us * 1000}, NULL);
        db_conn_close(&conn);
        site_close(&site);
        if (site_load(&site, site_conf, &err) < 0 || site_open(&site, NULL, &err) < 0)
            fail_msg("%s", buf_str(&err));
        assert_non_null(conn = db_reader(site.st.db, NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_site_ends_beside_a_filter_that_is_being_built),
    };

    return cmocka_run_group_tests(tests, open_site, close_site);
}
