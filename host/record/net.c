/* net.c - walks from a record to those it names and to those that name it. */
#include "record/net.h"

#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "record/find.h"

struct net {
    struct berth_ctx *c;
    const struct table *t;
    const struct berth_row *row;
    const char *link, *after;
    int limit;
    int64_t until;
    struct json *j;
};

/* Who typed a record in is no relation of the business. */
static bool relates(struct berth_ctx *c, const struct field *f)
{
    return f->type == BERTH_REF && f->ref != NULL && f->at != F_CREATED_BY && f->at != F_UPDATED_BY &&
           !(f->ref->flags & BERTH_BARE) && perm_may(c->who, f->ref, DO_READ) && perm_field(c->who, f) >= ACCESS_READ;
}

static const char *label(const struct net *n, const char *key)
{
    return labels_get(n->c->st->labels, n->c->locale, key);
}

static void begin(const struct net *n, const char *by, const struct table *t, const char *text)
{
    json_open(n->j, '{');
    json_text(n->j, "by", by);
    json_text(n->j, "table", t->name);
    json_text(n->j, "icon", t->icon);
    json_text(n->j, "label", text);
}

/* A title as people read it, also where that is a choice. */
static const char *as_read(const struct net *n, const struct table *t, const char *title)
{
    const struct field *f = t->title;
    const char *word = NULL;

    if (title != NULL && f != NULL && f->type == BERTH_PICK && f->dict != NULL)
        word = labels_find(n->c->st->labels, n->c->locale, arena_fmt(n->c->a, "%s.%s", f->dict->name, title));
    return word != NULL ? word : title;
}

static void node(const struct net *n, const struct table *t, int64_t id, const char *title)
{
    json_open(n->j, '{');
    json_number(n->j, "id", id);
    json_text(n->j, "title", as_read(n, t, title));
    json_close(n->j, '}');
}

static void one_out(const struct net *n, const struct table *t, int64_t id)
{
    if (find_exists(n->c, t, id))
        node(n, t, id, find_title(n->c, t, id));
}

static void out_link(const struct net *n, const struct field *f)
{
    const char *by = arena_fmt(n->c->a, "out:%s", f->name);
    struct berth_val v = n->row->v[f->at];

    if (val_is_nil(v) || perm_field_of(n->row, f) < ACCESS_READ || (n->link != NULL && strcmp(n->link, by) != 0))
        return;
    begin(n, by, f->ref, labels_field(n->c->st->labels, n->c->locale, n->t->name, f->name));
    json_key(n->j, "nodes");
    json_open(n->j, '[');
    if (f->flags & BERTH_MANY) {
        for (const char *s = v.s; *s == '|' && s[1] != '\0'; s += 1 + strcspn(s + 1, "|"))
            one_out(n, f->ref, strtoll(s + 1, NULL, 10));
    } else {
        one_out(n, f->ref, v.i);
    }
    json_close(n->j, ']');
    json_key(n->j, "next");
    json_nil(n->j);
    json_close(n->j, '}');
}

/* Rows that name the record, as a page of their table. */
static void in_nodes(const struct net *n, const struct table *u, const struct field *f, const char *after)
{
    struct page p = {.t = u, .fields = u->title == NULL ? "id" : u->title->name, .after = after};
    json_t *condition = json_pack("[s,s,I]", f->name, f->flags & BERTH_MANY ? "in" : "=", (json_int_t)row_id(n->row)), *doc = NULL;
    const json_t *rows, *row, *refs;
    struct buf page = BUF_INIT;
    size_t i;

    if (f->flags & BERTH_MANY)
        json_array_set_new(condition, 2, json_pack("[I]", (json_int_t)row_id(n->row)));
    p.q.limit = n->limit;
    if (where_json(n->c, u, condition, &p.q.where) && find_page(n->c, &p, &page) == BERTH_OK)
        doc = json_loadb(page.s, page.len, 0, NULL);
    rows = json_object_get(doc, "rows");
    refs = u->title == NULL || u->title->of == NULL ? NULL : json_object_get(json_object_get(doc, "refs"), u->title->of);
    json_key(n->j, "nodes");
    json_open(n->j, '[');
    json_array_foreach (rows, i, row) {
        const json_t *title = u->title == NULL ? NULL : json_object_get(row, u->title->name);
        int64_t id = json_integer_value(json_object_get(row, "id"));

        if (u->title != NULL && u->title->type == BERTH_REF && json_is_integer(title))
            title = json_object_get(refs, arena_fmt(n->c->a, "%lld", (long long)json_integer_value(title)));
        node(n, u, id,
             json_is_integer(title) ? arena_fmt(n->c->a, "%lld", (long long)json_integer_value(title)) : json_string_value(title));
    }
    json_close(n->j, ']');
    json_text(n->j, "next", json_string_value(json_object_get(doc, "next")));
    json_decref(doc);
    json_decref(condition);
    buf_free(&page);
}

static void in_link(const struct net *n, const struct table *u, const struct field *f)
{
    const char *by = arena_fmt(n->c->a, "in:%s.%s", u->name, f->name);
    bool only = n->link != NULL && strcmp(n->link, by) == 0;

    if (n->link != NULL && !only)
        return;
    begin(n, by, u, arena_fmt(n->c->a, "%s · %s", label(n, arena_fmt(n->c->a, "%s.*", u->name)),
                              labels_field(n->c->st->labels, n->c->locale, u->name, f->name)));
    if (!only && when_monotonic() > n->until) {
        json_flag(n->j, "cut", true);
        json_key(n->j, "nodes");
        json_open(n->j, '[');
        json_close(n->j, ']');
        json_key(n->j, "next");
        json_nil(n->j);
    } else {
        in_nodes(n, u, f, only ? n->after : NULL);
    }
    json_close(n->j, '}');
}

/* What only the host writes down, such as jobs and the audit trail, is no relation of the business either. */
static bool visible(struct berth_ctx *c, const struct table *u)
{
    bool log = (u->flags & BERTH_ADMIN) && u->title != NULL && (u->title->flags & BERTH_LOCKED);

    return !(u->flags & BERTH_BARE) && !log && perm_may(c->who, u, DO_READ);
}

int net_page(struct berth_ctx *c, const struct table *t, int64_t id, const char *link, const char *after, int limit,
             int64_t until, struct buf *out)
{
    struct berth_row *row = find_one(c, t, id);
    struct json j = json_to(out);
    struct net n = {c, t, row, link, after, limit, until, &j};

    if (row == NULL)
        return c->rc;
    json_open(&j, '{');
    json_key(&j, "node");
    begin(&n, "", t, label(&n, t->name));
    json_number(&j, "id", id);
    json_text(&j, "title", as_read(&n, t, row_title(row)));
    json_close(&j, '}');
    json_key(&j, "links");
    json_open(&j, '[');
    for (int i = 0; i < t->nfields; i++)
        if (relates(c, &t->fields[i]))
            out_link(&n, &t->fields[i]);
    for (size_t k = 0; k < c->m->ntables && c->rc == BERTH_OK; k++)
        for (int i = 0; visible(c, &c->m->tables[k]) && i < c->m->tables[k].nfields; i++)
            if (c->m->tables[k].fields[i].ref == t && relates(c, &c->m->tables[k].fields[i]))
                in_link(&n, &c->m->tables[k], &c->m->tables[k].fields[i]);
    json_close(&j, ']');
    json_close(&j, '}');
    return c->rc;
}
