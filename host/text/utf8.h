/* utf8.h - reading and writing one character of UTF-8. */
#ifndef BERTH_TEXT_UTF8_H
#define BERTH_TEXT_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define UTF8_BAD 0xfffdu

/* Length of the well-formed start of s. */
size_t utf8_run(const char *s, size_t len);

/* Reads the character at *s and moves behind it; s < end.  A malformed byte counts as one U+FFFD.
 */
static inline uint32_t utf8_next(const char **s, const char *end)
{
    const uint8_t *p = (const uint8_t *)*s;
    ptrdiff_t left = end - *s;
    uint32_t c = p[0];

    if (c < 0x80) {
        *s += 1;
        return c;
    }
    if (c >= 0xe0 && c < 0xf0 && left >= 3 && (p[1] & 0xc0) == 0x80 && (p[2] & 0xc0) == 0x80) {
        c = (c & 0x0f) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
        if (c >= 0x800 && (c & 0xf800) != 0xd800) {
            *s += 3;
            return c;
        }
    } else if (c >= 0xc2 && c < 0xe0 && left >= 2 && (p[1] & 0xc0) == 0x80) {
        *s += 2;
        return (c & 0x1f) << 6 | (p[1] & 0x3fu);
    } else if (c >= 0xf0 && c < 0xf5 && left >= 4 && (p[1] & 0xc0) == 0x80 &&
               (p[2] & 0xc0) == 0x80 && (p[3] & 0xc0) == 0x80) {
        c = (c & 7) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
        if (c >= 0x10000 && c < 0x110000) {
            *s += 4;
            return c;
        }
    }
    *s += 1;
    return UTF8_BAD;
}

/* Writes c and returns its length; there must be room for 4 bytes. */
static inline size_t utf8_put(char *to, uint32_t c)
{
    uint8_t *p = (uint8_t *)to;

    if (c < 0x80) {
        p[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        p[0] = (uint8_t)(0xc0 | c >> 6);
        p[1] = (uint8_t)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        p[0] = (uint8_t)(0xe0 | c >> 12);
        p[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
        p[2] = (uint8_t)(0x80 | (c & 0x3f));
        return 3;
    }
    p[0] = (uint8_t)(0xf0 | c >> 18);
    p[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
    p[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    p[3] = (uint8_t)(0x80 | (c & 0x3f));
    return 4;
}

#endif
