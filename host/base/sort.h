/* sort.h - pairs of a number and what belongs to it, sorted by the number; for hashes by the million, where
 * qsort() takes memory for a copy and four times as long. */
#ifndef BERTH_SORT_H
#define BERTH_SORT_H

#include <stddef.h>
#include <stdint.h>

struct sort_pair {
    int64_t key, of;
};

void sort_pairs(struct sort_pair *p, size_t n); /* of equal keys: in any order */

#endif
