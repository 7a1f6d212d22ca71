/* layout.c - reading and checking how administrators arrange fields. */
#include "record/layout.h"

#include <string.h>

#include "record/audit.h"

enum { GROUPS_MAX = 40, COLUMNS_MAX = 3, LABEL_MAX = 80 };

static const struct field *arranged(const struct table *t, const json_t *name)
{
    const struct field *f = json_is_string(name) ? model_field(t, json_string_value(name)) : NULL;

    return f == NULL || f->at < F_DECLARED || (f->flags & BERTH_SECRET) ? NULL : f;
}

static const char *label_for(struct berth_ctx *c, const json_t *labels)
{
    const char *s = json_string_value(json_object_get(labels, c->locale == NULL ? "en" : c->locale));

    if (s == NULL || *s == '\0')
        s = json_string_value(json_object_get(labels, "en"));
    return s == NULL || *s == '\0' ? NULL : arena_strdup(c->a, s);
}

static const struct layout *read_spec(struct berth_ctx *c, const struct table *t, const json_t *spec)
{
    const json_t *groups = json_object_get(spec, "groups"), *hidden = json_object_get(spec, "hidden");
    size_t n = (size_t)t->nfields, count = json_array_size(groups);
    struct layout *l = arena_alloc(c->a, sizeof(*l));

    l->groups = arena_alloc(c->a, (count + 1) * sizeof(*l->groups));
    l->order = arena_alloc(c->a, (n + 1) * sizeof(*l->order));
    l->group = arena_alloc(c->a, (n + 1) * sizeof(*l->group));
    l->hidden = arena_alloc(c->a, n + 1);
    for (size_t g = 0; g < count; g++) {
        const json_t *one = json_array_get(groups, g), *fields = json_object_get(one, "fields");
        const char *name = arena_strdup(c->a, json_string_value(json_object_get(one, "name")));

        l->groups[l->ngroups++] = (struct layout_group){name, label_for(c, json_object_get(one, "labels")),
                                                        (int)json_integer_value(json_object_get(one, "columns"))};
        for (size_t i = 0; i < json_array_size(fields); i++) {
            const struct field *f = arranged(t, json_array_get(fields, i));

            if (f == NULL || l->group[f->at] != NULL)
                continue; /* it was there when this was arranged */
            l->group[f->at] = name;
            l->order[l->norder++] = f;
        }
    }
    for (size_t i = 0; i < json_array_size(hidden); i++) {
        const struct field *f = arranged(t, json_array_get(hidden, i));

        if (f != NULL)
            l->hidden[f->at] = true;
    }
    return l;
}

const struct layout *layout_of(struct berth_ctx *c, const struct table *t)
{
    const struct layout *l = NULL;
    struct db_stmt *s = db_prepare(c->conn, "SELECT spec FROM layout WHERE on_table = ?");
    json_t *spec = NULL;

    db_bind_text(s, 1, t->name, -1);
    if (db_step(s) == DB_ROW && !db_col_is_null(s, 0))
        spec = json_loads(db_col_text(s, 0, NULL), 0, NULL);
    db_reset(s);
    if (spec != NULL)
        l = read_spec(c, t, spec);
    json_decref(spec);
    return l;
}

/* ---- checking ------------------------------------------------------------------------------ */
static bool field_once(const struct table *t, const json_t *name, bool *seen)
{
    const struct field *f = arranged(t, name);

    if (f == NULL || seen[f->at])
        return false;
    return seen[f->at] = true;
}

static bool group_ok(const struct table *t, const json_t *g, bool *seen)
{
    const json_t *fields = json_object_get(g, "fields"), *columns = json_object_get(g, "columns"), *labels = json_object_get(g, "labels");
    const char *name = json_string_value(json_object_get(g, "name")), *locale;
    json_t *label;

    if (name == NULL || *name == '\0' || strlen(name) > 48 || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(name))
        return false;
    if (!json_is_array(fields) || (columns != NULL && (!json_is_integer(columns) || json_integer_value(columns) < 1 ||
                                                       json_integer_value(columns) > COLUMNS_MAX)))
        return false;
    if (labels != NULL && !json_is_object(labels))
        return false;
    json_object_foreach((json_t *)labels, locale, label)
        if (!json_is_string(label) || json_string_length(label) > LABEL_MAX * 4)
            return false;
    for (size_t i = 0; i < json_array_size(fields); i++)
        if (!field_once(t, json_array_get(fields, i), seen))
            return false;
    return true;
}

static bool spec_ok(struct berth_ctx *c, const struct table *t, const json_t *spec)
{
    const json_t *groups = json_object_get(spec, "groups"), *hidden = json_object_get(spec, "hidden");
    bool *seen = arena_alloc(c->a, (size_t)t->nfields + 1);

    if (!json_is_array(groups) || json_array_size(groups) > GROUPS_MAX || (hidden != NULL && !json_is_array(hidden)))
        return false;
    for (size_t i = 0; i < json_array_size(groups); i++) {
        const char *name = json_string_value(json_object_get(json_array_get(groups, i), "name"));

        if (!group_ok(t, json_array_get(groups, i), seen))
            return false;
        for (size_t k = 0; k < i; k++)
            if (strcmp(json_string_value(json_object_get(json_array_get(groups, k), "name")), name) == 0)
                return false;
    }
    for (size_t i = 0; i < json_array_size(hidden); i++)
        if (!field_once(t, json_array_get(hidden, i), seen))
            return false;
    return true;
}

/* What must be filled in must be there to be filled in. */
static const struct field *missing(const struct table *t, const json_t *hidden)
{
    for (size_t i = 0; i < json_array_size(hidden); i++) {
        const struct field *f = arranged(t, json_array_get(hidden, i));

        if ((f->flags & BERTH_REQUIRED) && f->def == NULL && !(f->flags & BERTH_LOCKED))
            return f;
    }
    return NULL;
}

int layout_check(struct berth_ctx *c, struct berth_row *r)
{
    struct berth_val on = row_get(r, "on_table"), text = row_get(r, "spec");
    const struct table *t = val_is_nil(on) ? NULL : model_table(c->m, on.s);
    const struct field *f;
    json_t *spec;

    if (t == NULL || (t->flags & BERTH_BARE))
        return ctx_invalid(c, "on_table", "err.custom_table", NULL);
    if (val_is_nil(text))
        return c->rc;
    spec = json_loadb(text.s, (size_t)text.len, JSON_REJECT_DUPLICATES, NULL);
    if (!spec_ok(c, t, spec))
        ctx_invalid(c, "spec", "err.layout", NULL);
    else if ((f = missing(t, json_object_get(spec, "hidden"))) != NULL)
        ctx_invalid(c, "spec", "err.layout_required", "field", labels_field(c->st->labels, c->locale, t->name, f->name), NULL);
    json_decref(spec);
    return c->rc;
}

static void forms_changed(struct berth_ctx *c, void *arg)
{
    (void)arg;
    atomic_fetch_add(&c->st->view_gen, 1);
}

int layout_saved(struct berth_ctx *c, struct berth_row *r, uint32_t deed)
{
    ctx_after_commit(c, forms_changed, NULL);
    return audit_row(c, r, deed);
}
