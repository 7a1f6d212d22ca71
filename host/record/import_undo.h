/* import_undo.h - what the files of an import's undo share. */
#ifndef BERTH_IMPORT_UNDO_H
#define BERTH_IMPORT_UNDO_H

#include "record/import.h"
#include "record/import_set.h"

enum { UNDO_SLICE_ROWS = 500 };
enum { TOUCH_PENDING, TOUCH_LATE, TOUCH_KEPT, TOUCH_TAKEN_BACK }; /* import_touch.state; kept: undo left it alone */

struct undo {
    struct job *j;
    int64_t import, undone, restored, others, kept, gone; /* others: records beside the rows', that hooks saved */
    const char *table;
    bool more;
    int64_t begun;          /* when this turn on the writer began */
    int64_t below;          /* of the import's own updates those of rows before this one are left */
    struct import_set left; /* of a record whose update was taken back: its version then */
    bool noted; /* there is a note of what hooks did: without, they are called as the records go */
};

/* import_undo.c */
bool undo_over(const struct undo *u); /* the turn ends: others wait, or it has been long enough */
/* Puts the old values of import_was() back and saves, as undo does. */
int undo_put_back(struct berth_ctx *c, struct berth_row *r, const json_t *was);
/* Which of the records from..to others point at, or something was hung on, in order. */
struct ids undo_pointed_at(struct berth_ctx *c, const struct table *t, int64_t from, int64_t to);
struct ids undo_hung_since(struct berth_ctx *c, const struct table *t, int64_t from, int64_t to); /* only that something was hung on */
bool undo_changed_since(struct berth_ctx *c, const struct berth_row *r); /* a record of a new row */
struct ids undo_hung_on(struct berth_ctx *c, const struct table *t, int64_t from, int64_t to); /* on which anything hangs at all */
/* It has never been, nor what hung on it; not if it is pointed at. */
int undo_unmake(struct berth_ctx *c, struct berth_row *r, const struct ids *pointed, const struct ids *hung);
void undo_forget_alerts(struct berth_ctx *c, const struct table *t, int64_t from, int64_t to);
/* The update that this row of the file was is taken back; *version: the record's then, 0: it stays. */
int undo_row_change(struct berth_ctx *c, struct undo *u, int64_t row, int64_t *version);

/* import_touch.c */
/* What hooks did to other records, the last first; late: what waited for the rows' own records to be gone. */
int undo_touches(struct berth_ctx *c, struct undo *u, bool late);
/* Whether the record is as it was when it had that version, still or again, but for what this undo took back. */
bool undo_untouched(struct berth_ctx *c, const struct undo *u, const struct berth_row *r, int64_t version);
/* Which of the new records from..to had something done by their hooks that stays, in order. */
struct ids undo_touch_kept(struct berth_ctx *c, const struct undo *u, int64_t from, int64_t to);
bool undo_touch_noted(struct berth_ctx *c, int64_t import);
int undo_touches_again(struct berth_ctx *c, int64_t import); /* what stayed is tried again */
int undo_touches_end(struct berth_ctx *c, const struct undo *u);

#endif
