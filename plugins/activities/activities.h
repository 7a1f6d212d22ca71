/* activities.h - what the files of this plugin share. */
#ifndef ACTIVITIES_H
#define ACTIVITIES_H

#include <berth.h>

#include <string.h>

static inline int64_t number(const struct berth_row *r, const char *field)
{
    return host->get(r, field).i;
}

static inline bool is_empty(const struct berth_row *r, const char *field)
{
    return host->get(r, field).type == BERTH_NULL;
}

static inline bool says(const struct berth_row *r, const char *field, const char *key)
{
    struct berth_val v = host->get(r, field);

    return v.type != BERTH_NULL && strcmp(v.s, key) == 0;
}

/* activity.c: what was done and what is planned */
int activity_check(struct berth_ctx *c, struct berth_event *ev);
int activity_saved(struct berth_ctx *c, struct berth_event *ev);
int activity_log(struct berth_ctx *c, struct berth_row *on);
int activity_done(struct berth_ctx *c, struct berth_row *activity);
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
int plan_start(struct berth_ctx *c, struct berth_row *on);
int remind(struct berth_ctx *c, struct berth_event *ev);

/* report.c: work reports with their own numbers */
int report_check(struct berth_ctx *c, struct berth_event *ev);
int report_submit(struct berth_ctx *c, struct berth_row *report);
int report_read(struct berth_ctx *c, struct berth_row *report);

/* calendar.c: what others' calendars read, and who is free */
int feed_make(struct berth_ctx *c);
int feed_read(struct berth_ctx *c);
int clashes(struct berth_ctx *c);
struct berth_rows *clashing(struct berth_ctx *c, int64_t user, int64_t from, int64_t to, int64_t but);

#endif
