/* give.h - sharing a record, of which the person hears. */
#ifndef BERTH_GIVE_H
#define BERTH_GIVE_H

#include "record/row.h"

/* On the writer: share_add(), and whoever has the record now is told, unless it is to be quiet. */
int64_t give_share(struct berth_ctx *c, const struct berth_row *r, const struct berth_share *s);
/* The same as JSON says: {"kind":"share","access":"read","user_id":7,"until_at":"2026-12-31T16:00:00Z"}; kind and access
 * are these where nothing is said.  inside: a plugin or a script shares, and may ask for it to be quiet. */
int64_t give_share_json(struct berth_ctx *c, const struct berth_row *r, const json_t *body, bool inside);

#endif
