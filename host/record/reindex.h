/* reindex.h - makes search indexes and duplicate keys anew when what they are made from changed: a
 * field became searchable, the company moved to another country, a new version splits text in
 * another way.  The index keeps no text, so a row can only be taken out of it with the very tokens
 * it was put in with: an index that is out of date must not be kept up, it must be made again. */
#ifndef BERTH_REINDEX_H
#define BERTH_REINDEX_H

#include "model/migrate.h"
#include "record/job.h"

/* At the start, before anybody else writes.  A search index is filled behind that, goes on where a stop left it and
 * finds the rows it has come to; duplicate keys are there when it returns, and begin again when it is stopped midway. */
int reindex_stale(struct store *st, struct buf *err);

/* The job "rekey": the duplicate keys of a table by the rules as they are now, beside everybody's work.
 * What was saved before counts under a new rule once it is through. */
int rekey_run(struct job *j, struct buf *err);

/* In the transaction that puts a new model in force: a field whose column the plan adds is empty in
 * every row, so what is there is up to date with it. */
int reindex_added(struct berth_ctx *c, const struct model *was, const struct model *now,
                  const struct plan *plan);

#endif
