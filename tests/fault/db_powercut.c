/* db_powercut.c - what a power cut leaves of the database.
 *
 * Every write, truncation and sync of the database's files is recorded while some threads write and
 * are told.  Then, for many moments, the files are made again as a disk could hold them: what was
 * synced is there; of what was not, nothing, everything, or any of its sectors.  Each time the
 * database must open, be sound, and have all that had been acknowledged.
 * BERTH_CUTS sets how many moments; the default suits every run of the tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/when.h"
#include "db/db.h"

enum { CUTS = 100, WRITERS = 3, WRITES = 150, SECTOR = 512 };

/* The recording. */

enum file { DATABASE, LOG, FILES };
enum kind { WRITE, TRUNCATE, SYNC, ACK };

struct event {
    enum kind kind;
    enum file file;
    int64_t at; /* offset, length, or the acknowledged key */
    size_t len;
    char *bytes;
};

static struct {
    pthread_mutex_t lock;
    struct event *e;
    int n, cap;
    bool on;
} tape = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void record(enum kind kind, enum file file, int64_t at, const void *bytes, size_t len)
{
    struct event e = {kind, file, at, len, NULL};

    if (file == FILES)
        return;
    if (len > 0) {
        e.bytes = mem_alloc(len);
        memcpy(e.bytes, bytes, len);
    }
    pthread_mutex_lock(&tape.lock);
    if (tape.on && tape.n == tape.cap) {
        tape.cap = tape.cap * 2 + 1024;
        tape.e = mem_realloc(tape.e, (size_t)tape.cap * sizeof(*tape.e));
    }
    if (tape.on)
        tape.e[tape.n++] = e;
    else
        free(e.bytes);
    pthread_mutex_unlock(&tape.lock);
}

static enum file file_of(int fd)
{
    char link[64], name[4096];

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, name, sizeof(name) - 1);
    if (n < 0)
        return FILES;
    name[n] = '\0';
    const char *end = strrchr(name, '/');
    if (end == NULL || strncmp(end, "/berth.db", 9) != 0)
        return FILES;
    return end[9] == '\0' ? DATABASE : strcmp(end + 9, "-wal") == 0 ? LOG : FILES;
}

#define EXPORT __attribute__((visibility("default"))) /* so that SQLite calls these */

EXPORT ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    ssize_t done = syscall(SYS_pwrite64, fd, bytes, n, at);

    if (done > 0)
        record(WRITE, file_of(fd), at, bytes, (size_t)done);
    return done;
}

EXPORT int ftruncate64(int fd, off64_t len)
{
    int rc = (int)syscall(SYS_ftruncate, fd, len);

    if (rc == 0)
        record(TRUNCATE, file_of(fd), len, NULL, 0);
    return rc;
}

EXPORT int fdatasync(int fd)
{
    int rc = (int)syscall(SYS_fdatasync, fd);

    if (rc == 0)
        record(SYNC, file_of(fd), 0, NULL, 0);
    return rc;
}

EXPORT int fsync(int fd)
{
    int rc = (int)syscall(SYS_fsync, fd);

    if (rc == 0)
        record(SYNC, file_of(fd), 0, NULL, 0);
    return rc;
}

/* What is recorded: rows in and out, small commits, checkpoints in between. */

static char dir[64], path[96];

static struct db *open_db(struct buf *err)
{
    struct db *db;

    return db_open(path, &(struct db_options){.log_bytes = 150000}, &db, err) == 0 ? db : NULL;
}

static int create(struct db_conn *c, void *arg)
{
    (void)arg;
    return db_exec(c, "CREATE TABLE t (k INTEGER PRIMARY KEY, x BLOB);"
                      "CREATE TABLE sum (id INTEGER PRIMARY KEY, n INTEGER);"
                      "INSERT INTO sum VALUES (1, 0)");
}

/* sum.n tells how many rows there are: a torn transaction shows. */
static int insert(struct db_conn *c, void *arg)
{
    const int64_t k = *(int64_t *)arg;
    char bytes[5000];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)((int64_t)i * 31 + k);
    const struct db_value v[] = {db_int(k), {.type = DB_T_BLOB, .len = (size_t)(100 + k % 7 * 700), .s = bytes}};

    if (k % 2 == 1)
        db_sure(c);
    int rc = db_add_row(c, &(struct db_row){"t (k, x)", 2, 1, v, false, NULL});
    return rc == 0 ? db_step(db_prepare(c, "UPDATE sum SET n = n + 1")) : rc;
}

struct teller {
    struct db *db;
    int64_t from;
};

static void *write_and_tell(void *arg)
{
    struct teller *t = arg;

    for (int64_t k = t->from; k < t->from + WRITES; k++)
        if (db_write(t->db, insert, &k) == 0)
            record(ACK, DATABASE, k, NULL, 0);
    return NULL;
}

/* Closed, all of it is in the file, and the log is empty: there the recording starts. */
static void create_database(void)
{
    struct buf err = BUF_INIT;
    struct db *db = open_db(&err);

    assert_non_null(db);
    assert_int_equal(db_write(db, create, NULL), 0);
    db_close(&db);
}

static void make_recording(void)
{
    struct buf err = BUF_INIT;
    struct teller t[WRITERS];
    pthread_t threads[WRITERS];
    struct db_stats stats;

    tape.on = true;
    struct db *db = open_db(&err);
    assert_non_null(db);
    for (int i = 0; i < WRITERS; i++) {
        t[i] = (struct teller){db, (i + 1) * 1000000};
        pthread_create(&threads[i], NULL, write_and_tell, &t[i]);
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    db_stats(db, &stats);
    assert_true(stats.checkpoints > 3);
    db_close(&db);
    tape.on = false;
}

/* The disk: of each file what is sure to be there, and which events are not sure yet. */

struct disk {
    struct buf sure[FILES];
    int synced[FILES]; /* events before that are in .sure */
};

enum luck { NOTHING, EVERYTHING, ANYTHING, LUCKS };

static bool arrives(enum luck luck)
{
    return luck == EVERYTHING || (luck == ANYTHING && rand() % 2);
}

static void put(struct buf *to, int64_t at, const char *bytes, size_t len)
{
    if (at + (int64_t)len > (int64_t)to->len) {
        size_t more = (size_t)at + len - to->len;

        memset(buf_room(to, more), 0, more);
        to->len += more;
    }
    memcpy(to->s + at, bytes, len);
}

static void apply(struct buf *to, const struct event *e, enum luck luck)
{
    if (e->kind == TRUNCATE && arrives(luck) && (size_t)e->at < to->len)
        to->len = (size_t)e->at;
    if (e->kind != WRITE)
        return;
    for (size_t i = 0; i < e->len;) {
        size_t n = SECTOR - (size_t)(e->at + (int64_t)i) % SECTOR;

        n = n > e->len - i ? e->len - i : n;
        if (arrives(luck))
            put(to, e->at + (int64_t)i, e->bytes + i, n);
        i += n;
    }
}

static void sync_file(struct disk *d, enum file f, int until)
{
    for (int i = d->synced[f]; i < until; i++)
        if (tape.e[i].file == f)
            apply(&d->sure[f], &tape.e[i], EVERYTHING);
    d->synced[f] = until;
}

static void load(struct buf *to, const char *name)
{
    FILE *f = fopen(name, "r");
    char bytes[65536];
    size_t n;

    while (f != NULL && (n = fread(bytes, 1, sizeof(bytes), f)) > 0)
        buf_add(to, bytes, n);
    if (f != NULL)
        fclose(f);
}

static void store(const struct buf *from, const char *name)
{
    FILE *f = fopen(name, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(buf_str(from), 1, from->len, f), from->len);
    fclose(f);
}

/* The files as they could be after a cut just before event `at`. */
static void store_image(const struct disk *d, int at, enum luck luck)
{
    static const char *const tail[FILES] = {"", "-wal"};
    char name[128];

    for (int f = 0; f < FILES; f++) {
        struct buf image = BUF_INIT;

        buf_add(&image, buf_str(&d->sure[f]), d->sure[f].len);
        for (int i = d->synced[f]; i < at; i++)
            if ((int)tape.e[i].file == f)
                apply(&image, &tape.e[i], luck);
        snprintf(name, sizeof(name), "%s%s", path, tail[f]);
        store(&image, name);
        buf_free(&image);
    }
    snprintf(name, sizeof(name), "%s-shm", path);
    unlink(name);
}

static int64_t number(struct db_conn *c, const char *sql, int64_t param)
{
    struct db_stmt *s = db_prepare(c, sql);

    db_bind_int(s, 1, param);
    int64_t v = db_step(s) == DB_ROW ? db_col_int(s, 0) : -1;
    db_reset(s);
    return v;
}

static void check_image(int at, enum luck luck)
{
    struct buf err = BUF_INIT;
    struct db *db = open_db(&err);

    if (db == NULL || db_integrity(db, &err) != 0)
        fail_msg("cut at %d, luck %d: %s", at, luck, buf_str(&err));
    struct db_conn *c = db_reader(db, &err);
    for (int i = 0; i < at; i++)
        if (tape.e[i].kind == ACK &&
            number(c, "SELECT count(*) FROM t WHERE k = ?1", tape.e[i].at) != 1)
            fail_msg("cut at %d, luck %d: %lld was acknowledged and is lost", at, luck,
                     (long long)tape.e[i].at);
    if (number(c, "SELECT n - (SELECT count(*) FROM t) FROM sum WHERE id <> ?1", 0) != 0)
        fail_msg("cut at %d, luck %d: half a transaction", at, luck);
    db_conn_close(&c);
    db_close(&db);
    buf_free(&err);
}

static void nothing_acknowledged_is_lost_and_nothing_is_damaged(void **state)
{
    struct disk d = {.synced = {0}};
    const char *many = getenv("BERTH_CUTS");
    int cuts = many != NULL ? atoi(many) : CUTS;

    (void)state;
    create_database();
    load(&d.sure[DATABASE], path);
    make_recording();
    for (int at = 0, cut = 0; at <= tape.n; at++) {
        if (at == (int)((int64_t)cut * tape.n / cuts)) {
            cut++;
            for (enum luck luck = NOTHING; luck < LUCKS; luck++) {
                store_image(&d, at, luck);
                check_image(at, luck);
            }
        }
        if (at < tape.n && tape.e[at].kind == SYNC)
            sync_file(&d, tape.e[at].file, at);
    }
    print_message("%d cuts in %d events\n", cuts, tape.n);
    for (int f = 0; f < FILES; f++)
        buf_free(&d.sure[f]);
    for (int i = 0; i < tape.n; i++)
        free(tape.e[i].bytes);
    free(tape.e);
}

static int given_directory(void **state)
{
    (void)state;
    log_set_level(LOG_ERROR_ + 1);
    srand((unsigned)getpid());
    snprintf(dir, sizeof(dir), "%s/berth-cut-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/berth.db", dir);
    return 0;
}

static int remove_directory(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_acknowledged_is_lost_and_nothing_is_damaged,
                                        given_directory, remove_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
