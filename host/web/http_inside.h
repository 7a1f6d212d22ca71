/* http_inside.h - what the http_*.c files share; nobody else includes it. */
#ifndef BERTH_HTTP_INSIDE_H
#define BERTH_HTTP_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "web/http.h"
#include "web/http_parse.h"

struct MHD_Connection;
struct MHD_Daemon;
struct MHD_Response;
struct request;
struct gzip;

/* One event thread.  Its requests and their counters are touched by that thread only, except where
 * atomic. */
struct loop {
    struct http *http;
    struct MHD_Daemon *mhd;
    void *thread;          /* thread_new()'s */
    bool plain_layout;     /* this libmicrohttpd leaves header lines where they were received */
    struct gzip *gzip;     /* made at first use */
    struct buf head;       /* of the answer at hand */
    struct request *spare; /* finished ones, for reuse */
    int nspare;
    pthread_mutex_t lock; /* over conns and over the life of their fds */
    struct conn *conns;
    _Atomic uint64_t requests, answers[6], refused, pooled, requeued;
    _Atomic int in_flight;
};

enum phase { PHASE_HEAD, PHASE_IDLE, PHASE_BODY, PHASE_RUN, PHASE_SEND, PHASE_STREAM };

enum { PEER_MAX = 46 }; /* INET6_ADDRSTRLEN */

/* One connection, from libmicrohttpd's "started" to its "closed". */
struct conn {
    struct conn *prev, *next; /* in loop->conns */
    struct loop *loop;
    char peer[PEER_MAX];
    uint64_t address; /* key of per-address counting */
    int fd;
    bool linger;             /* unread bytes may be waiting: close gently */
    _Atomic int phase;       /* written by the event thread and, IDLE to HEAD, by the watcher */
    _Atomic int64_t since;   /* when the phase began */
    _Atomic int64_t expires; /* when the watcher cuts it off; 0 = never */
    int64_t sending;         /* the watcher's: .since of the answer it follows, */
    int64_t sending_from;    /* when it saw it first */
    uint64_t sending_acked;  /* and what the client had taken by then */
};

enum run_state { RUN_NOT, RUN_NOW, RUN_PARKED, RUN_READY };
enum answer_kind { ANSWER_OUT, ANSWER_MEMORY, ANSWER_FILE, ANSWER_STREAM };

struct request {
    struct http_req pub; /* first: http_req and request are one address */
    struct http *http;
    struct loop *loop;
    struct conn *conn;
    struct MHD_Connection *mhd;
    struct request *next; /* spare list or pool queue */

    const char *raw_uri; /* libmicrohttpd's buffer; its length before it was cut up */
    size_t raw_len;
    struct http_field *fields;
    struct http_pair *headers; /* NUL-terminated view of fields */
    size_t nfields;
    struct http_facts facts;
    const char *media, *peer;
    bool started; /* begin() was called: done() must be */
    bool refused; /* answer without run() */
    bool quick;
    bool draining; /* the rest of the body is read and thrown away */
    bool closing;  /* Connection: close */
    bool sent;     /* handed to libmicrohttpd */
    bool weighed;  /* answer_squeeze() has decided */
    bool later;    /* finish() is to be called */
    uint64_t received;

    _Atomic int state; /* enum run_state */
    _Atomic bool gone;
    int64_t gone_checked, queued_at;

    struct http_pair *set; /* response headers, in the arena */
    size_t nset, cap_set;
    const char *etag;
    enum answer_kind kind;
    const void *memory;
    uint64_t size;
    int fd; /* of ANSWER_FILE; -1 */
    int64_t mtime;
    struct http_stream *stream; /* of ANSWER_STREAM, until it is sent */
    struct buf squeezed;        /* gzip of pub.out */
};

struct pool;

struct http {
    struct http_config c;
    struct loop *loops;
    struct pool *pool;
    struct watch *watch;
    struct accepter *accepter;
    _Atomic int per_address;      /* as in the configuration, or changed since */
    pthread_mutex_t streams_lock; /* taken before a stream's own */
    struct http_stream *streams;
    _Atomic bool stopping, cut, over; /* finish; give up; begin nothing any more */
    _Atomic int connections;
    _Atomic int resuming; /* threads inside libmicrohttpd on behalf of a finished request */
    _Atomic uint64_t connections_total, turned_away, timed_out;
};

static inline struct request *request_of(const struct http_req *req)
{
    return (struct request *)(uintptr_t)req;
}

static inline void count(_Atomic uint64_t *n)
{
    atomic_fetch_add_explicit(n, 1, memory_order_relaxed);
}

/* http_answer.c */
struct MHD_Response *answer_build(struct request *r);
void answer_refuse(struct request *r, const struct http_refusal *why);
void answer_clear(struct request *r);
/* Compresses the answer where that is wanted; *g is made at first use. */
void answer_squeeze(struct request *r, struct gzip **g);
void gzip_free(struct gzip **g);

/* http_ask.c: an address (struct sockaddr) as text */
void peer_write(const void *address, char out[PEER_MAX]);

/* http_stream.c: answers that stay open */
struct MHD_Response *stream_build(struct request *r);
void stream_drop(struct http_stream *s);
void stream_end_all(struct http *h);

/* http_pool.c: threads for slow handlers */
struct pool *pool_start(struct http *h, struct buf *err);
bool pool_add(struct pool *p, struct request *r); /* false: the queue is full */
int pool_queued(struct pool *p);
void pool_end(struct pool **p); /* waits for the running ones */

/* http_watch.c: connections, their time limits, addresses, gentle closing */
struct watch *watch_start(struct http *h, struct buf *err);
void http_watch_end(struct watch **w);
void watch_wake(struct watch *w);
uint64_t watch_key(const struct http *h, const void *sockaddr); /* 0: not counted */
/* Counts a connection of this address; false when it has too many. */
bool watch_admit(struct watch *w, uint64_t key);
void http_watch_leave(struct watch *w, uint64_t key);
/* Takes over a socket that was shut down for writing and closes it when the client has read. */
void watch_linger(struct watch *w, int fd);
void conn_open(struct loop *l, struct conn *c);
void conn_close(struct conn *c);
void conn_phase(struct conn *c, enum phase p, int64_t ms); /* ms 0: no limit */
void conn_cut(struct conn *c);                             /* shuts it down at once */
/* Shuts connections of the phase down (all with phase -1); how: SHUT_RD or SHUT_RDWR. */
void conn_shutdown_all(struct http *h, int phase, int how);

/* http_accept.c: new connections, up to their first complete head */
struct accepter *accept_start(struct http *h, struct buf *err);
void accept_no_more(struct accepter *a); /* those already taken in go on */
void accept_end(struct accepter **a);

/* http_loop.c */
int loop_start(struct http *h, struct loop *l, struct buf *err);
void loop_end(struct loop *l);
enum { HTTP_ID_MAX = 13 };
void request_id(char out[HTTP_ID_MAX]);
void request_ready(struct request *r);

#endif
