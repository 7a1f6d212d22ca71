/* commit.c - transactions of the host's own. */
#include "record/commit.h"

#include "base/log.h"

struct run {
    const struct commit *k;
    struct berth_ctx c;
    struct arena *a;
};

static void tell(const struct run *r)
{
    struct berth_ctx *c = (struct berth_ctx *)&r->c;
    struct buf *err = r->k->err;

    if (err == NULL)
        return;
    buf_puts(err, ctx_text(c, c->key == NULL ? "err.broken" : c->key, c->args));
    for (const struct ctx_problem *p = c->problems; p != NULL; p = p->next)
        buf_addf(err, "; %s: %s", p->field, ctx_text(c, p->key, p->args));
}

static int body(struct db_conn *w, void *arg)
{
    struct run *r = arg;
    const struct commit *k = r->k;

    if (k->job != NULL)
        job_ctx(k->job, &r->c, w, r->a);
    else
        ctx_init(&r->c, k->st, w, r->a, NULL, NULL);
    r->c.writing = true;
    r->c.request = k->what;
    if (r->c.rc == BERTH_OK) /* whoever started the job has left: without them it would run as the host */
        k->body(&r->c, k->arg);
    if (r->c.rc != BERTH_OK) {
        tell(r);
        return (int)r->c.rc;
    }
    return k->job == NULL ? 0 : job_write(k->job, w);
}

/* Rights that changed must be in the database before anybody is told to read them again. */
static void behind(struct run *r)
{
    struct db_conn *own = NULL;

    if (r->c.done == NULL)
        return;
    r->c.conn = r->k->job != NULL ? r->k->job->conn : (own = db_reader(r->k->st->db, NULL));
    if (r->c.conn != NULL)
        ctx_run_done(&r->c);
    db_conn_close(&own);
}

int commit_run(const struct commit *k)
{
    struct run r = {.k = k, .a = arena_new()};
    struct job_mark before = k->job != NULL ? job_mark(k->job) : (struct job_mark){0};
    int rc = (k->low || k->job != NULL ? db_write_low : db_write)(k->st->db, body, &r);

    if (k->job != NULL)
        job_settle(k->job, &before, rc == 0);
    if (rc == 0)
        behind(&r);
    else if (k->err != NULL && k->err->len == 0)
        buf_puts(k->err, "the database could not be written");
    if (k->job != NULL)
        job_look(k->job);
    arena_free(&r.a);
    return rc;
}
