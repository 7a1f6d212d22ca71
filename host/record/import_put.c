/* import_put.c - a batch of rows on the writer, in slices that end as soon as somebody else waits. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sort.h"
#include "base/when.h"
#include "record/custom.h"
#include "record/find.h"
#include "record/hook.h"
#include "record/import_run.h"
#include "record/save.h"
#include "record/search.h"

/* How long a slice works when nobody waits, and at least when somebody does. */
enum { SLICE_MS = 60, SLICE_MIN_MS = 4, LOOK_ROWS = 64, SORT_FROM = 4000 };

/* ---- the order of things ------------------------------------------------------------------------- */
struct named { /* a row by the value of the index that is to be filled in order */
    const char *s;
    uint32_t len, at;
};

/* Its first bytes, as a number that is sorted as they are: most rows differ in them. */
static int64_t beginning(const struct named *x)
{
    uint64_t b = 0;

    for (uint32_t i = 0; i < sizeof(b); i++)
        b = b << 8 | (i < x->len ? (unsigned char)x->s[i] : 0);
    return (int64_t)(b ^ UINT64_C(1) << 63);
}

static int by_name(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int d = memcmp(x->s, y->s, x->len < y->len ? x->len : y->len);

    return d != 0 ? d : x->len != y->len ? (x->len > y->len) - (x->len < y->len) : (x->at > y->at) - (x->at < y->at);
}

/* By their first bytes, which is soon done, and then those that begin alike. */
static void sort_named(struct named *list, size_t n)
{
    struct sort_pair *begins = mem_alloc((n + 1) * sizeof(*begins));
    struct named *sorted = mem_alloc((n + 1) * sizeof(*sorted));

    for (size_t i = 0; i < n; i++)
        begins[i] = (struct sort_pair){beginning(&list[i]), (int64_t)i};
    sort_pairs(begins, n);
    for (size_t i = 0; i < n; i++)
        sorted[i] = list[begins[i].of];
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && begins[to].key == begins[from].key;)
            to++;
        if (to > from + 1)
            qsort(sorted + from, to - from, sizeof(*sorted), by_name);
    }
    memcpy(list, sorted, n * sizeof(*list));
    free(sorted);
    free(begins);
}

/* The first text that is indexed; NULL where numbers are to follow the file's order. */
static const struct field *sorted_by(const struct table *t)
{
    for (size_t i = 0; i < t->nindexes && t->number == NULL; i++)
        if (field_is_text(t->indexes[i].on[0]))
            return t->indexes[i].on[0];
    return NULL;
}

/* New rows first, then the others as they stand in the file. */
void import_put_sort(struct batch *k)
{
    const struct field *f = k->n < SORT_FROM || k->run->dry ? NULL : sorted_by(k->t);
    struct named *list;
    size_t n = 0;

    k->nnew = 0;
    for (uint32_t i = 0; i < k->n; i++)
        if (k->row[i].outcome == OUT_NEW)
            k->order[k->nnew++] = i;
    n = k->nnew;
    for (uint32_t i = 0; i < k->n; i++)
        if (k->row[i].outcome != OUT_NEW)
            k->order[n++] = i;
    if (f == NULL)
        return;
    list = mem_alloc((k->nnew + 1) * sizeof(*list));
    for (size_t i = 0; i < k->nnew; i++) {
        struct berth_val v = import_order_of(&k->row[k->order[i]], f);

        list[i] = (struct named){val_is_nil(v) ? "" : v.s, val_is_nil(v) ? 0 : (uint32_t)v.len, k->order[i]};
    }
    sort_named(list, k->nnew);
    for (size_t i = 0; i < k->nnew; i++)
        k->order[i] = list[i].at;
    free(list);
}

/* ---- slices --------------------------------------------------------------------------------------- */
bool import_slice_over(struct store *st, int64_t began)
{
    int64_t took = when_monotonic() - began;

    return took >= SLICE_MS || (took >= SLICE_MIN_MS && db_wanted(st->db));
}

/* ---- rows ------------------------------------------------------------------------------------------ */
static int put_outcome(struct berth_ctx *c, const struct run *r, const struct prep *p)
{
    struct db_stmt *s = db_prepare(c->conn, "INSERT INTO import_row (import_id, row, outcome, record_id, key, field, message,"
                                            " detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    int rc;

    db_bind_int(s, 1, r->import);
    db_bind_int(s, 2, p->number);
    db_bind_text(s, 3, import_buckets[p->outcome], -1);
    if (p->record != 0)
        db_bind_int(s, 4, p->record);
    db_bind_text(s, 5, p->table, -1);
    db_bind_text(s, 6, p->field, -1);
    db_bind_text(s, 7, p->message, -1);
    db_bind_text(s, 8, p->detail, -1);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "keep what became of a row") : BERTH_OK;
}

struct one {
    struct run *r;
    struct prep *p;
    bool noted;
};

static int add_one(struct berth_ctx *c, void *arg)
{
    struct one *x = arg;
    struct berth_row *row = x->p->row;

    x->r->own = row;
    if (row_add(c, row, x->noted) == BERTH_OK)
        x->p->record = row_id(row);
    return c->rc;
}

static int update_one(struct berth_ctx *c, void *arg)
{
    struct one *x = arg;
    struct prep *p = x->p;
    struct berth_row *now = save_load(c, p->row->t, p->record);
    const struct berth_row *before = now == NULL ? NULL : now->old;
    struct ctx_match m = {.table = p->row->t};
    json_t *was;

    if (now == NULL)
        return c->rc;
    import_set_cells(x->r, c, p, now);
    if (import_clashes(x->r, c, p, now))
        return c->rc;
    x->r->own = now;
    c->allow_duplicates = true;
    row_save(c, now);
    c->allow_duplicates = false;
    if (c->rc != BERTH_OK)
        return c->rc;
    m.title = row_title(now);
    p->table = p->row->t->name;
    if (row_int(now, F_VERSION) == row_int(before, F_VERSION))
        p->outcome = OUT_SAME;
    was = p->outcome == OUT_SAME ? NULL : import_was(before, now);
    import_detail(x->r, c, p, &m, was);
    json_decref(was);
    return c->rc;
}

/* Somebody saved records since the batch was compared: once more, now that nobody can. */
static void compare_again(struct berth_ctx *c, struct run *r, struct batch *k, struct prep *p)
{
    struct dup_keys keys;
    const struct ctx_match *alike;
    struct ctx_match *m;
    bool known = false;

    if (k->dup_gen == atomic_load(&c->st->dup_gen) || p->outcome != OUT_NEW || p->nkeys == 0)
        return;
    for (size_t i = 0; i < p->nkeys && !known; i++)
        known = dup_known(c, p->key[i]);
    if (!known)
        return;
    if (p->row == NULL)
        import_unpack(c, k->t, p);
    dup_keys_of(p->row, &keys);
    m = dup_find(c, k->t, &keys, 0, DUP_IMPORT);
    alike = import_alike(&m);
    if (m != NULL)
        import_tell_match(r, c, p, m);
    else if (alike != NULL)
        import_tell_alike(r, c, p, alike);
}

static bool serious(const struct berth_ctx *c)
{
    return c->rc == BERTH_BROKEN || c->rc == BERTH_FULL;
}

/* Whose it is to be may be out of the user's reach. */
static bool gives(const struct berth_ctx *c, const struct berth_row *row)
{
    int64_t owner = row == NULL ? 0 : row_int(row, row->t->at_owner);

    return c->who != NULL && owner != 0 && owner != c->who->id;
}

/* Whose doing it is what hooks and the like save from here on. */
static void comes_from(struct run *r, const struct prep *p, struct berth_row *own)
{
    r->own = own;
    r->own_row = p->number;
    r->own_new = p->outcome == OUT_NEW;
}

/* New rows that nothing refuses by itself are written together. */
struct together {
    struct prep *p[LOOK_ROWS];
    size_t n;
};

static int store_together(struct berth_ctx *c, struct run *r, const struct batch *k, struct together *g)
{
    struct berth_row *rows[LOOK_ROWS];

    for (size_t i = 0; i < g->n; i++)
        rows[i] = g->p[i]->row;
    if (g->n > 0 && row_add_all(c, rows, g->n) != BERTH_OK)
        return c->rc;
    for (size_t i = 0; i < g->n; i++) {
        struct prep *p = g->p[i];

        comes_from(r, p, p->row);
        if (row_add_end(c, p->row, !k->hooked) != BERTH_OK)
            return c->rc;
        p->record = row_id(p->row);
        if (p->message != NULL && put_outcome(c, r, p) != BERTH_OK)
            return c->rc;
    }
    g->n = 0;
    return c->rc;
}

static int store_row(struct berth_ctx *c, struct run *r, struct batch *k, struct prep *p, bool risky, struct together *g)
{
    struct one x = {r, p, !k->hooked};

    if (!r->dry && (p->outcome == OUT_NEW || p->outcome == OUT_UPDATED)) {
        import_unpack(c, k->t, p);
        p->row->v[F_ID] = berth_nil(); /* records are found by it, it is not written */
    }
    compare_again(c, r, k, p);
    comes_from(r, p, NULL);
    risky = risky || gives(c, p->row);
    if (!r->dry && !risky && p->outcome == OUT_NEW) {
        if (row_add_begin(c, p->row) == BERTH_OK) {
            g->p[g->n++] = p;
            return g->n < LOOK_ROWS ? (int)c->rc : store_together(c, r, k, g);
        }
        if (serious(c)) /* nothing of the row is written yet */
            return c->rc;
        import_tell_problem(r, c, p);
        return put_outcome(c, r, p);
    }
    if (store_together(c, r, k, g) != BERTH_OK)
        return c->rc;
    comes_from(r, p, NULL);
    if (!r->dry && p->outcome == OUT_NEW && (risky ? save_step(c, add_one, &x) : add_one(c, &x)) != BERTH_OK) {
        if (serious(c) || !risky)
            return c->rc;
        import_tell_problem(r, c, p);
        p->row->v[F_ID] = berth_nil();
    }
    if (!r->dry && p->outcome == OUT_UPDATED && save_step(c, update_one, &x) != BERTH_OK) {
        if (serious(c))
            return c->rc;
        import_tell_problem(r, c, p);
    }
    return p->outcome == OUT_NEW && p->message == NULL ? c->rc : put_outcome(c, r, p);
}

static bool hooked(struct berth_ctx *c, const struct table *t)
{
    return hook_any(c, BERTH_BEFORE, BERTH_INSERT, t) || hook_any(c, BERTH_AFTER, BERTH_INSERT, t);
}

/* Whether saving a checked row can fail by itself: then each gets a step of its own. */
static bool can_fail(const struct batch *k, const struct table *t)
{
    return k->hooked || custom_checks(t) || import_once_only(t);
}

/* What is made of the records later. */
static int put_search_and_keys(struct berth_ctx *c, struct batch *k, int64_t first_id, int64_t last_id, const struct buf *keys)
{
    int rc = 0;

    if (!k->hooked && search_put_range(c, k->t, first_id, last_id) != BERTH_OK)
        return c->rc;
    if (dup_any(c, k->t))
        rc = dup_stage_keep(c->conn, store_table_no(c->st, k->t), first_id, keys);
    return rc < 0 ? ctx_db(c, rc, "keep duplicate keys") : BERTH_OK;
}

uint32_t import_next_row(const char **list)
{
    char *end;
    uint32_t row;

    if (*list == NULL || **list == '\0' || **list == ']')
        return 0;
    row = (uint32_t)strtoul(*list + 1, &end, 10);
    *list = end;
    return row;
}

/* Which rows of the sheet became which records: a line for new rows whose ids follow each other. */
static int put_part(struct berth_ctx *c, struct batch *k, int64_t first_id, int64_t last_id, const struct buf *numbers,
                    const struct buf *keys)
{
    if (!k->run->dry && put_search_and_keys(c, k, first_id, last_id, keys) != BERTH_OK)
        return c->rc;
    struct db_stmt *s = db_prepare(c->conn, "INSERT INTO import_part (import_id, batch, first_id, numbers) VALUES (?, ?, ?, ?)");
    int rc;

    db_bind_int(s, 1, k->run->import);
    db_bind_int(s, 2, k->row[0].number);
    db_bind_int(s, 3, first_id);
    db_bind_text(s, 4, numbers->s, (int64_t)numbers->len);
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "keep which rows are new") : BERTH_OK;
}

/* [2,3,7] for the rows stored from place `from` on. */
static int put_parts(struct berth_ctx *c, struct batch *k, size_t from)
{
    struct buf numbers = BUF_INIT, keys = BUF_INIT;
    int64_t first = 0, next = -1;

    for (size_t i = from; i < k->row_at && i < k->nnew && c->rc == BERTH_OK; i++) {
        const struct prep *p = &k->row[k->order[i]];

        if (p->outcome != OUT_NEW)
            continue;
        if (numbers.len > 0 && p->record != next) {
            buf_putc(&numbers, ']');
            put_part(c, k, first, next - 1, &numbers, &keys);
            buf_clear(&numbers);
            buf_clear(&keys);
        }
        if (numbers.len == 0)
            first = p->record;
        buf_addf(&numbers, "%c%u", numbers.len == 0 ? '[' : ',', p->number);
        dup_stage_text(&keys, p->key, p->nkeys);
        next = k->run->dry ? 0 : p->record + 1;
    }
    if (numbers.len > 0) {
        buf_putc(&numbers, ']');
        put_part(c, k, first, next - 1, &numbers, &keys);
    }
    buf_free(&numbers);
    buf_free(&keys);
    return c->rc;
}

static void count_elsewhere(struct run *r, const struct prep *p)
{
    json_int_t n = json_integer_value(json_object_get(r->elsewhere, p->table));

    json_object_set_new(r->elsewhere, p->table, json_integer(n + 1));
}

static int put_rows(struct berth_ctx *c, struct batch *k, const struct table *t, int64_t began)
{
    struct run *r = k->run;
    bool risky = can_fail(k, t);
    size_t from = k->row_at;
    struct together together = {.n = 0};

    for (size_t n = 1; k->row_at < k->n; n++) {
        struct prep *p = &k->row[k->order[k->row_at]];

        if (store_row(c, r, k, p, risky, &together) != BERTH_OK)
            return c->rc;
        k->row_at++;
        r->counts[p->outcome]++;
        r->done++;
        r->left_out += p->total;
        if (p->outcome == OUT_ELSEWHERE)
            count_elsewhere(r, p);
        if ((k->hooked || n % LOOK_ROWS == 0) && import_slice_over(k->run->j->st, began)) /* a hook takes what it takes */
            break;
    }
    return store_together(c, r, k, &together) == BERTH_OK ? put_parts(c, k, from) : (int)c->rc;
}

void import_put_counts(struct run *r)
{
    for (int i = 0; i < OUTCOMES; i++)
        json_object_set_new(r->j->result, import_buckets[i], json_integer(r->counts[i]));
    json_object_set_new(r->j->result, "rows", json_integer(r->done));
    json_object_set_new(r->j->result, "totals", json_integer(r->left_out));
    json_object_set(r->j->result, "elsewhere_by", r->elsewhere);
    r->j->done = r->done;
}

static int progress(struct batch *k, struct db_conn *w)
{
    struct run *r = k->run;

    import_put_counts(r);
    if (k->row_at == k->n) /* all rows up to here have an outcome */
        json_object_set_new(r->j->result, "last_row", json_integer(k->row[k->n - 1].number));
    return job_write(r->j, w);
}

static int slice_body(struct db_conn *w, void *arg)
{
    struct batch *k = arg;
    struct berth_ctx *c = &k->ctx;
    const struct table *t;
    int64_t began = when_monotonic();

    k->mark = job_mark(k->run->j);
    job_ctx(k->run->j, c, w, k->slice);
    c->writing = c->quiet = true;
    c->op = "import";
    c->follow = import_touch;
    c->follow_arg = k->run;
    t = model_table(c->m, k->run->table);
    if (c->rc != BERTH_OK || t == NULL)
        return -1000;
    k->slice_from = k->row_at;
    k->hooked = hooked(c, t);
    put_rows(c, k, t, began);
    return c->rc != BERTH_OK ? -1000 : progress(k, w);
}

static void finish(struct batch *k, int rc)
{
    struct run *r = k->run;

    pthread_mutex_lock(&r->lock);
    r->busy = false;
    r->rc = rc;
    pthread_cond_signal(&r->free_cond);
    pthread_mutex_unlock(&r->lock);
}

/* From now on nobody else makes the same again. */
static void stage_keys(struct batch *k)
{
    struct store *st = k->run->j->st;
    struct dup_staged *list;
    size_t n = 0;

    for (size_t i = k->slice_from; i < k->row_at; i++)
        n += k->row[k->order[i]].nkeys;
    list = arena_alloc(k->slice, (n + 1) * sizeof(*list));
    n = 0;
    for (size_t i = k->slice_from; i < k->row_at; i++) {
        const struct prep *p = &k->row[k->order[i]];

        for (size_t q = 0; p->outcome == OUT_NEW && q < p->nkeys; q++)
            list[n++] = (struct dup_staged){p->key[q], p->record};
    }
    if (n > 0)
        dup_stage_add(st, store_table_no(st, k->t), list, n);
}

static void slice_done(void *arg, int rc)
{
    struct batch *k = arg;

    job_settle(k->run->j, &k->mark, rc == 0);
    if (rc == 0) {
        if (!k->run->dry)
            stage_keys(k);
        ctx_run_done(&k->ctx);
    }
    /* dup_gen stays: imports run one at a time, and this one knows its own rows */
    arena_again(k->slice);
    if (rc != 0 || k->row_at == k->n)
        finish(k, rc);
    else if (db_submit(k->run->j->st->db, &k->work) != 0)
        finish(k, DB_BUSY);
}

void import_put_begin(struct batch *k)
{
    k->row_at = 0;
    k->run->busy = true;
    k->work = (struct db_work){.body = slice_body, .done = slice_done, .arg = k, .low = true};
    while (db_submit(k->run->j->st->db, &k->work) != 0)
        usleep(20000); /* the queue is full of other people's work */
}
