/* store.c - opening what all requests share. */
#include "record/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"
#include "model/migrate.h"
#include "record/ctx.h"
#include "record/session.h"

int64_t store_now(struct store *st)
{
    int64_t fixed = atomic_load_explicit(&st->clock, memory_order_relaxed);

    return fixed != 0 ? fixed : when_now();
}

/* Numbers belong to names, and names outlive models: kept in one growing map. */
struct table_numbers {
    pthread_rwlock_t lock;
    struct map by_name; /* name -> (void *)number */
};

int64_t store_table_no(const struct store *st, const struct table *t)
{
    struct table_numbers *n = st->numbers;
    int64_t no;

    pthread_rwlock_rdlock(&n->lock);
    no = (int64_t)(intptr_t)map_get(&n->by_name, t->name);
    pthread_rwlock_unlock(&n->lock);
    return no;
}

static int read_numbers(struct store *st, struct db_conn *conn)
{
    struct db_stmt *s = db_prepare(conn, "SELECT id, name FROM model_table");
    int rc;

    pthread_rwlock_wrlock(&st->numbers->lock);
    while ((rc = db_step(s)) == DB_ROW) {
        const char *name = db_col_text(s, 1, NULL);

        if (map_get(&st->numbers->by_name, name) == NULL)
            map_put(&st->numbers->by_name, mem_strdup(name), (void *)(intptr_t)db_col_int(s, 0));
    }
    pthread_rwlock_unlock(&st->numbers->lock);
    db_reset(s);
    return rc < 0 ? -1 : 0;
}

/* ---- what administrators declared ---------------------------------------------------- */
static const char *col(struct arena *a, struct db_stmt *s, int i)
{
    const char *text = db_col_text(s, i, NULL);

    return text == NULL ? NULL : arena_strdup(a, text);
}

static const struct {
    const char *name;
    enum berth_type type;
} custom_types[] = {
    {"text", BERTH_TEXT},   {"long", BERTH_LONG}, {"phone", BERTH_PHONE}, {"email", BERTH_EMAIL},
    {"url", BERTH_URL},     {"int", BERTH_INT},   {"real", BERTH_REAL},   {"bool", BERTH_BOOL},
    {"money", BERTH_MONEY}, {"date", BERTH_DATE}, {"time", BERTH_TIME},   {"pick", BERTH_PICK},
    {"ref", BERTH_REF},
};

enum berth_type store_custom_type(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof(custom_types) / sizeof(custom_types[0]); i++)
        if (strcmp(custom_types[i].name, name) == 0)
            return custom_types[i].type;
    return BERTH_NULL;
}

static void put_labels(struct store *st, const char *key, struct db_stmt *s, int first)
{
    static const char *const locales[] = {"zh-CN", "zh-TW", "vi", "en"};

    for (int i = 0; i < 4; i++)
        if (!db_col_is_null(s, first + i))
            labels_put(st->labels, locales[i], key, db_col_text(s, first + i, NULL));
}

static int read_fields(struct store *st, struct arena *a, struct db_conn *conn, struct model_extra *x)
{
    struct db_stmt *s = db_prepare(conn,
        "SELECT on_table, name, type, \"of\", section, coalesce(required, 0), coalesce(list, 0), coalesce(filter, 0),"
        " coalesce(search, 0), coalesce(max, 0), label_zh_cn, label_zh_tw, label_vi, label_en, coalesce(sort, 0),"
        " coalesce(many, 0) FROM custom_field ORDER BY coalesce(place, 0), id");
    struct model_custom_field *all = NULL;
    int rc;

    while ((rc = db_step(s)) == DB_ROW) {
        struct model_custom_field *f;

        if ((x->nfields & (x->nfields - 1)) == 0) {
            struct model_custom_field *more = arena_alloc(a, (x->nfields == 0 ? 1 : x->nfields * 2) * sizeof(*more));

            if (x->nfields > 0)
                memcpy(more, all, x->nfields * sizeof(*more));
            all = more;
        }
        f = &all[x->nfields++];
        *f = (struct model_custom_field){
            .table = col(a, s, 0), .name = col(a, s, 1), .type = store_custom_type(db_col_text(s, 2, NULL)),
            .of = col(a, s, 3), .group = col(a, s, 4), .max = (int32_t)db_col_int(s, 9),
            .flags = (db_col_int(s, 5) ? BERTH_REQUIRED : 0u) | (db_col_int(s, 6) ? BERTH_LIST : 0u) |
                     (db_col_int(s, 7) ? BERTH_FILTER : 0u) | (db_col_int(s, 8) ? BERTH_SEARCH : 0u) |
                     (db_col_int(s, 14) ? BERTH_INDEX : 0u) | (db_col_int(s, 15) ? BERTH_MANY : 0u)};
        put_labels(st, arena_fmt(a, "%s.%s", f->table, f->name), s, 10);
    }
    db_reset(s);
    x->fields = all;
    return rc < 0 ? -1 : 0;
}

static int read_items(struct store *st, struct arena *a, struct db_conn *conn, struct model_extra *x)
{
    struct db_stmt *s = db_prepare(conn,
        "SELECT dict, \"key\", color, coalesce(place, 0), coalesce(hidden, 0), label_zh_cn, label_zh_tw,"
        " label_vi, label_en FROM dict_item ORDER BY dict, place, id");
    struct model_custom_item *all = NULL;
    int rc;

    while ((rc = db_step(s)) == DB_ROW) {
        struct model_custom_item *it;

        if ((x->nitems & (x->nitems - 1)) == 0) {
            struct model_custom_item *more = arena_alloc(a, (x->nitems == 0 ? 1 : x->nitems * 2) * sizeof(*more));

            if (x->nitems > 0)
                memcpy(more, all, x->nitems * sizeof(*more));
            all = more;
        }
        it = &all[x->nitems++];
        *it = (struct model_custom_item){.dict = col(a, s, 0), .key = col(a, s, 1), .color = col(a, s, 2),
                                         .place = db_col_int(s, 3), .hidden = db_col_int(s, 4) != 0};
        put_labels(st, arena_fmt(a, "%s.%s", it->dict, it->key), s, 5);
    }
    db_reset(s);
    x->items = all;
    return rc < 0 ? -1 : 0;
}

struct model *store_build(struct store *st, struct db_conn *conn, struct buf *err)
{
    struct arena *a = arena_new();
    struct model_extra x = {0};
    struct model *m = NULL;

    if (read_fields(st, a, conn, &x) < 0 || read_items(st, a, conn, &x) < 0)
        buf_addf(err, "read custom fields: %s", db_error(conn));
    else
        m = model_build(st->plugins, st->nplugins, &x, err);
    arena_free(&a);
    return m;
}

int store_open(struct store *st, struct buf *err)
{
    struct db_conn *conn = db_reader(st->db, err);
    struct model *m;

    if (conn == NULL)
        return -1;
    st->dialect = db_dialect(st->db);
    st->numbers = mem_alloc(sizeof(*st->numbers));
    pthread_rwlock_init(&st->numbers->lock, NULL);
    st->who = who_cache_new();
    st->sessions = session_cache_new();
    m = read_numbers(st, conn) < 0 ? NULL : store_build(st, conn, err);
    db_conn_close(&conn);
    if (m == NULL)
        return -1;
    atomic_store(&st->model, m);
    return 0;
}

/* ---- a new model while running ---------------------------------------------------------- */
static void publish(struct berth_ctx *c, void *arg)
{
    atomic_store(&c->st->model, (const struct model *)arg);
    atomic_fetch_add(&c->st->rights_gen, 1);
}

int store_remodel(struct berth_ctx *c)
{
    struct buf err = BUF_INIT;
    struct plan plan;
    struct model *m = store_build(c->st, c->conn, &err);

    if (m == NULL || migrate_plan(c->a, m, c->conn, c->st->dialect, false, &plan, &err) < 0 ||
        migrate_run(c->conn, &plan, &err) < 0) {
        log_warn("model", "a custom declaration was refused: %s", buf_str(&err));
        c->args[0] = "why";
        c->args[1] = arena_strdup(c->a, buf_str(&err));
        c->args[2] = NULL;
        ctx_fail(c, BERTH_INVALID, "invalid", "err.custom");
    } else {
        ctx_after_commit(c, publish, m);
    }
    buf_free(&err);
    return c->rc;
}

void store_close(struct store *st)
{
    const struct model *m = atomic_exchange(&st->model, NULL);

    if (st->who != NULL)
        who_cache_free(&st->who);
    if (st->sessions != NULL)
        session_cache_free(&st->sessions);
    if (st->numbers != NULL) {
        for (size_t i = 0; i < st->numbers->by_name.cap; i++)
            free((void *)st->numbers->by_name.slots[i].key);
        map_free(&st->numbers->by_name);
        pthread_rwlock_destroy(&st->numbers->lock);
        free(st->numbers);
        st->numbers = NULL;
    }
    if (m != NULL) {
        struct model *mine = (struct model *)m;

        model_free(&mine);
    }
}
