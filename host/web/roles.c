/* roles.c - a role made from another one: its rights on tables, on fields, and its permissions. */
#include <string.h>

#include "record/find.h"
#include "record/save.h"
#include "web/app.h"

enum { RIGHTS_MAX = 10000 };

static void copy_rights(struct call *k, const char *table, int64_t from, int64_t to)
{
    struct berth_ctx *c = &k->c;
    const struct table *t = model_table(c->m, table);
    struct db_stmt *s = db_prepare(c->conn, arena_fmt(c->a, "SELECT id FROM %s WHERE role_id = ? ORDER BY id LIMIT %d",
                                                      t->sql, RIGHTS_MAX));
    int64_t *ids = arena_alloc(c->a, RIGHTS_MAX * sizeof(*ids));
    size_t n = 0;
    int rc;

    db_bind_int(s, 1, from);
    while ((rc = db_step(s)) == DB_ROW && n < RIGHTS_MAX)
        ids[n++] = db_col_int(s, 0);
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "read a role's rights");
    for (size_t i = 0; i < n && c->rc == BERTH_OK; i++) {
        const struct berth_row *old = find_raw(c, t, ids[i]);
        struct berth_row *r = row_new(c, t);

        for (int f = F_DECLARED; f < t->nfields; f++)
            r->v[f] = old->v[f];
        row_set(r, "role_id", berth_i(to));
        row_save(c, r);
    }
}

static int role_copy(struct call *k)
{
    struct berth_ctx *c = &k->c;
    const struct table *t = model_table(c->m, "role");
    const char *name = call_string(k, "name");
    struct berth_row *old = find_one(c, t, k->id), *r;
    struct json j = call_json(k);

    if (old == NULL)
        return c->rc;
    if (name == NULL || *name == '\0')
        return ctx_invalid(c, "name", "err.required", NULL);
    r = row_new(c, t);
    row_set(r, "name", berth_s(name));
    row_set(r, "note", row_get(old, "note"));
    if (row_save(c, r) != BERTH_OK)
        return c->rc;
    if (row_id(r) == 0) /* whoever approves it would not see what it may */
        return ctx_fail(c, BERTH_CONFLICT, "waiting", "err.approval_by_itself");
    copy_rights(k, "role_table", k->id, row_id(r));
    copy_rights(k, "role_field", k->id, row_id(r));
    copy_rights(k, "role_perm", k->id, row_id(r));
    if (c->rc != BERTH_OK)
        return c->rc;
    k->req->status = 201;
    json_open(&j, '{');
    json_number(&j, "id", row_id(r));
    json_close(&j, '}');
    return c->rc;
}

const struct route_entry routes_roles[] = {
    {"POST", "/api/role/{id}/_copy", R_ADMIN | R_WRITE, role_copy, .about = "a new role with the same rights: {\"name\"}"},
    {0},
};
