/* log_page.c - logs of the host's own, newest first, a page at a time. */
#include "record/log_page.h"

int log_page_json(struct berth_ctx *c, const struct log_page *p, int64_t before, int limit, struct buf *out)
{
    struct json j = json_to(out);
    int64_t last = 0;
    int n = 0, rc;

    db_bind_int(p->s, p->nbound + 1, before > 0 ? before : INT64_MAX);
    db_bind_int(p->s, p->nbound + 2, limit);
    json_open(&j, '{');
    json_key(&j, p->key);
    json_open(&j, '[');
    while ((rc = db_step(p->s)) == DB_ROW) {
        last = db_col_int(p->s, 0);
        json_open(&j, '{');
        json_number(&j, "id", last);
        p->row(c, &j, p->s);
        json_close(&j, '}');
        n++;
    }
    db_reset(p->s);
    if (rc < 0)
        return ctx_db(c, rc, arena_fmt(c->a, "read %s", p->key));
    json_close(&j, ']');
    json_id(&j, "next", n == limit ? last : 0);
    json_close(&j, '}');
    return c->rc;
}
