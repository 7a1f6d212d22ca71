/* lib_table.c - table functions over plain lists, bounded by the list's real length.
 *
 * Lua's own ask metamethods and trust numbers given to them, so that table.move({}, 1, 1e15, 2)
 * spins for ever.  These take plain tables only, and pay for what they do. */
#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#include "lua/box.h"

enum { UNPACK_MAX = 8000 };

/* The length of the plain list at arg. */
static lua_Integer list(lua_State *L, int arg)
{
    luaL_checktype(L, arg, LUA_TTABLE);
    if (lua_getmetatable(L, arg))
        luaL_argerror(L, arg, "plain table expected");
    return (lua_Integer)lua_rawlen(L, arg);
}

static int safe_insert(lua_State *L)
{
    lua_Integer n = list(L, 1), at = n + 1;

    if (lua_gettop(L) == 3) {
        at = luaL_checkinteger(L, 2);
        luaL_argcheck(L, at >= 1 && at <= n + 1, 2, "position out of bounds");
    } else if (lua_gettop(L) != 2) {
        return luaL_error(L, "wrong number of arguments to 'insert'");
    }
    box_burn(L, n + 1 - at);
    for (lua_Integer i = n; i >= at; i--) {
        lua_rawgeti(L, 1, i);
        lua_rawseti(L, 1, i + 1);
    }
    lua_rawseti(L, 1, at);
    return 0;
}

static int safe_remove(lua_State *L)
{
    lua_Integer n = list(L, 1), at = luaL_optinteger(L, 2, n);

    if (!lua_isnoneornil(L, 2))
        luaL_argcheck(L, (at >= 1 && at <= n + 1) || (n == 0 && at == 0), 2,
                      "position out of bounds");
    lua_rawgeti(L, 1, at);
    box_burn(L, n - at > 0 ? n - at : 0);
    for (; at < n; at++) {
        lua_rawgeti(L, 1, at + 1);
        lua_rawseti(L, 1, at);
    }
    if (at >= 1 && at <= n) {
        lua_pushnil(L);
        lua_rawseti(L, 1, at);
    }
    return 1;
}

static int safe_concat(lua_State *L)
{
    lua_Integer n = list(L, 1), first, last;
    size_t sep_len;
    const char *sep = luaL_optlstring(L, 2, "", &sep_len);
    luaL_Buffer b;

    first = luaL_optinteger(L, 3, 1);
    last = luaL_optinteger(L, 4, n);
    luaL_argcheck(L, first >= 1, 3, "position out of bounds");
    luaL_argcheck(L, last <= n, 4, "position out of bounds");
    luaL_buffinit(L, &b);
    for (lua_Integer i = first; i <= last; i++) {
        if (i % 64 == 0)
            box_burn(L, 64 + (int64_t)sep_len * 4);
        lua_rawgeti(L, 1, i);
        if (lua_type(L, -1) == LUA_TUSERDATA) {
            box_text(L, lua_gettop(L), NULL);
        } else if (!lua_isstring(L, -1)) {
            return luaL_error(L, "cannot concatenate item %d: a %s", (int)i, luaL_typename(L, -1));
        }
        luaL_addvalue(&b);
        if (i < last)
            luaL_addlstring(&b, sep, sep_len);
    }
    luaL_pushresult(&b);
    return 1;
}

static int safe_move(lua_State *L)
{
    int to = lua_isnoneornil(L, 5) ? 1 : 5;
    lua_Integer n = list(L, 1), from = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3);
    lua_Integer at = luaL_checkinteger(L, 4);

    list(L, to);
    luaL_argcheck(L, from >= 1, 2, "position out of bounds");
    luaL_argcheck(L, last <= n, 3, "position out of bounds");
    luaL_argcheck(L, at >= 1 && at < INT32_MAX, 4, "position out of bounds");
    if (last >= from)
        box_burn(L, last - from + 1);
    if (to == 1 && at > from) {
        for (lua_Integer i = last - from; i >= 0; i--) {
            lua_rawgeti(L, 1, from + i);
            lua_rawseti(L, to, at + i);
        }
    } else {
        for (lua_Integer i = 0; i <= last - from; i++) {
            lua_rawgeti(L, 1, from + i);
            lua_rawseti(L, to, at + i);
        }
    }
    lua_pushvalue(L, to);
    return 1;
}

static int safe_pack(lua_State *L)
{
    int n = lua_gettop(L);

    box_burn(L, n);
    lua_createtable(L, n, 1);
    lua_insert(L, 1);
    for (int i = n; i >= 1; i--)
        lua_rawseti(L, 1, i);
    lua_pushinteger(L, n);
    lua_setfield(L, 1, "n");
    return 1;
}

static int safe_unpack(lua_State *L)
{
    lua_Integer n = list(L, 1), first = luaL_optinteger(L, 2, 1), last = luaL_optinteger(L, 3, n);

    if (first > last)
        return 0;
    if (first < -UNPACK_MAX || last > INT32_MAX || last - first >= UNPACK_MAX)
        return luaL_error(L, "too many results to unpack");
    box_burn(L, last - first + 1);
    luaL_checkstack(L, (int)(last - first) + 1, "too many results to unpack");
    for (lua_Integer i = first; i <= last; i++)
        lua_rawgeti(L, 1, i);
    return (int)(last - first) + 1;
}

/* ---- sort: a merge sort, so stable, and never worse than n log n -------------------- */

/* Does the value on top come before the one below it?  Pops neither. */
static bool top_is_less(lua_State *L, bool compare)
{
    bool yes;

    if (!compare) {
        int64_t cost = 4;

        if (lua_type(L, -1) == LUA_TSTRING)
            cost += (int64_t)lua_rawlen(L, -1) / 16;
        box_burn(L, cost);
        return lua_compare(L, -1, -2, LUA_OPLT);
    }
    lua_pushvalue(L, 2);
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -4);
    lua_call(L, 2, 1);
    yes = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return yes;
}

/* Merges from[lo, mid) and from[mid, hi) into to[lo, hi). */
static void merge(lua_State *L, int from, int to, lua_Integer lo, lua_Integer mid, lua_Integer hi,
                  bool compare)
{
    lua_Integer a = lo, b = mid;

    box_burn(L, hi - lo);
    for (lua_Integer i = lo; i < hi; i++) {
        bool take_b = a >= mid;

        if (a < mid && b < hi) {
            lua_rawgeti(L, from, a);
            lua_rawgeti(L, from, b);
            take_b = top_is_less(L, compare);
            lua_pop(L, 2);
        }
        lua_rawgeti(L, from, take_b ? b++ : a++);
        lua_rawseti(L, to, i);
    }
}

static int safe_sort(lua_State *L)
{
    lua_Integer n = list(L, 1);
    bool compare = !lua_isnoneornil(L, 2);
    int from = 1, to = 3;

    if (compare)
        luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    lua_createtable(L, (int)n, 0);
    for (lua_Integer width = 1; width < n; width *= 2) {
        for (lua_Integer lo = 1; lo <= n; lo += 2 * width) {
            lua_Integer mid = lo + width <= n + 1 ? lo + width : n + 1;
            lua_Integer hi = mid + width <= n + 1 ? mid + width : n + 1;

            merge(L, from, to, lo, mid, hi, compare);
        }
        from = to;
        to = 4 - from;
    }
    for (lua_Integer i = 1; from == 3 && i <= n; i++) {
        lua_rawgeti(L, 3, i);
        lua_rawseti(L, 1, i);
    }
    return 0;
}

void box_open_table(lua_State *L)
{
    static const luaL_Reg own[] = {{"concat", safe_concat}, {"insert", safe_insert},
                                   {"move", safe_move},     {"pack", safe_pack},
                                   {"remove", safe_remove}, {"sort", safe_sort},
                                   {"unpack", safe_unpack}, {NULL, NULL}};

    lua_newtable(L);
    luaL_setfuncs(L, own, 0);
    box_publish(L, "table");
}
