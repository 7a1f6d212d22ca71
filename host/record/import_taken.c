/* import_taken.c - what a row of an import has become already: records of tables that are told to take its place (berth_table.taken). */
#include "record/find.h"
#include "record/import_run.h"

enum { LOOK_MAX = 50 };

/* Most have become nothing: that is soon seen. */
static bool any(struct berth_ctx *c, const struct table *of, const struct field *by, int64_t rec)
{
    struct db_stmt *s = db_prepare(c->conn, arena_fmt(c->a, "SELECT 1 FROM %s WHERE %s = ? LIMIT 1", of->sql, by->name));
    bool there;

    db_bind_int(s, 1, rec);
    there = db_step(s) == DB_ROW;
    db_reset(s);
    return there;
}

/* The records that take it, the newest first: the first that the user may see, else one that says no more than that it is there. */
static struct ctx_match *first_seen(struct berth_ctx *c, const struct table *of, const struct field *by, int64_t rec,
                                    const struct ctx_match *m)
{
    const char *when;
    struct berth_val v = {BERTH_REF, 0, {.i = rec}};
    struct where_query q = {0};
    struct ctx_match *found;
    struct berth_rows *rows;
    struct berth_row *r;
    bool all = c->all;

    if ((by->flags & BERTH_MANY) == 0 && !any(c, of, by, rec))
        return NULL;
    when = of->taken_when == NULL ? "" : arena_fmt(c->a, " and (%s)", of->taken_when);
    c->all = true;
    rows = where_text(c, of, arena_fmt(c->a, "%s = ?%s order by id desc limit %d", by->name, when, LOOK_MAX), &v, 1, &q)
               ? find_rows(c, of, &q)
               : NULL;
    c->all = all;
    r = find_next(rows);
    if (r == NULL)
        return NULL;
    found = arena_alloc(c->a, sizeof(*found));
    *found = *m;
    while (r != NULL && (m->hidden || !perm_row(c, r, DO_READ)))
        r = find_next(rows);
    found->table = of;
    found->next = NULL;
    found->id = r == NULL ? 0 : row_id(r);
    found->title = r == NULL ? NULL : row_title(r);
    return found;
}

static struct ctx_match *better(struct ctx_match *so_far, struct ctx_match *more)
{
    return so_far == NULL || (more != NULL && so_far->id == 0 && more->id != 0) ? more : so_far;
}

/* By the record that matched, or by what that belongs to: a contact's customer. */
static struct ctx_match *taken_by(struct berth_ctx *c, const struct table *of, const struct field *by, const struct ctx_match *m)
{
    struct ctx_match *found = by->ref == m->table ? first_seen(c, of, by, m->rec, m) : NULL;

    for (int i = F_DECLARED; i < m->table->nfields; i++) {
        const struct field *f = &m->table->fields[i];
        const struct berth_row *r;

        if (f->ref != by->ref || (f->flags & BERTH_BELONGS) == 0 || (f->flags & BERTH_MANY) != 0)
            continue;
        r = find_raw(c, m->table, m->rec);
        if (r != NULL && !val_is_nil(r->v[i]))
            found = better(found, first_seen(c, of, by, r->v[i].i, m));
    }
    return found;
}

struct ctx_match *import_taken(struct berth_ctx *c, const struct table *t, const struct ctx_match *list)
{
    struct ctx_match *found = NULL;

    for (size_t i = 0; i < c->m->ntables; i++) {
        const struct table *of = &c->m->tables[i];

        for (const struct ctx_match *m = list; m != NULL && of->taken_of == t; m = m->next)
            for (const struct field *const *by = of->taken_by; *by != NULL; by++)
                found = better(found, taken_by(c, of, *by, m));
    }
    return found;
}
