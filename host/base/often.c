/* often.c - counts what somebody does, by the minute. */
#include "base/often.h"

enum { MINUTE = 60000 };

bool often_may(struct often *o, int64_t user, int64_t now, int *wait)
{
    size_t at = (uint64_t)user % (sizeof(o->of) / sizeof(o->of[0]));
    bool ok;

    pthread_mutex_lock(&o->lock);
    if (now - o->of[at].since >= MINUTE || now < o->of[at].since) {
        o->of[at].since = now;
        o->of[at].n = 0;
    }
    ok = o->of[at].n < o->a_minute;
    o->of[at].n += ok;
    *wait = (int)((o->of[at].since + MINUTE - now + 999) / 1000);
    pthread_mutex_unlock(&o->lock);
    return ok;
}
