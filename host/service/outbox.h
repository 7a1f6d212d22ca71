/* outbox.h - what goes out of the house: mails and messages of channels are rows, kept with the
 * request's own changes, sent by a thread of their own, tried again when that fails. */
#ifndef BERTH_OUTBOX_H
#define BERTH_OUTBOX_H

#include <stdatomic.h>

#include "record/row.h"

struct fetch_limits;
struct mail_server;

struct out_message {
    const char *channel; /* "mail", or an adaptor's name: "telegram" */
    const char *to;      /* an address as the channel knows it */
    const char *subject, *text;
    const char *link; /* to the record; NULL: none */
    bool urgent;
    const struct berth_row *about; /* on whose timeline it stands; NULL: none */

    /* The outbox's. */
    int64_t id, at;
    int tries;
    const char *name; /* nobody else's: the Message-ID of a mail */
};

/* On the writer, checked by the channel's own; its id, 0 with the ctx's error. */
int64_t outbox_put(struct berth_ctx *c, const struct out_message *m);
/* For a subject or an address: one line of text, not empty.  Fails the ctx with the field's name.
 */
bool outbox_one_line(struct berth_ctx *c, const char *field, const char *s, size_t max);

/* What became of a message: a channel's answer to sending it. */
enum out_result {
    OUT_SENT,
    OUT_LATER, /* not now */
    OUT_STOPPED, /* broken off before it was all there, because the server stops: as if it had not been tried */
    OUT_NEVER,
    OUT_DOWN, /* nobody answers there: whatever else goes that way waits, too */
};

/* How messages get out; lives as long as the outbox. */
struct out_ways {
    const struct mail_server *mail; /* NULL: mails wait */
};

struct outbox;
struct outbox *outbox_start(struct store *st, const struct out_ways *ways);
void outbox_stop(struct outbox **o);
void outbox_wake(void);

/* For administrators: {"messages":[…],"next":…}; state NULL: "failed". */
int outbox_page(struct berth_ctx *c, const char *state, int64_t before, int limit, struct buf *out);
/* On the writer: one that failed or waits goes out now. */
int outbox_again(struct berth_ctx *c, int64_t id);

#endif
