/* dup.h - possible duplicates: normalised keys of a record, made by the rules (dup_rule.h), hashed
 * into one side table, looked up and verified. */
#ifndef BERTH_DUP_H
#define BERTH_DUP_H

#include "record/dup_rule.h"

enum { DUP_KEYS = 64 }; /* of one record; more numbers in a cell than that are not compared */

struct dup_key {
    int64_t hash;
    const struct dup_way *way;
    const char *text; /* normalised */
};
struct dup_keys {
    size_t n;
    uint64_t filter; /* that they were added to, as dup_filter_begun() told; 0: to none yet */
    struct dup_key k[DUP_KEYS];
};

/* Whether anything of the table is compared. */
bool dup_any(struct berth_ctx *c, const struct table *t);
/* Whether both have the same keys, by the values they are made from. */
bool dup_same(const struct berth_row *a, const struct berth_row *b);
/* Thread-safe; text goes to the ctx's arena. */
void dup_keys_of(const struct berth_row *r, struct dup_keys *out);
struct dup_keys *dup_keys_new(const struct berth_row *r); /* the same, in the ctx's arena */
size_t dup_hashes(const struct dup_keys *keys, int64_t out[DUP_KEYS]);
/* The filter knows them from now on. */
void dup_keys_filtered(struct berth_ctx *c, struct dup_keys *keys);
const struct dup_key *dup_key_in(const struct dup_keys *keys, int64_t hash); /* NULL: it is not, or there are none */
/* The records (not `self`) that share a key whose rule minds it then; NULL when none.  Matches the user may not see carry
 * no id and no title. */
struct ctx_match *dup_find(struct berth_ctx *c, const struct table *t, const struct dup_keys *keys, int64_t self,
                           enum dup_when when);
/* The same, of all records, without titles: for those who tell less than that. */
struct ctx_match *dup_find_all(struct berth_ctx *c, const struct table *t, const struct dup_keys *keys, int64_t self,
                               enum dup_when when);
/* Whether any record may carry the hash: what most new records answer with no. */
bool dup_known(struct berth_ctx *c, int64_t hash);
bool dup_any_known(struct berth_ctx *c, const struct dup_keys *keys);
/* Whether record (tbl number, id) really shares the key; NULL or the table. */
const struct table *dup_shares(struct berth_ctx *c, int64_t tbl, int64_t rec, const struct dup_key *key);
/* What adds one key, for those that add many in order: hash, store_table_no(), id. */
#define DUP_ADD "INSERT INTO dup_key (hash, tbl, rec) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
int dup_put(struct berth_ctx *c, const struct table *t, int64_t id, const struct dup_keys *old,
            const struct dup_keys *new_keys);

/* For many records at once: straight into the sorted table, in its order. */
struct dup_entry {
    int64_t hash, rec;
};
int dup_put_sorted(struct berth_ctx *c, const struct table *t, struct dup_entry *all, size_t n);
/* Who writes dup_key directly says so, in the same body. */
void dup_moved(struct berth_ctx *c);

#endif
