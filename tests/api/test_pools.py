"""Pools: claimed within caps, let go, handed on, released by rule."""
import concurrent.futures
import itertools
import time

import pytest

number = itertools.count(1)


def name(what="Poolprobe"):
    return f"{what} {next(number)} {id(number) % 997} Lines"


@pytest.fixture
def pool(people):
    """A pool of Shenzhen's sales department without any limit; the test sets its own."""
    admin = people["admin"]

    def make(**limits):
        made = admin.made("pool", name=name("Pool"), on_table="lead", **limits)
        admin.made("pool_member", pool_id=made["id"], department_id=2)
        return made

    return make


def pooled(people, pool):
    row = people["admin"].made("lead", name=name(), pool_id=pool["id"])
    assert row["owner_id"] is None
    return row


def test_one_lead_goes_to_one_of_many_who_claim_it_together(site, people, pool):
    lead = pooled(people, pool())
    crowd = [site.sign_in("demo." + who) for who in ("li", "zhang", "alice", "manager") for _ in range(6)]
    with concurrent.futures.ThreadPoolExecutor(len(crowd)) as threads:
        answers = list(threads.map(lambda p: p.post(f"/lead/{lead['id']}/claim").status, crowd))
    # afterwards colleagues do not even see it (404); at the same time it is taken (409)
    assert answers.count(200) == 1 and set(answers) <= {200, 404, 409}, answers


def test_claims_together_never_pass_the_cap_of_a_day(site, people, pool):
    limited = pool(day_cap=3)
    leads = [pooled(people, limited) for _ in range(12)]
    claimers = [site.sign_in("demo.zhang") for _ in range(12)]
    with concurrent.futures.ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda i: claimers[i].post(f"/lead/{leads[i]['id']}/claim").status, range(12)))
    assert sorted(answers) == [200] * 3 + [409] * 9
    owned = people["admin"].rows("lead", filter={"and": [["pool_id", "=", limited["id"]], ["owner_id", "not empty"]]})
    assert len(owned) == 3


def test_the_hold_cap_counts_all_that_one_owns(people, pool):
    alice = people["alice"]
    held = alice.get("/lead", filter=["owner_id", "=", "@me"], count=1).json["total"]
    limited = pool(hold_cap=held + 1)
    one, two = pooled(people, limited), pooled(people, limited)
    assert alice.post(f"/lead/{one['id']}/claim").status == 200
    answer = alice.post(f"/lead/{two['id']}/claim")
    assert answer.status == 409 and answer.json["error"]["message"]


def test_who_let_go_waits_for_the_lock_and_others_do_not(people, pool):
    lead = pooled(people, pool(lock_days=2))
    path = f"/lead/{lead['id']}"
    assert people["li"].post(path + "/claim").status == 200
    assert people["li"].post(path + "/release", {"pool_reason": "no_interest", "note": "wrong branch"}).status == 200
    assert people["li"].post(path + "/claim").status == 409
    assert people["zhang"].post(path + "/claim").status == 200
    entries = people["zhang"].get(path + "/_history").json["entries"]
    assert [e["op"] for e in entries] == ["claim", "release", "claim", "create"]
    assert entries[1]["note"] == "wrong branch"


def test_new_data_is_protected(people, pool):
    lead = pooled(people, pool(protect_days=1))
    assert people["li"].post(f"/lead/{lead['id']}/claim").status == 409


def test_only_members_see_and_claim(people, pool):
    lead = pooled(people, pool())
    assert people["li"].get(f"/lead/{lead['id']}").status == 200
    assert people["minh"].get(f"/lead/{lead['id']}").status == 404
    assert people["minh"].post(f"/lead/{lead['id']}/claim").status == 404


def test_one_hands_a_lead_to_a_colleague(people):
    lead = people["li"].made("lead", name=name())
    answer = people["li"].post(f"/lead/{lead['id']}/transfer", {"to_id": people["zhang"].user["id"], "note": "holiday"})
    assert answer.status == 200 and answer.json["row"] is None  # no longer li's to see
    row = people["zhang"].row(f"/lead/{lead['id']}")
    assert row["owner_id"] == people["zhang"].user["id"] and row["prev_owner_id"] == people["li"].user["id"]
    assert people["li"].get(f"/lead/{lead['id']}").status == 404


def test_a_swap_changes_both_or_neither(people):
    manager = people["manager"]
    one, two = people["li"].made("lead", name=name()), people["zhang"].made("lead", name=name())
    assert people["li"].post(f"/lead/{one['id']}/swap", {"with_id": two["id"]}).status == 403
    assert manager.post(f"/lead/{one['id']}/swap", {"with_id": two["id"]}).status == 200
    assert manager.row(f"/lead/{one['id']}")["owner_id"] == people["zhang"].user["id"]
    assert manager.row(f"/lead/{two['id']}")["owner_id"] == people["li"].user["id"]
    assert manager.post(f"/lead/{one['id']}/swap", {"with_id": 999999999}).status == 422
    assert manager.row(f"/lead/{one['id']}")["owner_id"] == people["zhang"].user["id"]


def test_an_edit_is_no_work_and_a_call_is(people):
    li = people["li"]
    lead = li.made("lead", name=name())
    touched = lead["touched_at"]
    time.sleep(0.01)
    li.patch(f"/lead/{lead['id']}", 1, {"city": "Ningbo"})
    assert li.row(f"/lead/{lead['id']}")["touched_at"] == touched
    li.post(f"/lead/{lead['id']}/log", {"kind": "call", "note": "no answer", "next_action_on": "2027-01-04"})
    row = li.row(f"/lead/{lead['id']}")
    assert row["touched_at"] > touched and row["next_action_on"] == "2027-01-04" and row["status"] == "contacted"


def test_the_release_run_follows_the_script_as_it_is_now(own_site):
    site = own_site()
    admin, li = site.sign_in("demo.admin"), site.sign_in("demo.li")
    rule = site.data.parent / "scripts" / "rules" / "leads.release_days.lua"
    lead, key = li.made("lead", name=name()), li.made("lead", name=name(), is_key=True)

    def script(text):
        rule.write_text(text)
        return admin.post("/_script/_reload").json

    # nothing is 30 days old; then a draft that gives key leads a day and others none at all
    assert admin.post("/_timer/pools.release").status == 200
    assert li.row(f"/lead/{lead['id']}")["owner_id"] == li.user["id"]
    state = script("-- all leads at once\nreturn function(lead)\n  if lead.is_key then\n    return 1\n  end\n  return -1\nend\n")
    assert state["problems"] == []
    # a broken file is refused with file and line, the one before stays in force
    state = script("-- broken\nreturn function(lead)\n  return lead.nosuch\nend\n")
    assert state["problems"][0]["file"] == "rules/leads.release_days.lua" and state["problems"][0]["line"] == 3
    assert "nosuch" in state["problems"][0]["message"]
    assert li.row(f"/lead/{key['id']}")["owner_id"] == li.user["id"]


def test_a_pool_that_holds_records_is_not_deleted(people, pool):
    admin = people["admin"]
    used, other = pool(), pool()
    lead = pooled(people, used)
    answer = admin.delete(f"/pool/{used['id']}")
    assert answer.status == 409 and answer.json["error"]["message"], answer
    assert admin.row(f"/lead/{lead['id']}")["pool_id"] == used["id"]
    assert admin.patch(f"/lead/{lead['id']}", lead["version"], {"pool_id": other["id"]}).status == 200
    assert admin.delete(f"/pool/{used['id']}").status == 204


def test_a_colleagues_record_is_picked_for_a_swap(people):
    form = next(a for a in people["manager"].get("/_meta/lead").json["actions"] if a["name"] == "swap")["form"]
    assert (form[0]["name"], form[0]["type"], form[0]["of"]) == ("with_id", "ref", "lead")
