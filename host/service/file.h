/* file.h - attachments of any record: documents with versions.  Who sees the record sees its files,
 * who may change it adds and takes away. */
#ifndef BERTH_FILE_H
#define BERTH_FILE_H

#include "record/row.h"
#include "service/blob.h"
#include "service/filetype.h"

struct file {
    int64_t id, doc, no, size, at, by, tbl, rec;
    const char *name, *mime, *hash;
};

/* The name as it is kept (no folders, no control or direction-changing characters); NULL fails the
 * ctx on field "name". */
const char *file_name(struct berth_ctx *c, const char *given);
/* Whether the user may add size bytes to this record: rights, then quotas.  Any thread. */
int file_may_add(struct berth_ctx *c, const struct berth_row *r, int64_t size);
/* Type by name and content (of fd), the virus scanner, then the bytes on the disk
 * under their hash.  What the scanner finds goes to the audit trail; BERTH_BUSY when it does not answer.  Best
 * before the transaction: on the writer it waits for the disk, and two seconds at most for the scanner. */
int file_keep(struct berth_ctx *c, const char *name, int fd, char hash[BLOB_HASH]);
/* A file without a name that holds these bytes; -1 fails the ctx. */
int file_of(struct berth_ctx *c, const void *bytes, size_t n);
/* On the writer: a new document, or a new version of document `doc` (any of its versions' ids).  The
 * new id, 0 failed. */
int64_t file_add(struct berth_ctx *c, const struct berth_row *r, const char *name, const char *hash, int64_t size, int64_t doc,
                 int fd);
/* The same of what came with a message: on the record at tbl, rec, or on the message that no record is known for. */
int64_t file_came(struct berth_ctx *c, int64_t tbl, int64_t rec, const char *name, const char *hash, int64_t size, int fd);
/* On the writer: files that the user sees go out with a mail (its row in the outbox); it keeps them as they are now, at no
 * cost of quota, whatever becomes of the originals.  BERTH_INVALID names field "files". */
enum { FILE_MAIL_MAX = 20, FILE_MAIL_BYTES = 16 << 20 };
int file_goes(struct berth_ctx *c, const int64_t *id, size_t n, int64_t mail); /* n: FILE_MAIL_MAX at most */
/* The number of the table that a mail's files hang on. */
int64_t file_outbox(const struct store *st);
/* Those files, up to FILE_MAIL_MAX, in the arena. */
size_t file_of_mail(const struct store *st, struct db_conn *conn, struct arena *a, int64_t mail, struct file *out);
/* The newest version of each document on the record, up to `most`. */
size_t file_newest(struct berth_ctx *c, const struct berth_row *r, struct file *out, size_t most);
/* All that hangs on the row `id` of t goes to the record. */
int file_move(struct berth_ctx *c, const struct table *t, int64_t id, const struct berth_row *to);
/* Its bytes, for the host's own and plugins: writer thread, waits for the disk. */
int64_t file_attach(struct berth_ctx *c, const struct berth_row *r, const char *name, const void *bytes, size_t n, int64_t doc);
enum { FILE_READ_MAX = 16 << 20 };
/* All of one the user may see, in the arena, with a NUL behind it; NULL fails the ctx. */
const void *file_read(struct berth_ctx *c, int64_t id, size_t *n);

/* One the user may see; false fails the ctx with BERTH_NOT_FOUND. */
bool file_get(struct berth_ctx *c, int64_t id, struct file *out);
int file_rename(struct berth_ctx *c, int64_t id, const char *name);
/* A document with all its versions, or this version alone. */
int file_drop(struct berth_ctx *c, int64_t id, bool version_only);
/* The record is gone for good. */
int file_gone(struct berth_ctx *c, const struct table *t, int64_t id);

/* {"files":[…],"refs":…,"may":{"add":true},"max":…}: newest document first, versions inside. */
int file_list(struct berth_ctx *c, const struct berth_row *r, int64_t max, struct buf *out);
void file_json(struct json *j, const struct file *f);

#endif
