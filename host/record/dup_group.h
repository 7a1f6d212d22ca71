/* dup_group.h - groups of likely duplicates that are there already, found by a job. */
#ifndef BERTH_DUP_GROUP_H
#define BERTH_DUP_GROUP_H

#include "record/job.h"
#include "record/row.h"

/* The job "groups" for a table; whoever may delete its records may ask for it. */
int64_t dup_groups_start(struct berth_ctx *c, const struct table *t);
int dup_groups_run(struct job *j, struct buf *err);
/* {"groups":[{"id":1,"by":["name"],"rows":[...]}],"next":...}: of each what the user may see, two at least. */
int dup_groups_page(struct berth_ctx *c, const struct table *t, int64_t after, int limit, struct buf *out);

#endif
