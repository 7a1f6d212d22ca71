/* sqlite_rows.c - many rows by one statement: INSERT ... SELECT from a table that only the caller knows.
 *
 * A statement a row opens a cursor on the table and each of its indexes, looks for the table's last id among those of all
 * tables, finds its way from each root to where the row belongs, and closes everything: two fifths of what inserting costs.
 * Within one statement all of that stays, and a row that belongs behind the one before is put there.
 *
 * Rows of bodies that are sure wait for those of the bodies behind them.  Nobody sees that they do: whatever else the
 * connection is asked, a COMMIT too, puts them in first. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "db/sqlite.h"

#define ROWS "berth_rows"

/* The rows that wait for one statement; kept for the next ones when they are in. */
struct sq_waiting {
    char *into, *sql;
    int columns;
    struct db_value *v; /* row by row; texts are in the connection's arena */
    size_t n, cap;      /* rows */
    int64_t last_id;    /* of the table, as it will be */
    struct sq_waiting *next;       /* of all */
    struct sq_waiting *next_there; /* of those that have rows, in the order of their first */
};

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
static char *insert_sql(const char *into, int columns)
{
    struct buf sql = BUF_INIT;
    char *s;

    buf_addf(&sql, "INSERT OR FAIL INTO %s SELECT ", into);
    for (int i = 0; i < columns; i++)
        buf_addf(&sql, "%sc%d", i > 0 ? ", " : "", i);
    buf_puts(&sql, " FROM " ROWS);
    s = mem_strdup(buf_str(&sql));
    buf_free(&sql);
    return s;
}

static struct sq_waiting *waiting_for(struct sq_conn *c, const char *into, int columns)
{
    struct sq_waiting **at = &c->all_waiting;

    while (*at != NULL && strcmp((*at)->into, into) != 0)
        at = &(*at)->next;
    if (*at == NULL) {
        *at = mem_alloc(sizeof(**at));
        **at = (struct sq_waiting){.into = mem_strdup(into), .sql = insert_sql(into, columns), .columns = columns};
    }
    return *at;
}

static int insert_rows(struct sq_conn *c, const char *sql, const struct db_rows *rows)
{
    struct db_stmt *s = sq_prepare(&c->base, sql);
    int rc;

    c->rows = rows;
    rc = db_step(s);
    c->rows = NULL;
    return rc;
}

int sq_insert_rows(struct db_conn *base, const struct db_rows *rows)
{
    struct sq_conn *c = (struct sq_conn *)base;
    char *sql = insert_sql(rows->into, rows->columns); /* of an import nearly each statement may have other columns: none is kept */
    int rc = sq_put_waiting(c);

    if (rc == DB_OK)
        rc = insert_rows(c, sql, rows);
    free(sql);
    return rc;
}

/* ---- rows that wait ------------------------------------------------------------------------- */
static struct db_value waiting_value(void *arg, size_t row, int column)
{
    const struct sq_waiting *k = arg;

    return k->v[row * (size_t)k->columns + (size_t)column];
}

static int put_in(struct sq_conn *c, struct sq_waiting *k, size_t n)
{
    int rc = insert_rows(c, k->sql, &(struct db_rows){k->into, k->columns, n, waiting_value, k});

    if (rc == DB_OK && k->last_id != 0 && sqlite3_last_insert_rowid(c->h) != k->last_id)
        rc = sq_fail(c, SQLITE_INTERNAL, "a row got another id than was told");
    return rc;
}

int sq_put_waiting(struct sq_conn *c)
{
    struct sq_waiting *k = c->waiting;
    int rc = c->lost, wanted = c->wanted;
    int64_t before = sqlite3_total_changes64(c->h);

    if (k == NULL)
        return DB_OK;
    c->waiting = NULL;   /* what is stepped from here on does not come back here */
    c->wanted = c->open; /* nor do they go into the savepoint that the body at hand has coming */
    for (; k != NULL; k = k->next_there) {
        rc = rc == DB_OK ? put_in(c, k, k->n) : rc;
        k->n = 0;
        k->last_id = 0;
    }
    arena_again(c->waiting_texts);
    c->wanted = wanted;
    c->changed += sqlite3_total_changes64(c->h) - before; /* not the body's */
    if (rc != DB_OK && c->lost == DB_OK) /* they were said to be there */
        c->lost = rc;
    return rc;
}

void sq_drop_waiting(struct sq_conn *c)
{
    for (struct sq_waiting *k = c->waiting; k != NULL; k = k->next_there) {
        k->n = 0;
        k->last_id = 0;
    }
    c->waiting = NULL;
    if (c->waiting_texts != NULL)
        arena_again(c->waiting_texts);
}

void sq_free_waiting(struct sq_conn *c)
{
    while (c->all_waiting != NULL) {
        struct sq_waiting *k = c->all_waiting;

        c->all_waiting = k->next;
        free(k->into);
        free(k->sql);
        free(k->v);
        free(k);
    }
    if (c->waiting_texts != NULL)
        arena_free(&c->waiting_texts);
}

/* The last id that a table gave; what waits for other tables changes nothing of it. */
static int64_t last_id(struct sq_conn *c, const char *into)
{
    struct sq_waiting *waiting = c->waiting;
    struct db_stmt *s = sq_prepare(&c->base, "SELECT seq FROM sqlite_sequence WHERE name = ?");
    size_t quote = into[0] == '"';

    db_bind_text(s, 1, into + quote, (int64_t)strcspn(into + quote, quote ? "\"" : " "));
    c->waiting = NULL;
    int64_t id = db_one_int(s);
    c->waiting = waiting;
    return id;
}

static void keep(struct sq_conn *c, struct sq_waiting *k, const struct db_value *v)
{
    struct db_value *to;

    if (k->n == k->cap) {
        k->cap = k->cap == 0 ? 64 : k->cap * 2;
        k->v = mem_realloc(k->v, k->cap * (size_t)k->columns * sizeof(*k->v));
    }
    to = k->v + k->n * (size_t)k->columns;
    memcpy(to, v, (size_t)k->columns * sizeof(*v));
    for (int i = 0; i < k->columns; i++)
        if (v[i].type == DB_T_TEXT || v[i].type == DB_T_BLOB)
            to[i].s = arena_strndup(c->waiting_texts, v[i].s, v[i].len);
    k->n++;
    c->added++;
}

static bool may_wait(const struct sq_conn *c)
{
    return c->together && c->wanted == 1 && c->lost == DB_OK;
}

static void wait_for_others(struct sq_conn *c, struct sq_waiting *k, const struct db_row *row)
{
    if (k->n == 0) {
        struct sq_waiting **at = &c->waiting;

        while (*at != NULL)
            at = &(*at)->next_there;
        *at = k;
        k->next_there = NULL;
        if (c->waiting_texts == NULL)
            c->waiting_texts = arena_new();
    }
    if (row->id != NULL) {
        if (k->last_id == 0)
            k->last_id = last_id(c, k->into);
        *row->id = k->last_id += (int64_t)row->n;
    }
    for (size_t i = 0; i < row->n; i++)
        keep(c, k, row->values + i * (size_t)row->columns);
}

bool sq_stretch_waiting(struct sq_conn *c, const char *into, bool (*stretch)(struct db_value *last, const void *arg), const void *arg)
{
    struct sq_waiting *k = may_wait(c) ? c->waiting : NULL;

    while (k != NULL && strcmp(k->into, into) != 0)
        k = k->next_there;
    if (k == NULL || !stretch(k->v + (k->n - 1) * (size_t)k->columns, arg))
        return false;
    c->added++; /* a change of the body at hand */
    return true;
}

static struct db_value row_value(void *arg, size_t n, int column)
{
    const struct db_row *row = arg;

    return row->values[n * (size_t)row->columns + (size_t)column];
}

int sq_add_row(struct db_conn *base, const struct db_row *row)
{
    struct sq_conn *c = (struct sq_conn *)base;
    struct sq_waiting *k = waiting_for(c, row->into, row->columns);
    int rc = DB_OK;

    if (row->n == 0)
        return DB_OK;
    if (may_wait(c) && !row->unique) {
        wait_for_others(c, k, row);
        return DB_OK;
    }
    rc = sq_put_waiting(c);
    if (rc == DB_OK)
        rc = insert_rows(c, k->sql, &(struct db_rows){row->into, row->columns, row->n, row_value, (void *)(uintptr_t)row});
    if (rc == DB_OK && row->id != NULL)
        *row->id = sqlite3_last_insert_rowid(c->h);
    return rc;
}
