/* config_key.h - how the configuration's file names records, instead of by their ids. */
#ifndef BERTH_CONFIG_KEY_H
#define BERTH_CONFIG_KEY_H

#include <jansson.h>

#include "record/row.h"

/* Whether the field's value goes over. */
bool config_field(const struct field *f);
/* Whether the record does; false for one person's own and for what the program notes. */
bool config_carries(struct berth_ctx *c, const struct berth_row *r);

/* Which record it is; NULL: it hangs on one that is not carried.  The caller's to free. */
json_t *config_key(struct berth_ctx *c, const struct berth_row *r);
/* "Sales · lead": a key for people, in the arena. */
const char *config_key_text(struct berth_ctx *c, const json_t *key);

enum config_got { GOT, GOT_NONE, GOT_BAD }; /* GOT_NONE: what it names is not there (yet); GOT_BAD: the ctx has a problem */
enum config_got config_find(struct berth_ctx *c, const struct table *t, const json_t *key, int64_t *id);
/* The record with these values of the .known fields, the nth of those; 0: none. */
int64_t config_find_nth(struct berth_ctx *c, const struct table *t, const struct berth_val *known, int64_t nth);
enum config_got config_part(struct berth_ctx *c, const struct field *f, const json_t *v, struct berth_val *out);

/* A value as the file has it; NULL: it names what is not carried.  The caller's to free. */
json_t *config_value(const struct berth_row *r, const struct field *f);
/* And back, as row_set_json() takes it; r holds the fields that say what it is about. */
enum config_got config_value_in(const struct berth_row *r, const struct field *f, const json_t *v, json_t **out);
/* Whether it names records by what another field says it is about: read after the others. */
bool config_is_late(const struct field *f);

#endif
