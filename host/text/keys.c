/* keys.c - what a field's text is compared by when duplicates are looked for. */
#include "text/keys.h"

#include <stdbool.h>
#include <string.h>
#include <sodium.h>

#include "text/company.h"
#include "text/fold.h"
#include "text/phone.h"
#include "text/tables.h"
#include "text/utf8.h"
#include "text/valid.h"

#define RULES 1 /* count up when a rule in this folder changes a key */

static void add_key(struct text_keys *keys, const char *s, size_t len)
{
    if (len == 0 || keys->n == TEXT_KEYS_MAX)
        return;
    for (size_t i = 0; i < keys->n; i++)
        if (keys->key[i].len == len && memcmp(text_key(keys, i), s, len) == 0)
            return;
    keys->key[keys->n].at = (uint32_t)keys->text.len;
    keys->key[keys->n++].len = (uint32_t)len;
    buf_add(&keys->text, s, len);
    buf_putc(&keys->text, '\0');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ---- numbers as Excel leaves them ---- */

/* Is s a number in scientific notation, "1.38E+10"?  The mantissa lost digits unless it has all
 * that the exponent asks for; then *digits receives the number. */
static bool is_scientific(const char *s, size_t len, char digits[24], size_t *n)
{
    size_t i = 0, count = 0, power = 0;

    if (len > 23 || len < 4 || !is_digit(s[0]) || (s[1] != '.' && s[1] != 'e'))
        return false;
    for (; i < len && (is_digit(s[i]) || (i == 1 && s[i] == '.')); i++)
        if (s[i] != '.')
            digits[count++] = s[i];
    if (i + 1 >= len || s[i] != 'e')
        return false;
    for (i += s[i + 1] == '+' ? 2 : 1; i < len && is_digit(s[i]); i++)
        power = power < 100 ? power * 10 + (size_t)(s[i] - '0') : power;
    if (i != len)
        return false;
    *n = count == power + 1 ? count : 0;
    return true;
}

/* Length without the ".0" of a whole number that became a decimal. */
static size_t without_decimals(const char *s, size_t len)
{
    size_t end = len, i = 0;

    while (end > 0 && s[end - 1] == '0')
        end--;
    if (end == len || end < 2 || s[end - 1] != '.')
        return len;
    while (i < end - 1 && is_digit(s[i]))
        i++;
    return i == end - 1 ? i : len;
}

/* ---- phones ---- */

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

/* Where the extension starts: "ext 12", "x12", "#12", "转12"; len if there is none. */
static size_t cut_extension(const char *s, size_t len)
{
    static const char *const marks[] = {"ext", "x", "#", "may le", "nhanh", "转", "分机", "内线"};

    for (size_t i = 1; i < len; i++) {
        if (is_digit(s[i]) || s[i] == ' ' || s[i] == '-')
            continue;
        for (size_t m = 0; m < sizeof(marks) / sizeof(marks[0]) && !is_letter(s[i - 1]); m++) {
            size_t n = strlen(marks[m]);

            if (i + n < len && memcmp(s + i, marks[m], n) == 0)
                return i;
        }
    }
    return len;
}

/* 0755-21240062-801: a third group behind area and number that is too short for a number. */
static size_t cut_third_group(const char *s, size_t len)
{
    size_t group[8] = {0}, at[8] = {0}, n = 0;

    for (size_t i = 0; i < len && n < 8; i++) {
        if (is_digit(s[i])) {
            if (group[n]++ == 0)
                at[n] = i;
        } else if (s[i] == '-' && group[n] > 0) {
            n++;
        } else if (s[i] != '-' && s[i] != '+') {
            return len;
        }
    }
    if (n < 2 || n >= 8 || group[n] > 5 || group[n - 1] < 7 || group[n - 1] > 8 ||
        group[n - 2] > 4 || group[n] == 0)
        return len;
    return at[n] - 1;
}

static bool is_one_digit_repeated(const char *digits, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (digits[i] != digits[0])
            return false;
    return true;
}

/* False: too long for one number.  No number has more than 15 digits, prefixes for dialling apart; what is
 * longer and has none is not worth asking libphonenumber (40 us): whole, it is compared by its digits. */
static bool add_number(struct text_keys *keys, const char *s, size_t len, const char *country, bool whole)
{
    char digits[24], out[PHONE_E164_MAX];
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        if (is_digit(s[i]) && n < sizeof(digits))
            digits[n++] = s[i];
    if (n < 6 || is_one_digit_repeated(digits, n))
        return true;
    bool prefixed = s[0] == '+' || memcmp(digits, "00", 2) == 0;
    size_t got = phone_e164_fast(s, len, country, out);

    if (got == 0 && n <= (prefixed ? 17 : 15))
        got = phone_e164_slow(s, len, country, out);
    if (got == 0 && n > 15 && (!whole || prefixed || n > 17))
        return false;
    if (got > 0)
        add_key(keys, out, got);
    else
        add_key(keys, digits, n);
    return true;
}

/* One number with whatever stands around it. */
static void add_phone(struct text_keys *keys, const char *s, size_t len, const char *country)
{
    char exact[24];
    size_t n = 0;

    while (len > 0 && !is_digit(s[0]) && s[0] != '+') {
        s++;
        len--;
    }
    len = cut_extension(s, len);
    while (len > 0 && !is_digit(s[len - 1]))
        len--;
    if (is_scientific(s, len, exact, &n)) {
        s = exact;
        len = n;
    }
    len = without_decimals(s, len);
    len = cut_third_group(s, len);
    if (add_number(keys, s, len, country, false))
        return;
    /* Too long for one: perhaps two with only a blank between them. */
    for (size_t start = 0, i = 0; i <= len; i++)
        if (i == len || s[i] == ' ') {
            add_number(keys, s + start, i - start, country, true);
            start = i + 1;
        }
}

static void phone_keys(struct text_keys *keys, const char *s, size_t len, const char *country)
{
    char code[3] = "";

    if (country != NULL && strlen(country) == 2)
        for (int i = 0; i < 2; i++)
            code[i] = country[i] >= 'a' && country[i] <= 'z' ? (char)(country[i] - 32) : country[i];
    for (size_t i = 0, start = 0; i <= len; i++) {
        if (i < len && s[i] != '\n' && s[i] != '\r' && s[i] != '\t')
            continue;
        buf_clear(&keys->work);
        text_fold(&keys->work, s + start, i - start);
        start = i + 1;
        const char *p = buf_str(&keys->work), *end = p + keys->work.len;

        while (p < end) {
            size_t n = strcspn(p, ",;/|&\\");
            const char *list = memmem(p, n, "、", 3);

            if (list != NULL)
                n = (size_t)(list - p);
            add_phone(keys, p, n, code);
            p += list != NULL ? n + 3 : n + 1;
        }
    }
}

/* ---- the other kinds ---- */

/* Lower case and half width, nothing else: an accent makes another mail box. */
static void fold_email(struct buf *out, const char *s, size_t len)
{
    for (const char *end = s + len; s < end;) {
        const char *at = s;
        uint32_t c = utf8_next(&s, end);

        if (c >= 0xff01 && c <= 0xff5e)
            c -= 0xfee0;
        if (c == 0x3000 || c == 0xa0 || c < 0x20)
            c = ' ';
        if (c == 0x3001 || c == 0xfeff || c == 0x200b)
            c = ' ';
        if (c >= 'A' && c <= 'Z')
            c += 32;
        if (c < 0x80)
            buf_putc(out, (char)c);
        else
            buf_add(out, at, (size_t)(s - at));
    }
}

/* x@y.zz: one @ with something before it, labels that are not empty, a last one of 2 or more. */
static bool is_email(const char *s, size_t len)
{
    const char *at = memchr(s, '@', len), *end = s + len;

    if (at == NULL || at == s || len > 254 || s[0] == '.' ||
        memchr(at + 1, '@', (size_t)(end - at - 1)))
        return false;
    const char *label = at + 1;
    bool dot = false;

    for (const char *p = label; p < end; p++) {
        if ((uint8_t)*p < 0x80 && memchr("-.", *p, 2) == NULL && !is_digit(*p) &&
            (*p < 'a' || *p > 'z'))
            return false;
        if (*p != '.')
            continue;
        if (p == label)
            return false;
        dot = true;
        label = p + 1;
    }
    return dot && end - label >= 2 && !is_digit(*label);
}

static void email_keys(struct text_keys *keys, const char *s, size_t len)
{
    static const char between[] = " ,;:/|<>()[]\"'&";

    buf_clear(&keys->work);
    fold_email(&keys->work, s, len);
    const char *p = buf_str(&keys->work), *end = p + keys->work.len;

    while (p < end) {
        size_t n = strcspn(p, between);
        const char *at = p;

        p += n + 1;
        while (n > 0 && at[n - 1] == '.')
            n--;
        if (is_email(at, n))
            add_key(keys, at, n);
    }
}

static void exact_key(struct text_keys *keys, const char *s, size_t len)
{
    buf_clear(&keys->work);
    text_fold(&keys->work, s, len);
    char *to = keys->work.s, *start = to;

    for (const char *p = start, *end = p + keys->work.len; p < end; p++)
        if (*p != ' ' || (to > start && to[-1] != ' '))
            *to++ = *p;
    if (to > start && to[-1] == ' ')
        to--;
    add_key(keys, start, (size_t)(to - start));
}

static void code_key(struct text_keys *keys, const char *s, size_t len)
{
    char exact[24];
    size_t n = 0;

    text_trim(&s, &len);
    buf_clear(&keys->work);
    text_fold(&keys->work, s, len);
    char *to = keys->work.s, *start = to;
    const char *p = start, *end = p + without_decimals(start, keys->work.len);

    if (is_scientific(p, (size_t)(end - p), exact, &n)) {
        add_key(keys, exact, n);
        return;
    }
    while (p < end) {
        const char *at = p;

        if (text_class(utf8_next(&p, end)) == TEXT_OTHER)
            continue;
        memmove(to, at, (size_t)(p - at));
        to += p - at;
    }
    add_key(keys, start, (size_t)(to - start));
}

static void company_key(struct text_keys *keys, const char *s, size_t len)
{
    buf_clear(&keys->work);
    text_company(&keys->work, s, len);
    add_key(keys, buf_str(&keys->work), keys->work.len);
}

void text_keys_of(struct text_keys *keys, enum text_key_kind kind, const char *s, size_t len,
                  const char *country)
{
    keys->n = 0;
    buf_clear(&keys->text);
    if (len == 0)
        return;
    switch (kind) {
    case TEXT_KEY_EXACT:
        exact_key(keys, s, len);
        break;
    case TEXT_KEY_PHONE:
        phone_keys(keys, s, len, country);
        break;
    case TEXT_KEY_EMAIL:
        email_keys(keys, s, len);
        break;
    case TEXT_KEY_COMPANY:
        company_key(keys, s, len);
        break;
    case TEXT_KEY_CODE:
        code_key(keys, s, len);
        break;
    }
}

void text_keys_free(struct text_keys *keys)
{
    buf_free(&keys->text);
    buf_free(&keys->work);
    keys->n = 0;
}

int64_t text_key_hash(uint8_t group, const char *key, size_t len)
{
    static const unsigned char secret[crypto_shorthash_KEYBYTES + 1] = "berth.text.key/1";
    unsigned char hash[crypto_shorthash_BYTES], on_stack[256];
    uint64_t h = 0;
    struct buf big = BUF_INIT;
    unsigned char *in = on_stack;

    if (len >= sizeof(on_stack))
        in = (unsigned char *)buf_room(&big, len);
    in[0] = group;
    memcpy(in + 1, key, len);
    crypto_shorthash(hash, in, len + 1, secret);
    buf_free(&big);
    for (int i = 0; i < 8; i++)
        h |= (uint64_t)hash[i] << (8 * i);
    return (int64_t)h;
}

uint64_t text_keys_version(void)
{
    return text_fold_version() * 31 + RULES;
}
