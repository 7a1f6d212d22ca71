/* ctx.h - one request, job step, hook or timer tick: who acts, on which connection, what went
 * wrong.  `struct berth_ctx` of berth.h is this struct. */
#ifndef BERTH_CTX_H
#define BERTH_CTX_H

#include <stdarg.h>

#include "base/arena.h"
#include "base/json.h"
#include "record/perm.h"
#include "record/store.h"

/* rc beyond enum berth_rc, never seen by plugins: a read ran out of its inline budget. */
enum { CTX_OVERRUN = -100 };

struct ctx_problem { /* one field's error */
    const char *field, *key; /* i18n key: "err.required" */
    const char *args[5];     /* name, value, ... , NULL for the text's {placeholders} */
    struct ctx_problem *next;
};

struct ctx_match { /* a possible duplicate */
    const struct table *table;
    int64_t id;        /* 0: the user may not see it */
    int64_t rec;       /* the same, whoever sees it: nobody is told */
    const char *title;
    const char *by[8]; /* field names */
    size_t nby;
    bool hidden;       /* by what the record's pool hides: then it is not named */
    bool blocks, warns; /* by the rule that says so; neither: it is only told */
    struct ctx_match *next;
};

struct answer;

struct ctx_done { /* runs after the commit */
    void (*run)(struct berth_ctx *c, void *arg);
    void *arg;
    struct ctx_done *next;
};

struct berth_ctx {
    struct store *st;
    const struct model *m;
    struct db_conn *conn;
    struct arena *a;
    const struct who *who; /* NULL: the host itself, all rights */
    int64_t now;           /* ms */
    uint64_t titles_at;    /* the last change of titles before anything was read */
    const char *locale;
    const char *request;   /* id, for logs */
    const char *ip;        /* where it came from; NULL: from inside */
    const char *plugin;    /* whose callback runs, for host->state() */
    bool writing;          /* conn is the writer, inside a transaction */
    bool only;             /* one save is all that this body writes */
    bool allow_duplicates; /* the user said: save anyway */
    const struct berth_row *succeeds[4]; /* what is saved takes these records' places: no duplicate of them */
    bool quiet;            /* bulk work: no per-record history of creation */
    bool seen;             /* inside a BERTH_SEEN action: saves skip the update scope */
    bool all;              /* inside host->all_rows(): no row is out of reach */
    bool undo;             /* puts back what was: no stamps, no recycle bin, no hooks of plugins and scripts */
    bool aloud;            /* with undo: hooks behind what goes run all the same, for what they did when it came stays */
    /* Told of what is saved and dropped: what was saved when it is in the table, before hooks act on it. */
    int (*follow)(struct berth_ctx *c, void *arg, struct berth_row *r, uint32_t deed);
    void *follow_arg;
    int depth;             /* hooks that save that run hooks ... */
    const char *op;        /* what history calls this change: "update", or an action's name */
    const char *note;      /* free text with it */
    int64_t batch;         /* the handover that changes of owner belong to */
    bool exact;            /* undoing: who changed it last, and when, is as before, too */
    bool together;         /* custom fields and dictionaries are declared together, by whoever set this: */
    bool redeclared;       /* and there was one */
    bool outside;          /* what is written now a plugin or a script writes, whoever set it off */
    bool approved;         /* what is written now was approved: none of it waits, nothing is locked */
    int64_t waits;         /* the approval that something put aside in this ctx waits for; 0: nothing does */
    struct acting *acting; /* the action that runs */
    const struct automating *automating; /* the rules without code that run */
    bool as_it_was;        /* undoing: a record that goes back to its owner is stamped as before */

    enum berth_rc rc; /* the first error sticks */
    const char *code; /* REST code where rc alone does not tell: "stale", "duplicate", "unique" */
    const char *key;  /* i18n key of the message */
    const char *args[5];
    struct ctx_problem *problems, **problems_end;
    struct ctx_match *matches;
    int64_t into; /* "merged": where the record went */
    struct berth_row *current; /* on a stale version: the row as it is now */
    const char *mine;          /* and what was to become of it, as JSON; NULL when not known */
    struct ctx_done *done;

    /* host->param(): the action's form or the request's parameters. */
    struct berth_val (*param)(void *arg, const char *name);
    void *param_arg;
    void (*reply)(void *arg, int status, struct buf *json); /* routes */
    void *reply_arg;
    const char *reply_type; /* NULL: JSON */
    struct answer *answer;  /* what a route puts together, see plugin/api_json.c */
    bool cut;               /* sums for it stopped for lack of time */
    bool told_once;         /* the answer is kept nowhere: it may tell a secret that was made, or shows records as they are seen now */
};

/* On the stack or in an arena; nothing to free.  who may be NULL (the host). */
void ctx_init(struct berth_ctx *c, struct store *st, struct db_conn *conn, struct arena *a,
              const struct who *who, const char *locale);

int ctx_fail(struct berth_ctx *c, enum berth_rc rc, const char *code, const char *key);
int ctx_fail_at(struct berth_ctx *c, enum berth_rc rc, const char *field, const char *key); /* the field may be NULL */
/* Names a field; several problems may gather before the ctx is looked at again. */
int ctx_invalid(struct berth_ctx *c, const char *field, const char *key, ...); /* name, value..., NULL */
/* Behind something that ran inside: all that c says of who acts and how is again as in `before`, what it came to stays:
 * error, duplicates, what waits for approval, what runs after the commit. */
void ctx_resume(struct berth_ctx *c, const struct berth_ctx *before);
/* The database said no: maps DB_* to a berth_rc and logs. */
int ctx_db(struct berth_ctx *c, int db_rc, const char *what);
/* Runs a statement that writes, and resets it. */
int ctx_write(struct berth_ctx *c, struct db_stmt *s, const char *what);
/* Forgets the error, for loops that go on (bulk). */
void ctx_clear(struct berth_ctx *c);
void ctx_after_commit(struct berth_ctx *c, void (*run)(struct berth_ctx *, void *), void *arg);
void ctx_run_done(struct berth_ctx *c); /* after the commit */

/* The text of a key in the user's language, placeholders filled. */
const char *ctx_text(struct berth_ctx *c, const char *key, const char *const *args);
void ctx_matches_json(struct berth_ctx *c, struct json *j); /* [{"table":..,"id":..}] */
/* {"error":{...}} for the ctx's error; the HTTP status. */
int ctx_error_json(struct berth_ctx *c, struct buf *out);

#endif
