/* sqlite_rows.c - many rows by one statement: INSERT ... SELECT from a table that only the caller knows.
 *
 * A statement a row opens a cursor on the table and each of its indexes, looks for the table's last id among those of all
 * tables, finds its way from each root to where the row belongs, and closes everything: two fifths of what inserting costs.
 * Within one statement all of that stays, and a row that belongs behind the one before is put there. */
#include <stdlib.h>

#include "base/arena.h"
#include "db/sqlite.h"

#define ROWS "berth_rows"

struct rows_table {
    sqlite3_vtab base; /* first */
    struct sq_conn *conn;
};

struct rows_cursor {
    sqlite3_vtab_cursor base; /* first */
    const struct db_rows *rows;
    size_t at;
};

/* As many columns as any table may have; what is not asked for costs nothing. */
static int rows_connect(sqlite3 *h, void *conn, int argc, const char *const *argv, sqlite3_vtab **out, char **err)
{
    struct buf sql = BUF_INIT;
    struct rows_table *t;
    int rc;

    (void)argc, (void)argv, (void)err;
    buf_puts(&sql, "CREATE TABLE x (");
    for (int i = 0; i < db_sqlite.dialect.max_columns; i++)
        buf_addf(&sql, "%sc%d", i > 0 ? "," : "", i);
    buf_putc(&sql, ')');
    rc = sqlite3_declare_vtab(h, buf_str(&sql));
    buf_free(&sql);
    if (rc != SQLITE_OK)
        return rc;
    t = mem_alloc(sizeof(*t));
    t->conn = conn;
    *out = &t->base;
    return SQLITE_OK;
}

static int rows_disconnect(sqlite3_vtab *t)
{
    free(t);
    return SQLITE_OK;
}

static int rows_plan(sqlite3_vtab *t, sqlite3_index_info *info)
{
    (void)t;
    info->estimatedCost = 1;
    return SQLITE_OK;
}

static int rows_open(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
    struct rows_cursor *c = mem_alloc(sizeof(*c));

    c->rows = ((struct rows_table *)(void *)t)->conn->rows;
    *out = &c->base;
    return SQLITE_OK;
}

static int rows_close(sqlite3_vtab_cursor *c)
{
    free(c);
    return SQLITE_OK;
}

static int rows_first(sqlite3_vtab_cursor *base, int n, const char *text, int argc, sqlite3_value **argv)
{
    (void)n, (void)text, (void)argc, (void)argv;
    ((struct rows_cursor *)(void *)base)->at = 0;
    return SQLITE_OK;
}

static int rows_next(sqlite3_vtab_cursor *base)
{
    ((struct rows_cursor *)(void *)base)->at++;
    return SQLITE_OK;
}

static int rows_over(sqlite3_vtab_cursor *base)
{
    const struct rows_cursor *c = (struct rows_cursor *)(void *)base;

    return c->rows == NULL || c->at >= c->rows->n;
}

static int rows_column(sqlite3_vtab_cursor *base, sqlite3_context *out, int i)
{
    const struct rows_cursor *c = (struct rows_cursor *)(void *)base;
    const struct db_value v = c->rows->value(c->rows->arg, c->at, i);

    switch (v.type) {
    case DB_T_INT:
        sqlite3_result_int64(out, v.i);
        break;
    case DB_T_REAL:
        sqlite3_result_double(out, v.d);
        break;
    case DB_T_TEXT:
        sqlite3_result_text64(out, v.s, v.len, SQLITE_STATIC, SQLITE_UTF8);
        break;
    case DB_T_BLOB:
        sqlite3_result_blob64(out, v.s, v.len, SQLITE_STATIC);
        break;
    case DB_T_NULL:
        break;
    }
    return SQLITE_OK;
}

static int rows_id(sqlite3_vtab_cursor *base, sqlite3_int64 *id)
{
    *id = (sqlite3_int64)((struct rows_cursor *)(void *)base)->at;
    return SQLITE_OK;
}

static const sqlite3_module rows_module = {
    .iVersion = 1,
    .xConnect = rows_connect, /* without xCreate it is there by its name alone */
    .xBestIndex = rows_plan,
    .xDisconnect = rows_disconnect,
    .xOpen = rows_open,
    .xClose = rows_close,
    .xFilter = rows_first,
    .xNext = rows_next,
    .xEof = rows_over,
    .xColumn = rows_column,
    .xRowid = rows_id,
};

int sq_rows_register(struct sq_conn *c)
{
    return sqlite3_create_module(c->h, ROWS, &rows_module, c);
}

/* OR FAIL: what is there when a row is refused stays; to be able to take it back SQLite would copy each page first. */
int sq_insert_rows(struct db_conn *base, const struct db_rows *rows)
{
    struct sq_conn *c = (struct sq_conn *)base;
    struct buf sql = BUF_INIT;
    struct db_stmt *s;
    int rc;

    buf_addf(&sql, "INSERT OR FAIL INTO %s SELECT ", rows->into);
    for (int i = 0; i < rows->columns; i++)
        buf_addf(&sql, "%sc%d", i > 0 ? ", " : "", i);
    buf_puts(&sql, " FROM " ROWS);
    s = sq_prepare(base, buf_str(&sql));
    buf_free(&sql);
    c->rows = rows;
    rc = db_step(s);
    c->rows = NULL;
    return rc;
}
