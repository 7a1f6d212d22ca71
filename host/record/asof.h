/* asof.h - a record as it was at a moment, from its history. */
#ifndef BERTH_ASOF_H
#define BERTH_ASOF_H

#include "record/row.h"

/* r as it was at `at` (ms); NULL fails the ctx: it was not there yet.  r is the record as it is now, which the
 * user sees; fields he may not read stay hidden as ever. */
struct berth_row *record_at(struct berth_ctx *c, const struct berth_row *r, int64_t at);

#endif
