/* codes.c - check digits of company codes: China's unified social credit code (GB 32100-2015), Vietnam's
 * tax code (mã số thuế), Taiwan's unified business number (統一編號). */
#include "customers.h"

#include <ctype.h>

enum { CODE_MAX = 40 };

/* Capitals and digits only. */
static size_t plain(const char *s, char out[CODE_MAX])
{
    size_t n = 0;

    for (; *s != '\0' && n + 1 < CODE_MAX; s++)
        if (isalnum((unsigned char)*s))
            out[n++] = (char)toupper((unsigned char)*s);
    out[n] = '\0';
    return n;
}

static bool all_digits(const char *s)
{
    return strspn(s, "0123456789") == strlen(s);
}

static bool credit_code_ok(const char *s)
{
    static const char signs[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    int sum = 0, weight = 1;

    for (int i = 0; i < 18; i++, weight = weight * 3 % 31) {
        const char *at = s[i] == '\0' ? NULL : strchr(signs, s[i]);

        if (at == NULL)
            return false;
        if (i == 17)
            return (int)(at - signs) == (31 - sum % 31) % 31;
        sum += (int)(at - signs) * weight;
    }
    return false;
}

static bool vietnam_ok(const char *s, size_t n)
{
    static const int weights[] = {31, 29, 23, 19, 17, 13, 7, 5, 3};
    int sum = 0;

    if (!all_digits(s) || (n != 10 && n != 13 && n != 12))
        return false;
    if (n == 12) /* a person's number: a household business since 2025 */
        return true;
    for (int i = 0; i < 9; i++)
        sum += (s[i] - '0') * weights[i];
    return s[9] - '0' == 10 - sum % 11 && (n == 10 || strcmp(s + 10, "000") != 0);
}

static bool taiwan_ok(const char *s, size_t n)
{
    static const int weights[] = {1, 2, 1, 2, 1, 2, 4, 1};
    int sum = 0;

    if (n != 8 || !all_digits(s))
        return false;
    for (int i = 0; i < 8; i++) {
        int p = (s[i] - '0') * weights[i];

        sum += p / 10 + p % 10;
    }
    return sum % 5 == 0 || (s[6] == '7' && (sum + 1) % 5 == 0);
}

/* Tax codes in China are credit codes now; old ones have 15, 17 or 20 signs. */
static bool china_ok(const char *s, size_t n)
{
    return n == 18 ? credit_code_ok(s) : n == 15 || n == 17 || n == 20;
}

static bool tax_code_ok(const char *country, const char *s, size_t n)
{
    static const struct {
        const char *country;
        bool (*ok)(const char *s, size_t n);
    } checks[] = {{"CN", china_ok}, {"VN", vietnam_ok}, {"TW", taiwan_ok}};

    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        if (strcmp(checks[i].country, country) == 0)
            return checks[i].ok(s, n);
    return true;
}

static int take(struct berth_ctx *c, struct berth_row *r, const char *field, const char *code)
{
    struct berth_val was = host->get(r, field);

    if (strcmp(was.s, code) != 0)
        host->set(r, field, berth_s(code));
    return host->rc(c);
}

int codes_check(struct berth_ctx *c, struct berth_row *r)
{
    struct berth_val credit = host->get(r, "credit_code"), tax = host->get(r, "tax_code"), country = host->get(r, "country");
    const char *where = country.type == BERTH_NULL ? "" : country.s;
    char code[CODE_MAX];
    size_t n;

    if (credit.type != BERTH_NULL) {
        n = plain(credit.s, code);
        if (n != 18 || !credit_code_ok(code))
            return host->error(c, BERTH_INVALID, "credit_code", "customers.err.credit_code");
        take(c, r, "credit_code", host->fmt(c, "%s", code));
    }
    if (tax.type != BERTH_NULL && (strcmp(where, "CN") == 0 || strcmp(where, "VN") == 0 || strcmp(where, "TW") == 0)) {
        n = plain(tax.s, code);
        if (!tax_code_ok(where, code, n))
            return host->error(c, BERTH_INVALID, "tax_code", "customers.err.tax_code");
        take(c, r, "tax_code", n == 13 && strcmp(where, "VN") == 0 ? host->fmt(c, "%.10s-%s", code, code + 10)
                                                                   : host->fmt(c, "%s", code));
    }
    return host->rc(c);
}
