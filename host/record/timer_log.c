/* timer_log.c - the runs of timers: told to administrators, forgotten after some days. */
#include <string.h>

#include "base/log.h"
#include "base/when.h"
#include "record/commit.h"
#include "record/log_page.h"
#include "record/setting.h"
#include "record/timer.h"

/* ---- telling --------------------------------------------------------------------------------- */
#define SHOWN                                                                                      \
    "id, state, coalesce(due_at, 0), missed, began_at, coalesce(ended_at, 0), turns, tries, "      \
    "error, coalesce(by, 0)"

/* A row of SHOWN. */
static void run_json(struct berth_ctx *c, struct json *j, struct db_stmt *s)
{
    (void)c;
    json_text(j, "state", db_col_text(s, 1, NULL));
    json_time(j, "due", db_col_int(s, 2));
    json_number(j, "missed", db_col_int(s, 3));
    json_time(j, "began", db_col_int(s, 4));
    json_time(j, "ended", db_col_int(s, 5));
    json_number(j, "turns", db_col_int(s, 6));
    json_number(j, "tries", db_col_int(s, 7));
    json_text(j, "error", db_col_text(s, 8, NULL));
    json_id(j, "by", db_col_int(s, 9));
}

static void last_json(struct berth_ctx *c, struct json *j, const char *name)
{
    struct db_stmt *s = db_prepare(
        c->conn, "SELECT " SHOWN " FROM timer_run WHERE name = ? ORDER BY id DESC LIMIT 1");

    json_key(j, "last");
    db_bind_text(s, 1, name, -1);
    if (db_step(s) == DB_ROW) {
        json_open(j, '{');
        json_number(j, "id", db_col_int(s, 0));
        run_json(c, j, s);
        json_close(j, '}');
    } else {
        json_nil(j);
    }
    db_reset(s);
}

/* How many of the runs that are kept failed for good. */
static int64_t failures(struct berth_ctx *c, const char *name)
{
    struct db_stmt *s =
        db_prepare(c->conn, "SELECT count(*) FROM timer_run WHERE name = ? AND state = 'failed'");

    db_bind_text(s, 1, name, -1);
    return db_one_int(s);
}

static const char *label(struct berth_ctx *c, const struct timer *t)
{
    const char *key = t->plugin == NULL ? NULL
                                        : arena_fmt(c->a, "%s.timer.%s", t->plugin,
                                                    t->full + strlen(t->plugin) + 1);

    return key == NULL ? t->about : labels_get(c->st->labels, c->locale, key);
}

int timer_list_json(struct berth_ctx *c, struct buf *out)
{
    struct json j = json_to(out);
    size_t n;
    const struct timer *all = timer_list(c->st, c->a, &n);

    json_open(&j, '{');
    json_key(&j, "timers");
    json_open(&j, '[');
    for (size_t i = 0; i < n; i++) {
        json_open(&j, '{');
        json_text(&j, "name", all[i].full);
        json_text(&j, "label", label(c, &all[i]));
        json_flag(&j, "script", all[i].plugin == NULL);
        json_text(&j, "every", all[i].every);
        json_time(&j, "next", timer_next(c->st, c->conn, &all[i]));
        last_json(c, &j, all[i].full);
        json_number(&j, "failures", failures(c, all[i].full));
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    return c->rc;
}

int timer_runs_json(struct berth_ctx *c, const char *name, int64_t before, int limit,
                    struct buf *out)
{
    struct db_stmt *s =
        db_prepare(c->conn, "SELECT " SHOWN
                            " FROM timer_run WHERE name = ? AND id < ? ORDER BY id DESC LIMIT ?");

    db_bind_text(s, 1, name, -1);
    return log_page_json(c, &(struct log_page){"runs", s, 1, run_json}, before, limit, out);
}

/* ---- forgetting --------------------------------------------------------------------------------- */
static int prune_body(struct berth_ctx *c, void *arg)
{
    struct db_stmt *s = db_prepare(
        c->conn, "DELETE FROM timer_run WHERE began_at < ? AND state IN ('done', 'failed')");

    (void)arg;
    db_bind_int(s, 1, c->now - setting_get(c, "base.run_days").i * WHEN_DAY);
    return ctx_write(c, s, "forget old runs");
}

void timer_prune(struct store *st)
{
    struct commit one = {.st = st, .what = "timers", .low = true, .body = prune_body};

    if (commit_run(&one) != 0)
        log_warn("timer", "old runs could not be forgotten; it is tried again");
}

/* What somebody asked for and a crash cut off is nobody's to go on with. */
static int cut_off_body(struct berth_ctx *c, void *arg)
{
    struct db_stmt *s = db_prepare(c->conn, "UPDATE timer_run SET state = 'failed', ended_at = ?, "
                                            "error = 'cut off' WHERE state = 'running' AND"
                                            " due_at IS NULL");

    (void)arg;
    db_bind_int(s, 1, c->now);
    return ctx_write(c, s, "end runs that were cut off");
}

void timer_cut_off(struct store *st)
{
    struct commit one = {.st = st, .what = "timers", .low = true, .body = cut_off_body};

    if (commit_run(&one) != 0)
        log_warn("timer", "runs that were cut off could not be ended");
}
