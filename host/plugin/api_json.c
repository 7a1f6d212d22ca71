/* api_json.c - answers that a plugin's route puts together piece by piece. */
#include "plugin/api_json.h"

#include <string.h>

#include "base/log.h"
#include "record/row.h"

enum { DEPTH = 16 };

struct answer {
    char *text; /* in the ctx's arena: nothing to free when the route fails on the way */
    size_t len, room;
    char open[DEPTH];
    int depth;
    bool comma;
};

static void append(struct berth_ctx *c, struct answer *a, const struct buf *piece)
{
    if (a->len + piece->len > a->room) {
        char *more = arena_alloc(c->a, a->room = (a->len + piece->len) * 2);

        if (a->len > 0)
            memcpy(more, a->text, a->len);
        a->text = more;
    }
    memcpy(a->text + a->len, buf_str(piece), piece->len);
    a->len += piece->len;
}

static int misuse(struct berth_ctx *c, const char *what)
{
    log_error("plugin", "%s puts together an answer in JSON that %s", c->plugin, what);
    return ctx_fail(c, BERTH_BROKEN, "broken", "err.broken");
}

/* A bracket with its name, or a value. */
static void piece(struct berth_ctx *c, const char *name, char bracket, struct berth_val v)
{
    struct answer *a = c->answer;
    struct field as = {.type = (enum berth_type)v.type};
    struct buf b = BUF_INIT;
    struct json j = {&b, a->comma};

    if (v.type != BERTH_NULL && v.len < 0 && type_is_text((enum berth_type)v.type))
        v.len = (int32_t)strlen(v.s);
    if (name != NULL)
        json_key(&j, name);
    if (bracket != '\0')
        json_open(&j, bracket);
    else
        val_json(&j, &as, v);
    a->comma = j.comma;
    append(c, a, &b);
    buf_free(&b);
}

/* A member has a name, an element and the whole have none. */
static bool fits(struct berth_ctx *c, const char *name)
{
    const struct answer *a = c->answer;
    bool member = a != NULL && a->depth > 0 && a->open[a->depth - 1] == '{';

    if (c->rc == BERTH_OK && member != (name != NULL))
        misuse(c, name != NULL ? "has a name where none belongs" : "lacks a name");
    return c->rc == BERTH_OK;
}

void api_json_open(struct berth_ctx *c, const char *name, char bracket)
{
    if (c->answer == NULL)
        c->answer = arena_alloc(c->a, sizeof(*c->answer));
    if (!fits(c, name))
        return;
    if (c->answer->depth == DEPTH || (bracket != '{' && bracket != '[')) {
        misuse(c, "is too deep, or opens with another sign");
        return;
    }
    piece(c, name, bracket, berth_nil());
    c->answer->open[c->answer->depth++] = bracket;
}

void api_json(struct berth_ctx *c, const char *name, struct berth_val v)
{
    if (!fits(c, name))
        return;
    if (c->answer == NULL || c->answer->depth == 0 || v.type == BERTH_ROW)
        misuse(c, "is no object or list");
    else
        piece(c, name, '\0', v);
}

int api_json_close(struct berth_ctx *c, int (*reply)(struct berth_ctx *, int, struct buf *))
{
    struct answer *a = c->answer;
    struct buf b = BUF_INIT;
    struct json j = {&b, true};

    if (c->rc != BERTH_OK)
        return c->rc;
    if (a == NULL || a->depth == 0)
        return misuse(c, "was never opened");
    if (a->depth == 1 && a->open[0] == '{' && c->cut)
        piece(c, "exact", '\0', (struct berth_val){BERTH_BOOL, 0, {.i = 0}});
    json_close(&j, a->open[--a->depth] == '{' ? '}' : ']');
    a->comma = true;
    append(c, a, &b);
    if (a->depth == 0) {
        buf_free(&b);
        buf_add(&b, a->text, a->len);
        reply(c, 200, &b);
        c->answer = NULL;
    }
    buf_free(&b);
    return c->rc;
}
