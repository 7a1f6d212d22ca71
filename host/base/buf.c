/* buf.c - a growable run of bytes. */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"

char *buf_grow(struct buf *b, size_t more)
{
    size_t need = b->len + more + 1, cap = b->cap < 64 ? 250 : b->cap;

    while (cap < need)
        cap += cap / 2 + 64;
    b->s = mem_realloc(b->s, cap);
    b->cap = cap;
    b->s[b->len] = '\0'; /* also when nothing is written there after all */
    return b->s + b->len;
}

void buf_addv(struct buf *b, const char *fmt, va_list ap)
{
    char *to = buf_room(b, 0); /* mostly there is room, and once is enough */
    size_t room = b->cap - b->len;
    va_list again;
    int n;

    va_copy(again, ap);
    n = vsnprintf(to, room, fmt, again);
    va_end(again);
    if (n < 0)
        *to = '\0';
    else if ((size_t)n >= room)
        vsnprintf(buf_room(b, (size_t)n), (size_t)n + 1, fmt, ap);
    if (n > 0)
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

bool buf_plain(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
}

void buf_percent(struct buf *b, const char *s)
{
    for (; *s != '\0'; s++)
        if (buf_plain(*s))
            buf_putc(b, *s);
        else
            buf_addf(b, "%%%02X", (unsigned char)*s);
}
