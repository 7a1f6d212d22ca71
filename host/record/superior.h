/* superior.h - who stands above somebody. */
#ifndef BERTH_SUPERIOR_H
#define BERTH_SUPERIOR_H

#include "record/ctx.h"

/* The manager named with the user, else who leads their department; those who have left are passed over.  0: nobody. */
int64_t superior_of(struct berth_ctx *c, int64_t user);
/* Who leads the user's department, at level 2 and more the ones above it: of those who are there and not the user
 * themselves.  0: nobody. */
int64_t head_of(struct berth_ctx *c, int64_t user, int level);

#endif
