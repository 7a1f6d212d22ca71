/* approvals.h - reading a declared flow of approval: what starts it, its steps. */
#ifndef BERTH_MODEL_APPROVALS_H
#define BERTH_MODEL_APPROVALS_H

#include <stdbool.h>

#include "base/arena.h"

struct approval_start { /* "change status = sent" */
    const char *starts, *what, *value; /* NULL: not said */
};

struct approval_step { /* "head 2 all", "role manager", "perm customers.approve", "field owner_id" */
    const char *who, *name; /* name: of the role, permission, field; NULL */
    int level;              /* 0: not said */
    bool all;
};

/* False: text says no such thing. */
bool approval_start_read(struct arena *a, const char *text, struct approval_start *out);
/* The next of steps parted by ";", from *text on; *text NULL behind the last. */
bool approval_step_read(struct arena *a, const char **text, struct approval_step *out);

#endif
