/* line.h - one line as people write it, cut into words, and what was read from them. */
#ifndef LINE_H
#define LINE_H

#include "activities.h"

enum { LINE_WORDS = 240, LINE_FOUND = 12, LINE_CHOICES = 5, LINE_MAX = 2000 }; /* bytes of a line */

struct word {
    size_t from, to; /* its bytes in the text */
    const char *is;  /* as search compares it */
    bool wide;       /* one Chinese character */
    bool digits, mark;
    bool glued; /* to the word before, as in "30min" and in codes: mx07h1 */
    bool taken; /* it means something that was read already */
    int part;   /* of the line: parts end with a comma, a stop, a new line */
};
struct choice {
    int64_t id;
    const char *title;
};
/* What some words mean: the field of the new record, and for references whom, or who might be meant. */
struct found {
    const char *field;
    size_t from, to; /* words */
    struct choice is, choice[LINE_CHOICES];
    size_t nchoice;
};
struct line {
    struct berth_ctx *c;
    const char *text;
    struct word w[LINE_WORDS];
    size_t n;
    struct found found[LINE_FOUND];
    size_t nfound;
};

/* line_words.c */
void line_cut(struct line *l, struct berth_ctx *c, const char *text);
/* How many words from i on are one of "call back|回电|goi lai" (written as search compares them); the longest; 0: none.
 * What is glued to something else, like the "ms" of mwz93ms2k, says nothing. */
size_t line_match(const struct line *l, size_t i, const char *words);
size_t line_duration(const struct line *l, size_t i, int64_t *minutes);
size_t line_clock(const struct line *l, size_t i, int64_t *minutes); /* of the day */
/* ahead: a day without a year or week is the next such one, else the nearest behind. */
size_t line_day(const struct line *l, size_t i, bool ahead, int64_t *day);
struct found *line_found(struct line *l, const char *field, size_t from, size_t to); /* takes the words; NULL: full */
const char *line_text(const struct line *l, size_t from, size_t to);
bool line_apart(const struct line *l, size_t i); /* nothing is glued over the border before word i; true at the end */

/* line_names.c: whom it is about, of what the user may see; not in the words of part `but` */
void line_names(struct line *l, int but, struct berth_row *to);

#endif
