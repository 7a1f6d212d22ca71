/* scan.c - clamd's INSTREAM: the file in pieces, each behind its length, and one line back. */
#include "service/scan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { BLOCK = 1 << 16 };

static int open_unix(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int open_tcp(const char *where)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all = NULL;
    const char *colon = strrchr(where, ':');
    char host[256];
    int fd = -1;

    snprintf(host, sizeof(host), "%.*s", (int)(colon - where), where);
    if (getaddrinfo(host, colon + 1, &hints, &all) != 0)
        return -1;
    for (struct addrinfo *a = all; a != NULL && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(all);
    return fd;
}

static int send_all(int to, const void *p, size_t n)
{
    for (const char *s = p; n > 0;) {
        ssize_t w = send(to, s, n, MSG_NOSIGNAL);

        if (w < 0)
            return -1;
        s += w;
        n -= (size_t)w;
    }
    return 0;
}

static int send_file(int to, int fd)
{
    unsigned char block[BLOCK];
    uint32_t len = 0;
    off_t at = 0;
    ssize_t n;

    if (send_all(to, "zINSTREAM", 10) < 0)
        return -1;
    while ((n = pread(fd, block, sizeof(block), at)) > 0) {
        len = htonl((uint32_t)n);
        if (send_all(to, &len, sizeof(len)) < 0 || send_all(to, block, (size_t)n) < 0)
            return -1;
        at += n;
    }
    len = 0;
    return n < 0 ? -1 : send_all(to, &len, sizeof(len));
}

/* "stream: OK", "stream: Eicar-Signature FOUND", "INSTREAM size limit exceeded. ERROR" */
static enum scan read_verdict(int from, struct buf *what)
{
    char line[512];
    size_t n = 0;
    ssize_t got;
    bool whole;

    while (n < sizeof(line) - 1 && (got = recv(from, line + n, sizeof(line) - 1 - n, 0)) > 0)
        n += (size_t)got;
    whole = memchr(line, '\0', n) != NULL;
    line[n] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    n = strlen(line);
    if (n >= 4 && strcmp(line, "stream: OK") == 0)
        return SCAN_CLEAN;
    if (n > 14 && strcmp(line + n - 6, " FOUND") == 0 && strncmp(line, "stream: ", 8) == 0) {
        buf_add(what, line + 8, n - 14);
        return SCAN_FOUND;
    }
    if (n > 0 && whole) {
        buf_add(what, line, n);
        return SCAN_REFUSED;
    }
    buf_addf(what, "the virus scanner breaks off behind \"%s\"", line);
    return SCAN_FAILED;
}

enum scan scan_file(const char *where, int fd, int patience, struct buf *what)
{
    const struct timeval wait = {.tv_sec = patience};
    int to = where[0] == '/' ? open_unix(where) : strchr(where, ':') != NULL ? open_tcp(where) : -1;
    enum scan verdict = SCAN_FAILED;

    if (to < 0) {
        buf_addf(what, "reach the virus scanner at %s: %s", where, strerror(errno));
        return SCAN_FAILED;
    }
    setsockopt(to, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    setsockopt(to, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
    send_file(to, fd); /* clamd may close early, having seen enough: its word counts */
    verdict = read_verdict(to, what);
    close(to);
    return verdict;
}
