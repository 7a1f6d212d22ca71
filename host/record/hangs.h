/* hangs.h - what hangs on a record without being one: files, notes, tags, followers; moved to another and back. */
#ifndef BERTH_HANGS_H
#define BERTH_HANGS_H

#include "record/row.h"

/* Where such things stand: each has the columns tbl and rec. */
extern const char *const hangs_tables[]; /* ... NULL */

struct hang { /* on which record */
    int64_t tbl, rec;
};

/* All that hangs there goes to the other place, but tags and followers that it has already.  Told is each row that
 * moved: its table and what identifies it beside the place.  `few`: only tags and followers. */
int hangs_move(struct berth_ctx *c, struct hang from, struct hang to, bool few,
               int (*moved)(struct berth_ctx *c, void *arg, const char *table, int64_t key), void *arg);
/* One of them back, if it still hangs there. */
int hangs_back(struct berth_ctx *c, const char *table, int64_t key, struct hang from, struct hang to);
bool hangs_file(struct berth_ctx *c, const struct berth_row *r, int64_t id); /* whether that file is attached to the record */
bool hangs_is(const char *table); /* tags or followers */

/* A record that becomes another for a while: what hangs on it goes along, and comes back. */
int hangs_carry(struct berth_ctx *c, const struct berth_row *from, const struct berth_row *to);
int hangs_return(struct berth_ctx *c, const struct berth_row *to);

#endif
