/* sqlite_fts.c - the SQLite driver's full text: contentless FTS5 tables of ready-made tokens.
 *
 * The host folds and splits text, so the tokenizer only cuts at spaces.  A contentless table keeps
 * no copy of the tokens: to take a row out one has to hand in the very tokens it was put in with.
 *
 * Putting 25 tokens into FTS5 costs 20 to 30 us, more than the rest of saving a row, and a
 * savepoint a row makes it dearer still.  So db_fts_put() only notes the change in a table, in the
 * body's own transaction, and an idle body of the writer works the notes off, some milliseconds at
 * a time. A search that must see everything calls db_fts_wait() first. */
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/when.h"
#include "db/sqlite.h"

#define TODO "fts_todo" /* also left out of db_schema() */

enum {
    CHUNK_MS = 8,      /* how long one body of the indexer works */
    CHUNK_ROWS = 2000, /* and at most on so many notes */
    HURRY_ROWS = 300,  /* with more to do than that a search does not wait */
    RETRY_MS = 2000,   /* after a failure */
};

/* The tokenizer. */

static int tokenizer_create(void *api, const char **args, int n, Fts5Tokenizer **out)
{
    static char nothing;

    (void)api, (void)args, (void)n;
    *out = (Fts5Tokenizer *)&nothing;
    return SQLITE_OK;
}

static void tokenizer_delete(Fts5Tokenizer *t)
{
    (void)t;
}

static int tokenize(Fts5Tokenizer *t, void *to, int flags, const char *text, int len,
                    int (*token)(void *, int, const char *, int, int, int))
{
    (void)t, (void)flags;
    for (int i = 0; i < len;) {
        int start = i;

        while (i < len && text[i] != ' ')
            i++;
        if (i > start) {
            int rc = token(to, 0, text + start, i - start, start, i);

            if (rc != SQLITE_OK)
                return rc;
        }
        i++;
    }
    return SQLITE_OK;
}

int sq_fts_register(sqlite3 *h)
{
    static fts5_tokenizer spaces = {tokenizer_create, tokenizer_delete, tokenize};
    fts5_api *api = NULL;
    sqlite3_stmt *s;
    int rc = sqlite3_prepare_v2(h, "SELECT fts5(?1)", -1, &s, NULL);

    if (rc == SQLITE_OK) {
        sqlite3_bind_pointer(s, 1, (void *)&api, "fts5_api_ptr", NULL);
        sqlite3_step(s);
        rc = sqlite3_finalize(s);
    }
    if (rc != SQLITE_OK || api == NULL)
        return rc == SQLITE_OK ? SQLITE_ERROR : rc;
    return api->xCreateTokenizer(api, "spaces", NULL, &spaces, NULL);
}

/* Tables.  Names come from the model registry; they are quoted all the same. */

void sq_add_name(struct buf *sql, const char *name)
{
    buf_putc(sql, '"');
    for (; *name != '\0'; name++) {
        if (*name == '"')
            buf_putc(sql, '"');
        buf_putc(sql, *name);
    }
    buf_putc(sql, '"');
}

/* Runs `before "name" after`. */
static int run(struct db_conn *c, const char *before, const char *name, const char *after)
{
    struct buf sql = BUF_INIT;

    buf_puts(&sql, before);
    sq_add_name(&sql, name);
    buf_puts(&sql, after);
    int rc = sq_exec(c, sql.s);
    buf_free(&sql);
    return rc;
}

static int set_option(struct db_conn *c, const char *name, const char *option, int value)
{
    struct buf sql = BUF_INIT;

    buf_puts(&sql, "INSERT INTO ");
    sq_add_name(&sql, name);
    buf_puts(&sql, " (");
    sq_add_name(&sql, name);
    buf_addf(&sql, ", rank) VALUES ('%s', %d)", option, value);
    int rc = sq_exec(c, sql.s);
    buf_free(&sql);
    return rc;
}

/* detail=none: which rows have a token, not where; the host's tokens need no phrases.
 * columnsize=0: no ranking.  prefix: a million rows with a common first letter take 100 ms and more
 * to gather without it.  automerge: fewer, larger merges cost a fifth less than the default of 4.
 */
int sq_fts_create(struct db_conn *c, const char *name)
{
    int rc = run(c, "CREATE VIRTUAL TABLE ", name,
                 " USING fts5(t, content='', detail=none, columnsize=0, prefix='1 2',"
                 " tokenize='spaces')");

    if (rc == DB_OK)
        rc = set_option(c, name, "automerge", 8);
    if (rc == DB_OK)
        rc = set_option(c, name, "crisismerge", 32);
    if (rc == DB_OK)
        rc = sq_exec(c, "CREATE TABLE IF NOT EXISTS " TODO " (seq INTEGER PRIMARY KEY,"
                        " fts TEXT NOT NULL, id INTEGER NOT NULL, gone TEXT, come TEXT) STRICT");
    return rc;
}

static bool has_table(struct db_conn *c, const char *name, const char *sql_like)
{
    struct db_stmt *s = sq_prepare(c, "SELECT 1 FROM sqlite_schema WHERE type = 'table'"
                                      " AND name = ? AND sql LIKE ?");

    db_bind_text(s, 1, name, -1);
    db_bind_text(s, 2, sql_like, -1);
    bool found = db_step(s) == DB_ROW;
    db_reset(s);
    return found;
}

bool sq_fts_exists(struct db_conn *c, const char *name)
{
    return has_table(c, name, "CREATE VIRTUAL TABLE%");
}

static int forget_notes(struct db_conn *c, const char *name)
{
    struct db_stmt *s = sq_prepare(c, "DELETE FROM " TODO " WHERE fts = ?");

    db_bind_text(s, 1, name, -1);
    return db_step(s);
}

int sq_fts_drop(struct db_conn *c, const char *name)
{
    if (!sq_fts_exists(c, name))
        return DB_OK;
    int rc = forget_notes(c, name);
    return rc == DB_OK ? run(c, "DROP TABLE ", name, "") : rc;
}

int sq_fts_clear(struct db_conn *c, const char *name)
{
    struct buf sql = BUF_INIT;
    int rc = forget_notes(c, name);

    if (rc != DB_OK)
        return rc;
    buf_puts(&sql, "INSERT INTO ");
    sq_add_name(&sql, name);
    buf_puts(&sql, " (");
    sq_add_name(&sql, name);
    buf_puts(&sql, ") VALUES ('delete-all')");
    rc = sq_exec(c, sql.s);
    buf_free(&sql);
    return rc;
}

/* Tokens. */

static const char *next_token(const char *s, size_t *len_r)
{
    s += strspn(s, " ");
    *len_r = strcspn(s, " ");
    return s;
}

static bool has_token(const char *list, const char *token, size_t len)
{
    size_t n;

    for (list = next_token(list, &n); n > 0; list = next_token(list + n, &n))
        if (n == len && memcmp(list, token, n) == 0)
            return true;
    return false;
}

/* The tokens of `list` that are not in `other`. */
static void difference(struct buf *out, const char *list, const char *other)
{
    size_t n;

    for (list = next_token(list, &n); n > 0; list = next_token(list + n, &n)) {
        if (has_token(other, list, n))
            continue;
        if (out->len > 0)
            buf_putc(out, ' ');
        buf_add(out, list, n);
    }
}

/* Notes of what is to be indexed. */

static int note(struct db_conn *c, const char *name, int64_t id, const char *gone, const char *come)
{
    struct sq_db *db = (struct sq_db *)c->db;
    struct db_stmt *s =
        sq_prepare(c, "INSERT INTO " TODO " (fts, id, gone, come) VALUES (?, ?, ?, ?)");

    db_bind_text(s, 1, name, -1);
    db_bind_int(s, 2, id);
    db_bind_text(s, 3, gone, -1);
    db_bind_text(s, 4, come, -1);
    atomic_fetch_add(&db->fts.noted, 1);
    return db_step(s);
}

/* Of a change only what differs is indexed. */
int sq_fts_put(struct db_conn *c, const char *name, int64_t id, const char *was, const char *now)
{
    struct buf gone = BUF_INIT, come = BUF_INIT;
    int rc = DB_OK;

    if (was == NULL || now == NULL)
        return was == now ? DB_OK : note(c, name, id, was, now);
    difference(&gone, was, now);
    difference(&come, now, was);
    if (gone.len + come.len > 0)
        rc = note(c, name, id, buf_str(&gone), buf_str(&come));
    buf_free(&gone);
    buf_free(&come);
    return rc;
}

/* The indexer. */

struct drain {
    struct db_work work;
    struct sq_db *db;
    long long noted; /* when it began */
    int rows, rc;
    bool all;      /* nothing was left */
    sem_t *waiter; /* NULL: the indexer's own */
};

/* One side of a change.  FTS5 counts rows, so a change always goes out and in again. */
static int put(struct db_conn *c, struct buf *sql, const char *name, const char *command,
               int64_t id, const char *tokens)
{
    if (tokens == NULL)
        return DB_OK;
    buf_clear(sql);
    buf_puts(sql, "INSERT INTO ");
    sq_add_name(sql, name);
    buf_puts(sql, " (");
    sq_add_name(sql, name);
    buf_puts(sql, ", rowid, t) VALUES (?, ?, ?)");
    struct db_stmt *s = sq_prepare(c, sql->s);
    db_bind_text(s, 1, command, -1);
    db_bind_int(s, 2, id);
    db_bind_text(s, 3, tokens, -1);
    return db_step(s);
}

static int index_row(struct db_conn *c, struct buf *sql, struct db_stmt *todo)
{
    const char *name = sq_col_text(todo, 1, NULL);
    int64_t id = sq_col_int(todo, 2);
    int rc = put(c, sql, name, "delete", id, sq_col_text(todo, 3, NULL));

    if (rc == DB_OK)
        rc = put(c, sql, name, NULL, id, sq_col_text(todo, 4, NULL));
    return rc == DB_ERROR ? DB_OK : rc; /* logged; one bad note must not stop all others */
}

static int strike_out(struct db_conn *c, int64_t last)
{
    struct db_stmt *s = sq_prepare(c, "DELETE FROM " TODO " WHERE seq <= ?");

    db_bind_int(s, 1, last);
    return db_step(s);
}

static int drain_body(struct db_conn *c, void *arg)
{
    struct drain *d = arg;
    struct buf sql = BUF_INIT;
    int64_t until = when_monotonic() + CHUNK_MS, last = 0;
    int rc, step = DB_DONE;

    d->noted = atomic_load(&d->db->fts.noted);
    d->rows = 0;
    struct db_stmt *todo =
        sq_prepare(c, "SELECT seq, fts, id, gone, come FROM " TODO " ORDER BY seq");
    for (rc = DB_OK; rc == DB_OK && (step = db_step(todo)) == DB_ROW; d->rows++) {
        if (d->rows >= CHUNK_ROWS || (d->rows > 0 && when_monotonic() >= until))
            break;
        last = sq_col_int(todo, 0);
        rc = index_row(c, &sql, todo);
    }
    d->all = step == DB_DONE;
    if (step == DB_ROW)
        sq_reset(todo);
    buf_free(&sql);
    if (step < 0)
        return step;
    return rc == DB_OK && d->rows > 0 ? strike_out(c, last) : rc;
}

static void drain_done(void *arg, int rc)
{
    struct drain *d = arg;
    struct sq_fts *f = &d->db->fts;

    if (rc == DB_OK)
        atomic_store(&f->indexed, d->all ? d->noted : atomic_load(&f->indexed) + d->rows);
    d->rc = rc;
    if (d->waiter != NULL) {
        sem_post(d->waiter); /* d is gone */
        return;
    }
    f->queued = false;
    if (rc != DB_OK) {
        f->retry_at = when_monotonic() + RETRY_MS;
        log_warn("db", "index texts: failed with %d, trying again", rc);
    }
}

/* On the writer thread, after each batch. */
void sq_fts_tidy(struct sq_db *db)
{
    struct sq_fts *f = &db->fts;

    if (f->queued || atomic_load(&f->noted) == atomic_load(&f->indexed) ||
        when_monotonic() < f->retry_at)
        return;
    f->queued = true;
    if (writer_submit(db->writer, &f->drain->work) != DB_OK)
        f->queued = false;
}

/* Notes may be left from before. */
void sq_fts_open(struct sq_db *db)
{
    struct sq_fts *f = &db->fts;

    f->drain = mem_alloc(sizeof(*f->drain));
    *f->drain =
        (struct drain){.work = {.body = drain_body, .done = drain_done, .arg = f->drain, .idle = true}, .db = db};
    if (!has_table(&db->w->base, TODO, "%"))
        return;
    atomic_store(&f->noted, 1);
    f->queued = true;
    if (writer_submit(db->writer, &f->drain->work) != DB_OK)
        f->queued = false;
}

void sq_fts_close(struct sq_db *db)
{
    free(db->fts.drain);
}

/* Has the writer work some notes off now. */
static int drain_now(struct sq_db *db)
{
    sem_t done;
    struct drain d = {
        .work = {.body = drain_body, .done = drain_done, .arg = &d}, .db = db, .waiter = &done};

    sem_init(&done, 0, 0);
    int rc = writer_submit(db->writer, &d.work);
    if (rc == DB_OK) {
        while (sem_wait(&done) != 0)
            continue; /* a signal */
        rc = d.rc;
    }
    sem_destroy(&done);
    return rc;
}

bool sq_fts_wait(struct db *base, int max_ms)
{
    struct sq_db *db = (struct sq_db *)base;
    long long noted = atomic_load(&db->fts.noted);
    int64_t until = when_monotonic() + max_ms;

    if (db->writer == NULL || writer_here(db->writer))
        return db->writer == NULL;
    for (;;) {
        long long left = noted - atomic_load(&db->fts.indexed);

        if (left <= 0)
            return true;
        if (max_ms >= 0 && (left > HURRY_ROWS || when_monotonic() > until))
            return false;
        if (drain_now(db) != DB_OK)
            return false;
    }
}

bool sq_fts_settled(struct db_conn *c)
{
    struct db_stmt *s;
    bool settled;

    if (!has_table(c, TODO, "%"))
        return true;
    s = sq_prepare(c, "SELECT 1 FROM " TODO " LIMIT 1");
    settled = db_step(s) == DB_DONE;
    db_reset(s);
    return settled;
}
