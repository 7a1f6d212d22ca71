/* import_map.h - mappings that users keep: which columns of such a file go into which fields, what its words
 * mean, how to treat what is there.  One without a name is what the user last did with a file of these
 * headers; named ones may be shared. */
#ifndef BERTH_IMPORT_MAP_H
#define BERTH_IMPORT_MAP_H

#include <jansson.h>

#include "record/ctx.h"

/* What is kept is told by header: {"columns":{"公司名称":"name"},"values":…,"mode":…,"match":…,"pool_id":…}. */
extern const char *const import_map_options[]; /* its members besides the columns; NULL ends them */

/* What a column's field is kept under: its header, and of several called alike which of them. */
const char *import_map_column(struct berth_ctx *c, const char *const *header, size_t at);
/* A file's headers as a text to find its mapping by; in the arena. */
const char *import_map_headers(struct berth_ctx *c, const char *const *header, size_t n);
/* The mapping for a file of these headers: the user's last one, else one of a name, else a shared one; or the
 * one with this id.  NULL: none.  *id and *name say which. */
json_t *import_map_find(struct berth_ctx *c, const char *table, const char *headers, int64_t wanted, int64_t *id,
                        const char **name);
/* [{"id":…,"name":…,"mine":true,"shared":false,"fits":true}] */
void import_map_list(struct berth_ctx *c, struct json *j, const char *table, const char *headers);
/* On the writer.  name NULL: the one without. */
int64_t import_map_keep(struct berth_ctx *c, const char *table, const char *headers, const char *name, bool shared,
                        const json_t *what);
int import_map_drop(struct berth_ctx *c, int64_t id);

#endif
