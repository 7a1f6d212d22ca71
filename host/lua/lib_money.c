/* lib_money.c - exact money for scripts.
 *
 * An amount is an int64 in 1/10000, as everywhere in the host.  Money plus or minus money, and
 * money times or divided by a number, are money; money divided by money is a number.  A number that
 * is not whole counts as the decimal that people see (0.1 is one tenth), and results are rounded
 * half away from zero to 1/10000.  What does not fit is an error, never a wrong amount. */
#include <lauxlib.h>
#include <lua.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "lua/box.h"
#include "lua/value.h"

static const char metatable_key;

void money_push(lua_State *L, int64_t amount)
{
    int64_t *m = lua_newuserdatauv(L, sizeof(*m), 0);

    *m = amount;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key);
    lua_setmetatable(L, -2);
}

static const int64_t *money_at(lua_State *L, int index)
{
    bool ours;

    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index))
        return NULL;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &metatable_key);
    ours = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    return ours ? lua_touserdata(L, index) : NULL;
}

/* A number as the decimal people see: mantissa / 10^scale, at most 15 digits. */
struct decimal {
    int64_t mantissa;
    int scale;
};

static bool decimal_of(lua_State *L, int index, struct decimal *d)
{
    char text[40], *e, *dot;

    *d = (struct decimal){0};
    if (lua_isinteger(L, index)) {
        d->mantissa = lua_tointeger(L, index);
        return true;
    }
    if (lua_type(L, index) != LUA_TNUMBER || !isfinite(lua_tonumber(L, index)))
        return false;
    snprintf(text, sizeof(text), "%.14e", lua_tonumber(L, index)); /* -1.23400000000000e+05 */
    e = strchr(text, 'e');
    dot = strchr(text, '.');
    d->scale = 14 - atoi(e + 1);
    *e = '\0';
    memmove(dot, dot + 1, strlen(dot));
    d->mantissa = strtoll(text, NULL, 10);
    while (d->mantissa != 0 && d->mantissa % 10 == 0) {
        d->mantissa /= 10;
        d->scale--;
    }
    if (d->mantissa == 0)
        d->scale = 0;
    return true;
}

__extension__ typedef __int128 wide;

static wide power_of_ten(int n)
{
    wide p = 1;

    while (n-- > 0)
        p *= 10;
    return p;
}

/* Rounds half away from zero. */
static wide divide(wide a, wide b)
{
    wide q = a / b, rest = a % b;

    if (rest < 0)
        rest = -rest;
    if (rest >= (b < 0 ? -b : b) - rest)
        q += (a < 0) == (b < 0) ? 1 : -1;
    return q;
}

/* v * 10^-scale / by; false when it does not fit. */
static bool scaled(wide v, int scale, wide by, int64_t *out)
{
    if (scale > 36) {
        v = 0;
    } else if (scale < 0 && v != 0) {
        if (scale < -18 || __builtin_mul_overflow(v, power_of_ten(-scale), &v))
            return false;
    } else if (scale > 0 && __builtin_mul_overflow(by, power_of_ten(scale), &by)) {
        v = 0;
        by = 1;
    }
    v = divide(v, by);
    *out = (int64_t)v;
    return v >= INT64_MIN && v <= INT64_MAX;
}

/* Numbers count as whole units: 12.5 is 12.50. */
bool money_take(lua_State *L, int index, int64_t *amount)
{
    const int64_t *m = money_at(L, index);
    struct decimal d;

    if (m == NULL)
        return decimal_of(L, index, &d) &&
               scaled((wide)d.mantissa * MONEY_UNIT, d.scale, 1, amount);
    *amount = *m;
    return true;
}

static int64_t operand(lua_State *L, int index)
{
    int64_t v = 0;

    if (!money_take(L, index, &v))
        luaL_error(L, "cannot calculate money with a %s", luaL_typename(L, index));
    return v;
}

static int money_add(lua_State *L)
{
    int64_t v;

    if (__builtin_add_overflow(operand(L, 1), operand(L, 2), &v))
        return luaL_error(L, "money out of range");
    money_push(L, v);
    return 1;
}

static int money_sub(lua_State *L)
{
    int64_t v;

    if (__builtin_sub_overflow(operand(L, 1), operand(L, 2), &v))
        return luaL_error(L, "money out of range");
    money_push(L, v);
    return 1;
}

static int money_unm(lua_State *L)
{
    int64_t v;

    if (__builtin_sub_overflow(0, operand(L, 1), &v))
        return luaL_error(L, "money out of range");
    money_push(L, v);
    return 1;
}

static int money_mul(lua_State *L)
{
    const int64_t *a = money_at(L, 1), *b = money_at(L, 2);
    struct decimal d;
    int64_t v;

    if (a != NULL && b != NULL)
        return luaL_error(L, "money times money makes no sense");
    if (!decimal_of(L, a != NULL ? 2 : 1, &d))
        return luaL_error(L, "cannot calculate money with a %s",
                          luaL_typename(L, a != NULL ? 2 : 1));
    if (!scaled((wide)(a != NULL ? *a : *b) * d.mantissa, d.scale, 1, &v))
        return luaL_error(L, "money out of range");
    money_push(L, v);
    return 1;
}

static int money_div(lua_State *L)
{
    const int64_t *a = money_at(L, 1), *b = money_at(L, 2);
    struct decimal d;
    int64_t v;

    if (a == NULL)
        return luaL_error(L, "a number cannot be divided by money");
    if (b != NULL) {
        lua_pushnumber(L, (lua_Number)*a / (lua_Number)*b);
        return 1;
    }
    if (!decimal_of(L, 2, &d))
        return luaL_error(L, "cannot calculate money with a %s", luaL_typename(L, 2));
    if (d.mantissa == 0)
        return luaL_error(L, "money divided by zero");
    if (!scaled(*a, -d.scale, d.mantissa, &v))
        return luaL_error(L, "money out of range");
    money_push(L, v);
    return 1;
}

static int money_eq(lua_State *L)
{
    const int64_t *a = money_at(L, 1), *b = money_at(L, 2);

    lua_pushboolean(L, a != NULL && b != NULL && *a == *b);
    return 1;
}

static int money_lt(lua_State *L)
{
    lua_pushboolean(L, operand(L, 1) < operand(L, 2));
    return 1;
}

static int money_le(lua_State *L)
{
    lua_pushboolean(L, operand(L, 1) <= operand(L, 2));
    return 1;
}

static int money_tostring(lua_State *L)
{
    char text[MONEY_MAX];

    money_format(*(const int64_t *)lua_touserdata(L, 1), text);
    lua_pushstring(L, text);
    return 1;
}

static int money_concat(lua_State *L)
{
    lua_settop(L, 2);
    box_text(L, 1, NULL);
    box_text(L, 2, NULL);
    lua_concat(L, 2);
    return 1;
}

static int money_tonumber(lua_State *L)
{
    lua_pushnumber(L, (lua_Number) * (const int64_t *)lua_touserdata(L, 1) / MONEY_UNIT);
    return 1;
}

void money_open(lua_State *L)
{
    static const luaL_Reg methods[] = {{"__add", money_add},
                                       {"__sub", money_sub},
                                       {"__unm", money_unm},
                                       {"__mul", money_mul},
                                       {"__div", money_div},
                                       {"__eq", money_eq},
                                       {"__lt", money_lt},
                                       {"__le", money_le},
                                       {"__tostring", money_tostring},
                                       {"__concat", money_concat},
                                       {"__tonumber", money_tonumber},
                                       {NULL, NULL}};

    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &metatable_key);
}
