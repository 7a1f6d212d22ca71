/* seal.h - the chain over history and audit trail: each commit that adds to them ends with a seal, a
 * hash over what was added and over the seal before.  A byte changed later no longer fits. */
#ifndef BERTH_SEAL_H
#define BERTH_SEAL_H

#include "base/buf.h"
#include "record/store.h"

struct berth_ctx;

/* At the start: the database refuses to change these rows, and every commit is sealed from now on. */
int seal_start(struct store *st, struct buf *err);
/* On the writer: this commit adds to history or audit trail. */
void seal_wanted(struct store *st);

struct seal_report {
    int64_t seals, entries;
    int64_t at;           /* ms: the last seal's */
    char head[65];        /* its hash: to be kept elsewhere, so that a cut-off end is noticed */
    int64_t unsealed;     /* entries behind it */
    int64_t cut;          /* the last seal that is kept in a file of its own instead; 0: all are here */
};
/* On the writer, with ctx's step: cuts off what was sealed before `until` (ms), oldest first, at most a few
 * thousand entries: into a file in st->archive_dir, and a checkpoint that the rest of the chain begins with.
 * The newest seal stays.  How many entries; 0: nothing is that old; negative: the ctx's error. */
int64_t seal_cut(struct berth_ctx *c, int64_t until);
/* Up to when (ms) entries were cut off; 0: never. */
int64_t seal_cut_at(struct db_conn *conn);
/* The same check of such a file.  after: filled with the hash that its first seal follows ("" for the first). */
int seal_verify_file(const char *path, struct seal_report *out, char after[65], struct buf *why);
/* Walks the whole chain from the checkpoint on.  0 when it is sound; -1 with what does not fit in why; SEAL_UNREAD when it
 * could not be read to the end, which says nothing of the entries. */
enum { SEAL_UNREAD = -2 };
int seal_verify(struct db_conn *conn, struct seal_report *out, struct buf *why);

#endif
