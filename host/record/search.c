/* search.c - tokens of records and questions to the index. */
#include "record/search.h"

#include "text/fold.h"

void search_tokens(const struct berth_row *r, struct buf *out)
{
    for (int i = F_DECLARED; i < r->t->nfields; i++)
        if ((r->t->fields[i].flags & BERTH_SEARCH) && !val_is_nil(r->v[i]) && field_is_text(&r->t->fields[i])) {
            text_fold(out, r->v[i].s, (size_t)r->v[i].len);
            buf_putc(out, ' ');
        }
}
void search_from(struct berth_ctx *c, const struct table *t, const char *search, struct buf *sql)
{
    (void)c; (void)search;
    buf_addf(sql, "%s t", t->sql);
}
void search_where(struct berth_ctx *c, const struct table *t, const char *search, struct buf *sql, struct binds *b)
{
    (void)c; (void)t; (void)search; (void)sql; (void)b;
}
int search_put(struct berth_ctx *c, const struct berth_row *old, const struct berth_row *new_row)
{
    (void)old; (void)new_row;
    return c->rc;
}
