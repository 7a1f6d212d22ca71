/* free.c - who is free when: appointments, invitations, whereabouts, working hours. */
#include "activities.h"

#include <stdlib.h>

enum { LONGEST = 7, PEOPLE = 50 }; /* days of an appointment; people asked about at once */

/* ---- what stands in the way ------------------------------------------------------------------ */
static struct berth_rows *clashing(struct berth_ctx *c, int64_t user, int64_t from, int64_t to,
                                   int64_t but)
{
    return host->find(
        c, "activity",
        "owner_id = ? and start_at >= ? and start_at < ? and end_at > ? and id <> ? and "
        "status in ('planned', 'doing') order by start_at limit 20",
        BERTH_ARGS(berth_i(user), berth_i(from - LONGEST * BERTH_DAY), berth_i(to), berth_i(from),
                   berth_i(but)));
}

static struct berth_rows *promised(struct berth_ctx *c, int64_t user, int64_t from, int64_t to,
                                   int64_t but)
{
    return host->find(
        c, "invitation",
        "owner_id = ? and start_at >= ? and start_at < ? and end_at > ? and activity_id <> ? and "
        "contact_id empty and answer in ('accepted', 'maybe') order by start_at limit 20",
        BERTH_ARGS(berth_i(user), berth_i(from - LONGEST * BERTH_DAY), berth_i(to), berth_i(from),
                   berth_i(but)));
}

static struct berth_rows *away(struct berth_ctx *c, int64_t user, int64_t from, int64_t to)
{
    return host->find(c, "whereabouts",
                      "owner_id = ? and start_at < ? and end_at > ? and kind in ('leave', 'sick', "
                      "'travel', 'training') "
                      "order by start_at limit 20",
                      BERTH_ARGS(berth_i(user), berth_i(to), berth_i(from)));
}

struct asked {
    int64_t user, from, to, but;
    bool busy;
};

static int look(struct berth_ctx *c, void *arg)
{
    struct asked *k = arg;

    k->busy = host->next(clashing(c, k->user, k->from, k->to, k->but)) != NULL ||
              host->next(promised(c, k->user, k->from, k->to, k->but)) != NULL ||
              host->next(away(c, k->user, k->from, k->to)) != NULL;
    return host->rc(c);
}

bool is_busy(struct berth_ctx *c, int64_t user, int64_t from, int64_t to, int64_t but)
{
    struct asked k = {.user = user, .from = from, .to = to, .but = but};

    host->all_rows(c, look, &k); /* also what the asker may not see */
    return k.busy;
}

/* ---- working hours --------------------------------------------------------------------------- */
int64_t clock_minutes(const char *s)
{
    char *end;
    long h, m;

    if (s == NULL)
        return -1;
    h = strtol(s, &end, 10);
    if (end == s || *end != ':')
        return -1;
    s = end + 1;
    m = strtol(s, &end, 10);
    return end != s && *end == '\0' && h >= 0 && m >= 0 && m < 60 && h * 60 + m <= 24 * 60
               ? h * 60 + m
               : -1;
}

int work_hours_check(struct berth_ctx *c, struct berth_event *ev)
{
    static const char *const ends[] = {"from_time", "to_time"};
    int64_t at[2];

    for (int i = 0; i < 2; i++) {
        at[i] = clock_minutes(host->get(ev->row, ends[i]).s);
        if (at[i] < 0)
            return host->error(c, BERTH_INVALID, ends[i], "activities.err.clock");
    }
    return at[0] < at[1] ? host->rc(c)
                         : host->error(c, BERTH_INVALID, "to_time", "activities.err.end");
}

/* The company's day of a moment. */
static int64_t day_of(struct berth_ctx *c, int64_t ms)
{
    int64_t today = host->today(c), day = today + (ms - host->midnight(c, today)) / BERTH_DAY;

    while (host->midnight(c, day) > ms)
        day--;
    while (host->midnight(c, day + 1) <= ms)
        day++;
    return day;
}

struct hours {
    int64_t user;
    const char *days, *from, *to; /* NULL days: those of the company's working calendar */
};

static int own_hours(struct berth_ctx *c, void *arg)
{
    struct hours *h = arg;
    struct berth_row *own = host->next(
        host->find(c, "work_hours", "owner_id = ? limit 1", BERTH_ARGS(berth_i(h->user))));

    if (own != NULL)
        *h = (struct hours){h->user, host->get(own, "days").s, host->get(own, "from_time").s,
                            host->get(own, "to_time").s};
    return host->rc(c);
}

bool is_working(struct berth_ctx *c, int64_t user, int64_t from, int64_t to)
{
    static const char *const names[] = {"thu", "fri", "sat", "sun",
                                        "mon", "tue", "wed"}; /* day 0 was a Thursday */
    struct hours h = {.user = user, .from = host->setting(c, "activities.work_from").s, .to = host->setting(c, "activities.work_to").s};
    int64_t day = day_of(c, from), begin = host->midnight(c, day), first, last;
    bool worked;

    host->all_rows(c, own_hours, &h);
    if (h.from == NULL || h.to == NULL || (first = clock_minutes(h.from)) < 0 || (last = clock_minutes(h.to)) < 0)
        return true;
    worked = h.days != NULL ? strstr(h.days, names[(day % 7 + 7) % 7]) != NULL : host->workday(c, NULL, day, 0) == day;
    return worked && from >= begin + first * 60000 && to <= begin + last * 60000;
}

/* ---- asked from outside ------------------------------------------------------------------------- */
static int64_t moment(struct berth_ctx *c, const char *name)
{
    struct berth_val p = host->param(c, name);
    char *end = NULL;
    int64_t v = p.type == BERTH_NULL ? 0 : p.type == BERTH_INT ? p.i : strtoll(p.s, &end, 10);

    if (v <= 0 || (end != NULL && *end != '\0'))
        host->error(c, BERTH_INVALID, name, "err.number");
    return v;
}

/* GET /api/calendar/clashes?user=&from=&to= (ms): what stands in the way, as far as one may see it.
 */
int clashes(struct berth_ctx *c)
{
    int64_t user = moment(c, "user"), from = moment(c, "from"), to = moment(c, "to");

    return host->rc(c) == BERTH_OK ? host->reply_rows(c, clashing(c, user, from, to, 0))
                                   : host->rc(c);
}

/* When somebody is taken, not by what: that may be others' business. */
static void tell_busy(struct berth_ctx *c, const char *kind, struct berth_rows *rows)
{
    for (struct berth_row *r; (r = host->next(rows)) != NULL;) {
        host->json_open(c, NULL, '{');
        host->json(c, "kind", berth_s(kind));
        host->json(c, "from", host->get(r, "start_at"));
        host->json(c, "to", host->get(r, "end_at"));
        host->json_close(c);
    }
}

static int tell_person(struct berth_ctx *c, void *arg)
{
    struct asked *k = arg;

    look(c, k);
    host->json(c, "free", (struct berth_val){BERTH_BOOL, 0, {.i = !k->busy}});
    host->json(c, "working",
               (struct berth_val){BERTH_BOOL, 0, {.i = is_working(c, k->user, k->from, k->to)}});
    host->json_open(c, "busy", '[');
    tell_busy(c, "activity", clashing(c, k->user, k->from, k->to, 0));
    tell_busy(c, "invitation", promised(c, k->user, k->from, k->to, 0));
    tell_busy(c, "away", away(c, k->user, k->from, k->to));
    return host->json_close(c);
}

/* GET /api/calendar/free?people=3,7&from=&to= (ms): whether they are free then and work; not what
 * they do instead. */
int free_people(struct berth_ctx *c)
{
    int64_t from = moment(c, "from"), to = moment(c, "to");
    struct berth_val people = host->param(c, "people");
    const char *list = people.type == BERTH_NULL  ? ""
                       : people.type == BERTH_INT ? host->fmt(c, "%lld", (long long)people.i)
                                                  : people.s;
    char *end = NULL;

    if (strspn(list, "0123456789,") != strlen(list) || *list == '\0')
        return host->error(c, BERTH_INVALID, "people", "err.number");
    if (host->rc(c) != BERTH_OK)
        return host->rc(c);
    host->json_open(c, NULL, '{');
    host->json_open(c, "people", '[');
    for (int i = 0; i < PEOPLE && *list != '\0'; i++, list = end + strspn(end, ",")) {
        struct asked k = {.user = strtoll(list, &end, 10), .from = from, .to = to};
        struct berth_row *user =
            host->next(host->find(c, "user", "id = ?", BERTH_ARGS(berth_i(k.user))));

        if (user == NULL)
            continue;
        host->json_open(c, NULL, '{');
        host->json(c, "user", berth_i(k.user));
        host->json(c, "name", host->get(user, "name"));
        host->all_rows(c, tell_person, &k);
        host->json_close(c);
    }
    host->json_close(c);
    return host->json_close(c);
}
