/* fields.c - one field: from its declaration to what the host works with. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/money.h"
#include "base/when.h"
#include "model/build.h"
#include "model/remind.h"

#define TYPES (BERTH_ROW + 1)
enum { MANY_MAX = 4000 };
enum { FIELD_FLAGS = ((1 << 14) - 1) | BERTH_SPARSE };

static const int32_t default_max[TYPES] = {
    [BERTH_TEXT] = 200, [BERTH_LONG] = 20000, [BERTH_PHONE] = 200,    [BERTH_EMAIL] = 254,
    [BERTH_URL] = 2000, [BERTH_PICK] = 40,    [BERTH_JSON] = 1000000,
};

static const char *const type_names[TYPES] = {
    [BERTH_NULL] = "null",   [BERTH_TEXT] = "text",   [BERTH_LONG] = "long",
    [BERTH_PHONE] = "phone", [BERTH_EMAIL] = "email", [BERTH_URL] = "url",
    [BERTH_INT] = "int",     [BERTH_REAL] = "real",   [BERTH_BOOL] = "bool",
    [BERTH_MONEY] = "money", [BERTH_DATE] = "date",   [BERTH_TIME] = "time",
    [BERTH_PICK] = "pick",   [BERTH_REF] = "ref",     [BERTH_FILE] = "file",
    [BERTH_JSON] = "json",   [BERTH_ROW] = "row",
};

const char *model_type_name(enum berth_type t)
{
    return t >= BERTH_NULL && t < TYPES ? type_names[t] : "unknown";
}

enum berth_type model_type(const char *name)
{
    for (int t = BERTH_TEXT; t < BERTH_ROW; t++)
        if (strcmp(type_names[t], name) == 0)
            return (enum berth_type)t;
    return BERTH_NULL;
}

struct field field_from(struct build *b, const struct berth_field *d, const char *plugin)
{
    struct field f = {.name = d->name,
                      .type = d->type,
                      .flags = d->flags,
                      .of = d->of,
                      .def = d->def,
                      .group = d->group,
                      .when = d->when,
                      .was = d->was,
                      .max = d->max,
                      .min = d->min,
                      .least = d->min == NULL ? 0 : strtod(d->min, NULL),
                      .remind = d->remind,
                      .where = d->where,
                      .plugin = plugin,
                      .column_null = true};

    if (f.max == 0 && f.type > BERTH_NULL && f.type < TYPES)
        f.max = (f.flags & BERTH_MANY) != 0 ? MANY_MAX : default_max[f.type];
    f.json_key = arena_fmt(b->a, "\"%s\":null", d->name);
    f.json_key_len = strlen(f.json_key) - strlen("null");
    return f;
}

/* ---- default values ---------------------------------------------------------- */

static bool default_is_int(const char *def)
{
    char *end;

    (void)strtoll(def, &end, 10);
    return *def != '\0' && *end == '\0';
}

static bool default_is_real(const char *def)
{
    char *end;

    (void)strtod(def, &end);
    return *def != '\0' && *end == '\0';
}

static bool default_fits(const struct field *f)
{
    const char *def = f->def;
    int64_t v;

    switch (f->type) {
    case BERTH_INT:
        return default_is_int(def) || strcmp(def, "@seq") == 0;
    case BERTH_REAL:
        return default_is_real(def);
    case BERTH_BOOL:
        return strcmp(def, "true") == 0 || strcmp(def, "false") == 0;
    case BERTH_MONEY:
        return money_parse(def, strlen(def), &v);
    case BERTH_DATE:
        return strcmp(def, "@today") == 0 || when_date_parse(def, strlen(def), &v);
    case BERTH_TIME:
        return strcmp(def, "@now") == 0 || when_time_parse(def, strlen(def), &v);
    case BERTH_REF:
        return f->of != NULL && strcmp(f->of, "user") == 0 && strcmp(def, "@user") == 0;
    case BERTH_PICK:
        return f->dict == NULL || (f->flags & BERTH_MANY) != 0 ||
               map_get(&f->dict->by_key, def) != NULL;
    case BERTH_FILE:
    case BERTH_ROW:
    case BERTH_NULL:
        return false;
    default:
        return def[0] != '@' || (strcmp(def, "@next") == 0 && f->type == BERTH_TEXT);
    }
}

/* ---- what .of names ------------------------------------------------------------ */

static const struct berth_plugin *plugin_of_dict(const struct build *b, const char *full)
{
    size_t len = strcspn(full, ".");

    for (size_t i = 0; i < b->m->nplugins; i++)
        if (strncmp(b->m->plugins[i]->name, full, len) == 0 && b->m->plugins[i]->name[len] == '\0')
            return b->m->plugins[i];
    return NULL;
}

static void link_pick(struct build *b, struct field *f, const char *table)
{
    const char *of = f->of;

    if (of == NULL) {
        problem(b, f->plugin, table, f->name,
                "a pick names its dictionary: set .of, e.g. \"status\" or \"base.country\"");
        return;
    }
    if (strchr(of, '.') == NULL && f->plugin != NULL)
        of = arena_fmt(b->a, "%s.%s", f->plugin, of);
    f->of = of;
    f->dict = map_get(&b->m->dict_by_name, of);
    if (f->dict != NULL)
        return;
    if (plugin_of_dict(b, of) != NULL) {
        problem(b, f->plugin, table, f->name,
                "the dictionary %s does not exist: declare it in .dicts of plugin %.*s", of,
                (int)strcspn(of, "."), of);
    } else if (f->custom) {
        note(b, f->plugin, table, f->name, "the dictionary %s is off, so the field is plain text",
             of);
        f->type = BERTH_TEXT;
        f->of = NULL;
    } else {
        problem(b, f->plugin, table, f->name,
                "the dictionary %s needs plugin %.*s: enable it, and name it in .needs", of,
                (int)strcspn(of, "."), of);
    }
}

static void link_ref(struct build *b, struct field *f, const char *table)
{
    if (f->of == NULL) {
        problem(b, f->plugin, table, f->name, "a reference names its table: set .of");
        return;
    }
    f->ref = map_get(&b->m->table_by_name, f->of);
    if (f->ref != NULL && (f->ref->flags & BERTH_BARE) != 0)
        problem(b, f->plugin, table, f->name,
                "refers to %s, whose records have no id: refer to another table", f->of);
    if (f->ref == NULL && f->plugin != NULL)
        note(b, f->plugin, table, f->name,
             "refers to table %s, which no enabled plugin has; shown as plain text", f->of);
}

static bool names_something(const char *of)
{
    return strcmp(of, "@table") == 0 || strcmp(of, "@pooled") == 0 || strcmp(of, "@field") == 0 || strcmp(of, "@fields") == 0 ||
           strcmp(of, "@date") == 0 || strncmp(of, "@fields ", 8) == 0;
}

static void link_key(struct build *b, struct field *f, const char *table)
{
    bool company = f->type == BERTH_TEXT && f->of != NULL && strcmp(f->of, "company") == 0;
    bool code = f->type == BERTH_TEXT && f->of != NULL && strcmp(f->of, "code") == 0;

    if (f->type == BERTH_TEXT && f->of != NULL && !company && !code && !names_something(f->of) &&
        (strcmp(f->of, "@told") != 0 || f->plugin != NULL))
        problem(b, f->plugin, table, f->name,
                "\"%s\" is no way of comparing texts: set .of to \"company\", \"code\" or nothing",
                f->of);
    if ((f->flags & BERTH_DUPLICATE) == 0)
        return;
    f->key_group = f->name;
    switch (f->type) {
    case BERTH_TEXT:
        f->key_kind = company ? KEY_COMPANY : code ? KEY_CODE : KEY_EXACT;
        return;
    case BERTH_PHONE:
        f->key_kind = KEY_PHONE;
        f->key_group = f->of != NULL ? f->of : "phone";
        return;
    case BERTH_EMAIL:
        f->key_kind = KEY_EMAIL;
        f->key_group = "email";
        return;
    case BERTH_URL:
        f->key_kind = KEY_EXACT;
        return;
    default:
        problem(b, f->plugin, table, f->name,
                "BERTH_DUPLICATE compares text, phone, email and url fields only: take it off");
    }
}

static void check_flags(struct build *b, const struct field *f, const char *table)
{
    bool pick_or_ref = f->type == BERTH_PICK || f->type == BERTH_REF;

    if ((f->flags & ~(uint32_t)FIELD_FLAGS) != 0)
        problem(b, f->plugin, table, f->name,
                "has flags this host does not know (0x%x): build the plugin for this host",
                f->flags & ~(uint32_t)FIELD_FLAGS);
    if ((f->flags & BERTH_MANY) != 0 && !pick_or_ref)
        problem(b, f->plugin, table, f->name,
                "BERTH_MANY is for picks and references: use a BERTH_DETAIL table instead");
    if ((f->flags & (BERTH_BELONGS | BERTH_AROUND | BERTH_LISTED)) != 0 &&
        (f->type != BERTH_REF || (f->flags & BERTH_MANY) != 0))
        problem(b, f->plugin, table, f->name,
                "BERTH_BELONGS, BERTH_AROUND and BERTH_LISTED are for references to one record: take them off");
    if ((f->flags & BERTH_MANY) != 0 && (f->flags & (BERTH_UNIQUE | BERTH_INDEX)) != 0)
        problem(b, f->plugin, table, f->name,
                "several values in one field cannot be unique or sorted by: take the flag off");
    if ((f->flags & BERTH_SPARSE) != 0 && ((f->flags & (BERTH_INDEX | BERTH_UNIQUE)) != BERTH_INDEX || field_is_text(f)))
        problem(b, f->plugin, table, f->name,
                "BERTH_SPARSE goes with BERTH_INDEX, without BERTH_UNIQUE, on what is no text: take it off");
    if ((f->flags & BERTH_SEARCH) != 0 && !field_is_text(f))
        problem(b, f->plugin, table, f->name,
                "BERTH_SEARCH is for fields that hold text: take it off");
    if ((f->flags & BERTH_SECRET) != 0 &&
        (f->flags & (BERTH_SEARCH | BERTH_LIST | BERTH_FILTER | BERTH_DUPLICATE)) != 0)
        problem(b, f->plugin, table, f->name,
                "a BERTH_SECRET field can be neither listed, filtered nor searched");
}

/* As JSON has it, in which it is told: no ".5", no "007". */
static bool is_json_number(const char *s)
{
    const char *digits = s += *s == '-';

    s += strspn(s, "0123456789");
    if (s == digits || (*digits == '0' && s > digits + 1))
        return false;
    if (*s == '.') {
        size_t n = strspn(s + 1, "0123456789");

        if (n == 0)
            return false;
        s += 1 + n;
    }
    return *s == '\0';
}

static void check_bounds(struct build *b, const struct field *f, const char *table)
{
    if (f->max < 0)
        problem(b, f->plugin, table, f->name, ".max is negative");
    if (f->min == NULL)
        return;
    if (!field_is_number(f))
        problem(b, f->plugin, table, f->name, ".min is for numbers: take it off");
    else if (!is_json_number(f->min))
        problem(b, f->plugin, table, f->name, ".min \"%s\" is not a number such as \"0\" or \"-0.5\"", f->min);
    else if (f->max > 0 && f->least > f->max)
        problem(b, f->plugin, table, f->name, ".min is more than .max");
}

static void check_remind(struct build *b, const struct field *f, const char *table)
{
    struct remind r;

    if (f->remind == NULL)
        return;
    if ((f->type != BERTH_DATE && f->type != BERTH_TIME) || (f->flags & BERTH_INDEX) == 0)
        problem(b, f->plugin, table, f->name, ".remind is for dates and times that are BERTH_INDEX");
    else if (!remind_parse(f->remind, f->type == BERTH_DATE, &r))
        problem(b, f->plugin, table, f->name,
                ".remind \"%s\": write \"0d, -7d\", for times \"-15m\", for birthdays \"yearly -3d\"", f->remind);
}

/* '@self' in a filter becomes the table's name; and are the names in it fields, there and here? */
static void link_where(struct build *b, struct field *f, const char *table)
{
    static const char self[] = "'@self'";
    const struct table *own;
    const char *at;

    if (f->where == NULL)
        return;
    own = table == NULL ? NULL : map_get(&b->m->table_by_name, table); /* NULL: of settings and reports */
    if (f->type != BERTH_REF || (own == NULL && strstr(f->where, self) != NULL)) {
        problem(b, f->plugin, table, f->name, ".where says which records a reference may name: take it off");
        return;
    }
    while ((at = strstr(f->where, self)) != NULL)
        f->where = arena_fmt(b->a, "%.*s'%s'%s", (int)(at - f->where), f->where, table, at + strlen(self));
    if (f->ref != NULL)
        filter_check(b, f->ref, f->plugin, arena_fmt(b->a, ".where of %s", f->name), f->where);
    for (at = f->where; own != NULL && (at = strchr(at, '@')) != NULL; at++) {
        size_t n = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");

        if (!model_macro(at + 1, n) && map_getn(&own->by_name, at + 1, n) == NULL)
            problem(b, f->plugin, table, f->name, ".where names @%.*s, which is none of its fields", (int)n, at + 1);
    }
}

/* "@currency" of an amount: the field of the record that says in what it is. */
static void check_unit(struct build *b, const struct field *f, const char *table)
{
    const struct table *own = table == NULL ? NULL : map_get(&b->m->table_by_name, table);
    const struct field *unit;

    if (f->type != BERTH_MONEY || f->of == NULL || f->of[0] != '@')
        return;
    unit = own == NULL ? NULL : map_get(&own->by_name, f->of + 1);
    if (unit == NULL || unit->type != BERTH_PICK || (unit->flags & BERTH_MANY) != 0)
        problem(b, f->plugin, table, f->name, ".of names %s, which is no choice of one among its fields", f->of);
}

void field_link(struct build *b, struct field *f, const char *table)
{
    if (f->type <= BERTH_NULL || f->type >= BERTH_ROW) {
        problem(b, f->plugin, table, f->name, "has no type a column can hold: set .type");
        return;
    }
    check_flags(b, f, table);
    check_bounds(b, f, table);
    check_unit(b, f, table);
    check_remind(b, f, table);
    if (f->type == BERTH_PICK)
        link_pick(b, f, table);
    else if (f->type == BERTH_REF)
        link_ref(b, f, table);
    link_where(b, f, table);
    link_key(b, f, table);
    if (f->def != NULL && !default_fits(f))
        problem(b, f->plugin, table, f->name, "the default \"%s\" is not a value of type %s",
                f->def, model_type_name(f->type));
}
