/* layout.h - how administrators arrange a table's fields on forms and pages: groups, order, columns, and
 * what is not shown there.  Kept as JSON in table `layout`; without a row the plugin's own holds:
 *
 *     {"groups":[{"name":"basic","columns":2,"labels":{"en":"Basics"},"fields":["name","city"]}],"hidden":["fax"]} */
#ifndef BERTH_LAYOUT_H
#define BERTH_LAYOUT_H

#include "record/row.h"

struct layout_group {
    const char *name, *label; /* label: NULL: the plugin's */
    int columns;              /* 0: as usual */
};
struct layout {
    struct layout_group *groups;
    size_t ngroups;
    const struct field **order; /* those that were arranged; all others follow in their own groups */
    size_t norder;
    const char **group; /* by field->at; NULL: its own */
    bool *hidden;       /* by field->at */
};

/* NULL when nobody arranged it.  In the ctx's arena. */
const struct layout *layout_of(struct berth_ctx *c, const struct table *t);
int layout_check(struct berth_ctx *c, struct berth_row *r); /* before a row of table `layout` is saved */
int layout_saved(struct berth_ctx *c, struct berth_row *r, uint32_t deed);

#endif
