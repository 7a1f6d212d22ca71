/* box.c - the guarded Lua state: allocator, fuel, clock, protected runs. */
#include "lua/box.h"

#include <assert.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/when.h"

/* Between two looks at the clock.  The dearest single instructions (comparing long texts, next() in
 * an emptied table) take about 0.3 ms at the block size below, so that a look is never far away. */
enum { SLICE = 400 };

enum {
    TEXT_MAX = (4 << 20) + 64, /* one string, with its header */
    BLOCK_MAX = 16 << 20,      /* one array, hash part or stack */
    BLOCK_BIG = 64 << 10       /* filling it takes long enough to look at the clock */
};
/* How often a run may hit the memory cap and be saved by a full collection: near the cap every
 * allocation would otherwise become one. */
enum { REFUSALS = 8 };

struct box {
    lua_State *L;
    void *owner;
    size_t used, cap;
    int64_t fuel, budget;
    int64_t cpu_since, cpu_end, wall_end; /* ms; cpu_since -1: not looked at yet */
    struct box_budget limits;
    uint64_t run;
    int depth, refusals;
    struct box_failure over; /* .why is sticky for the rest of the run */
};

static void on_slice(lua_State *L, lua_Debug *ar);

static int64_t cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The processor's time is asked for only once a run is longer than a slice: it is a system call. */
static bool out_of_time(struct box *b)
{
    int64_t now = when_monotonic();

    if (b->cpu_since < 0) {
        b->cpu_since = now;
        b->cpu_end = cpu_ms() + b->limits.cpu_ms;
        b->wall_end = now + b->limits.wall_ms;
        return false;
    }
    if (now > b->wall_end)
        return true;
    /* No more processor time can have been used than time has passed. */
    return now - b->cpu_since > b->limits.cpu_ms && cpu_ms() > b->cpu_end;
}

/* Every further instruction meets the hook. */
static void end_run(struct box *b, enum box_over why)
{
    if (b->over.why == BOX_FINE)
        b->over.why = why;
    lua_sethook(b->L, on_slice, LUA_MASKCOUNT, 1);
}

static void *refuse(struct box *b)
{
    if (b->L != NULL && ++b->refusals > REFUSALS)
        end_run(b, BOX_MEMORY);
    return NULL;
}

/* kind is a Lua type for new objects and meaningless otherwise. */
static void *allocate(void *ud, void *ptr, size_t old, size_t size)
{
    struct box *b = ud;
    size_t had = ptr == NULL ? 0 : old,
           max = ptr == NULL && old == LUA_TSTRING ? TEXT_MAX : BLOCK_MAX;
    void *p;

    if (size == 0) {
        free(ptr);
        b->used -= had;
        return NULL;
    }
    if (size > had && (size > max || b->used + (size - had) > b->cap))
        return refuse(b);
    p = realloc(ptr, size);
    if (p == NULL)
        return size > had ? NULL : ptr;
    b->used = b->used - had + size;
    if (size > had) {
        b->fuel -= 4 + (int64_t)(size / 32);
        if (b->depth > 0 && b->over.why == BOX_FINE) {
            if (b->fuel < 0)
                end_run(b, BOX_FUEL);
            else if (size > BLOCK_BIG && out_of_time(b))
                end_run(b, BOX_TIME);
        }
    }
    return p;
}

static void note_place(lua_State *L, lua_Debug *ar, struct box_failure *f)
{
    if (f->line != 0 || lua_getinfo(L, "Sl", ar) == 0 || ar->currentline <= 0)
        return;
    snprintf(f->script, sizeof(f->script), "%s", ar->short_src);
    f->line = ar->currentline;
}

/* Needs no memory: nothing may be left. */
static int raise_over(lua_State *L)
{
    lua_pushlightuserdata(L, box_of(L));
    return lua_error(L);
}

static void on_slice(lua_State *L, lua_Debug *ar)
{
    struct box *b = box_of(L);

    if (b->over.why == BOX_FINE) {
        b->fuel -= SLICE;
        if (b->fuel < 0)
            end_run(b, BOX_FUEL);
        else if (out_of_time(b))
            end_run(b, BOX_TIME);
        else
            return;
    }
    note_place(L, ar, &b->over);
    raise_over(L);
}

void box_burn(lua_State *L, int64_t fuel)
{
    struct box *b = box_of(L);
    lua_Debug ar;

    b->fuel -= fuel;
    if (b->over.why == BOX_FINE) {
        if (b->fuel < 0)
            end_run(b, BOX_FUEL);
        else if (fuel > SLICE && out_of_time(b))
            end_run(b, BOX_TIME);
        else
            return;
    }
    for (int level = 0; b->over.line == 0 && lua_getstack(L, level, &ar); level++)
        note_place(L, &ar, &b->over);
    raise_over(L);
}

int64_t box_fuel(lua_State *L)
{
    return box_of(L)->fuel;
}

struct box *box_of(lua_State *L)
{
    return *(struct box **)lua_getextraspace(L);
}

lua_State *box_state(struct box *b)
{
    return b->L;
}

size_t box_memory(const struct box *b)
{
    return b->used;
}

void box_set_owner(struct box *b, void *owner)
{
    b->owner = owner;
}

void *box_owner(lua_State *L)
{
    return box_of(L)->owner;
}

bool box_running(const struct box *b)
{
    return b->depth > 0;
}

uint64_t box_run_id(lua_State *L)
{
    return box_of(L)->run;
}

int box_pcall(lua_State *L, int nargs, int nresults)
{
    struct box *b = box_of(L);
    int status = lua_pcall(L, nargs, nresults, 0);

    if (status == LUA_ERRMEM || status == LUA_ERRERR)
        end_run(b, BOX_MEMORY);
    if (b->over.why != BOX_FINE)
        raise_over(L);
    return status;
}

const char *box_text(lua_State *L, int index, size_t *len)
{
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
    case LUA_TNUMBER:
        return lua_tolstring(L, index, len);
    case LUA_TBOOLEAN:
        lua_pushstring(L, lua_toboolean(L, index) ? "true" : "false");
        break;
    case LUA_TUSERDATA: /* only ours have metatables, and ours do not raise */
        if (luaL_callmeta(L, index, "__tostring"))
            break;
        /* fall through */
    default:
        lua_pushstring(L, luaL_typename(L, index));
    }
    lua_replace(L, index);
    return lua_tolstring(L, index, len);
}

/* ---- runs ---------------------------------------------------------------------- */

static void begin(struct box *b, const struct box_budget *budget)
{
    b->limits = *budget;
    b->fuel = budget->fuel;
    b->cpu_since = -1;
    b->refusals = 0;
    b->run++;
    b->over = (struct box_failure){0};
}

/* "rules/x.lua:3: text" -> place. */
static void place_of(const char *message, struct box_failure *f)
{
    const char *colon = strchr(message, ':');
    char *end;
    long line;

    if (colon == NULL)
        return;
    line = strtol(colon + 1, &end, 10);
    if (*end != ':' || line <= 0)
        return;
    snprintf(f->script, sizeof(f->script), "%.*s", (int)(colon - message), message);
    f->line = (int)line;
}

static void describe(struct box *b, const struct box_failure *f, struct buf *err)
{
    static const char *const why[] = {
        [BOX_FUEL] = "ran too long",
        [BOX_TIME] = "ran too long",
        [BOX_MEMORY] = "needed too much memory",
    };

    if (f->why != BOX_ERROR) {
        if (f->line > 0)
            buf_addf(err, "%s:%d: ", f->script, f->line);
        buf_puts(err, why[f->why]);
    } else if (lua_type(b->L, -1) == LUA_TSTRING) {
        buf_addf(err, "%.1000s", lua_tostring(b->L, -1));
    } else { /* never formatted: its metamethods would run unprotected */
        buf_addf(err, "error object is a %s", luaL_typename(b->L, -1));
    }
}

int box_run(struct box *b, const struct box_budget *budget, int (*fn)(lua_State *), void *arg,
            struct buf *err, struct box_failure *failure)
{
    struct box_failure f = {0};
    int top = lua_gettop(b->L), status;

    if (!lua_checkstack(b->L, 8)) {
        buf_puts(err, "scripts call each other too deeply");
        f.why = BOX_ERROR;
        if (failure != NULL)
            *failure = f;
        return -1;
    }
    if (b->depth++ == 0)
        begin(b, budget);
    lua_pushcfunction(b->L, fn);
    lua_pushlightuserdata(b->L, arg);
    status = lua_pcall(b->L, 1, 0, 0);
    b->depth--;
    if (status == LUA_ERRMEM || status == LUA_ERRERR)
        end_run(b, BOX_MEMORY);
    if (status != LUA_OK || b->over.why != BOX_FINE) {
        f = b->over;
        if (f.why == BOX_FINE) {
            f.why = BOX_ERROR;
            if (lua_type(b->L, -1) == LUA_TSTRING)
                place_of(lua_tostring(b->L, -1), &f);
        }
        if (status != LUA_OK) {
            describe(b, &f, err);
        } else { /* ended with its last instruction: still over */
            lua_pushnil(b->L);
            describe(b, &f, err);
        }
    }
    if (failure != NULL)
        *failure = f;
    lua_settop(b->L, top);
    if (b->depth == 0 && b->over.why != BOX_FINE)
        lua_sethook(b->L, on_slice, LUA_MASKCOUNT, SLICE);
    return f.why == BOX_FINE ? 0 : -1;
}

/* ---- what scripts see ---------------------------------------------------------- */

static const char globals_key, env_key;

/* Scripts share one environment: an empty table that nothing can be put into, and that finds
 * everything in a table no script can reach. */
static int refuse_assignment(lua_State *L)
{
    return luaL_error(L, "cannot set '%s': scripts share nothing; write local",
                      lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "?");
}

/* {contents} -> {} */
static void seal(lua_State *L)
{
    lua_newtable(L);
    lua_createtable(L, 0, 3);
    lua_rotate(L, -3, -1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, refuse_assignment);
    lua_setfield(L, -2, "__newindex");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
}

void box_globals(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &globals_key);
}

void box_publish(lua_State *L, const char *name)
{
    seal(L);
    box_globals(L);
    lua_rotate(L, -2, 1);
    lua_setfield(L, -2, name);
    lua_pop(L, 1);
}

void box_load(lua_State *L, const char *source, size_t len, const char *chunk)
{
    lua_pushfstring(L, "@%s", chunk);
    if (luaL_loadbufferx(L, source, len, lua_tostring(L, -1), "t") != LUA_OK)
        lua_error(L);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &env_key);
    lua_setupvalue(L, -2, 1);
    lua_remove(L, -2);
}

static int open_all(lua_State *L)
{
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &globals_key);
    box_open_basic(L);
    box_open_string(L);
    box_open_table(L);
    box_globals(L);
    seal(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &env_key);

    /* What the standard libraries left behind: their tables, the real _G. */
    lua_pushnil(L);
    lua_setfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_newtable(L);
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    return 0;
}

static int panic(lua_State *L)
{
    (void)L;
    log_error("lua", "bug: error outside a protected call");
    abort();
}

struct box *box_new(size_t memory)
{
    static const struct box_budget budget = {INT64_C(1) << 40, 10000, 10000};
    struct box *b = mem_alloc(sizeof(*b));
    struct buf err = BUF_INIT;

    b->cap = memory;
    b->L = lua_newstate(allocate, b);
    assert(b->L != NULL);
    *(struct box **)lua_getextraspace(b->L) = b;
    lua_atpanic(b->L, panic);
    lua_sethook(b->L, on_slice, LUA_MASKCOUNT, SLICE);
    if (box_run(b, &budget, open_all, NULL, &err, NULL) < 0) {
        log_error("lua", "cannot open the libraries: %s", buf_str(&err));
        abort();
    }
    buf_free(&err);
    return b;
}

void box_free(struct box **b)
{
    if (*b == NULL)
        return;
    lua_close((*b)->L);
    free(*b);
    *b = NULL;
}
