/* import_total.c - the row below a list that adds it up: it is no record, unless the user says so. */
#include <string.h>

#include "record/import_run.h"
#include "text/keys.h"

enum { WORD_BYTES = 40 };

/* As texts are compared, without blanks and colons. */
static bool folded(struct text_keys *k, const char *s, size_t n)
{
    text_keys_of(k, TEXT_KEY_CODE, s, n, NULL);
    return k->n > 0;
}

void import_total_open(struct run *r, struct berth_ctx *c)
{
    struct text_keys k = TEXT_KEYS_INIT;

    for (const char *const *loc = labels_locales; *loc != NULL; loc++) {
        const char *words = labels_find(c->st->labels, *loc, "import.total_words");

        while (words != NULL && *words != '\0') {
            size_t n = strcspn(words, "|");

            if (folded(&k, words, n))
                map_put(&r->total_words, arena_strdup(r->j->a, text_key(&k, 0)), r);
            words += n + (words[n] == '|');
        }
    }
    text_keys_free(&k);
}

static bool is_word(const struct run *r, const struct sheet_cell *cell)
{
    struct text_keys k = TEXT_KEYS_INIT;
    bool hit = cell->type == SHEET_TEXT && cell->len <= WORD_BYTES && folded(&k, cell->text, cell->len) &&
               map_get(&r->total_words, text_key(&k, 0)) != NULL;

    text_keys_free(&k);
    return hit;
}

/* What only a record has: a telephone or address that is one, a name where others are referred to.  How many there are of them is counted, too. */
static bool is_reached_by(struct run *r, struct berth_ctx *c, const struct field *f, const struct sheet_cell *cell)
{
    struct berth_val v;
    bool is;

    if (f->type == BERTH_REF)
        return strspn(cell->text, "0123456789.,- ") < cell->len;
    if (f->type != BERTH_PHONE && f->type != BERTH_EMAIL && f->type != BERTH_URL)
        return false;
    is = import_value(r, c, f, cell, &v) && !val_is_nil(v);
    ctx_clear(c);
    return is;
}

static bool has_word(const struct run *r, const struct table *t, const struct sheet_row *row)
{
    const struct sheet_cell *first = NULL, *title = NULL;

    for (uint32_t i = 0; i < row->len; i++) {
        if (row->cells[i].len == 0)
            continue;
        first = first == NULL ? &row->cells[i] : first;
        title = i < r->ncolumns && r->column[i] != NULL && r->column[i] == t->title ? &row->cells[i] : title;
    }
    return (first != NULL && is_word(r, first)) || (title != NULL && title != first && is_word(r, title));
}

bool import_is_total(struct run *r, struct berth_ctx *c, const struct table *t, const struct sheet_row *row)
{
    bool total = !r->totals && has_word(r, t, row);

    for (uint32_t i = 0; total && i < row->len && i < r->ncolumns; i++)
        total = r->column[i] == NULL || row->cells[i].len == 0 || !is_reached_by(r, c, r->column[i], &row->cells[i]);
    return total;
}
