/* test_dup_recent.c - duplicate keys are found from the moment a record is saved, before, while and after
 * they are sorted in. */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/log.h"
#include "model/migrate.h"
#include "record/commit.h"
#include "record/dup.h"
#include "record/dup_recent.h"
#include "record/save.h"

const struct berth_plugin *berth_plugin_entry(const struct berth_api *api); /* plugins/base */

static const struct berth_plugin things = {
    .name = "things",
    .tables = BERTH_LIST_OF(berth_table, {"thing",
                                          BERTH_FIELDS({"name", BERTH_TEXT}, {"phone", BERTH_PHONE, BERTH_DUPLICATE}),
                                          .title = "name"}),
};

enum { SORT_FROM = 2000 };

struct fixture {
    char dir[64], path[96];
    const struct berth_plugin *plugins[2];
    struct store st;
};

static void open_all(struct fixture *f)
{
    struct buf err = BUF_INIT, report = BUF_INIT;

    f->st = (struct store){.dup_sort_from = SORT_FROM, .plugins = f->plugins, .nplugins = 2, .labels = labels_new()};
    f->plugins[0] = berth_plugin_entry(NULL);
    f->plugins[1] = &things;
    strcpy(f->st.company.country, "CN");
    if (db_open(f->path, &(struct db_options){0}, &f->st.db, &err) < 0 ||
        migrate_database(f->st.db, f->plugins, 2, false, NULL, &report, &err) < 0 || store_open(&f->st, &err) < 0)
        fail_msg("%s", buf_str(&err));
    buf_free(&report);
}

static void close_all(struct fixture *f)
{
    store_close(&f->st);
    labels_free(&f->st.labels);
    db_close(&f->st.db);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    log_set_level(LOG_ERROR_ + 1);
    strcpy(f->dir, "/tmp/berth-dup-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof(f->path), "%s/berth.db", f->dir);
    open_all(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];

    close_all(f);
    snprintf(command, sizeof(command), "rm -r %s", f->dir);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* ---- on the writer ------------------------------------------------------------------------ */
struct doing {
    int from, to;
    int64_t id, n;
    const char *phone;
};

static int run(struct fixture *f, int (*body)(struct berth_ctx *, void *), struct doing *d)
{
    struct commit k = {.st = &f->st, .what = "test", .body = body, .arg = d};

    return commit_run(&k);
}

static int save_body(struct berth_ctx *c, void *arg)
{
    struct doing *d = arg;

    for (int i = d->from; i < d->to && c->rc == BERTH_OK; i++) {
        struct berth_row *r = row_new(c, model_table(c->m, "thing"));

        row_set(r, "name", berth_s("Textile"));
        row_set(r, "phone", berth_s(arena_fmt(c->a, "139%08d", i)));
        if (row_save(c, r) == BERTH_OK)
            d->id = row_id(r);
    }
    return c->rc;
}

static int64_t save(struct fixture *f, int from, int to)
{
    struct doing d = {.from = from, .to = to};

    assert_int_equal(run(f, save_body, &d), 0);
    return d.id;
}

static int undone_body(struct berth_ctx *c, void *arg)
{
    save_body(c, arg);
    return ctx_fail(c, BERTH_DENIED, "denied", "err.denied");
}

static int change_body(struct berth_ctx *c, void *arg)
{
    struct doing *d = arg;
    struct berth_row *r = save_load(c, model_table(c->m, "thing"), d->id);

    row_set(r, "phone", berth_s(d->phone));
    return row_save(c, r);
}

static void change(struct fixture *f, int64_t id, const char *phone)
{
    struct doing d = {.id = id, .phone = phone};

    assert_int_equal(run(f, change_body, &d), 0);
}

static int count_body(struct berth_ctx *c, void *arg)
{
    struct doing *d = arg;
    struct berth_row *r = row_new(c, model_table(c->m, "thing"));
    struct dup_keys keys;

    row_set(r, "phone", berth_s(d->phone));
    dup_keys_of(r, &keys);
    for (struct ctx_match *m = dup_find(c, r->t, &keys, 0, DUP_CREATE); m != NULL; m = m->next)
        d->n++;
    return c->rc;
}

static int64_t found(struct fixture *f, const char *phone)
{
    struct doing d = {.phone = phone};

    assert_int_equal(run(f, count_body, &d), 0);
    return d.n;
}

static int rows_body(struct berth_ctx *c, void *arg)
{
    struct doing *d = arg;
    struct db_stmt *s = db_prepare(c->conn, d->phone);

    d->n = db_step(s) == DB_ROW ? db_col_int(s, 0) : -1;
    db_reset(s);
    return c->rc;
}

static int64_t number(struct fixture *f, const char *sql)
{
    struct doing d = {.phone = sql};

    assert_int_equal(run(f, rows_body, &d), 0);
    return d.n;
}

/* The writer does it once it has nothing else to do: nothing is asked of it meanwhile. */
static void wait_until_sorted_in(struct fixture *f)
{
    while (dup_recent_moved(f->st.recent) == 0)
        sched_yield();
}

/* ---- tests -------------------------------------------------------------------------------- */
enum { MANY = 3000 }; /* more than SORT_FROM */

static void a_key_is_found_at_once_and_after_a_restart(void **state)
{
    struct fixture *f = *state;

    save(f, 1, 4);
    assert_int_equal(found(f, "+86 139 0000 0002"), 1);
    assert_int_equal(found(f, "+86 139 0000 0009"), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM dup_key"), 0);
    close_all(f);
    open_all(f);
    assert_int_equal(found(f, "+86 139 0000 0002"), 1);
}

static void many_keys_are_sorted_in_and_still_found(void **state)
{
    struct fixture *f = *state;

    save(f, 0, MANY);
    wait_until_sorted_in(f);
    assert_int_equal(number(f, "SELECT count(*) FROM dup_key"), MANY);
    assert_int_equal(number(f, "SELECT count(*) FROM dup_todo"), 0);
    assert_int_equal(found(f, "+86 139 0000 0002"), 1);
    save(f, MANY, MANY + 1);
    assert_int_equal(found(f, "+86 139 0000 3000"), 1);
    close_all(f);
    open_all(f);
    assert_int_equal(found(f, "+86 139 0000 0002"), 1);
    assert_int_equal(found(f, "+86 139 0000 3000"), 1);
}

static void closing_in_the_middle_of_sorting_in_loses_nothing(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 3; i++) {
        save(f, i * MANY, (i + 1) * MANY);
        close_all(f);
        open_all(f);
    }
    assert_int_equal(found(f, "+86 139 0000 0000"), 1);
    assert_int_equal(found(f, "+86 139 0000 8999"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM (SELECT hash FROM dup_key UNION SELECT hash FROM dup_todo) k"), 3 * MANY);
}

static void what_was_undone_is_no_duplicate(void **state)
{
    struct fixture *f = *state;
    struct doing d = {.from = 0, .to = MANY};

    assert_int_not_equal(run(f, undone_body, &d), 0);
    assert_int_equal(found(f, "+86 139 0000 0002"), 0);
    wait_until_sorted_in(f); /* there is nothing of them */
    assert_int_equal(number(f, "SELECT count(*) FROM dup_key"), 0);
    assert_int_equal(found(f, "+86 139 0000 0002"), 0);
}

static void a_key_that_was_changed_is_gone_before_and_after_it_is_sorted_in(void **state)
{
    struct fixture *f = *state;
    int64_t id = save(f, 1, 2);

    change(f, id, "13800000001");
    assert_int_equal(found(f, "+86 139 0000 0001"), 0);
    assert_int_equal(found(f, "+86 138 0000 0001"), 1);
    change(f, id, "13900000001"); /* and back */
    assert_int_equal(found(f, "+86 139 0000 0001"), 1);
    save(f, 10, 10 + MANY);
    wait_until_sorted_in(f);
    assert_int_equal(number(f, "SELECT count(*) FROM dup_key"), MANY + 1);
    change(f, id, "13800000001");
    assert_int_equal(found(f, "+86 139 0000 0001"), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM dup_key"), MANY);
    assert_int_equal(number(f, "SELECT count(*) FROM dup_todo"), 1);
}

int main(void)
{
#define WITH_STORE(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_STORE(a_key_is_found_at_once_and_after_a_restart),
        WITH_STORE(many_keys_are_sorted_in_and_still_found),
        WITH_STORE(closing_in_the_middle_of_sorting_in_loses_nothing),
        WITH_STORE(what_was_undone_is_no_duplicate),
        WITH_STORE(a_key_that_was_changed_is_gone_before_and_after_it_is_sorted_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
