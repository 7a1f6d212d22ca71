/* fuzz_lua.c - libFuzzer: sources made of any bytes are read by the checker and, when they compile,
 * run. Whatever they say, the next rule must be answered. */
#include <assert.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdint.h>

#include "lua/set.h"
#include "lua/value.h"

#include "../unit/lua_company.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const char *source;
    size_t len;
    struct small_company *k;
};

static int run(lua_State *L)
{
    const struct input *in = lua_touserdata(L, 1);

    box_load(L, in->source, in->len, "fuzz");
    value_push_row(L, in->k->lead, true);
    value_push_row(L, in->k->user, false);
    lua_call(L, 2, 1);
    if (lua_type(L, -1) == LUA_TFUNCTION) { /* a rule: ask it */
        value_push_row(L, in->k->lead, true);
        lua_call(L, 1, 1);
    }
    box_text(L, lua_gettop(L), NULL);
    return 0;
}

static void found(void *arg, const char *file, int line, const char *message)
{
    (void)arg, (void)file;
    assert(line > 0 && message != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct box_budget budget = {200000, 1000, 10000};
    static const char rule[] = "return 1";
    static struct small_company k;
    static struct map globals;
    struct buf err = BUF_INIT;
    struct vm *vm = vm_new(8 << 20);
    struct script_run own = {&k.c, false, "fuzz"};
    char *source = malloc(size + 1);
    struct input in = {source, size, &k}, next = {rule, sizeof(rule) - 1, &k};
    struct box_failure f;

    if (k.m == NULL) {
        company_open(&k, &err);
        map_put(&globals, "berth", &k);
        map_put(&globals, "berth.load", &k);
        map_put(&globals, "berth.find", &k);
        map_put(&globals, "on", &k);
    }
    memcpy(source, data, size);
    source[size] = '\0';
    box_set_owner(vm_box(vm), &own);
    for (int kind = SCRIPT_RULE; kind <= SCRIPT_HOOK; kind++) {
        struct check c = {.a = arena_new(),
                          .m = k.m,
                          .globals = &globals,
                          .kind = (enum script_kind)kind,
                          .rule = model_rule(k.m, "leads.release_days"),
                          .file = "fuzz",
                          .found = found};

        script_check(&c, source, size);
        arena_free(&c.a);
    }
    box_run(vm_box(vm), &budget, run, &in, &err, &f);
    ctx_clear(&k.c);
    if (f.why != BOX_MEMORY)
        assert(box_run(vm_box(vm), &budget, run, &next, &err, &f) == 0);
    free(source);
    buf_free(&err);
    vm_free(&vm);
    return 0;
}
