/* rowing.c - puts a row together from cells that may come in any order. */
#include "sheet/reader.h"

#include <stdlib.h>
#include <string.h>

#include "text/valid.h"

void rowing_start(struct rowing *r)
{
    if (r->len > 0)
        memset(r->cells, 0, r->len * sizeof(*r->cells));
    r->len = 0;
    buf_clear(&r->text);
    buf_putc(&r->text, '\0'); /* what empty cells point to */
}

static void grow(struct rowing *r, uint32_t column)
{
    uint32_t cap = r->cap < 64 ? 64 : r->cap;

    if (column < r->cap)
        return;
    while (cap <= column)
        cap *= 2;
    r->cells = mem_realloc(r->cells, cap * sizeof(*r->cells));
    r->at = mem_realloc(r->at, cap * sizeof(*r->at));
    memset(r->cells + r->cap, 0, (cap - r->cap) * sizeof(*r->cells));
    memset(r->at + r->cap, 0, (cap - r->cap) * sizeof(*r->at));
    r->cap = cap;
}

struct sheet_cell *rowing_cell(struct rowing *r, uint32_t row, uint32_t column,
                               struct sheet_error *err)
{
    if (column >= r->limits->columns) {
        sheet_fail_cell(err, SHEET_E_COLUMNS, row, column, r->limits->columns);
        return NULL;
    }
    grow(r, column);
    if (column >= r->len)
        r->len = column + 1;
    r->cells[column] = (struct sheet_cell){.text = ""};
    r->at[column] = (uint32_t)r->text.len;
    return &r->cells[column];
}

int rowing_end(struct rowing *r, struct sheet_cell *c, uint32_t row, struct sheet_error *err)
{
    uint32_t column = (uint32_t)(c - r->cells);
    size_t len = r->text.len - r->at[column];

    if (len > r->limits->cell_chars &&
        text_count(r->text.s + r->at[column], len) > r->limits->cell_chars)
        return sheet_fail_cell(err, SHEET_E_CELL, row, column, r->limits->cell_chars);
    if (r->text.len > r->limits->row_bytes)
        return sheet_fail_cell(err, SHEET_E_ROW_BYTES, row, column, r->limits->row_bytes);
    c->len = (uint32_t)len;
    buf_putc(&r->text, '\0');
    return 0;
}

bool rowing_done(struct rowing *r, uint32_t number, struct sheet_row *out)
{
    uint32_t used = 0;

    for (uint32_t i = 0; i < r->len; i++) {
        struct sheet_cell *c = &r->cells[i];

        c->text = c->type == SHEET_EMPTY ? r->text.s : r->text.s + r->at[i];
        if (c->type != SHEET_EMPTY)
            used = i + 1;
    }
    *out = (struct sheet_row){.number = number, .len = used, .cells = r->cells};
    return used > 0;
}

void rowing_free(struct rowing *r)
{
    free(r->cells);
    free(r->at);
    buf_free(&r->text);
}
