/* fakehost.h - a host in memory, to test a plugin's functions without a server or a database.
 *
 * The test includes the plugin's .c file and this header, and is linked with fakehost.c:
 *
 *     #include "rates.c"
 *     #include <fakehost.h>
 *
 *     struct fake *f = fake_new(berth_plugin_entry);
 *     struct berth_row *r = fake_given(f, "rate", "name", berth_s("FCL"), "size", berth_i(20));
 *     assert(fake_action(f, "rate", "close", r) == BERTH_OK);
 *     assert(strcmp(fake_text(r, "status"), "closed") == 0);
 *     fake_free(&f);
 *
 * What it does as the real host: defaults of new records, hooks of the plugin on its own tables,
 * versions, filters, sticky errors, steps that are undone, defaults of rules and settings.  What it
 * leaves out: permissions on records, types and lengths, Lua, other plugins, SQL; what waits for approval waits
 * for fake_decide(). */
#ifndef FAKEHOST_H
#define FAKEHOST_H

#include <berth.h>

struct fake;

/* entry is the plugin's berth_plugin_entry. */
struct fake *fake_new(const struct berth_plugin *(*entry)(const struct berth_api *));
void fake_free(struct fake **f);

/* The ctx to call a function of the plugin with.  Errors stick to it until fake_clear(). */
struct berth_ctx *fake_ctx(struct fake *f);
void fake_clear(struct fake *f); /* a new request: no error, no parameters, no reply */

/* The world around: the user starts as 1, the clock at 2026-01-01T00:00Z. */
void fake_user(struct fake *f, int64_t id);
void fake_now(struct fake *f, int64_t ms);
void fake_may(struct fake *f, const char *perm,
              bool may); /* every permission is granted at first */
void fake_param(struct fake *f, const char *name, struct berth_val v);
void fake_setting(struct fake *f, const char *name, struct berth_val v); /* "rates.keep_days" */
void fake_rule(struct fake *f, const char *name, struct berth_val v);    /* what a script answers */
/* An answer that depends on the arguments. */
void fake_rule_run(struct fake *f, const char *name,
                   struct berth_val (*run)(const struct berth_val *args, size_t n));

/* A stored record, no hooks: table, then names and values. */
#define fake_given(f, ...) fake_given_(f, __VA_ARGS__, NULL)
struct berth_row *fake_given_(struct fake *f, const char *table, ...);
/* As it is stored now; NULL when it is gone. */
struct berth_row *fake_stored(struct fake *f, const char *table, int64_t id);
int64_t fake_int(const struct berth_row *r, const char *field);
const char *fake_text(const struct berth_row *r, const char *field); /* "" when empty */

/* Run what the plugin declared, by name; BERTH_NOT_FOUND when it declares no such thing. */
int fake_action(struct fake *f, const char *on, const char *name, struct berth_row *row);
int fake_timer(struct fake *f, const char *name);
int fake_route(struct fake *f, const char *method, const char *path);
int fake_save(struct fake *f, struct berth_row *row); /* as a user's form does: hooks run */
int fake_drop(struct fake *f, struct berth_row *row);
int fake_event(struct fake *f, const char *topic, struct berth_row *row);
int fake_open(struct fake *f); /* the plugin's open() */
int fake_alerts(const struct fake *f); /* how many it raised so far */
void fake_answer(struct fake *f, const char *what, const char *json); /* of host->call(c, what, ...); else "" */
int fake_called(struct fake *f, const char *what);                    /* how often */
/* Ends the approval that host->ask() began (flow NULL: any): "approved", "rejected", "withdrawn", "returned". */
void fake_decide(struct fake *f, const struct berth_row *row, const char *flow, const char *state);

/* What came of it. */
const char *fake_error_key(struct fake *f);          /* "" without an error */
const char *fake_error_field(struct fake *f);        /* "" */
int fake_emitted(struct fake *f, const char *topic); /* how often */
const char *fake_noted(struct fake *f);              /* "op: text" of the last note, or "" */
int fake_replied(struct fake *f);                    /* the status, 0 without a reply */
const char *fake_reply(struct fake *f);              /* the body, or "" */
int fake_logged(struct fake *f, const char *part);   /* lines that hold part */

#endif
