/* buf.h - a growable run of bytes, always NUL-terminated behind .len. */
#ifndef BERTH_BUF_H
#define BERTH_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct buf {
    char *s;    /* never NULL after the first append; use buf_str() before */
    size_t len; /* bytes, without the closing NUL */
    size_t cap;
};

#define BUF_INIT {NULL, 0, 0}

char *buf_grow(struct buf *b, size_t more); /* buf_room() where there is none left */
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_addv(struct buf *b, const char *fmt, va_list ap);
void buf_clear(struct buf *b); /* keeps the memory */
void buf_free(struct buf *b);
const char *buf_str(const struct buf *b); /* "" when nothing was added */
/* A name as it stands in addresses and headers (RFC 3986, RFC 5987): all but letters, digits, "-", "." and "_" as "%C3". */
void buf_percent(struct buf *b, const char *s);
bool buf_plain(char c); /* stands for itself there */

/* Makes room for `more` bytes behind .len and returns where they go. */
static inline char *buf_room(struct buf *b, size_t more)
{
    return b->len + more + 1 <= b->cap ? b->s + b->len : buf_grow(b, more);
}

static inline void buf_add(struct buf *b, const char *s, size_t len)
{
    char *to = buf_room(b, len);

    if (len > 0)
        memcpy(to, s, len);
    to[len] = '\0';
    b->len += len;
}

static inline void buf_puts(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

static inline void buf_putc(struct buf *b, char c)
{
    if (b->len + 1 < b->cap) {
        b->s[b->len++] = c;
        b->s[b->len] = '\0';
    } else {
        buf_add(b, &c, 1);
    }
}

#endif
