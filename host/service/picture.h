/* picture.h - a picture made small.  Strangers' bytes go through here: only in a process of its own, which has
 * given up everything else (picture_cage()). */
#ifndef BERTH_PICTURE_H
#define BERTH_PICTURE_H

#include <stdbool.h>
#include <stddef.h>

enum { PICTURE_SIDE = 256, PICTURE_BYTES_MAX = 32 << 20, PICTURE_PIXELS_MAX = 64 << 20 };

/* From here on this process calculates, reads and writes what is open, and ends: little memory, few seconds, no
 * file, no network, no other program.  False: the system cannot promise it. */
bool picture_cage(void);

/* A JPEG or PNG as a JPEG of at most PICTURE_SIDE pixels a side, upright as its camera was held, transparency on
 * white.  *out is malloc()ed.  False: it is no such picture, a broken or a huge one. */
bool picture_small(const unsigned char *in, size_t n, unsigned char **out, size_t *out_n);

#endif
