"""Looking at many records: saved views, sums, neighbours, exports, bulk changes over a view."""
import csv
import io
import json
import shutil
import sqlite3
import subprocess
import zipfile

import pytest

from site_ import BUILD, PATIENCE
from test_records import name


def view(person, table, label):
    return next(v for v in person.get(f"/_meta/{table}").json["views"] if v["label"] == label)


def labels(person, table="lead"):
    return [v["label"] for v in person.get(f"/_meta/{table}").json["views"]]


def save_view(person, **fields):
    answer = person.post("/saved_view", {"on_table": "lead", "audience": "me", **fields})
    assert answer.status == 201, answer
    return answer.json["row"]


# ---- views --------------------------------------------------------------------------------------
def test_a_saved_view_stands_in_the_metadata_and_narrows_the_list(people):
    who, town = people["manager"], name("Town")
    inside = who.made("lead", name=name(), city=town, rating="hot")
    who.made("lead", name=name(), city=town, rating="cold")
    tag = who.get("/_meta/lead").headers["ETag"]
    made = save_view(who, name="Hot " + town, base="mine", columns="name,city", sort="-name", sums="id:max",
                     by_field="status", widths={"name": 300}, filter={"and": [["rating", "=", "hot"], ["city", "=", town]]})
    assert who.get("/_meta/lead").headers["ETag"] != tag
    seen = view(who, "lead", "Hot " + town)
    assert seen["columns"] == ["name", "city"] and seen["sort"] == ["-name"] and seen["by"] == "status"
    assert seen["widths"] == {"name": 300} and seen["sums"] == ["id:max"] and seen["base"] == "mine"
    assert seen["filter"] == {"and": [["rating", "=", "hot"], ["city", "=", town]]}
    assert seen["saved"]["mine"] and seen["saved"]["id"] == made["id"] and seen["pinned"] and not seen["default"]
    assert [r["id"] for r in who.rows("lead", view=str(made["id"]))] == [inside["id"]]


def test_a_view_with_a_field_or_filter_that_does_not_exist_is_refused_by_name(people):
    who = people["li"]
    for fields, at in (({"columns": "name,nosuch"}, "columns"), ({"filter": ["nosuch", "=", 1]}, "filter"),
                       ({"by_field": "nosuch"}, "by_field"), ({"sums": "nosuch"}, "sums"), ({"base": "nosuch"}, "base"),
                       ({"on_table": "session"}, "on_table"), ({"on_table": "job"}, "on_table")):
        answer = who.post("/saved_view", {"name": "x", "on_table": "lead", "audience": "me", **fields})
        assert answer.status == 422 and at in answer.json["error"]["fields"], (fields, answer)


def test_only_those_with_the_right_share_a_view(people):
    for audience in ("everyone", "department", "role"):
        answer = people["li"].post("/saved_view", {"name": "Ours", "on_table": "lead", "audience": audience})
        assert answer.status == 422 and "audience" in answer.json["error"]["fields"]
    assert people["manager"].post("/saved_view", {"name": "Ours", "on_table": "lead", "audience": "role"}).status == 422
    own = save_view(people["li"], name="Only Li's")
    assert people["li"].patch(f"/saved_view/{own['id']}", 1, {"audience": "everyone"}).status == 422
    assert "Only Li's" in labels(people["li"]) and "Only Li's" not in labels(people["zhang"])
    assert people["zhang"].get("/lead", view=str(own["id"])).status == 400
    assert people["zhang"].get(f"/saved_view/{own['id']}").status == 404
    assert people["zhang"].delete(f"/saved_view/{own['id']}").status == 404


def test_a_shared_view_reaches_its_audience_and_widens_nobodys_rights(people):
    boss, sales = people["manager"], people["li"]
    every = save_view(boss, name="For all", audience="everyone", filter=["name", "not empty", None])
    seen = view(sales, "lead", "For all")
    assert not seen["saved"]["mine"] and not seen["pinned"] and seen["saved"]["owner"] == boss.user["name"]
    assert {r["id"] for r in sales.rows("lead", view=str(every["id"]), fields="name")} == {
        r["id"] for r in sales.rows("lead", fields="name")}
    assert sales.patch(f"/saved_view/{every['id']}", 1, {"name": "Mine now"}).status == 404
    assert view(boss, "lead", "For all")
    mine = sales.row(f"/user/{sales.user['id']}")["department_id"]
    other = people["lan"].row(f"/user/{people['lan'].user['id']}")["department_id"]
    assert mine != other
    save_view(boss, name="For one department", audience="department", department_id=mine)
    assert "For one department" in labels(sales) and "For one department" not in labels(people["lan"])
    roles = {r["name"]: r["id"] for r in people["admin"].rows("role")}
    save_view(people["admin"], name="For sales", audience="role", role_id=roles["sales"])
    assert "For sales" in labels(sales) and "For sales" not in labels(people["lan"])


def test_a_view_over_a_hidden_field_is_not_offered(own_site):
    site = own_site()
    admin, sales = site.sign_in("demo.admin"), site.sign_in("demo.li")
    save_view(admin, name="By city", audience="everyone", filter=["city", "=", "Ningbo"])
    save_view(admin, name="With a city column", audience="everyone", columns="name,city")
    assert {"By city", "With a city column"} <= set(labels(sales))
    role = next(r["id"] for r in admin.rows("role") if r["name"] == "sales")
    admin.made("role_field", role_id=role, on_table="lead", field="city", access="none")
    assert "By city" not in labels(sales)
    assert view(sales, "lead", "With a city column")["columns"] == ["name"]


def test_pins_and_the_view_that_opens_are_everyones_own(people):
    who = people["zhang"]
    assert who.post("/lead/_mark", {"view": "due", "pinned": False, "default": False}).status == 204
    assert who.post("/lead/_mark", {"view": "team", "pinned": True, "default": True}).status == 204
    assert who.post("/lead/_mark", {"view": "all", "pinned": True, "default": True}).status == 204
    views = {v["name"]: v for v in who.get("/_meta/lead").json["views"]}
    assert not views["due"]["pinned"] and views["team"]["pinned"] and not views["team"]["default"]
    assert [n for n, v in views.items() if v["default"]] == ["all"]
    assert {v["name"]: v for v in people["li"].get("/_meta/lead").json["views"]}["due"]["pinned"]
    assert who.post("/lead/_mark", {"view": "nosuch", "pinned": True}).status == 400


# ---- periods -------------------------------------------------------------------------------------
def test_periods_and_pairs_filter_dates_times_and_numbers(people):
    who, town = people["manager"], name("Town")
    for day in ("2020-02-28", "2020-02-29", "2020-03-01"):
        who.made("lead", name=name(), city=town, next_action_on=day)

    def days(*condition):
        both = {"and": [["city", "=", town], list(condition)]}
        return sorted(r["next_action_on"] for r in who.rows("lead", filter=both, fields="next_action_on"))

    assert days("next_action_on", "within", ["2020-02-29", "2020-03-01"]) == ["2020-02-29", "2020-03-01"]
    assert days("next_action_on", "within", [None, "2020-02-28"]) == ["2020-02-28"]
    assert days("next_action_on", "within", "@this_year") == []
    for period in ("@today", "@this_week", "@this_month", "@this_quarter", "@this_year", "@last_7d", "@next_0d"):
        want = 3
        assert len(days("created_at", "within", period)) == want, period
    assert days("created_at", "within", "@yesterday") == [] and days("created_at", "within", "@next_week") == []
    for bad in (["name", "within", "@today"], ["next_action_on", "within", "@someday"], ["next_action_on", "within", [1]],
                ["next_action_on", "within", [None, None]], ["created_at", "within", ["x", None]]):
        assert who.get("/lead", filter=bad).status == 422, bad


# ---- sums ----------------------------------------------------------------------------------------
def test_an_aggregate_counts_what_the_list_shows(people):
    who, town = people["manager"], name("Town")
    for status, rating in (("new", "hot"), ("new", "cold"), ("lost", None)):
        who.made("lead", name=name(), city=town, status=status, rating=rating, lanes=["europe", "us_west"])
    mine = ["city", "=", town]
    answer = who.get("/lead/_aggregate", group="status", filter=mine).json
    assert [(g["key"], g["count"]) for g in answer["groups"]] == [(["new"], 2), (["lost"], 1)]
    assert answer["total"] == {"count": 3} and answer["exact"] and not answer["more"]
    assert {(g["key"][0], g["count"]) for g in who.get("/lead/_aggregate", group="rating", filter=mine).json["groups"]} == {
        ("hot", 1), ("cold", 1), (None, 1)}
    owners = who.get("/lead/_aggregate", group="owner_id", filter=mine).json
    assert owners["groups"] == [{"key": [who.user["id"]], "count": 3}]
    assert owners["refs"]["user"][str(who.user["id"])] == who.user["name"]
    assert {(g["key"][0], g["count"]) for g in who.get("/lead/_aggregate", group="lanes", filter=mine).json["groups"]} == {
        ("europe", 3), ("us_west", 3)}
    two = who.get("/lead/_aggregate", group="status,rating", filter=mine).json["groups"]
    assert sorted((str(g["key"]), g["count"]) for g in two) == sorted([("['new', 'hot']", 1), ("['new', 'cold']", 1),
                                                                       ("['lost', None]", 1)])
    assert who.get("/lead/_aggregate", group="status", q=town).json["total"]["count"] == 3
    assert who.get("/lead/_aggregate", group="status", view="pool", filter=mine).json["groups"] == []
    assert people["lan"].get("/lead/_aggregate", group="status", filter=mine).json["total"]["count"] == 0


def test_dates_are_put_together_by_day_week_month_quarter_and_year(people):
    who, town = people["manager"], name("Town")
    for day in ("2020-01-01", "2020-01-05", "2020-01-06", "2020-05-31", "2021-12-31"):
        who.made("lead", name=name(), city=town, next_action_on=day)

    def keys(unit):
        answer = who.get("/lead/_aggregate", group="next_action_on" + unit, filter=["city", "=", town]).json
        return [(g["key"][0], g["count"]) for g in answer["groups"]]

    assert keys("") == keys(":day") and len(keys("")) == 5
    assert keys(":week")[:2] == [("2019-12-30", 2), ("2020-01-06", 1)]
    assert keys(":month") == [("2020-01-01", 3), ("2020-05-01", 1), ("2021-12-01", 1)]
    assert keys(":quarter") == [("2020-01-01", 3), ("2020-04-01", 1), ("2021-10-01", 1)]
    assert keys(":year") == [("2020-01-01", 4), ("2021-01-01", 1)]
    assert len(who.get("/lead/_aggregate", group="created_at:day", filter=["city", "=", town]).json["groups"]) == 1


def test_numbers_are_summed_averaged_and_bounded(people):
    admin = people["admin"]
    prefix = name("Series")
    for n, digits in enumerate((3, 4, 8)):
        admin.made("series", name=f"{prefix} {n}", digits=digits, next=n + 1)
    answer = admin.get("/series/_aggregate", filter=["name", "^", prefix], sum="digits,next", avg="digits", min="digits",
                       max="digits,created_at").json["total"]
    assert answer["count"] == 3 and answer["sum"] == {"digits": 15, "next": 6} and answer["avg"] == {"digits": 5.0}
    assert answer["min"] == {"digits": 3} and answer["max"]["digits"] == 8 and answer["max"]["created_at"].endswith("Z")
    none = admin.get("/series/_aggregate", filter=["name", "=", "nosuch"], sum="digits", max="digits").json["total"]
    assert none == {"count": 0, "sum": {"digits": 0}, "max": {"digits": None}}


def test_what_may_not_be_read_cannot_be_added_up(own_site):
    site = own_site()
    admin, sales = site.sign_in("demo.admin"), site.sign_in("demo.li")
    for group in ("nosuch", "notes", "status:month", "status,rating,city"):
        assert sales.get("/lead/_aggregate", group=group).status == 422, group
    assert sales.get("/lead/_aggregate", sum="name").status == 422
    assert sales.get("/lead/_aggregate", bogus="1").status == 400
    assert admin.get("/user/_aggregate", group="password_hash").status == 422
    role = next(r["id"] for r in admin.rows("role") if r["name"] == "sales")
    for field, access in (("city", "none"), ("source", "mask")):
        admin.made("role_field", role_id=role, on_table="lead", field=field, access=access)
        assert sales.get("/lead/_aggregate", group=field).status == 422


# ---- neighbours -----------------------------------------------------------------------------------
def links(answer):
    assert answer.status == 200, answer
    return {link["by"]: link for link in answer.json["links"]}


def test_one_walks_from_a_record_to_its_neighbours_and_back(people):
    who = people["li"]
    lead = who.made("lead", name=name())
    for n in range(3):
        who.made("activity", lead_id=lead["id"], kind="call", subject=f"call {n}")
    found = links(who.get(f"/lead/{lead['id']}/_neighbours", limit="2"))
    assert found["out:owner_id"]["nodes"] == [{"id": who.user["id"], "title": who.user["name"]}]
    calls = found["in:activity.lead_id"]
    assert [n["title"] for n in calls["nodes"]] == ["call 2", "call 1"] and calls["label"]
    rest = links(who.get(f"/lead/{lead['id']}/_neighbours", limit="2", link="in:activity.lead_id",
                         after=calls["next"]))
    assert list(rest) == ["in:activity.lead_id"]
    assert [n["title"] for n in rest["in:activity.lead_id"]["nodes"]] == ["call 0"]
    back = links(who.get(f"/activity/{calls['nodes'][0]['id']}/_neighbours"))
    assert [n["id"] for n in back["out:lead_id"]["nodes"]] == [lead["id"]]
    owned = links(who.get(f"/user/{who.user['id']}/_neighbours"))
    assert lead["id"] in [n["id"] for n in owned["in:lead.owner_id"]["nodes"]]
    assert not any("created_by" in by for by in owned)


def test_a_neighbour_is_named_as_people_read_it_also_where_its_title_is_a_choice_or_a_number(people):
    who = people["li"]
    here, there = (who.made("customer", name=name()) for _ in range(2))
    link = who.made("party_relation", kind="agent_of", from_customer_id=here["id"], to_customer_id=there["id"])
    who.made("customer_year", customer_id=here["id"], year=2024)
    found = links(who.get(f"/customer/{here['id']}/_neighbours", locale="en"))
    assert [n["title"] for n in found["in:party_relation.from_customer_id"]["nodes"]] == ["Agent of"]
    assert [n["title"] for n in found["in:customer_year.customer_id"]["nodes"]] == ["2024"]
    assert who.get(f"/party_relation/{link['id']}/_neighbours", locale="en").json["node"]["title"] == "Agent of"


def test_neighbours_are_only_those_one_may_see(people):
    lead = people["li"].made("lead", name=name())
    assert people["lan"].get(f"/lead/{lead['id']}/_neighbours").status == 404
    owned = links(people["lan"].get(f"/user/{people['li'].user['id']}/_neighbours"))
    assert owned.get("in:lead.owner_id", {"nodes": []})["nodes"] == []


# ---- exports ---------------------------------------------------------------------------------------
def export(person, **body):
    job = person.job(person.post("/lead/_export", body))
    assert job["state"] == "done", job
    return job, person.get(f"/_job/{job['id']}/file")


def test_a_list_is_exported_as_it_is_seen(people):
    who, town = people["manager"], name("Town")
    who.made("lead", name="=HYPERLINK(1)" + name(), city=town, status="qualified", next_action_on="2027-02-28",
             lanes=["europe", "us_west"], is_key=True)
    who.made("lead", name="@plain " + name(), city=town, notes="+1\t-2")
    question = {"view": "all", "filter": ["city", "=", town], "sort": "created_at",
                "fields": "name,status,owner_id,next_action_on,lanes,is_key,created_at,notes"}
    job, file = export(who, kind="csv", **question)
    assert job["result"]["rows"] == 2 and "attachment" in file.headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(file.body.decode("utf-8-sig"))))
    meta = {f["name"]: f for f in who.get("/_meta/lead").json["fields"]}
    assert rows[0] == [meta[n]["label"] for n in question["fields"].split(",")]
    assert rows[1][0].startswith("'=HYPERLINK") and rows[2][0].startswith("'@plain") and rows[2][7].startswith("'+1")
    label = next(o["label"] for o in meta["status"]["options"] if o["value"] == "qualified")
    assert rows[1][1] == label and rows[1][2] == who.user["name"] and rows[1][3] == "2027-02-28" and rows[1][5] == "TRUE"
    assert len(rows[1][4].split("; ")) == 2
    _, file = export(who, kind="xlsx", **question)
    book = zipfile.ZipFile(io.BytesIO(file.body))
    sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and 't="b"' in sheet
    assert any(e["what"] == "export" and "lead: 2 rows as xlsx" in e["detail"] for e in people["admin"].rows("audit"))


def test_an_export_holds_what_its_user_may_see_and_nothing_else(people):
    who = people["manager"]
    town = name("Town")
    ids = [who.made("lead", name=name(), city=town)["id"] for _ in range(3)]
    job, _ = export(who, kind="csv", ids=ids[:2], fields="id")
    assert job["result"]["rows"] == 2
    assert people["li"].post("/lead/_export", {"kind": "csv"}).status == 403
    assert who.post("/lead/_export", {"kind": "pdf"}).status == 422
    assert who.post("/lead/_export", {"kind": "csv", "fields": "nosuch"}).status == 422
    assert who.post("/user/_export", {"kind": "csv"}).status == 403
    assert people["admin"].get(f"/_job/{job['id']}/file").status == 404
    assert people["li"].get(f"/_job/{job['id']}/file").status == 404
    counted = who.get("/lead/_aggregate").json["total"]["count"]
    assert export(who, kind="csv", fields="id")[0]["result"]["rows"] == counted


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not here")
def test_libreoffice_opens_an_exported_workbook(people, tmp_path):
    who, town = people["manager"], name("Town")
    who.made("lead", name="深圳 " + name(), city=town, next_action_on="2027-02-28")
    _, file = export(who, kind="xlsx", filter=["city", "=", town], fields="name,next_action_on,id")
    (tmp_path / "leads.xlsx").write_bytes(file.body)
    subprocess.run(["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to",
                    "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false", "--outdir", tmp_path,
                    tmp_path / "leads.xlsx"], check=True, capture_output=True, timeout=PATIENCE)
    rows = list(csv.reader(io.StringIO((tmp_path / "leads.csv").read_text("utf-8"))))
    assert len(rows) == 2 and rows[1][0].startswith("深圳") and rows[1][1] == "2027-02-28" and rows[1][2].isdigit()


def test_the_command_line_exports_with_somebodys_rights_and_says_so(own_site):
    site = own_site()
    town = name("Town")
    site.sign_in("demo.li").made("lead", name="=1+1 " + name(), city=town, next_action_on="2027-02-28")
    site.sign_in("demo.zhang").made("lead", name=name(), city=town)
    assert site.stop() == 0

    def run(*options):
        return subprocess.run([BUILD / "berth", "export", "lead", "--data", site.data, "--scripts", site.data.parent / "scripts",
                               "--filter", json.dumps(["city", "=", town]), *options], capture_output=True, text=True, timeout=PATIENCE)

    out = site.data.parent / "leads.csv"
    done = run("--out", out, "--fields", "name,next_action_on", "--language", "vi")
    assert done.returncode == 0 and "2 rows" in done.stdout, done
    rows = list(csv.reader(io.StringIO(out.read_text("utf-8-sig"))))
    assert rows[0] == ["Tên công ty", "Ngày liên hệ tiếp"] and len(rows) == 3
    assert sorted(r[0][:5] for r in rows[1:])[0] == "'=1+1"
    assert run("--out", out, "--as", "demo.manager").returncode == 0
    for options in (("--out", out, "--as", "demo.li"), ("--out", out, "--as", "nobody"), ("--out", out, "--view", "nosuch"),
                    ("--out", out, "--fields", "nosuch"), ("--out", "x.pdf"), ()):
        assert run(*options).returncode != 0, options
    site.start()
    audit = site.sign_in("demo.admin").rows("audit")
    assert sum(e["what"] == "export" and "from the command line" in e["detail"] for e in audit) == 2


# ---- bulk --------------------------------------------------------------------------------------------
def test_a_bulk_change_takes_a_view_with_filter_and_search(people):
    who, town = people["manager"], name("Town")
    mine = [who.made("lead", name=name(), city=town, next_action_on="2020-01-01")["id"] for _ in range(3)]
    later = who.made("lead", name=name(), city=town)["id"]
    job = who.job(who.post("/lead/_bulk", {"view": "due", "filter": ["city", "=", town], "patch": {"rating": "hot"}}))
    assert job["result"]["done"] == 3
    assert all(who.row(f"/lead/{i}")["rating"] == "hot" for i in mine) and who.row(f"/lead/{later}")["rating"] is None
    assert who.post("/lead/_bulk", {"view": "nosuch", "patch": {"rating": "hot"}}).status == 400
    saved = save_view(who, name="Bulk " + town, filter=["city", "=", town])
    job = who.job(who.post("/lead/_bulk", {"view": str(saved["id"]), "delete": True}))
    assert job["result"]["done"] == 4 and who.get(f"/lead/{mine[0]}").status == 404


def undone(who, job):
    return who.job(who.post(f"/_job/{job['id']}/undo", {}))


def test_a_bulk_change_is_taken_back_but_for_what_was_changed_since(people):
    who, town = people["manager"], name("Town")
    rows = [who.made("lead", name=name(), city=town, rating=r) for r in ("hot", "cold", None)]
    for r in rows:
        assert who.patch(f"/lead/{r['id']}", r["version"], {"contact": "Frau Li"}).status == 200
    job = who.job(who.post("/lead/_bulk", {"filter": ["city", "=", town], "patch": {"rating": "warm"}}))
    assert job["result"]["done"] == 3
    entries = [who.get(f"/lead/{r['id']}/_history").json["entries"][0]["id"] for r in rows]
    assert job["result"]["since"] < min(entries) <= max(entries) <= job["result"]["until"], "its part of the history"
    changed = who.row(f"/lead/{rows[1]['id']}")
    assert who.patch(f"/lead/{changed['id']}", changed["version"], {"contact": "Herr Wang"}).status == 200
    back = undone(who, job)
    assert (back["result"]["done"], back["result"]["failed"]) == (2, 1)
    assert [e["id"] for e in back["result"]["errors"]] == [rows[1]["id"]] and back["result"]["errors"][0]["error"]["message"]
    now = [who.row(f"/lead/{r['id']}") for r in rows]
    assert [r["rating"] for r in now] == ["hot", "warm", None] and [r["contact"] for r in now] == ["Frau Li", "Herr Wang", "Frau Li"]
    last = who.get(f"/lead/{rows[0]['id']}/_history").json["entries"][0]
    assert last["op"] == "update" and last["changes"][0]["to"] == "hot", "it stands in the history"
    again = undone(who, job)
    assert again["result"]["done"] == 0 and who.row(f"/lead/{rows[0]['id']}")["rating"] == "hot", "only once"


def test_a_bulk_change_that_a_rule_answered_on_the_same_record_is_taken_back_unless_the_rule_changed_that_too(people):
    admin, who = people["admin"], people["manager"]
    for field, value, done in (("notes", "seen", 1), ("rating", "cold", 0)):
        town = name("Town")
        rule = admin.made("automation", name=town, on_table="lead", event="changed", field="rating", applies_to=["city", "=", town])
        admin.made("automation_step", automation_id=rule["id"], place=0, does="set", field=field, value=value)
        lead = who.made("lead", name=name(), city=town, rating="hot")
        job = who.job(who.post("/lead/_bulk", {"ids": [lead["id"]], "patch": {"rating": "warm"}}))
        assert who.row(f"/lead/{lead['id']}")[field] == value
        assert admin.delete(f"/automation/{rule['id']}").status == 204
        back = undone(who, job)["result"]
        assert (back["done"], back["failed"]) == (done, 1 - done), (field, back)
        now = who.row(f"/lead/{lead['id']}")
        assert now["rating"] == ("hot" if done else "cold") and now[field] == value


def test_a_value_beyond_what_is_let_in_today_is_put_back_all_the_same(own_site):
    site = own_site()
    who = site.sign_in("demo.manager")
    call = who.made("activity", subject=name("Call"), kind="call", minutes=5, lead_id=who.made("lead", name=name())["id"])
    site.stop()
    with sqlite3.connect(site.data / "berth.db") as db:
        db.execute("UPDATE activity SET minutes = 200000 WHERE id = ?", (call["id"],))
    db.close()
    site.start()
    who = site.sign_in("demo.manager")
    assert who.patch(f"/activity/{call['id']}", call["version"], {"minutes": 200001}).status == 422
    job = who.job(who.post("/activity/_bulk", {"ids": [call["id"]], "patch": {"minutes": 10}}))
    assert job["result"]["done"] == 1 and who.row(f"/activity/{call['id']}")["minutes"] == 10
    assert undone(who, job)["result"]["done"] == 1 and who.row(f"/activity/{call['id']}")["minutes"] == 200000


def test_what_a_bulk_job_deleted_comes_back_and_what_was_deleted_otherwise_does_not(people):
    who, town = people["manager"], name("Town")
    rows = [who.made("lead", name=name(), city=town) for _ in range(3)]
    assert who.delete(f"/lead/{rows[0]['id']}").status == 204
    job = who.job(who.post("/lead/_bulk", {"filter": ["city", "=", town], "delete": True}))
    assert job["result"]["done"] == 2
    assert undone(who, job)["result"]["done"] == 2
    assert [who.get(f"/lead/{r['id']}").status for r in rows] == [404, 200, 200]


def test_a_bulk_job_that_was_sent_both_a_patch_and_delete_changed_and_is_taken_back_as_a_change(people):
    who, lead = people["manager"], people["manager"].made("lead", name=name(), rating="hot")
    job = who.job(who.post("/lead/_bulk", {"ids": [lead["id"]], "patch": {"rating": "warm"}, "delete": True}))
    assert job["result"]["done"] == 1 and who.row(f"/lead/{lead['id']}")["rating"] == "warm"
    assert undone(who, job)["result"]["done"] == 1 and who.row(f"/lead/{lead['id']}")["rating"] == "hot"


def test_a_bulk_job_is_taken_back_by_who_started_it_only_and_actions_are_not(people):
    who, town = people["manager"], name("Town")
    lead = who.made("lead", name=name(), city=town)
    job = who.job(who.post("/lead/_bulk", {"ids": [lead["id"]], "patch": {"rating": "warm"}}))
    for other in ("admin", "li"):
        assert people[other].post(f"/_job/{job['id']}/undo", {}).status == 404, other
    assert who.row(f"/lead/{lead['id']}")["rating"] == "warm"
    acted = who.job(who.post("/lead/_bulk", {"ids": [lead["id"]], "action": "release", "form": {}}))
    assert who.post(f"/_job/{acted['id']}/undo", {}).status == 409
    exported = who.job(who.post("/lead/_export", {"kind": "csv", "filter": ["city", "=", town], "fields": "name"}))
    assert who.post(f"/_job/{exported['id']}/undo", {}).status == 404


def test_the_metadata_say_which_views_show_one_s_own_records_only(people):
    views = {v["name"]: v for v in people["li"].get("/_meta/activity").json["views"]}
    assert views["calendar"]["own"] and views["mine"]["own"]
    assert not views["team_calendar"]["own"] and not views["all"]["own"]
