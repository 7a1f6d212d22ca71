/* ctx.c - the life of a request's context and how its errors are told. */
#include "record/ctx.h"

#include <string.h>

#include "base/log.h"
#include "record/row.h"
#include "record/titles.h"

void ctx_init(struct berth_ctx *c, struct store *st, struct db_conn *conn, struct arena *a,
              const struct who *who, const char *locale)
{
    *c = (struct berth_ctx){
        .st = st,
        .m = atomic_load(&st->model),
        .conn = conn,
        .a = a,
        .who = who,
        .now = store_now(st),
        .titles_at = titles_now(st->titles),
        .locale = locale != NULL ? locale : who != NULL ? who->locale : st->company.locale,
        .op = "update",
    };
    if (who != NULL)
        c->m = who->m;
    c->problems_end = &c->problems;
}

int ctx_fail(struct berth_ctx *c, enum berth_rc rc, const char *code, const char *key)
{
    if (c->rc == BERTH_OK) {
        c->rc = rc;
        c->code = code;
        c->key = key;
    }
    return c->rc;
}

static void take_args(struct berth_ctx *c, const char **to, size_t max, va_list ap)
{
    size_t n = 0;

    for (const char *s; n < max && (s = va_arg(ap, const char *)) != NULL;)
        to[n++] = arena_strdup(c->a, s);
    to[n] = NULL;
}

/* The first problem of a field is enough. */
static bool add_problem(struct berth_ctx *c, struct ctx_problem *p)
{
    for (const struct ctx_problem *q = c->problems; q != NULL; q = q->next)
        if (strcmp(q->field, p->field) == 0)
            return false;
    *c->problems_end = p;
    c->problems_end = &p->next;
    return true;
}

int ctx_fail_at(struct berth_ctx *c, enum berth_rc rc, const char *field, const char *key)
{
    struct ctx_problem *p = arena_alloc(c->a, sizeof(*p));

    *p = (struct ctx_problem){.field = field == NULL ? NULL : arena_strdup(c->a, field), .key = key};
    if (field != NULL && c->rc == BERTH_OK)
        add_problem(c, p);
    return ctx_fail(c, rc, NULL, key);
}

int ctx_invalid(struct berth_ctx *c, const char *field, const char *key, ...)
{
    struct ctx_problem *p = arena_alloc(c->a, sizeof(*p));
    va_list ap;

    if (c->rc != BERTH_OK && c->rc != BERTH_INVALID)
        return c->rc;
    p->field = arena_strdup(c->a, field);
    p->key = key;
    va_start(ap, key);
    take_args(c, p->args, 4, ap);
    va_end(ap);
    return add_problem(c, p) ? ctx_fail(c, BERTH_INVALID, "invalid", "err.invalid") : (int)c->rc;
}

int ctx_db(struct berth_ctx *c, int db_rc, const char *what)
{
    switch (db_rc) {
    case DB_INTERRUPTED:
        return ctx_fail(c, (enum berth_rc)CTX_OVERRUN, "too_slow", "err.too_slow");
    case DB_BUSY:
        return ctx_fail(c, BERTH_BUSY, "busy", "err.busy");
    case DB_FULL:
        return ctx_fail(c, BERTH_FULL, "disk_full", "err.disk_full");
    case DB_UNIQUE:
        return ctx_fail(c, BERTH_CONFLICT, "unique", "err.unique");
    default:
        log_error("record", "%s: %s (request %s)", what, db_error(c->conn),
                  c->request == NULL ? "-" : c->request);
        return ctx_fail(c, BERTH_BROKEN, "broken", "err.broken");
    }
}

int ctx_write(struct berth_ctx *c, struct db_stmt *s, const char *what)
{
    int rc = db_step(s);

    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, what) : (int)c->rc;
}

void ctx_clear(struct berth_ctx *c)
{
    c->rc = BERTH_OK;
    c->code = c->key = NULL;
    c->args[0] = NULL;
    c->problems = NULL;
    c->problems_end = &c->problems;
    c->matches = NULL;
    c->current = NULL;
    c->mine = NULL;
}

void ctx_resume(struct berth_ctx *c, const struct berth_ctx *before)
{
    const struct berth_ctx inner = *c;

    *c = *before;
    c->rc = inner.rc;
    c->code = inner.code;
    c->key = inner.key;
    memcpy(c->args, inner.args, sizeof(c->args));
    c->problems = inner.problems;
    c->problems_end = inner.problems == NULL ? &c->problems : inner.problems_end;
    c->matches = inner.matches;
    c->into = inner.into;
    c->current = inner.current;
    c->mine = inner.mine;
    c->done = inner.done;
    c->waits = inner.waits;
    c->redeclared = inner.redeclared;
    c->cut = inner.cut;
    c->told_once = inner.told_once;
}

void ctx_after_commit(struct berth_ctx *c, void (*run)(struct berth_ctx *, void *), void *arg)
{
    struct ctx_done *d = arena_alloc(c->a, sizeof(*d)), **end = &c->done;

    *d = (struct ctx_done){.run = run, .arg = arg};
    while (*end != NULL)
        end = &(*end)->next;
    *end = d;
}

void ctx_run_done(struct berth_ctx *c)
{
    c->writing = false;
    for (struct ctx_done *d = c->done; d != NULL; d = d->next) {
        ctx_clear(c);
        d->run(c, d->arg);
    }
    c->done = NULL;
}

const char *ctx_text(struct berth_ctx *c, const char *key, const char *const *args)
{
    struct buf b = BUF_INIT;
    const char *text;

    labels_fill(&b, labels_get(c->st->labels, c->locale, key), args);
    text = arena_strdup(c->a, buf_str(&b));
    buf_free(&b);
    return text;
}

static void problem_json(struct berth_ctx *c, struct json *j, const struct ctx_problem *p)
{
    const char *dot = strrchr(p->key, '.');

    json_key(j, p->field);
    json_open(j, '{');
    json_text(j, "code", dot == NULL ? p->key : dot + 1);
    json_text(j, "message", ctx_text(c, p->key, p->args));
    json_close(j, '}');
}

static void match_json(struct json *j, const struct ctx_match *m)
{
    json_open(j, '{');
    json_text(j, "table", m->table->name);
    json_key(j, "id");
    if (m->id == 0)
        json_nil(j);
    else
        json_int(j, m->id);
    json_text(j, "title", m->title);
    json_key(j, "by");
    json_open(j, '[');
    for (size_t i = 0; i < m->nby; i++)
        json_str(j, m->by[i]);
    json_close(j, ']');
    json_close(j, '}');
}

void ctx_matches_json(struct berth_ctx *c, struct json *j)
{
    json_open(j, '[');
    for (const struct ctx_match *m = c->matches; m != NULL; m = m->next)
        match_json(j, m);
    json_close(j, ']');
}

int ctx_error_json(struct berth_ctx *c, struct buf *out)
{
    static const struct {
        int rc, status;
        const char *code;
    } kinds[] = {
        {BERTH_INVALID, 422, "invalid"},    {BERTH_DENIED, 403, "denied"},
        {BERTH_NOT_FOUND, 404, "not_found"}, {BERTH_CONFLICT, 409, "conflict"},
        {BERTH_BUSY, 503, "busy"},          {BERTH_FULL, 507, "disk_full"},
        {CTX_OVERRUN, 503, "too_slow"},
    };
    struct json j = json_to(out);
    const char *code = "broken";
    int status = 500;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (kinds[i].rc == (int)c->rc) {
            status = kinds[i].status;
            code = kinds[i].code;
        }
    if (c->code != NULL)
        code = c->code;
    json_open(&j, '{');
    json_key(&j, "error");
    json_open(&j, '{');
    json_text(&j, "code", code);
    json_text(&j, "message", ctx_text(c, c->key != NULL ? c->key : arena_fmt(c->a, "err.%s", code), c->args));
    json_text(&j, "request", c->request);
    if (c->problems != NULL) {
        json_key(&j, "fields");
        json_open(&j, '{');
        for (const struct ctx_problem *p = c->problems; p != NULL; p = p->next)
            problem_json(c, &j, p);
        json_close(&j, '}');
    }
    if (c->matches != NULL) {
        json_key(&j, "blocked"); /* nobody may save it anyway */
        json_bool(&j, strcmp(c->key != NULL ? c->key : "", "err.duplicate_blocked") == 0);
        json_key(&j, "matches");
        ctx_matches_json(c, &j);
    }
    if (c->into != 0)
        json_number(&j, "into", c->into);
    if (c->current != NULL) {
        json_key(&j, "current");
        row_json(&j, c->current);
    }
    if (c->mine != NULL) {
        json_key(&j, "mine");
        json_raw(&j, c->mine, strlen(c->mine));
    }
    json_close(&j, '}');
    json_close(&j, '}');
    return status;
}
