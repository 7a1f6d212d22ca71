"""Handing over all that somebody owns, across all tables: preview, at once, undone within a day."""
import itertools
import json
import sqlite3
import subprocess

import pytest

from site_ import BUILD, until
from test_rights import name
from test_sharing import audited, me

number = itertools.count(1)


def somebody(site, people, role="sales"):
    admin = people["admin"]
    user = admin.made("user", name=f"Giver {next(number)}", login=f"giver{next(number)}", department_id=admin.row(f"/user/{me(people['li'])}")["department_id"],
                      manager_id=me(people["manager"]))
    admin.post(f"/user/{user['id']}/_password", {"password": "giving it all"})
    admin.made("user_role", user_id=user["id"], role_id=[r for r in admin.rows("role") if r["name"] == role][0]["id"])
    return site.sign_in(user["login"], "giving it all")


def things(person):
    lead, customer = person.made("lead", name=name("Handprobe")), person.made("customer", name=name("Handprobe"))
    contact = person.made("contact", name=name("Handprobe"), customer_id=customer["id"])
    deal = person.made("opportunity", name=name("Handprobe"), customer_id=customer["id"])
    task = person.made("task", subject=name("Handprobe"))
    return {"lead": lead, "customer": customer, "contact": contact, "opportunity": deal, "task": task}


def owners(admin, all):
    return {table: admin.row(f"/{table}/{row['id']}").get("owner_id") for table, row in all.items()}


def test_everything_goes_at_once_and_what_belongs_together_stays_together(site, people):
    admin, li, zhang = people["admin"], people["li"], people["zhang"]
    giver = somebody(site, people)
    all = things(giver)
    preview = admin.get(f"/user/{me(giver)}/_handover").json
    counts = {t["table"]: t["count"] for t in preview["tables"]}
    before = owners(admin, all)
    owned = {table for table, owner in before.items() if owner is not None}
    assert owned >= {"lead", "customer", "opportunity", "task"} and counts == {table: 1 for table in owned}
    answer = admin.post(f"/user/{me(giver)}/_handover", {"to": [me(li), me(zhang)], "note": "moves to another office"})
    assert admin.job(answer)["state"] == "done"
    after = owners(admin, all)
    assert all_in(after, owned, {me(li), me(zhang)}) and after["opportunity"] == after["customer"]
    assert admin.get(f"/user/{me(giver)}/_handover").json["tables"] == []
    assert giver.get("/lead").status == 200  # still there
    assert audited(people, "handover", f"of user {me(giver)} ")
    # one was worked on and given on since: it stays
    assert admin.patch(f"/task/{all['task']['id']}", admin.row(f"/task/{all['task']['id']}")["version"], {"owner_id": me(people["manager"])}).status == 200
    assert admin.job(admin.post(f"/handover/{answer.json['handover']}/_undo"))["state"] == "done"
    back = owners(admin, all)
    assert back == {**before, "task": me(people["manager"])}
    row = admin.row(f"/handover/{answer.json['handover']}")
    # a contact goes with its customer, uncounted
    assert row["state"] == "undone" and row["moved"] in (len(owned) - 1, len(owned)) and row["back"] == row["moved"] - 1
    assert admin.post(f"/handover/{answer.json['handover']}/_undo").status == 409


def test_a_handover_is_undone_after_23_hours_and_not_after_25(own_site):
    site = own_site()
    admin, li, zhang = (site.sign_in("demo." + n) for n in ("admin", "li", "zhang"))
    done = {}
    for hours in (23, 25):
        giver = somebody(site, {"admin": admin, "li": li, "manager": site.sign_in("demo.manager")})
        all = things(giver)
        answer = admin.post(f"/user/{me(giver)}/_handover", {"to": [me(zhang)]})
        assert admin.job(answer)["state"] == "done"
        done[hours] = (answer.json["handover"], giver, all)
    site.stop()
    with sqlite3.connect(site.data / "berth.db") as db:  # as if the clock had gone on
        for hours, (id_, _, _) in done.items():
            db.execute("UPDATE handover SET created_at = created_at - ? WHERE id = ?", (hours * 3600_000, id_))
    db.close()
    site.start()
    admin = site.sign_in("demo.admin")
    id_, giver, all = done[25]
    answer = admin.post(f"/handover/{id_}/_undo")
    assert answer.status == 409 and "一天" in answer.json["error"]["message"], answer
    assert admin.row(f"/handover/{id_}")["state"] == "done" and owners(admin, all)["lead"] == me(zhang)
    assert [p["undo"] for p in admin.get(f"/user/{me(giver)}/_handover").json["past"]] == [False]
    id_, giver, all = done[23]
    assert [p["undo"] for p in admin.get(f"/user/{me(giver)}/_handover").json["past"]] == [True]
    assert admin.job(admin.post(f"/handover/{id_}/_undo"))["state"] == "done"
    assert owners(admin, all)["lead"] == me(giver) and owners(admin, all)["task"] == me(giver)


def all_in(after, tables, people):
    return {after[table] for table in tables} <= people


def test_some_tables_only(site, people):
    admin, giver = people["admin"], somebody(site, people)
    all = things(giver)
    answer = admin.post(f"/user/{me(giver)}/_handover", {"to": [me(people["li"])], "tables": ["task"]})
    admin.job(answer)
    after = owners(admin, all)
    assert after["task"] == me(people["li"]) and after["lead"] == after["customer"] == after["opportunity"] == me(giver)


def test_superiors_do_it_within_their_people(site, people):
    manager, giver = people["manager"], somebody(site, people)
    lead = giver.made("lead", name=name("Handprobe"))
    assert people["li"].get(f"/user/{me(giver)}/_handover").status == 403
    assert people["li"].post(f"/user/{me(giver)}/_handover", {"to": [me(people["li"])]}).status == 403
    assert manager.get(f"/user/{me(people['admin'])}/_handover").status == 403
    assert manager.post(f"/user/{me(manager)}/_handover", {"to": [me(people["li"])]}).status == 403
    assert manager.post(f"/user/{me(giver)}/_handover", {"to": [me(people["minh"])]}).status == 422
    assert manager.post(f"/user/{me(giver)}/_handover", {"to": []}).status == 422
    assert manager.post(f"/user/{me(giver)}/_handover", {"to": [me(people["li"])], "tables": ["role"]}).status == 422
    assert people["admin"].row(f"/lead/{lead['id']}")["owner_id"] == me(giver)
    answer = manager.post(f"/user/{me(giver)}/_handover", {"to": [me(people["li"])]})
    assert manager.job(answer)["state"] == "done"
    assert people["admin"].row(f"/lead/{lead['id']}")["owner_id"] == me(people["li"])
    assert people["li"].post(f"/handover/{answer.json['handover']}/_undo").status == 404
    assert manager.get(f"/user/{me(giver)}/_handover").json["past"][0]["undo"] is True
    assert manager.job(manager.post(f"/handover/{answer.json['handover']}/_undo"))["state"] == "done"
    assert people["admin"].row(f"/lead/{lead['id']}")["owner_id"] == me(giver)


def test_a_second_undo_counts_what_it_gave_back_before_the_server_stopped_and_nothing_twice(own_site):
    site = own_site()
    people = {n: site.sign_in("demo." + n) for n in ("admin", "li", "manager")}
    giver, admin = somebody(site, people), people["admin"]
    leads = [giver.made("lead", name=name("Handprobe"))["id"] for _ in range(3)]
    answer = admin.post(f"/user/{me(giver)}/_handover", {"to": [me(people["li"])], "tables": ["lead"]})
    handover = answer.json["handover"]
    assert admin.job(answer)["state"] == "done" and admin.row(f"/handover/{handover}")["moved"] == 3
    args = json.dumps({"user": me(giver), "handover": handover, "undo": True, "asked": True})
    site.stop()
    with sqlite3.connect(site.data / "berth.db") as db:  # a first undo gave one back and was cancelled; a second one gave one back until now
        db.executemany("UPDATE lead SET owner_id = ? WHERE id = ?", [(me(giver), i) for i in leads[:2]])
        db.execute("UPDATE handover SET state = 'undoing', back = 1 WHERE id = ?", (handover,))
        job = db.execute("INSERT INTO job (version, created_at, created_by, updated_at, updated_by, kind, state, args, result, done, total, user_id, tries, cancel)"
                         " SELECT 1, created_at, ?1, created_at, ?1, 'handover', 'queued', ?2, '{}', 1, 0, ?1, 1, 0 FROM handover WHERE id = ?3",
                         (me(admin), args, handover)).lastrowid
    db.close()
    site.start()
    admin = site.sign_in("demo.admin")
    told = lambda: (admin.get(f"/_job/{job}").json["state"], admin.row(f"/handover/{handover}")["back"])
    assert until(lambda: told() == ("done", 3)), told()
    assert all(admin.row(f"/lead/{i}")["owner_id"] == me(giver) for i in leads)
    site.stop()
    with sqlite3.connect(site.data / "berth.db") as db:  # as one that had been cancelled at its very end, and goes on
        db.execute("UPDATE job SET state = 'queued', ended_at = NULL WHERE id = ?", (job,))
    db.close()
    site.start()
    admin = site.sign_in("demo.admin")
    assert until(lambda: told()[0] == "done") and told() == ("done", 3), told()


@pytest.mark.parametrize("end", ["cancelled", "no superior any more"])
def test_one_that_was_stopped_in_the_middle_is_undone_too(own_site, tmp_path, end):
    """What had gone by then could not be undone; and who was no superior any more went on to the end."""
    site = own_site()
    admin, manager = site.sign_in("demo.admin"), site.sign_in("demo.manager")
    giver = admin.made("user", name="Giver", login="giver", manager_id=me(manager))["id"]
    site.stop()
    (tmp_path / "leads.csv").write_text("name\n" + "".join(f"Hand Probe {n} Lines\n" for n in range(5000)))
    subprocess.run([BUILD / "berth", "import", tmp_path / "leads.csv", "--table", "lead", "--data", site.data], check=True, capture_output=True)
    with sqlite3.connect(site.data / "berth.db") as db:
        db.execute("UPDATE lead SET owner_id = ?, pool_id = NULL WHERE name LIKE 'Hand Probe %'", (giver,))
    db.close()
    site.start()
    admin, manager = site.sign_in("demo.admin"), site.sign_in("demo.manager")
    left = lambda: sum(t["count"] for t in admin.get(f"/user/{giver}/_handover").json["tables"])
    begun = manager.post(f"/user/{giver}/_handover", {"to": [me(site.sign_in("demo.li"))]})
    assert begun.status == 202 and until(lambda: manager.get(f"/_job/{begun.json['job']}").json["done"] > 0)
    if end == "cancelled":
        assert manager.delete(f"/_job/{begun.json['job']}").status == 204
    else:
        assert admin.patch(f"/user/{giver}", admin.row(f"/user/{giver}")["version"], {"manager_id": None}).status == 200
    ended = manager.job(begun)
    row = admin.row(f"/handover/{begun.json['handover']}")
    assert row["state"] == "done" and row["moved"] == 5000 - left() > 0, row
    if left() > 0:  # unless it had been quicker
        assert ended["state"] == ("cancelled" if end == "cancelled" else "failed"), ended
    if end != "cancelled":
        assert manager.post(f"/handover/{begun.json['handover']}/_undo").status == 404
    assert admin.job(admin.post(f"/handover/{begun.json['handover']}/_undo"))["state"] == "done"
    assert left() == 5000 and admin.row(f"/handover/{begun.json['handover']}")["state"] == "undone"
