"""Appointments with others: invitations and answers, who is free, working hours, where people are; figures of a team."""
import datetime
import itertools

import pytest

from site_ import PASSWORD, day, until

number = itertools.count(1)


def name(what="Calprobe"):
    return f"{what} {next(number)} {id(number) % 9973}"


def ms(text):
    return str(int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000))


def alerts(person, wanted=None):
    """Texts of the open alerts; with wanted, waits for it: they are delivered behind the request."""
    look = lambda: [(a["table"], a["record"], a["text"]) for a in person.get("/_alert", limit=200).json["alerts"]]
    assert wanted is None or until(lambda: any(wanted == (t, r) for t, r, _ in look())), look()
    return look()


@pytest.fixture
def meeting(people):
    return people["li"].made("activity", subject=name(), kind="meeting", start_at="2032-03-03T02:00:00Z", end_at="2032-03-03T03:00:00Z", place="Room 1",
                             goal="agree on space")


def asked(person, meeting):
    return {r["owner_id"]: r for r in person.rows("invitation", filter=["activity_id", "=", meeting["id"]]) if not r["contact_id"]}


def test_colleagues_are_invited_and_answer(people, meeting):
    li, zhang, minh, manager = (people[n] for n in ("li", "zhang", "minh", "manager"))
    path = f"/activity/{meeting['id']}"
    assert zhang.post(path + "/invite", {"people": [zhang.user["id"]]}).status == 404
    assert li.post(path + "/invite", {}).status == 422
    answer = li.post(path + "/invite", {"people": [zhang.user["id"], minh.user["id"], li.user["id"]]})
    assert answer.status == 200 and answer.json["row"]["invited"] == 2, answer  # not oneself
    assert li.post(path + "/invite", {"people": [zhang.user["id"]]}).json["row"]["invited"] == 2  # nobody twice
    mine, = [r for r in zhang.rows("invitation", view="open") if r["activity_id"] == meeting["id"]]
    assert (mine["subject"], mine["place"], mine["goal"], mine["from_id"]) == (meeting["subject"], "Room 1", "agree on space", li.user["id"])
    assert zhang.row(path)["goal"] == "agree on space"  # he reads the appointment, until he declines
    alerts(zhang, ("invitation", mine["id"]))
    # who is asked sees who else is; nobody answers for another, nor sees what others are asked to
    assert minh.row(f"/invitation/{mine['id']}")["person"] and people["alice"].get(f"/invitation/{mine['id']}").status == 404
    assert minh.post(f"/invitation/{mine['id']}/accept", {}).status == 403
    assert manager.post(f"/invitation/{mine['id']}/accept", {}).status == 403
    assert zhang.row(f"/invitation/{mine['id']}")["answer"] == "invited"
    assert zhang.patch(f"/invitation/{mine['id']}", mine["version"], {"answer": "accepted"}).status == 422
    assert zhang.post("/invitation", {"subject": "x"}).status == 403
    assert zhang.post(f"/invitation/{mine['id']}/accept", {"note": "bring the rates"}).json["row"]["answer"] == "accepted"
    assert asked(li, meeting)[zhang.user["id"]]["reply"] == "bring the rates"
    alerts(li, ("invitation", mine["id"]))
    assert zhang.post(f"/invitation/{mine['id']}/accept", {}).status == 409


def test_who_is_asked_reads_the_appointment_and_changes_nothing_until_he_declines(people):
    li, zhang, minh = (people[n] for n in ("li", "zhang", "minh"))
    customer = li.made("customer", name=name("Partner of the meeting"))
    row = li.made("activity", subject=name(), kind="meeting", start_at="2032-04-03T02:00:00Z", customer_id=customer["id"], preparation="figures of May")
    path = f"/activity/{row['id']}"
    assert zhang.get(path).status == 404
    assert li.post(path + "/invite", {"people": [zhang.user["id"]]}).status == 200
    mine = asked(zhang, row)[zhang.user["id"]]
    assert zhang.row(path)["preparation"] == "figures of May"
    alerts(zhang, ("invitation", mine["id"]))  # told once: not of the sharing besides
    assert not [a for a in zhang.get("/_alert", state="open", limit=200).json["alerts"] if (a["table"], a["record"]) == ("activity", row["id"])]
    assert minh.get(path).status == 404 and zhang.get(f"/customer/{customer['id']}").status == 404
    version = zhang.row(path)["version"]
    assert zhang.patch(path, version, {"goal": "mine"}).status == 403 and zhang.post(path + "/done", {}).status == 403
    assert li.row(path)["version"] == version and li.row(path)["status"] == "planned"
    assert zhang.post(f"/invitation/{mine['id']}/decline", {}).status == 200
    assert zhang.get(path).status == 404
    assert zhang.post(f"/invitation/{mine['id']}/accept", {}).status == 200
    assert zhang.row(path)["preparation"] == "figures of May"


def shares(person, path):
    return {s["user_id"]: (s["access"], s["until_at"] is None) for s in person.get(path + "/_share").json["shares"]}


def test_an_invitation_leaves_alone_what_a_person_shared(people, meeting):
    """Neither asking, nor accepting, nor declining takes from somebody what he was given by hand."""
    li, zhang, minh = (people[n] for n in ("li", "zhang", "minh"))
    path, given = f"/activity/{meeting['id']}", {zhang.user["id"]: ("cooperate", True)}
    assert li.post(path + "/_share", {"kind": "share", "access": "cooperate", "user_id": zhang.user["id"]}).status == 201
    assert li.post(path + "/invite", {"people": [zhang.user["id"], minh.user["id"]]}).status == 200
    assert shares(li, path) == given | {minh.user["id"]: ("read", False)}
    for person in (zhang, minh):
        mine = asked(person, meeting)[person.user["id"]]
        for answer in ("accept", "decline", "maybe", "decline"):
            assert person.post(f"/invitation/{mine['id']}/{answer}", {}).status == 200, answer
    assert shares(li, path) == given and minh.get(path).status == 404
    assert zhang.patch(path, zhang.row(path)["version"], {"goal": "ours"}).status == 200


def test_a_guest_who_asks_somebody_to_an_appointment_does_not_share_it(people, meeting):
    li, zhang, minh = (people[n] for n in ("li", "zhang", "minh"))
    path = f"/activity/{meeting['id']}"
    assert li.post(path + "/_share", {"kind": "share", "access": "cooperate", "user_id": zhang.user["id"]}).status == 201
    assert zhang.post(path + "/invite", {"people": [minh.user["id"]]}).status == 200
    assert asked(minh, meeting)[minh.user["id"]]["subject"] == meeting["subject"] and minh.get(path).status == 404
    assert set(shares(li, path)) == {zhang.user["id"]}


def test_a_moved_appointment_is_asked_again_and_a_cancelled_one_is_off(people, meeting):
    li, zhang = people["li"], people["zhang"]
    path = f"/activity/{meeting['id']}"
    row = li.post(path + "/invite", {"people": [zhang.user["id"]]}).json["row"]
    invitation = asked(zhang, meeting)[zhang.user["id"]]
    zhang.post(f"/invitation/{invitation['id']}/accept", {})
    row = li.patch(path, row["version"], {"place": "Room 2"}).json["row"]
    now = zhang.row(f"/invitation/{invitation['id']}")
    assert (now["place"], now["answer"]) == ("Room 2", "accepted")
    row = li.patch(path, row["version"], {"start_at": "2032-03-04T02:00:00Z", "end_at": "2032-03-04T03:00:00Z"}).json["row"]
    now = zhang.row(f"/invitation/{invitation['id']}")
    assert (now["start_at"][:10], now["answer"]) == ("2032-03-04", "invited")
    assert li.patch(path, row["version"], {"status": "cancelled"}).status == 200
    assert zhang.row(f"/invitation/{invitation['id']}")["answer"] == "off"
    assert zhang.post(f"/invitation/{invitation['id']}/accept", {}).status == 409


def test_contact_persons_are_invited_by_mail_and_their_answer_is_noted(people, meeting):
    li, admin = people["li"], people["admin"]
    customer = li.made("customer", name=name("Calcust"))
    person = li.made("contact", name="王采购", customer_id=customer["id"], email=f"buyer{next(number)}@cal.example")
    template = admin.made("mail_template", name=name("invite"), on_table="invitation", subject_en="Meeting: {subject}", body_en="At {place}.", subject_zh_cn="会议：{subject}", body_zh_cn="地点 {place}。")
    admin.made("setting", name="activities.invite_template", value=str(template["id"]))
    assert li.post(f"/activity/{meeting['id']}/invite", {"contacts": [person["id"]]}).status == 200
    row, = [r for r in li.rows("invitation", filter=["activity_id", "=", meeting["id"]])]
    assert (row["contact_id"], row["owner_id"], row["clash"]) == (person["id"], li.user["id"], False)
    mails = [e for e in li.get(f"/invitation/{row['id']}/_timeline").json["entries"] if e["kind"] == "mail"]
    assert [m["to"] for m in mails] == [person["email"]] and meeting["subject"] in mails[0]["subject"]
    assert li.post(f"/invitation/{row['id']}/decline", {"note": "fair that week"}).json["row"]["answer"] == "declined"


def test_what_one_promised_stands_in_the_way(people, meeting):
    li, alice = people["li"], people["alice"]
    assert li.post(f"/activity/{meeting['id']}/invite", {"people": [alice.user["id"]]}).status == 200
    invitation = asked(alice, meeting)[alice.user["id"]]
    assert invitation["clash"] is False

    def free(person, who):
        rows = person.get("/calendar/free", people=str(who.user["id"]), from_=ms("2032-03-03T02:30:00Z"), to=ms("2032-03-03T02:45:00Z")).json["people"]
        return rows[0]["free"], [b["kind"] for b in rows[0]["busy"]]

    assert free(li, alice) == (True, [])
    alice.post(f"/invitation/{invitation['id']}/accept", {})
    assert free(people["minh"], alice) == (False, ["invitation"])  # that, and not what it is
    own = alice.made("activity", subject=name(), start_at="2032-03-03T02:30:00Z", end_at="2032-03-03T03:30:00Z")
    assert own["clash"] is True
    second = people["manager"].made("activity", subject=name(), start_at="2032-03-03T02:00:00Z", end_at="2032-03-03T03:00:00Z")
    people["manager"].post(f"/activity/{second['id']}/invite", {"people": [alice.user["id"]]})
    assert asked(alice, second)[alice.user["id"]]["clash"] is True
    assert li.get("/calendar/free", people="1 or 1=1", from_="1", to="2").status == 422


def test_leave_stands_in_the_way_and_working_hours_are_known(people):
    li, zhang = people["li"], people["zhang"]
    # a Tuesday, Wednesday; the company is in Shanghai (UTC+8), 9 to 18 o'clock
    early = li.made("activity", subject=name(), start_at="2033-05-03T00:30:00Z", end_at="2033-05-03T01:30:00Z")
    within = li.made("activity", subject=name(), start_at="2033-05-03T02:00:00Z", end_at="2033-05-03T10:00:00Z")
    sunday = li.made("activity", subject=name(), start_at="2033-05-08T02:00:00Z", end_at="2033-05-08T03:00:00Z")
    assert [a["off_hours"] for a in (early, within, sunday)] == [True, False, True]
    own = li.made("work_hours", days=["tue", "sun"], from_time="08:00", to_time="12:00")
    assert li.post("/work_hours", {"days": ["mon"]}).status == 409
    assert li.patch(f"/work_hours/{own['id']}", own["version"], {"to_time": "07:00"}).status == 422
    assert li.patch(f"/work_hours/{own['id']}", own["version"], {"to_time": "late"}).status == 422
    flags = [li.made("activity", subject=name(), start_at=f"2033-06-{d}T0{h}:30:00Z", end_at=f"2033-06-{d}T0{h}:45:00Z")["off_hours"]
             for d, h in (("07", 0), ("07", 4), ("05", 1), ("08", 1))]  # Tuesday early, after noon; Sunday; Wednesday
    assert flags == [False, True, False, True]
    assert zhang.get(f"/work_hours/{own['id']}").status == 404 and li.delete(f"/work_hours/{own['id']}").status == 204
    li.made("whereabouts", kind="leave", start_at="2033-07-04T16:00:00Z", end_at="2033-07-05T16:00:00Z")
    assert li.made("activity", subject=name(), start_at="2033-07-05T02:00:00Z", end_at="2033-07-05T03:00:00Z")["clash"] is True
    assert zhang.rows("whereabouts", filter=["owner_id", "=", li.user["id"]]) == []
    assert any(r["kind"] == "leave" for r in people["manager"].rows("whereabouts", filter=["owner_id", "=", li.user["id"]]))


def test_invitations_stand_in_the_calendar_feed(site, people, meeting):
    import icalendar

    li, zhang = people["li"], people["zhang"]
    assert li.post(f"/activity/{meeting['id']}/invite", {"people": [zhang.user["id"]]}).status == 200
    invitation = asked(zhang, meeting)[zhang.user["id"]]
    feeds = [p.post("/calendar/feed", {"name": "phone"}).json["path"].removeprefix("/api") for p in (li, zhang)]

    def event(path):
        found = [e for e in icalendar.Calendar.from_ical(site.nobody().get(path).body).walk("VEVENT") if str(e["SUMMARY"]) == meeting["subject"]]
        return found[0] if found else None

    assert str(event(feeds[1])["STATUS"]) == "TENTATIVE"
    attendee = event(feeds[0])["ATTENDEE"]
    assert attendee.params["CN"] == zhang.user["name"] and attendee.params["PARTSTAT"] == "NEEDS-ACTION"
    zhang.post(f"/invitation/{invitation['id']}/accept", {})
    assert str(event(feeds[1])["STATUS"]) == "CONFIRMED" and event(feeds[0])["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"
    zhang.post(f"/invitation/{invitation['id']}/decline", {})
    assert event(feeds[1]) is None


def test_a_visit_is_checked_in_to(people):
    li, zhang = people["li"], people["zhang"]
    visit = li.made("activity", subject=name(), kind="visit")
    assert zhang.post(f"/activity/{visit['id']}/check_in", {}).status == 404
    row = li.post(f"/activity/{visit['id']}/check_in", {"place": "Gate 3"}).json["row"]
    assert row["arrived_at"] and row["start_at"] and (row["status"], row["place"]) == ("doing", "Gate 3")
    assert li.post(f"/activity/{visit['id']}/check_in", {}).status == 409
    picture = li.ask("POST", f"/activity/{visit['id']}/_files", raw=b"\x89PNG\r\n\x1a\n" + b"\0" * 32, name="gate.png")
    assert picture.status == 201, picture


def test_a_picture_comes_with_the_check_in_and_is_of_that_visit(people):
    li = people["li"]
    visit, other = (li.made("activity", subject=name(), kind="visit") for _ in range(2))
    put = lambda of, file: li.ask("POST", f"/activity/{of['id']}/_files", raw=b"\x89PNG\r\n\x1a\n" + b"\0" * 32, name=file).json["file"]["id"]
    elsewhere = li.post(f"/activity/{visit['id']}/check_in", {"picture": put(other, "other.png")})
    assert elsewhere.status == 422 and "picture" in elsewhere.json["error"]["fields"]
    assert li.row(f"/activity/{visit['id']}")["arrived_at"] is None
    assert li.post(f"/activity/{visit['id']}/check_in", {"picture": 999999}).status == 422
    here = li.post(f"/activity/{visit['id']}/check_in", {"picture": put(visit, "gate.png"), "place": "Gate 5"})
    assert here.status == 200 and here.json["row"]["arrived_at"], here
    assert [f["name"] for f in li.get(f"/activity/{visit['id']}/_files").json["files"]] == ["gate.png"]


def test_managers_see_where_everybody_is_and_how_far(people):
    manager, alice = people["manager"], people["alice"]
    now = datetime.datetime.now(datetime.timezone.utc)
    before = {r["name"]: r for r in manager.get("/activities/overview").json["rows"]}["Alice Wong"]
    alice.made("activity", subject=name(), kind="visit", status="done", start_at=(now - datetime.timedelta(hours=2)).isoformat())
    alice.made("activity", subject=name(), start_at=(now - datetime.timedelta(days=2)).isoformat())
    alice.made("task", subject=name(), due_on=day(-1))
    # The one begun last counts; the demo's, at home from eight to seven, may have begun within the hour.
    away = alice.made("whereabouts", kind="travel", place="Ningbo", start_at=now.isoformat(), end_at=(now + datetime.timedelta(hours=9)).isoformat())
    after = {r["name"]: r for r in manager.get("/activities/overview", locale="en").json["rows"]}["Alice Wong"]
    assert [after[k] - before[k] for k in ("done", "visits", "late", "overdue")] == [1, 1, 1, 1]
    assert (after["where"], after["place"]) == ("Business trip", "Ningbo") and after["until"]
    assert {r["name"] for r in alice.get("/activities/overview").json["rows"]} == {"Alice Wong"}
    assert "Alice Wong" not in {r["name"] for r in people["lan"].get("/activities/overview").json["rows"]}
    assert alice.delete(f"/whereabouts/{away['id']}").status == 204


def test_the_overview_of_a_large_team_counts_what_each_did(people, site):
    admin, now = people["admin"], datetime.datetime.now(datetime.timezone.utc)
    ago = lambda **t: (now - datetime.timedelta(**t)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    role = {r["name"]: r["id"] for r in admin.rows("role")}
    unit = admin.made("department", name=name())
    boss = admin.made("user", login=name().replace(" ", "."), name="Boss", department_id=unit["id"])
    admin.made("user_role", user_id=boss["id"], role_id=role["manager"])
    assert admin.post(f"/user/{boss['id']}/_password", {"password": PASSWORD}).status == 204
    team = [admin.made("user", login=name().replace(" ", "."), name=f"Rower {i}", department_id=unit["id"], manager_id=boss["id"]) for i in range(12)]
    for i, one in enumerate(team):
        for days in range(i % 3):
            admin.made("activity", owner_id=one["id"], subject=name(), kind="visit" if days else "call", status="done", start_at=ago(days=days, hours=1))
        if i % 3 == 0:
            admin.made("activity", owner_id=one["id"], subject=name(), status="done", start_at=ago(days=20))
    rows = {r["name"]: r for r in site.sign_in(boss["login"]).get("/activities/overview").json["rows"]}
    assert [(rows[o["name"]]["done"], rows[o["name"]]["visits"]) for o in team] == [(i % 3, i % 3 // 2) for i in range(12)]
    assert [rows[o["name"]]["last_at"] for o in team] == [ago(days=20) if i % 3 == 0 else ago(hours=1) for i in range(12)]


def test_people_set_themselves_targets(people):
    alice, manager, zhang = people["alice"], people["manager"], people["zhang"]
    target = alice.made("activity_target", metric="visits", value=4, kind="weekly", from_on=day(-1))
    assert target["to_on"] == day(5)
    done = lambda p: {r["metric"]: r for r in p.get("/activities/targets").json["rows"] if r["name"] == "Alice Wong"}.get("visits")
    before = done(alice)["done"]
    alice.made("activity", subject=name(), kind="visit", status="done")
    assert (done(alice)["done"], done(alice)["wanted"]) == (before + 1, 4) and done(manager) == done(alice)
    assert done(zhang) is None and zhang.get(f"/activity_target/{target['id']}").status == 404
    assert alice.post("/activity_target", {"metric": "calls", "value": 1, "to_on": day(-9)}).status == 422


def test_reports_begin_with_the_departments_template_and_are_counted(people):
    manager, zhang = people["manager"], people["zhang"]
    manager.made("report_template", kind="monthly", plan="1. Tonnage\n2. Lanes")
    manager.made("report_template", kind="monthly", department_id=manager.user["department_id"] if "department_id" in manager.user else 2, plan="Our department's")
    assert zhang.post("/report_template", {"kind": "daily"}).status == 403
    report = zhang.made("work_report", kind="monthly", from_on=day(-3), done="mine")
    assert (report["done"], report["plan"]) == ("mine", "Our department's")
    rows = lambda: {r["name"]: r for r in manager.get("/activities/reports", kind="monthly").json["rows"]}["張家豪"]
    before = rows()
    assert zhang.post(f"/work_report/{report['id']}/submit", {}).status == 200
    after = rows()
    assert (after["submitted"] - before["submitted"], before["draft"] - after["draft"]) == (1, 1)
    assert manager.get("/activities/reports", from_="x' or 1=1 --").status == 422


def test_a_plan_begins_by_rule(own_site, tmp_path):
    site = own_site()
    li, manager = site.sign_in("demo.li"), site.sign_in("demo.manager")
    plan = next((p for p in manager.rows("task_plan") if p["code"] == "new_customer"), None) or manager.made("task_plan", name="30 days", code="new_customer")
    manager.made("task_plan_step", plan_id=plan["id"], subject="thank them", after_days=1)
    customer = li.made("customer", name=name("Plancust"))
    tasks = lambda: li.rows("task", filter=["customer_id", "=", customer["id"]])

    def deal(end, form):
        row = li.made("opportunity", name=name(), customer_id=customer["id"], amount="5", close_on=day(1))
        assert li.post(f"/opportunity/{row['id']}/{end}", form).status == 200

    deal("lose", {"lost_reason": "price"})
    assert tasks() == []
    deal("win", {})
    begun = tasks()
    assert "thank them" in {t["subject"] for t in begun} and {t["owner_id"] for t in begun} == {li.user["id"]}
    deal("win", {})  # once for each customer
    assert len(tasks()) == len(begun)
