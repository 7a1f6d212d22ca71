/* cached.h - what rows of the host's own tables decide, read once for all who ask: rules about
 * duplicates, pools, flows of approval.
 *
 * One begins with struct cached and lives in its arena.  It is read on a connection of its own, so
 * what a transaction has not committed decides nothing, and is thrown away by nobody: requests may
 * still hold an older one; they are few and small. */
#ifndef BERTH_RECORD_CACHED_H
#define BERTH_RECORD_CACHED_H

#include <pthread.h>

#include "record/ctx.h"

struct cached {
    uint64_t gen; /* of its cache, when it was read */
    const struct model *m;
    struct arena *a;
    struct cached *next; /* an older one */
};

struct cached_kind {
    const char *what; /* for the log: "the pools" */
    size_t size;
    void (*read)(struct berth_ctx *c, void *kept);       /* fails the ctx when it cannot */
    bool (*fits)(struct berth_ctx *c, const void *kept); /* beyond model and generation; may be NULL */
    pthread_mutex_t lock;                                /* one reads, the others wait for it */
};

/* The one in force; NULL when it could not be read: the ctx has failed. */
const void *cached_get(struct berth_ctx *c, struct cache *cache, struct cached_kind *kind);

void cached_changed(struct berth_ctx *c, struct cache *cache); /* with the commit */
void cached_close(struct cache *cache);

#endif
