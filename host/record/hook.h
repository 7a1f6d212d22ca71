/* hook.h - the one ordered list of C and Lua hooks. */
#ifndef BERTH_HOOK_H
#define BERTH_HOOK_H

#include "record/row.h"

/* point: BERTH_BEFORE, AFTER or DONE; deed: INSERT, UPDATE or DELETE. */
int hook_run(struct berth_ctx *c, uint32_t point, uint32_t deed, struct berth_row *row, struct berth_row *old);
bool hook_any(struct berth_ctx *c, uint32_t point, uint32_t deed, const struct table *t);
int hook_emit(struct berth_ctx *c, const char *topic, struct berth_row *row);
/* Calls into a plugin with its name noted, for state() and for blame. */
int hook_call(struct berth_ctx *c, const char *plugin, int (*run)(struct berth_ctx *, void *), void *arg);

/* A rule's answer: a script's or the declared default. */
struct berth_val rule_default(struct berth_ctx *c, const struct rule *r); /* as declared */
struct berth_val rule_ask(struct berth_ctx *c, const struct rule *r, const struct berth_val *args, size_t n);

#endif
