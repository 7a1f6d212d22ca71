/* http_parse.c - checks request heads, and takes targets and queries apart. */
#include "web/http_parse.h"

#include <string.h>
#include <strings.h>

enum { FIELDS_MAX = 100, KEY_MAX = 256 };

static const char *const method_names[HTTP_METHODS] = {
    [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
    [HTTP_OPTIONS] = "OPTIONS",
};

const char *http_method_name(enum http_method m)
{
    return method_names[m];
}

#define REFUSAL(name, status, code, text)                                                          \
    static const struct http_refusal name = {status, code, text}

REFUSAL(bad_method, 501, "method", "This method is not supported.");
REFUSAL(bad_version, 505, "version", "Only HTTP/1.0 and HTTP/1.1 are supported.");
REFUSAL(bad_host, 400, "host", "The request needs exactly one Host header.");
REFUSAL(bad_length, 400, "length", "The Content-Length header is not valid.");
REFUSAL(bad_coding, 400, "transfer_encoding", "The Transfer-Encoding header is not valid.");
REFUSAL(both_lengths, 400, "length",
        "Content-Length and Transfer-Encoding exclude each other.");
REFUSAL(bad_request, 400, "malformed", "This is not a well-formed HTTP/1.1 request.");
REFUSAL(long_target, 414, "target_long", "The request target is too long.");
REFUSAL(repeated, 400, "header_repeated", "A header that must be unique is repeated.");
REFUSAL(too_many, 431, "headers", "The request has too many headers.");
REFUSAL(bad_expect, 417, "expect", "Only Expect: 100-continue is supported.");
REFUSAL(bad_body, 400, "body", "This method takes no body.");
REFUSAL(bad_target, 400, "target", "The request target is malformed.");
REFUSAL(bad_path, 400, "path", "The path is not valid.");
REFUSAL(bad_query, 400, "query", "The query string is malformed.");
REFUSAL(twice_query, 400, "query_repeated", "A query parameter is repeated.");
REFUSAL(long_query, 400, "query_keys", "The query string has too many parameters.");

const struct http_refusal http_bad_header = {400, "header", "A request header is malformed."};
const struct http_refusal http_too_large = {431, "header_large",
                                            "The request's header is too large."};

/* Headers whose second occurrence could mean something else to a proxy in front of us; first those that are looked into. */
enum { HOST, LENGTH, CODING, EXPECT };
#define NAME(s)                                                                                    \
    {                                                                                              \
        s, sizeof(s) - 1                                                                           \
    }
static const struct {
    const char *s;
    size_t len;
} unique_names[] = {
    [HOST] = NAME("Host"),
    [LENGTH] = NAME("Content-Length"),
    [CODING] = NAME("Transfer-Encoding"),
    [EXPECT] = NAME("Expect"),
    NAME("Authorization"),
    NAME("Connection"),
    NAME("Content-Encoding"),
    NAME("Content-Range"),
    NAME("Content-Type"),
    NAME("Cookie"),
    NAME("If-Match"),
    NAME("If-Range"),
    NAME("If-Unmodified-Since"),
    NAME("Origin"),
    NAME("Range"),
    NAME("Referer"),
    NAME("Sec-Fetch-Site"),
    NAME("Upgrade"),
    NAME("X-Berth-Token"),
    NAME("X-Csrf-Token"),
    NAME("X-Forwarded-For"),
    NAME("X-Requested-With"),
};

/* RFC 9110 token characters. */
static bool token_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool field_wellformed(const struct http_field *f)
{
    if (f->name_len == 0)
        return false;
    for (size_t i = 0; i < f->name_len; i++)
        if (!token_char((unsigned char)f->name[i]))
            return false;
    for (size_t i = 0; i < f->value_len; i++) {
        unsigned char c = (unsigned char)f->value[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static int unique_index(const struct http_field *f)
{
    for (size_t i = 0; i < sizeof(unique_names) / sizeof(*unique_names); i++)
        if (f->name_len == unique_names[i].len && strncasecmp(f->name, unique_names[i].s, f->name_len) == 0)
            return (int)i;
    return -1;
}

static size_t trimmed(const struct http_field *f)
{
    size_t n = f->value_len;

    while (n > 0 && (f->value[n - 1] == ' ' || f->value[n - 1] == '\t'))
        n--;
    return n;
}

static bool valued(const struct http_field *f, const char *value)
{
    return trimmed(f) == strlen(value) && strncasecmp(f->value, value, strlen(value)) == 0;
}

/* Digits and nothing else: libmicrohttpd refuses blanks behind them, in its own words. */
static bool length_parse(const struct http_field *f, int64_t *out)
{
    size_t n = f->value_len;

    *out = 0;
    if (n == 0 || n > 18)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (f->value[i] < '0' || f->value[i] > '9')
            return false;
        *out = *out * 10 + (f->value[i] - '0');
    }
    return true;
}

static bool method_parse(const char *s, enum http_method *out)
{
    for (int m = 0; m < HTTP_METHODS; m++)
        if (strcmp(s, method_names[m]) == 0) {
            *out = (enum http_method)m;
            return true;
        }
    return false;
}

static bool host_wellformed(const struct http_field *f)
{
    size_t n = trimmed(f);

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)f->value[i];

        if (c <= 0x20 || c >= 0x7f || strchr("/\\?#@,\"<>", c) != NULL)
            return false;
    }
    return n > 0;
}

const struct http_refusal *http_head_check(const struct http_head *h, struct http_facts *facts)
{
    uint32_t seen = 0;
    bool has_host = false, has_length = false;

    _Static_assert(sizeof(unique_names) / sizeof(*unique_names) <= 32, "seen is a bit set");
    *facts = (struct http_facts){.http10 = strcmp(h->version, "HTTP/1.0") == 0};
    if (!facts->http10 && strcmp(h->version, "HTTP/1.1") != 0)
        return &bad_version;
    if (!method_parse(h->method, &facts->method))
        return &bad_method;
    if (h->nfields > FIELDS_MAX)
        return &too_many;
    for (size_t i = 0; i < h->nfields; i++) {
        const struct http_field *f = &h->fields[i];
        int u;

        if (!field_wellformed(f))
            return &http_bad_header;
        u = unique_index(f);
        if (u < 0)
            continue;
        if (seen & (1u << u))
            return &repeated;
        seen |= 1u << u;
        if (u == HOST) {
            has_host = true;
            if (!host_wellformed(f))
                return &bad_host;
        } else if (u == LENGTH) {
            has_length = true;
            if (!length_parse(f, &facts->body_size))
                return &bad_length;
        } else if (u == CODING) {
            if (!valued(f, "chunked") || facts->http10)
                return &bad_coding;
            facts->chunked = true;
        } else if (u == EXPECT) {
            if (!valued(f, "100-continue"))
                return &bad_expect;
            facts->expect_continue = true;
        }
    }
    if (!has_host && !facts->http10)
        return &bad_host;
    if (facts->chunked && has_length)
        return &both_lengths;
    if (facts->chunked)
        facts->body_size = -1;
    if (facts->body_size != 0 && (facts->method == HTTP_GET || facts->method == HTTP_HEAD))
        return &bad_body;
    return NULL;
}

/* The length of a line up to its CR LF; -1 when that is not how it ends, or a control character
 * other than TAB stands in it. */
static long line_length(const char *p, const char *end)
{
    for (const char *s = p; s < end; s++) {
        unsigned char c = (unsigned char)*s;

        if (c == '\r')
            return s + 1 < end && s[1] == '\n' ? s - p : -1;
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return -1;
    }
    return -1;
}

/* Where the empty line ends that ends the head; NULL when it has not come yet. */
static const char *head_end(const char *p, const char *end)
{
    for (const char *s = p; (s = memchr(s, '\n', (size_t)(end - s))) != NULL;) {
        s++;
        if (s < end && *s == '\n')
            return s + 1;
        if (end - s >= 2 && s[0] == '\r' && s[1] == '\n')
            return s + 2;
    }
    return NULL;
}

/* "GET /x HTTP/1.1" -> three strings; exactly two spaces. */
static bool request_line(struct arena *a, const char *p, size_t n, struct http_head *h)
{
    char *line = arena_strndup(a, p, n), *first = strchr(line, ' '), *second;

    second = first != NULL ? strchr(first + 1, ' ') : NULL;
    if (second == NULL || strchr(second + 1, ' ') != NULL || strchr(line, '\t') != NULL)
        return false;
    *first = *second = '\0';
    *h = (struct http_head){.method = line, .target = first + 1, .version = second + 1};
    return true;
}

static bool field_split(const char *p, size_t n, struct http_field *f)
{
    const char *colon = memchr(p, ':', n), *end = p + n;

    if (colon == NULL || *p == ' ' || *p == '\t')
        return false;
    f->name = p;
    f->name_len = (size_t)(colon - p);
    for (p = colon + 1; p < end && (*p == ' ' || *p == '\t'); p++)
        ;
    f->value = p;
    f->value_len = (size_t)(end - p);
    return true;
}

static const struct http_refusal *head_fields(const char *p, const char *end,
                                              struct http_field *fields, size_t *n_r)
{
    long len;

    for (*n_r = 0; (len = line_length(p, end)) != 0; p += len + 2) {
        if (len < 0 || *n_r >= FIELDS_MAX)
            return len < 0 ? &http_bad_header : &too_many;
        if (!field_split(p, (size_t)len, &fields[*n_r]))
            return &http_bad_header;
        ++*n_r;
    }
    return NULL;
}

const struct http_refusal *http_head_scan(struct arena *a, const char *p, size_t n, size_t max,
                                          bool *complete_r)
{
    const char *end = p + n, *head, *path, *query;
    struct http_field *fields;
    const struct http_pair *args;
    const struct http_refusal *no;
    struct http_facts facts;
    struct http_head h;
    size_t nargs;
    long len;

    *complete_r = false;
    for (int i = 0; i < 4 && end - p >= 2 && p[0] == '\r' && p[1] == '\n'; i++)
        p += 2; /* RFC 9112 2.2: empty lines before a request are skipped */
    if (p < end && !token_char((unsigned char)*p) && *p != '\r')
        return &bad_request;
    head = head_end(p, end);
    if (head == NULL && n >= max)
        return memchr(p, '\n', (size_t)(end - p)) == NULL ? &long_target : &http_too_large;
    if (head == NULL)
        return NULL;
    len = line_length(p, head);
    if (len < 0 || !request_line(a, p, (size_t)len, &h))
        return &bad_request;
    fields = arena_alloc(a, sizeof(*fields) * (FIELDS_MAX + 1));
    no = head_fields(p + len + 2, head, fields, &h.nfields);
    h.fields = fields;
    if (no == NULL)
        no = http_head_check(&h, &facts);
    if (no == NULL)
        no = http_target_parse(a, h.target, &path, &query);
    if (no == NULL)
        no = http_query_parse(a, query, HTTP_ARGS_MAX, &args, &nargs);
    *complete_r = no == NULL;
    return no;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decodes %xx (and, in queries, '+') into to, which has room for n + 1; -1 for a broken escape,
 * a NUL or invalid UTF-8. */
static long decode(const char *s, size_t n, bool plus, char *to)
{
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        char c = s[i];

        if (c == '%') {
            int hi = -1, lo = -1;

            if (n - i > 2) {
                hi = hex(s[i + 1]);
                lo = hex(s[i + 2]);
            }
            if (hi < 0 || lo < 0)
                return -1;
            c = (char)(hi << 4 | lo);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (c == '\0')
            return -1;
        to[len++] = c;
    }
    to[len] = '\0';
    return http_utf8_valid(to, len) ? (long)len : -1;
}

static bool path_allowed(const char *p)
{
    for (const char *s = p; *s != '\0';) {
        size_t n = strcspn(s + 1, "/");

        if (n == 0 && s[1] == '/')
            return false;
        if (n == 1 && s[1] == '.')
            return false;
        if (n == 2 && s[1] == '.' && s[2] == '.')
            return false;
        s += 1 + n;
    }
    for (const unsigned char *s = (const unsigned char *)p; *s != '\0'; s++)
        if (*s < 0x20 || *s == 0x7f || *s == '\\')
            return false;
    return true;
}

const struct http_refusal *http_target_parse(struct arena *a, const char *target,
                                             const char **path_r, const char **query_r)
{
    size_t n = strcspn(target, "?");
    char *path;

    if (target[0] != '/')
        return &bad_target;
    for (const unsigned char *s = (const unsigned char *)target; *s != '\0'; s++)
        if (*s <= 0x20 || *s == 0x7f || *s == '#')
            return &bad_target;
    for (size_t i = 0; i + 2 < n; i++)
        if (target[i] == '%' && target[i + 1] == '2' && (target[i + 2] | 0x20) == 'f')
            return &bad_path;
    path = arena_alloc(a, n + 1);
    if (decode(target, n, false, path) < 0 || !path_allowed(path))
        return &bad_path;
    *path_r = path;
    *query_r = target[n] == '?' ? target + n + 1 : "";
    return NULL;
}

const struct http_refusal *http_query_parse(struct arena *a, const char *query, size_t max,
                                            const struct http_pair **args_r, size_t *n_r)
{
    struct http_pair *args;
    size_t count = 1, n = 0;

    *args_r = NULL;
    *n_r = 0;
    if (query[0] == '\0')
        return NULL;
    for (const char *s = query; *s != '\0'; s++)
        count += *s == '&';
    if (count > max)
        return &long_query;
    args = arena_alloc(a, count * sizeof(*args));
    for (const char *s = query;; s++) {
        size_t len = strcspn(s, "&"), klen = strcspn(s, "=&");
        char *key, *value;

        if (len > 0) {
            key = arena_alloc(a, klen + 1);
            value = arena_alloc(a, len - klen + 1);
            if (klen == 0 || klen > KEY_MAX || decode(s, klen, true, key) < 0 ||
                (klen < len && decode(s + klen + 1, len - klen - 1, true, value) < 0))
                return &bad_query;
            for (size_t i = 0; i < n; i++)
                if (strcmp(args[i].name, key) == 0)
                    return &twice_query;
            args[n++] = (struct http_pair){key, value};
        }
        s += len;
        if (*s == '\0')
            break;
    }
    *args_r = args;
    *n_r = n;
    return NULL;
}
