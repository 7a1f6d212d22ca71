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

/* By the order of the targets. */
static int64_t of_target(const struct berth_share *s, int target)
{
    return (const int64_t[]){s->user_id, s->department_id, s->role_id}[target];
}

/* How many more the record may have. */
static int32_t left(struct berth_ctx *c, const struct berth_row *r)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT count(*) FROM record_share WHERE tbl = ? AND rec = ?");

    db_bind_int(s, 1, store_table_no(c->st, r->t));
    db_bind_int(s, 2, row_id(r));
    return SHARES_MAX - (int32_t)db_one_int(s);
}

const struct berth_shares *share_all(struct berth_ctx *c, const struct berth_row *r)
{
    struct berth_shares *all = arena_alloc(c->a, sizeof(*all));
    const struct berth_share **of = arena_alloc(c->a, (SHARES_MAX + 1) * sizeof(*of));
    struct db_stmt *s;
    int rc = 0;

    *all = (struct berth_shares){.may = share_may(c, r), .left = share_table(r->t) ? left(c, r) : 0, .of = of};
    s = db_prepare(c->conn,
        "SELECT id, kind, coalesce(user_id, 0), coalesce(department_id, 0), coalesce(role_id, 0), access, part, coalesce(until_at, 0), at,"
        " coalesce(by, 0) FROM record_share WHERE tbl = ? AND rec = ? AND kind IN ('team', 'share') AND (until_at IS NULL OR until_at > ?)"
        " ORDER BY kind DESC, id");
    db_bind_int(s, 1, store_table_no(c->st, r->t));
    db_bind_int(s, 2, row_id(r));
    db_bind_int(s, 3, c->now);
    for (size_t n = 0; n < SHARES_MAX && (rc = db_step(s)) == DB_ROW; n++) {
        struct berth_share *one = arena_alloc(c->a, sizeof(*one));

        *one = (struct berth_share){
            .id = db_col_int(s, 0), .team = strcmp(db_col_text(s, 1, NULL), "team") == 0, .user_id = db_col_int(s, 2),
            .department_id = db_col_int(s, 3), .role_id = db_col_int(s, 4), .cooperate = strcmp(db_col_text(s, 5, NULL), "cooperate") == 0,
            .part = db_col_is_null(s, 6) ? NULL : arena_strdup(c->a, db_col_text(s, 6, NULL)), .until_at = db_col_int(s, 7),
            .at = db_col_int(s, 8), .by = db_col_int(s, 9)};
        of[n] = one;
    }
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "read shares");
    return c->rc == BERTH_OK ? all : NULL;
}

static void one_json(struct berth_ctx *c, struct json *j, const struct berth_share *s)
{
    json_open(j, '{');
    json_id(j, "id", s->id);
    for (int i = 0; i < TARGETS; i++) {
        json_id(j, targets[i].column, of_target(s, i));
        if (of_target(s, i) != 0)
            json_text(j, "name", name_of(c, targets[i].table, of_target(s, i)));
    }
    json_text(j, "access", s->cooperate ? "cooperate" : "read");
    json_text(j, "part", s->part);
    json_time(j, "until_at", s->until_at);
    json_time(j, "at", s->at);
    json_id(j, "by", s->by);
    json_text(j, "by_name", name_of(c, "user", s->by));
    json_close(j, '}');
}

static void list_json(struct berth_ctx *c, struct json *j, const char *name, const struct berth_shares *all, bool team)
{
    json_key(j, name);
    json_open(j, '[');
    for (size_t i = 0; all->of[i] != NULL; i++)
        if (all->of[i]->team == team)
            one_json(c, j, all->of[i]);
    json_close(j, ']');
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

int share_list(struct berth_ctx *c, const struct berth_row *r, struct buf *out)
{
    const struct berth_shares *all = share_all(c, r);
    struct json j = json_to(out);
    int64_t owner = row_int(r, r->t->at_owner);

    if (all == NULL)
        return c->rc;
    json_open(&j, '{');
    json_id(&j, "owner_id", owner);
    json_text(&j, "owner_name", owner == 0 ? NULL : name_of(c, "user", owner));
    json_flag(&j, "may", all->may);
    json_number(&j, "left", all->left);
    list_json(c, &j, "team", all, true);
    list_json(c, &j, "shares", all, false);
    if (all->may)
        roles_json(c, &j);
    json_close(&j, '}');
    return c->rc;
}

/* ---- writing ------------------------------------------------------------------------------------ */
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

/* The one that is named; NULL with the ctx's error. */
static const struct target *target_of(struct berth_ctx *c, const struct berth_share *s)
{
    const struct target *to = NULL;

    for (int i = 0; i < TARGETS; i++) {
        if (of_target(s, i) == 0)
            continue;
        if (to != NULL || (s->team && i > 0) || find_raw(c, model_table(c->m, targets[i].table), of_target(s, i)) == NULL)
            return ctx_invalid(c, targets[i].column, "err.ref", NULL), NULL;
        to = &targets[i];
    }
    if (to == NULL)
        ctx_invalid(c, "user_id", "err.required", NULL);
    return to;
}

static int drop_same(struct berth_ctx *c, const struct berth_row *r, const char *kind, const struct target *to, int64_t id)
{
    struct db_stmt *s = db_prepare(c->conn, arena_fmt(c->a, "DELETE FROM record_share WHERE tbl = ? AND rec = ? AND kind = ? AND %s = ?",
                                                      to->column));

    db_bind_int(s, 1, store_table_no(c->st, r->t));
    db_bind_int(s, 2, row_id(r));
    db_bind_text(s, 3, kind, -1);
    db_bind_int(s, 4, id);
    return ctx_write(c, s, "share a record");
}

int64_t share_add(struct berth_ctx *c, const struct berth_row *r, const struct berth_share *give)
{
    const char *kind = give->team ? "team" : "share", *access = give->cooperate ? "cooperate" : "read";
    const struct target *to = target_of(c, give);
    int64_t id = to == NULL ? 0 : of_target(give, (int)(to - targets));
    char ends[WHEN_TIME_MAX] = "";
    struct db_stmt *s;

    if (c->rc == BERTH_OK && give->until_at != 0 && give->until_at <= c->now)
        ctx_invalid(c, "until_at", "err.until", NULL);
    if (c->rc != BERTH_OK)
        return 0;
    if (!share_may(c, r))
        return ctx_fail(c, BERTH_DENIED, "denied", "err.denied"), 0;
    if (give->part != NULL && strlen(give->part) > 200)
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
    db_bind_text(s, 6, give->part, -1);
    if (give->until_at != 0) {
        db_bind_int(s, 7, give->until_at);
        when_time_format(give->until_at, ends);
    }
    db_bind_int(s, 8, c->now);
    if (c->who != NULL)
        db_bind_int(s, 9, c->who->id);
    if (ctx_write(c, s, "share a record") != BERTH_OK)
        return 0;
    int64_t share = db_last_id(c->conn);
    const char *name = name_of(c, to->table, id);

    note(c, r, kind, told_share(c, name, access, give->until_at), name,
         arena_fmt(c->a, ", %s%s%s", access, give->until_at == 0 ? "" : " until ", ends));
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
    return ctx_write(c, s, "share a record") == BERTH_OK ? note(c, r, "unshare", name, name, "") : (int)c->rc;
}
