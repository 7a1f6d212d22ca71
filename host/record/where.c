/* where.c - filter text and filter JSON to one tree; the tree to SQL or to yes and no. */
#include "record/where.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "record/order.h"
#include "record/row.h"
#include "record/span.h"
#include "record/zone.h"

enum { DEPTH_MAX = 20, NODES_MAX = 300, LIST_MAX = 1000, VALUES_MAX = 5000 };

struct parse {
    struct berth_ctx *c;
    const struct table *t;
    const char *s, *text; /* text form: where we are, where it began */
    const struct berth_val *args;
    size_t nargs, arg;
    bool written;                  /* what stands behind an @ is kept as it is */
    const struct berth_row *about; /* whose fields "@field" means, or NULL */
    bool moves;                    /* it depends on who asks, when, or about what */
    int depth, nodes, values;
};

int64_t where_today(struct berth_ctx *c)
{
    return zone_day(c->st->company.zone, c->now);
}

/* ---- shared by both forms ------------------------------------------------------ */
static const struct where *fail(struct parse *p, const char *key, const char *what)
{
    ctx_invalid(p->c, "filter", key, "value", what, NULL);
    return NULL;
}

static struct where *node(struct parse *p, enum where_op op)
{
    struct where *w = arena_alloc(p->c->a, sizeof(*w));

    w->op = op;
    if (++p->nodes > NODES_MAX)
        fail(p, "err.filter_size", "");
    return w;
}

static const struct field *readable(struct parse *p, const char *name)
{
    const struct field *f = model_field(p->t, name);

    if (f == NULL || (!p->c->all && ((f->flags & BERTH_SECRET) || perm_field(p->c->who, f) < ACCESS_READ))) {
        fail(p, "err.filter_field", name);
        return NULL;
    }
    return f;
}

const struct where *where_and(struct berth_ctx *c, const struct where *a, const struct where *b)
{
    if (a == NULL || b == NULL)
        return a == NULL ? b : a;
    struct where *w = arena_alloc(c->a, sizeof(*w));

    w->op = W_AND;
    w->kids = arena_alloc(c->a, 2 * sizeof(*w->kids));
    w->kids[0] = a;
    w->kids[1] = b;
    w->nkids = 2;
    return w;
}

static enum where_op op_of(const char *s, size_t n)
{
    static const struct {
        const char *text;
        enum where_op op;
    } ops[] = {{"=", W_EQ},     {"!=", W_NE},        {"<>", W_NE},     {"<", W_LT},
               {"<=", W_LE},    {">", W_GT},         {">=", W_GE},     {"~", W_CONTAINS},
               {"^", W_BEGINS}, {"in", W_IN},        {"not in", W_NOT_IN},
               {"empty", W_EMPTY}, {"not empty", W_NOT_EMPTY}};

    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        if (strlen(ops[i].text) == n && strncasecmp(ops[i].text, s, n) == 0)
            return ops[i].op;
    return W_AND; /* none */
}

/* "@today+7d": the amount behind a macro in ms, 0 when nothing is there. */
static bool macro_shift(const char *s, int64_t *ms)
{
    char *end;
    long long n;

    *ms = 0;
    if (*s == '\0')
        return true;
    if (*s != '+' && *s != '-')
        return false;
    n = strtoll(s, &end, 10);
    if (n > 40000 || n < -40000)
        return false;
    if (strcmp(end, "d") == 0)
        *ms = n * WHEN_DAY;
    else if (strcmp(end, "h") == 0)
        *ms = n * INT64_C(3600000);
    else
        return false;
    return true;
}

static void add_value(struct parse *p, struct where *w, struct berth_val v)
{
    if (++p->values > VALUES_MAX)
        fail(p, "err.filter_size", "");
    if ((w->nv & (w->nv - 1)) == 0) { /* full at powers of two */
        struct berth_val *more = arena_alloc(p->c->a, (w->nv == 0 ? 1 : w->nv * 2) * sizeof(*more));

        if (w->nv > 0)
            memcpy(more, w->v, w->nv * sizeof(*more));
        w->v = more;
    }
    w->v[w->nv++] = v;
}

static bool add_macro(struct parse *p, struct where *w, const char *name)
{
    const struct who *who = p->c->who;
    int64_t shift;

    p->moves = true;
    if (strcmp(name, "@me") == 0) {
        add_value(p, w, berth_i(who == NULL ? 0 : who->id));
        return true;
    }
    if (strcmp(name, "@team") == 0) {
        w->op = w->op == W_NE || w->op == W_NOT_IN ? W_NOT_IN : W_IN;
        for (size_t i = 0; who != NULL && i < who->users[SCOPE_TEAM].n; i++)
            add_value(p, w, berth_i(who->users[SCOPE_TEAM].v[i]));
        return true;
    }
    if (strncmp(name, "@today", 6) == 0 && macro_shift(name + 6, &shift)) {
        int64_t day = where_today(p->c) + shift / WHEN_DAY;

        add_value(p, w, berth_i(w->f->type == BERTH_TIME ? zone_midnight(p->c->st->company.zone, day)
                                                         : day));
        return true;
    }
    if (span_unit(name + 1) != SPAN_UNITS && span_unit(name + 1) != SPAN_DAY) { /* "@month": its first day */
        int64_t day = span_begin(span_unit(name + 1), where_today(p->c), 0);

        add_value(p, w, berth_i(w->f->type == BERTH_TIME ? zone_midnight(p->c->st->company.zone, day) : day));
        return true;
    }
    if (strncmp(name, "@now", 4) == 0 && macro_shift(name + 4, &shift)) {
        add_value(p, w, berth_i(w->f->type == BERTH_DATE ? (p->c->now + shift) / WHEN_DAY
                                                         : p->c->now + shift));
        return true;
    }
    fail(p, "err.filter_value", name);
    return false;
}

/* "@field" of the record it is about; empty, it is no condition. */
static bool add_own(struct parse *p, struct where *w, const char *s, size_t n)
{
    const struct field *f = p->about == NULL || model_macro(s + 1, n - 1) ? NULL : map_getn(&p->about->t->by_name, s + 1, n - 1);
    struct berth_val v = f == NULL ? berth_nil() : p->about->v[f->at];

    p->moves = true;
    if (f == NULL)
        return false;
    if (val_is_nil(v))
        *w = (struct where){.op = W_AND};
    else
        add_value(p, w, v);
    return true;
}

/* Values of filters are looser than values of records: a part of a phone number is fine. */
static bool add_text(struct parse *p, struct where *w, const char *s, size_t n)
{
    struct field loose = *w->f;
    struct berth_val v;

    if (w->f == NULL) /* another value of a list was empty, so it is no condition */
        return true;
    if (n > 0 && s[0] == '@' && p->written) {
        add_value(p, w, (struct berth_val){BERTH_TEXT, (int32_t)n, {.s = arena_strndup(p->c->a, s, n)}});
        return true;
    }
    if (n > 0 && s[0] == '@' && add_own(p, w, s, n))
        return true;
    if (n > 0 && s[0] == '@' && (w->f->type == BERTH_REF || w->f->at == F_ID || w->f->type == BERTH_DATE ||
                                 w->f->type == BERTH_TIME))
        return add_macro(p, w, arena_strndup(p->c->a, s, n));
    if (field_is_text(w->f) && (w->f->type != BERTH_PICK || w->op == W_CONTAINS || w->op == W_BEGINS)) {
        v = (struct berth_val){BERTH_TEXT, (int32_t)n, {.s = arena_strndup(p->c->a, s, n)}};
    } else {
        loose.flags &= ~(uint32_t)BERTH_MANY;
        loose.name = "filter";
        if (!val_from_text(p->c, &loose, s, n, &v))
            return false;
        if (val_is_nil(v))
            return fail(p, "err.filter_value", w->f->name) != NULL;
    }
    add_value(p, w, v);
    return true;
}

static bool op_fits(struct parse *p, const struct where *w)
{
    bool text = field_is_text(w->f);

    if ((w->op == W_CONTAINS || w->op == W_BEGINS) && !text)
        return fail(p, "err.filter_op", w->f->name) != NULL;
    if (w->op >= W_LT && w->op <= W_GE && (w->f->type == BERTH_BOOL || (w->f->flags & BERTH_MANY)))
        return fail(p, "err.filter_op", w->f->name) != NULL;
    return true;
}

/* ---- within: a period, or from one value to another ------------------------------ */
static bool has_days(const struct field *f)
{
    return f->type == BERTH_DATE || f->type == BERTH_TIME;
}

static const struct where *limit(struct parse *p, const struct field *f, enum where_op op, int64_t day)
{
    struct where *w = node(p, op);

    w->f = f;
    if (f->type == BERTH_TIME && op == W_LE) { /* to the end of that day */
        w->op = W_LT;
        day++;
    }
    add_value(p, w, berth_i(f->type == BERTH_TIME ? zone_midnight(p->c->st->company.zone, day) : day));
    return w;
}

static const struct where *within_days(struct parse *p, const struct field *f, const char *name)
{
    int64_t from, to;

    p->moves = true;
    if (!has_days(f))
        return fail(p, "err.filter_op", f->name);
    if (!span_named(name, where_today(p->c), &from, &to))
        return fail(p, "err.filter_value", name);
    return where_and(p->c, limit(p, f, W_GE, from), limit(p, f, W_LE, to));
}

/* ---- JSON ---------------------------------------------------------------------- */
static const struct where *from_json(struct parse *p, const json_t *j);

static bool add_json_value(struct parse *p, struct where *w, const json_t *v)
{
    struct field loose = *w->f;
    struct berth_val x;

    if (json_is_string(v))
        return add_text(p, w, json_string_value(v), json_string_length(v));
    loose.flags &= ~(uint32_t)BERTH_MANY;
    loose.name = "filter";
    loose.max = 0;
    if (field_is_text(w->f) && w->f->type != BERTH_REF && !json_is_string(v))
        return fail(p, "err.filter_value", w->f->name) != NULL;
    if (!val_from_json(p->c, &loose, v, &x))
        return false;
    add_value(p, w, x);
    return true;
}

static const struct where *group_json(struct parse *p, enum where_op op, const json_t *list)
{
    struct where *w = node(p, op);
    size_t i;
    json_t *kid;

    if (!json_is_array(list))
        return fail(p, "err.filter_form", "");
    w->kids = arena_alloc(p->c->a, (json_array_size(list) + 1) * sizeof(*w->kids));
    json_array_foreach (list, i, kid) {
        const struct where *k = from_json(p, kid);

        if (k == NULL)
            return NULL;
        w->kids[w->nkids++] = k;
    }
    return w;
}

/* One end of a pair; null leaves it open.  *ok: it was understood. */
static const struct where *end_json(struct parse *p, const struct field *f, enum where_op op, const json_t *v, bool *ok)
{
    const char *s = json_string_value(v);
    struct where *w;
    int64_t from, to;

    if (v == NULL || json_is_null(v))
        return NULL;
    if (has_days(f)) {
        *ok = s != NULL && (when_date_parse(s, strlen(s), &from) || span_named(s, where_today(p->c), &from, &to));
        return *ok ? limit(p, f, op, from) : fail(p, "err.filter_value", f->name);
    }
    w = node(p, op);
    w->f = f;
    *ok = add_json_value(p, w, v);
    return *ok ? w : NULL;
}

/* ["created_at","within","@this_week"], ["amount","within",[100,200]]: both ends count. */
static const struct where *within_json(struct parse *p, const struct field *f, const json_t *v)
{
    const struct where *from, *to;
    bool ok = true;

    if (json_is_string(v))
        return within_days(p, f, json_string_value(v));
    if (!has_days(f) && f->type != BERTH_INT && f->type != BERTH_REAL && f->type != BERTH_MONEY)
        return fail(p, "err.filter_op", f->name);
    if (!json_is_array(v) || json_array_size(v) != 2)
        return fail(p, "err.filter_value", f->name);
    from = end_json(p, f, W_GE, json_array_get(v, 0), &ok);
    to = ok ? end_json(p, f, W_LE, json_array_get(v, 1), &ok) : NULL;
    if (!ok)
        return NULL;
    return from == NULL && to == NULL ? fail(p, "err.filter_value", f->name) : where_and(p->c, from, to);
}

/* ["_tag","=",3], ["_tag","in",[3,4]]: records that carry one of these tags. */
static const struct where *tag_json(struct parse *p, const json_t *op, const json_t *v)
{
    struct where *w = node(p, W_TAGGED);
    const char *s = json_string_value(op);
    size_t n = json_is_array(v) ? json_array_size(v) : 1;

    if (s == NULL || (strcmp(s, "=") != 0 && strcmp(s, "in") != 0) || n > LIST_MAX)
        return fail(p, "err.filter_op", "_tag");
    w->f = &p->t->fields[F_ID];
    w->v = arena_alloc(p->c->a, (n + 1) * sizeof(*w->v));
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_is_array(v) ? json_array_get(v, i) : v;

        if (!json_is_integer(one))
            return fail(p, "err.filter_value", "_tag");
        w->v[w->nv++] = berth_i(json_integer_value(one));
    }
    return w;
}

static const struct where *cmp_json(struct parse *p, const json_t *j)
{
    if (json_is_string(json_array_get(j, 0)) && strcmp(json_string_value(json_array_get(j, 0)), "_tag") == 0)
        return tag_json(p, json_array_get(j, 1), json_array_get(j, 2));

    const char *name = json_string_value(json_array_get(j, 0));
    const char *op = json_string_value(json_array_get(j, 1));
    const json_t *v = json_array_get(j, 2);
    struct where *w = node(p, W_EQ);
    size_t i;
    json_t *item;

    if (name == NULL || op == NULL)
        return fail(p, "err.filter_form", "");
    if ((w->f = readable(p, name)) == NULL)
        return NULL;
    if (strcmp(op, "within") == 0)
        return within_json(p, w->f, v);
    w->op = op_of(op, strlen(op));
    if (w->op == W_AND)
        return fail(p, "err.filter_op", op);
    if (!op_fits(p, w))
        return NULL;
    if (w->op == W_EMPTY || w->op == W_NOT_EMPTY)
        return w;
    if (v == NULL || json_is_null(v)) {
        if (w->op != W_EQ && w->op != W_NE)
            return fail(p, "err.filter_value", name);
        w->op = w->op == W_EQ ? W_EMPTY : W_NOT_EMPTY;
        return w;
    }
    if (json_is_array(v)) {
        if ((w->op != W_IN && w->op != W_NOT_IN) || json_array_size(v) > LIST_MAX)
            return fail(p, "err.filter_value", name);
        json_array_foreach (v, i, item)
            if (!add_json_value(p, w, item))
                return NULL;
        return w;
    }
    return add_json_value(p, w, v) ? w : NULL;
}

static const struct where *from_json(struct parse *p, const json_t *j)
{
    const struct where *w = NULL;
    const json_t *sub;

    if (p->c->rc != BERTH_OK)
        return NULL;
    if (++p->depth > DEPTH_MAX)
        return fail(p, "err.filter_size", "");
    if (json_is_array(j)) {
        w = cmp_json(p, j);
    } else if (json_is_object(j) && json_object_size(j) == 1) {
        if ((sub = json_object_get(j, "and")) != NULL) {
            w = group_json(p, W_AND, sub);
        } else if ((sub = json_object_get(j, "or")) != NULL) {
            w = group_json(p, W_OR, sub);
        } else if ((sub = json_object_get(j, "not")) != NULL) {
            struct where *n = node(p, W_NOT);

            n->kids = arena_alloc(p->c->a, sizeof(*n->kids));
            n->kids[0] = from_json(p, sub);
            n->nkids = 1;
            w = n->kids[0] == NULL ? NULL : n;
        }
    }
    p->depth--;
    return w != NULL ? w : fail(p, "err.filter_form", "");
}

bool where_json(struct berth_ctx *c, const struct table *t, const json_t *j, const struct where **out)
{
    struct parse p = {.c = c, .t = t};

    *out = NULL;
    if (j == NULL || json_is_null(j))
        return true;
    *out = from_json(&p, j);
    return *out != NULL && c->rc == BERTH_OK;
}

/* ---- text ---------------------------------------------------------------------- */
static void blanks(struct parse *p)
{
    while (isspace((unsigned char)*p->s))
        p->s++;
}

static bool word(struct parse *p, const char *w)
{
    size_t n = strlen(w);

    blanks(p);
    if (strncasecmp(p->s, w, n) != 0 || isalnum((unsigned char)p->s[n]) || p->s[n] == '_')
        return false;
    p->s += n;
    return true;
}

static bool sign(struct parse *p, char ch)
{
    blanks(p);
    if (*p->s != ch)
        return false;
    p->s++;
    return true;
}

static const char *name_text(struct parse *p)
{
    const char *from;

    blanks(p);
    from = p->s;
    while (isalnum((unsigned char)*p->s) || *p->s == '_')
        p->s++;
    return arena_strndup(p->c->a, from, (size_t)(p->s - from));
}

static bool value_text(struct parse *p, struct where *w)
{
    const char *from;

    blanks(p);
    if (*p->s == '?') {
        p->s++;
        if (p->arg >= p->nargs)
            return fail(p, "err.filter_value", "?") != NULL;
        add_value(p, w, p->args[p->arg++]);
        return true;
    }
    if (*p->s == '\'') {
        struct buf b = BUF_INIT;
        bool ok;

        for (p->s++; *p->s != '\0' && (*p->s != '\'' || p->s[1] == '\''); p->s++) {
            if (*p->s == '\'')
                p->s++;
            buf_putc(&b, *p->s);
        }
        ok = *p->s == '\'';
        if (ok) {
            p->s++;
            ok = add_text(p, w, buf_str(&b), b.len);
        } else {
            fail(p, "err.filter_form", p->text);
        }
        buf_free(&b);
        return ok;
    }
    from = p->s;
    while (isalnum((unsigned char)*p->s) || strchr("@+-._", *p->s) != NULL) {
        if (*p->s == '\0')
            break;
        p->s++;
    }
    if (p->s == from)
        return fail(p, "err.filter_form", p->text) != NULL;
    return add_text(p, w, from, (size_t)(p->s - from));
}

static const struct where *cmp_text(struct parse *p)
{
    struct where *w = node(p, W_EQ);
    const char *name = name_text(p);
    size_t n;

    if (*name == '\0')
        return fail(p, "err.filter_form", p->text);
    if ((w->f = readable(p, name)) == NULL)
        return NULL;
    if (word(p, "within")) {
        blanks(p);
        n = strspn(p->s, "@_+-abcdefghijklmnopqrstuvwxyz0123456789");
        p->s += n;
        return within_days(p, w->f, arena_strndup(p->c->a, p->s - n, n));
    }
    if (word(p, "not"))
        w->op = word(p, "in") ? W_NOT_IN : word(p, "empty") ? W_NOT_EMPTY : W_AND;
    else if (word(p, "in"))
        w->op = W_IN;
    else if (word(p, "empty"))
        w->op = W_EMPTY;
    else {
        blanks(p);
        n = strspn(p->s, "=!<>~^");
        w->op = op_of(p->s, n);
        p->s += n;
    }
    if (w->op == W_AND)
        return fail(p, "err.filter_op", name);
    if (!op_fits(p, w))
        return NULL;
    if (w->op == W_EMPTY || w->op == W_NOT_EMPTY)
        return w;
    if (w->op != W_IN && w->op != W_NOT_IN)
        return value_text(p, w) ? w : NULL;
    if (!sign(p, '('))
        return value_text(p, w) ? w : NULL; /* in @team */
    do {
        if (w->nv >= LIST_MAX || !value_text(p, w))
            return NULL;
    } while (sign(p, ','));
    return sign(p, ')') ? w : fail(p, "err.filter_form", p->text);
}

static const struct where *or_text(struct parse *p);

static const struct where *unary_text(struct parse *p)
{
    const struct where *w;

    if (++p->depth > DEPTH_MAX)
        return fail(p, "err.filter_size", "");
    if (word(p, "not")) {
        struct where *n = node(p, W_NOT);

        n->kids = arena_alloc(p->c->a, sizeof(*n->kids));
        n->kids[0] = unary_text(p);
        n->nkids = 1;
        w = n->kids[0] == NULL ? NULL : n;
    } else if (sign(p, '(')) {
        w = or_text(p);
        if (w != NULL && !sign(p, ')'))
            w = fail(p, "err.filter_form", p->text);
    } else {
        w = cmp_text(p);
    }
    p->depth--;
    return w;
}

static const struct where *chain(struct parse *p, enum where_op op, const char *joint,
                                 const struct where *(*next)(struct parse *))
{
    const struct where *first = next(p);
    struct where *w = NULL;

    while (first != NULL && word(p, joint)) {
        const struct where *k = next(p), **kids;

        if (k == NULL)
            return NULL;
        if (w == NULL) {
            w = node(p, op);
            w->kids = arena_alloc(p->c->a, sizeof(*w->kids));
            w->kids[w->nkids++] = first;
        }
        kids = arena_alloc(p->c->a, (w->nkids + 1) * sizeof(*kids));
        memcpy(kids, w->kids, w->nkids * sizeof(*kids));
        kids[w->nkids++] = k;
        w->kids = kids;
    }
    return w != NULL ? w : first;
}

static const struct where *and_text(struct parse *p)
{
    return chain(p, W_AND, "and", unary_text);
}

static const struct where *or_text(struct parse *p)
{
    return chain(p, W_OR, "or", and_text);
}

static bool sort_add(struct parse *p, struct where_query *q, const char *name, bool down)
{
    const struct field *f = readable(p, name);

    if (f == NULL)
        return false;
    if (q->nsort == WHERE_SORTS || (f->flags & BERTH_MANY) || f->type == BERTH_JSON)
        return fail(p, "err.filter_sort", name) != NULL;
    q->sort[q->nsort++] = (struct where_sort){f, down};
    return true;
}

bool where_text(struct berth_ctx *c, const struct table *t, const char *text,
                const struct berth_val *args, size_t nargs, struct where_query *out)
{
    struct parse p = {.c = c, .t = t, .s = text, .text = text, .args = args, .nargs = nargs};

    *out = (struct where_query){0};
    if (text == NULL)
        return true;
    blanks(&p);
    if (*p.s == '[' || *p.s == '{') { /* the JSON form, as administrators' filters are kept */
        json_t *j = json_loads(p.s, JSON_REJECT_DUPLICATES, NULL);
        bool ok = j == NULL ? fail(&p, "err.filter_form", text) != NULL : where_json(c, t, j, &out->where);

        json_decref(j);
        return ok;
    }
    if (*p.s != '\0' && strncasecmp(p.s, "order ", 6) != 0 && strncasecmp(p.s, "limit ", 6) != 0 &&
        (out->where = or_text(&p)) == NULL)
        return false;
    if (word(&p, "order")) {
        if (!word(&p, "by"))
            return fail(&p, "err.filter_form", text) != NULL;
        do {
            const char *name = name_text(&p);
            bool down = word(&p, "desc");

            word(&p, "asc");
            if (!sort_add(&p, out, name, down))
                return false;
        } while (sign(&p, ','));
    }
    if (word(&p, "limit")) {
        char *end;

        blanks(&p);
        out->limit = strtoll(p.s, &end, 10);
        if (end == p.s || out->limit < 1)
            return fail(&p, "err.filter_form", text) != NULL;
        p.s = end;
    }
    blanks(&p);
    if (*p.s != '\0')
        return fail(&p, "err.filter_form", p.s) != NULL;
    return c->rc == BERTH_OK;
}

bool where_sort(struct berth_ctx *c, const struct table *t, const char *text, struct where_query *out)
{
    struct parse p = {.c = c, .t = t, .s = text, .text = text};

    out->nsort = 0;
    if (text == NULL || *text == '\0')
        return true;
    do {
        bool down = sign(&p, '-');

        if (!sort_add(&p, out, name_text(&p), down))
            return false;
    } while (sign(&p, ','));
    if (out->nsort == 1 && out->sort[0].f->at == F_ID && out->sort[0].down)
        out->nsort = 0; /* newest first is how lists are anyway */
    return *p.s == '\0' ? true : fail(&p, "err.filter_sort", p.s) != NULL;
}

const struct where *where_declared(struct berth_ctx *c, const struct table *t, const struct where_terms *terms, const char *text,
                                   bool *moves)
{
    struct parse p = {.c = c, .t = t, .s = text, .text = text, .about = terms->about, .written = terms->written};
    const struct where *w = or_text(&p);

    *moves = p.moves;
    return w;
}
