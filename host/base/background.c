/* background.c - a thread that works in rounds. */
#include "base/background.h"

#include <time.h>

int background_start(struct background *b, void *(*work)(void *arg), void *arg)
{
    pthread_condattr_t attr;

    b->stop = b->work = false;
    pthread_mutex_init(&b->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&b->wake, &attr);
    pthread_condattr_destroy(&attr);
    b->runs = true;
    if (pthread_create(&b->thread, NULL, work, arg) != 0)
        b->runs = false;
    return b->runs ? 0 : -1;
}

void background_wake(struct background *b)
{
    if (!b->runs)
        return;
    pthread_mutex_lock(&b->lock);
    b->work = true;
    pthread_cond_signal(&b->wake);
    pthread_mutex_unlock(&b->lock);
}

static bool wait_for(struct background *b, int64_t ms, bool deaf)
{
    struct timespec until;
    bool stop;

    clock_gettime(CLOCK_MONOTONIC, &until);
    ms = ms > 0 ? ms : 0;
    until.tv_nsec += ms % 1000 * 1000000L;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&b->lock);
    while (!b->stop && (deaf || !b->work) &&
           pthread_cond_timedwait(&b->wake, &b->lock, &until) == 0)
        continue;
    b->work = deaf && b->work;
    stop = b->stop;
    pthread_mutex_unlock(&b->lock);
    return !stop;
}

bool background_rest(struct background *b, int64_t ms)
{
    return wait_for(b, ms, false);
}

bool background_pause(struct background *b, int64_t ms)
{
    return wait_for(b, ms, true);
}

bool background_stopping(struct background *b)
{
    bool stop;

    pthread_mutex_lock(&b->lock);
    stop = b->stop;
    pthread_mutex_unlock(&b->lock);
    return stop;
}

void background_ask(struct background *b)
{
    if (!b->runs)
        return;
    pthread_mutex_lock(&b->lock);
    b->stop = true;
    pthread_cond_signal(&b->wake);
    pthread_mutex_unlock(&b->lock);
}

void background_stop(struct background *b)
{
    if (!b->runs)
        return;
    background_ask(b);
    pthread_join(b->thread, NULL);
    b->runs = false;
}

void background_know(struct background_known *k, void *who)
{
    pthread_mutex_lock(&k->lock);
    k->who = who;
    pthread_mutex_unlock(&k->lock);
}

void *background_hold(struct background_known *k)
{
    pthread_mutex_lock(&k->lock);
    return k->who;
}

void background_let(struct background_known *k)
{
    pthread_mutex_unlock(&k->lock);
}
