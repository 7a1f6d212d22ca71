/* cached.c - reads what decides on a connection of its own and keeps it for all who ask. */
#include "record/cached.h"

#include "base/log.h"

static struct cached *read_kept(struct berth_ctx *asker, const struct cache *cache, const struct cached_kind *k)
{
    struct arena *a = arena_new();
    struct cached *p = arena_alloc(a, k->size);
    struct db_conn *conn = db_reader(asker->st->db, NULL);
    struct berth_ctx c;

    *p = (struct cached){.a = a, .m = asker->m, .gen = atomic_load(&cache->gen)};
    ctx_init(&c, asker->st, conn, a, NULL, NULL);
    c.m = asker->m;
    c.now = asker->now;
    if (conn != NULL)
        k->read(&c, p);
    else
        ctx_fail(&c, BERTH_BROKEN, "broken", "err.broken");
    db_conn_close(&conn);
    if (c.rc == BERTH_OK)
        return p;
    ctx_fail(asker, c.rc, c.code, c.key);
    arena_free(&a);
    return NULL;
}

static bool fits(struct berth_ctx *c, const struct cache *cache, const struct cached_kind *k, const struct cached *p)
{
    return p->m == c->m && p->gen == atomic_load(&cache->gen) && (k->fits == NULL || k->fits(c, p));
}

const void *cached_get(struct berth_ctx *c, struct cache *cache, struct cached_kind *k)
{
    struct cached *p = atomic_load(&cache->first);

    if (p != NULL && fits(c, cache, k, p))
        return p;
    pthread_mutex_lock(&k->lock);
    for (p = atomic_load(&cache->first); p != NULL && !fits(c, cache, k, p);)
        p = p->next;
    if (p == NULL && (p = read_kept(c, cache, k)) != NULL) {
        p->next = atomic_load(&cache->first);
        atomic_store(&cache->first, p);
    }
    pthread_mutex_unlock(&k->lock);
    return p;
}

static void changed(struct berth_ctx *c, void *cache)
{
    (void)c;
    atomic_fetch_add(&((struct cache *)cache)->gen, 1);
}

void cached_changed(struct berth_ctx *c, struct cache *cache)
{
    ctx_after_commit(c, changed, cache);
}

void cached_close(struct cache *cache)
{
    for (struct cached *p = atomic_exchange(&cache->first, NULL), *next; p != NULL; p = next) {
        struct arena *a = p->a;

        next = p->next;
        arena_free(&a);
    }
}
