/* approval_in.h - what the approval*.c files share; nobody else includes it. */
#ifndef BERTH_APPROVAL_IN_H
#define BERTH_APPROVAL_IN_H

#include "record/flow.h"
#include "service/approval.h"

/* A step as it was when the approval began. */
struct step {
    const char *name, *who, *field, *perm, *applies_to, *fills, *late;
    struct said said;
    int64_t role;
    struct ids people; /* in no order */
    int level, hours;
    bool all, skip;    /* everybody has to; with nobody to ask it is passed over */
    bool added;        /* by an approver */
};

struct plan {
    const char *flow, *state; /* state: a field's name, or NULL */
    struct said said;
    enum flow_lock locks;
    bool own, mail;
    struct step *steps;
    size_t n;
};

struct approval {
    int64_t id, tbl, rec, flow_id, by, at, due, ended;
    const char *state, *held; /* held: JSON, or NULL */
    struct plan plan;
    int step;                 /* the one that is asked, from 0 */
    const struct table *t;    /* NULL: its plugin is off */
    struct berth_row *row;    /* as it stands, lies in the recycle bin, or is to be made (rec: 0); NULL: it is gone for good */
    bool there;               /* it stands in its table */
};

struct ask {
    int64_t id, user, of_user, at, ended, done_by;
    int step;
    const char *state;
};

/* ---- approval_store.c: rows ------------------------------------------------------------------------ */
struct plan plan_of_flow(struct berth_ctx *c, const struct flow *f);
int64_t approval_add(struct berth_ctx *c, struct approval *a);
int approval_made(struct berth_ctx *c, struct approval *a, int64_t rec); /* of what was to be made first */
int approval_keep(struct berth_ctx *c, const struct approval *a); /* state, plan, step, due and end */
/* NULL, without an error, when there is none. */
struct approval *approval_load(struct berth_ctx *c, int64_t id);
/* Those of a record that have not ended, the latest first, or the latest of all; flow 0: of any. */
struct approval *approval_running(struct berth_ctx *c, int64_t tbl, int64_t rec, int64_t flow);

int64_t ask_add(struct berth_ctx *c, const struct approval *a, int64_t user, int64_t of_user);
int ask_end(struct berth_ctx *c, const struct ask *k, const char *state);
/* All of an approval, or those of its step that are open. */
struct ask *asks_of(struct berth_ctx *c, const struct approval *a, bool open, size_t *n);
int act_add(struct berth_ctx *c, const struct approval *a, const char *op, const char *note, int64_t for_user, int64_t whom,
            const char *via);
/* Whoever is asked sees the record, and no longer. */
int sight_give(struct berth_ctx *c, const struct approval *a, int64_t user);
int sight_end(struct berth_ctx *c, const struct approval *a, int64_t user); /* 0: everybody's */

/* ---- approval_who.c -------------------------------------------------------------------------------- */
/* Whom a step asks; none: nobody can be. */
struct ids step_people(struct berth_ctx *c, const struct approval *a, const struct step *s);
struct ids approval_admins(struct berth_ctx *c, const struct approval *a);
/* Whether the person may be asked: there, not asking for themselves, and able to see it. */
bool may_decide(struct berth_ctx *c, const struct approval *a, int64_t user);
/* Whether the step is needed for the record as it will be. */
bool step_needed(struct berth_ctx *c, const struct approval *a, const struct step *s, const struct berth_row *wanted);
/* The record with what is held in it. */
struct berth_row *approval_wanted(struct berth_ctx *c, const struct approval *a);

/* ---- approval.c ------------------------------------------------------------------------------------ */
int64_t approval_begin(struct berth_ctx *c, const struct flow *f, const struct berth_row *r, const char *held, const char *note);
int approval_pass_on(struct berth_ctx *c, struct approval *a, const struct ask *k, int64_t to, const char *state);
int approval_next(struct berth_ctx *c, struct approval *a, int from); /* asks the first step from there that is needed */
int approval_restart(struct berth_ctx *c, struct approval *a);
int approval_finish(struct berth_ctx *c, struct approval *a, const char *state);
bool approval_mine(struct berth_ctx *c, int64_t user); /* the ctx's user, or somebody for whom they stand in */
/* Whether the user knows of it: asked for it, was asked, or sees the record. */
bool approval_known(struct berth_ctx *c, const struct approval *a);
/* Whether the user would decide for themselves: asked for it, or owns the record. */
bool approval_own(struct berth_ctx *c, const struct approval *a);

const char *approval_called(struct berth_ctx *c, const struct approval *a); /* its flow, for alerts */

/* ---- approval_mail.c ------------------------------------------------------------------------------- */
int approval_mail(struct berth_ctx *c, const struct approval *a, int64_t ask, int64_t user);

#endif
