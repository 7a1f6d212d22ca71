/* custom.c - saving the host's own tables: what must hold, and what follows. */
#include "record/custom.h"

#include <ctype.h>
#include <pthread.h>
#include <string.h>

#include "base/when.h"
#include "record/audit.h"
#include "record/due.h"
#include "record/dup_rule.h"
#include "record/find.h"
#include "record/flow.h"
#include "record/handover.h"
#include "record/hook.h"
#include "record/layout.h"
#include "record/order.h"
#include "record/session.h"
#include "record/view.h"
#include "record/zone.h"

enum { CUSTOM_MAX = 100000 }; /* characters */

/* ---- before a save ------------------------------------------------------------------ */
static bool name_ok(const char *s)
{
    for (size_t i = 0; s[i] != '\0'; i++)
        if (!islower((unsigned char)s[i]) && !isdigit((unsigned char)s[i]) && s[i] != '_')
            return false;
    return islower((unsigned char)s[0]);
}

/* What a field is of must be there: the model leaves out a field that is of nothing. */
static bool of_exists(struct berth_ctx *c, const char *type, const char *of)
{
    if (strcmp(type, "ref") == 0) {
        const struct table *t = of == NULL ? NULL : model_table(c->m, of);

        return t != NULL && !(t->flags & BERTH_BARE);
    }
    if (strcmp(type, "pick") == 0)
        return of != NULL && model_dict(c->m, of) != NULL;
    if (strcmp(type, "money") == 0)
        return of == NULL || map_get(&model_dict(c->m, "base.currency")->by_key, of) != NULL;
    return true;
}

static void check_bounds(struct berth_ctx *c, const struct berth_row *r, struct berth_val type)
{
    struct berth_val min = row_get(r, "min"), max = row_get(r, "max");
    bool number = !val_is_nil(type) && field_is_number(&(struct field){.type = model_type(type.s)});

    if (max.i > (number ? INT32_MAX : CUSTOM_MAX))
        ctx_invalid(c, "max", "err.too_large", "max", arena_fmt(c->a, "%d", number ? INT32_MAX : CUSTOM_MAX), NULL);
    else if (number && !val_is_nil(min) && max.i > 0 && min.d > (double)max.i)
        ctx_invalid(c, "max", "err.too_small", "min", arena_fmt(c->a, "%.15g", min.d), NULL);
}

static int check_field(struct berth_ctx *c, struct berth_row *r)
{
    struct berth_val name = row_get(r, "name"), on = row_get(r, "on_table"), type = row_get(r, "type");
    const struct table *t = val_is_nil(on) ? NULL : model_table(c->m, on.s);

    if (t == NULL || !(t->flags & BERTH_CUSTOM))
        ctx_invalid(c, "on_table", "err.custom_table", NULL);
    if (!val_is_nil(name) && strncmp(name.s, "x_", 2) != 0) {
        row_set(r, "name", berth_s(arena_fmt(c->a, "x_%s", name.s)));
        name = row_get(r, "name");
    }
    if (val_is_nil(name) || !name_ok(name.s))
        ctx_invalid(c, "name", "err.custom_name", NULL);
    if (!val_is_nil(type) && !of_exists(c, type.s, row_get(r, "of").s))
        ctx_invalid(c, "of", "err.ref", NULL);
    check_bounds(c, r, type);
    if (r->old != NULL && (!val_equal(type, row_get(r->old, "type")) || !val_equal(on, row_get(r->old, "on_table")) ||
                           !val_equal(name, row_get(r->old, "name"))))
        ctx_invalid(c, "type", "err.custom_fixed", NULL);
    return c->rc;
}

static int check_item(struct berth_ctx *c, struct berth_row *r)
{
    struct berth_val dict = row_get(r, "dict"), key = row_get(r, "key");
    const struct dict *d = val_is_nil(dict) ? NULL : model_dict(c->m, dict.s);

    if (d == NULL || !d->open)
        ctx_invalid(c, "dict", "err.dict_closed", NULL);
    if (!val_is_nil(key) && strpbrk(key.s, "|,; ") != NULL)
        ctx_invalid(c, "key", "err.dict_key", NULL);
    return c->rc;
}

/* An administrator cannot lock everybody out. */
static int keep_an_admin(struct berth_ctx *c, const struct berth_row *r, const char *field)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT 1 FROM \"user\" WHERE admin = 1 AND active = 1 AND id <> ? LIMIT 1");
    int rc;

    db_bind_int(s, 1, row_id(r));
    rc = db_step(s);
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "look for another administrator");
    return rc == DB_ROW ? c->rc : ctx_invalid(c, field, "err.last_admin", NULL);
}

static bool is_admin(const struct berth_row *r)
{
    return r != NULL && row_get(r, "admin").i != 0 && row_get(r, "active").i != 0;
}

static bool by_admin(const struct berth_ctx *c)
{
    return c->who == NULL || c->who->admin;
}

static int denied(struct berth_ctx *c)
{
    return ctx_fail(c, BERTH_DENIED, "denied", "err.denied");
}

/* Whoever may edit users cannot make administrators of them, nor touch those who are. */
static int check_user(struct berth_ctx *c, struct berth_row *r)
{
    if (!by_admin(c) && (row_get(r, "admin").i != 0 || row_get(r->old, "admin").i != 0))
        return denied(c);
    if (is_admin(r->old) && !is_admin(r))
        return keep_an_admin(c, r, row_get(r, "admin").i == 0 ? "admin" : "active");
    return c->rc;
}

static int drop_user(struct berth_ctx *c, struct berth_row *r)
{
    if (!by_admin(c) && row_get(r, "admin").i != 0)
        return denied(c);
    return is_admin(r) ? keep_an_admin(c, r, "admin") : c->rc;
}

/* A right to write these would be a right to everything. */
static int only_admin(struct berth_ctx *c, struct berth_row *r)
{
    (void)r;
    return by_admin(c) ? c->rc : denied(c);
}

bool home_fits(const json_t *list)
{
    const json_t *one;
    size_t i;

    if (!json_is_array(list) || json_array_size(list) > 60)
        return false;
    json_array_foreach (list, i, one) {
        const json_t *w = json_object_get(one, "w");

        if (!json_is_object(one) || !json_is_integer(w) || json_integer_value(w) < 1 || json_integer_value(w) > 12)
            return false;
        if (json_string_value(json_object_get(one, "tile")) == NULL && json_string_value(json_object_get(one, "table")) == NULL)
            return false;
    }
    return true;
}

static int check_role(struct berth_ctx *c, struct berth_row *r)
{
    struct berth_val home = row_get(r, "home");
    json_t *list = val_is_nil(home) ? NULL : json_loadb(home.s, (size_t)home.len, 0, NULL);

    if (!val_is_nil(home) && !home_fits(list))
        ctx_invalid(c, "home", "err.invalid", NULL);
    json_decref(list);
    return only_admin(c, r);
}

static int only_host(struct berth_ctx *c, struct berth_row *r)
{
    (void)r;
    return c->who == NULL ? c->rc : denied(c);
}

static const struct table *pooled(struct berth_ctx *c, const struct berth_row *r)
{
    struct berth_val on = row_get(r, "on_table");
    const struct table *t = val_is_nil(on) ? NULL : model_table(c->m, on.s);

    return t != NULL && t->at_pool >= 0 ? t : NULL;
}

static int check_pool(struct berth_ctx *c, struct berth_row *r)
{
    if (pooled(c, r) == NULL && !val_is_nil(row_get(r, "on_table")) && model_table(c->m, row_get(r, "on_table").s) != NULL)
        return ctx_invalid(c, "on_table", "err.pool_table", NULL);
    return c->rc;
}

/* A filter kept for later must fit its table, and mean the same tomorrow. */
int custom_filter(struct berth_ctx *c, const struct table *t, const struct berth_row *r, const char *field)
{
    struct berth_val v = row_get(r, field);
    const struct where *w;
    struct berth_ctx plain;
    json_t *j;

    if (val_is_nil(v))
        return c->rc;
    ctx_init(&plain, c->st, c->conn, c->a, NULL, c->locale);
    plain.m = c->m;
    j = json_loadb(v.s, (size_t)v.len, 0, NULL);
    if (strstr(v.s, "\"@") != NULL)
        ctx_invalid(c, field, "err.filter_relative", NULL);
    else if (!where_json(&plain, t, j, &w) && plain.problems != NULL)
        ctx_invalid(c, field, plain.problems->key, "value", plain.problems->args[1], NULL);
    json_decref(j);
    return c->rc;
}

static int check_pool_rule(struct berth_ctx *c, struct berth_row *r)
{
    struct berth_row *pool = find_raw(c, model_table(c->m, "pool"), row_get(r, "pool_id").i);
    const struct table *t = pool == NULL ? NULL : pooled(c, pool);
    struct berth_val from = row_get(r, "counted_field");
    const struct field *f = t == NULL || val_is_nil(from) ? NULL : model_field(t, from.s);

    if (t == NULL)
        return c->rc;
    if (!val_is_nil(from) && (f == NULL || (f->type != BERTH_DATE && f->type != BERTH_TIME)))
        ctx_invalid(c, "counted_field", "err.counted_field", NULL);
    custom_filter(c, t, r, "applies_to");
    return c->rc;
}

static int check_pool_field(struct berth_ctx *c, struct berth_row *r)
{
    struct berth_row *pool = find_raw(c, model_table(c->m, "pool"), row_get(r, "pool_id").i);
    const struct table *t = pool == NULL ? NULL : pooled(c, pool);
    struct berth_val name = row_get(r, "field");

    if (t != NULL && !val_is_nil(name) && perm_veil_place(t, name.s) < 0)
        return ctx_invalid(c, "field", "err.pool_field", NULL);
    return c->rc;
}

static int check_hold_limit(struct berth_ctx *c, struct berth_row *r)
{
    const struct table *t = pooled(c, r);

    if (t == NULL)
        return ctx_invalid(c, "on_table", "err.pool_table", NULL);
    custom_filter(c, t, r, "uncounted");
    return c->rc;
}

/* What lies in a pool would belong to nobody. */
static int drop_pool(struct berth_ctx *c, struct berth_row *r)
{
    struct berth_val on = row_get(r, "on_table");
    const struct table *t = val_is_nil(on) ? NULL : model_table(c->m, on.s);
    struct db_stmt *s;
    int rc;

    if (t == NULL || t->at_pool < 0)
        return c->rc;
    s = db_prepare(c->conn, arena_fmt(c->a, "SELECT 1 FROM %s WHERE pool_id = ? AND owner_id IS NULL LIMIT 1", t->sql));
    db_bind_int(s, 1, row_id(r));
    rc = db_step(s);
    db_reset(s);
    if (rc < 0)
        return ctx_db(c, rc, "look into a pool");
    return rc == DB_ROW ? ctx_fail(c, BERTH_CONFLICT, "conflict", "err.pool_used") : c->rc;
}

/* A department is not below itself. */
static int check_department(struct berth_ctx *c, struct berth_row *r)
{
    int64_t up = row_get(r, "parent_id").i;

    if (r->old == NULL || val_equal(row_get(r, "parent_id"), row_get(r->old, "parent_id")))
        return c->rc;
    for (int level = 0; up != 0 && level < 1000; level++) {
        if (up == row_id(r))
            return ctx_invalid(c, "parent_id", "err.ref", NULL);
        up = row_get(find_raw(c, r->t, up), "parent_id").i;
    }
    return c->rc;
}

/* Whoever is away names who stands in for them; a superior may do it for them, but not name themselves. */
static int check_deputy(struct berth_ctx *c, struct berth_row *r)
{
    int64_t owner = row_int(r, r->t->at_owner), deputy = row_get(r, "deputy_id").i;
    int64_t me = c->who == NULL || c->who->admin ? 0 : c->who->id;

    if (owner == 0 && c->who != NULL)
        owner = c->who->id; /* given by the save itself */
    if (deputy == owner || (me != 0 && deputy == me))
        return ctx_invalid(c, "deputy_id", "err.deputy", NULL);
    if (row_get(r, "until_at").i <= row_get(r, "from_at").i)
        return ctx_invalid(c, "until_at", "err.until", NULL);
    return c->rc;
}

static int check_helper(struct berth_ctx *c, struct berth_row *r)
{
    int64_t owner = row_int(r, r->t->at_owner);

    if (owner == 0 && c->who != NULL)
        owner = c->who->id;
    return row_get(r, "helper_id").i == owner ? ctx_invalid(c, "helper_id", "err.deputy", NULL) : (int)c->rc;
}

/* A setting is one that some plugin declares, and of its type. */
static int check_setting(struct berth_ctx *c, struct berth_row *r)
{
    struct berth_val name = row_get(r, "name"), value = row_get(r, "value"), out;
    const struct field *f = val_is_nil(name) ? NULL : model_setting(c->m, name.s);
    struct field as;

    if (!by_admin(c))
        return denied(c);
    if (f == NULL || (r->old != NULL && !val_equal(name, row_get(r->old, "name"))))
        return ctx_invalid(c, "name", "err.setting", NULL);
    if (val_is_nil(value))
        return c->rc;
    as = *f;
    as.name = "value"; /* a problem is told beside what was typed */
    if (val_from_text(c, &as, value.s, (size_t)value.len, &out))
        val_in_range(c, &as, out);
    return c->rc;
}

static int check_retention(struct berth_ctx *c, struct berth_row *r)
{
    struct berth_val on = row_get(r, "on_table");
    const struct table *t = val_is_nil(on) ? NULL : model_table(c->m, on.s);

    if (t == NULL || !(t->flags & BERTH_BIN))
        ctx_invalid(c, "on_table", "err.bin_table", NULL);
    return c->rc;
}

/* ---- after a save --------------------------------------------------------------------- */
static int rights(struct berth_ctx *c, struct berth_row *r, uint32_t deed)
{
    perm_changed(c);
    return audit_row(c, r, deed);
}

static int pool_saved(struct berth_ctx *c, struct berth_row *r, uint32_t deed)
{
    due_changed(c);
    return rights(c, r, deed);
}

static int setting_saved(struct berth_ctx *c, struct berth_row *r, uint32_t deed)
{
    struct berth_val name = row_get(r, "name");

    if (!val_is_nil(name) && strcmp(name.s, "base.sorting") == 0)
        order_chosen(c, deed == BERTH_DELETE ? berth_nil() : row_get(r, "value"));
    due_changed(c);
    return !val_is_nil(name) && strncmp(name.s, "base.", 5) == 0 ? rights(c, r, deed) : audit_row(c, r, deed);
}

static int token_gone(struct berth_ctx *c, struct berth_row *r, uint32_t deed)
{
    if (deed == BERTH_DELETE)
        session_forget(c, row_get(r, "hash").s);
    return audit_row(c, r, deed);
}

static int handed_over(struct berth_ctx *c, struct berth_row *r, uint32_t deed)
{
    return deed == BERTH_UPDATE ? handover_saved(c, r) : (int)c->rc;
}

static int declarations(struct berth_ctx *c, struct berth_row *r, uint32_t deed)
{
    (void)r;
    (void)deed;
    if (c->together) {
        c->redeclared = true;
        return c->rc;
    }
    return store_remodel(c);
}

/* Whoever leaves stops working at once; what they held is handed over. */
static int user_saved(struct berth_ctx *c, struct berth_row *r, uint32_t deed)
{
    bool left = deed == BERTH_DELETE ||
                (r->old != NULL && row_get(r->old, "active").i != 0 && row_get(r, "active").i == 0);

    rights(c, r, deed);
    if (!left)
        return c->rc;
    session_end_all(c, row_id(r), NULL);
    return handover_begin(c, r) == BERTH_OK ? hook_emit(c, "base.user_left", r) : (int)c->rc;
}

/* ---- words of their own -------------------------------------------------------------------- */
struct wording {
    const char *locale, *key;
};

/* As it is by now: who changes one on another thread may have committed first and be told last. */
static void put_wording(struct berth_ctx *c, void *arg)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    const struct wording *w = arg;
    struct db_stmt *s;
    int rc;

    pthread_mutex_lock(&lock);
    s = db_prepare(c->conn, "SELECT text FROM label WHERE locale = ? AND word = ?");
    db_bind_text(s, 1, w->locale, -1);
    db_bind_text(s, 2, w->key, -1);
    rc = db_step(s);
    if (rc >= 0)
        labels_instead(c->st->labels, w->locale, w->key, rc == DB_ROW ? db_col_text(s, 0, NULL) : NULL);
    db_reset(s);
    pthread_mutex_unlock(&lock);
    atomic_fetch_add(&c->st->view_gen, 1);
}

static void wording_of(struct berth_ctx *c, const struct berth_row *r)
{
    struct wording *w = arena_alloc(c->a, sizeof(*w));

    *w = (struct wording){row_get(r, "locale").s, row_get(r, "word").s};
    ctx_after_commit(c, put_wording, w);
}

/* "ui." begins what only the web UI says. */
static int check_label(struct berth_ctx *c, struct berth_row *r)
{
    struct berth_val word = row_get(r, "word");

    if (!val_is_nil(word) && strncmp(word.s, "ui.", 3) != 0 && labels_find(c->st->labels, "en", word.s) == NULL)
        return ctx_invalid(c, "word", "err.no_label", "name", word.s, NULL);
    return c->rc;
}

static int label_saved(struct berth_ctx *c, struct berth_row *r, uint32_t deed)
{
    if (r->old != NULL && deed == BERTH_UPDATE)
        wording_of(c, r->old);
    wording_of(c, r);
    return c->rc;
}

int custom_labels(struct berth_ctx *c)
{
    struct db_stmt *s = db_prepare(c->conn, "SELECT locale, word, text FROM label");
    int rc;

    while ((rc = db_step(s)) == DB_ROW)
        labels_instead(c->st->labels, db_col_text(s, 0, NULL), db_col_text(s, 1, NULL), db_col_text(s, 2, NULL));
    db_reset(s);
    return rc < 0 ? ctx_db(c, rc, "read the labels of administrators") : (int)c->rc;
}

static const struct own {
    const char *table;
    int (*check)(struct berth_ctx *, struct berth_row *); /* before it is saved */
    int (*drop)(struct berth_ctx *, struct berth_row *);  /* before it is taken away */
    int (*saved)(struct berth_ctx *, struct berth_row *, uint32_t deed);
} own[] = {
    {"automation", automation_check, NULL, flow_saved},
    {"automation_step", automation_step_check, NULL, flow_saved},
    {"approval_flow", flow_check, NULL, flow_saved},
    {"approval_step", flow_step_check, NULL, flow_saved},
    {"api_token", NULL, NULL, token_gone},
    {"audit", only_host, only_host, NULL},
    {"custom_field", check_field, NULL, declarations},
    {"department", check_department, NULL, rights},
    {"deputy", check_deputy, NULL, rights},
    {"handover", NULL, NULL, handed_over},
    {"dup_rule", dup_rule_check, NULL, dup_rule_saved},
    {"helper", check_helper, NULL, rights},
    {"hold_limit", check_hold_limit, NULL, NULL},
    {"dict_item", check_item, NULL, declarations},
    {"layout", layout_check, NULL, layout_saved},
    {"label", check_label, NULL, label_saved},
    {"pool", check_pool, drop_pool, pool_saved},
    {"pool_field", check_pool_field, NULL, rights},
    {"pool_member", NULL, NULL, rights},
    {"pool_rule", check_pool_rule, NULL, pool_saved},
    {"retention", check_retention, NULL, NULL},
    {"role", check_role, only_admin, rights},
    {"role_field", only_admin, only_admin, rights},
    {"role_perm", only_admin, only_admin, rights},
    {"role_table", only_admin, only_admin, rights},
    {"saved_view", view_check, NULL, view_saved_now},
    {"setting", check_setting, check_setting, setting_saved},
    {"user", check_user, drop_user, user_saved},
    {"user_department", only_admin, only_admin, rights},
    {"user_role", only_admin, only_admin, rights},
};

static const struct own *own_of(const struct table *t)
{
    if (strcmp(t->plugin, "base") != 0)
        return NULL;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (strcmp(own[i].table, t->name) == 0)
            return &own[i];
    return NULL;
}

int custom_check(struct berth_ctx *c, struct berth_row *r)
{
    const struct own *o = own_of(r->t);

    return o != NULL && o->check != NULL ? o->check(c, r) : c->rc;
}

bool custom_checks(const struct table *t)
{
    const struct own *o = own_of(t);

    return o != NULL && o->check != NULL;
}

int custom_check_drop(struct berth_ctx *c, struct berth_row *r)
{
    const struct own *o = own_of(r->t);

    return o != NULL && o->drop != NULL ? o->drop(c, r) : c->rc;
}

int custom_check_back(struct berth_ctx *c, struct berth_row *r)
{
    return custom_check_drop(c, r); /* whoever may not take it away may not bring it back */
}

bool custom_follows(const struct table *t)
{
    const struct own *o = own_of(t);

    return o != NULL && o->saved != NULL;
}

int custom_touched(struct berth_ctx *c, struct berth_row *r, uint32_t deed)
{
    const struct own *o = own_of(r->t);

    return o != NULL && o->saved != NULL ? o->saved(c, r, deed) : c->rc;
}

/* ---- numbers ---------------------------------------------------------------------------- */
static const char *dated(struct berth_ctx *c, const char *prefix)
{
    static const struct {
        const char *name;
        int part;
    } parts[] = {{"{year}", 0}, {"{month}", 1}, {"{day}", 2}};
    struct buf b = BUF_INIT;
    int ymd[3];
    const char *s;

    when_civil(where_today(c), &ymd[0], &ymd[1], &ymd[2]);
    for (s = prefix; *s != '\0';) {
        size_t i = 0;

        while (i < 3 && strncmp(s, parts[i].name, strlen(parts[i].name)) != 0)
            i++;
        if (i < 3) {
            buf_addf(&b, i == 0 ? "%04d" : "%02d", ymd[parts[i].part]);
            s += strlen(parts[i].name);
        } else {
            buf_putc(&b, *s++);
        }
    }
    s = arena_strdup(c->a, buf_str(&b));
    buf_free(&b);
    return s;
}

int custom_next_number(struct berth_ctx *c, struct berth_row *r, const struct field *f)
{
    static const int keep[] = {['n'] = 0, ['y'] = 4, ['m'] = 7, ['d'] = 10}; /* of "2026-11-22" */
    const char *name = arena_fmt(c->a, "%s.%s", f->table->name, f->name), *prefix = "", *reset = "never";
    char day[WHEN_DATE_MAX], *period;
    int64_t next = 1, digits = 5;
    bool found;
    struct db_stmt *s = db_prepare(c->conn, "SELECT coalesce(prefix, ''), coalesce(digits, 5), coalesce(\"next\", 1),"
                                            " coalesce(reset, 'never'), coalesce(period, '') FROM series WHERE name = ?");

    when_date_format(where_today(c), day);
    db_bind_text(s, 1, name, -1);
    found = db_step(s) == DB_ROW;
    if (found) {
        prefix = arena_strdup(c->a, db_col_text(s, 0, NULL));
        digits = db_col_int(s, 1);
        reset = arena_strdup(c->a, db_col_text(s, 3, NULL));
    }
    period = arena_strndup(c->a, day, (size_t)keep[(unsigned char)reset[0]]);
    if (found)
        next = strcmp(period, db_col_text(s, 4, NULL)) == 0 ? db_col_int(s, 2) : 1;
    db_reset(s);
    s = db_prepare(c->conn, found ? "UPDATE series SET \"next\" = ?1, period = ?2, version = version + 1 WHERE name = ?3"
                                  : "INSERT INTO series (version, created_at, updated_at, \"next\", period, name, digits,"
                                    " reset) VALUES (1, ?4, ?4, ?1, ?2, ?3, 5, 'never')");
    db_bind_int(s, 1, next + 1);
    db_bind_text(s, 2, period, -1);
    db_bind_text(s, 3, name, -1);
    if (!found)
        db_bind_int(s, 4, c->now);
    if (db_step(s) < 0)
        ctx_db(c, DB_ERROR, "draw a number");
    db_reset(s);
    row_set(r, f->name, berth_s(arena_fmt(c->a, "%s%0*lld", dated(c, prefix), (int)digits, (long long)next)));
    return c->rc;
}
