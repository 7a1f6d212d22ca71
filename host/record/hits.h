/* hits.h - the search box over all tables: the best records of each, and what in them was found. */
#ifndef BERTH_HITS_H
#define BERTH_HITS_H

#include "record/search.h"

enum { HITS_MOST = 20 }; /* of one table */

/* {"results":[…],"groups":[…]} appended to out: of every table that the user may read and that has
 * BERTH_SEARCH fields (only: names of some, "lead,contact"; NULL: all) at most `most` records, the best
 * first:
 *   a title, number, phone or address that is what was typed
 *   a title that begins with it
 *   a word that begins with it
 *   what has it elsewhere
 * and among equals one's own before others', what was worked on last before the rest.  A table has so
 * many milliseconds; what was found until then is the answer, and its group says so. */
int hits_json(struct berth_ctx *c, const char *typed, const char *only, int most, int64_t table_ms, int64_t deadline,
              struct buf *out);

/* Those of one table, by the same order: up to `most` ids. */
size_t hits_of(struct berth_ctx *c, const struct table *t, const char *typed, size_t most, int64_t *ids);

/* Places in text as JavaScript counts them: "[[0,2],[5,6]]". */
void hits_marks_json(struct json *j, const char *s, const struct text_mark *marks, size_t n);

#endif
