/* import_result.c - what became of an import's rows: for people, and as a file to correct and import again. */
#include <stdlib.h>
#include <string.h>

#include "record/find.h"
#include "record/import.h"
#include "record/import_run.h"
#include "record/import_undo.h"
#include "record/save.h"
#include "sheet/sheet.h"

enum { PEEK = 30 };

/* ---- new rows --------------------------------------------------------------------------------------- */
/* Most have no line of their own: a part holds their numbers in the sheet, their ids follow each other. */
struct made {
    int64_t row, id;
};
struct made_list {
    struct made *v;
    size_t n, cap;
};

static int by_row(const void *a, const void *b)
{
    int64_t x = ((const struct made *)a)->row, y = ((const struct made *)b)->row;

    return (x > y) - (x < y);
}

static void add_part(struct made_list *l, int64_t id, const char *numbers, int64_t after)
{
    for (int64_t row; (row = import_next_row(&numbers)) != 0;) {
        if (row > after) {
            if (l->n == l->cap) {
                l->cap = l->cap == 0 ? 256 : l->cap * 2;
                l->v = mem_realloc(l->v, l->cap * sizeof(*l->v));
            }
            l->v[l->n++] = (struct made){row, id};
        }
        id += id != 0;
    }
}

static int64_t number_of(struct berth_ctx *c, const char *sql, int64_t a, int64_t b)
{
    struct db_stmt *s = db_prepare(c->conn, sql);

    db_bind_int(s, 1, a);
    db_bind_int(s, 2, b);
    return db_one_int(s);
}

/* At least the first `limit` new rows behind `after`, in the sheet's order. */
static void new_rows(struct berth_ctx *c, int64_t import, int64_t after, size_t limit, struct made_list *out)
{
    int64_t batch = number_of(c, "SELECT coalesce(max(batch), 0) FROM import_part WHERE import_id = ? AND batch <= ?",
                              import, after + 1);

    while (out->n < limit) {
        struct db_stmt *s = db_prepare(c->conn, "SELECT first_id, numbers FROM import_part WHERE import_id = ? AND batch = ?");
        size_t from = out->n;

        db_bind_int(s, 1, import);
        db_bind_int(s, 2, batch);
        while (db_step(s) == DB_ROW)
            add_part(out, db_col_int(s, 0), db_col_text(s, 1, NULL), after);
        db_reset(s);
        if (out->n > from)
            qsort(out->v + from, out->n - from, sizeof(*out->v), by_row);
        batch = number_of(c, "SELECT coalesce(min(batch), 0) FROM import_part WHERE import_id = ? AND batch > ?", import, batch);
        if (batch == 0)
            break;
    }
}

/* A new record, by its title for who sees it now: its line was kept short (import_part). */
static void new_out(struct berth_ctx *c, struct json *j, const struct made *m, const struct table *own)
{
    static const char *const empty[] = {"field", "message", "table", "by", "cell", "same_as", "like", "cells"};
    const struct berth_row *r = m->id == 0 ? NULL : find_raw(c, own, m->id);

    json_open(j, '{');
    json_number(j, "row", m->row);
    json_text(j, "outcome", "new");
    json_key(j, "record");
    if (m->id == 0)
        json_nil(j);
    else
        json_int(j, m->id);
    json_text(j, "title", r != NULL && perm_row(c, r, DO_READ) ? row_title(r) : NULL);
    for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
        json_key(j, empty[i]);
        json_nil(j);
    }
    json_close(j, '}');
}

/* ---- all rows ----------------------------------------------------------------------------------------- */
/* A record that undo left alone; who may not see it learns which table's.  own: the import's. */
static void kept_out(struct berth_ctx *c, struct json *j, struct db_stmt *s, const struct table *own)
{
    bool other = !db_col_is_null(s, 6);
    const struct table *t = other ? store_table_of(c->st, c->m, db_col_int(s, 6)) : own;
    int64_t id = t != NULL && find_exists(c, t, db_col_int(s, 2)) ? db_col_int(s, 2) : 0;
    const struct berth_row *bin = id != 0 || t == NULL ? NULL : row_of_bin(c, t, db_col_int(s, 2));
    bool seen = bin != NULL && perm_row(c, bin, DO_READ);

    json_open(j, '{');
    json_number(j, "row", db_col_int(s, 0));
    json_text(j, "outcome", "kept");
    json_key(j, "record");
    if (id == 0)
        json_nil(j);
    else
        json_int(j, id);
    json_text(j, "field", NULL);
    json_text(j, "message", db_col_text(s, 4, NULL));
    json_text(j, "table", other && t != NULL ? t->name : NULL);
    json_text(j, "title", id != 0 ? find_title(c, t, id) : seen ? row_title(bin) : NULL);
    for (int i = 0; i < 5; i++) {
        json_key(j, (const char *const[]){"by", "cell", "same_as", "like", "cells"}[i]);
        json_nil(j);
    }
    json_close(j, '}');
}

/* The table of the record that a row was told to be like. */
static const struct table *told_table(struct berth_ctx *c, const json_t *detail, const struct table *own)
{
    const char *name = json_string_value(json_object_get(detail, "table"));

    return name == NULL ? own : model_table(c->m, name);
}

/* What was told when the import ran names a record that the reader no longer sees, or another reader never did.  record: the row's; a new
 * row names the one it is like. */
static bool names_unseen(struct berth_ctx *c, const json_t *detail, int64_t record, const struct table *own)
{
    const struct table *t = told_table(c, detail, own);
    const json_t *like = json_object_get(detail, "like");

    record = like != NULL ? json_integer_value(like) : record;
    return record != 0 && (t == NULL || !find_exists(c, t, record));
}

static const char *told_hidden(struct berth_ctx *c, json_t *detail, const struct table *own, const char *told)
{
    struct ctx_match m = {.table = told_table(c, detail, own)};
    const json_t *by = json_object_get(detail, "by");
    bool like = json_object_get(detail, "like") != NULL;

    if (m.table == NULL || json_object_get(detail, "title") == NULL)
        return told; /* it names nothing */
    json_object_del(detail, "title");
    json_object_del(detail, "like");
    if (json_object_get(detail, "same_as") != NULL)
        return told; /* it names a row of the file */
    for (size_t i = 0; i < json_array_size(by) && i < sizeof(m.by) / sizeof(m.by[0]); i++)
        m.by[m.nby++] = json_string_value(json_array_get(by, i));
    return like ? import_tell_like_hidden(c, own, &m) : import_tell_hidden(c, own, &m);
}

static void row_out(struct berth_ctx *c, struct json *j, struct db_stmt *s, const struct table *own)
{
    static const char *const from_detail[] = {"table", "title", "by", "cell", "same_as", "like", "cells"};
    const char *text = db_col_text(s, 5, NULL), *outcome = db_col_text(s, 1, NULL);

    if (outcome != NULL && strcmp(outcome, "kept") == 0) {
        kept_out(c, j, s, own);
        return;
    }
    json_t *detail = text == NULL ? NULL : json_loads(text, 0, NULL);
    bool unseen = names_unseen(c, detail, db_col_int(s, 2), own), is_new = outcome != NULL && strcmp(outcome, "new") == 0;

    json_open(j, '{');
    json_number(j, "row", db_col_int(s, 0));
    json_text(j, "outcome", outcome);
    json_key(j, "record");
    if ((unseen && !is_new) || db_col_is_null(s, 2))
        json_nil(j);
    else
        json_int(j, db_col_int(s, 2));
    json_text(j, "field", db_col_text(s, 3, NULL));
    json_text(j, "message", unseen ? told_hidden(c, detail, own, db_col_text(s, 4, NULL)) : db_col_text(s, 4, NULL));
    for (size_t i = 0; i < sizeof(from_detail) / sizeof(from_detail[0]); i++) {
        const json_t *v = json_object_get(detail, from_detail[i]);
        char *raw = v == NULL ? NULL : json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);

        json_key(j, from_detail[i]);
        json_raw(j, raw == NULL ? "null" : raw, raw == NULL ? 4 : strlen(raw));
        free(raw);
    }
    json_close(j, '}');
    json_decref(detail);
}

static struct db_stmt *other_rows(struct berth_ctx *c, int64_t id, const char *outcome, const char *table, int64_t after)
{
    static const char beside[] =
        " UNION ALL SELECT min(row), 'kept', rec, NULL, max(message), NULL, tbl FROM import_touch WHERE import_id = ?1"
        " AND state = ?4 GROUP BY tbl, rec HAVING min(row) > ?2";
    bool kept = outcome != NULL && strcmp(outcome, "kept") == 0 && table == NULL;
    struct db_stmt *s = db_prepare(c->conn, arena_fmt(c->a,
        "SELECT row, outcome, record_id, field, message, detail, NULL AS tbl FROM import_row WHERE import_id = ?1 AND row > ?2%s%s%s"
        " ORDER BY row", outcome == NULL ? "" : " AND outcome = ?3", table == NULL ? "" : " AND key = ?4", kept ? beside : ""));

    db_bind_int(s, 1, id);
    db_bind_int(s, 2, after);
    if (outcome != NULL)
        db_bind_text(s, 3, outcome, -1);
    if (table != NULL)
        db_bind_text(s, 4, table, -1);
    if (kept)
        db_bind_int(s, 4, TOUCH_KEPT);
    return s;
}

int import_rows(struct berth_ctx *c, int64_t id, const char *outcome, const char *table, int64_t after, int limit,
                struct buf *out)
{
    struct made_list made = {0};
    struct json j = json_to(out);
    const struct table *t;
    const char *name, *path;
    struct db_stmt *s;
    int64_t last = 0;
    size_t at = 0;
    int n = 0, rc;

    if (!import_file(c, id, &t, &name, &path))
        return c->rc;
    if ((outcome == NULL || strcmp(outcome, "new") == 0) && table == NULL)
        new_rows(c, id, after, (size_t)limit + 1, &made);
    s = other_rows(c, id, outcome, table, after);
    rc = db_step(s);
    json_open(&j, '{');
    json_key(&j, "rows");
    json_open(&j, '[');
    /* what a hook did for one row is told with it */
    for (; (n < limit || (rc == DB_ROW && db_col_int(s, 0) == last)) && (rc == DB_ROW || at < made.n); n++) {
        if (rc == DB_ROW && at < made.n && made.v[at].row == db_col_int(s, 0))
            at++; /* its line says more */
        if (rc != DB_ROW || (at < made.n && made.v[at].row < db_col_int(s, 0))) {
            last = made.v[at].row;
            new_out(c, &j, &made.v[at++], t);
        } else {
            last = db_col_int(s, 0);
            row_out(c, &j, s, t);
            rc = db_step(s);
        }
    }
    json_close(&j, ']');
    json_text(&j, "next", (rc == DB_ROW || at < made.n) ? arena_fmt(c->a, "%lld", (long long)last) : NULL);
    json_close(&j, '}');
    db_reset(s);
    free(made.v);
    return rc < 0 ? ctx_db(c, rc, "read an import's rows") : BERTH_OK;
}

/* ---- the rows that did not go in ------------------------------------------------------------------------------ */
static int headers(struct berth_ctx *c, const char *path, const json_t *o, struct sheet_column **out, size_t *n)
{
    const char *sep = json_string_value(json_object_get(o, "separator"));
    struct sheet_options so = {.encoding = json_string_value(json_object_get(o, "encoding")),
                               .separator = sep == NULL ? '\0' : sep[0]};
    int64_t at = json_integer_value(json_object_get(o, "header_row"));
    struct sheet_error e = {0};
    struct sheet_row *rows;
    struct sheet *s;
    uint32_t width = 0;
    int found, head = -1;

    if (sheet_open(path, &so, &s, &e) < 0)
        return import_sheet_problem(c, &e);
    if (sheet_select(s, (size_t)json_integer_value(json_object_get(o, "sheet")), &e) < 0 ||
        (found = sheet_peek(s, c->a, PEEK, &rows, &e)) < 0) {
        sheet_close(&s);
        return import_sheet_problem(c, &e);
    }
    for (int i = 0; i < found; i++) {
        if (rows[i].number == (uint32_t)at)
            head = i;
        if (rows[i].len > width)
            width = rows[i].len;
    }
    sheet_close(&s);
    *out = arena_alloc(c->a, (width + 1) * sizeof(**out));
    for (uint32_t i = 0; i < width; i++)
        (*out)[i] = (struct sheet_column){.title = head < 0 ? "" : sheet_header_text(rows, head, i), .type = SHEET_TEXT};
    (*out)[width] = (struct sheet_column){.title = ctx_text(c, "import.reason", NULL), .type = SHEET_TEXT, .width = 60};
    *n = width;
    return c->rc;
}

static void add_cell(struct sheet_cell *to, const char *text)
{
    *to = (struct sheet_cell){.text = text, .len = (uint32_t)strlen(text), .type = *text == '\0' ? SHEET_EMPTY : SHEET_TEXT};
}

int import_rejected(struct berth_ctx *c, int64_t id, const char *kind, const char *outcome, const char *to)
{
    struct arena *all = c->a, *one; /* a row's: what is read to decide what may be told of it */
    const struct table *t;
    const char *name, *path;
    struct sheet_column *columns = NULL;
    struct sheet_error e = {0};
    struct sheet_writer *w;
    json_t *options = NULL;
    size_t width = 0;
    int rc = DB_DONE;
    struct db_stmt *s;

    if (!import_file(c, id, &t, &name, &path))
        return c->rc;
    s = db_prepare(c->conn, "SELECT args FROM job WHERE kind = 'import' AND args LIKE ? ORDER BY id DESC LIMIT 1");
    db_bind_text(s, 1, arena_fmt(c->a, "{\"import\":%lld,%%", (long long)id), -1);
    if ((rc = db_step(s)) == DB_ROW)
        options = json_loads(db_col_text(s, 0, NULL), 0, NULL);
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "read how an import was run");
    if (options == NULL)
        return ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    rc = headers(c, path, json_object_get(options, "options"), &columns, &width);
    json_decref(options);
    if (rc != BERTH_OK)
        return c->rc;
    if (sheet_write_open(to, strcmp(kind, "csv") == 0 ? SHEET_CSV : SHEET_XLSX, t->name, columns, width + 1, NULL, &w, &e) < 0)
        return import_sheet_problem(c, &e);
    s = db_prepare(c->conn, arena_fmt(c->a, "SELECT detail, message, record_id FROM import_row WHERE import_id = ?1 AND outcome %s ORDER BY"
                   " row", outcome == NULL ? "NOT IN ('new', 'updated', 'same', 'undone', 'kept')" : "= ?2"));
    db_bind_int(s, 1, id);
    if (outcome != NULL)
        db_bind_text(s, 2, outcome, -1);
    one = arena_new();
    while ((rc = db_step(s)) == DB_ROW) {
        const char *text = db_col_text(s, 0, NULL), *why = db_col_text(s, 1, NULL);
        json_t *d = text == NULL ? NULL : json_loads(text, 0, NULL);
        const json_t *cells = json_object_get(d, "cells");

        c->a = one;
        if (names_unseen(c, d, db_col_int(s, 2), t))
            why = told_hidden(c, d, t, why);
        c->a = all;
        struct sheet_cell *row = mem_alloc((width + 1) * sizeof(*row));

        for (size_t i = 0; i < width; i++) {
            const char *v = json_string_value(json_array_get(cells, i));

            add_cell(&row[i], v == NULL ? "" : v);
        }
        add_cell(&row[width], why == NULL ? "" : why);
        if (c->rc != BERTH_OK || sheet_write_row(w, row, width + 1, &e) < 0) /* whether it may be told could not be read */
            rc = -1;
        free(row);
        json_decref(d);
        arena_again(one);
        if (rc < 0)
            break;
    }
    arena_free(&one);
    db_reset(s);
    if (rc < 0) {
        sheet_write_drop(&w);
        return c->rc != BERTH_OK ? (int)c->rc : e.code != SHEET_OK ? import_sheet_problem(c, &e) : ctx_db(c, rc, "read an import's rows");
    }
    return sheet_write_close(&w, &e) < 0 ? import_sheet_problem(c, &e) : BERTH_OK;
}
