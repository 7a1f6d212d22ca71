/* blob.h - files named by the hash of what is in them: <files>/ab/ab12….  A file is there whole or not
 * at all; the same bytes are there once. */
#ifndef BERTH_BLOB_H
#define BERTH_BLOB_H

#include "record/ctx.h"

enum { BLOB_HASH = 65 };

/* Any thread: the bytes of fd (from its beginning) get their name and are on the disk.  fd may be a
 * file without a name.  0, or -1 with errno. */
int blob_keep(const struct store *st, int fd, char hash[BLOB_HASH]);
int blob_open(const struct store *st, const char *hash); /* a descriptor, or -1 */

/* On the writer: one more, or one less, of the attachments that hold these bytes; fd to put them
 * back if a sweep took them since blob_keep(). */
int blob_add(struct berth_ctx *c, const char *hash, int64_t size, int fd);
int blob_less(struct berth_ctx *c, const char *hash);
/* Bytes of a user's attachments; 0: of all that lies on the disk. */
int64_t blob_use(struct berth_ctx *c, int64_t who);
int blob_use_add(struct berth_ctx *c, int64_t who, int64_t bytes);

/* On the writer: takes away a few files that nothing has referred to for a day; how many. */
int blob_sweep(struct berth_ctx *c);
/* Any thread: files of one of the 256 folders that the database does not know, left by a crash
 * between file and row, a day old at least. */
void blob_sweep_folder(const struct store *st, struct db_conn *conn, int folder);

#endif
