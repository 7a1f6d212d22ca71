/* home.c - the home page: its tiles and how they stand, what waits for somebody, announcements; and report pages. */
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "record/custom.h"
#include "record/find.h"
#include "record/save.h"
#include "record/view.h"
#include "service/approval.h"
#include "web/app.h"

enum { LAYOUT_MAX = 16000, TODO_ROWS = 30, SOON_DAYS = 7, GIVEN_DAYS = 14, GIVEN_LOOK = 1000, NEWS_MAX = 20 };

static const char *label(struct call *k, const char *fmt, const char *a, const char *b)
{
    return labels_get(k->app->st->labels, k->c.locale, arena_fmt(k->req->arena, "%s%s%s", a, fmt, b));
}

/* ---- tiles ------------------------------------------------------------------------------------ */
static const char *const kinds[] = {"kpi", "bar", "line", "pie", "funnel", "table", "todo"};

/* All that it needs may be read. */
static bool may_list(struct call *k, const struct table *t, const char *list)
{
    while (list != NULL && *list != '\0') {
        const struct field *f;
        size_t n;

        list += strspn(list, ", -");
        n = strcspn(list, ", :");
        f = n == 0 ? NULL : map_getn(&t->by_name, list, n);
        if (f != NULL && perm_field(k->c.who, f) < ACCESS_READ)
            return false;
        list += strcspn(list, ", ");
    }
    return true;
}

static bool may_see(struct call *k, const struct tile *x)
{
    return perm_may(k->c.who, x->table, DO_READ) && !k->c.who->rights[x->table->at].public_only &&
           may_list(k, x->table, x->d->by) && may_list(k, x->table, x->d->sum);
}

static int width_of(const struct tile *x)
{
    return x->d->width != 0 ? x->d->width : x->d->kind == BERTH_KPI ? 2 : 6;
}

/* A condition in the form that lists take, so that a click leads to what was counted. */
static void filter_json(struct json *j, const struct where *w)
{
    static const char *const ops[] = {
        [W_EQ] = "=",       [W_NE] = "!=",    [W_LT] = "<",  [W_LE] = "<=",         [W_GT] = ">",        [W_GE] = ">=",
        [W_CONTAINS] = "~", [W_BEGINS] = "^", [W_IN] = "in", [W_NOT_IN] = "not in", [W_EMPTY] = "empty", [W_NOT_EMPTY] = "not empty"};

    if (w->op <= W_NOT) {
        json_open(j, '{');
        json_key(j, w->op == W_AND ? "and" : w->op == W_OR ? "or" : "not");
        if (w->op != W_NOT)
            json_open(j, '[');
        for (size_t i = 0; i < w->nkids; i++)
            filter_json(j, w->kids[i]);
        if (w->op != W_NOT)
            json_close(j, ']');
        json_close(j, '}');
        return;
    }
    json_open(j, '[');
    json_str(j, w->f->name);
    json_str(j, ops[w->op]);
    if (w->op == W_IN || w->op == W_NOT_IN)
        json_open(j, '[');
    for (size_t i = 0; i < w->nv; i++) {
        struct field one = *w->f;

        one.flags &= ~(uint32_t)BERTH_MANY;
        val_json(j, &one, w->v[i]);
    }
    if (w->op == W_IN || w->op == W_NOT_IN)
        json_close(j, ']');
    json_close(j, ']');
}

static void tile_json(struct call *k, struct json *j, const struct tile *x)
{
    struct where_query q = {0};

    json_open(j, '{');
    json_text(j, "name", x->full);
    json_text(j, "label", label(k, ".tile.", x->plugin, x->name));
    json_text(j, "kind", kinds[x->d->kind]);
    json_text(j, "table", x->table->name);
    json_text(j, "view", x->d->view);
    json_key(j, "filter");
    if (where_text(&k->c, x->table, x->d->where, NULL, 0, &q) && q.where != NULL)
        filter_json(j, q.where);
    else
        json_nil(j);
    json_text(j, "by", x->d->by);
    json_text(j, "sum", x->d->sum);
    json_words(j, "columns", x->d->columns);
    json_number(j, "width", width_of(x));
    json_close(j, '}');
}

/* ---- how they stand ----------------------------------------------------------------------------- */
struct role_ids {
    int64_t id[64];
    const char *name[64];
    size_t n;
};

static void roles_of(struct call *k, struct role_ids *out)
{
    struct db_stmt *s =
        db_prepare(k->c.conn, "SELECT r.id, r.name FROM user_role u JOIN role r ON r.id = u.role_id WHERE u.user_id = ? ORDER BY r.id");

    out->n = 0;
    db_bind_int(s, 1, k->user);
    while (db_step(s) == DB_ROW && out->n < 64) {
        out->id[out->n] = db_col_int(s, 0);
        out->name[out->n++] = arena_strdup(k->req->arena, db_col_text(s, 1, NULL));
    }
    db_reset(s);
}

static bool listed(const char *list, const char *name)
{
    size_t len = strlen(name);

    for (const char *p = list; p != NULL && *p != '\0'; p += strcspn(p, ", ")) {
        p += strspn(p, ", ");
        if (strncmp(p, name, len) == 0 && (p[len] == '\0' || p[len] == ',' || p[len] == ' '))
            return true;
    }
    return false;
}

/* On whose home it stands at first; administrators without a role have what managers have. */
static bool stands(struct call *k, const struct tile *x, const struct role_ids *roles)
{
    if (x->d->roles == NULL || x->d->kind == BERTH_TODO)
        return false;
    for (size_t i = 0; i < roles->n; i++)
        if (listed(x->d->roles, roles->name[i]))
            return true;
    return roles->n == 0 && k->c.who->admin && listed(x->d->roles, "manager");
}

static void stand(struct json *j, const char *tile, int width)
{
    json_open(j, '{');
    json_text(j, "tile", tile);
    json_number(j, "w", width);
    json_close(j, '}');
}

/* Tiles of negative .order stand above what is to be done, the others below. */
static void as_declared(struct call *k, struct json *j, const struct role_ids *roles)
{
    bool placed = false;

    json_open(j, '[');
    for (size_t i = 0; i <= k->c.m->ntiles; i++) {
        const struct tile *x = i < k->c.m->ntiles ? &k->c.m->tiles[i] : NULL;

        if (!placed && (x == NULL || x->d->order >= 0)) {
            stand(j, "todo", 8);
            stand(j, "news", 4);
            placed = true;
        }
        if (x != NULL && may_see(k, x) && stands(k, x, roles))
            stand(j, x->full, width_of(x));
    }
    stand(j, "recent", 6);
    json_close(j, ']');
}

/* role: how it begins for who has it.  Those of before stand in home_layout. */
static const char *kept(struct call *k, int64_t user, int64_t role)
{
    const struct berth_row *r = role == 0 ? NULL : find_raw(&k->c, model_table(k->c.m, "role"), role);
    struct berth_val home = r == NULL ? berth_nil() : row_get(r, "home");
    struct db_stmt *s = db_prepare(k->c.conn, "SELECT layout FROM home_layout WHERE user_id = ? AND role_id = ?");
    const char *text = val_is_nil(home) ? NULL : home.s;

    db_bind_int(s, 1, user);
    db_bind_int(s, 2, role);
    if (text == NULL && db_step(s) == DB_ROW && !db_col_is_null(s, 0))
        text = arena_strdup(k->req->arena, db_col_text(s, 0, NULL));
    db_reset(s);
    return text;
}

/* One's own, else that of the first of one's roles that has one, else the declared one. */
static void layout(struct call *k, struct json *j, const struct role_ids *roles)
{
    const char *own = kept(k, k->user, 0), *text = own;

    for (size_t i = 0; text == NULL && i < roles->n; i++)
        text = kept(k, 0, roles->id[i]);
    json_flag(j, "mine", own != NULL);
    json_key(j, "layout");
    if (text != NULL)
        json_raw(j, text, strlen(text));
    else
        as_declared(k, j, roles);
}

static void all_roles(struct call *k, struct json *j)
{
    struct db_stmt *s = db_prepare(k->c.conn, "SELECT id, name FROM role ORDER BY name__order, id LIMIT 200");

    json_key(j, "roles");
    json_open(j, '[');
    while (k->c.who->admin && db_step(s) == DB_ROW) {
        json_open(j, '{');
        json_number(j, "id", db_col_int(s, 0));
        json_text(j, "name", db_col_text(s, 1, NULL));
        json_close(j, '}');
    }
    db_reset(s);
    json_close(j, ']');
}

static int home(struct call *k)
{
    struct json j = call_json(k);
    struct role_ids roles;

    roles_of(k, &roles);
    json_open(&j, '{');
    json_key(&j, "tiles");
    json_open(&j, '[');
    for (size_t i = 0; i < k->c.m->ntiles; i++)
        if (k->c.m->tiles[i].d->kind != BERTH_TODO && may_see(k, &k->c.m->tiles[i]))
            tile_json(k, &j, &k->c.m->tiles[i]);
    json_close(&j, ']');
    layout(k, &j, &roles);
    all_roles(k, &j);
    json_close(&j, '}');
    return k->c.rc;
}

static int put(struct call *k, int64_t user, int64_t role, const char *text)
{
    struct db_stmt *s = db_prepare(k->c.conn, "DELETE FROM home_layout WHERE user_id = ? AND role_id = ?");
    int rc;

    db_bind_int(s, 1, user);
    db_bind_int(s, 2, role);
    rc = db_step(s);
    db_reset(s);
    if (rc >= 0 && role != 0) {
        struct berth_row *r = save_load(&k->c, model_table(k->c.m, "role"), role);

        if (r != NULL)
            row_set(r, "home", text == NULL ? berth_nil() : (struct berth_val){BERTH_JSON, -1, {.s = text}});
        return r == NULL ? (int)k->c.rc : row_save(&k->c, r);
    }
    if (rc >= 0 && text != NULL) {
        s = db_prepare(k->c.conn, "INSERT INTO home_layout (user_id, role_id, layout) VALUES (?, ?, ?)");
        db_bind_int(s, 1, user);
        db_bind_int(s, 2, role);
        db_bind_text(s, 3, text, -1);
        rc = db_step(s);
        db_reset(s);
    }
    return rc < 0 ? ctx_db(&k->c, rc, "keep how a home page looks") : BERTH_OK;
}

/* {"layout":[…]} keeps one's own, null goes back to the role's; "role": the default of that role. */
static int home_put(struct call *k)
{
    const json_t *o = call_object(k), *list = json_object_get(o, "layout");
    int64_t role = json_integer_value(json_object_get(o, "role"));
    char *text = NULL;

    if (o == NULL)
        return k->c.rc;
    if (role != 0 && !k->c.who->admin)
        return ctx_fail(&k->c, BERTH_DENIED, "denied", "err.denied");
    if (role != 0 && !find_exists(&k->c, model_table(k->c.m, "role"), role))
        return ctx_fail(&k->c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    if (!json_is_null(list)) {
        if (!home_fits(list))
            return call_bad(k, "layout");
        text = json_dumps(list, JSON_COMPACT);
        if (text == NULL || strlen(text) > LAYOUT_MAX) {
            free(text);
            return call_bad(k, "layout");
        }
    }
    if (put(k, role != 0 ? 0 : k->user, role, text) == BERTH_OK)
        k->req->status = 204;
    free(text);
    return k->c.rc;
}

/* ---- what waits for somebody -------------------------------------------------------------------- */
struct waiting {
    const struct table *t;
    const char *name, *label, *view, *on; /* on: by when */
    const struct where *where;
    bool since; /* on: since when; the latest first */
};

/* Counted no further than a page goes: of a million leads, counting one's own costs more than all the rest. */
static void waiting_json(struct call *k, struct json *j, const struct waiting *w)
{
    struct page p = {.t = w->t, .q = {.where = w->where, .limit = TODO_ROWS}};
    bool whose = w->t->at_owner >= 0 && perm_field(k->c.who, &w->t->fields[w->t->at_owner]) >= ACCESS_READ;
    struct buf rows = BUF_INIT;
    json_t *page = NULL;
    size_t n;

    p.fields = arena_fmt(k->req->arena, "%s%s%s,%s%s", w->t->title->name, w->t->step_what != NULL ? "," : "",
                         w->t->step_what != NULL ? w->t->step_what->name : "", w->on, whose ? ",owner_id" : "");
    if (where_sort(&k->c, w->t, w->since ? arena_fmt(k->req->arena, "-%s", w->on) : w->on, &p.q) && find_page(&k->c, &p, &rows) == BERTH_OK)
        page = json_loadb(rows.s, rows.len, 0, NULL);
    n = json_array_size(json_object_get(page, "rows"));
    if (n > 0) {
        json_open(j, '{');
        json_text(j, "name", w->name);
        json_text(j, "label", w->label);
        json_text(j, "table", w->t->name);
        json_text(j, "icon", w->t->icon);
        json_text(j, "view", w->view);
        json_text(j, "title", w->t->title->name);
        json_text(j, "title_type", model_type_name(w->t->title->type));
        json_text(j, "title_of", w->t->title->of);
        json_text(j, "on", w->on);
        json_flag(j, "since", w->since);
        json_text(j, "what", w->t->step_what != NULL ? w->t->step_what->name : NULL);
        json_text(j, "act", w->t->step_act != NULL && strcmp(w->on, w->t->step_on->name) == 0 ? w->t->step_act->name : NULL);
        json_number(j, "count", (int64_t)n);
        json_flag(j, "more", json_is_string(json_object_get(page, "next")));
        json_key(j, "page");
        json_raw(j, buf_str(&rows), rows.len);
        json_close(j, '}');
    }
    json_decref(page);
    buf_free(&rows);
}

static void waiting_tile(struct call *k, struct json *j, const struct tile *x)
{
    struct waiting w = {x->table, x->full, label(k, ".tile.", x->plugin, x->name), x->d->view, x->d->by, NULL, false};
    struct where_query q = {0};
    struct view_use use;

    if (!may_see(k, x) || !view_use(&k->c, x->table, x->d->view, &use) || !where_text(&k->c, x->table, x->d->where, NULL, 0, &q))
        return;
    w.where = where_and(&k->c, use.where, q.where);
    waiting_json(k, j, &w);
}

/* Of pooled tables: what goes back to the pool within days. */
static void waiting_pooled(struct call *k, struct json *j, const struct table *t)
{
    struct waiting w = {t, "returning", labels_get(k->app->st->labels, k->c.locale, "home.returning"), NULL, "due_at", NULL, false};
    struct where_query q;

    if (t->at_due < 0 || !perm_may(k->c.who, t, DO_READ) || k->c.who->rights[t->at].public_only ||
        !where_text(&k->c, t, arena_fmt(k->req->arena, "owner_id = @me and due_at <= @today+%dd", SOON_DAYS), NULL, 0, &q))
        return;
    w.where = q.where;
    waiting_json(k, j, &w);
}

/* What others gave the user of late and nobody has worked on since; of what has no line in the log of owners, who made it
 * gave it.  Of all that is the user's only the newest that came in these ways are looked at. */
static const char *select_given(struct call *k, const struct table *t)
{
    return arena_fmt(k->req->arena,
                     "WITH lately(id) AS (SELECT rec FROM (SELECT rec FROM owner_log WHERE to_user = ?1 AND at >= ?2 AND tbl = ?3"
                     " ORDER BY at DESC LIMIT ?5) came UNION SELECT id FROM (SELECT id FROM %s WHERE owner_id = ?1 AND"
                     " coalesce(created_by, 0) <> ?1 ORDER BY id DESC LIMIT ?5) made)"
                     " SELECT r.id FROM lately JOIN %s r ON r.id = lately.id"
                     " WHERE r.owner_id = ?1 AND r.claimed_at >= ?2 AND r.touched_at <= r.claimed_at"
                     " AND coalesce((SELECT coalesce(l.by, 0) FROM owner_log l WHERE l.tbl = ?3 AND l.rec = r.id AND l.to_user = ?1"
                     " ORDER BY l.seq DESC LIMIT 1), r.created_by, 0) <> ?1 ORDER BY r.claimed_at DESC LIMIT ?4", t->sql, t->sql);
}

static void waiting_given(struct call *k, struct json *j, const struct table *t)
{
    struct waiting w = {t, "given", labels_get(k->app->st->labels, k->c.locale, "home.given"), NULL, "claimed_at", NULL, true};
    struct berth_val ids[TODO_ROWS + 1];
    struct where in = {.op = W_IN, .f = &t->fields[F_ID], .v = ids};
    struct db_stmt *s;
    int rc;

    if (t->at_touched_at < 0 || !perm_may(k->c.who, t, DO_READ) || k->c.who->rights[t->at].public_only ||
        perm_field(k->c.who, &t->fields[t->at_claimed_at]) < ACCESS_READ)
        return;
    s = db_prepare(k->c.conn, select_given(k, t));
    db_bind_int(s, 1, k->user);
    db_bind_int(s, 2, k->c.now - (int64_t)GIVEN_DAYS * 86400 * 1000);
    db_bind_int(s, 3, store_table_no(k->app->st, t));
    db_bind_int(s, 4, TODO_ROWS + 1);
    db_bind_int(s, 5, GIVEN_LOOK);
    while ((rc = db_step(s)) == DB_ROW)
        ids[in.nv++] = berth_i(db_col_int(s, 0));
    db_reset(s);
    if (rc < 0)
        ctx_db(&k->c, rc, "read what was given");
    w.where = &in;
    if (in.nv > 0)
        waiting_json(k, j, &w);
}

/* What the user has to approve, of whatever table: its rows are those of /api/_approval. */
static void waiting_approvals(struct call *k, struct json *j)
{
    struct buf box = BUF_INIT;
    json_t *page = NULL, *rows, *out;
    char *text;

    if (approval_box(&k->c, "todo", 0, TODO_ROWS, &box) == BERTH_OK)
        page = json_loadb(box.s, box.len, 0, NULL);
    rows = json_object_get(page, "approvals");
    if (json_array_size(rows) > 0) {
        out = json_pack("{s:s, s:s, s:n, s:s, s:n, s:s, s:s, s:s, s:n, s:I, s:b, s:{s:O, s:{}}}", "name", "approval", "label",
                        labels_get(k->app->st->labels, k->c.locale, "home.approvals"), "table", "icon", "check", "view", "title", "title",
                        "on", "at", "what", "flow", "act", "count", (json_int_t)json_array_size(rows), "more",
                        json_is_integer(json_object_get(page, "next")), "page", "rows", rows, "refs");
        text = json_dumps(out, JSON_COMPACT);
        json_raw(j, text, strlen(text));
        free(text);
        json_decref(out);
    }
    json_decref(page);
    buf_free(&box);
}

static int todo(struct call *k)
{
    struct json j = call_json(k);
    char day[WHEN_DATE_MAX];

    when_date_format(where_today(&k->c), day);
    json_open(&j, '{');
    json_text(&j, "today", day);
    json_key(&j, "waiting");
    json_open(&j, '[');
    waiting_approvals(k, &j);
    for (size_t i = 0; i < k->c.m->ntiles && k->c.rc == BERTH_OK; i++)
        if (k->c.m->tiles[i].d->kind == BERTH_TODO)
            waiting_tile(k, &j, &k->c.m->tiles[i]);
    for (size_t i = 0; i < k->c.m->ntables && k->c.rc == BERTH_OK; i++)
        if (k->c.m->tables[i].flags & BERTH_POOLED) {
            waiting_given(k, &j, &k->c.m->tables[i]);
            waiting_pooled(k, &j, &k->c.m->tables[i]);
        }
    json_close(&j, ']');
    json_close(&j, '}');
    return k->c.rc;
}

/* ---- announcements ------------------------------------------------------------------------------ */
/* Of now, for everyone or for a department that the user's is or lies below, or a role of the user's. */
static const char select_news[] =
    "WITH RECURSIVE up(id) AS (SELECT department_id FROM \"user\" WHERE id = ?1 UNION SELECT d.parent_id FROM department d"
    " JOIN up ON d.id = up.id WHERE d.parent_id IS NOT NULL)"
    " SELECT n.id, n.title, n.text, coalesce(n.pinned, 0), n.from_on, n.created_at FROM announcement n"
    " WHERE (n.from_on IS NULL OR n.from_on <= ?2) AND (n.until_on IS NULL OR n.until_on >= ?2)"
    " AND (coalesce(n.department_ids, '') = '' OR EXISTS (SELECT 1 FROM up WHERE n.department_ids LIKE '%|' || up.id || '|%'))"
    " AND (coalesce(n.role_ids, '') = '' OR EXISTS (SELECT 1 FROM user_role r WHERE r.user_id = ?1 AND n.role_ids LIKE '%|' || r.role_id || '|%'))"
    " ORDER BY coalesce(n.pinned, 0) DESC, coalesce(n.from_on, 0) DESC, n.id DESC LIMIT ?3";

static int news(struct call *k)
{
    struct json j = call_json(k);
    struct db_stmt *s = db_prepare(k->c.conn, select_news);
    char text[WHEN_TIME_MAX];
    int rc;

    db_bind_int(s, 1, k->user);
    db_bind_int(s, 2, where_today(&k->c));
    db_bind_int(s, 3, NEWS_MAX);
    json_open(&j, '{');
    json_key(&j, "news");
    json_open(&j, '[');
    while ((rc = db_step(s)) == DB_ROW) {
        json_open(&j, '{');
        json_number(&j, "id", db_col_int(s, 0));
        json_text(&j, "title", db_col_text(s, 1, NULL));
        json_text(&j, "text", db_col_is_null(s, 2) ? NULL : db_col_text(s, 2, NULL));
        json_flag(&j, "pinned", db_col_int(s, 3) != 0);
        json_key(&j, "at");
        if (db_col_is_null(s, 4))
            when_time_format(db_col_int(s, 5), text);
        else
            when_date_format(db_col_int(s, 4), text);
        json_str(&j, text);
        json_close(&j, '}');
    }
    db_reset(s);
    json_close(&j, ']');
    json_close(&j, '}');
    return rc < 0 ? ctx_db(&k->c, rc, "read announcements") : (int)k->c.rc;
}

/* ---- report pages ------------------------------------------------------------------------------- */
static void fields_json(struct call *k, struct json *j, const char *key, const struct report *r, const struct field *f, size_t n)
{
    json_key(j, key);
    json_open(j, '[');
    for (size_t i = 0; i < n; i++)
        if (f[i].type != BERTH_REF || f[i].ref != NULL) /* NULL: its plugin is off */
            meta_field(k, j, &f[i], r->plugin, arena_fmt(k->req->arena, "report.%s.", r->name), true);
    json_close(j, ']');
}

static int report(struct call *k)
{
    const struct report *r = model_report(k->c.m, k->name);
    struct json j = call_json(k);

    if (r == NULL)
        return reports_page(k);
    if (!meta_report_open(k, r))
        return ctx_fail(&k->c, BERTH_DENIED, "denied", "err.denied");
    json_open(&j, '{');
    json_text(&j, "name", r->full);
    json_text(&j, "label", label(k, ".report.", r->plugin, r->name));
    json_text(&j, "help", labels_find(k->app->st->labels, k->c.locale, arena_fmt(k->req->arena, "%s.report.%s?", r->plugin, r->name)));
    json_text(&j, "icon", r->d->icon);
    json_text(&j, "path", r->route->path + 1);
    json_text(&j, "rows", r->d->rows == NULL ? "rows" : r->d->rows);
    json_text(&j, "on", r->on == NULL ? NULL : r->on->name);
    json_text(&j, "charts", r->d->charts);
    fields_json(k, &j, "form", r, r->form, r->nform);
    fields_json(k, &j, "columns", r, r->columns, r->ncolumns);
    json_close(&j, '}');
    return k->c.rc;
}

const struct route_entry routes_home[] = {
    {"GET", "/api/_home", 0, home},
    {"POST", "/api/_home", R_WRITE, home_put},
    {"GET", "/api/_todo", 0, todo},
    {"GET", "/api/_news", 0, news},
    {"GET", "/api/_report/{name}", 0, report},
    {0},
};
