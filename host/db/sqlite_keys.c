/* sqlite_keys.c - the keys of all rows of a table in primary key order, read off its pages.
 *
 * A statement that hands over row by row takes three quarters of its time for the handing over.  Counting the rows only reads
 * their pages, in a fifteenth of it.  So the rows are counted, by a connection whose files are listened to: each page that
 * SQLite reads of them, from the file or from the log as its snapshot has it, is taken apart here.  Nothing else is read
 * meanwhile but pages of tables with an id, which are of another kind.  When as many keys were seen as there are rows it was all
 * of them; else they are asked for one by one.
 *
 * A page of such a table: its kind, how many rows it has, and where each begins, two bytes each.  A row: its length; how long its
 * head is and, in it, of which kind its first column is; behind the head that column.  Pages above others have the number of
 * one of these before each row. */
#include "base/log.h"
#include "db/sqlite.h"

enum { ABOVE = 2, LEAF = 10 }; /* kinds of pages */
enum { INT_MOST = 6, ZERO = 8, ONE = 9 }; /* kinds of whole numbers: of 1, 2, 3, 4, 6, 8 bytes, and two that need none */

static sqlite3_vfs *below; /* the system's */

static _Thread_local struct listener {
    bool (*fn)(void *arg, int64_t key);
    void *arg;
    sqlite3 *h;
    int64_t seen;
    bool strange, stopped;
} *listener; /* to what this thread reads; NULL: nobody */

/* ---- a page ------------------------------------------------------------------------------------ */
static size_t pair(const unsigned char *p)
{
    return (size_t)p[0] << 8 | p[1];
}

/* The first column of a row; false: it is no whole number. */
static bool first_column(const unsigned char *row, const unsigned char *end, int64_t *out)
{
    static const unsigned char bytes[] = {[1] = 1, 2, 3, 4, 6, 8};
    const unsigned char *p;
    uint64_t v;

    if (end - row < 3 || row[0] >= 0x80 || row[1] >= 0x80) /* of more than 127 bytes: its length would have more than one */
        return false;
    if (row[2] == ZERO || row[2] == ONE) {
        *out = row[2] == ONE;
        return true;
    }
    if (row[2] == 0 || row[2] > INT_MOST || end - row < 1 + row[1] + bytes[row[2]])
        return false;
    p = row + 1 + row[1];
    v = p[0] >= 0x80 ? UINT64_MAX : 0;
    for (int i = 0; i < bytes[row[2]]; i++)
        v = v << 8 | p[i];
    *out = (int64_t)v;
    return true;
}

static void page(struct listener *l, const unsigned char *p, size_t size)
{
    size_t head = p[0] == LEAF ? 8 : 12, before = p[0] == LEAF ? 0 : 4, n = pair(p + 3);

    if (head + n * 2 > size) {
        l->strange = true;
        return;
    }
    for (size_t i = 0; i < n && !l->strange && !l->stopped; i++) {
        size_t at = pair(p + head + i * 2) + before;
        int64_t key;

        if (at > size || !first_column(p + at, p + size, &key))
            l->strange = true;
        else
            l->stopped = !l->fn(l->arg, key);
    }
    l->seen += (int64_t)n;
    if (l->strange || l->stopped)
        sqlite3_interrupt(l->h);
}

/* ---- files that are listened to ------------------------------------------------------------------ */
struct heard { /* behind the system's file */
    const sqlite3_io_methods *real;
    sqlite3_io_methods own;
};

static struct heard *heard_of(sqlite3_file *f)
{
    return (struct heard *)(void *)((char *)f + below->szOsFile);
}

static int hear(sqlite3_file *f, void *bytes, int n, sqlite3_int64 at)
{
    const unsigned char *p = bytes;
    int rc = heard_of(f)->real->xRead(f, bytes, n, at);

    if (rc == SQLITE_OK && listener != NULL && n == SQ_PAGE && (p[0] == LEAF || p[0] == ABOVE))
        page(listener, p, (size_t)n);
    return rc;
}

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *flags_r)
{
    int rc = below->xOpen(below, name, file, flags, flags_r);
    struct heard *h = heard_of(file);

    (void)vfs;
    if (rc != SQLITE_OK || !(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)))
        return rc;
    h->real = file->pMethods;
    h->own = *h->real;
    h->own.xRead = hear;
    file->pMethods = &h->own;
    return rc;
}

int sq_keys_register(void)
{
    static sqlite3_vfs own;

    below = sq_vfs_over(&own, SQ_KEYS_VFS, sizeof(struct heard), open_file);
    return below != NULL ? SQLITE_OK : SQLITE_ERROR;
}

/* ---- all rows -------------------------------------------------------------------------------------- */
/* Whether all keys were handed over, or it was stopped. */
static bool by_pages(const struct sq_db *db, const char *table, struct listener *l)
{
    struct buf sql = BUF_INIT;
    sqlite3_stmt *s = NULL;
    bool all = false;

    buf_puts(&sql, "SELECT count(*) FROM ");
    sq_add_name(&sql, table);
    if (sqlite3_open_v2(db->path, &l->h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, SQ_KEYS_VFS) == SQLITE_OK &&
        sqlite3_db_config(l->h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL) == SQLITE_OK &&
        sqlite3_busy_timeout(l->h, SQ_BUSY_MS) == SQLITE_OK &&
        sqlite3_exec(l->h, "PRAGMA query_only=ON; PRAGMA mmap_size=0; PRAGMA cache_size=16", NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(l->h, buf_str(&sql), -1, &s, NULL) == SQLITE_OK) {
        listener = l;
        all = sqlite3_step(s) == SQLITE_ROW && !l->strange && sqlite3_column_int64(s, 0) == l->seen;
        listener = NULL;
    }
    sqlite3_finalize(s);
    sqlite3_close(l->h);
    buf_free(&sql);
    return all || l->stopped;
}

int sq_each_key(struct db_conn *c, const char *table, const char *column, bool (*fn)(void *arg, int64_t key), void *arg)
{
    struct listener l = {.fn = fn, .arg = arg};
    struct buf sql = BUF_INIT;
    struct db_stmt *s;
    int rc;

    if (by_pages((struct sq_db *)c->db, table, &l))
        return DB_OK;
    log_debug("db", "the keys of %s are read one by one", table);
    buf_puts(&sql, "SELECT ");
    sq_add_name(&sql, column);
    buf_puts(&sql, " FROM ");
    sq_add_name(&sql, table);
    s = sq_prepare(c, buf_str(&sql));
    buf_free(&sql);
    while ((rc = db_step(s)) == DB_ROW && fn(arg, db_col_int(s, 0)))
        continue;
    db_reset(s);
    return rc < 0 ? rc : DB_OK;
}
