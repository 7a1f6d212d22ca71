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
    const char *p;

    if (!take(r, '"'))
        return false;
    for (p = *s = r->at; p < r->end && *p != '"' && *p != '\\' && (unsigned char)*p >= ' ';)
        p++;
    if (p == r->end || *p != '"')
        return false;
    *n = (size_t)(p - *s);
    r->at = p + 1;
    return true;
}

static bool take_word(struct reader *r, const char *word)
{
    size_t n = strlen(word);

    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
        return false;
    r->at += n;
    return true;
}

static bool take_number(struct reader *r, json_int_t *v)
{
    bool minus = take(r, '-');
    const char *first = r->at;

    *v = 0;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9' && r->at - first < DIGITS_MAX)
        *v = *v * 10 + (*r->at++ - '0');
    if (minus)
        *v = -*v;
    return r->at > first && (*first != '0' || r->at - first == 1) && r->at < r->end && strchr("0123456789.eE", *r->at) == NULL;
}

static bool take_value(struct reader *r, struct body_member *m)
{
    switch (next(r)) {
    case '"':
        m->type = JSON_STRING;
        return take_text(r, &m->s, &m->n);
    case 't':
        m->type = JSON_TRUE;
        return take_word(r, "true");
    case 'f':
        m->type = JSON_FALSE;
        return take_word(r, "false");
    case 'n':
        m->type = JSON_NULL;
        return take_word(r, "null");
    default:
        m->type = JSON_INTEGER;
        return take_number(r, &m->i);
    }
}

/* Calls fn, which may refuse it, for each member; what is not plain is found out in the middle of it. */
static bool read_plain(const char *s, size_t n, bool (*fn)(void *arg, const struct body_member *m), void *arg)
{
    struct reader r = {s, s + n};
    struct body_member m = {0};
    bool plain;

    if (!take(&r, '{') || !text_valid(s, n))
        return false;
    do
        plain = take_text(&r, &m.key, &m.key_len) && take(&r, ':') && take_value(&r, &m) && fn(arg, &m);
    while (plain && take(&r, ','));
    return plain && take(&r, '}') && next(&r) == '\0' && r.at == r.end;
}

/* ---- as a tree ---------------------------------------------------------------------- */
json_t *body_json(const struct body_member *m)
{
    switch (m->type) {
    case JSON_STRING:
        return json_stringn_nocheck(m->s, m->n);
    case JSON_INTEGER:
        return json_integer(m->i);
    case JSON_TRUE:
        return json_true();
    case JSON_FALSE:
        return json_false();
    default:
        return json_null();
    }
}

static bool add_to_tree(void *arg, const struct body_member *m)
{
    json_t *all = arg;
    size_t before = json_object_size(all);

    return json_object_setn_new_nocheck(all, m->key, m->key_len, body_json(m)) == 0 && json_object_size(all) == before + 1;
}

json_t *body_read(const char *s, size_t n, json_error_t *e)
{
    json_t *all = json_object();

    if (read_plain(s, n, add_to_tree, all))
        return all;
    json_decref(all);
    return json_loadb(s, n, JSON_REJECT_DUPLICATES, e);
}

/* ---- as a list ---------------------------------------------------------------------- */
struct list {
    struct arena *a;
    struct body_member *m;
    size_t n;
};

static bool add_to_list(void *arg, const struct body_member *m)
{
    struct list *l = arg;
    struct body_member *to = &l->m[l->n];

    for (size_t i = 0; i < l->n; i++)
        if (l->m[i].key_len == m->key_len && memcmp(l->m[i].key, m->key, m->key_len) == 0)
            return false;
    if (l->n == BODY_PLAIN_MAX)
        return false;
    *to = *m;
    to->key = arena_strndup(l->a, m->key, m->key_len);
    if (m->type == JSON_STRING)
        to->s = arena_strndup(l->a, m->s, m->n);
    l->n++;
    return true;
}

const struct body_member *body_plain(struct arena *a, const char *s, size_t n, size_t *count)
{
    struct list l = {.a = a, .m = arena_alloc(a, BODY_PLAIN_MAX * sizeof(*l.m))};

    if (!read_plain(s, n, add_to_list, &l))
        return NULL;
    *count = l.n;
    return l.m;
}
