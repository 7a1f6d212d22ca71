/* test_text_keys.c - duplicate keys: phones, e-mail, company names, codes, their hashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "text/keys.h"
#include "text/phone.h"

/* The keys of s with a blank between them. */
static const char *keys_of(enum text_key_kind kind, const char *s, const char *country)
{
    static char joined[1000];
    struct text_keys keys = TEXT_KEYS_INIT;
    size_t n = 0;

    text_keys_of(&keys, kind, s, strlen(s), country);
    joined[0] = '\0';
    for (size_t i = 0; i < keys.n; i++) {
        assert_int_equal(strlen(text_key(&keys, i)), keys.key[i].len);
        n += (size_t)snprintf(joined + n, sizeof(joined) - n, "%s%s", i > 0 ? " " : "",
                              text_key(&keys, i));
    }
    text_keys_free(&keys);
    return joined;
}

struct expected {
    const char *country, *in, *want;
};

static void assert_keys(enum text_key_kind kind, const struct expected *e, size_t n)
{
    for (; n > 0; n--, e++)
        if (strcmp(keys_of(kind, e->in, e->country), e->want) != 0)
            fail_msg("'%s' gives '%s', not '%s'", e->in, keys_of(kind, e->in, e->country), e->want);
}
#define ASSERT_KEYS(kind, list) assert_keys(kind, list, sizeof(list) / sizeof(list[0]))

static void one_phone_has_one_key_however_it_is_written(void **state)
{
    static const struct expected list[] = {
        {"CN", "0755-21240062", "+8675521240062"},
        {"CN", "+86 (755) 2124-0062", "+8675521240062"},
        {"US", "+86 755 21240062", "+8675521240062"},
        {"CN", "0086-755-21240062", "+8675521240062"},
        {"cn", "（0755）21240062", "+8675521240062"},
        {"CN", "＋８６（７５５）２１２４－００６２", "+8675521240062"},
        {"CN", "86-755-21240062", "+8675521240062"},
        {"CN", "755 2124 0062", "+8675521240062"},
        {"CN", "Tel: 0755-21240062 (张先生)", "+8675521240062"},
        {"CN", "13158411676", "+8613158411676"},
        {"CN", "131.5841.1676", "+8613158411676"},
        {"CN", "86131 5841 1676", "+8613158411676"},
        {"CN", "013158411676", "+8613158411676"},
        {"VN", "0912 345 678", "+84912345678"},
        {"VN", "+84 (0) 912 345 678", "+84912345678"},
        {"VN", "(028) 3822 1234", "+842838221234"},
        {"US", "(201) 200-0062", "+12012000062"},
        {"US", "1-201-200-0062", "+12012000062"},
        {"US", "001-201-200-0062", "+12012000062"},
        {"US", "0086 755 2124 0062", "+8675521240062"},
        {"HK", "001 86 755 2124 0062", "+8675521240062"},
        {"GB", "020 7946 0018", "+442079460018"},
        {"TW", "02-25057766", "+886225057766"},
        {"HK", "2345 6789", "+85223456789"},
        {NULL, "+65 6222 1234", "+6562221234"},
        {"CN", "+65 6222 1234", "+6562221234"},
    };

    (void)state;
    ASSERT_KEYS(TEXT_KEY_PHONE, list);
}

static void a_cell_may_hold_several_phones(void **state)
{
    static const struct expected list[] = {
        {"CN", "13158411676/0755-21240062", "+8613158411676 +8675521240062"},
        {"CN", "13158411676，13158411677；13158411678、13158411679",
         "+8613158411676 +8613158411677 +8613158411678 +8613158411679"},
        {"CN", "13158411676\n+86 131 5841 1676\r\n13158411677", "+8613158411676 +8613158411677"},
        {"CN", "13158411676 13158411677", "+8613158411676 +8613158411677"},
        {"CN", "Tel 0755-21240062 Fax 0755-21240063", "+8675521240062 +8675521240063"},
        {"CN", "0755-21240062/63", "+8675521240062"},
        {"VN", "0912345678 | +86 13158411676", "+84912345678 +8613158411676"},
    };

    (void)state;
    ASSERT_KEYS(TEXT_KEY_PHONE, list);
}

static void an_extension_is_left_out_of_the_key(void **state)
{
    static const struct expected list[] = {
        {"CN", "0755-21240062转801", "+8675521240062"},
        {"CN", "0755-21240062 轉 801", "+8675521240062"},
        {"CN", "0755-21240062(分机801)", "+8675521240062"},
        {"CN", "0755-21240062-801", "+8675521240062"},
        {"CN", "+86-755-21240062-801", "+8675521240062"},
        {"US", "(201) 200-0062 ext. 12", "+12012000062"},
        {"US", "201-200-0062 x12", "+12012000062"},
        {"US", "201-200-0062#12", "+12012000062"},
        {"US", "+1-201-200-0062", "+12012000062"},
    };

    (void)state;
    ASSERT_KEYS(TEXT_KEY_PHONE, list);
}

static void what_excel_made_of_a_phone_is_repaired_or_refused(void **state)
{
    static const struct expected list[] = {
        {"CN", "13158411676.0", "+8613158411676"},
        {"CN", "75521240062.00", "+8675521240062"},
        {"CN", "1.31584E+10", ""},
        {"CN", "1.38e10", ""},
        {"CN", "1E+10", ""},
        {"CN", "1.3158411676E+10", "+8613158411676"},
        {"VN", "912345678", "+84912345678"},
        {"CN", "'13158411676", "+8613158411676"},
    };

    (void)state;
    ASSERT_KEYS(TEXT_KEY_PHONE, list);
}

static void what_is_no_phone_number_has_its_digits_or_no_key(void **state)
{
    static const struct expected list[] = {
        {"", "21240062", "21240062"},
        {"", "2124-0062", "21240062"},
        {"", "12345", ""},
        {"CN", "12345", ""},
        {"CN", "无", ""},
        {"CN", "-", ""},
        {"CN", "", ""},
        {"CN", "00000000000", ""},
        {"CN", "1111111", ""},
        {"XX", "0755 2124 0062", "075521240062"},
    };

    (void)state;
    ASSERT_KEYS(TEXT_KEY_PHONE, list);
}

static void emails_meet_in_lower_case_and_half_width(void **state)
{
    static const struct expected list[] = {
        {"", "Info.Jiang@Yue1.COM.cn", "info.jiang@yue1.com.cn"},
        {"", "ｉｎｆｏ＠ａｂｃ．ｃｏｍ", "info@abc.com"},
        {"", "  info@abc.com　", "info@abc.com"},
        {"", "a@b.com; c@d.vn，A@B.COM\ne_f+g@h-i.co", "a@b.com c@d.vn e_f+g@h-i.co"},
        {"", "Zhang Wei <zhang@abc.com>", "zhang@abc.com"},
        {"", "mailto:zhang@abc.com.", "zhang@abc.com"},
        {"", "张伟：zhang@abc.com、li@abc.com", "zhang@abc.com li@abc.com"},
        {"", "无", ""},
        {"", "n/a", ""},
        {"", "info@", ""},
        {"", "@abc.com", ""},
        {"", "info@abc", ""},
        {"", "info@abc.", ""},
        {"", "info@abc..com", ""},
        {"", "a@b@c.com", ""},
        {"", "info@192.168.1.1", ""},
    };

    (void)state;
    ASSERT_KEYS(TEXT_KEY_EMAIL, list);
}

/* All names of a group have one key, and no two groups the same. */
static void company_names_meet_whatever_their_legal_form(void **state)
{
    static const char *const groups[][12] = {
        {"深圳市华中物流有限公司", "深圳市华中物流股份有限公司", "深圳市華中物流（集團）有限公司",
         "深圳市 华中物流有限责任公司", "深圳市华中物流集团股份有限公司", "深圳市华中物流"},
        {"深圳市华中物流有限公司广州分公司"},
        {"华为技术（深圳）有限公司", "華為技術(深圳)有限公司", "华为技术深圳"},
        {"Shenzhen Huazhong Logistics Co., Ltd", "SHENZHEN HUAZHONG LOGISTICS CO.,LTD.",
         "shenzhen huazhong logistics limited",
         "Ｓｈｅｎｚｈｅｎ　Ｈｕａｚｈｏｎｇ　Ｌｏｇｉｓｔｉｃｓ　Ｃｏ．，Ｌｔｄ",
         "Shenzhen-Huazhong Logistics Co Ltd", "Shenzhen Huazhong Logistics Company Limited",
         "Shenzhen Huazhong Logistics (Group) Co., Ltd."},
        {"Acme Inc.", "ACME, Inc", "Acme LLC", "Acme L.L.C.", "Acme Corporation", "Acme Pte. Ltd.",
         "Acme Sdn. Bhd.", "Acme GmbH & Co. KG", "Acme S.A.", "Acme JSC", "Acme"},
        {"Acmeco Ltd"},
        {"Công ty TNHH Vận tải An Bình", "CÔNG TY CỔ PHẦN VẬN TẢI AN BÌNH",
         "CTY TNHH Vận Tải An Bình", "Cty CP Vận tải An Bình", "Công ty TNHH MTV Vận tải An Bình",
         "CTCP Vận tải An Bình", "Công ty Trách nhiệm hữu hạn Một thành viên Vận tải An Bình",
         "Van tai An Binh JSC", "Công ty CP Vận tải An Bình", "vận tải an bình"},
        {"Tổng công ty Vận tải An Bình"},
        {"Công ty TNHH Hằng An Xuân"},
        {"Công ty TNHH Hà Ngân Xuân"},
        {"A.B.C. Logistics Ltd", "ABC Logistics", "abc logistics ltd."},
        {"Wendy's Foods Inc", "Wendy’s Foods", "WENDYS FOODS"},
        {"CP Việt Nam"},
        {"Việt Nam"},
        {"有限公司"},
        {"公司"},
        {"Co., Ltd"},
        {"Công ty TNHH"},
        {"㈱日立", "日立株式会社", "株式会社日立", "日立"},
        {"(주)삼성", "삼성 주식회사"},
    };
    char all[64][200];
    size_t n = 0;

    (void)state;
    for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
        const char *first = keys_of(TEXT_KEY_COMPANY, groups[g][0], "");

        for (size_t i = 0; i < n; i++)
            assert_string_not_equal(all[i], first);
        snprintf(all[n++], sizeof(all[0]), "%s", first);
        assert_true(first[0] != '\0');
        for (size_t i = 1; groups[g][i] != NULL; i++)
            assert_string_equal(keys_of(TEXT_KEY_COMPANY, groups[g][i], ""), all[n - 1]);
    }
    assert_string_equal(all[13], "viet nam");
    assert_string_equal(keys_of(TEXT_KEY_COMPANY, "-", ""), "");
    assert_string_equal(keys_of(TEXT_KEY_COMPANY, "  ", ""), "");
}

static void codes_and_exact_texts_meet_folded(void **state)
{
    static const struct expected codes[] = {
        {"", " 91440300-MA5 F1234x ", "91440300ma5f1234x"},
        {"", "0312345678-001", "0312345678001"},
        {"", "312345678.0", "312345678"},
        {"", "9.14403E+17", ""},
        {"", "--", ""},
    };
    static const struct expected texts[] = {
        {"", "  Đà   Nẵng\n", "da nang"},
        {"", "國際", "国际"},
        {"", " ", ""},
    };

    (void)state;
    ASSERT_KEYS(TEXT_KEY_CODE, codes);
    ASSERT_KEYS(TEXT_KEY_EXACT, texts);
}

/* These numbers are in databases: if one changes, every stored key is lost. */
static void a_hash_is_the_same_for_ever(void **state)
{
    char big[1000];

    (void)state;
    memset(big, 'x', sizeof(big));
    assert_true(text_key_hash(1, "", 0) == INT64_C(6863332175016237731));
    assert_true(text_key_hash(1, "+8675521240062", 14) == INT64_C(-794065332171385906));
    assert_true(text_key_hash(2, "+8675521240062", 14) == INT64_C(6572328745579259754));
    assert_true(text_key_hash(3, big, sizeof(big)) == INT64_C(-2449426876387439523));
}

static void the_hash_parts_groups_and_keys(void **state)
{
    (void)state;
    assert_true(text_key_hash(1, "a", 1) != text_key_hash(2, "a", 1));
    assert_true(text_key_hash(1, "a", 1) != text_key_hash(1, "b", 1));
    assert_true(text_key_hash(1, "a", 1) != text_key_hash(1, "a\0", 2));
}

static unsigned next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return (unsigned)(*s >> 33);
}

/* A number near the shapes that people write: country code or not, trunk zero or not, punctuation.
 */
static size_t random_number(uint64_t *seed, char *s)
{
    static const char *const starts[] = {"",     "",     "0",    "0",    "+86",  "+84", "+1",
                                         "+44",  "86",   "84",   "0086", "0084", "001", "0044",
                                         "+860", "+886", "+852", "+65",  "1",    "+440"};
    static const char *const heads[] = {"",   "13", "15", "18",  "10", "20", "21",  "755", "574",
                                        "86", "9",  "3",  "179", "28", "6",  "201", "7",   "23"};
    size_t n = (size_t)sprintf(s, "%s%s", starts[next_random(seed) % 20],
                               next_random(seed) % 3 ? heads[next_random(seed) % 18] : "");
    unsigned digits = 6 + next_random(seed) % 5, punctuation = next_random(seed) % 2;

    while (digits-- > 0) {
        if (punctuation && next_random(seed) % 4 == 0)
            s[n++] = " -.()"[next_random(seed) % 5];
        s[n++] = (char)('0' + next_random(seed) % 10);
    }
    s[n] = '\0';
    return n;
}

static void the_fast_path_for_phones_answers_as_libphonenumber_does(void **state)
{
    static const char *const countries[] = {"CN", "VN", "US", "GB", "HK", "TW", "SG", ""};
    uint64_t seed = 88172645463325252u;
    int answered = 0;

    (void)state;
    for (int i = 0; i < 1000000; i++) {
        char s[64], fast[PHONE_E164_MAX], slow[PHONE_E164_MAX] = "";
        const char *country = countries[next_random(&seed) % 8];
        size_t len = random_number(&seed, s);

        if (phone_e164_fast(s, len, country, fast) == 0)
            continue;
        answered++;
        phone_e164_slow(s, len, country, slow);
        if (strcmp(fast, slow) != 0)
            fail_msg("'%s' in '%s': %s, libphonenumber says %s", s, country, fast, slow);
    }
    assert_in_range(answered, 50000, 1000000);
}

/* ---- a register of made-up leads and a second one in which some are written another way ---- */

enum { BASE = 6000, ASKED = 1500, FIELDS = 4 };

struct lead {
    const char *country;
    char field[FIELDS][240]; /* name, phone, fax, e-mail */
};

static const enum text_key_kind field_kinds[FIELDS] = {TEXT_KEY_COMPANY, TEXT_KEY_PHONE,
                                                       TEXT_KEY_PHONE, TEXT_KEY_EMAIL};

/* Names of different numbers have different cores; `style` only changes the legal form and
 * spelling. */
static void write_name(char *to, size_t cap, int i, int style)
{
    static const char *const zh[] = {"宏", "远", "达", "兴", "盛", "安", "通", "源", "丰", "荣"};
    static const char *const hant[] = {"宏", "遠", "達", "興", "盛", "安", "通", "源", "豐", "榮"};
    static const char *const vi[] = {"An",   "Bình", "Hà",  "Ngân", "Hằng",
                                     "Phát", "Đạt",  "Đức", "Sơn",  "Yến"};
    static const char *const VI[] = {"AN",   "BÌNH", "HÀ",  "NGÂN", "HẰNG",
                                     "PHÁT", "ĐẠT",  "ĐỨC", "SƠN",  "YẾN"};
    static const char *const en[] = {"bar", "cor", "dal", "fen", "gil",
                                     "hol", "jor", "kel", "lan", "mor"};
    int a = i / 4 % 10, b = i / 40 % 10, c = i / 400 % 10, d = i / 4000;

    switch (i % 4) {
    case 0:
        snprintf(to, cap,
                 style == 0   ? "深圳市%s%s%s物流%d有限公司"
                 : style == 1 ? "深圳市 %s%s%s物流%d股份有限公司"
                              : "深圳市%s%s%s物流%d（集团）有限公司",
                 style == 2 ? hant[a] : zh[a], style == 2 ? hant[b] : zh[b],
                 style == 2 ? hant[c] : zh[c], d);
        break;
    case 1:
        snprintf(to, cap,
                 style == 0   ? "Công ty TNHH Vận tải %s %s %s %d"
                 : style == 1 ? "CÔNG TY CỔ PHẦN VẬN TẢI %s %s %s %d"
                              : "cty cp  van tai %s %s %s %d",
                 style == 1 ? VI[a] : vi[a], style == 1 ? VI[b] : vi[b], style == 1 ? VI[c] : vi[c],
                 d);
        break;
    case 2:
        snprintf(to, cap,
                 style == 0   ? "%s%s%s Trading %d Co., Ltd"
                 : style == 1 ? "%s%s%s TRADING %d CO.,LTD."
                              : "%s%s%s　Ｔｒａｄｉｎｇ　%d　Ｌｉｍｉｔｅｄ",
                 en[a], en[b], en[c], d);
        break;
    default:
        snprintf(to, cap,
                 style == 0   ? "%s%s%s Industries %d Inc."
                 : style == 1 ? "%s%s%s Industries %d, L.L.C."
                              : "%s%s%s INDUSTRIES %d Corp",
                 en[a], en[b], en[c], d);
    }
}

static void write_phone(char *to, size_t cap, int i, int fax, int style)
{
    int n = (2 * i + fax) * 7;

    switch (i % 4) {
    case 0:
        snprintf(to, cap,
                 style == 0   ? "0755-2%03d%04d"
                 : style == 1 ? "+86 (755) 2%03d %04d"
                              : "００８６－７５５－２%03d%04d转8",
                 n / 10000, n % 10000);
        break;
    case 1:
        snprintf(to, cap,
                 style == 0   ? "09%02d %03d %03d"
                 : style == 1 ? "+84-9%02d%03d%03d"
                              : "(84) 9%02d.%03d.%03d",
                 n / 1000000, n / 1000 % 1000, n % 1000);
        break;
    case 2:
        snprintf(to, cap,
                 style == 0   ? "138%04d%04d"
                 : style == 1 ? "+86 138 %04d %04d"
                              : "138%04d%04d.0",
                 n / 10000, n % 10000);
        break;
    default:
        snprintf(to, cap,
                 style == 0   ? "(201) 2%02d-%04d"
                 : style == 1 ? "+1 201.2%02d.%04d"
                              : "001 201 2%02d %04d",
                 n / 10000, n % 10000);
    }
}

static void write_lead(struct lead *l, int i, int style)
{
    static const char *const countries[] = {"CN", "VN", "CN", "US"};

    l->country = countries[i % 4];
    write_name(l->field[0], sizeof(l->field[0]), i, style);
    write_phone(l->field[1], sizeof(l->field[1]), i, 0, style);
    write_phone(l->field[2], sizeof(l->field[2]), i, 1, style);
    snprintf(l->field[3], sizeof(l->field[3]),
             style == 0   ? "sales%d@firm%d.com"
             : style == 1 ? "SALES%d@Firm%d.COM"
                          : " ｓａｌｅｓ%d＠firm%d.com ",
             i, i);
}

struct entry {
    int64_t hash;
    int row;
};

static int by_hash(const void *a, const void *b)
{
    int64_t x = ((const struct entry *)a)->hash, y = ((const struct entry *)b)->hash;

    return x < y ? -1 : x > y;
}

/* The one key of a field as a number. */
static int64_t field_hash(const struct lead *l, int field)
{
    struct text_keys keys = TEXT_KEYS_INIT;

    text_keys_of(&keys, field_kinds[field], l->field[field], strlen(l->field[field]), l->country);
    if (keys.n != 1)
        fail_msg("'%s' has %zu keys", l->field[field], keys.n);
    int64_t h = text_key_hash((uint8_t)field, text_key(&keys, 0), keys.key[0].len);

    text_keys_free(&keys);
    return h;
}

static void every_duplicate_of_a_register_is_found_and_no_other(void **state)
{
    static struct entry index[BASE * FIELDS];
    struct lead l, other;
    int found = 0;

    (void)state;
    for (int i = 0; i < BASE; i++) {
        write_lead(&l, i, 0);
        for (int f = 0; f < FIELDS; f++)
            index[i * FIELDS + f] = (struct entry){field_hash(&l, f), i};
    }
    qsort(index, BASE * FIELDS, sizeof(index[0]), by_hash);
    for (size_t i = 1; i < BASE * FIELDS; i++)
        assert_true(index[i - 1].hash != index[i].hash); /* the register itself has none */
    for (int i = 0; i < ASKED; i++) {
        int twin = (int)((unsigned)i * 7919u % BASE), same = i % 5; /* 0-3 one field, 4 none */

        write_lead(&l, BASE + i, i % 3);
        write_lead(&other, twin, 1 + i / 20 % 2);
        if (same < FIELDS) {
            l.country = other.country;
            memcpy(l.field[same], other.field[same], sizeof(l.field[same]));
        }
        for (int f = 0; f < FIELDS; f++) {
            if (f != same && (f == 1 || f == 2)) /* its own number, in the country it is from */
                write_phone(l.field[f], sizeof(l.field[f]), BASE + i, f - 1, 1);
            struct entry *hit = bsearch(&(struct entry){field_hash(&l, f), 0}, index, BASE * FIELDS,
                                        sizeof(index[0]), by_hash);

            if ((hit != NULL) != (f == same))
                fail_msg("'%s' %s", l.field[f], hit != NULL ? "has a false twin" : "is not found");
            if (hit != NULL)
                assert_int_equal(hit->row, twin);
            found += hit != NULL;
        }
    }
    assert_int_equal(found, ASKED / 5 * 4);
}

static void any_bytes_are_taken(void **state)
{
    struct text_keys keys = TEXT_KEYS_INIT;
    uint64_t seed = 42;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        char s[120];
        size_t len = next_random(&seed) % sizeof(s);

        for (size_t k = 0; k < len; k++)
            s[k] = i % 2 ? (char)next_random(&seed)
                         : "0123456789+-(). /,;eE@.x#\n\xe8\xbd\xac"[next_random(&seed) % 28];
        for (enum text_key_kind kind = TEXT_KEY_EXACT; kind <= TEXT_KEY_CODE; kind++) {
            text_keys_of(&keys, kind, s, len, "CN");
            assert_true(keys.n <= TEXT_KEYS_MAX);
        }
    }
    text_keys_free(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_phone_has_one_key_however_it_is_written),
        cmocka_unit_test(a_cell_may_hold_several_phones),
        cmocka_unit_test(an_extension_is_left_out_of_the_key),
        cmocka_unit_test(what_excel_made_of_a_phone_is_repaired_or_refused),
        cmocka_unit_test(what_is_no_phone_number_has_its_digits_or_no_key),
        cmocka_unit_test(emails_meet_in_lower_case_and_half_width),
        cmocka_unit_test(company_names_meet_whatever_their_legal_form),
        cmocka_unit_test(codes_and_exact_texts_meet_folded),
        cmocka_unit_test(a_hash_is_the_same_for_ever),
        cmocka_unit_test(the_hash_parts_groups_and_keys),
        cmocka_unit_test(the_fast_path_for_phones_answers_as_libphonenumber_does),
        cmocka_unit_test(every_duplicate_of_a_register_is_found_and_no_other),
        cmocka_unit_test(any_bytes_are_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
