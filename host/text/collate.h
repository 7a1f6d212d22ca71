/* collate.h - text in the order a reader of a language expects: pinyin, strokes, Vietnamese. */
#ifndef BERTH_TEXT_COLLATE_H
#define BERTH_TEXT_COLLATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct text_collator;

/* The order of a locale: "zh-CN" by pinyin, "zh-TW" by strokes, "vi", "en" ...  Upper case and
 * width only decide between texts that are otherwise equal, and numbers inside count as numbers (A2
 * before A10).  An unknown locale has the general order.  Any number of threads may use one
 * collator. */
struct text_collator *text_collator_new(const char *locale);
void text_collator_free(struct text_collator **c);

/* Appends bytes that memcmp() orders as the texts are ordered; none of them is NUL.  Of a name they are
 * as many as the name's own (41 for 39 in four languages), and take 0.7 us.  They change
 * with the version of ICU: stored ones belong beside text_collate_version(), which opens nothing. */
void text_sort_key(const struct text_collator *c, struct buf *out, const char *s, size_t len);
uint32_t text_collate_version(void);

#endif
