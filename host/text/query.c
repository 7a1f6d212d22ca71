/* query.c - what a user typed as terms to look for. */
#include <string.h>

#include "text/fold.h"
#include "text/pinyin.h"
#include "text/scan.h"
#include "text/tables.h"
#include "text/tokens.h"
#include "text/utf8.h"
#include "text/valid.h"

#define QUERY_CHARS 200
#define TERMS_MAX 16
#define PHRASES_MAX 12 /* of one term; a rule below makes at most 2 + PINYIN_WAYS or 7 */
#define TOKENS_MAX 48

struct making {
    struct arena *a;
    struct text_query *query;
    struct text_term *term; /* the one being made */
    struct text_phrase *phrase;
};

static void new_term(struct making *m)
{
    m->term = &m->query->term[m->query->n++];
    m->term->phrase = arena_alloc(m->a, PHRASES_MAX * sizeof(*m->term->phrase));
}

static void new_phrase(struct making *m, bool prefix)
{
    m->phrase = &m->term->phrase[m->term->n++];
    m->phrase->token = arena_alloc(m->a, TOKENS_MAX * sizeof(*m->phrase->token));
    m->phrase->prefix = prefix;
}

static void add_token(struct making *m, const char *s, size_t len)
{
    if (m->phrase->n < TOKENS_MAX)
        m->phrase->token[m->phrase->n++] = arena_strndup(m->a, s, len);
}

/* One character is the start of a pair; more are a phrase of pairs. */
static void cjk_term(struct making *m, const struct scan_piece *piece)
{
    char run[QUERY_CHARS * 4];
    size_t len = 0, before = 0, chars = 0;

    new_term(m);
    new_phrase(m, false);
    for (const char *p = piece->s, *end = p + piece->len; p < end;) {
        const char *at = p;

        if (text_class(utf8_next(&p, end)) == TEXT_OTHER || len + 4 > sizeof(run))
            continue;
        memcpy(run + len, at, (size_t)(p - at));
        len += (size_t)(p - at);
        if (chars++ > 0) {
            add_token(m, run + before, len - before);
            before = len - (size_t)(p - at);
        }
    }
    if (chars == 1) {
        add_token(m, run, len);
        m->phrase->prefix = true;
    }
}

/* The phrase of pairs for one way to read letters as pinyin.  Two syllables are one pair, which the
 * word itself finds already. */
static void pinyin_phrase(struct making *m, const char *s, const struct pinyin_way *way)
{
    size_t at = 0;

    if (way->n < 3)
        return;
    new_phrase(m, true);
    for (size_t i = 0; i + 1 < way->n; i++) {
        add_token(m, s + at, (size_t)way->len[i] + way->len[i + 1]);
        at += way->len[i];
    }
}

static bool is_plain(const char *s, size_t len, const char *chars)
{
    return strspn(s, chars) >= len;
}

static void word_term(struct making *m, const char *s, size_t len, bool last)
{
    struct pinyin_way ways[PINYIN_WAYS];
    size_t n = 0;
    bool initials = len > 1 && is_plain(s, len, "bcdfghjklmnpqrstwxyz");

    new_term(m);
    new_phrase(m, last || initials);
    add_token(m, s, len);
    if (is_plain(s, len, "abcdefghijklmnopqrstuvwxyz"))
        n = pinyin_cut(s, len, last, ways);
    for (size_t i = 0; i < n; i++)
        pinyin_phrase(m, s, &ways[i]);
}

static void reversed_phrase(struct making *m, const char *digits, size_t len)
{
    char token[4 + SCAN_NUMBER_MAX + 1] = TEXT_TOKEN_REVERSED;
    size_t n = strlen(token);

    while (len > 0)
        token[n++] = digits[--len];
    new_phrase(m, true);
    add_token(m, token, n);
}

static void prefix_phrase(struct making *m, const char *s, size_t len)
{
    new_phrase(m, true);
    add_token(m, s, len);
}

/* Digits: the groups as words, the start of a number in the country, its end.  A number may be
 * stored with a calling code or without, and be asked for with one or without. */
static void number_term(struct making *m, const struct scan_piece *piece, bool last)
{
    struct scan_number n;

    scan_number(piece, &n);
    new_term(m);
    new_phrase(m, last || n.len >= 4);
    for (size_t i = 0, start = 0; i <= piece->len; i++) {
        bool digit = i < piece->len && piece->s[i] >= '0' && piece->s[i] <= '9';

        if (!digit && i > start)
            add_token(m, piece->s + start, i - start);
        if (!digit)
            start = i + 1;
    }
    const char *national = n.all + n.national;
    size_t left = n.len - n.national;

    if (n.groups > 1 || (n.national > 0 && left >= 2))
        prefix_phrase(m, national, left);
    if (n.len >= 4)
        reversed_phrase(m, n.all, n.len);
    if (n.national > 0 && left >= 7)
        reversed_phrase(m, national, left);
    size_t code = n.national == 0 && n.len >= 11 ? scan_calling_code(n.all, n.len) : 0;

    if (code > 1 || (code == 1 && n.len > 11)) {
        prefix_phrase(m, n.all + code, n.len - code);
        reversed_phrase(m, n.all + code, n.len - code);
    }
}

/* Words joined by something else than blanks, info@abc.com, are one phrase. */
static void joined_term(struct making *m, const struct scan_piece *pieces, size_t n, bool last)
{
    if (n > 1) {
        new_term(m);
        new_phrase(m, last);
    }
    for (size_t i = 0; i < n; i++) {
        char word[SCAN_TOKEN_MAX + 1];
        size_t len = 0;

        for (const char *p = pieces[i].s, *end = p + pieces[i].len; p < end;) {
            const char *at = p;

            if (utf8_next(&p, end) == '\'')
                continue;
            if (len + (size_t)(p - at) > SCAN_TOKEN_MAX)
                break;
            memcpy(word + len, at, (size_t)(p - at));
            len += (size_t)(p - at);
        }
        word[len] = '\0';
        if (n == 1)
            word_term(m, word, len, last);
        else
            add_token(m, word, len);
    }
}

struct text_query *text_tokens_query(struct arena *a, const char *s, size_t len)
{
    struct making m = {.a = a, .query = arena_alloc(a, sizeof(*m.query))};
    struct scan_piece pieces[QUERY_CHARS];
    struct buf folded = BUF_INIT;
    size_t n = 0;

    m.query->term = arena_alloc(a, TERMS_MAX * sizeof(*m.query->term));
    text_trim(&s, &len);
    text_fold(&folded, s, text_limit(s, len, QUERY_CHARS));
    struct scan in = {folded.s, folded.s, folded.s + folded.len, 1, true};

    while (n < QUERY_CHARS && (pieces[n] = scan_next(&in)).kind != SCAN_END)
        n++;
    for (size_t i = 0; i < n && m.query->n < TERMS_MAX;) {
        size_t many = 1;

        while (pieces[i].kind == SCAN_WORD && i + many < n && pieces[i + many].joined &&
               pieces[i + many].kind == SCAN_WORD)
            many++;
        /* "van t": while typing, one letter more would only make the search slow. */
        if (m.query->n > 0 && i + 1 == n && pieces[i].kind == SCAN_WORD && pieces[i].len == 1)
            break;
        if (pieces[i].kind == SCAN_CJK)
            cjk_term(&m, &pieces[i]);
        else if (pieces[i].kind == SCAN_NUMBER)
            number_term(&m, &pieces[i], i + 1 == n);
        else
            joined_term(&m, pieces + i, many, i + many == n);
        i += many;
    }
    buf_free(&folded);
    return m.query;
}
