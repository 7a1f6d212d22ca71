/* store.c - opening what all requests share. */
#include "record/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"
#include "model/migrate.h"
#include "record/ctx.h"
#include "record/dup_filter.h"
#include "record/dup_recent.h"
#include "record/dup_rule.h"
#include "record/cached.h"
#include "record/dup_stage.h"
#include "record/due.h"
#include "record/reindex.h"
#include "record/order.h"
#include "record/search.h"
#include "record/session.h"
#include "record/titles.h"

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

const struct table *store_table_of(const struct store *st, const struct model *m, int64_t no)
{
    for (size_t i = 0; no > 0 && i < m->ntables; i++)
        if (store_table_no(st, &m->tables[i]) == no)
            return &m->tables[i];
    return NULL;
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

/* ---- the model -------------------------------------------------------------------------- */
struct model *store_build(struct store *st, struct db_conn *conn, struct buf *err)
{
    struct arena *a = arena_new();
    struct model_extra x;
    struct model *m = NULL;

    if (migrate_read_extra(a, conn, st->labels, &x, err) == 0)
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
    atomic_store(&st->view_gen, (uint64_t)when_now()); /* tags of an earlier process do not hold */
    st->numbers = mem_alloc(sizeof(*st->numbers));
    pthread_rwlock_init(&st->numbers->lock, NULL);
    st->staged = dup_stage_new();
    st->filter = dup_filter_new(st, st->dup_filter_looks, st->dup_filter_room);
    st->who = who_cache_new();
    st->order = order_new(st->company.locale);
    st->sessions = session_cache_new();
    st->recent = dup_recent_new(st->db, conn, &st->dup_gen, st->dup_sort_from);
    m = read_numbers(st, conn) < 0 || st->recent == NULL || dup_stage_load(st, conn) < 0 ? NULL : store_build(st, conn, err);
    db_conn_close(&conn);
    if (m == NULL)
        return -1;
    st->titles = titles_cache_new(m->ntables);
    labels_declared(st->labels, m->words, m->nwords);
    atomic_store(&st->model, m);
    search_source(st, true);
    return 0;
}

/* ---- a new model while running ---------------------------------------------------------- */
struct old_model {
    const struct model *m;
    struct old_model *next;
};

static pthread_mutex_t publishing = PTHREAD_MUTEX_INITIALIZER; /* over which model is in force, and the old ones */

static void shelve(struct store *st, const struct model *m)
{
    struct old_model *old = mem_alloc(sizeof(*old));

    *old = (struct old_model){m, st->old};
    st->old = old;
}

/* Behind the commit, on whatever thread had it made: one that was made later may be in force by now, and has what this one has. */
static void publish(struct berth_ctx *c, void *arg)
{
    const struct model *m = arg;

    pthread_mutex_lock(&publishing);
    if (m->made > atomic_load(&c->st->model)->made) {
        labels_declared(c->st->labels, m->words, m->nwords);
        m = atomic_exchange(&c->st->model, m);
    }
    shelve(c->st, m);
    pthread_mutex_unlock(&publishing);
    atomic_fetch_add(&c->st->rights_gen, 1);
}

void store_undeclared(struct berth_ctx *c, const struct model *m)
{
    pthread_mutex_lock(&publishing);
    shelve(c->st, m);
    pthread_mutex_unlock(&publishing);
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
    } else if (reindex_added(c, atomic_load(&c->st->model), m, &plan) == BERTH_OK &&
               order_look(c, atomic_load(&c->st->model), m, &plan) == BERTH_OK) {
        m->made = ++c->st->made;
        ctx_after_commit(c, publish, m);
        if (c->together) /* what follows in this transaction is held against it */
            c->m = m;
    }
    if (c->rc != BERTH_OK && m != NULL)
        model_free(&m);
    buf_free(&err);
    return c->rc;
}

void store_close(struct store *st)
{
    const struct model *m;

    search_source(st, false);
    m = atomic_exchange(&st->model, NULL);
    dup_filter_free(&st->filter);
    dup_recent_free(&st->recent);
    if (st->staged != NULL)
        dup_stage_free(&st->staged);
    cached_close(&st->due);
    cached_close(&st->rules);
    cached_close(&st->flows);
    cached_close(&st->conditions);
    if (st->order != NULL)
        order_free(&st->order);
    if (st->who != NULL)
        who_cache_free(&st->who);
    if (st->titles != NULL)
        titles_cache_free(&st->titles);
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
    for (struct old_model *o = st->old, *next; o != NULL; o = next) {
        struct model *mine = (struct model *)o->m;

        next = o->next;
        model_free(&mine);
        free(o);
    }
    st->old = NULL;
    if (m != NULL) {
        struct model *mine = (struct model *)m;

        model_free(&mine);
    }
}
