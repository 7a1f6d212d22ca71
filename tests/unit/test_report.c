/* test_report.c - SQL that people write: it reads the rows and columns of its views, whatever it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/when.h"
#include "db/db.h"

static char dir[] = "/tmp/berth-report-XXXXXX";
static struct db *db;

static bool as_day(void *arg, int64_t value, char out[DB_FUNCTION_TEXT])
{
    snprintf(out, DB_FUNCTION_TEXT, "%s%lld", (const char *)arg, (long long)value);
    return value >= 0;
}

static const struct db_function functions[] = {{"berth_day", as_day, "day "}};
static const struct db_view views[] = {
    {"lead", "lead", "t.id AS id, t.name AS name, NULL AS phone, berth_day(t.day) AS day", "t.owner_id IN (1) OR EXISTS (SELECT 1 FROM"
                                                                                            " customer up WHERE up.id = t.customer_id)"},
    {"customer", "customer", "t.id AS id, t.name AS name", "t.id = 1"},
    {"secret", "secret", "NULL AS token", NULL},
};

static int make(struct db_conn *c, void *arg)
{
    (void)arg;
    return db_exec(
        c, "CREATE TABLE lead (id INTEGER PRIMARY KEY, name TEXT, phone TEXT, owner_id INTEGER, customer_id INTEGER, day INTEGER);"
           "CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT);"
           "CREATE TABLE secret (token TEXT); CREATE TABLE unnamed (token TEXT);"
           "INSERT INTO secret VALUES ('s3cret'); INSERT INTO unnamed VALUES ('s3cret');"
           "INSERT INTO customer VALUES (1, 'mine'), (2, 's3cret');"
           "INSERT INTO lead VALUES (1, 'one', 's3cret', 1, NULL, 7), (2, 's3cret', 's3cret', 2, 2, -1), (3, 'three', 's3cret', 2, 1, 9)");
}

static int begin(void **state)
{
    struct buf err = BUF_INIT;
    char path[64];

    (void)state;
    log_set_level(LOG_ERROR_ + 1);
    snprintf(path, sizeof(path), "%s/berth.db", mkdtemp(dir));
    assert_int_equal(db_open(path, &(struct db_options){0}, &db, &err), 0);
    return db_write(db, make, NULL);
}

static int end(void **state)
{
    char command[80];

    (void)state;
    db_close(&db);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

static struct db_conn *opened_with(struct db *of, const struct db_view *v, size_t n)
{
    struct buf err = BUF_INIT;
    struct db_conn *c = db_report(of, v, n, functions, 1, &err);

    if (c == NULL)
        fail_msg("%s", buf_str(&err));
    return c;
}

static struct db_conn *opened(void)
{
    return opened_with(db, views, sizeof(views) / sizeof(*views));
}

/* Every value of every row, with a space behind each; "refused: ..." when it is not sound. */
static const char *run(struct db_conn *c, const char *sql)
{
    static char text[4096];
    struct buf out = BUF_INIT;

    if (!db_report_sound(c, sql, &out)) {
        snprintf(text, sizeof(text), "refused: %s", buf_str(&out));
    } else {
        struct db_stmt *s = db_prepare(c, sql);

        buf_clear(&out);
        while (db_step(s) == DB_ROW)
            for (int i = 0; i < db_col_count(s); i++) {
                buf_puts(&out, db_col_is_null(s, i) ? "-" : db_col_text(s, i, NULL));
                buf_putc(&out, ' ');
            }
        db_reset(s);
        snprintf(text, sizeof(text), "%s", buf_str(&out));
    }
    buf_free(&out);
    return text;
}

static void views_show_what_they_select(void **state)
{
    struct db_conn *c = opened();

    (void)state;
    assert_string_equal(run(c, "SELECT id, name, phone, day FROM lead ORDER BY id"), "1 one - day 7 3 three - day 9 ");
    assert_string_equal(run(c, "SELECT count(*) FROM lead; -- all of them"), "2 ");
    assert_string_equal(run(c, "SELECT l.name, row_number() OVER (ORDER BY l.id DESC) FROM lead l JOIN customer c ON c.name = 'mine'"),
                        "three 1 one 2 ");
    assert_string_equal(run(c, "WITH x AS (SELECT * FROM lead) SELECT upper(group_concat(name, '+')) FROM x"), "ONE+THREE ");
    assert_string_equal(run(c, "SELECT * FROM secret"), "");
    db_conn_close(&c);
}

static void nothing_else_is_read(void **state)
{
    static const char *const attacks[] = {
        "SELECT * FROM unnamed",
        "SELECT * FROM main.lead",
        "SELECT * FROM temp.lead JOIN unnamed",
        "SELECT * FROM sqlite_schema",
        "SELECT sql FROM temp.sqlite_schema",
        "SELECT sql FROM sqlite_temp_master",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM pragma_table_list",
        "SELECT name FROM pragma_function_list",
        "PRAGMA database_list",
        "WITH lead AS (SELECT * FROM unnamed) SELECT * FROM lead",
        "WITH lead AS (SELECT * FROM secret) SELECT * FROM lead",
        "WITH unnamed AS (SELECT * FROM unnamed) SELECT * FROM unnamed",
        "SELECT * FROM (SELECT token FROM unnamed) AS lead",
        "SELECT (SELECT token FROM unnamed) FROM lead",
        "SELECT name FROM lead WHERE EXISTS (SELECT 1 FROM unnamed)",
        "SELECT owner_id FROM lead",
        "SELECT t.phone FROM lead",
        "SELECT * FROM lead UNION SELECT token, 1, 1, 1 FROM unnamed",
        "SELECT load_extension('x')",
        "SELECT readfile('/etc/passwd')",
        "SELECT zeroblob(1000000000)",
        "SELECT printf('%1000000000d', 1)",
        "SELECT hex(randomblob(10))",
        "SELECT sqlite_version()",
        "SELECT * FROM json_each('[1]')",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
        "ATTACH '/tmp/x' AS y",
        "DETACH main",
        "VACUUM INTO '/tmp/x'",
        "DELETE FROM lead",
        "INSERT INTO lead (id) VALUES (9)",
        "CREATE TEMP TABLE x (a)",
        "CREATE TEMP VIEW x AS SELECT * FROM unnamed",
        "DROP VIEW lead",
        "BEGIN",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP VIEW lead",
        "EXPLAIN SELECT * FROM lead",
        "",
        "-- nothing",
    };
    struct db_conn *c = opened();

    (void)state;
    for (size_t i = 0; i < sizeof(attacks) / sizeof(*attacks); i++) {
        const char *got = run(c, attacks[i]);

        if (strstr(got, "s3cret") != NULL)
            fail_msg("%s gave %s", attacks[i], got);
        if (strstr(attacks[i], "secret") == NULL && strncmp(got, "refused: ", 9) != 0)
            fail_msg("%s was not refused: %s", attacks[i], got);
    }
    assert_string_equal(run(c, "SELECT count(*) FROM lead"), "2 ");
    db_conn_close(&c);
}

static void the_name_it_is_attached_by_is_told_to_nobody(void **state)
{
    struct db_conn *c = opened();

    (void)state;
    for (const char *const *sql =
             (const char *const[]){"SELECT nosuch FROM lead", "SELECT * FROM nosuch", "SELECT nosuch(1)", "SELECT lead.nosuch.x", NULL};
         *sql != NULL; sql++)
        for (const char *s = run(c, *sql); *s != '\0'; s++)
            if (*s == 'r' && strspn(s + 1, "0123456789abcdef") >= 32)
                fail_msg("%s tells it: %s", *sql, s);
    db_conn_close(&c);
}

static void without_a_database_sql_is_checked_and_finds_nothing(void **state)
{
    struct db_conn *c = opened_with(NULL, &(const struct db_view){"lead", NULL, "NULL AS id, NULL AS phone", NULL}, 1);

    (void)state;
    assert_string_equal(run(c, "SELECT id, phone FROM lead"), "");
    assert_string_equal(run(c, "SELECT nosuch FROM lead"), "refused: no such column: nosuch");
    db_conn_close(&c);
}

static void placeholders_have_their_names(void **state)
{
    struct db_conn *c = opened();
    struct db_stmt *s = db_prepare(c, "SELECT name FROM lead WHERE id >= :from AND (:to IS NULL OR id < :to)");

    (void)state;
    assert_int_equal(db_param_count(s), 2);
    assert_string_equal(db_param_name(s, 1), "from");
    assert_string_equal(db_param_name(s, 2), "to");
    db_bind_int(s, 1, 2);
    assert_int_equal(db_step(s), DB_ROW);
    assert_string_equal(db_col_text(s, 0, NULL), "three");
    db_reset(s);
    db_conn_close(&c);
}

static void what_takes_too_long_ends(void **state)
{
    struct db_conn *c = opened();
    struct db_stmt *s;

    (void)state;
    db_budget(c, when_monotonic() + 50, NULL);
    s = db_prepare(
        c,
        "SELECT count(*) FROM lead a, lead b, lead c, lead d, lead e, lead f, lead g, lead h, lead i, lead j, lead k, lead l, lead m,"
        " lead n, lead o, lead p, lead q, lead r, lead s, lead u, lead v, lead w, lead x, lead y, lead z, lead aa, lead bb, lead cc, lead dd");
    assert_int_equal(db_step(s), DB_INTERRUPTED);
    db_conn_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_show_what_they_select),
        cmocka_unit_test(nothing_else_is_read),
        cmocka_unit_test(the_name_it_is_attached_by_is_told_to_nobody),
        cmocka_unit_test(without_a_database_sql_is_checked_and_finds_nothing),
        cmocka_unit_test(placeholders_have_their_names),
        cmocka_unit_test(what_takes_too_long_ends),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
