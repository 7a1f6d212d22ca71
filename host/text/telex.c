/* telex.c - Vietnamese typed with the keys of Telex or VNI where no input method took them, or without blanks.
 *
 * Telex: aa ee oo dd stand for a letter with a sign, w behind a vowel for another, and one of s f r x j behind the
 * first vowel for the tone: right there, or as late as at the end.  VNI: 6 7 8, 9 behind d, and 1 to 5. */
#include "text/telex.h"

#include <stdbool.h>
#include <string.h>

static bool is_one_of(const char *list, const char *s, size_t len)
{
    for (const char *at = list; *at != '\0';) {
        size_t n = strcspn(at, " ");

        if (n == len && memcmp(at, s, n) == 0)
            return true;
        at += n + (at[n] == ' ');
    }
    return false;
}

/* As Vietnamese spells a syllable: what it begins with, vowels, what it ends with. */
static bool is_syllable(const char *s, size_t len)
{
    size_t a = 0, b;

    while (a < len && strchr("aeiouy", s[a]) == NULL)
        a++;
    for (b = a; b < len && strchr("aeiouy", s[b]) != NULL; b++)
        continue;
    if (a > 1 && memcmp(s + a - 2, "gh", 2) == 0 && (a == len || strchr("ei", s[a]) == NULL))
        return false;
    return b > a && (a == 0 || is_one_of("b c ch d g gh h k kh l m n ng ngh nh p ph q r s t th tr v x", s, a)) &&
           is_one_of("a ai ao au ay e eo eu i ia ie ieu io iu o oa oai oao oay oe oeo oi u ua uai uao uay ue ueo ui uo "
                     "uoi uou uu uy uya uye uyu y ye yeu", s + a, b - a) &&
           (b == len || is_one_of("c ch m n ng nh p t", s + b, len - b));
}

size_t telex_syllable(char to[TELEX_MAX], const char *s, size_t len)
{
    size_t n = 0, tones = 0;
    bool vowel = false;

    if (len < 2 || len > TELEX_MAX)
        return 0;
    for (size_t i = 0; i < len; i++) {
        if (n > 0 && s[i] == to[n - 1] && (strchr("aeo", s[i]) != NULL || (s[i] == 'd' && i == 1)))
            continue;
        if (vowel && strchr("w678", s[i]) != NULL)
            continue;
        if (s[i] == '9' && (vowel || i == 1) && to[0] == 'd')
            continue;
        if (vowel && strchr("sfrxj12345", s[i]) != NULL) {
            tones++;
            continue;
        }
        vowel = vowel || strchr("aeiouy", s[i]) != NULL;
        to[n++] = s[i];
    }
    return n > 1 && n < len && tones <= 1 && is_syllable(to, n) ? n : 0;
}

struct cutting {
    const char *s;
    size_t len, parts, ways;
    struct telex_way now, *to;
};

static void cut_from(struct cutting *c, size_t at)
{
    size_t left = c->len - at;

    if (left == 0 && c->now.n == c->parts) {
        c->to[c->ways++] = c->now;
        return;
    }
    for (size_t n = 2; n <= left && n <= 7 && c->ways < TELEX_WAYS && c->now.n < c->parts; n++) {
        if (!is_syllable(c->s + at, n))
            continue;
        c->now.len[c->now.n++] = (uint8_t)n;
        cut_from(c, at + n);
        c->now.n--;
    }
}

/* Of two syllables, if it can be that, but not what is one (nguyen); they have two letters and more each.  Short ones first: ho chi minh, not hoc him inh. */
size_t telex_cut(const char *s, size_t len, struct telex_way to[TELEX_WAYS])
{
    struct cutting c = {.s = s, .len = len, .to = to};

    for (c.parts = 2; len >= 5 && !is_syllable(s, len) && c.ways == 0 && c.parts <= TELEX_PARTS; c.parts++)
        cut_from(&c, 0);
    return c.ways;
}
