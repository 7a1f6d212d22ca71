/* whatif.h - what a draft of a rule about falling back would do to the records as they are, or would have
 * done to them in a time that is past.  Nothing is changed. */
#ifndef BERTH_WHATIF_H
#define BERTH_WHATIF_H

#include "record/due.h"

struct whatif {
    const struct table *t;
    const struct rule *rule; /* that the draft stands for */
    const char *script;      /* its text; NULL: the rules in force */
    size_t len;
    int64_t from, to;        /* replays that time; from 0: the records as they are */
    int64_t owner;           /* only this one's; 0: everybody's */
};

/* One record that would be lost, or that its owner keeps (at = 0). */
struct whatif_row {
    int64_t id, owner, at, pool;
    int64_t was;       /* when it falls back by the rules in force; 0: not */
    const char *why, *title; /* valid during the call */
};

struct whatif_told {
    int64_t records, asked; /* looked at; how often a rule was asked */
};

/* Calls each for every owned record that the user may read (a replay: for every one lost), and with NULL
 * where it begins: all that was told before is void.  BERTH_OK or
 * the ctx's error; what is wrong with the draft is the field "script"'s. */
int whatif_run(struct berth_ctx *c, const struct whatif *w, void (*each)(void *arg, const struct whatif_row *row),
               void *arg, struct whatif_told *told);

#endif
