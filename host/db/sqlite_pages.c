/* sqlite_pages.c - the page cache of readers.
 *
 * SQLite's own keeps what was used last.  A list reads ten pages of a large table that nobody asks for soon again; there
 * they push out what every list needs, and each goes into memory that the processor has long forgotten, as have the
 * links between the pages, which lie behind each of them.
 *
 * Here what was read once stands in a short line, whose memory is used over and over.  A page is kept when it is asked
 * for again while it stands there, or soon after; inner pages of b-trees are kept from the beginning. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "db/sqlite.h"

enum {
    ONCE = 64,      /* pages in the short line */
    GONE = 1024,    /* a power of two: numbers of pages that were here, to know them again */
    BUCKETS = 512,  /* a power of two */
    SLAB = 64,      /* pages whose links are allocated, and lie, together */
    ALIGNED = 64,   /* bytes: the kernel copies fastest to there */
    INNER_INDEX = 2, INNER_TABLE = 5, /* how such a page begins */
    HEADER = 100,   /* bytes before that on the first page of a database */
};

struct page {
    sqlite3_pcache_page base; /* first; .pBuf NULL: it has no memory */
    unsigned key;             /* the page's number */
    bool kept;
    struct line *line; /* where it stands; NULL while it is in use */
    struct page *newer, *older;
    struct page *chain; /* in its bucket, or of those that are free */
};

struct line {
    struct page *newest, *oldest;
    unsigned n;
};

struct slab {
    struct slab *next;
    struct page page[SLAB];
};

struct pages {
    size_t page, extra; /* bytes */
    unsigned max, n;
    struct line once, kept;
    struct page *free;
    struct slab *slabs;
    struct page *bucket[BUCKETS];
    unsigned gone[GONE];
};

static struct pages *pages(sqlite3_pcache *cache)
{
    return (struct pages *)(void *)cache;
}

/* ---- lines and buckets ---------------------------------------------------------------------- */
static void leave_line(struct page *p)
{
    *(p->newer != NULL ? &p->newer->older : &p->line->newest) = p->older;
    *(p->older != NULL ? &p->older->newer : &p->line->oldest) = p->newer;
    p->line->n--;
    p->line = NULL;
}

static void join_line(struct page *p, struct line *line)
{
    p->line = line;
    p->newer = NULL;
    p->older = line->newest;
    *(line->newest != NULL ? &line->newest->newer : &line->oldest) = p;
    line->newest = p;
    line->n++;
}

static struct page **bucket_of(struct pages *c, unsigned key)
{
    return &c->bucket[key & (BUCKETS - 1)];
}

static void put(struct pages *c, struct page *p, unsigned key)
{
    p->key = key;
    p->chain = *bucket_of(c, key);
    *bucket_of(c, key) = p;
}

static void leave_bucket(struct pages *c, struct page *p)
{
    struct page **at = bucket_of(c, p->key);

    while (*at != p)
        at = &(*at)->chain;
    *at = p->chain;
}

/* ---- room for a page ------------------------------------------------------------------------ */
static void drop(struct pages *c, struct page *p)
{
    c->gone[p->key & (GONE - 1)] = p->key;
    if (p->line != NULL)
        leave_line(p);
    leave_bucket(c, p);
    p->chain = c->free;
    c->free = p;
    c->n--;
}

static void add_slab(struct pages *c)
{
    struct slab *s = mem_alloc(sizeof(*s));

    s->next = c->slabs;
    c->slabs = s;
    for (size_t i = 0; i < SLAB; i++) {
        s->page[i].chain = c->free;
        c->free = &s->page[i];
    }
}

static void give_memory(const struct pages *c, struct page *p)
{
    char *bytes = aligned_alloc(ALIGNED, (c->page + c->extra + ALIGNED - 1) / ALIGNED * ALIGNED);

    if (bytes == NULL)
        mem_die(c->page + c->extra);
    p->base = (sqlite3_pcache_page){bytes, bytes + c->page};
}

/* One that is free, of what was here the least worth. */
static struct page *take(struct pages *c)
{
    struct page *p;

    if (c->once.n > 0 && (c->once.n >= ONCE || c->once.n * 4 >= c->max))
        drop(c, c->once.oldest);
    else if (c->n >= c->max && c->kept.n > 0)
        drop(c, c->kept.oldest);
    if (c->free == NULL)
        add_slab(c);
    p = c->free;
    c->free = p->chain;
    if (p->base.pBuf == NULL)
        give_memory(c, p);
    c->n++;
    return p;
}

/* ---- what SQLite asks for -------------------------------------------------------------------- */
sqlite3_pcache *sq_pages_new(int page, int extra)
{
    struct pages *c = mem_alloc(sizeof(*c));

    c->page = (size_t)page;
    c->extra = (size_t)extra;
    return (sqlite3_pcache *)(void *)c;
}

static void set_size(sqlite3_pcache *cache, int max)
{
    pages(cache)->max = (unsigned)max;
}

static int count(sqlite3_pcache *cache)
{
    return (int)pages(cache)->n;
}

static sqlite3_pcache_page *fetch(sqlite3_pcache *cache, unsigned key, int create)
{
    struct pages *c = pages(cache);
    struct page *p = *bucket_of(c, key);

    while (p != NULL && p->key != key)
        p = p->chain;
    if (p == NULL) {
        if (create == 0)
            return NULL;
        p = take(c);
        p->kept = c->gone[key & (GONE - 1)] == key;
        put(c, p, key);
        *(void **)p->base.pExtra = NULL; /* SQLite knows by it that the page is new */
    } else if (p->line != NULL) {
        leave_line(p);
        p->kept = true;
    }
    return &p->base;
}

static bool is_inner(const struct page *p)
{
    unsigned char kind = ((const unsigned char *)p->base.pBuf)[p->key == 1 ? HEADER : 0];

    return kind == INNER_INDEX || kind == INNER_TABLE;
}

static void unpin(sqlite3_pcache *cache, sqlite3_pcache_page *page, int discard)
{
    struct pages *c = pages(cache);
    struct page *p = (struct page *)page;

    if (discard) {
        drop(c, p);
        return;
    }
    p->kept = p->kept || is_inner(p);
    join_line(p, p->kept ? &c->kept : &c->once);
}

static void rekey(sqlite3_pcache *cache, sqlite3_pcache_page *page, unsigned from, unsigned to)
{
    struct page *p = (struct page *)page;

    (void)from;
    leave_bucket(pages(cache), p);
    put(pages(cache), p, to);
}

/* Much of it is asked for again at once: somebody wrote something. */
static void truncate(sqlite3_pcache *cache, unsigned limit)
{
    struct pages *c = pages(cache);

    for (size_t i = 0; i < BUCKETS; i++)
        for (struct page *p = c->bucket[i], *next; p != NULL; p = next) {
            next = p->chain;
            if (p->key >= limit)
                drop(c, p);
        }
}

static void shrink(sqlite3_pcache *cache)
{
    struct pages *c = pages(cache);

    while (c->once.n > 0)
        drop(c, c->once.oldest);
    while (c->kept.n > 0)
        drop(c, c->kept.oldest);
    for (struct page *p = c->free; p != NULL; p = p->chain) {
        free(p->base.pBuf);
        p->base.pBuf = NULL;
    }
}

static void destroy(sqlite3_pcache *cache)
{
    struct pages *c = pages(cache);

    for (struct slab *s = c->slabs, *next; s != NULL; s = next) {
        next = s->next;
        for (size_t i = 0; i < SLAB; i++)
            free(s->page[i].base.pBuf);
        free(s);
    }
    free(c);
}

const sqlite3_pcache_methods2 sq_pages = {
    .xCachesize = set_size,
    .xPagecount = count,
    .xFetch = fetch,
    .xUnpin = unpin,
    .xRekey = rekey,
    .xTruncate = truncate,
    .xDestroy = destroy,
    .xShrink = shrink,
};
