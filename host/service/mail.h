/* mail.h - the outbox: mails are rows, kept with the request's own changes, sent by a thread of their own,
 * tried again when that fails. */
#ifndef BERTH_MAIL_H
#define BERTH_MAIL_H

#include "record/row.h"

struct mail_server { /* from berth.conf; strings live as long as the process */
    const char *url; /* "smtp://relay:587", "smtps://…"; NULL or "": no mail is sent, it waits */
    const char *user, *password, *from, *ca;
    bool plain; /* without TLS: a relay on this machine */
};

struct mail {
    const char *to, *subject, *text;
    const struct berth_row *about; /* NULL: none */
};

/* On the writer.  Refuses what is no address, and line breaks in what becomes a header.  The mail's id. */
int64_t mail_put(struct berth_ctx *c, const struct mail *m);
/* A template's subject and text with the record's fields in it, as the user may read them. */
int mail_fill(struct berth_ctx *c, const struct berth_row *r, int64_t template_, const char *locale, struct mail *out);

struct mailer;
struct mailer *mailer_start(struct store *st, const struct mail_server *server);
void mailer_stop(struct mailer **m);
void mailer_wake(void);

/* smtp.c: one message; 0 sent, 1 not now, -1 never.  why: what the server said. */
int smtp_send(const struct mail_server *s, const char *to, const char *message, size_t n, struct buf *why);
void smtp_ready(void); /* once, before threads */

#endif
