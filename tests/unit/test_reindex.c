/* test_reindex.c - what is searched and compared follows the declarations, also for old rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/log.h"
#include "model/migrate.h"
#include "record/dup.h"
#include "record/find.h"
#include "record/reindex.h"
#include "record/save.h"
#include "record/search.h"

const struct berth_plugin *berth_plugin_entry(const struct berth_api *api); /* plugins/base */

/* The plugin as it first was, and as it became. */
#define THINGS(name_flags, phone_flags)                                                            \
    {                                                                                              \
        .name = "things",                                                                          \
        .tables = BERTH_LIST_OF(berth_table, {"thing",                                             \
                                              BERTH_FIELDS({"name", BERTH_TEXT, name_flags},       \
                                                           {"phone", BERTH_PHONE, phone_flags}),   \
                                              .flags = BERTH_CUSTOM, .title = "name"})             \
    }
static const struct berth_plugin before = THINGS(BERTH_SEARCH, 0);
static const struct berth_plugin after = THINGS(0, BERTH_SEARCH | BERTH_DUPLICATE);

struct fixture {
    char dir[64], path[96];
    const struct berth_plugin *plugins[2];
    struct store st;
};

static void open_with(struct fixture *f, const struct berth_plugin *things)
{
    struct buf err = BUF_INIT, report = BUF_INIT;

    f->st = (struct store){.plugins = f->plugins, .nplugins = 2, .labels = labels_new()};
    f->plugins[0] = berth_plugin_entry(NULL);
    f->plugins[1] = things;
    strcpy(f->st.company.country, "CN");
    if (db_open(f->path, &(struct db_options){0}, &f->st.db, &err) < 0 ||
        migrate_database(f->st.db, f->plugins, 2, false, NULL, &report, &err) < 0 ||
        store_open(&f->st, &err) < 0 || reindex_stale(&f->st, &err) < 0)
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
    strcpy(f->dir, "/tmp/berth-reindex-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof(f->path), "%s/berth.db", f->dir);
    open_with(f, &before);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[96];

    close_all(f);
    snprintf(command, sizeof(command), "rm -r %s", f->dir);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* ---- doing and looking ---------------------------------------------------------------- */

struct doing {
    struct store *st;
    int (*run)(struct berth_ctx *c, struct doing *d);
    const char *a, *b;
    int64_t n;
};

static int body(struct db_conn *w, void *arg)
{
    struct doing *d = arg;
    struct arena *a = arena_new();
    struct berth_ctx c;
    int rc;

    ctx_init(&c, d->st, w, a, NULL, NULL);
    c.writing = true;
    rc = d->run(&c, d);
    if (rc == BERTH_OK)
        ctx_run_done(&c);
    arena_free(&a);
    return rc;
}

static int64_t doing(struct fixture *f, int (*run)(struct berth_ctx *, struct doing *),
                     const char *a, const char *b, int64_t n)
{
    struct doing d = {&f->st, run, a, b, n};

    assert_int_equal(db_write(f->st.db, body, &d), 0);
    return d.n;
}

static int save_things(struct berth_ctx *c, struct doing *d)
{
    for (int64_t i = 0; i < d->n && c->rc == BERTH_OK; i++) {
        struct berth_row *r = row_new(c, model_table(c->m, "thing"));

        row_set(r, "name", berth_s(d->a));
        row_set(r, "phone", berth_s(arena_fmt(c->a, "%s%04d", d->b, (int)i)));
        row_save(c, r);
    }
    return c->rc;
}

static int count_duplicates(struct berth_ctx *c, struct doing *d)
{
    struct berth_row *r = row_new(c, model_table(c->m, "thing"));
    struct dup_keys keys;

    row_set(r, "phone", berth_s(d->a));
    dup_keys_of(r, &keys);
    d->n = 0;
    for (struct ctx_match *m = dup_find(c, r->t, &keys, 0, DUP_CREATE); m != NULL; m = m->next)
        d->n++;
    return c->rc;
}

static int64_t found(struct fixture *f, const char *search)
{
    struct buf err = BUF_INIT;
    struct db_conn *conn = db_reader(f->st.db, &err);
    struct arena *a = arena_new();
    struct berth_ctx c;
    int64_t n;

    assert_non_null(conn);
    assert_true(db_fts_wait(f->st.db, -1));
    ctx_init(&c, &f->st, conn, a, NULL, NULL);
    n = find_count(&c, model_table(c.m, "thing"), NULL, search);
    assert_int_equal(c.rc, BERTH_OK);
    db_conn_close(&conn);
    arena_free(&a);
    return n;
}

static int add_column(struct berth_ctx *c, struct doing *d)
{
    struct berth_row *r = row_new(c, model_table(c->m, "custom_field"));

    row_set(r, "on_table", berth_s("thing"));
    row_set(r, "name", berth_s(d->a));
    row_set(r, "type", berth_s("text"));
    row_set(r, "search", (struct berth_val){BERTH_BOOL, 0, {.i = 1}});
    return row_save(c, r);
}

static int read_shape(struct berth_ctx *c, struct doing *d)
{
    struct db_stmt *s =
        db_prepare(c->conn, "SELECT 1 FROM model_table WHERE name = 'thing' AND searched = ?");

    db_bind_text(s, 1, d->a, -1);
    d->n = db_step(s) == DB_ROW;
    db_reset(s);
    return 0;
}

/* As reindex.c notes the table; *n: how many ranges then speak of the one that comes back. */
static int come_back_amid_a_range(struct berth_ctx *c, struct doing *d)
{
    const struct table *t = model_table(c->m, "thing");
    struct berth_row *r = find_raw(c, t, 2);
    struct db_stmt *s;

    if (row_drop(c, r) != BERTH_OK || db_fts_clear(c->conn, "search_thing") < 0 ||
        search_put_range(c, t, 1, d->n) != BERTH_OK || row_remake(c, r) != BERTH_OK)
        return c->rc;
    s = db_prepare(c->conn, "SELECT count(*) FROM fts_range WHERE fts IN ('search_thing', '!search_thing') AND 2 BETWEEN first AND last");
    d->n = db_one_int(s);
    return c->rc;
}

/* ---- tests ------------------------------------------------------------------------------ */

static void old_rows_are_found_by_what_is_searched_now(void **state)
{
    struct fixture *f = *state;

    doing(f, save_things, "Hai Phong Textile", "1390000", 2500); /* several chunks */
    assert_int_equal(found(f, "textile"), 2500);
    assert_int_equal(found(f, "13900000007"), 0);
    close_all(f);
    open_with(f, &after);
    assert_int_equal(found(f, "13900000007"), 1);
    assert_int_equal(found(f, "textile"), 0);
    close_all(f);
    open_with(f, &before);
    assert_int_equal(found(f, "textile"), 2500);
    assert_int_equal(found(f, "13900000007"), 0);
}

static void old_rows_are_compared_by_what_is_compared_now(void **state)
{
    struct fixture *f = *state;

    doing(f, save_things, "Textile", "1390000", 3);
    assert_int_equal(doing(f, count_duplicates, "+86 139 0000 0001", NULL, 0), 0);
    close_all(f);
    open_with(f, &after);
    assert_int_equal(doing(f, count_duplicates, "+86 139 0000 0001", NULL, 0), 1);
    close_all(f);
    open_with(f, &after); /* a second time changes nothing */
    assert_int_equal(doing(f, count_duplicates, "+86 139 0000 0001", NULL, 0), 1);
}

static void a_company_that_moves_compares_its_phones_anew(void **state)
{
    struct fixture *f = *state;
    struct buf err = BUF_INIT;

    close_all(f);
    open_with(f, &after);
    doing(f, save_things, "Textile", "091234", 3);
    assert_int_equal(doing(f, count_duplicates, "+84 91 234 0001", NULL, 0), 0);
    strcpy(f->st.company.country, "VN");
    assert_int_equal(reindex_stale(&f->st, &err), 0);
    assert_int_equal(doing(f, count_duplicates, "+84 91 234 0001", NULL, 0), 1);
}

static void a_field_added_while_running_needs_no_second_making(void **state)
{
    struct fixture *f = *state;

    doing(f, save_things, "Textile", "1390000", 3);
    assert_int_equal(doing(f, read_shape, "4 name", NULL, 0), 1);
    doing(f, add_column, "x_port", NULL, 0);
    assert_int_equal(doing(f, read_shape, "4 name,x_port", NULL, 0), 1);
}

static void an_index_that_is_made_anew_goes_on_after_a_stop(void **state)
{
    struct fixture *f = *state;

    doing(f, save_things, "Hai Phong Textile", "1390000", 2500);
    close_all(f);
    open_with(f, &after);
    close_all(f);
    open_with(f, &after);
    doing(f, save_things, "Late", "1380000", 1);
    assert_int_equal(found(f, "1390000"), 2500);
    assert_int_equal(found(f, "13800000000"), 1);
    assert_int_equal(found(f, "textile"), 0);
}

/* Else it would be indexed twice, and be left once where it is deleted. */
static void a_record_that_comes_back_while_an_index_is_made_anew_is_noted_once(void **state)
{
    struct fixture *f = *state;

    doing(f, save_things, "Textile", "1390000", 3);
    assert_int_equal(found(f, "textile"), 3);
    assert_int_equal(doing(f, come_back_amid_a_range, NULL, NULL, 3), 1);
    assert_int_equal(found(f, "textile"), 3);
}

/* Nothing but the end of the store waits for the writer then: a race to be seen by the build that looks for them. */
static void a_store_ends_beside_a_writer_that_has_begun_to_index_by_itself(void **state)
{
    struct fixture *f = *state;

    for (long ms = 1; ms <= 32; ms *= 2) {
        doing(f, save_things, "Hai Phong Textile", "1390000", 100);
        nanosleep(&(struct timespec){0, ms * 1000000}, NULL);
        close_all(f);
        open_with(f, &before);
    }
    assert_int_equal(found(f, "textile"), 600);
}

int main(void)
{
#define WITH_STORE(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_STORE(old_rows_are_found_by_what_is_searched_now),
        WITH_STORE(old_rows_are_compared_by_what_is_compared_now),
        WITH_STORE(an_index_that_is_made_anew_goes_on_after_a_stop),
        WITH_STORE(a_record_that_comes_back_while_an_index_is_made_anew_is_noted_once),
        WITH_STORE(a_store_ends_beside_a_writer_that_has_begun_to_index_by_itself),
        WITH_STORE(a_company_that_moves_compares_its_phones_anew),
        WITH_STORE(a_field_added_while_running_needs_no_second_making),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
