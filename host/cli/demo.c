/* demo.c - people, pools and leads of the demo, through the record layer like everybody's. */
#include "cli/demo.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"
#include "record/save.h"
#include "record/session.h"
#include "record/span.h"
#include "record/where.h"
#include "record/zone.h"
#include "sheet/sheet.h"

static const char password[] = "berth-demo";

static const struct person {
    const char *login, *name, *position, *locale, *department, *manager, *role;
    bool admin;
} people[] = {
    {"demo.admin", "林志明", "系统管理员", "zh-CN", "Head office", NULL, NULL, true},
    {"demo.manager", "陈伟", "销售经理", "zh-CN", "Sales Shenzhen", "demo.admin", "manager", false},
    {"demo.li", "李娜", "销售", "zh-CN", "Sales Shenzhen", "demo.manager", "sales", false},
    {"demo.zhang", "張家豪", "業務", "zh-TW", "Sales Shenzhen", "demo.manager", "sales", false},
    {"demo.lan", "Nguyễn Thị Lan", "Trưởng phòng kinh doanh", "vi", "Sales Ho Chi Minh City", "demo.admin", "manager", false},
    {"demo.minh", "Trần Quang Minh", "Nhân viên kinh doanh", "vi", "Sales Ho Chi Minh City", "demo.lan", "sales", false},
    {"demo.alice", "Alice Wong", "Sales", "en", "Sales Shenzhen", "demo.manager", "sales", false},
};

static const char *const departments[][2] = {
    {"Head office", NULL}, {"Sales Shenzhen", "Head office"}, {"Sales Ho Chi Minh City", "Head office"}};

static int64_t id_of(struct berth_ctx *c, const char *table, const char *column, const char *value)
{
    struct db_stmt *s = db_prepare(c->conn, arena_fmt(c->a, "SELECT id FROM %s WHERE %s = ?",
                                                      model_table(c->m, table)->sql, column));
    int64_t id = 0;

    db_bind_text(s, 1, value, -1);
    if (value != NULL && db_step(s) == DB_ROW)
        id = db_col_int(s, 0);
    db_reset(s);
    return id;
}

static struct berth_row *make(struct berth_ctx *c, const char *table)
{
    return row_new(c, model_table(c->m, table));
}

static void set_text(struct berth_row *r, const char *field, const char *text)
{
    if (text != NULL)
        row_set(r, field, berth_s(text));
}

static void set_id(struct berth_row *r, const char *field, int64_t id)
{
    if (id != 0)
        row_set(r, field, berth_i(id));
}

static int64_t add_pool(struct berth_ctx *c, const char *table, const char *name, const char *department)
{
    struct berth_row *pool = make(c, "pool"), *member = make(c, "pool_member");

    set_text(pool, "name", name);
    set_text(pool, "on_table", table);
    set_id(pool, "day_cap", 20);
    set_id(pool, "hold_cap", 500);
    set_id(pool, "lock_days", 3);
    if (row_save(c, pool) != BERTH_OK)
        return 0;
    set_id(member, "pool_id", row_id(pool));
    set_id(member, "department_id", id_of(c, "department", "name", department));
    row_save(c, member);
    return row_id(pool);
}

static int people_body(struct berth_ctx *c, void *arg)
{
    const char *hash = arg;

    for (size_t i = 0; i < sizeof(departments) / sizeof(departments[0]); i++) {
        struct berth_row *d = make(c, "department");

        set_text(d, "name", departments[i][0]);
        set_id(d, "parent_id", id_of(c, "department", "name", departments[i][1]));
        row_save(c, d);
    }
    for (size_t i = 0; i < sizeof(people) / sizeof(people[0]) && c->rc == BERTH_OK; i++) {
        const struct person *p = &people[i];
        struct berth_row *u = make(c, "user"), *role;
        int64_t role_id = id_of(c, "role", "name", p->role);

        set_text(u, "login", p->login);
        set_text(u, "name", p->name);
        set_text(u, "position", p->position);
        set_text(u, "locale", p->locale);
        set_text(u, "password_hash", hash);
        set_id(u, "department_id", id_of(c, "department", "name", p->department));
        set_id(u, "manager_id", id_of(c, "user", "login", p->manager));
        set_id(u, "admin", p->admin);
        if (row_save(c, u) != BERTH_OK || role_id == 0)
            continue;
        role = make(c, "user_role");
        set_id(role, "user_id", row_id(u));
        set_id(role, "role_id", role_id);
        row_save(c, role);
    }
    return c->rc;
}

static int pools_body(struct berth_ctx *c, void *arg)
{
    (void)arg;
    if (model_table(c->m, "lead") != NULL) {
        add_pool(c, "lead", "深圳公海", "Sales Shenzhen");
        add_pool(c, "lead", "Kho chung TP.HCM", "Sales Ho Chi Minh City");
    }
    if (model_table(c->m, "customer") != NULL) {
        add_pool(c, "customer", "深圳客户公海", "Sales Shenzhen");
        add_pool(c, "customer", "Kho khách TP.HCM", "Sales Ho Chi Minh City");
    }
    return c->rc;
}

/* ---- records of the areas, from share/demo ------------------------------------------------------------
 * A column is a field's name, or "@" and what demo_row has a member for.  All days are counted back
 * from today, so the demo is always of today.  Behind a field's name stands how its values are told: "field+" in
 * days from today ("3", "m-1": the first of last month, "2 09:30"), "field#" by the place of the record that is
 * meant ("-1": the last), "field@" by a user's login (several: "demo.li, demo.zhang").  "@nth" first: the row says more of a record
 * that is there already, by its place.  A row that begins with ":table" begins another table. */
enum { COLUMNS = 64 };

struct demo_row {
    struct berth_row *row;
    const char *owner, *pool, *from, *was; /* "@owner" ... */
    const char *stage;
    int64_t created, since, of; /* days ago; since: claimed, or back in the pool; of: a row of file->of */
};

struct demo_file {
    const char *name, *table;
    const struct demo_file *of; /* whose records "@of" counts */
    int (*take)(struct berth_ctx *c, struct demo_row *d, struct demo_file *f);
    int64_t ids[1000]; /* of the records, by their place in the file */
    size_t n;
};

/* What the record layer does, it does as this user: today now, on earlier days between nine and five by the company's clock, at a
 * time that differs by lead.  So what belongs to one day stays on it at whatever hour the demo is made. */
static void act(struct berth_ctx *c, const char *login, int64_t days_ago, int64_t lead)
{
    int64_t user = id_of(c, "user", "login", login);

    c->now = store_now(c->st);
    if (days_ago > 0)
        c->now = zone_midnight(c->st->company.zone, where_today(c) - days_ago) + (9 * 60 + lead * 37 % 480) * 60000;
    c->who = user == 0 ? NULL : who_get(c->st, c->conn, c->m, user);
}

/* Days from today on: "5", "-3". */
static void take_day(struct berth_ctx *c, struct demo_row *d, const char *column, const char *text)
{
    static const char *const days[][2] = {{"@next", "next_action_on"}, {"@ready", "ready_on"}, {"@close", "close_on"},
                                          {"@due", "due_on"},         {"@show", "from_on"},   {"@until", "until_on"}};

    for (size_t i = 0; i < sizeof(days) / sizeof(days[0]); i++)
        if (strcmp(column, days[i][0]) == 0)
            row_set(d->row, days[i][1], (struct berth_val){BERTH_DATE, 0, {.i = where_today(c) + strtoll(text, NULL, 10)}});
}

/* "3", "m-1", "2 09:30". */
static struct berth_val moment(struct berth_ctx *c, const struct field *f, const char *text)
{
    bool month = *text == 'm';
    char *end;
    long n = strtol(text + (month ? 1 : 0), &end, 10), h = strtol(end, &end, 10), m = *end == ':' ? strtol(end + 1, NULL, 10) : 0;
    int64_t day = month ? span_begin(SPAN_MONTH, where_today(c), (int)n) : where_today(c) + n;

    if (f->type == BERTH_TIME)
        return (struct berth_val){BERTH_TIME, 0, {.i = zone_midnight(c->st->company.zone, day) + (h * 60 + m) * 60000}};
    return (struct berth_val){BERTH_DATE, 0, {.i = day}};
}

/* "demo.li, demo.zhang". */
static struct berth_val users(struct berth_ctx *c, const struct field *f, const char *text)
{
    struct buf all = BUF_INIT;
    struct berth_val v;

    if (!(f->flags & BERTH_MANY))
        return berth_i(id_of(c, "user", "login", text));
    for (size_t n; *text != '\0'; text += n + strspn(text + n, ", ")) {
        n = strcspn(text, ", ");
        buf_addf(&all, "|%lld", (long long)id_of(c, "user", "login", arena_strndup(c->a, text, n)));
    }
    buf_putc(&all, '|');
    v = berth_s(arena_strdup(c->a, buf_str(&all)));
    buf_free(&all);
    return v;
}

static int64_t nth(struct berth_ctx *c, const struct table *t, long n)
{
    struct db_stmt *s =
        db_prepare(c->conn, arena_fmt(c->a, "SELECT id FROM %s ORDER BY id %s LIMIT 1 OFFSET ?", t->sql, n < 0 ? "DESC" : ""));

    db_bind_int(s, 1, (n < 0 ? -n : n) - 1);
    return db_one_int(s);
}

/* "field+", "field#", "field@". */
static void take_told(struct berth_ctx *c, struct demo_row *d, const char *column, const char *text)
{
    size_t n = strlen(column);
    char how = n > 1 ? column[n - 1] : '\0';
    const struct field *f = n > 1 ? model_field(d->row->t, arena_strndup(c->a, column, n - 1)) : NULL;

    if (f == NULL)
        return;
    if (how == '+')
        d->row->v[f->at] = moment(c, f, text);
    else if (how == '#' && f->ref != NULL)
        set_id(d->row, f->name, nth(c, f->ref, strtol(text, NULL, 10)));
    else if (how == '@')
        row_set(d->row, f->name, users(c, f, text));
}

static void take_cell(struct berth_ctx *c, struct demo_row *d, const char *column, const struct sheet_cell *cell)
{
    const struct {
        const char *name, **text;
        int64_t *number;
    } extra[] = {
        {"@owner", &d->owner, NULL}, {"@pool", &d->pool, NULL}, {"@from", &d->from, NULL},
        {"@was", &d->was, NULL}, {"@created", NULL, &d->created}, {"@since", NULL, &d->since},
        {"@of", NULL, &d->of}, {"@days", NULL, &d->created}, {"@stage", &d->stage, NULL}};
    const struct field *f = model_field(d->row->t, column);

    if (strcmp(column, "@nth") == 0) {
        struct berth_row *there = save_load(c, d->row->t, nth(c, d->row->t, strtol(cell->text, NULL, 10)));

        d->row = there == NULL ? d->row : there;
    }
    for (size_t i = 0; i < sizeof(extra) / sizeof(extra[0]); i++)
        if (strcmp(extra[i].name, column) == 0) {
            if (extra[i].text != NULL)
                *extra[i].text = arena_strdup(c->a, cell->text);
            else
                *extra[i].number = strtoll(cell->text, NULL, 10);
        }
    take_day(c, d, column, cell->text);
    take_told(c, d, column, cell->text);
    if (strcmp(column, "@month") == 0) /* months from this one on */
        row_set(d->row, "from_on",
                (struct berth_val){BERTH_DATE, 0, {.i = span_begin(SPAN_MONTH, where_today(c), (int)strtol(cell->text, NULL, 10))}});
    if (f != NULL)
        val_from_text(c, f, cell->text, cell->len, &d->row->v[f->at]);
}

/* Changes hands as it would by an action: the history tells who did what. */
static int change_hands(struct berth_ctx *c, const struct table *t, int64_t id, const char *op, int64_t owner)
{
    struct berth_row *r = save_load(c, t, id);

    c->op = op;
    c->all = true;
    if (r != NULL) {
        row_set(r, "owner_id", owner == 0 ? berth_nil() : berth_i(owner));
        row_save(c, r);
    }
    c->all = false;
    c->op = "update";
    return c->rc;
}

static int take_pooled(struct berth_ctx *c, struct demo_row *d, struct demo_file *f)
{
    bool pooled = d->from != NULL || (d->owner == NULL && d->was == NULL);
    const char *first = d->was != NULL ? d->was : d->owner;

    act(c, pooled ? NULL : first, d->created, (int64_t)f->n + 1);
    set_id(d->row, "pool_id", id_of(c, "pool", "name", d->pool));
    if (!pooled)
        set_id(d->row, "owner_id", id_of(c, "user", "login", first));
    row_defaults(d->row);
    if (row_save(c, d->row) != BERTH_OK)
        return c->rc;
    if (f->n < sizeof(f->ids) / sizeof(f->ids[0]))
        f->ids[f->n++] = row_id(d->row);
    if (d->from != NULL) {
        act(c, d->owner, d->since, (int64_t)f->n);
        return change_hands(c, d->row->t, row_id(d->row), "claim", id_of(c, "user", "login", d->owner));
    }
    if (d->was != NULL) {
        act(c, NULL, d->since, (int64_t)f->n);
        return change_hands(c, d->row->t, row_id(d->row), "release", 0);
    }
    return c->rc;
}

static int64_t of_id(const struct demo_row *d, const struct demo_file *f)
{
    return f->of == NULL || d->of < 1 || d->of > (int64_t)f->of->n ? 0 : f->of->ids[d->of - 1];
}

static int take_activity(struct berth_ctx *c, struct demo_row *d, struct demo_file *f)
{
    int64_t of = of_id(d, f); /* 0: the plugin of leads is off */
    struct berth_row *lead = of == 0 ? NULL : save_load(c, model_table(c->m, "lead"), of);

    if (lead == NULL)
        return c->rc;
    act(c, NULL, d->created, d->of);
    c->who = who_get(c->st, c->conn, c->m, row_get(lead, "owner_id").i);
    set_id(d->row, "lead_id", row_id(lead));
    set_text(d->row, "status", "done");
    set_id(d->row, "start_at", c->now);
    c->op = "log";
    c->note = row_get(d->row, "note").s;
    row_save(c, d->row);
    c->op = "update";
    c->note = NULL;
    return c->rc;
}

static int take_contact(struct berth_ctx *c, struct demo_row *d, struct demo_file *f)
{
    act(c, d->owner, 0, d->of);
    set_id(d->row, "customer_id", of_id(d, f));
    row_defaults(d->row);
    return row_save(c, d->row);
}

enum { STAGE_TERMS = 4, STAGE_LOST = 7 }; /* by their places */

/* A deal went through the stages before its own, evenly in the days since it was made; what is lost was lost over terms. */
static int take_opportunity(struct berth_ctx *c, struct demo_row *d, struct demo_file *f)
{
    int64_t to = d->stage == NULL ? 1 : strtoll(d->stage, NULL, 10), last = to == STAGE_LOST ? STAGE_TERMS + 1 : to;
    struct berth_val why = row_get(d->row, "lost_reason");

    act(c, d->owner, d->created, d->of);
    set_id(d->row, "customer_id", of_id(d, f));
    row_set(d->row, "lost_reason", berth_nil());
    row_defaults(d->row);
    row_save(c, d->row);
    for (int64_t i = 2; i <= last && c->rc == BERTH_OK; i++) {
        struct berth_row *r;

        act(c, d->owner, d->created * (last - i + 1) / last, d->of);
        r = save_load(c, d->row->t, row_id(d->row));
        c->op = "move";
        set_id(r, "stage_id", id_of(c, "stage", "place", arena_fmt(c->a, "%lld", (long long)(i == last ? to : i))));
        if (i == last)
            row_set(r, "lost_reason", why);
        row_save(c, r);
        c->op = "update";
    }
    return c->rc;
}

/* What its owner, or whoever may, would have written: tasks, targets, announcements. */
static int take_plain(struct berth_ctx *c, struct demo_row *d, struct demo_file *f)
{
    (void)f;
    act(c, d->owner, d->created, 0);
    if (c->who != NULL && !perm_may(c->who, d->row->t, DO_CREATE))
        act(c, NULL, d->created, 0); /* given by somebody else */
    if (row_id(d->row) == 0) {
        if (model_field(d->row->t, "owner_id") != NULL)
            set_id(d->row, "owner_id", id_of(c, "user", "login", d->owner));
        row_defaults(d->row);
    }
    c->all = true; /* it may name what is somebody else's */
    row_save(c, d->row);
    c->all = false;
    return c->rc;
}

static int read_rows(struct berth_ctx *c, struct demo_file *f, struct sheet *sheet)
{
    struct sheet_error e;
    struct sheet_row row;
    const char *column[COLUMNS];
    uint32_t columns = 0;
    int rc;

    while (c->rc == BERTH_OK && (rc = sheet_next(sheet, &row, &e)) > 0) {
        struct demo_row d = {0};

        if (columns == 0 || row.cells[0].text[0] == ':') {
            if (row.cells[0].text[0] == ':')
                f->table = arena_strdup(c->a, row.cells[0].text + 1);
            for (columns = 0; columns < row.len && columns < COLUMNS; columns++)
                column[columns] = arena_strdup(c->a, row.cells[columns].text);
            continue;
        }
        if (model_table(c->m, f->table) == NULL)
            continue; /* its plugin is off */
        act(c, NULL, 0, 0);
        d.row = make(c, f->table);
        for (uint32_t i = 0; i < row.len && i < columns; i++)
            if (row.cells[i].len > 0)
                take_cell(c, &d, column[i], &row.cells[i]);
        if (c->rc == BERTH_OK && f->take(c, &d, f) != BERTH_OK)
            log_error("demo", "%s: row %u cannot be loaded: %s", f->name, row.number, ctx_text(c, c->key, c->args));
    }
    act(c, NULL, 0, 0);
    return c->rc;
}

static int file_body(struct berth_ctx *c, void *arg)
{
    struct demo_file *f = arg;
    struct sheet_error e;
    struct sheet *sheet;

    if (sheet_open(f->name, NULL, &sheet, &e) < 0) {
        log_warn("demo", "no demo data in %s", f->name);
        return c->rc;
    }
    read_rows(c, f, sheet);
    sheet_close(&sheet);
    return c->rc;
}

static int load(struct site *s, struct arena *a, struct demo_file *f, struct buf *err)
{
    f->name = arena_fmt(a, "%s/demo/%s.csv", s->conf->share, f->name);
    return site_write(s, file_body, f, err);
}

static int load_records(struct site *s, struct arena *a, struct buf *err)
{
    struct demo_file *leads = arena_alloc(a, sizeof(*leads)), *customers = arena_alloc(a, sizeof(*customers));
    struct demo_file *rest = arena_alloc(a, 7 * sizeof(*rest));

    *leads = (struct demo_file){.name = "leads", .table = "lead", .take = take_pooled};
    *customers = (struct demo_file){.name = "customers", .table = "customer", .take = take_pooled};
    rest[0] = (struct demo_file){.name = "activities", .table = "activity", .of = leads, .take = take_activity};
    rest[1] = (struct demo_file){.name = "contacts", .table = "contact", .of = customers, .take = take_contact};
    rest[2] = (struct demo_file){.name = "opportunities", .table = "opportunity", .of = customers, .take = take_opportunity};
    rest[3] = (struct demo_file){.name = "tasks", .table = "task", .take = take_plain};
    rest[4] = (struct demo_file){.name = "targets", .table = "sales_target", .take = take_plain};
    rest[5] = (struct demo_file){.name = "announcements", .table = "announcement", .take = take_plain};
    rest[6] = (struct demo_file){.name = "details", .table = "", .take = take_plain};
    return load(s, a, leads, err) < 0 || load(s, a, &rest[0], err) < 0 || load(s, a, customers, err) < 0 ||
                   load(s, a, &rest[1], err) < 0 || load(s, a, &rest[2], err) < 0 || load(s, a, &rest[3], err) < 0 ||
                   load(s, a, &rest[4], err) < 0 || load(s, a, &rest[5], err) < 0 || load(s, a, &rest[6], err) < 0 ? -1 : 0;
}

int demo_load(struct site *s, struct buf *err)
{
    struct buf none = BUF_INIT;
    struct db_conn *conn = db_reader(s->st.db, err);
    struct arena *a = arena_new();
    struct berth_ctx c;
    const char *hash;
    int rc = 0;

    if (conn != NULL && session_setup_open(&s->st, conn)) {
        ctx_init(&c, &s->st, conn, a, NULL, NULL);
        hash = session_hash(&c, NULL, password);
        rc = hash == NULL || site_write(s, people_body, (void *)hash, err) < 0 ||
             site_write(s, pools_body, NULL, err) < 0 || load_records(s, a, err) < 0 ? -1 : 0;
    }
    if (conn != NULL)
        db_conn_close(&conn);
    arena_free(&a);
    buf_free(&none);
    return conn == NULL ? 0 : rc;
}

void demo_print(FILE *out)
{
    fprintf(out, "Demo users, all with the password %s:\n", password);
    for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++)
        fprintf(out, "  %-14s %s, %s\n", people[i].login, people[i].name, people[i].position);
    fputc('\n', out);
}
