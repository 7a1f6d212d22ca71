/* who.c - what somebody may, computed from roles, the org tree, pools, shares and absences; and its cache. */
#include "record/perm.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"
#include "db/db.h"
#include "record/ctx.h"

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
        int64_t id, manager;
    } *people;
    size_t npeople;
    struct member {
        int64_t user, unit;
    } *members; /* of their department and of others */
    size_t nmembers;
    struct unit {
        int64_t id, parent, leader;
    } *units;
    size_t nunits;
};

struct load {
    struct store *st;
    struct db_conn *conn;
    const struct model *m;
    struct arena *arena;
    uint64_t gen;
    int64_t now;
    struct org org;
    struct who *w; /* whose rights are being read */
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

/* Room for one more; full at powers of two. */
static void *grown(void *list, size_t n, size_t size)
{
    return (n & (n - 1)) == 0 ? mem_realloc(list, (n == 0 ? 1 : n * 2) * size) : list;
}

static void add_member(struct org *o, int64_t user, int64_t unit)
{
    if (unit == 0)
        return;
    o->members = grown(o->members, o->nmembers, sizeof(*o->members));
    o->members[o->nmembers++] = (struct member){user, unit};
}

static void load_org(struct load *l)
{
    struct org *o = &l->org;
    struct db_stmt *s = query(l, "SELECT id, coalesce(manager_id, 0), coalesce(department_id, 0) FROM \"user\"", 0);

    while (more(l, s)) {
        o->people = grown(o->people, o->npeople, sizeof(*o->people));
        o->people[o->npeople++] = (struct person){db_col_int(s, 0), db_col_int(s, 1)};
        add_member(o, db_col_int(s, 0), db_col_int(s, 2));
    }
    s = query(l, "SELECT user_id, department_id FROM user_department", 0);
    while (more(l, s))
        add_member(o, db_col_int(s, 0), db_col_int(s, 1));
    s = query(l, "SELECT id, coalesce(parent_id, 0), coalesce(leader_id, 0) FROM department", 0);
    while (more(l, s)) {
        o->units = grown(o->units, o->nunits, sizeof(*o->units));
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
    for (size_t i = 0; i < l->org.nmembers; i++)
        for (size_t k = 0; k < units->n; k++)
            if (l->org.members[i].unit == units->v[k])
                ids_add(l->w->arena, to, l->org.members[i].user);
}

static void add_all(struct arena *a, struct ids *to, const struct ids *more)
{
    for (size_t i = 0; i < more->n; i++)
        ids_add(a, to, more->v[i]);
}

static struct ids both(struct arena *a, const struct ids *x, const struct ids *y)
{
    struct ids s = {0};

    if (x->n == 0 || y->n == 0)
        return x->n == 0 ? *y : *x;
    add_all(a, &s, x);
    add_all(a, &s, y);
    ids_sort(&s);
    return s;
}

/* Everybody whose chain of managers reaches those in `to`. */
static void add_subordinates(struct load *l, struct ids *to)
{
    for (bool grew = true; grew;) {
        struct ids known;

        ids_sort(to);
        known = both(l->w->arena, to, &(struct ids){0});
        grew = false;
        for (size_t i = 0; i < l->org.npeople; i++) {
            const struct person *p = &l->org.people[i];

            if (p->manager != 0 && ids_have(&known, p->manager) && !ids_have(&known, p->id)) {
                if (!grew)
                    *to = (struct ids){0}, add_all(l->w->arena, to, &known); /* known stays as it is */
                ids_add(l->w->arena, to, p->id);
                grew = true;
            }
        }
    }
}

/* Subordinates: whoever's chain of managers reaches the user, and everybody in the departments
 * the user leads, with those below them. */
static void load_scopes(struct load *l)
{
    struct who *w = l->w;
    struct arena *a = w->arena;
    struct ids led = {0}, tree = {0};

    for (int s = SCOPE_OWN; s < SCOPE_ALL; s++)
        ids_add(a, &w->users[s], w->id);
    for (size_t i = 0; i < l->org.nunits; i++)
        if (l->org.units[i].leader == w->id)
            ids_add(a, &led, l->org.units[i].id);
    add_unit_tree(l, &led);
    add_people_of(l, &w->users[SCOPE_TEAM], &led);
    add_subordinates(l, &w->users[SCOPE_TEAM]);
    for (size_t i = 0; i < l->org.nmembers; i++)
        if (l->org.members[i].user == w->id)
            ids_add(a, &w->departments, l->org.members[i].unit);
    add_all(a, &tree, &w->departments);
    add_unit_tree(l, &tree);
    add_all(a, &w->users[SCOPE_DEPARTMENT], &w->users[SCOPE_TEAM]);
    add_all(a, &w->users[SCOPE_TREE], &w->users[SCOPE_TEAM]);
    add_people_of(l, &w->users[SCOPE_DEPARTMENT], &w->departments);
    add_people_of(l, &w->users[SCOPE_TREE], &tree);
    ids_sort(&w->departments);
    for (int s = SCOPE_OWN; s < SCOPE_ALL; s++)
        ids_sort(&w->users[s]);
}

/* ---- what others let the user have -------------------------------------------------- */
static void ends(struct who *w, int64_t at)
{
    if (at != 0 && at < w->until)
        w->until = at;
}

/* Whether it counts now; either way it is looked at again when that changes. 0: without end. */
static bool counts(struct load *l, int64_t from, int64_t until)
{
    if (from > l->now) {
        ends(l->w, from);
        return false;
    }
    if (until != 0 && until <= l->now)
        return false;
    ends(l->w, until);
    return true;
}

static void load_helped(struct load *l)
{
    struct who *w = l->w;
    struct db_stmt *s = query(l, "SELECT h.owner_id, h.access, coalesce(h.until_at, 0) FROM helper h JOIN \"user\" u ON"
                                 " u.id = h.owner_id WHERE h.helper_id = ? AND u.active = 1", w->id);

    while (more(l, s)) {
        const char *access = db_col_text(s, 1, NULL);

        if (!counts(l, 0, db_col_int(s, 2)))
            continue;
        ids_add(w->arena, &w->helps[DO_READ], db_col_int(s, 0));
        if (access != NULL && strcmp(access, "cooperate") == 0)
            ids_add(w->arena, &w->helps[DO_UPDATE], db_col_int(s, 0));
    }
    for (int d = 0; d < 2; d++)
        ids_sort(&w->helps[d]);
    for (int d = 0; d < 3; d++)
        for (int k = SCOPE_OWN; k < SCOPE_ALL; k++)
            w->sets[d][k] = d == DO_DELETE ? w->users[k] : both(w->arena, &w->users[k], &w->helps[d]);
}

static void load_shares_by(struct load *l, const char *sql, int64_t to)
{
    struct db_stmt *s = query(l, sql, to);

    while (more(l, s)) {
        const struct table *t = store_table_of(l->st, l->w->m, db_col_int(s, 0));
        const char *access = db_col_text(s, 2, NULL);

        if (t == NULL || !counts(l, 0, db_col_int(s, 3)))
            continue;
        ids_add(l->w->arena, &l->w->rights[t->at].shared[DO_READ], db_col_int(s, 1));
        if (strcmp(db_col_text(s, 4, NULL), "approval") == 0)
            ids_add(l->w->arena, &l->w->rights[t->at].asked, db_col_int(s, 1));
        if (access != NULL && strcmp(access, "cooperate") == 0)
            ids_add(l->w->arena, &l->w->rights[t->at].shared[DO_UPDATE], db_col_int(s, 1));
    }
}

/* A share with a department counts for those below it, too. */
static void load_shares(struct load *l)
{
    struct who *w = l->w;
    struct ids above = {0};

    add_all(w->arena, &above, &w->departments);
    for (size_t i = 0; i < above.n; i++)
        for (size_t k = 0; k < l->org.nunits; k++)
            if (l->org.units[k].id == above.v[i] && l->org.units[k].parent != 0 && above.n < 1000)
                ids_add(w->arena, &above, l->org.units[k].parent);
    ids_sort(&above);
    load_shares_by(l, "SELECT tbl, rec, access, coalesce(until_at, 0), kind FROM record_share WHERE user_id = ?", w->id);
    load_shares_by(l, "SELECT s.tbl, s.rec, s.access, coalesce(s.until_at, 0), s.kind FROM record_share s JOIN user_role u ON"
                      " u.role_id = s.role_id WHERE u.user_id = ?", w->id);
    for (size_t i = 0; i < above.n; i++)
        load_shares_by(l, "SELECT tbl, rec, access, coalesce(until_at, 0), kind FROM record_share WHERE department_id = ?", above.v[i]);
    for (size_t i = 0; i < w->m->ntables; i++) {
        for (int d = 0; d < 2; d++)
            ids_sort(&w->rights[i].shared[d]);
        ids_sort(&w->rights[i].asked);
    }
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
    s = query(l, "SELECT pool_id, coalesce(user_id, 0), coalesce(department_id, 0) FROM pool_member", 0);
    while (more(l, s))
        if (db_col_int(s, 1) == w->id || ids_have(&w->departments, db_col_int(s, 2)))
            ids_add(w->arena, &w->pools, db_col_int(s, 0));
    ids_sort(&w->pools);
    s = query(l, "SELECT value FROM setting WHERE name = 'base.see_belonging'", 0);
    w->through = true;
    while (more(l, s))
        w->through = db_col_is_null(s, 0) || strcmp(db_col_text(s, 0, NULL), "false") != 0;
}

static void load_veils(struct load *l)
{
    struct who *w = l->w;
    struct db_stmt *s = query(l,
                              "SELECT p.on_table, f.field, f.access, f.pool_id FROM pool_field f JOIN pool p ON p.id = f.pool_id WHERE"
                              " NOT EXISTS (SELECT 1 FROM pool_member m WHERE m.pool_id = f.pool_id AND m.user_id = ? AND m.admin = 1)",
                              w->id);

    while (!w->admin && more(l, s)) {
        const char *tname = db_col_text(s, 0, NULL), *fname = db_col_text(s, 1, NULL), *how = db_col_text(s, 2, NULL);
        const struct table *t = tname == NULL ? NULL : model_table(w->m, tname);
        int at = t == NULL || fname == NULL ? -1 : perm_veil_place(t, fname);
        struct veil *v;

        if (at < 0)
            continue;
        if (w->rights[t->at].veil == NULL)
            w->rights[t->at].veil = arena_alloc(w->arena, (size_t)(t->nfields + HANGS) * sizeof(*v));
        v = &w->rights[t->at].veil[at];
        ids_add(w->arena, how != NULL && strcmp(how, "mask") == 0 ? &v->mask : &v->none, db_col_int(s, 3));
        if (at < t->nfields)
            ids_add(w->arena, &w->rights[t->at].veil[t->nfields + HANGS_MAIL].none, db_col_int(s, 3));
    }
    for (size_t i = 0; i < w->m->ntables; i++)
        for (int k = 0; w->rights[i].veil != NULL && k < w->m->tables[i].nfields + HANGS; k++) {
            ids_sort(&w->rights[i].veil[k].none);
            ids_sort(&w->rights[i].veil[k].mask);
        }
    db_reset(s);
}

/* Details take their parent's rights unless roles name them; everyone may read public tables and has
 * rows of their own in personal ones. */
static void finish(struct who *w)
{
    for (size_t i = 0; i < w->m->ntables; i++) {
        const struct table *t = &w->m->tables[i];
        struct rights *r = &w->rights[i];

        /* whoever has to decide sees what about, whatever their roles open; nothing else of its kind */
        r->asked_only =
            r->asked.n > 0 && r->scope[DO_READ] == SCOPE_NONE && t->at_owner >= 0 && !(t->flags & (BERTH_PUBLIC | BERTH_PERSONAL));
        if (r->asked_only)
            r->scope[DO_READ] = SCOPE_OWN;
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
            r->asked_only = false;
            r->create = r->export_ = r->import = true;
            r->access = NULL;
        }
        if (strcmp(t->name, "audit") == 0) { /* which the host alone adds to: nobody is offered it */
            r->scope[DO_UPDATE] = r->scope[DO_DELETE] = SCOPE_NONE;
            r->create = r->import = false;
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

static const struct ids nobody;

/* A share widens whose records one reaches, not what one may do with a kind of record. */
static void set_owners(struct who *w)
{
    for (size_t i = 0; i < w->m->ntables; i++) {
        struct rights *r = &w->rights[i];
        bool personal = (w->m->tables[i].flags & BERTH_PERSONAL) != 0;

        for (int d = 0; d < 3; d++) {
            r->owners[d] = personal ? &w->users[r->scope[d]] : &w->sets[d][r->scope[d]];
            r->pools[d] = r->scope[d] == SCOPE_NONE ? &nobody : &w->pools;
        }
        for (int d = 0; d < 2; d++)
            if (r->scope[d] == SCOPE_NONE || r->public_only || personal)
                r->shared[d] = (struct ids){0};
        if (r->asked_only) {
            r->owners[DO_READ] = r->pools[DO_READ] = &nobody;
            r->shared[DO_READ] = r->asked;
        }
    }
}

/* What an active user has of their own; of one for whom another stands in, no administration. */
static struct who *load_own(struct load *l, int64_t user, bool standin)
{
    struct who *w = arena_alloc(l->arena, sizeof(*w));
    struct db_stmt *s =
        query(l, "SELECT coalesce(admin, 0), name, login, coalesce(locale, '') FROM \"user\" WHERE id = ? AND active = 1", user);

    if (!more(l, s))
        return NULL;
    *w = (struct who){.id = user, .m = l->m, .gen = l->gen, .arena = l->arena, .from = l->now, .until = INT64_MAX};
    w->rights = arena_alloc(l->arena, l->m->ntables * sizeof(*w->rights));
    w->admin = db_col_int(s, 0) != 0 && !standin;
    w->name = arena_strdup(l->arena, db_col_text(s, 1, NULL));
    w->login = arena_strdup(l->arena, db_col_text(s, 2, NULL));
    w->locale = arena_strdup(l->arena, db_col_text(s, 3, NULL));
    w->people = l->org.npeople;
    db_reset(s);
    l->w = w;
    load_scopes(l);
    load_helped(l);
    load_tables(l);
    load_fields(l);
    load_rest(l);
    load_veils(l);
    load_shares(l);
    finish(w);
    set_owners(w);
    return w;
}

/* ---- standing in for others ------------------------------------------------------------ */
static void find_away(struct load *l, struct who *w)
{
    struct standin *list = NULL;
    struct db_stmt *s = query(l, "SELECT owner_id, from_at, until_at FROM deputy WHERE deputy_id = ?", w->id);
    size_t n = 0;

    while (more(l, s))
        if (counts(l, db_col_int(s, 1), db_col_int(s, 2))) {
            list = grown(list, n, sizeof(*list));
            list[n++] = (struct standin){.user = db_col_int(s, 0), .until = db_col_int(s, 2)};
        }
    for (size_t i = 0; i < n; i++) { /* who has left needs nobody */
        struct standin *known = arena_alloc(l->arena, (w->naway + 1) * sizeof(*known));

        list[i].who = list[i].user == w->id ? NULL : load_own(l, list[i].user, true);
        if (list[i].who == NULL)
            continue;
        list[i].name = list[i].who->name;
        if (w->naway > 0)
            memcpy(known, w->away, w->naway * sizeof(*known));
        known[w->naway++] = list[i];
        w->away = known;
    }
    free(list);
}

static void add_fields(struct rights *to, const struct rights *r, const struct table *t, bool first)
{
    if (first)
        to->access = r->access;
    else if (to->access != NULL && r->access == NULL)
        to->access = NULL;
    for (int i = 0; !first && to->access != NULL && i < t->nfields; i++)
        if (to->access[i] < r->access[i])
            to->access[i] = r->access[i];
}

static const struct ids *union_of(struct arena *a, const struct ids *x, const struct ids *y)
{
    struct ids *all = arena_alloc(a, sizeof(*all));

    *all = both(a, x, y);
    return all;
}

/* Whatever either may; a field is as open as to the one who may more. */
static void add_rights(struct who *w, const struct who *more, const struct table *t)
{
    struct rights *to = &w->rights[t->at];
    const struct rights *r = &more->rights[t->at];
    bool first = to->scope[DO_READ] == SCOPE_NONE || to->public_only;

    if ((t->flags & BERTH_PERSONAL) || r->scope[DO_READ] == SCOPE_NONE || (r->public_only && !first))
        return;
    if (to->access != NULL) { /* the snapshot of either stays as it is */
        unsigned char *copy = arena_alloc(w->arena, (size_t)t->nfields);

        memcpy(copy, to->access, (size_t)t->nfields);
        to->access = copy;
    }
    add_fields(to, r, t, first);
    to->public_only = first && r->public_only;
    for (int d = 0; d < 3; d++) {
        to->owners[d] = union_of(w->arena, to->scope[d] == SCOPE_NONE ? &nobody : to->owners[d],
                                 r->scope[d] == SCOPE_NONE ? &nobody : r->owners[d]);
        to->pools[d] = union_of(w->arena, to->pools[d], r->pools[d]);
        to->scope[d] = wider(to->scope[d], r->scope[d]);
    }
    for (int d = 0; d < 2; d++)
        to->shared[d] = both(w->arena, &to->shared[d], &r->shared[d]);
    to->create = to->create || r->create;
    to->export_ = to->export_ || r->export_;
    to->import = to->import || r->import;
}

static struct who *with_away(struct load *l, struct who *self)
{
    struct who *w;

    l->w = self;
    find_away(l, self);
    if (self->naway == 0 || self->admin || !l->ok)
        return self;
    w = arena_alloc(l->arena, sizeof(*w));
    *w = *self;
    w->self = self;
    w->perms = (struct map){0};
    w->rights = arena_alloc(l->arena, l->m->ntables * sizeof(*w->rights));
    memcpy(w->rights, self->rights, l->m->ntables * sizeof(*w->rights));
    for (size_t i = 0; i < self->perms.cap; i++)
        if (self->perms.slots[i].key != NULL)
            map_put(&w->perms, self->perms.slots[i].key, self->perms.slots[i].value);
    for (size_t k = 0; k < w->naway; k++) {
        const struct who *other = w->away[k].who;

        for (size_t i = 0; i < l->m->ntables; i++)
            add_rights(w, other, &l->m->tables[i]);
        for (size_t i = 0; i < other->perms.cap; i++)
            if (other->perms.slots[i].key != NULL)
                map_put(&w->perms, other->perms.slots[i].key, other->perms.slots[i].value);
        ends(w, other->until);
    }
    return w;
}

static void who_free(struct who *w)
{
    struct arena *a = w->arena;

    for (size_t k = 0; k < w->naway; k++)
        map_free(&((struct who *)w->away[k].who)->perms);
    if (w->self != NULL)
        map_free(&((struct who *)w->self)->perms);
    map_free(&w->perms);
    arena_free(&a);
}

static struct who *who_load(struct store *st, struct db_conn *conn, const struct model *m, int64_t user, uint64_t gen)
{
    struct load l = {.st = st, .conn = conn, .m = m, .gen = gen, .now = store_now(st), .arena = arena_new(), .ok = true};
    struct who *w = NULL;

    if (db_read_begin(conn) == 0) {
        load_org(&l);
        w = load_own(&l, user, false);
        if (w != NULL)
            w = with_away(&l, w);
        db_read_end(conn);
    }
    free(l.org.people);
    free(l.org.members);
    free(l.org.units);
    if (w != NULL && l.ok)
        return w;
    if (w != NULL) /* fails closed */
        who_free(w);
    else
        arena_free(&l.arena);
    return NULL;
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

/* Freed when nobody holds it any more. */
static void retire(struct who_cache *wc, struct who *w)
{
    struct who_entry *e = mem_alloc(sizeof(*e));

    *e = (struct who_entry){w, when_monotonic(), wc->retired};
    wc->retired = e;
    drop_retired(wc, when_monotonic() - RETIRED_MS);
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
    if (*at != NULL)
        retire(wc, *at);
    else
        wc->len++;
    *at = w;
}

/* Which of the writer's batches is under way, or comes next; from 1 on. */
static int64_t batch_of(struct store *st)
{
    struct db_stats s;

    db_stats(st->db, &s);
    return s.commits + s.commits_failed + 1;
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
    int64_t now = store_now(st);
    struct who *w = NULL;

    pthread_rwlock_rdlock(&wc->lock);
    if (wc->cap > 0)
        w = *slot(wc, user);
    pthread_rwlock_unlock(&wc->lock);
    if (w != NULL && w->gen == gen && w->m == m && now < w->until && now >= w->from)
        return w;
    w = who_load(st, conn, m, user, gen);
    if (w == NULL)
        return NULL;
    /* what the writer reads behind a change of rights may be taken back */
    bool sure = atomic_load(&st->rights_batch) != batch_of(st);

    pthread_rwlock_wrlock(&wc->lock);
    (sure ? remember : retire)(wc, w);
    pthread_rwlock_unlock(&wc->lock);
    return w;
}

const struct who *who_committed(struct berth_ctx *c, int64_t user)
{
    struct db_conn *conn = db_reader(c->st->db, NULL);
    const struct who *w = conn == NULL ? NULL : who_get(c->st, conn, c->m, user);

    db_conn_close(&conn);
    return w;
}

/* ---- as a hash ------------------------------------------------------------------- */
static void print_ids(crypto_generichash_state *h, const struct ids *s)
{
    crypto_generichash_update(h, (const unsigned char *)&s->n, sizeof(s->n));
    if (s->n > 0)
        crypto_generichash_update(h, (const unsigned char *)s->v, s->n * sizeof(*s->v));
}

static void print_rights(crypto_generichash_state *h, const struct who *w, const struct table *t)
{
    const struct rights *r = &w->rights[t->at];
    unsigned char flags[] = {(unsigned char)r->scope[DO_READ], r->export_, r->public_only, r->asked_only, w->admin, w->through,
                             r->access != NULL, r->veil != NULL};

    crypto_generichash_update(h, flags, sizeof(flags));
    print_ids(h, r->owners[DO_READ]);
    print_ids(h, r->pools[DO_READ]);
    print_ids(h, &r->shared[DO_READ]);
    if (r->access != NULL)
        crypto_generichash_update(h, r->access, (size_t)t->nfields);
    for (int i = 0; r->veil != NULL && i < t->nfields + HANGS; i++) {
        print_ids(h, &r->veil[i].none);
        print_ids(h, &r->veil[i].mask);
    }
}

void perm_print(const struct who *w, const struct table *t, char out[PERM_PRINT])
{
    crypto_generichash_state h;
    unsigned char sum[16];

    crypto_generichash_init(&h, NULL, 0, sizeof(sum));
    for (int up = 0; t != NULL && up < 8;
         up++, t = t->parent == NULL ? NULL : t->parent->ref) /* parts are seen with what they are part of */
        print_rights(&h, w, t);
    crypto_generichash_final(&h, sum, sizeof(sum));
    sodium_bin2hex(out, PERM_PRINT, sum, sizeof(sum));
}

static void changed(struct berth_ctx *c, void *arg)
{
    (void)arg;
    atomic_fetch_add(&c->st->rights_gen, 1);
}

void perm_changed(struct berth_ctx *c)
{
    atomic_store(&c->st->rights_batch, batch_of(c->st));
    ctx_after_commit(c, changed, NULL);
}
