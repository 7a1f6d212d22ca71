/* gen.c - a program of the build: writes tables.c from what ICU knows about each character.
 *
 * Running ICU's transliterators for every string costs microseconds and for building them 100 ms
 * at start, so both are paid once, here.  Usage: gen OUTPUT */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>

#include "text/tables.h"

#define LONG 64 /* UTF-16 units of one character's folding: the longest known has 18 */

static const UNormalizer2 *nfd, *nfc, *nfkc_cf;
static UTransliterator *latin_ascii, *hant_hans, *han_latin;

static void check(UErrorCode e, const char *what)
{
    if (U_FAILURE(e)) {
        fprintf(stderr, "gen: %s: %s\n", what, u_errorName(e));
        exit(1);
    }
}

static UTransliterator *trans_open(const char *name)
{
    UErrorCode e = U_ZERO_ERROR;
    UChar id[40];

    u_uastrcpy(id, name);
    UTransliterator *t = utrans_openU(id, -1, UTRANS_FORWARD, NULL, 0, NULL, &e);

    check(e, name);
    return t;
}

struct text {
    UChar s[LONG];
    int32_t len;
};

static void normalise(const UNormalizer2 *how, struct text *t)
{
    UErrorCode e = U_ZERO_ERROR;
    struct text to;

    to.len = unorm2_normalize(how, t->s, t->len, to.s, LONG, &e);
    check(e, "normalize");
    *t = to;
}

static void transliterate(UTransliterator *how, struct text *t)
{
    UErrorCode e = U_ZERO_ERROR;
    int32_t limit = t->len;

    utrans_transUChars(how, t->s, &t->len, LONG, 0, &limit, &e);
    check(e, "transliterate");
}

/* A tone mark, accent or the like: dropped behind any letter. */
static bool is_tone(UChar32 c)
{
    return (c >= 0x300 && c <= 0x36f) || (c >= 0x1ab0 && c <= 0x1aff) ||
           (c >= 0x1dc0 && c <= 0x1dff) || (c >= 0x20d0 && c <= 0x20ff) ||
           (c >= 0xfe20 && c <= 0xfe2f);
}

static UScriptCode script(UChar32 c)
{
    UErrorCode e = U_ZERO_ERROR;

    return uscript_getScript(c, &e);
}

/* Pairs ICU leaves apart that company names and addresses mix; the second is the usual one. */
static const struct {
    UChar32 from, to;
} same[] = {
    {U'昇', U'升'}, {U'陞', U'升'}, {U'峯', U'峰'}, {U'羣', U'群'}, {U'恆', U'恒'}, {U'啓', U'启'},
    {U'産', U'产'}, {U'綫', U'线'}, {U'麪', U'面'}, {U'麵', U'面'}, {U'鍾', U'钟'}, {U'锺', U'钟'},
    {U'裏', U'里'}, {U'裡', U'里'}, {U'臺', U'台'}, {U'檯', U'台'}, {U'颱', U'台'}, {U'著', U'着'},
    {U'碁', U'棋'}, {U'閤', U'合'}, {U'鉅', U'巨'}, {U'崑', U'昆'}, {U'崙', U'仑'}, {U'滙', U'汇'},
    {U'於', U'于'}, {U'爲', U'为'}, {U'舘', U'馆'}, {U'厰', U'厂'}, {U'吿', U'告'}, {U'册', U'册'},
    {U'冊', U'册'}, {U'彞', U'彝'}, {U'裝', U'装'}, {U'乾', U'干'}, {U'幹', U'干'}, {U'瀋', U'沈'},
    {U'徵', U'征'}, {U'藉', U'借'}, {U'馀', U'余'}, {U'餘', U'余'}, {U'採', U'采'}, {U'嚐', U'尝'},
    {U'菓', U'果'}, {U'佈', U'布'}, {U'纔', U'才'}, {U'氷', U'冰'}, {U'国', U'国'}, {U'囯', U'国'},
    {U'髙', U'高'}, {U'甦', U'苏'},
};

static UChar32 usual(UChar32 c)
{
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        if (same[i].from == c)
            return same[i].to;
    return c;
}

static void strip_tones(struct text *t)
{
    struct text to = {.len = 0};

    normalise(nfd, t);
    for (int32_t i = 0; i < t->len;) {
        UChar32 c;

        U16_NEXT(t->s, i, t->len, c);
        if (!is_tone(c))
            U16_APPEND_UNSAFE(to.s, to.len, c);
    }
    *t = to;
    normalise(nfc, t);
}

static void fold_letters(struct text *t)
{
    struct text to = {.len = 0};

    for (int32_t i = 0; i < t->len;) {
        struct text one = {.len = 0};
        UChar32 c;

        U16_NEXT(t->s, i, t->len, c);
        c = u_isUWhiteSpace(c) || u_iscntrl(c) ? ' ' : usual(c);
        U16_APPEND_UNSAFE(one.s, one.len, c);
        if (script(c) == USCRIPT_LATIN || (c >= 0x2010 && c <= 0x205e))
            transliterate(latin_ascii, &one);
        if (script(c) == USCRIPT_HAN)
            transliterate(hant_hans, &one);
        memcpy(to.s + to.len, one.s, (size_t)one.len * sizeof(UChar));
        to.len += one.len;
    }
    *t = to;
}

/* What the character c becomes: NFKC with case folded, no tones, simplified, Latin letters plain.
 */
static struct text fold(UChar32 c)
{
    struct text t = {.len = 0}, was;

    U16_APPEND_UNSAFE(t.s, t.len, c);
    for (int round = 0; round < 6; round++) {
        was = t;
        normalise(nfkc_cf, &t);
        strip_tones(&t);
        fold_letters(&t);
        if (t.len == was.len && memcmp(t.s, was.s, (size_t)t.len * sizeof(UChar)) == 0)
            return t;
    }
    /* ICU turns a few characters into each other: take the first of the two. */
    return memcmp(t.s, was.s, sizeof(UChar)) < 0 ? t : was;
}

/* May it combine with its neighbours in NFC?  Then only the whole string can be normalised. */
static bool is_complex(const struct text *t)
{
    for (int32_t i = 0; i < t->len;) {
        UChar32 c;

        U16_NEXT(t->s, i, t->len, c);
        if (u_getCombiningClass(c) != 0 ||
            u_getIntPropertyValue(c, UCHAR_NFC_QUICK_CHECK) != UNORM_YES)
            return true;
    }
    return false;
}

static enum text_class class_of(UChar32 c)
{
    static const UScriptCode unspaced[] = {
        USCRIPT_HIRAGANA, USCRIPT_KATAKANA, USCRIPT_HANGUL, USCRIPT_BOPOMOFO,
        USCRIPT_THAI,     USCRIPT_LAO,      USCRIPT_KHMER,  USCRIPT_MYANMAR,
    };

    if (c >= '0' && c <= '9')
        return TEXT_DIGIT;
    if (script(c) == USCRIPT_HAN && (u_isalpha(c) || c == 0x3007))
        return TEXT_HAN;
    if (!u_isalpha(c) && u_charType(c) != U_DECIMAL_DIGIT_NUMBER &&
        !(U_GET_GC_MASK(c) & U_GC_M_MASK))
        return TEXT_OTHER;
    for (size_t i = 0; i < sizeof(unspaced) / sizeof(unspaced[0]); i++)
        if (script(c) == unspaced[i] || c == 0x30fc)
            return TEXT_CJK;
    return TEXT_LETTER;
}

/* The reading of a Chinese character without its tone, with v for u umlaut; false if it has none.
 */
static bool reading(UChar32 c, char out[8])
{
    struct text t = {.len = 0};
    size_t n = 0;

    if (script(c) != USCRIPT_HAN || c > 0xffff)
        return false;
    U16_APPEND_UNSAFE(t.s, t.len, c);
    transliterate(han_latin, &t);
    normalise(nfd, &t);
    for (int32_t i = 0; i < t.len; i++) {
        if (t.s[i] == 0x308 && n > 0 && out[n - 1] == 'u')
            out[n - 1] = 'v';
        if (is_tone(t.s[i]))
            continue;
        if (t.s[i] < 'a' || t.s[i] > 'z' || n >= 7)
            return false;
        out[n++] = (char)t.s[i];
    }
    out[n] = '\0';
    return n > 0;
}

/* ---- writing ---- */

static uint16_t folds[TEXT_TABLE_END], classes[TEXT_TABLE_END], pinyin[TEXT_TABLE_END];
static char replaced[400000];
static uint32_t replaced_len;
static uint32_t starts[20000];
static uint32_t start_count = 1;
static char syllables[600][8];
static size_t syllable_count;
static uint64_t version = 14695981039346656037u;

static void mix(const void *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        version = (version ^ ((const uint8_t *)data)[i]) * 1099511628211u;
}

/* Index of a replacement text; one that is there already is shared. */
static uint16_t replacement(const char *s, uint32_t len)
{
    for (uint32_t i = 1; i < start_count; i++)
        if (starts[i + 1] - starts[i] == len && memcmp(replaced + starts[i], s, len) == 0)
            return (uint16_t)i;
    if (start_count + 2 >= 20000 || replaced_len + len >= 65535) {
        fprintf(stderr, "gen: too many replacements\n");
        exit(1);
    }
    memcpy(replaced + replaced_len, s, len);
    starts[start_count] = replaced_len;
    replaced_len += len;
    starts[start_count + 1] = replaced_len;
    return (uint16_t)start_count++;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void collect_syllables(void)
{
    char s[8];

    for (UChar32 c = 0; c < (UChar32)TEXT_TABLE_END; c++) {
        if (!reading(c, s))
            continue;
        if (bsearch(s, syllables, syllable_count, 8, by_name) != NULL)
            continue;
        if (syllable_count == 600)
            exit(1);
        memcpy(syllables[syllable_count++], s, 8);
        qsort(syllables, syllable_count, 8, by_name);
    }
}

static void collect(void)
{
    for (UChar32 c = 0; c < (UChar32)TEXT_TABLE_END; c++) {
        struct text t;
        char utf8[LONG * 3], s[8];
        int32_t len = 0;
        UErrorCode e = U_ZERO_ERROR;

        if (U_IS_SURROGATE(c) || c == 0xfffd)
            continue;
        t = fold(c);
        u_strToUTF8(utf8, sizeof(utf8), &len, t.s, t.len, &e);
        check(e, "utf-8");
        UChar self[2];
        int32_t self_len = 0;

        U16_APPEND_UNSAFE(self, self_len, c);
        if (is_complex(&t))
            folds[c] = FOLD_COMPLEX;
        else if (self_len != t.len || memcmp(self, t.s, (size_t)t.len * sizeof(UChar)) != 0)
            folds[c] = replacement(utf8, (uint32_t)len);
        classes[c] = (uint16_t)class_of(c);
        if (reading(c, s))
            pinyin[c] = (uint16_t)((char(*)[8])bsearch(s, syllables, syllable_count, 8, by_name) -
                                   syllables + 1);
    }
}

/* Writes one property as blocks of TEXT_BLOCK values, equal blocks once. */
static void write_table(FILE *f, const char *name, const uint16_t *value)
{
    static uint16_t block[TEXT_TABLE_END / TEXT_BLOCK];
    static uint32_t at[TEXT_TABLE_END / TEXT_BLOCK];
    uint32_t n = 0;

    mix(value, TEXT_TABLE_END * sizeof(*value));
    for (uint32_t b = 0; b < TEXT_TABLE_END / TEXT_BLOCK; b++) {
        uint32_t i = 0;

        while (i < n && memcmp(value + at[i], value + b * TEXT_BLOCK, TEXT_BLOCK * 2) != 0)
            i++;
        if (i == n)
            at[n++] = b * TEXT_BLOCK;
        block[b] = (uint16_t)i;
    }
    fprintf(f, "const uint16_t text_%s_block[TEXT_TABLE_END / TEXT_BLOCK] = {", name);
    for (uint32_t b = 0; b < TEXT_TABLE_END / TEXT_BLOCK; b++)
        fprintf(f, "%s%u,", b % 24 ? "" : "\n", block[b]);
    fprintf(f, "\n};\nconst uint16_t text_%s_index[] = {", name);
    for (uint32_t i = 0; i < n * TEXT_BLOCK; i++)
        fprintf(f, "%s%u,", i % 24 ? "" : "\n", value[at[i / TEXT_BLOCK] + i % TEXT_BLOCK]);
    fprintf(f, "\n};\n");
}

static void write_all(FILE *f)
{
    fprintf(f, "/* Made by gen.c from ICU %s. */\n#include \"text/tables.h\"\n\n", U_ICU_VERSION);
    write_table(f, "fold", folds);
    write_table(f, "class", classes);
    write_table(f, "pinyin", pinyin);
    fprintf(f, "const uint16_t text_fold_at[] = {0,");
    for (uint32_t i = 1; i <= start_count; i++)
        fprintf(f, "%s%u,", i % 24 == 1 ? "\n" : "", starts[i]);
    fprintf(f, "\n};\nconst char text_fold_bytes[] = {");
    for (uint32_t i = 0; i < replaced_len; i++)
        fprintf(f, "%s%d,", i % 24 ? "" : "\n", (signed char)replaced[i]);
    fprintf(f, "\n};\nconst char text_syllable[][8] = {\"\",");
    for (size_t i = 0; i < syllable_count; i++)
        fprintf(f, "%s\"%s\",", i % 12 ? "" : "\n", syllables[i]);
    mix(replaced, replaced_len);
    mix(syllables, syllable_count * 8);
    fprintf(f, "\n};\nconst uint16_t text_syllable_count = %zu;\n", syllable_count);
    fprintf(f, "const uint64_t text_tables_version = 0x%016llxu;\n", (unsigned long long)version);
}

int main(int argc, char **argv)
{
    UErrorCode e = U_ZERO_ERROR;

    if (argc != 2)
        return 2;
    nfd = unorm2_getNFDInstance(&e);
    nfc = unorm2_getNFCInstance(&e);
    nfkc_cf = unorm2_getNFKCCasefoldInstance(&e);
    check(e, "normalizers");
    latin_ascii = trans_open("Latin-ASCII");
    hant_hans = trans_open("Hant-Hans");
    han_latin = trans_open("Han-Latin");
    collect_syllables();
    collect();
    FILE *f = fopen(argv[1], "w");

    if (f == NULL)
        return 1;
    write_all(f);
    return fclose(f) == 0 ? 0 : 1;
}
