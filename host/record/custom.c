/* custom.c - saving the host's own tables: what must hold, and what follows. */
#include "record/custom.h"

#include <ctype.h>
#include <string.h>

#include "base/when.h"
#include "record/find.h"
#include "record/hook.h"
#include "record/session.h"
#include "record/zone.h"

/* ---- before a save ------------------------------------------------------------------ */
static bool name_ok(const char *s)
{
    for (size_t i = 0; s[i] != '\0'; i++)
        if (!islower((unsigned char)s[i]) && !isdigit((unsigned char)s[i]) && s[i] != '_')
            return false;
    return islower((unsigned char)s[0]);
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
static int check_user(struct berth_ctx *c, struct berth_row *r)
{
    struct db_stmt *s;
    bool other;

    if (r->old == NULL || row_get(r->old, "admin").i == 0 || (row_get(r, "admin").i != 0 && row_get(r, "active").i != 0))
        return c->rc;
    s = db_prepare(c->conn, "SELECT 1 FROM \"user\" WHERE admin = 1 AND active = 1 AND id <> ? LIMIT 1");
    db_bind_int(s, 1, row_id(r));
    other = db_step(s) == DB_ROW;
    db_reset(s);
    if (!other)
        ctx_invalid(c, row_get(r, "admin").i == 0 ? "admin" : "active", "err.last_admin", NULL);
    return c->rc;
}

/* ---- after a save --------------------------------------------------------------------- */
static void rights_grew(struct berth_ctx *c, void *arg)
{
    (void)arg;
    atomic_fetch_add(&c->st->rights_gen, 1);
}

static int rights(struct berth_ctx *c, struct berth_row *r, uint32_t deed)
{
    (void)r;
    (void)deed;
    ctx_after_commit(c, rights_grew, NULL);
    return c->rc;
}

static int declarations(struct berth_ctx *c, struct berth_row *r, uint32_t deed)
{
    (void)r;
    (void)deed;
    return store_remodel(c);
}

/* Whoever leaves stops working at once; what they held is let go by those who listen. */
static int user_saved(struct berth_ctx *c, struct berth_row *r, uint32_t deed)
{
    bool left = deed == BERTH_DELETE ||
                (r->old != NULL && row_get(r->old, "active").i != 0 && row_get(r, "active").i == 0);

    rights(c, r, deed);
    if (!left)
        return c->rc;
    session_end_all(c, row_id(r), NULL);
    return hook_emit(c, "base.user_left", r);
}

static const struct {
    const char *table;
    int (*check)(struct berth_ctx *, struct berth_row *);
    int (*saved)(struct berth_ctx *, struct berth_row *, uint32_t deed);
} own[] = {
    {"custom_field", check_field, declarations},
    {"department", NULL, rights},
    {"dict_item", check_item, declarations},
    {"pool", NULL, rights},
    {"pool_member", NULL, rights},
    {"role", NULL, rights},
    {"role_field", NULL, rights},
    {"role_perm", NULL, rights},
    {"role_table", NULL, rights},
    {"user", check_user, user_saved},
    {"user_role", NULL, rights},
};

int custom_check(struct berth_ctx *c, struct berth_row *r)
{
    if (strcmp(r->t->plugin, "base") != 0)
        return c->rc;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (own[i].check != NULL && strcmp(own[i].table, r->t->name) == 0)
            own[i].check(c, r);
    return c->rc;
}

int custom_touched(struct berth_ctx *c, struct berth_row *r, uint32_t deed)
{
    if (strcmp(r->t->plugin, "base") != 0)
        return c->rc;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (strcmp(own[i].table, r->t->name) == 0)
            own[i].saved(c, r, deed);
    return c->rc;
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
