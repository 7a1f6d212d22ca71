/* collate.c - text in the order a reader of a language expects, by ICU. */
#include "text/collate.h"

#include <stdlib.h>
#include <unicode/ucol.h>
#include <unicode/ustring.h>
#include <unicode/uversion.h>

#include "base/arena.h"
#include "base/log.h"
#include "text/utf8.h"

#define SHORT 256 /* UTF-16 units that need no memory of their own */

struct text_collator {
    UCollator *order;
};

struct text_collator *text_collator_new(const char *locale)
{
    UErrorCode e = U_ZERO_ERROR;
    struct text_collator *c = mem_alloc(sizeof(*c));

    c->order = ucol_open(locale, &e);
    ucol_setAttribute(c->order, UCOL_NUMERIC_COLLATION, UCOL_ON, &e);
    if (U_FAILURE(e)) /* not a locale that is unknown: ICU's own data is missing */
        log_error("collate", "cannot open the order of %s: %s", locale, u_errorName(e));
    return c;
}

void text_collator_free(struct text_collator **c)
{
    if (*c != NULL && (*c)->order != NULL)
        ucol_close((*c)->order);
    free(*c);
    *c = NULL;
}

void text_sort_key(const struct text_collator *c, struct buf *out, const char *s, size_t len)
{
    UChar on_stack[SHORT], *wide = on_stack;
    UErrorCode e = U_ZERO_ERROR;
    int32_t n = 0;

    if (c->order == NULL) {
        buf_add(out, s, len);
        return;
    }
    if (len > SHORT)
        wide = mem_alloc(len * sizeof(*wide));
    u_strFromUTF8WithSub(wide, (int32_t)(len > SHORT ? len : SHORT), &n, s, (int32_t)len, UTF8_BAD,
                         NULL, &e);
    int32_t room = n * 4 + 32; /* nearly always enough */
    int32_t need = ucol_getSortKey(c->order, wide, n, (uint8_t *)buf_room(out, (size_t)room), room);

    if (need > room)
        ucol_getSortKey(c->order, wide, n, (uint8_t *)buf_room(out, (size_t)need), need);
    out->len += (size_t)need - 1; /* ICU counts a closing NUL */
    out->s[out->len] = '\0';
    if (wide != on_stack)
        free(wide);
}

uint32_t text_collate_version(void)
{
    UVersionInfo v = {0};

    u_getVersion(v);
    return (uint32_t)v[0] << 24 | (uint32_t)v[1] << 16 | (uint32_t)v[2] << 8 | v[3];
}
