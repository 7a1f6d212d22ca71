/* charset.c - decoding to UTF-8 in pieces, by ICU's converters. */
#include "text/charset.h"

#include <stdbool.h>
#include <stdlib.h>
#include <strings.h>
#include <unicode/ucnv.h>
#include <unicode/unorm2.h>
#include <unicode/utf16.h>

#include "base/arena.h"
#include "text/utf8.h"
#include "text/valid.h"

#define PIECE 4096 /* UTF-16 units converted at a time */

const char *const text_charset_names[] = {"UTF-8", "UTF-16LE",     "UTF-16BE",     "GB18030",
                                          "Big5",  "windows-1258", "windows-1252", NULL};

/* Names people use that ICU lacks or would take for a narrower encoding. */
static const struct {
    const char *name, *icu;
} aliases[] = {
    {"ansi", "windows-1252"},
    {"big5", "windows-950-2000"},
    {"cp936", "GB18030"},
    {"cp950", "windows-950-2000"},
    {"gb2312", "GB18030"},
    {"gbk", "GB18030"},
    {"iso-8859-1", "windows-1252"},
    {"latin1", "windows-1252"},
    {"ms936", "GB18030"},
    {"ms950", "windows-950-2000"},
    {"ucs-2", "UTF-16LE"},
    {"utf-8-sig", "UTF-8"},
    {"utf16", "UTF-16LE"},
    {"utf-16", "UTF-16LE"},
    {"utf8", "UTF-8"},
    {"utf8bom", "UTF-8"},
    {"windows-936", "GB18030"},
    {"windows-950", "windows-950-2000"},
};

struct text_decoder {
    UConverter *cnv; /* NULL: the input is UTF-8 */
    bool compose;    /* the encoding writes tone marks apart (windows-1258) */
    bool started;    /* the place of a byte order mark is past */
    UChar32 held;    /* last character, kept while a mark may follow; 0 none */
    char tail[4];    /* UTF-8: a character that is not complete yet */
    size_t tail_len;
    UChar high; /* a surrogate whose other half is to come */
    int64_t bad;
};

struct text_decoder *text_decoder_new(const char *name, struct buf *err)
{
    UErrorCode e = U_ZERO_ERROR;
    const char *icu = name;

    for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
        if (strcasecmp(name, aliases[i].name) == 0)
            icu = aliases[i].icu;
    struct text_decoder *d = mem_alloc(sizeof(*d));

    if (strcasecmp(icu, "UTF-8") == 0)
        return d;
    d->compose = strcasecmp(icu, "windows-1258") == 0;
    d->cnv = *icu == '\0' ? NULL : ucnv_open(icu, &e); /* "" would be the system's default */
    if (d->cnv == NULL || U_FAILURE(e)) {
        buf_addf(err, "cannot read character set '%.40s': unknown name", name);
        text_decoder_free(&d);
        return NULL;
    }
    return d;
}

void text_decoder_free(struct text_decoder **d)
{
    if (*d != NULL && (*d)->cnv != NULL)
        ucnv_close((*d)->cnv);
    free(*d);
    *d = NULL;
}

int64_t text_decoder_bad(const struct text_decoder *d)
{
    return d->bad;
}

static void write_char(struct text_decoder *d, struct buf *out, UChar32 c)
{
    if (!d->started) {
        d->started = true;
        if (c == 0xfeff)
            return;
    }
    d->bad += c == UTF8_BAD;
    buf_room(out, 4);
    out->len += utf8_put(out->s + out->len, (uint32_t)c);
    out->s[out->len] = '\0';
}

/* The vowel with the tone mark, or negative.  A dot below goes in before a circumflex: U+00E2 and
 * U+0323 make no pair, but a, U+0323, U+0302 do. */
static UChar32 compose(UChar32 vowel, UChar32 mark)
{
    UErrorCode e = U_ZERO_ERROR;
    const UNormalizer2 *nfc = unorm2_getNFCInstance(&e);
    UChar32 both = unorm2_composePair(nfc, vowel, mark);
    UChar parts[8];

    if (both >= 0 || unorm2_getRawDecomposition(nfc, vowel, parts, 8, &e) != 2)
        return both;
    both = unorm2_composePair(nfc, parts[0], mark);
    return both < 0 ? both : unorm2_composePair(nfc, both, parts[1]);
}

/* Writes c, or joins it to the character before: a tone mark becomes one with its vowel. */
static void compose_char(struct text_decoder *d, struct buf *out, UChar32 c)
{
    if (d->held != 0) {
        UChar32 both = compose(d->held, c);

        if (both > 0) {
            d->held = both;
            return;
        }
        write_char(d, out, d->held);
    }
    d->held = c;
}

static void write_wide(struct text_decoder *d, struct buf *out, const UChar *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        UChar32 c = s[i];

        if (d->high != 0) {
            UChar32 high = d->high;

            d->high = 0;
            if (U16_IS_TRAIL(c)) {
                write_char(d, out, U16_GET_SUPPLEMENTARY(high, c));
                continue;
            }
            write_char(d, out, UTF8_BAD);
        }
        if (U16_IS_LEAD(c))
            d->high = (UChar)c;
        else if (U16_IS_TRAIL(c))
            write_char(d, out, UTF8_BAD);
        else if (d->compose)
            compose_char(d, out, c);
        else
            write_char(d, out, c);
    }
}

static void convert(struct text_decoder *d, const char *s, size_t len, bool last, struct buf *out)
{
    const char *end = s + len;
    UErrorCode e = U_ZERO_ERROR;

    do {
        UChar wide[PIECE], *to = wide;

        e = U_ZERO_ERROR;
        ucnv_toUnicode(d->cnv, &to, wide + PIECE, &s, end, NULL, last, &e);
        write_wide(d, out, wide, (size_t)(to - wide));
    } while (e == U_BUFFER_OVERFLOW_ERROR);
}

/* UTF-8 to UTF-8: well-formed runs are copied. */
static void copy_utf8(struct text_decoder *d, const char *s, size_t len, struct buf *out)
{
    const char *end = s + len;

    while (s < end) {
        size_t good = d->started ? utf8_run(s, (size_t)(end - s)) : 0;

        buf_add(out, s, good);
        s += good;
        if (s < end)
            write_char(d, out, (UChar32)utf8_next(&s, end));
    }
}

/* Bytes at the end of s that start a character without completing it. */
static size_t cut_off(const char *s, size_t len)
{
    for (size_t n = 1; n <= 3 && n <= len; n++)
        if (((uint8_t)s[len - n] & 0xc0) != 0x80)
            return text_valid(s + len - n, n) || !text_valid_start(s + len - n, n) ? 0 : n;
    return 0;
}

static void copy_whole(struct text_decoder *d, const char *s, size_t len, struct buf *out)
{
    size_t cut = cut_off(s, len);

    copy_utf8(d, s, len - cut, out);
    memcpy(d->tail, s + len - cut, cut);
    d->tail_len = cut;
}

static void feed_utf8(struct text_decoder *d, const char *s, size_t len, struct buf *out)
{
    while (d->tail_len > 0 && len > 0) {
        char both[4];
        size_t n = d->tail_len;

        memcpy(both, d->tail, n);
        both[n++] = *s++;
        len--;
        copy_whole(d, both, n, out);
    }
    if (len > 0)
        copy_whole(d, s, len, out);
}

void text_decoder_feed(struct text_decoder *d, const char *s, size_t len, struct buf *out)
{
    buf_room(out, len);
    if (d->cnv == NULL)
        feed_utf8(d, s, len, out);
    else
        convert(d, s, len, false, out);
}

void text_decoder_flush(struct text_decoder *d, struct buf *out)
{
    if (d->cnv != NULL)
        convert(d, "", 0, true, out);
    if (d->held != 0)
        write_char(d, out, d->held);
    if (d->high != 0 || d->tail_len > 0)
        write_char(d, out, UTF8_BAD);
    d->held = 0;
    d->high = 0;
    d->tail_len = 0;
}

int text_to_utf8(struct buf *out, const char *name, const char *s, size_t len, struct buf *err)
{
    struct text_decoder *d =
        text_decoder_new(name == NULL ? text_charset_guess(s, len) : name, err);

    if (d == NULL)
        return -1;
    text_decoder_feed(d, s, len, out);
    text_decoder_flush(d, out);
    text_decoder_free(&d);
    return 0;
}
