/* mail.c - mails: what goes into the outbox, templates, the message as it is sent. */
#include "service/mail.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
    return outbox_put(c, &(struct out_message){.channel = "mail", .to = m->to, .subject = m->subject, .text = m->text, .about = m->about});
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

static void message(const struct mail_server *server, const struct out_message *m, struct buf *out)
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

enum out_result mail_send(const struct mail_server *server, const struct out_message *m, struct buf *why)
{
    struct buf text = BUF_INIT;
    enum out_result rc;

    message(server, m, &text);
    rc = smtp_send(server, m->to, text.s, text.len, why);
    buf_free(&text);
    return rc;
}
