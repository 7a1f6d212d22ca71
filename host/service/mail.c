/* mail.c - mails: what goes into the outbox, templates, the message as it is sent. */
#include "service/mail.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "record/find.h"

static const char mail_text_max[] = "200000";
enum { MAIL_TEXT_MAX = 200000 };

/* ---- putting in ------------------------------------------------------------------------------------ */
/* An address that is nothing but an address: it stands in a command of the protocol. */
bool mail_address(struct berth_ctx *c, const char *field, const char *s)
{
    struct field email = *model_field(c->m->users, "email"); /* looked at like that one */
    struct berth_val v;
    json_t *j;
    bool ok;

    if (!outbox_one_line(c, field, s, 254))
        return false;
    email.name = field;
    j = json_string(s);
    ok = j != NULL && strpbrk(s, "<>,;:\\\" ()[]") == NULL && val_from_json(c, &email, j, &v);
    json_decref(j);
    if (!ok && c->rc == BERTH_OK)
        ctx_invalid(c, field, "err.email", NULL);
    return c->rc == BERTH_OK;
}

int64_t mail_put(struct berth_ctx *c, const struct mail *m)
{
    mail_address(c, "to", m->to);
    outbox_one_line(c, "subject", m->subject, 500);
    if (m->text == NULL || strlen(m->text) > MAIL_TEXT_MAX)
        ctx_invalid(c, "text", m->text == NULL ? "err.required" : "err.too_large", "max", mail_text_max, NULL);
    int64_t id =
        outbox_put(c, &(struct out_message){
                          .channel = "mail", .to = m->to, .subject = m->subject, .text = m->text, .about = m->about, .urgent = m->urgent});

    return id == 0 || file_goes(c, m->file, m->nfiles, id) != BERTH_OK ? 0 : id;
}

/* ---- templates --------------------------------------------------------------------------------------- */
/* {field}: the record's, as the user may read it; anything else in braces stays as it is.  Values are
 * never read for braces again. */
const char *mail_filled(struct berth_ctx *c, const struct berth_row *r, const char *text)
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
    struct file file[FILE_MAIL_MAX];
    char *subject;

    if (t == NULL)
        return c->rc;
    subject = arena_strdup(c->a, mail_filled(c, r, text_of(t, c, "subject", locale)));
    for (char *s = subject; *s != '\0'; s++)
        if ((unsigned char)*s < 0x20)
            *s = ' ';
    *out = (struct mail){.about = r, .subject = subject,
                         .text = arena_fmt(c->a, "%s%s", mail_filled(c, r, text_of(t, c, "body", locale)), signature(c))};
    if (email != NULL && email->type == BERTH_EMAIL && perm_field_of(r, email) >= ACCESS_READ && !val_is_nil(r->v[email->at]))
        out->to = r->v[email->at].s;
    out->nfiles = file_newest(c, t, file, FILE_MAIL_MAX);
    for (size_t i = 0; i < out->nfiles; i++)
        out->file[i] = file[i].id;
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

/* RFC 2231; the ending alone decides what it is taken for, and that was checked when it came. */
static void file_headers(struct buf *out, const struct file *f)
{
    buf_addf(out, "Content-Type: %s\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment;\r\n filename*=UTF-8''",
             f->mime);
    buf_percent(out, f->name);
    buf_puts(out, "\r\n\r\n");
}

/* False: its bytes are not there. */
static bool file_part(const struct store *st, const struct file *f, struct buf *out)
{
    char *bytes = mem_alloc((size_t)f->size + 1);
    int fd = blob_open(st, f->hash);
    bool there = fd >= 0 && pread(fd, bytes, (size_t)f->size, 0) == (ssize_t)f->size;

    if (fd >= 0)
        close(fd);
    if (there) {
        file_headers(out, f);
        base64_lines(out, bytes, (size_t)f->size);
    }
    free(bytes);
    return there;
}

static void text_part(struct buf *out, const char *text)
{
    buf_puts(out, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    base64_lines(out, text, strlen(text));
}

static bool parts(const struct store *st, const struct out_message *m, const struct file *f, size_t n, struct buf *out, struct buf *why)
{
    buf_addf(out, "Content-Type: multipart/mixed; boundary=\"=_%s\"\r\n\r\n--=_%s\r\n", m->name, m->name);
    text_part(out, m->text);
    for (size_t i = 0; i < n; i++) {
        buf_addf(out, "--=_%s\r\n", m->name); /* an underscore stands in no base64 */
        if (!file_part(st, &f[i], out)) {
            buf_addf(why, "the bytes of %s are missing", f[i].name);
            return false;
        }
    }
    buf_addf(out, "--=_%s--\r\n", m->name);
    return true;
}

static void headers(const struct mail_server *server, const struct out_message *m, struct buf *out)
{
    time_t seconds = (time_t)(m->at / 1000);
    const char *domain = strrchr(server->from, '@');
    struct tm tm;
    char date[64];

    gmtime_r(&seconds, &tm);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &tm);
    buf_addf(out, "From: <%s>\r\nTo: <%s>\r\nSubject: ", server->from, m->to);
    encoded_words(out, m->subject);
    buf_addf(out, "\r\nDate: %s\r\nMessage-ID: <%s@%s>\r\nMIME-Version: 1.0\r\nAuto-Submitted: auto-generated\r\n", date, m->name,
             domain == NULL ? "berth" : domain + 1);
}

enum out_result mail_send(const struct store *st, struct db_conn *conn, struct arena *a, const struct mail_server *server,
                          const struct out_message *m, const atomic_bool *stop, struct buf *why)
{
    struct buf text = BUF_INIT;
    struct file file[FILE_MAIL_MAX];
    size_t n = file_of_mail(st, conn, a, m->id, file);
    enum out_result rc = OUT_NEVER;

    db_settle(conn);
    headers(server, m, &text);
    if (n == 0)
        text_part(&text, m->text);
    if (n == 0 || parts(st, m, file, n, &text, why))
        rc = smtp_send(server, m->to, text.s, text.len, stop, why);
    buf_free(&text);
    return rc;
}
