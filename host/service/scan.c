/* scan.c - clamd's INSTREAM: the file in pieces, each behind its length, and one line back. */
#include "service/scan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/when.h"

enum { BLOCK = 1 << 16, ADDRESSES = 4, FULL_MS = 50 };

struct address {
    struct sockaddr_storage a;
    socklen_t len;
};

/* What the scanner's name was when it was last looked up. */
static struct {
    pthread_mutex_t lock;
    struct address a[ADDRESSES];
    size_t n;
} known = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* A conversation, with one end for all of it: each word in time would not do, a scanner may drip them. */
struct talk {
    int fd;
    int64_t until; /* when_monotonic() */
};

/* ---- where it is ---------------------------------------------------------------------------- */
void scan_look_up(const char *where)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all = NULL;
    const char *colon = strrchr(where, ':');
    char host[256];

    if (where[0] == '/' || colon == NULL)
        return;
    snprintf(host, sizeof(host), "%.*s", (int)(colon - where), where);
    if (getaddrinfo(host, colon + 1, &hints, &all) != 0)
        return;
    pthread_mutex_lock(&known.lock);
    known.n = 0;
    for (struct addrinfo *a = all; a != NULL && known.n < ADDRESSES; a = a->ai_next) {
        memcpy(&known.a[known.n].a, a->ai_addr, a->ai_addrlen);
        known.a[known.n++].len = a->ai_addrlen;
    }
    pthread_mutex_unlock(&known.lock);
    freeaddrinfo(all);
}

static size_t addresses(const char *where, struct address a[ADDRESSES])
{
    struct sockaddr_un u = {.sun_family = AF_UNIX};
    size_t n;

    if (where[0] == '/') {
        snprintf(u.sun_path, sizeof(u.sun_path), "%s", where);
        memcpy(&a[0].a, &u, sizeof(u));
        a[0].len = sizeof(u);
        return 1;
    }
    pthread_mutex_lock(&known.lock);
    n = known.n;
    memcpy(a, known.a, sizeof(known.a));
    pthread_mutex_unlock(&known.lock);
    return n;
}

/* ---- talking -------------------------------------------------------------------------------- */
static int left(int64_t until)
{
    int64_t ms = until - when_monotonic();

    return ms > 0 ? (int)ms : 0;
}

/* False: not before its end. */
static bool ready(const struct talk *t, short events)
{
    struct pollfd p = {.fd = t->fd, .events = events};
    int n;

    while ((n = poll(&p, 1, left(t->until))) < 0 && errno == EINTR)
        continue;
    if (n == 0)
        errno = ETIMEDOUT;
    return n > 0;
}

static bool connected(const struct talk *t, const struct address *a)
{
    int error = 0;
    socklen_t n = sizeof(error);

    while (connect(t->fd, (const struct sockaddr *)&a->a, a->len) < 0) {
        if (errno == EAGAIN && left(t->until) > 0) { /* so a Unix socket says that its queue is full */
            poll(NULL, 0, FULL_MS);
            continue;
        }
        if (errno != EINPROGRESS || !ready(t, POLLOUT))
            return false;
        if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
            return false;
        errno = error;
        return error == 0;
    }
    return true;
}

/* Each of the addresses has its share of the time. */
static int call(const char *where, int64_t until)
{
    struct address a[ADDRESSES];
    size_t n = addresses(where, a);

    errno = n == 0 ? EHOSTUNREACH : 0;
    for (size_t i = 0; i < n; i++) {
        struct talk t = {.fd = socket(a[i].a.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
        int error;

        if (t.fd < 0)
            continue;
        t.until = when_monotonic() + left(until) / (int)(n - i);
        if (connected(&t, &a[i]))
            return t.fd;
        error = errno;
        close(t.fd);
        errno = error;
    }
    return -1;
}

static int send_all(const struct talk *t, const void *p, size_t n)
{
    for (const char *s = p; n > 0;) {
        ssize_t w = ready(t, POLLOUT) ? send(t->fd, s, n, MSG_NOSIGNAL) : -1;

        if (w < 0 && errno != EAGAIN && errno != EINTR)
            return -1;
        s += w < 0 ? 0 : w;
        n -= w < 0 ? 0 : (size_t)w;
    }
    return 0;
}

static int send_file(const struct talk *t, int fd)
{
    unsigned char block[BLOCK];
    uint32_t len = 0;
    off_t at = 0;
    ssize_t n;

    if (send_all(t, "zINSTREAM", 10) < 0)
        return -1;
    while ((n = pread(fd, block, sizeof(block), at)) > 0) {
        len = htonl((uint32_t)n);
        if (send_all(t, &len, sizeof(len)) < 0 || send_all(t, block, (size_t)n) < 0)
            return -1;
        at += n;
    }
    len = 0;
    return n < 0 ? -1 : send_all(t, &len, sizeof(len));
}

/* Its one line, to the zero behind it; what came of it until the end of the time. */
static size_t read_line(const struct talk *t, char *line, size_t max)
{
    size_t n = 0;

    while (n < max && memchr(line, '\0', n) == NULL && ready(t, POLLIN)) {
        ssize_t got = recv(t->fd, line + n, max - n, 0);

        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    return n;
}

/* "stream: OK", "stream: Eicar-Signature FOUND", "INSTREAM size limit exceeded. ERROR" */
static enum scan read_verdict(const struct talk *t, struct buf *what)
{
    char line[512];
    size_t n = read_line(t, line, sizeof(line) - 1);
    bool whole = memchr(line, '\0', n) != NULL;

    line[n] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    n = strlen(line);
    if (whole && strcmp(line, "stream: OK") == 0)
        return SCAN_CLEAN;
    if (n > 14 && strcmp(line + n - 6, " FOUND") == 0 && strncmp(line, "stream: ", 8) == 0) {
        buf_add(what, line + 8, n - 14);
        return SCAN_FOUND;
    }
    if (n > 0 && whole) {
        buf_add(what, line, n);
        return SCAN_REFUSED;
    }
    buf_addf(what, "the virus scanner %s behind \"%s\"", left(t->until) > 0 ? "breaks off" : "has no more time", line);
    return SCAN_FAILED;
}

enum scan scan_file(const char *where, int fd, int seconds, struct buf *what)
{
    struct talk t = {.until = when_monotonic() + (int64_t)seconds * 1000};
    enum scan verdict;

    t.fd = call(where, t.until);
    if (t.fd < 0) {
        buf_addf(what, "reach the virus scanner at %s: %s", where, strerror(errno));
        return SCAN_FAILED;
    }
    send_file(&t, fd); /* clamd may close early, having seen enough: its word counts */
    verdict = read_verdict(&t, what);
    close(t.fd);
    return verdict;
}
