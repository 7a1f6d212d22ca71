/* background.h - a thread that works in rounds: it rests until somebody wakes it or a time has
 * passed, works, rests again, and ends when it is told to. */
#ifndef BERTH_BACKGROUND_H
#define BERTH_BACKGROUND_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct background { /* in the struct of whom it works for */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool work;
    atomic_bool runs, stop;
};

/* Starts work(arg) on a thread of its own, which background_rest() ends.  0 or -1. */
int background_start(struct background *b, void *(*work)(void *arg), void *arg);
/* Any thread, at any time: the rest ends now, or the next one at once. */
void background_wake(struct background *b);
/* On the thread: until woken or ms have passed, whatever becomes of the clock.  False: it is to
 * end. */
bool background_rest(struct background *b, int64_t ms);
/* The same, but not to be woken: lets a burst of work come together. */
bool background_pause(struct background *b, int64_t ms);
/* Whether it is to end: asked between the steps of a long round. */
bool background_stopping(struct background *b);
/* It is to end, but nobody waits for it yet: who stops several asks all of them first.  Nothing when it never started. */
void background_ask(struct background *b);
/* Asks, and waits for the thread to end; nothing when it never started.  It may still be woken, in vain,
 * while it is there. */
void background_stop(struct background *b);

/* Whom anybody may wake, from any thread: one a process, and never freed under somebody's hands. */
struct background_known {
    pthread_mutex_t lock;
    void *who;
};
#define BACKGROUND_UNKNOWN {PTHREAD_MUTEX_INITIALIZER, NULL}
/* From now on; NULL: there is none any more, nor does anybody hold it. */
void background_know(struct background_known *k, void *who);
/* Stays until it is let go, which it must be even when it is NULL. */
void *background_hold(struct background_known *k);
void background_let(struct background_known *k);

#endif
