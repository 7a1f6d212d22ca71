/* invite.h - links by which somebody chooses a password of his own, once; an administrator makes them. */
#ifndef BERTH_INVITE_H
#define BERTH_INVITE_H

#include "record/session.h"

enum { INVITE_DAYS = 3 };

/* On the writer: the secret of a new link for that active user; one made before is void. */
int invite_new(struct berth_ctx *c, int64_t user, char out[SECRET_TEXT], int64_t *until_r);
/* The active user whose link has this secret; 0: there is none, or it is too old. */
int64_t invite_user(struct berth_ctx *c, const char *secret);
/* On the writer: the link is used up, the password is set and every session ends. */
int invite_take(struct berth_ctx *c, const char *secret, const char *hash, int64_t *user_r);

#endif
