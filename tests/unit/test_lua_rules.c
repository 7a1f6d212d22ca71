/* test_lua_rules.c - rules and hooks: loading, checking, asking, replacing, failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"
#include "lua/script.h"
#include "lua/watch.h"
#include "lua_company.h"

struct fixture {
    char dir[64], path[256];
    struct small_company k;
    struct scripts *s;
    struct script_ops ops;
};

static void write_script(struct fixture *f, const char *name, const char *text)
{
    FILE *file;

    snprintf(f->path, sizeof(f->path), "%s/%s", f->dir, name);
    file = fopen(f->path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void set(struct fixture *f, const char *field, struct berth_val v)
{
    company_set(f->k.lead, field, v);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct buf err = BUF_INIT;

    log_set_level(LOG_ERROR_ + 1);
    strcpy(f->dir, "/tmp/berth-rules-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof(f->path), "%s/rules", f->dir);
    mkdir(f->path, 0700);
    snprintf(f->path, sizeof(f->path), "%s/hooks", f->dir);
    mkdir(f->path, 0700);
    company_open(&f->k, &err);
    if (f->k.m == NULL)
        fail_msg("%s", buf_str(&err));
    buf_free(&err);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];

    scripts_close(&f->s);
    company_close(&f->k);
    snprintf(command, sizeof(command), "rm -r %s", f->dir);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

static void open_scripts(struct fixture *f)
{
    if (f->s == NULL)
        f->s = scripts_open(f->dir, NULL, &SCRIPT_LIMITS, f->k.m);
    else
        scripts_reload(f->s, NULL);
    f->ops = scripts_ops(f->s);
}

static bool ask(struct fixture *f, const char *rule, struct berth_val *out)
{
    const struct berth_val args[] = {berth_r(f->k.lead)};

    return f->ops.rule(&f->k.c, model_rule(f->k.m, rule), args, 1, out);
}

/* The only rule's answer with this body; -1 when the default is to be taken. */
static int64_t days(struct fixture *f, const char *body)
{
    char text[2048];
    struct berth_val v;

    snprintf(text, sizeof(text),
             "-- Days without touch before a lead goes back\n"
             "return function(lead)\n%s\nend\n",
             body);
    write_script(f, "rules/leads.release_days.lua", text);
    open_scripts(f);
    return ask(f, "leads.release_days", &v) ? v.i : -1;
}

static const char *problem(struct fixture *f)
{
    size_t n;
    struct script_problem *p = scripts_problems(f->s, f->k.a, &n);

    return n == 0 ? "none" : arena_fmt(f->k.a, "%s:%d: %s", p->file, p->line, p->message);
}

static void refused(struct fixture *f, const char *name, const char *text, const char *want)
{
    write_script(f, name, text);
    open_scripts(f);
    assert_string_equal(problem(f), want);
    assert_int_equal(unlink(f->path), 0);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void a_rule_reads_the_record_and_answers(void **state)
{
    assert_int_equal(
        days(*state, "if lead.is_key and lead.status == 'open' then return 60 end return 30"), 60);
    assert_string_equal(problem(*state), "none");
}

static void fields_arrive_as_what_they_are(void **state)
{
    struct fixture *f = *state;

    set(f, "next_date", (struct berth_val){BERTH_DATE, 0, {.i = when_days(2026, 11, 22)}});
    set(f, "touched",
        (struct berth_val){BERTH_TIME, 0, {.i = INT64_C(1795305600000) - 3 * BERTH_DAY}});
    assert_int_equal(days(f, "return lead.id"), 17);
    assert_int_equal(days(f, "return #lead.name"), 14);
    assert_int_equal(days(f, "return berth.has(lead.lanes, 'asia') and #lead.lanes or 0"), 2);
    assert_int_equal(days(f, "return lead.volume == nil and 1 or 2"), 1);
    assert_int_equal(days(f, "return berth.days_since(lead.touched)"), 3);
    assert_int_equal(days(f, "return berth.days_between(lead.next_date, '2026-12-02')"), 10);
    assert_int_equal(days(f, "return berth.weekday(lead.next_date)"), 7);
    assert_int_equal(
        days(f, "return berth.days_between('2026-01-31', berth.add_months('2026-01-31', 1))"), 28);
    assert_int_equal(days(f, "return berth.date_text(lead.next_date) == '2026-11-22' and 1 or 0"),
                     1);
    assert_string_equal(problem(f), "none");
}

static void money_is_exact(void **state)
{
    struct fixture *f = *state;
    struct berth_val v;

    write_script(f, "rules/leads.price.lua",
                 "-- Price\nreturn function(lead, factor)\n"
                 "  local m = lead.budget * 3 - berth.money('0.1') * 1\n"
                 "  if m > 37 and m == berth.money('37.40') and m ~= berth.money(37)\n"
                 "  then return m * 0.1 / 3 + 1 end\nend\n");
    open_scripts(f);
    assert_string_equal(problem(f), "none");
    assert_true(ask(f, "leads.price", &v));
    assert_int_equal(v.type, BERTH_MONEY);
    assert_int_equal(v.i, 22467); /* 37.40 / 30 = 1.24666... + 1 */
    set(f, "budget", (struct berth_val){BERTH_MONEY, 0, {.i = INT64_MAX}});
    assert_int_equal(days(f, "lead.budget = lead.budget return 1"), -1);
    assert_int_equal(
        days(f, "return pcall(function() return lead.budget + lead.budget end) and 1 or 2"), 2);
    assert_int_equal(days(f, "return pcall(function() return lead.budget * 1e300 end) and 1 or 2"),
                     2);
    assert_int_equal(days(f, "return pcall(function() return lead.budget / 0 end) and 1 or 2"), 2);
    assert_int_equal(days(f, "return pcall(function() return lead.budget * (0/0) end) and 1 or 2"),
                     2);
    assert_int_equal(
        days(f,
             "return tostring(berth.money('-0.5')) == '-0.50' and 'x' .. berth.money(2) == 'x2.00'"
             " and 1 or 2"),
        1);
    assert_int_equal(days(f, "return berth.money(1) / berth.money(4) == 0.25 and 1 or 2"), 1);
    assert_int_equal(days(f, "return berth.money(2.675) == berth.money('2.675') and 1 or 2"), 1);
    assert_int_equal(
        days(f, "return -berth.money(2) * 2 == berth.money(-4) and tonumber(berth.money(2)) == 2.0"
                " and 1 or 2"),
        1);
}

static void nil_means_the_default(void **state)
{
    assert_int_equal(days(*state, "if lead.status == 'lost' then return 1 end"), -1);
    assert_string_equal(problem(*state), "none");
}

static void an_answer_of_the_wrong_kind_means_the_default_and_is_reported(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(days(f, "return 'many'"), -1);
    assert_string_equal(
        problem(f),
        "rules/leads.release_days.lua:0: the answer must be a whole number, not a string");
    assert_int_equal(days(f, "return 30.5"), -1);
    assert_int_equal(days(f, "return 30.0"), 30);
    assert_int_equal(f->k.c.rc, BERTH_OK);
}

static void an_error_while_running_means_the_default_and_names_the_line(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(days(f, "local n\nreturn n + 1"), -1);
    assert_non_null(
        strstr(problem(f), "rules/leads.release_days.lua:4: attempt to perform arithmetic"));
    assert_int_equal(days(f, "error({})"), -1);
    assert_non_null(strstr(problem(f), "error object is a table"));
}

static void a_rule_cannot_change_anything(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(days(f, "local l = {lead} l[1].name = 'x' return 1"), -1);
    assert_non_null(strstr(problem(f), "this record cannot be changed here"));
    assert_int_equal(days(f, "berth.new('lead') return 1"), -1);
    assert_non_null(strstr(problem(f), "a rule only answers"));
    assert_string_equal(f->k.lead->v[model_field(f->k.lead->t, "name")->at].s, "Saigon Freight");
}

static void a_record_is_void_after_its_call(void **state)
{
    struct fixture *f = *state;
    struct berth_val v;

    write_script(f, "rules/leads.release_days.lua",
                 "-- Keeps what it must not keep\nlocal kept\n"
                 "return function(lead)\n  local old = kept\n  kept = lead\n"
                 "  if old then return old.id end\n  return 1\nend\n");
    open_scripts(f);
    assert_true(ask(f, "leads.release_days", &v));
    assert_false(ask(f, "leads.release_days", &v));
    assert_non_null(strstr(problem(f), "this record belongs to an earlier call and is gone"));
}

static void secrets_do_not_exist_for_scripts(void **state)
{
    struct fixture *f = *state;

    refused(f, "rules/leads.release_days.lua",
            "-- x\nreturn function(lead, user) return user.hash end\n",
            "rules/leads.release_days.lua:2: user has no field 'hash'");
}

/* ---- checking ------------------------------------------------------------------------------- */

static void names_that_do_not_exist_are_refused_with_file_and_line(void **state)
{
    static const char *const cases[][3] = {
        {"leads.release_days", "return function(lead) return lead.dayz end",
         "2: lead has no field 'dayz'; did you mean 'days'?"},
        {"leads.release_days", "return function(lead)\n  local l = lead\n  return l['statuss'] end",
         "4: lead has no field 'statuss'; did you mean 'status'?"},
        {"leads.release_days",
         "return function(lead) for x in berth.find('lead') do return x.nam end end",
         "2: lead has no field 'nam'; did you mean 'name'?"},
        {"leads.release_days", "return function(lead) return berth.load('leed', 1) end",
         "2: there is no table 'leed'; did you mean 'lead'?"},
        {"leads.release_days",
         "return function(lead) return berth.rule('leads.may_clam', lead) end",
         "2: there is no rule 'leads.may_clam'; did you mean 'leads.may_claim'?"},
        {"leads.release_days",
         "return function(lead) return berth.count('lead', 'days > ? and statu = \"open\"', 1) end",
         "2: lead has no field 'statu'; did you mean 'status'?"},
        {"leads.release_days", "return function(lead) return berth.setting('leads.kep_days') end",
         "2: there is no setting 'leads.kep_days'; did you mean 'leads.keep_days'?"},
        {"leads.release_days", "return function(lead) return berth.tody() end",
         "2: unknown name 'berth.tody'; did you mean 'berth.today'?"},
        {"leads.release_days", "return function(lead) return string.upcase('x') end",
         "2: unknown name 'string.upcase'; did you mean 'string.upper'?"},
        {"leads.release_days", "return function(lead) return setmetatable({}, {}) end",
         "2: unknown name 'setmetatable'"},
        {"leads.release_days", "return function(lead) count = 1 return count end",
         "2: assignment to global 'count': write local"},
        {"leads.release_days", "function help() end return function(lead) end",
         "2: assignment to global 'help': write local function"},
        {"leads.release_days", "string.rep = nil return function(lead) end",
         "2: 'string.rep' cannot be changed"},
        {"leads.release_days", "local _ENV = {} return function(lead) return 1, x end",
         "2: unknown name 'x'"},
        {"leads.release_days", "return function(lead) return _ENV.io end",
         "2: unknown name '_ENV'"},
        {"leads.release_days", "return function(a, b, c) end",
         "2: leads.release_days is asked with 2 arguments (lead, user), not 3"},
        {"leads.release_days", "return function(...) end", "2: name the arguments: lead, user"},
        {"leads.release_days", "return 30",
         "3: a rule's file ends with: return function(lead, user) ... end"},
        {"leads.release_days", "return function(lead) lead.days = 1 end",
         "2: a rule only answers: it cannot change a record"},
        {"leads.release_days", "return function(lead) return lead:save() end",
         "2: records have no functions of their own; see berth.*"},
        {"leads.release_days", "return function(lead) return lead.budget == 0 end",
         "2: money never equals a plain number; compare with berth.money(...)"},
        {"leads.release_days", "return function(lead) return 0 ~= lead.budget end",
         "2: money never equals a plain number; compare with berth.money(...)"},
        {"leads.release_days", "return function(lead)\n  if lead.days then\n  return 1\nend",
         "6: 'end' expected (to close 'function' at line 2) near <eof>"},
        {"leads.release_dais", "return function(lead) end",
         "1: no plugin asks a rule 'leads.release_dais'; did you mean 'leads.release_days'?"},
        {"leads.release_days", "while true do end return function(lead) end", "2: ran too long"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char *name = arena_fmt(f->k.a, "rules/%s.lua", cases[i][0]);
        const char *text = arena_fmt(f->k.a, "-- What it is for\n%s\n", cases[i][1]);

        write_script(f, name, text);
        open_scripts(f);
        if (strcmp(cases[i][2], "2: ran too long") == 0)
            assert_non_null(strstr(problem(f), cases[i][2]));
        else
            assert_string_equal(problem(f), arena_fmt(f->k.a, "%s:%s", name, cases[i][2]));
        unlink(f->path);
    }
}

static void a_file_begins_with_what_it_is_for(void **state)
{
    refused(*state, "rules/leads.release_days.lua", "return function(lead) return 1 end\n",
            "rules/leads.release_days.lua:1: begin with a comment that says in business words what "
            "this decides");
}

static void names_of_inner_functions_and_blocks_are_understood(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(
        days(f, "local function twice(n) return n * 2 end\n"
                "local t = {name = 1, ['x y'] = 2; 3, lead = lead, [4] = {5}}\n"
                "for i, v in ipairs(t) do local lead = {anything = v} t.sum = (t.sum or 0) + "
                "lead.anything end\n"
                "for i = 1, 2 do t[i] = i end\n"
                "repeat local done = true until done\n"
                "while t.sum > 1e3 do t.sum = t.sum - 1 break end\n"
                "do local x <const>, y <close> = 1, nil; t.x = x end\n"
                "goto out\n::out::\n"
                "local s = [[long\nlead.nothing]] .. [==[x]==] .. 'a\\'lead.b' --[[ lead.c ]] -- "
                "lead.d\n"
                "local a, b = (lead), -lead.budget // 1 == nil\n"
                "if not t.x and #t == ~1 or t.x ~= 1 then return 0x1p4 elseif t.lead.name then\n"
                "  return twice(twice(3)) else return ('x'):len() end"),
        -1);
    assert_int_equal(
        days(f,
             "local s = ('%d'):format(3); local t = {f = function(self, n) return n end}\n"
             "local ok, why = pcall(function(...) local n = select('#', ...) return n end, 1, 2)\n"
             "return t:f(4) + tonumber(s) + why"),
        9);
    assert_string_equal(problem(f), "none");
}

static void one_file_is_checked_for_the_command_line(void **state)
{
    struct fixture *f = *state;
    size_t n;
    struct script_problem *p;

    write_script(f, "rules/leads.hint.lua",
                 "-- Hint\nreturn function(lead) return lead.nme .. lead.x end\n");
    p = script_check_file(f->k.m, f->path, f->k.a, &n);
    assert_int_equal(n, 2);
    assert_int_equal(p[0].line, 2);
    assert_string_equal(p[0].message, "lead has no field 'nme'; did you mean 'name'?");
    write_script(f, "rules/leads.hint.lua",
                 "-- Hint\nreturn function(lead) return lead.name end\n");
    script_check_file(f->k.m, f->path, f->k.a, &n);
    assert_int_equal(n, 0);
}

/* ---- replacing ---------------------------------------------------------------------------------- */

static void an_erroneous_file_leaves_the_version_before_in_force(void **state)
{
    struct fixture *f = *state;
    struct script_info *list;
    struct berth_val v;
    size_t n;

    assert_int_equal(days(f, "return 45"), 45);
    assert_int_equal(days(f, "return lead.dayz"), 45);
    assert_string_equal(
        problem(f),
        "rules/leads.release_days.lua:3: lead has no field 'dayz'; did you mean 'days'?");
    list = scripts_list(f->s, f->k.a, &n);
    assert_int_equal(n, 1);
    assert_true(list[0].older && list[0].rule);
    assert_string_equal(list[0].about, "Days without touch before a lead goes back");
    assert_int_equal(days(f, "return ("), 45);
    assert_int_equal(days(f, "return 46"), 46);
    assert_string_equal(problem(f), "none");
    unlink(f->path);
    open_scripts(f);
    assert_false(ask(f, "leads.release_days", &v));
}

static void a_file_from_windows_is_read(void **state)
{
    struct fixture *f = *state;
    struct script_info *list;
    struct berth_val v;
    size_t n;

    write_script(f, "rules/leads.release_days.lua",
                 "\xef\xbb\xbf-- Từ Windows\r\nreturn function(lead)\r\n  return 9\r\nend\r\n");
    open_scripts(f);
    assert_string_equal(problem(f), "none");
    assert_true(ask(f, "leads.release_days", &v));
    list = scripts_list(f->s, f->k.a, &n);
    assert_string_equal(list[0].about, "Từ Windows");
}

static void one_bad_file_does_not_disturb_the_others(void **state)
{
    struct fixture *f = *state;
    struct berth_val v;

    write_script(f, "rules/leads.may_claim.lua",
                 "-- Claims\nreturn function(lead) return nothing end\n");
    assert_int_equal(days(f, "return 45"), 45);
    assert_false(ask(f, "leads.may_claim", &v));
}

static void a_changed_folder_is_noticed(void **state)
{
    struct fixture *f = *state;

    days(f, "return 45");
    assert_false(scripts_changed(f->s, f->k.m));
    write_script(f, "rules/leads.hint.lua", "-- Hint\nreturn function(lead) return 'x' end\n");
    assert_true(scripts_changed(f->s, f->k.m));
    scripts_reload(f->s, NULL);
    assert_false(scripts_changed(f->s, f->k.m));
    unlink(f->path);
    assert_true(scripts_changed(f->s, f->k.m));
}

struct asker {
    struct fixture *f;
    int64_t first, last;
    pthread_barrier_t *barrier;
};

static void *ask_in_thread(void *arg)
{
    struct asker *k = arg;
    struct berth_ctx c = k->f->k.c;
    struct berth_row lead = *k->f->k.lead;
    const struct berth_val args[] = {berth_r(&lead)};
    struct berth_val v = {0};

    c.a = arena_new();
    lead.c = &c;
    for (int i = 0; i < 1000; i++)
        if (k->f->ops.rule(&c, model_rule(k->f->k.m, "leads.release_days"), args, 1, &v))
            k->first = v.i;
    pthread_barrier_wait(k->barrier); /* now the main thread publishes another set */
    pthread_barrier_wait(k->barrier);
    if (k->f->ops.rule(&c, model_rule(k->f->k.m, "leads.release_days"), args, 1, &v))
        k->last = v.i;
    arena_free(&c.a);
    return NULL;
}

static void every_thread_follows_a_reload(void **state)
{
    struct fixture *f = *state;
    struct asker askers[4];
    pthread_t threads[4];
    pthread_barrier_t barrier;

    days(f, "return 45");
    pthread_barrier_init(&barrier, NULL, 5);
    for (int i = 0; i < 4; i++) {
        askers[i] = (struct asker){f, 0, 0, &barrier};
        pthread_create(&threads[i], NULL, ask_in_thread, &askers[i]);
    }
    pthread_barrier_wait(&barrier);
    days(f, "return 46");
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(askers[i].first, 45);
        assert_int_equal(askers[i].last, 46);
    }
    pthread_barrier_destroy(&barrier);
}

/* ---- running away ------------------------------------------------------------------------------- */

static void a_runaway_rule_gives_the_default_and_is_stopped_after_a_few_times(void **state)
{
    struct fixture *f = *state;
    struct berth_val v;
    size_t n;
    struct script_problem *p;

    assert_int_equal(days(f, "while true do pcall(function() while true do end end) end"), -1);
    for (int i = 0; i < 6; i++)
        assert_false(ask(f, "leads.release_days", &v));
    p = scripts_problems(f->s, f->k.a, &n);
    assert_int_equal(n, 1);
    assert_true(p->stopped && p->at_run);
    assert_int_equal(p->times, 5); /* then it was not even tried */
    assert_string_equal(p->message, "ran too long");
    assert_int_equal(p->line, 3);
    assert_int_equal(days(f, "return 7"), 7);
}

static void a_rule_that_overruns_now_and_then_gets_less_and_less(void **state)
{
    static const char source[] = "if lead.status == 'lost' then while true do end end\n"
                                 "local n = 0 for i = 1, %s do n = n + 1 end return 7";
    struct fixture *f = *state;
    const struct berth_val lost = {BERTH_PICK, 4, {.s = "lost"}},
                           open = {BERTH_PICK, 4, {.s = "open"}};
    struct berth_val v;

    days(f, arena_fmt(f->k.a, source, "100000")); /* a quarter of what a rule may do */
    for (int i = 0; i < 6; i++) {
        set(f, "status", lost);
        assert_false(ask(f, "leads.release_days", &v));
        set(f, "status", open);
        ask(f, "leads.release_days", &v);
    }
    assert_false(ask(f, "leads.release_days", &v)); /* too much for now */
    assert_int_equal(days(f, arena_fmt(f->k.a, source, "1000")), 7);
    for (int i = 0; i < 6; i++) {
        set(f, "status", lost);
        assert_false(ask(f, "leads.release_days", &v));
        set(f, "status", open);
        assert_true(ask(f, "leads.release_days", &v)); /* what is short goes on */
    }
}

static void a_memory_hog_costs_only_its_own_answer(void **state)
{
    struct fixture *f = *state;
    struct berth_val v;

    write_script(f, "rules/leads.hint.lua",
                 "-- Hint\nlocal kept = {}\nreturn function(lead)\n"
                 "  while true do kept[#kept + 1] = ('x'):rep(1000000) .. #kept end\nend\n");
    assert_int_equal(days(f, "return 45"), 45);
    for (int i = 0; i < 3; i++) {
        assert_false(ask(f, "leads.hint", &v));
        assert_true(ask(f, "leads.release_days", &v));
        assert_int_equal(v.i, 45);
    }
}

static void a_script_that_made_the_server_crash_is_left_out(void **state)
{
    static const char *const names[] = {"rules/leads.release_days.lua"};
    const struct conf_list left_out = {(const char **)names, 1};
    struct fixture *f = *state;
    struct berth_val v;

    days(f, "return 45");
    scripts_close(&f->s);
    f->s = scripts_open(f->dir, &left_out, &SCRIPT_LIMITS, f->k.m);
    f->ops = scripts_ops(f->s);
    assert_false(ask(f, "leads.release_days", &v));
    assert_non_null(strstr(problem(f), "left out after crashes"));
}

static void nothing_is_overdue_while_nothing_runs(void **state)
{
    char name[SCRIPT_NAME];

    days(*state, "return 45");
    assert_false(scripts_overdue(0, name));
}

static void a_script_that_cannot_be_stopped_is_named(void **state)
{
    char name[SCRIPT_NAME] = "";

    (void)state;
    watch_begin("rules/leads.release_days.lua"); /* as if it were inside */
    while (!scripts_overdue(0, name))
        sched_yield();
    assert_string_equal(name, "rules/leads.release_days.lua");
    assert_false(scripts_overdue(600000, name));
    watch_pause(); /* inside the host, which has limits of its own */
    assert_false(scripts_overdue(-1, name));
    watch_resume();
    assert_true(scripts_overdue(-1, name));
    watch_end();
    assert_false(scripts_overdue(-1, name));
}

/* ---- hooks -------------------------------------------------------------------------------------- */

static int fire(struct fixture *f, uint32_t when)
{
    struct berth_event ev = {.when = when, .on = "lead", .row = f->k.lead};

    if (!f->ops.has_hook(f->k.lead->t, NULL, when))
        return 1;
    return f->ops.hook(&f->k.c, &ev);
}

static void a_hook_changes_the_record_before_it_is_saved(void **state)
{
    struct fixture *f = *state;

    write_script(f, "hooks/tidy.lua",
                 "-- Names lose their blanks; Asia is always a lane\n"
                 "on('lead', 'before_save', function(lead, old)\n"
                 "  lead.name = lead.name:upper()\n  lead.lanes = {'asia'}\n  lead.budget = "
                 "lead.budget + 1\n"
                 "  lead.next_date = '2026-11-22'\n  lead.is_key = nil\nend)\n");
    open_scripts(f);
    assert_string_equal(problem(f), "none");
    assert_int_equal(fire(f, BERTH_AFTER | BERTH_INSERT), 1);
    assert_int_equal(fire(f, BERTH_BEFORE | BERTH_DELETE), 1);
    assert_int_equal(fire(f, BERTH_BEFORE | BERTH_INSERT), BERTH_OK);
    assert_string_equal(row_get(f->k.lead, "name").s, "SAIGON FREIGHT");
    assert_string_equal(row_get(f->k.lead, "lanes").s, "|asia|");
    assert_int_equal(row_get(f->k.lead, "budget").i, 135000);
    assert_int_equal(row_get(f->k.lead, "next_date").i, when_days(2026, 11, 22));
    assert_int_equal(row_get(f->k.lead, "is_key").type, BERTH_NULL);
}

static void a_hook_refuses_with_field_and_text(void **state)
{
    struct fixture *f = *state;

    write_script(
        f, "hooks/budget.lua",
        "-- No lead without budget\n"
        "on('lead', 'before_update', function(lead)\n"
        "  if lead.budget < 100 then berth.error('budget', 'leads.err.budget') end\nend)\n");
    open_scripts(f);
    assert_int_equal(fire(f, BERTH_BEFORE | BERTH_UPDATE), BERTH_INVALID);
    assert_string_equal(f->k.c.problems->field, "budget");
    assert_string_equal(f->k.c.problems->key, "leads.err.budget");
    assert_string_equal(problem(f), "none"); /* it did what it is for */
}

static void a_failing_hook_refuses_the_change_and_names_script_and_line(void **state)
{
    struct fixture *f = *state;

    write_script(f, "hooks/broken.lua",
                 "-- Broken\non('lead', 'before_update', function(lead)\n"
                 "  local n = lead.days + 1\nend)\n");
    write_script(f, "hooks/endless.lua",
                 "-- Endless\non('lead', 'before_insert', function(lead)\n"
                 "  while true do\n  end\nend)\n");
    open_scripts(f);
    assert_int_equal(fire(f, BERTH_BEFORE | BERTH_UPDATE), BERTH_INVALID);
    assert_string_equal(f->k.c.key, "err.script");
    assert_string_equal(f->k.c.args[1], "hooks/broken.lua");
    assert_non_null(
        strstr(f->k.c.args[3], "hooks/broken.lua:3: attempt to perform arithmetic on a nil"));
    for (int i = 0; i < 7;
         i++) { /* also when it is no longer run: a check that is off is no check */
        ctx_clear(&f->k.c);
        assert_int_equal(fire(f, BERTH_BEFORE | BERTH_INSERT), BERTH_INVALID);
        assert_non_null(strstr(f->k.c.args[3], "ran too long"));
    }
}

static void hooks_on_unknown_tables_fields_and_moments_are_refused(void **state)
{
    struct fixture *f = *state;

    refused(f, "hooks/a.lua", "-- x\non('leed', 'before_update', function(lead) end)\n",
            "hooks/a.lua:2: there is no table 'leed'; did you mean 'lead'?");
    refused(f, "hooks/a.lua",
            "-- x\non('lead', 'before_update', function(l, old)\n  l.nmae = old.name\nend)\n",
            "hooks/a.lua:3: lead has no field 'nmae'; did you mean 'name'?");
    refused(f, "hooks/a.lua", "-- x\non('lead', 'before_updat', function(lead) end)\n",
            "hooks/a.lua:2: bad argument #2 to 'on' (before_, after_ or done_ with insert, update, "
            "save or delete)");
    refused(
        f, "rules/leads.release_days.lua",
        "-- x\non('lead', 'before_save', function() end)\nreturn function() end\n",
        "rules/leads.release_days.lua:2: on() belongs into a file in hooks/, outside of functions");
}

static void topics_are_heard(void **state)
{
    struct fixture *f = *state;
    struct berth_event ev = {.when = BERTH_EVENT, .on = "leads.released", .row = f->k.lead};

    write_script(f, "hooks/a.lua",
                 "-- x\non('leads.released', function(lead)\n"
                 "  if lead.id == 17 then berth.error(nil, 'heard') end\nend)\n");
    open_scripts(f);
    assert_true(f->ops.has_hook(NULL, "leads.released", BERTH_EVENT));
    assert_false(f->ops.has_hook(NULL, "leads.claimed", BERTH_EVENT));
    assert_int_equal(f->ops.hook(&f->k.c, &ev), BERTH_INVALID);
    assert_string_equal(f->k.c.key, "heard");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_rule_reads_the_record_and_answers),
        CASE(fields_arrive_as_what_they_are),
        CASE(money_is_exact),
        CASE(nil_means_the_default),
        CASE(an_answer_of_the_wrong_kind_means_the_default_and_is_reported),
        CASE(an_error_while_running_means_the_default_and_names_the_line),
        CASE(a_rule_cannot_change_anything),
        CASE(a_record_is_void_after_its_call),
        CASE(secrets_do_not_exist_for_scripts),
        CASE(names_that_do_not_exist_are_refused_with_file_and_line),
        CASE(a_file_begins_with_what_it_is_for),
        CASE(names_of_inner_functions_and_blocks_are_understood),
        CASE(one_file_is_checked_for_the_command_line),
        CASE(an_erroneous_file_leaves_the_version_before_in_force),
        CASE(a_file_from_windows_is_read),
        CASE(one_bad_file_does_not_disturb_the_others),
        CASE(a_changed_folder_is_noticed),
        CASE(every_thread_follows_a_reload),
        CASE(a_runaway_rule_gives_the_default_and_is_stopped_after_a_few_times),
        CASE(a_rule_that_overruns_now_and_then_gets_less_and_less),
        CASE(a_memory_hog_costs_only_its_own_answer),
        CASE(a_script_that_made_the_server_crash_is_left_out),
        CASE(nothing_is_overdue_while_nothing_runs),
        CASE(a_script_that_cannot_be_stopped_is_named),
        CASE(a_hook_changes_the_record_before_it_is_saved),
        CASE(a_hook_refuses_with_field_and_text),
        CASE(a_failing_hook_refuses_the_change_and_names_script_and_line),
        CASE(hooks_on_unknown_tables_fields_and_moments_are_refused),
        CASE(topics_are_heard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
