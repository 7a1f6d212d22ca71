/* json.c - the streaming JSON writer. */
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/when.h"

enum { DIGITS_MAX = 19 }; /* of a number of 64 bits with a sign */

/* Length of the valid UTF-8 sequence at s, which does not begin with ASCII, or 0. */
static inline size_t utf8_len(const unsigned char *s, size_t n)
{
    size_t len = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;

    if (len == 0 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return len;
}

/* Whether v, four bytes as they lie in memory, begins with a valid sequence of three: nearly all Chinese, and much
 * Vietnamese.  Those that begin with E0 or ED need a closer look. */
static inline bool utf8_three(uint32_t v)
{
    unsigned char lead;
    uint32_t mask, want;

    memcpy(&lead, &v, 1);
    memcpy(&mask, "\xf0\xc0\xc0", 4);
    memcpy(&want, "\xe0\x80\x80", 4);
    return (v & mask) == want && lead != 0xe0 && lead != 0xed;
}

static inline bool plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Whether eight bytes are all printable ASCII that stands for itself; it may say no of such as hold others, too. */
static inline bool plain_eight(uint64_t v)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones * 0x80;

    /* the high bit of a byte is set where it is not ASCII, below a blank, a quote, a backslash or DEL; a byte above such
     * a one may be mistaken for one, which is found out one by one */
    return ((v | (v - ones * 0x20) | ((v ^ ones * '"') - ones) | ((v ^ ones * '\\') - ones) | ((v ^ ones * 0x7f) - ones)) & high) == 0;
}

/* The same of two that begin at v's first and fourth byte, when both lead with E4 to EB: nearly all Chinese. */
static inline bool utf8_threes(uint64_t v)
{
    uint64_t mask, want, lead;

    memcpy(&mask, "\xf0\xc0\xc0\xf0\xc0\xc0\0\0", 8);
    memcpy(&want, "\xe0\x80\x80\xe0\x80\x80\0\0", 8);
    memcpy(&lead, "\x04\0\0\x04\0\0\0\0", 8);
    return (v & mask) == want && ((v ^ v >> 1) & lead) == lead; /* of 4 and 8 one */
}

/* Copies n bytes, one to seven, if all are plain: two pieces that may overlap. */
static inline bool copy_few(char *to, const char *s, size_t n)
{
    if (n >= 4) {
        uint32_t first, last;

        memcpy(&first, s, 4);
        memcpy(&last, s + n - 4, 4);
        if (!plain_eight((uint64_t)first << 32 | last))
            return false;
        memcpy(to, &first, 4);
        memcpy(to + n - 4, &last, 4);
    } else {
        for (size_t i = 0; i < n; i++) {
            if (!plain((unsigned char)s[i]))
                return false;
            to[i] = s[i];
        }
    }
    return true;
}

/* Copies what stands for itself from s on, printable ASCII and whole UTF-8 sequences, and returns how many bytes that
 * are.  To has room for n. */
static inline size_t copy_plain(char *to, const char *s, size_t n)
{
    size_t i = 0;

    while (i < n) {
        if ((unsigned char)s[i] >= 0x80) {
            uint64_t threes;
            uint32_t three;
            size_t len;

            for (; i + 8 <= n; i += 6) {
                memcpy(&threes, s + i, 8);
                if (!utf8_threes(threes))
                    break;
                memcpy(to + i, &threes, 8);
            }
            for (; i + 4 <= n; i += 3) {
                memcpy(&three, s + i, 4);
                if (!utf8_three(three))
                    break;
                memcpy(to + i, &three, 4);
            }
            if (i == n || (unsigned char)s[i] < 0x80)
                continue;
            len = utf8_len((const unsigned char *)s + i, n - i);
            if (len == 0)
                break;
            for (size_t end = i + len; i < end; i++)
                to[i] = s[i];
            continue;
        }
        for (uint64_t eight; i + 8 <= n; i += 8) {
            memcpy(&eight, s + i, 8);
            if (!plain_eight(eight))
                break;
            memcpy(to + i, &eight, 8);
        }
        if (n - i < 8 && copy_few(to + i, s + i, n - i))
            return n;
        for (; i < n && plain((unsigned char)s[i]); i++)
            to[i] = s[i];
        if (i < n && (unsigned char)s[i] < 0x80)
            break;
    }
    return i;
}

/* What stands in JSON for one byte that may not stand for itself. */
static void escape(struct buf *out, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";

    buf_putc(out, '\\');
    if (c == '"' || c == '\\') {
        buf_putc(out, (char)c);
    } else if (c == '\n') {
        buf_putc(out, 'n');
    } else if (c >= 0x80) {
        buf_puts(out, "ufffd");
    } else {
        buf_puts(out, "u00");
        buf_putc(out, hex[c >> 4]);
        buf_putc(out, hex[c & 15]);
    }
}

/* From the first byte that may not stand for itself. */
__attribute__((noinline)) static void escape_on(struct buf *out, const char *s, size_t n)
{
    size_t len;

    do {
        escape(out, (unsigned char)*s++);
        n--;
        len = copy_plain(buf_room(out, n), s, n);
        out->len += len;
        s += len;
        n -= len;
    } while (n > 0);
}

/* The bytes behind the opening quote, which is there, as is room for all of them. */
static inline void quote_on(struct buf *out, const char *s, size_t n)
{
    size_t len = copy_plain(out->s + out->len, s, n);

    out->len += len;
    if (len < n)
        escape_on(out, s + len, n - len);
    buf_putc(out, '"');
}

void json_quote(struct buf *out, const char *s, size_t n)
{
    *buf_room(out, n + 2) = '"';
    out->len++;
    quote_on(out, s, n);
}

void json_key(struct json *j, const char *key)
{
    json_item(j);
    json_quote(j->out, key, strlen(key));
    buf_putc(j->out, ':');
    j->comma = false;
}

void json_strn(struct json *j, const char *s, size_t n)
{
    json_item(j);
    json_quote(j->out, s, n);
}

void json_str(struct json *j, const char *s)
{
    if (s == NULL)
        json_nil(j);
    else
        json_strn(j, s, strlen(s));
}

/* ---- members whose key is ready made ---------------------------------------------------------- */
/* What is short is copied in two pieces that may overlap, which is quicker than to ask for it. */
static inline void copy_short(char *to, const char *s, size_t n)
{
    uint64_t v[2];

    if (n < 8 || n > 16) {
        memcpy(to, s, n);
        return;
    }
    memcpy(&v[0], s, 8);
    memcpy(&v[1], s + n - 8, 8);
    memcpy(to, &v[0], 8);
    memcpy(to + n - 8, &v[1], 8);
}

/* A list of 50 has 500 of them: room for key and value is made once.  Returns where the value goes. */
static inline char *member(struct json *j, const char *key, size_t len, size_t more)
{
    char *to = buf_room(j->out, 1 + len + more);

    *to = ',';
    to += j->comma;
    copy_short(to, key, len);
    j->comma = true;
    return to + len;
}

static inline void member_end(struct json *j, char *to)
{
    *to = '\0';
    j->out->len = (size_t)(to - j->out->s);
}

void json_member_raw(struct json *j, const char *key, size_t len, const char *text, size_t n)
{
    char *to = member(j, key, len, n);

    memcpy(to, text, n);
    member_end(j, to + n);
}

void json_member_strn(struct json *j, const char *key, size_t len, const char *s, size_t n)
{
    char *to = member(j, key, len, n + 2);

    *to++ = '"';
    j->out->len = (size_t)(to - j->out->s);
    quote_on(j->out, s, n);
}

void json_member_int(struct json *j, const char *key, size_t len, int64_t v)
{
    member_end(j, json_digits(member(j, key, len, JSON_INT_MAX), v));
}

void json_member_time(struct json *j, const char *key, size_t len, int64_t ms)
{
    char *to = member(j, key, len, WHEN_TIME_MAX + 2);

    *to = '"';
    to += 1 + when_time_format(ms, to + 1);
    *to++ = '"';
    member_end(j, to);
}

/* ---- numbers ------------------------------------------------------------------------------------ */
char *json_digits(char *to, int64_t v)
{
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    char *p, *end;

    *to = '-';
    to += v < 0;
    end = to + 1;
    for (uint64_t ten = 10; u >= ten && end - to < DIGITS_MAX; ten *= 10)
        end++;
    for (p = end; u >= 10; u /= 100) { /* two at a time: each waits for the one before */
        unsigned two = (unsigned)(u % 100);

        *--p = (char)('0' + two % 10);
        *--p = (char)('0' + two / 10);
    }
    if (p > to)
        *to = (char)('0' + u);
    return end;
}

void json_int(struct json *j, int64_t v)
{
    char text[JSON_INT_MAX];

    json_raw(j, text, (size_t)(json_digits(text, v) - text));
}

void json_double(struct json *j, double v)
{
    if (!isfinite(v)) {
        json_nil(j);
        return;
    }
    json_item(j);
    for (int digits = 15; digits <= 17; digits++) {
        char text[40];
        double back = 0;
        int n = snprintf(text, sizeof(text), "%.*g", digits, v);

        if (digits == 17 || (sscanf(text, "%lf", &back) == 1 && !(back < v) && !(back > v))) {
            buf_add(j->out, text, (size_t)n);
            return;
        }
    }
}

void json_bool(struct json *j, bool v)
{
    json_raw(j, v ? "true" : "false", v ? 4 : 5);
}

void json_text(struct json *j, const char *key, const char *s)
{
    json_key(j, key);
    json_str(j, s);
}

void json_number(struct json *j, const char *key, int64_t v)
{
    json_key(j, key);
    json_int(j, v);
}

void json_id(struct json *j, const char *key, int64_t id)
{
    json_key(j, key);
    if (id == 0)
        json_nil(j);
    else
        json_int(j, id);
}

void json_flag(struct json *j, const char *key, bool v)
{
    json_key(j, key);
    json_bool(j, v);
}

void json_time(struct json *j, const char *key, int64_t ms)
{
    char text[WHEN_TIME_MAX];

    when_time_format(ms, text);
    json_text(j, key, ms == 0 ? NULL : text);
}

void json_words(struct json *j, const char *key, const char *list)
{
    json_key(j, key);
    json_open(j, '[');
    while (list != NULL && *list != '\0') {
        size_t n;

        list += strspn(list, ", ");
        n = strcspn(list, ", ");
        if (n > 0)
            json_strn(j, list, n);
        list += n;
    }
    json_close(j, ']');
}
