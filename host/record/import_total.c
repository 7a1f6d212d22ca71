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

/* What only a record has. */
static bool is_reached_by(const struct field *f)
{
    return f->type == BERTH_PHONE || f->type == BERTH_EMAIL || f->type == BERTH_URL || f->type == BERTH_REF;
}

bool import_is_total(const struct run *r, const struct table *t, const struct sheet_row *row)
{
    const struct sheet_cell *first = NULL, *title = NULL;

    for (uint32_t i = 0; !r->totals && i < row->len; i++) {
        const struct field *f = i < r->ncolumns ? r->column[i] : NULL;

        if (row->cells[i].len == 0)
            continue;
        if (f != NULL && is_reached_by(f))
            return false;
        first = first == NULL ? &row->cells[i] : first;
        title = f != NULL && f == t->title ? &row->cells[i] : title;
    }
    return (first != NULL && is_word(r, first)) || (title != NULL && title != first && is_word(r, title));
}
