/* job.h - work that outlives a request: rows of table `job` in a durable queue, run one after the
 * other by a thread of their own, with progress, cancel and result.
 *
 * A job's step commits its work together with the job's progress, so that a job cut off by a crash
 * goes on behind its last step and repeats nothing. */
#ifndef BERTH_JOB_H
#define BERTH_JOB_H

#include <jansson.h>

#include "record/ctx.h"

struct jobs; /* the runner */

struct job { /* one that runs */
    struct store *st;
    struct db_conn *conn; /* a reader of the runner's */
    struct arena *a;      /* the job's; lives until it ends */
    int64_t id, user;
    json_t *args, *result; /* result as of the last step; change it and it is kept with the next */
    int64_t done, total;
    const char *locale;
    bool cancelled;        /* somebody asked: stop at the next step */
    bool stops;            /* cancelled because the server stops: it goes on with the next one */
    bool aside;            /* set by run(), which answers 0: not over, it goes on behind the others that wait */
    int attempts;          /* as its kind says, unless run() says otherwise */
    int64_t wait;
};

struct job_kind {
    const char *name;
    /* 0: done; -1: failed, why in err. */
    int (*run)(struct job *j, struct buf *err);
    bool stages; /* staged duplicate keys (dup_stage.h) may wait when it begins, and when it ends */
    /* Tries until it has failed, the ms before the second, doubled with each; 0: one. */
    int attempts;
    int64_t wait;
};
extern const struct job_kind job_kinds[]; /* in kinds.c; ends with name NULL */
enum { JOB_ATTEMPTS = 5, JOB_WAIT = 30000 }; /* where a plugin or a script brings its own */

/* On the writer: a new job of the ctx's user.  Its id. */
int64_t job_add(struct berth_ctx *c, const char *kind, const json_t *args, int64_t total);

/* A ctx with the starter's rights as they are now; fails when the user is gone. */
void job_ctx(struct job *j, struct berth_ctx *c, struct db_conn *conn, struct arena *a);
/* One step: body's changes and the job's progress in one transaction, behind everybody's requests.
 * 0, or -1 when the commit failed. */
int job_step(struct job *j, int (*body)(struct job *j, struct db_conn *writer, void *arg), void *arg);
/* For jobs that write steps of their own with db_submit(): keeps done, total and result. */
int job_write(struct job *j, struct db_conn *writer);
/* How far it had come before a transaction that changes it; behind that it is forgotten, or, when the transaction
 * was undone, holds again: else the end of the job would keep progress that nothing stands behind. */
struct job_mark {
    int64_t done, total;
    json_t *result;
    bool taken;
};
struct job_mark job_mark(const struct job *j);
/* Nothing when the mark was not taken: a transaction that cannot begin is over without its body, which takes it. */
void job_settle(struct job *j, struct job_mark *m, bool kept);
void job_look(struct job *j); /* learns of a cancel or that the server stops */
/* Whether other jobs could run now: who has no end in sight lets them. */
bool job_others_wait(struct job *j);
/* Progress alone; also learns of a cancel. */
int job_progress(struct job *j);

struct jobs *jobs_start(struct store *st, struct buf *err);
void jobs_wake(struct jobs *jobs); /* there may be something to do */
void jobs_stop(struct jobs **jobs); /* at the next step of the running one; it goes on next time */

/* {"id":…,"state":…} of one of the user's jobs (administrators: any). */
int job_json(struct berth_ctx *c, int64_t id, struct buf *out);
int job_cancel(struct berth_ctx *c, int64_t id);
/* On the writer: one that failed, was cancelled or waits for another try goes on behind its last step. */
int job_again(struct berth_ctx *c, int64_t id);

#endif
