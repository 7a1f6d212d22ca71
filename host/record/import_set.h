/* import_set.h - which row of a file first had a duplicate key: hash to row number. */
#ifndef BERTH_IMPORT_SET_H
#define BERTH_IMPORT_SET_H

#include <stddef.h>
#include <stdint.h>

struct import_set {
    struct import_slot {
        int64_t hash;
        uint32_t row; /* 0: free */
    } *slot;
    size_t cap, n;
};

uint32_t import_set_get(const struct import_set *s, int64_t hash); /* 0: not there */
void import_set_put(struct import_set *s, int64_t hash, uint32_t row); /* keeps the first */
void import_set_free(struct import_set *s);

#endif
