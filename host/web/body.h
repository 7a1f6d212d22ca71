/* body.h - the body of a request as JSON. */
#ifndef BERTH_WEB_BODY_H
#define BERTH_WEB_BODY_H

#include <jansson.h>

/* NULL: it is none, or names a member twice; e says why. */
json_t *body_read(const char *s, size_t n, json_error_t *e);

#endif
