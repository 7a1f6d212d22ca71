"""The home page: tiles, their arrangement, what waits for whom, announcements; the navigation; reports."""
import itertools

import pytest

from site_ import day

number = itertools.count(1)


def name(what):
    return f"{what} {next(number)} {id(number) % 9973}"


def home(person):
    answer = person.get("/_home")
    assert answer.status == 200, answer
    return answer.json


def waiting(person, section):
    found = [w for w in person.get("/_todo").json["waiting"] if w["name"] == section]
    return found[0] if found else None


def role_id(people, role):
    return people["admin"].get("/role", filter=["name", "=", role]).json["rows"][0]["id"]


# ---- navigation ----------------------------------------------------------------------------------
def test_areas_stand_in_their_groups_and_only_those_one_may_read(people):
    start = people["li"].get("/_start", locale="en").json
    groups = [g["name"] for g in start["groups"]]
    tables = {n["table"]: n for n in start["nav"] if n["table"]}
    assert groups[:3] == ["sales", "customers", "work"]
    assert [g["label"] for g in start["groups"]][:3] == ["Sales", "Customers", "Work"]
    assert (tables["lead"]["group"], tables["customer"]["group"], tables["task"]["group"]) == ("sales", "customers", "work")
    assert "role" not in tables
    assert {"to": "/r/opportunities/funnel", "table": None, "group": "sales"}.items() <= \
        next(n for n in start["nav"] if n["to"].startswith("/r/")).items()


# ---- tiles ----------------------------------------------------------------------------------------
def test_a_tile_counts_what_its_reader_may_see_and_no_more(people):
    li, admin = people["li"], people["admin"]
    li.made("lead", name=name("Tiled"), rating="hot")
    tile = next(t for t in home(li)["tiles"] if t["name"] == "leads.hot")
    assert tile["filter"] == ["rating", "=", "hot"]
    mine = li.get("/lead/_aggregate", tile="leads.mine").json["total"]["count"]
    listed = li.get("/lead", view="mine", count=1, limit=1).json["total"]
    assert mine == listed > 0
    assert people["minh"].get("/lead/_aggregate", tile="leads.mine").json["total"]["count"] != mine
    assert admin.get("/lead/_aggregate", tile="customers.mine").status == 400
    assert admin.get("/lead/_aggregate", tile="leads.nothing").status == 400


def test_a_home_begins_as_the_role_has_it_and_is_kept_for_each(people):
    li, zhang, admin = people["li"], people["zhang"], people["admin"]
    sales = role_id(people, "sales")
    begin = home(zhang)
    assert not begin["mine"] and {"todo", "news", "leads.mine"} <= {s["tile"] for s in begin["layout"]}
    try:
        own = [{"tile": "news", "w": 12}, {"table": "lead", "view": "mine", "kind": "pie", "by": "status", "w": 6, "h": 4}]
        assert li.post("/_home", {"layout": own}).status == 204
        assert (home(li)["layout"], home(li)["mine"]) == (own, True)
        assert home(zhang)["layout"] == begin["layout"]
        default = [{"tile": "todo", "w": 12}]
        assert zhang.post("/_home", {"layout": default, "role": sales}).status == 403
        assert home(zhang)["layout"] == begin["layout"]
        assert admin.post("/_home", {"layout": default, "role": sales}).status == 204
        assert (home(zhang)["layout"], home(zhang)["mine"]) == (default, False)
        assert home(li)["layout"] == own
        assert li.post("/_home", {"layout": None}).status == 204
        assert home(li)["layout"] == default
    finally:
        assert admin.post("/_home", {"layout": None, "role": sales}).status == 204
        assert li.post("/_home", {"layout": None}).status == 204
    assert home(li)["layout"] == home(zhang)["layout"] == begin["layout"]


@pytest.mark.parametrize("layout", ["todo", [{"w": 3}], [{"tile": "todo"}], [{"tile": "todo", "w": 13}], [["todo"]],
                                    [{"tile": "todo", "w": 1}] * 61])
def test_what_is_no_arrangement_is_refused(people, layout):
    before = home(people["alice"])["layout"]
    assert people["alice"].post("/_home", {"layout": layout}).status == 400
    assert home(people["alice"])["layout"] == before


# ---- my day ----------------------------------------------------------------------------------------
COUNTED = 30  # my day counts no further; other tests may have left as much


def test_my_day_tells_the_owner_what_is_due_and_nobody_else(people):
    li, lan = people["li"], people["lan"]
    before = (waiting(li, "leads.due") or {"count": 0})["count"]
    theirs = (waiting(lan, "leads.due") or {"count": 0})["count"]
    lead = li.made("lead", name=name("Due"), next_action_on=day(-20000))
    later = li.made("lead", name=name("Later"), next_action_on=day(5))
    section = waiting(li, "leads.due")
    assert section["count"] == min(before + 1, COUNTED)
    assert section["page"]["rows"][0]["id"] == lead["id"], "the longest overdue stands first"
    assert (section["act"], section["view"]) == ("log", "due")
    assert later["id"] not in [r["id"] for r in section["page"]["rows"]]
    assert (waiting(lan, "leads.due") or {"count": 0})["count"] == theirs
    log = li.post(f"/lead/{lead['id']}/log", {"kind": "call", "note": "spoke", "next_action_on": day(9)})
    assert log.status == 200, log
    after = waiting(li, "leads.due") or {"count": 0, "page": {"rows": []}}
    assert after["count"] == before and lead["id"] not in [r["id"] for r in after["page"]["rows"]]


def test_who_approves_is_told_and_who_asked_is_not(people):
    li, manager = people["li"], people["manager"]
    before = (waiting(manager, "approval") or {"count": 0})["count"]
    customer = li.made("customer", name=name("Asking"))
    assert li.post(f"/customer/{customer['id']}/_approval", {}).status == 201
    assert waiting(manager, "approval")["count"] == before + 1
    assert waiting(li, "approval") is None


def test_what_waits_says_what_its_title_is(people):
    for section in people["manager"].get("/_todo").json["waiting"]:
        if section["table"] is None:
            continue  # approvals bring their titles as texts
        title = next(f for f in people["manager"].get(f"/_meta/{section['table']}").json["fields"] if f["name"] == section["title"])
        assert (section["title_type"], section["title_of"]) == (title["type"], title["of"])
        if title["type"] == "ref":
            row = section["page"]["rows"][0]
            assert section["page"]["refs"][title["of"]][str(row[section["title"]])]


def test_what_waits_says_whose_it_is(people):
    li, manager = people["li"], people["manager"]
    row = li.made("work_report", kind="monthly", from_on="2001-03-01")
    assert li.post(f"/work_report/{row['id']}/submit").status == 200
    page = waiting(manager, "activities.unread")["page"]
    assert [r["owner_id"] for r in page["rows"] if r["id"] == row["id"]] == [li.user["id"]]
    assert page["refs"]["user"][str(li.user["id"])] == li.user["name"]


def test_a_record_tells_whether_its_next_step_still_waits(people):
    li = people["li"]
    lead = li.made("lead", name=name("Stepping"), next_action_on=day(1))
    assert li.get("/_meta/lead").json["step"] == {"on": "next_action_on", "what": None, "act": "log"}
    assert li.get(f"/lead/{lead['id']}").json["can"]["step"] is True
    assert li.patch(f"/lead/{lead['id']}", lead["version"], {"status": "lost"}).status == 200
    assert li.get(f"/lead/{lead['id']}").json["can"]["step"] is False


# ---- announcements ------------------------------------------------------------------------------------
def titles(person):
    return [n["title"] for n in person.get("/_news").json["news"]]


def test_announcements_reach_whom_they_are_for_while_they_last(people):
    manager = people["manager"]
    shenzhen = people["admin"].get("/department", filter=["name", "=", "Sales Shenzhen"]).json["rows"][0]["id"]
    texts = {key: name(key) for key in ("all", "shenzhen", "managers", "over", "coming", "pinned")}
    manager.made("announcement", title=texts["all"])
    manager.made("announcement", title=texts["shenzhen"], department_ids=[shenzhen])
    people["admin"].made("announcement", title=texts["managers"], role_ids=[role_id(people, "manager")])
    manager.made("announcement", title=texts["over"], from_on=day(-9), until_on=day(-1))
    manager.made("announcement", title=texts["coming"], from_on=day(1))
    manager.made("announcement", title=texts["pinned"], from_on=day(-3), pinned=True)

    def seen(person):
        shown = titles(person)
        return {key for key, text in texts.items() if text in shown}

    assert seen(people["li"]) == {"all", "shenzhen", "pinned"}
    assert seen(people["minh"]) == {"all", "pinned"}
    assert seen(people["lan"]) == {"all", "managers", "pinned"}
    assert titles(people["minh"]).index(texts["pinned"]) < titles(people["minh"]).index(texts["all"])


def test_only_who_may_announces(people):
    title = name("Rumour")
    assert people["li"].post("/announcement", {"title": title}).status == 403
    assert title not in titles(people["manager"])


# ---- reports --------------------------------------------------------------------------------------------
def test_a_report_says_what_it_is_drawn_from_and_its_route_answers_that(people):
    report = people["li"].get("/_report/opportunities.funnel", locale="en").json
    assert (report["path"], report["rows"]) == ("opportunities/funnel", "stages")
    assert [f["name"] for f in report["form"]] == ["pipeline", "user", "department", "from", "to"]
    rows = people["li"].get("/" + report["path"]).json[report["rows"]]
    assert {c["name"] for c in report["columns"]} <= set(rows[0])
    assert people["li"].get("/_report/opportunities.nothing").status == 404
    assert people["li"].get("/_meta/opportunity").json["reports"] == ["opportunities.similar"]


# ---- labels ---------------------------------------------------------------------------------------------
def test_an_administrators_word_counts_at_once_for_everybody_and_goes_again(people):
    admin, li = people["admin"], people["li"]

    def phone(locale):
        return next(f["label"] for f in li.get("/_meta/lead", locale=locale).json["fields"] if f["name"] == "phone")

    before, vietnamese = phone("en"), phone("vi")
    row = admin.made("label", locale="en", word="lead.phone", text="Switchboard")
    assert (phone("en"), phone("vi")) == ("Switchboard", vietnamese)
    row = admin.patch(f"/label/{row['id']}", row["version"], {"text": "Main line"}).json["row"]
    assert phone("en") == "Main line"
    assert [h["op"] for h in admin.get(f"/label/{row['id']}/_history").json["entries"]][:1] == ["update"]
    usual = {locale: li.get("/_start", locale=locale).json["words"] for locale in ("en", "vi")}  # what the host's own roles are called
    assert "home" not in usual["en"]
    ui = admin.made("label", locale="en", word="ui.home", text="Desk")
    assert li.get("/_start", locale="en").json["words"] == {**usual["en"], "home": "Desk"}
    assert li.get("/_start", locale="vi").json["words"] == usual["vi"]
    for one in (row, ui):
        assert admin.delete(f"/label/{one['id']}").status in (200, 204)
    assert phone("en") == before
    assert li.get("/_start", locale="en").json["words"] == usual["en"]


def test_labels_are_administrators_and_name_what_there_is(people):
    assert people["manager"].post("/label", {"locale": "en", "word": "lead.phone", "text": "X"}).status == 403
    answer = people["admin"].post("/label", {"locale": "en", "word": "lead.nothing", "text": "X"})
    assert (answer.status, list(answer.json["error"]["fields"])) == (422, ["word"])
    assert people["li"].get("/_meta/lead", locale="en").json["label"] == "Leads"


def test_what_others_gave_waits_until_it_is_worked_on(people):
    """Not what one made or claimed oneself."""
    li, manager, admin = people["li"], people["manager"], people["admin"]
    me = li.user["id"]

    def given():
        section = waiting(li, "given")
        return {} if section is None else {r["id"]: r["claimed_at"] for r in section["page"]["rows"]}

    own = li.made("lead", name=name("Own"))["id"]
    made = admin.made("lead", name=name("Made for her"), owner_id=me)["id"]
    lead = manager.made("lead", name=name("Handed over"))["id"]
    assert made in given() and not {own, lead} & given().keys()
    assert manager.post(f"/lead/{lead}/transfer", {"to_id": me}).status == 200
    assert {made, lead} <= given().keys() and own not in given()
    section = waiting(li, "given")
    assert section["since"] and list(given().values()) == sorted(given().values(), reverse=True)
    assert section["count"] == len(section["page"]["rows"])
    assert waiting(manager, "given") is None or lead not in [r["id"] for r in waiting(manager, "given")["page"]["rows"]]
    assert li.post(f"/lead/{lead}/log", {"kind": "call", "note": name("Called")}).status == 200
    assert made in given() and lead not in given()
    pool = admin.made("pool", name=name("Pool"), on_table="lead")["id"]
    admin.made("pool_member", pool_id=pool, user_id=me)
    assert li.post(f"/lead/{made}/release", {"pool_id": pool}).status == 200
    assert made not in given()
    assert li.post(f"/lead/{made}/claim", {}).status == 200
    assert made not in given()


def test_what_others_gave_is_found_behind_a_thousand_that_one_brought_oneself(own_site):
    site = own_site()
    lan, admin = site.sign_in("demo.lan"), site.sign_in("demo.admin")
    made = admin.made("lead", name=name("Made for her"), owner_id=lan.user["id"])["id"]
    handed = admin.made("lead", name=name("Handed over"))["id"]
    assert admin.post(f"/lead/{handed}/transfer", {"to_id": lan.user["id"]}).status == 200
    own = name("Own")
    look = lan.ask("POST", "/_import/lead", raw="\n".join(["Name", *(f"{own} {n}" for n in range(1100))]).encode(), name="own.csv").json
    lan.job(lan.post(f"/_import/{look['import']}/run", {
        "sheet": look["sheet"], "header_row": look["header_row"], "map": {"0": "name"}, "dry": False}))
    assert lan.get("/lead", view="mine", count=1, limit=1).json["total"] > 1100
    assert {made, handed} <= {r["id"] for r in waiting(lan, "given")["page"]["rows"]}
