/* figures.c - the funnel, the forecast against targets, what was won and lost, and won cases like this one. */
#include "opportunities.h"

#include <stdlib.h>

/* ---- what is asked ---------------------------------------------------------------------------- */
static int64_t whole(struct berth_ctx *c, const char *name)
{
    struct berth_val v = host->param(c, name);
    char *end = NULL;
    long long n = v.type == BERTH_NULL ? 0 : v.type == BERTH_INT ? v.i : strtoll(v.s, &end, 10);

    if (n < 0 || (end != NULL && *end != '\0'))
        host->error(c, BERTH_INVALID, name, "err.number");
    return n;
}

/* A day such as 2026-11-26 as it may stand in a filter; NULL when none was given. */
static const char *day(struct berth_ctx *c, const char *name)
{
    struct berth_val v = host->param(c, name);

    if (v.type == BERTH_NULL || *v.s == '\0')
        return NULL;
    if (strlen(v.s) != 10 || strspn(v.s, "0123456789-") != 10)
        host->error(c, BERTH_INVALID, name, "err.date");
    return v.s;
}

/* A filter that grows with its arguments. */
struct filter {
    struct berth_ctx *c;
    const char *text;
    struct berth_val v[8];
    size_t n;
};

static void where(struct filter *f, const char *text, struct berth_val v)
{
    f->text = f->text == NULL ? text : host->fmt(f->c, "%s and %s", f->text, text);
    if (v.type != BERTH_NULL)
        f->v[f->n++] = v;
}

/* Of whom: a person, a department, or all that one may see. */
static void whose(struct filter *f, int64_t user, int64_t department)
{
    if (user != 0) {
        where(f, "owner_id = ?", berth_i(user));
    } else if (department != 0) {
        struct berth_rows *people = host->find(f->c, "user", "department_id = ? limit 500", BERTH_ARGS(berth_i(department)));
        const char *list = NULL;

        for (struct berth_row *u; (u = host->next(people)) != NULL;)
            list = host->fmt(f->c, "%s%s%lld", list == NULL ? "" : list, list == NULL ? "" : ", ", (long long)berth_number(u, "id"));
        where(f, list == NULL ? "owner_id empty" : host->fmt(f->c, "owner_id in (%s)", list), berth_nil());
    }
}

/* ---- the funnel --------------------------------------------------------------------------------- */
enum { STAGES = 60 };
struct step {
    struct berth_row *stage;
    int64_t count, amount, weighted, entered;
    double hours;
    int64_t left, onward; /* passages that ended, and of those the ones that went on */
};
struct steps {
    struct step at[STAGES];
    size_t n;
};

static struct step *step_of(struct steps *s, struct berth_val stage)
{
    for (size_t i = 0; i < s->n; i++)
        if (berth_number(s->at[i].stage, "id") == stage.i)
            return &s->at[i];
    return NULL;
}

static int take_now(struct berth_ctx *c, const struct berth_total *t, void *arg)
{
    struct step *s = step_of(arg, t->key[0]);

    if (s != NULL) {
        s->count = t->count;
        s->amount = t->sum[0].i;
        s->weighted = t->sum[1].i;
    }
    return host->rc(c);
}

/* Passages by whether they went on; of those that have not ended that is not known. */
static int take_passages(struct berth_ctx *c, const struct berth_total *t, void *arg)
{
    struct step *s = step_of(arg, t->key[0]);

    if (s == NULL)
        return host->rc(c);
    s->entered += t->count;
    if (t->key[1].type != BERTH_NULL) {
        s->left += t->count;
        s->onward += t->key[1].i != 0 ? t->count : 0;
        s->hours += t->sum[0].d;
    }
    return host->rc(c);
}

static struct berth_val money(int64_t v)
{
    return (struct berth_val){BERTH_MONEY, 0, {.i = v}};
}

static struct berth_val real(double v)
{
    return (struct berth_val){BERTH_REAL, 0, {.d = v}};
}

/* Days and TEU as people say them: to a tenth. */
static struct berth_val tenths(double v)
{
    return real((double)(int64_t)(v * 10 + 0.5) / 10);
}

static int tell_funnel(struct berth_ctx *c, const struct steps *s)
{
    static const char *const told[] = {"name", "state", "percent"};

    host->json_open(c, NULL, '{');
    host->json_open(c, "stages", '[');
    for (size_t i = 0; i < s->n; i++) {
        const struct step *x = &s->at[i];
        bool goes_on = x->entered > 0 && berth_says(x->stage, "state", "open");

        host->json_open(c, NULL, '{');
        host->json(c, "stage", host->get(x->stage, "id"));
        for (size_t k = 0; k < sizeof(told) / sizeof(told[0]); k++)
            host->json(c, told[k], host->get(x->stage, told[k]));
        host->json(c, "count", berth_i(x->count));
        host->json(c, "amount", money(x->amount));
        host->json(c, "weighted", money(x->weighted));
        host->json(c, "entered", berth_i(x->entered));
        host->json(c, "days", x->left > 0 ? tenths(x->hours / (double)x->left / 24) : berth_nil());
        host->json(c, "conversion", goes_on ? real((double)x->onward / (double)x->entered) : berth_nil());
        host->json_close(c);
    }
    host->json_close(c);
    return host->json_close(c);
}

/* GET /api/opportunities/funnel?pipeline=&user=&department=&from=&to= (days): what stands on each stage now,
 * and of the passages begun in that time how many there were, how long they took and how many went on to a later
 * stage. */
int funnel(struct berth_ctx *c)
{
    struct steps *s = host->alloc(c, sizeof(*s));
    int64_t pipeline = whole(c, "pipeline"), user = whole(c, "user"), department = whole(c, "department");
    struct filter now = {.c = c}, log = {.c = c};
    struct berth_rows *stages;

    if (pipeline == 0) {
        struct berth_row *p = host->next(host->find(c, "pipeline", "active = true order by id limit 1", BERTH_NOARGS));

        pipeline = p == NULL ? 0 : berth_number(p, "id");
    }
    stages = host->find(c, "stage", "pipeline_id = ? order by place, id limit 60", BERTH_ARGS(berth_i(pipeline)));
    for (struct berth_row *r; (r = host->next(stages)) != NULL && s->n < STAGES;)
        s->at[s->n++].stage = r;
    /* as on the board and in the forecast: what is on hold waits beside the stages; by the key that has it all */
    where(&now, "status in ('open', 'won', 'lost') and pipeline_id = ?", berth_i(pipeline));
    where(&log, "pipeline_id = ?", berth_i(pipeline));
    whose(&now, user, department);
    whose(&log, user, department);
    if (day(c, "from") != NULL)
        where(&log, host->fmt(c, "from_at >= '%s'", day(c, "from")), berth_nil());
    if (day(c, "to") != NULL)
        where(&log, host->fmt(c, "from_at <= '%sT23:59:59Z'", day(c, "to")), berth_nil());
    if (host->rc(c) != BERTH_OK)
        return host->rc(c);
    host->totals(c, "opportunity", now.text, now.v, now.n, "stage_id", "base_amount,weighted", take_now, s);
    host->totals(c, "stage_log", log.text, log.v, log.n, "stage_id,onward", "hours", take_passages, s);
    return host->rc(c) == BERTH_OK ? tell_funnel(c, s) : host->rc(c);
}

/* ---- forecast against targets -------------------------------------------------------------------- */
struct sum {
    int64_t count, amount, profit, weighted;
    double teu;
};

static int take_sum(struct berth_ctx *c, const struct berth_total *t, void *arg)
{
    struct sum *s = arg;

    s->count += t->count;
    s->amount += t->sum[0].i;
    s->profit += t->sum[1].i;
    s->weighted += t->sum[2].i;
    s->teu += t->sum[3].d;
    return host->rc(c);
}

static double metric_of(const struct berth_row *t, const struct sum *s)
{
    if (berth_says(t, "metric", "profit"))
        return (double)s->profit / 10000;
    if (berth_says(t, "metric", "teu"))
        return s->teu;
    if (berth_says(t, "metric", "count"))
        return (double)s->count;
    return (double)s->amount / 10000;
}

static void sum_of(struct berth_ctx *c, const struct berth_row *t, const char *status, const char *date, struct sum *out)
{
    struct filter f = {.c = c};

    where(&f, host->fmt(c, "status = '%s'", status), berth_nil());
    where(&f, host->fmt(c, "%s >= ?", date), (struct berth_val){BERTH_DATE, 0, {.i = berth_number(t, "from_on")}});
    where(&f, host->fmt(c, "%s <= ?", date), (struct berth_val){BERTH_DATE, 0, {.i = berth_number(t, "to_on")}});
    whose(&f, berth_says(t, "scope", "person") ? berth_number(t, "owner_id") : 0,
          berth_says(t, "scope", "team") ? berth_number(t, "department_id") : 0);
    host->totals(c, "opportunity", f.text, f.v, f.n, "status", "base_amount,base_profit,weighted,teu", take_sum, out);
}

/* Whose it is, for people. */
static const char *target_name(struct berth_ctx *c, const struct berth_row *t)
{
    struct berth_row *of = berth_says(t, "scope", "person") ? host->ref(c, t, "owner_id")
                           : berth_says(t, "scope", "team") ? host->ref(c, t, "department_id")
                                                            : NULL;

    return of == NULL ? host->tr(c, "opportunities.target_scope.company") : host->get(of, "name").s;
}

/* What is won and open for a target; several are of the same people and time, such as amount, TEU and count. */
struct course {
    const struct berth_row *target;
    struct sum won, open;
};
enum { TARGETS = 100 };
struct courses {
    struct course at[TARGETS];
    size_t n;
};

static bool same_sums(const struct berth_row *a, const struct berth_row *b)
{
    static const char *const of[] = {"owner_id", "department_id", "from_on", "to_on"};
    bool same = strcmp(host->get(a, "scope").s, host->get(b, "scope").s) == 0;

    for (size_t i = berth_says(a, "scope", "company") ? 2 : 0; i < sizeof(of) / sizeof(of[0]) && same; i++)
        same = berth_number(a, of[i]) == berth_number(b, of[i]);
    return same;
}

static const struct course *course_of(struct berth_ctx *c, struct courses *known, const struct berth_row *t)
{
    struct course *x;

    for (size_t i = 0; i < known->n; i++)
        if (same_sums(known->at[i].target, t))
            return &known->at[i];
    x = &known->at[known->n++];
    x->target = t;
    sum_of(c, t, "won", "closed_on", &x->won);
    sum_of(c, t, "open", "close_on", &x->open);
    return x;
}

static void tell_target(struct berth_ctx *c, const struct berth_row *t, const struct course *x)
{
    static const char *const told[][2] = {
        {"target", "id"},    {"scope", "scope"},   {"metric", "metric"}, {"owner", "owner_id"}, {"department", "department_id"},
        {"wanted", "value"}, {"period", "period"}, {"to_on", "to_on"}};
    double done = metric_of(t, &x->won), wanted = host->get(t, "value").d;
    /* what is open counts as likely as it is: by its share of weighted amount */
    double ahead = metric_of(t, &x->open) * (x->open.amount > 0 ? (double)x->open.weighted / (double)x->open.amount : 0);

    host->json_open(c, NULL, '{');
    host->json(c, "name", berth_s(target_name(c, t)));
    for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
        host->json(c, told[i][0], host->get(t, told[i][1]));
    host->json(c, "won", real(done));
    host->json(c, "open", real(metric_of(t, &x->open)));
    host->json(c, "forecast", tenths(done + ahead));
    host->json(c, "reached", real(wanted > 0 ? done / wanted : 0));
    host->json_close(c);
}

/* GET /api/opportunities/forecast?on=2026-11-26: every target that one may see and that covers the day. */
int forecast(struct berth_ctx *c)
{
    struct courses *known = host->alloc(c, sizeof(*known));
    const char *on = day(c, "on");
    struct berth_rows *targets;

    if (host->rc(c) != BERTH_OK)
        return host->rc(c);
    on = on == NULL ? "@today" : host->fmt(c, "'%s'", on);
    targets =
        host->find(c, "sales_target", host->fmt(c, "from_on <= %s and to_on >= %s order by id limit %d", on, on, TARGETS), BERTH_NOARGS);
    host->json_open(c, NULL, '{');
    host->json_open(c, "targets", '[');
    for (struct berth_row *t; (t = host->next(targets)) != NULL && host->rc(c) == BERTH_OK;)
        tell_target(c, t, course_of(c, known, t));
    host->json_close(c);
    return host->json_close(c);
}

int target_check(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_row *t = ev->row;
    int64_t from = berth_number(t, "from_on");

    if (berth_is_empty(t, "to_on"))
        host->set(t, "to_on",
                  berth_i(host->months(from, berth_says(t, "period", "year")      ? 12
                                             : berth_says(t, "period", "quarter") ? 3
                                                                                  : 1) -
                          1));
    if (berth_number(t, "to_on") < from)
        return host->error(c, BERTH_INVALID, "to_on", "opportunities.err.end");
    return host->rc(c);
}

/* ---- what was won and lost --------------------------------------------------------------------------- */
enum { WON, LOST, ENDS };
struct side {
    const char *table, *field, *date; /* of which records; grouped by; when it ended */
    const char *labels;               /* the dictionary, NULL: field is a reference */
    const char *which;                /* filter */
};
#define DEALS(field, labels) {{"opportunity", field, "closed_on", labels, "status = 'won'"}, {"opportunity", field, "closed_on", labels, "status = 'lost'"}}
static const struct way {
    const char *key, *of; /* of the form; the table that it names */
    struct side side[ENDS];
} ways[] = {{"owner", "user", DEALS("owner_id", NULL)},
            {"reason", NULL, {{"opportunity", "won_reason", "closed_on", "won_reason", "status = 'won'"},
                              {"opportunity", "lost_reason", "closed_on", "lost_reason", "status = 'lost'"}}},
            /* won against each who stood on the deal, lost to the one who got it */
            {"rival", "competitor", {{"deal_competitor", "competitor_id", "won_on", NULL, "won_on not empty"},
                                     {"opportunity", "lost_to", "closed_on", NULL, "status = 'lost' and lost_to not empty"}}},
            {"mode", NULL, DEALS("mode", "mode")},
            {"direction", NULL, DEALS("direction", "direction")}},
  against = {NULL, NULL, {{"deal_competitor", "mode", "won_on", "mode", "won_on not empty and competitor_id = ?"},
                          {"opportunity", "mode", "closed_on", "mode", "status = 'lost' and lost_to = ?"}}};
enum { WAYS = sizeof(ways) / sizeof(ways[0]), LINES = 200, MOST = 1000 };

struct ended {
    struct berth_val key;
    int64_t count[ENDS], amount[ENDS], profit;
};
struct endeds {
    const struct way *way;
    int end; /* that is being added up */
    struct ended *at;
    size_t n, room;
    uint32_t *slot; /* by key: a place in .at + 1; twice the room */
};

static int by_key(struct berth_val a, struct berth_val b)
{
    if (a.type == BERTH_NULL || b.type == BERTH_NULL)
        return (a.type != BERTH_NULL) - (b.type != BERTH_NULL);
    return a.type == BERTH_REF || a.type == BERTH_INT ? (a.i > b.i) - (a.i < b.i) : strcmp(a.s, b.s);
}

static uint32_t hash_of(struct berth_val key)
{
    uint32_t h = 2166136261u;

    if (key.type == BERTH_REF || key.type == BERTH_INT)
        return (uint32_t)((uint64_t)key.i * UINT64_C(0x9e3779b97f4a7c15) >> 32);
    for (const char *s = key.type == BERTH_NULL ? "" : key.s; *s != '\0'; s++)
        h = (h ^ (unsigned char)*s) * 16777619u;
    return h;
}

static uint32_t *slot_of(struct endeds *e, struct berth_val key)
{
    size_t i = hash_of(key) % (2 * e->room);

    while (e->slot[i] != 0 && by_key(e->at[e->slot[i] - 1].key, key) != 0)
        i = (i + 1) % (2 * e->room);
    return &e->slot[i];
}

static struct ended *line_of(struct berth_ctx *c, struct endeds *e, struct berth_val key)
{
    uint32_t *slot;

    if (e->n == e->room) {
        struct ended *old = e->at;

        e->room = e->room == 0 ? LINES : 2 * e->room;
        e->at = host->alloc(c, e->room * sizeof(*e->at));
        e->slot = host->alloc(c, 2 * e->room * sizeof(*e->slot));
        for (size_t i = 0; i < e->n; i++) {
            e->at[i] = old[i];
            *slot_of(e, old[i].key) = (uint32_t)i + 1;
        }
    }
    slot = slot_of(e, key);
    if (*slot == 0) {
        e->at[e->n].key = key;
        *slot = (uint32_t)++e->n;
    }
    return &e->at[*slot - 1];
}

static int take_ended(struct berth_ctx *c, const struct berth_total *t, void *arg)
{
    struct endeds *e = arg;
    const char *labels = e->way->side[e->end].labels;
    struct berth_val key = t->key[0];
    struct ended *line;

    if (labels != NULL && key.type != BERTH_NULL) /* won and lost for what reads the same is one line */
        key = berth_s(host->tr(c, host->fmt(c, "opportunities.%s.%s", labels, key.s)));
    else if (key.type != BERTH_NULL && key.type != BERTH_REF && key.type != BERTH_INT)
        key = berth_s(host->fmt(c, "%s", key.s)); /* lives longer than what told it */
    line = line_of(c, e, key);
    line->count[e->end] += t->count;
    line->amount[e->end] += t->sum[0].i;
    line->profit += e->end == LOST ? 0 : t->sum[1].i;
    return host->rc(c);
}

/* The most deals first, then by key. */
static int by_count(const void *a, const void *b)
{
    const struct ended *x = a, *y = b;
    int64_t n = x->count[WON] + x->count[LOST], m = y->count[WON] + y->count[LOST];

    return n != m ? (n < m) - (n > m) : by_key(x->key, y->key);
}

/* Where the lines of an answer ended, and whether a line comes behind that: "7:12", of deals and key; "7": of no key. */
static struct berth_val mark_of(struct berth_ctx *c, const struct ended *x)
{
    long long n = x->count[WON] + x->count[LOST];

    if (x->key.type == BERTH_NULL)
        return berth_s(host->fmt(c, "%lld", n));
    return berth_s(x->key.type == BERTH_REF || x->key.type == BERTH_INT ? host->fmt(c, "%lld:%lld", n, (long long)x->key.i)
                                                                        : host->fmt(c, "%lld:%s", n, x->key.s));
}

static bool behind(const struct ended *x, struct berth_val after)
{
    struct ended mark = {.key = x->key};
    char *key;

    if (after.type == BERTH_NULL || *after.s == '\0')
        return true;
    mark.count[WON] = strtoll(after.s, &key, 10);
    if (*key != ':')
        mark.key = berth_nil();
    else if (x->key.type == BERTH_REF || x->key.type == BERTH_INT)
        mark.key.i = strtoll(key + 1, NULL, 10);
    else if (x->key.type != BERTH_NULL)
        mark.key.s = key + 1;
    else
        return x->count[WON] + x->count[LOST] < mark.count[WON]; /* of no key comes before the others */
    return by_count(&mark, x) < 0;
}

static const char *key_name(struct berth_ctx *c, const struct way *way, struct berth_val key)
{
    struct berth_row *of;

    if (key.type == BERTH_NULL)
        return "–";
    if (way->of == NULL)
        return key.s;
    of = host->next(host->find(c, way->of, "id = ?", BERTH_ARGS(berth_i(key.i))));
    return of == NULL ? host->fmt(c, "#%lld", (long long)key.i) : host->get(of, "name").s;
}

/* Of the deals that ended in the days asked for; rival: of the side's filter, nil when it names none. */
static int tell_ended(struct berth_ctx *c, const struct way *way, struct berth_val rival)
{
    struct endeds *e = host->alloc(c, sizeof(*e));
    int64_t user = whole(c, "user"), department = whole(c, "department"), asked = whole(c, "limit");
    size_t i = 0, lines = asked == 0 ? LINES : asked > MOST ? MOST : (size_t)asked;
    const char *from = day(c, "from"), *to = day(c, "to");
    struct berth_val after = host->param(c, "after");

    e->way = way;
    for (e->end = WON; e->end < ENDS && host->rc(c) == BERTH_OK; e->end++) {
        const struct side *s = &way->side[e->end];
        struct filter f = {.c = c};

        where(&f, s->which, rival);
        whose(&f, user, department);
        if (from != NULL)
            where(&f, host->fmt(c, "%s >= '%s'", s->date, from), berth_nil());
        if (to != NULL)
            where(&f, host->fmt(c, "%s <= '%s'", s->date, to), berth_nil());
        host->totals(c, s->table, f.text, f.v, f.n, s->field, "base_amount,base_profit", take_ended, e);
    }
    if (e->n > 0)
        qsort(e->at, e->n, sizeof(*e->at), by_count);
    host->json_open(c, NULL, '{');
    host->json_open(c, "rows", '[');
    while (i < e->n && !behind(&e->at[i], after))
        i++;
    for (size_t end = i + lines; i < e->n && i < end && host->rc(c) == BERTH_OK; i++) {
        const struct ended *x = &e->at[i];

        host->json_open(c, NULL, '{');
        host->json(c, "name", berth_s(key_name(c, e->way, x->key)));
        host->json(c, "won", berth_i(x->count[WON]));
        host->json(c, "lost", berth_i(x->count[LOST]));
        host->json(c, "ratio", real((double)x->count[WON] / (double)(x->count[WON] + x->count[LOST])));
        host->json(c, "won_amount", money(x->amount[WON]));
        host->json(c, "won_profit", money(x->profit));
        host->json(c, "lost_amount", money(x->amount[LOST]));
        host->json_close(c);
    }
    host->json_close(c);
    host->json(c, "next", i > 0 && i < e->n ? mark_of(c, &e->at[i - 1]) : berth_nil());
    return host->json_close(c);
}

/* GET /api/opportunities/closed?by=&user=&department=&from=&to=&limit=&after=: of the deals that ended in that time, won and
 * lost by person, reason, competitor, mode or direction; after: the "next" of the answer before. */
int closed(struct berth_ctx *c)
{
    struct berth_val by = host->param(c, "by");
    size_t way = 0;

    while (way < WAYS && by.type != BERTH_NULL && *by.s != '\0' && strcmp(ways[way].key, by.s) != 0)
        way++;
    if (way == WAYS)
        return host->error(c, BERTH_INVALID, "by", "opportunities.err.by");
    return tell_ended(c, &ways[way], berth_nil());
}

/* GET /api/opportunities/against?id=7: what we won and lost against a competitor, by mode. */
int won_against(struct berth_ctx *c)
{
    struct berth_row *rival = host->load(c, "competitor", whole(c, "id"));

    return rival == NULL ? host->rc(c) : tell_ended(c, &against, host->get(rival, "id"));
}

/* ---- won cases like this one ------------------------------------------------------------------------ */
/* GET /api/opportunities/similar?id=7: won deals on the same lane or of the same kind, as far as one sees. */
int similar(struct berth_ctx *c)
{
    struct berth_row *deal = host->load(c, "opportunity", whole(c, "id"));
    struct filter f = {.c = c};

    if (deal == NULL)
        return host->rc(c);
    where(&f, "status = 'won'", berth_nil());
    where(&f, "id <> ?", host->get(deal, "id"));
    if (!berth_is_empty(deal, "mode"))
        where(&f, "mode = ?", host->get(deal, "mode"));
    if (!berth_is_empty(deal, "direction"))
        where(&f, "direction = ?", host->get(deal, "direction"));
    if (!berth_is_empty(deal, "pod"))
        where(&f, "pod = ?", host->get(deal, "pod"));
    return host->reply_rows(c, host->find(c, "opportunity", host->fmt(c, "%s order by closed_on desc limit 10", f.text), f.v, f.n));
}
