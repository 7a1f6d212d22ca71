/* import_touch.c - what hooks, scripts and automations did to other records while the rows of an import went in: noted,
 * and taken back.
 *
 * A line says what a record was and which version it got.  Once something is noted, updates of the import's own are
 * noted among it, so that undo goes back through all of it in order.  What undo took back stays, until it is through,
 * as a line that says which version stands for which. */
#include <stdlib.h>
#include <string.h>

#include "record/asof.h"
#include "record/find.h"
#include "record/import_run.h"
#include "record/import_undo.h"
#include "record/save.h"

enum { OWN };                             /* import_touch.deed: an update of the import's */

/* ---- noting --------------------------------------------------------------------------------------------- */
static bool noted(struct db_conn *conn, int64_t import)
{
    struct db_stmt *s = db_prepare(conn, "SELECT 1 FROM import_touch WHERE import_id = ? LIMIT 1");

    db_bind_int(s, 1, import);
    return db_one_int(s) != 0;
}

void import_touch_open(struct run *r, struct db_conn *conn)
{
    r->touched = noted(conn, r->import);
}

json_t *import_was(const struct berth_row *before, const struct berth_row *now)
{
    json_t *was = json_object();

    for (int i = F_VERSION; i < now->t->nfields; i++)
        if (!val_equal(before->v[i], now->v[i]))
            json_object_set_new(was, now->t->fields[i].name, val_keep(&now->t->fields[i], before->v[i]));
    json_object_set_new(was, "version", json_integer(row_int(before, F_VERSION)));
    return was;
}

static const char *was_text(struct berth_ctx *c, const struct berth_row *r, uint32_t deed)
{
    json_t *was = deed == BERTH_UPDATE ? import_was(r->old, r) : NULL;
    char *text = was == NULL ? NULL : json_dumps(was, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *kept = text == NULL ? NULL : arena_strdup(c->a, text);

    free(text);
    json_decref(was);
    return deed == BERTH_DELETE ? row_dump(c, r) : kept;
}

/* The row's own new record, and what is a part of it, go altogether. */
static bool goes_along(const struct berth_row *r, const struct berth_row *own)
{
    if (row_id(own) == 0)
        return false;
    return (r->t == own->t && row_id(r) == row_id(own)) ||
           (r->t->parent != NULL && r->t->parent->ref == own->t && r->v[r->t->parent->at].i == row_id(own));
}

int import_touch(struct berth_ctx *c, void *arg, struct berth_row *r, uint32_t deed)
{
    struct run *run = arg;
    bool own = r == run->own;
    struct db_stmt *s;
    int rc;

    if ((r->t->flags & BERTH_BARE) != 0 || strcmp(r->t->name, "audit") == 0 /* which is for good */ || (own && !run->touched))
        return c->rc;
    if (run->own_new && deed != BERTH_DELETE && goes_along(r, run->own))
        return c->rc;
    run->touched = true;
    s = db_prepare(c->conn, "INSERT INTO import_touch (import_id, row, tbl, rec, deed, version, was, state, own) VALUES"
                            " (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    db_bind_int(s, 1, run->import);
    db_bind_int(s, 2, run->own_row);
    db_bind_int(s, 3, store_table_no(c->st, r->t));
    db_bind_int(s, 4, row_id(r));
    db_bind_int(s, 5, own ? OWN : deed);
    db_bind_int(s, 6, row_int(r, F_VERSION));
    db_bind_text(s, 7, own ? NULL : was_text(c, r, deed), -1);
    db_bind_int(s, 8, TOUCH_PENDING);
    db_bind_int(s, 9, run->own_new ? row_id(run->own) : 0);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "note what a hook changed") : BERTH_OK;
}

/* ---- taking back ------------------------------------------------------------------------------------------ */
struct touch {
    int64_t seq, row, tbl, rec, deed, version, own;
    const char *was;
    const struct table *t;
};

static size_t next_touches(struct berth_ctx *c, const struct undo *u, bool late, struct touch *out, size_t max)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT seq, row, tbl, rec, deed, version, was, own FROM import_touch WHERE import_id = ? AND"
                                            " state = ? ORDER BY seq DESC LIMIT ?");
    size_t n = 0;

    db_bind_int(s, 1, u->import);
    db_bind_int(s, 2, late ? TOUCH_LATE : TOUCH_PENDING);
    db_bind_int(s, 3, (int64_t)max);
    for (; n < max && db_step(s) == DB_ROW; n++)
        out[n] = (struct touch){db_col_int(s, 0),
                                db_col_int(s, 1),
                                db_col_int(s, 2),
                                db_col_int(s, 3),
                                db_col_int(s, 4),
                                db_col_int(s, 5),
                                db_col_int(s, 7),
                                db_col_is_null(s, 6) ? NULL : arena_strdup(c->a, db_col_text(s, 6, NULL)),
                                store_table_of(c->st, c->m, db_col_int(s, 2))};
    db_reset(s);
    return n;
}

bool undo_untouched(struct berth_ctx *c, const struct undo *u, const struct berth_row *r, int64_t version)
{
    struct db_stmt *s;

    if (row_int(r, F_VERSION) == version)
        return true;
    s = db_prepare(c->conn,
                   "SELECT 1 FROM import_touch WHERE import_id = ? AND tbl = ? AND rec = ? AND state = ? AND deed = ? AND version = ?");
    db_bind_int(s, 1, u->import);
    db_bind_int(s, 2, store_table_no(c->st, r->t));
    db_bind_int(s, 3, row_id(r));
    db_bind_int(s, 4, TOUCH_TAKEN_BACK);
    db_bind_int(s, 5, version);
    db_bind_int(s, 6, row_int(r, F_VERSION));
    return db_one_int(s) != 0 || record_is_again(c, r, version);
}

struct back {
    const struct undo *u;
    struct touch *x;
    int64_t before, after; /* versions, for what was noted earlier */
};

static int put_back(struct berth_ctx *c, struct back *k, struct berth_row *r)
{
    json_t *was = json_loads(k->x->was == NULL ? "{}" : k->x->was, 0, NULL);

    k->before = json_integer_value(json_object_get(was, "version"));
    undo_put_back(c, r, was);
    json_decref(was);
    k->after = row_int(r, F_VERSION);
    return c->rc;
}

/* Whether the row's own record stays, for somebody has worked on it. */
static bool own_stays(struct berth_ctx *c, const struct undo *u, const struct touch *x)
{
    const struct table *t = model_table(c->m, u->table);
    const struct berth_row *own = x->own == 0 ? NULL : find_raw(c, t, x->own);
    struct ids hung = {0};

    if (own == NULL)
        return false;
    hung = undo_hung_since(c, t, x->own, x->own);
    return undo_changed_since(c, own) || ids_have(&hung, x->own);
}

static int unmake(struct berth_ctx *c, const struct undo *u, const struct touch *x, struct berth_row *r)
{
    if (own_stays(c, u, x))
        return ctx_fail(c, BERTH_CONFLICT, "conflict", "import.own_since");
    struct ids pointed = undo_pointed_at(c, x->t, x->rec, x->rec), hung = undo_hung_on(c, x->t, x->rec, x->rec);

    if (undo_unmake(c, r, &pointed, &hung) == BERTH_OK)
        undo_forget_alerts(c, x->t, x->rec, x->rec + 1);
    return c->rc;
}

static int back_one(struct berth_ctx *c, void *arg)
{
    struct back *k = arg;
    struct touch *x = k->x;
    struct berth_row *r = x->t == NULL ? NULL : find_raw(c, x->t, x->rec);

    if (x->t == NULL || (r == NULL && x->deed != BERTH_DELETE))
        return ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    if (x->deed == BERTH_DELETE)
        return r != NULL ? ctx_fail(c, BERTH_CONFLICT, "conflict", "import.changed_since") : row_remake(c, row_undump(c, x->t, x->was));
    if (!undo_untouched(c, k->u, r, x->version))
        return ctx_fail(c, BERTH_CONFLICT, "conflict", "import.changed_since");
    if (x->deed == BERTH_INSERT)
        return unmake(c, k->u, x, r);
    r->old = row_copy(r);
    return put_back(c, k, r);
}

static int ran(struct berth_ctx *c, struct db_stmt *s)
{
    int rc = db_step(s);

    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "take an import back") : BERTH_OK;
}

static int strike_out(struct berth_ctx *c, const struct touch *x)
{
    struct db_stmt *s = db_prepare(c->conn, "DELETE FROM import_touch WHERE seq = ?");

    db_bind_int(s, 1, x->seq);
    return ran(c, s);
}

static int stands_for(struct berth_ctx *c, const struct touch *x, int64_t before, int64_t after)
{
    struct db_stmt *s = db_prepare(c->conn, "UPDATE import_touch SET state = ?, deed = ?, version = ?, was = NULL WHERE seq = ?");

    db_bind_int(s, 1, TOUCH_TAKEN_BACK);
    db_bind_int(s, 2, before);
    db_bind_int(s, 3, after);
    db_bind_int(s, 4, x->seq);
    return ran(c, s);
}

static int keep(struct berth_ctx *c, const struct touch *x, int state, const char *why)
{
    struct db_stmt *s = db_prepare(c->conn, "UPDATE import_touch SET state = ?, message = ? WHERE seq = ?");

    db_bind_int(s, 1, state);
    db_bind_text(s, 2, why, -1);
    db_bind_int(s, 3, x->seq);
    return ran(c, s);
}

/* The import's own update, in its turn. */
static int own_one(struct berth_ctx *c, struct undo *u, const struct touch *x)
{
    int64_t after = 0;

    if (undo_row_change(c, u, x->row, &after) != BERTH_OK)
        return c->rc;
    return after == 0 ? strike_out(c, x) : stands_for(c, x, x->version - 1, after);
}

/* Told once, however often a hook changed it. */
static bool named(struct berth_ctx *c, const struct undo *u, const struct touch *x)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT 1 FROM import_touch WHERE import_id = ? AND tbl = ? AND rec = ? AND state = ? LIMIT 1");

    db_bind_int(s, 1, u->import);
    db_bind_int(s, 2, x->tbl);
    db_bind_int(s, 3, x->rec);
    db_bind_int(s, 4, TOUCH_KEPT);
    return db_one_int(s) != 0;
}

static int one_touch(struct berth_ctx *c, struct undo *u, struct touch *x, bool late)
{
    struct back k = {.u = u, .x = x};
    bool gone, wait;
    const char *why;

    if (x->deed == OWN)
        return own_one(c, u, x);
    if (save_step(c, back_one, &k) == BERTH_OK) {
        u->others++;
        return k.before != 0 ? stands_for(c, x, k.before, k.after) : strike_out(c, x);
    }
    if (c->rc == BERTH_BROKEN || c->rc == BERTH_FULL)
        return c->rc;
    gone = c->rc == BERTH_NOT_FOUND;
    wait = !late && x->deed == BERTH_INSERT && !gone; /* a row's own record may be what refers to it */
    why = ctx_text(c, c->key == NULL ? "import.changed_since" : c->key, c->args);
    ctx_clear(c);
    u->gone += gone;
    u->kept += !gone && !wait && !named(c, u, x);
    return gone ? strike_out(c, x) : keep(c, x, wait ? TOUCH_LATE : TOUCH_KEPT, why);
}

int undo_touches(struct berth_ctx *c, struct undo *u, bool late)
{
    struct touch *x = arena_alloc(c->a, UNDO_SLICE_ROWS * sizeof(*x));
    size_t n = next_touches(c, u, late, x, UNDO_SLICE_ROWS);

    u->more = n > 0;
    for (size_t at = 0; at < n && c->rc == BERTH_OK && (at == 0 || !undo_over(u)); at++)
        one_touch(c, u, &x[at], late);
    return c->rc;
}

struct ids undo_touch_kept(struct berth_ctx *c, const struct undo *u, int64_t from, int64_t to)
{
    struct ids out = {.v = arena_alloc(c->a, (size_t)(to - from + 1) * sizeof(int64_t))};
    struct db_stmt *s =
        db_prepare(c->conn, "SELECT DISTINCT own FROM import_touch WHERE import_id = ? AND state = ? AND own >= ? AND own <= ?"
                            " ORDER BY own");

    db_bind_int(s, 1, u->import);
    db_bind_int(s, 2, TOUCH_KEPT);
    db_bind_int(s, 3, from);
    db_bind_int(s, 4, to);
    while (db_step(s) == DB_ROW)
        out.v[out.n++] = db_col_int(s, 0);
    db_reset(s);
    return out;
}

bool undo_touch_noted(struct berth_ctx *c, int64_t import)
{
    return noted(c->conn, import);
}

int undo_touches_again(struct berth_ctx *c, int64_t import)
{
    struct db_stmt *s = db_prepare(c->conn, "UPDATE import_touch SET state = ?, message = NULL WHERE import_id = ? AND state IN (?, ?)");

    db_bind_int(s, 1, TOUCH_PENDING);
    db_bind_int(s, 2, import);
    db_bind_int(s, 3, TOUCH_LATE);
    db_bind_int(s, 4, TOUCH_KEPT);
    return ran(c, s);
}

int undo_touches_end(struct berth_ctx *c, const struct undo *u)
{
    struct db_stmt *s = db_prepare(c->conn, "DELETE FROM import_touch WHERE import_id = ? AND state = ?");

    db_bind_int(s, 1, u->import);
    db_bind_int(s, 2, TOUCH_TAKEN_BACK);
    return ran(c, s);
}
