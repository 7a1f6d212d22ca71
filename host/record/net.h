/* net.h - the neighbours of a record over every declared reference, from it and to it. */
#ifndef BERTH_NET_H
#define BERTH_NET_H

#include "record/row.h"

/* {"node":{"table","id","title"},"links":[{"by":"out:owner_id","table":"user","label":"…",
 * "nodes":[{"id","title"}],"next":cursor|null}]}.  Only what the user may see.  link: one alone, a page
 * behind the cursor after; NULL: the first of all.  Links not looked at before `until`
 * (when_monotonic()) say "cut":true. */
int net_page(struct berth_ctx *c, const struct table *t, int64_t id, const char *link, const char *after, int limit,
             int64_t until, struct buf *out);

#endif
