/* json.c - the streaming JSON writer. */
#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/when.h"

static void item(struct json *j)
{
    if (j->comma)
        buf_putc(j->out, ',');
    j->comma = true;
}

/* Length of the valid UTF-8 sequence at s, which does not begin with ASCII, or 0. */
static size_t utf8_len(const unsigned char *s, size_t n)
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

/* Whether a valid sequence of three begins at s, where there are four bytes: nearly all Chinese, and much Vietnamese.
 * Those that begin with E0 or ED need a closer look. */
static inline bool utf8_three(const char *s)
{
    uint32_t v, mask, want;

    memcpy(&v, s, 4);
    memcpy(&mask, "\xf0\xc0\xc0", 4);
    memcpy(&want, "\xe0\x80\x80", 4);
    return (v & mask) == want && s[0] != '\xe0' && s[0] != '\xed';
}

static inline bool plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Whether the eight bytes at s are all printable ASCII that stands for itself; it may say no of such as hold others, too. */
static inline bool plain_eight(const char *s)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones * 0x80;
    uint64_t v;

    memcpy(&v, s, 8);
    /* the high bit of a byte is set where it is not ASCII, below a blank, a quote, a backslash or DEL; a byte above such
     * a one may be mistaken for one, which is found out one by one */
    return ((v | (v - ones * 0x20) | ((v ^ ones * '"') - ones) | ((v ^ ones * '\\') - ones) | ((v ^ ones * 0x7f) - ones)) & high) == 0;
}

/* How many bytes from s on stand for themselves: printable ASCII, eight at a time, and whole UTF-8 sequences. */
static size_t plain_len(const char *s, size_t n)
{
    size_t i = 0;

    while (i < n) {
        unsigned char c = (unsigned char)s[i];
        size_t len;

        if (c >= 0x80) {
            len = i + 4 <= n && utf8_three(s + i) ? 3 : utf8_len((const unsigned char *)s + i, n - i);
            if (len == 0)
                break;
            for (i += len; i + 4 <= n && utf8_three(s + i); i += 3)
                ;
            continue;
        }
        while (i + 8 <= n && plain_eight(s + i))
            i += 8;
        if (i + 8 > n && n >= 8 && plain_eight(s + n - 8)) /* some of them a second time */
            return n;
        while (i < n && plain((unsigned char)s[i]))
            i++;
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

void json_quote(struct buf *out, const char *s, size_t n)
{
    size_t len = plain_len(s, n);
    char *to = buf_room(out, n + 2);

    *to = '"';
    if (len > 0)
        memcpy(to + 1, s, len);
    out->len += len + 1;
    while (len < n) {
        escape(out, (unsigned char)s[len]);
        s += len + 1;
        n -= len + 1;
        len = plain_len(s, n);
        buf_add(out, s, len);
    }
    buf_putc(out, '"');
}

void json_key(struct json *j, const char *key)
{
    item(j);
    json_quote(j->out, key, strlen(key));
    buf_putc(j->out, ':');
    j->comma = false;
}

void json_open(struct json *j, char bracket)
{
    item(j);
    buf_putc(j->out, bracket);
    j->comma = false;
}

void json_close(struct json *j, char bracket)
{
    buf_putc(j->out, bracket);
    j->comma = true;
}

void json_strn(struct json *j, const char *s, size_t n)
{
    item(j);
    json_quote(j->out, s, n);
}

void json_str(struct json *j, const char *s)
{
    if (s == NULL)
        json_nil(j);
    else
        json_strn(j, s, strlen(s));
}

const char *json_digits(char room[JSON_INT_MAX], int64_t v, size_t *len_r)
{
    char *p = room + JSON_INT_MAX;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

    do {
        *--p = (char)('0' + u % 10);
    } while ((u /= 10) > 0);
    if (v < 0)
        *--p = '-';
    *len_r = (size_t)(room + JSON_INT_MAX - p);
    return p;
}

void json_int(struct json *j, int64_t v)
{
    char room[JSON_INT_MAX];
    size_t n;
    const char *s = json_digits(room, v, &n);

    json_raw(j, s, n);
}

void json_double(struct json *j, double v)
{
    if (!isfinite(v)) {
        json_nil(j);
        return;
    }
    item(j);
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
