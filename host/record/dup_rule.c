/* dup_rule.c - reads the rules about duplicates; keeps one plan for all who ask. */
#include "record/dup_rule.h"

#include <string.h>

#include "base/log.h"
#include "record/audit.h"
#include "record/job.h"
#include "record/cached.h"

enum { SHORTEST = 4 }; /* names of fewer characters are never similar */

struct dup_plan {
    struct cached kept;
    struct dup_ways *of; /* by table->at */
};

/* ---- ways --------------------------------------------------------------------------------- */
static enum text_key_kind kind_of(const struct field *f)
{
    if (f->type == BERTH_PHONE)
        return TEXT_KEY_PHONE;
    if (f->type == BERTH_EMAIL)
        return TEXT_KEY_EMAIL;
    if (f->type != BERTH_TEXT || f->of == NULL)
        return TEXT_KEY_EXACT;
    return strcmp(f->of, "company") == 0 ? TEXT_KEY_COMPANY : strcmp(f->of, "code") == 0 ? TEXT_KEY_CODE : TEXT_KEY_EXACT;
}

static const char *group_of(struct arena *a, const struct dup_way *w)
{
    struct buf b = BUF_INIT;
    const char *s;

    if (w->n == 1 && w->f[0]->key_group != NULL)
        return w->f[0]->key_group;
    if (w->n == 1 && (w->f[0]->type == BERTH_PHONE || w->f[0]->type == BERTH_EMAIL))
        return model_type_name(w->f[0]->type);
    for (size_t i = 0; i < w->n; i++)
        buf_addf(&b, "%s%s", i > 0 ? "+" : "", w->f[i]->name);
    s = arena_strdup(a, buf_str(&b));
    buf_free(&b);
    return s;
}

static struct dup_way *new_way(struct arena *a, struct dup_ways *list)
{
    struct dup_way *more = arena_alloc(a, (list->n + 1) * sizeof(*more));

    if (list->n > 0)
        memcpy(more, list->way, list->n * sizeof(*more));
    list->way = more;
    return &more[list->n++];
}

static void declared_way(struct arena *a, struct dup_ways *list, const struct field *f)
{
    struct dup_way *w = new_way(a, list);

    *w = (struct dup_way){.f = {f}, .kind = {kind_of(f)}, .n = 1, .group = f->key_group,
                          .act = {DUP_WARN, DUP_WARN, DUP_WARN, DUP_WARN}};
}

/* ---- rules of the administrator's ---------------------------------------------------------- */
static const char *text(const struct berth_row *r, const char *field)
{
    struct berth_val v = row_get(r, field);

    return val_is_nil(v) ? "" : v.s;
}

static bool comparable(const struct field *f)
{
    return f->at >= F_DECLARED && !(f->flags & (BERTH_SECRET | BERTH_MANY)) && f->type != BERTH_JSON &&
           f->type != BERTH_REAL && f->type != BERTH_FILE;
}

/* "name, country"; false with the first name that will not do in *bad. */
static bool fields_of(struct arena *a, const struct table *t, const char *list, struct dup_way *w, const char **bad)
{
    for (const char *p = list; *p != '\0';) {
        size_t n = strcspn(p, ", ");
        const struct field *f = n == 0 ? NULL : map_getn(&t->by_name, p, n);

        *bad = arena_strndup(a, p, n);
        if (n > 0 && (f == NULL || !comparable(f) || w->n == DUP_FIELDS))
            return false;
        if (n > 0) {
            w->kind[w->n] = kind_of(f);
            w->f[w->n++] = f;
        }
        p += n + strspn(p + n, ", ");
    }
    return w->n > 0;
}

static enum dup_act act_of(const char *s)
{
    return strcmp(s, "block") == 0 ? DUP_BLOCK : strcmp(s, "report") == 0 ? DUP_REPORT : DUP_WARN;
}

/* With the method, which is the first field's; the others are compared as what they are. */
static bool read_rule(struct arena *a, const struct table *t, const struct berth_row *r, struct dup_way *w)
{
    static const struct {
        const char *name;
        enum text_key_kind kind;
    } methods[] = {{"exact", TEXT_KEY_EXACT}, {"phone", TEXT_KEY_PHONE}, {"email", TEXT_KEY_EMAIL},
                   {"company", TEXT_KEY_COMPANY}, {"code", TEXT_KEY_CODE}, {"similar", TEXT_KEY_COMPANY}};
    static const char *const whens[DUP_WHENS] = {"on_create", "on_edit", "on_import", "on_convert"};
    const char *method = text(r, "method"), *bad;
    int64_t percent = row_get(r, "alike").i;

    *w = (struct dup_way){.n = 0};
    if (!fields_of(a, t, text(r, "fields"), w, &bad))
        return false;
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (strcmp(methods[i].name, method) == 0)
            w->kind[0] = methods[i].kind;
    w->similar = strcmp(method, "similar") == 0;
    /* one of n characters: (n - 1) / n of the name is the same */
    w->shortest = percent <= 0 || percent >= 100 ? 10 : (size_t)((100 + 99 - percent) / (100 - percent));
    w->shortest = w->shortest < SHORTEST ? SHORTEST : w->shortest;
    w->group = arena_strdup(a, *text(r, "meets") != '\0' ? text(r, "meets") : group_of(a, w));
    if (w->similar)
        w->group = arena_fmt(a, "~%s", w->group);
    for (int i = 0; i < DUP_WHENS; i++)
        w->act[i] = act_of(text(r, whens[i]));
    return true;
}

struct rules {
    struct berth_row *row;
    struct rules *next;
};

static struct rules *all_rules(struct berth_ctx *c)
{
    const struct table *t = model_table(c->m, "dup_rule");
    struct rules *list = NULL, **end = &list;
    struct db_stmt *s;
    int rc;

    if (t == NULL)
        return NULL;
    s = db_prepare(c->conn, arena_fmt(c->a, "SELECT %s FROM %s ORDER BY id", t->columns, t->sql));
    while ((rc = db_step(s)) == DB_ROW) {
        *end = arena_alloc(c->a, sizeof(**end));
        **end = (struct rules){row_read(c, t, s), NULL};
        end = &(*end)->next;
    }
    db_reset(s);
    if (rc < 0)
        ctx_db(c, rc, "read the rules about duplicates");
    return list;
}

static bool replaces(const struct berth_row *r, const struct table *t, const char *field)
{
    return strcmp(text(r, "on_table"), t->name) == 0 && strcmp(text(r, "fields"), field) == 0 &&
           strcmp(text(r, "method"), "similar") != 0;
}

static void read_table(struct berth_ctx *c, struct dup_plan *p, const struct table *t, const struct rules *all)
{
    struct dup_ways *list = &p->of[t->at];
    struct dup_way w;

    for (int i = F_DECLARED; i < t->nfields; i++) {
        const struct rules *r = all;

        while (r != NULL && !replaces(r->row, t, t->fields[i].name))
            r = r->next;
        if (r == NULL && (t->fields[i].flags & BERTH_DUPLICATE) != 0)
            declared_way(c->a, list, &t->fields[i]);
    }
    for (const struct rules *r = all; r != NULL; r = r->next) {
        if (strcmp(text(r->row, "on_table"), t->name) != 0 || row_get(r->row, "active").i == 0)
            continue;
        if (read_rule(c->a, t, r->row, &w))
            *new_way(c->a, list) = w;
        else
            log_warn("dup", "the rule %s no longer fits table %s and is passed over", text(r->row, "name"), t->name);
    }
    list->used = arena_alloc(c->a, (size_t)t->nfields + 1);
    list->plan = p;
    for (size_t i = 0; i < list->n; i++)
        for (size_t k = 0; k < list->way[i].n; k++)
            list->used[list->way[i].f[k]->at] = true;
    if (list->n > 0 && t->at_country >= 0)
        list->used[t->at_country] = true; /* of phone numbers */
}

static void read_plan(struct berth_ctx *c, void *plan)
{
    struct dup_plan *p = plan;
    const struct rules *all = all_rules(c);

    p->of = arena_alloc(c->a, c->m->ntables * sizeof(*p->of));
    for (size_t i = 0; i < c->m->ntables; i++)
        read_table(c, p, &c->m->tables[i], all);
}

/* ---- one for all ---------------------------------------------------------------------------- */
const struct dup_ways *dup_ways(struct berth_ctx *c, const struct table *t)
{
    static const struct dup_ways none = {.n = 0};
    static struct cached_kind kind = {"the rules about duplicates", sizeof(struct dup_plan), read_plan, NULL, PTHREAD_MUTEX_INITIALIZER};
    const struct dup_plan *p = cached_get(c, &c->st->rules, &kind);

    return p == NULL ? &none : &p->of[t->at];
}

void dup_rules_read_again(struct store *st)
{
    atomic_fetch_add(&st->rules.gen, 1);
}

/* ---- saving one ------------------------------------------------------------------------------ */
int dup_rule_check(struct berth_ctx *c, struct berth_row *r)
{
    const struct table *t = *text(r, "on_table") == '\0' ? NULL : model_table(c->m, text(r, "on_table"));
    struct dup_way w = {.n = 0};
    const char *bad = "";
    struct buf b = BUF_INIT;
    int64_t percent = row_get(r, "alike").i;

    if (t == NULL || (t->flags & BERTH_BARE) || t->parent != NULL)
        return ctx_invalid(c, "on_table", "err.dup_table", NULL);
    if (!fields_of(c->a, t, text(r, "fields"), &w, &bad))
        return ctx_invalid(c, "fields", "err.dup_field", "name", bad, NULL);
    if (strcmp(text(r, "method"), "similar") == 0 && (percent < 50 || percent > 98))
        return ctx_invalid(c, "alike", "err.dup_similar", NULL);
    for (size_t i = 0; i < w.n; i++) /* as they are always written: "name, city" */
        buf_addf(&b, "%s%s", i > 0 ? ", " : "", w.f[i]->name);
    row_set(r, "fields", berth_s(arena_strdup(c->a, buf_str(&b))));
    buf_free(&b);
    return c->rc;
}

static int rekey(struct berth_ctx *c, const char *table)
{
    json_t *args = json_pack("{s:s}", "table", table);

    job_add(c, "rekey", args, 0);
    json_decref(args);
    return c->rc;
}

int dup_rule_saved(struct berth_ctx *c, struct berth_row *r, uint32_t deed)
{
    const char *now = text(r, "on_table"), *was = r->old == NULL ? now : text(r->old, "on_table");

    cached_changed(c, &c->st->rules);
    rekey(c, now);
    if (strcmp(now, was) != 0)
        rekey(c, was);
    return audit_row(c, r, deed);
}

/* ---- the declared ones ------------------------------------------------------------------------ */
static int install_one(struct berth_ctx *c, const struct table *t, const struct field *f)
{
    struct db_stmt *s = db_prepare(c->conn,
        "INSERT INTO dup_rule (version, created_at, updated_at, name, on_table, fields, method, on_create, on_edit,"
        " on_import, on_convert, active) SELECT 1, ?1, ?1, ?2, ?3, ?4, 'field', 'warn', 'warn', 'warn', 'warn', ?5"
        " WHERE NOT EXISTS (SELECT 1 FROM dup_rule WHERE on_table = ?3 AND fields = ?4 AND method <> 'similar')");
    int rc;

    db_bind_int(s, 1, c->now);
    db_bind_text(s, 2, labels_get(c->st->labels, c->st->company.locale, arena_fmt(c->a, "%s.%s", t->name, f->name)), -1);
    db_bind_text(s, 3, t->name, -1);
    db_bind_text(s, 4, f->name, -1);
    db_bind_int(s, 5, 1); /* as true is written */
    rc = db_step(s);
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "note a declared rule about duplicates") : BERTH_OK;
}

int dup_rule_install(struct berth_ctx *c)
{
    if (model_table(c->m, "dup_rule") == NULL)
        return c->rc;
    for (size_t i = 0; i < c->m->ntables; i++)
        for (int k = F_DECLARED; k < c->m->tables[i].nfields && c->rc == BERTH_OK; k++)
            if (c->m->tables[i].fields[k].flags & BERTH_DUPLICATE)
                install_one(c, &c->m->tables[i], &c->m->tables[i].fields[k]);
    return c->rc;
}
