/* test_retain.c - what goes after a time, under a clock that is moved; and a chain that still holds. */
#include "site_test.h"

#include <dirent.h>

#include "base/when.h"
#include "record/asof.h"
#include "record/find.h"
#include "record/retain.h"
#include "record/save.h"
#include "record/seal.h"

#define START INT64_C(1767225600000) /* 2026-01-01 */

enum { MANY = 200 }; /* entries that a connection does not read without looking whether it is to break off */

/* ---- a site ------------------------------------------------------------------------------------------ */
static void day(int n)
{
    atomic_store(&site.st.clock, START + n * WHEN_DAY);
}

static int open_site(void **state)
{
    (void)state;
    return site_up(START);
}

/* ---- small things ---------------------------------------------------------------------------------------- */
struct pair {
    const char *name, *value;
};

static int set_body(struct berth_ctx *c, void *arg)
{
    const struct pair *p = arg;
    const struct table *t = model_table(c->m, "setting");
    struct berth_val name = berth_s(p->name);
    struct db_stmt *s = db_prepare(c->conn, "SELECT id FROM setting WHERE name = ?");
    struct berth_row *r;
    int64_t id;

    db_bind_text(s, 1, p->name, -1);
    id = db_step(s) == DB_ROW ? db_col_int(s, 0) : 0;
    db_reset(s);
    r = id == 0 ? row_new(c, t) : save_load(c, t, id);
    row_set(r, "name", name);
    row_set(r, "value", berth_s(p->value));
    return row_save(c, r);
}

static void setting(const char *name, const char *value)
{
    struct pair p = {name, value};

    write_as_host(set_body, &p);
}

static int lead_body(struct berth_ctx *c, void *arg)
{
    struct berth_row *r = row_new(c, model_table(c->m, "lead"));

    row_set(r, "name", berth_s("Retained Freight"));
    if (row_save(c, r) == BERTH_OK)
        *(int64_t *)arg = row_id(r);
    return c->rc;
}

static int64_t lead(void)
{
    int64_t id = 0;

    write_as_host(lead_body, &id);
    return id;
}

static int city_body(struct berth_ctx *c, void *arg)
{
    struct berth_row *r = save_load(c, model_table(c->m, "lead"), *(int64_t *)arg);

    row_set(r, "city", berth_s(arena_fmt(c->a, "City %lld", (long long)(c->now / WHEN_DAY))));
    return row_save(c, r);
}

static int drop_body(struct berth_ctx *c, void *arg)
{
    struct berth_row *r = save_load(c, model_table(c->m, "lead"), *(int64_t *)arg);

    return row_drop(c, r);
}

static struct retained sweep(void)
{
    struct retained gone;

    assert_int_equal(retain_sweep(&site.st, &gone), 0);
    return gone;
}

static int sound(struct seal_report *r)
{
    struct buf why = BUF_INIT;
    int rc = seal_verify(conn, r, &why);

    assert_true((rc == 0) == (why.len == 0));
    buf_free(&why);
    return rc;
}

/* ---- the recycle bin ---------------------------------------------------------------------------------------- */
static void records_leave_the_bin_after_the_days_of_their_table(void **state)
{
    int64_t early, late;

    (void)state;
    day(1);
    early = lead();
    late = lead();
    sql("INSERT INTO record_note (tbl, rec, at, text) SELECT id, %lld, 1, 'x' FROM model_table WHERE name = 'lead'",
        (long long)early);
    write_as_host(drop_body, &early);
    day(61);
    write_as_host(drop_body, &late);
    day(90);
    assert_int_equal(sweep().bin, 0);
    day(92);
    assert_int_equal(sweep().bin, 1);
    assert_int_equal(number("SELECT count(*) FROM bin"), 1);
    assert_int_equal(number("SELECT count(*) FROM record_note"), 0); /* what hung on it went with it */
    assert_int_equal(number("SELECT count(*) FROM audit WHERE what = 'retention' AND detail = 'recycle bin: 1 of lead'"), 1);
    setting("base.bin_days", "0");
    day(300);
    assert_int_equal(sweep().bin, 0); /* for good */
    sql("INSERT INTO retention (version, created_at, updated_at, on_table, bin_days) VALUES (1, 1, 1, 'lead', 300)");
    assert_int_equal(sweep().bin, 0);
    day(362);
    assert_int_equal(sweep().bin, 1);
    assert_int_equal(sweep().bin, 0);
}

/* ---- what ended ------------------------------------------------------------------------------------------------ */
static void jobs_mails_and_sign_ins_that_ended_go(void **state)
{
    struct retained gone;

    (void)state;
    day(400);
    sql("INSERT INTO job (version, created_at, updated_at, kind, state, ended_at) SELECT 1, 1, 1, 'export', state, %lld FROM"
        " (SELECT 'done' AS state UNION ALL SELECT 'running' UNION ALL SELECT 'queued')", (long long)(START + 400 * WHEN_DAY));
    sql("INSERT INTO outbox (at, recipient, state, sent_at) VALUES (1, 'a@example.org', 'sent', %lld), (1, 'b@example.org', 'queued', NULL)",
        (long long)(START + 400 * WHEN_DAY));
    sql("INSERT INTO session (token, user_id, expires_at) VALUES ('a', 1, %lld), ('b', 1, %lld)",
        (long long)(START + 401 * WHEN_DAY), (long long)(START + 900 * WHEN_DAY));
    gone = sweep();
    assert_int_equal(gone.jobs + gone.mails + gone.sessions, 0);
    day(491);
    gone = sweep();
    assert_int_equal(gone.jobs, 1);
    assert_int_equal(gone.sessions, 1);
    assert_int_equal(gone.mails, 0); /* kept, unless somebody says otherwise */
    setting("base.mail_days", "30");
    assert_int_equal(sweep().mails, 1);
    assert_int_equal(number("SELECT count(*) FROM outbox WHERE state = 'queued'"), 1);
    assert_int_equal(number("SELECT count(*) FROM job"), 2);
}

static void messages_that_nobody_sorted_take_their_files_with_them(void **state)
{
    (void)state;
    day(500);
    setting("base.mail_days", "30");
    for (int n = 0; n < 2; n++) { /* one that goes, one that stays */
        sql("INSERT INTO inbox (at, channel, name) VALUES (%lld, 'mail', 'message %d')",
            (long long)(START + (n == 0 ? 460 : 490) * WHEN_DAY), n);
        sql("INSERT INTO attachment (doc, no, tbl, rec, name, mime, size, hash, at) SELECT 1, 1, t.id, i.id, 'a.txt', 'text/plain', 7, 'hash %d', 1"
            " FROM model_table t, inbox i WHERE t.name = 'inbox' AND i.name = 'message %d'",
            n, n);
        sql("INSERT INTO blob (hash, size, refs) VALUES ('hash %d', 7, 1)", n);
    }
    assert_int_equal(sweep().mails, 1);
    assert_int_equal(number("SELECT count(*) FROM inbox"), 1);
    assert_int_equal(number("SELECT count(*) FROM attachment"), 1);
    assert_int_equal(number("SELECT count(*) FROM blob WHERE refs = 0 AND freed_at IS NOT NULL AND hash = 'hash 0'"), 1);
    assert_int_equal(number("SELECT count(*) FROM blob WHERE refs = 1"), 1);
    /* its file was of a time when nobody counted it: there is no less than no room in use */
    assert_int_equal(number("SELECT count(*) FROM blob_use WHERE bytes < 0"), 0);
}

/* ---- when ------------------------------------------------------------------------------------------------------------ */
static int64_t due_at(int64_t ms)
{
    atomic_store(&site.st.clock, ms);
    retain_due(&site.st, conn);
    db_settle(conn);
    return number("SELECT count(*) FROM job");
}

/* It once went through everything a second after each start. */
static void it_is_due_an_hour_after_the_last_time_whatever_started_since(void **state)
{
    const int64_t hour = 3600000, now = START + 600 * WHEN_DAY;

    (void)state;
    sql("DELETE FROM timer WHERE name = 'base.retention'");
    sql("DELETE FROM job");
    sql("INSERT INTO job (version, created_at, updated_at, kind, state, ended_at) VALUES (1, 1, 1, 'export', 'done', 1)");
    assert_int_equal(due_at(now), 1); /* a new installation has nothing to take away */
    assert_int_equal(due_at(now + hour - 1), 1);
    assert_int_equal(due_at(now + hour), 0);
    sql("INSERT INTO job (version, created_at, updated_at, kind, state, ended_at) VALUES (1, 1, 1, 'export', 'done', 1)");
    assert_int_equal(due_at(now + 2 * hour - 1), 1);
    assert_int_equal(due_at(now), 0); /* the clock was ahead */
}

/* ---- the chain -------------------------------------------------------------------------------------------------- */
static char *file_of(const char *beginning, size_t nth)
{
    static char path[600];
    char folder[300];
    struct dirent **names;
    int n;

    (void)beginning;
    snprintf(folder, sizeof(folder), "%s/archive", dir);
    n = scandir(folder, &names, NULL, alphasort);
    assert_true(n > (int)nth + 2); /* behind . and .. */
    snprintf(path, sizeof(path), "%s/%s", folder, names[nth + 2]->d_name);
    while (n-- > 0)
        free(names[n]);
    free((void *)names);
    return path;
}

static int asof_body(struct berth_ctx *c, void *arg)
{
    int64_t *ask = arg; /* the lead, the day; then whether it is kept */
    struct berth_row *now = find_raw(c, model_table(c->m, "lead"), ask[0]);

    ask[2] = record_at(c, now, START + ask[1] * WHEN_DAY) != NULL;
    assert_true(ask[2] || strcmp(c->code, "not_kept") == 0);
    ctx_clear(c);
    return c->rc;
}

static bool kept(int64_t id, int64_t at)
{
    int64_t ask[3] = {id, at, 0};

    write_as_host(asof_body, ask);
    return ask[2] != 0;
}

static void tamper_is_found(const char *table, const char *change, const char *back)
{
    struct seal_report r;

    sql("DROP TRIGGER IF EXISTS kept_%s_update", table);
    sql("%s", change);
    assert_int_equal(sound(&r), -1);
    sql("%s", back);
    assert_int_equal(sound(&r), 0);
}

static void the_chain_is_cut_into_a_file_and_still_verifies(void **state)
{
    struct seal_report r, f;
    struct buf why = BUF_INIT;
    int64_t id, entries, before;
    char after[65], head[65], text[400];
    FILE *out;

    (void)state;
    day(1000);
    id = lead();
    for (int i = 1001; i <= 1020; i++) {
        day(i);
        write_as_host(city_body, &id);
    }
    assert_int_equal(sound(&r), 0);
    before = r.entries;
    assert_int_equal(sweep().entries, 0); /* kept for good, unless somebody says otherwise */
    setting("base.audit_days", "10");
    entries = sweep().entries;
    assert_true(entries >= 10);
    assert_int_equal(sound(&r), 0);
    assert_true(r.cut > 0 && r.entries < before);
    assert_int_equal(sweep().entries, 0);
    assert_false(kept(id, 1005));
    assert_true(kept(id, 1015));

    assert_int_equal(seal_verify_file(file_of("", 0), &f, after, &why), 0);
    assert_int_equal(f.entries, entries);
    assert_string_equal(after, "");
    snprintf(head, sizeof(head), "%s", f.head);

    day(1025); /* the next file goes on where this one ends */
    write_as_host(city_body, &id);
    assert_true(sweep().entries > 0);
    assert_int_equal(sound(&r), 0);
    assert_int_equal(seal_verify_file(file_of("", 1), &f, after, &why), 0);
    assert_string_equal(after, head);

    tamper_is_found("history", "UPDATE history SET at = at + 1 WHERE seq = (SELECT max(seq) FROM history)",
                    "UPDATE history SET at = at - 1 WHERE seq = (SELECT max(seq) FROM history)");
    tamper_is_found("seal_cut", "UPDATE seal_cut SET history = history + 1", "UPDATE seal_cut SET history = history - 1");
    tamper_is_found("seal_cut", "UPDATE seal_cut SET at = at + 1", "UPDATE seal_cut SET at = at - 1");
    tamper_is_found("seal_cut", "UPDATE seal_cut SET made_at = made_at + 1", "UPDATE seal_cut SET made_at = made_at - 1");
    tamper_is_found("seal_cut", "UPDATE seal_cut SET entries = entries + 1", "UPDATE seal_cut SET entries = entries - 1");
    tamper_is_found("seal_cut", "UPDATE seal_cut SET file = file || 'x'", "UPDATE seal_cut SET file = substr(file, 1, length(file) - 1)");
    tamper_is_found("audit", "UPDATE audit SET created_at = created_at + 1 WHERE id = (SELECT max(id) FROM audit)",
                    "UPDATE audit SET created_at = created_at - 1 WHERE id = (SELECT max(id) FROM audit)");
    tamper_is_found("seal", "UPDATE seal SET at = at + 1 WHERE seq = (SELECT min(seq) FROM seal)",
                    "UPDATE seal SET at = at - 1 WHERE seq = (SELECT min(seq) FROM seal)");

    /* the file, too */
    snprintf(text, sizeof(text), "sed -i 's/\"create\"/\"creatf\"/;s/\"update\"/\"updatf\"/' '%s'", file_of("", 0));
    assert_int_equal(system(text), 0);
    assert_int_equal(seal_verify_file(file_of("", 0), &f, after, &why), -1);
    out = fopen(file_of("", 1), "a");
    assert_non_null(out);
    fputs("{}\n", out);
    fclose(out);
    assert_int_equal(seal_verify_file(file_of("", 1), &f, after, &why), -1);
    buf_free(&why);
}

static void nothing_is_cut_off_a_chain_that_does_not_fit(void **state)
{
    struct seal_report r;
    int64_t id = lead(), rows;

    (void)state;
    day(1100);
    write_as_host(city_body, &id);
    sql("DROP TRIGGER IF EXISTS kept_history_update");
    sql("UPDATE history SET at = at + 1 WHERE seq = (SELECT min(seq) FROM history)");
    rows = number("SELECT count(*) FROM history");
    day(1500);
    assert_int_equal(sweep().entries, 0);
    assert_int_equal(number("SELECT count(*) FROM history"), rows);
    assert_int_equal(sound(&r), -1);
    sql("UPDATE history SET at = at - 1 WHERE seq = (SELECT min(seq) FROM history)");
    write_as_host(city_body, &id);
    assert_true(sweep().entries > 0);
    assert_int_equal(sound(&r), 0);
    day(3000); /* all but the newest seal is old: that one stays */
    sweep();
    assert_int_equal(sound(&r), 0);
    assert_true(r.seals >= 1);
    id = lead();
    assert_int_equal(sound(&r), 0);
    assert_int_equal(r.unsealed, 0);
}

static void broken_off_says_no_more_than_that(void)
{
    atomic_bool cancel = true;
    struct seal_report r;
    struct buf why = BUF_INIT;

    db_budget(conn, 0, &cancel);
    assert_int_equal(seal_verify(conn, &r, &why), SEAL_UNREAD);
    assert_string_equal(buf_str(&why), "the database could not be read to the end");
    buf_free(&why);
    db_budget(conn, 0, NULL);
    assert_int_equal(sound(&r), 0);
}

static void a_check_of_the_chain_that_is_broken_off_tells_of_no_change(void **state)
{
    int64_t id = lead();

    (void)state;
    for (int i = 0; i < MANY; i++) { /* short seals, and behind them one statement over all of the audit trail */
        day(3001 + i);
        write_as_host(city_body, &id);
        sql("INSERT INTO audit (version, created_at, updated_at, at, what) VALUES (1, %d, %d, %d, 'test')", i, i, i);
    }
    broken_off_says_no_more_than_that();
    sql("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9 * %d)"
        " INSERT INTO audit (version, created_at, updated_at, at, what) SELECT 1, i, i, i, 'test' FROM n", MANY); /* one long seal */
    assert_true(lead() > 0);
    broken_off_says_no_more_than_that();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_leave_the_bin_after_the_days_of_their_table),
        cmocka_unit_test(jobs_mails_and_sign_ins_that_ended_go),
        cmocka_unit_test(messages_that_nobody_sorted_take_their_files_with_them),
        cmocka_unit_test(it_is_due_an_hour_after_the_last_time_whatever_started_since),
        cmocka_unit_test(the_chain_is_cut_into_a_file_and_still_verifies),
        cmocka_unit_test(nothing_is_cut_off_a_chain_that_does_not_fit),
        cmocka_unit_test(a_check_of_the_chain_that_is_broken_off_tells_of_no_change),
    };

    return cmocka_run_group_tests(tests, open_site, close_site);
}
