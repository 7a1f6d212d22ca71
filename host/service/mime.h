/* mime.h - what a mail says, read with GMime within bounds: nobody can be trusted who sends one. */
#ifndef BERTH_MIME_H
#define BERTH_MIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

enum { MIME_REFS = 50, MIME_FILES = 50 };

struct mime_file {
    const char *name; /* as the sender wrote it */
    const char *bytes;
    size_t n;
};

struct mime_mail { /* all in the arena, all but files whole UTF-8 */
    const char *from, *subject, *text;
    const char *id; /* its Message-ID without brackets; NULL: it has none */
    const char *refs[MIME_REFS +
                     1]; /* Message-IDs that it answers, the nearest first; NULL behind the last */
    int64_t at;          /* ms; 0: it does not say */
    struct mime_file file[MIME_FILES];
    size_t nfiles;
    int64_t left_out;    /* parts that are neither text nor files, or too many */
    const char *bounced,
        *why; /* of a report that a mail could not be delivered: that mail's Message-ID */
};

void mime_ready(void); /* once, before threads */
/* whole false: only headers are there.  False: it is no mail at all. */
bool mime_read(struct arena *a, const char *text, size_t len, bool whole, struct mime_mail *out);

#endif
