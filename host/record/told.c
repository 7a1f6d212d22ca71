/* told.c - {"key":"due.days","days":"30"} becomes "30 days without contact". */
#include "record/told.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "record/zone.h"

enum { ARGS_MAX = 8 };
static const char begins[] = "{\"key\":";

const char *told_kept(struct berth_ctx *c, const char *key, const char *const *args)
{
    json_t *j = json_pack("{s:s}", "key", key);
    const char *s;
    char *text;

    for (; *args != NULL; args += 2)
        json_object_set_new(j, args[0], json_string(args[1]));
    text = json_dumps(j, JSON_COMPACT);
    s = arena_strdup(c->a, text);
    free(text);
    json_decref(j);
    return s;
}

static const char *value(struct berth_ctx *c, const char *s)
{
    if (s[0] == '@')
        return ctx_text(c, s + 1, NULL);
    return s[0] == '^' ? zone_text(c->a, c->st->company.zone, strtoll(s + 1, NULL, 10)) : arena_strdup(c->a, s);
}

const char *told_text(struct berth_ctx *c, const char *kept)
{
    const char *args[2 * ARGS_MAX + 1], *text = kept, *key, *name;
    size_t n = 0;
    json_t *j = kept == NULL || strncmp(kept, begins, strlen(begins)) != 0 ? NULL : json_loads(kept, 0, NULL), *v;

    key = json_string_value(json_object_get(j, "key"));
    if (key != NULL) {
        json_object_foreach (j, name, v)
            if (json_is_string(v) && n < ARGS_MAX && strcmp(name, "key") != 0) {
                args[2 * n] = arena_strdup(c->a, name);
                args[2 * n++ + 1] = value(c, json_string_value(v));
            }
        args[2 * n] = NULL;
        text = ctx_text(c, key, args);
    }
    json_decref(j);
    return text;
}

bool told_in(const struct field *f)
{
    return f->type == BERTH_TEXT && f->of != NULL && strcmp(f->of, "@told") == 0;
}
