/* mark.c - whether a text has what was typed, and where. */
#include <stdlib.h>
#include <string.h>

#include "text/fold.h"
#include "text/scan.h"
#include "text/tables.h"
#include "text/tokens.h"
#include "text/utf8.h"
#include "text/walk.h"

/* ---- whether ---- */

struct meeting {
    const struct text_query *q;
    uint32_t met;
};

static bool is_met(const struct text_word *w, const struct token *t)
{
    return w->len <= t->len && w->s[0] == t->s[0] && (w->prefix || w->len == t->len) &&
           memcmp(w->s, t->s, w->len) == 0;
}

static void meet(void *arg, const struct token *t)
{
    struct meeting *m = arg;

    for (size_t i = 0; i < m->q->n; i++)
        for (size_t k = 0; (m->met >> i & 1) == 0 && k < m->q->term[i].n; k++)
            if (is_met(&m->q->term[i].any[k], t))
                m->met |= 1u << i;
}

void text_query_meet(const struct text_query *q, const char *s, size_t len, bool prose, uint32_t *met)
{
    struct meeting m = {q, *met};
    struct buf folded = BUF_INIT;

    text_fold(&folded, s, len);
    tokens_walk(buf_str(&folded), folded.len, !prose, meet, &m);
    buf_free(&folded);
    *met = m.met;
}

/* ---- where ---- */

enum { RANGES_MAX = 64 };

struct marking {
    const struct text_query *q;
    const char *folded;
    struct text_mark range[RANGES_MAX]; /* of the folded text */
    size_t n;
};

/* What the first len bytes of a token stand for. */
static struct text_mark part(const char *folded, const struct token *t, size_t len)
{
    struct text_mark m = {t->unit[0], t->unit_end[t->units - 1]};

    switch (t->kind) {
    case TOKEN_WORD:
        if (len == t->len)
            break;
        for (m.to = m.from; len > 0 && m.to < t->unit_end[0]; m.to++)
            len -= !token_is_inside(folded[m.to]);
        break;
    case TOKEN_PAIR:
        if (len < t->len)
            m.to = t->unit_end[0];
        break;
    case TOKEN_READING:
        if (len <= t->first)
            m.to = t->unit_end[0];
        break;
    case TOKEN_INITIALS:
    case TOKEN_NUMBER:
        m.to = t->unit_end[(len < t->units ? len : t->units) - 1];
        break;
    case TOKEN_REVERSED:
        len -= strlen(TEXT_TOKEN_REVERSED);
        if (len < t->units)
            m.from = t->unit[t->units - len];
        break;
    }
    return m;
}

static void mark(void *arg, const struct token *t)
{
    struct marking *m = arg;

    for (size_t i = 0; i < m->q->n; i++)
        for (size_t k = 0; k < m->q->term[i].n; k++)
            if (m->n < RANGES_MAX && is_met(&m->q->term[i].any[k], t))
                m->range[m->n++] = part(m->folded, t, m->q->term[i].any[k].len);
}

static int by_place(const void *a, const void *b)
{
    const struct text_mark *x = a, *y = b;

    return x->from != y->from ? (x->from < y->from ? -1 : 1) : (x->to > y->to) - (x->to < y->to);
}

/* Sorts ranges and joins those that touch. */
static size_t join(struct text_mark *r, size_t n)
{
    size_t to = 0;

    qsort(r, n, sizeof(*r), by_place);
    for (size_t i = 0; i < n; i++) {
        if (to > 0 && r[i].from <= r[to - 1].to) {
            if (r[i].to > r[to - 1].to)
                r[to - 1].to = r[i].to;
        } else {
            r[to++] = r[i];
        }
    }
    return to;
}

static bool is_word(enum text_class c)
{
    return c == TEXT_LETTER || c == TEXT_DIGIT;
}

/* Does a word, or the text, begin there? */
static bool is_start(const char *folded, size_t at)
{
    size_t before = at;

    if (at == 0)
        return true;
    do
        before--;
    while (before > 0 && ((uint8_t)folded[before] & 0xc0) == 0x80);
    const char *p = folded + before, *q = folded + at;
    enum text_class last = text_class(utf8_next(&p, folded + at));

    return last == TEXT_OTHER || (is_word(text_class(utf8_next(&q, folded + strlen(folded)))) && !is_word(last));
}

/* Where each range of the folded text stands in the text itself.  Each character with the marks
 * behind it folds alone; where folding looks at more, the whole text is one mark. */
static size_t unfold(struct text_mark *r, size_t n, const struct buf *folded, const char *s, size_t len,
                     struct text_mark to[TEXT_MARKS_MAX])
{
    struct buf one = BUF_INIT;
    size_t i = 0, at = 0, out = 0;
    bool inside = false;

    for (const char *p = s, *end = s + len; p < end && i < n;) {
        const char *from = p, *next;

        utf8_next(&p, end);
        for (next = p; next < end; p = next) { /* combining marks */
            uint32_t c = utf8_next(&next, end);

            if (c < 0x300 || (c > 0x36f && c != 0x3099 && c != 0x309a))
                break;
        }
        buf_clear(&one);
        text_fold(&one, from, (size_t)(p - from));
        if (one.len > folded->len - at || memcmp(one.s != NULL ? one.s : "", folded->s + at, one.len) != 0) {
            to[0] = (struct text_mark){0, (uint32_t)len};
            buf_free(&one);
            return 1;
        }
        at += one.len;
        if (!inside && at > r[i].from) {
            inside = true;
            to[out].from = (uint32_t)(from - s);
        }
        if (inside && at >= r[i].to) {
            to[out++].to = (uint32_t)(p - s);
            inside = false;
            for (i++; i < n && r[i].to <= at; i++)
                continue;
            if (out == TEXT_MARKS_MAX)
                break;
        }
    }
    buf_free(&one);
    return out;
}

size_t text_query_mark(const struct text_query *q, const char *s, size_t len, bool prose,
                       struct text_mark to[TEXT_MARKS_MAX], bool *word_starts)
{
    struct marking m = {.q = q};
    struct buf folded = BUF_INIT;
    size_t n = 0;

    text_fold(&folded, s, len);
    m.folded = buf_str(&folded);
    tokens_walk(m.folded, folded.len, !prose, mark, &m);
    m.n = join(m.range, m.n);
    *word_starts = m.n > 0;
    for (size_t i = 0; i < m.n; i++)
        *word_starts = *word_starts && is_start(folded.s, m.range[i].from);
    if (m.n > 0)
        n = unfold(m.range, m.n, &folded, s, len, to);
    buf_free(&folded);
    return n;
}
