/* company.c - company names without their legal form. */
#include "text/company.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "text/fold.h"
#include "text/tables.h"
#include "text/utf8.h"

struct form {
    const char *s;
    uint8_t len;
};
#define FORM(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

/* Legal forms, folded.  Those of letters stand as whole words; those of Chinese
 * characters touch the name.  They are taken off again and again; a longer one stands before its
 * own end. */
static const struct form at_end[] = {
    FORM("有限责任公司"), FORM("股份有限公司"), FORM("有限公司"),    FORM("股份公司"),
    FORM("公司"),         FORM("股份"),         FORM("集团"),        FORM("株式会社"),
    FORM("有限会社"),     FORM("合同会社"),     FORM("주식회사"),    FORM("유한회사"),
    FORM("co"),           FORM("ltd"),          FORM("limited"),     FORM("coltd"),
    FORM("company"),      FORM("group"),        FORM("inc"),         FORM("incorporated"),
    FORM("llc"),          FORM("llp"),          FORM("corp"),        FORM("corporation"),
    FORM("plc"),          FORM("gmbh"),         FORM("mbh"),         FORM("ag"),
    FORM("kg"),           FORM("ohg"),          FORM("pte"),         FORM("pty"),
    FORM("pvt"),          FORM("private"),      FORM("sdn"),         FORM("bhd"),
    FORM("berhad"),       FORM("tbk"),          FORM("jsc"),         FORM("ojsc"),
    FORM("pjsc"),         FORM("cjsc"),         FORM("joint stock"), FORM("ooo"),
    FORM("sa"),           FORM("sas"),          FORM("sarl"),        FORM("srl"),
    FORM("spa"),          FORM("snc"),          FORM("bv"),          FORM("nv"),
    FORM("oy"),           FORM("oyj"),          FORM("ab"),          FORM("as"),
    FORM("asa"),          FORM("aps"),          FORM("kk"),          FORM("sro"),
    FORM("sp z oo"),      FORM("kft"),          FORM("zrt"),         FORM("doo"),
    FORM("ltda"),         FORM("eirl"),         FORM("sl"),          FORM("slu"),
    FORM("fze"),          FORM("fzco"),         FORM("wll"),         FORM("tnhh"),
    FORM("cty"),          FORM("cong ty"),      FORM("tap doan"),
};

static const struct form at_start[] = {
    FORM("cong ty"),  FORM("cty"),      FORM("ctcp"),     FORM("congty"),
    FORM("tnhh"),     FORM("tap doan"), FORM("dntn"),     FORM("doanh nghiep tu nhan"),
    FORM("株式会社"), FORM("有限会社"), FORM("合同会社"), FORM("주식회사"),
    FORM("유한회사"), FORM("ooo"),
};

/* Only behind one of the above: CP alone may well be a name. */
static const struct form inside[] = {
    FORM("co phan"),        FORM("cp"),           FORM("mtv"),
    FORM("mot thanh vien"), FORM("1 thanh vien"), FORM("hai thanh vien"),
    FORM("2 thanh vien"),   FORM("1tv"),          FORM("2tv"),
    FORM("hai tv"),         FORM("mot tv"),       FORM("trach nhiem huu han"),
};

struct name {
    char *s;
    size_t from, to; /* what is left of s */
};

/* Does a word of letters start or end at s[at]?  Chinese characters touch it without a blank. */
static bool is_edge(const struct name *n, size_t at)
{
    return at == n->from || at == n->to || n->s[at] == ' ' || n->s[at - 1] == ' ' ||
           (uint8_t)n->s[at - 1] >= 0x80 || (uint8_t)n->s[at] >= 0x80;
}

/* Takes one form off the end; false when none is there. */
static bool cut_end(struct name *n)
{
    size_t left = n->to - n->from;

    for (size_t i = 0; left > 0 && i < sizeof(at_end) / sizeof(at_end[0]); i++) {
        const struct form *f = &at_end[i];

        if (f->len > left || f->s[f->len - 1] != n->s[n->to - 1] ||
            memcmp(n->s + n->to - f->len, f->s, f->len) != 0)
            continue;
        if ((uint8_t)f->s[0] < 0x80 && !is_edge(n, n->to - f->len))
            continue;
        n->to -= f->len;
        while (n->to > n->from && n->s[n->to - 1] == ' ')
            n->to--;
        return true;
    }
    return false;
}

static bool cut_start(struct name *n, const struct form *forms, size_t count)
{
    size_t left = n->to - n->from;

    for (const struct form *f = forms; left > 0 && f < forms + count; f++) {
        size_t end = n->from + f->len;

        if (f->len > left || f->s[0] != n->s[n->from] || memcmp(n->s + n->from, f->s, f->len) != 0)
            continue;
        if ((uint8_t)f->s[0] < 0x80 && !is_edge(n, end))
            continue;
        n->from = end + (end < n->to && n->s[end] == ' ');
        return true;
    }
    return false;
}

static void cut_forms(struct name *n)
{
    while (cut_start(n, at_start, sizeof(at_start) / sizeof(at_start[0])))
        while (cut_start(n, inside, sizeof(inside) / sizeof(inside[0])))
            ;
    while (cut_end(n))
        ;
}

/* "(株)", "(주)", "(유)": a legal form that only its brackets tell from a name. */
static size_t bracketed_form(const char *s, const char *end)
{
    static const char *const forms[] = {"(株)", "(有)", "(주)", "(유)"};

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if (end - s >= 5 && memcmp(s, forms[i], 5) == 0)
            return 5;
    return 0;
}

static bool is_word(enum text_class c)
{
    return c == TEXT_LETTER || c == TEXT_DIGIT;
}

/* Rewrites the folded name in place: nothing but characters that count, one blank between words of
 * letters.  The blanks stay because Vietnamese names need them (Hằng An is not Hà Ngân).  Letters
 * with stops between them are one word: "L.L.C." is llc, "S.A." is sa. */
static void join_words(struct name *n, size_t len)
{
    char *to = n->s;
    enum text_class before = TEXT_OTHER; /* the character before this one */
    enum text_class last = TEXT_OTHER;   /* the last one written */
    size_t letters = 0;                  /* of the word being written; after "l." it stays 1 */

    for (const char *p = n->s, *end = n->s + len; p < end;) {
        p += bracketed_form(p, end);
        if (p == end)
            break;
        const char *at = p;
        enum text_class is = text_class(utf8_next(&p, end));

        if (is == TEXT_OTHER) {
            if (*at == '\'')
                continue;
            if (*at != '.' || letters != 1)
                letters = 0;
            before = is;
            continue;
        }
        bool alone = letters == 1 && before == TEXT_OTHER &&
                     (p == end || text_class((uint8_t)*p < 0x80 ? (uint8_t)*p : 'a') == TEXT_OTHER);

        if (before == TEXT_OTHER && !alone) {
            letters = 0;
            if (is_word(is) && is_word(last))
                *to++ = ' ';
        }
        letters = alone ? 1 : letters + 1;
        before = last = is;
        memmove(to, at, (size_t)(p - at));
        to += p - at;
    }
    n->to = (size_t)(to - n->s);
}

void text_company(struct buf *out, const char *s, size_t len)
{
    size_t was = out->len;
    struct name n = {.from = 0};

    text_fold(out, s, len > 4096 ? 4096 : len);
    n.s = out->s + was;
    join_words(&n, out->len - was);
    size_t whole = n.to;

    cut_forms(&n);
    if (n.from == n.to) {
        n.from = 0;
        n.to = whole;
    }
    memmove(n.s, n.s + n.from, n.to - n.from);
    out->len = was + n.to - n.from;
    out->s[out->len] = '\0';
}

size_t text_company_core(const char *s, size_t len)
{
    struct name n = {.s = (char *)(uintptr_t)s, .to = len}; /* only read */

    while (len > 0 && (uint8_t)s[n.to - 1] >= 0x80 && cut_end(&n))
        if (n.to == 0)
            return len;
    return n.to;
}

/* ---- what somebody typed ---- */

static bool is_gap(char c)
{
    return c == ' ' || c == ',' || c == '.' || c == '(' || c == ')';
}

static size_t typed_end(const char *s, size_t from, size_t to, bool finished)
{
    for (size_t i = 0; i < sizeof(at_end) / sizeof(at_end[0]); i++) {
        const struct form *f = &at_end[i];
        bool letters = (uint8_t)f->s[0] < 0x80;

        if (f->len >= to - from || memcmp(s + to - f->len, f->s, f->len) != 0 ||
            (letters && ((s[to - f->len - 1] != ' ' && s[to - f->len - 1] != ',') || (f->len < 3 && !finished))))
            continue;
        return f->len;
    }
    return 0;
}

static size_t typed_start(const char *s, size_t from, size_t to, const struct form *forms, size_t count)
{
    for (const struct form *f = forms; f < forms + count; f++)
        if (f->len < to - from && memcmp(s + from, f->s, f->len) == 0 &&
            ((uint8_t)f->s[0] >= 0x80 || is_gap(s[from + f->len])))
            return f->len;
    return 0;
}

void text_company_typed(const char *s, size_t *from, size_t *to)
{
    size_t a = *from, b = *to, n;
    bool finished = false, inner = false;

    while (b > a && ((n = typed_end(s, a, b, finished)) > 0 || is_gap(s[b - 1]))) {
        b -= n > 0 ? n : 1;
        finished = true;
    }
    while (b > a && ((n = typed_start(s, a, b, at_start, sizeof(at_start) / sizeof(at_start[0]))) > 0 ||
                     (inner && (n = typed_start(s, a, b, inside, sizeof(inside) / sizeof(inside[0]))) > 0) ||
                     is_gap(s[a]))) {
        inner = inner || n > 0;
        a += n > 0 ? n : 1;
    }
    if (a < b) {
        *from = a;
        *to = b;
    }
}
