/* taken.h - "is this company taken?": asked by people who may not see whose it is. */
#ifndef BERTH_TAKEN_H
#define BERTH_TAKEN_H

#include "record/row.h"

/* {"taken":true,"team":"Ningbo","free_on":"2026-12-01"} for what the row says, always equally long. */
int taken_json(struct berth_ctx *c, const struct berth_row *asked, struct buf *out);

#endif
