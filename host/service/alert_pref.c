/* alert_pref.c - what each person wants to hear of, when, and by which ways. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/alert_in.h"
#include "service/channel.h"
#include "service/mail.h"

enum { KINDS_MAX = 100, WAYS_MAX = 20, RECENT = 500 };

static const char *const whens[] = {"never", "urgent", "all", NULL};

static bool is_when(const char *s)
{
    for (int i = 0; s != NULL && whens[i] != NULL; i++)
        if (strcmp(whens[i], s) == 0)
            return true;
    return false;
}

void alert_pref(struct berth_ctx *c, int64_t user, struct alert_pref *out)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT coalesce(mail, 'urgent'), coalesce(quiet_from, "
                                            "0), coalesce(quiet_to, 0), muted, ways, kinds"
                                            " FROM alert_pref WHERE user_id = ?");
    const char *lists[3] = {NULL};

    *out = (struct alert_pref){.mail = "urgent"};
    db_bind_int(s, 1, user);
    if (db_step(s) == DB_ROW) {
        for (int i = 0; i < 3; i++)
            if (!db_col_is_null(s, 3 + i))
                lists[i] = arena_strdup(c->a, db_col_text(s, 3 + i, NULL));
        *out = (struct alert_pref){arena_strdup(c->a, db_col_text(s, 0, NULL)),
                                   (int)db_col_int(s, 1),
                                   (int)db_col_int(s, 2),
                                   lists[0],
                                   lists[1],
                                   lists[2]};
    }
    db_reset(s);
}

/* ---- which ways --------------------------------------------------------------------------------- */
static bool listed(const json_t *list, const char *word)
{
    const json_t *v;
    size_t i;

    json_array_foreach(list, i, v) if (json_is_string(v) &&
                                       strcmp(json_string_value(v), word) == 0) return true;
    return false;
}

bool alert_muted(const struct alert_pref *p, const char *text)
{
    json_t *list = p->muted == NULL ? NULL : json_loads(p->muted, 0, NULL);
    bool yes = listed(list, text);

    json_decref(list);
    return yes;
}

/* By the choice for that kind of alert, else by the one for the way. */
static bool goes(const json_t *kinds, const char *text, const char *way, const char *when,
                 int severity)
{
    const json_t *chosen = json_object_get(kinds, text);

    if (chosen != NULL)
        return listed(chosen, way);
    return when != NULL &&
           (strcmp(when, "all") == 0 || (strcmp(when, "urgent") == 0 && severity >= BERTH_URGENT));
}

void alert_ways(struct berth_ctx *c, const struct alert_pref *p, const char *text, int severity,
                void (*each)(struct berth_ctx *c, void *arg, const char *channel, const char *to),
                void *arg)
{
    json_t *kinds = p->kinds == NULL ? NULL : json_loads(p->kinds, 0, NULL),
           *ways = p->ways == NULL ? NULL : json_loads(p->ways, 0, NULL), *v;
    const char *name;

    if (goes(kinds, text, "mail", p->mail, severity))
        each(c, arg, "mail", NULL);
    json_object_foreach(ways, name, v)
    {
        const char *to = json_string_value(json_object_get(v, "to"));

        if (to != NULL && *to != '\0' &&
            goes(kinds, text, name, json_string_value(json_object_get(v, "when")), severity))
            each(c, arg, arena_strdup(c->a, name), arena_strdup(c->a, to));
    }
    json_decref(kinds);
    json_decref(ways);
}

const char *alert_address(struct berth_ctx *c, const char *channel)
{
    struct alert_pref p;
    const char *to;
    json_t *ways;

    alert_pref(c, c->who->id, &p);
    ways = p.ways == NULL ? NULL : json_loads(p.ways, 0, NULL);
    to = json_string_value(json_object_get(json_object_get(ways, channel), "to"));
    to = to == NULL || *to == '\0' ? NULL : arena_strdup(c->a, to);
    json_decref(ways);
    return to;
}

static bool clock_text(struct berth_ctx *c, const json_t *fields, const char *name, int was,
                       int *out)
{
    const json_t *v = json_object_get(fields, name);
    const char *s = json_string_value(v);
    int h, m;
    char end;

    *out = was;
    if (v == NULL)
        return true;
    if (json_is_null(v) || (s != NULL && *s == '\0')) {
        *out = 0;
        return true;
    }
    if (s == NULL || sscanf(s, "%2d:%2d%c", &h, &m, &end) != 2 || h < 0 || h > 23 || m < 0 ||
        m > 59) {
        ctx_invalid(c, name, "err.clock", NULL);
        return false;
    }
    *out = h * 60 + m;
    return true;
}

/* {"telegram":{"to":"12345","when":"urgent"}} */
static void check_ways(struct berth_ctx *c, const json_t *ways)
{
    const char *name, *when;
    json_t *v;

    if (!json_is_object(ways) || json_object_size(ways) > WAYS_MAX)
        ctx_invalid(c, "ways", "err.list", NULL);
    json_object_foreach((json_t *)ways, name, v)
    {
        const char *field = arena_strdup(c->a, name);

        when = json_string_value(json_object_get(v, "when"));
        if (!channel_active(c, name))
            ctx_invalid(c, "ways", "err.choice", "value", field, NULL);
        else if (!is_when(when))
            ctx_invalid(c, field, "err.choice", "value",
                        when == NULL ? "" : arena_strdup(c->a, when), NULL);
        else if (strcmp(when, "never") != 0 || json_string_length(json_object_get(v, "to")) > 0)
            outbox_one_line(c, field, json_string_value(json_object_get(v, "to")), 200);
    }
}

/* {"pools.alert.soon":["mail","telegram"]} */
static void check_kinds(struct berth_ctx *c, const json_t *kinds)
{
    const char *name;
    json_t *v, *one;
    size_t i;

    if (!json_is_object(kinds) || json_object_size(kinds) > KINDS_MAX)
        ctx_invalid(c, "kinds", "err.list", NULL);
    json_object_foreach((json_t *)kinds, name, v)
    {
        if (!json_is_array(v) || json_array_size(v) > WAYS_MAX || strlen(name) > 500)
            ctx_invalid(c, "kinds", "err.list", NULL);
        json_array_foreach(v, i, one) if (!json_is_string(one) || json_string_length(one) > 48)
            ctx_invalid(c, "kinds", "err.list", NULL);
    }
}

/* The new list as text, else the one there was. */
static const char *list_text(struct berth_ctx *c, const json_t *list, const char *was)
{
    char *text = list == NULL ? NULL : json_dumps(list, JSON_COMPACT);
    const char *copy = text == NULL ? was : arena_strdup(c->a, text);

    free(text);
    return copy;
}

int alert_pref_put(struct berth_ctx *c, const json_t *fields)
{
    struct alert_pref p;
    const json_t *mail = json_object_get(fields, "mail"), *muted = json_object_get(fields, "muted"),
                 *ways = json_object_get(fields, "ways"), *kinds = json_object_get(fields, "kinds");
    struct db_stmt *s;

    alert_pref(c, c->who->id, &p);
    clock_text(c, fields, "quiet_from", p.quiet_from, &p.quiet_from);
    clock_text(c, fields, "quiet_to", p.quiet_to, &p.quiet_to);
    if (mail != NULL) {
        p.mail = json_string_value(mail);
        if (!is_when(p.mail))
            ctx_invalid(c, "mail", "err.choice", "value", p.mail == NULL ? "" : p.mail, NULL);
    }
    if (muted != NULL && (!json_is_array(muted) || json_array_size(muted) > 100))
        ctx_invalid(c, "muted", "err.list", NULL);
    if (ways != NULL)
        check_ways(c, ways);
    if (kinds != NULL)
        check_kinds(c, kinds);
    if (c->rc != BERTH_OK)
        return c->rc;
    s = db_prepare(c->conn, "DELETE FROM alert_pref WHERE user_id = ?");
    db_bind_int(s, 1, c->who->id);
    if (ctx_write(c, s, "keep choices for alerts") != BERTH_OK)
        return c->rc;
    s = db_prepare(c->conn, "INSERT INTO alert_pref (user_id, mail, quiet_from, quiet_to, muted, "
                            "ways, kinds) VALUES (?, ?, ?, ?, ?, ?, ?)");
    db_bind_int(s, 1, c->who->id);
    db_bind_text(s, 2, p.mail, -1);
    db_bind_int(s, 3, p.quiet_from);
    db_bind_int(s, 4, p.quiet_to);
    db_bind_text(s, 5, list_text(c, muted, p.muted), -1);
    db_bind_text(s, 6, list_text(c, ways, p.ways), -1);
    db_bind_text(s, 7, list_text(c, kinds, p.kinds), -1);
    return ctx_write(c, s, "keep choices for alerts");
}

/* The kinds of alerts that the user had of late: [{"kind":"pools.alert.soon","text":"…"}]. */
static void recent_json(struct berth_ctx *c, struct json *j)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT DISTINCT text FROM (SELECT text FROM alert "
                                            "WHERE user_id = ? ORDER BY id DESC LIMIT ?) x"
                                            " WHERE text <> 'alert.own' ORDER BY text LIMIT ?");

    db_bind_int(s, 1, c->who->id);
    db_bind_int(s, 2, RECENT);
    db_bind_int(s, 3, KINDS_MAX);
    json_key(j, "recent");
    json_open(j, '[');
    while (db_step(s) == DB_ROW) {
        json_open(j, '{');
        json_text(j, "kind", db_col_text(s, 0, NULL));
        json_text(j, "text", ctx_text(c, db_col_text(s, 0, NULL), NULL));
        json_close(j, '}');
    }
    json_close(j, ']');
    db_reset(s);
}

static void raw(struct json *j, const char *key, const char *text, const char *none)
{
    json_key(j, key);
    text = text == NULL ? none : text;
    json_raw(j, text, strlen(text));
}

int alert_pref_json(struct berth_ctx *c, struct buf *out)
{
    struct json j = json_to(out);
    struct alert_pref p;
    bool quiet;

    alert_pref(c, c->who->id, &p);
    quiet = p.quiet_from != p.quiet_to;
    json_open(&j, '{');
    json_text(&j, "mail", p.mail);
    json_text(&j, "quiet_from", quiet ? arena_fmt(c->a, "%02d:%02d", p.quiet_from / 60, p.quiet_from % 60) : NULL);
    json_text(&j, "quiet_to", quiet ? arena_fmt(c->a, "%02d:%02d", p.quiet_to / 60, p.quiet_to % 60) : NULL);
    raw(&j, "muted", p.muted, "[]");
    raw(&j, "ways", p.ways, "{}");
    raw(&j, "kinds", p.kinds, "{}");
    recent_json(c, &j);
    json_close(&j, '}');
    return c->rc;
}
