/* test_sheet_write.c - what is written is what is read again, and no cell becomes a formula. */
#include "sheet_test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/when.h"
#include "sheet/guard.h"

static const struct sheet_column columns[] = {
    {.title = "公司, Ltd", .type = SHEET_TEXT},
    {.title = "Amount", .type = SHEET_NUMBER, .format = "#,##0.00"},
    {.title = "Date", .type = SHEET_DATE},
    {.title = "At", .type = SHEET_DATETIME},
    {.title = "Yes", .type = SHEET_BOOL},
};

static struct sheet_cell text(const char *s)
{
    return (struct sheet_cell){.text = s, .len = (uint32_t)strlen(s), .type = SHEET_TEXT};
}

static const char *target(enum sheet_kind kind)
{
    snprintf(given_path, sizeof(given_path), "/tmp/berth-test-sheet-%d.%s", (int)getpid(),
             kind == SHEET_CSV ? "csv" : "xlsx");
    unlink(given_path);
    return given_path;
}

/* One column of texts, written and read again. */
static void assert_same_again(enum sheet_kind kind, const char *const *texts, size_t n)
{
    const struct sheet_column one = {.title = "t", .type = SHEET_TEXT};
    struct sheet_error err = {0};
    struct sheet_writer *w;
    struct sheet_row row;
    struct sheet *s;

    assert_int_equal(sheet_write_open(target(kind), kind, NULL, &one, 1, NULL, &w, &err), 0);
    for (size_t i = 0; i < n; i++) {
        struct sheet_cell c = text(texts[i]);

        assert_int_equal(sheet_write_row(w, &c, 1, &err), 0);
    }
    assert_int_equal(sheet_write_close(&w, &err), 0);
    assert_int_equal(sheet_open(given_path, &(struct sheet_options){.separator = ','}, &s, &err),
                     0);
    drop_given();
    assert_int_equal(sheet_next(s, &row, &err), 1);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(sheet_next(s, &row, &err), 1);
        assert_string_equal(row.cells[0].text, texts[i]);
    }
    assert_int_equal(sheet_next(s, &row, &err), 0);
    sheet_close(&s);
}

static const char *const odd[] = {
    "plain",
    "广州货代有限公司",
    "a,b",
    "say \"hi\"",
    "two\nlines",
    " padded ",
    "=1+1",
    "+86 138 0013 8000",
    "-cmd|' /C calc'!A0",
    "@SUM(A1)",
    "\ttab",
    "'quoted'",
    "'=1+1",
    "''-x",
    "+1+2",
    "-12.5",
    "_x000D_",
    "<b>&amp;</b>",
    "a_x",
    "\x01\x02 control",
    "cr\r\nlf",
    "00123",
    "1.38E+10",
    "𠮷野家",
};

static void every_text_comes_back_from_csv(void **state)
{
    (void)state;
    assert_same_again(SHEET_CSV, odd, sizeof(odd) / sizeof(*odd));
}

static void every_text_comes_back_from_xlsx(void **state)
{
    (void)state;
    assert_same_again(SHEET_XLSX, odd, sizeof(odd) / sizeof(*odd));
}

static void formulas_are_guarded_numbers_and_phones_are_not(void **state)
{
    static const char *const guarded[] = {
        "=1",  "@x",           "\t=1", "\r", "+a",
        "-A1", "+1+1",         "-",    "+",  "-2+3+cmd|' /C calc'!A0",
        "'=1", "+86 138 ext 4"};
    static const char *const free_[] = {"",    "a",    "-1",        "-1.5", "+86 138-0013 (8000)",
                                        "1=1", "'tis", "+49/30/123"};

    (void)state;
    for (size_t i = 0; i < sizeof(guarded) / sizeof(*guarded); i++)
        assert_true(guard_needed(guarded[i], strlen(guarded[i])));
    for (size_t i = 0; i < sizeof(free_) / sizeof(*free_); i++)
        assert_false(guard_needed(free_[i], strlen(free_[i])));
}

static void write_typed(enum sheet_kind kind)
{
    struct sheet_error err = {0};
    struct sheet_writer *w;
    struct sheet_cell row[] = {
        text("=HYPERLINK(\"http://x\")"),
        {.type = SHEET_NUMBER, .v.number = 1234.5, .text = ""},
        {.type = SHEET_DATE, .v.days = when_days(2026, 11, 22), .text = ""},
        {.type = SHEET_DATETIME, .v.ms = when_days(2026, 11, 22) * WHEN_DAY + 30605000, .text = ""},
        {.type = SHEET_BOOL, .v.yes = true, .text = ""},
    };
    struct sheet_cell old[] = {
        {.type = SHEET_EMPTY, .text = ""},
        {.type = SHEET_NUMBER, .v.number = 13800138000, .text = ""},
        {.type = SHEET_DATE, .v.days = when_days(1899, 12, 30), .text = ""},
        {.type = SHEET_DATETIME, .v.ms = when_days(1969, 12, 31) * WHEN_DAY + 1000, .text = ""},
    };

    assert_int_equal(sheet_write_open(target(kind), kind, "Leads [1]", columns, 5, NULL, &w, &err),
                     0);
    assert_int_equal(sheet_write_row(w, row, 5, &err), 0);
    assert_int_equal(sheet_write_row(w, old, 4, &err), 0);
    assert_int_equal(sheet_write_close(&w, &err), 0);
    assert_null(w);
}

static void typed_cells_in_csv(void **state)
{
    struct buf out = BUF_INIT;
    char raw[512] = "";
    int fd;

    (void)state;
    write_typed(SHEET_CSV);
    fd = open(given_path, O_RDONLY);
    assert_true(read(fd, raw, sizeof(raw) - 1) > 0);
    close(fd);
    assert_string_equal(raw, "\xef\xbb\xbf\"公司, Ltd\",Amount,Date,At,Yes\r\n"
                             "\"'=HYPERLINK(\"\"http://x\"\")\",1234.5,2026-11-22,"
                             "2026-11-22 08:30:05,TRUE\r\n"
                             ",13800138000,1899-12-30,1969-12-31 00:00:01\r\n");
    read_file(given_path, NULL, &out);
    drop_given();
    assert_string_equal(out.s,
                        "1:公司, Ltd|Amount|Date|At|Yes\n"
                        "2:=HYPERLINK(\"http://x\")|1234.5|2026-11-22|2026-11-22 08:30:05|TRUE\n"
                        "3:|13800138000|1899-12-30|1969-12-31 00:00:01\n");
    buf_free(&out);
}

static void typed_cells_in_xlsx(void **state)
{
    struct sheet_error err = {0};
    struct sheet_row row;
    struct sheet *s;

    (void)state;
    write_typed(SHEET_XLSX);
    assert_int_equal(sheet_open(given_path, NULL, &s, &err), 0);
    drop_given();
    assert_string_equal(sheet_info(s, 0)->name, "Leads  1 ");
    assert_int_equal(sheet_next(s, &row, &err), 1);
    assert_string_equal(row.cells[0].text, "公司, Ltd");
    assert_int_equal(sheet_next(s, &row, &err), 1);
    assert_string_equal(row.cells[0].text, "=HYPERLINK(\"http://x\")");
    assert_int_equal(row.cells[0].type, SHEET_TEXT);
    assert_string_equal(row.cells[1].text, "1,234.50");
    assert_int_equal(row.cells[2].type, SHEET_DATE);
    assert_int_equal(row.cells[2].v.days, when_days(2026, 11, 22));
    assert_string_equal(row.cells[2].text, "2026-11-22");
    assert_int_equal(row.cells[3].type, SHEET_DATETIME);
    assert_int_equal(row.cells[3].v.ms, when_days(2026, 11, 22) * WHEN_DAY + 30605000);
    assert_string_equal(row.cells[3].text, "2026-11-22 08:30:05");
    assert_int_equal(row.cells[4].type, SHEET_BOOL);
    assert_int_equal(sheet_next(s, &row, &err), 1);
    assert_string_equal(row.cells[1].text, "13,800,138,000.00");
    assert_string_equal(row.cells[2].text, "1899-12-30");
    assert_int_equal(row.cells[2].type, SHEET_TEXT);
    assert_int_equal(row.cells[3].v.ms, when_days(1969, 12, 31) * WHEN_DAY + 1000);
    sheet_close(&s);
}

static void too_long_a_text_is_refused(void **state)
{
    struct sheet_error err = {0};
    struct sheet_writer *w;
    struct buf b = BUF_INIT;

    (void)state;
    memset(buf_room(&b, 32768), 'x', 32768);
    b.len = 32768;
    b.s[b.len] = '\0';
    struct sheet_cell c = text(b.s);

    assert_int_equal(
        sheet_write_open(target(SHEET_XLSX), SHEET_XLSX, NULL, columns, 5, NULL, &w, &err), 0);
    assert_int_equal(sheet_write_row(w, &c, 1, &err), -1);
    assert_int_equal(err.code, SHEET_E_CELL);
    sheet_write_drop(&w);
    assert_int_equal(access(given_path, F_OK), -1);
    buf_free(&b);
}

static void a_full_disk_is_an_error_and_devices_stay(void **state)
{
    struct sheet_error err = {0};
    struct sheet_writer *w;
    struct sheet_cell c = text("some text");
    int rc = 0;

    (void)state;
    assert_int_equal(sheet_write_open("/dev/full", SHEET_CSV, NULL, columns, 5, NULL, &w, &err), 0);
    for (int i = 0; i < 10000 && rc == 0; i++)
        rc = sheet_write_row(w, &c, 1, &err);
    assert_int_equal(rc, -1);
    assert_int_equal(err.code, SHEET_E_WRITE);
    sheet_write_drop(&w);
    assert_int_equal(access("/dev/full", F_OK), 0);
    assert_int_equal(
        sheet_write_open("/nowhere/x.csv", SHEET_CSV, NULL, columns, 5, NULL, &w, &err), -1);
    assert_int_equal(err.code, SHEET_E_WRITE);
    assert_int_equal(
        sheet_write_open("/nowhere/x.xlsx", SHEET_XLSX, NULL, columns, 5, NULL, &w, &err), -1);
    assert_int_equal(err.code, SHEET_E_WRITE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_text_comes_back_from_csv),
        cmocka_unit_test(every_text_comes_back_from_xlsx),
        cmocka_unit_test(formulas_are_guarded_numbers_and_phones_are_not),
        cmocka_unit_test(typed_cells_in_csv),
        cmocka_unit_test(typed_cells_in_xlsx),
        cmocka_unit_test(too_long_a_text_is_refused),
        cmocka_unit_test(a_full_disk_is_an_error_and_devices_stay),
    };

    return cmocka_run_group_tests_name("sheet_write", tests, NULL, NULL);
}
