/* ddl.c - SQL that makes tables, columns and indexes of the model.
 *
 * Whether a field is required is checked in code, and uniqueness is an index of its own: SQLite
 * can add neither to a table that holds rows.  Names stand unquoted: the model refuses those that
 * would need it, but for table.sql. */
#include "model/ddl.h"

#include <inttypes.h>
#include <string.h>

#include "base/money.h"
#include "base/when.h"

const char *ddl_type(const struct field *f, const struct db_dialect *d)
{
    if (f->orders != NULL)
        return d->type[DB_T_BLOB];
    if (field_is_text(f))
        return d->type[DB_T_TEXT];
    return d->type[f->type == BERTH_REAL ? DB_T_REAL : DB_T_INT];
}

bool ddl_is_identity(const struct field *f)
{
    if ((f->table->flags & BERTH_BARE) == 0)
        return f->at == F_ID;
    return f->def != NULL && strcmp(f->def, "@seq") == 0;
}

bool ddl_index_is_primary(const struct table *t, const struct index *ix)
{
    return (t->flags & BERTH_BARE) != 0 && ix == &t->indexes[0];
}

void ddl_index_columns(struct buf *out, const struct index *ix, const struct db_dialect *d)
{
    size_t n = ix->n - (d->index_ends_with_id && ix->n > 1 && !ix->unique && ddl_is_identity(ix->on[ix->n - 1]));

    for (size_t i = 0; i < n; i++)
        buf_addf(out, "%s%s", i > 0 ? ", " : "", ix->on[i]->name);
}

static bool has_identity(const struct table *t)
{
    for (int i = 0; i < t->nfields; i++)
        if (ddl_is_identity(&t->fields[i]))
            return true;
    return false;
}

static void column(struct buf *out, const struct field *f, const struct db_dialect *d)
{
    if (ddl_is_identity(f)) {
        buf_addf(out, "%s %s", f->name, d->identity);
        return;
    }
    buf_addf(out, "%s %s", f->name, ddl_type(f, d));
    if (!f->column_null)
        buf_puts(out, " NOT NULL");
}

void ddl_create(struct buf *out, const struct table *t, const struct db_dialect *d)
{
    bool keyed = !has_identity(t);

    buf_addf(out, "CREATE TABLE %s (", t->sql);
    for (int i = 0; i < t->ncolumns; i++) {
        buf_puts(out, i > 0 ? ",\n    " : "\n    ");
        column(out, &t->fields[i], d);
    }
    if (keyed) {
        buf_puts(out, ",\n    PRIMARY KEY (");
        ddl_index_columns(out, &t->indexes[0], d);
        buf_putc(out, ')');
    }
    buf_addf(out, "\n)%s", keyed ? d->keyed_end : d->table_end);
}

static void quoted(struct buf *out, const char *s)
{
    buf_putc(out, '\'');
    for (; *s != '\0'; s++) {
        if (*s == '\'')
            buf_putc(out, '\'');
        buf_putc(out, *s);
    }
    buf_putc(out, '\'');
}

/* The default as SQL text; false for those worked out for each record ("@now"). */
static bool literal(struct buf *out, const struct field *f)
{
    int64_t v = 0;

    if (f->def == NULL || f->def[0] == '@')
        return false;
    if (field_is_text(f)) {
        if ((f->flags & BERTH_MANY) != 0)
            return false;
        quoted(out, f->def);
    } else if (f->type == BERTH_BOOL) {
        buf_puts(out, strcmp(f->def, "true") == 0 ? "1" : "0");
    } else if (f->type == BERTH_INT || f->type == BERTH_REAL) {
        buf_puts(out, f->def); /* checked to be a number */
    } else if ((f->type == BERTH_MONEY && money_parse(f->def, strlen(f->def), &v)) ||
               (f->type == BERTH_DATE && when_date_parse(f->def, strlen(f->def), &v)) ||
               (f->type == BERTH_TIME && when_time_parse(f->def, strlen(f->def), &v))) {
        buf_addf(out, "%" PRId64, v);
    } else {
        return false;
    }
    return true;
}

/* Rows that are there get the default; new ones get theirs from the host, so CREATE TABLE needs
 * none.  Columns that may not be NULL get a zero, as both databases insist. */
void ddl_add_column(struct buf *out, const struct table *t, const struct field *f,
                    const struct db_dialect *d)
{
    struct buf def = BUF_INIT;

    buf_addf(out, "ALTER TABLE %s ADD COLUMN ", t->sql);
    column(out, f, d);
    if (literal(&def, f))
        buf_addf(out, " DEFAULT %s", def.s);
    else if (!f->column_null)
        buf_addf(out, " DEFAULT %s", field_is_text(f) ? "''" : "0");
    buf_free(&def);
}

void ddl_index(struct buf *out, const struct table *t, const struct index *ix, const struct db_dialect *d)
{
    buf_addf(out, "CREATE %sINDEX %s ON %s (", ix->unique ? "UNIQUE " : "", ix->name, t->sql);
    ddl_index_columns(out, ix, d);
    buf_putc(out, ')');
    if (ix->sparse)
        buf_addf(out, " WHERE %s IS NOT NULL", ix->on[0]->name);
}
