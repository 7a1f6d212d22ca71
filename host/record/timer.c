/* timer.c - a thread that looks every few seconds what is due. */
#include "record/timer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/blame.h"
#include "base/log.h"
#include "base/when.h"
#include "record/commit.h"
#include "record/hook.h"
#include "record/recycle.h"
#include "record/zone.h"

enum { LOOK_S = 2, TURNS_MAX = 100000 };

struct timers {
    struct store *st;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
};

static int64_t span(const char *s)
{
    char *end;
    long n = strtol(s, &end, 10);
    int64_t unit = strcmp(end, "s") == 0 ? 1000 : strcmp(end, "m") == 0 ? 60000 : strcmp(end, "h") == 0 ? 3600000
                 : strcmp(end, "d") == 0 ? WHEN_DAY : 0;

    return n > 0 ? n * unit : 0;
}

int64_t timer_next(const char *every, int64_t last, int64_t now, const char *zone)
{
    int h, m;

    if (sscanf(every, "daily %d:%d", &h, &m) == 2 && h >= 0 && h < 24 && m >= 0 && m < 60) {
        int64_t since = last != 0 ? last : now;
        int64_t at = zone_midnight(zone, zone_day(zone, since)) + (h * 60 + m) * INT64_C(60000);

        return at > since ? at : zone_midnight(zone, zone_day(zone, since) + 1) + (h * 60 + m) * INT64_C(60000);
    }
    int64_t ms = span(every);

    if (ms == 0)
        return -1;
    /* a clock that was set back must not silence a timer for years */
    return last == 0 || last > now + ms ? now : last + ms;
}

/* ---- one turn ------------------------------------------------------------------------------ */
struct turn {
    const struct timer *t;
    int rc; /* what the callback returned */
};

static int call(struct berth_ctx *c, void *arg)
{
    struct turn *k = arg;

    k->rc = k->t->run(c);
    return k->rc > 0 ? BERTH_OK : k->rc;
}

static int note_run(struct berth_ctx *c, const struct timer *t)
{
    const char *name = arena_fmt(c->a, "timer.%s", t->full);
    struct db_stmt *s = db_prepare(c->conn, "UPDATE setting SET value = ?, version = version + 1 WHERE name = ?");
    int rc;

    db_bind_text(s, 1, arena_fmt(c->a, "%lld", (long long)c->now), -1);
    db_bind_text(s, 2, name, -1);
    rc = db_step(s);
    db_reset(s);
    if (rc == DB_DONE && db_changes(c->conn) == 0) {
        s = db_prepare(c->conn, "INSERT INTO setting (version, created_at, updated_at, name, value) VALUES (1, ?1, ?1, ?2, ?3)");
        db_bind_int(s, 1, c->now);
        db_bind_text(s, 2, name, -1);
        db_bind_text(s, 3, arena_fmt(c->a, "%lld", (long long)c->now), -1);
        rc = db_step(s);
        db_reset(s);
    }
    return rc < 0 ? ctx_db(c, rc, "note a timer's run") : BERTH_OK;
}

static int turn_body(struct berth_ctx *c, void *arg)
{
    struct turn *k = arg;

    c->op = k->t->full;
    hook_call(c, k->t->plugin, call, k);
    return c->rc == BERTH_OK && k->rc <= 0 ? note_run(c, k->t) : (int)c->rc;
}

int timer_run(struct store *st, const struct timer *t)
{
    for (int turns = 1;; turns++) {
        struct turn k = {.t = t};
        struct buf err = BUF_INIT;
        struct commit one = {.st = st, .what = t->full, .low = true, .body = turn_body, .arg = &k, .err = &err};
        int rc = commit_run(&one);

        if (rc != 0)
            log_error("timer", "%s failed: %s", t->full, buf_str(&err));
        buf_free(&err);
        if (rc != 0)
            return rc;
        if (k.rc <= 0 || turns == TURNS_MAX)
            return turns;
    }
}

/* ---- the thread ------------------------------------------------------------------------------- */
static int64_t last_run(struct db_conn *conn, const struct timer *t)
{
    struct db_stmt *s = db_prepare(conn, "SELECT value FROM setting WHERE name = ?");
    char name[128];
    int64_t last = 0;

    snprintf(name, sizeof(name), "timer.%s", t->full);
    db_bind_text(s, 1, name, -1);
    if (db_step(s) == DB_ROW && !db_col_is_null(s, 0))
        last = strtoll(db_col_text(s, 0, NULL), NULL, 10);
    db_reset(s);
    return last;
}

static bool stopped(struct timers *t, int seconds)
{
    struct timespec until;
    bool stop;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&t->lock);
    if (!t->stop)
        pthread_cond_timedwait(&t->wake, &t->lock, &until);
    stop = t->stop;
    pthread_mutex_unlock(&t->lock);
    return stop;
}

static void *work(void *arg)
{
    struct timers *t = arg;
    struct buf err = BUF_INIT;
    struct db_conn *conn = db_reader(t->st->db, &err);

    blame_thread();
    buf_free(&err);
    while (conn != NULL && !stopped(t, LOOK_S)) {
        const struct model *m = atomic_load(&t->st->model);

        for (size_t i = 0; i < m->ntimers; i++) {
            int64_t now = store_now(t->st), last = last_run(conn, &m->timers[i]);
            int64_t next = timer_next(m->timers[i].every, last, now, t->st->company.zone);

            if (next >= 0 && next <= now)
                timer_run(t->st, &m->timers[i]);
        }
        recycle_look(t->st, conn);
        db_settle(conn);
    }
    if (conn != NULL)
        db_conn_close(&conn);
    return NULL;
}

struct timers *timers_start(struct store *st)
{
    struct timers *t = mem_alloc(sizeof(*t));

    t->st = st;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->wake, NULL);
    if (pthread_create(&t->thread, NULL, work, t) != 0) {
        free(t);
        return NULL;
    }
    return t;
}

void timers_stop(struct timers **timers)
{
    struct timers *t = *timers;

    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->wake);
    free(t);
    *timers = NULL;
}
