/* http_accept.c - takes connections in and holds each back until its first request head is
 * complete and well formed; only then it goes to an event thread.
 *
 * Why not hand it on at once: libmicrohttpd answers some malformed heads with its own HTML page,
 * some twice and some not at all, and every connection it holds costs 32 KiB.  Here a client that
 * dribbles its header, or sends none, costs a list entry; what is refused gets our JSON.  The head
 * is only looked at (MSG_PEEK), so libmicrohttpd reads it as if nothing had happened;
 * request_check() applies the same rules to the later requests of a connection. */
#include "web/http_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/when.h"

enum { EVENTS = 64, ACCEPTS = 32, STARVED_PAUSE_MS = 5, STARVED_LOG_MS = 10000 };

/* A connection whose first head is not complete. */
struct caller {
    struct caller *prev, *next; /* in order of arrival, so the first expires first */
    int fd;
    bool polled, spoke;
    int64_t expires;
    uint64_t address;
    socklen_t sa_len;
    struct sockaddr_storage sa;
};

struct accepter {
    struct http *http;
    pthread_t id;
    int epoll, wake;
    int spare_fd; /* given up for a moment when descriptors run out */
    int64_t told; /* when the log last heard of it */
    unsigned turn;
    struct caller *first, *last;
    struct arena *arena;
    char *peeked; /* header_max bytes */
};

/* ---- answers without a request ---- */

static const struct http_refusal full = {503, "connections",
                                         "Too many connections; try again."};

/* Sends it and ends our side of the stream; fd stays the caller's. */
static void raw_answer(struct http *h, int fd, const struct http_refusal *why, const char *extra)
{
    struct buf head = BUF_INIT, body = BUF_INIT;
    struct json j = json_to(&body);
    char id[HTTP_ID_MAX];

    request_id(id);
    json_open(&j, '{');
    json_key(&j, "error");
    json_open(&j, '{');
    json_text(&j, "code", why->code);
    json_text(&j, "message", why->message);
    json_text(&j, "request", id);
    json_close(&j, '}');
    json_close(&j, '}');
    buf_addf(&head, "HTTP/1.1 %d %s\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %zu\r\n",
             why->status, MHD_get_reason_phrase_for((unsigned)why->status), body.len);
    for (const struct http_pair *p = h->c.headers; p != NULL && p->name != NULL; p++)
        if (strcasecmp(p->name, "Content-Type") != 0)
            buf_addf(&head, "%s: %s\r\n", p->name, p->value);
    buf_addf(&head, "X-Request-Id: %s\r\n%sConnection: close\r\n\r\n", id, extra);
    buf_add(&head, body.s, body.len);
    if (send(fd, head.s, head.len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)head.len)
        shutdown(fd, SHUT_WR);
    buf_free(&head);
    buf_free(&body);
}

static void turn_away(struct http *h, int fd)
{
    count(&h->turned_away);
    raw_answer(h, fd, &full, "Retry-After: 2\r\n");
    watch_linger(h->watch, fd);
}

/* ---- callers ---- */

static void caller_unlink(struct accepter *a, struct caller *c)
{
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        a->first = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    else
        a->last = c->prev;
}

/* Forgets the caller; its socket is somebody else's, or closed, by now. */
static void caller_end(struct accepter *a, struct caller *c, bool counted)
{
    caller_unlink(a, c);
    if (counted) {
        http_watch_leave(a->http->watch, c->address);
        atomic_fetch_sub(&a->http->connections, 1);
    }
    free(c);
}

static void caller_drop(struct accepter *a, struct caller *c)
{
    close(c->fd);
    caller_end(a, c, true);
}

static void caller_refuse(struct accepter *a, struct caller *c, const struct http_refusal *why)
{
    struct loop *l = &a->http->loops[0];

    count(&l->requests);
    count(&l->refused);
    count(&l->answers[why->status / 100]);
    if (c->polled)
        epoll_ctl(a->epoll, EPOLL_CTL_DEL, c->fd, NULL);
    raw_answer(a->http, c->fd, why, "");
    watch_linger(a->http->watch, c->fd);
    caller_end(a, c, true);
}

static void caller_pass(struct accepter *a, struct caller *c)
{
    struct http *h = a->http;

    if (c->polled)
        epoll_ctl(a->epoll, EPOLL_CTL_DEL, c->fd, NULL);
    /* on failure libmicrohttpd has closed the socket */
    caller_end(a, c,
               MHD_add_connection(h->loops[a->turn++ % (unsigned)h->c.threads].mhd, c->fd,
                                  (const struct sockaddr *)&c->sa, c->sa_len) != MHD_YES);
}

/* Looks at what has come; the caller may be gone afterwards. */
static void caller_look(struct accepter *a, struct caller *c, bool ended)
{
    ssize_t n = recv(c->fd, a->peeked, a->http->c.header_max, MSG_PEEK | MSG_DONTWAIT);
    struct epoll_event e = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = c};
    const struct http_refusal *no;
    bool complete = false;

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        caller_drop(a, c);
        return;
    }
    if (n > 0) {
        c->spoke = true;
        no = http_head_scan(a->arena, a->peeked, (size_t)n, a->http->c.header_max, &complete);
        arena_reset(a->arena);
        if (no != NULL) {
            caller_refuse(a, c, no);
            return;
        }
        if (complete) {
            caller_pass(a, c);
            return;
        }
    }
    if (ended) /* half a head and the end of the stream: nothing more will come */
        caller_drop(a, c);
    else if (!c->polled && epoll_ctl(a->epoll, EPOLL_CTL_ADD, c->fd, &e) < 0)
        caller_drop(a, c);
    else
        c->polled = true;
}

static void caller_new(struct accepter *a, int fd, const struct sockaddr_storage *sa, socklen_t len)
{
    struct http *h = a->http;
    uint64_t address = watch_key(h, sa);
    struct caller *c;
    int one = 1;

    count(&h->connections_total);
    if (atomic_load(&h->connections) >= h->c.max_connections || !watch_admit(h->watch, address)) {
        turn_away(h, fd);
        return;
    }
    atomic_fetch_add(&h->connections, 1);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    c = mem_alloc(sizeof(*c));
    *c = (struct caller){.fd = fd,
                         .address = address,
                         .sa = *sa,
                         .sa_len = len,
                         .prev = a->last,
                         .expires = when_monotonic() + h->c.header_ms};
    if (a->last != NULL)
        a->last->next = c;
    else
        a->first = c;
    a->last = c;
    caller_look(a, c, false);
}

static void callers_expire(struct accepter *a)
{
    static const struct http_refusal late = {408, "timeout",
                                             "The request took too long to arrive."};
    int64_t now = when_monotonic();

    while (a->first != NULL && a->first->expires <= now) {
        struct caller *c = a->first;

        count(&a->http->timed_out);
        if (c->spoke)
            caller_refuse(a, c, &late);
        else
            caller_drop(a, c);
    }
}

/* ---- the thread ---- */

/* Out of descriptors: without taking it the connection would wake us for ever.  Its own descriptor
 * is given back at once, so that the spare one can be had again. */
static void accept_starved(struct accepter *a)
{
    int64_t now = when_monotonic();
    char waste[16384];
    int fd;

    if (now >= a->told + STARVED_LOG_MS) {
        log_warn("http", "accept a connection: %s", strerror(errno));
        a->told = now;
    }
    if (a->spare_fd >= 0)
        close(a->spare_fd);
    fd = accept4(a->http->c.listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
        /* what is read now cannot make close() take the answer back */
        if (recv(fd, waste, sizeof(waste), MSG_DONTWAIT) >= 0 || errno == EAGAIN)
            raw_answer(a->http, fd, &full, "Retry-After: 2\r\n");
        count(&a->http->turned_away);
        close(fd);
    }
    a->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0) /* somebody else was faster: do not spin */
        poll(NULL, 0, STARVED_PAUSE_MS);
}

static void accept_some(struct accepter *a)
{
    for (int i = 0; i < ACCEPTS; i++) {
        struct sockaddr_storage sa = {0};
        socklen_t len = sizeof(sa);
        int fd = accept4(a->http->c.listen_fd, (struct sockaddr *)&sa, &len,
                         SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd >= 0) {
            caller_new(a, fd, &sa, len);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            accept_starved(a);
        return;
    }
}

static int next_expiry(const struct accepter *a)
{
    int64_t left;

    if (a->first == NULL)
        return -1;
    left = a->first->expires - when_monotonic();
    return left < 0 ? 0 : (int)left + 1;
}

static void *accept_main(void *arg)
{
    struct accepter *a = arg;
    struct epoll_event events[EVENTS];

    pthread_setname_np(pthread_self(), "http-accept");
    for (;;) {
        int n = epoll_wait(a->epoll, events, EVENTS, next_expiry(a));

        /* a caller is freed only by its own event or by expiry, and has one event a round */
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == a)
                return NULL;
            if (events[i].data.ptr == NULL)
                accept_some(a);
            else
                caller_look(a, events[i].data.ptr,
                            (events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
        }
        callers_expire(a);
    }
}

static int accepter_prepare(struct accepter *a)
{
    struct epoll_event listen = {.events = EPOLLIN}, wake = {.events = EPOLLIN, .data.ptr = a};
    int flags = fcntl(a->http->c.listen_fd, F_GETFL);

    if (flags < 0 || fcntl(a->http->c.listen_fd, F_SETFL, flags | O_NONBLOCK) < 0 || a->wake < 0 ||
        a->spare_fd < 0 || a->epoll < 0 ||
        epoll_ctl(a->epoll, EPOLL_CTL_ADD, a->http->c.listen_fd, &listen) < 0 ||
        epoll_ctl(a->epoll, EPOLL_CTL_ADD, a->wake, &wake) < 0)
        return errno;
    return pthread_create(&a->id, NULL, accept_main, a);
}

static void accepter_free(struct accepter *a)
{
    int fds[] = {a->epoll, a->wake, a->spare_fd};

    while (a->first != NULL)
        caller_drop(a, a->first);
    for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    arena_free(&a->arena);
    free(a->peeked);
    free(a);
}

void accept_no_more(struct accepter *a)
{
    epoll_ctl(a->epoll, EPOLL_CTL_DEL, a->http->c.listen_fd, NULL);
}

struct accepter *accept_start(struct http *h, struct buf *err)
{
    struct accepter *a = mem_alloc(sizeof(*a));
    int rc;

    a->http = h;
    a->epoll = epoll_create1(EPOLL_CLOEXEC);
    a->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    a->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    a->arena = arena_new();
    a->peeked = mem_alloc(h->c.header_max);
    rc = accepter_prepare(a);
    if (rc != 0) {
        buf_addf(err, "http: start accepting: %s", strerror(rc));
        accepter_free(a);
        return NULL;
    }
    return a;
}

void accept_end(struct accepter **pa)
{
    struct accepter *a = *pa;
    uint64_t one = 1;

    if (a == NULL)
        return;
    if (write(a->wake, &one, sizeof(one)) < 0) {
        /* already woken */
    }
    pthread_join(a->id, NULL);
    accepter_free(a);
    *pa = NULL;
}
