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

void pinyin_read(const uint32_t *chars, size_t n, uint16_t *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = text_pinyin(chars[i]);
    for (size_t i = 0; i + 1 < n; i++)
        for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++)
            if (words[w].a == chars[i] && words[w].b == chars[i + 1])
                to[i + (size_t)words[w].which] = find(words[w].as, strlen(words[w].as));
}

const char *pinyin_text(uint16_t syllable)
{
    return text_syllable[syllable];
}

/* A syllable as people type it, with a vowel (the readings of some rare characters have none). */
static bool is_syllable(const char *s, size_t len)
{
    return find(s, len) != 0 && (len > 1 || memchr("aeo", s[0], 3) != NULL) &&
           !(len == 2 && s[0] == 'h' && s[1] == 'm');
}

static bool starts_syllable(const char *s, size_t len)
{
    for (size_t i = 1; i <= text_syllable_count; i++)
        if (strncmp(text_syllable[i], s, len) == 0)
            return true;
    return false;
}

struct cutting {
    const char *s;
    size_t len;
    bool unfinished; /* the last syllable must be the start of one only */
    struct pinyin_way now, *to;
    size_t ways;
};

/* Longest syllables first, so that the likely cut comes first. */
static void cut_from(struct cutting *c, size_t at)
{
    size_t left = c->len - at;

    if (left == 0) {
        c->to[c->ways++] = c->now;
        return;
    }
    for (size_t n = left < 6 ? left : 6; n > 0 && c->ways < PINYIN_WAYS; n--) {
        if (c->now.n == PINYIN_PARTS)
            return;
        if (n == left && c->unfinished ? !starts_syllable(c->s + at, n)
                                       : !is_syllable(c->s + at, n))
            continue;
        c->now.len[c->now.n++] = (uint8_t)n;
        cut_from(c, at + n);
        c->now.n--;
    }
}

size_t pinyin_cut(const char *s, size_t len, bool partial, struct pinyin_way *to)
{
    struct cutting c = {.s = s, .len = len, .to = to};

    if (len == 0 || len > 48)
        return 0;
    cut_from(&c, 0);
    if (c.ways == 0 && partial) {
        c.unfinished = true;
        cut_from(&c, 0);
    }
    return c.ways;
}
