/* import_look.c - around the run: taking a file, showing what is in it, telling what became of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/when.h"
#include "record/dup.h"
#include "record/find.h"
#include "record/import.h"
#include "record/import_head.h"
#include "record/import_map.h"
#include "sheet/sheet.h"
#include "text/keys.h"

enum { SAMPLES = 5, PEEK = 30 };

/* ---- files ---------------------------------------------------------------------------------- */
static const char *path_of(struct berth_ctx *c, int64_t id)
{
    return arena_fmt(c->a, "%s/import-%lld", c->st->files_dir, (long long)id);
}

bool import_may(struct berth_ctx *c, const struct table *t)
{
    int i = F_DECLARED;

    while (i < t->nfields && !import_takes(c, &t->fields[i]))
        i++;
    return i < t->nfields && perm_may(c->who, t, DO_IMPORT);
}

int64_t import_new(struct berth_ctx *c, const struct table *t, const char *name, const char *path)
{
    struct db_stmt *s;
    struct berth_val v;
    int64_t id;
    int rc;

    if (!import_may(c, t))
        return ctx_fail(c, BERTH_DENIED, "denied", "err.denied"), 0;
    if (!val_from_text(c, model_field(model_table(c->m, "import"), "name"), name, strlen(name), &v))
        return 0;
    s = db_prepare(c->conn, "INSERT INTO import (version, created_at, created_by, updated_at, updated_by, name, on_table)"
                            " VALUES (1, ?1, ?2, ?1, ?2, ?3, ?4)");
    db_bind_int(s, 1, c->now);
    if (c->who != NULL)
        db_bind_int(s, 2, c->who->id);
    db_bind_text(s, 3, name, -1);
    db_bind_text(s, 4, t->name, -1);
    rc = db_step(s);
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "keep an import"), 0;
    id = db_last_id(c->conn);
    /* a crash between here and the commit leaves a file without a row: swept at the next start */
    if (rename(path, path_of(c, id)) < 0)
        return ctx_fail(c, errno == ENOSPC ? BERTH_FULL : BERTH_BROKEN, NULL, NULL), 0;
    return id;
}

bool import_file(struct berth_ctx *c, int64_t id, const struct table **t, const char **name, const char **path)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT coalesce(created_by, 0), on_table, name FROM import WHERE id = ?");
    bool ok = false;
    int rc;

    db_bind_int(s, 1, id);
    rc = db_step(s);
    if (rc == DB_ROW && (c->who == NULL || c->who->admin || db_col_int(s, 0) == c->who->id)) {
        *t = model_table(c->m, db_col_text(s, 1, NULL));
        *name = arena_strdup(c->a, db_col_text(s, 2, NULL));
        *path = path_of(c, id);
        ok = *t != NULL && perm_may(c->who, *t, DO_IMPORT);
    }
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "read an import");
    else if (!ok)
        ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    return ok;
}

int import_sheet_problem(struct berth_ctx *c, const struct sheet_error *e)
{
    struct buf b = BUF_INIT;

    sheet_error_text(e, labels_find(c->st->labels, c->locale, sheet_error_key(e->code)), &b);
    c->args[0] = "why";
    c->args[1] = arena_strdup(c->a, buf_str(&b));
    c->args[2] = NULL;
    buf_free(&b);
    return ctx_fail(c, BERTH_INVALID, "invalid", "err.sheet");
}

/* What records may be found by, besides: their id, and fields that only code sets, such as numbers. */
static bool matches_by(struct berth_ctx *c, const struct field *f)
{
    return (f->at == F_ID || f->at >= F_DECLARED) && !(f->flags & (BERTH_SECRET | BERTH_MANY)) && f->type != BERTH_FILE &&
           f->type != BERTH_LONG && f->type != BERTH_JSON && perm_field(c->who, f) >= ACCESS_READ;
}

/* ---- the look ----------------------------------------------------------------------------------- */
static void sheets_json(struct json *j, struct sheet *s)
{
    json_key(j, "sheets");
    json_open(j, '[');
    for (size_t i = 0; i < sheet_count(s); i++) {
        const struct sheet_info *info = sheet_info(s, i);

        json_open(j, '{');
        json_text(j, "name", info->name);
        json_flag(j, "hidden", info->hidden);
        json_id(j, "rows", info->rows > 0 ? info->rows : 0);
        json_close(j, '}');
    }
    json_close(j, ']');
}

/* What the mapping says; a column it does not know is left out, as it was the last time. */
static const struct field *remembered(struct berth_ctx *c, const struct table *t, const json_t *columns, const char *header)
{
    const char *name = json_string_value(json_object_get(columns, header));
    const struct field *f = name == NULL ? NULL : model_field(t, name);

    return f != NULL && (import_takes(c, f) || matches_by(c, f)) ? f : NULL;
}

static void columns_json(struct berth_ctx *c, struct json *j, const struct table *t, const struct import_names *names,
                         const struct import_head *h, const char *const *heads, const json_t *columns)
{
    const struct field **suggested = columns == NULL ? import_suggest(names, h) : NULL;

    json_key(j, "columns");
    json_open(j, '[');
    for (uint32_t i = 0; i < h->width; i++) {
        const struct field *f = columns != NULL ? remembered(c, t, columns, import_map_column(c, heads, i)) : suggested[i];
        int shown = 0;

        json_open(j, '{');
        json_number(j, "index", i);
        json_text(j, "header", heads[i]);
        json_key(j, "samples");
        json_open(j, '[');
        for (int r = h->header + 1; r < h->n && shown < SAMPLES; r++)
            if (*import_cell(&h->rows[r], i) != '\0') {
                json_str(j, import_cell(&h->rows[r], i));
                shown++;
            }
        json_close(j, ']');
        json_text(j, "field", f == NULL ? NULL : f->name);
        json_flag(j, "ids", import_are_ids(names, h, i));
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void field_json(struct berth_ctx *c, struct json *j, const struct table *t, const struct field *f)
{
    json_open(j, '{');
    json_text(j, "name", f->name);
    json_text(j, "label", labels_field(c->st->labels, c->locale, t->name, f->name));
    json_text(j, "type", model_type_name(f->type));
    json_flag(j, "required", (f->flags & BERTH_REQUIRED) && f->def == NULL && f->when == NULL);
    json_flag(j, "duplicate", f->flags & BERTH_DUPLICATE);
    json_flag(j, "match", matches_by(c, f));
    json_key(j, "match_only"); /* records are found by it, it is not written */
    json_bool(j, !import_takes(c, f));
    json_close(j, '}');
}

static void fields_json(struct berth_ctx *c, struct json *j, const struct table *t)
{
    json_key(j, "fields");
    json_open(j, '[');
    for (int i = F_DECLARED; i < t->nfields; i++)
        if (import_takes(c, &t->fields[i]) || (&t->fields[i] == t->number && matches_by(c, t->number)))
            field_json(c, j, t, &t->fields[i]);
    field_json(c, j, t, &t->fields[F_ID]);
    json_close(j, ']');
}

static void mapping_json(struct berth_ctx *c, struct json *j, const struct table *t, const char *headers, json_t *map,
                         int64_t id, const char *name)
{
    json_key(j, "mapping");
    if (map == NULL) {
        json_nil(j);
    } else {
        json_open(j, '{');
        json_number(j, "id", id);
        json_text(j, "name", name);
        for (const char *const *kept = import_map_options; *kept != NULL; kept++) {
            const json_t *v = json_object_get(map, *kept);
            char *raw = v == NULL ? NULL : json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);

            json_key(j, *kept);
            json_raw(j, raw == NULL ? "null" : raw, raw == NULL ? 4 : strlen(raw));
            free(raw);
        }
        json_close(j, '}');
    }
    json_key(j, "mappings");
    import_map_list(c, j, t->name, headers);
}

/* A number: its place, from 0.  A text: the sheet of that name, else its number as people count.  None wanted: the first that shows. */
static size_t which_sheet(struct sheet *s, const json_t *want)
{
    const char *text = json_string_value(want);
    char *end;
    long number;
    size_t at = 0;

    if (json_is_integer(want))
        return (size_t)json_integer_value(want);
    if (text == NULL) {
        while (at + 1 < sheet_count(s) && sheet_info(s, at)->hidden)
            at++;
        return at;
    }
    while (at < sheet_count(s) && strcmp(sheet_info(s, at)->name, text) != 0)
        at++;
    number = strtol(text, &end, 10);
    return at == sheet_count(s) && *end == '\0' ? (size_t)(number - 1) : at;
}

int import_look(struct berth_ctx *c, int64_t id, const json_t *o, struct buf *out)
{
    static const char *const kinds[] = {[SHEET_CSV] = "csv", [SHEET_XLSX] = "xlsx", [SHEET_XLS] = "xls"};
    const char *name, *path, *sep = json_string_value(json_object_get(o, "separator"));
    struct sheet_options so = {.encoding = json_string_value(json_object_get(o, "encoding")),
                               .separator = sep == NULL ? '\0' : sep[0], .temp_dir = c->st->files_dir};
    const json_t *want_header = json_object_get(o, "header_row");
    const json_t *wanted = json_object_get(o, "mapping"); /* an id, null: none; not there: the one that fits */
    const char **heads, *headers, *map_name = NULL;
    json_t *map = NULL;
    int64_t map_id = 0;
    uint32_t width = 0;
    struct sheet_error e = {0};
    struct sheet_row *rows;
    struct sheet *s;
    const struct table *t;
    struct json j = json_to(out);
    struct import_names *names;
    struct import_head h;
    size_t at = 0;
    int n;
    char separator[2] = {0};

    if (!import_file(c, id, &t, &name, &path))
        return c->rc;
    if (sheet_open(path, &so, &s, &e) < 0)
        return import_sheet_problem(c, &e);
    at = which_sheet(s, json_object_get(o, "sheet"));
    if (at >= sheet_count(s) || sheet_select(s, at, &e) < 0 || (n = sheet_peek(s, c->a, PEEK, &rows, &e)) < 0) {
        if (e.code == SHEET_OK)
            e.code = SHEET_E_NO_SHEET;
        sheet_close(&s);
        return import_sheet_problem(c, &e);
    }
    for (int i = 0; i < n; i++)
        width = rows[i].len > width ? rows[i].len : width;
    names = import_names_new(c, t);
    h = (struct import_head){rows, n, -1, width};
    for (int i = 0; i < n && json_is_integer(want_header); i++)
        if (rows[i].number == (uint32_t)json_integer_value(want_header))
            h.header = i;
    if (!json_is_integer(want_header))
        h.header = import_header_row(names, h);
    json_open(&j, '{');
    json_number(&j, "import", id);
    json_text(&j, "table", t->name);
    json_text(&j, "name", name);
    json_text(&j, "kind", kinds[sheet_kind(s)]);
    sheets_json(&j, s);
    json_number(&j, "sheet", (int64_t)at);
    json_number(&j, "header_row", h.header < 0 ? 0 : rows[h.header].number);
    json_text(&j, "encoding", sheet_encoding(s));
    separator[0] = sheet_separator(s);
    json_text(&j, "separator", separator[0] == '\0' ? NULL : separator);
    heads = arena_alloc(c->a, (width + 1) * sizeof(*heads));
    for (uint32_t i = 0; i < width; i++)
        heads[i] = import_header(&h, i);
    headers = import_map_headers(c, heads, width);
    if (h.header >= 0 && !(wanted != NULL && json_is_null(wanted)))
        map = import_map_find(c, t->name, headers, json_integer_value(wanted), &map_id, &map_name);
    columns_json(c, &j, t, names, &h, heads, json_object_get(map, "columns"));
    fields_json(c, &j, t);
    mapping_json(c, &j, t, headers, map, map_id, map_name);
    json_decref(map);
    json_close(&j, '}');
    import_names_free(&names);
    sheet_close(&s);
    return c->rc;
}

/* ---- starting ---------------------------------------------------------------------------------------- */
static bool creates(const json_t *o)
{
    const char *mode = json_string_value(json_object_get(o, "mode"));

    return mode == NULL || strcmp(mode, "update") != 0;
}

static bool in_match(const json_t *o, const struct field *f)
{
    size_t i;
    json_t *v;

    json_array_foreach (json_object_get(o, "match"), i, v)
        if (json_is_string(v) && strcmp(json_string_value(v), f->name) == 0)
            return true;
    return false;
}

static void mode_ok(struct berth_ctx *c, const struct table *t, const json_t *o, const bool *taken)
{
    static const char *const modes[] = {"create", "update", "both"};
    const json_t *mode = json_object_get(o, "mode"), *match = json_object_get(o, "match");
    bool known = mode == NULL || json_is_null(mode);
    size_t i;
    json_t *v;

    for (i = 0; i < sizeof(modes) / sizeof(modes[0]) && json_is_string(mode); i++)
        known = known || strcmp(json_string_value(mode), modes[i]) == 0;
    if (!known)
        ctx_invalid(c, "mode", "err.import_mode", NULL);
    json_array_foreach (match, i, v) {
        const struct field *f = json_is_string(v) ? model_field(t, json_string_value(v)) : NULL;

        if (f == NULL || !matches_by(c, f) || json_array_size(match) > 8 || (f->at == F_ID && json_array_size(match) > 1))
            ctx_invalid(c, json_is_string(v) ? json_string_value(v) : "match", "err.import_match", NULL);
        else if (!taken[f->at])
            ctx_invalid(c, f->name, "err.import_match_column", NULL);
    }
    if (!creates(o) && json_array_size(match) == 0 && !dup_any(c, t))
        ctx_invalid(c, "match", "err.import_match_none", NULL);
}

static bool map_ok(struct berth_ctx *c, const struct table *t, const json_t *o)
{
    bool *taken = arena_alloc(c->a, (size_t)t->nfields * sizeof(*taken));
    const json_t *map = json_object_get(o, "map");
    const char *key;
    json_t *v;

    if (!json_is_object(map) || json_object_size(map) == 0)
        return ctx_invalid(c, "map", "err.import_map", NULL), false;
    json_object_foreach ((json_t *)map, key, v) {
        const struct field *f = json_is_string(v) ? model_field(t, json_string_value(v)) : NULL;

        if (json_is_null(v))
            continue;
        if (f == NULL || !(import_takes(c, f) || (in_match(o, f) && matches_by(c, f))))
            ctx_invalid(c, json_is_string(v) ? json_string_value(v) : "map", "err.import_field", NULL);
        else if (taken[f->at])
            ctx_invalid(c, f->name, "err.import_twice", NULL);
        else
            taken[f->at] = true;
    }
    for (int i = F_DECLARED; i < t->nfields && creates(o); i++) {
        const struct field *f = &t->fields[i];

        if ((f->flags & BERTH_REQUIRED) && f->def == NULL && f->when == NULL && import_takes(c, f) && !taken[i])
            ctx_invalid(c, f->name, "err.import_required", NULL);
    }
    mode_ok(c, t, o, taken);
    return c->rc == BERTH_OK;
}

/* Whether the import has put something in: what became of its rows is then kept for undoing it. */
static bool has_run(struct berth_ctx *c, int64_t id)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT j.args, j.state FROM import i JOIN job j ON j.id = i.job_id WHERE i.id = ? AND"
                                            " i.undone_at IS NULL");
    json_t *args = NULL;
    bool ran = false;

    db_bind_int(s, 1, id);
    if (db_step(s) == DB_ROW) {
        args = json_loads(db_col_text(s, 0, NULL), 0, NULL);
        ran = !json_is_true(json_object_get(json_object_get(args, "options"), "dry"));
    }
    db_reset(s);
    json_decref(args);
    return ran;
}

/* The same file as an import of its own. */
static int64_t once_more(struct berth_ctx *c, const struct table *t, const char *name, const char *path)
{
    const char *copy = arena_fmt(c->a, "%s-again", path);

    unlink(copy);
    if (link(path, copy) < 0)
        return ctx_fail(c, errno == ENOSPC ? BERTH_FULL : BERTH_BROKEN, NULL, NULL), 0;
    return import_new(c, t, name, copy);
}

/* Which sheet was found by name when it was looked at: here it is its place. */
static bool places_ok(struct berth_ctx *c, const json_t *o)
{
    static const char *const places[] = {"sheet", "header_row"};

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const json_t *v = json_object_get(o, places[i]);

        if (v != NULL && !json_is_null(v) && !json_is_integer(v))
            ctx_invalid(c, places[i], "err.number", NULL);
    }
    return c->rc == BERTH_OK;
}

int64_t import_start(struct berth_ctx *c, int64_t *id, const json_t *o)
{
    const struct table *t;
    const char *name, *path;
    const json_t *pool = json_object_get(o, "pool_id");
    struct db_stmt *s;
    json_t *args;
    int64_t job;

    if (!import_file(c, *id, &t, &name, &path) || !map_ok(c, t, o) || !places_ok(c, o))
        return 0;
    if (json_is_integer(pool) && (t->at_pool < 0 || !find_exists(c, model_table(c->m, "pool"), json_integer_value(pool))))
        return ctx_invalid(c, "pool_id", "err.ref", NULL), 0;
    if (has_run(c, *id) && (*id = once_more(c, t, name, path)) == 0)
        return 0;
    args = json_pack("{s:I, s:O, s:s}", "import", (json_int_t)*id, "options", o, "locale", c->locale);
    job = job_add(c, "import", args, 0);
    json_decref(args);
    s = db_prepare(c->conn, "UPDATE import SET job_id = ?, undone_at = NULL, result = NULL WHERE id = ?");
    db_bind_int(s, 1, job);
    db_bind_int(s, 2, *id);
    if (db_step(s) < 0)
        ctx_db(c, DB_ERROR, "start an import");
    db_reset(s);
    return job;
}

/* ---- those of before ---------------------------------------------------------------------------------- */
static void past_json(struct json *j, struct db_stmt *s)
{
    static const char *const raw[] = {"options", "result"};
    char at[40];

    json_open(j, '{');
    json_number(j, "import", db_col_int(s, 0));
    json_text(j, "table", db_col_text(s, 1, NULL));
    json_text(j, "name", db_col_text(s, 2, NULL));
    json_key(j, "at");
    when_time_format(db_col_int(s, 3), at);
    json_str(j, at);
    json_text(j, "by", db_col_text(s, 4, NULL));
    json_number(j, "job", db_col_int(s, 5));
    json_text(j, "state", db_col_text(s, 6, NULL));
    for (int i = 0; i < 2; i++) {
        const char *text = db_col_text(s, 7 + i, NULL);
        json_t *v = text == NULL ? NULL : json_loads(text, 0, NULL);
        const json_t *part = i == 0 ? json_object_get(v, "options") : v;
        char *dump = part == NULL ? NULL : json_dumps(part, JSON_COMPACT);

        json_key(j, raw[i]);
        json_raw(j, dump == NULL ? "null" : dump, dump == NULL ? 4 : strlen(dump));
        free(dump);
        json_decref(v);
    }
    json_key(j, "undone_at");
    if (db_col_is_null(s, 9)) {
        json_nil(j);
    } else {
        when_time_format(db_col_int(s, 9), at);
        json_str(j, at);
    }
    const char *undo = db_col_text(s, 10, NULL);

    json_key(j, "undo");
    json_raw(j, undo == NULL ? "null" : undo, undo == NULL ? 4 : strlen(undo));
    json_close(j, '}');
}

int import_list(struct berth_ctx *c, const struct table *t, int64_t before, int limit, struct buf *out)
{
    struct json j = json_to(out);
    struct db_stmt *s;
    int64_t last = 0;
    int n = 0, rc;

    if (!perm_may(c->who, t, DO_IMPORT))
        return ctx_fail(c, BERTH_DENIED, "denied", "err.denied");
    s = db_prepare(c->conn,
                   "SELECT i.id, i.on_table, i.name, i.created_at, u.name, i.job_id, j.state, j.args, j.result, i.undone_at, i.result"
                   " FROM import i JOIN job j ON j.id = i.job_id LEFT JOIN \"user\" u ON u.id = i.created_by"
                   " WHERE i.on_table = ?1 AND i.id < ?2 AND (?3 = 1 OR coalesce(i.created_by, 0) = ?4) ORDER BY i.id DESC");
    db_bind_text(s, 1, t->name, -1);
    db_bind_int(s, 2, before > 0 ? before : INT64_MAX);
    db_bind_int(s, 3, c->who == NULL || c->who->admin);
    db_bind_int(s, 4, c->who == NULL ? 0 : c->who->id);
    json_open(&j, '{');
    json_key(&j, "imports");
    json_open(&j, '[');
    while ((rc = db_step(s)) == DB_ROW && n++ < limit) {
        past_json(&j, s);
        last = db_col_int(s, 0);
    }
    json_close(&j, ']');
    json_text(&j, "next", rc == DB_ROW ? arena_fmt(c->a, "%lld", (long long)last) : NULL);
    json_close(&j, '}');
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "list imports") : BERTH_OK;
}
