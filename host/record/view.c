/* view.c - declared and saved views: who may use which, and what they ask for. */
#include "record/view.h"

#include <stdlib.h>
#include <string.h>

#include "record/save.h"
#include "record/span.h"

enum { VIEWS_MAX = 200 };

/* ---- fields named in a view ------------------------------------------------------ */
static const struct field *readable(struct berth_ctx *c, const struct table *t, const char *name, size_t len)
{
    const struct field *f = map_getn(&t->by_name, name, len);

    return f == NULL || (f->flags & BERTH_SECRET) || perm_field(c->who, f) < ACCESS_READ ? NULL : f;
}

const struct field *view_group(struct berth_ctx *c, const struct table *t, const char *text, size_t len, int *unit)
{
    const char *colon = memchr(text, ':', len);
    size_t n = colon == NULL ? len : (size_t)(colon - text);
    const struct field *f = readable(c, t, text, n);

    *unit = SPAN_DAY;
    if (f == NULL || f->type == BERTH_JSON || f->type == BERTH_FILE || f->type == BERTH_LONG)
        return NULL;
    if (colon == NULL)
        return f;
    *unit = (int)span_unit(arena_strndup(c->a, colon + 1, len - n - 1));
    return *unit == SPAN_UNITS || (f->type != BERTH_DATE && f->type != BERTH_TIME) ? NULL : f;
}

/* The first of "a, b:avg" that is no field the user may read; NULL when all are. */
static const char *stranger(struct berth_ctx *c, const struct table *t, const char *list)
{
    while (list != NULL && *list != '\0') {
        size_t n, name;

        list += strspn(list, ", -");
        n = strcspn(list, ", ");
        name = strcspn(list, ", :");
        if (n > 0 && readable(c, t, list, name) == NULL)
            return arena_strndup(c->a, list, n);
        list += n;
    }
    return NULL;
}

/* ---- the filter ------------------------------------------------------------------ */
static const struct view *declared(const struct table *t, const char *name)
{
    for (size_t i = 0; i < t->nviews; i++)
        if (strcmp(t->views[i]->name, name) == 0)
            return t->views[i];
    return NULL;
}

static bool parse_filter(struct berth_ctx *c, const struct table *t, const char *base, const char *text,
                         const struct where **out)
{
    const struct view *v = base == NULL || *base == '\0' ? NULL : declared(t, base);
    struct where_query q = {0};
    const struct where *own = NULL;
    json_t *j = NULL;
    bool ok;

    *out = NULL;
    if (text != NULL && *text != '\0')
        j = json_loads(text, JSON_DECODE_ANY, NULL);
    ok = (v == NULL || where_text(c, t, v->where, NULL, 0, &q)) && where_json(c, t, j, &own);
    json_decref(j);
    if (ok)
        *out = where_and(c, q.where, own);
    return ok;
}

/* ---- saved ----------------------------------------------------------------------- */
/* Shared with everyone, a role of the user's, or a department that the user's is or lies below. */
static const char select_views[] =
    "WITH RECURSIVE up(id) AS (SELECT department_id FROM \"user\" WHERE id = ?1 UNION SELECT department_id"
    " FROM user_department WHERE user_id = ?1 UNION SELECT d.parent_id FROM department d"
    " JOIN up ON d.id = up.id WHERE d.parent_id IS NOT NULL)"
    " SELECT v.id, v.version, coalesce(v.owner_id, 0), v.name, v.look, v.base, v.columns, v.widths, v.filter, v.sort,"
    " v.by_field, v.from_field, v.to_field, v.sums, v.audience, u.name, coalesce(v.department_id, 0), coalesce(v.role_id, 0)"
    " FROM saved_view v LEFT JOIN \"user\" u ON u.id = v.owner_id WHERE v.on_table = ?2 AND (v.owner_id = ?1 OR"
    " v.audience = 'everyone' OR (v.audience = 'department' AND v.department_id IN (SELECT id FROM up)) OR"
    " (v.audience = 'role' AND v.role_id IN (SELECT role_id FROM user_role WHERE user_id = ?1)))"
    " ORDER BY CASE WHEN v.owner_id = ?1 THEN 0 ELSE 1 END, v.place, v.id LIMIT ?3";

static const char *text(struct berth_ctx *c, struct db_stmt *s, int col)
{
    return db_col_is_null(s, col) ? NULL : arena_strdup(c->a, db_col_text(s, col, NULL));
}

/* All that it needs may be read by this user. */
static bool usable(struct berth_ctx *c, const struct table *t, struct saved_view *v)
{
    struct berth_ctx probe;
    const char *const lists[] = {v->sort, v->by, v->from, v->to, v->sums};

    ctx_init(&probe, c->st, c->conn, c->a, c->who, c->locale);
    probe.now = c->now;
    if (!parse_filter(&probe, t, v->base, v->filter, &v->where))
        return false;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        if (stranger(&probe, t, lists[i]) != NULL)
            return false;
    return true;
}

static struct saved_view *read_view(struct berth_ctx *c, struct db_stmt *s)
{
    struct saved_view *v = arena_alloc(c->a, sizeof(*v));

    v->id = db_col_int(s, 0);
    v->version = db_col_int(s, 1);
    v->mine = c->who != NULL && db_col_int(s, 2) == c->who->id;
    v->name = text(c, s, 3);
    v->look = text(c, s, 4);
    v->base = text(c, s, 5);
    v->columns = text(c, s, 6);
    v->widths = text(c, s, 7);
    v->filter = text(c, s, 8);
    v->sort = text(c, s, 9);
    v->by = text(c, s, 10);
    v->from = text(c, s, 11);
    v->to = text(c, s, 12);
    v->sums = text(c, s, 13);
    v->audience = text(c, s, 14);
    v->owner = text(c, s, 15);
    v->department = db_col_int(s, 16);
    v->role = db_col_int(s, 17);
    return v;
}

struct saved_view *view_saved(struct berth_ctx *c, const struct table *t)
{
    struct saved_view *first = NULL, **end = &first, *v;
    struct db_stmt *s;
    int rc;

    if (model_table(c->m, "saved_view") == NULL || c->who == NULL)
        return NULL;
    s = db_prepare(c->conn, select_views);
    db_bind_int(s, 1, c->who->id);
    db_bind_text(s, 2, t->name, -1);
    db_bind_int(s, 3, VIEWS_MAX);
    while ((rc = db_step(s)) == DB_ROW) {
        v = read_view(c, s);
        *end = v;
        end = &v->next;
    }
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "read views");
    for (end = &first; *end != NULL;)
        if (usable(c, t, *end))
            end = &(*end)->next;
        else
            *end = (*end)->next;
    return first;
}

bool view_use(struct berth_ctx *c, const struct table *t, const char *name, struct view_use *out)
{
    const struct view *v;
    struct where_query q = {0};

    *out = (struct view_use){0};
    if (name == NULL || *name == '\0' || (t->nviews == 0 && strcmp(name, "all") == 0))
        return c->rc == BERTH_OK;
    if ((v = declared(t, name)) != NULL) {
        if (!where_text(c, t, v->where, NULL, 0, &q))
            return false;
        *out = (struct view_use){q.where, v->sort, v->columns};
        return true;
    }
    if (*name >= '1' && *name <= '9')
        for (struct saved_view *s = view_saved(c, t); s != NULL; s = s->next)
            if (s->id == strtoll(name, NULL, 10)) {
                *out = (struct view_use){s->where, s->sort, s->columns};
                return c->rc == BERTH_OK;
            }
    c->args[0] = "name";
    c->args[1] = "view";
    c->args[2] = NULL;
    ctx_fail(c, BERTH_INVALID, "bad_request", "err.bad_param");
    return false;
}

/* ---- marks ------------------------------------------------------------------------ */
struct view_mark *view_marks(struct berth_ctx *c, const struct table *t)
{
    struct view_mark *first = NULL, *m;
    struct db_stmt *s;

    if (model_table(c->m, "view_mark") == NULL || c->who == NULL)
        return NULL;
    s = db_prepare(c->conn, "SELECT view_name, coalesce(pinned, 0), coalesce(opens, 0) FROM view_mark WHERE user_id = ?"
                            " AND on_table = ?");
    db_bind_int(s, 1, c->who->id);
    db_bind_text(s, 2, t->name, -1);
    while (db_step(s) == DB_ROW) {
        m = arena_alloc(c->a, sizeof(*m));
        *m = (struct view_mark){text(c, s, 0), db_col_int(s, 1) != 0, db_col_int(s, 2) != 0, first};
        first = m;
    }
    db_reset(s);
    return first;
}

static void grew(struct berth_ctx *c, void *arg)
{
    (void)arg;
    atomic_fetch_add(&c->st->view_gen, 1);
}

static int run(struct berth_ctx *c, const char *sql, const struct table *t, const struct view_mark *m, bool flags)
{
    struct db_stmt *s = db_prepare(c->conn, sql);
    int rc;

    db_bind_int(s, 1, c->who->id);
    db_bind_text(s, 2, t->name, -1);
    db_bind_text(s, 3, m->view, -1);
    if (flags) {
        db_bind_int(s, 4, m->pinned);
        db_bind_int(s, 5, m->first);
    }
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "keep what a user said of a view") : BERTH_OK;
}

int view_mark(struct berth_ctx *c, const struct table *t, const char *view, bool pinned, bool first)
{
    const struct view_mark m = {view, pinned, first, NULL};
    struct view_use use;

    if (view == NULL || *view == '\0')
        return ctx_invalid(c, "view", "err.required", NULL);
    if (!view_use(c, t, view, &use))
        return c->rc;
    if (first) /* one alone opens first */
        run(c, "UPDATE view_mark SET opens = 0 WHERE user_id = ?1 AND on_table = ?2 AND view_name <> ?3", t, &m, false);
    run(c, "DELETE FROM view_mark WHERE user_id = ?1 AND on_table = ?2 AND view_name = ?3", t, &m, false);
    run(c, "INSERT INTO view_mark (user_id, on_table, view_name, pinned, opens) VALUES (?1, ?2, ?3, ?4, ?5)", t, &m, true);
    ctx_after_commit(c, grew, NULL);
    return c->rc;
}

/* ---- checks ------------------------------------------------------------------------ */
static const char *value(const struct berth_row *r, const char *field)
{
    struct berth_val v = row_get(r, field);

    return val_is_nil(v) ? NULL : v.s;
}

static int check_audience(struct berth_ctx *c, const struct berth_row *r)
{
    const char *audience = value(r, "audience");

    if (audience == NULL || strcmp(audience, "me") == 0)
        return c->rc;
    if (c->who != NULL && !perm_has(c->who, "base.share_views"))
        return ctx_invalid(c, "audience", "err.view_share", NULL);
    if (strcmp(audience, "department") == 0 && row_get(r, "department_id").i == 0)
        return ctx_invalid(c, "department_id", "err.required", NULL);
    if (strcmp(audience, "role") == 0 && row_get(r, "role_id").i == 0)
        return ctx_invalid(c, "role_id", "err.required", NULL);
    return c->rc;
}

int view_check(struct berth_ctx *c, struct berth_row *r)
{
    static const char *const lists[] = {"columns", "by_field", "from_field", "to_field", "sums"};
    const char *name = value(r, "on_table"), *base = value(r, "base"), *bad;
    const struct table *t = name == NULL ? NULL : model_table(c->m, name);
    const struct where *where;
    struct where_query q;

    if (t == NULL || (t->flags & BERTH_BARE) || !perm_may(c->who, t, DO_READ))
        return ctx_invalid(c, "on_table", "err.unknown_table", "name", name == NULL ? "" : name, NULL);
    if (base != NULL && *base != '\0' && declared(t, base) == NULL && strcmp(base, "all") != 0)
        return ctx_invalid(c, "base", "err.view", "name", base, NULL);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        if ((bad = stranger(c, t, value(r, lists[i]))) != NULL)
            return ctx_invalid(c, lists[i], "err.unknown_field", "name", bad, NULL);
    if (!parse_filter(c, t, base, value(r, "filter"), &where) || !where_sort(c, t, value(r, "sort"), &q))
        return c->rc;
    return check_audience(c, r);
}

int view_saved_now(struct berth_ctx *c, struct berth_row *r, uint32_t deed)
{
    (void)r;
    (void)deed;
    ctx_after_commit(c, grew, NULL);
    return c->rc;
}
