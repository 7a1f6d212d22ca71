/* care.c - customer care: anniversaries, celebrations and birthdays, told some days ahead; greetings by mail on the day,
 * where a rule names a template. */
#include "customers.h"

enum { BIRTHDAY_AHEAD = 3 }; /* days */

static bool leap(int64_t y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static void civil(int64_t day, int64_t *y, int64_t *of_year)
{
    *y = 1970;
    while (day < 0)
        day += leap(--*y) ? 366 : 365;
    while (day >= (leap(*y) ? 366 : 365))
        day -= leap((*y)++) ? 366 : 365;
    *of_year = day;
}

/* Day 0..365 of a leap year, so that the same day has the same number every year. */
static int64_t leap_place(int64_t y, int64_t of_year)
{
    return !leap(y) && of_year >= 59 ? of_year + 1 : of_year;
}

static int64_t first_of(int64_t y)
{
    int64_t day = 0;

    for (int64_t i = 1970; i < y; i++)
        day += leap(i) ? 366 : 365;
    return day;
}

int64_t care_next(int64_t day, int64_t today)
{
    int64_t y, place, of_year, at;

    civil(day, &y, &of_year);
    place = leap_place(y, of_year);
    civil(today, &y, &of_year);
    for (;; y++) { /* 29 February is told on 1 March in other years */
        at = first_of(y) + (!leap(y) && place >= 60 ? place - 1 : place);
        if (at >= today)
            return at;
    }
}

int care_check(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_row *e = ev->row;
    int64_t on = berth_number(e, "on_day"), today = host->today(c);

    if (!berth_is_empty(e, "on_day"))
        host->set(e, "next_on", berth_i(berth_number(e, "yearly") != 0 ? care_next(on, today) : on));
    return host->rc(c);
}

static void one_ahead(struct berth_ctx *c, struct berth_row *r, const char *table, const char *next, int64_t ahead)
{
    int64_t day = berth_number(r, next), today = host->today(c), id = berth_number(r, "id");
    struct berth_row *company = host->ref(c, r, "customer_id");

    if (day < today) { /* a yearly one of last year */
        host->save(c, r); /* the hook sets the next */
        return;
    }
    if (day > today + ahead || company == NULL || berth_number(company, "owner_id") == 0)
        return;
    int64_t owner = berth_number(company, "owner_id");

    berth_alert(c, .text = strcmp(table, "contact") == 0 ? "customers.alert.birthday" : "customers.alert.care", .about = r,
                .people = &owner, .npeople = 1,
                .key = host->fmt(c, "customers.care:%s:%lld:%lld", table, (long long)id, (long long)day));
}

/* ---- greetings ------------------------------------------------------------------------------ */
struct greeting {
    struct berth_row *r, *company;
    const char *template_, *to;
};

/* In the language of the company's country. */
static const char *locale_of(const struct berth_row *company)
{
    static const char *const known[][2] = {{"CN", "zh-CN"}, {"TW", "zh-TW"}, {"HK", "zh-TW"}, {"MO", "zh-TW"}, {"VN", "vi"}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (berth_says(company, "country", known[i][0]))
            return known[i][1];
    return "en";
}

static int send(struct berth_ctx *c, void *arg)
{
    const struct greeting *g = arg;
    struct berth_row *t = host->next(host->find(c, "mail_template", "name = ? limit 1", BERTH_ARGS(berth_s(g->template_))));

    if (t == NULL) {
        host->log(c, BERTH_WARN, "the rule for greetings names the mail template %s, which is not there", g->template_);
        return host->rc(c);
    }
    return host->mail(c, g->r, berth_number(t, "id"), g->to, locale_of(g->company));
}

static int greet_as_owner(struct berth_ctx *c, void *arg)
{
    const struct greeting *g = arg;

    host->set(g->r, "greeted_on", berth_i(host->today(c)));
    if (host->save(c, g->r) != BERTH_OK)
        return host->rc(c);
    return host->as_user(c, berth_number(g->company, "owner_id"), send, arg); /* what he may read, with his signature */
}

static void greet(struct berth_ctx *c, struct berth_row *r, const char *rule, const char *next)
{
    struct greeting g = {.r = r, .company = host->ref(c, r, "customer_id")};
    bool person = strcmp(host->table(r), "contact") == 0;
    struct berth_val answer, to;

    if (berth_number(r, next) != host->today(c) || berth_number(r, "greeted_on") == host->today(c) || g.company == NULL ||
        berth_number(g.company, "owner_id") == 0 || (person && (berth_number(r, "no_greetings") != 0 || berth_number(r, "has_left") != 0)))
        return;
    to = host->get(person ? r : g.company, "email");
    answer = host->rule(c, rule, BERTH_ARGS(berth_r(r), berth_r(g.company)));
    if (to.type == BERTH_NULL || answer.type == BERTH_NULL || *answer.s == '\0')
        return;
    g.template_ = answer.s;
    g.to = to.s;
    if (host->step(c, greet_as_owner, &g) != BERTH_OK)
        host->log(c, BERTH_WARN, "%s %lld could not be greeted", host->table(r), (long long)berth_number(r, "id"));
}

/* Every morning. */
int care_remind(struct berth_ctx *c)
{
    struct berth_rows *rows = host->find(c, "customer_event", "next_on not empty and next_on <= @today+30d and (yearly = true or "
                                         "next_on >= @today) order by next_on limit 2000", BERTH_NOARGS);

    for (struct berth_row *e; (e = host->next(rows)) != NULL && host->rc(c) == BERTH_OK;) {
        one_ahead(c, e, "customer_event", "next_on", berth_number(e, "remind_days"));
        greet(c, e, "customers.greet_event", "next_on");
    }
    rows = host->find(c, "contact", "birthday_next <= @today+3d order by birthday_next limit 5000", BERTH_NOARGS);
    for (struct berth_row *p; (p = host->next(rows)) != NULL && host->rc(c) == BERTH_OK;) {
        one_ahead(c, p, "contact", "birthday_next", BIRTHDAY_AHEAD);
        greet(c, p, "customers.greet_contact", "birthday_next");
    }
    return host->rc(c);
}
