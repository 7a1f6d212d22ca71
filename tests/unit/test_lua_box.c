/* test_lua_box.c - the guarded Lua state: what scripts have, what they have not, what stops them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <string.h>

#include "lua/box.h"

static const struct box_budget budget = {20000000, 60000,
                                         60000}; /* fuel decides, not the machine */

struct answer {
    const char *source;
    char text[256];
};

static int run_source(lua_State *L)
{
    struct answer *a = lua_touserdata(L, 1);
    const char *s;

    box_load(L, a->source, strlen(a->source), "test");
    lua_call(L, 0, 1);
    s = box_text(L, lua_gettop(L), NULL);
    snprintf(a->text, sizeof(a->text), "%s", s);
    return 0;
}

static enum box_over outcome(struct box *b, const char *source, struct answer *a, struct buf *err)
{
    struct box_failure f = {0};

    a->source = source;
    box_run(b, &budget, run_source, a, err, &f);
    return f.why;
}

/* What the chunk returns as text, or its error. */
static const char *run(struct box *b, const char *source)
{
    static struct answer a;
    static char error[1024];
    struct buf err = BUF_INIT;
    enum box_over why = outcome(b, source, &a, &err);

    snprintf(error, sizeof(error), "%s", buf_str(&err));
    buf_free(&err);
    return why == BOX_FINE ? a.text : error;
}

static int setup(void **state)
{
    *state = box_new(BOX_MEMORY_DEFAULT);
    return 0;
}

static int teardown(void **state)
{
    box_free((struct box **)state);
    return 0;
}

static void ordinary_lua_works(void **state)
{
    static const char *const cases[][2] = {
        {"return 1 + 2", "3"},
        {"local t = {} for i = 1, 10 do t[#t + 1] = i end return table.concat(t, ',')",
         "1,2,3,4,5,6,7,8,9,10"},
        {"return select('#', table.unpack({1, 2, nil, 4}, 1, 4))", "4"},
        {"return pcall(error, 'x')", "false"},
        {"return select(2, pcall(error, 'x'))", "x"},
        {"return tonumber('0x10') + tonumber('7', 8) + tonumber(1.5)", "24.5"},
        {"return math.floor(2.7) .. math.max(1, 3)", "23"},
        {"return ('x'):rep(3, '-')", "x-x-x"},
        {"return ('abc'):upper():sub(2)", "BC"},
        {"return string.format('%5.2f|%s|%d|%q', 1.5, true, 3, 'a')", " 1.50|true|3|\"a\""},
        {"return utf8.len('Việt')", "4"},
        {"local t = {3, 1, 2} table.sort(t) return table.concat(t)", "123"},
        {"local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) return "
         "table.concat(t)",
         "321"},
        {"local t = {1, 2, 3} table.insert(t, 2, 9) table.remove(t, 1) return table.concat(t)",
         "923"},
        {"local t = {1, 2, 3} table.remove(t) return #t", "2"},
        {"return table.concat(table.move({1, 2, 3}, 1, 3, 2))", "1123"},
        {"return table.pack(1, nil, 3).n", "3"},
        {"return tostring({}) .. tostring(print)", "tablenil"},
        {"goto done do return 1 end ::done:: return 2", "2"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_string_equal(run(*state, cases[i][0]), cases[i][1]);
}

static void patterns_match_as_in_lua(void **state)
{
    static const char *const cases[][2] = {
        {"return ('hello world'):find('o w')", "5"},
        {"return ('a.b'):find('.', 2, true)", "2"},
        {"return (' x '):match('^%s*(.-)%s*$')", "x"},
        {"return ('key = value'):match('^(%w+)%s*=%s*(%w+)$')", "key"},
        {"return ('2026-11-22'):gsub('(%d+)-(%d+)-(%d+)', '%3.%2.%1')", "22.11.2026"},
        {"return (('abc'):gsub('', '-'))", "-a-b-c-"},
        {"return (('abc'):gsub('%w', {a = '1', b = true and 'B'}))", "1Bc"},
        {"return (('abc'):gsub('%w', function(c) return c == 'b' and 'X' or nil end))", "aXc"},
        {"return (('hello'):gsub('l', 'L', 1))", "heLlo"},
        {"return (('x^y'):gsub('^x', 'z'))", "z^y"},
        {"local s = '' for w in ('one two'):gmatch('%a+') do s = s .. w .. ';' end return s",
         "one;two;"},
        {"local n = 0 for _ in ('abc'):gmatch('') do n = n + 1 end return n", "4"},
        {"local s = '' for k, v in ('a=1,b=2'):gmatch('(%w)=(%w)') do s = s .. k .. v end return s",
         "a1b2"},
        {"return ('f(a(b)c)d'):match('%b()')", "(a(b)c)"},
        {"return ('THE (quick) fox'):find('%f[%a]%a+%f[%A]')", "1"},
        {"return (('hello hello'):match('(%w+) %1'))", "hello"},
        {"return ('abc'):match('()b()')", "2"},
        {"return ('a]b'):match('[]]')", "]"},
        {"return ('a-b'):match('[a%-]+')", "a-"},
        {"return ('xyz'):match('[^x-y]')", "z"},
        {"return ('a+b'):match('%+')", "+"},
        {"return ('x'):match('(')", "test:1: unfinished capture"},
        {"return ('x'):match('%')", "test:1: malformed pattern (ends with '%')"},
        {"return ('x'):match('[a')", "test:1: malformed pattern (missing ']')"},
        {"return ('x'):match('[a%')", "test:1: malformed pattern (missing ']')"},
        {"return ('x'):match(')')", "test:1: invalid pattern capture"},
        {"return ('x'):match('%1')", "test:1: invalid capture index"},
        {"return ('x'):gsub('x', '%2')", "test:1: invalid use of '%' in replacement string"},
        {"return ('x'):match('%f')", "test:1: missing '[' after '%f' in pattern"},
        {"return ('äb'):match('b', -1)", "b"},
        {"return tostring(('abc'):find('b', 10))", "nil"},
        {"return ('a\\0b'):match('%z?\\0b') and 'nul' or 'none'", "nul"},
        {"return ('aaa'):match('a-$')", "aaa"},
        {"return ('aXb'):match('%u')", "X"},
        {"return ('abc123'):match('%a+(%d*)$')", "123"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_string_equal(run(*state, cases[i][0]), cases[i][1]);
}

/* ---- against Lua's own matcher -------------------------------------------------------------- */

static uint32_t dice = 20261122;

static int roll(int n)
{
    dice = dice * 1664525u + 1013904223u;
    return (int)((dice >> 8) % (uint32_t)n);
}

static void random_text(char *out, int max, const char *const *pieces, int npieces)
{
    *out = '\0';
    for (int i = roll(max) + 1; i > 0; i--)
        strcat(out, pieces[roll(npieces)]);
}

/* Runs the call in both; results joined by |, "error" for any error. */
static int call_both(lua_State *L)
{
    static const char source[] =
        "local s, p, r, n = ...\n"
        "local function all(ok, ...)\n"
        "  if not ok then return 'error' end\n"
        "  local t = {}\n"
        "  for i = 1, select('#', ...) do t[i] = tostring((select(i, ...))) end\n"
        "  return table.concat(t, '|')\n"
        "end\n"
        "local words = {}\n"
        "pcall(function() for a, b in s:gmatch(p) do words[#words + 1] = tostring(a) .. "
        "tostring(b) end end)\n"
        "return all(pcall(string.find, s, p, n)) .. ';' .. all(pcall(string.match, s, p, n)) .. "
        "';' ..\n"
        "  all(pcall(string.gsub, s, p, r)) .. ';' .. table.concat(words, ',')\n";
    const char **args = lua_touserdata(L, 1);

    if (box_of(L) != NULL)
        box_load(L, source, sizeof(source) - 1, "test");
    else if (luaL_loadbufferx(L, source, sizeof(source) - 1, "=test", "t") != LUA_OK)
        return lua_error(L);
    for (int i = 0; i < 3; i++)
        lua_pushstring(L, args[i]);
    lua_pushinteger(L, *args[4]);
    lua_call(L, 4, 1);
    snprintf((char *)args[3], 4096, "%s", lua_tostring(L, -1));
    return 0;
}

static void random_patterns_match_as_in_lua(void **state)
{
    static const char *const letters[] = {"a", "b", "ab", "A", "1", " ", "(",
                                          ")", "]", "-",  "%", "^", "$", "."};
    static const char *const parts[] = {
        "a",      "b",      ".",  "%a", "%d", "%s", "%W", "[ab]", "[^a]", "[a-b1]", "[]]",  "[^]]",
        "[%a-]",  "*",      "+",  "-",  "?",  "(",  ")",  "()",   "^",    "$",      "%b()", "%bab",
        "%f[%a]", "%f[^a]", "%1", "%2", "%%", "%",  "[",  "]",    "[a",   "(a)",    "(.-)", "%."};
    static const char *const replaces[] = {"x", "%0", "%1", "%2", "%%", "", "<%1>", "%", "%a"};
    lua_State *own = luaL_newstate();
    int errors = 0;

    luaL_openlibs(own);
    *(void **)lua_getextraspace(own) = NULL;
    for (int i = 0; i < 20000; i++) {
        static char subject[512], pattern[512], replace[256], ours[4096], theirs[4096];
        char at = (char)(roll(9) - 3);
        const char *args[] = {subject, pattern, replace, ours, &at};
        struct buf err = BUF_INIT;

        random_text(subject, 12, letters, sizeof(letters) / sizeof(*letters));
        random_text(pattern, 6, parts, sizeof(parts) / sizeof(*parts));
        random_text(replace, 3, replaces, sizeof(replaces) / sizeof(*replaces));
        assert_int_equal(box_run(*state, &budget, call_both, args, &err, NULL), 0);
        buf_free(&err);
        args[3] = theirs;
        lua_pushcfunction(own, call_both);
        lua_pushlightuserdata(own, args);
        assert_int_equal(lua_pcall(own, 1, 0, 0), LUA_OK);
        if (strcmp(ours, theirs) != 0)
            fail_msg("'%s' '%s' '%s' at %d: %s instead of %s", subject, pattern, replace, at, ours,
                     theirs);
        errors += strncmp(ours, "error", 5) == 0;
    }
    assert_in_range(errors, 1000, 19000); /* or the dice are loaded */
    lua_close(own);
}

static void what_could_escape_is_absent(void **state)
{
    static const char *const names[] = {"io",           "os",           "debug",
                                        "package",      "coroutine",    "load",
                                        "loadstring",   "loadfile",     "dofile",
                                        "require",      "xpcall",       "collectgarbage",
                                        "setmetatable", "getmetatable", "rawset",
                                        "print",        "string.dump",  "math.randomseed",
                                        "_G",           "warn",         "string.pack",
                                        "string.unpack"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        char source[64];

        snprintf(source, sizeof(source), "return tostring(%s)", names[i]);
        assert_string_equal(run(*state, source), "nil");
    }
}

static void globals_and_libraries_cannot_be_changed(void **state)
{
    const char *why = "scripts share nothing; write local";

    assert_non_null(strstr(run(*state, "x = 1"), why));
    assert_non_null(strstr(run(*state, "_ENV.x = 1"), why));
    assert_non_null(strstr(run(*state, "string.rep = nil"), why));
    assert_non_null(strstr(run(*state, "function math.floor() end"), why));
    assert_non_null(strstr(run(*state, "table.insert(string, 1)"), "plain table expected"));
    assert_non_null(strstr(run(*state, "local s = 'x' s.y = 1"), "attempt to index a string"));
    assert_string_equal(run(*state, "return math.floor(1.5)"), "1");
}

static void a_loop_ends_with_file_and_line(void **state)
{
    struct answer a;
    struct buf err = BUF_INIT;

    assert_int_equal(outcome(*state, "local n = 0\nwhile true do\n  n = n + 1\nend", &a, &err),
                     BOX_FUEL);
    assert_non_null(strstr(buf_str(&err), "ran too long"));
    assert_true(strncmp(buf_str(&err), "test:", 5) == 0);
    buf_free(&err);
    assert_string_equal(run(*state, "return 'next'"), "next");
}

static void pcall_cannot_hold_on_to_a_run_that_is_over(void **state)
{
    struct answer a;
    struct buf err = BUF_INIT;

    assert_int_equal(
        outcome(*state, "while true do pcall(function() while true do end end) end", &a, &err),
        BOX_FUEL);
    assert_int_equal(outcome(*state, "while true do pcall(string.rep, 'x', 1 << 22) end", &a, &err),
                     BOX_FUEL);
    assert_int_equal(outcome(*state,
                             "local t = {} while true do pcall(function()"
                             " t[#t + 1] = ('0123456789abcdef'):rep(65536) .. #t end) end",
                             &a, &err),
                     BOX_MEMORY);
    buf_free(&err);
}

static void error_objects_are_never_formatted(void **state)
{
    assert_string_equal(run(*state, "error({})"), "error object is a table");
    assert_string_equal(run(*state, "error(nil)"), "error object is a nil");
    assert_string_equal(run(*state, "error()"), "error object is a nil");
    assert_string_equal(run(*state, "error(function() end)"), "error object is a function");
}

static void addresses_do_not_leak(void **state)
{
    assert_string_equal(run(*state, "return string.format('%s %s', {}, pcall)"), "table function");
    assert_non_null(strstr(run(*state, "return string.format('%p', {})"), "invalid conversion"));
    assert_non_null(
        strstr(run(*state, "return string.format('%%%-5p', {})"), "invalid conversion"));
}

static int count_run(lua_State *L)
{
    uint64_t *id = lua_touserdata(L, 1);

    *id = box_run_id(L);
    return 0;
}

static void every_run_has_its_own_number(void **state)
{
    struct buf err = BUF_INIT;
    uint64_t one, two;

    assert_int_equal(box_run(*state, &budget, count_run, &one, &err, NULL), 0);
    assert_int_equal(box_run(*state, &budget, count_run, &two, &err, NULL), 0);
    assert_true(one != two);
    assert_int_equal(err.len, 0);
}

static void sorting_is_stable_and_survives_a_lying_comparison(void **state)
{
    assert_string_equal(run(*state,
                            "local t = {{1,'a'},{0,'b'},{1,'c'},{0,'d'},{1,'e'}}\n"
                            "table.sort(t, function(a, b) return a[1] < b[1] end)\n"
                            "local s = '' for _, v in ipairs(t) do s = s .. v[2] end return s"),
                        "bdace");
    assert_string_equal(run(*state, "local t = {} for i = 1, 1000 do t[i] = i end\n"
                                    "table.sort(t, function(a, b) return true end) return #t"),
                        "1000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ordinary_lua_works, setup, teardown),
        cmocka_unit_test_setup_teardown(patterns_match_as_in_lua, setup, teardown),
        cmocka_unit_test_setup_teardown(random_patterns_match_as_in_lua, setup, teardown),
        cmocka_unit_test_setup_teardown(what_could_escape_is_absent, setup, teardown),
        cmocka_unit_test_setup_teardown(globals_and_libraries_cannot_be_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_loop_ends_with_file_and_line, setup, teardown),
        cmocka_unit_test_setup_teardown(pcall_cannot_hold_on_to_a_run_that_is_over, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(error_objects_are_never_formatted, setup, teardown),
        cmocka_unit_test_setup_teardown(addresses_do_not_leak, setup, teardown),
        cmocka_unit_test_setup_teardown(every_run_has_its_own_number, setup, teardown),
        cmocka_unit_test_setup_teardown(sorting_is_stable_and_survives_a_lying_comparison, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
