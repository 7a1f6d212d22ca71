/* import_row.c - a row of the sheet: its cells become values, and what becomes of it is decided. */
#include <stddef.h>
#include <string.h>

#include "record/custom.h"
#include "record/find.h"
#include "record/flow.h"
#include "record/import_run.h"
#include "record/order.h"
#include "record/save.h"

/* ---- cells ------------------------------------------------------------------------------------- */
/* One piece of memory: most rows go in and are never told of. */
static void keep_cells(struct berth_ctx *c, struct prep *p, const struct sheet_row *row)
{
    size_t bytes = 0, n = row->len < COLUMNS_MAX ? row->len : COLUMNS_MAX;
    struct cell *cells;
    char *to;

    for (size_t i = 0; i < n; i++)
        bytes += row->cells[i].len + 1;
    cells = arena_alloc(c->a, n * sizeof(*cells) + bytes);
    to = (char *)(cells + n);
    for (size_t i = 0; i < n; i++) {
        cells[i].len = row->cells[i].len & INT32_MAX; /* no cell is that long */
        memcpy(to, row->cells[i].text, row->cells[i].len + 1);
        to += row->cells[i].len + 1;
    }
    p->cells = cells;
    p->ncells = (uint16_t)n;
    p->number = row->number;
}

/* What is wrong with the cells before it neither hides what is wrong with this one nor keeps its record from being found. */
static bool value_of(struct run *r, struct berth_ctx *c, const struct field *f, const struct sheet_cell *cell, struct berth_val *v)
{
    struct berth_ctx before;
    bool ok;

    if (c->rc == BERTH_OK)
        return import_value(r, c, f, cell, v);
    before = *c;
    ctx_clear(c);
    ok = import_value(r, c, f, cell, v);
    if (before.problems != NULL && c->problems != NULL) {
        *before.problems_end = c->problems;
        before.problems_end = c->problems_end;
    }
    *c = before;
    return ok;
}

static void read_cells(struct run *r, struct berth_ctx *c, struct prep *p, const struct sheet_row *row)
{
    struct cell *cells = (struct cell *)p->cells;

    for (size_t i = 0; i < p->ncells && i < r->ncolumns; i++) {
        const struct field *f = r->column[i];
        struct berth_val v;

        if (f == NULL || row->cells[i].len == 0 || !value_of(r, c, f, &row->cells[i], &v) || val_is_nil(v))
            continue;
        p->row->v[f->at] = v;
        cells[i].given = true;
    }
}

/* ---- values, kept small ------------------------------------------------------------------------------ */
/* Those that are not nil: most fields of most rows are.  Their places stand behind them. */
struct packed {
    size_t n;
    const struct order_made *made; /* what lists sort the texts by; NULL: nothing, or it is a dry run */
    struct berth_val v[];
};

static uint16_t *places(const struct packed *k)
{
    return (uint16_t *)(void *)&k->v[k->n];
}

/* A text that stands in a cell as it is need not be kept twice; NULL: it does not. */
static const char *in_cell(const struct run *r, const struct prep *p, const struct field *f, struct berth_val v)
{
    const char *text = (const char *)(p->cells + p->ncells);

    for (size_t i = 0; i < p->ncells && i < r->ncolumns; i++) {
        if (r->column[i] == f)
            return p->cells[i].len == (uint32_t)v.len && memcmp(text, v.s, (size_t)v.len) == 0 ? text : NULL;
        text += p->cells[i].len + 1;
    }
    return NULL;
}

/* What lists sort the row by is made on this thread, not on the writer. */
static const struct order_made *orders_of(const struct prep *p, struct arena *a)
{
    const struct table *t = p->row->t;
    struct order_made *made = arena_alloc(a, (size_t)(t->ncolumns - t->nfields) * sizeof(*made));
    struct berth_ctx *c = p->row->c;
    struct arena *scratch = c->a;

    c->a = a;
    for (int i = t->nfields; i < t->ncolumns; i++)
        made[i - t->nfields] = order_ahead(c, import_value_of(p, t->fields[i].orders));
    c->a = scratch;
    return made;
}

static void pack(const struct run *r, struct arena *a, struct prep *p)
{
    const struct table *t = p->row->t;
    struct packed *k;
    size_t n = 0;

    for (int i = 0; i < t->nfields; i++)
        n += !val_is_nil(p->row->v[i]);
    k = arena_alloc(a, sizeof(*k) + n * (sizeof(*k->v) + sizeof(uint16_t)));
    k->n = n;
    n = 0;
    for (int i = 0; i < t->nfields; i++) {
        struct berth_val v = p->row->v[i];

        if (val_is_nil(v))
            continue;
        if (field_is_text(&t->fields[i])) {
            const char *cell = in_cell(r, p, &t->fields[i], v);

            v.s = cell != NULL ? cell : arena_strndup(a, v.s, (size_t)v.len);
        }
        places(k)[n] = (uint16_t)i;
        k->v[n++] = v;
    }
    p->values = k;
    if (!r->dry && t->ncolumns > t->nfields)
        k->made = orders_of(p, a);
}

void import_unpack(struct berth_ctx *c, const struct table *t, struct prep *p)
{
    p->row = row_new(c, t);
    p->row->made = p->values->made;
    for (size_t i = 0; i < p->values->n; i++)
        p->row->v[places(p->values)[i]] = p->values->v[i];
}

struct berth_val import_value_of(const struct prep *p, const struct field *f)
{
    for (size_t i = 0; i < p->values->n; i++)
        if (places(p->values)[i] == f->at)
            return p->values->v[i];
    return berth_nil();
}

struct berth_val import_order_of(const struct prep *p, const struct field *f)
{
    return f->orders == NULL ? import_value_of(p, f) : p->values->made[f->at - f->table->nfields].key;
}

/* ---- preparing ----------------------------------------------------------------------------------- */
static void keep_keys(struct arena *a, struct prep *p)
{
    struct dup_keys keys;
    int64_t *hash;

    dup_keys_of(p->row, &keys); /* the texts are needed only for the few that match */
    p->key = hash = arena_alloc(a, keys.n * sizeof(*hash));
    p->nkeys = (uint16_t)keys.n;
    for (size_t i = 0; i < keys.n; i++)
        hash[i] = keys.k[i].hash;
}

/* What a new record needs beyond what the row says; false: it lacks something. */
static bool complete(struct run *r, struct berth_ctx *c, struct prep *p)
{
    const struct table *t = p->row->t;

    if (t->at_pool >= 0 && r->pool != 0)
        p->row->v[t->at_pool] = (struct berth_val){BERTH_REF, 0, {.i = r->pool}};
    row_defaults(p->row);
    row_check(p->row);
    return c->rc == BERTH_OK;
}

static const char *copy(struct arena *a, const char *s)
{
    return s == NULL ? NULL : arena_strdup(a, s);
}

/* What was told of the row while it was looked at. */
static void keep_told(struct arena *a, struct prep *p)
{
    p->field = copy(a, p->field);
    p->message = copy(a, p->message);
    p->detail = copy(a, p->detail);
}

void import_prepare(struct run *r, struct berth_ctx *c, const struct table *t, struct prep *p, const struct sheet_row *row)
{
    struct arena *kept = c->a;

    keep_cells(c, p, row);
    c->a = r->scratch;
    p->row = row_new(c, t);
    p->total = import_is_total(r, c, t, row);
    if (!p->total)
        read_cells(r, c, p, row);
    if (p->total) {
        import_tell(r, c, p, OUT_INVALID, "import.total");
        keep_told(kept, p);
    } else if (c->rc == BERTH_OK && (r->mode != MODE_CREATE || complete(r, c, p))) {
        if (dup_any(c, t))
            keep_keys(kept, p);
        pack(r, kept, p);
    }
    if (c->rc != BERTH_OK) {
        import_tell_problem(r, c, p);
        keep_told(kept, p);
    }
    c->a = kept;
    p->row = NULL;
    arena_again(r->scratch);
}

/* Sheets tell times to the second. */
static bool same_second(const struct field *f, struct berth_val was, struct berth_val now)
{
    return f->type == BERTH_TIME && !val_is_nil(was) && !val_is_nil(now) && now.i % 1000 == 0 && was.i / 1000 == now.i / 1000;
}

void import_set_cells(struct run *r, struct berth_ctx *c, const struct prep *p, struct berth_row *now)
{
    for (size_t i = 0; i < r->ncolumns; i++) {
        const struct field *f = r->column[i];

        /* an empty cell leaves what is there; what records are found by is not written */
        if (f != NULL && i < p->ncells && p->cells[i].given && f->at >= F_DECLARED && !(f->flags & BERTH_LOCKED) &&
            perm_field(c->who, f) == ACCESS_WRITE && !same_second(f, now->v[f->at], p->row->v[f->at]))
            now->v[f->at] = p->row->v[f->at];
    }
}

bool import_clashes(struct run *r, struct berth_ctx *c, struct prep *p, const struct berth_row *now)
{
    struct dup_keys old, keys, fresh = {.n = 0};
    struct ctx_match *m;

    dup_keys_of(now->old, &old);
    dup_keys_of(now, &keys);
    for (size_t i = 0; i < keys.n; i++) {
        uint32_t other = r->dry ? import_set_get(&r->seen, keys.k[i].hash) : 0; /* else the writer asks, which has the rows before it */

        if (dup_key_in(&old, keys.k[i].hash) != NULL)
            continue;
        if (other != 0 && other != p->number && keys.k[i].way->act[DUP_IMPORT] != DUP_REPORT) {
            import_tell_same_row(r, c, p, other, keys.k[i].way->f[0]);
            return true;
        }
        fresh.k[fresh.n++] = keys.k[i];
    }
    m = fresh.n == 0 ? NULL : dup_find(c, now->t, &fresh, row_id(now), DUP_IMPORT);
    import_alike(&m);
    if (m != NULL)
        import_tell_match(r, c, p, m);
    return m != NULL;
}

/* ---- deciding -------------------------------------------------------------------------------------- */
/* The records that share a key with the row which a rule minds; in *alike one whose rule only tells. */
static const struct ctx_match *matches(struct berth_ctx *c, const struct table *t, const struct prep *p,
                                       const struct ctx_match **alike)
{
    struct dup_keys keys;
    struct ctx_match *list;

    if (!p->known)
        return NULL;
    dup_keys_of(p->row, &keys);
    list = dup_find(c, t, &keys, 0, DUP_IMPORT);
    *alike = import_alike(&list);
    return list;
}

/* Of the rows of one record the first counts, however far apart they stand; true: this is a later one. */
static bool later_row(struct run *r, struct berth_ctx *c, const struct table *t, struct prep *p, const struct ctx_match *list)
{
    for (const struct ctx_match *m = list; m != NULL; m = m->next) {
        uint32_t other = m->table != t ? 0 : import_set_get(&r->taken, m->rec);

        if (other != 0) {
            import_tell_same_record(r, c, p, other, m);
            return true;
        }
    }
    return false;
}

static void found(struct run *r, struct berth_ctx *c, const struct table *t, struct prep *p, const struct ctx_match *m)
{
    if (r->mode == MODE_CREATE || m->table != t || m->id == 0) {
        import_tell_match(r, c, p, m);
    } else if (m->next != NULL) {
        import_tell(r, c, p, OUT_CONFLICT, "import.several");
    } else {
        p->outcome = OUT_UPDATED; /* or the same: the writer sees */
        p->record = m->id;
    }
}

/* By fields that the user chose; true: decided. */
static bool by_match(struct run *r, struct berth_ctx *c, const struct table *t, struct prep *p)
{
    struct ctx_match m = {.table = t};
    int n = import_match_find(r, c, p, &m);
    uint32_t other = n > 0 ? 0 : import_match_fresh(r, c, p);

    for (size_t i = 0; i < r->nmatch; i++)
        m.by[m.nby++] = r->match[i]->name;
    if (n > 1)
        import_tell(r, c, p, OUT_CONFLICT, "import.several");
    else if (n == 1 && !later_row(r, c, t, p, &m))
        found(r, c, t, p, &m);
    if (other != 0)
        import_tell_same_record(r, c, p, other, &m);
    return n > 0 || other != 0;
}

/* Whether another row of the file has one of its keys. */
static bool same_as(struct run *r, const struct prep *p, uint32_t *other)
{
    for (size_t i = 0; i < p->nkeys; i++) {
        *other = import_set_get(&r->seen, p->key[i]);
        if (*other != 0 && *other != p->number)
            return true;
    }
    return false;
}

/* The field whose key that is, if it is minded. */
static const struct field *same_row(struct run *r, const struct prep *p, uint32_t *other)
{
    struct dup_keys keys;

    for (size_t i = 0; i < p->nkeys; i++) {
        *other = import_set_get(&r->seen, p->key[i]);
        if (*other == 0 || *other == p->number)
            continue;
        dup_keys_of(p->row, &keys);
        for (size_t k = 0; k < keys.n; k++)
            if (keys.k[k].hash == p->key[i] && keys.k[k].way->act[DUP_IMPORT] != DUP_REPORT)
                return keys.k[k].way->f[0];
    }
    return NULL;
}

static void see_keys(struct run *r, const struct prep *p)
{
    for (size_t i = 0; i < p->nkeys; i++)
        import_set_put(&r->seen, p->key[i], p->number);
}

static void decide(struct run *r, struct berth_ctx *c, const struct table *t, struct prep *p)
{
    const struct ctx_match *m, *alike = NULL;
    const struct field *by;
    uint32_t other;

    if (r->nmatch > 0 && by_match(r, c, t, p))
        return;
    if ((r->mode != MODE_UPDATE || r->nmatch == 0) && (by = same_row(r, p, &other)) != NULL) {
        import_tell_same_row(r, c, p, other, by); /* whether or not that one has been stored yet */
        return;
    }
    m = matches(c, t, p, &alike);
    if (later_row(r, c, t, p, m))
        return;
    if (m != NULL && r->nmatch > 0)
        import_tell_match(r, c, p, m); /* the chosen keys say new, the duplicate rules say no */
    else if (m != NULL)
        found(r, c, t, p, m);
    else if (r->mode == MODE_UPDATE)
        import_tell(r, c, p, OUT_MISSING, "import.missing");
    else if (alike != NULL)
        import_tell_alike(r, c, p, alike);
}

/* A row that is to be new lacks nothing. */
static void complete_late(struct run *r, struct berth_ctx *c, struct arena *kept, struct prep *p)
{
    if (complete(r, c, p))
        pack(r, kept, p);
    else
        import_tell_problem(r, c, p);
}

/* Whose a new record is to be, what administrators check, and what has to be approved first, is seen at the save: a dry run has to look. */
static bool judged(const struct run *r, struct berth_ctx *c, const struct table *t)
{
    bool given = false;

    for (size_t i = 0; i < r->ncolumns && c->who != NULL; i++)
        given = given || (r->column[i] != NULL && r->column[i]->at == t->at_owner);
    return given || custom_checks(t) || (flow_makes_later(t) && flow_guards(c, t));
}

void import_decide(struct run *r, struct berth_ctx *c, const struct table *t, struct prep *p)
{
    struct arena *kept = c->a;
    uint32_t other;
    int64_t again;
    bool counts = true;
    bool known = p->known || r->nmatch > 0 || r->mode != MODE_CREATE || (r->dry && judged(r, c, t));

    if (p->outcome != OUT_NEW)
        return;
    again = import_again(r, c, p);
    if (known || again != 0 || import_once_only(t) || same_as(r, p, &other)) {
        c->a = r->scratch;
        import_unpack(c, t, p);
        decide(r, c, t, p);
        if (p->outcome == OUT_NEW && again != 0) {
            p->record = find_exists(c, t, again) ? again : 0;
            import_tell(r, c, p, OUT_DUPLICATE, "import.again");
        } else if (p->outcome == OUT_NEW && import_repeats(r, c, p)) {
            import_tell_problem(r, c, p);
        }
        if (p->outcome == OUT_NEW && r->mode != MODE_CREATE)
            complete_late(r, c, kept, p);
        if (p->outcome == OUT_NEW && r->nmatch > 0)
            import_match_note(r, c, p);
        if (p->outcome == OUT_UPDATED)
            import_set_put(&r->taken, p->record, p->number);
        counts = p->outcome == OUT_NEW || p->outcome == OUT_UPDATED;
        if (r->dry && counts)
            import_foresee(r, c, p);
        keep_told(kept, p);
        c->a = kept;
        p->row = NULL;
        arena_again(r->scratch);
    }
    if (counts) /* also if it is refused when it is saved: the rows behind it have been told by then */
        see_keys(r, p);
}
