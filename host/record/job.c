/* job.c - the queue and its runner. */
#include "record/job.h"

#include <stdlib.h>
#include <string.h>

#include "base/background.h"
#include "base/blame.h"
#include "base/log.h"
#include "base/when.h"
#include "record/dup_stage.h"
#include "record/perm.h"

struct jobs {
    struct store *st;
    struct db_conn *conn; /* of a round */
    struct background thread;
};

enum { LOOK_MS = 30000, SETTLE_MS = 1000 };

static struct background_known known = BACKGROUND_UNKNOWN; /* timers and services go on for a moment when it stops */

/* ---- adding --------------------------------------------------------------------------------- */
static void wake(struct berth_ctx *c, void *arg)
{
    struct jobs *r = background_hold(&known);

    (void)c;
    (void)arg;
    if (r != NULL)
        jobs_wake(r);
    background_let(&known);
}

int64_t job_add(struct berth_ctx *c, const char *kind, const json_t *args, int64_t total)
{
    struct db_stmt *s = db_prepare(c->conn,
        "INSERT INTO job (version, created_at, created_by, updated_at, updated_by, kind, state, args, done, total, user_id,"
        " tries, cancel) VALUES (1, ?1, ?2, ?1, ?2, ?3, 'queued', ?4, 0, ?5, ?2, 0, 0)");
    char *text = json_dumps(args, JSON_COMPACT);
    int rc;

    db_bind_int(s, 1, c->now);
    if (c->who != NULL)
        db_bind_int(s, 2, c->who->id);
    db_bind_text(s, 3, kind, -1);
    db_bind_text(s, 4, text, -1);
    db_bind_int(s, 5, total);
    rc = db_step(s);
    db_reset(s);
    free(text);
    if (rc < 0) {
        ctx_db(c, rc, "add a job");
        return 0;
    }
    ctx_after_commit(c, wake, NULL);
    return db_last_id(c->conn);
}

/* ---- asking ----------------------------------------------------------------------------------- */
static bool may_see(struct berth_ctx *c, int64_t id)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT coalesce(user_id, 0) FROM job WHERE id = ?");
    bool ok;
    int rc;

    db_bind_int(s, 1, id);
    rc = db_step(s);
    ok = rc == DB_ROW && (c->who == NULL || c->who->admin || db_col_int(s, 0) == c->who->id);
    db_reset(s);
    if (rc < 0) /* out of time, perhaps: that is not the same as not being there */
        ctx_db(c, rc, "read a job");
    else if (!ok)
        ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    return ok;
}

static void raw_or_null(struct json *j, const char *key, const char *text)
{
    json_key(j, key);
    if (text == NULL)
        json_nil(j);
    else
        json_raw(j, text, strlen(text));
}

int job_json(struct berth_ctx *c, int64_t id, struct buf *out)
{
    struct json j = json_to(out);
    struct db_stmt *s;
    int64_t done, total, started, ended, again;
    char when[WHEN_TIME_MAX];
    const char *state;
    double seconds;
    int rc;

    if (!may_see(c, id))
        return c->rc;
    s = db_prepare(c->conn, "SELECT kind, state, done, total, result, message, coalesce(started_at, 0),"
                            " coalesce(ended_at, 0), CASE WHEN state = 'queued' AND fails > 0 THEN run_at END FROM job WHERE id = ?");
    db_bind_int(s, 1, id);
    rc = db_step(s);
    if (rc != DB_ROW) {
        db_reset(s);
        return rc < 0 ? ctx_db(c, rc, "read a job") : ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    }
    state = db_col_text(s, 1, NULL);
    done = db_col_int(s, 2);
    total = db_col_int(s, 3);
    started = db_col_int(s, 6);
    ended = db_col_int(s, 7);
    again = db_col_int(s, 8);
    seconds = started == 0 ? 0 : (double)((ended != 0 ? ended : c->now) - started) / 1000.0;
    json_open(&j, '{');
    json_number(&j, "id", id);
    json_text(&j, "kind", db_col_text(s, 0, NULL));
    json_text(&j, "state", state);
    json_key(&j, "progress");
    json_double(&j, strcmp(state, "done") == 0 ? 1.0 : total <= 0 ? 0.0 : done >= total ? 1.0 : (double)done / (double)total);
    json_number(&j, "done", done);
    json_id(&j, "total", total > 0 ? total : 0);
    json_number(&j, "rate", seconds > 0 ? (int64_t)((double)done / seconds) : 0);
    json_id(&j, "remaining",
            (strcmp(state, "running") == 0 && done > 0 && total >= done) ? (int64_t)(seconds * (double)(total - done) / (double)done) + 1
                                                                         : 0);
    raw_or_null(&j, "result", db_col_text(s, 4, NULL));
    json_text(&j, "error", strcmp(state, "failed") == 0 || again != 0 ? db_col_text(s, 5, NULL) : NULL);
    json_key(&j, "again_at");
    when_time_format(again, when);
    json_str(&j, again != 0 ? when : NULL);
    json_close(&j, '}');
    db_reset(s);
    return c->rc;
}

int job_cancel(struct berth_ctx *c, int64_t id)
{
    struct db_stmt *s;

    if (!may_see(c, id))
        return c->rc;
    s = db_prepare(c->conn, "UPDATE job SET cancel = 1, state = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END,"
                            " ended_at = CASE WHEN state = 'queued' THEN ?1 ELSE ended_at END WHERE id = ?2 AND"
                            " state IN ('queued', 'running')");
    db_bind_int(s, 1, c->now);
    db_bind_int(s, 2, id);
    if (db_step(s) < 0)
        ctx_db(c, DB_ERROR, "cancel a job");
    db_reset(s);
    return c->rc;
}

int job_again(struct berth_ctx *c, int64_t id)
{
    struct db_stmt *s;
    int rc;

    if (!may_see(c, id))
        return c->rc;
    s = db_prepare(c->conn,
                   "UPDATE job SET state = 'queued', cancel = 0, tries = 0, fails = 0, run_at = NULL, ended_at = NULL,"
                   " message = NULL WHERE id = ? AND (state IN ('failed', 'cancelled') OR (state = 'queued' AND run_at IS NOT NULL))");
    db_bind_int(s, 1, id);
    rc = db_step(s);
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "queue a job again");
    if (db_changes(c->conn) != 1)
        return ctx_fail(c, BERTH_CONFLICT, "conflict", "err.conflict");
    ctx_after_commit(c, wake, NULL);
    return c->rc;
}

/* ---- running ------------------------------------------------------------------------------------ */
void job_ctx(struct job *j, struct berth_ctx *c, struct db_conn *conn, struct arena *a)
{
    const struct who *who = NULL;

    if (j->user != 0)
        who = who_get(j->st, conn, atomic_load(&j->st->model), j->user);
    ctx_init(c, j->st, conn, a, who, j->locale);
    c->request = "job";
    if (j->user != 0 && who == NULL)
        ctx_fail(c, BERTH_DENIED, "sign_in", "err.sign_in");
}

int job_write(struct job *j, struct db_conn *w)
{
    struct db_stmt *s = db_prepare(w, "UPDATE job SET done = ?, total = ?, result = ?, heartbeat_at = ? WHERE id = ?");
    char *text = json_dumps(j->result, JSON_COMPACT);
    int rc;

    db_bind_int(s, 1, j->done);
    db_bind_int(s, 2, j->total);
    db_bind_text(s, 3, text, -1);
    db_bind_int(s, 4, when_now());
    db_bind_int(s, 5, j->id);
    rc = db_step(s);
    db_reset(s);
    free(text);
    return rc < 0 ? rc : 0;
}

struct job_mark job_mark(const struct job *j)
{
    return (struct job_mark){j->done, j->total, json_deep_copy(j->result), true};
}

void job_settle(struct job *j, struct job_mark *m, bool kept)
{
    if (!m->taken)
        return;
    if (!kept) {
        json_decref(j->result);
        j->result = json_incref(m->result);
        j->done = m->done;
        j->total = m->total;
    }
    json_decref(m->result);
    *m = (struct job_mark){0};
}

struct step {
    struct job *j;
    int (*body)(struct job *, struct db_conn *, void *);
    void *arg;
};

static int step_body(struct db_conn *w, void *arg)
{
    struct step *s = arg;
    int rc = s->body == NULL ? 0 : s->body(s->j, w, s->arg);

    return rc != 0 ? rc : job_write(s->j, w);
}

void job_look(struct job *j)
{
    struct db_stmt *s = db_prepare(j->conn, "SELECT cancel FROM job WHERE id = ?");
    struct jobs *r;

    db_bind_int(s, 1, j->id);
    if (db_step(s) == DB_ROW && db_col_int(s, 0) != 0)
        j->cancelled = true;
    db_reset(s);
    r = background_hold(&known);
    if (r != NULL && background_stopping(&r->thread))
        j->cancelled = j->stops = true;
    background_let(&known);
}

bool job_others_wait(struct job *j)
{
    struct db_stmt *s = db_prepare(j->conn, "SELECT 1 FROM job WHERE state = 'queued' AND coalesce(run_at, 0) <= ? AND id <> ? LIMIT 1");
    bool any;

    db_bind_int(s, 1, when_now());
    db_bind_int(s, 2, j->id);
    any = db_step(s) == DB_ROW;
    db_reset(s);
    return any;
}

static void tell(struct job *j)
{
    if (j->st->events.send != NULL && j->user != 0)
        j->st->events.send(j->st->events.hub, &(struct event){.kind = EVENT_JOB, .user = j->user, .id = j->id});
}

int job_step(struct job *j, int (*body)(struct job *, struct db_conn *, void *), void *arg)
{
    struct step s = {j, body, arg};
    struct job_mark before = job_mark(j);
    int rc = db_write_low(j->st->db, step_body, &s);

    job_settle(j, &before, rc == 0);
    job_look(j);
    tell(j);
    return rc == 0 ? 0 : -1;
}

int job_progress(struct job *j)
{
    return job_step(j, NULL, NULL);
}

static int begin_body(struct db_conn *w, void *arg)
{
    struct db_stmt *s = db_prepare(w, "UPDATE job SET state = 'running', started_at = coalesce(started_at, ?1),"
                                      " heartbeat_at = ?1, tries = tries + 1 WHERE id = ?2 AND state = 'queued'");
    int rc;

    db_bind_int(s, 1, when_now());
    db_bind_int(s, 2, *(int64_t *)arg);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? rc : db_changes(w) == 1 ? 0 : -1000;
}

struct ending {
    struct job *j;
    const char *state, *message;
    int fails;
    int64_t again; /* when it is tried once more; 0: not at all */
};

static int end_body(struct db_conn *w, void *arg)
{
    struct ending *e = arg;
    struct db_stmt *s;
    int rc = job_write(e->j, w);

    if (rc != 0)
        return rc;
    s = db_prepare(w, "UPDATE job SET state = ?1, message = ?2, ended_at = ?3, fails = ?4, run_at = ?5,"
                      " tries = CASE WHEN ?4 > 0 OR ?7 THEN 0 ELSE tries END WHERE id = ?6");
    db_bind_text(s, 1, e->state, -1);
    db_bind_text(s, 2, e->message, -1);
    if (strcmp(e->state, "queued") != 0)
        db_bind_int(s, 3, when_now());
    db_bind_int(s, 4, e->fails);
    if (e->again != 0)
        db_bind_int(s, 5, e->again);
    db_bind_int(s, 6, e->j->id);
    db_bind_int(s, 7, e->j->aside);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? rc : 0;
}

static bool load_next(struct jobs *r, struct job *j, char *kind, size_t cap, int *fails)
{
    struct db_stmt *s =
        db_prepare(r->conn, "SELECT id, kind, coalesce(args, '{}'), coalesce(result, '{}'), coalesce(done, 0),"
                            " coalesce(total, 0), coalesce(user_id, 0), coalesce(fails, 0) FROM job WHERE state = 'queued' AND"
                            " coalesce(run_at, 0) <= ? ORDER BY coalesce(run_at, 0), id LIMIT 1");
    bool found;

    db_bind_int(s, 1, when_now());
    found = db_step(s) == DB_ROW;
    if (found) {
        j->id = db_col_int(s, 0);
        snprintf(kind, cap, "%s", db_col_text(s, 1, NULL));
        j->args = json_loads(db_col_text(s, 2, NULL), 0, NULL);
        j->result = json_loads(db_col_text(s, 3, NULL), 0, NULL);
        j->done = db_col_int(s, 4);
        j->total = db_col_int(s, 5);
        j->user = db_col_int(s, 6);
        *fails = (int)db_col_int(s, 7);
    }
    db_reset(s);
    return found;
}

/* What an import has left to sort in. */
static void settle_keys(struct jobs *r)
{
    if (dup_stage_count(r->st) > 0 && dup_stage_merge(r->st, &r->thread.stop) < 0 && !background_stopping(&r->thread))
        log_error("job", "the duplicate keys of an import could not be sorted in; they are known, and it is tried again");
}

/* Another try, later with each, unless it had all that its kind allows. */
static void put_off(struct ending *e, int fails)
{
    if (fails + 1 >= e->j->attempts)
        return;
    e->state = "queued";
    e->fails = fails + 1;
    e->again = when_now() + when_doubled(e->j->wait, fails);
}

static void run_one(struct jobs *r, struct job *j, const char *kind, int fails)
{
    struct buf err = BUF_INIT;
    struct ending e = {.j = j, .state = "failed"};
    bool stops;
    const struct job_kind *k = job_kinds;
    int rc = -1;

    while (k->name != NULL && strcmp(k->name, kind) != 0)
        k++;
    j->attempts = k->attempts;
    j->wait = k->wait;
    if (!k->stages)
        settle_keys(r);
    if (db_write(r->st->db, begin_body, &j->id) != 0)
        return;
    log_info("job", "%s %lld begins", kind, (long long)j->id);
    if (k->name == NULL)
        buf_addf(&err, "no such kind of job: %s", kind);
    else
        rc = k->run(j, &err);
    stops = background_stopping(&r->thread);
    job_look(j);
    if (stops && rc == 0 && j->cancelled)
        e.state = "queued"; /* the server stops: it goes on with the next one */
    else if (rc == 0 && j->aside && !j->cancelled) {
        e.state = "queued";
        e.again = when_now();
    } else if (rc == 0)
        e.state = j->cancelled ? "cancelled" : "done";
    else if (!j->cancelled || stops)
        put_off(&e, fails);
    e.message = buf_str(&err);
    if (db_write(r->st->db, end_body, &e) != 0)
        log_error("job", "%s %lld: its end could not be written", kind, (long long)j->id);
    tell(j);
    log_info("job", "%s %lld is %s%s%s", kind, (long long)j->id, e.state, err.len > 0 ? ": " : "", buf_str(&err));
    buf_free(&err);
}

/* How long there is nothing to do: until the first of those that wait for a time of their own, or until an import
 * has been over for a moment. */
static int64_t idle_ms(struct jobs *r)
{
    struct db_stmt *s = db_prepare(r->conn, "SELECT min(run_at) FROM job WHERE state = 'queued' AND run_at IS NOT NULL");
    int64_t ms = dup_stage_count(r->st) > 0 ? SETTLE_MS : LOOK_MS, most = ms;

    if (db_step(s) == DB_ROW && !db_col_is_null(s, 0))
        ms = db_col_int(s, 0) - when_now();
    db_reset(s);
    return ms < 0 ? 0 : ms < most ? ms : most;
}

static bool run_next(struct jobs *r)
{
    struct job j = {.st = r->st, .conn = r->conn, .a = arena_new()};
    char kind[64];
    int fails = 0;
    bool any = load_next(r, &j, kind, sizeof(kind), &fails);

    if (any)
        run_one(r, &j, kind, fails);
    json_decref(j.args);
    json_decref(j.result);
    arena_free(&j.a);
    db_settle(r->conn);
    return any;
}

static void *work(void *arg)
{
    struct jobs *r = arg;

    blame_thread();
    for (int64_t rest = 0; background_rest(&r->thread, rest);) {
        bool any = false;

        rest = LOOK_MS;
        if ((r->conn = db_reader(r->st->db, NULL)) == NULL)
            continue;
        while (!background_stopping(&r->thread) && run_next(r))
            any = true;
        if (!any && !background_stopping(&r->thread))
            settle_keys(r);
        rest = idle_ms(r);
        db_conn_close(&r->conn);
    }
    return NULL;
}

static int requeue_body(struct db_conn *w, void *arg)
{
    (void)arg;
    /* three times cut off in the middle: something in it kills the server */
    return db_exec(w, "UPDATE job SET state = CASE WHEN tries >= 3 THEN 'failed' ELSE 'queued' END, message = CASE WHEN"
                      " tries >= 3 THEN 'cut off three times' ELSE message END WHERE state = 'running'") < 0 ? -1 : 0;
}

struct jobs *jobs_start(struct store *st, struct buf *err)
{
    struct jobs *r = mem_alloc(sizeof(*r));

    r->st = st;
    background_know(&known, r);
    if (db_write(st->db, requeue_body, NULL) != 0 || background_start(&r->thread, work, r) != 0) {
        buf_puts(err, "start the job runner");
        background_know(&known, NULL);
        free(r);
        return NULL;
    }
    return r;
}

void jobs_wake(struct jobs *r)
{
    background_wake(&r->thread);
}

void jobs_stop(struct jobs **jobs)
{
    background_stop(&(*jobs)->thread);
    background_know(&known, NULL);
    free(*jobs);
    *jobs = NULL;
}
