/* channel.h - ways out through gateways: WeCom, Telegram, SMS ...  An adaptor in scripts/channels
 * says which requests a message needs; the host makes them, where the operator allows both the
 * adaptor and the host it talks to. */
#ifndef BERTH_CHANNEL_H
#define BERTH_CHANNEL_H

#include "service/fetch.h"
#include "service/outbox.h"

struct net { /* from berth.conf */
    struct fetch_limits limits;
    struct conf_pairs grant; /* "channel.telegram" -> "net" */
};

/* Sends it; not in a transaction.  conn: a reader of the caller's thread. */
enum out_result channel_send(struct store *st, struct db_conn *conn, struct arena *a,
                             const struct out_message *m, struct buf *why);

/* Whether a message can be put into the outbox for it: there is an adaptor, and administrators
 * switched it on. */
bool channel_active(struct berth_ctx *c, const char *name);
/* Into the outbox, "mail" as well; another channel must be on.  Its id, or 0. */
int64_t channel_write(struct berth_ctx *c, const struct out_message *m);
/* {"channels":[{"name","about","active","granted","settings":[{"name","secret","set","value"}]}]};
 * all: with settings, for administrators; else only names of those that are on. */
int channel_list_json(struct berth_ctx *c, bool all, struct buf *out);
/* On the writer: {"active":true,"settings":{"token":"…","api":null}}; what is not named stays, null
 * is the default. */
int channel_put(struct berth_ctx *c, const char *name, const json_t *o);
/* What is kept of one; set: {"token":"…"}, null where a secret is awaited.  Of whom loads it. */
struct channel {
    bool there, active;
    json_t *set, *kept;
};
struct channel channel_load(struct db_conn *conn, const char *name);
void channel_drop(struct channel *ch);
/* On the writer: its settings as they are now; administrators hear of what is awaited. */
int channel_keep(struct berth_ctx *c, const char *name, const struct channel *ch);
/* channel_config.c: the section "channels" of the configuration's file. */
struct config_task;
int channel_config_out(struct berth_ctx *c, struct json *j);
int channel_config_in(struct berth_ctx *c, struct config_task *k, const json_t *rows);
/* A secret of a channel's, for checking what comes in; NULL: none. */
const char *channel_setting(struct berth_ctx *c, const char *name, const char *setting);

#endif
