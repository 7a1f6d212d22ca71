/* lex.c - splits Lua source into tokens. */
#include "lua/lex.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"

struct lexer {
    const char *p, *end;
    int line;
};

static const char *const words[] = {"and",   "break", "do",       "else", "elseif", "end",
                                    "false", "for",   "function", "goto", "if",     "in",
                                    "local", "nil",   "not",      "or",   "repeat", "return",
                                    "then",  "true",  "until",    "while"};

static bool is_word(const char *s, size_t n)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strlen(words[i]) == n && memcmp(words[i], s, n) == 0)
            return true;
    return false;
}

/* At '[': how many '=' a long bracket has, or -1. */
static int long_bracket(const struct lexer *x)
{
    const char *p = x->p + 1;

    while (p < x->end && *p == '=')
        p++;
    return p < x->end && *p == '[' ? (int)(p - x->p) - 1 : -1;
}

/* Behind the opening bracket: skips to behind the closing one; *text_end is where it began. */
static void skip_long(struct lexer *x, int level, const char **text_end)
{
    for (; x->p < x->end; x->p++) {
        const char *q = x->p + 1;

        if (*x->p == '\n')
            x->line++;
        if (*x->p != ']')
            continue;
        while (q < x->end && *q == '=')
            q++;
        if (q < x->end && *q == ']' && q - x->p - 1 == level) {
            *text_end = x->p;
            x->p = q + 1;
            return;
        }
    }
    *text_end = x->end;
}

static void skip_comment(struct lexer *x)
{
    const char *ignored;

    x->p += 2;
    if (x->p < x->end && *x->p == '[' && long_bracket(x) >= 0) {
        int level = long_bracket(x);

        x->p += level + 2;
        skip_long(x, level, &ignored);
        return;
    }
    while (x->p < x->end && *x->p != '\n')
        x->p++;
}

static void skip_blank(struct lexer *x)
{
    while (x->p < x->end) {
        if (*x->p == '\n')
            x->line++;
        if (isspace((unsigned char)*x->p))
            x->p++;
        else if (*x->p == '-' && x->p + 1 < x->end && x->p[1] == '-')
            skip_comment(x);
        else
            return;
    }
}

static void quoted(struct lexer *x, struct token *t)
{
    char quote = *x->p++;

    t->kind = TOKEN_STRING;
    t->s = x->p;
    while (x->p < x->end && *x->p != quote) {
        if (*x->p == '\\' && x->p + 1 < x->end)
            x->p++;
        if (*x->p == '\n')
            x->line++;
        x->p++;
    }
    t->len = (size_t)(x->p - t->s);
    if (x->p < x->end)
        x->p++;
}

static void number(struct lexer *x, struct token *t)
{
    bool hex = *x->p == '0' && x->p + 1 < x->end && (x->p[1] | 32) == 'x';

    t->kind = TOKEN_NUMBER;
    while (x->p < x->end && (isalnum((unsigned char)*x->p) || *x->p == '.')) {
        char c = (char)(*x->p++ | 32);

        if (c == (hex ? 'p' : 'e') && x->p < x->end && (*x->p == '+' || *x->p == '-'))
            x->p++;
    }
    t->len = (size_t)(x->p - t->s);
}

static void mark(struct lexer *x, struct token *t)
{
    static const char *const marks[] = {
        "...", "..", "==", "~=", "<=", ">=", "//", "::", "<<", ">>"};

    t->kind = TOKEN_MARK;
    t->len = 1;
    for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
        size_t n = strlen(marks[i]);

        if ((size_t)(x->end - x->p) >= n && memcmp(x->p, marks[i], n) == 0) {
            t->len = n;
            break;
        }
    }
    x->p += t->len;
}

static struct token next(struct lexer *x)
{
    struct token t = {.kind = TOKEN_END};

    skip_blank(x);
    t.line = x->line;
    t.s = x->p;
    if (x->p >= x->end)
        return t;
    if (isalpha((unsigned char)*x->p) || *x->p == '_') {
        while (x->p < x->end && (isalnum((unsigned char)*x->p) || *x->p == '_'))
            x->p++;
        t.len = (size_t)(x->p - t.s);
        t.kind = is_word(t.s, t.len) ? TOKEN_WORD : TOKEN_NAME;
    } else if (isdigit((unsigned char)*x->p) ||
               (*x->p == '.' && x->p + 1 < x->end && isdigit((unsigned char)x->p[1]))) {
        number(x, &t);
    } else if (*x->p == '"' || *x->p == '\'') {
        quoted(x, &t);
    } else if (*x->p == '[' && long_bracket(x) >= 0) {
        int level = long_bracket(x);
        const char *end;

        x->p += level + 2;
        t.kind = TOKEN_STRING;
        t.s = x->p;
        skip_long(x, level, &end);
        t.len = (size_t)(end - t.s);
    } else {
        mark(x, &t);
    }
    return t;
}

const struct token *lex(struct arena *a, const char *source, size_t len)
{
    struct lexer x = {source, source + len, 1};
    struct buf all = BUF_INIT;
    struct token t, *list;

    if (len > 0 && *source == '#') /* as Lua: a first line for the shell */
        while (x.p < x.end && *x.p != '\n')
            x.p++;
    do {
        t = next(&x);
        buf_add(&all, (const char *)&t, sizeof(t));
    } while (t.kind != TOKEN_END);
    list = arena_alloc(a, all.len);
    memcpy(list, all.s, all.len);
    buf_free(&all);
    return list;
}

bool token_is(const struct token *t, const char *text)
{
    return t->kind != TOKEN_STRING && t->kind != TOKEN_NUMBER && t->kind != TOKEN_END &&
           t->len == strlen(text) && memcmp(t->s, text, t->len) == 0;
}
