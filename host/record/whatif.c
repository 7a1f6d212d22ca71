/* whatif.c - asking a draft about all records, and about how they were. */
#include "record/whatif.h"

#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "record/changed.h"
#include "record/find.h"
#include "record/recycle.h"

struct run {
    struct berth_ctx *c;
    const struct whatif *w;
    struct due_asking k;
    struct buf err; /* of the draft */
    void (*each)(void *arg, const struct whatif_row *row);
    void *arg;
    struct whatif_told *told;
    struct ids changed; /* a replay: records with a history since */
};

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int refused(struct run *r)
{
    if (r->c->rc != BERTH_OK)
        return r->c->rc;
    return ctx_invalid(r->c, "script", "err.draft", "why", buf_str(&r->err), NULL);
}

/* ---- as they are ----------------------------------------------------------------------------------- */
static void tell(struct run *r, const struct berth_row *row, const struct due *d, int64_t owner)
{
    const struct table *t = row->t;
    struct berth_val title = t->title == NULL ? berth_nil() : row->v[t->title->at];
    struct whatif_row out = {.id = row_id(row), .owner = owner, .at = d->at, .pool = d->pool, .why = d->why,
                             .was = row_int(row, t->at_due),
                             .title = !val_is_nil(title) && field_is_text(t->title) ? title.s : ""};

    r->each(r->arg, &out);
}

/* ---- as they were: the row is walked back through its history --------------------------------------------- */
struct state { /* what held from `begin` to `end` */
    int64_t begin, end;
};

static bool would_fall(struct run *r, const struct berth_row *row, struct state s, struct due *d)
{
    struct due_answer a;

    s.begin = later(s.begin, r->w->from);
    if (s.begin >= s.end || row_int(row, row->t->at_owner) == 0 || !due_ask(&r->k, row, &a))
        return false;
    *d = due_of(&r->k, row, &a);
    if (d->at == 0 || d->at >= s.end)
        return false;
    d->at = later(d->at, s.begin); /* overdue when it came to be so */
    return true;
}

static void undo(struct run *r, struct berth_row *row, const char *changes)
{
    json_t *list = changed_items(changes);

    if (!changed_undo(r->c, row, list))
        ctx_clear(r->c); /* of another kind then */
    json_decref(list);
}

static void replay_one(struct run *r, int64_t id)
{
    struct berth_row *row = find_raw(r->c, r->w->t, id);
    struct db_stmt *s;
    struct due d, first = {0};
    int64_t end = r->w->to, owner = 0;

    if (row == NULL)
        return;
    s = db_prepare(r->c->conn, "SELECT at, changes FROM history WHERE tbl = ? AND rec = ? ORDER BY seq DESC");
    db_bind_int(s, 1, store_table_no(r->c->st, row->t));
    db_bind_int(s, 2, id);
    for (bool more = true; more && r->err.len == 0;) {
        int64_t begin;

        more = db_step(s) == DB_ROW && db_col_int(s, 0) > r->w->from;
        begin = more ? db_col_int(s, 0) : row_int(row, F_CREATED_AT);
        if (would_fall(r, row, (struct state){begin, end}, &d)) {
            first = d; /* the earliest so far: we go backwards */
            owner = row_int(row, row->t->at_owner);
        }
        end = begin < end ? begin : end;
        if (more)
            undo(r, row, db_col_text(s, 1, NULL));
    }
    db_reset(s);
    if (first.at != 0 && (r->w->owner == 0 || owner == r->w->owner))
        tell(r, row, &first, owner);
}

/* In order of their ids, as the index has them. */
static void read_changed(struct run *r)
{
    struct db_stmt *s = db_prepare(r->c->conn, "SELECT DISTINCT rec FROM history WHERE tbl = ? AND at > ? ORDER BY rec");
    size_t cap = 0;
    int rc;

    db_bind_int(s, 1, store_table_no(r->c->st, r->w->t));
    db_bind_int(s, 2, r->w->from);
    while ((rc = db_step(s)) == DB_ROW) {
        if (r->changed.n == cap)
            r->changed.v = mem_realloc(r->changed.v, (cap = cap == 0 ? 256 : cap * 2) * sizeof(*r->changed.v));
        r->changed.v[r->changed.n++] = db_col_int(s, 0);
    }
    db_reset(s);
    if (rc < 0)
        ctx_db(r->c, rc, "read the history");
}

/* ---- the run ------------------------------------------------------------------------------------------------ */
static const char *condition(struct run *r)
{
    struct buf b = BUF_INIT;
    const char *s;

    perm_where_one(r->c, r->w->t, DO_READ, "", &b);
    if (r->w->from == 0)
        buf_puts(&b, r->w->owner != 0 ? " AND owner_id = ?" : " AND owner_id IS NOT NULL");
    s = arena_strdup(r->c->a, buf_str(&b));
    buf_free(&b);
    return s;
}

static bool one(struct run *r, struct recycle_scan *s)
{
    const struct table *t = s->row->t;
    struct due_answer *a;
    struct due d;

    r->told->records++;
    if (r->w->from != 0 && ids_have(&r->changed, row_id(s->row))) {
        struct arena *before = r->c->a;

        r->c->a = arena_new(); /* a row's history may be long */
        replay_one(r, row_id(s->row));
        arena_free(&r->c->a);
        r->c->a = before;
        return r->err.len == 0;
    }
    if (row_int(s->row, t->at_owner) == 0)
        return true;
    if (!recycle_scan_ask(s, &a))
        return false;
    d = due_of(&r->k, s->row, a);
    if (r->w->from == 0) {
        tell(r, s->row, &d, row_int(s->row, t->at_owner));
    } else if (d.at != 0 && d.at < r->w->to && (r->w->owner == 0 || r->w->owner == row_int(s->row, t->at_owner))) {
        int64_t begin = later(r->w->from, row_int(s->row, F_CREATED_AT));

        d.at = later(d.at, begin);
        if (d.at < r->w->to)
            tell(r, s->row, &d, row_int(s->row, t->at_owner));
    }
    return true;
}

/* 1: the draft looked at a field that it does not name, which is found out while it runs: once more, with
 * that field among the inputs. */
static int scan(struct run *r)
{
    struct recycle_scan s;
    int rc = DB_DONE;
    bool ok = true, stale = false;

    recycle_scan_open(&s, &r->k, condition(r));
    if (r->w->from == 0 && r->w->owner != 0)
        db_bind_int(s.s, 1, r->w->owner);
    while (ok && !stale && (rc = recycle_scan_next(&s)) == DB_ROW) {
        int64_t asked = s.asked;

        ok = one(r, &s);
        stale = s.asked != asked && recycle_scan_stale(&s);
    }
    r->told->asked += s.asked;
    rc = rc < 0 ? rc : ok && stale;
    recycle_scan_close(&s);
    if (rc < 0)
        return ctx_db(r->c, rc, "read the records");
    return ok ? rc : refused(r);
}

int whatif_run(struct berth_ctx *c, const struct whatif *w, void (*each)(void *arg, const struct whatif_row *row),
               void *arg, struct whatif_told *told)
{
    struct run r = {.c = c, .w = w, .err = BUF_INIT, .each = each, .arg = arg, .told = told};
    int rc;

    *told = (struct whatif_told){0};
    r.k = (struct due_asking){.c = c, .plan = due_plan(c), .t = w->t, .err = &r.err};
    if (w->script != NULL && r.k.plan != NULL) {
        r.k.drafted = w->rule;
        r.k.draft = c->st->scripts.draft == NULL ? NULL : c->st->scripts.draft(c, w->rule, w->script, w->len, &r.err);
        if (r.k.draft == NULL)
            refused(&r);
    }
    if (w->from != 0 && c->rc == BERTH_OK)
        read_changed(&r);
    rc = c->rc;
    if (rc == BERTH_OK) {
        do {
            each(arg, NULL); /* from the beginning */
            *told = (struct whatif_told){.asked = told->asked};
            rc = scan(&r);
        } while (rc == 1);
    }
    if (r.k.draft != NULL)
        c->st->scripts.draft_free(&r.k.draft);
    buf_free(&r.err);
    free(r.changed.v);
    return c->rc;
}
