/* driver.h - what a database driver gives; only host/db includes this. */
#ifndef BERTH_DB_DRIVER_H
#define BERTH_DB_DRIVER_H

#include "db/db.h"

/* The first member of each driver's own structures. */
struct db {
    const struct db_driver *driver;
};
struct db_conn {
    const struct db_driver *driver;
    struct db *db;
    bool cut_short;
};
struct db_stmt {
    const struct db_driver *driver;
};

struct db_driver {
    const char *scheme; /* "sqlite" for "sqlite:..." */
    struct db_dialect dialect;

    int (*open)(const char *where, const struct db_options *o, struct db **db_r, struct buf *err);
    void (*finish)(struct db *db);
    void (*close)(struct db *db);
    struct db_conn *(*reader)(struct db *db, struct buf *err);
    void (*conn_close)(struct db_conn *c);
    const char *(*error)(const struct db_conn *c);
    const char *(*clash)(const struct db_conn *c);
    void (*settle)(struct db_conn *c);

    struct db_stmt *(*prepare)(struct db_conn *c, const char *sql);
    void (*bind_int)(struct db_stmt *s, int i, int64_t v);
    void (*bind_real)(struct db_stmt *s, int i, double v);
    void (*bind_text)(struct db_stmt *s, int i, const char *text, int64_t len);
    void (*bind_blob)(struct db_stmt *s, int i, const void *bytes, size_t len);
    void (*bind_null)(struct db_stmt *s, int i);
    int (*step)(struct db_stmt *s);
    void (*reset)(struct db_stmt *s);

    struct db_conn *(*report)(struct db *db, const struct db_view *views, size_t n, const struct db_function *functions,
                              size_t nfunctions, struct buf *err);
    bool (*report_sound)(struct db_conn *c, const char *sql, struct buf *err);

    int (*param_count)(struct db_stmt *s);
    const char *(*param_name)(struct db_stmt *s, int i);
    int (*col_count)(struct db_stmt *s);
    const char *(*col_name)(struct db_stmt *s, int i);
    enum db_type (*col_type)(struct db_stmt *s, int i);
    int64_t (*col_int)(struct db_stmt *s, int i);
    double (*col_real)(struct db_stmt *s, int i);
    const char *(*col_text)(struct db_stmt *s, int i, size_t *len_r);
    const void *(*col_blob)(struct db_stmt *s, int i, size_t *len_r);
    void (*cols)(struct db_stmt *s, int first, int n, struct db_value *out);

    int (*exec)(struct db_conn *c, const char *sql);
    int (*insert_rows)(struct db_conn *c, const struct db_rows *rows);
    int (*each_key)(struct db_conn *c, const char *table, const char *column, bool (*fn)(void *arg, int64_t key), void *arg);
    int (*add_row)(struct db_conn *c, const struct db_row *row);
    int64_t (*last_id)(struct db_conn *c);
    int64_t (*changes)(struct db_conn *c);
    int (*read_begin)(struct db_conn *c);
    void (*read_end)(struct db_conn *c);
    void (*budget)(struct db_conn *c, int64_t deadline, const atomic_bool *cancel);

    void (*sure)(struct db_conn *c);
    int (*submit)(struct db *db, struct db_work *w);
    int (*write)(struct db *db, int (*body)(struct db_conn *, void *), void *arg, bool low);
    bool (*wanted)(struct db *db);
    void (*at_commit)(struct db *db, int (*run)(struct db_conn *, void *), void *arg);
    int (*keep_rows)(struct db_conn *c, const char *table);
    int (*free_rows)(struct db_conn *c, const char *table);
    void (*stats)(struct db *db, struct db_stats *out);
    int (*backup)(struct db *db, const char *to_path, bool quick, const char *amend, struct buf *err);
    int (*integrity)(struct db *db, struct buf *report);
    int (*table_sound)(struct db_conn *c, const char *table, struct buf *report);
    int (*schema)(struct db_conn *c, const struct db_schema *seen);

    int (*fts_create)(struct db_conn *c, const char *name);
    int (*fts_drop)(struct db_conn *c, const char *name);
    int (*fts_clear)(struct db_conn *c, const char *name);
    bool (*fts_exists)(struct db_conn *c, const char *name);
    int (*fts_put)(struct db_conn *c, const char *name, int64_t id, const char *was,
                   const char *now);
    int (*fts_put_new)(struct db_conn *c, const char *name, int64_t id);
    int (*fts_put_back)(struct db_conn *c, const char *name, int64_t id);
    int (*fts_put_range)(struct db_conn *c, const char *name, int64_t first, int64_t last);
    void (*fts_source)(struct db *db, const struct db_fts_source *source);
    bool (*fts_wait)(struct db *db, int max_ms);
    bool (*fts_settled)(struct db_conn *c);
    bool (*fts_match)(struct db_conn *c, const char *name, struct buf *value,
                      const struct db_fts_term *terms, int n, unsigned *left);
    bool (*fts_common)(struct db_conn *c, const char *name, const struct db_fts_term *terms, int n,
                       int64_t rows);
    void (*fts_test)(struct buf *sql, const char *const *columns, int names,
                     int prose);
    void (*fts_from)(struct buf *sql, const char *name, const char *as, const char *table,
                     const char *table_as);
    void (*fts_where)(struct buf *sql, const char *name, const char *as);
    void (*fts_id)(struct buf *sql, const char *as);
    size_t (*fts_late)(struct db_conn *c, const char *name, int64_t *ids, size_t most);
    void (*rare)(struct buf *sql, const char *condition);
};

extern const struct db_driver db_sqlite;

#endif
