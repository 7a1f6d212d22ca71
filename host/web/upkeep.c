/* upkeep.c - what keeps an installation healthy: backups, jobs again, the audit trail checked, plugins and
 * the system at a glance. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/when.h"
#include "record/audit.h"
#include "record/job.h"
#include "record/retain.h"
#include "record/seal.h"
#include "web/app.h"

enum { BACKUPS_SHOWN = 200 };

/* ---- jobs ------------------------------------------------------------------------------------ */
static int again(struct call *k)
{
    if (job_again(&k->c, k->id) == BERTH_OK)
        k->req->status = 204;
    return k->c.rc;
}

/* ---- the audit trail --------------------------------------------------------------------------- */
static int verify(struct call *k)
{
    struct json j = call_json(k);
    struct buf why = BUF_INIT;
    struct seal_report r = {0};
    int rc = seal_verify(k->c.conn, &r, &why);
    bool sound = rc == 0;

    if (rc == SEAL_UNREAD) { /* nothing is said of the entries */
        buf_free(&why);
        return ctx_fail(&k->c, BERTH_BUSY, "unread", "err.audit_unread");
    }
    json_open(&j, '{');
    json_flag(&j, "sound", sound);
    json_text(&j, "why", sound ? NULL : buf_str(&why));
    json_number(&j, "entries", r.entries);
    json_number(&j, "seals", r.seals);
    json_number(&j, "unsealed", r.unsealed);
    json_number(&j, "cut", r.cut);
    json_time(&j, "at", r.at);
    json_text(&j, "head", sound ? r.head : NULL);
    json_close(&j, '}');
    buf_free(&why);
    return k->c.rc;
}

static int sweep(struct call *k)
{
    struct json j = call_json(k);
    struct retained gone;

    if (retain_sweep(k->app->st, &gone) < 0)
        return ctx_fail(&k->c, BERTH_BROKEN, "broken", "err.broken");
    json_open(&j, '{');
    json_number(&j, "bin", gone.bin);
    json_number(&j, "jobs", gone.jobs);
    json_number(&j, "mails", gone.mails);
    json_number(&j, "sessions", gone.sessions);
    json_number(&j, "entries", gone.entries);
    json_close(&j, '}');
    return k->c.rc;
}

/* ---- backups ------------------------------------------------------------------------------------ */
static int newest_first(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*b)->d_name, (*a)->d_name);
}

static int whole(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

static int backups(struct call *k)
{
    struct json j = call_json(k);
    struct dirent **names = NULL;
    int n = scandir(k->app->st->backup_dir, &names, whole, newest_first);

    json_open(&j, '{');
    json_text(&j, "folder", k->app->st->backup_dir);
    json_flag(&j, "download", k->app->backup_download);
    json_key(&j, "backups");
    json_open(&j, '[');
    for (int i = 0; i < n; i++) {
        struct stat st;

        if (i < BACKUPS_SHOWN && stat(arena_fmt(k->req->arena, "%s/%s/berth.db", k->app->st->backup_dir, names[i]->d_name), &st) == 0) {
            json_open(&j, '{');
            json_text(&j, "name", names[i]->d_name);
            json_time(&j, "at", (int64_t)st.st_mtim.tv_sec * 1000);
            json_number(&j, "bytes", st.st_size);
            json_close(&j, '}');
        }
        free(names[i]);
    }
    free(names);
    json_close(&j, ']');
    json_close(&j, '}');
    return k->c.rc;
}

static int backup_now(struct call *k)
{
    json_t *args = json_object();
    int64_t job = job_add(&k->c, "backup", args, 0);

    json_decref(args);
    if (k->c.rc == BERTH_OK)
        audit_add(&k->c, "backup", "");
    return call_job(k, job, NULL, 0);
}

/* The database of one; its files are copied on the server. */
static int backup_file(struct call *k)
{
    struct stat st;
    int fd;

    if (!k->app->backup_download)
        return ctx_fail(&k->c, BERTH_DENIED, "denied", "err.backup_download");
    if (k->name[0] == '.' || strchr(k->name, '/') != NULL)
        return ctx_fail(&k->c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    fd = open(arena_fmt(k->req->arena, "%s/%s/berth.db", k->app->st->backup_dir, k->name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) < 0)
        return ctx_fail(&k->c, BERTH_NOT_FOUND, "not_found", "err.not_found");
    audit_later(k->app->st, call_whose(k), "export", arena_fmt(k->req->arena, "backup %s", k->name), http_peer(k->req));
    http_set(k->req, "Content-Type", "application/octet-stream");
    http_set(k->req, "Content-Disposition", arena_fmt(k->req->arena, "attachment; filename=\"berth-%s.db\"", k->name));
    http_file(k->req, fd, (uint64_t)st.st_size, -1);
    k->app_answered = true;
    return k->c.rc;
}

/* ---- plugins --------------------------------------------------------------------------------------- */
static void caps(struct json *j, const char *key, uint32_t set)
{
    static const char *const names[] = {"sql", "net", "all_rows"};

    json_key(j, key);
    json_open(j, '[');
    for (int i = 0; i < 3; i++)
        if (set & (1u << i))
            json_str(j, names[i]);
    json_close(j, ']');
}

/* What administrators set of it: its settings and the tables that are theirs, as they are called. */
static void set_up(struct call *k, struct json *j, const char *plugin)
{
    const struct model *m = k->c.m;
    size_t n = strlen(plugin);

    json_key(j, "settings");
    json_open(j, '[');
    for (size_t i = 0; i < m->nsettings; i++)
        if (strncmp(m->settings[i].name, plugin, n) == 0 && m->settings[i].name[n] == '.')
            json_str(j, call_label(k, call_fmt(k, "$.setting.$", plugin, m->settings[i].name + n + 1)));
    json_close(j, ']');
    json_key(j, "set_up");
    json_open(j, '[');
    for (size_t i = 0; i < m->ntables; i++) {
        const struct table *t = &m->tables[i];

        if (strcmp(t->plugin, plugin) != 0 || (t->flags & (BERTH_ADMIN | BERTH_HIDDEN | BERTH_DETAIL)) != BERTH_ADMIN)
            continue;
        json_open(j, '{');
        json_text(j, "table", t->name);
        json_text(j, "label", call_label(k, call_fmt(k, "$.*", t->name, "")));
        json_close(j, '}');
    }
    json_close(j, ']');
}

static int plugins(struct call *k)
{
    const struct model *m = k->c.m;
    struct json j = call_json(k);

    json_open(&j, '{');
    json_key(&j, "plugins");
    json_open(&j, '[');
    for (size_t i = 0; i < m->nplugins; i++) {
        const struct berth_plugin *p = m->plugins[i];
        int64_t tables = 0;

        for (size_t n = 0; n < m->ntables; n++)
            tables += strcmp(m->tables[n].plugin, p->name) == 0 && !(m->tables[n].flags & BERTH_BARE);
        json_open(&j, '{');
        json_text(&j, "name", p->name);
        json_text(&j, "label", call_label(k, p->name));
        json_text(&j, "about", call_about(k, p->name));
        json_text(&j, "version", p->version);
        json_text(&j, "needs", p->needs);
        caps(&j, "asks", p->caps);
        caps(&j, "granted", k->app->st->plugin_caps == NULL ? p->caps : k->app->st->plugin_caps[i]);
        json_number(&j, "tables", tables);
        set_up(k, &j, p->name);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_text(&j, "left_out", k->app->left_out);
    json_close(&j, '}');
    return k->c.rc;
}

/* ---- the system --------------------------------------------------------------------------------------- */
static int64_t size_of(const char *path)
{
    struct stat st;

    return path != NULL && stat(path, &st) == 0 ? st.st_size : 0;
}

/* What is committed and not copied into the file yet. */
static const char *log_of(struct call *k)
{
    return k->app->database == NULL ? NULL : arena_fmt(k->req->arena, "%s-wal", k->app->database);
}

static int64_t asked(struct call *k, const char *sql)
{
    struct db_stmt *s = db_prepare(k->c.conn, sql);
    int64_t v = db_step(s) == DB_ROW ? db_col_int(s, 0) : 0;

    db_reset(s);
    return v;
}

static int overview(struct call *k)
{
    struct json j = call_json(k);
    struct http_stats h;
    struct db_stats d;
    struct statvfs disk;

    http_stats(http_of(k->req), &h);
    db_stats(k->app->st->db, &d);
    json_open(&j, '{');
    json_text(&j, "version", k->app->version);
    json_time(&j, "started", k->app->started);
    json_number(&j, "database_bytes", size_of(k->app->database) + size_of(log_of(k)));
    json_number(&j, "log_bytes", (int64_t)d.log_bytes);
    json_number(&j, "file_bytes", asked(k, "SELECT bytes FROM blob_use WHERE who = 0"));
    json_number(&j, "free_bytes", statvfs(k->app->st->files_dir, &disk) == 0 ? (int64_t)disk.f_bavail * (int64_t)disk.f_frsize : 0);
    json_number(&j, "users", asked(k, "SELECT count(*) FROM \"user\" WHERE active = 1"));
    json_number(&j, "sessions", asked(k, "SELECT count(*) FROM session"));
    json_number(&j, "jobs_waiting", asked(k, "SELECT count(*) FROM job WHERE state IN ('queued', 'running')"));
    json_number(&j, "requests", (int64_t)h.requests);
    json_number(&j, "answers_4xx", (int64_t)h.answers[4]);
    json_number(&j, "answers_5xx", (int64_t)h.answers[5]);
    json_number(&j, "in_flight", h.in_flight);
    json_number(&j, "pooled", (int64_t)h.pooled);
    json_number(&j, "commits", (int64_t)d.commits);
    json_number(&j, "commits_failed", (int64_t)d.commits_failed);
    json_key(&j, "tables");
    json_open(&j, '[');
    for (size_t i = 0; i < k->c.m->ntables; i++) {
        const struct table *t = &k->c.m->tables[i];

        if (t->flags & BERTH_BARE)
            continue;
        json_open(&j, '{');
        json_text(&j, "name", t->name);
        json_text(&j, "label", labels_get(k->app->st->labels, k->c.locale, arena_fmt(k->req->arena, "%s.*", t->name)));
        json_number(&j, "version", t->version);
        json_number(&j, "fields", t->nfields);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    return k->c.rc;
}

const struct route_entry routes_upkeep[] = {
    {"POST", "/api/_job/{id}/retry", R_ADMIN | R_WRITE | R_INSIDE, again, .about = "a job that failed or was cancelled goes on"},
    {"POST", "/api/_audit/verify", R_ADMIN | R_SLOW, verify, .about = "whether history and audit trail are as they were written"},
    {"POST", "/api/_retention", R_ADMIN | R_SLOW, sweep, .about = "takes away now what is kept no longer, as happens every hour"},
    {"GET", "/api/_backup", R_ADMIN | R_INSIDE, backups, .about = "the backups there are"},
    {"POST", "/api/_backup", R_ADMIN | R_WRITE | R_INSIDE, backup_now, .about = "makes a backup, as a job"},
    {"GET", "/api/_backup/{name}", R_ADMIN | R_SLOW, backup_file, .about = "the database of a backup, where the configuration allows it"},
    {"GET", "/api/_plugins", R_ADMIN, plugins, .about = "plugins, their versions and powers, and which are left out"},
    {"GET", "/api/_system", R_ADMIN, overview, .about = "version, start, sizes and load"},
    {0},
};
