/* money.c - decimal text to exact integers and back. */
#include "base/money.h"

#include <stdio.h>

bool money_parse(const char *s, size_t len, int64_t *out)
{
    bool minus = len > 0 && s[0] == '-';
    size_t i = len > 0 && (s[0] == '-' || s[0] == '+'), digits = 0;
    int64_t v = 0;
    int decimals = -1; /* -1: before the point */

    for (; i < len; i++) {
        if (s[i] == '.' && decimals < 0) {
            decimals = 0;
            continue;
        }
        if (s[i] < '0' || s[i] > '9' || decimals == 4)
            return false;
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, s[i] - '0', &v))
            return false;
        digits++;
        decimals += decimals >= 0;
    }
    if (digits == 0)
        return false;
    for (int d = decimals < 0 ? 0 : decimals; d < 4; d++)
        if (__builtin_mul_overflow(v, 10, &v))
            return false;
    *out = minus ? -v : v;
    return true;
}

void money_format(int64_t v, char out[MONEY_MAX])
{
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    unsigned frac = (unsigned)(u % 10000);
    int n = snprintf(out, MONEY_MAX, "%s%llu.%04u", v < 0 ? "-" : "",
                     (unsigned long long)(u / 10000), frac);

    if (frac % 100 == 0) /* two decimals or four: three could be read as thousands */
        out[n - 2] = '\0';
}
