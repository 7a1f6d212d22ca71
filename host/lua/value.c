/* value.c - records and field values as scripts see them. */
#include "lua/value.h"

#include <lauxlib.h>
#include <lua.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/money.h"
#include "base/when.h"
#include "lua/box.h"
#include "lua/check.h"
#include "record/row.h"

struct row_handle {
    uint64_t run;
    struct berth_row *row;
    struct reads *reads; /* NULL: nobody wants to know */
    bool writable;
};

enum { VALUE_MAX = 256 << 10 }; /* bytes of one text that leaves a script */
enum { MANY_MAX = 200 };        /* picks or references in one field */

static const char is_row; /* set in the metatables of records */

struct script_run *run_of(lua_State *L)
{
    return box_owner(L);
}

struct berth_ctx *ctx_of(lua_State *L)
{
    struct script_run *run = run_of(L);

    if (run->c == NULL)
        luaL_error(
            L, "records can be asked for inside the function only, not while the file is loaded");
    return run->c;
}

/* ---- to Lua --------------------------------------------------------------------------- */

static void push_text(lua_State *L, struct berth_val v)
{
    if (v.len < 0)
        lua_pushstring(L, v.s);
    else
        lua_pushlstring(L, v.s, (size_t)v.len);
}

void value_push(lua_State *L, enum berth_type type, struct berth_val v)
{
    if (v.type == BERTH_NULL)
        lua_pushnil(L);
    else if (type_is_text(type))
        push_text(L, v);
    else if (type == BERTH_MONEY)
        money_push(L, v.i);
    else if (type == BERTH_BOOL)
        lua_pushboolean(L, v.i != 0);
    else if (type == BERTH_REAL)
        lua_pushnumber(L, v.d);
    else if (type == BERTH_ROW)
        value_push_row(L, v.row, false);
    else
        lua_pushinteger(L, v.i);
}

/* "|a|b|" -> {"a", "b"} */
static void push_many(lua_State *L, const struct field *f, struct berth_val v)
{
    const char *p = v.type == BERTH_NULL ? "" : v.s, *end;
    lua_Integer n = 0;

    lua_newtable(L);
    for (p += *p == '|'; (end = strchr(p, '|')) != NULL; p = end + 1) {
        if (f->type == BERTH_PICK)
            lua_pushlstring(L, p, (size_t)(end - p));
        else
            lua_pushinteger(L, strtoll(p, NULL, 10));
        lua_rawseti(L, -2, ++n);
    }
}

void value_push_field(lua_State *L, const struct field *f, struct berth_val v)
{
    if ((f->flags & BERTH_MANY) != 0)
        push_many(L, f, v);
    else
        value_push(L, f->type, v);
}

/* ---- from Lua --------------------------------------------------------------------------- */

static bool take_whole(lua_State *L, int index, int64_t *out)
{
    int ok;

    if (lua_type(L, index) != LUA_TNUMBER)
        return false;
    *out = lua_tointegerx(L, index, &ok);
    return ok;
}

static bool take_text(lua_State *L, int index, struct arena *a, struct berth_val *out)
{
    size_t len;
    const char *s;
    char *copy;

    if (lua_type(L, index) != LUA_TSTRING && lua_type(L, index) != LUA_TNUMBER)
        return false;
    lua_pushvalue(L, index); /* a number must stay one where it stands */
    s = lua_tolstring(L, -1, &len);
    box_burn(L, (int64_t)len / 8); /* the arena's memory is not the box's */
    if (len > VALUE_MAX)
        luaL_error(L, "text longer than %d KB", VALUE_MAX >> 10);
    copy = arena_strndup(a, s, len);
    lua_pop(L, 1);
    if (strlen(copy) != len)
        return false; /* a NUL inside */
    out->len = (int32_t)len;
    out->s = copy;
    return true;
}

enum { JSON_DEPTH = 12 };

static bool put_json(lua_State *L, int index, struct json *j, int depth);

static bool put_object(lua_State *L, int index, struct json *j, int depth)
{
    lua_Integer n = (lua_Integer)lua_rawlen(L, index);

    luaL_checkstack(L, 4, NULL);
    json_open(j, n > 0 ? '[' : '{');
    for (lua_Integer i = 1; i <= n; i++) {
        lua_rawgeti(L, index, i);
        if (!put_json(L, lua_gettop(L), j, depth + 1))
            return false;
        lua_pop(L, 1);
    }
    if (n == 0)
        for (lua_pushnil(L); lua_next(L, index) != 0; lua_pop(L, 1)) {
            if (lua_type(L, -2) != LUA_TSTRING)
                return false;
            json_key(j, lua_tostring(L, -2));
            if (!put_json(L, lua_gettop(L), j, depth + 1))
                return false;
        }
    json_close(j, n > 0 ? ']' : '}');
    return true;
}

static bool put_json(lua_State *L, int index, struct json *j, int depth)
{
    char money[MONEY_MAX];
    size_t len;
    const char *s;
    int64_t v;

    box_burn(L, 4);
    if (depth > JSON_DEPTH || j->out->len > VALUE_MAX)
        return false;
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        s = lua_tolstring(L, index, &len);
        json_strn(j, s, len);
        return true;
    case LUA_TNUMBER:
        if (lua_isinteger(L, index))
            json_int(j, lua_tointeger(L, index));
        else
            json_double(j, lua_tonumber(L, index));
        return true;
    case LUA_TBOOLEAN:
        json_bool(j, lua_toboolean(L, index));
        return true;
    case LUA_TTABLE:
        return put_object(L, index, j, depth);
    case LUA_TUSERDATA: /* money, as REST has it */
        if (!money_take(L, index, &v))
            return false;
        money_format(v, money);
        json_str(j, money);
        return true;
    default:
        return false;
    }
}

static int scratch_gc(lua_State *L)
{
    buf_free(lua_touserdata(L, 1));
    return 0;
}

/* A buffer on the stack that an error does not leak. */
static struct buf *scratch(lua_State *L)
{
    struct buf *b = lua_newuserdatauv(L, sizeof(*b), 0);

    *b = (struct buf)BUF_INIT;
    if (luaL_newmetatable(L, "scratch")) {
        lua_pushcfunction(L, scratch_gc);
        lua_setfield(L, -2, "__gc");
    }
    lua_setmetatable(L, -2);
    return b;
}

/* What a script answers as JSON; of tables, what counts from 1 is a list, the rest an object. */
static bool take_table(lua_State *L, int index, struct arena *a, struct berth_val *out)
{
    struct buf *b = scratch(L);
    struct json j = json_to(b);
    bool ok = put_json(L, index, &j, 0);

    if (ok)
        *out = (struct berth_val){BERTH_JSON, (int32_t)b->len, {.s = arena_strndup(a, buf_str(b), b->len)}};
    buf_free(b);
    lua_pop(L, 1);
    return ok;
}

const char *value_json(lua_State *L, int index)
{
    struct buf *b = scratch(L);
    struct json j = json_to(b);
    int top = lua_gettop(L);

    if (!put_json(L, index, &j, 0)) {
        lua_settop(L, top - 1);
        return NULL;
    }
    lua_pushlstring(L, buf_str(b), b->len);
    buf_free(b);
    lua_remove(L, top);
    return lua_tostring(L, -1);
}

static bool take_when(lua_State *L, int index, enum berth_type type, int64_t *out)
{
    size_t len;
    const char *s;

    if (lua_type(L, index) != LUA_TSTRING)
        return take_whole(L, index, out);
    s = lua_tolstring(L, index, &len);
    return type == BERTH_DATE ? when_date_parse(s, len, out) : when_time_parse(s, len, out);
}

static enum berth_type own_type(lua_State *L, int index)
{
    int64_t ignored;

    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        return BERTH_TEXT;
    case LUA_TBOOLEAN:
        return BERTH_BOOL;
    case LUA_TNUMBER:
        return lua_isinteger(L, index) ? BERTH_INT : BERTH_REAL;
    case LUA_TUSERDATA:
        return money_take(L, index, &ignored) ? BERTH_MONEY : BERTH_ROW;
    default:
        return BERTH_NULL;
    }
}

bool value_take(lua_State *L, int index, enum berth_type type, struct arena *a,
                struct berth_val *out)
{
    *out = berth_nil();
    if (lua_isnoneornil(L, index))
        return true;
    if (type == BERTH_NULL)
        type = own_type(L, index);
    out->type = type;
    if (type == BERTH_JSON && lua_type(L, index) != LUA_TSTRING)
        return take_table(L, index, a, out);
    if (type_is_text(type))
        return take_text(L, index, a, out);
    switch (type) {
    case BERTH_BOOL:
        out->i = lua_toboolean(L, index);
        return lua_isboolean(L, index);
    case BERTH_REAL:
        out->d = lua_tonumber(L, index);
        return lua_type(L, index) == LUA_TNUMBER && isfinite(out->d);
    case BERTH_MONEY:
        return money_take(L, index, &out->i);
    case BERTH_DATE:
    case BERTH_TIME:
        return take_when(L, index, type, &out->i);
    case BERTH_INT:
    case BERTH_REF:
    case BERTH_FILE:
        return take_whole(L, index, &out->i);
    case BERTH_ROW:
        out->row = value_row(L, index, false);
        return true;
    default:
        return false;
    }
}

/* {"a", "b"} -> "|a|b|" */
static bool take_many(lua_State *L, int index, const struct field *f, struct arena *a,
                      struct berth_val *out)
{
    lua_Integer n = (lua_Integer)lua_rawlen(L, index);
    struct berth_val *each;
    size_t len = 1;
    char *all, *p;

    *out = berth_nil();
    if (n > MANY_MAX)
        return false;
    each = arena_alloc(a, (size_t)(n + 1) * sizeof(*each));
    for (lua_Integer i = 0; i < n; i++) {
        lua_rawgeti(L, index, i + 1);
        if (!value_take(L, lua_gettop(L), f->type, a, &each[i]) || each[i].type == BERTH_NULL)
            return false;
        lua_pop(L, 1);
        len += f->type == BERTH_PICK ? (size_t)each[i].len + 1 : 24;
    }
    p = all = arena_alloc(a, len + 1);
    *p++ = '|';
    for (lua_Integer i = 0; i < n; i++)
        p += f->type == BERTH_PICK ? sprintf(p, "%s|", each[i].s)
                                   : sprintf(p, "%lld|", (long long)each[i].i);
    if (n > 0)
        *out = (struct berth_val){BERTH_TEXT, (int32_t)(p - all), {.s = all}};
    return true;
}

/* ---- records ---------------------------------------------------------------------------- */

static struct row_handle *handle(lua_State *L, int index)
{
    struct row_handle *h = lua_touserdata(L, index);
    bool ours;

    if (h == NULL || !lua_getmetatable(L, index))
        luaL_argerror(L, index, "record expected");
    ours = lua_rawgetp(L, -1, &is_row) == LUA_TBOOLEAN;
    lua_pop(L, 2);
    if (!ours)
        luaL_argerror(L, index, "record expected");
    if (h->run != box_run_id(L))
        luaL_error(L, "this record belongs to an earlier call and is gone");
    return h;
}

struct berth_row *value_row(lua_State *L, int index, bool for_change)
{
    struct row_handle *h = handle(L, index);

    if (for_change && !h->writable)
        luaL_error(L, "this record cannot be changed here");
    return h->row;
}

/* The field that the name at index 2 asks for.  Upvalue 1 maps names to struct field *. */
static const struct field *asked_field(lua_State *L, const struct row_handle *h)
{
    const struct field *f;

    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(1));
    f = lua_touserdata(L, -1);
    if (f == NULL)
        luaL_error(L, "%s has no field '%s'", h->row->t->name,
                   lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2));
    lua_pop(L, 1);
    return f;
}

/* Only Lua itself calls this, with a record of its own: no script can reach a metatable. */
static int row_index(lua_State *L)
{
    const struct row_handle *h = lua_touserdata(L, 1);
    const struct field *f;

    if (h->run != box_run_id(L))
        return luaL_error(L, "this record belongs to an earlier call and is gone");
    f = asked_field(L, h);
    if (h->reads != NULL && !atomic_exchange(&h->reads->field[f->at], true))
        atomic_fetch_add(&h->reads->learned, 1);
    value_push_field(L, f, h->row->v[f->at]);
    return 1;
}

static int row_newindex(lua_State *L)
{
    struct berth_row *row = value_row(L, 1, true);
    const struct field *f = asked_field(L, lua_touserdata(L, 1));
    struct berth_val v;
    bool ok = (f->flags & BERTH_MANY) != 0 && lua_istable(L, 3)
                  ? take_many(L, 3, f, row->c->a, &v)
                  : value_take(L, 3, f->type, row->c->a, &v);

    if (!ok)
        return luaL_error(L, "%s.%s cannot take a %s", row->t->name, f->name, luaL_typename(L, 3));
    row_set(row, f->name, v);
    if (row->c->rc != BERTH_OK)
        return luaL_error(L, "%s.%s refused the value", row->t->name, f->name);
    return 0;
}

static int row_tostring(lua_State *L)
{
    const struct row_handle *h = lua_touserdata(L, 1);

    if (h->run != box_run_id(L))
        lua_pushliteral(L, "record");
    else
        lua_pushfstring(L, "%s %I", h->row->t->name, (LUAI_UACINT)row_id(h->row));
    return 1;
}

/* The metatable for records of a table; made once per box and table. */
static void push_metatable(lua_State *L, const struct table *t)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, t) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    lua_createtable(L, 0, 5);
    lua_createtable(L, 0, t->nfields);
    for (int i = 0; i < t->nfields; i++) {
        if ((t->fields[i].flags & BERTH_SECRET) != 0)
            continue;
        lua_pushlightuserdata(L, (void *)&t->fields[i]);
        lua_setfield(L, -2, t->fields[i].name);
    }
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, row_index, 1);
    lua_setfield(L, -3, "__index");
    lua_pushcclosure(L, row_newindex, 1);
    lua_setfield(L, -2, "__newindex");
    lua_pushcfunction(L, row_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushboolean(L, 1);
    lua_rawsetp(L, -2, &is_row);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, t);
}

void value_push_row(lua_State *L, struct berth_row *row, bool writable)
{
    struct row_handle *h;

    if (row == NULL) {
        lua_pushnil(L);
        return;
    }
    h = lua_newuserdatauv(L, sizeof(*h), 0);
    *h = (struct row_handle){box_run_id(L), row, NULL, writable};
    push_metatable(L, row->t);
    lua_setmetatable(L, -2);
}

void value_push_asked(lua_State *L, struct berth_row *row, struct reads *reads)
{
    value_push_row(L, row, false);
    if (row != NULL && reads != NULL && reads->of == row->t)
        ((struct row_handle *)lua_touserdata(L, -1))->reads = reads;
}
