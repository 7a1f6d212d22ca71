/* mail.c - putting mails into the outbox and sending them from there. */
#include "service/mail.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/background.h"
#include "base/blame.h"
#include "base/log.h"
#include "base/when.h"
#include "record/commit.h"
#include "record/find.h"

enum { TRIES = 10, AT_ONCE = 20, LOOK_MS = 5000 };

/* ---- putting in ------------------------------------------------------------------------------------ */
static bool one_line(struct berth_ctx *c, const char *field, const char *s, size_t max)
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

/* An address that is nothing but an address: it stands in a command of the protocol. */
static bool address(struct berth_ctx *c, const char *field, const char *s)
{
    struct field email = *model_field(c->m->users, "email"); /* looked at like that one */
    struct berth_val v;
    json_t *j;
    bool ok;

    if (!one_line(c, field, s, 254))
        return false;
    email.name = field;
    j = json_string(s);
    ok = j != NULL && strpbrk(s, "<>,;:\\\" ()[]") == NULL && val_from_json(c, &email, j, &v);
    json_decref(j);
    if (!ok && c->rc == BERTH_OK)
        ctx_invalid(c, field, "err.email", NULL);
    return c->rc == BERTH_OK;
}

static void wake(struct berth_ctx *c, void *arg)
{
    (void)c;
    (void)arg;
    mailer_wake();
}

int64_t mail_put(struct berth_ctx *c, const struct mail *m)
{
    unsigned char random[16];
    char name[sizeof(random) * 2 + 1];
    struct db_stmt *s;
    int rc;

    address(c, "to", m->to);
    one_line(c, "subject", m->subject, 500);
    if (m->text == NULL || strlen(m->text) > 200000)
        ctx_invalid(c, "text", m->text == NULL ? "err.required" : "err.control", NULL);
    if (c->rc != BERTH_OK)
        return 0;
    randombytes_buf(random, sizeof(random));
    sodium_bin2hex(name, sizeof(name), random, sizeof(random));
    s = db_prepare(c->conn, "INSERT INTO mail (at, by, tbl, rec, recipient, subject, body, name, state, tries, run_at)"
                            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'queued', 0, ?1)");
    db_bind_int(s, 1, c->now);
    if (c->who != NULL)
        db_bind_int(s, 2, c->who->id);
    if (m->about != NULL) {
        db_bind_int(s, 3, store_table_no(c->st, m->about->t));
        db_bind_int(s, 4, row_id(m->about));
    }
    db_bind_text(s, 5, m->to, -1);
    db_bind_text(s, 6, m->subject, -1);
    db_bind_text(s, 7, m->text, -1);
    db_bind_text(s, 8, name, -1);
    rc = db_step(s);
    db_reset(s);
    if (rc < 0) {
        ctx_db(c, rc, "queue a mail");
        return 0;
    }
    ctx_after_commit(c, wake, NULL);
    return db_last_id(c->conn);
}

/* ---- templates --------------------------------------------------------------------------------------- */
/* {field}: the record's, as the user may read it; anything else in braces stays as it is.  Values are
 * never read for braces again. */
static const char *filled(struct berth_ctx *c, const struct berth_row *r, const char *text)
{
    struct buf b = BUF_INIT;
    const char *out;

    while (*text != '\0') {
        size_t plain = strcspn(text, "{"), n = strcspn(text + plain, "}");
        const struct field *f = NULL;

        buf_add(&b, text, plain);
        text += plain;
        if (*text == '\0')
            break;
        if (text[n] == '}' && n > 1 && n < 64)
            f = model_field(r->t, arena_strndup(c->a, text + 1, n - 1));
        if (f == NULL || (f->flags & BERTH_SECRET) || perm_field_of(r, f) < ACCESS_READ) {
            buf_putc(&b, *text++);
            continue;
        }
        if (!val_is_nil(r->v[f->at]))
            buf_puts(&b, val_text(c, f, r->v[f->at]));
        text += n + 1;
    }
    out = arena_strdup(c->a, buf_str(&b));
    buf_free(&b);
    return out;
}

static const char *suffix_of(const char *locale)
{
    return strcmp(locale, "zh-CN") == 0 ? "zh_cn" : strcmp(locale, "zh-TW") == 0 ? "zh_tw" : strcmp(locale, "vi") == 0 ? "vi" : "en";
}

static const char *text_of(const struct berth_row *t, struct berth_ctx *c, const char *what, const char *locale)
{
    struct berth_val v = row_get(t, arena_fmt(c->a, "%s_%s", what, suffix_of(locale)));

    if (val_is_nil(v))
        v = row_get(t, arena_fmt(c->a, "%s_en", what));
    return val_is_nil(v) ? "" : v.s;
}

static const char *signature(struct berth_ctx *c)
{
    struct berth_row *me = c->who == NULL ? NULL : find_raw(c, c->m->users, c->who->id);
    struct berth_val v = me == NULL ? berth_nil() : row_get(me, "signature");

    return val_is_nil(v) ? "" : arena_fmt(c->a, "\n\n-- \n%s", v.s);
}

int mail_fill(struct berth_ctx *c, const struct berth_row *r, int64_t template_, const char *locale, struct mail *out)
{
    struct berth_row *t = find_one(c, model_table(c->m, "mail_template"), template_);
    const struct field *email = model_field(r->t, "email");
    char *subject;

    if (t == NULL)
        return c->rc;
    subject = arena_strdup(c->a, filled(c, r, text_of(t, c, "subject", locale)));
    for (char *s = subject; *s != '\0'; s++)
        if ((unsigned char)*s < 0x20)
            *s = ' ';
    *out = (struct mail){.about = r, .subject = subject,
                         .text = arena_fmt(c->a, "%s%s", filled(c, r, text_of(t, c, "body", locale)), signature(c))};
    if (email != NULL && email->type == BERTH_EMAIL && perm_field_of(r, email) >= ACCESS_READ && !val_is_nil(r->v[email->at]))
        out->to = r->v[email->at].s;
    return c->rc;
}

/* ---- the message -------------------------------------------------------------------------------------- */
static void base64_lines(struct buf *out, const char *s, size_t n)
{
    for (size_t at = 0; at < n; at += 57) { /* 76 characters a line */
        char line[80];

        sodium_bin2base64(line, sizeof(line), (const unsigned char *)s + at, n - at < 57 ? n - at : 57, sodium_base64_VARIANT_ORIGINAL);
        buf_addf(out, "%s\r\n", line);
    }
}

/* RFC 2047: pieces that end between characters. */
static void encoded_words(struct buf *out, const char *s)
{
    size_t n = strlen(s);

    for (size_t at = 0; at < n;) {
        size_t len = n - at < 42 ? n - at : 42;
        char word[80];

        while (len > 1 && at + len < n && ((unsigned char)s[at + len] & 0xc0) == 0x80)
            len--;
        sodium_bin2base64(word, sizeof(word), (const unsigned char *)s + at, len, sodium_base64_VARIANT_ORIGINAL);
        buf_addf(out, "%s=?UTF-8?B?%s?=", at > 0 ? "\r\n " : "", word);
        at += len;
    }
}

struct outgoing {
    int64_t id, at;
    int tries;
    const char *to, *subject, *text, *name;
};

static void message(const struct mail_server *server, const struct outgoing *m, struct buf *out)
{
    time_t seconds = (time_t)(m->at / 1000);
    const char *domain = strrchr(server->from, '@');
    struct tm tm;
    char date[64];

    gmtime_r(&seconds, &tm);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &tm);
    buf_addf(out, "From: <%s>\r\nTo: <%s>\r\nSubject: ", server->from, m->to);
    encoded_words(out, m->subject);
    buf_addf(out, "\r\nDate: %s\r\nMessage-ID: <%s@%s>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
             "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n", date, m->name, domain == NULL ? "berth" : domain + 1);
    base64_lines(out, m->text, strlen(m->text));
}

/* ---- sending -------------------------------------------------------------------------------------------- */
struct mailer {
    struct store *st;
    const struct mail_server *server;
    struct db_conn *conn;
    struct background thread;
};

static struct mailer *runner; /* one a process */

/* 1, 2, 4 … minutes, six hours at most. */
static int64_t pause_after(int tries)
{
    int64_t ms = INT64_C(60000) << (tries < 9 ? tries : 9);

    return ms < INT64_C(21600000) ? ms : INT64_C(21600000);
}

struct outcome {
    const struct outgoing *m;
    int rc; /* 2: about to be sent */
    const char *why;
};

static int keep_outcome(struct berth_ctx *c, void *arg)
{
    const struct outcome *o = arg;
    bool over = o->rc < 0 || (o->rc == 1 && o->m->tries + 1 >= TRIES);
    struct db_stmt *s = db_prepare(c->conn, "UPDATE mail SET state = ?1, tries = tries + ?2, run_at = ?3, sent_at = ?4, error = ?5 WHERE id = ?6"
                                            " AND state = 'queued'");
    int rc;

    db_bind_text(s, 1, o->rc == 0 ? "sent" : over ? "failed" : "queued", -1);
    db_bind_int(s, 2, o->rc == 2);
    if (o->rc != 0 && !over)
        db_bind_int(s, 3, c->now + pause_after(o->m->tries));
    if (o->rc == 0)
        db_bind_int(s, 4, c->now);
    db_bind_text(s, 5, o->why, -1);
    db_bind_int(s, 6, o->m->id);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "note what became of a mail") : c->rc;
}

static bool kept(struct mailer *m, const struct outgoing *o, int rc, const char *why)
{
    struct outcome out = {o, rc, why};
    struct commit k = {.st = m->st, .what = "mail", .low = true, .body = keep_outcome, .arg = &out};

    return commit_run(&k) == 0;
}

/* The try is noted before it is made: a crash in between costs a pause, not a second mail at once. */
static void send_one(struct mailer *m, const struct outgoing *o)
{
    struct buf text = BUF_INIT, why = BUF_INIT;
    int rc;

    if (!kept(m, o, 2, NULL))
        return;
    message(m->server, o, &text);
    rc = smtp_send(m->server, o->to, text.s, text.len, &why);
    if (rc != 0)
        log_warn("mail", "%lld to %s: %s", (long long)o->id, o->to, buf_str(&why));
    kept(m, o, rc, rc == 0 ? NULL : buf_str(&why));
    buf_free(&text);
    buf_free(&why);
}

static size_t read_due(struct mailer *m, struct arena *a, struct outgoing *o)
{
    struct db_stmt *s = db_prepare(m->conn, "SELECT id, at, tries, recipient, subject, body, name FROM mail WHERE state = 'queued' AND run_at <= ?"
                                            " ORDER BY run_at LIMIT ?");
    size_t n = 0;

    db_bind_int(s, 1, store_now(m->st));
    db_bind_int(s, 2, AT_ONCE);
    while (n < AT_ONCE && db_step(s) == DB_ROW) {
        o[n] = (struct outgoing){db_col_int(s, 0), db_col_int(s, 1), (int)db_col_int(s, 2), arena_strdup(a, db_col_text(s, 3, NULL)),
                                 arena_strdup(a, db_col_text(s, 4, NULL)), arena_strdup(a, db_col_text(s, 5, NULL)),
                                 arena_strdup(a, db_col_text(s, 6, NULL))};
        n++;
    }
    db_reset(s);
    db_settle(m->conn);
    return n;
}

static bool send_due(struct mailer *m)
{
    struct arena *a = arena_new();
    struct outgoing *o = arena_alloc(a, AT_ONCE * sizeof(*o));
    size_t n = read_due(m, a, o);

    for (size_t i = 0; i < n && !background_stopping(&m->thread); i++)
        send_one(m, &o[i]);
    arena_free(&a);
    return n == AT_ONCE;
}

static void *work(void *arg)
{
    struct mailer *m = arg;

    blame_thread();
    while (background_rest(&m->thread, LOOK_MS))
        while (send_due(m) && !background_stopping(&m->thread))
            continue;
    return NULL;
}

struct mailer *mailer_start(struct store *st, const struct mail_server *server)
{
    struct mailer *m = mem_alloc(sizeof(*m));
    struct buf err = BUF_INIT;

    m->st = st;
    m->server = server;
    m->conn = db_reader(st->db, &err);
    buf_free(&err);
    smtp_ready();
    runner = m;
    if (m->conn == NULL || background_start(&m->thread, work, m) != 0) {
        if (m->conn != NULL)
            db_conn_close(&m->conn);
        runner = NULL;
        free(m);
        return NULL;
    }
    return m;
}

void mailer_wake(void)
{
    if (runner != NULL)
        background_wake(&runner->thread);
}

void mailer_stop(struct mailer **pm)
{
    background_stop(&(*pm)->thread);
    runner = NULL;
    db_conn_close(&(*pm)->conn);
    free(*pm);
    *pm = NULL;
}
