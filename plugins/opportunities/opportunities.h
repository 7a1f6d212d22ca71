/* opportunities.h - what the files of this plugin share. */
#ifndef OPPORTUNITIES_H
#define OPPORTUNITIES_H

#include <berth.h>

#include <string.h>

struct state {
    int64_t looked; /* the id that the run over idle deals has come to */
};

/* stages.c: pipelines and the way through them */
int stages_seed(struct berth_ctx *c);
int stage_check(struct berth_ctx *c, struct berth_event *ev);
int stage_drop(struct berth_ctx *c, struct berth_event *ev);
/* Puts a deal that is saved onto a stage: the first of its pipeline when it has none; asks whether it may
 * move there.  The stage, or NULL with the ctx's error. */
struct berth_row *stage_enter(struct berth_ctx *c, struct berth_row *deal, const struct berth_row *old);
int stage_logged(struct berth_ctx *c, struct berth_event *ev);
int stage_log_upgrade(struct berth_ctx *c, uint32_t from);
/* The pipeline's stage of a state ("won"), lowest place first; NULL when it has none. */
struct berth_row *stage_of_state(struct berth_ctx *c, int64_t pipeline, const char *state);

/* opportunities.c: whether a deal has such a field and people fill it in */
bool deal_asks(const char *name);

/* deal.c: what a deal is worth and how it ends */
int deal_check(struct berth_ctx *c, struct berth_event *ev);
int deal_saved(struct berth_ctx *c, struct berth_event *ev);
int deal_move(struct berth_ctx *c, struct berth_row *deal);
int deal_win(struct berth_ctx *c, struct berth_row *deal);
int deal_lose(struct berth_ctx *c, struct berth_row *deal);
int deal_reopen(struct berth_ctx *c, struct berth_row *deal);
int deal_hold(struct berth_ctx *c, struct berth_row *deal);
int deal_resume(struct berth_ctx *c, struct berth_row *deal);
int part_known(struct berth_ctx *c, struct berth_event *ev);
int deal_idle_all(struct berth_ctx *c);
int on_lead_converts(struct berth_ctx *c, struct berth_event *ev);
int on_lead_returns(struct berth_ctx *c, struct berth_event *ev);

/* rivals.c: competitors on the deal know that it was won */
int rival_check(struct berth_ctx *c, struct berth_event *ev);
int rivals_follow(struct berth_ctx *c, struct berth_event *ev);
int rivals_upgrade(struct berth_ctx *c, uint32_t from);

/* figures.c: funnel, forecast against targets, what was won and lost, won cases to learn from */
int closed(struct berth_ctx *c);
int won_against(struct berth_ctx *c);
int funnel(struct berth_ctx *c);
int forecast(struct berth_ctx *c);
int similar(struct berth_ctx *c);
int target_check(struct berth_ctx *c, struct berth_event *ev);

/* cooperation.c: peers and agents abroad */
int figure_check(struct berth_ctx *c, struct berth_event *ev);
int figure_saved(struct berth_ctx *c, struct berth_event *ev);

/* team.c: who stands in the project team works on the deal */
int team_check(struct berth_ctx *c, struct berth_event *ev);
int team_saved(struct berth_ctx *c, struct berth_event *ev);

#endif
