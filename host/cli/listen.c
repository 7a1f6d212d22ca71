/* listen.c - opens the listening socket from the text of an address. */
#include "cli/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BACKLOG = 4096
}; /* connections that wait while a worker is replaced; the kernel may cap it */

/* "[::1]:80" -> "::1", "80" */
static int split_address(const char *address, char host[256], const char **port_r, struct buf *err)
{
    const char *colon = strrchr(address, ':');
    size_t n = colon != NULL ? (size_t)(colon - address) : 0;

    if (n == 0 || n >= 256 || colon[1] == '\0' ||
        strspn(colon + 1, "0123456789") != strlen(colon + 1)) {
        buf_addf(err, "\"%s\" is not of the form ADDRESS:PORT, such as 127.0.0.1:8080 or *:80",
                 address);
        return -1;
    }
    if (address[0] == '[' && address[n - 1] == ']') {
        address++;
        n -= 2;
    }
    memcpy(host, address, n);
    host[n] = '\0';
    *port_r = colon + 1;
    return 0;
}

static int try_listen(const struct addrinfo *a)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1, off = 0;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (a->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;

    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static struct addrinfo *look_up(const char *host, const char *port, struct buf *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(host, port, &hints, &found);

    if (rc != 0) {
        buf_addf(err, "cannot look up %s: %s", host, gai_strerror(rc));
        return NULL;
    }
    return found;
}

int listen_open(const char *address, struct buf *err)
{
    static const char *const everywhere[] = {"::", "0.0.0.0", NULL};
    char host[256];
    const char *port;
    int fd = -1;

    if (split_address(address, host, &port, err) < 0)
        return -1;

    const char *const named[] = {host, NULL};
    for (const char *const *h = strcmp(host, "*") == 0 ? everywhere : named; *h && fd < 0; h++) {
        struct addrinfo *found = look_up(*h, port, err);

        if (found == NULL)
            return -1;
        fd = try_listen(found);
        freeaddrinfo(found);
    }
    if (fd < 0)
        buf_addf(err, "cannot listen on %s: %s", address, strerror(errno));
    return fd;
}

void listen_url(int fd, struct buf *out)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof(a);
    const struct sockaddr_in *v4 = (const void *)&a;
    const struct sockaddr_in6 *v6 = (const void *)&a;
    char text[INET6_ADDRSTRLEN] = "?";

    if (getsockname(fd, (struct sockaddr *)&a, &len) < 0)
        return;
    bool is_v6 = a.ss_family == AF_INET6;
    bool any = is_v6 ? IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr) : v4->sin_addr.s_addr == INADDR_ANY;
    inet_ntop(a.ss_family, is_v6 ? (const void *)&v6->sin6_addr : &v4->sin_addr, text,
              sizeof(text));
    buf_addf(out, "http://%s%s%s:%d", is_v6 && !any ? "[" : "", any ? "localhost" : text,
             is_v6 && !any ? "]" : "", ntohs(is_v6 ? v6->sin6_port : v4->sin_port));
}

int listen_connect(const char *url, struct buf *err)
{
    char host[256];
    const char *port;

    if (strncmp(url, "http://", 7) == 0)
        url += 7;
    if (split_address(url, host, &port, err) < 0)
        return -1;

    struct addrinfo *found = look_up(host, port, err);
    int fd = -1;
    for (const struct addrinfo *a = found; a != NULL && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
            close(fd);
            fd = -1;
        }
    }
    if (found != NULL && fd < 0)
        buf_addf(err, "cannot connect to %s: %s", url, strerror(errno));
    if (found != NULL)
        freeaddrinfo(found);
    return fd;
}
