/* telex.h - Vietnamese typed with the keys of Telex or VNI where no input method took them, or without blanks; for
 * this folder's own files. */
#ifndef BERTH_TEXT_TELEX_H
#define BERTH_TEXT_TELEX_H

#include <stddef.h>
#include <stdint.h>

#define TELEX_MAX 12

/* The syllable that "nguyeenx", "viejet", "dduwowngf" or "d9uong72" mean, without marks; its length, or 0 when s is
 * no such thing (a syllable without such keys is none, either). */
size_t telex_syllable(char to[TELEX_MAX], const char *s, size_t len);

#define TELEX_WAYS 2
#define TELEX_PARTS 3

struct telex_way {
    uint8_t len[TELEX_PARTS]; /* bytes of each syllable */
    size_t n;
};

/* Cuts letters ("hanoi", "hochiminh") into two or three syllables in up to TELEX_WAYS ways; how many. */
size_t telex_cut(const char *s, size_t len, struct telex_way to[TELEX_WAYS]);

#endif
