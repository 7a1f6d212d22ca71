"""Looking as another user: everything they see, nothing changed, on the record, over with one click."""
import pytest

from test_rights import name
from test_sharing import audited, me


@pytest.fixture
def looking(site, people):
    """An administrator who looks as 李娜."""
    person = site.sign_in("demo.admin")
    assert person.post(f"/user/{me(people['li'])}/_look_as").status == 204
    yield person
    person.delete("/_session")


def test_the_administrator_sees_what_the_user_sees_and_is_told(people, looking):
    of_li, of_minh = people["li"].made("lead", name=name("Lookprobe")), people["minh"].made("lead", name=name("Lookprobe"))
    session = looking.get("/_session").json
    assert session["user"]["id"] == me(people["li"]) and session["viewer"]["id"] == me(people["admin"])
    assert looking.get("/_start").json["viewer"]["name"] == people["admin"].user["name"]
    assert looking.get(f"/lead/{of_li['id']}").status == 200 and looking.get(f"/lead/{of_minh['id']}").status == 404
    assert looking.get("/role").status == 403 and looking.get("/_state").status == 403
    assert looking.rows("lead", filter=["name", "^", "Lookprobe"]) == people["li"].rows("lead", filter=["name", "^", "Lookprobe"])
    assert "viewer" not in people["li"].get("/_session").json


def test_nothing_can_be_changed(people, looking):
    lead = people["li"].made("lead", name=name("Lookprobe"))
    path = f"/lead/{lead['id']}"
    answers = [looking.post("/lead", {"name": name("Lookprobe")}), looking.patch(path, 1, {"city": "x"}), looking.delete(path),
               looking.post(f"{path}/release", {}), looking.post(f"{path}/_note", {"text": "x"}), looking.post("/_token", {"name": "x"}),
               looking.post("/lead/_bulk", {"ids": [lead["id"]], "patch": {"city": "x"}}), looking.post("/lead/_export", {"kind": "csv"}),
               looking.post("/_password", {"old": "berth-demo", "new": "something else"}), looking.ask("PUT", f"{path}/_follow", {"on": True}),
               looking.post(f"/user/{me(people['minh'])}/_look_as"), looking.post("/_alert/_done")]
    assert [(a.status, a.code) for a in answers] == [(403, "looking")] * len(answers)
    assert people["li"].row(path) == lead
    assert people["li"].get("/_token").json == looking.get("/_token").json


def test_it_ends_by_one_click_and_is_on_the_record(people, looking):
    assert looking.delete("/_look_as").status == 204
    assert looking.get("/_session").json["user"]["id"] == me(people["admin"])
    assert looking.get("/role").status == 200
    assert looking.delete("/_look_as").status == 404
    lines = audited(people, "look_as", f"user {me(people['li'])} ")
    assert any(line.endswith("begins") for line in lines) and any(line.endswith("ends") for line in lines)


def test_it_is_for_administrators_in_a_browser(site, people):
    from site_ import Person
    assert people["manager"].post(f"/user/{me(people['li'])}/_look_as").status == 403
    admin = people["admin"]
    assert admin.post("/user/999999/_look_as").status == 404
    assert admin.post(f"/user/{me(admin)}/_look_as").status == 400
    robot = Person(site, token=admin.post("/_token", {"name": "looker"}).json["token"])
    assert robot.post(f"/user/{me(people['li'])}/_look_as").status == 400
    assert robot.get("/_session").json["user"]["id"] == me(admin)


def test_whoever_is_no_administrator_any_more_looks_as_nobody(site, people):
    admin = people["admin"]
    user = admin.made("user", name="Short Term", login=name("short").replace(" ", "").lower(), admin=True)
    admin.post(f"/user/{user['id']}/_password", {"password": "short term admin"})
    person = site.sign_in(user["login"], "short term admin")
    assert person.post(f"/user/{me(people['li'])}/_look_as").status == 204
    row = admin.row(f"/user/{user['id']}")
    assert admin.patch(f"/user/{user['id']}", row["version"], {"admin": False}).status == 200
    assert person.get("/_session").json["user"]["id"] == user["id"]
