/* sqlite.h - what the files of the SQLite driver share. */
#ifndef BERTH_DB_SQLITE_H
#define BERTH_DB_SQLITE_H

#include <pthread.h>
#include <sqlite3.h>

#include "db/driver.h"
#include "db/writer.h"

struct sq_stmt;
struct sq_waiting;

enum {
    SQ_BUCKETS = 512,     /* a power of two */
    SQ_BUSY_MS = 5000,    /* wait for a lock of SQLite's: recovery after a crash, mostly */
    SQ_PAGE = 4096,       /* bytes, of databases that are made here */
    SQ_FRAME = SQ_PAGE + 24, /* bytes a page takes in the log */
    SQ_IDLE_MAX = 64,     /* readers kept open that nobody has */
};

/* Prepared statements of one connection by their text, the least recently used thrown out. */
struct sq_cache {
    struct sq_stmt *bucket[SQ_BUCKETS];
    struct sq_stmt *newest, *oldest;
    int len, max;
    int busy; /* handed out and not yet reset */
};

struct sq_conn {
    struct db_conn base; /* first */
    sqlite3 *h;
    struct sq_cache cache;
    int reading; /* depth of db_read_begin() */

    int64_t deadline; /* when_monotonic(), 0 none */
    const atomic_bool *cancel;
    bool writing;  /* this step is never interrupted */
    int64_t since; /* when_monotonic() of the snapshot being read; not the writer's */
    bool evicted;  /* db_read_begin()'s was taken away: until its end steps are DB_INTERRUPTED */
    bool suspect;  /* had an I/O error: to be opened afresh */
    int64_t given_back; /* when_monotonic(); of one that nobody has */
    struct sq_memo *memo; /* what sq_fts_words() read in that snapshot; NULL: nothing */

    /* the writer's */
    bool writer;
    bool in_batch;
    int lost;         /* why SQLite undid the whole transaction by itself; DB_OK: it did not */
    int wanted, open; /* bodies nested right now, and how many of them have a savepoint */
    bool sure;        /* the outermost only looks as if it had one ... */
    int64_t changed;  /* ... and there were so many changes then */
    bool together;    /* its rows may wait for those of others */
    int64_t added;    /* rows that waited, ever */
    struct sq_waiting *waiting, *all_waiting; /* those that have rows; all there are */
    struct arena *waiting_texts;
    const struct db_rows *rows; /* what is being inserted; NULL: nothing */

    char error[256], clash[256];
    struct arena *a; /* a report's; NULL */
};

/* Readers that nobody has now.  The last one given back is the first taken again, so that only as many are at work as
 * are needed at once; what lies at the bottom for long is closed. */
struct sq_idle {
    pthread_mutex_t lock;
    struct sq_conn *c[SQ_IDLE_MAX]; /* the longest unused first */
    int n;
};

struct sq_fts {
    atomic_llong noted, indexed;     /* changes and new rows, with those left from before; equal: all of them are in the index */
    atomic_llong bulk, bulk_indexed; /* the same of rows of imports and of tables that are indexed anew, for which searches do not wait */
    atomic_bool ownerless;           /* there are ranges of tables that nobody knows now */
    _Atomic(const struct db_fts_source *) source;
    /* the writer thread's */
    struct drain *drain;
    bool queued;
    int64_t retry_at;
    struct gather *gather; /* of what is in the index already */
    bool scattered;        /* something was put in since it was gathered last */
    int64_t gather_at;
};

struct sq_db {
    struct db base; /* first */
    char *path;
    struct db_options o; /* with the defaults filled in */
    int lock;            /* the lock file, held while open; -1 when read only */
    struct db_writer *writer;
    struct sq_idle idle;

    /* the writer thread's */
    struct sq_conn *w;     /* NULL: could not be opened again after an I/O error */
    int64_t retry_at;      /* when to try that next */
    int due;               /* frames in the log from which on it is copied into the file */
    int64_t restart_at;    /* when to try again to start an overgrown log over */
    bool checkpoint_fails; /* has been logged */

    struct sq_fts fts;
    atomic_int frames;  /* pages in the log */
    atomic_llong evict; /* snapshots older than that are to end: the log cannot start over */
    atomic_llong checkpoints;
    atomic_bool full; /* the disk, and that has been logged */
};

/* sqlite.c */
struct sq_conn *sq_connect(struct sq_db *db, bool writer, struct buf *err);
void sq_disconnect(struct sq_conn *c);                    /* NULL is fine */
int sq_fail(struct sq_conn *c, int rc, const char *what); /* remembers and logs; the db_rc */
int sq_exec(struct db_conn *c, const char *sql);

void sq_interruptible(struct sq_conn *c);                 /* reads end with their budget */

/* sqlite_report.c */
struct db_conn *sq_report(struct db *db, const struct db_view *views, size_t n, const struct db_function *functions, size_t nfunctions,
                          struct buf *err);
bool sq_report_sound(struct db_conn *c, const char *sql, struct buf *err);

/* sqlite_stmt.c */
bool sq_overdue(struct sq_conn *c); /* reads a snapshot that is to end */
void sq_cache_free(struct sq_conn *c);
void sq_reset_all(struct sq_conn *c);
struct db_stmt *sq_prepare(struct db_conn *c, const char *sql);
void sq_bind_int(struct db_stmt *s, int i, int64_t v);
void sq_bind_real(struct db_stmt *s, int i, double v);
void sq_bind_text(struct db_stmt *s, int i, const char *text, int64_t len);
void sq_bind_blob(struct db_stmt *s, int i, const void *bytes, size_t len);
void sq_bind_null(struct db_stmt *s, int i);
int sq_step(struct db_stmt *s);
void sq_reset(struct db_stmt *s);
int sq_param_count(struct db_stmt *s);
const char *sq_param_name(struct db_stmt *s, int i);
int sq_col_count(struct db_stmt *s);
const char *sq_col_name(struct db_stmt *s, int i);
enum db_type sq_col_type(struct db_stmt *s, int i);
int64_t sq_col_int(struct db_stmt *s, int i);
double sq_col_real(struct db_stmt *s, int i);
const char *sq_col_text(struct db_stmt *s, int i, size_t *len_r);
const void *sq_col_blob(struct db_stmt *s, int i, size_t *len_r);
void sq_cols(struct db_stmt *s, int first, int n, struct db_value *out);

/* sqlite_rows.c */
int sq_rows_register(struct sq_conn *c); /* the writer's */
int sq_insert_rows(struct db_conn *c, const struct db_rows *rows);
int sq_add_row(struct db_conn *c, const struct db_row *row);
int sq_put_waiting(struct sq_conn *c);   /* the rows that wait go in */
void sq_drop_waiting(struct sq_conn *c); /* with the transaction */
/* Instead of adding a row behind the last one that waits: stretch() makes it one that speaks for both, or says no. */
bool sq_stretch_waiting(struct sq_conn *c, const char *into, bool (*stretch)(struct db_value *last, const void *arg), const void *arg);
void sq_free_waiting(struct sq_conn *c); /* the room for them; none waits */

/* sqlite_vfs.c.  A VFS of that name over the system's, which opens files its own way and has `more` bytes for each; SQLite keeps
 * `own`.  The system's, or NULL: SQLite does not take it. */
typedef int sq_open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *flags_r);
sqlite3_vfs *sq_vfs_over(sqlite3_vfs *own, const char *name, size_t more, sq_open_file *open);

/* sqlite_keys.c */
#define SQ_KEYS_VFS "berth-keys"
int sq_keys_register(void); /* once, before it is used */
int sq_each_key(struct db_conn *c, const char *table, const char *column, bool (*fn)(void *arg, int64_t key), void *arg);

/* sqlite_log.c */
#define SQ_LOG_VFS "berth-log" /* the writer's */
int sq_log_register(void); /* once, before it is used */

/* sqlite_cache.c */
int sq_cache_register(void); /* before SQLite starts */
void sq_cache_readers(bool are); /* what this thread opens from now on are readers */

/* sqlite_pages.c */
extern const sqlite3_pcache_methods2 sq_pages;
sqlite3_pcache *sq_pages_new(int page, int extra);

/* sqlite_writer.c */
extern const struct db_writer_ops sq_writer_ops;
void sq_sure(struct db_conn *c);
int sq_savepoints(struct sq_conn *c); /* before a write: opens what the bodies have coming */
void sq_writer_hooks(struct sq_db *db, struct sq_conn *c);
void sq_writer_close(struct sq_db *db);

/* sqlite_fts.c */
int sq_fts_register(sqlite3 *h);
void sq_fts_open(struct sq_db *db);
void sq_fts_tidy(struct sq_db *db);
void sq_fts_close(struct sq_db *db);
bool sq_fts_wait(struct db *db, int max_ms);
int sq_fts_create(struct db_conn *c, const char *name);
int sq_fts_drop(struct db_conn *c, const char *name);
int sq_fts_clear(struct db_conn *c, const char *name);
bool sq_fts_exists(struct db_conn *c, const char *name);
int sq_fts_put(struct db_conn *c, const char *name, int64_t id, const char *was, const char *now);
int sq_fts_put_new(struct db_conn *c, const char *name, int64_t id);
int sq_fts_put_back(struct db_conn *c, const char *name, int64_t id);
int sq_fts_put_range(struct db_conn *c, const char *name, int64_t first, int64_t last);
void sq_fts_source(struct db *db, const struct db_fts_source *source);
int64_t sq_fts_waiting(const struct sq_db *db); /* changes and rows that are to be indexed */
bool sq_fts_settled(struct db_conn *c);
void sq_add_name(struct buf *sql, const char *name);
/* sqlite_leaf.c */
enum { SQ_SHORT = 2 };                            /* letters of a beginning that FTS5 has in an index of their own */
size_t sq_fts_short(const struct db_fts_word *w); /* bytes of the first SQ_SHORT letters; 0 when there are not more */
char sq_fts_index(const struct db_fts_word *w);   /* FTS5's name for its main index, or for that of beginnings */
struct sq_words {
    int64_t rows;      /* about so many */
    int ntokens;       /* that the word is or begins; more than `most`: not all are listed */
    struct buf tokens; /* each behind a space; to be freed */
};
void sq_fts_words(struct db_conn *c, const char *name, const struct db_fts_word *w, int most, struct sq_words *out);
void sq_fts_forget(struct sq_conn *c); /* at the end of a snapshot */
int64_t sq_fts_rows(struct db_conn *c, const char *name); /* in the index; 0: not known */

/* sqlite_match.c */
int sq_match_register(sqlite3 *h);
bool sq_fts_match(struct db_conn *c, const char *name, struct buf *value,
                  const struct db_fts_term *terms, int n, unsigned *left);
bool sq_fts_common(struct db_conn *c, const char *name, const struct db_fts_term *terms, int n,
                   int64_t rows);
void sq_fts_test(struct buf *sql, const char *const *columns, int names, int prose);
void sq_fts_from(struct buf *sql, const char *name, const char *as, const char *table,
                 const char *table_as);
void sq_fts_where(struct buf *sql, const char *name, const char *as);
void sq_fts_id(struct buf *sql, const char *as);
size_t sq_fts_late(struct db_conn *c, const char *name, int64_t *ids, size_t most);

/* sqlite_admin.c */
int sq_backup(struct db *db, const char *to_path, bool quick, const char *amend, struct buf *err);
int sq_integrity(struct db *db, struct buf *report);
int sq_table_sound(struct db_conn *c, const char *table, struct buf *report);
int sq_schema(struct db_conn *c, const struct db_schema *seen);

#endif
