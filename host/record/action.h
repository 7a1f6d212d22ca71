/* action.h - running a plugin's actions on records, from any channel. */
#ifndef BERTH_ACTION_H
#define BERTH_ACTION_H

#include "record/row.h"

const struct action *action_find(const struct table *t, const char *name);
/* Whether the user may run it on this record now. */
bool action_offered(struct berth_ctx *c, const struct action *a, const struct berth_row *r);
/* Checks rights and condition, reads the form (JSON object or NULL), runs.  On success *row_r is the
 * record as it stands after it; NULL when it is gone. */
int action_run(struct berth_ctx *c, const struct action *a, int64_t id, const json_t *form,
               struct berth_row **row_r);

/* The same from inside another callback, which goes on as it was.  row_r may be NULL. */
int action_inside(struct berth_ctx *c, const struct action *a, int64_t id, const json_t *form, struct berth_row **row_r);

/* An action on its way: what decides whether it has to be approved first looks at it, and names the flow. */
struct flow;
struct acting {
    const struct action *a;
    struct berth_row *row;
    const json_t *form;
    const struct flow *flow; /* NULL: it just runs */
};

#endif
