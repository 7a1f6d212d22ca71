/* recycle_scan.c - asking the rules about many records: once for each combination of what they look at. */
#include "record/recycle.h"

/* Reads straight from the statement: text stays where it is until the next row. */
static struct berth_val read(struct db_stmt *s, int col, const struct field *f)
{
    size_t n;
    const char *text;

    if (db_col_is_null(s, col))
        return berth_nil();
    if (field_is_text(f)) {
        text = db_col_text(s, col, &n);
        return n == 0 ? berth_nil() : (struct berth_val){(f->flags & BERTH_MANY) ? BERTH_TEXT : (int32_t)f->type, (int32_t)n, {.s = text}};
    }
    if (f->type == BERTH_REAL)
        return (struct berth_val){BERTH_REAL, 0, {.d = db_col_real(s, col)}};
    return (struct berth_val){(int32_t)f->type, 0, {.i = db_col_int(s, col)}};
}

/* ---- the scan ---------------------------------------------------------------------------------------- */
static bool wanted(const struct recycle_scan *s, const struct field *f)
{
    const struct table *t = f->table;

    return s->memo->loose || s->memo->input[f->at] || f->type == BERTH_DATE || f->type == BERTH_TIME || f->at == F_ID ||
           f->at == t->at_owner || f->at == t->at_locked || due_field(f) || f == t->title;
}

void recycle_scan_open(struct recycle_scan *s, struct due_asking *k, const char *where)
{
    const struct table *t = k->t;
    struct buf sql = BUF_INIT;
    struct berth_ctx *c = k->c;

    *s = (struct recycle_scan){.k = k, .row = row_new(c, t), .memo = due_memo_new(k)};
    s->place = arena_alloc(c->a, (size_t)t->nfields * sizeof(*s->place));
    buf_puts(&sql, "SELECT ");
    for (int i = 0; i < t->nfields; i++)
        if (wanted(s, &t->fields[i])) {
            buf_addf(&sql, "%s%s", s->ncolumns > 0 ? ", " : "", t->fields[i].name);
            s->place[s->ncolumns++] = i;
        }
    buf_addf(&sql, " FROM %s WHERE %s", t->sql, where);
    s->s = db_prepare(c->conn, buf_str(&sql));
    buf_free(&sql);
}

int recycle_scan_next(struct recycle_scan *s)
{
    int rc = db_step(s->s);

    for (int i = 0; rc == DB_ROW && i < s->ncolumns; i++)
        s->row->v[s->place[i]] = read(s->s, i, &s->row->t->fields[s->place[i]]);
    return rc;
}

bool recycle_scan_ask(struct recycle_scan *s, const struct due_answer **a)
{
    return due_memo_ask(s->memo, s->k, s->row, a);
}

bool recycle_scan_stale(struct recycle_scan *s)
{
    return due_memo_stale(s->memo, s->k);
}

void recycle_scan_close(struct recycle_scan *s)
{
    db_reset(s->s);
    due_memo_free(&s->memo);
}
