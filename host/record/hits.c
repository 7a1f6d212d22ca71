/* hits.c - the search box over all tables: looks up a few candidates in three ways, ranks them here. */
#include "record/hits.h"

#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "record/scan.h"
#include "text/fold.h"
#include "text/valid.h"

enum rank { RANK_WHOLE, RANK_BEGINS, RANK_WORD, RANK_ELSEWHERE, RANK_APART };
enum { CANDIDATES = 16, NEWEST = 32, LATE = 300, /* with more a search does not wait for the index, either */
       SNIPPET = 120, BEFORE = 30 };

struct hit {
    int64_t id, updated;
    enum rank rank;
    bool own;
    const char *title, *sub;
    const struct field *by; /* the field that says it best; NULL: several, each a part */
    const char *text;       /* what stands in it */
    struct text_mark title_mark[TEXT_MARKS_MAX], mark[TEXT_MARKS_MAX];
    size_t title_marks, marks;
};

struct hunt { /* in one table */
    struct berth_ctx *c;
    const struct table *t;
    const char *typed, *folded;
    const struct text_query *q;
    const struct text_query *together; /* what was typed without gaps; NULL: it can have none */
    const char *start;            /* what was typed as a title begins, or NULL */
    size_t start_len;
    const struct field **f;       /* searched and readable; the title first */
    int nf;
    struct hit hit[4 * CANDIDATES];
    size_t n;
};

/* ---- ranking --------------------------------------------------------------------------- */
static bool is_key(const struct hunt *h, const struct field *f)
{
    return f == h->t->title || f == h->t->number || f->type == BERTH_PHONE || f->type == BERTH_EMAIL ||
           (f->flags & (BERTH_UNIQUE | BERTH_DUPLICATE)) != 0;
}

/* A title without its legal form: is it what was typed, does it begin with it? */
static bool begins(const struct hunt *h, const char *s, size_t len, bool *whole)
{
    char start[TEXT_TITLE_START];
    size_t n = text_title_start(start, s, len);

    *whole = n == h->start_len && n > 0 && n < TEXT_TITLE_START - 8 && memcmp(start, h->start, n) == 0;
    return h->start_len > 0 && n >= h->start_len && memcmp(start, h->start, h->start_len) == 0;
}

/* Do the marks leave out nothing but blanks and punctuation? */
static bool covers(const char *s, size_t len, const struct text_mark *m, size_t n)
{
    size_t at = 0;

    for (size_t i = 0; i <= n; i++) {
        size_t to = i < n ? m[i].from : len;

        for (; at < to; at++)
            if ((uint8_t)s[at] >= 0x80 || strchr(" +-()./", s[at]) == NULL)
                return false;
        if (i < n)
            at = m[i].to;
    }
    return n > 0;
}

static bool is_typed(const struct hunt *h, const char *s, size_t len)
{
    struct buf folded = BUF_INIT;
    bool same;

    text_fold(&folded, s, len);
    same = strcmp(buf_str(&folded), h->folded) == 0;
    buf_free(&folded);
    return same;
}

static void look_at(const struct hunt *h, struct hit *hit, const struct field *f, struct berth_val v)
{
    struct text_mark mark[TEXT_MARKS_MAX];
    uint32_t met = 0;
    bool starts, whole = false, title = f == h->t->title;
    size_t len = (size_t)v.len, n = text_query_mark(h->q, v.s, len, f->type == BERTH_LONG, mark, &starts);
    enum rank rank = RANK_ELSEWHERE;

    if (title) {
        memcpy(hit->title_mark, mark, n * sizeof(*mark));
        hit->title_marks = n;
    }
    text_query_meet(h->q, v.s, len, f->type == BERTH_LONG, &met);
    if (n == 0 || met != text_query_all(h->q))
        return;
    if (title && begins(h, v.s, len, &whole))
        rank = RANK_BEGINS;
    if (is_key(h, f) && (whole || covers(v.s, len, mark, n) || is_typed(h, v.s, len)))
        rank = RANK_WHOLE;
    else if (rank != RANK_BEGINS && starts)
        rank = title && mark[0].from == 0 ? RANK_BEGINS : RANK_WORD;
    if (hit->by != NULL && rank >= hit->rank)
        return;
    hit->rank = rank;
    hit->by = f;
    hit->text = v.s;
    memcpy(hit->mark, mark, n * sizeof(*mark));
    hit->marks = n;
}

/* No field has all that was typed: show one that has a part of it. */
static void look_for_part(const struct hunt *h, struct hit *hit, const struct field *f, struct berth_val v)
{
    bool starts;

    if (hit->text != NULL || f == h->t->title)
        return;
    hit->marks = text_query_mark(h->q, v.s, (size_t)v.len, f->type == BERTH_LONG, hit->mark, &starts);
    if (hit->marks > 0) {
        hit->by = f;
        hit->text = v.s;
    }
}

static void found(void *arg, struct db_stmt *s, int first)
{
    struct hunt *h = arg;
    int64_t id = db_col_int(s, first);
    struct hit *hit = &h->hit[h->n];
    struct berth_val v[64] = {0};
    uint32_t met = 0;

    for (size_t i = 0; i < h->n; i++)
        if (h->hit[i].id == id)
            return;
    if (h->n == sizeof(h->hit) / sizeof(h->hit[0]))
        return;
    *hit = (struct hit){.id = id, .updated = db_col_int(s, first + 1), .rank = RANK_ELSEWHERE};
    hit->own = h->t->at_owner >= 0 && h->c->who != NULL && db_col_int(s, first + 2) == h->c->who->id;
    for (int i = 0; i < h->nf; i++)
        v[i] = val_read(h->c, h->f[i], s, first + 3 + i);
    hit->title = val_is_nil(v[0]) ? "" : v[0].s;
    for (int i = 0; i < h->nf; i++)
        if (!val_is_nil(v[i]))
            look_at(h, hit, h->f[i], v[i]);
    for (int i = 1; i < h->nf && hit->by == NULL; i++)
        if (!val_is_nil(v[i]))
            look_for_part(h, hit, h->f[i], v[i]);
    for (int i = 0; i < h->nf && h->together != NULL; i++)
        if (!val_is_nil(v[i]))
            text_query_meet(h->together, v[i].s, (size_t)v[i].len, h->f[i]->type == BERTH_LONG, &met);
    if (h->together != NULL && met != text_query_all(h->together))
        hit->rank = RANK_APART;
    for (int i = 1; i < h->nf && hit->sub == NULL; i++)
        if (!val_is_nil(v[i]) && h->f[i]->type != BERTH_LONG)
            hit->sub = v[i].s;
    h->n++;
}

static int by_rank(const void *a, const void *b)
{
    const struct hit *x = a, *y = b;

    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    if (x->own != y->own)
        return x->own ? -1 : 1;
    if (x->updated != y->updated)
        return x->updated > y->updated ? -1 : 1;
    return x->id > y->id ? -1 : x->id < y->id;
}

/* ---- candidates ------------------------------------------------------------------------ */
static const char *columns(struct hunt *h)
{
    struct buf b = BUF_INIT;
    const char *s;

    buf_addf(&b, "t.id, t.updated_at, %s", h->t->at_owner >= 0 ? "t.owner_id" : "NULL");
    for (int i = 0; i < h->nf; i++)
        buf_addf(&b, ", %s", perm_column(h->c, h->f[i], "t."));
    s = arena_strdup(h->c->a, buf_str(&b));
    buf_free(&b);
    return s;
}

static void seek(struct hunt *h, const char *cols, enum search_how how, const struct where *w, int64_t limit)
{
    struct where_query q = {.where = w, .limit = limit};
    struct scan s = {.t = h->t, .columns = cols, .q = &q, .search = h->typed, .how = how, .row = found, .arg = h};

    if (h->c->rc == BERTH_OK)
        scan_rows(h->c, &s);
}

static const struct where *is_among(struct hunt *h, int field, const int64_t *ids, size_t n)
{
    struct where *w = arena_alloc(h->c->a, sizeof(*w));

    *w = (struct where){.op = n == 1 ? W_EQ : W_IN, .f = &h->t->fields[field], .nv = n};
    w->v = arena_alloc(h->c->a, n * sizeof(*w->v));
    for (size_t i = 0; i < n; i++)
        w->v[i] = berth_i(ids[i]);
    return w;
}

static void choose_fields(struct hunt *h)
{
    const struct table *t = h->t;

    h->f = arena_alloc(h->c->a, (size_t)t->nfields * sizeof(const struct field *));
    h->f[h->nf++] = t->title;
    for (int i = F_DECLARED; i < t->nfields && h->nf < 64; i++)
        if (&t->fields[i] != t->title && search_by(h->c, &t->fields[i]))
            h->f[h->nf++] = &t->fields[i];
}

/* The newest, titles that begin with it, where there are more than those, one's own, and what was just saved; and
 * when these are few, the newest that have parts of what was typed. */
static void hunt(struct hunt *h)
{
    enum search_how how = h->together != NULL ? SEARCH_TOGETHER : SEARCH_NEWEST;
    int64_t late[LATE];
    size_t nlate = search_late(h->c, h->t, late, LATE);
    const char *cols;

    choose_fields(h);
    cols = columns(h);
    seek(h, cols, how, NULL, NEWEST);
    bool more = h->n == NEWEST;

    if (h->start_len > 0 && search_by(h->c, h->t->title))
        seek(h, cols, SEARCH_TITLES, NULL, CANDIDATES);
    if (more && h->t->at_owner >= 0 && h->c->who != NULL)
        seek(h, cols, how, is_among(h, h->t->at_owner, &h->c->who->id, 1), CANDIDATES);
    if (nlate > 0)
        seek(h, cols, SEARCH_LATE, is_among(h, F_ID, late, nlate), CANDIDATES);
    if (h->together != NULL && h->n < CANDIDATES)
        seek(h, cols, SEARCH_NEWEST, NULL, CANDIDATES);
    qsort(h->hit, h->n, sizeof(h->hit[0]), by_rank);
}

/* ---- the answer ------------------------------------------------------------------------ */
void hits_marks_json(struct json *j, const char *s, const struct text_mark *m, size_t n)
{
    int64_t units = 0; /* of UTF-16: four bytes are two, all others one */
    size_t at = 0;

    json_open(j, '[');
    for (size_t i = 0; i < n; i++) {
        json_open(j, '[');
        for (int end = 0; end < 2; end++) {
            for (size_t to = end == 0 ? m[i].from : m[i].to; at < to; at++)
                if (((uint8_t)s[at] & 0xc0) != 0x80)
                    units += (uint8_t)s[at] >= 0xf0 ? 2 : 1;
            json_int(j, units);
        }
        json_close(j, ']');
    }
    json_close(j, ']');
}

/* A long text is cut to what stands around the first mark. */
static const char *snippet(struct berth_ctx *c, struct hit *h)
{
    size_t len = strlen(h->text), from = 0, to = len, n = 0;

    if (len <= SNIPPET || h->marks == 0)
        return h->text;
    if (h->mark[0].from > BEFORE)
        from = h->mark[0].from - BEFORE;
    while (from > 0 && ((uint8_t)h->text[from] & 0xc0) == 0x80)
        from--;
    if (from + SNIPPET < len)
        to = from + SNIPPET;
    while (to < len && ((uint8_t)h->text[to] & 0xc0) == 0x80)
        to++;
    for (size_t i = 0; i < h->marks && h->mark[i].to <= to; i++)
        h->mark[n++] = (struct text_mark){h->mark[i].from - (uint32_t)from, h->mark[i].to - (uint32_t)from};
    h->marks = n;
    return arena_strndup(c->a, h->text + from, to - from);
}

static void hit_json(struct berth_ctx *c, struct json *j, const struct hunt *h, struct hit *hit)
{
    json_open(j, '{');
    json_text(j, "table", h->t->name);
    json_number(j, "id", hit->id);
    json_text(j, "title", hit->title);
    json_key(j, "marks");
    hits_marks_json(j, hit->title, hit->title_mark, hit->title_marks);
    json_text(j, "sub", hit->sub);
    json_flag(j, "own", hit->own);
    if (hit->by != NULL && hit->by != h->t->title) {
        const char *text = snippet(c, hit);

        json_key(j, "found");
        json_open(j, '{');
        json_text(j, "field", hit->by->name);
        json_text(j, "label", labels_field(c->st->labels, c->locale, h->t->name, hit->by->name));
        json_text(j, "text", text);
        json_key(j, "marks");
        hits_marks_json(j, text, hit->mark, hit->marks);
        json_close(j, '}');
    }
    json_close(j, '}');
}

static bool is_named(const char *list, const char *name)
{
    size_t n = strlen(name);

    for (const char *s = list; s != NULL; s = strchr(s, ',') != NULL ? strchr(s, ',') + 1 : NULL)
        if (strncmp(s, name, n) == 0 && (s[n] == ',' || s[n] == '\0'))
            return true;
    return list == NULL;
}

static bool is_open(struct berth_ctx *c, const struct table *t)
{
    return t->searched && t->title != NULL && field_is_text(t->title) && perm_may(c->who, t, DO_READ) &&
           perm_field(c->who, t->title) >= ACCESS_READ;
}

static void group_json(struct json *j, const struct hunt *h, size_t shown, bool late)
{
    json_open(j, '{');
    json_text(j, "table", h->t->name);
    json_number(j, "shown", (int64_t)shown);
    json_flag(j, "more", h->n > shown);
    json_flag(j, "late", late);
    json_close(j, '}');
}

/* As fields are compared with it: without blanks at its ends. */
static const char *folded_of(struct berth_ctx *c, const char *typed)
{
    struct buf b = BUF_INIT;
    size_t len = strlen(typed);
    const char *s;

    text_trim(&typed, &len);
    text_fold(&b, typed, len);
    s = arena_strdup(c->a, buf_str(&b));
    buf_free(&b);
    return s;
}

static struct hunt *hunt_for(struct berth_ctx *c, const char *typed)
{
    struct hunt *h = arena_alloc(c->a, sizeof(*h));
    char *start = arena_alloc(c->a, TEXT_TITLE_START);

    *h = (struct hunt){.c = c, .typed = typed, .folded = folded_of(c, typed), .start = start,
                       .q = text_tokens_query(c->a, typed, strlen(typed)), .start_len = text_title_start(start, typed, strlen(typed))};
    h->together = text_tokens_query_together(c->a, typed, strlen(typed));
    if (h->together->n == h->q->n)
        h->together = NULL;
    return h;
}

size_t hits_of(struct berth_ctx *c, const struct table *t, const char *typed, size_t most, int64_t *ids)
{
    struct hunt *h = hunt_for(c, typed);
    size_t n = 0;

    h->t = t;
    if (h->q->n > 0 && is_open(c, t))
        hunt(h);
    for (; n < h->n && n < most && c->rc == BERTH_OK; n++)
        ids[n] = h->hit[n].id;
    return n;
}

int hits_json(struct berth_ctx *c, const char *typed, const char *only, int most, int64_t table_ms, int64_t deadline,
              struct buf *out)
{
    struct json j = json_to(out);
    struct buf groups = BUF_INIT;
    struct json g = json_to(&groups);
    const struct hunt *first = hunt_for(c, typed);

    json_open(&j, '{');
    json_key(&j, "results");
    json_open(&j, '[');
    json_open(&g, '[');
    for (size_t i = 0; first->q->n > 0 && i < c->m->ntables && c->rc == BERTH_OK; i++) {
        const struct table *t = &c->m->tables[i];
        struct hunt *h;
        bool late;

        if (!is_open(c, t) || !is_named(only, t->name))
            continue;
        h = arena_alloc(c->a, sizeof(*h));
        *h = *first;
        h->t = t;
        db_budget(c->conn, when_monotonic() + table_ms, NULL);
        db_read_begin(c->conn); /* one snapshot for all questions to the table: taking one costs as much as a small one */
        hunt(h);
        db_read_end(c->conn);
        late = (int)c->rc == CTX_OVERRUN;
        if (late) {
            ctx_clear(c);
            qsort(h->hit, h->n, sizeof(h->hit[0]), by_rank);
        }
        size_t shown = h->n < (size_t)most ? h->n : (size_t)most;

        for (size_t k = 0; k < shown; k++)
            hit_json(c, &j, h, &h->hit[k]);
        if (h->n > 0 || late)
            group_json(&g, h, shown, late);
    }
    db_budget(c->conn, deadline, NULL);
    json_close(&j, ']');
    json_close(&g, ']');
    json_key(&j, "groups");
    json_raw(&j, groups.s, groups.len);
    json_close(&j, '}');
    buf_free(&groups);
    return c->rc;
}
