/* sqlite_writer.c - the SQLite driver's side of the writer thread: transactions, savepoints,
 * checkpoints, and opening again after the disk has failed.
 *
 * SQLite before 3.51.3 can damage the file when one connection commits while another checkpoints,
 * so every COMMIT and every checkpoint happens here, on one connection. */
#include <malloc.h>

#include "base/log.h"
#include "base/when.h"
#include "db/sqlite.h"

enum {
    RETRY_MS = 1000,      /* between attempts to open again */
    IDLE_MS = 500,        /* quiet for that long: empty the log */
    RELEASE_MS = 10000,   /* and for that long: give memory back */
    RESTART_MS = 100,     /* between attempts to start an overgrown log over */
    RESTART_WAIT_MS = 20, /* and how long each of them waits for readers */
};

static int run_sql(struct sq_conn *c, const char *sql)
{
    struct db_stmt *s = sq_prepare(&c->base, sql);

    return s == NULL ? DB_BROKEN : sq_step(s);
}

/* After an I/O error nothing the connection believes about the file can be trusted, so it is
 * opened afresh; while that fails, writes fail. */
static int connection(struct sq_db *db)
{
    struct buf err = BUF_INIT;

    if (db->w != NULL && !db->w->suspect)
        return DB_OK;
    if (when_monotonic() < db->retry_at)
        return DB_BROKEN;
    sq_disconnect(db->w);
    db->w = sq_connect(db, true, &err);
    db->retry_at = when_monotonic() + RETRY_MS;
    if (db->w == NULL)
        log_error("db", "%s", buf_str(&err));
    else
        log_info("db", "opened %s for writing again", db->path);
    buf_free(&err);
    return db->w == NULL ? DB_BROKEN : DB_OK;
}

static int batch_begin(void *owner)
{
    struct sq_db *db = owner;
    int rc = connection(db);

    if (rc != DB_OK)
        return rc;
    rc = run_sql(db->w, "BEGIN IMMEDIATE");
    db->w->in_batch = rc == DB_OK;
    db->w->lost = DB_OK;
    return rc;
}

static void batch_rollback(void *owner)
{
    struct sq_conn *c = ((struct sq_db *)owner)->w;

    if (c == NULL)
        return;
    c->in_batch = false;
    c->open = 0;
    sq_drop_waiting(c);
    sq_reset_all(c);
    if (!sqlite3_get_autocommit(c->h))
        run_sql(c, "ROLLBACK");
}

static int batch_commit(void *owner)
{
    struct sq_db *db = owner;

    int rc = sq_put_waiting(db->w);

    db->w->in_batch = false;
    if (rc == DB_OK)
        rc = run_sql(db->w, "COMMIT");
    if (rc != DB_OK)
        batch_rollback(owner);
    else if (atomic_exchange(&db->full, false))
        log_info("db", "the disk has room again");
    return rc;
}

static int batch_lost(void *owner)
{
    return ((struct sq_db *)owner)->w->lost;
}

/* The savepoints are opened by a body's first write: one that only reads, or fails its checks
 * before it writes, costs nothing. */
int sq_savepoints(struct sq_conn *c)
{
    if (c->lost != DB_OK)
        return c->lost;
    for (; c->open < c->wanted; c->open++) {
        int rc = run_sql(c, "SAVEPOINT body");

        if (rc != DB_OK)
            return rc;
    }
    return DB_OK;
}

/* Ends the innermost body's savepoint, if it has come to one. */
static int savepoint_end(struct sq_conn *c, bool keep)
{
    int rc = DB_OK;

    c->wanted--;
    if (c->lost != DB_OK || c->open <= c->wanted)
        return c->lost;
    c->open--;
    if (!keep)
        rc = run_sql(c, "ROLLBACK TO body");
    return rc == DB_OK ? run_sql(c, "RELEASE body") : rc;
}

/* Nothing is copied, and nothing can be gone back to. */
void sq_sure(struct db_conn *base)
{
    struct sq_conn *c = (struct sq_conn *)base;

    if (!c->in_batch || c->wanted != 1 || c->open != 0)
        return;
    c->open = 1;
    c->sure = c->together = true;
    c->changed = sqlite3_total_changes64(c->h) + c->added;
}

/* A statement that fails leaves no changes by itself; what the others of the body did has to go with the batch. */
static void sure_end(struct sq_conn *c, bool keep)
{
    if (!c->sure)
        return;
    c->sure = c->together = false;
    c->open = 0;
    if (keep || c->lost != DB_OK || sqlite3_total_changes64(c->h) + c->added == c->changed)
        return;
    c->lost = DB_ERROR;
    log_error("db", "a body that was sure to succeed failed: its batch is undone");
}

static int body_run(void *owner, struct db_work *work)
{
    struct sq_conn *c = ((struct sq_db *)owner)->w;

    c->wanted++;
    int rc = work->body(&c->base, work->arg);
    if (c->wanted == 1) {
        sq_reset_all(c);
        c->deadline = 0;
        c->cancel = NULL;
        sure_end(c, rc == 0);
    }
    int end = savepoint_end(c, rc == 0);
    return end < 0 ? end : rc;
}

static int body_run_alone(void *owner, struct db_work *work)
{
    struct sq_conn *c = ((struct sq_db *)owner)->w;

    c->wanted = c->open = 1; /* as if it had one: those nested in it still get theirs */
    int rc = work->body(&c->base, work->arg);
    c->wanted = c->open = 0;
    sq_reset_all(c);
    c->deadline = 0;
    c->cancel = NULL;
    return rc;
}

/* Copies the log into the file.  PASSIVE never waits; the other modes wait for readers. */
static int checkpoint(struct sq_db *db, int mode, int wait_ms)
{
    int in_log = 0, done = 0;

    sqlite3_busy_timeout(db->w->h, wait_ms);
    int rc = sqlite3_wal_checkpoint_v2(db->w->h, "main", mode, &in_log, &done);
    atomic_fetch_add(&db->checkpoints, 1);
    if (rc == SQLITE_OK || rc == SQLITE_BUSY) {
        db->checkpoint_fails = false;
        if (in_log >= 0)
            atomic_store(&db->frames, in_log);
    } else {
        if (!db->checkpoint_fails) /* once, not with every batch */
            log_error("db", "copy the log into %s: %s", db->path, sqlite3_errmsg(db->w->h));
        db->checkpoint_fails = true;
        db->w->suspect = (rc & 0xff) == SQLITE_IOERR;
    }
    sqlite3_busy_timeout(db->w->h, SQ_BUSY_MS);
    db->due = atomic_load(&db->frames) + (int)(db->o.log_bytes / SQ_FRAME);
    return rc;
}

/* Readers that come and go keep an overgrown log from starting over only for as long as the
 * attempt waits; one that stays for long loses its snapshot. */
static void restart(struct sq_db *db)
{
    int64_t now = when_monotonic();

    if (now < db->restart_at)
        return;
    db->restart_at = now + RESTART_MS;
    if (checkpoint(db, SQLITE_CHECKPOINT_TRUNCATE, RESTART_WAIT_MS) == SQLITE_BUSY)
        atomic_store(&db->evict, now - db->o.log_read_ms);
}

/* Nothing to write for idle_ms; returns when to look again. */
static int tidy_idle(struct sq_db *db, int64_t idle_ms)
{
    if (atomic_load(&db->frames) > 0) {
        checkpoint(db, SQLITE_CHECKPOINT_TRUNCATE, 0);
        return IDLE_MS;
    }
    if (idle_ms < RELEASE_MS)
        return (int)(RELEASE_MS - idle_ms) + 1;
    sq_free_waiting(db->w);
    sqlite3_db_release_memory(db->w->h);
    malloc_trim(0); /* an import leaves tens of megabytes behind */
    return -1;
}

static int batch_tidy(void *owner, int64_t idle_ms)
{
    struct sq_db *db = owner;
    int frames = atomic_load(&db->frames);

    sq_fts_tidy(db);
    if (db->w == NULL || db->w->suspect)
        return -1;
    if (idle_ms >= IDLE_MS)
        return tidy_idle(db, idle_ms);
    if ((int64_t)frames * SQ_FRAME >= db->o.log_max_bytes)
        restart(db);
    else if (frames >= db->due)
        checkpoint(db, SQLITE_CHECKPOINT_PASSIVE, 0);
    return IDLE_MS;
}

const struct db_writer_ops sq_writer_ops = {
    .begin = batch_begin,
    .run = body_run,
    .run_alone = body_run_alone,
    .lost = batch_lost,
    .commit = batch_commit,
    .rollback = batch_rollback,
    .tidy = batch_tidy,
};

/* Called by SQLite after each COMMIT: how long the log is now. */
static int on_commit(void *arg, sqlite3 *h, const char *name, int frames)
{
    struct sq_db *db = arg;

    (void)h, (void)name;
    if (frames < atomic_load(&db->frames)) /* the log has started over */
        db->due = (int)(db->o.log_bytes / SQ_FRAME);
    atomic_store(&db->frames, frames);
    return SQLITE_OK;
}

void sq_writer_hooks(struct sq_db *db, struct sq_conn *c)
{
    sqlite3_wal_hook(c->h, on_commit, db);
    db->due = (int)(db->o.log_bytes / SQ_FRAME);
}

void sq_writer_close(struct sq_db *db)
{
    if (db->w != NULL && !db->w->suspect)
        sqlite3_wal_checkpoint_v2(db->w->h, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sq_disconnect(db->w);
    db->w = NULL;
}
