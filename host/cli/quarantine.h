/* quarantine.h - counts crashes by whom they name, and keeps the list of what is left out.
 *
 * The list is the file `quarantine` in the data directory, one line each, for people too:
 *     plugin leads 2026-11-22T01:33:57.123Z 3 crashes, last: SEGV */
#ifndef BERTH_QUARANTINE_H
#define BERTH_QUARANTINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/blame.h"
#include "base/buf.h"

enum { QUARANTINE_MAX = 32, CRASHES_TO_QUARANTINE = 3 };
#define CRASH_WINDOW INT64_C(300000) /* ms in which they must happen */

struct culprit {
    char kind[16], name[BLAME_NAME];
    char since[32], why[224];
};

struct quarantine {
    struct culprit at[QUARANTINE_MAX];
    int n;
};

/* A missing file is an empty list. */
void quarantine_read(const char *data, struct quarantine *q);
int quarantine_write(const char *data, const struct quarantine *q, struct buf *err);
bool quarantine_has(const struct quarantine *q, const char *kind, const char *name);

/* The crashes of the last minutes, in the supervisor's memory. */
struct crash_log {
    struct crash {
        char kind[16], name[BLAME_NAME];
        int64_t at; /* monotonic ms */
    } at[16];
    int n;
};

/* Notes a crash that names somebody.  True when it was the one too many. */
bool crash_log_add(struct crash_log *log, const struct crash_page *page, int64_t now);

#endif
