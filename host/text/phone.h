/* phone.h - one phone number to E.164; for this folder's own files and its tests. */
#ifndef BERTH_TEXT_PHONE_H
#define BERTH_TEXT_PHONE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PHONE_E164_MAX 32

/* Writes "+8675521240062" and returns its length, or 0 if libphonenumber cannot parse s; a
 * leading 00 is a plus sign if that gives a possible number.  country is an ISO 3166 code in
 * capitals ("" for none).  Costs 5-15 us, and some 10 ms the first time. */
size_t phone_e164_slow(const char *s, size_t len, const char *country, char out[PHONE_E164_MAX]);

/* The same for the common shapes of a few countries, or 0 for "ask phone_e164_slow()".  Whenever it
 * answers, it answers as the slow one does: test_text_keys compares them. */
size_t phone_e164_fast(const char *s, size_t len, const char *country, char out[PHONE_E164_MAX]);

#ifdef __cplusplus
}
#endif

#endif
