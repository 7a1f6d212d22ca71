/* tables.h - what is known about each character; the tables are made by gen.c when building. */
#ifndef BERTH_TEXT_TABLES_H
#define BERTH_TEXT_TABLES_H

#include <stdint.h>

#define TEXT_TABLE_END 0x30000u /* characters above fold to themselves and are no letters */
#define TEXT_BLOCK 64u

enum text_class {
    TEXT_OTHER,  /* space, punctuation, symbol, control */
    TEXT_LETTER, /* of a script that is written in words, and marks */
    TEXT_DIGIT,  /* 0-9 */
    TEXT_HAN,
    TEXT_CJK, /* other scripts written without spaces: kana, hangul, Thai ... */
};

/* In text_fold_index: 0 the character itself, FOLD_COMPLEX needs the whole string normalised. */
#define FOLD_COMPLEX 0xffffu

extern const uint16_t text_fold_block[TEXT_TABLE_END / TEXT_BLOCK];
extern const uint16_t text_fold_index[];
extern const uint16_t text_fold_at[]; /* index -> start in text_fold_bytes; ends at the next one */
extern const char text_fold_bytes[];

extern const uint16_t text_class_block[TEXT_TABLE_END / TEXT_BLOCK];
extern const uint16_t text_class_index[];

/* Number of the syllable of a simplified Chinese character; 0 for none. */
extern const uint16_t text_pinyin_block[TEXT_TABLE_END / TEXT_BLOCK];
extern const uint16_t text_pinyin_index[];
extern const char text_syllable[][8]; /* in alphabetical order, from 1 */
extern const uint16_t text_syllable_count;

/* Changes when another ICU folds or reads some character in another way. */
extern const uint64_t text_tables_version;

static inline uint16_t text_lookup(const uint16_t *block, const uint16_t *index, uint32_t c)
{
    return c < TEXT_TABLE_END ? index[block[c / TEXT_BLOCK] * TEXT_BLOCK + c % TEXT_BLOCK] : 0;
}

static inline enum text_class text_class(uint32_t c)
{
    return (enum text_class)text_lookup(text_class_block, text_class_index, c);
}

static inline uint16_t text_pinyin(uint32_t c)
{
    return text_lookup(text_pinyin_block, text_pinyin_index, c);
}

#endif
