/* activities.h - what the files of this plugin share. */
#ifndef ACTIVITIES_H
#define ACTIVITIES_H

#include <berth.h>

#include <string.h>

/* activity.c: what was done and what is planned */
int activity_check(struct berth_ctx *c, struct berth_event *ev);
int activity_saved(struct berth_ctx *c, struct berth_event *ev);
int activity_log(struct berth_ctx *c, struct berth_row *on);
int activity_done(struct berth_ctx *c, struct berth_row *activity);
int activity_check_in(struct berth_ctx *c, struct berth_row *activity);
int on_lead_converted(struct berth_ctx *c, struct berth_event *ev);
int on_lead_returning(struct berth_ctx *c, struct berth_event *ev);
int activity_upgrade(struct berth_ctx *c, uint32_t from);
/* The customer of the contact or opportunity that a record names, where it names none itself. */
void about_customer(struct berth_ctx *c, struct berth_row *r);

/* task.c: work handed down or set oneself, memos */
int task_check(struct berth_ctx *c, struct berth_event *ev);
int task_saved(struct berth_ctx *c, struct berth_event *ev);
int task_accept(struct berth_ctx *c, struct berth_row *task);
int task_decline(struct berth_ctx *c, struct berth_row *task);
int task_progress(struct berth_ctx *c, struct berth_row *task);
int task_finish(struct berth_ctx *c, struct berth_row *task);
int task_cancel(struct berth_ctx *c, struct berth_row *task);
int remind(struct berth_ctx *c, struct berth_event *ev);
/* Days since 1970 to and from a calendar day. */
int64_t to_days(int64_t y, int64_t m, int64_t d);
void from_days(int64_t day, int64_t *y, int64_t *m, int64_t *d);

/* report.c: work reports with their own numbers */
int report_check(struct berth_ctx *c, struct berth_event *ev);
int report_submit(struct berth_ctx *c, struct berth_row *report);
int report_read(struct berth_ctx *c, struct berth_row *report);
int target_check(struct berth_ctx *c, struct berth_event *ev);
/* How many "calls", "visits" ... somebody did from one day to another. */
int64_t work_count(struct berth_ctx *c, const char *metric, int64_t user, int64_t from_day, int64_t to_day);

/* figures.c: overview of a team, targets, reports handed in */
int overview(struct berth_ctx *c);
int targets(struct berth_ctx *c);
int report_figures(struct berth_ctx *c);

/* invite.c: who is asked to an appointment and what they answer */
int activity_invite(struct berth_ctx *c, struct berth_row *activity);
int invitations_follow(struct berth_ctx *c, struct berth_event *ev);
int invitations_off(struct berth_ctx *c, struct berth_event *ev);
int invitation_accept(struct berth_ctx *c, struct berth_row *invitation);
int invitation_maybe(struct berth_ctx *c, struct berth_row *invitation);
int invitation_decline(struct berth_ctx *c, struct berth_row *invitation);

/* free.c: who is free when */
bool is_busy(struct berth_ctx *c, int64_t user, int64_t from, int64_t to, int64_t but_activity); /* ms */
bool is_working(struct berth_ctx *c, int64_t user, int64_t from, int64_t to); /* the whole time within working hours */
int64_t clock_minutes(const char *text); /* of "09:30"; -1: none is meant */
int work_hours_check(struct berth_ctx *c, struct berth_event *ev);
int clashes(struct berth_ctx *c);
int free_people(struct berth_ctx *c);

/* plan.c: plans of steps */
int plan_start(struct berth_ctx *c, struct berth_row *on);
int plan_by_rule(struct berth_ctx *c, struct berth_event *ev);

/* line.c: a contact record from one line of text */
int activity_line(struct berth_ctx *c);
int on_line(struct berth_ctx *c, struct berth_event *ev);

/* calendar.c: what others' calendars read */
int feed_make(struct berth_ctx *c);
int feed_read(struct berth_ctx *c);

#endif
