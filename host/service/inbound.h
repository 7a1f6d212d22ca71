/* inbound.h - what comes in from outside, mails and SMS, and to which record it belongs: by what it
 * answers, else by who wrote it. */
#ifndef BERTH_INBOUND_H
#define BERTH_INBOUND_H

#include "record/row.h"

struct in_file { /* kept already: file_keep() */
    const char *name;
    char hash[65];
    int64_t size;
    int fd;
};

struct in_message {
    const char *channel; /* "mail", "sms" */
    const char *from;    /* an address or a phone number */
    const char *subject, *text;
    const char *name;        /* nobody else's: the same one again is the same message */
    const char *const *refs; /* names that it answers, the nearest first; NULL behind the last */
    int64_t at;              /* when it was sent, as it says */
    const struct in_file *files;
    size_t nfiles;
    int64_t left_out;        /* parts that were not kept */
};

/* On the writer: keeps it and its files with its record, and tells the owner; what belongs to no record yet keeps its files.
 * The id of its row; 0 when it was
 * there before. */
int64_t inbound_put(struct berth_ctx *c, const struct in_message *m);
/* On the writer: a mail of ours could not be delivered; name: as inbound's refs. */
int inbound_bounced(struct berth_ctx *c, const char *name, const char *why);
/* On the writer: to that record, which the user must see. */
int inbound_sort(struct berth_ctx *c, int64_t id, const struct berth_row *r);
/* What belongs to no record yet, for administrators: {"messages":[…],"next":…}. */
int inbound_page(struct berth_ctx *c, int64_t before, int limit, struct buf *out);

/* What hung on a record that is gone for good. */
int inbound_gone(struct berth_ctx *c, const struct table *t, int64_t id);

#endif
