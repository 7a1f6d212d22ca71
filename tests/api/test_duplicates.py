"""Duplicates by the administrator's rules: what is compared, and what happens then."""
import concurrent.futures
import itertools
import sqlite3

import pytest

number = itertools.count(1)


def name(what="Dupla"):
    return f"{what} {next(number):03} {chr(0x4e00 + next(number))}{chr(0x5200 + next(number))} Logistics"


@pytest.fixture
def rule(people):
    """Makes rules that are in force and through, and takes them away again."""
    made = []
    admin = people["admin"]

    def make(**fields):
        made.append(admin.made("dup_rule", **{"name": "Test", "on_table": "lead", **fields}))
        settle(admin)
        return made[-1]

    yield make
    for r in made:
        admin.delete(f"/dup_rule/{r['id']}")
    settle(admin)


def settle(admin):
    """Keys are made anew beside everybody's work."""
    while admin.rows("job", filter={"and": [["kind", "=", "rekey"], ["state", "in", ["queued", "running"]]]}):
        pass


def declared(admin, field):
    return admin.rows("dup_rule", filter=["on_table", "=", "lead"], fields="id,version,fields,method,active") and next(
        r for r in admin.rows("dup_rule", filter=["on_table", "=", "lead"]) if r["fields"] == field)


def test_what_plugins_declare_is_there_for_administrators_to_change(people):
    admin = people["admin"]
    fields = {r["fields"] for r in admin.rows("dup_rule", filter=["on_table", "=", "lead"])}
    assert {"name", "phone", "mobile", "fax", "email"} <= fields
    was = declared(admin, "fax")
    assert admin.patch(f"/dup_rule/{was['id']}", was["version"], {"active": False}).status == 200
    fax = "0755 8765 43" + str(10 + next(number))
    li = people["li"]
    assert li.post("/lead", {"name": name(), "fax": fax, "country": "CN"}).status == 201
    assert li.post("/lead", {"name": name(), "fax": fax, "country": "CN"}).status == 201
    now = declared(admin, "fax")
    assert admin.patch(f"/dup_rule/{now['id']}", now["version"], {"active": True}).status == 200
    settle(admin)
    answer = li.post("/lead", {"name": name(), "fax": fax, "country": "CN"})
    assert answer.status == 409 and answer.code == "duplicate"


def test_two_fields_together_are_a_key_and_records_from_before_count(people, rule):
    li = people["li"]
    title = name()
    old = li.made("lead", name=name(), commodity=title, city="Ningbo")
    rule(fields="commodity,city", method="exact")
    assert li.post("/lead", {"name": name(), "commodity": title, "city": "Xiamen"}).status == 201
    assert li.post("/lead", {"name": name(), "commodity": title}).status == 201
    answer = li.post("/lead", {"name": name(), "commodity": title.upper(), "city": "Ningbo"})
    assert answer.status == 409 and answer.json["error"]["blocked"] is False
    [match] = answer.json["error"]["matches"]
    assert match["id"] == old["id"] and match["by"] == ["commodity", "city"]
    assert li.post("/lead", {"name": name(), "commodity": title, "city": "Ningbo"}, duplicates="allow").status == 201


def keys_of(site, table, record):
    db = sqlite3.connect(f"file:{next(site.data.glob('*.db'))}?mode=ro", uri=True)
    try:
        (tbl,) = db.execute("SELECT id FROM model_table WHERE name = ?", (table,)).fetchone()
        return {h for (h,) in db.execute("SELECT hash FROM dup_key WHERE tbl = ?1 AND rec = ?2 UNION SELECT hash FROM dup_todo"
                                         " WHERE tbl = ?1 AND rec = ?2", (tbl, record))}
    finally:
        db.close()


def test_keys_of_a_rule_that_is_gone_go_with_it(site, people, rule):
    admin = people["admin"]
    old = people["li"].made("lead", name=name(), commodity=name("Goods"))
    settle(admin)
    before = keys_of(site, "lead", old["id"])
    made = rule(fields="commodity", method="exact")
    assert before < keys_of(site, "lead", old["id"])
    assert admin.delete(f"/dup_rule/{made['id']}").status == 204
    settle(admin)
    assert keys_of(site, "lead", old["id"]) == before


def test_a_rule_that_blocks_cannot_be_overridden_and_one_that_reports_lets_through(people, rule):
    li = people["li"]
    rule(fields="commodity", on_create="block", on_edit="report")
    title = name()
    li.made("lead", name=name(), commodity=title)
    before = len(li.rows("lead", filter=["commodity", "=", title]))
    answer = li.post("/lead", {"name": name(), "commodity": title}, duplicates="allow")
    assert answer.status == 409 and answer.json["error"]["blocked"] is True
    assert len(li.rows("lead", filter=["commodity", "=", title])) == before
    other = li.made("lead", name=name())
    answer = li.patch(f"/lead/{other['id']}", other["version"], {"commodity": title})
    assert answer.status == 200 and [m["by"] for m in answer.json["duplicates"]] == [["commodity"]]


def test_similar_names_differ_in_one_character(people, rule):
    li = people["li"]
    rule(fields="name", method="similar", alike=90)
    li.made("lead", name="Quangvinhtrading Dvx")
    for alike in ("Quangvimhtrading Dvx", "Quangvinhtradng Dvx", "Quangvinnhtrading Dvx"):
        assert li.post("/lead", {"name": alike}).status == 409, alike
    assert li.post("/lead", {"name": "Quangvimhtradimg Dvx"}).status == 201
    li.made("lead", name="Qzk Ab")
    assert li.post("/lead", {"name": "Qzk Ac"}).status == 201  # too short for 90 %


def test_rules_with_the_same_word_meet_across_tables(people, rule):
    manager = people["manager"]
    rule(fields="commodity", method="code", meets="codes")
    rule(on_table="customer", fields="short_name", method="code", meets="codes")
    code = f"91 3302-{next(number):05} X"
    lead = manager.made("lead", name=name(), commodity=code)
    answer = manager.post("/customer", {"name": name(), "short_name": code.replace(" ", "").replace("-", "")})
    assert answer.status == 409, answer
    assert [(m["table"], m["id"]) for m in answer.json["error"]["matches"]] == [("lead", lead["id"])]


def test_of_many_who_save_what_a_rule_forbids_at_the_same_moment_one_succeeds(site, people, rule):
    rule(fields="commodity,city", method="company", on_create="block")
    crowd = [site.sign_in("demo." + who) for who in ("li", "zhang", "alice", "manager") for _ in range(3)]
    with concurrent.futures.ThreadPoolExecutor(len(crowd)) as threads:
        for _ in range(6):
            title = name("Moment")
            answers = list(threads.map(
                lambda i: crowd[i].post("/lead", {"name": name(), "commodity": title, "city": "Ningbo"}, duplicates="allow").status,
                range(len(crowd))))
            assert sorted(answers) == [201] + [409] * (len(crowd) - 1)
            assert len(people["admin"].rows("lead", filter=["commodity", "=", title])) == 1


def test_rules_that_make_no_sense_are_refused_and_only_administrators_write_them(people):
    admin = people["admin"]
    before = admin.rows("dup_rule")
    for bad, field in (({"on_table": "session"}, "on_table"), ({"on_table": "nosuch"}, "on_table"),
                       ({"fields": "nosuch"}, "fields"), ({"fields": "lanes"}, "fields"), ({"fields": "id"}, "fields"),
                       ({"method": "similar", "alike": 20}, "alike")):
        answer = admin.post("/dup_rule", {"name": "x", "on_table": "lead", "fields": "city", **bad})
        assert answer.status == 422 and field in answer.json["error"]["fields"], (bad, answer)
    assert people["manager"].post("/dup_rule", {"name": "x", "on_table": "lead", "fields": "city"}).status in (403, 404)
    assert people["li"].delete(f"/dup_rule/{before[0]['id']}").status in (403, 404)
    assert admin.rows("dup_rule") == before


# ---- what a rule says of imports and conversions -----------------------------------------------------------
def imported(person, rows, **options):
    """The job's result and what became of each row of a sheet of names and commodities."""
    data = "\n".join(["公司名称,货物", *(",".join(r) for r in rows)]).encode()
    look = person.ask("POST", "/_import/lead", raw=data, name="rules.csv").json
    job = person.job(person.post(f"/_import/{look['import']}/run", {
        "sheet": 0, "header_row": 1, "map": {"0": "name", "1": "commodity"}, **options}))
    assert job["state"] == "done", job
    return look["import"], job["result"], {r["row"]: r for r in person.get(f"/_import/{look['import']}/rows").json["rows"]}


@pytest.mark.parametrize("act", ["block", "warn"])
def test_rows_that_a_rule_minds_do_not_go_in(people, rule, act):
    li, title = people["li"], name()
    rule(fields="commodity", on_create="report", on_import=act)
    old = li.made("lead", name=name(), commodity=title)
    _, result, rows = imported(li, [(name(), title), (name(), title + " else")])
    assert (result["new"], result["duplicate"]) == (1, 1), result
    assert (rows[2]["record"], rows[2]["by"]) == (old["id"], ["commodity"])
    assert [r["id"] for r in li.rows("lead", filter=["commodity", "=", title])] == [old["id"]]


def test_a_row_that_a_rule_only_tells_of_goes_in_and_says_whom_it_is_like(people, rule):
    li, title = people["li"], name()
    rule(fields="commodity", on_create="report", on_import="report")
    old = li.made("lead", name=name("Elder"), commodity=title)
    rows_in = [(name(), title), (name(), title + " else")]
    _, dry, rows = imported(li, rows_in, dry=True)
    assert dry["new"] == 2 and rows[2]["message"] and rows[2]["record"] is None
    number_, result, rows = imported(li, rows_in)
    assert result["new"] == 2 and len(rows) == 2
    assert rows[2]["outcome"] == "new" and rows[2]["title"] == old["name"] and rows[2]["by"] == ["commodity"], rows[2]
    assert old["name"] in rows[2]["message"] and rows[3]["message"] is None
    assert rows[2]["record"] not in (None, old["id"]) and li.row(f"/lead/{rows[2]['record']}")["commodity"] == title
    assert (rows[2]["like"], rows[2]["table"]) == (old["id"], "lead")
    undone = li.job(li.post(f"/_import/{number_}/undo"))["result"]
    assert undone["undone"] == 2 and li.get(f"/_import/{number_}/rows").json["rows"] == []
    assert [r["id"] for r in li.rows("lead", filter=["commodity", "=", title])] == [old["id"]]


def test_a_new_row_names_the_record_it_is_like_only_to_who_sees_that_now(people, rule):
    """It named it for good, led to the row's own record under its name, and to one of another table with that number."""
    li, admin, title = people["li"], people["admin"], name()
    rule(fields="commodity", on_create="report", on_import="report")
    old = li.made("lead", name=name("Elder"), commodity=title)
    number_, _, rows = imported(li, [(name(), title)])
    assert (rows[2]["like"], rows[2]["title"]) == (old["id"], old["name"]) and old["name"] in rows[2]["message"]
    now = admin.row(f"/lead/{old['id']}")
    assert admin.patch(f"/lead/{old['id']}", now["version"], {"owner_id": people["minh"].user["id"]}).status == 200
    later, = li.get(f"/_import/{number_}/rows").json["rows"]
    assert (later["like"], later["title"], later["record"]) == (None, None, rows[2]["record"]), later
    assert later["message"] and old["name"] not in later["message"]
    assert old["name"] not in li.get(f"/_import/{number_}/rejected.csv", outcome="new").body.decode("utf-8-sig")


@pytest.mark.parametrize("act, statuses", [("block", (409, 409)), ("warn", (409, 200)), ("report", (200,))])
def test_what_a_rule_says_of_conversions_holds_for_them(people, rule, act, statuses):
    li, site_name = people["li"], name()
    rule(on_table="customer", fields="website", method="exact", on_create="report", on_convert=act)
    web = f"https://w{next(number)}x{id(rule) % 9973}.example"
    li.made("customer", name=site_name, website=web)
    lead = li.made("lead", name=name(), website=web)
    for status, query in zip(statuses, ({}, {"duplicates": "allow"})):
        answer = li.post(f"/lead/{lead['id']}/convert", {"into": ["customer"]}, **query)
        assert answer.status == status, answer
        assert (li.row(f"/lead/{lead['id']}")["status"] == "converted") == (status == 200)


# ---- every way to compare, on every occasion ------------------------------------------------------------------
ALIKE = {  # what the fields are, and two ways to write one thing
    "exact": ("commodity", "Frozen Prawns {n}", "frozen prawns {n}"),
    "phone": ("wechat", "0755-8{n:07}", "+86 755 8{n:07}"),
    "email": ("wechat", "Sales{n}@Alike.example", "sales{n}@alike.example"),
    "company": ("commodity", "Alike {n} Xin Logistics Co., Ltd", "ALIKE {n} XIN LOGISTICS"),
    "code": ("wechat", "91440300-MA5{n:05}-X7", "91440300ma5{n:05}x7"),
    "similar": ("commodity", "Quangvinhtrading Number {n:04}", "Quangvimhtrading Number {n:04}"),
}


@pytest.mark.parametrize("act", ["block", "warn", "report"])
@pytest.mark.parametrize("method", ALIKE)
def test_each_way_to_compare_holds_on_each_occasion(people, rule, method, act):
    li, n = people["li"], next(number) * 37 % 9000 + 1000
    field, one, other = ALIKE[method]
    one, other = one.format(n=n), other.format(n=n)
    rule(fields=field, method=method, alike=90, on_create=act, on_edit=act, on_import=act)
    old = li.made("lead", name=name(), country="CN", **{field: one})
    there = lambda: {r["id"] for r in li.rows("lead", filter=[field, "in", [one, other]])}
    # create
    answer = li.post("/lead", {"name": name(), "country": "CN", field: other})
    if act == "report":
        assert answer.status == 201 and [m["id"] for m in answer.json["duplicates"]] == [old["id"]], answer
        assert people["admin"].delete(f"/lead/{answer.json['row']['id']}").status == 204
    else:
        assert answer.status == 409 and answer.json["error"]["blocked"] is (act == "block"), answer
        assert [m["id"] for m in answer.json["error"]["matches"]] == [old["id"]]
    assert there() == {old["id"]}
    # edit
    another = li.made("lead", name=name(), country="CN")
    answer = li.patch(f"/lead/{another['id']}", another["version"], {field: other})
    assert answer.status == (200 if act == "report" else 409), answer
    assert li.row(f"/lead/{another['id']}")[field] == (other if act == "report" else None)
    assert people["admin"].delete(f"/lead/{another['id']}").status == 204
    # import
    look = li.ask("POST", "/_import/lead", raw=f"name,{field},country\n{name()},\"{other}\",CN\n".encode(), name="alike.csv").json
    result = li.job(li.post(f"/_import/{look['import']}/run", {"sheet": 0, "header_row": 1, "map": {"0": "name", "1": field, "2": "country"}}))["result"]
    assert (result["new"], result["duplicate"]) == ((1, 0) if act == "report" else (0, 1)), result
    for gone in there():
        people["admin"].delete(f"/lead/{gone}")


def test_a_competitors_name_is_told_to_whoever_makes_a_lead_or_a_customer_of_it(people):
    manager = people["manager"]
    rival = manager.made("competitor", name=name("Rival"))
    for table in ("lead", "customer"):
        answer = manager.post(f"/{table}", {"name": rival["name"].upper()})
        assert answer.status == 409, answer
        assert [(m["table"], m["id"]) for m in answer.json["error"]["matches"]] == [("competitor", rival["id"])]
    _, result, rows = imported(manager, [(rival["name"], "")])
    assert result["elsewhere"] == 1 and rows[2]["table"] == "competitor"


@pytest.mark.parametrize("tables", [("opportunity", "supplier"), ("cooperation", "network"), ("contact", "position")])
def test_rules_reach_whatever_table_they_name(people, rule, tables):
    manager, (table, field) = people["manager"], tables
    rule(fields="commodity", method="code", meets="reach")
    rule(on_table=table, fields=field, method="code", meets="reach")
    code = f"77 {next(number):06} Q"
    lead = manager.made("lead", name=name(), commodity=code)
    more = {"customer_id": manager.made("customer", name=name())["id"]} if table == "contact" else {}
    answer = manager.post(f"/{table}", {"name": name(), field: code.replace(" ", ""), **more})
    assert answer.status == 409, answer
    assert [(m["table"], m["id"]) for m in answer.json["error"]["matches"]] == [("lead", lead["id"])]


def test_of_many_who_edit_into_one_company_at_the_same_moment_one_succeeds(site, people, rule):
    rule(fields="commodity", method="company", on_edit="block")
    crowd = [site.sign_in("demo." + who) for who in ("li", "zhang", "alice", "manager") for _ in range(3)]
    with concurrent.futures.ThreadPoolExecutor(len(crowd)) as threads:
        for _ in range(4):
            title, leads = name("Moment"), [who.made("lead", name=name()) for who in crowd]
            answers = list(threads.map(lambda i: crowd[i].patch(f"/lead/{leads[i]['id']}", leads[i]["version"], {"commodity": title}).status, range(len(crowd))))
            assert sorted(answers) == [200] + [409] * (len(crowd) - 1)
            assert len(people["admin"].rows("lead", filter=["commodity", "=", title])) == 1


def test_of_an_import_and_people_who_save_the_same_at_the_same_moment_each_company_is_there_once(people):
    li, titles = people["li"], [name("Side by side") for _ in range(400)]
    data = "\n".join(["公司名称", *titles]).encode()
    look = li.ask("POST", "/_import/lead", raw=data, name="race.csv").json
    started = li.post(f"/_import/{look['import']}/run", {"sheet": 0, "header_row": 1, "map": {"0": "name"}})
    typed = [people["zhang"].post("/lead", {"name": t}).status for t in reversed(titles[::4])]
    result = li.job(started)["result"]
    there = [r["name"] for r in people["admin"].rows("lead", filter=["name", "^", "Side by side"], limit=500)]
    assert sorted(there) == sorted(titles)
    assert result["new"] + typed.count(201) == len(titles) and set(typed) <= {201, 409}
