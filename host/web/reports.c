/* reports.c - reports that scripts declare (scripts/reports/leads_by_source.lua): their form and columns as the UI knows
 * fields, their rows as the user may see them. */
#include "record/report.h"

#include <stdio.h>
#include <string.h>

#include "base/when.h"
#include "lua/script.h"
#include "record/titles.h"
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
        if (val_is_nil(v))
            json_object_set_new(args, f->name, json_null());
        else if (f->type == BERTH_DATE || f->type == BERTH_TIME || field_is_text(f))
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
    struct db_conn *conn = report_open(&k->c, &err);
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
    args = arguments(k, r);
    if (k->c.rc == BERTH_OK)
        run(k, r, args);
    json_decref(args);
}

static int rows(struct call *k)
{
    return with_report(k, rows_of);
}

const struct route_entry routes_reports[] = {
    {"GET", "/api/_report/{name}/rows", R_SLOW, rows},
    {0},
};
