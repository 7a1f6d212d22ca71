/* recycle_scan.c - asking the rules about many records: once for each combination of what they look at. */
#include <stdlib.h>
#include <string.h>

#include "record/due.h"
#include "record/recycle.h"

enum { MEMO_MAX = 200000 }; /* combinations kept; then it starts anew */

/* An open hash of key bytes to answers. */
struct memo {
    struct slot {
        uint64_t hash;
        const char *key;
        size_t len;
        struct due_answer *answer;
    } *slots;
    size_t cap, n;
    struct arena *a;
    struct buf key;
};

static uint64_t hash_bytes(const char *s, size_t n)
{
    uint64_t h = 0x9e3779b97f4a7c15u ^ n;

    for (; n >= 8; s += 8, n -= 8) {
        uint64_t w;

        memcpy(&w, s, 8);
        h = (h ^ w) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    for (; n > 0; n--)
        h = (h ^ (unsigned char)*s++) * 0x100000001b3u;
    return h ^ h >> 29;
}

static struct slot *find(struct memo *m, uint64_t hash)
{
    size_t i = hash & (m->cap - 1);

    while (m->slots[i].answer != NULL &&
           (m->slots[i].hash != hash || m->slots[i].len != m->key.len || memcmp(m->slots[i].key, m->key.s, m->key.len) != 0))
        i = (i + 1) & (m->cap - 1);
    return &m->slots[i];
}

static void forget(struct memo *m)
{
    memset(m->slots, 0, m->cap * sizeof(*m->slots));
    arena_reset(m->a);
    m->n = 0;
}

static void grow(struct memo *m)
{
    struct slot *old = m->slots;
    size_t n = m->cap;

    m->cap = n == 0 ? 16 : n * 4;
    m->slots = mem_alloc(m->cap * sizeof(*m->slots));
    for (size_t i = 0; i < n; i++)
        if (old[i].answer != NULL) {
            size_t at = old[i].hash & (m->cap - 1);

            while (m->slots[at].answer != NULL)
                at = (at + 1) & (m->cap - 1);
            m->slots[at] = old[i];
        }
    free(old);
}

static void key_of(struct recycle_scan *s)
{
    struct buf *b = &s->memo->key;

    buf_clear(b);
    for (int i = 0; i < s->ncolumns; i++) {
        const struct berth_val *v = &s->row->v[s->place[i]];

        if (!s->input[s->place[i]])
            continue;
        buf_add(b, (const char *)&v->type, sizeof(v->type));
        if (v->type == BERTH_NULL)
            continue;
        if (field_is_text(&s->row->t->fields[s->place[i]])) {
            buf_add(b, (const char *)&v->len, sizeof(v->len));
            buf_add(b, v->s, (size_t)v->len);
        } else {
            buf_add(b, (const char *)&v->i, sizeof(v->i));
        }
    }
}

/* Reads straight from the statement: text stays where it is until the next row. */
static struct berth_val read(struct db_stmt *s, int col, const struct field *f)
{
    size_t n;
    const char *text;

    if (db_col_is_null(s, col))
        return berth_nil();
    if (field_is_text(f)) {
        text = db_col_text(s, col, &n);
        return n == 0 ? berth_nil() : (struct berth_val){(f->flags & BERTH_MANY) ? BERTH_TEXT : (int32_t)f->type, (int32_t)n, {.s = text}};
    }
    if (f->type == BERTH_REAL)
        return (struct berth_val){BERTH_REAL, 0, {.d = db_col_real(s, col)}};
    return (struct berth_val){(int32_t)f->type, 0, {.i = db_col_int(s, col)}};
}

/* ---- the scan ---------------------------------------------------------------------------------------- */
static bool wanted(const struct recycle_scan *s, const struct field *f)
{
    const struct table *t = f->table;

    return s->loose || s->input[f->at] || f->type == BERTH_DATE || f->type == BERTH_TIME || f->at == F_ID ||
           f->at == t->at_owner || f->at == t->at_locked || due_field(f) || f == t->title;
}

void recycle_scan_open(struct recycle_scan *s, struct due_asking *k, const char *where)
{
    const struct table *t = k->t;
    struct buf sql = BUF_INIT;
    struct berth_ctx *c = k->c;

    *s = (struct recycle_scan){.k = k, .row = row_new(c, t), .loose = due_loose(k), .memo = mem_alloc(sizeof(*s->memo))};
    s->memo->a = arena_new();
    grow(s->memo);
    s->input = arena_alloc(c->a, (size_t)t->nfields * sizeof(*s->input));
    s->place = arena_alloc(c->a, (size_t)t->nfields * sizeof(*s->place));
    s->learned = due_learned(k);
    due_inputs(k, s->input);
    buf_puts(&sql, "SELECT ");
    for (int i = 0; i < t->nfields; i++)
        if (wanted(s, &t->fields[i])) {
            buf_addf(&sql, "%s%s", s->ncolumns > 0 ? ", " : "", t->fields[i].name);
            s->place[s->ncolumns++] = i;
        }
    buf_addf(&sql, " FROM %s WHERE %s", t->sql, where);
    s->s = db_prepare(c->conn, buf_str(&sql));
    buf_free(&sql);
}

int recycle_scan_next(struct recycle_scan *s)
{
    int rc = db_step(s->s);

    for (int i = 0; rc == DB_ROW && i < s->ncolumns; i++)
        s->row->v[s->place[i]] = read(s->s, i, &s->row->t->fields[s->place[i]]);
    return rc;
}

bool recycle_scan_ask(struct recycle_scan *s, struct due_answer **a)
{
    struct memo *m = s->memo;
    struct berth_ctx *c = s->k->c;
    struct arena *before = c->a;
    struct slot *at;
    uint64_t hash;
    bool ok;

    if (m->n >= (s->loose ? 1 : MEMO_MAX))
        forget(m);
    key_of(s);
    hash = hash_bytes(m->key.s, m->key.len);
    at = find(m, hash);
    if (at->answer == NULL) {
        c->a = m->a; /* answers live with the memo */
        *at = (struct slot){hash, arena_strndup(m->a, m->key.s, m->key.len), m->key.len, arena_alloc(m->a, sizeof(*at->answer))};
        ok = due_ask(s->k, s->row, at->answer);
        c->a = before;
        *a = at->answer;
        s->asked++;
        if (++m->n * 2 > m->cap && !s->loose)
            grow(m);
        return ok && c->rc == BERTH_OK;
    }
    *a = at->answer;
    return true;
}

bool recycle_scan_stale(struct recycle_scan *s)
{
    return s->learned != due_learned(s->k);
}

void recycle_scan_close(struct recycle_scan *s)
{
    db_reset(s->s);
    free(s->memo->slots);
    buf_free(&s->memo->key);
    arena_free(&s->memo->a);
    free(s->memo);
    s->memo = NULL;
}
