/* jobs.c - job("recount", {right = "leads.claim", args = {{"city"}}}, function(j) ... end): kinds of jobs of scripts' own,
 * called turn by turn. */
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

#include "base/every.h"
#include "lua/lib_web.h"
#include "lua/vm_in.h"
#include "model/model.h"
#include "record/job.h"

enum { ATTEMPTS_MAX = 100, RESULT_MAX = 64 << 10 };

static struct vm_job *find(struct vm *vm, const char *name)
{
    for (size_t i = 0; i < vm->njobs; i++)
        if (strcmp(vm->jobs[i].name, name) == 0)
            return &vm->jobs[i];
    return NULL;
}

/* The options at index 2. */
static void read_options(lua_State *L, struct vm_job *job)
{
    struct every every;
    json_t *args;

    luaL_argcheck(L, lua_getfield(L, 2, "about") == LUA_TNIL || lua_type(L, -1) == LUA_TSTRING, 2, "about is a text");
    luaL_argcheck(L, lua_getfield(L, 2, "right") == LUA_TNIL || lua_type(L, -1) == LUA_TSTRING, 2,
                  "right is a right's name, such as \"leads.claim\"");
    luaL_argcheck(L, lua_getfield(L, 2, "on") == LUA_TNIL || lua_type(L, -1) == LUA_TSTRING, 2, "on is a table's name, such as \"lead\"");
    luaL_argcheck(L,
                  lua_getfield(L, 2, "wait") == LUA_TNIL ||
                      (lua_type(L, -1) == LUA_TSTRING && every_parse(lua_tostring(L, -1), &every) && every.period > 0),
                  2, "wait is an interval such as \"30s\" or \"5m\"");
    if (!lua_isnil(L, -1))
        job->wait = every.period;
    if (lua_getfield(L, 2, "attempts") != LUA_TNIL) {
        luaL_argcheck(L, lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 1 && lua_tointeger(L, -1) <= ATTEMPTS_MAX, 2,
                      "attempts is a whole number from 1 to 100");
        job->attempts = (int)lua_tointeger(L, -1);
    }
    luaL_argcheck(L, lua_getfield(L, 2, "args") == LUA_TNIL || lua_istable(L, -1), 2,
                  "args is a list such as {{\"city\"}, {\"days\", default = \"30\"}}");
    if (lua_istable(L, -1)) {
        args = web_settings(L);
        job->args = json_dumps(args, JSON_COMPACT);
        json_decref(args);
    }
    if (lua_getfield(L, 2, "right") != LUA_TNIL)
        job->right = mem_strdup(lua_tostring(L, -1));
    if (lua_getfield(L, 2, "on") != LUA_TNIL)
        job->on = mem_strdup(lua_tostring(L, -1));
    if (lua_getfield(L, 2, "about") != LUA_TNIL)
        job->about = mem_strdup(lua_tostring(L, -1));
    lua_settop(L, 3);
}

int vm_job(lua_State *L)
{
    struct vm *vm = box_owner(L);
    const char *name = luaL_checkstring(L, 1);
    struct vm_job job = {.script = vm->loading, .attempts = JOB_ATTEMPTS, .wait = JOB_WAIT};
    lua_Debug at;

    if (vm->loading == NULL || vm->loading->kind != SCRIPT_HOOK)
        return luaL_error(L, "job() belongs into a file in hooks/, outside of functions");
    luaL_argcheck(L, vm_plain(name), 1, "a name of small letters, digits and _ expected");
    luaL_argcheck(L, find(vm, name) == NULL, 1, "another job has this name");
    if (lua_isfunction(L, 2)) {
        lua_settop(L, 2);
        lua_newtable(L);
        lua_insert(L, 2);
    }
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    lua_settop(L, 3);
    read_options(L, &job);
    if (lua_getstack(L, 1, &at) != 0 && lua_getinfo(L, "l", &at) != 0)
        job.line = at.currentline;
    job.name = mem_strdup(name);
    job.ref = luaL_ref(L, LUA_REGISTRYINDEX);
    vm->jobs = mem_realloc(vm->jobs, (vm->njobs + 1) * sizeof(*vm->jobs));
    vm->jobs[vm->njobs++] = job;
    return 0;
}

void vm_jobs_free(struct vm *vm)
{
    for (size_t i = 0; i < vm->njobs; i++) {
        free(vm->jobs[i].name);
        free(vm->jobs[i].right);
        free(vm->jobs[i].on);
        free(vm->jobs[i].about);
        free(vm->jobs[i].args);
    }
    free(vm->jobs);
}

const char *vm_jobs_unknown(const struct vm *vm, const struct model *m, int *line, const char **what)
{
    for (size_t i = 0; i < vm->njobs; i++) {
        *line = vm->jobs[i].line;
        *what = "table";
        if (vm->jobs[i].on != NULL && model_table(m, vm->jobs[i].on) == NULL)
            return vm->jobs[i].on;
        *what = "right";
        if (vm->jobs[i].right != NULL && map_get(&m->perm_by_name, vm->jobs[i].right) == NULL)
            return vm->jobs[i].right;
    }
    return NULL;
}

static const struct script_job *jobs(struct arena *a, size_t *n)
{
    struct vm *vm = vm_now();
    struct script_job *all = arena_alloc(a, (vm->njobs + 1) * sizeof(*all));

    *n = vm->njobs;
    for (size_t i = 0; i < vm->njobs; i++) {
        const struct vm_job *j = &vm->jobs[i];

        all[i] = (struct script_job){.name = arena_strdup(a, j->name),
                                     .about = arena_strdup(a, j->about != NULL ? j->about : j->script->about),
                                     .right = j->right == NULL ? NULL : arena_strdup(a, j->right),
                                     .on = j->on == NULL ? NULL : arena_strdup(a, j->on),
                                     .args = j->args == NULL ? "[]" : arena_strdup(a, j->args),
                                     .attempts = j->attempts,
                                     .wait = j->wait};
    }
    return all;
}

struct turn {
    int ref;
    json_t *x;
    bool more;
};

/* What the function left in its table, by name; what is no number, or no table, is a mistake to be told. */
static void take(lua_State *L, struct turn *t, const char *name, bool table)
{
    const char *text = NULL;
    json_t *v;
    int was = lua_getfield(L, 2, name);

    if (was == LUA_TNIL) {
        json_object_set_new(t->x, name, table ? json_object() : json_integer(0));
    } else if (!table) {
        if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < 0)
            luaL_error(L, "j.%s is a whole number", name);
        json_object_set_new(t->x, name, json_integer(lua_tointeger(L, -1)));
    } else {
        text = was == LUA_TTABLE ? value_json(L, lua_gettop(L)) : NULL;
        if (text != NULL && strlen(text) > RESULT_MAX)
            luaL_error(L, "j.%s is longer than %d KB", name, RESULT_MAX >> 10);
        v = text == NULL ? NULL : json_loads(text, 0, NULL);
        if (json_is_array(v) && json_array_size(v) == 0) { /* an empty table may be either */
            json_decref(v);
            v = json_object();
        }
        if (!json_is_object(v)) {
            json_decref(v);
            luaL_error(L, "j.%s is a table with names, of what JSON can hold", name);
        }
        json_object_set_new(t->x, name, v);
    }
    lua_settop(L, 2);
}

static int call(lua_State *L)
{
    struct turn *t = lua_touserdata(L, 1);

    web_push_json(L, t->x);
    lua_rawgeti(L, LUA_REGISTRYINDEX, t->ref);
    lua_pushvalue(L, 2);
    lua_call(L, 1, 1);
    t->more = lua_toboolean(L, -1);
    lua_settop(L, 2);
    take(L, t, "done", false);
    take(L, t, "total", false);
    take(L, t, "result", true);
    return 0;
}

static int job(struct berth_ctx *c, const char *name, json_t *x)
{
    struct vm *vm = vm_now();
    const struct vm_job *j = find(vm, name);
    struct turn t = {.x = x};

    if (j == NULL)
        return ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    t.ref = j->ref;
    vm_turn(vm, c, j->script, call, &t);
    return c->rc != BERTH_OK ? (int)c->rc : t.more;
}

void job_ops(struct script_ops *ops)
{
    ops->jobs = jobs;
    ops->job = job;
}
