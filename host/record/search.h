/* search.h - the search box: what of a record is found, and how a question reaches the index.
 * Every table with BERTH_SEARCH fields has a full-text index search_<table> of ready-made tokens
 * (host/text), kept in the same transaction as the record. */
#ifndef BERTH_SEARCH_H
#define BERTH_SEARCH_H

#include "record/row.h"
#include "record/where.h"

/* All tokens of a record, separated by spaces; "" when nothing is searchable. */
/* Whether both are found by the same words, by the values they are made from. */
bool search_same(const struct berth_row *a, const struct berth_row *b);
void search_tokens(const struct berth_row *r, struct buf *out);

/* "lead t" or, with something to search for, the index joined to it. */
void search_from(struct berth_ctx *c, const struct table *t, const char *search, struct buf *sql);
/* " AND <match>" with its values; nothing without a search. */
void search_where(struct berth_ctx *c, const struct table *t, const char *search, struct buf *sql,
                  struct binds *b);

/* The id's column, which the index delivers in order. */
const char *search_id(struct berth_ctx *c, const struct table *t, const char *search);

/* Keeps the index: old or new may be NULL. */
int search_put(struct berth_ctx *c, const struct berth_row *old, const struct berth_row *new_row);
/* A new record's ready-made tokens. */
int search_put_tokens(struct berth_ctx *c, const struct table *t, int64_t id, const char *tokens);

#endif
