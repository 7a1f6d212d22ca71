/* job_turns.h - kinds of jobs that the host does not know: a plugin's route or a script's function, called turn by turn. */
#ifndef BERTH_JOB_TURNS_H
#define BERTH_JOB_TURNS_H

#include "record/job.h"

/* body: {"path":"/callcenter/recount","args":{…}}, a POST route of a plugin that the user may call, or
 * {"script":"recount","args":{…}}, a script's job that the user may start.  The job's id. */
int64_t job_turns_start(struct berth_ctx *c, const json_t *body);
/* The same of a script's job for a script: whoever wrote that one has decided. */
int64_t job_script_start(struct berth_ctx *c, const char *name, const json_t *args);
/* {"jobs":[{"script":"recount","label":"…","right":null,"args":[{"name":"city","default":null}]}]}: those the user may start. */
int job_scripts_json(struct berth_ctx *c, struct buf *out);

int job_route_run(struct job *j, struct buf *err);
int job_script_run(struct job *j, struct buf *err);

#endif
