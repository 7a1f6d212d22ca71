/* lib_berth.c - the table `berth` of scripts: records, dates, money, texts.  Everything goes
 * through the record layer as the user of the running request, so that permissions, hooks and
 * history hold. */
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/money.h"
#include "base/when.h"
#include "lua/box.h"
#include "lua/lib_web.h"
#include "lua/value.h"
#include "lua/watch.h"
#include "record/action.h"
#include "record/find.h"
#include "record/hook.h"
#include "record/job_turns.h"
#include "record/save.h"
#include "record/setting.h"
#include "record/share.h"
#include "record/why.h"
#include "record/workday.h"
#include "record/zone.h"
#include "service/alert.h"
#include "service/approval.h"
#include "service/channel.h"
#include "service/file.h"
#include "service/give.h"

enum { FIND_MAX = 1000, ARGS_MAX = 16, NAME_LONGEST = 4000 };
enum {
    FUEL_QUERY = 4000,
    FUEL_ROW = 200,
    FUEL_SAVE = 20000,
    FUEL_LOG = 20000
}; /* about what they cost */

/* Names, keys, filters: short, because the host copies them. */
static const char *name_at(lua_State *L, int arg)
{
    const char *s = luaL_checkstring(L, arg);

    luaL_argcheck(L, lua_rawlen(L, arg) <= NAME_LONGEST, arg, "too long");
    return s;
}

/* ---- records ---------------------------------------------------------------------------- */

static const struct table *table_at(lua_State *L, int arg)
{
    const struct table *t = model_table(ctx_of(L)->m, name_at(L, arg));

    if (t == NULL)
        luaL_error(L, "there is no table '%s'", lua_tostring(L, arg));
    return t;
}

/* The ctx keeps the reason; the script ends here unless it catches this. */
static void check_ctx(lua_State *L)
{
    struct berth_ctx *c = ctx_of(L);
    const struct ctx_problem *p = c->problems;

    if (c->rc == BERTH_OK)
        return;
    if (p != NULL)
        luaL_error(L, "refused: %s: %s", p->field, ctx_text(c, p->key, p->args));
    luaL_error(L, "refused: %s", c->key == NULL ? "error" : ctx_text(c, c->key, c->args));
}

static void writer_only(lua_State *L)
{
    if (!run_of(L)->may_write)
        luaL_error(L, "a rule only answers: it cannot change records");
}

/* The filter text at index 2 (or nothing) with the values behind it. */
static void query_at(lua_State *L, const struct table *t, struct where_query *q)
{
    struct berth_ctx *c = ctx_of(L);
    struct berth_val args[ARGS_MAX];
    int n = lua_gettop(L) - 2;

    *q = (struct where_query){0};
    box_burn(L, FUEL_QUERY);
    if (n > ARGS_MAX)
        luaL_error(L, "too many values for a filter");
    for (int i = 0; i < n; i++)
        if (!value_take(L, 3 + i, BERTH_NULL, c->a, &args[i]))
            luaL_argerror(L, 3 + i, "a filter cannot take this value");
    if (lua_isnoneornil(L, 2))
        return;
    where_text(c, t, name_at(L, 2), args, n > 0 ? (size_t)n : 0, q);
    check_ctx(L);
}

static struct berth_rows *rows_at(lua_State *L, int64_t limit)
{
    const struct table *t = table_at(L, 1);
    struct where_query q;
    struct berth_rows *rows;

    query_at(L, t, &q);
    if (q.limit == 0 || q.limit > limit)
        q.limit = limit;
    watch_pause();
    rows = find_rows(ctx_of(L), t, &q);
    watch_resume();
    check_ctx(L);
    box_burn(L, (int64_t)rows->n * FUEL_ROW);
    return rows;
}

/* Hooks may change and save what they find: inside the write transaction it is current. */
static void push_found(lua_State *L, struct berth_row *row)
{
    bool writable = run_of(L)->may_write;

    if (writable && row != NULL && row->old == NULL)
        row->old = row_copy(row);
    value_push_row(L, row, writable);
}

/* Upvalues: the list, and the number of its run. */
static int find_step(lua_State *L)
{
    struct berth_rows *rows = lua_touserdata(L, lua_upvalueindex(1));
    struct berth_row *row;

    if ((uint64_t)lua_tointeger(L, lua_upvalueindex(2)) != box_run_id(L))
        return luaL_error(L, "this list belongs to an earlier call and is gone");
    row = find_next(rows);
    if (row == NULL)
        return 0;
    push_found(L, row);
    return 1;
}

/* for lead in berth.find("lead", "status = ? order by name", "open") do ... end */
static int b_find(lua_State *L)
{
    struct berth_rows *rows = rows_at(L, FIND_MAX);

    lua_pushlightuserdata(L, rows);
    lua_pushinteger(L, (lua_Integer)box_run_id(L));
    lua_pushcclosure(L, find_step, 2);
    return 1;
}

static int b_first(lua_State *L)
{
    push_found(L, find_next(rows_at(L, 1)));
    return 1;
}

static int b_count(lua_State *L)
{
    const struct table *t = table_at(L, 1);
    struct where_query q;
    int64_t n;

    query_at(L, t, &q);
    watch_pause();
    n = find_count(ctx_of(L), t, q.where, NULL);
    watch_resume();
    check_ctx(L);
    lua_pushinteger(L, n);
    return 1;
}

/* nil when it is not there or not for this user's eyes. */
static int b_load(lua_State *L)
{
    const struct table *t = table_at(L, 1);
    struct berth_row *row;
    int64_t id;

    if (lua_isnoneornil(L, 2)) {
        lua_pushnil(L);
        return 1;
    }
    id = luaL_checkinteger(L, 2);
    box_burn(L, FUEL_QUERY);
    watch_pause();
    row = find_exists(ctx_of(L), t, id) ? find_one(ctx_of(L), t, id) : NULL;
    watch_resume();
    check_ctx(L);
    push_found(L, row);
    return 1;
}

static int b_new(lua_State *L)
{
    const struct table *t = table_at(L, 1);
    struct berth_row *row;

    writer_only(L);
    row = row_new(ctx_of(L), t);
    row_defaults(row);
    value_push_row(L, row, true);
    return 1;
}

static int b_save(lua_State *L)
{
    struct berth_row *row = value_row(L, 1, true);

    writer_only(L);
    box_burn(L, FUEL_SAVE);
    watch_pause();
    save_outside(ctx_of(L), row, row_save);
    watch_resume();
    check_ctx(L);
    if (row_id(row) == 0) { /* it is made when it is approved */
        lua_pushnil(L);
        lua_pushinteger(L, ctx_of(L)->waits);
        return 2;
    }
    lua_pushinteger(L, row_id(row));
    return 1;
}

static int b_delete(lua_State *L)
{
    struct berth_row *row = value_row(L, 1, true);
    int64_t before = ctx_of(L)->waits, now;

    writer_only(L);
    box_burn(L, FUEL_SAVE);
    watch_pause();
    ctx_of(L)->waits = 0;
    save_outside(ctx_of(L), row, row_drop);
    now = ctx_of(L)->waits;
    if (now == 0)
        ctx_of(L)->waits = before;
    watch_resume();
    check_ctx(L);
    if (now == 0)
        return 0;
    lua_pushinteger(L, now); /* the approval it waits for */
    return 1;
}

/* The table at that index (or nothing) as a JSON object; raises before it makes anything. */
static json_t *object_at(lua_State *L, int index)
{
    const char *text;
    json_t *j;

    if (lua_isnoneornil(L, index))
        return json_object();
    luaL_checktype(L, index, LUA_TTABLE);
    text = value_json(L, index);
    if (text == NULL)
        luaL_argerror(L, index, "text, numbers, money, true, false and lists of them expected; of a record its id");
    j = json_loads(text, 0, NULL);
    if (!json_is_object(j)) {
        json_decref(j);
        luaL_argerror(L, index, "names and values expected");
    }
    return j;
}

/* berth.act(lead, "release", {pool_reason = "no_interest"}): an action as if the user had chosen
 * it. */
static int b_act(lua_State *L)
{
    struct berth_row *row = value_row(L, 1, false), *after = NULL;
    const struct action *a = action_find(row->t, name_at(L, 2));
    struct berth_ctx *c = ctx_of(L);
    json_t *form;

    writer_only(L);
    if (a == NULL)
        return luaL_error(L, "%s has no action '%s'", row->t->name, lua_tostring(L, 2));
    box_burn(L, FUEL_SAVE);
    form = object_at(L, 3);
    watch_pause();
    action_inside(c, a, row_id(row), form, &after);
    watch_resume();
    json_decref(form);
    check_ctx(L);
    push_found(L, after);
    return 1;
}

/* berth.emit("leads.released", lead): tells everybody who asked to know. */
static int b_emit(lua_State *L)
{
    const char *topic = arena_strdup(ctx_of(L)->a, name_at(L, 1));
    struct berth_row *row = lua_isnoneornil(L, 2) ? NULL : value_row(L, 2, false);

    writer_only(L);
    box_burn(L, FUEL_SAVE);
    hook_emit(ctx_of(L), topic, row);
    check_ctx(L);
    return 0;
}

/* ---- alerts --------------------------------------------------------------------------------- */

enum { ALERT_PEOPLE = 100, ALERT_ARGS = 8 };

/* A text or number of the table at index 1, in the arena; NULL when it is not there. */
static const char *alert_string(lua_State *L, const char *name)
{
    const char *s = NULL;

    if (lua_getfield(L, 1, name) == LUA_TNUMBER || lua_isstring(L, -1)) {
        luaL_argcheck(L, lua_rawlen(L, -1) <= NAME_LONGEST, 1, "too long");
        lua_pushvalue(L, -1); /* lua_tostring() would change the table's own */
        s = arena_strdup(ctx_of(L)->a, lua_tostring(L, -1));
        lua_pop(L, 1);
    } else if (!lua_isnil(L, -1)) {
        luaL_error(L, "alert: %s is no text", name);
    }
    lua_pop(L, 1);
    return s;
}

static int64_t alert_number(lua_State *L, const char *name)
{
    int64_t v = 0;

    if (lua_getfield(L, 1, name) != LUA_TNIL) {
        if (!lua_isinteger(L, -1))
            luaL_error(L, "alert: %s is no whole number", name);
        v = lua_tointeger(L, -1);
    }
    lua_pop(L, 1);
    return v;
}

static void alert_people(lua_State *L, struct berth_alert *a)
{
    int64_t *ids = arena_alloc(ctx_of(L)->a, ALERT_PEOPLE * sizeof(*ids));

    if (lua_getfield(L, 1, "people") == LUA_TTABLE) {
        while (a->npeople < ALERT_PEOPLE && lua_rawgeti(L, -1, (lua_Integer)a->npeople + 1) == LUA_TNUMBER) {
            ids[a->npeople++] = lua_tointeger(L, -1);
            lua_pop(L, 1);
        }
        lua_pop(L, a->npeople < ALERT_PEOPLE ? 1 : 0);
    }
    lua_pop(L, 1);
    a->people = ids;
}

static void alert_args(lua_State *L, struct berth_alert *a)
{
    const char **pairs = arena_alloc(ctx_of(L)->a, (2 * ALERT_ARGS + 1) * sizeof(*pairs));
    int n = 0;

    if (lua_getfield(L, 1, "args") == LUA_TTABLE)
        for (lua_pushnil(L); n < ALERT_ARGS && lua_next(L, -2) != 0; lua_pop(L, 1)) {
            if (lua_type(L, -2) != LUA_TSTRING || !lua_isstring(L, -1))
                luaL_error(L, "alert: args are texts and numbers by name");
            luaL_argcheck(L, lua_rawlen(L, -2) <= 64, 1, "too long");
            pairs[2 * n] = arena_strdup(ctx_of(L)->a, lua_tostring(L, -2));
            lua_pushvalue(L, -1);
            luaL_argcheck(L, lua_type(L, -1) == LUA_TNUMBER || lua_rawlen(L, -1) <= NAME_LONGEST, 1, "too long");
            pairs[2 * n++ + 1] = arena_strdup(ctx_of(L)->a, lua_tostring(L, -1));
            lua_pop(L, 1);
        }
    lua_settop(L, 1);
    a->args = pairs;
}

/* berth.alert{text = "Call back", about = lead, due = t, key = "call:7", people = {3}, severity = 1,
 * escalate = 60, args = {days = 3}} */
static int b_alert(lua_State *L)
{
    struct berth_alert a = {0};

    writer_only(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    box_burn(L, FUEL_SAVE);
    a.text = alert_string(L, "text");
    a.key = alert_string(L, "key");
    if (a.text == NULL)
        return luaL_error(L, "alert: text is missing");
    a.due_at = alert_number(L, "due");
    a.severity = (int32_t)(alert_number(L, "severity") % 3);
    a.escalate = (int32_t)(alert_number(L, "escalate") % 1000000);
    alert_people(L, &a);
    alert_args(L, &a);
    if (lua_getfield(L, 1, "about") != LUA_TNIL)
        a.about = value_row(L, -1, false);
    alert_raise(ctx_of(L), &a);
    check_ctx(L);
    return 0;
}

/* berth.send{channel = "sms", to = lead.phone, text = "...", about = lead} */
static int b_send(lua_State *L)
{
    struct out_message m = {0};

    writer_only(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    box_burn(L, FUEL_SAVE);
    m.channel = alert_string(L, "channel");
    m.to = alert_string(L, "to");
    m.subject = alert_string(L, "subject");
    m.text = alert_string(L, "text");
    if (lua_getfield(L, 1, "about") != LUA_TNIL)
        m.about = value_row(L, -1, false);
    channel_write(ctx_of(L), &m);
    check_ctx(L);
    return 0;
}

/* berth.alert_over("call:7") */
static int b_alert_over(lua_State *L)
{
    const char *key = name_at(L, 1);

    writer_only(L);
    box_burn(L, FUEL_SAVE);
    alert_over(ctx_of(L), key);
    check_ctx(L);
    return 0;
}

/* berth.ask(quote, "Big quotes", "please"): asks for approval; the flow and the note may be nil. */
static int b_ask(lua_State *L)
{
    struct berth_row *row = value_row(L, 1, false);
    const char *flow = lua_isnoneornil(L, 2) ? NULL : name_at(L, 2),
               *note = lua_isnoneornil(L, 3) ? NULL : arena_strdup(ctx_of(L)->a, name_at(L, 3));
    int64_t id;

    writer_only(L);
    box_burn(L, FUEL_SAVE);
    watch_pause();
    id = approval_ask(ctx_of(L), row, flow, note);
    watch_resume();
    check_ctx(L);
    lua_pushinteger(L, id);
    return 1;
}

/* berth.approval(quote, "Big quotes"): "open", "returned", "approved", "rejected" or "withdrawn", of the last one; nil: none. */
static int b_approval(lua_State *L)
{
    const struct berth_row *row = value_row(L, 1, false);

    box_burn(L, FUEL_QUERY);
    lua_pushstring(L, approval_state(ctx_of(L), row, lua_isnoneornil(L, 2) ? NULL : name_at(L, 2)));
    return 1;
}

/* ---- services --------------------------------------------------------------------------------- */
/* berth.call("POST /lead/7/_note", {text = "Hello"}): what REST offers around records; the answer as a table. */
static int b_call(lua_State *L)
{
    struct berth_ctx *c = ctx_of(L);
    const char *what = arena_strdup(c->a, name_at(L, 1)), *answer = NULL;
    json_t *j;

    if (strncmp(what, "GET ", 4) != 0)
        writer_only(L);
    box_burn(L, FUEL_SAVE);
    if (c->st->call == NULL)
        return luaL_error(L, "no server runs here");
    j = object_at(L, 2);
    watch_pause();
    answer = c->st->call(c, what, j);
    watch_resume();
    json_decref(j);
    check_ctx(L);
    web_push_text(L, answer);
    return 1;
}

/* berth.start("recount", {city = "Ningbo"}): a script's job; its number, for berth.call("GET /_job/7"). */
static int b_start(lua_State *L)
{
    const char *name = name_at(L, 1);
    json_t *args;
    int64_t id;

    writer_only(L);
    box_burn(L, FUEL_SAVE);
    args = object_at(L, 2);
    id = job_script_start(ctx_of(L), name, args);
    json_decref(args);
    check_ctx(L);
    lua_pushinteger(L, id);
    return 1;
}

/* ---- sharing -------------------------------------------------------------------------------------- */
/* berth.share(deal, {user_id = 7, kind = "team", access = "cooperate"}): as REST does it; the share's number. */
static int b_share(lua_State *L)
{
    const struct berth_row *row = value_row(L, 1, false);
    json_t *body;
    int64_t id;

    writer_only(L);
    box_burn(L, FUEL_SAVE);
    body = object_at(L, 2);
    watch_pause();
    id = give_share_json(ctx_of(L), row, body, true);
    watch_resume();
    json_decref(body);
    check_ctx(L);
    lua_pushinteger(L, id);
    return 1;
}

/* berth.unshare(9) */
static int b_unshare(lua_State *L)
{
    int64_t id = luaL_checkinteger(L, 1);

    writer_only(L);
    box_burn(L, FUEL_SAVE);
    share_drop(ctx_of(L), id);
    check_ctx(L);
    return 0;
}

/* berth.shares(deal): {may = true, left = 198, team = {{id = 9, user_id = 7, ...}}, shares = {}}. */
static int b_shares(lua_State *L)
{
    const struct berth_row *row = value_row(L, 1, false);
    struct berth_ctx *c = ctx_of(L);
    struct buf out = BUF_INIT;
    const char *text;

    box_burn(L, FUEL_QUERY);
    share_list(c, row, &out);
    text = arena_strdup(c->a, buf_str(&out));
    buf_free(&out);
    check_ctx(L);
    web_push_text(L, text);
    return 1;
}

/* ---- files ---------------------------------------------------------------------------------------- */
/* berth.attach(lead, "quote.txt", text, replaces): the new file's id. */
static int b_attach(lua_State *L)
{
    struct berth_row *row = value_row(L, 1, false);
    const char *name = arena_strdup(ctx_of(L)->a, name_at(L, 2)), *bytes;
    size_t n;
    int64_t id;

    writer_only(L);
    bytes = luaL_checklstring(L, 3, &n);
    box_burn(L, FUEL_SAVE + (int64_t)n / 8);
    watch_pause();
    id = file_attach(ctx_of(L), row, name, bytes, n, luaL_optinteger(L, 4, 0));
    watch_resume();
    check_ctx(L);
    lua_pushinteger(L, id);
    return 1;
}

/* berth.file(id): what is in it. */
static int b_file(lua_State *L)
{
    size_t n;
    const char *bytes;

    box_burn(L, FUEL_QUERY);
    bytes = file_read(ctx_of(L), luaL_checkinteger(L, 1), &n);
    check_ctx(L);
    box_burn(L, (int64_t)n / 8);
    lua_pushlstring(L, bytes, n);
    return 1;
}

/* ---- the request ---------------------------------------------------------------------------- */

static int b_user(lua_State *L)
{
    const struct who *who = ctx_of(L)->who;

    lua_pushinteger(L, who == NULL ? 0 : who->id);
    return 1;
}

static int b_can(lua_State *L)
{
    const struct who *who = ctx_of(L)->who;

    lua_pushboolean(L, who == NULL || perm_has(who, name_at(L, 1)));
    return 1;
}

/* local yes, words = berth.why(lead, user, "update", "city"): whether that user may, and by what or why not. */
static int b_why(lua_State *L)
{
    struct berth_ctx *c = ctx_of(L);
    const struct berth_row *r = value_row(L, 1, false);
    struct why q = {.user = luaL_optinteger(L, 2, 0), .t = r->t, .id = row_id(r), .deed = lua_isnoneornil(L, 3) ? NULL : name_at(L, 3),
                    .field = lua_isnoneornil(L, 4) ? NULL : name_at(L, 4)};
    struct buf b = BUF_INIT, words = BUF_INIT;
    json_t *answer, *line;
    bool yes;
    size_t i;

    box_burn(L, FUEL_QUERY * 4);
    watch_pause();
    why_json(c, &q, &b);
    watch_resume();
    answer = json_loadb(b.s, b.len, 0, NULL);
    yes = json_is_true(json_object_get(answer, "allowed"));
    json_array_foreach (json_object_get(answer, yes ? "reasons" : "missing"), i, line)
        buf_addf(&words, "%s%s", i > 0 ? "\n" : "", json_string_value(json_object_get(line, "text")));
    const char *text = arena_strdup(c->a, buf_str(&words));

    json_decref(answer);
    buf_free(&words);
    buf_free(&b);
    check_ctx(L);
    lua_pushboolean(L, yes);
    lua_pushstring(L, text);
    return 2;
}

static int b_tr(lua_State *L)
{
    lua_pushstring(L, ctx_text(ctx_of(L), name_at(L, 1), (const char *const[]){NULL}));
    return 1;
}

static int b_log(lua_State *L)
{
    box_burn(L, FUEL_LOG);
    log_info("script", "%s: %.500s", run_of(L)->file, box_text(L, 1, NULL));
    return 0;
}

/* berth.error("owner_id", "leads.err.limit"): refuses what the user is doing.  The key of a text,
 * or the text itself; the field may be nil. */
static int b_error(lua_State *L)
{
    struct berth_ctx *c = ctx_of(L);
    const char *key = arena_strdup(c->a, name_at(L, 2));

    writer_only(L);
    if (lua_isnoneornil(L, 1))
        ctx_fail(c, BERTH_INVALID, "refused", key);
    else
        ctx_invalid(c, name_at(L, 1), key, NULL);
    return luaL_error(L, "%s", key);
}

static int b_rule(lua_State *L)
{
    struct berth_ctx *c = ctx_of(L);
    const struct rule *r = model_rule(c->m, name_at(L, 1));
    struct berth_val args[ARGS_MAX];
    int n = lua_gettop(L) - 1;

    if (r == NULL || n > ARGS_MAX)
        return luaL_error(L, "there is no rule '%s'", lua_tostring(L, 1));
    for (int i = 0; i < n; i++)
        if (!value_take(L, 2 + i, BERTH_NULL, c->a, &args[i]))
            return luaL_argerror(L, 2 + i, "a rule cannot take this value");
    value_push(L, r->returns, rule_ask(c, r, args, n > 0 ? (size_t)n : 0));
    return 1;
}

static int b_setting(lua_State *L)
{
    struct berth_val v;

    if (model_setting(ctx_of(L)->m, name_at(L, 1)) == NULL)
        return luaL_error(L, "there is no setting '%s'", lua_tostring(L, 1));
    box_burn(L, FUEL_QUERY);
    v = setting_get(ctx_of(L), lua_tostring(L, 1));
    value_push(L, (enum berth_type)v.type, v);
    return 1;
}

/* ---- dates and times ------------------------------------------------------------------------ */

/* Days count to about 2.9 million in the year 9999; a time that small is the first hour of 1970. */
static bool is_time(int64_t v)
{
    return v > 4000000 || v < -4000000;
}

static const char *zone_of(lua_State *L)
{
    return ctx_of(L)->st->company.zone;
}

/* The day of a date, a time (on the company's clocks) or "2026-11-22". */
static int64_t day_at(lua_State *L, int arg)
{
    int64_t v;

    if (lua_type(L, arg) == LUA_TSTRING) {
        if (!when_date_parse(lua_tostring(L, arg), lua_rawlen(L, arg), &v))
            luaL_argerror(L, arg, "date such as 2026-11-22 expected");
        return v;
    }
    v = luaL_checkinteger(L, arg);
    return is_time(v) ? zone_day(zone_of(L), v) : v;
}

static int b_now(lua_State *L)
{
    lua_pushinteger(L, ctx_of(L)->now);
    return 1;
}

static int b_today(lua_State *L)
{
    lua_pushinteger(L, zone_day(zone_of(L), ctx_of(L)->now));
    return 1;
}

static int b_date(lua_State *L)
{
    lua_pushinteger(L, day_at(L, 1));
    return 1;
}

static int b_days_between(lua_State *L)
{
    lua_pushinteger(L, day_at(L, 2) - day_at(L, 1));
    return 1;
}

static int b_days_since(lua_State *L)
{
    lua_pushinteger(L, zone_day(zone_of(L), ctx_of(L)->now) - day_at(L, 1));
    return 1;
}

/* The same day of a later month, or that month's last. */
static int b_add_months(lua_State *L)
{
    lua_Integer n = luaL_checkinteger(L, 2);
    int64_t day;
    int y, m, d;

    luaL_argcheck(L, n > -120000 && n < 120000, 2, "too many months");
    day = when_months(day_at(L, 1), n);
    when_civil(day, &y, &m, &d);
    luaL_argcheck(L, y >= 1 && y <= 9998, 2, "out of range");
    lua_pushinteger(L, day);
    return 1;
}

/* 1 Monday ... 7 Sunday */
static int b_weekday(lua_State *L)
{
    int64_t day = day_at(L, 1);

    lua_pushinteger(L, ((day + 3) % 7 + 7) % 7 + 1);
    return 1;
}

/* berth.workday("2026-02-16", 3, "CN"): the third working day behind it; without a number the day itself or the next. */
static int b_workday(lua_State *L)
{
    struct berth_ctx *c = ctx_of(L);
    int64_t day = day_at(L, 1);
    lua_Integer n = luaL_optinteger(L, 2, 0);
    const char *country = lua_isnoneornil(L, 3) ? NULL : name_at(L, 3);

    luaL_argcheck(L, n >= -1000 && n <= 1000, 2, "too many days");
    box_burn(L, FUEL_QUERY + FUEL_ROW * (n < 0 ? -n : n));
    lua_pushinteger(L, workday_after(c->st, c->conn, country, day, n));
    return 1;
}

static int b_date_text(lua_State *L)
{
    char text[WHEN_DATE_MAX];

    when_date_format(day_at(L, 1), text);
    lua_pushstring(L, text);
    return 1;
}

/* ---- values ---------------------------------------------------------------------------------- */

static int b_money(lua_State *L)
{
    int64_t v;
    bool ok = lua_type(L, 1) == LUA_TSTRING ? money_parse(lua_tostring(L, 1), lua_rawlen(L, 1), &v)
                                            : money_take(L, 1, &v);

    luaL_argcheck(L, ok, 1, "amount such as \"12.50\" expected");
    money_push(L, v);
    return 1;
}

/* berth.has(lead.lanes, "asia"): is it one of the list's? */
static int b_has(lua_State *L)
{
    lua_Integer n;
    bool found = false;

    if (!lua_isnil(L, 1))
        luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checkany(L, 2);
    n = lua_isnil(L, 1) ? 0 : (lua_Integer)lua_rawlen(L, 1);
    box_burn(L, n);
    for (lua_Integer i = 1; i <= n && !found; i++) {
        lua_rawgeti(L, 1, i);
        found = lua_rawequal(L, -1, 2);
        lua_pop(L, 1);
    }
    lua_pushboolean(L, found);
    return 1;
}

void berth_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"act", b_act},
        {"add_months", b_add_months},
        {"alert", b_alert},
        {"alert_over", b_alert_over},
        {"approval", b_approval},
        {"ask", b_ask},
        {"attach", b_attach},
        {"call", b_call},
        {"can", b_can},
        {"count", b_count},
        {"date", b_date},
        {"date_text", b_date_text},
        {"days_between", b_days_between},
        {"days_since", b_days_since},
        {"delete", b_delete},
        {"emit", b_emit},
        {"error", b_error},
        {"file", b_file},
        {"find", b_find},
        {"first", b_first},
        {"has", b_has},
        {"load", b_load},
        {"log", b_log},
        {"money", b_money},
        {"new", b_new},
        {"now", b_now},
        {"rule", b_rule},
        {"save", b_save},
        {"send", b_send},
        {"setting", b_setting},
        {"share", b_share},
        {"shares", b_shares},
        {"start", b_start},
        {"today", b_today},
        {"tr", b_tr},
        {"unshare", b_unshare},
        {"user", b_user},
        {"weekday", b_weekday},
        {"why", b_why},
        {"workday", b_workday},
        {NULL, NULL},
    };

    lua_newtable(L);
    luaL_setfuncs(L, functions, 0);
    web_open(L);
    box_publish(L, "berth");
}
