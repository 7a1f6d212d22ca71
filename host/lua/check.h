/* check.h - what can be told about a script before it runs: names that do not exist.
 *
 * A reader of the source that knows scopes and follows records: arguments of rules and hooks,
 * results of berth.load and the like.  Every field asked of a record whose table is known must
 * exist. */
#ifndef BERTH_LUA_CHECK_H
#define BERTH_LUA_CHECK_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/map.h"
#include "model/model.h"

struct script_problem;

enum script_kind { SCRIPT_RULE, SCRIPT_HOOK, SCRIPT_REPORT, SCRIPT_CHANNEL, SCRIPT_KINDS };

struct script_arg { /* one declared argument of a rule */
    const char *name;
    const struct table *table; /* a record of it; NULL: a plain value */
};

/* "lead, user, days" -> list of n; a table's name stands for a record of it. */
const struct script_arg *script_args(struct arena *a, const struct model *m, const char *text,
                                     size_t *n);

/* What a rule looks at in the record it is asked about: what its text names, and what turns up when
 * it runs.  One flag a field; threads share it. */
struct reads {
    const struct table *of;
    atomic_bool *field;
    atomic_int learned; /* how many turned up at run */
    bool loose;         /* it asks for the day, other records, who asks ... */
    bool settings;      /* it asks for settings */
};

struct check {
    struct arena *a; /* tokens and messages */
    const struct model *m;
    const struct map *globals; /* "pairs", "string", "string.rep" -> anything */
    enum script_kind kind;
    const struct rule *rule; /* of a SCRIPT_RULE */
    const char *file;        /* for the problems */
    bool custom_unknown;     /* m was built without a database: x_ fields cannot be judged */
    struct reads *reads;     /* notes what a rule looks at; may be NULL */
    void (*found)(void *arg, const char *file, int line, const char *message);
    void *arg;
};

void script_check(const struct check *c, const char *source, size_t len);

#endif
