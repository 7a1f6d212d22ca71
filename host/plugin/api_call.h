/* api_call.h - actions, REST's services, files and shares, as plugins call them; see berth.h. */
#ifndef BERTH_PLUGIN_API_CALL_H
#define BERTH_PLUGIN_API_CALL_H

#include "record/ctx.h"

int api_act(struct berth_ctx *c, const struct berth_row *r, const char *name, const struct berth_val *args, size_t n);
const char *api_call(struct berth_ctx *c, const char *what, const struct berth_val *args, size_t n);
struct berth_val api_json_at(struct berth_ctx *c, const char *text, const char *path);
int64_t api_attach(struct berth_ctx *c, const struct berth_row *r, const char *name, const void *bytes, size_t n, int64_t replaces);
const void *api_file(struct berth_ctx *c, int64_t id, size_t *n);
int64_t api_share(struct berth_ctx *c, const struct berth_row *r, const struct berth_share *s, size_t size);
int api_unshare(struct berth_ctx *c, int64_t id);
const struct berth_shares *api_shares(struct berth_ctx *c, const struct berth_row *r);

#endif
