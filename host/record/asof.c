/* asof.c - going back: every change knows what was there before it. */
#include "record/asof.h"

#include "record/changed.h"
#include "record/seal.h"

#include <stdlib.h>
#include <string.h>

/* What history wrote with val_json() as a value again.  What can no longer be read (a dictionary's key
 * that is gone) counts as text where it can. */
static struct berth_val before(struct berth_ctx *c, const struct field *f, const json_t *v)
{
    struct berth_ctx aside = *c; /* its refusals are not the request's */
    struct berth_val out = berth_nil();

    aside.problems = NULL;
    aside.problems_end = &aside.problems;
    if (json_is_null(v) || val_from_json(&aside, f, v, &out))
        return out;
    if (json_is_string(v) && field_is_text(f))
        return (struct berth_val){(int32_t)f->type, (int32_t)json_string_length(v), {.s = arena_strdup(c->a, json_string_value(v))}};
    return berth_nil();
}

static void undo(struct berth_ctx *c, struct berth_row *r, const char *changes)
{
    json_t *list = changed_items(changes), *item;
    size_t i;

    changed_whole(list, r);
    json_array_foreach (list, i, item) {
        const struct changed x = changed_of(item);
        const struct field *f = x.field == NULL ? NULL : model_field(r->t, x.field);

        if (f != NULL)
            r->v[f->at] = before(c, f, x.from);
    }
    json_decref(list);
}

/* An entry with a version of its own: what was changed, or that it came out of the recycle bin. */
static bool is_step(struct db_stmt *s, int changes, int op)
{
    return !db_col_is_null(s, changes) || strcmp(db_col_text(s, op, NULL), "restore") == 0;
}

bool record_is_again(struct berth_ctx *c, const struct berth_row *now, int64_t version)
{
    struct berth_row *r = row_copy(now);
    struct db_stmt *s = db_prepare(c->conn, "SELECT changes, op FROM history WHERE tbl = ? AND rec = ? ORDER BY seq DESC");
    int64_t v = row_int(now, F_VERSION);
    int i = F_DECLARED, rc = DB_DONE;

    db_bind_int(s, 1, store_table_no(c->st, now->t));
    db_bind_int(s, 2, row_id(now));
    while (v > version && (rc = db_step(s)) == DB_ROW) {
        v -= is_step(s, 0, 1);
        undo(c, r, db_col_is_null(s, 0) ? NULL : db_col_text(s, 0, NULL));
    }
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "read history");
    while (i < now->t->nfields && val_equal(r->v[i], now->v[i]))
        i++;
    return rc >= 0 && v == version && i == now->t->nfields;
}

struct berth_row *record_at(struct berth_ctx *c, const struct berth_row *now, int64_t at)
{
    struct berth_row *r = row_copy(now);
    struct db_stmt *s;
    int64_t version = row_int(now, F_VERSION);
    int rc;

    if (row_int(now, F_CREATED_AT) > at) {
        ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
        return NULL;
    }
    if (at < seal_cut_at(c->conn)) { /* what was changed before then is no longer here */
        ctx_fail(c, BERTH_NOT_FOUND, "not_kept", "err.not_kept");
        return NULL;
    }
    s = db_prepare(c->conn, "SELECT changes, op FROM history WHERE tbl = ? AND rec = ? AND at > ? ORDER BY seq DESC");
    db_bind_int(s, 1, store_table_no(c->st, now->t));
    db_bind_int(s, 2, row_id(now));
    db_bind_int(s, 3, at);
    while ((rc = db_step(s)) == DB_ROW) {
        version -= is_step(s, 0, 1);
        undo(c, r, db_col_is_null(s, 0) ? NULL : db_col_text(s, 0, NULL));
    }
    db_reset(s);
    if (rc < 0) {
        ctx_db(c, rc, "read history");
        return NULL;
    }
    perm_hide(r, now);
    r->v[F_VERSION].i = version > 0 ? version : 1;
    return r;
}
