/* scan.h - folded text cut into the pieces that search knows; for this folder's own files. */
#ifndef BERTH_TEXT_SCAN_H
#define BERTH_TEXT_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#define SCAN_TOKEN_MAX 40  /* bytes of a word; the rest of a longer one is dropped */
#define SCAN_NUMBER_MAX 15 /* digits of one phone number */

enum scan_kind {
    SCAN_END,
    SCAN_WORD,   /* letters and digits */
    SCAN_CJK,    /* characters written without blanks; punctuation may stand between them */
    SCAN_NUMBER, /* digits in groups, like a phone number */
};

struct scan {
    const char *start, *p, *end;
    size_t least_digits; /* a SCAN_NUMBER has at least as many; fewer are words */
    bool blanks_end;     /* a blank ends a run of SCAN_CJK: two terms of a query */
};

struct scan_piece {
    enum scan_kind kind;
    const char *s;
    size_t len;
};

struct scan_piece scan_next(struct scan *in);

/* Is the piece, behind a full stop, a label that half of all addresses end with (.com, .cn)?  Those
 * are no tokens.  `start`: or the start of one. */
bool scan_is_common_label(const struct scan *in, const struct scan_piece *piece, bool start);

/* A phone number's digits.  `all` as written, without 00; `national` points behind calling code and
 * trunk zero, `local` behind the first group of those that are left (the area code), or is the
 * same. */
struct scan_number {
    char all[SCAN_NUMBER_MAX + 1];
    size_t len;
    size_t national, local; /* offsets in all */
    size_t groups, extension; /* digits of the last group, behind a number that is whole without: 0755-21240062-801 */
};

void scan_number(const struct scan_piece *piece, struct scan_number *to);

/* Length of the calling code at the start of digits; 0 if they are too few to tell. */
size_t scan_calling_code(const char *digits, size_t len);

#endif
