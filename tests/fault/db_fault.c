/* db_fault.c - the database under kill -9, a full disk, and failing system calls: what was
 * acknowledged is there, what was not left nothing broken, and writing goes on without a restart.
 * BERTH_KILLS sets how often it is killed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"
#include "db/db.h"

enum { KILLS = 25, WRITERS = 4, FAULTS_MAX = 400, ACKS_MAX = 1 << 20 };

/* System calls that fail on purpose: the n-th of them all once, or all of one kind until told. */

static atomic_long countdown = -1; /* 0: the next call fails; negative: none does */
static atomic_int fault;           /* errno of the failing call */
static atomic_bool fired, short_write;

static bool fails_now(void)
{
    if (atomic_load(&countdown) < 0 || atomic_fetch_sub(&countdown, 1) != 0)
        return false;
    atomic_store(&fired, true);
    errno = atomic_load(&fault);
    return true;
}

#define EXPORT __attribute__((visibility("default"))) /* so that SQLite calls these */

EXPORT ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    bool fails = fails_now();

    if (fails && (!atomic_load(&short_write) || n < 2))
        return -1;
    ssize_t done = syscall(SYS_pwrite64, fd, bytes, fails ? n / 2 : n, at);
    if (!fails)
        return done;
    errno = atomic_load(&fault); /* half of it has arrived, then the error */
    return -1;
}

EXPORT int fdatasync(int fd)
{
    return fails_now() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

EXPORT int fsync(int fd)
{
    return fails_now() ? -1 : (int)syscall(SYS_fsync, fd);
}

EXPORT int ftruncate64(int fd, off64_t len)
{
    return fails_now() ? -1 : (int)syscall(SYS_ftruncate, fd, len);
}

/* Files. */

static char dir[64], path[96];

static int given_directory(void **state)
{
    (void)state;
    log_set_level(LOG_ERROR_ + 1);
    /* In memory: what is tested here does not depend on how slow a disk syncs. */
    snprintf(dir, sizeof(dir), "%s/berth-fault-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/berth.db", dir);
    return 0;
}

static int remove_directory(void **state)
{
    char command[128];

    (void)state;
    atomic_store(&countdown, -1);
    umount2(dir, MNT_DETACH);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

static struct db *open_db(const struct db_options *o)
{
    struct buf err = BUF_INIT;
    struct db *db;

    if (db_open(path, o, &db, &err) != 0) {
        fprintf(stderr, "%s\n", buf_str(&err));
        abort();
    }
    buf_free(&err);
    return db;
}

static int exec_body(struct db_conn *c, void *sql)
{
    return db_exec(c, sql);
}

static int write_sql(struct db *db, const char *sql)
{
    return db_write(db, exec_body, (void *)(uintptr_t)sql);
}

static const char create[] = "CREATE TABLE t (id INTEGER PRIMARY KEY, k INTEGER UNIQUE, x BLOB)";

static int insert_key(struct db_conn *c, void *arg)
{
    const int64_t k = *(int64_t *)arg;
    char bytes[3000];

    memset(bytes, (int)k, sizeof(bytes));
    if (k % 2 == 1)
        db_sure(c);
    return db_add_row(c,
                      &(struct db_row){"t (k, x)", 2, 1,
                                       (struct db_value[]){db_int(k), {.type = DB_T_BLOB, .len = sizeof(bytes), .s = bytes}}, false, NULL});
}

static int64_t number(struct db *db, const char *sql, int64_t param)
{
    struct buf err = BUF_INIT;
    struct db_conn *c = db_reader(db, &err);

    assert_non_null(c);
    struct db_stmt *s = db_prepare(c, sql);
    db_bind_int(s, 1, param);
    assert_int_equal(db_step(s), DB_ROW);
    int64_t v = db_col_int(s, 0);
    db_reset(s);
    db_conn_close(&c);
    return v;
}

static void assert_sound(struct db *db)
{
    struct buf report = BUF_INIT;

    if (db_integrity(db, &report) != 0)
        fail_msg("%s", buf_str(&report));
    buf_free(&report);
}

/* Opens what is there and looks for every acknowledged key. */
static void assert_all_there(const int64_t *acks, int n)
{
    struct buf err = BUF_INIT;
    struct db *db = open_db(NULL);
    struct db_conn *c = db_reader(db, &err);
    struct db_stmt *s = db_prepare(c, "SELECT 1 FROM t WHERE k = ?");

    for (int i = 0; i < n; i++) {
        db_bind_int(s, 1, acks[i]);
        if (db_step(s) != DB_ROW)
            fail_msg("key %lld was acknowledged and is lost", (long long)acks[i]);
        db_reset(s);
    }
    db_conn_close(&c);
    assert_sound(db);
    db_close(&db);
}

/* kill -9 */

struct victim {
    struct db *db;
    int64_t from;
    int pipe;
};

static void *write_and_tell(void *arg)
{
    struct victim *v = arg;

    for (int64_t k = v->from;; k++)
        if (db_write(v->db, insert_key, &k) == 0 && write(v->pipe, &k, sizeof(k)) != sizeof(k))
            _exit(1);
}

static _Noreturn void be_killed(int pipe, int round)
{
    struct victim v[WRITERS];
    pthread_t threads[WRITERS];
    struct db *db = open_db(&(struct db_options){.log_bytes = 300000, .lock_wait_ms = 10000});

    if (round == 0 && write_sql(db, create) != 0)
        _exit(1);
    for (int i = 0; i < WRITERS; i++) {
        v[i] = (struct victim){db, ((int64_t)round * WRITERS + i) << 32, pipe};
        pthread_create(&threads[i], NULL, write_and_tell, &v[i]);
    }
    pthread_join(threads[0], NULL);
    _exit(1);
}

/* One life: kills the writer some time after its first acknowledgement; the number of them. */
static int live_and_die(int round, int64_t *acks, int n)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        be_killed(ends[1], round);
    }
    close(ends[1]);
    assert_int_equal(read(ends[0], &acks[n], sizeof(*acks)), sizeof(*acks));
    n++;
    usleep((useconds_t)(rand() % 40000));
    kill(pid, SIGKILL);
    while (n < ACKS_MAX && read(ends[0], &acks[n], sizeof(*acks)) == sizeof(*acks))
        n++;
    close(ends[0]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return n;
}

static void nothing_acknowledged_is_lost_by_kill_9(void **state)
{
    int64_t *acks = calloc(ACKS_MAX, sizeof(*acks));
    const char *many = getenv("BERTH_KILLS");
    int kills = many != NULL ? atoi(many) : KILLS, n = 0;

    (void)state;
    srand((unsigned)getpid());
    for (int round = 0; round < kills; round++) {
        n = live_and_die(round, acks, n);
        assert_all_there(acks, n);
    }
    print_message("%d kills, %d acknowledged\n", kills, n);
    free(acks);
}

/* A full disk. */

static void a_full_disk_stops_writes_only_and_only_until_there_is_room(void **state)
{
    char filler[96];
    int64_t k = 0;
    int rc;

    (void)state;
    if (mount("tmpfs", dir, "tmpfs", 0, "size=6m") != 0)
        skip(); /* needs root */
    struct db *db = open_db(NULL);
    assert_int_equal(write_sql(db, create), 0);
    snprintf(filler, sizeof(filler), "%s/filler", dir);
    int fd = open(filler, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(posix_fallocate(fd, 0, 3 << 20), 0);

    do {
        k++;
        rc = db_write(db, insert_key, &k);
    } while (rc == 0 && k < 10000);
    assert_int_equal(rc, DB_FULL);
    assert_int_equal(number(db, "SELECT count(*) FROM t WHERE k < ?", k), k - 1);
    assert_int_equal(db_write(db, insert_key, &k), DB_FULL);

    assert_int_equal(ftruncate(fd, 0), 0);
    close(fd);
    int64_t until = when_monotonic() + 30000;
    do
        rc = db_write(db, insert_key, &k);
    while (rc != 0 && when_monotonic() < until);
    assert_int_equal(rc, 0);
    assert_int_equal(number(db, "SELECT count(*) FROM t WHERE k <= ?", k), k);
    assert_sound(db);
    db_close(&db);
}

/* Failing system calls. */

/* Some writes and checkpoints with the n-th system call of them failing; false: none failed any
 * more, the end of the sweep. */
static bool one_failure(long nth, int error, bool half)
{
    struct db_options o = {.log_bytes = 40000, .log_max_bytes = 80000};
    struct db *db = open_db(&o);
    int64_t acks[32];
    int n = 0, rc = 0;

    assert_int_equal(write_sql(db, create), 0);
    atomic_store(&fault, error);
    atomic_store(&short_write, half);
    atomic_store(&fired, false);
    atomic_store(&countdown, nth);
    for (int64_t k = 1; k <= 30; k++)
        if (db_write(db, insert_key, &k) == 0)
            acks[n++] = k;
    atomic_store(&countdown, -1);

    int64_t k = 1000, until = when_monotonic() + 30000;
    do /* works again without a restart, after a moment at most */
        rc = db_write(db, insert_key, &k);
    while (rc != 0 && when_monotonic() < until);
    assert_int_equal(rc, 0);
    acks[n++] = k;
    for (int i = 0; i < n; i++)
        assert_int_equal(number(db, "SELECT count(*) FROM t WHERE k = ?", acks[i]), 1);
    db_close(&db);
    assert_all_there(acks, n);
    assert_true(n >= 30 - 4); /* one failure costs one batch, not the rest of the day */
    return atomic_load(&fired);
}

static void sweep(int error, bool half)
{
    char command[128];
    long n = 0;

    snprintf(command, sizeof(command), "rm -f %s/berth.db*", dir);
    while (n < FAULTS_MAX && one_failure(n, error, half)) {
        assert_int_equal(system(command), 0);
        n += 1 + n / 40;
    }
    assert_true(n > 50);
}

static void any_one_system_call_may_fail_with_an_io_error(void **state)
{
    (void)state;
    sweep(EIO, false);
}

static void any_one_system_call_may_find_the_disk_full(void **state)
{
    (void)state;
    sweep(ENOSPC, false);
}

static void any_one_write_may_arrive_by_half(void **state)
{
    (void)state;
    sweep(EIO, true);
}

/* SQLite undoes the whole transaction when it cannot write a page in the middle of it. */

struct told {
    struct db_work work;
    int64_t k;
    int rc;
    sem_t gate, done;
};

static int wait_at_gate(struct db_conn *c, void *arg)
{
    struct told *t = arg;

    sem_wait(&t->gate);
    return insert_key(c, &t->k);
}

static int lose_the_transaction(struct db_conn *c, void *arg)
{
    struct told *t = arg;

    atomic_store(&fault, EIO);
    atomic_store(&short_write, false);
    atomic_store(&countdown, 0);
    int rc = db_exec(c, "WITH RECURSIVE n (k) AS (SELECT 100 UNION ALL SELECT k + 1 FROM n WHERE"
                        " k < 400) INSERT INTO t (k, x) SELECT k, randomblob(3000) FROM n");
    atomic_store(&countdown, -1);
    if (rc != DB_BROKEN || insert_key(c, &t->k) != DB_BROKEN)
        abort();
    return 0; /* a careless body */
}

static int insert_told(struct db_conn *c, void *arg)
{
    return insert_key(c, &((struct told *)arg)->k);
}

static void tell(void *arg, int rc)
{
    struct told *t = arg;

    t->rc = rc;
    sem_post(&t->done);
}

static void a_transaction_undone_midway_fails_for_all_that_were_in_it(void **state)
{
    static int (*const bodies[3])(struct db_conn *, void *) = {wait_at_gate, lose_the_transaction,
                                                               insert_told};
    struct db_options o = {.writer_cache_kib = 40, .batch_us = 60000000};
    struct told t[3];

    (void)state;
    struct db *db = open_db(&o);
    assert_int_equal(write_sql(db, create), 0);
    for (int i = 0; i < 3; i++) {
        t[i] = (struct told){.k = i};
        t[i].work = (struct db_work){.body = bodies[i], .done = tell, .arg = &t[i]};
        sem_init(&t[i].gate, 0, 0);
        sem_init(&t[i].done, 0, 0);
        assert_int_equal(db_submit(db, &t[i].work), 0);
    }
    sem_post(&t[0].gate);
    for (int i = 0; i < 3; i++)
        sem_wait(&t[i].done);
    assert_int_equal(t[0].rc, DB_BROKEN);
    assert_int_equal(t[1].rc, DB_BROKEN);
    assert_int_equal(t[2].rc, 0); /* came after, into a new one */
    assert_int_equal(number(db, "SELECT count(*) FROM t WHERE k >= ?", 0), 1);
    assert_sound(db);
    db_close(&db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, given_directory, remove_directory)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_acknowledged_is_lost_by_kill_9),
        TEST(a_full_disk_stops_writes_only_and_only_until_there_is_room),
        TEST(any_one_system_call_may_fail_with_an_io_error),
        TEST(any_one_system_call_may_find_the_disk_full),
        TEST(a_transaction_undone_midway_fails_for_all_that_were_in_it),
        TEST(any_one_write_may_arrive_by_half),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
