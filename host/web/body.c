/* body.c - the body of a request as JSON.  Jansson reads it, a byte at a time.  What nearly all bodies are, one object of
 * texts without escapes, whole numbers and flags, is read here first; whatever is not exactly that is left to jansson. */
#include "web/body.h"

#include <stdbool.h>
#include <string.h>

#include "text/valid.h"

enum { DIGITS_MAX = 18 }; /* fit into 63 bits */

struct reader {
    const char *at, *end;
};

/* What comes behind white space; NUL at the end. */
static char next(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
        r->at++;
    return r->at < r->end ? *r->at : '\0';
}

static bool take(struct reader *r, char c)
{
    bool there = next(r) == c && r->at < r->end;

    r->at += there;
    return there;
}

static bool take_text(struct reader *r, const char **s, size_t *n)
{
    if (!take(r, '"'))
        return false;
    *s = r->at;
    while (r->at < r->end && *r->at != '"' && *r->at != '\\' && (unsigned char)*r->at >= ' ')
        r->at++;
    *n = (size_t)(r->at - *s);
    return take(r, '"') && r->at == *s + *n + 1;
}

static json_t *take_word(struct reader *r, const char *word, json_t *v)
{
    size_t n = strlen(word);

    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
        return NULL;
    r->at += n;
    return v;
}

static json_t *take_number(struct reader *r)
{
    bool minus = take(r, '-');
    const char *first = r->at;
    json_int_t v = 0;

    while (r->at < r->end && *r->at >= '0' && *r->at <= '9' && r->at - first < DIGITS_MAX)
        v = v * 10 + (*r->at++ - '0');
    if (r->at == first || (*first == '0' && r->at - first > 1) || r->at == r->end || strchr("0123456789.eE", *r->at) != NULL)
        return NULL;
    return json_integer(minus ? -v : v);
}

static json_t *take_value(struct reader *r)
{
    const char *s;
    size_t n;

    switch (next(r)) {
    case '"':
        return take_text(r, &s, &n) ? json_stringn_nocheck(s, n) : NULL;
    case 't':
        return take_word(r, "true", json_true());
    case 'f':
        return take_word(r, "false", json_false());
    case 'n':
        return take_word(r, "null", json_null());
    default:
        return take_number(r);
    }
}

static bool take_member(struct reader *r, json_t *all)
{
    size_t before = json_object_size(all), n;
    const char *key;
    json_t *v;

    return take_text(r, &key, &n) && take(r, ':') && (v = take_value(r)) != NULL && json_object_setn_new_nocheck(all, key, n, v) == 0 &&
           json_object_size(all) == before + 1;
}

static json_t *read_plain(const char *s, size_t n)
{
    struct reader r = {s, s + n};
    json_t *all;
    bool plain;

    if (!take(&r, '{') || !text_valid(s, n))
        return NULL;
    all = json_object();
    do
        plain = take_member(&r, all);
    while (plain && take(&r, ','));
    if (plain && take(&r, '}') && next(&r) == '\0' && r.at == r.end)
        return all;
    json_decref(all);
    return NULL;
}

json_t *body_read(const char *s, size_t n, json_error_t *e)
{
    json_t *plain = read_plain(s, n);

    return plain != NULL ? plain : json_loadb(s, n, JSON_REJECT_DUPLICATES, e);
}
