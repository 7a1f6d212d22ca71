/* sort.c - in place, by one byte after the other from the highest on. */
#include "base/sort.h"

enum { FEW = 48 };

static uint64_t rank(int64_t key)
{
    return (uint64_t)key ^ UINT64_C(1) << 63;
}

static void insertion(struct sort_pair *p, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct sort_pair one = p[i];
        size_t at = i;

        for (; at > 0 && p[at - 1].key > one.key; at--)
            p[at] = p[at - 1];
        p[at] = one;
    }
}

/* Each pair goes to its byte's part of the list, and what stood there is the next to be moved. */
static void by_byte(struct sort_pair *p, size_t n, int shift)
{
    size_t count[256] = {0}, next[256], end[256], at = 0;

    if (n <= FEW) {
        insertion(p, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        count[rank(p[i].key) >> shift & 255]++;
    for (int b = 0; b < 256; b++) {
        next[b] = at;
        end[b] = at += count[b];
    }
    for (int b = 0; b < 256; b++)
        while (next[b] < end[b]) {
            struct sort_pair one = p[next[b]];

            for (int to; (to = (int)(rank(one.key) >> shift & 255)) != b;) {
                struct sort_pair other = p[next[to]];

                p[next[to]++] = one;
                one = other;
            }
            p[next[b]++] = one;
        }
    for (int b = 0; b < 256 && shift > 0; b++)
        by_byte(p + end[b] - count[b], count[b], shift - 8);
}

void sort_pairs(struct sort_pair *p, size_t n)
{
    by_byte(p, n, 56);
}
