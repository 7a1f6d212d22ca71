/* find.h - reading records: one, many, as JSON pages, counted. */
#ifndef BERTH_FIND_H
#define BERTH_FIND_H

#include "record/row.h"
#include "record/where.h"

/* Any record, whoever asks: for the host's own checks.  NULL when it is not there. */
struct berth_row *find_raw(struct berth_ctx *c, const struct table *t, int64_t id);
/* A record the user may read; fails the ctx with BERTH_NOT_FOUND otherwise, the same for what
 * does not exist and what may not be seen. */
struct berth_row *find_one(struct berth_ctx *c, const struct table *t, int64_t id);
bool find_exists(struct berth_ctx *c, const struct table *t, int64_t id); /* and may be seen */
/* The record's title for people, in the arena; "" when it is gone. */
const char *find_title(struct berth_ctx *c, const struct table *t, int64_t id);
/* A record by number or title (users: also by login); 0 when none or several. */
int64_t find_ref_by_text(struct berth_ctx *c, const struct field *f, const char *s, size_t n);

/* The ids that a query gives, as it gives them. */
struct ids find_ids(struct berth_ctx *c, struct db_stmt *s);
void find_add_id(struct berth_ctx *c, struct ids *to, int64_t id); /* at the end of those of the ctx's arena */

/* A stable list for straight-line code; at most 100,000 without a limit. */
struct berth_rows {
    struct berth_ctx *c;
    const struct table *t;
    struct berth_row **row;
    size_t n, cap, at;
};
struct berth_rows *find_rows(struct berth_ctx *c, const struct table *t, const struct where_query *q);
struct berth_row *find_next(struct berth_rows *rows);

enum { COUNT_MAX = 10000 };
/* At most COUNT_MAX + 1: more than that is "many". */
int64_t find_count(struct berth_ctx *c, const struct table *t, const struct where *w, const char *search);

/* The fields that an answer is to have, by "a,b" or, with NULL, all that the user may read: id and version first, each once,
 * NULL behind the last.  NULL fails the ctx: one is no field, or may not be read. */
const struct field *const *find_fields(struct berth_ctx *c, const struct table *t, const char *named);

struct page {
    const struct table *t;
    struct where_query q;      /* limit: 1..500 */
    const char *search;        /* what stands in the search box, or NULL */
    const char *fields;        /* "a,b", as find_fields() takes them */
    const char *after;         /* cursor of the page before, or NULL */
    bool count;
    bool marks;                /* tell where the rows have what was searched for */
    bool can;                  /* tell of which rows less may be done than the table's rights say */
};
/* {"rows":[…],"refs":{…},"next":…} appended to out.  BERTH_OK or the ctx's error. */
int find_page(struct berth_ctx *c, const struct page *p, struct buf *out);

#endif
