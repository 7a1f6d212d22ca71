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

static void text(struct json *j, const char *key, const char *value)
{
    json_key(j, key);
    json_str(j, value);
}

static void number(struct json *j, const char *key, int64_t value)
{
    json_key(j, key);
    json_int(j, value);
}

static void at(struct json *j, const char *key, int64_t ms)
{
    char when[WHEN_TIME_MAX];

    when_time_format(ms, when);
    text(j, key, ms == 0 ? NULL : when);
}

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
    bool sound = seal_verify(k->c.conn, &r, &why) == 0;

    json_open(&j, '{');
    json_key(&j, "sound");
    json_bool(&j, sound);
    text(&j, "why", sound ? NULL : buf_str(&why));
    number(&j, "entries", r.entries);
    number(&j, "seals", r.seals);
    number(&j, "unsealed", r.unsealed);
    number(&j, "cut", r.cut);
    at(&j, "at", r.at);
    text(&j, "head", sound ? r.head : NULL);
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
    number(&j, "bin", gone.bin);
    number(&j, "jobs", gone.jobs);
    number(&j, "mails", gone.mails);
    number(&j, "sessions", gone.sessions);
    number(&j, "entries", gone.entries);
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
    text(&j, "folder", k->app->st->backup_dir);
    json_key(&j, "download");
    json_bool(&j, k->app->backup_download);
    json_key(&j, "backups");
    json_open(&j, '[');
    for (int i = 0; i < n; i++) {
        struct stat st;

        if (i < BACKUPS_SHOWN && stat(arena_fmt(k->req->arena, "%s/%s/berth.db", k->app->st->backup_dir, names[i]->d_name), &st) == 0) {
            json_open(&j, '{');
            text(&j, "name", names[i]->d_name);
            at(&j, "at", (int64_t)st.st_mtim.tv_sec * 1000);
            number(&j, "bytes", st.st_size);
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
    audit_later(k->app->st, k->user, "export", arena_fmt(k->req->arena, "backup %s", k->name), http_peer(k->req));
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
        text(&j, "name", p->name);
        text(&j, "label", labels_get(k->app->st->labels, k->c.locale, p->name));
        text(&j, "version", p->version);
        text(&j, "needs", p->needs);
        caps(&j, "asks", p->caps);
        caps(&j, "granted", k->app->st->plugin_caps == NULL ? p->caps : k->app->st->plugin_caps[i]);
        number(&j, "tables", tables);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    text(&j, "left_out", k->app->left_out);
    json_close(&j, '}');
    return k->c.rc;
}

/* ---- the system --------------------------------------------------------------------------------------- */
static int64_t size_of(const char *path)
{
    struct stat st;

    return path != NULL && stat(path, &st) == 0 ? st.st_size : 0;
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

    http_stats(k->app->http, &h);
    db_stats(k->app->st->db, &d);
    json_open(&j, '{');
    text(&j, "version", k->app->version);
    at(&j, "started", k->app->started);
    number(&j, "database_bytes", size_of(k->app->database));
    number(&j, "log_bytes", (int64_t)d.log_bytes);
    number(&j, "file_bytes", asked(k, "SELECT bytes FROM blob_use WHERE who = 0"));
    number(&j, "free_bytes", statvfs(k->app->st->files_dir, &disk) == 0 ? (int64_t)disk.f_bavail * (int64_t)disk.f_frsize : 0);
    number(&j, "users", asked(k, "SELECT count(*) FROM \"user\" WHERE active = 1"));
    number(&j, "sessions", asked(k, "SELECT count(*) FROM session"));
    number(&j, "jobs_waiting", asked(k, "SELECT count(*) FROM job WHERE state IN ('queued', 'running')"));
    number(&j, "requests", (int64_t)h.requests);
    number(&j, "answers_4xx", (int64_t)h.answers[4]);
    number(&j, "answers_5xx", (int64_t)h.answers[5]);
    number(&j, "in_flight", h.in_flight);
    number(&j, "pooled", (int64_t)h.pooled);
    number(&j, "commits", (int64_t)d.commits);
    number(&j, "commits_failed", (int64_t)d.commits_failed);
    json_key(&j, "tables");
    json_open(&j, '[');
    for (size_t i = 0; i < k->c.m->ntables; i++) {
        const struct table *t = &k->c.m->tables[i];

        if (t->flags & BERTH_BARE)
            continue;
        json_open(&j, '{');
        text(&j, "name", t->name);
        text(&j, "label", labels_get(k->app->st->labels, k->c.locale, arena_fmt(k->req->arena, "%s.*", t->name)));
        number(&j, "version", t->version);
        number(&j, "fields", t->nfields);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    return k->c.rc;
}

const struct route_entry routes_upkeep[] = {
    {"POST", "/api/_job/{id}/retry", R_ADMIN | R_WRITE, again, .about = "a job that failed or was cancelled goes on"},
    {"POST", "/api/_audit/verify", R_ADMIN | R_SLOW, verify, .about = "whether history and audit trail are as they were written"},
    {"POST", "/api/_retention", R_ADMIN | R_SLOW, sweep, .about = "takes away now what is kept no longer, as happens every hour"},
    {"GET", "/api/_backup", R_ADMIN, backups, .about = "the backups there are"},
    {"POST", "/api/_backup", R_ADMIN | R_WRITE, backup_now, .about = "makes a backup, as a job"},
    {"GET", "/api/_backup/{name}", R_ADMIN | R_SLOW, backup_file, .about = "the database of a backup, where the configuration allows it"},
    {"GET", "/api/_plugins", R_ADMIN, plugins, .about = "plugins, their versions and powers, and which are left out"},
    {"GET", "/api/_system", R_ADMIN, overview, .about = "version, start, sizes and load"},
    {0},
};
