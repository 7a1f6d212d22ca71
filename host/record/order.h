/* order.h - what lists of texts are sorted by: beside each text that lists offer for sorting stands a key
 * (field.order), bytes whose order is that of pinyin, strokes or an alphabet.
 *
 * The keys are one company's, not one reader's: those of another order would cost every such text
 * another column and another index.  An administrator chooses the order (setting base.sorting); the company's language
 * decides until then.
 *
 * Whatever writes a row writes its keys (save.c).  When they are to be others (another order, another ICU, a text newly
 * sorted), the job "reorder" makes them anew beside everybody's work.  Lists are flat meanwhile, only not in order. */
#ifndef BERTH_ORDER_H
#define BERTH_ORDER_H

#include "model/migrate.h"
#include "record/job.h"
#include "record/row.h"

/* The key of a text, in the ctx's arena; nil of nil. */
struct berth_val order_key(struct berth_ctx *c, struct berth_val text);
/* The key for a column of a row that is to be written: made ahead, if its text is still that. */
struct berth_val order_of(const struct berth_row *r, const struct field *column);
/* The key of the row just read, from a column of the statement. */
struct berth_val order_read(struct berth_ctx *c, struct db_stmt *s, int col);
/* Keys made ahead for a row, by place behind the fields. */
struct order_made {
    struct berth_val key;
    const char *of; /* the text */
    uint64_t followed; /* the order it is of */
};
/* In the ctx's arena, with the text's own bytes; on any thread. */
struct order_made order_ahead(struct berth_ctx *c, struct berth_val text);
/* All keys are as they should be, so that equal texts are found by equal keys. */
bool order_settled(const struct store *st);

/* On the writer, before it saves anything: to the order that is set. */
int order_follow(struct berth_ctx *c);
/* On the writer, at the start (was and plan NULL) and before another model is in force: a table of few rows gets its keys
 * at once, for others the job is queued. */
int order_look(struct berth_ctx *c, const struct model *was, const struct model *m, const struct plan *plan);
/* The setting was changed in this transaction; nil: to what the company's language says. */
int order_chosen(struct berth_ctx *c, struct berth_val locale);
int order_run(struct job *j, struct buf *err); /* the job "reorder" */

struct order *order_new(const char *locale); /* opens nothing */
void order_free(struct order **o);

#endif
