/* datadir.c - lock and state files of the data directory. */
#include "cli/datadir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/when.h"

static const char *in(const char *data, const char *name, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s", data, name);
    return path;
}

static int make_folder(const char *data, struct buf *err)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s", data);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return 0;
    buf_addf(err, "cannot make the data directory %s: %s", data, strerror(errno));
    return -1;
}

static bool wait_for_lock(int fd, int64_t wait_ms)
{
    int64_t until = when_monotonic() + wait_ms;

    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK || when_monotonic() >= until)
            return false;
        usleep(20000);
    }
    return true;
}

int datadir_lock(const char *data, int64_t wait_ms, struct buf *err)
{
    struct server_state s;
    char path[PATH_MAX];
    int fd;

    if (make_folder(data, err) < 0)
        return -1;
    fd = open(in(data, "berth.lock", path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        buf_addf(err, "cannot open %s: %s", path, strerror(errno));
        return -1;
    }
    if (wait_for_lock(fd, wait_ms))
        return fd;
    buf_addf(err, "the data directory %s is in use", data);
    if (server_state_read(data, &s))
        buf_addf(err, " by the server with process id %d", s.supervisor);
    close(fd);
    return -1;
}

bool datadir_is_locked(const char *data)
{
    char path[PATH_MAX];
    int fd = open(in(data, "berth.lock", path), O_RDWR | O_CLOEXEC);
    bool locked = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;

    if (fd >= 0)
        close(fd);
    return locked;
}

int datadir_write(const char *data, const char *name, const struct buf *text, bool durable,
                  struct buf *err)
{
    char path[PATH_MAX], new[PATH_MAX + 8];
    FILE *f;
    bool ok;

    in(data, name, path);
    snprintf(new, sizeof(new), "%s.new", path);
    f = fopen(new, "we");
    ok = f != NULL && fwrite(buf_str(text), 1, text->len, f) == text->len && fflush(f) == 0 &&
         (!durable || fsync(fileno(f)) == 0);
    if (f != NULL && fclose(f) != 0)
        ok = false;
    if (ok && rename(new, path) == 0)
        return 0;
    buf_addf(err, "cannot write %s: %s", path, strerror(errno));
    return -1;
}

int datadir_read(const char *data, const char *name, struct buf *out)
{
    char path[PATH_MAX];
    FILE *f = fopen(in(data, name, path), "re");
    size_t n;

    if (f == NULL)
        return -1;
    do {
        n = fread(buf_room(out, 4096), 1, 4095, f);
        out->len += n;
        out->s[out->len] = '\0';
    } while (n > 0);
    fclose(f);
    return 0;
}

/* ---- copies before the tables change ---------------------------------------------------------------- */
enum { COPIES = 3 };
static const char copies[] = "before-migration";

void datadir_copy(const char *data, struct buf *path)
{
    int64_t now = when_now();
    time_t seconds = (time_t)(now / 1000);
    char folder[PATH_MAX], stamp[32];
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
    (void)mkdir(in(data, copies, folder), 0700); /* there already, or the copy will say why not */
    buf_addf(path, "%s/%s-%03d.db", folder, stamp, (int)(now % 1000));
}

static int is_copy(const struct dirent *e)
{
    size_t n = strlen(e->d_name);

    return n > 3 && strcmp(e->d_name + n - 3, ".db") == 0;
}

void datadir_copied(const char *data, const char *copy, bool changed)
{
    char folder[PATH_MAX], path[PATH_MAX + 256];
    struct dirent **names;
    int n;

    if (!changed && copy != NULL)
        unlink(copy); /* the database is as it was, and a start that fails again and again makes no more of them */
    n = scandir(in(data, copies, folder), &names, is_copy, alphasort); /* the oldest first */
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
        if (i < n - COPIES)
            unlink(path);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    rmdir(folder); /* when it is empty */
}

/* ---- what the server says of itself ------------------------------------------------------------------ */
int server_state_write(const char *data, const struct server_state *s, struct buf *err)
{
    struct buf text = BUF_INIT;
    int rc;

    buf_addf(&text,
             "supervisor=%d\nworker=%d\nurl=%s\nphase=%s\nstarts=%d\nupgrades=%d\nupgrade=%s\n",
             s->supervisor, s->worker, s->url, s->phase, s->starts, s->upgrades, s->upgrade);
    rc = datadir_write(data, "berth.state", &text, false, err);
    buf_free(&text);
    return rc;
}

static void read_text(const char *text, const char *key, char *to, size_t cap)
{
    const char *at = strstr(text, key);

    if (at != NULL)
        snprintf(to, cap, "%.*s", (int)strcspn(at + strlen(key), "\n"), at + strlen(key));
}

static int read_number(const char *text, const char *key)
{
    const char *at = strstr(text, key);

    return at != NULL ? atoi(at + strlen(key)) : 0;
}

bool server_state_read(const char *data, struct server_state *s)
{
    struct buf text = BUF_INIT;

    *s = (struct server_state){0};
    if (!datadir_is_locked(data) || datadir_read(data, "berth.state", &text) < 0) {
        buf_free(&text);
        return false;
    }
    s->supervisor = read_number(buf_str(&text), "supervisor=");
    s->worker = read_number(buf_str(&text), "\nworker=");
    s->starts = read_number(buf_str(&text), "\nstarts=");
    s->upgrades = read_number(buf_str(&text), "\nupgrades=");
    read_text(buf_str(&text), "\nurl=", s->url, sizeof(s->url));
    read_text(buf_str(&text), "\nphase=", s->phase, sizeof(s->phase));
    read_text(buf_str(&text), "\nupgrade=", s->upgrade, sizeof(s->upgrade));
    buf_free(&text);
    return s->supervisor > 0 && (kill(s->supervisor, 0) == 0 || errno == EPERM);
}
