/* sqlite_fts.c - the SQLite driver's full text: contentless FTS5 tables of ready-made tokens.
 *
 * The host folds and splits text, so the tokenizer only cuts at spaces.  A contentless table keeps
 * no copy of the tokens: to take a row out one has to hand in the very tokens it was put in with. */
#include <string.h>

#include "db/sqlite.h"

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

static void add_name(struct buf *sql, const char *name)
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
    add_name(&sql, name);
    buf_puts(&sql, after);
    int rc = sq_exec(c, sql.s);
    buf_free(&sql);
    return rc;
}

/* detail=none: which rows have a token, not where; a third of the size of full, and the host's
 * tokens need no phrases.  columnsize=0: no ranking either. */
int sq_fts_create(struct db_conn *c, const char *name)
{
    return run(c, "CREATE VIRTUAL TABLE ", name,
               " USING fts5(t, content='', detail=none, columnsize=0, tokenize='spaces')");
}

int sq_fts_drop(struct db_conn *c, const char *name)
{
    return run(c, "DROP TABLE IF EXISTS ", name, "");
}

int sq_fts_clear(struct db_conn *c, const char *name)
{
    struct buf sql = BUF_INIT;

    buf_puts(&sql, "INSERT INTO ");
    add_name(&sql, name);
    buf_puts(&sql, " (");
    add_name(&sql, name);
    buf_puts(&sql, ") VALUES ('delete-all')");
    int rc = sq_exec(c, sql.s);
    buf_free(&sql);
    return rc;
}

bool sq_fts_exists(struct db_conn *c, const char *name)
{
    struct db_stmt *s = sq_prepare(c, "SELECT 1 FROM sqlite_schema WHERE type = 'table'"
                                      " AND name = ? AND sql LIKE 'CREATE VIRTUAL TABLE%'");

    db_bind_text(s, 1, name, -1);
    bool found = db_step(s) == DB_ROW;
    db_reset(s);
    return found;
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

static int put(struct db_conn *c, const char *name, int64_t id, const char *command,
               const char *tokens)
{
    struct buf sql = BUF_INIT;

    buf_puts(&sql, "INSERT INTO ");
    add_name(&sql, name);
    buf_puts(&sql, " (");
    add_name(&sql, name);
    buf_puts(&sql, ", rowid, t) VALUES (?, ?, ?)");
    struct db_stmt *s = sq_prepare(c, sql.s);
    buf_free(&sql);
    db_bind_text(s, 1, command, -1);
    db_bind_int(s, 2, id);
    db_bind_text(s, 3, tokens, -1);
    return db_step(s);
}

/* Only what differs is written; but always out and in again, because FTS5 counts rows. */
static int change(struct db_conn *c, const char *name, int64_t id, const char *was, const char *now)
{
    struct buf gone = BUF_INIT, come = BUF_INIT;
    int rc = DB_OK;

    difference(&gone, was, now);
    difference(&come, now, was);
    if (gone.len + come.len > 0) {
        rc = put(c, name, id, "delete", buf_str(&gone));
        if (rc == DB_OK)
            rc = put(c, name, id, NULL, buf_str(&come));
    }
    buf_free(&gone);
    buf_free(&come);
    return rc;
}

int sq_fts_put(struct db_conn *c, const char *name, int64_t id, const char *was, const char *now)
{
    if (was != NULL && now != NULL)
        return change(c, name, id, was, now);
    if (was != NULL)
        return put(c, name, id, "delete", was);
    return now == NULL ? DB_OK : put(c, name, id, NULL, now);
}

/* Queries. */

/* A quoted string of FTS5's query language: nothing in it is syntax. */
static bool add_word(struct buf *out, const struct db_fts_word *w, const char *before)
{
    size_t mark = out->len, usable = 0;

    buf_puts(out, before);
    buf_putc(out, '"');
    for (size_t i = 0; i < w->len; i++) {
        if (w->s[i] == ' ' || w->s[i] == '\0') /* in no token */
            continue;
        if (w->s[i] == '"')
            buf_putc(out, '"');
        buf_putc(out, w->s[i]);
        usable++;
    }
    buf_puts(out, w->prefix ? "\" *" : "\"");
    if (usable == 0) {
        out->len = mark;
        out->s[mark] = '\0';
    }
    return usable > 0;
}

static bool add_term(struct buf *out, const struct db_fts_term *t)
{
    bool any = false;

    buf_putc(out, '(');
    for (int i = 0; i < t->n; i++)
        any |= add_word(out, &t->any[i], any ? " OR " : "");
    buf_putc(out, ')');
    return any;
}

bool sq_fts_match(struct buf *value, const struct db_fts_term *terms, int n)
{
    for (int i = 0; i < n; i++) {
        if (i > 0)
            buf_puts(value, " AND ");
        if (!add_term(value, &terms[i]))
            return false;
    }
    return n > 0;
}

void sq_fts_from(struct buf *sql, const char *name, const char *as, const char *table,
                 const char *table_as)
{
    add_name(sql, name);
    buf_addf(sql, " AS %s CROSS JOIN ", as); /* CROSS: the order of the tables stays this one */
    add_name(sql, table);
    buf_addf(sql, " AS %s ON %s.\"id\" = %s.rowid", table_as, table_as, as);
}

void sq_fts_where(struct buf *sql, const char *name, const char *as)
{
    buf_addf(sql, "%s.", as);
    add_name(sql, name);
    buf_puts(sql, " MATCH ?");
}

void sq_fts_id(struct buf *sql, const char *as)
{
    buf_addf(sql, "%s.rowid", as);
}
