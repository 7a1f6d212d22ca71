/* test_record.c - filters and rights: what SQL selects and what is decided in memory are the same. */
#include "site_test.h"

#include "base/when.h"
#include "record/changed.h"
#include "record/condition.h"
#include "record/find.h"
#include "record/job.h"
#include "record/order.h"
#include "record/scan.h"
#include "record/save.h"
#include "record/search.h"
#include "record/zone.h"

enum { ROWS = 600, USERS = 24, FILTERS = 1500, PEOPLE = 400, LISTS = 300 };

static const struct table *lead;
static uint64_t seed = 88172645463325252u;

static uint64_t rnd(uint64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % n;
}

/* ---- a site with random leads ------------------------------------------------------------------- */
static const char *const names[] = {"lead", "Lead", "深圳 lead", "重庆 lead", "安徽 lead", "Đạt Lead", "Ân Lead", "An Lead"};
static const char *const cities[] = {"Ningbo", "ningbo", "深圳", "Đà Nẵng", "100%", "a_b", NULL};
static const char *const ratings[] = {"hot", "warm", "cold", NULL};
static const char *const lanes[] = {"|us_west|", "|us_west|europe|", "|europe|africa|", NULL};

static void text(struct berth_row *r, const char *field, const char *s)
{
    if (s != NULL)
        row_set(r, field, berth_s(s));
}

static int fill(struct berth_ctx *c, void *arg)
{
    (void)arg;
    for (int i = 0; i < USERS; i++) {
        struct berth_row *u = row_new(c, model_table(c->m, "user"));

        text(u, "name", arena_fmt(c->a, "user %d", i));
        text(u, "login", arena_fmt(c->a, "u%d", i));
        row_save(c, u);
    }
    for (int i = 0; i < 6; i++) {
        struct berth_row *p = row_new(c, model_table(c->m, "pool"));

        text(p, "name", arena_fmt(c->a, "pool %d", i));
        text(p, "on_table", "lead");
        row_save(c, p);
    }
    for (int i = 0; i < ROWS && c->rc == BERTH_OK; i++) {
        struct berth_row *r = row_new(c, lead);

        text(r, "name", rnd(3) > 0 ? arena_fmt(c->a, "%s %d", names[rnd(8)], i) : names[rnd(8)]);
        text(r, "city", cities[rnd(7)]);
        text(r, "rating", ratings[rnd(4)]);
        text(r, "lanes", lanes[rnd(4)]);
        row_set(r, "is_key", (struct berth_val){BERTH_BOOL, 0, {.i = (int64_t)rnd(2)}});
        if (rnd(3) > 0)
            row_set(r, "next_action_on", (struct berth_val){BERTH_DATE, 0, {.i = 20000 + (int64_t)rnd(20)}});
        if (rnd(4) > 0)
            row_set(r, "owner_id", berth_i(1 + (int64_t)(rnd(2) > 0 ? rnd(6) : rnd(USERS))));
        if (rnd(4) > 0)
            row_set(r, "pool_id", berth_i(1 + (int64_t)rnd(6)));
        row_save(c, r);
    }
    return c->rc;
}

static int open_site(void **state)
{
    (void)state;
    if (site_up(0) < 0)
        return -1;
    lead = model_table(atomic_load(&site.st.model), "lead");
    write_as_host(fill, NULL);
    return 0;
}

/* ---- all rows, whoever asks ------------------------------------------------------------------------ */
static struct berth_rows *everything(struct berth_ctx *c)
{
    struct where_query q = {0};
    struct berth_rows *rows = find_rows(c, lead, &q);

    assert_int_equal(rows->n, ROWS);
    return rows;
}

/* The ids that a condition selects, as a map by id. */
static void select_ids(struct berth_ctx *c, const char *condition, struct binds *b, bool out[ROWS + 1])
{
    struct db_stmt *s = db_prepare(c->conn, arena_fmt(c->a, "SELECT t.id FROM lead t WHERE %s", condition));

    assert_non_null(s);
    memset(out, 0, (ROWS + 1) * sizeof(out[0]));
    if (b != NULL)
        binds_to(s, 1, b);
    while (db_step(s) == DB_ROW)
        out[db_col_int(s, 0)] = true;
    db_reset(s);
}

/* ---- filters ------------------------------------------------------------------------------------------ */
static const char *leaf(struct arena *a)
{
    static const char *const leaves[] = {
        "city = 'Ningbo'", "city != 'Ningbo'", "city ~ 'ING'", "city ^ 'ning'", "city ~ '%'", "city ~ '_'",
        "city empty", "city not empty", "rating = 'hot'", "rating != 'hot'", "rating in ('hot', 'cold')",
        "rating not in ('hot', 'warm')", "rating empty", "is_key = true", "is_key = false", "lanes = 'europe'",
        "lanes in ('us_west', 'africa')", "lanes not in ('us_west')", "lanes empty", "owner_id empty", "owner_id = 3",
        "owner_id in (1, 2)", "owner_id not in (1, 2)", "name ~ '1'", "city < 'a'", "city >= 'N'",
        "name = '深圳 lead'", "name in ('lead', 'An Lead', 'nobody')", "name not in ('lead')", "name != 'An Lead'", "name < '重庆 lead'",
        "name >= 'Đạt'"};

    if (rnd(4) == 0) {
        static const char *const ops[] = {"=", "!=", "<", "<=", ">", ">="};
        char day[16];

        snprintf(day, sizeof(day), "2024-10-%02d", 4 + (int)rnd(20));
        return arena_fmt(a, "next_action_on %s %s", ops[rnd(6)], day);
    }
    return leaves[rnd(sizeof(leaves) / sizeof(leaves[0]))];
}

static const char *filter(struct arena *a, int depth)
{
    switch (depth == 0 ? 0 : rnd(5)) {
    case 1:
        return arena_fmt(a, "(%s and %s)", filter(a, depth - 1), filter(a, depth - 1));
    case 2:
        return arena_fmt(a, "(%s or %s)", filter(a, depth - 1), filter(a, depth - 1));
    case 3:
        return arena_fmt(a, "not %s", filter(a, depth - 1));
    default:
        return leaf(a);
    }
}

static void a_filter_means_the_same_in_sql_and_in_memory(void **state)
{
    struct arena *keep = arena_new();
    struct berth_ctx all;

    (void)state;
    ctx_init(&all, &site.st, conn, keep, NULL, NULL);
    struct berth_rows *rows = everything(&all);

    for (int i = 0; i < FILTERS; i++) {
        struct arena *a = arena_new();
        const char *f = filter(a, 3);
        struct berth_ctx c;
        struct where_query q;
        struct buf sql = BUF_INIT;
        struct binds b = {0};
        bool hit[ROWS + 1];

        ctx_init(&c, &site.st, conn, a, NULL, NULL);
        if (!where_text(&c, lead, f, NULL, 0, &q))
            fail_msg("not understood: %s", f);
        where_sql(&c, q.where, "t.", &sql, &b);
        select_ids(&c, buf_str(&sql), &b, hit);
        for (size_t r = 0; r < rows->n; r++)
            if (hit[row_id(rows->row[r])] != where_eval(&c, q.where, rows->row[r]))
                fail_msg("row %d differs for: %s", (int)row_id(rows->row[r]), f);
        buf_free(&sql);
        arena_free(&a);
    }
    arena_free(&keep);
}

/* Conditions of declarations are read once; a text that stands elsewhere is read each time. */
static void a_kept_condition_means_what_its_text_means(void **state)
{
    struct arena *keep = arena_new();
    struct berth_ctx all;
    size_t asked = 0;

    (void)state;
    ctx_init(&all, &site.st, conn, keep, NULL, NULL);
    struct berth_rows *rows = everything(&all);

    for (size_t i = 0; i < lead->nactions; i++) {
        const char *when = lead->actions[i]->when;

        for (size_t r = 0; when != NULL && r < rows->n; r++, asked++) {
            struct berth_ctx c;

            ctx_init(&c, &site.st, conn, keep, NULL, NULL);
            if (where_holds(&c, when, rows->row[r]) != where_holds(&c, arena_strdup(keep, when), rows->row[r]))
                fail_msg("row %d differs for: %s", (int)row_id(rows->row[r]), when);
        }
    }
    assert_true(asked > 0);
    arena_free(&keep);
}

/* What depends on the day is read anew: tomorrow it holds of other records. */
static void a_condition_about_today_follows_the_day(void **state)
{
    struct arena *keep = arena_new();
    struct berth_ctx all;
    int early = 0, late = 0;

    (void)state;
    ctx_init(&all, &site.st, conn, keep, NULL, NULL);
    struct berth_rows *rows = everything(&all);

    for (size_t r = 0; r < rows->n; r++) {
        static const char when[] = "next_action_on <= @today";
        struct berth_ctx c;

        ctx_init(&c, &site.st, conn, keep, NULL, NULL);
        c.now = INT64_C(20001) * WHEN_DAY;
        early += where_holds(&c, when, rows->row[r]);
        c.now = INT64_C(20030) * WHEN_DAY;
        late += where_holds(&c, when, rows->row[r]);
    }
    assert_in_range(early, 1, late - 1);
    arena_free(&keep);
}

static void a_filter_that_is_none_is_refused(void **state)
{
    static const char *const bad[] = {"name", "name =", "name = 'x", "nosuch = 1", "name = 'a' or", "(name = 'a'", "name regexp 'x'",
                                      "name = 'a'; drop table lead", "password_hash ~ 'x'", "is_key ~ 'x'", "rating = 'nosuch'",
                                      "next_action_on = 2024-13-01", "name = 'a' limit 0", "name = 'a' order name", "lanes > 'a'"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct arena *a = arena_new();
        struct berth_ctx c;
        struct where_query q;

        ctx_init(&c, &site.st, conn, a, NULL, NULL);
        assert_false(where_text(&c, lead, bad[i], NULL, 0, &q));
        assert_int_equal(c.rc, BERTH_INVALID);
        arena_free(&a);
    }
}

/* ---- rights ---------------------------------------------------------------------------------------------- */
static void some_ids(struct arena *a, struct ids *s, int most)
{
    s->v = arena_alloc(a, (size_t)(most + 1) * sizeof(*s->v));
    s->n = 0;
    for (int64_t id = 1; id <= most; id++)
        if (rnd(2) == 0)
            s->v[s->n++] = id;
}

/* As set_owners() in who.c, with some records shared beyond that. */
static void whose(struct arena *a, struct who *w)
{
    struct rights *r = &w->rights[lead->at];

    for (int d = 0; d < 3; d++) {
        r->owners[d] = &w->users[r->scope[d]];
        r->pools[d] = &w->pools;
    }
    for (int d = 0; d < 2; d++)
        if (rnd(2) == 0)
            some_ids(a, &r->shared[d], ROWS);
    for (int d = 0; d < 2; d++)
        if (r->shared[d].n > 0 && rnd(3) != 0)
            r->shared[d].n = 1 + (size_t)rnd(5) % r->shared[d].n;
}

static void rights_mean_the_same_in_sql_and_for_a_record(void **state)
{
    struct arena *keep = arena_new();
    struct berth_ctx all;

    (void)state;
    ctx_init(&all, &site.st, conn, keep, NULL, NULL);
    struct berth_rows *rows = everything(&all);

    for (int i = 0; i < PEOPLE; i++) {
        struct arena *a = arena_new();
        struct who w = {.id = 1 + (int64_t)rnd(6), .name = "x", .locale = "en", .m = all.m};
        struct berth_ctx c;

        w.rights = arena_alloc(a, all.m->ntables * sizeof(*w.rights));
        for (int d = 0; d < 3; d++)
            w.rights[lead->at].scope[d] = (enum scope)rnd(SCOPES);
        for (int s = SCOPE_OWN; s < SCOPES; s++)
            some_ids(a, &w.users[s], 6);
        some_ids(a, &w.pools, 6);
        whose(a, &w);
        ctx_init(&c, &site.st, conn, a, &w, NULL);
        for (int d = DO_READ; d <= DO_DELETE; d++) {
            struct buf sql = BUF_INIT;
            struct reach reach;
            bool hit[ROWS + 1], any;

            perm_where_one(&c, lead, (enum deed)d, "t.", &sql);
            select_ids(&c, buf_str(&sql), NULL, hit);
            any = perm_reach(&c, lead, (enum deed)d, "t.", &reach);
            for (size_t r = 0; r < rows->n; r++) {
                int64_t id = row_id(rows->row[r]);
                bool within = any && (reach_has(&reach, row_int(rows->row[r], lead->at_owner), row_int(rows->row[r], lead->at_pool)) ||
                                      ids_have(&reach.shared, id));

                if (hit[id] != perm_row(&c, rows->row[r], (enum deed)d) || hit[id] != within)
                    fail_msg("record %d, deed %d: %s", (int)id, d, buf_str(&sql));
            }
            buf_free(&sql);
        }
        arena_free(&a);
    }
    arena_free(&keep);
}

/* ---- lists ------------------------------------------------------------------------------------------------ */
/* Whether b may stand behind a: empty values first going up, last going down. */
static bool in_order(const struct where_query *q, const struct berth_row *a, const struct berth_row *b)
{
    for (size_t i = 0; i < q->nsort; i++) {
        struct berth_val x = a->v[q->sort[i].f->at], y = b->v[q->sort[i].f->at];
        int o = val_is_nil(x) || val_is_nil(y)    ? val_is_nil(y) - val_is_nil(x)
                : q->sort[i].f->order != NULL ? strcmp(order_key(a->c, x).s, order_key(a->c, y).s)
                : field_is_text(q->sort[i].f)  ? strcmp(x.s, y.s)
                                               : (x.i > y.i) - (x.i < y.i);

        if (o != 0)
            return (o < 0) != q->sort[i].down;
    }
    return (row_id(a) < row_id(b)) != (q->nsort == 0 || q->sort[0].down);
}

static size_t read_page(struct berth_ctx *c, struct page *p, int64_t *id, size_t n)
{
    struct buf out = BUF_INIT;
    json_t *doc, *row;
    size_t k;

    assert_int_equal(find_page(c, p, &out), BERTH_OK);
    doc = json_loadb(out.s, out.len, 0, NULL);
    assert_non_null(doc);
    json_array_foreach (json_object_get(doc, "rows"), k, row) {
        assert_true(n < ROWS);
        id[n++] = json_integer_value(json_object_get(row, "id"));
    }
    p->after = json_string_value(json_object_get(doc, "next"));
    if (p->after != NULL)
        p->after = arena_strdup(c->a, p->after);
    assert_true(p->after == NULL || k == (size_t)p->q.limit);
    json_decref(doc);
    buf_free(&out);
    return n;
}

static struct who *somebody(struct arena *a, const struct model *m)
{
    struct who *w = arena_alloc(a, sizeof(*w));

    *w = (struct who){.id = 1 + (int64_t)rnd(6), .name = "x", .locale = "en", .m = m};
    w->rights = arena_alloc(a, m->ntables * sizeof(*w->rights));
    w->rights[lead->at].scope[DO_READ] = (enum scope)(1 + rnd(SCOPES - 1));
    for (int s = SCOPE_OWN; s < SCOPES; s++)
        some_ids(a, &w->users[s], rnd(2) == 0 ? 3 : USERS);
    some_ids(a, &w->pools, (int)rnd(7));
    whose(a, w);
    return w;
}

static void check_lists(bool sorted)
{
    static const char *const sorts[] = {"", "", "name", "-name", "next_action_on", "-next_action_on", "city", "next_action_on,-name",
                                        "-next_action_on,name", "created_at,-next_action_on,name"};
    static const char *const owners[] = {"owner_id = 2", "owner_id = 23", "owner_id in (1, 2, 5, 19)", "owner_id empty",
                                         "owner_id not empty", "owner_id in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)"};
    struct arena *keep = arena_new();
    struct berth_ctx all;

    ctx_init(&all, &site.st, conn, keep, NULL, NULL);
    struct berth_rows *rows = everything(&all);

    for (int i = 0; i < LISTS; i++) {
        struct arena *a = arena_new();
        struct berth_ctx c;
        struct where_query q = {0};
        struct page p = {.t = lead, .fields = "id"};
        const char *f = rnd(3) > 0 ? filter(a, 2) : NULL, *sort = sorts[rnd(10)];
        int64_t id[ROWS];
        size_t n = 0, expected = 0;
        const struct berth_row *before = NULL;

        if (rnd(3) == 0)
            f = arena_fmt(a, f == NULL ? "%.0s%s" : "%s and %s", f == NULL ? "" : f, owners[rnd(6)]);
        scan_walks(1 + (int64_t)rnd(3), 1 + (int64_t)rnd(90), 1 + (int64_t)rnd(60));
        ctx_init(&c, &site.st, conn, a, somebody(a, all.m), NULL);
        assert_true(where_text(&all, lead, f, NULL, 0, &q)); /* who asks need not know the owners by name */
        p.q.where = q.where;
        assert_true(where_sort(&c, lead, sort, &p.q));
        p.q.limit = 10 + (int64_t)rnd(90);
        do
            n = read_page(&c, &p, id, n);
        while (p.after != NULL);
        for (size_t r = 0; r < rows->n; r++)
            expected += perm_row(&c, rows->row[r], DO_READ) && where_eval(&c, q.where, rows->row[r]);
        if (n != expected || find_count(&c, lead, q.where, NULL) != (int64_t)n)
            fail_msg("%zu instead of %zu, counted %d: %s order by %s", n, expected, (int)find_count(&c, lead, q.where, NULL), f, sort);
        for (size_t k = 0; k < n; k++) {
            const struct berth_row *r = find_raw(&all, lead, id[k]);

            if (!perm_row(&c, r, DO_READ) || !where_eval(&c, q.where, r) || (sorted && before != NULL && !in_order(&p.q, before, r)))
                fail_msg("record %d is out of place: %s order by %s", (int)id[k], f, sort);
            before = r;
        }
        arena_free(&a);
    }
    scan_walks(10, 16000, 4000);
    arena_free(&keep);
}

static void a_list_is_what_a_look_at_every_record_says(void **state)
{
    (void)state;
    check_lists(true);
}

/* How the database reaches the rows of a condition, as it says itself. */
static const char *way_to(struct berth_ctx *c, const char *filter)
{
    struct where_query q = {0};
    struct binds b = {0};
    struct buf sql = BUF_INIT;
    struct db_stmt *s;
    const char *way;

    assert_true(where_text(c, lead, filter, NULL, 0, &q));
    buf_puts(&sql, "EXPLAIN QUERY PLAN SELECT t.id FROM lead t WHERE ");
    where_sql(c, q.where, "t.", &sql, &b);
    s = db_prepare(conn, arena_strdup(c->a, buf_str(&sql)));
    binds_to(s, 1, &b);
    assert_int_equal(db_step(s), DB_ROW);
    way = arena_strdup(c->a, db_col_text(s, 3, NULL));
    db_reset(s);
    buf_free(&sql);
    return way;
}

static void what_has_a_value_is_found_by_the_index_without_empty_ones(void **state)
{
    static const struct {
        const char *filter, *index;
    } all[] = {
        {"pool_id = 3", "ix_lead_pool_id"},
        {"pool_id in (1, 2)", "ix_lead_pool_id"},
        {"pool_id not empty", "ix_lead_pool_id"},
        {"next_action_on = @today", "ix_lead_next_action_on"},
        {"next_action_on <= @today", "ix_lead_next_action_on"},
        {"next_action_on >= @today and next_action_on < @today+7d", "ix_lead_next_action_on"},
        {"next_action_on > @today", "ix_lead_next_action_on"},
        {"remind_at <= @now", "ix_lead_remind_at"},
    };
    struct arena *a = arena_new();
    struct berth_ctx c;

    (void)state;
    ctx_init(&c, &site.st, conn, a, NULL, NULL);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (strstr(way_to(&c, all[i].filter), all[i].index) == NULL)
            fail_msg("%s: %s", all[i].filter, way_to(&c, all[i].filter));
    assert_non_null(strstr(way_to(&c, "next_action_on empty"), "SCAN")); /* nearly all: a page is full at once */
    arena_free(&a);
}

/* A budget that is over already lets a statement take its first thousand steps.  It adds leads: the last test. */
static void a_page_deep_among_empty_values_takes_no_more_than_the_first(void **state)
{
    static const char *const sorts[] = {"next_action_on", "-next_action_on"};
    const atomic_bool over = true;

    (void)state;
    sql("INSERT INTO lead (version, created_at, updated_at, name) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
        " SELECT 1, 0, 0, 'new' FROM n",
        4 * ROWS);
    for (size_t i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++) {
        struct arena *a = arena_new();
        struct berth_ctx c;
        struct page p = {.t = lead, .fields = "id"};
        int64_t id[ROWS];

        ctx_init(&c, &site.st, conn, a, NULL, NULL);
        assert_true(where_text(&c, lead, "next_action_on empty", NULL, 0, &p.q));
        assert_true(where_sort(&c, lead, sorts[i], &p.q));
        p.q.limit = ROWS - 10;
        read_page(&c, &p, id, 0);
        p.q.where = NULL; /* another statement, which has taken no step yet */
        p.q.limit = 10;
        db_budget(conn, 0, &over);
        assert_int_equal(read_page(&c, &p, id, 0), 10);
        db_budget(conn, 0, NULL);
        arena_free(&a);
    }
}

/* ---- another order ----------------------------------------------------------------------------------------- */
static int choose_vietnamese(struct berth_ctx *c, void *arg)
{
    struct db_stmt *s =
        db_prepare(c->conn, "INSERT INTO setting (version, created_at, updated_at, name, value) VALUES (1, 0, 0, 'base.sorting', 'vi')");

    (void)arg;
    db_step(s);
    db_reset(s);
    db_exec(c->conn, "UPDATE lead SET name__order = NULL WHERE id % 3 = 0"); /* as behind an upgrade */
    return order_chosen(c, berth_s("vi"));
}

static void nothing_is_lost_while_another_order_is_made(void **state)
{
    struct job j = {.st = &site.st, .conn = conn, .a = arena_new(), .result = json_object()};
    struct buf err = BUF_INIT;

    (void)state;
    assert_int_equal(site_write(&site, choose_vietnamese, NULL, &err), 0);
    assert_false(order_settled(&site.st));
    check_lists(false);
    assert_int_equal(order_run(&j, &err), 0);
    assert_true(order_settled(&site.st));
    assert_true(j.done >= ROWS + USERS);
    check_lists(true);
    json_decref(j.result);
    arena_free(&j.a);
    buf_free(&err);
}

/* Every lead's name has the key of the order that is in force. */
static void check_keys(void)
{
    struct arena *a = arena_new();
    struct berth_ctx c;
    struct db_stmt *s;

    ctx_init(&c, &site.st, conn, a, NULL, NULL);
    s = db_prepare(conn, "SELECT id, name, name__order FROM lead");
    while (db_step(s) == DB_ROW) {
        struct berth_val key = order_key(&c, berth_s(db_col_text(s, 1, NULL)));

        if (!val_equal(key, order_read(&c, s, 2)))
            fail_msg("lead %d, %s, has the key of another order", (int)db_col_int(s, 0), db_col_text(s, 1, NULL));
    }
    db_reset(s);
    arena_free(&a);
}

static void reorder(void)
{
    struct job j = {.st = &site.st, .conn = conn, .a = arena_new(), .result = json_object()};
    struct buf err = BUF_INIT;

    assert_int_equal(order_run(&j, &err), 0);
    json_decref(j.result);
    arena_free(&j.a);
    buf_free(&err);
}

static int choose(struct berth_ctx *c, void *arg)
{
    struct db_stmt *s = db_prepare(c->conn, "UPDATE setting SET value = ? WHERE name = 'base.sorting'");

    db_bind_text(s, 1, arg, -1);
    db_step(s);
    db_reset(s);
    return order_chosen(c, berth_s(arg));
}

static int touch(struct berth_ctx *c, void *arg)
{
    struct berth_row *was = find_raw(c, lead, *(int64_t *)arg), *r = row_copy(was);

    r->old = was;
    row_set(r, "name", berth_s(arena_fmt(c->a, "%s lead 重庆 %d", was->v[F_VERSION].i % 2 == 0 ? "深圳" : "An", (int)was->v[F_VERSION].i)));
    return row_save(c, r);
}

static void an_order_that_is_taken_back_leaves_no_keys(void **state)
{
    int64_t id = 7;

    (void)state;
    assert_int_equal(site_write(&site, choose, "zh-TW", NULL), 0);
    assert_int_equal(site_write(&site, touch, &id, NULL), 0);
    assert_int_equal(site_write(&site, choose, "vi", NULL), 0);
    assert_false(order_settled(&site.st));
    reorder();
    assert_true(order_settled(&site.st));
    check_keys();
}

struct ahead_of {
    struct berth_val name;
    struct order_made *made;
};

static int save_made(struct berth_ctx *c, void *arg)
{
    const struct ahead_of *k = arg;
    struct berth_row *was = find_raw(c, lead, 3), *r = row_copy(was);

    r->old = was;
    r->v[model_field(lead, "name")->at] = k->name;
    r->made = k->made;
    return row_save(c, r);
}

static void a_key_made_ahead_is_not_kept_when_another_order_came_between(void **state)
{
    struct arena *a = arena_new();
    struct ahead_of k = {.name = berth_s("深圳 lead made ahead")};
    struct berth_ctx c;

    (void)state;
    ctx_init(&c, &site.st, conn, a, NULL, NULL);
    k.name.len = (int32_t)strlen(k.name.s);
    k.made = arena_alloc(a, (size_t)(lead->ncolumns - lead->nfields) * sizeof(*k.made));
    for (int i = lead->nfields; i < lead->ncolumns; i++)
        if (lead->fields[i].orders == model_field(lead, "name"))
            k.made[i - lead->nfields] = order_ahead(&c, k.name);
    assert_int_equal(site_write(&site, choose, "zh-TW", NULL), 0);
    reorder();
    assert_int_equal(site_write(&site, save_made, &k, NULL), 0);
    check_keys();
    arena_free(&a);
}

static int mark_unsorted(struct berth_ctx *c, void *arg)
{
    (void)arg;
    for (size_t i = 0; i < c->m->ntables; i++)
        if (c->m->tables[i].ncolumns == c->m->tables[i].nfields)
            db_exec(c->conn, arena_fmt(c->a, "UPDATE model_table SET ordered = '1 of before' WHERE name = '%s'", c->m->tables[i].name));
    return order_look(c, NULL, c->m, NULL);
}

/* Else a text that is sorted again would be taken to have had its keys all along. */
static void a_table_that_is_not_sorted_any_more_is_marked_so(void **state)
{
    struct db_stmt *s;

    (void)state;
    assert_int_equal(site_write(&site, mark_unsorted, NULL, NULL), 0);
    s = db_prepare(conn, "SELECT count(*) FROM model_table WHERE ordered = '1 of before'");
    assert_int_equal(db_step(s), DB_ROW);
    assert_int_equal(db_col_int(s, 0), 0);
    db_reset(s);
}

static void a_search_finds_what_the_user_may_see(void **state)
{
    struct arena *keep = arena_new();
    struct berth_ctx all;

    (void)state;
    ctx_init(&all, &site.st, conn, keep, NULL, NULL);
    assert_true(db_fts_wait(site.st.db, -1));
    struct berth_rows *rows = everything(&all);

    for (int i = 0; i < 40; i++) {
        struct arena *a = arena_new();
        struct berth_ctx c;
        struct page p = {.t = lead, .fields = "id", .search = "lead"};
        int64_t id[ROWS];
        size_t n = 0, expected = 0;

        ctx_init(&c, &site.st, conn, a, somebody(a, all.m), NULL);
        assert_true(where_sort(&c, lead, rnd(2) == 0 ? "" : "-name", &p.q));
        p.q.limit = 10 + (int64_t)rnd(90);
        do
            n = read_page(&c, &p, id, n);
        while (p.after != NULL);
        for (size_t r = 0; r < rows->n; r++)
            expected += perm_row(&c, rows->row[r], DO_READ);
        assert_int_equal(n, expected);
        assert_int_equal(find_count(&c, lead, NULL, "lead"), n);
        for (size_t k = 0; k < n; k++)
            assert_true(perm_row(&c, find_raw(&all, lead, id[k]), DO_READ));
        arena_free(&a);
    }
    arena_free(&keep);
}

/* ---- what is not indexed yet ------------------------------------------------------------------------------------ */
static int64_t handed;

static int import_and_hand_over(struct berth_ctx *c, void *arg)
{
    struct berth_row *r = row_new(c, lead);

    (void)arg;
    text(r, "name", "Zwischenhalt");
    row_set(r, "owner_id", berth_i(1));
    row_defaults(r);
    row_add(c, r, true);
    handed = row_id(r);
    search_put_range(c, lead, handed, handed);
    r = save_load(c, lead, handed);
    row_set(r, "owner_id", berth_i(2));
    return row_save(c, r);
}

static int drop_handed(struct berth_ctx *c, void *arg)
{
    (void)arg;
    return row_drop(c, find_raw(c, lead, handed));
}

static void an_imported_record_that_changes_hands_before_it_is_indexed_is_found_by_its_words(void **state)
{
    struct arena *a = arena_new();
    struct berth_ctx c;

    (void)state;
    ctx_init(&c, &site.st, conn, a, NULL, NULL);
    write_as_host(import_and_hand_over, NULL);
    assert_true(db_fts_wait(site.st.db, -1));
    assert_int_equal(find_count(&c, lead, NULL, "zwischenhalt"), 1);
    write_as_host(drop_handed, NULL);
    assert_true(db_fts_wait(site.st.db, -1));
    assert_int_equal(find_count(&c, lead, NULL, "zwischenhalt"), 0);
    arena_free(&a);
}

enum { LONG_ROWS = 40 };

struct heard {
    struct berth_ctx *c;
    int64_t ids;
    bool last_as_it_is;
};

static bool hear(void *arg, int64_t id, const char *tokens)
{
    struct heard *h = arg;

    h->ids += id == h->ids + 1;
    h->last_as_it_is = strstr(tokens, "zuletzt") != NULL;
    return id > 1 || db_exec(h->c->conn, arena_fmt(h->c->a, "UPDATE lead SET name = 'zuletzt' WHERE id = %d", LONG_ROWS)) == 0;
}

static int ask_for_long_texts(struct berth_ctx *c, void *arg)
{
    const struct db_fts_source *source = &site.st.source;
    struct heard *h = arg;
    struct buf name = BUF_INIT;
    struct db_stmt *s;

    h->c = c;
    for (int i = 0; i < 1000; i++)
        buf_addf(&name, "word%d ", i);
    s = db_prepare(c->conn, arena_fmt(c->a, "UPDATE lead SET name = ? WHERE id <= %d", LONG_ROWS));
    db_bind_text(s, 1, name.s, (int64_t)name.len);
    if (db_step(s) == DB_DONE)
        source->tokens(source->arg, c->conn, "search_lead", 1, LONG_ROWS, hear, h);
    buf_free(&name);
    return ctx_fail(c, BERTH_CONFLICT, "conflict", "err.not_now");
}

/* Else a turn of the indexer is over before it put the first. */
static void tokens_of_long_texts_are_made_of_a_few_records_at_a_time(void **state)
{
    struct buf undone = BUF_INIT;
    struct heard h = {0};

    (void)state;
    assert_true(site_write(&site, ask_for_long_texts, &h, &undone) < 0);
    assert_int_equal(h.ids, LONG_ROWS);
    assert_true(h.last_as_it_is);
    buf_free(&undone);
}

/* ---- days -------------------------------------------------------------------------------------------------- */
static void a_day_begins_at_midnight_of_the_companys_zone(void **state)
{
    static const char *const zones[] = {"Asia/Shanghai", "Asia/Ho_Chi_Minh", "UTC", "America/New_York", "Europe/Berlin"};

    (void)state;
    for (size_t z = 0; z < sizeof(zones) / sizeof(zones[0]); z++)
        for (int64_t day = 20000; day < 20800; day += 3) {
            int64_t begins = zone_midnight(zones[z], day);

            assert_int_equal(zone_day(zones[z], begins), day);
            assert_int_equal(zone_day(zones[z], begins - 1), day - 1);
        }
    assert_int_equal(zone_midnight("Asia/Shanghai", 20000), 20000 * INT64_C(86400000) - 8 * INT64_C(3600000));
}

/* ---- the ctx ----------------------------------------------------------------------------------------------- */
static void nothing_done(struct berth_ctx *c, void *arg)
{
    (void)c;
    (void)arg;
}

static void what_runs_inside_gives_the_ctx_back_with_what_it_came_to(void **state)
{
    struct arena *a = arena_new();
    struct berth_ctx c, before;
    struct ctx_match match = {0};

    (void)state;
    ctx_init(&c, &site.st, conn, a, NULL, NULL);
    c.op = "claim";
    before = c;
    c.op = "release";
    c.note = "inner";
    c.all = c.seen = c.quiet = c.approved = c.allow_duplicates = true;
    c.batch = 7;
    c.succeeds[0] = (const struct berth_row *)&match;
    c.matches = &match;
    c.waits = 5;
    c.redeclared = c.cut = true;
    ctx_after_commit(&c, nothing_done, NULL);
    ctx_resume(&c, &before);
    assert_string_equal(c.op, "claim");
    assert_false(c.all || c.seen || c.quiet || c.approved || c.allow_duplicates);
    assert_true(c.note == NULL && c.batch == 0 && c.succeeds[0] == NULL);
    assert_true(c.rc == BERTH_OK && c.matches == &match && c.waits == 5 && c.redeclared && c.cut && c.done != NULL);
    /* problems that gathered inside stay, and further ones join them */
    before = c;
    ctx_invalid(&c, "name", "err.required", NULL);
    ctx_resume(&c, &before);
    ctx_invalid(&c, "city", "err.required", NULL);
    assert_int_equal(c.rc, BERTH_INVALID);
    assert_string_equal(c.problems->field, "name");
    assert_string_equal(c.problems->next->field, "city");
    /* also where none did, in a ctx that lies elsewhere */
    struct berth_ctx inner = before;

    ctx_resume(&inner, &before);
    ctx_invalid(&inner, "city", "err.required", NULL);
    assert_true(before.problems == NULL && inner.problems != NULL);
    arena_free(&a);
}

static void a_job_keeps_its_result_when_a_transaction_of_it_never_began(void **state)
{
    struct job j = {.done = 7, .total = 9, .result = json_pack("{s:i}", "new", 7)};
    struct job_mark m = {0};

    (void)state;
    job_settle(&j, &m, false); /* the writer could not begin: the body, which takes the mark, never ran */
    assert_int_equal(j.done, 7);
    assert_int_equal(j.total, 9);
    assert_int_equal(json_integer_value(json_object_get(j.result, "new")), 7);

    m = job_mark(&j); /* the next one ran, and was undone */
    j.done = 8;
    json_object_set_new(j.result, "new", json_integer(8));
    job_settle(&j, &m, false);
    assert_int_equal(j.done, 7);
    assert_int_equal(json_integer_value(json_object_get(j.result, "new")), 7);

    j.done = 8;
    job_settle(&j, &m, false); /* and the one behind it did not begin, either: the mark is spent */
    assert_int_equal(j.done, 8);
    assert_int_equal(json_integer_value(json_object_get(j.result, "new")), 7);
    json_decref(j.result);
}

/* ---- what history keeps of a text -------------------------------------------------------------------------- */
/* Texts whose beginnings and ends run into each other, of one to four bytes a character. */
static const char *random_text(struct arena *a)
{
    static const char *const pieces[] = {"a",
                                         " ",
                                         "\n",
                                         "ab",
                                         "é",
                                         "深",
                                         "圳",
                                         "đ",
                                         "😀",
                                         "the quick brown fox ",
                                         "深圳市海洋货运代理有限公司",
                                         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    struct buf b = BUF_INIT;
    const char *text;

    for (uint64_t n = rnd(12); n > 0; n--)
        buf_puts(&b, pieces[rnd(12)]);
    text = arena_strdup(a, buf_str(&b));
    buf_free(&b);
    return text;
}

static struct berth_val as_long(const char *s)
{
    return (struct berth_val){BERTH_LONG, (int32_t)strlen(s), {.s = s}};
}

struct kept { /* counted on the writer's thread, where nothing can be asserted */
    int parts, broken, lost, taken;
};

static int keep_texts(struct berth_ctx *c, void *arg)
{
    const struct field *notes = model_field(lead, "notes");
    struct kept *k = arg;

    for (int i = 0; i < 4000; i++) {
        const char *same = random_text(c->a), *end = random_text(c->a);
        const char *from = arena_fmt(c->a, "<%s%s%s>", same, random_text(c->a), end),
                   *to = arena_fmt(c->a, "<%s%s%s>", same, random_text(c->a), end);
        struct buf b = BUF_INIT;
        struct json j = json_to(&b);
        struct berth_row *r = row_new(c, lead);
        json_t *items;

        json_open(&j, '[');
        changed_json(&j, notes, as_long(from), as_long(to));
        json_close(&j, ']');
        items = changed_items(buf_str(&b));
        k->broken += json_array_size(items) != 1; /* each part is UTF-8 by itself */
        k->parts += changed_of(json_array_get(items, 0)).part;
        r->v[notes->at] = as_long(to);
        k->lost += !changed_undo(c, r, items) || strcmp(val_is_nil(r->v[notes->at]) ? "" : r->v[notes->at].s, from) != 0;
        json_decref(items);

        items = changed_items(buf_str(&b)); /* a text that it did not become */
        r->v[notes->at] = as_long("?");
        if (changed_of(json_array_get(items, 0)).part && json_integer_value(json_array_get(json_array_get(items, 0), 3)) > 1)
            k->taken += changed_undo(c, r, items) || json_array_size(items) != 0;
        json_decref(items);
        buf_free(&b);
    }
    return c->rc;
}

static void a_changed_text_comes_back_from_the_part_that_is_kept(void **state)
{
    struct kept k = {0};

    (void)state;
    write_as_host(keep_texts, &k);
    assert_int_equal(k.broken, 0);
    assert_int_equal(k.lost, 0);
    assert_int_equal(k.taken, 0);
    assert_in_range(k.parts, 400, 3900);
}

/* ---- several values in a cell -------------------------------------------------------------------- */
static const char *lanes_of(struct berth_ctx *c, const char *cell)
{
    struct berth_val v;

    assert_true(val_from_text(c, model_field(lead, "lanes"), cell, strlen(cell), &v));
    return v.s;
}

static int read_cells(struct berth_ctx *c, void *arg)
{
    (void)arg;
    labels_instead(site.st.labels, "en", "leads.lane.us_west", "US West, Canada");
    labels_instead(site.st.labels, "en", "leads.lane.us_east", "US West, Canada / East");
    assert_string_equal(lanes_of(c, "africa, us west, canada"), "|africa|us_west|");
    assert_string_equal(lanes_of(c, "US West, Canada  \n Africa"), "|us_west|africa|");
    assert_string_equal(lanes_of(c, "US West, Canada / East、US West, Canada; europe"), "|us_east|us_west|europe|");
    labels_instead(site.st.labels, "en", "leads.lane.us_west", NULL);
    labels_instead(site.st.labels, "en", "leads.lane.us_east", NULL);
    return c->rc;
}

static void a_label_with_a_separator_in_it_is_one_value_of_a_cell(void **state)
{
    (void)state;
    write_as_host(read_cells, NULL);
}

static int read_crowded_cell(struct berth_ctx *c, void *arg)
{
    struct buf cell = BUF_INIT;
    struct berth_val v;

    for (int i = 0; i < 100000; i++)
        buf_puts(&cell, "africa,");
    *(bool *)arg = val_from_text(c, model_field(lead, "lanes"), cell.s, cell.len, &v);
    buf_free(&cell);
    c->rc = BERTH_OK;
    return c->rc;
}

/* It took half a minute for 4,000. */
static void a_cell_with_thousands_of_values_is_refused_before_it_is_read(void **state)
{
    bool taken = true;

    (void)state;
    write_as_host(read_crowded_cell, &taken);
    assert_false(taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_filter_means_the_same_in_sql_and_in_memory),
        cmocka_unit_test(a_kept_condition_means_what_its_text_means),
        cmocka_unit_test(a_condition_about_today_follows_the_day),
        cmocka_unit_test(a_filter_that_is_none_is_refused),
        cmocka_unit_test(rights_mean_the_same_in_sql_and_for_a_record),
        cmocka_unit_test(a_list_is_what_a_look_at_every_record_says),
        cmocka_unit_test(what_has_a_value_is_found_by_the_index_without_empty_ones),
        cmocka_unit_test(nothing_is_lost_while_another_order_is_made),
        cmocka_unit_test(an_order_that_is_taken_back_leaves_no_keys),
        cmocka_unit_test(a_key_made_ahead_is_not_kept_when_another_order_came_between),
        cmocka_unit_test(a_table_that_is_not_sorted_any_more_is_marked_so),
        cmocka_unit_test(a_search_finds_what_the_user_may_see),
        cmocka_unit_test(what_runs_inside_gives_the_ctx_back_with_what_it_came_to),
        cmocka_unit_test(a_day_begins_at_midnight_of_the_companys_zone),
        cmocka_unit_test(a_changed_text_comes_back_from_the_part_that_is_kept),
        cmocka_unit_test(a_label_with_a_separator_in_it_is_one_value_of_a_cell),
        cmocka_unit_test(a_cell_with_thousands_of_values_is_refused_before_it_is_read),
        cmocka_unit_test(an_imported_record_that_changes_hands_before_it_is_indexed_is_found_by_its_words),
        cmocka_unit_test(tokens_of_long_texts_are_made_of_a_few_records_at_a_time),
        cmocka_unit_test(a_job_keeps_its_result_when_a_transaction_of_it_never_began),
        cmocka_unit_test(a_page_deep_among_empty_values_takes_no_more_than_the_first),
    };

    return cmocka_run_group_tests(tests, open_site, close_site);
}
