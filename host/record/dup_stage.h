/* dup_stage.h - duplicate keys of an import that are not in their index yet.
 *
 * Hashes fall everywhere in dup_key: written with the rows they would touch most of its pages again and
 * again.  So an import writes the keys of its rows one behind the other (dup_part), in the commit of the
 * rows; they are known by heart, so that every look for duplicates finds them, and are merged in order of
 * the hash when there are many, and by the thread of the jobs when it has nothing else to do.  A start reads what waits
 * before anybody writes. */
#ifndef BERTH_DUP_STAGE_H
#define BERTH_DUP_STAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "record/dup_recent.h"

struct store;

struct dup_staged {
    int64_t hash, rec;
};

struct dup_stage *dup_stage_new(void);
void dup_stage_free(struct dup_stage **s);
/* What waits since before this start.  0 or -1. */
int dup_stage_load(struct store *st, struct db_conn *conn);
/* The keys of records that follow each other, as they are kept: a record's, and the end of its keys. */
void dup_stage_text(struct buf *out, const int64_t *hash, size_t n);
/* On the writer, with the records: those texts of all records from `first` on. */
int dup_stage_keep(struct db_conn *writer, int64_t tbl, int64_t first, const struct buf *texts);
/* On the writer, behind the commit of the records. */
void dup_stage_add(struct store *st, int64_t tbl, const struct dup_staged *list, size_t n);
size_t dup_stage_count(struct store *st);
/* Any thread: the records with this key, at most max; the number found. */
size_t dup_stage_find(struct store *st, int64_t hash, struct dup_place *out, size_t max);
void dup_stage_each(struct store *st, void (*fn)(void *arg, int64_t hash), void *arg);
int64_t dup_stage_table(struct store *st); /* whose they are: of one table at a time */
/* Writes them all into dup_key, in slices behind other people's writes; nobody adds any meanwhile.  0, or -1 when it
 * failed or *stop came to be true (NULL: nobody stops it): they go on waiting. */
int dup_stage_merge(struct store *st, const atomic_bool *stop);

#endif
