/* customers.h - what the files of this plugin share. */
#ifndef CUSTOMERS_H
#define CUSTOMERS_H

#include <berth.h>

#include <string.h>

static inline int save_row(struct berth_ctx *c, void *row) /* for host->all_rows() */
{
    return host->save(c, row);
}

/* codes.c: brings a company's codes into the form they are printed in; fails the ctx on a wrong one */
int codes_check(struct berth_ctx *c, struct berth_row *customer);

/* customer.c: companies: what must hold, activity and lifecycle */
int customer_check(struct berth_ctx *c, struct berth_event *ev);
int customer_saved(struct berth_ctx *c, struct berth_event *ev);
int customer_drop(struct berth_ctx *c, struct berth_event *ev);
int customer_appraise_all(struct berth_ctx *c);
int on_work_done(struct berth_ctx *c, struct berth_event *ev);
int on_deal_won(struct berth_ctx *c, struct berth_event *ev);

/* convert.c: companies and people that come from leads */
int on_lead_converts(struct berth_ctx *c, struct berth_event *ev);
int on_lead_returns(struct berth_ctx *c, struct berth_event *ev);

/* contact.c: people at companies, and the data about them that needs their consent */
int contact_check(struct berth_ctx *c, struct berth_event *ev);
int link_check(struct berth_ctx *c, struct berth_event *ev);
int private_check(struct berth_ctx *c, struct berth_event *ev);
int contact_erase(struct berth_ctx *c, struct berth_row *contact);
int buying_map(struct berth_ctx *c);

/* care.c: days to remember */
int care_check(struct berth_ctx *c, struct berth_event *ev);
int care_remind(struct berth_ctx *c);
/* The next day on or after `today` that falls on the same day of the year. */
int64_t care_next(int64_t day, int64_t today);

/* hard.c: customers that their salesperson cannot win, month by month */
int hard_list(struct berth_ctx *c);
int hard_hand_over(struct berth_ctx *c, struct berth_row *hard_case);
int hard_keep(struct berth_ctx *c, struct berth_row *hard_case);
int hard_give_up(struct berth_ctx *c, struct berth_row *hard_case);

/* relations.c: who has to do with whom */
int relation_check(struct berth_ctx *c, struct berth_event *ev);
int relation_graph(struct berth_ctx *c);

/* customers.c: the state of the runs over all customers */
struct state {
    int64_t appraised, listed; /* the ids they have come to */
};

#endif
