/* alert.c - raising alerts, and what people do with theirs. */
#include "service/alert.h"

#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "record/find.h"
#include "service/alert_in.h"
#include "service/service.h"

/* ---- raising ------------------------------------------------------------------------------ */
static const char *args_json(struct berth_ctx *c, const char *const *args)
{
    struct buf b = BUF_INIT;
    struct json j = json_to(&b);
    const char *s;

    if (args == NULL || args[0] == NULL)
        return NULL;
    json_open(&j, '{');
    for (; args[0] != NULL && args[1] != NULL; args += 2) {
        json_key(&j, args[0]);
        json_str(&j, args[1]);
    }
    json_close(&j, '}');
    s = arena_strdup(c->a, buf_str(&b));
    buf_free(&b);
    return s;
}

/* Whether this person has it already; one that still waits is moved. */
static bool had(struct berth_ctx *c, const struct alert_row *r)
{
    struct db_stmt *s;
    bool there;

    if (r->key == NULL)
        return false;
    s = db_prepare(c->conn, "UPDATE alert SET due_at = ?1, run_at = ?1, text = ?2, args = ?3, severity = ?4"
                            " WHERE key = ?5 AND user_id = ?6 AND state = 'waiting' AND fired_at IS NULL");
    db_bind_int(s, 1, r->due_at);
    db_bind_text(s, 2, r->text, -1);
    db_bind_text(s, 3, r->args, -1);
    db_bind_int(s, 4, r->severity);
    db_bind_text(s, 5, r->key, -1);
    db_bind_int(s, 6, r->user);
    if (ctx_write(c, s, "move an alert") != BERTH_OK || db_changes(c->conn) > 0)
        return true;
    s = db_prepare(c->conn, "SELECT 1 FROM alert WHERE key = ? AND user_id = ?");
    db_bind_text(s, 1, r->key, -1);
    db_bind_int(s, 2, r->user);
    there = db_step(s) == DB_ROW;
    db_reset(s);
    return there;
}

static void wake(struct berth_ctx *c, void *arg)
{
    (void)c;
    (void)arg;
    service_wake();
}

int alert_put(struct berth_ctx *c, const struct alert_row *r)
{
    struct db_stmt *s;

    if (c->rc != BERTH_OK || had(c, r))
        return c->rc;
    s = db_prepare(c->conn, "INSERT INTO alert (user_id, key, text, args, tbl, rec, severity, state, due_at, run_at, escalate,"
                            " of_user, by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'waiting', ?8, ?8, ?9, ?10, ?11)");
    db_bind_int(s, 1, r->user);
    db_bind_text(s, 2, r->key, -1);
    db_bind_text(s, 3, r->text, -1);
    db_bind_text(s, 4, r->args, -1);
    if (r->tbl != 0) {
        db_bind_int(s, 5, r->tbl);
        db_bind_int(s, 6, r->rec);
    }
    db_bind_int(s, 7, r->severity);
    db_bind_int(s, 8, r->due_at);
    db_bind_int(s, 9, r->escalate);
    if (r->of_user != 0)
        db_bind_int(s, 10, r->of_user);
    if (c->who != NULL)
        db_bind_int(s, 11, c->who->id);
    if (ctx_write(c, s, "raise an alert") != BERTH_OK)
        return c->rc;
    if (r->due_at <= c->now)
        ctx_after_commit(c, wake, NULL);
    return c->rc;
}

int alert_raise(struct berth_ctx *c, const struct berth_alert *a)
{
    struct alert_row r = {.key = a->key == NULL ? NULL : arena_strdup(c->a, a->key),
                          .text = a->text == NULL ? "alert.own" : arena_strdup(c->a, a->text),
                          .args = args_json(c, a->args),
                          .severity = a->severity,
                          .due_at = a->due_at > 0 ? a->due_at : c->now,
                          .escalate = a->escalate};
    int64_t owner;

    if (c->rc != BERTH_OK)
        return c->rc;
    if (a->about != NULL) {
        r.tbl = store_table_no(c->st, a->about->t);
        r.rec = row_id(a->about);
    }
    for (size_t i = 0; i < a->npeople && c->rc == BERTH_OK; i++) {
        r.user = a->people[i];
        alert_put(c, &r);
    }
    if (a->npeople == 0 && a->about != NULL && (owner = row_int(a->about, a->about->t->at_owner)) != 0) {
        r.user = owner;
        alert_put(c, &r);
    }
    return c->rc;
}

int alert_admins(struct berth_ctx *c, struct berth_alert a)
{
    struct ids admins = find_ids(c, db_prepare(c->conn, "SELECT id FROM \"user\" WHERE admin = 1 AND active = 1 ORDER BY id"));

    a.people = admins.v;
    a.npeople = admins.n;
    a.severity = BERTH_IMPORTANT;
    return alert_raise(c, &a);
}

int alert_over(struct berth_ctx *c, const char *key)
{
    struct db_stmt *s = db_prepare(c->conn, "UPDATE alert SET state = 'done', done_at = ?, run_at = NULL WHERE key = ? AND"
                                            " state <> 'done'");

    db_bind_int(s, 1, c->now);
    db_bind_text(s, 2, key, -1);
    return ctx_write(c, s, "settle an alert");
}

/* ---- reading ------------------------------------------------------------------------------ */
/* What a page shows of one alert: tbl, rec, text, args, severity, due_at, fired_at, of_user, by. */
#define SHOWN "id, coalesce(tbl, 0), coalesce(rec, 0), text, args, severity, due_at, coalesce(fired_at, 0)," \
              " coalesce(of_user, 0), coalesce(by, 0), state, run_at"

/* "lead.next_action_on": what the reader calls that field. */
static const char *label(struct berth_ctx *c, const char *name)
{
    const char *dot = strchr(name, '.');

    return dot == NULL ? name : labels_field(c->st->labels, c->locale, arena_strndup(c->a, name, (size_t)(dot - name)), dot + 1);
}

const char *alert_text(struct berth_ctx *c, const char *key, const char *args)
{
    json_t *j = args == NULL ? NULL : json_loads(args, 0, NULL), *v;
    const char *pairs[17], *name, *text;
    size_t n = 0;

    json_object_foreach (j, name, v) {
        if (n + 2 > 16 || !json_is_string(v))
            break;
        pairs[n++] = name;
        pairs[n++] = json_string_value(v)[0] == '@' ? label(c, json_string_value(v) + 1) : json_string_value(v);
    }
    pairs[n] = NULL;
    text = ctx_text(c, key, pairs);
    json_decref(j);
    return text;
}

bool alert_visible(struct berth_ctx *c, int64_t tbl, int64_t rec)
{
    const struct table *t;

    if (tbl == 0)
        return true;
    t = store_table_of(c->st, c->m, tbl);
    return t != NULL && find_exists(c, t, rec);
}

static void one(struct berth_ctx *c, struct json *j, struct db_stmt *s, const struct table *t)
{
    int64_t rec = db_col_int(s, 2);

    json_open(j, '{');
    json_id(j, "id", db_col_int(s, 0));
    json_text(j, "text", alert_text(c, db_col_text(s, 3, NULL), db_col_text(s, 4, NULL)));
    json_text(j, "kind", db_col_text(s, 3, NULL));
    json_number(j, "severity", db_col_int(s, 5));
    json_text(j, "state", db_col_text(s, 10, NULL));
    json_time(j, "due_at", db_col_int(s, 6));
    json_time(j, "at", db_col_int(s, 7));
    json_time(j, "until", strcmp(db_col_text(s, 10, NULL), "waiting") == 0 ? db_col_int(s, 11) : 0);
    json_text(j, "table", t == NULL ? NULL : t->name);
    json_id(j, "record", t == NULL ? 0 : rec);
    json_text(j, "title", t == NULL ? NULL : find_title(c, t, rec));
    json_id(j, "of_user", db_col_int(s, 8));
    json_id(j, "by", db_col_int(s, 9));
    json_close(j, '}');
}

/* A person with thousands of alerts about records they lost: looked at is bounded, the page goes on. */
enum { LOOKED_AT = 1000 };

int alert_page(struct berth_ctx *c, const char *state, int64_t before, int limit, struct buf *out)
{
    struct json j = json_to(out);
    struct db_stmt *s = db_prepare(c->conn, "SELECT " SHOWN " FROM alert WHERE user_id = ? AND state = ? AND id < ?"
                                            " ORDER BY id DESC LIMIT ?");
    int64_t last = 0;
    int n = 0, looked = 0, rc = DB_DONE;

    json_open(&j, '{');
    json_key(&j, "alerts");
    json_open(&j, '[');
    db_bind_int(s, 1, c->who->id);
    db_bind_text(s, 2, state, -1);
    db_bind_int(s, 3, before > 0 ? before : INT64_MAX);
    db_bind_int(s, 4, LOOKED_AT);
    while (n < limit && (rc = db_step(s)) == DB_ROW) {
        int64_t tbl = db_col_int(s, 1);

        looked++;
        last = db_col_int(s, 0);
        if (!alert_visible(c, tbl, db_col_int(s, 2)))
            continue;
        one(c, &j, s, store_table_of(c->st, c->m, tbl));
        n++;
    }
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "read alerts");
    json_close(&j, ']');
    json_id(&j, "next", n == limit || looked == LOOKED_AT ? last : 0);
    json_number(&j, "open", alert_open(c));
    json_close(&j, '}');
    return c->rc;
}

int64_t alert_open(struct berth_ctx *c)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT coalesce(tbl, 0), coalesce(rec, 0) FROM alert WHERE user_id = ? AND"
                                            " state = 'open' ORDER BY id DESC LIMIT 1000");
    int64_t n = 0;

    db_bind_int(s, 1, c->who->id);
    while (n < ALERT_BADGE && db_step(s) == DB_ROW)
        n += alert_visible(c, db_col_int(s, 0), db_col_int(s, 1));
    db_reset(s);
    return n;
}

/* ---- what people do with them --------------------------------------------------------------- */
static void tell(struct berth_ctx *c, void *arg)
{
    (void)arg;
    if (c->st->events.send != NULL)
        c->st->events.send(c->st->events.hub, &(struct event){.kind = EVENT_ALERT, .user = c->who->id});
}

static int turned(struct berth_ctx *c, struct db_stmt *s)
{
    int rc = db_step(s);

    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "change an alert");
    if (db_changes(c->conn) == 0)
        return ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    ctx_after_commit(c, tell, NULL);
    return c->rc;
}

int alert_turn(struct berth_ctx *c, int64_t id, const char *state, int64_t until)
{
    bool waits = strcmp(state, "waiting") == 0;
    struct db_stmt *s = db_prepare(c->conn, "UPDATE alert SET state = ?1, run_at = ?2, done_at = ?3 WHERE id = ?4 AND user_id = ?5");

    db_bind_text(s, 1, state, -1);
    if (waits)
        db_bind_int(s, 2, until);
    if (strcmp(state, "done") == 0)
        db_bind_int(s, 3, c->now);
    db_bind_int(s, 4, id);
    db_bind_int(s, 5, c->who->id);
    return turned(c, s);
}

int alert_all_done(struct berth_ctx *c)
{
    struct db_stmt *s = db_prepare(c->conn, "UPDATE alert SET state = 'done', run_at = NULL, done_at = ? WHERE user_id = ? AND"
                                            " state = 'open'");

    db_bind_int(s, 1, c->now);
    db_bind_int(s, 2, c->who->id);
    turned(c, s);
    if (c->rc == BERTH_NOT_FOUND) /* there were none: as wished */
        ctx_clear(c);
    return c->rc;
}
