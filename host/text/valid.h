/* valid.h - is it UTF-8, where does the text start and end, how many characters has it. */
#ifndef BERTH_TEXT_VALID_H
#define BERTH_TEXT_VALID_H

#include <stdbool.h>
#include <stddef.h>

/* Strict UTF-8: no overlong form, no surrogate, nothing above U+10FFFF.  NUL is allowed. */
bool text_valid(const char *s, size_t len);

/* Like text_valid(), but the last character may be cut off: a sample from a file. */
bool text_valid_start(const char *s, size_t len);

/* Moves *s and *len to the text without white space (also full-width, no-break and zero-width) at
 * either end. */
void text_trim(const char **s, size_t *len);

/* Characters (code points) in s. */
size_t text_count(const char *s, size_t len);

/* Bytes of the first `max` characters; len when there are not more.  A base character keeps the
 * combining marks that follow it or goes with them. */
size_t text_limit(const char *s, size_t len, size_t max);

#endif
