/* test_due.c - falling back: exact to the minute through a year, by the rules as they are. */
#include "site_test.h"

#include <sys/stat.h>

#include "base/when.h"
#include "lua/script.h"
#include "record/commit.h"
#include "record/due.h"
#include "record/find.h"
#include "record/save.h"
#include "record/timer.h"

enum { LEADS = 60, TICK = 20000, DAYS = 366 };
#define START INT64_C(1767225600000) /* 2026-01-01 */

static uint64_t seed = 88172645463325252u;

static uint64_t rnd(uint64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % n;
}

/* ---- a site ------------------------------------------------------------------------------------------ */
static void script(const char *text)
{
    char path[200];
    FILE *f;

    snprintf(path, sizeof(path), "%s/rules", dir);
    mkdir(path, 0700);
    snprintf(path, sizeof(path), "%s/rules/leads.release.lua", dir);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(site_reload(&site), 0);
}

static int two_pools(struct berth_ctx *c, void *arg)
{
    static const char *const names[] = {"Main", "Cold"};

    (void)arg;
    for (int i = 0; i < 2; i++) {
        struct berth_row *p = row_new(c, model_table(c->m, "pool"));

        row_set(p, "name", berth_s(names[i]));
        row_set(p, "on_table", berth_s("lead"));
        row_save(c, p);
    }
    for (int i = 0; i < 3; i++) {
        struct berth_row *u = row_new(c, model_table(c->m, "user"));

        row_set(u, "name", berth_s(arena_fmt(c->a, "user %d", i)));
        row_set(u, "login", berth_s(arena_fmt(c->a, "u%d", i)));
        row_save(c, u);
    }
    return c->rc;
}

static int open_site(void **state)
{
    (void)state;
    if (site_up(START) < 0)
        return -1;
    write_as_host(two_pools, NULL);
    return 0;
}

/* ---- small things ---------------------------------------------------------------------------------------- */
struct lead_of {
    int64_t id, owner;
    const char *rating, *status;
};

static int make_lead(struct berth_ctx *c, void *arg)
{
    struct lead_of *l = arg;
    struct berth_row *r = row_new(c, model_table(c->m, "lead"));

    row_set(r, "name", berth_s(arena_fmt(c->a, "lead %llu", (unsigned long long)rnd(1000000000))));
    row_set(r, "owner_id", berth_i(l->owner));
    if (l->rating != NULL)
        row_set(r, "rating", berth_s(l->rating));
    if (l->status != NULL)
        row_set(r, "status", berth_s(l->status));
    row_save(c, r);
    l->id = row_id(r);
    return c->rc;
}

/* As the plugin activities does. */
static int touch(struct berth_ctx *c, void *arg)
{
    struct berth_row *r = save_load(c, model_table(c->m, "lead"), *(int64_t *)arg);

    row_set(r, "touched_at", berth_i(c->now));
    return row_save(c, r);
}

static int claim(struct berth_ctx *c, void *arg)
{
    struct berth_row *r = save_load(c, model_table(c->m, "lead"), *(int64_t *)arg);

    row_set(r, "owner_id", berth_i(1));
    return row_save(c, r);
}

static int64_t due_at(int64_t id)
{
    return number("SELECT coalesce(due_at, 0) FROM lead WHERE id = %lld", (long long)id);
}

static void run_release(void)
{
    const struct model *m = atomic_load(&site.st.model);

    for (size_t i = 0; i < m->ntimers; i++)
        if (strcmp(m->timers[i].full, "pools.release") == 0)
            assert_true(timer_run(&site.st, &m->timers[i], 0) > 0);
}

/* ---- a year --------------------------------------------------------------------------------------------- */
/* The model of what should be: days since the last touch, by rating. */
struct shadow {
    int64_t id, touched, days, released;
};

static int64_t next_event(void)
{
    return number("SELECT min(x) FROM (SELECT min(due_at) AS x FROM lead UNION ALL SELECT min(remind_at) FROM lead)");
}

static void no_lead_is_released_a_minute_early_or_late_in_a_year(void **state)
{
    static const char *const ratings[] = {"hot", "warm", "cold"};
    static const int64_t days[] = {45, 30, 20};
    static struct shadow all[LEADS];
    int64_t now = START, end = START + DAYS * WHEN_DAY, worst = 0;
    int released = 0, touches = 0;

    (void)state;
    script("-- Hot leads 45 days, warm ones 30, all others 20.\n"
           "return function(lead)\n"
           "  local days = {hot = 45, warm = 30}\n"
           "  return {days = days[lead.rating] or 20, why = 'not worked', remind = {{days = 3}, {days = 5, to = 'manager'}}}\n"
           "end\n");
    for (int i = 0; i < LEADS; i++) {
        struct lead_of l = {.owner = 1 + (int64_t)rnd(3), .rating = ratings[i % 3]};

        now += (int64_t)rnd(WHEN_DAY / 8);
        atomic_store(&site.st.clock, now);
        write_as_host(make_lead, &l);
        all[i] = (struct shadow){l.id, now, days[i % 3] * WHEN_DAY, 0};
        assert_int_equal(due_at(l.id), now + all[i].days);
    }
    while (now < end) {
        int64_t call = now + (int64_t)rnd(3 * WHEN_DAY), event = next_event();
        bool calls = event <= 0 || call < event;
        int64_t tick = (((calls ? call : event) + TICK - 1) / TICK) * TICK; /* the timer comes by every 20 s */

        now = tick > now ? tick : now;
        atomic_store(&site.st.clock, now);
        if (calls) {
            struct shadow *s = &all[rnd(LEADS)];

            if (s->released == 0 && s->touched + s->days <= now)
                continue; /* falls back at this very tick */
            write_as_host(s->released == 0 ? touch : claim, &s->id);
            s->released = 0;
            s->touched = now;
            touches++;
            continue;
        }
        run_release();
        for (int i = 0; i < LEADS; i++) {
            if (all[i].released == 0 && number("SELECT owner_id IS NULL FROM lead WHERE id = %lld", (long long)all[i].id) == 1) {
                int64_t late = now - (all[i].touched + all[i].days);

                all[i].released = now;
                released++;
                assert_true(late >= 0);
                worst = late > worst ? late : worst;
            } else if (all[i].released == 0) {
                assert_true(all[i].touched + all[i].days > now);
            }
        }
    }
    assert_true(released > LEADS && touches > 100);
    assert_true(worst <= 60000);
}

/* ---- which rule decides ------------------------------------------------------------------------------------ */
static int a_rule(struct berth_ctx *c, void *arg)
{
    struct berth_row *r = row_new(c, model_table(c->m, "pool_rule"));

    (void)arg;
    row_set(r, "pool_id", berth_i(1));
    row_set(r, "name", berth_s("cold ones after ten days from the claim"));
    row_set(r, "days", berth_i(10));
    row_set(r, "counted_from", berth_s("claim"));
    row_set(r, "applies_to", berth_s("[\"rating\",\"=\",\"cold\"]"));
    row_set(r, "to_pool_id", berth_i(2));
    return row_save(c, r);
}

static void a_pools_rule_comes_before_the_days_and_a_script_before_both(void **state)
{
    int64_t now = START + 2 * DAYS * WHEN_DAY;
    struct lead_of cold = {.owner = 1, .rating = "cold"}, warm = {.owner = 1, .rating = "warm"},
                   won = {.owner = 1, .rating = "warm", .status = "converted"};

    (void)state;
    atomic_store(&site.st.clock, now);
    script(
        "-- Nothing to say about most.\nreturn function(lead, pool)\n  if lead.is_key and pool.name == 'Main' then\n    return false\n  end\nend\n");
    write_as_host(a_rule, NULL);
    write_as_host(make_lead, &cold);
    write_as_host(make_lead, &warm);
    write_as_host(make_lead, &won);
    assert_int_equal(due_at(cold.id), now + 10 * WHEN_DAY);
    assert_int_equal(number("SELECT due_pool_id FROM lead WHERE id = %lld", (long long)cold.id), 2);
    assert_int_equal(due_at(warm.id), now + 30 * WHEN_DAY);
    assert_int_equal(due_at(won.id), 0);
    script("-- All at once.\nreturn function(lead)\n  return {days = 1, pool = 'Cold', why = lead.rating}\nend\n");
    write_as_host(touch, &won.id);
    assert_int_equal(due_at(won.id), now + WHEN_DAY);
}

static void an_outdated_due_time_lets_nothing_go(void **state)
{
    struct lead_of l = {.owner = 2, .rating = "hot"};
    int64_t now = atomic_load(&site.st.clock);

    (void)state;
    write_as_host(make_lead, &l);
    assert_int_equal(due_at(l.id), now + WHEN_DAY);
    script("-- Hot ones stay for a month.\nreturn function(lead)\n  if lead.rating == 'hot' then\n    return 31\n  end\nend\n");
    atomic_store(&site.st.clock, now + 2 * WHEN_DAY); /* its due_at has passed, by a rule that is gone */
    run_release();
    assert_int_equal(number("SELECT owner_id FROM lead WHERE id = %lld", (long long)l.id), 2);
    assert_int_equal(due_at(l.id), now + 31 * WHEN_DAY);
}

static void an_answer_that_makes_no_sense_is_told_and_the_next_rule_decides(void **state)
{
    struct lead_of l = {.owner = 2, .rating = "warm"};
    int64_t now = atomic_load(&site.st.clock);
    struct arena *a = arena_new();
    struct script_problem *p;
    size_t n;

    (void)state;
    script("-- A slip of the pen.\nreturn function(lead)\n  return {dayz = 1}\nend\n");
    write_as_host(make_lead, &l);
    assert_int_equal(due_at(l.id), now + 30 * WHEN_DAY);
    p = scripts_problems(site.scripts, a, &n);
    assert_int_equal(n, 1);
    assert_non_null(strstr(p[0].message, "dayz"));
    arena_free(&a);
}

/* ---- after the commit --------------------------------------------------------------------------------------- */
static void seen_later(struct berth_ctx *c, void *arg)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT count(*) FROM pool WHERE name = 'Later'");

    *(int64_t *)arg = db_step(s) == DB_ROW && !c->writing ? db_col_int(s, 0) : -1;
    db_reset(s);
}

static int64_t seen;

static int wants_more(struct berth_ctx *c)
{
    struct berth_row *p = row_new(c, model_table(c->m, "pool"));

    row_set(p, "name", berth_s("Later"));
    row_set(p, "on_table", berth_s("lead"));
    ctx_after_commit(c, seen_later, &seen);
    return row_save(c, p);
}

static void what_a_timer_wants_done_waits_for_its_commit(void **state)
{
    const struct timer t = {.full = "pools.test", .every = "1h", .plugin = "pools", .run = wants_more};

    (void)state;
    seen = 0;
    assert_int_equal(timer_run(&site.st, &t, 0), 1);
    assert_int_equal(seen, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_lead_is_released_a_minute_early_or_late_in_a_year),
        cmocka_unit_test(a_pools_rule_comes_before_the_days_and_a_script_before_both),
        cmocka_unit_test(an_outdated_due_time_lets_nothing_go),
        cmocka_unit_test(an_answer_that_makes_no_sense_is_told_and_the_next_rule_decides),
        cmocka_unit_test(what_a_timer_wants_done_waits_for_its_commit),
    };

    return cmocka_run_group_tests(tests, open_site, close_site);
}
