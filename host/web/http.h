/* http.h - the HTTP/1.1 server: sockets in, checked requests out, answers back.  It knows nothing
 * of records or users; routing stands above it and is reached through struct http_config.
 *
 * Threads.  One accept thread hands connections round-robin to `threads` event threads (each a
 * one-thread epoll libmicrohttpd daemon: its own thread pool shares one listening socket, and one
 * thread then often takes every keep-alive connection).  `pool_threads` threads run what is slow.
 * One watcher ends connections that take too long.
 *
 * A request's life:
 *   begin(req)  event thread, headers are there, the body is not.  Finds the route, may refuse
 *               (http_fail() and HTTP_REFUSE), says how large a body it takes and where to put it,
 *               and whether the route is quick.
 *   run(req)    the body is complete.  Called on the event thread when begin() said HTTP_QUICK, on
 *               a pool thread when it said HTTP_SLOW.  Returns
 *                 HTTP_DONE   the answer is in req;
 *                 HTTP_POOL   this took longer than thought: forget the answer so far and call me
 *                             again on a pool thread (req->pooled is then true);
 *                 HTTP_LATER  another thread (the database writer) owns req now and ends with
 *                             http_finish(req).
 *   done(req)   event thread, the answer is sent or the client is gone.  req->status is final: 0
 *               when the client left before it could be answered.
 *
 * Whoever owns req (the function that is running, or the one called for HTTP_LATER) is the only
 * one to touch it; http_gone() says when nobody waits for the answer any more.  The server does not
 * answer in its place: a handler that may take long looks at http_gone().  Strings in req live
 * until done() returns.
 *
 * Checked before begin() sees anything: one Host, one Content-Length or `Transfer-Encoding:
 * chunked` but not both, known method, origin-form target, no control characters, header lines
 * laid out plainly (no obs-fold, bare LF, NUL, space before the colon), path decoded once and free
 * of `.`, `..`, `//`, %2F and invalid UTF-8, query keys unique.  What fails gets a 4xx and
 * `Connection: close`. */
#ifndef BERTH_HTTP_H
#define BERTH_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

struct http;
struct http_stream;

enum http_method {
    HTTP_GET,
    HTTP_HEAD, /* answered as GET; the body is left out by the server */
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_METHODS,
};

enum http_begin { HTTP_REFUSE, HTTP_QUICK, HTTP_SLOW };
enum http_next { HTTP_DONE, HTTP_POOL, HTTP_LATER };

struct http_pair {
    const char *name, *value;
};

struct http_req {
    enum http_method method;
    const char *path;             /* decoded, starts with '/' */
    const char *target;           /* as it stood in the request line */
    const char *query;            /* raw, behind the '?'; "" without one */
    const char *id;               /* short and random; also sent as X-Request-Id */
    const struct http_pair *args; /* the query, decoded */
    size_t nargs;
    struct arena *arena; /* emptied after done() */
    int64_t begun;       /* when_monotonic() ms at begin() */
    int64_t deadline;    /* when_monotonic() ms; begin() may move it */
    void *thread;        /* thread_new()'s result for the thread that is running */
    void *user;          /* belongs to the layer above; NULL at begin() */
    bool pooled;         /* run() is on a pool thread: there is time */

    /* Set by begin(); a body larger than body_max is refused with 413. */
    uint64_t body_max; /* at begin(): config.body_max for POST, PUT and PATCH, 0 for others */
    bool body_to_file; /* into an unlinked file in config.upload_dir */
    int64_t body_size; /* at begin(): the declared size, -1 when chunked; then the real one */
    struct buf body;   /* when not body_to_file */
    int body_fd;       /* when body_to_file: at offset 0; closed by the server after done() */

    /* The answer. */
    int status;     /* 0 means 200 */
    struct buf out; /* its body */
};

/* All sizes in bytes, all times in milliseconds; 0 takes the default in brackets. */
struct http_config {
    int listen_fd;          /* already listening; stays the caller's */
    int threads;            /* event threads [2 x cores, at least 2] */
    int pool_threads;       /* [2 x cores, at least 4] */
    int queue_max;          /* requests waiting for the pool; more are answered 503 [1000] */
    int max_connections;    /* [20000]; RLIMIT_NOFILE is raised for it, or it is lowered */
    int per_address;        /* connections of one address (IPv6: one /64) [no limit] */
    bool count_loopback;    /* per_address holds for 127.0.0.0/8 and ::1, too */
    size_t header_max;      /* request line and headers together [16384] */
    size_t body_max;        /* what begin() finds in req->body_max [1 MiB] */
    int64_t header_ms;      /* a request's header must be complete within [20000] */
    int64_t idle_ms;        /* a keep-alive connection may wait [60000] */
    int64_t body_ms;        /* grace for a body or an answer before min_rate counts [20000] */
    int64_t min_rate;       /* bytes per second that a client must take or give [8192] */
    bool behind_proxy;      /* from loopback, X-Forwarded-For's last address is the client's */
    int64_t deadline_ms;    /* req->deadline [30000] */
    const char *upload_dir; /* for body_to_file [/tmp] */
    const struct http_pair *headers; /* on every answer unless set; ends with {NULL, NULL} */
    size_t gzip_min; /* compress JSON and text from this size for clients that want it [1024] */
    bool no_gzip;

    void *data; /* for the callbacks: http_data(req) */
    enum http_begin (*begin)(struct http_req *req);
    enum http_next (*run)(struct http_req *req);
    /* After HTTP_LATER, on the event thread again: the last touch to the answer; may be NULL. */
    void (*finish)(struct http_req *req);
    void (*done)(struct http_req *req); /* may be NULL */
    /* Writes an error's body into req->out and may set its type; NULL: English JSON.  Before begin()
     * too: req->user is NULL then. */
    void (*error)(struct http_req *req, int status, const char *code, const char *message);
    /* What each event and pool thread holds (a database reader ...); may be NULL. */
    void *(*thread_new)(void *data);
    void (*thread_free)(void *data, void *thread);
};

struct http_stats {
    uint64_t requests, answers[6]; /* by status class: answers[2] counts 2xx, [0] the unanswered */
    uint64_t refused;              /* malformed requests among them */
    uint64_t pooled, requeued;     /* run on the pool; of these after an overrun */
    uint64_t connections_total, turned_away, timed_out;
    int connections, in_flight, queued;
};

/* Copies *config, not what it points to.  Callbacks may run before it returns.  NULL after an
 * error, with the reason in *err. */
struct http *http_start(const struct http_config *config, struct buf *err);
/* Stops accepting, closes idle connections, lets requests finish for at most grace_ms, then cuts
 * the rest off.  Returns how many handlers were still running: 0 means *h is freed and set to
 * NULL; otherwise their memory stays and the process should end. */
int http_stop(struct http **h, int64_t grace_ms);
/* Changes config.per_address while the server runs. */
void http_per_address(struct http *h, int connections);
void http_stats(const struct http *h, struct http_stats *out);

void *http_data(const struct http_req *req);
struct http *http_of(const struct http_req *req); /* who has it; not of one that was made inside */
const char *http_method_name(enum http_method m);
/* The request header, or NULL.  Of repeated ones the first; those that matter for security
 * (Host, Authorization, Cookie, Origin, Content-Type ...) cannot repeat. */
const char *http_header(const struct http_req *req, const char *name);
const char *http_cookie(struct http_req *req, const char *name); /* NULL when absent */
const char *http_query(const struct http_req *req, const char *key);
/* The client's address: "192.0.2.1", "2001:db8::1".  See config.behind_proxy. */
const char *http_peer(struct http_req *req);
/* The request's media type, lower case, without parameters; "" when there is none. */
const char *http_media(struct http_req *req);

/* True when the deadline has passed, the client has gone, or the server is being cut off: work for
 * an answer may stop.  Cheap enough for a progress handler; any thread that owns req. */
bool http_gone(struct http_req *req);

/* Sets a response header (same name: replaced).  http_add() keeps earlier ones (Set-Cookie). */
void http_set(struct http_req *req, const char *name, const char *value);
void http_add(struct http_req *req, const char *name, const char *value);
/* etag with its quotes.  A matching If-None-Match turns a 200 into a 304. */
void http_etag(struct http_req *req, const char *etag);
/* Replaces the answer so far by an error: {"error":{"code":..,"message":..,"request":id}}. */
void http_fail(struct http_req *req, int status, const char *code, const char *message);
void http_error_json(struct http_req *req, const char *code, const char *message); /* that body alone */
/* Empties the answer: status, headers, body. */
void http_reset(struct http_req *req);
/* Answers with a file, from offset 0, of which the server now owns fd: ranges, If-Range and HEAD
 * are taken care of.  mtime in seconds since 1970 or -1. */
void http_file(struct http_req *req, int fd, uint64_t size, int64_t mtime);
/* Answers with memory that outlives the request, uncopied. */
void http_memory(struct http_req *req, const void *p, size_t n);

/* Makes the answer one that stays open: run() sets status and headers, calls this and returns
 * HTTP_DONE; the body is what http_stream_write() adds from then on, from any thread.  False: the
 * client has gone, reads too slowly, or the server is stopping; then close the stream.  Whoever
 * opened it closes it, which also ends the answer.  Write something every half minute: that is how
 * a client that left is noticed. */
struct http_stream *http_stream_open(struct http_req *req);
bool http_stream_write(struct http_stream *s, const char *p, size_t n);
void http_stream_close(struct http_stream **s);

/* Ends a HTTP_LATER request, from any thread; the caller no longer owns req. */
void http_finish(struct http_req *req);

#endif
