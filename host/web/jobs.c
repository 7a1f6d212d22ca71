/* jobs.c - imports and jobs over HTTP. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "record/audit.h"
#include "record/bulk.h"
#include "record/import.h"
#include "record/import_map.h"
#include "record/job.h"
#include "record/job_turns.h"
#include "web/app.h"

/* ---- taking a file -------------------------------------------------------------------------- */
struct upload {
    const char *name, *path;
    int64_t id;
};

static int upload_body(struct call *k, void *arg)
{
    struct upload *u = arg;

    u->id = import_new(&k->c, k->t, u->name, u->path);
    return k->c.rc;
}

/* The upload lies in an unnamed file; it gets a name in the files folder. */
static int copy_to(int from, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    char block[65536];
    ssize_t n;

    if (fd < 0)
        return -1;
    while ((n = read(from, block, sizeof(block))) > 0)
        for (ssize_t at = 0, w; at < n; at += w)
            if ((w = write(fd, block + at, (size_t)(n - at))) < 0) {
                close(fd);
                unlink(path);
                return -1;
            }
    if (n < 0 || fsync(fd) < 0 || close(fd) < 0) {
        unlink(path);
        return -1;
    }
    return 0;
}

static int import_upload(struct call *k)
{
    struct upload u = {.name = http_query(k->req, "name")};
    int rc;

    if (u.name == NULL || *u.name == '\0')
        u.name = "upload";
    if (!perm_may(k->c.who, k->t, DO_IMPORT))
        return ctx_fail(&k->c, BERTH_DENIED, "denied", "err.denied");
    if (k->req->body_size == 0)
        return ctx_fail(&k->c, BERTH_INVALID, "invalid", "err.empty_file");
    u.path = arena_fmt(k->req->arena, "%s/upload-%s", k->app->st->files_dir, k->req->id);
    if (copy_to(k->req->body_fd, u.path) < 0) {
        log_error("web", "keep an upload: %s", strerror(errno));
        return ctx_fail(&k->c, errno == ENOSPC ? BERTH_FULL : BERTH_BROKEN, NULL, NULL);
    }
    if (call_write(k, upload_body, &u) != BERTH_OK) {
        unlink(u.path);
        return k->c.rc;
    }
    k->req->status = 201;
    rc = import_look(&k->c, u.id, NULL, &k->req->out);
    return rc;
}

static int import_look_again(struct call *k)
{
    return import_look(&k->c, k->id, k->body, &k->req->out);
}

static int import_go(struct call *k)
{
    const json_t *o = call_object(k);

    return o == NULL ? (int)k->c.rc : call_job(k, import_start(&k->c, &k->id, o), "import", k->id);
}

static int import_back(struct call *k)
{
    return call_job(k, import_undo(&k->c, k->id), "import", k->id);
}

static int imports(struct call *k)
{
    int64_t before = call_number(k, "after", 0, 0, INT64_MAX), limit = call_number(k, "limit", 20, 1, 100);

    return k->c.rc != BERTH_OK ? (int)k->c.rc : import_list(&k->c, k->t, before, (int)limit, &k->req->out);
}

static int mapping_drop(struct call *k)
{
    if (import_map_drop(&k->c, k->id) == BERTH_OK)
        k->req->status = 204;
    return k->c.rc;
}

static int rows(struct call *k)
{
    const char *outcome = http_query(k->req, "outcome");
    int64_t after = call_number(k, "after", 0, 0, INT64_MAX), limit = call_number(k, "limit", 100, 1, 500);

    return k->c.rc != BERTH_OK ? (int)k->c.rc
                               : import_rows(&k->c, k->id, outcome, http_query(k->req, "table"), after, (int)limit, &k->req->out);
}

/* ---- giving one ------------------------------------------------------------------------------- */
static int rejected(struct call *k, const char *kind, const char *mime)
{
    const char *path = arena_fmt(k->req->arena, "%s/rejected-%s", k->app->st->files_dir, k->req->id);
    struct stat st;
    int fd;

    if (import_rejected(&k->c, k->id, kind, http_query(k->req, "outcome"), path) != BERTH_OK)
        return k->c.rc;
    audit_later(k->app->st, call_whose(k), "export", arena_fmt(k->req->arena, "import %lld: rejected rows as %s",
                (long long)k->id, kind), http_peer(k->req));
    fd = open(path, O_RDONLY | O_CLOEXEC);
    unlink(path);
    if (fd < 0 || fstat(fd, &st) < 0)
        return ctx_fail(&k->c, BERTH_BROKEN, "broken", "err.broken");
    http_set(k->req, "Content-Type", mime);
    http_set(k->req, "Content-Disposition", arena_fmt(k->req->arena, "attachment; filename=\"rejected-%lld.%s\"",
                                                      (long long)k->id, kind));
    http_file(k->req, fd, (uint64_t)st.st_size, -1);
    k->app_answered = true;
    return k->c.rc;
}

static int rejected_xlsx(struct call *k)
{
    return rejected(k, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
}

static int rejected_csv(struct call *k)
{
    return rejected(k, "csv", "text/csv; charset=utf-8");
}

/* ---- jobs ----------------------------------------------------------------------------------------- */
static int job_one(struct call *k)
{
    return job_json(&k->c, k->id, &k->req->out);
}

static int job_drop(struct call *k)
{
    if (job_cancel(&k->c, k->id) == BERTH_OK)
        k->req->status = 204;
    return k->c.rc;
}

static int job_back(struct call *k)
{
    return call_job(k, bulk_undo(&k->c, k->id), NULL, 0);
}

/* {"path":"/callcenter/recount","args":{…}} or {"script":"recount","args":{…}} */
static int job_new(struct call *k)
{
    const json_t *o = call_object(k);

    return o == NULL ? (int)k->c.rc : call_job(k, job_turns_start(&k->c, o), NULL, 0);
}

static int job_scripts(struct call *k)
{
    return job_scripts_json(&k->c, &k->req->out);
}

const struct route_entry routes_jobs[] = {
    {"POST", "/api/_import/{table}", R_SLOW | R_UPLOAD, import_upload, TAKES("name")},
    {"GET", "/api/_import/{table}", R_INSIDE | R_MINE, imports, TAKES("after", "limit")},
    {"DELETE", "/api/_import_map/{id}", R_WRITE, mapping_drop},
    {"POST", "/api/_import/{id}/undo", R_WRITE | R_INSIDE | R_MINE, import_back},
    {"POST", "/api/_import/{id}/look", R_SLOW, import_look_again},
    {"POST", "/api/_import/{id}/run", R_WRITE, import_go},
    {"GET", "/api/_import/{id}/rows", R_INSIDE | R_MINE, rows, TAKES("outcome", "table", "after", "limit")},
    {"GET", "/api/_import/{id}/rejected.xlsx", R_SLOW, rejected_xlsx, TAKES("outcome")},
    {"GET", "/api/_import/{id}/rejected.csv", R_SLOW, rejected_csv, TAKES("outcome")},
    {"POST", "/api/_job", R_WRITE | R_INSIDE, job_new,
     .about = "a plugin's route or a script's job, turn by turn: {\"path\" or \"script\",\"args\"}"},
    {"GET", "/api/_script_job", R_INSIDE, job_scripts, .about = "the jobs of scripts that one may start"},
    {"GET", "/api/_job/{id}", R_INSIDE, job_one},
    {"DELETE", "/api/_job/{id}", R_WRITE | R_INSIDE, job_drop},
    {"POST", "/api/_job/{id}/undo", R_WRITE | R_INSIDE, job_back, .about = "takes a change of many records back"},
    {0},
};
