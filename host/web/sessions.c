/* sessions.c - administrators look at everybody's sign-ins and tokens, end them, and make links by which
 * people choose their own password. */
#include <string.h>

#include "base/when.h"
#include "record/audit.h"
#include "record/find.h"
#include "record/invite.h"
#include "web/app.h"

enum { SHOWN = 500, NAME = 24 }; /* a session is named by the beginning of its hash, which opens nothing */

static void text(struct json *j, const char *key, struct db_stmt *s, int col)
{
    json_text(j, key, db_col_text(s, col, NULL));
}

static void number(struct json *j, const char *key, struct db_stmt *s, int col)
{
    json_number(j, key, db_col_int(s, col));
}

static void person(struct json *j, struct db_stmt *s, int id, int name)
{
    number(j, "user", s, id);
    text(j, "name", s, name);
}

/* "sessions":[...], a member of each row written by `row`. */
static void list(struct json *j, const char *key, struct db_stmt *s, void (*row)(struct json *, struct db_stmt *, const char *mine),
                 const char *mine)
{
    json_key(j, key);
    json_open(j, '[');
    while (db_step(s) == DB_ROW) {
        json_open(j, '{');
        row(j, s, mine);
        json_close(j, '}');
    }
    json_close(j, ']');
    db_reset(s);
}

static void session_row(struct json *j, struct db_stmt *s, const char *mine)
{
    text(j, "id", s, 0);
    person(j, s, 1, 2);
    json_time(j, "created_at", db_col_int(s, 3));
    json_time(j, "seen_at", db_col_int(s, 4));
    json_time(j, "expires_at", db_col_int(s, 5));
    text(j, "ip", s, 6);
    text(j, "agent", s, 7);
    json_flag(j, "mine", strncmp(db_col_text(s, 0, NULL), mine, NAME) == 0);
}

static void session_list(struct call *k, struct json *j, int64_t user)
{
    char mine[SESSION_HASH_TEXT] = "";
    struct db_stmt *s = db_prepare(k->c.conn,
        "SELECT substr(s.token, 1, 24), s.user_id, u.name, s.created_at, s.seen_at, s.expires_at, s.ip, s.agent FROM session s"
        " JOIN \"user\" u ON u.id = s.user_id WHERE s.expires_at > ?1 AND (?2 = 0 OR s.user_id = ?2) ORDER BY s.seen_at DESC LIMIT ?3");

    if (k->secret != NULL)
        session_secret_hash(k->secret, mine);
    db_bind_int(s, 1, k->c.now);
    db_bind_int(s, 2, user);
    db_bind_int(s, 3, SHOWN);
    list(j, "sessions", s, session_row, mine);
}

static void token_row(struct json *j, struct db_stmt *s, const char *mine)
{
    (void)mine;
    number(j, "id", s, 0);
    person(j, s, 1, 2);
    text(j, "token", s, 3);
    json_time(j, "created_at", db_col_int(s, 4));
    json_time(j, "last_used_at", db_col_int(s, 5));
    json_time(j, "expires_at", db_col_int(s, 6));
}

static void token_list(struct call *k, struct json *j, int64_t user)
{
    struct db_stmt *s = db_prepare(k->c.conn,
        "SELECT t.id, t.user_id, u.name, t.name, t.created_at, t.last_used_at, t.expires_at FROM api_token t JOIN \"user\" u ON"
        " u.id = t.user_id WHERE ?1 = 0 OR t.user_id = ?1 ORDER BY t.id DESC LIMIT ?2");

    db_bind_int(s, 1, user);
    db_bind_int(s, 2, SHOWN);
    list(j, "tokens", s, token_row, NULL);
}

static int sessions(struct call *k)
{
    int64_t user = call_number(k, "user", 0, 0, INT64_MAX);
    struct json j = call_json(k);

    if (k->c.rc != BERTH_OK)
        return k->c.rc;
    json_open(&j, '{');
    session_list(k, &j, user);
    token_list(k, &j, user);
    json_close(&j, '}');
    return k->c.rc;
}

static int session_drop(struct call *k)
{
    struct db_stmt *s = db_prepare(k->c.conn, "SELECT token, user_id FROM session WHERE substr(token, 1, 24) = ?");
    const char *hash = NULL;
    int64_t user = 0;
    int rc;

    db_bind_text(s, 1, k->name, -1);
    rc = db_step(s);
    if (rc == DB_ROW) {
        hash = arena_strdup(k->req->arena, db_col_text(s, 0, NULL));
        user = db_col_int(s, 1);
    }
    db_reset(s);
    if (rc < 0)
        return ctx_db(&k->c, rc, "look for a session");
    if (hash == NULL)
        return ctx_fail(&k->c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    s = db_prepare(k->c.conn, "DELETE FROM session WHERE token = ?");
    db_bind_text(s, 1, hash, -1);
    rc = db_step(s);
    db_reset(s);
    if (rc < 0)
        return ctx_db(&k->c, rc, "end a session");
    session_forget(&k->c, hash);
    k->req->status = 204;
    return audit_add(&k->c, "session_end", arena_fmt(k->req->arena, "user %lld", (long long)user));
}

static int invite(struct call *k)
{
    char secret[SECRET_TEXT], until[WHEN_TIME_MAX];
    struct json j = call_json(k);
    int64_t end;

    if (invite_new(&k->c, k->id, secret, &end) != BERTH_OK)
        return k->c.rc;
    when_time_format(end, until);
    k->req->status = 201;
    json_open(&j, '{');
    json_text(&j, "path", arena_fmt(k->req->arena, "/setup#%s", secret));
    json_text(&j, "until", until);
    json_close(&j, '}');
    return k->c.rc;
}

/* For the page behind the link: whose it is. */
static int invited(struct call *k)
{
    const char *token = call_string(k, "token");
    int64_t user = token == NULL ? 0 : invite_user(&k->c, token);
    const struct berth_row *u = user == 0 ? NULL : find_raw(&k->c, k->c.m->users, user);
    struct json j = call_json(k);

    if (u == NULL)
        return ctx_fail(&k->c, BERTH_DENIED, "denied", "err.invite");
    json_open(&j, '{');
    json_text(&j, "login", row_get(u, "login").s);
    json_text(&j, "name", row_get(u, "name").s);
    json_close(&j, '}');
    return k->c.rc;
}

const struct route_entry routes_sessions[] = {
    {"GET", "/api/_sessions", R_ADMIN, sessions, TAKES("user"), .about = "who is signed in, and which tokens there are"},
    {"DELETE", "/api/_sessions/{name}", R_ADMIN | R_WRITE, session_drop, .about = "ends a sign-in"},
    {"POST", "/api/user/{id}/_invite", R_ADMIN | R_WRITE | R_SECRET, invite,
     .about = "a link, good once and for three days, by which that person chooses a password"},
    {"POST", "/api/_invited", R_PUBLIC, invited, .about = "whose link this is: {\"token\"}"},
    {0},
};
