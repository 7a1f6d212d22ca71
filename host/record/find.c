/* find.c - reading records; the JSON page goes from the statement straight into the answer. */
#include "record/find.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/money.h"
#include "base/when.h"
#include "record/search.h"

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
    struct berth_row *r = find_raw(c, t, id);

    return r != NULL && perm_row(c, r, DO_READ);
}

const char *find_title(struct berth_ctx *c, const struct table *t, int64_t id)
{
    struct db_stmt *s;
    const char *title = "";

    if (t == NULL || t->title == NULL || id <= 0)
        return "";
    s = db_prepare(c->conn, arena_fmt(c->a, "SELECT %s FROM %s WHERE id = ?", t->title->name, t->sql));
    db_bind_int(s, 1, id);
    if (db_step(s) == DB_ROW && t->title->type != BERTH_REF)
        title = val_text(c, t->title, val_read(c, t->title, s, 0));
    db_reset(s);
    return title;
}

int64_t find_ref_by_text(struct berth_ctx *c, const struct field *f, const char *text, size_t n)
{
    const struct table *t = f->ref;
    int64_t id = 0;
    char *end;
    struct db_stmt *s;

    if (t == NULL || t->title == NULL)
        return 0;
    id = strtoll(text, &end, 10);
    if (end == text + n && id > 0)
        return find_exists(c, t, id) ? id : 0;
    id = 0;
    s = db_prepare(c->conn, arena_fmt(c->a, "SELECT id FROM %s WHERE %s = ?%s LIMIT 2", t->sql,
                                      t->title->name, strcmp(t->name, "user") == 0 ? " OR login = ?1" : ""));
    db_bind_text(s, 1, text, (int64_t)n);
    if (db_step(s) == DB_ROW) {
        id = db_col_int(s, 0);
        if (db_step(s) == DB_ROW)
            id = 0; /* two of that name: the number must be given */
    }
    db_reset(s);
    return id != 0 && find_exists(c, t, id) ? id : 0;
}

/* ---- the SELECT ---------------------------------------------------------------- */
struct select {
    struct buf sql;
    struct binds binds;
    const char *id; /* the id's column: "t.id", or the search index's */
};

static bool down_nulls_last(const struct where_sort *s)
{
    return s->down;
}

static void order_by(struct buf *sql, const char *id, const struct where_query *q, bool positions)
{
    buf_puts(sql, " ORDER BY ");
    for (size_t i = 0; i < q->nsort; i++) {
        if (positions)
            buf_addf(sql, "%zu", i + 1);
        else
            buf_addf(sql, "t.%s", q->sort[i].f->name);
        if (q->sort[i].f->column_null)
            buf_puts(sql, q->sort[i].down ? " DESC NULLS LAST, " : " ASC NULLS FIRST, ");
        else
            buf_puts(sql, q->sort[i].down ? " DESC, " : ", ");
    }
    if (positions)
        buf_addf(sql, "%zu", q->nsort + 1);
    else
        buf_puts(sql, id);
    if (q->nsort == 0 || q->sort[0].down)
        buf_puts(sql, " DESC");
}

/* Rows behind the last one seen: (a after A) or (a = A and (b after B or (b = B and id after ID))). */
static void after_level(struct berth_ctx *c, struct select *s, const struct where_query *q,
                        const struct berth_val *key, size_t i)
{
    const struct where_sort *o = &q->sort[i];

    if (i == q->nsort) {
        buf_addf(&s->sql, "%s %s ?", s->id, q->nsort == 0 || q->sort[0].down ? "<" : ">");
        binds_add(c, &s->binds, key[i]);
        return;
    }
    buf_putc(&s->sql, '(');
    if (key[i].type == BERTH_NULL) {
        if (!down_nulls_last(o))
            buf_addf(&s->sql, "t.%s IS NOT NULL OR ", o->f->name);
        buf_addf(&s->sql, "(t.%s IS NULL AND ", o->f->name);
    } else {
        buf_addf(&s->sql, "t.%s %s ? OR ", o->f->name, o->down ? "<" : ">");
        binds_add(c, &s->binds, key[i]);
        if (o->down && o->f->column_null)
            buf_addf(&s->sql, "t.%s IS NULL OR ", o->f->name);
        buf_addf(&s->sql, "(t.%s = ? AND ", o->f->name);
        binds_add(c, &s->binds, key[i]);
    }
    after_level(c, s, q, key, i + 1);
    buf_puts(&s->sql, "))");
}

/* The first column's bound on its own lets the database seek in an index. */
static void after_seek(struct berth_ctx *c, struct select *s, const struct where_query *q,
                       const struct berth_val *key, bool nulls)
{
    const struct where_sort *o = &q->sort[0];

    if (q->nsort == 0)
        return;
    if (nulls)
        buf_addf(&s->sql, " AND t.%s IS NULL", o->f->name);
    else if (key != NULL && key[0].type != BERTH_NULL) {
        buf_addf(&s->sql, " AND t.%s %s ?", o->f->name, o->down ? "<=" : ">=");
        binds_add(c, &s->binds, key[0]);
    } else if (o->f->column_null) {
        buf_addf(&s->sql, " AND t.%s IS NOT NULL", o->f->name);
    }
}

static bool has_value(const struct where *w, int64_t id)
{
    for (size_t i = 0; i < w->nv; i++)
        if (w->v[i].i == id)
            return true;
    return false;
}

/* A filter on the owner leaves some ways of seeing a record idle: they need not be walked. */
static bool may_hold(const struct where *w, const struct table *t, int64_t owner)
{
    if (w == NULL || owner == PERM_ANY)
        return true;
    if (w->op == W_AND) {
        for (size_t i = 0; i < w->nkids; i++)
            if (!may_hold(w->kids[i], t, owner))
                return false;
        return true;
    }
    if (w->f == NULL || w->f->at != t->at_owner)
        return true;
    if (w->op == W_EMPTY)
        return owner == PERM_POOL;
    if (w->op == W_EQ || w->op == W_IN)
        return owner == PERM_SET || (owner != PERM_POOL && has_value(w, owner));
    return w->op != W_NOT_EMPTY || owner != PERM_POOL;
}

/* A record's page asks for what belongs to it: who may read the record may read that. */
static bool reads_through(struct berth_ctx *c, const struct table *t, const struct where *w)
{
    if (w == NULL || !t->belongs || t->at_owner < 0)
        return false;
    for (size_t i = 0; w->op == W_AND && i < w->nkids; i++)
        if (reads_through(c, t, w->kids[i]))
            return true;
    return w->op == W_EQ && w->nv == 1 && w->f != NULL && perm_through(c, w->f, w->v[0].i);
}

static bool branches(struct berth_ctx *c, const struct table *t, const struct where *w, struct perm_sql *p)
{
    size_t n = 0;

    perm_where(c, t, DO_READ, "t.", p);
    if (p->n > 0 && p->branch[0][0] != '\0' && reads_through(c, t, w)) {
        *p = (struct perm_sql){.branch = {""}, .owner = {PERM_ANY}, .n = 1};
        return true;
    }
    for (size_t i = 0; i < p->n; i++)
        if (may_hold(w, t, p->owner[i]))
            p->branch[n++] = p->branch[i];
    p->n = n;
    return n > 0;
}

/* What a branch holds of a question, in no order. */
static void branch_sql(struct berth_ctx *c, struct select *s, const struct table *t, const char *columns,
                       const struct where *w, const char *search, const char *branch)
{
    buf_addf(&s->sql, "SELECT %s FROM ", columns);
    search_from(c, t, search, &s->sql);
    buf_puts(&s->sql, " WHERE ");
    buf_puts(&s->sql, branch[0] == '\0' ? "1=1" : branch);
    search_where(c, t, search, &s->sql, &s->binds);
    if (w != NULL) {
        buf_puts(&s->sql, " AND ");
        where_sql(c, w, "t.", &s->sql, &s->binds);
    }
}

static void one_branch(struct berth_ctx *c, struct select *s, const struct table *t, const char *columns,
                       const struct where_query *q, const char *search, const char *branch,
                       const struct berth_val *after, bool nulls)
{
    branch_sql(c, s, t, columns, q->where, search, branch);
    after_seek(c, s, q, after, nulls);
    if (after != NULL) {
        buf_puts(&s->sql, " AND ");
        after_level(c, s, q, after, 0);
    }
    order_by(&s->sql, s->id, q, false);
    buf_addf(&s->sql, " LIMIT %lld", (long long)q->limit);
}

/* The statement, bound; NULL when nothing is visible or on an error. */
static struct db_stmt *select_rows(struct berth_ctx *c, const struct table *t, const char *columns,
                                   const struct where_query *q, const char *search,
                                   const struct berth_val *after, bool nulls)
{
    struct select s = {BUF_INIT, {0}, "t.id"};
    struct perm_sql p;
    struct db_stmt *st = NULL;
    struct buf id = BUF_INIT;

    if (q->nsort == 0 && search != NULL) {
        search_id(c, t, search, &id);
        s.id = arena_strdup(c->a, buf_str(&id));
        buf_free(&id);
    }

    if (branches(c, t, q->where, &p)) {
        if (p.n == 1) {
            one_branch(c, &s, t, columns, q, search, p.branch[0], after, nulls);
        } else {
            for (size_t i = 0; i < p.n; i++) {
                buf_puts(&s.sql, i == 0 ? "SELECT * FROM (" : ") UNION ALL SELECT * FROM (");
                one_branch(c, &s, t, columns, q, search, p.branch[i], after, nulls);
            }
            buf_putc(&s.sql, ')');
            order_by(&s.sql, s.id, q, true);
            buf_addf(&s.sql, " LIMIT %lld", (long long)q->limit);
        }
        st = db_prepare(c->conn, buf_str(&s.sql));
        if (st == NULL)
            ctx_db(c, DB_ERROR, "prepare a list");
        binds_to(st, 1, &s.binds);
    }
    buf_free(&s.sql);
    return st;
}

/* ---- lists for code ------------------------------------------------------------ */
struct berth_rows *find_rows(struct berth_ctx *c, const struct table *t, const struct where_query *q)
{
    struct berth_rows *rows = arena_alloc(c->a, sizeof(*rows));
    struct where_query limited = *q;
    struct db_stmt *s;
    size_t cap = 0;
    int rc = DB_DONE;

    rows->c = c;
    if (c->rc != BERTH_OK)
        return rows;
    if (limited.limit == 0)
        limited.limit = 100000;
    /* both parts: sort keys first (for unions), then the whole record */
    struct buf cols = BUF_INIT;

    for (size_t i = 0; i < q->nsort; i++)
        buf_addf(&cols, "t.%s AS s%zu, ", q->sort[i].f->name, i);
    buf_addf(&cols, "t.id AS s%zu, %s", q->nsort, row_columns(c, t, "t."));
    s = select_rows(c, t, buf_str(&cols), &limited, NULL, NULL, false);
    buf_free(&cols);
    while (s != NULL && (rc = db_step(s)) == DB_ROW) {
        if (rows->n == cap) {
            struct berth_row **more;

            cap = cap == 0 ? 16 : cap * 2;
            more = arena_alloc(c->a, cap * sizeof(struct berth_row *));
            if (rows->n > 0)
                memcpy(more, rows->row, rows->n * sizeof(struct berth_row *));
            rows->row = more;
        }
        struct berth_row *r = row_new(c, t);

        for (int i = 0; i < t->nfields; i++)
            r->v[i] = val_read(c, &t->fields[i], s, (int)q->nsort + 1 + i);
        rows->row[rows->n++] = r;
    }
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "read a list");
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
    struct perm_sql p;
    int64_t n = 0;

    if (c->rc != BERTH_OK || !branches(c, t, w, &p))
        return 0;
    for (size_t i = 0; i < p.n && n <= COUNT_MAX; i++) {
        struct select s = {BUF_INIT, {0}, "t.id"};
        struct db_stmt *st;
        int rc;

        buf_puts(&s.sql, "SELECT count(*) FROM (");
        branch_sql(c, &s, t, "1", w, search, p.branch[i]);
        buf_addf(&s.sql, " LIMIT %d) AS counted", COUNT_MAX + 1);
        st = db_prepare(c->conn, buf_str(&s.sql));
        binds_to(st, 1, &s.binds);
        rc = db_step(st);
        if (rc == DB_ROW)
            n += db_col_int(st, 0);
        else
            ctx_db(c, rc, "count");
        db_reset(st);
        buf_free(&s.sql);
    }
    return n;
}

struct db_stmt *find_scan(struct berth_ctx *c, const struct table *t, const char *columns, const struct where *w,
                          const char *search)
{
    struct select s = {BUF_INIT, {0}, "t.id"};
    struct db_stmt *st = NULL;
    struct perm_sql p;

    if (c->rc == BERTH_OK && branches(c, t, w, &p)) {
        for (size_t i = 0; i < p.n; i++) {
            buf_puts(&s.sql, i == 0 ? "" : " UNION ALL ");
            branch_sql(c, &s, t, columns, w, search, p.branch[i]);
        }
        st = db_prepare(c->conn, buf_str(&s.sql));
        if (st == NULL)
            ctx_db(c, DB_ERROR, "prepare a scan");
        binds_to(st, 1, &s.binds);
    }
    buf_free(&s.sql);
    return st;
}

/* ---- pages --------------------------------------------------------------------- */
struct column {
    const struct field *f;
    enum access access;
};

void find_ref_note(struct berth_ctx *c, struct ref_set **sets, const struct table *t, int64_t id)
{
    struct ref_set *s = *sets;

    if (t == NULL || id <= 0)
        return;
    while (s != NULL && s->t != t)
        s = s->next;
    if (s == NULL) {
        s = arena_alloc(c->a, sizeof(*s));
        s->t = t;
        s->next = *sets;
        *sets = s;
    }
    for (size_t i = s->ids.n; i-- > 0;)
        if (s->ids.v[i] == id)
            return;
    if (s->ids.n == s->cap) {
        int64_t *more;

        s->cap = s->cap == 0 ? 32 : s->cap * 2;
        more = arena_alloc(c->a, s->cap * sizeof(*more));
        if (s->ids.n > 0)
            memcpy(more, s->ids.v, s->ids.n * sizeof(*more));
        s->ids.v = more;
    }
    s->ids.v[s->ids.n++] = id;
}

/* Up to `most` titles with one statement; what is not bound is NULL and finds nothing. */
static void titles_json(struct berth_ctx *c, struct json *j, const struct table *t, const int64_t *ids, size_t n,
                        size_t most)
{
    struct buf sql = BUF_INIT;
    struct db_stmt *s;
    int rc = DB_DONE;

    buf_addf(&sql, "SELECT t.id, t.%s FROM %s t WHERE t.id IN (?", t->title->name, t->sql);
    for (size_t i = 1; i < most; i++)
        buf_puts(&sql, ",?");
    buf_puts(&sql, ") AND ");
    perm_where_one(c, t, DO_READ, "t.", &sql);
    s = db_prepare(c->conn, buf_str(&sql));
    buf_free(&sql);
    for (size_t i = 0; i < n; i++)
        db_bind_int(s, (int)i + 1, ids[i]);
    while ((rc = db_step(s)) == DB_ROW) {
        char key[24];

        snprintf(key, sizeof(key), "%lld", (long long)db_col_int(s, 0));
        json_key(j, key);
        json_str(j, val_text(c, t->title, val_read(c, t->title, s, 1)));
    }
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "read titles");
}

/* Titles of what rows point at.  A title is shown only where the record itself may be seen. */
void find_refs_write(struct berth_ctx *c, struct json *j, const struct ref_set *sets)
{
    enum { FEW = 8, MANY = 64 }; /* two statements a table instead of one for each number of ids */

    json_key(j, "refs");
    json_open(j, '{');
    for (; sets != NULL; sets = sets->next) {
        if (sets->t->title == NULL)
            continue;
        json_key(j, sets->t->name);
        json_open(j, '{');
        for (size_t at = 0, n; at < sets->ids.n && sets->t->title->type != BERTH_REF; at += n) {
            size_t left = sets->ids.n - at;

            n = left > MANY ? MANY : left;
            titles_json(c, j, sets->t, sets->ids.v + at, n, n <= FEW ? FEW : MANY);
        }
        json_close(j, '}');
    }
    json_close(j, '}');
}

static void note_many(struct berth_ctx *c, struct ref_set **sets, const struct table *t, const char *s)
{
    while (s != NULL && *s == '|' && s[1] != '\0') {
        find_ref_note(c, sets, t, strtoll(s + 1, NULL, 10));
        s = strchr(s + 1, '|');
    }
}

void find_refs_note(struct berth_ctx *c, struct ref_set **sets, const struct field *f, struct berth_val v)
{
    if (f->type != BERTH_REF || val_is_nil(v))
        return;
    if (f->flags & BERTH_MANY)
        note_many(c, sets, f->ref, v.s);
    else
        find_ref_note(c, sets, f->ref, v.i);
}

void find_refs_json(struct berth_ctx *c, struct json *j, struct berth_row *const *rows, size_t n)
{
    struct ref_set *sets = NULL;

    for (size_t r = 0; r < n; r++)
        for (int i = 0; i < rows[r]->t->nfields; i++)
            if (perm_field(c->who, &rows[r]->t->fields[i]) >= ACCESS_READ)
                find_refs_note(c, &sets, &rows[r]->t->fields[i], rows[r]->v[i]);
    find_refs_write(c, j, sets);
}

static void column_json(struct berth_ctx *c, struct json *j, const struct column *col, struct db_stmt *s,
                        int i, struct ref_set **sets)
{
    const struct field *f = col->f;
    size_t n;
    const char *text;

    json_key_raw(j, f->json_key, f->json_key_len);
    if (db_col_is_null(s, i)) {
        val_json(j, f, berth_nil());
        return;
    }
    if (col->access == ACCESS_MASK) {
        json_str(j, "***");
        return;
    }
    if (field_is_text(f) && !(f->flags & BERTH_MANY) && f->type != BERTH_JSON) {
        text = db_col_text(s, i, &n);
        json_strn(j, text, n);
        return;
    }
    struct berth_val v = val_read(c, f, s, i);

    val_json(j, f, v);
    find_refs_note(c, sets, f, v);
}

static bool page_columns(struct berth_ctx *c, const struct page *p, struct column *col, size_t *n)
{
    const struct table *t = p->t;
    const char *s = p->fields;

    *n = 0;
    for (int i = 0; i < t->nfields; i++) {
        const struct field *f = &t->fields[i];
        enum access a = (f->flags & BERTH_SECRET) ? ACCESS_NONE : perm_field(c->who, f);

        if (a != ACCESS_NONE && (s == NULL || i == F_ID || i == F_VERSION))
            col[(*n)++] = (struct column){f, a};
    }
    while (s != NULL && *s != '\0') {
        size_t len = strcspn(s, ",");
        const struct field *f = map_getn(&t->by_name, s, len);
        enum access a = f == NULL || (f->flags & BERTH_SECRET) ? ACCESS_NONE : perm_field(c->who, f);
        bool have = f != NULL && (f->at == F_ID || f->at == F_VERSION);

        if (a == ACCESS_NONE) {
            ctx_invalid(c, "fields", "err.unknown_field", "name", arena_strndup(c->a, s, len), NULL);
            return false;
        }
        for (size_t i = 0; i < *n; i++)
            have = have || col[i].f == f;
        if (!have)
            col[(*n)++] = (struct column){f, a};
        s += len + (s[len] == ',');
    }
    return true;
}

/* A cursor is base64 of a JSON array: the sort keys of the last row and its id.  It carries no
 * rights: a forged one only moves about within what the user may see. */
static const char *cursor_write(struct berth_ctx *c, const struct where_query *q, const struct berth_val *key)
{
    struct buf b = BUF_INIT;
    struct json j = json_to(&b);
    char *out;
    size_t cap;

    json_open(&j, '[');
    for (size_t i = 0; i <= q->nsort; i++) {
        if (key[i].type == BERTH_NULL)
            json_nil(&j);
        else if (key[i].type == BERTH_REAL)
            json_double(&j, key[i].d);
        else if (type_is_text((enum berth_type)key[i].type))
            json_strn(&j, key[i].s, (size_t)key[i].len);
        else
            json_int(&j, key[i].i);
    }
    json_close(&j, ']');
    cap = sodium_base64_encoded_len(b.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    out = arena_alloc(c->a, cap);
    sodium_bin2base64(out, cap, (const unsigned char *)b.s, b.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    buf_free(&b);
    return out;
}

static bool cursor_read(struct berth_ctx *c, const struct where_query *q, const char *text,
                        struct berth_val *key)
{
    size_t cap = strlen(text) + 1, n = 0;
    unsigned char *raw = arena_alloc(c->a, cap);
    json_t *j = NULL;
    bool ok = false;

    if (sodium_base642bin(raw, cap, text, strlen(text), NULL, &n, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0)
        j = json_loadb((const char *)raw, n, 0, NULL);
    if (json_is_array(j) && json_array_size(j) == q->nsort + 1) {
        ok = true;
        for (size_t i = 0; i <= q->nsort; i++) {
            const json_t *v = json_array_get(j, i);
            bool text_key = i < q->nsort && field_is_text(q->sort[i].f);

            if (json_is_null(v) && i < q->nsort)
                key[i] = berth_nil();
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
    struct berth_ctx *c;
    const struct page *p;
    const struct column *col;
    size_t ncol;
    const char *columns;
    struct json *j;
    struct ref_set *refs;
    struct berth_val key[WHERE_SORTS + 1]; /* of the last row written */
    int64_t left;
    bool more;
};

/* Writes rows of one SELECT; sort keys stand in the first columns. */
static void read_part(struct reader *r, const struct berth_val *after, bool nulls)
{
    const struct where_query *q = &r->p->q;
    struct where_query part = *q;
    struct db_stmt *s;
    int rc = DB_DONE, first = (int)q->nsort + 1;

    part.limit = r->left + 1;
    s = select_rows(r->c, r->p->t, r->columns, &part, r->p->search, after, nulls);
    while (s != NULL && (rc = db_step(s)) == DB_ROW) {
        if (r->left == 0) {
            r->more = true;
            break;
        }
        json_open(r->j, '{');
        for (size_t i = 0; i < r->ncol; i++)
            column_json(r->c, r->j, &r->col[i], s, first + (int)i, &r->refs);
        json_close(r->j, '}');
        if (--r->left == 0) {
            for (size_t i = 0; i < q->nsort; i++)
                r->key[i] = val_read(r->c, q->sort[i].f, s, (int)i);
            r->key[q->nsort] = berth_i(db_col_int(s, (int)q->nsort));
        }
    }
    db_reset(s);
    if (rc < 0)
        ctx_db(r->c, rc, "read a page");
}

int find_page(struct berth_ctx *c, const struct page *p, struct buf *out)
{
    struct json j = json_to(out);
    struct column *col = arena_alloc(c->a, (size_t)p->t->nfields * sizeof(*col));
    struct berth_val *after = NULL, key[WHERE_SORTS + 1];
    struct reader r = {.c = c, .p = p, .col = col, .j = &j, .left = p->q.limit};
    struct buf cols = BUF_INIT;

    if (c->rc != BERTH_OK)
        return c->rc;
    if (!perm_may(c->who, p->t, DO_READ))
        return ctx_fail(c, BERTH_DENIED, "denied", "err.denied");
    if (!page_columns(c, p, col, &r.ncol) ||
        (p->after != NULL && !cursor_read(c, &p->q, p->after, after = key)))
        return c->rc;
    for (size_t i = 0; i < p->q.nsort; i++)
        buf_addf(&cols, "t.%s AS s%zu, ", p->q.sort[i].f->name, i);
    buf_addf(&cols, "t.id AS s%zu", p->q.nsort);
    for (size_t i = 0; i < r.ncol; i++)
        buf_addf(&cols, ", t.%s", col[i].f->name);
    r.columns = arena_strdup(c->a, buf_str(&cols));
    buf_free(&cols);
    json_open(&j, '{');
    json_key(&j, "rows");
    json_open(&j, '[');
    if (p->q.nsort > 0 && p->q.sort[0].f->column_null) {
        /* empty values sort first going up and last going down; each part seeks in the index */
        bool down = p->q.sort[0].down, in_nulls = after != NULL && after[0].type == BERTH_NULL;
        int start = down ? in_nulls : after != NULL && !in_nulls;

        for (int part = start; part < 2 && !r.more && c->rc == BERTH_OK; part++)
            read_part(&r, part == start ? after : NULL, down == (part == 1));
    } else {
        read_part(&r, after, false);
    }
    json_close(&j, ']');
    find_refs_write(c, &j, r.refs);
    json_key(&j, "next");
    json_str(&j, r.more && r.left == 0 ? cursor_write(c, &p->q, r.key) : NULL);
    if (p->count) {
        int64_t n = find_count(c, p->t, p->q.where, p->search);

        json_key(&j, "total");
        json_int(&j, n > COUNT_MAX ? COUNT_MAX : n);
        json_key(&j, "total_exact");
        json_bool(&j, n <= COUNT_MAX);
    }
    json_close(&j, '}');
    return c->rc;
}
