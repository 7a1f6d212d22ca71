/* bulk.h - one change to many records, as a durable job. */
#ifndef BERTH_BULK_H
#define BERTH_BULK_H

#include "record/job.h"

/* body: {"ids":[…]} or any of "view", "filter", "q", and {"patch":{…}}, {"delete":true} or {"action":…,"form":…}.
 * Checked now, run later with the starter's rights.  The job's id. */
int64_t bulk_start(struct berth_ctx *c, const struct table *t, const json_t *body);
bool bulk_deletes(const json_t *body); /* it does: an action or a patch goes first */
/* Its result: {"done":n,"waits":n (for approval),"failed":n,"errors":[{"id","error"}…]} (the first 100 errors). */
int bulk_run(struct job *j, struct buf *err);

/* Takes back what one of the user's own such jobs changed or deleted, also the part of one that was cancelled: a job whose
 * result is alike.  What somebody has changed since stays and is among the errors.  The job's id. */
int64_t bulk_undo(struct berth_ctx *c, int64_t job);
int bulk_undo_run(struct job *j, struct buf *err);

/* One record of a job is done, or was left out for the ctx's error, which is forgotten. */
void bulk_tell(struct job *j, struct berth_ctx *c, int64_t id, bool done);
/* The last entry of the history so far: a job's stand behind the one before its first step, up to the one of its last. */
int64_t bulk_since(struct db_conn *conn); /* -1: it could not be read */

#endif
