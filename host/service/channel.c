/* channel.c - adaptors asked, their requests made; what administrators set. */
#include "service/channel.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "record/commit.h"
#include "service/alert.h"
#include "service/mail.h"

static const char message_max[] = "4000";
enum { STEPS_MAX = 4, MESSAGE_MAX = 4000, HEADERS_MAX = 20, SETTING_MAX = 4000 };

/* ---- settings: one row a channel ---------------------------------------------------------------- */
struct channel channel_load(struct db_conn *conn, const char *name)
{
    struct db_stmt *s =
        db_prepare(conn, "SELECT active, settings, kept FROM channel WHERE name = ?");
    struct channel ch = {0};

    db_bind_text(s, 1, name, -1);
    if (db_step(s) == DB_ROW) {
        ch.there = true;
        ch.active = db_col_int(s, 0) != 0;
        ch.set = db_col_is_null(s, 1) ? NULL : json_loads(db_col_text(s, 1, NULL), 0, NULL);
        ch.kept = db_col_is_null(s, 2) ? NULL : json_loads(db_col_text(s, 2, NULL), 0, NULL);
    }
    db_reset(s);
    if (ch.set == NULL)
        ch.set = json_object();
    if (ch.kept == NULL)
        ch.kept = json_object();
    return ch;
}

void channel_drop(struct channel *ch)
{
    json_decref(ch->set);
    json_decref(ch->kept);
}

/* The adaptor's declaration; NULL: there is none. */
static const struct script_channel *declared(struct store *st, struct arena *a, const char *name)
{
    size_t n = 0;
    const struct script_channel *all =
        st->scripts.channels == NULL ? NULL : st->scripts.channels(a, &n);

    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    return NULL;
}

static bool granted(const struct store *st, struct arena *a, const char *name)
{
    const char *words =
        st->net == NULL ? NULL : conf_pair(&st->net->grant, arena_fmt(a, "channel.%s", name));

    return words != NULL && strcmp(words, "net") == 0;
}

/* The secrets that a configuration named and nobody has typed here yet: "token, secret"; NULL: none. */
static const char *awaited(struct arena *a, const struct channel *ch)
{
    const char *name, *out = NULL;
    json_t *v;

    json_object_foreach (ch->set, name, v)
        if (json_is_null(v))
            out = out == NULL ? arena_strdup(a, name) : arena_fmt(a, "%s, %s", out, name);
    return out;
}

bool channel_active(struct berth_ctx *c, const char *name)
{
    struct channel ch = channel_load(c->conn, name);
    bool active = ch.active;

    channel_drop(&ch);
    return active && declared(c->st, c->a, name) != NULL;
}

const char *channel_setting(struct berth_ctx *c, const char *name, const char *setting)
{
    struct channel ch = channel_load(c->conn, name);
    const char *s = json_string_value(json_object_get(ch.set, setting));
    const char *copy = s == NULL || *s == '\0' || !ch.active ? NULL : arena_strdup(c->a, s);

    channel_drop(&ch);
    return copy;
}

/* ---- a request of an adaptor's ------------------------------------------------------------------ */
static void escaped(struct buf *out, CURL *c, const char *s)
{
    char *e = curl_easy_escape(c, s, 0);

    buf_puts(out, e);
    curl_free(e);
}

static const char *text_of(struct arena *a, const json_t *v)
{
    return json_is_string(v)    ? json_string_value(v)
           : json_is_integer(v) ? arena_fmt(a, "%lld", (long long)json_integer_value(v))
           : json_is_boolean(v) ? (json_is_true(v) ? "true" : "false")
                                : "";
}

/* "a=1&b=2", each part escaped. */
static void form(struct buf *out, struct arena *a, json_t *fields)
{
    CURL *c = curl_easy_init();
    const char *name;
    json_t *v;
    size_t n = 0;

    json_object_foreach(fields, name, v)
    {
        if (n++ > 0)
            buf_putc(out, '&');
        escaped(out, c, name);
        buf_putc(out, '=');
        escaped(out, c, text_of(a, v));
    }
    curl_easy_cleanup(c);
}

/* The request as it goes out; its members are in the arena, body is kept in *body. */
static struct fetch build(struct arena *a, json_t *r, struct buf *body)
{
    const char **headers = arena_alloc(a, (2 * HEADERS_MAX + 4) * sizeof(*headers));
    json_t *query = json_object_get(r, "query"), *j = json_object_get(r, "json"),
           *raw = json_object_get(r, "body"), *f = json_object_get(r, "form"),
           *h = json_object_get(r, "headers"), *v;
    const char *url = json_string_value(json_object_get(r, "url")),
               *method = json_string_value(json_object_get(r, "method")), *name;
    struct buf b = BUF_INIT;
    size_t n = 0;
    char *text;

    buf_puts(&b, url == NULL ? "" : url);
    if (json_object_size(query) > 0) {
        buf_putc(&b, strchr(buf_str(&b), '?') == NULL ? '?' : '&');
        form(&b, a, query);
    }
    url = arena_strdup(a, buf_str(&b));
    buf_free(&b);
    json_object_foreach(h, name, v) if (n < 2 * HEADERS_MAX)
    {
        headers[n++] = name;
        headers[n++] = text_of(a, v);
    }
    if (json_is_string(raw)) {
        buf_add(body, json_string_value(raw), json_string_length(raw));
    } else if (j != NULL) {
        text = json_dumps(j, JSON_COMPACT);
        buf_puts(body, text);
        free(text);
    } else if (f != NULL) {
        form(body, a, f);
    }
    if (body->len > 0) {
        headers[n++] = "Content-Type";
        headers[n++] =
            f == NULL ? "application/json; charset=utf-8" : "application/x-www-form-urlencoded";
    }
    headers[n] = NULL;
    if (method == NULL || *method == '\0' ||
        method[strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] != '\0')
        method = body->len > 0 ? "POST" : "GET";
    return (struct fetch){method, url, headers, body->len > 0 ? buf_str(body) : NULL, body->len};
}

/* What came back, as reply() gets it; NULL when nothing did. */
static json_t *request(const struct net *net, struct arena *a, json_t *r, enum out_result *rc,
                       struct buf *why)
{
    struct buf body = BUF_INIT, answer = BUF_INIT;
    struct fetch f = build(a, r, &body);
    long status;
    json_t *reply = NULL, *j;

    switch (fetch(&net->limits, &f, &status, &answer, why)) {
    case FETCH_ANSWERED:
        reply = json_object();
        j = json_loads(buf_str(&answer), 0, NULL);
        json_object_set_new(reply, "status", json_integer(status));
        if (j != NULL)
            json_object_set_new(reply, "json", j);
        j = json_stringn(buf_str(&answer), answer.len < 2000 ? answer.len : 2000);
        json_object_set_new(reply, "text", j == NULL ? json_string("") : j);
        break;
    case FETCH_DOWN:
        *rc = OUT_DOWN;
        break;
    default:
        *rc = OUT_NEVER;
    }
    buf_free(&body);
    buf_free(&answer);
    return reply;
}

/* ---- sending ------------------------------------------------------------------------------------ */
static json_t *message_json(const struct script_channel *d, const struct channel *ch,
                            const struct out_message *m, int64_t now)
{
    json_t *j =
        json_pack("{s:s, s:s, s:s, s:b, s:s, s:I, s:I}", "to", m->to, "title", m->subject, "text",
                  m->text, "urgent", m->urgent, "name", m->name == NULL ? "test" : m->name, "at",
                  (json_int_t)m->at, "now", (json_int_t)now);
    json_t *list = json_loads(d->settings, 0, NULL), *one, *set = json_object();
    size_t i;

    if (m->link != NULL)
        json_object_set_new(j, "link", json_string(m->link));
    json_array_foreach(list, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "name"));
        json_t *v = json_object_get(ch->set, name);

        if (v == NULL)
            v = json_object_get(one, "default");
        json_object_set(set, name, json_is_string(v) ? v : json_string_nocheck(""));
    }
    json_decref(list);
    json_object_set_new(j, "set", set);
    json_object_set(j, "kept", ch->kept);
    return j;
}

struct keeping {
    const char *name, *kept;
};

static int keep_body(struct berth_ctx *c, void *arg)
{
    const struct keeping *k = arg;
    struct db_stmt *s = db_prepare(c->conn, "UPDATE channel SET kept = ? WHERE name = ?");

    db_bind_text(s, 1, k->kept, -1);
    db_bind_text(s, 2, k->name, -1);
    return ctx_write(c, s, "keep what a channel was given");
}

/* A token that may be used once must not be lost. */
static void keep(struct store *st, const char *name, json_t *message, json_t *answer)
{
    json_t *kept = json_object_get(answer, "kept");
    struct keeping k = {.name = name};
    struct commit one = {.st = st, .what = "channel", .body = keep_body, .arg = &k};
    char *text;

    if (kept == NULL || json_equal(kept, json_object_get(message, "kept")))
        return;
    text = json_dumps(kept, JSON_COMPACT);
    k.kept = text;
    if (commit_run(&one) != 0)
        log_warn("channel", "%s: what it was given could not be kept", name);
    free(text);
    json_object_set(message, "kept", kept);
}

/* No secret in what is logged and shown. */
static void hide_secrets(const struct script_channel *d, json_t *message, struct buf *why)
{
    json_t *list = json_loads(d->settings, 0, NULL), *one, *kept = json_object_get(message, "kept"),
           *v;
    const char *name;
    size_t i;

    json_array_foreach(list, i, one) if (json_is_true(json_object_get(one, "secret")))
        json_object_set(kept, json_string_value(json_object_get(one, "name")),
                        json_object_get(json_object_get(message, "set"),
                                        json_string_value(json_object_get(one, "name"))));
    json_object_foreach(kept, name, v) for (char *s = why->s;
                                            json_string_length(v) >= 4 && s != NULL &&
                                            (s = strstr(s, json_string_value(v))) != NULL;)
        memset(s, '*', json_string_length(v));
    json_decref(list);
}

static enum out_result answered(json_t *answer, struct buf *why)
{
    const char *failed = json_string_value(json_object_get(answer, "failed")),
               *later = json_string_value(json_object_get(answer, "later"));

    if (json_object_get(answer, "sent") != NULL)
        return OUT_SENT;
    buf_puts(why, failed != NULL ? failed : later != NULL ? later : "it asked for too much");
    return failed == NULL ? OUT_LATER : OUT_NEVER;
}

/* The adaptor asks for requests until it knows what became of the message. */
static enum out_result converse(struct berth_ctx *c, const char *name, json_t *message,
                                struct buf *why)
{
    json_t *answer = c->st->scripts.channel(c, name, message, NULL, why), *reply = NULL;
    enum out_result rc = OUT_NEVER;

    for (int step = 0; answer != NULL; step++) {
        json_t *r = json_object_get(answer, "request");

        keep(c->st, name, message, answer);
        if (r == NULL || step == STEPS_MAX) {
            rc = answered(answer, why);
            break;
        }
        if ((reply = request(c->st->net, c->a, r, &rc, why)) == NULL)
            break;
        json_decref(answer);
        answer = c->st->scripts.channel(c, name, message, reply, why);
        json_decref(reply);
    }
    json_decref(answer);
    return rc;
}

enum out_result channel_send(struct store *st, struct db_conn *conn, struct arena *a,
                             const struct out_message *m, struct buf *why)
{
    const struct script_channel *d = declared(st, a, m->channel);
    struct channel ch = channel_load(conn, m->channel);
    enum out_result rc = OUT_LATER;
    struct berth_ctx c;
    json_t *message;

    if (d == NULL)
        buf_addf(why, "there is no channels/%s.lua", m->channel);
    else if (!ch.active)
        buf_puts(why, "the channel is switched off");
    else if (awaited(a, &ch) != NULL) {
        buf_addf(why, "not set yet: %s", awaited(a, &ch));
        rc = OUT_DOWN; /* the channel's other messages need it, too */
    } else if (!granted(st, a, m->channel))
        buf_addf(why, "the operator did not allow it: grant.channel.%s = net", m->channel);
    else {
        ctx_init(&c, st, conn, a, NULL, NULL);
        c.request = "outbox";
        message = message_json(d, &ch, m, c.now);
        rc = converse(&c, m->channel, message, why);
        hide_secrets(d, message, why);
        json_decref(message);
    }
    channel_drop(&ch);
    return rc;
}

int64_t channel_write(struct berth_ctx *c, const struct out_message *m)
{
    struct out_message out = *m;

    if (c->rc != BERTH_OK)
        return 0;
    if (m->channel != NULL && strcmp(m->channel, "mail") == 0)
        return mail_put(
            c,
            &(struct mail){.to = m->to, .subject = m->subject, .text = m->text, .about = m->about});
    if (m->channel == NULL || !channel_active(c, m->channel))
        ctx_invalid(c, "channel", "err.choice", "value", m->channel == NULL ? "" : m->channel,
                    NULL);
    outbox_one_line(c, "to", m->to, 200);
    if (m->subject != NULL)
        outbox_one_line(c, "subject", m->subject, 500);
    if (m->text == NULL || *m->text == '\0' || strlen(m->text) > MESSAGE_MAX)
        ctx_invalid(c, "text",
                    m->text == NULL || *m->text == '\0' ? "err.required" : "err.too_large", "max",
                    message_max, NULL);
    if (out.subject == NULL)
        out.subject = "";
    return outbox_put(c, &out);
}

/* ---- what administrators set -------------------------------------------------------------------- */
static void setting_json(struct json *j, const json_t *one, const struct channel *ch)
{
    const char *name = json_string_value(json_object_get(one, "name"));
    const char *value = json_string_value(json_object_get(ch->set, name));
    bool secret = json_is_true(json_object_get(one, "secret"));

    json_open(j, '{');
    json_text(j, "name", name);
    json_flag(j, "secret", secret);
    json_flag(j, "set", value != NULL);
    json_flag(j, "awaited", json_is_null(json_object_get(ch->set, name)));
    json_text(j, "value", secret ? NULL : value);
    json_text(j, "default", json_string_value(json_object_get(one, "default")));
    json_close(j, '}');
}

static void count_json(struct berth_ctx *c, struct json *j, const char *name, const char *state)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT count(*) FROM (SELECT 1 AS one FROM outbox "
                                            "WHERE state = ? AND channel = ? LIMIT 1000) x");

    db_bind_text(s, 1, state, -1);
    db_bind_text(s, 2, name, -1);
    json_number(j, state, db_step(s) == DB_ROW ? db_col_int(s, 0) : 0);
    db_reset(s);
}

static void channel_json(struct berth_ctx *c, struct json *j, const struct script_channel *d,
                         const struct channel *ch)
{
    json_t *list = json_loads(d->settings, 0, NULL), *one;
    size_t i;

    json_text(j, "about", d->about);
    json_flag(j, "active", ch->active);
    json_flag(j, "granted", granted(c->st, c->a, d->name));
    json_key(j, "settings");
    json_open(j, '[');
    json_array_foreach(list, i, one) setting_json(j, one, ch);
    json_close(j, ']');
    count_json(c, j, d->name, "queued");
    count_json(c, j, d->name, "failed");
    json_decref(list);
}

int channel_list_json(struct berth_ctx *c, bool all, struct buf *out)
{
    struct json j = json_to(out);
    size_t n = 0;
    const struct script_channel *d =
        c->st->scripts.channels == NULL ? NULL : c->st->scripts.channels(c->a, &n);

    json_open(&j, '{');
    json_key(&j, "channels");
    json_open(&j, '[');
    for (size_t i = 0; i < n; i++) {
        struct channel ch = channel_load(c->conn, d[i].name);

        if (all || ch.active) {
            json_open(&j, '{');
            json_text(&j, "name", d[i].name);
            if (all)
                channel_json(c, &j, &d[i], &ch);
            json_close(&j, '}');
        }
        channel_drop(&ch);
    }
    json_close(&j, ']');
    json_close(&j, '}');
    return c->rc;
}

/* Administrators hear of it until they are there. */
static int tell_awaited(struct berth_ctx *c, const char *name, const struct channel *ch)
{
    const char *key = arena_fmt(c->a, "channel.secrets:%s", name), *what = awaited(c->a, ch);

    if (what == NULL)
        return alert_over(c, key);
    return alert_admins(c, (struct berth_alert){.text = "alert.channel_secrets", .key = key,
                                                .args = (const char *const[]){"channel", name, "what", what, NULL}});
}

/* Takes the new values over into what is set; what is not declared is refused. */
static void take_settings(struct berth_ctx *c, const struct script_channel *d, json_t *set,
                          json_t *given)
{
    json_t *list = json_loads(d->settings, 0, NULL), *one, *v;
    const char *name;
    size_t i;

    json_object_foreach(given, name, v)
    {
        bool known = false;

        json_array_foreach(list, i, one) known =
            known || strcmp(json_string_value(json_object_get(one, "name")), name) == 0;
        if (!known)
            ctx_invalid(c, arena_strdup(c->a, name), "err.unknown_field", "name",
                        arena_strdup(c->a, name), NULL);
        else if (json_is_null(v) || (json_is_string(v) && json_string_length(v) == 0))
            json_object_del(set, name);
        else if (!json_is_string(v))
            ctx_invalid(c, arena_strdup(c->a, name), "err.text", NULL);
        else if (outbox_one_line(c, arena_strdup(c->a, name), json_string_value(v), SETTING_MAX))
            json_object_set(set, name, v);
    }
    json_decref(list);
}

/* What it was given belonged to the old settings. */
int channel_keep(struct berth_ctx *c, const char *name, const struct channel *ch)
{
    char *text = json_dumps(ch->set, JSON_COMPACT | JSON_SORT_KEYS);
    struct db_stmt *s =
        db_prepare(c->conn, "INSERT INTO channel (name, active, settings) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET active = ?2,"
                            " kept = CASE WHEN channel.settings = ?3 THEN channel.kept END, settings = ?3");
    int rc;

    db_bind_text(s, 1, name, -1);
    db_bind_int(s, 2, ch->active);
    db_bind_text(s, 3, text, -1);
    rc = db_step(s);
    db_reset(s);
    free(text);
    return rc < 0 ? ctx_db(c, rc, "keep the settings of a channel") : tell_awaited(c, name, ch);
}

int channel_put(struct berth_ctx *c, const char *name, const json_t *o)
{
    const struct script_channel *d = declared(c->st, c->a, name);
    struct channel ch;

    if (d == NULL)
        return ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    ch = channel_load(c->conn, name);
    take_settings(c, d, ch.set, json_object_get(o, "settings"));
    if (json_object_get(o, "active") != NULL)
        ch.active = json_is_true(json_object_get(o, "active"));
    if (c->rc == BERTH_OK)
        channel_keep(c, name, &ch);
    channel_drop(&ch);
    return c->rc;
}
