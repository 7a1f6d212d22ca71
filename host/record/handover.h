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

/* Whether the ctx's user may hand over what that one owns: administrators, and superiors within their people. */
bool handover_may(struct berth_ctx *c, int64_t user);
/* {"tables":[{"table","label","count"}],"subordinates":n,"departments":n,"past":[..]} */
int handover_preview(struct berth_ctx *c, int64_t user, struct buf *out);
/* On the writer: {"to":[ids],"pool_id":n,"tables":[names],"note":..}; *handover_r and the job's id, 0 with the ctx's error. */
int64_t handover_give(struct berth_ctx *c, int64_t user, const json_t *body, int64_t *handover_r);
/* On the writer, within a day: the job that gives back what nobody has had in hand since; 0 with the ctx's error. */
int64_t handover_undo(struct berth_ctx *c, int64_t handover);

#endif
