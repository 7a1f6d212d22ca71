/* custom.h - what saving the host's own tables brings with it: custom fields become columns,
 * rights take effect, numbers are drawn. */
#ifndef BERTH_CUSTOM_H
#define BERTH_CUSTOM_H

#include "record/row.h"

/* Before a save: checks that the host alone can make (a custom field's name and type ...). */
int custom_check(struct berth_ctx *c, struct berth_row *r);
bool custom_checks(const struct table *t); /* whether there is anything to check */
/* The same before a record is taken away, and before it comes back from the recycle bin. */
int custom_check_drop(struct berth_ctx *c, struct berth_row *r);
int custom_check_back(struct berth_ctx *c, struct berth_row *r);
/* After a save, in the same transaction: DDL for custom fields, and what follows the commit. */
int custom_touched(struct berth_ctx *c, struct berth_row *r, uint32_t deed);
bool custom_follows(const struct table *t); /* whether that does anything */
/* The next number of a series into field f (default "@next"). */
int custom_next_number(struct berth_ctx *c, struct berth_row *r, const struct field *f);

/* A filter kept in a field for later must fit its table, and mean the same tomorrow. */
int custom_filter(struct berth_ctx *c, const struct table *t, const struct berth_row *r, const char *field);

/* Whether that is how a home page may look: [{"tile" or "table", "w"}]. */
bool home_fits(const json_t *list);

/* At the start: what administrators call things. */
int custom_labels(struct berth_ctx *c);

#endif
