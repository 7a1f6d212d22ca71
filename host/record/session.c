/* session.c - passwords, sessions and tokens. */
#include "record/session.h"

#include <semaphore.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "record/audit.h"
#include "record/find.h"
#include "record/save.h"

enum { PASSES = 3 }; /* of argon2id */
static struct {
    int64_t idle_ms, absolute_ms;
    size_t password_memory;
} limits = {12 * 3600 * 1000LL, 7 * 86400 * 1000LL, 19456 * 1024};

/* Hashing takes 19 MB and 30 ms each: a flood of sign-ins waits here, not in memory. */
static sem_t hashing;
static pthread_once_t hashing_once = PTHREAD_ONCE_INIT;
/* Nobody can choose a login that counts in another's place. */
static unsigned char tries_secret[crypto_shorthash_KEYBYTES];

static void hashing_init(void)
{
    sem_init(&hashing, 0, 2);
    if (sodium_init() < 0)
        mem_die(0);
    crypto_shorthash_keygen(tries_secret);
}

void session_limits(const struct conf *conf)
{
    limits.idle_ms = conf->session_idle;
    limits.absolute_ms = conf->session_absolute;
    limits.password_memory = (size_t)conf->password_memory;
    pthread_once(&hashing_once, hashing_init);
    sem_destroy(&hashing); /* nobody waits at the start */
    sem_init(&hashing, 0, (unsigned)conf->password_parallel);
}

/* ---- secrets ---------------------------------------------------------------------- */
_Static_assert(SESSION_HASH_TEXT == crypto_generichash_BYTES * 2 + 1, "hex of a hash");

void session_secret_hash(const char *secret, char out[SESSION_HASH_TEXT])
{
    unsigned char h[crypto_generichash_BYTES];

    crypto_generichash(h, sizeof(h), (const unsigned char *)secret, strlen(secret), NULL, 0);
    sodium_bin2hex(out, SESSION_HASH_TEXT, h, sizeof(h));
}

void session_secret(const char *prefix, char out[SECRET_TEXT])
{
    unsigned char raw[32];
    size_t n = strlen(prefix);

    pthread_once(&hashing_once, hashing_init);
    randombytes_buf(raw, sizeof(raw));
    memcpy(out, prefix, n);
    sodium_bin2base64(out + n, SECRET_TEXT - n, raw, sizeof(raw), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* ---- the cache: a request should not cost a query to know who asks ------------------- */
struct entry {
    char hash[SESSION_HASH_TEXT];
    int64_t user, as, seen, expires; /* ms; expires of tokens without end: INT64_MAX */
    bool token;
    struct entry *next;
};

enum { BUCKETS = 4096, SEEN_EVERY = 60 * 1000 };

struct session_cache {
    pthread_rwlock_t lock;
    struct entry *bucket[BUCKETS];
    uint64_t forgotten; /* times: what was read before one is not remembered after it */
    pthread_mutex_t tries_lock;
    struct tries {
        uint64_t who; /* hash of login or address */
        int64_t since;
        int count;
    } tries[8192];
};

struct session_cache *session_cache_new(void)
{
    struct session_cache *sc = mem_alloc(sizeof(*sc));

    pthread_once(&hashing_once, hashing_init);
    pthread_rwlock_init(&sc->lock, NULL);
    pthread_mutex_init(&sc->tries_lock, NULL);
    return sc;
}

static struct entry **bucket(struct session_cache *sc, const char *hash)
{
    unsigned h = 0;

    for (int i = 0; i < 8; i++)
        h = h * 31 + (unsigned char)hash[i];
    return &sc->bucket[h % BUCKETS];
}

void session_cache_free(struct session_cache **sc)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct entry *e = (*sc)->bucket[i], *next; e != NULL; e = next) {
            next = e->next;
            free(e);
        }
    pthread_rwlock_destroy(&(*sc)->lock);
    pthread_mutex_destroy(&(*sc)->tries_lock);
    free(*sc);
    *sc = NULL;
}

static void forget(struct session_cache *sc, bool (*gone)(const struct entry *, const void *), const void *arg)
{
    pthread_rwlock_wrlock(&sc->lock);
    sc->forgotten++;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct entry **at = &sc->bucket[i]; *at != NULL;) {
            struct entry *e = *at;

            if (gone(e, arg)) {
                *at = e->next;
                free(e);
            } else {
                at = &e->next;
            }
        }
    pthread_rwlock_unlock(&sc->lock);
}

static bool same_hash(const struct entry *e, const void *arg)
{
    return strcmp(e->hash, arg) == 0;
}

static bool same_user(const struct entry *e, const void *arg)
{
    return e->user == *(const int64_t *)arg || e->as == *(const int64_t *)arg;
}

static uint64_t forgotten(struct session_cache *sc)
{
    uint64_t n;

    pthread_rwlock_rdlock(&sc->lock);
    n = sc->forgotten;
    pthread_rwlock_unlock(&sc->lock);
    return n;
}

/* Unless something ended since it was read: it may have been this one. */
static void remember(struct session_cache *sc, const struct entry *e, uint64_t before)
{
    struct entry *copy = mem_alloc(sizeof(*copy)), **at;

    *copy = *e;
    pthread_rwlock_wrlock(&sc->lock);
    at = bucket(sc, e->hash);
    if (sc->forgotten == before) {
        copy->next = *at;
        *at = copy;
        copy = NULL;
    }
    pthread_rwlock_unlock(&sc->lock);
    free(copy);
}

static bool look_up(struct session_cache *sc, const char *hash, struct entry *out)
{
    bool found = false;

    pthread_rwlock_rdlock(&sc->lock);
    for (struct entry *e = *bucket(sc, hash); e != NULL && !found; e = e->next)
        if (strcmp(e->hash, hash) == 0) {
            *out = *e;
            found = true;
        }
    pthread_rwlock_unlock(&sc->lock);
    return found;
}

static bool read_entry(struct db_conn *conn, const char *hash, bool token, struct entry *out)
{
    struct db_stmt *s = db_prepare(conn, token
        ? "SELECT t.user_id, coalesce(t.last_used_at, 0), coalesce(t.expires_at, 0), 0 FROM api_token t JOIN \"user\" u"
          " ON u.id = t.user_id WHERE t.hash = ? AND u.active = 1"
        : "SELECT s.user_id, s.seen_at, s.expires_at, coalesce(a.id, 0) FROM session s JOIN \"user\" u ON u.id = s.user_id"
          " LEFT JOIN \"user\" a ON a.id = s.as_user AND a.active = 1 WHERE s.token = ? AND u.active = 1");
    bool found;

    db_bind_text(s, 1, hash, -1);
    found = db_step(s) == DB_ROW;
    if (found) {
        *out = (struct entry){.user = db_col_int(s, 0), .seen = db_col_int(s, 1), .expires = db_col_int(s, 2),
                              .as = db_col_int(s, 3), .token = token};
        if (out->expires == 0)
            out->expires = INT64_MAX;
        memcpy(out->hash, hash, SESSION_HASH_TEXT);
    }
    db_reset(s);
    return found;
}

/* ---- noting that a session is alive, off the request's path --------------------------- */
struct seen {
    struct db_work work;
    char hash[SESSION_HASH_TEXT];
    int64_t now;
    bool token;
};

static int seen_body(struct db_conn *w, void *arg)
{
    struct seen *k = arg;
    struct db_stmt *s = db_prepare(w, k->token ? "UPDATE api_token SET last_used_at = ? WHERE hash = ?"
                                               : "UPDATE session SET seen_at = ? WHERE token = ?");
    int rc;

    db_bind_int(s, 1, k->now);
    db_bind_text(s, 2, k->hash, -1);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? rc : 0;
}

static void seen_done(void *arg, int rc)
{
    (void)rc;
    free(arg);
}

static void note_seen(struct store *st, const struct entry *e, int64_t now)
{
    struct seen *k = mem_alloc(sizeof(*k));

    k->work = (struct db_work){.body = seen_body, .done = seen_done, .arg = k, .low = true};
    memcpy(k->hash, e->hash, SESSION_HASH_TEXT);
    k->now = now;
    k->token = e->token;
    if (db_submit(st->db, &k->work) != 0)
        free(k);
}

static bool claim_seen(struct session_cache *sc, const char *hash, int64_t now)
{
    bool mine = false;

    pthread_rwlock_wrlock(&sc->lock);
    for (struct entry *e = *bucket(sc, hash); e != NULL; e = e->next)
        if (strcmp(e->hash, hash) == 0 && now - e->seen > SEEN_EVERY) {
            e->seen = now;
            mine = true;
        }
    pthread_rwlock_unlock(&sc->lock);
    return mine;
}

static bool administers(struct store *st, struct db_conn *conn, int64_t user)
{
    const struct who *w = who_get(st, conn, atomic_load(&st->model), user);

    return w != NULL && w->admin;
}

int64_t session_user(struct store *st, struct db_conn *conn, const char *secret, int64_t *viewer)
{
    char hash[SESSION_HASH_TEXT];
    bool token = strncmp(secret, "brt_", 4) == 0;
    int64_t now = store_now(st);
    struct entry e;

    *viewer = 0;
    if (strlen(secret) >= SECRET_TEXT || strlen(secret) < 40)
        return 0;
    session_secret_hash(secret, hash);
    if (!look_up(st->sessions, hash, &e)) {
        uint64_t before = forgotten(st->sessions);

        if (!read_entry(conn, hash, token, &e))
            return 0;
        remember(st->sessions, &e, before);
    }
    if (now > e.expires || (!token && now - e.seen > limits.idle_ms)) {
        forget(st->sessions, same_hash, hash);
        return 0;
    }
    if (now - e.seen > SEEN_EVERY && claim_seen(st->sessions, hash, now))
        note_seen(st, &e, now);
    if (e.as == 0 || !administers(st, conn, e.user))
        return e.user;
    *viewer = e.user;
    return e.as;
}

/* ---- passwords -------------------------------------------------------------------------- */
enum { TRIES = 10, TRIES_MS = 5 * 60 * 1000 };

static uint64_t tries_key(const char *kind, const char *s)
{
    unsigned char h[8];
    char text[300];

    pthread_once(&hashing_once, hashing_init);
    snprintf(text, sizeof(text), "%s:%s", kind, s);
    crypto_shorthash(h, (const unsigned char *)text, strlen(text), tries_secret);
    uint64_t v;

    memcpy(&v, h, sizeof(v));
    return v;
}

/* Counts a failed try (add 1) or asks; seconds to wait, 0 when one may try. */
static int tries(struct session_cache *sc, uint64_t who, int64_t now, int add, int most)
{
    struct tries *t = &sc->tries[who % (sizeof(sc->tries) / sizeof(sc->tries[0]))];
    int wait = 0;

    pthread_mutex_lock(&sc->tries_lock);
    if (t->who != who || now - t->since > TRIES_MS || now < t->since) {
        if (add > 0 || t->who == who)
            *t = (struct tries){.who = who, .since = now};
    }
    if (t->who == who) {
        t->count = add < 0 ? 0 : t->count + add;
        if (t->count >= most)
            wait = (int)((TRIES_MS - (now - t->since)) / 1000) + 1;
    }
    pthread_mutex_unlock(&sc->tries_lock);
    return wait;
}

static bool verify(const char *hash, const char *password)
{
    bool ok;

    pthread_once(&hashing_once, hashing_init);
    while (sem_wait(&hashing) != 0) {
    }
    ok = crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
    sem_post(&hashing);
    return ok;
}

static char *make_hash(struct arena *a, const char *password)
{
    char *out = arena_alloc(a, crypto_pwhash_STRBYTES);
    int rc;

    pthread_once(&hashing_once, hashing_init);
    while (sem_wait(&hashing) != 0) {
    }
    rc = crypto_pwhash_str_alg(out, password, strlen(password), PASSES, limits.password_memory,
                               crypto_pwhash_ALG_ARGON2ID13);
    sem_post(&hashing);
    return rc == 0 ? out : NULL;
}

/* Somebody who does not exist takes as long as somebody who does. */
static const char *dummy_hash(void)
{
    static char hash[crypto_pwhash_STRBYTES];
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

    pthread_mutex_lock(&lock);
    if (hash[0] == '\0') {
        struct arena *a = arena_new();
        char *h = make_hash(a, "nobody has this password");

        if (h != NULL)
            memcpy(hash, h, sizeof(hash));
        arena_free(&a);
    }
    pthread_mutex_unlock(&lock);
    return hash;
}

int64_t session_check(struct store *st, struct db_conn *conn, const char *login, const char *password,
                      const char *ip, struct session_try *t)
{
    uint64_t by_login = tries_key("login", login), by_ip = tries_key("ip", ip);
    int64_t now = when_monotonic(), user = 0;
    struct db_stmt *s;

    t->hash[0] = '\0';
    if ((t->wait = tries(st->sessions, by_login, now, 0, TRIES)) > 0 ||
        (t->wait = tries(st->sessions, by_ip, now, 0, TRIES * 10)) > 0)
        return -1;
    s = db_prepare(conn, "SELECT id, password_hash FROM \"user\" WHERE login = ? AND active = 1");
    db_bind_text(s, 1, login, -1);
    if (db_step(s) == DB_ROW && !db_col_is_null(s, 1)) {
        user = db_col_int(s, 0);
        snprintf(t->hash, sizeof(t->hash), "%s", db_col_text(s, 1, NULL));
    }
    db_reset(s);
    if (!verify(user != 0 ? t->hash : dummy_hash(), password))
        user = 0;
    tries(st->sessions, by_login, now, user != 0 ? -1 : 1, TRIES);
    if (user == 0)
        tries(st->sessions, by_ip, now, 1, TRIES * 10);
    return user;
}

const char *session_renewed(struct arena *a, const struct session_try *t, const char *password)
{
    return crypto_pwhash_str_needs_rehash(t->hash, PASSES, limits.password_memory) == 0 ? NULL : make_hash(a, password);
}

const char *session_hash(struct berth_ctx *c, const char *login, const char *password)
{
    /* what attackers try first, in the lengths that the rule below lets through */
    static const char *const common[] = {
        "12345678", "123456789", "1234567890", "password", "password1", "password123", "qwertyui", "qwerty123",
        "11111111", "00000000", "88888888", "66666666", "abcd1234", "abc12345", "1q2w3e4r", "1qaz2wsx", "iloveyou",
        "admin123", "administrator", "letmein1", "welcome1", "woaini1314", "a1234567", "asdfghjkl", "zxcvbnm1",
        "matkhau1", "matkhau123", "anhyeuem", "sunshine", "princess", "football", "baseball", "superman", "87654321"};
    size_t chars = 0, n = strlen(password);

    for (size_t i = 0; i < n; i++)
        chars += ((unsigned char)password[i] & 0xc0) != 0x80;
    if (chars < 8 || n > 512) {
        ctx_invalid(c, "password", "err.password_short", NULL);
        return NULL;
    }
    if (login != NULL && strcasecmp(login, password) == 0) {
        ctx_invalid(c, "password", "err.password_common", NULL);
        return NULL;
    }
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
        if (strcasecmp(common[i], password) == 0) {
            ctx_invalid(c, "password", "err.password_common", NULL);
            return NULL;
        }
    const char *hash = make_hash(c->a, password);

    if (hash == NULL)
        ctx_fail(c, BERTH_BUSY, "busy", "err.busy");
    return hash;
}

int session_set_hash(struct berth_ctx *c, int64_t user, const char *hash)
{
    struct db_stmt *s = db_prepare(c->conn, "UPDATE \"user\" SET password_hash = ?, version = version + 1 WHERE id = ?");

    db_bind_text(s, 1, hash, -1);
    db_bind_int(s, 2, user);
    if (ctx_write(c, s, "set a password") != BERTH_OK)
        return c->rc;
    if (db_changes(c->conn) == 0)
        return ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    return audit_add(c, "password", arena_fmt(c->a, "user %lld", (long long)user));
}

int session_renew(struct berth_ctx *c, int64_t user, const char *was, const char *hash)
{
    struct db_stmt *s = db_prepare(c->conn, "UPDATE \"user\" SET password_hash = ? WHERE id = ? AND password_hash = ?");

    db_bind_text(s, 1, hash, -1);
    db_bind_int(s, 2, user);
    db_bind_text(s, 3, was, -1);
    return ctx_write(c, s, "hash a password anew");
}

/* ---- sessions ------------------------------------------------------------------------------ */
int session_start(struct berth_ctx *c, int64_t user, const char *ip, const char *agent, char out[SECRET_TEXT])
{
    char hash[SESSION_HASH_TEXT];
    struct db_stmt *s;

    session_secret("bs_", out);
    session_secret_hash(out, hash);
    s = db_prepare(c->conn, "DELETE FROM session WHERE expires_at < ?");
    db_bind_int(s, 1, c->now);
    if (ctx_write(c, s, "drop old sessions") != BERTH_OK)
        return c->rc;
    s = db_prepare(c->conn, "INSERT INTO session (token, user_id, created_at, seen_at, expires_at, ip, agent)"
                            " VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6)");
    db_bind_text(s, 1, hash, -1);
    db_bind_int(s, 2, user);
    db_bind_int(s, 3, c->now);
    db_bind_int(s, 4, c->now + limits.absolute_ms);
    db_bind_text(s, 5, ip, -1);
    db_bind_text(s, 6, agent == NULL ? "" : arena_strndup(c->a, agent, strnlen(agent, 200)), -1);
    return ctx_write(c, s, "start a session");
}

struct ended {
    char hash[SESSION_HASH_TEXT];
    int64_t user;
};

static void forget_one(struct berth_ctx *c, void *arg)
{
    forget(c->st->sessions, same_hash, ((struct ended *)arg)->hash);
}

static void forget_user(struct berth_ctx *c, void *arg)
{
    forget(c->st->sessions, same_user, &((struct ended *)arg)->user);
}

int session_end(struct berth_ctx *c, const char *secret)
{
    struct ended *e = arena_alloc(c->a, sizeof(*e));
    struct db_stmt *s;

    session_secret_hash(secret, e->hash);
    s = db_prepare(c->conn, "DELETE FROM session WHERE token = ?");
    db_bind_text(s, 1, e->hash, -1);
    ctx_after_commit(c, forget_one, e);
    return ctx_write(c, s, "end a session");
}

int session_look_as(struct berth_ctx *c, const char *secret, int64_t user)
{
    struct ended *e = arena_alloc(c->a, sizeof(*e));
    struct db_stmt *s = db_prepare(c->conn, "UPDATE session SET as_user = ? WHERE token = ?");

    session_secret_hash(secret, e->hash);
    if (user != 0)
        db_bind_int(s, 1, user);
    db_bind_text(s, 2, e->hash, -1);
    ctx_after_commit(c, forget_one, e); /* and read again */
    return ctx_write(c, s, "look as another user");
}

void session_forget(struct berth_ctx *c, const char *hash)
{
    struct ended *e = arena_alloc(c->a, sizeof(*e));

    snprintf(e->hash, sizeof(e->hash), "%s", hash == NULL ? "" : hash);
    ctx_after_commit(c, forget_one, e);
}

int session_end_all(struct berth_ctx *c, int64_t user, const char *except)
{
    struct ended *e = arena_alloc(c->a, sizeof(*e));
    struct db_stmt *s;

    e->user = user;
    if (except != NULL)
        session_secret_hash(except, e->hash);
    s = db_prepare(c->conn, "DELETE FROM session WHERE user_id = ? AND token <> ?");
    db_bind_int(s, 1, user);
    db_bind_text(s, 2, e->hash, -1);
    ctx_after_commit(c, forget_user, e); /* the excepted one is read again */
    return ctx_write(c, s, "end sessions");
}

int session_token(struct berth_ctx *c, const char *name, int days, int64_t *id_r, char out[SECRET_TEXT])
{
    char hash[SESSION_HASH_TEXT];
    struct db_stmt *s;

    session_secret("brt_", out);
    session_secret_hash(out, hash);
    s = db_prepare(c->conn, "INSERT INTO api_token (version, created_at, created_by, updated_at, updated_by, user_id,"
                            " name, hash, expires_at) VALUES (1, ?1, ?2, ?1, ?2, ?2, ?3, ?4, ?5)");
    db_bind_int(s, 1, c->now);
    db_bind_int(s, 2, c->who == NULL ? 0 : c->who->id);
    db_bind_text(s, 3, name, -1);
    db_bind_text(s, 4, hash, -1);
    if (days > 0)
        db_bind_int(s, 5, c->now + days * BERTH_DAY);
    if (ctx_write(c, s, "make a token") == BERTH_OK)
        audit_add(c, "token", arena_fmt(c->a, "%lld made: %s", (long long)(*id_r = db_last_id(c->conn)), name));
    return c->rc;
}

int session_token_end(struct berth_ctx *c, int64_t id)
{
    struct ended *e = arena_alloc(c->a, sizeof(*e));
    struct db_stmt *s = db_prepare(c->conn, "SELECT hash, user_id FROM api_token WHERE id = ?");
    bool mine = false;

    db_bind_int(s, 1, id);
    if (db_step(s) == DB_ROW) {
        mine = c->who == NULL || c->who->admin || db_col_int(s, 1) == c->who->id;
        snprintf(e->hash, sizeof(e->hash), "%s", db_col_text(s, 0, NULL));
    }
    db_reset(s);
    if (!mine)
        return ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    s = db_prepare(c->conn, "DELETE FROM api_token WHERE id = ?");
    db_bind_int(s, 1, id);
    ctx_after_commit(c, forget_one, e);
    ctx_write(c, s, "end a token");
    return audit_add(c, "token", arena_fmt(c->a, "%lld ended", (long long)id));
}

/* ---- the first start -------------------------------------------------------------------------- */
bool session_setup_open(struct store *st, struct db_conn *conn)
{
    struct db_stmt *s = db_prepare(conn, "SELECT 1 FROM \"user\" LIMIT 1");
    bool open = db_step(s) == DB_DONE;

    (void)st;
    db_reset(s);
    return open;
}

static int put_setting(struct berth_ctx *c, const char *name, const char *value)
{
    struct db_stmt *s = db_prepare(c->conn, "DELETE FROM setting WHERE name = ?");

    db_bind_text(s, 1, name, -1);
    if (ctx_write(c, s, "change a setting") != BERTH_OK || value == NULL)
        return c->rc;
    s = db_prepare(c->conn, "INSERT INTO setting (version, created_at, updated_at, name, value) VALUES (1, ?1, ?1, ?2, ?3)");
    db_bind_int(s, 1, c->now);
    db_bind_text(s, 2, name, -1);
    db_bind_text(s, 3, value, -1);
    return ctx_write(c, s, "change a setting");
}

int session_setup_secret(struct berth_ctx *c, char out[SECRET_TEXT])
{
    char hash[SESSION_HASH_TEXT];

    out[0] = '\0';
    if (!session_setup_open(c->st, c->conn))
        return c->rc;
    session_secret("setup_", out);
    session_secret_hash(out, hash);
    return put_setting(c, "base.setup", hash);
}

int session_setup(struct berth_ctx *c, const char *secret, const char *login, const char *name,
                  const char *hash, int64_t *user_r)
{
    char given[SESSION_HASH_TEXT];
    bool right;
    struct db_stmt *s;
    struct berth_row *u;

    session_secret_hash(secret, given);
    s = db_prepare(c->conn, "SELECT value FROM setting WHERE name = 'base.setup'");
    right = db_step(s) == DB_ROW && strcmp(db_col_text(s, 0, NULL), given) == 0;
    db_reset(s);
    if (!right || !session_setup_open(c->st, c->conn))
        return ctx_fail(c, BERTH_DENIED, "denied", "err.setup");
    u = row_new(c, c->m->users);
    row_set(u, "login", berth_s(login));
    row_set(u, "name", berth_s(name));
    row_set(u, "admin", (struct berth_val){BERTH_BOOL, 0, {.i = 1}});
    row_set(u, "active", (struct berth_val){BERTH_BOOL, 0, {.i = 1}});
    row_set(u, "password_hash", berth_s(hash));
    if (row_save(c, u) != BERTH_OK)
        return c->rc;
    *user_r = row_id(u);
    return put_setting(c, "base.setup", NULL);
}
