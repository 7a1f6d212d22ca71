/* dup.c - duplicate keys of records: made, stored, found, verified. */
#include "record/dup.h"

#include <string.h>

#include "record/find.h"
#include "text/keys.h"

static enum text_key_kind kind_of(const struct field *f)
{
    switch (f->key_kind) {
    case KEY_PHONE:
        return TEXT_KEY_PHONE;
    case KEY_EMAIL:
        return TEXT_KEY_EMAIL;
    case KEY_COMPANY:
        return TEXT_KEY_COMPANY;
    case KEY_CODE:
        return TEXT_KEY_CODE;
    default:
        return TEXT_KEY_EXACT;
    }
}

static void add(struct dup_keys *out, const struct dup_key *k)
{
    for (size_t i = 0; i < out->n; i++)
        if (out->k[i].hash == k->hash)
            return;
    if (out->n < DUP_KEYS)
        out->k[out->n++] = *k;
}

void dup_keys_of(const struct berth_row *r, struct dup_keys *out)
{
    struct berth_ctx *c = r->c;
    const char *country = c->st->company.country;
    struct text_keys keys = TEXT_KEYS_INIT;

    out->n = 0;
    if (r->t->at_country >= 0 && !val_is_nil(r->v[r->t->at_country]))
        country = r->v[r->t->at_country].s;
    for (int i = F_DECLARED; i < r->t->nfields; i++) {
        const struct field *f = &r->t->fields[i];

        if (!(f->flags & BERTH_DUPLICATE) || val_is_nil(r->v[i]) || !field_is_text(f))
            continue;
        text_keys_of(&keys, kind_of(f), r->v[i].s, (size_t)r->v[i].len, country);
        for (size_t k = 0; k < keys.n; k++) {
            /* the group's name is part of what is hashed: groups never meet */
            const char *text = arena_fmt(c->a, "%s\x1f%s", f->key_group, text_key(&keys, k));

            add(out, &(struct dup_key){text_key_hash(0, text, strlen(text)), f, text});
        }
    }
    text_keys_free(&keys);
}

static const struct table *table_of(struct berth_ctx *c, int64_t no)
{
    for (size_t i = 0; i < c->m->ntables; i++)
        if (store_table_no(c->st, &c->m->tables[i]) == no)
            return &c->m->tables[i];
    return NULL;
}

static void by(struct ctx_match *m, const char *field)
{
    for (size_t i = 0; i < m->nby; i++)
        if (strcmp(m->by[i], field) == 0)
            return;
    if (m->nby < sizeof(m->by) / sizeof(m->by[0]))
        m->by[m->nby++] = field;
}

static void hit(struct berth_ctx *c, struct ctx_match **list, const struct table *t, int64_t id, const char *field)
{
    struct ctx_match **at = list;

    while (*at != NULL && ((*at)->table != t || (*at)->id != id))
        at = &(*at)->next;
    if (*at == NULL) {
        *at = arena_alloc(c->a, sizeof(**at));
        (*at)->table = t;
        (*at)->id = id;
    }
    by(*at, field);
}

/* Hashes only point: the record itself says whether it shares the key. */
static bool shares(struct berth_ctx *c, const struct berth_row *r, const struct dup_key *key)
{
    struct dup_keys *own = arena_alloc(c->a, sizeof(*own));

    dup_keys_of(r, own);
    for (size_t i = 0; i < own->n; i++)
        if (own->k[i].hash == key->hash && strcmp(own->k[i].text, key->text) == 0)
            return true;
    return false;
}

const struct table *dup_shares(struct berth_ctx *c, int64_t tbl, int64_t rec, const struct dup_key *key)
{
    const struct table *t = table_of(c, tbl);
    struct berth_row *r = t == NULL ? NULL : find_raw(c, t, rec);

    return r != NULL && shares(c, r, key) ? t : NULL;
}

struct ctx_match *dup_find(struct berth_ctx *c, const struct table *t, const struct dup_keys *keys, int64_t self)
{
    struct ctx_match *list = NULL;

    for (size_t i = 0; i < keys->n; i++) {
        struct {
            int64_t tbl, rec;
        } found[20]; /* more than that is noise, not a duplicate */
        size_t n = 0;
        struct db_stmt *s = db_prepare(c->conn, "SELECT tbl, rec FROM dup_key WHERE hash = ? LIMIT 20");

        db_bind_int(s, 1, keys->k[i].hash);
        while (n < 20 && db_step(s) == DB_ROW) {
            found[n].tbl = db_col_int(s, 0);
            found[n++].rec = db_col_int(s, 1);
        }
        db_reset(s);
        for (size_t k = 0; k < n; k++) {
            const struct table *of = table_of(c, found[k].tbl);
            struct berth_row *r;

            if (of == NULL || (of == t && found[k].rec == self))
                continue;
            r = find_raw(c, of, found[k].rec);
            if (r != NULL && shares(c, r, &keys->k[i]))
                hit(c, &list, of, found[k].rec, keys->k[i].f->name);
        }
    }
    for (struct ctx_match *m = list; m != NULL; m = m->next) {
        struct berth_row *r = find_raw(c, m->table, m->id);

        if (r != NULL && perm_row(c, r, DO_READ))
            m->title = row_title(r);
        else
            m->id = 0; /* somebody else's: that there is one is all that is told */
    }
    return list;
}

static int write_key(struct berth_ctx *c, const char *sql, int64_t hash, int64_t tbl, int64_t rec)
{
    struct db_stmt *s = db_prepare(c->conn, sql);
    int rc;

    db_bind_int(s, 1, hash);
    db_bind_int(s, 2, tbl);
    db_bind_int(s, 3, rec);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "keep duplicate keys") : BERTH_OK;
}

static bool has(const struct dup_keys *set, int64_t hash)
{
    for (size_t i = 0; set != NULL && i < set->n; i++)
        if (set->k[i].hash == hash)
            return true;
    return false;
}

int dup_put(struct berth_ctx *c, const struct table *t, int64_t id, const struct dup_keys *old,
            const struct dup_keys *now)
{
    int64_t tbl = store_table_no(c->st, t);

    for (size_t i = 0; old != NULL && i < old->n && c->rc == BERTH_OK; i++)
        if (!has(now, old->k[i].hash))
            write_key(c, "DELETE FROM dup_key WHERE hash = ? AND tbl = ? AND rec = ?", old->k[i].hash, tbl, id);
    for (size_t i = 0; now != NULL && i < now->n && c->rc == BERTH_OK; i++)
        if (!has(old, now->k[i].hash))
            write_key(c, "INSERT INTO dup_key (hash, tbl, rec) VALUES (?, ?, ?)", now->k[i].hash, tbl, id);
    return c->rc;
}
