/* dup_stage.c - keys of one table in a growing list, found through a table of its places.
 *
 * A key's place in that table grows with its hash, so that the table read from one end to the other has the keys nearly in the
 * order in which they go into their index: a merge sorts a few at a time and needs no copy of them all. */
#include "record/dup_stage.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/sort.h"
#include "base/when.h"
#include "record/dup.h"
#include "record/dup_filter.h"

enum { SLICE_MS = 60, SLICE_MIN_MS = 4, LOOK = 256, BLOCK = 1 << 16, STRETCH = 4096 /* slots sorted at a time */ };

struct dup_stage {
    pthread_rwlock_t lock;
    _Atomic size_t n; /* looked at without the lock: mostly it is 0 */
    int64_t tbl;
    struct dup_staged **block; /* of BLOCK keys: a list that grows to tens of megabytes would be there twice for a moment */
    size_t blocks;
    uint32_t *slot; /* place in the list + 1; 0: free */
    size_t slots;
};

struct dup_stage *dup_stage_new(void)
{
    struct dup_stage *s = mem_alloc(sizeof(*s));

    pthread_rwlock_init(&s->lock, NULL);
    return s;
}

static struct dup_staged *key(const struct dup_stage *s, size_t at)
{
    return &s->block[at / BLOCK][at % BLOCK];
}

static void empty(struct dup_stage *s)
{
    for (size_t i = 0; i < s->blocks; i++)
        free(s->block[i]);
    free(s->block);
    free(s->slot);
    s->block = NULL;
    s->slot = NULL;
    s->blocks = s->slots = 0;
    s->n = 0;
}

void dup_stage_free(struct dup_stage **s)
{
    if (*s == NULL)
        return;
    empty(*s);
    pthread_rwlock_destroy(&(*s)->lock);
    free(*s);
    *s = NULL;
}

static size_t home(const struct dup_stage *s, int64_t hash)
{
    uint64_t rank = (uint64_t)hash ^ UINT64_C(1) << 63; /* negative ones come first */

    return (size_t)((rank >> 32) * s->slots >> 32);
}

static void place(struct dup_stage *s, size_t at)
{
    size_t i = home(s, key(s, at)->hash);

    while (s->slot[i] != 0)
        i = (i + 1) & (s->slots - 1);
    s->slot[i] = (uint32_t)at + 1;
}

static void grow(struct dup_stage *s)
{
    if (s->n == s->blocks * BLOCK) {
        s->block = mem_realloc(s->block, (s->blocks + 1) * sizeof(*s->block));
        s->block[s->blocks++] = mem_realloc(NULL, BLOCK * sizeof(**s->block));
    }
    if (s->n * 8 < s->slots * 7)
        return;
    free(s->slot);
    s->slots = s->slots == 0 ? 8192 : s->slots * 2;
    s->slot = mem_alloc(s->slots * sizeof(*s->slot));
    for (size_t i = 0; i < s->n; i++)
        place(s, i);
}

void dup_stage_add(struct store *st, int64_t tbl, const struct dup_staged *list, size_t n)
{
    struct dup_stage *s = st->staged;

    pthread_rwlock_wrlock(&s->lock);
    s->tbl = tbl;
    for (size_t i = 0; i < n; i++) {
        dup_filter_add(st->filter, list[i].hash);
        grow(s);
        *key(s, s->n) = list[i];
        place(s, s->n);
        s->n++;
    }
    pthread_rwlock_unlock(&s->lock);
    dup_recent_move(st->recent); /* who looked for one of them before is to look again */
}

/* ---- as they are kept: 16 hexadecimal digits a key, a semicolon behind each record's ------------------------- */
void dup_stage_text(struct buf *out, const int64_t *hash, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    char one[17];

    for (size_t i = 0; i < n; i++) {
        uint64_t h = (uint64_t)hash[i];

        for (int k = 15; k >= 0; k--, h >>= 4)
            one[k] = digits[h & 15];
        buf_add(out, one, 16);
    }
    buf_putc(out, ';');
}

int dup_stage_keep(struct db_conn *w, int64_t tbl, int64_t first, const struct buf *texts)
{
    struct db_stmt *s = db_prepare(w, "INSERT INTO dup_part (tbl, first_rec, hashes) VALUES (?, ?, ?)");
    int rc;

    db_bind_int(s, 1, tbl);
    db_bind_int(s, 2, first);
    db_bind_text(s, 3, texts->s, (int64_t)texts->len);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? rc : 0;
}

static int64_t key_at(const char *digits)
{
    uint64_t h = 0;

    for (int k = 0; k < 16; k++)
        h = h << 4 | (uint64_t)(digits[k] <= '9' ? digits[k] - '0' : digits[k] - 'a' + 10);
    return (int64_t)h;
}

static void load_part(struct store *st, int64_t tbl, int64_t rec, const char *at, const char *end)
{
    struct dup_staged list[LOOK];
    size_t n = 0;

    while (at < end)
        if (*at == ';') {
            at++;
            rec++;
        } else if (end - at > 16) {
            list[n++] = (struct dup_staged){key_at(at), rec};
            at += 16;
            if (n == LOOK) {
                dup_stage_add(st, tbl, list, n);
                n = 0;
            }
        } else {
            break;
        }
    dup_stage_add(st, tbl, list, n);
}

int dup_stage_load(struct store *st, struct db_conn *conn)
{
    struct db_stmt *s = db_prepare(conn, "SELECT tbl, first_rec, hashes FROM dup_part ORDER BY seq");
    int rc;

    while ((rc = db_step(s)) == DB_ROW) {
        size_t n;
        const char *hashes = db_col_text(s, 2, &n);

        load_part(st, db_col_int(s, 0), db_col_int(s, 1), hashes, hashes + n);
    }
    db_reset(s);
    return rc < 0 ? -1 : 0;
}

size_t dup_stage_count(struct store *st)
{
    return st->staged->n;
}

int64_t dup_stage_table(struct store *st)
{
    return st->staged->tbl;
}

size_t dup_stage_find(struct store *st, int64_t hash, struct dup_place *out, size_t max)
{
    struct dup_stage *s = st->staged;
    size_t found = 0;

    if (s->n == 0)
        return 0;
    pthread_rwlock_rdlock(&s->lock);
    for (size_t i = s->slots == 0 ? 0 : home(s, hash); s->n > 0 && s->slot[i] != 0 && found < max; i = (i + 1) & (s->slots - 1))
        if (key(s, s->slot[i] - 1)->hash == hash)
            out[found++] = (struct dup_place){s->tbl, key(s, s->slot[i] - 1)->rec};
    pthread_rwlock_unlock(&s->lock);
    return found;
}

void dup_stage_each(struct store *st, void (*fn)(void *arg, int64_t hash), void *arg)
{
    struct dup_stage *s = st->staged;

    pthread_rwlock_rdlock(&s->lock);
    for (size_t i = 0; i < s->n; i++)
        fn(arg, key(s, i)->hash);
    pthread_rwlock_unlock(&s->lock);
}

/* ---- merging ---------------------------------------------------------------------------------------- */
struct merge {
    struct store *st;
    size_t upto; /* slots whose keys are in the list, or have been */
    struct sort_pair *list;
    size_t n, at, cap;
};

/* The keys that belong into the next slots, in order.  Where others were before them they stand further on, with no free slot between. */
static void next_stretch(struct merge *m)
{
    const struct dup_stage *s = m->st->staged;
    size_t from = m->upto, upto = from + STRETCH < s->slots ? from + STRETCH : s->slots;

    m->n = m->at = 0;
    for (size_t i = from; i < upto || s->slot[i & (s->slots - 1)] != 0; i++) {
        uint32_t of = s->slot[i & (s->slots - 1)];
        size_t belongs = of == 0 ? s->slots : home(s, key(s, of - 1)->hash);

        if (belongs < from || belongs >= upto)
            continue;
        if (m->n == m->cap) {
            m->cap = m->cap == 0 ? STRETCH : m->cap * 2;
            m->list = mem_realloc(m->list, m->cap * sizeof(*m->list));
        }
        m->list[m->n++] = (struct sort_pair){key(s, of - 1)->hash, key(s, of - 1)->rec};
    }
    sort_pairs(m->list, m->n);
    m->upto = upto;
}

static bool merged(const struct merge *m)
{
    return m->at == m->n && m->upto >= m->st->staged->slots;
}

/* In the commit that ends the merge.  Cut off before that, it is done again: what is there does no harm. */
static int strike_out(struct db_conn *w)
{
    return db_step(db_prepare(w, "DELETE FROM dup_part"));
}

static int merge_body(struct db_conn *w, void *arg)
{
    struct merge *m = arg;
    struct db_stmt *s = db_prepare(w, DUP_ADD);
    int64_t began = when_monotonic(), took;

    for (size_t n = 1; !merged(m); n++) {
        int rc;

        if (m->at == m->n) {
            next_stretch(m);
            continue;
        }
        db_bind_int(s, 1, m->list[m->at].key);
        db_bind_int(s, 2, m->st->staged->tbl);
        db_bind_int(s, 3, m->list[m->at].of);
        rc = db_step(s);
        if (rc < 0)
            return rc;
        m->at++;
        took = n % LOOK == 0 ? when_monotonic() - began : 0;
        if (took >= SLICE_MS || (took >= SLICE_MIN_MS && db_wanted(m->st->db)))
            break;
    }
    db_reset(s);
    return merged(m) ? strike_out(w) : 0;
}

int dup_stage_merge(struct store *st, const atomic_bool *stop)
{
    struct merge m = {.st = st};
    int rc = 0;

    while (!merged(&m) && rc == 0 && (stop == NULL || !atomic_load(stop)))
        rc = db_write_low(st->db, merge_body, &m);
    free(m.list);
    if (rc != 0 || !merged(&m))
        return -1;
    dup_recent_move(st->recent); /* who looked into dup_key before looks again */
    pthread_rwlock_wrlock(&st->staged->lock);
    empty(st->staged);
    pthread_rwlock_unlock(&st->staged->lock);
    return 0;
}
