/* body.h - the body of a request as JSON. */
#ifndef BERTH_WEB_BODY_H
#define BERTH_WEB_BODY_H

#include <jansson.h>
#include <stddef.h>

#include "base/arena.h"

/* NULL: it is none, or names a member twice; e says why. */
json_t *body_read(const char *s, size_t n, json_error_t *e);

struct body_member {
    const char *key, *s; /* of JSON_STRING */
    size_t key_len, n;
    json_int_t i; /* of JSON_INTEGER */
    json_type type;
};
enum { BODY_PLAIN_MAX = 32 };
/* Of one object of texts without escapes, whole numbers, flags and nulls its members, each named once, without a tree: that
 * takes three pieces of memory a member.  NULL: it is not that, or has more than BODY_PLAIN_MAX. */
const struct body_member *body_plain(struct arena *a, const char *s, size_t n, size_t *count);
json_t *body_json(const struct body_member *m); /* to be freed */

#endif
