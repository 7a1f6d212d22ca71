/* import.c - the run of an import: batches are read, checked and compared on the job's thread while the
 * writer stores the batch before. */
#include "record/import.h"

#include <stdlib.h>
#include <string.h>

#include "base/sort.h"
#include "record/dup_filter.h"
#include "record/import_map.h"
#include "record/import_run.h"
#include "text/valid.h"

/* So many rows are read and compared at a time; a batch is handed over when the writer has none and some are ready. */
enum { PART_ROWS = 2048, MERGE_KEYS = 1500000 };

/* ---- comparing with the database ------------------------------------------------------------------ */
static size_t keys_of(const struct batch *k, size_t from)
{
    size_t n = 0;

    for (size_t i = from; i < k->n; i++)
        n += k->row[i].nkeys;
    return n;
}

/* As far as the sheet tells how much of it was read: it reads ahead, so it may be more. */
static size_t keys_to_come(const struct run *r, const struct batch *k)
{
    double progress = sheet_progress(r->sheet);

    return progress > 0.001 ? (size_t)((double)(r->seen.n + keys_of(k, 0)) / progress * 1.5) : 0;
}

/* Looks all keys of a batch up in order of the hash, in which the index is walked once instead of
 * jumped about in.  Most rows are new, and this look is all that happens to them. */
static void find_known(struct berth_ctx *c, struct batch *k, size_t from)
{
    struct sort_pair *all; /* a key, and its row's place in the batch */
    size_t n = 0;

    all = mem_realloc(NULL, (keys_of(k, from) + 1) * sizeof(*all));
    for (size_t i = from; i < k->n; i++)
        for (size_t q = 0; q < k->row[i].nkeys; q++)
            all[n++] = (struct sort_pair){k->row[i].key[q], (int64_t)i};
    sort_pairs(all, n);
    db_read_begin(c->conn);
    for (size_t i = 0; i < n && c->rc == BERTH_OK; i++)
        if (dup_known(c, all[i].key))
            k->row[all[i].of].known = true;
    db_read_end(c->conn);
    free(all);
}

/* On one snapshot: each of its own would read its pages anew. */
static void decide(struct run *r, struct berth_ctx *c, struct batch *k, size_t from)
{
    db_read_begin(c->conn);
    for (size_t i = from; i < k->n && c->rc == BERTH_OK; i++)
        import_decide(r, c, k->t, &k->row[i]);
    db_read_end(c->conn);
}

/* ---- a batch --------------------------------------------------------------------------------------- */
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

/* A field that administrators added may be gone by now: without it other records would be found. */
static bool can_match(const struct run *r, struct berth_ctx *c, struct buf *err)
{
    for (size_t i = 0; i < r->nmatch; i++)
        if (r->match[i] == NULL) {
            buf_puts(err, ctx_text(c, "err.import_match", NULL));
            return false;
        }
    return true;
}

static bool may(struct run *r, struct berth_ctx *c, const struct table **t, struct buf *err)
{
    *t = model_table(c->m, r->table);
    if (c->rc != BERTH_OK || *t == NULL || !perm_may(c->who, *t, DO_IMPORT)) {
        buf_puts(err, ctx_text(c, "err.denied", NULL));
        return false;
    }
    if (r->t == *t)
        return true;
    wait_free(r); /* the writer has a batch that goes by the columns of the model before this one */
    for (size_t i = 0; i < r->ncolumns; i++)
        if (r->column[i] != NULL)
            r->column[i] = model_field(*t, r->column[i]->name);
    for (size_t i = 0; i < r->nmatch; i++)
        r->match[i] = model_field(*t, r->match[i]->name);
    r->t = *t;
    return can_match(r, c, err);
}

static bool writer_works(struct run *r)
{
    bool works;

    pthread_mutex_lock(&r->lock);
    works = r->busy;
    pthread_mutex_unlock(&r->lock);
    return works;
}

/* There are two batches, and what is known of a long file's rows takes twice as much as they do: the longer the file, the smaller they are. */
static bool has_room(const struct batch *k)
{
    size_t seen = k->run->seen.cap * (sizeof(*k->run->seen.hash) + sizeof(*k->run->seen.of));

    return k->n < BATCH_ROWS && arena_used(k->a) + seen / 4 < BATCH_BYTES;
}

/* Rows of blanks are none. */
static bool says_something(const struct sheet_row *row)
{
    for (uint32_t i = 0; i < row->len; i++) {
        const char *s = row->cells[i].text;
        size_t n = row->cells[i].len;

        text_trim(&s, &n);
        if (n > 0)
            return true;
    }
    return false;
}

/* The next rows of the sheet, as many as the writer leaves time for: a larger batch writes fewer pages.  While the filter of
 * known keys is being built rows are only read: looking for them in the index would cost more than all the rest.
 * -1 with err filled when it cannot be read on. */
static int fill(struct run *r, struct batch *k, uint32_t skip, struct buf *err)
{
    struct sheet_error e = {0};
    struct sheet_row row;
    struct berth_ctx c;
    const struct table *t;
    size_t decided = 0;
    bool waits;
    int rc = 0;

    arena_again(k->a);
    memset(k->row, 0, k->n * sizeof(k->row[0]));
    k->n = 0;
    job_ctx(r->j, &c, r->j->conn, k->a);
    if (!may(r, &c, &t, err))
        return -1;
    k->t = t;
    k->dup_gen = atomic_load(&r->j->st->dup_gen);
    do {
        size_t from = k->n, upto = from + PART_ROWS;

        while (k->n < upto && has_room(k) && (rc = sheet_next(r->sheet, &row, &e)) > 0)
            if (row.number > skip && import_set_get(&r->stored, row.number) == 0 && says_something(&row))
                import_prepare(r, &c, t, &k->row[k->n++], &row);
        waits = rc > 0 && has_room(k) && dup_filter_coming(r->j->st->filter, keys_of(k, decided), keys_to_come(r, k));
        if (waits)
            continue;
        find_known(&c, k, decided);
        decide(r, &c, k, decided);
        if (c.rc == BERTH_OK)
            decided = k->n;
    } while (rc > 0 && c.rc == BERTH_OK && has_room(k) && (waits || writer_works(r)));
    if (c.rc != BERTH_OK) {
        k->n = decided; /* what was not compared does not go in */
        buf_puts(err, ctx_text(&c, c.key, c.args));
        return -1;
    }
    if (rc < 0)
        sheet_error_text(&e, labels_find(r->j->st->labels, r->j->locale, sheet_error_key(e.code)), err);
    return rc < 0 ? -1 : 0;
}

/* ---- what the job is told ---------------------------------------------------------------------------- */
static void read_map(struct run *r, const struct table *t, const json_t *map)
{
    const char *key;
    json_t *v;

    r->ncolumns = COLUMNS_MAX;
    r->column = arena_alloc(r->j->a, r->ncolumns * sizeof(*r->column));
    json_object_foreach ((json_t *)map, key, v) {
        long at = strtol(key, NULL, 10);
        const struct field *f = json_is_string(v) ? model_field(t, json_string_value(v)) : NULL;

        if (at >= 0 && at < (long)r->ncolumns && f != NULL && !(f->flags & BERTH_SECRET))
            r->column[at] = f;
    }
}

static void read_options(struct run *r, const struct table *t, const json_t *o)
{
    const char *mode = json_string_value(json_object_get(o, "mode"));
    const char *dup = json_string_value(json_object_get(o, "duplicates")); /* as it was called before */
    size_t i;
    json_t *v;

    r->dry = json_is_true(json_object_get(o, "dry"));
    r->totals = json_is_true(json_object_get(o, "totals"));
    r->mode = mode != NULL && strcmp(mode, "update") == 0 ? MODE_UPDATE
              : (mode != NULL && strcmp(mode, "both") == 0) || (dup != NULL && strcmp(dup, "update") == 0) ? MODE_BOTH
                                                                                                       : MODE_CREATE;
    r->pool = json_integer_value(json_object_get(o, "pool_id"));
    r->values = json_object_get(o, "values");
    json_array_foreach (json_object_get(o, "match"), i, v)
        if (json_is_string(v) && r->nmatch < MATCH_MAX)
            r->match[r->nmatch++] = model_field(t, json_string_value(v));
    read_map(r, t, json_object_get(o, "map"));
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

/* ---- beginning, and going on after a crash -------------------------------------------------------------- */
static int run_sql(struct db_conn *w, const char *sql, int64_t a)
{
    struct db_stmt *s = db_prepare(w, sql);
    int rc;

    db_bind_int(s, 1, a);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? rc : 0;
}

/* What a dry run, or an earlier run that did nothing, left. */
static int clear_body(struct job *j, struct db_conn *w, void *arg)
{
    int64_t import = *(int64_t *)arg;

    (void)j;
    return run_sql(w, "DELETE FROM import_row WHERE import_id = ?", import) < 0 ||
                   run_sql(w, "DELETE FROM import_part WHERE import_id = ?", import) < 0 ||
                   run_sql(w, "DELETE FROM import_touch WHERE import_id = ?", import) < 0
               ? -1
               : 0;
}

static void stored_parts(struct run *r, struct db_conn *conn, uint32_t behind)
{
    struct db_stmt *s = db_prepare(conn, "SELECT numbers FROM import_part WHERE import_id = ? AND batch > ?");
    uint32_t row;

    db_bind_int(s, 1, r->import);
    db_bind_int(s, 2, behind);
    while (db_step(s) == DB_ROW)
        for (const char *at = db_col_text(s, 0, NULL); (row = import_next_row(&at)) != 0;)
            import_set_put(&r->stored, row, 1);
    db_reset(s);
}

/* Which records rows of this file made or changed; one by one, for a later row may be of the same. */
static void load_taken(struct run *r, struct db_conn *conn)
{
    struct db_stmt *s = db_prepare(conn, "SELECT record_id, row FROM import_row WHERE import_id = ? AND outcome IN ('updated', 'same')");
    uint32_t row;

    db_bind_int(s, 1, r->import);
    while (db_step(s) == DB_ROW)
        import_set_put(&r->taken, db_col_int(s, 0), (uint32_t)db_col_int(s, 1));
    db_reset(s);
    s = db_prepare(conn, "SELECT first_id, numbers FROM import_part WHERE import_id = ? AND first_id > 0");
    db_bind_int(s, 1, r->import);
    while (db_step(s) == DB_ROW) {
        int64_t id = db_col_int(s, 0);

        for (const char *at = db_col_text(s, 1, NULL); (row = import_next_row(&at)) != 0; id++)
            import_set_put(&r->taken, id, row);
    }
    db_reset(s);
}

/* The rows behind the last whole batch that have an outcome already. */
static void load_stored(struct run *r, struct db_conn *conn, uint32_t behind)
{
    struct db_stmt *s = db_prepare(conn, "SELECT row FROM import_row WHERE import_id = ? AND row > ?");

    db_bind_int(s, 1, r->import);
    db_bind_int(s, 2, behind);
    while (db_step(s) == DB_ROW)
        import_set_put(&r->stored, db_col_int(s, 0), 1);
    db_reset(s);
    stored_parts(r, conn, behind);
}

/* ---- remembering how -------------------------------------------------------------------------------------- */
struct keeping {
    struct run *r;
    const json_t *o;
    json_t *what;
    const char *headers;
};

static int keep_body(struct job *j, struct db_conn *w, void *arg)
{
    struct keeping *k = arg;
    const json_t *as = json_object_get(k->o, "save_as");
    const char *name = json_string_value(json_object_get(as, "name"));
    struct arena *a = arena_new();
    struct berth_ctx c;

    job_ctx(j, &c, w, a);
    if (c.rc == BERTH_OK && !k->r->dry)
        import_map_keep(&c, k->r->table, k->headers, NULL, false, k->what);
    if (c.rc == BERTH_OK && name != NULL && *name != '\0')
        import_map_keep(&c, k->r->table, k->headers, name, json_is_true(json_object_get(as, "shared")), k->what);
    arena_free(&a);
    return c.rc == BERTH_OK ? 0 : -1;
}

/* By what the columns are called: the next file of that kind may have them elsewhere. */
static int keep_mapping(struct run *r, struct berth_ctx *c, const json_t *o)
{
    uint32_t header = (uint32_t)json_integer_value(json_object_get(o, "header_row"));
    struct keeping k = {r, o, json_object(), NULL};
    json_t *columns = json_object();
    struct sheet_error e = {0};
    struct sheet_row *rows;
    const char **heads = arena_alloc(c->a, (COLUMNS_MAX + 1) * sizeof(*heads));
    uint32_t width = 0;
    int n = sheet_peek(r->sheet, c->a, 30, &rows, &e), rc = 0;

    for (int i = 0; i < n; i++)
        width = rows[i].len > width ? rows[i].len : width;
    width = width < COLUMNS_MAX ? width : COLUMNS_MAX;
    for (int i = 0; i < n && header != 0; i++)
        for (uint32_t q = 0; rows[i].number == header && q < width; q++) {
            heads[q] = sheet_header_text(rows, i, q);
            if (r->column[q] != NULL)
                json_object_set_new(columns, import_map_column(c, heads, q), json_string(r->column[q]->name));
        }
    json_object_set(k.what, "columns", columns);
    for (const char *const *kept = import_map_options; *kept != NULL; kept++)
        if (json_object_get(o, *kept) != NULL)
            json_object_set(k.what, *kept, json_object_get(o, *kept));
    if (json_object_size(columns) > 0) {
        for (uint32_t q = 0; q < width; q++)
            heads[q] = heads[q] == NULL ? "" : heads[q];
        k.headers = import_map_headers(c, heads, width);
        rc = job_step(r->j, keep_body, &k);
    }
    json_decref(columns);
    json_decref(k.what);
    return rc;
}

/* ---- keys that wait ---------------------------------------------------------------------------------------- */
static int merge_keys(struct run *r, struct buf *err)
{
    if (dup_stage_merge(r->j->st, NULL) == 0)
        return 0;
    buf_puts(err, "the duplicate keys could not be stored");
    return -1;
}

static int begin(struct run *r, struct berth_ctx *c, const struct table *t, uint32_t *skip, struct buf *err)
{
    json_t *result = r->j->result;
    bool again = !r->dry && json_object_get(result, "rows") != NULL;

    if (dup_stage_count(r->j->st) > 0 && dup_stage_table(r->j->st) != store_table_no(r->j->st, t) && merge_keys(r, err) < 0)
        return -1;
    if (!again && job_step(r->j, clear_body, &r->import) < 0) {
        buf_puts(err, "the last run could not be cleared away");
        return -1;
    }
    if (!again) /* a dry run stored nothing that tells of the rows before: from the beginning */
        json_object_clear(result);
    json_object_set_new(result, "dry", json_boolean(r->dry));
    if (json_object_get(result, "last_row") != NULL)
        *skip = (uint32_t)json_integer_value(json_object_get(result, "last_row"));
    import_touch_open(r, c->conn);
    if (again)
        load_stored(r, c->conn, *skip);
    if (again)
        load_taken(r, c->conn);
    for (int i = 0; i < OUTCOMES; i++)
        r->counts[i] = json_integer_value(json_object_get(result, import_buckets[i]));
    r->done = json_integer_value(json_object_get(result, "rows"));
    r->left_out = json_integer_value(json_object_get(result, "totals"));
    r->elsewhere = json_incref(json_object_get(result, "elsewhere_by"));
    if (r->elsewhere == NULL)
        r->elsewhere = json_object();
    import_put_counts(r); /* a file without rows has some, too */
    if (import_match_open(r, c, t) < 0) {
        buf_puts(err, "the records could not be read");
        return -1;
    }
    return 0;
}

static int run_batches(struct run *r, struct batch *k[2], uint32_t skip, struct buf *err)
{
    int64_t rows = r->done;
    int at = 0, rc = 0;

    while (rc == 0 && !r->j->cancelled) {
        struct batch *now = k[at];
        double progress;

        rc = fill(r, now, skip, err);
        import_put_sort(now);
        if (wait_free(r) != 0) {
            buf_puts(err, "the rows could not be stored");
            return -1;
        }
        if (now->n == 0)
            break;
        if (dup_stage_count(r->j->st) > MERGE_KEYS && merge_keys(r, err) < 0)
            return -1;
        rows += (int64_t)now->n;
        progress = sheet_progress(r->sheet);
        r->j->total = progress > 0.001 ? (int64_t)((double)rows / progress) : rows;
        if (progress > 0.02 && progress <= 1) /* doubled as it goes, it would take twice what it needs */
            import_set_reserve(&r->seen, (size_t)((double)r->seen.n / progress * 1.03));
        import_put_begin(now);
        at = 1 - at;
        job_look(r->j);
    }
    if (wait_free(r) != 0) {
        buf_puts(err, "the rows could not be stored");
        return -1;
    }
    r->j->total = r->done;
    return rc;
}

static int all_batches(struct run *r, uint32_t skip, struct buf *err)
{
    struct batch *k[2];
    int rc;

    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->free_cond, NULL);
    for (int i = 0; i < 2; i++) {
        k[i] = mem_alloc(sizeof(*k[i]));
        k[i]->run = r;
        k[i]->a = arena_new();
        k[i]->slice = arena_new();
    }
    rc = run_batches(r, k, skip, err);
    for (int i = 0; i < 2; i++) {
        arena_free(&k[i]->a);
        arena_free(&k[i]->slice);
        free(k[i]);
    }
    pthread_cond_destroy(&r->free_cond);
    pthread_mutex_destroy(&r->lock);
    return rc;
}

int import_run(struct job *j, struct buf *err)
{
    struct run r = {.j = j, .import = json_integer_value(json_object_get(j->args, "import"))};
    const json_t *o = json_object_get(j->args, "options");
    const struct table *t;
    const char *name, *path;
    struct berth_ctx c;
    uint32_t skip = (uint32_t)json_integer_value(json_object_get(o, "header_row"));
    int rc = -1;

    j->locale = json_string_value(json_object_get(j->args, "locale"));
    job_ctx(j, &c, j->conn, j->a);
    if (!import_file(&c, r.import, &t, &name, &path)) {
        buf_puts(err, ctx_text(&c, "err.not_found", NULL));
        return -1;
    }
    r.table = t->name;
    read_options(&r, t, o);
    if (!can_match(&r, &c, err))
        return -1;
    if (open_sheet(&r, o, path, err) < 0)
        return -1;
    r.memo = import_memo_new();
    r.scratch = arena_new();
    import_total_open(&r, &c);
    keep_mapping(&r, &c, o); /* failing that, the next file is mapped by hand */
    if (begin(&r, &c, t, &skip, err) == 0) {
        import_again_open(&r, &c, path, json_integer_value(json_object_get(o, "sheet")));
        rc = all_batches(&r, skip, err);
    }
    json_object_set_new(j->result, "values", import_memo_json(r.memo, &c, t));
    json_decref(r.elsewhere);
    import_memo_free(&r.memo);
    arena_free(&r.scratch);
    import_set_free(&r.seen);
    import_set_free(&r.stored);
    import_set_free(&r.taken);
    import_set_free(&r.fresh);
    import_set_free(&r.before);
    import_set_free(&r.unique);
    import_set_free(&r.matched);
    map_free(&r.total_words);
    sheet_close(&r.sheet);
    return rc;
}
