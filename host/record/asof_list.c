/* asof_list.c - a list as it was at a moment: what may be seen today and was there then, with the values of then.
 * What was not changed since is held against the filter by the database; what was, and what has been deleted, is
 * taken back first.  Newest first, by id: the one order in which nothing has moved. */
#include <stdio.h>
#include <string.h>

#include "base/when.h"
#include "record/asof.h"
#include "record/condition.h"
#include "record/find.h"
#include "record/save.h"
#include "record/seal.h"
#include "record/titles.h"

enum { CHUNK = 200, LOOKED_MAX = 4000 }; /* records looked at in one request */

struct past {
    struct berth_ctx *c;
    const struct table *t;
    const struct where *w;
    int64_t at, after; /* after: ids below this one come next; 0: none do */
    struct berth_row **row;
    int64_t n, limit, looked;
};

static const struct where *leaf(struct past *p, enum where_op op, const struct field *f, int64_t v)
{
    struct where *w = arena_alloc(p->c->a, sizeof(*w));

    w->op = op;
    w->f = f;
    w->v = arena_alloc(p->c->a, sizeof(*w->v));
    w->v[0] = (struct berth_val){(int32_t)f->type, 0, {.i = v}};
    w->nv = 1;
    return w;
}

static const struct where *either(struct past *p, const struct where *a, const struct where *b)
{
    struct where *w = arena_alloc(p->c->a, sizeof(*w));

    w->op = W_OR;
    w->kids = arena_alloc(p->c->a, 2 * sizeof(struct where *));
    w->kids[0] = a;
    w->kids[1] = b;
    w->nkids = 2;
    return w;
}

/* Those that are there now. */
static struct berth_rows *live(struct past *p)
{
    const struct field *f = p->t->fields;
    struct where_query q = {.sort = {{&f[F_ID], true}}, .nsort = 1, .limit = CHUNK};

    q.where = where_and(p->c, leaf(p, W_LT, &f[F_ID], p->after), leaf(p, W_LE, &f[F_CREATED_AT], p->at));
    if (p->w != NULL)
        q.where = where_and(p->c, q.where, either(p, p->w, leaf(p, W_GT, &f[F_UPDATED_AT], p->at)));
    return find_rows(p->c, p->t, &q);
}

/* Those that were deleted since; *full: there may be more.  A record that the user may not see is NULL. */
static size_t binned(struct past *p, int64_t *ids, struct berth_row **rows)
{
    struct db_stmt *s = db_prepare(p->c->conn, "SELECT record_id, data FROM bin WHERE on_table = ? AND record_id < ? AND deleted_at > ?"
                                               " ORDER BY record_id DESC LIMIT ?");
    size_t n = 0;
    int rc;

    db_bind_text(s, 1, p->t->name, -1);
    db_bind_int(s, 2, p->after);
    db_bind_int(s, 3, p->at);
    db_bind_int(s, 4, CHUNK);
    while ((rc = db_step(s)) == DB_ROW) {
        ids[n] = db_col_int(s, 0);
        rows[n++] = row_undump(p->c, p->t, db_col_text(s, 1, NULL));
    }
    db_reset(s);
    if (rc < 0)
        ctx_db(p->c, rc, "look into the recycle bin");
    for (size_t i = 0; i < n; i++)
        if (rows[i] != NULL && !perm_row(p->c, rows[i], DO_READ))
            rows[i] = NULL;
    return n;
}

static void take(struct past *p, const struct berth_row *now)
{
    struct berth_row *r;

    p->looked++;
    if (now == NULL || row_int(now, F_CREATED_AT) > p->at)
        return;
    r = record_at(p->c, now, p->at);
    if (r != NULL && (p->w == NULL || where_eval(p->c, p->w, r)))
        p->row[p->n++] = r;
}

/* The next records in order of their ids, of both kinds, as far down as both are known. */
static void chunk(struct past *p)
{
    struct berth_rows *there = live(p);
    int64_t *ids = arena_alloc(p->c->a, CHUNK * sizeof(*ids)), floor = 0;
    struct berth_row **gone = arena_alloc(p->c->a, CHUNK * sizeof(struct berth_row *));
    size_t n = p->c->rc == BERTH_OK ? binned(p, ids, gone) : 0, i = 0, k = 0;

    if (there->n == CHUNK)
        floor = row_id(there->row[there->n - 1]);
    if (n == CHUNK && ids[n - 1] > floor)
        floor = ids[n - 1];
    while (p->c->rc == BERTH_OK && p->n < p->limit && p->looked < LOOKED_MAX) {
        int64_t a = i < there->n ? row_id(there->row[i]) : 0, b = k < n ? ids[k] : 0;

        if ((a > b ? a : b) < (floor > 0 ? floor : 1)) {
            p->after = floor;
            return;
        }
        take(p, a > b ? there->row[i++] : gone[k++]);
        p->after = a > b ? a : b;
    }
}

enum { WORDS_MAX = 8 };

const struct where *asof_search(struct berth_ctx *c, const struct table *t, const char *text)
{
    json_t *all = json_array(), *and_;
    const struct where *w = NULL;

    for (size_t n; text != NULL && *(text += strspn(text, " \t")) != '\0' && json_array_size(all) < WORDS_MAX; text += n) {
        json_t *any = json_array();

        n = strcspn(text, " \t");
        for (int i = F_DECLARED; i < t->nfields; i++)
            if ((t->fields[i].flags & BERTH_SEARCH) && !(t->fields[i].flags & BERTH_SECRET) && field_is_text(&t->fields[i]) &&
                (c->who == NULL || perm_field(c->who, &t->fields[i]) >= ACCESS_READ))
                json_array_append_new(any, json_pack("[s,s,s%]", t->fields[i].name, "~", text, n));
        json_array_append_new(all, json_pack("{s:o}", "or", any));
    }
    and_ = json_pack("{s:o}", "and", all);
    if (json_array_size(all) > 0 && !where_json(c, t, and_, &w))
        w = NULL;
    json_decref(and_);
    return w;
}

bool asof_moment(struct berth_ctx *c, const struct table *t, const char *text, int64_t *ms)
{
    if (text == NULL || !when_time_parse(text, strlen(text), ms))
        ctx_invalid(c, "at", "err.time", NULL);
    else if (!(t->flags & BERTH_HISTORY))
        ctx_invalid(c, "at", "err.no_history", NULL);
    return c->rc == BERTH_OK;
}

/* Further back than history is kept nothing can be told. */
static bool kept(struct berth_ctx *c, int64_t at)
{
    if (at < seal_cut_at(c->conn))
        ctx_fail(c, BERTH_NOT_FOUND, "not_kept", "err.not_kept");
    return c->rc == BERTH_OK;
}

bool asof_each(struct berth_ctx *c, const struct table *t, const struct where *w, int64_t at, int64_t until,
               void (*each)(const struct berth_row *, void *), void *arg)
{
    struct past p = {.c = c, .t = t, .w = w, .at = at, .after = INT64_MAX, .limit = CHUNK};
    struct arena *before = c->a, *some = arena_new();

    p.row = arena_alloc(c->a, CHUNK * sizeof(struct berth_row *));
    while (kept(c, at) && p.after > 0 && when_monotonic() < until) {
        p.n = p.looked = 0;
        arena_again(some);
        c->a = some; /* of a million records some at a time */
        chunk(&p);
        c->a = before;
        for (int64_t i = 0; i < p.n; i++)
            each(p.row[i], arg);
    }
    arena_free(&some);
    return c->rc == BERTH_OK && p.after == 0;
}

int asof_page(struct berth_ctx *c, const struct table *t, const struct where *w, int64_t at, int64_t after, int64_t limit,
              const char *fields, struct buf *out)
{
    const struct field *const *of;
    struct past p = {.c = c, .t = t, .w = w, .at = at, .after = after > 0 ? after : INT64_MAX, .limit = limit};
    struct json j = json_to(out);
    char text[24];

    if (!perm_may(c->who, t, DO_READ))
        return ctx_fail(c, BERTH_DENIED, "denied", "err.denied");
    of = find_fields(c, t, fields);
    p.row = arena_alloc(c->a, (size_t)limit * sizeof(struct berth_row *));
    while (kept(c, at) && p.after > 0 && p.n < limit && p.looked < LOOKED_MAX)
        chunk(&p);
    if (c->rc != BERTH_OK)
        return c->rc;
    json_open(&j, '{');
    json_key(&j, "rows");
    json_open(&j, '[');
    for (int64_t i = 0; i < p.n; i++)
        row_json_of(&j, p.row[i], of);
    json_close(&j, ']');
    titles_of_fields(c, &j, p.row, (size_t)p.n, of);
    snprintf(text, sizeof(text), "%lld", (long long)p.after);
    json_text(&j, "next", p.after > 0 ? text : NULL);
    json_close(&j, '}');
    return c->rc;
}
