/* http_loop.c - the event threads: each request's way through libmicrohttpd's callbacks. */
#include "web/http_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"

enum {
    SPARE_MAX = 64,        /* finished requests a loop keeps */
    KEEP_BUF = 256 * 1024, /* a larger buffer is not kept for the next request */
    PARSED_MAX = 8192,     /* room for libmicrohttpd's view of a header and for the answer's */
    DRAIN_MAX = 1 << 20,   /* of a refused body, to keep the connection or to be heard */
};

/* ---- one request ---- */

void request_id(char out[HTTP_ID_MAX])
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
    static _Thread_local uint64_t state;

    if (state == 0 && (getrandom(&state, sizeof(state), 0) != sizeof(state) || state == 0))
        state = (uint64_t)when_now() ^ (uintptr_t)&state;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    for (int i = 0; i < 12; i++)
        out[i] = digits[state >> (4 + 5 * i) & 31];
    out[12] = '\0';
}

static struct request *request_new(struct loop *l, struct MHD_Connection *m)
{
    struct request *r = l->spare;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(m, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct arena *arena;
    struct buf body, out, squeezed;
    char id[HTTP_ID_MAX];

    if (r == NULL) {
        r = mem_alloc(sizeof(*r));
        r->pub.arena = arena_new();
    } else {
        l->spare = r->next;
        l->nspare--;
    }
    arena = r->pub.arena;
    body = r->pub.body;
    out = r->pub.out;
    squeezed = r->squeezed;
    *r = (struct request){.http = l->http, .loop = l, .mhd = m, .fd = -1};
    r->pub.arena = arena;
    r->pub.body = body;
    r->pub.out = out;
    r->squeezed = squeezed;
    r->conn = info->socket_context;
    r->pub.body_fd = -1;
    r->pub.path = r->pub.query = r->pub.target = "";
    request_id(id);
    r->pub.id = arena_strdup(arena, id);
    count(&l->requests);
    return r;
}

static void buf_recycle(struct buf *b)
{
    if (b->cap > KEEP_BUF)
        buf_free(b);
    else
        buf_clear(b);
}

static void request_free(struct request *r)
{
    arena_free(&r->pub.arena);
    buf_free(&r->pub.body);
    buf_free(&r->pub.out);
    buf_free(&r->squeezed);
    free(r);
}

static void request_end(struct request *r)
{
    struct loop *l = r->loop;
    int class = r->sent ? r->pub.status / 100 : 0;

    if (r->started) {
        r->pub.thread = l->thread;
        if (!r->sent)
            r->pub.status = 0;
        if (l->http->c.done != NULL)
            l->http->c.done(&r->pub);
        atomic_fetch_sub(&l->in_flight, 1);
    }
    count(&l->answers[class >= 1 && class <= 5 ? class : 0]);
    answer_clear(r);
    if (r->pub.body_fd >= 0)
        close(r->pub.body_fd);
    arena_reset(r->pub.arena);
    buf_recycle(&r->pub.body);
    buf_recycle(&r->pub.out);
    buf_recycle(&r->squeezed);
    if (l->nspare >= SPARE_MAX) {
        request_free(r);
        return;
    }
    r->next = l->spare;
    l->spare = r;
    l->nspare++;
}

/* Time for this many bytes to pass at the slowest speed that is bearable. */
static int64_t transfer_ms(const struct http *h, uint64_t bytes)
{
    return h->c.body_ms + (int64_t)(bytes * 1000 / (uint64_t)h->c.min_rate);
}

static enum MHD_Result request_answer(struct request *r)
{
    struct MHD_Response *m = answer_build(r);
    enum MHD_Result ok;

    if (m == NULL)
        return MHD_NO;
    r->sent = true;
    if (r->closing)
        r->conn->linger = true;
    /* the watcher follows the progress of what is sent */
    conn_phase(r->conn, r->kind == ANSWER_STREAM ? PHASE_STREAM : PHASE_SEND, 0);
    ok = MHD_queue_response(r->mhd, (unsigned)r->pub.status, m);
    MHD_destroy_response(m);
    return ok;
}

void request_ready(struct request *r)
{
    struct MHD_Connection *m = r->mhd;
    struct http *h = r->http;

    /* When the event thread has not parked it yet it will see READY and answer by itself; in any
     * case *r is no longer ours after the exchange. */
    atomic_fetch_add(&h->resuming, 1);
    if (atomic_exchange(&r->state, RUN_READY) == RUN_PARKED)
        MHD_resume_connection(m);
    atomic_fetch_sub(&h->resuming, 1);
}

void http_finish(struct http_req *req)
{
    request_of(req)->later = true;
    request_ready(request_of(req));
}

/* Back from another thread. */
static enum MHD_Result request_back(struct request *r)
{
    if (r->later && r->http->c.finish != NULL) {
        r->pub.thread = r->loop->thread;
        r->http->c.finish(&r->pub);
    }
    return request_answer(r);
}

/* The event thread lets go of r until somebody calls request_ready(). */
static enum MHD_Result request_park(struct request *r)
{
    int now = RUN_NOW;

    MHD_suspend_connection(r->mhd);
    if (!atomic_compare_exchange_strong(&r->state, &now, RUN_PARKED))
        MHD_resume_connection(r->mhd);
    return MHD_YES;
}

static enum MHD_Result request_pool(struct request *r)
{
    r->queued_at = when_monotonic();
    if (!pool_add(r->http->pool, r)) {
        http_fail(&r->pub, 503, "busy", "The server is busy; try again.");
        http_set(&r->pub, "Retry-After", "1");
        return request_answer(r);
    }
    /* it may be ready from here on, but only this thread can end it */
    count(&r->loop->pooled);
    return request_park(r);
}

static enum MHD_Result request_run(struct request *r)
{
    conn_phase(r->conn, PHASE_RUN, 0);
    r->pub.thread = r->loop->thread;
    atomic_store_explicit(&r->state, RUN_NOW, memory_order_relaxed);
    if (r->quick) {
        switch (r->http->c.run(&r->pub)) {
        case HTTP_DONE:
            return request_answer(r);
        case HTTP_LATER:
            return request_park(r);
        case HTTP_POOL:
            count(&r->loop->requeued);
            answer_clear(r);
            break;
        }
    }
    return request_pool(r);
}

/* Where libmicrohttpd's parser (0.9.75) left each header line shows what its result hides: lines
 * are cut up in place, so in a plain request each begins two bytes (CR LF) behind the end of the
 * one before.  A NUL, a bare LF, a folded line or spaces in the request line break the chain. */
static bool laid_out_plainly(const struct request *r, const char *method, const char *version,
                             size_t header_size)
{
    const char *at = method + strlen(method) + 1;

    if (r->raw_uri != at || version != at + r->raw_len + 1)
        return false;
    at = version + strlen(version) + 2;
    for (size_t i = 0; i < r->nfields; i++) {
        const struct http_field *f = &r->fields[i];

        if (f->name != at)
            return false;
        at = f->value + f->value_len + 2;
    }
    return method + header_size == at + 2;
}

static enum MHD_Result field_keep(void *cls, enum MHD_ValueKind kind, const char *key,
                                  size_t key_size, const char *value, size_t value_size)
{
    struct request *r = cls;

    (void)kind;
    r->fields[r->nfields] = (struct http_field){key, value != NULL ? value : "", key_size,
                                                value != NULL ? value_size : 0};
    r->headers[r->nfields] = (struct http_pair){key, r->fields[r->nfields].value};
    r->nfields++;
    return MHD_YES;
}

static const struct http_refusal *request_check(struct request *r, const char *method,
                                                const char *version)
{
    struct http_req *req = &r->pub;
    int n = MHD_get_connection_values_n(r->mhd, MHD_HEADER_KIND, NULL, NULL);
    struct http_head head;
    const struct http_refusal *no;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(r->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

    r->fields = arena_alloc(req->arena, sizeof(*r->fields) * (size_t)(n + 1));
    r->headers = arena_alloc(req->arena, sizeof(*r->headers) * (size_t)(n + 1));
    MHD_get_connection_values_n(r->mhd, MHD_HEADER_KIND, field_keep, r);
    if (info == NULL || info->header_size > r->http->c.header_max)
        return &http_too_large;
    if (r->loop->plain_layout && !laid_out_plainly(r, method, version, info->header_size))
        return &http_bad_header;
    head = (struct http_head){method, req->target, version, r->fields, r->nfields};
    no = http_head_check(&head, &r->facts);
    req->method = r->facts.method;
    if (no == NULL)
        no = http_target_parse(req->arena, req->target, &req->path, &req->query);
    if (no == NULL)
        no = http_query_parse(req->arena, req->query, HTTP_ARGS_MAX, &req->args, &req->nargs);
    return no;
}

static bool upload_open(struct request *r)
{
    const char *dir = r->http->c.upload_dir;

    r->pub.body_fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (r->pub.body_fd >= 0)
        return true;
    if (errno == EOPNOTSUPP || errno == EISDIR) {
        char *path = arena_fmt(r->pub.arena, "%s/upload-XXXXXX", dir);

        r->pub.body_fd = mkostemp(path, O_CLOEXEC);
        if (r->pub.body_fd >= 0 && unlink(path) == 0)
            return true;
    }
    log_error("http", "make a file for an upload in %s: %s", dir, strerror(errno));
    http_fail(&r->pub, 507, "disk_full", "There is no room for this upload.");
    return false;
}

/* First call: the header is complete.  Nothing is answered here unless the connection is to be
 * closed: libmicrohttpd takes an early answer as "the rest is garbage". */
static enum MHD_Result request_begin(struct request *r, const char *method, const char *version)
{
    static const struct http_refusal stopping = {503, "stopping",
                                                 "The server is stopping; try again."};
    struct http_req *req = &r->pub;
    const struct http_refusal *no = request_check(r, method, version);
    enum http_begin how;

    if (no != NULL) {
        answer_refuse(r, no);
        return request_answer(r);
    }
    req->begun = when_monotonic();
    r->gone_checked = req->begun; /* just heard of */
    req->deadline = req->begun + r->http->c.deadline_ms;
    req->thread = r->loop->thread;
    req->body_size = r->facts.body_size;
    if (req->method == HTTP_POST || req->method == HTTP_PUT || req->method == HTTP_PATCH)
        req->body_max = r->http->c.body_max;
    /* libmicrohttpd takes chunk lines that end in a bare LF, and other servers may not: whatever a
     * proxy thinks stands behind such a body is never read as a request */
    r->closing = r->facts.chunked;
    atomic_fetch_add(&r->loop->in_flight, 1);
    if (atomic_load(&r->http->over)) { /* http_stop() sets it, then counts once more */
        atomic_fetch_sub(&r->loop->in_flight, 1);
        answer_refuse(r, &stopping);
        return request_answer(r);
    }
    r->started = true;
    how = r->http->c.begin(req);
    r->quick = how == HTTP_QUICK;
    r->refused = how == HTTP_REFUSE;
    if (!r->refused && req->body_size > 0 && (uint64_t)req->body_size > req->body_max) {
        http_fail(req, 413, "too_large", "The request body is too large.");
        r->refused = true;
    }
    if (req->body_size == 0)
        return MHD_YES;
    if (!r->refused && req->body_to_file && !upload_open(r))
        r->refused = true;
    r->draining = r->refused;
    if (r->refused && (r->facts.expect_continue || req->body_size > DRAIN_MAX)) {
        r->closing = true;
        return request_answer(r);
    }
    conn_phase(r->conn, PHASE_BODY, transfer_ms(r->http, 0));
    return MHD_YES;
}

/* A refusal found inside the body: it can only be said at the end of the body. */
static void body_fail(struct request *r, int status, const char *code, const char *message)
{
    http_fail(&r->pub, status, code, message);
    r->refused = r->draining = r->closing = true;
    r->received = 0; /* from here on it counts what is thrown away */
}

static bool write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);

        if (done < 0 && errno != EINTR)
            return false;
        if (done > 0) {
            p += done;
            n -= (size_t)done;
        }
    }
    return true;
}

static enum MHD_Result request_body(struct request *r, const char *data, size_t n)
{
    struct http_req *req = &r->pub;

    r->received += n;
    if (r->draining)
        return r->received > 2 * DRAIN_MAX ? MHD_NO : MHD_YES;
    if (r->received > req->body_max) {
        body_fail(r, 413, "too_large", "The request body is too large.");
        return MHD_YES;
    }
    if (!req->body_to_file) {
        buf_add(&req->body, data, n);
    } else if (!write_all(req->body_fd, data, n)) {
        log_error("http", "write an upload: %s", strerror(errno));
        body_fail(r, 507, "disk_full", "There is no room for this upload.");
        return MHD_YES;
    }
    /* the allowance grows with what has come, whatever was declared */
    atomic_store_explicit(&r->conn->expires,
                          atomic_load_explicit(&r->conn->since, memory_order_relaxed) +
                              transfer_ms(r->http, r->received),
                          memory_order_relaxed);
    return MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *m, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context)
{
    struct request *r = *context;

    (void)cls;
    (void)url;
    if (atomic_load(&r->state) == RUN_READY)
        return request_back(r);
    if (r->fields == NULL)
        return request_begin(r, method, version);
    if (*size > 0) {
        size_t n = *size;

        *size = 0;
        return request_body(r, data, n);
    }
    (void)m;
    if (r->refused)
        return request_answer(r);
    r->pub.body_size = (int64_t)r->received;
    if (r->pub.body_fd >= 0)
        lseek(r->pub.body_fd, 0, SEEK_SET);
    return request_run(r);
}

/* libmicrohttpd is about to cut the target up: keep it whole.  Returns the request's context.
 * The query is ended here, in libmicrohttpd's own buffer, so that it does not parse it: some 400
 * keys would exhaust its memory and leave the client without an answer. */
static void *on_target(void *cls, const char *uri, struct MHD_Connection *m)
{
    struct request *r = request_new(cls, m);
    char *query;

    r->raw_uri = uri;
    r->raw_len = uri != NULL ? strlen(uri) : 0;
    r->pub.target = arena_strndup(r->pub.arena, uri != NULL ? uri : "", r->raw_len);
    query = uri != NULL ? strchr((char *)(uintptr_t)uri, '?') : NULL;
    if (query != NULL)
        query[1] = '\0';
    /* a fresh connection's header time has been running since it was accepted */
    if (atomic_load_explicit(&r->conn->phase, memory_order_relaxed) != PHASE_HEAD)
        conn_phase(r->conn, PHASE_HEAD, r->http->c.header_ms);
    return r;
}

static void on_completed(void *cls, struct MHD_Connection *m, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct request *r = *context;
    struct http *h;

    (void)cls;
    (void)m;
    if (r == NULL)
        return;
    h = r->http;
    if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK)
        atomic_store(&r->gone, true);
    conn_phase(r->conn, PHASE_IDLE, h->c.idle_ms);
    if (atomic_load(&h->stopping) && !r->closing)
        shutdown(r->conn->fd, SHUT_RD);
    request_end(r);
    *context = NULL;
}

static void on_connection(void *cls, struct MHD_Connection *m, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct loop *l = cls;
    struct conn *c = *context;
    struct watch *w = l->http->watch;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const void *address = MHD_get_connection_info(m, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;

        c = mem_alloc(sizeof(*c));
        c->fd = MHD_get_connection_info(m, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        c->address = watch_key(l->http, address);
        peer_write(address, c->peer);
        conn_phase(c, PHASE_HEAD, l->http->c.header_ms);
        conn_open(l, c);
        *context = c;
        return;
    }
    conn_close(c);
    if (c->linger) {
        int fd = fcntl(c->fd, F_DUPFD_CLOEXEC, 3);

        if (fd >= 0)
            watch_linger(w, fd);
    }
    http_watch_leave(w, c->address);
    atomic_fetch_sub(&l->http->connections, 1);
    free(c);
}

static void on_log(void *cls, const char *fmt, va_list ap)
{
    (void)cls;
    (void)fmt;
    (void)ap; /* libmicrohttpd logs every client that goes away; nothing in it needs an operator */
}

/* ---- one loop ---- */

int loop_start(struct http *h, struct loop *l, struct buf *err)
{
    l->http = h;
    l->plain_layout = strcmp(MHD_get_version(), "0.9.75") == 0;
    if (h->c.thread_new != NULL)
        l->thread = h->c.thread_new(h->c.data);
    /* the pool holds the header, its parsed form and the answer's header; a body is read through
     * what is left of it */
    l->mhd = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC |
            MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG,
        0, NULL, NULL, on_request, l, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, l, MHD_OPTION_NOTIFY_COMPLETED, on_completed, l,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, l, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        h->c.header_max + PARSED_MAX, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)h->c.max_connections + 64, MHD_OPTION_CONNECTION_TIMEOUT, 0u,
        MHD_OPTION_STRICT_FOR_CLIENT, 0, MHD_OPTION_END);
    if (l->mhd == NULL) {
        buf_addf(err, "http: start an event thread: %s", strerror(errno));
        return -1;
    }
    return 0;
}

void loop_end(struct loop *l)
{
    if (l->mhd != NULL)
        MHD_stop_daemon(l->mhd);
    if (l->http != NULL && l->http->c.thread_free != NULL)
        l->http->c.thread_free(l->http->c.data, l->thread);
    while (l->spare != NULL) {
        struct request *r = l->spare;

        l->spare = r->next;
        request_free(r);
    }
    gzip_free(&l->gzip);
    buf_free(&l->head);
}
