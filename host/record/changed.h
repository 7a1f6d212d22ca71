/* changed.h - what an entry of the history keeps of one field: written when it changes, read by people, taken back by whoever
 * wants a record as it was. */
#ifndef BERTH_CHANGED_H
#define BERTH_CHANGED_H

#include <jansson.h>

#include "record/row.h"

/* ["city","Ningbo","Xiamen"]; of a long text, only the part that differs and how many bytes stand before it:
 * ["notes","on Monday","on Friday",1204]. */
void changed_json(struct json *j, const struct field *f, struct berth_val from, struct berth_val to);

/* Such an item, in older entries {"field":…,"from":…,"to":…}. */
struct changed {
    const char *field; /* NULL: it is none */
    const json_t *from, *to;
    bool part; /* from and to are parts of longer texts */
};
struct changed changed_of(const json_t *item);

json_t *changed_items(const char *changes); /* an entry's, for json_decref(); NULL when there are none */

/* Parts become whole texts, by the record as it was right after the change.  What does not fit it is left out, and told by false. */
bool changed_whole(json_t *items, const struct berth_row *later);

/* Sets in r, which is as it was right after the change, what was there before.  False: not in every field; what was wrong with a
 * value stands in c. */
bool changed_undo(struct berth_ctx *c, struct berth_row *r, json_t *items);

#endif
