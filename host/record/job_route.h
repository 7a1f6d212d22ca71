/* job_route.h - a plugin's own kind of job: one of its routes, called turn by turn. */
#ifndef BERTH_JOB_ROUTE_H
#define BERTH_JOB_ROUTE_H

#include "record/job.h"

/* body: {"path":"/callcenter/recount","args":{…}}: a POST route of a plugin that the user may call.  The job's id. */
int64_t job_route_start(struct berth_ctx *c, const json_t *body);
int job_route_run(struct job *j, struct buf *err);

#endif
