/* openapi.c - the OpenAPI 3.0 document of what this user may do, from the declarations. */
#include <string.h>

#include "web/app.h"

static void open_key(struct json *j, const char *key, char bracket)
{
    json_key(j, key);
    json_open(j, bracket);
}

static void ref_to(struct json *j, const char *what)
{
    struct buf b = BUF_INIT;

    buf_addf(&b, "#/components/%s", what);
    json_open(j, '{');
    json_text(j, "$ref", buf_str(&b));
    json_close(j, '}');
    buf_free(&b);
}

/* ---- schemas ----------------------------------------------------------------------------------- */
static void type_json(struct json *j, const struct field *f)
{
    static const struct {
        enum berth_type type;
        const char *name, *format;
    } types[] = {{BERTH_INT, "integer", "int64"}, {BERTH_REF, "integer", "int64"}, {BERTH_FILE, "integer", "int64"},
                 {BERTH_REAL, "number", "double"}, {BERTH_BOOL, "boolean", NULL},   {BERTH_DATE, "string", "date"},
                 {BERTH_TIME, "string", "date-time"}, {BERTH_MONEY, "string", "decimal"},
                 {BERTH_EMAIL, "string", NULL}};
    const char *name = "string", *format = NULL;

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (types[i].type == f->type) {
            name = types[i].name;
            format = types[i].format;
        }
    if (f->type == BERTH_JSON)
        return; /* any value */
    json_text(j, "type", name);
    if (format != NULL)
        json_text(j, "format", format);
    if (f->type >= BERTH_TEXT && f->type <= BERTH_URL)
        json_number(j, "maxLength", f->max);
    if (f->min != NULL && f->type != BERTH_MONEY) { /* money is a decimal string */
        json_key(j, "minimum");
        json_raw(j, f->min, strlen(f->min));
    }
    if (f->max > 0 && (f->type == BERTH_INT || f->type == BERTH_REAL))
        json_number(j, "maximum", f->max);
    if (f->type == BERTH_PICK && f->dict != NULL) {
        open_key(j, "enum", '[');
        for (size_t i = 0; i < f->dict->n; i++)
            json_str(j, f->dict->items[i].key);
        json_nil(j);
        json_close(j, ']');
    }
}

static void property(struct call *k, struct json *j, const struct field *f, const char *scope, bool readonly)
{
    open_key(j, f->name, '{');
    if (f->flags & BERTH_MANY) {
        struct field one = *f;

        one.flags &= ~(uint32_t)BERTH_MANY;
        json_text(j, "type", "array");
        open_key(j, "items", '{');
        type_json(j, &one);
        json_close(j, '}');
    } else {
        type_json(j, f);
        json_flag(j, "nullable", true);
    }
    json_text(j, "description", labels_field(k->app->st->labels, k->c.locale, scope, f->name));
    if (readonly)
        json_flag(j, "readOnly", true);
    json_close(j, '}');
}

static bool shown(struct call *k, const struct field *f)
{
    return !(f->flags & BERTH_SECRET) && perm_field(k->c.who, f) != ACCESS_NONE;
}

static void table_schema(struct call *k, struct json *j, const struct table *t)
{
    bool any = false;

    open_key(j, t->name, '{');
    json_text(j, "type", "object");
    json_text(j, "title", labels_get(k->app->st->labels, k->c.locale, t->name));
    open_key(j, "properties", '{');
    for (int i = 0; i < t->nfields; i++)
        if (shown(k, &t->fields[i]))
            property(k, j, &t->fields[i], t->name, i < F_DECLARED || (t->fields[i].flags & BERTH_LOCKED) ||
                                                       perm_field(k->c.who, &t->fields[i]) != ACCESS_WRITE);
    json_close(j, '}');
    for (int i = F_DECLARED; i < t->nfields; i++) {
        const struct field *f = &t->fields[i];

        if (!(f->flags & BERTH_REQUIRED) || f->def != NULL || f->when != NULL || !shown(k, f))
            continue;
        if (!any)
            open_key(j, "required", '[');
        any = true;
        json_str(j, f->name);
    }
    if (any)
        json_close(j, ']');
    json_close(j, '}');
}

static void form_schema(struct call *k, struct json *j, const struct action *a)
{
    bool any = false;

    json_open(j, '{');
    json_text(j, "type", "object");
    open_key(j, "properties", '{');
    for (size_t i = 0; i < a->nform; i++)
        property(k, j, &a->form[i], arena_fmt(k->req->arena, "%s.action.%s", a->table->name, a->name), false);
    json_close(j, '}');
    for (size_t i = 0; i < a->nform; i++)
        if ((a->form[i].flags & BERTH_REQUIRED) && a->form[i].def == NULL) {
            if (!any)
                open_key(j, "required", '[');
            any = true;
            json_str(j, a->form[i].name);
        }
    if (any)
        json_close(j, ']');
    json_close(j, '}');
}

/* ---- operations ---------------------------------------------------------------------------------- */
static void parameter(struct json *j, const char *name, const char *in, const char *type, const char *about)
{
    json_open(j, '{');
    json_text(j, "name", name);
    json_text(j, "in", in);
    json_flag(j, "required", strcmp(in, "path") == 0);
    json_text(j, "description", about);
    open_key(j, "schema", '{');
    json_text(j, "type", type);
    json_close(j, '}');
    json_close(j, '}');
}

/* An answer: the status and the schema below #/components/. */
static void answers(struct json *j, const char *status, const char *about, const char *schema)
{
    open_key(j, "responses", '{');
    open_key(j, status, '{');
    json_text(j, "description", about);
    if (schema != NULL) {
        open_key(j, "content", '{');
        open_key(j, "application/json", '{');
        json_key(j, "schema");
        ref_to(j, schema);
        json_close(j, '}');
        json_close(j, '}');
    }
    json_close(j, '}');
    json_key(j, "default");
    ref_to(j, "responses/error");
    json_close(j, '}');
}

static void begin(struct json *j, const char *method, const char *id, const char *tag, const char *summary)
{
    open_key(j, method, '{');
    json_text(j, "operationId", id);
    open_key(j, "tags", '[');
    json_str(j, tag);
    json_close(j, ']');
    json_text(j, "summary", summary);
}

static void body(struct json *j, const char *schema)
{
    open_key(j, "requestBody", '{');
    json_flag(j, "required", true);
    open_key(j, "content", '{');
    open_key(j, "application/json", '{');
    json_key(j, "schema");
    ref_to(j, schema);
    json_close(j, '}');
    json_close(j, '}');
    json_close(j, '}');
}

static const char *named(struct call *k, const char *fmt, const char *table)
{
    struct buf b = BUF_INIT;
    const char *s;

    for (; *fmt != '\0'; fmt++)
        if (*fmt == '$')
            buf_puts(&b, table);
        else
            buf_putc(&b, *fmt);
    s = arena_strdup(k->req->arena, buf_str(&b));
    buf_free(&b);
    return s;
}

/* What the parameters of addresses are; a route names its own (app.h). */
static const struct param {
    const char *name, *about, *type; /* type: NULL for a string */
} params[] = {
    {"after", "next of the page before, to go on behind it"},
    {"at", "a moment, 2026-11-22T08:00:00Z: as it was then"},
    {"avg", "a,b: fields of which the mean is told"},
    {"bin", "1: the recycle bin", "integer"},
    {"box", "todo (default), mine or decided"},
    {"can", "1: tell of which rows less may be done than the table's rights say", "integer"},
    {"count", "1: with the total, counted up to 10,000", "integer"},
    {"deed", "read (default), create, update, delete or an action"},
    {"dry", "1: tell what would be done, and do nothing", "integer"},
    {"duplicates", "allow: save although there are records like it, where the user may"},
    {"field", "a field of the table"},
    {"fields", "a,b: what the answer's records have beside id and version; otherwise all that the user may read"},
    {"file", "a script's file, rules/x.lua"},
    {"filter", "JSON: [\"field\",\"op\",value], {\"and\":[...]}, {\"or\":[...]}, {\"not\":...}"},
    {"group", "up to two fields, dates with :day :week :month :quarter :year"},
    {"hash", "of the text that is taken away"},
    {"inline", "1: to be shown by the browser, not saved", "integer"},
    {"kinds", "a,b: kinds of entries"},
    {"limit", "at most so many", "integer"},
    {"link", "one of the record's links, to tell more of it"},
    {"marks", "1: with pinned and default views", "integer"},
    {"max", "a,b: fields of which the largest value is told"},
    {"min", "a,b: fields of which the smallest value is told"},
    {"name", "the file's name"},
    {"outcome", "new, duplicate, invalid ...: rows of which that became"},
    {"q", "search text"},
    {"remove", "1: take away what the file does not have", "integer"},
    {"replaces", "the attachment of which this is a new version", "integer"},
    {"sort", "a,-b"},
    {"state", "entries in that state"},
    {"sum", "a,b: fields that are added up"},
    {"table", "a table's name"},
    {"tables", "a,b: tables"},
    {"tile", "plugin.name: what that tile of the home page counts"},
    {"user", "a user's id", "integer"},
    {"version", "1: this version alone", "integer"},
    {"view", "a declared view, or the number of a saved one"},
};

static void query_parameter(struct json *j, const char *name)
{
    struct param of = {name, "", NULL};

    for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++)
        if (strcmp(params[i].name, name) == 0)
            of = params[i];
    parameter(j, name, "query", of.type == NULL ? "string" : of.type, of.about);
}

/* What a route takes beside its path and its body. */
static void takes(struct json *j, const struct route_entry *r)
{
    open_key(j, "parameters", '[');
    ref_to(j, "parameters/locale");
    if (strcmp(r->method, "GET") != 0 && !(r->flags & R_PUBLIC) && (r->flags & (R_WRITE | R_SLOW))) /* idempotency.c */
        ref_to(j, "parameters/idempotency_key");
    if (strcmp(r->method, "PATCH") == 0)
        parameter(j, "If-Match", "header", "string", "\"3\": the version; or \"version\" in the body");
    for (size_t i = 0; r->takes != NULL && r->takes[i] != NULL; i++)
        if (strcmp(r->takes[i], "*") != 0)
            query_parameter(j, r->takes[i]);
    json_close(j, ']');
}

/* The same of one that every table has. */
static void table_takes(struct json *j, const char *method, const char *path)
{
    for (const struct route_entry *const *all = routes_all; *all != NULL; all++)
        for (const struct route_entry *r = *all; r->method != NULL; r++)
            if (strcmp(r->method, method) == 0 && strcmp(r->path, path) == 0)
                takes(j, r);
}

static void id_parameter(struct json *j)
{
    open_key(j, "parameters", '[');
    parameter(j, "id", "path", "integer", "the record's id");
    json_close(j, ']');
}

static void list_path(struct call *k, struct json *j, const struct table *t)
{
    const char *row = named(k, "schemas/$", t->name);

    open_key(j, named(k, "/api/$", t->name), '{');
    begin(j, "get", named(k, "list_$", t->name), t->name, "a page of records");
    table_takes(j, "GET", "/api/{table}");
    answers(j, "200", "rows, refs, next", "schemas/_page");
    json_close(j, '}');
    if (perm_may(k->c.who, t, DO_CREATE)) {
        begin(j, "post", named(k, "create_$", t->name), t->name, "a new record");
        table_takes(j, "POST", "/api/{table}");
        body(j, row);
        answers(j, "201", "the record", "schemas/_record");
        json_close(j, '}');
    }
    json_close(j, '}');
}

static void look_paths(struct call *k, struct json *j, const struct table *t)
{
    open_key(j, named(k, "/api/$/_aggregate", t->name), '{');
    begin(j, "get", named(k, "aggregate_$", t->name), t->name, "counts and sums of what a list would show");
    table_takes(j, "GET", "/api/{table}/_aggregate");
    answers(j, "200", "groups, total, exact, more, refs", NULL);
    json_close(j, '}');
    json_close(j, '}');
}

static void one_path(struct call *k, struct json *j, const struct table *t)
{
    open_key(j, named(k, "/api/$/{id}", t->name), '{');
    id_parameter(j);
    begin(j, "get", named(k, "get_$", t->name), t->name, "one record");
    table_takes(j, "GET", "/api/{table}/{id}");
    answers(j, "200", "the record", "schemas/_record");
    json_close(j, '}');
    if (perm_may(k->c.who, t, DO_UPDATE)) {
        begin(j, "patch", named(k, "update_$", t->name), t->name, "change a record; needs the version that was read");
        table_takes(j, "PATCH", "/api/{table}/{id}");
        body(j, named(k, "schemas/$", t->name));
        answers(j, "200", "the record", "schemas/_record");
        json_close(j, '}');
    }
    if (perm_may(k->c.who, t, DO_DELETE)) {
        begin(j, "delete", named(k, "delete_$", t->name), t->name, "to the recycle bin where the table has one");
        table_takes(j, "DELETE", "/api/{table}/{id}");
        answers(j, "204", "gone; 202: it waits for approval", NULL);
        json_close(j, '}');
    }
    json_close(j, '}');
    open_key(j, named(k, "/api/$/{id}/_neighbours", t->name), '{');
    id_parameter(j);
    begin(j, "get", named(k, "neighbours_$", t->name), t->name, "records that this one names and that name it");
    table_takes(j, "GET", "/api/{table}/{id}/_neighbours");
    answers(j, "200", "node, links", NULL);
    json_close(j, '}');
    json_close(j, '}');
    if (t->flags & BERTH_HISTORY) {
        open_key(j, named(k, "/api/$/{id}/_history", t->name), '{');
        id_parameter(j);
        begin(j, "get", named(k, "history_$", t->name), t->name, "old values, newest first");
        table_takes(j, "GET", "/api/{table}/{id}/_history");
        answers(j, "200", "entries", NULL);
        json_close(j, '}');
        json_close(j, '}');
    }
}

static void action_path(struct call *k, struct json *j, const struct action *a)
{
    const char *label = labels_get(k->app->st->labels, k->c.locale,
                                   arena_fmt(k->req->arena, "%s.action.%s", a->table->name, a->name));

    open_key(j, arena_fmt(k->req->arena, "/api/%s/{id}/%s", a->table->name, a->name), '{');
    id_parameter(j);
    begin(j, "post", arena_fmt(k->req->arena, "%s_%s", a->table->name, a->name), a->table->name, label);
    table_takes(j, "POST", "/api/{table}/{id}/{name}");
    open_key(j, "requestBody", '{');
    open_key(j, "content", '{');
    open_key(j, "application/json", '{');
    json_key(j, "schema");
    form_schema(k, j, a);
    json_close(j, '}');
    json_close(j, '}');
    json_close(j, '}');
    answers(j, "200", "the record", "schemas/_record");
    json_close(j, '}');
    json_close(j, '}');
}

/* "get_opportunities_funnel" */
static const char *operation(struct call *k, const char *method, const char *path)
{
    char *id = arena_fmt(k->req->arena, "%s%s", method, path + strlen("/api"));

    for (char *p = id; *p != '\0'; p++)
        if (strchr("/{}.", *p) != NULL)
            *p = '_';
    return id;
}

/* Every {name} of the path. */
static void path_parameters(struct call *k, struct json *j, const char *path)
{
    open_key(j, "parameters", '[');
    for (const char *p = path; (p = strchr(p, '{')) != NULL; p += strcspn(p, "}")) {
        const char *name = arena_fmt(k->req->arena, "%.*s", (int)strcspn(p + 1, "}"), p + 1);
        bool is_id = strcmp(name, "id") == 0;

        parameter(j, name, "path", is_id ? "integer" : "string", is_id ? "the record's id" : "which one");
    }
    json_close(j, ']');
}

static const char *lower(struct call *k, const char *method)
{
    char *s = arena_strdup(k->req->arena, method);

    for (char *p = s; *p != '\0'; p++)
        *p = (char)(*p | 0x20);
    return s;
}

/* The host's own, as its tables of routes tell them; methods of one path stand beside each other. */
static void own_path(struct call *k, struct json *j, const struct route_entry *first)
{
    open_key(j, first->path, '{');
    path_parameters(k, j, first->path);
    for (const struct route_entry *r = first; r->method != NULL && strcmp(r->path, first->path) == 0; r++) {
        const char *method = lower(k, r->method);

        begin(j, method, operation(k, method, r->path), "_host", r->about);
        takes(j, r);
        answers(j, "200", r->about, NULL);
        json_close(j, '}');
    }
    json_close(j, '}');
}

static void own_paths(struct call *k, struct json *j)
{
    for (const struct route_entry *const *all = routes_all; *all != NULL; all++)
        for (const struct route_entry *r = *all; r->method != NULL; r++)
            if (r->about != NULL && (!(r->flags & R_ADMIN) || k->c.who->admin) && (r == *all || strcmp(r[-1].path, r->path) != 0))
                own_path(k, j, r);
}

/* A route of a plugin; one that answers a report is called as the report is, and takes what its form asks for. */
static void plugin_path(struct call *k, struct json *j, const struct route *r)
{
    const struct model *m = k->c.m;
    const char *path = arena_fmt(k->req->arena, "/api%s", r->path), *method = lower(k, r->method);
    const struct report *of = NULL;

    for (size_t i = 0; i < m->nreports && of == NULL; i++)
        of = m->reports[i].route == r ? &m->reports[i] : NULL;
    begin(j, method, operation(k, method, path), r->plugin,
          labels_get(k->app->st->labels, k->c.locale,
                     of == NULL ? r->plugin : arena_fmt(k->req->arena, "%s.report.%s", of->plugin, of->name)));
    open_key(j, "parameters", '[');
    ref_to(j, "parameters/locale");
    if (strcmp(r->method, "GET") != 0 && !(r->flags & BERTH_OPEN))
        ref_to(j, "parameters/idempotency_key");
    for (size_t i = 0; of != NULL && i < of->nform; i++)
        parameter(j, of->form[i].name, "query", of->form[i].type == BERTH_REF ? "integer" : "string", of->form[i].name);
    json_close(j, ']');
    answers(j, "200", r->path, NULL);
    json_close(j, '}');
}

static void plugin_paths(struct call *k, struct json *j)
{
    const struct route *all = k->c.m->routes;

    for (size_t i = 0; i < k->c.m->nroutes; i++) {
        size_t first = 0;

        while (strcmp(all[first].path, all[i].path) != 0)
            first++;
        if (first < i)
            continue; /* told already */
        open_key(j, arena_fmt(k->req->arena, "/api%s", all[i].path), '{');
        path_parameters(k, j, all[i].path);
        for (size_t n = i; n < k->c.m->nroutes; n++)
            if (strcmp(all[n].path, all[i].path) == 0 && (all[n].perm == NULL || perm_has(k->c.who, all[n].perm)))
                plugin_path(k, j, &all[n]);
        json_close(j, '}');
    }
}

static const char fixed_schemas[] =
    "\"_record\":{\"type\":\"object\",\"properties\":{\"row\":{\"type\":\"object\",\"nullable\":true},"
    "\"refs\":{\"$ref\":\"#/components/schemas/_refs\"}}},"
    "\"_page\":{\"type\":\"object\",\"properties\":{\"rows\":{\"type\":\"array\",\"items\":{\"type\":\"object\"}},"
    "\"refs\":{\"$ref\":\"#/components/schemas/_refs\"},\"next\":{\"type\":\"string\",\"nullable\":true},"
    "\"total\":{\"type\":\"integer\"},\"total_exact\":{\"type\":\"boolean\"}}},"
    "\"_refs\":{\"type\":\"object\",\"description\":\"titles of referenced records: table, id, title\","
    "\"additionalProperties\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}},"
    "\"_error\":{\"type\":\"object\",\"required\":[\"error\"],\"properties\":{\"error\":{\"type\":\"object\","
    "\"required\":[\"code\",\"message\"],\"properties\":{\"code\":{\"type\":\"string\"},\"message\":{\"type\":\"string\"},"
    "\"request\":{\"type\":\"string\",\"nullable\":true},\"fields\":{\"type\":\"object\","
    "\"additionalProperties\":{\"type\":\"object\"}}}}}}";
static const char fixed_rest[] =
    "\"parameters\":{\"idempotency_key\":{\"name\":\"Idempotency-Key\",\"in\":\"header\",\"description\":"
    "\"any text of one's own, new for each intent: sent again with the same key within a day, the request is not done twice, "
    "and its first answer is given again\",\"schema\":{\"type\":\"string\",\"maxLength\":255}},"
    "\"locale\":{\"name\":\"locale\",\"in\":\"query\",\"description\":"
    "\"zh-CN, zh-TW, vi, en: the language of labels and messages; otherwise the user's\",\"schema\":{\"type\":\"string\"}}},"
    "\"responses\":{\"error\":{\"description\":\"what went wrong, in the user's language\",\"content\":{\"application/json\":"
    "{\"schema\":{\"$ref\":\"#/components/schemas/_error\"}}}}},"
    "\"securitySchemes\":{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\"},"
    "\"session\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"berth_session\"}}";

static int document(struct call *k)
{
    const struct who *w = k->c.who;
    struct json j = call_json(k);

    json_open(&j, '{');
    json_text(&j, "openapi", "3.0.3");
    open_key(&j, "info", '{');
    json_text(&j, "title", "Berth");
    json_text(&j, "version", k->app->version);
    json_close(&j, '}');
    json_key(&j, "security");
    json_raw(&j, "[{\"token\":[]},{\"session\":[]}]", 29);
    open_key(&j, "paths", '{');
    for (size_t i = 0; i < k->c.m->ntables; i++) {
        const struct table *t = &k->c.m->tables[i];

        if ((t->flags & BERTH_BARE) || !perm_may(w, t, DO_READ))
            continue;
        list_path(k, &j, t);
        look_paths(k, &j, t);
        one_path(k, &j, t);
        for (size_t a = 0; a < t->nactions; a++)
            if (t->actions[a]->perm == NULL || perm_has(w, t->actions[a]->perm))
                action_path(k, &j, t->actions[a]);
    }
    plugin_paths(k, &j);
    own_paths(k, &j);
    json_close(&j, '}');
    open_key(&j, "components", '{');
    open_key(&j, "schemas", '{');
    for (size_t i = 0; i < k->c.m->ntables; i++)
        if (!(k->c.m->tables[i].flags & BERTH_BARE) && perm_may(w, &k->c.m->tables[i], DO_READ))
            table_schema(k, &j, &k->c.m->tables[i]);
    json_raw(&j, fixed_schemas, sizeof(fixed_schemas) - 1);
    json_close(&j, '}');
    json_raw(&j, fixed_rest, sizeof(fixed_rest) - 1);
    json_close(&j, '}');
    json_close(&j, '}');
    return k->c.rc;
}

const struct route_entry routes_openapi[] = {
    {"GET", "/api/_openapi.json", 0, document},
    {0},
};
