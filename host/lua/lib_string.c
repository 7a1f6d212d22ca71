/* lib_string.c - string functions whose cost is known and paid for.
 *
 * The searching functions run on pattern.c; the linear ones are Lua's own behind a toll. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <string.h>

#include "lua/box.h"
#include "lua/pattern.h"

enum { REP_MAX = 4 << 20, FORMAT_MAX = 64 << 10 };
enum { FORMAT_FUEL = 150 }; /* %99.99f of 1e308 */

static int safe_rep(lua_State *L)
{
    size_t len, sep_len;
    const char *s = luaL_checklstring(L, 1, &len);
    lua_Integer n = luaL_checkinteger(L, 2);
    const char *sep = luaL_optlstring(L, 3, "", &sep_len);
    size_t each = len + sep_len;
    luaL_Buffer b;

    if (n <= 0 || each == 0) {
        lua_pushliteral(L, "");
        return 1;
    }
    if ((size_t)n > REP_MAX / each + 1)
        return luaL_error(L, "resulting string too large");
    box_burn(L, n / 4 + (int64_t)(each * (size_t)n / 32));
    luaL_buffinit(L, &b);
    for (lua_Integer i = 0; i < n; i++) {
        luaL_addlstring(&b, s, len);
        if (i + 1 < n)
            luaL_addlstring(&b, sep, sep_len);
    }
    luaL_pushresult(&b);
    return 1;
}

/* Arguments become plain values first, so that Lua's own formats neither addresses nor ours. */
static int safe_format(lua_State *L)
{
    size_t len;
    const char *fmt = luaL_checklstring(L, 1, &len);
    int n = lua_gettop(L), conversions = 0;

    if (len > FORMAT_MAX)
        return luaL_error(L, "format too long");
    for (const char *p = memchr(fmt, '%', len); p != NULL;
         p = memchr(p, '%', len - (size_t)(p - fmt))) {
        p++;
        p += strspn(p, "-+ #0123456789.");
        if (*p == 'p')
            return luaL_error(L, "invalid conversion '%%p' to 'format'");
        p += *p == '%';
        conversions++;
    }
    box_burn(L, (int64_t)len + FORMAT_FUEL * conversions);
    for (int i = 2; i <= n; i++) {
        size_t size = 0;

        if (!lua_isnumber(L, i) && !lua_isnil(L, i))
            box_text(L, i, &size);
        box_burn(L, (int64_t)size / 8);
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, n, 1);
    return 1;
}

/* ---- patterns ------------------------------------------------------------------- */

/* Steps are cheaper than instructions; two of them are one unit of fuel.  Even with fuel left, no
 * single search goes on for longer than about 0.1 s. */
enum { STEPS_MAX = 10000000 };

static int64_t steps(lua_State *L)
{
    int64_t fuel = box_fuel(L);

    return fuel > STEPS_MAX / 2 ? STEPS_MAX : fuel * 2;
}

static void prepare(lua_State *L, struct pattern *m, int subject, int text)
{
    size_t subject_len, text_len;
    const char *s = luaL_checklstring(L, subject, &subject_len);
    const char *p = luaL_checklstring(L, text, &text_len);

    pattern_init(m, p, text_len, s, subject_len, steps(L));
    m->granted = m->steps;
}

/* Pays for what a match used and raises what went wrong. */
static void settle(lua_State *L, struct pattern *m)
{
    box_burn(L, m->steps < 0 ? box_fuel(L) + 1 : (m->granted - m->steps) / 2);
    if (m->error != NULL)
        luaL_error(L, "%s", m->error);
    m->granted = m->steps = steps(L);
}

static void push_capture(lua_State *L, const struct pattern *m, int i)
{
    if (m->capture[i].len == PATTERN_OPEN)
        luaL_error(L, "unfinished capture");
    if (m->capture[i].len == PATTERN_POSITION)
        lua_pushinteger(L, m->capture[i].start - m->subject + 1);
    else
        lua_pushlstring(L, m->capture[i].start, (size_t)m->capture[i].len);
}

/* The captures, or the whole match where the pattern has none. */
static int push_captures(lua_State *L, const struct pattern *m, const char *begin, const char *end)
{
    luaL_checkstack(L, m->captures + 1, "too many captures");
    if (m->captures == 0 && begin != NULL) {
        lua_pushlstring(L, begin, (size_t)(end - begin));
        return 1;
    }
    for (int i = 0; i < m->captures; i++)
        push_capture(L, m, i);
    return m->captures;
}

static size_t start_at(lua_State *L, int arg, size_t len)
{
    lua_Integer at = luaL_optinteger(L, arg, 1);

    if (at > 0)
        return (size_t)at - 1;
    if (at == 0 || at < -(lua_Integer)len)
        return 0;
    return len - (size_t)-at;
}

static int find_plain(lua_State *L, const struct pattern *m, const char *from, const char *text,
                      size_t n)
{
    const char *hit = n == 0 ? from : memmem(from, (size_t)(m->subject_end - from), text, n);

    box_burn(L, (m->subject_end - from) / 4);
    if (hit == NULL) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, hit - m->subject + 1);
    lua_pushinteger(L, hit - m->subject + (lua_Integer)n);
    return 2;
}

static int search(lua_State *L, bool find)
{
    struct pattern m;
    const char *begin, *end, *text = luaL_checkstring(L, 2);
    size_t text_len = lua_rawlen(L, 2), from;
    bool found;

    prepare(L, &m, 1, 2);
    from = start_at(L, 3, (size_t)(m.subject_end - m.subject));
    if (from > (size_t)(m.subject_end - m.subject)) {
        lua_pushnil(L);
        return 1;
    }
    if (find && (lua_toboolean(L, 4) || strcspn(text, "^$*+?.([%-") == text_len))
        return find_plain(L, &m, m.subject + from, text, text_len);
    found = pattern_find(&m, m.subject + from, &begin, &end);
    settle(L, &m);
    if (!found) {
        lua_pushnil(L);
        return 1;
    }
    if (!find)
        return push_captures(L, &m, begin, end);
    lua_pushinteger(L, begin - m.subject + 1);
    lua_pushinteger(L, end - m.subject);
    return push_captures(L, &m, NULL, NULL) + 2;
}

static int safe_find(lua_State *L)
{
    return search(L, true);
}

static int safe_match(lua_State *L)
{
    return search(L, false);
}

/* Upvalues: subject, pattern, where to go on, end of the last match (so that an empty match does
 * not follow a match).  Both positions are offsets from 0, the last one -1 at first. */
static int gmatch_next(lua_State *L)
{
    struct pattern m;
    const char *begin, *end, *last;
    lua_Integer at = lua_tointeger(L, lua_upvalueindex(3));
    lua_Integer before = lua_tointeger(L, lua_upvalueindex(4));

    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, lua_upvalueindex(2));
    prepare(L, &m, lua_gettop(L) - 1, lua_gettop(L));
    m.anchored = false;
    m.text = lua_tostring(L, -1); /* ^ means itself here */
    if (at > m.subject_end - m.subject)
        return 0;
    last = before < 0 ? NULL : m.subject + before;
    for (const char *from = m.subject + at; pattern_find(&m, from, &begin, &end);
         from = begin + 1) {
        if (end == last) {
            if (begin == m.subject_end)
                break;
            continue;
        }
        settle(L, &m);
        lua_pushinteger(L, end - m.subject);
        lua_copy(L, -1, lua_upvalueindex(3));
        lua_copy(L, -1, lua_upvalueindex(4));
        return push_captures(L, &m, begin, end);
    }
    settle(L, &m);
    return 0;
}

static int safe_gmatch(lua_State *L)
{
    size_t len;

    luaL_checklstring(L, 1, &len);
    luaL_checkstring(L, 2);
    lua_pushinteger(L, (lua_Integer)start_at(L, 3, len));
    lua_replace(L, 3);
    lua_settop(L, 3);
    lua_pushinteger(L, -1);
    lua_pushcclosure(L, gmatch_next, 4);
    return 1;
}

/* "%1 of %0" */
static void add_template(lua_State *L, luaL_Buffer *b, const struct pattern *m, const char *begin,
                         const char *end)
{
    size_t len;
    const char *s = lua_tolstring(L, 3, &len);

    for (const char *stop = s + len; s < stop; s++) {
        int i;

        if (*s != '%') {
            luaL_addchar(b, *s);
            continue;
        }
        i = *++s - '1';
        if (*s == '%') {
            luaL_addchar(b, '%');
        } else if (*s == '0' || (i == 0 && m->captures == 0)) {
            luaL_addlstring(b, begin, (size_t)(end - begin));
        } else if (*s >= '1' && *s <= '9' && i < m->captures) {
            push_capture(L, m, i);
            luaL_addvalue(b);
        } else {
            luaL_error(L, "invalid use of '%%' in replacement string");
        }
    }
}

static void add_replacement(lua_State *L, luaL_Buffer *b, const struct pattern *m,
                            const char *begin, const char *end)
{
    if (lua_type(L, 3) == LUA_TSTRING) {
        box_burn(L, (int64_t)lua_rawlen(L, 3) / 4);
        add_template(L, b, m, begin, end);
        return;
    }
    if (lua_type(L, 3) == LUA_TFUNCTION) {
        lua_pushvalue(L, 3);
        lua_call(L, push_captures(L, m, begin, end), 1);
    } else {
        if (m->captures == 0)
            lua_pushlstring(L, begin, (size_t)(end - begin));
        else
            push_capture(L, m, 0);
        lua_gettable(L, 3);
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(b, begin, (size_t)(end - begin));
        return;
    }
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    luaL_addvalue(b);
}

static int safe_gsub(lua_State *L)
{
    struct pattern m;
    const char *at, *last = NULL;
    lua_Integer most, n = 0;
    luaL_Buffer b;

    prepare(L, &m, 1, 2);
    if (lua_type(L, 3) == LUA_TNUMBER) {
        lua_tostring(L, 3);
    } else if (lua_type(L, 3) != LUA_TSTRING && lua_type(L, 3) != LUA_TFUNCTION) {
        luaL_checktype(L, 3, LUA_TTABLE);
    }
    most = luaL_optinteger(L, 4, (lua_Integer)(m.subject_end - m.subject) + 1);
    lua_settop(L, 3);
    luaL_buffinit(L, &b);
    for (at = m.subject; n < most;) {
        const char *end = pattern_at(&m, at);

        settle(L, &m);
        if (end != NULL && end != last) {
            n++;
            add_replacement(L, &b, &m, at, end);
            m.granted = m.steps = steps(L);
            at = last = end;
        } else if (at < m.subject_end) {
            luaL_addchar(&b, *at++);
        } else {
            break;
        }
        if (m.anchored)
            break;
    }
    luaL_addlstring(&b, at, (size_t)(m.subject_end - at));
    luaL_pushresult(&b);
    lua_pushinteger(L, n);
    return 2;
}

void box_open_string(lua_State *L)
{
    static const char *const paid[] = {"byte",    "char", "len",   "lower",
                                       "reverse", "sub",  "upper", NULL};
    static const luaL_Reg own[] = {{"rep", safe_rep},     {"find", safe_find},
                                   {"match", safe_match}, {"gmatch", safe_gmatch},
                                   {"gsub", safe_gsub},   {NULL, NULL}};

    lua_newtable(L);
    luaL_setfuncs(L, own, 0);
    lua_pushcfunction(L, luaopen_string);
    lua_call(L, 0, 1);
    for (const char *const *name = paid; *name != NULL; name++) {
        lua_getfield(L, -1, *name);
        lua_pushcclosure(L, box_paid, 1);
        lua_setfield(L, -3, *name);
    }
    lua_getfield(L, -1, "format");
    lua_pushcclosure(L, safe_format, 1);
    lua_setfield(L, -3, "format");
    lua_pop(L, 1);

    /* ("x"):upper() goes through here.  No arithmetic on text: it hides mistakes. */
    lua_pushliteral(L, "");
    lua_createtable(L, 0, 2);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
    box_publish(L, "string");
}
