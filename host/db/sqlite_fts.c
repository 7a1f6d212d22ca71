/* sqlite_fts.c - the SQLite driver's full text: contentless FTS5 tables of ready-made tokens.
 *
 * The host folds and splits text, so the tokenizer only cuts at spaces.  A contentless table keeps
 * no copy of the tokens: to take a row out one has to hand in the very tokens it was put in with.
 *
 * Putting 25 tokens into FTS5 costs 20 to 30 us, more than the rest of saving a row, and a
 * savepoint a row makes it dearer still.  So db_fts_put() only notes the change in a table, in the
 * body's own transaction, and an idle body of the writer works the notes off, some milliseconds at
 * a time. A search that must see everything calls db_fts_wait() first.
 *
 * FTS5 keeps what comes in segments, and a search looks into each of them for each word.  When there is nothing
 * left to index, levels of four segments and more are merged, in idle time too: a million rows come down from
 * 21 segments to 5 in 3 s of processor time, and searches take half as long.
 *
 * Of new rows it is only noted that they are there, of an import's in one range; their tokens are made when they are
 * indexed, of the row as it is then.  So a change before that needs no note, and ranges and notes never speak of the
 * same row. */
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/when.h"
#include "db/sqlite.h"

#define TODO "fts_todo" /* also left out of db_schema(), as is the other */
#define RANGE "fts_range"
#define FRESH "!" /* before the name: a range that searches wait for, and that is come to before the others */
#define IS_FRESH "fts GLOB '" FRESH "*'"
#define CREATE_RANGE "CREATE TABLE IF NOT EXISTS " RANGE " (fts TEXT NOT NULL, first INTEGER NOT NULL," \
                     " last INTEGER NOT NULL, PRIMARY KEY (fts, first)) STRICT, WITHOUT ROWID"

enum {
    CHUNK_MS = 8,      /* how long one body of the indexer works */
    CHUNK_ROWS = 2000, /* and at most on so many notes */
    HURRY_ROWS = 300,  /* with more to do than that a search does not wait */
    PRESS_ROWS = 2000, /* with more the indexer does not wait for the writer to be idle, but a fifth of a second at most */
    RETRY_MS = 2000,   /* after a failure */
    GATHER_MS = 1000,  /* from the first change until its segments are looked at */
    GATHER_PAGES = 16, /* of a merge in one go: a millisecond or two, seldom more */
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
                        " fts TEXT NOT NULL, id INTEGER NOT NULL, gone TEXT, come TEXT) STRICT;" CREATE_RANGE);
    return rc;
}

/* type: "table" or "virtual". */
static bool has_table(struct db_conn *c, const char *name, const char *type)
{
    struct db_stmt *s = sq_prepare(c, "SELECT 1 FROM pragma_table_list(?) WHERE schema = 'main' AND type = ?");

    db_bind_text(s, 1, name, -1);
    db_bind_text(s, 2, type, -1);
    bool found = db_step(s) == DB_ROW;
    db_reset(s);
    return found;
}

bool sq_fts_exists(struct db_conn *c, const char *name)
{
    return has_table(c, name, "virtual");
}

static int forget_notes(struct db_conn *c, const char *name)
{
    struct db_stmt *s = sq_prepare(c, "DELETE FROM " TODO " WHERE fts = ?");
    int rc;

    db_bind_text(s, 1, name, -1);
    rc = db_step(s);
    if (rc != DB_OK)
        return rc;
    s = sq_prepare(c, "DELETE FROM " RANGE " WHERE fts IN (?1, '" FRESH "' || ?1)");
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
    size_t n = 0;

    while (*s == ' ')
        s++;
    while (s[n] != ' ' && s[n] != '\0')
        n++;
    *len_r = n;
    return s;
}

struct token {
    const char *s;
    size_t len;
};

static int by_bytes(const void *a, const void *b)
{
    const struct token *x = a, *y = b;
    int d = memcmp(x->s, y->s, x->len < y->len ? x->len : y->len);

    return d != 0 ? d : (x->len > y->len) - (x->len < y->len);
}

/* In order; to be freed. */
static struct token *sorted_tokens(const char *list, size_t *n_r)
{
    struct token *all = mem_alloc((strlen(list) / 2 + 1) * sizeof(*all)); /* a byte and a blank each, at least */
    size_t n = 0, len;

    for (list = next_token(list, &len); len > 0; list = next_token(list + len, &len))
        all[n++] = (struct token){list, len};
    qsort(all, n, sizeof(*all), by_bytes);
    *n_r = n;
    return all;
}

/* The tokens of `list` that are not in `other`. */
static void difference(struct buf *out, const char *list, const char *other)
{
    size_t n;
    struct token *there = sorted_tokens(other, &n), t;

    for (t.s = next_token(list, &t.len); t.len > 0; t.s = next_token(t.s + t.len, &t.len)) {
        if (bsearch(&t, there, n, sizeof(t), by_bytes) != NULL)
            continue;
        if (out->len > 0)
            buf_putc(out, ' ');
        buf_add(out, t.s, t.len);
    }
    free(there);
}

/* Notes of what is to be indexed. */

static int note(struct db_conn *c, const char *name, int64_t id, const char *gone, const char *come)
{
    struct sq_db *db = (struct sq_db *)c->db;
    const struct db_value v[] = {db_text(name), db_int(id), db_text(gone), db_text(come)};

    atomic_fetch_add(&db->fts.noted, 1);
    return sq_add_row(c, &(struct db_row){TODO " (fts, id, gone, come)", sizeof(v) / sizeof(v[0]), 1, v, false, NULL});
}

/* Ranges. */

enum { NAME_BYTES = 128 };

struct range {
    int64_t first, last;
};

static const char *fresh_name(char out[NAME_BYTES], const char *name)
{
    return strncat(strcpy(out, FRESH), name, NAME_BYTES - sizeof(FRESH));
}

static bool bulk_waits(const struct sq_fts *f)
{
    return atomic_load(&f->bulk) != atomic_load(&f->bulk_indexed);
}

static int range_add(struct db_conn *c, const char *name, int64_t first, int64_t last)
{
    struct db_stmt *s = sq_prepare(c, "INSERT INTO " RANGE " (fts, first, last) VALUES (?, ?, ?)");

    db_bind_text(s, 1, name, -1);
    db_bind_int(s, 2, first);
    db_bind_int(s, 3, last);
    return db_step(s);
}

/* All that lie in it. */
static int range_drop(struct db_conn *c, const char *name, const struct range *r)
{
    struct db_stmt *s = sq_prepare(c, "DELETE FROM " RANGE " WHERE fts = ? AND first >= ? AND first <= ?");

    db_bind_text(s, 1, name, -1);
    db_bind_int(s, 2, r->first);
    db_bind_int(s, 3, r->last);
    return db_step(s);
}

/* The last one that begins at the row or before it. */
static bool range_find(struct db_conn *c, const char *name, int64_t id, struct range *r)
{
    struct db_stmt *s = sq_prepare(c, "SELECT first, last FROM " RANGE " WHERE fts = ?1 AND first <= ?2"
                                      " ORDER BY first DESC LIMIT 1");
    bool found;

    db_bind_text(s, 1, name, -1);
    db_bind_int(s, 2, id);
    found = db_step(s) == DB_ROW;
    if (found)
        *r = (struct range){db_col_int(s, 0), db_col_int(s, 1)};
    db_reset(s);
    return found;
}

static int range_take_out(struct db_conn *c, const char *name, const struct range *r, int64_t id)
{
    int rc = range_drop(c, name, r);

    if (rc == DB_OK && r->first < id)
        rc = range_add(c, name, r->first, id - 1);
    if (rc == DB_OK && r->last > id)
        rc = range_add(c, name, id + 1, r->last);
    return rc;
}

/* A row that is told of by itself is no longer one of a range: it would be indexed twice. */
static int range_leave(struct db_conn *c, const char *name, int64_t id, bool *was_in)
{
    const struct sq_fts *f = &((struct sq_db *)c->db)->fts;
    struct range r;

    *was_in = (bulk_waits(f) || atomic_load(&f->ownerless)) && range_find(c, name, id, &r) && r.last >= id;
    return *was_in ? range_take_out(c, name, &r, id) : DB_OK;
}

/* Slices of an import follow each other and become one. */
int sq_fts_put_range(struct db_conn *c, const char *name, int64_t first, int64_t last)
{
    struct sq_fts *f = &((struct sq_db *)c->db)->fts;
    struct range before;
    int rc = DB_OK;

    atomic_fetch_add(&f->bulk, last - first + 1);
    if (range_find(c, name, first, &before) && before.last == first - 1) {
        rc = range_drop(c, name, &before);
        first = before.first;
    }
    return rc == DB_OK ? range_add(c, name, first, last) : rc;
}

/* Columns of a range: its name, first, last. */
static bool joins(struct db_value *last, const void *arg)
{
    const struct db_value *row = arg;

    if (last[2].i != row[1].i - 1 || strcmp(last[0].s, row[0].s) != 0)
        return false;
    last[2].i = row[2].i;
    return true;
}

/* With its neighbours of the same batch one range, else one of its own: the indexer comes to neighbours together.  Nothing is
 * looked up: that would have rows of the batch that wait for each other written early. */
int sq_fts_put_new(struct db_conn *c, const char *name, int64_t id)
{
    static const char into[] = RANGE " (fts, first, last)";
    struct sq_fts *f = &((struct sq_db *)c->db)->fts;
    char fresh[NAME_BYTES];
    const struct db_value v[] = {db_text(fresh_name(fresh, name)), db_int(id), db_int(id)};

    atomic_fetch_add(&f->noted, 1);
    if (sq_stretch_waiting((struct sq_conn *)c, into, joins, v))
        return DB_OK;
    return sq_add_row(c, &(struct db_row){into, sizeof(v) / sizeof(v[0]), 1, v, false, NULL});
}

/* It may lie between the first and the last of a table that is made anew. */
int sq_fts_put_back(struct db_conn *c, const char *name, int64_t id)
{
    bool was_in;
    int rc = range_leave(c, name, id, &was_in);

    return rc == DB_OK ? sq_fts_put_new(c, name, id) : rc;
}

/* A change to a row that the index has never heard of: from now on searches wait for it.  *is: whether it is one. */
static int put_still_new(struct db_conn *c, const char *name, int64_t id, bool goes, bool *is)
{
    const struct sq_fts *f = &((struct sq_db *)c->db)->fts;
    char fresh[NAME_BYTES];
    struct range r;
    int rc;

    *is = false;
    if (atomic_load(&f->noted) == atomic_load(&f->indexed) && !bulk_waits(f) && !atomic_load(&f->ownerless))
        return DB_OK;
    *is = range_find(c, fresh_name(fresh, name), id, &r) && r.last >= id;
    if (*is)
        return goes ? range_take_out(c, fresh, &r, id) : DB_OK;
    rc = range_leave(c, name, id, is);
    return rc == DB_OK && *is && !goes ? sq_fts_put_new(c, name, id) : rc;
}

/* Of a change only what differs is indexed. */
int sq_fts_put(struct db_conn *c, const char *name, int64_t id, const char *was, const char *now)
{
    struct buf gone = BUF_INIT, come = BUF_INIT;
    bool is_new = false;
    int rc = put_still_new(c, name, id, now == NULL, &is_new);

    if (rc != DB_OK || is_new)
        return rc;
    if (now == NULL)
        return note(c, name, id, was, NULL);
    difference(&gone, was, now);
    difference(&come, now, was);
    if (gone.len + come.len > 0)
        rc = note(c, name, id, buf_str(&gone), buf_str(&come));
    buf_free(&gone);
    buf_free(&come);
    return rc;
}

static bool any(struct db_conn *c, const char *sql)
{
    struct db_stmt *s = sq_prepare(c, sql);
    bool found = db_step(s) == DB_ROW;

    db_reset(s);
    return found;
}

static int64_t number(struct db_conn *c, const char *sql)
{
    struct db_stmt *s = sq_prepare(c, sql);
    int64_t n = db_step(s) == DB_ROW ? db_col_int(s, 0) : 0;

    db_reset(s);
    return n;
}

/* The indexer. */

struct drain {
    struct db_work work;
    struct sq_db *db;
    long long noted, bulk; /* as in sq_fts, when it began */
    int64_t until;         /* when to end */
    int did_noted, did_bulk, rc;
    bool all_noted, all_bulk; /* none is left of those */
    bool ownerless;
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

static int drain_notes(struct db_conn *c, struct drain *d)
{
    struct buf sql = BUF_INIT;
    int64_t last = 0;
    int rc = DB_OK, step = DB_DONE;
    struct db_stmt *todo =
        sq_prepare(c, "SELECT seq, fts, id, gone, come FROM " TODO " ORDER BY seq");

    for (; rc == DB_OK && (step = db_step(todo)) == DB_ROW; d->did_noted++) {
        if (d->did_noted >= CHUNK_ROWS || (d->did_noted > 0 && when_monotonic() >= d->until))
            break;
        last = sq_col_int(todo, 0);
        rc = index_row(c, &sql, todo);
    }
    d->all_noted = step == DB_DONE;
    if (step == DB_ROW)
        sq_reset(todo);
    buf_free(&sql);
    if (step < 0)
        return step;
    return rc == DB_OK && d->did_noted > 0 ? strike_out(c, last) : rc;
}

/* Rows of a range, as its source hands them over. */
struct taking {
    struct drain *d;
    int *done;
    struct db_conn *c;
    const char *name;
    struct buf sql;
    int64_t next;
    int rc;
    bool ended; /* before the range did */
};

static bool take_row(void *arg, int64_t id, const char *tokens)
{
    struct taking *t = arg;

    if (t->d->did_noted + t->d->did_bulk > 0 && when_monotonic() >= t->d->until) {
        t->ended = true;
        return false;
    }
    t->rc = put(t->c, &t->sql, t->name, NULL, id, tokens);
    t->rc = t->rc == DB_ERROR ? DB_OK : t->rc;
    t->next = id + 1;
    ++*t->done;
    return t->rc == DB_OK;
}

static int drain_range(struct db_conn *c, struct drain *d, const struct db_fts_source *source, const char *name,
                       const struct range *r)
{
    bool fresh = name[0] == FRESH[0];
    struct taking t = {
        .d = d, .c = c, .done = fresh ? &d->did_noted : &d->did_bulk, .name = name + fresh, .sql = BUF_INIT, .next = r->first};
    int rc = source->tokens(source->arg, c, t.name, r->first, r->last, take_row, &t);

    buf_free(&t.sql);
    if (rc == DB_OK)
        rc = t.rc;
    if (rc > 0) {
        d->ownerless = true;
        return DB_OK;
    }
    if (rc == DB_OK)
        rc = range_drop(c, name, r);
    if (rc == DB_OK && t.ended)
        rc = range_add(c, name, t.next, r->last);
    d->all_bulk = !t.ended;
    d->all_noted = !t.ended || !fresh;
    return rc;
}

/* The next of all behind *r, with those that go on where it ends. */
static bool next_range(struct db_conn *c, char name[NAME_BYTES], struct range *r)
{
    struct db_stmt *s = sq_prepare(c, "SELECT fts, first, last FROM " RANGE " WHERE (fts, first) > (?, ?) ORDER BY fts, first");
    bool found;

    db_bind_text(s, 1, name, -1);
    db_bind_int(s, 2, r->last);
    found = db_step(s) == DB_ROW;
    if (found) {
        snprintf(name, NAME_BYTES, "%s", sq_col_text(s, 0, NULL));
        *r = (struct range){sq_col_int(s, 1), sq_col_int(s, 2)};
        while (r->last - r->first < CHUNK_ROWS && db_step(s) == DB_ROW && strcmp(sq_col_text(s, 0, NULL), name) == 0 &&
               sq_col_int(s, 1) == r->last + 1)
            r->last = sq_col_int(s, 2);
    }
    db_reset(s);
    return found;
}

static int drain_ranges(struct db_conn *c, struct drain *d)
{
    const struct db_fts_source *source = atomic_load(&d->db->fts.source);
    char name[NAME_BYTES] = "";
    struct range r = {.last = INT64_MIN};
    int rc = DB_OK;

    d->all_bulk = source != NULL;
    if (source == NULL)
        d->all_noted = !any(c, "SELECT 1 FROM " RANGE " WHERE " IS_FRESH " LIMIT 1");
    while (rc == DB_OK && d->all_bulk && next_range(c, name, &r)) {
        d->all_bulk = d->did_noted + d->did_bulk == 0 || when_monotonic() < d->until;
        d->all_noted = d->all_bulk || name[0] != FRESH[0];
        if (d->all_bulk)
            rc = drain_range(c, d, source, name, &r);
    }
    return rc;
}

static int drain_body(struct db_conn *c, void *arg)
{
    struct drain *d = arg;
    const struct sq_fts *f = &d->db->fts;
    int rc;

    d->until = when_monotonic() + CHUNK_MS;
    d->noted = atomic_load(&f->noted);
    d->bulk = atomic_load(&f->bulk);
    d->did_noted = d->did_bulk = 0;
    d->all_noted = d->all_bulk = d->ownerless = false;
    rc = drain_notes(c, d);
    if (rc == DB_OK && d->all_noted)
        rc = drain_ranges(c, d);
    return rc;
}

static void drain_done(void *arg, int rc)
{
    struct drain *d = arg;
    struct sq_fts *f = &d->db->fts;

    if (rc == DB_OK) {
        atomic_store(&f->indexed, d->all_noted ? d->noted : atomic_load(&f->indexed) + d->did_noted);
        if (d->all_bulk) {
            atomic_store(&f->bulk_indexed, d->bulk);
            atomic_store(&f->ownerless, d->ownerless);
        } else if (atomic_load(&f->bulk_indexed) + d->did_bulk < d->bulk) {
            atomic_fetch_add(&f->bulk_indexed, d->did_bulk); /* rows that left their range are counted with the last */
        }
    }
    if (rc == DB_OK && d->did_noted + d->did_bulk > 0 && !f->scattered) {
        f->scattered = true;
        f->gather_at = when_monotonic() + GATHER_MS;
    }
    d->rc = rc;
    if (d->waiter != NULL) {
        sem_post(d->waiter); /* d is gone */
        return;
    }
    f->queued = false;
    if (rc != DB_OK || (d->did_noted == 0 && !d->all_noted)) /* or there is none to ask */
        f->retry_at = when_monotonic() + RETRY_MS;
    if (rc != DB_OK)
        log_warn("db", "index texts: failed with %d, trying again", rc);
}

/* Merging what is in the index. */

struct gather {
    struct db_work work;
    struct sq_db *db;
    bool queued, all;
};

/* False: there was nothing to merge. */
static bool merge_some(struct db_conn *c, const char *name, int *rc)
{
    sqlite3_int64 before = sqlite3_total_changes64(((struct sq_conn *)c)->h);

    *rc = set_option(c, name, "merge", GATHER_PAGES);
    return *rc == DB_OK && sqlite3_total_changes64(((struct sq_conn *)c)->h) - before >= 2; /* FTS5 says so */
}

static int gather_body(struct db_conn *c, void *arg)
{
    struct gather *g = arg;
    int64_t until = when_monotonic() + CHUNK_MS;
    struct buf names = BUF_INIT; /* each closed by NUL */
    int rc = DB_OK;
    struct db_stmt *s = sq_prepare(c, "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'virtual' ORDER BY name");

    while (db_step(s) == DB_ROW) {
        const char *name = sq_col_text(s, 0, NULL);

        buf_add(&names, name, strlen(name) + 1);
    }
    db_reset(s);
    g->all = true;
    for (const char *name = buf_str(&names); name < names.s + names.len && rc == DB_OK && g->all; name += strlen(name) + 1)
        while (merge_some(c, name, &rc) && g->all)
            g->all = when_monotonic() < until;
    buf_free(&names);
    return rc;
}

static void gather_done(void *arg, int rc)
{
    struct gather *g = arg;
    struct sq_fts *f = &g->db->fts;

    g->queued = false;
    f->scattered = rc != DB_OK || !g->all;
    if (rc != DB_OK) {
        f->gather_at = when_monotonic() + 30 * RETRY_MS;
        log_warn("db", "merge texts: failed with %d, trying again", rc);
    }
}

static void gather_tidy(struct sq_db *db)
{
    struct sq_fts *f = &db->fts;

    if (!f->scattered || f->gather->queued || when_monotonic() < f->gather_at)
        return;
    f->gather->queued = writer_submit(db->writer, &f->gather->work) == DB_OK;
}

int64_t sq_fts_waiting(const struct sq_db *db)
{
    const struct sq_fts *f = &db->fts;

    return atomic_load(&f->noted) - atomic_load(&f->indexed) + atomic_load(&f->bulk) - atomic_load(&f->bulk_indexed);
}

/* On the writer thread, after each batch. */
void sq_fts_tidy(struct sq_db *db)
{
    struct sq_fts *f = &db->fts;
    long long left = atomic_load(&f->noted) - atomic_load(&f->indexed);
    bool rows = bulk_waits(f) && atomic_load(&f->source) != NULL;

    if (f->queued || when_monotonic() < f->retry_at)
        return;
    if (left == 0 && !rows) {
        gather_tidy(db);
        return;
    }
    f->drain->work.pressing = left > PRESS_ROWS;
    f->queued = true; /* at the start the writer may be done with it at once */
    if (writer_submit(db->writer, &f->drain->work) != DB_OK)
        f->queued = false;
}

/* Notes may be left from before; so may ranges, which wait for their source. */
void sq_fts_open(struct sq_db *db)
{
    struct sq_fts *f = &db->fts;
    struct db_conn *w = &db->w->base;

    f->drain = mem_alloc(sizeof(*f->drain));
    *f->drain =
        (struct drain){.work = {.body = drain_body, .done = drain_done, .arg = f->drain, .idle = true}, .db = db};
    f->gather = mem_alloc(sizeof(*f->gather));
    *f->gather = (struct gather){.work = {.body = gather_body, .done = gather_done, .arg = f->gather, .idle = true}, .db = db};
    if (!has_table(w, TODO, "table"))
        return;
    sq_exec(w, CREATE_RANGE); /* earlier versions had none */
    atomic_store(&f->noted, number(w, "SELECT (SELECT max(seq) FROM " TODO ") - (SELECT min(seq) FROM " TODO ") + 1") +
                                number(w, "SELECT sum(last - first + 1) FROM " RANGE " WHERE " IS_FRESH));
    atomic_store(&f->bulk, number(w, "SELECT sum(last - first + 1) FROM " RANGE " WHERE NOT " IS_FRESH));
    sq_fts_tidy(db);
}

static int ask_again(struct db_conn *c, void *arg)
{
    struct sq_fts *f = arg;

    (void)c;
    f->retry_at = 0;
    return 0;
}

/* The writer has then ended what it was about: nobody asks the one before any more, and the new one is heard of. */
void sq_fts_source(struct db *base, const struct db_fts_source *source)
{
    struct sq_db *db = (struct sq_db *)base;

    atomic_store(&db->fts.source, source);
    if (db->writer != NULL)
        writer_run(db->writer, ask_again, &db->fts, false);
}

void sq_fts_close(struct sq_db *db)
{
    free(db->fts.drain);
    free(db->fts.gather);
}

/* Has the writer index some now; *did: how many changes and rows. */
static int drain_now(struct sq_db *db, int64_t *did)
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
    *did = d.did_noted + d.did_bulk;
    return rc;
}

bool sq_fts_wait(struct db *base, int max_ms)
{
    struct sq_db *db = (struct sq_db *)base;
    struct sq_fts *f = &db->fts;
    long long noted = atomic_load(&f->noted), bulk = atomic_load(&f->bulk);
    int64_t until = when_monotonic() + max_ms;
    bool without_bulk = max_ms >= 0 && bulk - atomic_load(&f->bulk_indexed) > HURRY_ROWS; /* what others saved is found all the same */
    int64_t did;

    if (db->writer == NULL || writer_here(db->writer))
        return db->writer == NULL;
    for (;;) {
        long long left = noted - atomic_load(&f->indexed), bulk_left = bulk - atomic_load(&f->bulk_indexed), was = left + bulk_left;

        if (left <= 0 && (bulk_left <= 0 || without_bulk))
            return bulk_left <= 0;
        if (max_ms >= 0 && (left > HURRY_ROWS || when_monotonic() > until))
            return false;
        if (drain_now(db, &did) != DB_OK)
            return false;
        if (did == 0 && noted - atomic_load(&f->indexed) + bulk - atomic_load(&f->bulk_indexed) >= was)
            return false; /* there are none whom to ask for the tokens */
    }
}

bool sq_fts_settled(struct db_conn *c)
{
    if (has_table(c, RANGE, "table"))
        return !any(c, "SELECT 1 FROM " TODO " UNION ALL SELECT 1 FROM " RANGE " LIMIT 1");
    return !has_table(c, TODO, "table") || !any(c, "SELECT 1 FROM " TODO " LIMIT 1");
}

static size_t late_new(struct db_conn *c, const char *name, int64_t *ids, size_t most)
{
    char fresh[NAME_BYTES];
    struct db_stmt *s = sq_prepare(c, "SELECT first, last FROM " RANGE " WHERE fts = ? ORDER BY first DESC");
    size_t n = 0;

    db_bind_text(s, 1, fresh_name(fresh, name), -1);
    while (n < most && db_step(s) == DB_ROW)
        for (int64_t id = db_col_int(s, 1); id >= db_col_int(s, 0) && n < most; id--)
            ids[n++] = id;
    db_reset(s);
    return n;
}

static size_t late_changed(struct db_conn *c, const char *name, int64_t *ids, size_t from, size_t most)
{
    struct db_stmt *s = sq_prepare(c, "SELECT id FROM " TODO " WHERE fts = ? AND come IS NOT NULL GROUP BY id ORDER BY max(seq) DESC"
                                      " LIMIT ? OFFSET ?");
    size_t n = 0;

    db_bind_text(s, 1, name, -1);
    db_bind_int(s, 2, (int64_t)most);
    db_bind_int(s, 3, (int64_t)from);
    while (n < most && db_step(s) == DB_ROW)
        ids[n++] = db_col_int(s, 0);
    db_reset(s);
    return n;
}

enum { LATE_MOST = 1000 };

/* Half of the places are for changed rows, as far as there are so many. */
size_t sq_fts_late(struct db_conn *c, const char *name, int64_t *ids, size_t most)
{
    const struct sq_fts *f = &((struct sq_db *)c->db)->fts;
    long long behind = atomic_load(&f->noted) - atomic_load(&f->indexed);
    size_t half = most / 2, n;

    if (behind <= 0 || behind > LATE_MOST) /* all of them are read */
        return 0;
    n = late_changed(c, name, ids, 0, half);
    n += late_new(c, name, ids + n, most - n);
    return n + late_changed(c, name, ids + n, half, most - n);
}
