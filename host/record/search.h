/* search.h - the search box: what of a record is found, and how a question reaches the index.
 * Every table with BERTH_SEARCH fields has a full-text index search_<table> of ready-made tokens
 * (host/text), kept in the same transaction as the record. */
#ifndef BERTH_SEARCH_H
#define BERTH_SEARCH_H

#include "record/row.h"
#include "record/where.h"
#include "text/tokens.h"

/* How a question to one table is asked: of the index, newest first; or, where the rows are wanted in
 * another order and very many match, of the table itself, row by row. */
struct search {
    const struct table *t;
    const char *text;                /* what was typed; NULL: no question */
    const struct text_query *q;
    const char *value;               /* to bind for MATCH; NULL: not asked of the index */
    bool nothing;                    /* no row can match */
    bool test;                       /* rows are looked at as well */
    bool by_marks;                   /* the index alone tells what is within reach */
};
enum search_how {
    SEARCH_NEWEST,   /* newest first */
    SEARCH_SORTED,   /* in an order of fields */
    SEARCH_TOGETHER, /* newest first, and only those that have it together: text_tokens_query_together() */
    SEARCH_TITLES,   /* newest first, and only titles that begin with the text; where very many do, that are it */
    SEARCH_LATE,     /* rows that the filter names and the index may not have yet: they are looked at themselves */
};
/* reach: whose records are looked for. */
struct search search_plan(struct berth_ctx *c, const struct table *t, const char *text, const struct reach *reach,
                          enum search_how how);

/* Rows that were just saved and that the index does not have yet, although it was waited for: the latest first, at most
 * `most` ids.  Asked before the search: what is not among them is in the index. */
size_t search_late(struct berth_ctx *c, const struct table *t, int64_t *ids, size_t most);

/* The same question by looking at rows alone. */
struct search search_rows_only(const struct search *s);

/* "lead t" or the index joined to it. */
void search_from(struct berth_ctx *c, const struct search *s, struct buf *sql);
/* " AND <match>" with its values; nothing without a question. */
void search_where(struct berth_ctx *c, const struct search *s, struct buf *sql, struct binds *b);
/* The id's column, which the index delivers in order. */
const char *search_id(struct berth_ctx *c, const struct search *s);
/* A SELECT of 1 for each match within reach, without looking at rows, or false. */
bool search_bare(struct berth_ctx *c, const struct search *s, struct buf *sql, struct binds *b);

/* Keeps the index: old or new may be NULL.  Tokens of a new record are made when the index's turn comes, or a search's. */
int search_put(struct berth_ctx *c, const struct berth_row *old, const struct berth_row *new_row);
/* Of one that comes back with the id it had. */
int search_put_back(struct berth_ctx *c, const struct berth_row *r);
/* New records that follow each other, of a bulk import: no search waits for them. */
int search_put_range(struct berth_ctx *c, const struct table *t, int64_t first, int64_t last);
/* Makes those; false: none any more. */
void search_source(struct store *st, bool on);

/* Is the field found by the search box, and may this user find by it? */
bool search_by(struct berth_ctx *c, const struct field *f);

#endif
