/* sqlite_report.c - connections for SQL that people wrote: it reads what the views show, and nothing else.
 *
 * The connection's own database is empty and in memory.  Ours is attached under a name nobody can guess, and
 * temporary views with the plain names lie in front of it.  Two things keep the rest out of reach, and each would do:
 *   - every table has a view of its name, some of them without rows, and a plain name finds the view first;
 *   - once the views are made an authorizer allows a table to be read by its own view alone.
 * An authorizer that went by the view's name only would let "WITH lead AS (SELECT * FROM other) SELECT * FROM lead"
 * pass, because what a WITH names passes for a view. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/arena.h"
#include "db/sqlite.h"

enum { SECRET = 16 }; /* bytes */

struct view {
    const char *name, *table;
};

struct report {
    struct sq_conn conn; /* first */
    char schema[2 + 2 * SECRET];
    struct view *views;
    size_t nviews;
    const struct db_function *functions;
    size_t nfunctions;
};

/* What SQL may call: nothing that reads files, makes memory of any size, or tells about the database. */
static const char *const harmless[] = {
    "abs", "avg", "ceil", "ceiling", "char", "coalesce", "count", "cume_dist", "date", "datetime", "dense_rank", "first_value", "floor",
    "glob", "group_concat", "ifnull", "iif", "instr", "julianday", "lag", "last_value", "lead", "length", "like", "lower", "ltrim", "max",
    "min", "mod", "nth_value", "ntile", "nullif", "percent_rank", "rank", "replace", "round", "row_number", "rtrim", "sign", "strftime",
    "substr", "substring", "sum", "time", "total", "trim", "trunc", "unicode", "unixepoch", "upper",
};

static bool may_call(const struct report *r, const char *name)
{
    for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
        if (sqlite3_stricmp(name, harmless[i]) == 0)
            return true;
    for (size_t i = 0; i < r->nfunctions; i++)
        if (strcmp(name, r->functions[i].name) == 0)
            return true;
    return false;
}

static const struct view *view_named(const struct report *r, const char *name)
{
    for (size_t i = 0; i < r->nviews; i++)
        if (sqlite3_stricmp(r->views[i].name, name) == 0)
            return &r->views[i];
    return NULL;
}

/* `by` is the view in which the name stands; NULL: the people's own SQL.  That some table is asked for without any of
 * its columns SQLite says only after the views are gone: of one that has a view it can but be the view that asks. */
static bool may_read(const struct report *r, const char *table, const char *column, const char *schema, const char *by)
{
    const struct view *v = by != NULL ? view_named(r, by) : *column == '\0' ? view_named(r, table) : NULL;

    if (schema == NULL)
        return false;
    if (strcmp(schema, "temp") == 0)
        return view_named(r, table) != NULL;
    return strcmp(schema, r->schema) == 0 && v != NULL && v->table != NULL && strcmp(v->table, table) == 0;
}

static int may(void *arg, int what, const char *a, const char *b, const char *schema, const char *by)
{
    const struct report *r = arg;
    bool yes = what == SQLITE_SELECT || (what == SQLITE_FUNCTION && may_call(r, b)) ||
               (what == SQLITE_READ && may_read(r, a, b, schema, by));

    return yes ? SQLITE_OK : SQLITE_DENY;
}

/* ---- making one ------------------------------------------------------------------------------ */
static void call_text(sqlite3_context *x, int n, sqlite3_value **v)
{
    const struct db_function *f = sqlite3_user_data(x);
    char out[DB_FUNCTION_TEXT];

    (void)n;
    if (sqlite3_value_type(v[0]) != SQLITE_NULL && f->text(f->arg, sqlite3_value_int64(v[0]), out))
        sqlite3_result_text(x, out, -1, SQLITE_TRANSIENT);
}

static int attach(struct report *r, const struct sq_db *db)
{
    unsigned char secret[SECRET];
    sqlite3_stmt *s;
    char *sql;
    int rc;

    if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
        return SQLITE_ERROR;
    r->schema[0] = 'r';
    for (size_t i = 0; i < sizeof(secret); i++)
        snprintf(r->schema + 1 + 2 * i, 3, "%02x", secret[i]);
    sql = sqlite3_mprintf("ATTACH ? AS %s", r->schema);
    rc = sqlite3_prepare_v2(r->conn.h, sql, -1, &s, NULL);
    sqlite3_free(sql);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_bind_text(s, 1, db->path, -1, SQLITE_STATIC);
    rc = sqlite3_step(s) == SQLITE_DONE ? SQLITE_OK : SQLITE_ERROR;
    sqlite3_finalize(s);
    return rc;
}

static int make_view(struct report *r, const struct db_view *v, bool attached)
{
    bool empty = v->where == NULL || !attached;
    char *sql = sqlite3_mprintf("CREATE TEMP VIEW \"%w\" AS SELECT %s FROM %s%s%s%s%s t WHERE %s", v->name, v->columns,
                                empty ? "(SELECT 1)" : r->schema, empty ? "" : ".", empty ? "" : "\"", empty ? "" : v->table,
                                empty ? "" : "\"", empty ? "1=0" : v->where);
    int rc = sqlite3_exec(r->conn.h, sql, NULL, NULL, NULL);

    sqlite3_free(sql);
    r->views[r->nviews++] = (struct view){arena_strdup(r->conn.a, v->name), empty ? NULL : arena_strdup(r->conn.a, v->table)};
    return rc;
}

static int set_up(struct report *r, const struct sq_db *db, const struct db_view *views, size_t n)
{
    static const int limits[][2] = {
        {SQLITE_LIMIT_SQL_LENGTH, 64 << 10}, {SQLITE_LIMIT_LENGTH, 1 << 20},      {SQLITE_LIMIT_COMPOUND_SELECT, 50},
        {SQLITE_LIMIT_EXPR_DEPTH, 100},      {SQLITE_LIMIT_COLUMN, 500},          {SQLITE_LIMIT_VDBE_OP, 50000},
        {SQLITE_LIMIT_WORKER_THREADS, 0},    {SQLITE_LIMIT_VARIABLE_NUMBER, 100}, {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 200},
    };
    sqlite3 *h = r->conn.h;
    int rc = sqlite3_exec(h, "PRAGMA cache_size=-4096", NULL, NULL, NULL);

    sqlite3_extended_result_codes(h, 1);
    sqlite3_busy_timeout(h, SQ_BUSY_MS);
    sqlite3_db_config(h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(h, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    for (size_t i = 0; i < r->nfunctions && rc == SQLITE_OK; i++)
        rc = sqlite3_create_function(h, r->functions[i].name, 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS,
                                     (void *)&r->functions[i], call_text, NULL, NULL);
    if (rc == SQLITE_OK && db != NULL)
        rc = attach(r, db);
    for (size_t i = 0; i < n && rc == SQLITE_OK; i++)
        rc = make_view(r, &views[i], db != NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(h, "PRAGMA query_only=ON", NULL, NULL, NULL);
    for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
        sqlite3_limit(h, limits[i][0], limits[i][1]);
    sqlite3_set_authorizer(h, may, r);
    sq_interruptible(&r->conn);
    return rc;
}

/* Of SQLite's words only those that people can do something with: the secret name is not theirs. */
static void tell(const struct report *r, struct buf *err)
{
    const char *s = sqlite3_errmsg(r->conn.h), *at;
    size_t n = strlen(r->schema);

    while (n > 0 && (at = strstr(s, r->schema)) != NULL) {
        buf_add(err, s, (size_t)(at - s));
        s = at + n + (at[n] == '.');
    }
    buf_puts(err, s);
}

struct db_conn *sq_report(struct db *db, const struct db_view *views, size_t n, const struct db_function *functions, size_t nfunctions,
                          struct buf *err)
{
    struct report *r = mem_alloc(sizeof(*r));
    int rc;

    r->conn.a = arena_new();
    r->conn.base = (struct db_conn){.driver = &db_sqlite, .db = db};
    r->conn.cache.max = 8;
    r->functions = functions;
    r->nfunctions = nfunctions;
    r->views = arena_alloc(r->conn.a, (n + 1) * sizeof(*r->views));
    rc = sqlite3_open_v2(":memory:", &r->conn.h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = set_up(r, (const struct sq_db *)db, views, n);
    if (rc == SQLITE_OK)
        return &r->conn.base;
    tell(r, err);
    sq_disconnect(&r->conn);
    return NULL;
}

bool sq_report_sound(struct db_conn *c, const char *sql, struct buf *err)
{
    const struct report *r = (const struct report *)c;
    const char *rest = NULL;
    sqlite3_stmt *s, *more = NULL;
    int rc = sqlite3_prepare_v2(r->conn.h, sql, -1, &s, &rest);
    bool sound = false;

    if (rc != SQLITE_OK)
        tell(r, err);
    else if (s == NULL || sqlite3_column_count(s) == 0 || !sqlite3_stmt_readonly(s) || sqlite3_stmt_isexplain(s))
        buf_puts(err, "begin with SELECT or WITH");
    else if (sqlite3_prepare_v2(r->conn.h, rest, -1, &more, NULL) != SQLITE_OK || more != NULL) /* a comment is nothing */
        buf_puts(err, "one statement is enough: something stands behind its end");
    else
        sound = true;
    sqlite3_finalize(s);
    sqlite3_finalize(more);
    return sound;
}
