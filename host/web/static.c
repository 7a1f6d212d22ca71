/* static.c - the web UI's files, held in memory. */
#include "web/static.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "web/http_parse.h"

enum { DEPTH_MAX = 8, FILES_MAX = 10000, BYTES_MAX = 128 << 20 };

/* One form of a file: as it is, or compressed. */
struct form {
    char *bytes;
    size_t size;
    char etag[32];
};

enum { PLAIN, GZIP, BROTLI, FORMS };

struct file {
    char *path; /* "/assets/app-1f2e.js" */
    const char *type;
    bool forever;
    struct form forms[FORMS];
    struct file *next;
};

struct static_dir {
    struct map files;
    struct file *all;
    const struct file *index;
    char *csp;
    size_t count, bytes;
};

static const struct {
    const char *suffix, *coding;
} forms[FORMS] = {[GZIP] = {".gz", "gzip"}, [BROTLI] = {".br", "br"}};

/* Sorted by suffix. */
static const struct {
    const char *suffix, *type;
} types[] = {
    {".css", "text/css; charset=utf-8"},
    {".gif", "image/gif"},
    {".html", "text/html; charset=utf-8"},
    {".ico", "image/x-icon"},
    {".jpeg", "image/jpeg"},
    {".jpg", "image/jpeg"},
    {".js", "text/javascript; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".png", "image/png"},
    {".svg", "image/svg+xml"},
    {".txt", "text/plain; charset=utf-8"},
    {".wasm", "application/wasm"},
    {".webmanifest", "application/manifest+json"},
    {".webp", "image/webp"},
    {".woff", "font/woff"},
    {".woff2", "font/woff2"},
};

static const char unbuilt[] =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Berth</title>"
    "<h1>The web UI is not built</h1>"
    "<p>Run <code>./dev build</code> in the source folder, then reload this page.</p></html>\n";

static bool ends_with(const char *s, size_t n, const char *suffix)
{
    size_t m = strlen(suffix);

    return n > m && memcmp(s + n - m, suffix, m) == 0;
}

static const char *type_of(const char *path)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
        if (ends_with(path, strlen(path), types[i].suffix))
            return types[i].type;
    return "application/octet-stream";
}

/* FNV-1a: tells versions of a file apart, no more is asked of it. */
static void etag_make(struct form *f, int form)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < f->size; i++)
        h = (h ^ (unsigned char)f->bytes[i]) * UINT64_C(0x100000001b3);
    snprintf(f->etag, sizeof(f->etag), "\"%016llx-%d\"", (unsigned long long)h, form);
}

static char *read_whole(int fd, size_t size)
{
    char *bytes = mem_alloc(size + 1);
    size_t got = 0;

    while (got < size) {
        ssize_t n = read(fd, bytes + got, size - got);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            free(bytes);
            return NULL;
        }
        got += (size_t)n;
    }
    return bytes;
}

/* The file that this path is a form of, new when it is the first one seen. */
static struct file *file_for(struct static_dir *s, const char *path, int *form_r)
{
    size_t n = strlen(path);
    struct file *f;

    *form_r = PLAIN;
    for (int i = GZIP; i < FORMS; i++)
        if (ends_with(path, n, forms[i].suffix)) {
            *form_r = i;
            n -= strlen(forms[i].suffix);
        }
    f = map_getn(&s->files, path, n);
    if (f != NULL)
        return f;
    f = mem_alloc(sizeof(*f));
    f->path = mem_alloc(n + 1);
    memcpy(f->path, path, n);
    f->type = type_of(f->path);
    f->forever = strncmp(f->path, "/assets/", 8) == 0;
    f->next = s->all;
    s->all = f;
    map_put(&s->files, f->path, f);
    return f;
}

static int add_file(struct static_dir *s, int at, const char *name, const char *path,
                    struct buf *err)
{
    int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), form;
    struct stat st;
    struct form *f;

    if (fd < 0 || fstat(fd, &st) < 0) {
        buf_addf(err, "web files: open %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    s->count++;
    s->bytes += (size_t)st.st_size;
    if (s->count > FILES_MAX || s->bytes > BYTES_MAX) {
        buf_addf(err, "web files: more than %d files or %d MB", FILES_MAX, BYTES_MAX >> 20);
        close(fd);
        return -1;
    }
    f = &file_for(s, path, &form)->forms[form];
    f->size = (size_t)st.st_size;
    f->bytes = read_whole(fd, f->size);
    close(fd);
    if (f->bytes == NULL) {
        buf_addf(err, "web files: read %s: it ended early", path);
        return -1;
    }
    etag_make(f, form);
    return 0;
}

static int add_dir(struct static_dir *s, int fd, const char *prefix, int depth, struct buf *err);

static int add_entry(struct static_dir *s, int at, const char *name, const char *prefix, int depth,
                     struct buf *err)
{
    struct buf path = BUF_INIT;
    struct stat st;
    int rc = 0;

    if (name[0] == '.' || fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    buf_addf(&path, "%s/%s", prefix, name);
    if (S_ISREG(st.st_mode)) {
        rc = add_file(s, at, name, path.s, err);
    } else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
        int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

        if (fd >= 0)
            rc = add_dir(s, fd, path.s, depth + 1, err);
    }
    buf_free(&path);
    return rc;
}

/* Takes over fd. */
static int add_dir(struct static_dir *s, int fd, const char *prefix, int depth, struct buf *err)
{
    DIR *d = fdopendir(fd);
    struct dirent *e;
    int rc = 0;

    if (d == NULL) {
        close(fd);
        return 0;
    }
    while (rc == 0 && (e = readdir(d)) != NULL)
        rc = add_entry(s, dirfd(d), e->d_name, prefix, depth, err);
    closedir(d);
    return rc;
}

struct static_dir *static_open(const char *dir, const char *csp, struct buf *err)
{
    struct static_dir *s = mem_alloc(sizeof(*s));
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    s->csp = mem_strdup(csp != NULL ? csp : STATIC_CSP);
    if (fd < 0 && errno != ENOENT) {
        buf_addf(err, "web files: open %s: %s", dir, strerror(errno));
        static_close(&s);
        return NULL;
    }
    if (fd >= 0 && add_dir(s, fd, "", 0, err) < 0) {
        static_close(&s);
        return NULL;
    }
    s->index = map_get(&s->files, "/index.html");
    return s;
}

void static_close(struct static_dir **ps)
{
    struct static_dir *s = *ps;

    if (s == NULL)
        return;
    while (s->all != NULL) {
        struct file *f = s->all;

        s->all = f->next;
        for (int i = 0; i < FORMS; i++)
            free(f->forms[i].bytes);
        free(f->path);
        free(f);
    }
    map_free(&s->files);
    free(s->csp);
    free(s);
    *ps = NULL;
}

/* The UI's router owns a path without an extension in its last segment and without hidden ones. */
static bool routed(const char *path)
{
    return strchr(strrchr(path, '/'), '.') == NULL && strstr(path, "/.") == NULL &&
           strncmp(path, "/assets/", 8) != 0;
}

static int form_choose(const struct file *f, const char *accept)
{
    static const int order[] = {BROTLI, GZIP};

    for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
        if (f->forms[order[i]].bytes != NULL && http_accepts(accept, forms[order[i]].coding))
            return order[i];
    return f->forms[PLAIN].bytes != NULL ? PLAIN : -1;
}

static void serve_file(const struct static_dir *s, struct http_req *req, const struct file *f)
{
    int form = form_choose(f, http_header(req, "Accept-Encoding"));

    if (form < 0) {
        http_fail(req, 406, "encoding", "The file exists in compressed form only.");
        return;
    }
    http_set(req, "Content-Type", f->type);
    http_set(req, "Cache-Control", f->forever ? "public, max-age=31536000, immutable" : "no-cache");
    if (form != PLAIN)
        http_set(req, "Content-Encoding", forms[form].coding);
    if (f->forms[GZIP].bytes != NULL || f->forms[BROTLI].bytes != NULL)
        http_set(req, "Vary", "Accept-Encoding");
    if (strncmp(f->type, "text/html", 9) == 0)
        http_set(req, "Content-Security-Policy", s->csp);
    http_etag(req, f->forms[form].etag);
    http_memory(req, f->forms[form].bytes, f->forms[form].size);
}

void static_serve(const struct static_dir *s, struct http_req *req)
{
    const struct file *f;

    if (req->method > HTTP_HEAD) {
        http_fail(req, 405, "method", "Only GET and HEAD work here.");
        http_set(req, "Allow", "GET, HEAD");
        return;
    }
    f = map_get(&s->files, req->path);
    if (f == NULL && routed(req->path)) {
        f = s->index;
        if (f == NULL) {
            req->status = 503;
            http_set(req, "Content-Type", "text/html; charset=utf-8");
            http_memory(req, unbuilt, sizeof(unbuilt) - 1);
            return;
        }
    }
    if (f == NULL) {
        http_fail(req, 404, "not_found", "There is nothing at this address.");
        return;
    }
    serve_file(s, req, f);
}
