/* db.h - the database as the rest of the host sees it; nothing here is one database's alone.
 *
 * A database has one writer and any number of readers.  Readers are connections, each used by one
 * thread at a time.  Writing is a function (a body) handed to db_submit() or db_write(): bodies run
 * one after the other, each alone undoable, many sharing one durable COMMIT.  The caller hears of
 * the result only after that COMMIT.
 *
 * SQL is written once for all drivers: placeholders are ? or ?N, identifiers come from the model
 * registry, values are always bound. */
#ifndef BERTH_DB_H
#define BERTH_DB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct db;      /* one database: its writer, settings, lock */
struct db_conn; /* one connection; belongs to one thread at a time */
struct db_stmt; /* a prepared statement out of the connection's cache */

enum db_rc {
    DB_OK = 0,
    DB_DONE = 0,
    DB_ROW = 1,
    DB_UNIQUE = -1,      /* a unique index or primary key holds the value already: db_clash() */
    DB_BUSY = -2,        /* queue full, shutting down, or a lock not had in time: try again later */
    DB_INTERRUPTED = -3, /* the budget ran out, or the read held up the log for too long */
    DB_FULL = -4,        /* no room on the disk; reads go on */
    DB_BROKEN = -5,      /* I/O error, damaged file, connection lost: logged */
    DB_CONSTRAINT = -6,  /* NOT NULL, CHECK or a wrong type in a strict table */
    DB_ERROR = -7,       /* bad SQL or misuse: a bug of ours, logged */
};

/* 0 means the default everywhere. */
struct db_options {
    bool read_only;        /* no lock, no writer; beside another process that writes */
    int lock_wait_ms;      /* how long to wait for another process to let go; default 0 */
    int statements;        /* cached per connection; default 256 */
    int queue_max;         /* bodies waiting, then DB_BUSY; default 4096 */
    int batch_max;         /* bodies in one COMMIT; default 64 */
    int batch_us;          /* and their time together, in microseconds; default 5000 */
    int reader_unused_ms;  /* a reader that nobody needed for so long is closed; default 10000 */
    int reader_cache_kib;  /* page cache of a reader */
    int writer_cache_kib;  /* and of the writer */
    int64_t mmap_bytes;    /* -1 for none */
    int64_t log_bytes;     /* write-ahead log: copied into the file from this size on */
    int64_t log_max_bytes; /* from here on reads older than log_read_ms are interrupted */
    int log_read_ms;       /* default 5000 */
};

/* url: "sqlite:/path/berth.db" or a plain path. */
int db_open(const char *url, const struct db_options *o, struct db **db_r, struct buf *err);
/* Runs what is queued and takes nothing more: from here on no body runs.  Reading goes on. */
void db_finish(struct db *db);
/* The same where that was not done, then closes.  All readers must be closed before. */
void db_close(struct db **db);

/* A reader, to be given back with db_conn_close() as soon as the work at hand is done: whoever asks next goes on
 * with it.  NULL on error, which is logged where err is NULL. */
struct db_conn *db_reader(struct db *db, struct buf *err);
void db_conn_close(struct db_conn **c); /* settles it first; NULL is fine */
struct db *db_of(const struct db_conn *c);
/* The text of the connection's last error; "" before the first. */
const char *db_error(const struct db_conn *c);
/* After DB_UNIQUE: "table.column, table.column" of the index that refused. */
const char *db_clash(const struct db_conn *c);
/* End of a request: resets what was left open, ends a read begun, lifts the budget. */
void db_settle(struct db_conn *c);

/* Statements.
 * db_prepare() hands out a statement with nothing bound, to be used until db_reset() or until
 * db_step() returns anything but DB_ROW; the same text asked for meanwhile is another statement.
 * A loop may go on binding and stepping the same one as long as nothing else is prepared on that
 * connection in between.  NULL on error (logged); every function below takes NULL and does nothing,
 * db_step() then returns DB_ERROR. */
struct db_stmt *db_prepare(struct db_conn *c, const char *sql);
/* Placeholders count from 1.  Text and blobs are not copied: they stay valid until the reset.
 * len -1 means strlen(); a NULL pointer binds NULL. */
void db_bind_int(struct db_stmt *s, int i, int64_t v);
void db_bind_real(struct db_stmt *s, int i, double v);
void db_bind_text(struct db_stmt *s, int i, const char *text, int64_t len);
void db_bind_blob(struct db_stmt *s, int i, const void *bytes, size_t len);
void db_bind_null(struct db_stmt *s, int i);
int db_step(struct db_stmt *s); /* DB_ROW, DB_DONE or negative */
void db_reset(struct db_stmt *s);
int64_t db_one_int(struct db_stmt *s); /* steps and resets it: the first row's first column; 0: no row, or NULL */

enum db_type { DB_T_NULL, DB_T_INT, DB_T_REAL, DB_T_TEXT, DB_T_BLOB };

/* Columns of the row just stepped to count from 0; pointers are valid until the next step.
 * A NULL read as a number is 0. */
int db_col_count(struct db_stmt *s);
const char *db_col_name(struct db_stmt *s, int i);
enum db_type db_col_type(struct db_stmt *s, int i);
bool db_col_is_null(struct db_stmt *s, int i);
int64_t db_col_int(struct db_stmt *s, int i);
double db_col_real(struct db_stmt *s, int i);
const char *db_col_text(struct db_stmt *s, int i, size_t *len_r); /* len_r may be NULL */
const void *db_col_blob(struct db_stmt *s, int i, size_t *len_r);
/* Types and values at once, for who reads many. */
struct db_value {
    enum db_type type;
    size_t len; /* of text and blobs */
    union {
        int64_t i;
        double d;
        const char *s;
    };
};
struct db_value db_int(int64_t i);
struct db_value db_text(const char *s); /* NULL: no value */
struct db_value db_col(struct db_stmt *s, int i);
void db_cols(struct db_stmt *s, int first, int n, struct db_value *out);

int db_exec(struct db_conn *c, const char *sql); /* any number of statements, no rows */
int64_t db_last_id(struct db_conn *c);           /* of the last INSERT */
int64_t db_changes(struct db_conn *c);           /* rows touched by the last statement */

/* In a body: adds n rows at once, for two fifths less than by a statement each.  When a row is refused those before it may be
 * there, so the body has to fail; DB_DONE or negative.  Ids that the table gives follow each other; db_last_id() is the last row's. */
struct db_rows {
    const char *into; /* "lead (version, name)", as SQL */
    int columns;
    size_t n;
    struct db_value (*value)(void *arg, size_t row, int column); /* both from 0; text stays valid until all rows are in */
    void *arg;
};
int db_insert_rows(struct db_conn *writer, const struct db_rows *rows);

/* The first column, a whole number, of all rows of a table kept in primary key order, in whatever order they are read quickest; some
 * may come twice.  Until fn says no.  DB_OK or an error. */
int db_each_key(struct db_conn *c, const char *table, const char *column, bool (*fn)(void *arg, int64_t key), void *arg);

/* In a body: adds a row, or a few.  Those of a body that is sure (db_sure()) go in together with those of the bodies behind
 * it, by one statement and before anything else is read or written; should the database refuse one then, the batch is undone. */
struct db_row {
    const char *into; /* as in struct db_rows */
    int columns;
    size_t n;
    const struct db_value *values; /* row by row; copied */
    bool unique; /* may be refused for a value that is there already: it goes in at once, or does not */
    int64_t *id; /* gets the id that the table gives the last one; NULL: nobody asks, or it gives none */
};
int db_add_row(struct db_conn *writer, const struct db_row *row); /* DB_DONE or negative */

/* Reports: SQL that people wrote, on a connection where nothing is but these views.
 * Of a table that is there but has no view nobody reads anything; so name them all. */
struct db_view {
    const char *name;    /* as people write it: "lead" */
    const char *table;   /* what lies behind it, as it is called in the database */
    const char *columns; /* "t.id AS id, t.name AS name": SQL of our own */
    const char *where;   /* a condition on t; NULL: the view has no rows */
};
enum { DB_FUNCTION_TEXT = 64 };
struct db_function { /* what views call to show a number as text: "berth_day(t.closed_on)" */
    const char *name;
    bool (*text)(void *arg, int64_t value, char out[DB_FUNCTION_TEXT]); /* false: NULL */
    void *arg;
};
/* To be closed with db_conn_close(); the functions stay valid until then.  db NULL: views without rows, to check SQL;
 * their columns name nothing of t then. */
struct db_conn *db_report(struct db *db, const struct db_view *views, size_t n, const struct db_function *functions, size_t nfunctions,
                          struct buf *err);
/* Whether it is one SELECT that reads only the views; else why not, in the database's words.  To be asked before db_prepare(). */
bool db_report_sound(struct db_conn *report, const char *sql, struct buf *err);
/* Named placeholders count from 1: ":from" is "from"; NULL: it has no name. */
int db_param_count(struct db_stmt *s);
const char *db_param_name(struct db_stmt *s, int i);

/* Several reads on one snapshot; may be nested.  In a body every read sees one already. */
int db_read_begin(struct db_conn *c);
void db_read_end(struct db_conn *c);

/* Reads past the deadline (when_monotonic(), 0 = none) or after *cancel is set (NULL = none) end
 * with DB_INTERRUPTED.  Writes are never interrupted: that would undo the whole batch. */
void db_budget(struct db_conn *c, int64_t deadline, const atomic_bool *cancel);
/* Whether a read has ended so since the last budget: whoever took that for the end of its rows has not seen them all. */
bool db_cut_short(const struct db_conn *c);

/* Writing.
 * A body returns 0 to keep its changes; anything else undoes them alone and is handed to done.
 * When the COMMIT fails, or the database undid the transaction by itself (disk full, I/O error),
 * every body of the batch gets the negative db_rc, whatever it returned.  A body must not BEGIN or
 * COMMIT, and must not wait for another thread's write. */
struct db_work {
    int (*body)(struct db_conn *writer, void *arg);
    void (*done)(void *arg, int rc); /* on the writer thread: be short; may submit again */
    void *arg;
    bool low; /* a chunk of something long: waits for the others, commits apart from them */
    bool idle; /* tidying: for when nothing else is to do, or once a second; commits alone */
    bool pressing; /* idle work that is behind: five times a second, whatever else is to do */

    /* the queue's */
    struct db_work *next;
    int64_t since;
    int rank, rc;
};

/* In a body that has written nothing yet: whatever it still writes fails only where the database itself does, so
 * nothing is kept to go back to.  Should it fail all the same once it has changed something, its batch is undone. */
void db_sure(struct db_conn *writer);

/* Asynchronous; work stays valid until done was called.  0, or DB_BUSY and done is never called. */
int db_submit(struct db *db, struct db_work *w) __attribute__((warn_unused_result));
/* Synchronous, returns what done would get.  On the writer thread itself it runs nested, at once:
 * its failure undoes only what it did. */
int db_write(struct db *db, int (*body)(struct db_conn *writer, void *arg), void *arg);
int db_write_low(struct db *db, int (*body)(struct db_conn *writer, void *arg), void *arg);
/* Whether somebody more urgent waits for the writer: a low body ends when it can. */
bool db_wanted(struct db *db);

/* At the end of each batch, in its transaction, when nothing undid it: for what is to be written about
 * the batch as a whole.  A failure undoes the batch.  Set before anything is written. */
void db_at_commit(struct db *db, int (*run)(struct db_conn *writer, void *arg), void *arg);
/* In a body: from now on the database itself refuses to change this table's rows or take them away.
 * May be said again. */
int db_keep_rows(struct db_conn *writer, const char *table);
int db_free_rows(struct db_conn *writer, const char *table); /* until it is said again */

struct db_stats {
    int64_t bodies, commits, commits_failed, checkpoints; /* since db_open() */
    int64_t urgent;                                       /* the bodies that were not low */
    int64_t log_bytes, queued, unindexed;                 /* now; the last: db_fts_put()s */
};
void db_stats(struct db *db, struct db_stats *out);

/* A consistent copy of a live database, checked, synced and renamed into place.  quick: its pages and rows are
 * checked, but not whether each index has its rows, which takes most of the time.  amend: SQL of our own, run in the
 * copy before it is checked; NULL: none. */
int db_backup(struct db *db, const char *to_path, bool quick, const char *amend, struct buf *err);
/* 0 when sound; otherwise -1 and what is wrong, a line each. */
int db_integrity(struct db *db, struct buf *report);
/* The same of one table and its indexes, as the connection reads them; DB_INTERRUPTED, and nothing is said of it, when the read
 * was broken off. */
int db_table_sound(struct db_conn *c, const char *table, struct buf *report);

/* What DDL and generated SQL have to know about a database. */
struct db_dialect {
    const char *name;      /* "sqlite" */
    const char *type[5];   /* column type by enum db_type */
    const char *identity;  /* all of the id column's definition behind its name */
    bool index_ends_with_id; /* an index has it behind its columns, by which it is sorted, too */
    const char *table_end; /* behind the closing bracket of CREATE TABLE, with a space, or "" */
    const char *keyed_end; /* the same for a table without an id, kept in primary key order */
    const char *like;      /* operator that ignores the case of ASCII letters at least */
    int max_columns, max_params, max_name; /* max_name in bytes */
    bool add_column_not_null;              /* ALTER TABLE ADD takes NOT NULL without a default */
};
const struct db_dialect *db_dialect(const struct db *db);
/* By name, also of a database whose driver is not built in; NULL when unknown. */
const struct db_dialect *db_dialect_named(const char *name);

/* What is there.  Callbacks may be NULL; tables come by name, columns in their order, a table's
 * columns and indexes right behind it.  Full-text tables and the database's own are left out. */
struct db_column {
    const char *name, *type; /* type as declared */
    const char *dflt;        /* SQL text or NULL */
    bool not_null, primary;
};
struct db_index {
    const char *name, *columns; /* "a, b"; "" for an expression */
    const char *sql;            /* as created; NULL when it came with a column */
    bool unique, partial;
};
struct db_schema {
    void (*table)(void *arg, const char *table);
    void (*column)(void *arg, const char *table, const struct db_column *col);
    void (*index)(void *arg, const char *table, const struct db_index *ix);
    void (*view)(void *arg, const char *name, const char *sql);
    void *arg;
};
int db_schema(struct db_conn *c, const struct db_schema *seen);

/* Full text.
 * The host folds and splits text into tokens; the driver stores which row has which and finds them.
 * A token list is one string with a space between two tokens.  Nothing keeps the list: taking a row
 * out needs the very list it was put in with, so a change to how tokens are made means a rebuild
 * (db_fts_clear(), then all rows again).  name is the full-text table's own, e.g. "lead_fts".
 * Create, put, clear and drop are called in a body. */
int db_fts_create(struct db_conn *c, const char *name);
int db_fts_drop(struct db_conn *c, const char *name);
int db_fts_clear(struct db_conn *c, const char *name);
bool db_fts_exists(struct db_conn *c, const char *name);
/* The row has other tokens than before; now NULL: it goes.  Durable with the body, but a search may find it
 * only a moment later: when the writer has nothing better to do, or somebody waits for it. */
int db_fts_put(struct db_conn *c, const char *name, int64_t id, const char *was, const char *now);
/* The row is new.  Its tokens are asked of the source when its turn comes, as it is then; a db_fts_put() of it before
 * that only says so, too, whatever tokens it is told. */
int db_fts_put_new(struct db_conn *c, const char *name, int64_t id);
/* The same of a row that was there before and comes back: the only one that a range may already speak of. */
int db_fts_put_back(struct db_conn *c, const char *name, int64_t id);
/* The same of the new rows first..last, one note for all.  Where these are many a search does not wait for them; it does for one of
 * them that a db_fts_put() tells of since. */
int db_fts_put_range(struct db_conn *c, const char *name, int64_t first, int64_t last);
struct db_fts_source {
    /* On the writer: hands the tokens of the rows first..last that are there to put(), by id, until that says no.
     * 0, DB_DONE; 1: nobody knows the table now; or an error. */
    int (*tokens)(void *arg, struct db_conn *writer, const char *name, int64_t first, int64_t last,
                  bool (*put)(void *to, int64_t id, const char *tokens), void *to);
    void *arg;
};
/* Stays valid until another, or NULL, was said. */
void db_fts_source(struct db *db, const struct db_fts_source *source);
/* Before a search: waits until all that was put before is found, but not longer than about max_ms,
 * and not at all behind a bulk import or in a body; -1: for ever.  True: all is found. */
bool db_fts_wait(struct db *db, int max_ms);

/* Of the rows put one by one that a search may not find yet, the latest of the changed and of the new ones, at most `most`;
 * each once.  None when the index is far behind, as in a bulk change: an answer would not be whole then. */
size_t db_fts_late(struct db_conn *c, const char *name, int64_t *ids, size_t most);

/* A row matches when it has, of each term, any of the words. */
struct db_fts_word {
    const char *s;
    size_t len;
    bool prefix; /* s is the beginning of a token */
};
struct db_fts_term {
    const struct db_fts_word *any;
    int n;
    bool must; /* a mark of the host's own, not what was typed: db_fts_test() does not see it */
};
enum { /* what a match leaves to be looked at in the rows found */
    DB_FTS_TEST = 1 << 0,  /* what was typed: db_fts_test() */
    DB_FTS_MARKS = 1 << 1, /* the marks */
};
/* The value to bind; false when nothing can match (no term, or one without words).  What would take
 * long to collect is asked for more loosely or not at all: *left says it. */
bool db_fts_match(struct db_conn *c, const char *name, struct buf *value,
                  const struct db_fts_term *terms, int n, unsigned *left);
/* Whether more than about so many rows match, as far as can be told without asking. */
bool db_fts_common(struct db_conn *c, const char *name, const struct db_fts_term *terms, int n,
                   int64_t rows);
/* A condition on a row itself, with one placeholder for what the user typed (text_tokens_query()):
 * that these columns (as SQL: t.name) have it.  Of the columns, `prose` at the end are long text. */
void db_fts_test(struct db *db, struct buf *sql, const char *const *columns,
                 int names, int prose);
/* No change waits to be indexed, in what this connection sees: the index alone tells the truth. */
bool db_fts_settled(struct db_conn *c);
/* The pieces of a SELECT, appended:
 *   from   "lead_fts" AS f CROSS JOIN "lead" AS t ON t."id" = f.rowid     what stands behind FROM
 *   where  f."lead_fts" MATCH ?                                          one placeholder
 *   id     f.rowid        use it for ORDER BY and keyset conditions, the index is in that order */
void db_fts_from(struct db *db, struct buf *sql, const char *name, const char *as,
                 const char *table, const char *table_as);
void db_fts_where(struct db *db, struct buf *sql, const char *name, const char *as);
void db_fts_id(struct db *db, struct buf *sql, const char *as);

/* A condition of which the one who plans the statement is to think that hardly a row meets it; appended. */
void db_rare(struct db *db, struct buf *sql, const char *condition);

#endif
