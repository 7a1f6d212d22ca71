/* http_watch.c - which connections there are, how many of one address, and their time limits.
 *
 * libmicrohttpd's own timeout counts inactivity only: one byte every two seconds keeps a
 * connection for ever.  So every phase of a connection has a moment at which it expires, and the
 * watcher shuts down the socket of one that is late; libmicrohttpd then finds it closed and cleans
 * up.  A descriptor is only touched under its loop's lock while its conn is in the list, and
 * conn_close() takes it out before libmicrohttpd closes it: a reused number is never hit. */
#include "web/http_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <malloc.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/when.h"

enum {
    TICK_MS = 500,
    LINGER_MAX = 128, /* sockets closed gently at a time; more are closed at once */
    LINGER_MS = 3000,
    ADDRESS_BUCKETS = 1024,
    STATE_CLOSE_WAIT = 8, /* TCP_CLOSE_WAIT of <netinet/tcp.h>, which <linux/tcp.h> excludes */
    CROWD = 500,          /* connections whose leaving is worth giving memory back for */
};

struct address {
    struct address *next;
    uint64_t key;
    int n;
};

struct lingerer {
    int fd;
    int64_t until;
};

struct watch {
    struct http *http;
    pthread_t id;
    int wake; /* eventfd */
    _Atomic bool ending;
    pthread_mutex_t lock; /* over all below */
    struct address *addresses[ADDRESS_BUCKETS];
    struct lingerer linger[LINGER_MAX];
    int nlinger;
    int crowd; /* the watcher's: most connections since memory was last given back */
};

uint64_t watch_key(const struct http *h, const void *sockaddr)
{
    const struct sockaddr *sa = sockaddr;
    const unsigned char *b;
    uint64_t key = 0;

    if (atomic_load(&h->per_address) <= 0)
        return 0;
    if (sa->sa_family == AF_INET) {
        uint32_t a = ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr);

        return a >> 24 == 127 && !h->c.count_loopback ? 0 : (UINT64_C(1) << 32 | a);
    }
    if (sa->sa_family != AF_INET6)
        return 0;
    b = ((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr.s6_addr;
    if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(const void *)b)) {
        uint32_t a = (uint32_t)b[12] << 24 | (uint32_t)b[13] << 16 | (uint32_t)b[14] << 8 | b[15];

        return b[12] == 127 && !h->c.count_loopback ? 0 : (UINT64_C(1) << 32 | a);
    }
    if (IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)(const void *)b))
        return h->c.count_loopback ? 1 : 0;
    for (int i = 0; i < 8; i++) /* one customer commonly holds a /64 */
        key = key << 8 | b[i];
    return key;
}

static struct address **address_slot(struct watch *w, uint64_t key)
{
    struct address **at = &w->addresses[(key * UINT64_C(0x9e3779b97f4a7c15)) >> 54];

    while (*at != NULL && (*at)->key != key)
        at = &(*at)->next;
    return at;
}

bool watch_admit(struct watch *w, uint64_t key)
{
    struct address **at;
    bool ok;

    if (key == 0)
        return true;
    pthread_mutex_lock(&w->lock);
    at = address_slot(w, key);
    if (*at == NULL) {
        *at = mem_alloc(sizeof(**at));
        (*at)->key = key;
    }
    ok = (*at)->n < atomic_load(&w->http->per_address);
    if (ok)
        (*at)->n++;
    pthread_mutex_unlock(&w->lock);
    return ok;
}

void http_watch_leave(struct watch *w, uint64_t key)
{
    struct address **at, *a;

    if (key == 0)
        return;
    pthread_mutex_lock(&w->lock);
    at = address_slot(w, key);
    a = *at;
    if (a != NULL && --a->n <= 0) {
        *at = a->next;
        free(a);
    }
    pthread_mutex_unlock(&w->lock);
}

void watch_linger(struct watch *w, int fd)
{
    bool taken;

    pthread_mutex_lock(&w->lock);
    taken = w->nlinger < LINGER_MAX;
    if (taken)
        w->linger[w->nlinger++] = (struct lingerer){fd, when_monotonic() + LINGER_MS};
    pthread_mutex_unlock(&w->lock);
    if (taken)
        watch_wake(w);
    else
        close(fd);
}

void conn_open(struct loop *l, struct conn *c)
{
    c->loop = l;
    pthread_mutex_lock(&l->lock);
    c->prev = NULL;
    c->next = l->conns;
    if (c->next != NULL)
        c->next->prev = c;
    l->conns = c;
    pthread_mutex_unlock(&l->lock);
}

void conn_close(struct conn *c)
{
    struct loop *l = c->loop;

    pthread_mutex_lock(&l->lock);
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        l->conns = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    pthread_mutex_unlock(&l->lock);
}

void conn_phase(struct conn *c, enum phase p, int64_t ms)
{
    int64_t now = when_about();

    /* expires last: the watcher reads it first */
    atomic_store_explicit(&c->expires, 0, memory_order_relaxed);
    atomic_store_explicit(&c->since, now, memory_order_relaxed);
    atomic_store_explicit(&c->phase, (int)p, memory_order_relaxed);
    atomic_store_explicit(&c->expires, ms > 0 ? now + ms : 0, memory_order_release);
}

/* Two things about an idle connection that only the kernel knows.  A request line that dribbles in
 * is invisible to us until it is complete; when bytes have come since, the header's time limit
 * holds.  And a client's end of stream that arrived together with its last request goes unnoticed
 * by libmicrohttpd (edge-triggered, and a short read counts as "nothing left"). */
static void idle_check(struct conn *c, int64_t now)
{
    int64_t since = atomic_load(&c->since), expires;
    struct tcp_info info;
    socklen_t len = sizeof(info);

    if (now - since < 2 * TICK_MS || getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
        return;
    if (info.tcpi_state == STATE_CLOSE_WAIT) {
        shutdown(c->fd, SHUT_RDWR);
        return;
    }
    if (info.tcpi_last_data_recv + TICK_MS >= now - since)
        return;
    expires = atomic_load(&c->expires);
    if (expires > now + c->loop->http->c.header_ms)
        atomic_compare_exchange_strong(&c->expires, &expires, now + c->loop->http->c.header_ms);
}

/* An answer has no fixed end: a large one may take long.  What counts is that the client takes it
 * at min_rate or faster, after a grace of body_ms. */
static bool send_stalled(struct conn *c, int64_t now)
{
    const struct http_config *config = &c->loop->http->c;
    int64_t since = atomic_load(&c->since);
    struct tcp_info info;
    socklen_t len = sizeof(info);

    if (now - since < config->body_ms || getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
        return false;
    if (c->sending != since) {
        c->sending = since;
        c->sending_from = since;
        c->sending_acked = info.tcpi_bytes_acked;
        return false;
    }
    return now - c->sending_from >
           config->body_ms + (int64_t)((info.tcpi_bytes_acked - c->sending_acked) * 1000 /
                                       (uint64_t)config->min_rate);
}

static void cut(struct conn *c)
{
    shutdown(c->fd, SHUT_RDWR);
    count(&c->loop->http->timed_out);
}

void conn_cut(struct conn *c)
{
    pthread_mutex_lock(&c->loop->lock);
    cut(c);
    pthread_mutex_unlock(&c->loop->lock);
}

static void loop_check(struct loop *l, int64_t now)
{
    pthread_mutex_lock(&l->lock);
    for (struct conn *c = l->conns; c != NULL; c = c->next) {
        int64_t expires = atomic_load_explicit(&c->expires, memory_order_acquire);
        int phase = atomic_load_explicit(&c->phase, memory_order_relaxed);

        if (expires != 0 && now >= expires) {
            if (atomic_compare_exchange_strong(&c->expires, &expires, 0))
                cut(c);
        } else if (phase == PHASE_IDLE) {
            idle_check(c, now);
        } else if (phase == PHASE_SEND && send_stalled(c, now)) {
            cut(c);
        }
    }
    pthread_mutex_unlock(&l->lock);
}

void conn_shutdown_all(struct http *h, int phase, int how)
{
    for (int i = 0; i < h->c.threads; i++) {
        struct loop *l = &h->loops[i];

        pthread_mutex_lock(&l->lock);
        for (struct conn *c = l->conns; c != NULL; c = c->next)
            if (phase < 0 || atomic_load(&c->phase) == phase)
                shutdown(c->fd, how);
        pthread_mutex_unlock(&l->lock);
    }
}

/* Reads what the client still sends; true when the socket can be closed. */
static bool linger_done(const struct lingerer *g, int64_t now, bool readable)
{
    char waste[16384];

    if (now >= g->until)
        return true;
    if (!readable)
        return false;
    for (int i = 0; i < 64; i++) {
        ssize_t n = recv(g->fd, waste, sizeof(waste), MSG_DONTWAIT);

        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return true;
        if (n < 0)
            return false;
    }
    return false;
}

static void linger_check(struct watch *w, const struct pollfd *fds, int nfds, int64_t now)
{
    pthread_mutex_lock(&w->lock);
    for (int i = 0; i < w->nlinger;) {
        bool readable = i < nfds && fds[i].fd == w->linger[i].fd && fds[i].revents != 0;

        if (linger_done(&w->linger[i], now, readable)) {
            close(w->linger[i].fd);
            memmove(&w->linger[i], &w->linger[i + 1],
                    sizeof(*w->linger) * (size_t)(w->nlinger - i - 1));
            w->nlinger--;
            nfds = 0; /* positions have shifted: the others wait for the next round */
        } else {
            i++;
        }
    }
    pthread_mutex_unlock(&w->lock);
}

/* The C library keeps what a crowd of connections or a heap of large answers needed. */
static void memory_return(struct watch *w)
{
    int now = atomic_load(&w->http->connections);

    if (now > w->crowd)
        w->crowd = now;
    if (w->crowd < CROWD || now > w->crowd / 2)
        return;
    w->crowd = now;
    malloc_trim(0);
}

static void *watch_main(void *arg)
{
    struct watch *w = arg;
    struct pollfd fds[LINGER_MAX + 1];
    int64_t next = 0;

    pthread_setname_np(pthread_self(), "http-watch");
    while (!atomic_load(&w->ending)) {
        int64_t now;
        uint64_t n;
        int nfds;

        pthread_mutex_lock(&w->lock);
        nfds = w->nlinger;
        for (int i = 0; i < nfds; i++)
            fds[i] = (struct pollfd){.fd = w->linger[i].fd, .events = POLLIN};
        pthread_mutex_unlock(&w->lock);
        fds[nfds] = (struct pollfd){.fd = w->wake, .events = POLLIN};
        if (poll(fds, (nfds_t)nfds + 1, TICK_MS) > 0 && fds[nfds].revents != 0 &&
            read(w->wake, &n, sizeof(n)) < 0) {
            /* somebody else's wake-up: nothing to do */
        }
        now = when_monotonic();
        linger_check(w, fds, nfds, now);
        if (now < next)
            continue;
        next = now + TICK_MS;
        for (int i = 0; i < w->http->c.threads; i++)
            loop_check(&w->http->loops[i], now);
        memory_return(w);
    }
    return NULL;
}

void watch_wake(struct watch *w)
{
    uint64_t one = 1;

    if (write(w->wake, &one, sizeof(one)) < 0) {
        /* already awake */
    }
}

struct watch *watch_start(struct http *h, struct buf *err)
{
    struct watch *w = mem_alloc(sizeof(*w));
    int rc;

    w->http = h;
    pthread_mutex_init(&w->lock, NULL);
    w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    rc = w->wake < 0 ? errno : pthread_create(&w->id, NULL, watch_main, w);
    if (rc != 0) {
        buf_addf(err, "http: start the watcher: %s", strerror(rc));
        if (w->wake >= 0)
            close(w->wake);
        free(w);
        return NULL;
    }
    return w;
}

void http_watch_end(struct watch **pw)
{
    struct watch *w = *pw;

    if (w == NULL)
        return;
    atomic_store(&w->ending, true);
    watch_wake(w);
    pthread_join(w->id, NULL);
    for (int i = 0; i < w->nlinger; i++)
        close(w->linger[i].fd);
    for (int i = 0; i < ADDRESS_BUCKETS; i++)
        while (w->addresses[i] != NULL) {
            struct address *a = w->addresses[i];

            w->addresses[i] = a->next;
            free(a);
        }
    close(w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w);
    *pw = NULL;
}
