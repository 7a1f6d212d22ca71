/* find.c - reading records; the JSON page goes from the statement straight into the answer. */
#include "record/find.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "base/when.h"
#include "record/hits.h"
#include "record/page_can.h"
#include "record/scan.h"
#include "record/titles.h"
#include "record/told.h"

/* ---- one ----------------------------------------------------------------------- */
struct berth_row *find_raw(struct berth_ctx *c, const struct table *t, int64_t id)
{
    struct db_stmt *s;
    struct berth_row *r = NULL;
    int rc;

    if (c->rc != BERTH_OK || id <= 0)
        return NULL;
    s = db_prepare(c->conn, t->select_one);
    db_bind_int(s, 1, id);
    rc = db_step(s);
    if (rc == DB_ROW)
        r = row_read(c, t, s);
    else if (rc < 0)
        ctx_db(c, rc, "read a record");
    db_reset(s);
    return r;
}

struct berth_row *find_one(struct berth_ctx *c, const struct table *t, int64_t id)
{
    struct berth_row *r = find_raw(c, t, id);

    if (r != NULL && perm_row(c, r, DO_READ))
        return r;
    ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    return NULL;
}

bool find_exists(struct berth_ctx *c, const struct table *t, int64_t id)
{
    struct berth_row *r;

    if (c->who != NULL && id == c->who->id && t == c->m->users)
        return true; /* nearly every record is made by who will own it */
    r = find_raw(c, t, id);
    return r != NULL && perm_row(c, r, DO_READ);
}

const char *find_title(struct berth_ctx *c, const struct table *t, int64_t id)
{
    struct db_stmt *s;
    const char *title = "";

    if (t == NULL || t->title == NULL || id <= 0)
        return "";
    s = db_prepare(c->conn, arena_fmt(c->a, "SELECT %s FROM %s WHERE id = ?", title_sql(c, t, ""), t->sql));
    db_bind_int(s, 1, id);
    if (db_step(s) == DB_ROW && t->title->type != BERTH_REF)
        title = val_text(c, t->title, val_read(c, t->title, s, 0));
    db_reset(s);
    return title;
}

/* -1: several have it; 0: none. */
static int64_t having(struct berth_ctx *c, const struct table *t, const struct field *f, const char *text, size_t n)
{
    const struct where is = {.op = W_EQ, .f = f, .v = &(struct berth_val){BERTH_TEXT, (int32_t)n, {.s = text}}, .nv = 1};
    struct buf sql = BUF_INIT;
    struct binds b = {0};
    struct db_stmt *s;
    int64_t id = 0;

    buf_addf(&sql, "SELECT id FROM %s WHERE ", t->sql);
    where_value(c, &is, "", &sql, &b);
    buf_puts(&sql, " LIMIT 2");
    s = db_prepare(c->conn, buf_str(&sql));
    buf_free(&sql);
    binds_to(s, 1, &b);
    if (db_step(s) == DB_ROW) {
        id = db_col_int(s, 0);
        if (db_step(s) == DB_ROW)
            id = -1;
    }
    db_reset(s);
    return id;
}

/* A number or a code names one record: of a number series, or a text that is unique (users: the login). */
static bool is_code(const struct table *t, const struct field *f)
{
    return f != t->title && type_is_text(f->type) && !(f->flags & (BERTH_MANY | BERTH_SECRET)) &&
           (f == t->number || (f->flags & BERTH_UNIQUE));
}

int64_t find_ref_by_text(struct berth_ctx *c, const struct field *f, const char *text, size_t n)
{
    const struct table *t = f->ref;
    int64_t id;
    char *end;

    if (t == NULL || t->title == NULL)
        return 0;
    id = strtoll(text, &end, 10);
    if (end == text + n && id > 0 && find_exists(c, t, id))
        return id;
    id = having(c, t, t->title, text, n);
    for (int i = F_DECLARED; i < t->nfields && id <= 0; i++)
        if (is_code(t, &t->fields[i]) && !perm_veils(c, &t->fields[i])) {
            int64_t by_code = having(c, t, &t->fields[i], text, n);

            id = by_code > 0 ? by_code : id;
        }
    return id > 0 && find_exists(c, t, id) ? id : 0; /* two of that name: the number must be given */
}

void find_add_id(struct berth_ctx *c, struct ids *to, int64_t id)
{
    if ((to->n & (to->n - 1)) == 0) { /* there is room for the power of two above */
        int64_t *more = arena_alloc(c->a, (to->n == 0 ? 1 : 2 * to->n) * sizeof(*more));

        if (to->n > 0)
            memcpy(more, to->v, to->n * sizeof(*more));
        to->v = more;
    }
    to->v[to->n++] = id;
}

struct ids find_ids(struct berth_ctx *c, struct db_stmt *s)
{
    struct ids out = {0};
    int rc;

    while ((rc = db_step(s)) == DB_ROW)
        find_add_id(c, &out, db_col_int(s, 0));
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "read ids");
    return out;
}

/* ---- lists for code ------------------------------------------------------------ */
static void add_row(void *arg, struct db_stmt *s, int first)
{
    struct berth_rows *rows = arg;
    struct berth_row *r = row_new(rows->c, rows->t);

    if (rows->n == rows->cap) {
        struct berth_row **more;

        rows->cap = rows->cap == 0 ? 16 : rows->cap * 2;
        more = arena_alloc(rows->c->a, rows->cap * sizeof(struct berth_row *));
        if (rows->n > 0)
            memcpy(more, rows->row, rows->n * sizeof(struct berth_row *));
        rows->row = more;
    }
    for (int i = 0; i < rows->t->nfields; i++)
        r->v[i] = val_read(rows->c, &rows->t->fields[i], s, first + i);
    rows->row[rows->n++] = r;
}

struct berth_rows *find_rows(struct berth_ctx *c, const struct table *t, const struct where_query *q)
{
    struct berth_rows *rows = arena_alloc(c->a, sizeof(*rows));
    struct where_query limited = *q;

    rows->c = c;
    rows->t = t;
    if (limited.limit == 0)
        limited.limit = 100000;
    if (c->rc == BERTH_OK)
        scan_rows(c, &(struct scan){t, row_columns(c, t, "t."), &limited, .row = add_row, .arg = rows});
    return rows;
}

struct berth_row *find_next(struct berth_rows *rows)
{
    if (rows == NULL || rows->c->rc != BERTH_OK || rows->at == rows->n)
        return NULL;
    return rows->row[rows->at++];
}

int64_t find_count(struct berth_ctx *c, const struct table *t, const struct where *w, const char *search)
{
    return scan_count(c, t, w, search, COUNT_MAX + 1);
}

/* ---- pages --------------------------------------------------------------------- */
/* How a column's value becomes JSON. */
enum written { AS_TEXT, AS_NUMBER, AS_TIME, AS_OTHER };

struct column {
    const char *key; /* the field's .json_key: what each row needs stands together */
    size_t key_len;
    enum access access;
    enum written as;
    bool many;
    const struct field *f;
};

static enum written written_as(const struct field *f)
{
    if (f->flags & BERTH_MANY)
        return AS_OTHER;
    if (type_is_text(f->type) && f->type != BERTH_JSON && !told_in(f))
        return AS_TEXT;
    return f->type == BERTH_INT || f->type == BERTH_FILE ? AS_NUMBER : f->type == BERTH_TIME ? AS_TIME : AS_OTHER;
}

static struct column column_of(const struct field *f, enum access access)
{
    return (struct column){f->json_key, f->json_key_len, access, written_as(f), f->flags & BERTH_MANY, f};
}

/* What is told of a record in the user's words, and all that is written otherwise than it is kept. */
static void other_json(struct berth_ctx *c, struct json *j, const struct column *col, const struct db_value *is, struct db_stmt *s, int i,
                       struct titles_wanted **titles)
{
    struct berth_val v;

    json_key_raw(j, col->key, col->key_len);
    if (is->type == DB_T_TEXT && told_in(col->f)) {
        json_str(j, told_text(c, arena_strndup(c->a, is->s, is->len)));
        return;
    }
    v = val_of(c, col->f, is, s, i);
    val_json(j, col->f, v);
    titles_want(c, titles, col->f, v);
}

/* A list of 50 has 500 of them: most are a text, a number, a time or nothing. */
static inline void column_json(struct berth_ctx *c, struct json *j, const struct column *col, enum access access, const struct db_value *is,
                               struct db_stmt *s, int i, struct titles_wanted **titles)
{
    if (access == ACCESS_NONE)
        return;
    if (is->type == DB_T_NULL)
        json_member_raw(j, col->key, col->key_len, col->many ? "[]" : "null", col->many ? 2 : 4);
    else if (access == ACCESS_MASK)
        json_member_raw(j, col->key, col->key_len, "\"***\"", 5);
    else if (is->type == DB_T_TEXT && col->as == AS_TEXT)
        json_member_strn(j, col->key, col->key_len, is->s, is->len);
    else if (is->type == DB_T_INT && col->as == AS_NUMBER)
        json_member_int(j, col->key, col->key_len, is->i);
    else if (is->type == DB_T_INT && col->as == AS_TIME)
        json_member_time(j, col->key, col->key_len, is->i);
    else
        other_json(c, j, col, is, s, i, titles);
}

static bool shown(const struct berth_ctx *c, const struct field *f)
{
    return f != NULL && !(f->flags & BERTH_SECRET) && perm_field(c->who, f) != ACCESS_NONE;
}

const struct field *const *find_fields(struct berth_ctx *c, const struct table *t, const char *named)
{
    const struct field **of = arena_alloc(c->a, ((size_t)t->nfields + 1) * sizeof(const struct field *));
    size_t n = 0;

    for (int i = 0; i < t->nfields; i++)
        if ((named == NULL || i == F_ID || i == F_VERSION) && shown(c, &t->fields[i]))
            of[n++] = &t->fields[i];
    for (const char *s = named; s != NULL && *s != '\0';) {
        size_t len = strcspn(s, ",");
        const struct field *f = map_getn(&t->by_name, s, len);
        bool have = false;

        if (!shown(c, f)) {
            ctx_invalid(c, "fields", "err.unknown_field", "name", arena_strndup(c->a, s, len), NULL);
            return NULL;
        }
        for (size_t i = 0; i < n; i++)
            have = have || of[i] == f;
        if (!have)
            of[n++] = f;
        s += len + (s[len] == ',');
    }
    of[n] = NULL;
    return of;
}

static bool page_columns(struct berth_ctx *c, const struct page *p, struct column *col, size_t *n)
{
    const struct field *const *of = find_fields(c, p->t, p->fields);

    for (*n = 0; of != NULL && of[*n] != NULL; (*n)++)
        col[*n] = column_of(of[*n], perm_field(c->who, of[*n]));
    return of != NULL;
}

/* A cursor is base64 of a JSON array: the sort keys of the last row and its id.  It carries no
 * rights: a forged one only moves about within what the user may see. */
static const char *base64(struct berth_ctx *c, const char *s, size_t n)
{
    size_t cap = sodium_base64_encoded_len(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *out = arena_alloc(c->a, cap);

    return sodium_bin2base64(out, cap, (const unsigned char *)s, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static bool base64_read(struct berth_ctx *c, const char *text, struct berth_val *out)
{
    size_t cap = strlen(text) + 1, n = 0;
    unsigned char *raw = arena_alloc(c->a, cap);
    bool ok = sodium_base642bin(raw, cap, text, strlen(text), NULL, &n, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;

    *out = (struct berth_val){VAL_KEY, (int32_t)n, {.s = (const char *)raw}};
    return ok;
}

static const char *cursor_write(struct berth_ctx *c, const struct where_query *q, const struct berth_val *key)
{
    struct buf b = BUF_INIT;
    struct json j = json_to(&b);
    const char *out;

    json_open(&j, '[');
    for (size_t i = 0; i <= q->nsort; i++) {
        if (key[i].type == BERTH_NULL)
            json_nil(&j);
        else if (key[i].type == VAL_KEY)
            json_str(&j, base64(c, key[i].s, (size_t)key[i].len));
        else if (key[i].type == BERTH_REAL)
            json_double(&j, key[i].d);
        else if (type_is_text((enum berth_type)key[i].type))
            json_strn(&j, key[i].s, (size_t)key[i].len);
        else
            json_int(&j, key[i].i);
    }
    json_close(&j, ']');
    out = base64(c, b.s, b.len);
    buf_free(&b);
    return out;
}

static bool cursor_read(struct berth_ctx *c, const struct where_query *q, const char *text,
                        struct berth_val *key)
{
    struct berth_val raw;
    json_t *j = NULL;
    bool ok = false;

    if (base64_read(c, text, &raw))
        j = json_loadb(raw.s, (size_t)raw.len, 0, NULL);
    if (json_is_array(j) && json_array_size(j) == q->nsort + 1) {
        ok = true;
        for (size_t i = 0; i <= q->nsort; i++) {
            const json_t *v = json_array_get(j, i);
            bool text_key = i < q->nsort && field_is_text(q->sort[i].f);

            if (json_is_null(v) && i < q->nsort)
                key[i] = berth_nil();
            else if (i < q->nsort && q->sort[i].f->order != NULL)
                ok = ok && json_is_string(v) && base64_read(c, json_string_value(v), &key[i]);
            else if (json_is_string(v) && text_key)
                key[i] = berth_s(arena_strndup(c->a, json_string_value(v), json_string_length(v)));
            else if (json_is_integer(v) && !text_key)
                key[i] = berth_i(json_integer_value(v));
            else if (json_is_real(v) && !text_key)
                key[i] = (struct berth_val){BERTH_REAL, 0, {.d = json_real_value(v)}};
            else
                ok = false;
        }
    }
    json_decref(j);
    if (!ok)
        ctx_invalid(c, "after", "err.cursor", NULL);
    return ok;
}

struct reader {
    const struct text_query *q; /* NULL: nothing is to be marked */
    struct buf marks;
    struct json mj;
    struct berth_ctx *c;
    const struct page *p;
    const struct column *col;
    size_t ncol;
    struct db_value *is; /* the row's columns */
    bool veils; /* behind the columns stand owner and pool, which decide what is seen */
    struct page_can *can; /* NULL: not asked for; what it needs stands behind all of them */
    struct json *j;
    struct titles_wanted *titles;
    struct berth_val key[WHERE_SORTS + 1]; /* of the last row written */
    int64_t left;
    bool more;
};

static inline enum access seen(const struct reader *r, const struct column *col, struct db_stmt *s, int first)
{
    int at = first + (int)r->ncol;

    return r->veils ? perm_field_at(r->c->who, col->f, db_col_int(s, at), db_col_int(s, at + 1)) : col->access;
}

/* "4":{"name":[[0,2]]} for a row in which something is marked. */
static void mark_row(struct reader *r, struct db_stmt *s, int first)
{
    bool any = false, starts;
    char id[24];

    snprintf(id, sizeof(id), "%lld", (long long)db_col_int(s, (int)r->p->q.nsort));
    for (size_t i = 0; i < r->ncol; i++) {
        const struct field *f = r->col[i].f;
        struct text_mark mark[TEXT_MARKS_MAX];
        size_t len, n;
        const char *text;

        if (!search_by(r->c, f) || seen(r, &r->col[i], s, first) < ACCESS_READ || db_col_is_null(s, first + (int)i))
            continue;
        text = db_col_text(s, first + (int)i, &len);
        n = text_query_mark(r->q, text, len, f->type == BERTH_LONG, mark, &starts);
        if (n == 0)
            continue;
        if (!any) {
            json_key(&r->mj, id);
            json_open(&r->mj, '{');
        }
        any = true;
        json_key(&r->mj, f->name);
        hits_marks_json(&r->mj, text, mark, n);
    }
    if (any)
        json_close(&r->mj, '}');
}

static void write_row(void *arg, struct db_stmt *s, int first)
{
    struct reader *r = arg;
    const struct where_query *q = &r->p->q;

    if (r->left == 0) {
        r->more = true;
        return;
    }
    json_open(r->j, '{');
    db_cols(s, first, (int)r->ncol, r->is);
    for (size_t i = 0; i < r->ncol; i++)
        column_json(r->c, r->j, &r->col[i], seen(r, &r->col[i], s, first), &r->is[i], s, first + (int)i, &r->titles);
    json_close(r->j, '}');
    if (r->q != NULL)
        mark_row(r, s, first);
    if (r->can != NULL)
        page_can_row(r->can, db_col_int(s, (int)q->nsort), s, first + (int)r->ncol + (r->veils ? 2 : 0));
    if (--r->left > 0)
        return;
    scan_key(r->c, q, s, r->key);
}

static const char *select_columns(struct berth_ctx *c, const struct column *col, size_t n, bool veils, const char *more)
{
    struct buf b = BUF_INIT;
    const char *s;

    for (size_t i = 0; i < n; i++) {
        buf_puts(&b, i > 0 ? ", t." : "t.");
        buf_puts(&b, col[i].f->name);
    }
    if (veils)
        buf_puts(&b, ", t.owner_id, t.pool_id");
    buf_puts(&b, more);
    s = arena_strndup(c->a, buf_str(&b), b.len);
    buf_free(&b);
    return s;
}

int find_page(struct berth_ctx *c, const struct page *p, struct buf *out)
{
    struct json j = json_to(out);
    struct column *col = arena_alloc(c->a, (size_t)p->t->nfields * sizeof(*col));
    struct berth_val *after = NULL, key[WHERE_SORTS + 1];
    struct reader r = {.c = c, .p = p, .col = col, .j = &j, .left = p->q.limit};
    struct where_query q = p->q;

    if (c->rc != BERTH_OK)
        return c->rc;
    if (!perm_may(c->who, p->t, DO_READ))
        return ctx_fail(c, BERTH_DENIED, "denied", "err.denied");
    if (!page_columns(c, p, col, &r.ncol) || (p->after != NULL && !cursor_read(c, &p->q, p->after, after = key)))
        return c->rc;
    r.is = arena_alloc(c->a, (r.ncol + 1) * sizeof(*r.is));
    r.veils = perm_veils_any(c, p->t);
    if (p->can)
        r.can = page_can_new(c, p->t, p->q.limit);
    json_open(&j, '{');
    json_key(&j, "rows");
    json_open(&j, '[');
    q.limit++; /* one more tells whether there are more */
    if (p->marks && p->search != NULL)
        r.q = text_tokens_query(c->a, p->search, strlen(p->search));
    r.mj = json_to(&r.marks);
    json_open(&r.mj, '{');
    scan_rows(c, &(struct scan){p->t, select_columns(c, col, r.ncol, r.veils, p->can ? page_can_columns(c, p->t) : ""), &q, p->search,
                                SEARCH_NEWEST, after, write_row, &r});
    json_close(&j, ']');
    titles_json(c, &j, r.titles);
    json_close(&r.mj, '}');
    if (p->marks) {
        json_key(&j, "marks");
        json_raw(&j, r.marks.s, r.marks.len);
    }
    buf_free(&r.marks);
    if (p->can)
        page_can_json(r.can, &j);
    json_text(&j, "next", r.more ? cursor_write(c, &p->q, r.key) : NULL);
    if (p->count) {
        int64_t n = find_count(c, p->t, p->q.where, p->search);

        json_number(&j, "total", n > COUNT_MAX ? COUNT_MAX : n);
        json_flag(&j, "total_exact", n <= COUNT_MAX);
    }
    json_close(&j, '}');
    return c->rc;
}
