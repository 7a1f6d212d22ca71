/* writer.c - the writer thread: a queue of bodies, run in batches that share one COMMIT. */
#include "db/writer.h"

#include <assert.h>
#include <linux/capability.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/blame.h"
#include "base/when.h"

/* Most urgent first.  Each commits apart from the others, so that nobody waits for a long one. */
enum rank { URGENT, LOW, IDLE, RANKS };

/* Who waited this long goes before the more urgent ones, once. */
static const int patience_ms[RANKS] = {0, 200, 1000};

/* Idle work starts when nothing else has come for so long, and for as long as the last piece of it took: in the short
 * pauses of who writes one batch after the other it would only be waited for.  Beside something long that is under way it does not begin
 * by itself, and waits for so much longer: an import's time is not to go into the index of its own rows. */
enum { QUIET_MS = 3, QUIET_MOST_MS = 100, BESIDE_LOW = 5, LOW_LASTS_MS = 200 };

/* Everybody who writes waits for this one thread, so it goes before the others where the system lets it (nice levels). */
enum { AHEAD = 5 };

struct queue {
    struct db_work *head, **tail;
    int len;
};

struct db_writer {
    const struct db_writer_ops *ops;
    void *owner;
    int queue_max, batch_max;
    int64_t batch_ns;
    pthread_t thread;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t more;
    struct queue queue[RANKS];
    bool sleeping, stopping;
    struct db_work last; /* see writer_at_commit() */

    bool in_batch;  /* the writer thread's own */
    int64_t worked; /* end of the last batch */
    int64_t low_at; /* of the last low one */
    int64_t asked;  /* of the last that was not idle */
    int64_t quiet;  /* how long nothing is to come before idle work starts */
    int nice;       /* of the process */
    bool ahead, may_not;
    atomic_llong bodies, urgent, commits, failed;
};

/* A body whose submitter waits: it has no done. */
struct waiting {
    struct db_work work; /* first */
    sem_t done;
};

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void push(struct queue *q, struct db_work *w)
{
    w->next = NULL;
    *q->tail = w;
    q->tail = &w->next;
    q->len++;
}

static struct db_work *pop(struct queue *q)
{
    struct db_work *w = q->head;

    if (w == NULL)
        return NULL;
    q->head = w->next;
    if (q->head == NULL)
        q->tail = &q->head;
    q->len--;
    w->next = NULL;
    return w;
}

static int patience(const struct db_work *first, bool beside_low)
{
    if (first->rank != IDLE || first->pressing)
        return patience_ms[LOW];
    return patience_ms[IDLE] * (beside_low ? BESIDE_LOW : 1);
}

/* Which queue the next batch is from; NULL: none has to go now. */
static struct queue *choose(struct db_writer *w)
{
    struct queue *q = w->queue;

    if (q[LOW].len + q[IDLE].len > 0) {
        int64_t now = when_monotonic();

        bool beside = now - w->low_at < LOW_LASTS_MS;

        for (int i = RANKS - 1; i > URGENT; i--)
            if (q[i].len > 0 && now - q[i].head->since > patience(q[i].head, beside))
                return &q[i];
        if (q[URGENT].len + q[LOW].len == 0)
            return w->stopping || (!beside && now - w->worked >= QUIET_MS && now - w->asked >= w->quiet) ? &q[IDLE] : NULL;
    }
    return q[URGENT].len > 0 ? &q[URGENT] : q[LOW].len > 0 ? &q[LOW] : NULL;
}

static struct db_work *take_first(struct db_writer *w)
{
    pthread_mutex_lock(&w->lock);
    struct queue *q = choose(w);
    struct db_work *work = q == NULL ? NULL : pop(q);
    pthread_mutex_unlock(&w->lock);
    return work;
}

static struct db_work *take_more(struct db_writer *w)
{
    pthread_mutex_lock(&w->lock);
    struct db_work *work = pop(&w->queue[URGENT]);
    pthread_mutex_unlock(&w->lock);
    return work;
}

/* Everybody of the batch learns the result; rc < 0 overrules what the bodies said. */
static void answer(struct db_work *batch, int rc)
{
    while (batch != NULL) {
        struct db_work *w = batch;

        batch = w->next; /* w may be gone once it was told */
        w->rc = rc < 0 ? rc : w->rc;
        if (w->done != NULL)
            w->done(w->arg, w->rc);
        else
            sem_post(&((struct waiting *)w)->done);
    }
}

/* What is written about the batch as a whole; it fails with the batch and the batch with it. */
static int run_last(struct db_writer *w)
{
    pthread_mutex_lock(&w->lock);
    struct db_work work = w->last;
    pthread_mutex_unlock(&w->lock);
    int rc;

    if (work.body == NULL)
        return DB_OK;
    rc = w->ops->run_alone(w->owner, &work);
    return rc == DB_OK ? w->ops->lost(w->owner) : rc < 0 ? rc : DB_ERROR;
}

static int finish(struct db_writer *w, int rc)
{
    if (rc == DB_OK && (rc = run_last(w)) != DB_OK)
        w->ops->rollback(w->owner);
    else if (rc == DB_OK)
        rc = w->ops->commit(w->owner);
    else
        w->ops->rollback(w->owner);
    atomic_fetch_add(rc == DB_OK ? &w->commits : &w->failed, 1);
    return rc;
}

/* Long work commits alone, and so needs no savepoint, which would keep a copy of each page it changes. */
static void run_low(struct db_writer *w, struct db_work *work)
{
    int rc = w->ops->begin(w->owner);

    w->in_batch = true;
    work->rc = 0;
    if (rc == DB_OK) {
        work->rc = w->ops->run_alone(w->owner, work);
        rc = w->ops->lost(w->owner);
    }
    atomic_fetch_add(&w->bodies, 1);
    if (rc == DB_OK && work->rc != 0)
        w->ops->rollback(w->owner);
    else
        rc = finish(w, rc);
    w->in_batch = false;
    answer(work, rc);
}

static void run_batch(struct db_writer *w, struct db_work *first)
{
    struct queue batch = {NULL, &batch.head, 0};
    int64_t until = now_ns() + w->batch_ns;
    int rc = w->ops->begin(w->owner);

    w->in_batch = true;
    for (struct db_work *work = first; work != NULL; work = take_more(w)) {
        push(&batch, work);
        if (rc == DB_OK) {
            work->rc = w->ops->run(w->owner, work);
            rc = w->ops->lost(w->owner);
        }
        if (rc != DB_OK || batch.len >= w->batch_max || now_ns() >= until)
            break;
    }
    atomic_fetch_add(&w->bodies, batch.len);
    atomic_fetch_add(&w->urgent, batch.len);
    rc = finish(w, rc);
    w->in_batch = false;
    answer(batch.head, rc);
}

static struct timespec in_ms(int64_t ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000;
    t.tv_nsec += ms % 1000 * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

/* Returns when there is work, or after wait_ms (-1: never); false when the thread is to end. */
static bool sleep_until_work(struct db_writer *w, int wait_ms)
{
    int timed_out = 0;

    pthread_mutex_lock(&w->lock);
    if (w->queue[IDLE].len > 0)
        wait_ms = QUIET_MS;
    struct timespec until = in_ms(wait_ms < 0 ? 0 : wait_ms);
    w->sleeping = true;
    while (choose(w) == NULL && !w->stopping && timed_out == 0) {
        if (wait_ms < 0)
            pthread_cond_wait(&w->more, &w->lock);
        else
            timed_out = pthread_cond_timedwait(&w->more, &w->lock, &until);
    }
    w->sleeping = false;
    bool go_on = !w->stopping || choose(w) != NULL;
    pthread_mutex_unlock(&w->lock);
    return go_on;
}

/* Long and idle work takes its turn with everybody else. */
static void go_ahead(struct db_writer *w, bool ahead)
{
    if (w->ahead == ahead || w->may_not)
        return;
    w->may_not = setpriority(PRIO_PROCESS, (id_t)gettid(), w->nice - (ahead ? AHEAD : 0)) != 0;
    w->ahead = ahead && !w->may_not;
}

/* Where nobody is ever let go ahead the very call may be forbidden, and end the program (SystemCallFilter of systemd). */
static bool is_hopeless(void)
{
    struct rlimit nice;

    return prctl(PR_CAPBSET_READ, CAP_SYS_NICE, 0, 0, 0) != 1 && (getrlimit(RLIMIT_NICE, &nice) != 0 || nice.rlim_cur == 0);
}

static void *writer_thread(void *arg)
{
    struct db_writer *w = arg;
    int wait_ms = -1;

    pthread_setname_np(pthread_self(), "db-writer");
    w->nice = getpriority(PRIO_PROCESS, 0);
    w->may_not = is_hopeless();
    blame_thread(); /* bodies run hooks of plugins and scripts */
    for (;;) {
        struct db_work *work = take_first(w);

        if (work != NULL) {
            const int rank = work->rank; /* it may be gone afterwards */
            const int64_t began = when_monotonic();

            go_ahead(w, rank == URGENT);
            if (rank == URGENT)
                run_batch(w, work);
            else
                run_low(w, work);
            w->worked = when_monotonic();
            if (rank == LOW)
                w->low_at = w->worked;
            if (rank == IDLE)
                w->quiet = w->worked - began < QUIET_MOST_MS ? w->worked - began : QUIET_MOST_MS;
            else
                w->asked = w->worked;
            wait_ms = w->ops->tidy(w->owner, 0);
            continue;
        }
        if (!sleep_until_work(w, wait_ms))
            return NULL;
        int64_t idle = when_monotonic() - w->worked;
        if (wait_ms >= 0 && idle >= wait_ms)
            wait_ms = w->ops->tidy(w->owner, idle);
    }
}

struct db_writer *writer_new(const struct db_writer_ops *ops, void *owner, int queue_max,
                             int batch_max, int batch_us)
{
    struct db_writer *w = mem_alloc(sizeof(*w));
    pthread_condattr_t attr;
    sigset_t all, before;

    *w = (struct db_writer){.ops = ops,
                            .owner = owner,
                            .queue_max = queue_max,
                            .batch_max = batch_max,
                            .batch_ns = batch_us * INT64_C(1000)};
    for (int i = 0; i < RANKS; i++)
        w->queue[i].tail = &w->queue[i].head;
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->more, &attr);
    pthread_condattr_destroy(&attr);
    blame_mask(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&w->thread, NULL, writer_thread, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert(rc == 0);
    return w;
}

void writer_free(struct db_writer **pw)
{
    struct db_writer *w = *pw;

    if (w == NULL)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->more);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->more);
    pthread_mutex_destroy(&w->lock);
    free(w);
    *pw = NULL;
}

static int enqueue(struct db_writer *w, struct db_work *work, enum rank rank, bool bounded)
{
    struct queue *q = &w->queue[rank];
    int rc = DB_OK;

    work->rank = rank;
    work->since = rank == URGENT ? 0 : when_monotonic();
    pthread_mutex_lock(&w->lock);
    if (w->stopping || (bounded && q->len >= w->queue_max))
        rc = DB_BUSY;
    else
        push(q, work);
    bool wake = rc == DB_OK && w->sleeping;
    w->sleeping = w->sleeping && !wake; /* one signal is enough */
    pthread_mutex_unlock(&w->lock);
    if (wake)
        pthread_cond_signal(&w->more);
    return rc;
}

int writer_submit(struct db_writer *w, struct db_work *work)
{
    return enqueue(w, work, work->idle ? IDLE : work->low ? LOW : URGENT, true);
}

/* On the writer thread but between batches: in somebody's done. */
static int run_alone(struct db_writer *w, struct db_work *work)
{
    int rc = w->ops->begin(w->owner);

    if (rc != DB_OK)
        return rc;
    w->in_batch = true;
    work->rc = w->ops->run(w->owner, work);
    atomic_fetch_add(&w->bodies, 1);
    rc = finish(w, w->ops->lost(w->owner));
    w->in_batch = false;
    return rc < 0 ? rc : work->rc;
}

bool writer_here(const struct db_writer *w)
{
    return pthread_equal(pthread_self(), w->thread) != 0;
}

bool writer_wanted(struct db_writer *w)
{
    pthread_mutex_lock(&w->lock);
    bool wanted = w->queue[URGENT].len > 0;
    pthread_mutex_unlock(&w->lock);
    return wanted;
}

int writer_run(struct db_writer *w, int (*body)(struct db_conn *, void *), void *arg, bool low)
{
    struct waiting here = {.work = {.body = body, .arg = arg}};

    if (writer_here(w))
        return w->in_batch ? w->ops->run(w->owner, &here.work) : run_alone(w, &here.work);
    sem_init(&here.done, 0, 0);
    int rc =
        enqueue(w, &here.work, low ? LOW : URGENT, false); /* bounded by the number of threads */
    if (rc == DB_OK) {
        while (sem_wait(&here.done) != 0)
            continue; /* a signal */
        rc = here.work.rc;
    }
    sem_destroy(&here.done);
    return rc;
}

void writer_at_commit(struct db_writer *w, int (*run)(struct db_conn *, void *), void *arg)
{
    pthread_mutex_lock(&w->lock); /* idle work may be under way from the beginning */
    w->last = (struct db_work){.body = run, .arg = arg};
    pthread_mutex_unlock(&w->lock);
}

void writer_stats(struct db_writer *w, struct db_stats *out)
{
    out->bodies = atomic_load(&w->bodies);
    out->urgent = atomic_load(&w->urgent);
    out->commits = atomic_load(&w->commits);
    out->commits_failed = atomic_load(&w->failed);
    pthread_mutex_lock(&w->lock);
    out->queued = w->queue[URGENT].len + w->queue[LOW].len;
    pthread_mutex_unlock(&w->lock);
}
