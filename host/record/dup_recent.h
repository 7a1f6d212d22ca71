/* dup_recent.h - duplicate keys that were saved lately: noted one behind the other in dup_todo, known
 * by heart, and sorted into dup_key when the writer has nothing better to do.
 *
 * Hashes land everywhere in dup_key, so that in a large table each costs a page read, written to the
 * log and copied into the file; noting one costs its own few bytes.  Everything here is thread-safe;
 * what writes runs on the writer. */
#ifndef BERTH_DUP_RECENT_H
#define BERTH_DUP_RECENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/db.h"

struct dup_recent;

struct dup_place { /* which record a key was seen at */
    int64_t tbl, rec;
};

/* Reads what is noted; NULL: the database failed.  *grew grows, too, when keys change places.
 * sort_from: how many keys gather first; 0: the usual. */
struct dup_recent *dup_recent_new(struct db *db, struct db_conn *conn, _Atomic uint64_t *grew, size_t sort_from);
/* Waits for what it has the writer do. */
void dup_recent_free(struct dup_recent **r);

/* How many of at most max records carry the hash.  Some may have been undone or changed since. */
size_t dup_recent_find(struct dup_recent *r, int64_t hash, struct dup_place *out, size_t max);
/* Whether any record carries one of the hashes. */
bool dup_recent_any(struct dup_recent *r, const int64_t *hash, size_t n);
/* All of them. */
void dup_recent_each(struct dup_recent *r, void (*fn)(void *arg, int64_t hash), void *arg);
int dup_recent_put(struct dup_recent *r, struct db_conn *writer, const int64_t *hash, size_t n, int64_t tbl, int64_t rec);
int dup_recent_drop(struct dup_recent *r, struct db_conn *writer, int64_t hash, int64_t tbl, int64_t rec);
/* All of a table's. */
int dup_recent_clear(struct db_conn *writer, int64_t tbl);

/* Grows when keys came to be in dup_key: what was looked up there before is to be looked up again. */
uint64_t dup_recent_moved(struct dup_recent *r);
void dup_recent_move(struct dup_recent *r);

#endif
