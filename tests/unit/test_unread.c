/* test_unread.c - reads of long work that fail or are broken off: it says so, and what it did not see is not taken for an end. */
#include "site_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "record/bulk.h"
#include "record/import.h"
#include "record/job.h"
#include "service/outbox.h"

enum { MANY = 2000 }; /* rows that a connection does not read without looking whether it is to break off */

static int open_site(void **state)
{
    (void)state;
    if (site_up(0) != 0)
        return -1;
    sql("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
        " INSERT INTO lead (version, created_at, updated_at, name, status) SELECT 1, i, i, 'Freight ' || i, 'new' FROM n", MANY);
    return 0;
}

/* ---- changing many ------------------------------------------------------------------------------------ */
static struct job job_of(struct arena *a, json_t *args)
{
    return (struct job){.st = &site.st, .conn = conn, .a = a, .args = args, .result = json_object(), .locale = "en"};
}

static int run(struct job *j, const char *told)
{
    struct buf err = BUF_INIT;
    int rc = bulk_run(j, &err);

    if (told != NULL)
        assert_non_null(strstr(buf_str(&err), told));
    buf_free(&err);
    return rc;
}

static json_t *rename_all(void)
{
    return json_pack("{s:s, s:{s:[]}, s:{s:s}}", "table", "lead", "filter", "and", "patch", "city", "Nowhere");
}

static void a_change_of_many_whose_list_is_broken_off_fails_and_is_not_over(void **state)
{
    struct arena *a = arena_new();
    struct job j = job_of(a, rename_all());
    atomic_bool cancel = true;

    (void)state;
    db_budget(conn, 0, &cancel);
    assert_int_equal(run(&j, "could not be"), -1);
    db_budget(conn, 0, NULL);
    assert_int_equal(number("SELECT count(*) FROM lead WHERE city = 'Nowhere'"), 0);
    assert_int_equal(json_integer_value(json_object_get(j.result, "done")), 0);
    json_decref(j.args);
    json_decref(j.result);
    arena_free(&a);
}

static void without_the_history_a_change_of_many_does_not_begin(void **state)
{
    struct arena *a = arena_new();
    struct job j = job_of(a, rename_all());

    (void)state;
    sql("ALTER TABLE history RENAME TO history_away");
    assert_int_equal(bulk_since(conn), -1);
    assert_int_equal(run(&j, "the history could not be read"), -1);
    assert_null(json_object_get(j.result, "since")); /* with 0 undoing would take the whole history for this job's */
    sql("ALTER TABLE history_away RENAME TO history");
    assert_int_equal(number("SELECT count(*) FROM lead WHERE city = 'Nowhere'"), 0);
    assert_true(bulk_since(conn) >= 0);
    json_decref(j.args);
    json_decref(j.result);
    arena_free(&a);
}

/* ---- the rows that did not go in ------------------------------------------------------------------------- */
static void put_file(const char *path)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs("Name,City\nx,y\n", f);
    fclose(f);
}

static int64_t an_import(struct arena *a)
{
    struct berth_ctx c;
    const struct table *t;
    const char *name, *path;

    sql("INSERT INTO import (version, created_at, updated_at, on_table, name) VALUES (1, 1, 1, 'lead', 'x.csv')");
    sql("INSERT INTO job (version, created_at, updated_at, kind, state, args) VALUES (1, 1, 1, 'import', 'done',"
        " '{\"import\":1,\"options\":{\"header_row\":1}}')");
    sql("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
        " INSERT INTO import_row (import_id, row, outcome, message, detail) SELECT 1, i, 'invalid', 'no', '{\"cells\":[\"x\",\"y\"]}' FROM n",
        MANY);
    ctx_init(&c, &site.st, conn, a, NULL, "en");
    assert_true(import_file(&c, 1, &t, &name, &path));
    for (char *p = strchr(path + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
        *p = '\0';
        mkdir(path, 0700);
        *p = '/';
    }
    put_file(path);
    return 1;
}

static int rejected(struct arena *a, int64_t id, const char *to)
{
    struct berth_ctx c;

    ctx_init(&c, &site.st, conn, a, NULL, "en");
    return import_rejected(&c, id, "csv", NULL, to);
}

static void a_file_of_rejected_rows_is_whole_or_not_there(void **state)
{
    struct arena *a = arena_new();
    const char *to = arena_fmt(a, "%s/rejected.csv", dir);
    int64_t id = an_import(a);
    atomic_bool cancel = true;

    (void)state;
    assert_int_equal(rejected(a, id, to), BERTH_OK);
    assert_int_equal(access(to, F_OK), 0);
    unlink(to);
    db_budget(conn, 0, &cancel);
    assert_int_not_equal(rejected(a, id, to), BERTH_OK);
    db_budget(conn, 0, NULL);
    assert_int_equal(access(to, F_OK), -1);
    sql("ALTER TABLE job RENAME TO job_away"); /* how it was run cannot be read: that is not "there is no such import" */
    assert_int_equal(rejected(a, id, to), BERTH_BROKEN);
    sql("ALTER TABLE job_away RENAME TO job");
    assert_int_equal(rejected(a, id, to), BERTH_OK);
    arena_free(&a);
}

/* ---- the outbox ---------------------------------------------------------------------------------------------- */
static void *wake(void *stop)
{
    while (!atomic_load((atomic_bool *)stop))
        outbox_wake();
    return NULL;
}

/* A use after it was freed, under AddressSanitizer, and a race, under ThreadSanitizer. */
static void the_outbox_is_woken_by_many_while_it_begins_and_ends(void **state)
{
    static const struct out_ways none;
    atomic_bool stop = false;
    pthread_t thread[3];

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, wake, &stop), 0);
    for (int i = 0; i < 20; i++) {
        struct outbox *o = outbox_start(&site.st, &none);

        assert_non_null(o);
        outbox_stop(&o);
        assert_null(o);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_change_of_many_whose_list_is_broken_off_fails_and_is_not_over),
        cmocka_unit_test(without_the_history_a_change_of_many_does_not_begin),
        cmocka_unit_test(a_file_of_rejected_rows_is_whole_or_not_there),
        cmocka_unit_test(the_outbox_is_woken_by_many_while_it_begins_and_ends),
    };

    return cmocka_run_group_tests(tests, open_site, close_site);
}
