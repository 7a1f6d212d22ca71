/* tokens.h - search: the words a record is found by, and what a user typed as terms to look for.
 *
 * The tokens of a record's fields, with a blank between them, are its entry in the full-text index.
 * A token is letters and digits only (ASCII ones and any other), never punctuation; it is cut at 40
 * bytes.  Their order does not matter, so that the index needs no positions.
 *
 *   深圳华中       深圳 圳华 华中 中           each pair, and the last character alone: one or two
 *                                              characters are found anywhere, more as their pairs
 *                  shenzhen zhenhua huazhong   pairs of syllables, without the legal form at the end
 *                  szhz                        initials, from the first characters on
 *   Đà Nẵng        da nang                     words, folded
 *   a.b@c.com      a b c                       its parts, without the labels most addresses have
 *   0755-21240062  <260042125570               backwards (< is TEXT_TOKEN_REVERSED), for the last digits
 *                  75521240062 21240062        forwards, for the first
 */
#ifndef BERTH_TEXT_TOKENS_H
#define BERTH_TEXT_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

#define TEXT_TOKEN_REVERSED                                                                        \
    "\xc6\xa8" /* U+01A8, a letter nobody types: digits backwards follow                           \
                */
#define TEXT_TOKEN_TITLE "^" /* in no other token: the beginning of a title follows */

/* Appends the tokens of s (a blank first if something stands in out).  For names, people, places,
 * phones, e-mail, codes. */
void text_tokens_index(struct buf *out, const char *s, size_t len);

/* The same without pinyin, for notes and other long text. */
void text_tokens_index_prose(struct buf *out, const char *s, size_t len);

/* The token of a title's beginning: without its legal form, written together.  What a title begins
 * with, and a short title as a whole, is found by it alone. */
void text_tokens_title(struct buf *out, const char *s, size_t len);

#define TEXT_TITLE_START 32
/* The same of what a user typed, into `to`; its length, 0 for none. */
size_t text_title_start(char to[TEXT_TITLE_START], const char *s, size_t len);

/* Drops every token of the list but the first of its kind. */
void text_tokens_unique(struct buf *tokens);

/* A record matches the query if it has, of each term, any of the words. */
struct text_word {
    const char *s;
    size_t len;
    bool prefix; /* s is the start of a token */
};

struct text_term {
    struct text_word *any;
    size_t n; /* at least 1 */
};

struct text_query {
    struct text_term *term;
    size_t n; /* 0: nothing in it to look for */
};

/* What a user typed.  A last word with no punctuation behind counts as its start, for searching
 * while typing; a last letter alone behind other words is not asked for yet.  Of more than 200
 * characters or TEXT_TERMS_MAX terms the rest is not looked at. */
struct text_query *text_tokens_query(struct arena *a, const char *s, size_t len);

/* The same without what may be left out: the characters of a run, and pinyin written together, stand together in
 * the record, too.  Whatever meets it meets the other one. */
struct text_query *text_tokens_query_together(struct arena *a, const char *s, size_t len);

#define TEXT_TERMS_MAX 24

/* ---- looking at a text itself ---- */

/* Adds to *met the terms (bit i: term[i]) of which the text has a word: what the index would say. */
void text_query_meet(const struct text_query *q, const char *s, size_t len, bool prose,
                     uint32_t *met);
#define text_query_all(q) ((q)->n >= 32 ? UINT32_MAX : (1u << (q)->n) - 1)

/* Where the text has what was typed: bytes of it, in order, none overlapping.  Returns how many.
 * *word_starts: each begins a word, or the text. */
struct text_mark {
    uint32_t from, to;
};
#define TEXT_MARKS_MAX 16
size_t text_query_mark(const struct text_query *q, const char *s, size_t len, bool prose,
                       struct text_mark to[TEXT_MARKS_MAX], bool *word_starts);

#endif
