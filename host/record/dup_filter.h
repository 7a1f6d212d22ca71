/* dup_filter.h - which duplicate keys are certainly new: nearly all that are looked up, told from memory.
 *
 * A Bloom filter of all hashes in dup_key, in dup_todo and of imports under way.  It is built by a thread
 * of its own once keys are looked up at all; until then every key may be known. */
#ifndef BERTH_DUP_FILTER_H
#define BERTH_DUP_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dup_filter;
struct store;

/* looks: how many are worth a filter; room: what is left for new keys beside half of those there.
 * 0: the usual. */
struct dup_filter *dup_filter_new(struct store *st, size_t looks, size_t room);
/* Its thread ends and none begins any more; before db_finish(), for it asks the writer.  The filter goes on taking keys. */
void dup_filter_end(struct dup_filter *f);
void dup_filter_free(struct dup_filter **f); /* before the database is closed */

/* Any thread.  False: no record has the key. */
bool dup_filter_may(struct dup_filter *f, int64_t hash);
/* The same of up to 64 at once: a bit each. */
uint64_t dup_filter_which(struct dup_filter *f, const int64_t *hash, size_t n);
/* Before the key is written or noted: on the writer, or with dup_stage's lock held.  Earlier and on another thread it is added
 * for as long as no other filter has begun since. */
void dup_filter_add(struct dup_filter *f, int64_t hash);
void dup_filter_add_all(struct dup_filter *f, const int64_t *hash, size_t n);
uint64_t dup_filter_begun(struct dup_filter *f); /* how many; never 0.  Asked before adding, and on the writer */
bool dup_filter_ready(struct dup_filter *f); /* built, and not over-full */
/* Before so many looks, by who adds so many keys: whether the first filter is being built that will answer them; it is begun if
 * they are worth it. */
bool dup_filter_coming(struct dup_filter *f, size_t looks, size_t to_come);

#endif
