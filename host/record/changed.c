/* changed.c - one field's change as history keeps it. */
#include "record/changed.h"

#include <stdlib.h>
#include <string.h>

enum {
    WORTH = 64, /* bytes that two texts have in common, from which on only the rest is kept */
    WORD = 24   /* so far a part is widened to whole words */
};

/* ---- the part that differs ------------------------------------------------------------------------- */
static bool inside_char(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static bool breaks(char c)
{
    return c == '\0' || c == ' ' || c == '\n';
}

/* How many bytes both begin with, back to where a word begins. */
static size_t same_begin(const char *a, const char *b, size_t most)
{
    size_t n = 0, word;

    while (n < most && a[n] == b[n])
        n++;
    while (n > 0 && (inside_char(a[n]) || inside_char(b[n])))
        n--;
    if (breaks(a[n]) && breaks(b[n]))
        return n;
    for (word = n; word > 0 && n - word < WORD && !breaks(a[word - 1]);)
        word--;
    while (inside_char(a[word]))
        word++;
    return word;
}

/* How many bytes both end with, from where a word ends. */
static size_t same_end(const char *a_end, const char *b_end, size_t most)
{
    size_t n = 0, word;

    while (n < most && a_end[-(ptrdiff_t)n - 1] == b_end[-(ptrdiff_t)n - 1])
        n++;
    for (word = n; word > 0 && n - word < WORD && !breaks(a_end[-(ptrdiff_t)word]);)
        word--;
    while (word > 0 && inside_char(a_end[-(ptrdiff_t)word]))
        word--;
    return word;
}

void changed_json(struct json *j, const struct field *f, struct berth_val from, struct berth_val to)
{
    bool both = f->type == BERTH_LONG && !val_is_nil(from) && !val_is_nil(to);
    size_t gone = both ? (size_t)from.len : 0, came = both ? (size_t)to.len : 0, begin = 0, end = 0;

    json_open(j, '[');
    json_str(j, f->name);
    if (both) {
        begin = same_begin(from.s, to.s, gone < came ? gone : came);
        end = same_end(from.s + gone, to.s + came, (gone < came ? gone : came) - begin);
    }
    if (begin + end >= WORTH) {
        json_strn(j, from.s + begin, gone - begin - end);
        json_strn(j, to.s + begin, came - begin - end);
        json_int(j, (int64_t)begin);
    } else {
        val_json(j, f, from);
        val_json(j, f, to);
    }
    json_close(j, ']');
}

/* ---- reading it ------------------------------------------------------------------------------------------- */
struct changed changed_of(const json_t *item)
{
    if (json_is_array(item))
        return (struct changed){json_string_value(json_array_get(item, 0)), json_array_get(item, 1), json_array_get(item, 2),
                                json_is_integer(json_array_get(item, 3))};
    return (struct changed){json_string_value(json_object_get(item, "field")), json_object_get(item, "from"), json_object_get(item, "to"),
                            false};
}

/* [field, from, to, at] with whole texts, by the text that `to` is a part of; false: it is not. */
static bool make_whole(json_t *item, struct berth_val later)
{
    const json_t *from = json_array_get(item, 1), *to = json_array_get(item, 2);
    size_t at = (size_t)json_integer_value(json_array_get(item, 3)), gone = json_string_length(from), came = json_string_length(to);
    size_t len = val_is_nil(later) ? 0 : (size_t)later.len, whole = len - came + gone;
    char *text;

    if (!json_is_string(from) || !json_is_string(to) || at > len || came > len - at ||
        memcmp(later.s + at, json_string_value(to), came) != 0)
        return false;
    text = mem_alloc(whole + 1);
    memcpy(text, later.s, at);
    memcpy(text + at, json_string_value(from), gone);
    memcpy(text + at + gone, later.s + at + came, len - at - came);
    json_array_set_new(item, 1, json_stringn_nocheck(text, whole));
    json_array_set_new(item, 2, json_stringn_nocheck(later.s, len));
    json_array_remove(item, 3);
    free(text);
    return true;
}

json_t *changed_items(const char *changes)
{
    return changes == NULL ? NULL : json_loads(changes, 0, NULL);
}

bool changed_whole(json_t *items, const struct berth_row *later)
{
    bool all = true;

    for (size_t i = json_array_size(items); i-- > 0;) {
        json_t *item = json_array_get(items, i);
        const struct changed x = changed_of(item);
        const struct field *f = x.field == NULL || !x.part ? NULL : model_field(later->t, x.field);

        if (!x.part || (f != NULL && field_is_text(f) && make_whole(item, later->v[f->at])))
            continue;
        json_array_remove(items, i);
        all = false;
    }
    return all;
}

bool changed_undo(struct berth_ctx *c, struct berth_row *r, json_t *items)
{
    bool all = changed_whole(items, r);
    json_t *item;
    size_t i;

    json_array_foreach (items, i, item) {
        const struct changed x = changed_of(item);
        const struct field *f = x.field == NULL ? NULL : model_field(r->t, x.field);

        if (f != NULL)
            all = val_from_json(c, f, x.from, &r->v[f->at]) && all;
    }
    return all;
}
