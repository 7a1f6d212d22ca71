/* query.c - what a user typed as terms to look for. */
#include <string.h>

#include "text/company.h"
#include "text/fold.h"
#include "text/pinyin.h"
#include "text/scan.h"
#include "text/tables.h"
#include "text/telex.h"
#include "text/tokens.h"
#include "text/utf8.h"
#include "text/valid.h"
#include "text/walk.h"

#define QUERY_CHARS 200
#define WORDS_MAX 8 /* of one term; a rule below makes at most 7 */

struct making {
    struct arena *a;
    struct text_query *query;
};

/* The next term, or NULL when there are enough.  What is left out makes only a few hits more. */
static struct text_term *new_term(struct making *m)
{
    if (m->query->n == TEXT_TERMS_MAX)
        return NULL;
    struct text_term *t = &m->query->term[m->query->n++];

    t->any = arena_alloc(m->a, WORDS_MAX * sizeof(*t->any));
    return t;
}

static void add_word(struct making *m, struct text_term *t, const char *s, size_t len, bool prefix)
{
    if (t != NULL && t->n < WORDS_MAX && len > 0)
        t->any[t->n++] = (struct text_word){arena_strndup(m->a, s, len), len, prefix};
}

/* Each pair of characters; one alone is the start of a pair. */
static void cjk_terms(struct making *m, const struct scan_piece *piece)
{
    char pair[8], over[8];
    size_t len = 0, over_len = 0, chars = 0;
    struct text_term *to_place = NULL; /* the pair that ends in 市 */

    for (const char *p = piece->s, *end = p + piece->len; p < end;) {
        const char *at = p;

        uint32_t c = utf8_next(&p, end);
        size_t n = (size_t)(p - at);

        if (text_class(c) == TEXT_OTHER)
            continue;
        memcpy(pair + len, at, n);
        if (chars++ > 0) {
            struct text_term *t = new_term(m);

            add_word(m, t, pair, len + n, false);
            if (over_len > 0) { /* without the 市 between, as others write it */
                memcpy(over + over_len, at, n);
                add_word(m, t, over, over_len + n, false);
                add_word(m, to_place, over, over_len + n, false);
            }
            over_len = token_is_left_out(c) ? len : 0;
            memcpy(over, pair, over_len);
            to_place = t;
        }
        memcpy(pair, at, n);
        len = n;
    }
    if (chars == 1)
        add_word(m, new_term(m), pair, len, true);
}

static bool is_plain(const char *s, size_t len, const char *chars)
{
    return strspn(s, chars) >= len;
}

/* The i-th pair of syllables of a reading, or its last one. */
static void add_pair(struct making *m, struct text_term *t, const char *s,
                     const struct pinyin_way *way, size_t i)
{
    size_t at = 0, last = way->n - 2;

    for (size_t k = 0; k < (i < last ? i : last); k++)
        at += way->len[k];
    i = i < last ? i : last;
    add_word(m, t, s + at, (size_t)way->len[i] + way->len[i + 1], i == last);
}

/* A word, or the pinyin of three characters and more: then each pair of its syllables.  (Two
 * syllables are one pair, which the word itself finds already.)  With several readings a term asks
 * for the pair at one place of any of them. */
static void word_terms(struct making *m, const char *s, size_t len, bool last)
{
    struct pinyin_way ways[PINYIN_WAYS];
    char telex[TELEX_MAX];
    size_t n = 0, pairs = 1, syllable = 0;
    bool initials = len > 1 && is_plain(s, len, "bcdfghjklmnpqrstwxyz");

    if (is_plain(s, len, "abcdefghijklmnopqrstuvwxyz")) {
        n = pinyin_cut(s, len, last, ways);
        syllable = telex_syllable(telex, s, len);
    }
    for (size_t i = 0; i < n; i++)
        if (ways[i].n >= 3 && ways[i].n - 1 > pairs)
            pairs = ways[i].n - 1;
    for (size_t i = 0; i < pairs; i++) {
        struct text_term *t = new_term(m);

        add_word(m, t, s, len, last || initials);
        add_word(m, t, telex, syllable, false);
        for (size_t w = 0; w < n; w++)
            if (ways[w].n >= 3)
                add_pair(m, t, s, &ways[w], i);
    }
}

static void add_reversed(struct making *m, struct text_term *t, const char *digits, size_t len)
{
    char token[4 + SCAN_NUMBER_MAX] = TEXT_TOKEN_REVERSED;
    size_t n = strlen(token);

    while (len > 0)
        token[n++] = digits[--len];
    add_word(m, t, token, n, true);
}

/* What finds the number as a whole: its start inside the country, its end.  It may be stored with a
 * calling code or without, and be asked for with one or without. */
static void add_number(struct making *m, struct text_term *t, const struct scan_number *n)
{
    const char *national = n->all + n->national;
    size_t left = n->len - n->national;

    if (n->groups > 1 || (n->national > 0 && left >= 2))
        add_word(m, t, national, left, true);
    if (n->len >= 4)
        add_reversed(m, t, n->all, n->len);
    if (n->national > 0 && left >= 7)
        add_reversed(m, t, national, left);
    size_t code = n->national == 0 && n->len >= 11 ? scan_calling_code(n->all, n->len) : 0;

    if (code > 1 || (code == 1 && n->len > 11)) {
        add_word(m, t, n->all + code, n->len - code, true);
        add_reversed(m, t, n->all + code, n->len - code);
    }
}

/* Digits: the number as a whole, or each group of it as a word of its own. */
static void number_terms(struct making *m, const struct scan_piece *piece, bool last)
{
    struct scan_number n;
    const char *end = piece->s + piece->len;

    scan_number(piece, &n);
    for (const char *p = piece->s; p < end;) {
        size_t len = strspn(p, "0123456789");

        if (p + len > end)
            len = (size_t)(end - p);
        if (len > 0) {
            struct text_term *t = new_term(m);

            add_word(m, t, p, len, (last && p + len == end) || n.len >= 4);
            add_number(m, t, &n);
        }
        p += len + 1;
    }
}

static void word_piece(struct making *m, const struct scan_piece *piece, bool last)
{
    char word[SCAN_TOKEN_MAX + 1];
    size_t len = 0;

    for (const char *p = piece->s, *end = p + piece->len; p < end;) {
        const char *at = p;

        if (utf8_next(&p, end) == '\'')
            continue;
        if (len + (size_t)(p - at) > SCAN_TOKEN_MAX)
            break;
        memcpy(word + len, at, (size_t)(p - at));
        len += (size_t)(p - at);
    }
    word[len] = '\0';
    word_terms(m, word, len, last);
}

struct text_query *text_tokens_query(struct arena *a, const char *s, size_t len)
{
    struct making m = {.a = a, .query = arena_alloc(a, sizeof(*m.query))};
    struct buf folded = BUF_INIT;

    m.query->term = arena_alloc(a, TEXT_TERMS_MAX * sizeof(*m.query->term));
    text_trim(&s, &len);
    text_fold(&folded, s, text_limit(s, len, QUERY_CHARS));
    size_t from = 0, to = folded.len;

    text_company_typed(buf_str(&folded), &from, &to);
    struct scan in = {folded.s, folded.s + from, folded.s + to, 1, true};
    struct scan_piece piece = scan_next(&in), next;

    for (; piece.kind != SCAN_END; piece = next) {
        bool open = in.p == in.end && to == folded.len; /* nothing behind it: it may be unfinished */

        next = scan_next(&in);
        /* "van t": while typing, one letter more would only make the search slow. */
        if (open && m.query->n > 0 && piece.kind == SCAN_WORD && piece.len == 1)
            break;
        if (m.query->n > 0 && scan_is_common_label(&in, &piece, open))
            continue;
        if (piece.kind == SCAN_CJK)
            cjk_terms(&m, &piece);
        else if (piece.kind == SCAN_NUMBER)
            number_terms(&m, &piece, open);
        else
            word_piece(&m, &piece, open);
    }
    buf_free(&folded);
    return m.query;
}
