/* figures.c - where everybody is and what they do, targets reached, reports handed in: each of what
 * one may see. */
#include "activities.h"

#include <stdlib.h>

enum { PEOPLE = 500 };

struct person {
    struct berth_row *user;
    int64_t done, visits, planned, late, overdue, submitted, draft, read, calls, tasks;
    struct berth_val last; /* done in these days */
    const struct berth_row *where;
};
struct people {
    struct person at[PEOPLE];
    size_t n;
};

/* The user and all below. */
static struct people *team(struct berth_ctx *c)
{
    struct people *p = host->alloc(c, sizeof(*p));
    struct berth_val department = host->param(c, "department");
    int64_t only = department.type == BERTH_NULL  ? 0
                   : department.type == BERTH_INT ? department.i
                                                  : strtoll(department.s, NULL, 10);
    struct berth_rows *rows = host->find(
        c, "user", "id in @team and active = true order by name limit 500", BERTH_NOARGS);

    for (struct berth_row *u; (u = host->next(rows)) != NULL && p->n < PEOPLE;)
        if (only == 0 || berth_number(u, "department_id") == only)
            p->at[p->n++].user = u;
    return p;
}

static struct person *person(struct people *p, int64_t id)
{
    for (size_t i = 0; i < p->n; i++)
        if (berth_number(p->at[i].user, "id") == id)
            return &p->at[i];
    return NULL;
}

/* ---- whereabouts and actions (feature 85) ------------------------------------------------------- */
static const struct {
    size_t of; /* the member of a person that it counts into */
    const char *table, *where;
} shown[] = {
    {offsetof(struct person, done), "activity", "status = 'done' and start_at >= @now-7d and start_at <= @now"},
    {offsetof(struct person, visits), "activity",
     "status = 'done' and start_at >= @now-7d and start_at <= @now and kind in ('visit', 'received')"},
    {offsetof(struct person, planned), "activity",
     "status in ('planned', 'doing') and start_at >= @now and start_at < @now+7d"},
    {offsetof(struct person, late), "activity",
     "status in ('planned', 'doing') and start_at < @now and start_at >= @now-30d"},
    {offsetof(struct person, overdue), "task",
     "status in ('new', 'accepted', 'doing') and due_on < @today"},
};

struct into {
    struct people *people;
    size_t of;
};

static int take(struct berth_ctx *c, const struct berth_total *t, void *arg)
{
    const struct into *in = arg;
    struct person *p = person(in->people, t->key[0].i);

    if (p != NULL)
        *(int64_t *)(void *)((char *)p + in->of) = t->count;
    if (p != NULL && in->of == offsetof(struct person, done))
        p->last = t->sum[0];
    return host->rc(c);
}

/* Of whoever did nothing in these days it is looked up. */
static struct berth_val last_of(struct berth_ctx *c, const struct person *p)
{
    struct berth_row *last;

    if (p->last.type != BERTH_NULL)
        return p->last;
    last = host->next(host->find(c, "activity", "owner_id = ? and status = 'done' and start_at <= @now order by start_at desc limit 1",
                                 BERTH_ARGS(host->get(p->user, "id"))));
    return last == NULL ? berth_nil() : host->get(last, "start_at");
}

static void take_where(struct berth_ctx *c, struct people *p)
{
    struct berth_val now = berth_i(host->now(c));
    struct berth_rows *doing = host->find(c, "activity",
                                          "owner_id in @team and status in ('planned', 'doing') "
                                          "and start_at >= ? and start_at <= ? and "
                                          "end_at > ? order by start_at limit 1000",
                                          BERTH_ARGS(berth_i(now.i - BERTH_DAY), now, now));
    struct berth_rows *said = host->find(
        c, "whereabouts",
        "owner_id in @team and start_at <= ? and end_at > ? order by start_at limit 1000",
        BERTH_ARGS(now, now));

    for (int i = 0; i < 2; i++)
        for (struct berth_row *r; (r = host->next(i == 0 ? doing : said)) != NULL;) {
            struct person *who = person(p, berth_number(r, "owner_id"));

            if (who != NULL) /* what somebody said of himself goes before his calendar */
                who->where = r;
        }
}

static void tell_where(struct berth_ctx *c, const struct berth_row *w)
{
    bool said = w != NULL && strcmp(host->table(w), "whereabouts") == 0;

    host->json(c, "where",
               w == NULL ? berth_nil()
                         : berth_s(host->tr(c, host->fmt(c, "activities.%s.%s",
                                                         said ? "whereabouts" : "kind",
                                                         host->get(w, "kind").s))));
    host->json(c, "place",
               w == NULL               ? berth_nil()
               : !berth_is_empty(w, "place") ? host->get(w, "place")
               : said                  ? berth_nil()
                                       : host->get(w, "subject"));
    host->json(c, "until", w == NULL ? berth_nil() : host->get(w, "end_at"));
}

/* GET /api/activities/overview?department=: of each person below, where and how far. */
int overview(struct berth_ctx *c)
{
    struct people *p = team(c);

    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        host->totals(c, shown[i].table, host->fmt(c, "owner_id in @team and %s", shown[i].where), BERTH_NOARGS, "owner_id",
                     strcmp(shown[i].table, "activity") == 0 ? "start_at" : NULL, take, &(struct into){p, shown[i].of});
    take_where(c, p);
    host->json_open(c, NULL, '{');
    host->json_open(c, "rows", '[');
    for (size_t i = 0; i < p->n && host->rc(c) == BERTH_OK; i++) {
        const struct person *x = &p->at[i];

        host->json_open(c, NULL, '{');
        host->json(c, "name", host->get(x->user, "name"));
        tell_where(c, x->where);
        host->json(c, "done", berth_i(x->done));
        host->json(c, "visits", berth_i(x->visits));
        host->json(c, "planned", berth_i(x->planned));
        host->json(c, "late", berth_i(x->late));
        host->json(c, "overdue", berth_i(x->overdue));
        host->json(c, "last_at", last_of(c, x));
        host->json_close(c);
    }
    host->json_close(c);
    return host->json_close(c);
}

/* ---- targets one set oneself, or was set -------------------------------------------------------- */
/* GET /api/activities/targets: those that cover today. */
int targets(struct berth_ctx *c)
{
    struct berth_rows *rows = host->find(
        c, "activity_target", "from_on <= @today and to_on >= @today order by owner_id limit 200",
        BERTH_NOARGS);

    host->json_open(c, NULL, '{');
    host->json_open(c, "rows", '[');
    for (struct berth_row *t; (t = host->next(rows)) != NULL && host->rc(c) == BERTH_OK;) {
        struct berth_row *owner = host->ref(c, t, "owner_id");
        int64_t wanted = berth_number(t, "value"),
                done = work_count(c, host->get(t, "metric").s, berth_number(t, "owner_id"),
                                  berth_number(t, "from_on"), berth_number(t, "to_on"));

        host->json_open(c, NULL, '{');
        host->json(c, "name", owner == NULL ? berth_nil() : host->get(owner, "name"));
        host->json(c, "metric", host->get(t, "metric"));
        host->json(c, "wanted", berth_i(wanted));
        host->json(c, "done", berth_i(done));
        host->json(c, "reached",
                   (struct berth_val){
                       BERTH_REAL, 0, {.d = wanted > 0 ? (double)done / (double)wanted : 0}});
        host->json(c, "to_on", host->get(t, "to_on"));
        host->json_close(c);
    }
    host->json_close(c);
    return host->json_close(c);
}

/* ---- reports handed in -------------------------------------------------------------------------- */
static int take_reports(struct berth_ctx *c, const struct berth_total *t, void *arg)
{
    struct person *p = person(arg, t->key[0].i);

    if (p == NULL || t->key[1].type == BERTH_NULL)
        return host->rc(c);
    *(strcmp(t->key[1].s, "draft") == 0  ? &p->draft
      : strcmp(t->key[1].s, "read") == 0 ? &p->read
                                         : &p->submitted) = t->count;
    p->calls += t->sum[0].i;
    p->visits += t->sum[1].i;
    p->tasks += t->sum[2].i;
    return host->rc(c);
}

/* A day of the form as it may stand in a filter. */
static const char *day(struct berth_ctx *c, const char *name, const char *dflt)
{
    struct berth_val v = host->param(c, name);

    if (v.type == BERTH_NULL || *v.s == '\0')
        return dflt;
    if (strlen(v.s) != 10 || strspn(v.s, "0123456789-") != 10)
        host->error(c, BERTH_INVALID, name, "err.date");
    return host->fmt(c, "'%s'", v.s);
}

/* GET /api/activities/reports?kind=&from=&to=&department=: who handed in how many, and what stands
 * in them. */
int report_figures(struct berth_ctx *c)
{
    struct people *p = team(c);
    struct berth_val kind = host->param(c, "kind");
    const char *where =
        host->fmt(c, "owner_id in @team and kind = ? and from_on >= %s and from_on <= %s",
                  day(c, "from", "@today-30d"), day(c, "to", "@today"));

    if (kind.type == BERTH_NULL || *kind.s == '\0')
        kind = berth_s("daily");
    host->totals(c, "work_report", where, BERTH_ARGS(kind), "owner_id,status",
                 "calls,visits,tasks_done", take_reports, p);
    host->json_open(c, NULL, '{');
    host->json_open(c, "rows", '[');
    for (size_t i = 0; i < p->n && host->rc(c) == BERTH_OK; i++) {
        const struct person *x = &p->at[i];

        host->json_open(c, NULL, '{');
        host->json(c, "name", host->get(x->user, "name"));
        host->json(c, "submitted", berth_i(x->submitted + x->read));
        host->json(c, "read", berth_i(x->read));
        host->json(c, "draft", berth_i(x->draft));
        host->json(c, "calls", berth_i(x->calls));
        host->json(c, "visits", berth_i(x->visits));
        host->json(c, "tasks_done", berth_i(x->tasks));
        host->json_close(c);
    }
    host->json_close(c);
    return host->json_close(c);
}
