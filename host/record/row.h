/* row.h - one record in memory: values by the place of their field. */
#ifndef BERTH_ROW_H
#define BERTH_ROW_H

#include <jansson.h>

#include "base/json.h"
#include "record/ctx.h"

struct ahead;
struct order_made;

enum { VAL_KEY = -1 }; /* type of a value that is the bytes of a field.order: ordered as memcmp() does */

struct berth_row {
    struct berth_ctx *c;
    const struct table *t;
    struct berth_val *v;      /* by field->at; text lives in the ctx's arena */
    const struct berth_row *old; /* as loaded; NULL for a new one */
    void *held;                  /* what of a save waits for approval, see service/approval.h; or NULL */
    const struct order_made *made; /* keys that lists sort by, made before the writer's turn, or NULL */
    const struct ahead *ahead;   /* what was worked out before the writer's turn, or NULL */
};

struct berth_row *row_new(struct berth_ctx *c, const struct table *t); /* all nil, no defaults */
struct berth_row *row_copy(const struct berth_row *r);
void row_defaults(struct berth_row *r);

static inline int64_t row_id(const struct berth_row *r)
{
    return r->v[F_ID].i;
}
static inline int64_t row_int(const struct berth_row *r, int at) /* 0 when nil or no such column */
{
    return at < 0 ? 0 : r->v[at].i;
}
/* Whether it is bytes: text, or a key. */
static inline bool val_has_bytes(struct berth_val v)
{
    return v.type == VAL_KEY || type_is_text((enum berth_type)v.type);
}
static inline bool val_is_nil(struct berth_val v)
{
    return v.type == BERTH_NULL;
}
bool val_equal(struct berth_val a, struct berth_val b);

struct berth_val row_get(const struct berth_row *r, const char *field);
/* From code: any declared type that fits the field; copies text.  Fails the ctx on a wrong type. */
void row_set(struct berth_row *r, const char *field, struct berth_val v);

/* From people: JSON of share/doc/rest.md, or text as it stands in a sheet.  Refuses locked,
 * secret and unwritable fields.  false: a problem was noted in the ctx. */
bool row_set_json(struct berth_row *r, const char *field, const json_t *v);
/* The same of a string and most fields of a new record; false: this one wants row_set_json(). */
bool row_set_plain(struct berth_row *r, const char *field, const char *s, size_t n);
bool val_from_json(struct berth_ctx *c, const struct field *f, const json_t *v, struct berth_val *out);
bool val_from_text(struct berth_ctx *c, const struct field *f, const char *s, size_t n,
                   struct berth_val *out);
/* The values of a cell for a field that holds several, each by `value`, whose field holds one. */
typedef bool val_from_part(struct berth_ctx *c, const struct field *one, const char *s, size_t n, void *arg, struct berth_val *out);
bool val_many_from_text(struct berth_ctx *c, const struct field *f, const char *s, size_t n, val_from_part *value, void *arg,
                        struct berth_val *out);

/* Whether a number lies between the field's min and max; tells the problem otherwise. */
bool val_in_range(struct berth_ctx *c, const struct field *f, struct berth_val v);

/* Another row with the same values in the columns of the index, none of them empty; 0: there is none. */
int64_t row_like(const struct berth_row *r, const struct index *ix);

/* Required-ness, bounds, dictionary keys, references: what must hold before a save. */
bool row_check(struct berth_row *r);

void val_json(struct json *j, const struct field *f, struct berth_val v);
/* The record as the user may see it. */
void row_json(struct json *j, const struct berth_row *r);
/* Of these fields alone (NULL behind the last); NULL: all of it. */
void row_json_of(struct json *j, const struct berth_row *r, const struct field *const *of);
/* As a person reads it, for titles and sheets; in the arena. */
const char *val_text(struct berth_ctx *c, const struct field *f, struct berth_val v);
const char *row_title(const struct berth_row *r);

/* Columns of a SELECT of all fields, and reading one result row of it. */
const char *row_columns(struct berth_ctx *c, const struct table *t, const char *prefix);
struct berth_row *row_read(struct berth_ctx *c, const struct table *t, struct db_stmt *s);
/* Of these fields alone, in the statement's columns one behind the other. */
struct berth_row *row_read_some(struct berth_ctx *c, const struct table *t, struct db_stmt *s, const int *place, int n);
struct berth_val val_read(struct berth_ctx *c, const struct field *f, struct db_stmt *s, int col);
/* The same of a column that has been read already. */
struct berth_val val_of(struct berth_ctx *c, const struct field *f, const struct db_value *v, struct db_stmt *s, int col);
void val_bind(struct db_stmt *s, int i, const struct field *f, struct berth_val v);
struct db_value val_stored(const struct field *f, struct berth_val v); /* the same as a value */

#endif
