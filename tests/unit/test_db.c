/* test_db.c - the database interface over the SQLite driver: statements, writing, errors, backup.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/when.h"
#include "db/db.h"

struct fixture {
    char dir[64], path[96];
    struct db *db;
    struct db_conn *r;
};

static struct db *open_db(const char *path, const struct db_options *o)
{
    struct buf err = BUF_INIT;
    struct db *db;

    if (db_open(path, o, &db, &err) != 0)
        fail_msg("%s", buf_str(&err));
    buf_free(&err);
    return db;
}

static struct db_conn *open_reader(struct db *db)
{
    struct buf err = BUF_INIT;
    struct db_conn *c = db_reader(db, &err);

    if (c == NULL)
        fail_msg("%s", buf_str(&err));
    buf_free(&err);
    return c;
}

static int exec_body(struct db_conn *c, void *sql)
{
    return db_exec(c, sql);
}

static int write_sql(struct db *db, const char *sql)
{
    return db_write(db, exec_body, (void *)(uintptr_t)sql);
}

static int64_t number(struct db_conn *c, const char *sql)
{
    struct db_stmt *s = db_prepare(c, sql);

    assert_int_equal(db_step(s), DB_ROW);
    int64_t v = db_col_int(s, 0);
    db_reset(s);
    return v;
}

static int given_database(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    log_set_level(LOG_ERROR_ + 1);
    /* In memory: what is tested here does not depend on how slow a disk syncs. */
    snprintf(f->dir, sizeof(f->dir), "%s/berth-db-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof(f->path), "%s/berth.db", f->dir);
    f->db = open_db(f->path, &(struct db_options){.batch_us = 60000000});
    assert_int_equal(write_sql(f->db, "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT,"
                                      " name TEXT, n INTEGER, r REAL, b BLOB) STRICT;"
                                      "CREATE UNIQUE INDEX t_name ON t (name)"),
                     0);
    f->r = open_reader(f->db);
    *state = f;
    return 0;
}

static int remove_all(void **state)
{
    struct fixture *f = *state;
    char command[128];

    db_conn_close(&f->r);
    db_close(&f->db);
    snprintf(command, sizeof(command), "rm -rf %s", f->dir);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* Statements. */

static int insert_every_type(struct db_conn *c, void *arg)
{
    struct db_stmt *s = db_prepare(c, "INSERT INTO t (name, n, r, b) VALUES (?, ?, ?, ?)");

    (void)arg;
    db_bind_text(s, 1, "Nguyễn 海运", -1);
    db_bind_int(s, 2, INT64_MIN);
    db_bind_real(s, 3, 2.5);
    db_bind_blob(s, 4, "\0\1", 2);
    assert_int_equal(db_step(s), DB_DONE);
    assert_int_equal(db_last_id(c), 1);
    assert_int_equal(db_changes(c), 1);
    s = db_prepare(c, "INSERT INTO t (name) VALUES (?)");
    db_bind_text(s, 1, NULL, -1);
    return db_step(s);
}

static void values_of_every_type_come_back_as_they_went_in(void **state)
{
    struct fixture *f = *state;
    size_t len;

    assert_int_equal(db_write(f->db, insert_every_type, NULL), 0);

    struct db_stmt *s = db_prepare(f->r, "SELECT name, n, r, b FROM t ORDER BY id");
    assert_int_equal(db_col_count(s), 4);
    assert_string_equal(db_col_name(s, 2), "r");
    assert_int_equal(db_step(s), DB_ROW);
    assert_string_equal(db_col_text(s, 0, &len), "Nguyễn 海运");
    assert_int_equal(len, strlen("Nguyễn 海运"));
    assert_int_equal(db_col_int(s, 1), INT64_MIN);
    assert_true(db_col_real(s, 2) == 2.5);
    assert_int_equal(db_col_type(s, 3), DB_T_BLOB);
    assert_memory_equal(db_col_blob(s, 3, &len), "\0\1", 2);
    assert_int_equal(len, 2);
    assert_int_equal(db_step(s), DB_ROW);
    assert_true(db_col_is_null(s, 0));
    assert_null(db_col_text(s, 0, &len));
    assert_int_equal(len, 0);
    assert_int_equal(db_step(s), DB_DONE);
}

/* They are found by where the first and the last one lie. */
static void all_values_of_a_row_are_those_that_each_column_has(void **state)
{
    struct fixture *f = *state;
    struct db_stmt *s =
        db_prepare(f->r, "SELECT 7, 'a', NULL, 2.5, x'0001', 'b' || 1, 8 UNION ALL SELECT NULL, 9, 'c', 'd', 1.5, NULL, ''");

    for (int row = 0; row < 2; row++) {
        assert_int_equal(db_step(s), DB_ROW);
        for (int n = 1; n <= 7; n++)
            for (int first = 0; first + n <= 7; first++) {
                struct db_value all[7];

                db_cols(s, first, n, all);
                for (int i = 0; i < n; i++) {
                    assert_int_equal(all[i].type, db_col_type(s, first + i));
                    if (all[i].type == DB_T_TEXT)
                        assert_string_equal(all[i].s, db_col_text(s, first + i, NULL));
                    else if (all[i].type == DB_T_INT)
                        assert_int_equal(all[i].i, db_col_int(s, first + i));
                    else if (all[i].type == DB_T_REAL)
                        assert_true(all[i].d == db_col_real(s, first + i));
                    else if (all[i].type == DB_T_BLOB)
                        assert_int_equal(all[i].len, 2);
                }
            }
    }
    assert_int_equal(db_step(s), DB_DONE);
}

static void a_statement_asked_for_again_is_the_same_one_with_nothing_bound(void **state)
{
    struct fixture *f = *state;
    struct db_stmt *s = db_prepare(f->r, "SELECT ? IS NULL");

    db_bind_int(s, 1, 7);
    assert_int_equal(db_step(s), DB_ROW);
    assert_int_equal(db_col_int(s, 0), 0);
    db_reset(s);

    struct db_stmt *again = db_prepare(f->r, "SELECT ? IS NULL");
    assert_ptr_equal(again, s);
    assert_int_equal(db_step(again), DB_ROW);
    assert_int_equal(db_col_int(again, 0), 1);
    db_reset(again);
}

static void a_statement_in_use_is_not_handed_out_twice(void **state)
{
    struct fixture *f = *state;
    const char *sql = "SELECT value FROM (SELECT 1 AS value UNION ALL SELECT 2)";
    struct db_stmt *outer = db_prepare(f->r, sql);

    assert_int_equal(db_step(outer), DB_ROW);
    struct db_stmt *inner = db_prepare(f->r, sql);
    assert_ptr_not_equal(inner, outer);
    assert_int_equal(db_step(inner), DB_ROW);
    assert_int_equal(db_step(outer), DB_ROW);
    assert_int_equal(db_col_int(outer, 0), 2);
    db_settle(f->r);
}

static void a_full_cache_throws_out_old_statements_and_keeps_those_in_use(void **state)
{
    struct fixture *f = *state;
    struct db_stmt *kept = db_prepare(f->r, "SELECT 42 UNION ALL SELECT 43");
    char sql[32];

    assert_int_equal(db_step(kept), DB_ROW);
    for (int i = 0; i < 1000; i++) {
        snprintf(sql, sizeof(sql), "SELECT %d", i);
        assert_int_equal(number(f->r, sql), i);
    }
    assert_int_equal(db_step(kept), DB_ROW);
    assert_int_equal(db_col_int(kept, 0), 43);
    db_reset(kept);
}

static void bad_sql_gives_no_statement_and_an_error_text(void **state)
{
    struct fixture *f = *state;
    struct db_stmt *s = db_prepare(f->r, "SELECT nonsense FROM nowhere");

    assert_null(s);
    assert_non_null(strstr(db_error(f->r), "nowhere"));
    db_bind_int(s, 1, 1);
    assert_int_equal(db_step(s), DB_ERROR);
    db_reset(s);
}

static void double_quotes_never_mean_a_string(void **state)
{
    struct fixture *f = *state;

    assert_null(db_prepare(f->r, "SELECT \"no_such_column\" FROM t"));
}

static void a_reader_cannot_write(void **state)
{
    struct fixture *f = *state;

    assert_true(db_exec(f->r, "INSERT INTO t (name) VALUES ('x')") < 0);
    assert_int_equal(number(f->r, "SELECT count(*) FROM t"), 0);
}

/* Writing. */

/* What the one before left behind: an endless read, a snapshot, a deadline that has passed, an error. */
static void a_reader_that_was_given_back_goes_on_with_nothing_of_the_one_before(void **state)
{
    struct fixture *f = *state;
    struct db_conn *c = open_reader(f->db), *was = c;

    assert_int_equal(db_read_begin(c), DB_OK);
    assert_int_equal(db_step(db_prepare(
                         c, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, (SELECT count(*) FROM t) FROM n")),
                     DB_ROW);
    assert_null(db_prepare(c, "SELECT nothing FROM nowhere"));
    db_budget(c, 1, NULL);
    db_conn_close(&c);
    assert_null(c);
    assert_int_equal(write_sql(f->db, "INSERT INTO t (name) VALUES ('new')"), 0);
    c = open_reader(f->db);
    assert_ptr_equal(c, was);
    assert_string_equal(db_error(c), "");
    assert_int_equal(number(c, "SELECT count(*) FROM t"), 1);
    assert_int_equal(number(c, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000) SELECT count(*) FROM n"),
                     100000);
    db_conn_close(&c);
}

/* Each connection has the log open.  (The file itself SQLite keeps open for the next one.) */
static int open_connections(void)
{
    DIR *d = opendir("/proc/self/fd");
    struct dirent *e;
    char to[256];
    ssize_t len;
    int n = 0;

    while ((e = readdir(d)) != NULL)
        if ((len = readlinkat(dirfd(d), e->d_name, to, sizeof(to))) > 4)
            n += memcmp(to + len - 4, "-wal", 4) == 0;
    closedir(d);
    return n;
}

static void readers_that_nobody_needs_for_long_are_closed(void **state)
{
    struct fixture *f = *state;
    struct db_conn *many[8], *one;
    int before;

    db_conn_close(&f->r);
    db_close(&f->db);
    f->db = open_db(f->path, &(struct db_options){.reader_unused_ms = 1});
    f->r = open_reader(f->db);
    assert_int_equal(number(f->r, "SELECT count(*) FROM t"), 0);
    before = open_connections();
    for (int i = 0; i < 8; i++) {
        many[i] = open_reader(f->db);
        assert_int_equal(number(many[i], "SELECT count(*) FROM t"), 0);
    }
    assert_int_equal(open_connections(), before + 8);
    for (int i = 0; i < 8; i++)
        db_conn_close(&many[i]);
    while (open_connections() > before + 1) { /* the one that is needed all the time stays */
        one = open_reader(f->db);
        assert_int_equal(number(one, "SELECT count(*) FROM t"), 0);
        db_conn_close(&one);
    }
}

static void a_second_row_of_the_same_key_is_a_clash_that_names_the_column(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(write_sql(f->db, "INSERT INTO t (name) VALUES ('x')"), 0);
    assert_int_equal(write_sql(f->db, "INSERT INTO t (name) VALUES ('x')"), DB_UNIQUE);
    assert_int_equal(write_sql(f->db, "INSERT INTO t (id, name) VALUES (1, 'y')"), DB_UNIQUE);
    assert_int_equal(write_sql(f->db, "INSERT INTO t (n) VALUES ('many')"), DB_CONSTRAINT);
    assert_int_equal(number(f->r, "SELECT count(*) FROM t"), 1);
}

static int clash_body(struct db_conn *c, void *arg)
{
    (void)arg;
    assert_int_equal(db_exec(c, "INSERT INTO t (name) VALUES ('x')"), 0);
    assert_int_equal(db_exec(c, "INSERT INTO t (name) VALUES ('x')"), DB_UNIQUE);
    assert_string_equal(db_clash(c), "t.name");
    return db_exec(c, "INSERT INTO t (name) VALUES ('after')");
}

static void a_body_may_go_on_after_a_clash(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(db_write(f->db, clash_body, NULL), 0);
    assert_int_equal(number(f->r, "SELECT count(*) FROM t"), 2);
}

struct job {
    struct db_work work;
    struct fixture *f;
    int k, rc;
    const char *name; /* of the row that it adds ... */
    int64_t id;       /* ... and the id it was told */
    bool seen; /* by another connection when done was called */
    sem_t *done;
};

/* Holds the writer until the test has queued what is to share a batch. */
static int wait_body(struct db_conn *c, void *arg)
{
    (void)c;
    sem_wait(arg);
    return 0;
}

static void nothing_done(void *arg, int rc)
{
    (void)arg, (void)rc;
}

static int every_third_fails(struct db_conn *c, void *arg)
{
    struct job *j = arg;
    struct db_stmt *s = db_prepare(c, "INSERT INTO t (n) VALUES (?)");

    db_bind_int(s, 1, j->k);
    int rc = db_step(s);
    return rc == 0 && j->k % 3 == 0 ? 77 : rc;
}

static void note_result(void *arg, int rc)
{
    struct job *j = arg;

    j->rc = rc;
    sem_post(j->done);
}

static void bodies_queued_together_share_a_commit_and_fail_alone(void **state)
{
    struct fixture *f = *state;
    struct job jobs[30];
    struct db_stats before, after;
    sem_t gate, done;
    struct db_work holder = {.body = wait_body, .done = nothing_done, .arg = &gate};

    sem_init(&gate, 0, 0);
    sem_init(&done, 0, 0);
    db_stats(f->db, &before);
    assert_int_equal(db_submit(f->db, &holder), 0);
    for (int i = 0; i < 30; i++) {
        jobs[i] = (struct job){.k = i, .done = &done};
        jobs[i].work =
            (struct db_work){.body = every_third_fails, .done = note_result, .arg = &jobs[i]};
        assert_int_equal(db_submit(f->db, &jobs[i].work), 0);
    }
    sem_post(&gate);
    for (int i = 0; i < 30; i++)
        sem_wait(&done);

    db_stats(f->db, &after);
    for (int i = 0; i < 30; i++)
        assert_int_equal(jobs[i].rc, i % 3 == 0 ? 77 : 0);
    assert_int_equal(number(f->r, "SELECT count(*) FROM t"), 20);
    assert_int_equal(number(f->r, "SELECT count(*) FROM t WHERE n % 3 = 0"), 0);
    assert_int_equal(after.commits - before.commits, 1);
    assert_int_equal(after.bodies - before.bodies, 31);
}

/* How a body ends that was sure, and what it does before. */
enum { SUCCEEDS, REFUSES, CLASHES, NESTS, BREAKS_ITS_WORD };

static int nested_fails(struct db_conn *c, void *arg)
{
    (void)arg;
    assert_int_equal(db_exec(c, "INSERT INTO t (n) VALUES (1000)"), 0);
    return 5;
}

static int sure_body(struct db_conn *c, void *arg)
{
    struct job *j = arg;
    struct db_stmt *s;
    int rc;

    db_sure(c);
    if (j->k == REFUSES)
        return 77;
    s = db_prepare(c, "INSERT INTO t (id, n) VALUES (?, ?)");
    db_bind_int(s, 1, j->k == CLASHES ? 100 : 200 + j->k);
    db_bind_int(s, 2, j->k);
    rc = db_step(s);
    db_reset(s);
    if (j->k == NESTS)
        assert_int_equal(db_write(j->f->db, nested_fails, NULL), 5);
    return j->k == BREAKS_ITS_WORD ? 77 : rc;
}

/* In one batch: a row of somebody else's, then the bodies that are sure. */
static void run_together(struct fixture *f, int (*body)(struct db_conn *, void *), struct job *jobs, int n, int *other)
{
    sem_t gate, done;
    struct db_work holder = {.body = wait_body, .done = nothing_done, .arg = &gate};
    struct job before = {.done = &done};

    sem_init(&gate, 0, 0);
    sem_init(&done, 0, 0);
    before.work = (struct db_work){.body = every_third_fails, .done = note_result, .arg = &before};
    before.k = 100;
    assert_int_equal(db_submit(f->db, &holder), 0);
    assert_int_equal(db_submit(f->db, &before.work), 0);
    for (int i = 0; i < n; i++) {
        jobs[i].f = f;
        jobs[i].done = &done;
        jobs[i].work = (struct db_work){.body = body, .done = note_result, .arg = &jobs[i]};
        assert_int_equal(db_submit(f->db, &jobs[i].work), 0);
    }
    sem_post(&gate);
    for (int i = 0; i <= n; i++)
        sem_wait(&done);
    *other = before.rc;
}

static void a_body_that_is_sure_fails_alone_while_it_has_changed_nothing(void **state)
{
    struct fixture *f = *state;
    struct job jobs[] = {{.k = SUCCEEDS}, {.k = REFUSES}, {.k = CLASHES}, {.k = NESTS}};
    int other;

    assert_int_equal(write_sql(f->db, "INSERT INTO t (id, n) VALUES (100, 0)"), 0);
    run_together(f, sure_body, jobs, 4, &other);
    assert_int_equal(other, 0);
    assert_int_equal(jobs[0].rc, 0);
    assert_int_equal(jobs[1].rc, 77);
    assert_int_equal(jobs[2].rc, DB_UNIQUE);
    assert_int_equal(jobs[3].rc, 0);
    assert_int_equal(number(f->r, "SELECT count(*) FROM t"), 4);
    assert_int_equal(number(f->r, "SELECT count(*) FROM t WHERE n IN (0, 3, 100)"), 4);
}

static void a_body_that_was_sure_and_fails_takes_its_batch_along(void **state)
{
    struct fixture *f = *state;
    struct job jobs[] = {{.k = SUCCEEDS}, {.k = BREAKS_ITS_WORD}};
    int other;

    run_together(f, sure_body, jobs, 2, &other);
    assert_true(other < 0);
    assert_true(jobs[0].rc < 0);
    assert_true(jobs[1].rc < 0);
    assert_int_equal(number(f->r, "SELECT count(*) FROM t"), 0);
    assert_int_equal(write_sql(f->db, "INSERT INTO t (n) VALUES (1)"), 0); /* and all goes on */
    assert_int_equal(number(f->r, "SELECT count(*) FROM t"), 1);
}

/* What a body does that adds rows which may wait for those of others. */
enum { ADDS, ADDS_AND_LOOKS, UNSURE_ADDS_AND_FAILS, ADDS_IN_A_STEP, IS_REFUSED_AT_ONCE, IS_REFUSED_LATER };

static int add(struct db_conn *c, const char *name, bool unique, int64_t *id)
{
    struct db_value v[] = {db_text(name), db_int(7)};
    struct db_row row = {"added (name, n)", 2, 1, v, unique, id};
    int rc = db_add_row(c, &row);

    v[0] = v[1] = db_text("the row has a copy");
    return rc;
}

static int step_that_fails(struct db_conn *c)
{
    assert_int_equal(db_exec(c, "SAVEPOINT step"), 0);
    assert_int_equal(add(c, "undone", false, NULL), 0);
    assert_int_equal(db_exec(c, "ROLLBACK TO step; RELEASE step"), 0);
    return 0;
}

static int adding_body(struct db_conn *c, void *arg)
{
    struct job *j = arg;

    if (j->k != UNSURE_ADDS_AND_FAILS)
        db_sure(c);
    if (j->k == IS_REFUSED_AT_ONCE || j->k == IS_REFUSED_LATER)
        return add(c, "there", j->k == IS_REFUSED_AT_ONCE, NULL);
    if (j->k == ADDS_IN_A_STEP)
        return step_that_fails(c);
    int rc = add(c, j->name, false, &j->id);
    if (j->k == ADDS_AND_LOOKS)
        assert_int_equal(number(c, "SELECT max(id) FROM added"), j->id);
    return j->k == UNSURE_ADDS_AND_FAILS ? 77 : rc;
}

static void create_added(struct fixture *f)
{
    assert_int_equal(write_sql(f->db, "CREATE TABLE added (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, n INTEGER) STRICT;"
                                      " INSERT INTO added VALUES (41, 'there', 0)"), 0);
}

static void rows_of_bodies_that_are_sure_go_in_together_and_nobody_sees_that_they_waited(void **state)
{
    struct fixture *f = *state;
    struct job jobs[] = {{.k = ADDS, .name = "a"}, {.k = ADDS, .name = "b"}, {.k = ADDS_AND_LOOKS, .name = "c"},
                         {.k = UNSURE_ADDS_AND_FAILS, .name = "no"}, {.k = ADDS, .name = "d"}, {.k = IS_REFUSED_AT_ONCE},
                         {.k = ADDS, .name = "e"}, {.k = ADDS_IN_A_STEP}, {.k = ADDS, .name = "f"}};
    const int n = sizeof(jobs) / sizeof(jobs[0]);
    int64_t id = 41;
    int other;

    create_added(f);
    run_together(f, adding_body, jobs, n, &other);
    assert_int_equal(other, 0);
    for (int i = 0; i < n; i++) {
        struct db_stmt *s = db_prepare(f->r, "SELECT id, n FROM added WHERE name = ?");

        assert_int_equal(jobs[i].rc, jobs[i].k == UNSURE_ADDS_AND_FAILS ? 77 : jobs[i].k == IS_REFUSED_AT_ONCE ? DB_UNIQUE : 0);
        db_bind_text(s, 1, jobs[i].name, -1);
        if (jobs[i].rc == 0 && jobs[i].name != NULL) {
            assert_int_equal(db_step(s), DB_ROW);
            assert_int_equal(db_col_int(s, 0), jobs[i].id);
            assert_int_equal(db_col_int(s, 1), 7);
            assert_true(jobs[i].id > id); /* a number that was taken back is given again */
            id = jobs[i].id;
        } else {
            assert_int_equal(db_step(s), DB_DONE);
        }
        db_reset(s);
    }
    assert_int_equal(number(f->r, "SELECT count(*) FROM added"), 7);
}

static void a_row_that_waited_and_is_refused_takes_its_batch_along(void **state)
{
    struct fixture *f = *state;
    struct job jobs[] = {{.k = ADDS, .name = "a"}, {.k = IS_REFUSED_LATER}, {.k = ADDS, .name = "b"}};
    int other;

    create_added(f);
    run_together(f, adding_body, jobs, 3, &other);
    assert_true(other < 0);
    for (int i = 0; i < 3; i++)
        assert_true(jobs[i].rc < 0);
    assert_int_equal(number(f->r, "SELECT count(*) FROM added"), 1);
    run_together(f, adding_body, jobs, 1, &other); /* and all goes on */
    assert_int_equal(jobs[0].rc, 0);
    assert_int_equal(jobs[0].id, 42);
    assert_int_equal(number(f->r, "SELECT max(id) FROM added"), 42);
}

static int own_nice(struct db_conn *c, void *arg)
{
    (void)c;
    *(int *)arg = getpriority(PRIO_PROCESS, (id_t)gettid());
    return 0;
}

static void the_writer_goes_before_others_for_what_is_waited_for_alone_and_where_it_may(void **state)
{
    struct fixture *f = *state;
    const int nice = getpriority(PRIO_PROCESS, 0);
    bool may = setpriority(PRIO_PROCESS, (id_t)gettid(), nice - 5) == 0;
    int urgent, low, again;

    if (may)
        assert_int_equal(setpriority(PRIO_PROCESS, (id_t)gettid(), nice), 0);
    assert_int_equal(db_write(f->db, own_nice, &urgent), 0);
    assert_int_equal(db_write_low(f->db, own_nice, &low), 0);
    assert_int_equal(db_write(f->db, own_nice, &again), 0);
    assert_int_equal(urgent, may ? MAX(nice - 5, -20) : nice);
    assert_int_equal(low, nice);
    assert_int_equal(again, urgent);
}

/* As in a sandbox that ends who asks for another nice level; false: this process may not make one. */
static bool forbid_nice_levels(void)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_setpriority, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };

    return prctl(PR_CAPBSET_DROP, CAP_SYS_NICE, 0, 0, 0) == 0 && setrlimit(RLIMIT_NICE, &(struct rlimit){0, 0}) == 0 &&
           prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &(struct sock_fprog){sizeof(steps) / sizeof(steps[0]), steps}, 0, 0) == 0;
}

enum { WROTE, WROTE_NOT, NO_SANDBOX };

static int write_in_sandbox(const char *path)
{
    struct buf err = BUF_INIT;
    struct db *db;
    int nice;

    if (!forbid_nice_levels())
        return NO_SANDBOX;
    return db_open(path, &(struct db_options){0}, &db, &err) == 0 && db_write(db, own_nice, &nice) == 0 ? WROTE : WROTE_NOT;
}

static void where_nice_levels_are_forbidden_the_writer_asks_for_none(void **state)
{
    char dir[] = "/tmp/berth-nice-XXXXXX", path[64], command[64];
    int status;
    pid_t child;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/berth.db", dir);
    child = fork();
    if (child == 0)
        _exit(write_in_sandbox(path));
    assert_int_equal(waitpid(child, &status, 0), child);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    assert_int_equal(system(command), 0);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NO_SANDBOX)
        skip();
    assert_int_equal(WEXITSTATUS(status), WROTE);
}

static void *insert_and_look(void *arg)
{
    struct job *j = arg;
    struct db_conn *c = open_reader(j->f->db);

    for (int i = 0; i < 200; i++) {
        char sql[64], find[64];

        snprintf(sql, sizeof(sql), "INSERT INTO t (name) VALUES ('%d-%d')", j->k, i);
        snprintf(find, sizeof(find), "SELECT count(*) FROM t WHERE name = '%d-%d'", j->k, i);
        if (write_sql(j->f->db, sql) != 0 || number(c, find) != 1)
            j->rc++;
    }
    db_conn_close(&c);
    return NULL;
}

static void many_threads_each_see_their_row_as_soon_as_they_are_told(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[8];
    struct job jobs[8];

    for (int i = 0; i < 8; i++) {
        jobs[i] = (struct job){.f = f, .k = i};
        pthread_create(&threads[i], NULL, insert_and_look, &jobs[i]);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(jobs[i].rc, 0);
    }
    assert_int_equal(number(f->r, "SELECT count(*) FROM t"), 1600);
}

static int inner_fails(struct db_conn *c, void *arg)
{
    (void)arg;
    assert_int_equal(db_exec(c, "INSERT INTO t (name) VALUES ('inner')"), 0);
    return 5;
}

static int inner_succeeds(struct db_conn *c, void *arg)
{
    (void)arg;
    return db_exec(c, "INSERT INTO t (name) VALUES ('kept')");
}

static int outer_body(struct db_conn *c, void *arg)
{
    struct fixture *f = arg;
    struct db_stmt *open;

    assert_int_equal(db_exec(c, "INSERT INTO t (name) VALUES ('outer')"), 0);
    open = db_prepare(c, "SELECT name FROM t UNION ALL SELECT 'second'");
    assert_int_equal(db_step(open), DB_ROW);
    assert_int_equal(db_write(f->db, inner_fails, NULL), 5);
    assert_int_equal(db_write(f->db, inner_succeeds, NULL), 0);
    assert_int_equal(db_step(open), DB_ROW);
    return 0;
}

static void a_write_inside_a_body_runs_nested_and_fails_alone(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(db_write(f->db, outer_body, f), 0);
    assert_int_equal(number(f->r, "SELECT count(*) FROM t WHERE name IN ('outer', 'kept')"), 2);
    assert_int_equal(number(f->r, "SELECT count(*) FROM t"), 2);
}

static int outer_only_nests(struct db_conn *c, void *arg)
{
    struct fixture *f = arg;

    (void)c;
    assert_int_equal(db_write(f->db, inner_succeeds, NULL), 0);
    return 9;
}

static void a_failing_body_undoes_what_was_nested_in_it(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(db_write(f->db, outer_only_nests, f), 9);
    assert_int_equal(number(f->r, "SELECT count(*) FROM t"), 0);
}

static void write_again(void *arg, int rc)
{
    struct job *j = arg;

    j->rc = rc == 0 ? write_sql(j->f->db, "INSERT INTO t (name) VALUES ('from done')") : rc;
    sem_post(j->done);
}

static int insert_one(struct db_conn *c, void *arg)
{
    (void)arg;
    return db_exec(c, "INSERT INTO t (name) VALUES ('one')");
}

static void a_write_inside_done_is_committed_before_it_returns(void **state)
{
    struct fixture *f = *state;
    sem_t done;
    struct job j = {.f = f, .done = &done};

    sem_init(&done, 0, 0);
    j.work = (struct db_work){.body = insert_one, .done = write_again, .arg = &j};
    assert_int_equal(db_submit(f->db, &j.work), 0);
    sem_wait(&done);
    assert_int_equal(j.rc, 0);
    assert_int_equal(number(f->r, "SELECT count(*) FROM t"), 2);
}

static void a_full_queue_refuses_and_low_work_waits_for_the_rest(void **state)
{
    struct fixture *f = *state;
    char path[128];
    sem_t gate, done;
    struct job jobs[4];
    struct db_work holder = {.body = wait_body, .done = nothing_done, .arg = &gate};
    struct db_stats stats;

    snprintf(path, sizeof(path), "%s/small.db", f->dir);
    struct db *db = open_db(path, &(struct db_options){.queue_max = 2});
    assert_int_equal(write_sql(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER)"), 0);
    sem_init(&gate, 0, 0);
    sem_init(&done, 0, 0);
    assert_int_equal(db_submit(db, &holder), 0);
    do
        db_stats(db, &stats);
    while (stats.queued > 0);
    for (int i = 0; i < 4; i++) {
        jobs[i] = (struct job){.k = i + 1, .done = &done};
        jobs[i].work = (struct db_work){
            .body = every_third_fails, .done = note_result, .arg = &jobs[i], .low = i == 0};
        assert_int_equal(db_submit(db, &jobs[i].work), i == 3 ? DB_BUSY : 0);
    }
    sem_post(&gate);
    for (int i = 0; i < 3; i++)
        sem_wait(&done);
    struct db_conn *c = open_reader(db);
    assert_int_equal(number(c, "SELECT n FROM t ORDER BY id"), 2); /* low work 1 came after */
    db_conn_close(&c);
    db_close(&db);
}

static void what_is_queued_runs_before_the_writing_ends_and_reading_goes_on(void **state)
{
    struct fixture *f = *state;
    sem_t gate, done;
    struct job low = {.k = 7, .done = &done}, late = {.k = 8, .done = &done};
    struct db_work holder = {.body = wait_body, .done = nothing_done, .arg = &gate};

    sem_init(&gate, 0, 0);
    sem_init(&done, 0, 0);
    assert_int_equal(db_submit(f->db, &holder), 0);
    low.work = (struct db_work){.body = every_third_fails, .done = note_result, .arg = &low, .low = true};
    assert_int_equal(db_submit(f->db, &low.work), 0);
    sem_post(&gate);
    db_finish(f->db);
    assert_int_equal(sem_trywait(&done), 0);
    assert_int_equal(low.rc, 0);
    assert_int_equal(number(f->r, "SELECT n FROM t"), 7);
    late.work = (struct db_work){.body = every_third_fails, .done = note_result, .arg = &late};
    assert_int_not_equal(db_submit(f->db, &late.work), 0);
    assert_int_not_equal(db_write(f->db, insert_one, NULL), 0);
    assert_int_equal(number(f->r, "SELECT count(*) FROM t"), 1);
}

struct busy {
    struct db *db;
    atomic_bool *over;
    struct db_work work;
    sem_t *ended;
};

static void again(void *arg, int rc)
{
    struct busy *b = arg;

    (void)rc;
    if (atomic_load(b->over) || db_submit(b->db, &b->work) != 0)
        sem_post(b->ended);
}

static int read_something(struct db_conn *c, void *arg)
{
    (void)arg;
    number(c, "SELECT count(*) FROM t");
    return 0;
}

static void low_work_gets_its_turn_when_the_queue_is_never_empty(void **state)
{
    struct fixture *f = *state;
    atomic_bool over = false;
    struct busy busy[70]; /* more than fit into one commit */
    sem_t ended;

    sem_init(&ended, 0, 0);
    for (int i = 0; i < 70; i++) {
        busy[i] = (struct busy){.db = f->db, .over = &over, .ended = &ended};
        busy[i].work = (struct db_work){.body = read_something, .done = again, .arg = &busy[i]};
        assert_int_equal(db_submit(f->db, &busy[i].work), 0);
    }
    assert_int_equal(db_write_low(f->db, insert_one, NULL), 0);
    atomic_store(&over, true);
    for (int i = 0; i < 70; i++)
        sem_wait(&ended);
    assert_int_equal(number(f->r, "SELECT count(*) FROM t"), 1);
}

/* Reading. */

static void several_reads_share_a_snapshot(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(db_read_begin(f->r), 0);
    assert_int_equal(number(f->r, "SELECT count(*) FROM t"), 0);
    assert_int_equal(write_sql(f->db, "INSERT INTO t (name) VALUES ('x')"), 0);
    assert_int_equal(number(f->r, "SELECT count(*) FROM t"), 0);
    db_read_end(f->r);
    assert_int_equal(number(f->r, "SELECT count(*) FROM t"), 1);
}

static const char endless[] = "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c)"
                              " SELECT count(*) FROM c";

/* Once in some hundreds of times it is BEGIN or COMMIT that finds the time over: the connection went on in a snapshot that
 * nobody knew of, and what was saved since was not there. */
static void a_snapshot_that_begins_too_late_leaves_none_behind(void **state)
{
    struct fixture *f = *state;

    for (int i = 1; i <= 3000; i++) {
        db_budget(f->r, 1, NULL); /* long past */
        if (db_read_begin(f->r) == DB_OK)
            db_read_end(f->r);
        db_settle(f->r);
        if (i % 50 != 0)
            continue;
        assert_int_equal(number(f->r, "SELECT count(*) FROM t"), i / 50 - 1); /* begins the snapshot, if there is one */
        assert_int_equal(write_sql(f->db, "INSERT INTO t (n) VALUES (1)"), 0);
        assert_int_equal(number(f->r, "SELECT count(*) FROM t"), i / 50);
        assert_int_equal(db_read_begin(f->r), DB_OK);
        db_read_end(f->r);
    }
}

static void a_read_past_its_deadline_is_interrupted(void **state)
{
    struct fixture *f = *state;

    db_budget(f->r, when_monotonic() + 20, NULL);
    assert_false(db_cut_short(f->r));
    assert_int_equal(db_step(db_prepare(f->r, endless)), DB_INTERRUPTED);
    assert_int_equal(number(f->r, "SELECT 1"), 1); /* a short one may still pass */
    assert_true(db_cut_short(f->r));
    db_settle(f->r);
    assert_true(db_cut_short(f->r));
    db_budget(f->r, 0, NULL);
    assert_false(db_cut_short(f->r));
    assert_int_equal(number(f->r, "SELECT count(*) FROM t"), 0);
}

static void *set_cancel(void *arg)
{
    atomic_store((atomic_bool *)arg, true);
    return NULL;
}

static void a_read_is_interrupted_when_it_is_cancelled(void **state)
{
    struct fixture *f = *state;
    atomic_bool cancel = false;
    pthread_t thread;

    db_budget(f->r, 0, &cancel);
    pthread_create(&thread, NULL, set_cancel, &cancel);
    assert_int_equal(db_step(db_prepare(f->r, endless)), DB_INTERRUPTED);
    pthread_join(thread, NULL);
    db_budget(f->r, 0, NULL);
}

static int slow_read_then_write(struct db_conn *c, void *arg)
{
    (void)arg;
    db_budget(c, when_monotonic(), NULL);
    assert_int_equal(db_exec(c, "INSERT INTO t (n) WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL"
                                " SELECT n + 1 FROM c WHERE n < 10000) SELECT n FROM c"),
                     0);
    return db_step(db_prepare(c, endless)) == DB_INTERRUPTED ? 0 : -1;
}

static void a_budget_in_a_body_stops_reads_but_never_a_write(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(db_write(f->db, slow_read_then_write, NULL), 0);
    assert_int_equal(number(f->r, "SELECT count(*) FROM t"), 10000);
}

/* The file. */

static void a_second_process_is_told_who_uses_the_file(void **state)
{
    struct fixture *f = *state;
    struct buf err = BUF_INIT;
    struct db *second;
    char pid[32];

    assert_int_equal(db_open(f->path, NULL, &second, &err), -1);
    snprintf(pid, sizeof(pid), "process %d is using it", (int)getpid());
    assert_non_null(strstr(err.s, pid));
    buf_free(&err);
}

static void a_read_only_opener_sees_what_the_writer_commits_and_can_back_it_up(void **state)
{
    struct fixture *f = *state;
    struct buf err = BUF_INIT;
    char to[128];
    struct db *db = open_db(f->path, &(struct db_options){.read_only = true});
    struct db_conn *c = open_reader(db);

    assert_int_equal(write_sql(f->db, "INSERT INTO t (name) VALUES ('x')"), 0);
    assert_int_equal(number(c, "SELECT count(*) FROM t"), 1);
    assert_int_equal(write_sql(db, "INSERT INTO t (name) VALUES ('y')"), DB_ERROR);
    snprintf(to, sizeof(to), "%s/copy.db", f->dir);
    assert_int_equal(db_backup(db, to, false, NULL, &err), 0);
    db_conn_close(&c);
    db_close(&db);

    snprintf(to, sizeof(to), "%s/missing.db", f->dir);
    assert_int_equal(db_open(to, &(struct db_options){.read_only = true}, &db, &err), -1);
    assert_non_null(strstr(err.s, "missing.db"));
    buf_free(&err);
}

static void an_opener_that_waits_gets_the_file_when_it_is_let_go(void **state)
{
    struct fixture *f = *state;

    db_conn_close(&f->r);
    db_close(&f->db);
    f->db = open_db(f->path, &(struct db_options){.lock_wait_ms = 5000});
    f->r = open_reader(f->db);
    assert_int_equal(number(f->r, "SELECT count(*) FROM t"), 0);
}

static void what_is_no_database_is_refused_with_a_reason(void **state)
{
    struct fixture *f = *state;
    struct buf err = BUF_INIT;
    struct db *db;
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/letter.db", f->dir);
    file = fopen(path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("Dear Sir, ", file);
    fclose(file);
    assert_int_equal(db_open(path, NULL, &db, &err), -1);
    assert_null(db);
    assert_non_null(strstr(err.s, "not a database"));
    buf_clear(&err);
    assert_int_equal(db_open("oracle://x/y", NULL, &db, &err), -1);
    assert_non_null(strstr(err.s, "oracle"));
    buf_clear(&err);
    assert_int_equal(db_open("/nonexistent/dir/berth.db", NULL, &db, &err), -1);
    assert_non_null(strstr(err.s, "No such file"));
    buf_free(&err);
}

static void the_file_is_private(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    char wal[128];

    snprintf(wal, sizeof(wal), "%s-wal", f->path);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(wal, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void the_log_stays_small_under_steady_writing(void **state)
{
    struct fixture *f = *state;
    struct db_options o = {.log_bytes = 200000, .log_max_bytes = 400000};
    struct db_stats stats;
    char path[128];

    snprintf(path, sizeof(path), "%s/steady.db", f->dir);
    struct db *db = open_db(path, &o);
    assert_int_equal(write_sql(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)"), 0);
    for (int i = 0; i < 300; i++) {
        assert_int_equal(write_sql(db, "INSERT INTO t (x) VALUES (hex(randomblob(2000)))"), 0);
        db_stats(db, &stats);
        assert_true(stats.log_bytes < 500000);
    }
    assert_true(stats.checkpoints > 2);
    db_close(&db);
}

static void a_read_that_keeps_the_log_growing_is_ended(void **state)
{
    struct fixture *f = *state;
    struct db_options o = {.log_bytes = 200000, .log_max_bytes = 400000, .log_read_ms = 1};
    struct db_stats stats;
    char path[128];

    snprintf(path, sizeof(path), "%s/held.db", f->dir);
    struct db *db = open_db(path, &o);
    struct db_conn *c = open_reader(db);
    assert_int_equal(write_sql(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT)"), 0);
    assert_int_equal(write_sql(db, "INSERT INTO t (x) VALUES ('a'), ('b'), ('c')"), 0);
    assert_int_equal(db_read_begin(c), 0);
    struct db_stmt *s = db_prepare(c, "SELECT x FROM t ORDER BY id");
    assert_int_equal(db_step(s), DB_ROW);

    int64_t until = when_monotonic() + 60000;
    int rc = DB_ROW;
    while (rc == DB_ROW && when_monotonic() < until) {
        assert_int_equal(write_sql(db, "INSERT INTO t (x) VALUES (hex(randomblob(50000)))"), 0);
        struct db_stmt *look = db_prepare(c, "SELECT x FROM t");
        rc = db_step(look);
        db_reset(look);
    }
    assert_int_equal(rc, DB_INTERRUPTED);
    assert_int_equal(db_step(s), DB_INTERRUPTED);
    assert_int_equal(db_step(db_prepare(c, "SELECT x FROM t")), DB_INTERRUPTED);
    db_read_end(c);
    assert_int_equal(db_step(s), DB_ROW); /* from the start, of a new one */
    db_reset(s);
    assert_true(number(c, "SELECT count(*) FROM t") > 3);
    do {
        assert_int_equal(write_sql(db, "INSERT INTO t (x) VALUES ('d')"), 0);
        db_stats(db, &stats);
    } while (stats.log_bytes > 400000 && when_monotonic() < until);
    assert_true(stats.log_bytes <= 400000);
    db_conn_close(&c);
    db_close(&db);
}

struct again {
    struct db *db;
    struct db_work work;
    atomic_int left;
};

static void once_more(void *arg, int rc)
{
    struct again *k = arg;

    assert_int_equal(rc, 0);
    if (atomic_fetch_sub(&k->left, 1) > 1)
        assert_int_equal(db_submit(k->db, &k->work), 0);
}

static int one_row(struct db_conn *c, void *arg)
{
    (void)arg;
    return db_exec(c, "INSERT INTO t (n) VALUES (1)");
}

static int none_yet(struct db_conn *c, void *arg)
{
    (void)c, (void)arg;
    return 0;
}

/* Its texts are indexed from the moment a database is open; told by ThreadSanitizer. */
static void what_is_done_at_a_commit_may_be_said_while_the_writer_is_at_work(void **state)
{
    struct fixture *f = *state;
    struct again k = {.db = f->db, .left = 40};

    k.work = (struct db_work){.body = one_row, .done = once_more, .arg = &k, .low = true};
    assert_int_equal(db_submit(f->db, &k.work), 0);
    while (atomic_load(&k.left) > 0)
        db_at_commit(f->db, none_yet, NULL);
    assert_int_equal(write_sql(f->db, "DELETE FROM t"), 0);
    db_at_commit(f->db, NULL, NULL);
}

static void an_idle_database_empties_its_log(void **state)
{
    struct fixture *f = *state;
    struct db_stats stats;
    int64_t until = when_monotonic() + 30000;
    struct stat st;
    char wal[128];

    assert_int_equal(write_sql(f->db, "INSERT INTO t (name) VALUES ('x')"), 0);
    do
        db_stats(f->db, &stats);
    while (stats.log_bytes > 0 && when_monotonic() < until && usleep(1000) == 0);
    snprintf(wal, sizeof(wal), "%s-wal", f->path);
    assert_int_equal(stat(wal, &st), 0);
    assert_int_equal(st.st_size, 0);
}

/* Many rows at once. */

static struct db_value text_value(const char *s)
{
    return (struct db_value){.type = DB_T_TEXT, .len = strlen(s), .s = s};
}

static struct db_value value_of(void *arg, size_t row, int column)
{
    static const char *const names[] = {"a", "", "数", "a"}; /* the last one clashes with the first */

    (void)arg;
    switch (column) {
    case 0:
        return text_value(names[row]);
    case 1:
        return row == 1 ? (struct db_value){.type = DB_T_NULL} : (struct db_value){.type = DB_T_INT, .i = INT64_MIN + (int64_t)row};
    case 2:
        return (struct db_value){.type = DB_T_REAL, .d = (double)row / 2};
    default:
        return (struct db_value){.type = DB_T_BLOB, .len = row, .s = "\0\1\2"};
    }
}

static int rows_body(struct db_conn *c, void *n)
{
    int rc = db_insert_rows(c, &(struct db_rows){"many (name, n, x, raw)", 4, *(size_t *)n, value_of, NULL});

    if (rc == DB_OK)
        assert_int_equal(db_last_id(c), 9 + (int64_t) * (size_t *)n);
    return rc;
}

static void many_rows_go_in_at_once_with_ids_that_follow_each_other(void **state)
{
    struct fixture *f = *state;
    size_t n = 3;
    struct db_stmt *s;

    assert_int_equal(write_sql(f->db,
                               "CREATE TABLE many (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, n INTEGER, x REAL, raw BLOB)"
                               " STRICT; INSERT INTO many (id, name) VALUES (9, 'was there')"),
                     0);
    assert_int_equal(db_write(f->db, rows_body, &n), 0);
    s = db_prepare(f->r, "SELECT id, name, n, x, hex(raw) FROM many WHERE id > 9 ORDER BY id");
    for (int64_t i = 0; i < 3; i++) {
        assert_int_equal(db_step(s), DB_ROW);
        assert_int_equal(db_col_int(s, 0), 10 + i);
        assert_string_equal(db_col_text(s, 1, NULL), value_of(NULL, (size_t)i, 0).s);
        assert_int_equal(db_col_type(s, 2), i == 1 ? DB_T_NULL : DB_T_INT);
        assert_int_equal(db_col_int(s, 2), i == 1 ? 0 : INT64_MIN + i);
        assert_true(db_col_real(s, 3) == (double)i / 2);
        assert_string_equal(db_col_text(s, 4, NULL), i == 0 ? "" : i == 1 ? "00" : "0001");
    }
    assert_int_equal(db_step(s), DB_DONE);
}

enum { SETS = 2000, LONG = 8000 };

static int sets_body(struct db_conn *c, void *arg)
{
    char into[LONG + 1] = "";
    int rc = DB_OK;

    for (int i = *(int *)arg; i < *(int *)arg + SETS && rc == DB_OK; i++) { /* the name stands elsewhere in it each time */
        memset(into, ' ', LONG);
        memcpy(into, "sets", 4);
        memcpy(into + 4 + i, "(name)", 6);
        rc = db_insert_rows(c, &(struct db_rows){into, 1, 1, value_of, NULL});
    }
    return rc;
}

/* Each stayed until nobody wrote for ten seconds, and each row of anything was looked for among them. */
static void rows_that_go_in_at_once_with_ever_other_columns_leave_nothing_behind(void **state)
{
    struct fixture *f = *state;
    int from = 0, then = SETS;
    size_t before;

    assert_int_equal(write_sql(f->db, "CREATE TABLE sets (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT) STRICT"), 0);
    assert_int_equal(db_write(f->db, sets_body, &from), 0); /* what the statement cache holds is there from here on */
    before = mallinfo2().uordblks;
    assert_int_equal(db_write(f->db, sets_body, &then), 0);
    assert_int_equal(number(f->r, "SELECT count(*) FROM sets"), 2 * SETS);
    assert_in_range(mallinfo2().uordblks, 0, before + 2 * 1000 * 1000);
}

static void of_many_rows_none_is_there_when_one_is_refused(void **state)
{
    struct fixture *f = *state;
    size_t n = 4;

    assert_int_equal(
        write_sql(f->db, "CREATE TABLE many (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, n INTEGER, x REAL, raw BLOB)"), 0);
    assert_int_equal(db_write(f->db, rows_body, &n), DB_UNIQUE);
    assert_int_equal(number(f->r, "SELECT count(*) FROM many"), 0);
    assert_int_equal(db_write_low(f->db, rows_body, &n), DB_UNIQUE);
    assert_int_equal(number(f->r, "SELECT count(*) FROM many"), 0);
}

/* Keys. */

struct keys {
    int64_t n, sum, most;
};

static bool add_key(void *arg, int64_t key)
{
    struct keys *k = arg;

    k->n++;
    k->sum = (int64_t)((uint64_t)k->sum + (uint64_t)key);
    return k->n != k->most;
}

/* Numbers of each size, positive and negative. */
#define KEYS(from, to)                                                                                                     \
    "WITH RECURSIVE i (n) AS (SELECT " #from " UNION ALL SELECT n + 1 FROM i WHERE n < " #to ")"                           \
    "INSERT INTO k SELECT (n * 7919717 % 2147483647 << 31 | n) >> n % 63, n FROM i UNION ALL SELECT -(n << n % 44), n FROM i;"

/* Of as many big ones sum() would overflow; their halves do not. */
static int64_t sum_of_keys(struct fixture *f)
{
    uint64_t high = (uint64_t)number(f->r, "SELECT coalesce(sum(key >> 32), 0) FROM k");

    return (int64_t)((high << 32) + (uint64_t)number(f->r, "SELECT coalesce(sum(key & 4294967295), 0) FROM k"));
}

/* What the column that is named holds is told only by the rows: what stands first is the key. */
static void assert_read_off(struct fixture *f)
{
    struct keys all = {0};

    assert_int_equal(db_each_key(f->r, "k", "no", add_key, &all), 0);
    assert_int_equal(all.n, number(f->r, "SELECT count(*) FROM k"));
    assert_int_equal(all.sum, sum_of_keys(f));
}

static void keys_are_read_off_pages(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(
        write_sql(f->db, "CREATE TABLE k (key INTEGER NOT NULL, no INTEGER NOT NULL, PRIMARY KEY (key, no)) STRICT, WITHOUT ROWID"), 0);
    assert_read_off(f);
    assert_int_equal(write_sql(f->db, KEYS(1, 10)), 0);
    assert_read_off(f);
    assert_int_equal(write_sql(f->db, KEYS(11, 20000)), 0);
    assert_read_off(f); /* in the log */
    db_conn_close(&f->r);
    db_close(&f->db);
    f->db = open_db(f->path, &(struct db_options){0});
    f->r = open_reader(f->db);
    assert_read_off(f); /* in the file */
    assert_int_equal(write_sql(f->db, "DELETE FROM k WHERE no % 3 = 0;" KEYS(20001, 21000)), 0);
    assert_read_off(f); /* in both */
}

static void keys_beside_something_long_are_read_too(void **state)
{
    struct fixture *f = *state;
    struct keys all = {0};

    assert_int_equal(write_sql(f->db,
                               "CREATE TABLE k (key INTEGER NOT NULL, no TEXT NOT NULL, PRIMARY KEY (key, no)) STRICT, WITHOUT ROWID;"
                               "INSERT INTO k VALUES (1, 'a'), (2, printf('%200s', 'b')), (3, printf('%9000s', 'c'))"),
                     0);
    assert_int_equal(db_each_key(f->r, "k", "key", add_key, &all), 0);
    assert_in_range(all.n, 3, 6);
}

static void who_reads_keys_may_stop(void **state)
{
    struct fixture *f = *state;
    struct keys some = {.most = 7};

    assert_int_equal(
        write_sql(f->db,
                  "CREATE TABLE k (key INTEGER NOT NULL, no INTEGER NOT NULL, PRIMARY KEY (key, no)) STRICT, WITHOUT ROWID;" KEYS(1, 5000)),
        0);
    assert_int_equal(db_each_key(f->r, "k", "key", add_key, &some), 0);
    assert_int_equal(some.n, 7);
}

/* Backup. */

static int pair_body(struct db_conn *c, void *arg)
{
    (void)arg;
    assert_int_equal(db_exec(c, "INSERT INTO t (n) VALUES (1)"), 0);
    return db_exec(c, "INSERT INTO t (n) VALUES (-1)");
}

struct pairs {
    struct db *db;
    atomic_bool stop;
    int64_t written;
};

static void *write_pairs(void *arg)
{
    struct pairs *p = arg;

    while (!atomic_load(&p->stop))
        p->written += db_write(p->db, pair_body, NULL) == 0;
    return NULL;
}

static void a_backup_taken_during_writes_is_whole(void **state)
{
    struct fixture *f = *state;
    struct pairs p = {.db = f->db};
    struct buf err = BUF_INIT;
    pthread_t thread;
    char to[128];

    assert_int_equal(write_sql(f->db, "INSERT INTO t (name, n) WITH RECURSIVE c (n) AS (SELECT 1"
                                      " UNION ALL SELECT n + 1 FROM c WHERE n < 20000)"
                                      " SELECT hex(randomblob(50)), 0 FROM c"),
                     0);
    pthread_create(&thread, NULL, write_pairs, &p);
    snprintf(to, sizeof(to), "%s/copy.db", f->dir);
    for (int i = 0; i < 3; i++)
        if (db_backup(f->db, to, true, NULL, &err) != 0)
            fail_msg("%s", buf_str(&err));
    atomic_store(&p.stop, true);
    pthread_join(thread, NULL);

    struct db *copy = open_db(to, NULL);
    struct db_conn *c = open_reader(copy);
    assert_int_equal(number(c, "SELECT coalesce(sum(n), 0) FROM t"), 0);
    assert_true(number(c, "SELECT count(*) FROM t") >= 20000);
    assert_true(number(c, "SELECT count(*) FROM t WHERE n <> 0") <= 2 * p.written);
    assert_int_equal(db_integrity(copy, &err), 0);
    db_conn_close(&c);
    db_close(&copy);
    buf_free(&err);
}

static void a_backup_that_cannot_be_written_says_why_and_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct buf err = BUF_INIT;

    assert_int_equal(db_backup(f->db, "/nonexistent/x.db", false, NULL, &err), -1);
    assert_non_null(strstr(err.s, "No such file"));
    buf_free(&err);
}

/* Description. */

static void see_table(void *arg, const char *table)
{
    buf_addf(arg, "%s;", table);
}

static void see_column(void *arg, const char *table, const struct db_column *col)
{
    buf_addf(arg, "%s.%s %s%s%s%s%s;", table, col->name, col->type, col->primary ? " pk" : "",
             col->not_null ? " not null" : "", col->dflt ? " = " : "", col->dflt ? col->dflt : "");
}

static void see_index(void *arg, const char *table, const struct db_index *ix)
{
    buf_addf(arg, "%s/%s (%s)%s%s%s;", table, ix->name, ix->columns, ix->unique ? " unique" : "",
             ix->partial ? " partial" : "", ix->sql ? "" : " implied");
}

static void see_view(void *arg, const char *name, const char *sql)
{
    buf_addf(arg, "view %s: %s;", name, sql);
}

static void the_schema_is_described(void **state)
{
    struct fixture *f = *state;
    struct buf got = BUF_INIT;

    assert_int_equal(write_sql(f->db,
                               "CREATE TABLE a (k INTEGER NOT NULL DEFAULT 3, w TEXT UNIQUE);"
                               "CREATE INDEX a_k ON a (k, w) WHERE w IS NOT NULL;"
                               "CREATE INDEX a_low ON a (lower(w));"
                               "CREATE VIEW v AS SELECT k FROM a"),
                     0);
    assert_int_equal(
        db_schema(f->r, &(struct db_schema){see_table, see_column, see_index, see_view, &got}), 0);
    assert_string_equal(got.s, "a;a.k INTEGER not null = 3;a.w TEXT;"
                               "a/a_k (k, w) partial;a/a_low ();"
                               "a/sqlite_autoindex_a_1 (w) unique implied;"
                               "t;t.id INTEGER pk;t.name TEXT;t.n INTEGER;t.r REAL;t.b BLOB;"
                               "t/t_name (name) unique;"
                               "view v: CREATE VIEW v AS SELECT k FROM a;");
    buf_free(&got);
}

/* Full text. */

/* What is in the rows, for whoever is asked for their tokens. */
enum { TEXTS = 40200 };
static char *text_of[TEXTS];

static int texts_of_rows(void *arg, struct db_conn *w, const char *name, int64_t first, int64_t last,
                         bool (*put)(void *to, int64_t id, const char *tokens), void *to)
{
    bool more = true;

    (void)arg, (void)w;
    if (strcmp(name, "t_fts") != 0)
        return 1;
    for (int64_t id = first; id <= last && id < TEXTS && more; id++)
        more = text_of[id] == NULL || put(to, id, text_of[id]);
    return 0;
}

static const struct db_fts_source texts = {texts_of_rows, NULL};

static int put_text(struct db_conn *c, int64_t id, const char *text)
{
    free(text_of[id]);
    text_of[id] = mem_strdup(text);
    return db_fts_put_new(c, "t_fts", id);
}

static int change_text(struct db_conn *c, int64_t id, const char *now) /* NULL: it goes */
{
    char *was = text_of[id];
    int rc = db_fts_put(c, "t_fts", id, was, now);

    text_of[id] = now == NULL ? NULL : mem_strdup(now);
    free(was);
    return rc;
}

static int put_texts(struct db_conn *c, void *arg)
{
    (void)arg;
    assert_int_equal(db_exec(c, "INSERT INTO t (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')"), 0);
    assert_int_equal(db_fts_create(c, "t_fts"), 0);
    assert_int_equal(put_text(c, 1, "shen zhen 深圳 13800138000"), 0);
    assert_int_equal(put_text(c, 2, "shen yang 沈阳 a\"b nguyen"), 0);
    return put_text(c, 3, "NOT OR a*b 深圳");
}

static void fill_texts(struct fixture *f)
{
    for (int i = 0; i < TEXTS; i++) {
        free(text_of[i]);
        text_of[i] = NULL;
    }
    db_fts_source(f->db, &texts);
    assert_int_equal(db_write(f->db, put_texts, NULL), 0);
    assert_true(db_fts_wait(f->db, -1));
}

/* Ids of the rows that match `terms`, newest first: "3 1". */
static const char *found(struct fixture *f, const struct db_fts_term *terms, int n)
{
    static char ids[128];
    struct buf value = BUF_INIT, sql = BUF_INIT;
    unsigned left;

    ids[0] = '\0';
    assert_true(db_fts_wait(f->db, -1));
    if (db_fts_match(f->r, "t_fts", &value, terms, n, &left)) {
        buf_puts(&sql, "SELECT x.id FROM ");
        db_fts_from(f->db, &sql, "t_fts", "q", "t", "x");
        buf_puts(&sql, " WHERE ");
        db_fts_where(f->db, &sql, "t_fts", "q");
        buf_puts(&sql, " AND x.name IS NOT NULL ORDER BY ");
        db_fts_id(f->db, &sql, "q");
        buf_puts(&sql, " DESC");
        struct db_stmt *s = db_prepare(f->r, sql.s);
        db_bind_text(s, 1, value.s, -1);
        int rc;
        while ((rc = db_step(s)) == DB_ROW)
            sprintf(ids + strlen(ids), "%s%d", *ids ? " " : "", (int)db_col_int(s, 0));
        assert_int_equal(rc, DB_DONE);
    }
    buf_free(&value);
    buf_free(&sql);
    return ids;
}

#define WORD(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1, false                                                              \
    }
#define BEGIN(text)                                                                                \
    {                                                                                              \
        text, sizeof(text) - 1, true                                                               \
    }
#define FOUND(f, ...)                                                                              \
    found(f,                                                                                       \
          &(struct db_fts_term){(struct db_fts_word[]){__VA_ARGS__},                               \
                                sizeof((struct db_fts_word[]){__VA_ARGS__}) /                      \
                                    sizeof(struct db_fts_word), false},                      \
          1)

static void rows_are_found_by_token_prefix_and_alternatives(void **state)
{
    struct fixture *f = *state;

    fill_texts(f);
    assert_true(db_fts_exists(f->r, "t_fts"));
    assert_false(db_fts_exists(f->r, "t"));
    assert_string_equal(FOUND(f, WORD("shen")), "2 1");
    assert_string_equal(FOUND(f, WORD("深圳")), "3 1");
    assert_string_equal(FOUND(f, WORD("深")), "");
    assert_string_equal(FOUND(f, BEGIN("深")), "3 1");
    assert_string_equal(FOUND(f, BEGIN("138")), "1");
    assert_string_equal(FOUND(f, WORD("沈阳"), BEGIN("1380")), "2 1");

    struct db_fts_term both[] = {{(struct db_fts_word[]){WORD("shen")}, 1, false},
                                 {(struct db_fts_word[]){BEGIN("zh"), WORD("nothing")}, 2, false}};
    assert_string_equal(found(f, both, 2), "1");
    assert_string_equal(found(f, both, 0), "");
}

static int put_one(struct db_conn *c, void *arg)
{
    const int *i = arg;
    char tokens[32], sql[64];
    int rc;

    snprintf(tokens, sizeof(tokens), "one%d common", *i);
    snprintf(sql, sizeof(sql), "INSERT INTO t (id, name) VALUES (%d, '%d')", 3 + *i, *i);
    rc = db_exec(c, sql);
    return rc != 0 ? rc : put_text(c, 3 + *i, tokens);
}

enum { LONG_TEXT = 200000 };

static void long_text(struct buf *out, int from)
{
    for (int i = 0; i < LONG_TEXT; i++)
        buf_addf(out, "%sword%d", i > 0 ? " " : "", from + i);
}

static int change_long_text(struct db_conn *c, void *arg)
{
    struct buf now = BUF_INIT;
    int rc;

    long_text(&now, *(int *)arg);
    rc = change_text(c, 1, buf_str(&now));
    buf_free(&now);
    return rc;
}

/* Each word was looked for in all of the others, and nobody else wrote meanwhile. */
static void a_long_text_is_changed_without_looking_through_it_for_each_word(void **state)
{
    struct fixture *f = *state;

    fill_texts(f);
    for (int from = 0; from < 2; from++)
        assert_int_equal(db_write(f->db, change_long_text, &from), 0);
    assert_string_equal(FOUND(f, WORD("word0")), "");
    assert_string_equal(FOUND(f, WORD("word1")), "1");
    assert_string_equal(FOUND(f, WORD("word200000")), "1");
}

static int64_t segments(struct fixture *f)
{
    struct db_stmt *s = db_prepare(f->r, "SELECT count(DISTINCT segid) FROM t_fts_idx");
    int64_t n = db_step(s) == DB_ROW ? db_col_int(s, 0) : -1;

    db_reset(s);
    return n;
}

static int make_others(struct db_conn *c, void *arg)
{
    char sql[64];
    int rc = DB_OK;

    (void)arg;
    for (int i = 0; i < 70 && rc == DB_OK; i++) {
        snprintf(sql, sizeof(sql), "CREATE VIRTUAL TABLE a%d_fts USING fts5(text)", i);
        rc = db_exec(c, sql);
    }
    return rc;
}

/* However many others come before it. */
static void what_the_index_has_is_merged_when_nothing_else_is_to_do(void **state)
{
    struct fixture *f = *state;
    int64_t until;

    assert_int_equal(db_write(f->db, make_others, NULL), 0);
    fill_texts(f);
    for (int i = 1; i <= 15; i++) { /* a segment each: seven would be left of the last */
        assert_int_equal(db_write(f->db, put_one, &i), 0);
        assert_true(db_fts_wait(f->db, -1));
    }
    for (until = when_monotonic() + 60000; segments(f) > 4 && when_monotonic() < until;)
        usleep(10000);
    assert_in_range(segments(f), 1, 4);
    assert_string_equal(FOUND(f, WORD("common")), "18 17 16 15 14 13 12 11 10 9 8 7 6 5 4");
    assert_string_equal(FOUND(f, WORD("one3")), "6");
    assert_string_equal(FOUND(f, WORD("shen")), "2 1");
}

static int fill_many(struct db_conn *c, void *arg)
{
    char tokens[64];
    int rc = DB_OK;

    (void)arg;
    for (int i = 0; i < 40000 && rc == DB_OK; i++) {
        snprintf(tokens, sizeof(tokens), "sales%05d %s%s", i, i % 1000 == 0 ? "rare" : "often", i % 100 == 5 ? " @7" : "");
        rc = put_text(c, 100 + i, tokens);
    }
    return rc;
}

static void a_beginning_of_very_many_rows_is_asked_for_by_less_and_rows_are_looked_at(void **state)
{
    struct fixture *f = *state;
    struct buf value = BUF_INIT;
    struct db_fts_term sales = {(struct db_fts_word[]){BEGIN("sales")}, 1, false};
    struct db_fts_term both[] = {sales, {(struct db_fts_word[]){WORD("rare")}, 1, false},
                                 {(struct db_fts_word[]){WORD("@7")}, 1, true}};
    struct db_fts_term nobody = {(struct db_fts_word[]){BEGIN("nobody")}, 1, false};
    unsigned left;

    fill_texts(f);
    assert_int_equal(db_write(f->db, fill_many, NULL), 0);
    assert_true(db_fts_wait(f->db, -1));
    assert_true(db_fts_match(f->r, "t_fts", &value, &sales, 1, &left));
    assert_string_equal(value.s, "(\"sa\" *)");
    assert_int_equal(left, DB_FTS_TEST);
    assert_true(db_fts_common(f->r, "t_fts", &sales, 1, 20000));
    for (int tries = 0; tries < 1200; tries++) { /* how many rows a word has is known better when segments were merged */
        buf_clear(&value);
        assert_true(db_fts_match(f->r, "t_fts", &value, both, 3, &left));
        if (strcmp(value.s, "(\"rare\")") == 0)
            break;
        usleep(50000);
    }
    assert_string_equal(value.s, "(\"rare\")");
    assert_int_equal(left, DB_FTS_TEST | DB_FTS_MARKS);
    assert_false(db_fts_common(f->r, "t_fts", both, 2, 20000));
    assert_false(db_fts_match(f->r, "t_fts", &value, &nobody, 1, &left));
    buf_free(&value);
}

/* What begins with "ofu" was once taken for as common as "often", which stands before it in the index. */
static int fill_some(struct db_conn *c, void *arg)
{
    char tokens[64];
    int rc = DB_OK, *from = arg;

    for (int i = 0; i < 3000 && rc == DB_OK; i++, (*from)++) {
        snprintf(tokens, sizeof(tokens), "%csales%05d often", 'a' + *from % 26, *from);
        rc = put_text(c, 100 + *from, tokens);
    }
    return rc;
}

static int merge_nothing(struct db_conn *c, void *arg) /* by itself */
{
    (void)arg;
    return db_exec(c, "INSERT INTO t_fts (t_fts, rank) VALUES ('automerge', 0)");
}

static int merge_a_little(struct db_conn *c, void *arg)
{
    (void)arg;
    return db_exec(c, "INSERT INTO t_fts (t_fts, rank) VALUES ('merge', 8)");
}

static void what_begins_so_is_known_while_segments_are_merged(void **state)
{
    struct fixture *f = *state;
    struct db_fts_term nobody = {(struct db_fts_word[]){BEGIN("nobody")}, 1, false},
                       none = {(struct db_fts_word[]){BEGIN("asales1234567")}, 1, false};
    struct buf value = BUF_INIT;
    unsigned left;

    int from = 0;

    fill_texts(f);
    assert_int_equal(db_write(f->db, merge_nothing, NULL), 0);
    for (int i = 0; i < 6; i++) { /* six segments and more */
        assert_int_equal(db_write(f->db, fill_some, &from), 0);
        assert_true(db_fts_wait(f->db, -1));
    }
    for (int i = 0; i < 60; i++) {
        assert_false(db_fts_match(f->r, "t_fts", &value, &nobody, 1, &left));
        assert_false(db_fts_match(f->r, "t_fts", &value, &none, 1, &left));
        assert_string_equal(FOUND(f, BEGIN("nguye")), "2");
        assert_string_equal(FOUND(f, BEGIN("zhen")), "1");
        assert_int_equal(db_write(f->db, merge_a_little, NULL), 0);
    }
    buf_free(&value);
}

static void a_beginning_next_to_a_token_of_very_many_rows_is_not_taken_for_it(void **state)
{
    struct fixture *f = *state;
    struct buf value = BUF_INIT;
    struct db_fts_term none = {(struct db_fts_word[]){BEGIN("ofu")}, 1, false};
    struct db_fts_term often = {(struct db_fts_word[]){BEGIN("ofte")}, 1, false};
    struct db_fts_term both[] = {{(struct db_fts_word[]){BEGIN("sales")}, 1, false}, often};
    unsigned left;

    fill_texts(f);
    assert_int_equal(db_write(f->db, fill_many, NULL), 0);
    assert_true(db_fts_wait(f->db, -1));
    assert_false(db_fts_match(f->r, "t_fts", &value, &none, 1, &left));
    assert_false(db_fts_common(f->r, "t_fts", &none, 1, 10));
    buf_clear(&value);
    assert_true(db_fts_match(f->r, "t_fts", &value, &often, 1, &left));
    assert_string_equal(value.s, "(\"often\")");
    assert_int_equal(left, 0);
    assert_true(db_fts_common(f->r, "t_fts", &often, 1, 20000));
    buf_clear(&value);
    assert_true(db_fts_match(f->r, "t_fts", &value, both, 2, &left)); /* collecting one beats looking at all of the other */
    assert_string_equal(value.s, "(\"sales\" *) AND (\"often\")");
    assert_int_equal(left, 0);
    buf_free(&value);
}

/* Two common words were collected for the few rows that one of them has among one's own. */
static void of_ones_own_rows_those_with_a_common_word_are_looked_at(void **state)
{
    struct fixture *f = *state;
    struct buf value = BUF_INIT;
    struct db_fts_term mine[] = {{(struct db_fts_word[]){BEGIN("sales")}, 1, false},
                                 {(struct db_fts_word[]){WORD("often")}, 1, false},
                                 {(struct db_fts_word[]){WORD("@7")}, 1, true}};
    unsigned left;

    fill_texts(f);
    assert_int_equal(db_write(f->db, fill_many, NULL), 0);
    assert_true(db_fts_wait(f->db, -1));
    assert_true(db_fts_match(f->r, "t_fts", &value, mine, 3, &left));
    assert_string_equal(value.s, "(\"often\") AND (\"@7\")");
    assert_int_equal(left, DB_FTS_TEST);
    buf_free(&value);
}

/* It once said "nothing can match", and an empty list was the answer. */
static void a_search_out_of_time_while_it_is_planned_does_not_pass_for_one_without_hits(void **state)
{
    struct fixture *f = *state;
    struct buf value = BUF_INIT;
    struct db_fts_term shen = {(struct db_fts_word[]){BEGIN("shen")}, 1, false};
    unsigned left;

    fill_texts(f);
    db_budget(f->r, 1, NULL);
    assert_true(db_fts_match(f->r, "t_fts", &value, &shen, 1, &left));
    db_budget(f->r, 0, NULL);
    buf_free(&value);
}

static void a_row_is_looked_at_the_way_it_was_indexed(void **state)
{
    struct fixture *f = *state;
    struct buf sql = BUF_INIT;
    static const struct {
        const char *typed;
        int has;
    } all[] = {{"shenzh", 1}, {"中 sales", 1}, {"圳华 ha", 1}, {"zhongguo", 0}, {"0062", 1}, {"ales", 0}, {"", 0}};

    assert_int_equal(write_sql(f->db, "CREATE TABLE look (id INTEGER PRIMARY KEY, name TEXT, note TEXT)"), 0);
    assert_int_equal(write_sql(f->db, "INSERT INTO look VALUES (1, '深圳华中 0755-21240062', 'Sales Hà 中国')"), 0);
    buf_puts(&sql, "SELECT ");
    db_fts_test(f->db, &sql, (const char *[]){"l.name", "l.note"}, 1, 1);
    buf_puts(&sql, " FROM look l");
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct db_stmt *s = db_prepare(f->r, sql.s);

        db_bind_text(s, 1, all[i].typed, -1);
        assert_int_equal(db_step(s), DB_ROW);
        assert_int_equal(db_col_int(s, 0), all[i].has); /* prose has no pinyin */
        db_reset(s);
    }
    buf_free(&sql);
}

static void nothing_in_a_search_word_is_syntax(void **state)
{
    struct fixture *f = *state;

    fill_texts(f);
    assert_string_equal(FOUND(f, WORD("a\"b")), "2");
    assert_string_equal(FOUND(f, WORD("NOT")), "3");
    assert_string_equal(FOUND(f, BEGIN("a*")), "3");
    assert_string_equal(FOUND(f, WORD("x\" OR \"shen")), "");
    assert_string_equal(FOUND(f, WORD("t : shen")), "");
    assert_string_equal(FOUND(f, WORD("")), "");
    assert_string_equal(FOUND(f, WORD("\0 \0")), "");
    assert_string_equal(FOUND(f, WORD("^shen"), WORD("(((")), "");
}

static int change_texts(struct db_conn *c, void *arg)
{
    (void)arg;
    assert_int_equal(change_text(c, 1, "shen zhen 深圳 13900139000"), 0);
    assert_int_equal(change_text(c, 2, "shen yang"), 0);
    assert_int_equal(change_text(c, 2, "shen yang"), 0);
    return change_text(c, 3, NULL);
}

static int clear_texts(struct db_conn *c, void *arg)
{
    (void)arg;
    return db_fts_clear(c, "t_fts");
}

static void a_changed_row_is_found_by_its_new_tokens_only(void **state)
{
    struct fixture *f = *state;

    fill_texts(f);
    assert_int_equal(db_write(f->db, change_texts, NULL), 0);
    assert_string_equal(FOUND(f, WORD("shen")), "2 1");
    assert_string_equal(FOUND(f, WORD("深圳")), "1");
    assert_string_equal(FOUND(f, BEGIN("13")), "1");
    assert_string_equal(FOUND(f, WORD("13800138000")), "");
    assert_string_equal(FOUND(f, WORD("nguyen")), "");
    assert_int_equal(db_write(f->db, clear_texts, NULL), 0);
    assert_string_equal(FOUND(f, WORD("shen")), "");
}

static int put_and_fail(struct db_conn *c, void *arg)
{
    struct fixture *f = arg;

    assert_int_equal(db_fts_put(c, "t_fts", 2, text_of[2], "undone"), 0);
    assert_false(db_fts_wait(f->db, -1)); /* cannot be waited for here */
    return 1;
}

static void texts_of_a_body_that_fails_are_not_indexed(void **state)
{
    struct fixture *f = *state;

    fill_texts(f);
    assert_int_equal(db_write(f->db, put_and_fail, f), 1);
    assert_string_equal(FOUND(f, WORD("undone")), "");
    assert_string_equal(FOUND(f, WORD("shen")), "2 1");
}

static void texts_noted_before_a_crash_are_indexed_after_it(void **state)
{
    struct fixture *f = *state;

    fill_texts(f);
    assert_int_equal(write_sql(f->db, "INSERT INTO fts_todo (fts, id, come)"
                                      " VALUES ('t_fts', 2, 'late')"),
                     0);
    db_conn_close(&f->r); /* the indexer may come to it before, when the machine is busy */
    db_close(&f->db);
    f->db = open_db(f->path, NULL);
    f->r = open_reader(f->db);
    assert_string_equal(FOUND(f, WORD("late")), "2");
}

static void a_bad_note_does_not_stop_the_indexer(void **state)
{
    struct fixture *f = *state;
    struct db_stats stats;

    fill_texts(f);
    assert_int_equal(write_sql(f->db, "INSERT INTO fts_todo (fts, id, come)"
                                      " VALUES ('gone_fts', 2, 'x'), ('t_fts', 2, 'late')"),
                     0);
    assert_int_equal(db_write(f->db, change_texts, NULL), 0);
    assert_string_equal(FOUND(f, WORD("late")), "2");
    db_stats(f->db, &stats);
    assert_int_equal(stats.unindexed, 0);
}

/* New rows and ranges: their source says "row <id> <what it is now>" of each. */

static const char *is_now[10]; /* NULL: old */
static int64_t first_asked;
static unsigned asked; /* a bit for each of the first: where a turn was over in the middle, it is asked again */
static int calls;      /* for the new ones */
static int taken[10];  /* how often each of the first was put */

static int tell_tokens(void *arg, struct db_conn *w, const char *name, int64_t first, int64_t last,
                       bool (*put)(void *to, int64_t id, const char *tokens), void *to)
{
    char tokens[64];
    bool more = true;

    (void)arg, (void)w;
    if (strcmp(name, "t_fts") != 0)
        return 1;
    calls += first > 5000;
    for (int64_t id = first; id <= last && more; id++) {
        const char *now = id < 10 && is_now[id] != NULL ? is_now[id] : "old";

        if (strcmp(now, "gone") == 0)
            continue;
        snprintf(tokens, sizeof(tokens), "row %d %s", (int)id, now);
        more = put(to, id, tokens);
        asked |= id < 10 ? 1U << id : 0;
        if (id < 10 && more)
            taken[id]++;
        first_asked = first_asked == 0 ? id : first_asked;
    }
    return 0;
}

static const struct db_fts_source teller = {tell_tokens, NULL};

static void tell_from_the_beginning(void)
{
    memset(is_now, 0, sizeof(is_now));
    memset(taken, 0, sizeof(taken));
    asked = 0;
    calls = 0;
    first_asked = 0;
}

static void make_rows(struct db_conn *c, int from, int to)
{
    for (int i = from; i <= to; i++) {
        struct db_stmt *s = db_prepare(c, "INSERT INTO t (id, name) VALUES (?1, ?1 || '')");

        db_bind_int(s, 1, i);
        assert_int_equal(db_step(s), DB_DONE);
    }
}

static int put_ranges(struct db_conn *c, void *arg)
{
    (void)arg;
    make_rows(c, 1, 9);
    assert_int_equal(db_fts_create(c, "t_fts"), 0);
    assert_int_equal(db_fts_put_range(c, "gone_fts", 1, 100), 0); /* nobody knows it */
    assert_int_equal(db_fts_put_range(c, "t_fts", 1, 4), 0);
    return db_fts_put_range(c, "t_fts", 5, 9);
}

/* As a record that only changes hands: all that is told of it is whose it was and is. */
static void becomes(struct db_conn *c, int id, const char *now)
{
    is_now[id] = now;
    assert_int_equal(db_fts_put(c, "t_fts", id, "mark1", strcmp(now, "gone") == 0 ? NULL : "mark2"), 0);
}

static int change_ranged(struct db_conn *c, void *arg)
{
    (void)arg;
    becomes(c, 3, "new");
    becomes(c, 3, "newer");
    becomes(c, 1, "gone");
    becomes(c, 9, "new");
    becomes(c, 5, "new");
    becomes(c, 5, "gone");
    assert_int_equal(db_fts_put_back(c, "t_fts", 5), 0);
    is_now[5] = "back";
    return 0;
}

static void rows_of_a_range_are_found_once_their_source_was_asked(void **state)
{
    struct fixture *f = *state;

    tell_from_the_beginning();
    assert_int_equal(db_write(f->db, put_ranges, NULL), 0);
    assert_false(db_fts_wait(f->db, -1)); /* there is none to ask */
    assert_false(db_fts_settled(f->r));
    db_fts_source(f->db, &teller);
    assert_string_equal(FOUND(f, WORD("row")), "9 8 7 6 5 4 3 2 1");
    assert_int_equal(asked, 0x3fe);
    assert_string_equal(FOUND(f, WORD("7")), "7");
    db_fts_source(f->db, NULL);
}

static void a_row_that_changes_before_it_is_indexed_is_found_as_it_is_now(void **state)
{
    struct fixture *f = *state;

    tell_from_the_beginning();
    assert_int_equal(db_write(f->db, put_ranges, NULL), 0);
    assert_int_equal(db_write(f->db, change_ranged, NULL), 0);
    db_fts_source(f->db, &teller);
    assert_string_equal(FOUND(f, WORD("row")), "9 8 7 6 5 4 3 2");
    assert_int_equal(asked, 0x3fc); /* 1 is gone */
    assert_string_equal(FOUND(f, WORD("old")), "8 7 6 4 2");
    assert_string_equal(FOUND(f, WORD("new")), "9");
    assert_string_equal(FOUND(f, WORD("newer")), "3");
    assert_string_equal(FOUND(f, WORD("back")), "5");
    assert_string_equal(FOUND(f, WORD("1")), "");
    assert_string_equal(FOUND(f, WORD("mark2")), "");
    db_fts_source(f->db, NULL);
}

static int put_back_amid_a_range(struct db_conn *c, void *arg)
{
    (void)arg;
    return db_fts_put_back(c, "t_fts", 5);
}

/* As a record that is restored while its table's index is made anew. */
static void a_row_that_comes_back_amid_a_range_is_indexed_once(void **state)
{
    struct fixture *f = *state;

    tell_from_the_beginning();
    assert_int_equal(db_write(f->db, put_ranges, NULL), 0);
    assert_int_equal(db_write(f->db, put_back_amid_a_range, NULL), 0);
    db_fts_source(f->db, &teller);
    assert_string_equal(FOUND(f, WORD("row")), "9 8 7 6 5 4 3 2 1");
    assert_int_equal(taken[5], 1);
    assert_int_equal(taken[6], 1);
    db_fts_source(f->db, NULL);
}

static int64_t unindexed(struct fixture *f)
{
    struct db_stats stats;

    db_stats(f->db, &stats);
    return stats.unindexed;
}

static int put_300_new(struct db_conn *c, void *arg)
{
    int rc = db_fts_create(c, "t_fts");

    (void)arg;
    for (int64_t id = 1; id <= 300 && rc == DB_OK; id++)
        rc = db_fts_put_new(c, "t_fts", id);
    return rc == DB_OK ? db_fts_put_range(c, "t_fts", 301, 340) : rc;
}

/* Else what is indexed since would be as much as what was noted since while some of these still wait. */
static void what_was_left_is_counted_at_the_start(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(db_write(f->db, put_300_new, NULL), 0);
    assert_int_equal(unindexed(f), 340);
    db_conn_close(&f->r);
    db_close(&f->db);
    f->db = open_db(f->path, NULL);
    f->r = open_reader(f->db);
    assert_int_equal(unindexed(f), 340);
    db_fts_source(f->db, &teller);
    assert_true(db_fts_wait(f->db, -1));
    assert_int_equal(unindexed(f), 0);
    db_fts_source(f->db, NULL);
}

static int put_new_and_have_nobody_to_ask(struct db_conn *c, void *arg)
{
    struct fixture *f = arg;

    make_rows(c, 1, 9);
    assert_int_equal(db_fts_create(c, "t_fts"), 0);
    assert_int_equal(db_fts_put_new(c, "t_fts", 5), 0);
    db_fts_source(f->db, NULL);
    return 0;
}

static int change_the_new(struct db_conn *c, void *arg)
{
    (void)arg;
    becomes(c, 5, "new");
    return 0;
}

static void a_new_row_is_not_taken_for_indexed_when_there_was_nobody_to_ask(void **state)
{
    struct fixture *f = *state;

    tell_from_the_beginning();
    db_fts_source(f->db, &teller);
    assert_int_equal(db_write(f->db, put_new_and_have_nobody_to_ask, f), 0);
    assert_false(db_fts_wait(f->db, -1));
    assert_int_equal(db_write(f->db, change_the_new, NULL), 0);
    db_fts_source(f->db, &teller);
    assert_string_equal(FOUND(f, WORD("new")), "5");
    assert_string_equal(FOUND(f, WORD("mark2")), "");
    db_fts_source(f->db, NULL);
}

static void ranges_noted_before_a_crash_are_indexed_after_it(void **state)
{
    struct fixture *f = *state;

    tell_from_the_beginning();
    assert_int_equal(db_write(f->db, put_ranges, NULL), 0);
    db_conn_close(&f->r);
    db_close(&f->db);
    f->db = open_db(f->path, NULL);
    f->r = open_reader(f->db);
    assert_int_equal(db_write(f->db, change_ranged, NULL), 0);
    db_conn_close(&f->r);
    db_close(&f->db);
    f->db = open_db(f->path, NULL);
    f->r = open_reader(f->db);
    db_fts_source(f->db, &teller);
    assert_string_equal(FOUND(f, WORD("old")), "8 7 6 4 2");
    assert_string_equal(FOUND(f, WORD("back")), "5");
    db_fts_source(f->db, NULL);
}

static int put_new_behind_many(struct db_conn *c, void *arg)
{
    int64_t late[4];

    (void)arg;
    assert_int_equal(db_fts_put_range(c, "t_fts", 10, 5000), 0);
    make_rows(c, 6001, 6009);
    for (int64_t id = 6001; id <= 6009; id++)
        assert_int_equal(db_fts_put_new(c, "t_fts", id), 0);
    assert_int_equal(db_fts_put(c, "t_fts", 1, "row 1 old", "row 1 older"), 0);
    assert_int_equal(db_fts_late(c, "t_fts", late, 4), 4);
    assert_int_equal(late[0], 1);
    assert_int_equal(late[1], 6009);
    assert_int_equal(late[3], 6007);
    return 0;
}

static void new_rows_are_come_to_before_those_of_a_range_and_all_at_once(void **state)
{
    struct fixture *f = *state;

    tell_from_the_beginning();
    assert_int_equal(db_write(f->db, put_ranges, NULL), 0);
    db_fts_source(f->db, &teller);
    assert_string_equal(FOUND(f, WORD("old")), "9 8 7 6 5 4 3 2 1");
    tell_from_the_beginning();
    assert_int_equal(db_write(f->db, put_new_behind_many, NULL), 0);
    db_fts_wait(f->db, -1);
    assert_int_equal(first_asked, 6001);
    assert_in_range(calls, 1, 8);
    assert_string_equal(FOUND(f, WORD("6005")), "6005");
    assert_string_equal(FOUND(f, WORD("older")), "1");
    db_fts_source(f->db, NULL);
}

static int put_one_new(struct db_conn *c, void *arg)
{
    struct job *j = arg;

    if (j->k != UNSURE_ADDS_AND_FAILS)
        db_sure(c);
    assert_int_equal(db_fts_put_new(c, "t_fts", j->id), 0);
    return j->k == UNSURE_ADDS_AND_FAILS ? 77 : 0;
}

static int make_an_index(struct db_conn *c, void *arg)
{
    (void)arg;
    return db_fts_create(c, "t_fts");
}

static void new_rows_of_one_batch_are_one_range_and_none_that_was_taken_back_is_in_it(void **state)
{
    struct fixture *f = *state;
    struct job jobs[] = {{.id = 1}, {.id = 2}, {.id = 3, .k = UNSURE_ADDS_AND_FAILS}, {.id = 3}, {.id = 4}, {.id = 9}};
    int other;

    assert_int_equal(db_write(f->db, make_an_index, NULL), 0);
    run_together(f, put_one_new, jobs, 6, &other);
    assert_int_equal(other, 0);
    assert_int_equal(number(f->r, "SELECT count(*) FROM fts_range"), 3);
    assert_int_equal(number(f->r, "SELECT count(*) FROM fts_range WHERE (first, last) IN ((1, 2), (3, 4), (9, 9))"), 3);
}

struct late {
    int64_t ids[4];
    size_t n;
};

static int change_many_and_put_one_new(struct db_conn *c, void *arg)
{
    struct late *late = arg;
    int rc = DB_OK;

    for (int64_t id = 1; id <= 9 && rc == DB_OK; id++)
        rc = db_fts_put(c, "t_fts", id, "row", "row changed");
    if (rc == DB_OK)
        rc = db_fts_put_new(c, "t_fts", 10);
    late->n = db_fts_late(c, "t_fts", late->ids, 4);
    return rc;
}

static void what_is_late_is_changed_rows_and_new_ones_and_leaves_no_place_empty(void **state)
{
    struct fixture *f = *state;
    struct late late;

    fill_texts(f);
    assert_int_equal(db_write(f->db, change_many_and_put_one_new, &late), 0);
    assert_int_equal(late.n, 4);
    assert_int_equal(late.ids[0], 9);
    assert_int_equal(late.ids[1], 8);
    assert_int_equal(late.ids[2], 10);
    assert_int_equal(late.ids[3], 7);
}

static void full_text_tables_are_not_part_of_the_schema(void **state)
{
    struct fixture *f = *state;
    struct buf got = BUF_INIT;

    fill_texts(f);
    assert_int_equal(db_schema(f->r, &(struct db_schema){.table = see_table, .arg = &got}), 0);
    assert_string_equal(got.s, "t;");
    buf_free(&got);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, given_database, remove_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values_of_every_type_come_back_as_they_went_in),
        TEST(all_values_of_a_row_are_those_that_each_column_has),
        TEST(a_statement_asked_for_again_is_the_same_one_with_nothing_bound),
        TEST(a_statement_in_use_is_not_handed_out_twice),
        TEST(a_full_cache_throws_out_old_statements_and_keeps_those_in_use),
        TEST(bad_sql_gives_no_statement_and_an_error_text),
        TEST(double_quotes_never_mean_a_string),
        TEST(a_reader_cannot_write),
        TEST(a_reader_that_was_given_back_goes_on_with_nothing_of_the_one_before),
        TEST(readers_that_nobody_needs_for_long_are_closed),
        TEST(a_second_row_of_the_same_key_is_a_clash_that_names_the_column),
        TEST(a_body_may_go_on_after_a_clash),
        TEST(bodies_queued_together_share_a_commit_and_fail_alone),
        TEST(the_writer_goes_before_others_for_what_is_waited_for_alone_and_where_it_may),
        cmocka_unit_test(where_nice_levels_are_forbidden_the_writer_asks_for_none),
        TEST(many_threads_each_see_their_row_as_soon_as_they_are_told),
        TEST(a_body_that_is_sure_fails_alone_while_it_has_changed_nothing),
        TEST(a_body_that_was_sure_and_fails_takes_its_batch_along),
        TEST(rows_of_bodies_that_are_sure_go_in_together_and_nobody_sees_that_they_waited),
        TEST(a_row_that_waited_and_is_refused_takes_its_batch_along),
        TEST(a_write_inside_a_body_runs_nested_and_fails_alone),
        TEST(a_failing_body_undoes_what_was_nested_in_it),
        TEST(a_write_inside_done_is_committed_before_it_returns),
        TEST(a_full_queue_refuses_and_low_work_waits_for_the_rest),
        TEST(what_is_queued_runs_before_the_writing_ends_and_reading_goes_on),
        TEST(low_work_gets_its_turn_when_the_queue_is_never_empty),
        TEST(several_reads_share_a_snapshot),
        TEST(a_snapshot_that_begins_too_late_leaves_none_behind),
        TEST(a_read_past_its_deadline_is_interrupted),
        TEST(a_read_is_interrupted_when_it_is_cancelled),
        TEST(a_budget_in_a_body_stops_reads_but_never_a_write),
        TEST(a_second_process_is_told_who_uses_the_file),
        TEST(a_read_only_opener_sees_what_the_writer_commits_and_can_back_it_up),
        TEST(an_opener_that_waits_gets_the_file_when_it_is_let_go),
        TEST(what_is_no_database_is_refused_with_a_reason),
        TEST(the_file_is_private),
        TEST(the_log_stays_small_under_steady_writing),
        TEST(a_read_that_keeps_the_log_growing_is_ended),
        TEST(what_is_done_at_a_commit_may_be_said_while_the_writer_is_at_work),
        TEST(an_idle_database_empties_its_log),
        TEST(many_rows_go_in_at_once_with_ids_that_follow_each_other),
        TEST(rows_that_go_in_at_once_with_ever_other_columns_leave_nothing_behind),
        TEST(of_many_rows_none_is_there_when_one_is_refused),
        TEST(keys_are_read_off_pages),
        TEST(keys_beside_something_long_are_read_too),
        TEST(who_reads_keys_may_stop),
        TEST(a_backup_taken_during_writes_is_whole),
        TEST(a_backup_that_cannot_be_written_says_why_and_leaves_nothing),
        TEST(the_schema_is_described),
        TEST(rows_are_found_by_token_prefix_and_alternatives),
        TEST(nothing_in_a_search_word_is_syntax),
        TEST(a_beginning_of_very_many_rows_is_asked_for_by_less_and_rows_are_looked_at),
        TEST(a_beginning_next_to_a_token_of_very_many_rows_is_not_taken_for_it),
        TEST(of_ones_own_rows_those_with_a_common_word_are_looked_at),
        TEST(a_search_out_of_time_while_it_is_planned_does_not_pass_for_one_without_hits),
        TEST(a_row_is_looked_at_the_way_it_was_indexed),
        TEST(a_changed_row_is_found_by_its_new_tokens_only),
        TEST(texts_of_a_body_that_fails_are_not_indexed),
        TEST(what_begins_so_is_known_while_segments_are_merged),
        TEST(what_the_index_has_is_merged_when_nothing_else_is_to_do),
        TEST(a_long_text_is_changed_without_looking_through_it_for_each_word),
        TEST(texts_noted_before_a_crash_are_indexed_after_it),
        TEST(a_bad_note_does_not_stop_the_indexer),
        TEST(rows_of_a_range_are_found_once_their_source_was_asked),
        TEST(a_row_that_changes_before_it_is_indexed_is_found_as_it_is_now),
        TEST(a_row_that_comes_back_amid_a_range_is_indexed_once),
        TEST(what_was_left_is_counted_at_the_start),
        TEST(a_new_row_is_not_taken_for_indexed_when_there_was_nobody_to_ask),
        TEST(ranges_noted_before_a_crash_are_indexed_after_it),
        TEST(new_rows_are_come_to_before_those_of_a_range_and_all_at_once),
        TEST(new_rows_of_one_batch_are_one_range_and_none_that_was_taken_back_is_in_it),
        TEST(what_is_late_is_changed_rows_and_new_ones_and_leaves_no_place_empty),
        TEST(full_text_tables_are_not_part_of_the_schema),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
