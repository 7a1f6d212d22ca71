/* phone.c - the common shapes of phone numbers, without libphonenumber's regular expressions. */
#include "text/phone.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* A number in digits: "d+" takes any of 0-9, a set like [3-9] one of them. */
struct shape {
    const char *country; /* these are exactly libphonenumber's "national number" of ... */
    const char *code;    /* ... this calling code */
    const char *trunk;   /* written before the number inside the country; may be missing */
    const char *pattern; /* '.' any digit; "a-b" in brackets */
};

static const struct shape shapes[] = {
    {"CN", "86", "0", "1[3-689]........."}, /* mobile; 179.. is a carrier to dial through */
    {"CN", "86", "0", "17[0-8]........"},
    {"CN", "86", "0", "10[2-8]......."},     /* Beijing */
    {"CN", "86", "0", "2[0-9][2-8]......."}, /* the largest cities */
    {"CN", "86", "0", "[3-79][1-9][0-9][2-8]......"},
    {"CN", "86", "0", "[3-79][1-9][0-9][2-8]......."},
    {"CN", "86", "0", "8[1-57-9][0-9][2-8]......"}, /* not 86: that may be the calling code */
    {"CN", "86", "0", "8[1-57-9][0-9][2-8]......."},
    {"VN", "84", "0", "[35789]........"},
    {"VN", "84", "0", "2........."},
    {"US", "1", "1", "[2-9]..[2-9]......"},
    {"HK", "852", "", "[235679]......."},
    {"TW", "886", "0", "9........"},
    {"TW", "886", "0", "2[2-8]......."},
    {"SG", "65", "", "[3689]......."},
    {"GB", "44", "0", "[1237]........."},
};

static bool matches(const char *pattern, const char *digits, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (*pattern == '[') {
            bool in = false;

            for (pattern++; *pattern != ']'; pattern++) {
                if (pattern[1] == '-') {
                    in |= digits[i] >= pattern[0] && digits[i] <= pattern[2];
                    pattern += 2;
                } else {
                    in |= digits[i] == *pattern;
                }
            }
            if (!in)
                return false;
        } else if (*pattern != '.' && *pattern != digits[i]) {
            return false;
        }
        if (*pattern == '\0')
            return false;
        pattern++;
    }
    return *pattern == '\0';
}

/* Digits of s; -1 if it holds anything but digits and the usual punctuation.  *plus: it began
 * with a plus sign. */
static int read_digits(const char *s, size_t len, char to[20], bool *plus)
{
    int n = 0;

    *plus = false;
    for (size_t i = 0; i < len; i++) {
        if (s[i] >= '0' && s[i] <= '9') {
            if (n == 20)
                return -1;
            to[n++] = s[i];
        } else if (s[i] == '+' && n == 0 && !*plus) {
            *plus = true;
        } else if (memchr(" -.()", s[i], 5) == NULL) {
            return -1;
        }
    }
    return n;
}

size_t phone_e164_fast(const char *s, size_t len, const char *country, char out[PHONE_E164_MAX])
{
    char digits[20];
    bool plus;
    int n = read_digits(s, len, digits, &plus);
    const char *at = digits;

    if (n < 8)
        return 0;
    if (!plus && n > 10 && digits[0] == '0' && digits[1] == '0') {
        plus = true;
        at += 2;
        n -= 2;
    }
    if (!plus && (n == 13 || n == 12) && memcmp(digits, "86", 2) == 0 && strcmp(country, "CN") == 0)
        plus = true;
    if (!plus && n == 11 && memcmp(digits, "84", 2) == 0 && strcmp(country, "VN") == 0)
        plus = true;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        const struct shape *p = &shapes[i];
        size_t skip = 0, trunk = strlen(p->trunk), left;

        if (plus) {
            skip = strlen(p->code);
            if ((size_t)n < skip || memcmp(at, p->code, skip) != 0)
                continue;
        } else if (strcmp(p->country, country) != 0) {
            continue;
        }
        left = (size_t)n - skip;
        if (left > trunk && memcmp(at + skip, p->trunk, trunk) == 0 &&
            matches(p->pattern, at + skip + trunk, left - trunk)) {
            skip += trunk;
            left -= trunk;
        } else if (!matches(p->pattern, at + skip, left)) {
            continue;
        }
        size_t code = strlen(p->code);

        out[0] = '+';
        memcpy(out + 1, p->code, code);
        memcpy(out + 1 + code, at + skip, left);
        out[1 + code + left] = '\0';
        return 1 + code + left;
    }
    return 0;
}
