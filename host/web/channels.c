/* channels.c - ways in and out over HTTP: what administrators set, messages about a record, SMS
 * that come in. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/often.h"
#include "record/audit.h"
#include "record/find.h"
#include "service/alert.h"
#include "service/channel.h"
#include "service/inbound.h"
#include "web/app.h"

enum { STALE_MS = 5 * 60000 };

/* ---- settings ----------------------------------------------------------------------------------- */
static int names(struct call *k)
{
    return channel_list_json(&k->c, false, &k->req->out);
}

static int settings(struct call *k)
{
    return channel_list_json(&k->c, true, &k->req->out);
}

static int put(struct call *k)
{
    const json_t *o = call_object(k);
    struct buf changed = BUF_INIT;
    const char *name;
    json_t *v;

    if (o == NULL || channel_put(&k->c, k->name, o) != BERTH_OK)
        return k->c.rc;
    buf_addf(&changed, "%s:", k->name); /* what was set, never to what */
    if (json_object_get(o, "active") != NULL)
        buf_puts(&changed, json_is_true(json_object_get(o, "active")) ? " on" : " off");
    json_object_foreach(json_object_get(o, "settings"), name, v) buf_addf(&changed, " %s", name);
    audit_add(&k->c, "channel", buf_str(&changed));
    buf_free(&changed);
    k->req->status = 204;
    return k->c.rc;
}

/* To the address that the user gave for themselves; {"to"}: where an administrator says. */
static int test(struct call *k)
{
    static struct often tried = OFTEN(20);
    const char *to = k->c.who->admin ? call_string(k, "to") : NULL;
    struct out_message m = {
        .channel = k->name, .at = k->c.now, .link = k->app->public_url, .urgent = true};
    struct buf why = BUF_INIT;
    struct json j;
    enum out_result rc;
    int wait;

    if (!channel_active(&k->c, k->name))
        return ctx_fail(&k->c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    if (to == NULL)
        to = alert_address(&k->c, k->name);
    if (!outbox_one_line(&k->c, "to", to, 200))
        return k->c.rc;
    if (!often_may(&tried, call_whose(k), k->c.now, &wait))
        return call_slow_down(k, wait);
    m.to = to;
    m.subject = m.text = ctx_text(&k->c, "alert.test", NULL);
    rc = channel_send(k->app->st, k->c.conn, k->req->arena, &m, &why);
    j = call_json(k);
    json_open(&j, '{');
    json_flag(&j, "sent", rc == OUT_SENT);
    json_text(&j, "why", rc == OUT_SENT ? NULL : buf_str(&why));
    json_close(&j, '}');
    buf_free(&why);
    return k->c.rc;
}

/* ---- the outbox --------------------------------------------------------------------------------- */
static int outbox(struct call *k)
{
    const char *state = http_query(k->req, "state");
    int64_t after = call_number(k, "after", 0, 0, INT64_MAX),
            limit = call_number(k, "limit", 50, 1, 200);

    return k->c.rc != BERTH_OK ? (int)k->c.rc
                               : outbox_page(&k->c, state, after, (int)limit, &k->req->out);
}

static int again(struct call *k)
{
    if (outbox_again(&k->c, k->id) == BERTH_OK)
        k->req->status = 204;
    return k->c.rc;
}

/* {"channel":"sms","to":"+84…","text":"…"} about a record. */
static int message(struct call *k)
{
    const json_t *o = call_object(k);
    struct berth_row *r = o == NULL ? NULL : find_one(&k->c, k->t, k->id);
    struct out_message m = {.channel = call_string(k, "channel"),
                            .to = call_string(k, "to"),
                            .subject = call_string(k, "subject"),
                            .text = call_string(k, "text"),
                            .about = r};
    struct json j;
    int64_t id;

    if (r == NULL)
        return k->c.rc;
    if (!perm_row(&k->c, r, DO_UPDATE)) /* it goes out in the company's name */
        return ctx_fail(&k->c, BERTH_DENIED, "denied", "err.denied");
    if ((id = channel_write(&k->c, &m)) == 0)
        return k->c.rc;
    audit_add(&k->c, "message",
              arena_fmt(k->req->arena, "%s %lld by %s to %s", k->t->name, (long long)k->id,
                        m.channel, m.to));
    k->req->status = 202;
    j = call_json(k);
    json_open(&j, '{');
    json_number(&j, "id", id);
    json_close(&j, '}');
    return k->c.rc;
}

/* ---- what comes in ------------------------------------------------------------------------------ */
/* HMAC-SHA256 over the time, a dot and the body, with the channel's secret; not older than a few
 * minutes. */
static bool is_signed(struct call *k)
{
    const char *secret = channel_setting(&k->c, k->name, "inbound_secret"),
               *stamp = http_header(k->req, "X-Berth-Time");
    const char *given = http_header(k->req, "X-Berth-Signature");
    unsigned char mac[crypto_auth_hmacsha256_BYTES], theirs[sizeof(mac)];
    crypto_auth_hmacsha256_state st;
    int64_t age;

    if (secret == NULL || stamp == NULL || given == NULL ||
        sodium_hex2bin(theirs, sizeof(theirs), given, strlen(given), NULL, NULL, NULL) != 0 ||
        strlen(given) != 2 * sizeof(theirs))
        return false;
    crypto_auth_hmacsha256_init(&st, (const unsigned char *)secret, strlen(secret));
    crypto_auth_hmacsha256_update(&st, (const unsigned char *)stamp, strlen(stamp));
    crypto_auth_hmacsha256_update(&st, (const unsigned char *)".", 1);
    crypto_auth_hmacsha256_update(&st, (const unsigned char *)buf_str(&k->req->body),
                                  k->req->body.len);
    crypto_auth_hmacsha256_final(&st, mac);
    age = k->c.now - strtoll(stamp, NULL, 10);
    return sodium_memcmp(mac, theirs, sizeof(mac)) == 0 && age < STALE_MS && age > -STALE_MS;
}

/* {"id":"…","from":"+84…","text":"…"} */
static int incoming(struct call *k)
{
    const json_t *o = call_object(k);
    struct in_message m = {.channel = k->name,
                           .from = call_string(k, "from"),
                           .text = call_string(k, "text"),
                           .name = call_string(k, "id")};

    if (!is_signed(
            k)) /* also when there is no such channel: it is nobody's business which there are */
        return ctx_fail(&k->c, BERTH_DENIED, "denied", "err.denied");
    if (o == NULL || !outbox_one_line(&k->c, "from", m.from, 40) ||
        !outbox_one_line(&k->c, "id", m.name, 200))
        return k->c.rc;
    if (m.text == NULL)
        return ctx_invalid(&k->c, "text", "err.required", NULL);
    inbound_put(&k->c, &m);
    if (k->c.rc == BERTH_OK)
        k->req->status = 204;
    return k->c.rc;
}

static int unsorted(struct call *k)
{
    int64_t after = call_number(k, "after", 0, 0, INT64_MAX),
            limit = call_number(k, "limit", 50, 1, 200);

    return k->c.rc != BERTH_OK ? (int)k->c.rc
                               : inbound_page(&k->c, after, (int)limit, &k->req->out);
}

static int sort(struct call *k)
{
    const json_t *o = call_object(k);
    const char *name = call_string(k, "table");
    const struct table *t = name == NULL ? NULL : model_table(k->c.m, name);
    struct berth_row *r = NULL;

    if (o != NULL && (t == NULL || (t->flags & BERTH_BARE)))
        return ctx_invalid(&k->c, "table", "err.unknown_table", "name", name == NULL ? "" : name,
                           NULL);
    if (o != NULL)
        r = find_one(&k->c, t, json_integer_value(json_object_get(o, "id")));
    if (r != NULL && inbound_sort(&k->c, k->id, r) == BERTH_OK)
        k->req->status = 204;
    return k->c.rc;
}

const struct route_entry routes_channels[] = {
    {"GET", "/api/_channel", R_INSIDE, names, .about = "ways out that are on"},
    {"GET", "/api/_channel/_settings", R_ADMIN, settings,
     .about = "all adaptors and what is set for them, without secrets"},
    {"PUT", "/api/_channel/{name}", R_ADMIN | R_WRITE, put,
     .about = "switches a channel on or off and sets it: {\"active\",\"settings\":{}}"},
    {"POST", "/api/_channel/{name}/test", R_SLOW, test,
     .about = "sends a message to one's own address, and tells what came of it"},
    {"GET", "/api/_outbox", R_ADMIN | R_INSIDE, outbox, TAKES("state", "after", "limit"), .about = "messages that failed or wait"},
    {"POST", "/api/_outbox/{id}/again", R_ADMIN | R_WRITE | R_INSIDE, again, .about = "sends one now"},
    {"POST", "/api/{table}/{id}/_message", R_WRITE | R_INSIDE, message,
     .about = "a message about a record: {\"channel\",\"to\",\"text\"}"},
    {"POST", "/api/_inbound/{name}", R_PUBLIC | R_SIGNED | R_WRITE, incoming, TAKES("*"),
     .about = "an SMS from the gateway, signed"},
    {"GET", "/api/_inbox", R_ADMIN | R_INSIDE, unsorted, TAKES("after", "limit"), .about = "what came in and belongs to no record yet"},
    {"POST", "/api/_inbox/{id}/sort", R_ADMIN | R_WRITE | R_INSIDE, sort,
     .about = "to a record: {\"table\",\"id\"}"},
    {0},
};
