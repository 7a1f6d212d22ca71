/* approval.h - what has to be approved waits until those whom its flow names have decided.
 *
 * A flow (record/flow.h, rows of approval_flow) says what waits: a new record, a field that changes, an action, or that
 * somebody asks.  A change or an action that waits is put aside (`held`) and done, as who asked, in the transaction of the
 * last decision.  An approval keeps the steps as they were when it began.  All of it is one state machine on the writer:
 *
 *     open -> (step by step) -> approved | rejected;  open -> returned -> open;  open, returned -> withdrawn
 *
 * Whoever is asked sees the record as long as they are: a row of record_share with kind "approval". */
#ifndef BERTH_APPROVAL_H
#define BERTH_APPROVAL_H

#include "record/action.h"
#include "record/flow.h"

/* What the record layer calls; see struct service_ops. */
int approval_saving(struct berth_ctx *c, struct berth_row *r);
int approval_held(struct berth_ctx *c, struct berth_row *r);
int approval_saved(struct berth_ctx *c, const struct berth_row *r);
bool approval_makes(struct berth_ctx *c, struct berth_row *r);
bool approval_would_wait(struct berth_ctx *c, const struct berth_row *r);
bool approval_drops(struct berth_ctx *c, struct berth_row *r);
bool approval_restores(struct berth_ctx *c, struct berth_row *r);
int approval_dropping(struct berth_ctx *c, struct berth_row *r);
int approval_acting(struct berth_ctx *c, struct acting *x);
int approval_gone(struct berth_ctx *c, const struct table *t, int64_t id); /* for good: nothing of it waits any more */

/* On the writer: somebody asks.  flow: NULL or a name as flow_named() takes it.  The approval's id, 0 with the ctx's error. */
int64_t approval_ask(struct berth_ctx *c, struct berth_row *r, const char *flow, const char *note);

/* What somebody does with one: "approve", "reject", "return", "delegate", "add", "withdraw", "resubmit". */
struct approval_deed {
    const char *op, *note;
    const char *where;    /* add: "before", "with" or "after" */
    int64_t user;         /* delegate, add: whom */
    int step;             /* return: to which, from 1; 0: to who asked */
    const json_t *values; /* approve: fields that the step has filled in */
    int64_t ask;          /* only as this one; 0: whichever is the user's */
    bool link;            /* by a mail's link */
};
int approval_do(struct berth_ctx *c, int64_t id, const struct approval_deed *d);

/* Reading: as JSON, for the ctx's user.  box: "todo", "mine", "decided". */
int approval_box(struct berth_ctx *c, const char *box, int64_t before, int limit, struct buf *out);
int approval_of_record(struct berth_ctx *c, const struct berth_row *r, struct buf *out);
int approval_one(struct berth_ctx *c, int64_t id, struct buf *out);
/* How many wait for the user: at most APPROVAL_BADGE. */
enum { APPROVAL_BADGE = 100 };
int64_t approval_waiting(struct berth_ctx *c);
/* The state of the record's last approval in a flow (NULL: in any); NULL: there was none. */
const char *approval_state(struct berth_ctx *c, const struct berth_row *r, const char *flow);

/* The flow whose running approval keeps people from editing and deleting the record, or what it is a detail of; NULL: none. */
const char *approval_locks(struct berth_ctx *c, const struct berth_row *r);
/* The same of many records at once, without what they are details of: flow[i] is set where there is one. */
void approval_locked(struct berth_ctx *c, const struct table *t, const int64_t *id, size_t n, const char **flow);

/* By the link of a mail.  Who it was sent to, NULL with the ctx's error; *id: the approval, *ask: of which they were asked. */
const struct who *approval_link(struct berth_ctx *c, const char *token, int64_t *id, int64_t *ask);

/* All whose time is over, from a thread of its own, which lends its reader. */
void approval_due(struct store *st, struct db_conn *reader);
/* Somebody left: what waited for them goes to their superior. */
int approval_left(struct berth_ctx *c, int64_t user);

#endif
