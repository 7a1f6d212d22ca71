/* script_try.c - a rule's draft asked about records that are there, beside what is in force: nothing changes. */
#include <string.h>

#include "record/find.h"
#include "record/hook.h"
#include "web/app.h"

enum { ASKED_MAX = 500, SHOWN = 50, ARGS_MAX = 8 };

struct trial {
    struct call *k;
    const struct rule *rule;
    const struct table *t; /* whose records it is asked about */
    struct script_draft *draft;
    struct buf err;
    char *names[ARGS_MAX];
    struct berth_val args[ARGS_MAX];
    size_t nargs, asked, changed, shown;
};

/* The rule's arguments by name; the first that is a table is what it is about.  False: none is. */
static bool read_names(struct trial *x)
{
    char *list = arena_strdup(x->k->req->arena, x->rule->args), *rest = NULL;

    for (char *s = strtok_r(list, ", ", &rest); s != NULL && x->nargs < ARGS_MAX; s = strtok_r(NULL, ", ", &rest)) {
        if (x->t == NULL)
            x->t = model_table(x->k->c.m, s);
        x->names[x->nargs++] = s;
    }
    return x->t != NULL;
}

/* Plain values come with the request; a record that the first one names stands in its field. */
static struct berth_val arg(struct trial *x, const char *name, struct berth_row *row)
{
    const json_t *given = json_object_get(json_object_get(call_object(x->k), "args"), name);
    const struct field *f = model_field(x->t, arena_fmt(x->k->req->arena, "%s_id", name));

    if (strcmp(name, x->t->name) == 0)
        return berth_r(row);
    if (json_is_string(given))
        return berth_s(json_string_value(given));
    if (json_is_integer(given))
        return berth_i(json_integer_value(given));
    if (strcmp(name, "user_id") == 0)
        return (struct berth_val){BERTH_REF, 0, {.i = x->k->user}};
    return f == NULL ? berth_nil() : row->v[f->at];
}

static void result(struct trial *x, struct json *j, const char *key, struct berth_val v)
{
    const struct field as = {.name = key, .type = x->rule->returns};

    json_key(j, key);
    val_json(j, &as, v);
}

/* False: the draft failed, and the ctx says why. */
static bool ask(struct trial *x, struct berth_row *row, struct json *j)
{
    struct berth_ctx *c = &x->k->c;
    struct berth_val now, then;
    int rc;

    for (size_t i = 0; i < x->nargs; i++)
        x->args[i] = arg(x, x->names[i], row);
    now = rule_ask(c, x->rule, x->args, x->nargs);
    rc = c->st->scripts.draft_ask(x->draft, c, x->args, x->nargs, &then, &x->err);
    if (rc < 0) {
        ctx_invalid(c, "script", "err.draft", "why", buf_str(&x->err), NULL);
        return false;
    }
    if (rc == 0) /* no opinion */
        then = rule_default(c, x->rule);
    x->asked++;
    if (val_equal(now, then))
        return true;
    x->changed++;
    if (x->shown == SHOWN)
        return true;
    x->shown++;
    json_open(j, '{');
    json_number(j, "id", row_id(row));
    json_text(j, "title", row_title(row));
    result(x, j, "now", now);
    result(x, j, "draft", then);
    json_close(j, '}');
    return true;
}

static int run(struct trial *x)
{
    struct berth_ctx *c = &x->k->c;
    struct where_query q = {.sort = {{&x->t->fields[F_ID], true}}, .nsort = 1, .limit = ASKED_MAX};
    struct berth_rows *rows = find_rows(c, x->t, &q);
    struct json j = call_json(x->k);

    json_open(&j, '{');
    json_text(&j, "table", x->t->name);
    json_key(&j, "rows");
    json_open(&j, '[');
    for (size_t i = 0; rows != NULL && i < rows->n; i++)
        if (!ask(x, rows->row[i], &j))
            return c->rc;
    json_close(&j, ']');
    json_number(&j, "asked", (int64_t)x->asked);
    json_number(&j, "changed", (int64_t)x->changed);
    json_close(&j, '}');
    return c->rc;
}

static int script_try(struct call *k)
{
    const char *name = call_string(k, "rule"), *text = call_string(k, "script");
    struct trial x = {.k = k, .rule = name == NULL ? NULL : model_rule(k->c.m, name), .err = BUF_INIT};
    int rc;

    if (x.rule == NULL || text == NULL || k->c.st->scripts.draft == NULL || !read_names(&x))
        return call_bad(k, "rule");
    x.draft = k->c.st->scripts.draft(&k->c, x.rule, text, strlen(text), &x.err);
    rc = x.draft == NULL ? ctx_invalid(&k->c, "script", "err.draft", "why", buf_str(&x.err), NULL) : run(&x);
    if (x.draft != NULL)
        k->c.st->scripts.draft_free(&x.draft);
    buf_free(&x.err);
    return rc;
}

const struct route_entry routes_script_try[] = {
    {"POST", "/api/_script/try", R_ADMIN | R_SLOW, script_try,
     .about = "a rule's draft asked about the newest 500 records, beside what is in force: {\"rule\",\"script\",\"args\":{…}}"},
    {0},
};
