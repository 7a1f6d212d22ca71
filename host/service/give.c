/* give.c - sharing a record, of which the person hears. */
#include "service/give.h"

#include <string.h>

#include "base/when.h"
#include "record/share.h"
#include "service/alert.h"

int64_t give_share(struct berth_ctx *c, const struct berth_row *r, const struct berth_share *s)
{
    int64_t id = share_add(c, r, s), me = c->who == NULL ? 0 : c->who->id;
    struct berth_alert a = {.key = arena_fmt(c->a, "share:%lld", (long long)id), .text = "alert.shared", .about = (struct berth_row *)r,
                            .people = &s->user_id, .npeople = 1, .args = (const char *const[]){"who", me == 0 ? "" : c->who->name, NULL}};

    if (id != 0 && !s->quiet && s->user_id != 0 && s->user_id != me)
        alert_raise(c, &a);
    return id;
}

/* ---- as JSON ------------------------------------------------------------------------------------ */
/* Whether it says b rather than a, which it means when it says nothing; anything else fails the ctx. */
static bool says(struct berth_ctx *c, const json_t *body, const char *key, const char *a, const char *b)
{
    const json_t *v = json_object_get(body, key);
    const char *s = v == NULL ? a : json_string_value(v);
    bool second = s != NULL && strcmp(s, b) == 0;

    if (!second && (s == NULL || strcmp(s, a) != 0))
        ctx_invalid(c, key, "err.choice", "value", s == NULL ? "" : s, NULL);
    return second;
}

static int64_t id_of(struct berth_ctx *c, const json_t *body, const char *key)
{
    const json_t *v = json_object_get(body, key);

    if (v == NULL || json_is_null(v))
        return 0;
    if (!json_is_integer(v) || json_integer_value(v) == 0)
        ctx_invalid(c, key, "err.ref", NULL);
    return json_integer_value(v);
}

static int64_t until_of(struct berth_ctx *c, const json_t *body)
{
    const json_t *v = json_object_get(body, "until_at");
    const char *s = json_string_value(v);
    int64_t at = 0;

    if (v != NULL && !json_is_null(v) && (s == NULL || !when_time_parse(s, strlen(s), &at)))
        ctx_invalid(c, "until_at", "err.until", NULL);
    return at;
}

int64_t give_share_json(struct berth_ctx *c, const struct berth_row *r, const json_t *body, bool inside)
{
    struct berth_share s = {.team = says(c, body, "kind", "share", "team"), .cooperate = says(c, body, "access", "read", "cooperate"),
                            .user_id = id_of(c, body, "user_id"), .department_id = id_of(c, body, "department_id"),
                            .role_id = id_of(c, body, "role_id"), .part = json_string_value(json_object_get(body, "part")),
                            .until_at = until_of(c, body), .quiet = inside && json_is_true(json_object_get(body, "quiet"))};

    return c->rc == BERTH_OK ? give_share(c, r, &s) : 0;
}
