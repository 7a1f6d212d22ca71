"""The sheet layer against files of other programs, against hostile files, and its own files against
other programs.  Everything runs through sheet_dump, so a crash or a leak is an exit code."""
import csv
import datetime
import json
import os
import pathlib
import re
import shutil
import subprocess

import openpyxl
import pytest

import hostile

DUMP = pathlib.Path(os.environ.get("BERTH_BUILD", "build")) / "tests/sheet/sheet_dump"
EPOCH = datetime.date(1970, 1, 1)


def dump(path, *options, temp=None):
    """(head, rows, error) of a file; rows are {number: [[text, type, value], ...]}."""
    env = {**os.environ, **({"TMPDIR": str(temp)} if temp else {})}
    run = subprocess.run([DUMP, path, *options], capture_output=True, timeout=60, env=env)
    assert run.returncode == 0, (run.returncode, run.stderr.decode()[-3000:])
    head, rows, error = None, {}, None
    for line in map(json.loads, run.stdout.decode().splitlines()):
        if isinstance(line, list):
            assert line[0] not in rows
            rows[line[0]] = line[1:]
        elif "error" in line:
            error = line
        else:
            head = {**(head or {}), **line}
    return head, rows, error


def texts(rows):
    return [[cell[0] for cell in row] for row in rows.values()]


CSV_AS_SHOWN = "csv:Text - txt - csv (StarCalc):44,34,76,1"

# What LibreOffice converts: all files of a format at once, as it takes seconds to start.
CONVERTED = {
    "xls": ["formats.xlsx", "leads.xlsx", "formulas.xlsx"],
    "xlsx": ["leads.xlsx", "formulas.xlsx", "ours.csv"],
    CSV_AS_SHOWN: ["formats.xlsx", "leads.xlsx", "ours.xlsx"],
}


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A folder with the files that these tests look at, made by openpyxl and by us."""
    folder = tmp_path_factory.mktemp("made")
    make_formats(folder / "formats.xlsx")
    make_leads(folder / "leads.xlsx")
    make_formulas(folder / "formulas.xlsx")
    for name, rows in (("ours.xlsx", ODD), ("ours.csv", DANGEROUS)):
        with open(folder / ("in-" + name + ".csv"), "w", encoding="utf-8", newline="") as f:
            csv.writer(f).writerows(rows)
        assert dump(folder / ("in-" + name + ".csv"), "--write", folder / name)[2] is None
    return folder


@pytest.fixture(scope="session")
def office(made, tmp_path_factory):
    """office(format, file) -> what LibreOffice made of one of the files.  Its own profile, so that
    tests beside this one do not meet it."""
    home = tmp_path_factory.mktemp("office")
    done = {}

    def convert(to, name):
        if to not in done:
            done[to] = tmp_path_factory.mktemp("converted")
            files = [made / f for f in CONVERTED.get(to, [name])]
            subprocess.run(["soffice", f"-env:UserInstallation=file://{home}", "--headless", "--convert-to", to,
                            "--outdir", done[to], *files], check=True, capture_output=True, timeout=180)
        return done[to] / pathlib.Path(name).with_suffix("." + to.split(":")[0])

    if shutil.which("soffice") is None:
        pytest.skip("LibreOffice is not installed")
    return convert


# ---- What people see of numbers and dates: LibreOffice is the judge ---------------------------------

NUMBER_FORMATS = [
    "General", "0", "0.00", "#,##0", "#,##0.00", "0.0%", "0.00%", "000000", "00-00-00", "000-0000-0000",
    "(000) 000-0000", "0.0?", "#,##0.00;[Red]-#,##0.00", "#,##0;(#,##0)", "0.00_);(0.00)", "[$¥-804]#,##0.00",
    '"$"#,##0.00', "¥#,##0", '#,##0\\ "kg"', '0" units"', "0,", "0.0,,", "[<=9999999]###-####;(###) ###-####",
    '[>100]"big" 0;[<0]"neg" 0;"mid" 0', '0;-0;"zero"', "0;-0;;@", "@", "[Blue]0.0", "0.000%", "#,##0.000",
    "#,##0.00\\ [$€-407]", '_-* #,##0.00_-;-* #,##0.00_-;_-* "-"??_-;_-@_-', "0;@",
]
NUMBERS = [0, 1, -1, 5, 12, 1234567.891, -1234567.891, 0.5, 0.155, 99.995, 3.75, 13800138000, 1380013.8,
           0.000012345, 44887, 2958465, 0.1 + 0.2, -0.004]
DATE_FORMATS = [
    "yyyy-mm-dd", "yyyy/m/d", "d/m/yyyy", "dd.mm.yy", "mmm d, yyyy", "d-mmm-yy", "dddd, mmmm dd, yyyy", "ddd",
    'yyyy"年"m"月"d"日"', "yyyy年mm月dd日", 'm"月"d"日"', "yyyy-mm-dd hh:mm", "yyyy-mm-dd hh:mm:ss", "h:mm AM/PM",
    "h:mm:ss am/pm", "[h]:mm", "[h]:mm:ss", "mm:ss.0", "hh:mm:ss.000", 'h"时"mm"分"', "yyyymmdd", "yy.m.d",
    "[$-409]mmmm d, yyyy;@", "yyyy-mm-dd;@", "[$-804]yyyy-m-d",
]
DATES = [61, 100, 25569, 36585, 44887, 44887.25, 44887.5, 44887 + (8 * 3600 + 30 * 60 + 5) / 86400, 36585.999988425925]


def make_formats(path):
    book = openpyxl.Workbook()
    page = book.active
    for row, (code, values) in enumerate(
            [(f, NUMBERS) for f in NUMBER_FORMATS] + [(f, DATES) for f in DATE_FORMATS], 1):
        for column, value in enumerate(values, 1):
            page.cell(row, column, value).number_format = code
    book.save(path)


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_numbers_and_dates_show_as_in_libreoffice(kind, office, made):
    head, rows, error = dump(made / "formats.xlsx" if kind == "xlsx" else office("xls", "formats.xlsx"))
    assert error is None and head["kind"] == kind
    with open(office(CSV_AS_SHOWN, "formats.xlsx"), encoding="utf-8", newline="") as f:
        as_shown = list(csv.reader(f))
    wrong = []
    for number, code in enumerate(NUMBER_FORMATS + DATE_FORMATS, 1):
        ours = [cell[0] for cell in rows[number]]
        theirs = as_shown[number - 1][:len(ours)]
        wrong += [(code, a, b) for a, b in zip(ours, theirs) if a != b]
    assert wrong == []


def test_dates_have_values(made):
    _, rows, _ = dump(made / "formats.xlsx")
    by_code = dict(zip(NUMBER_FORMATS + DATE_FORMATS, rows.values()))
    assert by_code["yyyy-mm-dd"][4] == ["2022-11-22", "date", (datetime.date(2022, 11, 22) - EPOCH).days]
    moment = datetime.datetime(2022, 11, 22, 8, 30, 5, tzinfo=datetime.timezone.utc)
    assert by_code["yyyy-mm-dd hh:mm"][7] == ["2022-11-22 08:30", "datetime", moment.timestamp() * 1000]
    assert by_code["h:mm AM/PM"][6][1] == "time"


def test_long_numbers_keep_their_digits(tmp_path):
    book = openpyxl.Workbook()
    for row, code in enumerate(["General", "0", "0.00E+00", "@", "##0.0E+0"], 1):
        for column, value in enumerate([13800138000, 8613800138000, 123456789012345], 1):
            book.active.cell(row, column, value).number_format = code
    book.save(tmp_path / "a.xlsx")
    assert texts(dump(tmp_path / "a.xlsx")[1]) == [["13800138000", "8613800138000", "123456789012345"]] * 5
    # more digits than a double holds: as the file spells them, or else the 15 that Excel knows
    (tmp_path / "b.xlsx").write_bytes(hostile.with_part(hostile.SHEET, hostile.sheet(
        "<row><c><v>914403001922038216</v></c><c><v>9.144030019220383e+17</v></c><c><v>1.38E+10</v></c></row>")))
    assert texts(dump(tmp_path / "b.xlsx")[1]) == [["914403001922038216", "914403001922038000", "13800000000"]]


def test_dates_of_1904(tmp_path):
    book = openpyxl.Workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.active.append([datetime.date(2026, 11, 22)])
    book.active.append([datetime.date(1904, 1, 1)])
    book.save(tmp_path / "a.xlsx")
    assert texts(dump(tmp_path / "a.xlsx")[1]) == [["2026-11-22"], ["1904-01-01"]]


def test_first_days_of_1900_are_those_of_excel(tmp_path):
    book = openpyxl.Workbook()
    for value in (1, 59, 60, 61, 0, -1):
        book.active.append([value])
        book.active.cell(book.active.max_row, 1).number_format = "yyyy-mm-dd"
    book.save(tmp_path / "a.xlsx")
    assert texts(dump(tmp_path / "a.xlsx")[1]) == [
        ["1900-01-01"], ["1900-02-28"], ["1900-03-01"], ["1900-03-01"], ["0"], ["-1"]]


# ---- Files of other programs -------------------------------------------------------------------------

LEADS = [
    ["公司名称", "联系电话", "Ngày", "Amount", "比例", "VIP", "备注"],
    ["广州货代有限公司", "+86 138 0013 8000", datetime.date(2026, 11, 22), 1234.5, 0.155, True, "a,b \"c\"\nd"],
    ["Công ty TNHH Đà Nẵng", 13800138000, datetime.date(2025, 1, 2), -7, 1, False, " space "],
    [None] * 7,
    ["臺灣物流", "00123", None, None, None, None, "𠮷"],
]
SHOWN = [
    LEADS[0],
    ["广州货代有限公司", "+86 138 0013 8000", "2026年11月22日", "1,234.50", "15.5%", "TRUE", "a,b \"c\"\nd"],
    ["Công ty TNHH Đà Nẵng", "13800138000", "2025年1月2日", "-7.00", "100.0%", "FALSE", " space "],
    ["臺灣物流", "00123", "", "", "", "", "𠮷"],
]


def make_leads(path):
    book = openpyxl.Workbook()
    page = book.active
    page.title = "客户"
    for row in LEADS:
        page.append(row)
    for row in range(2, 6):
        page.cell(row, 3).number_format = 'yyyy"年"m"月"d"日"'
        page.cell(row, 4).number_format = "#,##0.00"
        page.cell(row, 5).number_format = "0.0%"
    page.merge_cells("A8:C9")
    hidden = book.create_sheet("hidden")
    hidden.sheet_state = "hidden"
    hidden["C3"] = "x"
    book.create_sheet("空")
    book.save(path)


def assert_leads(path):
    head, rows, error = dump(path)
    assert error is None
    assert head["header"] == 0
    assert texts(rows) == SHOWN
    assert list(rows) == [1, 2, 3, 5]
    return head, rows


def test_openpyxl_writes_what_we_read(made):
    leads = made / "leads.xlsx"
    head, rows = assert_leads(leads)
    assert [(s[0], s[1]) for s in head["sheets"]] == [("客户", False), ("hidden", True), ("空", False)]
    assert rows[2][1][1] == "text" and rows[3][1][1:] == ["number", 13800138000]
    assert rows[2][2][1:] == ["date", (datetime.date(2026, 11, 22) - EPOCH).days]
    assert rows[2][5][1:] == ["bool", True]
    assert dump(leads, "--sheet", "1")[1] == {3: [["", "empty", None], ["", "empty", None], ["x", "text", None]]}
    assert dump(leads, "--sheet", "2")[1:] == ({}, None)
    assert dump(leads, "--sheet", "3")[2]["error"] == "sheet.no_sheet"


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_libreoffice_writes_what_we_read(kind, office):
    head, rows = assert_leads(office(kind, "leads.xlsx"))
    assert head["kind"] == kind
    assert [(s[0], s[1]) for s in head["sheets"]] == [("客户", False), ("hidden", True), ("空", False)]
    assert rows[2][2][1:] == ["date", (datetime.date(2026, 11, 22) - EPOCH).days]


@pytest.mark.parametrize("filter_, encoding", [("44,34,76,1", "UTF-8"), ("59,34,76,1", "UTF-8"),
                                               ("9,34,76,1", "UTF-8"), ("44,34,65535,1", "UTF-16LE")])
def test_libreoffice_writes_text_files_that_we_read(filter_, encoding, office):
    head, rows, error = dump(office("csv:Text - txt - csv (StarCalc):" + filter_, "leads.xlsx"))
    assert error is None and head["encoding"] == encoding
    assert texts(rows) == SHOWN


@pytest.mark.parametrize("encoding, name", [
    ("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16LE"), ("utf-16-be", "UTF-16BE"),
    ("gbk", "GB18030"), ("gb18030", "GB18030"), ("big5", "Big5")])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_encodings_and_separators_are_found(encoding, name, separator, tmp_path):
    rows = [["公司", "電話" if encoding == "big5" else "电话", "城市"],
            ["廣州貨運代理有限公司" if encoding == "big5" else "广州货运代理有限公司", "020-88888888", "天河, 体育" if encoding != "big5" else "臺北, 中山"],
            ["a;b|c", "say \"hi\"", "two\nlines"]] * 3
    with open(tmp_path / "a.csv", "w", encoding=encoding, newline="") as f:
        if encoding == "utf-16-be":
            f.write("\ufeff")
        csv.writer(f, delimiter=separator).writerows(rows)
    head, read, error = dump(tmp_path / "a.csv")
    assert error is None
    assert (head["encoding"], head["separator"]) == (name, separator)
    assert texts(read) == rows


def test_formula_without_a_stored_result_is_an_error_and_not_lost(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["a", "=1+1"])
    book.save(tmp_path / "a.xlsx")
    assert dump(tmp_path / "a.xlsx")[1][1][1] == ["=1+1", "error", None]


def make_formulas(path):
    book = openpyxl.Workbook()
    for formula in ("=1/4", '="x"&"y"', "=1=1", "=1/0", "=NA()", '=""'):
        book.active.append([formula, "end"])
    book.save(path)


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_formulas_show_their_results(kind, office):
    rows = dump(office(kind, "formulas.xlsx"))[1]
    assert [row[0][:2] for row in rows.values()] == [
        ["0.25", "number"], ["xy", "text"], ["TRUE", "bool"], ["#DIV/0!", "error"], ["#N/A", "error"],
        ["", "empty"]]


def test_rich_and_phonetic_text(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(hostile.with_part(
        "xl/sharedStrings.xml",
        "<sst><si><r><t>ab</t></r><r><rPr/><t xml:space='preserve'> c</t></r></si>"
        "<si><t>東京</t><rPh sb='0' eb='2'><t>トウキョウ</t></rPh></si><si><t>a_x000D_b_x005F_x0041_</t></si></sst>"))
    assert texts(dump(tmp_path / "a.xlsx")[1]) == [["ab c", "東京"], ["a\rb_x0041_", "1"]]


def test_cells_and_rows_need_no_reference(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(hostile.with_part(hostile.SHEET, hostile.sheet(
        '<row><c><v>1</v></c><c r="D1"><v>2</v></c><c><v>3</v></c></row><row/><row r="7"><c><v>4</v></c></row>'
        '<row><c t="inlineStr"><is><t>x</t></is></c></row>')))
    _, rows, _ = dump(tmp_path / "a.xlsx")
    assert {n: [c[0] for c in row] for n, row in rows.items()} == {
        1: ["1", "", "", "2", "3"], 7: ["4"], 8: ["x"]}


def test_prefixed_and_strict_workbooks(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(hostile.with_part(
        hostile.SHEET, f'<x:worksheet xmlns:x="{hostile.MAIN}"><x:sheetData><x:row r="1"><x:c r="A1" t="d"><x:v>2026-11-22'
        '</x:v></x:c><x:c r="B1" t="d"><x:v>2026-11-22T08:30:00</x:v></x:c></x:row></x:sheetData></x:worksheet>'))
    assert [c[:2] for c in dump(tmp_path / "a.xlsx")[1][1]] == [
        ["2026-11-22", "date"], ["2026-11-22 08:30:00", "datetime"]]


# ---- Our own files, read by others -------------------------------------------------------------------

ODD = [["text", "number-like"], ["=1+1", "00123"], ["+86 138 0013 8000", "1.38E+10"], ["@x", "-1"],
       ["two\nlines", "a\"b,c"], ["广州 \U00020bb7", " s "], ["<&>", "_x000D_"]]


DANGEROUS = [["a", "b"]] + [[x, "end"] for x in (
    "=1+1", "@SUM(1)", "+SUM(1)", "-cmd|' /C calc'!A0", '=HYPERLINK("http://127.0.0.1:9")', "\t=1+1")]


def test_openpyxl_and_libreoffice_read_what_we_write(office, made):
    page = openpyxl.load_workbook(made / "ours.xlsx").active
    values = [[c.value for c in row] for row in page.iter_rows()]
    assert values[:6] == ODD[:6]
    assert all(c.data_type == "s" for row in page.iter_rows() for c in row)
    assert page.freeze_panes == "A2" and page["A1"].font.b and not page["A2"].font.b
    with open(office(CSV_AS_SHOWN, "ours.xlsx"), encoding="utf-8", newline="") as f:
        assert list(csv.reader(f)) == ODD


def test_libreoffice_takes_no_cell_of_our_csv_for_a_formula(office, made):
    page = openpyxl.load_workbook(office("xlsx", "ours.csv")).active
    assert [c.data_type for row in page.iter_rows() for c in row] == ["s"] * 14
    assert texts(dump(made / "ours.csv")[1]) == DANGEROUS


def test_errors_are_translated_with_their_values():
    top = pathlib.Path(__file__).resolve().parents[2]
    header = re.sub(r'" +\\\n +"', "", (top / "host/sheet/sheet.h").read_text())  # joins cut texts
    english = dict(re.findall(r'X\(\w+, "(\w+)",[\s\\]*"([^"]*)"\)', header))
    assert len(english) > 30
    for language in ("en", "zh-CN", "zh-TW", "vi"):
        labels = json.loads((top / f"share/i18n/{language}.json").read_text())
        for key, text in english.items():
            ours = labels["sheet." + key]
            wanted = set(re.findall(r"{\w+}", text)) - ({"{detail}"} if key == "damaged" else set())  # of no use to people, and in English
            assert set(re.findall(r"{\w+}", ours)) == wanted, (language, key)


# ---- Hostile files -----------------------------------------------------------------------------------

def test_hostile_files_read_exactly_or_are_refused(tmp_path):
    temp = tmp_path / "temp"
    temp.mkdir()
    wrong = []
    for name, content, outcome in hostile.corpus():
        path = tmp_path / name
        path.write_bytes(content)
        _, rows, error = dump(path, "--memory", "256", temp=temp)
        if isinstance(outcome, list) and (error or texts(rows) != outcome):
            wrong.append((name, error, texts(rows)))
        if isinstance(outcome, set) and (not error or error["error"].split(".")[1] not in outcome):
            wrong.append((name, error, texts(rows)[:3]))
        if error and (not error["text"] or "{" in error["text"]):
            wrong.append((name, error))
        path.unlink()
    assert wrong == []
    assert list(temp.iterdir()) == []


def test_a_million_texts_need_little_memory_and_leave_no_file(tmp_path):
    rows = 150000
    path = tmp_path / "big.xlsx"
    path.write_bytes(hostile.stream_archive(
        {**hostile.parts(), hostile.SHEET: hostile.sheet("".join(
            f'<row r="{i + 1}"><c t="s"><v>{i * 7919 % rows}</v></c></row>' for i in range(rows)))},
        "xl/sharedStrings.xml",
        [b"<sst>"] + [b"".join(f"<si><t>text number {i} {i * i} of a large file</t></si>".encode()
                               for i in range(at, at + 1000)) for at in range(0, rows, 1000)] + [b"</sst>"]))
    temp = tmp_path / "temp"
    temp.mkdir()
    head, _, error = dump(path, "--count", "--memory", "64", temp=temp)
    assert error is None and head["rows"] == rows and head["progress"] == 1
    _, read, error = dump(path, temp=temp)
    assert error is None
    assert all(row[0][0].startswith(f"text number {(n - 1) * 7919 % rows} ") for n, row in read.items())
    assert list(temp.iterdir()) == []
