/* json_read.h - reads the JSON of requests: plain JSON in a quarter of the time that jansson takes. */
#ifndef BERTH_WEB_JSON_READ_H
#define BERTH_WEB_JSON_READ_H

#include <jansson.h>

/* An object or an array; NULL: it is none, has a member twice, or is not plain (an escape, a number with a point, deeply
 * nested).  Then jansson reads it, and says what is wrong with it. */
json_t *json_read_plain(const char *s, size_t n);
/* json_loadb() with JSON_REJECT_DUPLICATES. */
json_t *json_read(const char *s, size_t n, json_error_t *err);

#endif
