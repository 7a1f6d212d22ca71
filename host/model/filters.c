/* filters.c - a light look at filter texts in declarations: are the names in them fields?
 * The whole check is the record layer's, which compiles filters. */
#include <ctype.h>
#include <string.h>

#include "model/build.h"

static const char *const words[] = {"and",   "or",   "not",   "in",      "is",       "null",
                                    "empty", "like", "order", "by",      "limit",    "asc",
                                    "desc",  "true", "false", "between", "contains", "begins",
                                    "within"};

static bool is_word(const char *s, size_t n)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strlen(words[i]) == n && strncasecmp(words[i], s, n) == 0)
            return true;
    return false;
}

static const char *past_string(const char *p)
{
    const char *end = strchr(p + 1, '\'');

    return end != NULL ? end + 1 : p + strlen(p);
}

/* Names are letters, digits, _ and dots between them; "@team" and "30d" are values. */
static const char *past_word(const char *p)
{
    while (isalnum((unsigned char)*p) || *p == '_' || *p == '.')
        p++;
    return p;
}

static bool is_known(const struct table *t, const char *name, size_t len)
{
    size_t first = strcspn(name, ".");

    return is_word(name, len) || map_getn(&t->by_name, name, first < len ? first : len) != NULL;
}

const char *model_filter_unknown(const struct table *t, const char *filter, size_t *len_r)
{
    for (const char *p = filter; p != NULL && *p != '\0';) {
        if (*p == '\'') {
            p = past_string(p);
        } else if (*p == '@' || isdigit((unsigned char)*p)) {
            p = past_word(p + 1);
        } else if (isalpha((unsigned char)*p) || *p == '_') {
            const char *end = past_word(p);

            *len_r = (size_t)(end - p);
            if (!is_known(t, p, *len_r))
                return p;
            p = end;
        } else {
            p++;
        }
    }
    return NULL;
}

bool model_macro(const char *name, size_t n)
{
    static const char *const macros[] = {"me", "team", "today", "now", "week", "month", "quarter", "year"};

    for (size_t i = 0; i < sizeof(macros) / sizeof(macros[0]); i++)
        if (strlen(macros[i]) == n && strncmp(macros[i], name, n) == 0)
            return true;
    return false;
}

void filter_check(struct build *b, const struct table *t, const char *plugin, const char *what,
                  const char *filter)
{
    size_t len;

    for (const char *p = filter; (p = model_filter_unknown(t, p, &len)) != NULL; p += len)
        problem(b, plugin, t->name, NULL, "%s names \"%.*s\", which is none of its fields", what,
                (int)len, p);
}
