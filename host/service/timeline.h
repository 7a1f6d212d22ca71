/* timeline.h - all that happened around a record as one list, newest first: its history, notes and
 * files, and rows of tables that declare they belong there (.moment). */
#ifndef BERTH_TIMELINE_H
#define BERTH_TIMELINE_H

#include "record/row.h"

/* {"entries":[…],"refs":…,"next":"…"}.  kinds: "note,file,history,lead_contact", NULL: all; after: next
 * of the page before, or NULL.  A kind or a cursor that is none fails the ctx. */
int timeline_page(struct berth_ctx *c, const struct berth_row *r, const char *kinds, const char *after, int limit,
                  struct buf *out);

#endif
