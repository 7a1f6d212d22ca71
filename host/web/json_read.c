/* json_read.c - reads the JSON of requests: plain JSON in a quarter of the time that jansson takes.
 *
 * jansson looks at each byte several times, through functions that it is given; most bodies need none of that.  What is not plain
 * here is no error: jansson decides. */
#include "web/json_read.h"

#include <stdbool.h>
#include <string.h>

#include "text/utf8.h"

enum { DEPTH_MAX = 16, DIGITS_MAX = 18 };

struct in {
    const char *s, *end;
    int depth;
};

static json_t *value(struct in *in);

/* Past white space; the next byte, or NUL at the end. */
static char next(struct in *in)
{
    while (in->s < in->end && (*in->s == ' ' || *in->s == '\n' || *in->s == '\r' || *in->s == '\t'))
        in->s++;
    return in->s < in->end ? *in->s : '\0';
}

static bool take(struct in *in, char c)
{
    bool there = next(in) == c && in->s < in->end;

    in->s += there;
    return there;
}

/* A string's bytes as they stand there. */
static bool string(struct in *in, const char **from, size_t *n)
{
    if (!take(in, '"'))
        return false;
    *from = in->s;
    while (in->s < in->end && *in->s != '"') {
        unsigned char c = (unsigned char)*in->s;
        const char *was = in->s;

        if (c < ' ' || c == '\\' || (c < 0x80 ? (in->s++, false) : utf8_next(&in->s, in->end) == UTF8_BAD && in->s == was + 1))
            return false;
    }
    *n = (size_t)(in->s - *from);
    return take(in, '"');
}

static json_t *text(struct in *in)
{
    const char *from;
    size_t n;

    return string(in, &from, &n) ? json_stringn_nocheck(from, n) : NULL;
}

static json_t *number(struct in *in)
{
    bool minus = in->s < in->end && *in->s == '-';
    const char *from = in->s += minus;
    json_int_t v = 0;

    while (in->s < in->end && *in->s >= '0' && *in->s <= '9' && in->s - from <= DIGITS_MAX)
        v = v * 10 + (*in->s++ - '0');
    if (in->s == from || in->s - from > DIGITS_MAX || (*from == '0' && in->s - from > 1))
        return NULL;
    if (in->s < in->end && strchr(".eE", *in->s) != NULL)
        return NULL;
    return json_integer(minus ? -v : v);
}

static json_t *word(struct in *in, const char *w, json_t *v)
{
    size_t n = strlen(w);

    if ((size_t)(in->end - in->s) < n || memcmp(in->s, w, n) != 0)
        return NULL;
    in->s += n;
    return v;
}

/* False: it is not plain. */
static bool members(struct in *in, json_t *o)
{
    if (take(in, '}'))
        return true;
    for (size_t n = 1;; n++) {
        const char *key;
        size_t len;
        json_t *v;

        if (!string(in, &key, &len) || !take(in, ':') || (v = value(in)) == NULL ||
            json_object_setn_new_nocheck(o, key, len, v) != 0 || json_object_size(o) != n)
            return false;
        if (!take(in, ','))
            return take(in, '}');
    }
}

static bool items(struct in *in, json_t *a)
{
    if (take(in, ']'))
        return true;
    do {
        json_t *v = value(in);

        if (v == NULL || json_array_append_new(a, v) != 0)
            return false;
    } while (take(in, ','));
    return take(in, ']');
}

static json_t *collection(struct in *in, json_t *v, bool (*fill)(struct in *, json_t *))
{
    in->s++;
    if (++in->depth > DEPTH_MAX || !fill(in, v)) {
        json_decref(v);
        return NULL;
    }
    in->depth--;
    return v;
}

static json_t *value(struct in *in)
{
    switch (next(in)) {
    case '"':
        return text(in);
    case '{':
        return collection(in, json_object(), members);
    case '[':
        return collection(in, json_array(), items);
    case 't':
        return word(in, "true", json_true());
    case 'f':
        return word(in, "false", json_false());
    case 'n':
        return word(in, "null", json_null());
    default:
        return number(in);
    }
}

json_t *json_read_plain(const char *s, size_t n)
{
    struct in in = {s, s + n, 0};
    char c = next(&in);
    json_t *v = c == '{' || c == '[' ? value(&in) : NULL;

    next(&in);
    if (v != NULL && in.s < in.end) {
        json_decref(v);
        return NULL;
    }
    return v;
}

json_t *json_read(const char *s, size_t n, json_error_t *err)
{
    json_t *v = json_read_plain(s, n);

    return v != NULL ? v : json_loadb(s, n, JSON_REJECT_DUPLICATES, err);
}
