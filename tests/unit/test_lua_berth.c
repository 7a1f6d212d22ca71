/* test_lua_berth.c - what scripts do to records in a real database, as the user who asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <sys/stat.h>

#include "base/log.h"
#include "lua/script.h"
#include "lua_company.h"
#include "model/migrate.h"
#include "record/find.h"
#include "record/save.h"

const struct berth_plugin *berth_plugin_entry(const struct berth_api *api); /* plugins/base */

/* Shortens the days of a lead by what its form says. */
static int shorten(struct berth_ctx *c, struct berth_row *lead)
{
    row_set(lead, "days", berth_i(row_get(lead, "days").i - c->param(c->param_arg, "by").i));
    if (c->param(c->param_arg, "why").len > 0)
        row_set(lead, "name", c->param(c->param_arg, "why"));
    return row_save(c, lead);
}

static const struct berth_plugin notes = {
    .name = "notes",
    .needs = "leads",
    .actions =
        LIST(action, {"lead", "shorten",
                      .form = BERTH_FIELDS({"by", BERTH_INT, BERTH_REQUIRED}, {"why", BERTH_TEXT}),
                      .run = shorten}),
    .tables =
        LIST(table, {"note", BERTH_FIELDS({"lead_id", BERTH_REF, 0, "lead"}, {"text", BERTH_TEXT}),
                     .title = "text"})};

struct fixture {
    char dir[64], path[256];
    struct store st;
    const struct berth_plugin *plugins[3];
    struct scripts *s;
    struct db_conn *reader;
};

static void write_script(struct fixture *f, const char *name, const char *text)
{
    FILE *file;

    snprintf(f->path, sizeof(f->path), "%s/%s", f->dir, name);
    file = fopen(f->path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    if (f->s == NULL)
        f->s = scripts_open(f->dir, NULL, &SCRIPT_LIMITS, atomic_load(&f->st.model));
    else
        scripts_reload(f->s, NULL);
    f->st.scripts = scripts_ops(f->s);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct buf err = BUF_INIT, report = BUF_INIT;

    log_set_level(LOG_ERROR_ + 1);
    strcpy(f->dir, "/tmp/berth-lua-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof(f->path), "%s/rules", f->dir);
    mkdir(f->path, 0700);
    snprintf(f->path, sizeof(f->path), "%s/hooks", f->dir);
    mkdir(f->path, 0700);
    snprintf(f->path, sizeof(f->path), "%s/berth.db", f->dir);
    f->plugins[0] = berth_plugin_entry(NULL);
    f->plugins[1] = &company_leads;
    f->plugins[2] = &notes;
    f->st.plugins = f->plugins;
    f->st.nplugins = 3;
    f->st.labels = labels_new();
    strcpy(f->st.company.zone, "Asia/Ho_Chi_Minh");
    strcpy(f->st.company.locale, "en");
    if (db_open(f->path, &(struct db_options){0}, &f->st.db, &err) < 0 ||
        migrate_database(f->st.db, f->plugins, 3, false, NULL, &report, &err) < 0 ||
        store_open(&f->st, &err) < 0)
        fail_msg("%s", buf_str(&err));
    f->reader = db_reader(f->st.db, &err);
    buf_free(&err);
    buf_free(&report);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];

    scripts_close(&f->s);
    db_conn_close(&f->reader);
    labels_free(&f->st.labels);
    store_close(&f->st);
    db_close(&f->st.db);
    snprintf(command, sizeof(command), "rm -r %s", f->dir);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* ---- doing and looking ---------------------------------------------------------------------- */

struct saving {
    struct fixture *f;
    const char *name;
    int64_t id, days; /* id 0: insert */
    char error[256];
};

static int save_body(struct db_conn *w, void *arg)
{
    struct saving *d = arg;
    struct arena *a = arena_new();
    struct berth_ctx c;
    struct berth_row *lead;
    int rc;

    ctx_init(&c, &d->f->st, w, a, NULL, NULL);
    c.writing = true;
    lead = d->id == 0 ? row_new(&c, model_table(c.m, "lead"))
                      : save_load(&c, model_table(c.m, "lead"), d->id);
    row_set(lead, "name", berth_s(d->name));
    if (d->days != 0)
        row_set(lead, "days", berth_i(d->days));
    rc = row_save(&c, lead);
    d->id = row_id(lead);
    if (rc != BERTH_OK)
        snprintf(d->error, sizeof(d->error), "%s %s %s",
                 c.problems != NULL ? c.problems->field : "",
                 c.problems != NULL ? c.problems->key : c.key, c.args[0] != NULL ? c.args[3] : "");
    else
        ctx_run_done(&c);
    arena_free(&a);
    return rc;
}

/* The new lead's id, or 0 with the error. */
static int64_t save(struct fixture *f, const char *name, int64_t days, char error[256])
{
    struct saving d = {f, name, 0, days, ""};
    int rc = db_write(f->st.db, save_body, &d);

    if (error != NULL)
        strcpy(error, d.error);
    return rc == 0 ? d.id : 0;
}

static const char *value(struct fixture *f, const char *sql)
{
    static char text[256];
    struct db_stmt *s = db_prepare(f->reader, sql);
    int rc = db_step(s);
    const char *got = rc == DB_ROW ? db_col_text(s, 0, NULL) : NULL;

    snprintf(text, sizeof(text), "%s", got == NULL ? "-" : got);
    db_reset(s);
    db_settle(f->reader);
    return text;
}

/* What the rule answers; -1: the default.  who NULL: the host. */
static int64_t days(struct fixture *f, const char *text, const struct who *who)
{
    struct arena *a = arena_new();
    struct berth_ctx c;
    struct berth_val v = {0}, args[1];
    int64_t answer;
    size_t used;

    write_script(f, "rules/leads.release_days.lua",
                 arena_fmt(a, "-- Days\nreturn function(lead)\n%s\nend\n", text));
    ctx_init(&c, &f->st, f->reader, a, who, NULL);
    args[0] = berth_r(row_new(&c, model_table(c.m, "lead")));
    used = arena_used(a);
    answer = f->st.scripts.rule(&c, model_rule(c.m, "leads.release_days"), args, 1, &v) ? v.i : -1;
    assert_int_equal(c.rc, BERTH_OK);
    assert_in_range(arena_used(a), used, used + 4096); /* what a rule reads is forgotten */
    db_settle(f->reader);
    arena_free(&a);
    return answer;
}

static const char *problem(struct fixture *f)
{
    static char text[512];
    struct arena *a = arena_new();
    size_t n;
    struct script_problem *p = scripts_problems(f->s, a, &n);

    strcpy(text, "none");
    if (n > 0)
        snprintf(text, sizeof(text), "%s:%d: %s", p->file, p->line, p->message);
    arena_free(&a);
    return text;
}

/* ---- rules ---------------------------------------------------------------------------------- */

static void a_rule_looks_around_in_the_data(void **state)
{
    struct fixture *f = *state;

    save(f, "one", 1, NULL);
    save(f, "two", 20, NULL);
    save(f, "three", 300, NULL);
    assert_int_equal(days(f, "return berth.count('lead', 'days > ?', 10)", NULL), 2);
    assert_int_equal(days(f, "return berth.first('lead', 'name = ?', 'two').days", NULL), 20);
    assert_int_equal(
        days(f, "return berth.first('lead', 'name = ?', 'four') == nil and 7 or 8", NULL), 7);
    assert_int_equal(
        days(f, "local n = 0 for l in berth.find('lead') do n = n + l.days end return n", NULL),
        321);
    assert_int_equal(
        days(f,
             "local s = 0 for l in berth.find('lead', 'days > ? order by days desc limit 1', 5) do"
             " s = s + l.days end return s",
             NULL),
        300);
    assert_int_equal(
        days(f, "return berth.load('lead', 1).days + #berth.load('lead', 2).name", NULL), 4);
    assert_int_equal(
        days(f, "return berth.load('lead', 99) == nil and berth.load('lead', nil) == nil and 7",
             NULL),
        7);
    assert_int_equal(days(f, "return berth.setting('leads.keep_days')", NULL), 30);
    assert_int_equal(days(f, "return berth.user()", NULL), 0);
    assert_string_equal(problem(f), "none");
}

static void a_broken_filter_is_the_rules_error_and_not_the_users(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(days(f, "local w = 'dayz > 10' return berth.count('lead', w)", NULL), -1);
    assert_non_null(strstr(problem(f), "rules/leads.release_days.lua:3: refused"));
    assert_int_equal(
        days(f, "local w = 'days > ? or 1=1; drop table lead' return berth.count('lead', w, 10)",
             NULL),
        -1);
}

static void a_rule_that_reads_for_ever_is_stopped(void **state)
{
    struct fixture *f = *state;

    save(f, "one", 1, NULL);
    assert_int_equal(days(f, "while true do for l in berth.find('lead') do end end", NULL), -1);
    assert_non_null(strstr(problem(f), "ran too long"));
    assert_int_equal(
        days(f, "local s = ('x'):rep(200000) while true do berth.count('lead', 'name = ?', s) end",
             NULL),
        -1);
    assert_non_null(strstr(problem(f), "ran too long"));
    assert_int_equal(days(f, "return berth.count('lead', 'name = ?', ('x'):rep(1000000))", NULL),
                     -1);
    assert_non_null(strstr(problem(f), "text longer than 256 KB"));
    assert_int_equal(days(f, "return berth.count('lead', ('x'):rep(100000))", NULL), -1);
    assert_non_null(strstr(problem(f), "too long"));
}

static int user_body(struct db_conn *w, void *arg)
{
    (void)arg;
    return db_exec(
        w, "INSERT INTO user (id, version, created_at, updated_at, name, login, active, admin)"
           " VALUES (7, 1, 0, 0, 'Lan', 'lan', 1, 0)");
}

static void a_rule_sees_what_the_user_sees(void **state)
{
    struct fixture *f = *state;
    const struct who *who;

    save(f, "one", 1, NULL);
    assert_int_equal(db_write(f->st.db, user_body, NULL), 0);
    who = who_get(&f->st, f->reader, atomic_load(&f->st.model), 7);
    assert_non_null(who);
    assert_int_equal(days(f, "return berth.count('lead')", NULL), 1);
    assert_true(days(f, "return berth.count('lead')", who) <= 0);
    assert_int_equal(days(f, "return berth.load('lead', 1) == nil and 7 or 8", who), 7);
    assert_int_equal(days(f, "return berth.user()", who), 7);
}

/* ---- hooks ---------------------------------------------------------------------------------- */

static void a_hook_changes_what_is_stored_and_adds_records(void **state)
{
    struct fixture *f = *state;
    int64_t id;

    write_script(f, "hooks/a.lua",
                 "-- Names in capitals; a note for every new lead\n"
                 "on('lead', 'before_save', function(lead, old)\n"
                 "  lead.name = lead.name:upper()\n"
                 "  if old then lead.days = (old.days or 0) + 1 end\n"
                 "end)\n"
                 "on('lead', 'after_insert', function(lead)\n"
                 "  local n = berth.new('note')\n"
                 "  n.lead_id = lead.id\n  n.text = 'new: ' .. lead.name\n"
                 "  local id = berth.save(n)\n"
                 "  local again = berth.load('note', id)\n"
                 "  again.text = again.text .. '!'\n"
                 "  berth.save(again)\n"
                 "end)\n");
    id = save(f, "saigon", 5, NULL);
    assert_string_equal(problem(f), "none");
    assert_true(id > 0);
    assert_string_equal(value(f, "SELECT name FROM lead"), "SAIGON");
    assert_string_equal(value(f, "SELECT text FROM note WHERE lead_id = 1"), "new: SAIGON!");

    struct saving d = {f, "hanoi", id, 0, ""};

    assert_int_equal(db_write(f->st.db, save_body, &d), 0);
    assert_string_equal(value(f, "SELECT name || days FROM lead"), "HANOI6");
    assert_string_equal(value(f, "SELECT count(*) FROM note"), "1");
}

static void a_refusal_undoes_what_the_hook_did_before(void **state)
{
    struct fixture *f = *state;
    char error[256];

    write_script(f, "hooks/a.lua",
                 "-- Refuses late\non('lead', 'after_insert', function(lead)\n"
                 "  local n = berth.new('note') n.text = 'x' berth.save(n)\n"
                 "  pcall(berth.error, 'days', 'leads.err.days')\nend)\n");
    assert_int_equal(save(f, "saigon", 5, error), 0);
    assert_string_equal(error, "days leads.err.days ");
    assert_string_equal(value(f, "SELECT count(*) FROM note"), "0");
    assert_string_equal(value(f, "SELECT count(*) FROM lead"), "0");
}

static void a_runaway_hook_leaves_no_rows_and_names_its_line(void **state)
{
    struct fixture *f = *state;
    char error[256];

    write_script(f, "hooks/a.lua",
                 "-- Runs away\non('lead', 'after_insert', function(lead)\n"
                 "  local n = berth.new('note') n.text = 'x' berth.save(n)\n"
                 "  while true do end\nend)\n");
    assert_int_equal(save(f, "saigon", 5, error), 0);
    assert_non_null(strstr(error, "err.script hooks/a.lua:4: ran too long"));
    assert_string_equal(value(f, "SELECT count(*) FROM note"), "0");
    assert_string_equal(value(f, "SELECT count(*) FROM lead"), "0");
    write_script(f, "hooks/a.lua", "-- Does nothing\n");
    assert_int_equal(save(f, "saigon", 5, NULL), 1);
}

static void a_hook_runs_an_action_with_its_form(void **state)
{
    struct fixture *f = *state;
    char error[256];

    write_script(f, "hooks/a.lua",
                 "-- Every note shortens its lead\non('lead', 'after_insert', function(lead)\n"
                 "  local after = berth.act(lead, 'shorten', {by = 2, why = 'shorter'})\n"
                 "  if after.days ~= 3 then berth.error('days', 'wrong') end\nend)\n");
    assert_true(save(f, "saigon", 5, error) > 0);
    assert_string_equal(value(f, "SELECT name || days FROM lead"), "shorter3");
    write_script(f, "hooks/a.lua",
                 "-- Wrong\non('lead', 'after_insert', function(lead)\n"
                 "  berth.act(lead, 'shorten', {why = 'x'})\nend)\n");
    assert_int_equal(save(f, "hanoi", 5, error), 0);
    assert_non_null(strstr(error, "by err.required"));
    write_script(f, "hooks/a.lua",
                 "-- Wrong\non('lead', 'after_insert', function(lead)\n"
                 "  berth.act(lead, 'lengthen')\nend)\n");
    assert_int_equal(save(f, "hanoi", 5, error), 0);
    assert_non_null(strstr(error, "hooks/a.lua:3: lead has no action 'lengthen'"));
    write_script(f, "hooks/a.lua",
                 "-- Wrong\non('lead', 'after_insert', function(lead)\n"
                 "  berth.act(lead, 'shorten', {by = lead})\nend)\n");
    assert_int_equal(save(f, "hanoi", 5, error), 0);
    assert_non_null(strstr(error, "text, numbers, money, true, false and lists of them expected"));
}

static void hooks_that_set_each_other_off_end(void **state)
{
    struct fixture *f = *state;
    char error[256];

    write_script(f, "hooks/a.lua",
                 "-- A lead for every note, a note for every lead\n"
                 "on('lead', 'after_insert', function(lead)\n"
                 "  local n = berth.new('note') n.text = 'x' berth.save(n)\nend)\n"
                 "on('note', 'after_insert', function(note)\n"
                 "  local l = berth.new('lead') l.name = 'x' berth.save(l)\nend)\n");
    assert_int_equal(save(f, "saigon", 5, error), 0);
    assert_string_equal(value(f, "SELECT count(*) FROM lead"), "0");
}

static void after_the_commit_nothing_can_be_written_or_refused(void **state)
{
    struct fixture *f = *state;

    write_script(f, "hooks/a.lua",
                 "-- Too late\non('lead', 'done_insert', function(lead)\n"
                 "  berth.new('note')\nend)\n");
    assert_int_equal(save(f, "saigon", 5, NULL), 1);
    assert_non_null(strstr(problem(f), "hooks/a.lua:3: "));
    assert_string_equal(value(f, "SELECT count(*) FROM lead"), "1");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_rule_looks_around_in_the_data),
        CASE(a_broken_filter_is_the_rules_error_and_not_the_users),
        CASE(a_rule_that_reads_for_ever_is_stopped),
        CASE(a_rule_sees_what_the_user_sees),
        CASE(a_hook_changes_what_is_stored_and_adds_records),
        CASE(a_refusal_undoes_what_the_hook_did_before),
        CASE(a_runaway_hook_leaves_no_rows_and_names_its_line),
        CASE(a_hook_runs_an_action_with_its_form),
        CASE(hooks_that_set_each_other_off_end),
        CASE(after_the_commit_nothing_can_be_written_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
