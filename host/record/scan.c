/* scan.c - reaches the rows of a list, in its order, without sorting what is not shown.
 *
 * Whoever sees everything gets one statement whose index is in the order asked for.  For all others there are
 * four ways, and no estimate is kept to choose between them:
 *   look    by id, of few owners and what lies in pools, or of many owners without: some ids on from where the list stands,
 *           the condition in the statement; of many owners only that there is one, and who it is is looked at here.
 *           Passing a neighbour costs a fifth of jumping to a row from an index.
 *   merge   of few owners, by id, where an index has the owner and then the order, or where they own little: a
 *           statement each, in order, read as far as needed.
 *   walk    all rows in the list's order; whose they are is looked at here.  Good for who sees much: the first rows
 *           come whole, later ones are fetched when they are somebody's who may be seen.  It is given
 *           up when it has passed some ten rows for each one wanted without filling the page.
 *   gather  from where the walk ended: of each owner the best rows by the owners' index, of those the best of all.
 *           Good for who sees little.
 * Records that were shared with the reader beyond that are few: those of a page are found by their ids first and
 * given where the list comes to their place.
 * A filter such as "status in (a, b)" gets a statement for each value where an index has that field and then the
 * order: with "in" the database would sort all that it finds, or walk past all that it does not.
 * A condition on the owner is not left to the database, which would sort all that the owners have: it narrows
 * whose records are looked for.  Where the order has no index, and for a search with an order, the database
 * sorts. */
#include "record/scan.h"

#include <stdlib.h>
#include <string.h>

#include "record/order.h"
#include "record/search.h"

enum { FEW = 8 };  /* owners that get a statement each */
enum { LITTLE = 4000 }; /* rows that the database sorts at once */
enum { VALUES = 6 }; /* of a filter "in (...)" that get a statement each */
enum { LOOK = 4 }; /* ids looked at for each row wanted */
enum { FIRST = 2 }; /* rows that a walk in another order takes whole, for each row wanted */

static struct {
    int64_t per_row;  /* rows passed for each one wanted, by id */
    int64_t sorted;   /* and in all in another order, */
    int64_t filtered; /* when each row has to be looked at for a filter */
} walks = {10, 16000, 4000};

void scan_walks(int64_t per_row, int64_t sorted, int64_t filtered)
{
    walks.per_row = per_row;
    walks.sorted = sorted;
    walks.filtered = filtered;
}

struct way {
    struct berth_ctx *c;
    const struct scan *s;
    struct reach reach;
    struct search search;
    const struct where *where; /* without what .reach has taken over */
    const struct where *in;    /* part of .where that gets a statement for each of its values, or NULL */
    bool little;               /* each of .reach's few owners has little: it is read and sorted as a whole */
    const char *id;            /* the id's column: "t.id", or the search index's */
    const char *by[WHERE_SORTS]; /* the columns sorted by, as the user may know them */
    bool empties[WHERE_SORTS]; /* and whether they may be empty */
    const char *keys;          /* "t.name, t.id, t.owner_id, t.pool_id" */
    const char *all;           /* and behind them what a row is to have */
    int first;                 /* columns of .keys */
    const struct berth_val *after;
    struct berth_val at[WHERE_SORTS + 1]; /* where a walk stands */
    const char *one;           /* reads one row by its id */
    int64_t left;
    const char *beyond;        /* what .reach had before a filter narrowed it, for shared records; NULL: none are */
    struct best *shared;       /* of those the ones to come, in the list's order */
};

/* ---- whose records ------------------------------------------------------------------- */
static bool known_owner(const struct where *w, int64_t id)
{
    for (size_t i = 0; i < w->nv; i++)
        if (w->v[i].i == id)
            return true;
    return false;
}

static int by_id(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static struct ids owners_named(struct berth_ctx *c, const struct where *w)
{
    struct ids all = {arena_alloc(c->a, (w->nv + 1) * sizeof(int64_t)), 0}, s = {all.v, 0};

    for (size_t i = 0; i < w->nv; i++)
        if (w->v[i].i > 0)
            all.v[all.n++] = w->v[i].i;
    qsort(all.v, all.n, sizeof(*all.v), by_id);
    for (size_t i = 0; i < all.n; i++)
        if (s.n == 0 || s.v[s.n - 1] != all.v[i])
            s.v[s.n++] = all.v[i];
    return s;
}

static struct ids owners_both(struct berth_ctx *c, const struct ids *a, const struct where *w)
{
    struct ids s = {arena_alloc(c->a, (a->n + 1) * sizeof(int64_t)), 0};

    for (size_t i = 0; i < a->n; i++)
        if (known_owner(w, a->v[i]))
            s.v[s.n++] = a->v[i];
    return s;
}

/* Whether a condition is one on the owner that the reach can say as well. */
static bool take_over(struct berth_ctx *c, const struct table *t, const struct where *w, struct reach *r)
{
    if (t->at_owner < 0 || w->f == NULL || w->f->at != t->at_owner)
        return false;
    if (w->op == W_EQ || w->op == W_IN) {
        r->owners = r->all ? owners_named(c, w) : owners_both(c, &r->owners, w);
        r->pools.n = 0;
        r->all = false;
        return true;
    }
    if (w->op != W_EMPTY && w->op != W_NOT_EMPTY)
        return false;
    if (!r->all)
        *(w->op == W_EMPTY ? &r->owners.n : &r->pools.n) = 0;
    return !r->all;
}

/* What is left of a filter; the rest narrows the reach. */
static const struct where *narrow(struct berth_ctx *c, const struct table *t, const struct where *w, struct reach *r)
{
    struct where *rest;

    if (w == NULL || take_over(c, t, w, r))
        return NULL;
    if (w->op != W_AND)
        return w;
    rest = arena_alloc(c->a, sizeof(*rest));
    *rest = *w;
    rest->kids = arena_alloc(c->a, (w->nkids + 1) * sizeof(*rest->kids));
    rest->nkids = 0;
    for (size_t i = 0; i < w->nkids; i++)
        if ((rest->kids[rest->nkids] = narrow(c, t, w->kids[i], r)) != NULL)
            rest->nkids++;
    return rest->nkids == 0 ? NULL : rest;
}

/* A record's page asks for what belongs to it: who may read the record may read that. */
static bool reads_through(struct berth_ctx *c, const struct table *t, const struct where *w)
{
    if (w == NULL || !t->belongs || t->at_owner < 0)
        return false;
    for (size_t i = 0; w->op == W_AND && i < w->nkids; i++)
        if (reads_through(c, t, w->kids[i]))
            return true;
    return w->op == W_EQ && w->nv == 1 && w->f != NULL && perm_through(c, w->f, w->v[0].i);
}

/* Whose records are looked for, and what is left of the filter; false: there are none. */
static bool aim(struct way *w, const struct where *where)
{
    struct reach *r = &w->reach;

    if (w->c->rc != BERTH_OK || !perm_reach(w->c, w->s->t, DO_READ, "t.", r))
        return false;
    if ((!r->all || *r->sql != '\0') && reads_through(w->c, w->s->t, where))
        *r = (struct reach){.sql = "", .all = true};
    if (r->shared.n > 0)
        w->beyond = reach_sql(w->c, w->s->t, r, "t.");
    w->where = narrow(w->c, w->s->t, where, r);
    w->search = search_plan(w->c, w->s->t, w->s->search, r,
                            w->s->q != NULL && w->s->q->nsort > 0 ? SEARCH_SORTED : w->s->how);
    return r->all || r->owners.n > 0 || r->pools.n > 0 || r->shared.n > 0;
}

/* ---- the SELECT ---------------------------------------------------------------------- */
static void order_by(const struct way *w, struct buf *sql)
{
    const struct where_query *q = w->s->q;

    buf_puts(sql, " ORDER BY ");
    for (size_t i = 0; i < q->nsort; i++) {
        buf_puts(sql, w->by[i]);
        if (w->empties[i])
            buf_puts(sql, q->sort[i].down ? " DESC NULLS LAST, " : " ASC NULLS FIRST, ");
        else
            buf_puts(sql, q->sort[i].down ? " DESC, " : ", ");
    }
    buf_puts(sql, w->id);
    if (q->nsort == 0 || q->sort[0].down)
        buf_puts(sql, " DESC");
}

/* Rows behind the last one seen: (a after A) or (a = A and (b after B or (b = B and id after ID))). */
static void after_level(const struct way *w, struct buf *sql, struct binds *b, size_t i)
{
    const struct where_query *q = w->s->q;
    const struct where_sort *o = &q->sort[i];
    const char *by = w->by[i];

    if (i == q->nsort) {
        buf_addf(sql, "%s %s ?", w->id, q->nsort == 0 || q->sort[0].down ? "<" : ">");
        binds_add(w->c, b, w->after[i]);
        return;
    }
    buf_putc(sql, '(');
    if (w->after[i].type == BERTH_NULL) {
        if (!o->down)
            buf_addf(sql, "%s IS NOT NULL OR ", by);
        buf_addf(sql, "(%s IS NULL AND ", by);
    } else {
        buf_addf(sql, "%s %s ? OR ", by, o->down ? "<" : ">");
        binds_add(w->c, b, w->after[i]);
        if (o->down && w->empties[i])
            buf_addf(sql, "%s IS NULL OR ", by);
        buf_addf(sql, "(%s = ? AND ", by);
        binds_add(w->c, b, w->after[i]);
    }
    after_level(w, sql, b, i + 1);
    buf_puts(sql, "))");
}

/* The first column's bound on its own lets the database seek in an index. */
static void after_seek(const struct way *w, struct buf *sql, struct binds *b, bool nulls)
{
    const struct where_sort *o = &w->s->q->sort[0];

    if (w->s->q->nsort == 0)
        return;
    if (nulls)
        buf_addf(sql, " AND %s IS NULL", w->by[0]);
    else if (w->after != NULL && w->after[0].type != BERTH_NULL) {
        buf_addf(sql, " AND %s %s ?", w->by[0], o->down ? "<=" : ">=");
        binds_add(w->c, b, w->after[0]);
    } else if (w->empties[0]) {
        buf_addf(sql, " AND %s IS NOT NULL", w->by[0]);
    }
}

/* SELECT of what a question finds, in no order. */
static void question(const struct way *w, const char *columns, const char *whose, int64_t owner, struct buf *sql, struct binds *b)
{
    buf_puts(sql, "SELECT ");
    buf_puts(sql, columns);
    buf_puts(sql, " FROM ");
    if (w->little) { /* the limit keeps the database from reaching them by any other index */
        buf_addf(sql, "(SELECT * FROM %s t WHERE %s LIMIT %d) t WHERE 1=1", w->s->t->sql, whose, LITTLE + 1);
    } else {
        search_from(w->c, &w->search, sql);
        buf_puts(sql, " WHERE ");
        buf_puts(sql, *whose == '\0' ? "1=1" : whose);
    }
    if (owner != 0)
        binds_add(w->c, b, berth_i(owner));
    if (*w->reach.sql != '\0')
        buf_addf(sql, " AND %s", w->reach.sql);
    search_where(w->c, &w->search, sql, b);
    if (w->where != NULL) {
        buf_puts(sql, " AND ");
        where_sql(w->c, w->where, "t.", sql, b);
    }
}

/* The filter with one value of a part of it. */
static const struct where *with_value(struct berth_ctx *c, const struct where *w, const struct where *in, size_t value)
{
    struct where *one;

    if (w != in && w->op != W_AND)
        return w;
    one = arena_alloc(c->a, sizeof(*one));
    *one = w == in ? (struct where){.op = W_EQ, .f = in->f, .v = &in->v[value], .nv = 1} : *w;
    if (w != in)
        one->kids = arena_alloc(c->a, (w->nkids + 1) * sizeof(*one->kids));
    for (size_t i = 0; i < one->nkids; i++)
        one->kids[i] = with_value(c, w->kids[i], in, value);
    return one;
}

static struct db_stmt *prepared(const struct way *w, struct buf *sql, const struct binds *b)
{
    struct db_stmt *st = db_prepare(w->c->conn, buf_str(sql));

    if (st == NULL)
        ctx_db(w->c, DB_ERROR, "prepare a list");
    binds_to(st, 1, b);
    buf_free(sql);
    return st;
}

struct wanted {
    bool whole;        /* .columns, too */
    const char *whose; /* a condition on owner and pool; "" none */
    int64_t owner;     /* its placeholder's value, 0: it has none */
    bool nulls;        /* the part of the list whose first sort key is empty */
    bool ordered;
    int64_t limit;
};

static struct db_stmt *select_rows(const struct way *w, const struct wanted *k)
{
    struct binds binds = {0};
    struct buf sql = BUF_INIT;

    question(w, k->whole ? w->all : w->keys, k->whose, k->owner, &sql, &binds);
    after_seek(w, &sql, &binds, k->nulls);
    if (w->after != NULL) { /* where all of the first column are empty, the next one decides */
        buf_puts(&sql, " AND ");
        after_level(w, &sql, &binds, k->nulls ? 1 : 0);
    }
    if (k->ordered)
        order_by(w, &sql);
    if (k->limit > 0) {
        buf_puts(&sql, " LIMIT ?");
        binds_add(w->c, &binds, berth_i(k->limit));
    }
    return prepared(w, &sql, &binds);
}

static void done(const struct way *w, struct db_stmt *s, int rc)
{
    db_reset(s);
    if (rc < 0)
        ctx_db(w->c, rc, "read a list");
}

static void give_shared(struct way *w, const struct berth_val *key);

void scan_key(struct berth_ctx *c, const struct where_query *q, struct db_stmt *s, struct berth_val *key)
{
    for (size_t i = 0; i < q->nsort; i++)
        key[i] = q->sort[i].f->order != NULL ? order_read(c, s, (int)i) : val_read(c, q->sort[i].f, s, (int)i);
    key[q->nsort] = berth_i(db_col_int(s, (int)q->nsort));
}

static void read_key(const struct way *w, struct db_stmt *s, struct berth_val *key)
{
    scan_key(w->c, w->s->q, s, key);
}

static void give(struct way *w, struct db_stmt *s)
{
    if (w->shared != NULL) {
        struct berth_val key[WHERE_SORTS + 1];

        read_key(w, s, key);
        give_shared(w, key);
    }
    if (w->left <= 0)
        return;
    w->s->row(w->s->arg, s, w->first);
    w->left--;
}

/* ---- one row --------------------------------------------------------------------------- */
static void fetch(struct way *w, int64_t id)
{
    struct db_stmt *s;
    int rc;

    if (w->c->rc != BERTH_OK || w->left <= 0)
        return;
    if (w->one == NULL)
        w->one = arena_fmt(w->c->a, "SELECT %s FROM %s t WHERE t.id = ?", w->all, w->s->t->sql);
    s = db_prepare(w->c->conn, w->one);
    db_bind_int(s, 1, id);
    rc = db_step(s);
    if (rc == DB_ROW)
        give(w, s);
    done(w, s, rc);
}

/* ---- merging ---------------------------------------------------------------------------- */
static const char *pool_sql(const struct way *w)
{
    return reach_sql(w->c, w->s->t, &(struct reach){.sql = "", .pools = w->reach.pools}, "t.");
}

struct source {
    struct db_stmt *s;
    int rc; /* DB_ROW: it stands on a row, */
    struct berth_val key[WHERE_SORTS + 1]; /* here in the list */
};

static int order(struct berth_val a, struct berth_val b)
{
    if (a.type == BERTH_NULL || b.type == BERTH_NULL)
        return (b.type == BERTH_NULL) - (a.type == BERTH_NULL);
    if (a.type == BERTH_REAL)
        return (a.d > b.d) - (a.d < b.d);
    if (val_has_bytes(a)) {
        int32_t n = a.len < b.len ? a.len : b.len;
        int o = memcmp(a.s, b.s, (size_t)n);

        return o != 0 ? o : (a.len > b.len) - (a.len < b.len);
    }
    return (a.i > b.i) - (a.i < b.i);
}

static bool before(const struct where_query *q, const struct berth_val *a, const struct berth_val *b)
{
    for (size_t i = 0; i < q->nsort; i++) {
        int o = order(a[i], b[i]);

        if (o != 0)
            return (o < 0) != q->sort[i].down;
    }
    return (a[q->nsort].i < b[q->nsort].i) != (q->nsort == 0 || q->sort[0].down);
}

/* The part of a filter with several values of a field, where an index has it and then the order (of one owner:
 * the owner, it, and then the order). */
static const struct where *several_values(const struct way *w, const struct where *where, bool of_owner)
{
    const struct table *t = w->s->t;
    const struct where *found = NULL;
    size_t at = of_owner ? 1 : 0;

    if (where == NULL)
        return NULL;
    for (size_t i = 0; where->op == W_AND && i < where->nkids && found == NULL; i++)
        found = several_values(w, where->kids[i], of_owner);
    if (where->op != W_IN || where->nv > VALUES || where->f == NULL || (where->f->flags & BERTH_MANY))
        return found;
    for (size_t i = 0; i < t->nindexes; i++)
        if (t->indexes[i].n >= at + 2 && (!of_owner || t->indexes[i].on[0]->at == t->at_owner) && t->indexes[i].on[at] == where->f &&
            t->indexes[i].on[at + 1] == field_order(w->s->q->sort[0].f))
            return where;
    return NULL;
}

struct merged { /* the rows of several statements in the list's order */
    struct source from[(FEW + 1) * VALUES];
    size_t n;
    struct source *at; /* the one whose row was told last */
};

static void advance(const struct way *w, const struct merged *m, struct source *f)
{
    f->rc = db_step(f->s);
    if (f->rc == DB_ROW && m->n > 1)
        read_key(w, f->s, f->key);
}

static struct db_stmt *next_of(const struct way *w, struct merged *m)
{
    struct source *next = NULL;

    if (m->at != NULL)
        advance(w, m, m->at);
    for (size_t i = 0; m->at == NULL && i < m->n; i++)
        advance(w, m, &m->from[i]);
    for (size_t i = 0; i < m->n; i++)
        if (m->from[i].rc == DB_ROW && (next == NULL || before(w->s->q, m->from[i].key, next->key)))
            next = &m->from[i];
    m->at = next;
    return next == NULL ? NULL : next->s;
}

static void merged_end(const struct way *w, struct merged *m)
{
    for (size_t i = 0; i < m->n; i++)
        done(w, m->from[i].s, m->from[i].rc);
}

/* A statement, or one for each value of .in. */
static void add_statements(const struct way *w, struct merged *m, const struct wanted *k)
{
    for (size_t i = 0; i < (w->in == NULL ? 1 : w->in->nv); i++) {
        struct way x = *w;

        if (w->in != NULL)
            x.where = with_value(w->c, w->where, w->in, i);
        m->from[m->n++] = (struct source){.s = select_rows(&x, k)};
    }
}

static void give_all(struct way *w, struct merged *m)
{
    struct db_stmt *s;

    while (w->left > 0 && (s = next_of(w, m)) != NULL)
        give(w, s);
    merged_end(w, m);
}

static void direct(struct way *w, const char *whose, bool nulls)
{
    struct merged m = {0};

    add_statements(w, &m, &(struct wanted){true, whose, 0, nulls, true, w->left});
    give_all(w, &m);
}

static void merge(struct way *w, bool nulls)
{
    const struct ids *o = &w->reach.owners;
    struct merged m = {0};

    w->in = w->little || w->s->q->nsort == 0 ? NULL : several_values(w, w->where, true);
    for (size_t i = 0; i < o->n; i++)
        add_statements(w, &m, &(struct wanted){true, "t.owner_id = ?", o->v[i], nulls, true, w->left});
    if (w->reach.pools.n > 0)
        add_statements(w, &m, &(struct wanted){true, pool_sql(w), 0, nulls, true, w->left});
    give_all(w, &m);
}

/* ---- looking ---------------------------------------------------------------------------- */
/* The id above all that are to come. */
static int64_t stands_at(const struct way *w)
{
    struct db_stmt *s;
    int64_t id = 0;
    int rc;

    if (w->after != NULL)
        return w->after[0].i;
    s = db_prepare(w->c->conn, arena_fmt(w->c->a, "SELECT max(id) FROM %s", w->s->t->sql));
    rc = db_step(s);
    if (rc == DB_ROW)
        id = db_col_int(s, 0);
    done(w, s, rc);
    return id + 1;
}

/* Whose the row is decides, that of a statement with .keys. */
static bool within(const struct way *w, struct db_stmt *s)
{
    bool pools = w->s->t->at_pool >= 0;
    int at = w->first - (pools ? 2 : 1);
    int64_t owner = db_col_int(s, at);

    return reach_has(&w->reach, owner, owner == 0 && pools ? db_col_int(s, at + 1) : 0);
}

/* Afterwards w->after is the end of the ids looked at, when the page is not full.  Whose the rows of few are is decided by the
 * database, and their only key is the id, which most lists have as their first column. */
static void look(struct way *w)
{
    bool few = w->reach.owners.n <= FEW, lean = few && w->shared == NULL && strncmp(w->s->columns, "t.id,", strlen("t.id,")) == 0;
    int64_t from = stands_at(w), to = from - w->left * LOOK;
    int first = w->first;
    struct binds binds = {0};
    struct buf sql = BUF_INIT;
    struct db_stmt *s;
    int rc = DB_DONE;

    if (lean)
        w->first = 0;
    question(w, lean ? w->s->columns : w->all, few ? reach_sql(w->c, w->s->t, &w->reach, "t.") : "+t.owner_id IS NOT NULL", 0, &sql,
             &binds);
    buf_puts(&sql, " AND t.id < ? AND t.id >= ? ORDER BY t.id DESC");
    binds_add(w->c, &binds, berth_i(from));
    binds_add(w->c, &binds, berth_i(to));
    s = prepared(w, &sql, &binds);
    while (w->left > 0 && (rc = db_step(s)) == DB_ROW)
        if (few || within(w, s))
            give(w, s);
    done(w, s, rc);
    w->first = first;
    w->at[0] = berth_i(to);
    w->after = w->at;
}

/* ---- walking ---------------------------------------------------------------------------- */
static void stand_at(struct way *w, struct db_stmt *s)
{
    read_key(w, s, w->at);
    w->after = w->at;
}

/* True: the page is full or there is nothing behind; otherwise w->after is where it stands.  Rows come whole, or are
 * fetched when it is known which. */
static bool walk(struct way *w, bool nulls, int64_t most, bool whole)
{
    struct merged m = {0};
    bool all = false;
    struct db_stmt *s;
    int64_t *id = whole ? NULL : arena_alloc(w->c->a, (size_t)w->left * sizeof(*id)), n = 0, seen = 0;

    if (!whole) /* what this statement finds is there when it is fetched */
        db_read_begin(w->c->conn);
    add_statements(w, &m, &(struct wanted){whole, "", 0, nulls, true, most});
    while (!all && (s = next_of(w, &m)) != NULL) {
        seen++;
        if (within(w, s)) {
            if (whole)
                give(w, s);
            else
                id[n++] = db_col_int(s, (int)w->s->q->nsort);
            all = n == w->left || w->left == 0;
        }
        if (seen == most && !all) {
            stand_at(w, s);
            break;
        }
    }
    merged_end(w, &m);
    for (int64_t i = 0; i < n; i++)
        fetch(w, id[i]);
    if (!whole)
        db_read_end(w->c->conn);
    return all || most == 0 || seen < most;
}

/* By id rows come whole, as they lie in the table.  By another order so do the first ones, for whom sees much: to jump to
 * each of them once more costs half as much again. */
static bool walk_on(struct way *w, bool nulls)
{
    if (w->s->q->nsort == 0)
        return walk(w, nulls, w->left * walks.per_row, true);
    return walk(w, nulls, w->left * FIRST, true) || w->left <= 0 || w->c->rc != BERTH_OK ||
           walk(w, nulls, w->where != NULL ? walks.filtered : walks.sorted, false);
}

/* ---- gathering ---------------------------------------------------------------------------- */
struct found {
    struct berth_val key[WHERE_SORTS + 1];
};

struct best { /* the first rows in the list's order, of those looked at so far */
    struct found *v;
    size_t n, most;
};

static bool offer(const struct where_query *q, struct best *b, const struct berth_val *key)
{
    size_t at = b->n;

    if (b->n == b->most && !before(q, key, b->v[b->n - 1].key))
        return false;
    while (at > 0 && before(q, key, b->v[at - 1].key))
        at--;
    if (b->n < b->most)
        b->n++;
    memmove(b->v + at + 1, b->v + at, (b->n - at - 1) * sizeof(*b->v));
    memcpy(b->v[at].key, key, sizeof(b->v[at].key));
    return true;
}

/* By id each owner's index is in order, so that an owner is done with the first row that is too late. */
static void gather_from(struct way *w, struct best *b, const char *whose, int64_t owner, bool nulls)
{
    const struct where_query *q = w->s->q;
    bool by_id = q->nsort == 0;
    struct db_stmt *s;
    int rc = DB_DONE;

    if (w->c->rc != BERTH_OK)
        return;
    s = select_rows(w, &(struct wanted){false, whose, owner, nulls, by_id, 0});
    while ((rc = db_step(s)) == DB_ROW) {
        struct berth_val key[WHERE_SORTS + 1] = {0};

        read_key(w, s, key);
        if (!offer(q, b, key) && by_id)
            break;
    }
    done(w, s, rc);
}

static void gather(struct way *w, bool nulls)
{
    struct best b = {arena_alloc(w->c->a, (size_t)w->left * sizeof(*b.v)), 0, (size_t)w->left};

    db_read_begin(w->c->conn);
    for (size_t i = 0; i < w->reach.owners.n; i++)
        gather_from(w, &b, "t.owner_id = ?", w->reach.owners.v[i], nulls);
    if (w->reach.pools.n > 0)
        gather_from(w, &b, pool_sql(w), 0, nulls);
    for (size_t i = 0; i < b.n; i++)
        fetch(w, b.v[i].key[w->s->q->nsort].i);
    db_read_end(w->c->conn);
}

/* ---- what was shared --------------------------------------------------------------------- */
/* The same question about the shared records that are not within reach already.  They are few: each is looked at. */
static struct way of_shared(const struct way *w, const struct where *where)
{
    struct way x = *w;
    struct buf whose = BUF_INIT;

    x.where = where;
    x.search = search_rows_only(&w->search);
    x.id = "t.id";
    buf_puts(&whose, "t.id IN (");
    for (size_t i = 0; i < w->reach.shared.n; i++)
        buf_addf(&whose, "%s%lld", i > 0 ? "," : "", (long long)w->reach.shared.v[i]);
    buf_addf(&whose, ") AND (%s) IS NOT TRUE", w->beyond);
    x.beyond = arena_strndup(w->c->a, buf_str(&whose), whose.len);
    x.reach = (struct reach){.sql = "", .all = true};
    x.shared = NULL;
    buf_free(&whose);
    return x;
}

static void find_shared(struct way *w, bool nulls)
{
    struct way x = of_shared(w, w->s->q->where);
    struct best *b = arena_alloc(w->c->a, sizeof(*b));

    *b = (struct best){arena_alloc(w->c->a, (size_t)w->left * sizeof(*b->v)), 0, (size_t)w->left};
    gather_from(&x, b, x.beyond, 0, nulls);
    w->shared = b->n > 0 ? b : NULL;
}

/* Those whose place is before that row's; NULL: all that are left. */
static void give_shared(struct way *w, const struct berth_val *key)
{
    while (w->shared != NULL && w->left > 0 && (key == NULL || before(w->s->q, w->shared->v[0].key, key))) {
        struct best *rest = w->shared;
        int64_t id = rest->v[0].key[w->s->q->nsort].i;

        *rest = (struct best){rest->v + 1, rest->n - 1, rest->most};
        w->shared = NULL; /* while this one is given */
        fetch(w, id);
        w->shared = rest->n > 0 ? rest : NULL;
    }
}

/* ---- which way ----------------------------------------------------------------------------- */
static bool has_index(struct berth_ctx *c, const struct table *t, const struct where_query *q)
{
    for (size_t i = 0; i < t->nindexes && q->nsort == 1 && !perm_veils(c, q->sort[0].f); i++)
        if (t->indexes[i].on[0] == field_order(q->sort[0].f))
            return true;
    return q->nsort == 0;
}

/* Whether each owner's rows are in the list's order in some index. */
static bool in_order_by_owner(struct berth_ctx *c, const struct table *t, const struct where_query *q)
{
    for (size_t i = 0; i < t->nindexes && q->nsort == 1 && !perm_veils(c, q->sort[0].f); i++)
        if (t->indexes[i].n >= 2 && t->indexes[i].on[0]->at == t->at_owner && t->indexes[i].on[1] == field_order(q->sort[0].f))
            return true;
    return q->nsort == 0;
}

static bool own_little(struct way *w)
{
    const char *sql = arena_fmt(w->c->a, "SELECT count(*) FROM (SELECT 1 FROM %s t WHERE t.owner_id = ? LIMIT ?) AS counted", w->s->t->sql);
    int64_t n = 0;

    for (size_t i = 0; i < w->reach.owners.n && n <= LITTLE && w->c->rc == BERTH_OK; i++) {
        struct db_stmt *s = db_prepare(w->c->conn, sql); /* the owners' index alone answers */
        int rc;

        db_bind_int(s, 1, w->reach.owners.v[i]);
        db_bind_int(s, 2, LITTLE + 1 - n);
        if ((rc = db_step(s)) == DB_ROW)
            n += db_col_int(s, 0);
        done(w, s, rc);
    }
    return n <= LITTLE;
}

static void own_part(struct way *w, bool nulls)
{
    const struct scan *s = w->s;
    bool by_id = s->q->nsort == 0;

    if (w->reach.all) {
        direct(w, "", nulls);
    } else if (s->how == SEARCH_LATE) {
        direct(w, reach_sql(w->c, s->t, &w->reach, "t."), nulls);
    } else if (by_id && w->search.value != NULL) {
        walk(w, nulls, 0, true);
    } else if (by_id && w->reach.owners.n <= FEW) {
        if (w->reach.owners.n > 0 && w->reach.pools.n > 0)
            look(w);
        if (w->left > 0)
            merge(w, nulls);
    } else if (w->search.value == NULL && w->reach.owners.n <= FEW && w->reach.pools.n == 0 &&
               (in_order_by_owner(w->c, s->t, s->q) || (w->little = own_little(w)))) {
        merge(w, nulls);
    } else if (w->search.value == NULL && has_index(w->c, s->t, s->q)) {
        if (by_id && w->reach.pools.n == 0)
            look(w);
        if (w->left > 0 && !walk_on(w, nulls) && w->left > 0 && w->c->rc == BERTH_OK)
            gather(w, nulls);
    } else {
        direct(w, reach_sql(w->c, s->t, &w->reach, "t."), nulls);
    }
}

static void part(struct way *w, bool nulls)
{
    if (w->beyond == NULL) {
        own_part(w, nulls);
        return;
    }
    db_read_begin(w->c->conn); /* what becomes the reader's own meanwhile is not given twice */
    find_shared(w, nulls);
    if (w->reach.owners.n > 0 || w->reach.pools.n > 0)
        own_part(w, nulls);
    give_shared(w, NULL);
    db_read_end(w->c->conn);
}

static const char *keys_of(struct way *w)
{
    const struct table *t = w->s->t;
    struct buf b = BUF_INIT;
    const char *keys;

    for (size_t i = 0; i < w->s->q->nsort; i++)
        buf_addf(&b, "%s, ", w->by[i]);
    buf_puts(&b, "t.id");
    w->first = (int)w->s->q->nsort + 1;
    if (!w->reach.all) {
        buf_puts(&b, ", t.owner_id");
        w->first++;
    }
    if (!w->reach.all && t->at_pool >= 0) {
        buf_puts(&b, ", t.pool_id");
        w->first++;
    }
    keys = arena_strndup(w->c->a, buf_str(&b), b.len);
    buf_free(&b);
    return keys;
}

/* A text whose key is still to be made stands with the empty ones. */
static bool lacks_keys(struct berth_ctx *c, const struct field *f)
{
    return f->order != NULL && !order_settled(c->st);
}

/* Whether a filter holds of no row whose field is empty. */
static bool asks_for_value(const struct where *w, const struct field *f)
{
    if (w == NULL)
        return false;
    for (size_t i = 0; w->op == W_AND && i < w->nkids; i++)
        if (asks_for_value(w->kids[i], f))
            return true;
    return w->f == f && (w->op == W_NOT_EMPTY || (w->op >= W_LT && w->op <= W_BEGINS));
}

int scan_rows(struct berth_ctx *c, const struct scan *s)
{
    const struct where_query *q = s->q;
    struct way w = {.c = c, .s = s, .id = "t.id", .after = s->after, .left = q->limit};

    if (!aim(&w, q->where))
        return c->rc;
    for (size_t i = 0; i < q->nsort; i++) {
        w.by[i] = perm_order_column(c, q->sort[i].f, "t.");
        w.empties[i] = q->sort[i].f->column_null || perm_veils(c, q->sort[i].f) || lacks_keys(c, q->sort[i].f);
    }
    w.keys = keys_of(&w);
    w.all = arena_fmt(c->a, "%s, %s", w.keys, s->columns);
    w.in = q->nsort == 1 && w.search.value == NULL && !perm_veils(c, q->sort[0].f) ? several_values(&w, w.where, false) : NULL;
    if (q->nsort == 0)
        w.id = search_id(c, &w.search);
    if (q->nsort == 0 || !w.empties[0]) {
        part(&w, false);
        return c->rc;
    }
    /* empty values sort first going up and last going down; each part seeks in the index */
    bool down = q->sort[0].down, in_nulls = s->after != NULL && s->after[0].type == BERTH_NULL;
    int start = down ? in_nulls : s->after != NULL && !in_nulls;

    for (int i = start; i < 2 && w.left > 0 && c->rc == BERTH_OK; i++) {
        bool nulls = down == (i == 1);

        w.after = i == start ? s->after : NULL;
        if (!nulls || lacks_keys(c, q->sort[0].f) ||
            !asks_for_value(q->where, q->sort[0].f)) /* or the whole part would be read for nothing */
            part(&w, nulls);
    }
    return c->rc;
}

/* ---- counting ------------------------------------------------------------------------------ */
static int64_t count_of(struct way *w, const char *whose, int64_t owner, int64_t most)
{
    struct binds binds = {0};
    struct buf sql = BUF_INIT;
    struct db_stmt *st;
    int64_t n = 0;
    int rc;

    if (most <= 0 || w->c->rc != BERTH_OK)
        return 0;
    buf_puts(&sql, "SELECT count(*) FROM (");
    if (w->where != NULL || !search_bare(w->c, &w->search, &sql, &binds))
        question(w, "1", whose, owner, &sql, &binds);
    buf_puts(&sql, " LIMIT ?) AS counted");
    binds_add(w->c, &binds, berth_i(most));
    st = prepared(w, &sql, &binds);
    rc = db_step(st);
    if (rc == DB_ROW)
        n = db_col_int(st, 0);
    done(w, st, rc);
    return n;
}

static int64_t count_within(struct way *w, int64_t most)
{
    int64_t n = 0;

    if (w->reach.all || w->s->search != NULL || (w->where != NULL && w->reach.owners.n > FEW)) {
        db_read_begin(w->c->conn); /* the index may be asked alone only while nothing waits to be indexed */
        n = count_of(w, reach_sql(w->c, w->s->t, &w->reach, "t."), 0, most);
        db_read_end(w->c->conn);
        return n;
    }
    for (size_t i = 0; i < w->reach.owners.n && n < most; i++) /* the owners' index alone answers */
        n += count_of(w, "t.owner_id = ?", w->reach.owners.v[i], most - n);
    if (w->reach.pools.n > 0)
        n += count_of(w, pool_sql(w), 0, most - n);
    return n;
}

int64_t scan_count(struct berth_ctx *c, const struct table *t, const struct where *where, const char *search, int64_t most)
{
    struct scan s = {.t = t, .search = search};
    struct way w = {.c = c, .s = &s};
    int64_t n;

    if (!aim(&w, where))
        return 0;
    if (w.beyond == NULL)
        return count_within(&w, most);
    db_read_begin(c->conn);
    n = count_within(&w, most);

    struct way x = of_shared(&w, where);

    n += count_of(&x, x.beyond, 0, most - n);
    db_read_end(c->conn);
    return n;
}

/* ---- everything ----------------------------------------------------------------------------- */
static bool has_field(const struct index *ix, const struct field *f)
{
    return f->at == F_ID || index_has(ix, f); /* the id stands in each */
}

static bool has_fields(const struct index *ix, const struct where *w)
{
    bool has = w == NULL || (w->op != W_TAGGED && (w->f == NULL || has_field(ix, w->f)));

    for (size_t i = 0; w != NULL && i < w->nkids && has; i++)
        has = has_fields(ix, w->kids[i]);
    return has;
}

/* Whether an index that begins with the owner has all that is asked: then each owner's part of it answers, and no row is
 * read. */
static bool owners_answer(const struct way *w, const struct field *const *fields, size_t n)
{
    const struct table *t = w->s->t;
    bool answers = false;

    for (size_t i = 0; w->reach.pools.n == 0 && i < t->nindexes && !answers; i++) {
        const struct index *ix = &t->indexes[i];

        answers = ix->on[0]->at == t->at_owner && ix->n > 1 && has_fields(ix, w->where);
        for (size_t k = 0; k < n && answers; k++)
            answers = has_field(ix, fields[k]);
    }
    return answers;
}

static const char *columns_of(struct berth_ctx *c, const struct field *const *fields, size_t n)
{
    struct buf b = BUF_INIT;
    const char *s;

    for (size_t i = 0; i < n; i++)
        buf_addf(&b, "%s%s", i > 0 ? ", " : "", perm_column(c, fields[i], "t."));
    s = n == 0 ? "1" : arena_strdup(c->a, buf_str(&b));
    buf_free(&b);
    return s;
}

struct db_stmt *scan_all(struct berth_ctx *c, const struct table *t, const struct field *const *fields, size_t n,
                         const struct where *where, const char *search)
{
    struct scan s = {.t = t, .search = search};
    struct way w = {.c = c, .s = &s};
    const char *columns = columns_of(c, fields, n);
    struct binds binds = {0};
    struct buf sql = BUF_INIT, owned = BUF_INIT;
    size_t parts = 0;

    if (!aim(&w, where))
        return NULL;
    if (w.beyond != NULL) {
        struct way x = of_shared(&w, where);

        question(&x, columns, x.beyond, 0, &sql, &binds);
        parts++;
    }
    if (w.reach.all || search != NULL || w.reach.owners.n > FEW) {
        const char *whose = reach_sql(c, t, &w.reach, "t.");

        if (!w.reach.all && search == NULL && owners_answer(&w, fields, n))
            whose = reach_owners_sql(c, &w.reach, "t.");
        buf_puts(&sql, parts > 0 ? " UNION ALL " : "");
        question(&w, columns, whose, 0, &sql, &binds);
        return prepared(&w, &sql, &binds);
    }
    db_rare(c->st->db, &owned, "t.owner_id = ?");
    for (size_t i = 0; i < w.reach.owners.n; i++) { /* an owner's rows by the owners' index */
        buf_puts(&sql, parts++ == 0 ? "" : " UNION ALL ");
        question(&w, columns, buf_str(&owned), w.reach.owners.v[i], &sql, &binds);
    }
    buf_free(&owned);
    if (w.reach.pools.n > 0) {
        buf_puts(&sql, parts++ == 0 ? "" : " UNION ALL ");
        question(&w, columns, pool_sql(&w), 0, &sql, &binds);
    }
    return prepared(&w, &sql, &binds);
}
