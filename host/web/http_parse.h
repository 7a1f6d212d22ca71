/* http_parse.h - what is checked and taken apart in a request; pure functions, no sockets. */
#ifndef BERTH_HTTP_PARSE_H
#define BERTH_HTTP_PARSE_H

#include "web/http.h"

enum { HTTP_ARGS_MAX = 100 }; /* keys in a query */

/* Why a request is refused. */
struct http_refusal {
    int status;
    const char *code, *message;
};

/* One header line as received: not NUL-terminated by contract, sizes count. */
struct http_field {
    const char *name, *value;
    size_t name_len, value_len;
};

struct http_head {
    const char *method, *target, *version;
    const struct http_field *fields;
    size_t nfields;
};

/* Found outside this file, too. */
extern const struct http_refusal http_bad_header, http_too_large;

/* What the checks found out. */
struct http_facts {
    enum http_method method;
    bool chunked, expect_continue, http10;
    int64_t body_size; /* -1: chunked; 0: none */
};

/* NULL when the head is one we answer; *facts is then filled. */
const struct http_refusal *http_head_check(const struct http_head *h, struct http_facts *facts);

/* Splits a target into path (decoded once) and query; NULL when fine. */
const struct http_refusal *http_target_parse(struct arena *a, const char *target,
                                             const char **path_r, const char **query_r);
/* "a=1&b=%20": unique keys, at most max of them. */
const struct http_refusal *http_query_parse(struct arena *a, const char *query, size_t max,
                                            const struct http_pair **args_r, size_t *n_r);

/* Checks a raw head from its first byte.  Not complete within n < max bytes: NULL and *complete_r
 * false.  Complete and fine: NULL and *complete_r true.  `a` is scratch. */
const struct http_refusal *http_head_scan(struct arena *a, const char *p, size_t n, size_t max,
                                          bool *complete_r);

bool http_utf8_valid(const char *s, size_t n); /* no surrogates, overlong forms, > U+10FFFF */
/* The value of one cookie inside a Cookie header, or NULL. */
const char *http_cookie_find(struct arena *a, const char *header, const char *name);
/* Whether a list such as `gzip;q=0.5, br` takes the coding. */
bool http_accepts(const char *accept_encoding, const char *coding);
/* If-None-Match against our tag, weakly: `*`, lists, W/ prefixes. */
bool http_tag_matches(const char *list, const char *etag);

enum http_range { HTTP_RANGE_NONE, HTTP_RANGE_ONE, HTTP_RANGE_BAD };
/* "bytes=0-99", "bytes=100-", "bytes=-5" of size bytes.  More than one range, other units and
 * nonsense count as none (the whole is sent); a range outside the file is bad (416). */
enum http_range http_range_parse(const char *header, uint64_t size, uint64_t *first_r,
                                 uint64_t *len_r);
/* "Sun, 22 Nov 2026 01:33:57 GMT" */
void http_date(int64_t seconds, char out[32]);

#endif
