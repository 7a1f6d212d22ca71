/* dup.c - duplicate keys of records: made, stored, found, verified. */
#include "record/dup.h"

#include <stdlib.h>
#include <string.h>

#include "record/dup_filter.h"
#include "record/dup_recent.h"
#include "record/dup_stage.h"
#include "record/find.h"
#include "text/utf8.h"

static void add(struct dup_keys *out, const struct dup_key *k)
{
    for (size_t i = 0; i < out->n; i++)
        if (out->k[i].hash == k->hash)
            return;
    if (out->n < DUP_KEYS)
        out->k[out->n++] = *k;
}

bool dup_any(struct berth_ctx *c, const struct table *t)
{
    return dup_ways(c, t)->n > 0;
}

bool dup_same(const struct berth_row *a, const struct berth_row *b)
{
    const struct dup_ways *ways = dup_ways(a->c, a->t);

    for (int i = F_DECLARED; ways->n > 0 && i < a->t->nfields; i++)
        if (ways->used[i] && !val_equal(a->v[i], b->v[i]))
            return false;
    return true;
}

/* What is compared of one field: several of a cell with several phone numbers. */
enum { PARTS = 16 };
struct parts {
    const char *s[PARTS];
    size_t n;
};

static void parts_of(const struct berth_row *r, const struct field *f, enum text_key_kind kind, const char *country,
                     struct text_keys *keys, struct parts *out)
{
    struct arena *a = r->c->a;
    struct berth_val v = r->v[f->at];

    out->n = 0;
    if (!val_is_nil(v) && !field_is_text(f))
        out->s[out->n++] = arena_fmt(a, "%lld", (long long)v.i);
    if (val_is_nil(v) || !field_is_text(f))
        return;
    text_keys_of(keys, kind, v.s, (size_t)v.len, country);
    for (size_t i = 0; i < keys->n && out->n < PARTS; i++)
        out->s[out->n++] = arena_strdup(a, text_key(keys, i));
}

/* Every way to take one part of each field; none when a field is empty. */
static void combine(struct arena *a, struct parts *so_far, const struct parts *more)
{
    struct parts out = {.n = 0};

    for (size_t i = 0; i < so_far->n; i++)
        for (size_t k = 0; k < more->n && out.n < PARTS; k++)
            out.s[out.n++] = arena_fmt(a, "%s\x1e%s", so_far->s[i], more->s[k]);
    *so_far = out;
}

/* The group's name is part of what is hashed: groups never meet. */
static void add_text(struct arena *a, const struct dup_way *w, const char *text, struct dup_keys *out)
{
    size_t group = strlen(w->group), n = strlen(text);
    char *whole = arena_alloc(a, group + 1 + n + 1);

    memcpy(whole, w->group, group);
    whole[group] = '\x1f';
    memcpy(whole + group + 1, text, n);
    add(out, &(struct dup_key){text_key_hash(0, whole, group + 1 + n), w, whole});
}

/* The name without each of its characters in turn: names that differ in one character, that lack one
 * or have one more, share one of these. */
static void add_similar(struct arena *a, const struct dup_way *w, const char *text, struct dup_keys *out)
{
    const char *rest = strchr(text, '\x1e'); /* further fields of the rule are the same */
    const char *end = rest == NULL ? text + strlen(text) : rest, *at = text;
    size_t length = 0;

    for (const char *p = text; p < end; length++)
        utf8_next(&p, end);
    if (length >= w->shortest)
        add_text(a, w, text, out); /* what another one becomes without the character that it has more */
    for (size_t i = 0; length >= w->shortest && at < end && i < DUP_SIMILAR_MAX; i++) {
        const char *next = at;

        utf8_next(&next, end);
        add_text(a, w, arena_fmt(a, "%.*s%s", (int)(at - text), text, next), out);
        at = next;
    }
}

void dup_keys_of(const struct berth_row *r, struct dup_keys *out)
{
    struct berth_ctx *c = r->c;
    const struct dup_ways *ways = dup_ways(c, r->t);
    const char *country = c->st->company.country;
    struct text_keys made = TEXT_KEYS_INIT;

    out->n = 0;
    out->filter = 0;
    if (r->t->at_country >= 0 && !val_is_nil(r->v[r->t->at_country]))
        country = r->v[r->t->at_country].s;
    for (size_t i = 0; i < ways->n; i++) {
        const struct dup_way *w = &ways->way[i];
        struct parts texts, more;

        parts_of(r, w->f[0], w->kind[0], country, &made, &texts);
        for (size_t k = 1; k < w->n && texts.n > 0; k++) {
            parts_of(r, w->f[k], w->kind[k], country, &made, &more);
            combine(c->a, &texts, &more);
        }
        for (size_t k = 0; k < texts.n; k++)
            (w->similar ? add_similar : add_text)(c->a, w, texts.s[k], out);
    }
    text_keys_free(&made);
}

struct dup_keys *dup_keys_new(const struct berth_row *r)
{
    struct dup_keys *keys = arena_alloc(r->c->a, sizeof(*keys));

    dup_keys_of(r, keys);
    return keys;
}

size_t dup_hashes(const struct dup_keys *keys, int64_t out[DUP_KEYS])
{
    for (size_t i = 0; i < keys->n; i++)
        out[i] = keys->k[i].hash;
    return keys->n;
}

void dup_keys_filtered(struct berth_ctx *c, struct dup_keys *keys)
{
    int64_t hash[DUP_KEYS];

    keys->filter = dup_filter_begun(c->st->filter);
    dup_filter_add_all(c->st->filter, hash, dup_hashes(keys, hash));
}

const struct dup_key *dup_key_in(const struct dup_keys *keys, int64_t hash)
{
    for (size_t i = 0; keys != NULL && i < keys->n; i++)
        if (keys->k[i].hash == hash)
            return &keys->k[i];
    return NULL;
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

/* What a pool hides of its record is no reason to name it: beside a match by what the user sees stands another
 * that names nothing, as one with somebody else's record would. */
static void hit(struct berth_ctx *c, struct ctx_match **list, const struct table *t, int64_t id, bool hidden,
                const struct dup_way *w, enum dup_when when)
{
    struct ctx_match **at = list;

    while (*at != NULL && ((*at)->table != t || (*at)->id != id || (*at)->hidden != hidden))
        at = &(*at)->next;
    if (*at == NULL) {
        *at = arena_alloc(c->a, sizeof(**at));
        (*at)->table = t;
        (*at)->id = (*at)->rec = id;
        (*at)->hidden = hidden;
    }
    for (size_t i = 0; i < w->n; i++)
        by(*at, w->f[i]->name);
    (*at)->blocks = (*at)->blocks || w->act[when] == DUP_BLOCK;
    (*at)->warns = (*at)->warns || w->act[when] == DUP_WARN;
}

/* Hashes only point: the record itself says whether it shares the key, and by what it does; NULL: it does not. */
static const struct dup_way *shares(const struct dup_keys *own, const struct dup_key *key)
{
    for (size_t i = 0; i < own->n; i++)
        if (own->k[i].hash == key->hash && strcmp(own->k[i].text, key->text) == 0)
            return own->k[i].way;
    return NULL;
}

/* A record that a hash points at; mostly several point at the same. */
struct pointed {
    const struct table *t;
    int64_t rec;
    struct berth_row *row; /* NULL: it is not there */
    struct dup_keys *keys;
    struct pointed *next;
};

static const struct pointed *point_at(struct berth_ctx *c, struct pointed **list, const struct table *t, int64_t rec)
{
    struct pointed *p = *list;

    while (p != NULL && (p->t != t || p->rec != rec))
        p = p->next;
    if (p != NULL)
        return p;
    p = arena_alloc(c->a, sizeof(*p));
    *p = (struct pointed){t, rec, find_raw(c, t, rec), arena_alloc(c->a, sizeof(*p->keys)), *list};
    *list = p;
    if (p->row != NULL)
        dup_keys_of(p->row, p->keys);
    return p;
}

static bool hides(const struct berth_row *r, const struct dup_way *w)
{
    for (size_t i = 0; i < w->n; i++)
        if (perm_veils(r->c, w->f[i]) && perm_field_of(r, w->f[i]) < ACCESS_READ)
            return true;
    return false;
}

const struct table *dup_shares(struct berth_ctx *c, int64_t tbl, int64_t rec, const struct dup_key *key)
{
    const struct table *t = table_of(c, tbl);
    struct pointed *none = NULL;

    return t != NULL && shares(point_at(c, &none, t, rec)->keys, key) != NULL ? t : NULL;
}

enum { FOUND_MAX = 20 }; /* more than that is noise, not a duplicate */

/* Those noted lately first: what is sorted in meanwhile is then in the table. */
static size_t look_up(struct berth_ctx *c, int64_t hash, struct dup_place found[3 * FOUND_MAX])
{
    size_t recent, n;

    if (!dup_filter_may(c->st->filter, hash))
        return 0;
    recent = dup_recent_find(c->st->recent, hash, found, FOUND_MAX);
    recent += dup_stage_find(c->st, hash, found + recent, FOUND_MAX);
    n = recent;
    struct db_stmt *s = db_prepare(c->conn, "SELECT tbl, rec FROM dup_key WHERE hash = ? LIMIT ?");

    db_bind_int(s, 1, hash);
    db_bind_int(s, 2, FOUND_MAX);
    for (; n < recent + FOUND_MAX && db_step(s) == DB_ROW; n++)
        found[n] = (struct dup_place){db_col_int(s, 0), db_col_int(s, 1)};
    db_reset(s);
    return n;
}

static bool is_there(struct berth_ctx *c, int64_t hash)
{
    struct dup_place any;
    struct db_stmt *s;
    int rc;

    if (dup_recent_find(c->st->recent, hash, &any, 1) > 0 || dup_stage_find(c->st, hash, &any, 1) > 0)
        return true;
    s = db_prepare(c->conn, "SELECT 1 FROM dup_key WHERE hash = ? LIMIT 1");
    db_bind_int(s, 1, hash);
    rc = db_step(s);
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "look for duplicates");
    return rc == DB_ROW;
}

bool dup_known(struct berth_ctx *c, int64_t hash)
{
    return dup_filter_may(c->st->filter, hash) && is_there(c, hash);
}

bool dup_any_known(struct berth_ctx *c, const struct dup_keys *keys)
{
    bool known = false, reading = false;
    int64_t hash[DUP_KEYS];
    uint64_t may = dup_filter_which(c->st->filter, hash, dup_hashes(keys, hash));

    for (size_t i = 0; i < keys->n && !known; i++) {
        if ((may >> i & 1) == 0)
            continue;
        if (!reading)
            reading = db_read_begin(c->conn) == 0; /* one snapshot costs less than one each */
        known = is_there(c, hash[i]);
    }
    if (reading)
        db_read_end(c->conn);
    return known;
}

static bool succeeds(const struct berth_ctx *c, const struct table *t, int64_t id)
{
    for (size_t i = 0; i < sizeof(c->succeeds) / sizeof(c->succeeds[0]); i++)
        if (c->succeeds[i] != NULL && c->succeeds[i]->t == t && row_id(c->succeeds[i]) == id)
            return true;
    return false;
}

struct ctx_match *dup_find_all(struct berth_ctx *c, const struct table *t, const struct dup_keys *keys, int64_t self,
                               enum dup_when when)
{
    struct ctx_match *list = NULL;
    struct pointed *pointed = NULL;

    for (size_t i = 0; i < keys->n; i++) {
        struct dup_place found[3 * FOUND_MAX];
        size_t n = look_up(c, keys->k[i].hash, found);

        for (size_t k = 0; k < n; k++) {
            const struct table *of = table_of(c, found[k].tbl);
            const struct pointed *p;
            const struct dup_way *by;

            if (of == NULL || (of == t && found[k].rec == self) || succeeds(c, of, found[k].rec))
                continue;
            p = point_at(c, &pointed, of, found[k].rec);
            if ((by = shares(p->keys, &keys->k[i])) != NULL)
                hit(c, &list, of, found[k].rec, hides(p->row, by), keys->k[i].way, when);
        }
    }
    return list;
}

struct ctx_match *dup_find(struct berth_ctx *c, const struct table *t, const struct dup_keys *keys, int64_t self,
                           enum dup_when when)
{
    struct ctx_match *list = dup_find_all(c, t, keys, self, when);

    for (struct ctx_match *m = list; m != NULL; m = m->next) {
        struct berth_row *r = find_raw(c, m->table, m->id);

        if (r != NULL && perm_row(c, r, DO_READ) && !m->hidden)
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

static int drop_key(struct berth_ctx *c, int64_t hash, int64_t tbl, int64_t rec)
{
    int rc = dup_recent_drop(c->st->recent, c->conn, hash, tbl, rec);

    return rc < 0 ? ctx_db(c, rc, "drop a duplicate key")
                  : write_key(c, "DELETE FROM dup_key WHERE hash = ? AND tbl = ? AND rec = ?", hash, tbl, rec);
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
    int64_t tbl = store_table_no(c->st, t), fresh[DUP_KEYS];
    size_t n = 0;
    int rc;

    for (size_t i = 0; old != NULL && i < old->n && c->rc == BERTH_OK; i++)
        if (!has(now, old->k[i].hash))
            drop_key(c, old->k[i].hash, tbl, id);
    for (size_t i = 0; now != NULL && i < now->n; i++)
        if (!has(old, now->k[i].hash))
            fresh[n++] = now->k[i].hash;
    if (n > 0 && now->filter != dup_filter_begun(c->st->filter))
        dup_filter_add_all(c->st->filter, fresh, n);
    rc = c->rc == BERTH_OK ? dup_recent_put(c->st->recent, c->conn, fresh, n, tbl, id) : 0;
    return rc < 0 ? ctx_db(c, rc, "keep duplicate keys") : (int)c->rc;
}

/* ---- many at once ------------------------------------------------------------------------- */
static int by_hash(const void *a, const void *b)
{
    const struct dup_entry *x = a, *y = b;

    return (x->hash > y->hash) - (x->hash < y->hash);
}

int dup_put_sorted(struct berth_ctx *c, const struct table *t, struct dup_entry *all, size_t n)
{
    int64_t tbl = store_table_no(c->st, t);

    qsort(all, n, sizeof(*all), by_hash);
    for (size_t i = 0; i < n && c->rc == BERTH_OK; i++) {
        dup_filter_add(c->st->filter, all[i].hash);
        write_key(c, DUP_ADD, all[i].hash, tbl, all[i].rec);
    }
    dup_moved(c);
    return c->rc;
}

static void moved(struct berth_ctx *c, void *arg)
{
    (void)arg;
    dup_recent_move(c->st->recent);
}

/* Now for the bodies that share this commit, and with it for everybody else. */
void dup_moved(struct berth_ctx *c)
{
    moved(c, NULL);
    ctx_after_commit(c, moved, NULL);
}
