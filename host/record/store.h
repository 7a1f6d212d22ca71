/* store.h - what all requests of a running host share: the database, the current model, labels,
 * company defaults, scripts.  One per process; made by record_open(). */
#ifndef BERTH_STORE_H
#define BERTH_STORE_H

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "db/db.h"
#include "model/labels.h"
#include "model/model.h"

/* What a rule's script looks at, so that equal records need not be asked about twice. */
struct script_reads {
    const struct table *of; /* the rule's first argument is a record of it */
    bool *field;            /* by place in that table */
    int learned;            /* grows when it looked at a field that its text did not name */
    bool loose;             /* it asks for more than the record: the day, other records, who asks */
    bool settings;          /* it asks for settings */
    uint64_t hash;          /* of its text */
};
struct script_channel {
    const char *name, *about;
    const char *settings; /* JSON: [{"name","secret","default"}] */
};
struct script_job {
    const char *name, *about;
    const char *right; /* who may start it, "leads.claim"; NULL: administrators */
    const char *on;    /* the table on whose lists, or records (where it asks for "id"), it is offered; NULL: nowhere */
    const char *args;  /* JSON: [{"name","default"}] */
    int attempts;      /* tries until it has failed */
    int64_t wait;      /* ms before the second; doubled with each */
};
struct script_draft; /* a rule's text that is not in force */

/* How the record layer reaches Lua, which lies below it.  Any member may be NULL. */
struct script_ops {
    /* A rule's answer; false: no script (or a broken one) answers, take the declared default. */
    bool (*rule)(struct berth_ctx *c, const struct rule *r, const struct berth_val *args, size_t n,
                 struct berth_val *out);
    /* Lua hooks of one order slot; see hook_run(). */
    int (*hook)(struct berth_ctx *c, struct berth_event *ev);
    /* Whether hook() has anything for this table or topic (NULL table) and point. */
    bool (*has_hook)(const struct table *t, const char *topic, uint32_t when);
    uint64_t (*generation)(void); /* grows when scripts are read again */
    /* Adaptors for channels, in the arena. */
    const struct script_channel *(*channels)(struct arena *a, size_t *n);
    /* One step of an adaptor: send(message), or reply(message, reply).  {"request":…}, {"sent":true}, {"failed":why}
     * or {"later":why}, and "kept"; NULL with err when the script failed. */
    json_t *(*channel)(struct berth_ctx *c, const char *name, const json_t *message, const json_t *reply, struct buf *err);
    /* Timers of scripts, in the arena. */
    const struct timer *(*timers)(struct arena *a, size_t *n);
    /* One turn of one of them: more than 0 asks for another; < 0 with the ctx's error, BERTH_NOT_FOUND without one:
     * there is none of that name any more. */
    int (*timer)(struct berth_ctx *c, const char *full);
    /* Jobs of scripts, in the arena. */
    const struct script_job *(*jobs)(struct arena *a, size_t *n);
    /* One turn of one of them.  x: {"id","args","done","total","result"}, of which it changes the last three.  More than 0
     * asks for another; < 0 with the ctx's error. */
    int (*job)(struct berth_ctx *c, const char *name, json_t *x);
    /* False: no script answers the rule, or none about a record.  The flags are in the ctx's arena. */
    bool (*reads)(struct berth_ctx *c, const struct rule *r, struct script_reads *out);
    /* The answer to a rule makes no sense: told to the administrator like an error of the script. */
    void (*complain)(const struct rule *r, const char *why);
    /* Checks the text as that rule's; NULL with err when it is refused.  For one thread. */
    struct script_draft *(*draft)(struct berth_ctx *c, const struct rule *r, const char *text, size_t len,
                                  struct buf *err);
    /* 1: answered, 0: no opinion, -1: it failed, err says why. */
    int (*draft_ask)(struct script_draft *d, struct berth_ctx *c, const struct berth_val *args, size_t n,
                     struct berth_val *out, struct buf *err);
    void (*draft_reads)(const struct script_draft *d, struct berth_ctx *c, struct script_reads *out);
    void (*draft_free)(struct script_draft **d);
};

/* What open browsers hear of, after the commit.  send() never waits. */
enum event_kind { EVENT_ALERT, EVENT_CHANGED, EVENT_JOB };
struct event {
    enum event_kind kind;
    int64_t user;      /* EVENT_ALERT, EVENT_JOB: whose */
    const char *table; /* EVENT_CHANGED: a name that lives as long as the process */
    int64_t id;        /* of the record or job; 0: several, or gone */
};
struct event_ops {
    void (*send)(void *hub, const struct event *e); /* NULL: nobody listens */
    void *hub;
};

struct acting; /* record/action.h */

struct config_task;
struct json;

/* What hangs on records (host/service, which lies above) hears of their fate here, inside the
 * transaction.  Any member may be NULL. */
struct service_ops {
    int (*saved)(struct berth_ctx *c, const struct berth_row *r); /* r->old: NULL when it is new */
    int (*imported)(struct berth_ctx *c, const struct berth_row *r); /* new, of many */
    int (*gone)(struct berth_ctx *c, const struct table *t, int64_t id); /* for good */
    /* Of tables with flows of approval (record/flow.h): before a save is checked, before a record is dropped, before an
     * action runs.  They may refuse, or put aside what has to be approved first; held() is behind the save, when something
     * was.  drops(), restores(), makes(): whether the deletion, the coming back out of the recycle bin, the new record was put
     * aside as a whole, or refused; would_wait(): whether the new record would be. */
    int (*saving)(struct berth_ctx *c, struct berth_row *r);
    int (*held)(struct berth_ctx *c, struct berth_row *r);
    bool (*makes)(struct berth_ctx *c, struct berth_row *r);
    bool (*would_wait)(struct berth_ctx *c, const struct berth_row *r);
    bool (*drops)(struct berth_ctx *c, struct berth_row *r);
    bool (*restores)(struct berth_ctx *c, struct berth_row *r);
    int (*dropping)(struct berth_ctx *c, struct berth_row *r);
    int (*acting)(struct berth_ctx *c, struct acting *x); /* sets x->flow when the action waits instead */
    /* The section "channels" of the configuration's file, written and read. */
    int (*config_out)(struct berth_ctx *c, struct json *j);
    int (*config_in)(struct berth_ctx *c, struct config_task *k, const json_t *rows);
    const char *(*locks)(struct berth_ctx *c, const struct berth_row *r); /* the approval that keeps it from being edited, or NULL */
    /* The same of n records of a table in one question, without what they are details of: flow[i] is set where there is one. */
    void (*locked)(struct berth_ctx *c, const struct table *t, const int64_t *id, size_t n, const char **flow);
};

struct company { /* defaults of the installation */
    char country[3], currency[4], zone[64], locale[8], name[128];
};

struct session_cache;
struct table_numbers;
struct titles_cache;
struct old_model;
struct who_cache;
struct dup_recent;
struct dup_stage;
struct dup_filter;
struct cached;
struct order;

struct cache { /* record/cached.h */
    _Atomic uint64_t gen; /* grows with every change of what it was read from */
    _Atomic(struct cached *) first;
};

struct store {
    struct db *db;
    const struct db_dialect *dialect;
    _Atomic(const struct model *) model;
    struct labels *labels;
    struct company company;
    const char *files_dir; /* attachments and import files */
    const char *backup_dir; /* where the job "backup" puts copies */
    const char *archive_dir; /* where what retention cuts off goes */
    const char *public_url; /* where people reach this server; NULL or "": not known */
    const struct net *net; /* service/channel.h: what adaptors may reach; NULL: nothing */
    const char *scanner;   /* where clamd listens; NULL or "": nobody looks at uploads */
    struct script_ops scripts;
    struct service_ops services;
    struct event_ops events;
    /* What REST offers around records, from inside: "POST /lead/7/_note".  args: a JSON object, the caller's.  The answer
     * in the ctx's arena, "" when there is none; NULL with the ctx's error.  NULL itself where no web server runs. */
    const char *(*call)(struct berth_ctx *c, const char *what, json_t *args);
    const struct berth_plugin *const *plugins;
    size_t nplugins;
    void **plugin_states;      /* beside plugins, from open() */
    const uint32_t *plugin_caps; /* granted, beside plugins */
    _Atomic uint64_t rights_gen; /* grows with every change of users, roles, pools ... */
    _Atomic int64_t rights_batch; /* the writer's batch in which they changed last, see who_get() */
    struct table_numbers *numbers;
    uint64_t made;         /* the writer's: models that were made while running */
    struct old_model *old; /* models that were in force before; requests may still hold them */
    _Atomic uint64_t view_gen;   /* grows when a saved view or what somebody says of one changes */
    _Atomic uint64_t dup_gen;    /* grows when duplicate keys were committed or sorted in */
    struct dup_recent *recent;   /* duplicate keys not sorted in yet */
    struct dup_stage *staged;    /* keys of an import that are not in their index yet */
    struct dup_filter *filter;   /* which keys nobody has */
    struct cache rules; /* about duplicates */
    struct cache due;   /* pools and their rules */
    struct cache flows; /* what has to be approved */
    struct cache conditions; /* of declarations */
    struct order *order; /* what lists of texts are sorted by */
    struct who_cache *who;
    struct session_cache *sessions;
    struct titles_cache *titles;
    struct db_fts_source source; /* see search_source() */
    bool unsealed; /* the writer's: this commit adds to history or audit trail, see seal.h */
    /* Fixed for tests: 0 means the clock. */
    _Atomic int64_t clock;
    size_t dup_sort_from; /* duplicate keys that gather before they are sorted in: 0 means the usual */
    size_t dup_filter_looks, dup_filter_room; /* see dup_filter_new() */
};

/* Reads the model's stable numbers, custom fields and dictionary items and publishes the model.
 * The database must be migrated.  0 or -1. */
int store_open(struct store *st, struct buf *err);
/* The model as plugins and the database declare it now. */
struct model *store_build(struct store *st, struct db_conn *conn, struct buf *err);
/* A custom field or dictionary item changed in this transaction: builds the new model, adds the
 * columns, and puts it in force with the commit; with c->together in the rest of this transaction, too. */
int store_remodel(struct berth_ctx *c);
/* That was in a step which was taken back.  m is kept, as old models are: something of this request may still point
 * into it. */
void store_undeclared(struct berth_ctx *c, const struct model *m);
/* The stable number of a table, kept in model_table; 0 before its first migration. */
int64_t store_table_no(const struct store *st, const struct table *t);
/* The other way round; NULL when no enabled plugin has it. */
const struct table *store_table_of(const struct store *st, const struct model *m, int64_t no);
int64_t store_now(struct store *st);
void store_close(struct store *st);

/* perm.c */
struct who_cache *who_cache_new(void);
void who_cache_free(struct who_cache **wc);

#endif
