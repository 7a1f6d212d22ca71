/* db_bench.c - what the database layer costs, beside the same work on bare SQLite.
 * Usage: db_bench [rows in the table, default 1000000] [directory, default .]
 * Prints one line a figure: name, value, unit. */
#include <pthread.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"
#include "db/db.h"

enum { OUTSTANDING = 64, SECONDS = 3, CHUNK = 1000 };

static int64_t rows = 1000000;
static char path[4096];

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "db_bench: %s: %s\n", what, why);
    exit(1);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void report(const char *name, double value, const char *unit)
{
    printf("%-58s %12.0f %s\n", name, value, unit);
    fflush(stdout);
}

static uint64_t scramble(uint64_t x)
{
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

static uint64_t random_id(uint64_t *seed)
{
    return scramble(++*seed) % (uint64_t)rows + 1;
}

/* The table: 20 columns as a lead has, a few indexes. */

static const char ddl[] =
    "CREATE TABLE lead (id INTEGER PRIMARY KEY, version INTEGER NOT NULL DEFAULT 1, company TEXT,"
    " contact TEXT, phone TEXT, email TEXT, country TEXT, city TEXT, source TEXT, status INTEGER,"
    " owner_id INTEGER, department_id INTEGER, rating INTEGER, volume INTEGER, notes TEXT,"
    " created_at INTEGER, created_by INTEGER, updated_at INTEGER, touched_at INTEGER,"
    " next_at INTEGER) STRICT;"
    "CREATE INDEX lead_owner ON lead (owner_id, id);"
    "CREATE INDEX lead_status ON lead (status, id);"
    "CREATE TABLE dup (hash INTEGER PRIMARY KEY, lead_id INTEGER) STRICT;";

static const char insert_lead[] =
    "INSERT INTO lead (company, contact, phone, email, country, city, source, status, owner_id,"
    " department_id, rating, volume, notes, created_at, created_by, updated_at, touched_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

static int insert(struct db_conn *c, uint64_t k)
{
    struct db_stmt *s = db_prepare(c, insert_lead);
    char company[64], phone[32], email[48];
    int64_t at = when_now();

    snprintf(company, sizeof(company), "深圳市海运物流有限公司 %llu", (unsigned long long)k);
    snprintf(phone, sizeof(phone), "+86138%08llu", (unsigned long long)(scramble(k) % 100000000));
    snprintf(email, sizeof(email), "sales%llu@example.com", (unsigned long long)k);
    db_bind_text(s, 1, company, -1);
    db_bind_text(s, 2, "Nguyễn Văn An", -1);
    db_bind_text(s, 3, phone, -1);
    db_bind_text(s, 4, email, -1);
    db_bind_text(s, 5, "CN", 2);
    db_bind_text(s, 6, "Shenzhen", 8);
    db_bind_text(s, 7, "fair", 4);
    db_bind_int(s, 8, (int64_t)(k % 7));
    db_bind_int(s, 9, (int64_t)(scramble(k) % 200));
    db_bind_int(s, 10, (int64_t)(k % 12));
    db_bind_int(s, 11, 3);
    db_bind_int(s, 12, 120000);
    db_bind_text(s, 13, "asked for a rate to Hamburg, 2 x 40HQ a month", -1);
    db_bind_int(s, 14, at);
    db_bind_int(s, 15, 1);
    db_bind_int(s, 16, at);
    db_bind_int(s, 17, at);
    return db_step(s);
}

static int create_tables(struct db_conn *c, void *arg)
{
    (void)arg;
    return db_exec(c, ddl);
}

static int insert_chunk(struct db_conn *c, void *arg)
{
    int64_t *next = arg;
    int rc = 0;

    for (int i = 0; i < CHUNK && rc == 0; i++)
        rc = insert(c, (uint64_t)(*next)++);
    return rc;
}

static void fill(struct db *db)
{
    int64_t next = 0;
    double t = now();

    if (db_write(db, create_tables, NULL) != 0)
        die("create tables", "see above");
    while (next < rows)
        if (db_write_low(db, insert_chunk, &next) != 0)
            die("fill", "see above");
    report("bulk insert, chunks of 1000, two indexes", (double)rows / (now() - t), "rows/s");
}

/* Durable creates, 64 outstanding. */

struct create {
    struct db_work work;
    struct creates *all;
};

struct creates {
    struct db *db;
    struct create one[OUTSTANDING];
    atomic_llong next, failed;
    atomic_bool stop;
    sem_t ended;
};

static int create_body(struct db_conn *c, void *arg)
{
    struct create *x = arg;

    return insert(c, (uint64_t)atomic_fetch_add(&x->all->next, 1));
}

static void create_done(void *arg, int rc)
{
    struct create *x = arg;

    if (rc != 0)
        atomic_fetch_add(&x->all->failed, 1);
    if (atomic_load(&x->all->stop) || db_submit(x->all->db, &x->work) != 0)
        sem_post(&x->all->ended);
}

static void bench_submit(struct db *db)
{
    struct creates all = {.db = db, .next = rows};
    struct db_stats before, after;

    sem_init(&all.ended, 0, 0);
    db_stats(db, &before);
    double t = now();
    for (int i = 0; i < OUTSTANDING; i++) {
        all.one[i] =
            (struct create){{.body = create_body, .done = create_done, .arg = &all.one[i]}, &all};
        if (db_submit(db, &all.one[i].work) != 0)
            die("submit", "queue full");
    }
    sleep(SECONDS);
    atomic_store(&all.stop, true);
    for (int i = 0; i < OUTSTANDING; i++)
        sem_wait(&all.ended);
    t = now() - t;
    db_stats(db, &after);
    report("durable creates, 64 outstanding (db_submit)",
           (double)(after.bodies - before.bodies) / t, "rows/s");
    report("  bodies a commit",
           (double)(after.bodies - before.bodies) / (double)(after.commits - before.commits), "");
    if (all.failed > 0)
        die("create", "some failed");
}

static void *create_in_thread(void *arg)
{
    struct creates *all = arg;

    struct create x = {.all = all};
    while (!atomic_load(&all->stop))
        if (db_write(all->db, create_body, &x) != 0)
            atomic_fetch_add(&all->failed, 1);
    return NULL;
}

static void bench_write(struct db *db, int n)
{
    struct creates all = {.db = db, .next = rows * 2};
    pthread_t threads[OUTSTANDING];
    int64_t first = all.next;
    double t = now();
    char name[64];

    for (int i = 0; i < n; i++)
        pthread_create(&threads[i], NULL, create_in_thread, &all);
    sleep(SECONDS);
    atomic_store(&all.stop, true);
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    snprintf(name, sizeof(name), "durable creates, %d thread%s (db_write)", n, n > 1 ? "s" : "");
    report(name, (double)(all.next - first) / (now() - t), "rows/s");
}

/* The same on bare SQLite: one thread, 64 inserts a COMMIT. */

static void bare(sqlite3 *h, const char *sql)
{
    if (sqlite3_exec(h, sql, NULL, NULL, NULL) != SQLITE_OK)
        die(sql, sqlite3_errmsg(h));
}

static void bare_insert(sqlite3_stmt *s, uint64_t k)
{
    char company[64], phone[32], email[48];

    snprintf(company, sizeof(company), "深圳市海运物流有限公司 %llu", (unsigned long long)k);
    snprintf(phone, sizeof(phone), "+86138%08llu", (unsigned long long)(scramble(k) % 100000000));
    snprintf(email, sizeof(email), "sales%llu@example.com", (unsigned long long)k);
    sqlite3_bind_text(s, 1, company, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, "Nguyễn Văn An", -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, phone, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 4, email, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 5, "CN", 2, SQLITE_STATIC);
    sqlite3_bind_text(s, 6, "Shenzhen", 8, SQLITE_STATIC);
    sqlite3_bind_text(s, 7, "fair", 4, SQLITE_STATIC);
    sqlite3_bind_int64(s, 8, (int64_t)(k % 7));
    sqlite3_bind_int64(s, 9, (int64_t)(scramble(k) % 200));
    sqlite3_bind_int64(s, 10, (int64_t)(k % 12));
    sqlite3_bind_int64(s, 11, 3);
    sqlite3_bind_int64(s, 12, 120000);
    sqlite3_bind_text(s, 13, "asked for a rate to Hamburg, 2 x 40HQ a month", -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 14, when_now());
    sqlite3_bind_int64(s, 15, 1);
    sqlite3_bind_int64(s, 16, when_now());
    sqlite3_bind_int64(s, 17, when_now());
    if (sqlite3_step(s) != SQLITE_DONE)
        die("bare insert", "failed");
    sqlite3_reset(s);
}

static void bench_bare(int batch, bool savepoints)
{
    sqlite3 *h;
    sqlite3_stmt *s;
    char name[80];
    int64_t n = 0;

    if (sqlite3_open(path, &h) != SQLITE_OK)
        die(path, sqlite3_errmsg(h));
    bare(h, "PRAGMA synchronous=FULL; PRAGMA cache_size=-16384; PRAGMA wal_autocheckpoint=4096;"
            "PRAGMA secure_delete=OFF");
    if (sqlite3_prepare_v2(h, insert_lead, -1, &s, NULL) != SQLITE_OK)
        die("prepare", sqlite3_errmsg(h));
    double t = now();
    while (now() - t < SECONDS) {
        bare(h, "BEGIN IMMEDIATE");
        for (int i = 0; i < batch; i++) {
            if (savepoints)
                bare(h, "SAVEPOINT x");
            bare_insert(s, (uint64_t)(rows * 3 + n++));
            if (savepoints)
                bare(h, "RELEASE x");
        }
        bare(h, "COMMIT");
    }
    snprintf(name, sizeof(name), "bare SQLite, %d insert%s a commit%s", batch, batch > 1 ? "s" : "",
             savepoints ? ", with savepoints" : "");
    report(name, (double)n / (now() - t), "rows/s");
    sqlite3_finalize(s);
    sqlite3_close(h);
}

/* Reading. */

static const char select_one[] = "SELECT * FROM lead WHERE id = ?";
static const char select_list[] = "SELECT * FROM lead WHERE id < ? ORDER BY id DESC LIMIT 50";
static const char select_owner[] =
    "SELECT * FROM lead WHERE owner_id = ? AND id < ? ORDER BY id DESC LIMIT 50";

struct reading {
    struct db *db;
    const char *sql;
    bool owner, stop;
    uint64_t seed;
    int64_t done;
    atomic_bool *over;
    pthread_t thread;
};

static int64_t consume(struct db_stmt *s)
{
    int64_t sum = 0;
    int columns = db_col_count(s);
    size_t len;

    while (db_step(s) == DB_ROW)
        for (int i = 0; i < columns; i++)
            if (i >= 2 && i <= 8) {
                db_col_text(s, i, &len);
                sum += (int64_t)len;
            } else {
                sum += db_col_int(s, i);
            }
    return sum;
}

static void *read_all_the_time(void *arg)
{
    struct reading *r = arg;
    struct buf err = BUF_INIT;
    struct db_conn *c = db_reader(r->db, &err);

    if (c == NULL)
        die("reader", buf_str(&err));
    while (!atomic_load(r->over)) {
        struct db_stmt *s = db_prepare(c, r->sql);
        int i = 1;

        if (r->owner)
            db_bind_int(s, i++, (int64_t)(random_id(&r->seed) % 200));
        db_bind_int(s, i, (int64_t)random_id(&r->seed));
        consume(s);
        r->done++;
    }
    db_conn_close(&c);
    return NULL;
}

static void bench_read(struct db *db, const char *what, const char *sql, bool owner, int readers)
{
    struct reading r[8];
    atomic_bool over = false;
    int64_t done = 0;
    char name[80];
    double t = now();

    for (int i = 0; i < readers; i++) {
        r[i] = (struct reading){
            .db = db, .sql = sql, .owner = owner, .seed = (uint64_t)i << 40, .over = &over};
        pthread_create(&r[i].thread, NULL, read_all_the_time, &r[i]);
    }
    sleep(SECONDS);
    atomic_store(&over, true);
    for (int i = 0; i < readers; i++) {
        pthread_join(r[i].thread, NULL);
        done += r[i].done;
    }
    snprintf(name, sizeof(name), "%s, %d reader%s", what, readers, readers > 1 ? "s" : "");
    report(name, (double)done / (now() - t), "1/s");
}

/* Hashed duplicate keys: 100,000 into a million, in the order they come or sorted. */

enum { KEYS = 100000 };

struct keys {
    int64_t hash[KEYS];
    int at;
};

static int insert_keys(struct db_conn *c, void *arg)
{
    struct keys *k = arg;
    struct db_stmt *s = db_prepare(c, "INSERT INTO dup (hash, lead_id) VALUES (?, ?)");
    int rc = 0;

    for (int i = 0; i < CHUNK && rc == 0 && k->at < KEYS; i++, k->at++) {
        db_bind_int(s, 1, k->hash[k->at]);
        db_bind_int(s, 2, k->at);
        rc = db_step(s);
    }
    return rc;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static double insert_all_keys(struct db *db, uint64_t from, bool sorted)
{
    struct keys *k = calloc(1, sizeof(*k));
    double t = now();

    for (int i = 0; i < KEYS; i++)
        k->hash[i] = (int64_t)scramble(from + (uint64_t)i);
    if (sorted)
        qsort(k->hash, KEYS, sizeof(*k->hash), by_value);
    while (k->at < KEYS)
        if (db_write_low(db, insert_keys, k) != 0)
            die("keys", "see above");
    free(k);
    return KEYS / (now() - t);
}

static void bench_keys(struct db *db)
{
    for (int64_t i = 0; i < rows; i += KEYS)
        insert_all_keys(db, (uint64_t)i, true);
    report("100,000 hashed keys into the table, unsorted",
           insert_all_keys(db, (uint64_t)rows * 2, false), "rows/s");
    report("100,000 hashed keys into the table, sorted",
           insert_all_keys(db, (uint64_t)rows * 3, true), "rows/s");
}

static void remove_files(void)
{
    static const char *const tails[] = {"", "-wal", "-shm", ".lock"};
    char name[sizeof(path) + 8];

    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof(name), "%s%s", path, tails[i]);
        unlink(name);
    }
}

static void memory(const char *when)
{
    char line[256], name[64];
    FILE *f = fopen("/proc/self/status", "r");

    while (f != NULL && fgets(line, sizeof(line), f) != NULL)
        if (strncmp(line, "VmRSS:", 6) == 0) {
            snprintf(name, sizeof(name), "resident memory, %s", when);
            report(name, atof(line + 6), "KiB");
        }
    if (f != NULL)
        fclose(f);
}

int main(int argc, char **argv)
{
    struct buf err = BUF_INIT;
    struct db *db;

    if (argc > 1)
        rows = atoll(argv[1]);
    snprintf(path, sizeof(path), "%s/db_bench.db", argc > 2 ? argv[2] : ".");
    remove_files();
    if (db_open(path, NULL, &db, &err) != 0)
        die("open", buf_str(&err));
    memory("database open");
    fill(db);
    memory("after the bulk insert");
    for (int n = 1; n <= 4; n *= 2)
        bench_read(db, "one row by id", select_one, false, n);
    for (int n = 1; n <= 4; n *= 2)
        bench_read(db, "50 rows by key", select_list, false, n);
    for (int n = 1; n <= 4; n *= 2)
        bench_read(db, "50 rows of one owner", select_owner, true, n);
    memory("after reading");
    bench_submit(db);
    bench_write(db, 64);
    bench_write(db, 1);
    bench_keys(db);
    db_close(&db);
    bench_bare(64, false);
    bench_bare(64, true);
    bench_bare(1, false);
    remove_files();
    buf_free(&err);
    return 0;
}
