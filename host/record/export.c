/* export.c - pages of a list, read as the user may read them, go into a spreadsheet one by one. */
#include "record/export.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"
#include "record/asof.h"
#include "record/audit.h"
#include "record/commit.h"
#include "record/find.h"
#include "record/view.h"
#include "record/zone.h"
#include "sheet/sheet.h"

enum { PAGE = 500, COLUMNS_MAX = 200, IDS_MAX = 10000, KEEP_DAYS = 1 };

struct question { /* what is exported, resolved for one page's ctx */
    struct page page;
    const struct field *col[COLUMNS_MAX];
    size_t n;
    int64_t at; /* as it was then; 0: now */
};

/* ---- the question ------------------------------------------------------------------ */
static const char *text(const json_t *body, const char *key)
{
    const char *s = json_string_value(json_object_get(body, key));

    return s == NULL || *s == '\0' ? NULL : s;
}

static bool add_column(struct berth_ctx *c, struct question *q, const struct field *f)
{
    if (f == NULL || (f->flags & BERTH_SECRET) || perm_field(c->who, f) < ACCESS_MASK)
        return false;
    if (q->n < COLUMNS_MAX)
        q->col[q->n++] = f;
    return true;
}

static bool columns(struct berth_ctx *c, struct question *q, const char *list)
{
    const struct table *t = q->page.t;
    struct buf names = BUF_INIT;

    for (int i = 0; list == NULL && i < t->nfields; i++)
        if (&t->fields[i] == t->title || (t->fields[i].flags & BERTH_LIST))
            add_column(c, q, &t->fields[i]);
    while (list != NULL && *list != '\0') {
        size_t n;

        list += strspn(list, ", ");
        n = strcspn(list, ", ");
        if (n > 0 && !add_column(c, q, map_getn(&t->by_name, list, n))) {
            ctx_invalid(c, "fields", "err.unknown_field", "name", arena_strndup(c->a, list, n), NULL);
            return false;
        }
        list += n;
    }
    for (size_t i = 0; i < q->n; i++)
        buf_addf(&names, "%s%s", i > 0 ? "," : "", q->col[i]->name);
    q->page.fields = names.len == 0 ? "id" : arena_strdup(c->a, buf_str(&names));
    buf_free(&names);
    return true;
}

static bool ids_where(struct berth_ctx *c, const struct table *t, const json_t *ids, const struct where **out)
{
    struct where *w;
    size_t i;
    json_t *id;

    if (!json_is_array(ids))
        return true;
    if (json_array_size(ids) > IDS_MAX)
        return ctx_invalid(c, "ids", "err.selection", NULL) == BERTH_OK;
    w = arena_alloc(c->a, sizeof(*w));
    w->op = W_IN;
    w->f = &t->fields[F_ID];
    w->v = arena_alloc(c->a, (json_array_size(ids) + 1) * sizeof(*w->v));
    json_array_foreach (ids, i, id)
        w->v[w->nv++] = berth_i(json_integer_value(id));
    *out = where_and(c, *out, w);
    return true;
}

static bool resolve(struct berth_ctx *c, const struct table *t, const json_t *body, struct question *q)
{
    const char *sort = text(body, "sort"), *fields = text(body, "fields");
    struct view_use use;
    const struct where *own;

    *q = (struct question){.page = {.t = t, .search = text(body, "q")}};
    if (!perm_may(c->who, t, DO_EXPORT) || !perm_may(c->who, t, DO_READ))
        return ctx_fail(c, BERTH_DENIED, "denied", "err.denied"), false;
    if (!view_use(c, t, text(body, "view"), &use) || !where_json(c, t, json_object_get(body, "filter"), &own))
        return false;
    q->page.q.where = where_and(c, use.where, own);
    q->page.q.limit = PAGE;
    if (text(body, "at") != NULL) {
        if (!asof_moment(c, t, text(body, "at"), &q->at))
            return false;
        q->page.q.where = where_and(c, q->page.q.where, asof_search(c, t, q->page.search));
        sort = "-id"; /* the one order in which nothing has moved */
    }
    return ids_where(c, t, json_object_get(body, "ids"), &q->page.q.where) &&
           where_sort(c, t, sort != NULL ? sort : use.sort, &q->page.q) && columns(c, q, fields != NULL ? fields : use.columns);
}

static bool is_kind(const char *kind)
{
    return kind != NULL && (strcmp(kind, "xlsx") == 0 || strcmp(kind, "csv") == 0);
}

int64_t export_start(struct berth_ctx *c, const struct table *t, const json_t *body)
{
    char print[PERM_PRINT];
    struct question q;
    json_t *args;
    int64_t id;

    if (!is_kind(text(body, "kind")))
        return ctx_invalid(c, "kind", "err.export_kind", NULL);
    if (!resolve(c, t, body, &q))
        return 0;
    args = json_deep_copy(body);
    json_object_set_new(args, "table", json_string(t->name));
    json_object_del(args, "rights");
    if (c->who != NULL) {
        perm_print(c->who, t, print);
        json_object_set_new(args, "rights", json_string(print));
    }
    json_object_set_new(args, "locale", json_string(c->locale == NULL ? "" : c->locale));
    id = job_add(c, "export", args, 0);
    json_decref(args);
    return id;
}

/* ---- cells --------------------------------------------------------------------------- */
static void put_text(struct sheet_cell *cell, const char *s)
{
    *cell = (struct sheet_cell){.text = s == NULL ? "" : s, .len = s == NULL ? 0 : (uint32_t)strlen(s),
                                .type = s == NULL || *s == '\0' ? SHEET_EMPTY : SHEET_TEXT};
}

/* One value as a person reads it: a dictionary's label, a title. */
static const char *word(struct berth_ctx *c, const struct field *f, const json_t *v, const json_t *refs)
{
    if (json_is_string(v) && f->type == BERTH_PICK && f->dict != NULL) {
        const char *label = labels_find(c->st->labels, c->locale, arena_fmt(c->a, "%s.%s", f->dict->name, json_string_value(v)));

        return label != NULL ? label : json_string_value(v);
    }
    if (json_is_string(v))
        return json_string_value(v);
    if (json_is_integer(v)) {
        const char *id = arena_fmt(c->a, "%lld", (long long)json_integer_value(v));
        const char *title = f->of == NULL ? NULL : json_string_value(json_object_get(json_object_get(refs, f->of), id));

        return title != NULL ? title : f->type == BERTH_REF ? arena_fmt(c->a, "#%s", id) : id;
    }
    return NULL;
}

static const char *words(struct berth_ctx *c, const struct field *f, const json_t *list, const json_t *refs)
{
    struct buf b = BUF_INIT;
    const char *s;
    size_t i;
    json_t *v;

    json_array_foreach ((json_t *)list, i, v)
        buf_addf(&b, "%s%s", i > 0 ? "; " : "", word(c, f, v, refs));
    s = arena_strdup(c->a, buf_str(&b));
    buf_free(&b);
    return s;
}

static void moment(struct berth_ctx *c, const struct field *f, const char *s, struct sheet_cell *cell)
{
    int64_t v;

    if (f->type == BERTH_DATE && when_date_parse(s, strlen(s), &v)) {
        cell->type = SHEET_DATE;
        cell->v.days = v;
    } else if (f->type == BERTH_TIME && when_time_parse(s, strlen(s), &v)) {
        int64_t day = zone_day(c->st->company.zone, v);

        cell->type = SHEET_DATETIME; /* on the company's clock */
        cell->v.ms = day * WHEN_DAY + (v - zone_midnight(c->st->company.zone, day));
    } else {
        put_text(cell, s); /* masked */
    }
}

static void put(struct berth_ctx *c, const struct field *f, const json_t *v, const json_t *refs, struct sheet_cell *cell)
{
    char *end;

    put_text(cell, NULL);
    if (v == NULL || json_is_null(v))
        return;
    if (f->type == BERTH_JSON) {
        char *raw = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);

        put_text(cell, arena_strdup(c->a, raw));
        free(raw);
    } else if (json_is_array(v)) {
        put_text(cell, words(c, f, v, refs));
    } else if (json_is_boolean(v)) {
        cell->type = SHEET_BOOL;
        cell->v.yes = json_is_true(v);
    } else if (json_is_number(v) && f->type != BERTH_REF) {
        cell->type = SHEET_NUMBER;
        cell->v.number = json_number_value(v);
    } else if (f->type == BERTH_MONEY && json_is_string(v)) {
        cell->v.number = strtod(json_string_value(v), &end);
        cell->type = SHEET_NUMBER;
        if (*end != '\0')
            put_text(cell, json_string_value(v));
    } else if ((f->type == BERTH_DATE || f->type == BERTH_TIME) && json_is_string(v)) {
        moment(c, f, json_string_value(v), cell);
    } else {
        put_text(cell, word(c, f, v, refs));
    }
}

/* ---- the rights it was asked for with ---------------------------------------------------- */
/* What a file shows was allowed to whoever asked for it as they were then: page by page, and when it is fetched, they still
 * have to be that.  print "": nobody in particular asked, or before this was noted. */
static bool same_rights(struct berth_ctx *c, const struct table *t, const char *print)
{
    char now[PERM_PRINT];

    if (c->who == NULL || *print == '\0')
        return true;
    perm_print(c->who, t, now);
    return strcmp(now, print) == 0 || ctx_fail(c, BERTH_CONFLICT, "rights_changed", "err.rights_changed") == BERTH_OK;
}

static bool still_may(struct berth_ctx *c, const struct table *t, const char *print)
{
    const struct who *now = c->who == NULL ? NULL : who_get(c->st, c->conn, c->m, c->who->id);

    if (c->who == now)
        return true;
    if (now == NULL)
        return ctx_fail(c, BERTH_DENIED, "sign_in", "err.sign_in") == BERTH_OK;
    c->who = now; /* the one before is freed in a while */
    return same_rights(c, t, print);
}

/* ---- writing --------------------------------------------------------------------------- */
static enum sheet_type shown_as(const struct field *f)
{
    if (f->flags & BERTH_MANY)
        return SHEET_TEXT;
    switch (f->type) {
    case BERTH_INT:
    case BERTH_REAL:
    case BERTH_MONEY:
        return SHEET_NUMBER;
    case BERTH_DATE:
        return SHEET_DATE;
    case BERTH_TIME:
        return SHEET_DATETIME;
    case BERTH_BOOL:
        return SHEET_BOOL;
    default:
        return SHEET_TEXT;
    }
}

static int open_sheet(struct berth_ctx *c, const struct question *q, const char *kind, const char *path,
                      struct sheet_writer **w, struct sheet_error *e)
{
    const struct table *t = q->page.t;
    struct sheet_column *col = arena_alloc(c->a, (q->n + 1) * sizeof(*col));

    for (size_t i = 0; i < q->n; i++)
        col[i] = (struct sheet_column){.title = labels_field(c->st->labels, c->locale, t->name, q->col[i]->name),
                                       .type = shown_as(q->col[i]),
                                       .format = q->col[i]->type == BERTH_MONEY ? "#,##0.00" : NULL};
    return sheet_write_open(path, strcmp(kind, "csv") == 0 ? SHEET_CSV : SHEET_XLSX,
                            labels_get(c->st->labels, c->locale, arena_fmt(c->a, "%s.*", t->name)), col, q->n, NULL, w, e);
}

/* One page; *after becomes the next one's cursor (malloc'ed) or NULL.  Rows written, or -1. */
static int64_t write_page(struct berth_ctx *c, const struct question *q, char **after, struct sheet_writer *w,
                          struct sheet_error *e)
{
    struct buf page = BUF_INIT;
    struct sheet_cell *cells = arena_alloc(c->a, (q->n + 1) * sizeof(*cells));
    const json_t *refs, *row;
    json_t *doc = NULL;
    int64_t n = 0;
    size_t i;

    if ((q->at != 0 ? asof_page(c, q->page.t, q->page.q.where, q->at, q->page.after == NULL ? 0 : strtoll(q->page.after, NULL, 10), PAGE,
                                q->page.fields, &page)
                    : find_page(c, &q->page, &page)) == BERTH_OK)
        doc = json_loadb(page.s, page.len, 0, NULL);
    buf_free(&page);
    free(*after);
    *after = NULL;
    if (doc == NULL)
        return -1;
    refs = json_object_get(doc, "refs");
    json_array_foreach (json_object_get(doc, "rows"), i, row) {
        for (size_t k = 0; k < q->n; k++)
            put(c, q->col[k], json_object_get(row, q->col[k]->name), refs, &cells[k]);
        if (n >= 0 && sheet_write_row(w, cells, q->n, e) < 0)
            n = -1;
        else if (n >= 0)
            n++;
    }
    if (json_is_string(json_object_get(doc, "next")))
        *after = mem_strdup(json_string_value(json_object_get(doc, "next")));
    json_decref(doc);
    return n;
}

static int no_file(struct berth_ctx *c, const char *path, const struct sheet_error *e)
{
    log_error("export", "write %s: %s", path, e->code != SHEET_OK ? e->detail : strerror(errno));
    return ctx_fail(c, errno == ENOSPC ? BERTH_FULL : BERTH_BROKEN, NULL, NULL);
}

int64_t export_write(struct berth_ctx *c, const struct table *t, const json_t *body, const char *path,
                     bool (*go_on)(void *arg, int64_t rows), void *arg)
{
    struct sheet_error e = {0};
    struct sheet_writer *w;
    const char *asked = text(body, "rights");
    char print[PERM_PRINT] = "", *after = NULL;
    struct question q;
    int64_t rows = 0, n;

    if (asked != NULL)
        snprintf(print, sizeof(print), "%s", asked);
    else if (c->who != NULL)
        perm_print(c->who, t, print);
    if (!same_rights(c, t, print) || !resolve(c, t, body, &q))
        return -1;
    if (open_sheet(c, &q, text(body, "kind"), path, &w, &e) < 0)
        return no_file(c, path, &e), -1;
    do { /* each page has an arena and a ctx of its own, so memory stays what one page needs */
        struct arena *a = arena_new();
        struct berth_ctx page;

        ctx_init(&page, c->st, c->conn, a, c->who, c->locale);
        q.page.after = after == NULL ? NULL : arena_strdup(a, after);
        n = write_page(&page, &q, &after, w, &e);
        if (page.rc != BERTH_OK)
            ctx_fail(c, page.rc, page.code, page.key);
        arena_free(&a);
        db_settle(c->conn);
        rows += n > 0 ? n : 0;
    } while (n >= 0 && after != NULL && go_on(arg, rows) && still_may(c, t, print));
    if (n < 0 || after != NULL) {
        free(after);
        sheet_write_drop(&w);
        return c->rc != BERTH_OK ? -1 : n < 0 ? (no_file(c, path, &e), -1) : -1;
    }
    return sheet_write_close(&w, &e) < 0 ? (no_file(c, path, &e), -1) : rows;
}

/* ---- as a job ---------------------------------------------------------------------------- */
static const char *path_of(struct berth_ctx *c, int64_t job, const char *kind)
{
    return arena_fmt(c->a, "%s/export-%lld.%s", c->st->files_dir, (long long)job, kind);
}

/* Exports are fetched at once; what lies here since yesterday is nobody's any more. */
static void sweep(struct store *st)
{
    DIR *d = opendir(st->files_dir);
    int64_t old = when_now() / 1000 - KEEP_DAYS * 86400;

    for (struct dirent *f; d != NULL && (f = readdir(d)) != NULL;) {
        struct stat s;

        if (strncmp(f->d_name, "export-", 7) == 0 && fstatat(dirfd(d), f->d_name, &s, AT_SYMLINK_NOFOLLOW) == 0 &&
            s.st_mtime < old)
            unlinkat(dirfd(d), f->d_name, 0);
    }
    if (d != NULL)
        closedir(d);
}

static bool go_on(void *arg, int64_t rows)
{
    struct job *j = arg;

    j->done = rows;
    if (rows % (PAGE * 10) != 0)
        return true;
    return job_progress(j) == 0 && !j->cancelled;
}

/* That data left goes into the audit log with the job's end. */
static int note(struct berth_ctx *c, void *detail)
{
    return audit_add(c, "export", detail);
}

/* For the progress; 0: more than are counted. */
static int64_t expected(struct berth_ctx *c, const struct table *t, const json_t *body)
{
    struct question q;
    int64_t n = resolve(c, t, body, &q) && q.at == 0 ? find_count(c, t, q.page.q.where, q.page.search) : 0;

    return n > COUNT_MAX ? 0 : n;
}

int export_run(struct job *j, struct buf *err)
{
    const char *kind = text(j->args, "kind"), *name = text(j->args, "table"), *path;
    const json_t *filter = json_object_get(j->args, "filter");
    struct berth_ctx c;
    const struct table *t;
    char *condition;
    int64_t rows;

    j->locale = text(j->args, "locale");
    sweep(j->st);
    job_ctx(j, &c, j->conn, j->a);
    t = name == NULL ? NULL : model_table(c.m, name);
    if (c.rc != BERTH_OK || t == NULL || !is_kind(kind)) {
        buf_puts(err, "whoever asked for it, or the table, is gone");
        return -1;
    }
    path = path_of(&c, j->id, kind);
    j->total = expected(&c, t, j->args);
    rows = export_write(&c, t, j->args, path, go_on, j);
    if (rows < 0) {
        unlink(path);
        if (!j->cancelled)
            buf_puts(err, ctx_text(&c, c.key == NULL ? "err.broken" : c.key, c.args));
        return j->cancelled ? 0 : -1;
    }
    condition = filter == NULL ? NULL : json_dumps(filter, JSON_COMPACT);
    struct commit last = {.st = j->st,
                          .job = j,
                          .what = "export",
                          .body = note,
                          .err = err,
                          .arg = arena_fmt(c.a, "%s: %lld rows as %s, view %s, filter %s, search %s%s%s", t->name, (long long)rows, kind,
                                           text(j->args, "view") == NULL ? "-" : text(j->args, "view"), condition == NULL ? "-" : condition,
                                           text(j->args, "q") == NULL ? "-" : text(j->args, "q"),
                                           text(j->args, "at") == NULL ? "" : ", as it was at ",
                                           text(j->args, "at") == NULL ? "" : text(j->args, "at"))};

    free(condition);
    j->done = rows;
    j->total = rows;
    json_object_set_new(j->result, "rows", json_integer(rows));
    json_object_set_new(j->result, "table", json_string(t->name));
    json_object_set_new(j->result, "kind", json_string(kind));
    if (commit_run(&last) == 0)
        return 0;
    unlink(path);
    return -1;
}

int export_file(struct berth_ctx *c, int64_t job, const char **path_r, const char **name_r, const char **kind_r)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT args FROM job WHERE id = ? AND kind = 'export' AND state = 'done'"
                                            " AND user_id = ?");
    json_t *args = NULL;
    const struct table *t;

    db_bind_int(s, 1, job);
    db_bind_int(s, 2, c->who == NULL ? 0 : c->who->id);
    if (db_step(s) == DB_ROW)
        args = json_loads(db_col_text(s, 0, NULL), 0, NULL);
    db_reset(s);
    t = text(args, "table") == NULL ? NULL : model_table(c->m, text(args, "table"));
    if (t != NULL && perm_may(c->who, t, DO_EXPORT) && is_kind(text(args, "kind"))) {
        if (!same_rights(c, t, text(args, "rights") == NULL ? "" : text(args, "rights"))) {
            json_decref(args);
            return c->rc;
        }
        *kind_r = strcmp(text(args, "kind"), "csv") == 0 ? "csv" : "xlsx";
        *path_r = path_of(c, job, *kind_r);
        *name_r = arena_strdup(c->a, t->name);
    } else {
        ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    }
    json_decref(args);
    return c->rc;
}
