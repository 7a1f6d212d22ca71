/* share.h - one record for others: its team, and whom it was shared with. */
#ifndef BERTH_SHARE_H
#define BERTH_SHARE_H

#include "record/row.h"

/* Whether records of the table can be shared: it has owners, and its rows are nobody's private notes. */
bool share_table(const struct table *t);
/* Whoever may change the record in their own right may say who else sees it. */
bool share_may(struct berth_ctx *c, const struct berth_row *r);

/* What counts now; NULL with the ctx's error. */
const struct berth_shares *share_all(struct berth_ctx *c, const struct berth_row *r);
/* {"owner_id":..,"may":..,"left":..,"team":[..],"shares":[..]} of the same, with the roles to choose from for those who may. */
int share_list(struct berth_ctx *c, const struct berth_row *r, struct buf *out);
/* On the writer; whom it is shared with already has it as said now.  The share's id, 0 with the ctx's error. */
int64_t share_add(struct berth_ctx *c, const struct berth_row *r, const struct berth_share *s);
/* On the writer: at once.  Whoever may share, who gave it, and who has it may end it. */
int share_drop(struct berth_ctx *c, int64_t id);

#endif
