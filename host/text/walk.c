/* walk.c - the tokens of a folded text. */
#include "text/walk.h"

#include <string.h>

#include "text/company.h"
#include "text/pinyin.h"
#include "text/scan.h"
#include "text/tables.h"
#include "text/tokens.h"
#include "text/umlaut.h"
#include "text/utf8.h"

#define READ_MAX 32     /* characters of one run that get pinyin */
#define INITIALS_MAX 8  /* letters of a token of initials */
#define INITIALS_FROM 4 /* starts that have one: the place, and the brand behind it */
#define PERSON_MAX 4    /* characters of a person's name */
#define INITIALS_WAYS 4 /* of one start whose characters are read in several ways */

struct walk {
    const char *text;
    void (*take)(void *arg, const struct token *t);
    void *arg;
};

/* Letters and digits of one piece, or of several that hyphens join (mei-ling, ht-2026-0015). */
static void take_word(const struct walk *w, const char *s, const char *end)
{
    char word[SCAN_TOKEN_MAX], plain[SCAN_TOKEN_MAX];
    uint32_t from = (uint32_t)(s - w->text), to = (uint32_t)(end - w->text);
    struct token t = {word, 0, TOKEN_WORD, 0, &from, &to, 1};

    for (const char *p = s; p < end;) {
        const char *at = p;

        if (token_is_inside(*at)) {
            p++;
            continue;
        }
        utf8_next(&p, end);
        if (t.len + (size_t)(p - at) > SCAN_TOKEN_MAX)
            break;
        memcpy(word + t.len, at, (size_t)(p - at));
        t.len += (size_t)(p - at);
    }
    w->take(w->arg, &t);
    t.len = umlaut_plain(plain, word, t.len);
    t.s = plain;
    if (t.len > 0)
        w->take(w->arg, &t);
}

/* ---- numbers ---- */

static void take_number(const struct walk *w, const struct scan_piece *piece)
{
    char reversed[4 + SCAN_NUMBER_MAX] = TEXT_TOKEN_REVERSED;
    uint32_t unit[2 * SCAN_NUMBER_MAX], unit_end[2 * SCAN_NUMBER_MAX];
    struct scan_number n;
    size_t digits = 0, len = strlen(reversed);

    scan_number(piece, &n);
    for (size_t i = 0; i < piece->len && digits < 2 * SCAN_NUMBER_MAX; i++)
        if (piece->s[i] >= '0' && piece->s[i] <= '9') {
            unit[digits] = (uint32_t)(piece->s + i - w->text);
            unit_end[digits] = unit[digits] + 1;
            digits++;
        }
    size_t skip = digits - n.len; /* 00 at the start is no part of the number */

    for (size_t i = n.len; i > 0;)
        reversed[len++] = n.all[--i];
    w->take(w->arg, &(struct token){reversed, len, TOKEN_REVERSED, 0, unit + skip, unit_end + skip, n.len});
    if (n.extension > 0) {
        len -= n.extension;
        memmove(reversed + strlen(TEXT_TOKEN_REVERSED), reversed + strlen(TEXT_TOKEN_REVERSED) + n.extension,
                n.len - n.extension);
        w->take(w->arg, &(struct token){reversed, len, TOKEN_REVERSED, 0, unit + skip, unit_end + skip, n.len - n.extension});
    }
    for (size_t at = n.national; at <= n.local; at += n.local > at ? n.local - at : 1)
        w->take(w->arg, &(struct token){n.all + at, n.len - at, TOKEN_NUMBER, 0, unit + skip + at,
                                        unit_end + skip + at, n.len - at});
}

/* ---- characters ---- */

struct reading {
    uint32_t chars[READ_MAX];
    uint32_t unit[READ_MAX], unit_end[READ_MAX];
    uint16_t way[READ_MAX][PINYIN_READINGS];
    size_t n;
};

/* Every way to read a pair; the last character of a run is read with the one before it. */
static void take_readings(const struct walk *w, const struct reading *r, size_t i, size_t next)
{
    bool pair = next < r->n && r->way[next][0] != 0;

    if (!pair && i > 0)
        return;
    for (size_t a = 0; a < PINYIN_READINGS && r->way[i][a] != 0; a++)
        for (size_t b = 0; b < (pair ? PINYIN_READINGS : 1) && (!pair || r->way[next][b] != 0); b++) {
            char both[2 * 8];
            size_t first = strlen(pinyin_text(r->way[i][a]));
            const char *second = pair ? pinyin_text(r->way[next][b]) : "";

            memcpy(both, pinyin_text(r->way[i][a]), first);
            memcpy(both + first, second, strlen(second));
            w->take(w->arg, &(struct token){both, first + strlen(second), TOKEN_READING, first, r->unit + i,
                                            r->unit_end + i, pair ? next - i + 1 : 1});
        }
}

static void take_alone(const struct walk *w, const struct reading *r, size_t i)
{
    for (size_t a = 0; a < PINYIN_READINGS && r->way[i][a] != 0; a++) {
        const char *one = pinyin_text(r->way[i][a]);

        w->take(w->arg, &(struct token){one, strlen(one), TOKEN_READING, strlen(one), r->unit + i, r->unit_end + i, 1});
    }
}

/* The initials of up to INITIALS_MAX characters; more than one string where a character has two. */
static void take_initials(const struct walk *w, const struct reading *r, size_t from)
{
    char letters[INITIALS_WAYS][INITIALS_MAX];
    size_t ways = 1, n = r->n - from < INITIALS_MAX ? r->n - from : INITIALS_MAX;

    for (size_t i = 0; i < n; i++) {
        const uint16_t *way = r->way[from + i];
        size_t before = ways;
        char usual = way[0] != 0 ? pinyin_text(way[0])[0] : '0';

        for (size_t k = 0; k < before; k++)
            letters[k][i] = usual;
        for (size_t a = 1; a < PINYIN_READINGS && way[0] != 0 && way[a] != 0; a++) {
            char other = pinyin_text(way[a])[0];

            for (size_t k = 0; k < before && other != usual && ways < INITIALS_WAYS; k++) {
                memcpy(letters[ways], letters[k], i);
                letters[ways++][i] = other;
            }
        }
    }
    for (size_t k = 0; k < ways; k++)
        w->take(w->arg, &(struct token){letters[k], n, TOKEN_INITIALS, 0, r->unit + from, r->unit_end + from, n});
}

/* The initials of the whole, with 市 left out. */
static void take_short_initials(const struct walk *w, const struct reading *r)
{
    struct reading s = {.n = 0};

    for (size_t i = 0; i < r->n && i < INITIALS_MAX + 2; i++) {
        if (i > 0 && token_is_left_out(r->chars[i]))
            continue;
        s.unit[s.n] = r->unit[i];
        s.unit_end[s.n] = r->unit_end[i];
        memcpy(s.way[s.n++], r->way[i], sizeof(s.way[0]));
    }
    if (s.n > 1 && s.n < r->n && s.n < INITIALS_MAX + 2)
        take_initials(w, &s, 0);
}

/* Pinyin of the characters up to a legal form. */
static void take_pinyin(const struct walk *w, struct reading *r, const char *run, size_t len)
{
    size_t n = 0;

    len = text_company_core(run, len);
    for (const char *end = run + len; run < end && n < r->n; n++)
        utf8_next(&run, end);
    r->n = n;
    pinyin_read(r->chars, r->n, r->way);
    bool left_out = false;

    if (r->n > 1 && r->n <= PERSON_MAX) /* surname and given name by themselves: "ming wang", "wang shenzhen" */
        take_alone(w, r, 0);
    if (r->n > 1 && r->n < PERSON_MAX)
        take_alone(w, r, r->n - 1);
    for (size_t i = 0; i < r->n; i++) {
        if (r->way[i][0] != 0)
            take_readings(w, r, i, i + 1);
        if (i + 2 < r->n && r->way[i][0] != 0 && token_is_left_out(r->chars[i + 1])) {
            take_readings(w, r, i, i + 2);
            left_out = true;
        }
    }
    if (left_out)
        take_short_initials(w, r);
    for (size_t i = 0; i + 1 < r->n && (i == 0 || (r->n > INITIALS_FROM && i < INITIALS_FROM)); i++)
        take_initials(w, r, i);
}

/* Pairs of characters and the last one alone.  Punctuation between them does not count. */
static void take_cjk(const struct walk *w, const struct scan_piece *piece, bool readings)
{
    struct reading r;
    char pair[8], over[8], run[READ_MAX * 4];
    uint32_t unit[3] = {0}, unit_end[3] = {0}; /* of the character before the last, the last, this one */
    size_t before = 0, over_len = 0, run_len = 0; /* bytes of the last; of the one before 市 */

    r.n = 0;
    for (const char *p = piece->s, *end = p + piece->len; p < end;) {
        const char *at = p;
        uint32_t c = utf8_next(&p, end);
        size_t n = (size_t)(p - at);

        if (text_class(c) == TEXT_OTHER)
            continue;
        memcpy(pair + before, at, n);
        unit[2] = (uint32_t)(at - w->text);
        unit_end[2] = (uint32_t)(p - w->text);
        if (before > 0)
            w->take(w->arg, &(struct token){pair, before + n, TOKEN_PAIR, 0, unit + 1, unit_end + 1, 2});
        if (over_len > 0) {
            memcpy(over + over_len, at, n);
            w->take(w->arg, &(struct token){over, over_len + n, TOKEN_PAIR, 0, unit, unit_end, 3});
        }
        over_len = before > 0 && token_is_left_out(c) ? before : 0;
        memcpy(over, pair, over_len);
        memcpy(pair, at, n);
        before = n;
        memmove(unit, unit + 1, 2 * sizeof(*unit));
        memmove(unit_end, unit_end + 1, 2 * sizeof(*unit_end));
        if (r.n < READ_MAX) {
            memcpy(run + run_len, at, n);
            run_len += n;
            r.unit[r.n] = unit[2];
            r.unit_end[r.n] = unit_end[2];
            r.chars[r.n++] = c;
        }
    }
    w->take(w->arg, &(struct token){pair, before, TOKEN_PAIR, 0, unit + 1, unit_end + 1, 1});
    if (readings)
        take_pinyin(w, &r, run, run_len);
}

void tokens_walk(const char *folded, size_t len, bool readings,
                 void (*take)(void *arg, const struct token *t), void *arg)
{
    struct walk w = {folded, take, arg};
    struct scan in = {folded, folded, folded + len, 7, false};
    struct scan_piece piece = scan_next(&in), next;
    const char *joined = NULL; /* where the first of several words starts that hyphens join */

    for (; piece.kind != SCAN_END; piece = next) {
        const char *end = piece.s + piece.len;

        next = scan_next(&in);
        if (piece.kind == SCAN_CJK)
            take_cjk(&w, &piece, readings);
        else if (piece.kind == SCAN_NUMBER)
            take_number(&w, &piece);
        else if (!scan_is_common_label(&in, &piece, false))
            take_word(&w, piece.s, end);
        if (piece.kind == SCAN_WORD && next.kind == SCAN_WORD && next.s == end + 1 && token_is_inside(*end)) {
            joined = joined != NULL ? joined : piece.s;
        } else if (joined != NULL) {
            take_word(&w, joined, end);
            joined = NULL;
        }
    }
}
