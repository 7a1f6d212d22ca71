/* offer.c - a reference with .where names only records for which that holds. */
#include "record/offer.h"

#include <stdlib.h>
#include <string.h>

#include "record/condition.h"
#include "record/find.h"
#include "record/where.h"

/* ---- whether one may be named -------------------------------------------------------------------- */
static bool named_before(const struct field *f, int64_t id, const struct berth_row *about)
{
    struct berth_val was = about == NULL || about->old == NULL || f->table != about->t ? berth_nil() : about->old->v[f->at];

    if (val_is_nil(was))
        return false;
    return f->flags & BERTH_MANY ? strstr(was.s, arena_fmt(about->c->a, "|%lld|", (long long)id)) != NULL : was.i == id;
}

static bool one(struct berth_ctx *c, const struct field *f, int64_t id, const struct berth_row *about)
{
    const struct berth_row *named = named_before(f, id, about) ? NULL : find_raw(c, f->ref, id);

    if (named == NULL || where_holds_for(c, f->where, named, about))
        return true;
    ctx_invalid(c, f->name, "err.not_offered", "title", row_title(named), NULL);
    return false;
}

bool offer_check(struct berth_ctx *c, const struct field *f, struct berth_val v, const struct berth_row *about)
{
    if (f->type != BERTH_REF || f->where == NULL || f->ref == NULL || val_is_nil(v))
        return true;
    if (!(f->flags & BERTH_MANY))
        return one(c, f, v.i, about);
    for (const char *s = v.s; *s == '|' && s[1] != '\0'; s = strchrnul(s + 1, '|'))
        if (!one(c, f, strtoll(s + 1, NULL, 10), about))
            return false;
    return true;
}

bool offer_check_row(struct berth_row *r)
{
    for (int i = F_DECLARED; i < r->t->nfields && r->c->rc == BERTH_OK; i++)
        offer_check(r->c, &r->t->fields[i], r->v[i], r);
    return r->c->rc == BERTH_OK;
}

/* ---- as JSON --------------------------------------------------------------------------------------- */
static const char *const ops[] = {[W_EQ] = "=", [W_NE] = "!=", [W_LT] = "<", [W_LE] = "<=", [W_GT] = ">", [W_GE] = ">=",
                                  [W_CONTAINS] = "~", [W_BEGINS] = "^", [W_IN] = "in", [W_NOT_IN] = "not in",
                                  [W_EMPTY] = "empty", [W_NOT_EMPTY] = "not empty"};

/* As it was written behind an @, or a value of the field. */
static void put_value(struct json *j, const struct field *f, struct berth_val v)
{
    struct field single = *f;

    single.flags &= ~(uint32_t)BERTH_MANY;
    if (v.type == BERTH_TEXT && v.len > 0 && v.s[0] == '@')
        json_strn(j, v.s, (size_t)v.len);
    else
        val_json(j, &single, v);
}

static void put_leaf(struct json *j, const struct where *w)
{
    bool list = w->op == W_IN || w->op == W_NOT_IN;

    json_open(j, '[');
    json_str(j, w->f->name);
    json_str(j, ops[w->op]);
    if (list)
        json_open(j, '[');
    for (size_t i = 0; i < w->nv; i++)
        put_value(j, w->f, w->v[i]);
    if (list)
        json_close(j, ']');
    json_close(j, ']');
}

static void put(struct json *j, const struct where *w)
{
    if (w->op > W_NOT) {
        put_leaf(j, w);
        return;
    }
    json_open(j, '{');
    json_key(j, w->op == W_AND ? "and" : w->op == W_OR ? "or" : "not");
    if (w->op == W_NOT) {
        put(j, w->kids[0]);
    } else {
        json_open(j, '[');
        for (size_t i = 0; i < w->nkids; i++)
            put(j, w->kids[i]);
        json_close(j, ']');
    }
    json_close(j, '}');
}

void offer_json(struct berth_ctx *c, struct json *j, const struct table *t, const char *text)
{
    const struct where *w = where_written(c, t, text);

    if (w == NULL)
        json_nil(j);
    else
        put(j, w);
}
