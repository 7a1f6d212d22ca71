/* due.c - asking when a record falls back, and keeping the answer in it. */
#include "record/due.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"
#include "record/condition.h"
#include "record/due_plan.h"
#include "record/hook.h"
#include "record/told.h"
#include "record/zone.h"

enum { DAYS_MAX = 36500 };

/* ---- reading what a script answered ------------------------------------------------------------- */
struct reading {
    struct due_asking *k;
    const struct rule *rule;
    struct due_answer *out;
    struct buf *err;
};

static bool wrong(struct reading *r, const char *key, const char *what)
{
    buf_addf(r->err, "the answer's %s %s", key, what);
    return false;
}

static bool take_ms(struct reading *r, const char *key, const json_t *v, int64_t *out)
{
    double days = json_number_value(v);

    if (!json_is_number(v) || days < -DAYS_MAX || days > DAYS_MAX)
        return wrong(r, key, "must be a number of days");
    *out = (int64_t)(days * (double)WHEN_DAY);
    return true;
}

static bool take_days(struct reading *r, const char *key, const json_t *v)
{
    if (!take_ms(r, key, v, &r->out->ms))
        return false;
    r->out->never = r->out->ms <= 0;
    return true;
}

static bool is_when(const struct field *f)
{
    return f != NULL && (f->type == BERTH_DATE || f->type == BERTH_TIME);
}

static bool take_from(struct reading *r, const char *key, const json_t *v)
{
    r->out->from = json_is_string(v) ? model_field(r->k->t, json_string_value(v)) : NULL;
    return is_when(r->out->from) ? true : wrong(r, key, "must name a date or time of the record, such as \"touched_at\"");
}

/* A date (days) or a time (ms): a number below that of any time since 1971 is a date. */
static bool take_at(struct reading *r, const char *key, const json_t *v)
{
    const char *zone = r->k->c->st->company.zone;
    int64_t n = json_integer_value(v);

    if (!json_is_integer(v) || n <= 0)
        return wrong(r, key, "must be a date or a time");
    r->out->at = n < DAYS_MAX * 2 ? zone_midnight(zone, n) : n;
    return true;
}

static bool take_pool(struct reading *r, const char *key, const json_t *v)
{
    const struct due_pool *p = json_is_string(v) ? due_pool_named(r->k->plan, r->k->t, json_string_value(v))
                                                 : due_pool_of(r->k->plan, r->k->t, json_integer_value(v));

    if (p == NULL)
        return wrong(r, key, "must be the name or number of one of its pools");
    r->out->pool = p->id;
    return true;
}

static bool take_why(struct reading *r, const char *key, const json_t *v)
{
    if (!json_is_string(v) || json_string_length(v) > 200)
        return wrong(r, key, "must be a text of 200 characters at most");
    r->out->why = arena_strdup(r->k->c->a, json_string_value(v));
    return true;
}

static bool take_remind_item(struct reading *r, const json_t *item)
{
    static const char *const whom[] = {"owner", "manager", "admins"};
    struct due_remind *m = &r->out->remind[r->out->nremind];
    const char *key;
    json_t *v;

    *m = (struct due_remind){.ms = -1};
    json_object_foreach ((json_t *)item, key, v) {
        const char *s = json_string_value(v);
        size_t i = 0;

        if (strcmp(key, "days") == 0 || strcmp(key, "before") == 0) {
            m->before = key[0] == 'b';
            if (!take_ms(r, "remind", v, &m->ms))
                return false;
        } else if (strcmp(key, "to") == 0 && s != NULL) {
            while (i < 3 && strcmp(whom[i], s) != 0)
                i++;
            m->to = (enum due_to)i;
            if (i == 3)
                return wrong(r, "remind", "goes to \"owner\", \"manager\" or \"admins\"");
        } else if (strcmp(key, "risk") == 0 && s != NULL) {
            m->high = strcmp(s, "high") == 0;
        } else if (strcmp(key, "text") == 0 && s != NULL) {
            m->text = arena_strdup(r->k->c->a, s);
        } else {
            return wrong(r, "remind", arena_fmt(r->k->c->a, "has no '%s'; there are days, before, to, risk, text", key));
        }
    }
    if (m->ms < 0)
        return wrong(r, "remind", "needs days (behind what is counted from) or before (it falls back)");
    r->out->nremind++;
    return true;
}

static bool take_remind(struct reading *r, const char *key, const json_t *v)
{
    size_t i;
    json_t *item;

    if (!json_is_array(v) || json_array_size(v) > DUE_REMINDS)
        return json_object_size(v) == 0 ? true : wrong(r, key, "must be a list of 8 at most");
    json_array_foreach (v, i, item)
        if (!json_is_object(item) || !take_remind_item(r, item))
            return false;
    return true;
}

/* {days = 30, from = "touched_at", pool = "Cold", why = "...", remind = {{days = 3}, ...}}, a number of
 * days, or false for never. */
static bool take_answer(struct reading *r, const json_t *j)
{
    static const struct {
        const char *key;
        bool (*take)(struct reading *, const char *, const json_t *);
    } keys[] = {{"days", take_days}, {"from", take_from}, {"at", take_at},
                {"pool", take_pool}, {"why", take_why},   {"remind", take_remind}};
    const char *key;
    json_t *v;

    *r->out = (struct due_answer){.never = true};
    if (json_is_false(j))
        return true;
    if (json_is_number(j))
        return take_days(r, "days", j);
    if (!json_is_object(j))
        return wrong(r, "form", "must be a table, a number of days, or false");
    json_object_foreach ((json_t *)j, key, v) {
        size_t i = 0;

        while (i < sizeof(keys) / sizeof(keys[0]) && strcmp(keys[i].key, key) != 0)
            i++;
        if (i == sizeof(keys) / sizeof(keys[0]))
            return wrong(r, "form", arena_fmt(r->k->c->a, "has no '%s'; there are days, from, at, pool, why, remind", key));
        if (!keys[i].take(r, key, v))
            return false;
    }
    if (r->out->at != 0)
        r->out->never = false;
    return true;
}

/* ---- asking ---------------------------------------------------------------------------------------- */
/* 1: answered, 0: no opinion, -1: the draft failed. */
static int ask_script(struct due_asking *k, const struct rule *rule, const struct berth_val *args, size_t n,
                      struct berth_val *v)
{
    const struct script_ops *ops = &k->c->st->scripts;

    if (rule == NULL)
        return 0;
    if (k->draft != NULL && rule == k->drafted)
        return ops->draft_ask(k->draft, k->c, args, n, v, k->err);
    return ops->rule != NULL && ops->rule(k->c, rule, args, n, v);
}

static int ask_release(struct due_asking *k, const struct berth_row *r, int64_t pool, struct due_answer *out)
{
    const struct berth_val args[] = {berth_r((struct berth_row *)r), {BERTH_REF, 0, {.i = pool}}};
    const struct rule *rule = k->t->release;
    struct buf own = BUF_INIT;
    bool drafted = k->draft != NULL && rule == k->drafted;
    struct reading reading = {k, rule, out, drafted ? k->err : &own};
    struct berth_val v;
    int rc = ask_script(k, rule, args, 2, &v);
    json_t *j;

    if (rc <= 0)
        return rc;
    j = json_loadb(v.s, (size_t)v.len, JSON_DECODE_ANY, NULL);
    if (!take_answer(&reading, j)) {
        rc = drafted ? -1 : 0;
        if (!drafted && k->c->st->scripts.complain != NULL)
            k->c->st->scripts.complain(rule, buf_str(&own));
    }
    json_decref(j);
    buf_free(&own);
    return rc;
}

static bool ask_pool(struct due_asking *k, const struct berth_row *r, const struct due_pool *pool, bool kept,
                     struct due_answer *out)
{
    for (size_t i = 0; i < pool->nrules; i++) {
        const struct due_rule *rule = &pool->rules[i];

        if ((kept && !rule->kept) || !where_eval(k->c, rule->only, r))
            continue;
        *out = (struct due_answer){.ms = rule->ms, .from = rule->from, .pool = rule->to, .why = rule->name,
                                   .never = rule->ms <= 0};
        return true;
    }
    return false;
}

static const char *days_text(struct due_asking *k, int64_t days)
{
    char text[JSON_INT_MAX + 1];

    *json_digits(text, days) = '\0';
    return told_kept(k->c, "due.days", (const char *const[]){"days", text, NULL});
}

static int ask_days(struct due_asking *k, const struct berth_row *r, struct due_answer *out)
{
    const struct berth_val args[] = {berth_r((struct berth_row *)r)};
    const struct rule *rule = k->t->release_days;
    struct berth_val v = berth_nil();
    int rc = ask_script(k, rule, args, 1, &v);

    if (rc < 0)
        return -1;
    if (rc == 0 && rule != NULL)
        v = rule_default(k->c, rule);
    *out = (struct due_answer){.ms = v.i * WHEN_DAY, .never = v.i <= 0 || v.i > DAYS_MAX};
    if (!out->never)
        out->why = days_text(k, v.i);
    return 0;
}

/* The pool's own reminders, where the rule says nothing of any. */
static void pool_reminds(const struct due_pool *pool, struct due_answer *out)
{
    if (pool->remind_ms > 0)
        out->remind[out->nremind++] = (struct due_remind){.ms = pool->remind_ms, .before = true, .to = DUE_OWNER};
    if (pool->manager_ms > 0)
        out->remind[out->nremind++] =
            (struct due_remind){.ms = pool->manager_ms, .before = true, .to = DUE_MANAGER, .high = true};
}

bool due_ask(struct due_asking *k, const struct berth_row *r, struct due_answer *out)
{
    const struct due_pool *pool = due_home(k->plan, k->t, row_int(r, k->t->at_pool));
    bool kept;
    int rc;

    *out = (struct due_answer){.never = true};
    if (pool == NULL || !pool->recycle)
        return true;
    rc = ask_release(k, r, pool->id, out);
    if (rc != 0)
        return rc > 0;
    kept = due_kept(k->plan, k->t) != NULL && where_eval(k->c, due_kept(k->plan, k->t), r);
    if (!ask_pool(k, r, pool, kept, out)) {
        *out = (struct due_answer){.never = true};
        if (!kept && ask_days(k, r, out) < 0)
            return false;
    }
    if (!out->never)
        pool_reminds(pool, out);
    return true;
}

/* ---- when that is for one record --------------------------------------------------------------------- */
static int64_t moment(struct due_asking *k, const struct berth_row *r, const struct field *f)
{
    const struct table *t = k->t;
    int64_t v;

    if (f == NULL || f->at == t->at_touched_at) {
        v = row_int(r, t->at_touched_at);
        v = v != 0 ? v : row_int(r, t->at_claimed_at);
        return v != 0 ? v : row_int(r, F_CREATED_AT);
    }
    v = row_int(r, f->at);
    return v == 0 || f->type == BERTH_TIME ? v : zone_midnight(k->c->st->company.zone, v);
}

static int64_t falls_at(struct due_asking *k, const struct berth_row *r, const struct due_answer *a)
{
    int64_t from;

    if (a->never || row_int(r, k->t->at_owner) == 0 || row_int(r, k->t->at_locked) != 0)
        return 0;
    if (a->at != 0)
        return a->at;
    from = moment(k, r, a->from);
    return from == 0 ? 0 : from + a->ms;
}

struct due due_of(struct due_asking *k, const struct berth_row *r, const struct due_answer *a)
{
    const struct due_pool *home = due_home(k->plan, k->t, row_int(r, k->t->at_pool)), *to = home;
    struct due d = {.at = falls_at(k, r, a)};

    if (d.at == 0 || home == NULL)
        return (struct due){0};
    if (a->pool != 0 && (to = due_pool_of(k->plan, k->t, a->pool)) == NULL)
        to = home;
    d.pool = to->active ? to->id : home->id;
    d.why = a->why;
    return d;
}

int64_t due_remind_at(struct due_asking *k, const struct berth_row *r, const struct due_answer *a, size_t i)
{
    const struct due_remind *m = &a->remind[i];
    int64_t end = falls_at(k, r, a), at = m->before ? end - m->ms : moment(k, r, a->from) + m->ms;

    return end == 0 || at >= end ? 0 : at;
}

/* ---- what it depends on -------------------------------------------------------------------------------- */
static void mark(const struct where *w, bool *field)
{
    if (w == NULL)
        return;
    if (w->f != NULL)
        field[w->f->at] = true;
    for (size_t i = 0; i < w->nkids; i++)
        mark(w->kids[i], field);
}

static bool reads_of(struct due_asking *k, const struct rule *rule, struct script_reads *out)
{
    const struct script_ops *ops = &k->c->st->scripts;

    if (rule == NULL)
        return false;
    if (k->draft != NULL && rule == k->drafted) {
        ops->draft_reads(k->draft, k->c, out);
        return true;
    }
    return ops->reads != NULL && ops->reads(k->c, rule, out);
}

void due_inputs(struct due_asking *k, bool *field)
{
    const struct rule *const rules[] = {k->t->release, k->t->release_days};
    struct script_reads reads;

    field[k->t->at_pool] = true;
    for (size_t i = 0; i < 2; i++) {
        bool known = reads_of(k, rules[i], &reads);

        /* the script was read when the table had other custom fields, perhaps: fields go by name */
        for (int f = 0; known && f < reads.of->nfields; f++) {
            const struct field *now = reads.field[f] ? model_field(k->t, reads.of->fields[f].name) : NULL;

            if (now != NULL)
                field[now->at] = true;
        }
    }
    mark(due_kept(k->plan, k->t), field);
    due_each_filter(k->plan, k->t, mark, field);
}

bool due_loose(struct due_asking *k)
{
    const struct rule *const rules[] = {k->t->release, k->t->release_days};
    struct script_reads reads;
    bool loose = false;

    for (size_t i = 0; i < 2; i++)
        loose = loose || (reads_of(k, rules[i], &reads) && reads.loose);
    return loose;
}

int due_learned(struct due_asking *k)
{
    const struct rule *const rules[] = {k->t->release, k->t->release_days};
    struct script_reads reads;
    int n = 0;

    for (size_t i = 0; i < 2; i++)
        n += reads_of(k, rules[i], &reads) ? reads.learned : 0;
    return n;
}

/* ---- keeping it in the record ----------------------------------------------------------------------------- */
static void put(struct berth_row *r, int at, enum berth_type type, int64_t v)
{
    r->v[at] = v == 0 ? berth_nil() : (struct berth_val){(int32_t)type, 0, {.i = v}};
}

/* The next reminder; one that was due already and has not been told stays. */
static int64_t next_remind(struct due_asking *k, const struct berth_row *r, const struct due_answer *a)
{
    int64_t next = 0, now = k->c->now, waits = row_int(r, k->t->at_due + DUE_REMIND_AT);

    for (size_t i = 0; i < a->nremind; i++) {
        int64_t at = due_remind_at(k, r, a, i);

        if (at != 0 && at <= now && at == waits)
            return at;
        if (at > now && (next == 0 || at < next))
            next = at;
    }
    return next;
}

static bool by_rule(const struct berth_row *r)
{
    struct berth_val reason = row_get(r, "pool_reason");

    return row_int(r, r->t->at_owner) == 0 && !val_is_nil(reason) && strcmp(reason.s, "rule") == 0;
}

bool due_now(struct berth_ctx *c, struct berth_row *r, struct due_answer *a, struct due *d)
{
    const struct table *t = r->t;
    struct due_asking k = {.c = c, .t = t};
    const char *why;

    *d = (struct due){0};
    *a = (struct due_answer){.never = true};
    if (t->at_due < 0)
        return true;
    if (row_int(r, t->at_owner) != 0 && row_int(r, t->at_locked) == 0) {
        k.plan = due_plan(c);
        if (k.plan == NULL || !due_ask(&k, r, a))
            return false;
        *d = due_of(&k, r, a);
    }
    put(r, t->at_due, BERTH_TIME, d->at);
    put(r, t->at_due + DUE_POOL, BERTH_REF, d->pool);
    put(r, t->at_due + DUE_REMIND_AT, BERTH_TIME, d->at == 0 ? 0 : next_remind(&k, r, a));
    why = d->why;
    if (!by_rule(r)) /* in the pool it still tells why it came there */
        r->v[t->at_due + DUE_WHY] = why == NULL ? berth_nil() : (struct berth_val){BERTH_TEXT, (int32_t)strlen(why), {.s = why}};
    return c->rc == BERTH_OK;
}

void due_stamp(struct berth_ctx *c, struct berth_row *r)
{
    struct due_answer a;
    struct due d;

    if (r->t->at_due >= 0 && c->rc == BERTH_OK)
        due_now(c, r, &a, &d);
}

bool due_field(const struct field *f)
{
    const struct table *t = f->table;

    return t != NULL && t->at_due >= 0 && f->at >= t->at_due && f->at <= t->at_due + DUE_REMIND_AT;
}

const char *due_reason(const struct berth_row *r)
{
    bool now = r->old != NULL && r->t->at_due >= 0 && row_int(r->old, r->t->at_owner) != 0 && by_rule(r);
    struct berth_val v = now ? r->v[r->t->at_due + DUE_WHY] : berth_nil();

    return val_is_nil(v) ? NULL : v.s;
}
