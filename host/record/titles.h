/* titles.h - titles of the records that others point at, for lists and records as JSON. */
#ifndef BERTH_TITLES_H
#define BERTH_TITLES_H

#include "record/row.h"

struct titles_cache;
struct titles_cache *titles_cache_new(size_t tables);
void titles_cache_free(struct titles_cache **tc);
/* The number of the latest change there is; taken before a request reads anything. */
uint64_t titles_now(const struct titles_cache *tc);
/* A record was saved (old NULL: it is new) or erased (now NULL): acts with the commit. */
void titles_touched(struct berth_ctx *c, const struct berth_row *old, const struct berth_row *now);

struct titles_wanted; /* ids, by the table they belong to; begins as NULL */
void titles_want(struct berth_ctx *c, struct titles_wanted **w, const struct field *f, struct berth_val v);
/* What says the title in the ctx's language, as SQL; prefix: of the columns, "t.". */
const char *title_sql(struct berth_ctx *c, const struct table *t, const char *prefix);
/* "refs":{"user":{"7":"…"}}; a title is shown only where the record itself may be seen. */
void titles_json(struct berth_ctx *c, struct json *j, const struct titles_wanted *w);
/* The same for all that rows in hand point at. */
void titles_of_rows(struct berth_ctx *c, struct json *j, struct berth_row *const *rows, size_t n);
/* In these fields alone (NULL behind the last); NULL: in all. */
void titles_of_fields(struct berth_ctx *c, struct json *j, struct berth_row *const *rows, size_t n, const struct field *const *of);

#endif
