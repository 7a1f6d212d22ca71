/* nearest.h - "did you mean": the known word that a misspelt one was probably meant to be. */
#ifndef BERTH_NEAREST_H
#define BERTH_NEAREST_H

#include <stddef.h>

/* Keeps the best of the words shown to it one after the other:
 *     struct nearest n = nearest_to("lissten");
 *     for (...) nearest_try(&n, names[i]);
 *     if (n.best != NULL) ...                     */
struct nearest {
    const char *word, *best; /* best is NULL while nothing is near enough */
    size_t distance;
};

struct nearest nearest_to(const char *word);
void nearest_try(struct nearest *n, const char *candidate);

#endif
