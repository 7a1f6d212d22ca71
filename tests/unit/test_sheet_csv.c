/* test_sheet_csv.c - text files as sheets: encodings, separators, quotes, limits. */
#include "sheet_test.h"

#include <string.h>

static void expect(const char *text, const char *expected)
{
    assert_reads_as(text, strlen(text), NULL, expected);
}

static void rows_are_numbered_as_a_sheet_shows_them(void **state)
{
    (void)state;
    expect("a,b\n1,2\n\n3,4\n", "1:a|b\n2:1|2\n4:3|4\n");
}

static void last_line_needs_no_newline(void **state)
{
    (void)state;
    expect("a,b\n1,2", "1:a|b\n2:1|2\n");
}

static void all_three_line_ends_are_read(void **state)
{
    (void)state;
    expect("a,b\r\n1,2\r\n", "1:a|b\n2:1|2\n");
    expect("a,b\r1,2\r", "1:a|b\n2:1|2\n");
    expect("a,b\r\n\r\n1,2", "1:a|b\n3:1|2\n");
}

static void trailing_empty_cells_are_cut(void **state)
{
    (void)state;
    expect("a,b,,\n,,,\n1,,3,\n", "1:a|b\n3:1||3\n");
}

static void quotes_follow_rfc_4180(void **state)
{
    (void)state;
    expect("a,\"b,c\"\n\"say \"\"hi\"\"\",\"\"\n\"two\nlines\",x\n",
           "1:a|b,c\n2:say \"hi\"\n3:two\nlines|x\n");
    expect("\"\"\"\",a\n", "1:\"|a\n");
}

static void quote_inside_a_plain_cell_is_text(void **state)
{
    (void)state;
    expect("5\" pipe,b\n", "1:5\" pipe|b\n");
}

static void text_behind_a_closing_quote_is_kept(void **state)
{
    (void)state;
    expect("\"a\"b,c\n\"a\" \"b\",c\n", "1:ab|c\n2:a \"b\"|c\n");
}

static void unterminated_quote_is_refused_with_its_line(void **state)
{
    (void)state;
    expect("a,b\n\"x\ny\",2\n1,\"open\nand on\n",
           "1:a|b\n2:x\ny|2\nerror: a quote opened on line 4 is never closed");
}

static void separators_are_found(void **state)
{
    (void)state;
    expect("a;b;c\n1,5;2;3\n", "1:a|b|c\n2:1,5|2|3\n");
    expect("a\tb\n1,2\t3\n", "1:a|b\n2:1,2|3\n");
    expect("a|b\n1|2\n", "1:a|b\n2:1|2\n");
    expect("name,note\n\"a;b;c\",x\n\"d;e;f\",y\n", "1:name|note\n2:a;b;c|x\n3:d;e;f|y\n");
    expect("only\none\n", "1:only\n2:one\n");
}

static void decimal_commas_do_not_outvote_the_semicolon(void **state)
{
    (void)state;
    expect("a;b;c\n1,5;2,5;3,5\n2,5;3,5;4,5\n", "1:a|b|c\n2:1,5|2,5|3,5\n3:2,5|3,5|4,5\n");
}

static void sep_line_is_obeyed_and_not_shown(void **state)
{
    (void)state;
    expect("sep=;\r\na,b;c\r\n", "1:a,b|c\n");
    expect("sep=|\na,a|b\n", "1:a,a|b\n");
    expect("separate,b\n1,2\n", "1:separate|b\n2:1|2\n");
}

static void told_separator_wins(void **state)
{
    struct sheet_options o = {.separator = ';'};

    (void)state;
    assert_reads_as("a,b\n1,2\n", 8, &o, "1:a,b\n2:1,2\n");
}

static void byte_order_mark_is_no_text(void **state)
{
    (void)state;
    expect("\xef\xbb\xbf"
           "a,b\n",
           "1:a|b\n");
}

static void utf16_is_read_in_both_orders(void **state)
{
    (void)state;
    assert_reads_as("\xff\xfe"
                    "a\0\t\0\x7f\x5e\n\0",
                    10, NULL, "1:a|广\n");
    assert_reads_as("\xfe\xff\0a\0\t\x5e\x7f\0\n", 10, NULL, "1:a|广\n");
}

static void gbk_and_big5_are_found(void **state)
{
    (void)state;
    expect(
        "\xb9\xab\xcb\xbe\xc3\xfb\xb3\xc6,\xc1\xaa\xcf\xb5\xb5\xe7\xbb\xb0\n\xb9\xe3\xd6\xdd\xbb"
        "\xf5\xd4\xcb\xb4\xfa\xc0\xed\xd3\xd0\xcf\xde\xb9\xab\xcb\xbe,\xcc\xec\xba\xd3\xc7\xf8\n",
        "1:公司名称|联系电话\n2:广州货运代理有限公司|天河区\n");
    expect("\xa4\xbd\xa5q\xa6W\xba\xd9,\xc1p\xb5\xb8\xb9q\xb8\xdc\n\xbbO\xc6W\xb0\xea\xbb\xda\xb3"
           "f\xb9"
           "B\xa9\xd3\xc5\xf3\xaa\xd1\xa5\xf7\xa6\xb3\xad\xad\xa4\xbd\xa5q,\xa5x\xa5_\xa5"
           "\xab\xa4\xa4\xa4s\xb0\xcf\n",
           "1:公司名稱|聯絡電話\n2:臺灣國際貨運承攬股份有限公司|台北市中山區\n");
}

static void encoding_is_found_behind_a_long_ascii_start(void **state)
{
    struct buf file = BUF_INIT;
    struct buf out = BUF_INIT;

    (void)state;
    for (int i = 0; i < 20000; i++)
        buf_addf(&file, "row %d,x\n", i);
    buf_puts(
        &file,
        "\xb9\xe3\xd6\xdd\xbb\xf5\xd4\xcb\xb4\xfa\xc0\xed\xd3\xd0\xcf\xde\xb9\xab\xcb\xbe,1\n");
    read_file(given_file(file.s, file.len), NULL, &out);
    drop_given();
    assert_non_null(strstr(out.s, "20001:广州货运代理有限公司|1\n"));
    buf_free(&file);
    buf_free(&out);
}

static void told_encoding_wins_and_may_be_wrong(void **state)
{
    struct sheet_options utf8 = {.encoding = "utf-8"}, gbk = {.encoding = "gbk"};
    struct sheet_options none = {.encoding = "klingon"};

    (void)state;
    assert_reads_as("a,b\n\xb9\xe3,1\n", 9, &gbk, "1:a|b\n2:广|1\n");
    assert_reads_as("a,b\n\xb9\xe3,1\n", 9, &utf8,
                    "1:a|b\nerror: row 2 is not text in utf-8; choose another encoding");
    assert_reads_as("a,b\n\xff\xff,1\n", 9, &gbk,
                    "1:a|b\nerror: row 2 is not text in gbk; choose another encoding");
    assert_reads_as("a,b\n", 4, &none, "error: the encoding klingon is not known");
}

static void nul_byte_is_refused(void **state)
{
    (void)state;
    assert_reads_as("a,b\nx\0y,1\n", 10, &(struct sheet_options){.encoding = "utf-8"},
                    "1:a|b\nerror: row 2 holds a NUL byte; this is not a text file");
    assert_reads_as("a,b\n\"x\0y\",1\n", 12, &(struct sheet_options){.encoding = "utf-8"},
                    "1:a|b\nerror: row 2 holds a NUL byte; this is not a text file");
}

static void guard_against_formulas_is_taken_off(void **state)
{
    (void)state;
    expect("'=1+1,'+86 1,'-1,'@x,'tis,'\n", "1:=1+1|+86 1|-1|@x|'tis|'\n");
}

static void limits_name_the_cell(void **state)
{
    struct sheet_limits limits = sheet_limits_default;
    struct sheet_options o = {.limits = &limits, .separator = ','};

    (void)state;
    limits.columns = 2;
    assert_reads_as("a,b\na,b,\na,b,c\n", 15, &o,
                    "1:a|b\n2:a|b\nerror: row 3 has more than 2 columns");
    limits = sheet_limits_default;
    limits.rows = 2;
    assert_reads_as("a\nb\nc\n", 6, &o, "1:a\n2:b\nerror: the sheet has more than 2 rows");
    limits = sheet_limits_default;
    limits.cell_chars = 3;
    assert_reads_as("广广广,x\nx,abcd\n", 18, &o,
                    "1:广广广|x\nerror: the cell in row 2, column B has more than 3 characters");
    limits = sheet_limits_default;
    limits.file_bytes = 3;
    assert_reads_as("a,b\n", 4, &o, "error: the file is larger than 3 bytes");
}

static void ten_megabyte_cells_are_refused(void **state)
{
    struct buf file = BUF_INIT;

    (void)state;
    buf_puts(&file, "a,b\n1,");
    memset(buf_room(&file, 10 << 20), 'x', 10 << 20);
    file.len += 10 << 20;
    assert_reads_as(file.s, file.len, NULL,
                    "1:a|b\nerror: the cell in row 2, column B has more than 32767 characters");
    file.s[6] = '"';
    assert_reads_as(file.s, file.len, NULL,
                    "1:a|b\nerror: the quoted cell that opens on line 2, column B, has more than "
                    "32767 characters; is a closing quote missing?");
    buf_free(&file);
}

static void rows_across_reads_stay_whole(void **state)
{
    struct buf file = BUF_INIT, expected = BUF_INIT;

    (void)state;
    for (int i = 1; i < 30000; i++) { /* several times what is read at once, cut anywhere */
        buf_addf(&file, "\"n\"\"%d\",广州%0*d,\"a\r\nb\"\r\n", i, i % 17, i);
        buf_addf(&expected, "%d:n\"%d|广州%0*d|a\r\nb\n", i, i, i % 17, i);
    }
    assert_reads_as(file.s, file.len, NULL, expected.s);
    buf_free(&file);
    buf_free(&expected);
}

static void selecting_again_starts_again(void **state)
{
    struct sheet_error err;
    struct sheet_row row;
    struct sheet *s;

    (void)state;
    assert_int_equal(sheet_open(given_file("sep=;\na;b\nc;d\n", 14), NULL, &s, &err), 0);
    drop_given();
    for (int i = 0; i < 2; i++) {
        assert_int_equal(sheet_select(s, 0, &err), 0);
        assert_int_equal(sheet_next(s, &row, &err), 1);
        assert_string_equal(row.cells[1].text, "b");
        assert_int_equal(sheet_next(s, &row, &err), 1);
        assert_int_equal(sheet_next(s, &row, &err), 0);
        assert_int_equal(sheet_next(s, &row, &err), 0);
        assert_true(sheet_progress(s) == 1);
    }
    assert_int_equal(sheet_select(s, 1, &err), -1);
    assert_int_equal(err.code, SHEET_E_NO_SHEET);
    sheet_close(&s);
}

static void errors_repeat(void **state)
{
    struct sheet_error err;
    struct sheet_row row;
    struct sheet *s;

    (void)state;
    assert_int_equal(sheet_open(given_file("a,\"b", 4), NULL, &s, &err), 0);
    drop_given();
    for (int i = 0; i < 3; i++) {
        err.code = SHEET_OK;
        assert_int_equal(sheet_next(s, &row, &err), -1);
        assert_int_equal(err.code, SHEET_E_QUOTE);
        assert_int_equal(err.line, 1);
        assert_int_equal(err.sheet, 1);
    }
    sheet_close(&s);
}

static void impostors_are_named(void **state)
{
    (void)state;
    expect("", "error: the file is empty");
    expect("<html><table>", "error: this is a web page named like a spreadsheet; open it and "
                            "save it as .xlsx");
    expect("  <!DOCTYPE HTML>", "error: this is a web page named like a spreadsheet; open it and "
                                "save it as .xlsx");
    expect("%PDF-1.4", "error: the file is of another kind (PDF); save it as .xlsx");
}

static void folders_and_missing_files_are_refused(void **state)
{
    struct buf out = BUF_INIT;

    (void)state;
    read_file("/tmp", NULL, &out);
    assert_string_equal(out.s, "error: the file cannot be opened: not a regular file");
    buf_clear(&out);
    read_file("/nowhere/at/all.csv", NULL, &out);
    assert_string_equal(out.s, "error: the file cannot be opened: No such file or directory");
    buf_free(&out);
}

static void translated_errors_keep_their_values(void **state)
{
    struct sheet_error e = {.code = SHEET_E_CELL, .row = 7, .column = 28, .limit = 5};
    struct buf out = BUF_INIT;

    (void)state;
    sheet_error_text(&e, "第 {row} 行 {column} 列超过 {limit} 个字符 {x}", &out);
    assert_string_equal(out.s, "第 7 行 AB 列超过 5 个字符 {x}");
    assert_string_equal(sheet_error_key(e.code), "sheet.cell");
    buf_free(&out);
}

static int guess(const char *text)
{
    struct arena *a = arena_new();
    struct sheet_error err;
    struct sheet_row *rows;
    struct sheet *s;

    assert_int_equal(sheet_open(given_file(text, strlen(text)), NULL, &s, &err), 0);
    drop_given();
    int n = sheet_peek(s, a, 20, &rows, &err);

    assert_true(n >= 0);
    int found = sheet_header_guess(rows, (size_t)n);

    sheet_close(&s);
    arena_free(&a);
    return found;
}

static void header_is_found_below_titles(void **state)
{
    (void)state;
    assert_int_equal(guess("Company,Phone,City\nA Ltd,+86 138 0013 8000,GZ\n"), 0);
    assert_int_equal(
        guess("客户名单\n\n导出时间：2026-11-22,\n公司,电话,城市,邮箱\nA,13800138000,x,a@b.cn\n"
              "B,13800138001,x,b@b.cn\nC,13800138002,x,c@b.cn\n"),
        2);
    assert_int_equal(guess("name\nA Ltd\nB Ltd\n"), 0);
    assert_int_equal(guess("导出时间,2026-11-22 10:00\n公司,电话\nA,13800138000\nB,13800138001\n"),
                     1);
    assert_int_equal(guess("A Ltd,13800138000\nB Ltd,13800138001\nC Ltd,\nD Ltd,13800138002\n"),
                     -1);
    assert_int_equal(guess("A Ltd,13800138000,a@b.cn\nB Ltd,13800138001,b@b.cn\n"), -1);
}

static void columns_have_letters(void **state)
{
    char name[8];

    (void)state;
    assert_string_equal(sheet_column_name(0, name), "A");
    assert_string_equal(sheet_column_name(25, name), "Z");
    assert_string_equal(sheet_column_name(26, name), "AA");
    assert_string_equal(sheet_column_name(16383, name), "XFD");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_numbered_as_a_sheet_shows_them),
        cmocka_unit_test(last_line_needs_no_newline),
        cmocka_unit_test(all_three_line_ends_are_read),
        cmocka_unit_test(trailing_empty_cells_are_cut),
        cmocka_unit_test(quotes_follow_rfc_4180),
        cmocka_unit_test(quote_inside_a_plain_cell_is_text),
        cmocka_unit_test(text_behind_a_closing_quote_is_kept),
        cmocka_unit_test(unterminated_quote_is_refused_with_its_line),
        cmocka_unit_test(separators_are_found),
        cmocka_unit_test(decimal_commas_do_not_outvote_the_semicolon),
        cmocka_unit_test(sep_line_is_obeyed_and_not_shown),
        cmocka_unit_test(told_separator_wins),
        cmocka_unit_test(byte_order_mark_is_no_text),
        cmocka_unit_test(utf16_is_read_in_both_orders),
        cmocka_unit_test(gbk_and_big5_are_found),
        cmocka_unit_test(encoding_is_found_behind_a_long_ascii_start),
        cmocka_unit_test(told_encoding_wins_and_may_be_wrong),
        cmocka_unit_test(nul_byte_is_refused),
        cmocka_unit_test(guard_against_formulas_is_taken_off),
        cmocka_unit_test(limits_name_the_cell),
        cmocka_unit_test(ten_megabyte_cells_are_refused),
        cmocka_unit_test(rows_across_reads_stay_whole),
        cmocka_unit_test(selecting_again_starts_again),
        cmocka_unit_test(errors_repeat),
        cmocka_unit_test(impostors_are_named),
        cmocka_unit_test(folders_and_missing_files_are_refused),
        cmocka_unit_test(translated_errors_keep_their_values),
        cmocka_unit_test(header_is_found_below_titles),
        cmocka_unit_test(columns_have_letters),
    };

    return cmocka_run_group_tests_name("sheet_csv", tests, NULL, NULL);
}
