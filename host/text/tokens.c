/* tokens.c - the words a record is found by. */
#include "text/tokens.h"

#include <stdlib.h>
#include <string.h>

#include "text/company.h"
#include "text/fold.h"
#include "text/pinyin.h"
#include "text/scan.h"
#include "text/tables.h"
#include "text/utf8.h"

#define READ_MAX 32     /* characters of one run that get pinyin */
#define INITIALS_MAX 8  /* letters of a token of initials */
#define INITIALS_FROM 4 /* starts that have one: the place, and the brand behind it */

/* ---- making tokens ---- */

static void begin(struct buf *out)
{
    if (out->len > 0)
        buf_putc(out, ' ');
}

static void add_token(struct buf *out, const char *s, size_t len)
{
    begin(out);
    buf_add(out, s, len);
}

/* A word without its apostrophes, not longer than a token may be. */
static void add_word(struct buf *out, const struct scan_piece *piece)
{
    const char *p = piece->s, *end = p + piece->len;

    begin(out);
    for (size_t start = out->len; p < end;) {
        const char *at = p;

        if (utf8_next(&p, end) == '\'')
            continue;
        if (out->len - start + (size_t)(p - at) > SCAN_TOKEN_MAX)
            break;
        buf_add(out, at, (size_t)(p - at));
    }
}

static void add_reversed(struct buf *out, const char *digits, size_t len)
{
    begin(out);
    buf_puts(out, TEXT_TOKEN_REVERSED);
    while (len > 0)
        buf_putc(out, digits[--len]);
}

static void add_number(struct buf *out, const struct scan_piece *piece)
{
    struct scan_number n;

    scan_number(piece, &n);
    add_reversed(out, n.all, n.len);
    add_token(out, n.all + n.national, n.len - n.national);
    if (n.local != n.national)
        add_token(out, n.all + n.local, n.len - n.local);
}

/* Pinyin in pairs of syllables, then initials, of the characters up to a legal form. */
static void add_readings(struct buf *out, const char *s, size_t len)
{
    uint32_t chars[READ_MAX];
    uint16_t read[READ_MAX];
    char initials[READ_MAX];
    size_t n = 0;

    len = text_company_core(s, len);
    for (const char *end = s + len; s < end && n < READ_MAX;)
        chars[n++] = utf8_next(&s, end);
    pinyin_read(chars, n, read);
    for (size_t i = 0; i < n; i++) {
        const char *one = pinyin_text(read[i]);
        const char *two = i + 1 < n ? pinyin_text(read[i + 1]) : "";

        initials[i] = one[0] != '\0' ? one[0] : '0';
        if (one[0] == '\0' || (two[0] == '\0' && i > 0))
            continue;
        add_token(out, one, strlen(one));
        buf_puts(out, two);
    }
    for (size_t i = 0; i + 1 < n && (i == 0 || (n > INITIALS_FROM && i < INITIALS_FROM)); i++)
        add_token(out, initials + i, n - i < INITIALS_MAX ? n - i : INITIALS_MAX);
}

/* Pairs of characters and the last one alone.  Punctuation between them does not count. */
static void add_cjk(struct buf *out, const struct scan_piece *piece, bool readings)
{
    char run[512];
    size_t len = 0, before = 0, chars = 0;

    for (const char *p = piece->s, *end = p + piece->len; p < end;) {
        const char *at = p;

        if (text_class(utf8_next(&p, end)) == TEXT_OTHER)
            continue;
        size_t n = (size_t)(p - at);

        if (len + n > sizeof(run)) { /* long prose: go on with an empty run */
            memmove(run, run + before, len - before);
            len -= before;
            before = 0;
            readings = false;
        }
        memcpy(run + len, at, n);
        len += n;
        if (chars++ > 0) {
            add_token(out, run + before, len - before);
            before = len - n;
        }
    }
    add_token(out, run + before, len - before);
    if (readings)
        add_readings(out, run, len);
}

static void index_tokens(struct buf *out, const char *s, size_t len, bool readings)
{
    struct buf folded = BUF_INIT;

    if (len == 0)
        return;
    text_fold(&folded, s, len);
    struct scan in = {folded.s, folded.s, folded.s + folded.len, 7, false};

    for (struct scan_piece piece; (piece = scan_next(&in)).kind != SCAN_END;) {
        if (piece.kind == SCAN_CJK)
            add_cjk(out, &piece, readings);
        else if (piece.kind == SCAN_NUMBER)
            add_number(out, &piece);
        else if (!scan_is_common_label(&in, &piece, false))
            add_word(out, &piece);
    }
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
    } * slots;
    size_t cap = 64, to = 0;

    while (cap < tokens->len) /* a token and its blank are two bytes or more: half full at most */
        cap *= 2;
    slots = mem_alloc(cap * sizeof(*slots));
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
    free(slots);
    if (tokens->s != NULL) {
        tokens->len = to;
        tokens->s[to] = '\0';
    }
}
