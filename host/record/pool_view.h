/* pool_view.h - how many records of a pool somebody opens a day, where the pool caps that. */
#ifndef BERTH_POOL_VIEW_H
#define BERTH_POOL_VIEW_H

#include "record/row.h"

/* Whether opening the record has to be counted: it lies in a pool with a cap, the user administers
 * neither the pool nor everything, and has not opened it today. */
bool pool_view_counts(struct berth_ctx *c, const struct berth_row *r);
/* On the writer: counts it, or fails when the cap is reached. */
int pool_view_count(struct berth_ctx *c, const struct berth_row *r);

#endif
