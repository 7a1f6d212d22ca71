/* remind.c - looks through the index of each reminding field for what came due.
 *
 * Nothing is kept per record until then: a date that moves, an owner that changes, a deleted record need
 * no bookkeeping, and an import of a million rows writes nothing more.  Exactly once comes from the
 * alert's key, so looking at the same hour twice (after a crash, or with the clock set back) is harmless. */
#include "service/remind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"
#include "model/remind.h"
#include "record/find.h"
#include "record/condition.h"
#include "record/zone.h"
#include "service/alert.h"

enum { CHUNK = 500, YEARS = 130 };
#define NINE (9 * INT64_C(3600000)) /* dates are told of at nine */

/* ---- one record --------------------------------------------------------------------------------- */
/* Whoever owns it; of a detail, whoever owns what it belongs to. */
static int64_t owner_of(struct berth_ctx *c, const struct berth_row *r)
{
    for (int depth = 0; r != NULL && depth < 4; depth++) {
        if (r->t->at_owner >= 0)
            return row_int(r, r->t->at_owner);
        if (r->t->parent == NULL || r->t->parent->ref == NULL)
            return row_int(r, F_CREATED_BY);
        r = find_raw(c, r->t->parent->ref, row_int(r, r->t->parent->at));
    }
    return 0;
}

static int raise_one(struct berth_ctx *c, const struct berth_row *r, const struct field *f, int64_t before, int64_t due)
{
    int64_t owner = owner_of(c, r);
    const char *args[] = {"field", arena_fmt(c->a, "@%s.%s", f->table->name, f->name), "days",
                          arena_fmt(c->a, "%lld", (long long)(before / BERTH_DAY)), NULL};
    struct berth_alert a = {.text = before >= BERTH_DAY ? "alert.remind_days" : "alert.remind",
                            .args = args,
                            .about = (struct berth_row *)r,
                            .people = &owner,
                            .npeople = 1,
                            .severity = BERTH_IMPORTANT,
                            .key = arena_fmt(c->a, "remind:%s.%s:%lld:%lld:%lld", f->table->name, f->name, (long long)row_id(r),
                                             (long long)due, (long long)before)};

    if (owner == 0 || val_is_nil(r->v[f->at]) || (f->when != NULL && !where_holds(c, f->when, r)))
        return c->rc;
    return alert_raise(c, &a);
}

/* ---- one stretch of one field ------------------------------------------------------------------- */
struct found {
    struct store *st;
    const struct field *f;
    int64_t before, due;
    int64_t id[CHUNK];
    size_t n;
};

static int chunk_body(struct db_conn *w, void *arg)
{
    struct found *k = arg;
    struct arena *a = arena_new();
    struct berth_ctx c;
    int rc;

    ctx_init(&c, k->st, w, a, NULL, NULL);
    c.writing = true;
    c.request = "reminders";
    for (size_t i = 0; i < k->n && c.rc == BERTH_OK; i++) {
        struct berth_row *r = find_raw(&c, k->f->table, k->id[i]);
        /* of a time, the value itself tells occasions apart */
        int64_t due = k->due != 0 || r == NULL ? k->due : row_int(r, k->f->at);

        if (r != NULL)
            raise_one(&c, r, k->f, k->before, due);
    }
    rc = c.rc;
    arena_free(&a);
    return rc;
}

/* Rows by "sql" with values v, chunk by chunk; false when a write failed. */
static bool raise_all(struct found *k, struct db_conn *reader, const char *condition, const int64_t *v, int nv)
{
    struct buf sql = BUF_INIT;
    int64_t last = 0;
    bool ok = true;

    buf_addf(&sql, "SELECT id FROM %s WHERE %s AND id > ? ORDER BY id LIMIT ?", k->f->table->sql, condition);
    do {
        struct db_stmt *s = db_prepare(reader, buf_str(&sql));

        for (int i = 0; i < nv; i++)
            db_bind_int(s, i + 1, v[i]);
        db_bind_int(s, nv + 1, last);
        db_bind_int(s, nv + 2, CHUNK);
        for (k->n = 0; k->n < CHUNK && db_step(s) == DB_ROW;)
            k->id[k->n++] = last = db_col_int(s, 0);
        db_reset(s);
        db_settle(reader);
        ok = k->n == 0 || db_write_low(k->st->db, chunk_body, k) == 0;
    } while (ok && k->n == CHUNK);
    buf_free(&sql);
    return ok;
}

/* The same day of every year that somebody alive may have been born in. */
static bool on_day_of_years(struct found *k, struct db_conn *reader, int64_t day)
{
    struct buf in = BUF_INIT;
    int64_t v[2 * YEARS];
    int y, m, d, n = 0;
    bool ok, leap;

    when_civil(day, &y, &m, &d);
    leap = when_days(y, 3, 1) - when_days(y, 2, 1) == 29;
    buf_addf(&in, "%s IN (", k->f->name);
    for (int year = y - YEARS + 1; year <= y; year++) {
        v[n++] = when_days(year, m, d);
        if (!leap && m == 2 && d == 28 && when_days(year, 3, 1) - when_days(year, 2, 1) == 29)
            v[n++] = when_days(year, 2, 29);
    }
    for (int i = 0; i < n; i++)
        buf_puts(&in, i > 0 ? ", ?" : "?");
    buf_putc(&in, ')');
    ok = raise_all(k, reader, buf_str(&in), v, n);
    buf_free(&in);
    return ok;
}

static bool look(struct store *st, struct db_conn *reader, const struct field *f, int64_t from, int64_t to)
{
    struct found *k = mem_alloc(sizeof(*k));
    const char *zone = st->company.zone;
    struct remind r;
    bool ok = remind_parse(f->remind, f->type == BERTH_DATE, &r);

    *k = (struct found){.st = st, .f = f};
    for (int i = 0; ok && i < r.n; i++) {
        k->before = r.before[i];
        if (f->type == BERTH_TIME) {
            char range[128];
            const int64_t v[] = {from + k->before, to + k->before};

            snprintf(range, sizeof(range), "%s > ? AND %s <= ?", f->name, f->name);
            k->due = 0;
            ok = raise_all(k, reader, range, v, 2);
            continue;
        }
        for (int64_t day = zone_day(zone, from); ok && day <= zone_day(zone, to); day++) {
            int64_t nine = zone_midnight(zone, day) + NINE, on = day + k->before / BERTH_DAY;
            char equal[80];

            if (nine <= from || nine > to)
                continue;
            k->due = on;
            snprintf(equal, sizeof(equal), "%s = ?", f->name);
            ok = r.yearly ? on_day_of_years(k, reader, on) : raise_all(k, reader, equal, &on, 1);
        }
    }
    free(k);
    return ok;
}

/* ---- since when ---------------------------------------------------------------------------------- */
static int64_t looked_until(struct db_conn *conn, const char *name)
{
    struct db_stmt *s = db_prepare(conn, "SELECT value FROM setting WHERE name = ?");
    int64_t at = 0;

    db_bind_text(s, 1, name, -1);
    if (db_step(s) == DB_ROW && !db_col_is_null(s, 0))
        at = strtoll(db_col_text(s, 0, NULL), NULL, 10);
    db_reset(s);
    return at;
}

struct mark {
    const char *name;
    int64_t at;
};

static int mark_body(struct db_conn *w, void *arg)
{
    const struct mark *m = arg;
    char value[32];
    struct db_stmt *s = db_prepare(w, "INSERT INTO setting (version, created_at, updated_at, name, value) VALUES (1, ?1, ?1, ?2, ?3)"
                                      " ON CONFLICT (name) DO UPDATE SET value = ?3, version = setting.version + 1");
    int rc;

    snprintf(value, sizeof(value), "%lld", (long long)m->at);
    db_bind_int(s, 1, m->at);
    db_bind_text(s, 2, m->name, -1);
    db_bind_text(s, 3, value, -1);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? rc : 0;
}

void remind_due(struct store *st, struct db_conn *reader)
{
    static const char name[] = "reminders.until";
    const struct model *m = atomic_load(&st->model);
    int64_t now = store_now(st), from = looked_until(reader, name);
    struct mark mark = {name, now};
    bool ok = true;

    db_settle(reader);
    if (from == 0 || from > now) /* the first time, or the clock was set back: the keys keep it single */
        from = now - WHEN_DAY;
    for (size_t i = 0; i < m->ntables && ok; i++)
        for (int k = 0; k < m->tables[i].nfields && ok; k++)
            if (m->tables[i].fields[k].remind != NULL)
                ok = look(st, reader, &m->tables[i].fields[k], from, now);
    if (!ok || db_write_low(st->db, mark_body, &mark) != 0)
        log_warn("remind", "could not look through all dates; it is tried again");
}

/* ---- at once -------------------------------------------------------------------------------------- */
int remind_saved(struct berth_ctx *c, const struct berth_row *r)
{
    for (int i = F_DECLARED; r->t->reminds && i < r->t->nfields && c->rc == BERTH_OK; i++) {
        const struct field *f = &r->t->fields[i];
        struct remind m;

        if (f->remind == NULL || val_is_nil(r->v[i]) || (r->old != NULL && val_equal(r->v[i], r->old->v[i])) ||
            !remind_parse(f->remind, f->type == BERTH_DATE, &m) || m.yearly)
            continue;
        for (int k = 0; k < m.n; k++) {
            int64_t v = row_int(r, i), due, over;

            if (f->type == BERTH_DATE) {
                due = zone_midnight(c->st->company.zone, v - m.before[k] / BERTH_DAY) + NINE;
                over = zone_midnight(c->st->company.zone, v + 1);
            } else {
                due = v - m.before[k];
                over = v;
            }
            if (due <= c->now && c->now < over)
                raise_one(c, r, f, m.before[k], v);
        }
    }
    return c->rc;
}
