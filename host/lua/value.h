/* value.h - how the host's values and records look to scripts, and back.
 *
 * Text and picks are strings, references and files ids, dates days since 1970, times milliseconds
 * since 1970: all plain numbers to calculate with.  Money is a value of its own kind (lib_money.c),
 * because neither a float nor a count of 1/10000 is what a consultant means by lead.budget > 5000.
 * A field with several picks or references is a list.  What is empty is nil. */
#ifndef BERTH_LUA_VALUE_H
#define BERTH_LUA_VALUE_H

#include <stdbool.h>

#include "base/arena.h"
#include "berth.h"
#include "model/model.h"

struct lua_State;

/* What runs in a box now; the box's owner. */
struct script_run {
    struct berth_ctx *c; /* NULL while scripts are being loaded */
    bool may_write;      /* hooks; a rule only answers */
    const char *file;    /* "rules/leads.release_days.lua" */
};
struct script_run *run_of(struct lua_State *L);
struct berth_ctx *ctx_of(struct lua_State *L); /* raises where there is none */

void value_push(struct lua_State *L, enum berth_type type, struct berth_val v);
void value_push_field(struct lua_State *L, const struct field *f, struct berth_val v);
/* A record, void after this run. */
void value_push_row(struct lua_State *L, struct berth_row *row, bool writable);
/* The same, noting in reads what the script looks at. */
struct reads;
void value_push_asked(struct lua_State *L, struct berth_row *row, struct reads *reads);

/* The Lua value as a value of that type (BERTH_NULL: of its own); text is copied to the arena.
 * false: it is of another kind.  nil becomes nil. */
bool value_take(struct lua_State *L, int index, enum berth_type type, struct arena *a,
                struct berth_val *out);
/* Pushes the value as JSON, and returns that text; NULL, with nothing pushed: it holds what JSON cannot. */
const char *value_json(struct lua_State *L, int index);
struct berth_row *value_row(struct lua_State *L, int index, bool for_change); /* raises */

void money_open(struct lua_State *L);
void berth_open(struct lua_State *L);

void money_push(struct lua_State *L, int64_t amount);
bool money_take(struct lua_State *L, int index, int64_t *amount); /* money or a number */

#endif
