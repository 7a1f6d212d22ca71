/* api_json.h - answers that a plugin's route puts together piece by piece; see berth.h. */
#ifndef BERTH_PLUGIN_API_JSON_H
#define BERTH_PLUGIN_API_JSON_H

#include "record/ctx.h"

void api_json_open(struct berth_ctx *c, const char *name, char bracket);
void api_json(struct berth_ctx *c, const char *name, struct berth_val v);
int api_json_close(struct berth_ctx *c, int (*reply)(struct berth_ctx *, int status, struct buf *));

#endif
