/* sqlite_log.c - the writer's log: written in large pieces, read from memory.
 *
 * SQLite writes two small pieces for each page into the write-ahead log, and a checkpoint reads each
 * page back: in an import these calls cost more than the inserting.  The writer's connection therefore
 * has a VFS of its own that keeps the beginning of the log in memory and hands what is new to the file
 * when SQLite syncs it.  Everything else is the system's VFS.
 *
 * Nobody misses what is not handed on yet: with synchronous=FULL the log is synced before the frames of
 * a commit are shown to others, and what is not synced no other connection asks for. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "db/sqlite.h"

enum {
    PIECE = 1 << 16,  /* bytes; memory is taken, and the file written, by the piece: SQLite 3.40 writes less than 128 KiB at once */
    PIECES = 512,     /* what lies behind is the file's alone */
    LATE = 8 * PIECE, /* that much does not wait for the sync */
};

struct log_file {
    sqlite3_file base; /* first */
    char *piece[PIECES];
    sqlite3_int64 have;     /* bytes of the file that are in memory, from its beginning */
    sqlite3_int64 from, to; /* of these the file lacks */
    sqlite3_file real[];    /* the system's */
};

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((struct log_file *)(void *)f)->real;
}

/* ---- memory ------------------------------------------------------------------------------- */
static void copy_in(struct log_file *f, const char *bytes, int n, sqlite3_int64 at)
{
    while (n > 0) {
        int in = (int)(at % PIECE), part = n < PIECE - in ? n : PIECE - in;
        char **piece = &f->piece[at / PIECE];

        if (*piece == NULL)
            *piece = mem_realloc(NULL, PIECE);
        memcpy(*piece + in, bytes, (size_t)part);
        bytes += part;
        at += part;
        n -= part;
    }
}

static void copy_out(const struct log_file *f, char *bytes, int n, sqlite3_int64 at)
{
    while (n > 0) {
        int in = (int)(at % PIECE), part = n < PIECE - in ? n : PIECE - in;

        memcpy(bytes, f->piece[at / PIECE] + in, (size_t)part);
        bytes += part;
        at += part;
        n -= part;
    }
}

static void forget(struct log_file *f, sqlite3_int64 from)
{
    f->have = f->have < from ? f->have : from;
    for (sqlite3_int64 i = (f->have + PIECE - 1) / PIECE; i < PIECES; i++) {
        free(f->piece[i]);
        f->piece[i] = NULL;
    }
}

/* What the file lacks.  After a failure it holds nobody knows what there, as when SQLite writes itself. */
static int hand_on(struct log_file *f)
{
    int rc = SQLITE_OK;

    for (sqlite3_int64 at = f->from; at < f->to && rc == SQLITE_OK;) {
        int in = (int)(at % PIECE), n = f->to - at < PIECE - in ? (int)(f->to - at) : PIECE - in;

        rc = f->real->pMethods->xWrite(f->real, f->piece[at / PIECE] + in, n, at);
        at += n;
    }
    if (rc != SQLITE_OK)
        forget(f, f->from);
    f->from = f->to = 0;
    return rc;
}

/* ---- the methods of a file ------------------------------------------------------------------ */
static int log_close(sqlite3_file *file)
{
    struct log_file *f = (struct log_file *)(void *)file;
    int rc = hand_on(f), closed = f->real->pMethods->xClose(f->real);

    forget(f, 0);
    return rc == SQLITE_OK ? closed : rc;
}

static int log_read(sqlite3_file *file, void *bytes, int n, sqlite3_int64 at)
{
    struct log_file *f = (struct log_file *)(void *)file;
    int rc;

    if (at + n <= f->have) {
        copy_out(f, bytes, n, at);
        return SQLITE_OK;
    }
    rc = hand_on(f);
    return rc == SQLITE_OK ? f->real->pMethods->xRead(f->real, bytes, n, at) : rc;
}

static int log_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
    struct log_file *f = (struct log_file *)(void *)file;
    bool fits = at <= f->have && at + n <= (sqlite3_int64)PIECE * PIECES, joins = at >= f->from && at <= f->to;
    int rc = fits && (joins || f->from == f->to) ? SQLITE_OK : hand_on(f);

    if (rc != SQLITE_OK)
        return rc;
    if (!fits) {
        forget(f, at);
        return f->real->pMethods->xWrite(f->real, bytes, n, at);
    }
    copy_in(f, bytes, n, at);
    if (f->from == f->to)
        f->from = f->to = at;
    f->to = f->to > at + n ? f->to : at + n;
    f->have = f->have > at + n ? f->have : at + n;
    return f->to - f->from >= LATE ? hand_on(f) : SQLITE_OK;
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct log_file *f = (struct log_file *)(void *)file;
    int rc = hand_on(f);

    forget(f, size);
    return rc == SQLITE_OK ? f->real->pMethods->xTruncate(f->real, size) : rc;
}

static int log_sync(sqlite3_file *file, int flags)
{
    struct log_file *f = (struct log_file *)(void *)file;
    int rc = hand_on(f);

    return rc == SQLITE_OK ? f->real->pMethods->xSync(f->real, flags) : rc;
}

static int log_size(sqlite3_file *file, sqlite3_int64 *size)
{
    struct log_file *f = (struct log_file *)(void *)file;
    int rc = hand_on(f);

    return rc == SQLITE_OK ? f->real->pMethods->xFileSize(f->real, size) : rc;
}

static int log_lock(sqlite3_file *f, int how)
{
    return real_of(f)->pMethods->xLock(real_of(f), how);
}

static int log_unlock(sqlite3_file *f, int how)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), how);
}

static int log_check_lock(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}

static int log_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int log_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int log_device(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static const sqlite3_io_methods log_methods = {
    .iVersion = 1,
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_unlock,
    .xCheckReservedLock = log_check_lock,
    .xFileControl = log_control,
    .xSectorSize = log_sector,
    .xDeviceCharacteristics = log_device,
};

/* ---- the VFS ---------------------------------------------------------------------------------- */
static sqlite3_vfs *below; /* the system's */

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *flags_r)
{
    struct log_file *f = (struct log_file *)(void *)file;
    int rc;

    (void)vfs;
    if (!(flags & SQLITE_OPEN_WAL))
        return below->xOpen(below, name, file, flags, flags_r);
    memset(f, 0, sizeof(*f));
    rc = below->xOpen(below, name, f->real, flags, flags_r);
    if (f->real->pMethods != NULL)
        f->base.pMethods = &log_methods;
    return rc;
}

int sq_log_register(void)
{
    static sqlite3_vfs own;

    below = sq_vfs_over(&own, SQ_LOG_VFS, sizeof(struct log_file), open_file);
    return below != NULL ? SQLITE_OK : SQLITE_ERROR;
}
