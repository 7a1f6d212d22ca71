/* import_match.c - finding records by fields that the user chose: id, number, or any combination.
 *
 * The table is read once into a map from the hash of these fields' values to the record, so that
 * fields without an index cost the same as others. */
#include <string.h>

#include "record/find.h"
#include "record/import_run.h"
#include "text/keys.h"

static const uint32_t SEVERAL = UINT32_MAX;

static enum text_key_kind kind_of(const struct field *f)
{
    static const enum text_key_kind kinds[] = {[KEY_PHONE] = TEXT_KEY_PHONE, [KEY_EMAIL] = TEXT_KEY_EMAIL,
                                               [KEY_COMPANY] = TEXT_KEY_COMPANY, [KEY_CODE] = TEXT_KEY_CODE,
                                               [KEY_EXACT] = TEXT_KEY_EXACT, [KEY_NONE] = TEXT_KEY_EXACT};

    return kinds[f->key_kind];
}

/* What is compared of a value; nothing for an empty one. */
static void add_value(struct buf *b, const struct field *f, struct berth_val v, const char *country)
{
    struct text_keys keys = TEXT_KEYS_INIT;

    buf_putc(b, '\x1f');
    if (val_is_nil(v))
        return;
    if (!field_is_text(f)) {
        buf_addf(b, "%lld", (long long)v.i);
        return;
    }
    text_keys_of(&keys, kind_of(f), v.s, (size_t)v.len, country);
    buf_puts(b, keys.n > 0 ? text_key(&keys, 0) : v.s);
    text_keys_free(&keys);
}

static bool by_id(const struct run *r)
{
    return r->match[0]->at == F_ID;
}

/* 0: all of them are empty. */
static int64_t hash_of(struct run *r, struct berth_ctx *c, const struct berth_row *row)
{
    const char *country = c->st->company.country;
    struct buf b = BUF_INIT;
    int64_t h;

    if (by_id(r))
        return row_id(row);
    if (row->t->at_country >= 0 && !val_is_nil(row->v[row->t->at_country]))
        country = row->v[row->t->at_country].s;
    for (size_t i = 0; i < r->nmatch; i++)
        add_value(&b, r->match[i], row->v[r->match[i]->at], country);
    h = b.len == r->nmatch ? 0 : text_key_hash(1, b.s, b.len);
    buf_free(&b);
    return h;
}

/* Whether everybody is told that a record has it, whoever may see that: what the duplicate rules compare, and what there is once only. */
static bool told_anyway(struct berth_ctx *c, const struct table *t, const struct field *f)
{
    const struct dup_ways *ways = dup_ways(c, t);
    bool told = f->at == F_ID || f == t->number || (ways->n > 0 && ways->used[f->at]);

    for (size_t i = 0; i < t->nindexes; i++)
        told = told || (t->indexes[i].unique && t->indexes[i].n == 1 && t->indexes[i].on[0] == f);
    return told;
}

int import_match_open(struct run *r, struct berth_ctx *c, const struct table *t)
{
    struct buf sql = BUF_INIT;
    struct arena *a = c->a, *one = arena_new();
    struct db_stmt *s;
    int rc;

    for (size_t i = 0; i < r->nmatch; i++)
        r->match_seen = r->match_seen || !told_anyway(c, t, r->match[i]);
    if (r->nmatch == 0 || by_id(r)) {
        arena_free(&one);
        return 0;
    }
    buf_puts(&sql, "SELECT id");
    for (size_t i = 0; i < r->nmatch; i++)
        buf_addf(&sql, ", %s", r->match[i]->name);
    if (t->at_country >= 0)
        buf_addf(&sql, ", %s", t->fields[t->at_country].name);
    buf_addf(&sql, " FROM %s", t->sql);
    if (r->match_seen) {
        buf_puts(&sql, " WHERE ");
        perm_where_one(c, t, DO_READ, "", &sql);
    }
    s = db_prepare(c->conn, buf_str(&sql));
    buf_free(&sql);
    c->a = one;
    while ((rc = db_step(s)) == DB_ROW) {
        struct berth_row *row = row_new(c, t);
        int64_t id = db_col_int(s, 0), h;
        int at = 1;

        for (size_t i = 0; i < r->nmatch; i++)
            row->v[r->match[i]->at] = val_read(c, r->match[i], s, at++);
        if (t->at_country >= 0)
            row->v[t->at_country] = val_read(c, &t->fields[t->at_country], s, at);
        h = hash_of(r, c, row);
        if (h != 0 && id < SEVERAL && !import_set_put(&r->matched, h, (uint32_t)id))
            import_set_set(&r->matched, h, SEVERAL);
        arena_reset(one);
    }
    c->a = a;
    arena_free(&one);
    return rc < 0 ? -1 : 0;
}

int import_match_find(struct run *r, struct berth_ctx *c, const struct prep *p, struct ctx_match *m)
{
    const struct table *t = p->row->t;
    int64_t h = hash_of(r, c, p->row);
    uint32_t of = h == 0 || by_id(r) ? 0 : import_set_get(&r->matched, h);
    const struct berth_row *there;

    if (of == SEVERAL)
        return 2;
    m->rec = by_id(r) ? h : of;
    there = find_raw(c, t, m->rec);
    if (there == NULL)
        return 0;
    for (size_t i = 0; r->match_seen && i < r->nmatch; i++)
        if (perm_field_of(there, r->match[i]) < ACCESS_READ)
            return 0; /* a pool hides it */
    m->id = find_exists(c, t, m->rec) && !perm_veiled(there) ? m->rec : 0; /* 0: it is not for this user, or hidden from him until he claims it */
    if (m->id != 0)
        m->title = row_title(there);
    return 1;
}

uint32_t import_match_fresh(struct run *r, struct berth_ctx *c, const struct prep *p)
{
    int64_t h = hash_of(r, c, p->row);

    return h == 0 ? 0 : import_set_get(&r->fresh, h);
}

void import_match_note(struct run *r, struct berth_ctx *c, const struct prep *p)
{
    int64_t h = hash_of(r, c, p->row);

    if (h != 0)
        import_set_put(&r->fresh, h, p->number);
}
