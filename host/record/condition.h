/* condition.h - a filter asked about one record, and the conditions of declarations (.when, .step_when). */
#ifndef BERTH_RECORD_CONDITION_H
#define BERTH_RECORD_CONDITION_H

#include "record/where.h"

bool where_eval(struct berth_ctx *c, const struct where *w, const struct berth_row *r);

/* A declaration's condition on one record.  A bad one (refused at load) holds.  about: the record whose fields "@field"
 * means; where that is empty, the comparison is no condition. */
bool where_holds(struct berth_ctx *c, const char *text, const struct berth_row *r);
bool where_holds_for(struct berth_ctx *c, const char *text, const struct berth_row *r, const struct berth_row *about);
/* The same as a tree in which "@me" and "@field" still stand as texts; NULL: no condition. */
const struct where *where_written(struct berth_ctx *c, const struct table *t, const char *text);

#endif
