/* config_out.c - writing the configuration's file. */
#include <stdlib.h>
#include <string.h>

#include "record/config.h"
#include "record/config_key.h"
#include "record/find.h"

struct line {
    char *key;
    int64_t id;
    struct buf text; /* the record as one line of JSON */
};

static int by_key(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    int d = strcmp(x->key, y->key);

    return d != 0 ? d : x->id < y->id ? -1 : x->id > y->id;
}

static void put(struct json *j, const char *name, json_t *v)
{
    char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);

    json_key(j, name);
    json_raw(j, text, strlen(text));
    free(text);
    json_decref(v);
}

/* False: it names what is not carried, or is a part of what does. */
static bool row_line(const struct berth_row *r, struct buf *out)
{
    const struct field *parent = r->t->parent;
    const struct berth_row *up = parent == NULL || parent->ref == NULL ? NULL : find_raw(r->c, parent->ref, r->v[parent->at].i);
    struct json j = json_to(out);

    if (up != NULL && up->t->known != NULL) {
        struct buf whole = BUF_INIT;
        bool goes = row_line(up, &whole);

        buf_free(&whole);
        if (!goes)
            return false;
    }

    json_open(&j, '{');
    for (int i = F_DECLARED; i < r->t->nfields; i++) {
        const struct field *f = &r->t->fields[i];
        json_t *v = config_field(f) ? config_value(r, f) : NULL;

        if (v != NULL)
            put(&j, f->name, v);
        else if (config_field(f))
            return false;
    }
    json_close(&j, '}');
    return true;
}

static int each_row(struct berth_ctx *c, const struct table *t, int (*each)(struct berth_ctx *, struct berth_row *, void *), void *arg)
{
    struct db_stmt *s = db_prepare(c->conn, arena_fmt(c->a, "SELECT id FROM %s ORDER BY id LIMIT %d", t->sql, CONFIG_ROWS_MAX));
    int64_t *ids = arena_alloc(c->a, CONFIG_ROWS_MAX * sizeof(*ids));
    size_t n = 0;
    int rc;

    while ((rc = db_step(s)) == DB_ROW)
        ids[n++] = db_col_int(s, 0);
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "read the configuration");
    for (size_t i = 0; i < n && c->rc == BERTH_OK; i++) {
        struct berth_row *r = find_raw(c, t, ids[i]);

        if (r != NULL && config_carries(c, r))
            each(c, r, arg);
    }
    return c->rc;
}

/* A key to sort by: those alike stay in the order of their ids, whatever their numbers. */
static char *order_of(const struct table *t, const json_t *key)
{
    json_t *parts = json_is_array(key) ? json_copy((json_t *)key) : json_array();
    char *text;

    if (json_is_string(key))
        json_array_append(parts, (json_t *)key);
    json_array_remove(parts, t->nknown);
    text = json_dumps(parts, JSON_COMPACT);
    json_decref(parts);
    return text;
}

struct section {
    struct line *line;
    size_t n, room;
};

static int gather(struct berth_ctx *c, struct berth_row *r, void *arg)
{
    struct section *s = arg;
    json_t *key = config_key(c, r);
    struct buf text = BUF_INIT;

    if (key == NULL || !row_line(r, &text)) {
        buf_free(&text);
    } else {
        if (s->n == s->room)
            s->line = mem_realloc(s->line, (s->room = s->room * 2 + 16) * sizeof(*s->line));
        s->line[s->n++] = (struct line){order_of(r->t, key), row_id(r), text};
    }
    json_decref(key);
    return c->rc;
}

static void write_section(struct berth_ctx *c, struct json *j, const struct table *t)
{
    struct section s = {0};

    each_row(c, t, gather, &s);
    if (s.n > 0)
        qsort(s.line, s.n, sizeof(*s.line), by_key);
    buf_puts(j->out, "\n");
    json_key(j, t->name);
    json_open(j, '[');
    for (size_t i = 0; i < s.n; i++) { /* a line each, for those who compare two files */
        buf_puts(j->out, "\n");
        json_raw(j, s.line[i].text.s, s.line[i].text.len);
        buf_free(&s.line[i].text);
        free(s.line[i].key);
    }
    json_close(j, ']');
    free(s.line);
}

int config_write(struct berth_ctx *c, const char *product, int (*scripts)(struct berth_ctx *c, struct json *j, void *arg), void *arg,
                 struct buf *out)
{
    struct json j = json_to(out);

    json_open(&j, '{');
    json_number(&j, "berth_config", CONFIG_FORM);
    json_text(&j, "product", product);
    json_key(&j, "sections");
    json_open(&j, '{');
    for (size_t i = 0; i < c->m->ntables && c->rc == BERTH_OK; i++)
        if (c->m->tables[i].known != NULL)
            write_section(c, &j, &c->m->tables[i]);
    if (c->st->services.config_out != NULL && c->rc == BERTH_OK)
        c->st->services.config_out(c, &j);
    if (scripts != NULL && c->rc == BERTH_OK)
        scripts(c, &j, arg);
    json_close(&j, '}');
    json_close(&j, '}');
    buf_puts(out, "\n");
    return c->rc;
}

static int tell_left(struct berth_ctx *c, struct berth_row *r, void *arg)
{
    struct json *j = arg;
    json_t *key = config_key(c, r);
    struct buf text = BUF_INIT;

    if (key != NULL && !row_line(r, &text)) { /* without a key it is one person's */
        json_open(j, '{');
        json_text(j, "section", labels_get(c->st->labels, c->locale, arena_fmt(c->a, "%s.*", r->t->name)));
        json_text(j, "name", row_title(r));
        json_close(j, '}');
    }
    buf_free(&text);
    json_decref(key);
    return c->rc;
}

int config_left(struct berth_ctx *c, struct json *j)
{
    json_open(j, '[');
    for (size_t i = 0; i < c->m->ntables && c->rc == BERTH_OK; i++)
        if (c->m->tables[i].known != NULL)
            each_row(c, &c->m->tables[i], tell_left, j);
    json_close(j, ']');
    return c->rc;
}
