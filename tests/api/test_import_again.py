"""What an import takes and gives back exactly: references, times, unique values, the same file again, undo."""
import csv
import datetime
import io
import re
import sqlite3
import subprocess
import zlib

import openpyxl
import pytest

from site_ import BUILD, PATIENCE, until
from test_import import HEADER, SLOW, outcomes, run, tag, text, undo, undone_over_a_kill, upload, xlsx
from test_merge import dump

UNTOLD = ("import", "timer", "setting")  # what tells of imports themselves, and what the host does beside


def take(person, table, data, name="file.csv"):
    answer = person.ask("POST", f"/_import/{table}", raw=data, name=name)
    assert answer.status == 201, answer
    return answer.json


def go(person, look, fields, **options):
    """With the columns meaning these fields."""
    answer = person.post(f"/_import/{look['import']}/run", {"sheet": 0, "header_row": 1, "map": {str(i): f for i, f in enumerate(fields) if f}, **options})
    return person.job(answer)["result"]


def sheet(header, rows):
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    return out.getvalue().encode()


def exported(person, table, fields):
    answer = person.post(f"/{table}/_export", {"kind": "csv", "fields": ",".join(fields)})
    assert person.job(answer)["state"] == "done"
    return person.get(f"/_job/{answer.json['job']}/file").body


def unlike(before, after):
    """Tables that differ, with a row of each side."""
    return {t: (list(set(before[t]) - set(after[t]))[:1], list(set(after[t]) - set(before[t]))[:1])
            for t in before if before[t] != after[t] and not t.startswith(UNTOLD)}


# ---- values ------------------------------------------------------------------------------------------------
def test_references_are_found_by_name_number_code_or_id(people):
    person, t = people["admin"], tag()
    customer = person.made("customer", name=f"{t} Maritime")
    li = people["li"].user
    twin = [person.post("/customer", {"name": f"{t} Twin"}, duplicates="allow").json["row"] for _ in range(2)]
    fields = ["name", "customer_id", "owner_id"]
    rows = [[f"{t} a", customer["name"], li["name"]], [f"{t} b", customer["number"], li["login"]], [f"{t} c", str(customer["id"]), str(li["id"])],
            [f"{t} d", f"{t} Twin", ""], [f"{t} e", str(twin[1]["id"]), ""], [f"{t} f", "Hausmarke", ""], [f"{t} g", "nobody knows", ""]]
    look = take(person, "opportunity", sheet(fields, rows))
    result = go(person, look, fields, values={"customer_id": {"Hausmarke": customer["id"]}})
    assert (result["new"], result["invalid"]) == (5, 2), result
    told = outcomes(person, look)
    assert told[5]["field"] == "customer_id" and f"{t} Twin" in told[5]["message"]  # two of that name
    assert told[8]["field"] == "customer_id"
    made = {r["name"]: r for r in person.rows("opportunity", filter=["name", "^", t])}
    assert [made[f"{t} {x}"]["customer_id"] for x in "abcef"] == [customer["id"]] * 3 + [twin[1]["id"], customer["id"]]
    assert {made[f"{t} {x}"]["owner_id"] for x in "abc"} == {li["id"]}


def workbook():
    """As people send them: a page of notes, then the list below a title, dates as dates, telephones as numbers."""
    book = openpyxl.Workbook()
    book.active.title = "说明"
    book.active.append(["请看第二页"])
    page = book.create_sheet("线索")
    book.create_sheet("old").sheet_state = "hidden"
    return book, page


def test_a_list_below_a_title_on_another_sheet_is_read_with_its_dates_telephones_and_names(people):
    admin, zhang, t = people["admin"], people["zhang"].user, tag()
    phone = 13000000000 + zlib.crc32(t.encode()) % 999999937
    book, page = workbook()
    for row in ([f"{t} fair"], ["exported", datetime.datetime(2026, 11, 20, 8, 30)], [], ["公司名称", "手机", "国家", "负责人", "下次联系", "评级"],
                [f"{t} a", phone, "中国", zhang["login"], datetime.date(2026, 12, 24), "热"], [f"{t} b", None, "Việt Nam", zhang["id"], "2027年1月5日", "hot"],
                [f"{t} c", None, "大陆", None, datetime.date(2027, 1, 6), None]):
        page.append(row)
    out = io.BytesIO()
    book.save(out)
    look = take(admin, "lead", out.getvalue(), "fair.xlsx")
    assert [(s["name"], s["hidden"]) for s in look["sheets"]] == [("说明", False), ("线索", False), ("old", True)]
    look = admin.post(f"/_import/{look['import']}/look", {"sheet": 1}).json
    assert look["header_row"] == 4 and [c["field"] for c in look["columns"]] == ["name", "mobile", "country", "owner_id", "next_action_on", "rating"]
    meant = {"country": {"大陆": "CN"}, "rating": {"热": "hot"}}
    dry = run(admin, look, dry=True)["result"]
    assert {(w["field"], w["value"]) for w in dry["values"] if not w["known"]} == {("country", "大陆"), ("rating", "热")}
    assert run(admin, look, values=meant, save_as={"name": t, "shared": True})["result"]["new"] == 3
    rows = {r["name"][-1]: r for r in admin.rows("lead", filter=["name", "^", t])}
    assert {k: (r["mobile"], r["country"], r["owner_id"], r["next_action_on"], r["rating"]) for k, r in rows.items()} == {
        "a": (str(phone), "CN", zhang["id"], "2026-12-24", "hot"), "b": (None, "VN", zhang["id"], "2027-01-05", "hot"),
        "c": (None, "CN", admin.user["id"], "2027-01-06", None)}
    again = take(admin, "lead", out.getvalue(), "fair.xlsx")
    again = admin.post(f"/_import/{again['import']}/look", {"sheet": 1}).json
    assert again["mapping"]["values"] == meant and t in [m["name"] for m in again["mappings"]]


def test_a_dry_run_writes_nothing(own_site):
    """Of new rows, updates, duplicates and wrong ones nothing is in the database behind it but what the dry run tells."""
    site = own_site().without_daily_timers()
    admin, t = site.sign_in("demo.admin"), tag()
    made = admin.made("lead", name=f"{t} there", city="Huế")
    rows = [[f"{t} {i}", f"u{i}@{t}.example" if i % 5 else "no address", "VN"] for i in range(3000)] + [[made["name"], f"new@{t}.example", "VN"]]
    look = take(admin, "lead", sheet(["name", "email", "country"], rows))
    before = dump(site)
    result = go(admin, look, ["name", "email", "country"], dry=True, mode="both", match=["name"])
    assert (result["new"], result["updated"], result["invalid"]) == (2400, 1, 600), result
    assert unlike(before, dump(site)) == {}
    assert admin.hits(f"{t} 7").json["results"] == [] and admin.row(f"/lead/{made['id']}") == made


def test_a_dry_run_tells_of_every_row_what_then_becomes_of_it(people):
    """Rows with the values that are there already counted as updates, and what one may not change, or give away, as what would be."""
    admin, li, minh, t = people["admin"], people["li"], people["minh"], tag()
    pool = admin.made("pool", name=f"{t} pool", on_table="lead")["id"]
    admin.made("pool_member", pool_id=pool, user_id=li.user["id"])
    made = li.made("lead", name=f"{t} same", mobile="13862000001", city="Ningbo", country="CN"), *(li.made("lead", name=f"{t} {n}", city="Ningbo") for n in ("change", "keep"))
    li.made("lead", name=f"{t} pooled", city="Ningbo")
    pooled = li.rows("lead", filter=["name", "=", f"{t} pooled"])[0]
    assert li.post(f"/lead/{pooled['id']}/release", {"pool_id": pool}).status == 200
    shown = minh.made("lead", name=f"{t} shown", city="Ningbo")
    assert minh.post(f"/lead/{shown['id']}/_share", {"kind": "share", "access": "read", "user_id": li.user["id"]}).status < 300
    fields = ["id", "name", "city", "owner_id"]
    rows = [[made[0]["id"], made[0]["name"], "Ningbo", ""], [made[1]["id"], made[1]["name"], "Shanghai", ""], [pooled["id"], f"{t} pooled", "Shanghai", ""],
            [shown["id"], f"{t} shown", "Shanghai", ""], [made[2]["id"], made[2]["name"], "Ningbo", minh.user["login"]],
            ["", f"{t} new", "", ""], ["", f"{t} given", "", minh.user["login"]]]
    look = take(li, "lead", sheet(fields, rows))
    told = []
    for dry in (True, False):
        result = go(li, look, fields, dry=dry, mode="both", match=["id"])
        told.append({n: (r["outcome"], r["record"], r["title"]) for n, r in outcomes(li, look).items() if r["outcome"] != "new"})
        assert {b: result[b] for b in ("new", "same", "updated", "held", "invalid")} == \
            {"new": 1, "same": 1, "updated": 2, "held": 1, "invalid": 2}, (dry, result, outcomes(li, look))
    assert told[0] == told[1] and [told[0][n][0] for n in (2, 3, 4, 5, 6, 8)] == ["same", "updated", "updated", "held", "invalid", "invalid"]
    assert li.row(f"/lead/{made[1]['id']}")["city"] == "Shanghai"


def test_rows_that_add_others_up_stay_out_unless_they_are_wanted(people):
    """The last row of a sheet, 合计, became a lead."""
    person, t = people["li"], tag()
    fields = ["name", None, "city", "phone"]
    rows = [[f"{t} a", 3, "Hue", "13862900001"], ["合 计：", 3, "", ""], ["Tổng cộng", 5, "", ""], ["", "GRAND TOTAL", "8", ""],
            ["Total", "", "Paris", "+33 1 4744 4546"], [f"Total {t}", "", "", ""]]
    look = take(person, "lead", sheet(["name", "cases", "city", "phone"], rows))
    for dry in (True, False):
        result = go(person, look, fields, dry=dry)
        assert (result["new"], result["invalid"], result["totals"]) == (3, 3, 3), result
        assert [(n, r["cell"], bool(r["message"])) for n, r in sorted(outcomes(person, look).items()) if r["outcome"] == "invalid"] == \
            [(n, None, True) for n in (3, 4, 5)]
    result = go(person, take(person, "lead", sheet(["name", "cases", "city", "phone"], rows[1:4])), fields, dry=True, totals=True)
    assert (result["new"], result["invalid"], result["totals"]) == (2, 1, 0), result  # the third has no name


def test_a_row_that_counts_telephones_and_people_adds_others_up_too(people):
    """Any cell below a telephone made a record of it: a lead 合计 of the colleague whose number the count was."""
    person, t = people["li"], tag()
    fields = ["name", "phone", "email", "website", "owner_id"]
    rows = [[f"{t} a", "13862900002", "", "", ""], ["合计", "3家", "2", "-", str(person.user["id"])], ["Total", "", "info@total.example", "", ""],
            ["Total", "", "", "", person.user["login"]], ["Total", "", "", "total.example", ""], ["合计", 2, "", "", ""]]
    look = take(person, "lead", sheet(fields, rows))
    assert go(person, look, fields, dry=True)["totals"] == 2
    assert {n: r["cell"] for n, r in outcomes(person, look).items() if r["outcome"] == "invalid"} == {3: None, 7: None}


def test_every_wrong_cell_of_a_row_is_told(people):
    person, t = people["li"], tag()
    fields = ["name", "phone", "city", "email", "next_action_on"]
    look = take(person, "lead", sheet(fields, [[f"{t} a", "nobody", "Hue", "at home", "31/31/2026"], [f"{t} b", "", "Hue", "", "soon"]]))
    assert go(person, look, fields, dry=True)["invalid"] == 2
    assert {n: (r["cell"], r["message"].count("：")) for n, r in outcomes(person, look).items()} == {2: ("B2, D2, E2", 3), 3: ("E3", 1)}


def test_a_wrong_cell_keeps_no_other_rows_record_from_being_found(people):
    """Behind a wrong cell no record was found, that was remembered for the whole file, and rows with nothing wrong went in without."""
    person, t = people["admin"], tag()
    zhang, alice = people["zhang"].user, people["alice"].user
    fields = ["name", "country", "owner_id", "email"]
    rows = [[f"{t} a", "Atlantis", zhang["login"], "no address"], [f"{t} b", "CN", zhang["login"], ""],
            [f"{t} c", "Atlantis", alice["name"], ""], [f"{t} d", "VN", alice["name"], ""],
            [f"{t} e", "Atlantis", str(zhang["id"]), ""], [f"{t} f", "VN", str(zhang["id"]), ""], [f"{t} g", "Atlantis", "Nobody Such", ""]]
    look = take(person, "lead", sheet(fields, rows))
    for dry in (True, False):
        result = go(person, look, fields, dry=dry)
        assert (result["new"], result["invalid"]) == (3, 4), result
        assert {(w["field"], w["value"]) for w in result["values"] if not w["known"]} == {("country", "Atlantis"), ("owner_id", "Nobody Such")}
    assert {r["name"][-1]: r["owner_id"] for r in person.rows("lead", filter=["name", "^", t])} == \
        {"b": zhang["id"], "d": alice["id"], "f": zhang["id"]}
    told = outcomes(person, look)
    labels = {f["name"]: f["label"] for f in person.get("/_meta/lead").json["fields"]}
    assert told[2]["cell"] == "B2, D2" and labels["country"] in told[2]["message"] and labels["email"] in told[2]["message"]  # all at once
    assert "Atlantis" in told[8]["message"] and "Nobody Such" in told[8]["message"]


@pytest.mark.parametrize("cell, at", [("2026-11-30 08:30:00", "2026-11-30T00:30:00.000Z"), ("2026/11/30 8:30", "2026-11-30T00:30:00.000Z"),
                                      ("30/11/2026 23:05:09", "2026-11-30T15:05:09.000Z"), ("2026-11-30T08:30", "2026-11-30T00:30:00.000Z"),
                                      ("2026-11-30", "2026-11-29T16:00:00.000Z"), ("2026-11-30T08:30:00+07:00", "2026-11-30T01:30:00.000Z"),
                                      ("2026-11-30T08:30:00Z", "2026-11-30T08:30:00.000Z")])
def test_times_of_a_text_file_are_on_the_companys_clock(people, cell, at):
    person, t = people["admin"], tag()
    assert go(person, take(person, "memo", sheet(["subject", "remind_at"], [[t, cell]])), ["subject", "remind_at"])["new"] == 1
    assert person.rows("memo", filter=["subject", "=", t])[0]["remind_at"] == at


@pytest.mark.parametrize("cell", ["2026-11-30 25:00", "2026-11-30 8:61", "2026-11-30 8 Uhr:", "2026-11-30 15:30 AM"])
def test_a_time_that_is_none_is_refused(people, cell):
    person, t = people["admin"], tag()
    assert go(person, take(person, "memo", sheet(["subject", "remind_at"], [[t, cell]])), ["subject", "remind_at"])["invalid"] == 1
    assert person.rows("memo", filter=["subject", "=", t]) == []


def test_a_column_that_is_called_like_two_fields_goes_by_what_is_in_it(people):
    person, t = people["manager"], tag()
    fields = lambda look: [c["field"] for c in look["columns"]]
    ours = take(person, "lead", sheet(["负责人", "名称", "联系人"], [[people["li"].user["name"], f"{t} a", "王小明"]]))
    assert fields(ours) == ["owner_id", "name", "contact"]
    theirs = take(person, "lead", sheet(["负责人", "名称", "电话"], [["王小明", f"{t} b", "0755-21240062"]]))
    assert fields(theirs) == ["contact", "name", "phone"]


@pytest.mark.parametrize("mode", ["update", "both"])
@pytest.mark.parametrize("match", [["id"], ["name"], ["country", "contact"], []])
def test_of_the_rows_of_one_record_the_first_counts_and_a_file_changes_nothing_the_second_time(people, mode, match):
    """By chosen keys each counted, and those that contradicted each other changed the record with every import."""
    person, t = people["li"], tag()
    a, b = (person.made("lead", name=f"{t} {n}", contact=f"{t} {n}", country="CN", city="Ningbo") for n in "ab")
    fields = ["id", "name", "country", "contact", "city", "lanes"]
    row = lambda r, city, lanes="": [r["id"] if "id" in match else "", r["name"], "CN", r["contact"], city, lanes]
    rows = [row(a, "Xiamen", "nowhere"), row(a, "Vinh"), row(b, "Ningbo"), row(a, "Hanoi", "europe"), row(b, "Hanoi"), row(a, "Vinh")]
    map_ = [f if f != "id" or "id" in match else None for f in fields]
    before, looks = [person.row(f"/lead/{r['id']}") for r in (a, b)], []
    for n in range(3):
        looks.append(take(person, "lead", sheet(fields, rows + [["", "", "", "", "", str(n)]])))  # not the very same file
        for dry in (True, False):
            go(person, looks[-1], map_, dry=dry, mode=mode, match=match)
            told = outcomes(person, looks[-1])
            assert {r: told[r]["outcome"] for r in range(2, 8)} == {2: "invalid", 3: "updated" if n == 0 else "same", 4: "same", 5: "duplicate", 6: "duplicate",
                                                                  7: "duplicate"}, (n, dry, told)
            assert [told[r]["same_as"] for r in (5, 6, 7)] == [3, 4, 3] and all(str(told[r]["same_as"]) in told[r]["message"] for r in (5, 6, 7))
            if match:
                assert [(told[r]["record"], told[r]["title"], told[r]["by"]) for r in (5, 6)] == [(x["id"], x["name"], match) for x in (a, b)]
    assert person.row(f"/lead/{a['id']}")["city"] == "Vinh" and person.row(f"/lead/{b['id']}") == before[1]
    assert undo(person, looks[0]["import"])["result"]["restored"] == 1
    assert {**person.row(f"/lead/{a['id']}"), "version": 1} == before[0]


def test_rows_that_find_one_record_by_different_keys_are_of_one_record(people):
    """One by its name, the next by its telephone: the second renamed it, and the next time the first made another one."""
    person, t = people["li"], tag()
    mobile = f"138{zlib.crc32(t.encode()) % 10**8:08d}"
    lead = person.made("lead", name=f"{t} one", mobile=mobile, city="Hue")
    fields = ["name", "mobile", "city"]
    for n in range(2):
        look = take(person, "lead", sheet(fields, [[lead["name"], "", "Vinh"], [f"{t} other", mobile, "Hanoi"], ["", "", str(n)]]))
        for dry in (True, False):
            result = go(person, look, fields, dry=dry, mode="both")
            assert (result["updated"] + result["same"], result["duplicate"], result["new"]) == (1, 1, 0), result
            told = outcomes(person, look)[3]
            assert (told["same_as"], told["record"], told["by"]) == (2, lead["id"], ["mobile"])
    now = person.row(f"/lead/{lead['id']}")
    assert (now["name"], now["city"]) == (lead["name"], "Vinh")


def test_a_row_like_one_further_up_is_told_so_whether_or_not_that_one_is_stored_yet(own_site):
    """Where that one was stored, and lay in a pool or belonged to a colleague, it was told so; by the dry run it was not."""
    site = own_site()
    admin, t = site.sign_in("demo.admin"), tag()
    pool = next(p["id"] for p in admin.rows("pool") if p["on_table"] == "lead" and p["active"])
    rows = [[f"{t} {i} {i * 7919 % 1003} works", "demo.li" if i % 2 else ""] for i in range(12000)]
    look = take(admin, "lead", sheet(["name", "owner_id"], rows + rows[:2]))
    for dry in (True, False):
        result = go(admin, look, ["name", "owner_id"], dry=dry, pool_id=pool)
        assert (result["new"], result["duplicate"], result["pool"], result["held"]) == (12000, 2, 0, 0), (dry, result)
        told = outcomes(admin, look)
        assert [told[12002 + n]["same_as"] for n in range(2)] == [2, 3]


def test_a_row_whose_id_is_of_no_record_makes_one_with_a_number_of_its_own(own_site):
    """Two rows with the same one ended the import as failed; the largest there is was the last record that anybody made."""
    site = own_site()
    li, t = site.sign_in("demo.li"), tag()
    there = li.made("lead", name=f"{t} there", city="Hue")
    fields = ["id", "name", "city"]
    rows = [[there["id"], there["name"], "Vinh"], [900001, f"{t} a", "Vinh"], [900001, f"{t} b", "Vinh"], [2**63 - 1, f"{t} c", "Vinh"], ["", f"{t} THERE", "Kobe"],
            ["", f"{t} d", "Kobe"]]
    look = take(li, "lead", sheet(fields, rows))
    for dry in (True, False):
        go(li, look, fields, dry=dry, mode="both", match=["id"])
        told = {n: (r["outcome"], r["same_as"]) for n, r in outcomes(li, look).items()}
        assert told == {2: ("updated", None), 3: ("new", None), 4: ("duplicate", 3), 5: ("new", None), 6: ("duplicate", 2), 7: ("new", None)}, told
    assert all(r["id"] < 900000 for r in li.rows("lead", filter=["name", "^", t]))
    assert li.made("lead", name=f"{t} by hand")["id"] < 900000
    look = take(li, "lead", sheet(fields, [[900002, f"{t} e", "Vinh"]]))
    assert go(li, look, fields, match=["id"])["new"] == 1 and outcomes(li, look)[2]["record"] < 900000


def test_a_record_that_chosen_keys_find_is_named(people):
    """It was told as {title}."""
    person, t = people["li"], tag()
    lead = person.made("lead", name=f"{t} Lines", city="Hue")
    look = take(person, "lead", sheet(["name", "city"], [[lead["name"].upper(), "Vinh"]]))
    assert go(person, look, ["name", "city"], match=["name"])["duplicate"] == 1
    told = outcomes(person, look)[2]
    assert (told["record"], told["title"]) == (lead["id"], lead["name"]) and lead["name"] in told["message"] and "{" not in told["message"], told


def test_a_row_like_one_further_up_is_told_so_when_its_record_has_left_the_readers_reach(people):
    li, admin, t = people["li"], people["admin"], tag()
    lead = li.made("lead", name=f"{t} Lines", city="Hue")
    look = take(li, "lead", sheet(["name", "city"], [[lead["name"], "Vinh"], [lead["name"], "Kobe"]]))
    go(li, look, ["name", "city"], mode="update", match=["name"])
    told = outcomes(li, look)[3]
    assert (told["record"], told["title"]) == (lead["id"], lead["name"])
    now = admin.row(f"/lead/{lead['id']}")
    assert admin.patch(f"/lead/{lead['id']}", now["version"], {"owner_id": people["minh"].user["id"]}).status == 200
    later = outcomes(li, look)[3]
    assert (later["record"], later["title"], later["message"]) == (None, None, told["message"])


def test_a_row_that_is_refused_at_the_save_counts_for_those_like_it_in_a_dry_run_too(people):
    """The dry run let the next row of that company in, the run did not."""
    person, t = people["li"], tag()
    there = person.made("lead", name=f"{t} there", city="Hue")
    fields = ["name", "city", "owner_id"]
    rows = [[f"{t} new", "Vinh", people["lan"].user["login"]], [f"{t} new", "Kobe", ""], [there["name"], "Vinh", people["lan"].user["login"]], [there["name"], "Kobe", ""]]
    for match in ([], ["name"]):
        look = take(person, "lead", sheet(fields, rows))
        for dry in (True, False):
            go(person, look, fields, dry=dry, mode="both", match=match)
            assert {n: (r["outcome"], r["same_as"]) for n, r in outcomes(person, look).items()} == \
                {2: ("invalid", None), 3: ("duplicate", 2), 4: ("invalid", None), 5: ("duplicate", 4)}, (match, dry)
    assert person.row(f"/lead/{there['id']}") == there


def test_values_that_may_be_there_once_are_told_in_a_dry_run_too(people):
    person, t = people["admin"], tag()
    customer = person.made("customer", name=f"{t} Year")
    person.made("customer_year", customer_id=customer["id"], year=2024)
    rows = [[str(customer["id"]), "2024"], [str(customer["id"]), "2025"], [str(customer["id"]), "2025"], [str(customer["id"]), "2026"]]
    look = take(person, "customer_year", sheet(["customer_id", "year"], rows))
    for dry in (True, False):
        result = go(person, look, ["customer_id", "year"], dry=dry)
        assert (result["new"], result["conflict"]) == (2, 2), (dry, result)
        assert {n for n, r in outcomes(person, look).items() if r["outcome"] == "conflict"} == {2, 4}
    assert len(person.rows("customer_year", filter=["customer_id", "=", customer["id"]])) == 3


@pytest.mark.parametrize("country, currency, amounts", [
    ("CN", "CNY", {"1,234.50": "1234.50", "1.234,56": "1234.56", "12,5": "12.50", "1 234,5": "1234.50", "1.234.567": "1234567.00", "1,234": "1234.00", "1.250": "1.25",
                   "0,125": "0.1250", "￥1,000": "1000.00", "1000元": "1000.00", "CNY 1'000": "1000.00", "12,34,567": "1234567.00", "US$ 300": None, "1,2,3": None, "1,234,5": None,
                   "50%": None, "1,234.5.6": None}),
    ("VN", "VND", {"1,234.50": "1234.50", "1.250": "1250.00", "500.000 ₫": "500000.00", "1.500.000": "1500000.00", "12,5": "12.50", "1.2340": "1.2340", "0.250": "0.25", "$300": None})])
def test_numbers_of_a_text_file_are_read_as_people_write_them(own_site, country, currency, amounts):
    """A comma before decimals was left out: 12,5 went in as 125."""
    site = own_site("--country", country, "--currency", currency)
    person, t = site.sign_in("demo.li"), tag()
    volumes = {"1,5": 1.5, "1.250": 1.25, "1.250,5": 1250.5, "2e3": 2000, "0x10": None}
    rows = [[f"{t} {n}", a, ""] for n, a in enumerate(amounts)] + [[f"{t} teu {n}", "", v] for n, v in enumerate(volumes)]
    fields = ["name", "amount", "teu"]
    look = take(person, "opportunity", sheet(fields, rows))
    go(person, look, fields)
    made = {r["name"][len(t) + 1:]: r for r in person.rows("opportunity", filter=["name", "^", t])}
    assert {a: made.get(str(n), {}).get("amount") for n, a in enumerate(amounts)} == amounts
    assert {v: made.get(f"teu {n}", {}).get("teu") for n, v in enumerate(volumes)} == volumes


def test_numbers_of_a_workbook_are_what_they_are_and_not_what_their_format_shows(people):
    """1234.5678 shown without decimals went in as 1235, one with the sign of the currency did not."""
    person, t = people["li"], tag()
    book = openpyxl.Workbook()
    shown = {"General": "1234.5678", "#,##0": "1234.5678", '"¥"#,##0.00': "1234.5678", "_-* #,##0.00_-;-* #,##0.00_-": "1234.5678", "0%": None, '"US$"0.00': None}
    book.active.append(["name", "amount"])
    for n, form in enumerate(shown):
        book.active.append([f"{t} {n}", 1234.5678])
        book.active[f"B{n + 2}"].number_format = form
    out = io.BytesIO()
    book.save(out)
    look = take(person, "opportunity", out.getvalue(), "deals.xlsx")
    assert go(person, look, ["name", "amount"])["new"] == 4
    made = {r["name"][len(t) + 1:]: r["amount"] for r in person.rows("opportunity", filter=["name", "^", t])}
    assert {form: made.get(str(n)) for n, form in enumerate(shown)} == shown


def test_a_day_before_1970_stays_that_day_with_a_time_behind_it(people):
    """It was the next one."""
    person, t = people["li"], tag()
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in (["name", "founded_on"], [f"{t} a", datetime.datetime(1950, 5, 1, 8, 30)], [f"{t} b", datetime.datetime(1950, 5, 1)], [f"{t} c", datetime.datetime(1970, 1, 1, 23, 59)]):
        book.active.append(row)
    book.save(out)
    assert go(person, take(person, "customer", out.getvalue()), ["name", "founded_on"])["new"] == 3
    assert [r["founded_on"] for r in person.rows("customer", filter=["name", "^", t], sort="name")] == ["1950-05-01", "1950-05-01", "1970-01-01"]


def test_lines_of_a_cell_go_into_a_field_of_one_line_one_behind_the_other(people):
    """An address with a line break was told to hold invisible signs, to be typed again by hand."""
    person, t = people["li"], tag()
    digits = f"{zlib.crc32(t.encode()) % 10**6:06d}"
    phones = [f"0755-81{digits}", f"0755-82{digits}"]
    fields = ["name", "address", "phone", "email", "notes"]
    look = take(person, "lead", sheet(fields, [[f"{t}\nLines", "Nanhai Road\r\n\r\nShenzhen\n", "\n".join(phones), f"a@{t}.example\r\nb@{t}.example", "one\ntwo"],
                                               [f"{t} bell\x07", "", "", "", ""]]))
    result = go(person, look, fields)
    assert (result["new"], result["invalid"]) == (1, 1), outcomes(person, look)
    made, = person.rows("lead", filter=["name", "^", t])
    assert [made[f] for f in fields] == [f"{t} Lines", "Nanhai Road Shenzhen", "; ".join(phones), f"a@{t}.example; b@{t}.example", "one\ntwo"]
    look = take(person, "lead", sheet(["name", "phone"], [[f"{t} other", phones[1]]]))
    assert go(person, look, ["name", "phone"])["duplicate"] == 1  # each of them is a key


def test_rows_of_blanks_are_none_and_a_file_without_rows_is_told_as_such(people):
    """They were told as rows that lack a name."""
    person, t = people["li"], tag()
    look = take(person, "lead", f"name,city\n{t} a,Hue\n , \n\t,\u3000\n\n{t} b,Hue\n\u00a0,\n".encode())
    result = go(person, look, ["name", "city"])
    assert (result["new"], result["invalid"], result["rows"]) == (2, 0, 2), result
    for dry in (True, False):
        result = go(person, take(person, "lead", b"name,city\n"), ["name", "city"], dry=dry)
        assert (result["new"], result["rows"], result["elsewhere_by"]) == (0, 0, {}), result


def test_columns_that_are_called_alike_go_where_each_of_them_went_the_last_time(people):
    """Both went where the last of them had gone, and the import was refused."""
    person, t = people["lan"], tag()
    file = lambda n: take(person, "lead", sheet(["Wer da", "Nummer", "Nummer", "Wo", "Nummer"], [[f"{t} {n}", f"+84 90{n}0000001", f"+84 91{n}0000002", "Hue", "call"]]))
    fields = ["name", "phone", "mobile", "city", "notes"]
    assert go(person, file(1), fields)["new"] == 1
    again = file(2)
    assert [c["field"] for c in again["columns"]] == fields
    assert run(person, again)["result"]["new"] == 1


# ---- checks ------------------------------------------------------------------------------------------------
def test_imports_into_administrators_tables_are_checked_like_any_save(people):
    admin = people["admin"]
    before = admin.rows("setting")
    result = go(admin, take(admin, "setting", sheet(["name", "value"], [["base.nosuch", "1"], ["base.bin_days", "soon"]])), ["name", "value"])
    assert (result["new"], result["invalid"]) == (0, 2), result
    assert admin.rows("setting") == before
    # and count at once, as they do when typed
    t = tag()
    user = people["alice"].user
    role = admin.made("role", name=t)
    admin.made("role_table", role_id=role["id"], on_table="retention", read_scope="all")
    assert people["alice"].get("/retention").status == 403
    look = take(admin, "user_role", sheet(["user_id", "role_id"], [[user["login"], t]]))
    assert go(admin, look, ["user_id", "role_id"])["new"] == 1
    assert people["alice"].get("/retention").status == 200
    assert undo(admin, look["import"])["result"]["undone"] == 1
    assert people["alice"].get("/retention").status == 403
    admin.delete(f"/role/{role['id']}")


def test_a_row_that_gives_a_record_out_of_reach_is_refused_alone(people):
    person, t = people["li"], tag()
    rows = [[f"{t} mine", ""], [f"{t} theirs", people["lan"].user["login"]], [f"{t} too", people["li"].user["login"]]]
    look = take(person, "lead", sheet(["name", "owner_id"], rows))
    result = go(person, look, ["name", "owner_id"])
    assert result["new"] == 2 and result["invalid"] == 1, result
    assert outcomes(person, look)[3]["field"] == "owner_id"
    assert {r["name"] for r in people["admin"].rows("lead", filter=["name", "^", t])} == {f"{t} mine", f"{t} too"}


def test_what_a_record_out_of_reach_holds_is_not_found_out_by_looking_for_it(people):
    """Any field, and any combination, told that a colleague had such a record: its volume could be guessed at."""
    person, t = people["li"], tag()
    theirs = people["zhang"].made("lead", name=f"{t} theirs", city=t, monthly_volume="777 TEU")
    own = person.made("lead", name=f"{t} own", city=t, monthly_volume="777 TEU")
    fields = ["name", "city", "monthly_volume", "contact"]
    told = lambda row, mode, match: (go(person, look := take(person, "lead", sheet(fields, [row])), fields, dry=True, mode=mode, match=match), outcomes(person, look)[2])[1]
    for volume in ("777 TEU", "778 TEU"):
        assert told([f"{t} theirs", t, volume, "x"], "update", ["name", "monthly_volume"])["outcome"] == "held"  # by its name, as the rules tell
        assert told([f"{t} guess", "", volume, "x"], "update", ["name", "monthly_volume"])["outcome"] == "missing"
    for mode in ("update", "both", "create"):
        row = told([f"{t} guess", t, "777 TEU", "x"], mode, ["city", "monthly_volume"])
        assert (row["outcome"], row["record"]) == ("duplicate" if mode == "create" else "updated", own["id"]), row  # and not several
    assert told([f"{t} theirs", t, "", "x"], "update", ["name"])["outcome"] == "held"
    assert people["zhang"].row(f"/lead/{theirs['id']}") == theirs


# ---- once more ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_rows_that_did_not_go_in_are_ready_to_correct_and_import_again(people, kind):
    person, t = people["lan"], tag()
    look = upload(person, xlsx([[f"{t} one", "Mai", None, None, "bad address", "VN", "x"], [f"{t} two", None, None, None, None, "VN", None],
                                [f"{t} three", None, None, None, None, "Atlantis", None]]))
    assert run(person, look)["result"]["invalid"] == 2
    body = person.get(f"/_import/{look['import']}/rejected.{kind}").body
    if kind == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(body))
        rows = [[c.value for c in r] for r in book.active.iter_rows()]
        assert rows[0][:7] == HEADER and all(r[7] for r in rows)
        book.active["E2"], book.active["F3"] = f"good@{t}.vn", "VN"
        out = io.BytesIO()
        book.save(out)
        body = out.getvalue()
    else:
        body = body.decode("utf-8-sig").replace("bad address", f"good@{t}.vn").replace("Atlantis", "VN").encode()
    again = upload(person, body, f"again.{kind}")
    assert [c["field"] for c in again["columns"]] == [c["field"] for c in look["columns"]] + [None]  # as the first one was read
    result = run(person, again)["result"]
    assert (result["new"], result["invalid"]) == (2, 0), result
    assert {r["name"]: r["email"] for r in person.rows("lead", filter=["name", "^", t])} == {f"{t} one": f"good@{t}.vn", f"{t} two": None, f"{t} three": None}


def test_rows_that_did_not_go_in_are_read_again_as_the_file_they_come_from(people):
    """Columns that were matched by hand had to be matched again, and words to be told again: the reason's column made it another file."""
    person, t = people["lan"], tag()
    look = take(person, "lead", sheet([f"{t} who", f"{t} where", f"{t} how"], [[f"{t} one", "大陆", "bad address"], [f"{t} two", "大陆", ""]]))
    fields = ["name", "country", "email"]
    result = go(person, look, fields, mode="both", values={"country": {"大陆": "CN"}})
    assert (result["new"], result["invalid"]) == (1, 1), result
    body = person.get(f"/_import/{look['import']}/rejected.csv").body.decode("utf-8-sig")
    again = take(person, "lead", body.replace("bad address", f"good@{t}.vn").encode(), "again.csv")
    again = person.post(f"/_import/{again['import']}/look", {"header_row": 1}).json
    assert [c["field"] for c in again["columns"]] == [*fields, None]
    assert again["mapping"]["mode"] == "both" and again["mapping"]["values"] == {"country": {"大陆": "CN"}}


def writable(person):
    """Tables that take imports and hold records, with the fields that may be written."""
    for t in person.get("/_registry").json["tables"]:
        meta = person.get(f"/_meta/{t['name']}")
        if meta.status == 200 and meta.json["rights"]["import"] and person.get(f"/{t['name']}", limit=1).json["rows"]:
            fields = [f for f in meta.json["fields"] if not f["readonly"]]
            if fields:
                yield t["name"], meta.json["title"], fields


def all_told(site):
    """What the demo's own changes tell people a moment later has been told."""
    with sqlite3.connect(f"file:{site.data / 'berth.db'}?mode=ro", uri=True) as db:
        late = "SELECT count(*) FROM alert WHERE state = 'waiting' AND run_at <= 1000 * CAST(strftime('%s', 'now') AS INTEGER)"
        assert until(lambda: db.execute(late).fetchone() == (0,))
    return site


def test_what_was_exported_and_is_imported_again_changes_nothing(own_site):
    site = all_told(own_site().without_daily_timers())
    admin = site.sign_in("demo.admin")
    tables = list(writable(admin))
    assert len(tables) > 35
    for table, _, fields in tables:
        names = ["id"] + [f["name"] for f in fields]
        data = exported(admin, table, names)
        if table == "activity": # whether the demo's meetings clash was never worked out
            go(admin, take(admin, table, data), names, mode="both", match=["id"])
        before = dump(site)
        look = take(admin, table, data)
        result = go(admin, look, names, mode="both", match=["id"])
        told = {k: result[k] for k in ("new", "updated", "same", "invalid", "conflict", "duplicate")}
        assert not (told["new"] or told["updated"] or told["conflict"] or told["duplicate"]), (table, told)
        assert unlike(before, dump(site)) == {}, table
        if table != "setting": # the host's own; in others people of one name are told apart by number only
            named = {f["name"] for f in fields if f["type"] == "ref"}
            assert all(r["field"] in named for r in outcomes(admin, look).values() if r["outcome"] == "invalid"), (table, told)


def another(fields, title, rows):
    """The rows as other records: what tells records apart is changed."""
    for i, row in enumerate(rows):
        for k, f in enumerate(fields):
            if f["type"] == "phone" and f.get("duplicate"):
                row[k] = f"09{i:04d}{k:04d}"
            elif f["type"] == "email" and f.get("duplicate"):
                row[k] = f"u{i}k{k}@copy.example"
            elif f.get("of") == "code" and f.get("duplicate"):
                row[k] = ""
            elif f["type"] == "text" and f["name"] != "on_table" and (f.get("duplicate") or f.get("unique") or (f["name"] == title and not f.get("of"))):
                row[k] = row[k] and f"{row[k]} copy{i}"
    return rows


def test_an_import_fails_where_the_field_that_finds_its_records_is_gone(own_site):
    """It went on by the duplicate rules; under way, it ended the server."""
    site = own_site("--rule-time", "10s")
    admin, t = site.sign_in("demo.admin"), tag()
    (site.data.parent / "scripts" / "hooks" / "slow.lua").write_text(SLOW)
    assert admin.post("/_script/_reload").json["problems"] == []
    there = admin.made("lead", name=f"{t} there", city="Hue")
    field = admin.made("custom_field", on_table="lead", name="code", type="text", label_en="Code")
    start = lambda look, match: admin.post(f"/_import/{look['import']}/run", {"sheet": 0, "header_row": 1, "map": {"0": "name", "1": match or "city"},
                                                                              "mode": "both", "match": [match] if match else []})
    slow = start(take(admin, "lead", sheet(["name", "city"], [[f"{t} {i} {i * 7919 % 100003}", ""] for i in range(100)])), None)
    behind = start(take(admin, "lead", sheet(["name", "code"], [[there["name"], "c1"]])), field["name"])
    assert admin.delete(f"/custom_field/{field['id']}").status == 204
    assert admin.get(f"/_job/{behind.json['job']}").json["state"] == "queued"
    job = admin.job(behind)
    assert job["state"] == "failed" and job["error"] and admin.job(slow)["result"]["new"] == 100, job
    assert admin.row(f"/lead/{there['id']}") == there


def test_an_import_that_cannot_be_known_again_goes_in_all_the_same(own_site):
    """It ended as failed, and said nothing."""
    site = own_site()
    site.between_two_runs("CREATE TRIGGER full BEFORE UPDATE OF hash ON import BEGIN SELECT raise(ABORT, 'no room'); END")
    admin, t = site.sign_in("demo.admin"), tag()
    look = take(admin, "memo", sheet(["subject"], [[t]]))
    assert go(admin, look, ["subject"])["new"] == 1
    assert len(admin.rows("memo", filter=["subject", "=", t])) == 1
    assert "cannot be noted" in site.log()


def test_a_file_goes_in_once_and_comes_out_whole_whatever_the_table(own_site):
    site = all_told(own_site().without_daily_timers())
    admin = site.sign_in("demo.admin")
    went_in = set()
    for table, title, fields in writable(admin):
        names = [f["name"] for f in fields]
        rows = list(csv.reader(io.StringIO(exported(admin, table, names).decode("utf-8-sig"))))[1:]
        data = sheet(names, another(fields, title, rows))
        before = dump(site)
        look = take(admin, table, data)
        result = go(admin, look, names)
        assert sum(result[b] for b in ("new", "updated", "same", "duplicate", "conflict", "elsewhere", "held", "pool", "missing", "invalid")) == len(rows)
        again = take(admin, table, data)
        for dry in (True, False):
            twice = go(admin, again, names, dry=dry)
            assert twice["updated"] == 0 and twice["new"] <= result["invalid"], (table, twice)  # what another of its rows stood for
        assert undo(admin, again["import"])["result"]["kept"] == 0
        back = undo(admin, look["import"])["result"]
        assert (back["undone"], back["kept"]) == (result["new"], 0), (table, result, back)
        differs = unlike(before, dump(site))
        if table == "opportunity":
            differs.pop("customer", None)  # what a deal does to its customer stays, see import.md
        assert differs == {}, table
        if result["new"]:
            went_in.add(table)
    assert {"lead", "customer", "contact", "opportunity", "activity", "task", "competitor", "user", "pool", "memo"} <= went_in, went_in


# ---- undo --------------------------------------------------------------------------------------------------
def test_undo_keeps_what_something_was_hung_on(people):
    person, t = people["manager"], tag()
    look = upload(person, text([[f"{t} {i}", "", "", "", "", "VN", ""] for i in range(5)]), "a.csv")
    assert run(person, look)["result"]["new"] == 5
    ids = [r["id"] for r in person.rows("lead", filter=["name", "^", t], sort="name")]
    assert person.post(f"/lead/{ids[0]}/_note", {"text": "call them"}).status == 201
    assert person.ask("POST", f"/lead/{ids[1]}/_files", raw=b"hello", name="a.txt").status == 201
    assert person.ask("PUT", f"/lead/{ids[2]}/_follow", {"on": True}).status == 204
    result = undo(person, look["import"])["result"]
    assert (result["undone"], result["kept"]) == (2, 3), result
    assert {r["id"] for r in person.rows("lead", filter=["name", "^", t])} == set(ids[:3])


def test_undo_takes_back_deals_with_their_project_team(people):
    """Shares that came with the record are no sign that somebody used it; one that came later is."""
    person, zhang, t = people["manager"], people["zhang"], tag()
    fields = ["name", "team"]
    look = take(person, "opportunity", sheet(fields, [[f"{t} {i}", zhang.user["login"]] for i in range(3)]))
    assert go(person, look, fields)["new"] == 3
    ids = [r["id"] for r in person.rows("opportunity", filter=["name", "^", t], sort="name")]
    assert all(zhang.row(f"/opportunity/{id}")["team"] == [zhang.user["id"]] for id in ids)
    assert person.post(f"/opportunity/{ids[1]}/_share", {"kind": "share", "access": "read", "user_id": people["alice"].user["id"]}).status == 201
    result = undo(person, look["import"])["result"]
    assert (result["undone"], result["kept"]) == (2, 1), result
    assert [r["id"] for r in person.rows("opportunity", filter=["name", "^", t])] == [ids[1]]
    assert zhang.get(f"/opportunity/{ids[0]}").status == 404 and zhang.row(f"/opportunity/{ids[1]}")["id"] == ids[1]


NOTED = """-- Each imported deal gets a note (a test).
on("opportunity", "after_insert", function(deal)
  berth.call("POST /opportunity/" .. deal.id .. "/_note", {text = "came by file"})
end)
"""


def test_the_command_line_import_reaches_what_plugins_and_scripts_call(own_site, tmp_path):
    """A deal's team has its shares, and a hook in Lua calls REST, where no server runs."""
    site = own_site()
    site.stop()
    (tmp_path / "scripts/hooks/noted.lua").write_text(NOTED)
    file, t = tmp_path / "deals.csv", tag()
    file.write_bytes(sheet(["name", "team"], [[f"{t} {i}", "demo.zhang"] for i in range(2)]))
    done = subprocess.run([BUILD / "berth", "import", file, "--table", "opportunity", "--map", "name=name,team=team", "--as", "demo.li",
                           "--data", site.data, "--scripts", tmp_path / "scripts"], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0 and re.search(r"new\s+2", done.stdout + done.stderr), done
    site = own_site()
    li, zhang = site.sign_in("demo.li"), site.sign_in("demo.zhang")
    deals = li.rows("opportunity", filter=["name", "^", t])
    assert len(deals) == 2
    for deal in deals:
        path = f"/opportunity/{deal['id']}"
        assert zhang.row(path)["team"] == [zhang.user["id"]]
        note, = [e for e in li.get(path + "/_timeline").json["entries"] if e["kind"] == "note"]
        assert note["text"] == "came by file"


def test_a_list_that_was_exported_is_known_by_its_numbers_in_any_language(people):
    """Its column went nowhere, and what was to be changed was made once more."""
    li, t = people["li"], tag()
    made = [li.made("lead", name=f"{t} {i}") for i in range(2)]
    for label in ("id", "ID", "编号", "編號", "Mã số"):
        for ids, known in (([m["id"] for m in made], True), ([made[0]["id"], ""], True), ([made[0]["id"], 999999999], False), (["x1", "x2"], False), (["", ""], False)):
            look = take(li, "lead", sheet([label, "name"], [[ids[0], f"{t} 0"], [ids[1], f"{t} 1"]]))
            assert look["columns"][0]["ids"] is known and look["columns"][0]["field"] is None and not look["columns"][1]["ids"], (label, ids)
    foreign = people["minh"].made("lead", name=f"{t} other")
    assert li.get(f"/lead/{foreign['id']}").status == 404
    assert not take(li, "lead", sheet(["id", "name"], [[foreign["id"], "x"]]))["columns"][0]["ids"]


def test_a_table_with_nothing_to_fill_takes_no_import(people):
    admin = people["admin"]
    for table, may in (("job", False), ("import", False), ("handover", False), ("lead", True), ("memo", True)):
        assert admin.get(f"/_meta/{table}").json["rights"]["import"] is may, table
        assert (admin.ask("POST", f"/_import/{table}", raw=b"id\n1\n", name="x.csv").status == 201) is may, table


def test_a_column_called_as_a_field_goes_there_although_nobody_in_it_is_known(people):
    """Rows of people of one name went in without them, or the required column was missing."""
    admin, t = people["admin"], tag()
    customer = admin.made("customer", name=f"{t} Lines")
    for _ in range(2):
        assert admin.post("/contact", {"name": f"{t} Bảo", "customer_id": customer["id"]}, duplicates="allow").status == 201
    look = take(admin, "contact_link", sheet(["客户", "联系人"], [[customer["name"], f"{t} Bảo"]]))
    assert [c["field"] for c in look["columns"]] == ["customer_id", "contact_id"]
    assert go(admin, look, ["customer_id", "contact_id"], dry=True)["invalid"] == 1


def test_a_label_may_hold_the_sign_that_parts_values(people):
    """What was exported as "Ấn Độ, Pakistan, Châu Phi" did not come in again."""
    admin, t = people["admin"], tag()
    admin.made("dict_item", dict="leads.lane", key=f"x{t}", label_en=f"{t}, Gulf / Red Sea", place=90)
    look = take(admin, "lead", sheet(["name", "lanes"], [[f"{t} a", f"Africa, {t}, Gulf / Red Sea, Europe"], [f"{t} b", f"{t}, Gulf / Red Sea"], [f"{t} c", f"{t}, Gulf"]]))
    result = go(admin, look, ["name", "lanes"])
    assert (result["new"], result["invalid"]) == (2, 1), result
    assert {r["name"][-1]: r["lanes"] for r in admin.rows("lead", filter=["name", "^", t])} == {"a": ["africa", f"x{t}", "europe"], "b": [f"x{t}"]}


def test_rows_that_are_the_same_by_the_rules_are_told_so_and_a_file_changes_nothing_the_second_time(people):
    """A row with the key that a row before it gave a record made another one; the next time, rows of one record overwrote each other."""
    person, t = people["li"], tag()
    person.made("lead", name=f"{t} old", city="Hue")
    fields = ["name", "email", "city"]
    rows = [[f"{t} old", f"old@{t}.example", "Vinh"], [f"{t} other", f"old@{t}.example", "Hanoi"], [f"{t} new", "", "Vinh"], [f"{t.upper()} NEW", "", "Hanoi"],
            [f"{t} old", "", "Hanoi"], [f"{t} last", "", "Hue"]]
    expected = lambda new, changed: {2: changed, 3: ("duplicate", 2), 4: (new, None), 5: ("duplicate", 4), 6: ("duplicate", 2), 7: (new, None)}
    for n, (new, changed) in enumerate([("new", ("updated", None)), ("same", ("same", None)), ("same", ("same", None))]):
        look = take(person, "lead", sheet(fields, rows + [["", "", str(n)]]))  # not the very same file
        for dry in (True, False):
            go(person, look, fields, dry=dry, mode="both")
            told = {r: (x["outcome"], x["same_as"]) for r, x in outcomes(person, look).items() if r < 8}
            assert told == expected(new, changed), (n, dry, told)
    assert {r["name"][len(t) + 1:]: r["city"] for r in person.rows("lead", filter=["name", "^", t])} == {"old": "Vinh", "new": "Vinh", "last": "Hue"}


def test_an_update_gives_no_record_what_another_one_has_where_a_rule_minds(people):
    """Found by a chosen key, a record got any telephone: what rules say of imports was asked of new rows only."""
    person, zhang, t = people["li"], people["zhang"], tag()
    digits = f"{zlib.crc32(t.encode()) % 10**6:06d}"
    taken, hidden, free, kept = (f"0755-8{digits}{n}" for n in range(4))
    made = [person.made("lead", name=f"{t} {n}") for n in "abcdef"]
    person.made("lead", name=f"{t} own", phone=taken)
    zhang.made("lead", name=f"{t} theirs", phone=hidden)
    both = [person.post("/lead", {"name": f"{t} {n}", "phone": kept}, duplicates="allow").json["row"] for n in ("twin 1", "twin 2")]
    rows = [[made[0]["name"], taken, "Vinh"], [made[1]["name"], hidden, "Vinh"], [made[2]["name"], free, "Vinh"], [made[3]["name"], free, "Vinh"],
            [made[4]["name"], "", "Vinh"], [both[1]["name"], kept, "Vinh"]]
    look = take(person, "lead", sheet(["name", "phone", "city"], rows))
    for dry in (True, False):
        go(person, look, ["name", "phone", "city"], dry=dry, mode="update", match=["name"])
        told = {n: r["outcome"] for n, r in outcomes(person, look).items()}
        assert told == {2: "duplicate", 3: "held", 4: "updated", 5: "duplicate", 6: "updated", 7: "updated"}, (dry, told)
    assert [person.row(f"/lead/{r['id']}")["city"] for r in made[:5]] == [None, None, "Vinh", None, "Vinh"]
    assert undo(person, look["import"])["result"]["restored"] == 3


def test_rows_of_one_key_that_make_a_record_are_told_where_no_rule_minds(people):
    """Each made a record of its own, of which the next file with that key found several."""
    person, t = people["admin"], tag()
    data = sheet(["subject"], [[f"{t} a"], [f"{t} b"], [f"{t} a"]])
    for new, same in ((2, 0), (0, 2)):
        for dry in (True, False):
            look = take(person, "memo", data + b"\n" * same)
            result = go(person, look, ["subject"], dry=dry, mode="both", match=["subject"])
            assert (result["new"], result["same"], result["duplicate"]) == (new, same, 1), (result, outcomes(person, look))
            assert outcomes(person, look)[4]["same_as"] == 2


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_headers_in_two_rows_are_those_of_the_columns_below_their_groups(people, kind):
    """The groups were taken for the headers, their columns' names for a lead."""
    person, t = people["manager"], tag()
    rows = [["客户名单", "", "", "", "", ""], ["序号", "公司名称", "联系方式", "", "", "备注"], ["", "", "电话", "传真", "邮箱", ""],
            [1, f"{t} a", "", "", f"a@{t}.example", "first"], [2, f"{t} b", "", "", f"b@{t}.example", ""], [3, "", "", "", "", "no name"]]
    if kind == "csv":
        data = sheet(rows[0], rows[1:])
    else:
        book, out = openpyxl.Workbook(), io.BytesIO()
        for row in rows:
            book.active.append([cell if cell != "" else None for cell in row])
        for cells in ("A2:A3", "B2:B3", "C2:E2", "F2:F3"):
            book.active.merge_cells(cells)
        book.save(out)
        data = out.getvalue()
    look = take(person, "lead", data, f"groups.{kind}")
    assert look["header_row"] == 3
    assert [(c["header"], c["field"]) for c in look["columns"]] == [("序号", None), ("公司名称", "name"), ("电话", "phone"), ("传真", "fax"),
                                                                  ("邮箱", "email"), ("备注", "notes")]
    assert run(person, look, save_as={"name": f"{t} groups"})["result"]["new"] == 2
    left = person.get(f"/_import/{look['import']}/rejected.csv").body.decode("utf-8-sig").splitlines()
    assert left[0].startswith("序号,公司名称,电话,传真,邮箱,备注,") and len(left) == 2
    again = take(person, "lead", "\n".join(left).encode())
    assert again["mapping"] and [c["field"] for c in again["columns"]][:6] == [None, "name", "phone", "fax", "email", "notes"]


def test_each_word_of_a_cell_with_several_is_given_a_meaning_of_its_own(people):
    """The whole cell was the word: it could mean one value only, and every combination was another."""
    person, t = people["li"], tag()
    rows = [[f"{t} a", "欧洲、Mars，north america"], [f"{t} b", "Mars / Europe"], [f"{t} c", "Moon;Mars"], [f"{t} d", "Venus"], [f"{t} e", "Europe"]]
    look = take(person, "lead", sheet(["name", "lanes"], rows))
    job = go(person, look, ["name", "lanes"], dry=True)
    assert job["invalid"] == 4
    assert {v["value"]: v["rows"] for v in job["values"] if not v["known"]} == {"Mars": 3, "north america": 1, "Moon": 1, "Venus": 1}, job["values"]
    known = {v["value"]: (v["to"], v["title"] is not None) for v in job["values"] if v["known"]}
    assert known["欧洲"] == known["Europe"] == ("europe", True), known
    values = {"lanes": {"Mars": "russia", "Moon": None, "Venus": None, "north america": "africa"}}
    job = go(person, look, ["name", "lanes"], values=values)
    assert job["new"] == 5, outcomes(person, look)
    assert {r["name"][-1]: r["lanes"] for r in person.rows("lead", filter=["name", "^", t])} == \
        {"a": ["europe", "russia", "africa"], "b": ["russia", "europe"], "c": ["russia"], "d": [], "e": ["europe"]}


def test_a_sheet_is_named_or_counted_and_a_list_without_headers_is_read_whole(own_site, tmp_path):
    """The command line knew numbers only; people say the sheet's name, which may be a year."""
    site, t, file = own_site(), tag(), tmp_path / "fair.xlsx"
    book, page = workbook()
    years = book.create_sheet("2026")
    for sheet_, mark in ((page, "by name"), (years, "by year")):
        for i in range(2):
            sheet_.append([f"{t} {mark} {i}", f"{mark.replace(' ', '')}{i}@{t}.example"])
    book.save(file)
    li = site.sign_in("demo.li")
    look = take(li, "lead", file.read_bytes(), "fair.xlsx")
    asked = li.post(f"/_import/{look['import']}/look", {"sheet": "2026", "header_row": 0}).json
    assert (asked["sheet"], asked["header_row"]) == (3, 0) and [c["header"] for c in asked["columns"]] == ["", ""]
    assert asked["columns"][0]["samples"] == [f"{t} by year 0", f"{t} by year 1"]
    assert li.post(f"/_import/{look['import']}/look", {"sheet": "2027"}).status == 422
    job = lambda sheet_: li.post(f"/_import/{look['import']}/run", {"sheet": sheet_, "header_row": 0, "map": {"0": "name"}, "dry": True})
    named = job("2026") # it was taken for the first sheet
    assert named.status == 422 and list(named.json["error"]["fields"]) == ["sheet"], named
    assert li.job(job(3))["result"]["new"] == 2
    site.stop()
    for sheet_, mark in (("线索", "by name"), ("2026", "by year"), ("2", "by name"), ("2027", None)):
        done = subprocess.run([BUILD / "berth", "import", file, "--table", "lead", "--sheet", sheet_, "--header-row", "0", "--map", "A=name,B=email",
                               "--as", "demo.li", "--dry-run", "--data", site.data], capture_output=True, text=True, timeout=PATIENCE)
        assert (done.returncode == 0) == (mark is not None), done
        assert mark is None or re.search(r"new\s+2", done.stdout), done
    done = subprocess.run([BUILD / "berth", "import", file, "--table", "lead", "--sheet", "2026", "--header-row", "0", "--map", "A=name,B=email",
                           "--as", "demo.li", "--data", site.data], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done
    assert sorted(r["name"] for r in own_site().sign_in("demo.li").rows("lead", filter=["name", "^", t])) == [f"{t} by year 0", f"{t} by year 1"]


def test_imports_of_the_same_records_are_taken_back_in_any_order(people):
    """The first one's undo found that the second had changed its records, and went on finding so when that was taken back."""
    person, t = people["manager"], tag()
    there = [person.made("lead", name=f"{t} {i}", city="Huế") for i in range(2)]
    before = [person.row(f"/lead/{r['id']}") for r in there]
    file = lambda city: take(person, "lead", sheet(["name", "city"], [[r["name"], city] for r in there] + [[f"{t} new", city]]))
    first, second = file("Vinh"), file("Hanoi")
    assert go(person, first, ["name", "city"], mode="both", match=["name"])["updated"] == 2
    assert go(person, second, ["name", "city"], mode="both", match=["name"])["updated"] == 3
    edited = person.row(f"/lead/{there[1]['id']}")
    edited = person.patch(f"/lead/{edited['id']}", edited["version"], {"notes": "by hand"}).json["row"]
    back = lambda look: {k: v for k, v in undo(person, look["import"])["result"].items() if v}
    assert back(first) == {"kept": 3}
    assert back(second) == {"restored": 2, "kept": 1}  # the new one of the first and what nobody edited
    assert back(first) == {"restored": 1, "undone": 1, "kept": 1}
    row = person.row(f"/lead/{there[0]['id']}")
    assert {**row, "version": 1} == before[0] and row["version"] == 5
    assert person.patch(f"/lead/{edited['id']}", edited["version"], {"notes": None}).status == 200
    assert back(second) == {"restored": 1} and back(first) == {"restored": 1}
    assert person.row(f"/lead/{edited['id']}")["city"] == "Huế"


def test_undo_of_a_lead_that_was_converted_waits_until_that_is_taken_back(people):
    person, t = people["li"], tag()
    look = take(person, "lead", sheet(["name", "city"], [[f"{t} a", "Vinh"], [f"{t} b", "Vinh"]]))
    assert go(person, look, ["name", "city"])["new"] == 2
    lead = outcomes(person, look)[2]["record"]
    assert person.post(f"/lead/{lead}/convert", {"into": ["customer", "opportunity"]}).status == 200
    result = undo(person, look["import"])["result"]
    assert (result["undone"], result["kept"]) == (1, 1), result
    assert person.post(f"/lead/{lead}/unconvert").status == 200
    assert undo(person, look["import"])["result"]["undone"] == 1 and person.get(f"/lead/{lead}").status == 404


def test_what_undo_kept_is_not_among_the_rows_that_did_not_go_in(people):
    """It stood there without its cells."""
    person, t = people["manager"], tag()
    look = take(person, "lead", sheet(["name", "city"], [[f"{t} a", "Vinh"], ["", "Kobe"]]))
    assert go(person, look, ["name", "city"])["new"] == 1
    lead = outcomes(person, look)[2]["record"]
    assert person.patch(f"/lead/{lead}", 1, {"city": "Huế"}).status == 200
    assert undo(person, look["import"])["result"]["kept"] == 1
    assert [r[1] for r in csv.reader(io.StringIO(person.get(f"/_import/{look['import']}/rejected.csv").body.decode("utf-8-sig")))] == ["city", "Kobe"]


def test_undo_leaves_what_lies_in_the_bin_names_it_and_takes_it_back_once_it_is_there_again(people):
    """What was updated and then merged away or deleted was told as gone, and stayed changed for good."""
    person, t = people["manager"], tag()
    old = person.made("lead", name=f"{t} old", city="Huế")
    look = take(person, "lead", sheet(["name", "city"], [[old["name"], "Vinh"], [f"{t} new", "Vinh"]]))
    assert go(person, look, ["name", "city"], mode="both", match=["name"])["updated"] == 1
    new = person.rows("lead", filter=["name", "=", f"{t} new"])[0]
    for lead in (old["id"], new["id"]):
        assert person.delete(f"/lead/{lead}").status == 204
    assert undo(person, look["import"])["result"]["kept"] == 2
    kept = person.get(f"/_import/{look['import']}/rows", outcome="kept").json["rows"]
    assert {r["title"] for r in kept} == {f"{t} old", f"{t} new"} and all(r["record"] is None and r["message"] for r in kept), kept
    for lead in (old["id"], new["id"]):
        assert person.post(f"/lead/{lead}/_restore").status == 200
    result = undo(person, look["import"])["result"]
    assert (result["restored"], result["undone"], result["kept"]) == (1, 1, 0), result
    assert person.row(f"/lead/{old['id']}")["city"] == "Huế" and person.get(f"/lead/{new['id']}").status == 404


def test_undo_of_an_import_whose_record_was_merged_leaves_that_alone_until_it_is_split(people):
    person, t = people["manager"], tag()
    kept = person.made("lead", name=f"{t} kept", city="Huế")
    before = person.row(f"/lead/{kept['id']}")
    look = upload(person, text([[f"{t} {i}", "", "", "", "", "VN", ""] for i in range(3)]), "a.csv")
    assert run(person, look)["result"]["new"] == 3
    gone = person.rows("lead", filter=["name", "=", f"{t} 1"])[0]
    assert person.post(f"/lead/{kept['id']}/_merge", {"from": [gone["id"]], "values": {"country": "VN"}}).status == 200
    result = undo(person, look["import"])["result"]
    assert result["undone"] == 2 and result["kept"] + result["gone"] == 1, result
    assert person.post(f"/lead/{kept['id']}/_split").status == 200
    assert person.row(f"/lead/{gone['id']}")["name"] == f"{t} 1"  # nothing was lost
    now = person.row(f"/lead/{kept['id']}")
    assert {k: v for k, v in now.items() if k != "version"} == {k: v for k, v in before.items() if k != "version"}


def test_an_import_that_was_cancelled_keeps_what_went_in_and_goes_on(own_site):
    site = own_site()
    person = site.sign_in("demo.admin")
    count = 30000
    look = upload(person, text([[f"cancel {i} {i * 7919 % 100003} works", "", f"+84 9{i:08d}", "", "", "VN", ""] for i in range(count)]), "big.csv")
    mapping = {str(c["index"]): c["field"] for c in look["columns"] if c["field"]}
    answer = person.post(f"/_import/{look['import']}/run", {"sheet": 0, "header_row": 1, "map": mapping})
    assert until(lambda: person.get(f"/_job/{answer.json['job']}").json["done"] > 0)
    assert person.delete(f"/_job/{answer.json['job']}").status in (200, 202, 204)
    job = person.job(answer)
    db = sqlite3.connect(f"file:{site.data}/berth.db?mode=ro", uri=True)
    there = db.execute("SELECT count(*) FROM lead WHERE name LIKE 'cancel %'").fetchone()[0]
    db.close()
    assert job["result"]["new"] == there
    if job["state"] == "cancelled":
        assert there <= count  # all may have gone in before it was heard
        assert person.post(f"/_job/{answer.json['job']}/retry").status in (200, 202, 204)
        job = person.job(answer)
    assert job["state"] == "done" and job["result"]["new"] == count
    assert undo(person, look["import"])["result"]["undone"] == count


# ---- what hooks did to other records -----------------------------------------------------------------------
HOOKS = """-- Imports of leads set things going elsewhere (a test).
local function customer(name)
  return berth.first("customer", "name = ?", name)
end

on("lead", "before_insert", function(lead)
  if lead.contact == "makes" then
    local c = berth.new("competitor")
    c.name = lead.name .. " rival"
    berth.save(c)
    lead.suppliers = tostring(c.id)
  end
end)

on("lead", "after_insert", function(lead)
  local task = berth.new("task")
  task.subject = "call " .. lead.name
  task.lead_id = lead.id
  berth.save(task)
  local c = customer(lead.city)
  if c then
    c.notes = (c.notes or "") .. "+" .. lead.name
    berth.save(c)
  end
  if lead.contact == "drops" then
    berth.delete(customer(lead.province))
  end
  if lead.contact == "notes" then
    berth.call("POST /lead/" .. lead.id .. "/_note", {text = "from the fair"})
  end
  local own = berth.load("lead", lead.id)
  own.wechat = "by a hook"
  berth.save(own)
end)

on("lead", "after_update", function(lead)
  if lead.zalo == nil and lead.contact ~= nil then
    local c = customer(lead.city)
    if c then
      c.notes = (c.notes or "") .. "=" .. lead.contact
      berth.save(c)
    end
    local task = berth.new("task")
    task.subject = "again " .. lead.name
    task.lead_id = lead.id
    berth.save(task)
    local own = berth.load("lead", lead.id)
    own.zalo = "seen " .. lead.contact
    berth.save(own)
  end
end)
"""
FIELDS = ["name", "contact", "city", "province"]


@pytest.fixture
def hooked(own_site):
    """A server whose leads set things going elsewhere; a customer that they change, one that goes, and two leads."""
    site = own_site("--rule-time", "10s").without_daily_timers()
    person, t = site.sign_in("demo.admin"), tag()
    shared = person.made("customer", name=f"{t} Harbour")
    gone = person.made("customer", name=f"{t} Gone")
    person.made("customer_year", customer_id=gone["id"], year=2025)
    leads = [person.made("lead", name=f"{t} old {i}", city=f"{t} Harbour") for i in range(2)]
    (site.data.parent / "scripts" / "hooks" / "leads.lua").write_text(HOOKS)
    assert person.post("/_script/_reload").json["problems"] == []
    return site, person, t, shared, gone, leads


def imported(person, t):
    rows = [[f"{t} n{i}", "", f"{t} Harbour", ""] for i in range(30)]
    rows += [[f"{t} maker", "makes", f"{t} Harbour", ""], [f"{t} dropper", "drops", "", f"{t} Gone"], [f"{t} noted", "notes", "", ""]]
    rows += [[f"{t} old 0", "Mai", "", ""], [f"{t} old 1", "Lan", "", ""]]
    look = take(person, "lead", sheet(FIELDS, rows))
    return look, go(person, look, FIELDS, mode="both", match=["name"])


def test_undo_takes_back_what_hooks_did_to_other_records(hooked):
    site, person, t, shared, gone, leads = hooked
    before = dump(site)
    look, result = imported(person, t)
    assert (result["new"], result["updated"]) == (33, 2), [r["message"] for r in outcomes(person, look).values() if r["outcome"] not in ("new", "updated")]
    assert person.row(f"/customer/{shared['id']}")["notes"].count("+") == 31 and person.get(f"/customer/{gone['id']}").status == 404
    assert len(person.rows("task", filter=["subject", "^", "call"])) >= 33
    result = undo(person, look["import"])["result"]
    assert (result["undone"], result["restored"], result["kept"], result["gone"]) == (33, 2, 0, 0), result
    assert result["others"] > 60
    assert unlike(before, dump(site)) == {}
    assert person.row(f"/customer/{gone['id']}")["name"] == f"{t} Gone"
    assert person.rows("customer_year", filter=["customer_id", "=", gone["id"]])[0]["year"] == 2025
    assert until(lambda: person.hits(f"{t} Gone").json["results"])
    look, result = imported(person, t)  # and all of it once more
    assert (result["new"], result["updated"]) == (33, 2), result


def test_undo_leaves_alone_what_was_changed_since_a_hook_made_it_and_names_it(hooked):
    site, person, t, shared, gone, leads = hooked
    look, result = imported(person, t)
    lead, other, edited = (person.rows("lead", filter=["name", "=", f"{t} n{i}"])[0] for i in (3, 4, 5))
    now = person.row(f"/lead/{edited['id']}")
    assert person.patch(f"/lead/{edited['id']}", now["version"], {"rating": "hot"}).status == 200
    alone, = [x for x in person.rows("task", filter=["lead_id", "=", edited["id"]]) if x["subject"].startswith("call")]
    task = person.rows("task", filter=["lead_id", "=", lead["id"]])[0]
    now = person.row(f"/task/{task['id']}")
    assert person.patch(f"/task/{task['id']}", now["version"], {"subject": "called them"}).status == 200
    customer = person.row(f"/customer/{shared['id']}")
    assert person.patch(f"/customer/{shared['id']}", customer["version"], {"city": "Kobe"}).status == 200
    result = undo(person, look["import"])["result"]
    assert (result["undone"], result["restored"]) == (31, 2), result
    assert person.row(f"/task/{task['id']}")["subject"] == "called them" and person.row(f"/lead/{lead['id']}")["name"] == f"{t} n3"
    assert person.get(f"/lead/{other['id']}").status == 404
    stays = person.row(f"/customer/{shared['id']}")
    assert stays["city"] == "Kobe" and stays["notes"] == customer["notes"]
    kept = person.get(f"/_import/{look['import']}/rows", outcome="kept").json["rows"]
    assert {(k["table"] or "lead", k["record"]) for k in kept} == {("lead", lead["id"]), ("task", task["id"]), ("customer", shared["id"]),
                                                                    ("lead", edited["id"]), ("task", alone["id"])}, kept
    assert all(k["message"] for k in kept) and len(kept) == result["kept"], kept
    assert {k["title"] for k in kept if k["table"]} == {"called them", f"{t} Harbour", f"call {t} n5"}
    person.delete(f"/task/{task['id']}")
    result = undo(person, look["import"])["result"]  # when that is settled
    assert result["undone"] == 1 and person.get(f"/lead/{lead['id']}").status == 404


@pytest.fixture
def figures(own_site):
    """A cooperation with three months' figures, two of them imported; its sum is kept by a plugin's hook."""
    site = own_site()
    person, t = site.sign_in("demo.admin"), tag()
    coop = person.made("cooperation", name=f"{t} Lines")
    fields = ["cooperation_id", "month_on", "given_teu"]
    look = take(person, "cooperation_figure", sheet(fields, [[coop["id"], "2026-01-01", 10], [coop["id"], "2026-02-01", 20]]))
    assert go(person, look, fields)["new"] == 2
    path = f"/cooperation/{coop['id']}"
    assert person.row(path)["given_teu"] == 30
    return site, person, look, path


def months(person, path):
    return [r["month_on"] for r in person.rows("cooperation_figure", filter=["cooperation_id", "=", int(path.split("/")[-1])], sort="month_on")]


def test_undo_makes_sums_anew_that_it_cannot_put_back(figures):
    site, person, look, path = figures
    person.made("cooperation_figure", cooperation_id=int(path.split("/")[-1]), month_on="2026-03-01", given_teu=5)
    assert person.row(path)["given_teu"] == 35
    assert undo(person, look["import"])["result"]["undone"] == 2
    assert months(person, path) == ["2026-03-01"]
    assert person.row(path)["given_teu"] == 5


def test_undo_makes_sums_anew_of_an_import_that_noted_nothing(figures):
    """As of imports that went in with a version that took no notes."""
    site, person, look, path = figures
    assert site.stop() == 0
    with sqlite3.connect(site.data / "berth.db") as db:
        assert db.execute("DELETE FROM import_touch WHERE import_id = ?", [look["import"]]).rowcount > 0
    site.start()
    person = site.sign_in("demo.admin")
    assert undo(person, look["import"])["result"]["undone"] == 2
    assert months(person, path) == [] and person.row(path)["given_teu"] == 0


def test_an_undo_with_hooks_that_was_cut_off_goes_on(hooked):
    site, person, t, shared, gone, leads = hooked
    before = dump(site)
    look, result = imported(person, t)
    result = undone_over_a_kill(site, person, look, 0)[1]["result"]
    assert (result["undone"], result["restored"], result["kept"]) == (33, 2, 0), result
    assert unlike(before, dump(site)) == {}


# ---- columns of every table ------------------------------------------------------------------------------------
@pytest.mark.parametrize("table,header,fields", [
    ("customer", ["公司名称", "联系电话", "所在城市", "电子邮箱", "国别"], ["name", "phone", "city", "email", "country"]),
    ("customer", ["公司名稱", "電話", "傳真", "信箱"], ["name", "phone", "fax", "email"]),
    ("customer", ["Company", "Tel", "E-mail", "Website"], ["name", "phone", "email", "website"]),
    ("customer", ["Tên công ty", "Điện thoại", "Địa chỉ"], ["name", "phone", "address"]),
    ("contact", ["联系人", "公司名称", "手机号", "职务"], ["name", "customer_id", "mobile", "position"]),
    ("contact", ["Full name", "Company", "Mobile phone", "Email address"], ["name", "customer_id", "mobile", "email"]),
    ("opportunity", ["商机名称", "公司名称", "预计成交日期"], ["name", "customer_id", "close_on"]),
    ("opportunity", ["Deal name", "Account", "Expected close date"], ["name", "customer_id", "close_on"]),
    ("activity", ["主题", "类型", "客户名称", "日期"], ["subject", "kind", "customer_id", "start_at"]),
    ("activity", ["Chủ đề", "Loại", "Khách hàng", "Ngày"], ["subject", "kind", "customer_id", "start_at"]),
])
def test_columns_find_their_fields_in_every_table_as_people_call_them(people, table, header, fields):
    look = take(people["li"], table, sheet(header, [["" for _ in header[1:]] + ["2026"]]))
    assert [c["field"] for c in look["columns"]] == fields
