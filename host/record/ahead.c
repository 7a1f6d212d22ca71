/* ahead.c - work of a save that is done before its turn. */
#include "record/ahead.h"

#include <string.h>

#include "record/dup_recent.h"
#include "record/order.h"

struct ahead {
    const struct berth_row *of; /* the row as it was */
    struct dup_keys keys;
    bool alone;     /* no record had one of the keys ... */
    const void *plan; /* the rules that they were made by */
    uint64_t moved; /* ... sorted in or noted, at dup_recent_moved() */
};

static const struct order_made *orders_of(const struct berth_row *r)
{
    const struct table *t = r->t;
    struct order_made *made = arena_alloc(r->c->a, (size_t)(t->ncolumns - t->nfields) * sizeof(*made));

    for (int i = t->nfields; i < t->ncolumns; i++)
        made[i - t->nfields] = order_ahead(r->c, r->v[t->fields[i].orders->at]);
    return made;
}

int ahead_of_save(struct berth_row *r)
{
    struct berth_ctx *c = r->c;
    struct ahead *a = arena_alloc(c->a, sizeof(*a));

    row_defaults(r);
    a->of = row_copy(r);
    a->moved = dup_recent_moved(c->st->recent); /* before the look */
    a->plan = dup_ways(c, r->t)->plan;
    if (dup_any(c, r->t)) {
        dup_keys_of(r, &a->keys);
        a->alone = !dup_any_known(c, &a->keys);
        if (a->alone) /* it will be saved, mostly */
            dup_keys_filtered(c, &a->keys);
    }
    if (c->rc == BERTH_OK) {
        r->ahead = a;
        r->made = orders_of(r);
    }
    return c->rc;
}

const struct dup_keys *ahead_keys(const struct berth_row *r)
{
    const struct ahead *a = r->ahead;

    return a != NULL && a->plan == dup_ways(r->c, r->t)->plan && dup_same(a->of, r) ? &a->keys : NULL;
}

bool ahead_alone(const struct berth_row *r, const struct dup_keys *fresh)
{
    const struct ahead *a = r->ahead;
    struct dup_recent *recent = r->c->st->recent;
    int64_t hash[DUP_KEYS];

    return a->alone && a->moved == dup_recent_moved(recent) && !dup_recent_any(recent, hash, dup_hashes(fresh, hash));
}
