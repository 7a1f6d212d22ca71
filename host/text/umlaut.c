/* umlaut.c - ä ö ü ø written as two letters. */
#include "text/umlaut.h"

#include <stdbool.h>
#include <string.h>

#include "text/pinyin.h"

static bool is_one_of(char c, const char *list)
{
    return c != '\0' && strchr(list, c) != NULL;
}

/* ae, oe, ue between consonants. */
static bool is_umlaut(const char *s, size_t len, size_t at)
{
    return at + 2 < len && is_one_of(s[at], "aou") && s[at + 1] == 'e' && is_one_of(s[at + 2], "bcdfghjklmnprstvwxz") &&
           (at == 0 || !is_one_of(s[at - 1], "aeiouyq"));
}

/* What can be pinyin is (yueyang), but for er: juergen, maerz, haerbin. */
size_t umlaut_plain(char *to, const char *s, size_t len)
{
    struct pinyin_way ways[PINYIN_WAYS];
    size_t n = 0;
    bool er = false;

    for (size_t i = 0; i < len; i++) {
        if (i > 0 && is_umlaut(s, len, i - 1))
            er = er || s[i + 1] == 'r';
        else
            to[n++] = s[i];
    }
    return n < len && (er || pinyin_cut(s, len, false, ways) == 0) ? n : 0;
}
