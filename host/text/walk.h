/* walk.h - the tokens of a text one by one, and where in it each stands; for this folder's own files. */
#ifndef BERTH_TEXT_WALK_H
#define BERTH_TEXT_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum token_kind {
    TOKEN_WORD,     /* letters and digits; apostrophes, and hyphens between, left out */
    TOKEN_PAIR,     /* two characters, or the last one */
    TOKEN_READING,  /* the pinyin of two characters, or of the only one */
    TOKEN_INITIALS, /* of up to 8 characters */
    TOKEN_REVERSED, /* a number backwards */
    TOKEN_NUMBER,   /* a number from some digit on */
};

/* Valid until the taker returns. */
struct token {
    const char *s;
    size_t len;
    enum token_kind kind;
    size_t first; /* TOKEN_READING: bytes of its first syllable */
    /* Where its units stand in the folded text: characters, or digits of a number.  A word is one
     * unit.  unit[i] is the first byte, unit_end[i] the byte behind the last. */
    const uint32_t *unit, *unit_end;
    size_t units;
};

/* 市, 省, 县 behind a place's name: people leave it out. */
static inline bool token_is_left_out(uint32_t c)
{
    return c == U'市' || c == U'省' || c == U'县';
}

static inline bool token_is_inside(char c)
{
    return c == '\'' || c == '-' || c == '_';
}

/* Calls take for each token of folded text; one may come twice. */
void tokens_walk(const char *folded, size_t len, bool readings,
                 void (*take)(void *arg, const struct token *t), void *arg);

#endif
