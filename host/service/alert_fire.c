/* alert_fire.c - what happens when an alert is due: quiet hours, firing, escalation. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"
#include "record/find.h"
#include "record/superior.h"
#include "record/zone.h"
#include "service/alert_in.h"
#include "service/mail.h"
#include "text/valid.h"

struct due {
    struct alert_row r;
    int64_t id;
    bool open;
};

/* ---- one ------------------------------------------------------------------------------------ */
static int set_state(struct berth_ctx *c, const struct due *d, const char *state, int64_t run_at)
{
    struct db_stmt *s = db_prepare(c->conn, "UPDATE alert SET state = ?1, run_at = ?2, fired_at = CASE WHEN ?1 = 'open' THEN"
                                            " coalesce(fired_at, ?3) ELSE fired_at END WHERE id = ?4");

    db_bind_text(s, 1, state, -1);
    if (run_at != 0)
        db_bind_int(s, 2, run_at);
    db_bind_int(s, 3, c->now);
    db_bind_int(s, 4, d->id);
    return ctx_write(c, s, "fire an alert");
}

static const char *zone_of(struct berth_ctx *c, int64_t user)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT coalesce(zone, '') FROM \"user\" WHERE id = ?");
    const char *zone = "";

    db_bind_int(s, 1, user);
    if (db_step(s) == DB_ROW)
        zone = arena_strdup(c->a, db_col_text(s, 0, NULL));
    db_reset(s);
    return *zone != '\0' ? zone : c->st->company.zone;
}

/* When the person's quiet hours end, if it is quiet now; else 0. */
static int64_t quiet_until(struct berth_ctx *c, int64_t user, const struct alert_pref *p)
{
    const char *zone;
    int64_t day, midnight;
    int minute;

    if (p->quiet_from == p->quiet_to)
        return 0;
    zone = zone_of(c, user);
    day = zone_day(zone, c->now);
    midnight = zone_midnight(zone, day);
    minute = (int)((c->now - midnight) / 60000);
    if (p->quiet_from < p->quiet_to)
        return minute >= p->quiet_from && minute < p->quiet_to ? midnight + p->quiet_to * INT64_C(60000) : 0;
    if (minute >= p->quiet_from)
        return zone_midnight(zone, day + 1) + p->quiet_to * INT64_C(60000);
    return minute < p->quiet_to ? midnight + p->quiet_to * INT64_C(60000) : 0;
}

static int escalate(struct berth_ctx *c, const struct due *d)
{
    struct alert_row up = d->r;

    up.user = superior_of(c, d->r.user);
    up.of_user = d->r.user;
    up.key = arena_fmt(c->a, "up:%lld", (long long)d->id);
    up.due_at = c->now;
    up.escalate = 0;
    if (up.severity < BERTH_IMPORTANT)
        up.severity = BERTH_IMPORTANT;
    if (up.user != 0)
        alert_put(c, &up);
    return set_state(c, d, "open", 0);
}

struct told {
    int64_t user;
};

static void tell(struct berth_ctx *c, void *arg)
{
    if (c->st->events.send != NULL)
        c->st->events.send(c->st->events.hub, &(struct event){.kind = EVENT_ALERT, .user = ((struct told *)arg)->user});
}

struct telling {
    const struct due *d;
    const char *line, *link; /* in the person's language, with the title: that they may see the record was asked just now */
};

static void one_way(struct berth_ctx *c, void *arg, const char *channel, const char *to)
{
    const struct telling *t = arg;
    struct berth_row *me = to == NULL ? find_raw(c, c->m->users, t->d->r.user) : NULL;
    struct berth_val email = me == NULL ? berth_nil() : row_get(me, "email");
    int64_t id;

    if (to == NULL && val_is_nil(email))
        return;
    if (strcmp(channel, "mail") == 0)
        id = mail_put(c, &(struct mail){.to = to == NULL ? email.s : to, .subject = t->line,
                                        .text = t->link == NULL ? t->line : arena_fmt(c->a, "%s\n\n%s\n", t->line, t->link),
                                        .urgent = t->d->r.severity >= BERTH_URGENT});
    else
        id = outbox_put(c, &(struct out_message){.channel = channel, .to = to, .subject = t->line, .text = t->line, .link = t->link,
                                                 .urgent = t->d->r.severity >= BERTH_URGENT});
    if (id == 0) { /* an address that is none must not keep the alert from its person */
        log_warn("alert", "no %s to user %lld: the address is none", channel, (long long)t->d->r.user);
        ctx_clear(c);
    }
}

static void tell_outside(struct berth_ctx *c, const struct due *d, const struct who *who, const struct alert_pref *pref)
{
    const struct table *t = store_table_of(c->st, c->m, d->r.tbl);
    const char *locale = c->locale, *url = c->st->public_url, *title = t == NULL ? "" : find_title(c, t, d->r.rec);
    struct telling out = {.d = d};
    char *line;

    c->locale = *who->locale != '\0' ? who->locale : c->st->company.locale;
    line = arena_fmt(c->a, "%s%s%s", alert_text(c, d->r.text, d->r.args), *title != '\0' ? ": " : "", title);
    c->locale = locale;
    for (char *s = line; *s != '\0'; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            *s = ' ';
    out.line = arena_strndup(c->a, line, text_limit(line, strlen(line), 120));
    if (t != NULL && url != NULL && *url != '\0')
        out.link = arena_fmt(c->a, "%s/t/%s/%lld", url, t->name, (long long)d->r.rec);
    alert_ways(c, pref, d->r.text, d->r.severity, one_way, &out);
}

static int fire(struct berth_ctx *c, const struct due *d)
{
    const struct who *host_ = c->who, *who = who_get(c->st, c->conn, c->m, d->r.user);
    struct alert_pref pref;
    struct told *t;
    int64_t until;
    bool seen;

    if (who == NULL) /* has left */
        return set_state(c, d, "done", 0);
    c->who = who;
    seen = alert_visible(c, d->r.tbl, d->r.rec);
    c->who = host_;
    if (c->rc != BERTH_OK)
        return c->rc;
    alert_pref(c, d->r.user, &pref);
    if (!seen || alert_muted(&pref, d->r.text))
        return set_state(c, d, "done", 0);
    until = d->r.severity >= BERTH_URGENT ? 0 : quiet_until(c, d->r.user, &pref);
    if (until > c->now)
        return set_state(c, d, "waiting", until);
    tell_outside(c, d, who, &pref);
    set_state(c, d, "open", d->r.escalate > 0 ? c->now + d->r.escalate * INT64_C(60000) : 0);
    t = arena_alloc(c->a, sizeof(*t));
    t->user = d->r.user;
    ctx_after_commit(c, tell, t);
    return c->rc;
}

/* ---- a turn --------------------------------------------------------------------------------- */
int alert_fire(struct berth_ctx *c)
{
    struct due *d = arena_alloc(c->a, ALERT_TURN * sizeof(*d));
    struct db_stmt *s = db_prepare(c->conn,
        "SELECT id, user_id, coalesce(tbl, 0), coalesce(rec, 0), text, args, severity, due_at, coalesce(escalate, 0), state,"
        " coalesce(of_user, 0) FROM alert WHERE run_at <= ? ORDER BY run_at LIMIT ?");
    int n = 0, rc;

    db_bind_int(s, 1, c->now);
    db_bind_int(s, 2, ALERT_TURN);
    while ((rc = db_step(s)) == DB_ROW && n < ALERT_TURN) {
        d[n].id = db_col_int(s, 0);
        d[n].r = (struct alert_row){.user = db_col_int(s, 1), .tbl = db_col_int(s, 2), .rec = db_col_int(s, 3),
                                    .text = arena_strdup(c->a, db_col_text(s, 4, NULL)),
                                    .args = db_col_is_null(s, 5) ? NULL : arena_strdup(c->a, db_col_text(s, 5, NULL)),
                                    .severity = (int)db_col_int(s, 6), .due_at = db_col_int(s, 7),
                                    .escalate = (int)db_col_int(s, 8), .of_user = db_col_int(s, 10)};
        d[n++].open = strcmp(db_col_text(s, 9, NULL), "open") == 0;
    }
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "read due alerts");
    for (int i = 0; i < n && c->rc == BERTH_OK; i++)
        if (d[i].open)
            escalate(c, &d[i]);
        else
            fire(c, &d[i]);
    return c->rc != BERTH_OK ? c->rc : n;
}

/* ---- turns ------------------------------------------------------------------------------------ */
struct turn {
    struct store *st;
    struct berth_ctx c;
    struct arena *a;
    int n;
};

static int turn_body(struct db_conn *w, void *arg)
{
    struct turn *t = arg;

    ctx_init(&t->c, t->st, w, t->a, NULL, NULL);
    t->c.writing = true;
    t->c.request = "alerts";
    t->n = alert_fire(&t->c);
    return t->n < 0 ? -1000 : 0;
}

/* How many fired; 0 also when that failed. */
static int turn(struct store *st, struct db_conn *reader)
{
    struct turn t = {.st = st, .a = arena_new()};
    int rc = db_write(st->db, turn_body, &t);

    if (rc == 0) {
        t.c.conn = reader;
        ctx_run_done(&t.c);
    } else {
        log_warn("alert", "a turn failed; it is tried again");
    }
    arena_free(&t.a);
    return rc == 0 ? t.n : 0;
}

static bool any_due(struct db_conn *conn, int64_t now)
{
    struct db_stmt *s = db_prepare(conn, "SELECT 1 FROM alert WHERE run_at <= ? LIMIT 1");
    bool any;

    db_bind_int(s, 1, now);
    any = db_step(s) == DB_ROW;
    db_reset(s);
    db_settle(conn);
    return any;
}

void alert_due(struct store *st, struct db_conn *reader)
{
    while (any_due(reader, store_now(st)) && turn(st, reader) == ALERT_TURN)
        continue;
}
