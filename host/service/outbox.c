/* outbox.c - putting messages into the outbox and sending them from there. */
#include "service/outbox.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/background.h"
#include "base/blame.h"
#include "base/log.h"
#include "base/when.h"
#include "record/commit.h"
#include "record/log_page.h"
#include "service/channel.h"
#include "service/mail.h"

enum { TRIES = 10, AT_ONCE = 20, LOOK_MS = 5000, MINUTE_MS = 60000 };

/* ---- putting in --------------------------------------------------------------------------------- */
bool outbox_one_line(struct berth_ctx *c, const char *field, const char *s, size_t max)
{
    if (s == NULL || s[strspn(s, " ")] == '\0')
        ctx_invalid(c, field, "err.required", NULL);
    else if (strlen(s) > max)
        ctx_invalid(c, field, "err.too_large", "max", arena_fmt(c->a, "%zu", max), NULL);
    else
        for (const char *p = s; *p != '\0'; p++)
            if ((unsigned char)*p < 0x20 || *p == 0x7f) {
                ctx_invalid(c, field, "err.control", NULL);
                break;
            }
    return c->rc == BERTH_OK;
}

static void wake(struct berth_ctx *c, void *arg)
{
    (void)c;
    (void)arg;
    outbox_wake();
}

int64_t outbox_put(struct berth_ctx *c, const struct out_message *m)
{
    unsigned char random[16];
    char name[sizeof(random) * 2 + 1];
    struct db_stmt *s;
    int rc;

    if (c->rc != BERTH_OK)
        return 0;
    randombytes_buf(random, sizeof(random));
    sodium_bin2hex(name, sizeof(name), random, sizeof(random));
    s = db_prepare(c->conn,
                   "INSERT INTO outbox (at, by, tbl, rec, channel, recipient, subject, body, link, "
                   "urgent, name, state, tries, run_at)"
                   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'queued', 0, ?1)");
    db_bind_int(s, 1, c->now);
    if (c->who != NULL)
        db_bind_int(s, 2, c->who->id);
    if (m->about != NULL) {
        db_bind_int(s, 3, store_table_no(c->st, m->about->t));
        db_bind_int(s, 4, row_id(m->about));
    }
    db_bind_text(s, 5, m->channel, -1);
    db_bind_text(s, 6, m->to, -1);
    db_bind_text(s, 7, m->subject, -1);
    db_bind_text(s, 8, m->text, -1);
    db_bind_text(s, 9, m->link, -1);
    db_bind_int(s, 10, m->urgent);
    db_bind_text(s, 11, name, -1);
    rc = db_step(s);
    db_reset(s);
    if (rc < 0) {
        ctx_db(c, rc, "queue a message");
        return 0;
    }
    ctx_after_commit(c, wake, NULL);
    return db_last_id(c->conn);
}

int outbox_again(struct berth_ctx *c, int64_t id)
{
    struct db_stmt *s = db_prepare(c->conn, "UPDATE outbox SET state = 'queued', tries = 0, run_at "
                                            "= ?, error = NULL WHERE id = ? AND state IN"
                                            " ('failed', 'queued')");
    int rc;

    db_bind_int(s, 1, c->now);
    db_bind_int(s, 2, id);
    rc = db_step(s);
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "queue a message again");
    if (db_changes(c->conn) == 0)
        return ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    ctx_after_commit(c, wake, NULL);
    return c->rc;
}

/* ---- what became of them ------------------------------------------------------------------------ */
/* A thread each, so that a server that takes its time over a large mail, or over every mail, holds up nobody else. */
enum way { BY_MAIL, WITH_FILES, BY_CHANNEL, WAYS };
static const char *const whose[] = {
    [BY_MAIL] = "coalesce(channel, 'mail') = 'mail' AND NOT EXISTS (SELECT 1 FROM attachment f WHERE f.tbl = ?2 AND f.rec = outbox.id)",
    [WITH_FILES] = "coalesce(channel, 'mail') = 'mail' AND EXISTS (SELECT 1 FROM attachment f WHERE f.tbl = ?2 AND f.rec = outbox.id)",
    [BY_CHANNEL] = "coalesce(channel, 'mail') <> 'mail' AND ?2 = ?2",
};

struct sender {
    struct outbox *box;
    enum way way;
    struct db_conn *conn; /* while it sends */
    struct background thread;
};

struct outbox {
    struct store *st;
    const struct out_ways *ways;
    struct sender sender[WAYS];
};

static struct background_known known = BACKGROUND_UNKNOWN; /* whoever writes wakes it */

struct outcome {
    const struct out_message *m;
    bool begun; /* it is about to be sent */
    enum out_result result;
    const char *why;
};

static int keep_outcome(struct berth_ctx *c, void *arg)
{
    const struct outcome *o = arg;
    bool sent = !o->begun && o->result == OUT_SENT;
    bool stopped = !o->begun && o->result == OUT_STOPPED;
    bool over = !o->begun && (o->result == OUT_NEVER || (!sent && !stopped && o->m->tries + 1 >= TRIES));
    struct db_stmt *s = db_prepare(c->conn, "UPDATE outbox SET state = ?1, tries = tries + ?2, "
                                            "run_at = ?3, sent_at = ?4, error = ?5 WHERE id = ?6"
                                            " AND state = 'queued'");
    int rc;

    db_bind_text(s, 1, sent ? "sent" : over ? "failed" : "queued", -1);
    db_bind_int(s, 2, o->begun ? 1 : stopped ? -1 : 0);
    if (!sent && !over)
        db_bind_int(s, 3, stopped ? c->now : c->now + when_doubled(MINUTE_MS, o->m->tries));
    if (sent)
        db_bind_int(s, 4, c->now);
    db_bind_text(s, 5, o->why, -1);
    db_bind_int(s, 6, o->m->id);
    rc = db_step(s);
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "note what became of a message");
    if (o->begun || o->result != OUT_DOWN)
        return c->rc;
    /* the rest of that channel waits a minute, so that it holds up nobody else */
    s = db_prepare(
        c->conn,
        "UPDATE outbox SET run_at = ?1 WHERE channel = ?2 AND state = 'queued' AND run_at <= ?3");
    db_bind_int(s, 1, c->now + MINUTE_MS);
    db_bind_text(s, 2, o->m->channel, -1);
    db_bind_int(s, 3, c->now);
    return ctx_write(c, s, "put off the messages of a channel");
}

static bool kept(struct sender *o, struct outcome *out)
{
    struct commit k = {
        .st = o->box->st, .what = "outbox", .low = true, .body = keep_outcome, .arg = out};

    return commit_run(&k) == 0;
}

/* The try is noted before it is made: a crash in between costs a pause, not a second message at
 * once. */
static bool send_one(struct sender *o, struct arena *a, const struct out_message *m)
{
    struct buf why = BUF_INIT;
    struct outcome out = {.m = m, .begun = true};

    if (!kept(o, &out))
        return false;
    out.begun = false;
    if (strcmp(m->channel, "mail") == 0)
        out.result = mail_send(o->box->st, o->conn, a, o->box->ways->mail, m, &o->thread.stop, &why);
    else
        out.result = channel_send(o->box->st, o->conn, a, m, &why);
    if (out.result != OUT_SENT) {
        log_warn("outbox", "%lld by %s: %s", (long long)m->id, m->channel, buf_str(&why));
        out.why = out.result == OUT_STOPPED ? NULL : buf_str(&why);
    }
    kept(o, &out);
    buf_free(&why);
    db_settle(o->conn);
    return out.result != OUT_DOWN;
}

/* ---- the thread --------------------------------------------------------------------------------- */
static size_t read_due(struct sender *o, struct arena *a, struct out_message *m)
{
    struct db_stmt *s;
    size_t n = 0;

    s = db_prepare(
        o->conn, arena_fmt(a,
                           "SELECT id, at, tries, coalesce(channel, 'mail'), recipient, coalesce(subject, ''), body, name, link, urgent"
                           " FROM outbox WHERE state = 'queued' AND run_at <= ?1 AND %s ORDER BY coalesce(urgent, 0) DESC, run_at LIMIT ?3",
                           whose[o->way]));
    db_bind_int(s, 1, store_now(o->box->st));
    db_bind_int(s, 2, file_outbox(o->box->st));
    db_bind_int(s, 3, AT_ONCE);
    while (n < AT_ONCE && db_step(s) == DB_ROW)
        m[n++] = (struct out_message){
            .id = db_col_int(s, 0),
            .at = db_col_int(s, 1),
            .tries = (int)db_col_int(s, 2),
            .channel = arena_strdup(a, db_col_text(s, 3, NULL)),
            .to = arena_strdup(a, db_col_text(s, 4, NULL)),
            .subject = arena_strdup(a, db_col_text(s, 5, NULL)),
            .text = arena_strdup(a, db_col_text(s, 6, NULL)),
            .name = arena_strdup(a, db_col_text(s, 7, NULL)),
            .link = db_col_is_null(s, 8) ? NULL : arena_strdup(a, db_col_text(s, 8, NULL)),
            .urgent = db_col_int(s, 9) != 0};
    db_reset(s);
    db_settle(o->conn);
    return n;
}

/* True: there may be more at once. */
static bool send_due(struct sender *o)
{
    struct arena *a;
    struct out_message *m;
    size_t n, i = 0;

    if ((o->way != BY_CHANNEL && o->box->ways->mail == NULL) || (o->conn = db_reader(o->box->st->db, NULL)) == NULL)
        return false;
    a = arena_new();
    m = arena_alloc(a, AT_ONCE * sizeof(*m));
    n = read_due(o, a, m);
    while (i < n && !background_stopping(&o->thread) && send_one(o, a, &m[i]))
        i++;
    arena_free(&a);
    db_conn_close(&o->conn);
    return n == AT_ONCE || i < n;
}

static void *work(void *arg)
{
    struct sender *o = arg;

    blame_thread();
    while (background_rest(&o->thread, LOOK_MS))
        while (!background_stopping(&o->thread) && send_due(o))
            continue;
    return NULL;
}

static void end(struct outbox *o, int n)
{
    background_know(&known, NULL);
    for (int i = 0; i < n; i++)
        background_ask(&o->sender[i].thread);
    for (int i = 0; i < n; i++)
        background_stop(&o->sender[i].thread);
    free(o);
}

struct outbox *outbox_start(struct store *st, const struct out_ways *ways)
{
    struct outbox *o = mem_alloc(sizeof(*o));

    o->st = st;
    o->ways = ways;
    for (int i = 0; i < WAYS; i++) {
        o->sender[i] = (struct sender){.box = o, .way = (enum way)i};
        if (background_start(&o->sender[i].thread, work, &o->sender[i]) != 0) {
            end(o, i);
            return NULL;
        }
    }
    background_know(&known, o);
    return o;
}

void outbox_wake(void)
{
    struct outbox *o = background_hold(&known);

    for (int i = 0; o != NULL && i < WAYS; i++)
        background_wake(&o->sender[i].thread);
    background_let(&known);
}

void outbox_stop(struct outbox **po)
{
    end(*po, WAYS);
    *po = NULL;
}

/* ---- telling administrators --------------------------------------------------------------------- */
static void message_json(struct berth_ctx *c, struct json *j, struct db_stmt *s)
{
    static const char *const keys[] = {"channel", "to", "subject", "error"};

    (void)c;
    for (int i = 0; i < 4; i++)
        json_text(j, keys[i], db_col_text(s, i + 1, NULL));
    json_time(j, "at", db_col_int(s, 5));
    json_time(j, "again_at", db_col_int(s, 6));
    json_number(j, "tries", db_col_int(s, 7));
}

int outbox_page(struct berth_ctx *c, const char *state, int64_t before, int limit, struct buf *out)
{
    struct db_stmt *s =
        db_prepare(c->conn, "SELECT id, coalesce(channel, 'mail'), recipient, subject, error, at, "
                            "coalesce(run_at, 0), tries FROM outbox"
                            " WHERE state = ? AND id < ? ORDER BY id DESC LIMIT ?");

    db_bind_text(s, 1, state == NULL ? "failed" : state, -1);
    return log_page_json(c, &(struct log_page){"messages", s, 1, message_json}, before, limit, out);
}
