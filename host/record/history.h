/* history.h - a record's history as people read it. */
#ifndef BERTH_HISTORY_H
#define BERTH_HISTORY_H

#include <jansson.h>

#include "record/row.h"

/* {"entries":[…],"refs":…,"next":…} newest first. */
int history_page(struct berth_ctx *c, const struct berth_row *r, int64_t before, int limit, struct buf *out);
/* The same, one by one: entries with seq < before, the making of the record (seq 0) behind the last. */
int history_each(struct berth_ctx *c, const struct berth_row *r, int64_t before, int limit,
                 void (*each)(void *arg, int64_t seq, int64_t at, int64_t by, struct buf *json), void *arg);
/* One entry from a statement of seq, at, by, op, changes, note; r: the record, for who may read what. */
void history_entry(struct berth_ctx *c, struct json *j, const struct berth_row *r, struct db_stmt *s);

#endif
