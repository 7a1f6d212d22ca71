/* sheet.h - spreadsheets as streams of rows: reads .csv, .xlsx and .xls, writes .csv and .xlsx.
 *
 * A reader's memory does not grow with its file, and a hostile file is refused with a reason.
 * What a file is shows from its content; its name is never asked.  One handle, one thread. */
#ifndef BERTH_SHEET_H
#define BERTH_SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

/* ---- Errors ------------------------------------------------------------------------------- */

/* Code, key for translations, English.  {row} {column} {limit} {detail} are filled in from the
 * error; a translation uses the same words. */
#define SHEET_ERRORS(X)                                                                            \
    X(OPEN, "open", "the file cannot be opened: {detail}")                                         \
    X(READ, "read", "the file cannot be read: {detail}")                                           \
    X(EMPTY, "empty", "the file is empty")                                                         \
    X(TYPE, "type", "this is not a spreadsheet (.xlsx, .xls or .csv)")                             \
    X(HTML, "html", "this is a web page named like a spreadsheet; open it and save it as .xlsx")   \
    X(OTHER, "other", "the file is of another kind ({detail}); save it as .xlsx")                  \
    X(ENCRYPTED, "encrypted", "the file is protected by a password; save it without")              \
    X(DAMAGED, "damaged", "the file is damaged: {detail}")                                         \
    X(DOCTYPE, "doctype",                                                                          \
      "the file declares a document type or entities, which no spreadsheet program writes")        \
    X(NO_SHEET, "no_sheet", "there is no such sheet in the file")                                  \
    X(ENCODING, "encoding", "row {row} is not text in {detail}; choose another encoding")          \
    X(CHARSET, "charset", "the encoding {detail} is not known")                                    \
    X(NUL, "nul", "row {row} holds a NUL byte; this is not a text file")                           \
    X(QUOTE, "quote", "a quote opened on line {line} is never closed")                             \
    X(FILE_SIZE, "file_size", "the file is larger than {limit} bytes")                             \
    X(UNPACKED, "unpacked", "the file unpacks to more than {limit} bytes")                         \
    X(RATIO, "ratio", "the file unpacks to more than {limit} times its size")                      \
    X(ENTRIES, "entries", "the file holds more than {limit} parts")                                \
    X(DEPTH, "depth", "the file is nested deeper than {limit} levels")                             \
    X(TOKEN, "token", "the file holds one piece of markup longer than {limit} bytes")              \
    X(SHEETS, "sheets", "the file holds more than {limit} sheets")                                 \
    X(STRINGS, "strings", "the file holds more than {limit} different texts")                      \
    X(STRING_BYTES, "string_bytes", "the texts in the file are larger than {limit} bytes")         \
    X(FORMATS, "formats", "the file holds more than {limit} cell formats")                         \
    X(ROWS, "rows", "the sheet has more than {limit} rows")                                        \
    X(COLUMNS, "columns", "row {row} has more than {limit} columns")                               \
    X(CELL, "cell", "the cell in row {row}, column {column} has more than {limit} characters")     \
    X(OPEN_CELL, "open_cell",                                                                      \
      "the quoted cell that opens on line {line}, column {column}, has "                           \
      "more than {limit} characters; is a closing quote missing?")                                 \
    X(ROW_BYTES, "row_bytes", "row {row} is larger than {limit} bytes")                            \
    X(TEMP, "temp", "there is no room for temporary data: {detail}")                               \
    X(WRITE, "write", "the file cannot be written: {detail}")

enum sheet_code {
    SHEET_OK,
#define SHEET_X(code, key, english) SHEET_E_##code,
    SHEET_ERRORS(SHEET_X)
#undef SHEET_X
};

struct sheet_error {
    enum sheet_code code;
    uint32_t sheet;  /* from 1; 0 unknown */
    uint32_t row;    /* as the sheet numbers them, from 1; 0 unknown */
    uint32_t column; /* from 1; 0 unknown */
    uint64_t line;   /* of a text file, from 1 */
    uint64_t limit;
    char detail[96]; /* English or a name out of the file; valid UTF-8 */
};

const char *sheet_error_key(enum sheet_code code);     /* "sheet.quote" */
const char *sheet_error_english(enum sheet_code code); /* with its {words} */
/* Writes the text with its {words} filled in; text NULL: English.  For keys pass a translation. */
void sheet_error_text(const struct sheet_error *e, const char *text, struct buf *out);

/* ---- Limits ------------------------------------------------------------------------------- */

/* Name, default, meaning.  Excel's own: 1,048,576 rows, 16,384 columns, 32,767 characters. */
#define SHEET_LIMITS(X)                                                                            \
    X(file_bytes, UINT64_C(1) << 30, "the file itself")                                            \
    X(unpacked_bytes, UINT64_C(2) << 30, "one part of an .xlsx, unpacked")                         \
    X(part_bytes, 64 << 20, "one part other than a sheet and the texts")                           \
    X(ratio, 250, "unpacked to packed, once a part is beyond 16 MB")                               \
    X(entries, 4096, "parts in an .xlsx")                                                          \
    X(depth, 64, "elements within elements")                                                       \
    X(token_bytes, 1 << 20, "one XML tag or comment")                                              \
    X(sheets, 256, "sheets in a workbook")                                                         \
    X(strings, 12000000, "different texts in a workbook")                                          \
    X(string_bytes, UINT64_C(512) << 20, "all different texts together")                           \
    X(string_memory, 8 << 20, "of these in memory; the rest goes to an unnamed temporary file")    \
    X(formats, 65536, "cell formats")                                                              \
    X(format_codes, 4096, "number formats of the workbook's own")                                  \
    X(rows, 2000000, "rows of one sheet")                                                          \
    X(columns, 1024, "columns that hold something")                                                \
    X(cell_chars, 32767, "characters in a cell")                                                   \
    X(row_bytes, 16 << 20, "text of one row")

struct sheet_limits {
#define SHEET_X(name, value, meaning) uint64_t name; /* meaning */
    SHEET_LIMITS(SHEET_X)
#undef SHEET_X
};

extern const struct sheet_limits sheet_limits_default;

/* ---- Reading ------------------------------------------------------------------------------ */

enum sheet_kind { SHEET_CSV, SHEET_XLSX, SHEET_XLS };

enum sheet_type {
    SHEET_EMPTY,
    SHEET_TEXT,
    SHEET_NUMBER,
    SHEET_DATE,
    SHEET_DATETIME,
    SHEET_TIME, /* a time of day or a duration */
    SHEET_BOOL,
    SHEET_ERROR /* #N/A and the like, or a formula without a stored result */
};

union sheet_value {
    double number;
    int64_t days; /* DATE: since 1970-01-01 */
    int64_t ms;   /* DATETIME: since 1970-01-01 00:00 on the writer's own clock, as a sheet has no
                     time zone; TIME: since midnight */
    bool yes;
};

struct sheet_cell {
    const char *text; /* as a person sees it in the sheet; UTF-8 closed by NUL, never NULL */
    uint32_t len;     /* bytes; no NUL among them */
    enum sheet_type type;
    union sheet_value v; /* as type says; CSV cells are all TEXT or EMPTY */
};

struct sheet_row {
    uint32_t number; /* as the sheet shows it, from 1; empty rows count and are not returned */
    uint32_t len;    /* up to the last cell that is not empty */
    const struct sheet_cell *cells;
};

struct sheet_options {
    const char *encoding;              /* of a text file; NULL: find out */
    char separator;                    /* of a text file; 0: find out */
    const struct sheet_limits *limits; /* NULL: the defaults */
    const char *temp_dir;              /* NULL: $TMPDIR or /tmp */
};

struct sheet_info {
    const char *name; /* "" for a text file */
    bool hidden;
    uint32_t rows, columns; /* as the file claims; 0 unknown */
};

struct sheet;

/* options may be NULL.  The file is read through one descriptor, so it may be unlinked or renamed
 * meanwhile.  0, or -1 with err filled and nothing to close. */
int sheet_open(const char *path, const struct sheet_options *options, struct sheet **out,
               struct sheet_error *err);
void sheet_close(struct sheet **s);

enum sheet_kind sheet_kind(const struct sheet *s);
size_t sheet_count(const struct sheet *s);
const struct sheet_info *sheet_info(const struct sheet *s, size_t n);
/* Text files: "UTF-8", "GB18030" ... and ',' ';' ... as found or as told; others: NULL and 0. */
const char *sheet_encoding(const struct sheet *s);
char sheet_separator(const struct sheet *s);

/* Goes to the start of a sheet.  Without it the first visible one is read. */
int sheet_select(struct sheet *s, size_t n, struct sheet_error *err);
/* 1: a row, valid until the next call; 0: the end; -1: an error, repeated by further calls. */
int sheet_next(struct sheet *s, struct sheet_row *row, struct sheet_error *err);
double sheet_progress(const struct sheet *s); /* of the selected sheet, 0 to 1, by bytes read */

/* The first rows of the selected sheet, copied; goes back to its start.  Count, or -1. */
int sheet_peek(struct sheet *s, struct arena *a, size_t max, struct sheet_row **rows_r,
               struct sheet_error *err);
/* Which of the first rows holds the column names: an index, or -1 when none looks like it. */
int sheet_header_guess(const struct sheet_row *rows, size_t n);
/* What a column is called by that row.  Where it says nothing, the row right above does, if that one names columns as well:
 * groups of columns stand above their names, and what is in no group spans both rows. */
const char *sheet_header_text(const struct sheet_row *rows, int header, uint32_t column);
/* 0 -> "A", 26 -> "AA" */
const char *sheet_column_name(uint32_t column, char out[8]);

/* ---- Writing ------------------------------------------------------------------------------ */

struct sheet_column {
    const char *title;
    enum sheet_type type; /* how the column is shown: DATE, DATETIME, NUMBER, else as text */
    const char *format;   /* such as "#,##0.00"; NULL: the type's own */
    double width;         /* in characters; 0: by the title */
};

struct sheet_writer;

/* Writes the titles as the first row (.xlsx: bold and frozen).  More rows than a sheet holds go on
 * in a further sheet.  0, or -1 with err filled and no file left. */
int sheet_write_open(const char *path, enum sheet_kind kind, const char *name,
                     const struct sheet_column *columns, size_t n, const char *temp_dir,
                     struct sheet_writer **out, struct sheet_error *err);
/* A cell counts by its type and v; TEXT and ERROR by text and len. */
int sheet_write_row(struct sheet_writer *w, const struct sheet_cell *cells, size_t n,
                    struct sheet_error *err);
/* Completes the file; -1 removes it.  Frees the writer either way. */
int sheet_write_close(struct sheet_writer **w, struct sheet_error *err);
/* Gives up: removes the file. */
void sheet_write_drop(struct sheet_writer **w);

#endif
