/* tokens.c - the words a record is found by. */
#include "text/tokens.h"

#include <stdlib.h>
#include <string.h>

#include "text/company.h"
#include "text/fold.h"
#include "text/utf8.h"
#include "text/walk.h"

enum { FEW = 256 }; /* places for tokens of a record, twice as many as it mostly has */
#define TITLE_BYTES 24 /* of a title that a token of its beginning keeps */

static void add_token(struct buf *out, const char *s, size_t len)
{
    if (out->len > 0)
        buf_putc(out, ' ');
    buf_add(out, s, len);
}

static void add(void *arg, const struct token *t)
{
    add_token(arg, t->s, t->len);
}

static void index_tokens(struct buf *out, const char *s, size_t len, bool readings)
{
    struct buf folded = BUF_INIT;

    if (len == 0)
        return;
    text_fold(&folded, s, len);
    tokens_walk(folded.s, folded.len, readings, add, out);
    buf_free(&folded);
}

void text_tokens_index(struct buf *out, const char *s, size_t len)
{
    index_tokens(out, s, len, true);
}

void text_tokens_index_prose(struct buf *out, const char *s, size_t len)
{
    index_tokens(out, s, len, false);
}

size_t text_title_start(char to[TEXT_TITLE_START], const char *s, size_t len)
{
    struct buf name = BUF_INIT;
    size_t n = 0;

    text_company(&name, s, len);
    to[n++] = TEXT_TOKEN_TITLE[0];
    for (const char *p = name.s, *end = p + name.len; p < end;) {
        const char *at = p;

        if (utf8_next(&p, end) == ' ')
            continue;
        if (n + (size_t)(p - at) > 1 + TITLE_BYTES)
            break;
        memcpy(to + n, at, (size_t)(p - at));
        n += (size_t)(p - at);
    }
    buf_free(&name);
    return n > 1 ? n : 0;
}

void text_tokens_title(struct buf *out, const char *s, size_t len)
{
    char token[TEXT_TITLE_START];
    size_t n = text_title_start(token, s, len);

    if (n > 0)
        add_token(out, token, n);
}

static uint32_t hash(const char *s, size_t len)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)s[i]) * 16777619u;
    return h;
}

void text_tokens_unique(struct buf *tokens)
{
    struct slot {
        uint32_t at, len; /* len 0: empty */
    } few[FEW], *slots = few;
    size_t cap = 16, to = 0, n = 1;

    for (const char *s = tokens->s; s != NULL && (s = memchr(s, ' ', (size_t)(tokens->s + tokens->len - s))) != NULL; s++)
        n++;
    while (cap < 2 * n)
        cap *= 2;
    if (cap > FEW)
        slots = mem_alloc(cap * sizeof(*slots));
    else
        memset(few, 0, cap * sizeof(*few));
    for (size_t at = 0, len; at < tokens->len; at += len + 1) {
        const char *s = tokens->s + at;

        len = strcspn(s, " ");
        size_t i = hash(s, len) & (cap - 1);

        while (slots[i].len > 0 &&
               (slots[i].len != len || memcmp(tokens->s + slots[i].at, s, len) != 0))
            i = (i + 1) & (cap - 1);
        if (slots[i].len > 0 || len == 0)
            continue;
        if (to > 0)
            tokens->s[to++] = ' ';
        memmove(tokens->s + to, s, len);
        slots[i] = (struct slot){(uint32_t)to, (uint32_t)len};
        to += len;
    }
    if (slots != few)
        free(slots);
    if (tokens->s != NULL) {
        tokens->len = to;
        tokens->s[to] = '\0';
    }
}
