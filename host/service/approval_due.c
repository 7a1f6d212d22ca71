/* approval_due.c - steps whose time is over: reminded, passed to the superior, decided.  When is a column of the approval,
 * changed with what is done then: nothing is done twice, and a restart forgets nothing. */
#include <string.h>

#include "base/log.h"
#include "record/commit.h"
#include "record/superior.h"
#include "record/workday.h"
#include "service/alert.h"
#include "service/approval_in.h"

enum { AT_ONCE = 100 };

static int remind(struct berth_ctx *c, const struct approval *a, const struct ask *k, size_t n)
{
    for (size_t i = 0; i < n && c->rc == BERTH_OK; i++)
        alert_raise(c, &(struct berth_alert){.text = "alert.approval_late",
                                             .about = a->there ? a->row : NULL,
                                             .people = &k[i].user,
                                             .npeople = 1,
                                             .severity = BERTH_IMPORTANT,
                                             .args = (const char *const[]){"flow", approval_called(c, a), NULL},
                                             .key = arena_fmt(c->a, "approval.late:%lld:%lld", (long long)k[i].id, (long long)a->due)});
    return c->rc;
}

/* To whoever stands above the person and may decide; who has nobody above is reminded. */
static int escalate(struct berth_ctx *c, struct approval *a, const struct ask *k, size_t n)
{
    for (size_t i = 0; i < n && c->rc == BERTH_OK; i++) {
        int64_t up = k[i].user;
        int height = 0;

        do
            up = superior_of(c, up);
        while (up != 0 && up != k[i].user && !may_decide(c, a, up) && ++height < 20);
        if (up == 0 || up == k[i].user || height == 20)
            remind(c, a, &k[i], 1);
        else if (act_add(c, a, "escalated", NULL, k[i].user, up, NULL) == BERTH_OK)
            approval_pass_on(c, a, &k[i], up, "escalated");
    }
    return c->rc;
}

static int late(struct berth_ctx *c, struct approval *a)
{
    const struct step *s = &a->plan.steps[a->step];
    const char *what = s->late == NULL ? "remind" : s->late;
    size_t n;
    const struct ask *k = asks_of(c, a, true, &n);

    if (strcmp(what, "approve") == 0 || strcmp(what, "reject") == 0) {
        bool yes = *what == 'a';

        act_add(c, a, yes ? "passed" : "lapsed", NULL, 0, 0, NULL);
        if (!yes)
            return approval_finish(c, a, "rejected");
        for (size_t i = 0; i < n && c->rc == BERTH_OK; i++) /* nobody of this step is asked any more */
            ask_end(c, &k[i], "over"), sight_end(c, a, k[i].user), alert_over(c, arena_fmt(c->a, "approval:%lld", (long long)k[i].id));
        return approval_next(c, a, a->step + 1);
    }
    if (strcmp(what, "escalate") == 0)
        escalate(c, a, k, n);
    else
        remind(c, a, k, n);
    a->due = workday_hours(c->st, c->conn, c->now, s->hours > 0 ? s->hours : 24);
    return c->rc == BERTH_OK ? approval_keep(c, a) : (int)c->rc;
}

static int body(struct berth_ctx *c, void *arg)
{
    struct approval *a = approval_load(c, *(const int64_t *)arg);

    return a == NULL || a->due == 0 || a->due > c->now || strcmp(a->state, "open") != 0 ? (int)c->rc : late(c, a);
}

/* What could not be done (its record's plugin is off, say) is tried again in an hour, and keeps the others from nothing. */
static int later_body(struct berth_ctx *c, void *arg)
{
    struct approval *a = approval_load(c, *(const int64_t *)arg);

    if (a == NULL)
        return c->rc;
    a->due = c->now + INT64_C(3600000);
    return approval_keep(c, a);
}

void approval_due(struct store *st, struct db_conn *reader)
{
    struct db_stmt *s = db_prepare(reader, "SELECT id FROM approval WHERE due_at <= ? ORDER BY due_at LIMIT ?");
    int64_t ids[AT_ONCE];
    size_t n = 0;

    db_bind_int(s, 1, store_now(st));
    db_bind_int(s, 2, AT_ONCE);
    while (n < AT_ONCE && db_step(s) == DB_ROW)
        ids[n++] = db_col_int(s, 0);
    db_reset(s);
    db_settle(reader);
    for (size_t i = 0; i < n; i++) {
        struct buf err = BUF_INIT;
        struct commit k = {.st = st, .what = "approval", .low = true, .body = body, .arg = &ids[i], .err = &err};

        if (commit_run(&k) != 0) {
            log_warn("approval", "%lld is late, and what is to happen then failed: %s", (long long)ids[i], buf_str(&err));
            commit_run(&(struct commit){.st = st, .what = "approval", .low = true, .body = later_body, .arg = &ids[i]});
        }
        buf_free(&err);
    }
}
