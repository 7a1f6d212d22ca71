/* files.c - attachments over HTTP: put on a record, looked at, fetched in ranges, taken away. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "record/audit.h"
#include "record/find.h"
#include "service/file.h"
#include "service/thumb.h"
#include "web/app.h"

/* ---- putting one on a record ------------------------------------------------------------------- */
/* Before the body is read: rights, the name, the room there is. */
static int upload_before(struct call *k)
{
    struct berth_row *r = find_one(&k->c, k->t, k->id);
    int64_t size = k->req->body_size < 0 ? 0 : k->req->body_size;

    if (r == NULL || file_name(&k->c, http_query(k->req, "name")) == NULL)
        return k->c.rc;
    if ((uint64_t)size > k->app->upload_max) {
        k->c.args[0] = "max";
        k->c.args[1] = arena_fmt(k->req->arena, "%llu", (unsigned long long)(k->app->upload_max >> 20));
        k->c.args[2] = NULL;
        return ctx_fail(&k->c, BERTH_INVALID, "too_large", "err.file_size");
    }
    return file_may_add(&k->c, r, size);
}

struct upload {
    const char *name;
    char hash[BLOB_HASH];
    int64_t replaces, id;
};

static int upload_body(struct call *k, void *arg)
{
    struct upload *u = arg;
    struct berth_row *r = find_one(&k->c, k->t, k->id);

    if (r != NULL)
        u->id = file_add(&k->c, r, u->name, u->hash, k->req->body_size, u->replaces, k->req->body_fd);
    return k->c.rc;
}

static int upload(struct call *k)
{
    struct upload u = {.name = file_name(&k->c, http_query(k->req, "name")),
                       .replaces = call_number(k, "replaces", 0, 1, INT64_MAX)};
    struct json j;
    struct file f;

    if (u.name == NULL || k->c.rc != BERTH_OK || file_keep(&k->c, u.name, k->req->body_fd, u.hash) != BERTH_OK)
        return k->c.rc;
    if (call_write(k, upload_body, &u) != BERTH_OK || !file_get(&k->c, u.id, &f))
        return k->c.rc;
    k->req->status = 201;
    j = call_json(k);
    json_open(&j, '{');
    json_key(&j, "file");
    file_json(&j, &f);
    json_close(&j, '}');
    return k->c.rc;
}

static int list(struct call *k)
{
    struct berth_row *r = call_opened(k);

    return r == NULL ? (int)k->c.rc : file_list(&k->c, r, (int64_t)k->app->upload_max, &k->req->out);
}

/* ---- fetching one -------------------------------------------------------------------------------- */
/* RFC 6266: a plain name for old programs, the real one percent-encoded. */
static const char *disposition(struct call *k, const char *how, const char *name)
{
    struct buf b = BUF_INIT;
    const char *s;

    buf_addf(&b, "%s; filename=\"", how);
    for (const char *p = name; *p != '\0'; p++)
        if ((*p & 0xc0) != 0x80) /* one for each character */
            buf_putc(&b, buf_plain(*p) || *p == ' ' ? *p : '_');
    buf_puts(&b, "\"; filename*=UTF-8''");
    buf_percent(&b, name);
    s = arena_strdup(k->req->arena, buf_str(&b));
    buf_free(&b);
    return s;
}

/* What a browser shows by itself, in an origin of its own.  Its PDF viewer does not work in a sandbox, and
 * lets nothing in a PDF reach the page it came from. */
static void show_inline(struct call *k, const struct file *f, enum filetype_look look)
{
    if (look == LOOK_PDF)
        http_set(k->req, "Content-Security-Policy",
                 "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'");
    http_set(k->req, "Content-Type", look == LOOK_TEXT ? "text/plain; charset=utf-8" : f->mime);
    http_set(k->req, "Content-Disposition", disposition(k, "inline", f->name));
}

static int fetch(struct call *k)
{
    bool inline_ = call_number(k, "inline", 0, 0, 1) != 0;
    const struct filetype *t;
    struct stat st;
    struct file f;
    int fd;

    if (k->c.rc != BERTH_OK || !file_get(&k->c, k->id, &f))
        return k->c.rc;
    fd = blob_open(k->app->st, f.hash);
    if (fd < 0 || fstat(fd, &st) < 0) {
        log_error("files", "the bytes of attachment %lld are missing: %s", (long long)f.id, f.hash);
        if (fd >= 0)
            close(fd);
        return ctx_fail(&k->c, BERTH_BROKEN, "broken", "err.broken");
    }
    t = filetype_of(f.name);
    if (inline_ && t != NULL && t->look != LOOK_NONE) {
        show_inline(k, &f, t->look);
    } else {
        http_set(k->req, "Content-Type", f.mime);
        http_set(k->req, "Content-Disposition", disposition(k, "attachment", f.name));
    }
    http_etag(k->req, arena_fmt(k->req->arena, "\"%s\"", f.hash));
    http_file(k->req, fd, (uint64_t)st.st_size, -1);
    k->app_answered = true;
    return k->c.rc;
}

static int thumbnail(struct call *k)
{
    struct stat st;
    struct file f;
    int fd;

    if (!file_get(&k->c, k->id, &f))
        return k->c.rc;
    if (!thumb_may(f.mime) || (fd = thumb_open(k->app->st, f.hash)) < 0)
        return thumb_may(f.mime) && errno == EAGAIN ? ctx_fail(&k->c, BERTH_BUSY, "busy", "err.busy")
                                                    : ctx_fail(&k->c, BERTH_NOT_FOUND, "not_found", "err.no_thumbnail");
    if (fstat(fd, &st) < 0) {
        close(fd);
        return ctx_fail(&k->c, BERTH_BROKEN, "broken", "err.broken");
    }
    http_set(k->req, "Content-Type", "image/jpeg");
    http_etag(k->req, arena_fmt(k->req->arena, "\"%s-s\"", f.hash));
    http_file(k->req, fd, (uint64_t)st.st_size, -1);
    k->app_answered = true;
    return k->c.rc;
}

/* ---- changing one --------------------------------------------------------------------------------- */
static int rename_it(struct call *k)
{
    const json_t *o = call_object(k);
    struct json j = call_json(k);
    struct file f;

    if (o == NULL || file_rename(&k->c, k->id, call_string(k, "name")) != BERTH_OK || !file_get(&k->c, k->id, &f))
        return k->c.rc;
    json_open(&j, '{');
    json_key(&j, "file");
    file_json(&j, &f);
    json_close(&j, '}');
    return k->c.rc;
}

static int drop(struct call *k)
{
    bool version = call_number(k, "version", 0, 0, 1) != 0;

    return k->c.rc != BERTH_OK ? (int)k->c.rc : file_drop(&k->c, k->id, version);
}

const struct route_entry routes_files[] = {
    {"GET", "/api/{table}/{id}/_files", R_INSIDE, list},
    {"POST", "/api/{table}/{id}/_files", R_SLOW | R_UPLOAD, upload, upload_before, TAKES("name", "replaces")},
    {"GET", "/api/_file/{id}", 0, fetch, TAKES("inline")},
    {"GET", "/api/_file/{id}/thumbnail", R_SLOW, thumbnail, .about = "a small picture of an attached one, at most 256 pixels a side"},
    {"PATCH", "/api/_file/{id}", R_WRITE | R_INSIDE, rename_it},
    {"DELETE", "/api/_file/{id}", R_WRITE | R_INSIDE, drop, TAKES("version")},
    {0},
};
