/* retain.c - sweeping. */
#include "record/retain.h"

#include "base/log.h"
#include "base/when.h"
#include "record/audit.h"
#include "record/commit.h"
#include "record/seal.h"
#include "record/setting.h"

enum { TURN = 500, /* rows of one transaction */ EVERY = 3600000 /* ms */ };

struct sweep {
    const struct table *t; /* of the bin */
    struct retained *all;
    int64_t n; /* of this turn */
};

static int64_t before(struct berth_ctx *c, const char *setting)
{
    int64_t days = setting_get(c, setting).i;

    return days <= 0 ? 0 : c->now - days * WHEN_DAY;
}

/* ---- the recycle bin ------------------------------------------------------------------------------ */
/* Details go when what they hang on goes. */
static const struct table *main_of(const struct table *t)
{
    while (t->parent != NULL && t->parent->ref != NULL && t->parent->ref != t)
        t = t->parent->ref;
    return t;
}

static int64_t bin_before(struct berth_ctx *c, const struct table *t)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT bin_days FROM retention WHERE on_table = ?");
    int64_t days = -1;

    db_bind_text(s, 1, main_of(t)->name, -1);
    if (db_step(s) == DB_ROW && !db_col_is_null(s, 0))
        days = db_col_int(s, 0);
    db_reset(s);
    return days < 0 ? before(c, "base.bin_days") : days == 0 ? 0 : c->now - days * WHEN_DAY;
}

static int forget(struct berth_ctx *c, const struct table *t, int64_t seq, int64_t id)
{
    struct db_stmt *s = db_prepare(c->conn, "DELETE FROM bin WHERE seq = ?");
    int rc;

    db_bind_int(s, 1, seq);
    rc = db_step(s);
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "empty the recycle bin");
    return c->st->services.gone != NULL ? c->st->services.gone(c, t, id) : (int)c->rc;
}

static int bin_body(struct berth_ctx *c, void *arg)
{
    struct sweep *w = arg;
    struct db_stmt *s =
        db_prepare(c->conn, "SELECT seq, record_id FROM bin WHERE on_table = ? AND deleted_at < ? ORDER BY deleted_at LIMIT ?");
    int64_t (*due)[2] = arena_alloc(c->a, TURN * sizeof(*due));
    int rc;

    db_bind_text(s, 1, w->t->name, -1);
    db_bind_int(s, 2, bin_before(c, w->t));
    db_bind_int(s, 3, TURN);
    for (w->n = 0; (rc = db_step(s)) == DB_ROW; w->n++) {
        due[w->n][0] = db_col_int(s, 0);
        due[w->n][1] = db_col_int(s, 1);
    }
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "look into the recycle bin");
    for (int64_t i = 0; i < w->n && c->rc == BERTH_OK; i++)
        forget(c, w->t, due[i][0], due[i][1]);
    return w->n == 0 ? (int)c->rc : audit_add(c, "retention", arena_fmt(c->a, "recycle bin: %lld of %s", (long long)w->n, w->t->name));
}

/* ---- what ended ------------------------------------------------------------------------------------- */
static int64_t ended(struct berth_ctx *c, const char *sql, int64_t until, const char *what)
{
    struct db_stmt *s;
    int64_t n;
    int rc;

    if (until <= 0 || c->rc != BERTH_OK)
        return 0;
    s = db_prepare(c->conn, sql);
    db_bind_int(s, 1, until);
    db_bind_int(s, 2, TURN);
    rc = db_step(s);
    n = rc < 0 ? 0 : db_changes(c->conn);
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "take away what ended");
    else if (n > 0 && what != NULL)
        audit_add(c, "retention", arena_fmt(c->a, "%s: %lld", what, (long long)n));
    return n;
}

/* Messages go one by one, for files hang on them: on those that came in and nobody sorted, on those that went out.
 * ids: SELECT id ... before ? LIMIT ? */
static int64_t messages(struct berth_ctx *c, const char *table, const char *ids, int64_t until, const char *what)
{
    const struct table *t = model_table(c->m, table);
    struct db_stmt *s;
    int64_t id[TURN];
    size_t n = 0;
    int rc = DB_DONE;

    if (until <= 0 || c->rc != BERTH_OK)
        return 0;
    s = db_prepare(c->conn, ids);
    db_bind_int(s, 1, until);
    db_bind_int(s, 2, TURN);
    while (n < TURN && (rc = db_step(s)) == DB_ROW)
        id[n++] = db_col_int(s, 0);
    db_reset(s);
    for (size_t i = 0; i < n && rc >= 0 && c->rc == BERTH_OK; i++) {
        s = db_prepare(c->conn, arena_fmt(c->a, "DELETE FROM %s WHERE id = ?", t->sql));
        db_bind_int(s, 1, id[i]);
        rc = db_step(s);
        db_reset(s);
        if (rc >= 0 && c->st->services.gone != NULL)
            c->st->services.gone(c, t, id[i]);
    }
    if (rc < 0)
        ctx_db(c, rc, "take away what ended");
    else if (n > 0 && c->rc == BERTH_OK)
        audit_add(c, "retention", arena_fmt(c->a, "%s: %zu", what, n));
    return (int64_t)n;
}

static int ended_body(struct berth_ctx *c, void *arg)
{
    struct sweep *w = arg;
    int64_t jobs = ended(c, "DELETE FROM job WHERE id IN (SELECT j.id FROM job j WHERE j.state IN ('done', 'failed', 'cancelled') AND"
                            " j.ended_at < ? AND NOT EXISTS (SELECT 1 FROM import i WHERE i.job_id = j.id) ORDER BY j.id LIMIT ?)",
                         before(c, "base.job_days"), "jobs");
    int64_t mails = messages(c, "outbox", "SELECT id FROM outbox WHERE state <> 'queued' AND coalesce(sent_at, at) < ? ORDER BY id LIMIT ?",
                             before(c, "base.mail_days"), "mails");
    int64_t came =
        messages(c, "inbox", "SELECT id FROM inbox WHERE at < ? ORDER BY id LIMIT ?", before(c, "base.mail_days"), "mails that came in");
    int64_t sessions = ended(c, "DELETE FROM session WHERE token IN (SELECT token FROM session WHERE expires_at < ? LIMIT ?)", c->now,
                             "sign-ins that were over");
    int64_t keys = ended(c, "DELETE FROM idempotency WHERE seq IN (SELECT seq FROM idempotency WHERE at < ? ORDER BY seq LIMIT ?)",
                         c->now - WHEN_DAY, NULL);

    w->all->jobs += jobs;
    w->all->mails += mails + came;
    w->all->sessions += sessions;
    w->n = jobs + mails + came + sessions + keys;
    return c->rc;
}

static int chain_body(struct berth_ctx *c, void *arg)
{
    struct sweep *w = arg;
    int64_t until = before(c, "base.audit_days");

    w->n = until <= 0 ? 0 : seal_cut(c, until);
    return c->rc;
}

/* ---- when --------------------------------------------------------------------------------------------- */
static const char timer[] = "base.retention"; /* remembered beside the timers */

static int swept_body(struct berth_ctx *c, void *arg)
{
    struct db_stmt *s = db_prepare(c->conn, "INSERT INTO timer (name, since) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET since = ?2");
    int rc;

    (void)arg;
    db_bind_text(s, 1, timer, -1);
    db_bind_int(s, 2, c->now);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "remember the retention") : BERTH_OK;
}

static int swept(struct store *st)
{
    return commit_run(&(struct commit){.st = st, .what = "retention", .low = true, .body = swept_body}) == 0 ? 0 : -1;
}

/* 0: never. */
static int64_t last(struct db_conn *conn)
{
    struct db_stmt *s = db_prepare(conn, "SELECT since FROM timer WHERE name = ?");

    db_bind_text(s, 1, timer, -1);
    return db_one_int(s);
}

void retain_due(struct store *st, struct db_conn *conn)
{
    int64_t since = last(conn), now = store_now(st);
    struct retained gone;

    if (since == 0)
        swept(st); /* it is new here */
    else if (now >= since + EVERY || now < since) /* or a clock that was ahead */
        retain_sweep(st, &gone);
}

/* ---- all of it --------------------------------------------------------------------------------------- */
/* Until a turn finds nothing; -1: it failed. */
static int64_t turns(struct store *st, int (*body)(struct berth_ctx *, void *), struct sweep *w)
{
    int64_t n = 0;

    do {
        if (commit_run(&(struct commit){.st = st, .what = "retention", .low = true, .body = body, .arg = w}) != 0)
            return -1;
        n += w->n;
    } while (w->n > 0);
    return n;
}

int retain_sweep(struct store *st, struct retained *out)
{
    const struct model *m = atomic_load(&st->model);
    struct sweep w = {.all = out};
    int64_t n;

    *out = (struct retained){0};
    for (size_t i = 0; i < m->ntables; i++) {
        w.t = &m->tables[i];
        if (!(w.t->flags & BERTH_BIN) && w.t->parent == NULL)
            continue;
        if ((n = turns(st, bin_body, &w)) < 0)
            return -1;
        out->bin += n;
    }
    if (turns(st, ended_body, &w) < 0 || (n = turns(st, chain_body, &w)) < 0)
        return -1;
    out->entries = n;
    if (out->bin + out->jobs + out->mails + out->sessions + out->entries > 0)
        log_info("retention",
                 "gone for good: %lld from the recycle bin, %lld jobs, %lld mails, %lld sign-ins, %lld entries of history and audit trail",
                 (long long)out->bin, (long long)out->jobs, (long long)out->mails, (long long)out->sessions, (long long)out->entries);
    return swept(st);
}
