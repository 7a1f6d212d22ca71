/* sqlite_cache.c - which page cache a connection has: readers their own, all others SQLite's, but for one number.
 *
 * To sort the pages of a b-tree SQLite lends one of them, for a moment, the number of a page that no database has: that of the
 * bytes it locks, a gigabyte into the file.  Its cache remembers the highest number it has had, and so, at the end of every
 * such transaction, looks through all pages for some behind the database's end: some 100 us a commit.  Zero is no page's
 * number either, and behind no end. */
#include <stdatomic.h>
#include <stdlib.h>

#include "base/arena.h"
#include "db/sqlite.h"

enum { LENT = (1 << 30) / SQ_PAGE + 1 };

static sqlite3_pcache_methods2 below; /* SQLite's */
static atomic_bool others;            /* there are databases with other pages: of one of theirs LENT is the number */
static _Thread_local bool readers;    /* caches that are made now are a reader's */
static _Thread_local const sqlite3_pcache_page *at_zero;

struct cache {
    const sqlite3_pcache_methods2 *as;
    sqlite3_pcache *is;
};

static const struct cache *of(sqlite3_pcache *cache)
{
    return (const struct cache *)(const void *)cache;
}

void sq_cache_readers(bool are)
{
    readers = are;
}

static sqlite3_pcache *create(int page, int extra, int purgeable)
{
    struct cache *c = mem_alloc(sizeof(*c));
    bool own = readers && page == SQ_PAGE && purgeable;

    if (page != SQ_PAGE)
        atomic_store(&others, true);
    *c = (struct cache){own ? &sq_pages : &below, own ? sq_pages_new(page, extra) : below.xCreate(page, extra, purgeable)};
    return (sqlite3_pcache *)(void *)c;
}

static void rekey(sqlite3_pcache *cache, sqlite3_pcache_page *page, unsigned from, unsigned to)
{
    if (page == at_zero) {
        from = 0;
        at_zero = NULL;
    }
    if (to == LENT && !atomic_load(&others)) {
        to = 0;
        at_zero = page;
    }
    of(cache)->as->xRekey(of(cache)->is, page, from, to);
}

static void set_size(sqlite3_pcache *cache, int max)
{
    of(cache)->as->xCachesize(of(cache)->is, max);
}

static int count(sqlite3_pcache *cache)
{
    return of(cache)->as->xPagecount(of(cache)->is);
}

static sqlite3_pcache_page *fetch(sqlite3_pcache *cache, unsigned key, int make)
{
    return of(cache)->as->xFetch(of(cache)->is, key, make);
}

static void unpin(sqlite3_pcache *cache, sqlite3_pcache_page *page, int discard)
{
    of(cache)->as->xUnpin(of(cache)->is, page, discard);
}

static void truncate(sqlite3_pcache *cache, unsigned limit)
{
    of(cache)->as->xTruncate(of(cache)->is, limit);
}

static void shrink(sqlite3_pcache *cache)
{
    of(cache)->as->xShrink(of(cache)->is);
}

static void destroy(sqlite3_pcache *cache)
{
    of(cache)->as->xDestroy(of(cache)->is);
    free(cache);
}

int sq_cache_register(void)
{
    sqlite3_pcache_methods2 own;
    int rc = sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &below);

    if (rc != SQLITE_OK)
        return rc;
    own = below; /* its beginning and end */
    own.xCreate = create;
    own.xRekey = rekey;
    own.xCachesize = set_size;
    own.xPagecount = count;
    own.xFetch = fetch;
    own.xUnpin = unpin;
    own.xTruncate = truncate;
    own.xShrink = shrink;
    own.xDestroy = destroy;
    return sqlite3_config(SQLITE_CONFIG_PCACHE2, &own);
}
