/* tag.c - coloured labels on any record; lists are filtered by them through where.c ("_tags"). */
#include <string.h>

#include "service/note.h"

enum { TAGS_ALL = 200, TAGS_EACH = 20 };

static void list(struct berth_ctx *c, struct json *j, const char *key, struct db_stmt *s)
{
    json_key(j, key);
    json_open(j, '[');
    while (db_step(s) == DB_ROW) {
        json_open(j, '{');
        json_number(j, "id", db_col_int(s, 0));
        json_text(j, "name", db_col_text(s, 1, NULL));
        json_text(j, "color", db_col_text(s, 2, NULL));
        json_close(j, '}');
    }
    json_close(j, ']');
    db_reset(s);
    (void)c;
}

int tag_list(struct berth_ctx *c, const struct berth_row *r, struct buf *out)
{
    struct json j = json_to(out);
    struct db_stmt *s = db_prepare(c->conn, "SELECT t.id, t.name, t.color FROM record_tag r JOIN tag t ON t.id = r.tag"
                                            " WHERE r.tbl = ? AND r.rec = ? ORDER BY t.name__order, t.id");

    db_bind_int(s, 1, store_table_no(c->st, r->t));
    db_bind_int(s, 2, row_id(r));
    json_open(&j, '{');
    list(c, &j, "tags", s);
    s = db_prepare(c->conn, "SELECT id, name, color FROM tag ORDER BY name__order, id LIMIT ?");
    db_bind_int(s, 1, TAGS_ALL);
    list(c, &j, "all", s);
    json_close(&j, '}');
    return c->rc;
}

static bool exists(struct berth_ctx *c, int64_t tag)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT 1 FROM tag WHERE id = ?");
    bool yes;

    db_bind_int(s, 1, tag);
    yes = db_step(s) == DB_ROW;
    db_reset(s);
    return yes;
}

int tag_set(struct berth_ctx *c, const struct berth_row *r, const json_t *ids)
{
    int64_t tbl = store_table_no(c->st, r->t);
    struct db_stmt *s;
    const json_t *one;
    size_t i;

    if (!perm_row(c, r, DO_UPDATE))
        return ctx_fail(c, BERTH_DENIED, "denied", "err.denied");
    if (!(json_is_array(ids) || (json_is_object(ids) && json_object_size(ids) == 0)) || /* Lua's {} is both */
        json_array_size(ids) > TAGS_EACH)
        return ctx_invalid(c, "tags", "err.list", NULL);
    s = db_prepare(c->conn, "DELETE FROM record_tag WHERE tbl = ? AND rec = ?");
    db_bind_int(s, 1, tbl);
    db_bind_int(s, 2, row_id(r));
    if (ctx_write(c, s, "tag a record") != BERTH_OK)
        return c->rc;
    json_array_foreach (ids, i, one) {
        if (!json_is_integer(one) || !exists(c, json_integer_value(one)))
            return ctx_invalid(c, "tags", "err.ref", NULL);
        s = db_prepare(c->conn, "INSERT INTO record_tag (tag, tbl, rec) VALUES (?, ?, ?) ON CONFLICT (tag, tbl, rec) DO NOTHING");
        db_bind_int(s, 1, json_integer_value(one));
        db_bind_int(s, 2, tbl);
        db_bind_int(s, 3, row_id(r));
        if (ctx_write(c, s, "tag a record") != BERTH_OK)
            return c->rc;
    }
    return c->rc;
}
