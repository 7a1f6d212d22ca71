/* reports.c - reports that scripts declare (scripts/reports/leads_by_source.lua): their form and columns as the UI knows
 * fields, their rows as the user may see them; what a report's page shows, as a file. */
#include "record/report.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"
#include "lua/script.h"
#include "record/audit.h"
#include "record/titles.h"
#include "sheet/sheet.h"
#include "web/app.h"

enum { ROWS = 5000 };

bool reports_may(struct call *k, const struct script_report *r)
{
    return r->perm == NULL || perm_has(k->c.who, r->perm);
}

/* ---- words ----------------------------------------------------------------------------------------- */
/* One text, or one a language. */
const char *reports_title(struct call *k, const struct script_title *t, const char *instead)
{
    const char *s = NULL;

    for (size_t i = 0; i < t->n; i++)
        if (t->locale[i] == NULL || strcmp(t->locale[i], k->c.locale) == 0)
            return t->text[i];
        else if (s == NULL || strcmp(t->locale[i], "en") == 0)
            s = t->text[i];
    return s == NULL ? instead : s;
}

static const char *label(struct call *k, const struct script_field *f)
{
    const char *like = f->like == NULL ? f->f.name : labels_field(k->app->st->labels, k->c.locale, f->like->table->name, f->like->name);

    return reports_title(k, &f->title, like);
}

static void fields_json(struct call *k, struct json *j, const char *key, const struct script_field *f, size_t n)
{
    json_key(j, key);
    json_open(j, '[');
    for (size_t i = 0; i < n; i++)
        meta_plain(k, j, &f[i].f, label(k, &f[i]));
    json_close(j, ']');
}

/* ---- the page ---------------------------------------------------------------------------------------- */
static void page(void *arg, const struct script_report *r)
{
    struct call *k = arg;
    struct json j = call_json(k);

    if (!reports_may(k, r)) {
        ctx_fail(&k->c, BERTH_DENIED, "denied", "err.denied");
        return;
    }
    json_open(&j, '{');
    json_text(&j, "name", r->name);
    json_text(&j, "label", reports_title(k, &r->title, r->name));
    json_text(&j, "help", reports_title(k, &r->help, r->about));
    json_text(&j, "icon", r->icon);
    json_text(&j, "path", arena_fmt(k->req->arena, "_report/%s/rows", r->name));
    json_text(&j, "rows", "rows");
    json_text(&j, "on", NULL);
    json_text(&j, "charts", r->charts);
    fields_json(k, &j, "form", r->form, r->nform);
    fields_json(k, &j, "columns", r->columns, r->ncolumns);
    json_close(&j, '}');
}

static int with_report(struct call *k, void (*fn)(void *, const struct script_report *))
{
    if (scripts_reports(k->app->scripts, k->name, fn, k) == 0)
        ctx_fail(&k->c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    return k->c.rc;
}

int reports_page(struct call *k)
{
    return with_report(k, page);
}

/* ---- rows ---------------------------------------------------------------------------------------------- */
/* What is asked for that the form does not have. */
static const char *unasked(const struct call *k, const struct script_report *r)
{
    for (size_t i = 0; i < k->req->nargs; i++) {
        const char *name = k->req->args[i].name;
        size_t at = 0;

        while (at < r->nform && strcmp(r->form[at].f.name, name) != 0)
            at++;
        if (at == r->nform && strcmp(name, "locale") != 0)
            return name;
    }
    return NULL;
}

static const char *form_names(struct call *k, const struct script_report *r)
{
    const char *names = "";

    for (size_t i = 0; i < r->nform; i++)
        names = arena_fmt(k->req->arena, "%s%s, ", names, r->form[i].f.name);
    return names;
}

/* What the form says, as its fields are; what is left empty is NULL. */
static json_t *arguments(struct call *k, const struct script_report *r)
{
    json_t *args = json_object();

    for (size_t i = 0; i < r->nform; i++) {
        const struct field *f = &r->form[i].f;
        const char *s = http_query(k->req, f->name);
        struct berth_val v = berth_nil();

        if (s != NULL && *s != '\0' && !val_from_text(&k->c, f, s, strlen(s), &v))
            ctx_invalid(&k->c, f->name, "err.invalid", NULL);
        val_in_range(&k->c, f, v);
        if (val_is_nil(v))
            json_object_set_new(args, f->name, json_null());
        else if (f->type == BERTH_DATE) /* however it is written */
            json_object_set_new(args, f->name, json_string(val_text(&k->c, f, v)));
        else if (f->type == BERTH_TIME || field_is_text(f))
            json_object_set_new(args, f->name, json_string(s));
        else if (f->type == BERTH_MONEY)
            json_object_set_new(args, f->name, json_real((double)v.i / 10000));
        else if (f->type == BERTH_REAL)
            json_object_set_new(args, f->name, json_real(v.d));
        else
            json_object_set_new(args, f->name, json_integer(v.i));
    }
    return args;
}

static void cell(struct call *k, struct json *j, const struct field *f, struct db_stmt *s, int i, struct titles_wanted **wanted)
{
    struct db_value v = db_col(s, i);
    char money[48];

    if (v.type == DB_T_NULL || v.type == DB_T_BLOB) {
        json_nil(j);
    } else if (f->type == BERTH_REF) {
        titles_want(&k->c, wanted, f, (struct berth_val){BERTH_REF, 0, {.i = db_col_int(s, i)}});
        json_int(j, db_col_int(s, i));
    } else if (f->type == BERTH_BOOL) {
        json_bool(j, db_col_int(s, i) != 0);
    } else if (f->type == BERTH_MONEY) {
        snprintf(money, sizeof(money), "%.2f", db_col_real(s, i));
        json_str(j, money);
    } else if (v.type == DB_T_INT) {
        json_int(j, v.i);
    } else if (v.type == DB_T_REAL) {
        json_double(j, v.d);
    } else {
        json_strn(j, v.s, v.len);
    }
}

static void rows_json(struct call *k, const struct script_report *r, struct db_stmt *s)
{
    struct json j = call_json(k);
    struct titles_wanted *wanted = NULL;
    int64_t n = 0;
    int rc = DB_DONE;

    json_open(&j, '{');
    json_key(&j, "rows");
    json_open(&j, '[');
    while (n < ROWS && (rc = db_step(s)) == DB_ROW) {
        json_open(&j, '{');
        for (size_t i = 0; i < r->ncolumns && (int)i < db_col_count(s); i++) {
            json_key(&j, r->columns[i].f.name);
            cell(k, &j, &r->columns[i].f, s, (int)i, &wanted);
        }
        json_close(&j, '}');
        n++;
    }
    json_close(&j, ']');
    json_flag(&j, "more", rc == DB_ROW && n == ROWS && db_step(s) == DB_ROW);
    titles_json(&k->c, &j, wanted);
    json_close(&j, '}');
    db_reset(s);
    if (rc < 0)
        ctx_db(&k->c, rc, "read a report");
}

static void run(struct call *k, const struct script_report *r, const json_t *args)
{
    struct buf err = BUF_INIT;
    struct db_conn *conn = report_open(&k->c, r->sql, &err);
    struct db_stmt *s = NULL;
    const char *name = NULL;

    if (conn != NULL) {
        db_budget(conn, k->req->deadline, NULL);
        if (db_report_sound(conn, r->sql, &err) && (s = db_prepare(conn, r->sql)) != NULL && report_bind(&k->c, s, args, &name))
            rows_json(k, r, s);
    }
    if (err.len > 0)
        ctx_invalid(&k->c, "report", "err.report", "why", arena_strdup(k->req->arena, buf_str(&err)), NULL);
    db_conn_close(&conn);
    buf_free(&err);
}

static void rows_of(void *arg, const struct script_report *r)
{
    struct call *k = arg;
    json_t *args;

    if (!reports_may(k, r)) {
        ctx_fail(&k->c, BERTH_DENIED, "denied", "err.denied");
        return;
    }
    if (unasked(k, r) != NULL) {
        call_no_param(k, unasked(k, r), form_names(k, r));
        return;
    }
    args = arguments(k, r);
    if (k->c.rc == BERTH_OK)
        run(k, r, args);
    json_decref(args);
}

static int rows(struct call *k)
{
    return with_report(k, rows_of);
}

/* ---- taking them along ------------------------------------------------------------------------------------- */
enum { COLUMNS_MAX = 100 };

static void may_see(void *arg, const struct script_report *r)
{
    struct call *k = arg;

    if (!reports_may(k, r))
        ctx_fail(&k->c, BERTH_DENIED, "denied", "err.denied");
}

static enum sheet_type column_type(const char *type)
{
    static const char *const numbers[] = {"int", "real", "money", NULL};

    for (size_t i = 0; numbers[i] != NULL; i++)
        if (strcmp(type, numbers[i]) == 0)
            return SHEET_NUMBER;
    return strcmp(type, "date") == 0 ? SHEET_DATE : SHEET_TEXT;
}

/* What does not read as the column's type is text. */
static struct sheet_cell sheet_cell_of(const json_t *v, enum sheet_type type)
{
    const char *s = json_string_value(v);
    struct sheet_cell c = {
        .text = s == NULL ? "" : s, .len = (uint32_t)json_string_length(v), .type = s == NULL || *s == '\0' ? SHEET_EMPTY : SHEET_TEXT};
    char *end = NULL;

    if (json_is_number(v)) {
        c.type = SHEET_NUMBER;
        c.v.number = json_number_value(v);
    } else if (c.type == SHEET_TEXT && type == SHEET_NUMBER) {
        c.v.number = strtod(s, &end);
        c.type = *end == '\0' ? SHEET_NUMBER : SHEET_TEXT;
    } else if (c.type == SHEET_TEXT && type == SHEET_DATE && when_date_parse(s, c.len, &c.v.days)) {
        c.type = SHEET_DATE;
    }
    return c;
}

static int audited(struct call *k, void *rows)
{
    return audit_add(&k->c, "export", arena_fmt(k->req->arena, "report %s: %zu rows", k->name, *(size_t *)rows));
}

static int write_sheet(struct call *k, const json_t *columns, const json_t *rows, enum sheet_kind kind, const char *path,
                       struct sheet_error *err)
{
    size_t n = json_array_size(columns), i;
    struct sheet_column *col = arena_alloc(k->req->arena, n * sizeof(*col));
    struct sheet_cell *cells = arena_alloc(k->req->arena, n * sizeof(*cells));
    struct sheet_writer *w;
    const json_t *row;

    for (i = 0; i < n; i++) {
        const json_t *c = json_array_get(columns, i);
        const char *title = json_string_value(json_object_get(c, "title")), *type = json_string_value(json_object_get(c, "type"));

        col[i] = (struct sheet_column){.title = title == NULL ? "" : title, .type = column_type(type == NULL ? "" : type),
                                       .format = type != NULL && strcmp(type, "money") == 0 ? "#,##0.00" : NULL};
    }
    if (sheet_write_open(path, kind, "Berth", col, n, NULL, &w, err) < 0)
        return -1;
    json_array_foreach (rows, i, row) {
        for (size_t c = 0; c < n; c++)
            cells[c] = sheet_cell_of(json_array_get(row, c), col[c].type);
        if (sheet_write_row(w, cells, n, err) < 0) {
            sheet_write_drop(&w);
            return -1;
        }
    }
    return sheet_write_close(&w, err);
}

/* {"kind":"xlsx"|"csv","columns":[{"title","type"}],"rows":[[...]]}: what the page of the report shows, in its words, as a
 * file.  Plugins answer the rows of their reports themselves, so the page hands them in. */
static int sheet(struct call *k)
{
    const json_t *o = call_object(k), *columns = json_object_get(o, "columns"), *rows = json_object_get(o, "rows");
    const struct report *r = model_report(k->c.m, k->name);
    const char *kind = o == NULL ? NULL : call_string(k, "kind"), *path;
    struct sheet_error err = {0};
    size_t n = json_array_size(rows);
    struct stat st;
    bool csv;
    int fd = -1;

    if (o == NULL || (r == NULL                ? with_report(k, may_see)
                      : meta_report_open(k, r) ? BERTH_OK
                                               : ctx_fail(&k->c, BERTH_DENIED, "denied", "err.denied")) != BERTH_OK)
        return k->c.rc;
    csv = kind != NULL && strcmp(kind, "csv") == 0;
    if (!csv && (kind == NULL || strcmp(kind, "xlsx") != 0))
        return ctx_invalid(&k->c, "kind", "err.export_kind", NULL);
    if (json_array_size(columns) == 0 || json_array_size(columns) > COLUMNS_MAX || !json_is_array(rows) || n > ROWS)
        return ctx_fail(&k->c, BERTH_INVALID, "bad_request", "err.bad_body");
    if (call_write(k, audited, &n) != BERTH_OK)
        return k->c.rc;
    path = arena_fmt(k->req->arena, "%s/report-%s", k->app->st->files_dir, k->req->id);
    if (write_sheet(k, columns, rows, csv ? SHEET_CSV : SHEET_XLSX, path, &err) == 0)
        fd = open(path, O_RDONLY | O_CLOEXEC);
    unlink(path);
    if (fd < 0 || fstat(fd, &st) < 0) {
        log_error("report", "write %s: %s", path, err.detail);
        if (fd >= 0)
            close(fd);
        return ctx_fail(&k->c, BERTH_BROKEN, "broken", "err.broken");
    }
    http_set(k->req, "Content-Type", csv ? "text/csv; charset=utf-8" : "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    http_set(k->req, "Content-Disposition", arena_fmt(k->req->arena, "attachment; filename=\"%s.%s\"", k->name, kind));
    http_set(k->req, "Cache-Control", "no-store");
    http_file(k->req, fd, (uint64_t)st.st_size, -1);
    k->app_answered = true;
    return k->c.rc;
}

const struct route_entry routes_reports[] = {
    {"GET", "/api/_report/{name}/rows", R_SLOW, rows, TAKES("*")},
    {"POST", "/api/_report/{name}/sheet", R_SLOW | R_LARGE, sheet},
    {0},
};
