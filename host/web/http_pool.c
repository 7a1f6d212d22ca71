/* http_pool.c - the threads that run what is slow, behind one bounded queue. */
#include "web/http_inside.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"

enum { JAM_MS = 1000 };

struct worker {
    struct pool *pool;
    pthread_t id;
    void *thread; /* thread_new()'s */
    struct gzip *gzip;
};

struct pool {
    struct http *http;
    struct worker *workers;
    int nworkers;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct request *head, **tail;
    int queued;
    int idle;    /* workers that wait for a request */
    bool waking; /* one of them was woken and has not looked yet */
    bool ending;
};

/* With the lock held.  One worker is woken at a time and wakes the next when it finds more: short
 * requests are then often taken by workers that are awake anyway. */
static void pool_wake(struct pool *p)
{
    if (p->waking || p->idle == 0)
        return;
    p->waking = true;
    pthread_cond_signal(&p->more);
}

static struct request *pool_take(struct pool *p)
{
    struct request *r;

    pthread_mutex_lock(&p->lock);
    while (p->head == NULL && !p->ending) {
        p->idle++;
        pthread_cond_wait(&p->more, &p->lock);
        p->idle--;
        p->waking = false;
    }
    r = p->head;
    if (r != NULL) {
        p->head = r->next;
        if (p->head == NULL)
            p->tail = &p->head;
        p->queued--;
        if (p->head != NULL)
            pool_wake(p);
    }
    pthread_mutex_unlock(&p->lock);
    return r;
}

/* It waited for so long that nobody may be waiting for it any more: do not add to the jam.  (A
 * client that has only ended its own sending looks gone, too, so that alone is no reason.) */
static bool overdue(struct request *r)
{
    int64_t now = when_monotonic();

    return now >= r->pub.deadline || atomic_load(&r->http->cut) ||
           (now - r->queued_at > JAM_MS && http_gone(&r->pub));
}

static void pool_run(struct worker *w, struct request *r)
{
    enum http_next next;

    r->pub.pooled = true;
    r->pub.thread = w->thread;
    if (overdue(r)) {
        http_fail(&r->pub, 503, "busy", "The server is busy; try again.");
        http_set(&r->pub, "Retry-After", "1");
        request_ready(r);
        return;
    }
    next = r->http->c.run(&r->pub);
    if (next == HTTP_LATER)
        return;
    if (next == HTTP_POOL) {
        log_error("http", "%s %s: asked for the pool while on the pool",
                  http_method_name(r->pub.method), r->pub.path);
        http_fail(&r->pub, 500, "internal", "An internal error happened.");
    }
    answer_squeeze(r, &w->gzip); /* better here than on the event thread */
    request_ready(r);
}

static void *pool_main(void *arg)
{
    struct worker *w = arg;
    struct request *r;

    pthread_setname_np(pthread_self(), "http-pool");
    while ((r = pool_take(w->pool)) != NULL)
        pool_run(w, r);
    return NULL;
}

struct pool *pool_start(struct http *h, struct buf *err)
{
    struct pool *p = mem_alloc(sizeof(*p));

    p->http = h;
    p->tail = &p->head;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->more, NULL);
    p->workers = mem_alloc(sizeof(*p->workers) * (size_t)h->c.pool_threads);
    for (; p->nworkers < h->c.pool_threads; p->nworkers++) {
        struct worker *w = &p->workers[p->nworkers];
        int rc;

        w->pool = p;
        if (h->c.thread_new != NULL)
            w->thread = h->c.thread_new(h->c.data);
        rc = pthread_create(&w->id, NULL, pool_main, w);
        if (rc != 0) {
            buf_addf(err, "http: start a pool thread: %s", strerror(rc));
            if (h->c.thread_free != NULL)
                h->c.thread_free(h->c.data, w->thread);
            pool_end(&p);
            return NULL;
        }
    }
    return p;
}

bool pool_add(struct pool *p, struct request *r)
{
    bool room;

    pthread_mutex_lock(&p->lock);
    room = p->queued < p->http->c.queue_max && !p->ending;
    if (room) {
        r->next = NULL;
        *p->tail = r;
        p->tail = &r->next;
        p->queued++;
        pool_wake(p);
    }
    pthread_mutex_unlock(&p->lock);
    return room;
}

int pool_queued(struct pool *p)
{
    int n;

    pthread_mutex_lock(&p->lock);
    n = p->queued;
    pthread_mutex_unlock(&p->lock);
    return n;
}

void pool_end(struct pool **pp)
{
    struct pool *p = *pp;

    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    p->ending = true;
    pthread_cond_broadcast(&p->more);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->nworkers; i++) {
        pthread_join(p->workers[i].id, NULL);
        gzip_free(&p->workers[i].gzip);
        if (p->http->c.thread_free != NULL)
            p->http->c.thread_free(p->http->c.data, p->workers[i].thread);
    }
    pthread_cond_destroy(&p->more);
    pthread_mutex_destroy(&p->lock);
    free(p->workers);
    free(p);
    *pp = NULL;
}
