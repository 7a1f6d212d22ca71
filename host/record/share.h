/* share.h - one record for others: its team, and whom it was shared with. */
#ifndef BERTH_SHARE_H
#define BERTH_SHARE_H

#include "record/row.h"

/* Whether records of the table can be shared: it has owners, and its rows are nobody's private notes. */
bool share_table(const struct table *t);
/* Whoever may change the record in their own right may say who else sees it. */
bool share_may(struct berth_ctx *c, const struct berth_row *r);

/* {"team":[..],"shares":[..],"refs":{..}} of what counts now. */
int share_list(struct berth_ctx *c, const struct berth_row *r, struct buf *out);
/* On the writer: {"kind":"share","user_id":7,"access":"read","until_at":..}; whom it is shared with already has it
 * as said now.  *user_r: the person it is for, 0 otherwise.  The share's id, 0 with the ctx's error. */
int64_t share_add(struct berth_ctx *c, const struct berth_row *r, const json_t *body, int64_t *user_r);
/* On the writer: at once.  Whoever may share, who gave it, and who has it may end it. */
int share_drop(struct berth_ctx *c, int64_t id);

#endif
