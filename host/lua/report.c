/* report.c - reports in scripts/reports: a file returns one, as data; its SQL is checked against the model.
 *
 *     -- Where leads come from (Ms. Li, 2026-11).
 *     return {
 *       title = {en = "Leads by source", vi = "Khách tiềm năng theo nguồn"},
 *       form = {{name = "from", type = "date", title = "From"}},
 *       columns = {{of = "lead.source"}, {name = "leads", type = "int", title = "Leads"}},
 *       charts = "bar source leads",
 *       sql = [[SELECT source, count(*) FROM lead WHERE :from IS NULL OR created_at >= :from GROUP BY source]],
 *     } */
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/set.h"
#include "record/report.h"

enum { FIELDS_MAX = 60, TITLES_MAX = 12, NAME_MAX_ = 48 };

struct reading {
    struct arena *a;
    const struct model *m;
    struct script *script;
    struct script_report *r;
};

static bool is_name(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_");

    return n > 0 && n <= NAME_MAX_ && s[n] == '\0';
}

/* ---- members of the table on top of the stack -------------------------------------------------------- */
static const char *text(lua_State *L, struct reading *x, const char *key, bool needed)
{
    const char *s;

    if (lua_getfield(L, -1, key) == LUA_TNIL && needed)
        luaL_error(L, "'%s' is missing", key);
    if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TSTRING)
        luaL_error(L, "'%s' is a text", key);
    s = lua_isnil(L, -1) ? NULL : arena_strdup(x->a, lua_tostring(L, -1));
    lua_pop(L, 1);
    return s;
}

static void known(lua_State *L, const char *const *keys)
{
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
        const char *const *k = keys;

        while (lua_type(L, -2) == LUA_TSTRING && *k != NULL && strcmp(*k, lua_tostring(L, -2)) != 0)
            k++;
        if (lua_type(L, -2) != LUA_TSTRING || *k == NULL)
            luaL_error(L, "there is no '%s' here", lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "[number]");
    }
}

/* One text, or one a language. */
static struct script_title words(lua_State *L, struct reading *x, const char *key)
{
    const char **locale = arena_alloc(x->a, TITLES_MAX * sizeof(*locale)), **text = arena_alloc(x->a, TITLES_MAX * sizeof(*text));
    struct script_title t = {locale, text, 0};

    if (lua_getfield(L, -1, key) == LUA_TSTRING) {
        text[t.n++] = arena_strdup(x->a, lua_tostring(L, -1));
    } else if (lua_istable(L, -1)) {
        for (lua_pushnil(L); lua_next(L, -2) != 0 && t.n < TITLES_MAX; lua_pop(L, 1)) {
            if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
                luaL_error(L, "'%s' is a text, or {en = \"...\", [\"zh-CN\"] = \"...\"}", key);
            locale[t.n] = arena_strdup(x->a, lua_tostring(L, -2));
            text[t.n++] = arena_strdup(x->a, lua_tostring(L, -1));
        }
    } else if (!lua_isnil(L, -1)) {
        luaL_error(L, "'%s' is a text, or {en = \"...\", [\"zh-CN\"] = \"...\"}", key);
    }
    lua_settop(L, lua_gettop(L) - 1);
    return t;
}

/* "lead.source": a field that this one is like. */
static const struct field *like(lua_State *L, struct reading *x, const char *of)
{
    const char *dot = of == NULL ? NULL : strchr(of, '.');
    const struct table *t = dot == NULL ? NULL : model_table(x->m, arena_strndup(x->a, of, (size_t)(dot - of)));
    const struct field *f = t == NULL ? NULL : model_field(t, dot + 1);

    if (t != NULL && f == NULL)
        luaL_error(L, "table %s has no field '%s'", t->name, dot + 1);
    return f;
}

static void read_field(lua_State *L, struct reading *x, struct script_field *f)
{
    static const char *const keys[] = {"name", "type", "of", "title", NULL};
    const char *name, *type, *of;

    if (!lua_istable(L, -1))
        luaL_error(L, "a field is a table: {name = \"from\", type = \"date\"}");
    known(L, keys);
    type = text(L, x, "type", false);
    of = text(L, x, "of", false);
    f->like = like(L, x, of);
    name = text(L, x, "name", f->like == NULL);
    f->f = f->like != NULL ? *f->like : (struct field){.of = of, .dict = of == NULL ? NULL : model_dict(x->m, of),
                                                      .ref = of == NULL ? NULL : model_table(x->m, of)};
    if (type != NULL)
        f->f.type = model_type(type);
    f->f.name = name == NULL ? f->like->name : name;
    f->f.flags = 0;
    if (!is_name(f->f.name))
        luaL_error(L, "'%s' is no name: small letters, digits and _", f->f.name);
    if (f->f.type == BERTH_NULL || f->f.type == BERTH_FILE || f->f.type == BERTH_JSON)
        luaL_error(L, type == NULL ? "'%s' needs a type, or 'of'" : "'%s' is no type that it may have", type == NULL ? f->f.name : type);
    if ((f->f.type == BERTH_PICK && f->f.dict == NULL) || (f->f.type == BERTH_REF && f->f.ref == NULL))
        luaL_error(L, "field '%s': 'of' names a %s", f->f.name, f->f.type == BERTH_PICK ? "dictionary" : "table");
    f->title = words(L, x, "title");
}

static const struct script_field *fields(lua_State *L, struct reading *x, const char *key, size_t *n)
{
    struct script_field *all = NULL;

    *n = 0;
    if (lua_getfield(L, -1, key) != LUA_TNIL && !lua_istable(L, -1))
        luaL_error(L, "'%s' is a list of fields", key);
    if (lua_istable(L, -1)) {
        *n = (size_t)lua_rawlen(L, -1);
        if (*n > FIELDS_MAX)
            luaL_error(L, "'%s' has more than %d fields", key, FIELDS_MAX);
        all = arena_alloc(x->a, (*n + 1) * sizeof(*all));
        for (size_t i = 0; i < *n; i++) {
            lua_rawgeti(L, -1, (lua_Integer)i + 1);
            read_field(L, x, &all[i]);
            lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
    return all;
}

/* ---- the report -------------------------------------------------------------------------------------- */
/* A report on tables of a plugin that is off waits for it. */
static bool missing(lua_State *L, struct reading *x)
{
    const char *needs = text(L, x, "needs", false);

    while (needs != NULL && *needs != '\0') {
        size_t n = strcspn(needs, ", ");

        if (n > 0 && model_table(x->m, arena_strndup(x->a, needs, n)) == NULL)
            return true;
        needs += n + strspn(needs + n, ", ");
    }
    return false;
}

static int read_report(lua_State *L)
{
    static const char *const keys[] = {"title", "help", "nav", "icon", "perm", "needs", "form", "columns", "charts", "sql", NULL};
    struct reading *x = lua_touserdata(L, 1);
    struct script_report *r = x->r;
    const char *name = strrchr(x->script->file, '/') + 1;

    box_load(L, x->script->source, x->script->len, x->script->file);
    lua_call(L, 0, 1);
    if (!lua_istable(L, -1))
        return luaL_error(L, "a report's file ends with: return {title = ..., columns = {...}, sql = [[...]]}");
    known(L, keys);
    r->name = arena_fmt(x->a, "script.%.*s", (int)strlen(name) - 4, name);
    r->about = x->script->about;
    if (!is_name(r->name + 7))
        return luaL_error(L, "its file's name is made of small letters, digits and _");
    r->idle = missing(L, x);
    if (r->idle)
        return 0;
    r->title = words(L, x, "title");
    r->help = words(L, x, "help");
    r->nav = text(L, x, "nav", false);
    r->icon = text(L, x, "icon", false);
    r->charts = text(L, x, "charts", false);
    r->perm = text(L, x, "perm", false);
    r->sql = text(L, x, "sql", true);
    r->form = fields(L, x, "form", &r->nform);
    r->columns = fields(L, x, "columns", &r->ncolumns);
    if (r->ncolumns == 0)
        return luaL_error(L, "'columns' is missing: what the SELECT gives, in its order");
    if (r->perm != NULL && map_get(&x->m->perm_by_name, r->perm) == NULL)
        return luaL_error(L, "there is no permission '%s'", r->perm);
    return 0;
}

static bool has_field(const struct script_report *r, const char *name)
{
    for (size_t i = 0; i < r->nform; i++)
        if (strcmp(r->form[i].f.name, name) == 0)
            return true;
    return strcmp(name, "today") == 0 || strcmp(name, "me") == 0;
}

static void check_sql(const struct script_report *r, struct db_conn *c, struct buf *err)
{
    struct db_stmt *s;

    if (!db_report_sound(c, r->sql, err))
        return;
    s = db_prepare(c, r->sql);
    if (db_col_count(s) != (int)r->ncolumns)
        buf_addf(err, "the SELECT gives %d columns, and 'columns' names %zu", db_col_count(s), r->ncolumns);
    for (int i = 1; i <= db_param_count(s) && err->len == 0; i++)
        if (db_param_name(s, i) == NULL || !has_field(r, db_param_name(s, i)))
            buf_addf(err, "the form has no field '%s'; :today and :me are there without one",
                     db_param_name(s, i) == NULL ? "?" : db_param_name(s, i));
    db_reset(s);
}

/* The line of what a message names, in quotes or as its last word: the database, and who reads a table, know none. */
static int line_of(const char *source, const char *message)
{
    const char *from = strpbrk(message, "'\""), *at;
    size_t n = from == NULL ? 0 : strcspn(from + 1, "'\"");
    char word[64];
    int line = 1;

    if (n > 0) {
        from++;
    } else {
        from = strrchr(message, ' ') == NULL ? message : strrchr(message, ' ') + 1;
        n = strlen(from);
    }
    snprintf(word, sizeof(word), "%.*s", (int)n, from);
    at = *word == '\0' ? NULL : strstr(source, word);
    for (const char *c = source; at != NULL && c < at; c++)
        line += *c == '\n';
    return line;
}

int report_read(struct vm *vm, struct arena *a, const struct model *m, struct script *script, bool custom_unknown, struct buf *err,
                struct box_failure *f)
{
    static const struct box_budget budget = {10000000, 1000, 1000};
    struct reading x = {a, m, script, arena_alloc(a, sizeof(*x.r))};
    struct db_conn *c;

    if (box_run(vm_box(vm), &budget, read_report, &x, err, f) < 0) {
        f->line = f->line > 0 ? f->line : line_of(script->source, buf_str(err));
        return -1;
    }
    script->report = x.r;
    c = x.r->idle ? NULL : report_check(m, x.r->sql, err);
    if (c != NULL)
        check_sql(x.r, c, err);
    db_conn_close(&c);
    if (err->len == 0 || (custom_unknown && strstr(buf_str(err), "x_") != NULL))
        return 0;
    *f = (struct box_failure){.why = BOX_ERROR, .line = line_of(script->source, buf_str(err))};
    return -1;
}
