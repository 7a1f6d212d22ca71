/* sheet_test.h - what the sheet tests share: files in a folder of their own, rows as text. */
#ifndef SHEET_TEST_H
#define SHEET_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sheet/sheet.h"

static char given_path[64];

/* A file with these bytes; the last one given is removed by drop_given(). */
static inline const char *given_file(const void *bytes, size_t len)
{
    snprintf(given_path, sizeof(given_path), "/tmp/berth-test-sheet-XXXXXX");
    int fd = mkstemp(given_path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    close(fd);
    return given_path;
}

static inline void drop_given(void)
{
    unlink(given_path);
}

/* Appends every row as "1:a|b|c\n", or what went wrong as "error: ...". */
static inline void read_rows(struct sheet *s, struct buf *out)
{
    struct sheet_error err = {0};
    struct sheet_row row;
    int rc;

    while ((rc = sheet_next(s, &row, &err)) > 0) {
        buf_addf(out, "%u:", row.number);
        for (uint32_t i = 0; i < row.len; i++) {
            assert_int_equal(strlen(row.cells[i].text), row.cells[i].len);
            buf_addf(out, "%s%s", i > 0 ? "|" : "", row.cells[i].text);
        }
        buf_putc(out, '\n');
    }
    if (rc < 0) {
        buf_puts(out, "error: ");
        sheet_error_text(&err, NULL, out);
    }
}

static inline void read_file(const char *path, const struct sheet_options *o, struct buf *out)
{
    struct sheet_error err = {0};
    struct sheet *s;

    if (sheet_open(path, o, &s, &err) < 0) {
        buf_puts(out, "error: ");
        sheet_error_text(&err, NULL, out);
        return;
    }
    read_rows(s, out);
    sheet_close(&s);
}

static inline void assert_reads_as(const void *bytes, size_t len, const struct sheet_options *o,
                                   const char *expected)
{
    struct buf out = BUF_INIT;

    read_file(given_file(bytes, len), o, &out);
    drop_given();
    assert_string_equal(buf_str(&out), expected);
    buf_free(&out);
}

#endif
