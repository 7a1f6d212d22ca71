/* json.h - writes JSON into a buf as it goes; commas are the writer's business.
 * (Parsing is jansson's, see web/body.c.) */
#ifndef BERTH_JSON_H
#define BERTH_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct json {
    struct buf *out;
    bool comma; /* the next item needs one before it */
};

static inline struct json json_to(struct buf *out)
{
    return (struct json){out, false};
}

/* Before each item. */
static inline void json_item(struct json *j)
{
    if (j->comma)
        buf_putc(j->out, ',');
    j->comma = true;
}

static inline void json_open(struct json *j, char bracket) /* '{' or '[' */
{
    json_item(j);
    buf_putc(j->out, bracket);
    j->comma = false;
}

static inline void json_close(struct json *j, char bracket) /* '}' or ']' */
{
    buf_putc(j->out, bracket);
    j->comma = true;
}

/* A whole value, already JSON. */
static inline void json_raw(struct json *j, const char *text, size_t n)
{
    json_item(j);
    buf_add(j->out, text, n);
}

/* "\"name\":", ready made: a key inside an object, before its value */
static inline void json_key_raw(struct json *j, const char *quoted, size_t len)
{
    json_raw(j, quoted, len);
    j->comma = false;
}

/* The same with the key's value, for who writes many. */
void json_member_raw(struct json *j, const char *quoted, size_t len, const char *text, size_t n); /* which is JSON already */
void json_member_strn(struct json *j, const char *quoted, size_t len, const char *s, size_t n);
void json_member_int(struct json *j, const char *quoted, size_t len, int64_t v);
void json_member_time(struct json *j, const char *quoted, size_t len, int64_t ms); /* "2026-11-22T08:00:00.000Z" */

void json_key(struct json *j, const char *key);      /* a key as it is */
void json_str(struct json *j, const char *s);        /* NULL writes null */
void json_strn(struct json *j, const char *s, size_t n);
void json_int(struct json *j, int64_t v);
enum { JSON_INT_MAX = 24 };
char *json_digits(char *to, int64_t v); /* the number's text, up to JSON_INT_MAX bytes without a NUL; returns its end */
void json_double(struct json *j, double v);            /* not finite: null */
void json_bool(struct json *j, bool v);

static inline void json_nil(struct json *j)
{
    json_raw(j, "null", 4);
}

/* A member of an object: key and value. */
void json_text(struct json *j, const char *key, const char *s); /* NULL: null */
void json_number(struct json *j, const char *key, int64_t v);
void json_id(struct json *j, const char *key, int64_t id);      /* 0: null */
void json_flag(struct json *j, const char *key, bool v);
void json_time(struct json *j, const char *key, int64_t ms);    /* "2026-11-22T08:00:00.000Z"; 0: null */
void json_words(struct json *j, const char *key, const char *list); /* "key":["a","b"] of "a, b"; NULL: [] */

/* The quoted form of a string, invalid UTF-8 replaced by U+FFFD. */
void json_quote(struct buf *out, const char *s, size_t n);

#endif
