/* thumb.c - asking the caged process. */
#include "service/thumb.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "service/blob.h"
#include "service/picture.h"

enum { AT_ONCE = 2, PATH = 4096 };

static atomic_int making;

bool thumb_may(const char *mime)
{
    return mime != NULL && (strcmp(mime, "image/jpeg") == 0 || strcmp(mime, "image/png") == 0);
}

/* ---- the process ---------------------------------------------------------------------------------- */
int thumb_child(int in, int out)
{
    unsigned char *bytes = NULL, *small;
    struct stat st;
    size_t n = 0, small_n;
    ssize_t got;

    close_range(3, ~0U, 0); /* nothing of the server's goes along */
    if (fstat(in, &st) < 0 || st.st_size > PICTURE_BYTES_MAX || (bytes = malloc((size_t)st.st_size + 1)) == NULL || !picture_cage())
        return 1;
    while (n < (size_t)st.st_size && (got = read(in, bytes + n, (size_t)st.st_size - n)) > 0)
        n += (size_t)got;
    if (!picture_small(bytes, n, &small, &small_n))
        return 1;
    while (small_n > 0 && (got = write(out, small, small_n)) > 0) {
        small += got;
        small_n -= (size_t)got;
    }
    return small_n == 0 ? 0 : 1;
}

/* 0: it wrote a whole picture to `to`. */
static int run_child(int from, int to)
{
    char *const argv[] = {"berth", "thumbnail", NULL}, *const nothing[] = {NULL};
    posix_spawn_file_actions_t fds;
    pid_t pid = -1;
    int status = -1, rc;

    posix_spawn_file_actions_init(&fds);
    posix_spawn_file_actions_adddup2(&fds, from, 0);
    posix_spawn_file_actions_adddup2(&fds, to, 1);
    posix_spawn_file_actions_addopen(&fds, 2, "/dev/null", O_WRONLY, 0);
    rc = posix_spawn(&pid, "/proc/self/exe", &fds, NULL, argv, nothing);
    posix_spawn_file_actions_destroy(&fds);
    if (rc != 0)
        return -1;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* ---- kept ------------------------------------------------------------------------------------------- */
/* An empty one says that there is none, so that a bad picture is tried once. */
static int make(const struct store *st, const char *hash, const char *path)
{
    char half[PATH + 32];
    int from = blob_open(st, hash), to, rc;

    if (from < 0)
        return -1;
    snprintf(half, sizeof(half), "%s.%d", path, gettid());
    if ((to = open(half, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) < 0) {
        close(from);
        return -1;
    }
    rc = run_child(from, to);
    close(from);
    if (rc < 0 || (rc > 0 && ftruncate(to, 0) < 0) || rename(half, path) < 0) {
        unlink(half);
        close(to);
        return -1;
    }
    return to;
}

int thumb_open(const struct store *st, const char *hash)
{
    char path[PATH];
    struct stat s;
    int fd;

    snprintf(path, sizeof(path), "%s/%.2s/%s.thumb", st->files_dir, hash, hash);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        if (atomic_fetch_add(&making, 1) >= AT_ONCE) {
            atomic_fetch_sub(&making, 1);
            errno = EAGAIN;
            return -1;
        }
        fd = make(st, hash, path);
        atomic_fetch_sub(&making, 1);
        if (fd < 0 && errno == EAGAIN)
            errno = EIO;
    }
    if (fd >= 0 && (fstat(fd, &s) < 0 || s.st_size == 0)) {
        close(fd);
        fd = -1;
        errno = ENOENT;
    }
    return fd;
}
