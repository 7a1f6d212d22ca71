/* service.c - ties files and alerts to the records they hang on, and runs what is due. */
#include "service/service.h"

#include <stdlib.h>

#include "base/blame.h"
#include "base/log.h"
#include "base/when.h"
#include "service/alert.h"
#include "service/file.h"
#include "service/note.h"
#include "service/remind.h"

enum { FOLDERS = 256, SWEEP_MS = 60000, REMIND_MS = 60000 };

/* ---- with the record -------------------------------------------------------------------------- */
static int saved(struct berth_ctx *c, const struct berth_row *r)
{
    remind_saved(c, r);
    return c->rc == BERTH_OK && r->old != NULL ? follow_changed(c, r) : (int)c->rc;
}

static int gone(struct berth_ctx *c, const struct table *t, int64_t id)
{
    file_gone(c, t, id);
    return c->rc == BERTH_OK ? note_gone(c, t, id) : (int)c->rc;
}

void service_ready(struct store *st)
{
    st->services = (struct service_ops){.saved = saved, .gone = gone};
}

/* ---- what is due -------------------------------------------------------------------------------- */
struct services {
    struct store *st;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop, work;
    int64_t swept, reminded; /* monotonic */
    int folder;
};

static struct services *runner; /* one a process */

static int sweep_body(struct db_conn *w, void *arg)
{
    struct arena *a = arena_new();
    struct berth_ctx c;
    int n;

    ctx_init(&c, arg, w, a, NULL, NULL);
    c.writing = true;
    c.request = "sweep";
    n = blob_sweep(&c);
    arena_free(&a);
    return n < 0 ? -1000 : 0;
}

/* Every minute: what was let go of, and one folder of the 256 for what a crash left. */
static void sweep(struct services *s, struct db_conn *conn)
{
    if (when_monotonic() < s->swept + SWEEP_MS)
        return;
    s->swept = when_monotonic();
    if (db_write_low(s->st->db, sweep_body, s->st) != 0)
        log_warn("files", "a sweep failed; it is tried again");
    blob_sweep_folder(s->st, conn, s->folder++ % FOLDERS);
}

/* True when it is to end. */
static bool rest(struct services *s)
{
    struct timespec until;
    bool stop;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    pthread_mutex_lock(&s->lock);
    if (!s->stop && !s->work)
        pthread_cond_timedwait(&s->wake, &s->lock, &until);
    s->work = false;
    stop = s->stop;
    pthread_mutex_unlock(&s->lock);
    return stop;
}

static void *work(void *arg)
{
    struct services *s = arg;
    struct buf err = BUF_INIT;
    struct db_conn *conn = db_reader(s->st->db, &err);

    blame_thread();
    while (conn != NULL && !rest(s)) {
        if (when_monotonic() >= s->reminded + REMIND_MS) {
            s->reminded = when_monotonic();
            remind_due(s->st, conn);
        }
        alert_due(s->st, conn);
        sweep(s, conn);
    }
    if (conn != NULL)
        db_conn_close(&conn);
    buf_free(&err);
    return NULL;
}

struct services *services_start(struct store *st)
{
    struct services *s = mem_alloc(sizeof(*s));
    pthread_condattr_t attr;

    s->st = st;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&s->thread, NULL, work, s) != 0) {
        free(s);
        return NULL;
    }
    return runner = s;
}

void service_wake(void)
{
    if (runner == NULL)
        return;
    pthread_mutex_lock(&runner->lock);
    runner->work = true;
    pthread_cond_signal(&runner->wake);
    pthread_mutex_unlock(&runner->lock);
}

void services_stop(struct services **ps)
{
    struct services *s = *ps;

    pthread_mutex_lock(&s->lock);
    s->stop = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    runner = NULL;
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->wake);
    free(s);
    *ps = NULL;
}
