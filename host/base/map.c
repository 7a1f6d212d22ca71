/* map.c - open addressing with FNV-1a.  Keys are names from declarations, never from clients, so
 * no keyed hash is needed. */
#include "base/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

static size_t hash(const char *s, size_t n)
{
    uint64_t h = 1469598103934665603u;

    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)s[i]) * 1099511628211u;
    return (size_t)(h ^ (h >> 32));
}

static struct map_slot *find(const struct map *m, const char *key, size_t n)
{
    size_t i = hash(key, n) & (m->cap - 1);

    while (m->slots[i].key != NULL &&
           (strncmp(m->slots[i].key, key, n) != 0 || m->slots[i].key[n] != '\0'))
        i = (i + 1) & (m->cap - 1);
    return &m->slots[i];
}

void *map_getn(const struct map *m, const char *key, size_t len)
{
    return m->cap == 0 ? NULL : find(m, key, len)->value;
}

void *map_get(const struct map *m, const char *key)
{
    return map_getn(m, key, strlen(key));
}

static void grow(struct map *m)
{
    struct map old = *m;

    m->cap = old.cap == 0 ? 16 : old.cap * 2;
    m->slots = mem_alloc(m->cap * sizeof(*m->slots));
    for (size_t i = 0; i < old.cap; i++)
        if (old.slots[i].key != NULL)
            *find(m, old.slots[i].key, strlen(old.slots[i].key)) = old.slots[i];
    free(old.slots);
}

void *map_put(struct map *m, const char *key, void *value)
{
    struct map_slot *slot;
    void *before;

    if ((m->len + 1) * 2 > m->cap)
        grow(m);
    slot = find(m, key, strlen(key));
    before = slot->value;
    if (slot->key == NULL)
        m->len++;
    *slot = (struct map_slot){key, value};
    return before;
}

void map_free(struct map *m)
{
    free(m->slots);
    *m = (struct map){0};
}
