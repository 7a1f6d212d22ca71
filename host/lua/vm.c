/* vm.c - a thread's Lua state with the scripts in force: rules asked, hooks fired. */
#include <lauxlib.h>
#include <lua.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/blame.h"
#include "base/log.h"
#include "lua/vm_in.h"
#include "lua/watch.h"
#include "record/find.h"
#include "record/row.h"

/* For loading a file. */
static const struct box_budget load_budget = {.fuel = 2000000, .cpu_ms = 200, .wall_ms = 1000};

/* ---- on("lead", "before_update", function(lead, old) ... end) ------------------------------- */

static uint32_t when_of(const char *s)
{
    static const struct {
        const char *name;
        uint32_t bits;
    } points[] = {{"before_", BERTH_BEFORE}, {"after_", BERTH_AFTER}, {"done_", BERTH_DONE}},
      deeds[] = {{"insert", BERTH_INSERT},
                 {"update", BERTH_UPDATE},
                 {"delete", BERTH_DELETE},
                 {"save", BERTH_INSERT | BERTH_UPDATE}};

    for (size_t i = 0; i < sizeof(points) / sizeof(*points); i++)
        for (size_t j = 0; j < sizeof(deeds) / sizeof(*deeds); j++) {
            size_t n = strlen(points[i].name);

            if (strncmp(s, points[i].name, n) == 0 && strcmp(s + n, deeds[j].name) == 0)
                return points[i].bits | deeds[j].bits;
        }
    return 0;
}

static int on(lua_State *L)
{
    struct vm *vm = box_owner(L);
    const char *name = luaL_checkstring(L, 1);
    bool topic = strchr(name, '.') != NULL;
    uint32_t when = topic ? BERTH_EVENT : when_of(luaL_checkstring(L, 2));
    struct vm_hook *hook;

    if (vm->loading == NULL || vm->loading->kind != SCRIPT_HOOK)
        return luaL_error(L, "on() belongs into a file in hooks/, outside of functions");
    if (when == 0)
        return luaL_argerror(L, 2, "before_, after_ or done_ with insert, update, save or delete");
    luaL_checktype(L, topic ? 2 : 3, LUA_TFUNCTION);
    lua_settop(L, topic ? 2 : 3);
    vm->hooks = mem_realloc(vm->hooks, (vm->nhooks + 1) * sizeof(*vm->hooks));
    hook = &vm->hooks[vm->nhooks];
    *hook = (struct vm_hook){vm->loading, mem_strdup(name), when, luaL_ref(L, LUA_REGISTRYINDEX)};
    vm->nhooks++;
    return 0;
}

/* ---- building ----------------------------------------------------------------------------- */

static int open_host(lua_State *L)
{
    money_open(L);
    berth_open(L);
    box_globals(L);
    lua_pushcfunction(L, on);
    lua_setfield(L, -2, "on");
    lua_pushcfunction(L, vm_every);
    lua_setfield(L, -2, "every");
    lua_pushcfunction(L, vm_job);
    lua_setfield(L, -2, "job");
    return 0;
}

struct vm *vm_new(size_t memory)
{
    struct vm *vm = mem_alloc(sizeof(*vm));
    struct buf err = BUF_INIT;

    vm->box = box_new(memory);
    vm->scratch = arena_new();
    box_set_owner(vm->box, &vm->run);
    if (box_run(vm->box, &load_budget, open_host, NULL, &err, NULL) < 0) {
        log_error("lua", "cannot open the host's functions: %s", buf_str(&err));
        abort();
    }
    return vm;
}

void vm_free(struct vm **at)
{
    struct vm *vm = *at;

    if (vm == NULL)
        return;
    for (size_t i = 0; i < vm->nhooks; i++)
        free(vm->hooks[i].on);
    vm_timers_free(vm);
    vm_jobs_free(vm);
    vm_channels_free(vm);
    box_free(&vm->box);
    arena_free(&vm->scratch);
    if (vm->set != NULL)
        set_drop(vm->set);
    free(vm->hooks);
    free(vm->rules);
    free(vm);
    *at = NULL;
}

struct box *vm_box(struct vm *vm)
{
    return vm->box;
}

static int load_script(lua_State *L)
{
    const struct script *script = lua_touserdata(L, 1);
    struct vm *vm = box_owner(L);

    box_load(L, script->source, script->len, script->file);
    lua_call(L, 0, script->kind == SCRIPT_HOOK ? 0 : 1);
    if (script->kind != SCRIPT_RULE)
        return script->kind == SCRIPT_HOOK ? 0 : vm_channel(L, vm, script);
    if (lua_type(L, -1) != LUA_TFUNCTION)
        return luaL_error(L, "a rule's file ends with: return function(%s) ... end",
                          script->rule->args == NULL ? "" : script->rule->args);
    vm->rules[vm->nrules - 1] = luaL_ref(L, LUA_REGISTRYINDEX);
    return 0;
}

static int compile_script(lua_State *L)
{
    const struct script *script = lua_touserdata(L, 1);

    box_load(L, script->source, script->len, script->file);
    return 0;
}

int vm_compile(struct vm *vm, const struct script *script, struct buf *err, struct box_failure *f)
{
    return box_run(vm->box, &load_budget, compile_script, (void *)script, err, f);
}

int vm_load(struct vm *vm, const struct script *script, struct buf *err, struct box_failure *f)
{
    int rc;

    vm->rules = mem_realloc(vm->rules, (vm->nrules + 1) * sizeof(*vm->rules));
    vm->rules[vm->nrules++] = 0;
    vm->loading = script;
    vm->run = (struct script_run){.file = script->file};
    watch_begin(script->tally != NULL ? script->tally->file : "check");
    rc = box_run(vm->box, &load_budget, load_script, (void *)script, err, f);
    watch_end();
    vm->loading = NULL;
    return rc;
}

/* ---- one a thread --------------------------------------------------------------------------- */

static _Thread_local struct vm *vms; /* one but in tests, where several engines may be open */
static pthread_key_t at_exit;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_vms(void *first)
{
    for (struct vm *vm = first, *next; vm != NULL; vm = next) {
        next = vm->next;
        vm_free(&vm);
    }
    watch_leave();
}

static void make_key(void)
{
    pthread_key_create(&at_exit, free_vms);
}

static struct vm *build(struct scripts *s)
{
    struct vm *vm = vm_new(scripts_memory(s));

    vm->engine = scripts_id(s);
    vm->set = set_current(s);
    for (size_t i = 0; i < vm->set->n; i++) {
        struct buf err = BUF_INIT;
        struct box_failure f;

        if (vm->set->list[i].kind != SCRIPT_REPORT && vm_load(vm, &vm->set->list[i], &err, &f) < 0) /* a report is data */
            tally_failure(s, vm->set->list[i].tally, &f, buf_str(&err));
        buf_free(&err);
    }
    return vm;
}

/* The thread's state with the newest scripts; a run that is under way keeps those it began with. */
static struct vm *vm_of(struct scripts *s)
{
    struct vm **at = &vms, *vm;

    while (*at != NULL && (*at)->engine != scripts_id(s))
        at = &(*at)->next;
    vm = *at;
    if (vm != NULL &&
        (box_running(vm->box) || (vm->set->generation == scripts_generation(s) && !vm->spent)))
        return vm;
    pthread_once(&once, make_key);
    if (vm != NULL) {
        *at = vm->next;
        vm_free(&vm);
    }
    vm = build(s);
    vm->next = vms;
    vms = vm;
    pthread_setspecific(at_exit, vms);
    return vm;
}

/* ---- runs ----------------------------------------------------------------------------------- */

static bool is_users(int rc)
{
    return rc == BERTH_INVALID || rc == BERTH_NOT_FOUND || rc == BERTH_DENIED;
}

static struct scripts *installed;

struct vm *vm_now(void)
{
    return vm_of(installed);
}

/* Runs fn as that script; -1 with err when it failed. */
static int run(struct vm *vm, struct scripts *s, struct berth_ctx *c, const struct script *script,
               bool may_write, int (*fn)(lua_State *), void *arg, struct buf *err)
{
    struct script_run before = vm->run;
    const char *blamed = blame_enter(script->tally->file);
    bool outer = !box_running(vm->box);
    struct box_budget budget = scripts_budget(s, script->tally);
    struct box_failure f;
    int rc;

    /* an adaptor sees what it is given, and no record */
    vm->run = (struct script_run){script->kind == SCRIPT_CHANNEL ? NULL : c, may_write, script->file};
    if (outer)
        watch_begin(script->tally->file);
    rc = box_run(vm->box, &budget, fn, arg, err, &f);
    if (outer)
        watch_end();
    vm->run = before;
    blame_leave(blamed);
    if (rc == 0) {
        tally_success(script->tally);
        return 0;
    }
    if (f.why == BOX_MEMORY)
        vm->spent = true;
    /* A hook that refuses does what it is for; the world's failures are no script's. */
    if (c->rc == BERTH_OK || f.why != BOX_ERROR || (script->kind == SCRIPT_RULE && is_users(c->rc)))
        tally_failure(s, script->tally, &f, buf_str(err));
    return -1;
}

int vm_run(struct vm *vm, struct berth_ctx *c, const struct script *script, bool may_write, int (*fn)(lua_State *), void *arg,
           struct buf *err)
{
    return run(vm, installed, c, script, may_write, fn, arg, err);
}

struct question {
    const struct script *script;
    struct berth_ctx *c;
    struct arena *into; /* for the answer */
    int ref;
    const struct berth_val *args;
    size_t n;
    struct berth_val *out;
    bool answered;
};

/* Where a record is declared and an id given, the record. */
static void push_arg(lua_State *L, const struct question *q, size_t i)
{
    const struct script_arg *declared = i < q->script->nargs ? &q->script->args[i] : NULL;
    struct berth_val v = q->args[i];

    if (v.type == BERTH_ROW)
        value_push_asked(L, v.row, i == 0 ? q->script->reads : NULL);
    else if (declared != NULL && declared->table != NULL && v.type != BERTH_NULL)
        value_push_row(L, v.i == 0 ? NULL : find_raw(q->c, declared->table, v.i), false);
    else
        value_push(L, (enum berth_type)v.type, v);
}

static int answer(lua_State *L)
{
    struct question *q = lua_touserdata(L, 1);
    const struct rule *rule = q->script->rule;

    lua_rawgeti(L, LUA_REGISTRYINDEX, q->ref);
    luaL_checkstack(L, (int)q->n + 4, NULL);
    for (size_t i = 0; i < q->n; i++)
        push_arg(L, q, i);
    lua_call(L, (int)q->n, 1);
    if (lua_isnil(L, -1)) /* "no opinion": the default */
        return 0;
    if (!value_take(L, lua_gettop(L), rule->returns, q->into, q->out))
        return luaL_error(L, "the answer must be %s, not a %s", script_type_text(rule->returns),
                          luaL_typename(L, -1));
    q->answered = true;
    return 0;
}

static int put_question(struct vm *vm, struct scripts *s, struct question *q, struct buf *err)
{
    struct berth_ctx *c = q->c;
    int rc;

    c->a = vm->scratch;
    rc = run(vm, s, c, q->script, false, answer, q, err);
    /* What a broken rule asked for in vain is no reason to refuse the user. */
    if (rc < 0 && is_users(c->rc))
        ctx_clear(c);
    c->a = q->into;
    for (int i = 0; c->rc != BERTH_OK && i < 5 && c->args[i] != NULL; i++)
        c->args[i] = arena_strdup(c->a, c->args[i]);
    if (!box_running(vm->box))
        arena_reset(vm->scratch);
    return rc < 0 ? -1 : q->answered;
}

static const struct script *script_for(struct vm *vm, const struct rule *r)
{
    const struct script *script = map_get(&vm->set->rules, r->full);

    return script == NULL || atomic_load_explicit(&script->tally->stopped, memory_order_relaxed) ||
                   vm->rules[script - vm->set->list] == 0
               ? NULL
               : script;
}

static bool ask(struct berth_ctx *c, const struct rule *r, const struct berth_val *args, size_t n,
                struct berth_val *out)
{
    struct vm *vm = vm_of(installed);
    const struct script *script = script_for(vm, r);
    struct question q = {script, c, c->a, 0, args, n, out, false};
    struct buf err = BUF_INIT;
    int rc;

    if (script == NULL)
        return false;
    q.ref = vm->rules[script - vm->set->list];
    rc = put_question(vm, installed, &q, &err);
    buf_free(&err);
    return rc > 0;
}

int vm_ask(struct vm *vm, struct scripts *s, const struct script *script, struct berth_ctx *c,
           const struct berth_val *args, size_t n, struct berth_val *out, struct buf *err)
{
    struct question q = {script, c, c->a, vm->rules[0], args, n, out, false};

    return put_question(vm, s, &q, err);
}

/* ---- what a rule looks at ------------------------------------------------------------------- */

void reads_copy(struct berth_ctx *c, const struct script *script, struct script_reads *out)
{
    const struct reads *x = script->reads;

    *out = (struct script_reads){x->of, NULL, atomic_load(&x->learned), x->loose, x->settings, script->hash};
    out->field = arena_alloc(c->a, (size_t)x->of->nfields * sizeof(bool));
    for (int i = 0; i < x->of->nfields; i++)
        out->field[i] = atomic_load(&x->field[i]);
}

static bool reads(struct berth_ctx *c, const struct rule *r, struct script_reads *out)
{
    const struct script *script = script_for(vm_of(installed), r);

    if (script == NULL || script->reads == NULL)
        return false;
    reads_copy(c, script, out);
    return true;
}

static uint64_t generation(void)
{
    return scripts_generation(installed);
}

static void complain(const struct rule *r, const char *why)
{
    const struct script *script = script_for(vm_of(installed), r);
    struct box_failure f = {.why = BOX_ERROR};

    if (script != NULL)
        tally_failure(installed, script->tally, &f, why);
}

static bool fits(const struct vm_hook *h, const char *name, uint32_t when)
{
    const uint32_t points = BERTH_BEFORE | BERTH_AFTER | BERTH_DONE;
    const uint32_t deeds = BERTH_INSERT | BERTH_UPDATE | BERTH_DELETE;

    if (strcmp(h->on, name) != 0)
        return false;
    if ((when & BERTH_EVENT) != 0)
        return (h->when & BERTH_EVENT) != 0;
    return (h->when & when & points) != 0 && (h->when & when & deeds) != 0;
}

static bool has_hook(const struct table *t, const char *topic, uint32_t when)
{
    const struct vm *vm;

    if (!scripts_have_hooks(installed))
        return false;
    vm = vm_of(installed);
    for (size_t i = 0; i < vm->nhooks; i++)
        if (fits(&vm->hooks[i], t != NULL ? t->name : topic, when))
            return true;
    return false;
}

struct firing {
    const struct vm_hook *hook;
    struct berth_event *ev;
};

static int fire(lua_State *L)
{
    const struct firing *f = lua_touserdata(L, 1);
    bool before = (f->ev->when & BERTH_BEFORE) != 0 && (f->ev->when & BERTH_DELETE) == 0;

    lua_rawgeti(L, LUA_REGISTRYINDEX, f->hook->ref);
    value_push_row(L, f->ev->row, before);
    value_push_row(L, f->ev->old, false);
    lua_call(L, 2, 0);
    return 0;
}

/* The text for people, with the file and line for the administrator they will ask. */
int vm_refuse(struct berth_ctx *c, const struct script *script, const char *why)
{
    if (c->rc != BERTH_OK)
        return c->rc;
    ctx_fail(c, BERTH_INVALID, "script", "err.script");
    c->args[0] = "script";
    c->args[1] = arena_strdup(c->a, script->file);
    c->args[2] = "why";
    c->args[3] = arena_strdup(c->a, why);
    c->args[4] = NULL;
    return c->rc;
}

/* Nobody fills in a form: administrators read what it was and in which line. */
void vm_turn(struct vm *vm, struct berth_ctx *c, const struct script *script, int (*fn)(lua_State *), void *arg)
{
    bool stopped = atomic_load_explicit(&script->tally->stopped, memory_order_relaxed);
    struct buf err = BUF_INIT;

    if (stopped)
        buf_addf(&err, "%s: ran too long too often", script->file);
    else
        vm_run(vm, c, script, true, fn, arg, &err);
    if (err.len > 0 && (c->rc == BERTH_OK || is_users(c->rc))) {
        ctx_clear(c);
        ctx_fail(c, BERTH_INVALID, "script", arena_strdup(c->a, buf_str(&err)));
    }
    buf_free(&err);
}

static int hook(struct berth_ctx *c, struct berth_event *ev)
{
    struct vm *vm = vm_of(installed);
    bool done = (ev->when & BERTH_DONE) != 0;

    for (size_t i = 0; i < vm->nhooks && (done || c->rc == BERTH_OK); i++) {
        struct firing f = {&vm->hooks[i], ev};
        const struct script *script = f.hook->script;
        struct buf err = BUF_INIT;

        if (!fits(f.hook, ev->on, ev->when))
            continue;
        if (atomic_load_explicit(&script->tally->stopped, memory_order_relaxed))
            buf_puts(&err, "ran too long too often");
        else
            run(vm, installed, c, script, c->writing && !done, fire, &f, &err);
        if (!done && (err.len > 0 || c->rc != BERTH_OK))
            vm_refuse(c, script, buf_str(&err));
        else if (done)
            ctx_clear(c); /* too late to refuse */
        buf_free(&err);
    }
    return c->rc;
}

struct script_ops scripts_ops(struct scripts *s)
{
    struct script_ops ops = {.rule = ask,
                             .hook = hook,
                             .has_hook = has_hook,
                             .generation = generation,
                             .reads = reads,
                             .complain = complain};

    installed = s;
    draft_ops(s, &ops);
    timer_ops(&ops);
    job_ops(&ops);
    channel_ops(&ops);
    return ops;
}
