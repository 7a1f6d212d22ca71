/* export.h - what a list shows as a spreadsheet, as a durable job. */
#ifndef BERTH_EXPORT_H
#define BERTH_EXPORT_H

#include "record/job.h"

/* body: {"kind":"xlsx"|"csv","view","filter","q","sort","ids":[…],"fields":"a,b"}.  Needs the right to export
 * the table.  Checked now, run later with the starter's rights.  The job's id. */
int64_t export_start(struct berth_ctx *c, const struct table *t, const json_t *body);
/* Its result: {"rows":n,"table":"lead","kind":"xlsx"}. */
int export_run(struct job *j, struct buf *err);
/* A finished export of the ctx's user who may still export: where it lies, what to call it. */
int export_file(struct berth_ctx *c, int64_t job, const char **path_r, const char **name_r, const char **kind_r);

/* The same without a job, for the command line: to `path`.  Rows written, or -1 with the ctx failed. */
int64_t export_write(struct berth_ctx *c, const struct table *t, const json_t *body, const char *path,
                     bool (*go_on)(void *arg, int64_t rows), void *arg);

#endif
