/* view.h - ways of looking at a table: those that plugins declare, and those that users save and
 * share.  A view only narrows and arranges: whoever uses one reads with their own rights. */
#ifndef BERTH_VIEW_H
#define BERTH_VIEW_H

#include "record/row.h"
#include "record/where.h"

struct view_use {
    const struct where *where; /* NULL: everything */
    const char *sort;          /* "-created_at", or NULL */
    const char *columns;       /* "name,phone"; NULL: the BERTH_LIST fields */
};
/* A view by its name ("mine"), a saved one by its number ("12"), "all" where a table declares none.
 * NULL or "": no view.  false: the ctx failed. */
bool view_use(struct berth_ctx *c, const struct table *t, const char *name, struct view_use *out);

/* A saved view that the ctx's user may use. */
struct saved_view {
    int64_t id, version;
    bool mine;
    const char *name, *look, *base, *columns, *widths, *filter, *sort, *by, *from, *to, *sums, *audience, *owner;
    int64_t department, role; /* whom it is shared with */
    const struct where *where; /* base's and its own */
    struct saved_view *next;
};
/* All of a table, one's own first.  One whose filter, columns or grouping need what the user may not
 * read is left out. */
struct saved_view *view_saved(struct berth_ctx *c, const struct table *t);

/* What a user said of a view: shown as a tab, opened first. */
struct view_mark {
    const char *view;
    bool pinned, first;
    struct view_mark *next;
};
struct view_mark *view_marks(struct berth_ctx *c, const struct table *t);
/* Keeps what the ctx's user says; on the writer. */
int view_mark(struct berth_ctx *c, const struct table *t, const char *view, bool pinned, bool first);

/* For custom.c: before a row of saved_view is saved, and after. */
int view_check(struct berth_ctx *c, struct berth_row *r);
int view_saved_now(struct berth_ctx *c, struct berth_row *r, uint32_t deed);

/* "status" or "created_at:month": a field that records can be put together by.  NULL: not that. */
const struct field *view_group(struct berth_ctx *c, const struct table *t, const char *text, size_t len, int *unit);

#endif
