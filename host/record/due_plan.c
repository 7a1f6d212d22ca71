/* due_plan.c - reads what decides about falling back; keeps one plan for all who ask. */
#include "record/due_plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"
#include "record/cached.h"
#include "record/setting.h"

struct due_plan {
    struct cached kept;
    uint64_t scripts; /* their generation */
    int64_t day; /* when answers depend on the day: of which they are; else 0 */
    struct due_pool *pools;
    size_t npools;
    struct of_table {
        const struct where *kept;
        uint64_t hash;
        bool loose;
    } *tables; /* by table->at */
};

/* ---- looking up ----------------------------------------------------------------------------------- */
const struct due_pool *due_pool_of(const struct due_plan *p, const struct table *t, int64_t id)
{
    for (size_t i = 0; id != 0 && i < p->npools; i++)
        if (p->pools[i].id == id && p->pools[i].t == t)
            return &p->pools[i];
    return NULL;
}

const struct due_pool *due_pool_named(const struct due_plan *p, const struct table *t, const char *name)
{
    for (size_t i = 0; i < p->npools; i++)
        if (p->pools[i].t == t && strcmp(p->pools[i].name, name) == 0)
            return &p->pools[i];
    return NULL;
}

const struct due_pool *due_home(const struct due_plan *p, const struct table *t, int64_t id)
{
    const struct due_pool *own = due_pool_of(p, t, id);

    if (own != NULL && own->active)
        return own;
    for (size_t i = 0; i < p->npools; i++)
        if (p->pools[i].t == t && p->pools[i].active)
            return &p->pools[i];
    return NULL;
}

const struct where *due_kept(const struct due_plan *p, const struct table *t)
{
    return p->tables[t->at].kept;
}

void due_each_filter(const struct due_plan *p, const struct table *t, void (*fn)(const struct where *, bool *), bool *arg)
{
    for (size_t i = 0; i < p->npools; i++)
        for (size_t k = 0; p->pools[i].t == t && k < p->pools[i].nrules; k++)
            fn(p->pools[i].rules[k].only, arg);
}

uint64_t due_plan_hash(const struct due_plan *p, const struct table *t)
{
    return p->tables[t->at].hash;
}

/* ---- reading --------------------------------------------------------------------------------------- */
static uint64_t hash(uint64_t h, const void *data, size_t n)
{
    const unsigned char *p = data;

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 1099511628211u;
    return h;
}

static void hash_text(uint64_t *h, const char *s)
{
    if (s != NULL)
        *h = hash(*h, s, strlen(s) + 1);
}

static void hash_values(uint64_t *h, const struct field *f, const struct berth_val *v, size_t n)
{
    struct buf b = BUF_INIT;
    struct json j = json_to(&b);

    json_open(&j, '[');
    for (size_t i = 0; i < n; i++)
        val_json(&j, &f[i], v[i]);
    json_close(&j, ']');
    hash_text(h, buf_str(&b));
    buf_free(&b);
}

static void hash_row(uint64_t *h, const struct berth_row *r)
{
    hash_values(h, &r->t->fields[F_DECLARED], &r->v[F_DECLARED], (size_t)(r->t->nfields - F_DECLARED));
}

/* Every row of one of the host's own tables, by id. */
static struct berth_row **all_rows(struct berth_ctx *c, const char *table, const char *order, size_t *n)
{
    const struct table *t = model_table(c->m, table);
    struct berth_row **rows = NULL;
    struct db_stmt *s;
    int rc = DB_DONE;

    *n = 0;
    if (t == NULL)
        return NULL;
    s = db_prepare(c->conn, arena_fmt(c->a, "SELECT %s FROM %s ORDER BY %s", t->columns, t->sql, order));
    for (size_t cap = 0; (rc = db_step(s)) == DB_ROW;) {
        if (*n == cap) {
            struct berth_row **more = arena_alloc(c->a, (cap = cap == 0 ? 16 : cap * 2) * sizeof(*more));

            if (*n > 0)
                memcpy(more, rows, *n * sizeof(*more));
            rows = more;
        }
        rows[(*n)++] = row_read(c, t, s);
    }
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "read the pools");
    return rows;
}

static int64_t number(const struct berth_row *r, const char *field)
{
    return row_get(r, field).i;
}

static const char *text(const struct berth_row *r, const char *field)
{
    struct berth_val v = row_get(r, field);

    return val_is_nil(v) ? NULL : v.s;
}

static const struct field *counted_from(const struct table *t, const struct berth_row *r)
{
    static const char *const known[][2] = {{"touch", "touched_at"}, {"claim", "claimed_at"}, {"create", "created_at"}};
    const char *from = text(r, "counted_from"), *name = text(r, "counted_field");

    for (size_t i = 0; from != NULL && i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i][0], from) == 0)
            name = known[i][1];
    return name == NULL ? NULL : model_field(t, name);
}

/* A filter that no longer fits its table (a field is gone) takes nothing back. */
static bool read_rule(struct berth_ctx *c, const struct due_pool *p, const struct berth_row *r, struct due_rule *out)
{
    const char *only = text(r, "applies_to");
    json_t *j = only == NULL ? NULL : json_loads(only, 0, NULL);
    bool ok;

    *out = (struct due_rule){.name = text(r, "name"), .ms = number(r, "days") * WHEN_DAY, .to = number(r, "to_pool_id"),
                             .from = counted_from(p->t, r), .kept = number(r, "include_kept") != 0};
    ok = where_json(c, p->t, j, &out->only) && (out->from != NULL || text(r, "counted_from") == NULL);
    if (!ok)
        log_warn("pools", "the rule %s of pool %s no longer fits its table and is passed over", out->name, p->name);
    ctx_clear(c);
    json_decref(j);
    return ok;
}

static void read_pools(struct berth_ctx *c, struct due_plan *p)
{
    size_t n, nrules;
    struct berth_row **pools = all_rows(c, "pool", "id", &n), **rules = all_rows(c, "pool_rule", "place, id", &nrules);

    p->pools = arena_alloc(c->a, (n + 1) * sizeof(*p->pools));
    for (size_t i = 0; i < n; i++) {
        const char *on = text(pools[i], "on_table");
        const struct table *t = on == NULL ? NULL : model_table(c->m, on);
        struct due_pool *pool = &p->pools[p->npools];

        if (t == NULL || t->at_due < 0)
            continue;
        *pool = (struct due_pool){.id = row_id(pools[i]), .name = text(pools[i], "name"), .t = t,
                                  .active = number(pools[i], "active") != 0, .recycle = number(pools[i], "recycle") != 0,
                                  .remind_ms = number(pools[i], "remind_days") * WHEN_DAY,
                                  .view_cap = number(pools[i], "view_cap"),
                                  .manager_ms = number(pools[i], "manager_days") * WHEN_DAY};
        pool->rules = arena_alloc(c->a, (nrules + 1) * sizeof(*pool->rules));
        hash_row(&p->tables[t->at].hash, pools[i]);
        for (size_t k = 0; k < nrules; k++) {
            if (number(rules[k], "pool_id") != pool->id || number(rules[k], "active") == 0)
                continue;
            hash_row(&p->tables[t->at].hash, rules[k]);
            pool->nrules += read_rule(c, pool, rules[k], &pool->rules[pool->nrules]);
        }
        p->npools++;
    }
}

/* A script may put the name of a setting together, so it is all of them. */
static void hash_settings(struct berth_ctx *c, uint64_t *h)
{
    const struct field *all = c->m->settings;
    struct berth_val *v = arena_alloc(c->a, (c->m->nsettings + 1) * sizeof(*v));

    for (size_t i = 0; i < c->m->nsettings; i++)
        v[i] = setting_get(c, all[i].name);
    hash_values(h, all, v, c->m->nsettings);
}

static void add_script(struct berth_ctx *c, struct of_table *x, const struct rule *r)
{
    struct script_reads reads;

    if (r == NULL)
        return;
    hash_text(&x->hash, r->def);
    if (c->st->scripts.reads != NULL && c->st->scripts.reads(c, r, &reads)) {
        x->hash = hash(x->hash, &reads.hash, sizeof(reads.hash));
        x->loose = x->loose || reads.loose;
        if (reads.settings)
            hash_settings(c, &x->hash);
    }
}

static void read_table(struct berth_ctx *c, struct due_plan *p, const struct table *t)
{
    struct of_table *x = &p->tables[t->at];
    struct where_query q = {0};

    x->hash = hash(1469598103934665603u, c->st->company.zone, strlen(c->st->company.zone));
    hash_text(&x->hash, t->kept);
    if (t->kept != NULL && where_text(c, t, t->kept, NULL, 0, &q))
        x->kept = q.where;
    add_script(c, x, t->release);
    add_script(c, x, t->release_days);
    if (x->loose)
        p->day = where_today(c);
    x->hash = x->loose ? hash(x->hash, &p->day, sizeof(p->day)) : x->hash;
}

static uint64_t scripts_now(const struct store *st)
{
    return st->scripts.generation == NULL ? 0 : st->scripts.generation();
}

static void read_plan(struct berth_ctx *c, void *plan)
{
    struct due_plan *p = plan;

    p->scripts = scripts_now(c->st);
    p->tables = arena_alloc(c->a, c->m->ntables * sizeof(*p->tables));
    for (size_t i = 0; i < c->m->ntables; i++)
        if (c->m->tables[i].at_due >= 0)
            read_table(c, p, &c->m->tables[i]);
    read_pools(c, p);
}

/* ---- one for all --------------------------------------------------------------------------------------- */
static bool fits(struct berth_ctx *c, const void *plan)
{
    const struct due_plan *p = plan;

    return p->scripts == scripts_now(c->st) && (p->day == 0 || p->day == where_today(c));
}

const struct due_plan *due_plan(struct berth_ctx *c)
{
    static struct cached_kind kind = {"the pools", sizeof(struct due_plan), read_plan, fits, PTHREAD_MUTEX_INITIALIZER};

    return cached_get(c, &c->st->due, &kind);
}

void due_changed(struct berth_ctx *c)
{
    cached_changed(c, &c->st->due);
}
