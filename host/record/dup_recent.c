/* dup_recent.c - duplicate keys on their way into the sorted table. */
#include "record/dup_recent.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/sort.h"
#include "base/when.h"

enum {
    MERGE_FROM = 32768,  /* keys: with fewer nearly each has a page of dup_key to itself */
    HURRY_FROM = 524288, /* from here on the writer need not be idle for it; with more, a page takes several keys */
    MERGE_MS = 8,        /* of one body */
    MERGE_LOOK = 64,     /* keys between two looks at the clock */
    BUCKETS_MIN = 8192,  /* a power of two */
    NOTES = 8,           /* keys that are noted together */
};

/* Entries stand in the order of their numbers; a bucket's are chained, newest first. */
struct entry {
    int64_t hash, rec, seq;
    int32_t tbl;
    uint32_t next; /* its place + 1; 0: none */
};

/* One sorting-in, over as many bodies as it takes: first by hash, then the notes are struck out. */
struct merge {
    struct db_work work;
    struct sort_pair *sorted; /* hashes and numbers; NULL: none is under way */
    size_t n, at;
    int64_t upto;
    bool done;
};

struct dup_recent {
    struct db *db;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t idle;
    struct entry *entry;
    size_t n, cap;
    uint32_t *bucket;
    size_t nbuckets;
    int64_t last; /* number */
    bool queued, closing;
    size_t sort_from;
    struct merge merge; /* the writer thread's */
    _Atomic uint64_t moved, *grew;
};

/* ---- in memory --------------------------------------------------------------------------- */
static uint32_t *bucket_of(struct dup_recent *r, int64_t hash)
{
    return &r->bucket[(size_t)hash & (r->nbuckets - 1)]; /* hashes are hashes already */
}

static void chain(struct dup_recent *r, size_t from)
{
    for (size_t i = from; i < r->n; i++) {
        uint32_t *b = bucket_of(r, r->entry[i].hash);

        r->entry[i].next = *b;
        *b = (uint32_t)i + 1;
    }
}

static void chain_all(struct dup_recent *r)
{
    memset(r->bucket, 0, r->nbuckets * sizeof(*r->bucket));
    chain(r, 0);
}

static void add(struct dup_recent *r, const struct entry *e)
{
    if (r->n == r->cap) {
        r->cap = r->cap == 0 ? BUCKETS_MIN : r->cap * 2;
        r->entry = mem_realloc(r->entry, r->cap * sizeof(*r->entry));
    }
    r->entry[r->n++] = *e;
    if (r->n <= r->nbuckets) {
        chain(r, r->n - 1);
        return;
    }
    r->nbuckets = r->nbuckets == 0 ? BUCKETS_MIN : r->nbuckets * 2;
    r->bucket = mem_realloc(r->bucket, r->nbuckets * sizeof(*r->bucket));
    chain_all(r);
}

/* With the lock held; NULL: not there. */
static const struct entry *first(struct dup_recent *r, int64_t hash)
{
    uint32_t at = r->nbuckets == 0 ? 0 : *bucket_of(r, hash);

    while (at != 0 && r->entry[at - 1].hash != hash)
        at = r->entry[at - 1].next;
    return at == 0 ? NULL : &r->entry[at - 1];
}

static const struct entry *after(struct dup_recent *r, const struct entry *e)
{
    const int64_t hash = e->hash;

    while (e->next != 0) {
        e = &r->entry[e->next - 1];
        if (e->hash == hash)
            return e;
    }
    return NULL;
}

size_t dup_recent_find(struct dup_recent *r, int64_t hash, struct dup_place *out, size_t max)
{
    size_t n = 0;

    pthread_mutex_lock(&r->lock);
    for (const struct entry *e = first(r, hash); e != NULL && n < max; e = after(r, e))
        out[n++] = (struct dup_place){e->tbl, e->rec};
    pthread_mutex_unlock(&r->lock);
    return n;
}

bool dup_recent_any(struct dup_recent *r, const int64_t *hash, size_t n)
{
    bool any = false;

    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; r->nbuckets > 0 && i < n; i++) /* none is in a cache: they come together, */
        __builtin_prefetch(bucket_of(r, hash[i]));
    for (size_t i = 0; r->nbuckets > 0 && i < n; i++) /* and what they lead to */
        if (*bucket_of(r, hash[i]) != 0)
            __builtin_prefetch(&r->entry[*bucket_of(r, hash[i]) - 1]);
    for (size_t i = 0; i < n && !any; i++)
        any = first(r, hash[i]) != NULL;
    pthread_mutex_unlock(&r->lock);
    return any;
}

void dup_recent_each(struct dup_recent *r, void (*fn)(void *arg, int64_t hash), void *arg)
{
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->n; i++)
        fn(arg, r->entry[i].hash);
    pthread_mutex_unlock(&r->lock);
}

/* What was sorted in is forgotten, and with it what bodies had noted that were undone. */
static void forget(struct dup_recent *r, int64_t upto)
{
    size_t gone = 0;

    while (gone < r->n && r->entry[gone].seq <= upto)
        gone++;
    r->n -= gone;
    memmove(r->entry, r->entry + gone, r->n * sizeof(*r->entry));
    if (r->nbuckets > BUCKETS_MIN && r->n < BUCKETS_MIN) {
        r->cap = r->nbuckets = BUCKETS_MIN;
        r->entry = mem_realloc(r->entry, r->cap * sizeof(*r->entry));
        r->bucket = mem_realloc(r->bucket, r->nbuckets * sizeof(*r->bucket));
    }
    if (r->nbuckets > 0)
        chain_all(r);
}

/* ---- sorting in, on the writer ------------------------------------------------------------ */
static void merge_begin(struct dup_recent *r)
{
    struct merge *m = &r->merge;

    pthread_mutex_lock(&r->lock);
    m->n = r->n;
    m->sorted = mem_realloc(NULL, (m->n + 1) * sizeof(*m->sorted));
    for (size_t i = 0; i < m->n; i++)
        m->sorted[i] = (struct sort_pair){r->entry[i].hash, r->entry[i].seq};
    m->upto = r->last;
    pthread_mutex_unlock(&r->lock);
    sort_pairs(m->sorted, m->n);
}

static void merge_end(struct merge *m)
{
    free(m->sorted);
    m->sorted = NULL;
    m->n = m->at = 0;
    m->done = false;
}

/* A note that was struck out or undone since gives no row. */
static int sort_in(struct db_conn *w, int64_t seq)
{
    struct db_stmt *s = db_prepare(w, "INSERT INTO dup_key (hash, tbl, rec) SELECT hash, tbl, rec FROM dup_todo"
                                      " WHERE seq = ? ON CONFLICT DO NOTHING");

    db_bind_int(s, 1, seq);
    return db_step(s);
}

static int merge_body(struct db_conn *w, void *arg)
{
    struct dup_recent *r = arg;
    struct merge *m = &r->merge;
    int64_t until = when_monotonic() + MERGE_MS;
    struct db_stmt *s;
    int rc = 0;

    if (m->sorted == NULL)
        merge_begin(r);
    for (; m->at < m->n && rc >= 0; m->at++) {
        if (m->at % MERGE_LOOK == 0 && when_monotonic() >= until)
            return 0;
        rc = sort_in(w, m->sorted[m->at].of);
    }
    if (rc < 0)
        return rc;
    s = db_prepare(w, "DELETE FROM dup_todo WHERE seq <= ?");
    db_bind_int(s, 1, m->upto);
    rc = db_step(s);
    m->done = rc >= 0;
    return rc;
}

static void merge_ask(struct dup_recent *r);

static void merge_done(void *arg, int rc)
{
    struct dup_recent *r = arg;
    struct merge *m = &r->merge;

    if (rc < 0) {
        log_warn("dup", "sort duplicate keys in: failed with %d, trying again later", rc);
        merge_end(m); /* from the beginning: what is there already does no harm */
    }
    pthread_mutex_lock(&r->lock);
    if (m->done) {
        forget(r, m->upto);
        atomic_fetch_add(&r->moved, 1);
        atomic_fetch_add(r->grew, 1);
        merge_end(m);
    }
    r->queued = false;
    if (rc >= 0)
        merge_ask(r);
    if (!r->queued)
        pthread_cond_signal(&r->idle);
    pthread_mutex_unlock(&r->lock);
}

/* With the lock held. */
static void merge_ask(struct dup_recent *r)
{
    if (r->queued || r->closing || (r->n < r->sort_from && r->merge.sorted == NULL))
        return;
    r->merge.work = (struct db_work){.body = merge_body, .done = merge_done, .arg = r,
                                     .low = r->n >= HURRY_FROM, .idle = r->n < HURRY_FROM};
    r->queued = db_submit(r->db, &r->merge.work) == 0;
}

/* ---- noting ------------------------------------------------------------------------------- */
int dup_recent_put(struct dup_recent *r, struct db_conn *w, const int64_t *hash, size_t n, int64_t tbl, int64_t rec)
{
    int rc = 0;

    for (size_t from = 0; from < n && rc >= 0; from += NOTES) {
        struct db_value v[NOTES][4];
        size_t k = n - from < NOTES ? n - from : NOTES;

        pthread_mutex_lock(&r->lock);
        for (size_t i = 0; i < k; i++) {
            const struct entry e = {.hash = hash[from + i], .rec = rec, .tbl = (int32_t)tbl, .seq = ++r->last};

            add(r, &e); /* at once: the next body is to see it; should this one be undone, no record will bear it out */
            v[i][0] = db_int(e.seq);
            v[i][1] = db_int(e.hash);
            v[i][2] = db_int(e.tbl);
            v[i][3] = db_int(e.rec);
        }
        merge_ask(r);
        pthread_mutex_unlock(&r->lock);
        rc = db_add_row(w, &(struct db_row){"dup_todo (seq, hash, tbl, rec)", 4, k, v[0], false, NULL});
    }
    return rc;
}

/* It stays in memory, for the body may be undone. */
int dup_recent_drop(struct dup_recent *r, struct db_conn *w, int64_t hash, int64_t tbl, int64_t rec)
{
    int64_t seq[8];
    size_t n = 0;
    int rc = 0;

    pthread_mutex_lock(&r->lock);
    for (const struct entry *e = first(r, hash); e != NULL && n < sizeof(seq) / sizeof(seq[0]); e = after(r, e))
        if (e->tbl == tbl && e->rec == rec)
            seq[n++] = e->seq; /* more than one when it came, went and came again */
    pthread_mutex_unlock(&r->lock);
    for (size_t i = 0; i < n && rc >= 0; i++) {
        struct db_stmt *s = db_prepare(w, "DELETE FROM dup_todo WHERE seq = ?");

        db_bind_int(s, 1, seq[i]);
        rc = db_step(s);
    }
    return rc;
}

int dup_recent_clear(struct db_conn *w, int64_t tbl)
{
    struct db_stmt *s = db_prepare(w, "DELETE FROM dup_todo WHERE tbl = ?");

    db_bind_int(s, 1, tbl);
    return db_step(s);
}

uint64_t dup_recent_moved(struct dup_recent *r)
{
    return atomic_load(&r->moved);
}

void dup_recent_move(struct dup_recent *r)
{
    atomic_fetch_add(&r->moved, 1);
}

/* ---- opening ------------------------------------------------------------------------------- */
struct dup_recent *dup_recent_new(struct db *db, struct db_conn *conn, _Atomic uint64_t *grew, size_t sort_from)
{
    struct dup_recent *r = mem_alloc(sizeof(*r));
    struct db_stmt *s = db_prepare(conn, "SELECT seq, hash, tbl, rec FROM dup_todo ORDER BY seq");
    int rc;

    r->db = db;
    r->grew = grew;
    r->sort_from = sort_from == 0 ? MERGE_FROM : sort_from;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->idle, NULL);
    while ((rc = db_step(s)) == DB_ROW) {
        struct entry e = {.seq = db_col_int(s, 0), .hash = db_col_int(s, 1), .tbl = (int32_t)db_col_int(s, 2),
                          .rec = db_col_int(s, 3)};

        r->last = e.seq;
        add(r, &e);
    }
    if (rc < 0)
        dup_recent_free(&r);
    return r;
}

void dup_recent_free(struct dup_recent **pr)
{
    struct dup_recent *r = *pr;

    if (r == NULL)
        return;
    pthread_mutex_lock(&r->lock);
    r->closing = true;
    while (r->queued)
        pthread_cond_wait(&r->idle, &r->lock);
    pthread_mutex_unlock(&r->lock);
    merge_end(&r->merge);
    pthread_cond_destroy(&r->idle);
    pthread_mutex_destroy(&r->lock);
    free(r->entry);
    free(r->bucket);
    free(r);
    *pr = NULL;
}
