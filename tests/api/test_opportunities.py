"""Opportunities: the way through the stages, what a deal is worth, how it ends, figures, agents."""
import datetime
import itertools
import sqlite3
import subprocess

import pytest

from site_ import BUILD, day

number = itertools.count(1)


def name(what="Deal"):
    return f"{what} {next(number)} {id(number) % 9973}"


@pytest.fixture(scope="module")
def stages(people):
    """A pipeline of the tests' own, by name of its stages."""
    admin = people["admin"]
    pipeline = admin.made("pipeline", name=name("Pipe"), department_ids=[1])
    rows = {}
    for place, (key, percent, state, more) in enumerate((
            ("first", 10, "open", {}), ("second", 50, "open", {"needs": "amount, close_on", "norm_days": 3}),
            ("third", 80, "open", {"back": "never"}), ("won", 100, "won", {}), ("lost", 0, "lost", {})), 1):
        rows[key] = admin.made("stage", pipeline_id=pipeline["id"], name=key, place=place, percent=percent, state=state, **more)["id"]
    rows["pipeline"] = pipeline["id"]
    return rows


@pytest.fixture
def deal(people, stages):
    customer = people["li"].made("customer", name=name("Dealcust"))
    return people["li"].made("opportunity", name=name(), customer_id=customer["id"], pipeline_id=stages["pipeline"])


def test_a_deal_begins_at_the_first_stage_and_counts_by_its_likelihood(people, stages, deal):
    li = people["li"]
    assert (deal["stage_id"], deal["percent"], deal["status"]) == (stages["first"], 10, "open")
    assert deal["stage_since"] and deal["number"]
    row = li.patch(f"/opportunity/{deal['id']}", deal["version"], {"amount": "1000.50", "rate": 7.0, "currency": "USD"}).json["row"]
    assert (row["base_amount"], row["weighted"]) == ("7003.50", "700.35")
    assert li.patch(f"/opportunity/{deal['id']}", row["version"], {"weighted": "9"}).status == 422
    answer = li.patch(f"/opportunity/{deal['id']}", row["version"], {"rate": 0})
    assert answer.status == 422 and "rate" in answer.json["error"]["fields"]
    plain = li.made("opportunity", name=name())  # without a word about it: the company's own pipeline
    assert plain["stage_id"] and plain["pipeline_id"] != stages["pipeline"]


def test_a_stage_asks_for_fields_and_may_forbid_the_way_back(people, stages, deal):
    li, path = people["li"], f"/opportunity/{deal['id']}"
    answer = li.post(path + "/move", {"stage_id": stages["second"]})
    assert answer.status == 422 and set(answer.json["error"]["fields"]) == {"amount", "close_on"}
    row = li.patch(path, li.row(path)["version"], {"amount": "500", "close_on": day(9), "stage_id": stages["third"]}).json["row"]
    assert row["percent"] == 80 and row["weighted"] == "400.00"
    answer = li.post(path + "/move", {"stage_id": stages["first"]})
    assert answer.status == 422 and "stage_id" in answer.json["error"]["fields"]
    assert li.row(path)["stage_id"] == stages["third"]
    log = li.rows("stage_log", filter=["opportunity_id", "=", deal["id"]], sort="id")
    assert [(r["stage_id"], r["to_at"] is None) for r in log] == [(stages["first"], False), (stages["third"], True)]
    assert log[0]["hours"] is not None and people["minh"].rows("stage_log", filter=["opportunity_id", "=", deal["id"]]) == []
    passage = f"/stage_log/{log[0]['id']}"  # history is not typed, nor taken away
    assert li.patch(passage, log[0]["version"], {"hours": 1}).status == 403 and li.delete(passage).status == 403
    assert li.post("/stage_log", {"opportunity_id": deal["id"]}).status == 403 and li.row(passage)["hours"] == log[0]["hours"]


def test_a_deal_is_lost_with_a_reason_and_reopened_by_right(people, stages, deal):
    li, manager, path = people["li"], people["manager"], f"/opportunity/{deal['id']}"
    rival = li.made("competitor", name=name("Rival"), playbook="undercut")
    assert li.patch(f"/competitor/{rival['id']}", 1, {"playbook": "x"}).status == 403
    assert li.post(path + "/lose", {}).status == 422
    answer = li.patch(path, deal["version"], {"stage_id": stages["lost"]})  # the same by dragging on a board
    assert answer.status == 422 and "lost_reason" in answer.json["error"]["fields"]
    row = li.post(path + "/lose", {"lost_reason": "price", "lost_to": rival["id"], "close_note": "50 USD less"}).json["row"]
    assert (row["status"], row["percent"], row["closed_on"])[:2] == ("lost", 0) and row["closed_on"]
    assert deal["id"] in [r["id"] for r in li.rows("opportunity", filter=["lost_to", "=", rival["id"]])]
    assert li.post(path + "/reopen", {"note": "again"}).status == 403
    assert li.patch(path, row["version"], {"stage_id": stages["first"]}).status == 403
    assert li.row(path)["status"] == "lost"
    row = manager.post(path + "/reopen", {"note": "they called"}).json["row"]
    assert (row["status"], row["stage_id"], row["lost_reason"], row["closed_on"]) == ("open", stages["first"], None, None)


def test_a_won_deal_makes_its_company_a_customer(people, deal):
    li = people["li"]
    assert li.row(f"/customer/{deal['customer_id']}")["lifecycle"] == "lead"
    row = li.post(f"/opportunity/{deal['id']}/win", {"won_reason": "service"}).json["row"]
    assert (row["status"], row["percent"]) == ("won", 100)
    customer = li.row(f"/customer/{deal['customer_id']}")
    assert customer["lifecycle"] == "customer" and customer["first_deal_on"]
    assert li.post(f"/opportunity/{deal['id']}/win", {}).status == 409


def test_what_is_known_of_people_and_competitors_stands_on_the_deal_at_once(people, deal):
    li = people["li"]
    person = li.made("contact", name="Known", customer_id=deal["customer_id"], role="decides", influence="high", attitude="against")
    rival = people["manager"].made("competitor", name=name("Rival"), playbook="undercut", strengths="fleet")
    part = li.made("deal_contact", opportunity_id=deal["id"], contact_id=person["id"], attitude="neutral")
    assert [part[k] for k in ("person", "role", "influence", "attitude")] == ["Known", "decides", "high", "neutral"]
    against = li.made("deal_competitor", opportunity_id=deal["id"], competitor_id=rival["id"], strengths="price")
    assert (against["strengths"], against["playbook"]) == ("price", "undercut")


def test_what_hangs_on_a_deal_is_seen_with_it(people, deal):
    li, minh = people["li"], people["minh"]
    rival = people["manager"].made("competitor", name=name("Rival"))
    made = li.made("deal_competitor", opportunity_id=deal["id"], competitor_id=rival["id"], standing="ahead", strengths="price")
    li.made("deal_contact", opportunity_id=deal["id"], person="王总", role="decides", influence="high", next_move="dinner")
    assert minh.get(f"/deal_competitor/{made['id']}").status == 404
    assert minh.post("/deal_contact", {"opportunity_id": deal["id"], "person": "x"}).status in (403, 422)
    assert {"deal_contact", "deal_competitor", "stage_log", "activity"} <= {d["table"] for d in li.get("/_meta/opportunity").json["details"]}
    assert "opportunity" in {d["table"] for d in li.get("/_meta/customer").json["details"]}
    assert people["zhang"].get(f"/opportunity/{deal['id']}").status == 404
    li.post(f"/customer/{deal['customer_id']}/transfer", {"to_id": people["zhang"].user["id"]})
    assert people["zhang"].row(f"/opportunity/{deal['id']}")["id"] == deal["id"]  # with the customer comes what belongs to it


def test_the_project_team_works_on_the_deal_while_it_stands_there(people, deal):
    li, zhang, minh = people["li"], people["zhang"], people["minh"]
    path = f"/opportunity/{deal['id']}"
    assert zhang.get(path).status == 404
    row = li.patch(path, li.row(path)["version"], {"team": [zhang.user["id"]]}).json["row"]
    assert zhang.row(path)["team"] == [zhang.user["id"]] and minh.get(path).status == 404
    assert deal["id"] in [r["id"] for r in zhang.rows("opportunity", view="all")]
    mine = zhang.patch(path, row["version"], {"next_step": "send rates"})
    assert mine.status == 200, mine
    row = li.patch(path, mine.json["row"]["version"], {"team": [minh.user["id"]]}).json["row"]
    assert zhang.get(path).status == 404 and minh.row(path)["next_step"] == "send rates"
    assert li.patch(path, row["version"], {"team": []}).status == 200 and minh.get(path).status == 404


def team_shares(person, path):
    return {s["user_id"]: s["access"] for s in person.get(path + "/_share").json["team"]}


def test_a_guest_of_a_deal_brings_nobody_into_its_team(people):
    """What the guest may not share with REST he may not share with a field either."""
    li, zhang, minh = people["li"], people["zhang"], people["minh"]
    deal = li.made("opportunity", name=name())
    path = f"/opportunity/{deal['id']}"
    assert li.post(path + "/_share", {"kind": "share", "access": "cooperate", "user_id": zhang.user["id"]}).status == 201
    version = zhang.row(path)["version"]
    assert zhang.post(path + "/_share", {"kind": "team", "access": "cooperate", "user_id": minh.user["id"]}).status == 403
    answer = zhang.patch(path, version, {"team": [minh.user["id"]], "next_step": "with Minh"})
    assert answer.status == 403 and "team" in answer.json["error"]["fields"], answer
    now = li.row(path)
    assert (now["team"], now["next_step"], now["version"]) == ([], None, version) and minh.get(path).status == 404
    assert team_shares(li, path) == {}
    assert zhang.patch(path, version, {"next_step": "alone"}).status == 200
    row = li.patch(path, version + 1, {"team": [minh.user["id"]]}).json["row"]
    assert zhang.patch(path, row["version"], {"team": []}).status == 403  # nor sends one of it away
    assert li.row(path)["team"] == [minh.user["id"]] and minh.row(path)["id"] == deal["id"]


def test_a_former_owner_who_stands_in_the_team_still_works_on_the_deal(people):
    li, zhang, manager = people["li"], people["zhang"], people["manager"]
    deal = li.made("opportunity", name=name())
    path = f"/opportunity/{deal['id']}"
    row = li.patch(path, li.row(path)["version"], {"team": [li.user["id"]]}).json["row"]
    assert team_shares(li, path) == {}
    answer = manager.patch(path, row["version"], {"owner_id": zhang.user["id"]})
    assert answer.status == 200, answer
    assert team_shares(manager, path) == {li.user["id"]: "cooperate"}
    assert li.patch(path, answer.json["row"]["version"], {"next_step": "hand over the papers"}).status == 200
    assert manager.row(path)["next_step"] == "hand over the papers"


def test_a_deal_that_is_shared_with_too_many_says_so_at_its_team(own_site):
    site = own_site()
    admin, li = site.sign_in("demo.admin"), site.sign_in("demo.li")
    deal = li.made("opportunity", name=name())
    path, others = f"/opportunity/{deal['id']}", [p["id"] for p in admin.rows("user") if p["id"] != li.user["id"]][:2]
    departments = [admin.made("department", name=name("Dept"))["id"] for _ in range(199)]
    for id in departments:
        assert li.post(path + "/_share", {"kind": "share", "access": "read", "department_id": id}).status == 201
    assert li.get(path + "/_share").json["left"] == 1
    answer = li.patch(path, deal["version"], {"team": others})
    assert answer.status == 422 and "team" in answer.json["error"]["fields"], answer
    assert li.row(path)["team"] == [] and team_shares(li, path) == {}
    assert li.patch(path, deal["version"], {"team": others[:1]}).status == 200
    assert team_shares(li, path) == {others[0]: "cooperate"}


@pytest.mark.parametrize("period, first, last", [
    ("month", "2026-11-01", "2026-11-30"), ("month", "2027-02-01", "2027-02-28"), ("month", "2028-02-01", "2028-02-29"), ("month", "2026-11-16", "2026-12-15"),
    ("quarter", "2027-01-01", "2027-03-31"), ("quarter", "2026-10-01", "2026-12-31"), ("year", "2027-01-01", "2027-12-31"), ("year", "2028-01-01", "2028-12-31")])
def test_a_target_ends_with_its_period(people, period, first, last):
    """A month had 31 days and a year 366: on the first of the next one both targets counted."""
    made = people["manager"].made("sales_target", scope="company", metric="teu", period=period, from_on=first, value=1.0)
    assert made["to_on"] == last
    assert people["manager"].delete(f"/sales_target/{made['id']}").status == 204


def test_a_move_to_another_stage_is_called_that(people, stages):
    """The history called it a move to another pool, which is what leads do."""
    li = people["li"]
    deal = li.made("opportunity", name=name(), pipeline_id=stages["pipeline"], amount="300", close_on=day(5))
    assert li.post(f"/opportunity/{deal['id']}/move", {"stage_id": stages["second"]}).status == 200
    told = {loc: li.get(f"/opportunity/{deal['id']}/_history", locale_=loc).json["entries"][0]["label"] for loc in ("en", "zh-CN", "zh-TW", "vi")}
    assert told == {"en": "Moved to another stage", "zh-CN": "阶段变更", "zh-TW": "階段變更", "vi": "Đã chuyển giai đoạn"}
    moved = next(x for x in li.get("/stage_log", filter=["opportunity_id", "=", deal["id"]], sort="id").json["rows"] if x["to_at"])
    assert round(moved["hours"], 2) == moved["hours"]


def test_deals_that_idle_are_flagged(own_site):
    site = own_site().without_daily_timers()  # which flags them, too, early in the morning
    admin, li = site.sign_in("demo.admin"), site.sign_in("demo.li")
    stage = {s["id"]: s for s in admin.rows("stage")}
    now = datetime.datetime.now(datetime.timezone.utc)

    def late(r):
        since = datetime.datetime.fromisoformat(r["stage_since"].replace("Z", "+00:00"))
        norm = stage[r["stage_id"]]["norm_days"]
        return r["status"] == "open" and norm > 0 and (now - since).days >= norm

    assert any(late(r) and not r["idle"] for r in li.rows("opportunity"))
    assert admin.post("/_timer/opportunities.idle").status == 200
    for r in li.rows("opportunity"):
        assert r["idle"] == late(r), r


def test_the_funnel_counts_what_one_may_see(people, stages):
    lan, minh = people["lan"], people["minh"]
    pipe = str(stages["pipeline"])
    for person, amount in ((minh, "100"), (minh, "300"), (lan, "1000")):
        row = person.made("opportunity", name=name(), pipeline_id=stages["pipeline"], amount=amount, close_on=day(3))
        if amount != "100":
            assert person.post(f"/opportunity/{row['id']}/move", {"stage_id": stages["second"]}).status == 200

    def steps(person, **query):
        return {s["name"]: s for s in person.get("/opportunities/funnel", pipeline=pipe, **query).json["stages"]}

    own, team = steps(minh), steps(lan)
    assert (own["first"]["count"], own["first"]["amount"], own["first"]["weighted"]) == (1, "100.00", "10.00")
    assert (own["second"]["count"], own["second"]["weighted"]) == (1, "150.00")
    assert (own["first"]["entered"], own["second"]["entered"], own["first"]["conversion"]) == (2, 1, 0.5)
    assert own["first"]["days"] is not None and own["second"]["days"] is None
    assert (team["second"]["count"], team["second"]["amount"]) == (2, "1300.00")
    assert steps(lan, user=str(minh.user["id"]))["second"]["amount"] == "300.00"
    assert steps(lan, department="3")["second"]["count"] == 2
    assert steps(lan, to="2020-01-01")["first"]["entered"] == 0
    assert lan.get("/opportunities/funnel", pipeline=pipe, from_="x' or 1=1 --").status == 422
    assert lan.get("/opportunities/funnel", user="me").status == 422


def test_the_funnel_the_board_and_its_tile_count_the_same(people, stages):
    """The funnel once counted what was on hold, and the board did not."""
    minh, pipe = people["minh"], stages["pipeline"]
    mine = {"and": [["owner_id", "=", minh.user["id"]], ["pipeline_id", "=", pipe]]}

    def board():
        groups = minh.get("/opportunity/_aggregate", view="board", filter=mine, group="stage_id", sum="base_amount").json["groups"]
        return {g["key"][0]: (g["count"], g["sum"]["base_amount"]) for g in groups}

    def funnel():
        told = minh.get("/opportunities/funnel", pipeline=str(pipe), user=str(minh.user["id"])).json["stages"]
        return {s["stage"]: (s["count"], s["amount"]) for s in told if s["state"] == "open" and s["count"]}

    deals = [minh.made("opportunity", name=name(), pipeline_id=pipe, amount=amount, close_on=day(3)) for amount in ("20", "30")]
    before = funnel()
    assert before == board()
    assert minh.post(f"/opportunity/{deals[0]['id']}/hold").status == 200
    assert funnel() == board() != before


def test_passages_are_added_up_of_the_deals_one_may_see_however_one_sees_them(people, stages):
    """Of one's own, of what was shared with one, and not of others'; on a page by the deal alone."""
    minh, lan, alice, pipe = people["minh"], people["lan"], people["alice"], str(stages["pipeline"])

    def entered(person):
        return sum(s["entered"] for s in person.get("/opportunities/funnel", pipeline=pipe).json["stages"])

    def passages(person, deal):
        return person.get("/stage_log/_aggregate", group="stage_id", filter=["opportunity_id", "=", deal["id"]]).json["total"]["count"]

    before = {p: entered(p) for p in (minh, lan, alice)}
    deal = minh.made("opportunity", name=name(), pipeline_id=stages["pipeline"], amount="7", close_on=day(3))
    assert minh.post(f"/opportunity/{deal['id']}/move", {"stage_id": stages["second"]}).status == 200
    assert [entered(p) - before[p] for p in (minh, lan, alice)] == [2, 2, 0]
    assert (passages(minh, deal), passages(alice, deal)) == (2, 0)
    shared = minh.post(f"/opportunity/{deal['id']}/_share", {"kind": "share", "access": "read", "user_id": alice.user["id"]})
    assert shared.status == 201, shared
    assert entered(alice) - before[alice] == 2 and passages(alice, deal) == 2


def test_conversion_follows_the_same_deals(people, stages):
    """Deals that begin on a later stage, go back, or are lost make no conversion of more than there was to convert."""
    zhang, manager, pipe = people["zhang"], people["manager"], str(stages["pipeline"])

    def funnel():
        rows = zhang.get("/opportunities/funnel", pipeline=pipe, user=str(zhang.user["id"])).json["stages"]
        return {s["name"]: (s["entered"], s["conversion"] and round(s["conversion"], 3)) for s in rows}

    def made(stage):
        return zhang.made("opportunity", name=name(), stage_id=stages[stage], amount="1", close_on=day(2))

    one, two, three = made("first"), made("second"), made("second")
    assert funnel() == {"first": (1, 0), "second": (2, 0), "third": (0, None), "won": (0, None), "lost": (0, None)}
    for deal in (one, two):
        assert zhang.post(f"/opportunity/{deal['id']}/win", {}).status == 200
    assert zhang.post(f"/opportunity/{three['id']}/move", {"stage_id": stages["first"]}).status == 200  # back, then lost
    assert funnel()["first"] == (2, 0.5) and funnel()["second"] == (2, 0.5)
    assert zhang.post(f"/opportunity/{three['id']}/lose", {"lost_reason": "price"}).status == 200
    assert funnel()["first"] == (2, 0.5) and all(c is None or c <= 1 for _, c in funnel().values())
    assert manager.post(f"/opportunity/{one['id']}/reopen", {"note": "x"}).status == 200
    assert funnel()["first"] == (3, 0.333) and funnel()["won"] == (2, None)


def test_the_forecast_holds_targets_against_what_was_won_and_is_likely(people, stages):
    alice, manager = people["alice"], people["manager"]
    span = {"from_on": day(-20), "to_on": day(20)}
    assert alice.post("/sales_target", {"scope": "person", "value": 5, **span}).status == 403
    target = manager.made("sales_target", owner_id=alice.user["id"], scope="person", metric="amount", period="month", value=1000.0, **span)
    won = alice.made("opportunity", name=name(), pipeline_id=stages["pipeline"], amount="400", close_on=day(1))
    alice.post(f"/opportunity/{won['id']}/win", {})
    before = next(t for t in alice.get("/opportunities/forecast").json["targets"] if t["target"] == target["id"])
    alice.made("opportunity", name=name(), pipeline_id=stages["pipeline"], amount="1000", close_on=day(5))
    after = next(t for t in alice.get("/opportunities/forecast").json["targets"] if t["target"] == target["id"])
    assert before["won"] >= 400 and after["won"] == before["won"] and after["open"] - before["open"] == 1000
    assert after["forecast"] > after["won"] and abs(after["reached"] - after["won"] / 1000) < 1e-6
    assert target["id"] not in [t["target"] for t in people["li"].get("/opportunities/forecast").json["targets"]]
    assert (after["period"], after["to_on"]) == (target["period"], target["to_on"])  # a month's and a quarter's are told apart
    assert alice.get("/opportunities/forecast", on="2001-01-01").json["targets"] == []


def test_won_cases_like_this_one_are_offered(people, stages):
    li = people["li"]
    case, = [li.made("opportunity", name=name(), pipeline_id=stages["pipeline"], mode="air", direction="export", pod="Reykjavik", amount="1")]
    li.post(f"/opportunity/{case['id']}/win", {"won_reason": "route"})
    new = li.made("opportunity", name=name(), pipeline_id=stages["pipeline"], mode="air", direction="export", pod="Reykjavik")
    assert [r["id"] for r in li.get("/opportunities/similar", id=str(new["id"])).json["rows"]] == [case["id"]]
    assert people["minh"].get("/opportunities/similar", id=str(new["id"])).status == 404


def test_cooperation_knows_who_gives_whom_how_much(people):
    li = people["li"]
    row = li.made("cooperation", name=name("Agent"), kind="agent", ports="Hamburg")
    for month, given, received in (("2026-01-01", 10, 4), ("2026-02-01", 6.5, 20)):
        li.made("cooperation_figure", cooperation_id=row["id"], month_on=month, given_teu=given, received_teu=received, received_profit="12.25")
    row = li.row(f"/cooperation/{row['id']}")
    assert (row["given_teu"], row["received_teu"], row["balance_teu"], row["received_profit"]) == (16.5, 24.0, 7.5, "24.50")
    assert people["zhang"].get(f"/cooperation/{row['id']}").status == 404
    assert li.post("/cooperation_figure", {"cooperation_id": row["id"], "month_on": "2026-01-01"}).status == 409


def test_stages_are_made_by_administrators_and_not_lost_under_deals(people, stages):
    admin, li = people["admin"], people["li"]
    assert li.post("/pipeline", {"name": "x"}).status == 403 and people["manager"].post("/pipeline", {"name": "x"}).status == 403
    answer = admin.post("/stage", {"pipeline_id": stages["pipeline"], "name": "x", "needs": "amount, password_hash"})
    assert answer.status == 422 and "needs" in answer.json["error"]["fields"]
    assert admin.post("/stage", {"pipeline_id": stages["pipeline"], "name": "x", "percent": 101}).status == 422
    li.made("opportunity", name=name(), pipeline_id=stages["pipeline"])
    assert admin.delete(f"/stage/{stages['first']}").status == 409


def test_opportunities_work_alone(own_site):
    site = own_site("--plugins", "base opportunities")
    li = site.sign_in("demo.li")
    row = li.made("opportunity", name="alone", amount="10")
    assert li.post(f"/opportunity/{row['id']}/win", {}).json["row"]["status"] == "won"
    meta = li.get("/_meta/opportunity").json
    assert not {"customer_id", "contact_id", "lead_id"} & {f["name"] for f in meta["fields"]}
    assert li.get("/opportunities/funnel").status == 200


def test_a_deal_stands_on_stages_of_its_own_pipeline(people, stages, deal):
    li, path = people["li"], f"/opportunity/{deal['id']}"
    fields = {f["name"]: f for f in li.get("/_meta/opportunity").json["fields"]}
    assert fields["stage_id"]["where"] == ["pipeline_id", "=", "@pipeline_id"]
    assert fields["lost_reason"]["required"] and fields["lost_reason"]["when"] == ["status", "=", "lost"]
    other = people["li"].rows("stage", filter=["pipeline_id", "!=", stages["pipeline"]])[0]
    assert li.patch(path, deal["version"], {"stage_id": other["id"]}).status == 422
    assert li.post(path + "/move", {"stage_id": other["id"]}).status == 422
    assert li.row(path)["stage_id"] == stages["first"]


def test_a_deal_that_changes_its_pipeline_begins_there(people, stages, deal):
    admin, li, path = people["admin"], people["li"], f"/opportunity/{deal['id']}"
    other = admin.made("pipeline", name="Rail desk")
    first = admin.made("stage", pipeline_id=other["id"], name="Asked", place=1, percent=20, back="never")
    admin.made("stage", pipeline_id=other["id"], name="Sent", place=2, percent=60)
    answer = li.patch(path, deal["version"], {"pipeline_id": other["id"]})
    assert answer.status == 200, answer
    row = li.row(path)
    assert (row["pipeline_id"], row["stage_id"], row["percent"]) == (other["id"], first["id"], 20)
    back = li.patch(path, row["version"], {"pipeline_id": deal["pipeline_id"], "stage_id": deal["stage_id"]})
    assert back.status == 200, back  # no way back in another pipeline is no way back in this one
    assert li.row(path)["stage_id"] == deal["stage_id"]


def test_another_pipeline_is_no_way_round_a_stage_without_a_way_back(people, stages, deal):
    admin, li, path = people["admin"], people["li"], f"/opportunity/{deal['id']}"
    other = admin.made("pipeline", name="Round desk")
    admin.made("stage", pipeline_id=other["id"], name="Asked", place=1, percent=20)
    row = li.patch(path, deal["version"], {"amount": "500", "close_on": day(9), "stage_id": stages["third"]}).json["row"]
    row = li.patch(path, row["version"], {"pipeline_id": other["id"]}).json["row"]
    assert row["pipeline_id"] == other["id"]
    refused = li.patch(path, row["version"], {"pipeline_id": stages["pipeline"]})
    assert refused.status == 422 and refused.json["error"]["fields"].keys() == {"stage_id"}
    assert li.row(path)["pipeline_id"] == other["id"]
    row = li.patch(path, row["version"], {"pipeline_id": stages["pipeline"], "stage_id": stages["third"]}).json["row"]
    assert row["stage_id"] == stages["third"]


def test_a_deal_is_not_worth_less_than_nothing(people, deal):
    li, path = people["li"], f"/opportunity/{deal['id']}"
    refused = li.patch(path, deal["version"], {"amount": "-5"})
    assert refused.status == 422 and refused.json["error"]["fields"].keys() == {"amount"}
    assert li.row(path)["amount"] == deal["amount"]
    assert li.patch(path, deal["version"], {"profit": "-5"}).status == 200  # a loss may be wanted


BOUNDS = (("opportunity", "amount", "-0.01", "0"), ("opportunity", "rate", 0, "0.000001"), ("customer", "credit_limit", -1, "0"),
          ("customer", "payment_days", -1, "0"), ("customer", "payment_days", 3651, "3650"))


@pytest.mark.parametrize("table,field,value,bound", BOUNDS)
def test_a_number_beyond_its_bounds_is_refused_on_every_channel_and_told_which(people, deal, table, field, value, bound):
    li, known = people["li"], name("Bounds")
    new = {"name": known, **({"customer_id": deal["customer_id"]} if table == "opportunity" else {"country": "CN"})}
    row = li.made(table, **new)
    path = f"/{table}/{row['id']}"
    for locale, least, most in (("en", "at least", "at most"), ("zh-CN", "最小", "最大"), ("zh-TW", "最小", "最大"), ("vi", "tối thiểu", "tối đa")):
        refused = li.ask("PATCH", path, {field: value}, {"If-Match": f'"{row["version"]}"'}, locale=locale)
        assert refused.status == 422 and refused.json["error"]["fields"].keys() == {field}, refused
        said = refused.json["error"]["fields"][field]["message"]
        assert bound in said and (most if value == 3651 else least) in said, said
    made = li.post(f"/{table}", {**new, "name": known + " never", field: value})
    assert made.status == 422 and field in made.json["error"]["fields"], made
    job = li.job(li.post(f"/{table}/_bulk", {"ids": [row["id"]], "patch": {field: value}}))
    assert job["state"] == "failed" or job["result"]["failed"] == 1, job
    sheet = li.ask("POST", f"/_import/{table}", raw=f"name,{field}\n{known} never,{value}\n".encode(), name="bounds.csv").json
    for dry in (True, False):
        li.job(li.post(f"/_import/{sheet['import']}/run", {"sheet": 0, "header_row": 1, "map": {"0": "name", "1": field}, "dry": dry}))
        told = li.get(f"/_import/{sheet['import']}/rows").json["rows"]
        assert [(r["outcome"], r["field"]) for r in told] == [("invalid", field)] and bound in told[0]["message"], told
    assert li.row(path)[field] == row[field] and not li.rows(table, filter=["name", "=", known + " never"])
    told = next(f for f in li.get(f"/_meta/{table}").json["fields"] if f["name"] == field)
    assert float(bound) in (told.get("min"), told["max"])


def test_bounds_of_an_added_field_and_of_an_actions_form_are_kept(people):
    admin, li = people["admin"], people["li"]
    field = admin.made("custom_field", on_table="customer", name="x_bounded", type="real", label_en="Bounded", min=-1.5, max=8)
    customer = li.made("customer", name=name("Bounded"), x_bounded=-1.5)
    path = f"/customer/{customer['id']}"
    for value, told in ((-1.6, "-1.5"), (8.01, "8")):
        refused = li.patch(path, customer["version"], {"x_bounded": value})
        assert refused.status == 422 and told in refused.json["error"]["fields"]["x_bounded"]["message"], refused
    assert li.row(path)["x_bounded"] == -1.5
    row = admin.row(f"/custom_field/{field['id']}")
    assert admin.patch(f"/custom_field/{field['id']}", row["version"], {"min": 0}).status == 200
    row = li.patch(path, customer["version"], {"city": "Ningbo"}).json["row"]  # what stood there before stays
    assert (row["city"], row["x_bounded"]) == ("Ningbo", -1.5)
    assert li.patch(path, row["version"], {"x_bounded": -1.4}).status == 422 and li.row(path)["x_bounded"] == -1.5
    schemas = admin.get("/_openapi.json").json["components"]["schemas"]
    told = next(s["properties"]["x_bounded"] for n, s in schemas.items() if "x_bounded" in s.get("properties", {}))
    assert (told["minimum"], told["maximum"]) == (0, 8)
    refused = li.post(path + "/log", {"note": "Called", "kind": "call", "minutes": -1})
    assert refused.status == 422 and refused.json["error"]["fields"].keys() == {"minutes"}, refused
    assert not li.rows("activity", filter=["customer_id", "=", customer["id"]])
    assert admin.delete(f"/custom_field/{field['id']}").status == 204


def test_what_is_less_than_nothing_already_keeps_nobody_from_changing_the_rest(own_site):
    site = own_site()
    li = site.sign_in("demo.li")
    customer = li.made("customer", name=name("Oldcust"), country="CN")
    deal = li.made("opportunity", name=name(), customer_id=customer["id"])
    assert site.stop() == 0
    with sqlite3.connect(site.data / "berth.db") as db:
        db.execute("UPDATE opportunity SET amount = -50000, rate = -2 WHERE id = ?", (deal["id"],))
        db.execute("UPDATE customer SET credit_limit = -50000, payment_days = -5 WHERE id = ?", (customer["id"],))
    db.close()
    site.start()
    admin, li, zhang = (site.sign_in("demo." + n) for n in ("admin", "li", "zhang"))
    assert li.post(f"/opportunity/{deal['id']}/hold").status == 200
    for path, bad in ((f"/opportunity/{deal['id']}", {"amount": "-6", "rate": -3}),
                      (f"/customer/{customer['id']}", {"credit_limit": "-6", "payment_days": -6})):
        for field, value in bad.items():
            kept = admin.row(path)
            refused = admin.patch(path, kept["version"], {field: value})
            assert refused.status == 422 and refused.json["error"]["fields"].keys() == {field}, refused
            assert admin.row(path)[field] == kept[field] and float(kept[field]) < 0
        assert admin.patch(path, admin.row(path)["version"], {"owner_id": zhang.user["id"]}).status == 200
        assert admin.row(path)["owner_id"] == zhang.user["id"]
    assert admin.row(f"/opportunity/{deal['id']}")["status"] == "on_hold"


def test_figures_of_a_cooperation_are_one_a_month_and_none_add_up_to_nothing(people):
    li = people["li"]
    id = li.made("cooperation", name="Monthly agent", kind="agent")["id"]
    figure = li.made("cooperation_figure", cooperation_id=id, month_on="2026-10-17", given_teu=5, received_teu=3, given_profit="10")
    assert figure["month_on"] == "2026-10-01"
    assert li.post("/cooperation_figure", {"cooperation_id": id, "month_on": "2026-10-31", "given_teu": 1}).status == 409
    assert li.row(f"/cooperation/{id}")["balance_teu"] == -2
    assert li.delete(f"/cooperation_figure/{figure['id']}").status == 204
    row = li.row(f"/cooperation/{id}")
    assert (row["given_teu"], row["received_teu"], row["balance_teu"], row["given_profit"]) == (0, 0, 0, "0.00")


def test_won_and_lost_by_person_and_reason(people, stages):
    alice, minh = people["alice"], people["minh"]
    before = {r["name"]: r for r in alice.get("/opportunities/closed").json["rows"]}.get("Alice Wong", {"won": 0, "lost": 0})
    for end, form in (("win", {"won_reason": "route"}), ("lose", {"lost_reason": "no_space"}), ("lose", {"lost_reason": "no_space"})):
        deal = alice.made("opportunity", name=name(), pipeline_id=stages["pipeline"], amount="100", close_on=day(1), is_key=True, supplier="Blue Line")
        assert alice.post(f"/opportunity/{deal['id']}/{end}", form).status == 200
    row = {r["name"]: r for r in alice.get("/opportunities/closed").json["rows"]}["Alice Wong"]
    assert (row["won"] - before["won"], row["lost"] - before["lost"]) == (1, 2)
    assert row["ratio"] == pytest.approx(row["won"] / (row["won"] + row["lost"]))
    reasons = {r["name"]: r for r in alice.get("/opportunities/closed", by="reason", user=str(alice.user["id"]), from_=day(0), locale="en").json["rows"]}
    assert reasons["No space"]["lost"] >= 2 and reasons["No space"]["lost_amount"] and reasons["Route or space"]["won"] >= 1
    assert "Alice Wong" not in {r["name"] for r in minh.get("/opportunities/closed").json["rows"]}
    assert alice.get("/opportunities/closed", by="password").status == 422
    assert alice.get("/opportunities/closed", from_="x' or 1=1 --").status == 422


@pytest.fixture
def ended(stages):
    """Makes a deal of somebody's with competitors on it, and ends it."""
    def make(who, end, rivals=(), amount="100", mode="air", **form):
        deal = who.made("opportunity", name=name(), pipeline_id=stages["pipeline"], amount=amount, profit="10", mode=mode)
        for rival in rivals:
            who.made("deal_competitor", opportunity_id=deal["id"], competitor_id=rival["id"])
        answer = who.post(f"/opportunity/{deal['id']}/{end}", form)
        assert answer.status == 200, answer
        return deal
    return make


def figures(who, call="closed", **query):
    answer = who.get("/opportunities/" + call, locale="en", **{k: str(v) for k, v in query.items()})
    return {r["name"]: r for r in answer.json["rows"]} if answer.status == 200 else answer.status


def counts(row):
    return row and (row["won"], row["lost"], row["won_amount"], row["won_profit"], row["lost_amount"])


def test_won_deals_count_by_why_they_were_won(people, ended):
    li = people["li"]
    at = {"by": "reason", "user": li.user["id"]}
    before = figures(li, **at)
    ended(li, "win", won_reason="price")
    ended(li, "lose", lost_reason="price")
    ended(li, "win", won_reason="speed")
    ended(li, "win")
    after = figures(li, **at)
    grown = {k: tuple(after[k][w] - before.get(k, {"won": 0, "lost": 0})[w] for w in ("won", "lost")) for k in after}
    assert {k: v for k, v in grown.items() if v != (0, 0)} == {"Price": (1, 1), "Speed of answer": (1, 0), "–": (1, 0)}


def test_won_and_lost_by_competitor_goes_on_behind_the_first_lines(people, ended):
    """It stopped at 200 lines without saying so."""
    li = people["li"]
    rivals = [people["manager"].made("competitor", name=name("Many")) for _ in range(7)]
    for n, rival in enumerate(rivals):
        for _ in range(1 + n % 2):
            ended(li, "lose", (), lost_reason="price", lost_to=rival["id"])
    whole = li.get("/opportunities/closed", by="rival", limit=1000).json
    assert whole["next"] is None and {r["name"] for r in rivals} <= {r["name"] for r in whole["rows"]}
    for by, limit in (("rival", 3), ("rival", 1), ("reason", 1), ("owner", 1)):
        want = li.get("/opportunities/closed", by=by, limit=1000).json["rows"]
        got, after = [], ""
        while after is not None:
            page = li.get("/opportunities/closed", by=by, limit=limit, after=after).json
            assert len(page["rows"]) <= limit and len(got) < 1000
            got, after = got + page["rows"], page["next"]
        assert got == want and [r["won"] + r["lost"] for r in got] == sorted((r["won"] + r["lost"] for r in got), reverse=True)


def test_won_counts_against_each_competitor_on_the_deal_and_lost_to_the_one_who_got_it(people, ended):
    li, manager, minh = people["li"], people["manager"], people["minh"]
    a, b = (manager.made("competitor", name=name("Counted")) for _ in range(2))
    ended(li, "win", (a, b), amount="300")
    ended(li, "win", (a,), amount="50", mode="sea_fcl")
    ended(li, "lose", (a, b), amount="70", lost_reason="price", lost_to=a["id"])
    ended(li, "lose", (b,), lost_reason="no_answer")  # nobody got it
    for who in (li, manager):
        rows = figures(who, by="rival")
        assert counts(rows[a["name"]]) == (2, 1, "350.00", "20.00", "70.00") and rows[a["name"]]["ratio"] == pytest.approx(2 / 3)
        assert counts(rows[b["name"]]) == (1, 0, "300.00", "10.00", "0.00") and rows[b["name"]]["ratio"] == 1
        assert "–" not in rows
        page = figures(who, "against", id=a["id"])
        assert {k: counts(v)[:2] for k, v in page.items()} == {"Air": (1, 1), "Sea FCL": (1, 0)}
    assert "opportunities.against" in li.get("/_meta/competitor").json["reports"]
    assert a["name"] in figures(manager, by="rival", user=li.user["id"]) and a["name"] not in figures(manager, by="rival", user=manager.user["id"])
    assert a["name"] not in figures(li, by="rival", from_=day(1))
    # of the deals that one sees only
    assert not {a["name"], b["name"]} & set(figures(minh, by="rival")) and figures(minh, "against", id=a["id"]) == {}
    assert figures(li, "against", id=10**9) == 404


def test_who_sees_a_competitor_does_not_see_every_deal_lost_to_it(people, ended):
    li, minh = people["li"], people["minh"]
    rival = people["manager"].made("competitor", name=name("Seen"))
    lost = ended(li, "lose", (rival,), lost_reason="price", lost_to=rival["id"])
    assert minh.row(f"/competitor/{rival['id']}")["name"] == rival["name"]
    for who, sees in ((li, [lost["id"]]), (minh, [])):
        assert [r["id"] for r in who.rows("opportunity", filter=["lost_to", "=", rival["id"]])] == sees
        assert [r["opportunity_id"] for r in who.rows("deal_competitor", filter=["competitor_id", "=", rival["id"]])] == sees
    assert minh.get(f"/opportunity/{lost['id']}").status == 404


def test_figures_by_competitor_follow_the_deal(people, stages, ended):
    li, manager, zhang = people["li"], people["manager"], people["zhang"]
    rival, later = (manager.made("competitor", name=name("Followed")) for _ in range(2))
    path = f"/opportunity/{ended(li, 'win', (rival,))['id']}"
    part = li.made("deal_competitor", opportunity_id=int(path.split("/")[2]), competitor_id=later["id"])  # told after it was won
    assert counts(figures(li, by="rival")[later["name"]])[:3] == (1, 0, "100.00")
    assert li.patch(path, li.row(path)["version"], {"amount": "900"}).status == 200
    assert counts(figures(li, by="rival")[rival["name"]])[2] == "900.00"
    assert li.delete(f"/deal_competitor/{part['id']}").status == 204
    assert later["name"] not in figures(li, by="rival")
    assert manager.patch(path, manager.row(path)["version"], {"owner_id": zhang.user["id"]}).status == 200
    assert rival["name"] in figures(manager, by="rival", user=zhang.user["id"]) and rival["name"] not in figures(manager, by="rival", user=li.user["id"])
    assert manager.post(path + "/reopen", {"note": "again"}).status == 200
    assert rival["name"] not in figures(manager, by="rival")
    row = zhang.post(path + "/lose", {"lost_reason": "price", "lost_to": rival["id"]}).json["row"]
    assert counts(figures(manager, by="rival")[rival["name"]])[:2] == (0, 1)
    # an end that is undone is forgotten, however it is undone
    row = manager.patch(path, row["version"], {"stage_id": stages["first"]}).json["row"]
    assert (row["status"], row["lost_to"], row["lost_reason"]) == ("open", None, None)
    assert rival["name"] not in figures(manager, by="rival")


def test_a_competitor_stands_on_a_deal_once(people, deal):
    li = people["li"]
    a, b = (people["manager"].made("competitor", name=name("Once")) for _ in range(2))
    fields = {"opportunity_id": deal["id"], "competitor_id": a["id"]}
    first, second = li.made("deal_competitor", **fields), li.made("deal_competitor", opportunity_id=deal["id"], competitor_id=b["id"])
    refused = li.post("/deal_competitor", fields)
    assert refused.status == 422 and refused.json["error"]["fields"].keys() == {"competitor_id"}
    refused = li.patch(f"/deal_competitor/{second['id']}", second["version"], {"competitor_id": a["id"]})
    assert refused.status == 422 and li.row(f"/deal_competitor/{second['id']}")["competitor_id"] == b["id"]
    assert li.patch(f"/deal_competitor/{first['id']}", first["version"], {"standing": "ahead"}).status == 200
    assert [r["competitor_id"] for r in li.rows("deal_competitor", filter=["opportunity_id", "=", deal["id"]], sort="id")] == [a["id"], b["id"]]


@pytest.fixture
def rivals(people, deal):
    """Two competitors that are one and the same, both on one deal, and one of them on another."""
    li = people["li"]
    a, b = (people["manager"].made("competitor", name=name("Twin")) for _ in range(2))
    other = li.made("opportunity", name=name(), amount="70")
    parts = {"both": [li.made("deal_competitor", opportunity_id=deal["id"], competitor_id=r["id"], **more)
                      for r, more in ((a, {"strengths": "price", "price": "900"}), (b, {"strengths": "space", "price": "950", "standing": "ahead"}))],
             "alone": li.made("deal_competitor", opportunity_id=other["id"], competitor_id=b["id"], strengths="speed")}
    return a, b, deal, other, parts


def test_two_competitors_that_are_one_are_merged_and_stand_on_the_deal_once(site, people, rivals):
    li, manager = people["li"], people["manager"]
    a, b, deal, other, parts = rivals
    assert li.patch(f"/opportunity/{deal['id']}", deal["version"], {"amount": "300", "close_on": day(1)}).status == 200
    for d in (deal, other):
        assert li.post(f"/opportunity/{d['id']}/win", {}).status == 200
    standing = lambda: [{k: r[k] for k in r if k not in ("version", "updated_at")} for r in li.rows("deal_competitor", filter=["competitor_id", "in", [a["id"], b["id"]]], sort="id")]
    before = standing()
    assert manager.post(f"/competitor/{a['id']}/_merge", {"from": [b["id"]]}).status == 200
    got = li.rows("deal_competitor", filter=["competitor_id", "=", a["id"]], sort="id")
    assert [(r["opportunity_id"], r["id"]) for r in got] == [(deal["id"], parts["both"][0]["id"]), (other["id"], parts["alone"]["id"])]
    # what one left open comes from the other, long texts from both, and what both say stays
    assert (got[0]["strengths"], got[0]["price"], got[0]["standing"]) == ("price\nspace", "900.00", "ahead")
    assert counts(figures(li, by="rival")[a["name"]])[:3] == (2, 0, "370.00")
    assert li.get(f"/deal_competitor/{parts['both'][1]['id']}").status == 404
    assert manager.post(f"/competitor/{a['id']}/_split").status == 200
    assert standing() == before
    assert counts(figures(li, by="rival")[a["name"]])[:3] == (1, 0, "300.00") and counts(figures(li, by="rival")[b["name"]])[:3] == (2, 0, "370.00")


def test_what_was_said_of_a_folded_competitor_since_stands_against_a_split(people, rivals):
    li, manager = people["li"], people["manager"]
    a, b, deal, _, parts = rivals
    assert manager.post(f"/competitor/{a['id']}/_merge", {"from": [b["id"]]}).status == 200
    row = li.row(f"/deal_competitor/{parts['both'][0]['id']}")
    assert li.patch(f"/deal_competitor/{row['id']}", row["version"], {"strengths": "both of it"}).status == 200
    assert manager.post(f"/competitor/{a['id']}/_split").status == 409
    assert li.row(f"/deal_competitor/{row['id']}")["strengths"] == "both of it" and manager.get(f"/competitor/{b['id']}").status == 404


def test_the_page_of_a_competitor_lists_deals_to_whoever_may_read_each_of_them(people, ended):
    li, minh, manager = people["li"], people["minh"], people["manager"]
    rival = manager.made("competitor", name=name("Listed"))
    lost = ended(li, "lose", (), lost_reason="price", lost_to=rival["id"])
    won = ended(li, "win", (rival,), amount="300")
    for who, sees in ((li, True), (manager, True), (minh, False)):
        page = {(d["table"], d["by"]): d for d in who.get("/_meta/competitor", locale="en").json["details"]}
        assert page["opportunity", "lost_to"]["label"] == "Opportunities · Lost to" and page["opportunity", "lost_to"]["listed"]
        assert not page["deal_competitor", "competitor_id"]["listed"]
        for table, by, of, deal in (("opportunity", "lost_to", "id", lost), ("deal_competitor", "competitor_id", "opportunity_id", won)):
            got = who.get(f"/{table}", filter=[by, "=", rival["id"]], count=1).json
            assert [r[of] for r in got["rows"]] == ([deal["id"]] if sees else []) and got["total"] == len(got["rows"])
            assert who.get(f"/{table}/_aggregate", filter=[by, "=", rival["id"]]).json["total"]["count"] == len(got["rows"])
            assert not sees and deal["name"] not in str(got) or sees
    assert minh.get(f"/opportunity/{lost['id']}").status == 404 and minh.get(f"/opportunity/{won['id']}").status == 404
    listed = next(f for f in li.get("/_meta/deal_competitor").json["fields"] if f["name"] == "opportunity_id")
    assert listed["list"]  # which deal it is stands on the competitor's page


def test_competitors_on_deals_won_before_it_was_kept_count_after_the_upgrade(own_site):
    site = own_site()
    manager = site.sign_in("demo.manager")
    rival = manager.made("competitor", name=name("Old"))
    deal = manager.made("opportunity", name=name(), amount="100", close_on=day(1))
    manager.made("deal_competitor", opportunity_id=deal["id"], competitor_id=rival["id"])
    assert manager.post(f"/opportunity/{deal['id']}/win", {}).status == 200
    site.stop()
    with sqlite3.connect(site.data / "berth.db") as db:
        db.execute("UPDATE deal_competitor SET won_on = NULL, owner_id = NULL, base_amount = NULL, base_profit = NULL, mode = NULL")
        assert db.execute("UPDATE model_table SET version = 0 WHERE name = 'deal_competitor'").rowcount == 1
    plan = lambda: subprocess.run([BUILD / "berth", "migrate", "--plan", "--data", site.data], capture_output=True, text=True, check=True).stdout.splitlines()
    assert plan() == ["-- convert the rows of deal_competitor from version 0 to 1, by its plugin, at the next start", "-- 1 to do"]
    site.start()
    assert plan() == ["-- 0 to do"]
    row = figures(site.sign_in("demo.manager"), by="rival")[rival["name"]]
    assert counts(row)[:3] == (1, 0, "100.00")
