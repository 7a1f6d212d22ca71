/* import_set.h - from a hash to a small number: which row of a file first had a duplicate key. */
#ifndef BERTH_IMPORT_SET_H
#define BERTH_IMPORT_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct import_set { /* two arrays: a million rows have three million keys */
    int64_t *hash;
    uint32_t *of; /* 0: free */
    size_t cap, n;
};

uint32_t import_set_get(const struct import_set *s, int64_t hash); /* 0: not there */
/* Keeps the first; false when there was one. */
void import_set_reserve(struct import_set *s, size_t n); /* so many are expected: no more memory than they take */
bool import_set_put(struct import_set *s, int64_t hash, uint32_t of);
void import_set_set(struct import_set *s, int64_t hash, uint32_t of); /* of one that is there */
void import_set_free(struct import_set *s);

#endif
