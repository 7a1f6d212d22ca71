/* told.h - words of the host's that are kept in records and histories: as a key with its values, so that
 * everyone reads them in their own language. */
#ifndef BERTH_TOLD_H
#define BERTH_TOLD_H

#include "record/ctx.h"

/* As it is kept; args: name, value, ..., NULL.  A value "@base.access.read" is a key itself, "^1764201600000"
 * a time in ms. */
const char *told_kept(struct berth_ctx *c, const char *key, const char *const *args);
/* As people read it; text that was kept as it is, too.  NULL stays NULL. */
const char *told_text(struct berth_ctx *c, const char *kept);
/* Whether values of the field are kept so. */
bool told_in(const struct field *f);

#endif
