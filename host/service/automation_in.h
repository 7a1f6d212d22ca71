/* automation_in.h - what the automation*.c files share; nobody else includes it. */
#ifndef BERTH_AUTOMATION_IN_H
#define BERTH_AUTOMATION_IN_H

#include "service/automation.h"

struct automation {
    int64_t id;
    const char *name, *event, *value, *applies_to;
    const struct table *t;
    const struct field *field; /* NULL: none, or not there any more */
    int days;
};

/* The rules that run, the innermost first: none sets itself off again for the same record. */
struct automating {
    int64_t rule, rec;
    const struct automating *outer;
};

/* Rules of a table (NULL: of all), of these events ("'near', 'idle'"); NULL behind the last. */
struct automation **automations_of(struct berth_ctx *c, const struct table *t, const char *events);
/* One rule for one record, if it fits: all of its steps or, told in the record's history, none.  Never fails the ctx. */
void automation_run(struct berth_ctx *c, const struct automation *a, int64_t rec);

/* automation_do.c: one step, a row of automation_step. */
int automation_do(struct berth_ctx *c, const struct automation *a, const struct berth_row *step, int64_t rec);

#endif
