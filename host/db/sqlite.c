/* sqlite.c - the SQLite driver: opening, connections, errors.
 *
 * One file in WAL mode.  The writer commits with synchronous=FULL: anything less loses acknowledged
 * rows at a power cut.  Foreign keys are off: the record layer checks references, because it has to
 * say which record is missing, and SQLite's ADD COLUMN could not declare them anyway. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/when.h"
#include "db/sqlite.h"

#define MEMORY_TEMP "PRAGMA temp_store=MEMORY"

enum {
    BUDGET_OPS = 1000, /* virtual machine steps between two looks at the clock */
    LOCK_POLL_MS = 20,
    VALUE_MAX = 64 << 20, /* bytes of one value or row; attachments are files */
};

static const struct db_options defaults = {
    .statements = 256,
    .queue_max = 4096,
    .batch_max = 64,
    .batch_us = 5000,
    .reader_unused_ms = 10000,
    .reader_cache_kib = 2048,
    .writer_cache_kib = 16384,
    .mmap_bytes = -1,
    .log_bytes = 16 << 20,
    .log_max_bytes = 48 << 20,
    .log_read_ms = 5000,
};

static struct db_options with_defaults(const struct db_options *o)
{
    struct db_options x = *o;

#define FILL(field) x.field = x.field == 0 ? defaults.field : x.field
    FILL(statements);
    FILL(queue_max);
    FILL(batch_max);
    FILL(batch_us);
    FILL(reader_unused_ms);
    FILL(reader_cache_kib);
    FILL(writer_cache_kib);
    FILL(mmap_bytes);
    FILL(log_bytes);
    FILL(log_max_bytes);
    FILL(log_read_ms);
#undef FILL
    return x;
}

#ifdef __LP64__
/* The C library's own makes each call a point where the thread may be cancelled, which costs as much as a tenth of it;
 * nobody cancels a thread here. */
static ssize_t read_at(int fd, void *to, size_t n, off_t at)
{
    return syscall(SYS_pread64, fd, to, n, at);
}

static void read_plainly(void)
{
    static const char *const names[] = {"pread", "pread64"}; /* one of them, as SQLite was built */
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

    for (size_t i = 0; i < 2; i++)
        if (vfs->iVersion >= 3 && vfs->xGetSystemCall(vfs, names[i]) != NULL)
            vfs->xSetSystemCall(vfs, names[i], (sqlite3_syscall_ptr)read_at);
}
#endif

/* Before the first connection: no global mutex around every malloc, no mutex a connection. */
static void configure(void)
{
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (sq_cache_register() != SQLITE_OK || sqlite3_initialize() != SQLITE_OK || sq_log_register() != SQLITE_OK ||
        sq_keys_register() != SQLITE_OK)
        log_error("db", "SQLite does not start");
#ifdef __LP64__
    read_plainly();
#endif
}

/* Errors. */

static int rc_of(int rc, int os_error)
{
    switch (rc) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return DB_UNIQUE;
    }
    switch (rc & 0xff) {
    case SQLITE_CONSTRAINT:
        return DB_CONSTRAINT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return DB_BUSY;
    case SQLITE_INTERRUPT:
        return DB_INTERRUPTED;
    case SQLITE_FULL:
        return DB_FULL;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return os_error == ENOSPC || os_error == EDQUOT ? DB_FULL : DB_BROKEN;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_PROTOCOL:
        return DB_BROKEN;
    }
    return DB_ERROR;
}

/* "UNIQUE constraint failed: t.a, t.b" */
static void note_clash(struct sq_conn *c)
{
    const char *at = strstr(c->error, "failed: ");

    snprintf(c->clash, sizeof(c->clash), "%s", at == NULL ? "" : at + strlen("failed: "));
}

static void log_failure(struct sq_conn *c, int rc, const char *what)
{
    struct sq_db *db = (struct sq_db *)c->base.db;

    if (rc == DB_FULL) {
        if (!atomic_exchange(&db->full, true)) /* once, until a COMMIT succeeds */
            log_error("db", "write %s: %s", db->path, c->error);
    } else if (rc == DB_BROKEN) {
        log_error("db", "use %s: %s (system error: %s)", db->path, c->error,
                  strerror(sqlite3_system_errno(c->h)));
    } else if (rc == DB_ERROR) {
        log_error("db", "run \"%.300s\": %s", what, c->error);
    }
}

int sq_fail(struct sq_conn *c, int sqlite_rc, const char *what)
{
    int rc = rc_of(sqlite_rc, sqlite3_system_errno(c->h));

    snprintf(c->error, sizeof(c->error), "%s",
             sqlite3_errcode(c->h) == SQLITE_OK ? sqlite3_errstr(sqlite_rc) : sqlite3_errmsg(c->h));
    c->base.cut_short = c->base.cut_short || rc == DB_INTERRUPTED;
    if (rc == DB_UNIQUE)
        note_clash(c);
    if ((sqlite_rc & 0xff) == SQLITE_IOERR)
        c->suspect = true;
    if (c->in_batch && sqlite3_get_autocommit(c->h))
        c->lost = rc;
    log_failure(c, rc, what);
    return rc;
}

static const char *sq_error(const struct db_conn *c)
{
    return ((const struct sq_conn *)c)->error;
}

static const char *sq_clash(const struct db_conn *c)
{
    return ((const struct sq_conn *)c)->clash;
}

/* Connections. */

static int out_of_budget(void *arg)
{
    struct sq_conn *c = arg;

    if (c->writing)
        return 0;
    if (c->cancel != NULL && atomic_load_explicit(c->cancel, memory_order_relaxed))
        return 1;
    if (sq_overdue(c))
        return 1;
    return c->deadline != 0 && when_monotonic() >= c->deadline;
}

void sq_interruptible(struct sq_conn *c)
{
    sqlite3_progress_handler(c->h, BUDGET_OPS, out_of_budget, c);
}

static void sq_budget(struct db_conn *base, int64_t deadline, const atomic_bool *cancel)
{
    struct sq_conn *c = (struct sq_conn *)base;

    c->deadline = deadline;
    c->cancel = cancel;
}

/* Some file systems cannot have the shared memory; SQLite then stays in its old mode, silently. */
static int use_wal(sqlite3 *h)
{
    sqlite3_stmt *s;
    int rc = sqlite3_prepare_v2(h, "PRAGMA journal_mode=WAL", -1, &s, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        rc = strcmp((const char *)sqlite3_column_text(s, 0), "wal") == 0 ? SQLITE_OK
                                                                         : SQLITE_CANTOPEN;
    sqlite3_finalize(s);
    return rc;
}

static int set_up(struct sq_db *db, struct sq_conn *c, bool writer)
{
    char sql[600];
    int64_t mmap_bytes = db->o.mmap_bytes < 0 ? 0 : db->o.mmap_bytes;

    sqlite3_extended_result_codes(c->h, 1);
    sqlite3_limit(c->h, SQLITE_LIMIT_LENGTH, VALUE_MAX);
    sqlite3_busy_timeout(c->h, SQ_BUSY_MS);
    sqlite3_db_config(c->h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_db_config(c->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(c->h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(c->h, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(c->h, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    snprintf(sql, sizeof(sql),
             "PRAGMA wal_autocheckpoint=0; PRAGMA foreign_keys=OFF; PRAGMA secure_delete=FAST;"
             "PRAGMA cache_size=-%d; PRAGMA mmap_size=%lld; PRAGMA synchronous=FULL;"
             "PRAGMA journal_size_limit=%lld; %s",
             writer ? db->o.writer_cache_kib : db->o.reader_cache_kib, (long long)mmap_bytes,
             (long long)db->o.log_bytes, writer ? MEMORY_TEMP : "PRAGMA query_only=ON");
    int rc = sqlite3_exec(c->h, sql, NULL, NULL, NULL);
    if (rc == SQLITE_OK && writer)
        rc = use_wal(c->h);
    if (rc == SQLITE_OK) /* reads the header: is it a database at all */
        rc = sqlite3_exec(c->h, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sq_fts_register(c->h);
    if (rc == SQLITE_OK)
        rc = sq_match_register(c->h);
    if (rc == SQLITE_OK && writer)
        rc = sq_rows_register(c);
    sq_interruptible(c);
    if (rc == SQLITE_OK && writer)
        sq_writer_hooks(db, c);
    return rc;
}

struct sq_conn *sq_connect(struct sq_db *db, bool writer, struct buf *err)
{
    struct sq_conn *c = mem_alloc(sizeof(*c));
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;

    c->base = (struct db_conn){.driver = db->base.driver, .db = &db->base};
    c->writer = writer;
    c->cache.max = db->o.statements;
    sq_cache_readers(!writer);
    int rc = sqlite3_open_v2(db->path, &c->h, flags, writer ? SQ_LOG_VFS : NULL);
    if (rc == SQLITE_OK)
        rc = set_up(db, c, writer);
    sq_cache_readers(false);
    if (rc == SQLITE_OK)
        return c;
    buf_addf(err, "open database %s: %s", db->path, sqlite3_errmsg(c->h));
    sq_disconnect(c);
    return NULL;
}

void sq_disconnect(struct sq_conn *c)
{
    if (c == NULL)
        return;
    sq_fts_forget(c);
    sq_free_waiting(c);
    sq_cache_free(c);
    int rc = sqlite3_close(c->h);
    if (rc != SQLITE_OK)
        log_error("db", "close a connection: %s", sqlite3_errmsg(c->h));
    arena_free(&c->a);
    free(c);
}

/* The writer keeps what savepoints have to undo in memory: a body that touches more than 16 pages
 * would write it to a temporary file.  But indexes are created here, and sort their rows on disk. */
static void sort_on_disk(struct sq_conn *c, bool on_disk)
{
    if (c->writer)
        sqlite3_exec(c->h, on_disk ? "PRAGMA temp_store=FILE" : MEMORY_TEMP, NULL, NULL, NULL);
}

int sq_exec(struct db_conn *base, const char *sql)
{
    struct sq_conn *c = (struct sq_conn *)base;

    if (c->in_batch) {
        int rc = sq_put_waiting(c);

        c->together = false; /* it may be a SAVEPOINT, and what waits is not undone with it */
        if (rc == DB_OK)
            rc = sq_savepoints(c);
        if (rc != DB_OK)
            return rc;
    }
    c->writing = true;
    sort_on_disk(c, true);
    int rc = sqlite3_exec(c->h, sql, NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        rc = sq_fail(c, rc, sql);
    sort_on_disk(c, false);
    c->writing = false;
    return rc;
}

static int64_t sq_last_id(struct db_conn *c)
{
    return sqlite3_last_insert_rowid(((struct sq_conn *)c)->h);
}

static int64_t sq_changes(struct db_conn *c)
{
    return sqlite3_changes64(((struct sq_conn *)c)->h);
}

/* Never interrupted: SQLite looks at the clock behind the statement as well, and would report a failure of what it has
 * done. */
static int begin_or_end(struct sq_conn *c, const char *sql)
{
    int rc;

    c->writing = true;
    rc = db_step(sq_prepare(&c->base, sql));
    c->writing = false;
    return rc;
}

static int sq_read_begin(struct db_conn *base)
{
    struct sq_conn *c = (struct sq_conn *)base;

    if (c->in_batch || c->reading++ > 0)
        return DB_OK;
    int rc = begin_or_end(c, "BEGIN");
    if (rc != DB_OK)
        c->reading = 0;
    return rc;
}

static void sq_read_end(struct db_conn *base)
{
    struct sq_conn *c = (struct sq_conn *)base;

    if (c->in_batch || c->reading == 0 || --c->reading > 0)
        return;
    sq_fts_forget(c);
    if (!c->evicted)
        begin_or_end(c, "COMMIT");
    c->evicted = false;
}

static void sq_settle(struct db_conn *base)
{
    struct sq_conn *c = (struct sq_conn *)base;

    if (c->in_batch)
        return; /* the end of the body does it */
    sq_reset_all(c);
    c->deadline = 0;
    c->cancel = NULL;
    if (c->reading > 0) {
        c->reading = 1;
        sq_read_end(base);
    }
}

/* Readers: opening one reads the description of all tables, 3 ms and half a megabyte. */

static struct db_conn *sq_reader(struct db *base, struct buf *err)
{
    struct sq_db *db = (struct sq_db *)base;
    struct sq_idle *idle = &db->idle;
    struct sq_conn *c = NULL;

    pthread_mutex_lock(&idle->lock);
    if (idle->n > 0)
        c = idle->c[--idle->n];
    pthread_mutex_unlock(&idle->lock);
    if (c == NULL)
        c = sq_connect(db, false, err);
    return c == NULL ? NULL : &c->base;
}

/* Puts one that works to the others; returns one that is to be closed instead, or NULL. */
static struct sq_conn *keep_idle(struct sq_db *db, struct sq_conn *c)
{
    struct sq_idle *idle = &db->idle;
    struct sq_conn *out = NULL;

    c->given_back = when_about();
    pthread_mutex_lock(&idle->lock);
    if (idle->n > 0 && (idle->n == SQ_IDLE_MAX || idle->c[0]->given_back < c->given_back - db->o.reader_unused_ms)) {
        out = idle->c[0];
        memmove(&idle->c[0], &idle->c[1], (size_t)--idle->n * sizeof(*idle->c));
    }
    idle->c[idle->n++] = c;
    pthread_mutex_unlock(&idle->lock);
    return out;
}

static void sq_conn_close(struct db_conn *base)
{
    struct sq_conn *c = (struct sq_conn *)base;

    sq_settle(base);
    c->error[0] = c->clash[0] = '\0';
    sq_disconnect(c->a != NULL || c->suspect ? c : keep_idle((struct sq_db *)base->db, c));
}

/* The database. */

static int sq_submit(struct db *db, struct db_work *w)
{
    struct sq_db *s = (struct sq_db *)db;

    return s->writer == NULL ? DB_ERROR : writer_submit(s->writer, w);
}

static int sq_write(struct db *db, int (*body)(struct db_conn *, void *), void *arg, bool low)
{
    struct sq_db *s = (struct sq_db *)db;

    return s->writer == NULL ? DB_ERROR : writer_run(s->writer, body, arg, low);
}

static bool sq_wanted(struct db *db)
{
    struct sq_db *s = (struct sq_db *)db;

    return s->writer != NULL && writer_wanted(s->writer);
}

static void sq_stats(struct db *db, struct db_stats *out)
{
    struct sq_db *s = (struct sq_db *)db;
    int64_t unindexed = sq_fts_waiting(s);

    *out = (struct db_stats){.checkpoints = atomic_load(&s->checkpoints),
                             .log_bytes = (int64_t)atomic_load(&s->frames) * SQ_FRAME,
                             .unindexed = unindexed > 0 ? unindexed : 0};
    if (s->writer != NULL)
        writer_stats(s->writer, out);
}

/* Another process with the same file would be safe for SQLite but not against its WAL-reset bug,
 * nor for what the host keeps in memory. */

static int say_locked(struct sq_db *db, int why, struct buf *err)
{
    char holder[32] = "?";

    if (why != EWOULDBLOCK) {
        buf_addf(err, "lock %s: %s", db->path, strerror(why));
        return -1;
    }
    ssize_t n = pread(db->lock, holder, sizeof(holder) - 1, 0);
    if (n > 0)
        holder[n] = '\0';
    buf_addf(err, "open database %s: process %.*s is using it", db->path,
             (int)strcspn(holder, "\n"), holder);
    return -1;
}

/* Leaves the process's id in the file for those who come later. */
static void sign_lock(struct sq_db *db)
{
    char me[32];
    int n = snprintf(me, sizeof(me), "%d\n", (int)getpid());

    if (ftruncate(db->lock, 0) != 0 || pwrite(db->lock, me, (size_t)n, 0) != n)
        log_warn("db", "write the process id into the lock of %s: %s", db->path, strerror(errno));
}

static int lock_file(struct sq_db *db, struct buf *err)
{
    char *name = mem_alloc(strlen(db->path) + sizeof(".lock"));
    int64_t until = when_monotonic() + db->o.lock_wait_ms;
    struct timespec pause = {0, LOCK_POLL_MS * 1000000};

    stpcpy(stpcpy(name, db->path), ".lock");
    db->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    free(name);
    if (db->lock < 0) {
        buf_addf(err, "open the lock of %s: %s", db->path, strerror(errno));
        return -1;
    }
    while (flock(db->lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EINTR && (errno != EWOULDBLOCK || when_monotonic() >= until))
            return say_locked(db, errno, err);
        nanosleep(&pause, NULL);
    }
    sign_lock(db);
    return 0;
}

/* A new file is private and its name durable before SQLite sees it. */
static int create_file(const char *path, struct buf *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    char dir[4096];

    if (fd < 0 && errno == EEXIST)
        return 0;
    if (fd < 0) {
        buf_addf(err, "create database %s: %s", path, strerror(errno));
        return -1;
    }
    close(fd);
    snprintf(dir, sizeof(dir), "%s", path);
    fd = open(dirname(dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    return 0;
}

static bool readable(struct sq_db *db, struct buf *err)
{
    struct db_conn *c = db_reader(&db->base, err);
    bool is = c != NULL;

    db_conn_close(&c);
    return is;
}

static void sq_finish(struct db *base)
{
    writer_free(&((struct sq_db *)base)->writer);
}

static void sq_close(struct db *base)
{
    struct sq_db *db = (struct sq_db *)base;

    writer_free(&db->writer);
    for (int i = 0; i < db->idle.n; i++)
        sq_disconnect(db->idle.c[i]);
    pthread_mutex_destroy(&db->idle.lock);
    sq_writer_close(db);
    sq_fts_close(db);
    if (db->lock >= 0)
        close(db->lock);
    free(db->path);
    free(db);
}

static int open_for_writing(struct sq_db *db, struct buf *err)
{
    if (lock_file(db, err) < 0 || create_file(db->path, err) < 0)
        return -1;
    db->w = sq_connect(db, true, err);
    if (db->w == NULL)
        return -1;
    db->writer = writer_new(&sq_writer_ops, db, db->o.queue_max, db->o.batch_max, db->o.batch_us);
    sq_fts_open(db);
    return 0;
}

static int sq_open(const char *where, const struct db_options *o, struct db **db_r, struct buf *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct sq_db *db = mem_alloc(sizeof(*db));

    pthread_once(&once, configure);
    db->base.driver = &db_sqlite;
    db->path = mem_strdup(where);
    db->o = with_defaults(o);
    db->lock = -1;
    pthread_mutex_init(&db->idle.lock, NULL);
    if (o->read_only ? !readable(db, err) : open_for_writing(db, err) < 0) {
        sq_close(&db->base);
        return -1;
    }
    *db_r = &db->base;
    return 0;
}

static void sq_at_commit(struct db *base, int (*run)(struct db_conn *, void *), void *arg)
{
    writer_at_commit(((struct sq_db *)base)->writer, run, arg);
}

static int sq_keep_rows(struct db_conn *c, const char *table)
{
    struct buf sql = BUF_INIT;
    int rc;

    for (int i = 0; i < 2; i++) {
        const char *deed = i == 0 ? "update" : "delete";

        buf_addf(&sql, "CREATE TRIGGER IF NOT EXISTS kept_%s_%s BEFORE %s ON %s BEGIN SELECT RAISE(ABORT, 'rows of %s are kept'); END;",
                 table, deed, deed, table, table);
    }
    rc = sq_exec(c, buf_str(&sql));
    buf_free(&sql);
    return rc;
}

static int sq_free_rows(struct db_conn *c, const char *table)
{
    struct buf sql = BUF_INIT;
    int rc;

    buf_addf(&sql, "DROP TRIGGER IF EXISTS kept_%s_update; DROP TRIGGER IF EXISTS kept_%s_delete;", table, table);
    rc = sq_exec(c, buf_str(&sql));
    buf_free(&sql);
    return rc;
}

/* Without statistics any index with an equality is thought to find ten rows. */
static void rare(struct buf *sql, const char *condition)
{
    buf_addf(sql, "likelihood(%s, 0.000001)", condition);
}

const struct db_driver db_sqlite = {
    .scheme = "sqlite",
    .dialect =
        {
            .name = "sqlite",
            .type = {[DB_T_INT] = "INTEGER",
                     [DB_T_REAL] = "REAL",
                     [DB_T_TEXT] = "TEXT",
                     [DB_T_BLOB] = "BLOB"},
            .identity = "INTEGER PRIMARY KEY AUTOINCREMENT",
            .index_ends_with_id = true,
            .table_end = " STRICT",
            .keyed_end = " STRICT, WITHOUT ROWID",
            .like = "LIKE",
            .max_columns = 2000,
            .max_params = 32000,
            .max_name = 120,
            .add_column_not_null = false,
        },
    .open = sq_open,
    .finish = sq_finish,
    .close = sq_close,
    .reader = sq_reader,
    .conn_close = sq_conn_close,
    .error = sq_error,
    .clash = sq_clash,
    .settle = sq_settle,
    .prepare = sq_prepare,
    .bind_int = sq_bind_int,
    .bind_real = sq_bind_real,
    .bind_text = sq_bind_text,
    .bind_blob = sq_bind_blob,
    .bind_null = sq_bind_null,
    .step = sq_step,
    .reset = sq_reset,
    .report = sq_report,
    .report_sound = sq_report_sound,
    .param_count = sq_param_count,
    .param_name = sq_param_name,
    .col_count = sq_col_count,
    .col_name = sq_col_name,
    .col_type = sq_col_type,
    .col_int = sq_col_int,
    .col_real = sq_col_real,
    .col_text = sq_col_text,
    .col_blob = sq_col_blob,
    .cols = sq_cols,
    .exec = sq_exec,
    .insert_rows = sq_insert_rows,
    .each_key = sq_each_key,
    .add_row = sq_add_row,
    .last_id = sq_last_id,
    .changes = sq_changes,
    .read_begin = sq_read_begin,
    .read_end = sq_read_end,
    .budget = sq_budget,
    .sure = sq_sure,
    .submit = sq_submit,
    .write = sq_write,
    .wanted = sq_wanted,
    .at_commit = sq_at_commit,
    .keep_rows = sq_keep_rows,
    .free_rows = sq_free_rows,
    .stats = sq_stats,
    .backup = sq_backup,
    .integrity = sq_integrity,
    .table_sound = sq_table_sound,
    .schema = sq_schema,
    .fts_create = sq_fts_create,
    .fts_drop = sq_fts_drop,
    .fts_clear = sq_fts_clear,
    .fts_exists = sq_fts_exists,
    .fts_put = sq_fts_put,
    .fts_put_new = sq_fts_put_new,
    .fts_put_back = sq_fts_put_back,
    .fts_put_range = sq_fts_put_range,
    .fts_source = sq_fts_source,
    .fts_wait = sq_fts_wait,
    .fts_settled = sq_fts_settled,
    .fts_match = sq_fts_match,
    .fts_common = sq_fts_common,
    .fts_test = sq_fts_test,
    .fts_from = sq_fts_from,
    .fts_where = sq_fts_where,
    .fts_id = sq_fts_id,
    .fts_late = sq_fts_late,
    .rare = rare,
};
