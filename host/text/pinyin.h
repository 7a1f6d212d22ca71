/* pinyin.h - how Chinese is read; for this folder's own files. */
#ifndef BERTH_TEXT_PINYIN_H
#define BERTH_TEXT_PINYIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PINYIN_READINGS 3

/* How each of n simplified characters is read, the usual way first, as numbers for pinyin_text(); 0
 * ends the ways, at once for a character with no reading.  In a word it knows, a character is read
 * in one way only (重庆 chongqing); elsewhere in all that are usual (长 chang, zhang). */
void pinyin_read(const uint32_t *chars, size_t n, uint16_t (*to)[PINYIN_READINGS]);

const char *pinyin_text(uint16_t syllable);

#define PINYIN_WAYS 4
#define PINYIN_PARTS 16

struct pinyin_way {
    uint8_t len[PINYIN_PARTS]; /* bytes of each syllable; the last may be only its start */
    size_t n;
};

/* Cuts letters into syllables in up to PINYIN_WAYS ways ("xian" is one or two); if there
 * is none and `partial`, the last syllable may be unfinished.  Returns how many ways. */
size_t pinyin_cut(const char *s, size_t len, bool partial, struct pinyin_way *to);

#endif
