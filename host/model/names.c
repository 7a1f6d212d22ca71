/* names.c - which names may be used, and lists of names. */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "model/build.h"

/* Words that SQLite or PostgreSQL refuses as a bare column name, PostgreSQL's system columns, the
 * words of the filter language and of Lua.  Sorted. */
static const char *const reserved[] = {"_rowid_",
                                       "add",
                                       "all",
                                       "alter",
                                       "analyse",
                                       "analyze",
                                       "and",
                                       "any",
                                       "array",
                                       "as",
                                       "asc",
                                       "asymmetric",
                                       "authorization",
                                       "autoincrement",
                                       "begins",
                                       "between",
                                       "binary",
                                       "both",
                                       "break",
                                       "case",
                                       "cast",
                                       "check",
                                       "cmax",
                                       "cmin",
                                       "collate",
                                       "collation",
                                       "column",
                                       "commit",
                                       "concurrently",
                                       "constraint",
                                       "contains",
                                       "create",
                                       "cross",
                                       "ctid",
                                       "current_catalog",
                                       "current_date",
                                       "current_role",
                                       "current_schema",
                                       "current_time",
                                       "current_timestamp",
                                       "current_user",
                                       "default",
                                       "deferrable",
                                       "delete",
                                       "desc",
                                       "distinct",
                                       "do",
                                       "drop",
                                       "else",
                                       "elseif",
                                       "empty",
                                       "end",
                                       "escape",
                                       "except",
                                       "exists",
                                       "false",
                                       "fetch",
                                       "for",
                                       "foreign",
                                       "freeze",
                                       "from",
                                       "full",
                                       "function",
                                       "glob",
                                       "goto",
                                       "grant",
                                       "group",
                                       "having",
                                       "if",
                                       "ilike",
                                       "in",
                                       "index",
                                       "indexed",
                                       "initially",
                                       "inner",
                                       "insert",
                                       "intersect",
                                       "into",
                                       "is",
                                       "isnull",
                                       "join",
                                       "lateral",
                                       "leading",
                                       "left",
                                       "like",
                                       "limit",
                                       "local",
                                       "localtime",
                                       "localtimestamp",
                                       "natural",
                                       "nil",
                                       "not",
                                       "nothing",
                                       "notnull",
                                       "null",
                                       "offset",
                                       "oid",
                                       "on",
                                       "only",
                                       "or",
                                       "order",
                                       "outer",
                                       "overlaps",
                                       "placing",
                                       "primary",
                                       "references",
                                       "regexp",
                                       "repeat",
                                       "return",
                                       "returning",
                                       "right",
                                       "rowid",
                                       "select",
                                       "session_user",
                                       "set",
                                       "similar",
                                       "some",
                                       "symmetric",
                                       "system_user",
                                       "table",
                                       "tablesample",
                                       "tableoid",
                                       "then",
                                       "to",
                                       "trailing",
                                       "transaction",
                                       "true",
                                       "union",
                                       "unique",
                                       "until",
                                       "update",
                                       "user",
                                       "using",
                                       "values",
                                       "variadic",
                                       "verbose",
                                       "when",
                                       "where",
                                       "while",
                                       "window",
                                       "with",
                                       "xmax",
                                       "xmin"};

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool name_is_plain(const char *name)
{
    if (name == NULL || !islower((unsigned char)name[0]))
        return false;
    for (const char *p = name; *p != '\0'; p++)
        if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '_')
            return false;
    return true;
}

const char *model_name_problem(const char *name)
{
    if (!name_is_plain(name))
        return "must begin with a lower-case letter and hold only a-z, 0-9 and _";
    if (strlen(name) > 48)
        return "is longer than 48 characters";
    if (bsearch(&name, reserved, sizeof(reserved) / sizeof(reserved[0]), sizeof(reserved[0]),
                compare) != NULL)
        return "is a reserved word of SQL, of filters or of Lua; choose another";
    return NULL;
}

bool name_check(struct build *b, const char *plugin, const char *table, const char *what,
                const char *name)
{
    const char *why = name_is_plain(name) ? NULL : model_name_problem(name);

    if (why == NULL && strlen(name) > 48)
        why = "is longer than 48 characters";
    if (why != NULL)
        problem(b, plugin, table, NULL, "the %s name \"%s\" %s", what, name, why);
    return why == NULL;
}

char **names_split(struct arena *a, const char *list, size_t *n_r)
{
    size_t n = 0, room = 2;
    char **names;

    if (list == NULL)
        list = "";
    for (const char *p = list; *p != '\0'; p++)
        room += *p == ',';
    names = arena_alloc(a, room * sizeof(*names));
    while (*list != '\0') {
        size_t len = strcspn(list, ",");
        const char *from = list, *to = list + len;

        while (from < to && isspace((unsigned char)*from))
            from++;
        while (to > from && isspace((unsigned char)to[-1]))
            to--;
        if (to > from)
            names[n++] = arena_strndup(a, from, (size_t)(to - from));
        list += len + (list[len] == ',');
    }
    if (n_r != NULL)
        *n_r = n;
    return names;
}

static void tell(struct buf *out, const char *plugin, const char *table, const char *field,
                 const char *fmt, va_list ap)
{
    const char *comma = "";

    if (out->len > 0)
        buf_putc(out, '\n');
    if (plugin != NULL)
        buf_addf(out, "plugin %s", plugin), comma = ", ";
    if (table != NULL)
        buf_addf(out, "%stable %s", comma, table), comma = ", ";
    if (field != NULL)
        buf_addf(out, "%sfield %s", comma, field), comma = ", ";
    if (*comma != '\0')
        buf_puts(out, ": ");
    buf_addv(out, fmt, ap);
}

void problem(struct build *b, const char *plugin, const char *table, const char *field,
             const char *fmt, ...)
{
    va_list ap;

    b->problems++;
    va_start(ap, fmt);
    tell(b->err, plugin, table, field, fmt, ap);
    va_end(ap);
}

void note(struct build *b, const char *plugin, const char *table, const char *field,
          const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    tell(&b->notes, plugin, table, field, fmt, ap);
    va_end(ap);
}
