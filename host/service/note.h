/* note.h - what people write on a record, who follows it, how it is tagged.  Whoever sees the record
 * reads and writes; a note is changed by its author and administrators. */
#ifndef BERTH_NOTE_H
#define BERTH_NOTE_H

#include "record/row.h"

enum { NOTE_MAX = 10000 }; /* characters' bytes */

struct note {
    int64_t id, tbl, rec, at, by, edited_at;
    const char *text; /* "@[7]" names user 7, who hears of it if he may see the record */
};

/* On the writer.  The author follows the record from then on; followers hear of it. */
int64_t note_add(struct berth_ctx *c, const struct berth_row *r, const char *text);
int note_edit(struct berth_ctx *c, int64_t id, const char *text);
int note_drop(struct berth_ctx *c, int64_t id);
/* One on a record the user sees; false fails the ctx. */
bool note_get(struct berth_ctx *c, int64_t id, struct note *out);
bool note_mine(struct berth_ctx *c, const struct note *n); /* may be changed */

int follow_set(struct berth_ctx *c, const struct berth_row *r, bool on);
bool follows(struct berth_ctx *c, const struct berth_row *r);
/* A record was changed: its followers hear of it, once a day. */
int follow_changed(struct berth_ctx *c, const struct berth_row *r);

/* {"tags":[{"id","name","color"}],"all":[…]} */
int tag_list(struct berth_ctx *c, const struct berth_row *r, struct buf *out);
int tag_set(struct berth_ctx *c, const struct berth_row *r, const json_t *ids);

/* All of it goes with the record, or with a tag. */
int note_gone(struct berth_ctx *c, const struct table *t, int64_t id);

#endif
