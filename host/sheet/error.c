/* error.c - what can be wrong with a spreadsheet, as codes, keys and English sentences. */
#include "sheet/reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *key, *english;
} texts[] = {[SHEET_OK] = {"sheet.ok", ""},
#define SHEET_X(code, key, english) [SHEET_E_##code] = {"sheet." key, english},
             SHEET_ERRORS(SHEET_X)
#undef SHEET_X
};

const char *sheet_error_key(enum sheet_code code)
{
    return texts[code].key;
}

const char *sheet_error_english(enum sheet_code code)
{
    return texts[code].english;
}

static void number(struct buf *out, uint64_t v)
{
    buf_addf(out, "%" PRIu64, v);
}

/* Writes the value of the word that starts at `at`, "{row}" and so on; how much it took, or 0. */
static size_t word(struct buf *out, const struct sheet_error *e, const char *at)
{
    char column[8];

    if (strncmp(at, "{row}", 5) == 0)
        return number(out, e->row), 5;
    if (strncmp(at, "{column}", 8) == 0)
        return buf_puts(out, sheet_column_name(e->column > 0 ? e->column - 1 : 0, column)), 8;
    if (strncmp(at, "{line}", 6) == 0)
        return number(out, e->line), 6;
    if (strncmp(at, "{limit}", 7) == 0)
        return number(out, e->limit), 7;
    if (strncmp(at, "{detail}", 8) == 0)
        return buf_puts(out, e->detail), 8;
    return 0;
}

void sheet_error_text(const struct sheet_error *e, const char *text, struct buf *out)
{
    for (const char *p = text != NULL ? text : sheet_error_english(e->code); *p != '\0';) {
        size_t took = *p == '{' ? word(out, e, p) : 0;

        if (took == 0)
            buf_putc(out, *p++);
        p += took;
    }
}

/* Cuts at a whole character. */
static void set_detail(struct sheet_error *err, const char *detail)
{
    size_t n = strlen(detail);

    if (n >= sizeof(err->detail)) {
        n = sizeof(err->detail) - 1;
        while (n > 0 && ((unsigned char)detail[n] & 0xc0) == 0x80)
            n--;
    }
    memcpy(err->detail, detail, n);
    err->detail[n] = '\0';
}

int sheet_fail(struct sheet_error *err, enum sheet_code code, const char *detail)
{
    *err = (struct sheet_error){.code = code};
    set_detail(err, detail != NULL ? detail : "");
    return -1;
}

int sheet_fail_limit(struct sheet_error *err, enum sheet_code code, uint64_t limit)
{
    *err = (struct sheet_error){.code = code, .limit = limit};
    return -1;
}

int sheet_fail_cell(struct sheet_error *err, enum sheet_code code, uint32_t row, uint32_t column,
                    uint64_t limit)
{
    *err = (struct sheet_error){.code = code, .row = row, .column = column + 1, .limit = limit};
    return -1;
}
