/* idempotency.c - Idempotency-Key: a write whose answer was lost is sent again, and not done twice. */
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "base/when.h"
#include "record/find.h"
#include "web/app.h"

static const char header[] = "Idempotency-Key";

enum {
    KEY_MAX = 255,
    KEPT = 50000,             /* keys in all; the oldest make room */
    ANSWER_MAX = 64 * 1024,   /* a longer answer is not kept, only that it was given */
};

/* ---- under way ------------------------------------------------------------------------------- */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct idempotency *under_way;

static bool enter(struct idempotency *i)
{
    const struct idempotency *other;

    pthread_mutex_lock(&lock);
    for (other = under_way; other != NULL; other = other->next)
        if (other->user == i->user && strcmp(other->key, i->key) == 0)
            break;
    i->entered = other == NULL;
    if (i->entered) {
        i->next = under_way;
        under_way = i;
    }
    pthread_mutex_unlock(&lock);
    return i->entered;
}

void idempotency_end(struct call *k)
{
    struct idempotency **at = &under_way;

    if (k->once == NULL || !k->once->entered)
        return;
    pthread_mutex_lock(&lock);
    while (*at != k->once)
        at = &(*at)->next;
    *at = k->once->next;
    pthread_mutex_unlock(&lock);
    k->once->entered = false;
}

/* ---- what was asked ---------------------------------------------------------------------------- */
static void add(crypto_generichash_state *h, const char *s, size_t n)
{
    crypto_generichash_update(h, (const unsigned char *)s, n);
}

static void add_file(crypto_generichash_state *h, int fd)
{
    char piece[16384];
    off_t at = 0;

    for (ssize_t n; (n = pread(fd, piece, sizeof(piece), at)) > 0; at += n)
        add(h, piece, (size_t)n);
}

/* All that says what is to be done: not the language of the answer. */
static void hash(const struct http_req *req, char out[IDEMPOTENCY_HASH])
{
    unsigned char sum[crypto_generichash_BYTES];
    crypto_generichash_state h;

    crypto_generichash_init(&h, NULL, 0, sizeof(sum));
    add(&h, http_method_name(req->method), strlen(http_method_name(req->method)) + 1);
    add(&h, req->path, strlen(req->path) + 1);
    for (size_t i = 0; i < req->nargs; i++) {
        if (strcmp(req->args[i].name, "locale") == 0)
            continue;
        add(&h, req->args[i].name, strlen(req->args[i].name) + 1);
        add(&h, req->args[i].value, strlen(req->args[i].value) + 1);
    }
    add(&h, "", 1);
    if (req->body_to_file)
        add_file(&h, req->body_fd);
    else
        add(&h, req->body.s, req->body.len);
    crypto_generichash_final(&h, sum, sizeof(sum));
    sodium_bin2hex(out, IDEMPOTENCY_HASH, sum, sizeof(sum));
}

/* As the draft has it, a string in quotes; nearly everybody leaves them out. */
static const char *key_of(struct call *k, const char *sent)
{
    size_t n = strlen(sent);
    bool quoted = n >= 2 && sent[0] == '"' && sent[n - 1] == '"';
    char *key = arena_strndup(k->req->arena, sent + quoted, n - 2 * quoted);

    n = strlen(key);
    for (const char *p = key; *p != '\0'; p++)
        if (*p <= ' ' || *p > '~' || *p == '"' || *p == '\\')
            n = 0;
    if (n > 0 && n <= KEY_MAX)
        return key;
    call_bad(k, header);
    return NULL;
}

/* ---- what was answered -------------------------------------------------------------------------- */
static int64_t since(const struct call *k)
{
    return k->c.now - WHEN_DAY;
}

static void bind_key(struct db_stmt *s, const struct idempotency *i)
{
    db_bind_int(s, 1, i->user);
    db_bind_text(s, 2, i->key, -1);
}

static void give(struct call *k, struct db_stmt *s)
{
    size_t len;
    const char *answer = db_col_text(s, 3, &len);

    k->req->status = (int)db_col_int(s, 1);
    if (answer != NULL)
        buf_add(&k->req->out, answer, len);
    if (k->req->status == 201 && db_col_int(s, 2) != 0)
        call_made(k, db_col_int(s, 2));
}

/* What one may not see now is not told because it was once: neither the record nor what stood in a field of it. */
static bool may_see(struct call *k, int64_t rec)
{
    struct berth_row *r = find_one(&k->c, k->t, rec);
    json_t *answer, *v;
    const char *name;
    bool may = r != NULL;

    if (r == NULL) {
        ctx_clear(&k->c);
        return false;
    }
    answer = json_loadb(buf_str(&k->req->out), k->req->out.len, 0, NULL);
    json_object_foreach (json_object_get(answer, "row"), name, v) {
        const struct field *f = model_field(k->t, name);
        const char *text = json_string_value(v);
        bool told = !json_is_null(v) && (text == NULL || strcmp(text, "***") != 0);

        may = may && (!told || (f != NULL && perm_field_of(r, f) >= ACCESS_READ));
    }
    json_decref(answer);
    return may;
}

static bool again(struct call *k)
{
    struct db_stmt *s = db_prepare(k->c.conn, "SELECT hash, status, rec, answer FROM idempotency WHERE user_id = ? AND key = ? AND at > ?");
    int64_t rec = 0;
    bool lost = false;
    int rc;

    bind_key(s, k->once);
    db_bind_int(s, 3, since(k));
    rc = db_step(s);
    if (rc == DB_ROW) {
        rec = db_col_int(s, 2);
        lost = db_col_is_null(s, 3);
        if (strcmp(db_col_text(s, 0, NULL), k->once->hash) != 0)
            ctx_invalid(&k->c, header, "err.key_reused", NULL);
        else if (!ext_may(k))
            ctx_fail(&k->c, BERTH_DENIED, "denied", "err.denied");
        else if (!lost)
            give(k, s);
    }
    db_reset(s);
    if (rc < 0)
        ctx_db(&k->c, rc, "look for a key");
    if (rc != DB_ROW || k->c.rc != BERTH_OK)
        return rc != DB_DONE;
    if (lost || (rec != 0 && !may_see(k, rec)))
        ctx_fail(&k->c, BERTH_CONFLICT, "done", "err.key_done");
    return true;
}

bool idempotency_begin(struct call *k)
{
    const char *sent = k->user == 0 || (k->route->flags & R_PUBLIC) ? NULL : http_header(k->req, header);
    struct idempotency *i;

    if (sent == NULL)
        return true;
    i = arena_alloc(k->req->arena, sizeof(*i));
    *i = (struct idempotency){.user = k->user, .key = key_of(k, sent)};
    if (i->key == NULL)
        return false;
    hash(k->req, i->hash);
    k->once = i;
    if (!enter(i)) {
        ctx_fail(&k->c, BERTH_CONFLICT, "in_flight", "err.in_flight");
        return false;
    }
    return !again(k); /* behind enter(): whoever had the key before has committed */
}

static int run(struct call *k, const char *sql, int64_t a, const char *text)
{
    struct db_stmt *s = db_prepare(k->c.conn, sql);
    int rc;

    db_bind_int(s, 1, a);
    if (text != NULL)
        db_bind_text(s, 2, text, -1);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(&k->c, rc, "make room for a key") : BERTH_OK;
}

int idempotency_keep(struct call *k, bool answered)
{
    bool keep = answered && !(k->route->flags & R_SECRET) && !k->c.told_once && !k->app_answered && k->c.reply_type == NULL &&
                k->req->out.len <= ANSWER_MAX;
    struct db_stmt *s;
    int rc;

    /* one that is a day old, or this one, which had no answer yet */
    if (run(k, "DELETE FROM idempotency WHERE user_id = ? AND key = ?", k->once->user, k->once->key) != BERTH_OK)
        return k->c.rc;
    s = db_prepare(k->c.conn, "INSERT INTO idempotency (user_id, key, at, hash, status, rec, answer) VALUES (?, ?, ?, ?, ?, ?, ?)");
    bind_key(s, k->once);
    db_bind_int(s, 3, k->c.now);
    db_bind_text(s, 4, k->once->hash, -1);
    db_bind_int(s, 5, k->req->status != 0 ? k->req->status : k->req->out.len == 0 ? 204 : 200);
    if (k->shown != 0)
        db_bind_int(s, 6, k->shown);
    if (keep)
        db_bind_text(s, 7, buf_str(&k->req->out), (int64_t)k->req->out.len);
    rc = db_step(s);
    db_reset(s);
    if (rc < 0)
        return ctx_db(&k->c, rc, "keep a key");
    return run(k, "DELETE FROM idempotency WHERE seq <= ?", db_last_id(k->c.conn) - KEPT, NULL);
}
