/* sheet_dump.c - prints a spreadsheet as the sheet layer reads it, as JSON lines, for
 * test_sheet.py:
 *
 *   sheet_dump FILE [--encoding X] [--separator X] [--sheet N] [--count] [--memory MB] [--write TO]
 *
 * One line with the list of sheets, one for each row (--count: only how many rows and cells), or
 * one with the error.  --memory sets the address space of the process (not under a sanitizer, which
 * takes terabytes of it).  --write also writes the rows to another file.  Ends with 0 either way,
 * so that any other end is a crash. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/json.h"
#include "sheet/sheet.h"

static const char *const kinds[] = {"csv", "xlsx", "xls"};
static const char *const types[] = {"empty",    "text", "number", "date",
                                    "datetime", "time", "bool",   "error"};

static void print(struct buf *out)
{
    fwrite(out->s, 1, out->len, stdout);
    putchar('\n');
    buf_clear(out);
}

static int print_error(const struct sheet_error *e, struct buf *out)
{
    struct json j = json_to(out);
    struct buf text = BUF_INIT;

    sheet_error_text(e, NULL, &text);
    json_open(&j, '{');
    json_key(&j, "error");
    json_str(&j, sheet_error_key(e->code));
    json_key(&j, "text");
    json_strn(&j, text.s, text.len);
    json_key(&j, "row");
    json_int(&j, e->row);
    json_key(&j, "column");
    json_int(&j, e->column);
    json_key(&j, "line");
    json_int(&j, (int64_t)e->line);
    json_close(&j, '}');
    print(out);
    buf_free(&text);
    return 0;
}

static void print_head(const struct sheet *s, struct buf *out)
{
    struct json j = json_to(out);
    char separator[2] = {sheet_separator(s), '\0'};

    json_open(&j, '{');
    json_key(&j, "kind");
    json_str(&j, kinds[sheet_kind(s)]);
    json_key(&j, "encoding");
    json_str(&j, sheet_encoding(s));
    json_key(&j, "separator");
    json_str(&j, separator);
    json_key(&j, "sheets");
    json_open(&j, '[');
    for (size_t i = 0; i < sheet_count(s); i++) {
        json_open(&j, '[');
        json_str(&j, sheet_info(s, i)->name);
        json_bool(&j, sheet_info(s, i)->hidden);
        json_int(&j, sheet_info(s, i)->rows);
        json_int(&j, sheet_info(s, i)->columns);
        json_close(&j, ']');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    print(out);
}

static void print_value(struct json *j, const struct sheet_cell *c)
{
    if (c->type == SHEET_NUMBER)
        json_double(j, c->v.number);
    else if (c->type == SHEET_DATE)
        json_int(j, c->v.days);
    else if (c->type == SHEET_DATETIME || c->type == SHEET_TIME)
        json_int(j, c->v.ms);
    else if (c->type == SHEET_BOOL)
        json_bool(j, c->v.yes);
    else
        json_nil(j);
}

static void print_row(const struct sheet_row *row, struct buf *out)
{
    struct json j = json_to(out);

    json_open(&j, '[');
    json_int(&j, row->number);
    for (uint32_t i = 0; i < row->len; i++) {
        json_open(&j, '[');
        json_strn(&j, row->cells[i].text, row->cells[i].len);
        json_str(&j, types[row->cells[i].type]);
        print_value(&j, &row->cells[i]);
        json_close(&j, ']');
    }
    json_close(&j, ']');
    print(out);
}

/* How often the header guess is right is a question for the tests. */
static int print_guess(struct sheet *s, struct buf *out, struct sheet_error *err)
{
    struct arena *a = arena_new();
    struct sheet_row *rows;
    int n = sheet_peek(s, a, 20, &rows, err);

    if (n >= 0) {
        buf_addf(out, "{\"header\":%d}", sheet_header_guess(rows, (size_t)n));
        print(out);
    }
    arena_free(&a);
    return n;
}

/* The first row gives the titles. */
static int write_row(struct sheet_writer **w, const char *to, const struct sheet_row *row,
                     struct sheet_error *err)
{
    struct sheet_column columns[64] = {0};
    const char *dot = strrchr(to, '.');

    if (*w != NULL)
        return sheet_write_row(*w, row->cells, row->len, err);
    for (uint32_t i = 0; i < row->len && i < 64; i++)
        columns[i].title = row->cells[i].text;
    return sheet_write_open(to, dot != NULL && strcmp(dot, ".csv") == 0 ? SHEET_CSV : SHEET_XLSX,
                            "Sheet", columns, row->len < 64 ? row->len : 64, NULL, w, err);
}

static int run(const char *path, const struct sheet_options *o, int sheet, bool count,
               const char *write_to, struct buf *out)
{
    struct sheet_writer *w = NULL;
    struct sheet_error err = {0};
    struct sheet *s;
    struct sheet_row row;
    uint64_t rows = 0, cells = 0;
    int rc;

    if (sheet_open(path, o, &s, &err) < 0)
        return print_error(&err, out);
    print_head(s, out);
    if ((sheet >= 0 && sheet_select(s, (size_t)sheet, &err) < 0) ||
        (!count && print_guess(s, out, &err) < 0)) {
        sheet_close(&s);
        return print_error(&err, out);
    }
    while ((rc = sheet_next(s, &row, &err)) > 0) {
        rows++;
        cells += row.len;
        if (!count)
            print_row(&row, out);
        if (write_to != NULL && write_row(&w, write_to, &row, &err) < 0) {
            rc = -1;
            break;
        }
    }
    if (rc < 0)
        sheet_write_drop(&w);
    else if (w != NULL)
        rc = sheet_write_close(&w, &err);
    if (rc < 0)
        print_error(&err, out);
    else if (count)
        printf("{\"rows\":%" PRIu64 ",\"cells\":%" PRIu64 ",\"progress\":%g}\n", rows, cells,
               sheet_progress(s));
    sheet_close(&s);
    return 0;
}

static void set_memory(unsigned long bytes)
{
#ifndef __SANITIZE_ADDRESS__
    setrlimit(RLIMIT_AS, &(struct rlimit){bytes, bytes});
#else
    (void)bytes;
#endif
}

int main(int argc, char **argv)
{
    const char *write_to = NULL;
    struct sheet_options o = {0};
    struct buf out = BUF_INIT;
    bool count = false;
    int sheet = -1;

    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--count") == 0)
            count = true;
        else if (i + 1 == argc)
            return 2;
        else if (strcmp(argv[i], "--encoding") == 0)
            o.encoding = argv[++i];
        else if (strcmp(argv[i], "--separator") == 0)
            o.separator = argv[++i][0];
        else if (strcmp(argv[i], "--sheet") == 0)
            sheet = atoi(argv[++i]);
        else if (strcmp(argv[i], "--memory") == 0)
            set_memory(strtoul(argv[++i], NULL, 10) << 20);
        else if (strcmp(argv[i], "--write") == 0)
            write_to = argv[++i];
        else
            return 2;
    }
    if (argc < 2)
        return 2;
    int rc = run(argv[1], &o, sheet, count, write_to, &out);

    buf_free(&out);
    return rc;
}
