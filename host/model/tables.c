/* tables.c - tables with their columns, indexes, title and parent. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/build.h"
#include "model/labels.h"

enum { TABLE_FLAGS = (1 << 12) - 1 };

static const struct berth_field host_fields[] = {
    {"id", BERTH_INT, BERTH_LOCKED | BERTH_INDEX},
    {"version", BERTH_INT, BERTH_LOCKED, .def = "1"},
    {"created_at", BERTH_TIME, BERTH_LOCKED | BERTH_FILTER, .def = "@now"},
    {"created_by", BERTH_REF, BERTH_LOCKED | BERTH_FILTER, "user", "@user"},
    {"updated_at", BERTH_TIME, BERTH_LOCKED | BERTH_FILTER, .def = "@now"},
    {"updated_by", BERTH_REF, BERTH_LOCKED | BERTH_FILTER, "user", "@user"},
    {0},
};
static const struct berth_field owned_fields[] = {
    {"owner_id", BERTH_REF, BERTH_INDEX | BERTH_LIST | BERTH_FILTER, "user", "@user", .where = "active = true"},
    {0},
};
static const struct berth_field pooled_fields[] = {
    {"pool_id", BERTH_REF, BERTH_INDEX | BERTH_SPARSE | BERTH_FILTER, "pool", .where = "on_table = '@self' and active = true"},
    {"pooled_at", BERTH_TIME, BERTH_LOCKED | BERTH_FILTER},
    {"claimed_at", BERTH_TIME, BERTH_LOCKED | BERTH_FILTER},
    {"touched_at", BERTH_TIME, BERTH_LOCKED | BERTH_FILTER},
    {"prev_owner_id", BERTH_REF, BERTH_LOCKED | BERTH_FILTER, "user"},
    {"pool_reason", BERTH_PICK, BERTH_LOCKED | BERTH_FILTER, "base.pool_reason"},
    {"is_locked", BERTH_BOOL, BERTH_LOCKED | BERTH_FILTER, .def = "false"},
    /* kept by record/due.c, in this order */
    {"due_at", BERTH_TIME, BERTH_LOCKED | BERTH_FILTER | BERTH_INDEX | BERTH_LIST | BERTH_DUE},
    {"due_pool_id", BERTH_REF, BERTH_LOCKED | BERTH_FILTER, "pool"},
    {"due_why", BERTH_TEXT, BERTH_LOCKED, "@told", .max = 200},
    {"remind_at", BERTH_TIME, BERTH_LOCKED | BERTH_INDEX | BERTH_SPARSE},
    {0},
};
/* Names that generated objects and the databases themselves take. */
#define TAKEN(prefix) {prefix, "begins with " prefix ", which the host keeps for itself"}
static const struct {
    const char *prefix, *why;
} taken[] = {TAKEN("sqlite_"), TAKEN("pg_"), TAKEN("ix_"), TAKEN("ux_"), TAKEN("search_"), TAKEN("x_")};

/* ---- columns ------------------------------------------------------------------- */

static size_t fields_len(const struct berth_field *list)
{
    size_t n = 0;

    EACH (berth_field, f, list, name)
        n++;
    return n;
}

static bool extends(const struct berth_table *d, const char *name)
{
    return (d->flags & BERTH_EXTEND) != 0 && strcmp(d->name, name) == 0;
}

static size_t room_for(const struct build *b, const struct table *t,
                       const struct berth_field *declared)
{
    size_t n = fields_len(host_fields) + fields_len(owned_fields) + fields_len(pooled_fields) +
               fields_len(declared) + b->extra->nfields;

    for (size_t i = 0; i < b->m->nplugins; i++)
        EACH (berth_table, d, b->m->plugins[i]->tables, name)
            if (extends(d, t->name))
                n += fields_len(d->fields);
    return 2 * n; /* a text may be sorted by another column */
}

static void add_field(struct build *b, struct table *t, struct field f)
{
    struct field *fields = (struct field *)t->fields; /* ours until the model is done */
    const struct field *there = map_get(&t->by_name, f.name);

    if (there != NULL) {
        problem(b, f.plugin, t->name, f.name, "is already a column of %s%s: rename it",
                there->plugin != NULL ? "plugin " : "the host's own or of an administrator",
                there->plugin != NULL ? there->plugin : "");
        return;
    }
    f.at = t->nfields;
    f.table = t;
    fields[t->nfields++] = f;
    map_put(&t->by_name, f.name, &fields[f.at]);
}

static void add_declared(struct build *b, struct table *t, const struct berth_field *list,
                         const char *plugin)
{
    EACH (berth_field, d, list, name) {
        const char *why = model_name_problem(d->name);

        if (why == NULL && strncmp(d->name, "x_", 2) == 0)
            why = "begins with x_, which is for fields of administrators";
        if (plugin != NULL && why != NULL)
            problem(b, plugin, t->name, d->name, "the name %s", why);
        else
            add_field(b, t, field_from(b, d, plugin));
    }
}

static void add_host_fields(struct build *b, struct table *t)
{
    if ((t->flags & BERTH_BARE) != 0)
        return;
    add_declared(b, t, host_fields, NULL);
    for (int i = 0; i < t->nfields; i++)
        ((struct field *)t->fields)[i].column_null = i == F_CREATED_BY || i == F_UPDATED_BY;
    if ((t->flags & BERTH_OWNED) != 0)
        add_declared(b, t, owned_fields, NULL);
    if ((t->flags & BERTH_POOLED) != 0)
        add_declared(b, t, pooled_fields, NULL);
}

static char *dup_or_null(struct build *b, const char *s)
{
    return s == NULL || *s == '\0' ? NULL : arena_strdup(b->a, s);
}

static void add_custom(struct build *b, struct table *t, const struct model_custom_field *x)
{
    struct berth_field d = {.name = arena_strdup(b->a, x->name),
                            .type = x->type,
                            .flags = x->flags & ~(uint32_t)(BERTH_LOCKED | BERTH_SECRET),
                            .of = dup_or_null(b, x->of),
                            .group = dup_or_null(b, x->group),
                            .max = x->max,
                            .min = x->type == BERTH_INT || x->type == BERTH_REAL || x->type == BERTH_MONEY ? dup_or_null(b, x->min) : NULL};
    const char *why = model_name_problem(d.name);
    struct field f;

    if (why == NULL && (strncmp(d.name, "x_", 2) != 0 || d.name[2] == '\0'))
        why = "does not begin with x_, as names of added fields do";
    if ((t->flags & BERTH_CUSTOM) == 0)
        problem(b, NULL, t->name, d.name, "fields cannot be added to this table");
    else if (why != NULL)
        problem(b, NULL, t->name, d.name, "the name %s", why);
    else {
        f = field_from(b, &d, NULL);
        f.custom = true;
        add_field(b, t, f);
    }
}

static void add_fields(struct build *b, struct table *t, const struct berth_table *from)
{
    t->fields = arena_alloc(b->a, room_for(b, t, from->fields) * sizeof(struct field));
    add_host_fields(b, t);
    add_declared(b, t, from->fields, t->plugin);
    for (size_t i = 0; i < b->m->nplugins; i++)
        EACH (berth_table, d, b->m->plugins[i]->tables, name)
            if (extends(d, t->name))
                add_declared(b, t, d->fields, b->m->plugins[i]->name);
    for (size_t i = 0; i < b->extra->nfields; i++)
        if (strcmp(b->extra->fields[i].table, t->name) == 0)
            add_custom(b, t, &b->extra->fields[i]);
}

static int place_of(const struct table *t, uint32_t flag, const char *name)
{
    const struct field *f = map_get(&t->by_name, name);

    return f != NULL && (t->flags & flag) == flag ? f->at : -1;
}

static void find_places(struct table *t)
{
    const struct field *country = map_get(&t->by_name, "country");

    t->at_owner = place_of(t, BERTH_OWNED, "owner_id");
    t->at_pool = place_of(t, BERTH_POOLED, "pool_id");
    t->at_pooled_at = place_of(t, BERTH_POOLED, "pooled_at");
    t->at_claimed_at = place_of(t, BERTH_POOLED, "claimed_at");
    t->at_touched_at = place_of(t, BERTH_POOLED, "touched_at");
    t->at_prev_owner = place_of(t, BERTH_POOLED, "prev_owner_id");
    t->at_locked = place_of(t, BERTH_POOLED, "is_locked");
    t->at_due = place_of(t, BERTH_POOLED, "due_at");
    t->at_country = country != NULL && field_is_text(country) ? country->at : -1;
}

/* The statements every record needs, put together once. */
static void ready_sql(struct build *b, struct table *t)
{
    struct buf columns = BUF_INIT, marks = BUF_INIT;
    size_t read = 0;

    for (int i = 0; i < t->ncolumns; i++) {
        buf_addf(&columns, "%s%s", i > 0 ? ", " : "", t->fields[i].name);
        if (i > 0)
            buf_puts(&marks, i > 1 ? ", ?" : "?");
        if (i < t->nfields)
            read = columns.len;
    }
    t->columns = arena_strndup(b->a, buf_str(&columns), read);
    t->select_one = arena_fmt(b->a, "SELECT %s FROM %s WHERE id = ?", t->columns, t->sql);
    if (!(t->flags & BERTH_BARE)) /* behind "id, " */
        t->into = arena_fmt(b->a, "%s (%s)", t->sql, columns.s + 4);
    t->insert_whole = arena_fmt(b->a, "INSERT INTO %s (%s) VALUES (?, %s)", t->sql, buf_str(&columns),
                                buf_str(&marks));
    buf_free(&columns);
    buf_free(&marks);
}

/* ---- title and parent ------------------------------------------------------------ */

const struct field *model_said(const struct table *t, const char *locale)
{
    char name[64];
    int n;

    if (t->title == NULL || locale == NULL)
        return NULL;
    n = snprintf(name, sizeof(name), "%s_%s", t->title->name, locale);
    for (char *p = name; *p != '\0'; p++)
        *p = *p == '-' ? '_' : (char)tolower((unsigned char)*p);
    return n < (int)sizeof(name) ? map_get(&t->by_name, name) : NULL;
}

static void find_title(struct build *b, struct table *t, const char *name)
{
    if ((t->flags & BERTH_BARE) != 0)
        return;
    if (name == NULL)
        problem(b, t->plugin, t->name, NULL,
                "has no title: set .title to the field that names a record");
    else if ((t->title = map_get(&t->by_name, name)) == NULL)
        problem(b, t->plugin, t->name, NULL,
                "the title \"%s\" is none of its fields: correct .title", name);
    else if ((t->title->flags & BERTH_SECRET) != 0)
        problem(b, t->plugin, t->name, NULL, "the title \"%s\" is BERTH_SECRET", name);
    for (int i = 0; labels_locales[i] != NULL && !t->translated; i++)
        t->translated = model_said(t, labels_locales[i]) != NULL;
}

static void find_parent(struct build *b, struct table *t)
{
    if ((t->flags & BERTH_DETAIL) == 0)
        return;
    for (int i = 0; i < t->nfields && t->parent == NULL; i++) {
        const struct field *f = &t->fields[i];

        if (f->type == BERTH_REF && f->plugin != NULL && (f->flags & BERTH_REQUIRED) != 0 &&
            (f->flags & BERTH_MANY) == 0)
            t->parent = f;
    }
    if (t->parent == NULL)
        problem(b, t->plugin, t->name, NULL,
                "is BERTH_DETAIL without a required reference to the table it belongs to: add one");
}

/* "place, color" */
static void find_board(struct build *b, struct table *t, const char *names)
{
    size_t n = names == NULL ? 0 : strcspn(names, ","), skip = n;

    if (names == NULL)
        return;
    t->board_place = map_getn(&t->by_name, names, n);
    skip += strspn(names + n, ", ");
    if (names[skip] != '\0')
        t->board_color = map_get(&t->by_name, names + skip);
    if (t->board_place == NULL || t->board_place->type != BERTH_INT || (names[skip] != '\0' && (t->board_color == NULL ||
        t->board_color->type != BERTH_PICK)))
        problem(b, t->plugin, t->name, NULL, ".board \"%s\" names no whole number and choice of its fields: write \"place, color\"", names);
}

static void find_known(struct build *b, struct table *t, const char *names)
{
    char **name = names_split(b->m->arena, names, &t->nknown);
    const struct field **f = arena_alloc(b->m->arena, (t->nknown + 1) * sizeof(*f));

    if (t->nknown == 0)
        return;
    for (size_t i = 0; i < t->nknown; i++)
        if ((f[i] = map_get(&t->by_name, name[i])) == NULL)
            problem(b, t->plugin, t->name, name[i], ".known names no such field: correct it");
    t->known = f;
}

static void find_moment(struct build *b, struct table *t, const char *name)
{
    if (name == NULL)
        return;
    t->moment = map_get(&t->by_name, name);
    if (t->moment == NULL || t->moment->type != BERTH_TIME)
        problem(b, t->plugin, t->name, NULL, ".moment \"%s\" is none of its time fields: correct it", name);
}

/* Whether rows stand on the timeline of what this reference names: not of people and departments. */
static bool on_timeline(const struct table *t, const struct field *f)
{
    return t->moment != NULL && f->plugin != NULL && f->type == BERTH_REF && (f->flags & BERTH_MANY) == 0 && f->ref != NULL &&
           (f->ref->flags & BERTH_PUBLIC) == 0;
}

/* ---- what texts are sorted by ------------------------------------------------------- */

/* Texts that are offered for sorting, and the title of whatever has lists of its own, where people write them: not
 * numbers, not names of tables and fields. */
static bool is_sorted_as_read(const struct table *t, const struct field *f)
{
    bool listed = (f == t->title && (t->flags & (BERTH_DETAIL | BERTH_HIDDEN)) == 0) || (f->flags & BERTH_INDEX) != 0;

    return (t->flags & BERTH_BARE) == 0 && f->type == BERTH_TEXT && (f->flags & (BERTH_MANY | BERTH_SECRET | BERTH_LOCKED)) == 0 &&
           listed && (f->of == NULL || f->of[0] != '@') && f->at >= F_DECLARED &&
           (f->def == NULL || strcmp(f->def, "@next") != 0);
}

/* Two _ in a row, which nobody writes: "name__order". */
static void add_orders(struct build *b, struct table *t)
{
    struct field *fields = (struct field *)t->fields;

    t->ncolumns = t->nfields;
    for (int i = 0; i < t->nfields; i++) {
        struct field *o = &fields[t->ncolumns];

        if (!is_sorted_as_read(t, &fields[i]))
            continue;
        *o = (struct field){.name = arena_fmt(b->a, "%s__order", fields[i].name),
                            .type = BERTH_TEXT,
                            .at = t->ncolumns,
                            .flags = BERTH_LOCKED | BERTH_SECRET,
                            .plugin = fields[i].plugin,
                            .column_null = true,
                            .table = t,
                            .orders = &fields[i]};
        fields[i].order = o;
        t->ncolumns++;
        if (map_get(&t->by_name, o->name) != NULL)
            problem(b, o->plugin, t->name, o->name, "is what %s is sorted by: rename it", fields[i].name);
    }
}

/* ---- indexes ---------------------------------------------------------------------- */

enum { INDEX_NAME_MAX = 60 }; /* bytes; PostgreSQL cuts names at 63 */

/* ix_lead_owner_id_status, or ux_ when unique: the name tells the columns.  Long ones end in a hash. */
static const char *index_name(struct build *b, const struct table *t, const struct index *ix)
{
    struct buf name = BUF_INIT;
    uint32_t hash = 2166136261u;
    const char *kept;

    buf_addf(&name, "%s_%s", ix->unique ? "ux" : "ix", t->name);
    for (size_t i = 0; i < ix->n; i++)
        buf_addf(&name, "_%s", ix->on[i]->name);
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.s[i]) * 16777619u;
    kept = name.len <= INDEX_NAME_MAX
               ? arena_strdup(b->a, name.s)
               : arena_fmt(b->a, "%.*s_%08x", INDEX_NAME_MAX - 9, name.s, hash);
    buf_free(&name);
    return kept;
}

static bool index_same(const struct index *x, const struct index *y)
{
    if (x->n != y->n)
        return false;
    for (size_t i = 0; i < x->n; i++)
        if (x->on[i] != y->on[i])
            return false;
    return true;
}

/* A second index on the same columns only makes the first one unique. */
static void add_index(struct build *b, struct table *t, struct index ix)
{
    struct index *all = (struct index *)t->indexes;

    for (size_t i = 0; i < t->nindexes; i++)
        if (index_same(&all[i], &ix)) {
            all[i].unique = all[i].unique || ix.unique;
            all[i].once = all[i].once || ix.once;
            all[i].name = index_name(b, t, &all[i]);
            return;
        }
    ix.name = index_name(b, t, &ix);
    all[t->nindexes++] = ix;
    t->unique = t->unique || ix.unique;
}

static void add_index_on(struct build *b, struct table *t, const struct field *f, bool unique)
{
    const struct field **on = arena_alloc(b->a, sizeof(const struct field *));

    *on = f;
    add_index(b, t, (struct index){.on = on, .n = 1, .unique = unique, .sparse = (f->flags & BERTH_SPARSE) != 0});
}

static void add_key(struct build *b, struct table *t, const struct berth_key *key,
                    const char *plugin)
{
    size_t n, found = 0;
    char **names = names_split(b->a, key->on, &n);
    const struct field **on = arena_alloc(b->a, (n + 1) * sizeof(const struct field *));

    for (size_t i = 0; i < n; i++) {
        on[found] = map_get(&t->by_name, names[i]);
        if (on[found] == NULL)
            problem(b, plugin, t->name, NULL,
                    "the key \"%s\" names %s, which is none of its fields", key->on, names[i]);
        else if ((on[found]->flags & BERTH_MANY) != 0)
            problem(b, plugin, t->name, names[i], "holds several values and cannot be in a key");
        else
            found++;
        if (found == n && (key->flags & (BERTH_UNIQUE | BERTH_ONCE)) == 0)
            on[n - 1] = field_order(on[n - 1]);
    }
    if (n == 0)
        problem(b, plugin, t->name, NULL, "has a key without fields");
    if ((key->flags & ~(uint32_t)(BERTH_UNIQUE | BERTH_ONCE)) != 0)
        problem(b, plugin, t->name, NULL, "the key \"%s\": only BERTH_UNIQUE and BERTH_ONCE may be set on keys",
                key->on);
    if (found == n && n > 0)
        add_index(b, t,
                  (struct index){.on = on, .n = n, .unique = (key->flags & BERTH_UNIQUE) != 0, .once = (key->flags & BERTH_ONCE) != 0});
}

static bool wants_index(const struct table *t, const struct field *f)
{
    if (f->at == F_ID && (t->flags & BERTH_BARE) == 0)
        return false; /* the primary key */
    return f == t->parent || (f->flags & (BERTH_INDEX | BERTH_UNIQUE)) != 0;
}

/* Declared keys first: the first one of a BERTH_BARE table is its primary key. */
static void add_indexes(struct build *b, struct table *t)
{
    size_t room = 2 * (size_t)t->ncolumns + 1;

    for (size_t i = 0; i < b->m->nplugins; i++)
        EACH (berth_table, d, b->m->plugins[i]->tables, name)
            EACH (berth_key, k, d->keys, on)
                room++;
    t->indexes = arena_alloc(b->a, room * sizeof(struct index));
    for (size_t i = 0; i < b->m->nplugins; i++)
        EACH (berth_table, d, b->m->plugins[i]->tables, name)
            if (strcmp(d->name, t->name) == 0)
                EACH (berth_key, k, d->keys, on)
                    add_key(b, t, k, b->m->plugins[i]->name);
    for (int i = 0; i < t->nfields; i++) {
        const struct field *f = &t->fields[i];

        if (f->order != NULL)
            add_index_on(b, t, f->order, false);
        if (f->order == NULL ? wants_index(t, f) : (f->flags & BERTH_UNIQUE) != 0)
            add_index_on(b, t, f, (f->flags & BERTH_UNIQUE) != 0);
    }
    for (int i = 0; i < t->nfields; i++)
        if (on_timeline(t, &t->fields[i])) {
            const struct field **on = arena_alloc(b->a, 2 * sizeof(const struct field *));

            on[0] = &t->fields[i];
            on[1] = t->moment;
            add_index(b, t, (struct index){.on = on, .n = 2});
        }
}

/* ---- whole tables ------------------------------------------------------------------ */

static void check_bare(struct build *b, struct table *t)
{
    const struct index *key = t->indexes;
    int identities = 0;

    for (int i = 0; i < t->nfields; i++)
        if (t->fields[i].def != NULL && strcmp(t->fields[i].def, "@seq") == 0) {
            identities++;
            if ((t->flags & BERTH_BARE) == 0 || t->nindexes == 0 || key->n != 1 ||
                key->on[0] != &t->fields[i])
                problem(b, t->plugin, t->name, t->fields[i].name,
                        "\"@seq\" is for the one field of a BERTH_BARE table's first key");
        }
    if ((t->flags & BERTH_BARE) == 0)
        return;
    if (t->nindexes == 0)
        problem(b, t->plugin, t->name, NULL,
                "is BERTH_BARE without a key: the first of .keys is its primary key");
    for (size_t i = 0; t->nindexes > 0 && i < key->n; i++)
        ((struct field *)key->on[i])->column_null = false;
    if ((t->flags & ~(uint32_t)(BERTH_BARE | BERTH_HIDDEN | BERTH_ADMIN)) != 0)
        problem(b, t->plugin, t->name, NULL,
                "BERTH_BARE goes with BERTH_ADMIN and BERTH_HIDDEN only");
}

static void check_flags(struct build *b, const struct table *t)
{
    if ((t->flags & ~(uint32_t)TABLE_FLAGS) != 0)
        problem(b, t->plugin, t->name, NULL,
                "has flags this host does not know (0x%x): build the plugin for this host",
                t->flags & ~(uint32_t)TABLE_FLAGS);
    if ((t->flags & BERTH_POOLED) != 0 && (t->flags & BERTH_OWNED) == 0)
        problem(b, t->plugin, t->name, NULL, "is BERTH_POOLED, which needs BERTH_OWNED as well");
    if ((t->flags & BERTH_DETAIL) != 0 && (t->flags & BERTH_OWNED) != 0)
        problem(b, t->plugin, t->name, NULL,
                "is BERTH_DETAIL, seen with its parent, so it cannot be BERTH_OWNED too");
}

/* "sales: own create; manager: tree create delete": see berth.h. */
static void check_rights(struct build *b, const struct table *t)
{
    static const char *const words[] = {"own",  "team",   "department", "tree",   "all",
                                        "read", "create", "delete",     "import", "export"};
    char *rest = t->rights != NULL ? arena_strdup(b->a, t->rights) : NULL;

    for (char *role; (role = strsep(&rest, ";")) != NULL;) {
        char *rights = role, *name = strsep(&rights, ":");

        if (rights == NULL) {
            problem(b, t->plugin, t->name, NULL,
                    ".rights: \"%s\" has no colon; write \"sales: own create\"", name);
            continue;
        }
        for (char *word; (word = strsep(&rights, " ")) != NULL;) {
            bool known = *word == '\0';

            for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                known = known || strcmp(word, words[i]) == 0;
            if (!known)
                problem(b, t->plugin, t->name, NULL, ".rights: \"%s\" is no right", word);
        }
    }
}

static void finish_table(struct build *b, struct table *t, const struct berth_table *from)
{
    for (int i = 0; i < t->nfields; i++) {
        struct field *f = (struct field *)&t->fields[i];

        field_link(b, f, t->name);
        t->belongs = t->belongs || (f->flags & BERTH_BELONGS) != 0;
        t->searched = t->searched || (f->flags & BERTH_SEARCH) != 0;
        t->duplicates = t->duplicates || f->key_kind != KEY_NONE;
        if (f->def != NULL && strcmp(f->def, "@next") == 0) {
            if (t->number != NULL)
                problem(b, f->plugin, t->name, f->name, "is a second field with default \"@next\"");
            t->number = f;
        }
        t->reminds = t->reminds || f->remind != NULL;
        if (f->when != NULL)
            filter_check(b, t, f->plugin, arena_fmt(b->a, ".when of %s", f->name), f->when);
    }
    find_title(b, t, from->title);
    add_orders(b, t);
    ready_sql(b, t);
    find_parent(b, t);
    find_moment(b, t, from->moment);
    find_board(b, t, from->board);
    find_known(b, t, from->known);
    add_indexes(b, t);
    check_bare(b, t);
    check_flags(b, t);
    check_rights(b, t);
    if (t->kept != NULL && (t->flags & BERTH_POOLED) == 0)
        problem(b, t->plugin, t->name, NULL, ".kept is for BERTH_POOLED tables: take it off");
    else if (t->kept != NULL)
        filter_check(b, t, t->plugin, ".kept", t->kept);
}

const char *model_name_taken(const char *name)
{
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        if (strncmp(name, taken[i].prefix, strlen(taken[i].prefix)) == 0)
            return taken[i].why;
    return NULL;
}

static bool table_name_ok(struct build *b, const char *plugin, const char *name)
{
    /* No other word for it will do; table.sql quotes it. */
    const char *why = strcmp(name, "user") == 0 ? NULL : model_name_problem(name);

    if (why == NULL)
        why = model_name_taken(name);
    if (why != NULL)
        problem(b, plugin, name, NULL, "the name %s", why);
    return why == NULL;
}

static void begin_table(struct build *b, const char *plugin, const struct berth_table *d)
{
    struct table *t = &b->tables[b->m->ntables];
    const struct table *there = map_get(&b->m->table_by_name, d->name);

    if (there != NULL) {
        problem(b, plugin, d->name, NULL,
                "plugin %s has a table of that name already: rename one of them, or set "
                "BERTH_EXTEND to add fields to it",
                there->plugin);
        return;
    }
    if (!table_name_ok(b, plugin, d->name))
        return;
    *t = (struct table){.name = d->name,
                        .plugin = plugin,
                        .icon = d->icon,
                        .rights = d->rights,
                        .flags = d->flags,
                        .version = d->version,
                        .upgrade = d->upgrade,
                        .was = d->was,
                        .kept = d->kept,
                        .at = (int)b->m->ntables};
    t->sql = strcmp(d->name, "user") == 0 ? "\"user\"" : d->name;
    b->m->ntables++;
    map_put(&b->m->table_by_name, t->name, t);
}

static const struct berth_table *declaration(const struct build *b, const struct table *t)
{
    for (size_t i = 0; i < b->m->nplugins; i++)
        EACH (berth_table, d, b->m->plugins[i]->tables, name)
            if (strcmp(b->m->plugins[i]->name, t->plugin) == 0 && strcmp(d->name, t->name) == 0 &&
                (d->flags & BERTH_EXTEND) == 0)
                return d;
    return NULL; /* not reached: the table came from there */
}

static void check_extend(struct build *b, const struct berth_plugin *p, const struct berth_table *d)
{
    const struct table *t = map_get(&b->m->table_by_name, d->name);

    if (t == NULL)
        problem(b, p->name, d->name, NULL,
                "BERTH_EXTEND adds fields to a table that does not exist: name its plugin in "
                ".needs");
    else if ((t->flags & BERTH_BARE) != 0)
        problem(b, p->name, d->name, NULL, "is BERTH_BARE and cannot be extended");
    if (d->flags != BERTH_EXTEND)
        problem(b, p->name, d->name, NULL, "BERTH_EXTEND stands alone: take the other flags off");
}

void build_tables(struct build *b)
{
    struct model *m = b->m;
    size_t room = 0;

    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_table, d, m->plugins[i]->tables, name)
            room++;
    b->tables = arena_alloc(b->a, (room + 1) * sizeof(*b->tables));
    m->tables = b->tables;
    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_table, d, m->plugins[i]->tables, name)
            if ((d->flags & BERTH_EXTEND) == 0)
                begin_table(b, m->plugins[i]->name, d);
    for (size_t i = 0; i < m->nplugins; i++)
        EACH (berth_table, d, m->plugins[i]->tables, name)
            if ((d->flags & BERTH_EXTEND) != 0)
                check_extend(b, m->plugins[i], d);
    for (size_t i = 0; i < m->ntables; i++) {
        add_fields(b, &b->tables[i], declaration(b, &b->tables[i]));
        find_places(&b->tables[i]);
    }
    for (size_t i = 0; i < m->ntables; i++)
        finish_table(b, &b->tables[i], declaration(b, &b->tables[i]));
    m->users = model_table(m, "user");
}
