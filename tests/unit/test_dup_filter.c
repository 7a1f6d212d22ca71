/* test_dup_filter.c - the filter of duplicate keys may see one where there is none, and never misses one:
 * whatever is written while it is asked, built and built anew. */
#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/log.h"
#include "model/migrate.h"
#include "record/commit.h"
#include "record/dup.h"
#include "record/dup_filter.h"
#include "record/dup_stage.h"

const struct berth_plugin *berth_plugin_entry(const struct berth_api *api); /* plugins/base */

static const struct berth_plugin things = {
    .name = "things",
    .tables = BERTH_LIST_OF(berth_table, {"thing", BERTH_FIELDS({"name", BERTH_TEXT, BERTH_DUPLICATE}), .title = "name"}),
};

enum { SORT_FROM = 300, LOOKS = 40, ROOM = 500, STAGED = 500, ROUNDS = 250 };

struct fixture {
    char dir[64], path[96];
    const struct berth_plugin *plugins[2];
    struct store st;
    uint64_t seed;
    int64_t id, staged[STAGED], keys, negative;
    size_t nstaged;
    int nice;
    struct dup_keys ahead; /* made before their turn */
    atomic_bool enough;
};

/* ---- a store with little patience ------------------------------------------------------------ */
static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct buf err = BUF_INIT, report = BUF_INIT;

    log_set_level(LOG_ERROR_ + 1);
    strcpy(f->dir, "/tmp/berth-filter-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof(f->path), "%s/berth.db", f->dir);
    f->plugins[0] = berth_plugin_entry(NULL);
    f->plugins[1] = &things;
    f->st = (struct store){.dup_sort_from = SORT_FROM, .dup_filter_looks = LOOKS, .dup_filter_room = ROOM,
                           .plugins = f->plugins, .nplugins = 2, .labels = labels_new()};
    if (db_open(f->path, &(struct db_options){0}, &f->st.db, &err) < 0 ||
        migrate_database(f->st.db, f->plugins, 2, false, NULL, &report, &err) < 0 || store_open(&f->st, &err) < 0)
        fail_msg("%s", buf_str(&err));
    buf_free(&report);
    f->seed = 1;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];

    store_close(&f->st);
    labels_free(&f->st.labels);
    db_close(&f->st.db);
    snprintf(command, sizeof(command), "rm -r %s", f->dir);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* splitmix64 */
static uint64_t chance(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* ---- on the writer --------------------------------------------------------------------------- */
static int run(struct fixture *f, int (*body)(struct berth_ctx *, void *))
{
    struct commit k = {.st = &f->st, .what = "test", .body = body, .arg = f};

    return commit_run(&k);
}

static const struct table *thing(struct berth_ctx *c)
{
    return model_table(c->m, "thing");
}

static int note_body(struct berth_ctx *c, void *arg)
{
    struct fixture *f = arg;
    struct dup_keys keys = {.n = 0};

    for (uint64_t n = chance(&f->seed) % 60; n > 0; n--) {
        keys.n = 1 + chance(&f->seed) % 4;
        for (size_t i = 0; i < keys.n; i++)
            keys.k[i].hash = (int64_t)chance(&f->seed);
        dup_put(c, thing(c), ++f->id, NULL, &keys);
    }
    return c->rc;
}

/* As whoever saves a new record does, on another thread. */
static void make_ahead(struct fixture *f)
{
    struct berth_ctx c = {.st = &f->st};

    f->ahead.n = 4;
    for (size_t i = 0; i < f->ahead.n; i++)
        f->ahead.k[i].hash = (int64_t)chance(&f->seed);
    dup_keys_filtered(&c, &f->ahead);
}

static int ahead_body(struct berth_ctx *c, void *arg)
{
    struct fixture *f = arg;

    dup_put(c, thing(c), ++f->id, NULL, &f->ahead);
    make_ahead(f);
    return c->rc;
}

static int undone_body(struct berth_ctx *c, void *arg)
{
    note_body(c, arg);
    return ctx_fail(c, BERTH_DENIED, "denied", "err.denied");
}

/* A record of which one key is known loses it for another. */
static int change_body(struct berth_ctx *c, void *arg)
{
    struct fixture *f = arg;
    struct db_stmt *s = db_prepare(c->conn, "SELECT hash, rec FROM dup_key WHERE hash >= ? ORDER BY hash LIMIT 1");
    struct dup_keys old = {.n = 1}, now = {.n = 1};
    int64_t rec = 0;

    db_bind_int(s, 1, (int64_t)chance(&f->seed));
    if (db_step(s) == DB_ROW) {
        old.k[0].hash = db_col_int(s, 0);
        rec = db_col_int(s, 1);
    }
    db_reset(s);
    now.k[0].hash = (int64_t)chance(&f->seed);
    return rec == 0 ? c->rc : dup_put(c, thing(c), rec, &old, &now);
}

static int sorted_body(struct berth_ctx *c, void *arg)
{
    struct fixture *f = arg;
    struct dup_entry all[100];

    for (size_t i = 0; i < 100; i++)
        all[i] = (struct dup_entry){(int64_t)chance(&f->seed), ++f->id};
    return dup_put_sorted(c, thing(c), all, 100);
}

static int none_missing_body(struct berth_ctx *c, void *arg)
{
    struct fixture *f = arg;
    struct db_stmt *s = db_prepare(c->conn, "SELECT hash FROM dup_key UNION ALL SELECT hash FROM dup_todo");

    while (db_step(s) == DB_ROW)
        if (!dup_filter_may(f->st.filter, db_col_int(s, 0)))
            ctx_fail(c, BERTH_BROKEN, "broken", "err.broken");
    db_reset(s);
    return c->rc;
}

/* ---- beside it ------------------------------------------------------------------------------- */
static void stage_some(struct fixture *f)
{
    for (uint64_t n = chance(&f->seed) % 60; n > 0 && f->nstaged < STAGED; n--) {
        f->staged[f->nstaged] = (int64_t)chance(&f->seed);
        dup_stage_add(&f->st, 1, &(struct dup_staged){f->staged[f->nstaged++], ++f->id}, 1);
    }
    if (f->nstaged < STAGED)
        return;
    assert_int_equal(dup_stage_merge(&f->st, NULL), 0);
    f->nstaged = 0;
}

static void check_staged(struct fixture *f)
{
    for (size_t i = 0; i < f->nstaged; i++)
        assert_true(dup_filter_may(f->st.filter, f->staged[i]));
}

/* Hashes by their numbers; the last ones end the table of places, and go over its end. */
enum { MANY = 100000 };
static int64_t many(uint64_t i)
{
    uint64_t seed = i * 7919;

    return i + 50 >= MANY ? INT64_MAX - (int64_t)(MANY - i) : (int64_t)chance(&seed);
}

static int count_body(struct berth_ctx *c, void *arg)
{
    struct fixture *f = arg;

    f->keys = db_one_int(db_prepare(c->conn, "SELECT count(*) FROM dup_key"));
    f->negative = db_one_int(db_prepare(c->conn, "SELECT count(*) FROM dup_key WHERE hash < 0"));
    return c->rc;
}

/* As many as several stretches of the table of places, and some that stand behind its end. */
static void all_that_waits_is_found_and_then_stands_in_the_table(void **state)
{
    struct fixture *f = *state;
    int64_t negative = 0;
    struct dup_place place;

    for (uint64_t i = 0; i < MANY; i++) {
        negative += many(i) < 0;
        dup_stage_add(&f->st, 1, &(struct dup_staged){many(i), (int64_t)i + 1}, 1);
    }
    assert_int_equal(dup_stage_count(&f->st), MANY);
    for (uint64_t i = 0; i < MANY; i++) {
        assert_int_equal(dup_stage_find(&f->st, many(i), &place, 1), 1);
        assert_int_equal(place.rec, i + 1);
    }
    assert_int_equal(dup_stage_find(&f->st, 5, &place, 1), 0);
    assert_int_equal(dup_stage_merge(&f->st, NULL), 0);
    assert_int_equal(dup_stage_count(&f->st), 0);
    assert_int_equal(run(f, count_body), 0);
    assert_int_equal(f->keys, MANY);
    assert_int_equal(f->negative, negative);
}

/* Looks and looks, so that there is something to build. */
static void *look(void *arg)
{
    struct fixture *f = arg;
    uint64_t seed = 4711;

    while (!f->enough) {
        dup_filter_may(f->st.filter, (int64_t)chance(&seed));
        sched_yield();
    }
    return NULL;
}

static void look_until_ready(struct fixture *f)
{
    uint64_t seed = 42;

    while (!dup_filter_ready(f->st.filter)) {
        dup_filter_may(f->st.filter, (int64_t)chance(&seed));
        sched_yield();
    }
}

/* Of a thousand keys that nobody has. */
static int seen_in_vain(struct fixture *f)
{
    uint64_t seed = 99;
    int n = 0;

    for (int i = 0; i < 1000; i++)
        n += dup_filter_may(f->st.filter, (int64_t)chance(&seed));
    return n;
}

/* ---- tests ----------------------------------------------------------------------------------- */
static void before_it_is_built_any_key_may_be_there(void **state)
{
    struct fixture *f = *state;

    for (int64_t i = 1; i < LOOKS; i++)
        assert_true(dup_filter_may(f->st.filter, i));
    assert_false(dup_filter_ready(f->st.filter));
}

static void unknown_keys_are_known_to_be_new(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, sorted_body), 0);
    assert_int_equal(run(f, note_body), 0);
    look_until_ready(f);
    assert_in_range(seen_in_vain(f), 0, 50);
    assert_int_equal(run(f, none_missing_body), 0);
}

static void whoever_is_to_look_for_many_may_wait_for_it(void **state)
{
    struct fixture *f = *state;

    assert_false(dup_filter_coming(f->st.filter, LOOKS - 1, 0));
    assert_false(dup_filter_ready(f->st.filter));
    while (dup_filter_coming(f->st.filter, LOOKS, 0))
        sched_yield();
    assert_true(dup_filter_ready(f->st.filter));
    assert_false(dup_filter_coming(f->st.filter, LOOKS, 0));
}

/* An import tells from the beginning of its file how many keys are to come, and the file may be anybody's. */
static void whoever_foretells_too_many_takes_no_more_memory_than_there_is(void **state)
{
    struct fixture *f = *state;

    while (dup_filter_coming(f->st.filter, LOOKS, (size_t)1 << 45))
        sched_yield();
    assert_true(dup_filter_ready(f->st.filter));
}

/* The thread of this process that is called so; 0: none is. */
static id_t thread_called(const char *wanted)
{
    DIR *all = opendir("/proc/self/task");
    id_t found = 0;

    assert_non_null(all);
    for (struct dirent *e; found == 0 && (e = readdir(all)) != NULL;) {
        char path[300], name[32] = "";
        FILE *f;

        snprintf(path, sizeof(path), "/proc/self/task/%s/comm", e->d_name);
        f = fopen(path, "r");
        if (f != NULL && fgets(name, sizeof(name), f) != NULL)
            name[strcspn(name, "\n")] = '\0';
        if (f != NULL)
            fclose(f);
        if (strcmp(name, wanted) == 0)
            found = (id_t)strtol(e->d_name, NULL, 10);
    }
    closedir(all);
    return found;
}

/* It waits for the writer, and so for the end of this. */
static int started_body(struct berth_ctx *c, void *arg)
{
    struct fixture *f = arg;
    id_t thread;

    for (int64_t i = 0; i < LOOKS; i++)
        dup_filter_may(f->st.filter, i);
    while ((thread = thread_called("dup-filter")) == 0)
        sched_yield();
    f->nice = getpriority(PRIO_PROCESS, thread);
    return c->rc;
}

static void one_that_the_writer_begins_is_built_behind_it(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(run(f, started_body), 0);
    assert_int_equal(f->nice, getpriority(PRIO_PROCESS, (id_t)getpid()));
    look_until_ready(f);
}

static void an_over_full_one_is_built_anew(void **state)
{
    struct fixture *f = *state;

    look_until_ready(f);
    for (int i = 0; i < 100; i++)
        assert_int_equal(run(f, sorted_body), 0);
    assert_false(dup_filter_ready(f->st.filter));
    look_until_ready(f);
    assert_in_range(seen_in_vain(f), 0, 50);
    assert_int_equal(run(f, none_missing_body), 0);
}

static void keys_added_before_another_filter_began_are_added_to_it_too(void **state)
{
    struct fixture *f = *state;

    make_ahead(f);
    look_until_ready(f);
    assert_int_equal(run(f, ahead_body), 0);
    assert_int_equal(run(f, none_missing_body), 0);
}

static void whatever_is_written_meanwhile_none_is_missed(void **state)
{
    static int (*const bodies[])(struct berth_ctx *, void *) = {note_body, note_body, change_body, sorted_body, undone_body, ahead_body};
    struct fixture *f = *state;
    pthread_t looker;

    make_ahead(f);
    assert_int_equal(pthread_create(&looker, NULL, look, f), 0);
    for (int i = 0; i < ROUNDS; i++) {
        size_t what = chance(&f->seed) % 7;

        if (what == 6)
            stage_some(f);
        else
            assert_true((run(f, bodies[what]) == 0) == (bodies[what] != undone_body));
        if (i % 4 == 0)
            assert_int_equal(run(f, none_missing_body), 0);
        check_staged(f);
    }
    f->enough = true;
    pthread_join(looker, NULL);
    look_until_ready(f);
    assert_int_equal(run(f, none_missing_body), 0);
    assert_in_range(seen_in_vain(f), 0, 50);
}

int main(void)
{
#define WITH_STORE(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
    const struct CMUnitTest tests[] = {
        WITH_STORE(before_it_is_built_any_key_may_be_there),
        WITH_STORE(unknown_keys_are_known_to_be_new),
        WITH_STORE(whoever_is_to_look_for_many_may_wait_for_it),
        WITH_STORE(whoever_foretells_too_many_takes_no_more_memory_than_there_is),
        WITH_STORE(one_that_the_writer_begins_is_built_behind_it),
        WITH_STORE(an_over_full_one_is_built_anew),
        WITH_STORE(keys_added_before_another_filter_began_are_added_to_it_too),
        WITH_STORE(whatever_is_written_meanwhile_none_is_missed),
        WITH_STORE(all_that_waits_is_found_and_then_stands_in_the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
