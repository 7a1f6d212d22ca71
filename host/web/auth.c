/* auth.c - signing in and out, passwords, tokens, the first start. */
#include <string.h>

#include "base/when.h"
#include "record/audit.h"
#include "record/invite.h"
#include "record/find.h"
#include "record/save.h"
#include "web/app.h"

struct sign_in {
    int64_t user;
    char secret[SECRET_TEXT];
    /* of the first start: */
    const char *setup, *login, *name, *hash;
    const char *was, *renewed;                      /* hashes of a password whose hash was made with other limits; NULL */
    const char *invite; /* of a link to choose a password: its secret */
};

static int sign_in_body(struct call *k, void *arg)
{
    struct sign_in *s = arg;

    if (s->setup != NULL && session_setup(&k->c, s->setup, s->login, s->name, s->hash, &s->user) != BERTH_OK)
        return k->c.rc;
    if (s->invite != NULL && invite_take(&k->c, s->invite, s->hash, &s->user) != BERTH_OK)
        return k->c.rc;
    if (s->renewed != NULL && session_renew(&k->c, s->user, s->was, s->renewed) != BERTH_OK)
        return k->c.rc;
    session_start(&k->c, s->user, http_peer(k->req), http_header(k->req, "User-Agent"), s->secret);
    return audit_as(&k->c, s->user, s->setup != NULL ? "setup" : "sign_in", "");
}

static int signed_in(struct call *k, struct sign_in *s)
{
    const struct who *w;
    struct json j = call_json(k);

    /* whoever was signed in here before is not any more: a new session, a new id */
    k->user = 0;
    k->c.who = NULL;
    if (call_write(k, sign_in_body, s) != BERTH_OK)
        return k->c.rc;
    call_cookie(k, s->secret);
    w = who_get(k->app->st, k->c.conn, atomic_load(&k->app->st->model), s->user);
    if (w == NULL)
        return ctx_fail(&k->c, BERTH_BROKEN, "broken", "err.broken");
    json_open(&j, '{');
    json_key(&j, "user");
    call_user(k, &j, w);
    json_close(&j, '}');
    return k->c.rc;
}

static int sign_in(struct call *k)
{
    const char *login = call_string(k, "login"), *password = call_string(k, "password");
    struct session_try try = {0};
    struct sign_in s = {.was = try.hash};

    if (login == NULL || password == NULL || strlen(password) > 512)
        return ctx_fail(&k->c, BERTH_INVALID, "bad_request", "err.bad_body");
    s.user = session_check(k->app->st, k->c.conn, login, password, http_peer(k->req), &try);
    if (s.user < 0)
        return call_slow_down(k, try.wait);
    if (s.user == 0) {
        audit_later(k->app->st, 0, "sign_in_failed", login, http_peer(k->req));
        return ctx_fail(&k->c, BERTH_DENIED, "bad_login", "err.bad_login");
    }
    s.renewed = session_renewed(k->req->arena, &try, password);
    return signed_in(k, &s);
}

static int sign_out_body(struct call *k, void *arg)
{
    (void)arg;
    session_end(&k->c, k->secret);
    return audit_as(&k->c, call_whose(k), "sign_out", "");
}

static int sign_out(struct call *k)
{
    if (call_write(k, sign_out_body, NULL) != BERTH_OK)
        return k->c.rc;
    call_cookie(k, "");
    http_set(k->req, "Clear-Site-Data", "\"cache\"");
    k->req->status = 204;
    return k->c.rc;
}

static int who_am_i(struct call *k)
{
    struct json j = call_json(k);

    json_open(&j, '{');
    json_key(&j, "user");
    call_user(k, &j, k->c.who);
    if (k->viewer != 0)
        call_viewer(k, &j);
    json_close(&j, '}');
    return k->c.rc;
}

/* ---- looking as somebody else ------------------------------------------------------------------ */
static int look_as(struct call *k)
{
    const struct who *w = who_get(k->app->st, k->c.conn, k->c.m, k->id);

    if (!k->by_cookie || k->id == k->user)
        return ctx_fail(&k->c, BERTH_INVALID, "bad_request", "err.look_as");
    if (w == NULL)
        return ctx_fail(&k->c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    if (session_look_as(&k->c, k->secret, k->id) == BERTH_OK)
        audit_add(&k->c, "look_as", arena_fmt(k->req->arena, "user %lld (%s): begins", (long long)k->id, w->name));
    k->req->status = 204;
    return k->c.rc;
}

static int look_as_end(struct call *k)
{
    if (k->viewer == 0)
        return ctx_fail(&k->c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    if (session_look_as(&k->c, k->secret, 0) == BERTH_OK)
        audit_as(&k->c, k->viewer, "look_as", arena_fmt(k->req->arena, "user %lld (%s): ends", (long long)k->user, k->c.who->name));
    k->req->status = 204;
    return k->c.rc;
}

static int setup(struct call *k)
{
    struct sign_in s = {.setup = call_string(k, "token"), .login = call_string(k, "login"), .name = call_string(k, "name")};
    const char *password = call_string(k, "password");

    if (s.setup == NULL || s.login == NULL || *s.login == '\0' || password == NULL)
        return ctx_fail(&k->c, BERTH_INVALID, "bad_request", "err.bad_body");
    if (s.name == NULL || *s.name == '\0')
        s.name = s.login;
    s.hash = session_hash(&k->c, s.login, password);
    return s.hash == NULL ? k->c.rc : signed_in(k, &s);
}

static int take_invite(struct call *k)
{
    struct sign_in s = {.invite = call_string(k, "token")};
    const char *password = call_string(k, "password");
    int64_t user;

    if (s.invite == NULL || password == NULL)
        return ctx_fail(&k->c, BERTH_INVALID, "bad_request", "err.bad_body");
    user = invite_user(&k->c, s.invite);
    if (user == 0) /* before a password is hashed, which takes its time */
        return ctx_fail(&k->c, BERTH_DENIED, "denied", "err.invite");
    s.hash = session_hash(&k->c, row_get(find_raw(&k->c, k->c.m->users, user), "login").s, password);
    return s.hash == NULL ? (int)k->c.rc : signed_in(k, &s);
}

/* ---- passwords ----------------------------------------------------------------------------- */
struct change {
    int64_t user;
    const char *hash, *keep;
};

static int change_body(struct call *k, void *arg)
{
    struct change *ch = arg;

    if (session_set_hash(&k->c, ch->user, ch->hash) == BERTH_OK)
        session_end_all(&k->c, ch->user, ch->keep);
    return k->c.rc;
}

static int change_password(struct call *k)
{
    const char *old = call_string(k, "old"), *new_one = call_string(k, "new");
    struct change ch = {.user = k->user, .keep = k->secret};
    struct session_try try;

    if (old == NULL || new_one == NULL)
        return ctx_fail(&k->c, BERTH_INVALID, "bad_request", "err.bad_body");
    if (session_check(k->app->st, k->c.conn, k->c.who->login, old, http_peer(k->req), &try) != k->user)
        return ctx_invalid(&k->c, "old", "err.bad_password", NULL);
    ch.hash = session_hash(&k->c, k->c.who->login, new_one);
    if (ch.hash == NULL || call_write(k, change_body, &ch) != BERTH_OK)
        return k->c.rc;
    k->req->status = 204;
    return k->c.rc;
}

/* An administrator gives somebody a new password. */
static int set_password(struct call *k)
{
    const char *password = call_string(k, "password");
    struct change ch = {.user = k->id};

    if (password == NULL)
        return ctx_invalid(&k->c, "password", "err.required", NULL);
    ch.hash = session_hash(&k->c, NULL, password);
    if (ch.hash == NULL || call_write(k, change_body, &ch) != BERTH_OK)
        return k->c.rc;
    k->req->status = 204;
    return k->c.rc;
}

/* ---- tokens -------------------------------------------------------------------------------- */
static int tokens(struct call *k)
{
    struct json j = call_json(k);
    struct db_stmt *s = db_prepare(k->c.conn, "SELECT id, name, created_at, last_used_at, expires_at FROM api_token"
                                              " WHERE user_id = ? ORDER BY id DESC LIMIT 100");
    static const char *const keys[] = {"created_at", "last_used_at", "expires_at"};

    db_bind_int(s, 1, k->user);
    json_open(&j, '{');
    json_key(&j, "tokens");
    json_open(&j, '[');
    while (db_step(s) == DB_ROW) {
        json_open(&j, '{');
        json_number(&j, "id", db_col_int(s, 0));
        json_text(&j, "name", db_col_text(s, 1, NULL));
        for (int i = 0; i < 3; i++) {
            char at[40];

            json_key(&j, keys[i]);
            when_time_format(db_col_int(s, 2 + i), at);
            json_str(&j, db_col_is_null(s, 2 + i) ? NULL : at);
        }
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    return k->c.rc;
}

static int token_new(struct call *k)
{
    const json_t *given = json_object_get(k->body, "name");
    struct berth_val name;
    const json_t *days = json_object_get(k->body, "days");
    char secret[SECRET_TEXT];
    struct json j = call_json(k);
    int64_t id = 0;

    if (given != NULL && !val_from_json(&k->c, model_field(model_table(k->c.m, "api_token"), "name"), given, &name))
        return k->c.rc;
    if (given == NULL || name.type == BERTH_NULL)
        return ctx_invalid(&k->c, "name", "err.required", NULL);
    if (days != NULL && !json_is_null(days) && (!json_is_integer(days) || json_integer_value(days) < 1 ||
                                                json_integer_value(days) > 3650))
        return ctx_invalid(&k->c, "days", "err.number", NULL);
    if (session_token(&k->c, name.s, (int)json_integer_value(days), &id, secret) != BERTH_OK)
        return k->c.rc;
    k->req->status = 201;
    json_open(&j, '{');
    json_number(&j, "id", id);
    json_text(&j, "token", secret);
    json_close(&j, '}');
    return k->c.rc;
}

static int token_drop(struct call *k)
{
    return session_token_end(&k->c, k->id) == BERTH_OK ? (k->req->status = 204, BERTH_OK) : (int)k->c.rc;
}

const struct route_entry routes_auth[] = {
    {"GET", "/api/_session", 0, who_am_i},
    {"POST", "/api/_session", R_PUBLIC | R_SLOW, sign_in},
    {"DELETE", "/api/_session", R_SLOW | R_LOOKING, sign_out},
    {"POST", "/api/user/{id}/_look_as", R_WRITE | R_ADMIN | R_SECRET, look_as},
    {"DELETE", "/api/_look_as", R_WRITE | R_LOOKING, look_as_end},
    {"POST", "/api/_setup", R_PUBLIC | R_SLOW, setup},
    {"POST", "/api/_invite", R_PUBLIC | R_SLOW, take_invite},
    {"POST", "/api/_password", R_SLOW, change_password},
    {"POST", "/api/user/{id}/_password", R_SLOW | R_ADMIN, set_password},
    {"GET", "/api/_token", 0, tokens},
    {"POST", "/api/_token", R_WRITE | R_SECRET, token_new},
    {"DELETE", "/api/_token/{id}", R_WRITE, token_drop},
    {0},
};
