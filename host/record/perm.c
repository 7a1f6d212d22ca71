/* perm.c - the predicate, as SQL and on one record. */
#include "record/perm.h"

#include <string.h>

#include "base/json.h"
#include "record/ctx.h"
#include "record/find.h"
#include "record/row.h"

/* ---- asking -------------------------------------------------------------------- */
const struct who *perm_nobody(struct arena *a, const struct model *m)
{
    struct who *w = arena_alloc(a, sizeof(*w));

    *w = (struct who){.name = "", .login = "", .locale = "", .m = m, .rights = arena_alloc(a, m->ntables * sizeof(*w->rights))};
    return w;
}

bool perm_may(const struct who *w, const struct table *t, enum deed deed)
{
    const struct rights *r;

    if (w == NULL)
        return true;
    if (t->flags & BERTH_BARE)
        return false;
    r = &w->rights[t->at];
    switch (deed) {
    case DO_CREATE:
        return r->create;
    case DO_EXPORT:
        return r->export_ && r->scope[DO_READ] != SCOPE_NONE;
    case DO_IMPORT:
        return r->import && r->create;
    default:
        return r->scope[deed] != SCOPE_NONE;
    }
}

bool perm_has(const struct who *w, const char *full_perm)
{
    return w == NULL || w->admin || map_get(&w->perms, full_perm) != NULL;
}

enum access perm_field(const struct who *w, const struct field *f)
{
    const struct rights *r;

    if (w == NULL)
        return ACCESS_WRITE;
    r = &w->rights[f->table->at];
    if (r->public_only)
        return f->at == F_ID || f->at == F_VERSION || f == f->table->title || (f->flags & BERTH_LIST)
                   ? ACCESS_READ : ACCESS_NONE;
    return r->access == NULL ? ACCESS_WRITE : (enum access)r->access[f->at];
}

/* ---- what pools hide ------------------------------------------------------------ */
int perm_veil_place(const struct table *t, const char *name)
{
    const struct field *f = model_field(t, name);

    if (strcmp(name, "@files") == 0)
        return t->nfields + HANGS_FILES;
    if (strcmp(name, "@notes") == 0)
        return t->nfields + HANGS_NOTES;
    return f == NULL || t->at_pool < 0 || f->at < F_DECLARED || f == t->title || f == t->number || f->at == t->at_owner ||
           f->at == t->at_pool || (f->flags & BERTH_SECRET) ? -1 : f->at;
}

static const struct veil *veil_of(const struct who *w, const struct table *t, int at)
{
    const struct veil *v = w == NULL || w->rights[t->at].veil == NULL ? NULL : &w->rights[t->at].veil[at];

    return v == NULL || v->none.n + v->mask.n == 0 ? NULL : v;
}

enum access perm_field_at(const struct who *w, const struct field *f, int64_t owner, int64_t pool)
{
    enum access a = perm_field(w, f);
    const struct veil *v = owner != 0 ? NULL : veil_of(w, f->table, f->at);

    if (v != NULL && ids_have(&v->none, pool))
        return ACCESS_NONE;
    return v != NULL && a > ACCESS_MASK && ids_have(&v->mask, pool) ? ACCESS_MASK : a;
}

enum access perm_field_of(const struct berth_row *r, const struct field *f)
{
    return perm_field_at(r->c->who, f, row_int(r, r->t->at_owner), row_int(r, r->t->at_pool));
}

bool perm_fields_all(const struct berth_row *r)
{
    const struct rights *x = r->c->who == NULL ? NULL : &r->c->who->rights[r->t->at];

    return x == NULL || (x->access == NULL && !x->public_only && (x->veil == NULL || row_int(r, r->t->at_owner) != 0));
}

bool perm_veils(const struct berth_ctx *c, const struct field *f)
{
    return !c->all && veil_of(c->who, f->table, f->at) != NULL;
}

bool perm_veils_any(const struct berth_ctx *c, const struct table *t)
{
    return c->who != NULL && !c->all && c->who->rights[t->at].veil != NULL;
}

void perm_hide(struct berth_row *r, const struct berth_row *now)
{
    for (int i = F_DECLARED; i < r->t->nfields; i++)
        if (perm_veils(r->c, &r->t->fields[i]) && perm_field_of(now, &r->t->fields[i]) < ACCESS_READ)
            r->v[i] = berth_nil();
}

bool perm_veiled(const struct berth_row *r)
{
    return !perm_hangs(r, HANGS_MAIL);
}

bool perm_hangs(const struct berth_row *r, enum hangs what)
{
    const struct veil *v =
        r->t->at_pool < 0 || r->c->all || row_int(r, r->t->at_owner) != 0 ? NULL : veil_of(r->c->who, r->t, r->t->nfields + what);
    int64_t pool = row_int(r, r->t->at_pool);

    return v == NULL || !(ids_have(&v->none, pool) || ids_have(&v->mask, pool));
}

static void list_ids(struct buf *b, const struct ids *s)
{
    char text[JSON_INT_MAX];

    buf_putc(b, '(');
    for (size_t i = 0; i < s->n; i++) {
        if (i > 0)
            buf_putc(b, ',');
        buf_add(b, text, (size_t)(json_digits(text, s->v[i]) - text));
    }
    buf_putc(b, ')');
}

const char *perm_veil_sql(struct berth_ctx *c, const struct field *f, const char *prefix)
{
    const struct veil *v = perm_veils(c, f) ? veil_of(c->who, f->table, f->at) : NULL;
    struct buf b = BUF_INIT;
    const char *sql;

    if (v == NULL)
        return "";
    buf_addf(&b, "(%sowner_id IS NULL AND (", prefix);
    for (int i = 0; i < 2; i++) {
        const struct ids *pools = i == 0 ? &v->none : &v->mask;

        if (pools->n == 0)
            continue;
        buf_addf(&b, "%scoalesce(%spool_id, 0) IN ", i == 1 && v->none.n > 0 ? " OR " : "", prefix);
        list_ids(&b, pools);
    }
    buf_puts(&b, "))");
    sql = arena_strdup(c->a, b.s);
    buf_free(&b);
    return sql;
}

static const char *veiled_column(struct berth_ctx *c, const struct field *f, const char *prefix, const char *column)
{
    const char *veil = perm_veil_sql(c, f, prefix);

    return *veil == '\0' ? arena_fmt(c->a, "%s%s", prefix, column)
                         : arena_fmt(c->a, "CASE WHEN %s THEN NULL ELSE %s%s END", veil, prefix, column);
}

const char *perm_column(struct berth_ctx *c, const struct field *f, const char *prefix)
{
    return veiled_column(c, f, prefix, f->name);
}

const char *perm_order_column(struct berth_ctx *c, const struct field *f, const char *prefix)
{
    return veiled_column(c, f, prefix, field_order(f)->name);
}

/* The user's scope for a deed on a table that has owners. */
static enum scope scope_for(struct berth_ctx *c, const struct table *t, enum deed deed)
{
    return c->who == NULL || c->all ? SCOPE_ALL : c->who->rights[t->at].scope[deed <= DO_DELETE ? deed : DO_READ];
}

static const char *parent_seen(struct berth_ctx *c, const struct table *t, enum deed deed, const char *prefix)
{
    const struct table *up = t->parent->ref;
    struct buf b = BUF_INIT, sub = BUF_INIT;
    const char *sql;

    perm_where_one(c, up, deed == DO_DELETE ? DO_UPDATE : deed, "up.", &sub);
    if (strcmp(buf_str(&sub), "1=1") != 0)
        buf_addf(&b, "EXISTS (SELECT 1 FROM %s up WHERE up.id = %s%s AND %s)", up->sql, prefix, t->parent->name, buf_str(&sub));
    sql = arena_strndup(c->a, buf_str(&b), b.len);
    buf_free(&b);
    buf_free(&sub);
    return sql;
}

bool perm_reach(struct berth_ctx *c, const struct table *t, enum deed deed, const char *prefix, struct reach *out)
{
    enum scope s = scope_for(c, t, deed);

    *out = (struct reach){.sql = "", .all = true};
    if (s == SCOPE_NONE || (c->who != NULL && !c->all && (t->flags & BERTH_BARE)))
        return false;
    if (t->parent != NULL && t->parent->ref != NULL && c->who != NULL && !c->all) {
        out->sql = parent_seen(c, t, deed, prefix);
    } else if (s != SCOPE_ALL && t->at_owner >= 0) {
        out->all = false;
        out->owners = *c->who->rights[t->at].owners[deed <= DO_DELETE ? deed : DO_READ];
        if (deed != DO_DELETE)
            out->shared = c->who->rights[t->at].shared[deed == DO_UPDATE];
        if (t->at_pool >= 0)
            out->pools = *c->who->rights[t->at].pools[deed <= DO_DELETE ? deed : DO_READ];
    }
    return true;
}

/* A plus keeps an index out: sorting all that many owners have costs more than walking to the page's end. */
const char *reach_sql(struct berth_ctx *c, const struct table *t, const struct reach *r, const char *prefix)
{
    struct buf b = BUF_INIT;
    const char *sql;

    if (r->all)
        return "1=1";
    if (r->owners.n == 0 && r->pools.n == 0)
        return "1=0";
    buf_putc(&b, '(');
    if (r->owners.n > 0) {
        buf_putc(&b, '+');
        buf_puts(&b, prefix);
        buf_puts(&b, "owner_id IN ");
        list_ids(&b, &r->owners);
    }
    if (r->pools.n > 0 && t->at_pool >= 0) {
        buf_addf(&b, "%s(%sowner_id IS NULL AND +%spool_id IN ", r->owners.n > 0 ? " OR " : "", prefix, prefix);
        list_ids(&b, &r->pools);
        buf_putc(&b, ')');
    }
    buf_putc(&b, ')');
    sql = arena_strndup(c->a, buf_str(&b), b.len);
    buf_free(&b);
    return sql;
}

const char *reach_owners_sql(struct berth_ctx *c, const struct reach *r, const char *prefix)
{
    struct buf b = BUF_INIT;
    const char *sql;

    buf_addf(&b, "%sowner_id IN ", prefix);
    list_ids(&b, &r->owners);
    sql = arena_strndup(c->a, buf_str(&b), b.len);
    buf_free(&b);
    return sql;
}

void perm_where_one(struct berth_ctx *c, const struct table *t, enum deed deed, const char *prefix,
                    struct buf *out)
{
    struct reach r;

    if (!perm_reach(c, t, deed, prefix, &r)) {
        buf_puts(out, "1=0");
    } else if (*r.sql != '\0') {
        buf_puts(out, r.sql);
    } else if (r.shared.n > 0) {
        buf_addf(out, "(%s OR %sid IN ", reach_sql(c, t, &r, prefix), prefix);
        list_ids(out, &r.shared);
        buf_putc(out, ')');
    } else {
        buf_puts(out, reach_sql(c, t, &r, prefix));
    }
}

bool perm_owned(struct berth_ctx *c, const struct table *t, int64_t id, int64_t owner, int64_t pool, enum deed deed)
{
    enum scope s = scope_for(c, t, deed);
    const struct rights *r;

    if (c->who == NULL || c->all)
        return true;
    if (s == SCOPE_NONE || (t->flags & BERTH_BARE))
        return false;
    if (s == SCOPE_ALL || t->at_owner < 0)
        return true;
    r = &c->who->rights[t->at];
    if (deed != DO_DELETE && r->shared[deed == DO_UPDATE].n > 0 && ids_have(&r->shared[deed == DO_UPDATE], id))
        return true;
    if (owner != 0)
        return ids_have(r->owners[deed <= DO_DELETE ? deed : DO_READ], owner);
    return t->at_pool >= 0 && ids_have(r->pools[deed <= DO_DELETE ? deed : DO_READ], pool);
}

bool perm_through(struct berth_ctx *c, const struct field *f, int64_t id)
{
    struct berth_row *up;

    if ((f->flags & BERTH_BELONGS) == 0 || f->ref == NULL || id == 0 || c->who == NULL ||
        !c->who->through || !perm_may(c->who, f->table, DO_READ) || perm_field(c->who, f) < ACCESS_READ)
        return false;
    up = find_raw(c, f->ref, id);
    return up != NULL && perm_row(c, up, DO_READ);
}

static bool through_any(struct berth_ctx *c, const struct berth_row *row)
{
    for (int i = 0; row->t->belongs && i < row->t->nfields; i++)
        if (perm_through(c, &row->t->fields[i], row->v[i].i))
            return true;
    return false;
}

bool perm_row(struct berth_ctx *c, const struct berth_row *row, enum deed deed)
{
    const struct table *t = row->t;

    if (c->who == NULL || c->all)
        return true;
    if (scope_for(c, t, deed) == SCOPE_NONE || (t->flags & BERTH_BARE))
        return false;
    if (t->parent != NULL && t->parent->ref != NULL) {
        struct berth_row *up = find_raw(c, t->parent->ref, row->v[t->parent->at].i);

        return up != NULL && perm_row(c, up, deed == DO_DELETE ? DO_UPDATE : deed);
    }
    return perm_owned(c, t, row_id(row), row_int(row, t->at_owner), row_int(row, t->at_pool), deed) ||
           (deed == DO_READ && through_any(c, row));
}

bool perm_guest(struct berth_ctx *c, const struct berth_row *row, enum deed deed)
{
    const struct table *t = row->t;

    return t->at_owner >= 0 && perm_row(c, row, deed) &&
           !perm_owned(c, t, 0, row_int(row, t->at_owner), row_int(row, t->at_pool), deed);
}

const struct standin *perm_for(struct berth_ctx *c, const struct berth_row *row, enum deed deed)
{
    const struct who *who = c->who;
    const struct standin *found = NULL;

    if (who == NULL || who->self == NULL || c->all)
        return NULL;
    c->who = who->self;
    if (!perm_row(c, row, deed))
        for (size_t i = 0; i < who->naway && found == NULL; i++) {
            c->who = who->away[i].who;
            found = perm_row(c, row, deed) ? &who->away[i] : NULL;
        }
    c->who = who;
    return found;
}

/* ---- marks in the search index -------------------------------------------------- */
void perm_mark(const struct berth_row *r, struct buf *out)
{
    int64_t owner = r->t->at_owner >= 0 ? row_int(r, r->t->at_owner) : 0;
    int64_t pool = r->t->at_pool >= 0 && owner == 0 ? row_int(r, r->t->at_pool) : 0;

    if (owner != 0)
        buf_addf(out, " @%lld", (long long)owner);
    else if (pool != 0)
        buf_addf(out, " #%lld", (long long)pool);
}

size_t perm_marks(struct berth_ctx *c, const struct reach *r, const char *marks[PERM_MARKS])
{
    enum { FEW = 8 };
    size_t n = 0, owners = r->owners.n;

    if (r->all || owners + r->pools.n > PERM_MARKS || (owners > FEW && c->who != NULL && owners * FEW > c->who->people))
        return 0;
    for (size_t i = 0; i < owners; i++)
        marks[n++] = arena_fmt(c->a, "@%lld", (long long)r->owners.v[i]);
    for (size_t i = 0; i < r->pools.n; i++)
        marks[n++] = arena_fmt(c->a, "#%lld", (long long)r->pools.v[i]);
    return n;
}
