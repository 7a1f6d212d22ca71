/* http_values.c - reads single header values: cookies, codings, tags, ranges; and checks UTF-8. */
#include "web/http_parse.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

bool http_utf8_valid(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s, *end = p + n;

    while (p < end) {
        unsigned more, least, c = *p++;

        if (c < 0x80)
            continue;
        if (c >= 0xc2 && c <= 0xdf) {
            more = 1, least = 0x80, c &= 0x1f;
        } else if (c >= 0xe0 && c <= 0xef) {
            more = 2, least = 0x800, c &= 0x0f;
        } else if (c >= 0xf0 && c <= 0xf4) {
            more = 3, least = 0x10000, c &= 0x07;
        } else {
            return false;
        }
        if ((size_t)(end - p) < more)
            return false;
        for (; more > 0; more--, p++) {
            if ((*p & 0xc0) != 0x80)
                return false;
            c = c << 6 | (*p & 0x3f);
        }
        if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
            return false;
    }
    return true;
}

const char *http_cookie_find(struct arena *a, const char *header, const char *name)
{
    size_t nlen = strlen(name);

    for (const char *s = header; *s != '\0';) {
        size_t len;

        s += strspn(s, " ;");
        len = strcspn(s, ";");
        if (len > nlen && s[nlen] == '=' && strncmp(s, name, nlen) == 0) {
            const char *v = s + nlen + 1;
            size_t vlen = len - nlen - 1;

            while (vlen > 0 && v[vlen - 1] == ' ')
                vlen--;
            return arena_strndup(a, v, vlen);
        }
        s += len;
    }
    return NULL;
}

/* The q of one list element, in thousandths. */
static int quality(const char *s, size_t n)
{
    for (size_t i = 0; i + 2 < n; i++) {
        if ((s[i] | 0x20) != 'q' || s[i + 1] != '=')
            continue;
        if (s[i + 2] == '1')
            return 1000;
        for (i += 3; i < n && (s[i] == '.' || s[i] == '0'); i++)
            ;
        return i < n && s[i] >= '1' && s[i] <= '9' ? 1 : 0;
    }
    return 1000;
}

bool http_accepts(const char *list, const char *coding)
{
    size_t clen = strlen(coding);

    for (const char *s = list; s != NULL && *s != '\0';) {
        size_t len, nlen;

        s += strspn(s, " \t,");
        len = strcspn(s, ",");
        nlen = strcspn(s, " \t;,");
        if (nlen == clen && strncasecmp(s, coding, clen) == 0)
            return quality(s + nlen, len - nlen) > 0;
        s += len;
    }
    return false;
}

static const char *tag_opaque(const char *s)
{
    return s[0] == 'W' && s[1] == '/' ? s + 2 : s;
}

bool http_tag_matches(const char *list, const char *etag)
{
    const char *want = tag_opaque(etag);
    size_t wlen = strlen(want);

    for (const char *s = list; *s != '\0';) {
        size_t len;

        s += strspn(s, " \t,");
        if (*s == '*')
            return true;
        s = tag_opaque(s);
        len = *s == '"' ? strcspn(s + 1, "\"") + 2 : strcspn(s, ",");
        if (len == wlen && strncmp(s, want, wlen) == 0)
            return true;
        if (strlen(s) < len)
            return false;
        s += len;
    }
    return false;
}

/* Digits at *s; moves it on.  False without any or on overflow. */
static bool number(const char **s, uint64_t *out)
{
    const char *from = *s;

    for (*out = 0; **s >= '0' && **s <= '9'; (*s)++) {
        if (*out > (UINT64_MAX - 9) / 10)
            return false;
        *out = *out * 10 + (uint64_t)(**s - '0');
    }
    return *s > from;
}

enum http_range http_range_parse(const char *header, uint64_t size, uint64_t *first_r,
                                 uint64_t *len_r)
{
    uint64_t first, last = UINT64_MAX;
    const char *s = header;

    if (strncasecmp(s, "bytes=", 6) != 0)
        return HTTP_RANGE_NONE;
    s += 6;
    if (*s == '-') {
        s++;
        if (!number(&s, &last) || *s != '\0')
            return HTTP_RANGE_NONE;
        if (last == 0 || size == 0)
            return HTTP_RANGE_BAD;
        *first_r = last < size ? size - last : 0;
        *len_r = size - *first_r;
        return HTTP_RANGE_ONE;
    }
    if (!number(&s, &first) || *s++ != '-')
        return HTTP_RANGE_NONE;
    if (*s != '\0' && (!number(&s, &last) || *s != '\0' || last < first))
        return HTTP_RANGE_NONE;
    if (first >= size)
        return HTTP_RANGE_BAD;
    *first_r = first;
    *len_r = (last < size ? last + 1 : size) - first;
    return HTTP_RANGE_ONE;
}

void http_date(int64_t seconds, char out[32])
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t t = (time_t)seconds;
    struct tm tm;

    gmtime_r(&t, &tm);
    snprintf(out, 32, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday], tm.tm_mday,
             months[tm.tm_mon], (tm.tm_year + 1900) % 10000, tm.tm_hour, tm.tm_min, tm.tm_sec);
}
