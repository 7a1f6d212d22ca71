/* import_set.c - open addressing; the keys are hashes already. */
#include "record/import_set.h"

#include <stdlib.h>

#include "base/arena.h"

static size_t at(const struct import_set *s, int64_t hash)
{
    uint64_t mixed = (uint64_t)hash * UINT64_C(0x9E3779B97F4A7C15) >> 32;
    size_t i = (size_t)(mixed * s->cap >> 32);

    while (s->of[i] != 0 && s->hash[i] != hash)
        i = i + 1 == s->cap ? 0 : i + 1;
    return i;
}

uint32_t import_set_get(const struct import_set *s, int64_t hash)
{
    return s->cap == 0 ? 0 : s->of[at(s, hash)];
}

static void resize(struct import_set *s, size_t cap)
{
    struct import_set old = *s;

    s->cap = cap;
    s->hash = mem_alloc(s->cap * sizeof(*s->hash));
    s->of = mem_alloc(s->cap * sizeof(*s->of));
    for (size_t i = 0; i < old.cap; i++)
        if (old.of[i] != 0) {
            size_t to = at(s, old.hash[i]);

            s->hash[to] = old.hash[i];
            s->of[to] = old.of[i];
        }
    import_set_free(&old);
}

void import_set_reserve(struct import_set *s, size_t n)
{
    size_t cap = n + n / 5;

    if (cap > s->cap + s->cap / 20 && cap < UINT32_MAX) /* for a little more it would be there twice for a moment */
        resize(s, cap);
}

bool import_set_put(struct import_set *s, int64_t hash, uint32_t of)
{
    if (s->n * 10 >= s->cap * 9)
        resize(s, s->cap == 0 ? 4096 : s->cap * 2);
    size_t i = at(s, hash);

    if (s->of[i] != 0)
        return false;
    s->hash[i] = hash;
    s->of[i] = of;
    s->n++;
    return true;
}

void import_set_set(struct import_set *s, int64_t hash, uint32_t of)
{
    s->of[at(s, hash)] = of;
}

void import_set_free(struct import_set *s)
{
    free(s->hash);
    free(s->of);
    *s = (struct import_set){0};
}
