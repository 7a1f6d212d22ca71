/* test_text_tokens.c - what is stored for searching is found by what people type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "text/fold.h"
#include "text/pinyin.h"
#include "text/tokens.h"
#include "text/umlaut.h"
#include "text/valid.h"

/* ---- an index of one document, without positions ---- */

struct document {
    char text[8000];
    const char *token[1000];
    size_t n;
};

static void split(struct document *d, const struct buf *tokens)
{
    assert_true(tokens->len < sizeof(d->text));
    snprintf(d->text, sizeof(d->text), "%s", buf_str(tokens));
    d->n = 0;
    for (char *save = NULL, *t = strtok_r(d->text, " ", &save); t != NULL;
         t = strtok_r(NULL, " ", &save)) {
        assert_true(d->n < 1000);
        d->token[d->n++] = t;
    }
}

static bool term_matches(const struct document *d, const struct text_term *t)
{
    for (size_t w = 0; w < t->n; w++)
        for (size_t i = 0; i < d->n; i++)
            if (t->any[w].prefix ? strncmp(d->token[i], t->any[w].s, t->any[w].len) == 0
                                 : strcmp(d->token[i], t->any[w].s) == 0)
                return true;
    return false;
}

static bool finds(const char *query, const char *const *fields)
{
    struct arena *a = arena_new();
    struct buf tokens = BUF_INIT;
    static struct document d;

    for (; *fields != NULL; fields++)
        text_tokens_index(&tokens, *fields, strlen(*fields));
    text_tokens_unique(&tokens);
    split(&d, &tokens);
    struct text_query *q = text_tokens_query(a, query, strlen(query));
    bool all = q->n > 0;

    for (size_t i = 0; i < q->n; i++) {
        assert_true(q->term[i].n > 0);
        all &= term_matches(&d, &q->term[i]);
    }
    buf_free(&tokens);
    arena_free(&a);
    return all;
}

static const char *const lead[] = {"深圳市新华中远科技有限公司",
                                   "+86 (755) 2124-0062",
                                   "Info.Jiang@yue1.com.cn",
                                   "王小明",
                                   "深圳市",
                                   NULL};
static const char *const vietnamese[] = {"Công ty TNHH Vận tải Đường Biển An Bình",
                                         "028 3822 1234",
                                         "sales@anbinh.com.vn",
                                         "Nguyễn Thị Hương",
                                         "Hồ Chí Minh",
                                         NULL};
static const char *const english[] = {"Shenzhen Huazhong Logistics Co., Ltd",
                                      "0755-21240062/13158411676",
                                      "John O'Brien",
                                      "12345678@qq.com",
                                      "BK-2026-0012",
                                      NULL};

static void assert_found(const char *const *fields, const char *const *queries)
{
    for (; *queries != NULL; queries++)
        if (!finds(*queries, fields))
            fail_msg("'%s' does not find '%s'", *queries, fields[0]);
}

static void assert_not_found(const char *const *fields, const char *const *queries)
{
    for (; *queries != NULL; queries++)
        if (finds(*queries, fields))
            fail_msg("'%s' finds '%s'", *queries, fields[0]);
}

static void any_part_of_a_chinese_name_finds_it(void **state)
{
    static const char *const yes[] = {
        "华中",         "深",       "技",   "司",
        "新华中远",     "圳市新",   "華中", "深圳市新华中远科技有限公司",
        "深圳 科技",    "王小明",   "小明", "明",
        "新华（中远）", "有限公司", "深圳新华", NULL};
    static const char *const no[] = {"中华", "华远", "深市", "新中", "远华", "小王", "广州", NULL};

    (void)state;
    assert_found(lead, yes);
    assert_not_found(lead, no);
}

static void every_substring_of_a_chinese_name_finds_it(void **state)
{
    const char *name = "重庆雪恒胜玩具礼品股份有限公司";
    const char *const fields[] = {name, NULL};

    (void)state;
    for (size_t from = 0; from < strlen(name); from += 3)
        for (size_t to = from + 3; to <= strlen(name); to += 3) {
            char part[100];

            snprintf(part, sizeof(part), "%.*s", (int)(to - from), name + from);
            assert_true(finds(part, fields));
        }
}

static void pinyin_and_initials_find_chinese(void **state)
{
    static const char *const yes[] = {
        "shenzhen", "huazhong", "xinhuazhongyuan", "ShenZhen keji", "shenzhenshixinhua",
        "shen",     "shenzh",   "zhongyuank",      "szs",           "szsxh",         "szxh",          "szxhzy",
        "shenzhenxinhua",
        "xhzy",     "sxhzykj",  "wangxiaoming",    "wxm",           "wangx",
        "SZ",       NULL};
    static const char *const no[] = {"guangzhou", "zhonghua", "zhongxinhua", "gz", "hzyzz", NULL};
    static const char *const logistics[] = {"深圳物流", NULL}, *const ask[] = {"szwl",
                                                                               "shenzhenwuliu",
                                                                               "szw", NULL};
    static const char *const special[] = {"重庆长安厦门银行", NULL};
    static const char *const ask_special[] = {"chongqing", "changan", "xiamen",
                                              "yinhang",   "cqca",    NULL};

    (void)state;
    assert_found(lead, yes);
    assert_not_found(lead, no);
    assert_found(logistics, ask);
    assert_found(special, ask_special);
}

/* A third of a second each, once: every cut of them was tried to its end. */
static void letters_that_are_no_pinyin_at_their_end_are_known_at_once(void **state)
{
    static const char *const words[] = {"gangangangangangangangangangangangangangangangi",
                                        "anganganganganganganganganganganganganganganganv",
                                        "ananananananananananananananananananananananananv"};
    struct pinyin_way ways[PINYIN_WAYS];

    (void)state;
    for (size_t i = 0; i < 3000; i++)
        assert_int_equal(pinyin_cut(words[i % 3], strlen(words[i % 3]), true, ways), 0);
    assert_int_equal(pinyin_cut("gangan", 6, true, ways), 2); /* gan gan, gang an */
    assert_int_equal(ways[0].len[0], 4);
    assert_int_equal(ways[1].len[0], 3);
}

static void initials_and_pinyin_with_digits_behind_find_both(void **state)
{
    static const char *const ship[] = {"宁波远洋59号", NULL}, *const code[] = {"HT-2026-0715", "NBX59", NULL};

    (void)state;
    assert_found(ship, (const char *const[]){"nbyy59", "NBYY5", "nby59", "ningboyuanyang59", "ningbo59", "yuanyang59", "nbyy 59", NULL});
    assert_not_found(ship, (const char *const[]){"nbyy58", "nbyx59", "ningbo5 9", "nbyy595", "yuanbo59", "nb59", NULL});
    assert_found(code, (const char *const[]){"ht2026", "ht20260715", "nbx59", NULL});
}

static void a_place_is_found_with_its_rank_and_without(void **state)
{
    static const char *const plain[] = {"深圳华中科技", NULL}, *const ask[] = {"深圳市华中", "深圳华中", "深圳市华中科技", NULL};
    static const char *const no[] = {"深圳市中华", "华中市科技园", NULL};

    (void)state;
    assert_found(plain, ask);
    assert_not_found(plain, no);
}

static void legal_forms_that_were_typed_do_not_count(void **state)
{
    static const char *const hanse[] = {"Hanse Spedition GmbH", NULL}, *const an_binh[] = {"Công ty TNHH An Bình", NULL};
    static const char *const huazhong[] = {"深圳华中股份有限公司", NULL};

    (void)state;
    assert_found(hanse, (const char *const[]){"hanse spedition ltd", "Hanse Spedition Co., Ltd.", "hanse", NULL});
    assert_found(an_binh, (const char *const[]){"cong ty an binh", "CTY TNHH MTV An Bình", "an binh jsc", "công ty", "tnhh", NULL});
    assert_found(huazhong, (const char *const[]){"深圳华中有限公司", "华中集团", "有限公司", NULL});
    assert_not_found(hanse, (const char *const[]){"hanse sp ag x", "ltd", NULL});
}

static void vietnamese_typed_in_telex_keys_is_understood(void **state)
{
    static const char *const huong[] = {"Nguyễn Thị Hương, Đường Biển, Việt Nam", NULL};

    (void)state;
    assert_found(huong, (const char *const[]){"nguyeenx", "nguyeexn thij", "huwowng", "huowngw", "dduwowngf bieenr", "vieetj", "viejet",
                                              "vieejt nam", NULL});
    assert_not_found(huong, (const char *const[]){"nguyeenxs", "wnam", "vieetk", NULL});
}

static void what_is_left_out_between_parts_is_not_missed(void **state)
{
    static const char *const far[] = {"深圳市远航国际物流有限公司", NULL};
    static const char *const yes[] = {"远航物流", "深圳远航物流", "远航物流公司", "yuanhangwuliu", "shenzhenyuanhangwuliu", NULL};
    static const char *const no[] = {"远物流", "远航流", "航远物流", "远航国流", "hangwuliu", "远航货运物流中心", NULL};

    (void)state;
    assert_found(far, yes);
    assert_not_found(far, no);
}

static void syllables_may_stand_apart_or_be_mixed(void **state)
{
    static const char *const far[] = {"深圳远航物流", "王小明", "李娜", NULL};
    static const char *const yes[] = {"yuan hang", "yuan ha", "yuan h", "shen zhen yuan hang", "shenzhen yuan hang", "Yuan-Hang",
                                      "wang xiao ming", "wang xiaoming", "xiaoming wang", "na li", "li na", "wang shenzhen",
                                      "yuan航", "远hang", "yuanhang物流", "yhwuliu", "szyuanhang", "shenzhenyh", NULL};
    static const char *const no[] = {"hang yuan", "yuan hong", "wang daming", "yuan xiaoming", "yhdianzi", "shenzhenyz", NULL};

    (void)state;
    assert_found(far, yes);
    assert_not_found(far, no);
    assert_found((const char *const[]){"吕晓洁", "略阳", NULL},
                 (const char *const[]){"lv xiaojie", "lvxiaojie", "lyu xiaojie", "lyuxiaojie", "luxiaojie", "lueyang", "lveyang", NULL});
}

static void umlauts_may_be_two_letters_on_either_side(void **state)
{
    static const char *const signs[] = {"Söhne Größe Jürgen København", NULL}, *const letters[] = {"Soehne Mueller", NULL};

    (void)state;
    assert_found(signs, (const char *const[]){"soehne", "soehn", "sohne", "Söhne", "groesse", "juergen", "koebenhavn", NULL});
    assert_found(letters, (const char *const[]){"söhne", "soehne", "sohne", "Müller", "muller", NULL});
    assert_not_found((const char *const[]){"Full Yuyang", NULL}, (const char *const[]){"fuel", "yueyang", NULL});
}

/* A word is no string: what stands behind it in memory is not looked at (the sanitizer tells). */
static void nothing_behind_a_word_is_read(void **state)
{
    static const char *const words[] = {"mueng", "muehm", "haerbin", "soehne", "yuehm", "yueng"};

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t len = strlen(words[i]);
        char *word = malloc(len), plain[16];

        assert_non_null(word);
        memcpy(word, words[i], len);
        size_t with_sign = umlaut_plain(plain, word, len);

        assert_true(with_sign == 0 || with_sign == len - 1);
        free(word);
    }
}

static void words_may_be_written_together_or_apart(void **state)
{
    static const char *const apart[] = {"Hà Nội, Hồ Chí Minh", "Mei-Ling", "HT-2026-0015", "a@xin-sheng.cn", NULL};
    static const char *const together[] = {"Hanoi Brightwater BK7799", NULL};

    (void)state;
    assert_found(apart, (const char *const[]){"hanoi", "hochiminh", "meiling", "ht20260015", "HT2026-0015", "ht2026", "xinsheng", NULL});
    assert_found(together, (const char *const[]){"ha noi", "bright water", "bright wat", "bk 7799", "bk-7799", NULL});
    assert_not_found(apart, (const char *const[]){"hanam", "20260015", NULL});
    assert_found((const char *const[]){"Đường Biển Việt", NULL}, (const char *const[]){"d9uong72 bie63n", "vie65t", NULL});
}

static void an_extension_does_not_hide_the_last_digits(void **state)
{
    static const char *const ask[] = {"0062", "21240062", "0755 21240062", "+86 755 2124 0062", NULL};

    (void)state;
    assert_found((const char *const[]){"0755-21240062-801", NULL}, ask);
    assert_found((const char *const[]){"0755-21240062x801", NULL}, ask);
    assert_found((const char *const[]){"0755-21240062转801", NULL}, ask);
    assert_found((const char *const[]){"0755-21240062-801", NULL}, (const char *const[]){"0755-21240062-801", "75521240062801", NULL});
}

static void an_address_that_was_pasted_is_found_by_its_name(void **state)
{
    static const char *const fields[] = {"info@yuan-hang.com.cn", NULL};

    (void)state;
    assert_found(fields, (const char *const[]){"https://www.yuan-hang.com.cn/", "www.yuan-hang.com.cn", "http://yuan-hang.com.cn", NULL});
    assert_not_found(fields, (const char *const[]){"https://www.yuan-hong.com.cn", "www", NULL});
}

/* What is wanted together is never met where the loose question is not. */
static void what_stands_together_meets_what_may_be_apart(void **state)
{
    static const char *const typed[] = {"远航国际物流", "深圳市远航", "yuanhangguojiwuliu", "yuan hang wuliu", "szyuanhangguoji", "an binh vantai"};
    static const char *const text[] = {"深圳市远航国际物流有限公司", "深圳远航物流", "远航", "Vận tải An Bình", "国际物流"};
    struct arena *a = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof(typed) / sizeof(typed[0]); i++)
        for (size_t k = 0; k < sizeof(text) / sizeof(text[0]); k++) {
            struct text_query *loose = text_tokens_query(a, typed[i], strlen(typed[i]));
            struct text_query *together = text_tokens_query_together(a, typed[i], strlen(typed[i]));
            uint32_t met = 0, both = 0;

            text_query_meet(loose, text[k], strlen(text[k]), false, &met);
            text_query_meet(together, text[k], strlen(text[k]), false, &both);
            assert_true(both != text_query_all(together) || met == text_query_all(loose));
        }
    arena_free(&a);
}

static void characters_of_several_readings_are_found_by_each(void **state)
{
    static const char *const chang[] = {"深圳长行乐盛贸易", NULL}; /* changxing, zhanghang ... */
    static const char *const ask[] = {"changhang", "zhangxing", "szch", "szzx", "hangle", "xingyue", NULL};
    static const char *const chongqing[] = {"重庆绿源铝业", NULL};
    static const char *const cq[] = {"chongqing", "cq", "lvyuan", "luyuan", "lvye", "luye", "cqly", NULL};
    static const char *const no[] = {"zhongqing", "zq", NULL};

    (void)state;
    assert_found(chang, ask);
    assert_found(chongqing, cq);
    assert_not_found(chongqing, no);
}

static void vietnamese_is_found_without_tones_and_while_typing(void **state)
{
    static const char *const yes[] = {
        "van tai", "Vận Tải", "VAN TAI",      "duong bien", "đường",       "an binh", "an bi",
        "van t",   "b",       "nguyen huong", "Nguyễn Thị", "ho chi minh", "tnhh",    NULL};
    static const char *const no[] = {"va tai", "bin an", "hai phong", "tai van xe", NULL};

    (void)state;
    assert_found(vietnamese, yes);
    assert_not_found(vietnamese, no);
}

static void latin_words_are_found_by_their_starts(void **state)
{
    static const char *const yes[] = {"huazhong",     "SHENZHEN", "logis",    "shenzhen logistics",
                                      "obrien",       "O'Brien",  "john o'b", "bk-2026",
                                      "BK-2026-0012", "2026",     "0012",     "co.,ltd",
                                      "huazh",        NULL};
    static const char *const no[] = {"zhong", "ogistics", "shen logistics", "brien", NULL};

    (void)state;
    assert_found(english, yes);
    assert_not_found(english, no);
}

static void a_phone_is_found_by_any_grouping_and_its_last_digits(void **state)
{
    static const char *const yes[] = {"0062",
                                      "40062",
                                      "240062",
                                      "1240062",
                                      "21240062",
                                      "2124-0062",
                                      "2124 0062",
                                      "0755-21240062",
                                      "0755 2124 0062",
                                      "075521240062",
                                      "+8675521240062",
                                      "+86 755 2124",
                                      "0086 755 21240062",
                                      "8675521240062",
                                      "86-755-21240062",
                                      "0755",
                                      "755",
                                      "0755-2124",
                                      "2124",
                                      "(0755)2124 0062",
                                      "＋８６７５５２１２４００６２",
                                      NULL};
    static const char *const no[] = {"0063", "1240", "0756", "21240063", "0755 2124 0063", NULL};

    (void)state;
    assert_found(lead, yes);
    assert_not_found(lead, no);
    /* Stored as written inside the country, asked for with the calling code. */
    assert_found(english, (const char *const[]){"+86 755 2124 0062", "0755-21240062", "21240062",
                                                "13158411676", "+86 131 5841 1676", "1676",
                                                "131 5841", NULL});
    assert_found(vietnamese, (const char *const[]){"+84 28 3822 1234", "02838221234", "1234",
                                                   "3822 1234", "028", NULL});
}

static void an_address_is_found_by_its_parts(void **state)
{
    static const char *const yes[] = {"info.jiang@yue1.com.cn",
                                      "INFO.JIANG@YUE1.COM.CN",
                                      "info.jiang",
                                      "jiang",
                                      "yue1.com.cn",
                                      "yue1.com",
                                      "yue1",
                                      "@yue1.com",
                                      "yue1.",
                                      "yue1.c",
                                      "yue1.co",
                                      "info.jiang@",
                                      "jiang@yue",
                                      "info.ji",
                                      NULL};
    static const char *const no[] = {"info@yue2.com", "inf@", "yue2.com", "iang", NULL};

    (void)state;
    assert_found(lead, yes);
    assert_not_found(lead, no);
    assert_found(english,
                 (const char *const[]){"12345678@qq.com", "12345678", "1234", "qq.com", NULL});
}

/* Whatever is typed, a term holds letters and digits only: nothing an index takes for syntax. */
static void syntax_never_gets_through(void **state)
{
    static const char *const typed[] = {
        "\"",  "'",   "*",       "a\" OR \"b", "NEAR(a b)", "col:abc", "-abc", "abc*",
        "(((", "{x}", "a AND b", "^a",         "深\"圳",    "a:*|b",   "<->",  "\\",
        "%",   "_",   "a_b",     "😀",          "\xff\xfe",  "ƨ",       NULL};
    struct arena *a = arena_new();

    (void)state;
    for (size_t i = 0; typed[i] != NULL; i++) {
        struct text_query *q = text_tokens_query(a, typed[i], strlen(typed[i]));

        for (size_t t = 0; t < q->n; t++)
            for (size_t w = 0; w < q->term[t].n; w++) {
                const struct text_word *word = &q->term[t].any[w];

                assert_int_equal(strlen(word->s), word->len);
                assert_true(word->len > 0);
                assert_null(strpbrk(word->s, " \"'*():-^{}<>|&!\\%_.,+@"));
            }
    }
    assert_int_equal(text_tokens_query(a, "  *\"- ", 6)->n, 0);
    assert_int_equal(text_tokens_query(a, "", 0)->n, 0);
    arena_free(&a);
}

static unsigned next_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return (unsigned)(*s >> 33);
}

/* Random text of all kinds: tokens are valid UTF-8 and short, and each word of it finds it. */
static void any_text_is_taken_and_found_again(void **state)
{
    static const char *const parts[] = {
        "深圳", "华", " ",    "-", "abc", "XIAN",           "123",  "0755", "@", ".",
        "(",    ")",  "+86",  "đ", "Ữ",   "か\xe3\x82\x99", "한국", "ไทย",  "'", "\n",
        "２",   "😀",  "\xff", "/", "Ж"};
    uint64_t seed = 5;
    struct arena *a = arena_new();
    struct buf s = BUF_INIT, tokens = BUF_INIT;
    static struct document d;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        buf_clear(&s);
        buf_clear(&tokens);
        for (unsigned n = next_random(&seed) % 20; n > 0; n--)
            buf_puts(&s, parts[next_random(&seed) % (sizeof(parts) / sizeof(parts[0]))]);
        text_tokens_index(&tokens, buf_str(&s), s.len);
        assert_true(text_valid(buf_str(&tokens), tokens.len));
        split(&d, &tokens);
        for (size_t t = 0; t < d.n; t++)
            assert_in_range(strlen(d.token[t]), 1, 40);
        struct text_query *q = text_tokens_query(a, buf_str(&s), s.len);

        assert_true(q->n <= TEXT_TERMS_MAX);
        arena_reset(a);
    }
    buf_free(&s);
    buf_free(&tokens);
    arena_free(&a);
}

static void a_long_note_costs_a_token_a_character(void **state)
{
    struct buf s = BUF_INIT, tokens = BUF_INIT;
    size_t n = 1;

    (void)state;
    for (int i = 0; i < 5000; i++)
        buf_puts(&s, i % 2 ? "客" : "户");
    text_tokens_index_prose(&tokens, s.s, s.len);
    for (size_t i = 0; i < tokens.len; i++)
        n += tokens.s[i] == ' ';
    assert_int_equal(n, 5000);
    buf_free(&s);
    buf_free(&tokens);
}

static void a_repeated_token_is_kept_once(void **state)
{
    struct buf tokens = BUF_INIT;

    (void)state;
    text_tokens_unique(&tokens);
    assert_string_equal(buf_str(&tokens), "");
    buf_puts(&tokens, "a bb a c bb  a cc c");
    text_tokens_unique(&tokens);
    assert_string_equal(tokens.s, "a bb c cc");
    assert_int_equal(tokens.len, 9);
    buf_clear(&tokens);
    for (int i = 0; i < 3000; i++)
        buf_addf(&tokens, "%d ", i % 1000);
    text_tokens_unique(&tokens);
    assert_int_equal(tokens.len, 10 * 2 + 90 * 3 + 900 * 4 - 1);
    buf_free(&tokens);
}

static void a_lead_has_not_many_more_than_40_tokens(void **state)
{
    struct buf tokens = BUF_INIT;
    static struct document d;

    (void)state;
    for (size_t i = 0; lead[i] != NULL; i++)
        text_tokens_index(&tokens, lead[i], strlen(lead[i]));
    text_tokens_unique(&tokens);
    split(&d, &tokens);
    assert_in_range(d.n, 30, 48);
    buf_free(&tokens);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_part_of_a_chinese_name_finds_it),
        cmocka_unit_test(every_substring_of_a_chinese_name_finds_it),
        cmocka_unit_test(pinyin_and_initials_find_chinese),
        cmocka_unit_test(letters_that_are_no_pinyin_at_their_end_are_known_at_once),
        cmocka_unit_test(initials_and_pinyin_with_digits_behind_find_both),
        cmocka_unit_test(a_place_is_found_with_its_rank_and_without),
        cmocka_unit_test(legal_forms_that_were_typed_do_not_count),
        cmocka_unit_test(vietnamese_typed_in_telex_keys_is_understood),
        cmocka_unit_test(what_is_left_out_between_parts_is_not_missed),
        cmocka_unit_test(syllables_may_stand_apart_or_be_mixed),
        cmocka_unit_test(umlauts_may_be_two_letters_on_either_side),
        cmocka_unit_test(nothing_behind_a_word_is_read),
        cmocka_unit_test(words_may_be_written_together_or_apart),
        cmocka_unit_test(an_extension_does_not_hide_the_last_digits),
        cmocka_unit_test(an_address_that_was_pasted_is_found_by_its_name),
        cmocka_unit_test(what_stands_together_meets_what_may_be_apart),
        cmocka_unit_test(characters_of_several_readings_are_found_by_each),
        cmocka_unit_test(vietnamese_is_found_without_tones_and_while_typing),
        cmocka_unit_test(latin_words_are_found_by_their_starts),
        cmocka_unit_test(a_phone_is_found_by_any_grouping_and_its_last_digits),
        cmocka_unit_test(an_address_is_found_by_its_parts),
        cmocka_unit_test(syntax_never_gets_through),
        cmocka_unit_test(any_text_is_taken_and_found_again),
        cmocka_unit_test(a_long_note_costs_a_token_a_character),
        cmocka_unit_test(a_repeated_token_is_kept_once),
        cmocka_unit_test(a_lead_has_not_many_more_than_40_tokens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
