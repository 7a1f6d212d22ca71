"""Approval of the host's own tables: users, roles, departments, pools, rules ... wait for another administrator."""
import itertools
import subprocess

import pytest

from site_ import BUILD, until
from test_approval import box, does, history, look, named
from test_config import apply, only
from test_rights import name
from test_sharing import me

number = itertools.count(1)


@pytest.fixture
def two(own_site):
    """Two administrators: whoever asks, and 陈伟, who decides.  How to make a flow of one step that names him."""
    site = own_site()
    admin, boss, li = (site.sign_in("demo." + n) for n in ("admin", "manager", "li"))
    user = admin.row(f"/user/{me(boss)}")
    assert admin.patch(f"/user/{me(boss)}", user["version"], {"admin": True}).status == 200

    def flow(on_table, starts, **fields):
        row = admin.made("approval_flow", name=f"{on_table} {starts}", on_table=on_table, starts=starts, **fields)
        admin.made("approval_step", flow_id=row["id"], name="Another", **named(boss))
        return row

    return site, admin, boss, li, flow


def test_any_change_of_a_user_waits_as_a_whole_and_is_made_as_who_asked(two):
    site, admin, boss, li, flow = two
    flow("user", "change", applies_to=["login", "=", "demo.li"])
    path = f"/user/{me(li)}"
    before = admin.row(path)
    answer = admin.patch(path, before["version"], {"position": "Key accounts", "phone": "0755 1234"})
    assert answer.status == 200 and answer.json["row"] == before, answer
    id = answer.json["approval"]
    assert admin.row(path) == before
    assert {c["field"]: c["to"] for c in look(boss, id)["changes"]} == {"position": "Key accounts", "phone": "0755 1234"}
    assert admin.patch(path, before["version"], {"position": "x"}).code == "waiting"
    assert does(admin, id, "approve").status == 403 and does(li, id, "approve").status in (403, 404)
    assert admin.row(path) == before
    assert does(boss, id, "approve").status == 200
    now = admin.row(path)
    assert (now["position"], now["updated_by"]) == ("Key accounts", me(admin))
    assert history(admin, path)[:1] == ["update"]
    # somebody else's record is none of the flow's
    other = admin.row(f"/user/{me(boss)}")
    assert "approval" not in admin.patch(f"/user/{me(boss)}", other["version"], {"position": "Boss"}).json
    # what is wrong is told at once, and to who asks
    wrong = admin.patch(path, now["version"], {"manager_id": 999999})
    assert wrong.status == 422 and "manager_id" in wrong.json["error"]["fields"] and box(boss) == {}
    # many at once, and withdrawn
    job = admin.job(admin.post("/user/_bulk", {"ids": [me(li)], "patch": {"position": "Many"}}))
    assert job["result"]["waits"] == 1 and admin.row(path) == now
    id = next(iter(box(admin, "mine")))
    assert does(admin, id, "withdraw").status == 200 and admin.row(path) == now
    assert does(boss, id, "approve").status == 409 and admin.row(path) == now


def test_a_role_is_given_when_another_administrator_approved_it(two):
    site, admin, boss, li, flow = two
    flow("user_role", "create")
    role = [r for r in admin.rows("role") if r["name"] == "manager"][0]["id"]
    mine = lambda: admin.rows("user_role", filter=["user_id", "=", me(li)])
    had = mine()
    assert li.post("/announcement", {"title": "x"}).status == 403
    answer = admin.post("/user_role", {"user_id": me(li), "role_id": role})
    assert answer.status == 202, answer
    id = answer.json["approval"]
    assert mine() == had and li.post("/announcement", {"title": "x"}).status == 403
    a = look(boss, id)
    assert (a["does"], a["record"], a["state"]) == ("create", None, "open")
    assert {c["field"]: c["to"] for c in a["changes"]} == {"user_id": me(li), "role_id": role}
    assert does(li, id, "approve").status == 404 and does(admin, id, "approve").status == 403
    assert does(boss, id, "reject", note="no").status == 200
    assert mine() == had and li.post("/announcement", {"title": "x"}).status == 403
    id = admin.post("/user_role", {"user_id": me(li), "role_id": role}).json["approval"]
    assert does(boss, id, "approve", note="yes").status == 200
    new = [r for r in mine() if r not in had]
    assert [(r["role_id"], r["created_by"]) for r in new] == [(role, me(admin))]
    assert li.post("/announcement", {"title": "x", "text": "y", "from_on": "2026-01-01"}).status == 201
    assert look(admin, id)["record"] == new[0]["id"]
    assert [(t["op"], t["by"], t["note"]) for t in look(admin, id)["acts"]] == [("asked", me(admin), None), ("approved", me(boss), "yes")]
    # twice is once
    assert does(boss, id, "approve").status == 409 and len(mine()) == len(had) + 1


NEW = {
    "user": {"name": "New", "login": "new.one"}, "role": {"name": "Auditors"}, "department": {"name": "Hải Phòng"},
    "pool": {"name": "Second", "on_table": "lead"}, "dup_rule": {"name": "By city", "on_table": "lead", "fields": "city"},
    "retention": {"on_table": "lead", "bin_days": 5}, "series": {"name": "x.y", "prefix": "X-"}, "tag": {"name": "Hot"},
    "label": {"locale": "en", "word": "lead.name", "text": "Firm"}, "custom_field": {"on_table": "lead", "name": "x_one", "type": "text"},
    "dict_item": {"dict": "base.country", "key": "XX"}, "setting": {"name": "base.bin_days", "value": "12"},
    "day_off": {"on_day": "2031-01-01", "name": "New year", "country": "CN"}, "mail_template": {"name": "Hello", "on_table": "lead", "subject_en": "x", "body_en": "y"},
    "automation": {"name": "R", "on_table": "lead", "event": "created"}, "hold_limit": {"on_table": "lead", "hold_cap": 5},
}


def test_whatever_administrators_enter_waits_made_changed_and_deleted(two):
    site, admin, boss, li, flow = two
    entered = lambda table: [r for r in admin.rows(table, limit=500) if r["created_by"]]  # the host notes things in its settings meanwhile
    for table, values in NEW.items():
        for starts in ("create", "change", "delete"):
            flow(table, starts)
        count = len(entered(table))
        answer = admin.post(f"/{table}", values)
        assert answer.status == 202, (table, answer)
        assert len(entered(table)) == count, table
        assert does(boss, answer.json["approval"], "approve").status == 200, table
        id = look(admin, answer.json["approval"])["record"]
        path = f"/{table}/{id}"
        row = admin.row(path)
        assert len(entered(table)) == count + 1 and row["created_by"] == me(admin), table
        field = next(f for f in ("note", "label_en", "value", "name", "text", "bin_days", "hold_cap") if f in row)
        to = 7 if isinstance(row[field], int) else "13"
        answer = admin.patch(path, row["version"], {field: to})
        assert answer.status == 200 and answer.json["approval"] and admin.row(path) == row, (table, answer)
        assert does(boss, answer.json["approval"], "approve").status == 200, table
        row = admin.row(path)
        assert row[field] == to, table
        answer = admin.delete(path)
        assert answer.status == 202 and admin.row(path) == row, (table, answer)
        assert does(boss, answer.json["approval"], "reject", note="keep").status == 200 and admin.row(path) == row
        answer = admin.delete(path)
        assert does(boss, answer.json["approval"], "approve").status == 200, table
        assert admin.get(path).status == 404, table
        gone = look(boss, answer.json["approval"])
        assert gone["state"] == "approved" and gone["title"], (table, gone)


@pytest.mark.parametrize("table,why", [("approval_flow", "switch it off"), ("approval_step", "switch it off"), ("audit", "nobody edits"), ("job", "nobody edits"),
                                       ("import", "nobody edits"), ("handover", "nobody edits"), ("history", "nobody edits"), ("seal", "nobody edits"),
                                       ("session", "sign-in"), ("api_token", "sign-in"), ("nothing", "kind of record")])
def test_what_cannot_wait_says_why(people, table, why):
    admin = people["admin"]
    answer = admin.ask("POST", "/approval_flow?locale=en", {"name": "Never", "on_table": table, "starts": "change"})
    assert answer.status == 422 and why in answer.json["error"]["fields"]["on_table"]["message"], answer
    assert [f for f in admin.rows("approval_flow") if f["name"] == "Never"] == []
    offered = {t["name"] for t in admin.get("/_registry").json["tables"] if t.get("approval")}
    assert table not in offered and {"user", "role", "customer", "deputy"} <= offered


def test_who_set_it_up_can_always_switch_it_off(two):
    site, admin, boss, li, flow = two
    for table in ("user", "role", "role_table", "user_role"):
        row = flow(table, "change")
    path = f"/user/{me(boss)}"
    # the only one who could decide is made no administrator any more: that waits for himself only, so for nobody
    f = [f for f in admin.rows("approval_flow") if f["on_table"] == "user"][0]
    id = admin.patch(path, admin.row(path)["version"], {"active": False}).json["approval"]
    assert admin.row(path)["active"] is True
    assert admin.patch(f"/approval_flow/{f['id']}", f["version"], {"active": False}).status == 200
    assert does(admin, id, "withdraw").status == 200
    assert "approval" not in admin.patch(path, admin.row(path)["version"], {"active": False}).json and admin.row(path)["active"] is False
    # alone again, with a flow that asks whom nobody is
    f = [f for f in admin.rows("approval_flow") if f["on_table"] == "role"][0]
    role = admin.rows("role")[0]
    answer = admin.ask("PATCH", f"/role/{role['id']}?locale=en", {"note": "x", "version": role["version"]})
    assert answer.status == 409 and "switch it off" in answer.json["error"]["message"], answer
    assert admin.row(f"/role/{role['id']}") == role
    assert admin.delete(f"/approval_flow/{f['id']}").status == 204
    assert admin.patch(f"/role/{role['id']}", role["version"], {"note": "x"}).json["row"]["note"] == "x"


def test_no_way_around_it_but_the_command_line(two, tmp_path):
    site, admin, boss, li, flow = two
    flow("department", "create")
    flow("department", "change")
    flow("user", "change")
    flow("user", "create")
    flow("role", "create")
    names = lambda: {d["name"] for d in admin.rows("department", limit=500)}
    before = names()
    # a script, whoever sets it off
    (site.data.parent / "scripts/hooks/deps.lua").write_text(
        '-- Makes a department of every customer of Depton.\n'
        'on("customer", "after_insert", function(c) if c.city == "Depton" then\n'
        '  local d = berth.new("department")\n  d.name = "By script"\n  berth.save(d) end end)\n')
    assert until(lambda: admin.made("customer", name=name("Dep"), city="Depton") and box(boss))
    assert names() == before and [c["to"] for a in box(boss).values() for c in a["changes"]][:1] == ["By script"]
    # nobody at all: a timer
    (site.data.parent / "scripts/hooks/clock.lua").write_text(
        '-- Makes a department every second.\n'
        'every("1s", "maker", function() local d = berth.new("department") d.name = "By the clock" berth.save(d) end)\n')
    assert until(lambda: [a for a in box(boss).values() if "By the clock" in [c["to"] for c in a["changes"]]])
    assert names() == before
    # a configuration is taken over as a whole: what would wait is told, and not put aside unseen
    answer = apply(admin, only(department=[{"name": "By file"}]), locale="en")
    assert answer.status == 422 and "in its own form" in answer.body.decode(), answer
    assert names() == before and "By file" not in [c["to"] for a in box(boss).values() for c in a["changes"]]
    roles = lambda: {r["name"] for r in admin.rows("role")}
    assert admin.post(f"/role/{admin.rows('role')[0]['id']}/_copy", {"name": "Copied"}).code == "waiting" and "Copied" not in roles()
    # on the server itself: the way out
    site.stop()
    out = subprocess.run([BUILD / "berth", "user", "add", "outsider", "--name", "Out Sider", "--data", site.data], input="a long enough phrase\n", capture_output=True, text=True)
    assert out.returncode == 0, out
    site.start()
    assert site.sign_in("outsider", "a long enough phrase").get("/_start").status == 200
