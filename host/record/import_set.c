/* import_set.c - open addressing; the keys are hashes already. */
#include "record/import_set.h"

#include <stdlib.h>

#include "base/arena.h"

static struct import_slot *at(const struct import_set *s, int64_t hash)
{
    size_t i = (size_t)hash & (s->cap - 1);

    while (s->slot[i].row != 0 && s->slot[i].hash != hash)
        i = (i + 1) & (s->cap - 1);
    return &s->slot[i];
}

uint32_t import_set_get(const struct import_set *s, int64_t hash)
{
    return s->cap == 0 ? 0 : at(s, hash)->row;
}

void import_set_put(struct import_set *s, int64_t hash, uint32_t row)
{
    if (s->n * 2 >= s->cap) {
        struct import_set old = *s;

        s->cap = old.cap == 0 ? 4096 : old.cap * 2;
        s->slot = mem_alloc(s->cap * sizeof(*s->slot));
        for (size_t i = 0; i < old.cap; i++)
            if (old.slot[i].row != 0)
                *at(s, old.slot[i].hash) = old.slot[i];
        free(old.slot);
    }
    struct import_slot *slot = at(s, hash);

    if (slot->row == 0) {
        *slot = (struct import_slot){hash, row};
        s->n++;
    }
}

void import_set_free(struct import_set *s)
{
    free(s->slot);
    *s = (struct import_set){0};
}
