/* http_stream.c - answers that stay open (server-sent events): written from any thread, at any
 * time, until the client leaves.
 *
 * While there is nothing to send the connection is suspended and costs no attention; writing
 * resumes it.  A client that leaves meanwhile is noticed at the next write, so the writer sends a
 * comment line now and then. */
#include "web/http_inside.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BLOCK = 16384, BACKLOG_MAX = 256 * 1024 };

struct http_stream {
    struct http *http;
    struct http_stream *prev, *next; /* in http->streams, while answering */
    pthread_mutex_t lock;            /* over all below; taken before libmicrohttpd's and a loop's */
    int refs;                        /* the writer's and the answer's */
    struct MHD_Connection *mhd;      /* NULL once the answer is over */
    struct conn *conn;
    struct buf waiting;
    size_t taken; /* bytes of waiting that were sent */
    bool parked;  /* suspended until there is something to send */
    bool ending;  /* no more will be written */
};

static void stream_release(struct http_stream *s)
{
    int left;

    pthread_mutex_lock(&s->lock);
    left = --s->refs;
    pthread_mutex_unlock(&s->lock);
    if (left > 0)
        return;
    buf_free(&s->waiting);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* With the lock held. */
static void stream_wake(struct http_stream *s)
{
    if (s->parked) {
        s->parked = false;
        MHD_resume_connection(s->mhd);
    }
}

/* libmicrohttpd has room for max bytes. */
static ssize_t on_room(void *cls, uint64_t pos, char *to, size_t max)
{
    struct http_stream *s = cls;
    size_t left;
    ssize_t n = 0;

    (void)pos;
    pthread_mutex_lock(&s->lock);
    left = s->waiting.len - s->taken;
    if (left > 0) {
        n = (ssize_t)(left < max ? left : max);
        memcpy(to, s->waiting.s + s->taken, (size_t)n);
        s->taken += (size_t)n;
        if (s->taken == s->waiting.len) {
            buf_clear(&s->waiting);
            s->taken = 0;
        }
    } else if (s->ending) {
        n = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        s->parked = true;
        MHD_suspend_connection(s->mhd);
    }
    pthread_mutex_unlock(&s->lock);
    return n;
}

/* The answer is over, for whatever reason. */
static void on_over(void *cls)
{
    struct http_stream *s = cls;
    struct http *h = s->http;

    pthread_mutex_lock(&h->streams_lock);
    if (s->prev != NULL)
        s->prev->next = s->next;
    else if (h->streams == s)
        h->streams = s->next;
    if (s->next != NULL)
        s->next->prev = s->prev;
    pthread_mutex_unlock(&h->streams_lock);
    pthread_mutex_lock(&s->lock);
    s->mhd = NULL;
    s->conn = NULL;
    pthread_mutex_unlock(&s->lock);
    stream_release(s);
}

struct http_stream *http_stream_open(struct http_req *req)
{
    struct request *r = request_of(req);
    struct http_stream *s = mem_alloc(sizeof(*s));

    s->http = r->http;
    s->refs = 2;
    s->mhd = r->mhd;
    s->conn = r->conn;
    pthread_mutex_init(&s->lock, NULL);
    r->kind = ANSWER_STREAM;
    r->stream = s;
    return s;
}

bool http_stream_write(struct http_stream *s, const char *p, size_t n)
{
    bool there;

    pthread_mutex_lock(&s->lock);
    there = s->mhd != NULL && !s->ending;
    if (there && s->waiting.len - s->taken + n > BACKLOG_MAX) {
        s->ending = true; /* it does not read: it must come back and ask anew */
        there = false;
        conn_cut(s->conn);
    }
    if (there)
        buf_add(&s->waiting, p, n);
    if (s->mhd != NULL)
        stream_wake(s);
    pthread_mutex_unlock(&s->lock);
    return there;
}

void http_stream_close(struct http_stream **ps)
{
    struct http_stream *s = *ps;

    if (s == NULL)
        return;
    pthread_mutex_lock(&s->lock);
    s->ending = true;
    if (s->mhd != NULL)
        stream_wake(s);
    pthread_mutex_unlock(&s->lock);
    stream_release(s);
    *ps = NULL;
}

struct MHD_Response *stream_build(struct request *r)
{
    struct http_stream *s = r->stream;
    struct http *h = r->http;
    struct MHD_Response *m;

    if (r->pub.method == HTTP_HEAD) /* libmicrohttpd would send the end of a body */
        return MHD_create_response_from_buffer(0, (char[1]){0}, MHD_RESPMEM_MUST_COPY);
    m = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, on_room, s, on_over);
    if (m == NULL)
        return NULL;
    r->stream = NULL; /* on_over() holds its reference now */
    pthread_mutex_lock(&h->streams_lock);
    s->next = h->streams;
    if (s->next != NULL)
        s->next->prev = s;
    h->streams = s;
    pthread_mutex_unlock(&h->streams_lock);
    if (atomic_load(&h->stopping)) { /* it may have missed stream_end_all() */
        pthread_mutex_lock(&s->lock);
        s->ending = true;
        pthread_mutex_unlock(&s->lock);
    }
    return m;
}

/* An answer that was thrown away before it was sent. */
void stream_drop(struct http_stream *s)
{
    pthread_mutex_lock(&s->lock);
    s->mhd = NULL;
    s->conn = NULL;
    pthread_mutex_unlock(&s->lock);
    stream_release(s);
}

void stream_end_all(struct http *h)
{
    pthread_mutex_lock(&h->streams_lock);
    for (struct http_stream *s = h->streams; s != NULL; s = s->next) {
        pthread_mutex_lock(&s->lock);
        s->ending = true;
        if (s->mhd != NULL)
            stream_wake(s);
        pthread_mutex_unlock(&s->lock);
    }
    pthread_mutex_unlock(&h->streams_lock);
}
