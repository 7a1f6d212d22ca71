/* session.h - who is at the other end: passwords, browser sessions, API tokens.
 *
 * Secrets are 256 random bits; the database holds their BLAKE2b hashes only.  Sessions end idle,
 * at their absolute end, at sign-out, with a password change and with the user. */
#ifndef BERTH_SESSION_H
#define BERTH_SESSION_H

#include "base/conf.h"
#include "record/ctx.h"

enum { SECRET_TEXT = 64 }; /* "brt_" and 43 characters, and the NUL */
enum { SESSION_HASH_TEXT = 65 };
void session_secret_hash(const char *secret, char out[SESSION_HASH_TEXT]); /* what the database holds of it */

void session_secret(const char *prefix, char out[SECRET_TEXT]); /* a new one: the prefix, and what nobody can guess */

void session_limits(const struct conf *conf); /* once, at the start */

struct session_cache *session_cache_new(void);
void session_cache_free(struct session_cache **sc);

/* The user a cookie or a header with this secret acts as now; 0: there is none (any more).  *viewer: the administrator
 * who looks as that user, 0: it is the user; whoever is no administrator any more is themselves again.  Reads on conn. */
int64_t session_user(struct store *st, struct db_conn *conn, const char *secret, int64_t *viewer);
/* On the writer: from the next request on the session looks as that user sees things; 0: as its own again. */
int session_look_as(struct berth_ctx *c, const char *secret, int64_t user);

struct session_try {
    int wait;       /* seconds, after too many tries */
    char hash[128]; /* of the user's password, as it was when it was checked */
};
/* Checks login and password on conn.  Takes tens of milliseconds and much memory: pool threads only,
 * a few at a time.  The user's id; 0 wrong (unknown and wrong take equally long); -1 too many tries,
 * t->wait seconds. */
int64_t session_check(struct store *st, struct db_conn *conn, const char *login, const char *password,
                      const char *ip, struct session_try *t);
/* Behind a good check: the password's hash as one would make it today; NULL: it is such a one.  Pool threads only. */
const char *session_renewed(struct arena *a, const struct session_try *t, const char *password);
/* On the writer: takes it, unless another password was set since. */
int session_renew(struct berth_ctx *c, int64_t user, const char *was, const char *hash);
/* On the writer: a new session; its secret in out. */
int session_start(struct berth_ctx *c, int64_t user, const char *ip, const char *agent, char out[SECRET_TEXT]);
int session_end(struct berth_ctx *c, const char *secret);
/* Ends all of a user's sessions but the one with this secret (NULL: all). */
int session_end_all(struct berth_ctx *c, int64_t user, const char *except);

/* argon2id of a password that passes the rules; fails the ctx on field "password" otherwise.  Pool
 * threads only. */
const char *session_hash(struct berth_ctx *c, const char *login, const char *password);
int session_set_hash(struct berth_ctx *c, int64_t user, const char *hash);

/* A new API token's secret, shown once. */
int session_token(struct berth_ctx *c, const char *name, int days, int64_t *id_r, char out[SECRET_TEXT]);

/* Whatever has this hash (as in the database) is out once this commits. */
void session_forget(struct berth_ctx *c, const char *hash);
int session_token_end(struct berth_ctx *c, int64_t id); /* one of the user's own; administrators: any */

/* The one-time secret of the first start, kept hashed in `setting`; "" when a user exists already. */
int session_setup_secret(struct berth_ctx *c, char out[SECRET_TEXT]);
/* Makes the first administrator; BERTH_DENIED with a wrong or used secret. */
int session_setup(struct berth_ctx *c, const char *secret, const char *login, const char *name,
                  const char *hash, int64_t *user_r);
bool session_setup_open(struct store *st, struct db_conn *conn);

#endif
