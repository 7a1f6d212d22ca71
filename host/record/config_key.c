/* config_key.c - records by what they are called: out into the file and back. */
#include "record/config_key.h"

#include <stdlib.h>
#include <string.h>

#include "record/find.h"

enum { DEEP = 40 }; /* a department of a department ..., a filter in a filter */

/* People are no part of the configuration; where one would be worth nothing without them, they are named by their logins. */
static bool by_login(const struct field *f)
{
    return f->ref != NULL && strcmp(f->ref->name, "user") == 0 &&
           (strcmp(f->table->name, "approval_step") == 0 || strcmp(f->table->name, "automation_step") == 0);
}

/* ---- what goes over -------------------------------------------------------------------------------- */
bool config_field(const struct field *f)
{
    if (f->at < F_DECLARED || (f->flags & BERTH_SECRET) || f->type == BERTH_FILE)
        return false;
    if (f->flags & BERTH_LOCKED) /* what screens of their own write, and goes over */
        return strcmp(f->table->name, "import_map") == 0 || (strcmp(f->table->name, "role") == 0 && strcmp(f->name, "home") == 0);
    if (f->type == BERTH_REF)
        return f->ref != NULL && (f->ref->known != NULL || by_login(f));
    /* how far the numbers of this installation are */
    return strcmp(f->table->name, "series") != 0 || strcmp(f->name, "next") != 0;
}

bool config_carries(struct berth_ctx *c, const struct berth_row *r)
{
    struct berth_val v;

    if (strcmp(r->t->name, "setting") == 0) {
        const struct field *f = val_is_nil(v = row_get(r, "name")) ? NULL : model_setting(c->m, v.s);

        return f != NULL && !(f->flags & BERTH_SECRET);
    }
    if (strcmp(r->t->name, "import_map") == 0)
        return row_get(r, "shared").i != 0 && !val_is_nil(row_get(r, "name"));
    if (strcmp(r->t->name, "saved_view") == 0)
        return !val_is_nil(v = row_get(r, "audience")) && strcmp(v.s, "me") != 0;
    return true;
}

/* ---- finding ------------------------------------------------------------------------------------------ */
static const char *alike(struct berth_ctx *c, const struct table *t, const struct berth_val *known, const char *what, const char *more)
{
    struct buf b = BUF_INIT;
    const char *sql;

    buf_addf(&b, "SELECT %s FROM %s WHERE ", what, t->sql);
    for (size_t i = 0; i < t->nknown; i++)
        buf_addf(&b, "%s%s %s", i > 0 ? " AND " : "", t->known[i]->name, val_is_nil(known[i]) ? "IS NULL" : "= ?");
    buf_puts(&b, more);
    sql = arena_strndup(c->a, b.s, b.len);
    buf_free(&b);
    return sql;
}

static int bind_known(struct db_stmt *s, const struct table *t, const struct berth_val *known)
{
    int n = 0;

    for (size_t i = 0; i < t->nknown; i++)
        if (!val_is_nil(known[i]))
            val_bind(s, ++n, t->known[i], known[i]);
    return n;
}

static int64_t number(struct berth_ctx *c, struct db_stmt *s)
{
    int rc = db_step(s);
    int64_t n = rc == DB_ROW ? db_col_int(s, 0) : 0;

    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "look for a part of the configuration");
    return n;
}

int64_t config_find_nth(struct berth_ctx *c, const struct table *t, const struct berth_val *known, int64_t nth)
{
    struct db_stmt *s = db_prepare(c->conn, alike(c, t, known, "id", " ORDER BY id LIMIT 1 OFFSET ?"));

    db_bind_int(s, bind_known(s, t, known) + 1, nth - 1);
    return number(c, s);
}

/* Which of several alike, counting from 1. */
static int64_t place(struct berth_ctx *c, const struct berth_row *r, const struct berth_val *known)
{
    struct db_stmt *s = db_prepare(c->conn, alike(c, r->t, known, "count(*)", " AND id <= ?"));

    db_bind_int(s, bind_known(s, r->t, known) + 1, row_id(r));
    return number(c, s);
}

/* ---- keys ------------------------------------------------------------------------------------------------ */
static json_t *key_of(struct berth_ctx *c, const struct table *t, int64_t id, int deep);

static json_t *as_json(const struct field *f, struct berth_val v)
{
    struct buf b = BUF_INIT;
    struct json j = json_to(&b);
    json_t *out;

    val_json(&j, f, v);
    out = json_loadb(b.s, b.len, JSON_DECODE_ANY, NULL);
    buf_free(&b);
    return out;
}

static json_t *part_of(struct berth_ctx *c, const struct field *f, struct berth_val v, int deep)
{
    if (val_is_nil(v))
        return json_null();
    if (f->type == BERTH_REF)
        return f->ref == NULL || f->ref->known == NULL ? NULL : key_of(c, f->ref, v.i, deep + 1);
    return as_json(f, v);
}

static json_t *row_key(struct berth_ctx *c, const struct berth_row *r, int deep)
{
    struct berth_val *known = arena_alloc(c->a, r->t->nknown * sizeof(*known));
    json_t *key = json_array(), *one;
    int64_t nth;

    for (size_t i = 0; i < r->t->nknown; i++) {
        known[i] = r->v[r->t->known[i]->at];
        if (deep > DEEP || (one = part_of(c, r->t->known[i], known[i], deep)) == NULL) {
            json_decref(key);
            return NULL;
        }
        json_array_append_new(key, one);
    }
    if ((nth = place(c, r, known)) > 1)
        json_array_append_new(key, json_integer(nth));
    one = json_array_get(key, 0);
    if (json_array_size(key) == 1 && json_is_string(one) && json_string_value(one)[0] != '@') {
        json_incref(one);
        json_decref(key);
        return one;
    }
    return key;
}

static json_t *key_of(struct berth_ctx *c, const struct table *t, int64_t id, int deep)
{
    const struct berth_row *r = find_raw(c, t, id);

    if (r != NULL && t == c->m->users)
        return json_pack("{s:s}", "login", row_get(r, "login").s);

    return r == NULL || !config_carries(c, r) ? NULL : row_key(c, r, deep);
}

json_t *config_key(struct berth_ctx *c, const struct berth_row *r)
{
    return row_key(c, r, 0);
}

static void words(struct buf *b, const json_t *key)
{
    size_t i;
    json_t *one;

    json_array_foreach(key, i, one)
        words(b, one);
    if (json_is_object(key))
        key = json_object_get(key, "login");
    if (json_is_string(key))
        buf_addf(b, "%s%s", b->len > 0 ? " · " : "", json_string_value(key));
    else if (json_is_integer(key))
        buf_addf(b, "%s%lld", b->len > 0 ? " · " : "", (long long)json_integer_value(key));
}

const char *config_key_text(struct berth_ctx *c, const json_t *key)
{
    struct buf b = BUF_INIT;
    const char *s;

    words(&b, key);
    s = arena_strdup(c->a, buf_str(&b));
    buf_free(&b);
    return s;
}

/* ---- back ------------------------------------------------------------------------------------------------- */
static enum config_got find_deep(struct berth_ctx *c, const struct table *t, const json_t *key, int deep, int64_t *id);

static enum config_got part_deep(struct berth_ctx *c, const struct field *f, const json_t *v, int deep, struct berth_val *out)
{
    int64_t id;
    enum config_got got;

    *out = berth_nil();
    if (v == NULL || json_is_null(v) || (f->type == BERTH_REF && (f->ref == NULL || f->ref->known == NULL)))
        return GOT;
    if (f->type != BERTH_REF)
        return val_from_json(c, f, v, out) ? GOT : GOT_BAD;
    if ((got = find_deep(c, f->ref, v, deep + 1, &id)) == GOT)
        *out = (struct berth_val){BERTH_REF, 0, {.i = id}};
    return got;
}

static enum config_got bad(struct berth_ctx *c, const char *field)
{
    ctx_invalid(c, field, "err.config_key", NULL);
    return GOT_BAD;
}

static int64_t user_of_login(struct berth_ctx *c, const char *login)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT id FROM \"user\" WHERE login = ?");

    db_bind_text(s, 1, login == NULL ? "" : login, -1);
    return number(c, s);
}

static enum config_got find_deep(struct berth_ctx *c, const struct table *t, const json_t *key, int deep, int64_t *id)
{
    struct berth_val *known = arena_alloc(c->a, t->nknown * sizeof(*known));
    size_t n = json_is_array(key) ? json_array_size(key) : 1;
    int64_t nth = n > t->nknown ? json_integer_value(json_array_get(key, n - 1)) : 1;

    *id = 0;
    if (t == c->m->users) {
        const char *login = json_string_value(json_object_get(key, "login"));

        if ((*id = user_of_login(c, login)) == 0)
            ctx_invalid(c, "login", "err.config_user", "name", login == NULL ? "" : arena_strdup(c->a, login), NULL);
        return c->rc != BERTH_OK ? GOT_BAD : GOT;
    }
    if ((!json_is_array(key) && !json_is_string(key)) || deep > DEEP || n < t->nknown || n > t->nknown + 1 || nth < 1)
        return bad(c, t->name);
    for (size_t i = 0; i < t->nknown; i++) {
        enum config_got got = part_deep(c, t->known[i], json_is_array(key) ? json_array_get(key, i) : key, deep, &known[i]);

        if (got != GOT)
            return got;
    }
    *id = config_find_nth(c, t, known, nth);
    return c->rc != BERTH_OK ? GOT_BAD : *id == 0 ? GOT_NONE : GOT;
}

enum config_got config_find(struct berth_ctx *c, const struct table *t, const json_t *key, int64_t *id)
{
    return find_deep(c, t, key, 0, id);
}

enum config_got config_part(struct berth_ctx *c, const struct field *f, const json_t *v, struct berth_val *out)
{
    return part_deep(c, f, v, 0, out);
}

/* ---- filters ------------------------------------------------------------------------------------------------ */
struct walk {
    struct berth_ctx *c;
    const struct table *t; /* what it filters */
    bool in;               /* into this installation; else out of it */
    enum config_got got;
};

/* One id or key; NULL: it cannot be told. */
static json_t *turned(struct walk *w, const struct table *ref, json_t *v)
{
    int64_t id;

    if (json_is_null(v) || (json_is_string(v) && json_string_value(v)[0] == '@'))
        return json_incref(v);
    if (!w->in)
        return ref == NULL || ref->known == NULL || !json_is_integer(v) ? NULL : key_of(w->c, ref, json_integer_value(v), 0);
    if (ref == NULL || ref->known == NULL) {
        w->got = bad(w->c, "filter");
        return NULL;
    }
    w->got = config_find(w->c, ref, v, &id);
    return w->got == GOT ? json_integer(id) : NULL;
}

static bool turn_leaf(struct walk *w, json_t *leaf)
{
    const char *name = json_string_value(json_array_get(leaf, 0)), *op = json_string_value(json_array_get(leaf, 1));
    const struct field *f = name == NULL ? NULL : model_field(w->t, name);
    const struct table *ref = f != NULL && f->type == BERTH_REF ? f->ref : NULL;
    json_t *v = json_array_get(leaf, 2), *one;
    bool many = op != NULL && (strcmp(op, "in") == 0 || strcmp(op, "not in") == 0) && json_is_array(v);

    if (name != NULL && strcmp(name, "_tag") == 0)
        ref = model_table(w->c->m, "tag");
    else if (f == NULL || v == NULL || (f->type != BERTH_REF && f->at != F_ID))
        return true; /* where_json() says what is wrong with it */
    if (!many)
        return v == NULL || ((one = turned(w, ref, v)) != NULL && json_array_set_new(leaf, 2, one) == 0);
    for (size_t i = 0; i < json_array_size(v); i++)
        if ((one = turned(w, ref, json_array_get(v, i))) == NULL || json_array_set_new(v, i, one) != 0)
            return false;
    return true;
}

static bool turn(struct walk *w, json_t *node, int deep)
{
    const char *key;
    json_t *one;
    size_t i;

    if (deep > DEEP)
        return w->in && (w->got = bad(w->c, "filter")) == GOT;
    if (json_is_array(node) && json_is_string(json_array_get(node, 0)))
        return turn_leaf(w, node);
    json_array_foreach(node, i, one)
        if (!turn(w, one, deep + 1))
            return false;
    json_object_foreach(node, key, one)
        if (!turn(w, one, deep + 1))
            return false;
    return true;
}

/* The table that the record's filter is about: its own on_table, or that of what it hangs on. */
static const struct table *filtered(struct berth_ctx *c, const struct berth_row *r)
{
    struct berth_val on = berth_nil();

    if (model_field(r->t, "on_table") != NULL)
        on = row_get(r, "on_table");
    else if (r->t->parent != NULL && r->t->parent->ref != NULL) {
        const struct berth_row *up = find_raw(c, r->t->parent->ref, row_int(r, r->t->parent->at));

        if (up != NULL && model_field(up->t, "on_table") != NULL)
            on = row_get(up, "on_table");
    }
    return val_is_nil(on) ? NULL : model_table(c->m, on.s);
}

/* What a "field" becomes or is set to is text beside it; of a reference it is an id. */
static bool is_value(const struct field *f)
{
    return f->type == BERTH_TEXT && strcmp(f->name, "value") == 0 && model_field(f->table, "field") != NULL;
}

/* What the row's "value" refers to; NULL: nothing, it goes over as it is. */
static const struct table *value_ref(const struct berth_row *r)
{
    const struct table *t = filtered(r->c, r);
    struct berth_val name = row_get(r, "field");
    const struct field *f = t == NULL || val_is_nil(name) ? NULL : model_field(t, name.s);

    return f != NULL && f->type == BERTH_REF ? f->ref : NULL;
}

/* A list or an object, so that it is told from a text such as "{city}"; NULL: it names what is not carried. */
static json_t *value_out(const struct berth_row *r, json_t *text)
{
    const struct table *ref = json_is_string(text) ? value_ref(r) : NULL;
    const char *s = json_string_value(text);
    json_t *key;

    if (ref == NULL || s[0] == '\0' || s[strspn(s, "0123456789")] != '\0')
        return text;
    key = ref->known == NULL && ref != r->c->m->users ? NULL : key_of(r->c, ref, strtoll(s, NULL, 10), 0);
    json_decref(text);
    return json_is_string(key) ? json_pack("[o]", key) : key;
}

static enum config_got value_in(const struct berth_row *r, const struct field *f, const json_t *v, json_t **out)
{
    const struct table *ref = value_ref(r);
    enum config_got got;
    int64_t id;

    if (!json_is_array(v) && !json_is_object(v)) {
        *out = json_incref((json_t *)v);
        return GOT;
    }
    if (ref == NULL || (ref->known == NULL && ref != r->c->m->users))
        return bad(r->c, f->name);
    if ((got = config_find(r->c, ref, v, &id)) == GOT)
        *out = json_sprintf("%lld", (long long)id);
    return got;
}

bool config_is_late(const struct field *f)
{
    return is_value(f) ||
           (f->type == BERTH_JSON && ((f->of != NULL && strcmp(f->of, "@filter") == 0) || strcmp(f->table->name, "import_map") == 0));
}

/* What an import remembers: {"values":{"country":{"大陆":"CN"}},"pool_id":3,…}; ids stand for references.  A person or a
 * record that a word stood for is left out: it is asked about again. */
static bool turn_map(struct walk *w, json_t *map)
{
    json_t *pool = json_object_get(map, "pool_id"), *words, *v, *one;
    const char *field, *word;
    void *next;

    if (pool != NULL) {
        if ((one = turned(w, model_table(w->c->m, "pool"), pool)) == NULL)
            return false;
        json_object_set_new(map, "pool_id", one);
    }
    json_object_foreach(json_object_get(map, "values"), field, words) {
        const struct field *f = model_field(w->t, field);

        if (f == NULL || f->type != BERTH_REF)
            continue;
        json_object_foreach_safe(words, next, word, v) {
            one = f->ref == NULL || f->ref->known == NULL ? NULL : turned(w, f->ref, v);
            if (one != NULL)
                json_object_set_new(words, word, one);
            else if (w->got != GOT)
                return false;
            else
                json_object_del(words, word);
        }
    }
    return true;
}

static json_t *filter_turned(const struct berth_row *r, json_t *filter, bool in, enum config_got *got)
{
    struct walk w = {.c = r->c, .t = filtered(r->c, r), .in = in};

    if (w.t != NULL && filter != NULL && !(strcmp(r->t->name, "import_map") == 0 ? turn_map(&w, filter) : turn(&w, filter, 0))) {
        json_decref(filter);
        filter = NULL;
    }
    *got = w.got;
    return filter;
}

/* ---- values -------------------------------------------------------------------------------------------------- */
json_t *config_value(const struct berth_row *r, const struct field *f)
{
    json_t *out = as_json(f, r->v[f->at]), *one;
    enum config_got got;
    size_t i;

    if (is_value(f))
        return value_out(r, out);
    if (config_is_late(f))
        return filter_turned(r, out, false, &got);
    if (f->type != BERTH_REF || out == NULL || json_is_null(out))
        return out;
    if (!(f->flags & BERTH_MANY)) {
        json_decref(out);
        return key_of(r->c, f->ref, r->v[f->at].i, 0);
    }
    json_array_foreach(out, i, one) {
        json_t *key = key_of(r->c, f->ref, json_integer_value(one), 0);

        if (key == NULL) {
            json_decref(out);
            return NULL;
        }
        json_array_set_new(out, i, key);
    }
    return out;
}

enum config_got config_value_in(const struct berth_row *r, const struct field *f, const json_t *v, json_t **out)
{
    enum config_got got = GOT;
    int64_t id;

    *out = NULL;
    if (is_value(f))
        return value_in(r, f, v, out);
    if (config_is_late(f)) {
        *out = filter_turned(r, json_deep_copy(v), true, &got);
        return *out != NULL ? GOT : got;
    }
    if (f->type != BERTH_REF || json_is_null(v)) {
        *out = json_incref((json_t *)v);
        return GOT;
    }
    if (!(f->flags & BERTH_MANY)) {
        if ((got = config_find(r->c, f->ref, v, &id)) == GOT)
            *out = json_integer(id);
        return got;
    }
    if (!json_is_array(v))
        return bad(r->c, f->name);
    *out = json_array();
    for (size_t i = 0; i < json_array_size(v) && got == GOT; i++)
        if ((got = config_find(r->c, f->ref, json_array_get(v, i), &id)) == GOT)
            json_array_append_new(*out, json_integer(id));
    return got;
}
