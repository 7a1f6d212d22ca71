/* dup_stage.h - duplicate keys of an import that are not in their index yet.
 *
 * Hashes fall everywhere in dup_key: written with the rows they would touch most of its pages again and
 * again.  So an import keeps the keys of committed rows here, where every look for duplicates finds them,
 * and merges them in order of the hash when there are many.  After a crash the import makes them again
 * from the records. */
#ifndef BERTH_DUP_STAGE_H
#define BERTH_DUP_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/dup_recent.h"

struct store;

struct dup_stage *dup_stage_new(void);
void dup_stage_free(struct dup_stage **s);
/* On the writer, behind the commit of the records. */
void dup_stage_add(struct store *st, int64_t tbl, int64_t hash, int64_t rec);
void dup_stage_added(struct store *st); /* behind some of them */
size_t dup_stage_count(struct store *st);
/* Any thread: the records with this key, at most max; the number found. */
size_t dup_stage_find(struct store *st, int64_t hash, struct dup_place *out, size_t max);
void dup_stage_each(struct store *st, void (*fn)(void *arg, int64_t hash), void *arg);
/* Writes them all into dup_key, in slices behind other people's writes.  0 or -1. */
int dup_stage_merge(struct store *st);

#endif
