/* import.c - the run: rows are read, checked and normalised on the job's thread while the writer
 * stores the rows before them. */
#include "record/import.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/when.h"
#include "record/dup.h"
#include "record/find.h"
#include "record/hook.h"
#include "record/import_set.h"
#include "record/save.h"
#include "record/search.h"
#include "record/zone.h"
#include "sheet/sheet.h"

/* Rows of one transaction.  Hashed keys and names land everywhere in their indexes: a large transaction
 * writes each page once instead of once in every small one.  But nobody else writes meanwhile, so
 * chunks double only while nobody wants to. */
enum { CHUNK = 2000, CHUNK_ALONE = 16000 };

enum outcome { NEW, UPDATED, SAME, DUPLICATE, INVALID, OUTCOMES };
static const char *const outcome_names[] = {"new", "updated", "same", "duplicate", "invalid"};

struct prep { /* one row of the sheet on its way */
    uint32_t number;
    enum outcome outcome;
    struct berth_row *row;
    struct dup_keys *keys;
    bool known;            /* one of the keys is in the database */
    const char *tokens;
    int64_t record;        /* the duplicate, or what was made */
    const char *field, *message, *detail;
    const struct sheet_cell *cells;
    uint32_t ncells;
};

struct chunk {
    struct run *run;
    struct arena *a;
    struct prep row[CHUNK_ALONE];
    size_t n;
    uint64_t dup_gen; /* of the database when the rows were compared with it */
    struct db_work work;
    struct berth_ctx ctx; /* on the writer; what it wants done waits for the commit */
    int64_t done_before; /* rows of the sheet behind this chunk */
};

struct run {
    struct job *j;
    int64_t import;
    const char *table;
    bool dry, update;
    int64_t pool;
    const struct field **column; /* by column of the sheet; NULL: not taken */
    size_t ncolumns;
    struct sheet *sheet;
    struct import_set seen; /* keys of this file's rows */
    size_t limit;           /* rows of the next chunk */
    int64_t urgent;         /* writes of other people until the chunk before */
    int64_t counts[OUTCOMES];
    /* the chunk on the writer */
    pthread_mutex_t lock;
    pthread_cond_t free_cond;
    bool busy;
    int rc;
};

/* ---- cells to values ----------------------------------------------------------------------- */
static bool take_cell(struct berth_ctx *c, const struct field *f, const struct sheet_cell *cell, struct berth_val *out)
{
    if (cell->type == SHEET_DATE || cell->type == SHEET_DATETIME) {
        int64_t day = cell->type == SHEET_DATE ? cell->v.days : cell->v.ms / WHEN_DAY;
        int64_t rest = cell->type == SHEET_DATE ? 0 : cell->v.ms % WHEN_DAY;

        if (f->type == BERTH_DATE || f->type == BERTH_TIME) {
            *out = (struct berth_val){(int32_t)f->type, 0, {.i = f->type == BERTH_DATE
                ? day : zone_midnight(c->st->company.zone, day) + rest}};
            return true;
        }
    }
    if (cell->type == SHEET_ERROR) {
        ctx_invalid(c, f->name, "err.cell", "value", cell->text, NULL);
        return false;
    }
    return val_from_text(c, f, cell->text, cell->len, out);
}

static void read_cells(struct run *r, struct berth_ctx *c, struct prep *p)
{
    for (uint32_t i = 0; i < p->ncells && i < r->ncolumns; i++)
        if (r->column[i] != NULL && p->cells[i].len > 0)
            take_cell(c, r->column[i], &p->cells[i], &p->row->v[r->column[i]->at]);
}

/* ---- what is told of a row that does not simply go in ------------------------------------------ */
static void detail(struct run *r, struct berth_ctx *c, struct prep *p, const struct ctx_match *m, uint32_t same_as)
{
    struct buf b = BUF_INIT;
    struct json j = json_to(&b);
    char name[8];

    json_open(&j, '{');
    if (p->field != NULL)
        for (size_t i = 0; i < r->ncolumns; i++)
            if (r->column[i] != NULL && strcmp(r->column[i]->name, p->field) == 0) {
                json_key(&j, "cell");
                json_str(&j, arena_fmt(c->a, "%s%u", sheet_column_name((uint32_t)i, name), p->number));
                break;
            }
    if (m != NULL) {
        json_key(&j, "table");
        json_str(&j, m->table->name);
        json_key(&j, "title");
        json_str(&j, m->title);
        json_key(&j, "by");
        json_open(&j, '[');
        for (size_t i = 0; i < m->nby; i++)
            json_str(&j, m->by[i]);
        json_close(&j, ']');
    }
    if (same_as != 0) {
        json_key(&j, "same_as");
        json_int(&j, same_as);
    }
    json_key(&j, "cells");
    json_open(&j, '[');
    for (uint32_t i = 0; i < p->ncells; i++)
        json_strn(&j, p->cells[i].text, p->cells[i].len);
    json_close(&j, ']');
    json_close(&j, '}');
    p->detail = arena_strndup(c->a, b.s, b.len);
    buf_free(&b);
}

static const char *texts(struct berth_ctx *c, const char *a_key, const char *a, const char *b_key, const char *b,
                         const char *key)
{
    const char *args[] = {a_key, a, b_key, b, NULL};

    return ctx_text(c, key, args);
}

static const char *by_names(struct berth_ctx *c, const struct ctx_match *m)
{
    struct buf b = BUF_INIT;
    const char *s;

    for (size_t i = 0; i < m->nby; i++)
        buf_addf(&b, "%s%s", i > 0 ? ", " : "", labels_field(c->st->labels, c->locale, m->table->name, m->by[i]));
    s = arena_strdup(c->a, buf_str(&b));
    buf_free(&b);
    return s;
}

static void tell_invalid(struct run *r, struct berth_ctx *c, struct prep *p)
{
    const struct ctx_problem *q = c->problems;

    p->outcome = INVALID;
    p->field = q == NULL ? NULL : q->field;
    p->message = q == NULL ? ctx_text(c, c->key == NULL ? "err.invalid" : c->key, c->args)
                           : texts(c, "field", labels_field(c->st->labels, c->locale, r->table, q->field),
                                   "why", ctx_text(c, q->key, q->args), "import.invalid");
    detail(r, c, p, NULL, 0);
    ctx_clear(c);
}

static void tell_duplicate(struct run *r, struct berth_ctx *c, struct prep *p, const struct ctx_match *m)
{
    p->outcome = DUPLICATE;
    p->record = m->id;
    p->message = m->id == 0 ? texts(c, "by", by_names(c, m), NULL, NULL, "import.duplicate_hidden")
                            : texts(c, "title", m->title, "by", by_names(c, m), "import.duplicate");
    detail(r, c, p, m, 0);
}

static void tell_same_row(struct run *r, struct berth_ctx *c, struct prep *p, uint32_t other, const struct field *by)
{
    struct ctx_match m = {.table = p->row->t, .by = {by->name}, .nby = 1};

    p->outcome = DUPLICATE;
    p->message = texts(c, "row", arena_fmt(c->a, "%u", other), "by", by_names(c, &m), "import.same_row");
    detail(r, c, p, &m, other);
}

/* ---- preparing a row, on the job's thread --------------------------------------------------------- */
/* A record in the database with one of these keys, verified. */
static const struct ctx_match *in_database(struct berth_ctx *c, const struct table *t, const struct dup_keys *keys)
{
    /* most rows are new: a look at the hashes is all that happens to them */
    for (size_t i = 0; i < keys->n; i++) {
        if (dup_known(c, keys->k[i].hash))
            return dup_find(c, t, keys, 0);
    }
    return NULL;
}

static void compare(struct run *r, struct berth_ctx *c, struct prep *p)
{
    const struct ctx_match *m = p->known ? dup_find(c, p->row->t, p->keys, 0) : NULL;

    if (m != NULL && r->update && m->next == NULL && m->id != 0 && m->table == p->row->t) {
        p->outcome = UPDATED; /* or the same: the writer sees */
        p->record = m->id;
        return;
    }
    if (m != NULL) {
        tell_duplicate(r, c, p, m);
        return;
    }
    for (size_t i = 0; i < p->keys->n; i++) {
        uint32_t other = import_set_get(&r->seen, p->keys->k[i].hash);

        if (other != 0) {
            tell_same_row(r, c, p, other, p->keys->k[i].f);
            return;
        }
    }
    for (size_t i = 0; i < p->keys->n; i++)
        import_set_put(&r->seen, p->keys->k[i].hash, p->number);
}

static void prepare(struct run *r, struct berth_ctx *c, const struct table *t, struct prep *p)
{
    struct dup_keys keys;

    p->row = row_new(c, t);
    read_cells(r, c, p);
    if (c->rc == BERTH_OK) {
        row_defaults(p->row);
        if (r->pool != 0 && t->at_pool >= 0)
            p->row->v[t->at_pool] = (struct berth_val){BERTH_REF, 0, {.i = r->pool}};
        row_check(p->row);
    }
    if (c->rc != BERTH_OK) {
        tell_invalid(r, c, p);
        return;
    }
    if (!t->duplicates)
        return;
    dup_keys_of(p->row, &keys);
    size_t size = offsetof(struct dup_keys, k) + keys.n * sizeof(keys.k[0]); /* few have all 32 */

    p->keys = memcpy(arena_alloc(c->a, size), &keys, size);
}

struct pair { /* a key and whose it is: the record's id, or the row's place in the chunk */
    int64_t hash, of;
};

static int by_hash(const void *a, const void *b)
{
    int64_t x = ((const struct pair *)a)->hash, y = ((const struct pair *)b)->hash;

    return (x > y) - (x < y);
}

/* The keys of a chunk's new rows in order of the hash, in which the index is walked once
 * instead of jumped about in. */
static struct pair *sorted_keys(const struct chunk *k, size_t *n_r)
{
    struct pair *all;
    size_t n = 0;

    for (size_t i = 0; i < k->n; i++)
        n += k->row[i].keys == NULL ? 0 : k->row[i].keys->n;
    all = mem_alloc((n + 1) * sizeof(*all));
    n = 0;
    for (size_t i = 0; i < k->n; i++)
        for (size_t q = 0; k->row[i].outcome == NEW && k->row[i].keys != NULL && q < k->row[i].keys->n; q++)
            all[n++] = (struct pair){k->row[i].keys->k[q].hash, (int64_t)i};
    qsort(all, n, sizeof(*all), by_hash);
    *n_r = n;
    return all;
}

static void find_known(struct berth_ctx *c, struct chunk *k)
{
    size_t n;
    struct pair *all = sorted_keys(k, &n);

    for (size_t i = 0; i < n && c->rc == BERTH_OK; i++) {
        if (dup_known(c, all[i].hash))
            k->row[all[i].of].known = true;
    }
    free(all);
}

static void finish_row(struct run *r, struct berth_ctx *c, const struct table *t, struct prep *p)
{
    struct buf b = BUF_INIT;

    if (p->outcome == NEW && t->duplicates)
        compare(r, c, p);
    if (p->outcome != NEW || !t->searched || r->dry)
        return;
    search_tokens(p->row, &b);
    p->tokens = arena_strndup(c->a, buf_str(&b), b.len);
    buf_free(&b);
}

static void keep_cells(struct chunk *k, struct prep *p, const struct sheet_row *row)
{
    struct sheet_cell *cells = arena_alloc(k->a, (row->len + 1) * sizeof(*cells));

    memcpy(cells, row->cells, row->len * sizeof(*cells));
    for (uint32_t i = 0; i < row->len; i++)
        cells[i].text = arena_strndup(k->a, row->cells[i].text, row->cells[i].len);
    p->cells = cells;
    p->ncells = row->len;
    p->number = row->number;
}

/* Doubles the chunks while nobody but this import writes. */
static void choose_limit(struct run *r)
{
    struct db_stats now;

    db_stats(r->j->st->db, &now);
    r->limit = now.urgent != r->urgent || r->limit == 0 ? CHUNK : r->limit * 2;
    if (r->limit > CHUNK_ALONE)
        r->limit = CHUNK_ALONE;
    r->urgent = now.urgent;
}

/* The next rows of the sheet; -1 with err filled when it cannot be read on. */
static int fill(struct run *r, struct chunk *k, uint32_t skip, struct buf *err)
{
    struct sheet_error e = {0};
    struct sheet_row row;
    struct berth_ctx c;
    const struct table *t;
    int rc = 0;

    arena_reset(k->a);
    memset(k->row, 0, k->n * sizeof(k->row[0]));
    k->n = 0;
    choose_limit(r);
    job_ctx(r->j, &c, r->j->conn, k->a);
    t = model_table(c.m, r->table);
    if (c.rc != BERTH_OK || t == NULL || !perm_may(c.who, t, DO_IMPORT)) {
        buf_puts(err, ctx_text(&c, "err.denied", NULL));
        return -1;
    }
    for (size_t i = 0; i < r->ncolumns; i++) /* the model may have grown since */
        if (r->column[i] != NULL)
            r->column[i] = model_field(t, r->column[i]->name);
    while (k->n < r->limit && (rc = sheet_next(r->sheet, &row, &e)) > 0) {
        struct prep *p = &k->row[k->n];

        if (row.number <= skip)
            continue;
        keep_cells(k, p, &row);
        prepare(r, &c, t, p);
        k->n++;
    }
    k->dup_gen = atomic_load(&r->j->st->dup_gen);
    db_read_begin(r->j->conn);
    find_known(&c, k);
    db_read_end(r->j->conn);
    for (size_t i = 0; i < k->n && c.rc == BERTH_OK; i++)
        finish_row(r, &c, t, &k->row[i]);
    if (c.rc != BERTH_OK) {
        buf_puts(err, ctx_text(&c, c.key, c.args));
        return -1;
    }
    if (rc < 0)
        sheet_error_text(&e, labels_find(r->j->st->labels, r->j->locale, sheet_error_key(e.code)), err);
    return rc < 0 ? -1 : 0;
}

/* ---- storing a chunk, on the writer ------------------------------------------------------------------- */
static int put_keys(struct berth_ctx *c, const struct chunk *k, const struct table *t)
{
    size_t n;
    struct pair *all = sorted_keys(k, &n);
    int64_t tbl = store_table_no(c->st, t);

    for (size_t i = 0; i < n && c->rc == BERTH_OK; i++) {
        struct db_stmt *s = db_prepare(c->conn, "INSERT INTO dup_key (hash, tbl, rec) VALUES (?, ?, ?)");
        int rc;

        db_bind_int(s, 1, all[i].hash);
        db_bind_int(s, 2, tbl);
        db_bind_int(s, 3, k->row[all[i].of].record);
        rc = db_step(s);
        db_reset(s);
        if (rc < 0)
            ctx_db(c, rc, "keep duplicate keys");
    }
    dup_moved(c);
    free(all);
    return c->rc;
}

static int put_outcome(struct berth_ctx *c, const struct run *r, const struct prep *p)
{
    struct db_stmt *s = db_prepare(c->conn, "INSERT INTO import_row (import_id, row, outcome, record_id, field, message, detail)"
                                            " VALUES (?, ?, ?, ?, ?, ?, ?)");
    int rc;

    db_bind_int(s, 1, r->import);
    db_bind_int(s, 2, p->number);
    db_bind_text(s, 3, outcome_names[p->outcome], -1);
    if (p->record != 0)
        db_bind_int(s, 4, p->record);
    db_bind_text(s, 5, p->field, -1);
    db_bind_text(s, 6, p->message, -1);
    db_bind_text(s, 7, p->detail, -1);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "keep what became of a row") : BERTH_OK;
}

struct add {
    struct run *r;
    struct prep *p;
};

static int add_one(struct berth_ctx *c, void *arg)
{
    struct add *x = arg;

    x->p->row->c = c;
    if (row_add(c, x->p->row, x->p->tokens) == BERTH_OK)
        x->p->record = row_id(x->p->row);
    return c->rc;
}

static int update_one(struct berth_ctx *c, void *arg)
{
    struct add *x = arg;
    struct berth_row *now = save_load(c, x->p->row->t, x->p->record);

    if (now == NULL)
        return c->rc;
    for (size_t i = 0; i < x->r->ncolumns; i++) {
        const struct field *f = x->r->column[i];

        if (f != NULL && i < x->p->ncells && x->p->cells[i].len > 0 && perm_field(c->who, f) == ACCESS_WRITE)
            now->v[f->at] = x->p->row->v[f->at]; /* an empty cell leaves what is there */
    }
    int64_t version = row_int(now, F_VERSION);

    c->allow_duplicates = true;
    if (row_save(c, now) == BERTH_OK && row_int(now, F_VERSION) == version)
        x->p->outcome = SAME;
    c->allow_duplicates = false;
    return c->rc;
}

static int store_row(struct berth_ctx *c, struct run *r, struct chunk *k, struct prep *p, bool risky)
{
    struct add x = {r, p};

    if (k->dup_gen != atomic_load(&c->st->dup_gen) && p->outcome == NEW && p->row->t->duplicates) {
        /* somebody saved records since this row was compared: once more, now that nobody can */
        const struct ctx_match *m = in_database(c, p->row->t, p->keys);

        if (m != NULL)
            tell_duplicate(r, c, p, m);
    }
    if (!r->dry && p->outcome == NEW && (risky ? save_step(c, add_one, &x) : add_one(c, &x)) != BERTH_OK) {
        if (c->rc == BERTH_BROKEN || c->rc == BERTH_FULL || !risky)
            return c->rc;
        tell_invalid(r, c, p);
    }
    if (!r->dry && p->outcome == UPDATED && save_step(c, update_one, &x) != BERTH_OK) {
        if (c->rc == BERTH_BROKEN || c->rc == BERTH_FULL)
            return c->rc;
        tell_invalid(r, c, p);
    }
    return put_outcome(c, r, p);
}

/* Whether saving a checked row can fail by itself: then each gets a step of its own. */
static bool can_fail(struct berth_ctx *c, const struct table *t)
{
    for (size_t i = 0; i < t->nindexes; i++)
        if (t->indexes[i].unique)
            return true;
    return hook_any(c, BERTH_BEFORE, BERTH_INSERT, t) || hook_any(c, BERTH_AFTER, BERTH_INSERT, t);
}

static int chunk_body(struct db_conn *w, void *arg)
{
    struct chunk *k = arg;
    struct run *r = k->run;
    struct berth_ctx *c = &k->ctx;
    const struct table *t;
    int64_t counts[OUTCOMES] = {0};
    bool risky;

    job_ctx(r->j, c, w, k->a);
    c->writing = true;
    c->quiet = true;
    c->op = "import";
    t = model_table(c->m, r->table);
    if (c->rc != BERTH_OK || t == NULL)
        return -1000;
    risky = can_fail(c, t);
    for (size_t i = 0; i < k->n && c->rc == BERTH_OK; i++) {
        store_row(c, r, k, &k->row[i], risky);
        counts[k->row[i].outcome]++;
    }
    if (c->rc == BERTH_OK && !r->dry && t->duplicates)
        put_keys(c, k, t);
    if (c->rc != BERTH_OK)
        return -1000;
    for (int i = 0; i < OUTCOMES; i++) {
        r->counts[i] += counts[i];
        json_object_set_new(r->j->result, outcome_names[i], json_integer(r->counts[i]));
    }
    r->j->done = k->done_before;
    json_object_set_new(r->j->result, "rows", json_integer(k->done_before));
    if (k->n > 0)
        json_object_set_new(r->j->result, "last_row", json_integer(k->row[k->n - 1].number));
    return job_write(r->j, w);
}

static void chunk_done(void *arg, int rc)
{
    struct chunk *k = arg;
    struct run *r = k->run;

    if (rc == 0)
        ctx_run_done(&k->ctx);
    /* dup_gen stays: imports run one at a time, and this one knows its own rows */
    pthread_mutex_lock(&r->lock);
    r->busy = false;
    r->rc = rc;
    pthread_cond_signal(&r->free_cond);
    pthread_mutex_unlock(&r->lock);
}

static int wait_free(struct run *r)
{
    int rc;

    pthread_mutex_lock(&r->lock);
    while (r->busy)
        pthread_cond_wait(&r->free_cond, &r->lock);
    rc = r->rc;
    pthread_mutex_unlock(&r->lock);
    return rc;
}

/* ---- the job --------------------------------------------------------------------------------------------- */
static bool read_map(struct run *r, const struct table *t, const json_t *map)
{
    const char *key;
    json_t *v;

    r->ncolumns = 1024;
    r->column = arena_alloc(r->j->a, r->ncolumns * sizeof(*r->column));
    json_object_foreach ((json_t *)map, key, v) {
        long at = strtol(key, NULL, 10);
        const struct field *f = json_is_string(v) ? model_field(t, json_string_value(v)) : NULL;

        if (at >= 0 && at < (long)r->ncolumns && f != NULL && f->at >= F_DECLARED &&
            !(f->flags & (BERTH_LOCKED | BERTH_SECRET)))
            r->column[at] = f;
    }
    return true;
}

static int clear_body(struct job *j, struct db_conn *w, void *arg)
{
    struct db_stmt *s = db_prepare(w, "DELETE FROM import_row WHERE import_id = ?");
    int rc;

    (void)j;
    db_bind_int(s, 1, *(int64_t *)arg);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? rc : 0;
}

static int open_sheet(struct run *r, const json_t *o, const char *path, struct buf *err)
{
    const char *sep = json_string_value(json_object_get(o, "separator"));
    struct sheet_options so = {.encoding = json_string_value(json_object_get(o, "encoding")),
                               .separator = sep == NULL ? '\0' : sep[0], .temp_dir = r->j->st->files_dir};
    struct sheet_error e = {0};

    if (sheet_open(path, &so, &r->sheet, &e) == 0 &&
        sheet_select(r->sheet, (size_t)json_integer_value(json_object_get(o, "sheet")), &e) == 0)
        return 0;
    sheet_error_text(&e, labels_find(r->j->st->labels, r->j->locale, sheet_error_key(e.code)), err);
    return -1;
}

static int run_chunks(struct run *r, struct chunk *k[2], uint32_t skip, struct buf *err)
{
    int at = 0, rc = 0;
    int64_t rows = json_integer_value(json_object_get(r->j->result, "rows"));

    for (int i = 0; i < OUTCOMES; i++)
        r->counts[i] = json_integer_value(json_object_get(r->j->result, outcome_names[i]));
    while (rc == 0 && !r->j->cancelled) {
        struct chunk *now = k[at];
        double progress;

        rc = fill(r, now, skip, err);
        if (wait_free(r) != 0) {
            buf_puts(err, "the rows could not be stored");
            return -1;
        }
        if (now->n == 0)
            break;
        rows += (int64_t)now->n;
        progress = sheet_progress(r->sheet);
        r->j->total = progress > 0.001 ? (int64_t)((double)rows / progress) : rows;
        now->done_before = rows;
        now->work = (struct db_work){.body = chunk_body, .done = chunk_done, .arg = now, .low = true};
        r->busy = true;
        while (db_submit(r->j->st->db, &now->work) != 0)
            usleep(20000); /* the queue is full of other people's work */
        at = 1 - at;
        job_look(r->j);
    }
    if (wait_free(r) != 0) {
        buf_puts(err, "the rows could not be stored");
        return -1;
    }
    r->j->total = rows;
    return rc;
}

int import_run(struct job *j, struct buf *err)
{
    struct run r = {.j = j, .import = json_integer_value(json_object_get(j->args, "import"))};
    const json_t *o = json_object_get(j->args, "options");
    const struct table *t;
    const char *name, *path, *dup = json_string_value(json_object_get(o, "duplicates"));
    struct berth_ctx c;
    struct chunk *k[2];
    uint32_t skip = (uint32_t)json_integer_value(json_object_get(o, "header_row"));
    int rc = -1;

    j->locale = json_string_value(json_object_get(j->args, "locale"));
    job_ctx(j, &c, j->conn, j->a);
    if (!import_file(&c, r.import, &t, &name, &path)) {
        buf_puts(err, ctx_text(&c, "err.not_found", NULL));
        return -1;
    }
    r.table = t->name;
    r.dry = json_is_true(json_object_get(o, "dry"));
    r.update = dup != NULL && strcmp(dup, "update") == 0;
    r.pool = json_integer_value(json_object_get(o, "pool_id"));
    read_map(&r, t, json_object_get(o, "map"));
    if (open_sheet(&r, o, path, err) < 0)
        return -1;
    if (j->done == 0 && job_step(j, clear_body, &r.import) < 0) {
        buf_puts(err, "the last run could not be cleared away");
        sheet_close(&r.sheet);
        return -1;
    }
    json_object_set_new(j->result, "dry", json_boolean(r.dry));
    if (json_object_get(j->result, "last_row") != NULL) /* cut off: go on behind the last chunk */
        skip = (uint32_t)json_integer_value(json_object_get(j->result, "last_row"));
    pthread_mutex_init(&r.lock, NULL);
    pthread_cond_init(&r.free_cond, NULL);
    for (int i = 0; i < 2; i++) {
        k[i] = mem_alloc(sizeof(*k[i]));
        k[i]->run = &r;
        k[i]->a = arena_new();
    }
    rc = run_chunks(&r, k, skip, err);
    for (int i = 0; i < 2; i++) {
        arena_free(&k[i]->a);
        free(k[i]);
    }
    pthread_cond_destroy(&r.free_cond);
    pthread_mutex_destroy(&r.lock);
    import_set_free(&r.seen);
    sheet_close(&r.sheet);
    return rc;
}
