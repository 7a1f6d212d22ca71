"""A contact record from one line of text, in four languages: looked at first, then saved like any other."""
import datetime
import itertools

import pytest

from site_ import COMPANY, today, until

number = itertools.count(1)
FRIDAY = 4


@pytest.fixture(scope="module")
def firm(people):
    """A company with two people, seen by its owner and the superior."""
    li = people["li"]
    made = li.made("customer", name="永联发塑胶制品有限公司", short_name="永联发", english_name="Yonglianfa Plastics Ltd.")
    chen = li.made("contact", name="陈建国", customer_id=made["id"])
    karen = li.made("contact", name="Karen Oakwell", customer_id=made["id"])
    return {"id": made["id"], "chen": chen["id"], "karen": karen["id"]}


def read(person, text, **more):
    answer = person.get("/activities/line", text=text, **more)
    assert answer.status == 200, answer
    return answer.json


def local(moment):
    return datetime.datetime.fromisoformat(moment.replace("Z", "+00:00")).astimezone(COMPANY)


def following(day, weekday):
    return (day + datetime.timedelta(days=(weekday - day.weekday() - 1) % 7 + 1)).isoformat()


@pytest.mark.parametrize("line, kind, minutes, person", [
    ("Called Mr Chen at Yonglianfa yesterday 30 min, wants quote for 3x40HC, call back Friday", "call", 30, "chen"),
    ("met Karen Oakwell of Yonglianfa Plastics yesterday for 1.5 hours. Follow up on Fri", "meeting", 90, "karen"),
    ("昨天给永联发的陈先生打电话30分钟，要3x40HC报价，周五回电", "call", 30, "chen"),
    ("昨天拜訪永聯發陳建國，一個半小時，週五再聯繫", "visit", 90, "chen"),
    ("Hôm qua gọi chị Karen ở Yonglianfa 30 phút, cần báo giá 3x40HC, thứ sáu gọi lại", "call", 30, "karen"),
    ("hom qua den tham Yonglianfa, gap Karen Oakwell 2 tieng, hen thu sau goi lai", "visit", 120, "karen"),
])
def test_a_line_is_understood_in_each_language(people, firm, line, kind, minutes, person):
    li = people["li"]
    before, got, day = today(), read(li, line)["values"], today()
    assert (got["kind"], got["minutes"], got["status"]) == (kind, minutes, "done")
    assert (got["customer_id"], got["contact_id"]) == (firm["id"], firm[person])
    assert got["next_on"] in (following(before, FRIDAY), following(day, FRIDAY))
    assert local(got["start_at"]).date() in [d - datetime.timedelta(days=1) for d in (before, day)]
    assert got["note"] == line


def test_nothing_is_saved_before_it_was_looked_at(people, firm):
    li = people["li"]
    line = f"Called Karen Oakwell at Yonglianfa 10 min, wants samples {next(number)}, call back Friday"
    values = read(li, line)["values"]
    assert li.rows("activity", filter=["note", "=", line]) == []
    made = li.made("activity", **values)
    assert made["subject"] == line and made["customer_id"] == firm["id"]
    assert li.row(f"/customer/{firm['id']}")["next_action_on"] == values["next_on"]  # it is work like any other


@pytest.mark.parametrize("line, days, clock", [
    ("Visit Yonglianfa tomorrow at 14:30", 1, (14, 30)),
    ("明天下午3点半拜访永联发", 1, (15, 30)),
    ("Thăm Yonglianfa ngày mai lúc 9h30", 1, (9, 30)),
    ("met Karen Oakwell 3 days ago at 3pm", -3, (15, 0)),
    ("3天前上午10点拜访永联发", -3, (10, 0)),
])
def test_what_lies_ahead_is_planned_and_what_lies_behind_was_done(people, firm, line, days, clock):
    li = people["li"]
    before, got, day = today(), read(li, line)["values"], today()
    at = local(got["start_at"])
    assert at.date() in [d + datetime.timedelta(days=days) for d in (before, day)] and (at.hour, at.minute) == clock
    assert got["status"] == ("planned" if days > 0 else "done") and got["customer_id"] == firm["id"]


@pytest.mark.parametrize("line, month, day", [("Visited Yonglianfa on 3/11", 11, 3), ("11月3日拜访永联发", 11, 3),
                                              ("ngày 3/11 thăm Yonglianfa", 11, 3), ("visited Yonglianfa on Nov 3", 11, 3)])
def test_written_days_are_the_nearest_such(people, firm, line, month, day):
    at = local(read(people["li"], line)["values"]["start_at"]).date()
    assert (at.month, at.day) == (month, day) and abs((at - today()).days) <= 184


def test_a_line_that_only_says_when_to_call_is_a_plan(people, firm):
    got = read(people["li"], "Friday call back Karen Oakwell")["values"]
    assert got["status"] == "planned" and "next_on" not in got and got["contact_id"] == firm["karen"]
    assert got["customer_id"] == firm["id"]  # hers


def test_a_name_that_is_only_an_accent_names_nobody(people, firm):
    for line in ("Called Mr \u0301 at Yonglianfa", "gọi anh \u0301"):
        assert "contact_id" not in read(people["li"], line)["values"], line


def test_what_is_not_understood_is_said_and_not_guessed(people, firm):
    answer = read(people["li"], "Called Mr Zimmermann at Qwertzuiop Works, call back soon")
    assert not {"customer_id", "contact_id", "next_on"} & set(answer["values"])
    unsure = {x["field"]: x["text"] for x in answer["read"] if not x["understood"]}
    assert unsure == {"customer_id": "Qwertzuiop Works", "contact_id": "Mr Zimmermann", "next_on": "call back"}
    # quantities and names of other things are no times
    assert "minutes" not in read(people["li"], "wants 3x40HC to Hamburg")["values"]
    assert read(people["li"], "lunch with Yonglianfa")["values"]["kind"] == "other"


def test_where_several_fit_they_are_offered(people):
    li = people["li"]
    twins = [people["admin"].made("customer", name=f"Zwillinghaus {n} Handel", owner_id=people["zhang"].user["id"]) for n in ("Nord", "Sued")]
    answer = read(people["admin"], "called Zwillinghaus today")
    piece, = [x for x in answer["read"] if x["field"] == "customer_id"]
    assert {c["id"] for c in piece["choices"]} == {t["id"] for t in twins} and not piece["understood"]
    assert "customer_id" not in answer["values"]
    assert read(people["admin"], "called Zwillinghaus Sued today")["values"]["customer_id"] == twins[1]["id"]
    # and nobody is offered what he may not see
    assert [x["choices"] for x in read(li, "called Zwillinghaus today")["read"] if x["field"] == "customer_id"] in ([], [[]])


def test_a_lead_is_found_where_there_is_no_customer_of_that_name(people):
    lead = people["li"].made("lead", name="Brightwater Umbrella Factory")
    assert read(people["li"], "Called Brightwater Umbrella, 5 minutes")["values"]["lead_id"] == lead["id"]


@pytest.mark.parametrize("locale, words", [("en", "one line"), ("zh-CN", "一句话"), ("zh-TW", "一句話"), ("vi", "một dòng")])
def test_an_empty_line_is_refused_in_the_readers_language(people, locale, words):
    answer = people["li"].get("/activities/line", text="  ", locale=locale)
    assert answer.status == 422 and words in answer.json["error"]["fields"]["text"]["message"]
    assert people["li"].get("/activities/line", text="x" * 2001).status == 422


def test_only_those_who_may_write_activities_are_offered_it(people):
    assert people["li"].get("/_meta/activity").json["line"]["path"] == "activities/line"
    nav = people["li"].get("/_start").json["nav"]
    assert [n["table"] for n in nav if n.get("line")] == ["activity"]
    assert people["alice"].get("/_meta/lead").json["line"] is None


def test_a_script_reads_lines_too(own_site, tmp_path):
    """Memos that begin with "log:" become contact records."""
    (tmp_path / "scripts" / "hooks").mkdir(exist_ok=True)
    (tmp_path / "scripts" / "hooks" / "line.lua").write_text("""-- Memos that begin so become contact records.
on("memo", "after_insert", function(memo)
  local line = memo.subject:match("^log: (.*)")
  if line then
    local a = berth.new("activity")
    a.note = line
    berth.emit("activities.line", a)
    berth.save(a)
  end
end)
""")
    site = own_site()
    li, admin = site.sign_in("demo.li"), site.sign_in("demo.admin")
    assert until(lambda: any(s["file"] == "hooks/line.lua" for s in admin.get("/_script").json["scripts"]))
    customer = li.made("customer", name="Harbourlight Toys")
    assert read(li, "Visited Harbourlight Toys")["values"]["customer_id"] == customer["id"]
    li.made("memo", subject="log: Visited Harbourlight Toys yesterday, 45 min")
    act, = li.rows("activity", filter=["customer_id", "=", customer["id"]])
    assert (act["kind"], act["minutes"], act["status"]) == ("visit", 45, "done")


def test_lines_are_read_without_customers_and_leads(own_site):
    li = own_site("--plugins", "base pools activities").sign_in("demo.li")
    got = read(li, "Called Mr Chen at Hoa Phat yesterday 30 min, call back Friday")
    assert got["values"]["minutes"] == 30 and got["values"]["kind"] == "call" and "customer_id" not in got["values"]


def test_a_customer_of_the_same_moment_is_found_by_a_line(own_site, tmp_path):
    """One commit makes the customer and reads the line: the search index has nothing of it yet."""
    (tmp_path / "scripts" / "hooks").mkdir(exist_ok=True)
    (tmp_path / "scripts" / "hooks" / "met.lua").write_text("""-- "met: NAME" makes a customer and what was done there.
on("memo", "after_insert", function(memo)
  local name = memo.subject:match("^met: (.*)")
  if name then
    local c = berth.new("customer")
    c.name = name
    berth.save(c)
    local a = berth.new("activity")
    a.note = "Visited " .. name:lower()
    berth.emit("activities.line", a)
    berth.save(a)
  end
end)
""")
    site = own_site()
    li, zhang, admin = (site.sign_in("demo." + who) for who in ("li", "zhang", "admin"))
    assert until(lambda: any(s["file"] == "hooks/met.lua" for s in admin.get("/_script").json["scripts"]))
    li.made("memo", subject="met: Đông Phong Lighterage")
    customer, = li.rows("customer", filter=["name", "=", "Đông Phong Lighterage"])
    assert [a["status"] for a in li.rows("activity", filter=["customer_id", "=", customer["id"]])] == ["done"]
    assert "customer_id" not in read(zhang, "Visited Đông Phong Lighterage")["values"]  # hers, not his


@pytest.mark.parametrize("code", ["mx00d1p6k", "mx07h1frk", "mwz93ms2k", "mwzl8h0kk", "mx09e5i0k", "pm2am", "a3b7"])
@pytest.mark.parametrize("line", ["昨天打电话给{} 30分钟", "Hôm qua gọi {} 30 phút, cần báo giá", "Called {} yesterday 30min"])
def test_what_stands_inside_a_code_is_neither_a_time_nor_a_title_and_a_long_one_is_one_word(people, code, line):
    li = people["li"]
    name = f"Lightermen {code}"
    made = li.rows("customer", filter=["name", "=", name]) or [li.made("customer", name=name)]
    got = read(li, line.format(name))
    assert (got["values"]["minutes"], got["values"]["customer_id"]) == (30, made[0]["id"]), got
    assert sorted(r["field"] for r in got["read"]) == ["customer_id", "kind", "minutes", "start_at"], got


def test_a_name_may_end_in_a_digit_before_a_number(people):
    li = people["li"]
    made = li.made("customer", name="Kho hàng số 6")
    got = read(li, "Hôm qua gọi Kho hàng số 6 30 phút")["values"]
    assert (got["customer_id"], got["minutes"]) == (made["id"], 30), got
