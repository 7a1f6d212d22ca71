"""Approval when things change in between: nobody is left to ask, the record is gone for good, its plugin is off."""
import contextlib
import hashlib
import sqlite3

import pytest

from site_ import until
from test_approval import box, does, look, named, now_asked
from test_approval_own import two  # noqa: F401
from test_import import outcomes
from test_import_again import go, sheet, take
from test_rights import name
from test_sharing import me


def test_a_new_record_that_nobody_had_to_be_asked_for_is_answered_as_made(two):  # noqa: F811
    """It was made, and answered as waiting: 202 with no approval; a script got no number of it."""
    site, admin, boss, li, flow = two
    row = admin.made("approval_flow", name="Nobody has it", on_table="department", starts="create")
    role = admin.made("role", name="Nobody has it")
    admin.made("approval_step", flow_id=row["id"], name="Skipped", who="role", role_id=role["id"], nobody="skip")
    answer = admin.post("/department", {"name": "Skipped"})
    assert answer.status == 201 and answer.json["row"]["name"] == "Skipped", answer
    assert admin.row(f"/department/{answer.json['row']['id']}") == answer.json["row"]
    assert len(admin.rows("department", filter=["name", "=", "Skipped"])) == 1
    copied = admin.post(f"/role/{role['id']}/_copy", {"name": "Copied"})
    assert copied.status == 201, copied


def test_what_waits_to_come_back_waits_no_more_when_the_bin_is_emptied(two):  # noqa: F811
    """It stood in the box of whoever was asked for ever: neither they nor who asked could end it."""
    site, admin, boss, li, flow = two
    flow("customer", "restore", applies_to=["city", "=", "Binville"])
    row = admin.made("customer", name=name("Emptied"), city="Binville")
    path = f"/customer/{row['id']}"
    assert admin.delete(path).status == 204
    id = admin.post(f"{path}/_restore").json["approval"]
    assert id in box(boss) and boss.get("/_approval").json["waiting"] == 1
    site.between_two_runs("UPDATE bin SET deleted_at = 1")
    admin, boss, li = (site.sign_in("demo." + n) for n in ("admin", "manager", "li"))
    assert admin.post("/_retention").status == 200  # or the one that runs by itself took it
    assert until(lambda: admin.post(f"{path}/_restore").status == 404) and until(lambda: box(boss) == {}) and boss.get("/_approval").json["waiting"] == 0
    a = look(admin, id)
    assert (a["state"], a["acts"][-1]["op"], a["title"], a["may"]) == ("withdrawn", "withdrawn", None, [])
    assert does(boss, id, "approve").code in ("conflict", "not_found") and does(li, id, "approve").status == 404


def test_everybody_of_a_big_role_is_asked_and_what_was_asked_before_stands_in_nobodys_way(two):  # noqa: F811
    """The 501st of a role was not asked, and an approval with 500 questions behind it found nobody any more who may decide."""
    site, admin, boss, li, flow = two
    many, role = 501, admin.made("role", name="Many")["id"]
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many}) "
    site.between_two_runs(
        "INSERT INTO \"user\" (version, created_at, updated_at, name, login, active) " + numbers + "SELECT 1, 1, 1, 'Many ' || i, 'many.' || i, 1 FROM n",
        f"INSERT INTO user_role (version, created_at, updated_at, user_id, role_id) SELECT 1, 1, 1, id, {role} FROM \"user\" WHERE login LIKE 'many.%'")
    admin, boss, li = (site.sign_in("demo." + n) for n in ("admin", "manager", "li"))
    f = admin.made("approval_flow", name="Of many", on_table="customer", starts="ask")
    for i, step in enumerate(({"who": "role", "role_id": role, "mode": "all"}, named(boss))):
        admin.made("approval_step", flow_id=f["id"], place=i, name=f"Step {i}", **step)
    row = li.made("customer", name=name("Many"))
    id = li.post(f"/customer/{row['id']}/_approval", {"flow": f["name"]}).json["id"]
    assert len(now_asked(li, id)) == many
    site.between_two_runs(f"UPDATE approval_ask SET state = 'approved' WHERE approval_id = {id} AND id < (SELECT max(id) FROM approval_ask)",
                          f"UPDATE approval_ask SET user_id = {me(boss)} WHERE id = (SELECT max(id) FROM approval_ask)")
    boss, li = site.sign_in("demo.manager"), site.sign_in("demo.li")
    assert does(boss, id, "approve").status == 200 and now_asked(li, id) == [me(boss)]
    assert does(boss, id, "approve").status == 200 and look(li, id)["state"] == "approved"


REMINDED = [None, *(f"again {i}" for i in range(1, 801))]


def reminded_often(site, *statements):
    """An approval that went through more than a read sees in no time, and statements about it; its id."""
    admin, li = site.sign_in("demo.admin"), site.sign_in("demo.li")
    flow = admin.made("approval_flow", name="Long", on_table="customer", starts="ask")
    admin.made("approval_step", flow_id=flow["id"], name="Only", **named(admin))
    row = li.made("customer", name=name("Long"))
    id = li.post(f"/customer/{row['id']}/_approval", {"flow": flow["name"]}).json["id"]
    site.between_two_runs(f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 800) INSERT INTO approval_act"
                          f" (approval_id, at, by, op, step, note) SELECT {id}, i, {me(li)}, 'remind', 0, 'again ' || i FROM n",
                          *(s.format(id=id) for s in statements))
    return id


def test_a_read_that_is_cut_off_is_begun_again_and_answered_whole(own_site):
    """Not every read says that its rows ended before their end: half a trace was answered as all of it."""
    site = own_site("--inline_time", "0")
    id = reminded_often(site)
    assert [a["note"] for a in look(site.sign_in("demo.li"), id)["acts"]] == REMINDED


def always_the_same(person, path):
    """The clock is looked at every so many steps of all reads: each of them is cut off some time."""
    seen = [person.get(path) for _ in range(300)]
    assert [a for a in seen if a.status != 200] == []
    assert {a.body for a in seen} == {seen[0].body}


def short_one(site):
    """A record for which somebody asked, who asked, and the approval's id."""
    admin, li = site.sign_in("demo.admin"), site.sign_in("demo.li")
    flow = admin.made("approval_flow", name="Short", on_table="customer", starts="ask")
    admin.made("approval_step", flow_id=flow["id"], name="Only", **named(admin))
    row = li.made("customer", name=name("Short"))
    return row, li, li.post(f"/customer/{row['id']}/_approval", {"flow": flow["name"]}).json["id"]


def test_what_a_read_that_is_cut_off_does_not_find_is_not_told_as_not_there(own_site):
    """On a busy machine an approval that had just been made was answered as not found."""
    row, li, id = short_one(own_site("--inline_time", "0"))
    always_the_same(li, f"/_approval/{id}")


def test_asking_for_the_approvals_of_a_record_ends_no_worker_when_the_read_is_cut_off(own_site):
    row, li, id = short_one(own_site("--inline_time", "0"))
    always_the_same(li, f"/customer/{row['id']}/_approval")


def test_what_is_only_asked_by_post_is_answered_whole_too(own_site):
    """Whoever came by the link of a mail saw part of what the approval went through for all of it."""
    site = own_site("--inline_time", "0")
    secret = "approve_known"
    hash = hashlib.blake2b(secret.encode(), digest_size=32).hexdigest()
    id = reminded_often(site, f"UPDATE approval_ask SET secret = '{hash}', secret_until = {2 ** 53} WHERE approval_id = {{id}}")
    with contextlib.closing(sqlite3.connect(site.data / "berth.db")) as db:
        ask, = db.execute("SELECT id FROM approval_ask WHERE approval_id = ?", (id,)).fetchone()
    seen = site.nobody().post("/_approval/_link", {"token": f"{ask}.{secret}"})
    assert seen.status == 200, seen
    assert [a["note"] for a in seen.json["acts"]] == REMINDED


def ran_out(data, id):
    with contextlib.closing(sqlite3.connect(data / "berth.db")) as db:
        assert db.execute("UPDATE approval SET due_at = 1 WHERE id = ?", (id,)).rowcount == 1
        db.commit()


@pytest.mark.parametrize("starts", ["delete", "change"])
def test_what_waits_for_a_record_whose_plugin_is_off_is_neither_done_nor_lost(own_site, starts):
    """When its time was over, and that meant yes, the worker crashed; a change was told as approved, and not made."""
    site = own_site()
    admin, li = site.sign_in("demo.admin"), site.sign_in("demo.li")
    flow = admin.made("approval_flow", name="Timed", on_table="customer", starts=starts, applies_to=["city", "=", "Offville"])
    admin.made("approval_step", flow_id=flow["id"], name="Soon", **named(li), hours=1, late="approve")
    row = admin.made("customer", name=name("Off"), city="Offville")
    path = f"/customer/{row['id']}"
    id = (admin.delete(path) if starts == "delete" else admin.patch(path, row["version"], {"short_name": "x"})).json["approval"]
    assert id in box(li)
    assert site.stop() == 0
    ran_out(site.data, id)
    off = own_site("--plugins", "base pools leads")
    assert until(lambda: f"{id} is late" in off.log() or off.process.poll() is not None) and off.process.poll() is None, off.log()
    a = look(off.sign_in("demo.li"), id)
    assert (a["state"], a["table"], [t["op"] for t in a["acts"]]) == ("open", None, ["asked"])
    assert off.stop() == 0
    ran_out(site.data, id)
    site.start()
    admin = site.sign_in("demo.admin")
    assert until(lambda: look(admin, id)["state"] == "approved")
    assert admin.get(path).status == 404 if starts == "delete" else admin.row(path)["short_name"] == "x"


@pytest.mark.parametrize("table", ["day_off", "announcement"])  # that have checks of their own, and that have none
def test_rows_of_a_file_that_would_wait_are_told_and_nobody_is_asked(two, table):  # noqa: F811
    """The row was told as not right, and its approval begun all the same; the dry run called it new."""
    site, admin, boss, li, flow = two
    title, on = {"day_off": ("name", "on_day"), "announcement": ("title", "from_on")}[table]
    fields = [title, on] + (["text"] if table == "announcement" else [])
    flow(table, "create", applies_to=[title, "^", "Waits"])
    data = sheet(fields, [[name, f"2031-02-0{i}", "x"][:len(fields)] for i, name in enumerate(("Waits one", "Free", "Waits two"), 1)])
    told = []
    for dry in (True, False):
        look = take(admin, table, data)
        result = go(admin, look, fields, dry=dry)
        told.append({n: (o["outcome"], o["message"]) for n, o in outcomes(admin, look).items() if o["outcome"] != "new"})
        assert (result["new"], result["conflict"]) == (1, 2), (dry, result)
    assert told[0] == told[1] and sorted(told[0]) == [2, 4], told
    assert [r[title] for r in admin.rows(table, filter=[on, ">", "2031-01-31"])] == ["Free"]
    assert box(boss) == box(admin, "mine") == {}
