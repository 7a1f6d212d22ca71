"""Dates, numbers and headers of a file as people and their programs write them, the whole way in."""
import datetime
import io
import re
import shutil
import subprocess

import openpyxl
import pytest

from site_ import BUILD, PATIENCE
from test_import import outcomes, tag
from test_import_again import go, sheet, take

DAY = "2026-03-05"


def became(person, t, dates, file=None):
    """What the field holds of the leads whose rows went in, and why the others did not, by the text of the cell."""
    fields = ["name", "next_action_on"]
    look = take(person, "lead", sheet(fields, [[f"{t} {n}", d] for n, d in enumerate(dates)]))
    assert [c["field"] for c in look["columns"]] == fields
    result = go(person, look, fields)
    there = {r["name"]: r["next_action_on"] for r in person.rows("lead", filter=["name", "^", t])}
    assert len(there) == result["new"]
    told = outcomes(person, look)
    return {d: there.get(f"{t} {n}") or (told[n + 2]["cell"], told[n + 2]["message"]) for n, d in enumerate(dates)}


def test_dates_of_a_text_file_are_read_as_programs_and_people_write_them(people):
    """What Excel's d-mmm-yy writes, years of the Republic, and whatever had a name for the month was refused."""
    dates = ["05-Mar-2026", "5-Mar-26", "Mar 5, 2026", "5 March 2026", "MARCH 5, 2026", "Thursday, March 5, 2026", "2026年3月5日", "２０２６年３月５日", "2026年3月5日 星期四", "民國115年3月5日", "民国115年3月5日",
             "115/03/05", "115.3.5", "115/3/5(四)", "ngày 5 tháng 3 năm 2026", "Thứ Năm, 05 Tháng Ba 2026", "2026/3/5 下午 3:05", "2026-03-05 3:05 PM", "20260305", "2026-03-04T16:00:00.000Z",
             "2026-03-05T00:00:00Z"]
    assert became(people["li"], tag(), dates) == {d: DAY for d in dates}


def test_a_date_that_may_be_two_is_refused_with_its_cell_and_what_to_do(people):
    """3/5/2026 went in as the third of May in a country that writes neither so."""
    dates = ["3/5/2026", "26/3/5", "2026年3月", "2026-02-30", "46086", "2026年3月5日 星期五", "soon", "22/11/2026", "3/3/2026"]
    got = became(people["li"], tag(), dates)
    assert got.pop("22/11/2026") == "2026-11-22" and got.pop("3/3/2026") == "2026-03-03"  # can only be that
    assert [cell for cell, _ in got.values()] == [f"B{n}" for n in range(2, 9)]
    words = {"3/5/2026": ["2026-03-05", "2026-05-03", "年份"], "26/3/5": ["四位年份"], "2026年3月": ["年、月、日"], "2026-02-30": ["没有这一天"], "46086": [DAY, "日期格式"],
             "2026年3月5日 星期五": ["星期"], "soon": ["2026-03-31"]}
    assert [d for d, (_, why) in got.items() if not all(w in why for w in words[d])] == [], got


@pytest.mark.parametrize("country, day_first, month_first", [("VN", DAY, None), ("US", None, DAY), ("GB", DAY, None)])
def test_the_companys_country_says_which_comes_first_to_browser_and_command_line(own_site, tmp_path, country, day_first, month_first):
    site, t = own_site("--country", country), tag()
    got = became(site.sign_in("demo.li"), f"{t} web", ["5/3/2026", "3/5/2026", "22/3/2026", "3/22/2026"])
    assert got["5/3/2026"] == (day_first or "2026-05-03") and got["3/5/2026"] == (month_first or "2026-05-03")
    right, swapped = ("22/3/2026", "3/22/2026") if day_first else ("3/22/2026", "22/3/2026")
    assert got[right] == "2026-03-22" and "2026-03-22" in got[swapped][1]
    site.stop()
    (tmp_path / "leads.csv").write_bytes(sheet(["公司名称", "下次跟进日期"], [[f"{t} cli a", "5/3/2026"], [f"{t} cli b", "3/5/2026"], [f"{t} cli c", swapped], [f"{t} cli d", "5-Mar-26"]]))
    done = subprocess.run([BUILD / "berth", "import", tmp_path / "leads.csv", "--table", "lead", "--as", "demo.li", "--data", site.data, "--country", country],
                          capture_output=True, text=True, timeout=PATIENCE)
    assert re.search(r"new\s+3", done.stdout) and re.search(r"invalid\s+1", done.stdout), done
    made = {r["name"][-1]: r["next_action_on"] for r in own_site("--country", country).sign_in("demo.li").rows("lead", filter=["name", "^", f"{t} cli"])}
    assert made == {"a": got["5/3/2026"], "b": got["3/5/2026"], "d": DAY}


def test_who_reads_it_says_which_comes_first_where_the_country_does_not(people):
    """Of a Chinese company's people those who work in Vietnamese have files with the day first."""
    lan = people["lan"]
    assert lan.user["locale"] == "vi"
    assert became(lan, tag(), ["5/3/2026"]) == {"5/3/2026": DAY}


@pytest.mark.parametrize("cell, at", [("2026/3/5 下午 3:05", "2026-03-05T07:05:00.000Z"), ("2026-03-05 3:05 PM", "2026-03-05T07:05:00.000Z"), ("Mar 5, 2026 12:30 AM", "2026-03-04T16:30:00.000Z"),
                                      ("15:05 ngày 5 tháng 3 năm 2026", "2026-03-05T07:05:00.000Z"), ("民國115年3月5日下午3點05分", "2026-03-05T07:05:00.000Z"), ("5-Mar-26", "2026-03-04T16:00:00.000Z")])
def test_a_time_may_say_which_half_of_the_day(people, cell, at):
    person, t = people["admin"], tag()
    assert go(person, take(person, "memo", sheet(["subject", "remind_at"], [[t, cell]])), ["subject", "remind_at"])["new"] == 1
    assert person.rows("memo", filter=["subject", "=", t])[0]["remind_at"] == at


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not here")
def test_dates_that_libreoffice_wrote_into_a_text_file_are_those_of_its_workbook(people, tmp_path):
    """One file as .xlsx, .xls and .csv: the first two hold days, the last what their format shows."""
    person, t = people["li"], tag()
    forms = ["d-mmm-yy", "dd-mmm-yyyy", "mmm d, yyyy", "mmmm d, yyyy", "dddd, mmmm d, yyyy", "d mmmm yyyy", "yyyy/m/d", 'yyyy"年"m"月"d"日"', "yyyy-mm-dd hh:mm:ss", "yyyy/m/d h:mm AM/PM", "[$-404]e/m/d",
             '[$-404]"民國"e"年"m"月"d"日"', "[$-42A]dd mmmm yyyy", "yyyy.mm.dd", "yyyymmdd"]
    book = openpyxl.Workbook()
    book.active.append(["公司名称", "下次跟进日期"])
    for n, form in enumerate(forms):
        book.active.append([f"{t} {n}", datetime.datetime(2026, 3, 5, 15, 5)])
        book.active[f"B{n + 2}"].number_format = form
    book.save(tmp_path / "dates.xlsx")
    for to in ("csv:Text - txt - csv (StarCalc):44,34,76,1", "xls"):
        subprocess.run(["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", to, "--outdir", tmp_path, tmp_path / "dates.xlsx"], check=True, capture_output=True, timeout=PATIENCE)
    for kind in ("xls", "xlsx", "csv"):
        look = take(person, "lead", (tmp_path / f"dates.{kind}").read_bytes(), f"dates.{kind}")
        assert [c["field"] for c in look["columns"]] == ["name", "next_action_on"]
        assert go(person, look, ["name", "next_action_on"], dry=kind != "csv")["new"] == len(forms), (kind, (tmp_path / "dates.csv").read_text(), outcomes(person, look))
    assert {r["next_action_on"] for r in person.rows("lead", filter=["name", "^", t])} == {DAY}


def test_numbers_are_read_in_any_width_and_with_the_power_of_ten_behind(people):
    person, t = people["li"], tag()
    amounts = {"１２３": "123.00", "１，２３４．５０": "1234.50", "1.5万": "15000.00", "￥1.5萬": "15000.00", "1.5万元": "15000.00", "0.03亿": "3000000.00", "(1,234.50)": None, "30 million": "30000000.00"}
    rows = [[f"{t} {n}", a] for n, a in enumerate(amounts)]
    look = take(person, "opportunity", sheet(["name", "amount"], rows))
    go(person, look, ["name", "amount"])
    made = {r["name"][len(t) + 1:]: r["amount"] for r in person.rows("opportunity", filter=["name", "^", t])}
    assert {a: made.get(str(n)) for n, a in enumerate(amounts)} == amounts, outcomes(person, look)


def test_a_number_with_a_unit_or_several_are_refused_with_their_cell_and_what_to_do(people):
    person, t = people["li"], tag()
    why = {"12 CBM": "不要带单位", "3 x 40HQ": "不止一个数字", "10-20": "不止一个数字", "many": "不是有效的数字"}
    look = take(person, "opportunity", sheet(["name", "teu"], [[f"{t} {n}", v] for n, v in enumerate(why)]))
    assert go(person, look, ["name", "teu"], dry=True)["invalid"] == len(why)
    told = outcomes(person, look)
    assert [told[n + 2]["cell"] for n in range(len(why))] == [f"B{n + 2}" for n in range(len(why))]
    assert all(word in told[n + 2]["message"] for n, word in enumerate(why.values())), told
