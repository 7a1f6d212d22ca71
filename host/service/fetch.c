/* fetch.c - HTTP through libcurl, within the operator's limits. */
#include "service/fetch.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

void fetch_ready(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* ---- where to ----------------------------------------------------------------------------------- */
static bool private4(uint32_t ip) /* in the host's byte order */
{
    static const struct {
        uint32_t net;
        int bits;
    } nets[] = {{0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},
                {0xa9fe0000, 16}, {0xac100000, 12}, {0xc0000000, 24}, {0xc0a80000, 16},
                {0xc6120000, 15}, {0xe0000000, 3}};

    for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++)
        if ((ip ^ nets[i].net) >> (32 - nets[i].bits) == 0)
            return true;
    return false;
}

static uint32_t part4(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Also where an address holds one of IPv4: mapped, NAT64, 6to4. */
static bool private6(const unsigned char a[16])
{
    static const unsigned char zero[12], mapped[12] = {[10] = 0xff, [11] = 0xff},
                                         nat64[12] = {0x00, 0x64, 0xff, 0x9b};

    if (memcmp(a, zero, 12) == 0 || memcmp(a, mapped, 12) == 0 || memcmp(a, nat64, 12) == 0)
        return memcmp(a, zero, 12) == 0 || private4(part4(a + 12));
    if (a[0] == 0x20 && a[1] == 0x02)
        return private4(part4(a + 2));
    if (a[0] == 0x20 && a[1] == 0x01 && a[2] == 0 && a[3] == 0) /* Teredo */
        return true;
    return (a[0] & 0xfe) == 0xfc || (a[0] == 0xfe && (a[1] & 0x80) == 0x80) || a[0] == 0xff;
}

struct asking {
    const struct fetch_limits *limits;
    struct buf *answer;
    bool off_limits, too_long;
};

/* The address is looked at when it is connected to: what a name resolves to a second time does not
 * matter. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct asking *a = arg;
    bool private_ = true;

    (void)purpose;
    if (to->family == AF_INET)
        private_ = private4(ntohl(((struct sockaddr_in *)(void *)&to->addr)->sin_addr.s_addr));
    else if (to->family == AF_INET6)
        private_ = private6(((struct sockaddr_in6 *)(void *)&to->addr)->sin6_addr.s6_addr);
    if (private_ && !a->limits->private_) {
        a->off_limits = true;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* "api.telegram.org", "*.example.com", "gate.example.com:8443"; without a port: that of https. */
static bool named(const struct fetch_limits *l, const char *host, const char *port)
{
    for (size_t i = 0; i < l->hosts.n; i++) {
        const char *one = l->hosts.at[i],
                   *colon = one[strlen(one) - 1] == ']' ? NULL : strrchr(one, ':');
        size_t n = colon != NULL ? (size_t)(colon - one) : strlen(one), len = strlen(host);

        if (strcmp(colon != NULL ? colon + 1 : "443", port) != 0)
            continue;
        if (n > 2 && one[0] == '*'
                ? len > n - 1 && strncasecmp(host + len - (n - 1), one + 1, n - 1) == 0
                : len == n && strncasecmp(host, one, n) == 0)
            return true;
    }
    return false;
}

static bool clean(const char *s)
{
    for (; *s != '\0'; s++)
        if ((unsigned char)*s <= 0x20 || *s == 0x7f)
            return false;
    return true;
}

static bool may_go(const struct fetch_limits *l, const char *url, struct buf *why)
{
    CURLU *u = curl_url();
    char *scheme = NULL, *host = NULL, *port = NULL, *user = NULL;
    bool ok = clean(url) && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
              curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
              curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
              curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;

    if (!ok || curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK) {
        buf_puts(why, "it is no address of the web");
        ok = false;
    } else if (strcmp(scheme, "https") != 0 && (strcmp(scheme, "http") != 0 || !l->private_)) {
        buf_addf(why, "%s is not allowed, only https", scheme);
        ok = false;
    } else if (!named(l, host, port)) {
        buf_addf(why, "the configuration does not allow %s:%s (net_hosts)", host, port);
        ok = false;
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_free(user);
    curl_url_cleanup(u);
    return ok;
}

/* ---- what is said ------------------------------------------------------------------------------- */
static bool add_headers(struct curl_slist **list, const char *const *h, struct buf *why)
{
    struct buf line = BUF_INIT;

    for (; h != NULL && h[0] != NULL; h += 2) {
        bool bad =
            h[0][0] == '\0' ||
            h[0]
             [strspn(h[0], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] !=
                '\0';

        for (const char *s = h[1]; *s != '\0'; s++)
            bad = bad || (unsigned char)*s < 0x20 || *s == 0x7f;
        if (bad) {
            buf_puts(why, "a header has a name or a value that none can have");
            buf_free(&line);
            return false;
        }
        buf_clear(&line);
        buf_addf(&line, *h[1] == '\0' ? "%s;%s" : "%s: %s", h[0], h[1]);
        *list = curl_slist_append(*list, buf_str(&line));
    }
    buf_free(&line);
    *list = curl_slist_append(*list, "Expect:");
    return true;
}

static size_t take(char *s, size_t size, size_t n, void *arg)
{
    struct asking *a = arg;

    if (a->answer->len + size * n > a->limits->answer_max) {
        a->too_long = true;
        return 0;
    }
    buf_add(a->answer, s, size * n);
    return size * n;
}

static enum fetch_rc perform(CURL *c, struct asking *a, const struct fetch *f,
                             struct curl_slist *headers, long *status, struct buf *why)
{
    CURLcode rc;

    curl_easy_setopt(c, CURLOPT_URL, f->url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, a->limits->private_ ? "https,http" : "https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, f->method);
    if (f->body != NULL) {
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, f->body);
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)f->len);
    }
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "Berth");
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)a->limits->timeout);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, a);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
    rc = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, status);
    if (rc == CURLE_OK)
        return FETCH_ANSWERED;
    if (a->off_limits)
        buf_puts(
            why,
            "it leads to a private address, which the configuration does not allow (net_private)");
    else if (a->too_long)
        buf_addf(why, "the answer is longer than %zu KB", a->limits->answer_max >> 10);
    else
        buf_puts(why, curl_easy_strerror(rc));
    return a->off_limits || a->too_long ? FETCH_REFUSED : FETCH_DOWN;
}

enum fetch_rc fetch(const struct fetch_limits *limits, const struct fetch *f, long *status,
                    struct buf *answer, struct buf *why)
{
    struct asking a = {.limits = limits, .answer = answer};
    struct curl_slist *headers = NULL;
    enum fetch_rc rc = FETCH_REFUSED;
    CURL *c;

    *status = 0;
    buf_clear(answer);
    if (!may_go(limits, f->url, why) || !add_headers(&headers, f->headers, why)) {
        curl_slist_free_all(headers);
        return FETCH_REFUSED;
    }
    c = curl_easy_init();
    if (c != NULL) {
        rc = perform(c, &a, f, headers, status, why);
        curl_easy_cleanup(c);
    }
    curl_slist_free_all(headers);
    return rc;
}
