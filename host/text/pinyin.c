/* pinyin.c - how Chinese is read. */
#include "text/pinyin.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "text/tables.h"

/* Words in which one character is not read as usual; `which` is its place. */
static const struct {
    uint32_t a, b;
    int which;
    const char *as;
} words[] = {
    {U'重', U'庆', 0, "chong"}, {U'重', U'阳', 0, "chong"}, {U'重', U'新', 0, "chong"},
    {U'重', U'复', 0, "chong"}, {U'厦', U'门', 0, "xia"},   {U'大', U'厦', 1, "sha"},
    {U'银', U'行', 1, "hang"},  {U'商', U'行', 1, "hang"},  {U'行', U'业', 0, "hang"},
    {U'车', U'行', 1, "hang"},  {U'洋', U'行', 1, "hang"},  {U'金', U'行', 1, "hang"},
    {U'同', U'行', 1, "hang"},  {U'行', U'家', 0, "hang"},  {U'音', U'乐', 1, "yue"},
    {U'乐', U'器', 0, "yue"},   {U'乐', U'清', 0, "yue"},   {U'长', U'沙', 0, "chang"},
    {U'长', U'春', 0, "chang"}, {U'长', U'城', 0, "chang"}, {U'长', U'江', 0, "chang"},
    {U'长', U'安', 0, "chang"}, {U'长', U'荣', 0, "chang"}, {U'长', U'兴', 0, "chang"},
    {U'长', U'虹', 0, "chang"}, {U'长', U'治', 0, "chang"}, {U'成', U'长', 1, "zhang"},
    {U'部', U'长', 1, "zhang"}, {U'厂', U'长', 1, "zhang"}, {U'董', U'长', 1, "zhang"},
    {U'事', U'长', 1, "zhang"}, {U'校', U'长', 1, "zhang"}, {U'会', U'计', 0, "kuai"},
    {U'朝', U'阳', 0, "chao"},  {U'调', U'研', 0, "diao"},  {U'调', U'查', 0, "diao"},
    {U'六', U'安', 0, "lu"},    {U'蚌', U'埠', 0, "beng"},  {U'东', U'莞', 1, "guan"},
    {U'浒', U'墅', 0, "xu"},    {U'番', U'禺', 0, "pan"},   {U'台', U'州', 0, "tai"},
    {U'丽', U'水', 0, "li"},    {U'铅', U'山', 0, "yan"},   {U'西', U'藏', 1, "zang"},
    {U'宝', U'藏', 1, "zang"},  {U'都', U'匀', 0, "du"},    {U'成', U'都', 1, "du"},
    {U'首', U'都', 1, "du"},    {U'都', U'市', 0, "du"},    {U'京', U'都', 1, "du"},
    {U'传', U'记', 0, "zhuan"}, {U'参', U'茸', 0, "shen"},  {U'人', U'参', 1, "shen"},
    {U'便', U'宜', 0, "pian"},  {U'模', U'具', 0, "mu"},    {U'模', U'板', 0, "mu"},
    {U'模', U'塑', 0, "mu"},    {U'塑', U'模', 1, "mu"},    {U'中', U'奖', 0, "zhong"},
    {U'种', U'植', 0, "zhong"}, {U'单', U'县', 0, "shan"},  {U'尉', U'犁', 0, "yu"},
    {U'万', U'俟', 0, "mo"},    {U'石', U'料', 0, "shi"},   {U'一', U'石', 1, "shi"},
    {U'沈', U'阳', 0, "shen"},  {U'校', U'对', 0, "jiao"},  {U'生', U'还', 1, "huan"},
    {U'弹', U'簧', 0, "tan"},   {U'弹', U'性', 0, "tan"},   {U'供', U'给', 1, "ji"},
    {U'给', U'水', 0, "ji"},    {U'洗', U'涤', 0, "xi"},    {U'打', U'折', 1, "zhe"},
    {U'单', U'于', 0, "chan"},  {U'澹', U'台', 0, "tan"},   {U'黄', U'陂', 1, "pi"},
};

/* Characters that names and places read in more than one way, in order. */
static const struct several {
    uint32_t c;
    const char *as; /* the usual one first */
} several[] = {
    {U'万', "wan mo"}, {U'乐', "le yue"}, {U'乜', "nie mie"}, {U'乾', "qian gan"},
    {U'什', "shen shi"}, {U'仇', "chou qiu"}, {U'仔', "zi zai"}, {U'会', "hui kuai"},
    {U'传', "chuan zhuan"}, {U'似', "si shi"}, {U'伽', "jia qie ga"}, {U'佛', "fo fu"},
    {U'佴', "nai er"}, {U'侗', "dong tong"}, {U'便', "bian pian"}, {U'六', "liu lu"},
    {U'削', "xue xiao"}, {U'劲', "jin jing"}, {U'区', "qu ou"}, {U'单', "dan shan"},
    {U'卜', "bu bo"}, {U'卡', "ka qia"}, {U'厦', "sha xia"}, {U'参', "can shen"},
    {U'句', "ju gou"}, {U'召', "zhao shao"}, {U'员', "yuan yun"}, {U'呷', "xia ga"},
    {U'咖', "ka ga"}, {U'圈', "quan juan"}, {U'圩', "wei xu"}, {U'地', "di de"},
    {U'埔', "pu bu"}, {U'堡', "bao pu bu"}, {U'塞', "sai se"}, {U'壳', "ke qiao"},
    {U'夹', "jia ga"}, {U'奇', "qi ji"}, {U'娜', "na nuo"}, {U'宓', "mi fu"},
    {U'宿', "su xiu"}, {U'尉', "wei yu"}, {U'屏', "ping bing"}, {U'峒', "dong tong"},
    {U'巷', "xiang hang"}, {U'幢', "zhuang chuang"}, {U'干', "gan qian"}, {U'弄', "nong long"},
    {U'弹', "dan tan"}, {U'强', "qiang jiang"}, {U'扎', "zha za"}, {U'折', "zhe she"},
    {U'拓', "tuo ta"}, {U'择', "ze zhai"}, {U'提', "ti di"}, {U'晁', "chao zhao"},
    {U'晟', "sheng cheng"}, {U'曝', "bao pu"}, {U'曾', "zeng ceng"}, {U'朝', "chao zhao"},
    {U'朴', "pu piao"}, {U'枞', "cong zong"}, {U'柏', "bai bo"}, {U'查', "cha zha"},
    {U'栅', "zha shan"}, {U'校', "xiao jiao"}, {U'模', "mo mu"}, {U'歙', "she xi"},
    {U'殷', "yin yan"}, {U'沈', "shen chen"}, {U'泊', "bo po"}, {U'泌', "mi bi"},
    {U'洗', "xi xian"}, {U'浒', "hu xu"}, {U'浚', "jun xun"}, {U'涌', "yong chong"},
    {U'涡', "wo guo"}, {U'漯', "luo ta"}, {U'炮', "pao bao"}, {U'焘', "tao dao"},
    {U'熨', "yun yu"}, {U'牟', "mou mu"}, {U'犍', "jian qian"}, {U'率', "lv shuai"},
    {U'琢', "zhuo zuo"}, {U'畜', "xu chu"}, {U'番', "fan pan"}, {U'盖', "gai ge"},
    {U'盛', "sheng cheng"}, {U'省', "sheng xing"}, {U'着', "zhe zhuo zhao"}, {U'祭', "ji zhai"},
    {U'禅', "chan shan"}, {U'种', "zhong chong"}, {U'秘', "mi bi"}, {U'称', "cheng chen"},
    {U'筠', "yun jun"}, {U'粘', "zhan nian"}, {U'系', "xi ji"}, {U'繁', "fan po"},
    {U'纤', "xian qian"}, {U'给', "gei ji"}, {U'绿', "lv lu"}, {U'缪', "miao mou"},
    {U'翟', "zhai di"}, {U'能', "neng nai"}, {U'茄', "qie jia"}, {U'茜', "qian xi"},
    {U'荥', "xing ying"}, {U'莘', "shen xin"}, {U'莞', "guan wan"}, {U'菀', "wan yu"},
    {U'落', "luo la"}, {U'蔚', "wei yu"}, {U'薄', "bao bo"}, {U'藏', "cang zang"},
    {U'蚌', "bang beng"}, {U'血', "xue xie"}, {U'行', "xing hang"}, {U'覃', "qin tan"},
    {U'觉', "jue jiao"}, {U'角', "jiao jue"}, {U'解', "jie xie"}, {U'调', "diao tiao"},
    {U'谌', "chen shen"}, {U'贠', "yun yuan"}, {U'贾', "jia gu"}, {U'车', "che ju"},
    {U'轧', "ya zha"}, {U'还', "hai huan"}, {U'郄', "qie xi"}, {U'郇', "xun huan"},
    {U'郗', "xi chi"}, {U'都', "dou du"}, {U'重', "zhong chong"}, {U'铅', "qian yan"},
    {U'锴', "kai jie"}, {U'长', "chang zhang"}, {U'阚', "kan han"}, {U'阿', "a e"},
    {U'降', "jiang xiang"}, {U'隗', "kui wei"}, {U'隽', "juan jun"}, {U'露', "lu lou"},
    {U'鹄', "hu gu"}, {U'黑', "hei he"}, {U'龟', "gui qiu"},
};

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Number of the syllable s, or 0. */
static uint16_t find(const char *s, size_t len)
{
    char name[8] = "";

    if (len > 6 || len == 0)
        return 0;
    memcpy(name, s, len);
    const char(*at)[8] = bsearch(name, text_syllable + 1, text_syllable_count, 8, by_name);

    return at == NULL ? 0 : (uint16_t)(at - text_syllable);
}

/* Adds a way to read a character; ü is typed as v or, by some, as u. */
static void add_way(uint16_t to[PINYIN_READINGS], const char *s, size_t len)
{
    uint16_t way = find(s, len);

    for (size_t i = 0; way != 0 && i < PINYIN_READINGS && to[i] != way; i++)
        if (to[i] == 0) {
            to[i] = way;
            break;
        }
    if (len == 2 && s[1] == 'v')
        add_way(to, s[0] == 'l' ? "lu" : "nu", 2);
}

static int by_char(const void *key, const void *of)
{
    const uint32_t c = *(const uint32_t *)key, d = ((const struct several *)of)->c;

    return (c > d) - (c < d);
}

static void usual_ways(uint32_t c, uint16_t to[PINYIN_READINGS])
{
    const char *usual = text_syllable[text_pinyin(c)];
    const struct several *more =
        bsearch(&c, several, sizeof(several) / sizeof(several[0]), sizeof(several[0]), by_char);

    for (const char *s = more != NULL ? more->as : ""; *s != '\0';) {
        size_t len = strcspn(s, " ");

        add_way(to, s, len);
        s += len + (s[len] == ' ');
    }
    add_way(to, usual, strlen(usual));
}

void pinyin_read(const uint32_t *chars, size_t n, uint16_t (*to)[PINYIN_READINGS])
{
    memset(to, 0, n * sizeof(*to));
    for (size_t i = 0; i < n; i++)
        usual_ways(chars[i], to[i]);
    for (size_t i = 0; i + 1 < n; i++)
        for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++)
            if (words[w].a == chars[i] && words[w].b == chars[i + 1]) {
                uint16_t *way = to[i + (size_t)words[w].which];

                memset(way, 0, sizeof(*to));
                add_way(way, words[w].as, strlen(words[w].as));
            }
}

const char *pinyin_text(uint16_t syllable)
{
    return text_syllable[syllable];
}

static bool has_one_of(const char *s, size_t len, const char *list, size_t letters)
{
    for (size_t i = 0; i < len; i++)
        if (memchr(list, s[i], letters) != NULL)
            return true;
    return false;
}

/* A syllable as people type it, with a vowel (the readings of some rare characters have none). */
static bool is_syllable(const char *s, size_t len)
{
    return find(s, len) != 0 && (len > 1 ? has_one_of(s, len, "aeiouv", 6) : has_one_of(s, len, "aeo", 3));
}

static bool starts_syllable(const char *s, size_t len)
{
    for (size_t i = 1; i <= text_syllable_count; i++)
        if (strncmp(text_syllable[i], s, len) == 0)
            return true;
    return false;
}

enum { LETTERS_MAX = 48, SYLLABLE_MAX = 6 };

struct cutting {
    const char *s;
    size_t len;
    bool unfinished; /* the last syllable must be the start of one only */
    uint8_t least[LETTERS_MAX + 1]; /* parts from each letter to the end; more than PINYIN_PARTS: there is no way */
    struct pinyin_way now, *to;
    size_t ways;
};

static bool is_part(const struct cutting *c, size_t at, size_t n)
{
    return at + n == c->len && c->unfinished ? starts_syllable(c->s + at, n) : is_syllable(c->s + at, n);
}

/* So that no way is begun that does not come to the end: there may be millions of those. */
static void look_ahead(struct cutting *c)
{
    c->least[c->len] = 0;
    for (size_t at = c->len; at-- > 0;) {
        c->least[at] = PINYIN_PARTS + 1;
        for (size_t n = 1; n <= SYLLABLE_MAX && at + n <= c->len; n++)
            if (c->least[at + n] + 1 < c->least[at] && is_part(c, at, n))
                c->least[at] = (uint8_t)(c->least[at + n] + 1);
    }
}

/* Longest syllables first, so that the likely cut comes first. */
static void cut_from(struct cutting *c, size_t at)
{
    size_t left = c->len - at;

    if (left == 0) {
        c->to[c->ways++] = c->now;
        return;
    }
    for (size_t n = left < SYLLABLE_MAX ? left : SYLLABLE_MAX; n > 0 && c->ways < PINYIN_WAYS; n--) {
        if (c->now.n + 1 + c->least[at + n] > PINYIN_PARTS || !is_part(c, at, n))
            continue;
        c->now.len[c->now.n++] = (uint8_t)n;
        cut_from(c, at + n);
        c->now.n--;
    }
}

static void cut(struct cutting *c)
{
    look_ahead(c);
    cut_from(c, 0);
}

size_t pinyin_cut(const char *s, size_t len, bool partial, struct pinyin_way *to)
{
    struct cutting c = {.s = s, .len = len, .to = to};

    if (len == 0 || len > LETTERS_MAX)
        return 0;
    cut(&c);
    if (c.ways == 0 && partial) {
        c.unfinished = true;
        cut(&c);
    }
    return c.ways;
}
