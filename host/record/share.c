/* share.c - giving single records to people, departments and roles, and taking them back. */
#include "record/share.h"

#include <string.h>

#include "base/when.h"
#include "record/audit.h"
#include "record/find.h"
#include "record/save.h"
#include "record/titles.h"
#include "record/told.h"

enum { SHARES_MAX = 200 }; /* of one record */

static const struct target {
    const char *column, *table;
} targets[] = {{"user_id", "user"}, {"department_id", "department"}, {"role_id", "role"}};
enum { TARGETS = sizeof(targets) / sizeof(targets[0]) };

bool share_table(const struct table *t)
{
    return t->at_owner >= 0 && !(t->flags & (BERTH_BARE | BERTH_PERSONAL)) && (t->parent == NULL || t->parent->ref == NULL);
}

bool share_may(struct berth_ctx *c, const struct berth_row *r)
{
    bool all = c->all, may = share_table(r->t) && perm_row(c, r, DO_UPDATE);

    c->all = false; /* what sees all rows gives none away for a guest */
    may = may && !perm_guest(c, r, DO_UPDATE);
    c->all = all;
    return may;
}

/* ---- reading ------------------------------------------------------------------------------------ */
/* Roles have names that everybody may read here: a share with one would tell nothing else. */
static const char *name_of(struct berth_ctx *c, const char *table, int64_t id)
{
    return find_title(c, model_table(c->m, table), id);
}

static void one_json(struct berth_ctx *c, struct json *j, struct db_stmt *s)
{
    json_open(j, '{');
    json_id(j, "id", db_col_int(s, 0));
    for (int i = 0; i < TARGETS; i++) {
        int64_t id = db_col_int(s, 2 + i);

        json_id(j, targets[i].column, id);
        if (id != 0)
            json_text(j, "name", name_of(c, targets[i].table, id));
    }
    json_text(j, "access", db_col_text(s, 5, NULL));
    json_text(j, "part", db_col_is_null(s, 6) ? NULL : db_col_text(s, 6, NULL));
    json_time(j, "until_at", db_col_int(s, 7));
    json_time(j, "at", db_col_int(s, 8));
    json_id(j, "by", db_col_int(s, 9));
    json_text(j, "by_name", name_of(c, "user", db_col_int(s, 9)));
    json_close(j, '}');
}

static int list_kind(struct berth_ctx *c, struct json *j, const struct berth_row *r, const char *kind)
{
    struct db_stmt *s = db_prepare(c->conn,
        "SELECT id, kind, coalesce(user_id, 0), coalesce(department_id, 0), coalesce(role_id, 0), access, part, until_at, at,"
        " coalesce(by, 0) FROM record_share WHERE tbl = ? AND rec = ? AND kind = ? AND (until_at IS NULL OR until_at > ?) ORDER BY id");
    int rc;

    db_bind_int(s, 1, store_table_no(c->st, r->t));
    db_bind_int(s, 2, row_id(r));
    db_bind_text(s, 3, kind, -1);
    db_bind_int(s, 4, c->now);
    json_open(j, '[');
    while ((rc = db_step(s)) == DB_ROW)
        one_json(c, j, s);
    json_close(j, ']');
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "read shares") : c->rc;
}

/* Whom one may choose from beside people and departments, whose names everybody reads. */
static void roles_json(struct berth_ctx *c, struct json *j)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT id, name FROM role ORDER BY name__order, id LIMIT 500");

    json_key(j, "roles");
    json_open(j, '[');
    while (db_step(s) == DB_ROW) {
        json_open(j, '{');
        json_id(j, "id", db_col_int(s, 0));
        json_text(j, "name", db_col_text(s, 1, NULL));
        json_close(j, '}');
    }
    json_close(j, ']');
    db_reset(s);
}

/* How many more the record may have. */
static int64_t left(struct berth_ctx *c, const struct berth_row *r)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT count(*) FROM record_share WHERE tbl = ? AND rec = ?");
    int64_t n;

    db_bind_int(s, 1, store_table_no(c->st, r->t));
    db_bind_int(s, 2, row_id(r));
    n = db_one_int(s);
    return SHARES_MAX - n;
}

int share_list(struct berth_ctx *c, const struct berth_row *r, struct buf *out)
{
    struct json j = json_to(out);
    int64_t owner = row_int(r, r->t->at_owner);

    json_open(&j, '{');
    json_id(&j, "owner_id", owner);
    json_text(&j, "owner_name", owner == 0 ? NULL : name_of(c, "user", owner));
    json_flag(&j, "may", share_may(c, r));
    json_number(&j, "left", left(c, r));
    json_key(&j, "team");
    list_kind(c, &j, r, "team");
    json_key(&j, "shares");
    list_kind(c, &j, r, "share");
    if (share_may(c, r))
        roles_json(c, &j);
    json_close(&j, '}');
    return c->rc;
}

/* ---- writing ------------------------------------------------------------------------------------ */
static int run(struct berth_ctx *c, struct db_stmt *s)
{
    int rc = db_step(s);

    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "share a record") : (int)c->rc;
}

static void tell(struct berth_ctx *c, void *arg)
{
    if (c->st->events.send != NULL)
        c->st->events.send(c->st->events.hub, arg);
}

/* In the record's history (told) and the audit trail; rights are read anew, and open lists, too. */
static int note(struct berth_ctx *c, const struct berth_row *r, const char *op, const char *told, const char *name, const char *how)
{
    struct event *e = arena_alloc(c->a, sizeof(*e));

    *e = (struct event){.kind = EVENT_CHANGED, .table = r->t->name, .id = row_id(r)};
    perm_changed(c);
    ctx_after_commit(c, tell, e);
    history_note(c, r, op, told);
    return audit_add(c, op, arena_fmt(c->a, "%s %lld: %s%s", r->t->name, (long long)row_id(r), name, how));
}

/* "李娜: may read, until 2026-12-01 18:00" */
static const char *told_share(struct berth_ctx *c, const char *name, const char *access, int64_t until)
{
    return told_kept(c, until == 0 ? "share.told" : "share.told_until",
                     (const char *const[]){"to", name, "access", arena_fmt(c->a, "@base.share_access.%s", access), "until",
                                           arena_fmt(c->a, "^%lld", (long long)until), NULL});
}

static const char *choice(struct berth_ctx *c, const json_t *body, const char *key, const char *a, const char *b)
{
    const char *s = json_string_value(json_object_get(body, key));

    if (s != NULL && strcmp(s, a) == 0)
        return a;
    if (s != NULL && strcmp(s, b) == 0)
        return b;
    ctx_invalid(c, key, "err.choice", "value", s == NULL ? "" : s, NULL);
    return a;
}

static int64_t target_of(struct berth_ctx *c, const json_t *body, bool team, const struct target **out)
{
    int64_t id = 0;

    for (int i = 0; i < (team ? 1 : TARGETS); i++) {
        const json_t *v = json_object_get(body, targets[i].column);

        if (v == NULL || json_is_null(v))
            continue;
        if (id != 0 || !json_is_integer(v) || find_raw(c, model_table(c->m, targets[i].table), json_integer_value(v)) == NULL)
            return ctx_invalid(c, targets[i].column, "err.ref", NULL), 0;
        id = json_integer_value(v);
        *out = &targets[i];
    }
    if (id == 0)
        ctx_invalid(c, "user_id", "err.required", NULL);
    return id;
}

static int64_t until_of(struct berth_ctx *c, const json_t *body)
{
    const json_t *v = json_object_get(body, "until_at");
    const char *s = json_string_value(v);
    int64_t at = 0;

    if (v == NULL || json_is_null(v))
        return 0;
    if (s == NULL || !when_time_parse(s, strlen(s), &at) || at <= c->now)
        ctx_invalid(c, "until_at", "err.until", NULL);
    return at;
}

static int drop_same(struct berth_ctx *c, const struct berth_row *r, const char *kind, const struct target *to, int64_t id)
{
    struct db_stmt *s = db_prepare(c->conn, arena_fmt(c->a, "DELETE FROM record_share WHERE tbl = ? AND rec = ? AND kind = ? AND %s = ?",
                                                      to->column));

    db_bind_int(s, 1, store_table_no(c->st, r->t));
    db_bind_int(s, 2, row_id(r));
    db_bind_text(s, 3, kind, -1);
    db_bind_int(s, 4, id);
    return run(c, s);
}

int64_t share_add(struct berth_ctx *c, const struct berth_row *r, const json_t *body, int64_t *user_r)
{
    const char *kind = choice(c, body, "kind", "team", "share"), *access = choice(c, body, "access", "read", "cooperate");
    const char *part = json_string_value(json_object_get(body, "part"));
    const struct target *to = NULL;
    int64_t id = target_of(c, body, strcmp(kind, "team") == 0, &to), until = until_of(c, body);
    char ends[WHEN_TIME_MAX] = "";
    struct db_stmt *s;

    if (c->rc != BERTH_OK)
        return 0;
    if (!share_may(c, r))
        return ctx_fail(c, BERTH_DENIED, "denied", "err.denied"), 0;
    if (part != NULL && strlen(part) > 200)
        return ctx_invalid(c, "part", "err.too_long", "max", "60", NULL), 0;
    if (drop_same(c, r, kind, to, id) != BERTH_OK)
        return 0;
    if (left(c, r) <= 0)
        return ctx_fail(c, BERTH_CONFLICT, "conflict", "err.shares"), 0;
    s = db_prepare(c->conn, arena_fmt(c->a, "INSERT INTO record_share (kind, tbl, rec, %s, access, part, until_at, at, by)"
                                            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", to->column));
    db_bind_text(s, 1, kind, -1);
    db_bind_int(s, 2, store_table_no(c->st, r->t));
    db_bind_int(s, 3, row_id(r));
    db_bind_int(s, 4, id);
    db_bind_text(s, 5, access, -1);
    db_bind_text(s, 6, part, -1);
    if (until != 0) {
        db_bind_int(s, 7, until);
        when_time_format(until, ends);
    }
    db_bind_int(s, 8, c->now);
    if (c->who != NULL)
        db_bind_int(s, 9, c->who->id);
    if (run(c, s) != BERTH_OK)
        return 0;
    *user_r = to == &targets[0] ? id : 0;
    int64_t share = db_last_id(c->conn);

    note(c, r, kind, told_share(c, name_of(c, to->table, id), access, until), name_of(c, to->table, id), arena_fmt(c->a, ", %s%s%s", access, until == 0 ? "" : " until ", ends));
    return share;
}

int share_drop(struct berth_ctx *c, int64_t id)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT tbl, rec, coalesce(user_id, 0), coalesce(department_id, 0), coalesce(role_id, 0),"
                                            " coalesce(by, 0) FROM record_share WHERE id = ?");
    const struct table *t = NULL;
    struct berth_row *r = NULL;
    const char *name = "";
    bool mine = false;

    db_bind_int(s, 1, id);
    if (db_step(s) == DB_ROW) {
        t = store_table_of(c->st, c->m, db_col_int(s, 0));
        r = t == NULL ? NULL : find_raw(c, t, db_col_int(s, 1));
        mine = c->who != NULL && (db_col_int(s, 2) == c->who->id || db_col_int(s, 5) == c->who->id);
        for (int i = 0; i < TARGETS; i++)
            if (db_col_int(s, 2 + i) != 0)
                name = name_of(c, targets[i].table, db_col_int(s, 2 + i));
    }
    db_reset(s);
    if (r == NULL || !(mine || perm_row(c, r, DO_READ)))
        return ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    if (!mine && !share_may(c, r))
        return ctx_fail(c, BERTH_DENIED, "denied", "err.denied");
    s = db_prepare(c->conn, "DELETE FROM record_share WHERE id = ?");
    db_bind_int(s, 1, id);
    return run(c, s) == BERTH_OK ? note(c, r, "unshare", name, name, "") : (int)c->rc;
}
