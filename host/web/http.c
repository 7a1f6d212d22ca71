/* http.c - starts and stops the server, accepts connections, and follows each request through
 * libmicrohttpd's callbacks.  See http.h for the threads and a request's life. */
#include "web/http_inside.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/when.h"

enum {
    SPARE_MAX = 64,        /* finished requests a loop keeps */
    KEEP_BUF = 256 * 1024, /* a larger buffer is not kept for the next request */
    PARSED_MAX = 8192,     /* room for libmicrohttpd's view of a header and for the answer's */
    DRAIN_MAX = 1 << 20,   /* of a refused body, to keep the connection or to be heard */
    GONE_EVERY_MS = 50,
};

/* ---- small answers to the layer above ---- */

void *http_data(const struct http_req *req)
{
    return request_of(req)->http->c.data;
}

const char *http_header(const struct http_req *req, const char *name)
{
    const struct request *r = request_of(req);

    for (size_t i = 0; i < r->nfields; i++)
        if ((r->headers[i].name[0] | 0x20) == (name[0] | 0x20) &&
            strcasecmp(r->headers[i].name, name) == 0)
            return r->headers[i].value;
    return NULL;
}

const char *http_cookie(struct http_req *req, const char *name)
{
    const char *all = http_header(req, "Cookie");

    return all == NULL ? NULL : http_cookie_find(req->arena, all, name);
}

const char *http_query(const struct http_req *req, const char *key)
{
    for (size_t i = 0; i < req->nargs; i++)
        if (strcmp(req->args[i].name, key) == 0)
            return req->args[i].value;
    return NULL;
}

const char *http_peer(struct http_req *req)
{
    struct request *r = request_of(req);
    const struct sockaddr *sa = r->conn->peer;
    char text[INET6_ADDRSTRLEN] = "";

    if (r->peer != NULL)
        return r->peer;
    if (sa->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, text,
                  sizeof(text));
    else if (sa->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, text,
                  sizeof(text));
    r->peer = arena_strdup(req->arena, strncmp(text, "::ffff:", 7) == 0 ? text + 7 : text);
    return r->peer;
}

const char *http_media(struct http_req *req)
{
    struct request *r = request_of(req);
    const char *type;
    char *lower;

    if (r->media != NULL)
        return r->media;
    type = http_header(req, "Content-Type");
    if (type == NULL)
        type = "";
    lower = arena_strndup(req->arena, type, strcspn(type, "; \t"));
    for (char *s = lower; *s != '\0'; s++)
        if (*s >= 'A' && *s <= 'Z')
            *s |= 0x20;
    return r->media = lower;
}

bool http_gone(struct http_req *req)
{
    struct request *r = request_of(req);
    struct pollfd p = {.fd = r->conn->fd, .events = POLLRDHUP};
    int64_t now;

    if (atomic_load_explicit(&r->gone, memory_order_relaxed) ||
        atomic_load_explicit(&r->http->cut, memory_order_relaxed))
        return true;
    now = when_monotonic();
    if (now < req->deadline && now - r->gone_checked < GONE_EVERY_MS)
        return false;
    r->gone_checked = now;
    if (now >= req->deadline || poll(&p, 1, 0) > 0)
        atomic_store(&r->gone, true);
    return atomic_load(&r->gone);
}

/* ---- requests ---- */

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
    request_ready(request_of(req));
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
        http_fail(&r->pub, 503, "http.busy", "The server is busy; try again.");
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
    if (r->http->plain_layout && !laid_out_plainly(r, method, version, info->header_size))
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

    r->pub.body_fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    if (r->pub.body_fd >= 0)
        return true;
    if (errno == EOPNOTSUPP || errno == EISDIR) {
        char *path = arena_fmt(r->pub.arena, "%s/upload-XXXXXX", dir);

        r->pub.body_fd = mkostemp(path, O_CLOEXEC);
        if (r->pub.body_fd >= 0 && unlink(path) == 0)
            return true;
    }
    log_error("http", "make a file for an upload in %s: %s", dir, strerror(errno));
    http_fail(&r->pub, 507, "http.storage", "There is no room for this upload.");
    return false;
}

/* First call: the header is complete.  Nothing is answered here unless the connection is to be
 * closed: libmicrohttpd takes an early answer as "the rest is garbage". */
static enum MHD_Result request_begin(struct request *r, const char *method, const char *version)
{
    static const struct http_refusal stopping = {503, "http.stopping",
                                                 "The server is stopping; try again."};
    struct http_req *req = &r->pub;
    const struct http_refusal *no = request_check(r, method, version);
    enum http_begin how;

    if (no != NULL) {
        answer_refuse(r, no);
        return request_answer(r);
    }
    req->begun = when_monotonic();
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
        http_fail(req, 413, "http.too_large", "The request body is too large.");
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
        body_fail(r, 413, "http.too_large", "The request body is too large.");
        return MHD_YES;
    }
    if (!req->body_to_file) {
        buf_add(&req->body, data, n);
    } else if (!write_all(req->body_fd, data, n)) {
        log_error("http", "write an upload: %s", strerror(errno));
        body_fail(r, 507, "http.storage", "There is no room for this upload.");
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
        return request_answer(r);
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
        c = mem_alloc(sizeof(*c));
        c->fd = MHD_get_connection_info(m, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        c->peer = MHD_get_connection_info(m, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
        c->address = watch_key(l->http, c->peer);
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

/* ---- starting and stopping ---- */

static void config_default(struct http_config *c)
{
    int cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
    struct rlimit files = {0};

    if (cores < 1)
        cores = 1;
    getrlimit(RLIMIT_NOFILE, &files);
    if (c->threads <= 0)
        c->threads = 2 * cores;
    if (c->pool_threads <= 0)
        c->pool_threads = cores > 1 ? 2 * cores : 4;
    if (c->queue_max <= 0)
        c->queue_max = 1000;
    if (c->max_connections <= 0)
        c->max_connections = 20000;
    if (files.rlim_cur != RLIM_INFINITY && files.rlim_cur < (rlim_t)c->max_connections + 256)
        c->max_connections = files.rlim_cur > 512 ? (int)files.rlim_cur - 256 : 256;
    if (c->header_max == 0)
        c->header_max = 16384;
    if (c->body_max == 0)
        c->body_max = 1 << 20;
    if (c->header_ms <= 0)
        c->header_ms = 20000;
    if (c->idle_ms <= 0)
        c->idle_ms = 60000;
    if (c->body_ms <= 0)
        c->body_ms = 20000;
    if (c->min_rate <= 0)
        c->min_rate = 8192;
    if (c->deadline_ms <= 0)
        c->deadline_ms = 30000;
    if (c->upload_dir == NULL)
        c->upload_dir = "/tmp";
    if (c->gzip_min == 0)
        c->gzip_min = 1024;
}

static int loop_start(struct http *h, struct loop *l, struct buf *err)
{
    l->http = h;
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

static void loop_end(struct loop *l)
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
}

/* Everything must be at rest. */
static void http_free(struct http *h)
{
    pool_end(&h->pool);
    while (atomic_load(&h->resuming) > 0)
        poll(NULL, 0, 1);
    for (int i = 0; i < h->c.threads; i++)
        loop_end(&h->loops[i]);
    http_watch_end(&h->watch); /* it looks into the loops, and they hand it their sockets */
    for (int i = 0; i < h->c.threads; i++)
        pthread_mutex_destroy(&h->loops[i].lock);
    pthread_mutex_destroy(&h->streams_lock);
    free(h->loops);
    free(h);
}

static int http_start_parts(struct http *h, struct buf *err)
{
    h->watch = watch_start(h, err);
    if (h->watch == NULL)
        return -1;
    h->pool = pool_start(h, err);
    if (h->pool == NULL)
        return -1;
    for (int i = 0; i < h->c.threads; i++)
        if (loop_start(h, &h->loops[i], err) < 0)
            return -1;
    h->accepter = accept_start(h, err);
    return h->accepter != NULL ? 0 : -1;
}

struct http *http_start(const struct http_config *config, struct buf *err)
{
    struct http *h = mem_alloc(sizeof(*h));
    sigset_t all, before;
    int rc;

    h->c = *config;
    config_default(&h->c);
    h->plain_layout = strcmp(MHD_get_version(), "0.9.75") == 0;
    h->loops = mem_alloc(sizeof(*h->loops) * (size_t)h->c.threads);
    for (int i = 0; i < h->c.threads; i++)
        pthread_mutex_init(&h->loops[i].lock, NULL);
    pthread_mutex_init(&h->streams_lock, NULL);
    /* signals are the main thread's business */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = http_start_parts(h, err);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc < 0) {
        http_free(h);
        return NULL;
    }
    return h;
}

static int in_flight(const struct http *h)
{
    int n = 0;

    for (int i = 0; i < h->c.threads; i++)
        n += atomic_load(&h->loops[i].in_flight);
    return n;
}

/* Waits until nothing is in flight, or until then; says how many are left. */
static int settle(struct http *h, int64_t until)
{
    int n;

    while ((n = in_flight(h)) > 0 && when_monotonic() < until)
        poll(NULL, 0, 5);
    return n;
}

int http_stop(struct http **ph, int64_t grace_ms)
{
    struct http *h = *ph;
    int64_t now = when_monotonic();
    int left;

    accept_end(&h->accepter);
    atomic_store(&h->stopping, true);
    conn_shutdown_all(h, PHASE_IDLE, SHUT_RD);
    stream_end_all(h);
    left = settle(h, now + grace_ms);
    if (left > 0) {
        atomic_store(&h->cut, true); /* http_gone() is true now: handlers give up */
        conn_shutdown_all(h, -1, SHUT_RDWR);
        left = settle(h, when_monotonic() + 2000);
    }
    atomic_store(&h->over, true);
    if (left == 0) /* one may have begun since it was counted */
        left = settle(h, when_monotonic() + 2000);
    if (left > 0) {
        log_error("http", "stop: %d requests are still running", left);
        return left;
    }
    http_free(h);
    *ph = NULL;
    return 0;
}

void http_stats(const struct http *h, struct http_stats *out)
{
    *out = (struct http_stats){
        .connections_total = atomic_load(&h->connections_total),
        .turned_away = atomic_load(&h->turned_away),
        .timed_out = atomic_load(&h->timed_out),
        .connections = atomic_load(&h->connections),
        .in_flight = in_flight(h),
        .queued = pool_queued(h->pool),
    };
    for (int i = 0; i < h->c.threads; i++) {
        const struct loop *l = &h->loops[i];

        out->requests += atomic_load(&l->requests);
        out->refused += atomic_load(&l->refused);
        out->pooled += atomic_load(&l->pooled);
        out->requeued += atomic_load(&l->requeued);
        for (int k = 0; k < 6; k++)
            out->answers[k] += atomic_load(&l->answers[k]);
    }
}
