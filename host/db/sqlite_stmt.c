/* sqlite_stmt.c - the SQLite driver's prepared statements and their cache. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/when.h"
#include "db/sqlite.h"

struct sq_stmt {
    struct db_stmt base; /* first */
    struct sq_conn *conn;
    sqlite3_stmt *h;
    bool busy, writes;
    bool running; /* on a row of its result; readers only */
    bool evicted; /* the snapshot it was reading was taken away */
    uint64_t hash;
    struct sq_stmt *chain;         /* in its bucket */
    struct sq_stmt *newer, *older; /* by last use */
    size_t len;
    char sql[];
};

static struct sq_stmt *stmt(struct db_stmt *s)
{
    return (struct sq_stmt *)s;
}

/* Eight bytes a step; texts are ours, so no attacker chooses them. */
static uint64_t hash_of(const char *s, size_t len)
{
    uint64_t h = len * UINT64_C(0x9E3779B97F4A7C15);

    for (; len >= 8; s += 8, len -= 8) {
        uint64_t v;

        memcpy(&v, s, 8);
        h = (h ^ v) * UINT64_C(0xFF51AFD7ED558CCD);
        h ^= h >> 32;
    }
    for (; len > 0; s++, len--)
        h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001B3);
    return h ^ h >> 29;
}

static struct sq_stmt **bucket_of(struct sq_cache *k, uint64_t hash)
{
    return &k->bucket[hash & (SQ_BUCKETS - 1)];
}

static void unlink_use(struct sq_cache *k, struct sq_stmt *s)
{
    *(s->newer != NULL ? &s->newer->older : &k->newest) = s->older;
    *(s->older != NULL ? &s->older->newer : &k->oldest) = s->newer;
}

static void link_newest(struct sq_cache *k, struct sq_stmt *s)
{
    s->newer = NULL;
    s->older = k->newest;
    *(k->newest != NULL ? &k->newest->newer : &k->oldest) = s;
    k->newest = s;
}

static void forget(struct sq_cache *k, struct sq_stmt *s)
{
    struct sq_stmt **at = bucket_of(k, s->hash);

    while (*at != s)
        at = &(*at)->chain;
    *at = s->chain;
    unlink_use(k, s);
    k->len--;
    sqlite3_finalize(s->h);
    free(s);
}

/* Throws out one that nobody uses; when all are in use the cache grows for a while. */
static void make_room(struct sq_cache *k)
{
    struct sq_stmt *s = k->oldest;

    while (k->len >= k->max && s != NULL) {
        struct sq_stmt *next = s->newer;

        if (!s->busy)
            forget(k, s);
        s = next;
    }
}

static struct sq_stmt *find_free(struct sq_cache *k, uint64_t hash, const char *sql, size_t len)
{
    struct sq_stmt *s = *bucket_of(k, hash);

    while (s != NULL && (s->busy || s->hash != hash || s->len != len || memcmp(s->sql, sql, len)))
        s = s->chain;
    return s;
}

static struct sq_stmt *compile(struct sq_conn *c, uint64_t hash, const char *sql, size_t len)
{
    sqlite3_stmt *h;
    bool writing = c->writing;

    c->writing = true; /* FTS5 reads when it is connected to: out of time there would be an error */
    int rc = sqlite3_prepare_v3(c->h, sql, (int)len, SQLITE_PREPARE_PERSISTENT, &h, NULL);
    c->writing = writing;

    if (rc != SQLITE_OK || h == NULL) {
        sq_fail(c, rc == SQLITE_OK ? SQLITE_MISUSE : rc, sql);
        return NULL;
    }
    make_room(&c->cache);
    struct sq_stmt *s = mem_alloc(sizeof(*s) + len + 1);
    *s = (struct sq_stmt){.base = {c->base.driver},
                          .conn = c,
                          .h = h,
                          .hash = hash,
                          .len = len,
                          .writes = !sqlite3_stmt_readonly(h)};
    memcpy(s->sql, sql, len + 1);
    s->chain = *bucket_of(&c->cache, hash);
    *bucket_of(&c->cache, hash) = s;
    link_newest(&c->cache, s);
    c->cache.len++;
    return s;
}

struct db_stmt *sq_prepare(struct db_conn *base, const char *sql)
{
    struct sq_conn *c = (struct sq_conn *)base;
    size_t len = strlen(sql);
    uint64_t hash = hash_of(sql, len);
    struct sq_stmt *s = find_free(&c->cache, hash, sql, len);

    if (s != NULL) {
        sqlite3_clear_bindings(s->h);
        if (c->cache.newest != s) {
            unlink_use(&c->cache, s);
            link_newest(&c->cache, s);
        }
    } else {
        s = compile(c, hash, sql, len);
        if (s == NULL)
            return NULL;
    }
    s->busy = true;
    c->cache.busy++;
    return &s->base;
}

static void release(struct sq_stmt *s)
{
    sqlite3_reset(s->h);
    if (s->busy)
        s->conn->cache.busy--;
    s->busy = s->running = s->evicted = false;
}

void sq_reset(struct db_stmt *s)
{
    release(stmt(s));
}

void sq_reset_all(struct sq_conn *c)
{
    for (struct sq_stmt *s = c->cache.newest; s != NULL && c->cache.busy > 0; s = s->older)
        if (s->busy)
            release(s);
}

void sq_cache_free(struct sq_conn *c)
{
    while (c->cache.newest != NULL)
        forget(&c->cache, c->cache.newest);
}

/* A wrong number is a bug of ours: the step that follows would run with NULL in its place. */
static void bound(struct sq_stmt *s, int rc)
{
    if (rc != SQLITE_OK)
        sq_fail(s->conn, rc, s->sql);
}

void sq_bind_int(struct db_stmt *s, int i, int64_t v)
{
    bound(stmt(s), sqlite3_bind_int64(stmt(s)->h, i, v));
}

void sq_bind_real(struct db_stmt *s, int i, double v)
{
    bound(stmt(s), sqlite3_bind_double(stmt(s)->h, i, v));
}

void sq_bind_text(struct db_stmt *s, int i, const char *text, int64_t len)
{
    bound(stmt(s), sqlite3_bind_text64(stmt(s)->h, i, text, (sqlite3_uint64)len, SQLITE_STATIC,
                                       SQLITE_UTF8));
}

void sq_bind_blob(struct db_stmt *s, int i, const void *bytes, size_t len)
{
    bound(stmt(s), sqlite3_bind_blob64(stmt(s)->h, i, bytes, len, SQLITE_STATIC));
}

void sq_bind_null(struct db_stmt *s, int i)
{
    bound(stmt(s), sqlite3_bind_null(stmt(s)->h, i));
}

bool sq_overdue(struct sq_conn *c)
{
    struct sq_db *db = (struct sq_db *)c->base.db;

    return c->since != 0 && c->since < atomic_load_explicit(&db->evict, memory_order_relaxed);
}

static int finished(struct sq_stmt *s, int rc)
{
    release(s);
    return rc;
}

/* Gives the snapshot back to the log at once; who was reading it hears of it at the next step. */
static void evict(struct sq_conn *c)
{
    for (struct sq_stmt *s = c->cache.newest; s != NULL; s = s->older)
        if (s->running) {
            sqlite3_reset(s->h);
            s->evicted = true;
        }
    if (!sqlite3_get_autocommit(c->h)) {
        sqlite3_exec(c->h, "ROLLBACK", NULL, NULL, NULL);
        c->evicted = true; /* until db_read_end() */
    }
    snprintf(c->error, sizeof(c->error), "the read took too long while much was written");
}

static int step_read(struct sq_stmt *s)
{
    struct sq_conn *c = s->conn;

    if (!s->running && sqlite3_txn_state(c->h, "main") == SQLITE_TXN_NONE)
        c->since = when_monotonic(); /* this step takes a new snapshot */
    else if (sq_overdue(c))
        evict(c);
    if (c->evicted || s->evicted) {
        c->base.cut_short = true;
        return finished(s, DB_INTERRUPTED);
    }
    int rc = sqlite3_step(s->h);
    s->running = rc == SQLITE_ROW;
    if (rc == SQLITE_ROW)
        return DB_ROW;
    if (rc == SQLITE_INTERRUPT && sq_overdue(c))
        evict(c);
    return finished(s, rc == SQLITE_DONE ? DB_DONE : sq_fail(c, rc, s->sql));
}

static int step_as_writer(struct sq_stmt *s)
{
    struct sq_conn *c = s->conn;
    int rc = sq_put_waiting(c);

    if (rc == DB_OK && s->writes && c->in_batch)
        rc = sq_savepoints(c);
    if (rc != DB_OK)
        return finished(s, rc);
    c->writing = s->writes;
    rc = sqlite3_step(s->h);
    c->writing = false;
    if (rc == SQLITE_ROW)
        return DB_ROW;
    return finished(s, rc == SQLITE_DONE ? DB_DONE : sq_fail(c, rc, s->sql));
}

int sq_step(struct db_stmt *s)
{
    return stmt(s)->conn->writer ? step_as_writer(stmt(s)) : step_read(stmt(s));
}

int sq_param_count(struct db_stmt *s)
{
    return sqlite3_bind_parameter_count(stmt(s)->h);
}

const char *sq_param_name(struct db_stmt *s, int i)
{
    const char *name = sqlite3_bind_parameter_name(stmt(s)->h, i);

    return name == NULL ? NULL : name + 1;
}

int sq_col_count(struct db_stmt *s)
{
    return sqlite3_column_count(stmt(s)->h);
}

const char *sq_col_name(struct db_stmt *s, int i)
{
    return sqlite3_column_name(stmt(s)->h, i);
}

static const enum db_type types[] = {
    [SQLITE_INTEGER] = DB_T_INT, [SQLITE_FLOAT] = DB_T_REAL, [SQLITE_TEXT] = DB_T_TEXT,
    [SQLITE_BLOB] = DB_T_BLOB,   [SQLITE_NULL] = DB_T_NULL,
};

enum db_type sq_col_type(struct db_stmt *s, int i)
{
    return types[sqlite3_column_type(stmt(s)->h, i)];
}

int64_t sq_col_int(struct db_stmt *s, int i)
{
    return sqlite3_column_int64(stmt(s)->h, i);
}

double sq_col_real(struct db_stmt *s, int i)
{
    return sqlite3_column_double(stmt(s)->h, i);
}

const char *sq_col_text(struct db_stmt *s, int i, size_t *len_r)
{
    const char *text = (const char *)sqlite3_column_text(stmt(s)->h, i);

    if (len_r != NULL)
        *len_r = text == NULL ? 0 : (size_t)sqlite3_column_bytes(stmt(s)->h, i);
    return text;
}

const void *sq_col_blob(struct db_stmt *s, int i, size_t *len_r)
{
    const void *bytes = sqlite3_column_blob(stmt(s)->h, i);

    if (len_r != NULL)
        *len_r = (size_t)sqlite3_column_bytes(stmt(s)->h, i);
    return bytes;
}

/* Each member is written where it goes: a value built aside and copied costs a stall of the processor, since what was written
 * in parts is read as one. */
static void value(sqlite3_value *v, struct db_value *out)
{
    out->type = types[sqlite3_value_type(v)];
    switch (out->type) {
    case DB_T_INT:
        out->i = sqlite3_value_int64(v);
        break;
    case DB_T_REAL:
        out->d = sqlite3_value_double(v);
        break;
    case DB_T_TEXT:
        out->s = (const char *)sqlite3_value_text(v);
        out->len = (size_t)sqlite3_value_bytes(v);
        break;
    case DB_T_BLOB:
        out->s = sqlite3_value_blob(v);
        out->len = (size_t)sqlite3_value_bytes(v);
        break;
    case DB_T_NULL:
        break;
    }
}

/* Each sqlite3_column_ function looks for the column anew and tells the connection of errors.  The values of a row lie in an
 * array: where its ends are says where all are. */
void sq_cols(struct db_stmt *s, int first, int n, struct db_value *out)
{
    char *from = (char *)sqlite3_column_value(stmt(s)->h, first);
    ptrdiff_t step = n < 2 ? 0 : ((char *)sqlite3_column_value(stmt(s)->h, first + n - 1) - from) / (n - 1);

    for (int i = 0; i < n; i++)
        value((sqlite3_value *)(void *)(from + i * step), &out[i]);
}
