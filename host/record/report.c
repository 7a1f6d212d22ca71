/* report.c - the views that reports are made from. */
#include "record/report.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/when.h"
#include "record/perm.h"
#include "record/where.h"
#include "record/zone.h"

/* ---- how people read values --------------------------------------------------------------------- */
static bool day_text(void *arg, int64_t day, char out[DB_FUNCTION_TEXT])
{
    (void)arg;
    when_date_format(day, out);
    return true;
}

static bool time_text(void *zone, int64_t ms, char out[DB_FUNCTION_TEXT])
{
    when_time_format(ms + zone_offset(zone, ms), out); /* "2026-11-22T18:00:00.000Z" */
    out[10] = ' ';
    out[19] = '\0';
    return true;
}

static const char *shown(struct berth_ctx *c, struct arena *a, const struct field *f)
{
    const char *as = f->type == BERTH_MONEY ? "round(%s / 10000.0, 4)" : f->type == BERTH_DATE ? "berth_day(%s)"
                     : f->type == BERTH_TIME ? "berth_time(%s)" : "%s";
    struct buf b = BUF_INIT;
    const char *at, *column = c == NULL || perm_field(c->who, f) < ACCESS_READ ? "NULL" : perm_column(c, f, "t."), *sql;

    if (c != NULL && c->all)
        column = arena_fmt(a, "t.%s", f->name);
    at = strstr(as, "%s");
    buf_add(&b, as, (size_t)(at - as));
    buf_addf(&b, "%s%s", column, at + 2);
    sql = arena_strndup(a, buf_str(&b), b.len);
    buf_free(&b);
    return sql;
}

/* ---- views -------------------------------------------------------------------------------------- */
static const char *columns(struct berth_ctx *c, struct arena *a, const struct table *t)
{
    struct buf b = BUF_INIT;
    const char *sql;

    for (int i = 0; i < t->nfields; i++)
        if (!(t->fields[i].flags & BERTH_SECRET))
            buf_addf(&b, "%s%s AS %s", b.len > 0 ? ", " : "", shown(c, a, &t->fields[i]), t->fields[i].name);
    if (b.len == 0)
        buf_puts(&b, "NULL AS id");
    sql = arena_strndup(a, buf_str(&b), b.len);
    buf_free(&b);
    return sql;
}

static const char *rows_of(struct berth_ctx *c, const struct table *t)
{
    struct buf b = BUF_INIT;
    const char *sql;

    if ((t->flags & BERTH_BARE) || (!c->all && !perm_may(c->who, t, DO_READ)))
        return NULL;
    perm_where_one(c, t, DO_READ, "t.", &b);
    sql = arena_strndup(c->a, b.len > 0 ? buf_str(&b) : "1=1", b.len > 0 ? b.len : 3);
    buf_free(&b);
    return sql;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Whether the word stands somewhere in the SQL, be it in a comment. */
static bool named(const char *sql, const char *table)
{
    size_t n = strlen(table);

    for (const char *at = strcasestr(sql, table); at != NULL; at = strcasestr(at + 1, table))
        if ((at == sql || !is_word(at[-1])) && !is_word(at[n]))
            return true;
    return false;
}

/* The tables that the SQL names, and what they are details of: whose rows are seen decides of theirs. */
static bool *wanted(struct arena *a, const struct model *m, const char *report)
{
    bool *want = arena_alloc(a, (m->ntables + 1) * sizeof(*want));

    for (size_t i = 0; i < m->ntables; i++)
        if (named(report, m->tables[i].name))
            for (const struct table *t = &m->tables[i]; t != NULL && !want[t->at]; t = t->parent == NULL ? NULL : t->parent->ref)
                want[t->at] = true;
    return want;
}

/* A view takes the database 0.1 ms, and there are a hundred tables. */
static const struct db_view *views(struct berth_ctx *c, struct arena *a, const struct model *m, const char *report, size_t *n)
{
    struct db_view *all = arena_alloc(a, (m->ntables + 1) * sizeof(*all));
    const bool *want = wanted(a, m, report);

    *n = 0;
    for (size_t i = 0; i < m->ntables; i++) {
        const struct table *t = &m->tables[i];
        const char *where;

        if (!want[i])
            continue;
        where = c == NULL ? NULL : rows_of(c, t);
        all[(*n)++] = (struct db_view){t->name, t->name, columns(where == NULL ? NULL : c, a, t), where};
    }
    return all;
}

struct db_conn *report_open(struct berth_ctx *c, const char *sql, struct buf *err)
{
    struct db_function *f = arena_alloc(c->a, 2 * sizeof(*f));
    size_t n;
    const struct db_view *all = views(c, c->a, c->m, sql, &n);

    f[0] = (struct db_function){"berth_day", day_text, NULL};
    f[1] = (struct db_function){"berth_time", time_text, (void *)(uintptr_t)c->st->company.zone};
    return db_report(c->st->db, all, n, f, 2, err);
}

struct db_conn *report_check(const struct model *m, const char *sql, struct buf *err)
{
    static struct db_function none[] = {{"berth_day", day_text, NULL}, {"berth_time", time_text, ""}};
    struct arena *a = arena_new();
    size_t n;
    const struct db_view *all = views(NULL, a, m, sql, &n);
    struct db_conn *c = db_report(NULL, all, n, none, 2, err);

    arena_free(&a);
    return c;
}

/* ---- placeholders ------------------------------------------------------------------------------- */
bool report_bind(struct berth_ctx *c, struct db_stmt *s, const json_t *args, const char **name)
{
    char today[WHEN_DATE_MAX];

    when_date_format(where_today(c), today);
    for (int i = 1; i <= db_param_count(s); i++) {
        const json_t *v;

        *name = db_param_name(s, i);
        v = *name == NULL ? NULL : json_object_get(args, *name);
        if (v == NULL && *name != NULL && strcmp(*name, "today") == 0)
            db_bind_text(s, i, arena_strdup(c->a, today), -1);
        else if (v == NULL && *name != NULL && strcmp(*name, "me") == 0)
            db_bind_int(s, i, c->who == NULL ? 0 : c->who->id);
        else if (v == NULL)
            return false;
        else if (json_is_string(v))
            db_bind_text(s, i, json_string_value(v), (int64_t)json_string_length(v));
        else if (json_is_integer(v))
            db_bind_int(s, i, json_integer_value(v));
        else if (json_is_real(v))
            db_bind_real(s, i, json_real_value(v));
        else if (json_is_boolean(v))
            db_bind_int(s, i, json_is_true(v));
        else
            db_bind_null(s, i);
    }
    return true;
}
