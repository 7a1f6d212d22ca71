/* log_page.h - logs of the host's own, newest first, a page at a time. */
#ifndef BERTH_RECORD_LOG_PAGE_H
#define BERTH_RECORD_LOG_PAGE_H

#include "base/json.h"
#include "record/ctx.h"

struct log_page {
    const char *key;   /* of the rows */
    struct db_stmt *s; /* SELECT id, ... WHERE ... id < ? ORDER BY id DESC LIMIT ?, bound but for these two */
    int nbound;
    void (*row)(struct berth_ctx *c, struct json *j, struct db_stmt *s); /* members of one row's object, its id excepted */
};

/* Writes {KEY: [{"id": 7, ...}], "next": the last one's id when there may be more, else null}.
 * before: the last id of the page before; 0: the first page. */
int log_page_json(struct berth_ctx *c, const struct log_page *p, int64_t before, int limit, struct buf *out);

#endif
