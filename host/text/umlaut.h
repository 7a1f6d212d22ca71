/* umlaut.h - ä ö ü ø written as two letters; for this folder's own files. */
#ifndef BERTH_TEXT_UMLAUT_H
#define BERTH_TEXT_UMLAUT_H

#include <stddef.h>

/* The folded word as it is with the letters themselves: soehne sohne, mueller muller.  Its length, or 0
 * when it has none of them (the ue of yueyang, queen and blue is no ü).  `to` has room for len bytes. */
size_t umlaut_plain(char *to, const char *s, size_t len);

#endif
