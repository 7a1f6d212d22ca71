/* asof.h - a record as it was at a moment, from its history. */
#ifndef BERTH_ASOF_H
#define BERTH_ASOF_H

#include "record/row.h"
#include "record/where.h"

/* r as it was at `at` (ms); NULL fails the ctx: it was not there yet.  r is the record as it is now, which the
 * user sees; fields he may not read stay hidden as ever. */
struct berth_row *record_at(struct berth_ctx *c, const struct berth_row *r, int64_t at);
/* Whether it says again what it said when it had that version: what was changed since was changed back.  False where its
 * history does not go back so far. */
bool record_is_again(struct berth_ctx *c, const struct berth_row *now, int64_t version);
/* What a search means then: each word stands in a field that searches look at and the user reads.  NULL: no words, or the
 * ctx's error. */
const struct where *asof_search(struct berth_ctx *c, const struct table *t, const char *text);
/* "2026-11-22T08:00:00Z" in ms; false fails the ctx on `at`: no time, or a table without history. */
bool asof_moment(struct berth_ctx *c, const struct table *t, const char *text, int64_t *ms);
/* {"rows":[…],"refs":…,"next":"cursor"|null}: the records of then that the user may see now and that w (NULL: all)
 * held for then, by falling id, those below `after` (0: the first page).  A page may come short, for a request
 * looks at a few thousand records at most: there is more as long as `next` says so.  fields: as find_fields() takes them. */
int asof_page(struct berth_ctx *c, const struct table *t, const struct where *w, int64_t at, int64_t after, int64_t limit,
              const char *fields, struct buf *out);

/* The same for code: each record of then in turn, until time is up (when_monotonic()); a record lives as long as the call.
 * Returns whether all were looked at; false with or without the ctx's error. */
bool asof_each(struct berth_ctx *c, const struct table *t, const struct where *w, int64_t at, int64_t until,
               void (*each)(const struct berth_row *, void *), void *arg);

#endif
