/* http_ask.c - what a handler asks of its request. */
#include "web/http_inside.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <strings.h>

#include "base/when.h"

enum { GONE_EVERY_MS = 50 };

void *http_data(const struct http_req *req)
{
    return request_of(req)->http->c.data;
}

struct http *http_of(const struct http_req *req)
{
    return request_of(req)->http;
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

/* What a proxy on this machine says of its client; NULL when it says nothing sensible.  Earlier
 * addresses in the list are the client's own claims. */
static const char *peer_forwarded(struct http_req *req)
{
    const char *all = http_header(req, "X-Forwarded-For"), *last;
    unsigned char parsed[16];
    char *text;

    if (all == NULL)
        return NULL;
    last = strrchr(all, ',');
    last = last != NULL ? last + 1 : all;
    last += strspn(last, " \t");
    text = arena_strndup(req->arena, last, strcspn(last, " \t"));
    if (inet_pton(AF_INET, text, parsed) != 1 && inet_pton(AF_INET6, text, parsed) != 1)
        return NULL;
    return text;
}

void peer_write(const void *address, char out[PEER_MAX])
{
    const struct sockaddr *sa = address;
    char text[PEER_MAX] = "";

    if (sa->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, sizeof(text));
    else if (sa->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text, sizeof(text));
    strcpy(out, strncmp(text, "::ffff:", 7) == 0 ? text + 7 : text);
}

const char *http_peer(struct http_req *req)
{
    struct request *r = request_of(req);

    if (r->peer != NULL)
        return r->peer;
    r->peer = r->conn->peer;
    if (r->http->c.behind_proxy &&
        (strncmp(r->peer, "127.", 4) == 0 || strcmp(r->peer, "::1") == 0)) {
        const char *told = peer_forwarded(req);

        r->peer = told != NULL ? told : r->peer;
    }
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
