"""Rules without code: when something happens to a record, and if it fits, then something is done."""
import itertools
import sqlite3

import pytest

from site_ import day, until
from test_mail import relay  # noqa: F401
from test_rights import name
from test_sharing import at, me

number = itertools.count(1)


@pytest.fixture
def rule(people):
    """Makes rules for records of one city, which no other test uses; they are gone afterwards."""
    admin, made = people["admin"], []

    def make(*steps, **fields):
        city = f"Autoville {next(number)}"
        row = admin.made("automation", name=f"Rule {city}", **{"on_table": "lead", "event": "created", "applies_to": ["city", "=", city], **fields})
        made.append(row)
        for i, step in enumerate(steps):
            admin.made("automation_step", automation_id=row["id"], place=i, **step)
        return row, city

    yield make
    for row in made:
        assert admin.delete(f"/automation/{row['id']}").status == 204


def ops(person, table, id):
    return [e["op"] for e in person.get(f"/{table}/{id}/_history").json["entries"]]


def test_a_new_record_is_set_and_the_history_says_by_which_rule(people, rule):
    li = people["li"]
    r, city = rule({"does": "set", "field": "rating", "value": "hot"}, {"does": "set", "field": "next_action_on", "value": "+3"},
                   {"does": "set", "field": "notes", "value": "Call {name} in {city}"})
    lead = li.made("lead", name=name("Auto"), city=city)
    assert (lead["rating"], lead["next_action_on"], lead["notes"]) == ("hot", day(3), f"Call {lead['name']} in {city}")
    entry = [e for e in li.get(f"/lead/{lead['id']}/_history").json["entries"] if e["op"] == "automation"][0]
    assert entry["note"] == r["name"] and entry["by"] is None
    other = li.made("lead", name=name("Auto"), city="elsewhere")
    assert other["rating"] != "hot"


def test_a_change_and_a_choice_that_is_reached(people, rule):
    li = people["li"]
    _, city = rule({"does": "set", "field": "rating", "value": "cold"}, event="changed", field="phone")
    lead = li.made("lead", name=name("Auto"), city=city, rating="hot")
    assert lead["rating"] == "hot"
    lead = li.patch(f"/lead/{lead['id']}", lead["version"], {"notes": "x"}).json["row"]
    assert lead["rating"] == "hot"
    lead = li.patch(f"/lead/{lead['id']}", lead["version"], {"phone": f"+86 755 8{next(number):07}"}).json["row"]
    assert lead["rating"] == "cold"
    _, city = rule({"does": "set", "field": "rating", "value": "hot"}, event="reached", field="status", value="qualified")
    lead = li.made("lead", name=name("Auto"), city=city, rating="cold")
    lead = li.patch(f"/lead/{lead['id']}", lead["version"], {"status": "contacted"}).json["row"]
    assert lead["rating"] == "cold"
    lead = li.patch(f"/lead/{lead['id']}", lead["version"], {"status": "qualified"}).json["row"]
    assert lead["rating"] == "hot"
    lead = li.patch(f"/lead/{lead['id']}", lead["version"], {"rating": "warm"}).json["row"]
    assert lead["rating"] == "warm", "it is reached once, not held"


def test_rules_that_set_each_other_off_end(people, rule):
    li = people["li"]
    _, city = rule({"does": "set", "field": "rating", "value": "cold"}, event="changed", field="notes")
    rule({"does": "set", "field": "notes", "value": "again"}, event="changed", field="rating", applies_to=["city", "=", city])
    lead = li.made("lead", name=name("Auto"), city=city, rating="hot")
    answer = li.patch(f"/lead/{lead['id']}", lead["version"], {"notes": "begin"})
    assert answer.status == 200
    assert (answer.json["row"]["rating"], answer.json["row"]["notes"]) == ("cold", "again")


def test_turn_by_turn_among_those_who_are_there(people, rule):
    li, zhang, alice, admin = (people[n] for n in ("li", "zhang", "alice", "admin"))
    _, city = rule({"does": "assign", "how": "turn", "user_ids": [me(li), me(zhang), me(alice)]})
    seen = [admin.made("lead", name=name("Turn"), city=city)["owner_id"] for _ in range(6)]
    assert seen == sorted([me(li), me(zhang), me(alice)]) * 2
    deputy = zhang.made("deputy", deputy_id=me(li), from_at=at(-60), until_at=at(3600))
    try:
        assert {admin.made("lead", name=name("Turn"), city=city)["owner_id"] for _ in range(4)} == {me(li), me(alice)}, "who is away gets nothing"
    finally:
        assert zhang.delete(f"/deputy/{deputy['id']}").status == 204


def test_who_has_the_least_to_do_and_what_counts(people, rule):
    li, zhang, admin = people["li"], people["zhang"], people["admin"]
    _, city = rule({"does": "assign", "how": "least", "user_ids": [me(li), me(zhang)], "counted": ["province", "=", "Leastland"]})
    for owner in (me(li), me(li), me(zhang)):
        admin.made("lead", name=name("Busy"), city="elsewhere", province="Leastland", owner_id=owner)
    assert admin.made("lead", name=name("Least"), city=city, province="Leastland")["owner_id"] == me(zhang)
    # both have two now: the first in order
    assert admin.made("lead", name=name("Least"), city=city, province="Leastland")["owner_id"] == min(me(li), me(zhang))


def test_nobody_there_leaves_the_record_and_says_so(people, rule):
    li = people["li"]
    admin = people["admin"]
    role = admin.made("role", name=name("Nobodys"))
    _, city = rule({"does": "set", "field": "rating", "value": "hot"}, {"does": "assign", "role_id": role["id"]})
    lead = li.made("lead", name=name("None"), city=city)
    assert lead["owner_id"] == me(li) and lead["rating"] != "hot", "all of it or nothing"
    assert ops(li, "lead", lead["id"])[0] == "automation_failed"


def test_an_alert_and_a_task(people, rule):
    li, manager = people["li"], people["manager"]
    r, city = rule({"does": "alert", "whom": "superior", "text": "New in {city}: {name}"}, {"does": "create", "makes": "task", "text": "Call {name}", "days": 2})
    lead = li.made("lead", name=name("Told"), city=city)

    def told():
        return [a["text"] for a in manager.get("/_alert", state="open", limit="200").json["alerts"] if a["record"] == lead["id"]]

    assert until(told) == [f"New in {city}: {lead['name']}"]
    tasks = li.rows("task", filter=["lead_id", "=", lead["id"]])
    assert [(t["subject"], t["due_on"], t["owner_id"]) for t in tasks] == [(f"Call {lead['name']}", day(2), me(li))]
    entries = [e for e in li.get(f"/lead/{lead['id']}/_history").json["entries"] if e["op"] == "automation"]
    assert [(e["note"], e["by"]) for e in entries] == [(r["name"], None)]  # though nothing of the lead changed


def test_what_may_not_be_read_does_not_stand_in_an_alert(people, rule):
    li, manager, admin = people["li"], people["manager"], people["admin"]
    role = [r["id"] for r in admin.rows("role") if r["name"] == "manager"][0]
    hidden = admin.made("role_field", role_id=role, on_table="lead", field="notes", access="none")
    try:
        _, city = rule({"does": "alert", "whom": "superior", "text": "Note: {notes}"})
        lead = li.made("lead", name=name("Hidden"), city=city, notes="the secret")

        def told():
            return [a["text"] for a in manager.get("/_alert", state="open", limit="200").json["alerts"] if a["record"] == lead["id"]]

        assert until(told) == ["Note: {notes}"]
    finally:
        assert admin.delete(f"/role_field/{hidden['id']}").status == 204


def test_a_day_that_comes_near_at_once_and_by_the_clock(own_site):
    site = own_site()
    admin, li = site.sign_in("demo.admin"), site.sign_in("demo.li")
    early = li.made("lead", name=name("Near"), next_action_on=day(2))
    far = li.made("lead", name=name("Near"), next_action_on=day(30))
    r = admin.made("automation", name="Near", on_table="lead", event="near", field="next_action_on", days=3, applies_to=["name", "^", "Near"])
    admin.made("automation_step", automation_id=r["id"], does="set", field="rating", value="hot")
    set_near = li.made("lead", name=name("Near"), next_action_on=day(1))
    assert set_near["rating"] == "hot", "what is set so near is told at once"
    assert site.stop() == 0  # the minute's look comes with the start
    site.start()
    li = site.sign_in("demo.li")
    li.until(f"/lead/{early['id']}", lambda row: row["rating"] == "hot")
    assert li.row(f"/lead/{far['id']}")["rating"] != "hot"
    assert ops(li, "lead", early["id"]).count("automation") == 1
    again = li.row(f"/lead/{early['id']}")
    assert li.patch(f"/lead/{early['id']}", again["version"], {"rating": "cold"}).status == 200
    assert site.stop() == 0
    site.start()
    li = site.sign_in("demo.li")
    looked = sqlite3.connect(site.data / "berth.db")
    before = looked.execute("SELECT from_at FROM automation_look").fetchone()[0]
    assert until(lambda: looked.execute("SELECT from_at FROM automation_look").fetchone()[0] != before)
    looked.close()
    assert li.row(f"/lead/{early['id']}")["rating"] == "cold", "once"


def test_what_lies_idle(own_site):
    site = own_site()
    admin, li = site.sign_in("demo.admin"), site.sign_in("demo.li")
    lead, fresh = li.made("lead", name=name("Idle")), li.made("lead", name=name("Idle"))
    r = admin.made("automation", name="Idle", on_table="lead", event="idle", days=20, applies_to=["name", "^", "Idle"])
    admin.made("automation_step", automation_id=r["id"], does="set", field="rating", value="cold")
    assert site.stop() == 0
    with sqlite3.connect(site.data / "berth.db") as db:
        db.execute("UPDATE lead SET touched_at = touched_at - 21 * 86400000 WHERE id = ?", (lead["id"],))
    db.close()
    site.start()
    li = site.sign_in("demo.li")
    li.until(f"/lead/{lead['id']}", lambda row: row["rating"] == "cold")
    assert li.row(f"/lead/{fresh['id']}")["rating"] != "cold"


def test_what_an_import_makes_comes_soon_after(people, rule):
    li = people["li"]
    _, city = rule({"does": "set", "field": "rating", "value": "hot"})
    look = li.ask("POST", "/_import/lead?name=auto.csv", raw=f"Name,City\n{name('Auto')},{city}\n{name('Auto')},{city}\n".encode())
    run = li.post(f"/_import/{look.json['import']}/run", {"map": {"0": "name", "1": "city"}, "header_row": 1})
    assert li.job(run)["state"] == "done"
    assert until(lambda: [r["rating"] for r in li.rows("lead", filter=["city", "=", city])] == ["hot", "hot"])


def test_a_rule_waits_for_approval_like_everybody(people, rule):
    li, manager, admin = people["li"], people["manager"], people["admin"]
    _, city = rule({"does": "set", "field": "credit_limit", "value": "5000"}, on_table="customer")
    flow = admin.made("approval_flow", name=name("Auto flow"), on_table="customer", starts="change", field="credit_limit", locks="none",
                      applies_to=["city", "=", city])
    admin.made("approval_step", flow_id=flow["id"], name="One", who="superior")
    try:
        row = li.made("customer", name=name("Auto"), city=city)
        assert row["credit_limit"] is None
        waiting = [a for a in manager.get("/_approval", limit="100").json["approvals"] if a["record"] == row["id"]]
        assert len(waiting) == 1
        assert manager.post(f"/_approval/{waiting[0]['id']}/approve", {}).status == 200
        assert li.row(f"/customer/{row['id']}")["credit_limit"] == "5000.00"
    finally:
        assert admin.delete(f"/approval_flow/{flow['id']}").status == 204


def test_a_mail_to_the_record_and_to_its_owner(own_site, relay):  # noqa: F811
    site = own_site(*relay.options)
    admin, li = site.sign_in("demo.admin"), site.sign_in("demo.li")
    template = admin.made("mail_template", name="Welcome", on_table="lead", subject_en="Welcome {name}", body_en="Hello {name}", subject_zh_cn="欢迎 {name}", body_zh_cn="您好")
    r = admin.made("automation", name="Mails", on_table="lead", event="created", applies_to=["city", "=", "Mailtown"])
    admin.made("automation_step", automation_id=r["id"], does="mail", template_id=template["id"], whom="record")
    lead = li.made("lead", name=name("Mailed"), city="Mailtown", email="new@lead.example")
    assert until(lambda: [m for m in relay.mails if m[1]["To"] == "new@lead.example" or "new@lead.example" in str(m[1]["To"])])
    without = li.made("lead", name=name("Mailed"), city="Mailtown")
    assert ops(li, "lead", without["id"])[0] == "automation_failed"
    assert ops(li, "lead", lead["id"])[0] != "automation_failed"


def test_a_rule_says_what_is_wrong_with_it(people):
    admin = people["admin"]
    for wrong, field in (({"on_table": "user"}, "on_table"), ({"event": "reached", "value": "x"}, "field"), ({"event": "near", "field": "name"}, "field"),
                         ({"event": "reached", "field": "status", "value": "nokey"}, "value"), ({"applies_to": ["nofield", "=", 1]}, "applies_to")):
        answer = admin.post("/automation", {"name": "Wrong", "on_table": "lead", "event": "created", **wrong})
        assert answer.status == 422 and field in answer.json["error"]["fields"], (wrong, answer)
    right = admin.made("automation", name="Right", on_table="lead", event="created", active=False)
    for wrong, field in (({"does": "set", "field": "nofield", "value": "x"}, "field"), ({"does": "set", "field": "rating", "value": "nokey"}, "value"),
                         ({"does": "create", "makes": "user", "text": "x"}, "makes"), ({"does": "assign"}, "user_ids"), ({"does": "alert"}, "text")):
        answer = admin.post("/automation_step", {"automation_id": right["id"], **wrong})
        assert answer.status == 422 and field in answer.json["error"]["fields"], (wrong, answer)
    assert admin.delete(f"/automation/{right['id']}").status == 204
    assert people["manager"].get("/automation").status == 403
    assert people["manager"].post("/automation", {"name": "x", "on_table": "lead", "event": "created"}).status == 403
