/* bulk.h - one change to many records, as a durable job. */
#ifndef BERTH_BULK_H
#define BERTH_BULK_H

#include "record/job.h"

/* body: {"ids":[…]} or any of "view", "filter", "q", and {"patch":{…}}, {"delete":true} or {"action":…,"form":…}.
 * Checked now, run later with the starter's rights.  The job's id. */
int64_t bulk_start(struct berth_ctx *c, const struct table *t, const json_t *body);
/* Its result: {"done":n,"failed":n,"errors":[{"id","error"}…]} (the first 100 errors). */
int bulk_run(struct job *j, struct buf *err);

#endif
