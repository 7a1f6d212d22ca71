/* due_memo.h - what the rules about falling back said, by what they look at: of records that look the same to them they are
 * asked once. */
#ifndef BERTH_DUE_MEMO_H
#define BERTH_DUE_MEMO_H

#include "record/due.h"

struct due_memo {
    const struct due_plan *plan;
    const struct table *t;
    bool *input;   /* by field: an answer depends on it */
    bool loose;    /* equal records may get unequal answers: each is asked about */
    bool careful;  /* a script that said nothing may have failed: that is not remembered */
    int64_t asked; /* how often a rule was */
    struct due_memo *next; /* whoever has several */

    int *place, nplaces; /* of the inputs */
    int learned;
    struct slot *slots; /* an open hash of key bytes to answers */
    size_t cap, n;
    struct arena *a;
    struct buf key;
};

struct due_memo *due_memo_new(struct due_asking *k);
void due_memo_free(struct due_memo **m);
/* *a lives until the memo is asked again. */
bool due_memo_ask(struct due_memo *m, struct due_asking *k, const struct berth_row *r, const struct due_answer **a);
/* A rule looked at a field it does not name, or is no longer asked: what is remembered does not count. */
bool due_memo_stale(const struct due_memo *m, struct due_asking *k);

/* In a save: from the store's memos, the writer's. */
bool due_memo_recall(struct due_asking *k, const struct berth_row *r, struct due_answer *a);
void due_memo_forget(struct store *st);

#endif
