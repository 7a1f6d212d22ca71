/* blob.c - keeping files by their hash, counting who refers to them, sweeping. */
#include "service/blob.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"

enum { BLOCK = 1 << 16, PATH = 4096, SWEEP = 50 };
/* A transaction that fails after all brings a reference back, and a backup that took the database
 * still wants its files. */
#define FREED_FOR WHEN_DAY
enum { UNKNOWN_FOR = 24 * 3600 }; /* s: an upload that is on its way has no row yet */

static const char *path_of(const struct store *st, const char *hash, char out[PATH])
{
    snprintf(out, PATH, "%s/%.2s/%s", st->files_dir, hash, hash);
    return out;
}

/* ---- bytes ---------------------------------------------------------------------------------- */
static int hash_of(int fd, char hash[BLOB_HASH])
{
    unsigned char sum[crypto_hash_sha256_BYTES], block[BLOCK];
    crypto_hash_sha256_state s;
    off_t at = 0;
    ssize_t n;

    crypto_hash_sha256_init(&s);
    while ((n = pread(fd, block, sizeof(block), at)) > 0 || (n < 0 && errno == EINTR)) {
        if (n < 0)
            continue;
        crypto_hash_sha256_update(&s, block, (unsigned long long)n);
        at += n;
    }
    crypto_hash_sha256_final(&s, sum);
    sodium_bin2hex(hash, BLOB_HASH, sum, sizeof(sum));
    return n < 0 ? -1 : 0;
}

static int copy_to(int from, const char *path)
{
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    char block[BLOCK];
    off_t at = 0;
    ssize_t n = 0;

    if (to < 0)
        return -1;
    while ((n = pread(from, block, sizeof(block), at)) > 0) {
        for (ssize_t done = 0, w; done < n; done += w)
            if ((w = write(to, block + done, (size_t)(n - done))) < 0) {
                close(to);
                unlink(path);
                return -1;
            }
        at += n;
    }
    if (n < 0 || fsync(to) < 0) {
        close(to);
        unlink(path);
        return -1;
    }
    return close(to);
}

/* A name for what fd holds, in one step. */
static int name_it(int fd, const char *path)
{
    char self[64], part[PATH];

    snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
    if (fsync(fd) == 0 && linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0)
        return 0;
    if (errno == EEXIST)
        return 0;
    if (errno == ENOSPC || errno == EIO || errno == EDQUOT)
        return -1;
    /* a file system whose nameless files cannot be named, or a file that has a name already */
    if ((size_t)snprintf(part, sizeof(part), "%s.part-%d", path, fd) >= sizeof(part) || copy_to(fd, part) < 0)
        return -1;
    if (rename(part, path) < 0) {
        unlink(part);
        return -1;
    }
    return 0;
}

static int sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

    if (fd < 0)
        return -1;
    rc = fsync(fd);
    close(fd);
    return rc;
}

static int put_bytes(const struct store *st, int fd, const char *hash)
{
    char path[PATH], folder[PATH];

    snprintf(folder, sizeof(folder), "%s/%.2s", st->files_dir, hash);
    if (mkdir(folder, 0700) == 0) {
        if (sync_folder(st->files_dir) < 0)
            return -1;
    } else if (errno != EEXIST) {
        return -1;
    }
    return name_it(fd, path_of(st, hash, path)) < 0 ? -1 : sync_folder(folder);
}

int blob_keep(const struct store *st, int fd, char hash[BLOB_HASH])
{
    return hash_of(fd, hash) < 0 ? -1 : put_bytes(st, fd, hash);
}

int blob_open(const struct store *st, const char *hash)
{
    char path[PATH];

    return open(path_of(st, hash, path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* ---- references ------------------------------------------------------------------------------ */
int64_t blob_use(struct berth_ctx *c, int64_t who)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT bytes FROM blob_use WHERE who = ?");

    db_bind_int(s, 1, who);
    return db_one_int(s);
}

int blob_use_add(struct berth_ctx *c, int64_t who, int64_t bytes)
{
    /* never less than none: files that the host itself made were once not counted */
    struct db_stmt *s = db_prepare(c->conn, "INSERT INTO blob_use (who, bytes) VALUES (?1, ?3) ON CONFLICT (who) DO UPDATE SET"
                                            " bytes = CASE WHEN blob_use.bytes + ?2 > 0 THEN blob_use.bytes + ?2 ELSE 0 END");

    db_bind_int(s, 1, who);
    db_bind_int(s, 2, bytes);
    db_bind_int(s, 3, bytes > 0 ? bytes : 0);
    return ctx_write(c, s, "count bytes");
}

int blob_add(struct berth_ctx *c, const char *hash, int64_t size, int fd)
{
    char path[PATH];
    struct db_stmt *s;

    /* a sweep runs on this thread too: what is here now stays until we are done */
    if (access(path_of(c->st, hash, path), F_OK) < 0 && put_bytes(c->st, fd, hash) < 0)
        return ctx_fail(c, errno == ENOSPC ? BERTH_FULL : BERTH_BROKEN, NULL, NULL);
    s = db_prepare(c->conn, "UPDATE blob SET refs = refs + 1, freed_at = NULL WHERE hash = ?");
    db_bind_text(s, 1, hash, -1);
    if (ctx_write(c, s, "keep a file") != BERTH_OK || db_changes(c->conn) > 0)
        return c->rc;
    s = db_prepare(c->conn, "INSERT INTO blob (hash, size, refs) VALUES (?, ?, 1)");
    db_bind_text(s, 1, hash, -1);
    db_bind_int(s, 2, size);
    ctx_write(c, s, "keep a file");
    return c->rc != BERTH_OK ? (int)c->rc : blob_use_add(c, 0, size);
}

int blob_less(struct berth_ctx *c, const char *hash)
{
    struct db_stmt *s = db_prepare(c->conn, "UPDATE blob SET refs = refs - 1, freed_at = CASE WHEN refs = 1 THEN ?1 ELSE freed_at"
                                            " END WHERE hash = ?2");

    db_bind_int(s, 1, c->now);
    db_bind_text(s, 2, hash, -1);
    return ctx_write(c, s, "let go of a file");
}

/* ---- sweeping -------------------------------------------------------------------------------- */
static int take_away(struct berth_ctx *c, const char *hash, int64_t size)
{
    char path[PATH];
    struct db_stmt *s = db_prepare(c->conn, "DELETE FROM blob WHERE hash = ? AND refs <= 0");

    db_bind_text(s, 1, hash, -1);
    if (ctx_write(c, s, "sweep a file") != BERTH_OK || db_changes(c->conn) == 0)
        return c->rc;
    if (unlink(path_of(c->st, hash, path)) < 0 && errno != ENOENT)
        log_warn("files", "take away %s: %s", path, strerror(errno));
    return blob_use_add(c, 0, -size);
}

int blob_sweep(struct berth_ctx *c)
{
    struct { char hash[BLOB_HASH]; int64_t size; } old[SWEEP];
    struct db_stmt *s = db_prepare(c->conn, "SELECT hash, size FROM blob WHERE freed_at < ? ORDER BY freed_at LIMIT ?");
    int n = 0, rc;

    db_bind_int(s, 1, c->now - FREED_FOR);
    db_bind_int(s, 2, SWEEP);
    while ((rc = db_step(s)) == DB_ROW && n < SWEEP) {
        snprintf(old[n].hash, BLOB_HASH, "%s", db_col_text(s, 0, NULL));
        old[n++].size = db_col_int(s, 1);
    }
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "look for files to sweep");
    for (int i = 0; i < n && c->rc == BERTH_OK; i++)
        take_away(c, old[i].hash, old[i].size);
    return c->rc != BERTH_OK ? (int)c->rc : n;
}

static bool known(struct db_conn *conn, const char *name)
{
    struct db_stmt *s = db_prepare(conn, "SELECT 1 FROM blob WHERE hash = ?");
    bool yes;

    db_bind_text(s, 1, name, -1);
    yes = db_step(s) != DB_DONE; /* an error counts as known */
    db_reset(s);
    return yes;
}

void blob_sweep_folder(const struct store *st, struct db_conn *conn, int folder)
{
    char path[PATH];
    time_t now = (time_t)(when_now() / 1000);
    DIR *d;

    snprintf(path, sizeof(path), "%s/%02x", st->files_dir, folder & 0xff);
    if ((d = opendir(path)) == NULL)
        return;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        struct stat s;

        if (e->d_name[0] == '.' || fstatat(dirfd(d), e->d_name, &s, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(s.st_mode) ||
            s.st_mtime > now - UNKNOWN_FOR || s.st_ctime > now - UNKNOWN_FOR || known(conn, e->d_name))
            continue;
        if (strstr(e->d_name, ".thumb") == NULL) /* those are made again when they are asked for */
            log_info("files", "%s/%s is nobody's and is taken away", path, e->d_name);
        unlinkat(dirfd(d), e->d_name, 0);
    }
    closedir(d);
    db_settle(conn);
}
