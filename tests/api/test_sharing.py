"""What others let somebody have: one record, their records, their place while they are away; until when; and why."""
import datetime
import itertools
import time

import pytest

from site_ import PATIENCE, until
from test_rights import name, sees

number = itertools.count(1)


def moment(seconds):
    """Of so many seconds since 1970."""
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def at(seconds):
    return moment(time.time() + seconds)


def me(person):
    return person.user["id"]


def shared(person, lead, **body):
    answer = person.post(f"/lead/{lead['id']}/_share", {"kind": "share", "access": "read", **body})
    assert answer.status == 201, answer
    return answer.json["id"]


def listed(person, lead):
    answer = person.get(f"/lead/{lead['id']}/_share")
    assert answer.status == 200, answer
    return answer.json


def audited(people, what, text):
    return [e["detail"] for e in people["admin"].rows("audit", filter=["what", "=", what]) if text in e["detail"]]


def test_a_shared_record_is_read_and_withdrawn_at_once(people):
    li, zhang = people["li"], people["zhang"]
    lead = li.made("lead", name=name("Sharedprobe"), city="Ningbo")
    assert not sees(zhang, lead)
    id = shared(li, lead, user_id=me(zhang))
    assert sees(zhang, lead)
    assert zhang.patch(f"/lead/{lead['id']}", 1, {"city": "x"}).status == 403
    assert zhang.delete(f"/lead/{lead['id']}").status == 403
    assert zhang.post(f"/lead/{lead['id']}/_share", {"kind": "share", "access": "read", "user_id": me(people["minh"])}).status == 403
    assert listed(zhang, lead)["may"] is False and "roles" not in listed(zhang, lead)
    assert [s["name"] for s in listed(li, lead)["shares"]] == [zhang.user["name"]]
    assert until(lambda: len([a for a in zhang.get("/_alert", state="open").json["alerts"] if a["record"] == lead["id"]]) == 1)
    assert li.delete(f"/_share/{id}").status == 204
    assert not sees(zhang, lead)
    assert li.row(f"/lead/{lead['id']}")["city"] == "Ningbo"
    ops = [e["op"] for e in li.get(f"/lead/{lead['id']}/_history").json["entries"]]
    assert ops[:2] == ["unshare", "share"]
    assert audited(people, "share", f"lead {lead['id']}") and audited(people, "unshare", f"lead {lead['id']}")


def test_who_works_on_a_shared_record_leaves_it_with_its_owner(people):
    li, zhang = people["li"], people["zhang"]
    lead = li.made("lead", name=name("Coopprobe"))
    shared(li, lead, user_id=me(zhang), access="cooperate")
    assert zhang.patch(f"/lead/{lead['id']}", 1, {"city": "Xiamen"}).status == 200
    for fields in ({"owner_id": me(zhang)}, {"owner_id": None, "pool_id": 1}):
        assert zhang.patch(f"/lead/{lead['id']}", 2, fields).status in (403, 422), fields
    assert zhang.post(f"/lead/{lead['id']}/release", {}).status in (403, 409, 422)
    assert zhang.delete(f"/lead/{lead['id']}").status == 403
    row = li.row(f"/lead/{lead['id']}")
    assert row["owner_id"] == me(li) and row["city"] == "Xiamen"


@pytest.mark.parametrize("to", ["department_id", "role_id"])
def test_a_department_or_a_role_gets_a_record_too(people, to):
    li, zhang, minh = people["li"], people["zhang"], people["minh"]
    lead = li.made("lead", name=name("Groupprobe"))
    if to == "role_id":
        target = [r["id"] for r in listed(li, lead)["roles"] if r["name"] == "sales"][0]
    else:
        target = people["admin"].row(f"/user/{me(zhang)}")["department_id"]
    shared(li, lead, **{to: target})
    assert sees(zhang, lead)
    assert sees(minh, lead) == (to == "role_id")


def test_a_share_ends_at_its_moment(people):
    li, zhang = people["li"], people["zhang"]
    lead = li.made("lead", name=name("Untilprobe"))
    assert li.post(f"/lead/{lead['id']}/_share", {"kind": "share", "access": "read", "user_id": me(zhang), "until_at": at(-5)}).status == 422
    until = time.time() + 5
    shared(li, lead, user_id=me(zhang), until_at=moment(until))
    answers = []
    while not answers or answers[-1][1] == 200:
        before = time.time()
        answers.append((before, zhang.get(f"/lead/{lead['id']}").status, time.time()))
        assert before < until + PATIENCE
    assert answers[-1][2] >= until - 0.01  # not before it ended
    assert all(begun < until + 0.01 for begun, status, _ in answers if status == 200)  # nor after
    assert not sees(zhang, lead)
    assert listed(li, lead)["shares"] == []


def test_the_team_of_a_record_reads_or_works_on_it(people):
    li, zhang, minh = people["li"], people["zhang"], people["minh"]
    lead = li.made("lead", name=name("Teamprobe"))
    for person, access, part in (zhang, "cooperate", "Operations"), (minh, "read", "Documents"):
        assert li.post(f"/lead/{lead['id']}/_share", {"kind": "team", "user_id": me(person), "access": access, "part": part}).status == 201
    assert sees(zhang, lead) and sees(minh, lead)
    assert [(m["user_id"], m["access"], m["part"]) for m in listed(minh, lead)["team"]] == [
        (me(zhang), "cooperate", "Operations"), (me(minh), "read", "Documents")]
    assert minh.patch(f"/lead/{lead['id']}", 1, {"city": "x"}).status == 403
    assert zhang.patch(f"/lead/{lead['id']}", 1, {"city": "Haikou"}).status == 200
    assert minh.row(f"/lead/{lead['id']}")["city"] == "Haikou"
    mine = [m["id"] for m in listed(minh, lead)["team"] if m["user_id"] == me(minh)][0]
    assert minh.delete(f"/_share/{mine}").status == 204  # one may leave
    assert not sees(minh, lead)
    assert li.post(f"/lead/{lead['id']}/_share", {"kind": "team", "role_id": 1, "access": "read"}).status == 422


def test_sharing_again_changes_what_was_said_before(people):
    li, zhang = people["li"], people["zhang"]
    lead = li.made("lead", name=name("Againprobe"))
    for access in "cooperate", "read":
        shared(li, lead, user_id=me(zhang), access=access)
    assert [s["access"] for s in listed(li, lead)["shares"]] == ["read"]
    assert zhang.patch(f"/lead/{lead['id']}", 1, {"city": "x"}).status == 403


def test_what_one_may_not_see_cannot_be_shared_or_asked_about(people):
    zhang = people["zhang"]
    lead = people["li"].made("lead", name=name("Strangeprobe"))
    id = shared(people["li"], lead, user_id=me(people["minh"]))
    assert zhang.get(f"/lead/{lead['id']}/_share").status == 404
    assert zhang.post(f"/lead/{lead['id']}/_share", {"kind": "share", "access": "read", "user_id": me(zhang)}).status == 404
    assert zhang.delete(f"/_share/{id}").status == 404
    assert not sees(zhang, lead) and sees(people["minh"], lead)


def test_a_share_opens_no_table_and_no_field(site, people):
    admin = people["admin"]
    user = admin.made("user", name="Without Roles", login=f"shareless{next(number)}")
    admin.post(f"/user/{user['id']}/_password", {"password": "without roles"})
    person = site.sign_in(user["login"], "without roles")
    lead = people["li"].made("lead", name=name("Closedprobe"), city="Secret City")
    shared(people["li"], lead, user_id=user["id"], access="cooperate")
    assert person.get(f"/lead/{lead['id']}").status == 404 and person.get("/lead").status == 403
    role = admin.made("role", name=name("Masked"))
    admin.made("role_table", role_id=role["id"], on_table="lead", read_scope="own", update_scope="none", delete_scope="none")
    admin.made("role_field", role_id=role["id"], on_table="lead", field="city", access="none")
    admin.made("user_role", user_id=user["id"], role_id=role["id"])
    assert "city" not in person.row(f"/lead/{lead['id']}")
    assert person.patch(f"/lead/{lead['id']}", 1, {"rating": "hot"}).status == 403


def test_whoever_is_away_is_stood_in_for_and_the_audit_log_says_so(people):
    li, minh, manager = people["li"], people["minh"], people["manager"]
    lead = li.made("lead", name=name("Awayprobe"))
    assert not sees(minh, lead)
    assert li.post("/deputy", {"deputy_id": me(li), "from_at": at(-60), "until_at": at(3600)}).status == 422
    assert li.post("/deputy", {"deputy_id": me(minh), "from_at": at(60), "until_at": at(30)}).status == 422
    assert minh.post("/deputy", {"owner_id": me(li), "deputy_id": me(people["lan"]), "from_at": at(-60), "until_at": at(60)}).status in (403, 422)
    assert manager.post("/deputy", {"owner_id": me(li), "deputy_id": me(manager), "from_at": at(-60), "until_at": at(60)}).status == 422
    row = li.made("deputy", deputy_id=me(minh), from_at=at(-60), until_at=at(3600))
    assert sees(minh, lead)
    assert minh.patch(f"/lead/{lead['id']}", 1, {"city": "Hue"}).status == 200
    assert li.row(f"/lead/{lead['id']}")["owner_id"] == me(li)
    assert [d for d in audited(people, "deputy", f"lead {lead['id']} update") if f"user {me(li)} (" in d]
    own = minh.made("lead", name=name("Ownprobe"))
    minh.patch(f"/lead/{own['id']}", 1, {"city": "Hue"})
    assert not audited(people, "deputy", f"lead {own['id']} ")  # in one's own right
    assert li.patch(f"/deputy/{row['id']}", row["version"], {"until_at": at(3600 * 2)}).status == 200
    assert li.delete(f"/deputy/{row['id']}").status == 204
    assert not sees(minh, lead)
    assert minh.patch(f"/lead/{lead['id']}", 2, {"city": "x"}).status == 404


def test_a_deputy_is_no_administrator_and_stands_in_for_nobody_elses_absent(people):
    admin, li, minh, lan = (people[p] for p in ("admin", "li", "minh", "lan"))
    rows = [admin.made("deputy", owner_id=me(a), deputy_id=me(b), from_at=at(-60), until_at=at(3600)) for a, b in ((admin, minh), (minh, lan), (li, minh))]
    lead = li.made("lead", name=name("Chainprobe"))
    try:
        assert minh.get("/role").status == 403 and minh.get("/_state").status == 403
        assert minh.get(f"/lead/{lead['id']}").status == 200
        assert lan.get(f"/lead/{lead['id']}").status == 404
    finally:
        for row in rows:
            assert admin.delete(f"/deputy/{row['id']}").status == 204


def test_a_helper_sees_the_owners_records_and_no_others(people):
    li, minh = people["li"], people["minh"]
    mine, other = li.made("lead", name=name("Helpedprobe")), people["zhang"].made("lead", name=name("Otherprobe"))
    row = li.made("helper", helper_id=me(minh), access="read")
    assert sees(minh, mine) and not sees(minh, other)
    assert minh.patch(f"/lead/{mine['id']}", 1, {"city": "x"}).status == 403
    assert li.patch(f"/helper/{row['id']}", 1, {"access": "cooperate"}).status == 200
    assert minh.patch(f"/lead/{mine['id']}", 1, {"city": "Da Nang"}).status == 200
    assert minh.get("/helper", filter=["owner_id", "=", me(li)]).json["rows"] == []
    assert li.delete(f"/helper/{row['id']}").status == 204
    assert not sees(minh, mine)


def test_one_belongs_to_several_departments(site, people):
    admin = people["admin"]
    user = admin.made("user", name="Two Desks", login=f"desks{next(number)}", department_id=admin.row(f"/user/{me(people['minh'])}")["department_id"])
    admin.post(f"/user/{user['id']}/_password", {"password": "two desks here"})
    role = admin.made("role", name=name("Desk"))
    admin.made("role_table", role_id=role["id"], on_table="lead", read_scope="department", update_scope="none", delete_scope="none", can_create=True)
    admin.made("user_role", user_id=user["id"], role_id=role["id"])
    person = site.sign_in(user["login"], "two desks here")
    south, north = people["minh"].made("lead", name=name("Southprobe")), people["li"].made("lead", name=name("Northprobe"))
    pooled = admin.made("lead", name=name("Poolprobe"), owner_id=None, pool_id=1)
    assert (sees(person, south), sees(person, north), sees(person, pooled)) == (True, False, False)
    more = admin.made("user_department", user_id=user["id"], department_id=admin.row(f"/user/{me(people['li'])}")["department_id"])
    assert (sees(person, south), sees(person, north), sees(person, pooled)) == (True, True, True)
    assert people["li"].post("/user_department", {"user_id": me(people["li"]), "department_id": 1}).status == 403
    assert admin.delete(f"/user_department/{more['id']}").status == 204
    assert (sees(person, south), sees(person, north), sees(person, pooled)) == (True, False, False)


def test_what_belongs_to_a_customer_is_read_with_it_unless_that_is_switched_off(people):
    admin, li, manager = people["admin"], people["li"], people["manager"]
    customer = li.made("customer", name=name("Belongprobe"))
    task = manager.made("activity", customer_id=customer["id"], kind="call", note="by the manager")
    assert li.get(f"/activity/{task['id']}").status == 200
    setting = admin.made("setting", name="base.see_belonging", value="false")
    assert li.get(f"/activity/{task['id']}").status == 404
    assert li.get("/activity", filter=["customer_id", "=", customer["id"]]).json["rows"] == []
    assert admin.delete(f"/setting/{setting['id']}").status == 204
    assert li.get(f"/activity/{task['id']}").status == 200


def test_shares_go_with_the_record_into_a_merge_and_back(people):
    manager, minh = people["manager"], people["minh"]
    kept, gone = (people["li"].made("lead", name=name("Mergeprobe")) for _ in range(2))
    shared(people["li"], gone, user_id=me(minh))
    assert not sees(minh, kept)
    assert manager.post(f"/lead/{kept['id']}/_merge", {"from": [gone["id"]]}).status == 200
    assert sees(minh, kept)
    assert manager.post(f"/lead/{kept['id']}/_split", {}).status == 200
    assert not sees(minh, kept) and sees(minh, gone)


def test_the_history_says_in_the_readers_language_what_was_shared_until_when(people):
    li, zhang = people["li"], people["zhang"]
    lead = li.made("lead", name=name("Told"))
    shared(li, lead, user_id=me(zhang), access="cooperate", until_at="2031-05-01T10:00:00Z")
    for locale, text in {"en": "Work on it, until 2031-05-01 18:00", "zh-CN": "协作，至 2031-05-01 18:00", "vi": "Cùng xử lý, đến 2031-05-01 18:00"}.items():
        entries = li.get(f"/lead/{lead['id']}/_timeline", locale=locale).json["entries"]
        assert entries[0]["op"] == "share" and entries[0]["note"] == f"{zhang.user['name']}{'：' if locale == 'zh-CN' else ': '}{text}"


def test_nobody_shares_behind_somebodys_back_over_rest(people):
    """Plugins may ask for it to be quiet, an invitation tells of itself; people may not."""
    li, zhang = people["li"], people["zhang"]
    lead = li.made("lead", name=name())
    shared(li, lead, user_id=me(zhang), quiet=True)
    assert until(lambda: [a for a in zhang.get("/_alert", state="open").json["alerts"] if a["record"] == lead["id"]])
