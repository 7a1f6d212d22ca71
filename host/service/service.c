/* service.c - ties files and alerts to the records they hang on, and runs what is due. */
#include "service/service.h"

#include <stdlib.h>

#include "base/background.h"
#include "base/blame.h"
#include "base/log.h"
#include "base/when.h"
#include "record/retain.h"
#include "service/alert.h"
#include "service/approval.h"
#include "service/automation.h"
#include "service/channel.h"
#include "service/file.h"
#include "service/inbound.h"
#include "service/note.h"
#include "service/remind.h"

enum { LOOK_MS = 1000, FOLDERS = 256, SWEEP_MS = 60000, REMIND_MS = 60000 };

/* ---- with the record -------------------------------------------------------------------------- */
static int saved(struct berth_ctx *c, const struct berth_row *r)
{
    remind_saved(c, r);
    if (c->rc == BERTH_OK)
        approval_saved(c, r);
    if (c->rc == BERTH_OK)
        automation_saved(c, r);
    return c->rc == BERTH_OK && r->old != NULL ? follow_changed(c, r) : (int)c->rc;
}

static int gone(struct berth_ctx *c, const struct table *t, int64_t id)
{
    file_gone(c, t, id);
    if (c->rc == BERTH_OK)
        note_gone(c, t, id);
    if (c->rc == BERTH_OK)
        approval_gone(c, t, id);
    return c->rc == BERTH_OK ? inbound_gone(c, t, id) : (int)c->rc;
}

void service_ready(struct store *st)
{
    st->services = (struct service_ops){.saved = saved,
                                        .imported = automation_imported,
                                        .gone = gone,
                                        .saving = approval_saving,
                                        .held = approval_held,
                                        .makes = approval_makes,
                                        .would_wait = approval_would_wait,
                                        .drops = approval_drops,
                                        .restores = approval_restores,
                                        .dropping = approval_dropping,
                                        .acting = approval_acting,
                                        .locks = approval_locks,
                                        .locked = approval_locked,
                                        .config_out = channel_config_out,
                                        .config_in = channel_config_in};
}

/* ---- what is due -------------------------------------------------------------------------------- */
struct services {
    struct store *st;
    struct background thread;
    int64_t swept, reminded; /* monotonic */
    int folder;
};

static struct background_known known = BACKGROUND_UNKNOWN; /* whoever writes wakes it */

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

static void *work(void *arg)
{
    struct services *s = arg;

    blame_thread();
    while (background_rest(&s->thread, LOOK_MS)) {
        struct db_conn *conn = db_reader(s->st->db, NULL);

        if (conn == NULL)
            continue;
        if (when_monotonic() >= s->reminded + REMIND_MS) {
            s->reminded = when_monotonic();
            remind_due(s->st, conn);
            automation_due(s->st, conn);
            retain_due(s->st, conn);
        }
        approval_due(s->st, conn);
        automation_rest(s->st, conn);
        alert_due(s->st, conn);
        sweep(s, conn);
        db_conn_close(&conn);
    }
    return NULL;
}

struct services *services_start(struct store *st)
{
    struct services *s = mem_alloc(sizeof(*s));

    s->st = st;
    if (background_start(&s->thread, work, s) == 0) {
        background_know(&known, s);
        return s;
    }
    free(s);
    return NULL;
}

void service_wake(void)
{
    struct services *s = background_hold(&known);

    if (s != NULL)
        background_wake(&s->thread);
    background_let(&known);
}

void services_stop(struct services **ps)
{
    background_know(&known, NULL);
    background_stop(&(*ps)->thread);
    free(*ps);
    *ps = NULL;
}
