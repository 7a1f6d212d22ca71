/* sqlite_match.c - asking the SQLite driver's full text: what FTS5 is asked for, and what is left to be
 * looked at in the rows it finds.
 *
 * FTS5 hands out the rows of a whole token, and of a beginning of one or two letters (it keeps those
 * as tokens of their own), one by one from the newest on.  A longer beginning it collects whole
 * before it hands out the first row: half a second for what every second row has.  And a common
 * token costs a page of the index for every row of a rare one beside it.  So
 *   - a beginning of few tokens is asked for as those tokens,
 *   - one of many rows by its first two letters only,
 *   - beside a rare term, very common ones and marks are not asked for at all,
 * and where that gives too many rows each one is looked at, with berth_has().  What is not asked for
 * is found soon: it is common. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "db/sqlite.h"
#include "text/tokens.h"

enum {
    LISTED_MAX = 8,       /* tokens that a beginning is replaced by */
    RARE_ROWS = 400,      /* so many are rather looked at one by one (8 ms at most) than by their marks */
    FAR_APART = 300,      /* so much more common a term costs more than to look at the rarer one's rows */
    WORDS_MAX = 16,       /* of one term */
    TERMS_MAX = 32,
    MARKS_COUNTED = 4,    /* more take longer to count than they are worth */
    PAGE_OF_ROWS = 50,    /* a list that is asked for */
    COLLECT_NS = 900,     /* a row that is collected, */
    LOOK_NS = 9000,       /* and one that is looked at */
};

/* ---- how much the index holds ---- */

/* What is known of a term before it is asked for. */
enum how { AS_IT_IS, AS_TOKENS, BY_ITS_START };
struct guess {
    int64_t rows, of[WORDS_MAX]; /* of all words, and of each */
    bool must, broad; /* broad: a word of it is asked for by its start */
    enum how how[WORDS_MAX];
    struct buf tokens[WORDS_MAX];
};

/* Collecting all of a beginning, or looking at the rows of its first letters until there is a page of
 * them, which takes the longer the rarer it is among those? */
static bool is_broad(struct db_conn *c, const char *name, const struct db_fts_word *w, int64_t rows)
{
    struct db_fts_word start = {w->s, sq_fts_short(w), true};
    int64_t all = rows * COLLECT_NS;
    struct sq_words of_start;

    if (all <= (int64_t)PAGE_OF_ROWS * LOOK_NS)
        return false;
    sq_fts_words(c, name, &start, 0, &of_start);
    return all > PAGE_OF_ROWS * LOOK_NS * (of_start.rows / rows);
}

static void guess_word(struct db_conn *c, const char *name, const struct db_fts_word *w, struct guess *g, int i)
{
    struct sq_words has;
    bool whole = sq_fts_index(w) == '0';

    sq_fts_words(c, name, w, whole ? LISTED_MAX : 0, &has);
    if (whole && has.ntokens <= LISTED_MAX) {
        g->how[i] = AS_TOKENS;
        g->tokens[i] = has.tokens;
    } else {
        buf_free(&has.tokens);
        if (whole && w->prefix && is_broad(c, name, w, has.rows))
            g->how[i] = BY_ITS_START;
    }
    g->rows += g->of[i] = has.rows;
    g->broad = g->broad || g->how[i] == BY_ITS_START;
}

static void guess(struct db_conn *c, const char *name, const struct db_fts_term *t, struct guess *g)
{
    *g = (struct guess){.must = t->must};
    for (int i = 0; i < t->n && i < WORDS_MAX && !t->must; i++)
        guess_word(c, name, &t->any[i], g, i);
}

static void guess_free(struct guess *g)
{
    for (int i = 0; i < WORDS_MAX; i++)
        buf_free(&g->tokens[i]);
}

/* A row has a word of every term: of several the rarest decides. */
bool sq_fts_common(struct db_conn *c, const char *name, const struct db_fts_term *terms, int n,
                   int64_t rows)
{
    bool common = n > 0;

    db_read_begin(c);
    for (int i = 0; i < n && common; i++) {
        struct guess g;

        guess(c, name, &terms[i], &g);
        common = g.rows > rows;
        guess_free(&g);
    }
    db_read_end(c);
    return common;
}

/* ---- the value ---- */

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

static bool add_listed(struct buf *out, const struct buf *tokens, bool any)
{
    const char *s = buf_str(tokens);

    while (*(s += strspn(s, " ")) != '\0') {
        struct db_fts_word w = {s, strcspn(s, " "), false};

        any |= add_word(out, &w, any ? " OR " : "");
        s += w.len;
    }
    return any;
}

static bool add_term(struct buf *out, const struct db_fts_term *t, const struct guess *g)
{
    size_t before = out->len;
    bool any = false;

    buf_puts(out, before > 0 ? " AND (" : "(");
    for (int i = 0; i < t->n; i++) {
        struct db_fts_word w = t->any[i];
        enum how how = i < WORDS_MAX ? g->how[i] : AS_IT_IS;

        if (how == BY_ITS_START)
            w.len = sq_fts_short(&w);
        if (how == AS_TOKENS)
            any = add_listed(out, &g->tokens[i], any);
        else
            any |= add_word(out, &w, any ? " OR " : "");
    }
    buf_putc(out, ')');
    return any;
}

/* Of a term's rows those that some marks leave, such as one's own; the two have nothing to do with each other. */
static int64_t marked(struct db_conn *c, const char *name, const struct db_fts_term *t, int64_t rows)
{
    int64_t all = t->n <= MARKS_COUNTED ? sq_fts_rows(c, name) : 0, n = 0;

    for (int i = 0; i < t->n && all > 0; i++) {
        struct sq_words has;

        sq_fts_words(c, name, &t->any[i], 0, &has);
        buf_free(&has.tokens);
        n += has.rows;
    }
    return n < all ? rows * n / all : rows;
}

/* Beside a term of few rows each of those would be looked at, if the two seldom meet: then collecting may be the
 * quicker way all the same. */
static void collect_if_quicker(struct guess *g, int64_t looks)
{
    if (!g->broad || looks < 0 || g->rows * COLLECT_NS >= looks * LOOK_NS)
        return;
    g->broad = false;
    for (int i = 0; i < WORDS_MAX; i++)
        if (g->how[i] == BY_ITS_START)
            g->how[i] = AS_IT_IS;
}

/* Rows of the rare term that have a word of the other one, too, for it is a word of both ("shen zhen" as shenzhen). */
static int64_t shared(const struct db_fts_term *rare, const struct guess *of, const struct db_fts_term *other)
{
    int64_t most = 0;

    for (int i = 0; i < rare->n && i < WORDS_MAX; i++)
        for (int k = 0; k < other->n; k++)
            if (rare->any[i].len == other->any[k].len && memcmp(rare->any[i].s, other->any[k].s, rare->any[i].len) == 0 &&
                (other->any[k].prefix || !rare->any[i].prefix) && of->of[i] > most)
                most = of->of[i];
    return most;
}

/* rarest: rows of the rarest term that is not broad; -1: all are. */
static bool is_asked(const struct guess *g, int64_t rarest)
{
    if (rarest < 0)
        return true;
    if (g->must)
        return rarest > RARE_ROWS;
    return !g->broad && (g->rows <= RARE_ROWS || g->rows / FAR_APART <= rarest);
}

/* Asked for are the terms that are not broad, but for those far more common than the rarest; and the
 * marks, unless few rows are left without them. */
bool sq_fts_match(struct db_conn *c, const char *name, struct buf *value,
                  const struct db_fts_term *terms, int n, unsigned *left)
{
    struct guess *g;
    int64_t rarest = -1, looks;
    int rare = 0; /* that term */
    bool can = true, broad = false;

    n = n < TERMS_MAX ? n : TERMS_MAX;
    g = mem_alloc((size_t)(n > 0 ? n : 1) * sizeof(*g));
    *left = 0;
    db_read_begin(c);
    for (int i = 0; i < n; i++) {
        guess(c, name, &terms[i], &g[i]);
        if (!g[i].must && !g[i].broad && (rarest < 0 || g[i].rows < rarest))
            rarest = g[rare = i].rows;
        broad = broad || g[i].broad;
    }
    looks = rarest;
    for (int i = 0; i < n && broad && rarest > RARE_ROWS; i++)
        if (g[i].must)
            looks = marked(c, name, &terms[i], looks);
    db_read_end(c);
    for (int i = 0; i < n && can; i++) {
        int64_t both = rarest > 0 && g[i].broad ? shared(&terms[rare], &g[rare], &terms[i]) : 0;

        collect_if_quicker(&g[i], both > 0 && PAGE_OF_ROWS * (rarest / both) < looks ? PAGE_OF_ROWS * (rarest / both) : looks);
        bool ask = is_asked(&g[i], rarest);

        if (g[i].must && !ask)
            *left |= DB_FTS_MARKS;
        else if (!g[i].must && (!ask || g[i].broad))
            *left |= DB_FTS_TEST;
        can = !ask || add_term(value, &terms[i], &g[i]);
    }
    for (int i = 0; i < n; i++)
        guess_free(&g[i]);
    free(g);
    return n > 0 && can;
}

void sq_fts_from(struct buf *sql, const char *name, const char *as, const char *table,
                 const char *table_as)
{
    sq_add_name(sql, name);
    buf_addf(sql, " AS %s CROSS JOIN ", as); /* CROSS: the order of the tables stays this one */
    sq_add_name(sql, table);
    buf_addf(sql, " AS %s ON %s.\"id\" = %s.rowid", table_as, table_as, as);
}

void sq_fts_where(struct buf *sql, const char *name, const char *as)
{
    buf_addf(sql, "%s.", as);
    sq_add_name(sql, name);
    buf_puts(sql, " MATCH ?");
}

void sq_fts_id(struct buf *sql, const char *as)
{
    buf_addf(sql, "%s.rowid", as);
}

void sq_fts_test(struct buf *sql, const char *const *columns, int names, int prose)
{
    buf_addf(sql, "berth_has(?, %d", names);
    for (int i = 0; i < names + prose; i++)
        buf_addf(sql, ", %s", columns[i]);
    buf_putc(sql, ')');
}

/* ---- looking at a row ---- */

struct asked {
    struct arena *arena;
    const struct text_query *q;
};

static void asked_free(void *p)
{
    struct asked *a = p;

    arena_free(&a->arena);
    free(a);
}

/* What was typed, cut into terms once for all rows of a statement. */
static const struct text_query *asked_of(sqlite3_context *f, sqlite3_value *typed)
{
    struct asked *a = sqlite3_get_auxdata(f, 0);

    if (a != NULL)
        return a->q;
    a = mem_alloc(sizeof(*a));
    a->arena = arena_new();
    a->q = text_tokens_query(a->arena, (const char *)sqlite3_value_text(typed),
                             (size_t)sqlite3_value_bytes(typed));
    sqlite3_set_auxdata(f, 0, a, asked_free);
    return sqlite3_get_auxdata(f, 0) != NULL ? a->q : NULL; /* else it is freed: no memory */
}

/* berth_has(typed, names, text ...): the texts have, of each term of what was typed, a word. */
static void has(sqlite3_context *f, int n, sqlite3_value **v)
{
    const struct text_query *q;
    uint32_t met = 0;
    int names;

    if (n < 2 || sqlite3_value_type(v[0]) != SQLITE_TEXT || (q = asked_of(f, v[0])) == NULL) {
        sqlite3_result_int(f, 0);
        return;
    }
    names = sqlite3_value_int(v[1]);
    for (int i = 2; i < n && met != text_query_all(q); i++)
        if (sqlite3_value_type(v[i]) == SQLITE_TEXT)
            text_query_meet(q, (const char *)sqlite3_value_text(v[i]), (size_t)sqlite3_value_bytes(v[i]),
                            i - 2 >= names, &met);
    sqlite3_result_int(f, q->n > 0 && met == text_query_all(q));
}

int sq_match_register(sqlite3 *h)
{
    return sqlite3_create_function_v2(h, "berth_has", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, has, NULL,
                                      NULL, NULL);
}
