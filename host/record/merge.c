/* merge.c - merging records and splitting them again. */
#include "record/merge.h"

#include <stdlib.h>
#include <string.h>

#include "record/find.h"
#include "record/hangs.h"
#include "record/hook.h"
#include "record/save.h"
#include "text/valid.h"

/* ---- small statements ------------------------------------------------------------------- */
static int done(struct berth_ctx *c, struct db_stmt *s, const char *what)
{
    int rc = db_step(s);

    db_reset(s);
    if (rc == DB_UNIQUE)
        return ctx_fail(c, BERTH_CONFLICT, "unique", "err.merge_clash");
    return rc < 0 ? ctx_db(c, rc, what) : (int)c->rc;
}

static int64_t new_merge(struct berth_ctx *c, const struct table *t, const struct berth_row *kept)
{
    struct db_stmt *s = db_prepare(c->conn, "INSERT INTO merging (tbl, kept, at, by, state_before) VALUES (?, ?, ?, ?, ?)");

    db_bind_int(s, 1, store_table_no(c->st, t));
    db_bind_int(s, 2, row_id(kept));
    db_bind_int(s, 3, c->now);
    if (c->who != NULL)
        db_bind_int(s, 4, c->who->id);
    db_bind_text(s, 5, row_dump(c, kept), -1);
    return done(c, s, "note a merge") == BERTH_OK ? db_last_id(c->conn) : 0;
}

static int note_gone(struct berth_ctx *c, int64_t merge, const struct table *t, int64_t id)
{
    struct db_stmt *s = db_prepare(c->conn, "INSERT INTO merge_gone (merge_id, tbl, rec) VALUES (?, ?, ?)");

    db_bind_int(s, 1, merge);
    db_bind_int(s, 2, store_table_no(c->st, t));
    db_bind_int(s, 3, id);
    return done(c, s, "note a merged record");
}

/* ---- what refers to a record ------------------------------------------------------------- */
/* A column that names records: a reference, or `rec` beside `tbl`. */
struct column {
    const struct table *t;
    const struct field *f;
    const char *key; /* the column that identifies a row */
};
struct moved { /* one value of it */
    struct column col;
    int64_t row;
    const char *was, *now; /* NULL: empty */
    bool whole;            /* no value but the row as the recycle bin keeps it; of tags and followers, the record */
    struct moved *next;
};

static const char *key_of(const struct table *t)
{
    if (!(t->flags & BERTH_BARE))
        return "id";
    return t->nindexes > 0 && t->indexes[0].n == 1 ? t->indexes[0].on[0]->name : NULL;
}

/* What is made from records and kept up beside them, tells of merges itself, or is sealed: history.c
 * shows what was written of the records that went into this one. */
static bool derived(const struct table *t)
{
    return strncmp(t->name, "dup_", 4) == 0 || strncmp(t->name, "merg", 4) == 0 || strcmp(t->name, "history") == 0 ||
           strcmp(t->name, "import_touch") == 0; /* what an undo will look for is the record that was touched */
}

static bool names(const struct column *col, const struct table *of)
{
    const struct table *t = col->t;

    if (strcmp(t->plugin, "base") == 0 && strcmp(col->f->name, "rec") == 0)
        return (t->flags & BERTH_BARE) && model_field(t, "tbl") != NULL;
    return col->f->type == BERTH_REF && col->f->ref == of && col->f->at >= 0;
}

static bool many(const struct column *col)
{
    return (col->f->flags & BERTH_MANY) != 0;
}

/* "|3|7|" with `to` in place of `from`, each once. */
static const char *replaced(struct berth_ctx *c, const char *list, int64_t from, int64_t to)
{
    const char *old = arena_fmt(c->a, "|%lld|", (long long)from), *new = arena_fmt(c->a, "|%lld|", (long long)to);
    const char *at = strstr(list, old);

    if (at == NULL)
        return list;
    return arena_fmt(c->a, "%.*s%s%s", (int)(at - list), list, strstr(list, new) != NULL ? "|" : new, at + strlen(old));
}

static struct moved *rows_with(struct berth_ctx *c, const struct column *col, const struct table *of, int64_t from, int64_t to)
{
    bool rec = strcmp(col->f->name, "rec") == 0 && (col->t->flags & BERTH_BARE);
    struct moved *list = NULL;
    struct db_stmt *s = db_prepare(c->conn, arena_fmt(c->a, "SELECT %s, %s FROM %s WHERE %s%s", col->key, col->f->name,
        col->t->sql, rec ? "tbl = ? AND " : "",
        arena_fmt(c->a, many(col) ? "%s LIKE ?" : "%s = ?", col->f->name)));
    int n = 1, rc;

    if (rec)
        db_bind_int(s, n++, store_table_no(c->st, of));
    if (many(col))
        db_bind_text(s, n, arena_fmt(c->a, "%%|%lld|%%", (long long)from), -1);
    else
        db_bind_int(s, n, from);
    while ((rc = db_step(s)) == DB_ROW) {
        struct moved *m = arena_alloc(c->a, sizeof(*m));

        *m = (struct moved){*col, db_col_int(s, 0), NULL, NULL, false, list};
        m->was = many(col) ? arena_strdup(c->a, db_col_text(s, 1, NULL)) : arena_fmt(c->a, "%lld", (long long)from);
        if (many(col))
            m->now = replaced(c, m->was, from, to);
        else if (col->t != of || m->row != to) /* a record does not belong to itself */
            m->now = arena_fmt(c->a, "%lld", (long long)to);
        list = m;
    }
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "look for references");
    return list;
}

static int write_value(struct berth_ctx *c, const struct moved *m, const char *value)
{
    struct db_stmt *s = db_prepare(c->conn, arena_fmt(c->a, "UPDATE %s SET %s = ?%s WHERE %s = ?", m->col.t->sql, m->col.f->name,
                                                      m->col.t->flags & BERTH_BARE ? "" : ", version = version + 1", m->col.key));

    if (value != NULL && many(&m->col))
        db_bind_text(s, 1, value, -1);
    else if (value != NULL)
        db_bind_int(s, 1, strtoll(value, NULL, 10));
    db_bind_int(s, 2, m->row);
    return done(c, s, "move a reference");
}

static int note_move(struct berth_ctx *c, int64_t merge, const struct moved *m)
{
    struct db_stmt *s = db_prepare(c->conn, "INSERT INTO merge_move (merge_id, on_table, field, row_key, old_value, new_value)"
                                            " VALUES (?, ?, ?, ?, ?, ?)");

    db_bind_int(s, 1, merge);
    db_bind_text(s, 2, m->col.t->name, -1);
    db_bind_text(s, 3, m->whole ? "*" : m->col.f->name, -1);
    db_bind_int(s, 4, m->row);
    db_bind_text(s, 5, m->was, -1);
    db_bind_text(s, 6, m->now, -1);
    return done(c, s, "note a moved reference");
}

/* ---- by way of hooks ---------------------------------------------------------------------- */
static bool hooked(struct berth_ctx *c, const struct table *t)
{
    return !(t->flags & BERTH_BARE) && (hook_any(c, BERTH_BEFORE, BERTH_UPDATE, t) || hook_any(c, BERTH_AFTER, BERTH_UPDATE, t) ||
                                        hook_any(c, BERTH_DONE, BERTH_UPDATE, t));
}

/* Saved as anybody's change is, whoever may see the row; when it was changed last, and by whom, stays. */
static int save_quietly(struct berth_ctx *c, struct berth_row *r)
{
    bool all = c->all, exact = c->exact, allowed = c->allow_duplicates;

    c->all = c->exact = c->allow_duplicates = true;
    row_save(c, r);
    c->all = all;
    c->exact = exact;
    c->allow_duplicates = allowed;
    return c->rc;
}

static struct berth_row *any_row(struct berth_ctx *c, const struct table *t, int64_t id)
{
    bool all = c->all;
    struct berth_row *r;

    c->all = true;
    r = save_load(c, t, id);
    c->all = all;
    return r;
}

static struct berth_val value_of(const struct moved *m, const char *text)
{
    if (text == NULL)
        return berth_nil();
    return many(&m->col) ? (struct berth_val){(int32_t)m->col.f->type, (int32_t)strlen(text), {.s = text}}
                         : (struct berth_val){BERTH_REF, 0, {.i = strtoll(text, NULL, 10)}};
}

/* What hooks changed besides is kept, too: the row as it was and as it became. */
static int move_by_hooks(struct berth_ctx *c, struct moved *m)
{
    struct berth_row *r = any_row(c, m->col.t, m->row);
    const struct berth_row *was;
    bool more = false;

    if (r == NULL)
        return c->rc;
    was = r->old;
    r->v[m->col.f->at] = value_of(m, m->now);
    if (save_quietly(c, r) != BERTH_OK)
        return c->rc;
    for (int i = F_DECLARED; i < r->t->nfields; i++)
        more = more || (i != m->col.f->at && !val_equal(was->v[i], r->v[i]));
    if (more) {
        m->whole = true;
        m->was = row_dump(c, was);
        m->now = row_dump(c, r);
    }
    return c->rc;
}

static int back_by_hooks(struct berth_ctx *c, const struct moved *m)
{
    struct berth_row *r = any_row(c, m->col.t, m->row), *was, *is;

    if (r == NULL)
        return c->rc;
    if (!m->whole) {
        r->v[m->col.f->at] = value_of(m, m->was);
        return save_quietly(c, r);
    }
    was = row_undump(c, m->col.t, m->was);
    is = row_undump(c, m->col.t, m->now);
    for (int i = F_DECLARED; i < r->t->nfields; i++)
        if (!val_equal(was->v[i], is->v[i]))
            r->v[i] = was->v[i];
    return save_quietly(c, r);
}

struct hung {
    int64_t merge;
    struct hang from, to;
};

static int note_hung(struct berth_ctx *c, void *arg, const char *table, int64_t key)
{
    const struct hung *h = arg;
    struct moved m = {.col = {.t = model_table(c->m, table)}, .row = key, .was = arena_fmt(c->a, "%lld", (long long)h->from.rec),
                      .now = arena_fmt(c->a, "%lld", (long long)h->to.rec), .whole = true};

    return note_move(c, h->merge, &m);
}

/* ---- of which there may be only one --------------------------------------------------------- */
/* The row that has, by a unique key, the place where this one would go; NULL: none.  What is to leave no trace is not kept
 * for a split: such a row stands against the merge. */
static struct berth_row *twin_of(struct berth_ctx *c, const struct moved *m)
{
    const struct table *t = m->col.t;
    struct berth_row *r = NULL;
    int64_t id = 0;

    if ((t->flags & BERTH_BARE) || m->now == NULL || many(&m->col) || (!(t->flags & (BERTH_HISTORY | BERTH_BIN)) && t->parent == NULL))
        return NULL;
    for (size_t i = 0; i < t->nindexes && id == 0; i++) {
        if (!(t->indexes[i].unique || t->indexes[i].once) || !index_has(&t->indexes[i], m->col.f))
            continue;
        if (r == NULL && (r = any_row(c, t, m->row)) == NULL)
            return NULL;
        r->v[m->col.f->at] = value_of(m, m->now);
        id = row_like(r, &t->indexes[i]);
    }
    return id == 0 ? NULL : any_row(c, t, id);
}

/* What one says and the other leaves open, and long texts of both. */
static void take_over(struct berth_ctx *c, struct berth_row *kept, const struct berth_row *gone)
{
    for (int i = F_DECLARED; i < kept->t->nfields; i++) {
        const struct field *f = &kept->t->fields[i];
        struct berth_val *k = &kept->v[i], g = gone->v[i];

        if ((f->flags & BERTH_LOCKED) || val_is_nil(g))
            continue;
        if (val_is_nil(*k)) {
            *k = g;
        } else if (f->type == BERTH_LONG && strstr(k->s, g.s) == NULL) {
            const char *both = arena_fmt(c->a, "%s\n%s", k->s, g.s);
            size_t n = strlen(both);

            if (text_limit(both, n, (size_t)f->max) == n)
                *k = (struct berth_val){BERTH_LONG, (int32_t)n, {.s = both}};
        }
    }
}

static int move_all(struct berth_ctx *c, int64_t merge, const struct table *of, int64_t from, int64_t to);

/* A split brings it back. */
static int leave(struct berth_ctx *c, int64_t merge, const struct moved *m)
{
    struct berth_row *gone = any_row(c, m->col.t, m->row);
    struct moved left = {.col = m->col, .row = m->row, .whole = true};
    bool all = c->all;

    if (gone == NULL)
        return c->rc;
    left.was = row_dump(c, gone);
    note_move(c, merge, &left);
    c->all = true;
    row_drop_now(c, gone);
    c->all = all;
    return c->rc;
}

/* The row goes into its twin as the record into the other: what names it names the twin. */
static int fold(struct berth_ctx *c, int64_t merge, const struct moved *m, struct berth_row *twin)
{
    struct moved kept = {.col = m->col, .row = row_id(twin), .was = row_dump(c, twin), .whole = true};

    take_over(c, twin, any_row(c, m->col.t, m->row));
    if (save_quietly(c, twin) != BERTH_OK)
        return c->rc;
    kept.now = row_dump(c, twin);
    note_move(c, merge, &kept);
    move_all(c, merge, m->col.t, m->row, row_id(twin));
    return leave(c, merge, m);
}

/* A row that belongs to two records of a table, such as how they are related, says nothing once these are one. */
static bool joins_one(struct berth_ctx *c, const struct moved *m)
{
    const struct table *t = m->col.t;
    const struct field *f = m->col.f;
    struct berth_row *r = NULL;

    if ((t->flags & BERTH_BARE) || m->now == NULL || many(&m->col) || !(f->flags & BERTH_BELONGS))
        return false;
    for (int i = F_DECLARED; i < t->nfields; i++) {
        const struct field *other = &t->fields[i];

        if (other == f || !(other->flags & BERTH_BELONGS) || (other->flags & BERTH_MANY) || other->ref != f->ref)
            continue;
        if (r == NULL && (r = any_row(c, t, m->row)) == NULL)
            return false;
        if (row_int(r, i) == strtoll(m->now, NULL, 10))
            return true;
    }
    return false;
}

static int move_one(struct berth_ctx *c, int64_t merge, const struct table *of, int64_t from, struct moved *m)
{
    struct berth_row *twin = twin_of(c, m);
    int rc;

    if (twin != NULL)
        return fold(c, merge, m, twin);
    if (joins_one(c, m))
        return leave(c, merge, m);
    rc = hooked(c, m->col.t) && (m->col.t != of || m->row != from) ? move_by_hooks(c, m) : write_value(c, m, m->now);
    return rc == BERTH_OK ? note_move(c, merge, m) : rc;
}

static int move_all(struct berth_ctx *c, int64_t merge, const struct table *of, int64_t from, int64_t to)
{
    int64_t tbl = store_table_no(c->st, of);
    struct hung hung = {merge, {tbl, from}, {tbl, to}};

    for (size_t i = 0; i < c->m->ntables; i++) {
        const struct table *t = &c->m->tables[i];
        const char *key = key_of(t);

        for (int k = 0; key != NULL && !derived(t) && k < t->nfields && c->rc == BERTH_OK; k++) {
            struct column col = {t, &t->fields[k], key};

            if (!names(&col, of))
                continue;
            for (struct moved *m = rows_with(c, &col, of, from, to); m != NULL && c->rc == BERTH_OK; m = m->next)
                move_one(c, merge, of, from, m);
        }
    }
    hangs_move(c, hung.from, hung.to, true, note_hung, &hung);
    return c->rc;
}

/* ---- merging --------------------------------------------------------------------------------- */
static bool listed(const json_t *from, size_t n, int64_t id)
{
    for (size_t i = 0; i < n; i++)
        if (json_integer_value(json_array_get(from, i)) == id)
            return true;
    return false;
}

static bool makes_sense(struct berth_ctx *c, const struct table *t, int64_t id, const json_t *body)
{
    const json_t *from = json_object_get(body, "from"), *values = json_object_get(body, "values");
    size_t n = json_array_size(from);
    bool ok = n > 0 && n < MERGE_MAX && (values == NULL || json_is_object(values));

    for (size_t i = 0; ok && i < n; i++) {
        int64_t one = json_integer_value(json_array_get(from, i));

        ok = one > 0 && one != id && !listed(from, i, one);
    }
    if (!ok)
        ctx_fail(c, BERTH_INVALID, "bad_request", "err.merge");
    else if (!(t->flags & BERTH_BIN) || t->parent != NULL)
        ctx_fail(c, BERTH_INVALID, "bad_request", "err.merge_table");
    return c->rc == BERTH_OK;
}

static struct berth_row *may(struct berth_ctx *c, const struct table *t, int64_t id, enum deed deed)
{
    struct berth_row *r = save_load(c, t, id);

    if (r != NULL && (!perm_row(c, r, deed) || perm_veiled(r))) /* values of one would show in the other */
        ctx_fail(c, BERTH_DENIED, "denied", "err.denied");
    return c->rc == BERTH_OK ? r : NULL;
}

static int keep_after(struct berth_ctx *c, int64_t merge, const struct berth_row *kept)
{
    struct db_stmt *s = db_prepare(c->conn, "UPDATE merging SET state_after = ? WHERE seq = ?");

    db_bind_text(s, 1, row_dump(c, kept), -1);
    db_bind_int(s, 2, merge);
    return done(c, s, "note a merge");
}

static int save_kept(struct berth_ctx *c, struct berth_row *kept)
{
    bool allowed = c->allow_duplicates;

    c->allow_duplicates = true;
    row_save(c, kept);
    c->allow_duplicates = allowed;
    return c->rc;
}

struct berth_row *merge_run(struct berth_ctx *c, const struct table *t, int64_t id, const json_t *body)
{
    const json_t *from = json_object_get(body, "from");
    struct berth_row *kept, *gone[MERGE_MAX];
    size_t n = json_array_size(from);
    struct buf titles = BUF_INIT;
    const char *key;
    int64_t merge;
    json_t *v;

    if (!makes_sense(c, t, id, body) || (kept = may(c, t, id, DO_UPDATE)) == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if ((gone[i] = may(c, t, json_integer_value(json_array_get(from, i)), DO_DELETE)) == NULL)
            return NULL;
    merge = new_merge(c, t, kept);
    perm_changed(c); /* with whom they were shared moves, too */
    for (size_t i = 0; i < n && c->rc == BERTH_OK; i++) {
        note_gone(c, merge, t, row_id(gone[i]));
        move_all(c, merge, t, row_id(gone[i]), id);
    }
    for (size_t i = 0; i < n && c->rc == BERTH_OK; i++) {
        buf_addf(&titles, "%s%s", i > 0 ? "; " : "", row_title(gone[i]));
        if ((gone[i] = save_load(c, t, row_id(gone[i]))) != NULL) /* a reference of it may have moved */
            row_drop_now(c, gone[i]);
    }
    kept = c->rc == BERTH_OK ? save_load(c, t, id) : NULL;
    if (kept != NULL) {
        json_object_foreach (json_object_get(body, "values"), key, v)
            row_set_json(kept, key, v);
        history_note(c, kept, "merge", buf_str(&titles));
        if (save_kept(c, kept) == BERTH_OK)
            keep_after(c, merge, kept);
    }
    buf_free(&titles);
    return c->rc == BERTH_OK ? kept : NULL;
}

/* ---- splitting ---------------------------------------------------------------------------------- */
struct last {
    int64_t seq;
    struct berth_row *before, *after;
    int64_t gone[MERGE_MAX];
    size_t n;
    struct moved *moves; /* the last one first */
};

static bool load_last(struct berth_ctx *c, const struct table *t, int64_t id, struct last *m)
{
    struct db_stmt *s =
        db_prepare(c->conn, "SELECT seq, state_before, state_after FROM merging WHERE tbl = ? AND kept = ? AND split_at IS NULL"
                            " ORDER BY seq DESC LIMIT 1");

    *m = (struct last){.seq = 0};
    db_bind_int(s, 1, store_table_no(c->st, t));
    db_bind_int(s, 2, id);
    if (db_step(s) == DB_ROW) {
        m->seq = db_col_int(s, 0);
        m->before = row_undump(c, t, db_col_text(s, 1, NULL));
        m->after = row_undump(c, t, db_col_text(s, 2, NULL));
    }
    db_reset(s);
    s = db_prepare(c->conn, "SELECT rec FROM merge_gone WHERE merge_id = ? ORDER BY rec");
    db_bind_int(s, 1, m->seq);
    while (db_step(s) == DB_ROW && m->n < MERGE_MAX)
        m->gone[m->n++] = db_col_int(s, 0);
    db_reset(s);
    return m->seq != 0;
}

static const char *copied(struct berth_ctx *c, struct db_stmt *s, int at)
{
    return db_col_is_null(s, at) ? NULL : arena_strdup(c->a, db_col_text(s, at, NULL));
}

static bool load_moves(struct berth_ctx *c, struct last *m)
{
    struct db_stmt *s =
        db_prepare(c->conn, "SELECT on_table, field, row_key, old_value, new_value FROM merge_move WHERE merge_id = ? ORDER BY seq");
    bool all = true;

    db_bind_int(s, 1, m->seq);
    while (db_step(s) == DB_ROW) {
        const struct table *t = model_table(c->m, db_col_text(s, 0, NULL));
        bool whole = strcmp(db_col_text(s, 1, NULL), "*") == 0;
        const struct field *f = t == NULL ? NULL : model_field(t, whole ? "id" : db_col_text(s, 1, NULL));
        struct moved *one = arena_alloc(c->a, sizeof(*one));

        all = all && (f != NULL || (t != NULL && hangs_is(t->name)));
        if (f == NULL && (t == NULL || !hangs_is(t->name)))
            continue;
        *one = (struct moved){{t, f, key_of(t)}, db_col_int(s, 2), copied(c, s, 3), copied(c, s, 4), whole, m->moves};
        m->moves = one;
    }
    db_reset(s);
    return all;
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool row_untouched(struct berth_ctx *c, const struct moved *one)
{
    struct berth_row *now = find_raw(c, one->col.t, one->row), *was = row_undump(c, one->col.t, one->was),
                     *is = row_undump(c, one->col.t, one->now);

    for (int i = F_DECLARED; now != NULL && i < now->t->nfields; i++)
        if (!val_equal(was->v[i], is->v[i]) && !val_equal(now->v[i], is->v[i]))
            return false;
    return now != NULL;
}

/* Whether the value is still what the merge made of it.  What went into the bin is as it was left. */
static bool untouched(struct berth_ctx *c, const struct table *of, const struct last *m, const struct moved *one)
{
    struct db_stmt *s;
    bool same;

    if (hangs_is(one->col.t->name)) /* a tag that was taken away since stays away */
        return true;
    if (one->whole)
        return one->now == NULL ? find_raw(c, one->col.t, one->row) == NULL : row_untouched(c, one);
    for (size_t i = 0; one->col.t == of && i < m->n; i++)
        if (one->row == m->gone[i])
            return true;
    s = db_prepare(c->conn, arena_fmt(c->a, "SELECT %s FROM %s WHERE %s = ?", one->col.f->name, one->col.t->sql, one->col.key));
    db_bind_int(s, 1, one->row);
    same = db_step(s) == DB_ROW;
    if (same)
        same = same_text(one->now, db_col_is_null(s, 0) ? NULL
                                   : many(&one->col)    ? db_col_text(s, 0, NULL)
                                                        : arena_fmt(c->a, "%lld", (long long)db_col_int(s, 0)));
    db_reset(s);
    return same;
}

static bool in_bin(struct berth_ctx *c, const struct table *t, int64_t id)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT 1 FROM bin WHERE on_table = ? AND record_id = ?");
    bool yes;

    db_bind_text(s, 1, t->name, -1);
    db_bind_int(s, 2, id);
    yes = db_step(s) == DB_ROW;
    db_reset(s);
    return yes;
}

static const char *number_text(struct berth_ctx *c, int64_t id)
{
    return arena_fmt(c->a, "%lld", (long long)id);
}

/* Everything that stands against it, not only the first. */
static bool nothing_later(struct berth_ctx *c, const struct table *t, const struct berth_row *kept, const struct last *m)
{
    int told = 0;

    for (int i = F_DECLARED; i < t->nfields; i++)
        if (!val_equal(m->before->v[i], m->after->v[i]) && !val_equal(kept->v[i], m->after->v[i]))
            ctx_invalid(c, t->fields[i].name, "err.split_field", "field",
                        labels_field(c->st->labels, c->locale, t->name, t->fields[i].name), NULL);
    for (const struct moved *one = m->moves; one != NULL && told < 20; one = one->next)
        if (!untouched(c, t, m, one)) {
            ctx_invalid(c, one->col.t->name, "err.split_moved", "one", labels_get(c->st->labels, c->locale, one->col.t->name), "id",
                        number_text(c, one->row), NULL);
            told++;
        }
    for (size_t i = 0; i < m->n; i++)
        if (!in_bin(c, t, m->gone[i]))
            ctx_invalid(c, t->name, "err.split_gone", "one", labels_get(c->st->labels, c->locale, t->name), "id",
                        number_text(c, m->gone[i]), NULL);
    if (c->rc == BERTH_OK)
        return true;
    c->rc = BERTH_CONFLICT;
    c->code = "conflict";
    c->key = "err.split";
    return false;
}

/* Only what the merge changed: what people wrote since stays. */
static int kept_back(struct berth_ctx *c, struct berth_row *kept, const struct last *m)
{
    bool later = row_int(kept, F_VERSION) != row_int(m->after, F_VERSION);

    for (int i = F_DECLARED; i < kept->t->nfields; i++)
        if (!val_equal(m->before->v[i], m->after->v[i]))
            kept->v[i] = m->before->v[i];
    if (!later) {
        kept->v[F_UPDATED_AT] = m->before->v[F_UPDATED_AT];
        kept->v[F_UPDATED_BY] = m->before->v[F_UPDATED_BY];
    }
    c->exact = !later;
    save_kept(c, kept);
    c->exact = false;
    return c->rc;
}

static int note_split(struct berth_ctx *c, int64_t seq)
{
    struct db_stmt *s = db_prepare(c->conn, "UPDATE merging SET split_at = ? WHERE seq = ?");

    db_bind_int(s, 1, c->now);
    db_bind_int(s, 2, seq);
    return done(c, s, "note a split");
}

static int bring_back(struct berth_ctx *c, const struct table *of, const struct moved *one)
{
    int64_t tbl = store_table_no(c->st, of);

    if (hangs_is(one->col.t->name))
        return hangs_back(c, one->col.t->name, one->row, (struct hang){tbl, strtoll(one->now, NULL, 10)},
                          (struct hang){tbl, strtoll(one->was, NULL, 10)});
    if (one->whole && one->now == NULL)
        return row_remake(c, row_undump(c, one->col.t, one->was));
    return one->whole || hooked(c, one->col.t) ? back_by_hooks(c, one) : write_value(c, one, one->was);
}

struct berth_row *merge_split(struct berth_ctx *c, const struct table *t, int64_t id)
{
    struct berth_row *kept = may(c, t, id, DO_UPDATE), *back;
    struct last m;

    if (kept == NULL)
        return NULL;
    perm_changed(c);
    if (!load_last(c, t, id, &m)) {
        ctx_fail(c, BERTH_NOT_FOUND, "not_found", "err.split_none");
        return NULL;
    }
    if (!load_moves(c, &m)) {
        ctx_fail(c, BERTH_CONFLICT, "conflict", "err.restore_plugin");
        return NULL;
    }
    if (!nothing_later(c, t, kept, &m) || kept_back(c, kept, &m) != BERTH_OK)
        return NULL;
    c->exact = true;
    for (size_t i = 0; i < m.n && c->rc == BERTH_OK; i++)
        row_restore(c, t, m.gone[i]);
    c->exact = false;
    for (const struct moved *one = m.moves; one != NULL && c->rc == BERTH_OK; one = one->next)
        bring_back(c, t, one);
    for (size_t i = 0; i < m.n && c->rc == BERTH_OK; i++)
        if ((back = find_raw(c, t, m.gone[i])) != NULL)
            history_note(c, back, "split", NULL);
    if (c->rc == BERTH_OK && note_split(c, m.seq) == BERTH_OK)
        history_note(c, kept, "split", NULL);
    return c->rc == BERTH_OK ? find_one(c, t, id) : NULL;
}

bool merge_any(struct berth_ctx *c, const struct table *t, int64_t id)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT 1 FROM merging WHERE tbl = ? AND kept = ? AND split_at IS NULL LIMIT 1");
    bool any;

    db_bind_int(s, 1, store_table_no(c->st, t));
    db_bind_int(s, 2, id);
    any = db_step(s) == DB_ROW;
    db_reset(s);
    return any;
}

/* ---- where it went ------------------------------------------------------------------------------- */
int64_t merge_into(struct berth_ctx *c, const struct table *t, int64_t id)
{
    int64_t at = id;

    for (int hops = 0; hops < 100; hops++) { /* it may have been merged on */
        struct db_stmt *s = db_prepare(c->conn, "SELECT m.kept FROM merge_gone g JOIN merging m ON m.seq = g.merge_id WHERE g.tbl = ?"
                                                " AND g.rec = ? AND m.split_at IS NULL ORDER BY g.merge_id DESC LIMIT 1");
        int64_t next = 0;

        db_bind_int(s, 1, store_table_no(c->st, t));
        db_bind_int(s, 2, at);
        next = db_one_int(s);
        if (next == 0)
            break;
        at = next;
    }
    return at == id ? 0 : at;
}
