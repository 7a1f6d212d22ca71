/* pattern.c - a backtracking matcher for Lua patterns that counts its steps. */
#include "lua/pattern.h"

#include <ctype.h>
#include <string.h>

static const char *match(struct pattern *m, const char *s, const char *p);

static const char *fail(struct pattern *m, const char *why)
{
    if (m->error == NULL)
        m->error = why;
    return NULL;
}

static bool step(struct pattern *m)
{
    if (--m->steps >= 0)
        return true;
    fail(m, "pattern needs too many steps");
    return false;
}

/* The end of the single-character class that begins at p; NULL when malformed. */
static const char *class_end(struct pattern *m, const char *p)
{
    const char *begin;

    if (*p == '%')
        return p + 1 < m->end ? p + 2 : fail(m, "malformed pattern (ends with '%')");
    if (*p != '[')
        return p + 1;
    begin = p;
    p += p + 1 < m->end && p[1] == '^' ? 2 : 1;
    do { /* a ] that comes first is an ordinary character */
        if (p >= m->end)
            return fail(m, "malformed pattern (missing ']')");
        p += *p == '%' ? 2 : 1;
    } while (p >= m->end || *p != ']');
    m->steps -= (p - begin) / 4;
    return p + 1;
}

static bool in_class(unsigned char c, char class)
{
    static int (*const tests['z' + 1])(int) = {
        ['a'] = isalpha, ['c'] = iscntrl, ['d'] = isdigit, ['g'] = isgraph, ['l'] = islower,
        ['p'] = ispunct, ['s'] = isspace, ['u'] = isupper, ['w'] = isalnum, ['x'] = isxdigit,
    };
    int letter = tolower((unsigned char)class);

    if (letter > 'z' || tests[letter] == NULL)
        return class == (char)c;
    return (tests[letter](c) != 0) != (isupper((unsigned char)class) != 0);
}

/* p is at '[', last at its ']'. */
static bool in_set(unsigned char c, const char *p, const char *last)
{
    bool inside = true;

    if (*++p == '^') {
        inside = false;
        p++;
    }
    for (; p < last; p++) {
        if (*p == '%') {
            if (in_class(c, *++p))
                return inside;
        } else if (p + 2 < last && p[1] == '-') {
            if ((unsigned char)p[0] <= c && c <= (unsigned char)p[2])
                return inside;
            p += 2;
        } else if ((unsigned char)*p == c) {
            return inside;
        }
    }
    return !inside;
}

static bool one(struct pattern *m, const char *s, const char *p, const char *p_end)
{
    if (s >= m->subject_end || !step(m))
        return false;
    switch (*p) {
    case '.':
        return true;
    case '%':
        return in_class((unsigned char)*s, p[1]);
    case '[':
        m->steps -= (p_end - p) / 3;
        return in_set((unsigned char)*s, p, p_end - 1);
    default:
        return *p == *s;
    }
}

static const char *most(struct pattern *m, const char *s, const char *p, const char *p_end)
{
    ptrdiff_t n = 0;

    while (one(m, s + n, p, p_end))
        n++;
    for (; n >= 0 && m->error == NULL; n--) {
        const char *r = match(m, s + n, p_end + 1);

        if (r != NULL)
            return r;
    }
    return NULL;
}

static const char *fewest(struct pattern *m, const char *s, const char *p, const char *p_end)
{
    while (m->error == NULL) {
        const char *r = match(m, s, p_end + 1);

        if (r != NULL)
            return r;
        if (!one(m, s, p, p_end))
            return NULL;
        s++;
    }
    return NULL;
}

static const char *capture_open(struct pattern *m, const char *s, const char *p, ptrdiff_t what)
{
    const char *r;

    if (m->captures >= PATTERN_CAPTURES)
        return fail(m, "too many captures");
    m->capture[m->captures++] = (struct pattern_capture){s, what};
    r = match(m, s, p);
    if (r == NULL)
        m->captures--;
    return r;
}

static const char *capture_close(struct pattern *m, const char *s, const char *p)
{
    int i = m->captures - 1;
    const char *r;

    while (i >= 0 && m->capture[i].len != PATTERN_OPEN)
        i--;
    if (i < 0)
        return fail(m, "invalid pattern capture");
    m->capture[i].len = s - m->capture[i].start;
    r = match(m, s, p);
    if (r == NULL)
        m->capture[i].len = PATTERN_OPEN;
    return r;
}

/* %bxy: from an x to the y that closes it. */
static const char *balanced(struct pattern *m, const char *s, const char *p)
{
    int deep = 1;

    if (p + 1 >= m->end)
        return fail(m, "malformed pattern (missing arguments to '%b')");
    if (s >= m->subject_end || *s != p[0])
        return NULL;
    while (++s < m->subject_end && step(m)) {
        if (*s == p[1]) {
            if (--deep == 0)
                return s + 1;
        } else if (*s == p[0]) {
            deep++;
        }
    }
    return NULL;
}

static const char *back_reference(struct pattern *m, const char *s, char digit)
{
    int i = digit - '1';
    size_t n;

    if (i < 0 || i >= m->captures || m->capture[i].len == PATTERN_OPEN)
        return fail(m, "invalid capture index");
    if (m->capture[i].len == PATTERN_POSITION)
        return NULL; /* as in Lua */
    n = (size_t)m->capture[i].len;
    m->steps -= (int64_t)(n / 16);
    if (!step(m) || (size_t)(m->subject_end - s) < n || memcmp(m->capture[i].start, s, n) != 0)
        return NULL;
    return s + n;
}

/* %f[set]: between a character outside the set and one inside. */
static bool frontier(struct pattern *m, const char *s, const char *p, const char *p_end)
{
    unsigned char before = s == m->subject ? '\0' : (unsigned char)s[-1];
    unsigned char here = s == m->subject_end ? '\0' : (unsigned char)*s;

    m->steps -= (p_end - p) * 2 / 3;
    return step(m) && !in_set(before, p, p_end - 1) && in_set(here, p, p_end - 1);
}

static const char *match_here(struct pattern *m, const char *s, const char *p)
{
    while (p < m->end && step(m)) {
        const char *p_end;

        if (*p == '(')
            return p + 1 < m->end && p[1] == ')' ? capture_open(m, s, p + 2, PATTERN_POSITION)
                                                 : capture_open(m, s, p + 1, PATTERN_OPEN);
        if (*p == ')')
            return capture_close(m, s, p + 1);
        if (*p == '$' && p + 1 == m->end)
            return s == m->subject_end ? s : NULL;
        if (*p == '%' && p + 1 < m->end && p[1] == 'b') {
            s = balanced(m, s, p + 2);
            if (s == NULL)
                return NULL;
            p += 4;
            continue;
        }
        if (*p == '%' && p + 1 < m->end && p[1] == 'f') {
            p += 2;
            if (p >= m->end || *p != '[')
                return fail(m, "missing '[' after '%f' in pattern");
            p_end = class_end(m, p);
            if (p_end == NULL || !frontier(m, s, p, p_end))
                return NULL;
            p = p_end;
            continue;
        }
        if (*p == '%' && p + 1 < m->end && isdigit((unsigned char)p[1])) {
            s = back_reference(m, s, p[1]);
            if (s == NULL)
                return NULL;
            p += 2;
            continue;
        }
        p_end = class_end(m, p);
        if (p_end == NULL)
            return NULL;
        switch (p_end < m->end ? *p_end : '\0') {
        case '?':
            if (one(m, s, p, p_end)) {
                const char *r = match(m, s + 1, p_end + 1);

                if (r != NULL || m->error != NULL)
                    return r;
            }
            p = p_end + 1;
            continue;
        case '+':
            return one(m, s, p, p_end) ? most(m, s + 1, p, p_end) : NULL;
        case '*':
            return most(m, s, p, p_end);
        case '-':
            return fewest(m, s, p, p_end);
        default:
            if (!one(m, s, p, p_end))
                return NULL;
            s++;
            p = p_end;
        }
    }
    return m->error == NULL ? s : NULL;
}

static const char *match(struct pattern *m, const char *s, const char *p)
{
    const char *r;

    if (m->depth >= PATTERN_DEPTH)
        return fail(m, "pattern too complex");
    m->depth++;
    r = match_here(m, s, p);
    m->depth--;
    return r;
}

void pattern_init(struct pattern *m, const char *text, size_t text_len, const char *subject,
                  size_t subject_len, int64_t steps)
{
    m->anchored = text_len > 0 && *text == '^';
    m->text = text + m->anchored;
    m->end = text + text_len;
    m->subject = subject;
    m->subject_end = subject + subject_len;
    m->steps = steps;
    m->error = NULL;
    m->depth = 0;
    m->captures = 0;
}

const char *pattern_at(struct pattern *m, const char *at)
{
    m->captures = 0;
    m->depth = 0;
    return match(m, at, m->text);
}

bool pattern_find(struct pattern *m, const char *at, const char **begin, const char **end)
{
    do {
        const char *r = pattern_at(m, at);

        if (r != NULL) {
            *begin = at;
            *end = r;
            return true;
        }
    } while (!m->anchored && m->error == NULL && at++ < m->subject_end);
    return false;
}
