/* timer.c - a thread that looks every second what is due. */
#include "record/timer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/background.h"
#include "base/blame.h"
#include "base/log.h"
#include "base/when.h"
#include "record/commit.h"
#include "record/hook.h"
#include "record/recycle.h"
#include "record/schedule.h"

enum {
    LOOK_MS = 1000,
    PRUNE_MS = 3600000,
    TURNS_MAX = 100000,
    MISSED_MAX = 10000,
    LOCK_S = 20
};
/* A clock that runs further ahead than this is thought to have been wrong, not the one that is
 * behind. */
#define ASTRAY (2 * WHEN_DAY)

struct timers {
    struct store *st;
    struct background thread;
};

static pthread_mutex_t one_runs =
    PTHREAD_MUTEX_INITIALIZER; /* the thread's, or the one that somebody asked for */

const struct timer *timer_list(struct store *st, struct arena *a, size_t *n)
{
    const struct model *m = atomic_load(&st->model);
    size_t nscripts = 0;
    const struct timer *scripts =
        st->scripts.timers == NULL ? NULL : st->scripts.timers(a, &nscripts);
    struct timer *all = arena_alloc(a, (m->ntimers + nscripts + 1) * sizeof(*all));

    for (size_t i = 0; i < m->ntimers; i++)
        all[i] = m->timers[i];
    for (size_t i = 0; i < nscripts; i++)
        all[m->ntimers + i] = scripts[i];
    *n = m->ntimers + nscripts;
    return all;
}

/* ---- where it stands ------------------------------------------------------------------------- */
struct standing {
    bool known;     /* there is a row */
    int64_t since;  /* all due times up to this one are done */
    int64_t run_id; /* the run under way, or one that waits for another try; 0: none */
    int64_t run_at; /* when that one goes on */
};

static struct standing standing_of(struct db_conn *conn, const struct timer *t)
{
    struct db_stmt *s = db_prepare(
        conn, "SELECT since, coalesce(run_id, 0), coalesce(run_at, 0) FROM timer WHERE name = ?");
    struct standing x = {0};

    db_bind_text(s, 1, t->full, -1);
    if (db_step(s) == DB_ROW)
        x = (struct standing){true, db_col_int(s, 0), db_col_int(s, 1), db_col_int(s, 2)};
    db_reset(s);
    return x;
}

static int keep_standing(struct berth_ctx *c, const struct timer *t, const struct standing *x)
{
    struct db_stmt *s = db_prepare(
        c->conn,
        "INSERT INTO timer (name, since, run_id, run_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name)"
        " DO UPDATE SET since = ?2, run_id = ?3, run_at = ?4");

    db_bind_text(s, 1, t->full, -1);
    db_bind_int(s, 2, x->since);
    if (x->run_id != 0) {
        db_bind_int(s, 3, x->run_id);
        db_bind_int(s, 4, x->run_at);
    }
    return ctx_write(c, s, "note where a timer stands");
}

/* ---- one run ------------------------------------------------------------------------------------ */
struct run {
    const struct timer *t;
    struct standing x;
    int64_t due;    /* 0: somebody asked for it */
    int64_t missed; /* due times that this run makes up for */
    int64_t user;
    int64_t id; /* 0: not begun */
    int more;   /* what the callback returned */
    bool had;   /* this due time was run before */
    bool gone;  /* its script was taken away since it was looked for: nothing ran, and nothing is noted */
    const char *why;
};

/* The row of the run; it is told apart from a run of the same due time that ended already. */
static int begin(struct berth_ctx *c, struct run *r)
{
    struct db_stmt *s;
    int rc;

    if (r->due != 0) {
        s = db_prepare(c->conn, "SELECT 1 FROM timer_run WHERE name = ? AND due_at = ?");
        db_bind_text(s, 1, r->t->full, -1);
        db_bind_int(s, 2, r->due);
        r->had = db_step(s) == DB_ROW;
        db_reset(s);
        if (r->had)
            return c->rc;
    }
    s = db_prepare(c->conn, "INSERT INTO timer_run (name, due_at, missed, began_at, state, turns, "
                            "tries, by) VALUES (?1, ?2, ?3, ?4, 'running', 0, 1, ?5)");
    db_bind_text(s, 1, r->t->full, -1);
    if (r->due != 0)
        db_bind_int(s, 2, r->due);
    db_bind_int(s, 3, r->missed);
    db_bind_int(s, 4, c->now);
    if (r->user != 0)
        db_bind_int(s, 5, r->user);
    rc = db_step(s);
    db_reset(s);
    r->id = db_last_id(c->conn);
    return rc < 0 ? ctx_db(c, rc, "begin a run of a timer") : c->rc;
}

static int turned(struct berth_ctx *c, struct run *r)
{
    bool done = r->more <= 0;
    struct db_stmt *s = db_prepare(c->conn, "UPDATE timer_run SET turns = turns + 1, state = ?1, "
                                            "ended_at = ?2, error = NULL WHERE id = ?3");

    db_bind_text(s, 1, done ? "done" : "running", -1);
    if (done)
        db_bind_int(s, 2, store_now(c->st));
    db_bind_int(s, 3, r->id);
    return ctx_write(c, s, "note the turn of a timer");
}

/* Where the timer stands when this turn is in the database. */
static void stands_now(struct run *r, bool done, int64_t again)
{
    r->x.run_id = done ? 0 : r->id;
    r->x.run_at = again;
    if (done && r->due != 0)
        r->x.since = r->due;
}

static int call(struct berth_ctx *c, void *arg)
{
    struct run *r = arg;

    r->more = r->t->run(c);
    return r->more > 0 ? BERTH_OK : r->more;
}

static int turn_body(struct berth_ctx *c, void *arg)
{
    struct run *r = arg;
    struct run before = *r;

    c->op = r->t->full;
    if (r->id == 0)
        begin(c, r);
    if (c->rc == BERTH_OK && !r->had && r->t->run != NULL)
        hook_call(c, r->t->plugin, call, r);
    else if (c->rc == BERTH_OK && !r->had)
        r->more = c->st->scripts.timer(c, r->t->full);
    if (c->rc == BERTH_OK && r->t->run == NULL && r->more == BERTH_NOT_FOUND) {
        *r = before;
        r->gone = true;
        return ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    }
    if (c->rc == BERTH_OK && !r->had)
        turned(c, r);
    if (c->rc == BERTH_OK && (r->due != 0 || r->x.run_id != 0)) {
        stands_now(r, r->had || r->more <= 0, c->now);
        keep_standing(c, r->t, &r->x);
    }
    if (c->rc != BERTH_OK) /* undone, with the run's row if it began here */
        *r = before;
    return c->rc;
}

static int tries_of(struct db_conn *conn, int64_t run)
{
    struct db_stmt *s = db_prepare(conn, "SELECT tries FROM timer_run WHERE id = ?");
    int tries = 1;

    db_bind_int(s, 1, run);
    if (db_step(s) == DB_ROW)
        tries = (int)db_col_int(s, 0);
    db_reset(s);
    return tries;
}

/* Behind a turn that failed and was undone: the run waits for another try, or has failed for good.
 */
static int failed_body(struct berth_ctx *c, void *arg)
{
    struct run *r = arg;
    int tries, rc;
    bool over;
    struct db_stmt *s;

    if (r->id == 0 && begin(c, r) != BERTH_OK)
        return c->rc;
    tries = tries_of(c->conn, r->id);
    over = r->due == 0 || tries >= r->t->attempts;
    s = db_prepare(
        c->conn,
        "UPDATE timer_run SET state = ?1, tries = ?2, ended_at = ?3, error = ?4 WHERE id = ?5");
    db_bind_text(s, 1, over ? "failed" : "waiting", -1);
    db_bind_int(s, 2, over ? tries : tries + 1);
    if (over)
        db_bind_int(s, 3, c->now);
    db_bind_text(s, 4, r->why, -1);
    db_bind_int(s, 5, r->id);
    rc = db_step(s);
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "note that a timer failed");
    if (r->due == 0)
        return c->rc;
    stands_now(r, over, c->now + when_doubled(r->t->wait, tries - 1));
    return keep_standing(c, r->t, &r->x);
}

/* The number of turns, or the error of the one that failed. */
static int run_turns(struct store *st, struct run *r)
{
    for (int turns = 1;; turns++) {
        struct buf err = BUF_INIT;
        struct commit one = {
            .st = st, .what = r->t->full, .low = true, .body = turn_body, .arg = r, .err = &err};
        int rc = commit_run(&one);

        if (rc != 0 && (!r->gone || (r->id != 0 && r->due == 0))) { /* what somebody asked for is not gone on with */
            struct commit failed = {
                .st = st, .what = r->t->full, .low = true, .body = failed_body, .arg = r};

            log_error("timer", "%s failed: %s", r->t->full, buf_str(&err));
            r->why = buf_str(&err);
            if (commit_run(&failed) != 0) /* it is due again as if it had not begun */
                log_error("timer", "%s: that it failed could not be noted", r->t->full);
        }
        buf_free(&err);
        if (rc != 0)
            return rc;
        if (r->more <= 0 || turns == TURNS_MAX)
            return turns;
    }
}

static bool lock_runs(void)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LOCK_S;
    return pthread_mutex_timedlock(&one_runs, &until) == 0;
}

int timer_run(struct store *st, const struct timer *t, int64_t user)
{
    struct run r = {.t = t, .user = user};
    int rc;

    if (!lock_runs())
        return BERTH_BUSY;
    rc = run_turns(st, &r);
    pthread_mutex_unlock(&one_runs);
    return rc;
}

/* ---- what is due -------------------------------------------------------------------------------- */
static int keep_body(struct berth_ctx *c, void *arg)
{
    struct run *r = arg;

    return keep_standing(c, r->t, &r->x);
}

static bool keep(struct store *st, struct run *r)
{
    struct commit one = {.st = st, .what = r->t->full, .low = true, .body = keep_body, .arg = r};

    return commit_run(&one) == 0;
}

/* Seen for the first time: an interval begins with a run, a clock with its next time.  Set back by
 * more than a correction: what was done far ahead must not silence the timer until then. */
static bool settle(struct store *st, struct run *r, const struct every *e, int64_t now)
{
    if (r->x.known && (r->x.since <= now || (e->period == 0 && r->x.since <= now + ASTRAY)))
        return true;
    r->x.since = e->period > 0 && !r->x.known ? now - e->period : now;
    return keep(st, r);
}

/* The newest due time that has come, and how many older ones it stands for. */
static int64_t newest_due(struct store *st, struct db_conn *conn, const struct every *e,
                          int64_t since, int64_t now, int64_t *missed)
{
    int64_t due = 0, next;

    *missed = 0;
    if (e->period > 0) {
        *missed = now >= since + e->period ? (now - since) / e->period - 1 : 0;
        return now >= since + e->period
                   ? now
                   : 0; /* paced, not ruled: what is late puts off what follows */
    }
    while ((next = schedule_next(st, conn, e, due != 0 ? due : since)) != 0 && next <= now) {
        *missed += due != 0;
        due = next;
        if (*missed == MISSED_MAX &&
            due < now - WHEN_DAY) /* off for months: the last day will do */
            due = now - WHEN_DAY;
    }
    return due;
}

/* The run that was cut off or waits: what it was for. */
static bool resume(struct db_conn *conn, struct run *r)
{
    struct db_stmt *s = db_prepare(
        conn, "SELECT due_at FROM timer_run WHERE id = ? AND state IN ('running', 'waiting')");
    bool found;

    db_bind_int(s, 1, r->x.run_id);
    found = db_step(s) == DB_ROW;
    if (found)
        r->due = db_col_int(s, 0);
    db_reset(s);
    r->id = r->x.run_id;
    return found;
}

void timer_due(struct store *st, struct db_conn *conn, const struct timer *t, int64_t now)
{
    struct run r = {.t = t, .x = standing_of(conn, t)};
    struct every e;

    if (!every_parse(t->every, &e) || !settle(st, &r, &e, now))
        return;
    if (r.x.run_id != 0) {
        if (r.x.run_at > now && r.x.run_at <= now + 2 * WHEN_WAIT_MAX)
            return;
        if (!resume(conn, &r)) {
            r.x.run_id = 0;
            keep(st, &r);
            return;
        }
    } else if ((r.due = newest_due(st, conn, &e, r.x.since, now, &r.missed)) == 0) {
        return;
    }
    if (lock_runs()) {
        run_turns(st, &r);
        pthread_mutex_unlock(&one_runs);
    }
}

int64_t timer_next(struct store *st, struct db_conn *conn, const struct timer *t)
{
    struct standing x = standing_of(conn, t);
    struct every e;

    if (x.run_id != 0)
        return x.run_at;
    if (!every_parse(t->every, &e))
        return 0;
    return schedule_next(st, conn, &e, x.known ? x.since : store_now(st) - e.period);
}

/* ---- the thread --------------------------------------------------------------------------------- */
static void look(struct timers *t, struct arena *a)
{
    struct db_conn *conn = db_reader(t->st->db, NULL);
    size_t n;
    const struct timer *all = timer_list(t->st, a, &n);

    if (conn == NULL)
        return;
    for (size_t i = 0; i < n && !background_stopping(&t->thread); i++)
        timer_due(t->st, conn, &all[i], store_now(t->st));
    recycle_look(t->st, conn);
    db_conn_close(&conn);
}

static void *work(void *arg)
{
    struct timers *t = arg;
    struct arena *a = arena_new();
    int64_t pruned = 0; /* monotonic */

    blame_thread();
    timer_cut_off(t->st);
    while (background_rest(&t->thread, LOOK_MS)) {
        look(t, a);
        arena_reset(a);
        if (pruned == 0 || when_monotonic() > pruned + PRUNE_MS) {
            pruned = when_monotonic();
            timer_prune(t->st);
        }
    }
    arena_free(&a);
    return NULL;
}

struct timers *timers_start(struct store *st)
{
    struct timers *t = mem_alloc(sizeof(*t));

    t->st = st;
    if (background_start(&t->thread, work, t) == 0)
        return t;
    free(t);
    return NULL;
}

void timers_stop(struct timers **timers)
{
    background_stop(&(*timers)->thread);
    free(*timers);
    *timers = NULL;
}
