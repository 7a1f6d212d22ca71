/* task.c - tasks handed down or set oneself, their course; reminders. */
#include "activities.h"

/* ---- reminders -------------------------------------------------------------------------- */
static bool waits(const struct berth_row *r)
{
    if (strcmp(host->table(r), "memo") == 0)
        return berth_number(r, "done") == 0;
    if (strcmp(host->table(r), "company_memo") == 0)
        return true;
    return !berth_says(r, "status", "done") && !berth_says(r, "status", "cancelled") && !berth_says(r, "status", "declined");
}

static const char *reminder_key(struct berth_ctx *c, const struct berth_row *r)
{
    return host->fmt(c, "activities.remind:%s:%lld:%lld", host->table(r), (long long)berth_number(r, "id"),
                     (long long)berth_number(r, "remind_at"));
}

enum { EVERYBODY = 5000 };

/* Of a company memo: for all who work here. */
static int64_t *everybody(struct berth_ctx *c, size_t *n)
{
    int64_t *id = host->alloc(c, EVERYBODY * sizeof(*id));
    struct berth_rows *users = host->find(c, "user", "active = true limit 5000", BERTH_NOARGS);

    for (struct berth_row *u; *n < EVERYBODY && (u = host->next(users)) != NULL;)
        id[(*n)++] = berth_number(u, "id");
    return id;
}

static void ring(struct berth_ctx *c, struct berth_row *r)
{
    size_t n = 0;
    int64_t *people = strcmp(host->table(r), "company_memo") == 0 ? everybody(c, &n) : NULL;

    berth_alert(c, .text = "activities.alert.remind", .about = r, .key = reminder_key(c, r), .due_at = berth_number(r, "remind_at"),
                .people = people, .npeople = n);
}

/* Of tasks, memos and appointments: rings at its time, and not once there is nothing left to do. */
int remind(struct berth_ctx *c, struct berth_event *ev)
{
    bool before = ev->old != NULL && !berth_is_empty(ev->old, "remind_at") && waits(ev->old);
    bool now = !berth_is_empty(ev->row, "remind_at") && waits(ev->row);

    if (before && (!now || berth_number(ev->old, "remind_at") != berth_number(ev->row, "remind_at")))
        host->alert_over(c, reminder_key(c, ev->old));
    if (now && (!before || berth_number(ev->old, "remind_at") != berth_number(ev->row, "remind_at")))
        ring(c, ev->row);
    return host->rc(c);
}

/* ---- saving --------------------------------------------------------------------------- */
int task_check(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_row *t = ev->row;
    bool own = berth_number(t, "owner_id") == host->user(c);

    about_customer(c, t);
    if (ev->old == NULL && berth_is_empty(t, "from_id") && host->user(c) != 0)
        host->set(t, "from_id", berth_i(host->user(c)));
    if (ev->old == NULL && berth_says(t, "status", "new") && own) /* nobody asks himself */
        host->set(t, "status", berth_s("accepted"));
    if (berth_says(t, "status", "done")) {
        host->set(t, "progress", berth_i(100));
        if (berth_is_empty(t, "done_at"))
            host->set(t, "done_at", berth_i(host->now(c)));
    } else {
        host->set(t, "done_at", berth_nil());
    }
    return host->rc(c);
}

/* ---- recurring ------------------------------------------------------------------------ */
/* Howard Hinnant's days_from_civil. */
int64_t to_days(int64_t y, int64_t m, int64_t d)
{
    int64_t era, yoe, doy;

    y -= m <= 2;
    era = (y >= 0 ? y : y - 399) / 400;
    yoe = y - era * 400;
    doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void from_days(int64_t z, int64_t *y, int64_t *m, int64_t *d)
{
    int64_t era, doe, yoe, doy, mp;

    z += 719468;
    era = (z >= 0 ? z : z - 146096) / 146097;
    doe = z - era * 146097;
    yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    mp = (5 * doy + 2) / 153;
    *d = doy - (153 * mp + 2) / 5 + 1;
    *m = mp + (mp < 10 ? 3 : -9);
    *y = yoe + era * 400 + (*m <= 2);
}

static int64_t next_due(const char *every, int64_t day)
{
    static const struct {
        const char *key;
        int32_t days, months;
    } steps[] = {{"daily", 1, 0}, {"weekly", 7, 0}, {"monthly", 0, 1}, {"quarterly", 0, 3}, {"yearly", 0, 12}};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (strcmp(steps[i].key, every) == 0)
            return steps[i].months > 0 ? host->months(day, steps[i].months) : day + steps[i].days;
    return 0;
}

static int repeat(struct berth_ctx *c, const struct berth_row *done)
{
    static const char *const same[] = {"subject", "purpose", "priority", "lead_id", "customer_id", "contact_id",
                                       "opportunity_id", "goal", "recurs", "recurs_until", "owner_id", "from_id"};
    struct berth_row *next = host->make(c, "task");
    int64_t due = berth_number(done, "due_on") != 0 ? berth_number(done, "due_on") : host->today(c), to,
            until = berth_number(done, "recurs_until");

    if (berth_is_empty(done, "recurs") || (to = next_due(host->get(done, "recurs").s, due)) == 0 || (until != 0 && to > until))
        return host->rc(c);
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        host->set(next, same[i], host->get(done, same[i]));
    host->set(next, "due_on", berth_i(to));
    if (!berth_is_empty(done, "remind_at"))
        host->set(next, "remind_at", berth_i(berth_number(done, "remind_at") + (to - due) * BERTH_DAY));
    host->set(next, "status", berth_s("accepted"));
    return host->save(c, next);
}

int task_saved(struct berth_ctx *c, struct berth_event *ev)
{
    int64_t from = berth_number(ev->row, "from_id");

    if (berth_says(ev->row, "status", "new") && (ev->old == NULL || berth_number(ev->old, "owner_id") != berth_number(ev->row, "owner_id")))
        berth_alert(c, .text = "activities.alert.task", .about = ev->row);
    if (ev->old != NULL && from != 0 && from != berth_number(ev->row, "owner_id") &&
        ((berth_says(ev->row, "status", "done") && !berth_says(ev->old, "status", "done")) ||
         (berth_says(ev->row, "status", "declined") && !berth_says(ev->old, "status", "declined"))))
        berth_alert(c, .text = berth_says(ev->row, "status", "done") ? "activities.alert.done" : "activities.alert.declined",
                    .about = ev->row, .people = &from, .npeople = 1);
    if (berth_says(ev->row, "status", "done") && (ev->old == NULL || !berth_says(ev->old, "status", "done")))
        return repeat(c, ev->row);
    return host->rc(c);
}

/* ---- its course ----------------------------------------------------------------------- */
static int goes(struct berth_ctx *c, struct berth_row *t, const char *status)
{
    struct berth_val note = host->param(c, "note");

    host->set(t, "status", berth_s(status));
    if (note.type != BERTH_NULL)
        host->set(t, "feedback", note);
    return host->save(c, t);
}

static bool is_theirs(struct berth_ctx *c, const struct berth_row *t)
{
    if (berth_number(t, "owner_id") == host->user(c))
        return true;
    host->error(c, BERTH_DENIED, NULL, "activities.err.not_yours");
    return false;
}

int task_accept(struct berth_ctx *c, struct berth_row *t)
{
    return is_theirs(c, t) ? goes(c, t, "accepted") : host->rc(c);
}

int task_decline(struct berth_ctx *c, struct berth_row *t)
{
    return is_theirs(c, t) ? goes(c, t, "declined") : host->rc(c);
}

int task_progress(struct berth_ctx *c, struct berth_row *t)
{
    int64_t done = host->param(c, "progress").i;

    host->set(t, "progress", berth_i(done));
    return goes(c, t, done == 100 ? "done" : "doing");
}

int task_finish(struct berth_ctx *c, struct berth_row *t)
{
    return goes(c, t, "done");
}

int task_cancel(struct berth_ctx *c, struct berth_row *t)
{
    return goes(c, t, "cancelled");
}
