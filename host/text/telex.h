/* telex.h - Vietnamese typed with the keys of Telex where no input method took them; for this folder's own
 * files. */
#ifndef BERTH_TEXT_TELEX_H
#define BERTH_TEXT_TELEX_H

#include <stddef.h>

#define TELEX_MAX 12

/* The syllable that "nguyeenx", "viejet" or "dduwowngf" mean, without marks; its length, or 0 when s is
 * no such thing (a syllable without such keys is none, either). */
size_t telex_syllable(char to[TELEX_MAX], const char *s, size_t len);

#endif
