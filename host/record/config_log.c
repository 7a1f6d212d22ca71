/* config_log.c - what was changed in the configuration: the history of all its tables as one list. */
#include <string.h>

#include "record/config.h"
#include "record/find.h"
#include "record/changed.h"
#include "record/history.h"
#include "record/titles.h"

struct entry {
    int64_t seq, tbl, rec;
};

/* Behind `before`, newest first.  By table: the index leads there, and the business's own history is passed over. */
static size_t newest(struct berth_ctx *c, int64_t before, int limit, struct entry *out)
{
    struct buf sql = BUF_INIT;
    struct db_stmt *s;
    size_t n = 0;
    int rc = DB_DONE;

    buf_puts(&sql, "SELECT seq, tbl, rec FROM history WHERE tbl IN (0");
    for (size_t i = 0; i < c->m->ntables; i++)
        if (c->m->tables[i].known != NULL)
            buf_addf(&sql, ", %lld", (long long)store_table_no(c->st, &c->m->tables[i]));
    buf_puts(&sql, ") AND seq < ? ORDER BY seq + 0 DESC LIMIT ?");
    s = db_prepare(c->conn, arena_strdup(c->a, sql.s));
    buf_free(&sql);
    db_bind_int(s, 1, before > 0 ? before : INT64_MAX);
    db_bind_int(s, 2, limit);
    while ((rc = db_step(s)) == DB_ROW)
        out[n++] = (struct entry){db_col_int(s, 0), db_col_int(s, 1), db_col_int(s, 2)};
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "read the configuration's history");
    return n;
}

/* What a record that is gone was called when it went. */
static const char *title_then(struct berth_ctx *c, const struct table *t, const struct entry *e)
{
    struct db_stmt *s =
        db_prepare(c->conn, "SELECT changes FROM history WHERE tbl = ? AND rec = ? AND op = 'delete' ORDER BY seq DESC LIMIT 1");
    const char *title = NULL, *text;
    json_t *list = NULL, *item;
    size_t i;

    db_bind_int(s, 1, e->tbl);
    db_bind_int(s, 2, e->rec);
    if (db_step(s) == DB_ROW && (text = db_col_text(s, 0, NULL)) != NULL)
        list = changed_items(text);
    db_reset(s);
    json_array_foreach (list, i, item) {
        const struct changed x = changed_of(item);

        if (x.field != NULL && t->title != NULL && strcmp(x.field, t->title->name) == 0 && json_is_string(x.from))
            title = arena_strdup(c->a, json_string_value(x.from));
    }
    json_decref(list);
    return title;
}

/* Who did it, for the titles; NULL: it is of a table that is off. */
static struct berth_row *entry_json(struct berth_ctx *c, struct json *j, const struct entry *e)
{
    const struct table *t = store_table_of(c->st, c->m, e->tbl);
    struct berth_row *now = t == NULL ? NULL : find_raw(c, t, e->rec), *by;
    struct db_stmt *s;

    if (t == NULL)
        return NULL;
    by = row_new(c, t);
    json_open(j, '{');
    json_text(j, "table", t->name);
    json_text(j, "label", labels_get(c->st->labels, c->locale, arena_fmt(c->a, "%s.*", t->name)));
    json_number(j, "record", e->rec);
    json_text(j, "title", now == NULL ? title_then(c, t, e) : row_title(now));
    json_key(j, "entry");
    s = db_prepare(c->conn, "SELECT seq, at, by, op, changes, note FROM history WHERE seq = ?");
    db_bind_int(s, 1, e->seq);
    if (db_step(s) == DB_ROW) {
        if (!db_col_is_null(s, 2))
            by->v[F_CREATED_BY] = (struct berth_val){BERTH_REF, 0, {.i = db_col_int(s, 2)}};
        history_entry(c, j, now == NULL ? by : now, s);
    }
    db_reset(s);
    json_close(j, '}');
    return by;
}

int config_log(struct berth_ctx *c, int64_t before, int limit, struct buf *out)
{
    struct entry *e = arena_alloc(c->a, (size_t)(limit + 1) * sizeof(*e));
    size_t n = newest(c, before, limit + 1, e), told = 0, shown = n > (size_t)limit ? (size_t)limit : n;
    struct berth_row **by = arena_alloc(c->a, (shown + 1) * sizeof(struct berth_row *));
    struct json j = json_to(out);

    json_open(&j, '{');
    json_key(&j, "entries");
    json_open(&j, '[');
    for (size_t i = 0; i < shown && c->rc == BERTH_OK; i++)
        if ((by[told] = entry_json(c, &j, &e[i])) != NULL)
            told++;
    json_close(&j, ']');
    titles_of_rows(c, &j, by, told);
    json_id(&j, "next", n > shown ? e[shown - 1].seq : 0);
    json_close(&j, '}');
    return c->rc;
}
