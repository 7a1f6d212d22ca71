/* offer.h - which records a reference may name (berth_field.where), and conditions of declarations as the
 * web UI takes them. */
#ifndef BERTH_OFFER_H
#define BERTH_OFFER_H

#include "record/row.h"

/* False, with the problem noted under the field: the condition of f does not hold for a record that v names.
 * about: the record that has the field or that a form is about; what it named before stays allowed. */
bool offer_check(struct berth_ctx *c, const struct field *f, struct berth_val v, const struct berth_row *about);
/* The same for every reference of a record that people changed. */
bool offer_check_row(struct berth_row *r);

/* A condition over t in the JSON form of share/doc/rest.md; what stands behind an @ stays as it is. */
void offer_json(struct berth_ctx *c, struct json *j, const struct table *t, const char *text);

#endif
