/* why.c - explains the answers of perm.c.  The verdict is the predicate's own; what stands here finds the words. */
#include "record/why.h"

#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "record/action.h"
#include "record/condition.h"
#include "record/find.h"
#include "record/zone.h"

enum { ASK_MAX = 5, LINES_MAX = 40 };

struct answer {
    struct berth_ctx *c;  /* of whoever asks: texts are theirs */
    struct berth_ctx of;  /* of whom it is about */
    const struct why *q;
    const struct who *who;
    struct berth_row *row;
    const struct field *f;
    const struct action *action;
    enum deed deed;
    json_t *reasons, *missing;
};

static const struct {
    const char *name;
    enum deed deed;
    const char *column; /* of role_table */
} deeds[] = {
    {"read", DO_READ, "read_scope"},     {"update", DO_UPDATE, "update_scope"}, {"delete", DO_DELETE, "delete_scope"},
    {"create", DO_CREATE, "can_create"}, {"export", DO_EXPORT, "can_export"},   {"import", DO_IMPORT, "can_import"},
};

/* ---- words -------------------------------------------------------------------------------------- */
static void line(struct answer *w, json_t *to, const char *kind, const char *const *args)
{
    const char *text = ctx_text(w->c, arena_fmt(w->c->a, "why.%s", kind), args);

    if (json_array_size(to) < LINES_MAX)
        json_array_append_new(to, json_pack("{s:s,s:s}", "kind", kind, "text", text));
}

#define BECAUSE(w, kind, ...) line(w, (w)->reasons, kind, (const char *const[]){__VA_ARGS__, NULL})
#define LACKS(w, kind, ...) line(w, (w)->missing, kind, (const char *const[]){__VA_ARGS__, NULL})

static const char *label(const struct answer *w, const char *key)
{
    return labels_get(w->c->st->labels, w->c->locale, key);
}

static const char *deed_word(const struct answer *w, enum deed d)
{
    return labels_field(w->c->st->labels, w->c->locale, "role_table", deeds[d].column);
}

static const char *scope_word(const struct answer *w, const char *scope)
{
    return label(w, arena_fmt(w->c->a, "base.scope.%s", scope));
}

static const char *name_of(const struct answer *w, const char *table, int64_t id)
{
    return find_title(w->c, model_table(w->c->m, table), id);
}

/* As people call it, where a plugin has words for it. */
static const char *role_word(const struct answer *w, const char *name)
{
    const char *said = labels_find(w->c->st->labels, w->c->locale, arena_fmt(w->c->a, "ui.role.%s", name));

    return said == NULL ? arena_strdup(w->c->a, name) : said;
}

static const char *moment(const struct answer *w, int64_t ms)
{
    return zone_text(w->c->a, w->c->st->company.zone, ms);
}

/* ---- roles -------------------------------------------------------------------------------------- */
/* What each role of the user says of the table; true: one of them says something. */
static bool tell_roles(struct answer *w, const struct who *p, const struct table *t, enum deed d, json_t *to)
{
    struct db_stmt *s = db_prepare(w->c->conn, arena_fmt(w->c->a,
        "SELECT r.name, t.%s FROM role_table t JOIN user_role u ON u.role_id = t.role_id JOIN role r ON r.id = t.role_id"
        " WHERE u.user_id = ? AND t.on_table = ? ORDER BY r.name", deeds[d].column));
    bool any = false;

    db_bind_int(s, 1, p->id);
    db_bind_text(s, 2, t->name, -1);
    while (db_step(s) == DB_ROW) {
        const char *role = role_word(w, db_col_text(s, 0, NULL));
        const char *what = d <= DO_DELETE ? arena_strdup(w->c->a, db_col_text(s, 1, NULL)) : db_col_int(s, 1) != 0 ? "all" : "none";

        if (strcmp(what, "none") == 0)
            continue;
        any = true;
        line(w, to, d <= DO_DELETE ? "role" : "flag",
             (const char *const[]){"role", role, "deed", deed_word(w, d), "scope", scope_word(w, what), NULL});
    }
    db_reset(s);
    return any;
}

/* ---- shares ------------------------------------------------------------------------------------- */
static const char select_shares[] =
    "WITH RECURSIVE up(id) AS (SELECT department_id FROM \"user\" WHERE id = ?1 UNION SELECT department_id FROM user_department"
    " WHERE user_id = ?1 UNION SELECT d.parent_id FROM department d JOIN up ON d.id = up.id WHERE d.parent_id IS NOT NULL)"
    " SELECT s.kind, s.access, coalesce(s.until_at, 0), coalesce(s.by, 0), coalesce(s.department_id, 0), coalesce(s.role_id, 0)"
    " FROM record_share s WHERE s.tbl = ?2 AND s.rec = ?3 AND (s.user_id = ?1 OR s.department_id IN (SELECT id FROM up) OR"
    " s.role_id IN (SELECT role_id FROM user_role WHERE user_id = ?1))";

static void tell_share(struct answer *w, const struct who *p, struct db_stmt *s)
{
    bool works = strcmp(db_col_text(s, 1, NULL), "cooperate") == 0, team = strcmp(db_col_text(s, 0, NULL), "team") == 0;
    int64_t until = db_col_int(s, 2), department = db_col_int(s, 4), role = db_col_int(s, 5);
    const char *access = label(w, works ? "base.share_access.cooperate" : "base.share_access.read");
    const char *by = name_of(w, "user", db_col_int(s, 3));
    const char *to = department != 0 ? name_of(w, "department", department) : role != 0 ? role_word(w, name_of(w, "role", role)) : p->name;

    if (until != 0 && until <= w->c->now)
        LACKS(w, "share_over", "to", to, "until", moment(w, until));
    else if (w->deed == DO_UPDATE && !works)
        LACKS(w, "share_reads", "to", to);
    else if (w->deed == DO_DELETE)
        LACKS(w, "share_keeps", "to", to);
    else if (strcmp(db_col_text(s, 0, NULL), "approval") == 0)
        BECAUSE(w, "approver", "who", to);
    else if (team)
        BECAUSE(w, "team_member", "who", to, "access", access);
    else if (until != 0)
        BECAUSE(w, "share_until", "by", by, "to", to, "access", access, "until", moment(w, until));
    else
        BECAUSE(w, "share", "by", by, "to", to, "access", access);
}

static void tell_shares(struct answer *w, const struct who *p, const struct berth_row *row)
{
    struct db_stmt *s = db_prepare(w->c->conn, select_shares);

    db_bind_int(s, 1, p->id);
    db_bind_int(s, 2, store_table_no(w->c->st, row->t));
    db_bind_int(s, 3, row_id(row));
    while (db_step(s) == DB_ROW)
        tell_share(w, p, s);
    db_reset(s);
}

/* ---- a record ----------------------------------------------------------------------------------- */
static bool tell_row(struct answer *w, const struct who *p, const struct berth_row *row, enum deed d);

/* By whose the record is; false: not by that. */
static bool tell_owner(struct answer *w, const struct who *p, int64_t owner, enum deed d, enum scope scope)
{
    static const char *const kinds[] = {NULL, "own", "below", "department", "tree"};
    const char *name = owner == 0 ? "" : name_of(w, "user", owner);

    for (int s = SCOPE_OWN; owner != 0 && s <= (int)scope && s < SCOPE_ALL; s++)
        if (ids_have(&p->users[s], owner)) {
            BECAUSE(w, kinds[s], "who", p->name, "owner", name);
            return true;
        }
    if (owner != 0 && d != DO_DELETE && ids_have(&p->helps[d == DO_UPDATE], owner)) {
        BECAUSE(w, "helper", "who", p->name, "owner", name);
        return true;
    }
    return false;
}

static bool tell_pool(struct answer *w, const struct who *p, int64_t pool)
{
    if (!ids_have(&p->pools, pool))
        return false;
    BECAUSE(w, "pool", "who", p->name, "pool", name_of(w, "pool", pool));
    return true;
}

/* What it belongs to may be read; only the names of what the asker sees are told. */
static bool tell_belonging(struct answer *w, const struct who *p, const struct berth_row *row)
{
    const struct who *me = w->of.who;
    bool found = false;

    w->of.who = p;
    for (int i = 0; row->t->belongs && i < row->t->nfields && !found; i++) {
        const struct field *f = &row->t->fields[i];

        found = perm_through(&w->of, f, row->v[i].i);
        if (found)
            BECAUSE(w, "belongs", "title", find_exists(w->c, f->ref, row->v[i].i) ? find_title(w->c, f->ref, row->v[i].i) : "…");
    }
    w->of.who = me;
    return found;
}

static bool tell_detail(struct answer *w, const struct who *p, const struct berth_row *row, enum deed d)
{
    struct berth_row *up = find_raw(w->c, row->t->parent->ref, row->v[row->t->parent->at].i);

    if (up == NULL)
        return false;
    BECAUSE(w, "detail", "title", row_title(up));
    return tell_row(w, p, up, d == DO_DELETE ? DO_UPDATE : d);
}

static void tell_reach(struct answer *w, const struct who *p, const struct berth_row *row, int64_t owner, int64_t pool)
{
    if (owner != 0)
        LACKS(w, "no_owner", "who", p->name, "owner", name_of(w, "user", owner));
    else if (pool != 0)
        LACKS(w, "no_pool", "who", p->name, "pool", name_of(w, "pool", pool));
    else
        LACKS(w, "nobody", "who", p->name);
    (void)row;
}

static bool tell_row(struct answer *w, const struct who *p, const struct berth_row *row, enum deed d)
{
    const struct table *t = row->t;
    const struct rights *r = &p->rights[t->at];
    int64_t owner = row_int(row, t->at_owner), pool = row_int(row, t->at_pool);
    bool may;

    if (p->admin)
        return BECAUSE(w, "admin", "who", p->name), true;
    if (r->scope[d] == SCOPE_NONE) {
        LACKS(w, "no_role", "who", p->name, "deed", deed_word(w, d), "table", label(w, t->name));
        return false;
    }
    if (t->parent != NULL && t->parent->ref != NULL)
        return tell_detail(w, p, row, d);
    if (r->public_only)
        return BECAUSE(w, "public", "table", label(w, t->name)), true;
    tell_roles(w, p, t, d, w->reasons);
    if ((t->flags & BERTH_PERSONAL) && owner == p->id)
        return BECAUSE(w, "own", "who", p->name, "owner", p->name), true;
    if (r->scope[d] == SCOPE_ALL || t->at_owner < 0)
        return true;
    may = owner != 0 ? tell_owner(w, p, owner, d, r->scope[d]) : tell_pool(w, p, pool);
    tell_shares(w, p, row);
    may = may || (d != DO_DELETE && ids_have(&r->shared[d == DO_UPDATE], row_id(row)));
    may = may || (d == DO_READ && tell_belonging(w, p, row));
    if (!may)
        tell_reach(w, p, row, owner, pool);
    return may;
}

/* ---- fields, actions, tables -------------------------------------------------------------------- */
static void tell_field_roles(struct answer *w, const struct who *p, json_t *to)
{
    struct db_stmt *s = db_prepare(w->c->conn,
        "SELECT r.name, f.access FROM role_field f JOIN user_role u ON u.role_id = f.role_id JOIN role r ON r.id = f.role_id"
        " WHERE u.user_id = ? AND f.on_table = ? AND f.field = ? ORDER BY r.name");

    db_bind_int(s, 1, p->id);
    db_bind_text(s, 2, w->f->table->name, -1);
    db_bind_text(s, 3, w->f->name, -1);
    while (db_step(s) == DB_ROW)
        line(w, to, "field", (const char *const[]){"role", role_word(w, db_col_text(s, 0, NULL)), "field",
             labels_field(w->c->st->labels, w->c->locale, w->f->table->name, w->f->name), "access",
             label(w, arena_fmt(w->c->a, "base.access.%s", db_col_text(s, 1, NULL))), NULL});
    db_reset(s);
}

static bool tell_field(struct answer *w)
{
    const char *name = labels_field(w->c->st->labels, w->c->locale, w->f->table->name, w->f->name);
    enum access have = perm_field(w->who, w->f), want = w->deed == DO_UPDATE ? ACCESS_WRITE : ACCESS_READ;

    if (w->f->flags & BERTH_SECRET)
        return LACKS(w, "secret", "field", name), false;
    if (w->deed == DO_UPDATE && ((w->f->flags & BERTH_LOCKED) || w->f->at < F_DECLARED))
        return LACKS(w, "locked", "field", name), false;
    tell_field_roles(w, w->who, have >= want ? w->reasons : w->missing);
    if (have < want && json_array_size(w->missing) == 0)
        LACKS(w, "no_field", "field", name);
    if (have >= want && w->row != NULL) {
        int64_t pool = row_int(w->row, w->row->t->at_pool);

        have = perm_field_at(w->who, w->f, row_int(w->row, w->row->t->at_owner), pool);
        if (have < want)
            LACKS(w, "pool_hides", "field", name, "pool", name_of(w, "pool", pool));
    }
    return have >= want;
}

static bool tell_action(struct answer *w)
{
    const struct action *a = w->action;
    bool ok = true;

    if (a->perm != NULL && !perm_has(w->who, a->perm)) {
        LACKS(w, "no_perm", "who", w->who->name, "perm", a->perm);
        ok = false;
    }
    if (w->row != NULL && !where_holds(&w->of, a->when, w->row)) {
        LACKS(w, "not_now", "title", row_title(w->row));
        ok = false;
    }
    return ok;
}

static bool tell_table(struct answer *w)
{
    bool may = perm_may(w->who, w->q->t, w->deed);

    if (w->who->admin)
        BECAUSE(w, "admin", "who", w->who->name);
    else if (may && !tell_roles(w, w->who, w->q->t, w->deed, w->reasons))
        BECAUSE(w, "public", "table", label(w, w->q->t->name));
    if (!may)
        LACKS(w, "no_role", "who", w->who->name, "deed", deed_word(w, w->deed), "table", label(w, w->q->t->name));
    return may;
}

/* In one's own right, else in that of somebody one stands in for. */
static bool tell_record(struct answer *w)
{
    const struct who *self = w->who->self != NULL ? w->who->self : w->who;
    json_t *own_missing;

    if (tell_row(w, self, w->row, w->deed))
        return true;
    own_missing = w->missing;
    for (size_t i = 0; i < w->who->naway; i++) {
        const struct standin *s = &w->who->away[i];
        bool may;

        w->missing = json_array();
        json_array_clear(w->reasons);
        BECAUSE(w, "deputy", "who", w->who->name, "away", s->name, "until", moment(w, s->until));
        may = tell_row(w, s->who, w->row, w->deed);
        json_decref(w->missing);
        w->missing = own_missing;
        if (may)
            return true;
    }
    return false;
}

/* ---- whom to ask -------------------------------------------------------------------------------- */
static void ask_one(struct answer *w, json_t *list, int64_t id)
{
    struct berth_row *u = id == 0 || id == w->who->id ? NULL : find_raw(w->c, w->c->m->users, id);
    json_t *known;
    size_t i;

    if (u == NULL || row_get(u, "active").i == 0 || json_array_size(list) >= ASK_MAX)
        return;
    json_array_foreach (list, i, known)
        if (json_integer_value(json_object_get(known, "id")) == id)
            return;
    json_array_append_new(list, json_pack("{s:I,s:s}", "id", (json_int_t)id, "name", row_title(u)));
}

/* Who may share it, who is above, who gives roles. */
static json_t *whom_to_ask(struct answer *w)
{
    struct berth_row *me = find_raw(w->c, w->c->m->users, w->who->id);
    struct db_stmt *s = db_prepare(w->c->conn, "SELECT id FROM \"user\" WHERE admin = 1 AND active = 1 ORDER BY id LIMIT 3");
    json_t *list = json_array();
    int64_t admins[3];
    size_t n = 0;

    if (w->row != NULL)
        ask_one(w, list, row_int(w->row, w->row->t->at_owner));
    if (me != NULL)
        ask_one(w, list, row_get(me, "manager_id").i);
    while (n < 3 && db_step(s) == DB_ROW)
        admins[n++] = db_col_int(s, 0);
    db_reset(s);
    for (size_t i = 0; i < n; i++)
        ask_one(w, list, admins[i]);
    return list;
}

/* ---- the answer --------------------------------------------------------------------------------- */
static bool read_question(struct answer *w)
{
    const char *deed = w->q->deed == NULL ? "read" : w->q->deed;
    size_t i = 0;

    while (i < sizeof(deeds) / sizeof(deeds[0]) && strcmp(deeds[i].name, deed) != 0)
        i++;
    if (i < sizeof(deeds) / sizeof(deeds[0])) {
        w->deed = deeds[i].deed;
    } else if ((w->action = action_find(w->q->t, deed)) != NULL) {
        w->deed = w->action->flags & BERTH_SEEN ? DO_READ : DO_UPDATE;
    } else {
        ctx_fail(w->c, BERTH_NOT_FOUND, "not_found", "err.not_found");
        return false;
    }
    if (w->q->field != NULL && ((w->f = model_field(w->q->t, w->q->field)) == NULL || w->deed > DO_UPDATE)) {
        ctx_fail(w->c, BERTH_NOT_FOUND, "not_found", "err.not_found");
        return false;
    }
    return true;
}

static bool find_who(struct answer *w)
{
    struct berth_ctx *c = w->c;
    int64_t id = w->q->user != 0 ? w->q->user : c->who == NULL ? 0 : c->who->id;

    if (c->who != NULL && !c->who->admin && !ids_have(&c->who->users[SCOPE_TEAM], id)) {
        ctx_fail(c, BERTH_DENIED, "denied", "err.denied");
        return false;
    }
    w->who = c->who != NULL && id == c->who->id ? c->who : who_get(c->st, c->conn, c->m, id);
    if (w->who == NULL) /* gone, or switched off */
        ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    return w->who != NULL;
}

/* Whoever may change it, may not while an approval keeps it as it is. */
static bool tell_lock(struct answer *w)
{
    bool edits = w->action != NULL ? (w->action->flags & BERTH_EDITS) != 0 : w->deed == DO_UPDATE || w->deed == DO_DELETE;
    const char *flow = edits && w->row != NULL && w->c->st->services.locks != NULL ? w->c->st->services.locks(&w->of, w->row) : NULL;

    if (flow != NULL)
        LACKS(w, "approval", "flow", flow);
    return flow == NULL;
}

static bool verdict(struct answer *w)
{
    bool may;

    if (w->q->id == 0 || w->deed > DO_DELETE) {
        may = tell_table(w);
    } else if (w->row == NULL) {
        LACKS(w, "hidden", "who", w->who->name);
        tell_roles(w, w->who, w->q->t, w->deed, w->missing);
        return false;
    } else {
        may = perm_row(&w->of, w->row, w->deed);
        tell_record(w);
    }
    if (w->f != NULL)
        may = tell_field(w) && may;
    if (w->action != NULL)
        may = tell_action(w) && may;
    return tell_lock(w) && may;
}

static void answer_json(struct answer *w, bool may, struct buf *out)
{
    struct json j = json_to(out);
    json_t *all = json_pack("{s:b,s:{s:I,s:s},s:o,s:o,s:o}", "allowed", may, "user", "id", (json_int_t)w->who->id, "name", w->who->name,
                            "reasons", may ? json_incref(w->reasons) : json_array(), "missing",
                            may ? json_array() : json_incref(w->missing), "ask", may ? json_array() : whom_to_ask(w));
    char *text = json_dumps(all, JSON_COMPACT);

    json_raw(&j, text, strlen(text));
    free(text);
    json_decref(all);
}

int why_json(struct berth_ctx *c, const struct why *q, struct buf *out)
{
    struct answer w = {.c = c, .q = q};

    if (c->rc != BERTH_OK || !find_who(&w) || !read_question(&w))
        return c->rc;
    if (q->id != 0 && find_exists(c, q->t, q->id))
        w.row = find_raw(c, q->t, q->id);
    ctx_init(&w.of, c->st, c->conn, c->a, w.who, c->locale);
    w.reasons = json_array();
    w.missing = json_array();
    answer_json(&w, verdict(&w), out);
    json_decref(w.reasons);
    json_decref(w.missing);
    return c->rc;
}
