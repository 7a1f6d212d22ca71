/* mail.h - mails, the outbox's first channel. */
#ifndef BERTH_MAIL_H
#define BERTH_MAIL_H

#include "service/file.h"
#include "service/outbox.h"

struct mail_server { /* from berth.conf; strings live as long as the process */
    const char *url; /* "smtp://relay:587", "smtps://…"; NULL or "": no mail is sent, it waits */
    const char *user, *password, *from, *ca;
    bool plain; /* without TLS: a relay on this machine */
};

struct mail {
    const char *to, *subject, *text;
    const struct berth_row *about; /* NULL: none */
    int64_t file[FILE_MAIL_MAX];   /* ids of files that the user sees */
    size_t nfiles;
    bool urgent; /* goes out before others that wait */
};

/* On the writer.  Refuses what is no address, and line breaks in what becomes a header.  The mail's id. */
int64_t mail_put(struct berth_ctx *c, const struct mail *m);
/* A template's subject and text with the record's fields in it, as the user may read them, and the template's files. */
int mail_fill(struct berth_ctx *c, const struct berth_row *r, int64_t template_, const char *locale, struct mail *out);

/* A text with the record's fields in the place of {name}, {phone} ..., as the ctx's user may read them. */
const char *mail_filled(struct berth_ctx *c, const struct berth_row *r, const char *text);
/* An address that is nothing but one.  Fails the ctx with the field's name. */
bool mail_address(struct berth_ctx *c, const char *field, const char *s);
/* Sends one that waits in the outbox, with its files; not in a transaction.  why: what the server said.  It breaks off
 * soon after *stop is true. */
enum out_result mail_send(const struct store *st, struct db_conn *conn, struct arena *a, const struct mail_server *server,
                          const struct out_message *m, const atomic_bool *stop, struct buf *why);

/* smtp.c */
enum out_result smtp_send(const struct mail_server *s, const char *to, const char *message, size_t n, const atomic_bool *stop,
                          struct buf *why);

#endif
