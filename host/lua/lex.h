/* lex.h - the tokens of a Lua source, for the checks before it runs. */
#ifndef BERTH_LUA_LEX_H
#define BERTH_LUA_LEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum token_kind { TOKEN_END, TOKEN_NAME, TOKEN_WORD, TOKEN_STRING, TOKEN_NUMBER, TOKEN_MARK };

struct token {
    enum token_kind kind;
    int line;
    const char *s; /* in the source; a string without its quotes, escapes as written */
    size_t len;
};

/* The source has been compiled before, so that nothing here needs to be reported.  The list ends
 * with a TOKEN_END. */
const struct token *lex(struct arena *a, const char *source, size_t len);
bool token_is(const struct token *t, const char *text); /* a word, mark or name */

#endif
