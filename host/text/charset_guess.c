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
    "的一是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会家可下"
    "而过天去能对小多然于心学么之都好看起发当没成只如事把还用第样道想作种开美总从无情己面最女但"
    "现前些所同日手又行意动方期它头经长儿回位分爱老因很给名法间斯知世什两次使身者被高已亲其进此"
    "话常与活正感见明问力理尔点文几定本公特做外孩相西果走将月十实向声车全信重三机工物气每并别真"
    "打太新比才便夫再书部水像眼等体却加电主界门利海受听表德少克代员许先口由死安写性马光白或住难"
    "望教命花结乐色更拉东神记处让母父应直字场平报友关放至张认接告入笑内英军候民岁往何度山觉路带"
    "万男边风解叫任金快原吃变通师立象数四失满战远格士音轻目条呢病始达深完今提求清王化空业思切怎"
    "非找片罗钱语元喜曾离飞科言干流欢约各即指合反题必该论交终林请医晚制球决传画保读运及则房早院"
    "量苦火布品近坐产答星精视五连司巴奇管类未朋且婚台夜青北队久乎越观落尽形影红爸百令周吧识步希"
    "亚术留市半热送兴造谈容极随演收首根讲整式取照办强石古华拿计您装似足双妻尼转诉米称丽客南领节"
    "衣站黑刻统断福城故历惊脸选包紧争另建维绝树系伤示愿持千史谁准联妇纪基买志静阿诗独复痛消社算"
    "算义竟确酒需单治卡幸兰念举仅钟怕共毛句息功官待究跟穿室易游程号居考突皮哪费倒价图具刚脑永歌"
    "响商礼细专黄块脚味灵改据般破引食仍存众注笔甚某沉血备习校默务土微娘须试怀料调广苏显赛查密议"
    "底列富梦错座参八除跑亮假印设线温虽掉京初养香停际致阳纸李纳验助激够严证帝饭忘趣支春集丈木研"
    "班普导顿睡展跳获艺六波察群皇段急庭创区奥器谢弟店否害草排背止组州朝封睛板角况曲馆育忙质河续"
    "哥呼若推境遇雨标姐充围案伦护冷警贝著雪索剧啊船险烟依斗值帮汉慢佛肯闻唱沙局伯族低玩资屋击速"
    "顾泪洲团圣旁堂兵七露园牛哭旅街劳型烈姑陈莫鱼异抱宝权鲁简态级票怪寻杀律胜份汽右洋范床舞秘午"
    "登楼贵吸责例追较职属渐左录丝牙党继托赶章智冲叶胡吉卖坚喝肉遗救修松临藏担戏善卫药悲敢靠伊村"
    "戴词森耳差短祖云规窗散迷油旧适乡架恩投弹铁博雷府压超负勒杂醒洗采毫嘴毕九冰既状乱景席珍童顶"
    "派素脱农疑练野按犯拍征坏骨余承置彩灯巨琴免环姆暗换技翻束增忍餐洛塞缺忆判欧层付阵玛批岛项狗"
    "休懂武革良恶恋委拥娜妙探呀营退摇弄桌熟诺宣银势奖宫忽套康供优课鸟喊降夏困刘罪亡鞋健模败伴守"
    "挥鲜财孤枪禁恐伙杰迹妹遍盖副坦牌江顺秋萨菜划授归浪听凡预奶雄升编典袋莱含盛济蒙棋端腿招释介"
    "烧误份限股责集份贸易货代储仓塑胶模具纺织服械备材料包装刷照明器玩礼建筑软件环保半导能源源汽配"
    "件疗食化五金制造加厂深圳州厦杭宁波苏莞佛岛义乌温庆汉津沈连郑济尼港澳湾省县镇乡村栋幢座层室楼"
    "赵孙吴郑冯褚卫蒋韩杨朱秦尤许吕施孔曹严魏陶姜戚邹喻柏窦章潘葛奚范彭郎昌韦苗凤俞袁柳鲍唐廉岑薛"
    "贺倪汤滕殷毕郝邬安常于傅齐伍顾孟穆萧尹姚邵汪祁臧伏谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵麻贾娄危颜郭"
    "梅徐邱骆樊霍虞万支柯卢莫丁邓鑫淼磊旭晨宇轩浩泽航伟鹏龙辉凯瑞祥泰亨隆恒昊鸿腾翔睿铭锋钢铝铜玻璃"
    "陶瓷皮革橡胶电缆线阀泵轴承链齿轮刀锯磨焊喷涂染印绣针棉麻丝绒帽袜鞋箱柜桌椅沙灯泡池充插座开关屏"
    "键"
    "盘鼠耳机相码扫描仪表测试控制冷冻压缩净滤器械零售批销售采购客服经理总监助董事长厅局处科员师傅先"
    "生"
    "女士小姐话传真邮箱地址备注编号日期姓名称联系手状态跟进类型来源级别行业网站国家城市省份街区";

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

/* How much one character, read beside `before`, speaks for the reading; -3 to 1. */
static double worth(uint32_t c, uint32_t before)
{
    bool word = (before | 0x20) >= 'a' && (before | 0x20) <= 'z';

    if (c == UTF8_BAD || (c >= 0x80 && c < 0xa0))
        return -3;
    if (text_class(c) == TEXT_HAN)
        return is_common(simplified(c)) ? 1 : -0.4;
    if ((c >= 0x3000 && c < 0x3020) || (c >= 0xff01 && c < 0xff60) || c == 0x00b7 ||
        (c >= 0x2010 && c < 0x2040) || c == 0x20ac || c == 0x2122)
        return 0.5;
    if (c >= 0x300 && c < 0x370) /* windows-1258: a tone mark belongs behind a vowel */
        return simplified(before) < 0x80 && strchr("aeiouy", (int)simplified(before)) ? 1 : -2;
    if (c == 0xd7 || c == 0xf7 || c < 0xc0)
        return -0.2;
    if (c < 0x250 || (c >= 0x1e00 && c < 0x1f00)) /* a letter of Latin script, best inside a word */
        return word || text_class(before) != TEXT_LETTER ? 0.45 : -0.2;
    return c >= 0xe000 && c < 0xf900 ? -2 : -0.5;
}

/* Mean worth of the characters that are not ASCII when s is read as `name`; very low if invalid. */
static double reads_like(const char *name, const char *s, size_t len)
{
    struct text_decoder *d = text_decoder_new(name, &(struct buf)BUF_INIT);
    struct buf out = BUF_INIT;
    double sum = 0;
    size_t n = 0;
    uint32_t before = ' ';

    if (d == NULL)
        return -9;
    text_decoder_feed(d, s, len, &out);
    for (const char *p = buf_str(&out), *end = p + out.len; p < end;) {
        uint32_t c = utf8_next(&p, end);

        if (c >= 0x80) {
            sum += worth(c, before);
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

/* Vietnamese of windows-1258, before its marks are joined: does it look like any? */
static bool is_vietnamese(const char *s, size_t len)
{
    static const char vowels[] = "aeiouyAEIOUY\xe2\xea\xf4\xe3\xf5\xfd\xc2\xca\xd4\xc3\xd5\xdd";
    static const char marks[] = "\xcc\xd2\xde\xec\xf2",
                      letters[] = "\xe3\xf0\xf5\xfd\xd0\xd5\xdd\xc3";
    size_t good = 0, stray = 0, own = 0;

    for (size_t i = 1; i < len; i++) {
        if (s[i] != '\0' && strchr(marks, s[i]) != NULL) {
            if (s[i - 1] != '\0' && strchr(vowels, s[i - 1]) != NULL)
                good++;
            else
                stray++;
        }
        own += s[i] != '\0' && strchr(letters, s[i]) != NULL;
    }
    return good > 4 * stray && good + (own > 0) >= 2;
}

/* UTF-16 without a mark: text in it has NULs at every second place wherever it has ASCII. */
static const char *guess_utf16(const char *s, size_t len)
{
    size_t nul[2] = {0, 0};

    for (size_t i = 0; i < len; i++)
        nul[i % 2] += s[i] == '\0';
    if (nul[1] > 4 * nul[0])
        return "UTF-16LE";
    if (nul[0] > 4 * nul[1])
        return "UTF-16BE";
    return NULL;
}

/* Valid UTF-8 that is more probably two-byte Chinese: nothing but pairs that make odd letters. */
static bool is_gbk_by_chance(const char *s, size_t len)
{
    size_t odd = 0, n = 0;

    for (const char *p = s, *end = s + len; p < end;) {
        uint32_t c = utf8_next(&p, end);

        if (c >= 0x800 && c != UTF8_BAD)
            return false;
        n += c >= 0x80;
        odd += c >= 0x80 && worth(c, ' ') < 0.3;
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
    if (text_valid_start(s, len))
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
