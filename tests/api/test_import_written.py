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


@pytest.mark.parametrize("nothing", ["-", "--", "—", "/", "N/A", "n.a.", "none", "无", "無", "暂无", "không có", "KHÔNG"])
def test_a_dash_or_a_word_for_nothing_is_no_telephone_address_or_day(people, nothing):
    """Rows with a dash for a telephone were refused, and 无 went in as an address of mail."""
    person, t = people["li"], f"{tag()} Vận tải biển Hải Phòng"
    fields = ["name", "phone", "email", "website", "next_action_on", "city"]
    look = take(person, "lead", sheet(fields, [[t, nothing, nothing, nothing, nothing, nothing]]))
    assert go(person, look, fields)["new"] == 1, outcomes(person, look)
    made, = person.rows("lead", filter=["name", "=", t])
    assert [made[f] for f in fields] == [t, None, None, None, None, nothing]  # a text is what stands there


# ---- headers -----------------------------------------------------------------------------------------------
HEADERS = {  # as lists of forwarders have them
    "name": "客户简称|公司名称(必填)|公司名称 Company Name|Company Name（公司名称）|公 司 名 称|公司/客户名称|參展廠商|公司全銜|Tên công ty (VN)|Tên công ty/ Company|Chủ hàng|Company/Organization|Exhibitor Name|Company*",
    "status": "跟进进度|客户阶段|開發狀態|追蹤狀態|Tình trạng chăm sóc|Tiến độ|Lead stage|Follow-up status",
    "rating": "客户星级|优先级|優先順序|客戶評等|Phân loại KH|Mức độ ưu tiên|Tier|Customer grade",
    "is_key": "是否VIP|KA客户|重要客戶|Khách hàng VIP|KH trọng điểm|Key client|Is VIP",
    "next_action_on": "下次行动日期|下次跟进时间|下次联系日期|下次回访时间|计划跟进日期|提醒日期|下次跟進日期|下次聯絡時間|預計拜訪日期|下次跟进日期 (YYYY-MM-DD)|下次跟进时间 Next follow-up|ngày liên hệ tiếp theo|Lịch hẹn tiếp theo|Ngày gọi lại|"
                      "Ngày theo dõi tiếp theo|next follow-up date|Next call|Callback date|Next step|Date of next contact|Next follow up date (dd/mm/yyyy)",
    "contact": "采购经理|关键联系人|船务|聯絡人1|採購人員|窗口姓名|Đầu mối|Phụ trách XNK|Name of contact person|Primary contact|联系人 Contact",
    "position": "部门/职务|職位|Vị trí công việc|Function|职位 Title",
    "phone": "电话/手机|电话（座机）|电话 Tel|客户电话|電話(O)|電話/分機|SĐT công ty|Điện thoại/Tel|Office no|Tel/Fax|Tel. No.|Phone (office)",
    "mobile": "手机/微信|客户手机|聯絡手機|SĐT cá nhân|Số ĐTDĐ|Mobile/WhatsApp|Cellphone number|GSM",
    "fax": "传真 Fax|傳真號碼|Số fax|FAX.",
    "email": "客户邮箱|邮箱 Email|聯絡信箱|E-mail 信箱|Hòm thư|Email(s)|Business email|E-mail:",
    "website": "公司官网|網站網址|Tên miền|Web page|网址 Website",
    "wechat": "客户微信|WeChat 帳號|WeChat (微信)|WeChat account",
    "zalo": "SĐT Zalo|Zalo ID",
    "whatsapp": "WhatsApp账号|WhatsApp No.|WhatsApp contact",
    "country": "国家（地区）|所属国家|國家別|Nước sở tại|Country/Region|国家 Country",
    "province": "省/直辖市|省（州）|州別|Tỉnh/TP|Địa bàn|State/Province|Prefecture",
    "city": "所属市|城市/地区|縣/市|縣市別|Quận/huyện|Thành phố/Tỉnh|City/Town|城市 City",
    "address": "注册地址|提货地址|發票地址|Địa chỉ giao hàng|Địa chỉ trụ sở chính|Address line 1|Head office|地址 Address",
    "source": "获客渠道|数据来源|開發管道|Nguồn KH|Kênh tiếp cận|Source of lead",
    "industry": "行业大类|所屬產業|Ngành kinh doanh|Nature of business|Industry/Sector",
    "direction": "进出口方式|出口/进口|進出口類別|XK/NK|Nhập/Xuất|Imp/Exp|I/E|Trade type",
    "lanes": "常走航线|航线/目的港|主要出口市場|Tuyến vận tải|Thị trường XK|Main lanes|Trade lanes (Export)",
    "suppliers": "现用货代|指定货代|目前配合業者|承攬商|FWD đang dùng|Đối thủ cạnh tranh|Freight forwarder|Incumbent|Forwarder/Carrier",
    "commodity": "货物描述|主营业务|出口品項|貨品名稱|Mặt hàng XNK|Chủng loại hàng|Goods description|Type of goods|品名 Commodity",
    "monthly_volume": "月均出货量|柜量/月|月货量(TEU)|TEU/月|月櫃數|每月運量|Sản lượng (TEU)|Vol/tháng|Số lô hàng/tháng|TEU|Avg monthly volume|Containers/month|Est. volume",
    "notes": "跟进内容|客户需求|洽談內容|拜訪紀錄|Nội dung trao đổi|Kết quả liên hệ|Requirements|Call notes|备注 Remarks|备   注",
    "owner_id": "业务员|跟进人|客户经理|業務|負責業務|Nhân viên kinh doanh|Sale phụ trách|Salesperson|Assigned to|Account manager",
}


def fields_of(person, headers, cells):
    return [c["field"] for c in take(person, "lead", sheet(headers, [cells]))["columns"]]


def test_headers_of_real_lists_find_their_fields(people):
    """下次行动日期, 业务员, two languages in one cell, and a remark in brackets were all left to the user."""
    person, lists = people["manager"], {f: h.split("|") for f, h in HEADERS.items()}
    cells, missed = {"owner_id": people["li"].user["name"], "next_action_on": DAY}, {}
    for n in range(max(map(len, lists.values()))):
        fields = [f for f in lists if n < len(lists[f])]
        got = fields_of(person, [lists[f][n] for f in fields], [cells.get(f, "x") for f in fields])
        missed.update({lists[f][n]: g for f, g in zip(fields, got) if f != g})
    assert missed == {}


def test_headers_of_something_else_find_no_field(people):
    """A number of a customer is no customer, the last contact not the next, the salesman not known here nobody's."""
    headers = ["客户编号", "客户 No.", "客户/编号", "STT", "Mã KH", "Customer ID", "最近跟进时间", "上次联系日期", "Last contact date", "Ngày tạo", "微信/QQ", "MST", "Department", "Contact 电话", "注册资金", "Company size"]
    assert fields_of(people["manager"], headers, ["x"] * len(headers)) == [None] * len(headers)
    assert fields_of(people["manager"], ["公司名称", "业务员", "Next step"], ["a", "Nobody Such", "send a quote"]) == ["name", None, None]
    assert fields_of(people["manager"], ["Next action", "负责人"], ["send a quote", ""]) == [None, "owner_id"]


def test_a_header_in_whole_counts_before_one_in_part(people):
    assert fields_of(people["manager"], ["电话/手机", "手机", "公司名称 (中文)", "公司名称"], ["1", "2", "a", "b"]) == ["phone", "mobile", None, "name"]
