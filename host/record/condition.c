/* condition.c - a filter's tree asked about one record in memory, and the conditions of declarations. */
#include "record/condition.h"

#include <string.h>

#include "record/cached.h"
#include "record/order.h"
#include "record/row.h"

static int order(struct berth_val a, struct berth_val b)
{
    if (a.type == BERTH_REAL || b.type == BERTH_REAL) {
        double x = a.type == BERTH_REAL ? a.d : (double)a.i, y = b.type == BERTH_REAL ? b.d : (double)b.i;

        return (x > y) - (x < y);
    }
    if (type_is_text((enum berth_type)a.type))
        return strcmp(a.s, b.s);
    return (a.i > b.i) - (a.i < b.i);
}

static int order_keys(struct berth_val a, struct berth_val b)
{
    int o = memcmp(a.s, b.s, (size_t)(a.len < b.len ? a.len : b.len));

    return o != 0 ? o : (a.len > b.len) - (a.len < b.len);
}

static bool among(struct berth_ctx *c, const struct where *w, struct berth_val v)
{
    for (size_t i = 0; i < w->nv; i++) {
        if (w->f->flags & BERTH_MANY) {
            const char *part = arena_fmt(c->a, "|%s|", where_part(c, w->v[i]).s);

            if (!val_is_nil(v) && strstr(v.s, part) != NULL)
                return true;
        } else if (!val_is_nil(v) && order(v, w->v[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool tagged(struct berth_ctx *c, const struct where *w, const struct berth_row *r)
{
    bool yes = false;

    for (size_t i = 0; i < w->nv && !yes; i++) {
        struct db_stmt *s = db_prepare(c->conn, "SELECT 1 FROM record_tag WHERE tag = ? AND tbl = ? AND rec = ?");

        db_bind_int(s, 1, w->v[i].i);
        db_bind_int(s, 2, store_table_no(c->st, r->t));
        db_bind_int(s, 3, row_id(r));
        yes = db_step(s) == DB_ROW;
        db_reset(s);
    }
    return yes;
}

bool where_eval(struct berth_ctx *c, const struct where *w, const struct berth_row *r)
{
    struct berth_val v;

    if (w == NULL)
        return true;
    switch (w->op) {
    case W_AND:
    case W_OR:
        for (size_t i = 0; i < w->nkids; i++)
            if (where_eval(c, w->kids[i], r) != (w->op == W_AND))
                return w->op == W_OR;
        return w->op == W_AND;
    case W_NOT:
        return !where_eval(c, w->kids[0], r);
    case W_TAGGED:
        return tagged(c, w, r);
    default:
        break;
    }
    v = r->v[w->f->at];
    switch (w->op) {
    case W_EMPTY:
        return val_is_nil(v);
    case W_NOT_EMPTY:
        return !val_is_nil(v);
    case W_EQ:
    case W_IN:
        return among(c, w, v);
    case W_NE:
    case W_NOT_IN:
        return !among(c, w, v);
    case W_CONTAINS:
        return !val_is_nil(v) && strcasestr(v.s, w->v[0].s) != NULL;
    case W_BEGINS:
        return !val_is_nil(v) && strncasecmp(v.s, w->v[0].s, strlen(w->v[0].s)) == 0;
    default:
        break;
    }
    if (val_is_nil(v))
        return false;
    int o = where_by_key(c, w->f) ? order_keys(order_key(c, v), order_key(c, w->v[0])) : order(v, w->v[0]);

    return w->op == W_LT ? o < 0 : w->op == W_LE ? o <= 0 : w->op == W_GT ? o > 0 : o >= 0;
}

/* ---- conditions of declarations ---------------------------------------------------- */
/* They see every field; NULL: a bad one, refused at load. */
static const struct where *declared(struct berth_ctx *c, const struct table *t, const struct where_terms *terms, const char *text,
                                    bool *moves)
{
    struct berth_ctx plain;

    ctx_init(&plain, c->st, c->conn, c->a, NULL, c->locale);
    plain.m = c->m;
    plain.now = c->now;
    return where_declared(&plain, t, terms, text, moves);
}

/* Each record that is shown asks its actions' conditions: those of a model that mean the same whenever they are asked are
 * read once, and found by where their text stands (two tables may share a text). */
struct condition {
    const char *text;
    const struct table *t;
    const struct where *w;
};

struct conditions {
    struct cached kept;
    struct condition *slots;
    size_t cap, n; /* cap: a power of two, more than twice n */
};

static struct condition *slot_of(const struct conditions *all, const struct table *t, const char *text)
{
    size_t i = (((uintptr_t)text ^ (uintptr_t)t << 1) * 0x9E3779B97F4A7C15u) >> 32, mask = all->cap - 1;

    while (all->slots[i & mask].text != NULL && (all->slots[i & mask].text != text || all->slots[i & mask].t != t))
        i++;
    return &all->slots[i & mask];
}

/* Without room yet they are only counted. */
static void keep(struct berth_ctx *c, struct conditions *all, const struct table *t, const char *text)
{
    const struct where *w;
    bool moves;

    if (text == NULL)
        return;
    if (all->slots == NULL) {
        all->n++;
        return;
    }
    w = declared(c, t, &(struct where_terms){0}, text, &moves);
    if (w != NULL && !moves)
        *slot_of(all, t, text) = (struct condition){text, t, w};
}

static void each(struct berth_ctx *c, struct conditions *all)
{
    for (size_t i = 0; i < c->m->ntables; i++) {
        const struct table *t = &c->m->tables[i];

        keep(c, all, t, t->step_when);
        for (size_t k = 0; k < t->nactions; k++)
            keep(c, all, t, t->actions[k]->when);
        for (int k = 0; k < t->nfields; k++)
            keep(c, all, t, t->fields[k].when);
    }
}

static void read_conditions(struct berth_ctx *c, void *kept)
{
    struct conditions *all = kept;

    each(c, all);
    for (all->cap = 4; all->cap <= 2 * all->n;)
        all->cap *= 2;
    all->slots = arena_alloc(c->a, all->cap * sizeof(*all->slots));
    each(c, all);
}

bool where_holds_for(struct berth_ctx *c, const char *text, const struct berth_row *r, const struct berth_row *about)
{
    const struct where *w;
    bool moves;

    if (text == NULL)
        return true;
    w = declared(c, r->t, &(struct where_terms){.about = about}, text, &moves);
    return where_eval(c, w, r);
}

bool where_holds(struct berth_ctx *c, const char *text, const struct berth_row *r)
{
    static struct cached_kind kind = {"the conditions of declarations", sizeof(struct conditions), read_conditions, NULL,
                                      PTHREAD_MUTEX_INITIALIZER};
    const struct conditions *all = text == NULL ? NULL : cached_get(c, &c->st->conditions, &kind);
    const struct condition *known = all == NULL ? NULL : slot_of(all, r->t, text);

    return known != NULL && known->text != NULL ? where_eval(c, known->w, r) : where_holds_for(c, text, r, NULL);
}

const struct where *where_written(struct berth_ctx *c, const struct table *t, const char *text)
{
    bool moves;

    return text == NULL ? NULL : declared(c, t, &(struct where_terms){.written = true}, text, &moves);
}
