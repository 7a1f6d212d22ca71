/* query.c - what a user typed as terms to look for.
 *
 * A term is one word or another, and all terms must be met.  What may be read in several ways ("yuan hang" as two words
 * or as the pinyin of two characters) becomes terms that each of the ways meets: loosely, when a record has one half
 * of one way and one half of another, which costs a hit more and never one less. */
#include <stdio.h>
#include <string.h>

#include "text/company.h"
#include "text/fold.h"
#include "text/pinyin.h"
#include "text/scan.h"
#include "text/tables.h"
#include "text/telex.h"
#include "text/tokens.h"
#include "text/umlaut.h"
#include "text/utf8.h"
#include "text/valid.h"
#include "text/walk.h"

#define QUERY_CHARS 200
#define WORDS_MAX 16 /* of one term */
#define WAYS_MAX 6   /* to read one word */
#define PARTS_MAX TEXT_TERMS_MAX

struct making {
    struct arena *a;
    struct text_query *query;
    bool together;
};

/* What was typed, in its order: a word or run with what stands before and behind it. */
struct typed {
    struct scan_piece before, is, next; /* SCAN_END: nothing */
    bool open, next_open;               /* may be unfinished */
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
    if (t == NULL || len == 0)
        return;
    for (size_t i = 0; i < t->n; i++)
        if (t->any[i].len == len && memcmp(t->any[i].s, s, len) == 0) {
            t->any[i].prefix |= prefix;
            return;
        }
    if (t->n < WORDS_MAX)
        t->any[t->n++] = (struct text_word){arena_strndup(m->a, s, len), len, prefix};
}

/* ---- ways to read ---- */

/* Each part must be found, by one of its words.  `pairs`: parts overlap, as pairs of characters or syllables do. */
struct way {
    struct text_word part[PARTS_MAX][2];
    size_t n;
    bool pairs;
};

static void add_part(struct making *m, struct way *w, const char *s, size_t len, bool prefix)
{
    if (w->n < PARTS_MAX)
        w->part[w->n++][0] = (struct text_word){arena_strndup(m->a, s, len), len, prefix};
}

/* People leave out what stands between (远航物流 for 远航国际物流).  So of pairs the first and the last must be there,
 * and each character between in one of its two: parts of two characters and more that stand anywhere. */
static bool may_gap(const struct making *m, const struct way *w)
{
    return w->pairs && w->n >= 3 && !m->together;
}

static size_t way_terms(const struct making *m, const struct way *w)
{
    return may_gap(m, w) ? w->n - 1 : w->n;
}

static void add_way(struct making *m, struct text_term *t, const struct way *w, size_t i)
{
    size_t terms = way_terms(m, w), from, to;

    i = i < terms ? i : terms - 1;
    from = to = i;
    if (may_gap(m, w)) {
        from += i == terms - 1;
        to += i > 0;
    }
    for (size_t k = from; k <= to; k++)
        for (size_t a = 0; a < 2; a++)
            add_word(m, t, w->part[k][a].s, w->part[k][a].len, w->part[k][a].prefix);
}

/* ---- characters ---- */

/* Each pair of characters; one alone is the start of a pair. */
static void cjk_terms(struct making *m, const struct scan_piece *piece)
{
    struct way w = {.pairs = true};
    char pair[8], over[8];
    size_t len = 0, over_len = 0, chars = 0;

    for (const char *p = piece->s, *end = p + piece->len; p < end && w.n < PARTS_MAX;) {
        const char *at = p;

        uint32_t c = utf8_next(&p, end);
        size_t n = (size_t)(p - at);

        if (text_class(c) == TEXT_OTHER)
            continue;
        memcpy(pair + len, at, n);
        if (chars++ > 0) {
            add_part(m, &w, pair, len + n, false);
            if (over_len > 0) { /* without the 市 between, as others write it: instead of the pairs on both sides */
                memcpy(over + over_len, at, n);
                w.part[w.n - 1][1] = w.part[w.n - 2][1] =
                    (struct text_word){arena_strndup(m->a, over, over_len + n), over_len + n, false};
            }
            over_len = token_is_left_out(c) ? len : 0;
            memcpy(over, pair, over_len);
        }
        memcpy(pair, at, n);
        len = n;
    }
    if (chars == 1)
        add_word(m, new_term(m), pair, len, true);
    for (size_t i = 0; i < way_terms(m, &w); i++)
        add_way(m, new_term(m), &w, i);
}

/* ---- words ---- */

static bool is_plain(const char *s, size_t len, const char *chars)
{
    return strspn(s, chars) >= len;
}

static bool is_letters(const char *s, size_t len)
{
    return is_plain(s, len, "abcdefghijklmnopqrstuvwxyz");
}

/* A word without apostrophes, or the first or last digits of a number; 0 for characters. */
static size_t edge_text(char to[SCAN_TOKEN_MAX + 1], const struct scan_piece *p, bool last)
{
    const char *s = p->s, *end = s + p->len;
    size_t len = 0;

    if (p->kind == SCAN_NUMBER) {
        if (last)
            for (s = end; s > p->s && s[-1] >= '0' && s[-1] <= '9';)
                s--;
        len = strspn(s += *s == '+', "0123456789");
        len = len < (size_t)(end - s) ? len : (size_t)(end - s);
        memcpy(to, s, len);
    }
    while (p->kind == SCAN_WORD && s < end) {
        const char *at = s;

        if (utf8_next(&s, end) == '\'')
            continue;
        if (len + (size_t)(s - at) > SCAN_TOKEN_MAX)
            break;
        memcpy(to + len, at, (size_t)(s - at));
        len += (size_t)(s - at);
    }
    to[len] = '\0';
    return len;
}

/* How the last, or the first, syllable of a neighbour is read; "" ends the list. */
static void edge_syllables(char to[PINYIN_READINGS + 1][8], const struct scan_piece *p, bool last, bool open)
{
    struct pinyin_way way[PINYIN_WAYS];
    uint16_t read[1][PINYIN_READINGS];
    char word[SCAN_TOKEN_MAX + 1];
    size_t len = edge_text(word, p, last), n = 0;

    if (p->kind == SCAN_WORD && is_letters(word, len) && pinyin_cut(word, len, open && !last, way) > 0) {
        size_t part = way[0].len[last ? way[0].n - 1 : 0];

        memcpy(to[n], last ? word + len - part : word, part);
        to[n++][part] = '\0';
    } else if (p->kind == SCAN_CJK) {
        const char *at = last ? p->s + p->len - 1 : p->s;

        while (last && at > p->s && ((uint8_t)*at & 0xc0) == 0x80)
            at--;
        uint32_t c = utf8_next(&at, p->s + p->len);

        for (pinyin_read(&c, 1, read); n < PINYIN_READINGS && read[0][n] != 0; n++)
            strcpy(to[n], pinyin_text(read[0][n]));
    }
    to[n][0] = '\0';
}

static void add_joined(struct making *m, struct text_term *t, const char *a, const char *b, bool prefix)
{
    char both[2 * SCAN_TOKEN_MAX + 2];
    size_t len = strlen(a), more = strlen(b);

    if (len == 0 || more == 0 || len + more > SCAN_TOKEN_MAX)
        return;
    memcpy(both, a, len);
    memcpy(both + len, b, more + 1);
    add_word(m, t, both, len + more, prefix);
}

/* Written as one word in the record: "bk 2026", "bright water"; and the syllables of two characters: "yuan hang",
 * "wang xiaoming", "yuan航".  Both words of the two ask for it. */
static void add_neighbours(struct making *m, struct text_term *t, const struct typed *w, const char *s, bool syllable)
{
    char word[SCAN_TOKEN_MAX + 1], syllables[PINYIN_READINGS + 1][8];

    if (edge_text(word, &w->before, true) > 0)
        add_joined(m, t, word, s, w->open);
    if (edge_text(word, &w->next, false) > 0)
        add_joined(m, t, s, word, w->next_open);
    if (!syllable)
        return;
    edge_syllables(syllables, &w->before, true, false);
    for (size_t i = 0; syllables[i][0] != '\0'; i++)
        add_joined(m, t, syllables[i], s, w->open);
    edge_syllables(syllables, &w->next, false, w->next_open);
    for (size_t i = 0; syllables[i][0] != '\0'; i++)
        add_joined(m, t, s, syllables[i], w->next_open);
}

/* The ways of pinyin of three syllables and more.  (Two are one pair, which the word itself finds already.) */
static size_t pinyin_ways(struct making *m, const char *s, size_t len, bool open, struct way *to, size_t most, bool *syllable)
{
    struct pinyin_way cut[PINYIN_WAYS];
    size_t n = pinyin_cut(s, len, open, cut), ways = 0;

    for (size_t i = 0; i < n; i++) {
        *syllable |= cut[i].n == 1;
        if (cut[i].n < 3 || ways == most)
            continue;
        struct way *w = &to[ways++];
        size_t at = 0;

        w->pairs = true;
        for (size_t k = 0; k + 1 < cut[i].n; at += cut[i].len[k++])
            add_part(m, w, s + at, (size_t)cut[i].len[k] + cut[i].len[k + 1], k + 2 == cut[i].n);
    }
    return ways;
}

/* The pairs of `len` letters as parts of the way; false when they are not two syllables and more. */
static bool add_pairs(struct making *m, struct way *w, const char *s, size_t len, bool open)
{
    struct pinyin_way cut[PINYIN_WAYS];

    if (pinyin_cut(s, len, open, cut) == 0 || cut[0].n < 2)
        return false;
    for (size_t k = 0, at = 0; k + 1 < cut[0].n; at += cut[0].len[k++])
        add_part(m, w, s + at, (size_t)cut[0].len[k] + cut[0].len[k + 1], k + 2 == cut[0].n);
    return true;
}

#define CONSONANTS "bcdfghjklmnpqrstwxyz"

/* Initials of some characters, the rest in full (szyuanhang, yhlogistics); or initials behind pinyin (shenzhenyh). */
static bool initials_way(struct making *m, const char *s, size_t len, bool open, struct way *w)
{
    size_t first = strspn(s, CONSONANTS), tail = len;

    if (first == len || len < 5)
        return false;
    for (size_t from = first > 2 && s[first - 1] == 'h' && strchr("zcs", s[first - 2]) != NULL ? first - 2 : first - 1;
         first > 2 && from < first; from++) {
        *w = (struct way){.n = 0};
        if (from < 2)
            continue;
        add_part(m, w, s, from, true);
        w->pairs = add_pairs(m, w, s + from, len - from, open);
        if (w->pairs)
            return true;
        if (len - from >= 4) {
            add_part(m, w, s + from, len - from, open);
            return true;
        }
    }
    while (tail > 0 && strchr(CONSONANTS, s[tail - 1]) != NULL)
        tail--;
    for (size_t from = len - 2; len - tail >= 2 && from >= tail; from--) {
        *w = (struct way){.n = 0};
        if (add_pairs(m, w, s, from, false)) {
            w->part[w->n - 1][0].prefix = false;
            add_part(m, w, s + from, len - from, true);
            return true;
        }
    }
    return false;
}

/* Initials or pinyin with digits behind (nbyy59, ningbo59): those, and the digits as a word.  Of two letters it would be
 * a code more often than a name, and would ask for very many names. */
static bool numbered_way(struct making *m, const char *s, size_t len, bool open, struct way *w)
{
    size_t letters = strspn(s, "abcdefghijklmnopqrstuvwxyz");

    if (letters < 3 || letters == len || !is_plain(s + letters, len - letters, "0123456789"))
        return false;
    *w = (struct way){.n = 0};
    if (is_plain(s, letters, CONSONANTS))
        add_part(m, w, s, letters, true);
    else if (!add_pairs(m, w, s, letters, false))
        return false;
    add_part(m, w, s + letters, len - letters, open);
    return true;
}

/* Vietnamese written together: hanoi, saodo. */
static size_t vietnamese_ways(struct making *m, const char *s, size_t len, struct way *to)
{
    struct telex_way cut[TELEX_WAYS];
    size_t n = telex_cut(s, len, cut);

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0, at = 0; k < cut[i].n; at += cut[i].len[k++])
            add_part(m, &to[i], s + at, cut[i].len[k], false);
    return n;
}

/* lue, nue, lyu and nyu as others write lve, nve, lv and nv; false when there is none. */
static bool with_v(char *to, const char *s, size_t len)
{
    bool any = false;

    memcpy(to, s, len + 1);
    for (char *p = to; *p != '\0'; p++) {
        if ((*p != 'l' && *p != 'n') || (p > to && strchr("aeiou", p[-1]) == NULL && p[-1] != 'n' && p[-1] != 'g'))
            continue;
        if (p[1] == 'u' && p[2] == 'e') {
            p[1] = 'v';
            any = true;
        } else if (p[1] == 'y' && p[2] == 'u') {
            p[1] = 'v';
            memmove(p + 2, p + 3, strlen(p + 3) + 1);
            any = true;
        }
    }
    return any;
}

static void word_terms(struct making *m, const struct typed *w)
{
    char s[SCAN_TOKEN_MAX + 1], telex[TELEX_MAX], plain[SCAN_TOKEN_MAX], v[SCAN_TOKEN_MAX + 1] = "";
    struct way *way = arena_alloc(m->a, WAYS_MAX * sizeof(*way));
    size_t len = edge_text(s, &w->is, false), n = 0, terms = 1, meant = telex_syllable(telex, s, len), umlauts = 0;
    bool syllable = false, initials = len > 1 && is_plain(s, len, CONSONANTS);

    if (is_letters(s, len)) {
        umlauts = umlaut_plain(plain, s, len);
        n = pinyin_ways(m, s, len, w->open, way, PINYIN_WAYS, &syllable);
        if (with_v(v, s, len))
            n += pinyin_ways(m, v, strlen(v), w->open, way + n, 1, &syllable);
        else
            v[0] = '\0';
        if (n == 0 && !syllable && initials_way(m, s, len, w->open, &way[n]))
            n++;
        if (n + TELEX_WAYS <= WAYS_MAX)
            n += vietnamese_ways(m, s, len, way + n);
    } else if (numbered_way(m, s, len, w->open, way)) {
        n = 1;
    }
    for (size_t i = 0; i < n; i++)
        if (way_terms(m, &way[i]) > terms)
            terms = way_terms(m, &way[i]);
    for (size_t i = 0; i < terms; i++) {
        struct text_term *t = new_term(m);

        add_word(m, t, s, len, w->open || initials);
        add_word(m, t, telex, meant, false);
        add_word(m, t, plain, umlauts, w->open && len >= 5);
        add_word(m, t, v, strlen(v), w->open);
        for (size_t k = 0; k < n; k++)
            add_way(m, t, &way[k], i);
        if (t != NULL)
            add_neighbours(m, t, w, s, syllable);
    }
}

/* ---- numbers ---- */

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
static void number_terms(struct making *m, const struct typed *w)
{
    const struct scan_piece *piece = &w->is;
    const char *end = piece->s + piece->len;
    struct scan_number n;
    char word[SCAN_TOKEN_MAX + 1], group[SCAN_NUMBER_MAX + 1];

    scan_number(piece, &n);
    for (const char *p = piece->s; p < end;) {
        size_t len = strspn(p, "0123456789");

        if (p + len > end)
            len = (size_t)(end - p);
        if (len > 0) {
            struct text_term *t = new_term(m);

            snprintf(group, sizeof(group), "%.*s", (int)len, p);
            add_word(m, t, p, len, (w->open && p + len == end) || n.len >= 4);
            add_number(m, t, &n);
            if (p == piece->s && edge_text(word, &w->before, true) > 0)
                add_joined(m, t, word, group, w->open && len == piece->len);
            if (p + len == end && edge_text(word, &w->next, false) > 0)
                add_joined(m, t, group, word, w->next_open);
        }
        p += len + 1;
    }
}

/* "https://www." of an address that was pasted. */
static bool is_address_start(const struct scan *in, const struct scan_piece *p)
{
    static const char *const starts[] = {"http://", "https://", "www."};

    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        if (p->kind == SCAN_WORD && (size_t)(in->end - p->s) > strlen(starts[i]) &&
            memcmp(p->s, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

static struct text_query *make(struct arena *a, const char *s, size_t len, bool together)
{
    struct making m = {.a = a, .query = arena_alloc(a, sizeof(*m.query)), .together = together};
    struct buf folded = BUF_INIT;

    m.query->term = arena_alloc(a, TEXT_TERMS_MAX * sizeof(*m.query->term));
    text_trim(&s, &len);
    text_fold(&folded, s, text_limit(s, len, QUERY_CHARS));
    size_t from = 0, to = folded.len;

    text_company_typed(buf_str(&folded), &from, &to);
    struct scan in = {folded.s, folded.s + from, folded.s + to, 1, true};
    struct typed w = {.is = scan_next(&in), .open = in.p == in.end && to == folded.len};

    for (; w.is.kind != SCAN_END; w.before = w.is, w.is = w.next, w.open = w.next_open) {
        w.next = scan_next(&in);
        w.next_open = w.next.kind != SCAN_END && in.p == in.end && to == folded.len; /* nothing behind it */
        if (m.query->n == 0 && is_address_start(&in, &w.is))
            w.is.kind = SCAN_END; /* none before the next */
        /* "van t": while typing, one letter more would only make the search slow. */
        else if (w.open && m.query->n > 0 && w.is.kind == SCAN_WORD && w.is.len == 1)
            break;
        else if (m.query->n > 0 && scan_is_common_label(&in, &w.is, w.open))
            continue;
        else if (w.is.kind == SCAN_CJK)
            cjk_terms(&m, &w.is);
        else if (w.is.kind == SCAN_NUMBER)
            number_terms(&m, &w);
        else
            word_terms(&m, &w);
    }
    buf_free(&folded);
    return m.query;
}

struct text_query *text_tokens_query(struct arena *a, const char *s, size_t len)
{
    return make(a, s, len, false);
}

struct text_query *text_tokens_query_together(struct arena *a, const char *s, size_t len)
{
    return make(a, s, len, true);
}
