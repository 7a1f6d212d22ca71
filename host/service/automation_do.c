/* automation_do.c - what rules without code do: set a field, assign, alert, mail, send by a channel, make a record. */
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "record/find.h"
#include "record/flow.h"
#include "record/save.h"
#include "record/superior.h"
#include "service/alert.h"
#include "service/automation_in.h"
#include "service/channel.h"
#include "service/mail.h"

enum { PEOPLE = 500 };

static const char *text(const struct berth_row *r, const char *field)
{
    struct berth_val v = row_get(r, field);

    return val_is_nil(v) || v.len == 0 ? NULL : v.s;
}

static struct berth_row *record(struct berth_ctx *c, const struct automation *a, int64_t rec)
{
    return save_load(c, a->t, rec);
}

/* ---- setting a field ---------------------------------------------------------------------------------- */
/* "+3" of a date or time: in so many days. */
static bool value_of(struct berth_ctx *c, const struct field *f, const char *s, struct berth_val *out)
{
    if (s != NULL && s[0] == '+' && (f->type == BERTH_DATE || f->type == BERTH_TIME)) {
        int64_t days = strtoll(s + 1, NULL, 10);

        *out = (struct berth_val){(int32_t)f->type, 0, {.i = f->type == BERTH_DATE ? where_today(c) + days : c->now + days * WHEN_DAY}};
        return true;
    }
    *out = berth_nil();
    return s == NULL || val_from_text(c, f, s, strlen(s), out);
}

static int set(struct berth_ctx *c, const struct automation *a, const struct berth_row *step, int64_t rec)
{
    struct berth_row *r = record(c, a, rec);
    const char *name = text(step, "field"), *value = text(step, "value");
    const struct field *f = name == NULL ? NULL : model_field(a->t, name);
    struct berth_val v;

    if (r == NULL || f == NULL)
        return c->rc;
    if (value_of(c, f, value == NULL ? NULL : mail_filled(c, r, value), &v)) {
        r->v[f->at] = v;
        row_save(c, r);
    }
    return c->rc;
}

/* ---- assigning ------------------------------------------------------------------------------------------ */
static void add(int64_t *v, size_t *n, int64_t id)
{
    for (size_t i = 0; i < *n; i++)
        if (v[i] == id)
            return;
    if (*n < PEOPLE)
        v[(*n)++] = id;
}

static bool is_among(const char *list, int64_t id, struct berth_ctx *c)
{
    return list != NULL && strstr(list, arena_fmt(c->a, "|%lld|", (long long)id)) != NULL;
}

/* Those named, of the department or of the role, who work here and are not away now, in order of their number. */
static size_t present(struct berth_ctx *c, const struct berth_row *step, int64_t *v)
{
    struct db_stmt *s = db_prepare(
        c->conn,
        "SELECT u.id, CASE WHEN ?1 <> 0 AND (u.department_id = ?1 OR EXISTS (SELECT 1 FROM user_department d WHERE d.user_id = u.id AND"
        " d.department_id = ?1)) THEN 1 WHEN EXISTS (SELECT 1 FROM user_role r WHERE r.user_id = u.id AND r.role_id = ?2) THEN 1 ELSE 0 END"
        " FROM \"user\" u WHERE u.active = 1 AND NOT EXISTS (SELECT 1 FROM deputy a WHERE a.owner_id = u.id AND a.from_at <= ?3 AND a.until_at > ?3)"
        " ORDER BY u.id");
    const char *named = text(step, "user_ids");
    size_t n = 0;

    db_bind_int(s, 1, row_get(step, "department_id").i);
    db_bind_int(s, 2, row_get(step, "role_id").i);
    db_bind_int(s, 3, c->now);
    while (db_step(s) == DB_ROW)
        if (db_col_int(s, 1) != 0 || is_among(named, db_col_int(s, 0), c))
            add(v, &n, db_col_int(s, 0));
    db_reset(s);
    return n;
}

static int64_t whose_turn(struct berth_ctx *c, const struct berth_row *step, const int64_t *v, size_t n)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT user_id FROM automation_turn WHERE step_id = ?");
    int64_t last;
    size_t i = 0;

    db_bind_int(s, 1, row_id(step));
    last = db_one_int(s);
    while (i < n && v[i] <= last)
        i++;
    i = i == n ? 0 : i;
    s = db_prepare(c->conn,
                   "INSERT INTO automation_turn (step_id, user_id) VALUES (?1, ?2) ON CONFLICT (step_id) DO UPDATE SET user_id = ?2");
    db_bind_int(s, 1, row_id(step));
    db_bind_int(s, 2, v[i]);
    if (db_step(s) < 0)
        ctx_db(c, DB_ERROR, "note whose turn it was");
    db_reset(s);
    return v[i];
}

/* Who has the fewest of the table's records, of those that count as work. */
static int64_t least_busy(struct berth_ctx *c, const struct automation *a, const struct berth_row *step, const int64_t *v, size_t n)
{
    const char *counted = text(step, "counted");
    json_t *j = counted == NULL ? NULL : json_loads(counted, 0, NULL);
    const struct where *work = NULL;
    int64_t best = 0, fewest = INT64_MAX;

    where_json(c, a->t, j, &work);
    json_decref(j);
    for (size_t i = 0; i < n && c->rc == BERTH_OK; i++) {
        struct where_query q;
        int64_t has;

        if (!where_text(c, a->t, "owner_id = ?", BERTH_ARGS(berth_i(v[i])), &q))
            break;
        has = find_count(c, a->t, where_and(c, q.where, work), NULL);
        if (has < fewest) {
            fewest = has;
            best = v[i];
        }
    }
    return best;
}

static int assign(struct berth_ctx *c, const struct automation *a, const struct berth_row *step, int64_t rec)
{
    struct berth_row *r = record(c, a, rec);
    int64_t *v = arena_alloc(c->a, PEOPLE * sizeof(*v)), to;
    size_t n = present(c, step, v);
    const char *how = text(step, "how");

    if (r == NULL)
        return c->rc;
    if (n == 0)
        return ctx_fail(c, BERTH_CONFLICT, "conflict", "err.automation_nobody");
    to = how != NULL && strcmp(how, "least") == 0 ? least_busy(c, a, step, v, n) : whose_turn(c, step, v, n);
    if (to == 0 || c->rc != BERTH_OK)
        return c->rc;
    r->v[r->t->at_owner] = (struct berth_val){BERTH_REF, 0, {.i = to}};
    return row_save(c, r);
}

/* ---- telling ---------------------------------------------------------------------------------------------- */
static size_t whom(struct berth_ctx *c, const struct berth_row *step, const struct berth_row *r, int64_t *v)
{
    const char *who = text(step, "whom"), *named = text(step, "user_ids");
    int64_t owner = r->t->at_owner >= 0 ? row_int(r, r->t->at_owner) : row_int(r, F_CREATED_BY), one = owner;
    size_t n = 0;

    if (who != NULL && strcmp(who, "people") == 0) {
        for (const char *p = named; p != NULL && *p != '\0'; p += strcspn(p + 1, "|") + 1)
            if (strtoll(p + 1, NULL, 10) > 0)
                add(v, &n, strtoll(p + 1, NULL, 10));
        return n;
    }
    if (who != NULL && strcmp(who, "superior") == 0)
        one = owner == 0 ? 0 : superior_of(c, owner);
    else if (who != NULL && strcmp(who, "creator") == 0)
        one = row_int(r, F_CREATED_BY);
    if (one != 0)
        add(v, &n, one);
    return n;
}

/* The text as each of them may read it. */
static int alert(struct berth_ctx *c, const struct automation *a, const struct berth_row *step, int64_t rec)
{
    struct berth_row *r = record(c, a, rec);
    int64_t *v = arena_alloc(c->a, PEOPLE * sizeof(*v));
    size_t n = r == NULL ? 0 : whom(c, step, r, v);

    for (size_t i = 0; i < n && c->rc == BERTH_OK; i++) {
        const char *said;

        c->who = who_get(c->st, c->conn, c->m, v[i]);
        said = c->who == NULL ? NULL : mail_filled(c, r, text(step, "text") == NULL ? a->name : text(step, "text"));
        c->who = NULL;
        if (said != NULL)
            alert_raise(c, &(struct berth_alert){.text = "alert.own",
                                                 .about = r,
                                                 .people = &v[i],
                                                 .npeople = 1,
                                                 .severity = BERTH_IMPORTANT,
                                                 .args = (const char *const[]){"text", said, NULL}});
    }
    return c->rc;
}

static const char *email_of(const struct berth_row *r)
{
    for (int i = F_DECLARED; r != NULL && i < r->t->nfields; i++)
        if (r->t->fields[i].type == BERTH_EMAIL && !val_is_nil(r->v[i]))
            return r->v[i].s;
    return NULL;
}

static int mail_one(struct berth_ctx *c, const struct berth_row *r, int64_t template_, const char *to, const char *locale)
{
    struct mail m;

    if (to == NULL || mail_fill(c, r, template_, locale, &m) != BERTH_OK)
        return c->rc;
    m.to = to;
    m.about = r;
    mail_put(c, &m);
    return c->rc;
}

static int mail(struct berth_ctx *c, const struct automation *a, const struct berth_row *step, int64_t rec)
{
    struct berth_row *r = record(c, a, rec);
    int64_t *v = arena_alloc(c->a, PEOPLE * sizeof(*v)), template_ = row_get(step, "template_id").i;
    const char *who = text(step, "whom");
    size_t n;

    if (r == NULL)
        return c->rc;
    if (who != NULL && strcmp(who, "record") == 0)
        return email_of(r) == NULL ? ctx_fail(c, BERTH_CONFLICT, "conflict", "err.automation_email")
                                   : mail_one(c, r, template_, email_of(r), c->st->company.locale);
    n = whom(c, step, r, v);
    for (size_t i = 0; i < n && c->rc == BERTH_OK; i++) {
        struct berth_row *u = find_raw(c, model_table(c->m, "user"), v[i]);
        const char *locale = u == NULL ? NULL : text(u, "locale");

        mail_one(c, r, template_, u == NULL ? NULL : text(u, "email"), locale == NULL ? c->st->company.locale : locale);
    }
    return c->rc;
}

/* By a channel that administrators switched on: a webhook, say. */
static int message(struct berth_ctx *c, const struct automation *a, const struct berth_row *step, int64_t rec)
{
    struct berth_row *r = record(c, a, rec);
    const char *url = c->st->public_url, *address = text(step, "address"), *said = text(step, "text");

    if (r == NULL || address == NULL || said == NULL)
        return c->rc;
    channel_write(c, &(struct out_message){
                         .channel = text(step, "channel"),
                         .to = mail_filled(c, r, address),
                         .subject = a->name,
                         .about = r,
                         .text = mail_filled(c, r, said),
                         .link = url == NULL || *url == '\0' ? NULL : arena_fmt(c->a, "%s/t/%s/%lld", url, a->t->name, (long long)rec)});
    return c->rc;
}

/* ---- making a record ------------------------------------------------------------------------------------------ */
/* The field that says until when: that of the next step, a deadline, or the first day there is. */
static const struct field *due_field(const struct table *t)
{
    const struct field *day = NULL;

    if (t->step_on != NULL)
        return t->step_on;
    for (int i = F_DECLARED; i < t->nfields; i++) {
        const struct field *f = &t->fields[i];

        if ((f->type != BERTH_DATE && f->type != BERTH_TIME) || f->plugin == NULL || (f->flags & BERTH_LOCKED))
            continue;
        if (f->flags & BERTH_DUE)
            return f;
        day = day == NULL ? f : day;
    }
    return day;
}

static int make(struct berth_ctx *c, const struct automation *a, const struct berth_row *step, int64_t rec)
{
    struct berth_row *r = record(c, a, rec), *out;
    const char *name = text(step, "makes"), *title = text(step, "text");
    const struct table *t = name == NULL ? NULL : model_table(c->m, name);
    const struct field *due = t == NULL ? NULL : due_field(t);
    int64_t v[PEOPLE];
    size_t n;

    if (r == NULL || t == NULL)
        return c->rc;
    out = row_new(c, t);
    row_defaults(out);
    if (title != NULL)
        row_set(out, t->title->name, berth_s(mail_filled(c, r, title)));
    for (int i = F_DECLARED; i < t->nfields; i++)
        if (t->fields[i].ref == a->t && !(t->fields[i].flags & (BERTH_MANY | BERTH_LOCKED))) {
            out->v[i] = (struct berth_val){BERTH_REF, 0, {.i = rec}};
            break;
        }
    if (due != NULL)
        out->v[due->at] = (struct berth_val){(int32_t)due->type, 0,
                                             {.i = due->type == BERTH_DATE ? where_today(c) + row_get(step, "days").i
                                                                           : c->now + row_get(step, "days").i * WHEN_DAY}};
    n = whom(c, step, r, v);
    if (t->at_owner >= 0 && n > 0)
        out->v[t->at_owner] = (struct berth_val){BERTH_REF, 0, {.i = v[0]}};
    return row_save(c, out);
}

int automation_do(struct berth_ctx *c, const struct automation *a, const struct berth_row *step, int64_t rec)
{
    static const struct {
        const char *name;
        int (*run)(struct berth_ctx *, const struct automation *, const struct berth_row *, int64_t);
    } deeds[] = {{"set", set}, {"assign", assign}, {"alert", alert}, {"mail", mail}, {"create", make}, {"message", message}};
    const char *does = text(step, "does");

    for (size_t i = 0; does != NULL && i < sizeof(deeds) / sizeof(deeds[0]); i++)
        if (strcmp(deeds[i].name, does) == 0)
            return deeds[i].run(c, a, step, rec);
    return c->rc;
}
