/* seal_in.h - shared by the files of the chain: seal.c makes and checks it, seal_cut.c cuts off its beginning. */
#ifndef BERTH_SEAL_IN_H
#define BERTH_SEAL_IN_H

#include <sodium.h>

#include "record/seal.h"

struct seal {
    int64_t seq, at, history, audit;
    char hash[65];
};

#define SEAL "SELECT seq, at, history, audit, hash FROM seal "
int seal_read(struct db_stmt *s, struct seal *out); /* steps a statement of SEAL; DB_ROW, DB_DONE or an error */

/* What is hashed, in this order; columns added later stand behind, in statements of their own. */
extern const char seal_history_sql[], seal_audit_sql[]; /* (after, last] */

/* now->hash over now's numbers and the entries between the two: from the tables, or fed value by value.  It is written as
 * the one that stood there: 27 characters of base64; in older ones 43, or 64 hexadecimal digits. */
int64_t seal_hash(struct db_conn *c, const struct seal *before, struct seal *now); /* entries, or negative */
void seal_hash_begin(crypto_generichash_state *h, const struct seal *before, const struct seal *now);
void seal_add(struct buf *row, const int64_t *number, const char *text, size_t n); /* both NULL: null */
void seal_feed(crypto_generichash_state *h, const struct buf *row); /* as one piece: value by value took most of the hash's time */
void seal_hash_end(crypto_generichash_state *h, struct seal *now);

int seal_keep_rows(struct db_conn *writer);
/* The checkpoint that the chain begins with; *out is zero when nothing was cut off.  DB_ROW, DB_DONE or an error. */
int seal_cut_last(struct db_conn *c, struct seal *out);
/* Whether the audit trail behind it says that it was made. */
bool seal_cut_sound(struct db_conn *c, const struct seal *cut, struct buf *why);

#endif
