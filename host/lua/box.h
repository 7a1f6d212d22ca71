/* box.h - a Lua state that cannot hurt its host: an allow-list of functions, fuel for everything
 * that runs, a cap on memory.  share/doc/lua-sandbox.md says what it withstands and why.
 *
 * Fuel      One unit is about one VM instruction.  Allocations and our C functions burn it in
 *           proportion to their work, so that no loop is free.  A run that is out of fuel, time or
 *           memory fails at every further instruction: a script's pcall cannot hold on to it.
 * Threads   A box belongs to one thread at a time. */
#ifndef BERTH_LUA_BOX_H
#define BERTH_LUA_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct lua_State;
struct box;

struct box_budget {
    int64_t fuel;
    int cpu_ms, wall_ms;
};

enum box_over {
    BOX_FINE,
    BOX_ERROR,  /* an ordinary error of the script */
    BOX_FUEL,   /* it ran too long */
    BOX_TIME,   /* the same, by the clock */
    BOX_MEMORY, /* it wanted too much memory: throw the box away */
};

struct box_failure {
    enum box_over why;
    char script[64]; /* chunk name, "" when unknown */
    int line;        /* 0: unknown */
};

enum { BOX_MEMORY_DEFAULT = 32 << 20 };

struct box *box_new(size_t memory);
void box_free(struct box **b);
struct lua_State *box_state(struct box *b);
size_t box_memory(const struct box *b); /* bytes held now */
/* What the binding keeps with the box. */
void box_set_owner(struct box *b, void *owner);
void *box_owner(struct lua_State *L);

/* Runs fn(L), a function that may raise, within a budget; arg is its one argument, a light
 * userdata.  A run inside a run shares the outer one's budget.  -1 with err and *failure (may be
 * NULL) filled. */
int box_run(struct box *b, const struct box_budget *budget, int (*fn)(struct lua_State *),
            void *arg, struct buf *err, struct box_failure *failure);
bool box_running(const struct box *b);
/* Differs between runs: what was lent to a script in one run is void in the next. */
uint64_t box_run_id(struct lua_State *L);

/* For C functions that scripts call. */
struct box *box_of(struct lua_State *L);
void box_burn(struct lua_State *L, int64_t fuel); /* raises when none is left */
int64_t box_fuel(struct lua_State *L);            /* what is left */
/* A protected call whose failure may be handled, unless the run itself is over. */
int box_pcall(struct lua_State *L, int nargs, int nresults);

/* Pushes the compiled chunk (text only, nothing runs yet); raises "rules/x.lua:3: ...". */
void box_load(struct lua_State *L, const char *source, size_t len, const char *chunk);

/* Pushes the table of everything that scripts find as globals. */
void box_globals(struct lua_State *L);
/* Makes the table on top of the stack read-only, and a global of that name. */
void box_publish(struct lua_State *L, const char *name);

/* The libraries, each in its file; called once by box_new inside a protected call. */
void box_open_basic(struct lua_State *L);
void box_open_string(struct lua_State *L);
void box_open_table(struct lua_State *L);

/* Upvalue 1, a function of Lua's own that takes time in proportion to its text argument. */
int box_paid(struct lua_State *L);

/* The text of a value without metamethods and addresses; valid while the value is on the stack. */
const char *box_text(struct lua_State *L, int index, size_t *len);

#endif
