/* automation.h - rules without code (rows of automation): when something happens to a record, and if it fits, then some
 * steps are done.  What a save sets off happens in its transaction, as a step that may fail without it; what time sets off
 * is looked for every minute, each record once, also across restarts.  share/doc/automation.md */
#ifndef BERTH_AUTOMATION_H
#define BERTH_AUTOMATION_H

#include "record/row.h"

/* Behind a save; r->old: NULL when it is new. */
int automation_saved(struct berth_ctx *c, const struct berth_row *r);
/* A new record of an import: its rules come soon after, so that the import is not held up. */
int automation_imported(struct berth_ctx *c, const struct berth_row *r);

/* From a thread of its own, which lends its reader: rules about time, and what imports left to do. */
void automation_due(struct store *st, struct db_conn *reader);
void automation_rest(struct store *st, struct db_conn *reader);

#endif
