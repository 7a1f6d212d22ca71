/* pools.h - what the parts of this plugin share. */
#ifndef POOLS_H
#define POOLS_H

#include <berth.h>

/* pools.c */
int pools_refuse(struct berth_ctx *c, const char *key);
/* To that pool; 0: its own, else the table's first. */
int pools_let_go(struct berth_ctx *c, struct berth_row *row, int64_t pool, const char *reason);

/* claim.c: who may have what. */
enum { LEVELS = 20 }; /* of departments, which are walked up */

bool pools_is_admin(struct berth_ctx *c, int64_t pool); /* the user, of that pool */
int pools_may_claim(struct berth_ctx *c, struct berth_row *row, int64_t user);
/* `field`: what of the form names the receiver. */
int pools_may_receive(struct berth_ctx *c, struct berth_row *row, int64_t user, const char *field);
int pools_claim(struct berth_ctx *c, struct berth_row *row);
int pools_lock(struct berth_ctx *c, struct berth_row *row);
int pools_unlock(struct berth_ctx *c, struct berth_row *row);

/* due.c: the release run. */
int pools_release_due(struct berth_ctx *c);

#endif
