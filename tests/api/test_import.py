"""Imports: every row told, duplicates found by every key, nothing written by a dry run."""
import csv
import io
import itertools
import sqlite3

import openpyxl
import pytest

from site_ import until

number = itertools.count(1)
SLOW = """-- Takes its time over each lead
on('lead', 'before_insert', function(lead)
  local n = 0
  for i = 1, 1500000 do n = n + i end
end)
"""
HEADER = ["公司名称", "联系人", "电话", "传真", "邮箱", "国家", "备注栏"]


def tag():
    return f"imp{next(number)}q{id(number) % 9973}"


def xlsx(rows, header=HEADER):
    book = openpyxl.Workbook()
    for row in [header, *rows]:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def text(rows, header=HEADER, encoding="utf-8", separator=","):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    writer.writerows([header, *rows])
    return out.getvalue().encode(encoding)


def upload(person, data, name="leads.xlsx"):
    answer = person.ask("POST", "/_import/lead", raw=data, name=name)
    assert answer.status == 201, answer
    return answer.json


def run(person, look, dry=False, **options):
    mapping = {str(c["index"]): c["field"] for c in look["columns"] if c["field"]}
    return person.job(person.post(f"/_import/{look['import']}/run", {
        "sheet": look["sheet"], "header_row": look["header_row"], "map": mapping, "dry": dry, **options}))


def outcomes(person, look):
    rows, after = {}, ""
    while after is not None:
        page = person.get(f"/_import/{look['import']}/rows", after=after or "0").json
        rows.update({r["row"]: r for r in page["rows"]})
        after = page["next"]
    return rows


def test_each_row_is_new_duplicate_or_invalid_and_says_why(people):
    person, t = people["lan"], tag()
    there = person.made("lead", name=f"Công ty TNHH {t} Hàng Hải", phone="028 3822 4455", fax="028 3822 4456",
                        email=f"sales@{t}.com.vn", country="VN")
    look = upload(person, xlsx([
        [f"{t} Mới", "Lan", "0903 123 987", None, f"new@{t}.vn", "VN", "x"],
        [f"CTY TNHH {t} HÀNG HẢI", None, None, None, None, "VN", None],
        [f"{t} hai", None, "+84 (28) 3822-4455", None, None, "VN", None],
        [f"{t} ba", None, None, "0084 28 38224456", None, "VN", None],
        [f"{t} bốn", None, None, None, f"SALES@{t.upper()}.COM.VN", "VN", None],
        [None, "Ai", "0903 111 222", None, None, "VN", None],
        [f"{t} năm", None, None, None, "khong phai email", "VN", None],
        [f"{t} mới", None, None, None, None, "VN", None],
    ]))
    assert [c["field"] for c in look["columns"]][:6] == ["name", "contact", "phone", "fax", "email", "country"]
    before = len(person.rows("lead"))
    dry = run(person, look, dry=True)
    assert dry["state"] == "done" and len(person.rows("lead")) == before
    job = run(person, look)
    assert job["result"] == {**dry["result"], "dry": False}
    assert {k: job["result"][k] for k in ("new", "duplicate", "invalid", "rows")} == {"new": 1, "duplicate": 5, "invalid": 2, "rows": 8}
    rows = outcomes(person, look)
    assert rows[2]["outcome"] == "new" and person.row(f"/lead/{rows[2]['record']}")["email"] == f"new@{t}.vn"
    for row, key in ((3, "name"), (4, "phone"), (5, "fax"), (6, "email")):
        assert rows[row]["outcome"] == "duplicate" and rows[row]["record"] == there["id"] and rows[row]["by"] == [key], rows[row]
    assert rows[7]["field"] == "name" and rows[7]["cell"] == "A7"
    assert rows[8]["field"] == "email" and rows[8]["cell"] == "E8" and rows[8]["message"]
    assert rows[9]["same_as"] == 2
    again = run(person, look)
    assert again["result"]["new"] == 0  # the same file once more changes nothing


def test_new_rows_are_named_to_whoever_sees_them_now(people):
    li, t = people["li"], tag()
    look = upload(li, text([[f"{t} one", "", "", "", "", "CN", ""], [f"{t} two", "", "", "", "", "CN", ""]]), "a.csv")
    run(li, look, dry=True)
    assert [r["title"] for r in outcomes(li, look).values()] == [None, None]  # nothing is there yet
    run(li, look)
    told = outcomes(li, look)
    assert [told[row]["title"] for row in (2, 3)] == [f"{t} one", f"{t} two"]
    away = people["admin"].row(f"/lead/{told[2]['record']}")
    assert people["admin"].patch(f"/lead/{away['id']}", away["version"], {"owner_id": people["minh"].user["id"]}).status == 200
    assert li.get(f"/lead/{away['id']}").status == 404
    assert [r["title"] for r in outcomes(li, look).values()] == [None, f"{t} two"]


def test_rows_that_did_not_go_in_come_back_with_the_reason(people):
    person, t = people["lan"], tag()
    look = upload(person, text([[f"{t} one", "", "", "", "bad address", "VN", "=1+1"], [f"{t} two", "", "", "", "", "VN", "ok"]]), "leads.csv")
    run(person, look)
    answer = person.get(f"/_import/{look['import']}/rejected.xlsx")
    assert answer.status == 200 and "attachment" in answer.headers["Content-Disposition"]
    sheet = openpyxl.load_workbook(io.BytesIO(answer.body)).active
    rows = [[c.value for c in row] for row in sheet.iter_rows()]
    assert rows[0][:7] == HEADER and len(rows) == 2
    assert rows[1][0] == f"{t} one" and rows[1][4] == "bad address" and rows[1][7]
    back = person.get(f"/_import/{look['import']}/rejected.csv").body.decode("utf-8-sig")
    assert f"{t} one" in back and f"{t} two" not in back


@pytest.mark.parametrize("encoding,separator", [("utf-8", ","), ("utf-8-sig", ";"), ("utf-16", "\t"), ("gb18030", ","), ("big5", ",")])
def test_text_files_of_every_kind_read_the_same(people, encoding, separator):
    person, t = people["manager"], tag()
    header = ["公司名稱", "電話"] if encoding == "big5" else ["公司名称", "电话"]
    rows = [[f"{t}臺灣運通 {i}", f"02-2765{1000 + next(number) * 7 % 8999}"] for i in range(6)] if encoding == "big5" else \
           [[f"{t}深圳货运 {i}", f"0755-2765{1000 + next(number) * 7 % 8999}"] for i in range(6)]
    look = upload(person, text(rows, header, encoding, separator), "leads.csv")
    assert [c["field"] for c in look["columns"]] == ["name", "phone"], look["columns"]
    assert run(person, look)["result"]["new"] == 6
    found = person.rows("lead", filter=["name", "^", t], sort="name")
    assert [r["name"] for r in found] == [r[0] for r in rows] and [r["phone"] for r in found] == [r[1] for r in rows]


def test_numbers_that_excel_made_of_phones_come_out_whole(people):
    person, t = people["manager"], tag()
    phone = 13800000000 + next(number) * 7919 + id(number) % 100000
    look = upload(person, xlsx([[f"{t} cell", None, phone, None, None, "CN", None]]))
    run(person, look)
    assert person.rows("lead", filter=["name", "^", t])[0]["phone"] == str(phone)


def test_update_changes_the_one_record_that_matches(people):
    person, t = people["lan"], tag()
    there = person.made("lead", name=f"{t} Logistics", city="Huế", email=f"a@{t}.vn")
    look = upload(person, xlsx([[f"{t} LOGISTICS", "Chị Hoa", None, None, None, None, None], [f"{t} Logistics Co., Ltd", "Chị Hoa", None, None, None, None, None]]))
    job = run(person, look, duplicates="update")
    assert (job["result"]["updated"], job["result"]["duplicate"]) == (1, 1) and outcomes(person, look)[3]["same_as"] == 2
    row = person.row(f"/lead/{there['id']}")
    assert row["contact"] == "Chị Hoa" and row["city"] == "Huế" and row["email"] == f"a@{t}.vn"  # empty cells leave what is there


def test_hostile_and_odd_files_are_refused_with_a_reason(people):
    person = people["manager"]
    for data in (b"PK\x03\x04 broken", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 not really", b"%PDF-1.7 x", b"a,b\n\"open", b"<html><table></table></html>"):
        answer = person.ask("POST", "/_import/lead", raw=data, name="x.xlsx")
        assert answer.status == 422 and answer.json["error"]["message"], data
    assert person.ask("POST", "/_import/lead", raw=b"", name="x.csv").status in (411, 422)


def test_imports_belong_to_whoever_made_them(people):
    look = upload(people["lan"], text([["x", "", "", "", "", "", ""]]), "x.csv")
    for path in (f"/_import/{look['import']}/rows", f"/_import/{look['import']}/rejected.csv"):
        assert people["li"].get(path).status == 404
    assert people["li"].post(f"/_import/{look['import']}/run", {"map": {"0": "name"}}).status == 404


def test_a_required_field_without_a_column_is_told_before_the_run(people):
    look = upload(people["lan"], text([["x", "", "", "", "", "", ""]]), "x.csv")
    answer = people["lan"].post(f"/_import/{look['import']}/run", {"sheet": 0, "header_row": 1, "map": {"1": "contact"}})
    assert answer.status == 422 and "name" in answer.json["error"]["fields"]
    answer = people["lan"].post(f"/_import/{look['import']}/run", {"sheet": 0, "header_row": 1, "map": {"0": "name", "1": "name"}})
    assert answer.status == 422


def over_a_kill(site, person, answer, past=0):
    """A job that a kill cuts off once more than `past` rows are done; who sees to it then, and the job at its end."""
    assert until(lambda: person.get(f"/_job/{answer.json['job']}").json["done"] > past)
    site.kill()
    site.start()
    person = site.sign_in("demo.admin")
    return person, person.job(answer)


def test_a_cut_off_import_goes_on_where_it_was_and_doubles_nothing(own_site):
    site = own_site()
    person = site.sign_in("demo.admin")
    count = 20000
    data = text([[f"crash {i} {i * 7919 % 100003} works", "", f"+84 9{i:08d}", "", "", "VN", ""] for i in range(count)])
    look = upload(person, data, "big.csv")
    mapping = {str(c["index"]): c["field"] for c in look["columns"] if c["field"]}
    person, job = over_a_kill(site, person, person.post(f"/_import/{look['import']}/run", {"sheet": 0, "header_row": 1, "map": mapping}))
    assert job["state"] == "done" and job["result"]["new"] == count and job["result"]["rows"] == count, job
    found = person.get("/lead", filter=["name", "^", "crash "], count=1).json
    assert found["total"] == 10000 and found["total_exact"] is False
    bottom = person.get("/lead", filter=["name", "^", "crash "], sort="name", limit=1).json["rows"]
    assert len(bottom) == 1
    again = run(person, upload(person, data, "big.csv"))
    assert again["result"]["new"] == 0 and again["result"]["duplicate"] == count  # the keys of all rows were kept


@pytest.mark.parametrize("mode,match,there", [("create", [], 0), ("both", [], 5000), ("both", ["name"], 5000)])
def test_a_cut_off_import_tells_the_same_of_rows_whose_like_went_in_before_the_cut(own_site, mode, match, there):
    """Going on, it found the record that a row before the cut had made or changed, and changed it."""
    site = own_site()
    person = site.sign_in("demo.admin")
    header, names = ["name", "city"], [f"like {i} {i * 7919 % 100003} works" for i in range(10000)]
    if there:
        assert run(person, upload(person, text([[n, "Kobe"] for n in names[:there]], header), "old.csv"))["result"]["new"] == there
    pool = next(p["id"] for p in person.rows("pool") if p["on_table"] == "lead" and p["active"])
    look = upload(person, text([[n, "Vinh"] for n in names] + [[n, "Ninh"] for n in names], header), "big.csv")
    mapping = {str(c["index"]): c["field"] for c in look["columns"]}
    options = {"sheet": 0, "header_row": 1, "map": mapping, "mode": mode, "match": match, "pool_id": pool}
    person, job = over_a_kill(site, person, person.post(f"/_import/{look['import']}/run", options))
    result = job["result"]
    assert (result["new"], result["updated"], result["duplicate"]) == (10000 - there, there, 10000), result
    assert {r["city"] for r in person.rows("lead", filter=["name", "^", "like "], fields="city", limit=500)} == {"Vinh"}
    told = outcomes(person, look)
    assert all(told[n + 10000]["same_as"] == n for n in range(2, 10002, 997))
    assert undo(person, look["import"])["result"]["kept"] == 0
    assert {r["city"] for r in person.rows("lead", filter=["name", "^", "like "], fields="city", limit=500)} == ({"Kobe"} if there else set())


def test_a_cut_off_dry_run_tells_the_same(own_site):
    """It went on without the rows before the cut, and told those of the same companies as new."""
    site = own_site()
    person = site.sign_in("demo.admin")
    names = [f"like {i} {i * 7919 % 100003} works" for i in range(20000)]
    look = upload(person, text([[n, "Vinh"] for n in names + names], ["name", "city"]), "big.csv")
    mapping = {str(c["index"]): c["field"] for c in look["columns"]}
    answer = person.post(f"/_import/{look['import']}/run", {"sheet": 0, "header_row": 1, "map": mapping, "dry": True})
    person, job = over_a_kill(site, person, answer)
    assert [job["result"][b] for b in ("new", "duplicate", "rows")] == [20000, 20000, 40000], job


def test_rows_of_an_import_that_was_cut_off_for_good_are_duplicates_all_the_same(own_site):
    site = own_site()
    person = site.sign_in("demo.admin")
    data = text([[f"cutoff {i} {i * 7919 % 100003} works", "", f"+84 8{i:08d}", "", "", "VN", ""] for i in range(20000)])
    look = upload(person, data, "big.csv")
    mapping = {str(c["index"]): c["field"] for c in look["columns"] if c["field"]}
    answer = person.post(f"/_import/{look['import']}/run", {"sheet": 0, "header_row": 1, "map": mapping})
    assert until(lambda: person.get(f"/_job/{answer.json['job']}").json["done"] > 0)
    site.kill()
    db = sqlite3.connect(site.data / "berth.db")
    db.execute("UPDATE job SET tries = 3 WHERE kind = 'import'")  # it will not be tried again
    db.commit()
    phones = [r[0] for r in db.execute("SELECT phone FROM lead WHERE name LIKE 'cutoff %' ORDER BY id")]
    db.close()
    site.start()
    person = site.sign_in("demo.admin")
    assert person.get(f"/_job/{answer.json['job']}").json["state"] == "failed" and len(phones) > 0
    for phone in (phones[0], phones[-1]):
        again = person.post("/lead", {"name": f"{tag()} other", "phone": phone, "country": "VN"})
        assert again.status == 409 and again.code == "duplicate", again
    result = run(person, upload(person, text([[f"{tag()} third", "", phones[-1], "", "", "VN", ""]]), "next.csv"))["result"]
    assert result["duplicate"] == 1
    again = person.post("/lead", {"name": f"{tag()} fourth", "phone": phones[0], "country": "VN"})
    assert again.status == 409 and again.code == "duplicate", again


def keys(site):
    db = sqlite3.connect(f"file:{site.data}/berth.db?mode=ro", uri=True)
    staged, sorted_in = db.execute("SELECT (SELECT count(*) FROM dup_part), (SELECT count(*) FROM dup_key)").fetchone()
    db.close()
    return staged, sorted_in


def test_keys_of_an_import_are_known_at_once_and_sorted_in_when_nothing_else_is_to_do(own_site):
    site = own_site()
    person = site.sign_in("demo.admin")
    mark, before = tag(), keys(site)[1]
    phone = lambda i: f"+84 7{i:08d}"
    look = upload(person, text([[f"{mark} {i} {i * 7919 % 100003} works", "", phone(i), "", "", "VN", ""] for i in range(5000)]))
    assert run(person, look)["result"]["new"] == 5000

    def known(i):
        answer = person.post("/lead", {"name": f"{tag()} other", "phone": phone(i), "country": "VN"})
        return answer.status == 409 and answer.code == "duplicate"

    assert known(1) and known(4999)
    until(lambda: keys(site)[0] == 0)
    staged, sorted_in = keys(site)
    assert staged == 0 and sorted_in == before + 10000 and known(1) and known(4999)
    assert undo(person, look["import"])["result"]["undone"] == 5000
    assert keys(site) == (0, before) and not known(1)


def test_an_undo_right_behind_an_import_takes_its_keys_along(own_site):
    site = own_site()
    person = site.sign_in("demo.admin")
    mark, before = tag(), keys(site)[1]
    look = upload(person, text([[f"{mark} {i} works", "", f"+84 6{i:08d}", "", "", "VN", ""] for i in range(3000)]))
    assert run(person, look)["result"]["new"] == 3000
    assert undo(person, look["import"])["result"]["undone"] == 3000
    assert keys(site) == (0, before)


def test_a_slow_hook_ends_a_slice_of_an_import_early(own_site):
    site = own_site("--rule-time", "10s")
    person = site.sign_in("demo.admin")
    (site.data.parent / "scripts" / "hooks" / "slow.lua").write_text(SLOW)
    assert person.post("/_script/_reload").json["problems"] == []
    result = run(person, upload(person, text([[f"{tag()} slow {i}", "", "", "", "", "VN", ""] for i in range(48)]), "slow.csv"))
    assert result["result"]["new"] == 48
    db = sqlite3.connect(site.data / "berth.db")
    slices = db.execute("SELECT count(*) FROM import_part").fetchone()[0]
    db.close()
    assert slices > 48 / 16, slices  # each has a line of its own


# ---- words of the file, modes, mappings ------------------------------------------------------------------
def dump(site_or_person, table="lead"):
    """What a table holds, without what only counts how often it was touched."""
    rows = site_or_person.rows(table, sort="id", limit=500)
    return [{k: v for k, v in r.items() if k != "version"} for r in rows]


def test_words_of_the_file_are_listed_once_and_mean_what_the_user_says(people):
    person, t = people["manager"], tag()
    rows = [[f"{t} {i}", "", "", "", "", "大陆" if i < 3 else "VN" if i < 5 else "火星", ""] for i in range(6)]
    look = upload(person, text(rows), "a.csv")
    dry = run(person, look, dry=True)["result"]
    words = {v["value"]: v for v in dry["values"]}
    assert words["大陆"]["known"] is False and words["大陆"]["rows"] == 3 and words["大陆"]["field"] == "country"
    assert words["VN"]["to"] == "VN" and words["VN"]["known"] is True and dry["invalid"] == 4
    result = run(person, look, values={"country": {"大陆": "CN", "火星": None}})["result"]
    assert result["new"] == 6 and result["invalid"] == 0
    found = {r["name"]: r["country"] for r in person.rows("lead", filter=["name", "^", t])}
    assert found[f"{t} 0"] == "CN" and found[f"{t} 5"] is None


def test_the_next_file_with_these_headers_is_read_the_same_way(people):
    person, t = people["lan"], tag()
    header = ["Kopf Wer", "Kopf Land", "Kopf Sonst"]
    look = upload(person, text([[f"{t} a", "Inland", "x"]], header), "a.csv")
    assert look["columns"][0]["field"] is None and look["mapping"] is None
    answer = person.post(f"/_import/{look['import']}/run", {
        "sheet": 0, "header_row": 1, "map": {"0": "name", "1": "country"}, "values": {"country": {"Inland": "VN"}},
        "save_as": {"name": f"Messe {t}", "shared": True}})
    assert person.job(answer)["result"]["new"] == 1
    again = upload(person, text([["x", f"{t} b", "Inland"]], [header[2], header[0], header[1]]), "b.csv")  # other order
    assert [c["field"] for c in again["columns"]] == [None, "name", "country"]
    assert again["mapping"]["values"] == {"country": {"Inland": "VN"}}
    theirs = upload(people["manager"], text([[f"{t} c", "Inland", ""]], header), "c.csv")
    assert theirs["mapping"]["name"] == f"Messe {t}" and theirs["columns"][1]["field"] == "country"
    fresh = people["manager"].post(f"/_import/{theirs['import']}/look", {"mapping": None}).json
    assert fresh["mapping"] is None and fresh["columns"][0]["field"] is None
    mine = next(m for m in again["mappings"] if m["name"] == f"Messe {t}")
    assert people["manager"].delete(f"/_import_map/{mine['id']}").status == 404
    assert person.delete(f"/_import_map/{mine['id']}").status == 204
    assert upload(people["manager"], text([["d", "", ""]], header), "d.csv")["mapping"] is None


def test_update_by_id_and_by_a_combination_of_fields_creates_nothing(people):
    person, t = people["lan"], tag()
    a = person.made("lead", name=f"{t} A", city="Huế", contact="Mai")
    b = person.made("lead", name=f"{t} B", city="Vinh", contact="Mai")
    look = upload(person, text([[str(a["id"]), "Đà Nẵng"], ["999999999", "x"]], ["id", "city"]), "a.csv")
    answer = person.post(f"/_import/{look['import']}/run", {"sheet": 0, "header_row": 1, "map": {"0": "id", "1": "city"},
                                                            "mode": "update", "match": ["id"]})
    result = person.job(answer)["result"]
    assert (result["updated"], result["missing"], result["new"]) == (1, 1, 0)
    assert person.row(f"/lead/{a['id']}")["city"] == "Đà Nẵng"
    look = upload(person, text([["Vinh", "MAI", "hot"]], ["city", "contact", "rating"]), "b.csv")
    answer = person.post(f"/_import/{look['import']}/run", {"sheet": 0, "header_row": 1, "mode": "update",
                                                            "map": {"0": "city", "1": "contact", "2": "rating"}, "match": ["city", "contact"]})
    result = person.job(answer)["result"]
    assert result["updated"] + result["held"] + result["conflict"] == 1 and result["new"] == 0
    if result["updated"]:
        assert person.row(f"/lead/{b['id']}")["rating"] == "hot"
    refused = person.post(f"/_import/{look['import']}/run", {"sheet": 0, "header_row": 1, "mode": "update", "map": {"0": "city"}, "match": ["contact"]})
    assert refused.status == 422 and "contact" in refused.json["error"]["fields"]


def test_what_is_there_is_told_apart_by_who_has_it(people):
    lan, manager, t = people["lan"], people["manager"], tag()
    lan.made("lead", name=f"{t} of Lan")
    pool = next(p["id"] for p in people["admin"].rows("pool") if p["on_table"] == "lead" and p["active"])
    people["admin"].made("lead", name=f"{t} of nobody", pool_id=pool)
    data = text([[f"{t} of Lan", "", "", "", "", "", ""], [f"{t} of nobody", "", "", "", "", "", ""], [f"{t} new", "", "", "", "", "", ""]])
    look = upload(manager, data, "a.csv")
    assert manager.user["id"] != lan.user["id"]
    look = upload(people["admin"], data, "a.csv")
    result = run(people["admin"], look, dry=True)["result"]
    assert (result["held"], result["pool"], result["new"]) == (1, 1, 1)
    look = upload(people["li"], data, "a.csv")
    run(people["li"], look, dry=True)
    row = outcomes(people["li"], look)[2]
    assert row["outcome"] == "held" and row["record"] in (None, 0) and not row["title"] and "Lan" not in row["message"]


def test_who_no_longer_sees_a_record_is_no_longer_told_of_it_by_an_old_import(people):
    """The result named it, and its owner, for good."""
    manager, li, admin, t = people["manager"], people["li"], people["admin"], tag()
    lead = li.made("lead", name=f"{t} Kept Secret Ltd", phone=f"0769 8{next(number):07d}", country="CN")
    customer = li.made("customer", name=f"{t} Other Secret Ltd", phone=f"0769 7{next(number):07d}", country="CN")
    look = upload(manager, text([[f"{t} one", "", lead["phone"], "", "", "CN", ""], [f"{t} two", "", customer["phone"], "", "", "CN", ""]]), "a.csv")
    run(manager, look, dry=True)
    file = lambda person, kind: person.get(f"/_import/{look['import']}/rejected.{kind}").body
    told = outcomes(manager, look)
    assert (told[2]["record"], told[2]["title"], told[2]["outcome"]) == (lead["id"], lead["name"], "held") and li.user["name"] in told[2]["message"], told
    assert (told[3]["record"], told[3]["title"], told[3]["outcome"]) == (customer["id"], customer["name"], "elsewhere"), told
    assert "Secret" in file(manager, "csv").decode("utf-8-sig")
    for table, row in (("lead", lead), ("customer", customer)):
        now = admin.row(f"/{table}/{row['id']}")
        assert admin.patch(f"/{table}/{row['id']}", now["version"], {"owner_id": people["minh"].user["id"]}).status == 200
        assert manager.get(f"/{table}/{row['id']}").status == 404
    now = outcomes(manager, look)
    for row in (2, 3):
        assert (now[row]["record"], now[row]["title"], now[row]["outcome"], now[row]["by"]) == (None, None, told[row]["outcome"], ["phone"]), now[row]
        assert now[row]["message"] and "Secret" not in now[row]["message"] and li.user["name"] not in now[row]["message"], now[row]
    assert "Secret" not in file(manager, "csv").decode("utf-8-sig") and b"Secret" not in file(manager, "csv")
    sheet = openpyxl.load_workbook(io.BytesIO(file(manager, "xlsx"))).active
    assert not any("Secret" in str(c.value) for r in sheet.iter_rows() for c in r)
    assert outcomes(admin, look)[2]["title"] == lead["name"]  # an administrator sees it
    assert people["zhang"].get(f"/_import/{look['import']}/rows").status == 404
    assert people["zhang"].get(f"/_import/{look['import']}/rejected.csv").status == 404


# ---- undo --------------------------------------------------------------------------------------------------
def undo(person, imported):
    return person.job(person.post(f"/_import/{imported}/undo"))


def test_undo_leaves_the_table_as_it_was(people):
    person, t = people["manager"], tag()
    there = person.made("lead", name=f"{t} there", city="Huế", phone=f"09{next(number):08d}")
    before = dump(person)
    look = upload(person, text([[f"{t} there", "Mai", "", "", "", "VN", ""], [f"{t} THERE", "Hoa", "", "", "", "", ""]]
                               + [[f"{t} n{i}", "", f"+84 8{next(number):08d}", "", "", "VN", ""] for i in range(50)]), "a.csv")
    result = run(person, look, mode="both", match=["name"])["result"]
    assert (result["new"], result["updated"], result["duplicate"]) == (50, 1, 1)
    job = undo(person, look["import"])
    assert job["state"] == "done" and job["result"]["undone"] == 50 and job["result"]["restored"] == 1 and job["result"]["kept"] == 0, job
    assert dump(person) == before
    assert person.hits(f"{t} n7").json["results"] == []
    assert run(person, upload(person, text([[f"{t} n1", "", "", "", "", "", ""]]), "b.csv"))["result"]["new"] == 1  # its keys went too
    past = person.get("/_import/lead").json["imports"]
    assert next(p for p in past if p["import"] == look["import"])["undone_at"]
    assert there["id"] == person.rows("lead", filter=["name", "^", f"{t} there"])[0]["id"]


def test_undo_keeps_what_was_worked_on_since_and_names_it(people):
    person, t = people["manager"], tag()
    old = person.made("lead", name=f"{t} old", city="Huế")
    look = upload(person, text([[f"{t} old", "Mai", "", "", "", "", ""]] + [[f"{t} {i}", "", "", "", "", "", ""] for i in range(4)]), "a.csv")
    assert run(person, look, mode="both")["result"]["new"] == 4
    rows = outcomes(person, look)
    edited, used = rows[3]["record"], rows[4]["record"]
    person.patch(f"/lead/{edited}", 1, {"city": "Vinh"})
    assert person.post(f"/lead/{used}/log", {"kind": "call", "note": "called"}).status == 200
    person.patch(f"/lead/{old['id']}", 2, {"city": "Vinh"})
    result = undo(person, look["import"])["result"]
    assert (result["undone"], result["restored"], result["kept"]) == (2, 0, 3)
    kept = person.get(f"/_import/{look['import']}/rows", outcome="kept").json["rows"]
    assert {r["record"] for r in kept} == {edited, used, old["id"]}
    assert {r["title"] for r in kept} == {f"{t} old", f"{t} 0", f"{t} 1"} and all(r["message"] and r["table"] is None for r in kept), kept
    assert person.row(f"/lead/{edited}")["city"] == "Vinh" and person.row(f"/lead/{old['id']}")["contact"] == "Mai"
    assert person.get(f"/lead/{rows[5]['record']}").status == 404
    told = next(p for p in person.get("/_import/lead").json["imports"] if p["import"] == look["import"])
    assert told["undone_at"] and told["undo"]["kept"] == 3, told


def test_who_may_not_see_a_record_that_undo_kept_is_told_only_why(people):
    person, t = people["li"], tag()
    look = upload(person, text([[f"{t} gone", "", "", "", "", "", ""]]), "a.csv")
    assert run(person, look)["result"]["new"] == 1
    lead = outcomes(person, look)[2]["record"]
    now = people["admin"].row(f"/lead/{lead}")
    assert people["admin"].patch(f"/lead/{lead}", now["version"], {"owner_id": people["zhang"].user["id"]}).status == 200
    assert person.get(f"/lead/{lead}").status == 404
    assert undo(person, look["import"])["result"]["kept"] == 1
    row, = person.get(f"/_import/{look['import']}/rows", outcome="kept").json["rows"]
    assert (row["record"], row["title"], row["cells"]) == (None, None, None) and row["message"], row


def test_what_undo_kept_is_tried_again_and_then_no_longer_told(people):
    person, t = people["manager"], tag()
    look = upload(person, text([[f"{t} {i}", "", "", "", "", "", ""] for i in range(2)]), "a.csv")
    assert run(person, look)["result"]["new"] == 2
    lead = outcomes(person, look)[2]["record"]
    task = person.made("task", subject=t, lead_id=lead)
    told = lambda: next(p for p in person.get("/_import/lead").json["imports"] if p["import"] == look["import"])["undo"]
    assert told() is None
    assert undo(person, look["import"])["result"]["kept"] == 1 and told()["kept"] == 1
    person.delete(f"/task/{task['id']}")
    assert undo(person, look["import"])["result"]["undone"] == 1 and told()["kept"] == 0
    assert person.get(f"/lead/{lead}").status == 404
    assert person.get(f"/_import/{look['import']}/rows", outcome="kept").json["rows"] == []


def test_an_import_can_be_undone_once_and_only_by_whoever_made_it(people):
    person, t = people["lan"], tag()
    look = upload(person, text([[f"{t} x", "", "", "", "", "", ""]]), "a.csv")
    assert person.post(f"/_import/{look['import']}/undo").status == 409  # nothing has gone in
    run(person, look, dry=True)
    assert person.post(f"/_import/{look['import']}/undo").status == 409
    run(person, look)
    assert people["li"].post(f"/_import/{look['import']}/undo").status == 404
    assert undo(person, look["import"])["result"]["undone"] == 1
    assert undo(person, look["import"])["result"].get("undone", 0) == 0


def undone_over_a_kill(site, person, look, past):
    """The undo of an import that a kill cuts off once more than `past` rows are done; who sees to it then, and the job at its end."""
    return over_a_kill(site, person, person.post(f"/_import/{look['import']}/undo"), past)


def test_an_undo_that_was_cut_off_goes_on(own_site):
    site = own_site()
    person = site.sign_in("demo.admin")
    before = person.get("/lead", count=1).json["total"]
    look = upload(person, text([[f"back {i} {i * 7919 % 100003} works", "", f"+84 9{i:08d}", "", "", "VN", ""] for i in range(6000)]), "big.csv")
    assert run(person, look)["result"]["new"] == 6000
    person, job = undone_over_a_kill(site, person, look, 0)
    assert job["state"] == "done" and job["result"]["undone"] == 6000 and job["result"]["kept"] == 0, job
    assert person.get("/lead", count=1).json["total"] == before


def test_an_undo_of_updates_that_was_cut_off_goes_on(own_site):
    """Each record was changed twice, as imports of older versions did: the earlier change is taken back only as what the later one's undo left."""
    site = own_site()
    person = site.sign_in("demo.admin")
    names = [f"twice {i} {i * 7919 % 100003} works" for i in range(3000)]
    rows = lambda city: [[n, city] for n in names]
    header = ["name", "city"]
    assert run(person, upload(person, text(rows("Huế"), header), "a.csv"))["result"]["new"] == 3000
    look, other = upload(person, text(rows("Vinh"), header), "b.csv"), upload(person, text(rows("Ninh"), header), "c.csv")
    for one in (look, other):
        assert run(person, one, mode="both", match=["name"])["result"]["updated"] == 3000
    site.between_two_runs(f"UPDATE import_row SET import_id = {look['import']}, row = row + 3000 WHERE import_id = {other['import']}")
    person = site.sign_in("demo.admin")
    person, job = undone_over_a_kill(site, person, look, 3000)
    assert job["state"] == "done" and (job["result"]["restored"], job["result"]["kept"]) == (6000, 0), job
    assert {r["city"] for r in person.rows("lead", filter=["name", "^", "twice "], fields="name,city", limit=500)} == {"Huế"}


def test_what_is_a_customer_already_is_told_so(people):
    person, t = people["admin"], tag()
    person.made("customer", name=f"{t} Maritime Ltd")
    look = upload(person, text([[f"{t} MARITIME LIMITED", "", "", "", "", "", ""]]), "a.csv")
    result = run(person, look, dry=True)["result"]
    assert result["elsewhere"] == 1 and result["elsewhere_by"] == {"customer": 1}
    row = person.get(f"/_import/{look['import']}/rows", outcome="elsewhere", table="customer").json["rows"][0]
    assert row["table"] == "customer" and row["by"] == ["name"]


def test_a_company_with_a_deal_under_way_is_told_as_an_opportunity_already(people):
    admin, li, minh, t = people["admin"], people["li"], people["minh"], tag()
    deals = {}
    for what in ("open", "held", "lost"):
        customer = li.made("customer", name=f"{t} {what} Maritime Ltd")
        contact = li.made("contact", name=f"{t} Chen", customer_id=customer["id"], mobile=f"1381{next(number):07d}")
        deals[what] = li.made("opportunity", name=f"{t} {what} deal", customer_id=customer["id"]), customer, contact
    assert li.post(f"/opportunity/{deals['held'][0]['id']}/hold").status == 200
    assert li.post(f"/opportunity/{deals['lost'][0]['id']}/lose", {"lost_reason": "price"}).status == 200
    lead = li.made("lead", name=f"{t} converted Logistics", status="qualified")
    assert li.post(f"/lead/{lead['id']}/convert", {"into": ["opportunity"], "opportunity_name": f"{t} of the lead"}).status == 200
    data = text([[f"{t} OPEN MARITIME", "", "", "", "", "", ""], [f"{t} held Maritime", "", "", "", "", "", ""], [f"{t} lost Maritime", "", "", "", "", "", ""],
                 [f"{t} by a person", "", deals["open"][2]["mobile"], "", "", "CN", ""], [f"{t} CONVERTED logistics", "", "", "", "", "", ""],
                 [f"{t} new", "", "", "", "", "", ""]])

    look = upload(li, data, "a.csv")
    result = run(li, look)["result"]
    assert (result["new"], result["elsewhere"], result["elsewhere_by"]) == (1, 5, {"opportunity": 4, "customer": 1}), result
    rows = outcomes(li, look)
    assert [(rows[n]["table"], rows[n]["record"]) for n in (2, 3, 4)] == \
        [("opportunity", deals["open"][0]["id"]), ("opportunity", deals["held"][0]["id"]), ("customer", deals["lost"][1]["id"])]
    assert rows[2]["title"] == f"{t} open deal" and f"{t} open deal" in rows[2]["message"] and rows[2]["by"] == ["name"]
    assert rows[5]["record"] == deals["open"][0]["id"] and rows[6]["title"] == f"{t} of the lead", rows

    look = upload(minh, data, "b.csv")  # who may not see it learns that there is one
    assert run(minh, look, dry=True)["result"]["elsewhere_by"] == {"opportunity": 4, "customer": 1}
    for n in (2, 3, 5, 6):
        row = outcomes(minh, look)[n]
        assert (row["outcome"], row["table"], row["record"], row["title"]) == ("elsewhere", "opportunity", None, None), row
        assert "deal" not in row["message"] and row["message"], row
    assert minh.get(f"/opportunity/{deals['open'][0]['id']}").status == 404

    look = admin.ask("POST", "/_import/customer", raw=text([[f"{t} OPEN MARITIME"]], ["name"]), name="c.csv").json
    assert run(admin, look, dry=True)["result"].get("elsewhere_by") == {}  # a customer that has deals is a duplicate of itself
