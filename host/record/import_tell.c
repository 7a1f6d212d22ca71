/* import_tell.c - what people are told of a row that did not simply go in. */
#include <string.h>

#include "record/find.h"
#include "record/import_run.h"

const char *const import_buckets[] = {"new",  "updated", "same",    "duplicate", "conflict", "elsewhere",
                                      "held", "pool",    "missing", "invalid",   NULL};

static bool is_wrong(const struct berth_ctx *c, const struct field *f)
{
    const struct ctx_problem *q = c->problems;

    while (q != NULL && (f == NULL || strcmp(q->field, f->name) != 0))
        q = q->next;
    return q != NULL;
}

/* "B7, D7": those that something is wrong with; NULL: none. */
static const char *wrong_cells(const struct run *r, struct berth_ctx *c, const struct prep *p)
{
    const char *all = NULL;
    char name[8];

    for (size_t i = 0; c->problems != NULL && i < r->ncolumns; i++)
        if (is_wrong(c, r->column[i]))
            all = arena_fmt(c->a, "%s%s%s%u", all == NULL ? "" : all, all == NULL ? "" : ", ", sheet_column_name((uint32_t)i, name),
                            p->number);
    return all;
}

static void cells_json(struct json *j, const struct prep *p)
{
    const char *text = (const char *)(p->cells + p->ncells);

    json_key(j, "cells");
    json_open(j, '[');
    for (uint32_t i = 0; i < p->ncells; i++) {
        json_strn(j, text, p->cells[i].len);
        text += p->cells[i].len + 1;
    }
    json_close(j, ']');
}

static void was_json(struct json *j, const json_t *was)
{
    char *text = json_dumps(was, JSON_COMPACT | JSON_ENCODE_ANY);

    json_key(j, "was");
    json_raw(j, text, strlen(text));
    free(text);
}

void import_detail(struct run *r, struct berth_ctx *c, struct prep *p, const struct ctx_match *m, const json_t *was)
{
    const char *cell = wrong_cells(r, c, p);
    struct buf b = BUF_INIT;
    struct json j = json_to(&b);

    json_open(&j, '{');
    if (cell != NULL)
        json_text(&j, "cell", cell);
    if (m != NULL) {
        json_text(&j, "table", m->table->name);
        json_text(&j, "title", m->title);
        json_key(&j, "by");
        json_open(&j, '[');
        for (size_t i = 0; i < m->nby; i++)
            json_str(&j, m->by[i]);
        json_close(&j, ']');
    }
    if (p->told != 0)
        json_number(&j, "same_as", p->told);
    if (m != NULL && m->id != 0 && p->outcome == OUT_NEW)
        json_number(&j, "like", m->id);
    if (was != NULL)
        was_json(&j, was);
    cells_json(&j, p);
    json_close(&j, '}');
    p->detail = arena_strndup(c->a, b.s, b.len);
    buf_free(&b);
}

/* As the row's own table calls what both have. */
static const char *by_names(struct berth_ctx *c, const struct table *t, const struct ctx_match *m)
{
    struct buf b = BUF_INIT;
    const char *s;

    for (size_t i = 0; i < m->nby; i++)
        buf_addf(&b, "%s%s", i > 0 ? ", " : "", labels_field(c->st->labels, c->locale, t->name, m->by[i]));
    s = arena_strdup(c->a, buf_str(&b));
    buf_free(&b);
    return s;
}

/* All that is wrong with a row, each by its field's name. */
static const char *problems_text(struct berth_ctx *c, const char *table)
{
    struct buf b = BUF_INIT;
    const char *s;

    for (const struct ctx_problem *q = c->problems; q != NULL; q = q->next) {
        const char *why[] = {"field", labels_field(c->st->labels, c->locale, table, q->field), "why", ctx_text(c, q->key, q->args), NULL};

        buf_addf(&b, "%s%s", b.len > 0 ? " " : "", ctx_text(c, "import.invalid", why));
    }
    s = arena_strdup(c->a, buf_str(&b));
    buf_free(&b);
    return s;
}

/* Cells that are wrong, or a record that the database or a hook refused. */
void import_tell_problem(struct run *r, struct berth_ctx *c, struct prep *p)
{
    const struct ctx_problem *q = c->problems;

    p->outcome = c->rc == BERTH_CONFLICT ? OUT_CONFLICT : c->rc == BERTH_DENIED ? OUT_HELD : OUT_INVALID;
    p->field = q == NULL ? NULL : q->field;
    p->message = q == NULL ? ctx_text(c, c->key == NULL ? "err.invalid" : c->key, c->args) : problems_text(c, r->table);
    import_detail(r, c, p, NULL, NULL);
    ctx_clear(c);
}

void import_tell(struct run *r, struct berth_ctx *c, struct prep *p, enum outcome what, const char *key)
{
    p->outcome = (uint16_t)what;
    p->message = ctx_text(c, key, NULL);
    import_detail(r, c, p, NULL, NULL);
}

/* In which bucket a record that is there already puts the row, and the text for it. */
static enum outcome bucket(struct berth_ctx *c, const struct prep *p, const struct ctx_match *m, const char **key,
                           const char **holder)
{
    const struct table *t = m->table;
    struct berth_row *row;
    int64_t owner, pool;

    *key = "import.duplicate";
    if (t != p->row->t) {
        *key = m->id == 0 ? "import.elsewhere_hidden" : "import.elsewhere";
        return OUT_ELSEWHERE;
    }
    if (m->id == 0) {
        *key = "import.duplicate_hidden";
        return OUT_HELD;
    }
    row = t->at_owner < 0 ? NULL : find_raw(c, t, m->id);
    owner = row == NULL ? 0 : row_int(row, t->at_owner);
    pool = row == NULL ? 0 : row_int(row, t->at_pool);
    if (owner != 0 && (c->who == NULL || owner != c->who->id)) {
        *key = "import.held";
        *holder = find_title(c, t->fields[t->at_owner].ref, owner);
        return OUT_HELD;
    }
    if (owner == 0 && pool != 0) {
        *key = "import.pool";
        *holder = find_title(c, t->fields[t->at_pool].ref, pool);
        return OUT_POOL;
    }
    return OUT_DUPLICATE;
}

/* What is nearest to the user's own comes first: a customer elsewhere says more than a lead, a deal under way more than either. */
void import_tell_match(struct run *r, struct berth_ctx *c, struct prep *p, const struct ctx_match *m)
{
    const char *key, *holder = "";
    const struct ctx_match *at = m, *taken = import_taken(c, p->row->t, m);

    for (const struct ctx_match *x = m; x != NULL; x = x->next)
        if (x->table != p->row->t && at->table == p->row->t)
            at = x;
    at = taken != NULL ? taken : at;
    p->outcome = (uint16_t)bucket(c, p, at, &key, &holder);
    p->record = at->id;
    p->table = at->table->name;
    const char *args[] = {"title", at->title, "by", by_names(c, p->row->t, at), NULL};
    const char *more[] = {"holder", holder, "one", labels_get(c->st->labels, c->locale, at->table->name), NULL};
    struct buf b = BUF_INIT;

    labels_fill(&b, ctx_text(c, key, args), more);
    p->message = arena_strdup(c->a, buf_str(&b));
    buf_free(&b);
    import_detail(r, c, p, at, NULL);
}

const char *import_tell_hidden(struct berth_ctx *c, const struct table *own, const struct ctx_match *m)
{
    const char *args[] = {"by", by_names(c, own, m), "one", labels_get(c->st->labels, c->locale, m->table->name), NULL};

    return ctx_text(c, m->table == own ? "import.duplicate_hidden" : "import.elsewhere_hidden", args);
}

const char *import_tell_like_hidden(struct berth_ctx *c, const struct table *own, const struct ctx_match *m)
{
    const char *args[] = {"by", by_names(c, own, m), NULL};

    return ctx_text(c, "import.alike_hidden", args);
}

const struct ctx_match *import_alike(struct ctx_match **list)
{
    const struct ctx_match *first = NULL;

    while (*list != NULL)
        if ((*list)->blocks || (*list)->warns) {
            list = &(*list)->next;
        } else {
            first = first == NULL ? *list : first;
            *list = (*list)->next;
        }
    return first;
}

void import_tell_alike(struct run *r, struct berth_ctx *c, struct prep *p, const struct ctx_match *m)
{
    const char *args[] = {"title", m->title, "by", by_names(c, p->row->t, m), "one",
                          labels_get(c->st->labels, c->locale, m->table->name), NULL};

    p->message = m->id == 0 ? import_tell_like_hidden(c, p->row->t, m) : ctx_text(c, "import.alike", args);
    import_detail(r, c, p, m, NULL);
}

void import_tell_same_row(struct run *r, struct berth_ctx *c, struct prep *p, uint32_t other, const struct field *by)
{
    struct ctx_match m = {.table = p->row->t, .by = {by->name}, .nby = 1};

    import_tell_same_record(r, c, p, other, &m);
}

void import_tell_same_record(struct run *r, struct berth_ctx *c, struct prep *p, uint32_t other, const struct ctx_match *m)
{
    const char *args[] = {"row", arena_fmt(c->a, "%u", other), "by", by_names(c, m->table, m), NULL};

    p->outcome = OUT_DUPLICATE;
    p->told = other;
    p->record = m->id;
    p->table = m->table->name;
    p->message = ctx_text(c, "import.same_row", args);
    import_detail(r, c, p, m, NULL);
}
