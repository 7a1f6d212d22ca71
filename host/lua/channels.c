/* channels.c - adaptors in scripts/channels: how a message becomes a request to a gateway, and what
 * its answer means. An adaptor reaches no record and no network: it answers with requests, which
 * the host makes (service/channel.c). */
#include <jansson.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

#include "lua/lib_web.h"
#include "lua/vm_in.h"
#include "record/ctx.h"

/* ---- declaring ---------------------------------------------------------------------------------- */
static int function_at(lua_State *L, const char *name)
{
    lua_getfield(L, -1, name);
    if (lua_type(L, -1) != LUA_TFUNCTION)
        return luaL_error(L, "a channel's file ends with: return {settings = {...}, send = "
                             "function(m) ... end, reply = function(m, r) ... end}");
    return luaL_ref(L, LUA_REGISTRYINDEX);
}

int vm_channel(lua_State *L, struct vm *vm, const struct script *script)
{
    const char *name = strrchr(script->file, '/') + 1;
    size_t len = strlen(name) - 4; /* without .lua */
    struct vm_channel ch = {.script = script};
    json_t *settings;

    if (len >= sizeof(ch.name) || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != len ||
        strncmp(name, "mail.", 5) == 0)
        return luaL_error(L, "a channel is named by small letters, digits and _, and not mail");
    luaL_checktype(L, -1, LUA_TTABLE);
    memcpy(ch.name, name, len);
    ch.send = function_at(L, "send");
    ch.reply = function_at(L, "reply");
    lua_getfield(L, -1, "settings");
    if (lua_istable(L, -1)) {
        settings = web_settings(L);
        ch.settings = json_dumps(settings, JSON_COMPACT);
        json_decref(settings);
    }
    lua_pop(L, 1);
    vm->channels = mem_realloc(vm->channels, (vm->nchannels + 1) * sizeof(*vm->channels));
    vm->channels[vm->nchannels++] = ch;
    return 0;
}

void vm_channels_free(struct vm *vm)
{
    for (size_t i = 0; i < vm->nchannels; i++)
        free(vm->channels[i].settings);
    free(vm->channels);
}

static const struct script_channel *channels(struct arena *a, size_t *n)
{
    struct vm *vm = vm_now();
    struct script_channel *all = arena_alloc(a, (vm->nchannels + 1) * sizeof(*all));

    *n = vm->nchannels;
    for (size_t i = 0; i < vm->nchannels; i++) {
        const struct vm_channel *ch = &vm->channels[i];

        all[i] =
            (struct script_channel){arena_strdup(a, ch->name), arena_strdup(a, ch->script->about),
                                    ch->settings == NULL ? "[]" : arena_strdup(a, ch->settings)};
    }
    return all;
}

/* ---- asking ------------------------------------------------------------------------------------- */
struct asking {
    int ref;
    const json_t *message, *reply; /* reply NULL: send() is asked */
    json_t *answer; /* {"request":…}, {"sent":true}, {"failed":why} or {"later":why}; and "kept" */
};

static json_t *json_at(lua_State *L, int index)
{
    const char *text = value_json(L, index);
    json_t *j = text == NULL ? NULL : json_loads(text, 0, NULL);

    if (text != NULL)
        lua_pop(L, 1);
    return j;
}

static int ask(lua_State *L)
{
    struct asking *q = lua_touserdata(L, 1);
    json_t *request = NULL, *kept;
    const char *why;

    web_push_json(L, q->message); /* stays at 2: what it keeps is read from it */
    lua_rawgeti(L, LUA_REGISTRYINDEX, q->ref);
    lua_pushvalue(L, 2);
    if (q->reply != NULL)
        web_push_json(L, q->reply);
    lua_call(L, q->reply != NULL ? 2 : 1, 2);
    why = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "it did not say why";
    q->answer = json_object();
    if (lua_istable(L, -2) && (request = json_at(L, lua_gettop(L) - 1)) == NULL)
        json_object_set_new(
            q->answer, "failed",
            json_string("its request cannot be written as JSON")); /* what it keeps is kept */
    else if (request != NULL)
        json_object_set_new(q->answer, "request", request);
    else if (lua_toboolean(L, -2))
        json_object_set_new(q->answer, "sent", json_true());
    else
        json_object_set_new(q->answer, lua_isnil(L, -2) ? "later" : "failed", json_string(why));
    lua_getfield(L, 2, "kept");
    if (lua_istable(L, -1) && (kept = json_at(L, lua_gettop(L))) != NULL)
        json_object_set_new(q->answer, "kept", kept);
    return 0;
}

static json_t *channel(struct berth_ctx *c, const char *name, const json_t *message,
                       const json_t *reply, struct buf *err)
{
    struct vm *vm = vm_now();
    const struct vm_channel *ch = NULL;
    struct asking q = {.message = message, .reply = reply};

    for (size_t i = 0; i < vm->nchannels && ch == NULL; i++)
        if (strcmp(vm->channels[i].name, name) == 0)
            ch = &vm->channels[i];
    if (ch == NULL) {
        buf_addf(err, "there is no channels/%s.lua", name);
        return NULL;
    }
    q.ref = reply != NULL ? ch->reply : ch->send;
    if (atomic_load_explicit(&ch->script->tally->stopped, memory_order_relaxed))
        buf_puts(err, "it ran too long too often");
    else if (vm_run(vm, c, ch->script, false, ask, &q, err) < 0) {
        json_decref(q.answer);
        q.answer = NULL;
    }
    return q.answer;
}

void channel_ops(struct script_ops *ops)
{
    ops->channels = channels;
    ops->channel = channel;
}
