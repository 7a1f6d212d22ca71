/* events.c - GET /api/_events: what open browsers hear of at once, as server-sent events.
 *
 * Events come from the writer after each commit and are gathered; a thread hands them out every
 * TICK_MS at most.  So a burst costs a browser one message, and memory is bounded: what is too much
 * to tell one by one becomes "something in this table".  Each record is checked with the rights of
 * each user it is told to.  Nothing is kept for those who are away: whoever comes (back) is told how
 * things stand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/background.h"
#include "base/blame.h"
#include "base/log.h"
#include "base/when.h"
#include "record/find.h"
#include "record/job.h"
#include "service/alert.h"
#include "web/app.h"

enum { TICK_MS = 100, BEAT_MS = 25000, CHANGED_MAX = 128, USERS_MAX = 20000, PER_USER = 20, LATEST = 5 };

struct client {
    struct client *next; /* by user and language */
    struct http_stream *stream;
    int64_t user;
    char locale[8], secret[128];
    bool fresh, dead;
};

struct gathered {
    struct event *changed;
    size_t nchanged;
    struct event *mine; /* alerts and jobs */
    size_t nmine;
    bool all_alerts; /* more than USERS_MAX */
};

struct hub {
    struct store *st;
    struct background thread;
    pthread_mutex_t lock; /* below */
    struct client *clients;
    atomic_int nclients;
    struct gathered now;
    bool stop; /* nobody is taken in any more */
};

/* ---- gathering: any thread --------------------------------------------------------------------- */
static void add_changed(struct gathered *g, const struct event *e)
{
    size_t of_table = 0;

    for (size_t i = 0; i < g->nchanged; i++)
        if (strcmp(g->changed[i].table, e->table) == 0) {
            if (g->changed[i].id == e->id || g->changed[i].id == 0)
                return;
            of_table++;
        }
    if (g->nchanged < CHANGED_MAX && of_table < CHANGED_MAX / 4) {
        g->changed[g->nchanged++] = *e;
        return;
    }
    /* too many of this table: one entry says it for all */
    for (size_t i = 0; i < g->nchanged; i++)
        if (strcmp(g->changed[i].table, e->table) == 0) {
            g->changed[i].id = 0;
            return;
        }
}

static void add_mine(struct gathered *g, const struct event *e)
{
    for (size_t i = g->nmine < 64 ? 0 : g->nmine - 64; i < g->nmine; i++)
        if (g->mine[i].kind == e->kind && g->mine[i].user == e->user && g->mine[i].id == e->id)
            return;
    if (g->nmine < USERS_MAX)
        g->mine[g->nmine++] = *e;
    else
        g->all_alerts = true;
}

static void hub_send(void *arg, const struct event *e)
{
    struct hub *h = arg;

    if (atomic_load_explicit(&h->nclients, memory_order_relaxed) == 0)
        return;
    pthread_mutex_lock(&h->lock);
    if (e->kind == EVENT_CHANGED)
        add_changed(&h->now, e);
    else
        add_mine(&h->now, e);
    pthread_mutex_unlock(&h->lock);
    background_wake(&h->thread);
}

/* ---- telling: the hub's thread ------------------------------------------------------------------- */
struct round { /* one tick */
    struct hub *h;
    struct db_conn *conn;
    struct arena *a;
    struct gathered g;
    int64_t user; /* what follows was made for this one */
    const char *locale;
    struct buf text; /* all that this user hears in this tick */
    bool beat;
};

static void message(struct buf *out, const char *event, const char *data)
{
    buf_addf(out, "event: %s\ndata: %s\n\n", event, data);
}

static void tell_changed(struct round *r, struct berth_ctx *c)
{
    for (size_t i = 0; i < r->g.nchanged; i++) {
        const struct event *e = &r->g.changed[i];
        const struct table *t = model_table(c->m, e->table);

        if (t == NULL || (t->flags & BERTH_BARE) || !perm_may(c->who, t, DO_READ) || (e->id != 0 && !find_exists(c, t, e->id)))
            continue;
        if (e->id != 0)
            message(&r->text, "changed", arena_fmt(r->a, "{\"table\":\"%s\",\"id\":%lld}", e->table, (long long)e->id));
        else
            message(&r->text, "changed", arena_fmt(r->a, "{\"table\":\"%s\",\"id\":null}", e->table));
    }
}

static void tell_mine(struct round *r, struct berth_ctx *c, bool fresh)
{
    struct buf b = BUF_INIT;
    bool alerts = fresh || r->g.all_alerts;

    for (size_t i = 0; i < r->g.nmine; i++) {
        const struct event *e = &r->g.mine[i];

        if (e->user != c->who->id)
            continue;
        if (e->kind == EVENT_ALERT) {
            alerts = true;
        } else if (job_json(c, e->id, &b) == BERTH_OK) {
            message(&r->text, "job", buf_str(&b));
        }
        buf_clear(&b);
    }
    if (alerts && alert_page(c, "open", 0, LATEST, &b) == BERTH_OK)
        message(&r->text, "alerts", buf_str(&b));
    buf_free(&b);
}

static void make_text(struct round *r, const struct client *cl, bool fresh)
{
    const struct who *who = who_get(r->h->st, r->conn, atomic_load(&r->h->st->model), cl->user);
    struct berth_ctx c;

    buf_clear(&r->text);
    if (who == NULL)
        return;
    ctx_init(&c, r->h->st, r->conn, r->a, who, cl->locale);
    if (fresh)
        buf_puts(&r->text, "retry: 2000\n\n");
    else
        tell_changed(r, &c);
    tell_mine(r, &c, fresh);
    if (r->beat)
        buf_puts(&r->text, ": beat\n\n");
    db_settle(r->conn);
}

static bool signed_in(struct round *r, const struct client *cl)
{
    int64_t viewer;

    return session_user(r->h->st, r->conn, cl->secret, &viewer) == cl->user;
}

/* False: signed out, somebody else by now, or gone.  Asked before each word: a stream outlives many changes of rights. */
static bool tell(struct round *r, struct client *cl)
{
    if (cl->fresh || cl->user != r->user || strcmp(cl->locale, r->locale) != 0) {
        make_text(r, cl, cl->fresh);
        r->user = cl->fresh ? 0 : cl->user; /* the greeting is one browser's own */
        r->locale = cl->locale;
    }
    cl->fresh = false;
    if ((r->beat || r->text.len > 0) && !signed_in(r, cl))
        return false;
    return r->text.len == 0 || http_stream_write(cl->stream, r->text.s, r->text.len);
}

static void client_free(struct hub *h, struct client *cl)
{
    http_stream_close(&cl->stream);
    atomic_fetch_sub(&h->nclients, 1);
    memset(cl->secret, 0, sizeof(cl->secret));
    free(cl);
}

/* The list is only ever changed here and in hub_add(), which puts new ones in. */
static void tick(struct round *r)
{
    struct hub *h = r->h;
    struct client *cl;

    pthread_mutex_lock(&h->lock);
    cl = h->clients;
    pthread_mutex_unlock(&h->lock);
    while (cl != NULL) {
        struct client *next;

        cl->dead = !tell(r, cl);
        pthread_mutex_lock(&h->lock);
        next = cl->next;
        pthread_mutex_unlock(&h->lock);
        cl = next;
    }
    pthread_mutex_lock(&h->lock);
    for (struct client **at = &h->clients; *at != NULL;) {
        cl = *at;
        if (cl->dead) {
            *at = cl->next;
            client_free(h, cl);
        } else {
            at = &cl->next;
        }
    }
    pthread_mutex_unlock(&h->lock);
}

static void gathered_new(struct gathered *g)
{
    *g = (struct gathered){.changed = mem_alloc(CHANGED_MAX * sizeof(struct event)),
                           .mine = mem_alloc(USERS_MAX * sizeof(struct event))};
}

static void gathered_free(struct gathered *g)
{
    free(g->changed);
    free(g->mine);
}

/* Waits for something to tell, or for the next beat, and lets a burst come together; false when it is to end. */
static bool rest(struct hub *h, int64_t until)
{
    return background_rest(&h->thread, until - when_monotonic()) && background_pause(&h->thread, TICK_MS);
}

static void *work(void *arg)
{
    struct hub *h = arg;
    struct round r = {.h = h, .a = arena_new()};
    int64_t beat = when_monotonic() + BEAT_MS;

    blame_thread();
    gathered_new(&r.g);
    while (rest(h, beat)) {
        struct gathered was = r.g;

        if ((r.conn = db_reader(h->st->db, NULL)) == NULL)
            continue;
        pthread_mutex_lock(&h->lock);
        r.g = h->now;
        h->now = was;
        h->now.nchanged = h->now.nmine = 0;
        h->now.all_alerts = false;
        pthread_mutex_unlock(&h->lock);
        r.beat = when_monotonic() >= beat;
        if (r.beat)
            beat = when_monotonic() + BEAT_MS;
        r.user = 0;
        r.locale = "";
        tick(&r);
        db_conn_close(&r.conn);
        arena_reset(r.a);
    }
    gathered_free(&r.g);
    buf_free(&r.text);
    arena_free(&r.a);
    return NULL;
}

struct hub *hub_start(struct store *st)
{
    struct hub *h = mem_alloc(sizeof(*h));

    h->st = st;
    gathered_new(&h->now);
    pthread_mutex_init(&h->lock, NULL);
    if (background_start(&h->thread, work, h) != 0) {
        gathered_free(&h->now);
        free(h);
        return NULL;
    }
    st->events = (struct event_ops){hub_send, h};
    return h;
}

void hub_stop(struct hub *h)
{
    background_stop(&h->thread);
    pthread_mutex_lock(&h->lock);
    h->stop = true;
    while (h->clients != NULL) {
        struct client *cl = h->clients;

        h->clients = cl->next;
        client_free(h, cl);
    }
    pthread_mutex_unlock(&h->lock);
}

void hub_free(struct hub **h)
{
    gathered_free(&(*h)->now);
    pthread_mutex_destroy(&(*h)->lock);
    free(*h);
    *h = NULL;
}

/* ---- the route -------------------------------------------------------------------------------- */
static bool before(const struct client *a, const struct client *b)
{
    return a->user != b->user ? a->user < b->user : strcmp(a->locale, b->locale) < 0;
}

static bool hub_add(struct hub *h, struct client *cl)
{
    struct client **at = &h->clients;
    int same = 0;
    bool room;

    pthread_mutex_lock(&h->lock);
    for (struct client *o = h->clients; o != NULL; o = o->next)
        same += o->user == cl->user;
    room = !h->stop && same < PER_USER;
    if (room) {
        while (*at != NULL && before(*at, cl))
            at = &(*at)->next;
        cl->next = *at;
        *at = cl;
        atomic_fetch_add(&h->nclients, 1);
    }
    pthread_mutex_unlock(&h->lock);
    if (room)
        background_wake(&h->thread);
    return room;
}

static int events(struct call *k)
{
    struct client *cl;

    if (k->app->hub == NULL)
        return ctx_fail(&k->c, BERTH_BUSY, "busy", "err.busy");
    cl = mem_alloc(sizeof(*cl));
    cl->user = k->user;
    cl->fresh = true;
    snprintf(cl->locale, sizeof(cl->locale), "%s", k->c.locale);
    snprintf(cl->secret, sizeof(cl->secret), "%s", k->secret);
    http_set(k->req, "Content-Type", "text/event-stream");
    http_set(k->req, "X-Accel-Buffering", "no");
    cl->stream = http_stream_open(k->req);
    k->app_answered = true;
    k->req->status = 200;
    if (!hub_add(k->app->hub, cl)) { /* ends at once; the browser tries again later */
        http_stream_close(&cl->stream);
        free(cl);
    }
    return k->c.rc;
}

const struct route_entry routes_events[] = {
    {"GET", "/api/_events", 0, events},
    {0},
};
