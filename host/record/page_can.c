/* page_can.c - of each row of a page: whether its rights are less than the table's, and what keeps it from being edited. */
#include "record/page_can.h"

#include <stdio.h>

#include "record/find.h"
#include "record/flow.h"

struct of_row {
    int64_t id, owner, pool, parent;
};

struct parent { /* of details: what holds for the record they are part of holds for them */
    int64_t id;
    bool update;
    const char *lock;
};

struct page_can {
    struct berth_ctx *c;
    const struct table *t;
    struct of_row *row;
    struct parent *up; /* each once */
    size_t n, ups;
};

static bool detail(const struct table *t)
{
    return t->parent != NULL && t->parent->ref != NULL;
}

struct page_can *page_can_new(struct berth_ctx *c, const struct table *t, int64_t most)
{
    struct page_can *p = arena_alloc(c->a, sizeof(*p));

    *p = (struct page_can){c, t, arena_alloc(c->a, (size_t)most * sizeof(*p->row)), arena_alloc(c->a, (size_t)most * sizeof(*p->up)), 0, 0};
    return p;
}

const char *page_can_columns(struct berth_ctx *c, const struct table *t)
{
    if (detail(t))
        return arena_fmt(c->a, ", t.%s", t->parent->name);
    return t->at_owner < 0 ? "" : t->at_pool < 0 ? ", t.owner_id" : ", t.owner_id, t.pool_id";
}

void page_can_row(struct page_can *p, int64_t id, struct db_stmt *s, int at)
{
    struct of_row *r = &p->row[p->n++];

    *r = (struct of_row){.id = id};
    if (detail(p->t)) {
        r->parent = db_col_int(s, at);
    } else if (p->t->at_owner >= 0) {
        r->owner = db_col_int(s, at);
        r->pool = p->t->at_pool < 0 ? 0 : db_col_int(s, at + 1);
    }
}

static const struct parent *parent_of(struct page_can *p, int64_t id)
{
    struct berth_row *r;

    for (size_t i = 0; i < p->ups; i++)
        if (p->up[i].id == id)
            return &p->up[i];
    r = find_raw(p->c, p->t->parent->ref, id);
    p->up[p->ups] = (struct parent){id, r != NULL && perm_row(p->c, r, DO_UPDATE),
                                    r == NULL || p->c->st->services.locks == NULL ? NULL : p->c->st->services.locks(p->c, r)};
    return &p->up[p->ups++];
}

/* What waits for approval: one question for the whole page. */
static const char **locks(struct page_can *p)
{
    const char **lock = arena_alloc(p->c->a, (p->n + 1) * sizeof(*lock));
    int64_t *id = arena_alloc(p->c->a, (p->n + 1) * sizeof(*id));

    for (size_t i = 0; i < p->n; i++) {
        lock[i] = NULL;
        id[i] = p->row[i].id;
    }
    if (p->n > 0 && p->c->st->services.locked != NULL && flow_guards(p->c, p->t))
        p->c->st->services.locked(p->c, p->t, id, p->n, lock);
    return lock;
}

static void row_can(struct page_can *p, const struct of_row *r, const char *lock, struct json *j)
{
    const struct parent *up = detail(p->t) ? parent_of(p, r->parent) : NULL;
    bool update = up != NULL ? up->update : perm_owned(p->c, p->t, r->id, r->owner, r->pool, DO_UPDATE);
    bool drop = up != NULL ? up->update : perm_owned(p->c, p->t, r->id, r->owner, r->pool, DO_DELETE);
    bool less_update = !update && perm_may(p->c->who, p->t, DO_UPDATE), less_drop = !drop && perm_may(p->c->who, p->t, DO_DELETE);
    char key[24];

    lock = lock == NULL && up != NULL ? up->lock : lock;
    if (!less_update && !less_drop && lock == NULL)
        return;
    snprintf(key, sizeof(key), "%lld", (long long)r->id);
    json_key(j, key);
    json_open(j, '{');
    if (less_update)
        json_flag(j, "update", false);
    if (less_drop)
        json_flag(j, "delete", false);
    if (lock != NULL)
        json_text(j, "locked", lock);
    json_close(j, '}');
}

void page_can_json(struct page_can *p, struct json *j)
{
    const char **lock = locks(p);

    json_key(j, "can");
    json_open(j, '{');
    for (size_t i = 0; i < p->n; i++)
        row_can(p, &p->row[i], lock[i], j);
    json_close(j, '}');
}
