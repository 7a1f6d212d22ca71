/* often.h - how often a minute somebody may do what costs much, tells something or reaches others. */
#ifndef BERTH_OFTEN_H
#define BERTH_OFTEN_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct often {
    int a_minute;
    pthread_mutex_t lock;
    struct { /* users whose numbers share a place share its count: that errs on the strict side */
        int64_t since;
        int n;
    } of[4096];
};

#define OFTEN(times) {.a_minute = (times), .lock = PTHREAD_MUTEX_INITIALIZER}

/* Counts it; false: not now, *wait: seconds until the next time. */
bool often_may(struct often *o, int64_t user, int64_t now, int *wait);

#endif
