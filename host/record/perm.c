/* perm.c - rights from roles, org tree and pools; the predicate as SQL and on one record. */
#include "record/perm.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "record/ctx.h"
#include "record/find.h"
#include "record/row.h"

/* ---- sets ---------------------------------------------------------------------- */
static int by_id(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void ids_add(struct arena *a, struct ids *s, int64_t id)
{
    if ((s->n & (s->n - 1)) == 0) { /* full at powers of two */
        int64_t *more = arena_alloc(a, (s->n == 0 ? 1 : s->n * 2) * sizeof(*more));

        if (s->n > 0)
            memcpy(more, s->v, s->n * sizeof(*more));
        s->v = more;
    }
    s->v[s->n++] = id;
}

static void ids_sort(struct ids *s)
{
    size_t n = 0;

    if (s->n == 0)
        return;
    qsort(s->v, s->n, sizeof(*s->v), by_id);
    for (size_t i = 1; i < s->n; i++)
        if (s->v[i] != s->v[n])
            s->v[++n] = s->v[i];
    s->n = n + 1;
}

/* ---- computing a snapshot ------------------------------------------------------ */
struct org { /* everybody and every department, read once */
    struct person {
        int64_t id, manager, department;
    } *people;
    size_t npeople;
    struct unit {
        int64_t id, parent, leader;
    } *units;
    size_t nunits;
};

struct load {
    struct who *w;
    struct db_conn *conn;
    struct org org;
    bool ok;
};

static struct db_stmt *query(struct load *l, const char *sql, int64_t arg)
{
    struct db_stmt *s = db_prepare(l->conn, sql);

    if (s == NULL)
        l->ok = false;
    else if (arg != 0)
        db_bind_int(s, 1, arg);
    return s;
}

static bool more(struct load *l, struct db_stmt *s)
{
    int rc = s == NULL ? DB_BROKEN : db_step(s);

    if (rc < 0)
        l->ok = false;
    return rc == DB_ROW;
}

static void load_org(struct load *l)
{
    struct org *o = &l->org;
    struct db_stmt *s = query(l, "SELECT id, coalesce(manager_id, 0), coalesce(department_id, 0) FROM \"user\"", 0);

    while (more(l, s)) {
        if ((o->npeople & (o->npeople - 1)) == 0)
            o->people = mem_realloc(o->people, (o->npeople == 0 ? 1 : o->npeople * 2) * sizeof(*o->people));
        o->people[o->npeople++] = (struct person){db_col_int(s, 0), db_col_int(s, 1), db_col_int(s, 2)};
    }
    s = query(l, "SELECT id, coalesce(parent_id, 0), coalesce(leader_id, 0) FROM department", 0);
    while (more(l, s)) {
        if ((o->nunits & (o->nunits - 1)) == 0)
            o->units = mem_realloc(o->units, (o->nunits == 0 ? 1 : o->nunits * 2) * sizeof(*o->units));
        o->units[o->nunits++] = (struct unit){db_col_int(s, 0), db_col_int(s, 1), db_col_int(s, 2)};
    }
}

static void add_unit_tree(struct load *l, struct ids *units)
{
    for (bool grew = true; grew;) {
        grew = false;
        for (size_t i = 0; i < l->org.nunits; i++) {
            const struct unit *u = &l->org.units[i];
            bool in = false, under = false;

            for (size_t k = 0; k < units->n; k++) {
                in = in || units->v[k] == u->id;
                under = under || units->v[k] == u->parent;
            }
            if (under && !in) {
                ids_add(l->w->arena, units, u->id);
                grew = true;
            }
        }
    }
}

static void add_people_of(struct load *l, struct ids *to, const struct ids *units)
{
    for (size_t i = 0; i < l->org.npeople; i++)
        for (size_t k = 0; k < units->n; k++)
            if (l->org.people[i].department == units->v[k])
                ids_add(l->w->arena, to, l->org.people[i].id);
}

/* Subordinates: whoever's chain of managers reaches the user, and everybody in the departments
 * the user leads, with those below them. */
static void load_scopes(struct load *l)
{
    struct who *w = l->w;
    struct arena *a = w->arena;
    struct ids led = {0}, mine = {0}, tree = {0};

    for (int s = SCOPE_OWN; s < SCOPE_ALL; s++)
        ids_add(a, &w->users[s], w->id);
    for (size_t i = 0; i < l->org.nunits; i++)
        if (l->org.units[i].leader == w->id)
            ids_add(a, &led, l->org.units[i].id);
    add_unit_tree(l, &led);
    add_people_of(l, &w->users[SCOPE_TEAM], &led);
    for (bool grew = true; grew;) {
        grew = false;
        ids_sort(&w->users[SCOPE_TEAM]);
        for (size_t i = 0, n = w->users[SCOPE_TEAM].n; i < l->org.npeople; i++) {
            const struct person *p = &l->org.people[i];
            struct ids known = {w->users[SCOPE_TEAM].v, n};

            if (p->manager != 0 && ids_have(&known, p->manager) && !ids_have(&known, p->id)) {
                struct ids copy = {0};

                for (size_t k = 0; k < w->users[SCOPE_TEAM].n; k++)
                    ids_add(a, &copy, w->users[SCOPE_TEAM].v[k]);
                ids_add(a, &copy, p->id);
                w->users[SCOPE_TEAM] = copy;
                ids_sort(&w->users[SCOPE_TEAM]);
                n = w->users[SCOPE_TEAM].n;
                grew = true;
            }
        }
    }
    for (size_t i = 0; i < l->org.npeople; i++)
        if (l->org.people[i].id == w->id && l->org.people[i].department != 0) {
            ids_add(a, &mine, l->org.people[i].department);
            ids_add(a, &tree, l->org.people[i].department);
        }
    add_unit_tree(l, &tree);
    for (size_t i = 0; i < w->users[SCOPE_TEAM].n; i++) {
        ids_add(a, &w->users[SCOPE_DEPARTMENT], w->users[SCOPE_TEAM].v[i]);
        ids_add(a, &w->users[SCOPE_TREE], w->users[SCOPE_TEAM].v[i]);
    }
    add_people_of(l, &w->users[SCOPE_DEPARTMENT], &mine);
    add_people_of(l, &w->users[SCOPE_TREE], &tree);
    for (int s = SCOPE_OWN; s < SCOPE_ALL; s++)
        ids_sort(&w->users[s]);
}

static enum scope scope_of(const char *name)
{
    static const char *const names[SCOPES] = {"none", "own", "team", "department", "tree", "all"};

    for (int i = 0; name != NULL && i < SCOPES; i++)
        if (strcmp(names[i], name) == 0)
            return (enum scope)i;
    return SCOPE_NONE;
}

static enum scope wider(enum scope a, enum scope b)
{
    return a > b ? a : b;
}

static void load_tables(struct load *l)
{
    struct db_stmt *s = query(l,
        "SELECT r.on_table, r.read_scope, r.update_scope, r.delete_scope, r.can_create, r.can_export,"
        " r.can_import FROM role_table r JOIN user_role u ON u.role_id = r.role_id WHERE u.user_id = ?",
        l->w->id);

    while (more(l, s)) {
        const char *name = db_col_text(s, 0, NULL);
        const struct table *t = name == NULL ? NULL : model_table(l->w->m, name);

        if (t == NULL)
            continue;
        struct rights *r = &l->w->rights[t->at];

        for (int d = 0; d < 3; d++)
            r->scope[d] = wider(r->scope[d], scope_of(db_col_text(s, 1 + d, NULL)));
        r->create = r->create || db_col_int(s, 4) != 0;
        r->export_ = r->export_ || db_col_int(s, 5) != 0;
        r->import = r->import || db_col_int(s, 6) != 0;
    }
}

static enum access access_of(const char *name)
{
    static const char *const names[] = {"none", "mask", "read", "write"};

    for (int i = 0; name != NULL && i < 4; i++)
        if (strcmp(names[i], name) == 0)
            return (enum access)i;
    return ACCESS_NONE; /* what cannot be read is denied */
}

/* A field is as open as the most generous of the roles that open its table; a role that says
 * nothing of the field opens it whole. */
static void load_fields(struct load *l)
{
    struct who *w = l->w;
    struct db_stmt *s = query(l,
        "SELECT f.on_table, f.field, f.access, (SELECT count(*) FROM user_role u2 JOIN role_table t ON"
        " t.role_id = u2.role_id WHERE u2.user_id = u.user_id AND t.on_table = f.on_table AND"
        " t.read_scope <> 'none' AND NOT EXISTS (SELECT 1 FROM role_field f2 WHERE f2.role_id = t.role_id"
        " AND f2.on_table = f.on_table AND f2.field = f.field)) FROM role_field f JOIN user_role u ON"
        " u.role_id = f.role_id WHERE u.user_id = ?", w->id);

    while (more(l, s)) {
        const char *tname = db_col_text(s, 0, NULL), *fname = db_col_text(s, 1, NULL);
        const struct table *t = tname == NULL ? NULL : model_table(w->m, tname);
        const struct field *f = t == NULL || fname == NULL ? NULL : model_field(t, fname);
        enum access a = db_col_int(s, 3) > 0 ? ACCESS_WRITE : access_of(db_col_text(s, 2, NULL));

        if (f == NULL)
            continue;
        struct rights *r = &w->rights[t->at];

        if (r->access == NULL) {
            r->access = arena_alloc(w->arena, (size_t)t->nfields);
            memset(r->access, 0xff, (size_t)t->nfields); /* not mentioned yet */
        }
        if (r->access[f->at] == 0xff || r->access[f->at] < a)
            r->access[f->at] = (unsigned char)a;
    }
    for (size_t i = 0; i < w->m->ntables; i++)
        for (int k = 0; w->rights[i].access != NULL && k < w->m->tables[i].nfields; k++)
            if (w->rights[i].access[k] == 0xff)
                w->rights[i].access[k] = ACCESS_WRITE;
}

static void load_rest(struct load *l)
{
    struct who *w = l->w;
    struct db_stmt *s = query(l, "SELECT p.perm FROM role_perm p JOIN user_role u ON u.role_id = p.role_id"
                                 " WHERE u.user_id = ?", w->id);

    while (more(l, s)) {
        const char *perm = arena_strdup(w->arena, db_col_text(s, 0, NULL));

        map_put(&w->perms, perm, (void *)perm);
    }
    s = query(l, "SELECT m.pool_id FROM pool_member m, \"user\" u WHERE u.id = ? AND (m.user_id = u.id OR"
                 " m.department_id = u.department_id)", w->id);
    while (more(l, s))
        ids_add(w->arena, &w->pools, db_col_int(s, 0));
    ids_sort(&w->pools);
}

/* Details take their parent's rights unless roles name them; everyone may read public tables and has
 * rows of their own in personal ones. */
static void finish(struct who *w)
{
    for (size_t i = 0; i < w->m->ntables; i++) {
        const struct table *t = &w->m->tables[i];
        struct rights *r = &w->rights[i];

        if ((t->flags & BERTH_PUBLIC) && r->scope[DO_READ] == SCOPE_NONE) {
            r->scope[DO_READ] = SCOPE_ALL;
            r->public_only = !w->admin;
        }
        if (t->flags & BERTH_PERSONAL) {
            for (int d = 0; d < 3; d++)
                r->scope[d] = wider(r->scope[d], SCOPE_OWN);
            r->create = true;
        }
        if (w->admin) {
            for (int d = 0; d < 3; d++)
                r->scope[d] = SCOPE_ALL;
            r->create = r->export_ = r->import = true;
            r->access = NULL;
        }
    }
    for (size_t i = 0; i < w->m->ntables; i++) {
        const struct table *t = &w->m->tables[i];
        struct rights *r = &w->rights[i];

        if (t->parent == NULL || t->parent->ref == NULL || r->scope[DO_READ] != SCOPE_NONE)
            continue;
        const struct rights *up = &w->rights[t->parent->ref->at];

        if (up->public_only)
            continue;
        memcpy(r->scope, up->scope, sizeof(r->scope));
        r->scope[DO_DELETE] = up->scope[DO_UPDATE];
        r->create = up->scope[DO_UPDATE] != SCOPE_NONE;
        r->export_ = up->export_;
        r->import = up->import;
    }
}

static struct who *who_load(struct db_conn *conn, const struct model *m, int64_t user, uint64_t gen)
{
    struct arena *a = arena_new();
    struct who *w = arena_alloc(a, sizeof(*w));
    struct load l = {.w = w, .conn = conn, .ok = true};
    struct db_stmt *s;

    *w = (struct who){.id = user, .m = m, .gen = gen, .arena = a};
    w->rights = arena_alloc(a, m->ntables * sizeof(*w->rights));
    if (db_read_begin(conn) < 0) {
        arena_free(&a);
        return NULL;
    }
    s = query(&l, "SELECT coalesce(admin, 0), name, login, coalesce(locale, '') FROM \"user\" WHERE id = ? AND active = 1", user);
    if (!more(&l, s)) {
        l.ok = false;
    } else {
        w->admin = db_col_int(s, 0) != 0;
        w->name = arena_strdup(a, db_col_text(s, 1, NULL));
        w->login = arena_strdup(a, db_col_text(s, 2, NULL));
        w->locale = arena_strdup(a, db_col_text(s, 3, NULL));
        db_reset(s);
        load_org(&l);
        w->people = l.org.npeople;
        load_scopes(&l);
        load_tables(&l);
        load_fields(&l);
        load_rest(&l);
        finish(w);
    }
    db_read_end(conn);
    free(l.org.people);
    free(l.org.units);
    if (!l.ok) { /* fails closed */
        map_free(&w->perms);
        arena_free(&a);
        return NULL;
    }
    return w;
}

/* ---- the cache ----------------------------------------------------------------- */
struct who_entry {
    struct who *who;
    int64_t retired; /* monotonic ms */
    struct who_entry *next;
};

struct who_cache {
    pthread_rwlock_t lock;
    struct who **by_user; /* open hash by user id */
    size_t cap, len;
    struct who_entry *retired;
};

/* Requests end within their deadline; jobs ask for their snapshot step by step. */
enum { RETIRED_MS = 10 * 60 * 1000 };

static struct who **slot(struct who_cache *wc, int64_t user)
{
    size_t i = (size_t)((uint64_t)user * 0x9e3779b97f4a7c15u >> 20) & (wc->cap - 1);

    while (wc->by_user[i] != NULL && wc->by_user[i]->id != user)
        i = (i + 1) & (wc->cap - 1);
    return &wc->by_user[i];
}

static void who_free(struct who *w)
{
    struct arena *a = w->arena;

    map_free(&w->perms);
    arena_free(&a);
}

static void drop_retired(struct who_cache *wc, int64_t before)
{
    struct who_entry **at = &wc->retired;

    while (*at != NULL) {
        struct who_entry *e = *at;

        if (e->retired < before) {
            *at = e->next;
            who_free(e->who);
            free(e);
        } else {
            at = &e->next;
        }
    }
}

static void remember(struct who_cache *wc, struct who *w)
{
    struct who **at;

    if (wc->len * 2 >= wc->cap) {
        struct who **old = wc->by_user;
        size_t n = wc->cap;

        wc->cap = n == 0 ? 64 : n * 2;
        wc->by_user = mem_alloc(wc->cap * sizeof(*wc->by_user));
        for (size_t i = 0; i < n; i++)
            if (old[i] != NULL)
                *slot(wc, old[i]->id) = old[i];
        free(old);
    }
    at = slot(wc, w->id);
    if (*at != NULL) {
        struct who_entry *e = mem_alloc(sizeof(*e));

        *e = (struct who_entry){*at, when_monotonic(), wc->retired};
        wc->retired = e;
    } else {
        wc->len++;
    }
    *at = w;
    drop_retired(wc, when_monotonic() - RETIRED_MS);
}

struct who_cache *who_cache_new(void)
{
    struct who_cache *wc = mem_alloc(sizeof(*wc));

    pthread_rwlock_init(&wc->lock, NULL);
    return wc;
}

void who_cache_free(struct who_cache **wc)
{
    for (size_t i = 0; i < (*wc)->cap; i++)
        if ((*wc)->by_user[i] != NULL)
            who_free((*wc)->by_user[i]);
    drop_retired(*wc, INT64_MAX);
    free((*wc)->by_user);
    pthread_rwlock_destroy(&(*wc)->lock);
    free(*wc);
    *wc = NULL;
}

const struct who *who_get(struct store *st, struct db_conn *conn, const struct model *m, int64_t user)
{
    uint64_t gen = atomic_load(&st->rights_gen);
    struct who_cache *wc = st->who;
    struct who *w = NULL;

    pthread_rwlock_rdlock(&wc->lock);
    if (wc->cap > 0)
        w = *slot(wc, user);
    pthread_rwlock_unlock(&wc->lock);
    if (w != NULL && w->gen == gen && w->m == m)
        return w;
    w = who_load(conn, m, user, gen);
    if (w == NULL)
        return NULL;
    pthread_rwlock_wrlock(&wc->lock);
    remember(wc, w);
    pthread_rwlock_unlock(&wc->lock);
    return w;
}

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

/* The user's scope for a deed on a table that has owners. */
static enum scope scope_for(struct berth_ctx *c, const struct table *t, enum deed deed)
{
    return c->who == NULL || c->all ? SCOPE_ALL : c->who->rights[t->at].scope[deed <= DO_DELETE ? deed : DO_READ];
}

static void list_ids(struct buf *b, const struct ids *s)
{
    buf_putc(b, '(');
    for (size_t i = 0; i < s->n; i++)
        buf_addf(b, "%s%lld", i > 0 ? "," : "", (long long)s->v[i]);
    buf_putc(b, ')');
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
        out->owners = c->who->users[s];
        if (t->at_pool >= 0)
            out->pools = c->who->pools;
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
        buf_addf(&b, "+%sowner_id IN ", prefix);
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

void perm_where_one(struct berth_ctx *c, const struct table *t, enum deed deed, const char *prefix,
                    struct buf *out)
{
    struct reach r;

    if (!perm_reach(c, t, deed, prefix, &r))
        buf_puts(out, "1=0");
    else
        buf_puts(out, *r.sql != '\0' ? r.sql : reach_sql(c, t, &r, prefix));
}

bool perm_owned(struct berth_ctx *c, const struct table *t, int64_t owner, int64_t pool, enum deed deed)
{
    enum scope s = scope_for(c, t, deed);

    if (c->who == NULL || c->all)
        return true;
    if (s == SCOPE_NONE || (t->flags & BERTH_BARE))
        return false;
    if (s == SCOPE_ALL || t->at_owner < 0)
        return true;
    if (owner != 0)
        return ids_have(&c->who->users[s], owner);
    return t->at_pool >= 0 && ids_have(&c->who->pools, pool);
}

bool perm_through(struct berth_ctx *c, const struct field *f, int64_t id)
{
    struct berth_row *up;

    if ((f->flags & BERTH_BELONGS) == 0 || f->ref == NULL || id == 0 || c->who == NULL ||
        !perm_may(c->who, f->table, DO_READ) || perm_field(c->who, f) < ACCESS_READ)
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
    return perm_owned(c, t, row_int(row, t->at_owner), row_int(row, t->at_pool), deed) ||
           (deed == DO_READ && through_any(c, row));
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
