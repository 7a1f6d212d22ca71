/* filetype.h - which files may be attached: by the ending of the name, and that what is in it is
 * what the name says. */
#ifndef BERTH_FILETYPE_H
#define BERTH_FILETYPE_H

#include <stdbool.h>
#include <stddef.h>

enum filetype_look { LOOK_NONE, LOOK_IMAGE, LOOK_PDF, LOOK_TEXT }; /* how a browser may show it */

struct filetype {
    const char *ending, *mime;
    enum filetype_look look;
    const char *magic; /* at the beginning; NULL: text */
    size_t len, at;    /* how much of it, and where it begins */
};

/* NULL: no such type may be attached. */
const struct filetype *filetype_of(const char *name);
bool filetype_fits(const struct filetype *t, const unsigned char *head, size_t n);

#endif
