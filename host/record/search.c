/* search.c - tokens of records and questions to the index. */
#include "record/search.h"

#include <string.h>

#include "record/ahead.h"
#include "record/find.h"
#include "text/tokens.h"

static const char *index_name(struct berth_ctx *c, const struct table *t)
{
    return arena_fmt(c->a, "search_%s", t->name);
}

static bool found_by(const struct field *f)
{
    return (f->flags & BERTH_SEARCH) && f->type >= BERTH_TEXT && f->type <= BERTH_URL;
}

bool search_same(const struct berth_row *a, const struct berth_row *b)
{
    for (int i = F_DECLARED; i < a->t->nfields; i++)
        if (found_by(&a->t->fields[i]) && !val_equal(a->v[i], b->v[i]))
            return false;
    return true;
}

void search_tokens(const struct berth_row *r, struct buf *out)
{
    for (int i = F_DECLARED; i < r->t->nfields; i++) {
        const struct field *f = &r->t->fields[i];

        if (!found_by(f) || val_is_nil(r->v[i]))
            continue;
        if (f->type == BERTH_LONG)
            text_tokens_index_prose(out, r->v[i].s, (size_t)r->v[i].len);
        else
            text_tokens_index(out, r->v[i].s, (size_t)r->v[i].len);
    }
    text_tokens_unique(out);
}

enum { SEARCH_WAIT_MS = 20 };

/* ---- questions ------------------------------------------------------------------------------- */
/* The value to bind for what the user typed; NULL when there is nothing to look for. */
static const char *match_value(struct berth_ctx *c, const char *search)
{
    struct text_query *q = text_tokens_query(c->a, search, strlen(search));
    struct db_fts_term term[TEXT_TERMS_MAX];
    struct buf b = BUF_INIT;
    const char *value = NULL;

    db_fts_wait(c->st->db, SEARCH_WAIT_MS); /* who has just saved expects to find it */
    for (size_t i = 0; i < q->n; i++) {
        struct db_fts_word *any = arena_alloc(c->a, q->term[i].n * sizeof(*any));

        for (size_t k = 0; k < q->term[i].n; k++)
            any[k] = (struct db_fts_word){q->term[i].any[k].s, q->term[i].any[k].len, q->term[i].any[k].prefix};
        term[i] = (struct db_fts_term){any, (int)q->term[i].n};
    }
    if (q->n > 0 && db_fts_match(c->st->db, &b, term, (int)q->n))
        value = arena_strdup(c->a, buf_str(&b));
    buf_free(&b);
    return value;
}

/* The index knows all fields of a record.  Whoever may not read one of them must not find by it. */
static bool by_index(struct berth_ctx *c, const struct table *t)
{
    for (int i = F_DECLARED; i < t->nfields && !c->all; i++)
        if (found_by(&t->fields[i]) && perm_field(c->who, &t->fields[i]) < ACCESS_READ)
            return false;
    return t->searched;
}

/* One word in one of the fields that the user may read; NULL when there is none. */
static const struct where *word_in_fields(struct berth_ctx *c, const struct table *t, const char *word, size_t n)
{
    struct where *any = arena_alloc(c->a, sizeof(*any));

    any->op = W_OR;
    any->kids = arena_alloc(c->a, (size_t)t->nfields * sizeof(*any->kids));
    for (int i = F_DECLARED; i < t->nfields; i++) {
        const struct field *f = &t->fields[i];
        struct where *w;

        if (!found_by(f) || perm_field(c->who, f) < ACCESS_READ)
            continue;
        w = arena_alloc(c->a, sizeof(*w));
        w->op = W_CONTAINS;
        w->f = f;
        w->v = arena_alloc(c->a, sizeof(*w->v));
        w->v[w->nv++] = (struct berth_val){BERTH_TEXT, (int32_t)n, {.s = arena_strndup(c->a, word, n)}};
        any->kids[any->nkids++] = w;
    }
    return any; /* nothing readable: false */
}

static void where_fields(struct berth_ctx *c, const struct table *t, const char *search, struct buf *sql, struct binds *b)
{
    enum { WORDS_MAX = 8 };
    const struct where *all = NULL;

    for (int words = 0; words < WORDS_MAX && *(search += strspn(search, " \t")) != '\0'; words++) {
        size_t n = strcspn(search, " \t");

        all = where_and(c, all, word_in_fields(c, t, search, n));
        search += n;
    }
    if (all == NULL)
        buf_puts(sql, "1=0");
    else
        where_sql(c, all, "t.", sql, b);
}

void search_from(struct berth_ctx *c, const struct table *t, const char *search, struct buf *sql)
{
    if (search == NULL || !by_index(c, t))
        buf_addf(sql, "%s t", t->sql);
    else
        db_fts_from(c->st->db, sql, index_name(c, t), "f", t->name, "t");
}

void search_where(struct berth_ctx *c, const struct table *t, const char *search, struct buf *sql,
                  struct binds *b)
{
    const char *value;

    if (search == NULL)
        return;
    buf_puts(sql, " AND ");
    if (t->searched && !by_index(c, t)) {
        where_fields(c, t, search, sql, b);
        return;
    }
    value = t->searched ? match_value(c, search) : NULL;
    if (!t->searched || value == NULL) {
        buf_puts(sql, "1=0"); /* nothing to look for, or nowhere */
        return;
    }
    db_fts_where(c->st->db, sql, index_name(c, t), "f");
    binds_add(c, b, berth_s(value));
}

const char *search_id(struct berth_ctx *c, const struct table *t, const char *search)
{
    struct buf b = BUF_INIT;
    const char *id;

    if (search == NULL || !by_index(c, t))
        return "t.id";
    db_fts_id(c->st->db, &b, "f");
    id = arena_strndup(c->a, buf_str(&b), b.len);
    buf_free(&b);
    return id;
}

int search_put(struct berth_ctx *c, const struct berth_row *old, const struct berth_row *now)
{
    const struct table *t = old != NULL ? old->t : now->t;
    struct buf was = BUF_INIT, is = BUF_INIT;
    int rc = 0;

    if (!t->searched || c->rc != BERTH_OK || (old != NULL && now != NULL && search_same(old, now)))
        return c->rc;
    if (old == NULL && ahead_tokens(now) != NULL)
        return search_put_tokens(c, t, row_id(now), ahead_tokens(now));
    if (old != NULL)
        search_tokens(old, &was);
    if (now != NULL)
        search_tokens(now, &is);
    if (old == NULL || now == NULL || strcmp(buf_str(&was), buf_str(&is)) != 0)
        rc = db_fts_put(c->conn, index_name(c, t), row_id(old != NULL ? old : now), old == NULL ? NULL : buf_str(&was),
                        now == NULL ? NULL : buf_str(&is));
    buf_free(&was);
    buf_free(&is);
    return rc < 0 ? ctx_db(c, rc, "keep the search index") : BERTH_OK;
}

int search_put_tokens(struct berth_ctx *c, const struct table *t, int64_t id, const char *tokens)
{
    int rc = db_fts_put(c->conn, index_name(c, t), id, NULL, tokens);

    return rc < 0 ? ctx_db(c, rc, "keep the search index") : BERTH_OK;
}
