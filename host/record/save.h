/* save.h - writing records, inside the one write transaction: hooks, checks, rights, keys, search,
 * history, all or nothing. */
#ifndef BERTH_SAVE_H
#define BERTH_SAVE_H

#include "record/row.h"
#include "record/where.h"

/* Inserts (id 0) or updates.  For updates the row came from save_load() and knows its old self.  A new record of the host's
 * own tables that has to be approved first is not made yet: its id stays 0, and c->waits says so. */
int row_save(struct berth_ctx *c, struct berth_row *r);
/* What row_save() would say, hooks and duplicates aside, and whether it would change anything; writes nothing, needs no writer. */
int save_foresee(struct berth_ctx *c, struct berth_row *r, bool *changed);
/* A record for update: the current row with .old set.  The user must see it. */
struct berth_row *save_load(struct berth_ctx *c, const struct table *t, int64_t id);
/* Fails with 409 "stale" unless version is the current one; 0 skips the check. */
bool save_version(struct berth_ctx *c, const struct berth_row *r, int64_t version);
/* Takes the record away; where its deletion has to be approved first, it stays, and c->waits says so. */
int row_drop(struct berth_ctx *c, struct berth_row *r);
/* The same at once, for what cannot wait (merging): refused where it would have to. */
int row_drop_now(struct berth_ctx *c, struct berth_row *r);
/* Out of the recycle bin, with its details, under its old id; or it waits for approval there, see c->waits. */
int row_restore(struct berth_ctx *c, const struct table *t, int64_t id);
/* As it lies in the recycle bin, whoever asks; NULL: it does not. */
struct berth_row *row_of_bin(struct berth_ctx *c, const struct table *t, int64_t id);
/* For imports: adds a record that was checked, whose rights were checked and whose duplicate keys the
 * caller writes.  Hooks run; noted: the caller notes it for the search index, with others. */
int row_add(struct berth_ctx *c, struct berth_row *r, bool noted);
/* The same of several rows of a table without ids: each begun, all written at once, each ended.  For rows that no hook
 * sees and nothing refuses by itself: what one of them gets wrong fails them all, and the body with them. */
int row_add_begin(struct berth_ctx *c, struct berth_row *r);
int row_add_all(struct berth_ctx *c, struct berth_row **rows, size_t n);
int row_add_end(struct berth_ctx *c, struct berth_row *r, bool noted);
/* A record as the recycle bin keeps it, and back. */
const char *row_dump(struct berth_ctx *c, const struct berth_row *r);
struct berth_row *row_undump(struct berth_ctx *c, const struct table *t, const char *data);
/* A value as the recycle bin and imports keep it, and back. */
json_t *val_keep(const struct field *f, struct berth_val v);
struct berth_val val_kept(struct berth_ctx *c, const struct field *f, const json_t *v);
/* For taking an import back: the record has never been; nothing of it goes to the bin or the history. */
int row_unmake(struct berth_ctx *c, struct berth_row *r);
/* And one that was dropped (row_undump() of it) has always been: neither the bin nor hooks know of it. */
int row_remake(struct berth_ctx *c, struct berth_row *r);
/* A line in the record's history that is no field change. */
int history_note(struct berth_ctx *c, const struct berth_row *r, const char *op, const char *text);
/* {"rows":[…],"refs":{…},"next":…}: what the user may see of a table's recycle bin, the latest first.  It looks at a few
 * thousand records at most: there is more as long as `next` says so.  fields: as find_fields() takes them. */
int bin_page(struct berth_ctx *c, const struct table *t, const struct where *w, int64_t before, int limit, const char *fields,
             struct buf *out);

/* row_save() or row_drop() as a plugin or a script does it. */
int save_outside(struct berth_ctx *c, struct berth_row *r, int (*run)(struct berth_ctx *, struct berth_row *));

/* Runs body in a step of its own: undone alone when it fails.  The ctx keeps the error. */
int save_step(struct berth_ctx *c, int (*body)(struct berth_ctx *, void *), void *arg);

#endif
