/* flow.h - what has to be approved: the rows of approval_flow, read once, and of which tables there are rules without code.  How an approval runs is told in
 * service/approval.h. */
#ifndef BERTH_FLOW_H
#define BERTH_FLOW_H

#include "record/row.h"

enum flow_start { FLOW_ASK, FLOW_CREATE, FLOW_CHANGE, FLOW_ACTION, FLOW_DELETE, FLOW_RESTORE };
enum flow_lock { FLOW_LOCKS, FLOW_RESTARTS, FLOW_FREE }; /* what an edit does while it waits */

/* What is read in place of a name, by the places of labels_locales; NULL: the name. */
struct said {
    const char *in[LABELS_LOCALES];
};

struct flow {
    int64_t id;
    const char *name;
    struct said said;
    const struct table *t;
    enum flow_start starts;
    const struct field *field; /* FLOW_CHANGE; NULL: any */
    const char *value;         /* what it has to become; NULL: anything */
    const char *action;        /* FLOW_ACTION */
    const char *applies_to;    /* a filter's JSON; NULL: everything */
    enum flow_lock locks;
    const struct field *state; /* tells how it stands; NULL: none */
    bool own, mail;
};

/* Those of a table, in order of their place; NULL behind the last.  Never NULL. */
const struct flow *const *flow_list(struct berth_ctx *c, const struct table *t);
/* Whether a save of the table's records has to be looked at: it or what it is a detail of has flows, or had. */
bool flow_guards(struct berth_ctx *c, const struct table *t);
/* Whether rules without code (service/automation.h) are about the table. */
bool flow_automates(struct berth_ctx *c, const struct table *t);
/* A row's other names, and what a name is for the ctx's reader. */
struct said flow_names(const struct berth_row *r);
const char *flow_said(const struct berth_ctx *c, const char *name, const struct said *said);
/* By its name in any language, or as a plugin declared it ("customers.deal"); NULL: the first that people may ask for. */
const struct flow *flow_named(struct berth_ctx *c, const struct table *t, const char *name);
/* Whether a filter (its JSON) holds for a record, whoever asks.  One that no longer fits its table holds. */
bool flow_holds(struct berth_ctx *c, const char *filter, const struct berth_row *r);

/* Refuses an edit by a person while an approval keeps the record from being edited. */
int flow_check_lock(struct berth_ctx *c, const struct berth_row *r);

/* Whether a record of t is shown to whoever is asked: it has an owner.  Of other tables their roles have to open it. */
bool flow_shows(const struct table *t);

/* Saving the rows of approval_flow and approval_step: what must hold, and what follows. */
int flow_check(struct berth_ctx *c, struct berth_row *r);
int flow_step_check(struct berth_ctx *c, struct berth_row *r);
int flow_saved(struct berth_ctx *c, struct berth_row *r, uint32_t deed);
void flow_changed(struct berth_ctx *c); /* with the commit */

/* Why records of a table cannot wait for approval, as the key of a text; NULL: they can. */
const char *flow_refuses(const struct table *t);
/* Whether a new record waits before it is made: of the host's own tables, which count as soon as they are there. */
bool flow_makes_later(const struct table *t);

/* Of a row that names a table (on_table) people work with, and a field of it: NULL, where it is none, with the problem told. */
const struct table *flow_table(struct berth_ctx *c, const struct berth_row *r);
const struct field *flow_field(struct berth_ctx *c, const struct berth_row *r, const struct table *t, const char *column);
void flow_value(struct berth_ctx *c, const struct berth_row *r, const struct field *f); /* that "value" is one of the field */

/* automation_check.c: the same for the rows of automation and automation_step. */
int automation_check(struct berth_ctx *c, struct berth_row *r);
int automation_step_check(struct berth_ctx *c, struct berth_row *r);

/* At the start: what plugins declared, each once. */
int flow_install(struct berth_ctx *c);

#endif
