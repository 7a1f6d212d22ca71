/* page_can.h - what of a page's rows the user may not change, though others of the table: whose they are, and what waits for approval. */
#ifndef BERTH_PAGE_CAN_H
#define BERTH_PAGE_CAN_H

#include "base/json.h"
#include "record/row.h"

struct page_can; /* the rows so far */
struct page_can *page_can_new(struct berth_ctx *c, const struct table *t, int64_t most);
/* What has to be read of each row for it: ", t.owner_id, t.pool_id" and the like, or "". */
const char *page_can_columns(struct berth_ctx *c, const struct table *t);
/* The row that a statement stands on; those columns begin at `at`. */
void page_can_row(struct page_can *p, int64_t id, struct db_stmt *s, int at);
/* "can":{"17":{"update":false,"delete":false,"locked":"Credit limit"}}: rows of which the table's rights do not hold. */
void page_can_json(struct page_can *p, struct json *j);

#endif
