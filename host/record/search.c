/* search.c - tokens of records and questions to the index. */
#include "record/search.h"

#include <string.h>

#include "record/find.h"

enum { SEARCH_WAIT_MS = 20 };

static const char *index_name(struct berth_ctx *c, const struct table *t)
{
    static const char begins[] = "search_";
    char *name = arena_alloc(c->a, sizeof(begins) + strlen(t->name));

    return strcat(strcpy(name, begins), t->name); /* every save asks */
}

static bool is_found(const struct field *f)
{
    return (f->flags & BERTH_SEARCH) && f->type >= BERTH_TEXT && f->type <= BERTH_URL;
}

bool search_by(struct berth_ctx *c, const struct field *f)
{
    return is_found(f) && (c->all || perm_field(c->who, f) >= ACCESS_READ);
}

/* ---- keeping the index ----------------------------------------------------------------------- */
/* Whether both are found by the same words, by the values they are made from. */
static bool same_words(const struct berth_row *a, const struct berth_row *b)
{
    for (int i = F_DECLARED; i < a->t->nfields; i++)
        if (is_found(&a->t->fields[i]) && !val_equal(a->v[i], b->v[i]))
            return false;
    return true;
}

/* All tokens of a record's fields, separated by spaces; "" when nothing is searchable. */
static void add_tokens(const struct berth_row *r, struct buf *out)
{
    const struct field *title = r->t->title;

    for (int i = F_DECLARED; i < r->t->nfields; i++) {
        const struct field *f = &r->t->fields[i];

        if (!is_found(f) || val_is_nil(r->v[i]))
            continue;
        if (f->type == BERTH_LONG)
            text_tokens_index_prose(out, r->v[i].s, (size_t)r->v[i].len);
        else
            text_tokens_index(out, r->v[i].s, (size_t)r->v[i].len);
    }
    if (title != NULL && is_found(title) && !val_is_nil(r->v[title->at]))
        text_tokens_title(out, r->v[title->at].s, (size_t)r->v[title->at].len);
    text_tokens_unique(out);
}

static int kept(struct berth_ctx *c, int rc)
{
    return rc < 0 ? ctx_db(c, rc, "keep the search index") : BERTH_OK;
}

static void add_all(const struct berth_row *r, bool tokens, struct buf *out)
{
    if (r != NULL && tokens)
        add_tokens(r, out);
    if (r != NULL)
        perm_mark(r, out);
}

int search_put(struct berth_ctx *c, const struct berth_row *old, const struct berth_row *now)
{
    const struct table *t = old != NULL ? old->t : now->t;
    struct buf was = BUF_INIT, is = BUF_INIT;

    if (!t->searched || c->rc != BERTH_OK)
        return c->rc;
    if (old == NULL)
        return kept(c, db_fts_put_new(c->conn, index_name(c, t), row_id(now)));
    bool same = now != NULL && same_words(old, now); /* then only the owner may differ */

    add_all(old, !same, &was);
    add_all(now, !same, &is);
    if (now == NULL || strcmp(buf_str(&was), buf_str(&is)) != 0)
        kept(c, db_fts_put(c->conn, index_name(c, t), row_id(old), buf_str(&was), now == NULL ? NULL : buf_str(&is)));
    buf_free(&was);
    buf_free(&is);
    return c->rc;
}

int search_put_back(struct berth_ctx *c, const struct berth_row *r)
{
    return !r->t->searched || c->rc != BERTH_OK ? (int)c->rc : kept(c, db_fts_put_back(c->conn, index_name(c, r->t), row_id(r)));
}

int search_put_range(struct berth_ctx *c, const struct table *t, int64_t first, int64_t last)
{
    return !t->searched || c->rc != BERTH_OK ? (int)c->rc : kept(c, db_fts_put_range(c->conn, index_name(c, t), first, last));
}

/* ---- tokens of rows in ranges ------------------------------------------------------------------ */
/* Of so many rows, or of a few with long texts, tokens are made before the indexer is asked whether it takes them: once
 * its time is up, the rest was made in vain. */
enum { MADE_ROWS = 64, MADE_BYTES = 32768 };

struct made {
    int64_t id;
    const char *tokens;
};

struct source {
    const struct table *t;
    const char *sql; /* reads what tokens are made from */
    int *place, n;   /* column -> field */
};

static bool makes_tokens(const struct field *f)
{
    return f->at == F_ID || is_found(f) || f->at == f->table->at_owner || f->at == f->table->at_pool;
}

static struct source source_of(struct berth_ctx *c, const struct table *t)
{
    struct source s = {.t = t, .place = arena_alloc(c->a, (size_t)t->nfields * sizeof(*s.place))};
    struct buf sql = BUF_INIT;

    for (int i = 0; i < t->nfields; i++)
        if (makes_tokens(&t->fields[i])) {
            buf_addf(&sql, "%s%s", s.n == 0 ? "SELECT " : ", ", t->fields[i].name);
            s.place[s.n++] = i;
        }
    buf_addf(&sql, " FROM %s WHERE id >= ? AND id <= ? ORDER BY id", t->sql);
    s.sql = arena_strndup(c->a, sql.s, sql.len);
    buf_free(&sql);
    return s;
}

/* How many were made; *rc: DB_ROW where there may be more. */
static size_t make_some(struct berth_ctx *c, const struct source *src, int64_t first, int64_t last, struct made made[MADE_ROWS], int *rc)
{
    struct db_stmt *s = db_prepare(c->conn, src->sql);
    struct buf tokens = BUF_INIT;
    size_t n = 0, bytes = 0;

    db_bind_int(s, 1, first);
    db_bind_int(s, 2, last);
    while (n < MADE_ROWS && bytes < MADE_BYTES && (*rc = db_step(s)) == DB_ROW) {
        const struct berth_row *r = row_read_some(c, src->t, s, src->place, src->n);

        buf_clear(&tokens);
        add_all(r, true, &tokens);
        made[n++] = (struct made){row_id(r), arena_strdup(c->a, buf_str(&tokens))};
        bytes += tokens.len;
    }
    db_reset(s);
    buf_free(&tokens);
    return n;
}

/* The rows are read before one is put: the writer may then do what it likes.  And some tokens are made before: in turn with the
 * index's work each takes three times as long. */
static int source_tokens(void *arg, struct db_conn *conn, const char *name, int64_t first, int64_t last,
                         bool (*put_one)(void *to, int64_t id, const char *tokens), void *to)
{
    struct store *st = arg;
    const struct table *t = model_table(atomic_load(&st->model), name + strlen("search_"));
    struct arena *whole = arena_new(), *some = arena_new();
    struct made made[MADE_ROWS];
    struct source src;
    struct berth_ctx c;
    bool known = t != NULL && t->searched, more = known;
    int rc = 0;

    ctx_init(&c, st, conn, whole, NULL, NULL);
    if (known)
        src = source_of(&c, t);
    c.a = some;
    while (more) {
        size_t n = make_some(&c, &src, first, last, made, &rc);
        bool heard = rc >= 0;

        for (size_t i = 0; i < n && heard; i++) {
            heard = put_one(to, made[i].id, made[i].tokens);
            first = made[i].id + 1;
        }
        more = heard && rc == DB_ROW;
        arena_again(some);
    }
    arena_free(&some);
    arena_free(&whole);
    return rc < 0 ? rc : !known;
}

void search_source(struct store *st, bool on)
{
    if (on) /* the writer may read the one there is until db_fts_source() has waited for it */
        st->source = (struct db_fts_source){source_tokens, st};
    db_fts_source(st->db, on ? &st->source : NULL);
}

/* ---- planning a question --------------------------------------------------------------------- */
enum { TERMS_MAX = TEXT_TERMS_MAX + 2, COMMON = 20000 };

struct terms {
    struct db_fts_term term[TERMS_MAX];
    int n;
};

static void add_typed(struct berth_ctx *c, struct terms *to, const struct text_query *q)
{
    for (size_t i = 0; i < q->n; i++) {
        struct db_fts_word *any = arena_alloc(c->a, q->term[i].n * sizeof(*any));

        for (size_t k = 0; k < q->term[i].n; k++)
            any[k] = (struct db_fts_word){q->term[i].any[k].s, q->term[i].any[k].len, q->term[i].any[k].prefix};
        to->term[to->n++] = (struct db_fts_term){any, (int)q->term[i].n, false};
    }
}

static void add_marks(struct berth_ctx *c, struct terms *to, const char *const *marks, size_t n)
{
    struct db_fts_word *any = arena_alloc(c->a, n * sizeof(*any));

    for (size_t i = 0; i < n; i++)
        any[i] = (struct db_fts_word){marks[i], strlen(marks[i]), false};
    to->term[to->n++] = (struct db_fts_term){any, (int)n, true};
}

/* Whether the index alone tells what is within reach, and the marks that say it, if any are needed. */
static bool marks_tell(struct berth_ctx *c, const struct reach *reach, struct terms *to)
{
    const char *marks[PERM_MARKS];
    size_t n = perm_marks(c, reach, marks);

    if (n > 0)
        add_marks(c, to, marks, n);
    return *reach->sql == '\0' && (reach->all || n > 0);
}

/* The index knows all fields of a record.  Whoever may not read one of them must not find by it. */
static bool reads_all(struct berth_ctx *c, const struct table *t)
{
    for (int i = F_DECLARED; i < t->nfields; i++)
        if (is_found(&t->fields[i]) && (!search_by(c, &t->fields[i]) || perm_veils(c, &t->fields[i])))
            return false;
    return true;
}

static void ask_index(struct berth_ctx *c, struct search *s, const struct terms *terms)
{
    struct buf b = BUF_INIT;
    unsigned left = 0;

    if (db_fts_match(c->conn, index_name(c, s->t), &b, terms->term, terms->n, &left))
        s->value = arena_strdup(c->a, buf_str(&b));
    else
        s->nothing = true;
    s->test = s->test || (left & DB_FTS_TEST) != 0;
    s->by_marks = s->by_marks && (left & DB_FTS_MARKS) == 0;
    buf_free(&b);
}

static struct search begin(struct berth_ctx *c, const struct table *t, const char *text)
{
    struct search s = {.t = t, .text = text};

    if (text == NULL)
        return s;
    s.q = text_tokens_query(c->a, text, strlen(text));
    s.nothing = !t->searched || s.q->n == 0;
    s.test = !reads_all(c, t);
    if (!s.nothing)
        db_fts_wait(c->st->db, SEARCH_WAIT_MS); /* who has just saved expects to find it */
    return s;
}

/* What titles that begin so, or are so, have in the index. */
static void add_title(struct berth_ctx *c, struct search *s, struct terms *to)
{
    enum { MANY = 5000 };
    char start[TEXT_TITLE_START];
    struct db_fts_word *w = arena_alloc(c->a, sizeof(*w));

    w->len = text_title_start(start, s->text, strlen(s->text));
    w->s = arena_strndup(c->a, start, w->len);
    w->prefix = true;
    s->nothing = s->nothing || w->len == 0;
    to->term[to->n++] = (struct db_fts_term){w, 1, false};
    w->prefix = !db_fts_common(c->conn, index_name(c, s->t), to->term, 1, MANY);
    to->term[0].must = true;
}

struct search search_plan(struct berth_ctx *c, const struct table *t, const char *text, const struct reach *reach,
                          enum search_how how)
{
    struct search s = begin(c, t, text);
    struct terms terms = {.n = 0};

    if (text == NULL || s.nothing)
        return s;
    if (how == SEARCH_LATE) {
        s.test = true;
        return s;
    }
    if (how == SEARCH_TITLES)
        add_title(c, &s, &terms);
    else if (how == SEARCH_TOGETHER)
        add_typed(c, &terms, text_tokens_query_together(c->a, text, strlen(text)));
    else
        add_typed(c, &terms, s.q);
    if (how == SEARCH_SORTED && db_fts_common(c->conn, index_name(c, t), terms.term, terms.n, COMMON)) {
        s.test = true;
        return s;
    }
    s.by_marks = marks_tell(c, reach, &terms);
    ask_index(c, &s, &terms);
    return s;
}

size_t search_late(struct berth_ctx *c, const struct table *t, int64_t *ids, size_t most)
{
    if (!t->searched)
        return 0;
    db_fts_wait(c->st->db, SEARCH_WAIT_MS);
    return db_fts_late(c->conn, index_name(c, t), ids, most);
}

struct search search_rows_only(const struct search *s)
{
    struct search rows = {.t = s->t, .text = s->text, .q = s->q, .test = true};

    rows.nothing = s->text != NULL && (!s->t->searched || s->q->n == 0);
    return rows;
}

/* ---- the pieces of a statement --------------------------------------------------------------- */
void search_from(struct berth_ctx *c, const struct search *s, struct buf *sql)
{
    if (s->value == NULL)
        buf_addf(sql, "%s t", s->t->sql);
    else
        db_fts_from(c->st->db, sql, index_name(c, s->t), "f", s->t->name, "t");
}

/* That the row itself, in what the user may read of it, has what was typed. */
static void look_at_row(struct berth_ctx *c, const struct search *s, struct buf *sql, struct binds *b)
{
    const char **column = arena_alloc(c->a, (size_t)s->t->nfields * sizeof(*column));
    int names = 0, prose = 0;

    for (int i = F_DECLARED; i < s->t->nfields; i++)
        if (search_by(c, &s->t->fields[i]) && s->t->fields[i].type != BERTH_LONG)
            column[names++] = perm_column(c, &s->t->fields[i], "t.");
    for (int i = F_DECLARED; i < s->t->nfields; i++)
        if (search_by(c, &s->t->fields[i]) && s->t->fields[i].type == BERTH_LONG)
            column[names + prose++] = perm_column(c, &s->t->fields[i], "t.");
    buf_puts(sql, " AND ");
    db_fts_test(c->st->db, sql, column, names, prose);
    binds_add(c, b, berth_s(s->text));
}

void search_where(struct berth_ctx *c, const struct search *s, struct buf *sql, struct binds *b)
{
    if (s->text == NULL)
        return;
    if (s->nothing) {
        buf_puts(sql, " AND 1=0");
        return;
    }
    if (s->value != NULL) {
        buf_puts(sql, " AND ");
        db_fts_where(c->st->db, sql, index_name(c, s->t), "f");
        binds_add(c, b, berth_s(s->value));
    }
    if (s->test)
        look_at_row(c, s, sql, b);
}

const char *search_id(struct berth_ctx *c, const struct search *s)
{
    struct buf id = BUF_INIT;
    const char *kept = "t.id";

    if (s->value != NULL) {
        db_fts_id(c->st->db, &id, "f");
        kept = arena_strdup(c->a, buf_str(&id));
        buf_free(&id);
    }
    return kept;
}

bool search_bare(struct berth_ctx *c, const struct search *s, struct buf *sql, struct binds *b)
{
    if (s->value == NULL || s->test || !s->by_marks || !db_fts_settled(c->conn))
        return false;
    buf_addf(sql, "SELECT 1 FROM %s AS f WHERE ", index_name(c, s->t));
    db_fts_where(c->st->db, sql, index_name(c, s->t), "f");
    binds_add(c, b, berth_s(s->value));
    return true;
}
