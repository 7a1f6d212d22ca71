/* sqlite_leaf.c - the SQLite driver's full text: how many rows a word has and which tokens begin with it,
 * read off the pages of FTS5's index.
 *
 * Asking FTS5 itself would collect what is to be counted.  Its index is a b-tree a segment: NAME_idx has
 * the first term of each page (a prefix of it that tells it from the page before) and twice the page's
 * number; NAME_data has the pages.  A page: where its first rowid stands and where its terms are listed,
 * two bytes each; terms, each followed by its rows as varints; the places of the terms, as varints, each
 * counted from the one before.  The first term of a page stands whole, the others say how much of the one
 * before they share.  The rows of its last term may go on over pages without a term.
 *
 * While segments are merged, what is done is in the new one: the pages of the old ones that held it are gone, but for
 * their lines in NAME_idx. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "db/sqlite.h"
#include "text/utf8.h"

enum {
    SEGMENT_BITS = 37,    /* a page's id: its segment's number above, its own below */
    READ_PAGES = 3,       /* so many of a segment are read, more are counted */
    PAGE_OF_TOKENS = 400, /* rows that a page holds: with many tokens, */
    PAGE_OF_ONE = 3000,   /* and of one token that goes over several */
    TERM_MAX = 512,
};

struct range {
    struct db_conn *c;
    const char *name;
    struct buf low, high; /* as FTS5 compares them */
    bool prefix;          /* terms that begin with low; else low itself */
    int most;             /* tokens to list */
    struct sq_words *to;
};

struct segment {
    int64_t id;
    int64_t begin;  /* its first page: those before it were merged into another segment */
    int64_t before; /* the page that begins before the range and may reach into it; 0: none */
    int64_t first;  /* the first that begins in it, and how many do */
    int64_t pages;
    int64_t end;    /* the first that begins behind it */
};

size_t sq_fts_short(const struct db_fts_word *w)
{
    const char *p = w->s, *end = w->s + w->len;

    for (int i = 0; i < SQ_SHORT && p < end; i++)
        utf8_next(&p, end);
    return p < end ? (size_t)(p - w->s) : 0;
}

char sq_fts_index(const struct db_fts_word *w)
{
    const char *p = w->s, *end = w->s + w->len;

    if (!w->prefix || sq_fts_short(w) > 0 || w->len == 0)
        return '0';
    utf8_next(&p, end);
    return p == end ? '1' : '2';
}

/* ---- a page ------------------------------------------------------------------------------------ */
static uint32_t varint(const unsigned char **p, const unsigned char *end)
{
    uint32_t v = 0;

    while (*p < end) {
        unsigned char c = *(*p)++;

        v = v << 7 | (c & 0x7f);
        if (c < 0x80)
            break;
    }
    return v;
}

static bool in_range(const struct range *r, const char *term, size_t len)
{
    return (r->prefix ? len >= r->low.len : len == r->low.len) && memcmp(term, r->low.s, r->low.len) == 0;
}

static void list(struct range *r, const char *token, size_t len)
{
    struct buf *t = &r->to->tokens;

    for (const char *s = buf_str(t); *s != '\0'; s += strcspn(s, " ")) {
        s++;
        if (strcspn(s, " ") == len && memcmp(s, token, len) == 0)
            return;
    }
    if (r->to->ntokens++ < r->most) {
        buf_putc(t, ' ');
        buf_add(t, token, len);
    }
}

/* Numbers below 2^56 end with their only byte below 0x80. */
static int64_t rows_in(const unsigned char *p, const unsigned char *end)
{
    int64_t n = 0;

    for (; p < end; p++)
        n += *p < 0x80;
    return n;
}

/* further: pages behind it without a term.  False: it is not what is described above. */
static bool read_page(struct range *r, const unsigned char *page, size_t len, int64_t further)
{
    size_t leaf = len >= 4 ? (size_t)page[2] << 8 | page[3] : 0, n = 0;
    const unsigned char *at = page, *places = page + leaf, *end = page + len;
    char term[TERM_MAX];

    if (leaf < 4 || leaf > len)
        return false;
    for (size_t k = 0; places < end; k++) {
        const unsigned char *p = at += varint(&places, end), *ahead = places, *next;
        size_t kept = k == 0 ? 0 : varint(&p, page + leaf), add = varint(&p, page + leaf);

        next = ahead < end ? at + varint(&ahead, end) : page + leaf;
        if (p > next || next > page + leaf || kept > n || kept + add > TERM_MAX || add > (size_t)(next - p))
            return false;
        memcpy(term + kept, p, add);
        n = kept + add;
        if (n == 0 || !in_range(r, term, n))
            continue;
        r->to->rows += rows_in(p + add, next) + (next == page + leaf ? further * PAGE_OF_ONE : 0);
        list(r, term + 1, n - 1);
    }
    return true;
}

/* What the next one begins with: all pages between have no term. */
static bool page_at(struct range *r, const struct segment *g, int64_t page, int64_t next)
{
    struct buf sql = BUF_INIT, data = BUF_INIT;
    struct db_stmt *s;
    const void *bytes;
    size_t len = 0;
    bool ok = false;

    buf_addf(&data, "%s_data", r->name);
    buf_puts(&sql, "SELECT block FROM ");
    sq_add_name(&sql, data.s);
    buf_puts(&sql, " WHERE id = ?");
    s = sq_prepare(r->c, sql.s);
    db_bind_int(s, 1, (g->id << SEGMENT_BITS) + page);
    if (db_step(s) == DB_ROW && (bytes = sq_col_blob(s, 0, &len)) != NULL)
        ok = read_page(r, bytes, len, next > page ? next - page - 1 : 0);
    db_reset(s);
    buf_free(&sql);
    buf_free(&data);
    return ok;
}

/* ---- the segments ------------------------------------------------------------------------------- */
static bool pages_of(struct range *r, const struct segment *g, const char *idx)
{
    struct buf sql = BUF_INIT;
    struct db_stmt *s;
    int64_t page[READ_PAGES + 1];
    int n = 0;
    bool ok;

    buf_addf(&sql, "SELECT pgno / 2 FROM %s WHERE segid = ? AND term > ? AND term <= ? AND pgno >= ? ORDER BY term LIMIT %d", idx,
             READ_PAGES);
    s = sq_prepare(r->c, sql.s);
    db_bind_int(s, 1, g->id);
    db_bind_blob(s, 2, r->low.s, r->low.len);
    db_bind_blob(s, 3, r->high.s, r->high.len);
    db_bind_int(s, 4, g->begin * 2);
    while (n < READ_PAGES && db_step(s) == DB_ROW)
        page[n++] = sq_col_int(s, 0);
    db_reset(s);
    buf_free(&sql);
    ok = n == g->pages;
    page[n] = g->end;
    for (int i = 0; i < n && ok; i++)
        ok = page_at(r, g, page[i], page[i + 1]);
    return ok;
}

/* Many pages are many tokens, or one of very many rows. */
static void estimate(struct range *r, const struct segment *g)
{
    int64_t without = g->end - (g->pages > 0 ? g->first : g->before + 1) - g->pages;

    r->to->rows += g->pages * PAGE_OF_TOKENS + (without > 0 ? without * PAGE_OF_ONE : 0);
    r->to->ntokens = r->most + 1;
}

static void segment(struct range *r, const struct segment *g, const char *idx)
{
    bool ok = true;

    if (g->before > 0 && g->before >= g->begin)
        ok = page_at(r, g, g->before, g->pages > 0 ? g->first : g->end);
    if (ok && g->pages > 0 && g->pages <= READ_PAGES)
        ok = pages_of(r, g, idx);
    if (!ok || g->pages > READ_PAGES)
        estimate(r, g);
}

/* False: it was interrupted, and no answer is not the answer "none". */
static bool segments(struct range *r)
{
    struct buf sql = BUF_INIT, name = BUF_INIT, idx = BUF_INIT, data = BUF_INIT;
    struct db_stmt *s;
    int rc;

    buf_addf(&name, "%s_idx", r->name);
    sq_add_name(&idx, name.s);
    buf_clear(&name);
    buf_addf(&name, "%s_data", r->name);
    sq_add_name(&data, name.s);
    buf_addf(&sql,
             "WITH RECURSIVE s(x) AS (SELECT min(segid) FROM %s UNION ALL"
             " SELECT (SELECT min(segid) FROM %s WHERE segid > x) FROM s WHERE x IS NOT NULL),"
             " b(x, begin) AS (SELECT x, (SELECT min(id) - (x << %d) FROM %s WHERE id > x << %d) FROM s WHERE x IS NOT NULL)"
             " SELECT x, begin, (SELECT pgno / 2 FROM %s WHERE segid = x AND term <= ?1 ORDER BY term DESC LIMIT 1),"
             " (SELECT pgno / 2 FROM %s WHERE segid = x AND term > ?1 AND term <= ?2 AND pgno >= begin * 2 ORDER BY term LIMIT 1),"
             " (SELECT count(*) FROM %s WHERE segid = x AND term > ?1 AND term <= ?2 AND pgno >= begin * 2),"
             " coalesce((SELECT pgno / 2 FROM %s WHERE segid = x AND term > ?2 ORDER BY term LIMIT 1),"
             " (SELECT max(id) - (x << %d) + 1 FROM %s WHERE id < (x << %d) + (1 << %d)))"
             " FROM b",
             idx.s, idx.s, SEGMENT_BITS, data.s, SEGMENT_BITS, idx.s, idx.s, idx.s, idx.s, SEGMENT_BITS, data.s, SEGMENT_BITS,
             SEGMENT_BITS - 1);
    s = sq_prepare(r->c, sql.s);
    db_bind_blob(s, 1, r->low.s, r->low.len);
    db_bind_blob(s, 2, r->high.s, r->high.len);
    while ((rc = db_step(s)) == DB_ROW) {
        struct segment g = {sq_col_int(s, 0), sq_col_int(s, 1), sq_col_int(s, 2), sq_col_int(s, 3), sq_col_int(s, 4), sq_col_int(s, 5)};

        segment(r, &g, idx.s);
    }
    if (rc != DB_DONE)
        r->to->ntokens = r->most + 1;
    db_reset(s);
    buf_free(&sql);
    buf_free(&name);
    buf_free(&idx);
    buf_free(&data);
    return rc == DB_DONE;
}

/* ---- what was read in this snapshot -------------------------------------------------------------- */
enum { MEMO_MAX = 128 };

struct sq_memo {
    size_t n;
    struct {
        struct buf key;
        struct sq_words words;
    } of[MEMO_MAX];
};

void sq_fts_forget(struct sq_conn *c)
{
    for (size_t i = 0; c->memo != NULL && i < c->memo->n; i++) {
        buf_free(&c->memo->of[i].key);
        buf_free(&c->memo->of[i].words.tokens);
    }
    free(c->memo);
    c->memo = NULL;
}

static void words_copy(struct sq_words *to, const struct sq_words *from)
{
    *to = (struct sq_words){from->rows, from->ntokens, BUF_INIT};
    buf_add(&to->tokens, buf_str(&from->tokens), from->tokens.len);
}

static bool recall(const struct sq_conn *c, const struct buf *key, struct sq_words *out)
{
    for (size_t i = 0; c->memo != NULL && i < c->memo->n; i++)
        if (c->memo->of[i].key.len == key->len && memcmp(c->memo->of[i].key.s, key->s, key->len) == 0) {
            words_copy(out, &c->memo->of[i].words);
            return true;
        }
    return false;
}

static void keep(struct sq_conn *c, const struct buf *key, const struct sq_words *words)
{
    if (c->memo == NULL) {
        c->memo = mem_alloc(sizeof(*c->memo));
        c->memo->n = 0;
    }
    if (c->memo->n == MEMO_MAX)
        return;
    c->memo->of[c->memo->n].key = (struct buf)BUF_INIT;
    buf_add(&c->memo->of[c->memo->n].key, key->s, key->len);
    words_copy(&c->memo->of[c->memo->n++].words, words);
}

/* A question asks for a word in several terms, and the box asks a table in several ways. */
void sq_fts_words(struct db_conn *base, const char *name, const struct db_fts_word *w, int most, struct sq_words *out)
{
    struct sq_conn *c = (struct sq_conn *)base;
    char index = sq_fts_index(w);
    struct range r = {.c = base, .name = name, .prefix = w->prefix && index == '0', .most = most, .to = out};
    struct buf key = BUF_INIT;

    *out = (struct sq_words){.tokens = BUF_INIT};
    buf_putc(&r.low, index);
    buf_add(&r.low, w->s, w->len);
    buf_add(&r.high, r.low.s, r.low.len);
    buf_putc(&r.high, r.prefix ? '\xff' : '\0');
    buf_addf(&key, "%s %d ", name, most);
    buf_add(&key, r.high.s, r.high.len);
    if (!recall(c, &key, out) && segments(&r) && c->reading > 0)
        keep(c, &key, out);
    buf_free(&key);
    buf_free(&r.low);
    buf_free(&r.high);
}

int64_t sq_fts_rows(struct db_conn *c, const char *name)
{
    struct buf sql = BUF_INIT, data = BUF_INIT;
    struct db_stmt *s;
    const unsigned char *bytes;
    size_t len = 0;
    int64_t n = 0;

    buf_addf(&data, "%s_data", name);
    buf_puts(&sql, "SELECT block FROM ");
    sq_add_name(&sql, data.s);
    buf_puts(&sql, " WHERE id = 1"); /* where FTS5 keeps its totals */
    s = sq_prepare(c, sql.s);
    if (db_step(s) == DB_ROW && (bytes = sq_col_blob(s, 0, &len)) != NULL)
        n = varint(&bytes, bytes + len);
    db_reset(s);
    buf_free(&sql);
    buf_free(&data);
    return n;
}
