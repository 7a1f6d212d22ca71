/* site.c - opening an installation step by step. */
#include "cli/site.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"
#include "cli/datadir.h"
#include "cli/plugins.h"
#include "model/migrate.h"
#include "plugin/api.h"
#include "record/commit.h"
#include "record/hook.h"
#include "record/custom.h"
#include "record/dup_filter.h"
#include "record/install.h"
#include "record/order.h"
#include "record/reindex.h"
#include "record/seal.h"
#include "service/scan.h"
#include "service/service.h"
#include "web/app.h"

static const char *join(struct arena *a, const char *dir, const char *name)
{
    return arena_fmt(a, "%s/%s", dir, name);
}

static int load_labels(struct site *s, struct buf *err)
{
    struct arena *a = s->plugins.arena;
    struct buf wrong = BUF_INIT;

    s->st.labels = labels_new();
    if (labels_load(s->st.labels, join(a, s->conf->share, "i18n"), err) < 0)
        return -1;
    for (size_t i = 0; i < s->plugins.n; i++) {
        const char *dir = join(a, s->plugins.plugins[i].dir, "i18n");

        /* a plugin may come without texts: names stand in for them */
        if (access(dir, F_OK) == 0 && labels_load(s->st.labels, dir, err) < 0)
            return -1;
    }
    if (labels_add(s->st.labels, join(a, s->conf->data, "languages"), &wrong) < 0)
        log_warn("languages", "left out: %s", buf_str(&wrong));
    buf_free(&wrong);
    return 0;
}

static void company(struct site *s)
{
    struct company *co = &s->st.company;

    snprintf(co->name, sizeof(co->name), "%s", s->conf->company);
    snprintf(co->country, sizeof(co->country), "%s", s->conf->country);
    snprintf(co->currency, sizeof(co->currency), "%s", s->conf->currency);
    snprintf(co->zone, sizeof(co->zone), "%s", s->conf->timezone);
    snprintf(co->locale, sizeof(co->locale), "%s", s->conf->language);
}

int site_load(struct site *s, const struct conf *conf, struct buf *err)
{
    *s = (struct site){.conf = conf};
    if (plugins_load(conf, &plugin_api, &s->plugins, err) < 0 || load_labels(s, err) < 0)
        return -1;
    s->bare = model_build(s->plugins.descs, s->plugins.n, NULL, err);
    if (s->bare == NULL)
        return -1;
    s->st.plugins = s->plugins.descs;
    s->st.nplugins = s->plugins.n;
    company(s);
    return 0;
}

static int migrate(struct site *s, struct buf *err)
{
    struct buf report = BUF_INIT, copy = BUF_INIT;
    int rc;

    datadir_copy(s->conf->data, &copy);
    rc = migrate_database(s->st.db, s->plugins.descs, s->plugins.n, false, buf_str(&copy), &report, err);
    datadir_copied(s->conf->data, buf_str(&copy), rc >= 0);
    if (rc > 0)
        log_info("migrate", "the schema was brought up to the plugins");
    buf_free(&report);
    buf_free(&copy);
    return rc < 0 ? -1 : 0;
}

static int install_body(struct berth_ctx *c, void *arg)
{
    (void)arg;
    return order_follow(c) == BERTH_OK && custom_labels(c) == BERTH_OK ? install_plugins(c) : c->rc;
}

/* ---- plugins' own data conversions and start -------------------------------------------------------- */
struct start {
    const struct berth_plugin *p;
    void **state;
};

static int call_open(struct berth_ctx *c, void *arg)
{
    struct start *k = arg;

    return k->p->open(c, k->state);
}

static int open_body(struct berth_ctx *c, void *arg)
{
    struct site *s = arg;
    struct upgrade *up;
    size_t n = migrate_upgrades(c->a, c->m, c->conn, &up);

    for (size_t i = 0; i < n && c->rc == BERTH_OK; i++) {
        if (up[i].table->upgrade != NULL)
            up[i].table->upgrade(c, (uint32_t)up[i].from);
        if (c->rc == BERTH_OK && migrate_upgraded(c->conn, up[i].table) < 0)
            ctx_fail(c, BERTH_BROKEN, "broken", "err.broken");
    }
    for (size_t i = 0; i < s->plugins.n && c->rc == BERTH_OK; i++) {
        struct start k = {s->plugins.descs[i], &s->st.plugin_states[i]};

        if (k.p->open != NULL)
            hook_call(c, k.p->name, call_open, &k);
    }
    return c->rc;
}

static int order_body(struct berth_ctx *c, void *arg)
{
    (void)arg;
    return order_look(c, NULL, c->m, NULL);
}

int site_write(struct site *s, int (*body)(struct berth_ctx *, void *), void *arg, struct buf *err)
{
    return commit_run(&(struct commit){.st = &s->st, .what = "host", .body = body, .arg = arg, .err = err}) == 0 ? 0 : -1;
}

int site_open(struct site *s, const struct conf_list *scripts_left_out, struct buf *err)
{
    struct arena *a = s->plugins.arena;
    struct db_options o = {.lock_wait_ms = 10000};

    s->files_dir = join(a, s->conf->data, "files");
    if (mkdir(s->files_dir, 0700) < 0 && errno != EEXIST) {
        buf_addf(err, "make %s: %s", s->files_dir, strerror(errno));
        return -1;
    }
    s->st.files_dir = s->files_dir;
    s->st.backup_dir = *s->conf->backups != '\0' ? s->conf->backups : join(a, s->conf->data, "backups");
    s->st.archive_dir = join(a, s->conf->data, "archive");
    s->st.scanner = s->conf->scanner;
    scan_look_up(s->st.scanner);
    s->st.public_url = s->conf->public_url;
    service_ready(&s->st);
    s->app = arena_alloc(a, sizeof(*s->app));
    *s->app = (struct app){.st = &s->st, .public_url = s->conf->public_url, .upload_max = (uint64_t)s->conf->upload_max, .started = when_now()};
    inside_ready(s->app);
    if (db_open(s->conf->database, &o, &s->st.db, err) < 0)
        return -1;
    s->opened = true;
    if (migrate(s, err) < 0 || store_open(&s->st, err) < 0 || reindex_stale(&s->st, err) < 0)
        return -1;
    model_free(&s->bare); /* 2 MB: the one in force has all of it */
    s->st.plugin_states = arena_alloc(a, (s->plugins.n + 1) * sizeof(void *));
    if (site_write(s, install_body, s, err) < 0 || site_write(s, open_body, s, err) < 0 || site_write(s, order_body, s, err) < 0)
        return -1;
    struct script_limits limits = {.memory = (size_t)s->conf->script_memory, .rule_ms = s->conf->rule_time};

    if (seal_start(&s->st, err) < 0)
        return -1;
    s->scripts = scripts_open(s->conf->scripts, scripts_left_out, &limits, atomic_load(&s->st.model));
    s->app->scripts = s->scripts;
    s->st.scripts = scripts_ops(s->scripts);
    return 0;
}

int site_look(struct site *s, struct buf *err)
{
    const struct db_options o = {.read_only = true};

    if (db_open(s->conf->database, &o, &s->st.db, err) < 0)
        return -1;
    s->opened = true;
    s->st.files_dir = join(s->plugins.arena, s->conf->data, "files");
    return store_open(&s->st, err);
}

size_t site_reload(struct site *s)
{
    return scripts_reload(s->scripts, atomic_load(&s->st.model));
}

void site_close(struct site *s)
{
    if (s->st.filter != NULL)
        dup_filter_end(s->st.filter); /* its thread asks the writer */
    if (s->opened)
        db_finish(s->st.db); /* what still waits to be written needs the model, and plugins */
    for (size_t i = s->plugins.n; s->st.plugin_states != NULL && i-- > 0;)
        if (s->plugins.descs[i]->close != NULL)
            s->plugins.descs[i]->close(s->st.plugin_states[i]);
    if (s->opened) {
        store_close(&s->st);
        db_close(&s->st.db);
    }
    if (s->scripts != NULL)
        scripts_close(&s->scripts);
    if (s->bare != NULL)
        model_free(&s->bare);
    labels_free(&s->st.labels);
    plugin_set_free(&s->plugins);
}

const struct who *site_who(struct site *s, struct db_conn *conn, const char *login)
{
    struct db_stmt *st = db_prepare(conn, "SELECT id FROM \"user\" WHERE login = ?");
    int64_t id = 0;

    db_bind_text(st, 1, login, -1);
    if (db_step(st) == DB_ROW)
        id = db_col_int(st, 0);
    db_reset(st);
    return id == 0 ? NULL : who_get(&s->st, conn, atomic_load(&s->st.model), id);
}
