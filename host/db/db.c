/* db.c - finds the driver of a URL and passes every call on to it. */
#include "db/db.h"

#include <string.h>

#include "db/driver.h"

static const struct db_driver *const drivers[] = {
    &db_sqlite,
};

/* A URL without a known scheme is a path, and a path is SQLite's. */
static const struct db_driver *driver_of(const char *url, const char **where_r)
{
    for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++) {
        size_t n = strlen(drivers[i]->scheme);

        if (strncmp(url, drivers[i]->scheme, n) == 0 && url[n] == ':') {
            *where_r = url + n + 1;
            return drivers[i];
        }
    }
    *where_r = url;
    return strstr(url, "://") == NULL ? &db_sqlite : NULL;
}

int db_open(const char *url, const struct db_options *o, struct db **db_r, struct buf *err)
{
    static const struct db_options defaults;
    const char *where;
    const struct db_driver *d = driver_of(url, &where);

    *db_r = NULL;
    if (d == NULL) {
        buf_addf(err, "open database %.*s: no driver of that name", (int)strcspn(url, ":"), url);
        return -1;
    }
    return d->open(where, o == NULL ? &defaults : o, db_r, err);
}

void db_close(struct db **db)
{
    if (*db != NULL)
        (*db)->driver->close(*db);
    *db = NULL;
}

struct db_conn *db_reader(struct db *db, struct buf *err)
{
    return db->driver->reader(db, err);
}

void db_conn_close(struct db_conn **c)
{
    if (*c != NULL)
        (*c)->driver->conn_close(*c);
    *c = NULL;
}

struct db *db_of(const struct db_conn *c)
{
    return c->db;
}

const char *db_error(const struct db_conn *c)
{
    return c->driver->error(c);
}

const char *db_clash(const struct db_conn *c)
{
    return c->driver->clash(c);
}

void db_settle(struct db_conn *c)
{
    c->driver->settle(c);
}

struct db_stmt *db_prepare(struct db_conn *c, const char *sql)
{
    return c->driver->prepare(c, sql);
}

void db_bind_int(struct db_stmt *s, int i, int64_t v)
{
    if (s != NULL)
        s->driver->bind_int(s, i, v);
}

void db_bind_real(struct db_stmt *s, int i, double v)
{
    if (s != NULL)
        s->driver->bind_real(s, i, v);
}

void db_bind_text(struct db_stmt *s, int i, const char *text, int64_t len)
{
    if (s == NULL)
        return;
    if (text == NULL)
        s->driver->bind_null(s, i);
    else
        s->driver->bind_text(s, i, text, len < 0 ? (int64_t)strlen(text) : len);
}

void db_bind_blob(struct db_stmt *s, int i, const void *bytes, size_t len)
{
    if (s == NULL)
        return;
    if (bytes == NULL)
        s->driver->bind_null(s, i);
    else
        s->driver->bind_blob(s, i, bytes, len);
}

void db_bind_null(struct db_stmt *s, int i)
{
    if (s != NULL)
        s->driver->bind_null(s, i);
}

int db_step(struct db_stmt *s)
{
    return s == NULL ? DB_ERROR : s->driver->step(s);
}

void db_reset(struct db_stmt *s)
{
    if (s != NULL)
        s->driver->reset(s);
}

int db_col_count(struct db_stmt *s)
{
    return s == NULL ? 0 : s->driver->col_count(s);
}

const char *db_col_name(struct db_stmt *s, int i)
{
    return s->driver->col_name(s, i);
}

enum db_type db_col_type(struct db_stmt *s, int i)
{
    return s->driver->col_type(s, i);
}

bool db_col_is_null(struct db_stmt *s, int i)
{
    return s->driver->col_type(s, i) == DB_T_NULL;
}

int64_t db_col_int(struct db_stmt *s, int i)
{
    return s->driver->col_int(s, i);
}

double db_col_real(struct db_stmt *s, int i)
{
    return s->driver->col_real(s, i);
}

const char *db_col_text(struct db_stmt *s, int i, size_t *len_r)
{
    return s->driver->col_text(s, i, len_r);
}

const void *db_col_blob(struct db_stmt *s, int i, size_t *len_r)
{
    return s->driver->col_blob(s, i, len_r);
}

int db_exec(struct db_conn *c, const char *sql)
{
    return c->driver->exec(c, sql);
}

int64_t db_last_id(struct db_conn *c)
{
    return c->driver->last_id(c);
}

int64_t db_changes(struct db_conn *c)
{
    return c->driver->changes(c);
}

int db_read_begin(struct db_conn *c)
{
    return c->driver->read_begin(c);
}

void db_read_end(struct db_conn *c)
{
    c->driver->read_end(c);
}

void db_budget(struct db_conn *c, int64_t deadline, const atomic_bool *cancel)
{
    c->driver->budget(c, deadline, cancel);
}

int db_submit(struct db *db, struct db_work *w)
{
    return db->driver->submit(db, w);
}

int db_write(struct db *db, int (*body)(struct db_conn *writer, void *arg), void *arg)
{
    return db->driver->write(db, body, arg, false);
}

int db_write_low(struct db *db, int (*body)(struct db_conn *writer, void *arg), void *arg)
{
    return db->driver->write(db, body, arg, true);
}

void db_stats(struct db *db, struct db_stats *out)
{
    db->driver->stats(db, out);
}

int db_backup(struct db *db, const char *to_path, struct buf *err)
{
    return db->driver->backup(db, to_path, err);
}

int db_integrity(struct db *db, struct buf *report)
{
    return db->driver->integrity(db, report);
}

const struct db_dialect *db_dialect(const struct db *db)
{
    return &db->driver->dialect;
}

int db_schema(struct db_conn *c, const struct db_schema *seen)
{
    return c->driver->schema(c, seen);
}

int db_fts_create(struct db_conn *c, const char *name)
{
    return c->driver->fts_create(c, name);
}

int db_fts_drop(struct db_conn *c, const char *name)
{
    return c->driver->fts_drop(c, name);
}

int db_fts_clear(struct db_conn *c, const char *name)
{
    return c->driver->fts_clear(c, name);
}

bool db_fts_exists(struct db_conn *c, const char *name)
{
    return c->driver->fts_exists(c, name);
}

int db_fts_put(struct db_conn *c, const char *name, int64_t id, const char *was, const char *now)
{
    return c->driver->fts_put(c, name, id, was, now);
}

bool db_fts_match(struct db *db, struct buf *value, const struct db_fts_term *terms, int n)
{
    return db->driver->fts_match(value, terms, n);
}

void db_fts_from(struct db *db, struct buf *sql, const char *name, const char *as,
                 const char *table, const char *table_as)
{
    db->driver->fts_from(sql, name, as, table, table_as);
}

void db_fts_where(struct db *db, struct buf *sql, const char *name, const char *as)
{
    db->driver->fts_where(sql, name, as);
}

void db_fts_id(struct db *db, struct buf *sql, const char *as)
{
    db->driver->fts_id(sql, as);
}
