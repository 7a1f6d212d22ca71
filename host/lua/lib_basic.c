/* lib_basic.c - the basic functions, math and utf8 as scripts get them.
 *
 * Left out on purpose: load, loadstring, dofile, require (code from elsewhere, bytecode),
 * setmetatable, getmetatable, rawset (finalizers, weak tables and comparisons that run where no
 * hook does; a rule needs no classes), xpcall (its handler runs with hooks off), collectgarbage,
 * coroutine, debug, io, os, package, print. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <string.h>

#include "lua/box.h"

/* Copies the named functions of the table on top of the stack into the one below it. */
static void copy(lua_State *L, const char *const *names)
{
    for (; *names != NULL; names++) {
        lua_getfield(L, -1, *names);
        lua_setfield(L, -3, *names);
    }
}

static int safe_pcall(lua_State *L)
{
    int status;

    luaL_checkany(L, 1);
    status = box_pcall(L, lua_gettop(L) - 1, LUA_MULTRET);
    lua_pushboolean(L, status == LUA_OK);
    lua_insert(L, 1);
    return lua_gettop(L);
}

static int safe_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    box_text(L, 1, NULL);
    return 1;
}

/* tonumber(v [, base]); upvalue 1 is Lua's own. */
static int safe_tonumber(lua_State *L)
{
    if (lua_type(L, 1) == LUA_TUSERDATA && luaL_callmeta(L, 1, "__tonumber"))
        return 1;
    if (lua_type(L, 1) == LUA_TSTRING)
        box_burn(L, (int64_t)lua_rawlen(L, 1) / 8);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

int box_paid(lua_State *L)
{
    lua_CFunction own = lua_tocfunction(L, lua_upvalueindex(1));

    if (lua_type(L, 1) == LUA_TSTRING)
        box_burn(L, (int64_t)lua_rawlen(L, 1) / 4);
    return own(L);
}

static void open_math(lua_State *L)
{
    static const char *const names[] = {
        "abs",  "acos",   "asin", "atan", "ceil",       "cos",       "deg",        "exp",  "floor",
        "fmod", "huge",   "log",  "max",  "maxinteger", "min",       "mininteger", "modf", "pi",
        "rad",  "random", "sin",  "sqrt", "tan",        "tointeger", "type",       "ult",  NULL};

    lua_newtable(L);
    lua_pushcfunction(L, luaopen_math);
    lua_call(L, 0, 1);
    copy(L, names);
    lua_pop(L, 1);
    box_publish(L, "math");
}

static void open_utf8(lua_State *L)
{
    static const char *const own[] = {"char", "charpattern", NULL};
    static const char *const paid[] = {"codes", "codepoint", "len", "offset", NULL};

    lua_newtable(L);
    lua_pushcfunction(L, luaopen_utf8);
    lua_call(L, 0, 1);
    copy(L, own);
    for (const char *const *name = paid; *name != NULL; name++) {
        lua_getfield(L, -1, *name);
        lua_pushcclosure(L, box_paid, 1);
        lua_setfield(L, -3, *name);
    }
    lua_pop(L, 1);
    box_publish(L, "utf8");
}

void box_open_basic(lua_State *L)
{
    static const char *const names[] = {"assert", "error",  "ipairs", "next", "pairs", "rawequal",
                                        "rawget", "rawlen", "select", "type", NULL};

    box_globals(L);
    lua_pushcfunction(L, luaopen_base);
    lua_call(L, 0, 1);
    copy(L, names);
    lua_getfield(L, -1, "tonumber");
    lua_pushcclosure(L, safe_tonumber, 1);
    lua_setfield(L, -3, "tonumber");
    lua_pop(L, 1);
    lua_pushcfunction(L, safe_pcall);
    lua_setfield(L, -2, "pcall");
    lua_pushcfunction(L, safe_tostring);
    lua_setfield(L, -2, "tostring");
    lua_pop(L, 1);
    open_math(L);
    open_utf8(L);
}
