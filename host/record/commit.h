/* commit.h - a write that no request asked for: one transaction with a ctx and an arena of its own, and
 * behind its commit what it wants done then.  Timers, jobs and the start of the host write this way. */
#ifndef BERTH_COMMIT_H
#define BERTH_COMMIT_H

#include "record/job.h"

struct commit {
    struct store *st;
    struct job *job;   /* whose rights hold and whose progress is kept with it; NULL: the host's own */
    const char *what;  /* names it in the log and in histories: "leads.release" */
    bool low;          /* behind everybody's requests; jobs always are */
    int (*body)(struct berth_ctx *c, void *arg);
    void *arg;
    struct buf *err;   /* what went wrong, for people; may be NULL */
};

/* 0 once it is committed; else nothing was changed: the ctx's or the database's error, negative. */
int commit_run(const struct commit *k);

#endif
