/* escape.h - how an .xlsx holds characters that XML cannot: "_x000D_" for a carriage return. */
#ifndef BERTH_SHEET_ESCAPE_H
#define BERTH_SHEET_ESCAPE_H

#include <ctype.h>
#include <stddef.h>

/* The character that "_x000D_" at s stands for, or -1.  Halves of surrogate pairs stay as they are.
 */
static inline int escape_code(const char *s, size_t len)
{
    int code = 0;

    if (len < 7 || s[0] != '_' || s[1] != 'x' || s[6] != '_')
        return -1;
    for (int i = 2; i < 6; i++) {
        if (!isxdigit((unsigned char)s[i]))
            return -1;
        code = code * 16 + (s[i] <= '9' ? s[i] - '0' : (s[i] | 0x20) - 'a' + 10);
    }
    return code >= 0xd800 && code <= 0xdfff ? -1 : code;
}

#endif
