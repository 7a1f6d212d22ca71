/* http_test_server.c - a server on a free port with one route for each behaviour of the HTTP
 * server; the Python tests beside it drive it, the benchmark too.  Prints its port, ends at
 * SIGTERM. */
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>

#include "base/log.h"
#include "base/when.h"
#include "web/http.h"
#include "web/static.h"

struct route {
    const char *path;
    enum http_begin how;
    enum http_next (*run)(struct http_req *req);
};

/* ---- a second thread that finishes requests, as the database writer does ---- */

static struct {
    pthread_t id;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct http_req *waiting[4096];
    int n;
    bool end;
} writer = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};

static _Atomic bool held; /* GET /hold waits until GET /release */
static _Atomic int running, done_calls;
static char big[10240];
static const char *file_path;
static struct static_dir *files; /* below /ui/ when HTTP_TEST_UI names a folder */

static void *writer_main(void *arg)
{
    struct http_req *batch[4096];
    int n;

    (void)arg;
    pthread_mutex_lock(&writer.lock);
    for (;;) {
        while (writer.n == 0 && !writer.end)
            pthread_cond_wait(&writer.more, &writer.lock);
        if (writer.n == 0)
            break;
        n = writer.n;
        memcpy(batch, writer.waiting, sizeof(*batch) * (size_t)n);
        writer.n = 0;
        pthread_mutex_unlock(&writer.lock);
        for (int i = 0; i < n; i++) {
            buf_puts(&batch[i]->out, "{\"later\":true}");
            http_finish(batch[i]);
        }
        pthread_mutex_lock(&writer.lock);
    }
    pthread_mutex_unlock(&writer.lock);
    return NULL;
}

static void json(struct http_req *req)
{
    http_set(req, "Content-Type", "application/json");
}

static enum http_next run_small(struct http_req *req)
{
    json(req);
    buf_puts(&req->out, "{\"ok\":true}");
    return HTTP_DONE;
}

static enum http_next run_big(struct http_req *req)
{
    json(req);
    buf_add(&req->out, big, sizeof(big));
    return HTTP_DONE;
}

static enum http_next run_later(struct http_req *req)
{
    json(req);
    pthread_mutex_lock(&writer.lock);
    writer.waiting[writer.n++] = req;
    pthread_cond_signal(&writer.more);
    pthread_mutex_unlock(&writer.lock);
    return HTTP_LATER;
}

static enum http_next run_overrun(struct http_req *req)
{
    if (!req->pooled) {
        http_set(req, "X-Left-Over", "yes");
        buf_puts(&req->out, "half an answer");
        return HTTP_POOL;
    }
    buf_puts(&req->out, "whole");
    return HTTP_DONE;
}

static enum http_next run_pool_twice(struct http_req *req)
{
    (void)req;
    return HTTP_POOL;
}

/* Shows what the server understood. */
static enum http_next run_echo(struct http_req *req)
{
    const char *cookie = http_cookie(req, "sid");

    http_set(req, "Content-Type", "text/plain; charset=utf-8");
    buf_addf(&req->out, "method=%s\npath=%s\nquery=%s\npeer=%s\nmedia=%s\nsize=%lld\n",
             http_method_name(req->method), req->path, req->query, http_peer(req), http_media(req),
             (long long)req->body_size);
    for (size_t i = 0; i < req->nargs; i++)
        buf_addf(&req->out, "arg %s=%s\n", req->args[i].name, req->args[i].value);
    if (cookie != NULL)
        buf_addf(&req->out, "cookie sid=%s\n", cookie);
    if (http_header(req, "X-Shown") != NULL)
        buf_addf(&req->out, "shown=%s\n", http_header(req, "x-shown"));
    if (req->body_fd >= 0) {
        char piece[65536];
        unsigned long sum = 5381;
        long long total = 0;
        ssize_t n;

        while ((n = read(req->body_fd, piece, sizeof(piece))) > 0) {
            for (ssize_t i = 0; i < n; i++)
                sum = sum * 33 + (unsigned char)piece[i];
            total += n;
        }
        buf_addf(&req->out, "file=%lld sum=%lu\n", total, sum & 0xffffffff);
    } else if (req->body.len > 0) {
        buf_addf(&req->out, "body=%s\n", req->body.s);
    }
    return HTTP_DONE;
}

static enum http_next run_file(struct http_req *req)
{
    struct stat st;
    int fd = open(file_path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &st) < 0) {
        http_fail(req, 404, "test.none", "There is no file.");
        return HTTP_DONE;
    }
    http_set(req, "Content-Type", "application/octet-stream");
    http_etag(req, "\"tag-1\"");
    http_file(req, fd, (uint64_t)st.st_size, (int64_t)st.st_mtime);
    return HTTP_DONE;
}

static enum http_next run_tagged(struct http_req *req)
{
    json(req);
    http_etag(req, "\"v7\"");
    buf_puts(&req->out, "{\"version\":7}");
    return HTTP_DONE;
}

static enum http_next run_memory(struct http_req *req)
{
    http_set(req, "Content-Type", "text/plain");
    http_memory(req, big, sizeof(big));
    return HTTP_DONE;
}

/* Occupies a pool thread until released, the deadline, or the client going away. */
static enum http_next run_hold(struct http_req *req)
{
    const struct timespec nap = {0, 2000000};

    atomic_store(&held, true);
    atomic_fetch_add(&running, 1);
    while (atomic_load(&held) && !http_gone(req))
        nanosleep(&nap, NULL);
    atomic_fetch_sub(&running, 1);
    buf_puts(&req->out, http_gone(req) ? "gone" : "released");
    return HTTP_DONE;
}

static enum http_next run_release(struct http_req *req)
{
    atomic_store(&held, false);
    return run_small(req);
}

static enum http_next run_stats(struct http_req *req);

static enum http_next run_huge(struct http_req *req)
{
    const char *mb = http_query(req, "mb");
    size_t n = mb != NULL ? strtoul(mb, NULL, 10) << 20 : 8u << 20;

    http_set(req, "Content-Type", "application/octet-stream");
    memset(buf_room(&req->out, n), 'x', n);
    req->out.len = n;
    return HTTP_DONE;
}

static enum http_next run_cookies(struct http_req *req)
{
    http_add(req, "Set-Cookie", "a=1");
    http_add(req, "Set-Cookie", "b=2");
    http_set(req, "X-Once", "first");
    http_set(req, "X-Once", "second");
    http_set(req, "X-Parted", "one\r\nX-Smuggled: two");
    http_set(req, "X-Empty", "");
    req->status = 204;
    return HTTP_DONE;
}

/* ---- streams ---- */

struct ticker {
    struct http_stream *stream;
    long left; /* events to send; -1: until the client has gone */
};

static _Atomic int tickers;

static void *ticker_main(void *arg)
{
    const struct timespec nap = {0, 2000000};
    struct ticker *t = arg;

    for (long n = 0; t->left < 0 || n < t->left; n++) {
        char event[64];
        int len = snprintf(event, sizeof(event), "data: %ld\n\n", n);

        if (!http_stream_write(t->stream, event, (size_t)len))
            break;
        nanosleep(&nap, NULL);
    }
    http_stream_close(&t->stream);
    free(t);
    atomic_fetch_sub(&tickers, 1);
    return NULL;
}

static enum http_next run_events(struct http_req *req)
{
    const char *n = http_query(req, "n");
    struct ticker *t = mem_alloc(sizeof(*t));
    pthread_t id;

    http_set(req, "Content-Type", "text/event-stream");
    t->left = n != NULL ? atol(n) : -1;
    t->stream = http_stream_open(req);
    atomic_fetch_add(&tickers, 1);
    pthread_create(&id, NULL, ticker_main, t);
    pthread_detach(id);
    return HTTP_DONE;
}

/* A stream that is opened and then replaced by another answer. */
static enum http_next run_events_failed(struct http_req *req)
{
    struct http_stream *s = http_stream_open(req);

    http_fail(req, 409, "test.conflict", "No stream after all.");
    if (http_stream_write(s, "x", 1))
        req->status = 500;
    http_stream_close(&s);
    return HTTP_DONE;
}

/* Writes more than any client can have read. */
static enum http_next run_events_flood(struct http_req *req)
{
    struct http_stream *s = http_stream_open(req);
    int written = 0;

    while (written < 1000 && http_stream_write(s, big, sizeof(big)))
        written++;
    http_stream_close(&s);
    return HTTP_DONE;
}

static enum http_next run_static(struct http_req *req)
{
    req->path += 3;
    static_serve(files, req);
    return HTTP_DONE;
}

static const struct route static_route = {"/ui/", HTTP_QUICK, run_static};

static const struct route routes[] = {
    {"/small", HTTP_QUICK, run_small},
    {"/big", HTTP_QUICK, run_big},
    {"/pool", HTTP_SLOW, run_small},
    {"/poolbig", HTTP_SLOW, run_big},
    {"/later", HTTP_QUICK, run_later},
    {"/overrun", HTTP_QUICK, run_overrun},
    {"/pooltwice", HTTP_QUICK, run_pool_twice},
    {"/echo", HTTP_QUICK, run_echo},
    {"/upload", HTTP_SLOW, run_echo},
    {"/file", HTTP_QUICK, run_file},
    {"/tagged", HTTP_QUICK, run_tagged},
    {"/memory", HTTP_QUICK, run_memory},
    {"/hold", HTTP_SLOW, run_hold},
    {"/release", HTTP_QUICK, run_release},
    {"/stats", HTTP_QUICK, run_stats},
    {"/huge", HTTP_SLOW, run_huge},
    {"/cookies", HTTP_QUICK, run_cookies},
    {"/poollater", HTTP_SLOW, run_later},
    {"/events", HTTP_QUICK, run_events},
    {"/events/failed", HTTP_QUICK, run_events_failed},
    {"/events/flood", HTTP_QUICK, run_events_flood},
    {"/poolevents", HTTP_SLOW, run_events},
};

static struct http *_Atomic server;

static enum http_next run_stats(struct http_req *req)
{
    struct http_stats s;

    http_stats(server, &s);
    json(req);
    buf_addf(&req->out,
             "{\"requests\":%llu,\"refused\":%llu,\"pooled\":%llu,\"requeued\":%llu,"
             "\"timed_out\":%llu,\"turned_away\":%llu,\"connections\":%d,\"in_flight\":%d,"
             "\"queued\":%d,\"running\":%d,\"done\":%d,\"c2\":%llu,\"c4\":%llu,\"c5\":%llu,"
             "\"tickers\":%d}",
             (unsigned long long)s.requests, (unsigned long long)s.refused,
             (unsigned long long)s.pooled, (unsigned long long)s.requeued,
             (unsigned long long)s.timed_out, (unsigned long long)s.turned_away, s.connections,
             s.in_flight, s.queued, atomic_load(&running), atomic_load(&done_calls),
             (unsigned long long)s.answers[2], (unsigned long long)s.answers[4],
             (unsigned long long)s.answers[5], atomic_load(&tickers));
    return HTTP_DONE;
}

static enum http_begin on_begin(struct http_req *req)
{
    if (strcmp(req->path, "/login-first") == 0) {
        http_fail(req, 401, "test.login", "Sign in first.");
        return HTTP_REFUSE;
    }
    if (strcmp(req->path, "/upload") == 0) {
        req->body_to_file = true;
        req->body_max = UINT64_C(64) << 20;
    }
    if (strncmp(req->path, "/hold", 5) == 0 && http_query(req, "ms") != NULL)
        req->deadline = when_monotonic() + atol(http_query(req, "ms"));
    for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++)
        if (strcmp(routes[i].path, req->path) == 0 ||
            (routes[i].run == run_echo && strncmp(req->path, "/echo/", 6) == 0)) {
            req->user = (void *)(uintptr_t)&routes[i];
            return routes[i].how;
        }
    if (files != NULL && strncmp(req->path, "/ui/", 4) == 0) {
        req->user = (void *)(uintptr_t)&static_route;
        return HTTP_QUICK;
    }
    http_fail(req, 404, "test.no_route", "There is nothing here.");
    return HTTP_REFUSE;
}

static enum http_next on_run(struct http_req *req)
{
    const struct route *r = req->user;

    return r->run(req);
}

static void on_done(struct http_req *req)
{
    (void)req;
    atomic_fetch_add(&done_calls, 1);
}

static int listen_any(int *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) < 0 || listen(fd, 1024) < 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) < 0) {
        perror("http_test_server: listen");
        exit(1);
    }
    *port = ntohs(a.sin_port);
    return fd;
}

static long option(int argc, char **argv, const char *name, long fallback)
{
    size_t n = strlen(name);

    for (int i = 1; i < argc; i++)
        if (strncmp(argv[i], name, n) == 0 && argv[i][n] == '=')
            return atol(argv[i] + n + 1);
    return fallback;
}

int main(int argc, char **argv)
{
    static const struct http_pair headers[] = {
        {"Cache-Control", "no-store"},
        {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Referrer-Policy", "no-referrer"},
        {"X-Content-Type-Options", "nosniff"},
        {NULL, NULL},
    };
    struct http_config c = {
        .threads = (int)option(argc, argv, "threads", 0),
        .pool_threads = (int)option(argc, argv, "pool", 0),
        .queue_max = (int)option(argc, argv, "queue", 0),
        .max_connections = (int)option(argc, argv, "connections", 0),
        .per_address = (int)option(argc, argv, "per_address", 0),
        .count_loopback = option(argc, argv, "per_address", 0) > 0,
        .header_ms = option(argc, argv, "header_ms", 0),
        .idle_ms = option(argc, argv, "idle_ms", 0),
        .body_ms = option(argc, argv, "body_ms", 0),
        .min_rate = option(argc, argv, "min_rate", 0),
        .body_max = (size_t)option(argc, argv, "body_max", 0),
        .behind_proxy = option(argc, argv, "behind_proxy", 0) > 0,
        .headers = headers,
        .begin = on_begin,
        .run = on_run,
        .done = on_done,
    };
    struct buf err = BUF_INIT;
    sigset_t set;
    struct http *h;
    int port, sig, left;

    file_path = getenv("HTTP_TEST_FILE") != NULL ? getenv("HTTP_TEST_FILE") : argv[0];
    for (size_t i = 0; i < sizeof(big); i++)
        big[i] = (char)('a' + i % 23);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    c.listen_fd = listen_any(&port);
    if (getenv("HTTP_TEST_UI") != NULL) {
        files = static_open(getenv("HTTP_TEST_UI"), NULL, &err);
        if (files == NULL) {
            fprintf(stderr, "%s\n", buf_str(&err));
            return 1;
        }
    }
    pthread_create(&writer.id, NULL, writer_main, NULL);
    server = http_start(&c, &err);
    if (server == NULL) {
        fprintf(stderr, "%s\n", buf_str(&err));
        return 1;
    }
    printf("%d\n", port);
    fflush(stdout);
    sigwait(&set, &sig);
    h = server;
    left = http_stop(&h, option(argc, argv, "grace_ms", 5000));
    pthread_mutex_lock(&writer.lock);
    writer.end = true;
    pthread_cond_signal(&writer.more);
    pthread_mutex_unlock(&writer.lock);
    pthread_join(writer.id, NULL);
    while (atomic_load(&tickers) > 0)
        usleep(1000);
    close(c.listen_fd);
    static_close(&files);
    buf_free(&err);
    return left > 0 ? 3 : 0;
}
