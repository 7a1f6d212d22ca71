/* demo.c - people, pools and leads of the demo, through the record layer like everybody's. */
#include "cli/demo.h"

#include <string.h>

#include "record/save.h"
#include "record/session.h"

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

static int64_t add_pool(struct berth_ctx *c, const char *name, const char *department)
{
    struct berth_row *pool = make(c, "pool"), *member = make(c, "pool_member");

    set_text(pool, "name", name);
    set_text(pool, "on_table", "lead");
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
    if (model_table(c->m, "lead") == NULL)
        return c->rc;
    add_pool(c, "深圳公海", "Sales Shenzhen");
    add_pool(c, "Kho chung TP.HCM", "Sales Ho Chi Minh City");
    return c->rc;
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
        rc = hash == NULL || site_write(s, people_body, (void *)hash, err) < 0 || site_write(s, pools_body, NULL, err) < 0 ? -1 : 0;
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
