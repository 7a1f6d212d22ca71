/* due_plan.h - what decides about falling back, read once: pools, their rules, the scripts' texts. */
#ifndef BERTH_DUE_PLAN_H
#define BERTH_DUE_PLAN_H

#include "record/due.h"
#include "record/where.h"

enum { DUE_POOL = 1, DUE_WHY, DUE_REMIND_AT }; /* columns behind table->at_due */

struct due_rule { /* a row of pool_rule */
    const char *name;
    const struct where *only;
    const struct field *from;
    int64_t ms, to;
    bool kept; /* also for what the table's .kept holds */
};

struct due_pool {
    int64_t id, remind_ms, manager_ms, view_cap;
    const char *name;
    const struct table *t;
    bool active, recycle;
    struct due_rule *rules;
    size_t nrules;
};

/* NULL: there is none. */
const struct due_pool *due_pool_of(const struct due_plan *p, const struct table *t, int64_t id);
const struct due_pool *due_pool_named(const struct due_plan *p, const struct table *t, const char *name);
/* The pool whose rules hold for a record: its own, else the table's first that is active. */
const struct due_pool *due_home(const struct due_plan *p, const struct table *t, int64_t id);
const struct where *due_kept(const struct due_plan *p, const struct table *t);
void due_each_filter(const struct due_plan *p, const struct table *t, void (*fn)(const struct where *, bool *), bool *arg);

#endif
