/* write.c - writes .csv and .xlsx, row by row in constant memory.
 *
 * .csv is UTF-8 with a byte order mark and CRLF, which is what Excel opens rightly.  A cell that
 * Excel would take for a formula gets an apostrophe in front (see sheet/guard.h); in .xlsx a text
 * is a text, so none is needed there. */
#include "sheet/reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include "base/when.h"
#include "sheet/escape.h"
#include "sheet/guard.h"
#include "sheet/numfmt.h"
#include "text/valid.h"

enum { SHEET_ROWS = 1048576, CELL_CHARS = 32767, SHEET_NAME_CHARS = 31 };

struct sheet_writer {
    enum sheet_kind kind;
    char *path;
    struct sheet_column *columns;
    size_t n;
    struct buf line; /* CSV: the row; .xlsx: the text of the cell, as Excel escapes it */
    FILE *file;      /* CSV */
    lxw_workbook *book;
    lxw_worksheet *sheet;
    lxw_format *bold, **formats; /* of the columns; NULL plain */
    char *name, *temp_dir;
    unsigned sheets;
    lxw_row_t row;
};

static int fail_write(struct sheet_error *err, const char *why)
{
    return sheet_fail(err, SHEET_E_WRITE, why);
}

/* ---- CSV ----------------------------------------------------------------------------------- */

static void csv_text(struct buf *line, const char *s, size_t len)
{
    bool guard = guard_needed(s, len);
    bool quote = len > 0 && (s[0] == ' ' || s[len - 1] == ' ');

    for (size_t i = 0; i < len && !quote; i++)
        quote = s[i] == '"' || s[i] == ',' || s[i] == '\n' || s[i] == '\r' || s[i] == '\t';
    if (quote)
        buf_putc(line, '"');
    if (guard)
        buf_putc(line, '\'');
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '"')
            buf_putc(line, '"');
        if (s[i] != '\0')
            buf_putc(line, s[i]);
    }
    if (quote)
        buf_putc(line, '"');
}

static int64_t day_of(int64_t ms)
{
    return ms >= 0 ? ms / WHEN_DAY : -((-ms + WHEN_DAY - 1) / WHEN_DAY);
}

static void csv_moment(struct buf *line, int64_t ms, bool day)
{
    int64_t days = day_of(ms), s = day ? (ms - days * WHEN_DAY) / 1000 : ms / 1000;
    char date[WHEN_DATE_MAX];

    when_date_format(days, date);
    buf_addf(line, "%s%s%02d:%02d:%02d", day ? date : "", day ? " " : "", (int)(s / 3600),
             (int)(s / 60 % 60), (int)(s % 60));
}

static void text_cell(struct buf *line, const struct sheet_cell *c)
{
    char date[WHEN_DATE_MAX];

    switch (c->type) {
    case SHEET_EMPTY:
        return;
    case SHEET_TEXT:
    case SHEET_ERROR:
        csv_text(line, c->text, c->len);
        return;
    case SHEET_NUMBER:
        numfmt_general(c->v.number, line);
        return;
    case SHEET_DATE:
        when_date_format(c->v.days, date);
        buf_puts(line, date);
        return;
    case SHEET_DATETIME:
    case SHEET_TIME:
        csv_moment(line, c->v.ms, c->type == SHEET_DATETIME);
        return;
    case SHEET_BOOL:
        buf_puts(line, c->v.yes ? "TRUE" : "FALSE");
        return;
    }
}

static int csv_line(struct sheet_writer *w, struct sheet_error *err)
{
    buf_puts(&w->line, "\r\n");
    size_t n = fwrite(w->line.s, 1, w->line.len, w->file);
    bool whole = n == w->line.len;

    buf_clear(&w->line);
    return whole ? 0 : fail_write(err, strerror(errno));
}

static int csv_row(struct sheet_writer *w, const struct sheet_cell *cells, size_t n,
                   struct sheet_error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_putc(&w->line, ',');
        text_cell(&w->line, &cells[i]);
    }
    return csv_line(w, err);
}

static int csv_start(struct sheet_writer *w, struct sheet_error *err)
{
    buf_puts(&w->line, "\xef\xbb\xbf");
    for (size_t i = 0; i < w->n; i++) {
        if (i > 0)
            buf_putc(&w->line, ',');
        csv_text(&w->line, w->columns[i].title, strlen(w->columns[i].title));
    }
    return csv_line(w, err);
}

/* ---- XLSX ---------------------------------------------------------------------------------- */

static int fail_lxw(struct sheet_error *err, lxw_error code)
{
    return fail_write(err, lxw_strerror(code));
}

static const char *default_format(enum sheet_type type)
{
    switch (type) {
    case SHEET_DATE:
        return "yyyy-mm-dd";
    case SHEET_DATETIME:
        return "yyyy-mm-dd hh:mm:ss";
    case SHEET_TIME:
        return "[hh]:mm:ss";
    default:
        return NULL;
    }
}

/* Characters that XML cannot hold go as _x0001_, and a text that looks like that is escaped. */
static const char *xlsx_text(struct buf *out, const char *s, size_t len)
{
    buf_clear(out);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];

        if (c == '\0')
            continue;
        if ((c < 0x20 && c != '\t' && c != '\n') || escape_code(s + i, len - i) >= 0)
            buf_addf(out, "_x%04X_", c);
        else
            buf_putc(out, (char)c);
    }
    return buf_str(out);
}

/* Chinese characters are as wide as two letters. */
static double title_width(const char *title)
{
    size_t wide = 0, chars = text_count(title, strlen(title));

    for (const char *p = title; *p != '\0'; p++)
        wide += (unsigned char)*p >= 0xe3;
    return (double)(chars + wide < 8 ? 10 : chars + wide > 58 ? 60 : chars + wide + 2);
}

/* A further sheet: "Leads", "Leads 2", ... */
static int xlsx_sheet(struct sheet_writer *w, struct sheet_error *err)
{
    char name[SHEET_NAME_CHARS * 4 + 16];

    if (++w->sheets == 1)
        snprintf(name, sizeof(name), "%s", w->name);
    else
        snprintf(name, sizeof(name), "%s %u", w->name, w->sheets);
    bool valid = workbook_validate_sheet_name(w->book, name) == LXW_NO_ERROR;

    w->sheet = workbook_add_worksheet(w->book, valid ? name : NULL);
    if (w->sheet == NULL)
        return fail_write(err, "no further sheet can be added");
    worksheet_freeze_panes(w->sheet, 1, 0);
    for (size_t i = 0; i < w->n; i++) {
        const struct sheet_column *c = &w->columns[i];
        double width = c->width > 0 ? c->width : title_width(c->title);

        if (c->width <= 0 && (c->type == SHEET_DATE || c->type == SHEET_DATETIME))
            width = width < 20 ? (c->type == SHEET_DATE ? 12 : 20) : width;
        worksheet_set_column(w->sheet, (lxw_col_t)i, (lxw_col_t)i, width, w->formats[i]);
        worksheet_write_string(w->sheet, 0, (lxw_col_t)i,
                               xlsx_text(&w->line, c->title, strlen(c->title)), w->bold);
    }
    w->row = 1;
    return 0;
}

/* A date, or a text where it is before 1900, which Excel does not know. */
static lxw_error xlsx_moment(struct sheet_writer *w, lxw_col_t column, const struct sheet_cell *c,
                             lxw_format *f)
{
    int64_t days = c->type == SHEET_DATE ? c->v.days : day_of(c->v.ms);
    int64_t ms = c->type == SHEET_DATE ? 0 : c->v.ms - days * WHEN_DAY, serial = days + 25569;

    if (serial < 61) /* Excel counts a 29 February 1900 that never was */
        serial--;
    if (serial >= 1)
        return worksheet_write_number(w->sheet, w->row, column,
                                      (double)serial + (double)ms / (double)WHEN_DAY, f);
    buf_clear(&w->line);
    text_cell(&w->line, c);
    return worksheet_write_string(w->sheet, w->row, column, w->line.s, f);
}

static lxw_error xlsx_cell(struct sheet_writer *w, lxw_col_t column, const struct sheet_cell *c)
{
    lxw_format *f = column < w->n ? w->formats[column] : NULL;

    switch (c->type) {
    case SHEET_EMPTY:
        return LXW_NO_ERROR;
    case SHEET_TEXT:
    case SHEET_ERROR:
        return c->len == 0 ? LXW_NO_ERROR
                           : worksheet_write_string(w->sheet, w->row, column,
                                                    xlsx_text(&w->line, c->text, c->len), f);
    case SHEET_NUMBER:
        return worksheet_write_number(w->sheet, w->row, column, c->v.number, f);
    case SHEET_DATE:
    case SHEET_DATETIME:
        return xlsx_moment(w, column, c, f);
    case SHEET_TIME:
        return worksheet_write_number(w->sheet, w->row, column, (double)c->v.ms / (double)WHEN_DAY,
                                      f);
    case SHEET_BOOL:
        return worksheet_write_boolean(w->sheet, w->row, column, c->v.yes, f);
    }
    return LXW_NO_ERROR;
}

static int xlsx_row(struct sheet_writer *w, const struct sheet_cell *cells, size_t n,
                    struct sheet_error *err)
{
    if (w->row == SHEET_ROWS && xlsx_sheet(w, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (cells[i].len > CELL_CHARS && text_count(cells[i].text, cells[i].len) > CELL_CHARS &&
            cells[i].type == SHEET_TEXT)
            return sheet_fail_cell(err, SHEET_E_CELL, w->row + 1, (uint32_t)i, CELL_CHARS);
        lxw_error code = xlsx_cell(w, (lxw_col_t)i, &cells[i]);

        if (code != LXW_NO_ERROR)
            return fail_lxw(err, code);
    }
    w->row++;
    return 0;
}

static int xlsx_start(struct sheet_writer *w, struct sheet_error *err)
{
    lxw_workbook_options options = {.constant_memory = LXW_TRUE, .tmpdir = w->temp_dir};

    fclose(w->file); /* the library opens it again at the end */
    w->file = NULL;
    w->book = workbook_new_opt(w->path, &options);
    if (w->book == NULL)
        return fail_write(err, "no workbook can be made");
    w->bold = workbook_add_format(w->book);
    format_set_bold(w->bold);
    w->formats = mem_alloc(w->n * sizeof(*w->formats));
    for (size_t i = 0; i < w->n; i++) {
        const char *format = w->columns[i].format;

        if (format == NULL)
            format = default_format(w->columns[i].type);
        if (format == NULL)
            continue;
        w->formats[i] = workbook_add_format(w->book);
        format_set_num_format(w->formats[i], format);
    }
    return xlsx_sheet(w, err);
}

/* ---- Both ---------------------------------------------------------------------------------- */

/* Excel takes 31 characters and none of []:*?/\ in the name of a sheet. */
static char *sheet_name(const char *wanted)
{
    char *name = mem_strdup(wanted != NULL && *wanted != '\0' ? wanted : "Sheet1");
    size_t chars = 0;

    for (char *p = name; *p != '\0'; p++) {
        chars += ((unsigned char)*p & 0xc0) != 0x80;
        if (chars > SHEET_NAME_CHARS - 4) { /* room for " 12" */
            *p = '\0';
            break;
        }
        if (strchr("[]:*?/\\'", *p) != NULL)
            *p = ' ';
    }
    return name;
}

/* A device that someone writes to stays. */
static void remove_file(const char *path)
{
    struct stat st;

    if (lstat(path, &st) == 0 && S_ISREG(st.st_mode))
        unlink(path);
}

static void writer_free(struct sheet_writer **w)
{
    for (size_t i = 0; i < (*w)->n; i++) {
        free((char *)(*w)->columns[i].title);
        free((char *)(*w)->columns[i].format);
    }
    free((*w)->columns);
    free((*w)->formats);
    free((*w)->path);
    free((*w)->name);
    free((*w)->temp_dir);
    buf_free(&(*w)->line);
    free(*w);
    *w = NULL;
}

int sheet_write_open(const char *path, enum sheet_kind kind, const char *name,
                     const struct sheet_column *columns, size_t n, const char *temp_dir,
                     struct sheet_writer **out, struct sheet_error *err)
{
    struct sheet_writer *w = mem_alloc(sizeof(*w));

    w->kind = kind;
    w->path = mem_strdup(path);
    w->name = sheet_name(name);
    w->temp_dir = temp_dir != NULL ? mem_strdup(temp_dir) : NULL;
    w->columns = mem_alloc(n * sizeof(*w->columns));
    w->n = n;
    for (size_t i = 0; i < n; i++) {
        w->columns[i] = columns[i];
        w->columns[i].title = mem_strdup(columns[i].title);
        w->columns[i].format = columns[i].format != NULL ? mem_strdup(columns[i].format) : NULL;
    }
    w->file = fopen(path, "wbe");
    if (w->file == NULL) {
        fail_write(err, strerror(errno));
        writer_free(&w);
        return -1;
    }
    if ((kind == SHEET_CSV ? csv_start : xlsx_start)(w, err) < 0) {
        sheet_write_drop(&w);
        return -1;
    }
    *out = w;
    return 0;
}

int sheet_write_row(struct sheet_writer *w, const struct sheet_cell *cells, size_t n,
                    struct sheet_error *err)
{
    return (w->kind == SHEET_CSV ? csv_row : xlsx_row)(w, cells, n, err);
}

int sheet_write_close(struct sheet_writer **w, struct sheet_error *err)
{
    int rc = 0;

    if ((*w)->kind == SHEET_CSV) {
        bool bad = ferror((*w)->file) != 0;

        if (fclose((*w)->file) != 0 || bad)
            rc = fail_write(err, strerror(errno));
    } else {
        lxw_error code = workbook_close((*w)->book);

        if (code != LXW_NO_ERROR)
            rc = fail_lxw(err, code);
    }
    if (rc < 0)
        remove_file((*w)->path);
    writer_free(w);
    return rc;
}

void sheet_write_drop(struct sheet_writer **w)
{
    if (*w == NULL)
        return;
    if ((*w)->file != NULL)
        fclose((*w)->file);
    if ((*w)->book != NULL)
        lxw_workbook_free((*w)->book);
    remove_file((*w)->path);
    writer_free(w);
}
