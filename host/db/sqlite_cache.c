/* sqlite_cache.c - SQLite's own page cache, but for one number.
 *
 * To sort the pages of a b-tree SQLite lends one of them, for a moment, the number of a page that no database has: that of the
 * bytes it locks, a gigabyte into the file.  The cache remembers the highest number it has had, and so, at the end of every
 * such transaction, looks through all pages for some behind the database's end: some 100 us a commit.  Zero is no page's
 * number either, and behind no end. */
#include <stdatomic.h>

#include "db/sqlite.h"

enum { LENT = (1 << 30) / SQ_PAGE + 1 };

static sqlite3_pcache_methods2 below; /* SQLite's */
static atomic_bool others;            /* there are databases with other pages: of one of theirs LENT is the number */
static _Thread_local const sqlite3_pcache_page *at_zero;

static sqlite3_pcache *create(int page, int extra, int purgeable)
{
    if (page != SQ_PAGE)
        atomic_store(&others, true);
    return below.xCreate(page, extra, purgeable);
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
    below.xRekey(cache, page, from, to);
}

int sq_cache_register(void)
{
    sqlite3_pcache_methods2 own;
    int rc = sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &below);

    if (rc != SQLITE_OK)
        return rc;
    own = below;
    own.xCreate = create;
    own.xRekey = rekey;
    return sqlite3_config(SQLITE_CONFIG_PCACHE2, &own);
}
