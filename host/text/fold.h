/* fold.h - text as it is compared and searched: 深圳 = 深圳, ＡＢＣ = abc, Đà Nẵng = da nang.
 *
 * Folded text is NFKC with case folded, traditional Chinese made simplified, tone marks and accents
 * dropped from letters, special Latin letters spelt plainly (đ d, ø o, ß ss), every white space
 * character and control a blank.  Blanks and punctuation stay.  Folding twice changes nothing.
 * Needs no set-up and may be used from any thread. */
#ifndef BERTH_TEXT_FOLD_H
#define BERTH_TEXT_FOLD_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Appends the folded form of s.  Malformed bytes become U+FFFD. */
void text_fold(struct buf *out, const char *s, size_t len);

/* Changes with the ICU that Berth was built with if that folds some character in another way: what
 * is stored of folded text (keys, search tokens) must then be made anew. */
uint64_t text_fold_version(void);

#endif
