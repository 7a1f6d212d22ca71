/* charset.h - which encoding a file is in, and its text as UTF-8.
 *
 *   const char *name = text_charset_guess(sample, n);       // the first 64 KB are plenty
 *   struct text_decoder *d = text_decoder_new(name, &err);
 *   while ((n = read(...)) > 0)
 *       text_decoder_feed(d, in, n, &out);                  // appends UTF-8
 *   text_decoder_flush(d, &out);
 *   text_decoder_free(&d);
 */
#ifndef BERTH_TEXT_CHARSET_H
#define BERTH_TEXT_CHARSET_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct text_decoder;

/* The encoding of the text that starts with s: "UTF-8", "UTF-16LE", "UTF-16BE", "GB18030" (GBK is
 * a part of it), "Big5", "windows-1258", "windows-1252", or another that text_decoder_new() takes.
 * Never NULL; pure ASCII is "UTF-8".  s may end in the middle of a character. */
const char *text_charset_guess(const char *s, size_t len);

/* What people may choose from when the guess is wrong; ends with NULL. */
extern const char *const text_charset_names[];

/* A decoder from the encoding `name` (as people write it: gbk, utf8, cp936, ...) to UTF-8, or NULL
 * and a reason in err.  One decoder is used by one thread at a time. */
struct text_decoder *text_decoder_new(const char *name, struct buf *err);

/* Appends what has become complete to out.  The output is always valid UTF-8: what the encoding
 * does not allow becomes U+FFFD and is counted.  A byte order mark at the start is dropped. */
void text_decoder_feed(struct text_decoder *d, const char *s, size_t len, struct buf *out);

/* The end of the input: a cut-off last character becomes U+FFFD. */
void text_decoder_flush(struct text_decoder *d, struct buf *out);

/* U+FFFD written so far, those of the source itself included. */
int64_t text_decoder_bad(const struct text_decoder *d);

void text_decoder_free(struct text_decoder **d);

/* All of s at once; name may be NULL for a guess. */
int text_to_utf8(struct buf *out, const char *name, const char *s, size_t len, struct buf *err);

#endif
