/* due.h - when an owned record falls back, to which pool and why: asked of the company's rules, kept in
 * the record by every save, so that lists show it and the release run takes what is due from an index.
 *
 * Asked in this order; the first that has an opinion decides:
 *   1. the script of the table's rule "release" (lead, pool): days, pool, reason, reminders
 *   2. the rules of the record's pool (table pool_rule), in their order
 *   3. the table's rule "release_days" (lead): its script, else its default; not for what is .kept
 * share/doc/pools.md tells it to people. */
#ifndef BERTH_DUE_H
#define BERTH_DUE_H

#include "record/row.h"

enum { DUE_REMINDS = 8 };
enum due_to { DUE_OWNER, DUE_MANAGER, DUE_ADMINS };

struct due_remind {
    int64_t ms;  /* behind what is counted from, or before it falls back */
    bool before;
    enum due_to to;
    bool high;   /* at high risk: told as urgent */
    const char *text;
};

/* What a rule says of all records that look the same to it. */
struct due_answer {
    bool never;
    int64_t at, ms;            /* at: a fixed time; 0: ms behind `from` */
    const struct field *from;  /* NULL: the last touch */
    int64_t pool;              /* 0: the record's own */
    const char *why;
    struct due_remind remind[DUE_REMINDS];
    size_t nremind;
};

struct due {
    int64_t at; /* 0: never */
    int64_t pool;
    const char *why;
};

struct due_plan; /* pools, their rules and the scripts, as they were at one moment */

/* The plan in force; it lives as long as the store.  NULL: it could not be read, the ctx fails. */
const struct due_plan *due_plan(struct berth_ctx *c);
/* Changes whenever answers about records of the table may. */
uint64_t due_plan_hash(const struct due_plan *p, const struct table *t);
void due_changed(struct berth_ctx *c); /* in a transaction that changed pools, their rules or settings, which scripts may ask for */

struct due_asking {
    struct berth_ctx *c;
    const struct due_plan *plan;
    const struct table *t;
    const struct rule *drafted; /* the rule that draft answers instead of its script */
    struct script_draft *draft;
    struct buf *err; /* what is wrong with the draft */
};

/* False: the draft failed. */
bool due_ask(struct due_asking *k, const struct berth_row *r, struct due_answer *out);
struct due due_of(struct due_asking *k, const struct berth_row *r, const struct due_answer *a);
/* When a reminder is due; 0: not at all. */
int64_t due_remind_at(struct due_asking *k, const struct berth_row *r, const struct due_answer *a, size_t i);
/* The fields that answers depend on, by place: what scripts, pool rules and .kept look at. */
void due_inputs(struct due_asking *k, bool *field);
bool due_loose(struct due_asking *k); /* equal records may get unequal answers */
int due_learned(struct due_asking *k); /* grows when there are more inputs than due_inputs() told */

/* Before a pooled record is written: its due_* columns. */
void due_stamp(struct berth_ctx *c, struct berth_row *r);
/* Sets them as they are now.  The answer, for reminders. */
bool due_now(struct berth_ctx *c, struct berth_row *r, struct due_answer *a, struct due *d);

bool due_field(const struct field *f);                 /* one of those columns */
const char *due_reason(const struct berth_row *r);      /* of one that a rule took back just now; NULL */

#endif
