/* sqlite_fts.c - the SQLite driver's full text: contentless FTS5 tables of ready-made tokens.
 *
 * The host folds and splits text, so the tokenizer only cuts at spaces.  A contentless table keeps
 * no copy of the tokens: to take a row out one has to hand in the very tokens it was put in with. */
#include <stdio.h>
#include <string.h>

#include "db/sqlite.h"

enum { SQL_MAX = 512 };

/* The tokenizer. */

static int tokenizer_create(void *api, const char **args, int n, Fts5Tokenizer **out)
{
    static char nothing;

    (void)api, (void)args, (void)n;
    *out = (Fts5Tokenizer *)&nothing;
    return SQLITE_OK;
}

static void tokenizer_delete(Fts5Tokenizer *t)
{
    (void)t;
}

static int tokenize(Fts5Tokenizer *t, void *to, int flags, const char *text, int len,
                    int (*token)(void *, int, const char *, int, int, int))
{
    (void)t, (void)flags;
    for (int i = 0; i < len;) {
        int start = i;

        while (i < len && text[i] != ' ')
            i++;
        if (i > start) {
            int rc = token(to, 0, text + start, i - start, start, i);

            if (rc != SQLITE_OK)
                return rc;
        }
        i++;
    }
    return SQLITE_OK;
}

int sq_fts_register(sqlite3 *h)
{
    static fts5_tokenizer spaces = {tokenizer_create, tokenizer_delete, tokenize};
    fts5_api *api = NULL;
    sqlite3_stmt *s;
    int rc = sqlite3_prepare_v2(h, "SELECT fts5(?1)", -1, &s, NULL);

    if (rc == SQLITE_OK) {
        sqlite3_bind_pointer(s, 1, (void *)&api, "fts5_api_ptr", NULL);
        sqlite3_step(s);
        rc = sqlite3_finalize(s);
    }
    if (rc != SQLITE_OK || api == NULL)
        return rc == SQLITE_OK ? SQLITE_ERROR : rc;
    return api->xCreateTokenizer(api, "spaces", NULL, &spaces, NULL);
}
