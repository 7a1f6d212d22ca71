/* due_memo.c - what the rules about falling back said, by what they look at. */
#include "record/due_memo.h"

#include <stdlib.h>
#include <string.h>

enum { MEMO_MAX = 200000, STORE_MAX = 1000 }; /* combinations kept; then it starts anew */

struct slot {
    uint64_t hash;
    const char *key;
    size_t len;
    struct due_answer *answer;
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

static struct slot *find(struct due_memo *m, uint64_t hash)
{
    size_t i = hash & (m->cap - 1);

    while (m->slots[i].answer != NULL &&
           (m->slots[i].hash != hash || m->slots[i].len != m->key.len || memcmp(m->slots[i].key, m->key.s, m->key.len) != 0))
        i = (i + 1) & (m->cap - 1);
    return &m->slots[i];
}

static void forget(struct due_memo *m)
{
    memset(m->slots, 0, m->cap * sizeof(*m->slots));
    arena_reset(m->a);
    m->n = 0;
}

static void grow(struct due_memo *m)
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

static void key_of(struct due_memo *m, const struct berth_row *r)
{
    struct buf *b = &m->key;

    buf_clear(b);
    for (int i = 0; i < m->nplaces; i++) {
        const struct berth_val *v = &r->v[m->place[i]];

        buf_add(b, (const char *)&v->type, sizeof(v->type));
        if (v->type == BERTH_NULL)
            continue;
        if (field_is_text(&m->t->fields[m->place[i]])) {
            buf_add(b, (const char *)&v->len, sizeof(v->len));
            buf_add(b, v->s, (size_t)v->len);
        } else {
            buf_add(b, (const char *)&v->i, sizeof(v->i));
        }
    }
}

struct due_memo *due_memo_new(struct due_asking *k)
{
    struct due_memo *m = mem_alloc(sizeof(*m));
    size_t n = (size_t)k->t->nfields;

    *m = (struct due_memo){.plan = k->plan, .t = k->t, .loose = due_loose(k), .learned = due_learned(k), .a = arena_new()};
    m->input = mem_alloc(n * sizeof(*m->input));
    m->place = mem_alloc(n * sizeof(*m->place));
    due_inputs(k, m->input);
    for (int i = 0; i < k->t->nfields; i++)
        if (m->input[i])
            m->place[m->nplaces++] = i;
    grow(m);
    return m;
}

void due_memo_free(struct due_memo **pm)
{
    struct due_memo *m = *pm;

    free(m->input);
    free(m->place);
    free(m->slots);
    buf_free(&m->key);
    arena_free(&m->a);
    free(m);
    *pm = NULL;
}

bool due_memo_ask(struct due_memo *m, struct due_asking *k, const struct berth_row *r, const struct due_answer **a)
{
    struct berth_ctx *c = k->c;
    struct arena *before = c->a;
    struct due_answer *answer;
    struct slot *at;
    uint64_t hash;
    bool ok;

    if (m->n >= (m->loose ? 1 : m->careful ? STORE_MAX : MEMO_MAX))
        forget(m);
    key_of(m, r);
    hash = hash_bytes(m->key.s, m->key.len);
    at = find(m, hash);
    *a = at->answer;
    if (at->answer != NULL)
        return true;
    c->a = m->a; /* answers live with the memo */
    k->silent = false;
    *a = answer = arena_alloc(m->a, sizeof(*answer));
    ok = due_ask(k, r, answer);
    c->a = before;
    for (int i = 0; c->rc != BERTH_OK && i < 5 && c->args[i] != NULL; i++)
        c->args[i] = arena_strdup(c->a, c->args[i]);
    m->asked++;
    m->n++;
    if (!ok || c->rc != BERTH_OK)
        return false;
    if (m->loose || (m->careful && k->silent))
        return true;
    *at = (struct slot){hash, arena_strndup(m->a, m->key.s, m->key.len), m->key.len, answer};
    if (m->n * 2 > m->cap)
        grow(m);
    return true;
}

bool due_memo_stale(const struct due_memo *m, struct due_asking *k)
{
    return m->learned != due_learned(k);
}

/* ---- the store's ---------------------------------------------------------------------------------------- */
static void drop(struct due_memo **at)
{
    struct due_memo *m = *at;

    *at = m->next;
    due_memo_free(&m);
}

void due_memo_forget(struct store *st)
{
    while (st->due_memos != NULL)
        drop(&st->due_memos);
}

static struct due_memo *memo_for(struct due_asking *k)
{
    struct due_memo **at = &k->c->st->due_memos;

    while (*at != NULL && (*at)->t != k->t)
        at = &(*at)->next;
    if (*at != NULL && ((*at)->plan != k->plan || due_memo_stale(*at, k)))
        drop(at);
    if (*at == NULL || (*at)->t != k->t) {
        struct due_memo *m = due_memo_new(k);

        m->careful = true;
        m->next = *at;
        *at = m;
    }
    return *at;
}

bool due_memo_recall(struct due_asking *k, const struct berth_row *r, struct due_answer *out)
{
    const struct due_answer *a;

    if (!due_memo_ask(memo_for(k), k, r, &a))
        return false;
    *out = *a;
    out->why = a->why == NULL ? NULL : arena_strdup(k->c->a, a->why);
    for (size_t i = 0; i < a->nremind; i++)
        out->remind[i].text = a->remind[i].text == NULL ? NULL : arena_strdup(k->c->a, a->remind[i].text);
    return true;
}
