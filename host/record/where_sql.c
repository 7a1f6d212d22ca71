/* where_sql.c - a filter's tree as SQL with bound values. */
#include <string.h>

#include "record/order.h"
#include "record/row.h"
#include "record/where.h"

void binds_add(struct berth_ctx *c, struct binds *b, struct berth_val v)
{
    if (b->n == b->cap) {
        size_t cap = b->cap == 0 ? 16 : b->cap * 2;
        struct berth_val *more = arena_alloc(c->a, cap * sizeof(*more));

        if (b->n > 0)
            memcpy(more, b->v, b->n * sizeof(*more));
        b->v = more;
        b->cap = cap;
    }
    b->v[b->n++] = v;
}

int binds_to(struct db_stmt *s, int at, const struct binds *b)
{
    for (size_t i = 0; i < b->n; i++, at++) {
        struct berth_val v = b->v[i];

        if (v.type == BERTH_NULL)
            db_bind_null(s, at);
        else if (v.type == VAL_KEY)
            db_bind_blob(s, at, v.s, (size_t)v.len);
        else if (v.type == BERTH_REAL)
            db_bind_real(s, at, v.d);
        else if (type_is_text((enum berth_type)v.type))
            db_bind_text(s, at, v.s, v.len);
        else
            db_bind_int(s, at, v.i);
    }
    return at;
}

/* While the keys are made anew a text is compared as it is, and always in the host's own tables: they are small, and the
 * host writes rows of theirs (series, settings, roles) without keys. */
bool where_by_key(const struct berth_ctx *c, const struct field *f)
{
    return f->order != NULL && order_settled(c->st) && strcmp(f->table->plugin, "base") != 0;
}

/* What the user typed as a LIKE pattern, with its own % and _ made plain. */
static struct berth_val like(struct berth_ctx *c, const char *before, struct berth_val v,
                             const char *after)
{
    struct buf b = BUF_INIT;
    size_t n = v.len < 0 ? strlen(v.s) : (size_t)v.len;

    buf_puts(&b, before);
    for (size_t i = 0; i < n; i++) {
        if (v.s[i] == '%' || v.s[i] == '_' || v.s[i] == '\\')
            buf_putc(&b, '\\');
        buf_putc(&b, v.s[i]);
    }
    buf_puts(&b, after);
    v = (struct berth_val){BERTH_TEXT, (int32_t)b.len, {.s = arena_strndup(c->a, b.s, b.len)}};
    buf_free(&b);
    return v;
}

struct berth_val where_part(struct berth_ctx *c, struct berth_val v)
{
    if (type_is_text((enum berth_type)v.type))
        return v;
    return berth_s(arena_fmt(c->a, "%lld", (long long)v.i));
}

static void sql_many(struct berth_ctx *c, const struct where *w, const char *prefix, struct buf *sql,
                     struct binds *b)
{
    bool not = w->op == W_NE || w->op == W_NOT_IN;

    buf_puts(sql, not ? "(NOT (" : "((");
    for (size_t i = 0; i < w->nv; i++) {
        const char *end = w->op == W_CONTAINS || w->op == W_BEGINS ? "%" : "|%";

        buf_addf(sql, "%scoalesce(%s%s, '') LIKE ? ESCAPE '\\'", i > 0 ? " OR " : "", prefix, w->f->name);
        binds_add(c, b, like(c, w->op == W_CONTAINS ? "%" : "%|", where_part(c, w->v[i]), end));
    }
    buf_puts(sql, w->nv == 0 ? "1=0))" : "))");
}

static void sql_list(struct berth_ctx *c, const struct where *w, const char *prefix, struct buf *sql,
                     struct binds *b)
{
    bool not = w->op == W_NOT_IN;

    if (w->nv == 0) {
        buf_puts(sql, not ? "(1=1)" : "(1=0)");
        return;
    }
    buf_addf(sql, "(%s%s %sIN (", prefix, w->f->name, not ? "NOT " : "");
    for (size_t i = 0; i < w->nv; i++) {
        buf_puts(sql, i > 0 ? ", ?" : "?");
        binds_add(c, b, w->v[i]);
    }
    if (not)
        buf_addf(sql, ") OR %s%s IS NULL)", prefix, w->f->name);
    else
        buf_puts(sql, "))");
}

/* What lists are sorted by has the index: equal texts have equal keys, once all are as they should be. */
static void sql_equal(struct berth_ctx *c, const struct where *w, const char *prefix, struct buf *sql, struct binds *b)
{
    buf_addf(sql, "(%s%s IN (", prefix, w->f->order->name);
    for (size_t i = 0; i < w->nv; i++) {
        buf_puts(sql, i > 0 ? ", ?" : "?");
        binds_add(c, b, order_key(c, w->v[i]));
    }
    buf_puts(sql, ") AND ");
    sql_list(c, w, prefix, sql, b);
    buf_putc(sql, ')');
}

/* A text that lists are sorted by comes before and behind others as it does there. */
static void sql_before(struct berth_ctx *c, const struct where *w, const char *prefix, const char *cmp, struct buf *sql, struct binds *b)
{
    bool by_key = w->op != W_EQ && where_by_key(c, w->f);

    buf_addf(sql, "(%s%s %s ?)", prefix, by_key ? w->f->order->name : w->f->name, cmp);
    binds_add(c, b, by_key ? order_key(c, w->v[0]) : w->v[0]);
}

/* A field that a record's pool hides is empty to the user. */
static void sql_veiled(struct berth_ctx *c, const struct where *w, const char *prefix, struct buf *sql, struct binds *b)
{
    bool holds = w->op == W_EMPTY || w->op == W_NE || w->op == W_NOT_IN; /* of what is empty */
    const char *veil = perm_veil_sql(c, w->f, prefix);

    if (*veil != '\0')
        buf_puts(sql, "(");
    where_value(c, w, prefix, sql, b);
    if (*veil != '\0')
        buf_addf(sql, holds ? " OR %s)" : " AND NOT %s)", veil);
}

void where_sql(struct berth_ctx *c, const struct where *w, const char *prefix, struct buf *sql,
               struct binds *b)
{

    switch (w->op) {
    case W_AND:
    case W_OR:
        if (w->nkids == 0) {
            buf_puts(sql, w->op == W_AND ? "(1=1)" : "(1=0)");
            return;
        }
        buf_putc(sql, '(');
        for (size_t i = 0; i < w->nkids; i++) {
            if (i > 0)
                buf_puts(sql, w->op == W_AND ? " AND " : " OR ");
            where_sql(c, w->kids[i], prefix, sql, b);
        }
        buf_putc(sql, ')');
        return;
    case W_NOT:
        /* a condition on an empty field is neither true nor false in SQL; for people it is false */
        buf_puts(sql, "(NOT coalesce(");
        where_sql(c, w->kids[0], prefix, sql, b);
        buf_puts(sql, ", 1=0))");
        return;
    case W_TAGGED: /* by the tags' index: a tag's records, not the table's */
        buf_addf(sql, "(%sid IN (SELECT rec FROM record_tag WHERE tbl = %lld AND tag IN (", prefix,
                 (long long)store_table_no(c->st, w->f->table));
        for (size_t i = 0; i < w->nv; i++) {
            buf_puts(sql, i > 0 ? ", ?" : "?");
            binds_add(c, b, w->v[i]);
        }
        buf_puts(sql, w->nv == 0 ? "NULL)))" : ")))");
        return;
    default:
        sql_veiled(c, w, prefix, sql, b);
    }
}

void where_value(struct berth_ctx *c, const struct where *w, const char *prefix, struct buf *sql, struct binds *b)
{
    static const char *const cmp[] = {[W_EQ] = "=", [W_LT] = "<", [W_LE] = "<=", [W_GT] = ">", [W_GE] = ">="};

    if (w->op == W_EMPTY || w->op == W_NOT_EMPTY) {
        buf_addf(sql, w->op == W_EMPTY ? "(%s%s IS NULL)" : "(%s%s IS NOT NULL)", prefix, w->f->name);
        return;
    }
    if (w->f->flags & BERTH_MANY) {
        sql_many(c, w, prefix, sql, b);
    } else if ((w->op == W_IN || w->op == W_EQ) && w->nv > 0 && where_by_key(c, w->f)) {
        sql_equal(c, w, prefix, sql, b);
    } else if (w->op == W_IN || w->op == W_NOT_IN) {
        sql_list(c, w, prefix, sql, b);
    } else if (w->op == W_CONTAINS || w->op == W_BEGINS) {
        buf_addf(sql, "(%s%s %s ? ESCAPE '\\')", prefix, w->f->name, c->st->dialect->like);
        binds_add(c, b, like(c, w->op == W_CONTAINS ? "%" : "", w->v[0], "%"));
    } else if (w->op == W_NE) {
        buf_addf(sql, "(%s%s <> ? OR %s%s IS NULL)", prefix, w->f->name, prefix, w->f->name);
        binds_add(c, b, w->v[0]);
    } else {
        sql_before(c, w, prefix, cmp[w->op], sql, b);
    }
}
