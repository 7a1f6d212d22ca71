/* lib_web.h - JSON between scripts and the host. */
#ifndef BERTH_LUA_LIB_WEB_H
#define BERTH_LUA_LIB_WEB_H

#include <jansson.h>

struct lua_State;

void web_push_json(struct lua_State *L, const json_t *j); /* null becomes nil */
void web_push_text(struct lua_State *L, const char *json); /* true for "" */
/* {{"token", secret = true}, {"api", default = "https://…"}}, on top of the stack, as [{"name","secret","default"}]. */
json_t *web_settings(struct lua_State *L);
/* berth.json(value), berth.hmac(key, text): on the stack's top table. */
void web_open(struct lua_State *L);

#endif
