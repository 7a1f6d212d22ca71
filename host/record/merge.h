/* merge.h - several records become one, and can be split again exactly.
 *
 * What refers to a record that goes is moved to the one that stays, and noted; the record goes into
 * the recycle bin.  Splitting puts all of it back, unless somebody changed it since. */
#ifndef BERTH_MERGE_H
#define BERTH_MERGE_H

#include <jansson.h>

#include "record/row.h"

enum { MERGE_MAX = 5 }; /* records in one go, with the one that stays */

/* On the writer: {"from":[ids],"values":{field:value}} into record `id`; NULL with the ctx's error. */
struct berth_row *merge_run(struct berth_ctx *c, const struct table *t, int64_t id, const json_t *body);
/* Undoes the last merge into the record that was not undone; NULL with the ctx's error. */
struct berth_row *merge_split(struct berth_ctx *c, const struct table *t, int64_t id);
/* Whether anything was merged into it and not split again. */
bool merge_any(struct berth_ctx *c, const struct table *t, int64_t id);
/* Where a record that is gone went; 0: nowhere. */
int64_t merge_into(struct berth_ctx *c, const struct table *t, int64_t id);

#endif
