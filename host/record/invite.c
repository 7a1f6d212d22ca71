/* invite.c - links by which somebody chooses a password of his own: their hashes in table `setting`. */
#include "record/invite.h"

#include <stdlib.h>
#include <string.h>

#include "record/audit.h"
#include "record/find.h"

static const char *key_of(struct berth_ctx *c, int64_t user)
{
    return arena_fmt(c->a, "base.invite.%lld", (long long)user);
}

static int forget(struct berth_ctx *c, const char *key)
{
    struct db_stmt *s = db_prepare(c->conn, "DELETE FROM setting WHERE name = ?");

    db_bind_text(s, 1, key, -1);
    return ctx_write(c, s, "forget a link");
}

static bool active(struct berth_ctx *c, int64_t user)
{
    const struct berth_row *u = find_raw(c, c->m->users, user);

    return u != NULL && row_get(u, "active").i != 0;
}

int invite_new(struct berth_ctx *c, int64_t user, char out[SECRET_TEXT], int64_t *until_r)
{
    char hash[SESSION_HASH_TEXT];
    const char *key = key_of(c, user);
    struct db_stmt *s;
    int rc;

    if (!active(c, user))
        return ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    session_secret("invite_", out);
    session_secret_hash(out, hash);
    *until_r = c->now + INVITE_DAYS * BERTH_DAY;
    if (forget(c, key) != BERTH_OK)
        return c->rc;
    s = db_prepare(c->conn, "INSERT INTO setting (version, created_at, updated_at, name, value) VALUES (1, ?1, ?1, ?2, ?3)");
    db_bind_int(s, 1, c->now);
    db_bind_text(s, 2, key, -1);
    db_bind_text(s, 3, arena_fmt(c->a, "%s %lld", hash, (long long)*until_r), -1);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "keep a link") : audit_add(c, "invite", arena_fmt(c->a, "user %lld", (long long)user));
}

int64_t invite_user(struct berth_ctx *c, const char *secret)
{
    char hash[SESSION_HASH_TEXT];
    struct db_stmt *s = db_prepare(c->conn, "SELECT substr(name, 13), substr(value, 66) FROM setting WHERE"
                                            " name LIKE 'base.invite.%' AND substr(value, 1, 64) = ?");
    int64_t user = 0;

    session_secret_hash(secret, hash);
    db_bind_text(s, 1, hash, -1);
    if (db_step(s) == DB_ROW && strtoll(db_col_text(s, 1, NULL), NULL, 10) > c->now)
        user = strtoll(db_col_text(s, 0, NULL), NULL, 10);
    db_reset(s);
    return user != 0 && active(c, user) ? user : 0;
}

int invite_take(struct berth_ctx *c, const char *secret, const char *hash, int64_t *user_r)
{
    *user_r = invite_user(c, secret);
    if (*user_r == 0)
        return ctx_fail(c, BERTH_DENIED, "denied", "err.invite");
    if (forget(c, key_of(c, *user_r)) == BERTH_OK && session_set_hash(c, *user_r, hash) == BERTH_OK)
        session_end_all(c, *user_r, NULL);
    return c->rc;
}
