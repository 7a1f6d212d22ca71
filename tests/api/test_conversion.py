"""A lead becomes a customer, a contact and an opportunity, with what was done on it; and comes back within a day."""
import concurrent.futures
import itertools
import threading

import pytest

number = itertools.count(1)


def name(what="Convert"):
    return f"{what} {next(number)} {id(number) % 9973} Exports"


@pytest.fixture
def lead(people):
    n = next(number)
    return people["li"].made("lead", name=name(), contact="陈小姐", position="船务", phone=f"0755-3355 {1000 + n}", mobile=f"1370013{2000 + n}",
                             email=f"a{n}@convert.example", country="CN", city="深圳", direction="export", commodity="灯具",
                             lanes=["europe"], suppliers="老货代", status="qualified")


ALL = ["customer", "contact", "opportunity"]


def test_the_form_of_converting_begins_with_all_three(people):
    convert = next(a for a in people["li"].get("/_meta/lead").json["actions"] if a["name"] == "convert")
    assert next(f for f in convert["form"] if f["name"] == "into")["default"] == ALL


def test_a_lead_becomes_all_three_and_its_history_goes_along(people, lead):
    li, path = people["li"], f"/lead/{lead['id']}"
    li.post(path + "/log", {"kind": "visit", "note": "saw the factory"})
    li.made("task", subject="send rates", lead_id=lead["id"])
    answer = li.post(path + "/convert", {"into": ALL, "opportunity_name": "Europe contract"})
    assert answer.status == 200, answer
    row = answer.json["row"]
    assert row["status"] == "converted" and row["converted_at"]
    customer = li.row(f"/customer/{row['customer_id']}")
    assert (customer["name"], customer["city"], customer["goods"], customer["lanes"], customer["owner_id"], customer["lifecycle"]) == \
        (lead["name"], "深圳", "灯具", ["europe"], li.user["id"], "prospect")
    contact = li.row(f"/contact/{row['contact_id']}")
    assert (contact["name"], contact["position"], contact["mobile"], contact["customer_id"]) == \
        ("陈小姐", "船务", lead["mobile"], customer["id"])
    deal = li.row(f"/opportunity/{row['opportunity_id']}")
    assert (deal["name"], deal["customer_id"], deal["contact_id"], deal["lead_id"]) == \
        ("Europe contract", customer["id"], contact["id"], lead["id"])
    assert [r["supplier"] for r in li.rows("customer_need", filter=["customer_id", "=", customer["id"]])] == ["老货代"]
    for table, subject in (("activity", "saw the factory"), ("task", "send rates")):
        for field, of in (("customer_id", customer), ("opportunity_id", deal)):
            assert [r["subject"] for r in li.rows(table, filter=[field, "=", of["id"]])] == [subject]
    assert li.post(path + "/convert", {"into": ALL}).status == 409  # once


def test_it_is_taken_back_whole(people, lead):
    li, path = people["li"], f"/lead/{lead['id']}"
    li.post(path + "/log", {"kind": "call", "note": "x"})
    before = li.row(path)
    row = li.post(path + "/convert", {"into": ALL}).json["row"]
    back = li.post(path + "/unconvert")
    assert back.status == 200, back
    now = ("version", "updated_at", "updated_by")
    assert {f: v for f, v in back.json["row"].items() if f not in now} == {f: v for f, v in before.items() if f not in now}
    for table in ALL:
        assert li.get(f"/{table}/{row[table + '_id']}").status == 404
    act, = li.rows("activity", filter=["lead_id", "=", lead["id"]])
    assert act["customer_id"] is None and act["opportunity_id"] is None
    assert li.post(path + "/convert", {"into": ALL}).status == 200  # and again


def hanging(person, path):
    about = person.get(path + "/_about").json
    story = person.get(path + "/_timeline").json["entries"]
    return ([f["name"] for f in person.get(path + "/_files").json["files"]], [e["text"] for e in story if e["kind"] == "note"],
            [t["name"] for t in about["labels"]["tags"]], about["follow"])


def test_files_notes_tags_and_followers_go_along_and_come_back(people, lead):
    li, admin, path = people["li"], people["admin"], f"/lead/{lead['id']}"
    both, own = (admin.made("tag", name=f"Carry {next(number)}") for _ in range(2))
    there = li.made("customer", name=name("Carrier"))
    customer = f"/customer/{there['id']}"
    assert li.ask("POST", path + "/_files", raw=b"quotation", name="quote.txt").status == 201
    assert li.post(path + "/_note", {"text": "wants Hamburg"}).status == 201
    assert li.ask("PUT", path + "/_tags", {"tags": [both["id"], own["id"]]}).status in (200, 204)
    assert li.ask("PUT", customer + "/_tags", {"tags": [both["id"]]}).status in (200, 204)
    li.ask("PUT", path + "/_follow", {"on": True})
    before = hanging(li, path), hanging(li, customer)
    assert before[0][0] == ["quote.txt"] and before[0][1] == ["wants Hamburg"] and before[0][3]
    assert li.post(path + "/convert", {"into": ["contact"], "customer_id": there["id"]}).status == 200
    assert hanging(li, customer) == (["quote.txt"], ["wants Hamburg"], [both["name"], own["name"]], True)
    assert hanging(li, path)[:2] == ([], [])
    file = li.get(customer + "/_files").json["files"][0]["id"]
    assert people["zhang"].get(f"/_file/{file}").status == 404
    assert li.post(path + "/unconvert").status == 200
    assert (hanging(li, path), hanging(li, customer)) == before


def test_what_came_meanwhile_is_in_the_way(people, lead):
    li, path = people["li"], f"/lead/{lead['id']}"
    row = li.post(path + "/convert", {"into": ALL}).json["row"]
    other = li.made("contact", name="newcomer", customer_id=row["customer_id"])
    answer = li.post(path + "/unconvert")
    assert answer.status == 409 and answer.json["error"]["message"]
    for table in ALL:  # nothing of it happened
        assert li.get(f"/{table}/{row[table + '_id']}").status == 200
    assert li.row(path)["status"] == "converted"
    li.delete(f"/contact/{other['id']}")
    assert li.post(path + "/unconvert").status == 200


def test_an_existing_customer_takes_it_and_stays_when_it_goes(people, lead):
    li = people["li"]
    there = li.made("customer", name=name("There"))
    row = li.post(f"/lead/{lead['id']}/convert", {"into": ["contact"], "customer_id": there["id"]}).json["row"]
    assert row["customer_id"] == there["id"] and row["opportunity_id"] is None
    assert li.row(f"/contact/{row['contact_id']}")["customer_id"] == there["id"]
    assert li.post(f"/lead/{lead['id']}/unconvert").json["row"]["customer_id"] is None
    assert li.row(f"/customer/{there['id']}")["id"] == there["id"]


def test_a_duplicate_of_somebody_elses_customer_is_told_and_nothing_is_made(people, lead):
    li, zhang = people["li"], people["zhang"]
    answer = zhang.post("/customer", {"name": name("Other"), "email": lead["email"]}, duplicates_="allow")
    assert answer.status == 201
    refused = li.post(f"/lead/{lead['id']}/convert", {"into": ["customer"]})
    assert refused.status == 409 and refused.code == "duplicate"
    assert [m["by"] for m in refused.json["error"]["matches"]] == [["email"]]
    assert li.row(f"/lead/{lead['id']}")["status"] == "qualified"


def together(*doings):
    """What several people get who do it at the same moment."""
    start = threading.Barrier(len(doings))

    def go(do):
        start.wait()
        return do()

    with concurrent.futures.ThreadPoolExecutor(len(doings)) as threads:
        return list(threads.map(go, doings))


@pytest.mark.parametrize("other", ["convert", "delete", "merge", "transfer", "import"])
def test_of_a_conversion_and_what_else_is_done_at_the_same_moment_each_happens_whole_or_not_at_all(site, people, other):
    """Ten times: whichever comes first, the other either builds on it or is refused, and nothing is made twice or by half."""
    admin, winners = people["admin"], set()
    for _ in range(10):
        n, li, second = next(number), site.sign_in("demo.li"), site.sign_in("demo.li")
        lead = li.made("lead", name=name("Race"), contact="陈小姐", mobile=f"1380014{2000 + n}", city="深圳", status="qualified")
        path = f"/lead/{lead['id']}"
        deal = lead["name"] + " deal"
        convert = lambda who: lambda: who.post(path + "/convert", {"into": ALL, "opportunity_name": deal})
        if other == "convert":
            do = convert(second)
        elif other == "delete":
            second = site.sign_in("demo.manager")  # sales delete nothing
            do = lambda: second.delete(path)
        elif other == "merge":
            kept = li.made("lead", name=name("Race"))
            second = site.sign_in("demo.manager")
            do = lambda: second.post(f"/lead/{kept['id']}/_merge", {"from": [lead["id"]]})
        elif other == "transfer":
            do = lambda: second.post(path + "/transfer", {"to_id": people["zhang"].user["id"]})
        else:
            data = f"id,city\n{lead['id']},广州\n".encode()
            look = second.ask("POST", "/_import/lead", raw=data, name="race.csv").json
            do = lambda: second.post(f"/_import/{look['import']}/run", {"sheet": 0, "header_row": 1, "map": {"0": "id", "1": "city"}, "mode": "update", "match": ["id"]})
        answers = together(convert(li), do)
        if other == "import":
            assert second.job(answers[1])["result"]["updated"] == 1
        converted = answers[0].status == 200
        winners.add((converted, answers[1].status < 300))
        deals = admin.rows("opportunity", filter=["name", "=", deal])
        customers = admin.rows("customer", filter=["name", "=", lead["name"]])
        contacts = [c for x in customers for c in admin.rows("contact", filter=["customer_id", "=", x["id"]])]
        if other == "convert":
            assert sorted(a.status for a in answers) == [200, 409], answers
            converted = True
        assert (len(customers), len(contacts), len(deals)) == ((1, 1, 1) if converted else (0, 0, 0)), (other, answers)
        now = admin.get(path)
        if now.status == 200:
            row = now.json["row"]
            assert (row["status"] == "converted") == converted and bool(row["customer_id"]) == converted, (other, row)
            if converted:
                assert (row["customer_id"], row["contact_id"], row["opportunity_id"]) == (customers[0]["id"], contacts[0]["id"], deals[0]["id"])
        elif converted:  # it was converted first, and then deleted or merged: what it became stays, and names it, for it may come back
            assert deals[0]["lead_id"] == (kept["id"] if other == "merge" else lead["id"]), (other, deals)
        if other == "import" and now.status == 200:
            assert row["city"] == "广州"
    assert winners <= ({(True, False), (False, True)} if other == "convert" else {(True, True), (False, True)}), (other, winners)


def test_others_do_not_convert_it(people, lead):
    before = people["li"].row(f"/lead/{lead['id']}")
    assert people["zhang"].post(f"/lead/{lead['id']}/convert", {"into": ALL}).status == 404
    assert people["li"].post(f"/lead/{lead['id']}/convert", {"into": []}).status == 422
    assert people["li"].post(f"/lead/{lead['id']}/convert", {"into": ["spaceship"]}).status == 422
    assert people["li"].row(f"/lead/{lead['id']}") == before


def test_a_lead_converts_to_what_is_there(own_site):
    site = own_site("--plugins", "base pools leads opportunities")
    li = site.sign_in("demo.li")
    lead = li.made("lead", name=name(), contact="x")
    assert li.post(f"/lead/{lead['id']}/convert", {"into": ["customer"]}).status == 422
    row = li.post(f"/lead/{lead['id']}/convert", {"into": ["customer", "opportunity"]}).json["row"]
    assert row["opportunity_id"] and row["customer_id"] is None
    assert li.post(f"/lead/{lead['id']}/unconvert").json["row"]["opportunity_id"] is None
