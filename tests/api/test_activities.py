"""Activities: what was done and planned, tasks and their course, reports, calendar links."""
import datetime
import itertools

import pytest

from site_ import day, until

number = itertools.count(1)


def name(what="Actprobe"):
    return f"{what} {next(number)} {id(number) % 9973} Trading"


def at(hours):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def lead(people):
    return people["li"].made("lead", name=name())


def test_one_line_logs_a_contact_and_the_lead_knows(people, lead):
    li = people["li"]
    answer = li.post(f"/lead/{lead['id']}/log", {"kind": "visit", "note": "看了仓库\n下周报价", "next_action_on": day(7)})
    assert answer.status == 200, answer
    row = answer.json["row"]
    assert row["next_action_on"] == day(7) and row["status"] == "contacted" and row["touched_at"] > lead["touched_at"]
    act, = li.rows("activity", filter=["lead_id", "=", lead["id"]])
    assert (act["subject"], act["kind"], act["status"], act["owner_id"]) == ("看了仓库", "visit", "done", li.user["id"])
    assert act["start_at"]


def test_a_plan_is_no_work_until_it_is_done(people, lead):
    li = people["li"]
    planned = li.made("activity", subject="call them", lead_id=lead["id"], start_at=at(24))
    assert li.row(f"/lead/{lead['id']}")["touched_at"] == lead["touched_at"]
    assert li.post(f"/activity/{planned['id']}/done", {"result": "no", "attitude": "hesitant"}).status == 200
    after = li.row(f"/lead/{lead['id']}")
    # what was planned for tomorrow and done today was done today
    assert lead["touched_at"] < after["touched_at"] <= at(1)
    assert li.post(f"/activity/{planned['id']}/done", {}).status == 409


def test_whoever_reads_a_lead_reads_what_was_done_on_it_and_nobody_else(people, lead):
    li, manager, zhang, minh = (people[n] for n in ("li", "manager", "zhang", "minh"))
    li.post(f"/lead/{lead['id']}/log", {"kind": "call", "note": "first"})
    of_lead = dict(filter=["lead_id", "=", lead["id"]])
    act = li.rows("activity", **of_lead)[0]
    assert zhang.rows("activity", **of_lead) == [] and zhang.get(f"/activity/{act['id']}").status == 404
    li.post(f"/lead/{lead['id']}/transfer", {"to_id": zhang.user["id"]})
    assert [r["id"] for r in zhang.rows("activity", **of_lead)] == [act["id"]]  # handed over with its history
    assert zhang.get("/activity", count=1, **of_lead).json["total"] == 1
    assert zhang.row(f"/activity/{act['id']}")["subject"] == "first"
    assert zhang.patch(f"/activity/{act['id']}", act["version"], {"subject": "mine"}).status in (403, 404)
    assert li.row(f"/activity/{act['id']}")["subject"] == "first"  # its author still has it, as he wrote it
    assert [r["id"] for r in manager.rows("activity", **of_lead)] == [act["id"]]
    assert minh.rows("activity", **of_lead) == [] and minh.get(f"/activity/{act['id']}").status == 404


def test_the_lead_page_lists_its_activities(people):
    details = people["li"].get("/_meta/lead").json["details"]
    assert {"activity", "task"} <= {d["table"] for d in details}
    fields = {f["name"] for f in people["li"].get("/_meta/activity").json["fields"]}
    assert "lead_id" in fields


def test_appointments_that_clash_are_told(people):
    li = people["li"]
    li.made("activity", subject="one", start_at="2031-03-03T02:00:00Z", end_at="2031-03-03T03:00:00Z")
    two = li.made("activity", subject="two", start_at="2031-03-03T02:30:00Z", end_at="2031-03-03T04:00:00Z")
    three = li.made("activity", subject="three", start_at="2031-03-03T04:00:00Z", end_at="2031-03-03T05:00:00Z")
    assert (two["clash"], three["clash"], two["minutes"]) == (True, False, 90)
    answer = li.post("/activity", {"subject": "x", "start_at": "2031-03-03T04:00:00Z", "end_at": "2031-03-03T03:00:00Z"})
    assert answer.status == 422 and "end_at" in answer.json["error"]["fields"]
    ms = lambda hour: int(datetime.datetime(2031, 3, 3, hour, tzinfo=datetime.timezone.utc).timestamp() * 1000)
    asked = dict(user=str(li.user["id"]), from_=str(ms(2)), to=str(ms(4)))
    assert [r["subject"] for r in li.get("/calendar/clashes", **asked).json["rows"]] == ["one", "two"]
    assert people["minh"].get("/calendar/clashes", **asked).json["rows"] == []  # not hers to see
    assert li.get("/calendar/clashes", user="x").status == 422


def test_a_task_goes_down_and_feedback_comes_back(people, lead):
    manager, li, zhang = people["manager"], people["li"], people["zhang"]
    task = manager.made("task", subject="visit them", owner_id=li.user["id"], due_on=day(3), lead_id=lead["id"])
    path = f"/task/{task['id']}"
    assert (task["status"], task["from_id"]) == ("new", manager.user["id"])
    assert zhang.get(path).status == 404 and zhang.post(path + "/accept").status == 404
    assert manager.post(path + "/accept").status == 403 and li.row(path)["status"] == "new"
    assert li.post(path + "/accept").json["row"]["status"] == "accepted"
    assert li.post(path + "/progress", {"progress": 150}).status == 422
    assert li.post(path + "/progress", {"progress": 40, "note": "appointment made"}).json["row"]["status"] == "doing"
    row = li.post(path + "/finish", {"note": "they will ship with us"}).json["row"]
    assert row["status"] == "done" and row["progress"] == 100 and row["done_at"]
    assert manager.row(path)["feedback"] == "they will ship with us"
    assert manager.post(path + "/cancel", {"note": "late"}).status == 409


def test_nobody_hands_tasks_to_people_beyond_reach(people):
    answer = people["li"].post("/task", {"subject": "x", "owner_id": people["manager"].user["id"]})
    assert answer.status == 422 and "owner_id" in answer.json["error"]["fields"]


def test_a_recurring_task_makes_the_next_when_it_is_done(people):
    li = people["li"]
    task = li.made("task", subject=name("monthly"), due_on="2031-01-31", recurs="monthly", recurs_until="2031-02-28")
    assert li.post(f"/task/{task['id']}/finish", {}).status == 200
    first, second = sorted(li.rows("task", filter=["subject", "=", task["subject"]]), key=lambda r: r["id"])
    assert (second["due_on"], second["status"]) == ("2031-02-28", "accepted")
    assert li.post(f"/task/{second['id']}/finish", {}).status == 200  # the last one
    assert len(li.rows("task", filter=["subject", "=", task["subject"]])) == 2


def test_a_plan_becomes_tasks_with_days(people, lead):
    manager, li = people["manager"], people["li"]
    plan = manager.made("task_plan", name=name("30 days"))
    for days, subject in ((0, "call"), (7, "visit"), (30, "review")):
        manager.made("task_plan_step", plan_id=plan["id"], subject=subject, after_days=days)
    assert li.post("/task_plan", {"name": "x"}).status == 403
    assert li.post(f"/lead/{lead['id']}/plan", {"plan_id": plan["id"]}).status == 200
    tasks = li.rows("task", filter=["lead_id", "=", lead["id"]], sort="due_on")
    assert [t["subject"] for t in tasks] == ["call", "visit", "review"]
    due = [datetime.date.fromisoformat(t["due_on"]) for t in tasks]
    assert [(d - due[0]).days for d in due] == [0, 7, 30]


@pytest.mark.parametrize("kind, first, last", [("daily", "2031-02-01", "2031-02-01"), ("weekly", "2031-02-03", "2031-02-09"), ("monthly", "2031-02-01", "2031-02-28"),
                                                ("monthly", "2032-02-01", "2032-02-29"), ("monthly", "2031-12-01", "2031-12-31")])
def test_reports_and_personal_targets_end_with_their_period(people, kind, first, last):
    """A month's counted 31 days, whatever the month."""
    li = people["li"]
    for made in (li.made("work_report", kind=kind, from_on=first), li.made("activity_target", metric="calls", kind=kind, from_on=first, value=1)):
        assert made["to_on"] == last


def test_a_work_report_counts_by_itself_and_is_read_by_another(people):
    li, manager = people["alice"], people["manager"]
    lead = li.made("lead", name=name())
    before = len([r for r in li.rows("activity") if r["kind"] == "call"])
    for kind in ("call", "call", "visit"):
        li.post(f"/lead/{lead['id']}/log", {"kind": kind, "note": "x"})
    report = li.made("work_report", kind="daily", done="calls")
    assert report["calls"] >= 2 and report["visits"] >= 1 and report["new_leads"] >= 1, (report, before)
    path = f"/work_report/{report['id']}"
    assert li.post("/work_report", {"kind": "daily"}).status == 409  # one a day
    assert li.post("/work_report", {"kind": "weekly", "calls": 99}).status == 422  # what is counted is not typed
    assert li.post(path + "/submit").json["row"]["status"] == "submitted"
    assert li.post(path + "/read", {}).status == 403
    assert people["minh"].post(path + "/read", {}).status == 404
    assert manager.post(path + "/read", {"note": "好"}).json["row"]["comment"] == "好"


def test_company_memos_are_read_by_all_and_written_by_managers(people):
    memo = people["manager"].made("company_memo", subject="stocktaking", on_day=day(1))
    assert people["li"].row(f"/company_memo/{memo['id']}")["subject"] == "stocktaking"
    assert people["li"].patch(f"/company_memo/{memo['id']}", 1, {"subject": "x"}).status == 403
    own = people["li"].made("memo", subject="mine", remind_at=at(-1))
    assert people["manager"].get(f"/memo/{own['id']}").status == 404


def test_a_company_memo_rings_for_everybody_and_moves_with_its_time(people):
    manager = people["manager"]
    memo = manager.made("company_memo", subject=name("Port closes"), remind_at=at(2))
    mine = lambda person: [a for s in ("waiting", "open") for a in person.get("/_alert", state=s, limit=200).json["alerts"]
                           if (a["table"], a["record"]) == ("company_memo", memo["id"])]
    readers = [p for p in ("li", "minh", "alice", "manager")]
    assert [len(mine(people[p])) for p in readers] == [1] * len(readers)
    assert manager.patch(f"/company_memo/{memo['id']}", memo["version"], {"remind_at": None}).status == 200
    assert [len(mine(people[p])) for p in readers] == [0] * len(readers)


def test_a_memo_rings_at_its_time_and_a_task_when_it_is_handed_down(people):
    li, manager = people["li"], people["manager"]
    memo = li.made("memo", subject="ring", remind_at=at(-1))
    later = li.made("memo", subject="later", remind_at=at(5))
    task = manager.made("task", subject="do", owner_id=li.user["id"])

    def alerts(person):
        return {(a["table"], a["record"]) for a in person.get("/_alert").json["alerts"]}

    assert until(lambda: {("memo", memo["id"]), ("task", task["id"])} <= alerts(li)), alerts(li)  # delivered behind the request
    assert ("memo", later["id"]) not in alerts(li) and ("memo", memo["id"]) not in alerts(manager)
    li.patch(f"/memo/{memo['id']}", memo["version"], {"done": True})
    assert ("memo", memo["id"]) not in alerts(li)


def test_a_calendar_link_is_what_a_phone_subscribes_to(site, people):
    import icalendar

    li = people["li"]
    subject = "Họp với khách; 深圳, " + "很长的标题" * 30
    li.made("activity", subject=subject, kind="meeting", place="A\\B", start_at=at(30), end_at=at(31), goal="one\ntwo")
    li.made("task", subject="rückruf", due_on=day(2))
    link = li.post("/calendar/feed", {"name": "phone"})
    assert link.status == 201, link
    answer = site.nobody().get(link.json["path"].removeprefix("/api"))
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/calendar")
    assert max(len(part) for part in answer.body.split(b"\r\n")) <= 75
    calendar = icalendar.Calendar.from_ical(answer.body)
    events = {str(e["SUMMARY"]): e for e in calendar.walk("VEVENT")}
    assert subject in events and str(events[subject]["LOCATION"]) == "A\\B" and str(events[subject]["DESCRIPTION"]) == "one\ntwo"
    assert (events[subject]["DTEND"].dt - events[subject]["DTSTART"].dt).total_seconds() == 3600
    assert "rückruf" in [str(t["SUMMARY"]) for t in calendar.walk("VTODO")]
    # only its owner's days, no other's; not guessable; over when it is revoked
    assert people["zhang"].get(f"/calendar_feed/{link.json['id']}").status == 404
    assert site.nobody().get("/calendar.ics", key="x" * 32).status == 404
    assert site.nobody().get("/calendar/clashes", user="1", from_="1", to="2").status == 401
    assert li.delete(f"/calendar_feed/{link.json['id']}").status == 204
    assert site.nobody().get(link.json["path"].removeprefix("/api")).status == 404


def test_leads_work_without_the_plugin(own_site):
    site = own_site("--plugins", "base pools leads")
    li = site.sign_in("demo.li")
    lead = li.made("lead", name=name())
    assert li.post(f"/lead/{lead['id']}/log", {"kind": "call", "note": "x"}).status in (404, 405)
    assert not {"log", "plan"} & {a["name"] for a in li.get("/_meta/lead").json["actions"]}


def test_logging_a_contact_is_the_first_button(people):
    for table in ("lead", "customer", "contact", "opportunity"):
        assert people["li"].get(f"/_meta/{table}").json["actions"][0]["name"] == "log", table


def test_the_list_says_which_company_each_was_with(own_site):
    """Once it had columns for customer and deal, empty in all that was done with leads."""
    li = own_site().sign_in("demo.li")
    view = next(v for v in li.get("/_meta/activity").json["views"] if v["name"] == "mine")
    assert {"customer_id", "lead_id"} <= set(view["columns"]) and "opportunity_id" not in view["columns"], view
    rows = li.get("/activity", view="mine").json["rows"]
    assert rows and all(r["customer_id"] or r["lead_id"] for r in rows if r["opportunity_id"] is None and r["contact_id"] is None)
