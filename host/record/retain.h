/* retain.h - what goes after a time: records in the recycle bin, jobs that ended, mails that were sent, sign-ins
 * that are over, and the beginning of history and audit trail.  How long: the settings of base and the table
 * `retention`. */
#ifndef BERTH_RETAIN_H
#define BERTH_RETAIN_H

#include "record/store.h"

struct retained {
    int64_t bin, jobs, mails, sessions, entries; /* how many went; entries: of history and audit trail */
};

/* Any thread but the writer: takes away what is due, in small transactions behind everybody's requests, each with
 * its line in the audit trail.  0, or -1: the log says why, and the next time goes on. */
int retain_sweep(struct store *st, struct retained *out);
/* The same when the last time is an hour ago, whatever started and stopped since; conn reads. */
void retain_due(struct store *st, struct db_conn *conn);

#endif
