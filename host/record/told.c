/* told.c - {"key":"due.days","days":"30"} becomes "30 days without contact". */
#include "record/told.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "record/zone.h"

enum { ARGS_MAX = 8 };
static const char begins[] = "{\"key\":";

const char *told_kept(struct berth_ctx *c, const char *key, const char *const *args)
{
    struct buf text = BUF_INIT;
    struct json j = json_to(&text);
    const char *s;

    json_open(&j, '{');
    json_text(&j, "key", key);
    for (; *args != NULL; args += 2)
        json_text(&j, args[0], args[1]);
    json_close(&j, '}');
    s = arena_strndup(c->a, text.s, text.len);
    buf_free(&text);
    return s;
}

static const char *value(struct berth_ctx *c, const char *s)
{
    if (s[0] == '@')
        return ctx_text(c, s + 1, NULL);
    return s[0] == '^' ? zone_text(c->a, c->st->company.zone, strtoll(s + 1, NULL, 10)) : s;
}

struct told {
    const char *args[2 * ARGS_MAX + 1], *key;
    size_t n;
};

static void take(struct berth_ctx *c, struct told *t, const char *name, const char *text)
{
    if (strcmp(name, "key") == 0) {
        t->key = text;
    } else if (t->n < ARGS_MAX) {
        t->args[2 * t->n] = name;
        t->args[2 * t->n++ + 1] = value(c, text);
    }
}

/* As told_kept() writes most of them: texts alone, nothing escaped.  Each record and each row of a list has one. */
static bool read_plain(struct berth_ctx *c, const char *s, struct told *t)
{
    do {
        const char *name = s + 2, *text, *end = strchr(name, '"');

        if (s[1] != '"' || end == NULL || strncmp(end, "\":\"", 3) != 0)
            return false;
        text = end + 3;
        s = strchr(text, '"');
        if (s == NULL)
            return false;
        take(c, t, arena_strndup(c->a, name, (size_t)(end - name)), arena_strndup(c->a, text, (size_t)(s - text)));
        s++;
    } while (*s == ',');
    return strcmp(s, "}") == 0;
}

static bool read_any(struct berth_ctx *c, const char *s, struct told *t)
{
    json_t *j = json_loads(s, 0, NULL), *v;
    bool read = j != NULL;
    const char *name;

    json_object_foreach (j, name, v)
        if (json_is_string(v))
            take(c, t, arena_strdup(c->a, name), arena_strdup(c->a, json_string_value(v)));
    json_decref(j);
    return read;
}

const char *told_text(struct berth_ctx *c, const char *kept)
{
    struct told t = {0};

    if (kept == NULL || strncmp(kept, begins, strlen(begins)) != 0 ||
        !(strchr(kept, '\\') == NULL ? read_plain(c, kept, &t) : read_any(c, kept, &t)) || t.key == NULL)
        return kept;
    t.args[2 * t.n] = NULL;
    return ctx_text(c, t.key, t.args);
}

bool told_in(const struct field *f)
{
    return f->type == BERTH_TEXT && f->of != NULL && strcmp(f->of, "@told") == 0;
}
