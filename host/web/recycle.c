/* recycle.c - rules about falling back, tried out: who would lose what and when.  share/doc/pools.md */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/when.h"
#include "lua/script.h"
#include "record/find.h"
#include "record/recycle.h"
#include "record/told.h"
#include "record/whatif.h"
#include "record/zone.h"
#include "sheet/sheet.h"
#include "web/app.h"

enum { PAGE = 100, SPANS = 5 };
static const char *const span_names[SPANS] = {"now", "week", "month", "later", "never"};

/* ---- the question ---------------------------------------------------------------------------------- */
/* A moment, or a day on the company's clock: where it begins, and with after = 1 where it ends. */
static bool moment(struct call *k, const char *key, int after, int64_t *out)
{
    const char *s = call_string(k, key);
    int64_t day;

    *out = 0;
    if (s == NULL || *s == '\0')
        return true;
    if (when_time_parse(s, strlen(s), out))
        return true;
    if (when_date_parse(s, strlen(s), &day)) {
        *out = zone_midnight(k->c.st->company.zone, day + after);
        return true;
    }
    ctx_invalid(&k->c, key, "err.time", NULL);
    return false;
}

static bool question(struct call *k, struct whatif *w)
{
    const char *rule = call_string(k, "rule");

    if (call_object(k) == NULL)
        return false;
    *w = (struct whatif){.t = k->t, .script = call_string(k, "script"), .owner = json_integer_value(json_object_get(k->body, "owner"))};
    if (k->t->at_due < 0 || !perm_has(k->c.who, "pools.whatif") || !perm_may(k->c.who, k->t, DO_READ)) {
        ctx_fail(&k->c, BERTH_DENIED, "denied", "err.denied");
        return false;
    }
    w->rule = rule != NULL && strcmp(rule, "release_days") == 0 ? k->t->release_days : k->t->release;
    if (w->script != NULL && w->rule == NULL)
        return call_bad(k, "rule") == BERTH_OK;
    if (w->script != NULL)
        w->len = json_string_length(json_object_get(k->body, "script"));
    if (!moment(k, "from", 0, &w->from) || !moment(k, "to", 1, &w->to))
        return false;
    if (w->from != 0 && (w->to == 0 || w->to > k->c.now))
        w->to = k->c.now;
    if (w->from != 0 && w->from >= w->to)
        ctx_invalid(&k->c, w->from >= k->c.now ? "from" : "to", w->from >= k->c.now ? "err.replay_future" : "err.replay_order", NULL);
    return k->c.rc == BERTH_OK;
}

/* ---- per owner ---------------------------------------------------------------------------------------- */
struct owner {
    int64_t id, spans[SPANS], sooner, first;
};

struct summary {
    int64_t now;
    struct owner *at; /* open hash by id */
    size_t cap, n;
};

static struct owner *owner_of(struct summary *s, int64_t id)
{
    size_t i;

    if (s->n * 2 >= s->cap) {
        struct owner *old = s->at;
        size_t n = s->cap;

        s->cap = n == 0 ? 64 : n * 2;
        s->at = mem_alloc(s->cap * sizeof(*s->at));
        s->n = 0;
        for (size_t k = 0; k < n; k++)
            if (old[k].id != 0)
                *owner_of(s, old[k].id) = old[k];
        free(old);
    }
    i = (size_t)((uint64_t)id * 0x9e3779b97f4a7c15u >> 32) & (s->cap - 1);
    while (s->at[i].id != 0 && s->at[i].id != id)
        i = (i + 1) & (s->cap - 1);
    if (s->at[i].id == 0) {
        s->at[i].id = id;
        s->n++;
    }
    return &s->at[i];
}

static void sum_up(void *arg, const struct whatif_row *row)
{
    struct summary *s = arg;
    struct owner *o;

    if (row == NULL) {
        memset(s->at, 0, s->cap * sizeof(*s->at));
        s->n = 0;
        return;
    }
    o = owner_of(s, row->owner);
    o->spans[row->at == 0 ? 4 : row->at <= s->now ? 0 : row->at <= s->now + 7 * WHEN_DAY ? 1 : row->at <= s->now + 30 * WHEN_DAY ? 2 : 3]++;
    o->sooner += row->at != 0 && (row->was == 0 || row->at < row->was);
    if (row->at != 0 && (o->first == 0 || row->at < o->first))
        o->first = row->at;
}

static int by_loss(const void *x, const void *y)
{
    const struct owner *a = x, *b = y;

    for (int i = 0; i < SPANS - 1; i++)
        if (a->spans[i] != b->spans[i])
            return a->spans[i] < b->spans[i] ? 1 : -1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static void titles_json(struct call *k, struct json *j, const char *table, const int64_t *ids, size_t n)
{
    const struct table *t = model_table(k->c.m, table);

    json_key(j, table);
    json_open(j, '{');
    for (size_t i = 0; i < n; i++) {
        json_key(j, arena_fmt(k->req->arena, "%lld", (long long)ids[i]));
        json_str(j, find_title(&k->c, t, ids[i]));
    }
    json_close(j, '}');
}

static int whatif(struct call *k)
{
    struct summary s = {.now = k->c.now};
    struct whatif_told told;
    struct whatif w;
    struct json j = call_json(k);
    int64_t began = when_monotonic(), *ids;

    if (!question(k, &w))
        return k->c.rc;
    s.at = mem_alloc((s.cap = 64) * sizeof(*s.at));
    if (w.from != 0)
        s.now = w.to;
    if (whatif_run(&k->c, &w, sum_up, &s, &told) == BERTH_OK) {
        size_t n = 0;

        for (size_t i = 0; i < s.cap; i++)
            if (s.at[i].id != 0)
                s.at[n++] = s.at[i];
        qsort(s.at, n, sizeof(*s.at), by_loss);
        ids = arena_alloc(k->req->arena, (n + 1) * sizeof(*ids));
        json_open(&j, '{');
        json_number(&j, "records", told.records);
        json_number(&j, "asked", told.asked);
        json_number(&j, "ms", when_monotonic() - began);
        json_key(&j, "owners");
        json_open(&j, '[');
        for (size_t i = 0; i < n; i++) {
            ids[i] = s.at[i].id;
            json_open(&j, '{');
            json_number(&j, "owner", s.at[i].id);
            for (int x = 0; x < SPANS; x++)
                json_number(&j, span_names[x], s.at[i].spans[x]);
            json_number(&j, "sooner", s.at[i].sooner);
            json_time(&j, "first", s.at[i].first);
            json_close(&j, '}');
        }
        json_close(&j, ']');
        json_key(&j, "refs");
        json_open(&j, '{');
        titles_json(k, &j, "user", ids, n);
        json_close(&j, '}');
        json_close(&j, '}');
    }
    free(s.at);
    return k->c.rc;
}

/* ---- one owner's records, soonest first ------------------------------------------------------------------- */
struct list {
    struct call *k;
    struct item {
        int64_t at, id, pool, was;
        const char *why;
    } *v; /* a heap of the PAGE + 1 soonest behind `after`, the latest on top */
    size_t n;
    int64_t after_at, after_id;
    struct arena *a;
};

static bool before(const struct item *x, const struct item *y)
{
    return x->at != y->at ? x->at < y->at : x->id < y->id;
}

static void keep(void *arg, const struct whatif_row *row)
{
    struct list *l = arg;
    struct item x, floor = {.at = l->after_at, .id = l->after_id};
    size_t i;

    if (row == NULL) {
        l->n = 0;
        return;
    }
    x = (struct item){row->at, row->id, row->pool, row->was, row->why};
    if (row->at == 0 || !before(&floor, &x) || (l->n == PAGE + 1 && !before(&x, &l->v[l->n - 1])))
        return;
    x.why = row->why == NULL ? NULL : arena_strdup(l->a, row->why);
    i = l->n < PAGE + 1 ? l->n++ : l->n - 1;
    for (; i > 0 && before(&x, &l->v[i - 1]); i--)
        l->v[i] = l->v[i - 1];
    l->v[i] = x;
}

static int records(struct call *k)
{
    struct list l = {.k = k, .a = k->req->arena};
    struct whatif_told told;
    struct whatif w;
    struct json j = call_json(k);
    const char *after;
    size_t n;

    if (!question(k, &w))
        return k->c.rc;
    after = call_string(k, "after");
    if (after != NULL)
        sscanf(after, "%" SCNd64 "-%" SCNd64, &l.after_at, &l.after_id);
    l.v = arena_alloc(l.a, (PAGE + 2) * sizeof(*l.v));
    if (whatif_run(&k->c, &w, keep, &l, &told) != BERTH_OK)
        return k->c.rc;
    n = l.n > PAGE ? PAGE : l.n;
    json_open(&j, '{');
    json_key(&j, "rows");
    json_open(&j, '[');
    for (size_t i = 0; i < n; i++) {
        json_open(&j, '{');
        json_number(&j, "id", l.v[i].id);
        json_text(&j, "title", find_title(&k->c, k->t, l.v[i].id));
        json_time(&j, "at", l.v[i].at);
        json_number(&j, "pool", l.v[i].pool);
        json_text(&j, "pool_title", find_title(&k->c, model_table(k->c.m, "pool"), l.v[i].pool));
        json_text(&j, "why", told_text(&k->c, l.v[i].why));
        json_time(&j, "was", l.v[i].was);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_text(&j, "next", l.n > PAGE ? arena_fmt(l.a, "%lld-%lld", (long long)l.v[n - 1].at, (long long)l.v[n - 1].id) : NULL);
    json_close(&j, '}');
    return k->c.rc;
}

/* ---- all of it as a table ------------------------------------------------------------------------------------ */
struct file {
    struct call *k;
    const char *path;
    struct sheet_writer *w;
    struct sheet_error err;
    bool failed;
    int64_t owner, pool; /* of the names */
    const char *name, *pool_name;
};

static void open_file(struct file *f)
{
    static const char *const keys[] = {"*.id", NULL, "*.owner_id", "*.due_at", "*.due_pool_id", "*.due_why"};
    struct sheet_column columns[6];
    struct berth_ctx *c = &f->k->c;

    for (int i = 0; i < 6; i++)
        columns[i] = (struct sheet_column){.title = keys[i] == NULL ? labels_get(c->st->labels, c->locale, f->k->t->name)
                                                                    : labels_get(c->st->labels, c->locale, keys[i]),
                                           .type = i == 3 ? SHEET_DATETIME : SHEET_TEXT};
    f->failed = sheet_write_open(f->path, SHEET_CSV, "what if", columns, 6, f->k->app->st->files_dir, &f->w, &f->err) < 0;
}

static struct sheet_cell text_cell(const char *s)
{
    s = s == NULL ? "" : s;
    return (struct sheet_cell){.text = s, .len = (uint32_t)strlen(s), .type = *s == '\0' ? SHEET_EMPTY : SHEET_TEXT};
}

static void put(void *arg, const struct whatif_row *row)
{
    struct file *f = arg;
    struct berth_ctx *c = &f->k->c;
    char id[24];
    struct sheet_cell cells[6];

    if (row == NULL) {
        if (f->w != NULL)
            sheet_write_drop(&f->w);
        open_file(f);
        return;
    }
    if (row->at == 0 || f->failed)
        return;
    if (row->owner != f->owner) {
        f->owner = row->owner;
        f->name = find_title(c, c->m->users, row->owner);
    }
    if (row->pool != f->pool) {
        f->pool = row->pool;
        f->pool_name = find_title(c, model_table(c->m, "pool"), row->pool);
    }
    snprintf(id, sizeof(id), "%lld", (long long)row->id);
    cells[0] = text_cell(id);
    cells[1] = text_cell(row->title);
    cells[2] = text_cell(f->name);
    cells[3] = (struct sheet_cell){.text = "", .type = SHEET_DATETIME, .v = {.ms = row->at}};
    cells[4] = text_cell(f->pool_name);
    cells[5] = text_cell(told_text(c, row->why));
    f->failed = sheet_write_row(f->w, cells, 6, &f->err) < 0;
}

static int csv(struct call *k)
{
    struct file f = {.k = k, .path = arena_fmt(k->req->arena, "%s/whatif-%s", k->app->st->files_dir, k->req->id)};
    struct whatif_told told;
    struct whatif w;
    struct stat st;
    int fd = -1;

    if (!question(k, &w))
        return k->c.rc;
    whatif_run(&k->c, &w, put, &f, &told);
    if (f.w != NULL && (k->c.rc != BERTH_OK || f.failed))
        sheet_write_drop(&f.w);
    if (k->c.rc != BERTH_OK)
        return k->c.rc;
    if (!f.failed && sheet_write_close(&f.w, &f.err) == 0)
        fd = open(f.path, O_RDONLY | O_CLOEXEC);
    unlink(f.path);
    if (fd < 0 || fstat(fd, &st) < 0)
        return ctx_fail(&k->c, BERTH_BROKEN, "broken", "err.broken");
    http_set(k->req, "Content-Type", "text/csv; charset=utf-8");
    http_set(k->req, "Content-Disposition", "attachment; filename=\"whatif.csv\"");
    http_file(k->req, fd, (uint64_t)st.st_size, -1);
    k->app_answered = true;
    return k->c.rc;
}

/* ---- what is in force -------------------------------------------------------------------------------------------- */
static void rule_json(struct call *k, struct json *j, const struct rule *r)
{
    if (r == NULL)
        return;
    json_open(j, '{');
    json_text(j, "rule", r->full);
    json_text(j, "name", strchr(r->full, '.') + 1);
    json_text(j, "args", r->args);
    json_text(j, "script", scripts_source(k->app->scripts, r->full, k->req->arena));
    json_close(j, '}');
}

/* Tables with pools, the rules that scripts may answer, and how far the last change of them has come. */
static int overview(struct call *k)
{
    struct json j = call_json(k);

    json_open(&j, '{');
    json_key(&j, "tables");
    json_open(&j, '[');
    for (size_t i = 0; i < k->c.m->ntables; i++) {
        const struct table *t = &k->c.m->tables[i];

        if (t->at_due < 0 || !perm_may(k->c.who, t, DO_READ) || !perm_has(k->c.who, "pools.whatif"))
            continue;
        json_open(&j, '{');
        json_text(&j, "table", t->name);
        json_text(&j, "label", labels_get(k->app->st->labels, k->c.locale, arena_fmt(k->req->arena, "%s.*", t->name)));
        json_key(&j, "rules");
        json_open(&j, '[');
        rule_json(k, &j, t->release);
        rule_json(k, &j, t->release_days);
        json_close(&j, ']');
        json_number(&j, "job", recycle_job(&k->c, t));
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    return k->c.rc;
}

const struct route_entry routes_recycle[] = {
    {"GET", "/api/_recycle", 0, overview},
    {"POST", "/api/_recycle/{table}/whatif", R_SLOW, whatif},
    {"POST", "/api/_recycle/{table}/whatif/records", R_SLOW, records},
    {"POST", "/api/_recycle/{table}/whatif.csv", R_SLOW, csv},
    {0},
};
