/* nearest.c - edit distance over short words (insert, delete, replace, swap of neighbours). */
#include "base/nearest.h"

#include <string.h>

enum { LONGEST = 40 };

static size_t least(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;

    return m < c ? m : c;
}

static size_t distance(const char *a, const char *b)
{
    size_t na = strlen(a), nb = strlen(b);
    size_t rows[3][LONGEST + 1]; /* row i stands at rows[i % 3] */

    if (na > LONGEST || nb > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= nb; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t *now = rows[i % 3];
        const size_t *up = rows[(i - 1) % 3], *up2 = rows[(i + 1) % 3];

        now[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            now[j] = least(up[j] + 1, now[j - 1] + 1, up[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], up2[j - 2] + 1, now[j]);
        }
    }
    return rows[na % 3][nb];
}

struct nearest nearest_to(const char *word)
{
    size_t n = strlen(word);

    /* One mistake in a short word, one in three letters of a longer one. */
    return (struct nearest){.word = word, .distance = (n < 3 ? 1 : 1 + n / 3) + 1};
}

void nearest_try(struct nearest *n, const char *candidate)
{
    size_t d = distance(n->word, candidate);

    if (d < n->distance) {
        n->distance = d;
        n->best = candidate;
    }
}
