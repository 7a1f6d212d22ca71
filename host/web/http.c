/* http.c - starts and stops the server.  See http.h for its threads and a request's life. */
#include "web/http_inside.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/blame.h"
#include "base/log.h"
#include "base/when.h"

enum { OTHER_FILES = 256 }; /* descriptors for everything but connections */
enum { HEAD_GRACE = 1500 };  /* ms a stop waits for requests that are on their way */

static void config_default(struct http_config *c)
{
    int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    struct rlimit files = {0};
    rlim_t need;

    if (cores < 1)
        cores = 1;
    getrlimit(RLIMIT_NOFILE, &files);
    if (c->threads <= 0)
        c->threads = 2 * cores;
    if (c->pool_threads <= 0)
        c->pool_threads = cores > 1 ? 2 * cores : 4;
    if (c->queue_max <= 0)
        c->queue_max = 1000;
    if (c->max_connections <= 0)
        c->max_connections = 20000;
    need = (rlim_t)c->max_connections + OTHER_FILES;
    if (files.rlim_cur < need && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max < need ? files.rlim_max : need;
        setrlimit(RLIMIT_NOFILE, &files);
        getrlimit(RLIMIT_NOFILE, &files);
    }
    if (files.rlim_cur < need)
        c->max_connections =
            files.rlim_cur > 2 * OTHER_FILES ? (int)(files.rlim_cur - OTHER_FILES) : OTHER_FILES;
    if (c->header_max == 0)
        c->header_max = 16384;
    if (c->body_max == 0)
        c->body_max = 1 << 20;
    if (c->header_ms <= 0)
        c->header_ms = 20000;
    if (c->idle_ms <= 0)
        c->idle_ms = 60000;
    if (c->body_ms <= 0)
        c->body_ms = 20000;
    if (c->min_rate <= 0)
        c->min_rate = 8192;
    if (c->deadline_ms <= 0)
        c->deadline_ms = 30000;
    if (c->upload_dir == NULL)
        c->upload_dir = "/tmp";
    if (c->gzip_min == 0)
        c->gzip_min = 1024;
}

/* Everything must be at rest. */
static void http_free(struct http *h)
{
    pool_end(&h->pool);
    while (atomic_load(&h->resuming) > 0)
        poll(NULL, 0, 1);
    for (int i = 0; i < h->c.threads; i++)
        loop_end(&h->loops[i]);
    http_watch_end(&h->watch); /* it looks into the loops, and they hand it their sockets */
    for (int i = 0; i < h->c.threads; i++)
        pthread_mutex_destroy(&h->loops[i].lock);
    pthread_mutex_destroy(&h->streams_lock);
    free(h->loops);
    free(h);
}

static int http_start_parts(struct http *h, struct buf *err)
{
    h->watch = watch_start(h, err);
    if (h->watch == NULL)
        return -1;
    h->pool = pool_start(h, err);
    if (h->pool == NULL)
        return -1;
    for (int i = 0; i < h->c.threads; i++)
        if (loop_start(h, &h->loops[i], err) < 0)
            return -1;
    h->accepter = accept_start(h, err);
    return h->accepter != NULL ? 0 : -1;
}

struct http *http_start(const struct http_config *config, struct buf *err)
{
    struct http *h = mem_alloc(sizeof(*h));
    sigset_t all, before;
    int rc;

    h->c = *config;
    config_default(&h->c);
    atomic_init(&h->per_address, h->c.per_address);
    h->loops = mem_alloc(sizeof(*h->loops) * (size_t)h->c.threads);
    for (int i = 0; i < h->c.threads; i++)
        pthread_mutex_init(&h->loops[i].lock, NULL);
    pthread_mutex_init(&h->streams_lock, NULL);
    /* signals are the main thread's business */
    blame_mask(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = http_start_parts(h, err);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc < 0) {
        http_free(h);
        return NULL;
    }
    return h;
}

static int in_flight(const struct http *h)
{
    int n = 0;

    for (int i = 0; i < h->c.threads; i++)
        n += atomic_load(&h->loops[i].in_flight);
    return n;
}

/* Waits until nothing is in flight, or until then; says how many are left. */
static int settle(struct http *h, int64_t until)
{
    int n;

    while ((n = in_flight(h)) > 0 && when_monotonic() < until)
        poll(NULL, 0, 5);
    return n;
}

/* A client that has just connected gets its answer, and so does one whose request was on its way when
 * its kept connection was told to end: in an upgrade nobody is sent away. */
static void settle_heads(struct http *h, int64_t until)
{
    while (atomic_load(&h->connections) > in_flight(h) && when_monotonic() < until)
        poll(NULL, 0, 5);
}

int http_stop(struct http **ph, int64_t grace_ms)
{
    struct http *h = *ph;
    int64_t now = when_monotonic();
    int left;

    accept_no_more(h->accepter);
    atomic_store(&h->stopping, true);
    conn_shutdown_all(h, PHASE_IDLE, SHUT_RD);
    stream_end_all(h);
    settle_heads(h, now + (grace_ms < HEAD_GRACE ? grace_ms : HEAD_GRACE));
    accept_end(&h->accepter);
    left = settle(h, now + grace_ms);
    if (left > 0) {
        atomic_store(&h->cut, true); /* http_gone() is true now: handlers give up */
        conn_shutdown_all(h, -1, SHUT_RDWR);
        left = settle(h, when_monotonic() + 2000);
    }
    atomic_store(&h->over, true);
    if (left == 0) /* one may have begun since it was counted */
        left = settle(h, when_monotonic() + 2000);
    if (left > 0) {
        log_error("http", "stop: %d requests are still running", left);
        return left;
    }
    http_free(h);
    *ph = NULL;
    return 0;
}

void http_per_address(struct http *h, int connections)
{
    atomic_store(&h->per_address, connections);
}

void http_stats(const struct http *h, struct http_stats *out)
{
    *out = (struct http_stats){
        .connections_total = atomic_load(&h->connections_total),
        .turned_away = atomic_load(&h->turned_away),
        .timed_out = atomic_load(&h->timed_out),
        .connections = atomic_load(&h->connections),
        .in_flight = in_flight(h),
        .queued = pool_queued(h->pool),
    };
    for (int i = 0; i < h->c.threads; i++) {
        const struct loop *l = &h->loops[i];

        out->requests += atomic_load(&l->requests);
        out->refused += atomic_load(&l->refused);
        out->pooled += atomic_load(&l->pooled);
        out->requeued += atomic_load(&l->requeued);
        for (int k = 0; k < 6; k++)
            out->answers[k] += atomic_load(&l->answers[k]);
    }
}
