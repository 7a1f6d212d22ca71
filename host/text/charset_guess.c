/* charset_guess.c - which encoding is it: what is valid, then what reads like text.
 *
 * Short samples (one company name) defeat statistical detectors: almost any GBK text is also valid
 * Big5.  So each encoding that could be meant is decoded, and the readings are compared by how
 * common their characters are in Chinese business text.  uchardet is asked only when none of
 * ours reads well. */
#include "text/charset.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <uchardet/uchardet.h>

#include "text/tables.h"
#include "text/utf8.h"
#include "text/valid.h"

#define SAMPLE 65536

/* The characters most used in Chinese names, addresses and plain prose, simplified. */
static const char common[] =
    "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下而"
    "过天去能对小多然于心学么之都好看起发当没成只如事把还用第样道想作种开美总从无情己面最女但现"
    "前些所同日手又行意动方期它头经长儿回位分爱老因很给名法间斯知世什两次使身者被高已亲其进此话"
    "常与活正感见明问力理尔点文几定本公特做外孩相西果走将月十实向声车全信重三机工物气每并别真打"
    "太新比才便夫再书部水像眼等体却加电主界门利海受听表德少克代员许先口由死安写性马光白或住难望"
    "教命花结乐色更拉东神记处让母父应直字场平报友关放至张认接告入笑内英军候民岁往何度山觉路带万"
    "男边风解叫任金快原吃变通师立象数四失满战远格士音轻目条呢病始达深完今提求清王化空业思切怎非"
    "找片罗钱语元喜曾离飞科言干流欢约各即指合反题必该论交终林请医晚制球决传画保读运及则房早院量"
    "苦火布品近坐产答星精视五连司巴奇管类未朋且婚台夜青北队久乎越观落尽形影红爸百令周吧识步希亚"
    "术留市半热送兴造谈容极随演收首根讲整式取照办强石古华拿计您装似足双妻尼转诉米称丽客南领节衣"
    "站黑刻统断福城故历惊脸选包紧争另建维绝树系伤示愿持千史谁准联妇纪基买志静阿诗独复痛消社算义"
    "竟确酒需单治卡幸兰念举仅钟怕共毛句息功官待究跟穿室易游程号居考突皮哪费倒价图具刚脑永歌响商"
    "礼细专黄块脚味灵改据般破引食仍存众注笔甚某沉血备习校默务土微娘须试怀料调广苏显赛查密议底列"
    "富梦错座参八除跑亮假印设线温虽掉京初养香停际致阳纸李纳验助激够严证帝饭忘趣支春集丈木研班普"
    "导顿睡展跳获艺六波察群皇段急庭创区奥器谢弟店否害草排背止组州朝封睛板角况曲馆育忙质河续哥呼"
    "若推境遇雨标姐充围案伦护冷警贝著雪索剧啊船险烟依斗值帮汉慢佛肯闻唱沙局伯族低玩资屋击速顾泪"
    "洲团圣旁堂兵七露园牛哭旅街劳型烈姑陈莫鱼异抱宝权鲁简态级票怪寻杀律胜份汽右洋范床舞秘午登楼"
    "贵吸责例追较职属渐左录丝牙党继托赶章智冲叶胡吉卖坚喝肉遗救修松临藏担戏善卫药悲敢靠伊村戴词"
    "森耳差短祖云规窗散迷油旧适乡架恩投弹铁博雷府压超负勒杂醒洗采毫嘴毕九冰既状乱景席珍童顶派素"
    "脱农疑练野按犯拍征坏骨余承置彩灯巨琴免环姆暗换技翻束增忍餐洛塞缺忆判欧层付阵玛批岛项狗休懂"
    "武革良恶恋委拥娜妙探呀营退摇弄桌熟诺宣银势奖宫忽套康供优课鸟喊降夏困刘罪亡鞋健模败伴守挥鲜"
    "财孤枪禁恐伙杰迹妹遍盖副坦牌江顺秋萨菜划授归浪凡预奶雄升编典袋莱含盛济蒙棋端腿招释介烧误限"
    "股贸货储仓塑胶纺织服械材刷筑软件源配疗厂圳厦杭宁莞乌庆津沈郑港澳湾省县镇栋幢赵孙吴冯褚蒋韩"
    "杨朱秦尤吕施孔曹魏陶姜戚邹喻柏窦潘葛奚彭郎昌韦苗凤俞袁柳鲍唐廉岑薛贺倪汤滕殷郝邬傅齐伍孟穆"
    "萧尹姚邵汪祁臧伏宋茅庞熊舒屈祝董梁杜阮蓝闵麻贾娄危颜郭梅徐邱骆樊霍虞柯卢丁邓鑫淼磊旭晨宇轩"
    "浩泽航伟鹏龙辉凯瑞祥泰亨隆恒昊鸿腾翔睿铭锋钢铝铜玻璃瓷橡缆阀泵轴链齿轮刀锯磨焊喷涂染绣针棉"
    "绒帽袜箱柜椅泡池插屏键盘鼠码扫描仪测控冻缩净滤零售销购监厅邮址姓网丹挪缅甸柬埔寨梵蒂冈斐纽"
    "葡萄摩帛琉喀麦湘挝赞叙曼塔瓜墨厄瓦捷匈芬";

/* Is the simplified character c in `common`?  A bit a character, set at the first question. */
static bool is_common(uint32_t c)
{
    static uint32_t bits[(0xa000 - 0x4e00) / 32];
    static bool ready; /* two threads may both fill it: they write the same */

    if (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE)) {
        for (const char *s = common, *end = s + sizeof(common) - 1; s < end;) {
            uint32_t i = utf8_next(&s, end) - 0x4e00;

            __atomic_fetch_or(&bits[i / 32], 1u << i % 32, __ATOMIC_RELAXED);
        }
        __atomic_store_n(&ready, true, __ATOMIC_RELEASE);
    }
    return c >= 0x4e00 && c < 0xa000 && bits[(c - 0x4e00) / 32] >> c % 32 & 1;
}

static uint32_t simplified(uint32_t c)
{
    uint16_t how = text_lookup(text_fold_block, text_fold_index, c);

    if (how == 0 || how == FOLD_COMPLEX)
        return c;
    const char *s = text_fold_bytes + text_fold_at[how];

    return utf8_next(&s, text_fold_bytes + text_fold_at[how + 1]);
}

static bool is_ascii_letter(uint32_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* How much the character c between two others speaks for the reading; -3 to 1. */
static double worth(uint32_t before, uint32_t c, uint32_t after)
{
    if (c == UTF8_BAD || (c >= 0x80 && c < 0xa0))
        return -3;
    if (text_class(c) == TEXT_HAN)
        return is_common(simplified(c)) ? 1 : -0.4;
    if ((c >= 0x3000 && c < 0x3020) || (c >= 0xff01 && c < 0xff60) || c == 0x00b7 ||
        (c >= 0x2010 && c < 0x2040) || c == 0x20ac || c == 0x2122)
        return 0.5;
    if (c == 0xd7 || c == 0xf7 || c < 0xc0)
        return -0.2;
    if (c < 0x250 || (c >= 0x1e00 && c < 0x1f00)) { /* a Latin letter: in words of such */
        if (is_ascii_letter(before) || is_ascii_letter(after))
            return 0.45;
        return before < 0x80 && after < 0x80 ? 0.2 : -0.3;
    }
    return c >= 0xe000 && c < 0xf900 ? -2 : -0.5;
}

/* Mean worth of the characters that are not ASCII when s is read as `name`. */
static double reads_like(const char *name, const char *s, size_t len)
{
    struct text_decoder *d = text_decoder_new(name, &(struct buf)BUF_INIT);
    struct buf out = BUF_INIT;
    double sum = 0;
    size_t n = 0;
    uint32_t before = ' ';
    bool gbk = strcmp(name, "GB18030") == 0;

    if (d == NULL)
        return -9;
    text_decoder_feed(d, s, len, &out);
    for (const char *p = buf_str(&out), *end = p + out.len; p < end;) {
        uint32_t c = utf8_next(&p, end);
        const char *next = p;

        if (c >= 0x80) {
            double w = worth(before, c, next < end ? utf8_next(&next, end) : ' ');

            /* GBK has the traditional characters too, but who writes them writes Big5. */
            sum += gbk && w == 1 && simplified(c) != c ? 0.2 : w;
            n++;
        } else if (c < ' ' && c != '\n' && c != '\r' && c != '\t') {
            sum -= 3;
            n++;
        }
        before = c;
    }
    text_decoder_free(&d);
    buf_free(&out);
    return n == 0 ? 0 : sum / (double)n;
}

/* Vietnamese of windows-1258: tone marks are bytes of their own behind a vowel.  In windows-1252
 * they are letters that stand there rarely (Italian "ciò"), and never behind â, ê, ô. */
static bool is_vietnamese(const char *s, size_t len)
{
    static const char plain[] = "aeiouyAEIOUY", own[] = "\xe3\xf0\xf5\xfd\xd0\xd5\xdd\xc3";
    static const char vowels[] = "\xe2\xea\xf4\xe3\xf5\xfd\xc2\xca\xd4\xc3\xd5\xdd";
    static const char marks[] = "\xcc\xd2\xde\xec\xf2";
    int points = 0, stray = 0;
    size_t letters = 0, high = 0;
    bool has_own = false;

    for (size_t i = 0; i < len; i++) {
        letters += is_ascii_letter((uint8_t)s[i]);
        high += (uint8_t)s[i] >= 0x80;
        has_own |= s[i] != '\0' && strchr(own, s[i]) != NULL;
        if (s[i] == '\0' || strchr(marks, s[i]) == NULL)
            continue;
        bool inside = i + 1 < len && ((s[i + 1] | 0x20) >= 'a' && (s[i + 1] | 0x20) <= 'z');

        if (i > 0 && s[i - 1] != '\0' && strchr(vowels, s[i - 1]) != NULL)
            points += 4;
        else if (i > 0 && s[i - 1] != '\0' && strchr(plain, s[i - 1]) != NULL)
            points += inside ? 2 : 1;
        else
            stray++;
    }
    return letters * 2 >= high && points > 8 * stray && points + 2 * has_own >= 4;
}

/* UTF-16 without a mark: text in it has NULs at every second place wherever it has ASCII.  A NUL
 * that strayed into other text stands beside line ends and commas that have none. */
static const char *guess_utf16(const char *s, size_t len)
{
    size_t nul[2] = {0, 0}, wide = 0, narrow = 0;

    for (size_t i = 0; i < len; i++) {
        nul[i % 2] += s[i] == '\0';
        if (s[i] == '\n' || s[i] == ',' || s[i] == '\t')
            *((i ^ 1) < len && s[i ^ 1] == '\0' ? &wide : &narrow) += 1;
    }
    if (narrow > wide)
        return NULL;
    if (nul[1] > 4 * nul[0])
        return "UTF-16LE";
    if (nul[0] > 4 * nul[1])
        return "UTF-16BE";
    return NULL;
}

/* Valid UTF-8 that is more probably two-byte Chinese: nothing but pairs that make odd letters, not within words. */
static bool is_gbk_by_chance(const char *s, size_t len)
{
    size_t odd = 0, n = 0;
    uint32_t before = ' ';

    for (const char *p = s, *end = s + len; p < end;) {
        uint32_t c = utf8_next(&p, end);

        if (c >= 0x800 && c != UTF8_BAD)
            return false;
        n += c >= 0x80;
        odd += c >= 0x80 && worth(before, c, p < end && (unsigned char)*p < 0x80 ? (uint32_t)*p : ' ') < 0.3;
        before = c;
    }
    return n > 1 && odd * 2 >= n && reads_like("GB18030", s, len) > 0.8;
}

/* uchardet's answer, for encodings that are not among ours. */
static const char *guess_other(const char *s, size_t len, double than)
{
    static const char *const known[] = {"Shift_JIS", "EUC-JP",       "EUC-KR",       "TIS-620",
                                        "KOI8-R",    "windows-1251", "windows-1250", "ISO-8859-2"};
    const char *found = NULL;
    uchardet_t u = uchardet_new();

    if (uchardet_handle_data(u, s, len) == 0) {
        uchardet_data_end(u);
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
            if (strcasecmp(uchardet_get_charset(u), known[i]) == 0)
                found = known[i];
    }
    uchardet_delete(u);
    return found != NULL && reads_like(found, s, len) > than - 1 ? found : NULL;
}

/* Has it a complete character that is not ASCII?  A cut-off one alone ("caf\xe9") proves nothing.
 */
static bool has_whole(const char *s, size_t len)
{
    for (const char *end = s + len; s < end;) {
        uint32_t c = utf8_next(&s, end);

        if (c >= 0x80 && c != UTF8_BAD)
            return true;
    }
    return false;
}

const char *text_charset_guess(const char *s, size_t len)
{
    static const char *const candidates[] = {"GB18030", "Big5", "windows-1252", "UTF-16LE",
                                             "UTF-16BE"};
    static const struct {
        char mark[5];
        size_t len;
        const char *name;
    } boms[] = {
        {"\xef\xbb\xbf", 3, "UTF-8"},    {"\xff\xfe\0\0", 4, "UTF-32LE"},
        {"\0\0\xfe\xff", 4, "UTF-32BE"}, {"\xff\xfe", 2, "UTF-16LE"},
        {"\xfe\xff", 2, "UTF-16BE"},     {"\x84\x31\x95\x33", 4, "GB18030"},
    };

    for (size_t i = 0; i < sizeof(boms) / sizeof(boms[0]); i++)
        if (len >= boms[i].len && memcmp(s, boms[i].mark, boms[i].len) == 0)
            return boms[i].name;
    if (len > SAMPLE)
        len = SAMPLE;
    if (memchr(s, '\0', len) != NULL && guess_utf16(s, len) != NULL)
        return guess_utf16(s, len);
    if (text_valid_start(s, len) && (text_valid(s, len) || len == SAMPLE || has_whole(s, len)))
        return is_gbk_by_chance(s, len) ? "GB18030" : "UTF-8";
    const char *best = "UTF-8"; /* a few bad bytes do not make another encoding of it */
    double best_worth = reads_like("UTF-8", s, len);

    for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++) {
        double w = reads_like(candidates[i], s, len);
        bool utf16 = strncmp(candidates[i], "UTF-16", 6) == 0;

        /* Without a NUL there is no ASCII in it at all: rare, so it must read very well. */
        if (utf16 && (w < 0.8 || len < 6 || len % 2 != 0))
            continue;
        if (w > best_worth) {
            best = candidates[i];
            best_worth = w;
        }
    }
    if (best_worth < 0.6 && is_vietnamese(s, len))
        return "windows-1258";
    const char *other = best_worth < 0.3 ? guess_other(s, len, best_worth) : NULL;

    return other != NULL ? other : best;
}
