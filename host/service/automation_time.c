/* automation_time.c - rules about time: a day that comes near, a record that lies idle.  A rule looks at what passed its
 * mark since it looked last, in steps that keep how far they came: each record once, whatever the process does. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"
#include "record/commit.h"
#include "record/find.h"
#include "record/zone.h"
#include "service/automation_in.h"

enum { AT_ONCE = 100 };

struct look {
    int64_t rule, from, to, last;
    bool more;
};

/* ---- how far ----------------------------------------------------------------------------------------- */
static void read_look(struct berth_ctx *c, struct look *l)
{
    struct db_stmt *s =
        db_prepare(c->conn, "SELECT from_at, coalesce(to_at, 0), coalesce(last_rec, 0) FROM automation_look WHERE automation_id = ?");

    db_bind_int(s, 1, l->rule);
    if (db_step(s) == DB_ROW) {
        l->from = db_col_int(s, 0);
        l->to = db_col_int(s, 1);
        l->last = db_col_int(s, 2);
    }
    db_reset(s);
}

static int keep_look(struct berth_ctx *c, const struct look *l)
{
    struct db_stmt *s = db_prepare(c->conn, "INSERT INTO automation_look (automation_id, from_at, to_at, last_rec) VALUES (?1, ?2, ?3, ?4)"
                                            " ON CONFLICT (automation_id) DO UPDATE SET from_at = ?2, to_at = ?3, last_rec = ?4");

    db_bind_int(s, 1, l->rule);
    db_bind_int(s, 2, l->from);
    if (l->to != 0)
        db_bind_int(s, 3, l->to);
    db_bind_int(s, 4, l->last);
    return ctx_write(c, s, "keep how far a rule looked");
}

/* ---- one stretch ----------------------------------------------------------------------------------------- */
/* The record's last sign of life, where no field is named. */
static const struct field *moment(const struct automation *a)
{
    return a->field != NULL ? a->field : a->t->at_touched_at >= 0 ? &a->t->fields[a->t->at_touched_at] : &a->t->fields[F_UPDATED_AT];
}

/* From when to when the field's value lies for those that passed the mark between `from` and `to`: of dates, in days. */
static void stretch(struct berth_ctx *c, const struct automation *a, const struct look *l, int64_t *from, int64_t *to)
{
    bool near = strcmp(a->event, "near") == 0, days = moment(a)->type == BERTH_DATE;
    const char *zone = c->st->company.zone;
    int64_t by = (near ? 1 : -1) * a->days;

    *from = days ? zone_day(zone, l->from) + by : l->from + by * WHEN_DAY;
    *to = days ? zone_day(zone, l->to) + by : l->to + by * WHEN_DAY;
    if (l->from == 0) /* the first look: what is near or idle already; nothing that lies behind is near */
        *from = !near ? INT64_MIN : days ? zone_day(zone, l->to) - 1 : l->to;
}

static bool rule_again(struct berth_ctx *c, int64_t id, struct automation **out)
{
    struct automation **list = automations_of(c, NULL, "'near', 'idle', 'created', 'reached'");

    while (*list != NULL && (*list)->id != id)
        list++;
    *out = *list;
    return *list != NULL;
}

static int look_body(struct berth_ctx *c, void *arg)
{
    struct look *l = arg;
    struct automation *a;
    const struct field *f;
    int64_t from, to, ids[AT_ONCE];
    struct db_stmt *s;
    int n = 0;

    l->more = false;
    if (!rule_again(c, l->rule, &a))
        return c->rc;
    read_look(c, l);
    if (l->to == 0) {
        l->to = c->now;
        l->last = 0;
    }
    f = moment(a);
    stretch(c, a, l, &from, &to);
    s = db_prepare(
        c->conn, arena_fmt(c->a, "SELECT id FROM %s WHERE %s > ? AND %s <= ? AND id > ? ORDER BY id LIMIT ?", a->t->sql, f->name, f->name));
    db_bind_int(s, 1, from);
    db_bind_int(s, 2, to);
    db_bind_int(s, 3, l->last);
    db_bind_int(s, 4, AT_ONCE);
    while (n < AT_ONCE && db_step(s) == DB_ROW)
        ids[n++] = db_col_int(s, 0);
    db_reset(s);
    for (int i = 0; i < n && c->rc == BERTH_OK; i++)
        automation_run(c, a, ids[i]);
    l->more = n == AT_ONCE;
    if (l->more) {
        l->last = ids[n - 1];
    } else {
        l->from = l->to;
        l->to = l->last = 0;
    }
    return c->rc == BERTH_OK ? keep_look(c, l) : (int)c->rc;
}

static bool run(struct store *st, int (*body)(struct berth_ctx *, void *), void *arg)
{
    struct buf err = BUF_INIT;
    bool ok = commit_run(&(struct commit){.st = st, .what = "automation", .low = true, .body = body, .arg = arg, .err = &err}) == 0;

    if (!ok)
        log_warn("automation", "rules about time: %s; it is tried again", buf_str(&err));
    buf_free(&err);
    return ok;
}

void automation_due(struct store *st, struct db_conn *reader)
{
    struct arena *arena = arena_new();
    struct automation **list;
    struct berth_ctx c;

    ctx_init(&c, st, reader, arena, NULL, NULL);
    list = automations_of(&c, NULL, "'near', 'idle'");
    db_settle(reader);
    for (; *list != NULL; list++) {
        struct look l = {.rule = (*list)->id, .more = true};

        while (l.more && run(st, look_body, &l))
            continue;
    }
    arena_free(&arena);
}

/* ---- what imports left -------------------------------------------------------------------------------------- */
static int rest_body(struct berth_ctx *c, void *arg)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT seq, automation_id, rec FROM automation_todo ORDER BY seq LIMIT ?");
    struct {
        int64_t seq, rule, rec;
    } list[AT_ONCE];
    int n = 0;

    db_bind_int(s, 1, AT_ONCE);
    while (n < AT_ONCE && db_step(s) == DB_ROW) {
        list[n].seq = db_col_int(s, 0);
        list[n].rule = db_col_int(s, 1);
        list[n++].rec = db_col_int(s, 2);
    }
    db_reset(s);
    for (int i = 0; i < n && c->rc == BERTH_OK; i++) {
        struct automation *a;

        if (rule_again(c, list[i].rule, &a))
            automation_run(c, a, list[i].rec);
    }
    s = db_prepare(c->conn, "DELETE FROM automation_todo WHERE seq <= ?");
    db_bind_int(s, 1, n == 0 ? 0 : list[n - 1].seq);
    if (db_step(s) < 0)
        ctx_db(c, DB_ERROR, "forget what was done");
    db_reset(s);
    *(bool *)arg = n == AT_ONCE;
    return c->rc;
}

void automation_rest(struct store *st, struct db_conn *reader)
{
    struct db_stmt *s = db_prepare(reader, "SELECT 1 FROM automation_todo LIMIT 1");
    bool any = s != NULL && db_step(s) == DB_ROW;

    db_reset(s);
    db_settle(reader);
    while (any && run(st, rest_body, &any))
        continue;
}
