/* written_number.c - numbers as people write them. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "text/fold.h"
#include "text/written.h"

enum { TEXT_MAX = 79 };

/* ---- what decides -------------------------------------------------------------------------------------- */
/* Where the comma stands before decimals and the point between thousands. */
static const char comma_countries[] =
    "VN ID DE AT FR IT ES PT NL BE LU PL CZ SK HU RO BG HR SI RS GR TR RU UA BY KZ DK NO SE FI IS EE LV LT BR AR CL CO PE UY VE EC";

/* Words behind a number that are a power of ten, folded (text/fold.h).  "m" is none: it is a metre, a million, and a thousand
 * to the Romans. */
static const struct {
    const char *words;
    int zeros;
} scales[] = {
    {"千|k|nghin|ngan|thousand", 3}, {"万", 4}, {"百万|trieu|tr|million", 6}, {"千万", 7}, {"亿", 8}, {"ty|ti|billion", 9},
};

/* ---- reading --------------------------------------------------------------------------------------------- */
/* Which of the two marks stands before decimals: 1,234.5  1.234,5  12,5  1.234.567.  One alone before three digits parts thousands if
 * it is a comma; a point does so in whole numbers and amounts, where people write it that way. */
static char decimal_mark(const struct written *how, enum written_kind kind, const char *s, size_t n)
{
    size_t dots = 0, commas = 0, at = 0, from = n > 0 && (s[0] == '-' || s[0] == '+');
    bool thousands;

    for (size_t i = 0; i < n; i++) {
        dots += s[i] == '.';
        commas += s[i] == ',';
        at = s[i] == '.' || s[i] == ',' ? i : at;
    }
    if (dots > 0 && commas > 0)
        return s[at];
    if (dots + commas != 1)
        return dots > 1 ? ',' : '.';
    thousands = n - at == 4 && strspn(s + at + 1, "0123456789") >= 3 && at > from && at - from <= 3 && s[from] != '0';
    if (s[at] == ',')
        return thousands ? '.' : ',';
    return thousands && kind != WRITTEN_REAL && written_in(how, comma_countries) ? ',' : '.';
}

/* The zeros of the word behind the number, which is cut off: 万; 0: there is none. */
static size_t take_scale(char *s)
{
    char *word = s + strspn(s, "+-0123456789.,");

    for (size_t i = 0; word > s && i < sizeof(scales) / sizeof(scales[0]); i++)
        for (const char *w = scales[i].words; *w != '\0'; w += strcspn(w, "|"), w += *w == '|')
            if (strlen(word) == strcspn(w, "|") && strncmp(word, w, strlen(word)) == 0) {
                *word = '\0';
                return scales[i].zeros;
            }
    return 0;
}

/* "1.5" and four zeros: 15000; s has room. */
static void scale(char *s, size_t zeros)
{
    char *point = strchr(s, '.'), *end;
    size_t decimals = point == NULL ? 0 : strlen(point + 1);

    if (point != NULL)
        memmove(point, point + 1, decimals + 1);
    end = s + strlen(s);
    if (decimals <= zeros) {
        memset(end, '0', zeros - decimals);
        end[zeros - decimals] = '\0';
    } else {
        point = end - (decimals - zeros);
        memmove(point + 1, point, decimals - zeros + 1);
        *point = '.';
    }
    s += *s == '-' || *s == '+';
    while (s[0] == '0' && s[1] >= '0' && s[1] <= '9')
        memmove(s, s + 1, strlen(s));
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Without the blanks that part thousands, or a number from what stands beside it; (5) is what accountants write for -5.
 * False: it is more than one number, or too long. */
static bool join(const char *s, size_t n, char *out)
{
    bool minus = n > 2 && s[0] == '(' && s[n - 1] == ')';
    size_t len = 0;

    if (minus)
        s++, n -= 2, out[len++] = '-';
    for (size_t i = 0; i < n; i++) {
        if (s[i] != ' ' && s[i] != '_' && s[i] != '\'') {
            if (len == TEXT_MAX)
                return false;
            out[len++] = s[i];
        } else if (i > 0 && is_digit(s[i - 1]) && i + 1 < n && is_digit(s[i + 1]) && strspn(s + i + 1, "0123456789") != 3) {
            return false;
        }
    }
    out[len] = '\0';
    return true;
}

/* Why it is none, where that can be told: 3 x 40HQ, 10-20; 12 CBM, USD 300. */
static const char *reason(const char *s)
{
    const char *from = s + strcspn(s, "0123456789"), *to = from + strspn(from, "0123456789., ");

    if (*from == '\0')
        return "err.number";
    if (strpbrk(to, "0123456789") != NULL)
        return "err.number_one";
    return *to != '\0' || from > s + 1 || (from == s + 1 && *s != '-' && *s != '+') ? "err.number_alone" : "err.number";
}

/* Of digits, marks and a power of ten alone. */
static bool as_programs_do(const char *text, char mark, char *out)
{
    const char *to = out;
    bool pointed = false;
    char *end;

    for (const char *s = text; *s != '\0'; s++) {
        bool parts = (*s == '.' || *s == ',') && *s != mark;

        if (strchr("0123456789.,e+-", *s) == NULL || (*s == mark && pointed) || (parts && strspn(s + 1, "0123456789") < 2) ||
            ((*s == '+' || *s == '-') && s != text && s[-1] != 'e'))
            return false;
        pointed = pointed || *s == mark;
        if (!parts)
            *out++ = *s == mark ? '.' : *s;
    }
    *out = '\0';
    strtod(to, &end);
    return *to != '\0' && *end == '\0';
}

const char *written_number(const struct written *how, enum written_kind kind, const char *s, size_t n, char out[WRITTEN_NUMBER_MAX])
{
    struct buf folded = BUF_INIT;
    char text[TEXT_MAX + 1];
    const char *wrong = NULL;
    size_t zeros;

    if (n == 0 || n > TEXT_MAX)
        return "err.number";
    text_fold(&folded, s, n);
    if (!join(folded.s, folded.len, text)) {
        wrong = "err.number_one";
    } else {
        zeros = take_scale(text);
        if (!as_programs_do(text, decimal_mark(how, kind, text, strlen(text)), out))
            wrong = reason(folded.s);
        else if (zeros > 0)
            scale(out, zeros);
    }
    buf_free(&folded);
    return wrong;
}
