"""Several records become one and are split again; whether a company is taken; groups of duplicates."""
import datetime
import itertools
import sqlite3

import pytest

from site_ import today, until

number = itertools.count(1)
KEPT_UP = ("search_", "fts_", "sqlite_", "seal", "merg", "dup_", "audit", "session", "job", "history", "bin", "series", "model_table", "timer")


def name(what="Merga"):
    return f"{what} {next(number):03} {chr(0x4f00 + next(number))}{chr(0x5300 + next(number))} Shipping"


def dump(site):
    """What the database says, without what counts changes, is made from the rest or goes with the clock."""
    db = sqlite3.connect(f"file:{next(site.data.glob('*.db'))}?mode=ro", uri=True)
    tables = [t for (t,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
              if not t.startswith(KEPT_UP)]
    out = {}
    for t in tables:
        columns = [c[1] for c in db.execute(f'PRAGMA table_info("{t}")') if c[1] not in ("version", "last_seen_at")]
        rows = db.execute(f'SELECT {", ".join(chr(34) + c + chr(34) for c in columns)} FROM "{t}"')
        # of the demo's own dates, from nine o'clock on; what rules the last dates followed, kept beside
        out[t] = sorted(r for r in map(repr, rows) if "'reminders.until'" not in r and "'alert.remind'" not in r and "'recycle." not in r)
    keys = set(db.execute("SELECT hash, tbl, rec FROM dup_key UNION SELECT hash, tbl, rec FROM dup_todo"))
    out["keys"] = sorted(k for k in keys)
    db.close()
    return out


def unchanged(site, before, *tables):
    """All of it, or some tables."""
    after = dump(site)
    for table in tables or before:
        assert after[table] == before[table], table


@pytest.fixture
def pair(people):
    """Two customers; one with a contact, and a note of a lead's."""
    manager = people["manager"]
    a, b = (manager.made("customer", name=name(), city=c) for c in ("Ningbo", "Xiamen"))
    contact = manager.made("contact", name="Ms. Lin", customer_id=b["id"])
    return a, b, contact


def test_merging_moves_what_refers_to_the_record_and_tells_where_it_went(people, pair):
    manager = people["manager"]
    a, b, contact = pair
    answer = manager.post(f"/customer/{a['id']}/_merge", {"from": [b["id"]], "values": {"city": "Xiamen"}})
    assert answer.status == 200, answer
    assert answer.json["row"]["city"] == "Xiamen" and answer.json["row"]["name"] == a["name"]
    assert manager.row(f"/contact/{contact['id']}")["customer_id"] == a["id"]
    gone = manager.get(f"/customer/{b['id']}")
    assert gone.status == 404 and gone.code == "merged" and gone.json["error"]["into"] == a["id"]
    assert [e["op"] for e in manager.get(f"/customer/{a['id']}/_history").json["entries"]][:2] == ["update", "merge"]
    binned = manager.get("/customer", bin=1).json["rows"]
    assert b["id"] in [r["id"] for r in binned]


def test_splitting_gives_the_same_database(site, people, pair):
    manager = people["manager"]
    a, b, _ = pair
    before = dump(site)
    assert manager.post(f"/customer/{a['id']}/_merge", {"from": [b["id"]], "values": {"city": "Xiamen"}}).status == 200
    assert dump(site) != before
    answer = manager.post(f"/customer/{a['id']}/_split")
    assert answer.status == 200, answer
    unchanged(site, before)
    assert manager.get(f"/customer/{b['id']}").status == 200
    assert manager.post(f"/customer/{a['id']}/_split").status == 404  # nothing is left to split


def test_tags_and_followers_come_along_and_go_back(site, people, pair):
    manager, admin = people["manager"], people["admin"]
    a, b, _ = pair
    both, own = (admin.made("tag", name=f"Merged {next(number)}") for _ in range(2))
    for row, tags in ((a, [both]), (b, [both, own])):
        assert manager.ask("PUT", f"/customer/{row['id']}/_tags", {"tags": [t["id"] for t in tags]}).status in (200, 204)
    assert admin.ask("PUT", f"/customer/{b['id']}/_follow", {"on": True}).status in (200, 204)
    before = dump(site)
    assert manager.post(f"/customer/{a['id']}/_merge", {"from": [b["id"]]}).status == 200
    about = admin.get(f"/customer/{a['id']}/_about").json
    assert sorted(t["name"] for t in about["labels"]["tags"]) == sorted([both["name"], own["name"]]) and about["follow"]
    assert manager.post(f"/customer/{a['id']}/_split").status == 200
    unchanged(site, before, "record_tag", "follow")


def test_rows_that_move_run_their_hooks_and_come_back_whole(site, people, pair):
    manager = people["manager"]
    a, b, contact = pair
    act = manager.made("activity", kind="call", subject="spoke", customer_id=b["id"], contact_id=contact["id"])
    before = dump(site)
    assert manager.post(f"/customer/{a['id']}/_merge", {"from": [b["id"]]}).status == 200
    moved = manager.row(f"/activity/{act['id']}")
    assert moved["customer_id"] == a["id"] and moved["updated_at"] == act["updated_at"]
    told = manager.get(f"/contact/{contact['id']}/_history").json["entries"][0]
    assert told["op"] == "update" and [c["field"] for c in told["changes"]] == ["customer_id"]
    assert manager.post(f"/customer/{a['id']}/_split").status == 200
    unchanged(site, before)


def test_years_of_both_become_one_and_part_again(site, people, pair):
    """The merge was refused: of one year there may be only one."""
    manager = people["manager"]
    a, b, _ = pair
    for row, more in ((a, {"revenue": "100", "employees": None}), (b, {"revenue": "90", "employees": 7, "note": "audited"})):
        manager.made("customer_year", customer_id=row["id"], year=2025, **more)
    manager.made("customer_year", customer_id=b["id"], year=2024, revenue="80")
    before = dump(site)
    assert manager.post(f"/customer/{a['id']}/_merge", {"from": [b["id"]]}).status == 200
    got = manager.rows("customer_year", filter=["customer_id", "=", a["id"]], sort="year")
    assert [(r["year"], r["revenue"], r["employees"], r["note"]) for r in got] == [(2024, "80.00", None, None), (2025, "100.00", 7, "audited")]
    assert manager.post(f"/customer/{a['id']}/_split").status == 200
    unchanged(site, before)


def test_how_the_two_were_related_goes_with_the_merge_and_comes_back(site, people, pair):
    """The merge was refused: nothing is related to itself."""
    manager = people["manager"]
    a, b, contact = pair
    other = manager.made("contact", name="Same Person", customer_id=a["id"])
    third = manager.made("customer", name=name())
    gone = [manager.made("party_relation", kind="partner", from_customer_id=x["id"], to_customer_id=y["id"])["id"] for x, y in ((a, b), (b, a))]
    manager.made("party_relation", kind="supplies", from_customer_id=b["id"], to_customer_id=third["id"])
    between = manager.made("party_relation", kind="reports_to", from_contact_id=other["id"], to_contact_id=contact["id"])["id"]
    before = dump(site)
    assert manager.post(f"/customer/{a['id']}/_merge", {"from": [b["id"]]}).status == 200
    assert [r["to_customer_id"] for r in manager.rows("party_relation", filter=["from_customer_id", "=", a["id"]])] == [third["id"]]
    assert {manager.get(f"/party_relation/{i}").status for i in gone} == {404}
    assert manager.post(f"/contact/{other['id']}/_merge", {"from": [contact["id"]]}).status == 200
    assert manager.get(f"/party_relation/{between}").status == 404
    assert manager.post(f"/contact/{other['id']}/_split").status == 200
    assert manager.post(f"/customer/{a['id']}/_split").status == 200
    unchanged(site, before)


def test_a_person_known_twice_works_at_both_companies_after_the_merge(site, people, pair):
    """The merge was refused where the one also worked at the other's company."""
    manager = people["manager"]
    a, b, contact = pair  # the contact is of b
    there = manager.made("contact", name="Known Twice", customer_id=a["id"])
    third = manager.made("customer", name=name())
    manager.made("contact_link", contact_id=contact["id"], customer_id=a["id"], position="adviser")
    for who, position in ((contact, None), (there, "boss")):
        manager.made("contact_link", contact_id=who["id"], customer_id=third["id"], position=position, since_on=None if position else "2020-01-01")
    before = dump(site)
    assert manager.post(f"/contact/{there['id']}/_merge", {"from": [contact["id"]]}).status == 200
    links = {r["customer_id"]: r for r in manager.rows("contact_link", filter=["contact_id", "=", there["id"]])}
    assert set(links) == {a["id"], third["id"]} and (links[third["id"]]["position"], links[third["id"]]["since_on"]) == ("boss", "2020-01-01")
    assert manager.post("/contact_link", {"contact_id": there["id"], "customer_id": a["id"]}).status in (409, 422)  # said by people it is refused as before
    assert [r["name"] for r in manager.get("/customers/buying", id=a["id"]).json["rows"]] == ["Known Twice"]  # once
    assert manager.post(f"/contact/{there['id']}/_split").status == 200
    unchanged(site, before)


def test_what_was_changed_since_stands_against_a_split_and_nothing_is_split(people, pair):
    manager = people["manager"]
    a, b, contact = pair
    merged = manager.post(f"/customer/{a['id']}/_merge", {"from": [b["id"]], "values": {"city": "Xiamen"}}).json["row"]
    other = manager.made("customer", name=name())
    moved = manager.row(f"/contact/{contact['id']}")
    assert manager.patch(f"/contact/{contact['id']}", moved["version"], {"customer_id": other["id"]}).status == 200
    assert manager.patch(f"/customer/{a['id']}", merged["version"], {"city": "Dalian"}).status == 200
    answer = manager.post(f"/customer/{a['id']}/_split")
    assert answer.status == 409 and {"city", "contact"} <= set(answer.json["error"]["fields"]), answer
    told = {f: x["message"] for f, x in answer.json["error"]["fields"].items()}
    assert "城市" in told["city"], told  # which field, and which record of what
    assert str(contact["id"]) in told["contact"] and "联系人" in told["contact"], told
    assert manager.get(f"/customer/{b['id']}").status == 404
    assert manager.row(f"/customer/{a['id']}")["city"] == "Dalian"


def test_the_record_says_that_it_can_be_split_again_to_whoever_may(people, pair):
    """Once the message about the merge was gone, nothing on the screen offered it."""
    manager, alice = people["manager"], people["alice"]
    a, b, _ = pair
    may = lambda person: person.get(f"/customer/{a['id']}/_about").json["may"]["split"]
    assert manager.post(f"/customer/{a['id']}/_share", {"kind": "share", "access": "read", "user_id": alice.user["id"]}).status == 201
    assert not may(manager)
    assert manager.post(f"/customer/{a['id']}/_merge", {"from": [b["id"]]}).status == 200
    assert may(manager) and not may(alice)
    assert manager.post(f"/customer/{a['id']}/_split").status == 200
    assert not may(manager)


def test_later_changes_elsewhere_are_kept_by_a_split(people, pair):
    manager = people["manager"]
    a, b, _ = pair
    merged = manager.post(f"/customer/{a['id']}/_merge", {"from": [b["id"]], "values": {"city": "Xiamen"}}).json["row"]
    manager.patch(f"/customer/{a['id']}", merged["version"], {"short_name": "Later"})
    row = manager.post(f"/customer/{a['id']}/_split").json["row"]
    assert row["city"] == "Ningbo" and row["short_name"] == "Later"


def test_whoever_may_not_change_the_one_or_delete_the_other_merges_nothing(people, pair):
    manager, li = people["manager"], people["li"]
    a, b, contact = pair
    for person in (li, people["zhang"]):
        assert person.post(f"/customer/{a['id']}/_merge", {"from": [b["id"]]}).status in (403, 404)
    own = li.made("lead", name=name())
    second = li.made("lead", name=name())
    assert li.post(f"/lead/{own['id']}/_merge", {"from": [second["id"]]}).status == 403  # sales delete nothing
    assert manager.row(f"/customer/{b['id']}") == b and manager.row(f"/contact/{contact['id']}") == contact
    assert li.row(f"/lead/{second['id']}") == second


def test_requests_that_make_no_sense_are_refused(people, pair):
    manager = people["manager"]
    a, b, _ = pair
    for body in ({}, {"from": []}, {"from": [a["id"]]}, {"from": [b["id"], b["id"]]}, {"from": [1, 2, 3, 4, 5]},
                 {"from": ["x"]}, {"from": [b["id"]], "values": []}):
        assert manager.post(f"/customer/{a['id']}/_merge", body).status == 400 or \
            manager.post(f"/customer/{a['id']}/_merge", body).status == 422, body
    assert manager.post(f"/customer/{a['id']}/_merge", {"from": [b["id"]], "values": {"nosuch": 1}}).status == 422
    assert manager.row(f"/customer/{b['id']}") == b  # all or nothing


def test_likely_duplicates_are_found_and_shown_to_those_who_see_them(people):
    manager, li = people["manager"], people["li"]
    same = name("Groupa")
    mine = li.made("lead", name=same)
    theirs = manager.post("/lead", {"name": same}, duplicates="allow").json["row"]
    job = manager.job(manager.post("/_duplicates/lead"))
    assert job["state"] == "done", job

    def all_groups(person):
        after, out = 0, []
        while after is not None:
            page = person.get("/_duplicates/lead", after=str(after)).json
            out += page["groups"]
            after = page["next"]
        return out

    found = [g for g in all_groups(people["admin"]) if mine["id"] in [r["id"] for r in g["rows"]]]
    assert len(found) == 1 and found[0]["by"] == ["name"]
    assert {r["id"] for r in found[0]["rows"]} == {mine["id"], theirs["id"]}
    assert not [g for g in all_groups(li) if mine["id"] in [r["id"] for r in g["rows"]]]  # sees one of them only
    assert li.post("/_duplicates/lead").status == 403


def test_is_it_taken_tells_team_and_day_and_nothing_else(people):
    li, lan = people["li"], people["lan"]
    made = li.made("lead", name=name("Takena"), phone="0574 8765 4321", country="CN")
    answer = lan.get("/_taken", table="lead", name=made["name"].upper())
    assert answer.status == 200 and set(answer.json) == {"taken", "team", "free_on"} and answer.json["taken"] is True
    free = lan.post("/_taken", {"table": "lead", "name": name("Freea")})
    assert free.json == {"taken": False, "team": None, "free_on": None}
    assert len(free.body) == len(answer.body)
    assert lan.get("/_taken", table="lead").status in (400, 422)
    assert lan.get("/_taken", table="lead", notes="x").status == 400
    assert lan.get("/_taken", table="session", token="x").status == 400
    rows = people["admin"].rows("audit", filter=["what", "=", "taken"])
    assert any(made["name"].upper() in r["detail"] for r in rows)


def test_the_day_it_is_free_is_the_companys(people):
    """It was the day in Greenwich: midnight in Shenzhen is the afternoon before."""
    admin, li, alice, first = people["admin"], people["li"], people["alice"], today()
    later = lambda n: (first + datetime.timedelta(days=n)).isoformat()
    pool = admin.made("pool", name=name("Freepool"), on_table="lead")
    admin.made("pool_rule", pool_id=pool["id"], name="After the next date", days=3, counted_from="field", counted_field="next_action_on")
    made = li.made("lead", name=name("Freeday"), pool_id=pool["id"], owner_id=li.user["id"], next_action_on=later(20))
    admin.until(f"/lead/{made['id']}", lambda r: r["due_why"] == "After the next date")
    assert alice.post("/_taken", {"table": "lead", "name": made["name"]}).json["free_on"] == later(23)


def test_whoever_looks_as_somebody_asks_in_their_own_name(site, people):
    """The question stood in the audit trail, and counted, as the other's."""
    looking, asked = site.sign_in("demo.admin"), name("Lookedfor")
    assert looking.post(f"/user/{people['minh'].user['id']}/_look_as").status == 204
    assert looking.get("/_taken", table="lead", name=asked).status == 200
    line, = until(lambda: [r for r in people["admin"].rows("audit", filter=["what", "=", "taken"]) if asked in r["detail"]])
    assert line["user_id"] == people["admin"].user["id"], line
    looking.delete("/_session")


def test_too_many_questions_have_to_wait(site):
    alice = site.sign_in("demo.alice")
    statuses = [alice.get("/_taken", table="lead", name=f"Many {i}").status for i in range(24)]
    assert statuses[0] == 200 and statuses[-1] == 429


def alerts(site, *records):
    """Whose alerts of what hang on which of two customers; when they are due goes with the clock."""
    db = sqlite3.connect(f"file:{next(site.data.glob('*.db'))}?mode=ro", uri=True)
    on = "SELECT tbl FROM alert WHERE text LIKE '%call them%' OR args LIKE '%call them%' LIMIT 1"
    found = db.execute(f"SELECT rec, user_id, key, args FROM alert WHERE tbl = ({on}) AND rec IN (?, ?)", records).fetchall()
    db.close()
    return sorted(found, key=repr)


def asked(person, row, flow):
    answer = person.post(f"/customer/{row['id']}/_approval", {"flow": flow["name"]})
    assert answer.status == 201, answer
    return answer.json["id"]


def test_all_that_hangs_on_a_record_goes_along_and_comes_back(site, people, pair):
    """Tags, followers, notes, files, shares, teams, alerts, approvals and what refers to it."""
    manager, admin, alice, zhang = people["manager"], people["admin"], people["alice"], people["zhang"]
    a, b, contact = pair
    kept, gone = f"/customer/{a['id']}", f"/customer/{b['id']}"
    flow = admin.made("approval_flow", name=f"Merged {next(number)}", on_table="customer", applies_to=["city", "=", "Xiamen"], starts="ask")
    admin.made("approval_step", flow_id=flow["id"], place=0, name="Step 1", who="people", user_ids=[zhang.user["id"]])
    tag = admin.made("tag", name=f"Merged {next(number)}")
    assert manager.ask("PUT", gone + "/_tags", {"tags": [tag["id"]]}).status in (200, 204)
    assert manager.ask("PUT", gone + "/_follow", {"on": True}).status in (200, 204)
    assert manager.post(gone + "/_note", {"text": "wants Hamburg"}).status == 201
    assert manager.ask("POST", gone + "/_files", raw=b"rates", name="rates.txt").status == 201
    assert manager.post(gone + "/_share", {"kind": "share", "access": "read", "user_id": alice.user["id"]}).status == 201
    assert manager.post(gone + "/_alert", {"text": "call them", "minutes": 600}).status == 204
    approval = asked(manager, b, flow)
    deal = manager.made("opportunity", name="Merged deal", customer_id=b["id"])
    task = manager.made("task", subject="send rates", customer_id=b["id"])
    assert alice.get(gone).status == 200 and alice.get(kept).status == 404 and zhang.get(gone).status == 200 and zhang.get(kept).status == 404
    before, told = dump(site), alerts(site, a["id"], b["id"])
    assert any("call them" in repr(x) for x in told) and {x[0] for x in told} == {b["id"]}, told
    assert manager.post(kept + "/_merge", {"from": [b["id"]]}).status == 200

    about, story = manager.get(kept + "/_about").json, manager.get(kept + "/_timeline").json["entries"]
    assert [t["name"] for t in about["labels"]["tags"]] == [tag["name"]] and about["follow"]
    assert [e["text"] for e in story if e["kind"] == "note"] == ["wants Hamburg"]
    assert [f["name"] for f in manager.get(kept + "/_files").json["files"]] == ["rates.txt"]
    assert alice.get(kept).status == 200 and alice.get(gone).status == 404  # it was shared with her
    assert zhang.get(kept).status == 200  # he is asked about it
    assert alerts(site, a["id"], b["id"]) == [(a["id"], *x[1:]) for x in told]
    assert manager.get(f"/_approval/{approval}").json["record"] == a["id"]
    assert [x["id"] for x in manager.get(kept + "/_approval").json["approvals"]] == [approval]
    assert manager.row(f"/opportunity/{deal['id']}")["customer_id"] == manager.row(f"/task/{task['id']}")["customer_id"] == a["id"]

    assert manager.post(kept + "/_split").status == 200
    after = dump(site)
    assert {t: (list(set(before[t]) - set(after[t]))[:2], list(set(after[t]) - set(before[t]))[:2]) for t in before
            if after[t] != before[t] and t not in ("setting", "alert")} == {} and alerts(site, a["id"], b["id"]) == told
    assert alice.get(gone).status == 200 and alice.get(kept).status == 404 and zhang.get(kept).status == 404
    assert zhang.post(f"/_approval/{approval}/approve").status == 200
    assert admin.delete(f"/approval_flow/{flow['id']}").status == 204
