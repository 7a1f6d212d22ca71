/* fold.c - text as it is compared and searched. */
#include "text/fold.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "base/arena.h"
#include "text/tables.h"
#include "text/utf8.h"

#define MAX_PER_CHAR 64 /* bytes that one character may become, and more */

/* Folds eight bytes of ASCII at once: letters to lower case, controls to blanks. */
static uint64_t fold_ascii8(uint64_t w)
{
    const uint64_t ones = 0x0101010101010101u, high = ones * 0x80;
    uint64_t upper = (w + ones * (0x80 - 'A')) & ~(w + ones * (0x7f - 'Z')) & high;
    uint64_t control = (~(w + ones * (0x80 - ' ')) | (w + ones)) & high;
    uint64_t mask = (control >> 7) * 0xff;

    w |= upper >> 2;
    return (w & ~mask) | (ones * ' ' & mask);
}

static char fold_ascii(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c | 0x20);
    return c < ' ' || c == 0x7f ? ' ' : c;
}

/* Folds with the tables alone.  Stops before the first character that may combine with its
 * neighbours and returns where; with `complex_too` it takes those as they are. */
static const char *fold_simple(struct buf *out, const char *s, const char *end, bool complex_too)
{
    char *to = buf_room(out, (size_t)(end - s) + MAX_PER_CHAR);
    char *limit = out->s + out->cap - MAX_PER_CHAR;

    while (s < end) {
        if (to >= limit) {
            out->len = (size_t)(to - out->s);
            to = buf_room(out, (size_t)(end - s) * 2 + MAX_PER_CHAR * 2);
            limit = out->s + out->cap - MAX_PER_CHAR;
        }
        if ((uint8_t)*s < 0x80) {
            uint64_t w;

            while (end - s >= 8 && (memcpy(&w, s, 8), (w & 0x8080808080808080u) == 0) &&
                   to < limit) {
                w = fold_ascii8(w);
                memcpy(to, &w, 8);
                s += 8;
                to += 8;
            }
            while (s < end && (uint8_t)*s < 0x80 && to < limit)
                *to++ = fold_ascii(*s++);
            continue;
        }
        const char *at = s;
        uint32_t c = utf8_next(&s, end);
        uint16_t how = text_lookup(text_fold_block, text_fold_index, c);

        if (how == FOLD_COMPLEX && !complex_too) {
            s = at;
            break;
        }
        if (c == UTF8_BAD) {
            memcpy(to, "\xef\xbf\xbd", 3);
            to += 3;
        } else if (how == 0 || how == FOLD_COMPLEX) {
            memcpy(to, at, 4 < end - at ? 4 : (size_t)(end - at));
            to += s - at;
        } else {
            size_t n = (size_t)(text_fold_at[how + 1] - text_fold_at[how]);

            memcpy(to, text_fold_bytes + text_fold_at[how], n);
            to += n;
        }
    }
    out->len = (size_t)(to - out->s);
    out->s[out->len] = '\0';
    return s;
}

/* Appends NFKC_Casefold(s), the whole string composed. */
static void normalise(struct buf *out, const char *s, size_t len)
{
    UErrorCode e = U_ZERO_ERROR;
    const UNormalizer2 *how = unorm2_getNFKCCasefoldInstance(&e);
    int32_t n = 0, cap = (int32_t)len * 18 + 16; /* 18: the longest expansion in Unicode */
    UChar *wide = mem_alloc((len + 1) * sizeof(UChar));
    UChar *norm = mem_alloc((size_t)cap * sizeof(UChar));

    u_strFromUTF8WithSub(wide, (int32_t)len + 1, &n, s, (int32_t)len, UTF8_BAD, NULL, &e);
    n = unorm2_normalize(how, wide, n, norm, cap, &e);
    if (U_SUCCESS(e)) {
        int32_t bytes = 0;
        char *to = buf_room(out, (size_t)n * 3);

        u_strToUTF8(to, n * 3 + 1, &bytes, norm, n, &e);
        out->len += (size_t)bytes;
        out->s[out->len] = '\0';
    }
    free(wide);
    free(norm);
}

void text_fold(struct buf *out, const char *s, size_t len)
{
    size_t was = out->len;

    if (fold_simple(out, s, s + len, false) == s + len)
        return;
    /* Rare: marks that combine (Hangul jamo, kana sound marks, Indic vowels).  A string this long
     * is no name; fold it in parts so that lengths fit ICU. */
    const size_t part = 1 << 16;
    struct buf whole = BUF_INIT;

    out->len = was;
    for (size_t at = 0; at < len;) {
        size_t n = len - at < part ? len - at : part;

        while (n > 1 && at + n < len && ((uint8_t)s[at + n] & 0xc0) == 0x80)
            n--;
        buf_clear(&whole);
        normalise(&whole, s + at, n);
        fold_simple(out, whole.s, whole.s + whole.len, true);
        at += n;
    }
    buf_free(&whole);
}

uint64_t text_fold_version(void)
{
    return text_tables_version;
}
