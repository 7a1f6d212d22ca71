/* migrate.c - compares the model with the database and brings the database up to it. */
#include "model/migrate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/map.h"
#include "model/ddl.h"

/* ---- what the database holds ---------------------------------------------------- */

struct seen_column {
    const char *name, *type;
    struct seen_column *next;
};
struct seen_index {
    const char *name, *columns;
    bool unique, partial;
    struct seen_index *next;
};
struct seen_table {
    const char *name;
    struct seen_column *columns, **columns_end;
    struct seen_index *indexes, **indexes_end;
    int64_t version; /* from model_table; -1: the host did not make it */
    struct seen_table *next;
};
struct seen {
    struct arena *a;
    struct seen_table *tables, **end, *last;
    struct map by_name;
};

static void see_table(void *arg, const char *name)
{
    struct seen *s = arg;
    struct seen_table *t = arena_alloc(s->a, sizeof(*t));

    t->name = arena_strdup(s->a, name);
    t->columns_end = &t->columns;
    t->indexes_end = &t->indexes;
    t->version = -1;
    *s->end = s->last = t;
    s->end = &t->next;
    map_put(&s->by_name, t->name, t);
}

static void see_column(void *arg, const char *table, const struct db_column *col)
{
    struct seen *s = arg;
    struct seen_column *c = arena_alloc(s->a, sizeof(*c));

    (void)table;
    c->name = arena_strdup(s->a, col->name);
    c->type = arena_strdup(s->a, col->type != NULL ? col->type : "");
    *s->last->columns_end = c;
    s->last->columns_end = &c->next;
}

static void see_index(void *arg, const char *table, const struct db_index *ix)
{
    struct seen *s = arg;
    struct seen_index *i = arena_alloc(s->a, sizeof(*i));

    (void)table;
    if (ix->sql == NULL)
        return; /* came with a primary key */
    i->name = arena_strdup(s->a, ix->name);
    i->columns = arena_strdup(s->a, ix->columns);
    i->unique = ix->unique;
    i->partial = ix->partial;
    *s->last->indexes_end = i;
    s->last->indexes_end = &i->next;
}

static void see_versions(struct seen *s, struct db_conn *c)
{
    struct db_stmt *q;

    if (map_get(&s->by_name, "model_table") == NULL)
        return;
    q = db_prepare(c, "SELECT name, version FROM model_table");
    while (db_step(q) == DB_ROW) {
        struct seen_table *t = map_get(&s->by_name, db_col_text(q, 0, NULL));

        if (t != NULL)
            t->version = db_col_int(q, 1);
    }
    db_reset(q);
}

static int look(struct seen *s, struct arena *a, struct db_conn *c, struct buf *err)
{
    const struct db_schema watch = {see_table, see_column, see_index, NULL, s};

    *s = (struct seen){.a = a};
    s->end = &s->tables;
    if (db_schema(c, &watch) < 0) {
        buf_addf(err, "read the schema: %s", db_error(c));
        return -1;
    }
    see_versions(s, c);
    return 0;
}

static struct seen_column *seen_column(const struct seen_table *t, const char *name)
{
    struct seen_column *c = t->columns;

    while (c != NULL && strcmp(c->name, name) != 0)
        c = c->next;
    return c;
}

/* ---- planning --------------------------------------------------------------------- */

struct planner {
    struct arena *a;
    const struct model *m;
    struct db_conn *c;
    const struct db_dialect *d;
    struct seen seen;
    struct plan *plan;
    size_t room;
    bool prune, failed;
    struct buf *err;
};

static void complain(struct planner *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void complain(struct planner *p, const char *fmt, ...)
{
    va_list ap;

    if (p->err->len > 0)
        buf_putc(p->err, '\n');
    va_start(ap, fmt);
    buf_addv(p->err, fmt, ap);
    va_end(ap);
    p->failed = true;
}

static void add_step(struct planner *p, enum step_kind kind, const char *table, const char *what,
                     const char *sql, bool skipped)
{
    struct plan *plan = p->plan;

    if (plan->n == p->room) {
        struct step *more = arena_alloc(p->a, (p->room * 2 + 32) * sizeof(*more));

        if (plan->n > 0)
            memcpy(more, plan->steps, plan->n * sizeof(*more));
        p->room = p->room * 2 + 32;
        plan->steps = more;
    }
    /* The model may be gone when the plan is printed. */
    plan->steps[plan->n++] =
        (struct step){kind, arena_strdup(p->a, table),
                      what != NULL ? arena_strdup(p->a, what) : NULL, sql, skipped};
    plan->todo += !skipped;
}

/* Takes what is in sql and empties it. */
static const char *taken(struct planner *p, struct buf *sql)
{
    char *copy = arena_strdup(p->a, buf_str(sql));

    buf_free(sql);
    return copy;
}

const char *migrate_search_name(struct arena *a, const struct table *t)
{
    return arena_fmt(a, "search_%s", t->name);
}

/* For names that the database holds and the model does not vouch for. */
static const char *ident(struct planner *p, const char *name)
{
    struct buf out = BUF_INIT;

    buf_putc(&out, '"');
    for (; *name != '\0'; name++) {
        if (*name == '"')
            buf_putc(&out, '"');
        buf_putc(&out, *name);
    }
    buf_putc(&out, '"');
    return taken(p, &out);
}

static void plan_index(struct planner *p, const struct table *t, const struct index *ix)
{
    struct buf sql = BUF_INIT;

    if (ddl_index_is_primary(t, ix))
        return;
    ddl_index(&sql, t, ix, p->d);
    add_step(p, STEP_INDEX, t->name, ix->name, taken(p, &sql), false);
}

static void plan_number(struct planner *p, struct buf *sql, const struct table *t)
{
    if (model_table(p->m, "model_table") != NULL)
        buf_addf(sql,
                 ";\nINSERT INTO model_table (name, version, plugin) VALUES ('%s', %" PRIu32
                 ", '%s')",
                 t->name, t->version, t->plugin);
}

static void plan_create(struct planner *p, const struct table *t)
{
    struct buf sql = BUF_INIT;

    ddl_create(&sql, t, p->d);
    plan_number(p, &sql, t);
    add_step(p, STEP_CREATE, t->name, NULL, taken(p, &sql), false);
    for (size_t i = 0; i < t->nindexes; i++)
        plan_index(p, t, &t->indexes[i]);
}

static void plan_column(struct planner *p, const struct table *t, const struct seen_table *s,
                        const struct field *f)
{
    const struct seen_column *there = seen_column(s, f->name);
    const struct seen_column *was = f->was != NULL ? seen_column(s, f->was) : NULL;
    struct buf sql = BUF_INIT;

    if (there == NULL && was != NULL && model_field(t, f->was) == NULL) {
        buf_addf(&sql, "ALTER TABLE %s RENAME COLUMN %s TO %s", t->sql, f->was, f->name);
        add_step(p, STEP_RENAME, t->name, f->name, taken(p, &sql), false);
        there = was;
    }
    if (there == NULL) {
        ddl_add_column(&sql, t, f, p->d);
        add_step(p, STEP_ADD, t->name, f->name, taken(p, &sql), false);
    } else if (strcasecmp(there->type, ddl_type(f, p->d)) != 0) {
        complain(p,
                 "table %s, column %s: the database holds %s, the declaration wants %s; give the "
                 "field a new name and convert old values in upgrade()",
                 t->name, there->name, there->type, ddl_type(f, p->d));
    }
}

static bool wanted(const struct table *t, const char *column)
{
    for (int i = 0; i < t->ncolumns; i++)
        if (strcmp(t->fields[i].name, column) == 0)
            return true;
    for (int i = 0; i < t->nfields; i++)
        if (t->fields[i].was != NULL && strcmp(t->fields[i].was, column) == 0)
            return true; /* about to be renamed */
    return false;
}

static bool lists_name(const char *list, const char *name)
{
    size_t len = strlen(name);

    for (const char *p = list; (p = strstr(p, name)) != NULL; p += len)
        if ((p == list || p[-1] == ' ') && (p[len] == '\0' || p[len] == ','))
            return true;
    return false;
}

static bool custom_field_kept(struct planner *p, const char *table, const char *column)
{
    struct db_stmt *q;
    bool kept;

    if (strncmp(column, "x_", 2) != 0 || map_get(&p->seen.by_name, "custom_field") == NULL)
        return false;
    q = db_prepare(p->c, "SELECT 1 FROM custom_field WHERE on_table = ? AND name = ?");
    db_bind_text(q, 1, table, -1);
    db_bind_text(q, 2, column, -1);
    kept = db_step(q) == DB_ROW;
    db_reset(q);
    return kept;
}

/* An index of anyone's would keep SQLite from dropping a column it is on. */
static void plan_drop_column(struct planner *p, const struct table *t, const struct seen_table *s,
                             const char *column)
{
    bool skipped = !p->prune || custom_field_kept(p, t->name, column);
    struct buf sql = BUF_INIT;

    for (const struct seen_index *ix = s->indexes; ix != NULL && !skipped; ix = ix->next) {
        bool ours = strncmp(ix->name, "ix_", 3) == 0 || strncmp(ix->name, "ux_", 3) == 0;

        if (!ours && lists_name(ix->columns, column))
            add_step(p, STEP_DROP_INDEX, t->name, ix->name,
                     arena_fmt(p->a, "DROP INDEX %s", ident(p, ix->name)), false);
    }
    buf_addf(&sql, "ALTER TABLE %s DROP COLUMN %s", t->sql, ident(p, column));
    add_step(p, STEP_DROP_COLUMN, t->name, column, taken(p, &sql), skipped);
}

static const struct index *model_index(const struct planner *p, const struct table *t, const struct seen_index *seen)
{
    struct buf columns = BUF_INIT;
    const struct index *found = NULL;

    for (size_t i = 0; i < t->nindexes && found == NULL; i++) {
        buf_clear(&columns);
        ddl_index_columns(&columns, &t->indexes[i], p->d);
        if (strcmp(t->indexes[i].name, seen->name) == 0 && t->indexes[i].unique == seen->unique &&
            t->indexes[i].sparse == seen->partial && strcmp(buf_str(&columns), seen->columns) == 0)
            found = &t->indexes[i];
    }
    buf_free(&columns);
    return found;
}

static void plan_indexes(struct planner *p, const struct table *t, const struct seen_table *s)
{
    for (const struct seen_index *ix = s->indexes; ix != NULL; ix = ix->next) {
        bool ours = strncmp(ix->name, "ix_", 3) == 0 || strncmp(ix->name, "ux_", 3) == 0;

        if (ours && model_index(p, t, ix) == NULL)
            add_step(p, STEP_DROP_INDEX, t->name, ix->name,
                     arena_fmt(p->a, "DROP INDEX %s", ident(p, ix->name)), false);
    }
    for (size_t i = 0; i < t->nindexes; i++) {
        bool there = false;

        for (const struct seen_index *ix = s->indexes; ix != NULL && !there; ix = ix->next)
            there = model_index(p, t, ix) == &t->indexes[i];
        if (!there)
            plan_index(p, t, &t->indexes[i]);
    }
}

static void plan_compare(struct planner *p, const struct table *t, const struct seen_table *s)
{
    if (s->version < 0 && model_table(p->m, "model_table") != NULL)
        complain(p,
                 "table %s: the database has one that Berth did not make; rename that, or the "
                 "table of plugin %s",
                 t->name, t->plugin);
    if (s->version > (int64_t)t->version)
        complain(p,
                 "table %s: its data is of version %" PRId64 ", plugin %s knows version %" PRIu32
                 "; install a newer one",
                 t->name, s->version, t->plugin, t->version);
    for (int i = 0; i < t->ncolumns; i++)
        plan_column(p, t, s, &t->fields[i]);
    for (const struct seen_column *c = s->columns; c != NULL; c = c->next)
        if (!wanted(t, c->name))
            plan_drop_column(p, t, s, c->name);
    plan_indexes(p, t, s);
}

static void plan_search(struct planner *p, const struct table *t)
{
    const char *name = migrate_search_name(p->a, t);
    bool there = db_fts_exists(p->c, name);

    if (t->searched && !there)
        add_step(p, STEP_SEARCH, t->name, name, NULL, false);
    else if (!t->searched && there)
        add_step(p, STEP_DROP_SEARCH, t->name, name, NULL, false);
}

static void plan_gone(struct planner *p, const struct seen_table *s)
{
    const char *search = arena_fmt(p->a, "search_%s", s->name);

    if (s->version < 0 || map_get(&p->m->table_by_name, s->name) != NULL)
        return;
    if (db_fts_exists(p->c, search))
        add_step(p, STEP_DROP_SEARCH, s->name, search, NULL, !p->prune);
    add_step(p, STEP_DROP_TABLE, s->name, NULL,
             arena_fmt(p->a, "DROP TABLE %s;\nDELETE FROM model_table WHERE name = '%s'",
                       ident(p, s->name), s->name),
             !p->prune);
}

/* Steps of a kind together, else as they were planned; model_table first of all. */
static int by_kind(const void *a, const void *b)
{
    const struct step *const *x = a, *const *y = b;

    if ((*x)->kind != (*y)->kind)
        return (*x)->kind < (*y)->kind ? -1 : 1;
    if ((*x)->kind == STEP_CREATE) {
        bool first = strcmp((*x)->table, "model_table") == 0;

        if (first || strcmp((*y)->table, "model_table") == 0)
            return first ? -1 : 1;
    }
    return *x < *y ? -1 : 1;
}

static void put_in_order(struct planner *p)
{
    struct plan *plan = p->plan;
    struct step **order = arena_alloc(p->a, (plan->n + 1) * sizeof(struct step *));
    struct step *sorted = arena_alloc(p->a, (plan->n + 1) * sizeof(struct step));

    for (size_t i = 0; i < plan->n; i++)
        order[i] = &plan->steps[i];
    qsort(order, plan->n, sizeof(struct step *), by_kind);
    for (size_t i = 0; i < plan->n; i++)
        sorted[i] = *order[i];
    plan->steps = sorted;
}

/* What names tables does so in a column on_table: bin, role_table, saved_view ... */
static void plan_rename(struct planner *p, const struct table *t)
{
    struct seen_table *s = t->was == NULL ? NULL : map_get(&p->seen.by_name, t->was);
    struct buf sql = BUF_INIT;

    if (s == NULL || s->version < 0 || map_get(&p->seen.by_name, t->name) != NULL ||
        model_table(p->m, t->was) != NULL)
        return;
    buf_addf(&sql, "ALTER TABLE %s RENAME TO %s", ident(p, s->name), t->sql);
    buf_addf(&sql, ";\nUPDATE model_table SET name = '%s', plugin = '%s', version = 0, searched = NULL, compared = NULL, ordered = NULL"
             " WHERE name = '%s'", t->name, t->plugin, s->name);
    for (const struct seen_table *x = p->seen.tables; x != NULL; x = x->next)
        if (x->version >= 0 && seen_column(x, "on_table") != NULL)
            buf_addf(&sql, ";\nUPDATE %s SET on_table = '%s' WHERE on_table = '%s'", ident(p, x->name), t->name, s->name);
    add_step(p, STEP_RENAME_TABLE, t->name, NULL, taken(p, &sql), false);
    if (db_fts_exists(p->c, arena_fmt(p->a, "search_%s", s->name)))
        add_step(p, STEP_DROP_SEARCH, t->name, arena_fmt(p->a, "search_%s", s->name), NULL, false);
    s->name = t->name;
    s->version = 0;
    map_put(&p->seen.by_name, s->name, s);
}

static void plan_convert(struct planner *p)
{
    struct upgrade *up;
    size_t n = migrate_upgrades(p->a, p->m, p->c, &up);

    for (size_t i = 0; i < n; i++)
        add_step(p, STEP_CONVERT, up[i].table->name,
                 arena_fmt(p->a, "from version %lld to %u, by its plugin, at the next start", (long long)up[i].from,
                           (unsigned)up[i].table->version),
                 NULL, true);
    p->plan->converts = n;
}

int migrate_plan(struct arena *a, const struct model *m, struct db_conn *c,
                 const struct db_dialect *d, bool prune, struct plan *plan_r, struct buf *err)
{
    struct planner p = {.a = a, .m = m, .c = c, .d = d, .plan = plan_r, .prune = prune, .err = err};

    *plan_r = (struct plan){.fresh = true};
    if (look(&p.seen, a, c, err) < 0) {
        map_free(&p.seen.by_name);
        return -1;
    }
    for (size_t i = 0; i < m->ntables; i++)
        plan_rename(&p, &m->tables[i]);
    for (size_t i = 0; i < m->ntables; i++) {
        const struct seen_table *s = map_get(&p.seen.by_name, m->tables[i].name);

        if (s == NULL) {
            plan_create(&p, &m->tables[i]);
        } else {
            plan_r->fresh = false;
            plan_compare(&p, &m->tables[i], s);
        }
        plan_search(&p, &m->tables[i]);
    }
    for (const struct seen_table *s = p.seen.tables; s != NULL; s = s->next)
        plan_gone(&p, s);
    if (!plan_r->fresh)
        plan_convert(&p);
    put_in_order(&p);
    map_free(&p.seen.by_name);
    return p.failed ? -1 : 0;
}

/* ---- showing and running ------------------------------------------------------------ */

static const char *const doing[] = {
    [STEP_RENAME_TABLE] = "rename table to",
    [STEP_DROP_INDEX] = "drop index",        [STEP_RENAME] = "rename column to",
    [STEP_CREATE] = "create table",          [STEP_ADD] = "add column",
    [STEP_DROP_COLUMN] = "drop column",      [STEP_DROP_SEARCH] = "drop full-text table",
    [STEP_DROP_TABLE] = "drop table",        [STEP_INDEX] = "create index",
    [STEP_SEARCH] = "create full-text table", [STEP_CONVERT] = "convert the rows of"};

static void describe(struct buf *out, const struct step *s)
{
    buf_addf(out, "%s %s", doing[s->kind], s->table);
    if (s->what != NULL)
        buf_addf(out, "%c%s",
                 s->kind == STEP_RENAME || s->kind == STEP_ADD || s->kind == STEP_DROP_COLUMN ? '.'
                                                                                              : ' ',
                 s->what);
}

void migrate_print(struct buf *out, const struct plan *p)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct step *s = &p->steps[i];

        buf_puts(out, "-- ");
        describe(out, s);
        if (s->skipped && s->kind != STEP_CONVERT)
            buf_puts(out, " (kept; --prune drops it)");
        buf_putc(out, '\n');
        if (s->sql != NULL && !s->skipped)
            buf_addf(out, "%s;\n", s->sql);
    }
}

static int run_step(struct db_conn *writer, const struct step *s)
{
    switch (s->kind) {
    case STEP_SEARCH:
        return db_fts_create(writer, s->what);
    case STEP_DROP_SEARCH:
        return db_fts_drop(writer, s->what);
    default:
        return db_exec(writer, s->sql);
    }
}

int migrate_run(struct db_conn *writer, const struct plan *p, struct buf *err)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct step *s = &p->steps[i];

        if (s->skipped || run_step(writer, s) >= 0)
            continue;
        describe(err, s);
        buf_addf(err, ": %s", db_error(writer));
        return -1;
    }
    return 0;
}

/* ---- everything at once ------------------------------------------------------------- */

struct running {
    const struct plan *plan;
    struct buf *err;
};

static int run_body(struct db_conn *writer, void *arg)
{
    const struct running *r = arg;

    return migrate_run(writer, r->plan, r->err);
}

static int plan_database(struct db *db, struct arena *a, const struct berth_plugin *const *plugins,
                         size_t n, bool prune, struct plan *plan_r, struct buf *err)
{
    struct db_conn *c = db_reader(db, err);
    struct model_extra extra;
    struct model *m = NULL;
    int rc = -1;

    if (c == NULL)
        return -1;
    if (migrate_read_extra(a, c, NULL, &extra, err) == 0)
        m = model_build(plugins, n, &extra, err);
    if (m != NULL)
        rc = migrate_plan(a, m, c, db_dialect(db), prune, plan_r, err);
    db_conn_close(&c);
    model_free(&m);
    return rc;
}

/* Indexes hold nothing that is not in their rows: an older program makes its own again. */
static bool is_data(const struct plan *plan)
{
    bool yes = plan->converts > 0;

    for (size_t i = 0; i < plan->n && !yes; i++)
        yes = !plan->steps[i].skipped && plan->steps[i].kind != STEP_INDEX && plan->steps[i].kind != STEP_DROP_INDEX;
    return yes;
}

static int run_plan(struct db *db, const struct plan *plan, const char *backup, struct buf *err)
{
    struct running r = {plan, err};
    int rc;

    if (!plan->fresh && is_data(plan) && backup != NULL && db_backup(db, backup, true, NULL, err) < 0)
        return -1;
    if (plan->todo == 0) /* though what is kept may yet be converted, by an upgrade() */
        return 0;
    rc = db_write(db, run_body, &r);
    if (rc < 0 && err->len == 0)
        buf_addf(err, "change the database: error %d", rc);
    return rc < 0 ? -1 : 0;
}

int migrate_database(struct db *db, const struct berth_plugin *const *plugins, size_t n, bool prune,
                     const char *backup, struct buf *report, struct buf *err)
{
    struct arena *a = arena_new();
    struct plan plan;
    int rc = plan_database(db, a, plugins, n, prune, &plan, err);

    if (rc == 0) {
        migrate_print(report, &plan);
        rc = run_plan(db, &plan, backup, err);
    }
    if (rc == 0)
        rc = plan.todo > 0;
    arena_free(&a);
    return rc;
}

/* ---- data versions -------------------------------------------------------------------- */

size_t migrate_upgrades(struct arena *a, const struct model *m, struct db_conn *c,
                        struct upgrade **list_r)
{
    struct upgrade *list = arena_alloc(a, (m->ntables + 1) * sizeof(*list));
    struct db_stmt *q = db_prepare(c, "SELECT name, version FROM model_table ORDER BY id");
    size_t n = 0;

    while (db_step(q) == DB_ROW) {
        const struct table *t = model_table(m, db_col_text(q, 0, NULL));

        if (t != NULL && db_col_int(q, 1) < (int64_t)t->version)
            list[n++] = (struct upgrade){t, db_col_int(q, 1)};
    }
    db_reset(q);
    *list_r = list;
    return n;
}

int migrate_upgraded(struct db_conn *writer, const struct table *t)
{
    struct db_stmt *q = db_prepare(writer, "UPDATE model_table SET version = ? WHERE name = ?");
    int rc;

    db_bind_int(q, 1, t->version);
    db_bind_text(q, 2, t->name, -1);
    rc = db_step(q);
    db_reset(q);
    return rc < 0 ? -1 : 0;
}

/* ---- snapshots -------------------------------------------------------------------------- */

void migrate_snapshot(struct buf *out, const struct model *m, const struct db_dialect *d)
{
    buf_addf(
        out,
        "-- The database as the plugins declare it, for %s; written by `ninja -C build schema`.\n",
        d->name);
    for (size_t i = 0; i < m->ntables; i++) {
        const struct table *t = &m->tables[i];

        buf_putc(out, '\n');
        ddl_create(out, t, d);
        buf_puts(out, ";\n");
        for (size_t k = 0; k < t->nindexes; k++) {
            if (ddl_index_is_primary(t, &t->indexes[k]))
                continue;
            ddl_index(out, t, &t->indexes[k], d);
            buf_puts(out, ";\n");
        }
        if (t->searched)
            buf_addf(out, "-- and the full-text table search_%s\n", t->name);
    }
}

bool plan_adds(const struct plan *plan, const struct table *t, const char *column)
{
    for (size_t i = 0; i < plan->n; i++)
        if (plan->steps[i].kind == STEP_ADD && strcmp(plan->steps[i].table, t->name) == 0 && strcmp(plan->steps[i].what, column) == 0)
            return true;
    return false;
}
