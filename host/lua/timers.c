/* timers.c - every("0 8 * * * workdays", "morning", function() ... end): what scripts do at their
 * times. */
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

#include "base/every.h"
#include "lua/vm_in.h"
#include "model/model.h"
#include "record/ctx.h"

enum { NAME_LONGEST = 48 };

bool vm_plain(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");

    return n > 0 && n <= NAME_LONGEST && name[n] == '\0';
}

static struct vm_timer *find(struct vm *vm, const char *full)
{
    for (size_t i = 0; i < vm->ntimers; i++)
        if (strcmp(vm->timers[i].full, full) == 0)
            return &vm->timers[i];
    return NULL;
}

int vm_every(lua_State *L)
{
    struct vm *vm = box_owner(L);
    const char *when = luaL_checkstring(L, 1), *name = luaL_checkstring(L, 2), *full;
    struct every every;

    if (vm->loading == NULL || vm->loading->kind != SCRIPT_HOOK)
        return luaL_error(L, "every() belongs into a file in hooks/, outside of functions");
    luaL_argcheck(L, every_parse(when, &every) && strlen(when) < 100, 1,
                  "\"10m\", \"daily 02:00\" or as cron \"0 8 * * mon-fri\" expected");
    luaL_argcheck(L, vm_plain(name), 2, "a name of small letters, digits and _ expected");
    luaL_checktype(L, 3, LUA_TFUNCTION);
    full = lua_pushfstring(L, "script.%s", name);
    luaL_argcheck(L, find(vm, full) == NULL, 2, "another timer has this name");
    lua_pushvalue(L, 3);
    vm->timers = mem_realloc(vm->timers, (vm->ntimers + 1) * sizeof(*vm->timers));
    vm->timers[vm->ntimers++] = (struct vm_timer){vm->loading, mem_strdup(full), mem_strdup(when),
                                                  luaL_ref(L, LUA_REGISTRYINDEX)};
    return 0;
}

void vm_timers_free(struct vm *vm)
{
    for (size_t i = 0; i < vm->ntimers; i++) {
        free(vm->timers[i].full);
        free(vm->timers[i].every);
    }
    free(vm->timers);
}

static const struct timer *timers(struct arena *a, size_t *n)
{
    struct vm *vm = vm_now();
    struct timer *all = arena_alloc(a, (vm->ntimers + 1) * sizeof(*all));

    *n = vm->ntimers;
    for (size_t i = 0; i < vm->ntimers; i++)
        all[i] = (struct timer){.full = arena_strdup(a, vm->timers[i].full),
                                .every = arena_strdup(a, vm->timers[i].every),
                                .attempts = TIMER_ATTEMPTS,
                                .wait = TIMER_WAIT,
                                .about = arena_strdup(a, vm->timers[i].script->about)};
    return all;
}

struct turn {
    int ref;
    bool more;
};

static int call(lua_State *L)
{
    struct turn *t = lua_touserdata(L, 1);

    lua_rawgeti(L, LUA_REGISTRYINDEX, t->ref);
    lua_call(L, 0, 1);
    t->more = lua_toboolean(L, -1);
    return 0;
}

static int timer(struct berth_ctx *c, const char *full)
{
    struct vm *vm = vm_now();
    const struct vm_timer *t = find(vm, full);
    struct turn turn = {0};

    if (t == NULL)
        return BERTH_NOT_FOUND; /* taken away meanwhile */
    turn.ref = t->ref;
    vm_turn(vm, c, t->script, call, &turn);
    return c->rc != BERTH_OK ? (int)c->rc : turn.more;
}

void timer_ops(struct script_ops *ops)
{
    ops->timers = timers;
    ops->timer = timer;
}
