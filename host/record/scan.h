/* scan.h - the rows of a list that somebody may see, in the list's order. */
#ifndef BERTH_SCAN_H
#define BERTH_SCAN_H

#include "record/row.h"
#include "record/search.h"
#include "record/where.h"

struct scan {
    const struct table *t;
    const char *columns;           /* what a row is to have: "t.name, t.phone" */
    const struct where_query *q;   /* condition, order, and how many rows at most */
    const char *search;            /* what stands in the search box, or NULL */
    enum search_how how;           /* SEARCH_TITLES, or nothing: an order in .q says it */
    const struct berth_val *after; /* sort keys and id of the row to begin behind, or NULL */
    /* Called for each row: its sort keys stand in columns 0.., its id behind them, .columns from `first` on (a list by
     * id may have the id as the first of .columns only, and `first` is 0). */
    void (*row)(void *arg, struct db_stmt *s, int first);
    void *arg;
};
/* For .row: the sort keys of the row and its id, in the ctx's arena. */
void scan_key(struct berth_ctx *c, const struct where_query *q, struct db_stmt *s, struct berth_val *key);
/* BERTH_OK or the ctx's error. */
int scan_rows(struct berth_ctx *c, const struct scan *s);
/* How many there are, but at most `most`. */
int64_t scan_count(struct berth_ctx *c, const struct table *t, const struct where *w, const char *search, int64_t most);

/* Every record that a question finds and the user may read, in no order: a column for each of the n fields, as the user
 * may know them.  NULL: nothing is visible, or the ctx failed. */
struct db_stmt *scan_all(struct berth_ctx *c, const struct table *t, const struct field *const *fields, size_t n,
                         const struct where *w, const char *search);

/* How many rows a walk passes: for each one wanted by id; in another order; there with a filter.  Tests make it
 * short. */
void scan_walks(int64_t per_row, int64_t sorted, int64_t filtered);

#endif
