/* keys.h - what a field's text is compared by when duplicates are looked for.
 *
 * Two spellings of one company, phone or mail box give the same key:
 *
 *   TEXT_KEY_EXACT    folded (fold.h), runs of blanks as one
 *   TEXT_KEY_PHONE    E.164 ("+8675521240062") by libphonenumber, read in `country`.  A cell may
 * hold several numbers (/ , ; | & new line, also full width); extensions are dropped. What
 * libphonenumber cannot parse is its digits without a plus, if there are 6 or more.  No key: fewer
 * digits, one digit repeated (placeholders), and "1.38E+10", where Excel has lost the number;
 * "13800138000.0" is repaired. TEXT_KEY_EMAIL    lower case, half width; several a cell; what has
 * no shape of an address (x@y.zz) gives no key TEXT_KEY_COMPANY  folded, without blanks,
 * punctuation and the legal form in Chinese, Vietnamese, English and others, at either end.  A name
 * of nothing else keeps it. TEXT_KEY_CODE     tax and registration numbers: folded letters and
 * digits
 */
#ifndef BERTH_TEXT_KEYS_H
#define BERTH_TEXT_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum text_key_kind {
    TEXT_KEY_EXACT,
    TEXT_KEY_PHONE,
    TEXT_KEY_EMAIL,
    TEXT_KEY_COMPANY,
    TEXT_KEY_CODE,
};

#define TEXT_KEYS_MAX 16 /* further ones in one cell are left out */

/* The keys of one field.  Start with TEXT_KEYS_INIT, use again for every field, free once. */
struct text_keys {
    struct buf text; /* the keys one after the other, each with a closing NUL */
    size_t n;
    struct {
        uint32_t at, len;
    } key[TEXT_KEYS_MAX];
    struct buf work;
};

#define TEXT_KEYS_INIT                                                                             \
    {                                                                                              \
        .n = 0                                                                                     \
    }

/* Replaces what is in *keys by the keys of s, each once, in order.  country: ISO 3166 alpha-2 in
 * any case, NULL or "" for unknown; only phones use it. */
void text_keys_of(struct text_keys *keys, enum text_key_kind kind, const char *s, size_t len,
                  const char *country);
void text_keys_free(struct text_keys *keys);

static inline const char *text_key(const struct text_keys *keys, size_t i)
{
    return keys->text.s + keys->key[i].at;
}

/* A number for a key, to be stored and indexed: SipHash-2-4 (64 bit) of the group's byte and the
 * key, under the 16 bytes "berth.text.key/1", read as little endian.  The same for ever on every
 * machine. group separates keys that must not meet (name, phone, ...): the caller's choice, never
 * changed once stored. */
int64_t text_key_hash(uint8_t group, const char *key, size_t len);

/* Changes when a key may come out differently (another ICU, other rules here): stored keys must
 * then be made anew. */
uint64_t text_keys_version(void);

#endif
