/* header.c - which of the first rows holds the column names.
 *
 * People put titles, dates of export and empty rows above their tables.  Most of those are narrow;
 * the first row at least half as wide as the usual row is the header, if its cells look like names
 * of columns and not like an address, a number or a phone.  If not, a later row is, provided that
 * it is full and holds nothing but names. */
#include "sheet/reader.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text/valid.h"

enum { LABEL_CHARS = 60, VALUE_DIGITS = 5, ROWS_MAX = 64, HEADER_WITHIN = 20 };

static uint32_t filled(const struct sheet_row *row)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < row->len; i++)
        n += row->cells[i].type != SHEET_EMPTY;
    return n;
}

static int by_size(const void *a, const void *b)
{
    return (int)*(const uint32_t *)a - (int)*(const uint32_t *)b;
}

/* Cells in the usual row: the median. */
static uint32_t usual_width(const struct sheet_row *rows, size_t n)
{
    uint32_t widths[ROWS_MAX];

    for (size_t i = 0; i < n; i++)
        widths[i] = filled(&rows[i]);
    qsort(widths, n, sizeof(*widths), by_size);
    return widths[n / 2];
}

static bool is_label(const struct sheet_cell *c)
{
    int digits = 0;

    if (c->type != SHEET_TEXT || text_count(c->text, c->len) > LABEL_CHARS)
        return false;
    for (uint32_t i = 0; i < c->len; i++)
        digits += isdigit((unsigned char)c->text[i]) != 0;
    return digits < VALUE_DIGITS && digits < (int)c->len && strchr(c->text, '@') == NULL &&
           strstr(c->text, "://") == NULL && strncasecmp(c->text, "www.", 4) != 0;
}

static uint32_t labels(const struct sheet_row *row)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < row->len; i++)
        n += row->cells[i].type != SHEET_EMPTY && is_label(&row->cells[i]);
    return n;
}

int sheet_header_guess(const struct sheet_row *rows, size_t n)
{
    bool first = true;

    n = n < ROWS_MAX ? n : ROWS_MAX;
    if (n == 0)
        return -1;
    uint32_t usual = usual_width(rows, n);

    for (size_t i = 0; i < n && i < HEADER_WITHIN; i++) {
        uint32_t cells = filled(&rows[i]), names = labels(&rows[i]);

        if (cells * 2 < usual)
            continue;
        if (first ? names * 5 >= cells * 4 : names == cells && cells >= usual)
            return (int)i;
        first = false;
    }
    return -1;
}

static const char *text_at(const struct sheet_row *row, uint32_t column)
{
    return column < row->len ? row->cells[column].text : "";
}

const char *sheet_header_text(const struct sheet_row *rows, int header, uint32_t column)
{
    const struct sheet_row *row = &rows[header], *above = header > 0 ? &rows[header - 1] : NULL;
    const char *text = text_at(row, column);

    return *text != '\0' || above == NULL || above->number + 1 != row->number || filled(above) < 2 ? text : text_at(above, column);
}
