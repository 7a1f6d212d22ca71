/* text_bench.c - what folding, keys and tokens cost per text; prints a table, checks nothing. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "text/charset.h"
#include "text/collate.h"
#include "text/fold.h"
#include "text/keys.h"
#include "text/tokens.h"
#include "text/valid.h"

static const char *const lead[] = {"深圳市新华中远进出口贸易有限公司", "+86 (755) 2124-0062",
                                   "info.jiang@yue1.com.cn", "王小明", "深圳市"};

static struct buf out = BUF_INIT;
static struct text_keys keys = TEXT_KEYS_INIT;
static struct text_collator *order;
static struct arena *arena;
static const char *country = "CN";

static void fold(const char *s, size_t len)
{
    buf_clear(&out);
    text_fold(&out, s, len);
}

static void valid(const char *s, size_t len)
{
    out.len += text_valid(s, len);
}

static void company(const char *s, size_t len)
{
    text_keys_of(&keys, TEXT_KEY_COMPANY, s, len, country);
}

static void phone(const char *s, size_t len)
{
    text_keys_of(&keys, TEXT_KEY_PHONE, s, len, country);
}

static void email(const char *s, size_t len)
{
    text_keys_of(&keys, TEXT_KEY_EMAIL, s, len, country);
}

static void hash(const char *s, size_t len)
{
    out.len += (size_t)text_key_hash(1, s, len) & 1;
}

static void tokens(const char *s, size_t len)
{
    buf_clear(&out);
    text_tokens_index(&out, s, len);
}

static void lead_tokens(const char *s, size_t len)
{
    (void)s;
    (void)len;
    buf_clear(&out);
    for (size_t i = 0; i < sizeof(lead) / sizeof(lead[0]); i++)
        text_tokens_index(&out, lead[i], strlen(lead[i]));
}

static void query(const char *s, size_t len)
{
    text_tokens_query(arena, s, len);
    arena_reset(arena);
}

static void sort_key(const char *s, size_t len)
{
    buf_clear(&out);
    text_sort_key(order, &out, s, len);
}

static void guess(const char *s, size_t len)
{
    out.len += text_charset_guess(s, len)[0] == 'U';
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void measure(const char *what, void (*run)(const char *, size_t), const char *s)
{
    size_t len = strlen(s);
    double best = 1e9;

    run(s, len);
    for (int round = 0; round < 5; round++) {
        int n = 0;
        double from = now(), spent = 0;

        for (; spent < 0.03; spent = now() - from)
            for (int i = 0; i < 64; i++, n++)
                run(s, len);
        if (spent / n < best)
            best = spent / n;
    }
    printf("%-28s %8.3f us   %zu bytes\n", what, best * 1e6, len);
}

int main(void)
{
    arena = arena_new();
    order = text_collator_new("zh-CN");
    measure("valid, Chinese", valid, lead[0]);
    measure("fold, English", fold, "Shenzhen Huazhong Logistics Co");
    measure("fold, Chinese", fold, "深圳市新华中远贸易");
    measure("fold, Vietnamese", fold, "Công ty Vận tải An Bình");
    measure("company, Chinese", company, lead[0]);
    measure("company, English", company, "Shenzhen Huazhong Logistics Co., Ltd");
    measure("company, Vietnamese", company, "Công ty TNHH Vận tải An Bình");
    measure("phone, known shape", phone, lead[1]);
    country = "TW";
    measure("phone, libphonenumber", phone, "02-25057766");
    country = "CN";
    measure("e-mail", email, lead[2]);
    measure("hash of a key", hash, "+8675521240062");
    measure("tokens, Chinese name", tokens, lead[0]);
    measure("tokens, English name", tokens, "Shenzhen Huazhong Logistics Co., Ltd");
    measure("tokens, whole lead", lead_tokens, "");
    measure("query, two characters", query, "华中");
    measure("query, pinyin", query, "shenzhenwuliu");
    measure("query, phone", query, "0755 2124 0062");
    measure("sort key by pinyin", sort_key, lead[0]);
    measure("guess, GBK", guess, "\xc9\xee\xdb\xda\xca\xd0,0755-21240062\n");
    lead_tokens("", 0);
    size_t n = 1;

    for (size_t i = 0; i < out.len; i++)
        n += out.s[i] == ' ';
    printf("the whole lead has %zu tokens in %zu bytes:\n%s\n", n, out.len, out.s);
    text_collator_free(&order);
    text_keys_free(&keys);
    arena_free(&arena);
    buf_free(&out);
    return 0;
}
