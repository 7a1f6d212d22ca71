/* lib_web.c - what adaptors need to speak to gateways: values as JSON, signatures. */
#include "lua/lib_web.h"

#include <lauxlib.h>
#include <lua.h>
#include <sodium.h>
#include <string.h>

#include "lua/box.h"
#include "lua/value.h"

enum { SETTINGS_MAX = 20, DEPTH_MAX = 20, KEY_MAX = 4096, TEXT_MAX = 65536, FUEL_HMAC = 2000 };

static void push(lua_State *L, const json_t *j, int depth)
{
    const char *key;
    json_t *v;
    size_t i;

    luaL_checkstack(L, 4, NULL);
    box_burn(L, 8);
    if (depth > DEPTH_MAX) {
        lua_pushnil(L);
        return;
    }
    switch (json_typeof(j)) {
    case JSON_OBJECT:
        lua_newtable(L);
        json_object_foreach((json_t *)j, key, v)
        {
            push(L, v, depth + 1);
            lua_setfield(L, -2, key);
        }
        break;
    case JSON_ARRAY:
        lua_newtable(L);
        json_array_foreach(j, i, v)
        {
            push(L, v, depth + 1);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
        break;
    case JSON_STRING:
        lua_pushlstring(L, json_string_value(j), json_string_length(j));
        break;
    case JSON_INTEGER:
        lua_pushinteger(L, json_integer_value(j));
        break;
    case JSON_REAL:
        lua_pushnumber(L, json_real_value(j));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        lua_pushboolean(L, json_is_true(j));
        break;
    default:
        lua_pushnil(L);
    }
}

void web_push_json(lua_State *L, const json_t *j)
{
    push(L, j, 0);
}

static int parsed_gc(lua_State *L)
{
    json_decref(*(json_t **)lua_touserdata(L, 1));
    return 0;
}

void web_push_text(lua_State *L, const char *json)
{
    json_t **j;

    if (*json == '\0') {
        lua_pushboolean(L, true);
        return;
    }
    j = lua_newuserdatauv(L, sizeof(*j), 0); /* an error on the way does not leak it */
    *j = NULL;
    if (luaL_newmetatable(L, "parsed")) {
        lua_pushcfunction(L, parsed_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    *j = json_loads(json, JSON_DECODE_ANY, NULL);
    if (*j == NULL)
        lua_pushnil(L);
    else
        push(L, *j, 0);
    lua_remove(L, -2);
}

json_t *web_settings(lua_State *L)
{
    json_t *list = json_array();

    for (int i = 1; i <= SETTINGS_MAX && lua_rawgeti(L, -1, i) == LUA_TTABLE; i++) {
        json_t *one = json_object();

        lua_rawgeti(L, -1, 1);
        json_object_set_new(one, "name",
                            json_string(lua_isstring(L, -1) ? lua_tostring(L, -1) : ""));
        lua_pop(L, 1);
        lua_getfield(L, -1, "secret");
        json_object_set_new(one, "secret", json_boolean(lua_toboolean(L, -1)));
        lua_pop(L, 1);
        lua_getfield(L, -1, "default");
        json_object_set_new(one, "default",
                            lua_isstring(L, -1) ? json_string(lua_tostring(L, -1)) : json_null());
        lua_pop(L, 2);
        json_array_append_new(list, one);
    }
    return list;
}

/* berth.json{a = 1} -> "{\"a\":1}" */
static int b_json(lua_State *L)
{
    const char *text = value_json(L, 1);

    if (text == NULL)
        return luaL_argerror(L, 1, "it holds what JSON cannot");
    return 1;
}

/* berth.hmac(key, text): HMAC-SHA256 in base64; with "hex" behind them in hexadecimal digits. */
static int b_hmac(lua_State *L)
{
    size_t nkey, n;
    const char *key = luaL_checklstring(L, 1, &nkey), *text = luaL_checklstring(L, 2, &n);
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    char out[2 * sizeof(mac) + 1];
    crypto_auth_hmacsha256_state st;

    luaL_argcheck(L, nkey <= KEY_MAX, 1, "too long");
    luaL_argcheck(L, n <= TEXT_MAX, 2, "too long");
    box_burn(L, FUEL_HMAC + (int64_t)n);
    crypto_auth_hmacsha256_init(&st, (const unsigned char *)key, nkey);
    crypto_auth_hmacsha256_update(&st, (const unsigned char *)text, n);
    crypto_auth_hmacsha256_final(&st, mac);
    if (lua_type(L, 3) == LUA_TSTRING && strcmp(lua_tostring(L, 3), "hex") == 0)
        sodium_bin2hex(out, sizeof(out), mac, sizeof(mac));
    else
        sodium_bin2base64(out, sizeof(out), mac, sizeof(mac), sodium_base64_VARIANT_ORIGINAL);
    lua_pushstring(L, out);
    return 1;
}

void web_open(lua_State *L)
{
    lua_pushcfunction(L, b_json);
    lua_setfield(L, -2, "json");
    lua_pushcfunction(L, b_hmac);
    lua_setfield(L, -2, "hmac");
}
