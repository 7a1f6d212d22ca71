/* guard.h - the apostrophe that keeps a program from taking a .csv cell for a formula.
 *
 * Written before a text that starts with = + - @, tab or CR, unless it is a number or a phone
 * number: a sign and then only digits and " ()-./".  Such a text holds no name, so whatever a
 * program calculates from it is harmless, and "+86 138 0013 8000" stays what it is for everyone
 * who reads the file.  A text that itself starts with apostrophes before such a character gets one
 * more, so that reading takes off exactly what writing put on. */
#ifndef BERTH_SHEET_GUARD_H
#define BERTH_SHEET_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline size_t guard_apostrophes(const char *s, size_t len)
{
    size_t n = 0;

    while (n < len && s[n] == '\'')
        n++;
    return n;
}

static inline bool guard_dangerous(const char *s, size_t len)
{
    return len > 0 && s[0] != '\0' && strchr("=+-@\t\r", s[0]) != NULL;
}

static inline bool guard_harmless(const char *s, size_t len)
{
    size_t digits = 0;

    if (len < 2 || (s[0] != '+' && s[0] != '-'))
        return false;
    for (size_t i = 1; i < len; i++) {
        bool digit = s[i] >= '0' && s[i] <= '9';

        if (!digit && (s[i] == '\0' || strchr(" ()-./", s[i]) == NULL))
            return false;
        digits += digit;
    }
    return digits > 0;
}

/* Is an apostrophe to be written before s? */
static inline bool guard_needed(const char *s, size_t len)
{
    size_t n = guard_apostrophes(s, len);

    return guard_dangerous(s + n, len - n) && (n > 0 || !guard_harmless(s, len));
}

/* Is the apostrophe that s starts with to be taken off? */
static inline bool guard_stands(const char *s, size_t len)
{
    size_t n = guard_apostrophes(s, len);

    return n > 0 && guard_dangerous(s + n, len - n);
}

#endif
