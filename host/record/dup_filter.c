/* dup_filter.c - a blocked Bloom filter of duplicate keys, built behind everybody's back.
 *
 * Saying "may be" of an unknown key costs a look; saying "no" of a known one would let a duplicate in.
 * That cannot happen, because
 *  1. whoever makes a key findable adds it here first: dup_put() and dup_put_sorted() on the writer,
 *     dup_stage_add() inside its lock.  Nobody else writes dup_key, but for moving there what was noted or staged.
 *     ahead_of_save() adds keys before their turn; when another filter has begun by then, dup_put() adds them again.
 *  2. bits are only ever set.  What was deleted or undone stays, until the filter is built anew.
 *  3. a filter under construction gets every addition from the moment on at which the writer itself put it
 *     there.  That was a body of its own: when its commit is through, whatever was written before it is
 *     committed or undone.
 *  4. only then is it filled: first with what is noted (dup_recent) and staged (dup_stage), then with dup_key.
 *     A key that changes places goes the same way, and it leaves a place once it is committed in the next.
 *  5. it is asked when all that is done, and never if any of it failed. */
#include "record/dup_filter.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/blame.h"
#include "base/log.h"
#include "base/when.h"
#include "record/dup_recent.h"
#include "record/dup_stage.h"
#include "record/store.h"

enum {
    LOOKS = 1000,     /* fewer cost less than reading all of dup_key */
    ROOM = 100000,    /* keys */
    COMING_MAX = 20000000, /* keys; whoever guesses from a file's beginning may guess anything, and a full one is built anew */
    BITS = 12,        /* a key, when it is full: one unknown key in 200 is then looked for in vain */
    WORDS = 8,        /* of a block: one cache line; a key sets a bit in each */
    LINE = WORDS * 8, /* bytes */
    SAMPLE_SHIFT = 8, /* one hash in 256 is counted, to know how many there are */
};

struct bits {
    size_t blocks, most; /* keys */
    atomic_size_t n;
    void *memory;
    _Atomic uint64_t *word;
};

struct dup_filter {
    struct store *st;
    size_t worth, room;
    atomic_size_t looks; /* that a filter would have answered */
    atomic_size_t to_come; /* keys that an import is about to add: the next one built has room for them */
    pthread_rwlock_t lock;   /* of which there are, not of their bits */
    struct bits *now, *next; /* asked; what is added while one is being filled */
    _Atomic uint64_t begun;
    pthread_mutex_t thread_lock; /* of what follows */
    pthread_t thread;
    bool started, building;
    atomic_bool closing;
};

/* ---- bits ------------------------------------------------------------------------------------ */
static struct bits *bits_new(size_t most)
{
    struct bits *b = mem_alloc(sizeof(*b));

    b->most = most;
    b->blocks = most * BITS / (LINE * 8) + 1;
    b->memory = mem_alloc((b->blocks + 1) * LINE);
    b->word = (void *)(((uintptr_t)b->memory + LINE - 1) & ~(uintptr_t)(LINE - 1));
    return b;
}

static void bits_free(struct bits *b)
{
    if (b == NULL)
        return;
    free(b->memory);
    free(b);
}

/* Its block, in the order of the hash, and six bits of *bit for each of the block's words. */
static _Atomic uint64_t *block_of(const struct bits *b, int64_t hash, uint64_t *bit)
{
    *bit = ((uint64_t)hash ^ (uint64_t)hash >> 31) * UINT64_C(0xC2B2AE3D27D4EB4F) >> 16;
    return b->word + (size_t)(((uint64_t)hash >> 32) * b->blocks >> 32) * WORDS;
}

static bool bits_have(const struct bits *b, int64_t hash)
{
    uint64_t bit;
    _Atomic uint64_t *word = block_of(b, hash, &bit);

    for (int i = 0; i < WORDS; i++, bit >>= 6)
        if ((word[i] & UINT64_C(1) << (bit & 63)) == 0)
            return false;
    return true;
}

static void bits_add(struct bits *b, int64_t hash)
{
    uint64_t bit, set;
    _Atomic uint64_t *word = block_of(b, hash, &bit);
    bool fresh = false;

    for (int i = 0; i < WORDS; i++, bit >>= 6) {
        set = UINT64_C(1) << (bit & 63);
        fresh = (atomic_fetch_or(&word[i], set) & set) == 0 || fresh;
    }
    if (fresh)
        atomic_fetch_add(&b->n, 1);
}

/* The same while nobody else knows of b: a third of the time. */
static void bits_put(struct bits *b, int64_t hash)
{
    uint64_t bit, all = UINT64_MAX;
    _Atomic uint64_t *word = block_of(b, hash, &bit);

    for (int i = 0; i < WORDS; i++, bit >>= 6) {
        uint64_t set = UINT64_C(1) << (bit & 63), was = atomic_load_explicit(&word[i], memory_order_relaxed);

        all &= was >> (bit & 63);
        atomic_store_explicit(&word[i], was | set, memory_order_relaxed);
    }
    if ((all & 1) == 0)
        atomic_store_explicit(&b->n, b->n + 1, memory_order_relaxed);
}

/* While nobody adds to either. */
static void bits_join(struct bits *to, const struct bits *from)
{
    for (size_t i = 0; i < to->blocks * WORDS; i++)
        to->word[i] |= from->word[i];
    to->n += from->n;
}

/* ---- building -------------------------------------------------------------------------------- */
struct build {
    struct dup_filter *f;
    struct bits *bits;  /* what there is */
    struct bits *meanwhile; /* what others add until it is in force */
};

/* Hashes are spread evenly: a small part of them tells how many there are. */
static int64_t estimate(struct db_conn *conn)
{
    struct db_stmt *s = db_prepare(conn, "SELECT count(DISTINCT hash) FROM dup_key WHERE hash >= 0 AND hash < ?");
    int64_t n;

    db_bind_int(s, 1, INT64_C(1) << (64 - SAMPLE_SHIFT));
    n = db_step(s) == DB_ROW ? db_col_int(s, 0) << SAMPLE_SHIFT : -1;
    db_reset(s);
    return n;
}

/* On the writer. */
static int publish(struct db_conn *w, void *arg)
{
    struct build *b = arg;

    (void)w;
    pthread_rwlock_wrlock(&b->f->lock);
    b->f->next = b->meanwhile;
    atomic_fetch_add(&b->f->begun, 1);
    pthread_rwlock_unlock(&b->f->lock);
    return 0;
}

static void fill_one(void *arg, int64_t hash)
{
    bits_put(((const struct build *)arg)->bits, hash);
}

static bool fill_more(void *arg, int64_t hash)
{
    const struct build *b = arg;

    bits_put(b->bits, hash);
    return !atomic_load_explicit(&b->f->closing, memory_order_relaxed);
}

static bool fill(struct build *b, struct db_conn *conn)
{
    struct store *st = b->f->st;

    dup_recent_each(st->recent, fill_one, b);
    dup_stage_each(st, fill_one, b);
    return db_each_key(conn, "dup_key", "hash", fill_more, b) == 0 && !b->f->closing;
}

static bool build_one(struct build *b, struct db_conn *conn)
{
    int64_t n = estimate(conn), before = b->f->now == NULL ? 0 : (int64_t)b->f->now->n;
    int64_t to_come = (int64_t)atomic_exchange(&b->f->to_come, 0);

    if (n < 0)
        return false;
    n = n < before ? before : n;
    b->bits = bits_new((size_t)(n + (n / 2 > to_come ? n / 2 : to_come)) + b->f->room);
    b->meanwhile = bits_new(b->bits->most);
    return db_write(b->f->st->db, publish, b) == 0 && fill(b, conn);
}

/* In force, or nothing. */
static void build_end(struct build *b, bool built)
{
    struct dup_filter *f = b->f;
    struct bits *gone = b->bits;

    pthread_rwlock_wrlock(&f->lock);
    f->next = NULL;
    if (built) {
        bits_join(b->bits, b->meanwhile);
        gone = f->now;
        f->now = b->bits;
    }
    pthread_rwlock_unlock(&f->lock);
    bits_free(gone);
    bits_free(b->meanwhile);
}

static void *build(void *arg)
{
    struct build b = {.f = arg};
    int64_t began = when_monotonic();
    struct db_conn *conn = db_reader(b.f->st->db, NULL);
    int nice = getpriority(PRIO_PROCESS, (id_t)getpid());
    bool built;

    if (getpriority(PRIO_PROCESS, (id_t)gettid()) != nice) /* the writer began it, which goes before the others */
        setpriority(PRIO_PROCESS, (id_t)gettid(), nice);
    pthread_setname_np(pthread_self(), "dup-filter");
    built = conn != NULL && build_one(&b, conn);

    if (built)
        log_debug("dup", "a filter of %zu keys was built in %lld ms", (size_t)b.bits->n, (long long)(when_monotonic() - began));
    build_end(&b, built);
    db_conn_close(&conn);
    pthread_mutex_lock(&b.f->thread_lock);
    b.f->building = false;
    pthread_mutex_unlock(&b.f->thread_lock);
    return NULL;
}

static void start(struct dup_filter *f)
{
    sigset_t all, before;

    pthread_mutex_lock(&f->thread_lock);
    if (!f->building && !f->closing) {
        if (f->started)
            pthread_join(f->thread, NULL); /* at its end already */
        blame_mask(&all); /* signals are the main thread's */
        pthread_sigmask(SIG_SETMASK, &all, &before);
        f->started = f->building = pthread_create(&f->thread, NULL, build, f) == 0;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    pthread_mutex_unlock(&f->thread_lock);
}

/* ---- asking ---------------------------------------------------------------------------------- */
static bool lacking(const struct dup_filter *f)
{
    return f->now == NULL || f->now->n > f->now->most;
}

/* Each key has a line of memory that is in no cache: they come together. */
static void bits_fetch(const struct bits *b, const int64_t *hash, size_t n)
{
    uint64_t bit;

    for (size_t i = 0; b != NULL && i < n; i++)
        __builtin_prefetch((const void *)block_of(b, hash[i], &bit));
}

uint64_t dup_filter_which(struct dup_filter *f, const int64_t *hash, size_t n)
{
    uint64_t may = 0;

    pthread_rwlock_rdlock(&f->lock);
    bool lacks = lacking(f);
    bits_fetch(f->now, hash, n);
    for (size_t i = 0; i < n; i++)
        may |= (uint64_t)(f->now == NULL || bits_have(f->now, hash[i])) << i;
    pthread_rwlock_unlock(&f->lock);

    if (lacks && atomic_fetch_add(&f->looks, n) + n >= f->worth) {
        f->looks = 0; /* should it fail, it is tried again after as many */
        start(f);
    }
    return may;
}

bool dup_filter_may(struct dup_filter *f, int64_t hash)
{
    return dup_filter_which(f, &hash, 1) != 0;
}

void dup_filter_add_all(struct dup_filter *f, const int64_t *hash, size_t n)
{
    pthread_rwlock_rdlock(&f->lock);
    bits_fetch(f->now, hash, n);
    for (size_t i = 0; f->now != NULL && i < n; i++)
        bits_add(f->now, hash[i]);
    for (size_t i = 0; f->next != NULL && i < n; i++)
        bits_add(f->next, hash[i]);
    pthread_rwlock_unlock(&f->lock);
}

void dup_filter_add(struct dup_filter *f, int64_t hash)
{
    dup_filter_add_all(f, &hash, 1);
}

uint64_t dup_filter_begun(struct dup_filter *f)
{
    return atomic_load(&f->begun) + 1;
}

bool dup_filter_ready(struct dup_filter *f)
{
    pthread_rwlock_rdlock(&f->lock);
    bool ready = !lacking(f);
    pthread_rwlock_unlock(&f->lock);

    return ready;
}

bool dup_filter_coming(struct dup_filter *f, size_t looks, size_t to_come)
{
    if (dup_filter_ready(f))
        return false;
    if (looks >= f->worth) {
        f->to_come = to_come < COMING_MAX ? to_come : COMING_MAX;
        start(f);
    }
    pthread_rwlock_rdlock(&f->lock);
    bool none = f->now == NULL; /* one that is over-full tells nearly as much */
    pthread_rwlock_unlock(&f->lock);
    pthread_mutex_lock(&f->thread_lock);
    bool building = f->building;
    pthread_mutex_unlock(&f->thread_lock);

    return none && building;
}

struct dup_filter *dup_filter_new(struct store *st, size_t looks, size_t room)
{
    struct dup_filter *f = mem_alloc(sizeof(*f));

    f->st = st;
    f->worth = looks == 0 ? LOOKS : looks;
    f->room = room == 0 ? ROOM : room;
    pthread_rwlock_init(&f->lock, NULL);
    pthread_mutex_init(&f->thread_lock, NULL);
    return f;
}

void dup_filter_end(struct dup_filter *f)
{
    f->closing = true;
    pthread_mutex_lock(&f->thread_lock);
    bool started = f->started; /* nobody starts one any more */
    f->started = false;
    pthread_mutex_unlock(&f->thread_lock);
    if (started)
        pthread_join(f->thread, NULL);
}

void dup_filter_free(struct dup_filter **pf)
{
    struct dup_filter *f = *pf;

    if (f == NULL)
        return;
    dup_filter_end(f);
    bits_free(f->now);
    pthread_rwlock_destroy(&f->lock);
    pthread_mutex_destroy(&f->thread_lock);
    free(f);
    *pf = NULL;
}
