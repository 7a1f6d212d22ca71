/* valid.c - is it UTF-8, where does the text start and end, how many characters has it. */
#include "text/valid.h"

#include <stdint.h>
#include <string.h>

#include "text/utf8.h"

/* Bytes of ASCII at the start of s. */
static size_t ascii_run(const char *s, size_t len)
{
    size_t i = 0;

    for (; i + 8 <= len; i += 8) {
        uint64_t w;

        memcpy(&w, s + i, 8);
        if (w & 0x8080808080808080u)
            break;
    }
    while (i < len && (uint8_t)s[i] < 0x80)
        i++;
    return i;
}

size_t utf8_run(const char *s, size_t len)
{
    const char *p = s, *end = s + len;

    while (p < end) {
        if ((uint8_t)*p < 0x80) {
            p += ascii_run(p, (size_t)(end - p));
            continue;
        }
        const char *at = p;

        utf8_next(&p, end);
        if (p == at + 1)
            return (size_t)(at - s);
    }
    return len;
}

bool text_valid(const char *s, size_t len)
{
    return utf8_run(s, len) == len;
}

bool text_valid_start(const char *s, size_t len)
{
    size_t good = utf8_run(s, len);
    const uint8_t *p = (const uint8_t *)s + good;
    size_t left = len - good;

    if (left == 0)
        return true;
    size_t want = p[0] >= 0xf0 && p[0] < 0xf5   ? 4
                  : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
                  : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
                                                : 0;
    if (left >= want)
        return false;
    for (size_t i = 1; i < left; i++)
        if ((p[i] & 0xc0) != 0x80)
            return false;
    return left < 2 || !((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] >= 0xa0) ||
                         (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90));
}

static bool is_blank(uint32_t c)
{
    return c <= ' ' || c == 0x7f || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200d) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x2060 || c == 0x3000 || c == 0xfeff;
}

void text_trim(const char **s, size_t *len)
{
    const char *p = *s, *end = *s + *len;

    while (p < end) {
        const char *next = p;

        if (!is_blank(utf8_next(&next, end)))
            break;
        p = next;
    }
    while (end > p) {
        const char *last = end - 1;

        while (last > p && ((uint8_t)*last & 0xc0) == 0x80 && end - last < 4)
            last--;
        const char *next = last;

        if (!is_blank(utf8_next(&next, end)) || next != end)
            break;
        end = last;
    }
    *s = p;
    *len = (size_t)(end - p);
}

size_t text_count(const char *s, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += ((uint8_t)s[i] & 0xc0) != 0x80;
    return n;
}

static bool is_mark(uint32_t c)
{
    return (c >= 0x300 && c <= 0x36f) || (c >= 0x1ab0 && c <= 0x1aff) || c == 0x200d ||
           (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0x20d0 && c <= 0x20ff);
}

size_t text_limit(const char *s, size_t len, size_t max)
{
    const char *p = s, *end = s + len, *base = s;

    if (len <= max)
        return len;
    for (size_t n = 0; p < end; n++) {
        const char *at = p;
        bool mark = is_mark(utf8_next(&p, end));

        if (!mark)
            base = at;
        if (n == max)
            return (size_t)((mark ? base : at) - s);
    }
    return len;
}
