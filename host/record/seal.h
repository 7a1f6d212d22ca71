/* seal.h - the chain over history and audit trail: each commit that adds to them ends with a seal, a
 * hash over what was added and over the seal before.  A byte changed later no longer fits. */
#ifndef BERTH_SEAL_H
#define BERTH_SEAL_H

#include "base/buf.h"
#include "record/store.h"

/* At the start: the database refuses to change these rows, and every commit is sealed from now on. */
int seal_start(struct store *st, struct buf *err);
/* On the writer: this commit adds to history or audit trail. */
void seal_wanted(struct store *st);

struct seal_report {
    int64_t seals, entries;
    int64_t at;           /* ms: the last seal's */
    char head[65];        /* its hash: to be kept elsewhere, so that a cut-off end is noticed */
    int64_t unsealed;     /* entries behind it */
};
/* Walks the whole chain.  0 when it is sound; -1 with what does not fit in why. */
int seal_verify(struct db_conn *conn, struct seal_report *out, struct buf *why);

#endif
