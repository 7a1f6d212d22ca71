/* money.h - exact amounts: an int64 in 1/10000 of the currency unit, shown as a decimal. */
#ifndef BERTH_MONEY_H
#define BERTH_MONEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MONEY_MAX = 32 };
#define MONEY_UNIT INT64_C(10000)

/* "-1234.5" -> -12345000.  At most four decimals; false when not a number or out of range. */
bool money_parse(const char *s, size_t len, int64_t *out);
/* 12345000 -> "1234.50": two decimals, or four where they are not zero. */
void money_format(int64_t v, char out[MONEY_MAX]);

#endif
