/* history.c - a record's history as people read it: labels in their language, fields they may see. */
#include "record/history.h"

#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "record/changed.h"
#include "record/find.h"
#include "record/merge.h"
#include "record/titles.h"
#include "record/told.h"

static void value_json(struct json *j, const char *name, const json_t *v)
{
    char *raw = v == NULL ? NULL : json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);

    json_key(j, name);
    if (raw == NULL)
        json_nil(j);
    else
        json_raw(j, raw, strlen(raw));
    free(raw);
}

static void history_changes_json(struct berth_ctx *c, struct json *j, const struct berth_row *r, const char *text)
{
    json_t *list = changed_items(text), *item;
    size_t i;

    json_key(j, "changes");
    json_open(j, '[');
    json_array_foreach (list, i, item) {
        const struct changed x = changed_of(item);
        const struct field *f = x.field == NULL ? NULL : model_field(r->t, x.field);

        /* a field that is gone since is shown to those who see everything */
        if (f != NULL ? perm_field_of(r, f) >= ACCESS_READ : c->who == NULL || c->who->admin) {
            json_open(j, '{');
            json_text(j, "field", x.field);
            value_json(j, "from", x.from);
            value_json(j, "to", x.to);
            if (x.part)
                json_flag(j, "part", true);
            json_close(j, '}');
        }
    }
    json_close(j, ']');
    json_decref(list);
}

/* "Claimed": the table's own word for the change or the action, else everyone's for the change, else that of a timer
 * ("customers.care"), else everyone's for the action, else its name. */
static const char *op_label(struct berth_ctx *c, const struct table *t, const char *op)
{
    const char *dot = strchr(op, '.');
    const char *const words[] = {
        arena_fmt(c->a, "%s.op.%s", t->name, op), arena_fmt(c->a, "%s.action.%s", t->name, op), arena_fmt(c->a, "*.op.%s", op),
        dot == NULL ? NULL : arena_fmt(c->a, "%.*s.timer%s", (int)(dot - op), op, dot), arena_fmt(c->a, "*.action.%s", op)};
    const char *s = NULL;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]) && s == NULL; i++)
        s = words[i] == NULL ? NULL : labels_find(c->st->labels, c->locale, words[i]);
    return s != NULL ? s : op;
}

static void history_op(struct berth_ctx *c, struct json *j, const struct table *t, const char *op)
{
    json_text(j, "op", op);
    json_text(j, "label", op_label(c, t, op));
}

void history_entry(struct berth_ctx *c, struct json *j, const struct berth_row *r, struct db_stmt *s)
{
    char at[40];

    json_open(j, '{');
    json_text(j, "kind", "history");
    json_number(j, "id", db_col_int(s, 0));
    json_key(j, "at");
    when_time_format(db_col_int(s, 1), at);
    json_str(j, at);
    json_key(j, "by");
    if (db_col_is_null(s, 2))
        json_nil(j);
    else
        json_int(j, db_col_int(s, 2));
    history_op(c, j, r->t, db_col_text(s, 3, NULL));
    history_changes_json(c, j, r, db_col_text(s, 4, NULL));
    json_text(j, "note", told_text(c, db_col_text(s, 5, NULL)));
    json_close(j, '}');
}

/* The record itself knows when it was made and by whom; imports write no entry for it. */
static void created_entry(struct berth_ctx *c, struct json *j, const struct berth_row *r)
{
    char at[40];

    json_open(j, '{');
    json_text(j, "kind", "history");
    json_number(j, "id", 0);
    json_key(j, "at");
    when_time_format(row_int(r, F_CREATED_AT), at);
    json_str(j, at);
    json_key(j, "by");
    val_json(j, &r->t->fields[F_CREATED_BY], r->v[F_CREATED_BY]);
    history_op(c, j, r->t, "create");
    json_key(j, "changes");
    json_raw(j, "[]", 2);
    json_key(j, "note");
    json_nil(j);
    json_close(j, '}');
}

int history_each(struct berth_ctx *c, const struct berth_row *r, int64_t before, int limit,
                 void (*each)(void *arg, int64_t seq, int64_t at, int64_t by, struct buf *json), void *arg)
{
    struct buf b = BUF_INIT;
    struct json j;
    static const char gone[] = /* those that were merged into it, and into them */
        " OR rec IN (WITH RECURSIVE went(rec) AS (SELECT g.rec FROM merge_gone g JOIN merging m ON m.seq = g.merge_id"
        " WHERE m.tbl = ?1 AND m.kept = ?2 AND m.split_at IS NULL UNION SELECT g.rec FROM went w JOIN merging m ON m.tbl = ?1"
        " AND m.kept = w.rec AND m.split_at IS NULL JOIN merge_gone g ON g.merge_id = m.seq) SELECT rec FROM went)";
    struct db_stmt *s;
    int n = 0, rc = DB_DONE;

    s = db_prepare(c->conn, arena_fmt(c->a, "SELECT seq, at, by, op, changes, note FROM history WHERE tbl = ?1 AND (rec = ?2%s) AND"
                            " seq < ?3 AND op <> 'create' ORDER BY seq DESC LIMIT ?4", merge_any(c, r->t, row_id(r)) ? gone : ""));
    db_bind_int(s, 1, store_table_no(c->st, r->t));
    db_bind_int(s, 2, row_id(r));
    db_bind_int(s, 3, before);
    db_bind_int(s, 4, limit);
    while (n < limit && (rc = db_step(s)) == DB_ROW) {
        buf_clear(&b);
        j = json_to(&b);
        history_entry(c, &j, r, s);
        each(arg, db_col_int(s, 0), db_col_int(s, 1), db_col_is_null(s, 2) ? 0 : db_col_int(s, 2), &b);
        n++;
    }
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "read history");
    if (c->rc == BERTH_OK && n < limit && before > 0) {
        buf_clear(&b);
        j = json_to(&b);
        created_entry(c, &j, r);
        each(arg, 0, row_int(r, F_CREATED_AT), row_int(r, F_CREATED_BY), &b);
    }
    buf_free(&b);
    return c->rc;
}

struct told_page {
    struct berth_ctx *c;
    const struct berth_row *r;
    struct json *j;
    struct berth_row **by;
    int n, limit;
    int64_t last;
    bool more;
};

static void page_entry(void *arg, int64_t seq, int64_t at, int64_t by, struct buf *json)
{
    struct told_page *p = arg;

    (void)at;
    if (p->n == p->limit) {
        p->more = true;
        return;
    }
    json_raw(p->j, json->s, json->len);
    p->by[p->n] = row_new(p->c, p->r->t); /* carries nothing but who did it, for the titles */
    if (by != 0)
        p->by[p->n]->v[F_CREATED_BY] = (struct berth_val){BERTH_REF, 0, {.i = by}};
    p->n++;
    p->last = seq;
}

int history_page(struct berth_ctx *c, const struct berth_row *r, int64_t before, int limit, struct buf *out)
{
    struct json j = json_to(out);
    struct told_page p = {
        .c = c, .r = r, .j = &j, .by = arena_alloc(c->a, (size_t)(limit + 1) * sizeof(struct berth_row *)), .limit = limit};

    json_open(&j, '{');
    json_key(&j, "entries");
    json_open(&j, '[');
    history_each(c, r, before > 0 ? before : INT64_MAX, limit + 1, page_entry, &p);
    json_close(&j, ']');
    titles_of_rows(c, &j, p.by, (size_t)p.n);
    json_id(&j, "next", p.more ? p.last : 0);
    json_close(&j, '}');
    return c->rc;
}
