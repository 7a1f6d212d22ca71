/* import_unique.c - values that a table has once only: whoever repeats one is told so in a dry run, too. */
#include "record/import_run.h"
#include "text/keys.h"

static bool given(const struct index *ix, const struct berth_row *row)
{
    for (size_t i = 0; i < ix->n; i++)
        if (val_is_nil(row->v[ix->on[i]->at]))
            return false; /* empty values do not clash */
    return ix->unique;
}

/* Notes the values, so that a later row of the file is told. */
static bool in_file(struct run *r, const struct index *ix, const struct berth_row *row, uint32_t number)
{
    struct buf b = BUF_INIT;
    int64_t hash;
    uint32_t other;

    for (size_t i = 0; i < ix->n; i++) {
        struct berth_val v = row->v[ix->on[i]->at];

        if (val_has_bytes(v))
            buf_add(&b, v.s, (size_t)v.len);
        else
            buf_addf(&b, "%lld", (long long)v.i);
        buf_putc(&b, '\x1f');
    }
    hash = text_key_hash((uint8_t)(ix - row->t->indexes), b.s, b.len);
    buf_free(&b);
    other = import_set_get(&r->unique, hash);
    if (other == 0)
        import_set_put(&r->unique, hash, number);
    return other != 0 && other != number;
}

bool import_repeats(struct run *r, struct berth_ctx *c, const struct prep *p)
{
    for (size_t i = 0; i < p->row->t->nindexes; i++) {
        const struct index *ix = &p->row->t->indexes[i];

        if (!given(ix, p->row) || (row_like(p->row, ix) == 0 && !in_file(r, ix, p->row, p->number)))
            continue;
        ctx_invalid(c, ix->on[0]->name, "err.unique", NULL);
        c->rc = BERTH_CONFLICT;
        return true;
    }
    return false;
}

bool import_once_only(const struct table *t)
{
    for (size_t i = 0; i < t->nindexes; i++)
        if (t->indexes[i].unique)
            return true;
    return false;
}
