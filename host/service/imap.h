/* imap.h - reading a mailbox through libcurl: which mails are new, one of them. */
#ifndef BERTH_IMAP_H
#define BERTH_IMAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct imap_box { /* from berth.conf; strings live as long as the process */
    const char
        *url; /* "imaps://mail.example.com/INBOX", "imap://…" with STARTTLS; NULL or "": none */
    const char *user, *password, *ca;
    bool plain;       /* without TLS: a server on this machine */
    int64_t every;    /* ms between looks */
    int64_t mail_max; /* longer mails: only their headers are read */
};

struct imap; /* a connection; for one thread */
/* What is under way breaks off soon after *stop is true. */
struct imap *imap_open(const struct imap_box *box, const atomic_bool *stop);
void imap_close(struct imap **i);

/* The numbers by which mails are known: validity changes when all others lost their meaning.  0 or
 * -1. */
int imap_status(struct imap *i, uint32_t *validity, uint32_t *next, struct buf *why);
/* The first mails behind `after`, in order, at most max; how many, or -1. */
int imap_new(struct imap *i, uint32_t after, uint32_t *uids, int max, struct buf *why);
/* The mail, or its headers when it is longer than box->mail_max (*whole false).  1: it is no longer
 * there; -1. */
int imap_fetch(struct imap *i, uint32_t validity, uint32_t uid, struct buf *mail, bool *whole,
               struct buf *why);

#endif
