/* test_threads.c - a site that changes and ends beside its own threads.  What they do to each other is seen by the build that looks
 * for races. */
#include "site_test.h"

#include <time.h>

#include "record/ctx.h"
#include "record/dup_filter.h"
#include "record/find.h"
#include "record/row.h"
#include "record/save.h"

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

/* ---- what is in force ------------------------------------------------------------------------------- */
static int add_field(struct berth_ctx *c, void *name)
{
    struct berth_row *r = row_new(c, model_table(c->m, "custom_field"));

    row_set(r, "on_table", berth_s("lead"));
    row_set(r, "name", berth_s(name));
    row_set(r, "type", berth_s("text"));
    return row_save(c, r);
}

/* Who asked on a thread that waits for the writer, and gets to it later than the writer to the next. */
struct late {
    struct berth_ctx c;
    int (*body)(struct berth_ctx *, void *);
    void *arg;
};

static int late_body(struct db_conn *w, void *arg)
{
    struct late *x = arg;

    ctx_init(&x->c, &site.st, w, x->c.a, NULL, NULL);
    x->c.writing = true;
    return x->body(&x->c, x->arg);
}

static struct late *late(int (*body)(struct berth_ctx *, void *), void *arg)
{
    struct arena *a = arena_new();
    struct late *x = arena_alloc(a, sizeof(*x));

    *x = (struct late){.c.a = a, .body = body, .arg = arg};
    assert_int_equal(db_write(site.st.db, late_body, x), 0);
    return x;
}

static void told_late(struct late *x)
{
    struct arena *a = x->c.a;

    x->c.conn = conn;
    ctx_run_done(&x->c);
    arena_free(&a);
}

static void fields_that_are_declared_at_once_are_all_in_force_whoever_is_told_last(void **state)
{
    struct late *x = late(add_field, "x_first");
    const struct model *m;

    (void)state;
    write_as_host(add_field, "x_second");
    told_late(x);
    m = atomic_load(&site.st.model);
    assert_non_null(model_field(model_table(m, "lead"), "x_first"));
    assert_non_null(model_field(model_table(m, "lead"), "x_second"));
}

/* The only label there is. */
static int call_cities(struct berth_ctx *c, void *text)
{
    const struct table *t = model_table(c->m, "label");
    struct berth_row *was = find_raw(c, t, 1), *r = was == NULL ? row_new(c, t) : row_copy(was);

    r->old = was;
    row_set(r, "locale", berth_s("en"));
    row_set(r, "word", berth_s("lead.city"));
    row_set(r, "text", berth_s(text));
    return row_save(c, r);
}

static void a_word_that_is_chosen_twice_at_once_is_the_last_one_whoever_is_told_last(void **state)
{
    struct late *x = late(call_cities, "Town");

    (void)state;
    write_as_host(call_cities, "Port");
    told_late(x);
    assert_string_equal(labels_get(site.st.labels, "en", "lead.city"), "Port");
}

static int make_user(struct berth_ctx *c, void *id)
{
    struct berth_row *r = row_new(c, model_table(c->m, "user"));

    row_set(r, "name", berth_s("Lan"));
    row_set(r, "login", berth_s("lan"));
    row_set(r, "active", (struct berth_val){BERTH_BOOL, 0, {.i = 1}});
    row_save(c, r);
    *(int64_t *)id = row_id(r);
    return c->rc;
}

struct raising {
    int64_t id;
    bool raised;
};

/* Makes an administrator of somebody, looks what they may do, and fails. */
static int raise_in_vain(struct berth_ctx *c, void *arg)
{
    struct raising *x = arg;
    struct berth_row *was = find_raw(c, model_table(c->m, "user"), x->id), *r = row_copy(was);
    const struct who *w;

    r->old = was;
    row_set(r, "admin", (struct berth_val){BERTH_BOOL, 0, {.i = 1}});
    row_save(c, r);
    w = who_get(c->st, c->conn, c->m, x->id);
    x->raised = c->rc == BERTH_OK && w != NULL && w->admin;
    return ctx_fail(c, BERTH_CONFLICT, "conflict", "err.conflict");
}

static bool is_admin(int64_t id)
{
    return who_get(&site.st, conn, atomic_load(&site.st.model), id)->admin;
}

static void rights_that_were_taken_back_are_nobodys(void **state)
{
    struct raising x = {0};
    struct buf err = BUF_INIT;

    (void)state;
    write_as_host(make_user, &x.id);
    assert_int_equal(site_write(&site, raise_in_vain, &x, &err), -1);
    assert_true(x.raised);
    assert_false(is_admin(x.id));
    sql("UPDATE \"user\" SET admin = 1 WHERE id = %lld", (long long)x.id);
    assert_false(is_admin(x.id)); /* what is committed is remembered: of this nobody was told */
    buf_free(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_that_are_declared_at_once_are_all_in_force_whoever_is_told_last),
        cmocka_unit_test(a_word_that_is_chosen_twice_at_once_is_the_last_one_whoever_is_told_last),
        cmocka_unit_test(rights_that_were_taken_back_are_nobodys),
        cmocka_unit_test(a_site_ends_beside_a_filter_that_is_being_built),
    };

    return cmocka_run_group_tests(tests, open_site, close_site);
}
