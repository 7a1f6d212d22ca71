/* buf.c - a growable run of bytes. */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"

char *buf_room(struct buf *b, size_t more)
{
    size_t need = b->len + more + 1;

    if (need > b->cap) {
        size_t cap = b->cap < 64 ? 64 : b->cap;

        while (cap < need)
            cap += cap / 2 + 64;
        b->s = mem_realloc(b->s, cap);
        b->cap = cap;
        b->s[b->len] = '\0'; /* also when nothing is written there after all */
    }
    return b->s + b->len;
}

void buf_add(struct buf *b, const char *s, size_t len)
{
    char *to = buf_room(b, len);

    if (len > 0)
        memcpy(to, s, len);
    b->len += len;
    b->s[b->len] = '\0';
}

void buf_addv(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    int n;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0)
        return;
    vsnprintf(buf_room(b, (size_t)n), (size_t)n + 1, fmt, ap);
    b->len += (size_t)n;
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    buf_addv(b, fmt, ap);
    va_end(ap);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    if (b->s != NULL)
        b->s[0] = '\0';
}

void buf_free(struct buf *b)
{
    free(b->s);
    *b = (struct buf)BUF_INIT;
}

const char *buf_str(const struct buf *b)
{
    return b->s == NULL ? "" : b->s;
}
