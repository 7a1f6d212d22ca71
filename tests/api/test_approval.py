"""Approval: what waits, who decides, who does not, and what becomes of it."""
import datetime
import itertools
import json
import re
import sqlite3

import pytest

from site_ import COMPANY, today, until
from test_mail import relay  # noqa: F401
from test_rights import name, sees
from test_sharing import at, me

number = itertools.count(1)


@pytest.fixture
def flow(people):
    """Makes flows for records of one city, which no other test uses; they are off afterwards."""
    admin, made = people["admin"], []

    def make(*steps, **fields):
        city = f"Approvalville {next(number)}"
        filter = ["city", "=", city]
        row = admin.made("approval_flow", name=f"Flow {city}", on_table=fields.pop("on_table", "customer"), applies_to=fields.pop("applies_to", filter),
                         **{"starts": "ask", **fields})
        made.append(row)
        for i, step in enumerate(steps):
            admin.made("approval_step", flow_id=row["id"], place=i, **{"name": f"Step {i + 1}", **step})
        return row, city

    yield make
    for row in made:
        assert admin.delete(f"/approval_flow/{row['id']}").status == 204


def asked(person, row, flow, note=None, table="customer"):
    answer = person.post(f"/{table}/{row['id']}/_approval", {"flow": flow["name"], "note": note})
    assert answer.status == 201, answer
    return answer.json["id"]


def does(person, id, op, **body):
    return person.post(f"/_approval/{id}/{op}", body)


def look(person, id):
    answer = person.get(f"/_approval/{id}")
    assert answer.status == 200, answer
    return answer.json


def box(person, which="todo"):
    answer = person.get("/_approval", box=which, limit="100")
    assert answer.status == 200, answer
    return {a["id"]: a for a in answer.json["approvals"]}


def named(*who):
    return {"who": "people", "user_ids": [me(p) for p in who]}


def now_asked(person, id):
    a = look(person, id)
    return [k["user"] for s in a["steps"] for k in s["asks"] if k["state"] == "open"]


# ---- asking and deciding ------------------------------------------------------------------------------
def test_step_by_step_to_the_end_with_a_trace(people, flow):
    li, manager, lan = people["li"], people["manager"], people["lan"]
    f, city = flow({"who": "superior"}, named(lan))
    row = li.made("customer", name=name("Steps"), city=city)
    assert li.get(f"/customer/{row['id']}/_approval").json["flows"].count(f["name"]) == 1
    id = asked(li, row, f, "please")
    assert now_asked(li, id) == [me(manager)] and id in box(manager) and id not in box(lan)
    assert id in box(li, "mine")
    assert does(manager, id, "approve", note="fine").status == 200
    assert now_asked(li, id) == [me(lan)] and id not in box(manager) and id in box(manager, "decided")
    assert does(lan, id, "approve").status == 200
    a = look(li, id)
    assert a["state"] == "approved" and a["may"] == []
    assert [(t["op"], t["by"], t["note"]) for t in a["acts"]] == [("asked", me(li), "please"), ("approved", me(manager), "fine"), ("approved", me(lan), None)]
    ops = [e["op"] for e in li.get(f"/customer/{row['id']}/_history").json["entries"]]
    assert ops[:4] == ["approval_approved", "approval_step", "approval_step", "approval_asked"]


def test_who_is_asked_sees_the_record_until_they_have_decided(people, flow):
    li, lan = people["li"], people["lan"]
    f, city = flow(named(lan))
    row = li.made("customer", name=name("Sight"), city=city)
    path = f"/customer/{row['id']}"
    assert lan.get(path).status == 404
    id = asked(li, row, f)
    assert lan.get(path).status == 200
    assert row["id"] in [r["id"] for r in lan.rows("customer", filter=["city", "=", city])]
    assert [r["id"] for r in lan.rows("customer", q=row["name"])] == [row["id"]]
    assert lan.patch(path, row["version"], {"short_name": "x"}).status == 403
    assert "approve" in json.dumps(lan.get(path + "/_why").json)
    assert does(lan, id, "approve").status == 200
    assert lan.get(path).status == 404 and lan.rows("customer", filter=["city", "=", city]) == []
    decided = box(lan, "decided")[id]
    assert decided["title"] is None and decided["record"] is None and row["name"] not in json.dumps(decided)
    assert li.row(path)["short_name"] is None


def test_somebody_without_any_right_on_the_table_sees_what_they_decide_and_nothing_else(people, flow):
    admin, li = people["admin"], people["li"]
    login = f"bare{next(number)}"
    user = admin.made("user", login=login, name="Bare", active=True)
    link = admin.post(f"/user/{user['id']}/_invite").json
    token = re.search(r"invite_[\w-]+", json.dumps(link))[0]
    assert li.site.nobody().post("/_invite", {"token": token, "password": "a long enough phrase"}).status in (200, 201, 204)
    bare = li.site.sign_in(login, "a long enough phrase")
    f, city = flow(named(bare))
    row, other = li.made("customer", name=name("Bare"), city=city), li.made("customer", name=name("Other"), city=city)
    assert bare.get("/customer").status == 403
    id = asked(li, row, f)
    assert [r["id"] for r in bare.rows("customer")] == [row["id"]]
    assert bare.get(f"/customer/{other['id']}").status == 404
    assert bare.post("/customer", {"name": "mine"}).status == 403
    assert does(bare, id, "reject", note="no").status == 200
    assert bare.get("/customer").status == 403 and bare.get(f"/customer/{row['id']}").status in (403, 404)
    assert look(li, id)["state"] == "rejected"


@pytest.mark.parametrize("op", ["approve", "reject", "return", "delegate", "add"])
def test_the_wrong_person_decides_nothing(people, flow, op):
    li, manager, zhang, minh = people["li"], people["manager"], people["zhang"], people["minh"]
    f, city = flow(named(manager))
    row = li.made("customer", name=name("Wrong"), city=city)
    id = asked(li, row, f)
    body = {"note": "x", "user": me(minh)}
    assert does(minh, id, op, **body).status == 404  # knows nothing of it
    assert does(li, id, op, **body).status == 403    # asked for it
    assert does(people["admin"], id, op, **body).status == 403  # sees everything, and is not asked
    assert does(zhang, id, op, **body).status in (403, 404)
    a = look(manager, id)
    assert a["state"] == "open" and [t["op"] for t in a["acts"]] == ["asked"] and now_asked(manager, id) == [me(manager)]


def test_twice_late_and_after_withdrawal_is_refused(people, flow):
    li, manager, lan = people["li"], people["manager"], people["lan"]
    f, city = flow({**named(manager, lan), "mode": "all"}, named(lan))
    row = li.made("customer", name=name("Twice"), city=city)
    id = asked(li, row, f)
    assert li.post(f"/customer/{row['id']}/_approval", {"flow": f["name"]}).status == 409
    assert does(manager, id, "approve").status == 200
    assert does(manager, id, "approve").status == 403  # has decided
    assert now_asked(li, id) == [me(lan)]
    assert does(manager, id, "withdraw").status == 403
    assert does(li, id, "withdraw", note="not needed").status == 200
    for person in manager, lan:
        assert does(person, id, "approve").status == 409
        assert does(person, id, "reject", note="x").status == 409
    a = look(li, id)
    assert a["state"] == "withdrawn" and [t["op"] for t in a["acts"]] == ["asked", "approved", "withdrawn"]
    assert id not in box(lan) and lan.get(f"/customer/{row['id']}").status == 404
    assert does(li, id, "withdraw").status == 409


def test_nobody_decides_for_himself_unless_the_flow_allows_it(people, flow):
    manager, li, admin = people["manager"], people["li"], people["admin"]
    f, city = flow(named(manager))
    row = manager.made("customer", name=name("Self"), city=city)
    id = asked(manager, row, f)
    assert now_asked(manager, id) == [me(admin)], "the administrators decide instead"
    assert does(manager, id, "approve").status == 403
    assert look(manager, id)["state"] == "open"
    asked_for = li.made("customer", name=name("Self"), city=city)
    other = asked(manager, asked_for, f)  # asks for somebody else's, and is still who asks
    assert now_asked(manager, other) == [me(admin)]
    f2, city2 = flow(named(manager), own=True)
    own = manager.made("customer", name=name("Self"), city=city2)
    id = asked(manager, own, f2)
    assert does(manager, id, "approve").status == 200 and look(manager, id)["state"] == "approved"


def test_a_deputy_decides_in_the_place_of_who_is_away_but_not_for_himself(people, flow):
    li, manager, lan, zhang = people["li"], people["manager"], people["lan"], people["zhang"]
    f, city = flow(named(lan))
    row, own = li.made("customer", name=name("Deputy"), city=city), zhang.made("customer", name=name("Deputy"), city=city)
    id, mine = asked(li, row, f), asked(zhang, own, f)
    assert does(zhang, id, "approve").status == 404
    deputy = lan.made("deputy", deputy_id=me(zhang), from_at=at(-60), until_at=at(3600))
    try:
        assert box(zhang)[id]["for_user"] == me(lan)
        assert zhang.get(f"/customer/{row['id']}").status == 200
        assert does(zhang, mine, "approve").status == 403, "what he asked for himself"
        assert does(zhang, id, "approve", note="in her place").status == 200
    finally:
        assert lan.delete(f"/deputy/{deputy['id']}").status == 204
    a = look(li, id)
    assert (a["state"], a["acts"][-1]["by"], a["acts"][-1]["for_user"]) == ("approved", me(zhang), me(lan))
    assert look(zhang, mine)["state"] == "open"


def test_any_of_several_is_enough_or_everybody_has_to(people, flow):
    li, manager, lan, alice = (people[n] for n in ("li", "manager", "lan", "alice"))
    f, city = flow({**named(manager, lan), "mode": "any"}, {**named(lan, alice), "mode": "all"})
    row = li.made("customer", name=name("Any"), city=city)
    id = asked(li, row, f)
    assert sorted(now_asked(li, id)) == sorted([me(manager), me(lan)])
    assert does(lan, id, "approve").status == 200
    assert sorted(now_asked(li, id)) == sorted([me(lan), me(alice)])
    assert does(manager, id, "approve").status in (403, 404)
    assert does(alice, id, "approve").status == 200
    assert now_asked(li, id) == [me(lan)] and look(li, id)["state"] == "open"
    assert does(lan, id, "reject").status == 422, "why not has to be said"
    assert does(lan, id, "reject", note="too dear").status == 200
    assert look(li, id)["state"] == "rejected"


def test_return_resubmit_delegate_and_signers(people, flow):
    li, manager, lan, alice, zhang = (people[n] for n in ("li", "manager", "lan", "alice", "zhang"))
    f, city = flow(named(manager), named(lan))
    row = li.made("customer", name=name("Moves"), city=city)
    id = asked(li, row, f)
    assert does(manager, id, "approve").status == 200
    assert does(lan, id, "return", step=3).status == 422
    assert does(lan, id, "return", step=1, note="look again").status == 200
    assert now_asked(li, id) == [me(manager)]
    assert does(manager, id, "return", note="amount?").status == 200
    assert look(li, id)["state"] == "returned" and now_asked(li, id) == []
    assert does(manager, id, "approve").status == 403
    assert li.patch(f"/customer/{row['id']}", row["version"], {"short_name": "mended"}).status == 200
    assert does(manager, id, "resubmit").status == 403
    assert does(li, id, "resubmit", note="mended").status == 200
    assert does(manager, id, "delegate", user=me(li)).status == 422
    assert does(manager, id, "delegate", user=me(alice)).status == 200
    assert now_asked(li, id) == [me(alice)] and does(manager, id, "approve").status == 403
    assert does(alice, id, "add", user=me(zhang), where="after").status == 200
    assert does(alice, id, "approve").status == 200
    assert now_asked(li, id) == [me(zhang)]
    assert does(zhang, id, "add", user=me(alice), where="before").status == 200
    assert now_asked(li, id) == [me(alice)]
    assert does(alice, id, "approve").status == 200
    assert does(zhang, id, "add", user=me(manager), where="with").status == 200
    assert does(zhang, id, "approve").status == 200
    assert now_asked(li, id) == [me(manager)]
    assert does(manager, id, "approve").status == 200
    assert does(lan, id, "approve").status == 200
    assert look(li, id)["state"] == "approved"


# ---- whom --------------------------------------------------------------------------------------------------
def test_superior_head_role_and_conditions(people, flow):
    li, manager, admin = people["li"], people["manager"], people["admin"]
    role = [r["id"] for r in admin.rows("role") if r["name"] == "manager"][0]
    f, city = flow({"who": "superior", "applies_to": ["credit_limit", "<", "1000"]},
                   {"who": "superior", "level": 2, "applies_to": ["credit_limit", ">=", "1000"]},
                   {"who": "role", "role_id": role})
    small, big = (li.made("customer", name=name("Amount"), city=city, credit_limit=v) for v in ("10", "5000"))
    assert now_asked(li, asked(li, small, f)) == [me(manager)]
    id = asked(li, big, f)
    assert now_asked(li, id) == [me(admin)]
    assert does(admin, id, "approve").status == 200
    assert now_asked(li, id) == [me(manager)], "of all managers, the one who sees it by his own rights"


def test_a_step_with_nobody_goes_to_the_administrators_or_is_passed_over(people, flow):
    li, admin, manager = people["li"], people["admin"], people["manager"]
    f, city = flow({**named(li), "nobody": "skip"}, named(manager))
    row = li.made("customer", name=name("Nobody"), city=city)
    id = asked(li, row, f)
    assert now_asked(li, id) == [me(manager)] and [t["op"] for t in look(li, id)["acts"]] == ["asked", "skipped"]
    f, city = flow(named(li))
    assert now_asked(li, asked(li, li.made("customer", name=name("Nobody"), city=city), f)) == [me(admin)]


# ---- what waits --------------------------------------------------------------------------------------------
def test_a_change_waits_and_is_made_as_who_asked(people, flow):
    li, manager = people["li"], people["manager"]
    f, city = flow({"who": "superior"}, starts="change", field="credit_limit", locks="none")
    row = li.made("customer", name=name("Limit"), city=city)
    path = f"/customer/{row['id']}"
    answer = li.patch(path, row["version"], {"credit_limit": "9000", "short_name": "at once"})
    assert answer.status == 200
    id = answer.json["approval"]
    now = li.row(path)
    assert now["credit_limit"] is None and now["short_name"] == "at once"
    change = look(manager, id)["changes"]
    assert [(c["field"], c["from"], c["to"], c["unit"]) for c in change] == [("credit_limit", None, "9000.00", "CNY")]
    assert li.patch(path, now["version"], {"credit_limit": "9500"}).status == 409
    assert does(manager, id, "approve").status == 200
    assert li.row(path)["credit_limit"] == "9000.00"
    last = [e for e in li.get(path + "/_history").json["entries"] if e["op"] == "update"][0]
    assert last["by"] == me(li) and last["changes"][0]["field"] == "credit_limit"
    again = li.patch(path, li.row(path)["version"], {"credit_limit": "1"})
    assert does(manager, again.json["approval"], "reject", note="no").status == 200
    assert li.row(path)["credit_limit"] == "9000.00"


def test_giving_away_waits_and_a_new_record_is_its_makers(people, flow):
    """Nobody could make a record any more: whose it begins with was taken for a change of it."""
    boss, li, lan = people["manager"], people["li"], people["lan"]
    f, city = flow(named(lan), starts="change", field="owner_id", locks="none")
    row = boss.made("customer", name=name("Mine"), city=city)
    assert row["owner_id"] == me(boss) and not [a for a in box(lan).values() if a["record"] == row["id"]]
    path = f"/customer/{row['id']}"
    answer = boss.patch(path, row["version"], {"owner_id": me(li)})
    now = boss.row(path)
    assert answer.json["approval"] and (now["owner_id"], now["claimed_at"], now["version"]) == (me(boss), row["claimed_at"], row["version"])
    assert does(lan, answer.json["approval"], "approve").status == 200
    assert people["admin"].row(path)["owner_id"] == me(li) and people["admin"].row(path)["prev_owner_id"] == me(boss)
    made = boss.post("/customer", {"name": name("Given"), "city": city, "owner_id": me(li)})
    assert made.status == 201 and made.json["approval"] and boss.row(f"/customer/{made.json['row']['id']}")["owner_id"] == me(boss)


def test_a_choice_that_is_to_be_reached_waits_on_every_way(people, flow):
    li, manager = people["li"], people["manager"]
    f, city = flow({"who": "superior"}, starts="change", field="lifecycle", value="customer", locks="none")
    made = li.post("/customer", {"name": name("Reach"), "city": city, "lifecycle": "customer"})
    assert made.status == 201 and made.json["approval"]
    assert made.json["row"]["lifecycle"] == "lead"
    rows = [li.made("customer", name=name("Reach"), city=city) for _ in range(2)]
    job = li.job(li.post("/customer/_bulk", {"ids": [r["id"] for r in rows], "patch": {"lifecycle": "customer"}}))
    assert job["state"] == "done"
    assert {li.row(f"/customer/{r['id']}")["lifecycle"] for r in rows} == {"lead"}
    waiting = {a["record"]: a["id"] for a in box(manager).values()}
    assert does(manager, waiting[rows[0]["id"]], "approve").status == 200
    assert [li.row(f"/customer/{r['id']}")["lifecycle"] for r in rows] == ["customer", "lead"]
    free = li.patch(f"/customer/{rows[1]['id']}", li.row(f"/customer/{rows[1]['id']}")["version"], {"lifecycle": "dormant"})
    assert free.status == 200 and "approval" not in free.json


def test_what_is_imported_waits_like_what_is_typed(people, flow):
    li, manager = people["li"], people["manager"]
    f, city = flow({"who": "superior"}, starts="create", state_field="approval")
    g, _ = flow({"who": "superior"}, starts="change", field="lifecycle", value="customer", applies_to=["city", "=", city])
    mine = name("Importwait")
    look_at = li.ask("POST", "/_import/customer?name=c.csv", raw=f"Name,City,Stage\n{mine},{city},customer\n".encode())
    run = li.post(f"/_import/{look_at.json['import']}/run", {"map": {"0": "name", "1": "city", "2": "lifecycle"}, "header_row": 1})
    assert li.job(run)["state"] == "done"
    row = li.rows("customer", filter=["city", "=", city])[0]
    assert (row["lifecycle"], row["approval"]) == ("lead", "requested")
    waiting = {a["flow"]: a["id"] for a in box(manager).values() if a["record"] == row["id"]}
    assert set(waiting) == {f["name"], g["name"]}
    for id in waiting.values():
        assert does(manager, id, "approve").status == 200
    row = li.row(f"/customer/{row['id']}")
    assert (row["lifecycle"], row["approval"], row["approved_by"]) == ("customer", "approved", me(manager))
    assert [r["id"] for r in li.rows("customer", q=mine)] == [row["id"]]


def test_an_action_waits_and_so_does_one_that_would_change_what_waits(people, flow):
    li, manager = people["li"], people["manager"]
    f, city = flow({"who": "superior"}, starts="action", action="log", locks="none")
    row = li.made("customer", name=name("Act"), city=city)
    answer = li.post(f"/customer/{row['id']}/log", {"kind": "call", "note": "spoke"})
    assert answer.status == 200 and answer.json["approval"]
    assert li.rows("activity", filter=["customer_id", "=", row["id"]]) == []
    assert does(manager, answer.json["approval"], "approve").status == 200
    done = li.rows("activity", filter=["customer_id", "=", row["id"]])
    assert [d["subject"] for d in done] == ["spoke"] and done[0]["owner_id"] == me(li)
    # the action "log" sets the day of the next step: where that waits, nothing of the action has happened
    f, city = flow({"who": "superior"}, starts="change", field="next_action_on", locks="none")
    row = li.made("customer", name=name("Act"), city=city)
    answer = li.post(f"/customer/{row['id']}/log", {"kind": "call", "note": "whole", "next_action_on": "2030-01-01"})
    assert answer.status == 200 and answer.json["approval"], answer
    assert li.rows("activity", filter=["customer_id", "=", row["id"]]) == []
    assert look(manager, answer.json["approval"])["action"] == "log"
    assert does(manager, answer.json["approval"], "approve").status == 200
    assert li.row(f"/customer/{row['id']}")["next_action_on"] == "2030-01-01"
    assert len(li.rows("activity", filter=["customer_id", "=", row["id"]])) == 1


def test_actions_that_change_a_locked_record_are_held_and_refused_the_others_go_on(people, flow):
    li, manager = people["li"], people["manager"]
    f, _ = flow({"who": "superior"}, starts="create", on_table="opportunity", applies_to=["pol", "=", "Heldport"])
    customer = li.made("customer", name=name("Held"))
    row = li.made("opportunity", name=name("Held"), customer_id=customer["id"], pol="Heldport")
    path = f"/opportunity/{row['id']}"
    can = li.get(path).json["can"]
    assert can["locked"] == f["name"] and {"win", "lose", "hold"} <= set(can["held"]) <= set(can["actions"])
    assert "log" in can["actions"] and "log" not in can["held"]
    assert li.post(f"{path}/hold", {}).json["error"]["code"] == "waiting" and li.row(path)["status"] == "open"
    assert not li.get(f"{path}/_why", deed="hold").json["allowed"]
    assert li.post(f"{path}/log", {"kind": "call", "note": "x"}).status == 200
    id = [a["id"] for a in box(li, "mine").values() if a["record"] == row["id"]][0]
    assert does(manager, id, "approve").status == 200
    can = li.get(path).json["can"]
    assert can["locked"] is None and "held" not in can and "hold" in can["actions"]
    assert li.get(f"{path}/_why", deed="hold").json["allowed"] and li.post(f"{path}/hold", {}).status == 200


def history(person, path):
    return [e["op"] for e in person.get(f"{path}/_history").json["entries"]]


def test_an_action_that_sees_all_rows_is_refused_on_a_locked_record_too(people, flow):
    """Erasing personal data goes on behind the rights of whoever asks; the approval holds it all the same."""
    admin, t = people["admin"], name("Erased")
    f, _ = flow({"who": "superior"}, named(people["manager"]), starts="create", on_table="contact", applies_to=["name", "=", t])
    row = people["li"].made("contact", name=t, customer_id=people["li"].made("customer", name=name("Held"))["id"])
    path = f"/contact/{row['id']}"
    assert "erase" in admin.get(path).json["can"]["held"]
    answer = admin.post(f"{path}/erase", {})
    assert answer.status == 409 and answer.json["error"]["code"] == "waiting" and f["name"] in answer.json["error"]["message"]
    assert answer.json["error"]["message"] == admin.patch(path, row["version"], {"position": "x"}).json["error"]["message"]
    job = admin.job(admin.post("/contact/_bulk", {"ids": [row["id"]], "action": "erase"}))
    assert job["result"]["failed"] == 1 and not job["result"].get("done"), job["result"]
    many = admin.post("/contact/erase", {"ids": [row["id"]]}).json
    assert many["done"] == 0 and many["failed"][0]["error"]["code"] == "waiting"
    assert "erase" not in history(admin, path)
    id = [a["id"] for a in box(people["li"], "mine").values() if a["record"] == row["id"]][0]
    assert does(people["li"], id, "withdraw").status == 200
    assert admin.post(f"{path}/erase", {}).status == 200 and "erase" in history(admin, path)


def test_a_script_runs_no_action_that_edits_on_a_locked_record(own_site):
    site = own_site()
    admin, li, t = site.sign_in("demo.admin"), site.sign_in("demo.li"), name("Erased")
    flow = admin.made("approval_flow", name="Holds contacts", on_table="contact", starts="create", applies_to=["name", "=", t])
    admin.made("approval_step", flow_id=flow["id"], name="Manager", who="superior")
    customer = li.made("customer", name=name("Script"))
    row = li.made("contact", name=t, customer_id=customer["id"])
    (site.data.parent / "scripts/hooks/erases.lua").write_text(
        '-- Erases when the company moves (a test).\n'
        'on("customer", "after_update", function(c)\n'
        '  local p = berth.first("contact", "customer_id = ?", c.id)\n  if p then berth.act(p, "erase") end\nend)\n')
    assert admin.post("/_script/_reload").json["problems"] == []
    path = f"/customer/{customer['id']}"
    now = admin.row(path)
    answer = admin.patch(path, now["version"], {"city": "Kobe"})
    assert answer.status == 409 and answer.json["error"]["code"] == "waiting", answer
    assert admin.row(path)["city"] is None and "erase" not in history(admin, f"/contact/{row['id']}")
    id = [a["id"] for a in box(li, "mine").values() if a["record"] == row["id"]][0]
    assert does(li, id, "withdraw").status == 200
    assert admin.patch(path, now["version"], {"city": "Kobe"}).status == 200
    assert "erase" in history(admin, f"/contact/{row['id']}")


def test_a_list_says_which_of_its_rows_wait_and_by_which_flow_with_their_details(people, flow):
    li = people["li"]
    f, city = flow({"who": "superior"})
    free, waits, again = (li.made("customer", name=name("Listlock"), city=city) for _ in range(3))
    part = li.made("customer_year", customer_id=waits["id"], year=2026)
    can = lambda table="customer", field="id", ids=(free, waits, again): li.get(
        f"/{table}", can=1, filter=[field, "in", [r["id"] for r in ids]]).json["can"]
    assert can() == {} and can("customer_year", "customer_id", [waits]) == {}
    id = asked(li, waits, f)
    assert does(li, asked(li, again, f), "withdraw").status == 200
    assert can() == {str(waits["id"]): {"locked": f["name"]}}
    assert can("customer_year", "customer_id", [waits]) == {str(part["id"]): {"locked": f["name"]}}
    assert li.patch(f"/customer/{waits['id']}", waits["version"], {"website": "x.example"}).code == "waiting"
    assert does(people["manager"], id, "approve").status == 200
    assert can() == {} and can("customer_year", "customer_id", [waits]) == {}


def test_what_waits_is_locked_with_its_details_or_begins_anew(people, flow):
    li, manager = people["li"], people["manager"]
    f, city = flow({"who": "superior"}, starts="create")
    row = li.made("customer", name=name("Locked"), city=city)
    path = f"/customer/{row['id']}"
    id = [a["id"] for a in box(li, "mine").values() if a["record"] == row["id"]][0]
    assert li.get(path).json["can"]["locked"] and li.get(path).headers["Cache-Control"] == "no-store"
    assert li.patch(path, row["version"], {"short_name": "x"}).status == 409
    assert people["admin"].delete(path).status == 409
    why = li.get(f"{path}/_why", deed="update").json
    assert not why["allowed"] and [m["kind"] for m in why["missing"]] == ["approval"] and f["name"] in why["missing"][0]["text"]
    assert li.get(f"{path}/_why", deed="log").json["allowed"] and li.post(f"{path}/log", {"kind": "call", "note": "x"}).status == 200
    assert li.post("/customer_bank", {"customer_id": row["id"], "bank": "ICBC", "account": "1"}).status == 409
    assert manager.patch(path, row["version"], {"short_name": "x"}).status == 409
    now = li.row(path)
    assert now["short_name"] is None and li.rows("customer_bank", filter=["customer_id", "=", row["id"]]) == []
    assert does(manager, id, "approve").status == 200
    assert li.get(path).json["can"]["locked"] is None
    assert li.patch(path, li.row(path)["version"], {"short_name": "x"}).status == 200
    f, city = flow({"who": "superior"}, named(people["lan"]), starts="create", locks="restart")
    row = li.made("customer", name=name("Anew"), city=city)
    id = [a["id"] for a in box(li, "mine").values() if a["record"] == row["id"]][0]
    assert does(manager, id, "approve").status == 200
    assert now_asked(li, id) == [me(people["lan"])]
    assert li.patch(f"/customer/{row['id']}", li.row(f"/customer/{row['id']}")["version"], {"short_name": "y"}).status == 200
    assert now_asked(li, id) == [me(manager)] and people["lan"].get(f"/customer/{row['id']}").status == 404


# ---- deleting and restoring -----------------------------------------------------------------------------------
def there(person, row, table="customer"):
    return person.get(f"/{table}/{row['id']}").status == 200


def test_a_deletion_waits_and_the_record_is_untouched_until_it_is_approved(people, flow):
    boss, lan, minh = people["manager"], people["lan"], people["minh"]
    f, city = flow(named(people["lan"]), starts="delete")
    row = boss.made("customer", name=name("Deleted"), city=city)
    path = f"/customer/{row['id']}"
    assert minh.delete(path).status in (403, 404)
    answer = boss.delete(path)
    assert answer.status == 202, answer
    id = answer.json["approval"]
    assert boss.row(path) == row and boss.get("/customer", bin=1).status == 200
    assert row["id"] not in [r["id"] for r in boss.get("/customer", bin=1).json["rows"]]
    a = look(lan, id)
    assert (a["flow"], a["does"], a["title"], a["state"]) == (f["name"], "delete", row["name"], "open")
    assert boss.delete(path).code == "waiting" and boss.patch(path, row["version"], {"short_name": "x"}).code == "waiting"
    assert does(minh, id, "approve").status == 404 and does(boss, id, "approve").status == 403
    assert boss.row(path) == row
    assert history(boss, path)[:1] == ["approval_asked"]
    assert does(lan, id, "reject", note="still needed").status == 200
    assert boss.row(path) == row and look(boss, id)["state"] == "rejected"
    again = boss.delete(path).json["approval"]
    assert does(boss, again, "withdraw").status == 200 and boss.row(path) == row
    third = boss.delete(path).json["approval"]
    assert does(lan, third, "approve", note="gone").status == 200
    assert boss.get(path).status == 404 and does(lan, third, "approve").status == 409
    a = look(boss, third)
    assert (a["state"], a["title"], a["record"]) == ("approved", row["name"], None)
    assert [(t["op"], t["by"]) for t in a["acts"]] == [("asked", me(boss)), ("approved", me(lan))]
    lies = [r for r in boss.get("/customer", bin=1).json["rows"] if r["id"] == row["id"]]
    assert lies and lies[0]["name"] == row["name"]
    assert row["name"] not in json.dumps(box(minh, "decided"))
    assert boss.post(f"{path}/_restore").status == 200 and boss.row(path)["name"] == row["name"]


def test_a_deletion_waits_on_every_way(people, flow):
    boss, lan = people["manager"], people["lan"]
    f, city = flow(named(people["lan"]), starts="delete", applies_to=None)
    flow_of = people["admin"].row(f"/approval_flow/{f['id']}")
    assert people["admin"].patch(f"/approval_flow/{f['id']}", flow_of["version"], {"applies_to": ["city", "=", city]}).status == 200
    rows = [boss.made("customer", name=name("Many"), city=city) for _ in range(3)] + [boss.made("customer", name=name("Many"), city="Elsewhere")]
    job = boss.job(boss.post("/customer/_bulk", {"ids": [r["id"] for r in rows], "delete": True}))
    assert job["state"] == "done" and (job["result"]["waits"], job["result"]["done"]) == (3, 1), job["result"]
    assert [there(boss, r) for r in rows] == [True, True, True, False]
    waiting = {a["record"]: a["id"] for a in box(lan).values() if a["does"] == "delete"}
    assert does(lan, waiting[rows[0]["id"]], "approve").status == 200
    assert [there(boss, r) for r in rows] == [False, True, True, False]
    # merging takes one away, and cannot wait: it is refused as a whole
    admin = people["admin"]
    kept = admin.made("customer", name=name("Kept"))
    gone = admin.made("customer", name=name("Taken in"), city=city)
    answer = admin.post(f"/customer/{kept['id']}/_merge", {"from": [gone["id"]]})
    assert answer.code == "waiting" and gone["name"] in json.dumps(answer.json, ensure_ascii=False), answer
    assert admin.row(f"/customer/{gone['id']}") == gone and admin.row(f"/customer/{kept['id']}") == kept


def test_what_goes_with_its_record_is_not_deleted_past_its_own_approval(people, flow):
    boss, lan = people["manager"], people["lan"]
    f, bank = flow(named(people["lan"]), starts="delete", on_table="customer_bank", applies_to=["bank", "=", "Slowbank"])
    row = boss.made("customer", name=name("With details"))
    detail = boss.made("customer_bank", customer_id=row["id"], bank="Slowbank", account="1")
    answer = boss.delete(f"/customer/{row['id']}")
    assert answer.code == "waiting", answer
    assert boss.row(f"/customer/{row['id']}")["name"] == row["name"] and boss.row(f"/customer_bank/{detail['id']}") == detail
    id = boss.delete(f"/customer_bank/{detail['id']}").json["approval"]
    assert boss.row(f"/customer_bank/{detail['id']}") == detail
    assert does(lan, id, "approve").status == 200
    assert boss.get(f"/customer_bank/{detail['id']}").status == 404
    assert boss.delete(f"/customer/{row['id']}").status == 204


def test_coming_back_out_of_the_bin_waits(people, flow):
    boss, lan, minh = people["manager"], people["lan"], people["minh"]
    f, city = flow(named(people["lan"]), starts="restore")
    row = boss.made("customer", name=name("Back"), city=city)
    path = f"/customer/{row['id']}"
    assert boss.delete(path).status == 204
    answer = boss.post(f"{path}/_restore")
    assert answer.status == 202, answer
    id = answer.json["approval"]
    assert boss.get(path).status == 404 and boss.post(f"{path}/_restore").code == "waiting"
    a = look(lan, id)
    assert (a["does"], a["title"], a["record"]) == ("restore", row["name"], None)
    assert until(lambda: [x for x in lan.get("/_alert").json["alerts"] if row["name"] in x["text"]])
    assert does(minh, id, "approve").status == 404 and boss.get(path).status == 404
    assert does(lan, id, "approve").status == 200
    assert boss.row(path)["name"] == row["name"] and look(boss, id)["state"] == "approved"
    assert history(boss, path)[:2] == ["restore", "approval_approved"]


def test_a_script_that_deletes_waits_and_is_told(own_site):
    site = own_site()
    admin, boss, li = (site.sign_in("demo." + n) for n in ("admin", "manager", "li"))
    flow = admin.made("approval_flow", name="No script deletes", on_table="customer", starts="delete", applies_to=["city", "=", "Luaton"])
    admin.made("approval_step", flow_id=flow["id"], name="Li", **named(li))
    (site.data.parent / "scripts/hooks/drops.lua").write_text(
        '-- Whatever is called so is deleted.\n'
        'on("customer", "after_update", function(c) if c.short_name == "drop" then\n'
        '  local waits = berth.delete(berth.load("customer", c.id))\n'
        '  berth.log(waits and "waits" or "gone") end end)\n')
    row = boss.made("customer", name=name("By script"), city="Luaton")
    path = f"/customer/{row['id']}"
    assert until(lambda: boss.patch(path, boss.row(path)["version"], {"short_name": "drop" if boss.row(path)["short_name"] != "drop" else "x"})
                 and [a for a in box(li).values() if a["record"] == row["id"]])
    assert there(boss, row)
    id = [a["id"] for a in box(li).values() if a["record"] == row["id"]][0]
    assert does(li, id, "approve").status == 200 and not there(boss, row)


def test_an_approver_fills_in_what_the_step_names_and_nothing_else(people, flow):
    li, manager = people["li"], people["manager"]
    f, city = flow({"who": "superior", "fills": "credit_limit, payment_days"})
    row = li.made("customer", name=name("Fill"), city=city)
    id = asked(li, row, f)
    assert look(manager, id)["fills"] == "credit_limit, payment_days"
    assert does(manager, id, "approve", values={"short_name": "x"}).status == 422
    assert does(manager, id, "approve", values={"credit": "x"}).status == 422
    assert does(manager, id, "approve", values={"payment_days": "many"}).status == 422
    for some in ({}, {"credit_limit": "777"}):
        answer = does(manager, id, "approve", values=some)
        assert answer.status == 422 and "payment_days" in answer.json["error"]["fields"], answer
    assert li.row(f"/customer/{row['id']}")["credit_limit"] is None
    assert look(li, id)["state"] == "open"
    assert does(manager, id, "approve", values={"credit_limit": "777", "payment_days": 30}).status == 200
    now = li.row(f"/customer/{row['id']}")
    assert (now["credit_limit"], now["payment_days"], now["short_name"]) == ("777.00", 30, None)


def test_a_flow_says_what_is_wrong_with_it(people):
    admin = people["admin"]
    for wrong, field in (({"on_table": "audit"}, "on_table"), ({"on_table": "nothing"}, "on_table"), ({"starts": "change", "field": "nofield"}, "field"),
                         ({"starts": "change", "field": "lifecycle", "value": "nokey"}, "value"), ({"starts": "action", "action": "fly"}, "action"),
                         ({"state_field": "lifecycle"}, "state_field"), ({"applies_to": ["nofield", "=", 1]}, "applies_to")):
        answer = admin.post("/approval_flow", {"name": "Wrong", "on_table": "customer", **wrong})
        assert answer.status == 422 and field in answer.json["error"]["fields"], (wrong, answer)
    assert people["manager"].get("/approval_flow").status == 403
    assert people["manager"].post("/approval_flow", {"name": "x", "on_table": "customer"}).status == 403


def test_a_step_names_nobody_who_cannot_be_shown_what_has_no_owner(people):
    """It was taken as it is, and then asked the administrators instead."""
    admin, li = people["admin"], people["li"]
    new = admin.made("user", name="Without A Role", login="without.role")["id"]
    flow = admin.made("approval_flow", name="Ownerless", on_table="task_plan", starts="ask")
    step = {"flow_id": flow["id"], "name": "Named", "who": "people"}
    answer = admin.post("/approval_step", {**step, "user_ids": [me(li), new]})
    assert answer.status == 422 and list(answer.json["error"]["fields"]) == ["user_ids"], answer
    assert "Without A Role" in answer.json["error"]["fields"]["user_ids"]["message"]
    assert admin.rows("approval_step", filter=["flow_id", "=", flow["id"]]) == []
    sales = admin.rows("role", filter=["name", "=", "sales"])[0]["id"]
    admin.made("user_role", user_id=new, role_id=sales)
    admin.made("approval_step", **step, user_ids=[me(li), new])
    plan = admin.made("task_plan", name=name("Ownerless plan"))
    id = asked(admin, plan, flow, table="task_plan")
    assert sorted(now_asked(admin, id)) == sorted([me(li), new]) and does(li, id, "approve").status == 200
    assert admin.delete(f"/approval_flow/{flow['id']}").status == 204


def test_a_steps_rule_in_lua_decides_whether_it_is_needed(own_site):
    site = own_site()
    admin, li = site.sign_in("demo.admin"), site.sign_in("demo.li")
    flow = admin.made("approval_flow", name="By rule", on_table="customer", starts="ask")
    admin.made("approval_step", flow_id=flow["id"], name="Manager", who="superior", place=1)
    admin.made("approval_step", flow_id=flow["id"], name="Director", who="superior", level=2, place=2)
    (site.data.parent / "scripts/rules/base.approval_step.lua").write_text(
        '-- The director is asked about key companies only.\n'
        'return function(record, flow, step)\n  return flow ~= "By rule" or step ~= "Director" or record.level == "a"\nend\n')
    manager = site.sign_in("demo.manager")

    def ends(level):
        row = li.made("customer", name=name("Rule"), level=level)
        id = li.post(f"/customer/{row['id']}/_approval", {"flow": "By rule"}).json["id"]
        assert does(manager, id, "approve").status == 200
        return look(li, id)["state"]

    assert until(lambda: ends("b") == "approved")
    assert ends("a") == "open"


def test_scripts_ask_for_approval_and_know_how_it_stands(own_site):
    site = own_site()
    admin, li, manager = (site.sign_in("demo." + n) for n in ("admin", "li", "manager"))
    flow = admin.made("approval_flow", name="Asked by rule", on_table="customer", starts="ask", locks="none")
    admin.made("approval_step", flow_id=flow["id"], name="Manager", who="superior")
    (site.data.parent / "scripts/hooks/asks.lua").write_text(
        '-- Asks about every customer of Askton; another change tells how that stands.\n'
        'on("customer", "after_insert", function(c) if c.city == "Askton" then berth.ask(c, "Asked by rule", "from a script") end end)\n'
        'on("customer", "before_update", function(c) if c.city == "Askton" then c.province = berth.approval(c, "Asked by rule") or "none" end end)\n')
    assert until(lambda: li.made("customer", name=name("Script"), city="Askton") and [a for a in box(li, "mine").values() if a["flow"] == "Asked by rule"])
    a = [a for a in box(li, "mine").values() if a["flow"] == "Asked by rule"][0]
    assert look(li, a["id"])["acts"][0]["note"] == "from a script"
    assert does(manager, a["id"], "approve").status == 200
    path = f"/customer/{a['record']}"
    assert li.patch(path, li.row(path)["version"], {"short_name": "x"}).json["row"]["province"] == "approved"


# ---- time -----------------------------------------------------------------------------------------------------
def late(site, id):
    """Their time is over while nothing runs."""
    assert site.stop() == 0
    with sqlite3.connect(site.data / "berth.db") as db:
        assert db.execute("UPDATE approval SET due_at = 1 WHERE id = ? AND due_at IS NOT NULL", (id,)).rowcount == 1
    db.close()
    site.start()


@pytest.mark.parametrize("what,state,op", [("approve", "approved", "passed"), ("reject", "rejected", "lapsed"), ("escalate", "open", "escalated"),
                                           ("remind", "open", "asked")])
def test_when_the_time_of_a_step_is_over(own_site, what, state, op):
    site = own_site()
    admin, li = site.sign_in("demo.admin"), site.sign_in("demo.li")
    flow = admin.made("approval_flow", name="Timed", on_table="customer", starts="ask")
    admin.made("approval_step", flow_id=flow["id"], name="Soon", who="superior", hours=1, late=what)
    row = li.made("customer", name=name("Late"))
    id = li.post(f"/customer/{row['id']}/_approval", {"flow": "Timed"}).json["id"]
    late(site, id)
    li, manager, admin = (site.sign_in("demo." + n) for n in ("li", "manager", "admin"))
    assert until(lambda: look(li, id)["acts"][-1]["op"] == op and look(li, id)["state"] == state and look(li, id)["due_at"] != "1970-01-01T00:00:00.001Z")
    if what == "escalate":
        assert now_asked(li, id) == [me(admin)]
        assert does(manager, id, "approve").status == 403
        assert does(admin, id, "approve").status == 200 and look(li, id)["state"] == "approved"
    elif what == "remind":
        assert until(lambda: len([a for a in manager.get("/_alert").json["alerts"] if a["record"] == row["id"]]) == 2)
        assert does(manager, id, "approve").status == 200
    else:
        assert does(manager, id, "approve").status == 409


def test_the_time_of_a_step_does_not_run_on_days_off(own_site):
    """It counted plain hours: what was asked on Friday evening was late on Saturday."""
    site = own_site()
    admin, li = site.sign_in("demo.admin"), site.sign_in("demo.li")
    first = today()
    for n in range(-1, 4):
        admin.made("day_off", on_day=str(first + datetime.timedelta(n)), name="Off", works=n == 3)
    flow = admin.made("approval_flow", name="Rested", on_table="customer", starts="ask")
    admin.made("approval_step", flow_id=flow["id"], name="Soon", who="superior", hours=1)
    row = li.made("customer", name=name("Rested"))
    id = li.post(f"/customer/{row['id']}/_approval", {"flow": "Rested"}).json["id"]
    due = datetime.datetime.fromisoformat(look(li, id)["due_at"].replace("Z", "+00:00")).astimezone(COMPANY)
    assert due.replace(tzinfo=None).isoformat() == f"{first + datetime.timedelta(3)}T01:00:00"


def test_what_waits_for_somebody_who_leaves_goes_to_their_superior(own_site):
    site = own_site()
    admin, li, manager = (site.sign_in("demo." + n) for n in ("admin", "li", "manager"))
    flow = admin.made("approval_flow", name="Left", on_table="customer", starts="ask")
    admin.made("approval_step", flow_id=flow["id"], name="One", who="superior")
    row = li.made("customer", name=name("Left"))
    id = li.post(f"/customer/{row['id']}/_approval", {"flow": "Left"}).json["id"]
    user = admin.row(f"/user/{me(manager)}")
    assert admin.patch(f"/user/{me(manager)}", user["version"], {"active": False}).status == 200
    assert now_asked(li, id) == [me(admin)]
    assert does(admin, id, "approve").status == 200


# ---- by mail ---------------------------------------------------------------------------------------------------
def test_a_mails_link_decides_once_as_whom_it_was_sent_to(own_site, relay):  # noqa: F811
    site = own_site(*relay.options, "--public_url", "https://crm.hanse.example")
    admin, li, manager = (site.sign_in("demo." + n) for n in ("admin", "li", "manager"))
    user = admin.row(f"/user/{me(manager)}")
    assert admin.patch(f"/user/{me(manager)}", user["version"], {"email": "chen@hanse.example", "locale": "en"}).status == 200
    flow = admin.made("approval_flow", name="By mail", on_table="customer", starts="ask")
    for i in range(2):
        admin.made("approval_step", flow_id=flow["id"], name=f"Step {i}", who="superior", place=i)
    row = li.made("customer", name=name("Mailed"))
    id = li.post(f"/customer/{row['id']}/_approval", {"flow": flow["name"]}).json["id"]

    def tokens():
        texts = [m[1].get_content() for m in relay.mails if m[1]["To"] and "chen@hanse.example" in m[1]["To"]]
        return [re.search(r"https://crm.hanse.example/approve#(\d+\.approve_[\w-]+)", t)[1] for t in texts if "/approve#" in t]

    assert until(lambda: len(tokens()) == 1)
    token = tokens()[0]
    nobody = site.nobody()
    seen = nobody.post("/_approval/_link", {"token": token})
    assert seen.status == 200 and seen.json["title"] == row["name"] and seen.json["state"] == "open"
    assert look(li, id)["state"] == "open", "looking decides nothing"
    forged = [token[:-1] + ("A" if token[-1] != "A" else "B"), token.replace(".", "9.", 1), "1." + token.split(".", 1)[1], token.split(".")[0] + ".", "", "x"]
    for wrong in forged:
        if wrong != token:
            assert nobody.post("/_approval/_decide", {"token": wrong, "op": "approve"}).status == 403, wrong
            assert nobody.post("/_approval/_link", {"token": wrong}).status == 403, wrong
    assert nobody.post("/_approval/_decide", {"token": token, "op": "withdraw"}).status == 422
    assert nobody.post("/_approval/_decide", {"token": token, "op": "delegate", "user": 1}).status == 422
    assert nobody.ask("POST", "/_approval/_decide", {"token": token, "op": "approve"}, {"X-Berth": "0"}).status == 403
    assert nobody.post(f"/_approval/{id}/approve", {"token": token}).status == 401
    a = look(li, id)
    assert a["state"] == "open" and len(a["acts"]) == 1
    assert nobody.post("/_approval/_decide", {"token": token, "op": "approve", "note": "from the train"}).status == 204
    a = look(li, id)
    assert (a["acts"][-1]["by"], a["acts"][-1]["via"], a["acts"][-1]["note"], a["step"]) == (me(manager), "link", "from the train", 2)
    assert nobody.post("/_approval/_decide", {"token": token, "op": "approve"}).status == 403, "once"
    assert until(lambda: len(tokens()) == 2)
    second = [t for t in tokens() if t != token][0]
    mixed = second.split(".")[0] + "." + token.split(".")[1]
    assert nobody.post("/_approval/_decide", {"token": mixed, "op": "approve"}).status == 403, "the link of another step"
    assert site.stop() == 0
    with sqlite3.connect(site.data / "berth.db") as db:
        db.execute("UPDATE approval_ask SET secret_until = 1")
    db.close()
    site.start()
    li = site.sign_in("demo.li")
    assert site.nobody().post("/_approval/_decide", {"token": second, "op": "approve"}).status == 403, "too old"
    assert look(li, id)["state"] == "open"
    mail = [e for e in li.get(f"/customer/{row['id']}/_timeline").json["entries"] if e["kind"] == "mail"]
    assert mail == [], "who sees the record does not see the link"


# ---- alerts and home ----------------------------------------------------------------------------------------------
def test_who_is_asked_hears_of_it_and_who_asked_hears_the_end(people, flow):
    li, manager = people["li"], people["manager"]
    f, city = flow({"who": "superior"})
    row = li.made("customer", name=name("Heard"), city=city)
    before = manager.get("/_approval").json["waiting"]
    id = asked(li, row, f)
    assert manager.get("/_approval").json["waiting"] == before + 1

    def alerts(person, state="open"):
        return [a["text"] for a in person.get("/_alert", state=state, limit="200").json["alerts"] if a["record"] == row["id"]]

    assert until(lambda: alerts(manager))
    assert f["name"] in alerts(manager)[0]
    assert does(manager, id, "reject", note="not this year").status == 200
    assert alerts(manager) == []
    assert until(lambda: alerts(li))
    assert "not this year" in alerts(li)[0]
