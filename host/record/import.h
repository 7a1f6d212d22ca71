/* import.h - spreadsheets into tables: what is in the file, which column is which field, what would
 * become of every row, and then doing it as a durable job. */
#ifndef BERTH_IMPORT_H
#define BERTH_IMPORT_H

#include "record/job.h"

extern const char *const import_buckets[]; /* what may become of a row: "new", "updated", ... NULL */

/* Whether the user may import into the table, and it has a field to fill. */
bool import_may(struct berth_ctx *c, const struct table *t);
/* On the writer: a new import of the file at path (taken over, moved into the files folder). */
int64_t import_new(struct berth_ctx *c, const struct table *t, const char *name, const char *path);
/* What is in the file, read with options {"sheet","header_row","encoding","separator"} (or NULL), with
 * a field suggested for every column.  share/doc/rest.md shows the answer. */
int import_look(struct berth_ctx *c, int64_t id, const json_t *options, struct buf *out);
/* On the writer: starts the run {"sheet","header_row","map","values","mode","match","pool_id","dry","save_as"}; the
 * job.  An import that has put something in is not run again: *id becomes a new one of the same file. */
int64_t import_start(struct berth_ctx *c, int64_t *id, const json_t *options);
/* {"imports":[…],"next":…}: the user's (administrators: everyone's) of a table, newest first. */
int import_list(struct berth_ctx *c, const struct table *t, int64_t before, int limit, struct buf *out);
int import_run(struct job *j, struct buf *err);
/* What became of rows: {"rows":[…],"next":…}; of one bucket, and of those in another table of one table's,
 * or NULL for all. */
int import_rows(struct berth_ctx *c, int64_t id, const char *outcome, const char *table, int64_t after, int limit,
                struct buf *out);
/* Writes the rows that did not go in (outcome NULL) or those of one bucket, with the reason, to a file at
 * path; kind "xlsx" or "csv". */
int import_rejected(struct berth_ctx *c, int64_t id, const char *kind, const char *outcome, const char *path);
/* On the writer: a job that takes everything back that an import did and nobody has changed since. */
int64_t import_undo(struct berth_ctx *c, int64_t id);
int import_undo_run(struct job *j, struct buf *err);
struct sheet_error;
int import_sheet_problem(struct berth_ctx *c, const struct sheet_error *e); /* fails the ctx */
/* The import's name and where its file lies; false: not the user's. */
bool import_file(struct berth_ctx *c, int64_t id, const struct table **t, const char **name, const char **path);

#endif
