/* test_model_migrate.c - the database follows the model: created, changed, renamed, pruned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <ctype.h>
#include <sqlite3.h>

#include "base/log.h"
#include "model/migrate.h"

/* plugins/base, linked in */
const struct berth_plugin *berth_plugin_entry(const struct berth_api *api);

struct fixture {
    char dir[64], path[96];
    struct db *db;
    struct db_conn *r;
    struct arena *a;
};

static int given_database(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct buf err = BUF_INIT;

    log_set_level(LOG_ERROR_ + 1);
    strcpy(f->dir, "/tmp/berth-migrate-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof(f->path), "%s/berth.db", f->dir);
    assert_int_equal(db_open(f->path, NULL, &f->db, &err), 0);
    f->r = db_reader(f->db, &err);
    f->a = arena_new();
    *state = f;
    return 0;
}

static int database_removed(void **state)
{
    struct fixture *f = *state;
    char command[128];

    db_conn_close(&f->r);
    db_close(&f->db);
    arena_free(&f->a);
    snprintf(command, sizeof(command), "rm -r %s", f->dir);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* A model of the base plugin and one table `thing`, version 1. */
static struct model *model_with(const struct berth_field *fields, const struct berth_key *keys,
                                uint32_t version)
{
    const struct berth_table tables[] = {
        {"thing", fields, keys, BERTH_CUSTOM, version, .title = "id"}, {0}};
    const struct berth_plugin things = {.name = "things", .tables = tables};
    const struct berth_plugin *const all[] = {berth_plugin_entry(NULL), &things};
    struct buf err = BUF_INIT;
    struct model *m = model_build(all, fields != NULL ? 2 : 1, NULL, &err);

    if (m == NULL)
        fail_msg("%s", buf_str(&err));
    return m;
}

static int exec_body(struct db_conn *c, void *sql)
{
    return db_exec(c, sql);
}

static void given_sql(struct fixture *f, char *sql)
{
    assert_int_equal(db_write(f->db, exec_body, sql), 0);
}

static int64_t number(struct fixture *f, const char *sql)
{
    struct db_stmt *s = db_prepare(f->r, sql);
    int64_t v = -1;

    if (db_step(s) == DB_ROW)
        v = db_col_int(s, 0);
    db_reset(s);
    db_settle(f->r);
    return v;
}

static int plan(struct fixture *f, const struct model *m, bool prune, struct plan *p,
                struct buf *err)
{
    int rc = migrate_plan(f->a, m, f->r, db_dialect(f->db), prune, p, err);

    db_settle(f->r);
    return rc;
}

struct running {
    const struct plan *plan;
    struct buf err;
};

static int run_body(struct db_conn *c, void *arg)
{
    struct running *r = arg;

    return migrate_run(c, r->plan, &r->err);
}

static void run(struct fixture *f, const struct plan *p)
{
    struct running r = {.plan = p};

    if (db_write(f->db, run_body, &r) != 0)
        fail_msg("%s", buf_str(&r.err));
    buf_free(&r.err);
}

/* Plans and runs; returns the plan as text. */
static const char *migrated(struct fixture *f, const struct model *m, bool prune)
{
    struct buf text = BUF_INIT, err = BUF_INIT;
    struct plan p;
    const char *kept;

    if (plan(f, m, prune, &p, &err) != 0)
        fail_msg("%s", buf_str(&err));
    migrate_print(&text, &p);
    run(f, &p);
    kept = arena_strdup(f->a, buf_str(&text));
    buf_free(&text);
    assert_int_equal(plan(f, m, prune, &p, &err), 0);
    assert_int_equal(p.todo, 0); /* a second time there is nothing to do */
    return kept;
}

static void has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void an_empty_database_gets_all_of_the_model(void **state)
{
    struct fixture *f = *state;
    struct model *m = model_with(NULL, NULL, 0);
    struct buf err = BUF_INIT;
    struct plan p;

    assert_int_equal(plan(f, m, false, &p, &err), 0);
    assert_true(p.fresh);
    assert_string_equal(p.steps[0].table, "model_table");
    has(migrated(f, m, false), "CREATE TABLE \"user\" (\n    id INTEGER PRIMARY KEY AUTOINCREMENT");
    assert_int_equal(number(f, "SELECT count(*) FROM model_table"), (int64_t)m->ntables);
    assert_int_equal(number(f, "SELECT count(*) FROM \"user\""), 0);
    assert_true(db_fts_exists(f->r, "search_user"));
    assert_int_equal(plan(f, m, false, &p, &err), 0);
    assert_false(p.fresh);
    model_free(&m);
}

static void every_column_takes_what_its_type_says(void **state)
{
    struct fixture *f = *state;
    struct model *m = model_with(
        BERTH_FIELDS({"t", BERTH_TEXT}, {"r", BERTH_REAL}, {"b", BERTH_BOOL}, {"m", BERTH_MONEY},
                     {"p", BERTH_PICK, BERTH_MANY, "base.country"}, {"u", BERTH_REF, 0, "user"}),
        NULL, 0);

    migrated(f, m, false);
    given_sql(f, "INSERT INTO thing (version, created_at, updated_at, t, r, b, m, p, u)"
                 " VALUES (1, 0, 0, 'a', 0.5, 1, 10000, '|CN|VN|', 3)");
    assert_int_equal(db_write(f->db, exec_body,
                              "INSERT INTO thing (version, created_at, updated_at,"
                              " m) VALUES (1, 0, 0, 'much')"),
                     DB_CONSTRAINT);
    model_free(&m);
}

static void a_deleted_id_is_never_given_again(void **state)
{
    struct fixture *f = *state;
    struct model *m = model_with(BERTH_FIELDS({"a", BERTH_TEXT}), NULL, 0);

    migrated(f, m, false);
    given_sql(f, "INSERT INTO thing (version, created_at, updated_at) VALUES (1, 0, 0), (1, 0, 0);"
                 "DELETE FROM thing WHERE id = 2;"
                 "INSERT INTO thing (version, created_at, updated_at) VALUES (1, 0, 0)");
    assert_int_equal(number(f, "SELECT max(id) FROM thing"), 3);
    model_free(&m);
}

static void an_added_field_is_a_column_with_its_default_in_old_rows(void **state)
{
    struct fixture *f = *state;
    struct model *before = model_with(BERTH_FIELDS({"a", BERTH_TEXT}), NULL, 0);
    struct model *after =
        model_with(BERTH_FIELDS({"a", BERTH_TEXT}, {"b", BERTH_PICK, 0, "base.country", "VN"},
                                {"c", BERTH_MONEY, 0, .def = "1.5"},
                                {"d", BERTH_BOOL, BERTH_REQUIRED, .def = "true"},
                                {"e", BERTH_TIME, BERTH_INDEX, .def = "@now"}),
                   NULL, 0);
    const char *done;

    migrated(f, before, false);
    given_sql(f, "INSERT INTO thing (version, created_at, updated_at, a) VALUES (1, 0, 0, 'old')");
    done = migrated(f, after, false);
    has(done, "-- add column thing.b\nALTER TABLE thing ADD COLUMN b TEXT DEFAULT 'VN';\n");
    has(done, "CREATE INDEX ix_thing_e ON thing (e);");
    assert_int_equal(number(f, "SELECT c FROM thing WHERE b = 'VN' AND d = 1 AND e IS NULL"),
                     15000);
    model_free(&before);
    model_free(&after);
}

static void an_index_leaves_the_empty_rows_out_from_now_on_and_takes_them_in_again(void **state)
{
    struct fixture *f = *state;
    struct model *whole = model_with(BERTH_FIELDS({"a", BERTH_INT, BERTH_INDEX}), NULL, 0);
    struct model *sparse = model_with(BERTH_FIELDS({"a", BERTH_INT, BERTH_INDEX | BERTH_SPARSE}), NULL, 0);
    const char *done;

    migrated(f, whole, false);
    given_sql(f, "INSERT INTO thing (version, created_at, updated_at, a) VALUES (1, 0, 0, 5), (1, 0, 0, NULL)");
    done = migrated(f, sparse, false);
    has(done, "DROP INDEX \"ix_thing_a\";");
    has(done, "CREATE INDEX ix_thing_a ON thing (a) WHERE a IS NOT NULL;");
    assert_int_equal(number(f, "SELECT count(*) FROM thing INDEXED BY ix_thing_a WHERE a = 5"), 1);
    has(migrated(f, whole, false), "CREATE INDEX ix_thing_a ON thing (a);");
    assert_int_equal(number(f, "SELECT count(*) FROM thing INDEXED BY ix_thing_a WHERE a IS NULL"), 1);
    model_free(&whole);
    model_free(&sparse);
}

static void a_renamed_field_keeps_its_values(void **state)
{
    struct fixture *f = *state;
    struct model *before = model_with(BERTH_FIELDS({"a", BERTH_TEXT, BERTH_INDEX}), NULL, 0);
    struct model *after =
        model_with(BERTH_FIELDS({"b", BERTH_TEXT, BERTH_INDEX, .was = "a"}), NULL, 0);

    migrated(f, before, false);
    given_sql(f, "INSERT INTO thing (version, created_at, updated_at, a) VALUES (1, 0, 0, 'kept')");
    has(migrated(f, after, true), "RENAME COLUMN a TO b");
    assert_int_equal(number(f, "SELECT count(*) FROM thing WHERE b = 'kept'"), 1);
    model_free(&before);
    model_free(&after);
}

static void a_renamed_table_keeps_its_rows_and_what_names_it(void **state)
{
    struct fixture *f = *state;
    const struct berth_field fields[] = {{"a", BERTH_TEXT, BERTH_SEARCH | BERTH_INDEX}, {0}};
    const struct berth_table tables[] = {{"matter", fields, .version = 1, .title = "a", .was = "thing"}, {0}};
    const struct berth_plugin matters = {.name = "matters", .tables = tables};
    const struct berth_plugin *const all[] = {berth_plugin_entry(NULL), &matters};
    struct buf err = BUF_INIT;
    struct model *before = model_with(fields, NULL, 3), *after = model_build(all, 2, NULL, &err);

    assert_non_null(after);
    migrated(f, before, false);
    given_sql(f, "INSERT INTO thing (version, created_at, updated_at, a) VALUES (1, 0, 0, 'kept')");
    given_sql(f, "INSERT INTO bin (on_table, record_id) VALUES ('thing', 7)");
    has(migrated(f, after, true), "RENAME TO matter");
    assert_int_equal(number(f, "SELECT count(*) FROM matter WHERE a = 'kept'"), 1);
    assert_int_equal(number(f, "SELECT count(*) FROM bin WHERE on_table = 'matter'"), 1);
    assert_int_equal(number(f, "SELECT version FROM model_table WHERE name = 'matter' AND plugin = 'matters'"), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM sqlite_master WHERE name LIKE '%thing%'"), 0);
    assert_string_equal(migrated(f, after, true), "-- convert the rows of matter from version 0 to 1, by its plugin, at the next start\n");
    model_free(&before);
    model_free(&after);
}

static void a_field_gone_is_dropped_only_when_pruning(void **state)
{
    struct fixture *f = *state;
    struct model *before =
        model_with(BERTH_FIELDS({"a", BERTH_TEXT}, {"b", BERTH_TEXT, BERTH_INDEX}),
                   BERTH_KEYS({"a, b", BERTH_UNIQUE}), 0);
    struct model *after = model_with(BERTH_FIELDS({"a", BERTH_TEXT}), NULL, 0);
    const char *done;

    migrated(f, before, false);
    given_sql(f, "CREATE INDEX mine ON thing (b, a)");
    done = migrated(f, after, false);
    has(done, "-- drop column thing.b (kept; --prune drops it)\n");
    has(done, "DROP INDEX \"ux_thing_a_b\"");
    assert_null(strstr(done, "mine"));
    assert_int_equal(number(f, "SELECT count(b) FROM thing"), 0);
    has(migrated(f, after, true), "DROP COLUMN \"b\"");
    assert_int_equal(number(f, "SELECT count(b) FROM thing"), -1);
    model_free(&before);
    model_free(&after);
}

static void a_table_gone_is_dropped_only_when_pruning_and_only_ours(void **state)
{
    struct fixture *f = *state;
    struct model *before = model_with(BERTH_FIELDS({"a", BERTH_TEXT, BERTH_SEARCH}), NULL, 0);
    struct model *after = model_with(NULL, NULL, 0);

    migrated(f, before, false);
    given_sql(f, "CREATE TABLE foreign_one (a)");
    has(migrated(f, after, false), "-- drop table thing (kept; --prune drops it)");
    assert_int_equal(number(f, "SELECT count(*) FROM thing"), 0);
    migrated(f, after, true);
    assert_int_equal(number(f, "SELECT count(*) FROM thing"), -1);
    assert_int_equal(number(f, "SELECT count(*) FROM foreign_one"), 0);
    assert_int_equal(number(f, "SELECT count(*) FROM model_table WHERE name = 'thing'"), 0);
    assert_false(db_fts_exists(f->r, "search_thing"));
    model_free(&before);
    model_free(&after);
}

static void a_column_of_an_added_field_is_not_pruned(void **state)
{
    struct fixture *f = *state;
    struct model *m = model_with(BERTH_FIELDS({"a", BERTH_TEXT}), NULL, 0);
    struct buf err = BUF_INIT;
    struct plan p;

    migrated(f, m, false);
    given_sql(f, "ALTER TABLE thing ADD COLUMN x_port TEXT;"
                 "INSERT INTO custom_field (version, created_at, updated_at, on_table, name)"
                 " VALUES (1, 0, 0, 'thing', 'x_port')");
    assert_int_equal(plan(f, m, true, &p, &err), 0);
    assert_int_equal(p.todo, 0);
    model_free(&m);
}

static void an_index_becomes_unique(void **state)
{
    struct fixture *f = *state;
    struct model *before = model_with(BERTH_FIELDS({"a", BERTH_EMAIL, BERTH_INDEX}), NULL, 0);
    struct model *after = model_with(BERTH_FIELDS({"a", BERTH_EMAIL, BERTH_UNIQUE}), NULL, 0);
    struct running r = {0};
    struct buf err = BUF_INIT;
    struct plan p;

    migrated(f, before, false);
    given_sql(f, "INSERT INTO thing (version, created_at, updated_at, a)"
                 " VALUES (1, 0, 0, 'same'), (1, 0, 0, 'same')");
    assert_int_equal(plan(f, after, false, &p, &err), 0);
    r.plan = &p;
    assert_int_not_equal(db_write(f->db, run_body, &r), 0);
    has(r.err.s, "create index thing ux_thing_a: ");
    assert_int_equal(number(f, "SELECT count(*) FROM sqlite_schema WHERE name = 'ix_thing_a'"), 1);
    given_sql(f, "DELETE FROM thing WHERE id = 2");
    migrated(f, after, false);
    assert_int_equal(db_write(f->db, exec_body,
                              "INSERT INTO thing (version, created_at, updated_at,"
                              " a) VALUES (1, 0, 0, 'same')"),
                     DB_UNIQUE);
    buf_free(&r.err);
    model_free(&before);
    model_free(&after);
}

static void a_changed_type_is_refused(void **state)
{
    struct fixture *f = *state;
    struct model *before = model_with(BERTH_FIELDS({"a", BERTH_TEXT}), NULL, 0);
    struct model *after = model_with(BERTH_FIELDS({"a", BERTH_INT}), NULL, 0);
    struct buf err = BUF_INIT;
    struct plan p;

    migrated(f, before, false);
    assert_int_equal(plan(f, after, false, &p, &err), -1);
    has(err.s, "table thing, column a: the database holds TEXT, the declaration wants INTEGER");
    buf_free(&err);
    model_free(&before);
    model_free(&after);
}

static void data_of_a_newer_version_is_refused(void **state)
{
    struct fixture *f = *state;
    struct model *newer = model_with(BERTH_FIELDS({"a", BERTH_TEXT}), NULL, 3);
    struct model *older = model_with(BERTH_FIELDS({"a", BERTH_TEXT}), NULL, 2);
    struct buf err = BUF_INIT;
    struct plan p;

    migrated(f, newer, false);
    assert_int_equal(plan(f, older, false, &p, &err), -1);
    has(err.s, "of version 3, plugin things knows version 2");
    buf_free(&err);
    model_free(&newer);
    model_free(&older);
}

static int upgraded_body(struct db_conn *c, void *t)
{
    return migrate_upgraded(c, t);
}

static void tables_to_convert_are_listed_once(void **state)
{
    struct fixture *f = *state;
    struct model *before = model_with(BERTH_FIELDS({"a", BERTH_TEXT}), NULL, 1);
    struct model *after = model_with(BERTH_FIELDS({"a", BERTH_TEXT}), NULL, 2);
    struct upgrade *list;

    migrated(f, before, false);
    assert_int_equal(migrate_upgrades(f->a, before, f->r, &list), 0);
    db_settle(f->r);
    migrated(f, after, false);
    assert_int_equal(migrate_upgrades(f->a, after, f->r, &list), 1);
    db_settle(f->r);
    assert_string_equal(list[0].table->name, "thing");
    assert_int_equal(list[0].from, 1);
    assert_int_equal(db_write(f->db, upgraded_body, (void *)(uintptr_t)list[0].table), 0);
    assert_int_equal(migrate_upgrades(f->a, after, f->r, &list), 0);
    db_settle(f->r);
    model_free(&before);
    model_free(&after);
}

static int brought_up(struct fixture *f, uint32_t version, const char *backup)
{
    const struct berth_table tables[] = {{"thing", BERTH_FIELDS({"a", BERTH_TEXT}), NULL, 0, version, .title = "id"}, {0}};
    const struct berth_plugin things = {.name = "things", .tables = tables};
    const struct berth_plugin *const all[] = {berth_plugin_entry(NULL), &things};
    struct buf report = BUF_INIT, err = BUF_INIT;
    int rc = migrate_database(f->db, all, 2, false, backup, &report, &err);

    assert_string_equal(buf_str(&err), "");
    buf_free(&report);
    buf_free(&err);
    return rc;
}

static void data_that_is_converted_without_a_change_of_tables_is_copied_before(void **state)
{
    struct fixture *f = *state;
    const char *copy = arena_fmt(f->a, "%s/before.db", f->dir);

    assert_int_equal(brought_up(f, 1, copy), 1);
    assert_int_equal(brought_up(f, 1, copy), 0);
    assert_int_equal(access(copy, F_OK), -1); /* a first start, and one with nothing to do */
    assert_int_equal(brought_up(f, 2, copy), 0);
    assert_int_equal(access(copy, F_OK), 0);
}

static void a_table_of_somebody_else_is_refused(void **state)
{
    struct fixture *f = *state;
    struct model *m = model_with(BERTH_FIELDS({"a", BERTH_TEXT}), NULL, 0);
    struct buf err = BUF_INIT;
    struct plan p;

    given_sql(f, "CREATE TABLE thing (id INTEGER PRIMARY KEY)");
    assert_int_equal(plan(f, m, false, &p, &err), -1);
    has(err.s, "table thing: the database has one that Berth did not make");
    buf_free(&err);
    model_free(&m);
}

static void every_word_that_sqlite_refuses_as_a_column_is_reserved(void **state)
{
    struct fixture *f = *state;
    int refused = 0;

    for (int i = 0; i < sqlite3_keyword_count(); i++) {
        const char *keyword;
        char sql[80], word[40] = "";
        int len;

        assert_int_equal(sqlite3_keyword_name(i, &keyword, &len), SQLITE_OK);
        for (int k = 0; k < len; k++)
            word[k] = (char)tolower((unsigned char)keyword[k]);
        snprintf(sql, sizeof(sql), "CREATE TABLE word_%d (%s INTEGER)", i, word);
        if (db_write(f->db, exec_body, sql) == 0)
            continue;
        refused++;
        if (model_name_problem(word) == NULL)
            fail_msg("%s is not reserved", word);
    }
    assert_true(refused > 50);
}

static void snapshots_are_the_same_for_the_same_model(void **state)
{
    struct model *m = model_with(NULL, NULL, 0), *again = model_with(NULL, NULL, 0);
    struct buf one = BUF_INIT, two = BUF_INIT;

    (void)state;
    migrate_snapshot(&one, m, db_dialect_named("postgresql"));
    migrate_snapshot(&two, again, db_dialect_named("postgresql"));
    assert_string_equal(one.s, two.s);
    has(one.s,
        "CREATE TABLE \"user\" (\n    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY");
    has(one.s, "CREATE UNIQUE INDEX ux_user_login ON \"user\" (login);");
    has(one.s, "    PRIMARY KEY (import_id, row)\n);");
    buf_free(&one);
    buf_free(&two);
    model_free(&m);
    model_free(&again);
}

int main(void)
{
#define WITH_DATABASE(t) cmocka_unit_test_setup_teardown(t, given_database, database_removed)
    const struct CMUnitTest tests[] = {
        WITH_DATABASE(an_empty_database_gets_all_of_the_model),
        WITH_DATABASE(every_column_takes_what_its_type_says),
        WITH_DATABASE(a_deleted_id_is_never_given_again),
        WITH_DATABASE(an_added_field_is_a_column_with_its_default_in_old_rows),
        WITH_DATABASE(an_index_leaves_the_empty_rows_out_from_now_on_and_takes_them_in_again),
        WITH_DATABASE(a_renamed_field_keeps_its_values),
        WITH_DATABASE(a_renamed_table_keeps_its_rows_and_what_names_it),
        WITH_DATABASE(a_field_gone_is_dropped_only_when_pruning),
        WITH_DATABASE(a_table_gone_is_dropped_only_when_pruning_and_only_ours),
        WITH_DATABASE(a_column_of_an_added_field_is_not_pruned),
        WITH_DATABASE(an_index_becomes_unique),
        WITH_DATABASE(a_changed_type_is_refused),
        WITH_DATABASE(data_of_a_newer_version_is_refused),
        WITH_DATABASE(tables_to_convert_are_listed_once),
        WITH_DATABASE(data_that_is_converted_without_a_change_of_tables_is_copied_before),
        WITH_DATABASE(a_table_of_somebody_else_is_refused),
        WITH_DATABASE(every_word_that_sqlite_refuses_as_a_column_is_reserved),
        cmocka_unit_test(snapshots_are_the_same_for_the_same_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
