/* handover.h - whoever leaves: all they own goes to successors or pools, as a job in slices; the same
 * job brings it back when the handover is undone. */
#ifndef BERTH_HANDOVER_H
#define BERTH_HANDOVER_H

#include "record/job.h"

/* In the transaction in which a user is no longer active, or gone. */
int handover_begin(struct berth_ctx *c, const struct berth_row *user);
/* A row of table handover was saved: one that is to be undone is. */
int handover_saved(struct berth_ctx *c, const struct berth_row *r);
int handover_run(struct job *j, struct buf *err);

#endif
