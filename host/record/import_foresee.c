/* import_foresee.c - what a dry run would make of records: a later row of the same one is compared with that. */
#include <stdlib.h>
#include <string.h>

#include "record/import_run.h"
#include "record/save.h"

/* Rows of more records than this holds are compared with them as they stand. */
enum { FORESEEN_BYTES = 64 << 20 };

struct values { /* a record's that differ from those in the database */
    size_t n;
    struct {
        const struct field *f;
        struct berth_val v;
    } of[];
};

struct foreseen {
    struct arena *a;
    const struct table *t;  /* whose fields the values are of */
    struct import_set at;   /* by record: its place in the list, from 1 */
    struct values **list;
    size_t n, cap;
};

void import_foreseen_free(struct foreseen **f)
{
    if (*f == NULL)
        return;
    import_set_free(&(*f)->at);
    arena_free(&(*f)->a);
    free((*f)->list);
    free(*f);
    *f = NULL;
}

/* They are of the model as it is now; it may have grown since. */
static struct foreseen *of_table(struct run *r, const struct table *t)
{
    if (r->foreseen != NULL && r->foreseen->t != t)
        import_foreseen_free(&r->foreseen);
    if (r->foreseen == NULL) {
        r->foreseen = mem_alloc(sizeof(*r->foreseen));
        r->foreseen->a = arena_new();
        r->foreseen->t = t;
    }
    return r->foreseen;
}

static struct values *values_of(const struct foreseen *f, int64_t record)
{
    uint32_t place = import_set_get(&f->at, record);

    return place == 0 ? NULL : f->list[place - 1];
}

/* What rows before this one made of it counts as if it were saved. */
static void set_values(struct berth_row *now, const struct values *k)
{
    for (size_t i = 0; k != NULL && i < k->n; i++)
        now->v[k->of[i].f->at] = k->of[i].v;
}

static struct berth_val keep_value(struct arena *a, const struct field *f, struct berth_val v)
{
    if (!val_is_nil(v) && field_is_text(f))
        v.s = arena_strndup(a, v.s, (size_t)v.len);
    return v;
}

/* k: what was kept of it until now. */
static void keep_values(struct foreseen *f, const struct berth_row *now, const struct values *k)
{
    const struct table *t = now->t;
    struct values *kept;
    size_t n = k == NULL ? 0 : k->n;

    if (arena_used(f->a) > FORESEEN_BYTES)
        return;
    for (int i = F_DECLARED; i < t->nfields; i++)
        n += !val_equal(now->v[i], now->old->v[i]);
    kept = arena_alloc(f->a, sizeof(*kept) + n * sizeof(kept->of[0]));
    for (size_t i = 0; k != NULL && i < k->n; i++)
        if (val_equal(now->v[k->of[i].f->at], now->old->v[k->of[i].f->at]))
            kept->of[kept->n++] = k->of[i];
    for (int i = F_DECLARED; i < t->nfields; i++)
        if (!val_equal(now->v[i], now->old->v[i])) {
            kept->of[kept->n].f = &t->fields[i];
            kept->of[kept->n++].v = keep_value(f->a, &t->fields[i], now->v[i]);
        }
    if (k != NULL) {
        f->list[import_set_get(&f->at, row_id(now)) - 1] = kept;
        return;
    }
    if (f->n == f->cap) {
        f->cap = f->cap == 0 ? 256 : f->cap * 2;
        f->list = mem_realloc(f->list, f->cap * sizeof(struct values *));
    }
    f->list[f->n++] = kept;
    import_set_put(&f->at, row_id(now), (uint32_t)f->n);
}

static struct berth_row *updated(struct run *r, struct berth_ctx *c, struct prep *p, const struct values *k)
{
    struct berth_row *now = save_load(c, p->row->t, p->record);

    if (now == NULL)
        return NULL;
    set_values(now, k);
    now->old = row_copy(now);
    import_set_cells(r, c, p, now);
    return now;
}

void import_foresee(struct run *r, struct berth_ctx *c, struct prep *p)
{
    bool update = p->outcome == OUT_UPDATED, changed = true;
    struct foreseen *f = update ? of_table(r, p->row->t) : NULL;
    const struct values *k = update ? values_of(f, p->record) : NULL;
    struct berth_row *now = update ? updated(r, c, p, k) : p->row;
    struct ctx_match m = {.table = p->row->t};

    if (update && now != NULL && import_clashes(r, c, p, now))
        return;
    if (now == NULL || save_foresee(c, now, &changed) != BERTH_OK) {
        import_tell_problem(r, c, p);
    } else if (update) {
        m.title = row_title(now);
        p->table = m.table->name;
        p->outcome = changed ? OUT_UPDATED : OUT_SAME;
        import_detail(r, c, p, &m, NULL);
        if (changed)
            keep_values(f, now, k);
    }
}
