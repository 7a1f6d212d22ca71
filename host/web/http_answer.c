/* http_answer.c - puts an answer together: headers, errors, conditions, ranges, compression. */
#include "web/http_inside.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <zlib.h>

#include "base/json.h"

void http_set(struct http_req *req, const char *name, const char *value)
{
    struct request *r = request_of(req);
    size_t kept = 0;

    for (size_t i = 0; i < r->nset; i++)
        if (strcasecmp(r->set[i].name, name) != 0)
            r->set[kept++] = r->set[i];
    r->nset = kept;
    http_add(req, name, value);
}

void http_add(struct http_req *req, const char *name, const char *value)
{
    struct request *r = request_of(req);

    if (r->nset == r->cap_set) {
        size_t cap = r->cap_set * 2 + 8;
        struct http_pair *more = arena_alloc(req->arena, cap * sizeof(*more));

        if (r->nset > 0)
            memcpy(more, r->set, r->nset * sizeof(*more));
        r->set = more;
        r->cap_set = cap;
    }
    r->set[r->nset++] =
        (struct http_pair){arena_strdup(req->arena, name), arena_strdup(req->arena, value)};
}

void http_etag(struct http_req *req, const char *etag)
{
    request_of(req)->etag = arena_strdup(req->arena, etag);
}

/* Forgets the answer so far; the request itself stays. */
void answer_clear(struct request *r)
{
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
    if (r->stream != NULL)
        stream_drop(r->stream);
    r->stream = NULL;
    r->nset = 0;
    r->etag = NULL;
    r->kind = ANSWER_OUT;
    r->squeezed.len = 0;
    r->weighed = false;
    r->pub.status = 0;
    buf_clear(&r->pub.out);
}

void http_reset(struct http_req *req)
{
    answer_clear(request_of(req));
}

void http_error_json(struct http_req *req, const char *code, const char *message)
{
    struct json j = json_to(&req->out);

    json_open(&j, '{');
    json_key(&j, "error");
    json_open(&j, '{');
    json_text(&j, "code", code);
    json_text(&j, "message", message);
    json_text(&j, "request", req->id);
    json_close(&j, '}');
    json_close(&j, '}');
}

void http_fail(struct http_req *req, int status, const char *code, const char *message)
{
    struct request *r = request_of(req);

    answer_clear(r);
    req->status = status;
    http_set(req, "Content-Type", "application/json; charset=utf-8");
    if (r->http->c.error != NULL)
        r->http->c.error(req, status, code, message);
    else
        http_error_json(req, code, message);
}

void answer_refuse(struct request *r, const struct http_refusal *why)
{
    r->closing = true;
    r->refused = true;
    count(&r->loop->refused);
    http_fail(&r->pub, why->status, why->code, why->message);
}

void http_file(struct http_req *req, int fd, uint64_t size, int64_t mtime)
{
    struct request *r = request_of(req);

    r->kind = ANSWER_FILE;
    r->fd = fd;
    r->size = size;
    r->mtime = mtime;
}

void http_memory(struct http_req *req, const void *p, size_t n)
{
    struct request *r = request_of(req);

    r->kind = ANSWER_MEMORY;
    r->memory = p;
    r->size = n;
}

static const char *answer_header(const struct request *r, const char *name)
{
    for (size_t i = 0; i < r->nset; i++)
        if ((r->set[i].name[0] | 0x20) == (name[0] | 0x20) && strcasecmp(r->set[i].name, name) == 0)
            return r->set[i].value;
    return NULL;
}

struct gzip {
    z_stream z;
};

void gzip_free(struct gzip **g)
{
    if (*g == NULL)
        return;
    deflateEnd(&(*g)->z);
    free(*g);
    *g = NULL;
}

/* Level 1: JSON shrinks to a sixth at some 150 MB/s; more effort saves little here. */
static bool gzip_run(struct gzip **gp, const struct buf *in, struct buf *out)
{
    struct gzip *g = *gp;
    size_t bound;

    if (g == NULL) {
        g = mem_alloc(sizeof(*g));
        if (deflateInit2(&g->z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
            free(g);
            return false;
        }
        *gp = g;
    }
    deflateReset(&g->z);
    bound = deflateBound(&g->z, in->len);
    if (in->len > UINT32_MAX / 2)
        return false;
    buf_clear(out);
    g->z.next_out = (unsigned char *)buf_room(out, bound);
    g->z.avail_out = (unsigned)bound;
    g->z.next_in = (unsigned char *)in->s;
    g->z.avail_in = (unsigned)in->len;
    if (deflate(&g->z, Z_FINISH) != Z_STREAM_END)
        return false;
    out->len = bound - g->z.avail_out;
    return out->len < in->len;
}

static bool compressible(const char *type)
{
    return type != NULL &&
           (strncmp(type, "application/json", 16) == 0 || strncmp(type, "text/", 5) == 0 ||
            strncmp(type, "application/problem+json", 24) == 0);
}

void answer_squeeze(struct request *r, struct gzip **g)
{
    const struct http_config *c = &r->http->c;
    struct http_req *req = &r->pub;

    if (r->weighed)
        return;
    r->weighed = true;
    if (c->no_gzip || r->kind != ANSWER_OUT || req->out.len < c->gzip_min ||
        !compressible(answer_header(r, "Content-Type")) ||
        answer_header(r, "Content-Encoding") != NULL)
        return;
    http_add(req, "Vary", "Accept-Encoding");
    if (!http_accepts(http_header(req, "Accept-Encoding"), "gzip"))
        return;
    if (!gzip_run(g, &req->out, &r->squeezed)) {
        r->squeezed.len = 0;
        return;
    }
    http_set(req, "Content-Encoding", "gzip");
    if (r->etag != NULL && r->etag[0] == '"') /* other bytes: no longer a strong tag */
        r->etag = arena_fmt(req->arena, "W/%s", r->etag);
}

/* Whether the client's copy is still good. */
static bool unchanged(struct request *r)
{
    const char *match = http_header(&r->pub, "If-None-Match");
    const char *since;
    char date[32];

    if (match != NULL)
        return r->etag != NULL && http_tag_matches(match, r->etag);
    if (r->kind != ANSWER_FILE || r->mtime < 0)
        return false;
    since = http_header(&r->pub, "If-Modified-Since");
    http_date(r->mtime, date);
    return since != NULL && strcmp(since, date) == 0;
}

/* If-Range: the range counts only when the file is still the one it began with. */
static bool range_wanted(struct request *r)
{
    const char *if_range = http_header(&r->pub, "If-Range");
    char date[32];

    if (http_header(&r->pub, "Range") == NULL || r->pub.status != 200)
        return false;
    if (if_range == NULL)
        return true;
    if (if_range[0] == '"')
        return r->etag != NULL && strcmp(if_range, r->etag) == 0;
    if (r->mtime < 0)
        return false;
    http_date(r->mtime, date);
    return strcmp(if_range, date) == 0;
}

static struct MHD_Response *file_build(struct request *r)
{
    struct http_req *req = &r->pub;
    uint64_t first = 0, len = r->size;
    struct MHD_Response *m;
    char date[32];

    http_set(req, "Accept-Ranges", "bytes");
    if (r->mtime >= 0) {
        http_date(r->mtime, date);
        http_set(req, "Last-Modified", date);
    }
    if (range_wanted(r)) {
        enum http_range got = http_range_parse(http_header(req, "Range"), r->size, &first, &len);

        if (got == HTTP_RANGE_BAD) {
            uint64_t size = r->size;

            http_fail(req, 416, "range", "The file has no such range.");
            http_set(req, "Content-Range",
                     arena_fmt(req->arena, "bytes */%llu", (unsigned long long)size));
            return MHD_create_response_from_buffer(req->out.len, req->out.s,
                                                   MHD_RESPMEM_PERSISTENT);
        }
        if (got == HTTP_RANGE_ONE) {
            req->status = 206;
            http_set(req, "Content-Range",
                     arena_fmt(req->arena, "bytes %llu-%llu/%llu", (unsigned long long)first,
                               (unsigned long long)(first + len - 1), (unsigned long long)r->size));
        } else {
            first = 0;
            len = r->size;
        }
    }
    m = MHD_create_response_from_fd_at_offset64(len, r->fd, first);
    if (m != NULL)
        r->fd = -1; /* libmicrohttpd closes it */
    r->size = len;
    return m;
}

static struct MHD_Response *body_build(struct request *r)
{
    static char nothing[1];
    struct http_req *req = &r->pub;
    const struct buf *b;

    if (req->status == 204)
        return MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
    if (r->kind == ANSWER_FILE)
        return file_build(r);
    if (r->kind == ANSWER_STREAM)
        return stream_build(r);
    if (r->kind == ANSWER_MEMORY)
        return MHD_create_response_from_buffer((size_t)r->size, (void *)(uintptr_t)r->memory,
                                               MHD_RESPMEM_PERSISTENT);
    b = r->squeezed.len > 0 ? &r->squeezed : &req->out;
    r->size = b->len;
    return MHD_create_response_from_buffer(b->len, b->s != NULL ? b->s : nothing,
                                           MHD_RESPMEM_PERSISTENT);
}

/* One more line of the answer's head; what libmicrohttpd would not take for a header is left out. */
static void line(struct buf *b, const char *name, const char *value)
{
    if (value[0] == '\0' || value[strcspn(value, "\t\r\n")] != '\0')
        return;
    buf_puts(b, "\r\n");
    buf_puts(b, name);
    buf_puts(b, ": ");
    buf_puts(b, value);
}

static void lines_of(struct request *r, struct buf *b)
{
    const struct http_req *req = &r->pub;

    for (size_t i = 0; i < r->nset; i++)
        if (req->status != 304 || strncasecmp(r->set[i].name, "Content-", 8) != 0)
            line(b, r->set[i].name, r->set[i].value);
    for (const struct http_pair *p = r->http->c.headers; p != NULL && p->name != NULL; p++)
        if (answer_header(r, p->name) == NULL)
            line(b, p->name, p->value);
    if (r->etag != NULL && (req->status < 300 || req->status == 304))
        line(b, "ETag", r->etag);
}

/* libmicrohttpd keeps each header in three pieces of memory and looks through it six times: ten of them cost more than the
 * rest of an answer.  So it is given one as long as all of them together, and their text is put where it keeps that. */
static void headers_add(struct request *r, struct MHD_Response *m)
{
    struct buf *b = &r->loop->head;
    char *value, *kept;

    buf_clear(b);
    buf_puts(b, r->pub.id);
    lines_of(r, b);
    value = arena_alloc(r->pub.arena, b->len + 1);
    memset(value, '-', b->len);
    if (MHD_add_response_header(m, "X-Request-Id", value) != MHD_YES)
        return;
    kept = (char *)(uintptr_t)MHD_get_response_header(m, "X-Request-Id"); /* its own copy */
    memcpy(kept, b->s, b->len);
}

struct MHD_Response *answer_build(struct request *r)
{
    struct http_req *req = &r->pub;
    struct MHD_Response *m;

    if (req->status == 0)
        req->status = 200;
    if (req->status == 200 && req->method <= HTTP_HEAD && unchanged(r))
        req->status = 304;
    if (req->status != 204)
        answer_squeeze(r, &r->loop->gzip);
    m = body_build(r); /* for a 304, too: its Content-Length must be the 200's */
    if (m == NULL)
        return NULL;
    headers_add(r, m);
    if (r->closing || atomic_load_explicit(&r->http->stopping, memory_order_relaxed))
        MHD_add_response_header(m, "Connection", "close");
    return m;
}
