/* scan.c - folded text cut into the pieces that search knows. */
#include "text/scan.h"

#include <string.h>

#include "text/tables.h"
#include "text/utf8.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

static enum text_class class_at(const char *s, const char *end)
{
    return s == end ? TEXT_OTHER : text_class(utf8_next(&s, end));
}

/* Where the characters without blanks end that start at s. */
static const char *end_of_cjk(const char *s, const char *end, bool blanks_end)
{
    const char *last = s;

    while (s < end && !(blanks_end && *s == ' ')) {
        enum text_class is = text_class(utf8_next(&s, end));

        if (is == TEXT_HAN || is == TEXT_CJK)
            last = s;
        else if (is != TEXT_OTHER)
            break;
    }
    return last;
}

static const char *end_of_word(const char *s, const char *end)
{
    const char *last = s;

    while (s < end) {
        enum text_class is = text_class(utf8_next(&s, end));

        if (is == TEXT_LETTER || is == TEXT_DIGIT)
            last = s;
        else if (s[-1] != '\'')
            break;
    }
    return last;
}

/* Is the digit at s a part of an address or code (a1@163.com, BK-2026) rather than of a phone? */
static bool follows_letters(const struct scan *in, const char *s)
{
    if (s == in->start)
        return false;
    if (s[-1] == '@' || s[-1] == '_' || is_letter(s[-1]))
        return true;
    return (s[-1] == '-' || s[-1] == '.') && s - in->start >= 2 && is_letter(s[-2]);
}

static bool precedes_letters(const struct scan *in, const char *s)
{
    if (s == in->end)
        return false;
    if (*s == 'x' && in->end - s >= 2 && is_digit(s[1])) /* an extension */
        return false;
    if (*s == '@' || *s == '_' || is_letter(*s))
        return true;
    return (*s == '-' || *s == '.') && in->end - s >= 2 && is_letter(s[1]);
}

/* Where the number that starts at s ends, or NULL if it is none. */
static const char *end_of_number(const struct scan *in, const char *s)
{
    const char *last = s, *first_end = NULL;
    size_t digits = 0, first_digits = 0, between = 0;

    if (!is_digit(*s) || follows_letters(in, s))
        return NULL;
    for (; s < in->end && between < 4; s++) {
        if (is_digit(*s)) {
            digits++;
            between = 0;
            last = s + 1;
        } else if (memchr(" -.()", *s, 5) != NULL) {
            between++;
            if (first_end == NULL) {
                first_end = s;
                first_digits = digits;
            }
        } else {
            break;
        }
    }
    if (digits > SCAN_NUMBER_MAX && first_end != NULL) { /* several numbers: take the first group */
        last = first_end;
        digits = first_digits;
    }
    if (precedes_letters(in, last))
        return NULL;
    return digits >= in->least_digits && digits <= SCAN_NUMBER_MAX ? last : NULL;
}

struct scan_piece scan_next(struct scan *in)
{
    struct scan_piece piece = {.kind = SCAN_END};
    enum text_class is = TEXT_OTHER;

    while (in->p < in->end && (is = class_at(in->p, in->end)) == TEXT_OTHER)
        utf8_next(&in->p, in->end);
    if (in->p == in->end)
        return piece;
    piece.s = in->p;
    const char *number = end_of_number(in, in->p);

    if (number != NULL) {
        piece.kind = SCAN_NUMBER;
        in->p = number;
        piece.s -= piece.s > in->start && piece.s[-1] == '+';
    } else if (is == TEXT_HAN || is == TEXT_CJK) {
        piece.kind = SCAN_CJK;
        in->p = end_of_cjk(in->p, in->end, in->blanks_end);
    } else {
        piece.kind = SCAN_WORD;
        in->p = end_of_word(in->p, in->end);
    }
    piece.len = (size_t)(in->p - piece.s);
    return piece;
}

bool scan_is_common_label(const struct scan *in, const struct scan_piece *piece, bool start)
{
    static const char *const labels[] = {"com", "cn", "vn", "net", "org", "co", "hk", "tw", "uk"};

    if (piece->kind != SCAN_WORD || piece->s == in->start || piece->s[-1] != '.')
        return false;
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
        if (strncmp(labels[i], piece->s, piece->len) == 0 &&
            (start || labels[i][piece->len] == '\0'))
            return true;
    return false;
}

size_t scan_calling_code(const char *digits, size_t len)
{
    /* ITU E.164: 1 and 7 alone, these with two digits, the rest with three. */
    static const char two[] =
        "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 "
        "56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98";
    char start[3] = "";

    if (len < 3 || digits[0] == '0')
        return 0;
    if (digits[0] == '1' || digits[0] == '7')
        return 1;
    memcpy(start, digits, 2);
    return strstr(two, start) != NULL ? 2 : 3;
}

void scan_number(const struct scan_piece *piece, struct scan_number *to)
{
    size_t start[SCAN_NUMBER_MAX + 1] = {0}; /* of the groups */
    bool abroad = piece->s[0] == '+', inside = false;

    *to = (struct scan_number){.len = 0};
    for (size_t i = 0; i < piece->len; i++) {
        if (is_digit(piece->s[i])) {
            if (!inside)
                start[to->groups++] = to->len;
            to->all[to->len++] = piece->s[i];
        }
        inside = is_digit(piece->s[i]);
    }
    if (!abroad && to->len >= 10 && memcmp(to->all, "00", 2) == 0) {
        abroad = true;
        to->len -= 2;
        memmove(to->all, to->all + 2, to->len);
        for (size_t g = 1; g < to->groups; g++)
            start[g] -= 2;
    }
    to->all[to->len] = '\0';
    if (to->groups > 1 && to->len - start[to->groups - 1] < 6 && start[to->groups - 1] - start[to->groups - 2] >= 7)
        to->extension = to->len - start[to->groups - 1];
    if (abroad)
        to->national = scan_calling_code(to->all, to->len);
    if (to->all[to->national] == '0' && to->national + 1 < to->len)
        to->national++;
    to->local = to->national;
    for (size_t g = 1; g < to->groups; g++)
        if (start[g] > to->national && start[g] <= to->national + 4 && to->len - start[g] >= 5) {
            to->local = start[g];
            return;
        }
}
